//! What a server says of itself, and whether it keeps what it acknowledges.

use super::failure::Failure;
use super::session::Session;
use crate::store::StoreError;

/// What a server says of itself to a new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) version: i64,
    pub(super) encoding: String,
    pub(super) in_recovery: bool,
    pub(super) fsync: String,
    pub(super) full_page_writes: String,
    pub(super) synchronous_commit: String,
    pub(super) synchronous_standby_names: String,
}

impl Facts {
    pub(super) async fn read(session: &Session) -> Result<Self, Failure> {
        let rows = session.query(QUESTION, &[]).await?;
        let row =
            rows.first().ok_or_else(|| Failure::Lost("the server says nothing of itself".to_owned()))?;
        let text = |column: usize| row.try_get::<_, String>(column).map_err(Failure::from);
        Ok(Self {
            version: row.try_get(0)?,
            in_recovery: row.try_get(1)?,
            encoding: text(2)?,
            fsync: text(3)?,
            full_page_writes: text(4)?,
            synchronous_commit: text(5)?,
            synchronous_standby_names: text(6)?,
        })
    }

    /// Refuses a server that would lose what it acknowledged, and one that this version does not know.
    pub(super) fn judge(&self) -> Result<(), Failure> {
        if self.in_recovery {
            // A failover may be on its way: the next attempt may meet the new primary.
            return Err(Failure::Again("the server is a standby and takes no writes".to_owned()));
        }
        let standbys = !self.synchronous_standby_names.trim().is_empty();
        let reason = if self.version < LEAST_VERSION {
            format!("PostgreSQL {} is older than 15", self.version / 10_000)
        } else if self.encoding != "UTF8" {
            format!("the database has the encoding {}, not UTF8", self.encoding)
        } else if self.fsync != "on" {
            "fsync is off: a loss of power would lose what was acknowledged".to_owned()
        } else if self.full_page_writes != "on" {
            "full_page_writes is off: a loss of power could break the database".to_owned()
        } else {
            match self.synchronous_commit.as_str() {
                "on" | "remote_apply" | "remote_write" => return Ok(()),
                // Without standbys there is nothing that `local` would not wait for.
                "local" if !standbys => return Ok(()),
                "local" => "synchronous_commit is local: a failover would lose what was acknowledged, \
                            although synchronous_standby_names is set"
                    .to_owned(),
                other => format!(
                    "synchronous_commit is {other} for this role and database: a crash would lose what was \
                     acknowledged; set it to on"
                ),
            }
        };
        Err(Failure::Final(StoreError::Database { reason }))
    }

    /// What every connection sets: no less than `on`.
    pub(super) fn needed_commit(&self) -> &'static str {
        if self.synchronous_commit == "remote_apply" { "remote_apply" } else { "on" }
    }

    /// Refuses a connection on which setting it came to nothing.
    pub(super) fn took(&self, wanted: &str) -> Result<(), Failure> {
        if self.synchronous_commit == wanted {
            return Ok(());
        }
        let actual = &self.synchronous_commit;
        let reason = format!("synchronous_commit was set to {wanted} and is {actual}");
        Err(Failure::Final(StoreError::Database { reason }))
    }
}

const QUESTION: &str = "SELECT current_setting('server_version_num')::bigint, pg_is_in_recovery(), \
                        current_setting('server_encoding'), current_setting('fsync'), \
                        current_setting('full_page_writes'), current_setting('synchronous_commit'), \
                        current_setting('synchronous_standby_names')";
/// The oldest version that the tests run on.
const LEAST_VERSION: i64 = 150_000;
