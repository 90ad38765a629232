use super::*;
use crate::json::RawJson;
use crate::testing::recorded;

#[test]
fn a_quote_and_its_event_log_come_back() {
    let json = Tdx::new(&[4, 0, 2], Some(&[0xFF])).to_json().unwrap();
    assert_eq!(json.get(), r#"{"cc_eventlog":"/w==","quote":"BAAC"}"#);
    let read = Tdx::parse(&json).unwrap();
    assert_eq!((read.quote(), read.event_log()), (Ok(vec![4, 0, 2]), Ok(Some(vec![0xFF]))));
}

#[test]
fn a_guest_without_an_event_log_says_null() {
    assert_eq!(Tdx::new(&[4], None).to_json().unwrap().get(), r#"{"cc_eventlog":null,"quote":"BA=="}"#);
    let absent = RawJson::parse(r#"{"quote":"BA=="}"#).unwrap();
    assert_eq!(Tdx::parse(&absent).and_then(|tdx| tdx.event_log()), Ok(None));
}

#[test]
fn refuses_a_quote_that_is_not_standard_base64() {
    let json = RawJson::parse(r#"{"quote":"_w"}"#).unwrap();
    assert_eq!(Tdx::parse(&json).and_then(|tdx| tdx.quote()), Err(EvidenceError::Base64 { member: "quote" }));
    assert_eq!(Sgx::parse(&json).and_then(|sgx| sgx.quote()), Err(EvidenceError::Base64 { member: "quote" }));
}

#[test]
fn an_enclaves_quote_comes_back() {
    let json = Sgx::new(&[3, 0]).to_json().unwrap();
    assert_eq!(json.get(), r#"{"quote":"AwA="}"#);
    assert_eq!(Sgx::parse(&json).and_then(|sgx| sgx.quote()), Ok(vec![3, 0]));
}

#[test]
fn writes_sample_evidence_as_the_recorded_client_does() {
    let attestation = crate::Attestation::parse(recorded()[6].body).unwrap();
    let recorded = attestation.tee_evidence.primary_evidence;
    let digest = Sample::parse(&recorded).unwrap().report_data().unwrap();
    let mut report_data = [0; 64];
    report_data[..48].copy_from_slice(&digest);
    assert_eq!(Sample::new(&report_data, "1").to_json(), Ok(recorded));
}

#[test]
fn sample_evidence_ends_where_the_digest_ends() {
    for length in [32, 48, 64] {
        let mut report_data = [0; 64];
        report_data[..length].fill(7);
        assert_eq!(Sample::new(&report_data, "1").report_data(), Ok(vec![7; length]));
    }
}
