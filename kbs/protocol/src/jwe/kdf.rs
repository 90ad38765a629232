//! Concat KDF with SHA-256 for one block of output (RFC 7518 section 4.6.2; NIST SP 800-56A section 5.8.1).

use sha2::Digest as _;
use zeroize::Zeroizing;

/// What the derived key is for: the other info of the KDF.
pub(super) struct Purpose<'a> {
    /// `alg` of the header where a wrapping key is derived.
    pub(super) algorithm: &'a str,
    /// Agreement PartyUInfo.
    pub(super) apu: &'a [u8],
    /// Agreement PartyVInfo.
    pub(super) apv: &'a [u8],
    /// Length of the key in bits, at most 256; a shorter key is the front of the result.
    pub(super) bits: u32,
}

/// The key derived from the shared secret `z`.
pub(super) fn derive(z: &[u8], purpose: &Purpose<'_>) -> Zeroizing<[u8; 32]> {
    let mut hash = sha2::Sha256::new();
    hash.update(1u32.to_be_bytes());
    hash.update(z);
    for part in [purpose.algorithm.as_bytes(), purpose.apu, purpose.apv] {
        // Safe: the parts are the names and identities of a header, whose size is limited far below 4 GiB.
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(purpose.bits.to_be_bytes());
    Zeroizing::new(hash.finalize().into())
}
