//! What is known of a pinned certificate.

/// A certificate of a hardware vendor, with what pins it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorCert {
    /// The name that verdicts and logs show, such as `amd-ark-milan`.
    pub name: &'static str,
    /// Whose hardware it vouches for.
    pub vendor: Vendor,
    /// What it may be used as.
    pub role: Role,
    /// The certificate, DER (RFC 5280).
    pub der: &'static [u8],
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// SHA-256 of the DER `SubjectPublicKeyInfo`: what a certificate issued anew over the same key keeps.
    pub spki_sha256: [u8; 32],
    /// Package URL with the path of the file in the package, and the file's licence.
    pub provenance: &'static str,
}

/// A vendor of confidential-computing hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// AMD: SEV-SNP.
    Amd,
    /// Intel: SGX and TDX.
    Intel,
    /// NVIDIA: confidential GPUs and switches.
    Nvidia,
    /// Amazon Web Services: Nitro enclaves.
    Aws,
}

impl Vendor {
    /// The vendor's name in lower case, as the names of anchors begin.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd => "amd",
            Self::Intel => "intel",
            Self::Nvidia => "nvidia",
            Self::Aws => "aws",
        }
    }
}

/// What a pinned certificate may be used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A self-issued root: a chain may end here.
    Root,
    /// A CA below a root: it may fill a gap in a chain, and a chain that ends at it is refused.
    Intermediate,
}

/// The 32 bytes of a SHA-256 in lower-case hexadecimal; a wrong digit or length does not compile.
pub(crate) const fn fingerprint(hex: &str) -> [u8; 32] {
    let digits = hex.as_bytes();
    assert!(digits.len() == 64, "a SHA-256 has 64 hexadecimal digits");
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 32 {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("not a lower-case hexadecimal digit"),
    }
}
