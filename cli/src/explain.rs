//! `vouchsafe explain`, and what `verify --explain` adds to a report.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use owo_colors::OwoColorize as _;
use serde_json::json;
use verifier::catalogue::{self, Entry};
use verifier::check::{Check, Outcome};
use verifier::verdict::Verdict;

use crate::args::ExplainArgs;
use crate::{report, system};

/// Prints the entries that were asked for.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    if args.markdown {
        system::print(&catalogue::markdown())?;
        return Ok(ExitCode::SUCCESS);
    }
    let asked = |entry: &&Entry| {
        args.checks.is_empty() || args.checks.iter().any(|check| entry.id.starts_with(check.as_str()))
    };
    let entries: Vec<&Entry> = catalogue::entries().filter(asked).collect();
    let unknown = |check: &&String| !entries.iter().any(|entry| entry.id.starts_with(check.as_str()));
    if let Some(check) = args.checks.iter().find(unknown) {
        bail!("no check has an id that begins with {check:?}; `vouchsafe explain` lists all");
    }
    let text = if args.json {
        let all: Vec<_> = entries.iter().map(|entry| object(entry)).collect();
        format!("{}\n", serde_json::to_string_pretty(&all)?)
    } else {
        entries.iter().map(|entry| paragraph(entry, system::colour())).collect()
    };
    system::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Every check of a verdict that did not pass, with its rule, its input and what mends it.
pub(crate) fn of_verdict(verdict: &Verdict, colour: bool) -> String {
    let open = |check: &&Check| matches!(check.outcome, Outcome::Fail | Outcome::NotChecked);
    let mut text = "\nExplained:\n".to_owned();
    let mut told = 0_usize;
    for check in verdict.checks.iter().filter(open) {
        told += 1;
        let word = if check.outcome == Outcome::Fail { "failed" } else { "not checked" };
        let _ = writeln!(text, "\n{}  {word}", heading(check.id, colour));
        let _ = writeln!(text, "  wanted   {}", report::full(&check.expected));
        let _ = writeln!(text, "  found    {}", report::full(&check.actual));
        if let Some(entry) = catalogue::entry(check.id) {
            details(&mut text, entry);
        }
    }
    if told == 0 { "\nExplained: every check passed, or had no meaning here.\n".to_owned() } else { text }
}

fn paragraph(entry: &Entry, colour: bool) -> String {
    let mut text = format!("{}\n", heading(entry.id, colour));
    details(&mut text, entry);
    text.push('\n');
    text
}

fn details(text: &mut String, entry: &Entry) {
    let policy = if entry.policy.is_empty() { "no key of the policy changes it" } else { entry.policy };
    for (name, value) in [
        ("asks", entry.asks),
        ("of", entry.input),
        ("rule", policy),
        ("source", entry.source),
        ("against", entry.threat),
        ("to mend", entry.mend),
    ] {
        let _ = writeln!(text, "  {name:<8} {value}");
    }
}

fn heading(id: &str, colour: bool) -> String {
    if colour { id.bold().to_string() } else { id.to_owned() }
}

fn object(entry: &Entry) -> serde_json::Value {
    json!({
        "id": entry.id, "asks": entry.asks, "input": entry.input, "policy": entry.policy,
        "source": entry.source, "threat": entry.threat, "mend": entry.mend, "tests": entry.tests,
    })
}
