//! The ID block, by which an image's owner signs what may be launched, and its authentication information
//! (AMD 56860, SNP_LAUNCH_FINISH: ID Block Structure, ID Authentication Information Structure).
//!
//! The firmware checked both before it launched the guest and wrote the digests of the keys into every report. Given
//! the two structures again, anybody can check that the owner's key signed exactly this guest: launch digest, family,
//! image, security version and policy.

use serde::Deserialize;

use super::error::IdBlockError;
use crate::crypto::{PublicKey, Signature, SignatureAlgorithm, SignatureMemo, sha384};
use crate::reader::{ReadError, Reader};

/// An ID block with its authentication information, well formed; whether the signatures hold is asked when it is used.
#[derive(Clone, Debug)]
pub struct IdBlock {
    /// The block's 96 bytes: what the ID key signed.
    signed: Box<[u8; ID_BLOCK_SIZE]>,
    pub(super) contents: Contents,
    id_key: Key,
    block_signature: [u8; 96],
    author: Option<Author>,
    /// Remembers that the ID key signed the block.
    block_memo: SignatureMemo,
    /// Remembers that the author key signed the ID key.
    key_memo: SignatureMemo,
}

/// What the owner signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) launch_digest: [u8; 48],
    pub(super) family_id: [u8; 16],
    pub(super) image_id: [u8; 16],
    pub(super) guest_svn: u32,
    pub(super) policy: u64,
}

/// A public key as the firmware hashes it: the whole structure, reserved bytes included.
#[derive(Clone, Debug)]
struct Key {
    structure: Box<[u8; KEY_SIZE]>,
    public: PublicKey,
    digest: [u8; 48],
}

/// The key that vouches for the ID key.
#[derive(Clone, Debug)]
struct Author {
    key: Key,
    signature: [u8; 96],
}

/// What the ID blocks among the endorsements say of a verified report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdBlockState {
    /// None of them is signed by the key that the report names.
    Absent,
    /// One is the owner's signature over exactly this guest.
    Verified {
        /// SHA-384 of the ID key, as in the report.
        id_key_digest: [u8; 48],
        /// SHA-384 of the author key, where the report says that there is one.
        author_key_digest: Option<[u8; 48]>,
        /// The security version that the owner gave the guest.
        guest_svn: u32,
    },
    /// One is by the key that the report names, and is not this guest's or not signed.
    Refuted(IdBlockMismatch),
}

/// Where an ID block and the report part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdBlockMismatch {
    /// The field, by the report's name, or the signature that does not hold.
    pub field: &'static str,
    /// What the report has, or what was wanted.
    pub expected: String,
    /// What the ID block has, or why the signature was not accepted.
    pub actual: String,
}

/// The fields of a report that an ID block must equal.
pub(super) struct Launched<'a> {
    pub(super) contents: Contents,
    pub(super) id_key_digest: &'a [u8; 48],
    /// Where AUTHOR_KEY_EN is set.
    pub(super) author_key_digest: Option<&'a [u8; 48]>,
}

