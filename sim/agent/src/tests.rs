//! The attesters through the protocol's JSON, and the folder on a real file system.
#![expect(clippy::disallowed_methods, reason = "looks at the files that the shell wrote")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use guest_agent::{Attester, EvidenceJson};
use kbs_protocol::Tee;
use kbs_protocol::evidence::{Sample, Snp, Tdx};
use sim::SeededRng;
use sim::amd::{Product, ReportFields};
use sim::intel::{QuoteBody, QuoteFields, QuoteForm};
use sim::platform::{GuestConfig, Machine, Platform};

use crate::{FolderError, SampleAttester, SimulatedAttester, read_machine, write_platform};

const NOW: i64 = 1_772_323_200;

/// A folder of the system's temporary one that goes with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vouchsafe-sim-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn tdx() -> Platform {
    Platform::intel(QuoteForm::TdxV4, &mut SeededRng::new("sim-agent"), NOW).unwrap()
}

fn evidence(machine: Machine, guest: GuestConfig) -> EvidenceJson {
    SimulatedAttester::new(machine, guest).evidence(&[0x11; 64]).unwrap()
}

#[test]
fn an_snp_report_and_its_certificates_survive_the_protocols_json() {
    let platform = Platform::amd(Product::Milan, &mut SeededRng::new("sim-agent"), NOW).unwrap();
    let guest = GuestConfig { host_certificates: true, ..GuestConfig::default() };
    let snp = Snp::parse(&evidence(platform.machine, guest)).unwrap();
    let fields = ReportFields::decode(&snp.report().unwrap()).unwrap();
    assert_eq!((fields.version, fields.report_data, fields.measurement), (3, [0x11; 64], [0x4d; 48]));
    let certificates: Vec<_> =
        snp.certificates().iter().map(|entry| (entry.cert_type.as_str(), &entry.data)).collect();
    let [vek, ask, _] = platform.endorsements.as_slice() else { panic!("three endorsements") };
    assert_eq!(certificates, [("VCEK", &vek.content), ("ASK", &ask.content)]);
}

#[test]
fn a_quote_survives_the_protocols_json() {
    let tdx = Tdx::parse(&evidence(tdx().machine, GuestConfig::default())).unwrap();
    let (fields, _) = QuoteFields::decode(&tdx.quote().unwrap()).unwrap();
    let QuoteBody::Td(td) = fields.body else { panic!("a guest's quote") };
    assert_eq!((td.report_data, td.mr_td, tdx.event_log()), ([0x11; 64], [0x4d; 48], Ok(None)));
}

#[test]
fn sample_evidence_carries_the_digest_alone() {
    let mut report_data = [0; 64];
    report_data[..48].fill(0x22);
    let sample = Sample::parse(&SampleAttester.evidence(&report_data).unwrap()).unwrap();
    assert_eq!((SampleAttester.tee(), sample.report_data()), (Tee::Sample, Ok(vec![0x22; 48])));
}

#[test]
fn a_machine_is_read_back_from_its_folder() {
    let (folder, platform) = (Temporary::new("read-back"), tdx());
    write_platform(&folder.0, &platform).unwrap();
    let machine = read_machine(&folder.0).unwrap();
    assert_eq!(
        evidence(machine, GuestConfig::default()).get(),
        evidence(platform.machine, GuestConfig::default()).get()
    );
    let mode = |name| fs::metadata(folder.0.join(name)).unwrap().permissions().mode() & 0o077;
    assert_eq!((mode("platform.json"), folder.0.join("root.pem").is_file()), (0, true));
}

#[test]
fn a_machine_that_is_there_is_never_replaced() {
    let (folder, platform) = (Temporary::new("replace"), tdx());
    write_platform(&folder.0, &platform).unwrap();
    let before = fs::read(folder.0.join("root.der")).unwrap();
    let other = Platform::intel(QuoteForm::TdxV4, &mut SeededRng::new("another"), NOW).unwrap();
    let outcome = write_platform(&folder.0, &other);
    assert!(matches!(outcome, Err(FolderError::Io { action: "make", .. })), "{outcome:?}");
    assert_eq!(fs::read(folder.0.join("root.der")).unwrap(), before);
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let folder = Temporary::new("limit");
    fs::write(folder.0.join("platform.json"), vec![b' '; (1 << 20) + 1]).unwrap();
    let outcome = read_machine(&folder.0);
    assert!(matches!(outcome, Err(FolderError::TooLarge { limit: 0x10_0000, .. })), "{outcome:?}");
}
