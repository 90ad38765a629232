//! The kernel is emulated: a folder stands for configfs, and a function that is told of each step makes the attributes
//! appear, counts writes and answers. Real are the paths, the order of reads and writes, and what becomes of answers.
#![expect(clippy::disallowed_methods, reason = "tests play the kernel with files")]

use std::fs;

use super::*;
use crate::testing::Folder;

const MILAN: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/report.bin");

/// A kernel of this provider: attributes appear with the entry and go with it; the answer carries the request.
fn kernel(stage: Stage, entry: &Path, provider: &str, floor: u32, others: u64) {
    let put = |name: &str, bytes: &[u8]| fs::write(entry.join(name), bytes).unwrap();
    match stage {
        Stage::Made => {
            put("provider", format!("{provider}\n").as_bytes());
            put("generation", b"7\n");
            put("privlevel_floor", format!("{floor}\n").as_bytes());
            put("privlevel", b"");
            put("inblob", b"");
        }
        Stage::Asked => {
            let level = fs::read_to_string(entry.join("privlevel")).unwrap();
            assert_eq!(level, if floor > 0 { floor.to_string() } else { String::new() });
            let writes = 1 + u64::from(floor > 0) + others;
            put("generation", format!("{}\n", 7 + writes).as_bytes());
            let mut report = MILAN.to_vec();
            report[0x50..0x90].copy_from_slice(&fs::read(entry.join("inblob")).unwrap());
            put("outblob", &report);
            put("auxblob", &[0; 4096]);
        }
        Stage::Leaving => {
            for file in fs::read_dir(entry).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
            }
        }
    }
}

fn detect(folder: &Folder, observer: Observer) -> Result<Tsm, AttestError> {
    let log = folder.path().join("CCEL");
    let root = folder.path().join("report");
    fs::create_dir_all(&root).unwrap();
    Tsm::detect_observed(&root, &log, observer).map(Option::unwrap)
}

fn entries(folder: &Folder) -> usize {
    fs::read_dir(folder.path().join("report")).unwrap().count()
}

#[test]
fn a_machine_without_the_interface_has_no_attester() {
    let folder = Folder::new("tsm-absent");
    assert!(Tsm::detect(&folder.path().join("report"), Path::new("/nowhere")).unwrap().is_none());
}

#[test]
fn snp_reports_carry_the_report_data_that_was_asked_for() {
    let folder = Folder::new("tsm-snp");
    let tsm = detect(&folder, |stage, entry| kernel(stage, entry, "sev_guest", 0, 0)).unwrap();
    let evidence = Snp::parse(&tsm.evidence(&[7; 64]).unwrap()).unwrap();
    let mut expected: [u8; 1184] = MILAN.try_into().unwrap();
    expected[0x50..0x90].fill(7);
    assert_eq!((tsm.tee(), evidence.report(), evidence.certificates().len()), (Tee::Snp, Ok(expected), 0));
    assert_eq!(entries(&folder), 0, "the entries are removed");
}

#[test]
fn asks_for_the_lowest_privilege_level_that_is_to_be_had() {
    let folder = Folder::new("tsm-floor");
    let tsm = detect(&folder, |stage, entry| kernel(stage, entry, "sev_guest", 2, 0)).unwrap();
    assert!(tsm.evidence(&[7; 64]).is_ok());
}

#[test]
fn tdx_quotes_come_with_the_event_log() {
    let folder = Folder::new("tsm-tdx");
    fs::write(folder.path().join("CCEL"), b"log").unwrap();
    let tsm = detect(&folder, |stage, entry| kernel(stage, entry, "tdx_guest", 0, 0)).unwrap();
    let evidence = Tdx::parse(&tsm.evidence(&[7; 64]).unwrap()).unwrap();
    assert_eq!((tsm.tee(), evidence.event_log()), (Tee::Tdx, Ok(Some(b"log".to_vec()))));
    assert_eq!(evidence.quote().unwrap().len(), 1184);
}

#[test]
fn a_tdx_guest_without_an_event_log_still_attests() {
    let folder = Folder::new("tsm-no-log");
    let tsm = detect(&folder, |stage, entry| kernel(stage, entry, "tdx_guest", 0, 0)).unwrap();
    assert_eq!(Tdx::parse(&tsm.evidence(&[7; 64]).unwrap()).unwrap().event_log(), Ok(None));
}

#[test]
fn gives_up_when_others_write_to_the_entry_each_time() {
    let folder = Folder::new("tsm-raced");
    let tsm = detect(&folder, |stage, entry| kernel(stage, entry, "sev_guest", 0, 1)).unwrap();
    assert!(matches!(tsm.evidence(&[7; 64]), Err(AttestError::Raced { attempts: 3 })));
    assert_eq!(entries(&folder), 0, "the entries are removed");
}

#[test]
fn refuses_a_report_with_other_report_data() {
    fn stale(stage: Stage, entry: &Path) {
        kernel(stage, entry, "sev_guest", 0, 0);
        if stage == Stage::Asked {
            fs::write(entry.join("outblob"), MILAN).unwrap();
        }
    }
    let folder = Folder::new("tsm-stale");
    let tsm = detect(&folder, stale).unwrap();
    assert!(matches!(tsm.evidence(&[7; 64]), Err(AttestError::ReportData)));
}

#[test]
fn refuses_a_provider_that_it_does_not_know() {
    let folder = Folder::new("tsm-provider");
    let error = detect(&folder, |stage, entry| kernel(stage, entry, "arm_cca_guest", 0, 0)).unwrap_err();
    assert!(matches!(error, AttestError::Unexpected { expected: "sev_guest or tdx_guest", .. }), "{error}");
    assert_eq!(entries(&folder), 0, "the entries are removed");
}

#[test]
fn refuses_a_blob_over_its_limit() {
    fn endless(stage: Stage, entry: &Path) {
        kernel(stage, entry, "sev_guest", 0, 0);
        if stage == Stage::Asked {
            fs::write(entry.join("outblob"), vec![1; BLOB_BYTES + 1]).unwrap();
        }
    }
    let folder = Folder::new("tsm-large");
    let tsm = detect(&folder, endless).unwrap();
    assert!(matches!(tsm.evidence(&[7; 64]), Err(AttestError::TooLarge { limit: BLOB_BYTES, .. })));
}
