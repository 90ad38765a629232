//! One check and its outcome, and the trail of checks that a verification leaves.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::time::UnixTime;

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Asked and satisfied.
    Pass,
    /// Asked and not satisfied.
    Fail,
    /// Has no meaning for this evidence.
    NotApplicable,
    /// Has a meaning, and was not asked or could not be asked.
    NotChecked,
}

/// A value beside a check or among the claims; kept typed, written as JSON at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Nothing to say.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(u64),
    /// Words.
    Text(Cow<'static, str>),
    /// Bytes, written as lower-case hexadecimal.
    Hex(Vec<u8>),
    /// An instant, written as RFC 3339.
    Time(UnixTime),
    /// Several values.
    List(Vec<Fact>),
    /// Named values, in order.
    Map(Vec<(&'static str, Fact)>),
}

impl Fact {
    /// Bytes as a value.
    pub fn hex(bytes: &[u8]) -> Self {
        Self::Hex(bytes.to_vec())
    }

    /// Words that live as long as the program.
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<u64> for Fact {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}
impl From<u32> for Fact {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}
impl From<u16> for Fact {
    fn from(value: u16) -> Self {
        Self::Number(value.into())
    }
}
impl From<u8> for Fact {
    fn from(value: u8) -> Self {
        Self::Number(value.into())
    }
}
impl From<&'static str> for Fact {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl From<String> for Fact {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}
impl From<UnixTime> for Fact {
    fn from(value: UnixTime) -> Self {
        Self::Time(value)
    }
}
impl<const N: usize> From<[u8; N]> for Fact {
    fn from(value: [u8; N]) -> Self {
        Self::Hex(value.to_vec())
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_u64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Hex(value) => serializer.serialize_str(&hex::encode(value)),
            Self::Time(value) => serializer.collect_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(name, value)| (name, value))),
        }
    }
}

/// One question put to the evidence, with what was wanted, what was found, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Stable name: `<tee>.<subject>[.<rule>]`, such as `tdx.qe.identity`.
    pub id: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// What was wanted.
    pub expected: Fact,
    /// What was found.
    pub actual: Fact,
    /// The document and section that ask for it, or the policy.
    pub source: &'static str,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Check", 5)?;
        fields.serialize_field("id", self.id)?;
        fields.serialize_field("outcome", &self.outcome)?;
        fields.serialize_field("expected", &self.expected)?;
        fields.serialize_field("actual", &self.actual)?;
        fields.serialize_field("source", self.source)?;
        fields.end()
    }
}

/// The checks of one verification in the order in which they were made.
///
/// A verification that ends in an error leaves the checks it made, the failed one last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    checks: Vec<Check>,
    used: BTreeSet<usize>,
}

impl Trail {
    /// An empty trail.
    pub fn new() -> Self {
        Self { checks: Vec::with_capacity(48), used: BTreeSet::new() }
    }

    /// The checks so far.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The checks, without the trail.
    pub fn into_checks(self) -> Vec<Check> {
        self.checks
    }

    /// Records that the endorsement with this id took part, so that the others can be listed as unused.
    pub fn used(&mut self, id: usize) {
        self.used.insert(id);
    }

    /// Whether the endorsement with this id took part.
    pub fn was_used(&self, id: usize) -> bool {
        self.used.contains(&id)
    }

    /// Adds a check.
    pub fn note(
        &mut self,
        id: &'static str,
        source: &'static str,
        outcome: Outcome,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
    ) {
        self.checks.push(Check { id, outcome, expected: expected.into(), actual: actual.into(), source });
    }

    /// Adds a check that passed.
    pub fn pass(
        &mut self,
        id: &'static str,
        source: &'static str,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
    ) {
        self.note(id, source, Outcome::Pass, expected, actual);
    }

    /// Adds a check by its result and passes the result on: `trail.step(id, source, expected, actual, ok, || error)?`.
    pub fn step<E>(
        &mut self,
        id: &'static str,
        source: &'static str,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
        ok: bool,
        error: impl FnOnce() -> E,
    ) -> Result<(), E> {
        let outcome = if ok { Outcome::Pass } else { Outcome::Fail };
        self.note(id, source, outcome, expected, actual);
        if ok { Ok(()) } else { Err(error()) }
    }
}
