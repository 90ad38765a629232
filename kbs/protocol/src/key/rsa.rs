//! RSA public keys (RFC 7518 section 6.3.1): two numbers, checked for what a key must be to hide anything.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::KeyError;

/// Modulus and public exponent, big-endian without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl RsaPublicKey {
    /// The key of two numbers in base64url without padding.
    pub(crate) fn from_numbers(n: &str, e: &str) -> Result<Self, KeyError> {
        let (n, e) = (number("n", n)?, number("e", e)?);
        let first = n.first().map_or(0, |byte| byte.leading_zeros());
        let actual = (n.len() * 8).saturating_sub(usize::try_from(first).unwrap_or(usize::MAX));
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        if !(LEAST_BITS..=MOST_BITS).contains(&actual) || !odd(&n) {
            return Err(KeyError::Modulus { least: LEAST_BITS, most: MOST_BITS, actual });
        }
        let value = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        // NIST SP 800-56B section 6.2: from 65537; nobody has one of more than 32 bits.
        if e.len() > 4 || value < 0x1_0001 || !odd(&e) {
            return Err(KeyError::Exponent);
        }
        Ok(Self { n, e })
    }

    /// The modulus, big-endian without leading zeros.
    pub fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent, big-endian without leading zeros.
    pub fn e(&self) -> &[u8] {
        &self.e
    }

    /// Both numbers in base64url without padding.
    pub(crate) fn numbers(&self) -> (String, String) {
        (BASE64_URL_SAFE_NO_PAD.encode(&self.n), BASE64_URL_SAFE_NO_PAD.encode(&self.e))
    }
}

/// RFC 7518 section 2, Base64urlUInt: no leading zeros.
fn number(member: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Number { member })?;
    if bytes.first().is_none_or(|first| *first == 0) {
        return Err(KeyError::Number { member });
    }
    Ok(bytes)
}

/// NIST SP 800-131A: less is broken or will be.
const LEAST_BITS: usize = 2048;
/// What libraries take.
const MOST_BITS: usize = 8192;
