//! Tokens that are not this broker's, or not any more as it issued them.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde_json::{Value, json};
use sim::P256Key;
use sim::x509::pem;
use system_tests::broker::{Draft, Settings, auth, compact, fetch, p256_spki, tee_of};

use super::bench::{Bench, RESOURCE, bearer, new_key, token_of};

/// A token taken apart.
struct Token {
    header: Value,
    claims: Value,
    parts: [String; 3],
}

impl Token {
    fn read(token: &str) -> Self {
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Self { header: json(&parts[0]), claims: json(&parts[1]), parts: parts.try_into().unwrap() }
    }

    /// The same with one part of it other bytes.
    fn with(&self, place: usize, part: &str) -> String {
        let mut parts = self.parts.clone();
        parts[place] = part.to_owned();
        parts.join(".")
    }

    /// The header with one more member.
    fn header_and(&self, name: &str, value: Value) -> Value {
        let mut header = self.header.clone();
        header[name] = value;
        header
    }

    /// The public point of whoever signed the token: ECDSA gives it away, and `kid` says which of two it is.
    fn public_point(&self) -> Vec<u8> {
        let message = format!("{}.{}", self.parts[0], self.parts[1]);
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(&self.parts[2]).unwrap()).unwrap();
        let candidates = (0..4).filter_map(|id| {
            let id = RecoveryId::from_byte(id)?;
            let key = VerifyingKey::recover_from_msg(message.as_bytes(), &signature, id).ok()?;
            Some(key.to_sec1_point(false).as_bytes().to_vec())
        });
        let kid = self.header["kid"].as_str().unwrap();
        let named = |point: &Vec<u8>| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &p256_spki(point));
            URL_SAFE_NO_PAD.encode(digest) == kid
        };
        candidates.into_iter().find(named).expect("the key that kid names")
    }
}

fn changed(part: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    URL_SAFE_NO_PAD.encode(text.replacen(from, to, 1))
}

