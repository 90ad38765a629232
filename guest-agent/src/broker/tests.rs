//! The handshake against the transport alone: a function answers as the protocol says, without judging evidence.

pub(crate) mod transport;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use kbs_protocol::evidence::{Sample, Snp};
use kbs_protocol::jwe::OpenError;
use kbs_protocol::limits::{CHALLENGE_BYTES, ERROR_BYTES, SECRET_BYTES};
use kbs_protocol::{
    Attestation, ErrorInformation, ErrorKind, HashAlgorithm, RawJson, Refusal, Request, ResourceUri, Tee,
    TeeKeyPair, TeePublicKey, TokenResponse, binding, jwe,
};

use self::transport::{Reply, Seen, Transport};
use super::*;
use crate::attester::{AttestError, Attester, EvidenceJson};
use crate::init_data::InitDataRefusal;
use crate::system::system_rng;
use crate::testing::Toy;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const AUTH: &str = "POST /kbs/v0/auth";
const ATTEST: &str = "POST /kbs/v0/attest";
pub(crate) const GET: &str = "GET /kbs/v0/resource/default/key/k2";

/// Answers as the protocol says, and checks what it can check without a verifier.
pub(crate) struct Peer {
    pub(crate) challenge: &'static str,
    pub(crate) hash: HashAlgorithm,
    pub(crate) secret: Vec<u8>,
    pub(crate) token: String,
    pub(crate) key: Option<RawJson>,
    /// Answers to the first GETs in place of the secret.
    pub(crate) refusals: Vec<Reply>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self {
            challenge: r#"{"nonce":"bm9uY2U=","extra-params":""}"#,
            hash: HashAlgorithm::Sha384,
            secret: SECRET.to_vec(),
            token: "e30.e30.c2ln".to_owned(),
            key: None,
            refusals: Vec::new(),
        }
    }

    fn reply(&mut self, request: &Seen) -> Reply {
        match request.line.as_str() {
            AUTH => {
                assert_eq!(Request::parse(&request.body), Ok(Request::new(kbs_protocol::Tee::Sample)));
                let cookie = "Set-Cookie: kbs-session-id=55acf39d; Expires=Fri, 20 Nov 2026 12:02:56 GMT";
                (200, vec![cookie.to_owned()], self.challenge.into())
            }
            ATTEST => {
                assert_eq!(request.header("cookie"), Some("kbs-session-id=55acf39d"));
                let attestation = Attestation::parse(&request.body).unwrap();
                let RuntimeParts { nonce, key } = runtime_parts(&attestation);
                let digest = binding::primary_digest(self.hash, "", nonce, key).unwrap();
                let sample = Sample::parse(&attestation.tee_evidence.primary_evidence).unwrap();
                assert_eq!(sample.report_data().unwrap(), digest.as_bytes());
                self.key = Some(key.clone());
                ok(&TokenResponse { token: self.token.clone() })
            }
            GET if !self.refusals.is_empty() => self.refusals.remove(0),
            GET => {
                let key = TeePublicKey::parse(self.key.as_ref().unwrap()).unwrap();
                ok(&jwe::seal(&self.secret, &key, jwe::no_rsa, &mut system_rng()).unwrap())
            }
            other => panic!("{other}"),
        }
    }
}

struct RuntimeParts<'a> {
    nonce: &'a str,
    key: &'a RawJson,
}

fn runtime_parts(attestation: &Attestation) -> RuntimeParts<'_> {
    RuntimeParts { nonce: &attestation.runtime_data.nonce, key: &attestation.runtime_data.tee_pubkey }
}

fn ok(body: &impl serde::Serialize) -> Reply {
    (200, Vec::new(), serde_json::to_vec(body).unwrap())
}

pub(crate) fn refusal(status: u16, kind: ErrorKind) -> Reply {
    (status, Vec::new(), serde_json::to_vec(&ErrorInformation::new(kind, "no")).unwrap())
}

pub(crate) fn serve(mut peer: Peer) -> Transport {
    Transport::new(move |request| peer.reply(request))
}

fn broker(transport: &Transport) -> Broker {
    Broker::new(BrokerOptions::new(transport.url())).unwrap()
}

fn get(broker: &mut Broker) -> Result<Vec<u8>, BrokerError> {
    let uri = ResourceUri::parse("kbs:///default/key/k2").unwrap();
    broker.get(&uri, &Toy, &mut system_rng()).map(|secret| secret.to_vec())
}

/// The error of one get, which has to fail.
fn failed(transport: &Transport) -> BrokerError {
    get(&mut broker(transport)).unwrap_err()
}

