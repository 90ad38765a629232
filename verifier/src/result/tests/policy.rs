use serde_json::{Value, json};

use super::ear::{claims_of, context, session, verdict};
use crate::evidence::Tee;
use crate::result::{Device, Parts, PolicyAppraisal, Profile, appraised, encode_parts};
use crate::trust::{Tier, TrustVector};
use crate::verdict::{Failure, Stage, Verdict};

fn says(claims: TrustVector) -> PolicyAppraisal {
    PolicyAppraisal {
        id: "default_cpu".to_owned(),
        policy: [1; 32],
        reference_values: [2; 32],
        claims,
        extensions: Vec::new(),
    }
}

fn with(vector: TrustVector) -> Verdict {
    Verdict { trust_vector: vector, tier: vector.tier(crate::trust::Scope::Full), ..verdict(None) }
}

fn good() -> TrustVector {
    TrustVector { hardware: 2, configuration: 2, executables: 3, ..TrustVector::default() }
}

/// Hardware of ours and of the policy; what comes out.
fn hardware(ours: i8, policy: i8) -> (i8, Tier) {
    let verdict = with(TrustVector { hardware: ours, ..good() });
    let claims = TrustVector { hardware: policy, ..TrustVector::default() };
    let (vector, tier) = appraised(&verdict, Some(&says(claims)));
    (vector.hardware, tier)
}

/// Executables of ours and of the policy; what comes out.
fn executables(ours: i8, policy: i8) -> (i8, Tier) {
    let verdict = with(TrustVector { executables: ours, ..good() });
    let claims = TrustVector { executables: policy, ..TrustVector::default() };
    let (vector, tier) = appraised(&verdict, Some(&says(claims)));
    (vector.executables, tier)
}

#[test]
fn a_policy_lowers_the_hardware_and_never_lifts_it() {
    use Tier::{Affirming, Contraindicated, None, Warning};
    for (ours, policy, expected) in [
        (2, 0, (2, Affirming)),
        (2, 2, (2, Affirming)),
        // Both affirm: ours stands.
        (2, 31, (2, Affirming)),
        (2, 1, (1, None)),
        (2, -1, (-1, None)),
        (2, 32, (32, Warning)),
        (2, 97, (97, Contraindicated)),
        (32, 2, (32, Warning)),
        (32, 33, (32, Warning)),
        (32, 97, (97, Contraindicated)),
        (96, 2, (96, Contraindicated)),
        (96, 0, (96, Contraindicated)),
        (96, 32, (96, Contraindicated)),
        // Ours could not tell: that is no room for a policy to affirm it.
        (0, 2, (0, None)),
        (0, 1, (0, None)),
        (0, 32, (32, Warning)),
        (0, 0, (0, None)),
    ] {
        assert_eq!(hardware(ours, policy), expected, "{ours} and {policy}");
    }
}

#[test]
fn a_policy_speaks_of_executables_where_we_have_no_reference_values() {
    use Tier::{Affirming, Contraindicated, None, Warning};
    for (ours, policy, expected) in [
        (0, 0, (0, None)),
        (0, 3, (3, Affirming)),
        (0, 33, (33, Warning)),
        (0, 99, (99, Contraindicated)),
        (3, 0, (3, Affirming)),
        (3, 2, (3, Affirming)),
        (3, 33, (33, Warning)),
        // Our reference values say no: a policy cannot say yes.
        (33, 3, (33, Warning)),
        (33, 0, (33, Warning)),
    ] {
        assert_eq!(executables(ours, policy), expected, "{ours} and {policy}");
    }
}

#[test]
fn a_claim_that_we_never_make_counts_as_the_policy_makes_it() {
    let claims = TrustVector { storage_opaque: 96, ..TrustVector::default() };
    let (vector, tier) = appraised(&with(good()), Some(&says(claims)));
    assert_eq!((vector.storage_opaque, tier), (96, Tier::Contraindicated));
    let claims = TrustVector { storage_opaque: 2, ..TrustVector::default() };
    let (vector, tier) = appraised(&with(good()), Some(&says(claims)));
    assert_eq!((vector.storage_opaque, tier), (2, Tier::Affirming));
}

#[test]
fn what_is_not_believed_is_not_the_policys_to_judge() {
    let error = Failure { stage: Stage::Verify, kind: "snp-signature", message: String::new() };
    let refused = Verdict { error: Some(error), tier: Tier::None, verified: false, ..with(good()) };
    let (vector, tier) = appraised(&refused, Some(&says(good())));
    assert_eq!((vector.hardware, vector.executables, tier), (99, 99, Tier::Contraindicated));
}

#[test]
fn a_token_names_the_policy_and_takes_its_extensions_but_not_over_what_it_says_itself() {
    let extensions = vec![
        ("ear.trustee.identifiers".to_owned(), json!(["a"])),
        ("ear.status".to_owned(), json!("affirming")),
    ];
    let policy = PolicyAppraisal { extensions, ..says(TrustVector { hardware: 97, ..good() }) };
    let parts = Parts { policy: Some(&policy), devices: &[] };
    let verdict = with(good());
    let encoded = encode_parts(&verdict, Profile::Trustee, &context(Some(session(None))), &parts).unwrap();
    let claims: Value = serde_json::from_slice(&encoded).unwrap();
    let cpu = &claims["submods"]["cpu0"];
    assert_eq!(cpu["ear.status"], "contraindicated");
    assert_eq!(cpu["ear.trustworthiness-vector"]["hardware"], 97);
    assert_eq!(cpu["ear.trustee.identifiers"], json!(["a"]));
    let expected = json!({
        "id": "default_cpu", "sha256": "01".repeat(32), "reference_values_sha256": "02".repeat(32)
    });
    assert_eq!(cpu["ear.vouchsafe"]["attestation_policy"], expected);
    // Without a policy nothing is said of one.
    let without = claims_of(&verdict, Profile::Trustee, &context(Some(session(None))));
    assert_eq!(without["submods"]["cpu0"]["ear.vouchsafe"].get("attestation_policy"), None);
}

#[test]
fn a_device_is_a_submodule_of_its_own_with_its_own_runtime_data() {
    let cpu = with(good());
    let device = Verdict {
        tee: Some(Tee::SampleDevice),
        danger_anchor: Some("danger_accept_sample".to_owned()),
        ..with(TrustVector { hardware: 96, ..TrustVector::default() })
    };
    let runtime_data = r#"{"nonce":"n","tee-pubkey":{"kty":"EC"}}"#;
    let devices = [Device { name: "gpu0", verdict: &device, runtime_data, policy: None }];
    let parts = Parts { policy: None, devices: &devices };
    let context = context(Some(session(None)));
    let encode = |profile| -> Value {
        serde_json::from_slice(&encode_parts(&cpu, profile, &context, &parts).unwrap()).unwrap()
    };
    let claims = encode(Profile::Trustee);
    let names: Vec<&String> = claims["submods"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["cpu0", "gpu0"]);
    assert_eq!(claims["submods"]["cpu0"]["ear.status"], "affirming");
    let gpu = &claims["submods"]["gpu0"];
    assert_eq!(gpu["ear.status"], "contraindicated");
    let evidence = &gpu["ear.veraison.annotated-evidence"];
    assert_eq!(evidence["runtime_data_claims"], json!({"nonce": "n", "tee-pubkey": {"kty": "EC"}}));
    assert_eq!(evidence["sample"]["root"], "danger_accept_sample");
    assert!(evidence.get("sampledevice").is_some());
    // The whole is no better than its worst part.
    assert_eq!(encode(Profile::Ietf)["ear_status"], "contraindicated");
}
