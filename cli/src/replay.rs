//! `vouchsafe replay`: a recorded decision made again from files, without network and without a broker.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use decision_log::Digest;
use kbs::replay::{Compared, Missing, ReplayError, Replayed, replay};
use serde::Serialize;
use verifier::time::UnixTime;

use crate::system;

/// Exit codes: 0 the same result · 1 another result · 2 usage · 3 not what it says · 4 something is missing.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ReplayArgs {
    /// The record; where its name is a SHA-256, it must be that of its content
    #[arg(long, value_name = "FILE")]
    pub record: PathBuf,
    /// What the record names: files named by the SHA-256 of their content, as `admin records fetch` writes them
    #[arg(long, value_name = "FOLDER")]
    pub blobs: PathBuf,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// What came of it, as `--json` prints it.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    same: bool,
    decision: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<&'a Replayed>,
    differences: Vec<&'a Compared>,
    missing: &'a [Missing],
    error: Option<String>,
}

/// Reads, replays, prints.
pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let record = system::read(&args.record, CONTENT_BYTES_MAX)?;
    let id = Digest::of(&record);
    let outcome = match name_of(&args.record).filter(|named| *named != id) {
        Some(expected) => Err(ReplayError::Content { what: "record", expected, actual: id }),
        None => replay_from(&record, &args.blobs)?,
    };
    if args.json {
        system::print(&format!("{}\n", serde_json::to_string(&report(id, &outcome))?))?;
    } else if let Ok(replayed) = &outcome {
        system::print(&told(replayed))?;
    }
    Ok(ExitCode::from(match &outcome {
        Ok(replayed) if replayed.same() => SAME,
        Ok(_) => ANOTHER,
        Err(error) => {
            eprintln!("vouchsafe: {}: {error}", args.record.display());
            if matches!(error, ReplayError::Missing(_)) { MISSING } else { NOT_WHAT_IT_SAYS }
        }
    }))
}

/// The SHA-256 that a file's name says, whatever its extension.
fn name_of(path: &Path) -> Option<Digest> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// A file that cannot be read ends it: what is there and unreadable is not missing.
fn replay_from(record: &[u8], folder: &Path) -> anyhow::Result<Result<Replayed, ReplayError>> {
    let unreadable = RefCell::new(None);
    let outcome = replay(record, |digest| {
        system::read_if_there(&folder.join(digest.to_string()), CONTENT_BYTES_MAX).unwrap_or_else(|error| {
            unreadable.borrow_mut().get_or_insert(error);
            None
        })
    });
    match unreadable.into_inner() {
        Some(error) => Err(error),
        None => Ok(outcome),
    }
}

fn report(decision: Digest, outcome: &Result<Replayed, ReplayError>) -> Report<'_> {
    let schema = "vouchsafe.replay/1";
    match outcome {
        Ok(replayed) => Report {
            schema,
            same: replayed.same(),
            decision,
            differences: replayed.differences().collect(),
            replayed: Some(replayed),
            missing: &[],
            error: None,
        },
        Err(error) => Report {
            schema,
            same: false,
            decision,
            replayed: None,
            differences: Vec::new(),
            missing: if let ReplayError::Missing(missing) = error { missing } else { &[] },
            error: Some(error.to_string()),
        },
    }
}

fn told(replayed: &Replayed) -> String {
    let mut text = String::new();
    let verdict = if replayed.same() { "THE SAME RESULT" } else { "ANOTHER RESULT" };
    let at = UnixTime::from_secs(replayed.at);
    let _ = writeln!(text, "{verdict}  {} at {at}, decision {}", replayed.kind, replayed.decision);
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = system::width() {
        table.set_width(width);
    }
    table.set_header(["", "compared", "recorded", "now"]);
    for Compared { what, recorded, replayed } in &replayed.compared {
        let mark = if recorded == replayed { "same" } else { "OTHER" };
        table.add_row([mark.to_owned(), printable(what), printable(recorded), printable(replayed)]);
    }
    let _ = writeln!(text, "\n{table}");
    for warning in &replayed.warnings {
        let _ = writeln!(text, "\nNote: {}", printable(warning));
    }
    text
}

/// What a record says must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

const SAME: u8 = 0;
const ANOTHER: u8 = 1;
const NOT_WHAT_IT_SAYS: u8 = 3;
const MISSING: u8 = 4;
/// Evidence, endorsements and verdicts are far smaller.
pub(crate) const CONTENT_BYTES_MAX: u64 = 0x100_0000;
const EXIT_CODES: &str = "\
Exit codes:
  0  the same result
  1  another result: the table says in what
  2  usage, or a file that cannot be read
  3  the record or something that it names is not what it says
  4  something that the record names is missing

Example:
  vouchsafe replay --record decision/ID --blobs decision";
