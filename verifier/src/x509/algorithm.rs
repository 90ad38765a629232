//! Signature algorithms by the exact DER of their AlgorithmIdentifier.

use der::Decode;
use der::asn1::AnyRef;
use x509_cert::spki::AlgorithmIdentifier;

use super::error::X509Error;
use crate::crypto::{Signature, SignatureAlgorithm};

/// The algorithm that these bytes name, and nothing near it.
///
/// Comparing whole encodings leaves no room for parameters that one decoder reads and another ignores.
pub(super) fn signature_algorithm(
    structure: &'static str,
    identifier: &[u8],
) -> Result<SignatureAlgorithm, X509Error> {
    match identifier {
        ECDSA_WITH_SHA256 => Ok(SignatureAlgorithm::EcdsaP256Sha256),
        ECDSA_WITH_SHA384 => Ok(SignatureAlgorithm::EcdsaP384Sha384),
        PSS_SHA384 | PSS_SHA384_EXPLICIT_TRAILER => Ok(SignatureAlgorithm::RsaPssSha384),
        _ => {
            let oid = AlgorithmIdentifier::<AnyRef<'_>>::from_der(identifier)
                .map_or_else(|_| "in no valid encoding".to_owned(), |known| known.oid.to_string());
            Err(X509Error::UnknownAlgorithm { structure, oid })
        }
    }
}

/// A signature as X.509 carries it for this algorithm.
pub(super) const fn signature(algorithm: SignatureAlgorithm, octets: &[u8]) -> Signature<'_> {
    match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
            Signature::EcdsaDer(octets)
        }
        SignatureAlgorithm::RsaPssSha384 => Signature::Rsa(octets),
    }
}

/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2, without parameters (RFC 5758 section 3.2).
const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";

/// ecdsa-with-SHA384, 1.2.840.10045.4.3.3, without parameters (RFC 5758 section 3.2).
const ECDSA_WITH_SHA384: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";

/// id-RSASSA-PSS, 1.2.840.113549.1.1.10, with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes
/// (RFC 4055 section 3.1); the trailer field is left to its default. AMD's VLEKs have this form.
const PSS_SHA384: &[u8] = b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
    \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
    \xa2\x03\x02\x01\x30";

/// The same with the trailer field's default written out, which DER forbids and AMD does: its ARKs, ASKs, ASVKs
/// and VCEKs have this form.
const PSS_SHA384_EXPLICIT_TRAILER: &[u8] = b"\x30\x46\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x39\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
    \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
    \xa2\x03\x02\x01\x30\xa3\x03\x02\x01\x01";
