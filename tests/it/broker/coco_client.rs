//! What CoCo's client and kbs-client send, sent to `vouchsafe-kbs dev`: every request that they make, in their words.
#![expect(clippy::disallowed_methods, reason = "a test that looks at files")]

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::{SESSION_COOKIE, TokenResponse};
use serde_json::{Value, json};
use sim::platform::Machine;
use system_tests::broker::{
    Answer, CocoKey, CocoKeyKind, Dev, Draft, Session, Site, attest, auth, auth_as, auth_body, call, fetch,
    sample_body, sample_device, tee_of,
};

use super::bench::{new_key, opened};

const SECRET: &[u8] = b"the key to the weights \x00\xff\r\n";
const RESOURCE: &str = "my_repo/resource_type/123abc";
/// Trustee's four resource policies by their rules.
const ALLOW_ALL: &str = "package policy\n\ndefault allow = true\n";
const DENY_ALL: &str = "package policy\n\ndefault allow = false\n";
const NO_SAMPLE: &str = "package policy\nimport rego.v1\ndefault allow = false\n\nallow if {\n\
    \tdata.plugin == \"resource\"\n\
    \tnot input.submods.cpu0[\"ear.veraison.annotated-evidence\"].sample\n}\n";
const AFFIRMING: &str = "package policy\nimport rego.v1\ndefault allow = false\n\nallow if {\n\
    \tsome part in input.submods\n\
    \tevery part in input.submods { part[\"ear.status\"] == \"affirming\" }\n}\n";

fn set_secret(dev: &Dev) {
    let answer = dev.admin("POST", &format!("resource/{RESOURCE}"), "application/octet-stream", Some(SECRET));
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"".as_slice()));
}

