//! The JSON form: read strictly, written in one way.

use core::fmt;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Cmw, CmwError, Collection, KNOWN_INDICATORS, Record};
use crate::evidence::MAX_EVIDENCE;

impl Cmw {
    /// Reads one wrapper and nothing after it: at most two mebibytes, four levels, 32 members in each.
    pub fn parse(json: &[u8]) -> Result<Self, CmwError> {
        if json.len() > MAX_EVIDENCE {
            return Err(CmwError::TooLarge { size: json.len(), limit: MAX_EVIDENCE });
        }
        let text: &RawValue = serde_json::from_slice(json).map_err(|error| form(&error))?;
        Self::read(text.get(), MAX_DEPTH)
    }

    fn read(text: &str, depth: usize) -> Result<Self, CmwError> {
        let depth = depth.checked_sub(1).ok_or(CmwError::TooDeep { limit: MAX_DEPTH })?;
        if text.starts_with('[') {
            let record: RawRecord = serde_json::from_str(text).map_err(|error| form(&error))?;
            return record.check().map(Self::Record);
        }
        let members: RawCollection<'_> = serde_json::from_str(text).map_err(|error| form(&error))?;
        members.check(depth).map(Self::Collection)
    }

    /// The wrapper as JSON.
    pub fn to_json(&self) -> String {
        self.value().to_string()
    }

    fn value(&self) -> Value {
        match self {
            Self::Record(record) => record.value(),
            Self::Collection(collection) => {
                let kind = collection.kind.iter().map(|kind| (KIND.to_owned(), Value::from(kind.as_str())));
                let items = collection.items.iter().map(|(label, item)| (label.clone(), item.value()));
                Value::Object(kind.chain(items).collect::<Map<_, _>>())
            }
        }
    }
}

impl Record {
    fn value(&self) -> Value {
        let mut members =
            vec![Value::from(self.media_type.as_str()), Value::from(URL_SAFE_NO_PAD.encode(&self.value))];
        members.extend(self.indicator.map(Value::from));
        Value::Array(members)
    }
}

/// `[type, value]` or `[type, value, indicator]`.
struct RawRecord {
    media_type: String,
    value: String,
    indicator: Option<u64>,
}

impl RawRecord {
    fn check(self) -> Result<Record, CmwError> {
        let visible = self.media_type.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if !visible || !self.media_type.contains('/') || self.media_type.len() > MAX_NAME {
            return Err(CmwError::MediaType { limit: MAX_NAME });
        }
        let value = URL_SAFE_NO_PAD.decode(&self.value).map_err(|_| CmwError::Value)?;
        if value.is_empty() {
            return Err(CmwError::Value);
        }
        let indicator = self.indicator.map(|actual| match u8::try_from(actual) {
            Ok(bits) if bits != 0 && bits & !KNOWN_INDICATORS == 0 => Ok(bits),
            _ => Err(CmwError::Indicator { most: KNOWN_INDICATORS, actual }),
        });
        Ok(Record { media_type: self.media_type, value, indicator: indicator.transpose()? })
    }
}

impl<'de> Deserialize<'de> for RawRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawRecord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<RawRecord, A::Error> {
                let short = || A::Error::custom("a record of fewer than two members");
                let media_type = members.next_element()?.ok_or_else(short)?;
                let value = members.next_element()?.ok_or_else(short)?;
                let indicator = members.next_element()?;
                match members.next_element::<IgnoredAny>()? {
                    None => Ok(RawRecord { media_type, value, indicator }),
                    Some(_) => Err(A::Error::custom("a record of more than three members")),
                }
            }
        }
        deserializer.deserialize_seq(Members)
    }
}

/// Members as they stand, the first [`MAX_ITEMS`] of them, and how many there are.
struct RawCollection<'a> {
    members: Vec<(String, &'a RawValue)>,
    count: usize,
}

impl RawCollection<'_> {
    fn check(self, depth: usize) -> Result<Collection, CmwError> {
        if self.count > MAX_ITEMS {
            return Err(CmwError::TooMany { limit: MAX_ITEMS, actual: self.count });
        }
        let mut collection = Collection { kind: None, items: BTreeMap::new() };
        for (label, text) in self.members {
            if label == KIND {
                let kind: String = serde_json::from_str(text.get()).map_err(|_| CmwError::CollectionType)?;
                if !is_uri(&kind) && !is_oid(&kind) {
                    return Err(CmwError::CollectionType);
                }
                if collection.kind.replace(kind).is_some() {
                    return Err(CmwError::LabelTwice);
                }
                continue;
            }
            if label.is_empty() || label.chars().count() > MAX_NAME || label.chars().any(char::is_control) {
                return Err(CmwError::Label { limit: MAX_NAME });
            }
            if collection.items.insert(label, Cmw::read(text.get(), depth)?).is_some() {
                return Err(CmwError::LabelTwice);
            }
        }
        if collection.items.is_empty() { Err(CmwError::Empty) } else { Ok(collection) }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawCollection<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawCollection<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a collection")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawCollection<'de>, A::Error> {
                let mut collection = RawCollection { members: Vec::new(), count: 0 };
                while let Some(label) = map.next_key::<String>()? {
                    let value: &RawValue = map.next_value()?;
                    collection.count = collection.count.saturating_add(1);
                    if collection.count <= MAX_ITEMS {
                        collection.members.push((label, value));
                    }
                }
                Ok(collection)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn form(error: &serde_json::Error) -> CmwError {
    CmwError::Form { line: error.line(), column: error.column() }
}

/// An absolute URI (RFC 3986, section 4.3) as far as its scheme; who knows the type compares the whole.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(scheme_char)
        && !rest.is_empty()
        && text.len() <= MAX_NAME
        && text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'#')
}

/// Dotted decimal, the first arc 0 to 2.
fn is_oid(text: &str) -> bool {
    let arc = |arc: &str| {
        arc == "0" || (!arc.is_empty() && !arc.starts_with('0') && arc.bytes().all(|b| b.is_ascii_digit()))
    };
    text.len() <= MAX_NAME
        && text.starts_with(['0', '1', '2'])
        && text.contains('.')
        && text.split('.').enumerate().all(|(place, part)| arc(part) && (place > 0 || part.len() == 1))
}

/// The member that types a collection.
const KIND: &str = "__cmwc_t";
/// RFC 6838 limits each half of a media type to 127 characters; labels and types of collections get as much.
const MAX_NAME: usize = 255;
/// Parts of one device: eight accelerators, as many switches and network cards, and the CPU.
const MAX_ITEMS: usize = 32;
/// A wrapper of collections of collections of records; RFC 9999 leaves the limit to the reader.
const MAX_DEPTH: usize = 4;
