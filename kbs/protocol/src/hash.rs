//! The hash algorithms that the protocol negotiates (kbs-types 0.18, `HashAlgorithm`).

use core::fmt;

use sha2::Digest as _;

/// A hash algorithm by its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384, the default where nothing is selected.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SM3: recognised, never computed.
    Sm3,
}

/// This build does not compute the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hash algorithm {0} is not supported")]
pub struct UnsupportedHash(pub HashAlgorithm);

impl HashAlgorithm {
    /// The algorithms that this crate computes, in the order in which a client offers them.
    pub const SUPPORTED: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sm3 => "sm3",
        }
    }

    /// The algorithm of this name in any case; CoCo's client lower-cases what the server selects.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512, Self::Sm3]
            .into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// The digest of `data`; SM3 is refused by name.
    pub fn digest(self, data: &[u8]) -> Result<Digest, UnsupportedHash> {
        match self {
            Self::Sha256 => Ok(Digest::new(&sha2::Sha256::digest(data))),
            Self::Sha384 => Ok(Digest::new(&sha2::Sha384::digest(data))),
            Self::Sha512 => Ok(Digest::new(&sha2::Sha512::digest(data))),
            Self::Sm3 => Err(UnsupportedHash(self)),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A digest of 32, 48 or 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    padded: [u8; 64],
    length: usize,
}

impl Digest {
    fn new(bytes: &[u8]) -> Self {
        let mut padded = [0; 64];
        let length = bytes.len().min(padded.len());
        for (to, from) in padded.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self { padded, length }
    }

    /// The digest's own bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or(&self.padded)
    }

    /// The digest, then zero bytes up to 64: what SNP, TDX, SGX and CCA carry as report data (section 6).
    pub const fn report_data(&self) -> [u8; 64] {
        self.padded
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
