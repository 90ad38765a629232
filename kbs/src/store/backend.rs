//! What a store must be able to do: ordered rows in tables, and batches that are applied whole or not at all.
//!
//! All that the broker keeps is written once over this trait, and one suite of tests runs on every store.

use std::fmt;

use verifier::time::UnixTime;

use super::StoreError;

/// A place where rows are kept. Every function blocks; none is called on a thread that serves requests.
pub(crate) trait Backend: Send + Sync + fmt::Debug {
    /// What it is, for people: `redb`, `postgresql`.
    fn name(&self) -> &'static str;

    /// The value under a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows from `from` on and before `until` (none: to the end), in the order of their keys, at most `limit`.
    fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// Gives every row of these tables to `each`, as they were at one instant, table by table in the order of keys. The
    /// first error ends it.
    fn export(&self, tables: &[Table], each: &mut Each<'_>) -> Result<(), StoreError>;

    /// Applies a batch whole, or nothing of it. When this returns [`Commit::Done`], the batch is durable. After an
    /// error it may or may not have been applied: a caller that tries again must bring a batch that bears it.
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// The instant by the store's own clock, where it has one apart from this machine's.
    fn clock(&self) -> Result<Option<UnixTime>, StoreError>;

    /// Whether rows can be read and batches be committed now.
    fn check(&self) -> Result<(), StoreError>;

    /// That what was read before this is as durable as what is acknowledged: a commit whose outcome its caller never learned
    /// may be there to be read, and not where acknowledged ones have to be.
    fn confirm(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What is done with each row of an export: its table, key and value.
pub(crate) type Each<'a> = dyn FnMut(Table, &[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    /// The format's number, and what the store says of itself.
    Meta,
    /// Name of a key of the broker's own → key, wrapped by the root key.
    Keys,
    /// Protected settings and the manifest of them.
    Settings,
    /// Tenant and path of a resource → its newest version.
    Secrets,
    /// Tenant, path and version → secret, sealed.
    SecretVersions,
    /// Nonce → session.
    Sessions,
    /// (end of the session, nonce): sessions past their time are found without a search.
    Expiries,
    /// Id of a decision record → record.
    Records,
    /// (instant, id) → what the record takes: records in the order of time.
    RecordTimes,
    /// SHA-256 → content.
    Blobs,
    /// (blob, record): which records name a blob.
    BlobUses,
    /// Name → number that batches add to.
    Counters,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// Changes that belong together, and what must hold for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Looked at before any change, in this order; the first that does not hold refuses the batch.
    pub conditions: Vec<Condition>,
    /// Applied in this order.
    pub changes: Vec<Change>,
    /// No other batch is applied on any replica while this one is: for sweeps, which act on what is not there.
    pub exclusive: bool,
}

/// What must hold for a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// There is no row under this key. Holds to the end of the batch, against other batches too.
    Absent {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
    },
    /// There is a row under this key, whatever its value. Holds to the end of the batch against exclusive batches, which
    /// alone delete rows of the tables that this is asked of.
    Present {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
    },
    /// The row has this value. Holds to the end of the batch, against other batches too.
    Equals {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// The row has this value, or there is none. Holds to the end of the batch against exclusive batches, which alone change
    /// a row that this is asked of; any number of batches ask at the same time.
    Stands {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
        /// The value; nothing for no row.
        value: Option<Vec<u8>>,
    },
    /// No key begins so. Holds against other batches only where the batch is exclusive.
    NoneBegins {
        /// The table.
        table: Table,
        /// The beginning.
        prefix: Vec<u8>,
    },
    /// The counter (0 where there is none) is at most this. Holds to the end of the batch, against other batches too.
    AtMost {
        /// The counter's name.
        counter: &'static str,
        /// The most.
        most: u64,
    },
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Writes a row, over a former one.
    Put {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Writes a row unless there is one: for keys that are the digest of their value.
    Keep {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Deletes a row, if there is one.
    Delete {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
    },
    /// Adds to a counter; it stays between 0 and `i64::MAX`.
    Add {
        /// The counter's name.
        counter: &'static str,
        /// What is added.
        amount: i64,
    },
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Commit {
    /// It is durable.
    Done,
    /// The condition at this index does not hold; nothing was changed.
    Refused(usize),
}

impl Table {
    /// Every table.
    pub(crate) const ALL: [Self; 12] = [
        Self::Meta,
        Self::Keys,
        Self::Settings,
        Self::Secrets,
        Self::SecretVersions,
        Self::Sessions,
        Self::Expiries,
        Self::Records,
        Self::RecordTimes,
        Self::Blobs,
        Self::BlobUses,
        Self::Counters,
    ];

    /// Its name in every store and export.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Keys => "keys",
            Self::Settings => "settings",
            Self::Secrets => "secrets",
            Self::SecretVersions => "secret_versions",
            Self::Sessions => "sessions",
            Self::Expiries => "expiries",
            Self::Records => "records",
            Self::RecordTimes => "record_times",
            Self::Blobs => "blobs",
            Self::BlobUses => "blob_uses",
            Self::Counters => "counters",
        }
    }
}
