//! `/v1/secrets` and `/v1/backup`: what the store keeps, for its operator.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_core::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::problem::{Problem, V1Problem};
use crate::broker::Broker;
use crate::roles::Permission;

/// Which secrets are listed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    after: String,
    #[serde(default = "default_limit")]
    limit: usize,
}

/// Paths and versions of secrets, never their content.
pub(super) async fn secrets(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    super::admit(&broker, &request, Permission::ListSecrets)?;
    let page = Query::<Page>::from_query(request.query_string()).map_err(|_| Problem::Query)?.into_inner();
    let limit = page.limit.clamp(1, MOST_LISTED);
    let listed = web::block(move || broker.store.list(&page.prefix, &page.after, limit));
    let listed = listed.await.map_err(|_| Problem::Stopped)??;
    let next = listed.last().filter(|_| listed.len() == limit).map(|last| last.path.clone());
    Ok(HttpResponse::Ok().json(json!({"secrets": listed, "next": next})))
}

/// All that the store keeps, as one file. Its end shows whether it is whole.
pub(super) async fn backup(broker: Data<Broker>, request: HttpRequest) -> Result<HttpResponse, V1Problem> {
    let admin = super::admit(&broker, &request, Permission::Backup)?;
    let now = broker.instant()?;
    let (to, from) = channel(CHUNKS_AHEAD);
    let mut chunks = Chunks { to, chunk: Vec::with_capacity(CHUNK) };
    // It runs by itself: an answer that is given up ends it at the next chunk.
    let _running = web::block(move || match broker.store.export(&mut chunks, now) {
        Ok(summary) => {
            tracing::info!(
                admin = admin.name(),
                rows = summary.rows,
                sha256 = summary.sha256,
                "backup given"
            );
        }
        Err(error) => tracing::warn!(admin = admin.name(), %error, "a backup was not given to its end"),
    });
    Ok(HttpResponse::Ok().content_type("application/octet-stream").streaming(Body(from)))
}

/// Gives what is written to the answer's body, in chunks; waits where the reader is slow.
struct Chunks {
    to: Sender<Bytes>,
    chunk: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.to.blocking_send(chunk.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

struct Body(Receiver<Bytes>);

impl Stream for Body {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}

const fn default_limit() -> usize {
    100
}

/// Paths in one answer.
const MOST_LISTED: usize = 1000;
/// Bytes of one chunk of a body.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for a slow reader.
const CHUNKS_AHEAD: usize = 4;
