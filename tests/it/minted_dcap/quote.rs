//! The quote itself: form, signatures, bindings.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use sim::intel::{QuoteForm, QuoteSignature};
use verifier::crypto::{CryptoError, KeyKind, SignatureAlgorithm};
use verifier::dcap::{CertificationType, DcapError, MAX_TRAILING, QuoteError};
use verifier::error::{BindingError, ParseError, VerifyError};
use verifier::evidence::Tee;
use verifier::expected::Expect;
use verifier::reader::ReadError;

use super::case::Dcap;
use crate::refused::{self, Case, Refused};

const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::EcdsaP256Sha256;
const WRONG: CryptoError = CryptoError::SignatureWrong { algorithm: ALGORITHM };
const RANGE: CryptoError = CryptoError::SignatureRange { algorithm: ALGORITHM };

type Expected = Result<(), Refused>;

fn malformed(error: QuoteError) -> Expected {
    Err(Refused::Parse(ParseError::Quote(error)))
}

fn refuses(error: DcapError) -> Expected {
    Err(Refused::Verify(VerifyError::Dcap(error)))
}

fn case(name: &str, expected: Expected, change: impl FnOnce(&mut Dcap)) -> (String, Case, Expected) {
    (name.to_owned(), Dcap::good().but(change).mint(), expected)
}

/// A case whose signature data is changed after it was made.
fn signed(name: &str, expected: Expected, change: fn(&mut QuoteSignature)) -> (String, Case, Expected) {
    case(name, expected, |dcap| dcap.signature = change)
}

#[test]
fn accepts_every_form() {
    let form = |form: QuoteForm| (format!("{form:?}"), Dcap::of(form).mint(), Ok(()));
    refused::all(QuoteForm::ALL.map(form));
    refused::all([4, 5].map(|version| {
        let dcap = Dcap::of(QuoteForm::Sgx).but(|dcap| dcap.quote.header.version = version);
        (format!("SGX version {version}"), dcap.mint(), Ok(()))
    }));
}

/// RFC 9999, a conceptual message wrapper around what Linux's TSM writes.
#[test]
fn accepts_a_quote_in_a_wrapper() {
    let good = Dcap::good().mint();
    let quote = URL_SAFE_NO_PAD.encode(&good.evidence);
    let tsm = json!({ "provider": "tdx_guest\n", "outblob": quote }).to_string();
    let record = json!(["application/vnd.veraison.tsm-report+json", URL_SAFE_NO_PAD.encode(tsm), 4]);
    let wrapped = Case { evidence: record.to_string().into_bytes(), ..good };
    refused::all([("a record".to_owned(), wrapped, Ok(()))]);
}

#[test]
fn refuses_headers_that_are_not_understood() {
    let mut stranger = *b"\x93\x9a\x72\x33\xf7\x9c\x4c\xa9\x94\x0a\x0d\xb3\x95\x7f\x06\x07";
    stranger[15] ^= 1;
    let reserved = ReadError::Reserved { structure: "DCAP quote", offset: 8, end: 12 };
    let mut cases = vec![
        case("key type", malformed(QuoteError::AttestationKeyType { actual: 3 }), |dcap| {
            dcap.quote.header.attestation_key_type = 3;
        }),
        case("TEE type", malformed(QuoteError::TeeType { version: 4, actual: 1 }), |dcap| {
            dcap.quote.header.tee_type = 1;
        }),
        case("TDX in version 3", malformed(QuoteError::TeeType { version: 3, actual: 0x81 }), |dcap| {
            dcap.quote.header.version = 3;
        }),
        case("reserved", malformed(QuoteError::Read(reserved)), |dcap| dcap.quote.header.pce_svn = 1),
        case("vendor", malformed(QuoteError::QeVendor { actual: stranger }), |dcap| {
            dcap.quote.header.qe_vendor_id = stranger;
        }),
    ];
    for version in [0, 2, 6] {
        let (name, mut changed, expected) =
            case("version", malformed(QuoteError::Version { actual: version }), |dcap| {
                dcap.quote.header.version = version;
            });
        changed.tee = Some(Tee::Tdx);
        cases.push((name, changed, expected));
    }
    refused::all(cases);
}

