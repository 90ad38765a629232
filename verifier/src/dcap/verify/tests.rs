use super::*;
use crate::check::Outcome;
use crate::crypto::{CryptoError, signature_checks};
use crate::dcap::{PckCa, TcbStatus};
use crate::error::{BindingError, Missing};
use crate::expected::Expect;
use crate::time::Validity;
use crate::x509::{RevocationState, X509Error};

/// A TDX quote of version 4 with Intel's collateral of evaluation number 20.
const QUOTE: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin");
const AT: &str = "2026-10-23T00:06:48Z";
/// An SGX quote whose PCK chain is out of order under the earlier certificate of Intel's root key.
const REORDERED: &[u8] =
    include_bytes!("../../../../fixtures/sgx/quote-d805593648-v3-body1-00906ea10000/quote.bin");

macro_rules! collateral {
    ($folder:literal, $file:literal) => {
        ($file, include_bytes!(concat!("../../../../fixtures/tdx/quote-", $folder, "/", $file)).as_slice())
    };
}
const TCB_INFO: (&str, &[u8]) = collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-2", "tcb_info.json");
const QE_IDENTITY: (&str, &[u8]) =
    collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-2", "qe_identity.json");
const SIGNER: (&str, &[u8]) =
    collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-2", "tcb_signing_chain.pem");
const PCK_CRL: (&str, &[u8]) = collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-2", "pck_crl.der");
const ROOT_CRL: (&str, &[u8]) = collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-2", "root_crl.der");
const EARLIER_TCB_INFO: (&str, &[u8]) =
    collateral!("3a3a729320-v4-body2-b0c06f000000/collateral-1", "tcb_info.json");
const OTHER_TCB_INFO: (&str, &[u8]) =
    collateral!("5225f6d79f-v4-body2-90c06f000000/collateral-0", "tcb_info.json");
const ALL: [(&str, &[u8]); 5] = [TCB_INFO, QE_IDENTITY, SIGNER, PCK_CRL, ROOT_CRL];

fn given(files: &[(&str, &[u8])]) -> Endorsements {
    let mut endorsements = Endorsements::new();
    for (name, bytes) in files {
        endorsements.add(name, bytes).unwrap();
    }
    assert_eq!(endorsements.malformed().len(), 0);
    endorsements
}

