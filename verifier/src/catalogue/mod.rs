//! Every check that a verdict can contain: what it asks, of which input, who says so, against which threat.
//!
//! The table of `docs/checks.md` and the explanations of the command line are written from here.

mod common;
mod event_log;
mod intel;
mod snp;

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id in verdicts.
    pub id: &'static str,
    /// What it asks, in one sentence.
    pub asks: &'static str,
    /// What it looks at.
    pub input: &'static str,
    /// The key of the appraisal policy that governs it; empty where none can change it.
    pub policy: &'static str,
    /// The document and section that ask for it.
    pub source: &'static str,
    /// The threat that it meets, by the name that the field has for it.
    pub threat: &'static str,
    /// What mends a failure.
    pub mend: &'static str,
    /// Functions that test both sides of its boundary.
    pub tests: &'static [&'static str],
}

/// All checks, those of verification before those of the appraisal.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    [snp::ENTRIES, intel::QUOTES, intel::ENTRIES, event_log::ENTRIES, common::ENTRIES].into_iter().flatten()
}

/// The check of this id.
pub fn entry(id: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.id == id)
}

/// The checks as a table in Markdown, one row each.
pub fn markdown() -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut table = "| check | asks | looks at | policy | source | threat | to mend | tests |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for entry in entries() {
        let tests: Vec<String> = entry.tests.iter().map(|test| format!("`{test}`")).collect();
        let policy = if entry.policy.is_empty() { "–".to_owned() } else { format!("`{}`", entry.policy) };
        table.push_str(&format!(
            "| `{}` | {} | {} | {policy} | {} | {} | {} | {} |\n",
            entry.id,
            cell(entry.asks),
            cell(entry.input),
            cell(entry.source),
            cell(entry.threat),
            cell(entry.mend),
            tests.join(", "),
        ));
    }
    table
}
