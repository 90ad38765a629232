use super::*;

const MILAN: &[u8; REPORT_BYTES] =
    include_bytes!("../../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/report.bin");
const GENOA: &[u8; REPORT_BYTES] =
    include_bytes!("../../../../../fixtures/snp/snp-8253e98e04-genoa-v2-vcek/report.bin");

/// A report of this version and CPU family in which every carried byte differs from its neighbours.
fn patterned(version: u8, family: u8) -> [u8; REPORT_BYTES] {
    let mut bytes = [0; REPORT_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::try_from(index % 251).unwrap() + 1;
    }
    let turin = family >= 0x1A;
    let mut reserved = vec![0x4C..0x50, 0x18B..0x1A0, 0x1EB..0x1EC, 0x1EF..0x1F0, 0x208..0x2A0, 0x330..0x4A0];
    for tcb in [0x38, 0x180, 0x1E0, 0x1F0] {
        reserved.push(if turin { tcb + 4..tcb + 7 } else { tcb + 2..tcb + 6 });
    }
    if version < 3 {
        reserved.push(0x188..0x18B);
    }
    if version < 5 {
        reserved.push(0x1F8..0x208);
    }
    for range in reserved {
        bytes[range].fill(0);
    }
    bytes[..4].copy_from_slice(&[version, 0, 0, 0]);
    if version >= 3 {
        bytes[0x188] = family;
    }
    bytes
}

fn tree(report: &[u8]) -> serde_json::Value {
    serde_json::from_str(Snp::new(report, Vec::new()).unwrap().to_json().unwrap().get()).unwrap()
}

#[test]
fn real_and_patterned_reports_come_back_byte_for_byte() {
    for report in [
        *MILAN,
        *GENOA,
        patterned(2, 0x19),
        patterned(3, 0x19),
        patterned(4, 0x19),
        patterned(5, 0x19),
        patterned(3, 0x1A),
        patterned(5, 0x1A),
    ] {
        let json = Snp::new(&report, Vec::new()).unwrap().to_json().unwrap();
        assert_eq!(Snp::parse(&json).unwrap().report(), Ok(report));
    }
}

#[test]
fn writes_every_member_at_its_place() {
    let json = tree(&patterned(5, 0x1A));
    let report = &json["attestation_report"];
    let ints = |from: usize, count: usize| serde_json::json!(patterned(5, 0x1A)[from..from + count].to_vec());
    assert_eq!(report["version"], 5);
    assert_eq!(report["vmpl"], 0x3433_3231);
    assert_eq!(report["policy"], 0x100F_0E0D_0C0B_0A09_u64);
    assert_eq!(report["report_data"], ints(0x50, 64));
    assert_eq!(report["measurement"], ints(0x90, 48));
    assert_eq!(report["host_data"], ints(0xC0, 32));
    assert_eq!(report["id_key_digest"], ints(0xE0, 48));
    assert_eq!(report["author_key_digest"], ints(0x110, 48));
    assert_eq!(report["report_id"], ints(0x140, 32));
    assert_eq!(report["report_id_ma"], ints(0x160, 32));
    assert_eq!(report["chip_id"], ints(0x1A0, 64));
    assert_eq!(report["signature"], serde_json::json!({"r": ints(0x2A0, 72), "s": ints(0x2E8, 72)}));
    assert_eq!(
        report["current_tcb"],
        serde_json::json!({"fmc": 57, "bootloader": 58, "tee": 59, "snp": 60, "microcode": 64})
    );
    assert_eq!(json["cert_chain"], serde_json::Value::Null);
}

