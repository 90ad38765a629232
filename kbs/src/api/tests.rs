//! The protocol over HTTP, with CoCo's sample evidence: what needs no hardware, simulated or real.

mod clock;
mod disk;
mod errors;
mod holds;
mod limits;
mod parts;
mod quotes;
mod recorded;
mod revocations;
mod room;
mod tokens;
mod uploads;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::App;
use actix_web::dev::Service;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web::Data;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use decision_log::{Body, Digest, Record};
use kbs_protocol::{
    Attestation, Challenge, ErrorInformation, HashAlgorithm, RawJson, Refusal, Request, RuntimeData, Tee,
    TeeEvidence, TeeKeyPair, TokenResponse, binding, jwe,
};
use serde_json::json;
use verifier::time::UnixTime;

use super::routes;
use crate::broker::Broker;
use crate::config;
use crate::gate::Gate;
use crate::jwt::tests::Signer;
use crate::root_key::RootKeys;
use crate::scratch::Scratch;
use crate::store::{Secret, Store};
use crate::system::{Clock, Steady, rng};

const START: i64 = 1_775_000_000;
const ALLOW_ALL: &str = "package policy\nallow := true";
const RESOURCE: &str = "/kbs/v0/resource/models/key/llama";
const CONFIG: &str = "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\ndanger_accept_sample = true\n\
                    resource_policy = \"policy.rego\"\n[[admin]]\nname = \"operations\"\npublic_key = \"admin.pem\"\n\
                    [limits]\nbody_bytes = 65536\nsecret_bytes = 1024\nverifications = 1\n";
const SECRET: &[u8] = b"the key of the weights";

/// A broker with its clock, its admin and its folder.
struct Bench {
    broker: Data<Broker>,
    time: Arc<AtomicI64>,
    admin: Signer,
    scratch: Scratch,
}

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    set_cookie: Option<String>,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Bench {
    fn new(name: &str, policy: &str) -> Self {
        Self::with_store(name, policy, Store::in_memory(root_key(), 1 << 20))
    }

    fn with_store(name: &str, policy: &str, store: Store) -> Self {
        Self::under(name, policy, store, CONFIG)
    }

    fn under(name: &str, policy: &str, store: Store, config: &str) -> Self {
        let scratch = Scratch::new(&format!("api-{name}"));
        let admin = Signer::ed25519();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(admin.spki())
        );
        scratch.write("admin.pem", pem.as_bytes());
        scratch.write("policy.rego", policy.as_bytes());
        let time = Arc::new(AtomicI64::new(START));
        let broker = Data::new(start(config, &scratch.path, &time, store));
        Self { broker, time, admin, scratch }
    }

    /// A broker with further limits, whose rates go by a clock of milliseconds that the test holds.
    fn with_limits(name: &str, limits: &str) -> (Self, Arc<AtomicU64>) {
        let bench = Self::new(name, ALLOW_ALL);
        let store = Store::in_memory(root_key(), 1 << 20);
        let mut broker = start(&format!("{CONFIG}{limits}"), &bench.scratch.path, &bench.time, store);
        let time = Arc::new(AtomicU64::new(0));
        let own = Arc::clone(&time);
        let steady = Steady::from_fn(move || Duration::from_millis(own.load(Ordering::SeqCst)));
        broker.gate = Gate::new(&broker.config.limits, steady);
        (Self { broker: Data::new(broker), ..bench }, time)
    }

    /// The broker stopped and started again over the same store.
    fn restart(self, store: impl FnOnce() -> Store) -> Self {
        let Self { broker, time, admin, scratch } = self;
        drop(broker);
        let broker = Data::new(start(CONFIG, &scratch.path, &time, store()));
        Self { broker, time, admin, scratch }
    }

    fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
    }

    fn admin_token(&self) -> String {
        let exp = self.time.load(Ordering::SeqCst) + 60;
        self.admin.sign(&json!({"alg": "EdDSA"}), &json!({"exp": exp, "role": "admin"}))
    }

    async fn send(&self, request: TestRequest) -> Answer {
        let app = init_service(App::new().app_data(self.broker.clone()).configure(routes)).await;
        let response = app.call(request.to_request()).await.unwrap();
        let status = response.status();
        let head = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let set_cookie = head(header::SET_COOKIE);
        let cookie = set_cookie
            .as_deref()
            .map(|text| text.split_once(';').unwrap().0.split_once('=').unwrap().1.to_owned());
        let content_type = head(header::CONTENT_TYPE);
        let retry_after = head(header::RETRY_AFTER);
        let body = read_body(response).await.to_vec();
        Answer { status, cookie, set_cookie, content_type, retry_after, body }
    }

    async fn store_secret(&self) {
        let request = TestRequest::post().uri(RESOURCE).insert_header(bearer(&self.admin_token()));
        let answer = self.send(request.set_payload(SECRET)).await;
        assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, b"".as_slice()));
        assert_eq!(answer.content_type.as_deref(), Some("text/xml"));
    }

    /// POST /auth: the cookie and the nonce.
    async fn auth(&self) -> (String, String) {
        let body = serde_json::to_vec(&Request::new(Tee::Sample)).unwrap();
        let answer = self.send(TestRequest::post().uri("/kbs/v0/auth").set_payload(body)).await;
        assert_eq!(answer.status, StatusCode::OK);
        (answer.cookie.unwrap(), Challenge::parse(&answer.body).unwrap().nonce)
    }

    async fn attest(&self, cookie: &str, body: Vec<u8>) -> Answer {
        let request = TestRequest::post().uri("/kbs/v0/attest").insert_header(cookie_header(cookie));
        self.send(request.set_payload(body)).await
    }

    async fn get(&self, head: (header::HeaderName, String)) -> Answer {
        self.send(TestRequest::get().uri(RESOURCE).insert_header(head)).await
    }
}

