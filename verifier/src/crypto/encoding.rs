//! What encoded keys and signatures mean, decided before any backend sees them.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfo;

use super::error::CryptoError;
use super::key::{KeyKind, Signature, SignatureAlgorithm};

/// A key's material in checked form.
pub(super) enum Material<'a> {
    /// An uncompressed point, 65 bytes; whether it lies on the curve is the backend's to check.
    P256 { point: &'a [u8; 65] },
    /// An uncompressed point, 97 bytes.
    P384 { point: &'a [u8; 97] },
    /// Modulus and exponent in range, big endian without leading zeros.
    Rsa { modulus: &'a [u8], exponent: &'a [u8] },
}

impl Material<'_> {
    pub(super) const fn kind(&self) -> KeyKind {
        match self {
            Self::P256 { .. } => KeyKind::P256,
            Self::P384 { .. } => KeyKind::P384,
            Self::Rsa { modulus, .. } => KeyKind::Rsa { bytes: modulus.len() },
        }
    }
}

/// Decodes a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 5480, RFC 8017 appendix A.1).
pub(super) fn material(spki: &[u8]) -> Result<Material<'_>, CryptoError> {
    let info = SubjectPublicKeyInfo::<AnyRef<'_>, BitStringRef<'_>>::from_der(spki)
        .map_err(|_| CryptoError::KeyEncoding)?;
    let key = info.subject_public_key.as_bytes().ok_or(CryptoError::KeyEncoding)?;
    let unknown = || CryptoError::KeyAlgorithm { oid: info.algorithm.oid.to_string() };
    let parameters = info.algorithm.parameters.ok_or_else(unknown)?;
    match info.algorithm.oid {
        EC_PUBLIC_KEY => match parameters.decode_as::<ObjectIdentifier>() {
            Ok(SECP256R1) => {
                let point = point(key).ok_or(CryptoError::KeyPoint { kind: KeyKind::P256 })?;
                Ok(Material::P256 { point })
            }
            Ok(SECP384R1) => {
                let point = point(key).ok_or(CryptoError::KeyPoint { kind: KeyKind::P384 })?;
                Ok(Material::P384 { point })
            }
            _ => Err(unknown()),
        },
        RSA_ENCRYPTION if parameters.is_null() => rsa(key),
        _ => Err(unknown()),
    }
}

/// The uncompressed form of SEC 1 section 2.3.3 alone: one key, one encoding.
fn point<const N: usize>(key: &[u8]) -> Option<&[u8; N]> {
    let point: &[u8; N] = key.try_into().ok()?;
    (point.first() == Some(&0x04)).then_some(point)
}

fn rsa<'a>(key: &'a [u8]) -> Result<Material<'a>, CryptoError> {
    let (modulus, exponent) = (|| {
        let mut reader = SliceReader::new(key)?;
        let pair = reader.sequence(|fields| {
            Ok::<_, der::Error>((fields.decode::<UintRef<'a>>()?, fields.decode::<UintRef<'a>>()?))
        })?;
        reader.finish()?;
        Ok::<_, der::Error>(pair)
    })()
    .map_err(|_| CryptoError::KeyEncoding)?;
    let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());
    let bits = bits(modulus);
    let e = number(exponent);
    let odd = modulus.last().is_some_and(|byte| byte & 1 == 1);
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) || !odd || e < 3 || e & 1 == 0 {
        return Err(CryptoError::KeyRsa { bits, exponent: e });
    }
    Ok(Material::Rsa { modulus, exponent })
}

/// A big-endian number of at most 32 bits; 0 if it is larger.
fn number(bytes: &[u8]) -> u32 {
    if bytes.len() > 4 {
        return 0;
    }
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn bits(big_endian: &[u8]) -> usize {
    let leading = big_endian.first().map_or(0, |byte| byte.leading_zeros());
    let leading = usize::try_from(leading).unwrap_or(0);
    big_endian.len().saturating_mul(8).saturating_sub(leading)
}

/// A signature in its one accepted form.
pub(super) enum Canonical<'a> {
    Borrowed(&'a [u8]),
    /// r||s rewritten from DER, and how much of the buffer is used.
    Built([u8; 96], usize),
}

impl Canonical<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Built(buffer, used) => buffer.get(..*used).unwrap_or_default(),
        }
    }
}

