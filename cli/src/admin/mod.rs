//! `vouchsafe admin`: the operator's keys, tokens and secrets.

mod backup;
mod client;
mod failure;
mod identity;
mod list;
mod records;
mod revocations;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use kbs::Role;
use kbs_protocol::ResourceUri;
use zeroize::Zeroizing;

use crate::system;

use client::{Call, Reply};
pub(crate) use client::{Client, Operation};
pub(crate) use failure::Failure;
pub(crate) use identity::{Admin, TokenClaims, private_der};
use records::{HoldCommand, RecordsCommand};
use revocations::RevocationCommand;

/// What an operator does.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make an admin key: FILE (mode 0600), and FILE.pub for the broker's configuration
    Keygen {
        /// Where the private key goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print a token for other clients of the admin routes (kbs-client, curl)
    Token {
        #[command(flatten)]
        key: KeyArgs,
        /// How long it holds
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=60))]
        minutes: u32,
    },
    /// Store a secret, or replace it
    Put {
        /// kbs:///repository/type/tag
        #[arg(value_parser = ResourceUri::parse)]
        uri: ResourceUri,
        /// The file whose bytes are the secret
        #[arg(long = "in", value_name = "FILE")]
        input: PathBuf,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// List secrets and their versions, never their content
    List {
        /// Only paths that begin so, such as models/
        #[arg(default_value = "")]
        prefix: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// Write all that a running broker keeps to one file, sessions apart; secrets stay wrapped under its root key
    Backup {
        /// The backup; must not exist yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// Take decisions home for `vouchsafe replay`, and delete them
    #[command(subcommand)]
    Records(RecordsCommand),
    /// Keep decisions from being deleted
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Accept a machine or an image no more, whatever its vendor says
    #[command(subcommand)]
    Revocation(RevocationCommand),
    /// Have a running broker publish a new signing key, which signs ten minutes later; prints its id and that instant
    RotateKey {
        /// Which key
        #[arg(value_enum)]
        which: SigningKey,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// Delete a secret
    Delete {
        /// kbs:///repository/type/tag
        #[arg(value_parser = ResourceUri::parse)]
        uri: ResourceUri,
        #[command(flatten)]
        broker: BrokerArgs,
    },
}

/// A kind of signing key of a broker's.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SigningKey {
    /// That of its own tokens
    Token,
    /// That of tokens for clouds
    Federation,
}

/// Which broker, as whom.
#[derive(Debug, Args)]
pub struct BrokerArgs {
    /// The broker, such as https://kbs.example:8080
    #[arg(long, value_name = "URL", env = "VOUCHSAFE_KBS_URL")]
    kbs_url: String,
    /// Certificates (PEM) of which one signed the broker's; without it, those of the system
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
}

/// As whom.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The private key that `admin keygen` made; nobody else may read the file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The role that the broker's configuration gives this key
    #[arg(long, value_name = "ROLE", default_value_t = Role::Admin, value_parser = role())]
    role: Role,
    /// `iss`, if the broker's configuration checks it
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
    /// `aud`, if the broker's configuration checks it
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
}

/// Runs one of them.
pub(crate) fn run(command: &AdminCommand) -> anyhow::Result<ExitCode> {
    match command {
        AdminCommand::Keygen { out } => keygen(out)?,
        AdminCommand::Token { key, minutes } => {
            system::print(&format!("{}\n", key.token(minutes.saturating_mul(60))?))?;
        }
        AdminCommand::Put { uri, input, broker } => {
            let secret = Zeroizing::new(system::read(input, SECRET_BYTES_MAX)?);
            broker.act(uri, &Operation::Put(&secret))?;
            eprintln!("stored {} bytes as kbs:///{}", secret.len(), uri.path());
        }
        AdminCommand::List { prefix, json, broker } => list::run(prefix, *json, broker)?,
        AdminCommand::Backup { to, broker } => {
            let (client, token) = broker.client()?;
            let (bytes, sha256) = backup::write(&mut client.read(&token, "/v1/backup")?, to)?;
            eprintln!("wrote {bytes} bytes to {} (sha256 of its content {sha256})", to.display());
        }
        AdminCommand::Records(command) => records::records(command)?,
        AdminCommand::Hold(command) => records::holds(command)?,
        AdminCommand::Revocation(command) => revocations::run(command)?,
        AdminCommand::RotateKey { which, broker } => {
            let which = match which {
                SigningKey::Token => "token",
                SigningKey::Federation => "federation",
            };
            let (client, token) = broker.client()?;
            system::print(&format!("{}\n", client.order(&token, &format!("/v1/keys/{which}/rotate"))?))?;
        }
        AdminCommand::Delete { uri, broker } => {
            broker.act(uri, &Operation::Delete)?;
            eprintln!("deleted kbs:///{}", uri.path());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn keygen(out: &Path) -> anyhow::Result<()> {
    let mut public = out.as_os_str().to_owned();
    public.push(".pub");
    let public = Path::new(&public);
    // Of both before either is written: a private key without its public half is of no use.
    for path in [out, public] {
        anyhow::ensure!(
            !system::is_there(path),
            "{} is there, and a key is never replaced: name another file with --out, or move this one away first",
            path.display()
        );
    }
    let admin = Admin::generate()?;
    system::write_new_private(out, admin.private_pem()?.as_bytes())?;
    system::write_new_public(public, admin.public_pem().as_bytes())?;
    eprintln!("wrote {} and {}", out.display(), public.display());
    Ok(())
}

impl KeyArgs {
    fn token(&self, seconds: u32) -> anyhow::Result<String> {
        let (pem, mode) = system::read_secret(&self.key, KEY_BYTES_MAX)?;
        let admin = Admin::from_private_pem(&pem).with_context(|| self.key.display().to_string())?;
        anyhow::ensure!(
            mode & OPEN_TO_OTHERS == 0,
            "{key} has mode {mode:o}, which lets others at a private key: chmod 600 {key}",
            key = self.key.display()
        );
        let (issuer, audience) = (self.issuer.as_deref(), self.audience.as_deref());
        admin.token(&TokenClaims { role: self.role, issuer, audience, seconds }, system::now()?)
    }
}

impl BrokerArgs {
    fn client(&self) -> anyhow::Result<(Client, String)> {
        let client = Client::new(&self.kbs_url, self.ca_cert.as_deref())?;
        Ok((client, self.key.token(TokenClaims::REQUEST.seconds)?))
    }

    fn call(&self, call: Call<'_>, path: &str) -> anyhow::Result<Reply> {
        let (client, token) = self.client()?;
        Ok(client.call(&token, call, path)?)
    }

    fn act(&self, uri: &ResourceUri, operation: &Operation<'_>) -> anyhow::Result<()> {
        let client = Client::new(&self.kbs_url, self.ca_cert.as_deref())?;
        Ok(client.act(&self.key.token(TokenClaims::REQUEST.seconds)?, uri.path(), operation)?)
    }
}

/// The roles that a broker knows, by name.
fn role() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(Role::ALL.map(Role::as_str));
    names.try_map(|name| Role::parse(&name).ok_or("no such role"))
}

/// Shown below the help text.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the broker refused, and will refuse the same again: no right to it, a request that is wrong, a conflict
  2  usage, or a local file that cannot be read or written
  3  the broker has no such thing, or not any more
  5  try again: the broker cannot be reached, asks for it, or failed";

/// The broker's own limit on a secret is lower by default.
const SECRET_BYTES_MAX: u64 = 16 << 20;
/// An Ed25519 key in PEM is about a hundred bytes.
const KEY_BYTES_MAX: u64 = 1 << 14;
/// Any right of the group and of others.
const OPEN_TO_OTHERS: u32 = 0o077;
