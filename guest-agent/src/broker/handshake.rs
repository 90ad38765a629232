//! The handshake: auth, attest, then resources with the session that came of it.

use std::time::{Duration, Instant};

use kbs_protocol::limits::{ATTESTATION_BYTES, CHALLENGE_BYTES, RESPONSE_BYTES, TOKEN_BYTES};
use kbs_protocol::{
    Attestation, Challenge, JsonError, Request, ResourceUri, RuntimeData, SESSION_COOKIE, TeeEvidence,
    TeeKeyPair, TokenResponse, binding, jwe,
};
use rand_core::CryptoRng;
use serde::Serialize;
use zeroize::Zeroizing;

use super::BrokerOptions;
use super::error::{BrokerError, Step, expect_ok};
use super::http::{Answer, Credentials, Http};
use super::retry::{Backoff, may_pass};
use crate::attester::Attester;
use crate::init_data::ReadInitData;
use crate::system::{instant, sleep};

/// A broker, and the session with it once there is one.
pub struct Broker {
    http: Http,
    init_data: Option<ReadInitData>,
    patience: Duration,
    waiting: fn(&BrokerError, Duration),
    session: Option<Session>,
}

/// What one handshake leaves; the key never leaves this process.
struct Session {
    cookie: String,
    token: String,
    key: TeeKeyPair,
    /// When another is better made; none where the token does not say how long it lives.
    ends: Option<Instant>,
}

impl Broker {
    /// Checks the options; nothing is sent yet.
    pub fn new(options: BrokerOptions) -> Result<Self, BrokerError> {
        let http = Http::new(&options)?;
        let init_data = options.init_data.map(ReadInitData::read).transpose()?;
        let BrokerOptions { patience, waiting, .. } = options;
        Ok(Self { http, init_data, patience, waiting, session: None })
    }

    /// Fetches and opens one resource.
    ///
    /// The first call attests; later ones use the same session until shortly before its token ends or the broker no longer
    /// knows it. Then there is one more handshake, and its outcome is final. A broker that cannot be reached, or asks for
    /// another try, is asked again for as long as the options say.
    pub fn get(
        &mut self,
        uri: &ResourceUri,
        attester: &dyn Attester,
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let path = match uri.query() {
            Some(query) => format!("resource/{}?{query}", uri.path()),
            None => format!("resource/{}", uri.path()),
        };
        self.patiently(rng, |broker, rng| broker.get_once(&path, attester, rng))
    }

    fn get_once(
        &mut self,
        path: &str,
        attester: &dyn Attester,
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let lasts = |session: &Session| session.ends.is_none_or(|ends| instant() < ends);
        if let Some(session) = self.session.take().filter(lasts) {
            match self.resource(path, &session) {
                Err(BrokerError::Refused(answered)) if answered.wants_handshake() => {}
                outcome => {
                    self.session = Some(session);
                    return outcome;
                }
            }
        }
        let session = self.attest(attester, rng)?;
        let outcome = self.resource(path, &session);
        self.session = Some(session);
        outcome
    }

    /// Tries until it is answered for good, or patience would end during the next wait.
    fn patiently<T, R: CryptoRng>(
        &mut self,
        rng: &mut R,
        mut attempt: impl FnMut(&mut Self, &mut R) -> Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let (began, mut backoff) = (instant(), Backoff::new());
        loop {
            let error = match attempt(self, rng) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(asked) = may_pass(&error) else { return Err(error) };
            let delay = backoff.delay(asked, rng);
            if began.elapsed().saturating_add(delay) > self.patience {
                return Err(error);
            }
            (self.waiting)(&error, delay);
            sleep(delay);
        }
    }

    /// Attests anew; the token, by which others know what this machine is. The broker takes it as the session's.
    pub fn token(
        &mut self,
        attester: &dyn Attester,
        rng: &mut impl CryptoRng,
    ) -> Result<String, BrokerError> {
        let session = self.patiently(rng, |broker, rng| broker.attest(attester, rng))?;
        Ok(self.session.insert(session).token.clone())
    }