impl Answer {
    /// Status, kind and detail of an error, which must have the protocol's body.
    fn error(&self) -> (u16, String, String) {
        let body = ErrorInformation::parse(&self.body).unwrap();
        let kind =
            body.error_type.strip_prefix("https://github.com/confidential-containers/kbs/errors/").unwrap();
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        (self.status.as_u16(), kind.to_owned(), body.detail)
    }

    /// Status and kind of an error.
    fn kind(&self) -> (u16, String) {
        let (status, kind, _) = self.error();
        (status, kind)
    }

    fn token(&self) -> String {
        assert_eq!(self.status, StatusCode::OK);
        TokenResponse::parse(&self.body).unwrap().token
    }
}

fn start(text: &str, folder: &Path, time: &Arc<AtomicI64>, store: Store) -> Broker {
    let config = config::parse(text, folder).unwrap();
    let time = Arc::clone(time);
    let clock = Clock::from_fn(move || UnixTime::from_secs(time.load(Ordering::SeqCst)));
    Broker::with_store(config, clock, store).unwrap()
}

fn cookie_header(cookie: &str) -> (header::HeaderName, String) {
    (header::COOKIE, format!("kbs-session-id={cookie}"))
}

fn bearer(token: &str) -> (header::HeaderName, String) {
    (header::AUTHORIZATION, format!("Bearer {token}"))
}

/// Sample evidence for a nonce and a key.
fn message(nonce: &str, key: &RawJson, report_data_for: &RawJson) -> Attestation {
    let digest = binding::primary_digest(HashAlgorithm::Sha384, "", nonce, report_data_for).unwrap();
    let evidence = json!({"svn": "1", "report_data": STANDARD.encode(digest.as_bytes())});
    Attestation {
        init_data: None,
        runtime_data: RuntimeData { nonce: nonce.to_owned(), tee_pubkey: key.clone() },
        tee_evidence: TeeEvidence {
            primary_evidence: RawJson::of(&evidence).unwrap(),
            additional_evidence: String::new(),
        },
    }
}

fn bytes(message: &Attestation) -> Vec<u8> {
    serde_json::to_vec(message).unwrap()
}

fn good(nonce: &str, key: &TeeKeyPair) -> Vec<u8> {
    let public = key.public().to_json().unwrap();
    bytes(&message(nonce, &public, &public))
}

fn root_key() -> RootKeys {
    crate::store::tests::key()
}

fn new_key() -> TeeKeyPair {
    TeeKeyPair::generate(&mut rng())
}

#[actix_web::test]
async fn an_attested_guest_gets_the_secret_with_its_cookie_or_its_token() {
    let bench = Bench::new("trip", ALLOW_ALL);
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let attested = bench.attest(&cookie, good(&nonce, &key)).await;
    let token = attested.token();
    assert_eq!(attested.cookie.as_deref(), Some(cookie.as_str()));
    for head in [cookie_header(&cookie), bearer(&token)] {
        let answer = bench.get(head).await;
        assert_eq!(answer.status, StatusCode::OK);
        let response = jwe::Response::parse(&answer.body).unwrap();
        assert_eq!(jwe::open(&response, &key).unwrap().as_slice(), SECRET);
    }
}