fn flipped(part: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
    bytes[10] ^= 1;
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hs256(token: &Token, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let header = token.header_and("alg", json!("HS256"));
    compact(&header, &token.claims, |message| hmac::sign(&key, message).as_ref().to_vec())
}

#[test]
fn only_the_brokers_own_unchanged_token_opens_anything() {
    let bench = Bench::new();
    let machine = &bench.site.amd.machine;
    let good = bench.honest(machine);
    let token = Token::read(&good);
    let stranger = P256Key::generate(&mut guest_agent::system_rng());
    let sign = |message: &[u8]| stranger.sign_fixed(message).unwrap().to_vec();
    let signed = |header: &Value| compact(header, &token.claims, sign);
    let point = token.public_point();
    let spki = p256_spki(&point);
    let coordinate = |from: &[u8]| URL_SAFE_NO_PAD.encode(from);
    let own = stranger.public_point();
    let strangers_jwk =
        json!({"kty": "EC", "crv": "P-256", "x": coordinate(&own[..32]), "y": coordinate(&own[32..])});
    let our_jwk =
        json!({"kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..])});
    let x5c = json!([STANDARD.encode(&bench.site.intel.root)]);
    let without_kid = json!({"alg": "ES256", "typ": "JWT"});
    let none = |signature: &[u8]| {
        compact(&token.header_and("alg", json!("none")), &token.claims, |_| signature.to_vec())
    };
    let affirmed = changed(&token.parts[1], "\"iss\":\"", "\"iss\":\"x");
    let rows: &[(&str, String, &'static str)] = &[
        ("the header changed", token.with(0, &changed(&token.parts[0], "JWT", "jwt")), "signature"),
        ("the claims changed", token.with(1, &affirmed), "signature"),
        ("the signature changed", token.with(2, &flipped(&token.parts[2])), "signature"),
        ("the signature left out", token.with(2, ""), ""),
        ("two parts", token.parts[..2].join("."), "not a compact JWT"),
        ("four parts", format!("{good}.AA"), "not a compact JWT"),
        ("a stranger's with our kid", signed(&token.header), "signature"),
        ("a stranger's with its jwk", signed(&token.header_and("jwk", strangers_jwk)), "jwk"),
        ("a stranger's with our jwk", signed(&token.header_and("jwk", our_jwk.clone())), "jwk"),
        ("a stranger's with x5c", signed(&token.header_and("x5c", x5c)), "x5c"),
        ("a stranger's with jku", signed(&token.header_and("jku", json!("https://127.0.0.1/"))), "jku"),
        ("a stranger's with x5u", signed(&token.header_and("x5u", json!("https://127.0.0.1/"))), "x5u"),
        (
            "an unknown kid",
            signed(&token.header_and("kid", json!("stranger"))),
            "a key that is not this broker's",
        ),
        ("no kid", signed(&without_kid), "a key that is not this broker's"),
        ("alg none without signature", none(b""), ""),
        ("alg none with a signature", none(&[7; 64]), ""),
        ("HS256 with the public key in DER", hs256(&token, &spki), "algorithm"),
        ("HS256 with the public key in PEM", hs256(&token, pem("PUBLIC KEY", &spki).as_bytes()), "algorithm"),
        ("HS256 with the public point", hs256(&token, &point), "algorithm"),
        ("HS256 with the public jwk", hs256(&token, our_jwk.to_string().as_bytes()), "algorithm"),
        ("an admin's", bench.site.operator.token(), ""),
        ("an admin's on P-256", bench.site.operator.es256(&bench.site.operator.claims()), ""),
    ];
    for (name, wrong, part) in rows {
        let answer = bench.fetch(RESOURCE, ("authorization", &bearer(wrong)));
        let refusal = bench.refused(name, &answer, (401, "TokenVerifierError", &[]));
        assert!(refusal.summary.contains(part), "{name}: {part:?} is not in {:?}", refusal.summary);
        assert_eq!(bench.fetch(RESOURCE, ("authorization", &bearer(&good))).status, 200, "{name}");
    }
    bench.honest(machine);
}

#[test]
fn what_is_no_session_and_no_token_starts_a_handshake() {
    let bench = Bench::new();
    let good = bench.honest(&bench.site.amd.machine);
    let unanswered = bench.auth(kbs_protocol::Tee::Snp).header().1;
    let rows: &[(&str, (&str, &str))] = &[
        ("nothing", ("accept", "*/*")),
        ("a session without evidence", ("cookie", &unanswered)),
        ("a cookie of another maker", ("cookie", "kbs-session-id=55acf39d83b54d46ad608d47a03428a9")),
        ("an empty cookie", ("cookie", "kbs-session-id=")),
        ("a cookie of another name", ("cookie", "session=1")),
        ("a long cookie", ("cookie", &format!("kbs-session-id={}", "A".repeat(60_000)))),
        ("a token of another scheme", ("authorization", &format!("Basic {good}"))),
        ("a scheme alone", ("authorization", "Bearer")),
    ];
    for (name, header) in rows {
        bench.refused(name, &bench.fetch(RESOURCE, *header), (401, "TokenNotFound", &[]));
    }
    bench.honest(&bench.site.amd.machine);
}

#[test]
fn a_token_says_what_was_enforced_whom_it_is_for_and_whose_key_it_confirms() {
    let bench = Bench::new();
    let mut policies = Vec::new();
    for machine in bench.machines() {
        let claims = Token::read(&bench.honest(machine)).claims;
        let cpu = &claims["submods"]["cpu0"];
        let runtime = &cpu["ear.veraison.annotated-evidence"]["runtime_data_claims"];
        assert_eq!((&claims["aud"], &claims["iss"]), (&json!("vouchsafe-kbs"), &json!("vouchsafe-kbs")));
        assert_eq!(
            (&claims["eat_nonce"], &claims["cnf"]["jwk"]),
            (&runtime["nonce"], &runtime["tee-pubkey"])
        );
        assert_eq!(cpu["ear.status"], "affirming");
        let own = &cpu["ear.vouchsafe"];
        let enforced = &own["enforced"];
        assert_eq!((&enforced["scope"], &own["failed"]), (&json!("full"), &json!([])));
        assert_eq!(enforced["policy"]["danger_accept_simulated"], true);
        // The members of `Value` are sorted by name: the digest is over what the token repeats.
        let repeated = enforced["policy"].to_string();
        let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, repeated.as_bytes()));
        assert_eq!(enforced["policy_sha256"], digest);
        assert_eq!(cpu["ear.appraisal-policy-id"], format!("sha256:{digest}"));
        assert_eq!(enforced["policy_bytes"], repeated.len());
        let kept = bench.site.operator.blob(bench.broker.address, &digest);
        assert_eq!((kept.status, kept.body), (200, repeated.into_bytes()));
        policies.push(enforced.clone());
    }
    assert_eq!(policies[0], policies[1]);
}

#[test]
fn a_policy_over_trustees_claims_opens_to_the_guest_that_it_describes_and_to_no_other() {
    let bench = Bench::new();
    let rule = |launch: &str| {
        format!(
            "package policy\nimport rego.v1\ndefault allow := false\n\
             evidence := input.submods.cpu0[\"ear.veraison.annotated-evidence\"]\n\
             allow if {{ evidence.snp.evidence.measurement == \"{launch}\"; \
             evidence.snp.evidence.policy.debug_allowed == false; evidence.snp.evidence.reported_tcb.snp >= 1 }}\n\
             allow if {{ evidence.tdx.quote.body.mr_td == \"{launch}\"; evidence.tdx.tcb_status == \"UpToDate\"; \
             evidence.tdx.td_attributes.debug == false; evidence.tdx.collateral_expiration_status == \"0\" }}\n"
        )
    };
    let Bench { site, broker } = bench;
    drop(broker);
    let keys = "resource_policy = \"policy.rego\"";
    for (byte, status) in [("4d", 200), ("4e", 403)] {
        site.write("policy.rego", rule(&byte.repeat(48)).as_bytes());
        let broker = site.start(Settings { keys, ..Settings::default() });
        for machine in [&site.amd.machine, &site.intel.machine] {
            let session = auth(broker.address, tee_of(machine));
            let token = token_of(&Draft::honest(&session, machine, &new_key()).send(broker.address));
            let answer = fetch(broker.address, RESOURCE, ("authorization", &bearer(&token)));
            assert_eq!(answer.status, status, "{byte}: {}", String::from_utf8_lossy(&answer.body));
        }
    }
}
