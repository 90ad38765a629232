//! `vouchsafe admin records` and `admin hold`: decisions taken home, deleted, and kept from being deleted.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use decision_log::Digest;
use kbs::acts::Reason;
use kbs::holds::{Hold, NewHold, Scope};
use kbs::replay::{Contents, ReplayError};
use kbs_protocol::ResourceUri;
use ureq::http::StatusCode;
use verifier::time::UnixTime;

use super::BrokerArgs;
use super::client::Call;
use super::failure::Failure;
use crate::system;

/// What is done with records.
#[derive(Debug, Subcommand)]
pub enum RecordsCommand {
    /// Write a decision and all that it names into a folder, for `vouchsafe replay`
    Fetch {
        /// The id of the decision
        #[arg(value_name = "ID")]
        id: Digest,
        /// The folder; it is made where there is none. Each file is named by the SHA-256 of its content
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// Delete a decision before its time; its hashes are kept
    Delete {
        /// The id of the decision
        #[arg(value_name = "ID")]
        id: Digest,
        #[command(flatten)]
        broker: BrokerArgs,
    },
}

/// What is done with holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Keep decisions from being deleted; prints the name of the hold
    Add {
        #[command(flatten)]
        on: OnArgs,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// List the holds in force
    List {
        /// Ended ones too
        #[arg(long)]
        all: bool,
        /// Print a JSON array on stdout
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        broker: BrokerArgs,
    },
    /// End a hold; who did it and why is kept
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

/// What a hold is on: a decision, a resource, or all from one instant to another.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct OnArgs {
    /// A decision, with the attestation that it rests on
    #[arg(long, value_name = "ID", conflicts_with_all = ["resource", "from", "until"])]
    decision: Option<Digest>,
    /// Every release and denial of a resource, kbs:///repository/type/tag
    #[arg(long, value_name = "URI", value_parser = ResourceUri::parse, conflicts_with_all = ["from", "until"])]
    resource: Option<ResourceUri>,
    /// Every decision from this instant, such as 2026-03-01T00:00:00Z …
    #[arg(long, value_name = "RFC3339", requires = "until")]
    from: Option<String>,
    /// … to this one, both included
    #[arg(long, value_name = "RFC3339", requires = "from")]
    until: Option<String>,
}

pub(super) fn records(command: &RecordsCommand) -> anyhow::Result<()> {
    match command {
        RecordsCommand::Fetch { id, to, broker } => fetch(id, to, broker),
        RecordsCommand::Delete { id, broker } => {
            broker.call(Call::Delete, &format!("/v1/decisions/{id}"))?.ok()?;
            eprintln!("deleted {id}; its hashes are kept");
            Ok(())
        }
    }
}

pub(super) fn holds(command: &HoldCommand) -> anyhow::Result<()> {
    match command {
        HoldCommand::Add { on, reason, broker } => {
            let new = NewHold { on: on.scope()?, reason: reason.clone() };
            new.check()?;
            let body = serde_json::to_vec(&new)?;
            let hold: Hold = broker.call(Call::Post(&body), "/v1/holds")?.json()?;
            system::print(&format!("{}\n", hold.name))
        }
        HoldCommand::List { all, json, broker } => {
            let mut holds: Vec<Hold> = broker.call(Call::Get, "/v1/holds")?.json()?;
            holds.retain(|hold| *all || hold.ended.is_none());
            if *json {
                return system::print(&format!("{}\n", serde_json::to_string(&holds)?));
            }
            holds.iter().try_for_each(|hold| system::print(&line(hold)))
        }
        HoldCommand::Remove { name, reason, broker } => {
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            anyhow::ensure!(plain, "{name:?} is no name of a hold");
            let body = serde_json::to_vec(&Reason { reason: reason.clone() })?;
            broker.call(Call::Post(&body), &format!("/v1/holds/{name}/end"))?.ok()?;
            eprintln!("ended {name}");
            Ok(())
        }
    }
}

/// Takes home a decision, what it names, and the attestation that it rests on with what that names.
fn fetch(id: &Digest, to: &Path, broker: &BrokerArgs) -> anyhow::Result<()> {
    let decision = broker.call(Call::Get, &format!("/v1/decisions/{id}"))?;
    if decision.status == StatusCode::GONE {
        return Err(Failure::Deleted(decision.text()).into());
    }
    let record = decision.ok()?;
    let failed = RefCell::new(None);
    let contents = Contents::gather(&record, |digest| {
        find(broker, digest).unwrap_or_else(|error| {
            failed.borrow_mut().get_or_insert(error);
            None
        })
    });
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    let contents = match contents {
        Ok(contents) => contents,
        Err(error @ ReplayError::Missing(_)) => return Err(Failure::Incomplete(error).into()),
        Err(error) => return Err(Failure::answer(error).into()),
    };
    system::make_folder(to)?;
    let mut files = 1_usize;
    for (digest, content) in contents.iter() {
        system::write_content(&to.join(digest.to_string()), content)?;
        files = files.saturating_add(1);
    }
    // Last, so that whoever finds the record finds all that it names.
    system::write_content(&to.join(Digest::of(&record).to_string()), &record)?;
    eprintln!("wrote {files} files to {}", to.display());
    Ok(())
}

/// A content by its SHA-256: a blob, or the record of an attestation.
fn find(broker: &BrokerArgs, digest: &Digest) -> anyhow::Result<Option<Vec<u8>>> {
    for route in ["blobs", "decisions"] {
        let reply = broker.call(Call::Get, &format!("/v1/{route}/{digest}"))?;
        if ![StatusCode::NOT_FOUND, StatusCode::GONE].contains(&reply.status) {
            return Ok(Some(reply.ok()?));
        }
    }
    Ok(None)
}

fn line(hold: &Hold) -> String {
    let at = |seconds| UnixTime::from_secs(seconds).to_string();
    let on = match &hold.on {
        Scope::Between { from, until } => format!("decisions from {} to {}", at(*from), at(*until)),
        other => other.to_string(),
    };
    let mut line = format!(
        "{}  {on}  since {} by {}: {}",
        hold.name,
        at(hold.begun.at),
        hold.begun.by,
        hold.begun.reason
    );
    if let Some(ended) = &hold.ended {
        line.push_str(&format!("  ended {} by {}: {}", at(ended.at), ended.by, ended.reason));
    }
    line.push('\n');
    line
}

impl OnArgs {
    fn scope(&self) -> anyhow::Result<Scope> {
        if let Some(id) = self.decision {
            return Ok(Scope::Decision(id));
        }
        if let Some(uri) = &self.resource {
            return Ok(Scope::Resource(format!("kbs:///{}", uri.path())));
        }
        let instant = |name: &str, text: &Option<String>| -> anyhow::Result<i64> {
            let text = text.as_deref().with_context(|| format!("{name} is missing"))?;
            Ok(UnixTime::parse_rfc3339(text).with_context(|| name.to_owned())?.secs())
        };
        Ok(Scope::Between { from: instant("--from", &self.from)?, until: instant("--until", &self.until)? })
    }
}
