//! SHA-2 by the chosen backend.

#[cfg(feature = "aws-lc")]
use super::aws_lc as backend;
#[cfg(not(feature = "aws-lc"))]
use super::portable as backend;

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    backend::sha256(data)
}

/// SHA-384 (FIPS 180-4).
pub fn sha384(data: &[u8]) -> [u8; 48] {
    backend::sha384(data)
}

/// SHA-512 (FIPS 180-4).
pub fn sha512(data: &[u8]) -> [u8; 64] {
    backend::sha512(data)
}
