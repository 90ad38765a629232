//! Each piece of Intel's collateral: whose it is, who signed it, when it holds, and what it says.

use sim::intel::{QuoteForm, TcbComponent};
use system_tests::minted::NOW;
use verifier::crypto::{CryptoError, SignatureAlgorithm};
use verifier::dcap::DcapError;
use verifier::error::{Missing, VerifyError};
use verifier::policy::Policy;
use verifier::time::{UnixTime, Validity};
use verifier::trust::{Scope, Tier};
use verifier::x509::X509Error;

use super::case::{Dcap, INTEL, STRANGER, answer};
use crate::refused::{self, Case, Refused};

type Expected = Result<(), Refused>;

fn refuses(error: DcapError) -> Expected {
    Err(Refused::Verify(VerifyError::Dcap(error)))
}

fn case(name: &str, expected: Expected, change: impl FnOnce(&mut Dcap)) -> (String, Case, Expected) {
    (name.to_owned(), Dcap::good().but(change).mint(), expected)
}

fn tcb_info_wanted() -> Missing {
    Missing::TcbInfo { tee: "tdx", fmspc: "b0c06f000000".to_owned() }
}

fn unfitting(wanted: Missing, given: &str) -> Expected {
    Err(Refused::Verify(VerifyError::Unfitting { wanted, given: vec![given.to_owned()] }))
}

fn wrong() -> CryptoError {
    CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP256Sha256 }
}

fn instant(at: i64) -> String {
    UnixTime::from_secs(at).to_string()
}

#[test]
fn without_collateral_the_quote_is_believed_and_its_tcb_is_not_known() {
    for (name, kind) in [
        ("tcb-info", "missing-tcb-info"),
        ("qe-identity", "missing-qe-identity"),
        ("tcb-signer", "missing-tcb-signer"),
    ] {
        let stated = &["verified", "tier", "tcb_status", "exit_code", "error"];
        let case = Dcap::good().mint().without(name);
        let verdict = case.verdict_stating(stated, &Policy::default(), Scope::Hardware);
        let told = (verdict.verified, verdict.tier, verdict.tcb.status, verdict.exit_code());
        // The simulated root alone makes the hardware contraindicated; what is missing still decides the tier.
        assert_eq!(told, (true, Tier::None, None, 4), "{name}");
        assert_eq!(verdict.error.unwrap().kind, kind);
    }
}

#[test]
fn refuses_collateral_for_something_else() {
    let sgx = || Dcap::of(QuoteForm::Sgx).mint();
    let of_sgx = |name: &str| sgx().endorsements.into_iter().find(|(given, _)| *given == name).unwrap().1;
    let identity = Missing::QeIdentity { tee: "tdx" };
    let info = |given: &str| unfitting(tcb_info_wanted(), given);
    let good = || Dcap::good().mint();
    refused::all([
        (
            "SGX's TCB info".to_owned(),
            good().with("tcb-info", of_sgx("tcb-info")),
            info("tcb-info (TCB info for sgx and FMSPC b0c06f000000)"),
        ),
        (
            "SGX's QE identity".to_owned(),
            good().with("qe-identity", of_sgx("qe-identity")),
            unfitting(identity, "qe-identity (QE identity for sgx)"),
        ),
        case("another FMSPC", info("tcb-info (TCB info for tdx and FMSPC b0c06f000001)"), |dcap| {
            dcap.collateral.tcb_info.fmspc = "B0C06F000001".to_owned();
        }),
        case("another PCE", info("tcb-info (TCB info for tdx and FMSPC b0c06f000000)"), |dcap| {
            dcap.collateral.tcb_info.pce_id = "0001".to_owned();
        }),
        case("lower case", Ok(()), |dcap| dcap.collateral.tcb_info.fmspc = "b0c06f000000".to_owned()),
    ]);
}

