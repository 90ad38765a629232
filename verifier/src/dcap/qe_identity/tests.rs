use super::*;

const PCS: &[u8] = include_bytes!(
    "../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-2/qe_identity.json"
);

fn edited(from: &str, to: &str) -> Result<QeIdentity, CollateralError> {
    let text = core::str::from_utf8(PCS).unwrap();
    assert!(text.contains(from), "{from}");
    QeIdentity::parse(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn reads_the_identity_of_the_tdx_quoting_enclave() {
    let identity = QeIdentity::parse(PCS).unwrap();
    assert_eq!((identity.tee(), identity.evaluation_number()), (Tee::Tdx, 20));
    assert_eq!(identity.enclave().isv_prod_id, 2);
    assert_eq!(identity.enclave().attributes_mask[..9], [0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]);
    let level = SvnLevel {
        isv_svn: 4,
        date: UnixTime::parse_rfc3339("2025-08-13T00:00:00Z").unwrap(),
        status: TcbStatus::UpToDate,
        advisories: Vec::new(),
    };
    assert_eq!(identity.level(4), Some(&level));
    assert_eq!(identity.level(3), None);
}

#[test]
fn refuses_the_verification_enclave_and_unknown_ids() {
    for id in ["QVE", "qe", ""] {
        let found = edited("\"TD_QE\"", &format!("\"{id}\"")).unwrap_err();
        assert_eq!(found, CollateralError::Id { actual: id.to_owned() });
    }
    assert_eq!(edited("\"TD_QE\"", "\"QE\"").unwrap().tee(), Tee::Sgx);
}

#[test]
fn refuses_other_versions() {
    let found = edited("\"version\":2", "\"version\":1").unwrap_err();
    assert_eq!(found, CollateralError::Version { actual: 1 });
}

#[test]
fn refuses_statuses_that_an_enclave_cannot_have() {
    let found = edited("\"UpToDate\"", "\"ConfigurationNeeded\"").unwrap_err();
    assert_eq!(found, CollateralError::Status { actual: TcbStatus::ConfigurationNeeded });
    assert_eq!(edited("\"UpToDate\"", "\"Revoked\"").unwrap().level(4).unwrap().status, TcbStatus::Revoked);
}

#[test]
fn refuses_an_identity_without_levels() {
    let text = core::str::from_utf8(PCS).unwrap();
    let (start, end) = (text.find("[{\"tcb\"").unwrap(), text.find("]},\"signature\"").unwrap());
    let found = edited(&text[start..end], "[").unwrap_err();
    assert_eq!(found, CollateralError::Count { member: "tcbLevels", limit: 256, actual: 0 });
}

#[test]
fn refuses_advisories_that_are_no_words() {
    let with = |id: &str| edited("\"UpToDate\"", &format!("\"UpToDate\",\"advisoryIDs\":[\"{id}\"]"));
    let longest = "A".repeat(32);
    assert_eq!(with(&longest).unwrap().level(4).unwrap().advisories, std::slice::from_ref(&longest));
    for id in ["", "INTEL SA", "\\u001b[31m", &format!("{longest}A")] {
        assert_eq!(with(id).unwrap_err(), CollateralError::Advisory);
    }
}

#[test]
fn refuses_a_signature_of_another_size() {
    let text = core::str::from_utf8(PCS).unwrap();
    let start = text.find("\"signature\":\"").unwrap() + "\"signature\":\"".len();
    let found = edited(&text[start..start + 4], "00").unwrap_err();
    assert_eq!(found, CollateralError::Hex { member: "signature", size: 64 });
}
