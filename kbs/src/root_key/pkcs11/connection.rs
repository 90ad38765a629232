//! A session with the key in it, and what must hold of that key.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;

use super::Pkcs11Error;
use super::module::Token;
use crate::config::Pkcs11Source;

/// A session that is logged in, and the key.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) key: ObjectHandle,
    /// Which key this is: serial number of the token, label and CKA_ID of the key.
    pub(super) id: String,
    /// Sessions that the token takes.
    pub(super) sessions: u64,
}

impl Connection {
    /// Finds the key by its label and checks it.
    pub(super) fn find(session: Session, token: &Token, source: &Pkcs11Source) -> Result<Self, Pkcs11Error> {
        let found = keys(&session, &source.key)?;
        let key = match found.as_slice() {
            [key] => *key,
            [] => return Err(Pkcs11Error::NoKey { key: source.key.clone(), token: source.token.clone() }),
            several => {
                return Err(Pkcs11Error::SeveralKeys { key: source.key.clone(), count: several.len() });
            }
        };
        check(&session, key)?;
        let id = id(token, &source.key, &key_id(&session, key)?);
        Ok(Self { session, key, id, sessions: token.sessions })
    }
}

/// The secret keys of a label.
pub(super) fn keys(session: &Session, label: &str) -> Result<Vec<ObjectHandle>, Pkcs11Error> {
    let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(label.as_bytes().to_vec())];
    Ok(session.find_objects(&template)?)
}

/// An AES-256 key that the token uses for us and gives to nobody. What the token does not tell counts against it.
fn check(session: &Session, key: ObjectHandle) -> Result<(), Pkcs11Error> {
    let wanted: [(&'static str, AttributeType, Attribute, &'static str); 7] = [
        ("CKA_SENSITIVE", AttributeType::Sensitive, Attribute::Sensitive(true), "true"),
        ("CKA_EXTRACTABLE", AttributeType::Extractable, Attribute::Extractable(false), "false"),
        ("CKA_TOKEN", AttributeType::Token, Attribute::Token(true), "true"),
        ("CKA_KEY_TYPE", AttributeType::KeyType, Attribute::KeyType(KeyType::AES), "CKK_AES"),
        ("CKA_VALUE_LEN", AttributeType::ValueLen, Attribute::ValueLen(Ulong::new(AES_256)), "32"),
        ("CKA_ENCRYPT", AttributeType::Encrypt, Attribute::Encrypt(true), "true"),
        ("CKA_DECRYPT", AttributeType::Decrypt, Attribute::Decrypt(true), "true"),
    ];
    for (attribute, kind, value, expected) in wanted {
        let actual = session.get_attributes(key, &[kind])?.into_iter().next();
        if actual.as_ref() != Some(&value) {
            let actual = actual.map_or_else(|| "not told".to_owned(), |actual| format!("{actual:?}"));
            return Err(Pkcs11Error::Key { attribute, expected, actual });
        }
    }
    Ok(())
}

fn key_id(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, Pkcs11Error> {
    match session.get_attributes(key, &[AttributeType::Id])?.into_iter().next() {
        Some(Attribute::Id(id)) if (1..=KEY_ID).contains(&id.len()) => Ok(id),
        _ => Err(Pkcs11Error::Key {
            attribute: "CKA_ID",
            expected: "1 to 64 bytes",
            actual: "none".to_owned(),
        }),
    }
}

/// Printable whatever a token's names are: everything but letters, digits, `-`, `_` and `.` is written in hexadecimal.
pub(super) fn id(token: &Token, label: &str, key_id: &[u8]) -> String {
    format!("pkcs11:{}/{}/{}", plain(&token.serial), plain(label), hex::encode(key_id))
}

fn plain(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02x}")),
        }
    }
    text
}

/// Bytes of an AES-256 key.
pub(super) const AES_256: u64 = 32;
/// Bytes of a CKA_ID; tools write one to twenty.
const KEY_ID: usize = 64;
