//! JSON that means one thing only: no member name twice in one object, at any depth.

use core::fmt;
use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Reads `text` as `T`, after refusing duplicate members anywhere in it.
///
/// Two readers of one text that keep different ones of two equal members would disagree about signed words.
/// Depth is limited by serde_json (128).
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(text);
    UniqueMembers(&mut Names::default()).deserialize(&mut parser)?;
    parser.end()?;
    serde_json::from_slice(text)
}

/// Member names of the objects that are open, outermost first. The names of one object stand together, so that one
/// piece of memory serves a whole document.
#[derive(Default)]
pub(super) struct Names<'de>(Vec<Cow<'de, str>>);

impl<'de> Names<'de> {
    /// Calls `member` for each member of an object, after refusing a name that was there before.
    pub(super) fn of_object<A: MapAccess<'de>>(
        &mut self,
        mut members: A,
        mut member: impl FnMut(&mut Self, &str, &mut A) -> Result<(), A::Error>,
    ) -> Result<(), A::Error> {
        let first = self.0.len();
        // Comparing each with each is quickest for a vendor's few names, and would be quadratic for a hostile text's many.
        let mut many = HashSet::new();
        while let Some(Name(name)) = members.next_key()? {
            let few = self.0.get(first..).unwrap_or_default();
            if few.contains(&name) || many.contains(&name) {
                return Err(A::Error::custom("duplicate member"));
            }
            let is_one_of_few = few.len() < FEW;
            member(self, &name, &mut members)?;
            if is_one_of_few {
                self.0.push(name);
            } else {
                many.insert(name);
            }
        }
        self.0.truncate(first);
        Ok(())
    }
}

/// A name as it stands in the text, unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Walks a value and keeps nothing of it.
pub(super) struct UniqueMembers<'s, 'de>(pub(super) &'s mut Names<'de>);

impl<'de> DeserializeSeed<'de> for UniqueMembers<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueMembers<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.0.of_object(members, |names, _, members| members.next_value_seed(UniqueMembers(names)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(UniqueMembers(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Names that are compared one by one; Intel's largest object has twenty.
const FEW: usize = 32;
