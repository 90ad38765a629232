//! The names of what can be compared, and the form of their values.

use core::fmt;
use core::str::FromStr;

use crate::value::Value;

/// The TEEs that a reference file can speak of.
pub const TEES: [&str; 3] = ["snp", "tdx", "sgx"];

/// A field of the evidence that a reference value or an expectation can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// SNP MEASUREMENT: the launch digest of the guest, 48 bytes; as an expectation also TDX MRTD (48) and SGX MRENCLAVE
    /// (32), the claim's name on every TEE.
    LaunchDigest,
    /// SNP HOST_DATA, 32 bytes; as an expectation also TDX MRCONFIGID (48) and SGX CONFIGID (64).
    HostData,
    /// The 64 bytes of the guest's own choice: an expectation only, since they are new in every run.
    ReportData,
    /// SNP FAMILY_ID of the ID block, 16 bytes.
    FamilyId,
    /// SNP IMAGE_ID of the ID block, 16 bytes.
    ImageId,
    /// SNP ID_KEY_DIGEST: SHA-384 of the key that signed the ID block.
    IdKeyDigest,
    /// SNP AUTHOR_KEY_DIGEST: SHA-384 of the key that signed the ID key.
    AuthorKeyDigest,
    /// SNP GUEST_SVN of the ID block, 32 bits.
    GuestSvn,
    /// The least SNP GUEST_SVN, 32 bits: the evidence's may be higher.
    MinGuestSvn,
    /// TDX MRTD: the measurement of the initial contents of the TD, 48 bytes.
    MrTd,
    /// TDX RTMR0, 48 bytes.
    Rtmr0,
    /// TDX RTMR1, 48 bytes.
    Rtmr1,
    /// TDX RTMR2, 48 bytes.
    Rtmr2,
    /// TDX RTMR3, 48 bytes.
    Rtmr3,
    /// TDX MRCONFIGID, 48 bytes.
    MrConfigId,
    /// TDX MROWNER, 48 bytes.
    MrOwner,
    /// TDX MROWNERCONFIG, 48 bytes.
    MrOwnerConfig,
    /// TDX MRSEAM: the measurement of the TDX module, 48 bytes.
    MrSeam,
    /// TDX MRSIGNERSEAM: zeros for modules that Intel signed, 48 bytes.
    MrSignerSeam,
    /// TDX MRSERVICETD, 48 bytes (TDX 1.5).
    MrServiceTd,
    /// SGX MRENCLAVE, 32 bytes.
    MrEnclave,
    /// SGX MRSIGNER: SHA-256 of the modulus of the key that signed the enclave.
    MrSigner,
    /// SGX ISVPRODID, 16 bits.
    IsvProdId,
    /// SGX ISVSVN, 16 bits.
    IsvSvn,
    /// The least SGX ISVSVN, 16 bits: the evidence's may be higher.
    MinIsvSvn,
    /// SGX ISVEXTPRODID, 16 bytes.
    IsvExtProdId,
    /// SGX ISVFAMILYID, 16 bytes.
    IsvFamilyId,
    /// SGX CONFIGID, 64 bytes.
    ConfigId,
    /// SGX CONFIGSVN, 16 bits.
    ConfigSvn,
}

/// What a value of a key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Hexadecimal of exactly one of these numbers of bytes.
    Bytes(&'static [usize]),
    /// A number up to this one.
    Number(u64),
}

impl Key {
    /// Every key, in the order of the canonical text.
    pub const ALL: [Self; 29] = [
        Self::LaunchDigest,
        Self::HostData,
        Self::ReportData,
        Self::FamilyId,
        Self::ImageId,
        Self::IdKeyDigest,
        Self::AuthorKeyDigest,
        Self::GuestSvn,
        Self::MinGuestSvn,
        Self::MrTd,
        Self::Rtmr0,
        Self::Rtmr1,
        Self::Rtmr2,
        Self::Rtmr3,
        Self::MrConfigId,
        Self::MrOwner,
        Self::MrOwnerConfig,
        Self::MrSeam,
        Self::MrSignerSeam,
        Self::MrServiceTd,
        Self::MrEnclave,
        Self::MrSigner,
        Self::IsvProdId,
        Self::IsvSvn,
        Self::MinIsvSvn,
        Self::IsvExtProdId,
        Self::IsvFamilyId,
        Self::ConfigId,
        Self::ConfigSvn,
    ];

    /// The name in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The form of an expectation of this key.
    pub const fn form(self) -> Form {
        self.row().2
    }