#[test]
fn members_stand_in_the_order_of_sev() {
    let text = Snp::new(MILAN, Vec::new()).unwrap().to_json().unwrap();
    let places: Vec<_> = [
        "version",
        "guest_svn",
        "policy",
        "family_id",
        "image_id",
        "vmpl",
        "sig_algo",
        "current_tcb",
        "plat_info",
        "key_info",
        "report_data",
        "measurement",
        "host_data",
        "id_key_digest",
        "author_key_digest",
        "report_id",
        "report_id_ma",
        "reported_tcb",
        "cpuid_fam_id",
        "cpuid_mod_id",
        "cpuid_step",
        "chip_id",
        "committed_tcb",
        "current",
        "committed",
        "launch_tcb",
        "launch_mit_vector",
        "current_mit_vector",
        "signature",
    ]
    .iter()
    .map(|name| text.get().find(&format!("\"{name}\":")).unwrap())
    .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn the_older_layout_has_no_fmc() {
    assert_eq!(
        tree(MILAN)["attestation_report"]["reported_tcb"],
        serde_json::json!({"fmc": null, "bootloader": 3, "tee": 0, "snp": 8, "microcode": 115})
    );
}

#[test]
fn a_version_2_report_with_an_id_of_eight_bytes_has_the_newer_layout() {
    let mut report = patterned(2, 0x1A);
    report[0x1A8..0x1E0].fill(0);
    assert_eq!(tree(&report)["attestation_report"]["launch_tcb"]["fmc"], report[0x1F0]);
    assert_eq!(Snp::new(&report, Vec::new()).unwrap().report(), Ok(report));
}

#[test]
fn a_version_2_report_with_a_masked_id_has_the_older_layout() {
    let mut report = patterned(2, 0x19);
    report[0x1A0..0x1E0].fill(0);
    assert_eq!(tree(&report)["attestation_report"]["launch_tcb"]["fmc"], serde_json::Value::Null);
}

#[test]
fn refuses_a_reserved_byte_that_is_set() {
    for offset in [0x4C, 0x18B, 0x19F, 0x1EB, 0x1EF, 0x208, 0x29F, 0x330, 0x49F, 0x3A, 0x1F8] {
        let mut report = patterned(3, 0x19);
        report[offset] = 1;
        assert_eq!(Snp::new(&report, Vec::new()), Err(EvidenceError::NotCarried { offset }), "{offset:#x}");
    }
}

#[test]
fn refuses_other_versions_and_sizes() {
    assert_eq!(Snp::new(&patterned(1, 0x19), Vec::new()), Err(EvidenceError::ReportVersion { actual: 1 }));
    assert_eq!(Snp::new(&patterned(6, 0x19), Vec::new()), Err(EvidenceError::ReportVersion { actual: 6 }));
    assert_eq!(
        Snp::new(&MILAN[1..], Vec::new()),
        Err(EvidenceError::ReportSize { expected: 1184, actual: 1183 })
    );
}

#[test]
fn refuses_members_that_do_not_fit_the_version() {
    let changed = |report: [u8; REPORT_BYTES], member: &str, value: serde_json::Value| {
        let mut json = tree(&report);
        json["attestation_report"][member] = value;
        Snp::parse(&RawJson::of(&json).unwrap()).and_then(|snp| snp.report())
    };
    assert_eq!(
        changed(patterned(2, 0x19), "cpuid_step", 1.into()),
        Err(EvidenceError::Member { member: "cpuid_step", version: 2 })
    );
    assert_eq!(
        changed(patterned(3, 0x19), "cpuid_fam_id", serde_json::Value::Null),
        Err(EvidenceError::Member { member: "cpuid_fam_id", version: 3 })
    );
    assert_eq!(
        changed(patterned(5, 0x19), "launch_mit_vector", serde_json::Value::Null),
        Err(EvidenceError::Member { member: "launch_mit_vector", version: 5 })
    );
    assert_eq!(
        changed(patterned(3, 0x19), "current_mit_vector", 1.into()),
        Err(EvidenceError::Member { member: "current_mit_vector", version: 3 })
    );
}

#[test]
fn refuses_an_array_of_another_length() {
    for count in [63, 65] {
        let mut json = tree(MILAN);
        json["attestation_report"]["chip_id"] = serde_json::json!(vec![1; count]);
        let error = Snp::parse(&RawJson::of(&json).unwrap()).unwrap_err();
        assert!(matches!(error, EvidenceError::Json(_)), "{error:?}");
    }
}

#[test]
fn carries_the_certificates_of_the_host() {
    let vcek = CertificateEntry { cert_type: "VCEK".to_owned(), data: vec![0x30, 0x82] };
    let snp = Snp::new(MILAN, vec![vcek.clone()]).unwrap();
    let json = snp.to_json().unwrap();
    assert!(json.get().ends_with(r#""cert_chain":[{"cert_type":"VCEK","data":[48,130]}]}"#));
    assert_eq!(Snp::parse(&json).unwrap().certificates(), [vcek]);
}