fn at(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

struct Run {
    result: Result<VerifiedQuote, VerifyError>,
    trail: Trail,
    signatures: u64,
}

fn run_expecting(quote: &[u8], endorsements: &Endorsements, expected: &Expected, now: UnixTime) -> Run {
    let anchors = Anchors::vendor().unwrap();
    let quote = Quote::parse(quote).unwrap();
    let mut trail = Trail::new();
    let before = signature_checks();
    let result = verify(&quote, None, endorsements, &anchors, expected, now, &mut trail);
    Run { result, trail, signatures: signature_checks() - before }
}

fn run(quote: &[u8], endorsements: &Endorsements, now: UnixTime) -> Run {
    run_expecting(quote, endorsements, &Expected::nothing(), now)
}

impl Run {
    fn error(self) -> VerifyError {
        let last = self.trail.checks().last().map(|check| check.outcome);
        assert_eq!(last, Some(Outcome::Fail));
        self.result.unwrap_err()
    }

    fn dcap_error(self) -> DcapError {
        match self.error() {
            VerifyError::Dcap(error) => error,
            other => panic!("{other:?}"),
        }
    }

    fn tcb(&self) -> &TcbOutcome {
        self.result.as_ref().unwrap().tcb()
    }

    fn status(&self) -> (TcbStatus, u32) {
        match self.tcb() {
            TcbOutcome::Evaluated(tcb) => (tcb.status, tcb.evaluation_number),
            TcbOutcome::Absent(missing) => panic!("{missing}"),
        }
    }
}

fn flipped(offset: usize) -> Vec<u8> {
    let mut quote = QUOTE.to_vec();
    quote[offset] ^= 1;
    quote
}

/// Offsets in the version 4 quote: header 48, body 584, length 4.
const DATA: usize = 48 + 584 + 4;
const QE_REPORT: usize = DATA + 64 + 64 + 6;

#[test]
fn a_genuine_quote_is_judged_by_all_of_its_collateral() {
    let run = run(QUOTE, &given(&ALL), at(AT));
    let verified = run.result.unwrap();
    let TcbOutcome::Evaluated(tcb) = verified.tcb() else { panic!("{:?}", verified.tcb()) };
    assert_eq!(
        (tcb.status, tcb.platform.status, tcb.module.as_ref().unwrap().status, tcb.qe.status),
        (TcbStatus::OutOfDate, TcbStatus::OutOfDate, TcbStatus::OutOfDate, TcbStatus::UpToDate)
    );
    assert_eq!(tcb.advisories, ["INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312", "INTEL-SA-01313"]);
    assert_eq!((tcb.date, tcb.evaluation_number), (Some(at("2025-05-14T00:00:00Z")), 20));
    let states: Vec<_> = verified.revocations().iter().map(|r| (r.certificate, r.state)).collect();
    let good = RevocationState::Good;
    assert_eq!(states, [("pck-ca", good), ("pck", good), ("tcb-signer", good)]);
    assert_eq!(
        (verified.facts().pck.fmspc, verified.facts().pck_ca),
        ([0xB0, 0xC0, 0x6F, 0, 0, 0], PckCa::Platform)
    );
    assert!(run.trail.checks().iter().all(|check| check.outcome != Outcome::Fail));
}

#[test]
fn nine_signatures_are_computed_cold_three_warm_and_two_of_a_known_machine_with_the_same_outcome() {
    let endorsements = given(&ALL);
    let expected = Expected::report_data(*Quote::parse(QUOTE).unwrap().body.report_data());
    let again = || run_expecting(QUOTE, &endorsements, &expected, at(AT));
    let (cold, known) = (again(), again());
    endorsements.forget_leaves();
    let warm = again();
    assert_eq!((cold.signatures, warm.signatures, known.signatures), (9, 3, 2));
    for again in [warm, known] {
        assert_eq!(cold.tcb(), again.tcb());
        assert_eq!(cold.trail, again.trail);
    }
}

#[test]
fn a_chain_out_of_order_under_the_earlier_root_certificate_ends_at_the_pinned_key() {
    let verified = run(REORDERED, &Endorsements::new(), at("2020-06-04T11:10:42Z")).result.unwrap();
    assert_eq!((verified.facts().pck_ca, verified.anchor().danger), (PckCa::Processor, false));
    let missing = Missing::TcbInfo { tee: "sgx", fmspc: "00906ea10000".to_owned() };
    assert_eq!(verified.tcb(), &TcbOutcome::Absent(missing));
    let states: Vec<_> = verified.revocations().iter().map(|r| (r.certificate, r.state)).collect();
    assert_eq!(states, [("pck-ca", RevocationState::Absent), ("pck", RevocationState::Absent)]);
}

#[test]
fn each_missing_piece_of_collateral_is_named() {
    let fmspc = "b0c06f000000".to_owned();
    for (left_out, missing) in [
        (0, Missing::TcbInfo { tee: "tdx", fmspc }),
        (1, Missing::QeIdentity { tee: "tdx" }),
        (2, Missing::TcbSigner),
    ] {
        let files: Vec<_> =
            ALL.into_iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, file)| file).collect();
        assert_eq!(run(QUOTE, &given(&files), at(AT)).tcb(), &TcbOutcome::Absent(missing));
    }
}

#[test]
fn collateral_for_another_platform_is_not_the_same_as_none() {
    let files = [OTHER_TCB_INFO, QE_IDENTITY, SIGNER];
    assert_eq!(
        run(QUOTE, &given(&files), at(AT)).error(),
        VerifyError::Unfitting {
            wanted: Missing::TcbInfo { tee: "tdx", fmspc: "b0c06f000000".to_owned() },
            given: vec!["tcb_info.json (TCB info for tdx and FMSPC 90c06f000000)".to_owned()],
        }
    );
    let files = [OTHER_TCB_INFO, TCB_INFO, QE_IDENTITY, SIGNER];
    assert_eq!(run(QUOTE, &given(&files), at(AT)).status(), (TcbStatus::OutOfDate, 20));
}