#[test]
fn refuses_a_body_that_contradicts_the_header() {
    let sgx_header = Dcap::good().but(|dcap| dcap.quote.header.tee_type = 0);
    let read = ReadError::Reserved { structure: "SGX enclave report", offset: 21, end: 32 };
    let described = Dcap::of(QuoteForm::TdxV5Td15).but(|dcap| dcap.quote.header.tee_type = 0);
    let tdx_header = Dcap::of(QuoteForm::Sgx).but(|dcap| {
        (dcap.quote.header.version, dcap.quote.header.tee_type) = (5, 0x81);
    });
    refused::all([
        ("version 4".to_owned(), sgx_header.mint(), malformed(QuoteError::Read(read))),
        (
            "version 5, a TD".to_owned(),
            described.mint(),
            malformed(QuoteError::BodyType { tee_type: 0, actual: 3 }),
        ),
        (
            "version 5, an enclave".to_owned(),
            tdx_header.mint(),
            malformed(QuoteError::BodyType { tee_type: 0x81, actual: 1 }),
        ),
    ]);
    let mut asked = Dcap::of(QuoteForm::Sgx).mint();
    asked.tee = Some(Tee::Tdx);
    let other = ParseError::OtherTee { asked: Tee::Tdx, found: Tee::Sgx };
    assert_eq!(asked.outcome(), Err(Refused::Parse(other)));
}

#[test]
fn reads_the_control_flow_settings_of_an_enclave_and_nothing_behind_them() {
    let with = |at: usize| Dcap::of(QuoteForm::Sgx).but(|dcap| dcap.enclave().cet_attributes[at] = 1).mint();
    let reserved = ReadError::Reserved { structure: "SGX enclave report", offset: 21, end: 32 };
    refused::all([
        ("set".to_owned(), with(0), Ok(())),
        ("reserved".to_owned(), with(1), malformed(QuoteError::Read(reserved))),
        ("reserved, the last".to_owned(), with(11), malformed(QuoteError::Read(reserved))),
    ]);
}

#[test]
fn refuses_body_types_that_are_not_defined() {
    let described = |kind: u16| {
        let mut case = Dcap::of(QuoteForm::TdxV5Td15).mint();
        case.evidence[48..50].copy_from_slice(&kind.to_le_bytes());
        let error = QuoteError::BodyType { tee_type: 0x81, actual: kind };
        (format!("type {kind}"), case, malformed(error))
    };
    refused::all([described(0), described(5), described(0xffff)]);
}

#[test]
fn refuses_certification_data_of_another_type_and_lengths_without_reason() {
    let kind = |actual| QuoteError::CertificationType { expected: CertificationType::PckChain, actual };
    refused::all([
        signed("a PPID in the clear", malformed(kind(CertificationType::PpidClear)), |data| {
            data.certification_type = 1;
        }),
        signed("a PPID under RSA-2048", malformed(kind(CertificationType::PpidRsa2048)), |data| {
            data.certification_type = 2;
        }),
        signed("a PPID under RSA-3072", malformed(kind(CertificationType::PpidRsa3072)), |data| {
            data.certification_type = 3;
        }),
        signed("a leaf alone", malformed(kind(CertificationType::PckLeaf)), |data| {
            data.certification_type = 4;
        }),
        signed("a QE report within one", malformed(kind(CertificationType::QeReport)), |data| {
            data.certification_type = 6;
        }),
        signed("not defined", malformed(kind(CertificationType::Unknown(9))), |data| {
            data.certification_type = 9;
        }),
        case("1024 bytes of authentication data", Ok(()), |dcap| {
            dcap.machine.quoting_enclave.auth_data = vec![7; 1024];
        }),
        case(
            "1025",
            malformed(QuoteError::TooLong {
                what: "authentication data of the quoting enclave",
                limit: 1024,
                actual: 1025,
            }),
            |dcap| dcap.machine.quoting_enclave.auth_data = vec![7; 1025],
        ),
    ]);
}

#[test]
fn counts_trailing_bytes_up_to_their_limit() {
    let with = |count: usize| {
        let mut case = Dcap::good().mint();
        case.evidence.extend(vec![0xaa; count]);
        case
    };
    let (limit, actual) = (MAX_TRAILING, MAX_TRAILING + 1);
    let error = QuoteError::TooLong { what: "bytes after the quote", limit, actual };
    refused::all([
        ("at".to_owned(), with(limit), Ok(())),
        ("beyond".to_owned(), with(actual), malformed(error)),
    ]);
}

#[test]
fn refuses_a_quoting_enclave_that_the_pck_did_not_sign() {
    let error = |error| refuses(DcapError::QeReportSignature(error));
    refused::all([
        signed("flipped", error(WRONG), |data| data.qe_report_signature[63] ^= 1),
        signed("another report", error(WRONG), |data| data.qe_report[64] ^= 1),
        signed("r = 0", error(RANGE), |data| data.qe_report_signature[..32].fill(0)),
        signed("s = 0", error(RANGE), |data| data.qe_report_signature[32..].fill(0)),
        signed("r = n", error(RANGE), |data| data.qe_report_signature[..32].copy_from_slice(&P256_ORDER)),
        signed("s = n", error(RANGE), |data| data.qe_report_signature[32..].copy_from_slice(&P256_ORDER)),
        signed("s above n", error(RANGE), |data| data.qe_report_signature[32..].fill(0xff)),
    ]);
}