#[test]
fn asks_for_collateral_inside_its_validity_to_the_second() {
    let now = UnixTime::from_secs(NOW);
    let (issued, due) = (now.plus_secs(-86_400), now.plus_secs(29 * 86_400));
    let error = |what, not_before, not_after| {
        refuses(DcapError::CollateralValidity { what, validity: Validity { not_before, not_after }, now })
    };
    refused::all([
        case("TCB info, first second", Ok(()), |dcap| dcap.collateral.tcb_info.issue_date = instant(NOW)),
        case("TCB info, future", error("TCB info", now.plus_secs(1), due), |dcap| {
            dcap.collateral.tcb_info.issue_date = instant(NOW + 1);
        }),
        case("TCB info, last second", Ok(()), |dcap| dcap.collateral.tcb_info.next_update = instant(NOW)),
        case("TCB info, over", error("TCB info", issued, now.plus_secs(-1)), |dcap| {
            dcap.collateral.tcb_info.next_update = instant(NOW - 1);
        }),
        case("QE identity, first second", Ok(()), |dcap| {
            dcap.collateral.qe_identity.issue_date = instant(NOW);
        }),
        case("QE identity, future", error("QE identity", now.plus_secs(1), due), |dcap| {
            dcap.collateral.qe_identity.issue_date = instant(NOW + 1);
        }),
        case("QE identity, last second", Ok(()), |dcap| {
            dcap.collateral.qe_identity.next_update = instant(NOW);
        }),
        case("QE identity, over", error("QE identity", issued, now.plus_secs(-1)), |dcap| {
            dcap.collateral.qe_identity.next_update = instant(NOW - 1);
        }),
    ]);
}

/// Nothing of the bytes changes, only the clock.
#[test]
fn judges_the_same_bytes_at_the_instant_that_is_asked() {
    let (issued, due) = (NOW - 86_400, NOW + 29 * 86_400);
    let at = |name: &str, instant: i64, verified: bool| {
        let now = UnixTime::from_secs(instant);
        let validity =
            Validity { not_before: UnixTime::from_secs(issued), not_after: UnixTime::from_secs(due) };
        let error = DcapError::CollateralValidity { what: "TCB info", validity, now };
        let expected = if verified { Ok(()) } else { refuses(error) };
        (name.to_owned(), Case { now: instant, ..Dcap::good().mint() }, expected)
    };
    refused::all([
        at("the second before its issue", issued - 1, false),
        at("its first second", issued, true),
        at("its last second", due, true),
        at("the second after it", due + 1, false),
    ]);
}

#[test]
fn refuses_collateral_that_the_tcb_signer_did_not_sign() {
    let error = |what| refuses(DcapError::CollateralSignature { what, source: wrong() });
    let flipped = |name: &'static str, from: &str, to: &str| {
        let case = Dcap::good().mint();
        let (_, bytes) = case.endorsements.iter().find(|(given, _)| *given == name).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        case.with(name, changed.into_bytes())
    };
    refused::all([
        case("TCB info by a stranger", error("TCB info"), |dcap| {
            dcap.tcb_info_signer = STRANGER.tcb_signer.key.clone();
        }),
        case("TCB info by the root", error("TCB info"), |dcap| dcap.tcb_info_signer = INTEL.root.key.clone()),
        case("TCB info by the PCK CA", error("TCB info"), |dcap| {
            dcap.tcb_info_signer = INTEL.platform_ca.key.clone();
        }),
        case("QE identity by a stranger", error("QE identity"), |dcap| {
            dcap.qe_identity_signer = STRANGER.tcb_signer.key.clone();
        }),
        case("QE identity by the root", error("QE identity"), |dcap| {
            dcap.qe_identity_signer = INTEL.root.key.clone();
        }),
        ("a status".to_owned(), flipped("tcb-info", "\"OutOfDate\"", "\"UpToDate\""), error("TCB info")),
        ("a space".to_owned(), flipped("tcb-info", "\"tcbType\":0", "\"tcbType\": 0"), error("TCB info")),
        (
            "a product".to_owned(),
            flipped("qe-identity", "\"isvprodid\":2", "\"isvprodid\":3"),
            error("QE identity"),
        ),
    ]);
}