    /// The form of a reference value of this key for a TEE; nothing if that TEE has no such reference value.
    pub fn form_in(self, tee: &str) -> Option<Form> {
        match self {
            Self::LaunchDigest if tee == "snp" => Some(Form::Bytes(&[48])),
            Self::HostData if tee == "snp" => Some(Form::Bytes(&[32])),
            _ => (self.row().1 == Some(tee)).then(|| self.form()),
        }
    }

    /// Whether an expectation of this key asks for freshness or ownership, not for what the machine runs.
    ///
    /// A difference in such a key means that the evidence is not believed; in any other, that it is not liked.
    pub const fn is_binding(self) -> bool {
        matches!(self, Self::ReportData | Self::HostData)
    }

    /// Whether the evidence's value of this key is as wanted: equal, or no lower where the key asks for the least.
    pub fn accepts(self, wanted: &Value, actual: &Value) -> bool {
        match (self, wanted, actual) {
            (Self::MinIsvSvn | Self::MinGuestSvn, Value::Number(least), Value::Number(actual)) => {
                actual >= least
            }
            (Self::MinIsvSvn | Self::MinGuestSvn, _, _) => false,
            _ => wanted == actual,
        }
    }

    /// Name, the TEE whose reference values may name it, form.
    const fn row(self) -> (&'static str, Option<&'static str>, Form) {
        const B16: Form = Form::Bytes(&[16]);
        const B32: Form = Form::Bytes(&[32]);
        const B48: Form = Form::Bytes(&[48]);
        const B64: Form = Form::Bytes(&[64]);
        const U16: Form = Form::Number(0xffff);
        const U32: Form = Form::Number(0xffff_ffff);
        match self {
            Self::LaunchDigest => ("launch-digest", Some("snp"), Form::Bytes(&[32, 48])),
            Self::HostData => ("host-data", Some("snp"), Form::Bytes(&[32, 48, 64])),
            Self::ReportData => ("report-data", None, B64),
            Self::FamilyId => ("family-id", Some("snp"), B16),
            Self::ImageId => ("image-id", Some("snp"), B16),
            Self::IdKeyDigest => ("id-key-digest", Some("snp"), B48),
            Self::AuthorKeyDigest => ("author-key-digest", Some("snp"), B48),
            Self::GuestSvn => ("guest-svn", Some("snp"), U32),
            Self::MinGuestSvn => ("min-guest-svn", Some("snp"), U32),
            Self::MrTd => ("mr-td", Some("tdx"), B48),
            Self::Rtmr0 => ("rtmr0", Some("tdx"), B48),
            Self::Rtmr1 => ("rtmr1", Some("tdx"), B48),
            Self::Rtmr2 => ("rtmr2", Some("tdx"), B48),
            Self::Rtmr3 => ("rtmr3", Some("tdx"), B48),
            Self::MrConfigId => ("mr-config-id", Some("tdx"), B48),
            Self::MrOwner => ("mr-owner", Some("tdx"), B48),
            Self::MrOwnerConfig => ("mr-owner-config", Some("tdx"), B48),
            Self::MrSeam => ("mr-seam", Some("tdx"), B48),
            Self::MrSignerSeam => ("mr-signer-seam", Some("tdx"), B48),
            Self::MrServiceTd => ("mr-service-td", Some("tdx"), B48),
            Self::MrEnclave => ("mr-enclave", Some("sgx"), B32),
            Self::MrSigner => ("mr-signer", Some("sgx"), B32),
            Self::IsvProdId => ("isv-prod-id", Some("sgx"), U16),
            Self::IsvSvn => ("isv-svn", Some("sgx"), U16),
            Self::MinIsvSvn => ("min-isv-svn", Some("sgx"), U16),
            Self::IsvExtProdId => ("isv-ext-prod-id", Some("sgx"), B16),
            Self::IsvFamilyId => ("isv-family-id", Some("sgx"), B16),
            Self::ConfigId => ("config-id", Some("sgx"), B64),
            Self::ConfigSvn => ("config-svn", Some("sgx"), U16),
        }
    }
}

/// The text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such key")]
pub struct NoSuchKey;

impl FromStr for Key {
    type Err = NoSuchKey;

    fn from_str(text: &str) -> Result<Self, NoSuchKey> {
        Self::ALL.into_iter().find(|key| key.as_str() == text).ok_or(NoSuchKey)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes([length]) => write!(f, "{length} bytes in hexadecimal"),
            Self::Bytes(lengths) => write!(f, "hexadecimal of one of {lengths:?} bytes"),
            Self::Number(max) => write!(f, "a number from 0 to {max}"),
        }
    }
}

#[cfg(test)]
mod tests;
