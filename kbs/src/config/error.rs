//! Why a configuration cannot be used.

use std::io;

use endorsements::FetchError;
use policy::PolicyError;
use verifier::anchors::AnchorError;

use crate::jwt::KeyFault;

/// A configuration that cannot be used; names the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{key}: {source}")]
    Read {
        /// The key that names the file.
        key: &'static str,
        /// Why.
        source: FetchError,
    },
    /// A file is not what the key asks for.
    #[error("{key}: {path} is not {wanted}")]
    Content {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: String,
        /// What is wanted.
        wanted: &'static str,
    },
    /// Not TOML, an unknown key, or a key of the wrong type.
    #[error("the configuration cannot be read: {reason}")]
    Form {
        /// What the parser says, with the line.
        reason: String,
    },
    /// A value outside its range.
    #[error("{key}: {actual} is not between {least} and {most}")]
    Range {
        /// The key.
        key: &'static str,
        /// The least value.
        least: u32,
        /// The greatest value.
        most: u32,
        /// The value given.
        actual: u32,
    },
    /// A value that means nothing here.
    #[error("{key}: {actual:?} is not {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wanted.
        wanted: &'static str,
        /// The value given.
        actual: String,
    },
    /// No TLS and an address that others can reach.
    #[error(
        "listen: {listen} without [tls] would speak plain HTTP to others; set [tls], listen on the loopback, or \
         set danger_plain_http = true"
    )]
    PlainHttp {
        /// The address.
        listen: String,
    },
    /// `tees` names `sample` and the danger is not acknowledged.
    #[error("tees: sample proves nothing; it is read only with danger_accept_sample = true")]
    Sample,
    /// Reference values that cannot be used.
    #[error("reference_values: {path}: {reason}")]
    ReferenceValues {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A root that cannot become an anchor.
    #[error("danger_simulated_roots: {name}: {source}")]
    Root {
        /// The root's name.
        name: String,
        /// Why.
        source: AnchorError,
    },
    /// The pinned roots of this build cannot be used.
    #[error("the vendors' roots in this build: {0}")]
    VendorRoots(AnchorError),
    /// The resource policy cannot be used.
    #[error("resource_policy: {path}: {error}")]
    Policy {
        /// The file.
        path: String,
        /// Why, with line and column.
        error: PolicyError,
    },
    /// A foreign issuer's key that cannot be pinned.
    #[error("foreign_issuer: {path}: {fault}")]
    ForeignKey {
        /// The file.
        path: String,
        /// Why.
        fault: KeyFault,
    },
    /// The root key's file is open to others.
    #[error(
        "root_key: {path} has mode {mode:o}; others may read it or the group may write it: `chmod 600 {path}`"
    )]
    RootKeyMode {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// There is no root key, and one that is made now would not open the store, or not be the one of other replicas.
    #[error(
        "root_key: {path} is not there; bring back the one that the store was made with. For the first start of replicas \
         that share a store, `vouchsafe-kbs root-key create` makes one: give it to all of them"
    )]
    RootKeyLost {
        /// The file that is wanted.
        path: String,
    },
    /// The PIN of a token is to be in one place.
    #[error("root_key.pkcs11: set either pin_file or pin_variable")]
    RootKeyPin,
    /// Keys would travel in the clear to a Vault on another machine.
    #[error(
        "root_key.transit.address: {address} would send keys without TLS; use https, or set danger_plain_http = true \
         in that table"
    )]
    RootKeyPlainHttp {
        /// The address.
        address: String,
    },
    /// A file cannot be written.
    #[error("{key}: {path}: {kind}")]
    Write {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// Not a PostgreSQL URL. It is not repeated: it may hold a password.
    #[error("postgres.url: not a URL such as postgresql://user@host:5432/database with a host in it")]
    PostgresUrl,
    /// A password where everybody sees it.
    #[error("postgres.url: it holds a password; put that into a file and name it with password_file")]
    PostgresPassword,
    /// No TLS and a server beyond this machine.
    #[error(
        "postgres.url: a server beyond this machine without ca_file would be spoken to without TLS; set ca_file, or \
         set danger_no_tls = true"
    )]
    PostgresPlain,
    /// The file and the database are both named as the store, or neither is.
    #[error("name either a file with store or a database with [postgres]")]
    OneStore,
    /// A secret file is open to others.
    #[error(
        "{key}: {path} has mode {mode:o}; others may read it or the group may write it: `chmod 600 {path}`"
    )]
    FileMode {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// A file cannot be looked at.
    #[error("{key}: {path}: {kind}")]
    Stat {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// TLS material that rustls does not take.
    #[error("tls: {reason}")]
    Tls {
        /// What rustls says.
        reason: String,
    },
}
