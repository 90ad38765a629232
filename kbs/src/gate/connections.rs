//! How many connections one address may have open: whoever opens them all and sends nothing locks nobody else out.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::net::{Shutdown, shutdown};

use super::throttle::Prefix;

/// The connections of each address that has one. There are never more entries than connections.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    open: Mutex<HashMap<Prefix, usize>>,
}

/// A connection that is open, until it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    address: Prefix,
    connections: Arc<Connections>,
}

impl Connections {
    /// None yet; an address may have `most`.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::new(HashMap::new()) })
    }

    /// Counts one more, unless its address has as many as it may.
    pub(crate) fn open(self: &Arc<Self>, source: Option<IpAddr>) -> Option<Open> {
        let address = Prefix::of(source);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        // Never zero: an address without connections has no entry.
        if *count >= self.most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Open { address, connections: Arc::clone(self) })
    }

    /// Takes a new connection in, as the server gives it: it counts as long as its data is kept, and one too many ends
    /// before it said anything.
    pub(crate) fn take_in(self: &Arc<Self>, connection: &dyn Any, data: &mut Extensions) {
        let under_tls = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|tls| tls.get_ref().0);
        let Some(stream) = connection.downcast_ref::<TcpStream>().or_else(under_tls) else { return };
        match self.open(stream.peer_addr().ok().map(|address| address.ip())) {
            Some(open) => {
                data.insert(open);
            }
            // It is closed by its service, which reads its end.
            None => {
                let _ = shutdown(stream, Shutdown::Both);
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests;
