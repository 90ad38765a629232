//! Connections that are kept, at most so many at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::Failure;
use super::session::Session;
use super::target::Target;

/// Connections that are kept.
pub(super) struct Pool {
    target: Target,
    seats: Arc<Semaphore>,
    idle: Mutex<Vec<(Session, Instant)>>,
}

/// A connection that is in use; closed when dropped, unless it is given back.
pub(super) struct Lease {
    pool: Arc<Pool>,
    session: Session,
    seat: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(target: Target) -> Self {
        let seats = Arc::new(Semaphore::new(target.connections));
        Self { target, seats, idle: Mutex::default() }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// A connection: one that was given back and still answers, or a new one.
    pub(super) async fn take(self: &Arc<Self>, until: Instant) -> Result<Lease, Failure> {
        let seats = Arc::clone(&self.seats);
        let busy = || Failure::Again(format!("all {} connections are in use", self.target.connections));
        let seat = timeout_at(until, seats.acquire_owned()).await.map_err(|_| busy())?.map_err(|_| busy())?;
        while let Some((session, since)) = self.pop() {
            if session.is_closed() {
                continue;
            }
            if since.elapsed() < FRESH || answers(&session).await {
                return Ok(Lease { pool: Arc::clone(self), session, seat });
            }
            self.forget_idle();
        }
        let session = Session::open(&self.target).await?;
        Ok(Lease { pool: Arc::clone(self), session, seat })
    }

    /// Closes every connection that is not in use.
    pub(super) fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn pop(&self) -> Option<(Session, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Lease {
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Keeps the connection for others. Only for one that is in no transaction.
    pub(super) fn give_back(self) {
        let Self { pool, session, seat } = self;
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((session, Instant::now()));
        drop(idle);
        drop(seat);
    }
}

async fn answers(session: &Session) -> bool {
    matches!(timeout(ANSWER, session.execute("SELECT 1")).await, Ok(Ok(())))
}

/// A connection that was used so shortly ago is not asked whether it still answers.
const FRESH: Duration = Duration::from_secs(5);
/// Time for the answer of one that was not used for longer.
const ANSWER: Duration = Duration::from_secs(1);
