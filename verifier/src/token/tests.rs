use std::convert::Infallible;

use serde_json::json;

use super::*;
use crate::appraise::TcbReport;
use crate::check::{Fact, Outcome};
use crate::evidence::Tee;
use crate::policy::Policy;
use crate::trust::{Scope, Tier};
use crate::verdict::{Enforced, VerifierInfo};

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

fn verdict(danger_anchor: Option<&str>) -> Verdict {
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
        tcb: TcbReport::default(),
        claims: Fact::Map(vec![("launch_digest", Fact::hex(&[0xab; 2]))]),
        checks: vec![check("snp.signature", Outcome::Pass), check("appraise.floor", Outcome::Fail)],
        error: None,
        danger_anchor: danger_anchor.map(str::to_owned),
        unused_endorsements: Vec::new(),
        enforced: Enforced { scope: Scope::Full, policy: Policy::default() },
        verifier: VerifierInfo { version: "0", anchors: Vec::new() },
    }
}

fn context<'a>(init_data: Option<&'a [u8]>, init_data_claims: Option<&'a Value>) -> TokenContext<'a> {
    TokenContext {
        issuer: "broker",
        issued: NOW,
        expires: NOW.plus_secs(300),
        runtime_data: r#"{"additional-evidence":"","nonce":"n","tee-pubkey":{"kty":"EC"}}"#,
        report_data: &[7; 64],
        init_data,
        init_data_claims,
        decision: "d1",
        policy: "p1",
    }
}

fn claims_of(verdict: &Verdict, context: &TokenContext<'_>) -> Value {
    serde_json::from_slice(&claims(verdict, context).unwrap()).unwrap()
}

#[test]
fn writes_the_members_that_relying_parties_of_coco_read() {
    let vector = json!({
        "instance-identity": 0, "configuration": 2, "executables": 3, "file-system": 0, "hardware": 32,
        "runtime-opaque": 0, "storage-opaque": 0, "sourced-data": 0,
    });
    let evidence = json!({
        "snp": {"launch_digest": "abab"},
        "report_data": "07".repeat(64),
        "init_data_claims": null,
        "runtime_data_claims": {"additional-evidence": "", "nonce": "n", "tee-pubkey": {"kty": "EC"}},
    });
    let expected = json!({
        "eat_profile": "tag:github.com,2024:confidential-containers/Trustee",
        "iat": 1_775_000_000, "exp": 1_775_000_300, "iss": "broker",
        "ear.verifier-id": {"developer": "vouchsafe", "build": BUILD},
        "submods": {"cpu0": {
            "ear.status": "warning",
            "ear.trustworthiness-vector": vector,
            "ear.appraisal-policy-id": "sha256:p1",
            "ear.veraison.annotated-evidence": evidence,
            "ear.vouchsafe": {"decision": "d1", "tcb_status": null, "failed": ["appraise.floor"]},
        }},
    });
    assert_eq!(claims_of(&verdict(None), &context(None, None)), expected);
}

#[test]
fn marks_what_ends_at_a_simulated_root() {
    let claims = claims_of(&verdict(Some("danger_demo")), &context(None, None));
    let cpu = &claims["submods"]["cpu0"];
    assert_eq!(cpu["ear.veraison.annotated-evidence"]["sample"], json!({"root": "danger_demo"}));
    assert_eq!(cpu["ear.vouchsafe"]["danger_root"], json!("danger_demo"));
}

#[test]
fn says_what_the_init_data_says() {
    let said = json!({"aa.toml": {}});
    let claims = claims_of(&verdict(None), &context(Some(&[1, 2]), Some(&said)));
    let evidence = &claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"];
    assert_eq!((&evidence["init_data"], &evidence["init_data_claims"]), (&json!("0102"), &said));
}

#[test]
fn rejects_runtime_data_that_is_no_json() {
    let mut broken = context(None, None);
    broken.runtime_data = "{";
    let error = claims(&verdict(None), &broken).unwrap_err();
    assert_eq!(error.reason, "EOF while parsing an object at line 1 column 1");
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
