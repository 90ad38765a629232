use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reference_values::{Key, Value as Wanted};
use serde_json::{Value, json};

use crate::appraise::TcbReport;
use crate::check::{Check, Fact, Outcome};
use crate::evidence::Tee;
use crate::policy::{Id, Policy};
use crate::result::ear::BUILD;
use crate::result::{
    Form, POLICY_BYTES_MAX, Profile, ResultContext, Session, compact, encode, media_type, policy_digest,
};
use crate::time::UnixTime;
use crate::trust::{Scope, Tier, TrustVector};
use crate::verdict::{Enforced, Failure, Stage, Verdict, VerifierInfo};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
pub(super) const RUNTIME_DATA: &str = r#"{"additional-evidence":"","nonce":"n","tee-pubkey":{"kty":"EC"}}"#;

pub(super) fn verdict(danger_anchor: Option<&str>) -> Verdict {
    let check = |id, outcome| Check { id, outcome, expected: Fact::None, actual: Fact::None, source: "test" };
    Verdict {
        schema: "vouchsafe.verify/1",
        at: NOW,
        tee: Some(Tee::Snp),
        verified: true,
        tier: Tier::Warning,
        trust_vector: TrustVector {
            hardware: 32,
            configuration: 2,
            executables: 3,
            ..TrustVector::default()
        },
        tcb: TcbReport { advisories: vec!["AMD-SB-3019".to_owned()], ..TcbReport::default() },
        claims: Fact::Map(vec![
            ("launch_digest", Fact::hex(&[0xab; 2])),
            ("report_data", Fact::hex(&[7; 64])),
            ("host_data", Fact::hex(&[1, 2])),
        ]),
        trustee: Fact::Map(vec![("measurement", Fact::hex(&[0xab; 2]))]),
        checks: vec![
            check("snp.signature", Outcome::Pass),
            check("snp.binding.host-data", Outcome::NotChecked),
            check("appraise.floor", Outcome::Fail),
            check("appraise.floor", Outcome::Fail),
        ],
        error: None,
        danger_anchor: danger_anchor.map(str::to_owned),
        unused_endorsements: Vec::new(),
        enforced: Enforced { scope: Scope::Full, policy: Policy::default() },
        verifier: VerifierInfo { version: "0", anchors: Vec::new() },
    }
}

pub(super) fn session(init_data_claims: Option<&Value>) -> Session<'_> {
    Session {
        audience: "broker",
        runtime_data: RUNTIME_DATA,
        init_data_claims,
        decision: Some("d1"),
        epoch: Some(7),
    }
}

