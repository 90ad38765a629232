//! How a refusal is put into the one line that the protocol's error body leaves for it, and read back.
//!
//! `the evidence was refused [checks: snp.policy.debug, snp.tcb.floor] [decision: 01hzy]`
//!
//! The guest learns which checks failed and under which id the operator finds the rest; expected values stay with
//! the operator.

use core::fmt;

/// Why a broker refused, in the words that a guest may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence, without brackets.
    pub summary: String,
    /// Ids of the checks that failed, such as `snp.policy.debug`.
    pub checks: Vec<String>,
    /// Under which id the decision is recorded.
    pub decision: Option<String>,
}

impl Refusal {
    /// Reads the detail of an error body; one in another form becomes the summary.
    pub fn parse(detail: &str) -> Self {
        let (rest, decision) = cut(detail, "decision");
        let (summary, checks) = cut(rest, "checks");
        Self {
            summary: summary.to_owned(),
            checks: checks.into_iter().flat_map(|list| list.split(", ")).map(str::to_owned).collect(),
            decision: decision.map(str::to_owned),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)?;
        if !self.checks.is_empty() {
            write!(f, " [checks: {}]", self.checks.join(", "))?;
        }
        match &self.decision {
            Some(decision) => write!(f, " [decision: {decision}]"),
            None => Ok(()),
        }
    }
}

/// Cuts ` [label: value]` off the end of `text`, where the value is a list of ids.
fn cut<'a>(text: &'a str, label: &str) -> (&'a str, Option<&'a str>) {
    let found = text.strip_suffix(']').and_then(|open| open.rsplit_once(" ["));
    let Some((before, tag)) = found else { return (text, None) };
    let value = tag.strip_prefix(label).and_then(|rest| rest.strip_prefix(": "));
    match value {
        Some(value) if !value.is_empty() && value.split(", ").all(is_id) => (before, Some(value)),
        _ => (text, None),
    }
}

/// Ids are words of letters, digits, `.`, `-` and `_`.
fn is_id(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests;