#[test]
fn fetches_a_secret_in_three_calls() {
    let transport = serve(Peer::new());
    assert_eq!(get(&mut broker(&transport)).unwrap(), SECRET);
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET]);
    let seen = transport.seen();
    assert_eq!(seen[0].header("cookie"), None);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[1].header("content-type"), Some("application/json"));
    assert_eq!(seen[2].header("cookie"), Some("kbs-session-id=55acf39d"));
    assert_eq!(seen[2].header("authorization"), Some("Bearer e30.e30.c2ln"));
}

#[test]
fn opens_a_secret_of_the_largest_size() {
    let transport = serve(Peer { secret: vec![7; SECRET_BYTES], ..Peer::new() });
    assert_eq!(get(&mut broker(&transport)).map(|secret| secret.len()).unwrap(), SECRET_BYTES);
}

#[test]
fn attests_once_for_several_secrets() {
    let transport = serve(Peer::new());
    let mut broker = broker(&transport);
    assert_eq!((get(&mut broker).unwrap(), get(&mut broker).unwrap()), (SECRET.to_vec(), SECRET.to_vec()));
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET, GET]);
}

#[test]
fn attests_again_when_the_session_is_no_longer_known() {
    let mut peer = Peer::new();
    let mut gets = 0;
    let transport = Transport::new(move |request| {
        gets += u32::from(request.line == GET);
        if request.line == GET && gets == 2 {
            return refusal(401, ErrorKind::TokenNotFound);
        }
        peer.reply(request)
    });
    let mut broker = broker(&transport);
    assert_eq!((get(&mut broker).unwrap(), get(&mut broker).unwrap()), (SECRET.to_vec(), SECRET.to_vec()));
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET, GET, AUTH, ATTEST, GET]);
}

#[test]
fn a_session_is_left_before_its_token_ends() {
    // Whoever gets a token that lives no longer than its way takes a new one each time.
    for (life, lines) in
        [(300, vec![AUTH, ATTEST, GET, GET]), (0, vec![AUTH, ATTEST, GET, AUTH, ATTEST, GET])]
    {
        let claims = format!("{{\"iat\":1775000000,\"exp\":{}}}", 1_775_000_000 + life);
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let transport = serve(Peer { token, ..Peer::new() });
        let mut broker = broker(&transport);
        assert_eq!(
            (get(&mut broker).unwrap(), get(&mut broker).unwrap()),
            (SECRET.to_vec(), SECRET.to_vec())
        );
        assert_eq!(transport.lines(), lines, "{life}");
    }
}

/// A broker that answers the first `failures` requests for a secret with `reply`, and a guest of this patience.
fn patient(failures: usize, reply: Reply, patience: Duration) -> (Transport, Result<Vec<u8>, BrokerError>) {
    let refusals = vec![reply; failures];
    let transport = serve(Peer { refusals, ..Peer::new() });
    let options = BrokerOptions { patience, ..BrokerOptions::new(transport.url()) };
    let outcome = get(&mut Broker::new(options).unwrap());
    (transport, outcome)
}

#[test]
fn what_may_pass_is_tried_again_with_the_same_session() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let reply = refusal(status, ErrorKind::PluginInternalError);
        let (transport, outcome) = patient(2, reply, Duration::from_secs(20));
        assert_eq!(outcome.unwrap(), SECRET, "{status}");
        assert_eq!(transport.lines(), [AUTH, ATTEST, GET, GET, GET], "{status}");
    }
}

#[test]
fn what_will_not_pass_is_tried_once() {
    for (status, kind) in [
        (401, ErrorKind::PolicyDeny),
        (401, ErrorKind::AttestationError),
        (403, ErrorKind::PolicyDeny),
        (404, ErrorKind::PluginInternalError),
        (501, ErrorKind::PluginInternalError),
    ] {
        let (transport, outcome) = patient(1, refusal(status, kind), Duration::from_secs(20));
        assert!(outcome.is_err(), "{status}");
        assert_eq!(transport.lines(), [AUTH, ATTEST, GET], "{status}");
    }
}

#[test]
fn patience_ends_and_a_broker_that_asks_for_more_of_it_is_not_waited_for() {
    let reply = refusal(503, ErrorKind::PluginInternalError);
    let (transport, outcome) = patient(100, reply.clone(), Duration::from_millis(400));
    assert!(matches!(outcome, Err(BrokerError::Failed(Answered { status: 503, .. }))));
    let tries = transport.lines().iter().filter(|line| *line == GET).count();
    assert!((2..=5).contains(&tries), "{tries}");
    let asks = (503, vec!["Retry-After: 30".to_owned()], reply.2);
    let (transport, outcome) = patient(1, asks, Duration::from_secs(20));
    assert!(matches!(outcome, Err(BrokerError::Failed(Answered { retry_after: Some(30), .. }))));
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET]);
}