#[test]
fn refuses_a_tcb_signer_that_is_not_intels() {
    let error = |source| refuses(DcapError::Certificate { role: "tcb-signer", source });
    let wrong = X509Error::Signature { structure: "certificate", reason: wrong() };
    let subject = || "Intel SGX TCB Signing".to_owned();
    refused::all([
        case("by a stranger", error(wrong), |dcap| dcap.tcb_signer_signer = STRANGER.root.key.clone()),
        case("an authority", error(X509Error::IsACa { subject: subject() }), |dcap| {
            let ca = sim::x509::basic_constraints(true, None);
            *dcap.tcb_signer.extension_mut(&sim::x509::BASIC_CONSTRAINTS).unwrap() = ca;
        }),
        case(
            "may not sign",
            error(X509Error::KeyUsage { subject: subject(), wanted: "digitalSignature" }),
            |dcap| {
                let usage = sim::x509::key_usage(3, 0x08);
                *dcap.tcb_signer.extension_mut(&sim::x509::KEY_USAGE).unwrap() = usage;
            },
        ),
    ]);
}

#[test]
fn refuses_tcb_info_that_means_something_else_or_two_things() {
    let malformed = |reason: &str| unfitting(tcb_info_wanted(), &format!("tcb-info (malformed: {reason})"));
    let components = |name: &str, count: usize| {
        let reason = format!("a TCB level with {count} components in `{name}`, wanted are 16");
        (format!("{count} {name}"), reason)
    };
    let mut cases = Vec::new();
    for count in [0, 15, 17] {
        let wanted = vec![TcbComponent { svn: 0 }; count];
        let (name, reason) = components("sgxtcbcomponents", count);
        let sgx = wanted.clone();
        cases.push(case(&name, malformed(&reason), |dcap| {
            dcap.collateral.tcb_info.tcb_levels[1].tcb.sgx_components = sgx;
        }));
        let (name, reason) = components("tdxtcbcomponents", count);
        cases.push(case(&name, malformed(&reason), |dcap| {
            dcap.collateral.tcb_info.tcb_levels[1].tcb.tdx_components = Some(wanted);
        }));
    }
    cases.extend([
        case("id", malformed("id `QE` is not understood here"), |dcap| {
            dcap.collateral.tcb_info.id = "QE".to_owned();
        }),
        case("version 4", malformed("format version 4 is not understood"), |dcap| {
            dcap.collateral.tcb_info.version = 4;
        }),
        case("version 2 with an id", malformed("id `TDX` is not understood here"), |dcap| {
            dcap.collateral.tcb_info.version = 2;
        }),
        case("type", malformed("tcbType 1, understood is 0"), |dcap| dcap.collateral.tcb_info.tcb_type = 1),
        case(
            "no levels",
            malformed("member `tcbLevels` has 0 entries, read are 1 to 1024, each id once"),
            |dcap| {
                dcap.collateral.tcb_info.tcb_levels.clear();
            },
        ),
        case("no module", malformed("member `tdxModule` is missing and needed here"), |dcap| {
            dcap.collateral.tcb_info.tdx_module = None;
        }),
        case("a verifier's word", malformed("TCB status NoMatch is not defined here"), |dcap| {
            dcap.collateral.tcb_info.tcb_levels[0].tcb_status = "NoMatch".to_owned();
        }),
        case("date", malformed("member `nextUpdate` is not an instant of RFC 3339"), |dcap| {
            dcap.collateral.tcb_info.next_update = "tomorrow".to_owned();
        }),
        case("FMSPC", malformed("member `fmspc` is not 6 bytes in hexadecimal"), |dcap| {
            dcap.collateral.tcb_info.fmspc.push_str("00");
        }),
    ]);
    refused::all(cases);
}