impl IdBlock {
    /// Parses the ID block and, behind it, the authentication information: 96 and 4096 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, IdBlockError> {
        if bytes.len() != ID_BLOCK_SIZE.saturating_add(ID_AUTH_SIZE) {
            return Err(IdBlockError::Size { actual: bytes.len() });
        }
        let mut reader = Reader::new("SNP ID block", bytes);
        let signed: &[u8; ID_BLOCK_SIZE] = reader.array_ref()?;
        let contents = contents(signed)?;
        let mut auth = Reader::new("SNP ID authentication information", reader.take(ID_AUTH_SIZE)?);
        reader.finish()?;
        let (id_algorithm, author_algorithm) = (auth.u32_le()?, auth.u32_le()?);
        if id_algorithm != ECDSA_P384_SHA384 {
            return Err(IdBlockError::Algorithm { key: "ID", actual: id_algorithm });
        }
        auth.reserved(56)?;
        let block_signature = signature(auth.array_ref()?)?;
        let id_key = Key::parse(auth.array_ref()?)?;
        auth.reserved(60)?;
        let (key_signature, author_key) = (auth.array_ref()?, auth.array_ref()?);
        auth.reserved(892)?;
        auth.finish()?;
        let author = author(author_algorithm, key_signature, author_key)?;
        Ok(Self {
            signed: Box::new(*signed),
            contents,
            id_key,
            block_signature,
            author,
            block_memo: SignatureMemo::default(),
            key_memo: SignatureMemo::default(),
        })
    }

    /// Parses the JSON form: `id_block` and `id_auth` in base64, as QEMU's `sev-snp-guest` takes them (there with a
    /// dash in place of the line, which is taken too).
    pub(crate) fn parse_json(text: &[u8]) -> Result<Self, IdBlockError> {
        let form = |reason: String| IdBlockError::Json { reason };
        let parts: Parts = serde_json::from_slice(text).map_err(|error| form(error.to_string()))?;
        let mut bytes = decode("id_block", &parts.id_block, ID_BLOCK_SIZE)?;
        bytes.extend(decode("id_auth", &parts.id_auth, ID_AUTH_SIZE)?);
        Self::parse(&bytes)
    }

    /// Whether bytes of this form can be meant: the size of the two structures, and the one known algorithm with the
    /// reserved bytes behind it where the second begins.
    pub(crate) fn is_meant(bytes: &[u8]) -> bool {
        let mut reader = Reader::new("SNP ID block", bytes);
        bytes.len() == ID_BLOCK_SIZE.saturating_add(ID_AUTH_SIZE)
            && reader.take(ID_BLOCK_SIZE).is_ok()
            && reader.u32_le() == Ok(ECDSA_P384_SHA384)
            && reader.u32_le().is_ok_and(|algorithm| algorithm <= ECDSA_P384_SHA384)
            && reader.reserved(56).is_ok()
    }

    /// SHA-384 of the ID key, as ID_KEY_DIGEST has it.
    pub(super) const fn id_key_digest(&self) -> &[u8; 48] {
        &self.id_key.digest
    }

    /// Checks everything that can be checked of this block against a report whose ID_KEY_DIGEST it has.
    pub(super) fn check(&self, launched: &Launched<'_>) -> Result<(), IdBlockMismatch> {
        // 1. The block is about this guest.
        self.contents.check(&launched.contents)?;
        // 2. The ID key signed the block.
        let signed = |key: &Key, message: &[u8], signature: &[u8; 96]| {
            let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
            key.public.verify(algorithm, message, Signature::EcdsaFixed(signature))
        };
        self.block_memo
            .check(&self.id_key.public, || signed(&self.id_key, &*self.signed, &self.block_signature))
            .map_err(|error| {
                mismatch("ID_BLOCK_SIG", "the ID key's signature over the block", error.to_string())
            })?;
        // 3. Where the report has an author key: it is this one, and it signed the ID key.
        let Some(digest) = launched.author_key_digest else { return Ok(()) };
        let Some(author) = &self.author else {
            return Err(mismatch("AUTHOR_KEY_DIGEST", hex::encode(digest), "no author key"));
        };
        differ("AUTHOR_KEY_DIGEST", digest, &author.key.digest)?;
        self.key_memo
            .check(&author.key.public, || signed(&author.key, &*self.id_key.structure, &author.signature))
            .map_err(|error| {
                mismatch("ID_KEY_SIG", "the author key's signature over the ID key", error.to_string())
            })
    }
}

impl Contents {
    fn check(&self, launched: &Self) -> Result<(), IdBlockMismatch> {
        differ("MEASUREMENT", &launched.launch_digest, &self.launch_digest)?;
        differ("FAMILY_ID", &launched.family_id, &self.family_id)?;
        differ("IMAGE_ID", &launched.image_id, &self.image_id)?;
        differ("GUEST_SVN", &launched.guest_svn.to_be_bytes(), &self.guest_svn.to_be_bytes())?;
        differ("POLICY", &launched.policy.to_be_bytes(), &self.policy.to_be_bytes())
    }
}

impl Key {
    /// ECDSA public key: curve, QX, QY (72 bytes little endian each), 880 reserved bytes.
    fn parse(structure: &[u8; KEY_SIZE]) -> Result<Self, IdBlockError> {
        let mut reader = Reader::new("SNP ECDSA public key", structure);
        let curve = reader.u32_le()?;
        if curve != CURVE_P384 {
            return Err(IdBlockError::Curve { actual: curve });
        }
        let (x, y) = (scalar(&mut reader)?, scalar(&mut reader)?);
        reader.reserved(880)?;
        reader.finish()?;
        let public = PublicKey::p384(&big_endian(x, y)).map_err(IdBlockError::Key)?;
        Ok(Self { digest: sha384(structure), structure: Box::new(*structure), public })
    }
}