#[actix_web::test]
async fn the_default_policy_denies_sample_evidence_and_names_the_decision() {
    let bench = Bench::new("default", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let answer = bench.get(cookie_header(&cookie)).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (403, "PolicyDeny"));
    let refusal = Refusal::parse(&detail);
    assert_eq!(refusal.summary, "Access denied by policy: the evidence is contraindicated");
    let id: Digest = refusal.decision.unwrap().parse().unwrap();
    let record = Record::decode(&bench.broker.store.record(&id).unwrap().unwrap()).unwrap();
    let Body::Attestation(attestation) = record.decision else { panic!("not an attestation") };
    assert_eq!((attestation.tee.as_str(), attestation.verified), ("sample", true));
    assert_eq!(attestation.tier, "contraindicated");
    for blob in [attestation.evidence, attestation.runtime_data, attestation.verdict, attestation.inputs] {
        assert!(bench.broker.store.blob(&blob).unwrap().is_some());
    }
}

#[actix_web::test]
async fn a_denial_does_not_show_whether_the_secret_exists_and_a_grant_does() {
    let bench = Bench::new("exists", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let absent = bench.get(cookie_header(&cookie)).await.error();
    bench.store_secret().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.error(), absent);
    let bench = Bench::new("exists-granted", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let answer = bench.get(cookie_header(&cookie)).await;
    assert_eq!(answer.kind(), (404, "PluginInternalError".to_owned()));
}

#[actix_web::test]
async fn the_same_body_again_gets_the_same_token_and_another_body_nothing() {
    let bench = Bench::new("repeat", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let body = good(&nonce, &new_key());
    let token = bench.attest(&cookie, body.clone()).await.token();
    bench.pass(299);
    assert_eq!(bench.attest(&cookie, body).await.token(), token);
    let answer = bench.attest(&cookie, good(&nonce, &new_key())).await;
    assert_eq!(answer.kind(), (401, "AttestationError".to_owned()));
}

#[actix_web::test]
async fn a_session_ends_with_its_time() {
    let bench = Bench::new("expiry", ALLOW_ALL);
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let (late_cookie, late_nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &key)).await.token();
    bench.pass(300);
    let answer = bench.attest(&late_cookie, good(&late_nonce, &key)).await;
    assert_eq!(answer.kind(), (401, "AttestationError".to_owned()));
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenNotFound".to_owned()));
}

#[actix_web::test]
async fn refuses_another_sessions_nonce_and_a_nonce_of_nobodys() {
    let bench = Bench::new("nonce", ALLOW_ALL);
    let (cookie, _) = bench.auth().await;
    let (_, other) = bench.auth().await;
    for nonce in [other.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""] {
        let answer = bench.attest(&cookie, good(nonce, &new_key())).await;
        assert_eq!(answer.kind(), (401, "AttestationError".to_owned()), "{nonce}");
    }
}

#[actix_web::test]
async fn refuses_evidence_for_another_key_and_says_which_check_failed() {
    let bench = Bench::new("other-key", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let (mine, other) = (new_key().public().to_json().unwrap(), new_key().public().to_json().unwrap());
    let body = bytes(&message(&nonce, &mine, &other));
    let answer = bench.attest(&cookie, body.clone()).await;
    let (status, kind, detail) = answer.error();
    assert_eq!((status, kind.as_str()), (401, "AttestationError"));
    let refusal = Refusal::parse(&detail);
    // Nobody signed it: it is not recorded.
    assert_eq!((refusal.checks, refusal.decision), (vec!["sample.binding.report-data".to_owned()], None));
    assert_eq!(bench.broker.refusals.summary().refused, 1);
    assert!(!detail.contains(&hex::encode([0; 16])), "{detail}");
    assert_eq!(bench.attest(&cookie, body).await.error(), (status, kind, detail));
}

#[actix_web::test]
async fn refuses_device_evidence_by_name() {
    let bench = Bench::new("devices", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let key = new_key().public().to_json().unwrap();
    let mut message = message(&nonce, &key, &key);
    message.tee_evidence.additional_evidence = "{\"nvidia\":{}}".to_owned();
    let (status, _, detail) = bench.attest(&cookie, bytes(&message)).await.error();
    let expected = "device evidence of nvidia is not verified by this broker [checks: devices.supported]";
    assert_eq!((status, detail.as_str()), (401, expected));
    assert_eq!(bench.broker.refusals.summary().refused, 1);
}

#[actix_web::test]
async fn refuses_keys_that_it_cannot_seal_to() {
    let bench = Bench::new("rsa", ALLOW_ALL);
    let (cookie, nonce) = bench.auth().await;
    let key = RawJson::parse(r#"{"kty":"RSA","alg":"RSA-OAEP-256","n":"AQAB","e":"AQAB"}"#).unwrap();
    let answer = bench.attest(&cookie, bytes(&message(&nonce, &key, &key))).await;
    assert_eq!(answer.kind(), (400, "AttestationError".to_owned()));
}

#[actix_web::test]
async fn refuses_other_versions_and_tees_that_it_does_not_take() {
    let bench = Bench::new("auth", ALLOW_ALL);
    let auth = async |body: &str| {
        let request = TestRequest::post().uri("/kbs/v0/auth").set_payload(body.to_owned());
        bench.send(request).await.error()
    };
    for version in ["0.4.1", "0.3.0", "0.4", "<script>"] {
        let (status, kind, detail) =
            auth(&format!(r#"{{"version":"{version}","tee":"snp","extra-params":""}}"#)).await;
        assert_eq!((status, kind.as_str()), (400, "AttestationError"));
        assert!(detail.starts_with("KBS Client Protocol Version Mismatch: expect =0.4.0"), "{detail}");
        assert!(!detail.contains('<'), "{detail}");
    }
    for tee in ["nvidia", "cca", "no such tee"] {
        let (status, _, detail) =
            auth(&format!(r#"{{"version":"0.4.0","tee":"{tee}","extra-params":""}}"#)).await;
        let expected = "this broker takes no evidence of that TEE; it takes snp, tdx, sgx, sample";
        assert_eq!((status, detail.as_str()), (400, expected));
    }
    assert_eq!(auth("{").await.0, 400);
}

#[actix_web::test]
async fn a_guest_without_session_or_token_is_told_to_begin() {
    let bench = Bench::new("begin", ALLOW_ALL);
    let (_, kind, detail) = bench.send(TestRequest::get().uri(RESOURCE)).await.error();
    assert_eq!((kind.as_str(), detail.as_str()), ("TokenNotFound", "Attestation Token not found"));
    let (cookie, _) = bench.auth().await;
    assert_eq!(bench.get(cookie_header(&cookie)).await.kind(), (401, "TokenNotFound".to_owned()));
    assert_eq!(bench.get(cookie_header("nonsense")).await.kind(), (401, "TokenNotFound".to_owned()));
    assert_eq!(bench.get(bearer("a.b.c")).await.kind(), (401, "TokenVerifierError".to_owned()));
    assert_eq!(bench.broker.refusals.summary().without_session, 1);
}

#[actix_web::test]
async fn refuses_a_changed_token_and_a_strangers() {
    let bench = Bench::new("stranger", ALLOW_ALL);
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    let token = bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{head}.{flipped}{}", &signature[1..]);
    let claims: serde_json::Value = serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap(),
    )
    .unwrap();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let stranger = Signer::es256().sign(&json!({"alg": "ES256", "jwk": jwk}), &claims);
    for token in [changed, stranger] {
        assert_eq!(bench.get(bearer(&token)).await.kind(), (401, "TokenVerifierError".to_owned()));
    }
    bench.pass(300);
    assert_eq!(bench.get(bearer(&token)).await.kind(), (401, "TokenVerifierError".to_owned()));
}

#[actix_web::test]
async fn only_an_admin_stores_and_deletes() {
    let bench = Bench::new("admin", ALLOW_ALL);
    let stranger =
        Signer::ed25519().sign(&json!({"alg": "EdDSA"}), &json!({"exp": START + 60, "role": "admin"}));
    for method in [Method::POST, Method::DELETE] {
        let request = || TestRequest::default().method(method.clone()).uri(RESOURCE).set_payload(SECRET);
        assert_eq!(bench.send(request()).await.kind(), (401, "AdminAuthAccess".to_owned()));
        let answer = bench.send(request().insert_header(bearer(&stranger))).await;
        assert_eq!(answer.kind(), (401, "AdminAuthAccess".to_owned()));
    }
    let admin = bench.admin_token();
    let post =
        |size| TestRequest::post().uri(RESOURCE).insert_header(bearer(&admin)).set_payload(vec![0; size]);
    assert_eq!(bench.send(post(1025)).await.kind(), (413, "SerdeError".to_owned()));
    assert_eq!(bench.send(post(1024)).await.status, StatusCode::OK);
    let delete = || TestRequest::delete().uri(RESOURCE).insert_header(bearer(&admin));
    assert_eq!(bench.send(delete()).await.status, StatusCode::OK);
    assert_eq!(bench.send(delete()).await.kind(), (404, "PluginInternalError".to_owned()));
}

#[actix_web::test]
async fn answers_every_other_path_and_method_in_the_protocols_form() {
    let bench = Bench::new("paths", ALLOW_ALL);
    let cases = [
        (Method::GET, "/kbs/v0/auth", 405, "InvalidRequestPath"),
        (Method::PUT, RESOURCE, 405, "InvalidRequestPath"),
        (Method::POST, "/healthz", 405, "InvalidRequestPath"),
        (Method::GET, "/", 404, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/nothing", 404, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/pkcs11/resource/a", 404, "PluginNotFound"),
        (Method::GET, "/kbs/v0/resource/a/b", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/b/c/d", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/../c", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a//c", 400, "InvalidRequestPath"),
        (Method::GET, "/kbs/v0/resource/a/%2e%2e/c", 400, "InvalidRequestPath"),
    ];
    for (method, path, status, kind) in cases {
        let answer = bench.send(TestRequest::default().method(method).uri(path)).await;
        assert_eq!(answer.kind(), (status, kind.to_owned()), "{path}");
    }
    assert_eq!(bench.send(TestRequest::get().uri("/healthz")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn operators_see_refusals_and_decisions_and_nobody_else_does() {
    let bench = Bench::new("operator", ALLOW_ALL);
    let id = Digest::of(b"nothing");
    for path in ["/v1/refusals".to_owned(), format!("/v1/decisions/{id}"), format!("/v1/blobs/{id}")] {
        let answer = bench.send(TestRequest::get().uri(&path)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.content_type.as_deref(), Some("application/problem+json"));
    }
    let ask = |path: &str| TestRequest::get().uri(path).insert_header(bearer(&bench.admin_token()));
    let summary = bench.send(ask("/v1/refusals")).await;
    assert_eq!(summary.body, br#"{"refused":0,"without_session":0,"newest":[]}"#);
    assert_eq!(bench.send(ask(&format!("/v1/decisions/{id}"))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.send(ask("/v1/decisions/nonsense")).await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_guest_names_the_decision_under_which_the_operator_finds_the_rest() {
    let bench = Bench::new("decision", policy::ResourcePolicy::DEFAULT);
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    let (.., detail) = bench.get(cookie_header(&cookie)).await.error();
    let id = Refusal::parse(&detail).decision.unwrap();
    let request = TestRequest::get().uri(&format!("/v1/decisions/{id}"));
    let record = bench.send(request.insert_header(bearer(&bench.admin_token()))).await;
    assert_eq!(Digest::of(&record.body).to_string(), id);
}

#[actix_web::test]
async fn what_was_stored_is_what_an_admin_sent() {
    let bench = Bench::new("stored", ALLOW_ALL);
    bench.store_secret().await;
    let stored: Option<Secret> =
        bench.broker.store.load(&crate::grant::tests::a_grant("models/key/llama")).unwrap();
    assert_eq!(stored.unwrap().expose(), SECRET);
}

#[actix_web::test]
async fn a_session_and_a_token_survive_a_restart() {
    let folder = Scratch::new("api-restart-store");
    let store = || Store::open(&folder.path.join("store"), root_key(), 1 << 20, 0).unwrap();
    let bench = Bench::with_store("restart", ALLOW_ALL, store());
    bench.store_secret().await;
    let key = new_key();
    let (cookie, nonce) = bench.auth().await;
    let (later_cookie, later_nonce) = bench.auth().await;
    let body = good(&nonce, &key);
    let token = bench.attest(&cookie, body.clone()).await.token();
    let bench = bench.restart(store);
    for head in [cookie_header(&cookie), bearer(&token)] {
        assert_eq!(bench.get(head).await.status, StatusCode::OK);
    }
    assert_eq!(bench.attest(&cookie, body).await.token(), token);
    bench.attest(&later_cookie, good(&later_nonce, &key)).await.token();
}
