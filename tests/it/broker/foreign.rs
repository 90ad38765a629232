//! Tokens of another attestation service.

use serde_json::{Value, json};
use sim::x509::pem;
use sim::{IssuerKey as _, P256Key};
use system_tests::broker::{Settings, Site, call, compact, tee_key};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened};

const ISSUER: &str = "CoCo-Attestation-Service";

/// A bench whose broker takes tokens of an issuer with this key for `models/*/*`.
fn bench(issuer: &P256Key, policy: &str) -> Bench {
    let site = Site::new();
    site.write("issuer.pem", pem("PUBLIC KEY", &issuer.spki()).as_bytes());
    site.write("policy", policy.as_bytes());
    let tables = format!(
        "[[foreign_issuer]]\nname = \"trustee\"\nissuer = \"{ISSUER}\"\nresources = [\"models/*/*\"]\n\
         keys = [{{ file = \"issuer.pem\" }}]\n"
    );
    let keys = "resource_policy = \"policy\"";
    let broker = site.start(Settings { keys, tables: &tables, ..Settings::default() });
    for resource in [RESOURCE, "other/key/demo"] {
        assert_eq!(site.operator.store(broker.address, resource, SECRET).status, 200);
    }
    Bench { site, broker }
}

fn claims(key: &kbs_protocol::TeeKeyPair) -> Value {
    let jwk: Value = serde_json::from_str(tee_key(key).get()).unwrap();
    json!({
        "eat_profile": "tag:github.com,2024:confidential-containers/Trustee",
        "iss": ISSUER, "iat": sim_agent::now(), "exp": sim_agent::now() + 300,
        "submods": {"cpu0": {
            "ear.status": "affirming",
            "ear.veraison.annotated-evidence": {
                "snp": {}, "runtime_data_claims": {"additional-evidence": "", "nonce": "n", "tee-pubkey": jwk},
            },
        }},
    })
}

/// A token as Trustee writes it: its key in the header, and no key id.
fn token(signer: &P256Key, claims: &Value) -> String {
    let point = signer.public_point();
    let coordinate = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    let jwk = json!({"alg": "ES256", "kty": "EC", "crv": "P-256",
        "x": coordinate(&point[..32]), "y": coordinate(&point[32..])});
    let header = json!({"typ": "JWT", "alg": "ES256", "jwk": jwk});
    compact(&header, claims, |message| signer.sign_fixed(message).unwrap().to_vec())
}

/// What was recorded with the newest line of the log that contains these words, the id after `field`.
fn recorded(bench: &Bench, words: &str, field: &str) -> Value {
    let log = bench.broker.log();
    let line = log.lines().rfind(|line| line.contains(words)).expect("a line in the log");
    let (_, rest) = line.split_once(field).expect("an id");
    let id = rest.split(' ').next().unwrap();
    let authorization = bearer(&bench.site.operator.token());
    let path = format!("/v1/decisions/{id}");
    let answer = call(bench.broker.address, "GET", &path, &[("authorization", &authorization)], None);
    serde_json::from_slice::<Value>(&answer.body).unwrap()["decision"].clone()
}

#[test]
fn a_pinned_issuers_token_opens_what_it_may_and_the_record_keeps_it() {
    let issuer = P256Key::generate(&mut guest_agent::system_rng());
    let bench = bench(&issuer, "package policy\nallow := true");
    let key = new_key();
    let text = token(&issuer, &claims(&key));
    let shown = ("authorization", bearer(&text));
    let shown = (shown.0, shown.1.as_str());
    assert_eq!(opened(&bench.fetch(RESOURCE, shown), &key), SECRET);
    let release = recorded(&bench, "released", " decision=")["release"].clone();
    let digest = decision_log::Digest::of(text.as_bytes()).to_string();
    assert_eq!((&release["foreign_issuer"], &release["attestation"]), (&json!("trustee"), &Value::Null));
    assert_eq!(release["token"], digest);
    assert!(release["epoch"].as_u64().unwrap() > 0);
    let kept = bench.site.operator.blob(bench.broker.address, &digest);
    assert_eq!((kept.status, kept.body), (200, text.clone().into_bytes()));
    // Beyond its resources nothing opens, whatever the policy says.
    let denied = (403, "PolicyDeny", &["the token is of the issuer trustee"][..]);
    bench.refused("outside", &bench.fetch("other/key/demo", shown), denied);
    let denial = recorded(&bench, "denied by policy", " denial=")["denial"].clone();
    assert_eq!(
        (&denial["reason"], &denial["foreign_issuer"]),
        (&json!("issuer-resources"), &json!("trustee"))
    );
    bench.honest(&bench.site.amd.machine);
}

#[test]
fn the_resource_policy_decides_about_a_foreign_token_too() {
    let issuer = P256Key::generate(&mut guest_agent::system_rng());
    let policy = "package policy\nimport rego.v1\nallow if { input.team == \"red\" }";
    let bench = bench(&issuer, policy);
    let key = new_key();
    let mut claims = claims(&key);
    let fetch = |claims: &Value| bench.fetch(RESOURCE, ("authorization", &bearer(&token(&issuer, claims))));
    let denied = (403, "PolicyDeny", &["Access denied by policy"][..]);
    bench.refused("without a team", &fetch(&claims), denied);
    claims["team"] = json!("red");
    assert_eq!(opened(&fetch(&claims), &key), SECRET);
}

#[test]
fn a_strangers_token_with_its_own_key_in_the_header_opens_nothing() {
    let issuer = P256Key::generate(&mut guest_agent::system_rng());
    let bench = bench(&issuer, "package policy\nallow := true");
    let stranger = P256Key::generate(&mut guest_agent::system_rng());
    let good = claims(&new_key());
    let mut over = good.clone();
    over["exp"] = json!(sim_agent::now() - 1);
    over["iat"] = json!(sim_agent::now() - 200);
    let mut endless = good.clone();
    endless.as_object_mut().unwrap().remove("exp");
    let mut keyless = good.clone();
    keyless["submods"] = json!({});
    let mut ours = good.clone();
    ours["iss"] = json!("vouchsafe-kbs");
    for (name, token, part) in [
        ("a stranger's", token(&stranger, &good), "the token of the issuer trustee: the signature"),
        ("over", token(&issuer, &over), "expired"),
        ("without an end", token(&issuer, &endless), "the claims are not of the wanted form"),
        ("without a key", token(&issuer, &keyless), "0 keys of the guest"),
        ("in our name", token(&issuer, &ours), "a key that is not this broker's"),
    ] {
        let answer = bench.fetch(RESOURCE, ("authorization", &bearer(&token)));
        bench.refused(name, &answer, (401, "TokenVerifierError", &[part]));
    }
}
