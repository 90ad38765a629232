use serde_json::{Value, json};

use super::ear::{RUNTIME_DATA, context, session, verdict};
use crate::check::{Check, Fact, Outcome};
use crate::crypto::sha256;
use crate::evidence::Tee;
use crate::result::short::MEMBER_BYTES;
use crate::result::{
    Device, EncodeError, Parts, Profile, ResultContext, Session, encode, encode_parts, shorten,
};
use crate::trust::{Tier, TrustVector};
use crate::verdict::Verdict;

/// Claims that a compact JWT of 16 KiB has room for, its header and signature taken off.
const TOKEN_CLAIMS: usize = 12_000;

fn full(context: &ResultContext<'_>) -> Value {
    serde_json::from_slice(&encode(&verdict(None), Profile::Trustee, context).unwrap()).unwrap()
}

fn short(claims: &Value, limit: usize) -> Result<Value, EncodeError> {
    let short = shorten(claims.to_string().as_bytes(), limit)?;
    assert!(short.len() <= limit);
    Ok(serde_json::from_slice(&short).unwrap())
}

fn named(value: &Value) -> Value {
    let json = value.to_string();
    json!({"bytes": json.len(), "sha256": hex::encode(sha256(json.as_bytes()))})
}

/// A member by its path in the submodule, removed.
fn cut(claims: &mut Value, submod: &str, parent: &str, name: &str) -> Value {
    let parent = claims["submods"][submod].pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name).unwrap()
}

#[test]
fn what_fits_stays_as_it_is() {
    let claims = full(&context(Some(session(None))));
    assert_eq!(short(&claims, TOKEN_CLAIMS), Ok(claims));
}

#[test]
fn what_the_guest_fills_is_named_by_its_hash_beyond_its_bound() {
    let said = |length: usize| json!({"a": "x".repeat(length)});
    let empty = said(0).to_string().len();
    for (length, left_out) in [(MEMBER_BYTES - empty, false), (MEMBER_BYTES - empty + 1, true)] {
        let said = said(length);
        let claims = full(&context(Some(session(Some(&said)))));
        let mut expected = claims.clone();
        if left_out {
            cut(&mut expected, "cpu0", "/ear.veraison.annotated-evidence", "init_data_claims");
            let path = "/ear.veraison.annotated-evidence/init_data_claims";
            expected["submods"]["cpu0"]["ear.vouchsafe"]["by_hash"] = json!({path: named(&said)});
        }
        assert_eq!(short(&claims, TOKEN_CLAIMS), Ok(expected));
    }
}

#[test]
fn event_logs_and_device_evidence_are_left_out_and_nonce_and_key_stay() {
    let devices = "d".repeat(MEMBER_BYTES);
    let runtime_data = RUNTIME_DATA.replace("\"\"", &format!("\"{devices}\""));
    let mut judged = verdict(None);
    let log = || Fact::List(vec![Fact::from("l".repeat(MEMBER_BYTES))]);
    judged.claims =
        Fact::Map(vec![("tdx", Fact::Map(vec![("event_log", log()), ("td_id", Fact::Number(1))]))]);
    judged.trustee = Fact::Map(vec![("tcb_status", "UpToDate".into()), ("uefi_event_logs", log())]);
    judged.tee = Some(Tee::Tdx);
    let session = Session { runtime_data: &runtime_data, ..session(None) };
    let claims: Value =
        serde_json::from_slice(&encode(&judged, Profile::Trustee, &context(Some(session))).unwrap()).unwrap();
    let mut expected = claims.clone();
    let mut by_hash = json!({});
    for (parent, name) in [
        ("/ear.veraison.annotated-evidence/runtime_data_claims", "additional-evidence"),
        ("/ear.veraison.annotated-evidence/tdx", "uefi_event_logs"),
        ("/ear.veraison.annotated-evidence/vouchsafe/tdx", "event_log"),
    ] {
        let value = cut(&mut expected, "cpu0", parent, name);
        by_hash[format!("{parent}/{name}")] = named(&value);
    }
    expected["submods"]["cpu0"]["ear.vouchsafe"]["by_hash"] = by_hash;
    assert_eq!(short(&claims, TOKEN_CLAIMS), Ok(expected));
}

#[test]
fn the_largest_other_members_go_until_the_rest_fits() {
    let claims = full(&context(Some(session(None))));
    let size = claims.to_string().len();
    let mut expected = claims.clone();
    let policy = cut(&mut expected, "cpu0", "/ear.vouchsafe/enforced", "policy");
    let by_hash = json!({"/ear.vouchsafe/enforced/policy": named(&policy)});
    expected["submods"]["cpu0"]["ear.vouchsafe"]["by_hash"] = by_hash;
    assert_eq!(short(&claims, size), Ok(claims.clone()));
    assert_eq!(short(&claims, size - 1), Ok(expected));
}

