use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::config::parse;
use crate::scratch::Scratch;

const CERTIFICATE: &[u8] = include_bytes!("localhost.test-only.crt");
const KEY: &[u8] = include_bytes!("localhost.test-only.key");
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn running(scratch: &Scratch, more: &str) -> Running {
    let text = format!("listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n{more}");
    Running::start(parse(&text, &scratch.path).unwrap(), Clock::system()).unwrap()
}

fn connect(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn exchange(mut stream: impl Read + Write, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // A server that closes without TLS's own farewell is told apart by the answer, not by the error.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn serves_on_a_free_port_and_again_over_the_same_store() {
    let scratch = Scratch::new("server-plain");
    for _ in 0..5 {
        let running = running(&scratch, "");
        let answer = exchange(connect(&running), HEALTH);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        running.stop();
    }
}

#[test]
fn serves_tls_under_its_certificate() {
    let scratch = Scratch::new("server-tls");
    scratch.write("tls.crt", CERTIFICATE);
    scratch.write("tls.key", KEY);
    let running = running(&scratch, "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let answer = exchange(StreamOwned::new(connection, connect(&running)), HEALTH);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let plain = exchange(connect(&running), HEALTH);
    assert!(!plain.contains("200 OK"), "{plain}");
}

#[test]
fn survives_what_is_not_http() {
    let scratch = Scratch::new("server-garbage");
    let running = running(&scratch, "");
    for garbage in [&b"\x16\x03\x01\x00\xa5\x01\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n"] {
        let answer = exchange(connect(&running), garbage);
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    }
    let answer = exchange(connect(&running), HEALTH);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn does_not_start_on_tls_material_that_is_none() {
    let scratch = Scratch::new("server-no-tls");
    let text = "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
    let Err(StartError::Config(ConfigError::Tls { reason })) =
        Running::start(parse(text, &scratch.path).unwrap(), Clock::system()).map(Running::stop)
    else {
        panic!("a server without a certificate started");
    };
    assert!(reason.contains("/c: "), "{reason}");
}

#[test]
fn an_address_that_takes_every_connection_it_can_locks_nobody_else_out() {
    let scratch = Scratch::new("server-slow");
    let limits = "[limits]\nconnections = 32\nconnections_per_address = 4\n";
    let running = running(&scratch, limits);
    let slow: Vec<TcpStream> = (0..64).map(|_| from_another_address(running.address())).collect();
    for mut stream in &slow {
        // Those beyond the limit are closed already.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n");
    }
    for _ in 0..8 {
        let answer = exchange(connect(&running), HEALTH);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    let open = slow.iter().filter(|stream| is_open(stream)).count();
    assert_eq!(open, 4);
}

/// A connection from 127.0.0.2, which is another address of this machine.
fn from_another_address(to: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    connect(&socket, &to).unwrap();
    TcpStream::from(socket)
}

/// Whether the other end has not closed a connection on which it has nothing to say.
fn is_open(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
