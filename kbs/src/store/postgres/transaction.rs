//! A batch as one transaction.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Row;

use super::failure::Failure;
use super::plan::{Step, Tells, Wanted};
use super::schema::BATCH_LOCK;
use super::session::Session;
use crate::store::StoreError;
use crate::store::backend::{Commit, Table};

/// Applies the statements of a batch: one flight to do all of it, one to commit or to undo it.
pub(super) async fn apply(
    session: &Session,
    steps: &[Step],
    exclusive: bool,
    limit: Duration,
) -> Result<Commit, Failure> {
    // The answers of a transaction are of the instant of each statement: what is locked is seen as it is under the lock.
    let lock = if exclusive { "pg_advisory_xact_lock" } else { "pg_advisory_xact_lock_shared" };
    let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {lock}({BATCH_LOCK})");
    let late = |_| "the server does not answer in time".to_owned();
    let flight = timeout(limit, session.pipeline(&begin, steps)).await;
    let answers = flight.map_err(late).map_err(Failure::Lost)??;
    let mut broken: Option<usize> = None;
    for (step, rows) in steps.iter().zip(&answers) {
        let first = first_broken(&step.tells, rows)?;
        broken = [broken, first].into_iter().flatten().min();
    }
    match broken {
        Some(index) => {
            let undone = timeout(limit, session.execute("ROLLBACK")).await;
            undone.map_err(late).map_err(Failure::Lost)??;
            Ok(Commit::Refused(index))
        }
        None => {
            let committed = timeout(limit, session.commit()).await;
            committed.map_err(late).map_err(Failure::Unknown)??;
            Ok(Commit::Done)
        }
    }
}

/// The first condition that an answer shows not to hold.
fn first_broken(tells: &Tells, rows: &[Row]) -> Result<Option<usize>, Failure> {
    let first = rows.first();
    Ok(match tells {
        Tells::Nothing => None,
        Tells::Inserted(indexes) => indexes.iter().min().copied().filter(|_| first.is_none()),
        Tells::NoRow(indexes) => indexes.iter().min().copied().filter(|_| first.is_some()),
        Tells::Value(wanted) => {
            let value = first.map(|row| row.try_get::<_, &[u8]>(0)).transpose()?;
            wanted.iter().filter(|(_, wanted)| !holds(wanted, value)).map(|(index, _)| *index).min()
        }
        Tells::Count(most) => {
            let value = first.map(|row| row.try_get::<_, &[u8]>(0)).transpose()?;
            let count = count(value)?;
            most.iter().filter(|(_, most)| count > *most).map(|(index, _)| *index).min()
        }
    })
}

fn holds(wanted: &Wanted, value: Option<&[u8]>) -> bool {
    match wanted {
        Wanted::Absent => value.is_none(),
        Wanted::Present => value.is_some(),
        Wanted::Value(wanted) => value == Some(wanted.as_slice()),
    }
}

fn count(value: Option<&[u8]>) -> Result<u64, Failure> {
    let bytes = value.unwrap_or(&[0; 8]);
    let malformed = |_| Failure::Final(StoreError::Row { table: Table::Counters.name() });
    bytes.try_into().map(u64::from_be_bytes).map_err(malformed)
}
