//! The store of many replicas: PostgreSQL.
//!
//! ```text
//! plan (batch → statements in one order of locks) ─▶ transaction (one flight, then COMMIT) ─▶ session ◀─ pool
//!                                                     facts: does this server keep what it acknowledges?
//! ```
//!
//! The interface blocks, and the connections live on a runtime of their own: callers may stand on any thread. What did
//! not reach COMMIT is tried again for some seconds, on another connection where the first is gone; nobody has to
//! restart anything after the server or the network was away. Where COMMIT was sent and not answered, the caller learns
//! that the outcome is not known.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use verifier::time::UnixTime;

use super::StoreError;
use super::backend::{Backend, Batch, Change, Commit, Each, Row, Table};
use crate::config;

mod facts;
mod failure;
mod plan;
mod pool;
mod schema;
mod session;
mod sql;
mod target;
mod transaction;

use failure::Failure;
use plan::Parameter;
use pool::Pool;
use session::Session;
use target::Target;

/// The store of many replicas.
pub(crate) struct Postgres {
    /// There until the store is dropped.
    runtime: Option<Runtime>,
    pool: Arc<Pool>,
    /// The last batch failed, and none has succeeded since.
    failed: AtomicBool,
}

/// Work on one connection; called once for each attempt.
type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl Postgres {
    /// Connects, for half a minute where the server is not there yet, and brings the schema up to date.
    pub(crate) fn open(settings: &config::Postgres) -> Result<Self, StoreError> {
        let target = Target::new(settings)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
        let pool = Arc::new(Pool::new(target));
        let store = Self { runtime: Some(runtime), pool, failed: AtomicBool::new(false) };
        store.work(START, |session| Box::pin(schema::migrate(session)))?;
        Ok(store)
    }

    /// Does work on a connection, again and again while it may succeed and `patience` lasts.
    fn work<T, F>(&self, patience: Duration, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Session) -> Work<'a, T> + Send + Sync + 'static,
    {
        let pool = Arc::clone(&self.pool);
        self.wait(async move { persist(&pool, patience, &work).await })?.map_err(Failure::into_error)
    }

    /// Waits for a future on the store's own runtime, from any thread.
    fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable { reason: "the store is being closed".to_owned() };
        let (send, receive) = sync_channel(1);
        self.runtime.as_ref().ok_or_else(closed)?.spawn(async move {
            // Nobody stops waiting before the answer.
            let _ = send.send(future.await);
        });
        receive.recv().map_err(|_| closed())
    }

    fn rows(&self, sql: String, parameters: Vec<Parameter>) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let asked = Arc::new((sql, parameters));
        let limit = self.pool.target().statement;
        self.work(PATIENCE, move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { within(limit, session.query(&asked.0, &asked.1)).await })
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime that is merely dropped panics where its owner runs on another runtime.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Postgres").field(self.pool.target()).finish()
    }
}

