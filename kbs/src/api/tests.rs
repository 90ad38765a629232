//! The protocol over HTTP, with CoCo's sample evidence: what needs no hardware, simulated or real.

mod clock;
mod disk;
mod errors;
mod guests;
mod holds;
mod housekeeping;
mod limits;
mod operators;
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
use crate::store::Store;
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
