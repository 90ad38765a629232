//! A TCP connection between two programs that a test can cut, or let fall silent.
#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a helper of tests, which the broker's own package reads too; each of its two readers uses a part"
)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// What becomes of what goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It arrives.
    Through,
    /// Connections are closed, and new ones too.
    Cut,
    /// Nothing arrives and nobody is told: what was sent meanwhile arrives when the line is through again.
    Silent,
    /// The proxy itself ends.
    Gone,
}

/// Listens on the loopback and passes everything on to a port there, as long as the line is through.
pub struct Proxy {
    pub port: u16,
    line: Arc<AtomicU8>,
}

impl Proxy {
    /// A proxy to this port.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        listener.set_nonblocking(true).expect("a listener that can be left");
        let line = Arc::new(AtomicU8::new(Line::Through as u8));
        let seen = Arc::clone(&line);
        std::thread::spawn(move || {
            while !is(&seen, Line::Gone) {
                match listener.accept() {
                    Ok((client, _)) => connect(client, port, &seen),
                    Err(_) => std::thread::sleep(LOOK),
                }
            }
        });
        Self { port: own, line }
    }

    /// Changes what becomes of what goes through.
    pub fn set(&self, line: Line) {
        self.line.store(line as u8, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Line::Gone);
    }
}

fn is(line: &AtomicU8, wanted: Line) -> bool {
    line.load(Ordering::SeqCst) == wanted as u8
}

fn connect(client: TcpStream, port: u16, line: &Arc<AtomicU8>) {
    if is(line, Line::Cut) {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let _ = client.set_nonblocking(false);
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(LOOK));
    }
    let twins = (client.try_clone(), server.try_clone());
    let (Ok(client_too), Ok(server_too)) = twins else { return };
    let other = Arc::clone(line);
    std::thread::spawn(move || carry(client, server_too, &other));
    let own = Arc::clone(line);
    std::thread::spawn(move || carry(server, client_too, &own));
}

/// Until one side ends or the line is cut; then both sides are closed.
fn carry(mut from: TcpStream, mut to: TcpStream, line: &AtomicU8) {
    let mut buffer = [0; 16 << 10];
    'carrying: while !is(line, Line::Cut) && !is(line, Line::Gone) {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        while is(line, Line::Silent) {
            std::thread::sleep(LOOK);
        }
        if is(line, Line::Cut) || is(line, Line::Gone) {
            break 'carrying;
        }
        if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Between two looks at the line.
const LOOK: Duration = Duration::from_millis(20);
