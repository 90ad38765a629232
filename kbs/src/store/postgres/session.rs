//! One connection: opened, set up, and found fit to keep what must not be lost.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::task::JoinHandle;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Row, Socket};

use super::facts::Facts;
use super::failure::Failure;
use super::plan::{Parameter, Step};
use super::target::Target;

/// A connection that was set up; closed when dropped.
pub(super) struct Session {
    client: Client,
    task: JoinHandle<()>,
    warned: Arc<AtomicBool>,
}

impl Session {
    /// Connects, within the time for it.
    pub(super) async fn open(target: &Target) -> Result<Self, Failure> {
        let opened = tokio::time::timeout(target.connect, Self::connect(target)).await;
        opened.map_err(|_| Failure::Lost("connecting takes too long".to_owned()))?
    }

    async fn connect(target: &Target) -> Result<Self, Failure> {
        let config = target.with_password()?;
        let session = match &target.tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                Self::drive::<tokio_postgres_rustls::MakeRustlsConnect>(client, connection)
            }
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                Self::drive::<NoTls>(client, connection)
            }
        };
        session.set_up(target).await?;
        Ok(session)
    }

    fn drive<T>(client: Client, mut connection: Connection<Socket, T::Stream>) -> Self
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let warned = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&warned);
        let task = tokio::spawn(async move {
            // Ends with the client, or with the connection; whoever waits for an answer then gets an error.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    tracing::warn!(severity = notice.severity(), said = notice.message(), "PostgreSQL");
                    heard.store(true, Ordering::SeqCst);
                }
            }
        });
        Self { client, task, warned }
    }

    /// What the role and the database say is looked at first; then what the broker needs is set and looked at again.
    async fn set_up(&self, target: &Target) -> Result<(), Failure> {
        let before = Facts::read(self).await?;
        before.judge()?;
        let milliseconds = target.statement.as_millis();
        let lock = milliseconds.saturating_mul(4) / 5;
        let commit = before.needed_commit();
        self.execute(&format!(
            "SET search_path = pg_catalog; SET synchronous_commit = {commit}; \
             SET statement_timeout = {milliseconds}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {milliseconds}; SET client_min_messages = warning; \
             SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
             SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
             SET tcp_user_timeout = 20000"
        ))
        .await?;
        Facts::read(self).await?.took(commit)
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// One or more statements without parameters.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// One statement.
    pub(super) async fn query(&self, sql: &str, parameters: &[Parameter]) -> Result<Vec<Row>, Failure> {
        let typed: Vec<(&(dyn ToSql + Sync), Type)> = parameters.iter().map(typed).collect();
        Ok(self.client.query_typed(sql, &typed).await?)
    }

    /// Statements one after the other in one flight: all are sent before the first answer is waited for.
    pub(super) async fn pipeline(&self, begin: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>, Failure> {
        let begin = async { self.execute(begin).await.map(|()| Vec::new()) };
        let mut flight: Vec<Flying<'_>> = vec![Box::pin(begin)];
        for step in steps {
            flight.push(Box::pin(self.query(&step.sql, &step.parameters)));
        }
        let mut answers = in_order(flight).await.into_iter();
        // After the first error the others say only that there was one.
        answers.next().transpose()?;
        answers.collect()
    }

    /// Commits. A warning meanwhile is what PostgreSQL says when it gave up waiting for its standbys: the transaction
    /// is then on this server alone.
    pub(super) async fn commit(&self) -> Result<(), Failure> {
        self.warned.store(false, Ordering::SeqCst);
        self.execute("COMMIT").await.map_err(Failure::while_committing)?;
        if self.warned.load(Ordering::SeqCst) {
            return Err(Failure::Unknown("the server warned while it committed".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Flying<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Failure>> + Send + 'a>>;

/// Runs the futures together. Each is polled first only after all before it were: statements are sent in this order.
async fn in_order(mut flight: Vec<Flying<'_>>) -> Vec<Result<Vec<Row>, Failure>> {
    let mut answers: Vec<Option<Result<Vec<Row>, Failure>>> = flight.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (future, answer) in flight.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *answer = Some(value),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().collect()
}

fn typed(parameter: &Parameter) -> (&(dyn ToSql + Sync), Type) {
    match parameter {
        Parameter::Bytes(bytes) => (bytes, Type::BYTEA),
        Parameter::List(list) => (list, Type::BYTEA_ARRAY),
        Parameter::Number(number) => (number, Type::INT8),
    }
}
