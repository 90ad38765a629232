use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::config::{Config, parse};
use crate::jwt::KeyFault;
use crate::jwt::tests::Signer;
use crate::scratch::Scratch;

const MINIMAL: &str = "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n";

fn read(scratch: &Scratch, text: &str) -> Result<Config, ConfigError> {
    parse(&format!("{MINIMAL}{text}"), &scratch.path)
}

fn pem(name: &str, der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----\n", STANDARD.encode(der)).into_bytes()
}

fn value(key: &'static str, wanted: &'static str, actual: &str) -> Option<ConfigError> {
    Some(ConfigError::Value { key, wanted, actual: actual.to_owned() })
}

/// A folder with two public keys, and a table of a foreign issuer with other lines in the place of some.
fn foreign_folder(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    for file in ["one.pem", "two.pem"] {
        scratch.write(file, &pem("PUBLIC KEY", &Signer::es256().spki()));
    }
    scratch
}

fn table(lines: &[&str]) -> String {
    let given = |key: &str| lines.iter().any(|line| line.starts_with(key));
    let mut text = "[[foreign_issuer]]\n".to_owned();
    for (key, line) in [
        ("name", "name = \"trustee\""),
        ("issuer", "issuer = \"CoCo-Attestation-Service\""),
        ("resources", "resources = [\"models/*/*\"]"),
    ] {
        if !given(key) {
            text.push_str(&format!("{line}\n"));
        }
    }
    if !given("keys") && !given("jwks") {
        text.push_str("keys = [{ file = \"one.pem\" }]\n");
    }
    text + &lines.join("\n") + "\n"
}

#[test]
fn reads_a_foreign_issuer_with_the_safe_defaults() {
    let scratch = foreign_folder("foreign-good");
    let config = read(&scratch, &table(&[])).ok().unwrap();
    let [issuer] = config.foreign_issuers.as_slice() else { panic!("one issuer") };
    assert_eq!((issuer.name.as_str(), issuer.max_seconds), ("trustee", 300));
    assert_eq!((&issuer.audience, &issuer.tee_key, issuer.keys.len()), (&None, &None, 1));
    let two = "keys = [{ file = \"one.pem\", kid = \"1\" }, { file = \"two.pem\", kid = \"2\" }]";
    assert_eq!(read(&scratch, &table(&[two])).ok().unwrap().foreign_issuers[0].keys.len(), 2);
}

#[test]
fn rejects_a_foreign_issuer_without_what_bounds_it() {
    let scratch = foreign_folder("foreign-bounds");
    let refusal = |lines: &[&str]| read(&scratch, &table(lines)).err();
    let resources = "foreign_issuer.resources";
    assert_eq!(
        refusal(&["resources = []"]),
        value(resources, "a list of the resources that it may open", "[]")
    );
    let wanted = "repository/type/tag, * for one segment";
    assert_eq!(refusal(&["resources = [\"models/*\"]"]), value(resources, wanted, "models/*"));
    let wanted = "a JSON pointer such as /tee-pubkey";
    let path = "tee_key_path = \"tee-pubkey\"";
    assert_eq!(refusal(&[path]), value("foreign_issuer.tee_key_path", wanted, "tee-pubkey"));
    let wanted = "an `iss` that neither this broker nor another foreign issuer has";
    for own in ["vouchsafe-kbs", ""] {
        let issuer = format!("issuer = \"{own}\"");
        assert_eq!(refusal(&[&issuer]), value("foreign_issuer.issuer", wanted, own));
    }
    for actual in [0, 86_401] {
        let key = "foreign_issuer.max_token_seconds";
        let expected = ConfigError::Range { key, least: 1, most: 86_400, actual };
        assert_eq!(refusal(&[&format!("max_token_seconds = {actual}")]), Some(expected));
    }
    let Some(ConfigError::Form { reason }) = read(&scratch, "[[foreign_issuer]]\nname = \"a\"").err() else {
        panic!("an issuer without an `iss` was taken");
    };
    assert!(reason.contains("missing field `issuer`"), "{reason}");
}

#[test]
fn rejects_two_foreign_issuers_of_one_name_or_iss() {
    let scratch = foreign_folder("foreign-two");
    let both = |lines: &[&str]| read(&scratch, &format!("{}{}", table(&[]), table(lines))).err();
    let name = value("foreign_issuer.name", "a name that no other has", "trustee");
    assert_eq!(both(&["issuer = \"b\""]), name);
    let wanted = "an `iss` that neither this broker nor another foreign issuer has";
    let issuer = value("foreign_issuer.issuer", wanted, "CoCo-Attestation-Service");
    assert_eq!(both(&["name = \"b\""]), issuer);
    assert_eq!(both(&["name = \"b\"", "issuer = \"b\""]), None);
}

#[test]
fn several_keys_each_have_a_name() {
    let scratch = foreign_folder("foreign-kids");
    let refusal = |keys: &str| read(&scratch, &table(&[&format!("keys = [{keys}]")])).err();
    let wanted = "one key, or several of which each has a kid of its own";
    let refused = |actual| value("foreign_issuer.keys", wanted, actual);
    assert_eq!(refusal(""), refused("0 keys, 0 kids"));
    assert_eq!(refusal("{ file = \"one.pem\" }, { file = \"two.pem\" }"), refused("2 keys, 0 kids"));
    let same = "{ file = \"one.pem\", kid = \"1\" }, { file = \"two.pem\", kid = \"1\" }";
    assert_eq!(refusal(same), refused("2 keys, 1 kids"));
    let both = ["jwks = \"set.json\"", "keys = [{ file = \"one.pem\" }]"];
    let wanted = "given without foreign_issuer.keys";
    assert_eq!(read(&scratch, &table(&both)).err(), value("foreign_issuer.jwks", wanted, "both"));
}