impl Backend for Postgres {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.rows(sql::get(table), vec![Parameter::Bytes(key.to_vec())])?;
        rows.first().map(|row| row.try_get(0)).transpose().map_err(|_| row_error(table))
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut parameters = vec![Parameter::Bytes(from.to_vec()), Parameter::Number(limit)];
        let sql = match until {
            Some(until) => {
                parameters.push(Parameter::Bytes(until.to_vec()));
                sql::scan_between(table)
            }
            None => sql::scan_from(table),
        };
        self.rows(sql, parameters)?.iter().map(|row| row_of(table, row)).collect()
    }

    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError> {
        let pool = Arc::clone(&self.pool);
        let mut lease = self
            .wait(async move {
                let lease = pool.take(Instant::now() + PATIENCE).await?;
                lease.session().execute(EXPORT).await.map(|()| lease)
            })?
            .map_err(Failure::into_error)?;
        for table in tables.iter().copied() {
            let (mut sql, mut from) = (sql::scan_from(table), Vec::new());
            loop {
                let parameters = vec![Parameter::Bytes(from), Parameter::Number(PAGE)];
                let (back, rows) = self.wait(async move {
                    let rows = lease.session().query(&sql, &parameters).await;
                    (lease, rows)
                })?;
                lease = back;
                let rows = rows.map_err(Failure::into_error)?;
                let page: Vec<Row> = rows.iter().map(|row| row_of(table, row)).collect::<Result<_, _>>()?;
                for row in &page {
                    each(table, &row.key, &row.value)?;
                }
                let Some(last) = page.into_iter().next_back() else { break };
                (sql, from) = (sql::scan_after(table), last.key);
            }
        }
        self.wait(async move { lease.session().execute("ROLLBACK").await.map(|()| lease.give_back()) })?
            .map_err(Failure::into_error)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let exclusive = batch.exclusive;
        let steps = Arc::new(plan::steps(batch));
        let limit = self.pool.target().statement;
        let outcome = self.work(PATIENCE, move |session| {
            let steps = Arc::clone(&steps);
            Box::pin(async move { transaction::apply(session, &steps, exclusive, limit).await })
        });
        self.failed.store(outcome.is_err(), Ordering::Relaxed);
        outcome
    }

    fn clock(&self) -> Result<Option<UnixTime>, StoreError> {
        let rows = self.rows(CLOCK.to_owned(), Vec::new())?;
        let seconds = rows.first().map(|row| row.try_get(0)).transpose();
        Ok(seconds.map_err(|_| row_error(Table::Meta))?.map(UnixTime::from_secs))
    }

    fn check(&self) -> Result<(), StoreError> {
        let limit = self.pool.target().statement;
        let writes: bool = self.work(CHECK, move |session| {
            Box::pin(async move {
                let rows = within(limit, session.query(TAKES_WRITES, &[])).await?;
                Ok(rows.first().is_some_and(|row| row.get(0)))
            })
        })?;
        if !writes {
            return Err(StoreError::Unavailable { reason: "the server takes no writes".to_owned() });
        }
        if !self.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Whether a batch succeeds now shows by one alone.
        self.confirm()
    }

    fn confirm(&self) -> Result<(), StoreError> {
        // What is committed later is on the standbys later: where they have this, they have all before it.
        let probe = Change::Put { table: Table::Meta, key: PROBE.to_vec(), value: Vec::new() };
        self.commit(Batch { changes: vec![probe], ..Batch::default() }).map(|_| ())
    }
}

/// One attempt after the other.
async fn persist<T>(
    pool: &Arc<Pool>,
    patience: Duration,
    work: &(impl for<'a> Fn(&'a Session) -> Work<'a, T> + Sync),
) -> Result<T, Failure> {
    let until = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match attempt(pool, until, work).await {
            Err(failure @ (Failure::Again(_) | Failure::Lost(_))) => failure,
            outcome => return outcome,
        };
        let pause_now = pause + jitter();
        if Instant::now() + pause_now >= until {
            return Err(failure);
        }
        sleep(pause_now).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// On a failure the connection is closed: what is left of its transaction ends with it.
async fn attempt<T>(
    pool: &Arc<Pool>,
    until: Instant,
    work: &(impl for<'a> Fn(&'a Session) -> Work<'a, T> + Sync),
) -> Result<T, Failure> {
    let lease = pool.take(until).await?;
    match work(lease.session()).await {
        Ok(value) => {
            lease.give_back();
            Ok(value)
        }
        Err(failure) => {
            if matches!(failure, Failure::Lost(_) | Failure::Unknown(_)) {
                pool.forget_idle();
            }
            Err(failure)
        }
    }
}

async fn within<T>(limit: Duration, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::Lost("the server does not answer in time".to_owned());
    tokio::time::timeout(limit, future).await.map_err(late)?
}

/// Those who met in a deadlock do not meet again at the same instant.
fn jitter() -> Duration {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed).wrapping_add(u64::from(std::process::id()));
    Duration::from_millis(turn.wrapping_mul(7) % 23)
}

fn row_of(table: Table, row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    match (row.try_get(0), row.try_get(1)) {
        (Ok(key), Ok(value)) => Ok(Row { key, value }),
        _ => Err(row_error(table)),
    }
}

fn row_error(table: Table) -> StoreError {
    StoreError::Row { table: table.name() }
}

const CLOCK: &str = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint";
/// Reads a table too: a role that lost its rights is not ready.
const TAKES_WRITES: &str =
    "SELECT NOT pg_is_in_recovery() AND (SELECT count(*) >= 0 FROM vouchsafe.schema_version)";
/// One instant for all tables; whoever takes the rows may take his time.
const EXPORT: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Rows of one page of an export: values have up to some megabytes.
const PAGE: i64 = 32;
/// Threads that carry all connections: they only move bytes.
const WORKERS: usize = 2;
/// How long a server may take to be there when the broker starts.
const START: Duration = Duration::from_secs(30);
/// How long a request's work is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for the question whether the store is ready.
const CHECK: Duration = Duration::from_secs(1);
/// Before the second attempt; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Before any attempt.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// The row that is written to see whether batches succeed.
const PROBE: &[u8] = b"probe";

#[cfg(test)]
mod tests;
