//! The evidence JSON of CoCo's attesters, written from minted evidence.
//!
//! ```
//! use system_tests::coco;
//!
//! assert_eq!(coco::quote_evidence(b"quote"), br#"{"quote":"cXVvdGU="}"#);
//! ```
#![expect(clippy::indexing_slicing, reason = "a helper of tests: a report has its size")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sim::amd::{FirmwareVersion, ReportFields};

/// The evidence JSON of CoCo's SNP attester.
pub fn snp_evidence(fields: &ReportFields, report: &[u8], chain: &Value) -> Vec<u8> {
    let turin = fields.cpuid[0] == 0x1a;
    let tcb = |raw: [u8; 8]| match (turin, raw) {
        (true, [fmc, bootloader, tee, snp, _, _, _, microcode]) => {
            json!({ "fmc": fmc, "bootloader": bootloader, "tee": tee, "snp": snp, "microcode": microcode })
        }
        (false, [bootloader, tee, _, _, _, _, snp, microcode]) => {
            json!({ "fmc": null, "bootloader": bootloader, "tee": tee, "snp": snp, "microcode": microcode })
        }
    };
    let firmware = |version: FirmwareVersion| json!({ "major": version.major, "minor": version.minor, "build": version.build });
    let [family, model, stepping] = fields.cpuid;
    let report = json!({
        "version": fields.version, "guest_svn": fields.guest_svn, "policy": fields.policy,
        "family_id": fields.family_id, "image_id": fields.image_id, "vmpl": fields.vmpl,
        "sig_algo": fields.signature_algorithm, "current_tcb": tcb(fields.current_tcb),
        "plat_info": fields.platform_info, "key_info": fields.key_info,
        "report_data": fields.report_data.to_vec(), "measurement": fields.measurement.to_vec(),
        "host_data": fields.host_data, "id_key_digest": fields.id_key_digest.to_vec(),
        "author_key_digest": fields.author_key_digest.to_vec(), "report_id": fields.report_id,
        "report_id_ma": fields.report_id_ma, "reported_tcb": tcb(fields.reported_tcb),
        "cpuid_fam_id": family, "cpuid_mod_id": model, "cpuid_step": stepping,
        "chip_id": fields.chip_id.to_vec(), "committed_tcb": tcb(fields.committed_tcb),
        "current": firmware(fields.current), "committed": firmware(fields.committed),
        "launch_tcb": tcb(fields.launch_tcb), "launch_mit_vector": fields.launch_mitigations,
        "current_mit_vector": fields.current_mitigations,
        "signature": { "r": report[0x2a0..0x2e8].to_vec(), "s": report[0x2e8..0x330].to_vec() },
    });
    json!({ "attestation_report": report, "cert_chain": chain }).to_string().into_bytes()
}

/// The evidence JSON of CoCo's TDX and SGX attesters, without an event log.
pub fn quote_evidence(quote: &[u8]) -> Vec<u8> {
    json!({ "quote": STANDARD.encode(quote) }).to_string().into_bytes()
}