#[test]
fn pins_keys_of_a_jwk_set_and_none_under_another_algorithm() {
    let scratch = foreign_folder("foreign-jwks");
    let key = SigningKey::from_der(&SigningKey::generate(SigningAlgorithm::Es256).unwrap()).unwrap();
    let with = |set: &serde_json::Value| {
        scratch.write("set.json", set.to_string().as_bytes());
        read(&scratch, &table(&["jwks = \"set.json\""]))
    };
    let config = with(&json!({"keys": [key.jwk()]})).ok().unwrap();
    assert_eq!(config.foreign_issuers[0].keys[0].0.as_deref(), Some(key.kid()));
    let mut other = key.jwk();
    other["alg"] = json!("ES512");
    let fault = KeyFault::Algorithm { algorithm: "ES512".to_owned(), kind: "P-256", wanted: "ES256" };
    let path = scratch.path.join("set.json").display().to_string();
    assert_eq!(with(&json!({"keys": [other]})).err(), Some(ConfigError::ForeignKey { path, fault }));
    let path = scratch.path.join("set.json").display().to_string();
    let wanted = "a JWK set (RFC 7517)";
    let expected = ConfigError::Content { key: "foreign_issuer.jwks", path, wanted };
    assert_eq!(with(&json!([])).err(), Some(expected));
}

#[test]
fn reads_the_federation_and_rejects_what_is_no_origin() {
    let scratch = Scratch::new("federation");
    let with = |lines: &str| {
        let text = format!("[federation]\naudiences = [\"sts.amazonaws.com\"]\n{lines}");
        read(&scratch, &text).map(|config| config.federation)
    };
    let expected = FederationSettings {
        issuer: "https://kbs.example".to_owned(),
        algorithm: SigningAlgorithm::Rs256,
        audiences: vec!["sts.amazonaws.com".to_owned()],
        life: Duration::from_secs(300),
        key_life: Duration::from_secs(30 * 86_400),
        tenant: "default".to_owned(),
        danger_allow_simulated: false,
    };
    assert_eq!(with("issuer = \"https://kbs.example\""), Ok(Some(expected)));
    let wanted = "an origin such as https://kbs.example, without a path";
    for issuer in
        ["http://kbs.example", "https://", "https://kbs.example/", "https://kbs.example/a", "https://a?b"]
    {
        let refused = with(&format!("issuer = \"{issuer}\"")).err();
        assert_eq!(refused, value("federation.issuer", wanted, issuer), "{issuer}");
    }
    let more = |line: &str| with(&format!("issuer = \"https://kbs.example\"\n{line}")).err();
    assert_eq!(more("algorithm = \"ES256\""), None);
    assert_eq!(more("algorithm = \"HS256\""), value("federation.algorithm", "RS256 or ES256", "HS256"));
    assert_eq!(more("tenant = \"a:b\""), value("federation.tenant", "letters, digits, and .-_", "a:b"));
    assert_eq!(more("token_seconds = 3600"), None);
    let range = |key, most, actual| Some(ConfigError::Range { key, least: 1, most, actual });
    assert_eq!(more("token_seconds = 3601"), range("federation.token_seconds", 3600, 3601));
    assert_eq!(more("key_days = 0"), range("federation.key_days", 3650, 0));
    let none = read(&scratch, "[federation]\nissuer = \"https://kbs.example\"\naudiences = []").err();
    let wanted = "a list of those for whom tokens may be issued";
    assert_eq!(none, value("federation.audiences", wanted, "none"));
}

#[test]
fn a_key_of_the_operators_needs_its_certificate() {
    let scratch = Scratch::new("token-chain");
    let kept = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    scratch.write("key.pem", &pem("PRIVATE KEY", &kept));
    scratch.write("chain.pem", b"no certificate");
    let both = "[token]\ncertificate_chain = \"chain.pem\"\nkey = \"key.pem\"";
    let path = |name: &str| scratch.path.join(name).display().to_string();
    let wanted = "certificates in PEM, leaf first";
    let expected = ConfigError::Content { key: "token.certificate_chain", path: path("chain.pem"), wanted };
    assert_eq!(read(&scratch, both).err(), Some(expected));
    // A certificate of somebody else: a vendor's root.
    let anchors = verifier::anchors::Anchors::vendor().unwrap();
    let root = anchors.iter().next().unwrap().certificate.der().to_vec();
    scratch.write("chain.pem", &pem("CERTIFICATE", &root));
    let wanted = "the key of the first certificate in token.certificate_chain";
    let expected = ConfigError::Content { key: "token.key", path: path("key.pem"), wanted };
    assert_eq!(read(&scratch, both).err(), Some(expected));
    scratch.write("key.pem", &pem("PRIVATE KEY", b"no key"));
    let wanted = "a private key of P-256 in PEM (PKCS #8 or SEC 1)";
    let expected = ConfigError::Content { key: "token.key", path: path("key.pem"), wanted };
    assert_eq!(read(&scratch, both).err(), Some(expected));
    for line in ["certificate_chain = \"chain.pem\"", "key = \"key.pem\""] {
        let refused = read(&scratch, &format!("[token]\n{line}")).err();
        let wanted = "given together with token.key";
        assert_eq!(refused, value("token.certificate_chain", wanted, "one of them"));
    }
    for (days, taken) in [(0, false), (1, true), (3650, true), (3651, false)] {
        assert_eq!(read(&scratch, &format!("[token]\nkey_days = {days}")).is_ok(), taken, "{days}");
    }
}