fn set_policy(dev: &Dev, text: &str) {
    let body = json!({"policy": URL_SAFE_NO_PAD.encode(text)}).to_string();
    let answer = dev.admin("POST", "resource-policy", "application/json", Some(body.as_bytes()));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

/// The handshake: the session, and the token.
fn attested(dev: &Dev, key: &CocoKey, devices: impl Fn(&str, &Value) -> String) -> (Session, String) {
    let answer = auth_as(dev.address, &auth_body("sample"));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let challenge: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(challenge["extra-params"], "");
    let nonce = challenge["nonce"].as_str().unwrap().to_owned();
    let session = Session { cookie: answer.cookie().unwrap(), nonce };
    let jwk = key.jwk();
    let devices = devices(&session.nonce, &jwk);
    let body = sample_body(&session.nonce, &jwk, &devices, None);
    let answer = attest(dev.address, Some(&session.cookie), &body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    (session, TokenResponse::parse(&answer.body).unwrap().token)
}

fn no_devices(_: &str, _: &Value) -> String {
    String::new()
}

fn by_cookie(dev: &Dev, session: &Session) -> Answer {
    fetch(dev.address, RESOURCE, ("cookie", &format!("{SESSION_COOKIE}={}", session.cookie)))
}

fn by_token(dev: &Dev, token: &str) -> Answer {
    fetch(dev.address, RESOURCE, ("authorization", &format!("Bearer {token}")))
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_newcomer_gets_his_secret_with_every_key_that_the_client_can_make() {
    let dev = Dev::start(&[]);
    set_secret(&dev);
    let key = CocoKey::new(CocoKeyKind::P256);
    let (session, token) = attested(&dev, &key, no_devices);
    // Before he sets a policy, sample evidence opens nothing; the client takes 403 as final.
    assert_eq!(by_cookie(&dev, &session).refusal().1, "PolicyDeny");
    assert_eq!(by_token(&dev, &token).refusal().0, 403);
    set_policy(&dev, ALLOW_ALL);
    let kinds = [CocoKeyKind::P256, CocoKeyKind::P521, CocoKeyKind::Rsa, CocoKeyKind::MlKem];
    for kind in kinds {
        let key = CocoKey::new(kind);
        let (session, token) = attested(&dev, &key, no_devices);
        // Background check with the cookie, passport with the token.
        for answer in [by_cookie(&dev, &session), by_token(&dev, &token)] {
            assert_eq!(answer.status, 200, "{kind:?}: {}", String::from_utf8_lossy(&answer.body));
            let secret = key.open(&answer.body);
            let expected = (kind != CocoKeyKind::MlKem).then(|| SECRET.to_vec());
            assert_eq!(secret, expected, "{kind:?}");
        }
    }
    // A policy ends what was attested before it: the client attests again.
    assert_eq!(by_token(&dev, &token).refusal().1, "TokenVerifierError");
    let (_, token) = attested(&dev, &key, no_devices);
    let answer = dev.admin("DELETE", &format!("resource/{RESOURCE}"), "text/plain", None);
    assert_eq!(answer.status, 200);
    assert_eq!(by_token(&dev, &token).refusal().0, 404);
}

#[test]
fn trustees_policies_decide_on_a_sample_guest_as_they_do_there() {
    let dev = Dev::start(&[]);
    set_secret(&dev);
    let key = CocoKey::new(CocoKeyKind::P256);
    let (_, token) = attested(&dev, &key, no_devices);
    let cpu = &claims(&token)["submods"]["cpu0"];
    assert_eq!(cpu["ear.status"], "contraindicated");
    let sample = &cpu["ear.veraison.annotated-evidence"]["sample"];
    assert_eq!((&sample["svn"], &sample["launch_digest"]), (&json!("1"), &json!("abcde")));
    for (policy, status) in [(ALLOW_ALL, 200), (NO_SAMPLE, 403), (AFFIRMING, 403), (DENY_ALL, 403)] {
        set_policy(&dev, policy);
        let (_, token) = attested(&dev, &key, no_devices);
        assert_eq!(by_token(&dev, &token).status, status, "{policy}");
    }
    let ids = dev.admin("GET", "resource-policy", "application/json", None);
    assert_eq!((ids.status, ids.body.as_slice()), (200, br#"["resource-policy"]"#.as_slice()));
}

#[test]
fn kbs_client_sets_attestation_policies_and_reference_values() {
    let dev = Dev::start(&[]);
    let post = |path: &str, body: &Value| {
        let answer = dev.admin("POST", path, "application/json", Some(body.to_string().as_bytes()));
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    };
    let text = "package policy\nimport rego.v1\n\ndefault executables := 33\n\
        executables := 3 if input.sample.launch_digest in query_reference_value(\"launch_digest\")\n\
        trust_claims := {\"executables\": executables, \"hardware\": 2, \"configuration\": 2}\n";
    let policy = URL_SAFE_NO_PAD.encode(text);
    post("attestation-policy", &json!({"type": "rego", "policy_id": "default", "policy": policy}));
    let key = CocoKey::new(CocoKeyKind::P256);
    let executables =
        |token: &str| claims(token)["submods"]["cpu0"]["ear.trustworthiness-vector"]["executables"].clone();
    assert_eq!(executables(&attested(&dev, &key, no_devices).1), 33);
    let payload = STANDARD.encode(json!({"launch_digest": ["abcde"]}).to_string());
    post("reference-value", &json!({"version": "0.1.0", "type": "sample", "payload": payload}));
    let value = dev.admin("GET", "reference-value/launch_digest", "application/json", None);
    assert_eq!((value.status, value.body.as_slice()), (200, br#"["abcde"]"#.as_slice()));
    let (_, token) = attested(&dev, &key, no_devices);
    assert_eq!(executables(&token), 3);
    // A sample stays what it is, whatever a policy says.
    assert_eq!(claims(&token)["submods"]["cpu0"]["ear.status"], "contraindicated");
}

#[test]
fn a_sample_device_comes_along_and_is_a_part_of_the_token() {
    let dev = Dev::start(&[]);
    let key = CocoKey::new(CocoKeyKind::P256);
    let (_, token) = attested(&dev, &key, sample_device);
    let claims = claims(&token);
    let parts: Vec<&String> = claims["submods"].as_object().unwrap().keys().collect();
    assert_eq!(parts, ["cpu0", "gpu0"]);
    assert_eq!(claims["submods"]["gpu0"]["ear.status"], "contraindicated");
}

#[test]
fn simulated_hardware_is_affirmed_under_the_root_that_was_named() {
    let site = Site::new();
    let paths = ["amd.der", "intel.der", "endorsements", "reference-values.toml"].map(|name| site.path(name));
    let [amd, intel, endorsements, values] = &paths;
    let root = OsStr::new("--danger-simulated-root");
    let dev = Dev::start(&[
        root,
        amd.as_os_str(),
        root,
        intel.as_os_str(),
        OsStr::new("--endorsements"),
        endorsements.as_os_str(),
        OsStr::new("--reference-values"),
        values.as_os_str(),
    ]);
    assert!(dev.announced.contains(&"DANGER: danger_simulated_roots: danger_dev_1".to_owned()));
    set_secret(&dev);
    let machines = [&site.amd.machine, &site.intel.machine];
    for machine in machines {
        // The default policy: affirming.
        let (answer, key) = asked(&dev, machine);
        assert_eq!(opened(&answer, &key), SECRET);
    }
    // Trustee's default denies whatever is marked as it marks its sample.
    set_policy(&dev, NO_SAMPLE);
    for machine in machines {
        assert_eq!(asked(&dev, machine).0.refusal().1, "PolicyDeny");
    }
}

/// What a guest on this machine is answered when it asks for the secret with its cookie, and its key.
fn asked(dev: &Dev, machine: &Machine) -> (Answer, kbs_protocol::TeeKeyPair) {
    let (session, key) = (auth(dev.address, tee_of(machine)), new_key());
    let answer = Draft::honest(&session, machine, &key).send(dev.address);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    (by_cookie(dev, &session), key)
}

#[test]
fn says_what_weakens_it_and_leaves_nothing_but_the_token() {
    let dev = Dev::start(&[]);
    for danger in ["appraisal.danger_accept_sample", "appraisal.danger_accept_simulated"] {
        assert!(dev.announced.contains(&format!("DANGER: {danger}")), "{:?}", dev.announced);
    }
    let mode = std::fs::metadata(&dev.token_file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let names = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let running = names(dev.temporary.path());
    assert_eq!(running.len(), 2, "{running:?}");
    let folder = dev.temporary.path().join(&running[1]);
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    let (ended, temporary) = dev.stop();
    assert!(ended.success(), "{ended}");
    assert_eq!(names(temporary.path()), ["admin.jwt"]);
}

#[test]
fn whatever_is_not_done_has_the_protocols_error_body() {
    let dev = Dev::start(&[]);
    let large = vec![b' '; 3 << 20];
    let asking = |bytes: usize| format!("/kbs/v0/resource/a/b/c?q={}", "x".repeat(bytes - 2));
    let (most, beyond) = (asking(1024), asking(1025));
    for (method, path, body, status) in [
        ("GET", "/kbs/v0/nothing", None, 404),
        ("GET", "/kbs/v0/pkcs11/resource/a", None, 404),
        ("GET", "/kbs/v0/auth", None, 405),
        ("PUT", "/kbs/v0/resource/a/b/c", None, 405),
        ("POST", "/kbs/v0/auth", Some(&large[..]), 413),
        ("POST", "/kbs/v0/auth", Some(b"{".as_slice()), 400),
        ("POST", "/kbs/v0/attest", Some(b"{}".as_slice()), 401),
        ("GET", "/kbs/v0/resource/a/b/c", None, 401),
        ("GET", "/kbs/v0/resource/a/b", None, 400),
        ("GET", &most, None, 401),
        ("GET", &beyond, None, 400),
        ("GET", "/kbs/v0/resource/a/b/c?q=1&q=2", None, 400),
        ("GET", "/kbs/v0/resource-policy", None, 401),
        ("GET", "/kbs/v0/reference-value/x", None, 401),
    ] {
        let answer = call(dev.address, method, path, &[], body);
        assert_eq!(answer.refusal().0, status, "{method} {path}");
    }
}
