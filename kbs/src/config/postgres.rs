//! The table `[postgres]`: where many replicas keep what they share.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_postgres::config::{Config, Host};

use super::{ConfigError, Postgres, StoreAt};

/// The table as people write it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPostgres {
    pub(super) url: String,
    pub(super) password_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    #[serde(default = "default_connections")]
    pub(super) connections: u32,
    #[serde(default = "default_connect_seconds")]
    pub(super) connect_seconds: u32,
    #[serde(default = "default_statement_seconds")]
    pub(super) statement_seconds: u32,
    #[serde(default)]
    pub(super) danger_no_tls: bool,
}

/// Where the store is: exactly one of the two is named. Relative paths start from `base`.
pub(super) fn store_at(
    file: Option<&Path>,
    database: Option<&RawPostgres>,
    base: &Path,
) -> Result<StoreAt, ConfigError> {
    match (file, database) {
        (Some(file), None) => Ok(StoreAt::File(base.join(file))),
        (None, Some(database)) => checked(database, base).map(StoreAt::Postgres),
        (Some(_), Some(_)) | (None, None) => Err(ConfigError::OneStore),
    }
}

fn checked(raw: &RawPostgres, base: &Path) -> Result<Postgres, ConfigError> {
    let parsed = raw.url.parse::<Config>().map_err(|_| ConfigError::PostgresUrl)?;
    if parsed.get_password().is_some() {
        return Err(ConfigError::PostgresPassword);
    }
    if parsed.get_hosts().is_empty() && parsed.get_hostaddrs().is_empty() {
        return Err(ConfigError::PostgresUrl);
    }
    let leaves = parsed.get_hosts().iter().any(is_elsewhere)
        || parsed.get_hostaddrs().iter().any(|address| !address.is_loopback());
    if raw.ca_file.is_none() && leaves && !raw.danger_no_tls {
        return Err(ConfigError::PostgresPlain);
    }
    let password_file = raw.password_file.as_ref().map(|file| base.join(file));
    if let Some(file) = &password_file {
        check_private(file)?;
    }
    let in_range = super::load::in_range;
    let seconds =
        |key, value| in_range(key, value, 1, 60).map(|seconds| Duration::from_secs(u64::from(seconds)));
    let connections = in_range("postgres.connections", raw.connections, 1, 256)?;
    Ok(Postgres {
        url: raw.url.clone(),
        password_file,
        ca_file: raw.ca_file.as_ref().map(|file| base.join(file)),
        connections: usize::try_from(connections).unwrap_or(usize::MAX),
        connect: seconds("postgres.connect_seconds", raw.connect_seconds)?,
        statement: seconds("postgres.statement_seconds", raw.statement_seconds)?,
        danger_no_tls: leaves && raw.ca_file.is_none(),
    })
}

/// Refuses a file that others can read or the group can write.
pub(crate) fn check_private(path: &Path) -> Result<(), ConfigError> {
    let key = "postgres.password_file";
    let name = || path.display().to_string();
    let metadata =
        fs::metadata(path).map_err(|error| ConfigError::Stat { key, path: name(), kind: error.kind() })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(ConfigError::FileMode { key, path: name(), mode });
    }
    Ok(())
}

fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Unix(_) => false,
        Host::Tcp(name) if name == "localhost" => false,
        Host::Tcp(name) => !name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

fn default_connections() -> u32 {
    8
}

fn default_connect_seconds() -> u32 {
    3
}

fn default_statement_seconds() -> u32 {
    5
}

/// Anything for others; writing for the group.
const OPEN_TO_OTHERS: u32 = 0o027;