#[test]
fn of_several_tcb_infos_the_valid_one_with_the_highest_number_counts_in_any_order() {
    for files in [[EARLIER_TCB_INFO, TCB_INFO], [TCB_INFO, EARLIER_TCB_INFO]] {
        let files = [&files[..], &[QE_IDENTITY, SIGNER]].concat();
        assert_eq!(run(QUOTE, &given(&files), at(AT)).status(), (TcbStatus::OutOfDate, 20));
        let now = at("2026-03-11T03:08:59Z");
        let validity = crate::dcap::QeIdentity::parse(QE_IDENTITY.1).unwrap().validity();
        // The identity of evaluation number 20 is not valid yet; the TCB info chosen before it was number 18's.
        assert_eq!(
            run(QUOTE, &given(&files), now).dcap_error(),
            DcapError::CollateralValidity { what: "QE identity", validity, now }
        );
    }
}

#[test]
fn a_forgery_with_a_higher_number_does_not_displace_the_genuine_one() {
    let text = core::str::from_utf8(TCB_INFO.1).unwrap();
    let forged = text.replace("\"tcbEvaluationDataNumber\":20", "\"tcbEvaluationDataNumber\":99");
    let forged = ("forged.json", forged.as_bytes());
    for files in [[forged, TCB_INFO], [TCB_INFO, forged]] {
        let files = [&files[..], &[QE_IDENTITY, SIGNER]].concat();
        assert_eq!(run(QUOTE, &given(&files), at(AT)).status(), (TcbStatus::OutOfDate, 20));
    }
    let error = run(QUOTE, &given(&[forged, QE_IDENTITY, SIGNER]), at(AT)).dcap_error();
    let source = CryptoError::SignatureWrong { algorithm: ALGORITHM };
    assert_eq!(error, DcapError::CollateralSignature { what: "TCB info", source });
}

#[test]
fn collateral_is_valid_to_its_last_second() {
    let validity = Validity { not_before: at("2026-10-08T00:09:46Z"), not_after: at("2026-11-07T00:09:46Z") };
    let identity = crate::dcap::QeIdentity::parse(QE_IDENTITY.1).unwrap().validity();
    let outside = |what, validity, now| DcapError::CollateralValidity { what, validity, now };
    let run_at = |now| run(QUOTE, &given(&ALL), now);

    assert_eq!(run_at(validity.not_before).status().1, 20);
    let now = validity.not_before.plus_secs(-1);
    assert_eq!(run_at(now).dcap_error(), outside("TCB info", validity, now));
    assert_eq!(run_at(identity.not_after).status().1, 20);
    let now = identity.not_after.plus_secs(1);
    assert_eq!(run_at(now).dcap_error(), outside("QE identity", identity, now));
}

#[test]
fn a_changed_byte_fails_the_signature_that_covers_it() {
    let wrong = || CryptoError::SignatureWrong { algorithm: ALGORITHM };
    let error = |offset| run(&flipped(offset), &Endorsements::new(), at(AT)).dcap_error();
    assert_eq!(error(48 + 520), DcapError::QuoteSignature(wrong()));
    assert_eq!(error(28), DcapError::QuoteSignature(wrong()));
    assert_eq!(error(DATA), DcapError::QuoteSignature(wrong()));
    assert_eq!(error(QE_REPORT + 64), DcapError::QeReportSignature(wrong()));
    assert_eq!(error(QE_REPORT + 384), DcapError::QeReportSignature(wrong()));
}

#[test]
fn another_attestation_key_or_authentication_data_is_not_what_the_enclave_vouches_for() {
    for offset in [DATA + 64, QE_REPORT + 384 + 64 + 2] {
        let error = run(&flipped(offset), &Endorsements::new(), at(AT)).dcap_error();
        assert_eq!(error.kind(), "qe-report-data");
    }
}

