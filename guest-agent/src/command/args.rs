//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kbs_protocol::{ResourceUri, Tee};

/// The whole command line of the product's agent.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What an agent can do; another binary may put options of its own beside it.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Attest to a key broker and fetch one secret.
    Get(GetArgs),
    /// Attest to a key broker and write the token that it gives, for whoever takes its tokens.
    Token(TokenArgs),
    /// Attest, fetch secrets, run a command with them, and take them away when it ends.
    Run(RunArgs),
    /// Write this machine's evidence for given report data.
    Evidence(EvidenceArgs),
    /// Say which TEE this machine is, by which interface, and why not another.
    Detect(DetectArgs),
    /// Attest, fetch a key, and decrypt a weights file with it.
    DecryptWeights(DecryptArgs),
}

/// `get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The secret: kbs:///repository/type/tag.
    #[arg(value_parser = ResourceUri::parse)]
    pub(super) uri: ResourceUri,
    #[command(flatten)]
    pub(super) broker: BrokerArgs,
    #[command(flatten)]
    pub(super) out: OutArgs,
}

/// `token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(flatten)]
    pub(super) broker: BrokerArgs,
    #[command(flatten)]
    pub(super) out: OutArgs,
}

/// `run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_HELP)]
pub struct RunArgs {
    /// Give the command a secret as an environment variable. Text without zero bytes alone.
    #[arg(long = "env", value_name = "NAME=URI", value_parser = variable)]
    pub(super) variables: Vec<Named<ResourceUri>>,
    /// Give the command a secret as a file of this name in its private folder.
    #[arg(long = "file", value_name = "NAME=URI", value_parser = file)]
    pub(super) files: Vec<Named<ResourceUri>>,
    /// Give the command a file of this name, in which every {{ kbs:///repository/type/tag }} of a local file is replaced.
    #[arg(long = "template", value_name = "NAME=FILE", value_parser = template)]
    pub(super) templates: Vec<Named<PathBuf>>,
    /// Where the private folder is made: memory (tmpfs), never a disk.
    #[arg(long, value_name = "DIR", default_value = "/dev/shm")]
    pub(super) memory: PathBuf,
    #[command(flatten)]
    pub(super) broker: BrokerArgs,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

/// Something with the name under which the command finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named<T> {
    pub(super) name: String,
    pub(super) of: T,
}

/// `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// 64 bytes that the evidence is to carry, as 128 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = report_data)]
    pub(super) report_data: [u8; 64],
    /// The hardware's own bytes, or the JSON that a broker takes.
    #[arg(long, value_enum, default_value_t = Format::Raw)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) tee: TeeArgs,
    #[command(flatten)]
    pub(super) out: OutArgs,
}

/// `detect`.
#[derive(Debug, Args)]
pub struct DetectArgs {
    /// Look below this folder: a tree of devices made for a test.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(super) root: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// `decrypt-weights`.
#[derive(Debug, Args)]
pub struct DecryptArgs {
    /// The key: kbs:///repository/type/tag, 32 bytes.
    #[arg(long, value_name = "URI", value_parser = ResourceUri::parse)]
    pub(super) key: ResourceUri,
    /// The encrypted file.
    #[arg(long = "in", value_name = "FILE")]
    pub(super) input: PathBuf,
    /// The decrypted file; appears when it is complete and authentic, with mode 0600.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Replace what stands there.
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) broker: BrokerArgs,
}

/// Which broker, and what to send it.
#[derive(Debug, Args)]
pub(super) struct BrokerArgs {
    /// The broker, such as https://kbs.example:8080.
    #[arg(long, value_name = "URL", env = "VOUCHSAFE_KBS_URL")]
    pub(super) kbs_url: String,
    /// Certificates (PEM) of which one signed the broker's; without it, those of the system.
    #[arg(long, value_name = "FILE")]
    pub(super) ca_cert: Option<PathBuf>,
    /// Send along the init-data document (TOML) that the host gave this guest.
    #[arg(long, value_name = "FILE")]
    pub(super) init_data: Option<PathBuf>,
    /// How long to ask again while the broker cannot be reached or asks for another try.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub(super) wait: u16,
    /// Let plain HTTP leave this machine; for tests, since anybody may then pose as the broker.
    #[arg(long)]
    pub(super) danger_plain_http: bool,
    #[command(flatten)]
    pub(super) tee: TeeArgs,
}

/// Which attester.
#[derive(Debug, Args)]
pub(super) struct TeeArgs {
    /// Attest as this TEE (snp, tdx); without it, as the first that is found: configfs-tsm, then /dev/sev-guest.
    #[arg(long, value_name = "TEE", value_parser = Tee::parse)]
    pub(super) tee: Option<Tee>,
}

/// Where the result goes.
#[derive(Debug, Args)]
pub(super) struct OutArgs {
    /// Write to this file, made with mode 0600, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Replace what stands there.
    #[arg(long, requires = "out")]
    pub(super) force: bool,
}

/// How evidence is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// An SNP report of 1184 bytes, or a quote.
    Raw,
    /// The JSON form of the protocol.
    Json,
}

fn variable(text: &str) -> Result<Named<ResourceUri>, String> {
    let named = named(text)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = named.name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !begins || !named.name.bytes().all(plain) {
        return Err("the name of a variable has letters, digits and underscores".to_owned());
    }
    uri(named)
}

fn file(text: &str) -> Result<Named<ResourceUri>, String> {
    uri(file_name(named(text)?)?)
}

fn template(text: &str) -> Result<Named<PathBuf>, String> {
    let Named { name, of } = file_name(named(text)?)?;
    Ok(Named { name, of: of.into() })
}

fn named(text: &str) -> Result<Named<&str>, String> {
    let (name, of) = text.split_once('=').ok_or("NAME=… is wanted")?;
    Ok(Named { name: name.to_owned(), of })
}

/// A name of one step that stays in its folder.
fn file_name(named: Named<&str>) -> Result<Named<&str>, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if named.name.is_empty() || named.name.starts_with('.') || !named.name.bytes().all(plain) {
        return Err(
            "the name of a file has letters, digits, `_`, `-` and `.`, and begins with no `.`".to_owned()
        );
    }
    Ok(named)
}

fn uri(Named { name, of }: Named<&str>) -> Result<Named<ResourceUri>, String> {
    let of = ResourceUri::parse(of).map_err(|error| error.to_string())?;
    Ok(Named { name, of })
}

fn report_data(text: &str) -> Result<[u8; 64], &'static str> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| "128 hexadecimal digits are wanted")?;
    Ok(bytes)
}

/// Shown below the help text of `run`.
const RUN_HELP: &str = "\
The private folder is named by VOUCHSAFE_SECRETS in the command's environment, has mode 0700, and is gone when the command has
ended. Signals are handed on. The exit code is the command's, or 128 and the number of the signal that ended it; 126 and 127
where it cannot be started; otherwise those of every command.

  vouchsafe-agent run --kbs-url https://kbs.example:8080 --file model.key=kbs:///models/key/llama -- \\
    sh -c 'serve --key \"$VOUCHSAFE_SECRETS/model.key\"'";

/// Shown below the help text.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the broker refused, and will refuse the same again: the evidence, the session, the policy or the request
  2  wrong arguments, or a local file that cannot be read or written
  3  the broker has no such resource
  4  no hardware that can attest, or it gave no evidence
  5  try again: the broker cannot be reached, failed, asks for it, or does not speak the protocol
  6  the encrypted file does not open: another key, or changed";