#[test]
fn a_broker_that_is_not_there_yet_is_waited_for() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = BrokerOptions::new(format!("http://{address}"));
    let gone = get(&mut Broker::new(options.clone()).unwrap());
    assert!(matches!(gone, Err(BrokerError::Network { step: Step::Auth, .. })));
    let guest = std::thread::spawn(move || {
        let options = BrokerOptions { patience: Duration::from_secs(20), ..options };
        get(&mut Broker::new(options).unwrap())
    });
    std::thread::sleep(Duration::from_millis(250));
    let mut peer = Peer::new();
    let transport = Transport::at(address, move |request| peer.reply(request));
    assert_eq!(guest.join().unwrap().unwrap(), SECRET);
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET]);
}

#[test]
fn does_not_attest_twice_for_one_secret() {
    let transport = serve(Peer { refusals: vec![refusal(401, ErrorKind::TokenNotFound)], ..Peer::new() });
    assert!(matches!(failed(&transport), BrokerError::Refused(_)));
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET]);
}

#[test]
fn keeps_the_session_after_a_denied_resource() {
    let transport = serve(Peer { refusals: vec![refusal(403, ErrorKind::PolicyDeny)], ..Peer::new() });
    let mut broker = broker(&transport);
    let denied = Answered {
        step: Step::Resource,
        status: 403,
        retry_after: None,
        kind: Some(ErrorKind::PolicyDeny),
        error_type: ErrorInformation::new(ErrorKind::PolicyDeny, "").error_type,
        refusal: Refusal { summary: "no".to_owned(), ..Refusal::default() },
    };
    assert!(matches!(get(&mut broker), Err(BrokerError::Refused(answered)) if answered == denied));
    assert_eq!(get(&mut broker).unwrap(), SECRET);
    assert_eq!(transport.lines(), [AUTH, ATTEST, GET, GET]);
}

#[test]
fn an_absent_resource_is_not_found() {
    let transport =
        serve(Peer { refusals: vec![refusal(404, ErrorKind::PluginInternalError)], ..Peer::new() });
    assert!(matches!(failed(&transport), BrokerError::NotFound(_)));
}

#[test]
fn follows_the_selected_hash_algorithm() {
    let challenge = r#"{"nonce":"bm9uY2U=","extra-params":{"selected-hash-algorithm":"sha512"}}"#;
    let transport = serve(Peer { challenge, hash: HashAlgorithm::Sha512, ..Peer::new() });
    assert_eq!(get(&mut broker(&transport)).unwrap(), SECRET);
}

#[test]
fn refuses_a_hash_algorithm_that_it_does_not_compute() {
    let challenge = r#"{"nonce":"n","extra-params":{"selected-hash-algorithm":"sm3"}}"#;
    let transport = serve(Peer { challenge, ..Peer::new() });
    assert!(matches!(failed(&transport), BrokerError::Hash(_)));
    assert_eq!(transport.lines(), [AUTH]);
}

#[test]
fn sends_init_data_along() {
    let transport = serve(Peer::new());
    let init_data = InitData { format: "toml".to_owned(), body: INIT_DATA.to_owned() };
    let options = BrokerOptions { init_data: Some(init_data.clone()), ..BrokerOptions::new(transport.url()) };
    assert_eq!(get(&mut Broker::new(options).unwrap()).unwrap(), SECRET);
    assert_eq!(Attestation::parse(&transport.seen()[1].body).unwrap().init_data, Some(init_data));
}

/// Sample evidence has no field for its digest.
const INIT_DATA: &str = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n";

/// A report of a guest that was launched with nothing.
struct Bare;

impl Attester for Bare {
    fn tee(&self) -> Tee {
        Tee::Snp
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        let mut report = vec![0; 1184];
        report[0] = 2;
        report[0x50..0x90].copy_from_slice(report_data);
        Ok(Snp::new(&report, Vec::new())?.to_json()?)
    }
}

#[test]
fn sends_nothing_where_the_guest_was_launched_with_other_init_data() {
    let transport = Transport::new(|_| {
        (200, vec!["Set-Cookie: kbs-session-id=1".to_owned()], Peer::new().challenge.into())
    });
    let init_data = InitData { format: "toml".to_owned(), body: INIT_DATA.to_owned() };
    let options = BrokerOptions { init_data: Some(init_data), ..BrokerOptions::new(transport.url()) };
    let uri = ResourceUri::parse("kbs:///default/key/k2").unwrap();
    let failed = Broker::new(options).unwrap().get(&uri, &Bare, &mut system_rng()).unwrap_err();
    assert!(matches!(failed, BrokerError::InitData(InitDataRefusal::Other { field: "HOST_DATA", .. })));
    assert_eq!(transport.lines(), [AUTH]);
}

#[test]
fn leaves_a_long_token_out_of_the_head() {
    let transport = serve(Peer { token: format!("e30.{}.c2ln", "A".repeat(16 << 10)), ..Peer::new() });
    assert_eq!(get(&mut broker(&transport)).unwrap(), SECRET);
    assert_eq!(transport.seen()[2].header("authorization"), None);
}