#[test]
fn changed_collateral_fails_its_signature() {
    let edited = |file: (&'static str, &[u8]), from: &str, to: &str| {
        let text = core::str::from_utf8(file.1).unwrap();
        assert!(text.contains(from));
        (file.0, text.replacen(from, to, 1).into_bytes())
    };
    let source = CryptoError::SignatureWrong { algorithm: ALGORITHM };
    for (place, file, what) in [
        (0, edited(TCB_INFO, "\"OutOfDate\"", "\"UpToDate\""), "TCB info"),
        (0, edited(TCB_INFO, "{\"id\"", "{ \"id\""), "TCB info"),
        (1, edited(QE_IDENTITY, "\"isvsvn\":4", "\"isvsvn\":3"), "QE identity"),
    ] {
        let mut files = ALL;
        files[place] = (file.0, &file.1);
        let error = run(QUOTE, &given(&files), at(AT)).dcap_error();
        assert_eq!(error, DcapError::CollateralSignature { what, source: source.clone() });
    }
}

#[test]
fn a_chain_without_its_ca_or_with_two_leaves_is_refused() {
    let quote = Quote::parse(QUOTE).unwrap();
    let chain = core::str::from_utf8(quote.certification.pck_chain).unwrap().trim_end_matches('\0');
    let blocks: Vec<_> = chain.split_inclusive("-----END CERTIFICATE-----\n").collect();
    let find = |chain: &str| {
        let anchors = Anchors::vendor().unwrap();
        PckChain::find(chain.as_bytes(), &Endorsements::new(), &anchors, at(AT)).map(|chain| chain.ca_kind)
    };
    assert_eq!(find(&[blocks[2], blocks[1], blocks[0]].concat()), Ok(PckCa::Platform));
    assert_eq!(find(&[blocks[0], blocks[1]].concat()), Ok(PckCa::Platform));
    assert_eq!(find(&[blocks[0], blocks[2]].concat()), Err(DcapError::PckCaAbsent));
    assert_eq!(find(&[blocks[1], blocks[2]].concat()), Err(DcapError::PckLeaves { actual: 0 }));
    let two = [blocks[0], blocks[0], blocks[1]].concat();
    assert_eq!(find(&two), Err(DcapError::PckLeaves { actual: 2 }));
    let many = blocks[1].repeat(7);
    let limit = X509Error::TooMany { structure: "PEM", part: "blocks", limit: 6 };
    assert_eq!(find(&many), Err(DcapError::PckChain(limit)));
    let other = blocks[2].replace("CERTIFICATE", "X509 CRL");
    assert_eq!(find(&[blocks[0], blocks[1], &other].concat()), Err(DcapError::PckChainBlock));
}

#[test]
fn certificates_are_asked_for_their_dates_at_each_use() {
    let quote = Quote::parse(QUOTE).unwrap();
    let endorsements = Endorsements::new();
    let anchors = Anchors::vendor().unwrap();
    let chain = PckChain::find(quote.certification.pck_chain, &endorsements, &anchors, at(AT)).unwrap();
    let validity = chain.leaf.validity();
    assert!(run(QUOTE, &endorsements, validity.not_before).result.is_ok());
    let now = validity.not_before.plus_secs(-1);
    let source = X509Error::NotYetValid { not_before: validity.not_before, now };
    assert_eq!(run(QUOTE, &endorsements, now).dcap_error(), DcapError::Certificate { role: "pck", source });
    let now = validity.not_after.plus_secs(1);
    let source = X509Error::Expired { not_after: validity.not_after, now };
    assert_eq!(run(QUOTE, &endorsements, now).dcap_error(), DcapError::Certificate { role: "pck", source });
}

#[test]
fn the_body_is_bound_to_what_the_caller_expects() {
    let quote = Quote::parse(QUOTE).unwrap();
    let (report_data, host_data) = (*quote.body.report_data(), quote.body.host_data().to_vec());
    let expecting = |report_data, host_data| {
        let expected =
            Expected { report_data: Expect::Equals(report_data), host_data: Expect::Equals(host_data) };
        run_expecting(QUOTE, &Endorsements::new(), &expected, at(AT))
    };
    assert!(expecting(report_data, host_data.clone()).result.is_ok());
    let mut other = report_data;
    other[63] ^= 1;
    let (expected, actual) = (other.to_vec(), report_data.to_vec());
    assert_eq!(
        expecting(other, host_data.clone()).error(),
        VerifyError::Binding(BindingError::ReportData { expected, actual })
    );
    let (expected, actual) = (host_data[1..].to_vec(), host_data);
    assert_eq!(
        expecting(report_data, expected.clone()).error(),
        VerifyError::Binding(BindingError::HostData { expected, actual })
    );
}
