//! The values of a rule's keys, checked as they are read so that an error has its place.

use std::fmt;
use std::marker::PhantomData;

use kbs_protocol::ResourcePath;
use serde::de::value::{BoolDeserializer, I64Deserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Error, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A rule's name: one line that people read in decisions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(String);

/// One value, or a list with at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OneOrMore<T>(Vec<T>);

/// `repository/type/tag`, each exactly or `*` for any one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern([Option<String>; 3]);

/// The least tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tier {
    /// Affirming alone.
    #[default]
    Affirming,
    /// Affirming or warning.
    Warning,
}

/// A TEE by the name that tokens have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tee {
    Snp,
    Tdx,
    Sgx,
    AzSnpVtpm,
    AzTdxVtpm,
    Tpm,
    Nitro,
    Cca,
    Se,
    Csv,
    Hygondcu,
}

/// A way through the claims: names between dots, or a JSON pointer (RFC 6901) where it begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ClaimPath(String);

/// What a claim must be: one of these.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct Wanted(OneOrMore<Scalar>);

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a string, an integer or a boolean, or a list of them")]
pub(super) enum Scalar {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let printable = !name.is_empty() && !name.chars().any(char::is_control);
        if printable && name.len() <= NAME_BYTES {
            Ok(Self(name))
        } else {
            Err(format!("a name is one line of 1 to {NAME_BYTES} bytes"))
        }
    }
}

impl Pattern {
    pub(super) fn matches(&self, path: &ResourcePath) -> bool {
        let segments = [path.repo(), path.kind(), path.tag()];
        self.0
            .iter()
            .zip(segments)
            .all(|(wanted, segment)| wanted.as_deref().is_none_or(|wanted| wanted == segment))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused = || "a resource is repository/type/tag, and * stands for one whole segment".to_owned();
        let segments: Vec<&str> = text.split('/').collect();
        let segments: [&str; 3] = segments.try_into().map_err(|_| refused())?;
        // With any letter in place of each star it must be the name of a resource.
        let [repo, kind, tag] = segments.map(|segment| if segment == "*" { "x" } else { segment });
        ResourcePath::new(repo, kind, tag).map_err(|_| refused())?;
        Ok(Self(segments.map(|segment| (segment != "*").then(|| segment.to_owned()))))
    }
}

impl Tier {
    pub(super) fn is_reached_by(self, status: &str) -> bool {
        match self {
            Self::Affirming => status == "affirming",
            Self::Warning => status == "affirming" || status == "warning",
        }
    }
}

impl Tee {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Snp => "snp",
            Self::Tdx => "tdx",
            Self::Sgx => "sgx",
            Self::AzSnpVtpm => "az-snp-vtpm",
            Self::AzTdxVtpm => "az-tdx-vtpm",
            Self::Tpm => "tpm",
            Self::Nitro => "nitro",
            Self::Cca => "cca",
            Self::Se => "se",
            Self::Csv => "csv",
            Self::Hygondcu => "hygondcu",
        }
    }
}

impl ClaimPath {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The claim at this path.
    pub(super) fn find<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') {
            return claims.pointer(&self.0);
        }
        self.0.split('.').try_fold(claims, |found, name| found.get(name))
    }
}

impl TryFrom<String> for ClaimPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let dotted = || text.split('.').all(|name| !name.is_empty());
        if text.len() <= NAME_BYTES && (text.starts_with('/') || dotted()) {
            Ok(Self(text))
        } else {
            Err("a claim is named by a.path.of.names or /a/json/pointer".to_owned())
        }
    }
}

impl Wanted {
    pub(super) fn holds(&self, found: &Value) -> bool {
        self.0.iter().any(|wanted| match wanted {
            Scalar::Text(wanted) => found.as_str() == Some(wanted),
            Scalar::Integer(wanted) => found.as_i64() == Some(*wanted),
            Scalar::Boolean(wanted) => found.as_bool() == Some(*wanted),
        })
    }
}

impl<T> OneOrMore<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor(PhantomData))
    }
}

/// Reads the form that is there, so that an error is that of the value and not of the choice between forms.
struct OneOrMoreVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an integer or a boolean, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let value: StrDeserializer<'_, E> = text.into_deserializer();
        T::deserialize(value).map(|value| OneOrMore(vec![value]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let value: I64Deserializer<E> = number.into_deserializer();
        T::deserialize(value).map(|value| OneOrMore(vec![value]))
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Self::Value, E> {
        let value: BoolDeserializer<E> = boolean.into_deserializer();
        T::deserialize(value).map(|value| OneOrMore(vec![value]))
    }

    /// An empty list stays empty, and nothing is in it.
    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(values)).map(OneOrMore)
    }
}

/// Bytes of a name or of a path: those of people have some dozens.
const NAME_BYTES: usize = 256;
