//! The keys of the broker's tokens: published, rotated, provided by the operator.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sim::P256Key;
use sim::x509::pem;
use system_tests::broker::{Broker, Settings, Site, call, compact};

use super::bench::{Bench, RESOURCE, SECRET, bearer};
use super::tls::{authority, server};

/// What a public path says.
pub(super) fn public(broker: &Broker, path: &str) -> Value {
    let answer = call(broker.address, "GET", path, &[], None);
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    serde_json::from_slice(&answer.body).unwrap()
}

/// The claims of a token, verified as a stranger does that has nothing but the JWK set.
pub(super) fn verified(set: &Value, token: &str) -> Value {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let jwk = keys.iter().find(|jwk| jwk["kid"] == header["kid"]).expect("a published key");
    assert_eq!((&jwk["alg"], &jwk["use"]), (&header["alg"], &json!("sig")));
    let member = |name: &str| decode(jwk[name].as_str().unwrap());
    let signature = decode(signature);
    match jwk["kty"].as_str().unwrap() {
        "EC" => {
            let point = [vec![4], member("x"), member("y")].concat();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            key.verify(message.as_bytes(), &signature).unwrap();
        }
        "RSA" => {
            let key = RsaPublicKeyComponents { n: member("n"), e: member("e") };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).unwrap();
        }
        other => panic!("{other}"),
    }
    serde_json::from_slice(&decode(claims)).unwrap()
}

fn rotate(bench: &Bench, purpose: &str, token: Option<&str>) -> (u16, Value) {
    let authorization = token.map(bearer);
    let headers: Vec<(&str, &str)> =
        authorization.iter().map(|value| ("authorization", value.as_str())).collect();
    let path = format!("/v1/keys/{purpose}/rotate");
    let answer = call(bench.broker.address, "POST", &path, &headers, Some(b""));
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[test]
fn a_stranger_verifies_tokens_by_the_published_keys_before_and_after_a_rotation() {
    let mut bench = Bench::new();
    let path = "/.well-known/jwks.json";
    let token = bench.honest(&bench.site.amd.machine);
    let before = public(&bench.broker, path);
    assert_eq!(before["keys"].as_array().unwrap().len(), 1);
    assert_eq!(verified(&before, &token)["iss"], "vouchsafe-kbs");
    assert_eq!(rotate(&bench, "token", None).0, 401);
    let admin = bench.site.operator.token();
    assert_eq!(rotate(&bench, "nothing", Some(&admin)).0, 404);
    // None are issued without a configuration.
    assert_eq!(rotate(&bench, "federation", Some(&admin)).0, 404);
    let (status, rotated) = rotate(&bench, "token", Some(&admin));
    assert_eq!(status, 200);
    let after = public(&bench.broker, path);
    let kids: Vec<&Value> = after["keys"].as_array().unwrap().iter().map(|jwk| &jwk["kid"]).collect();
    assert_eq!(kids, [&before["keys"][0]["kid"], &rotated["kid"]]);
    // The old key signs until the new one has been published for long enough, also after the loss of power.
    let next = bench.honest(&bench.site.amd.machine);
    assert_eq!(verified(&before, &next)["iss"], "vouchsafe-kbs");
    assert_eq!(rotate(&bench, "token", Some(&admin)).0, 409);
    bench.broker = bench.broker.kill_and_restart();
    assert_eq!(public(&bench.broker, path), after);
    assert_eq!(bench.fetch(RESOURCE, ("authorization", &bearer(&token))).status, 200);
}

#[test]
fn a_key_of_the_operators_signs_with_its_chain_and_a_strangers_chain_opens_nothing() {
    let site = Site::new();
    let ours = authority();
    let (certificate, key) = server(&ours);
    site.write("token.pem", format!("{certificate}{}", pem("CERTIFICATE", &ours.certificate)).as_bytes());
    site.write("token.key", key.as_bytes());
    let tables = "[token]\ncertificate_chain = \"token.pem\"\nkey = \"token.key\"\n";
    let broker = site.start(Settings { tables, ..Settings::default() });
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    let bench = Bench { site, broker };
    let token = bench.honest(&bench.site.amd.machine);
    let header = token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let chain = header["x5c"].as_array().unwrap();
    assert_eq!((chain.len(), &chain[1]), (2, &json!(STANDARD.encode(&ours.certificate))));
    let set = public(&bench.broker, "/.well-known/jwks.json");
    assert_eq!((set["keys"].as_array().unwrap().len(), &set["keys"][0]["x5c"]), (1, &header["x5c"]));
    let claims = verified(&set, &token);
    // A stranger with a chain of the same making, or with ours.
    let theirs = authority();
    let stranger = P256Key::generate(&mut guest_agent::system_rng());
    let sign = |message: &[u8]| stranger.sign_fixed(message).unwrap().to_vec();
    for x5c in [json!([STANDARD.encode(&theirs.certificate)]), header["x5c"].clone()] {
        let forged = json!({"alg": "ES256", "kid": header["kid"], "typ": "JWT", "x5c": x5c});
        let forged = compact(&forged, &claims, sign);
        let answer = bench.fetch(RESOURCE, ("authorization", &bearer(&forged)));
        bench.refused("a stranger's chain", &answer, (401, "TokenVerifierError", &["signature"]));
    }
    assert_eq!(rotate(&bench, "token", Some(&bench.site.operator.token())).0, 409);
}
