//! The listener: TLS, time limits, and a shutdown that lets requests end.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::rt::System;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{SignalKind, signal};

use crate::api::routes;
use crate::broker::{Broker, StartError};
use crate::config::{Config, ConfigError, Tls};
use crate::gate::Gate;
use crate::housekeeping::tend;
use crate::system::Clock;

/// Serves until SIGTERM or SIGINT. `ready` gets the bound address once requests are taken. Blocks.
pub fn serve(config: Config, clock: Clock, ready: impl FnOnce(SocketAddr)) -> Result<(), StartError> {
    System::new().block_on(async {
        // A file that may not grow is a full disk and not the end of the process.
        let _file_limit = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
        let Prepared { server, address, broker } = prepare(config, clock, true)?;
        // A server takes hold of the signals when it is first polled: from then on a signal ends it in order.
        let running = actix_web::rt::spawn(server);
        tokio::task::yield_now().await;
        ready(address);
        let ended = running.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        wind_down(broker).await;
        ended.map_err(StartError::Listen)
    })
}

/// A server on a thread of its own, for tests and the demo; stopped when dropped.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<Result<(), StartError>>>,
}

impl Running {
    /// Starts a server; it takes requests when this returns. Signals are left alone.
    pub fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async {
                let Prepared { server, address, broker } = prepare(config, clock, false)?;
                // Whoever started this thread waits for it; if it is gone, there is nobody to serve.
                let _ = tell.send((server.handle(), address));
                let ended = server.await;
                wind_down(broker).await;
                ended.map_err(StartError::Listen)
            })
        });
        match told.recv() {
            Ok((handle, address)) => Ok(Self { address, handle, thread: Some(thread) }),
            Err(_) => Err(outcome(thread)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets open requests end, then stops.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The future only waits for the outcome; the command is sent when it is made.
            drop(self.handle.stop(true));
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn outcome(thread: JoinHandle<Result<(), StartError>>) -> StartError {
    match thread.join() {
        Ok(Err(error)) => error,
        Ok(Ok(())) | Err(_) => StartError::Listen(std::io::Error::other("the server ended before it began")),
    }
}

/// A server that takes requests once it is awaited.
struct Prepared {
    server: Server,
    address: SocketAddr,
    broker: Arc<Broker>,
}

fn prepare(config: Config, clock: Clock, signals: bool) -> Result<Prepared, StartError> {
    let tls = config.tls.as_ref().map(tls_config).transpose()?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|source| StartError::Bind { address: config.listen, source })?;
    let address = listener.local_addr()?;
    let limits = config.limits;
    for danger in config.dangers() {
        tracing::warn!(danger, "DANGER: this broker runs with a setting that weakens it");
    }
    let broker = Data::new(Broker::start(config, clock)?);
    let uploaded = broker.snapshot(broker.clock.now())?;
    if let Some(policy) = uploaded.uploaded.resource_policy() {
        let sha256 = policy.digest();
        tracing::warn!(%sha256, "an uploaded resource policy decides, and not the configured one");
        for rule in policy.dangers() {
            tracing::warn!(rule, "DANGER: the uploaded resource policy allows simulated hardware");
        }
    }
    broker.compare_clock().map_err(StartError::Store)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(%address, scheme, tees = ?broker.config.tees, "listening");
    let own = broker.clone().into_inner();
    actix_web::rt::spawn(tend(Arc::downgrade(&own)));
    let connections = Arc::clone(&own.gate.connections);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let server = HttpServer::new(move || App::new().app_data(broker.clone()).configure(routes))
        .workers(workers)
        .worker_max_blocking_threads(Gate::threads(&limits))
        .on_connect(move |connection, data| connections.take_in(connection, data))
        .max_connections(limits.connections.div_ceil(workers))
        .client_request_timeout(limits.request)
        .client_disconnect_timeout(DISCONNECT)
        .tls_handshake_timeout(HANDSHAKE)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS);
    let server = if signals { server } else { server.disable_signals() };
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(Prepared { server: server.run(), address, broker: own })
}

/// The server's workers let go of the broker shortly after it ended; only then is the store closed, and another
/// process may open it.
async fn wind_down(broker: Arc<Broker>) {
    for _ in 0..WIND_DOWN_LOOKS {
        if Arc::strong_count(&broker) == 1 {
            return;
        }
        tokio::time::sleep(WIND_DOWN_PAUSE).await;
    }
    tracing::warn!("a request did not end in time");
}

fn tls_config(tls: &Tls) -> Result<ServerConfig, ConfigError> {
    let refused = |reason: String| ConfigError::Tls { reason };
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refused(format!("{}: {error}", tls.certificate.display())))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|error| refused(format!("{}: {error}", tls.key.display())))?;
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refused(error.to_string()))
}

/// How long requests may take to end after a signal.
const SHUTDOWN_SECONDS: u64 = 10;
/// Between two looks at whether all workers ended.
const WIND_DOWN_PAUSE: Duration = Duration::from_millis(2);
/// Two seconds of looks.
const WIND_DOWN_LOOKS: u32 = 1000;
/// An idle connection is kept this long: a client's handshake takes two requests and then some.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Time for a client to take the end of a connection.
const DISCONNECT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
