//! `vouchsafe admin revocation`: machines and images that a broker accepts no more.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kbs::acts::{Act, Reason};
use kbs::revocations::{NewRevocation, Revocation, Revoked};
use verifier::policy::Id;
use verifier::time::UnixTime;

use super::BrokerArgs;
use super::client::Call;
use crate::system;

/// What is done with revocations.
#[derive(Debug, Subcommand)]
pub enum RevocationCommand {
    /// Revoke a machine or an image; every token issued before is void. Prints the name of the revocation
    Add {
        #[command(flatten)]
        of: OfArgs,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// List the revocations in force
    List {
        /// Lifted ones too
        #[arg(long)]
        all: bool,
        /// Print a JSON array on stdout
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// Lift a revocation; who did it and why is kept
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        broker: BrokerArgs,
    },
}

/// What is revoked: one of these, in hexadecimal as `vouchsafe verify` and the broker's log show it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct OfArgs {
    /// An SEV-SNP machine, by the CHIP_ID of its reports (64 bytes)
    #[arg(long, value_name = "HEX", value_parser = id::<64>)]
    chip: Option<Id<64>>,
    /// An Intel machine, by the PPID of its PCK certificate (16 bytes)
    #[arg(long, value_name = "HEX", value_parser = id::<16>)]
    ppid: Option<Id<16>>,
    /// An Intel machine, by the platform instance id of its PCK certificate (16 bytes)
    #[arg(long, value_name = "HEX", value_parser = id::<16>)]
    platform_instance: Option<Id<16>>,
    /// An image of a virtual machine, by its MEASUREMENT (SEV-SNP) or MRTD (TDX) (48 bytes)
    #[arg(long, value_name = "HEX", value_parser = id::<48>)]
    launch_digest: Option<Id<48>>,
    /// An enclave, by its MRENCLAVE (32 bytes)
    #[arg(long, value_name = "HEX", value_parser = id::<32>)]
    mr_enclave: Option<Id<32>>,
}

pub(super) fn run(command: &RevocationCommand) -> anyhow::Result<()> {
    match command {
        RevocationCommand::Add { of, reason, broker } => {
            let new = NewRevocation { of: of.revoked()?, reason: reason.clone() };
            new.check()?;
            let body = serde_json::to_vec(&new)?;
            let kept: Revocation = broker.call(Call::Post(&body), "/v1/revocations")?.json()?;
            system::print(&format!("{}\n", kept.of))
        }
        RevocationCommand::List { all, json, broker } => {
            let mut kept: Vec<Revocation> = broker.call(Call::Get, "/v1/revocations")?.json()?;
            kept.retain(|kept| *all || kept.lifted.is_none());
            if *json {
                return system::print(&format!("{}\n", serde_json::to_string(&kept)?));
            }
            kept.iter().try_for_each(|kept| system::print(&line(kept)))
        }
        RevocationCommand::Remove { name, reason, broker } => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            anyhow::ensure!(
                !name.is_empty() && name.bytes().all(plain),
                "{name:?} is no name of a revocation: `vouchsafe admin revocation list` shows them"
            );
            let body = serde_json::to_vec(&Reason { reason: reason.clone() })?;
            broker.call(Call::Post(&body), &format!("/v1/revocations/{name}/lift"))?.ok()?;
            eprintln!("lifted {name}");
            Ok(())
        }
    }
}

fn line(kept: &Revocation) -> String {
    let act = |act: &Act| format!("{} by {}: {}", UnixTime::from_secs(act.at), act.by, act.reason);
    let mut line = format!("{}  since {}", kept.of, act(&kept.revoked));
    if let Some(lifted) = &kept.lifted {
        line.push_str(&format!("  lifted {}", act(lifted)));
    }
    line.push('\n');
    line
}

fn id<const N: usize>(text: &str) -> Result<Id<N>, String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| format!("wanted are {N} bytes in hexadecimal"))?;
    Ok(Id(bytes))
}

impl OfArgs {
    fn revoked(&self) -> anyhow::Result<Revoked> {
        let given = [
            self.chip.map(Revoked::Chip),
            self.ppid.map(Revoked::Ppid),
            self.platform_instance.map(Revoked::PlatformInstance),
            self.launch_digest.map(Revoked::LaunchDigest),
            self.mr_enclave.map(Revoked::MrEnclave),
        ];
        given.into_iter().flatten().next().context("nothing to revoke is named")
    }
}
