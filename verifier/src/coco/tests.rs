use serde_json::{Value, json};

use super::decode;
use crate::error::ParseError;
use crate::evidence::{EvidenceInput, Tee};

const MILAN: &[u8; 1184] = include_bytes!("../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/report.bin");

/// The `sev` crate's serde form of a report whose TCBs have Milan's layout.
fn fields(report: &[u8; 1184]) -> Value {
    let u32_at = |at: usize| u32::from_le_bytes(report[at..at + 4].try_into().unwrap());
    let u64_at = |at: usize| u64::from_le_bytes(report[at..at + 8].try_into().unwrap());
    let tcb = |at: usize| {
        json!({"fmc": null, "bootloader": report[at], "tee": report[at + 1],
               "snp": report[at + 6], "microcode": report[at + 7]})
    };
    let firmware = |at: usize| json!({"major": report[at + 2], "minor": report[at + 1], "build": report[at]});
    json!({
        "version": u32_at(0), "guest_svn": u32_at(4), "policy": u64_at(8), "family_id": report[0x10..0x20],
        "image_id": report[0x20..0x30], "vmpl": u32_at(0x30), "sig_algo": u32_at(0x34),
        "current_tcb": tcb(0x38), "plat_info": u64_at(0x40), "key_info": u32_at(0x48),
        "report_data": report[0x50..0x90], "measurement": report[0x90..0xc0], "host_data": report[0xc0..0xe0],
        "id_key_digest": report[0xe0..0x110], "author_key_digest": report[0x110..0x140],
        "report_id": report[0x140..0x160], "report_id_ma": report[0x160..0x180], "reported_tcb": tcb(0x180),
        "cpuid_fam_id": null, "cpuid_mod_id": null, "cpuid_step": null, "chip_id": report[0x1a0..0x1e0],
        "committed_tcb": tcb(0x1e0), "current": firmware(0x1e8), "committed": firmware(0x1ec),
        "launch_tcb": tcb(0x1f0), "launch_mit_vector": null, "current_mit_vector": null,
        "signature": {"r": report[0x2a0..0x2e8], "s": report[0x2e8..0x330]},
    })
}

fn evidence(report: &Value) -> Vec<u8> {
    json!({"attestation_report": report, "cert_chain": null}).to_string().into_bytes()
}

#[test]
fn writes_a_real_report_back_to_its_bytes() {
    let decoded = decode(&evidence(&fields(MILAN)), None);
    let expected = EvidenceInput {
        tee: Tee::Snp,
        bytes: MILAN.to_vec(),
        carried: Vec::new(),
        event_log: None,
        sample_svn: None,
    };
    assert_eq!(decoded, Ok(expected));
}

#[test]
fn places_the_fmc_first_where_there_is_one() {
    let mut report = fields(MILAN);
    report["reported_tcb"] = json!({"fmc": 1, "bootloader": 2, "tee": 3, "snp": 4, "microcode": 5});
    let decoded = decode(&evidence(&report), Some(Tee::Snp)).unwrap();
    assert_eq!(decoded.bytes[0x180..0x188], [1, 2, 3, 4, 0, 0, 0, 5]);
}

#[test]
fn carries_named_certificates_and_leaves_other_entries() {
    let table = json!([
        {"cert_type": "VCEK", "data": [0x30, 0]},
        {"cert_type": {"OTHER": "00000000-0000-0000-0000-000000000001"}, "data": [1, 2]},
    ]);
    let json = json!({"attestation_report": fields(MILAN), "cert_chain": table}).to_string();
    assert_eq!(decode(json.as_bytes(), None).unwrap().carried, [vec![0x30, 0]]);
}

#[test]
fn refuses_a_field_of_another_length() {
    for length in [63, 65] {
        let mut report = fields(MILAN);
        report["report_data"] = json!(vec![7; length]);
        let json = evidence(&report);
        let error = decode(&json, Some(Tee::Snp)).unwrap_err();
        assert!(matches!(error, ParseError::Coco { tee: Tee::Snp, .. }), "{length}: {error:?}");
    }
}

#[test]
fn refuses_a_member_given_twice() {
    let text = String::from_utf8(evidence(&fields(MILAN))).unwrap();
    let twice = text.replacen("\"vmpl\":", "\"vmpl\":0,\"vmpl\":", 1);
    let error = decode(twice.as_bytes(), Some(Tee::Snp)).unwrap_err();
    assert!(matches!(&error, ParseError::Coco { tee: Tee::Snp, .. }), "{error:?}");
}

#[test]
fn refuses_more_certificates_than_the_table_can_name() {
    let entry = json!({"cert_type": "VCEK", "data": [0x30, 0]});
    let table: Vec<_> = std::iter::repeat_n(entry, 13).collect();
    let json = json!({"attestation_report": fields(MILAN), "cert_chain": table}).to_string();
    let reason = "more than 12 certificates in cert_chain".to_owned();
    assert_eq!(decode(json.as_bytes(), None), Err(ParseError::Coco { tee: Tee::Snp, reason }));
}

#[test]
fn refuses_json_that_is_no_evidence() {
    assert_eq!(decode(br#"{"svn":"1"}"#, None), Err(ParseError::Unrecognised));
    assert_eq!(decode(br#"{"quote":"#, None), Err(ParseError::Unrecognised));
}