#[test]
fn refuses_a_member_that_stands_twice_although_both_were_signed() {
    let dcap = Dcap::good();
    let key = &INTEL.tcb_signer.key;
    let body = String::from_utf8(dcap.collateral.tcb_info.body().unwrap()).unwrap();
    let with = |body: &str| dcap.mint().with("tcb-info", answer("tcbInfo", body, key));
    assert_eq!(with(&body).outcome(), Ok(()));
    for (from, to) in [
        ("\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"),
        ("\"pcesvn\":11", "\"pcesvn\":0,\"pcesvn\":11"),
        ("\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"UpToDate\",\"tcbStatus\":\"OutOfDate\""),
    ] {
        let Err(Refused::Verify(VerifyError::Unfitting { wanted, given })) =
            with(&body.replacen(from, to, 1)).outcome()
        else {
            panic!("{to}: believed, or refused for another reason");
        };
        assert_eq!(wanted, tcb_info_wanted());
        assert!(given[0].contains("duplicate member"), "{given:?}");
    }
}

#[test]
fn refuses_another_quoting_enclave() {
    let error = |field, expected: &[u8], actual: &[u8]| {
        refuses(DcapError::QeIdentity { field, expected: expected.to_vec(), actual: actual.to_vec() })
    };
    let signer = Dcap::good().machine.quoting_enclave.report.mr_signer;
    let mut wanted = [0; 16];
    wanted[0] = 0x11;
    let mut debug = wanted;
    debug[0] = 0x13;
    refused::all([
        case("signer", error("mr_signer", &signer, &[9; 32]), |dcap| {
            dcap.machine.quoting_enclave.report.mr_signer = [9; 32];
        }),
        case("product", error("isv_prod_id", &[0, 2], &[0, 1]), |dcap| {
            dcap.machine.quoting_enclave.report.isv_product_id = 1;
        }),
        case("misc select", error("misc_select", &[0; 4], &[1, 0, 0, 0]), |dcap| {
            dcap.machine.quoting_enclave.report.misc_select = 1;
        }),
        case("misc select outside its mask", Ok(()), |dcap| {
            dcap.machine.quoting_enclave.report.misc_select = 1;
            dcap.collateral.qe_identity.miscselect_mask = "FEFFFFFF".to_owned();
        }),
        case("debug", error("attributes", &wanted, &debug), |dcap| {
            dcap.machine.quoting_enclave.report.attributes[0] |= 2;
        }),
        case("a bit outside the mask", Ok(()), |dcap| {
            dcap.machine.quoting_enclave.report.attributes[0] ^= 4;
        }),
    ]);
}

#[test]
fn refuses_another_tdx_module() {
    let error = |field, expected: &[u8], actual: &[u8]| {
        refuses(DcapError::TdxModule { field, expected: expected.to_vec(), actual: actual.to_vec() })
    };
    let (zero, one) = ([0; 8], [1, 0, 0, 0, 0, 0, 0, 0]);
    let beyond = |actual: &[u8]| error("seam_attributes_beyond_mask", &zero, actual);
    /// A module of version 0, whose identity is the TCB info's `tdxModule`.
    fn first_version(dcap: &mut Dcap, signer: [u8; 48]) {
        dcap.td().tee_tcb_svn[1] = 0;
        let info = &mut dcap.collateral.tcb_info;
        info.tdx_module.as_mut().unwrap().mrsigner = hex::encode(signer);
        // The components of the module are the platform's then.
        for level in &mut info.tcb_levels {
            level.tcb.tdx_components.as_mut().unwrap()[1].svn = 0;
        }
    }
    refused::all([
        case("signer", error("mr_signer_seam", &[0; 48], &[1; 48]), |dcap| {
            dcap.td().mr_signer_seam = [1; 48];
        }),
        case("attributes", error("seam_attributes", &zero, &one), |dcap| dcap.td().seam_attributes = one),
        case("version", refuses(DcapError::TdxModuleUnknown { version: 2 }), |dcap| {
            dcap.td().tee_tcb_svn[1] = 2;
        }),
        case("attributes outside the mask", beyond(&one), |dcap| {
            dcap.td().seam_attributes = one;
            let modules = dcap.collateral.tcb_info.tdx_module_identities.as_mut().unwrap();
            modules[0].module.attributes_mask = "00FFFFFFFFFFFFFF".to_owned();
        }),
        case("version 0 by the TCB info's own module", Ok(()), |dcap| first_version(dcap, [0; 48])),
        case("version 0, another signer", error("mr_signer_seam", &[1; 48], &[0; 48]), |dcap| {
            first_version(dcap, [1; 48]);
        }),
        case("the measurement is not asked for", Ok(()), |dcap| dcap.td().mr_seam = [1; 48]),
    ]);
}

