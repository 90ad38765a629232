//! Guests and an operator at work at a broker that may be gone at any moment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::{Tee, TeeKeyPair};
use serde_json::Value;
use sim::platform::Machine;
use system_tests::broker::{Answer, Draft, Operator, Session, try_call};

use super::super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

/// An attestation that was acknowledged.
pub(super) struct Attested {
    pub(super) session: Session,
    pub(super) key: Arc<TeeKeyPair>,
    pub(super) body: Vec<u8>,
    pub(super) token: String,
    pub(super) at: Instant,
}

/// What a client saw in one round.
#[derive(Default)]
pub(super) struct Seen {
    /// Secrets that it stored, by path: how often, and what is there now.
    pub(super) stored: BTreeMap<String, (u32, Vec<u8>)>,
    /// The secret that it was storing when the broker went away.
    pub(super) storing: Option<(String, Vec<u8>)>,
    pub(super) puts: u64,
    pub(super) attested: Vec<Attested>,
    /// A challenge that it had not answered, or whose answer got none.
    pub(super) open: Option<(Session, Arc<TeeKeyPair>, Vec<u8>)>,
    /// (attestation, resource) of every secret that it got.
    pub(super) released: Vec<(String, String)>,
}

/// One client: nobody else writes below its name.
pub(super) struct Client<'a> {
    pub(super) name: usize,
    pub(super) broker: SocketAddr,
    pub(super) operator: &'a Operator,
    pub(super) machine: &'a Machine,
    pub(super) seen: Seen,
}

impl Client<'_> {
    /// Works until the broker is gone.
    pub(super) fn work(mut self, stop: &AtomicBool, mut counter: u64) -> Seen {
        while !stop.load(Ordering::Relaxed) {
            counter += 1;
            if self.turn(counter).is_none() {
                break;
            }
        }
        self.seen
    }

    /// Stores a secret, attests, and fetches it with the cookie and another one with the token.
    fn turn(&mut self, counter: u64) -> Option<()> {
        let resource = format!("client{}/key/k{}", self.name, counter % 3);
        let secret = format!("secret {counter}").into_bytes();
        self.seen.storing = Some((resource.clone(), secret.clone()));
        let admin = bearer(&self.operator.token());
        self.get("POST", &format!("/kbs/v0/resource/{resource}"), ("authorization", &admin), Some(&secret))?;
        self.seen.storing = None;
        self.seen.puts += 1;
        put(&mut self.seen.stored, &resource, 1, &secret);

        let begun = self.get("POST", "/kbs/v0/auth", JSON, Some(&request()))?;
        let session = Session {
            cookie: begun.cookie().unwrap(),
            nonce: kbs_protocol::Challenge::parse(&begun.body).unwrap().nonce,
        };
        let key = Arc::new(new_key());
        let body = Draft::honest(&session, self.machine, &key).finish();
        self.seen.open = Some((session.clone(), Arc::clone(&key), body.clone()));
        let cookie = session.header();
        let answer = self.get("POST", "/kbs/v0/attest", (cookie.0, &cookie.1), Some(&body))?;
        let token = token_of(&answer);
        self.seen.open = None;
        self.seen.attested.push(Attested {
            session,
            key: Arc::clone(&key),
            body,
            token: token.clone(),
            at: Instant::now(),
        });

        let attestation = attestation_of(&token);
        let authorization = bearer(&token);
        let with_token = ("authorization", authorization.as_str());
        for (resource, secret, header) in [
            (resource.as_str(), secret.as_slice(), (cookie.0, cookie.1.as_str())),
            (RESOURCE, SECRET, with_token),
        ] {
            let answer = self.get("GET", &format!("/kbs/v0/resource/{resource}"), header, None)?;
            assert_eq!(opened(&answer, &key), secret);
            self.seen.released.push((attestation.clone(), format!("kbs:///{resource}")));
        }
        Some(())
    }

    /// An answer of a broker that is there is a success.
    fn get(&self, method: &str, path: &str, header: (&str, &str), body: Option<&[u8]>) -> Option<Answer> {
        let answer = try_call(self.broker, method, path, &[header], body)?;
        assert_eq!(answer.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        Some(answer)
    }
}

impl Attested {
    /// A guest that has just attested.
    pub(super) fn new(bench: &Bench) -> Self {
        let (session, key) = (bench.auth(Tee::Snp), Arc::new(new_key()));
        let body = Draft::honest(&session, &bench.site.amd.machine, &key).finish();
        let token = token_of(&bench.repeat(&session, &body));
        Self { session, key, body, token, at: Instant::now() }
    }
}

/// Notes that a secret was stored so many times, this one last.
pub(super) fn put(stored: &mut BTreeMap<String, (u32, Vec<u8>)>, resource: &str, times: u32, secret: &[u8]) {
    let (all, last) = stored.entry(resource.to_owned()).or_default();
    *all += times;
    *last = secret.to_vec();
}

fn attestation_of(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["submods"]["cpu0"]["ear.vouchsafe"]["decision"].as_str().unwrap().to_owned()
}

fn request() -> Vec<u8> {
    serde_json::to_vec(&kbs_protocol::Request::new(Tee::Snp)).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");
