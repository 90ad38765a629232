//! The command line: the product agent's, and the simulation's options beside it.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use guest_agent::{AttestError, Attester, Command, Exit, execute, system_rng};
use sim::amd::{AmdVendor, Product, SigningChoice};
use sim::intel::QuoteForm;
use sim::platform::{GuestConfig, Platform};

use crate::attester::{SampleAttester, SimulatedAttester};
use crate::folder::{FolderError, now, read_machine, write_platform};

/// The guest agent with SIMULATED hardware, for tests and demonstrations only.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe-agent-sim", version)]
struct Cli {
    #[command(subcommand)]
    command: SimCommand,
    #[command(flatten)]
    guest: GuestArgs,
}

#[derive(Debug, Subcommand)]
enum SimCommand {
    /// Make a new simulated machine: its keys, its vendor's root, its endorsements.
    Init(InitArgs),
    #[command(flatten)]
    Agent(Box<Command>),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// Which hardware is simulated.
    #[arg(long, value_enum, default_value_t = TeeArg::Snp)]
    tee: TeeArg,
    /// The AMD product line.
    #[arg(long, value_enum, default_value_t = ProductArg::Genoa)]
    product: ProductArg,
    /// The AMD key that signs reports.
    #[arg(long, value_enum, default_value_t = SignerArg::Vcek)]
    signer: SignerArg,
    /// The form of the TDX quotes.
    #[arg(long, value_enum, default_value_t = QuoteArg::V4)]
    quote: QuoteArg,
}

/// How the simulated guest is launched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Simulated hardware")]
struct GuestArgs {
    /// The simulated machine's folder, as `init` makes it.
    #[arg(long, global = true, value_name = "DIR")]
    platform: Option<PathBuf>,
    /// Send the protocol's `sample` evidence, which proves nothing, instead of a machine's.
    #[arg(long, global = true, conflicts_with = "platform")]
    sample: bool,
    /// SNP's launch digest or TDX's MRTD: 96 hexadecimal digits.
    #[arg(long, global = true, value_name = "HEX", value_parser = digest)]
    launch_digest: Option<[u8; 48]>,
    /// SNP's HOST_DATA (to 32 bytes) or TDX's MRCONFIGID (to 48 bytes).
    #[arg(long, global = true, value_name = "HEX", value_parser = bytes)]
    host_data: Option<HostData>,
    /// Launch the guest so that its host may debug it.
    #[arg(long, global = true)]
    debug_guest: bool,
    /// SNP's privilege level of the requester.
    #[arg(long, global = true, value_name = "0..3", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3))]
    vmpl: u32,
    /// Let the host hand the endorsement certificates to the SNP guest.
    #[arg(long, global = true)]
    host_certificates: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TeeArg {
    Snp,
    Tdx,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProductArg {
    Milan,
    Genoa,
    Turin,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SignerArg {
    Vcek,
    Vlek,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum QuoteArg {
    /// Version 4.
    V4,
    /// Version 5, body type 2.
    V5Td10,
    /// Version 5, body type 3.
    V5Td15,
    /// Version 5, body type 4.
    V5Td15ex,
}

/// Bytes as the command line gives them.
#[derive(Clone, Debug)]
struct HostData(Vec<u8>);

/// The whole program: reads `args`, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Safe: where standard error is closed there is nobody to tell.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    eprintln!("{NOTICE}");
    match cli.command {
        SimCommand::Agent(command) => execute(*command, || attesters(&cli.guest)),
        SimCommand::Init(args) => match init(&args, cli.guest.platform) {
            Ok(()) => Exit::Done.into(),
            Err(error) => {
                eprintln!("error: {}", chain(error.as_ref()));
                Exit::Usage.into()
            }
        },
    }
}

fn init(args: &InitArgs, folder: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let folder = folder.ok_or(NO_PLATFORM)?;
    let (rng, now) = (&mut system_rng(), now());
    let platform = match args.tee {
        TeeArg::Snp => {
            let vendor = AmdVendor::new(args.product.into(), now)?;
            Platform::under_amd(&vendor, args.signer.into(), rng, now)?
        }
        TeeArg::Tdx => Platform::intel(args.quote.into(), rng, now)?,
    };
    write_platform(&folder, &platform)?;
    eprintln!("made a simulated machine in {}", folder.display());
    Ok(())
}

fn attesters(args: &GuestArgs) -> Result<Vec<Box<dyn Attester>>, AttestError> {
    if args.sample {
        return Ok(vec![Box::new(SampleAttester)]);
    }
    let folder = args.platform.as_deref().ok_or_else(|| AttestError::Foreign(NO_PLATFORM.into()))?;
    let machine = read_machine(folder).map_err(|error: FolderError| AttestError::Foreign(Box::new(error)))?;
    let production = GuestConfig::default();
    let guest = GuestConfig {
        launch_digest: args.launch_digest.unwrap_or(production.launch_digest),
        host_data: args.host_data.as_ref().map_or(production.host_data, |data| data.0.clone()),
        debug: args.debug_guest,
        vmpl: args.vmpl,
        host_certificates: args.host_certificates,
        ..production
    };
    Ok(vec![Box::new(SimulatedAttester::new(machine, guest))])
}

fn digest(text: &str) -> Result<[u8; 48], &'static str> {
    let mut bytes = [0; 48];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| "96 hexadecimal digits are wanted")?;
    Ok(bytes)
}

fn bytes(text: &str) -> Result<HostData, &'static str> {
    hex::decode(text).map(HostData).map_err(|_| "pairs of hexadecimal digits are wanted")
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<ProductArg> for Product {
    fn from(product: ProductArg) -> Self {
        match product {
            ProductArg::Milan => Self::Milan,
            ProductArg::Genoa => Self::Genoa,
            ProductArg::Turin => Self::Turin,
        }
    }
}

impl From<SignerArg> for SigningChoice {
    fn from(signer: SignerArg) -> Self {
        match signer {
            SignerArg::Vcek => Self::Vcek,
            SignerArg::Vlek => Self::Vlek,
        }
    }
}

impl From<QuoteArg> for QuoteForm {
    fn from(quote: QuoteArg) -> Self {
        match quote {
            QuoteArg::V4 => Self::TdxV4,
            QuoteArg::V5Td10 => Self::TdxV5Td10,
            QuoteArg::V5Td15 => Self::TdxV5Td15,
            QuoteArg::V5Td15ex => Self::TdxV5Td15Ex,
        }
    }
}

/// What whoever runs this must know.
const NOTICE: &str = "\
==========================================================================
 SIMULATED HARDWARE: this agent mints its evidence with keys from a file.
 It proves nothing. For tests and demonstrations only.
==========================================================================";

const NO_PLATFORM: &str = "no simulated machine: give --platform DIR (made by `init`)";