#[test]
fn the_order_of_the_levels_means_nothing_and_no_level_stands_twice() {
    let twice = |member: &str, wanted: Missing, given: &str| {
        let reason = format!("two TCB levels in `{member}` have the same security versions");
        unfitting(wanted, &format!("{given} (malformed: {reason})"))
    };
    let identity_wanted = Missing::QeIdentity { tee: "tdx" };
    refused::all([
        case("platform levels backwards", Ok(()), |dcap| dcap.collateral.tcb_info.tcb_levels.reverse()),
        case("platform level twice", twice("tcbLevels", tcb_info_wanted(), "tcb-info"), |dcap| {
            let level = dcap.collateral.tcb_info.tcb_levels[0].clone();
            dcap.collateral.tcb_info.tcb_levels.push(level);
        }),
        case("enclave levels backwards", Ok(()), |dcap| dcap.collateral.qe_identity.tcb_levels.reverse()),
        case("enclave level twice", twice("tcbLevels", identity_wanted, "qe-identity"), |dcap| {
            let level = dcap.collateral.qe_identity.tcb_levels[0].clone();
            dcap.collateral.qe_identity.tcb_levels.push(level);
        }),
    ]);
    let backwards = Dcap::good().but(|dcap| {
        dcap.collateral.tcb_info.tcb_levels.reverse();
        dcap.collateral.qe_identity.tcb_levels.reverse();
    });
    assert!(backwards.collateral.tcb_info.tcb_levels.len() > 1, "one level has no order");
    let status =
        backwards.mint().verdict_stating(&["tcb_status"], &Policy::default(), Scope::Hardware).tcb.status;
    assert_eq!(status, Some("UpToDate"));
}

#[test]
fn reads_version_2_of_tcb_info_for_sgx_with_each_of_its_components() {
    let dcap = Dcap::of(QuoteForm::Sgx);
    let levels = dcap.machine.extension.components.iter().zip(1..);
    let components: String =
        levels.map(|(svn, number)| format!("\"sgxtcbcomp{number:02}svn\":{svn},")).collect();
    let body = format!(
        "{{\"version\":2,\"issueDate\":\"{}\",\"nextUpdate\":\"{}\",\"fmspc\":\"B0C06F000000\",\"pceId\":\"0000\",\
         \"tcbType\":0,\"tcbEvaluationDataNumber\":20,\"tcbLevels\":[{{\"tcb\":{{{components}\"pcesvn\":11}},\
         \"tcbDate\":\"{0}\",\"tcbStatus\":\"UpToDate\"}}]}}",
        instant(NOW - 1),
        instant(NOW)
    );
    let with = |body: &str| dcap.mint().with("tcb-info", answer("tcbInfo", body, &INTEL.tcb_signer.key));
    let wanted = || Missing::TcbInfo { tee: "sgx", fmspc: "b0c06f000000".to_owned() };
    let malformed = |reason: &str| unfitting(wanted(), &format!("tcb-info (malformed: {reason})"));
    let edited = |from: &str, to: &str| {
        let changed = body.replacen(from, to, 1);
        assert_ne!(changed, body);
        with(&changed)
    };
    refused::all([
        ("whole".to_owned(), with(&body), Ok(())),
        (
            "fifteen".to_owned(),
            edited("\"sgxtcbcomp16svn\":0,", ""),
            malformed("member `sgxtcbcomp16svn` is missing and needed here"),
        ),
        (
            "seventeen".to_owned(),
            edited("\"pcesvn\"", "\"sgxtcbcomp17svn\":0,\"pcesvn\""),
            malformed("member `tcb` is present and not defined here"),
        ),
        (
            "another signer".to_owned(),
            dcap.mint().with("tcb-info", answer("tcbInfo", &body, &STRANGER.tcb_signer.key)),
            refuses(DcapError::CollateralSignature { what: "TCB info", source: wrong() }),
        ),
    ]);
}
