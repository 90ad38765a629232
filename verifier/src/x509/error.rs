//! Why a certificate or a CRL is refused.

use der::asn1::ObjectIdentifier;

use crate::crypto::CryptoError;
use crate::time::UnixTime;

/// A certificate or CRL that breaks a rule. Texts taken from it are escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Larger than any that is accepted.
    #[error("{structure} of {size} bytes, at most {limit} are read")]
    TooLarge {
        /// `certificate`, `CRL` or `PEM`.
        structure: &'static str,
        /// Size in bytes.
        size: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// More parts than are accepted.
    #[error("{structure}: more than {limit} {part}")]
    TooMany {
        /// `certificate`, `CRL` or `PEM`.
        structure: &'static str,
        /// What there is too much of.
        part: &'static str,
        /// How many are accepted.
        limit: usize,
    },
    /// Not strict DER, or not of the form that RFC 5280 gives the field.
    #[error("{structure}: {field} is not strict DER of the expected form")]
    Encoding {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The PEM armour is broken.
    #[error("PEM: {0}")]
    Pem(&'static str),
    /// Another version than the only one accepted.
    #[error("{structure} of version {actual}, expected {expected}")]
    Version {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// The accepted version.
        expected: u8,
        /// The version found.
        actual: u8,
    },
    /// The algorithm inside the signed part is not the one beside the signature (RFC 5280 section 4.1.1.2).
    #[error("{structure}: the signature algorithm inside the signed part differs from the one outside")]
    AlgorithmMismatch {
        /// `certificate` or `CRL`.
        structure: &'static str,
    },
    /// A signature algorithm that this verifier does not know, or known with other parameters.
    #[error("{structure}: signature algorithm {oid} with these parameters is not supported")]
    UnknownAlgorithm {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// Its object identifier.
        oid: String,
    },
    /// The public key cannot be used.
    #[error("the certificate's public key is not usable")]
    Key(#[source] CryptoError),
    /// An extension stands twice (RFC 5280 section 4.2).
    #[error("{structure}: extension {oid} occurs more than once")]
    DuplicateExtension {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// A critical extension that this verifier does not understand (RFC 5280 section 4.2).
    #[error("{structure}: critical extension {oid} is not understood")]
    UnknownCritical {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// The issuer named is not the certificate at hand.
    #[error("issuer: expected {expected}, found {actual}")]
    Issuer {
        /// Common name of the certificate that should have issued it.
        expected: String,
        /// Common name of the issuer that is named.
        actual: String,
    },
    /// The issuer is no certificate authority (basicConstraints).
    #[error("{subject} is not a certificate authority")]
    NotACa {
        /// Common name of the issuer.
        subject: String,
    },
    /// An end entity was expected, and the certificate is an authority's.
    #[error("{subject} is a certificate authority, expected an end entity")]
    IsACa {
        /// Common name of the certificate.
        subject: String,
    },
    /// The key may not be used for this (keyUsage).
    #[error("the key of {subject} may not be used for {wanted}")]
    KeyUsage {
        /// Common name of the key's certificate.
        subject: String,
        /// The usage wanted, in RFC 5280's words.
        wanted: &'static str,
    },
    /// An authority below an authority that may have none (pathLenConstraint 0).
    #[error("{issuer} may not issue certificates to authorities: pathLenConstraint {limit}")]
    PathLength {
        /// Common name of the issuer.
        issuer: String,
        /// Its constraint.
        limit: u8,
    },
    /// The signature does not hold.
    #[error("{structure}: the issuer's signature was not accepted")]
    Signature {
        /// `certificate` or `CRL`.
        structure: &'static str,
        /// Why.
        #[source]
        reason: CryptoError,
    },
    /// The validity has not begun.
    #[error("not valid before {not_before}, asked at {now}")]
    NotYetValid {
        /// First instant of validity.
        not_before: UnixTime,
        /// The instant of verification.
        now: UnixTime,
    },
    /// The validity is over.
    #[error("not valid after {not_after}, asked at {now}")]
    Expired {
        /// Last instant of validity.
        not_after: UnixTime,
        /// The instant of verification.
        now: UnixTime,
    },
    /// An authentic CRL lists the certificate.
    #[error("serial number {serial} was revoked at {at}")]
    Revoked {
        /// Serial number in hexadecimal.
        serial: String,
        /// The revocation date.
        at: UnixTime,
    },
}

impl X509Error {
    /// The rule that failed, in kebab-case.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "x509-too-large",
            Self::TooMany { .. } => "x509-too-many",
            Self::Encoding { .. } => "x509-encoding",
            Self::Pem(_) => "x509-pem",
            Self::Version { .. } => "x509-version",
            Self::AlgorithmMismatch { .. } => "x509-algorithm-mismatch",
            Self::UnknownAlgorithm { .. } => "x509-algorithm",
            Self::Key(_) => "x509-key",
            Self::DuplicateExtension { .. } => "x509-duplicate-extension",
            Self::UnknownCritical { .. } => "x509-critical-extension",
            Self::Issuer { .. } => "x509-issuer",
            Self::NotACa { .. } => "x509-not-a-ca",
            Self::IsACa { .. } => "x509-is-a-ca",
            Self::KeyUsage { .. } => "x509-key-usage",
            Self::PathLength { .. } => "x509-path-length",
            Self::Signature { .. } => "x509-signature",
            Self::NotYetValid { .. } => "x509-not-yet-valid",
            Self::Expired { .. } => "x509-expired",
            Self::Revoked { .. } => "x509-revoked",
        }
    }
}
