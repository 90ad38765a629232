//! ID blocks and their authentication information, with the owner's keys (56860, SNP_LAUNCH_FINISH).

use sha2::{Digest as _, Sha384};

use crate::amd::ReportFields;
use crate::error::MintError;
use crate::keys::P384Key;

/// What the image's owner signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdBlockFields {
    /// LD: the launch digest.
    pub launch_digest: [u8; 48],
    /// FAMILY_ID.
    pub family_id: [u8; 16],
    /// IMAGE_ID.
    pub image_id: [u8; 16],
    /// VERSION: 1.
    pub version: u32,
    /// GUEST_SVN.
    pub guest_svn: u32,
    /// POLICY: the guest policy.
    pub policy: u64,
}

/// The owner's keys.
#[derive(Clone, Debug)]
pub struct OwnerKeys {
    /// Signs the block.
    pub id: P384Key,
    /// Certifies the ID key, if there is one.
    pub author: Option<P384Key>,
}

impl IdBlockFields {
    /// The block that a report says its guest was launched with.
    pub const fn of(report: &ReportFields) -> Self {
        Self {
            launch_digest: report.measurement,
            family_id: report.family_id,
            image_id: report.image_id,
            version: 1,
            guest_svn: report.guest_svn,
            policy: report.policy,
        }
    }

    /// The 96 bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        [
            &self.launch_digest[..],
            &self.family_id,
            &self.image_id,
            &self.version.to_le_bytes(),
            &self.guest_svn.to_le_bytes(),
            &self.policy.to_le_bytes(),
        ]
        .concat()
    }
}

impl OwnerKeys {
    /// Writes the digests of the keys into a report, as the firmware does that launched the guest with a block.
    pub fn name_in(&self, report: &mut ReportFields) {
        report.id_key_digest = key_digest(&self.id);
        if let Some(author) = &self.author {
            report.author_key_digest = key_digest(author);
            report.key_info |= 1;
        }
    }

    /// The block and, behind it, the 4096 bytes of authentication information.
    pub fn sign(&self, block: &IdBlockFields) -> Result<Vec<u8>, MintError> {
        let block = block.encode();
        let id_key = public_key(&self.id);
        let (key_signature, author_key) = match &self.author {
            Some(author) => (signature(author, &id_key)?, public_key(author)),
            None => (vec![0; SIGNATURE], vec![0; KEY]),
        };
        let author_algorithm: u32 = if self.author.is_some() { 1 } else { 0 };
        Ok([
            block.clone(),
            1_u32.to_le_bytes().to_vec(),
            author_algorithm.to_le_bytes().to_vec(),
            vec![0; 56],
            signature(&self.id, &block)?,
            id_key,
            vec![0; 60],
            key_signature,
            author_key,
            vec![0; 892],
        ]
        .concat())
    }
}

/// SHA-384 of the structure that holds a public key, as reports name keys.
pub fn key_digest(key: &P384Key) -> [u8; 48] {
    Sha384::digest(public_key(key)).into()
}

/// Curve 2 (P-384), QX and QY little endian in 72 bytes each, 880 reserved bytes.
fn public_key(key: &P384Key) -> Vec<u8> {
    let point = key.public_point();
    let (x, y) = point.split_at(48);
    [2_u32.to_le_bytes().to_vec(), little_endian(x), little_endian(y), vec![0; 880]].concat()
}

/// R and S little endian in 72 bytes each, 368 reserved bytes.
fn signature(key: &P384Key, message: &[u8]) -> Result<Vec<u8>, MintError> {
    let fixed = key.sign_fixed(message)?;
    let (r, s) = fixed.split_at(48);
    Ok([little_endian(r), little_endian(s), vec![0; 368]].concat())
}

fn little_endian(number: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.iter().rev().copied().collect();
    bytes.resize(72, 0);
    bytes
}

const SIGNATURE: usize = 0x200;
const KEY: usize = 0x404;