/// Checks a signature's form and range, and brings DER to r||s.
pub(super) fn canonical<'a>(
    algorithm: SignatureAlgorithm,
    key: KeyKind,
    signature: Signature<'a>,
) -> Result<Canonical<'a>, CryptoError> {
    let order: &[u8] = match key {
        KeyKind::P256 => &P256_ORDER,
        KeyKind::P384 => &P384_ORDER,
        KeyKind::Rsa { bytes: expected } => {
            let Signature::Rsa(bytes) = signature else {
                return Err(CryptoError::WrongKey { algorithm, key });
            };
            if bytes.len() != expected {
                let actual = bytes.len();
                return Err(CryptoError::SignatureLength { algorithm, expected, actual });
            }
            return Ok(Canonical::Borrowed(bytes));
        }
    };
    let size = order.len();
    let canonical = match signature {
        Signature::EcdsaFixed(bytes) => {
            let (expected, actual) = (size.saturating_mul(2), bytes.len());
            if actual != expected {
                return Err(CryptoError::SignatureLength { algorithm, expected, actual });
            }
            Canonical::Borrowed(bytes)
        }
        Signature::EcdsaDer(der) => {
            from_der(der, size).ok_or(CryptoError::SignatureEncoding { algorithm })?
        }
        Signature::Rsa(_) => return Err(CryptoError::WrongKey { algorithm, key }),
    };
    let in_range = |scalar: &[u8]| scalar < order && scalar.iter().any(|byte| *byte != 0);
    match canonical.bytes().split_at_checked(size) {
        Some((r, s)) if in_range(r) && in_range(s) => Ok(canonical),
        _ => Err(CryptoError::SignatureRange { algorithm }),
    }
}

/// Reads ECDSA-Sig-Value: strict DER, both integers non-negative and at most `size` bytes.
fn from_der(der: &[u8], size: usize) -> Option<Canonical<'static>> {
    let mut reader = SliceReader::new(der).ok()?;
    let (r, s) = reader
        .sequence(|fields| {
            Ok::<_, der::Error>((fields.decode::<UintRef<'_>>()?, fields.decode::<UintRef<'_>>()?))
        })
        .ok()?;
    reader.finish().ok()?;
    let mut buffer = [0; 96];
    let used = size.checked_mul(2)?;
    let (left, right) = buffer.get_mut(..used)?.split_at_mut_checked(size)?;
    for (half, number) in [(left, r), (right, s)] {
        let start = size.checked_sub(number.as_bytes().len())?;
        half.get_mut(start..)?.copy_from_slice(number.as_bytes());
    }
    Some(Canonical::Built(buffer, used))
}

/// The SubjectPublicKeyInfo of a P-256 key with these coordinates (RFC 5480 section 2).
pub(super) fn p256_spki(xy: &[u8; 64]) -> [u8; 91] {
    let mut spki = [0; 91];
    let (head, tail) = spki.split_at_mut(P256_SPKI_HEAD.len());
    head.copy_from_slice(&P256_SPKI_HEAD);
    tail.copy_from_slice(xy);
    spki
}

/// The SubjectPublicKeyInfo of a P-384 key with these coordinates (RFC 5480 section 2).
pub(super) fn p384_spki(xy: &[u8; 96]) -> [u8; 120] {
    let mut spki = [0; 120];
    let (head, tail) = spki.split_at_mut(P384_SPKI_HEAD.len());
    head.copy_from_slice(&P384_SPKI_HEAD);
    tail.copy_from_slice(xy);
    spki
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Below 2048 bits RSA no longer protects; above 8192 a hostile certificate would only buy time on our processor.
const RSA_MIN_BITS: usize = 2048;
const RSA_MAX_BITS: usize = 8192;

/// Everything before x||y: two SEQUENCEs, the two object identifiers, the BIT STRING's head and the byte 04.
const P256_SPKI_HEAD: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The same for P-384.
const P384_SPKI_HEAD: [u8; 24] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
    0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
];

/// The order n of P-256, big endian (SP 800-186 section 3.2.1.3).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order n of P-384, big endian (SP 800-186 section 3.2.1.4).
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
