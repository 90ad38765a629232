//! A claims set as a compact JWT (RFC 7519). The signature is made by the caller: no key comes near this crate.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// A compact JWT of `claims` under an ES256 key; `sign` returns r and s, 32 bytes each, of the bytes that it gets.
pub fn compact<E>(
    key_id: &str,
    claims: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
) -> Result<String, E> {
    let header = Map::from_iter([
        ("alg".to_owned(), Value::from("ES256")),
        ("kid".to_owned(), Value::from(key_id)),
        ("typ".to_owned(), Value::from("JWT")),
    ]);
    let mut token = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}
