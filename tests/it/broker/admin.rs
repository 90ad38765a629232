//! Who may store and delete.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use system_tests::broker::{Answer, Operator, call, compact};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

const OTHER: &[u8] = b"another secret";

fn ask(bench: &Bench, method: &str, token: Option<&str>) -> Answer {
    let token = token.map(bearer);
    let headers: Vec<(&str, &str)> =
        token.as_deref().map(|token| ("authorization", token)).into_iter().collect();
    let path = format!("/kbs/v0/resource/{RESOURCE}");
    let body = (method == "POST").then_some(OTHER);
    call(bench.broker.address, method, &path, &headers, body)
}

fn claims(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = json!({"role": "admin", "exp": sim_agent::now() + 60});
    change(&mut claims);
    claims
}

#[test]
fn only_holders_of_a_pinned_key_store_and_delete() {
    let bench = Bench::new();
    let operator = &bench.site.operator;
    let stranger = Operator::new();
    let good = claims(|_| ());
    let now = sim_agent::now();
    let hs256 = |secret: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
        compact(&json!({"alg": "HS256", "typ": "JWT"}), &good, sign)
    };
    let rows: &[(&str, Option<String>)] = &[
        ("no token", None),
        ("an empty token", Some(String::new())),
        ("a stranger's", Some(stranger.eddsa(&good))),
        ("a stranger's on P-256", Some(stranger.es256(&good))),
        ("a guest's", Some(bench.honest(&bench.site.amd.machine))),
        ("an expired one", Some(operator.eddsa(&claims(|claims| claims["exp"] = now.into())))),
        ("one without an end", Some(operator.eddsa(&json!({"role": "admin"})))),
        ("one of later", Some(operator.eddsa(&claims(|claims| claims["nbf"] = (now + 600).into())))),
        ("another role", Some(operator.eddsa(&claims(|claims| claims["role"] = "guest".into())))),
        ("no role", Some(operator.eddsa(&json!({"exp": now + 60})))),
        ("alg none", Some(compact(&json!({"alg": "none"}), &good, |_| Vec::new()))),
        ("another alg", Some(operator.eddsa_with(&json!({"alg": "ES256"}), &good))),
        ("HS256 with a public key", Some(hs256(&operator.ed25519_pem()))),
        ("HS256 with the other public key", Some(hs256(&operator.p256_pem()))),
        (
            "a key in the header",
            Some(operator.eddsa_with(&json!({"alg": "EdDSA", "jku": "https://127.0.0.1/"}), &good)),
        ),
    ];
    for (name, token) in rows {
        for method in ["POST", "DELETE"] {
            let answer = ask(&bench, method, token.as_deref());
            bench.refused(name, &answer, (401, "AdminAuthAccess", &[]));
        }
        for path in ["/v1/refusals", "/v1/decisions/00"] {
            let token = token.as_deref().map(bearer);
            let headers: Vec<(&str, &str)> =
                token.as_deref().map(|token| ("authorization", token)).into_iter().collect();
            let answer = call(bench.broker.address, "GET", path, &headers, None);
            let kind = answer.header("content-type").map(str::to_owned);
            assert_eq!((answer.status, kind.as_deref()), (401, Some("application/problem+json")), "{name}");
        }
    }
    // The secret is still there, and still the first.
    bench.honest(&bench.site.amd.machine);
}

#[test]
fn both_pinned_keys_store_replace_and_delete() {
    let bench = Bench::new();
    let operator = &bench.site.operator;
    let good = claims(|_| ());
    let (session, key) = (bench.auth(kbs_protocol::Tee::Snp), new_key());
    let machine = &bench.site.amd.machine;
    let draft = system_tests::broker::Draft::honest(&session, machine, &key);
    let guest = bearer(&token_of(&draft.send(bench.broker.address)));
    let fetch = || bench.fetch(RESOURCE, ("authorization", &guest));
    for token in [operator.eddsa(&good), operator.es256(&good)] {
        assert_eq!(opened(&fetch(), &key), SECRET);
        assert_eq!(ask(&bench, "POST", Some(&token)).status, 200);
        assert_eq!(opened(&fetch(), &key), OTHER);
        assert_eq!(ask(&bench, "DELETE", Some(&token)).status, 200);
        bench.refused("deleted", &fetch(), (404, "PluginInternalError", &[RESOURCE]));
        bench.refused(
            "deleted again",
            &ask(&bench, "DELETE", Some(&token)),
            (404, "PluginInternalError", &[RESOURCE]),
        );
        assert_eq!(operator.store(bench.broker.address, RESOURCE, SECRET).status, 200);
    }
}

#[test]
fn a_secret_above_the_limit_is_refused_and_one_of_the_limit_stored() {
    let bench = Bench::new();
    let operator = &bench.site.operator;
    let limit = 1 << 20;
    let answer = operator.store(bench.broker.address, RESOURCE, &vec![7; limit + 1]);
    bench.refused("too large", &answer, (413, "SerdeError", &["1048576"]));
    bench.honest(&bench.site.amd.machine);
    assert_eq!(operator.store(bench.broker.address, "models/key/large", &vec![7; limit]).status, 200);
}
