//! Every real SNP report with its chain before `sev` and before our verifier: both believe it and read the same fields, and every
//! mutation is refused by both. `sev` has no time and no CRLs; what else it does not compare is in snp.rs.

use std::path::Path;

use fixtures::{Entry, FixtureTee};
use oracles::{Both, Files, fixture_sets, mutations, sev};
use serde_json::{Value, json};
use sev::firmware::guest::AttestationReport;
use sev::firmware::host::TcbVersion;
use sev::parser::ByteParser;

#[test]
fn every_real_report_is_believed_by_both_and_says_the_same() {
    let mut same = 0;
    for (set, root) in fixture_sets() {
        for entry in reports(&root) {
            for case in entry.cases() {
                let (report, files) = (entry.evidence(&root), entry.endorsements(&root, &case));
                let ours = Both::under_the_vendors().ours(&report, &files, case.at.secs());
                assert_eq!((ask_sev(&report, &files), ours.verified), (Ok(()), true), "{set} {}", entry.dir);
                let claims = serde_json::to_value(&ours.claims).unwrap();
                let ours = said_by_us(&claims["snp"]);
                assert_eq!(said_by_sev(&report), ours, "{set} {}", entry.dir);
                same += 1;
            }
        }
    }
    println!("summary: {same} real reports, believed by both, equal in every field");
    assert!(same >= 2);
}

#[test]
fn every_mutation_of_a_real_report_or_its_chain_is_refused_by_both() {
    let mut refused = 0;
    for (set, root) in fixture_sets() {
        let entries = reports(&root);
        for negative in fixtures::negatives(&root) {
            let Some(entry) = entries.iter().find(|entry| entry.dir == negative.dir) else { continue };
            for (report, files, at) in mutations(entry, &negative, &root) {
                let ours = Both::under_the_vendors().ours(&report, &files, at);
                let answers = (ask_sev(&report, &files).is_err(), ours.verified);
                assert_eq!(answers, (true, false), "{set} {} {}", entry.dir, negative.what);
                refused += 1;
            }
        }
    }
    println!("summary: {refused} mutations of real reports, refused by both");
    assert!(refused > 20);
}

/// `sev` under the given ARK, ASK and VCEK or VLEK: it has no time.
fn ask_sev(report: &[u8], files: &Files) -> Result<(), String> {
    let file = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.as_slice());
    let absent = || "a file is absent".to_owned();
    sev(
        report,
        file("ark.der").ok_or_else(absent)?,
        file("ask.der").ok_or_else(absent)?,
        file("vek.der").ok_or_else(absent)?,
    )
}

fn said_by_sev(report: &[u8]) -> Value {
    let report = AttestationReport::from_bytes(report).unwrap();
    let tcbs = [report.current_tcb, report.reported_tcb, report.committed_tcb, report.launch_tcb].map(tcb);
    json!({
        "report_version": report.version,
        "guest_svn": report.guest_svn,
        "policy": report.policy.0,
        "platform_info": report.plat_info.0,
        "family_id": hex(&report.family_id),
        "image_id": hex(&report.image_id),
        "vmpl": report.vmpl,
        "report_data": hex(&report.report_data),
        "measurement": hex(&report.measurement),
        "host_data": hex(&report.host_data),
        "id_key_digest": hex(&report.id_key_digest),
        "author_key_digest": hex(&report.author_key_digest),
        "report_id": hex(&report.report_id),
        "report_id_ma": hex(&report.report_id_ma),
        "chip_id": hex(&report.chip_id),
        "tcbs": tcbs,
        "current_firmware": format!("{}.{}.{}", report.current.major, report.current.minor, report.current.build),
        "committed_firmware":
            format!("{}.{}.{}", report.committed.major, report.committed.minor, report.committed.build),
    })
}

fn said_by_us(snp: &Value) -> Value {
    let mut said = json!({
        "policy": snp["policy"]["raw"],
        "platform_info": snp["platform_info"]["raw"],
        "tcbs": [&snp["current_tcb"], &snp["reported_tcb"], &snp["committed_tcb"], &snp["launch_tcb"]],
    });
    for name in [
        "report_version",
        "guest_svn",
        "family_id",
        "image_id",
        "vmpl",
        "report_data",
        "measurement",
        "host_data",
        "id_key_digest",
        "author_key_digest",
        "report_id",
        "report_id_ma",
        "chip_id",
        "current_firmware",
        "committed_firmware",
    ] {
        said[name] = snp[name].clone();
    }
    said
}

fn tcb(tcb: TcbVersion) -> Value {
    let mut said =
        json!({"bootloader": tcb.bootloader, "tee": tcb.tee, "snp": tcb.snp, "microcode": tcb.microcode});
    if let Some(fmc) = tcb.fmc {
        said["fmc"] = fmc.into();
    }
    said
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn reports(root: &Path) -> Vec<Entry> {
    fixtures::index(root).into_iter().filter(|entry| entry.tee == FixtureTee::Snp).collect()
}
