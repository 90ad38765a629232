//! A verdict for people: what it is, why, and every check.

use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, presets,
};
use owo_colors::{OwoColorize as _, Style};
use verifier::check::{Check, Fact, Outcome};
use verifier::trust::{Scope, Tier};
use verifier::verdict::Verdict;

/// The report as text, coloured or not, `width` columns wide or as wide as the terminal.
pub(crate) fn render(verdict: &Verdict, colour: bool, width: Option<u16>) -> String {
    let mut text = String::new();
    headline(&mut text, verdict, colour);
    facts(&mut text, verdict);
    if !verdict.checks.is_empty() {
        let _ = writeln!(text, "\n{}", table(&verdict.checks, colour, width));
    }
    reasons(&mut text, verdict, colour);
    if !verdict.unused_endorsements.is_empty() {
        let names = verdict.unused_endorsements.iter().map(|name| printable(name)).collect::<Vec<_>>();
        let _ = writeln!(text, "\nGiven and not used: {}", names.join(", "));
    }
    text
}

fn headline(text: &mut String, verdict: &Verdict, colour: bool) {
    let (word, style) = match (verdict.exit_code(), verdict.tier) {
        (0, _) => ("AFFIRMING", Style::new().green().bold()),
        (1, Tier::Contraindicated) => ("GENUINE, NOT ACCEPTABLE", Style::new().red().bold()),
        (1, _) => ("GENUINE, NOT AFFIRMED", Style::new().yellow().bold()),
        (4, _) => ("UNDECIDED: AN ENDORSEMENT IS MISSING", Style::new().yellow().bold()),
        _ => ("NOT BELIEVED", Style::new().red().bold()),
    };
    let tee = verdict.tee.map_or("unrecognised", |tee| tee.as_str());
    let word = if colour { word.style(style).to_string() } else { word.to_owned() };
    let _ = writeln!(text, "{word}  {tee} evidence at {}", verdict.at);
    if let Some(error) = &verdict.error {
        let _ = writeln!(text, "{}: {}", error.kind, printable(&error.message));
    }
    if let Some(name) = &verdict.danger_anchor {
        let _ = writeln!(text, "SIMULATED: the chain ends at the root {}", printable(name));
    }
}

fn facts(text: &mut String, verdict: &Verdict) {
    if !verdict.verified {
        return;
    }
    let vector = &verdict.trust_vector;
    let scope = match verdict.enforced.scope {
        Scope::Hardware => "hardware",
        Scope::Full => "hardware, configuration, executables",
    };
    let _ = writeln!(text, "tier          {} (asked of: {scope})", verdict.tier.as_str());
    let _ = writeln!(
        text,
        "trust vector  hardware {} · configuration {} · executables {}",
        word(vector.hardware),
        word(vector.configuration),
        word(vector.executables)
    );
    if let Some(status) = verdict.tcb.status {
        let date = verdict.tcb.date.map(|date| format!(", level of {date}")).unwrap_or_default();
        let number = verdict.tcb.evaluation_number.map(|n| format!(", evaluation number {n}"));
        let _ = writeln!(text, "TCB           {status}{date}{}", number.unwrap_or_default());
    }
    if !verdict.tcb.advisories.is_empty() {
        let _ = writeln!(text, "advisories    {}", verdict.tcb.advisories.join(", "));
    }
    if let Fact::Map(claims) = &verdict.claims {
        for name in ["launch_digest", "report_data"] {
            if let Some((_, Fact::Hex(bytes))) = claims.iter().find(|(key, _)| *key == name) {
                let _ = writeln!(text, "{:<13} {}", name.replace('_', " "), hex::encode(bytes));
            }
        }
    }
}

fn word(value: i8) -> String {
    format!("{} ({value})", Tier::of(value).as_str())
}

fn table(checks: &[Check], colour: bool, width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(["", "check", "expected", "found"]);
    // Names of checks are what people search for, so they are never broken across lines.
    for column in [0, 1] {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    for check in checks {
        let (word, shade) = outcome(check.outcome);
        let mut mark = Cell::new(word).set_alignment(CellAlignment::Left);
        if colour {
            mark = mark.fg(shade);
            if check.outcome == Outcome::Fail {
                mark = mark.add_attribute(Attribute::Bold);
            }
        }
        let (expected, found) = (brief(&check.expected), brief(&check.actual));
        table.add_row([mark, Cell::new(check.id), Cell::new(expected), Cell::new(found)]);
    }
    table
}

const fn outcome(outcome: Outcome) -> (&'static str, Color) {
    match outcome {
        Outcome::Pass => ("pass", Color::Green),
        Outcome::Fail => ("FAIL", Color::Red),
        Outcome::NotApplicable => ("n/a", Color::DarkGrey),
        Outcome::NotChecked => ("not checked", Color::Yellow),
    }
}

fn reasons(text: &mut String, verdict: &Verdict, colour: bool) {
    let open = |check: &&Check| matches!(check.outcome, Outcome::Fail) || undecided(check, verdict);
    let mut reasons = verdict.checks.iter().filter(open).peekable();
    if reasons.peek().is_none() {
        return;
    }
    // Asked of the hardware alone, a guest may fail in what nobody asked about: that is said, not hidden in the table.
    let heading = if verdict.exit_code() == 0 { "Failed, and not asked about" } else { "Why" };
    let _ = writeln!(text, "\n{heading}:");
    for check in reasons {
        let id = if colour { check.id.bold().to_string() } else { check.id.to_owned() };
        let (expected, found) = (full(&check.expected), full(&check.actual));
        let _ = writeln!(text, "  {id} ({})\n      wanted {expected}\n      found  {found}", check.source);
    }
}

/// Without any reference value the executables are not judged, which alone keeps a full appraisal from affirming.
fn undecided(check: &Check, verdict: &Verdict) -> bool {
    check.outcome == Outcome::NotChecked
        && verdict.enforced.scope == Scope::Full
        && matches!(check.id, "appraise.reference-values" | "appraise.executables")
}

/// A value in a table's cell: long hexadecimal by its ends.
pub(crate) fn brief(fact: &Fact) -> String {
    match fact {
        Fact::Hex(bytes) if bytes.len() > LONG => {
            let text = hex::encode(bytes);
            format!("{}…{}", &text[..16], &text[text.len() - 8..])
        }
        Fact::List(values) if values.is_empty() => "nothing".to_owned(),
        Fact::List(values) => values.iter().map(brief).collect::<Vec<_>>().join(", "),
        Fact::Map(entries) => entries
            .iter()
            .map(|(name, value)| format!("{name} {}", brief(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => full(other),
    }
}

/// A value in words, whole.
pub(crate) fn full(fact: &Fact) -> String {
    match fact {
        Fact::None => "–".to_owned(),
        Fact::Bool(true) => "yes".to_owned(),
        Fact::Bool(false) => "no".to_owned(),
        Fact::Number(value) => value.to_string(),
        Fact::Text(text) => printable(text),
        Fact::Hex(bytes) => hex::encode(bytes),
        Fact::Time(time) => time.to_string(),
        Fact::List(values) if values.is_empty() => "nothing".to_owned(),
        Fact::List(values) => values.iter().map(full).collect::<Vec<_>>().join(", "),
        Fact::Map(entries) => entries
            .iter()
            .map(|(name, value)| format!("{name} {}", full(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Text that may come from the evidence must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Bytes of hexadecimal shown whole in a table.
const LONG: usize = 16;
