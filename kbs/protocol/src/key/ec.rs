//! Points of the two curves (RFC 7518 section 6.2.1): coordinates of a fixed width, on the curve.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point;

use super::KeyError;

/// A point of P-256 other than the point at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P256Point(pub(crate) p256::PublicKey);

/// A point of P-521 other than the point at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P521Point(pub(crate) p521::PublicKey);

impl P256Point {
    /// The point of two coordinates in base64url without padding, 32 bytes each.
    pub(crate) fn from_coordinates(x: &str, y: &str) -> Result<Self, KeyError> {
        let point = uncompressed::<32>(x, y)?;
        p256::PublicKey::from_sec1_bytes(&point).map(Self).map_err(|_| KeyError::NotOnCurve)
    }

    /// Both coordinates in base64url without padding, 32 bytes each.
    pub(crate) fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_point(false);
        (encode(point.x().map(|x| x.as_slice())), encode(point.y().map(|y| y.as_slice())))
    }
}

impl P521Point {
    /// The point of two coordinates in base64url without padding, 66 bytes each.
    pub(crate) fn from_coordinates(x: &str, y: &str) -> Result<Self, KeyError> {
        let point = uncompressed::<66>(x, y)?;
        p521::PublicKey::from_sec1_bytes(&point).map(Self).map_err(|_| KeyError::NotOnCurve)
    }

    /// Both coordinates in base64url without padding, 66 bytes each.
    pub(crate) fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_point(false);
        (encode(point.x().map(|x| x.as_slice())), encode(point.y().map(|y| y.as_slice())))
    }
}

/// SEC 1 section 2.3.3: both coordinates in full.
fn uncompressed<const N: usize>(x: &str, y: &str) -> Result<Vec<u8>, KeyError> {
    let mut point = vec![UNCOMPRESSED];
    point.extend(coordinate::<N>("x", x)?);
    point.extend(coordinate::<N>("y", y)?);
    Ok(point)
}

fn coordinate<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], KeyError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(KeyError::Width { member, bytes: N })
}

fn encode(bytes: Option<&[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default())
}

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;
