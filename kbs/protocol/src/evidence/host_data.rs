//! The field of evidence that carries the digest of init-data (docs/kbs-protocol.md section 9).

use super::{EvidenceError, Sgx, Snp, Tdx};
use crate::hash::Digest;
use crate::json::RawJson;
use crate::tee::Tee;

/// The field that the host fills at launch, by its name in the vendor's specification, and what it holds: SNP's HOST_DATA
/// (AMD 56860, ATTESTATION_REPORT), TDX's MRCONFIGID (Intel TDX DCAP, TD report 1.0 and 1.5 alike), SGX's CONFIGID (Intel SDM,
/// REPORT). None where evidence of this kind has no such field, or this library knows none.
///
/// Nothing is verified: an agent looks here for what its own hardware said.
pub fn host_data(tee: Tee, evidence: &RawJson) -> Result<Option<(&'static str, Vec<u8>)>, EvidenceError> {
    let (name, bytes, at) = match tee {
        Tee::Snp => ("HOST_DATA", Snp::parse(evidence)?.report()?.to_vec(), 0xC0..0xE0),
        Tee::Tdx => {
            let quote = Tdx::parse(evidence)?.quote()?;
            // Version 5 has the type and the size of the body before it.
            let body = if quote.starts_with(&[5, 0]) { HEADER + DESCRIPTOR } else { HEADER };
            ("MRCONFIGID", quote, body + MR_CONFIG_ID..body + MR_CONFIG_ID + 48)
        }
        Tee::Sgx => {
            let at = HEADER + CONFIG_ID;
            ("CONFIGID", Sgx::parse(evidence)?.quote()?, at..at + 64)
        }
        _ => return Ok(None),
    };
    let field =
        bytes.get(at.clone()).ok_or(EvidenceError::Short { expected: at.end, actual: bytes.len() })?;
    Ok(Some((name, field.to_vec())))
}

/// What that field holds of a guest that was launched with init-data of this digest: the digest, cut or filled with zeros to
/// the field's width.
pub fn host_data_of(tee: Tee, digest: &Digest) -> Option<Vec<u8>> {
    let width = match tee {
        Tee::Snp => 32,
        Tee::Tdx => 48,
        Tee::Sgx => 64,
        _ => return None,
    };
    let mut field = digest.as_bytes().to_vec();
    field.resize(width, 0);
    Some(field)
}

/// Intel DCAP, quote header of versions 3 to 5.
const HEADER: usize = 48;
/// Intel DCAP, quote version 5: body type of 2 bytes, body size of 4.
const DESCRIPTOR: usize = 6;
/// In a TD report: after TEE_TCB_SVN (16), MRSEAM (48), MRSIGNERSEAM (48), SEAMATTRIBUTES (8), TDATTRIBUTES (8), XFAM (8) and
/// MRTD (48).
const MR_CONFIG_ID: usize = 184;
/// In an enclave's report: after CPUSVN (16), MISCSELECT (4), reserved (12), ISVEXTPRODID (16), ATTRIBUTES (16), MRENCLAVE
/// (32), reserved (32), MRSIGNER (32) and reserved (32).
const CONFIG_ID: usize = 192;
