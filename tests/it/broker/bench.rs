//! A broker with one secret, a guest that may have it, and what every refusal has to keep.

use kbs_protocol::{Refusal, Tee, TeeKeyPair, jwe};
use sim::platform::Machine;
use system_tests::broker::{
    Answer, Broker, Draft, Session, Settings, Site, attest, auth, fetch, tee_key, tee_of,
};

/// The one secret.
pub(super) const SECRET: &[u8] = b"the key to the weights \x00\xff\r\n";
/// Where it lies.
pub(super) const RESOURCE: &str = "models/key/demo";

/// A site with its broker and the secret in it.
pub(super) struct Bench {
    pub(super) site: Site,
    pub(super) broker: Broker,
}

/// What a refusal must be: status, last segment of the error's type, and parts of the detail.
pub(super) type Expected<'a> = (u16, &'a str, &'a [&'a str]);

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings<'_>) -> Self {
        let site = Site::new();
        let broker = site.start(settings);
        let stored = site.operator.store(broker.address, RESOURCE, SECRET);
        assert_eq!((stored.status, stored.body), (200, Vec::new()));
        Self { site, broker }
    }

    pub(super) fn auth(&self, tee: Tee) -> Session {
        auth(self.broker.address, tee)
    }

    pub(super) fn fetch(&self, resource: &str, header: (&str, &str)) -> Answer {
        fetch(self.broker.address, resource, header)
    }

    pub(super) fn machines(&self) -> [&Machine; 2] {
        [&self.site.amd.machine, &self.site.intel.machine]
    }

    /// A guest that the operator knows goes the whole way; its token.
    pub(super) fn honest(&self, machine: &Machine) -> String {
        let (session, key) = (self.auth(tee_of(machine)), new_key());
        let answer = Draft::honest(&session, machine, &key).send(self.broker.address);
        let token = token_of(&answer);
        let (name, value) = session.header();
        assert_eq!(opened(&self.fetch(RESOURCE, (name, &value)), &key), SECRET);
        token
    }

    /// Holds an answer to what it must be: nothing released, nothing of the operator's told, nothing lost.
    pub(super) fn refused(&self, name: &str, answer: &Answer, expected: Expected<'_>) -> Refusal {
        let (status, kind, parts) = expected;
        let (actual, actual_kind, detail) = answer.refusal();
        assert_eq!((actual, actual_kind.as_str()), (status, kind), "{name}: {detail}");
        for part in parts {
            assert!(detail.contains(part), "{name}: {part:?} is not in {detail:?}");
        }
        assert!(jwe::Response::parse(&answer.body).is_err(), "{name}: a sealed secret");
        for secret in self.site.operators_alone() {
            assert!(!detail.contains(&secret), "{name}: the detail tells {secret}: {detail}");
        }
        Refusal::parse(&detail)
    }

    /// Whether a challenge still takes an answer: an honest one is either taken or told that the nonce is spent.
    pub(super) fn nonce(&self, session: &Session, machine: &Machine) -> Nonce {
        let key = new_key();
        let answer = Draft::honest(session, machine, &key).send(self.broker.address);
        let (name, value) = session.header();
        let fetched = self.fetch(RESOURCE, (name, &value));
        if answer.status == 200 {
            assert_eq!(opened(&fetched, &key), SECRET);
            return Nonce::Unspent;
        }
        let (status, kind, detail) = answer.refusal();
        let spent = "the nonce of this session is spent: begin with /auth".to_owned();
        assert_eq!((status, kind, detail), (401, "AttestationError".to_owned(), spent));
        assert_eq!(fetched.refusal().0, 401);
        Nonce::Spent
    }

    pub(super) fn repeat(&self, session: &Session, body: &[u8]) -> Answer {
        attest(self.broker.address, Some(&session.cookie), body)
    }
}

/// What became of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonce {
    /// A decision on it is recorded.
    Spent,
    /// Nothing was recorded.
    Unspent,
}

pub(super) fn new_key() -> TeeKeyPair {
    TeeKeyPair::generate(&mut guest_agent::system_rng())
}

/// The token of a positive answer.
pub(super) fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    kbs_protocol::TokenResponse::parse(&answer.body).unwrap().token
}

/// The secret in a positive answer.
pub(super) fn opened(answer: &Answer, key: &TeeKeyPair) -> Vec<u8> {
    assert_eq!(answer.status, 200, "{}: {}", tee_key(key).get(), String::from_utf8_lossy(&answer.body));
    jwe::open(&jwe::Response::parse(&answer.body).unwrap(), key).unwrap().to_vec()
}

/// `Authorization` with a bearer token.
pub(super) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
