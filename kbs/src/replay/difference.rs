//! What is the same and what is not, by name.

use std::collections::BTreeSet;

use decision_log::Digest;
use serde_json::Value;

use super::Compared;

/// Everything that was compared so far.
#[derive(Debug)]
pub(super) struct Comparison {
    prefix: &'static str,
    compared: Vec<Compared>,
    warnings: Vec<String>,
    /// Another version decided: members that name the version may differ.
    other_version: bool,
}

impl Comparison {
    /// Begins, with a warning where another version decided.
    pub(super) fn between(recorded: &str, ours: &str) -> Self {
        let mut comparison =
            Self { prefix: "", compared: Vec::new(), warnings: Vec::new(), other_version: false };
        comparison.decided_by(recorded, ours);
        comparison
    }

    /// Notes which version decided what follows.
    pub(super) fn decided_by(&mut self, recorded: &str, ours: &str) {
        self.other_version = recorded != ours;
        if self.other_version {
            let warning = format!("decided by {recorded:?}, and made again by {ours:?}");
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// What follows is about something that the decision rests on.
    pub(super) fn under(&mut self, prefix: &'static str) {
        self.prefix = prefix;
    }

    pub(super) fn warn(&mut self, warning: &str) {
        self.warnings.push(warning.to_owned());
    }

    /// Compares two texts.
    pub(super) fn text(&mut self, what: &str, recorded: &str, replayed: &str) {
        let what = format!("{}{what}", self.prefix);
        self.compared.push(Compared { what, recorded: short(recorded), replayed: short(replayed) });
        // What was cut to the same beginning is still not the same.
        let alike = |last: &&mut Compared| recorded != replayed && last.recorded == last.replayed;
        if let Some(last) = self.compared.last_mut().filter(alike) {
            last.replayed.push_str(" (differs further on)");
        }
    }

    /// Compares two JSON texts byte for byte, and lists the members that differ. The member at `version` is passed over
    /// where another version decided.
    pub(super) fn json(&mut self, what: &str, recorded: &[u8], replayed: &[u8], version: &str) {
        let mut replayed = replayed.to_vec();
        let mut tree: Option<Value> = serde_json::from_slice(&replayed).ok();
        let old: Option<Value> = serde_json::from_slice(recorded).ok();
        if let (true, Some(tree), Some(old)) = (self.other_version, &mut tree, &old) {
            if let (Some(place), Some(named)) = (tree.pointer_mut(version), old.pointer(version)) {
                *place = named.clone();
            }
            // Another version may write members in another order: then the content alone is compared.
            if *tree == *old {
                replayed = recorded.to_vec();
            }
        }
        self.text(what, &Digest::of(recorded).to_string(), &Digest::of(&replayed).to_string());
        if let (true, Some(old), Some(tree)) = (recorded != replayed, &old, &tree) {
            let mut found = Vec::new();
            differences(what, Some(old), Some(tree), &mut found);
            for (path, old, new) in found {
                self.text(&path, &written(old), &written(new));
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<Compared>, Vec<String>) {
        (self.compared, self.warnings)
    }
}

type Difference<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// Members that differ, by path, up to a number that a person reads. The depth is that of parsed JSON, which has a limit.
fn differences<'a>(
    path: &str,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    found: &mut Vec<Difference<'a>>,
) {
    if old == new || found.len() >= DIFFERENCES {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                differences(&format!("{path}.{name}"), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                differences(&format!("{path}[{index}]"), old.get(index), new.get(index), found);
            }
        }
        _ => found.push((path.to_owned(), old, new)),
    }
}

fn written(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Members that are listed of one JSON text.
const DIFFERENCES: usize = 32;
/// Characters that are shown of one value: a digest of 64 bytes in hexadecimal, and some more.
const SHOWN: usize = 160;