fn contents(block: &[u8; ID_BLOCK_SIZE]) -> Result<Contents, IdBlockError> {
    let mut reader = Reader::new("SNP ID block", block);
    let (launch_digest, family_id, image_id) = (reader.array()?, reader.array()?, reader.array()?);
    let (version, guest_svn, policy) = (reader.u32_le()?, reader.u32_le()?, reader.u64_le()?);
    reader.finish()?;
    if version != ID_BLOCK_VERSION {
        return Err(IdBlockError::Version { actual: version });
    }
    Ok(Contents { launch_digest, family_id, image_id, guest_svn, policy })
}

/// The author's part is all zero where no author key is used; then its algorithm means nothing.
fn author(
    algorithm: u32,
    key_signature: &[u8; SIGNATURE_SIZE],
    key: &[u8; KEY_SIZE],
) -> Result<Option<Author>, IdBlockError> {
    if algorithm > ECDSA_P384_SHA384 {
        return Err(IdBlockError::Algorithm { key: "author", actual: algorithm });
    }
    if super::endorsement::is_zero(key) && super::endorsement::is_zero(key_signature) {
        return Ok(None);
    }
    if algorithm != ECDSA_P384_SHA384 {
        return Err(IdBlockError::Algorithm { key: "author", actual: algorithm });
    }
    Ok(Some(Author { key: Key::parse(key)?, signature: signature(key_signature)? }))
}

/// ECDSA signature: R, S (72 bytes little endian each), 368 reserved bytes; given back as r||s, big endian.
fn signature(structure: &[u8; SIGNATURE_SIZE]) -> Result<[u8; 96], IdBlockError> {
    let mut reader = Reader::new("SNP ECDSA signature", structure);
    let (r, s) = (scalar(&mut reader)?, scalar(&mut reader)?);
    reader.reserved(368)?;
    reader.finish()?;
    Ok(big_endian(r, s))
}

fn scalar<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8; 48], ReadError> {
    let number = reader.array_ref()?;
    reader.reserved(24)?;
    Ok(number)
}

fn big_endian(first: &[u8; 48], second: &[u8; 48]) -> [u8; 96] {
    let mut joined = [0; 96];
    for (byte, value) in joined.iter_mut().zip(first.iter().rev().chain(second.iter().rev())) {
        *byte = *value;
    }
    joined
}

/// Base64 of exactly `size` bytes; nothing longer is decoded.
fn decode(name: &'static str, text: &str, size: usize) -> Result<Vec<u8>, IdBlockError> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let wrong = || IdBlockError::Base64 { name, size };
    if base64::encoded_len(size, true) != Some(text.len()) {
        return Err(wrong());
    }
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() == size).ok_or_else(wrong)
}

fn differ(field: &'static str, report: &[u8], block: &[u8]) -> Result<(), IdBlockMismatch> {
    if report == block { Ok(()) } else { Err(mismatch(field, hex::encode(report), hex::encode(block))) }
}

fn mismatch(field: &'static str, expected: impl Into<String>, actual: impl Into<String>) -> IdBlockMismatch {
    IdBlockMismatch { field, expected: expected.into(), actual: actual.into() }
}

#[derive(Deserialize)]
struct Parts {
    #[serde(alias = "id-block")]
    id_block: String,
    #[serde(alias = "id-auth")]
    id_auth: String,
}

const ID_BLOCK_SIZE: usize = 96;
const ID_AUTH_SIZE: usize = 4096;
const KEY_SIZE: usize = 0x404;
const SIGNATURE_SIZE: usize = 0x200;
const ID_BLOCK_VERSION: u32 = 1;
/// ID_KEY_ALGO and AUTH_KEY_ALGO: the one algorithm there is.
const ECDSA_P384_SHA384: u32 = 1;
/// The number of P-384 in AMD's public keys.
const CURVE_P384: u32 = 2;
