//! The configuration as people write it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use verifier::policy::Policy;

use super::postgres::RawPostgres;
use super::root_key::RawRootKey;
use super::tokens::{RawFederation, RawForeign, RawToken};

/// The whole file. A missing key has the value that [`Default`] and the `default_…` functions give.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) listen: String,
    pub(super) store: Option<PathBuf>,
    pub(super) root_key: RawRootKey,
    #[serde(default)]
    pub(super) previous_root_keys: Vec<RawRootKey>,
    #[serde(default = "default_epoch_file")]
    pub(super) epoch_file: PathBuf,
    pub(super) endorsements: Option<PathBuf>,
    #[serde(default)]
    pub(super) reference_values: Vec<PathBuf>,
    pub(super) resource_policy: Option<PathBuf>,
    #[serde(default = "default_tees")]
    pub(super) tees: Vec<String>,
    #[serde(default = "default_issuer")]
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) danger_plain_http: bool,
    #[serde(default)]
    pub(super) danger_accept_sample: bool,
    pub(super) postgres: Option<RawPostgres>,
    pub(super) tls: Option<RawTls>,
    #[serde(default)]
    pub(super) limits: RawLimits,
    #[serde(default)]
    pub(super) records: RawRecords,
    #[serde(default)]
    pub(super) appraisal: Policy,
    #[serde(default)]
    pub(super) token: RawToken,
    pub(super) federation: Option<RawFederation>,
    #[serde(default)]
    pub(super) foreign_issuer: Vec<RawForeign>,
    #[serde(default)]
    pub(super) admin: Vec<RawAdmin>,
    #[serde(default)]
    pub(super) danger_simulated_roots: Vec<RawRoot>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    pub(super) session_seconds: u32,
    pub(super) token_seconds: u32,
    pub(super) request_seconds: u32,
    pub(super) policy_milliseconds: u32,
    pub(super) body_bytes: u32,
    pub(super) secret_bytes: u32,
    pub(super) verifications: u32,
    pub(super) releases: u32,
    pub(super) queue: u32,
    pub(super) queue_seconds: u32,
    pub(super) body_memory_mib: u32,
    pub(super) auth_per_address_per_second: u32,
    pub(super) auth_per_address_burst: u32,
    pub(super) auth_per_second: u32,
    pub(super) auth_burst: u32,
    pub(super) clock_skew_seconds: u32,
    pub(super) connections: u32,
    pub(super) connections_per_address: u32,
    pub(super) denied_records_mib: u32,
    pub(super) reserve_mib: u32,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            session_seconds: 300,
            token_seconds: 300,
            request_seconds: 30,
            policy_milliseconds: 500,
            body_bytes: 2 << 20,
            secret_bytes: 1 << 20,
            verifications: 16,
            releases: 32,
            queue: 1024,
            queue_seconds: 10,
            body_memory_mib: 128,
            auth_per_address_per_second: 1000,
            auth_per_address_burst: 2000,
            auth_per_second: 4000,
            auth_burst: 8000,
            clock_skew_seconds: 30,
            connections: 4096,
            connections_per_address: 1024,
            denied_records_mib: 1024,
            reserve_mib: 256,
        }
    }
}

/// How long decisions are kept; 0 sets no limit.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRecords {
    pub(super) max_age_days: u32,
    pub(super) max_gib: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    pub(super) name: String,
    pub(super) public_key: PathBuf,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) role: Option<String>,
    pub(super) roles: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoot {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

fn default_epoch_file() -> PathBuf {
    PathBuf::from("vouchsafe-kbs.epoch")
}

fn default_tees() -> Vec<String> {
    ["snp", "tdx", "sgx"].map(str::to_owned).to_vec()
}

fn default_issuer() -> String {
    "vouchsafe-kbs".to_owned()
}