    /// Sections 4 to 6: challenge, evidence, token.
    fn attest(&self, attester: &dyn Attester, rng: &mut impl CryptoRng) -> Result<Session, BrokerError> {
        // 1. Ask for a nonce.
        let request = body(&Request::new(attester.tee()))?;
        let answer = self.http.post("auth", Credentials::default(), &request, CHALLENGE_BYTES);
        let answer = ok(Step::Auth, answer)?;
        let cookie = session_cookie(&answer)?.ok_or(BrokerError::Cookie)?;
        let challenge = Challenge::parse(&answer.body).map_err(form(Step::Auth))?;

        // 2. Bind the nonce and a new key into evidence.
        let key = TeeKeyPair::generate(rng);
        let tee_pubkey = key.public().to_json().map_err(form(Step::Attest))?;
        let report_data = binding::report_data(challenge.hash()?, NO_DEVICES, &challenge.nonce, &tee_pubkey)?;
        let evidence = attester.evidence(&report_data)?;
        if let Some(init_data) = &self.init_data {
            init_data.check(attester.tee(), &evidence)?;
        }

        // 3. Send it with the same cookie. What the token says of its life is counted from here: the clocks may differ.
        let began = instant();
        let attestation = body(&Attestation {
            init_data: self.init_data.as_ref().map(|read| read.document().clone()),
            runtime_data: RuntimeData { nonce: challenge.nonce, tee_pubkey },
            tee_evidence: TeeEvidence {
                primary_evidence: evidence,
                additional_evidence: NO_DEVICES.to_owned(),
            },
        })?;
        if attestation.len() > ATTESTATION_BYTES {
            return Err(BrokerError::TooLarge { limit: ATTESTATION_BYTES, actual: attestation.len() });
        }
        let credentials = Credentials { cookie: Some(&cookie), authorization: None };
        let answer = ok(Step::Attest, self.http.post("attest", credentials, &attestation, TOKEN_BYTES))?;
        let response = TokenResponse::parse(&answer.body).map_err(form(Step::Attest))?;
        let ends = response.lifetime().and_then(|life| began.checked_add(usable(life)));
        let token = response.token;
        if !is_compact_jwt(&token) {
            return Err(BrokerError::Token);
        }
        Ok(Session { cookie: session_cookie(&answer)?.unwrap_or(cookie), token, key, ends })
    }

    /// Sections 11 and 12: the sealed secret, opened.
    fn resource(&self, path: &str, session: &Session) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let Session { cookie, token, .. } = session;
        let authorization = (token.len() <= BEARER_BYTES).then(|| format!("Bearer {token}"));
        let credentials = Credentials { cookie: Some(cookie), authorization: authorization.as_deref() };
        let answer = ok(Step::Resource, self.http.get(path, credentials, RESPONSE_BYTES))?;
        let sealed = jwe::Response::parse(&answer.body).map_err(form(Step::Resource))?;
        Ok(jwe::open(&sealed, &session.key)?)
    }
}

/// A session is left before its token ends: a fifth of its life, and half a minute at most, is for the way of a request.
fn usable(life: Duration) -> Duration {
    life.saturating_sub((life / 5).min(AHEAD))
}

fn ok(step: Step, answer: Result<Answer, super::HttpError>) -> Result<Answer, BrokerError> {
    expect_ok(step, answer.map_err(|source| BrokerError::Network { step, source })?)
}

fn form(step: Step) -> impl Fn(JsonError) -> BrokerError {
    move |source| BrokerError::Form { step, source }
}

fn body(message: &impl Serialize) -> Result<Vec<u8>, BrokerError> {
    serde_json::to_vec(message).map_err(BrokerError::Write)
}

/// The `Cookie` header that answers the session's `Set-Cookie`; none where there is no such header.
fn session_cookie(answer: &Answer) -> Result<Option<String>, BrokerError> {
    for cookie in &answer.cookies {
        let pair = cookie.split(';').next().unwrap_or_default().trim();
        let Some((SESSION_COOKIE, value)) = pair.split_once('=') else { continue };
        if value.is_empty() || !value.bytes().all(is_cookie_byte) {
            return Err(BrokerError::Cookie);
        }
        return Ok(Some(pair.to_owned()));
    }
    Ok(None)
}

/// RFC 6265 section 4.1.1, `cookie-octet`.
fn is_cookie_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E)
}

/// Three parts of base64url, which go into a header without further ado.
fn is_compact_jwt(token: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    token.split('.').count() == 3 && token.split('.').all(part)
}

/// How long before its token's end a session is not used any more.
const AHEAD: Duration = Duration::from_secs(30);

/// Evidence of devices: this agent has none.
const NO_DEVICES: &str = "";

/// Servers limit a request's head; a longer token is left out, for the cookie carries the session anyway.
const BEARER_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_left_a_fifth_of_its_life_before_its_end_and_half_a_minute_at_most() {
        let usable = |life| usable(Duration::from_secs(life)).as_secs();
        assert_eq!([0, 10, 100, 150, 300, 3600].map(usable), [0, 8, 80, 120, 270, 3570]);
    }
}
