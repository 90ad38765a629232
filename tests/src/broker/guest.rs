//! A guest's side of the handshake, step by step, so that a test can change any one thing of it.
#![expect(clippy::expect_used, reason = "a helper of tests")]

use std::net::SocketAddr;

use guest_agent::Attester as _;
use kbs_protocol::{
    Attestation, Challenge, HashAlgorithm, InitData, RawJson, Request, RuntimeData, SESSION_COOKIE, Tee,
    TeeEvidence, TeeKeyPair, binding,
};
use sim::platform::{self, GuestConfig, Machine};
use sim_agent::SimulatedAttester;

use super::KNOWN;
use super::http::{Answer, call};

/// A challenge with its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The cookie's value.
    pub cookie: String,
    /// The nonce.
    pub nonce: String,
}

/// What the hardware signs.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The nonce.
    pub nonce: String,
    /// The key.
    pub tee_pubkey: RawJson,
    /// The text of the device evidence.
    pub devices: String,
}

/// A guest's answer to a challenge before it is sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The cookie's value.
    pub cookie: Option<String>,
    /// What is sent in the clear, and meant to be what the hardware signs.
    pub sent: Signed,
    /// What the hardware signs, where it is something else.
    pub signed: Option<Signed>,
    /// The hardware.
    pub machine: Machine,
    /// How the guest was launched.
    pub guest: GuestConfig,
    /// The init-data document that is sent along.
    pub init_data: Option<InitData>,
    /// A change to the finished evidence.
    pub evidence: fn(&str) -> String,
    /// A change to the finished body.
    pub body: fn(&[u8]) -> Vec<u8>,
}

/// Begins a session.
pub fn auth(broker: SocketAddr, tee: Tee) -> Session {
    let body = serde_json::to_vec(&Request::new(tee)).expect("a request");
    let answer = auth_as(broker, &body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let nonce = Challenge::parse(&answer.body).expect("a challenge").nonce;
    Session { cookie: answer.cookie().expect("a cookie"), nonce }
}

/// `POST /auth` with this body.
pub fn auth_as(broker: SocketAddr, body: &[u8]) -> Answer {
    call(broker, "POST", "/kbs/v0/auth", &[JSON], Some(body))
}

/// `POST /attest` with this body.
pub fn attest(broker: SocketAddr, cookie: Option<&str>, body: &[u8]) -> Answer {
    let cookie = cookie.map(|value| format!("{SESSION_COOKIE}={value}"));
    let mut headers = vec![JSON];
    headers.extend(cookie.as_deref().map(|cookie| ("cookie", cookie)));
    call(broker, "POST", "/kbs/v0/attest", &headers, Some(body))
}

/// `GET` of a resource with one header.
pub fn fetch(broker: SocketAddr, resource: &str, header: (&str, &str)) -> Answer {
    call(broker, "GET", &format!("/kbs/v0/resource/{resource}"), &[header], None)
}

/// The JWK of a key pair.
pub fn tee_key(pair: &TeeKeyPair) -> RawJson {
    pair.public().to_json().expect("a JWK")
}

impl Session {
    /// The `Cookie` header.
    pub fn header(&self) -> (&'static str, String) {
        ("cookie", format!("{SESSION_COOKIE}={}", self.cookie))
    }
}

impl Draft {
    /// The answer of the guest that the operator knows.
    pub fn honest(session: &Session, machine: &Machine, key: &TeeKeyPair) -> Self {
        let sent = Signed { nonce: session.nonce.clone(), tee_pubkey: tee_key(key), devices: String::new() };
        Self {
            cookie: Some(session.cookie.clone()),
            sent,
            signed: None,
            machine: machine.clone(),
            guest: KNOWN.clone(),
            init_data: None,
            evidence: str::to_owned,
            body: <[u8]>::to_vec,
        }
    }

    /// The body as it goes over the wire.
    pub fn finish(&self) -> Vec<u8> {
        let Signed { nonce, tee_pubkey, devices } = self.signed.as_ref().unwrap_or(&self.sent);
        let report_data = binding::report_data(HashAlgorithm::Sha384, devices, nonce, tee_pubkey);
        let attester = SimulatedAttester::new(self.machine.clone(), self.guest.clone());
        let evidence = attester.evidence(&report_data.expect("report data")).expect("evidence");
        let evidence = (self.evidence)(evidence.get());
        let Signed { nonce, tee_pubkey, devices } = self.sent.clone();
        let message = Attestation {
            init_data: self.init_data.clone(),
            runtime_data: RuntimeData { nonce, tee_pubkey },
            tee_evidence: TeeEvidence {
                primary_evidence: RawJson::parse(&evidence).expect("JSON"),
                additional_evidence: devices,
            },
        };
        (self.body)(&serde_json::to_vec(&message).expect("a body"))
    }

    /// Sends it.
    pub fn send(&self, broker: SocketAddr) -> Answer {
        attest(broker, self.cookie.as_deref(), &self.finish())
    }
}

/// The protocol's name for the evidence of a machine.
pub fn tee_of(machine: &Machine) -> Tee {
    match machine.tee() {
        platform::Tee::Snp => Tee::Snp,
        platform::Tee::Tdx => Tee::Tdx,
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