#[test]
fn refuses_an_attestation_key_that_the_quoting_enclave_does_not_vouch_for() {
    for change in [
        (|data| data.attestation_key[63] ^= 1) as fn(&mut QuoteSignature),
        |data| data.auth_data[0] ^= 1,
        |data| data.auth_data.push(0),
    ] {
        let dcap = Dcap::good().but(|dcap| dcap.signature = change);
        let Err(Refused::Verify(VerifyError::Dcap(DcapError::QeReportData { expected, actual }))) =
            dcap.mint().outcome()
        else {
            panic!("believed, or refused for another reason");
        };
        assert_ne!(expected, actual);
        assert_eq!(expected[32..], [0; 32]);
    }
}

#[test]
fn refuses_a_quote_that_the_attestation_key_did_not_sign() {
    let error = |error| refuses(DcapError::QuoteSignature(error));
    refused::all([
        signed("flipped", error(WRONG), |data| data.signature[63] ^= 1),
        signed("r = 0", error(RANGE), |data| data.signature[..32].fill(0)),
        signed("s = 0", error(RANGE), |data| data.signature[32..].fill(0)),
        signed("r = n", error(RANGE), |data| data.signature[..32].copy_from_slice(&P256_ORDER)),
        signed("s = n", error(RANGE), |data| data.signature[32..].copy_from_slice(&P256_ORDER)),
    ]);
    // In the header's own data, in the measurements, in the last byte of the report data.
    for at in [28, 47, 48 + 136, 48 + 583] {
        let mut case = Dcap::good().mint();
        case.evidence[at] ^= 1;
        assert_eq!(case.outcome(), error(WRONG), "at {at}");
    }
}

#[test]
fn refuses_an_attestation_key_that_is_no_point_of_the_curve() {
    let dcap = Dcap::good();
    let mut case = dcap.mint();
    let at = 48 + 584 + 4 + 64;
    case.evidence[at..at + 64].fill(1);
    // The quoting enclave vouches for it, and the platform for the enclave.
    let report = at + 64 + 6;
    let auth_data = &dcap.machine.quoting_enclave.auth_data;
    let digest = Sha256::new().chain_update([1; 64]).chain_update(auth_data).finalize();
    case.evidence[report + 320..report + 352].copy_from_slice(&digest);
    let signature = dcap.machine.pck.sign_fixed(&case.evidence[report..report + 384]).unwrap();
    case.evidence[report + 384..report + 448].copy_from_slice(&signature);
    let error = DcapError::QuoteSignature(CryptoError::KeyPoint { kind: KeyKind::P256 });
    assert_eq!(case.outcome(), refuses(error));
}

#[test]
fn refuses_other_bindings() {
    for form in [QuoteForm::TdxV4, QuoteForm::Sgx] {
        let good = Dcap::of(form).mint();
        let (length, actual) = if form == QuoteForm::Sgx { (64, [0x11; 64]) } else { (48, [0x11; 64]) };
        let mut other = good.clone();
        other.expected.report_data = Expect::Equals([0x12; 64]);
        let error = BindingError::ReportData { expected: vec![0x12; 64], actual: actual.to_vec() };
        assert_eq!(other.outcome(), Err(Refused::Verify(VerifyError::Binding(error))));
        // Shifted by a byte, or cut and filled with zeros, it is another.
        for wanted in [
            std::array::from_fn(|at| if at == 0 { 0 } else { 0x11 }),
            std::array::from_fn(|at| if at < 32 { 0x11 } else { 0 }),
        ] {
            other.expected.report_data = Expect::Equals(wanted);
            let error = BindingError::ReportData { expected: wanted.to_vec(), actual: actual.to_vec() };
            assert_eq!(other.outcome(), Err(Refused::Verify(VerifyError::Binding(error))));
        }
        let mut host = good.clone();
        host.expected.host_data = Expect::Equals(vec![0; length]);
        assert_eq!(host.outcome(), Ok(()));
        for wanted in [vec![1; length], vec![0; length - 1], vec![0; length + 1]] {
            host.expected.host_data = Expect::Equals(wanted.clone());
            let error = BindingError::HostData { expected: wanted, actual: vec![0; length] };
            assert_eq!(host.outcome(), Err(Refused::Verify(VerifyError::Binding(error))));
        }
    }
}

/// The order n of P-256, big endian (SP 800-186 section 3.2.1.3).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
