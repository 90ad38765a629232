//! JSON as a tree that can hold a name twice: altered by a script, and written again.

use serde_json::Value;

use crate::Script;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Names and values, in their order.
    Object(Vec<(String, Tree)>),
    /// Values.
    Array(Vec<Tree>),
    /// Text.
    Text(String),
    /// A number or a word, as it is written.
    Word(String),
}

impl Tree {
    /// The tree of a document.
    pub fn of(value: Value) -> Self {
        match value {
            Value::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, Self::of(value))).collect())
            }
            Value::Array(values) => Self::Array(values.into_iter().map(Self::of).collect()),
            Value::String(text) => Self::Text(text),
            word @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Word(word.to_string()),
        }
    }

    /// The document.
    pub fn write(&self) -> String {
        let text = |text: &String| Value::String(text.clone()).to_string();
        match self {
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{}", text(name), value.write())).collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Array(values) => {
                format!("[{}]", values.iter().map(Self::write).collect::<Vec<_>>().join(","))
            }
            Self::Text(value) => text(value),
            Self::Word(word) => word.clone(),
        }
    }

    /// The member of this name; `None` where it is absent or stands twice.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let mut found = members.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The values of an array.
    pub fn values(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A number.
    pub fn number(&self) -> Option<u64> {
        if let Self::Word(word) = self { word.parse().ok() } else { None }
    }

    fn count(&self) -> usize {
        1 + match self {
            Self::Object(members) => members.iter().map(|(_, value)| value.count()).sum(),
            Self::Array(values) => values.iter().map(Self::count).sum(),
            Self::Text(_) | Self::Word(_) => 0,
        }
    }

    fn nth(&mut self, left: &mut usize) -> Option<&mut Self> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        match self {
            Self::Object(members) => members.iter_mut().find_map(|(_, value)| value.nth(left)),
            Self::Array(values) => values.iter_mut().find_map(|value| value.nth(left)),
            Self::Text(_) | Self::Word(_) => None,
        }
    }

    /// Alters it until the script is over, in at most eight places; `words` are texts of interest.
    pub fn alter(&mut self, script: &mut Script<'_>, words: &[&str]) {
        for _ in 0..8 {
            if script.is_over() || self.count() > 4000 {
                return;
            }
            let (at, other) = (script.below(self.count()), script.below(self.count()));
            let other = self.nth(&mut { other }).cloned();
            let Some(tree) = self.nth(&mut { at }) else { return };
            alter_one(tree, other, script, words);
        }
    }
}

fn alter_one(tree: &mut Tree, other: Option<Tree>, script: &mut Script<'_>, words: &[&str]) {
    let what = script.below(8);
    match (&mut *tree, what) {
        (_, 0) => *tree = other.unwrap_or_else(|| Tree::Word("null".to_owned())),
        (Tree::Object(members), 1 | 2) if !members.is_empty() => {
            drop(members.remove(script.below(members.len())))
        }
        (Tree::Object(members), 3) if !members.is_empty() => {
            let (from, to) = (script.below(members.len()), script.below(members.len() + 1));
            members.insert(to, members[from].clone());
        }
        (Tree::Object(members), 4) if !members.is_empty() => {
            let (one, two) = (script.below(members.len()), script.below(members.len()));
            members.swap(one, two);
        }
        (Tree::Object(members), _) => {
            let name = words[script.below(words.len())].to_owned();
            members.push((name, other.unwrap_or_else(|| Tree::Word("1".to_owned()))));
        }
        (Tree::Array(values), 1 | 2) if !values.is_empty() => drop(values.remove(script.below(values.len()))),
        (Tree::Array(values), 3 | 4) if !values.is_empty() => {
            let (from, to) = (script.below(values.len()), script.below(values.len() + 1));
            values.insert(to, values[from].clone());
        }
        (Tree::Array(values), 5) if !values.is_empty() => {
            let (one, two) = (script.below(values.len()), script.below(values.len()));
            values.swap(one, two);
        }
        (Tree::Array(values), _) => values.extend(other),
        (Tree::Text(text), 1..=4) => *text = words[script.below(words.len())].to_owned(),
        (Tree::Text(text), 5) => text.truncate(text.floor_char_boundary(script.below(text.len() + 1))),
        (Tree::Text(text), 6) => text.push_str(&String::from_utf8_lossy(script.bytes())),
        (Tree::Text(text), _) => {
            let at = script.below(text.len());
            let digit = char::from(b"0123456789ABCDEFabcdef-:TZ_"[script.below(26)]);
            *text =
                text.chars().enumerate().map(|(place, old)| if place == at { digit } else { old }).collect();
        }
        (Tree::Word(word), 1) => *word = words[script.below(words.len())].to_owned(),
        (Tree::Word(word), 2) => *word = format!("{word}.0"),
        (Tree::Word(word), 3) => *word = format!("-{word}"),
        (Tree::Word(word), _) => {
            let number = word.parse::<u64>().unwrap_or_default();
            let by = u64::from(script.byte()) + 1;
            let by = if by < 200 { by % 4 } else { by << 7 };
            *word =
                if what % 2 == 0 { number.wrapping_add(by) } else { number.saturating_sub(by) }.to_string();
        }
    }
}