#[test]
fn rejects_a_limit_below_what_must_stay() {
    let claims = full(&context(Some(session(None))));
    let Err(EncodeError { reason }) = short(&claims, 500) else { panic!("a token without a vector") };
    assert!(reason.ends_with("bytes are left of a token's claims, at most 500 fit"), "{reason}");
}

/// A GPU's verdict: claims of a few kilobytes and many checks.
fn gpu(tier: Tier) -> Verdict {
    let check = |id, outcome| Check { id, outcome, expected: Fact::None, actual: Fact::None, source: "test" };
    let many: Vec<(&'static str, Fact)> = (0..40)
        .map(|number| (&*Box::leak(format!("claim_{number:02}").into_boxed_str()), Fact::hex(&[7; 48])))
        .collect();
    Verdict {
        tier,
        tee: Some(Tee::Nvidia),
        trust_vector: TrustVector { hardware: 2, configuration: 2, ..TrustVector::default() },
        claims: Fact::Map(vec![("nvidia", Fact::Map(many.clone()))]),
        trustee: Fact::Map(many),
        checks: vec![check("nvidia.signature", Outcome::Pass), check("nvidia.some", Outcome::NotChecked)],
        ..verdict(None)
    }
}

#[test]
fn a_token_about_eight_gpus_has_under_sixteen_kibibytes_whatever_the_guest_sends() {
    let devices = "A".repeat(8 * 21 * 1024 / 3 * 4);
    let runtime_data = RUNTIME_DATA.replace("\"\"", &format!("\"{devices}\""));
    // The largest key that a guest may have: ML-KEM-768, 1184 bytes.
    let key = format!(r#"{{"alg":"ML-KEM-768+A192KW","kty":"AKP","pub":"{}"}}"#, "k".repeat(1579));
    let runtime_data = runtime_data.replace(r#"{"kty":"EC"}"#, &key);
    let said = json!({"aa.toml": {"x": "y".repeat(200_000)}});
    let session = Session { runtime_data: &runtime_data, ..session(Some(&said)) };
    let names: Vec<String> = (0..8).map(|number| format!("gpu{number}")).collect();
    let verdict_of_gpu = gpu(Tier::Affirming);
    let device_data = format!(r#"{{"nonce":"n","tee-pubkey":{key}}}"#);
    let device = |name| Device { name, verdict: &verdict_of_gpu, runtime_data: &device_data, policy: None };
    let gpus: Vec<Device<'_>> = names.iter().map(|name| device(name.as_str())).collect();
    let parts = Parts { policy: None, devices: &gpus };
    let context = context(Some(session));
    let claims = encode_parts(&verdict(None), Profile::Trustee, &context, &parts).unwrap();
    assert!(claims.len() > 400_000);
    let short: Value = serde_json::from_slice(&shorten(&claims, TOKEN_CLAIMS).unwrap()).unwrap();
    let full: Value = serde_json::from_slice(&claims).unwrap();
    for member in ["iss", "aud", "iat", "exp", "eat_nonce", "cnf"] {
        assert_eq!(short[member], full[member], "{member}");
    }
    let kept = ["ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id"];
    for submod in names.iter().map(String::as_str).chain(["cpu0"]) {
        for member in kept {
            assert_eq!(
                short["submods"][submod][member], full["submods"][submod][member],
                "{submod} {member}"
            );
        }
        let by_hash = short["submods"][submod]["ear.vouchsafe"]["by_hash"].as_object().unwrap();
        for (path, entry) in by_hash {
            assert_eq!(entry, &named(full["submods"][submod].pointer(path).unwrap()), "{submod} {path}");
            assert_eq!(short["submods"][submod].pointer(path), None);
        }
    }
}

#[test]
fn the_status_over_all_is_the_worst_submodules() {
    let (good, bad) = (gpu(Tier::Affirming), gpu(Tier::Contraindicated));
    let all = |verdict| {
        let devices = [Device { name: "gpu0", verdict, runtime_data: RUNTIME_DATA, policy: None }];
        let parts = Parts { policy: None, devices: &devices };
        let claims = encode_parts(&verdict_affirming(), Profile::Ietf, &context(None), &parts).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["ear_status"].clone()
    };
    assert_eq!((all(&good), all(&bad)), (json!("affirming"), json!("contraindicated")));
}

#[test]
fn rejects_two_submodules_of_one_name() {
    let judged = gpu(Tier::Affirming);
    let devices = [Device { name: "cpu0", verdict: &judged, runtime_data: RUNTIME_DATA, policy: None }];
    let parts = Parts { policy: None, devices: &devices };
    let error = encode_parts(&verdict(None), Profile::Trustee, &context(None), &parts).unwrap_err();
    assert_eq!(error.reason, "two submodules have the name cpu0");
}

fn verdict_affirming() -> Verdict {
    let trust_vector =
        TrustVector { hardware: 2, configuration: 2, executables: 3, ..TrustVector::default() };
    Verdict { tier: Tier::Affirming, trust_vector, ..verdict(None) }
}