pub(super) fn context(session: Option<Session<'_>>) -> ResultContext<'_> {
    ResultContext {
        issuer: session.map(|_| "broker"),
        expires: session.map(|_| NOW.plus_secs(300)),
        reference_values: [0xcc; 32],
        expectations: &[],
        session,
    }
}

pub(super) fn claims_of(verdict: &Verdict, profile: Profile, context: &ResultContext<'_>) -> Value {
    serde_json::from_slice(&encode(verdict, profile, context).unwrap()).unwrap()
}

fn vector() -> Value {
    json!({
        "instance-identity": 0, "configuration": 2, "executables": 3, "file-system": 0, "hardware": 32,
        "runtime-opaque": 0, "storage-opaque": 0, "sourced-data": 0,
    })
}

fn policy_sha256() -> String {
    hex::encode(policy_digest(&Policy::default()).unwrap())
}

fn enforced() -> Value {
    let policy = serde_json::to_value(Policy::default()).unwrap();
    json!({
        "scope": "full", "policy": policy, "policy_sha256": policy_sha256(),
        "policy_bytes": serde_json::to_vec(&Policy::default()).unwrap().len(),
        "reference_values_sha256": "cc".repeat(32),
    })
}

fn verifier_claims() -> Value {
    json!({
        "at": "2026-03-31T23:33:20Z", "verified": true,
        "tcb": {"status": null, "date": null, "advisories": ["AMD-SB-3019"], "evaluation_number": null},
        "enforced": enforced(), "failed": ["appraise.floor"], "not_checked": ["snp.binding.host-data"],
    })
}

#[test]
fn writes_the_members_that_relying_parties_of_coco_read() {
    let mut own = verifier_claims();
    own["decision"] = json!("d1");
    own["epoch"] = json!(7);
    let evidence = json!({
        "snp": {"measurement": "abab"},
        "vouchsafe": {"launch_digest": "abab", "report_data": "07".repeat(64), "host_data": "0102"},
        "report_data": "07".repeat(64),
        "init_data": "0102",
        "init_data_claims": null,
        "runtime_data_claims": {"additional-evidence": "", "nonce": "n", "tee-pubkey": {"kty": "EC"}},
    });
    let expected = json!({
        "eat_profile": "tag:github.com,2024:confidential-containers/Trustee",
        "iat": 1_775_000_000, "exp": 1_775_000_300, "iss": "broker",
        "aud": "broker", "eat_nonce": "n", "cnf": {"jwk": {"kty": "EC"}},
        "ear.verifier-id": {"developer": "vouchsafe", "build": BUILD},
        "submods": {"cpu0": {
            "ear.status": "warning",
            "ear.trustworthiness-vector": vector(),
            "ear.appraisal-policy-id": format!("sha256:{}", policy_sha256()),
            "ear.veraison.annotated-evidence": evidence,
            "ear.vouchsafe": own,
        }},
    });
    assert_eq!(claims_of(&verdict(None), Profile::Trustee, &context(Some(session(None)))), expected);
}

#[test]
fn writes_the_same_verdict_in_the_members_of_the_draft() {
    let expected = json!({
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        "iat": 1_775_000_000,
        "ear_verifier_id": {"developer": "vouchsafe", "build": BUILD},
        "ear_status": "warning",
        "submods": {"cpu0": {
            "ear_status": "warning",
            "ear_trustworthiness_vector": vector(),
            "ear_appraisal_policy_ids": [format!("sha256:{}", policy_sha256())],
            "ear_attester_claims": {
                "tee": "snp", "launch_digest": "abab", "report_data": "07".repeat(64), "host_data": "0102",
            },
            "ear_verifier_claims": verifier_claims(),
        }},
    });
    assert_eq!(claims_of(&verdict(None), Profile::Ietf, &context(None)), expected);
}

#[test]
fn both_profiles_say_the_same_of_the_session_and_the_rules() {
    let context = context(Some(session(None)));
    let [ietf, trustee] = [Profile::Ietf, Profile::Trustee]
        .map(|profile| claims_of(&verdict(Some("danger_x")), profile, &context));
    for member in ["iat", "exp", "iss", "aud", "eat_nonce", "cnf"] {
        assert_eq!(ietf[member], trustee[member], "{member}");
    }
    let (ietf, trustee) = (&ietf["submods"]["cpu0"], &trustee["submods"]["cpu0"]);
    let pairs = [
        ("ear_status", "ear.status"),
        ("ear_trustworthiness_vector", "ear.trustworthiness-vector"),
        ("ear_verifier_claims", "ear.vouchsafe"),
    ];
    for (one, other) in pairs {
        assert_eq!(ietf[one], trustee[other], "{one}");
    }
    let annotated = &trustee["ear.veraison.annotated-evidence"];
    for claim in ["runtime_data_claims", "init_data_claims", "report_data"] {
        assert_eq!(ietf["ear_attester_claims"][claim], annotated[claim], "{claim}");
    }
    assert_eq!(ietf["ear_attester_claims"]["launch_digest"], annotated["vouchsafe"]["launch_digest"]);
}

#[test]
fn marks_what_ends_at_a_simulated_root() {
    let claims = claims_of(&verdict(Some("danger_demo")), Profile::Trustee, &context(Some(session(None))));
    let cpu = &claims["submods"]["cpu0"];
    assert_eq!(cpu["ear.veraison.annotated-evidence"]["sample"], json!({"root": "danger_demo"}));
    assert_eq!(cpu["ear.vouchsafe"]["danger_root"], json!("danger_demo"));
}

#[test]
fn says_what_the_init_data_says() {
    let said = json!({"aa.toml": {}});
    let claims = claims_of(&verdict(None), Profile::Trustee, &context(Some(session(Some(&said)))));
    let evidence = &claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"];
    assert_eq!((&evidence["init_data"], &evidence["init_data_claims"]), (&json!("0102"), &said));
}

#[test]
fn a_policy_is_repeated_up_to_its_limit_and_named_beyond() {
    let with_chips = |count: usize| {
        let mut verdict = verdict(None);
        verdict.enforced.policy.snp.chip_ids = vec![Id([0; 64]); count];
        let enforced = claims_of(&verdict, Profile::Trustee, &context(None));
        (verdict.enforced.policy, enforced["submods"]["cpu0"]["ear.vouchsafe"]["enforced"].clone())
    };
    let size = |policy: &Policy| serde_json::to_vec(policy).unwrap().len();
    let fitting = (POLICY_BYTES_MAX - size(&Policy::default())) / 131;
    for count in [fitting, fitting + 1] {
        let (policy, enforced) = with_chips(count);
        let whole = (size(&policy) <= POLICY_BYTES_MAX).then(|| serde_json::to_value(&policy).unwrap());
        assert_eq!(whole.is_some(), count == fitting);
        assert_eq!(enforced.get("policy").cloned(), whole);
        assert_eq!(enforced["policy_bytes"], size(&policy));
        assert_eq!(enforced["policy_sha256"], hex::encode(policy_digest(&policy).unwrap()));
    }
}

#[test]
fn what_a_policy_opts_out_of_is_told_however_long_it_is() {
    for profile in [Profile::Trustee, Profile::Ietf] {
        let own = if profile == Profile::Trustee { "ear.vouchsafe" } else { "ear_verifier_claims" };
        let enforced = |change: fn(&mut Policy)| {
            let mut verdict = verdict(None);
            change(&mut verdict.enforced.policy);
            claims_of(&verdict, profile, &context(None))["submods"]["cpu0"][own]["enforced"].clone()
        };
        assert_eq!(enforced(|_| ()).get("dangers"), None);
        let hidden = enforced(|policy| {
            policy.deny.chip_ids = vec![Id([0; 64]); 60];
            policy.snp.danger_allow_debug = true;
            policy.danger_accept_simulated = true;
        });
        assert_eq!(hidden.get("policy"), None, "too long");
        assert_eq!(hidden["dangers"], json!(["danger_accept_simulated", "snp.danger_allow_debug"]));
    }
}

#[test]
fn what_was_asked_for_by_name_is_echoed() {
    let expectations = [(Key::MrTd, Wanted::Bytes(vec![0xab, 0xcd])), (Key::IsvSvn, Wanted::Number(3))];
    let context = ResultContext { expectations: &expectations, ..context(None) };
    let claims = claims_of(&verdict(None), Profile::Ietf, &context);
    let enforced = &claims["submods"]["cpu0"]["ear_verifier_claims"]["enforced"];
    assert_eq!(enforced["expectations"], json!(["mr-td=abcd", "isv-svn=3"]));
}

#[test]
fn the_status_is_never_better_than_the_worst_claim_of_the_vector() {
    let status = |tier, trust_vector| {
        let verdict = Verdict { tier, trust_vector, ..verdict(None) };
        let claims = claims_of(&verdict, Profile::Ietf, &context(None));
        assert_eq!(claims["ear_status"], claims["submods"]["cpu0"]["ear_status"]);
        claims["ear_status"].as_str().unwrap().to_owned()
    };
    let vector = |hardware, executables, instance_identity| TrustVector {
        hardware,
        configuration: 2,
        executables,
        instance_identity,
        ..TrustVector::default()
    };
    // The hardware alone was asked: what is not known of the executables is no objection, what is wrong with them is.
    assert_eq!(status(Tier::Affirming, vector(2, 0, 0)), "affirming");
    assert_eq!(status(Tier::Affirming, vector(2, 33, 0)), "warning");
    assert_eq!(status(Tier::Affirming, vector(2, 3, 96)), "contraindicated");
    // Executables were asked and are not known.
    assert_eq!(status(Tier::None, vector(2, 0, 0)), "none");
    assert_eq!(status(Tier::None, vector(96, 0, 0)), "contraindicated");
    assert_eq!(status(Tier::Warning, vector(32, 3, 2)), "warning");
}

#[test]
fn evidence_that_is_not_believed_is_named_by_what_failed() {
    let result = |stage| {
        let mut verdict = verdict(None);
        verdict.verified = false;
        verdict.tier = Tier::None;
        verdict.trust_vector = TrustVector::default();
        verdict.error = Some(Failure { stage, kind: "some-rule", message: "words of the input".to_owned() });
        let claims = claims_of(&verdict, Profile::Trustee, &context(None));
        let cpu = &claims["submods"]["cpu0"];
        assert_eq!(cpu["ear.veraison.annotated-evidence"].get("snp"), None);
        assert_eq!(cpu["ear.vouchsafe"]["error"]["kind"], "some-rule");
        assert!(!claims.to_string().contains("words of the input"));
        let hardware = cpu["ear.trustworthiness-vector"]["hardware"].as_i64().unwrap();
        (cpu["ear.status"].as_str().unwrap().to_owned(), hardware)
    };
    assert_eq!(result(Stage::Verify), ("contraindicated".to_owned(), 99));
    assert_eq!(result(Stage::Parse), ("none".to_owned(), 1));
    assert_eq!(result(Stage::Endorsements), ("none".to_owned(), 0));
}

#[test]
fn rejects_runtime_data_without_a_nonce_or_a_key() {
    for (runtime_data, reason) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        (r#"{"tee-pubkey":{}}"#, "missing field `nonce` at line 1 column 17"),
        (r#"{"nonce":"n"}"#, "missing field `tee-pubkey` at line 1 column 13"),
    ] {
        let broken = context(Some(Session { runtime_data, ..session(None) }));
        let error = encode(&verdict(None), Profile::Trustee, &broken).unwrap_err();
        assert_eq!(error.reason, reason);
    }
}

#[test]
fn media_types_name_form_and_profile() {
    let ietf = "tag:ietf.org,2026:rats/ear#04";
    assert_eq!(media_type(Profile::Ietf, Form::Jwt), format!("application/eat+jwt; eat_profile=\"{ietf}\""));
    assert_eq!(
        media_type(Profile::Ietf, Form::Unsigned),
        format!("application/eat-ucs+json; eat_profile=\"{ietf}\"")
    );
}

#[test]
fn the_signature_covers_header_and_claims_as_sent() {
    let mut signed = Vec::new();
    let token = compact("k1", b"{}", |message| {
        signed = message.to_vec();
        Ok::<_, Infallible>([0; 64])
    })
    .unwrap();
    let (head, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(signed, head.as_bytes());
    assert_eq!(signature, "A".repeat(86));
    let (header, claims) = head.split_once('.').unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(header).unwrap(), br#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#);
    assert_eq!(URL_SAFE_NO_PAD.decode(claims).unwrap(), b"{}");
}
