//! Bodies, read up to a limit and within a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Payload};
use futures_core::Stream;
use kbs_protocol::limits::REQUEST_BYTES;
use serde::de::DeserializeOwned;

use super::head::source;
use super::problem::Problem;
use crate::broker::Broker;
use crate::gate::{BodyMemory, Held, Patience};

/// Reads a body of at most `limit` bytes within `time`.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    time: Duration,
) -> Result<Vec<u8>, Problem> {
    take(request, payload, limit, time, None).await
}

/// Reads a small body of JSON; `what` is its name in an error.
pub(super) async fn read_json<T: DeserializeOwned>(
    broker: &Broker,
    request: &HttpRequest,
    payload: Payload,
    what: &'static str,
) -> Result<T, Problem> {
    let body = read(request, payload, REQUEST_BYTES, broker.config.limits.request).await?;
    Ok(kbs_protocol::from_slice(what, &body, REQUEST_BYTES)?)
}

/// The same with the room that it takes in the memory for bodies, to be given back when the body is not needed any more.
pub(super) async fn read_into(
    (memory, patience): (&BodyMemory, &mut Patience),
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    time: Duration,
) -> Result<(Vec<u8>, Held), Problem> {
    let mut held = memory.held(source(request));
    let body = take(request, payload, limit, time, Some((memory, &mut held, patience))).await?;
    Ok((body, held))
}

async fn take(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    time: Duration,
    mut memory: Option<(&BodyMemory, &mut Held, &mut Patience)>,
) -> Result<Vec<u8>, Problem> {
    let deadline = tokio::time::Instant::now() + time;
    let announced = announced(request).unwrap_or(0);
    // What is announced has not come yet: memory grows with what did.
    let mut body = Vec::with_capacity(announced.min(limit).min(FIRST_CAPACITY));
    let mut total = 0_usize;
    let mut over = announced > limit;
    loop {
        let chunk = match tokio::time::timeout_at(deadline, next(&mut payload)).await {
            Err(_) if over => return Err(Problem::TooLarge { limit }),
            Err(_) => return Err(Problem::Slow),
            Ok(None) => break,
            Ok(Some(chunk)) => chunk.map_err(|_| Problem::Broken)?,
        };
        total = total.saturating_add(chunk.len());
        over |= total > limit;
        if total > limit.saturating_add(DISCARDED) {
            break;
        }
        // A sender that is still sending does not look at the answer: some of what is too much is taken and dropped.
        if !over {
            if let Some((memory, held, patience)) = &mut memory {
                memory.cover(held, total, patience).await?;
                // A vector that grows by itself takes up to twice what it holds.
                body.reserve_exact(held.bytes().min(limit).saturating_sub(body.len()));
            }
            body.extend_from_slice(&chunk);
        }
    }
    if over { Err(Problem::TooLarge { limit }) } else { Ok(body) }
}

async fn next(payload: &mut Payload) -> Option<Result<Bytes, PayloadError>> {
    poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await
}

fn announced(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Bytes for which there is memory before the first came.
const FIRST_CAPACITY: usize = 16 << 10;
/// Bytes that are taken and dropped beyond a limit before the connection is given up.
const DISCARDED: usize = 4 << 20;
