//! Making the key in the token, which the broker itself never does.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::types::Ulong;
use rand_core::Rng as _;

use super::Pkcs11Error;
use super::connection::{AES_256, Connection, keys};
use super::login::Login;
use crate::config::Pkcs11Source;
use crate::system::rng;

/// Makes an AES-256 key that never leaves the token, under the configured label; its id as a root key. Where the label
/// is taken already, nothing is made.
pub(in crate::root_key) fn create(source: &Pkcs11Source) -> Result<String, Pkcs11Error> {
    let login = Login::new(source.clone())?;
    let (session, token) = login.connect_to_write()?;
    if !keys(&session, &source.key)?.is_empty() {
        return Err(Pkcs11Error::KeyExists { key: source.key.clone(), token: source.token.clone() });
    }
    let mut id = [0; ID];
    rng().fill_bytes(&mut id);
    session.generate_key(
        &Mechanism::AesKeyGen,
        &[
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen(Ulong::new(AES_256)),
            Attribute::Label(source.key.as_bytes().to_vec()),
            Attribute::Id(id.to_vec()),
        ],
    )?;
    Ok(Connection::find(session, &token, source)?.id)
}

/// Bytes of the CKA_ID that is given to a new key.
const ID: usize = 16;
