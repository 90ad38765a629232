use super::{Evidence, GuestConfig, Machine, Platform, Tee};
use crate::amd::{AmdVendor, Product, ReportFields, SigningChoice};
use crate::intel::{QuoteBody, QuoteFields, QuoteForm};
use crate::{MintError, SeededRng};

const NOW: i64 = 1_772_323_200;

fn guest() -> GuestConfig {
    GuestConfig {
        launch_digest: [0xab; 48],
        host_data: vec![7; 32],
        debug: true,
        vmpl: 1,
        host_certificates: true,
        ..GuestConfig::default()
    }
}

fn attest(machine: &Machine) -> Result<Evidence, MintError> {
    machine.attest([0x11; 64], &guest(), &mut SeededRng::new("attest"))
}

#[test]
fn an_amd_machine_is_the_same_after_its_file_is_read() {
    let vendor = AmdVendor::new(Product::Turin, NOW).unwrap();
    let rng = &mut SeededRng::new("amd machine");
    let platform = Platform::under_amd(&vendor, SigningChoice::Vlek, rng, NOW).unwrap();
    let again = Machine::from_json(&platform.machine.to_json().unwrap()).unwrap();
    assert_eq!((again.tee(), attest(&again)), (Tee::Snp, attest(&platform.machine)));

    let evidence = attest(&again).unwrap();
    let fields = ReportFields::decode(&evidence.bytes).unwrap();
    assert_eq!(
        (
            fields.measurement,
            fields.host_data,
            fields.policy,
            fields.vmpl,
            fields.key_info,
            fields.report_data
        ),
        ([0xab; 48], [7; 32], 0xb_0000, 1, 1 << 2, [0x11; 64])
    );
    assert_eq!(
        evidence.certificates.iter().map(|host| (host.kind, &host.der)).collect::<Vec<_>>(),
        [("VLEK", &platform.endorsements[0].content), ("ASK", &vendor.asvk.certificate)]
    );
}

#[test]
fn an_intel_machine_is_the_same_after_its_file_is_read() {
    let rng = &mut SeededRng::new("intel machine");
    let platform = Platform::intel(QuoteForm::TdxV5Td15, rng, NOW).unwrap();
    let again = Machine::from_json(&platform.machine.to_json().unwrap()).unwrap();
    assert_eq!((again.tee(), attest(&again)), (Tee::Tdx, attest(&platform.machine)));

    let (fields, _) = QuoteFields::decode(&attest(&again).unwrap().bytes).unwrap();
    let QuoteBody::Td(td) = fields.body else { panic!("a guest's quote") };
    let config_id = [[7; 32].as_slice(), &[0; 16]].concat();
    assert_eq!(
        (td.mr_td, td.mr_config_id.to_vec(), td.td_attributes, td.report_data),
        ([0xab; 48], config_id, 1 << 28 | 1, [0x11; 64])
    );
}

#[test]
fn only_the_hardware_is_private() {
    let platform = Platform::intel(QuoteForm::TdxV4, &mut SeededRng::new("files"), NOW).unwrap();
    let files = platform.files().unwrap();
    let listed: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.private)).collect();
    assert_eq!(
        listed,
        [
            ("root.pem", false),
            ("root.der", false),
            ("endorsements/tcb_info.json", false),
            ("endorsements/qe_identity.json", false),
            ("endorsements/tcb_signing_chain.pem", false),
            ("endorsements/root_crl.der", false),
            ("endorsements/pck_crl.der", false),
            ("platform.json", true),
        ]
    );
}

#[test]
fn refuses_what_is_not_a_machines_file() {
    let refused = [&b"{}"[..], br#"{"simulated":"amd"}"#, br#"{"simulated":"risc"}"#, b"{"]
        .map(|json| Machine::from_json(json).map(|machine| machine.tee()));
    let at = |line, column| Err(MintError::Machine { line, column });
    assert_eq!(refused, [at(1, 2), at(0, 0), at(1, 19), at(1, 1)]);
}

#[test]
fn refuses_host_data_that_does_not_fit() {
    let platform = Platform::intel(QuoteForm::TdxV4, &mut SeededRng::new("host data"), NOW).unwrap();
    let with = |length| {
        let guest = GuestConfig { host_data: vec![1; length], ..GuestConfig::default() };
        platform.machine.attest([0; 64], &guest, &mut SeededRng::new("attest")).map(|evidence| evidence.tee)
    };
    assert_eq!(
        (with(48), with(49)),
        (Ok(Tee::Tdx), Err(MintError::TooLong { field: "MRCONFIGID", length: 49 }))
    );
}

#[test]
fn an_enclaves_platform_runs_no_guest() {
    let platform = Platform::intel(QuoteForm::Sgx, &mut SeededRng::new("enclave"), NOW).unwrap();
    let error = MintError::OtherKind { wanted: "a guest's quote", actual: "sgx" };
    assert_eq!(attest(&platform.machine), Err(error));
}
