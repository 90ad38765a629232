//! Common names, for messages and for telling roles apart. Names are compared as DER, never by these texts.

use der::Tag;

use super::error::X509Error;
use super::walk::Walk;

/// The common name of a DER Name; `None` if there is none, more than one, or one that is not UTF-8.
pub(super) fn common_name(name: &[u8]) -> Option<&str> {
    let mut found = None;
    read(name, &mut found).ok()?;
    let Found::One(value) = found? else { return None };
    core::str::from_utf8(value).ok()
}

/// A common name as it may stand in a message: escaped, at most 64 characters.
pub(super) fn printable(name: &[u8]) -> String {
    let text = common_name(name).unwrap_or("a name without one common name");
    text.escape_debug().take(MAX_PRINTED).collect()
}

enum Found<'a> {
    One(&'a [u8]),
    Several,
}

fn read<'a>(name: &'a [u8], found: &mut Option<Found<'a>>) -> Result<(), X509Error> {
    let mut outer = Walk::new("name", name)?;
    outer.nested("name", Tag::Sequence, |relative_names| {
        while !relative_names.is_done() {
            relative_names.nested("relative name", Tag::Set, |attributes| {
                while !attributes.is_done() {
                    attributes.nested("attribute", Tag::Sequence, |pair| {
                        let kind = pair.element("attribute type", Tag::ObjectIdentifier)?;
                        let value = TEXT_TAGS.iter().find_map(|tag| pair.optional("text", *tag).ok()?);
                        match value {
                            Some(value) if kind.value == COMMON_NAME => {
                                *found = Some(match found {
                                    None => Found::One(value.value),
                                    Some(_) => Found::Several,
                                });
                                Ok(())
                            }
                            Some(_) => Ok(()),
                            None => Err(pair.encoding("text")),
                        }
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    outer.finish("name")
}

const TEXT_TAGS: [Tag; 4] = [Tag::Utf8String, Tag::PrintableString, Tag::Ia5String, Tag::TeletexString];
/// id-at-commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const MAX_PRINTED: usize = 64;