#[test]
fn refuses_a_token_that_would_write_headers() {
    for token in ["a.b", "a.b.c.d", "a..c", "a.b.c\r\nX: y", "a.b.c d"] {
        let transport = serve(Peer { token: token.to_owned(), ..Peer::new() });
        assert!(matches!(failed(&transport), BrokerError::Token), "{token:?}");
    }
}

#[test]
fn refuses_an_answer_without_a_usable_cookie() {
    for cookies in [
        vec![],
        vec!["Set-Cookie: other=1"],
        vec!["Set-Cookie: kbs-session-id="],
        vec!["Set-Cookie: kbs-session-id=a\"b"],
    ] {
        let headers: Vec<_> = cookies.into_iter().map(str::to_owned).collect();
        let transport =
            Transport::new(move |_| (200, headers.clone(), br#"{"nonce":"n","extra-params":""}"#.to_vec()));
        assert!(matches!(failed(&transport), BrokerError::Cookie));
        assert_eq!(transport.lines(), [AUTH]);
    }
}

#[test]
fn refuses_a_challenge_over_its_limit() {
    let long = Transport::new(|_| (200, Vec::new(), vec![b' '; CHALLENGE_BYTES + 1]));
    assert!(matches!(
        failed(&long),
        BrokerError::Network { step: Step::Auth, source: HttpError::TooLarge { limit: CHALLENGE_BYTES } }
    ));
}

#[test]
fn refuses_an_error_body_over_its_limit() {
    let long = Transport::new(|_| (500, Vec::new(), vec![b' '; ERROR_BYTES + 1]));
    assert!(matches!(
        failed(&long),
        BrokerError::Network { step: Step::Auth, source: HttpError::TooLarge { limit: ERROR_BYTES } }
    ));
}

#[test]
fn refuses_a_challenge_with_two_nonces() {
    let twice = Transport::new(|_| {
        (200, vec!["Set-Cookie: kbs-session-id=1".to_owned()], br#"{"nonce":"a","nonce":"b"}"#.to_vec())
    });
    assert!(matches!(failed(&twice), BrokerError::Form { step: Step::Auth, .. }));
}

#[test]
fn follows_no_redirect() {
    let other = Transport::new(|_| (200, Vec::new(), Vec::new()));
    let location = format!("Location: {}/kbs/v0/auth", other.url());
    let transport = Transport::new(move |_| (302, vec![location.clone()], Vec::new()));
    assert!(matches!(failed(&transport), BrokerError::Failed(Answered { status: 302, .. })));
    assert_eq!(other.lines(), Vec::<String>::new());
}

#[test]
fn a_secret_sealed_to_another_key_does_not_open() {
    let mut peer = Peer::new();
    let transport = Transport::new(move |request| {
        if request.line == GET {
            let other = TeeKeyPair::generate(&mut system_rng()).public();
            peer.key = Some(other.to_json().unwrap());
        }
        peer.reply(request)
    });
    assert!(matches!(failed(&transport), BrokerError::Sealed(OpenError::Unwrap)));
}

#[test]
fn an_attester_that_fails_ends_the_handshake() {
    struct Broken;
    impl crate::Attester for Broken {
        fn tee(&self) -> kbs_protocol::Tee {
            kbs_protocol::Tee::Sample
        }
        fn evidence(&self, _: &[u8; 64]) -> Result<crate::EvidenceJson, crate::AttestError> {
            Err(crate::AttestError::ReportData)
        }
    }
    let transport = serve(Peer::new());
    let uri = ResourceUri::parse("kbs:///default/key/k2").unwrap();
    let outcome = broker(&transport).get(&uri, &Broken, &mut system_rng()).map(|secret| secret.len());
    assert!(matches!(outcome, Err(BrokerError::Attest(crate::AttestError::ReportData))));
    assert_eq!(transport.lines(), [AUTH]);
}

#[test]
fn a_broker_that_is_not_there_cannot_be_reached() {
    let url = serve(Peer::new()).url();
    let error = get(&mut Broker::new(BrokerOptions::new(url)).unwrap()).unwrap_err();
    assert!(
        matches!(error, BrokerError::Network { step: Step::Auth, source: HttpError::Network(_) }),
        "{error:?}"
    );
}

#[test]
fn certificates_that_cannot_be_read_are_named() {
    for (path, reason) in [
        ("/nowhere/ca.pem", "No such file"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "no certificate in it"),
    ] {
        let options =
            BrokerOptions { ca_certificate: Some(path.into()), ..BrokerOptions::new("https://kbs.example") };
        match Broker::new(options).map(drop) {
            Err(BrokerError::CaCertificate { source, .. }) => {
                assert!(source.to_string().contains(reason), "{source}");
            }
            other => panic!("{other:?}"),
        }
    }
}
