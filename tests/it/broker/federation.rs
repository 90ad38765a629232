//! Tokens for the identity services of clouds.

use kbs_protocol::Tee;
use serde_json::{Value, json};
use system_tests::broker::{Answer, Draft, OTHER_LAUNCH_DIGEST, Settings, Site, call};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, token_of};
use super::keys::{public, verified};

const AUDIENCE: &str = "sts.amazonaws.com";

/// The guests of these tests are simulated.
fn bench(more: &str) -> Bench {
    bench_with(&format!("danger_allow_simulated = true\n{more}"))
}

fn bench_with(more: &str) -> Bench {
    let site = Site::new();
    let tables =
        format!("[federation]\nissuer = \"https://kbs.example\"\naudiences = [\"{AUDIENCE}\"]\n{more}\n");
    let broker = site.start(Settings { tables: &tables, ..Settings::default() });
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    Bench { site, broker }
}

fn ask(bench: &Bench, head: Option<(&str, &str)>, body: &Value) -> Answer {
    let headers: Vec<(&str, &str)> = head.into_iter().collect();
    let body = body.to_string();
    call(bench.broker.address, "POST", "/v1/federation-token", &headers, Some(body.as_bytes()))
}

/// Status and kind of a refusal, in the form of RFC 9457.
fn refusal(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body["type"].as_str().unwrap().to_owned())
}

#[test]
fn an_affirmed_guest_that_a_reference_value_names_gets_a_token_for_a_listed_audience() {
    for (more, algorithm) in
        [("", "RS256"), ("algorithm = \"ES256\"\ntenant = \"red\"\ntoken_seconds = 60", "ES256")]
    {
        let bench = bench(more);
        let machine = &bench.site.amd.machine;
        let token = bearer(&bench.honest(machine));
        let answer = ask(&bench, Some(("authorization", &token)), &json!({"audience": AUDIENCE}));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let issued: Value = serde_json::from_slice(&answer.body).unwrap();
        let discovery = public(&bench.broker, "/.well-known/openid-configuration");
        assert_eq!(discovery["id_token_signing_alg_values_supported"], json!([algorithm]));
        let path = discovery["jwks_uri"].as_str().unwrap().strip_prefix("https://kbs.example").unwrap();
        let claims = verified(&public(&bench.broker, path), issued["token"].as_str().unwrap());
        let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
        assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"]);
        let (tenant, life) = if more.is_empty() { ("default", 300) } else { ("red", 60) };
        assert_eq!(claims["sub"], format!("tenant:{tenant}:workload:known"));
        assert_eq!((&claims["aud"], &claims["iss"]), (&json!(AUDIENCE), &json!("https://kbs.example")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), life);
        assert_eq!(issued["expires"], claims["exp"]);
        // It is on record, by its id; and it opens nothing here.
        let log = bench.broker.log();
        let line = log.lines().rfind(|line| line.contains("federation token issued")).unwrap();
        let id = line.split_once("decision=").unwrap().1.split(' ').next().unwrap();
        let authorization = bearer(&bench.site.operator.token());
        let path = format!("/v1/decisions/{id}");
        let kept = call(bench.broker.address, "GET", &path, &[("authorization", &authorization)], None);
        let kept: Value = serde_json::from_slice(&kept.body).unwrap();
        let kept = &kept["decision"]["federation"];
        assert_eq!((&kept["id"], &kept["subject"]), (&claims["jti"], &claims["sub"]));
        let own = bearer(issued["token"].as_str().unwrap());
        let answer = bench.fetch(RESOURCE, ("authorization", &own));
        bench.refused("a federation token", &answer, (401, "TokenVerifierError", &[]));
    }
}

#[test]
fn a_simulated_guest_gets_none_unless_the_configuration_says_so() {
    let bench = bench_with("");
    for machine in bench.machines() {
        // It is affirmed, as the configuration has it, and gets secrets of a policy that asks no more.
        let token = bearer(&bench.honest(machine));
        let answer = ask(&bench, Some(("authorization", &token)), &json!({"audience": AUDIENCE}));
        assert_eq!(refusal(&answer).0, 403);
        assert!(String::from_utf8_lossy(&answer.body).contains("the guest is on simulated hardware"));
    }
    assert!(!bench.broker.log().contains("federation token issued"));
}

#[test]
fn whoever_is_not_affirmed_or_asks_for_another_audience_gets_none() {
    let bench = bench("");
    let machine = &bench.site.amd.machine;
    let good = bearer(&bench.honest(machine));
    let body = json!({"audience": AUDIENCE});
    let head = |token| Some(("authorization", token));
    let kind = |status: u16, kind: &str| (status, kind.to_owned());
    assert_eq!(refusal(&ask(&bench, None, &body)), kind(401, "TokenNotFound"));
    assert_eq!(refusal(&ask(&bench, head("Bearer a.b.c"), &body)), kind(401, "TokenVerifierError"));
    let other = json!({"audience": "another"});
    assert_eq!(refusal(&ask(&bench, head(&good), &other)), kind(403, "PolicyDeny"));
    assert_eq!(refusal(&ask(&bench, head(&good), &json!({"aud": AUDIENCE}))), kind(400, "SerdeError"));
    // A guest that nobody knows is believed, and not affirmed.
    let session = bench.auth(Tee::Snp);
    let mut draft = Draft::honest(&session, machine, &new_key());
    draft.guest.launch_digest = OTHER_LAUNCH_DIGEST;
    let unknown = bearer(&token_of(&draft.send(bench.broker.address)));
    assert_eq!(refusal(&ask(&bench, head(&unknown), &body)), kind(403, "PolicyDeny"));
    assert_eq!(ask(&bench, Some(("cookie", &session.header().1)), &body).status, 403);
    assert_eq!(ask(&bench, head(&good), &body).status, 200);
    let without = Bench::new();
    let token = bearer(&without.honest(&without.site.amd.machine));
    assert_eq!(refusal(&ask(&without, head(&token), &body)), kind(404, "InvalidRequestPath"));
}
