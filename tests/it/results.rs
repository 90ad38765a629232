//! Attestation results in the field's forms: every TEE's under one schema, Trustee's names, sizes, wrappers.

mod schema;
mod size;
mod trustee;

use reference_values::{Key, ReferenceValues, Value as Wanted};
use serde_json::Value;
use sim::amd::{Product, SigningChoice};
use sim::intel::QuoteForm;
use verifier::appraise::Wanted as Asked;
use verifier::policy::Policy;
use verifier::result::{Profile, ResultContext, Session, encode};
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;
use crate::refused::Case;

/// Good evidence of every TEE and form.
fn every_tee() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for product in [Product::Milan, Product::Genoa, Product::Turin] {
        for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
            cases.push((format!("{product:?} {signer:?}"), Snp::of(product, signer).mint()));
        }
    }
    for form in QuoteForm::ALL {
        cases.push((format!("{form:?}"), Dcap::of(form).mint()));
    }
    cases
}

/// Judged in full under the simulated root, beside the measurement of minted guests.
fn judge(case: &Case, policy: &Policy) -> Verdict {
    let (endorsements, anchors) = (case.endorsements(), case.anchors());
    let policy = Policy { danger_accept_simulated: true, ..policy.clone() };
    let verdict = |length: usize| {
        let expectations = [(Key::LaunchDigest, Wanted::Bytes(vec![0x4d; length]))];
        let wanted = Asked { reference_values: &ReferenceValues::default(), expectations: &expectations };
        let context = Context {
            endorsements: &endorsements,
            anchors: &anchors,
            expected: &case.expected,
            wanted,
            policy: &policy,
            scope: Scope::Full,
        };
        assess(&case.evidence, case.tee, &context, UnixTime::from_secs(case.now))
    };
    // An enclave's measurement has 32 bytes, a guest's 48.
    let verdict_of_guest = verdict(48);
    if verdict_of_guest.tee == Some(verifier::evidence::Tee::Sgx) { verdict(32) } else { verdict_of_guest }
}

/// The result as a broker writes it.
fn result(verdict: &Verdict, profile: Profile) -> Value {
    let runtime_data = format!(
        r#"{{"additional-evidence":"","nonce":"{nonce}","tee-pubkey":{{"alg":"ECDH-ES+A256KW","crv":"P-521","kty":"EC","x":"{xy}","y":"{xy}"}}}}"#,
        nonce = "n".repeat(44),
        xy = "x".repeat(88),
    );
    let decision = "d".repeat(64);
    let session = Session {
        audience: "broker",
        runtime_data: &runtime_data,
        init_data_claims: None,
        decision: Some(&decision),
        epoch: Some(u64::MAX),
    };
    let context = ResultContext {
        issuer: Some("broker"),
        expires: Some(verdict.at.plus_secs(300)),
        reference_values: [0; 32],
        expectations: &[],
        session: Some(session),
    };
    serde_json::from_slice(&encode(verdict, profile, &context).unwrap()).unwrap()
}

/// The map that a policy of Trustee's attestation service gets as input.
fn annotated(case: &Case) -> Value {
    let verdict = judge(case, &Policy::default());
    assert!(verdict.verified, "{:?}", verdict.error);
    result(&verdict, Profile::Trustee)["submods"]["cpu0"]["ear.veraison.annotated-evidence"].clone()
}

/// A member by its path; a dot inside a name is written as `\.`.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.replace("\\.", "\u{0}").split('.').fold(value, |value, name| &value[name.replace('\u{0}', ".")])
}
