//! A transit engine for tests, made from the documented answers: no Vault runs here.
//!
//! The certificates beside this file vouch for 127.0.0.1 for a hundred years; their keys vouch for nothing else.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::config::TransitSource;
use crate::scratch::Scratch;
use crate::seal::{Purpose, SealingKey};
use crate::system::rng;

pub(super) const TOKEN: &str = "hvs.CAESIJtestTokenThatNobodyMayLog";
pub(super) const AUTHORITY: &[u8] = include_bytes!("testing/authority.pem");
pub(super) const STRANGER: &[u8] = include_bytes!("testing/stranger.pem");

/// A running engine; its thread ends with the process.
pub(super) struct Vault {
    pub(super) address: SocketAddr,
    pub(super) scratch: Scratch,
    tls: bool,
    state: Arc<Mutex<State>>,
}

/// What the engine holds and how it behaves.
pub(super) struct State {
    /// What "Read key" tells.
    pub(super) info: Value,
    /// The versions of the key, the first first.
    pub(super) versions: Vec<SealingKey>,
    pub(super) min_decryption_version: usize,
    pub(super) token: String,
    /// As a server that is too old to know associated_data.
    pub(super) ignores_associated_data: bool,
    /// Answers everything with this.
    pub(super) answers: Option<(u16, Vec<u8>)>,
    /// Answers everything with this status and the request itself as the error.
    pub(super) echoes: Option<u16>,
    pub(super) requests: Vec<Request>,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Method and path.
    pub(super) line: String,
    /// Headers that begin with `x-vault`, in order of their names.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Vault {
    pub(super) fn start(name: &str) -> Self {
        Self::listen(name, None)
    }

    pub(super) fn start_tls(name: &str) -> Self {
        let certificates =
            CertificateDer::pem_slice_iter(include_bytes!("testing/server.pem")).collect::<Result<_, _>>();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("testing/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(certificates.unwrap(), key).unwrap();
        Self::listen(name, Some(Arc::new(config)))
    }

    fn listen(name: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = Arc::new(Mutex::new(State::new()));
        let vault = Self {
            address: listener.local_addr().unwrap(),
            scratch: Scratch::new(name),
            tls: tls.is_some(),
            state: Arc::clone(&state),
        };
        vault.write_token(TOKEN);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                match &tls {
                    None => serve(stream, &state),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        serve(StreamOwned::new(connection, stream), &state);
                    }
                }
            }
        });
        vault
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn write_token(&self, token: &str) {
        let path = self.scratch.write("token", format!("{token}\n").as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(super) fn source(&self) -> TransitSource {
        let scheme = if self.tls { "https" } else { "http" };
        TransitSource {
            address: format!("{scheme}://{}", self.address),
            mount: "transit".to_owned(),
            key: "root".to_owned(),
            token_file: self.scratch.path.join("token"),
            namespace: None,
            ca_certificate: None,
            danger_plain_http: false,
            formerly: Vec::new(),
        }
    }
}

impl State {
    fn new() -> Self {
        Self {
            info: json!({
                "type": "aes256-gcm96", "deletion_allowed": false, "derived": false, "exportable": false,
                "allow_plaintext_backup": false, "keys": {"1": 1_442_851_412}, "latest_version": 1,
                "min_decryption_version": 1, "min_encryption_version": 0, "name": "root",
                "supports_encryption": true, "supports_decryption": true, "supports_derivation": true,
                "supports_signing": false, "imported_key": false
            }),
            versions: vec![SealingKey::from_bytes(&[1; 32]).unwrap()],
            min_decryption_version: 1,
            token: TOKEN.to_owned(),
            ignores_associated_data: false,
            answers: None,
            echoes: None,
            requests: Vec::new(),
        }
    }

    fn answer(&mut self, request: &Request, token: Option<&str>) -> (u16, Vec<u8>) {
        if let Some(answer) = &self.answers {
            return answer.clone();
        }
        if let Some(status) = self.echoes {
            return errors(status, &format!("{request:?} {}", request.body));
        }
        if token != Some(self.token.as_str()) {
            return errors(403, "permission denied");
        }
        let field = |name: &str| request.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let context = BASE64_STANDARD.decode(field("associated_data")).unwrap();
        let context = if self.ignores_associated_data { Vec::new() } else { context };
        match request.line.as_str() {
            "GET /v1/transit/keys/root" => data(&self.info),
            "POST /v1/transit/encrypt/root" => {
                let plain = BASE64_STANDARD.decode(field("plaintext")).unwrap();
                let newest = self.versions.last().unwrap();
                let sealed = newest.seal(Purpose::Secret, &context, &plain, &mut rng()).unwrap();
                let (version, sealed) = (self.versions.len(), BASE64_STANDARD.encode(sealed));
                data(&json!({"ciphertext": format!("vault:v{version}:{sealed}"), "key_version": version}))
            }
            "POST /v1/transit/decrypt/root" => self.decrypt(field("ciphertext"), &context),
            line if line.ends_with("/keys/root") => (404, br#"{"errors":[]}"#.to_vec()),
            line if line.ends_with("/root") => errors(404, "no handler for route"),
            _ => errors(400, "encryption key not found"),
        }
    }

    fn decrypt(&self, ciphertext: &str, context: &[u8]) -> (u16, Vec<u8>) {
        let (version, sealed) = ciphertext.strip_prefix("vault:v").unwrap().split_once(':').unwrap();
        let version: usize = version.parse().unwrap();
        let Some(key) = version.checked_sub(1).and_then(|index| self.versions.get(index)) else {
            return errors(400, "invalid ciphertext: version is too new");
        };
        if version < self.min_decryption_version {
            return errors(400, "ciphertext or signature version is disallowed by policy (too old)");
        }
        let Ok(sealed) = BASE64_STANDARD.decode(sealed) else {
            return errors(400, "invalid ciphertext: could not decode base64");
        };
        match key.open(Purpose::Secret, context, &sealed) {
            Ok(plain) => data(&json!({"plaintext": BASE64_STANDARD.encode(plain.as_slice())})),
            Err(_) => errors(400, "cipher: message authentication failed"),
        }
    }
}

fn data(data: &Value) -> (u16, Vec<u8>) {
    let answer = json!({
        "request_id": "b1b5bd5a-0000-0000-0000-000000000000", "lease_id": "", "renewable": false,
        "lease_duration": 0, "data": data, "wrap_info": null, "warnings": null, "auth": null
    });
    (200, answer.to_string().into_bytes())
}

pub(super) fn errors(status: u16, error: &str) -> (u16, Vec<u8>) {
    (status, json!({"errors": [error]}).to_string().into_bytes())
}

/// One request of one connection. A client that goes away in the middle is no business of the test's server.
fn serve(mut stream: impl Read + Write, state: &Mutex<State>) {
    let Some((request, token)) = read(&mut stream) else { return };
    let (status, body) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        state.answer(&request, token.as_deref())
    };
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\nlocation: /v1/other\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body))
        .and_then(|()| stream.flush());
}

fn read(stream: &mut impl Read) -> Option<(Request, Option<String>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    headers.sort();
    let value = |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    let length = value("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    let token = value("x-vault-token");
    headers.retain(|(name, _)| name.starts_with("x-vault"));
    Some((Request { line, headers, body }, token))
}

/// Whether anything listens there is not looked at: a port that was free a moment ago.
pub(super) fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(TcpStream::connect(address).is_err());
    address
}
