//! The configuration: a raw form that refuses unknown keys, and the checked form that the server runs on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use decision_log::Digest;
use policy::ResourcePolicy;
use reference_values::ReferenceValues;
use serde::Serialize;
use verifier::anchors::Anchors;
use verifier::evidence::Tee;
use verifier::policy::Policy;

use crate::admin::AdminKey;
use crate::foreign::ForeignIssuer;
use crate::store::Retention;

mod dangers;
mod error;
mod load;
mod postgres;
mod raw;
mod root_key;
mod tokens;

pub use error::ConfigError;
pub use load::{load, parse};
pub(crate) use postgres::check_private;
pub use root_key::{PinSource, Pkcs11Source, RootKeySource, TransitSource};
pub(crate) use tokens::{FederationSettings, TokenSettings};

/// What of an appraisal policy asks less than the production profile, in words; each begins with the key, below `appraisal`.
pub fn dangers_of(policy: &Policy) -> Vec<String> {
    dangers::of_policy(policy)
}

/// What the server runs on; made by [`load`] or [`parse`], which read every file but the store and the endorsements.
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// TLS; without it the server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Where the store is.
    pub store: StoreAt,
    /// Where the key that opens the store's secrets is kept.
    pub root_key: RootKeySource,
    /// Where root keys are kept that wrapped some of the store's keys before.
    pub previous_root_keys: Vec<RootKeySource>,
    /// The file of the highest epoch of the settings that was seen.
    pub epoch_file: PathBuf,
    /// The folder of endorsements.
    pub endorsements: Option<PathBuf>,
    /// Which TEEs are taken.
    pub tees: Vec<Tee>,
    /// The reference values, merged.
    pub reference_values: ReferenceValues,
    /// The reference value files as read.
    pub reference_files: Vec<Input>,
    /// The appraisal policy.
    pub appraisal: Policy,
    /// The resource policy.
    pub resource_policy: ResourcePolicy,
    /// The roots: the vendors', and those taken in by a `danger_` key.
    pub anchors: Anchors,
    /// The roots that are not the vendors'.
    pub danger_roots: Vec<Input>,
    /// The admin keys.
    pub admins: Vec<AdminKey>,
    /// The issuer named in tokens.
    pub issuer: String,
    /// The keys of the broker's own tokens.
    pub(crate) token: TokenSettings,
    /// Tokens for clouds' identity services, if any are issued.
    pub(crate) federation: Option<FederationSettings>,
    /// Whose tokens open secrets beside the broker's own.
    pub(crate) foreign_issuers: Vec<ForeignIssuer>,
    /// Sizes, times and counts.
    pub limits: Limits,
    /// How long decisions are kept.
    pub records: Records,
    /// Whether plain HTTP beyond the loopback was asked for.
    pub danger_plain_http: bool,
    /// The whole configuration as TOML, with every default written out.
    effective: String,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAt {
    /// In a file, for one broker.
    File(PathBuf),
    /// In a database, for many replicas.
    Postgres(Postgres),
}

/// A PostgreSQL database, the store of many replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// The URL, or `key=value` pairs as libpq takes them; without a password.
    pub url: String,
    /// The file of the password.
    pub password_file: Option<PathBuf>,
    /// The certificate authorities that may vouch for the server; without them TLS is not spoken.
    pub ca_file: Option<PathBuf>,
    /// Connections at the same time.
    pub connections: usize,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long a statement may take.
    pub statement: Duration,
    /// Whether it is spoken to beyond this machine without TLS.
    pub danger_no_tls: bool,
}

/// TLS material in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// One input file by name and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The name under which decisions list it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Sizes, times and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// How long a session lasts after `/auth`.
    pub session: Duration,
    /// How long a token holds.
    pub token: Duration,
    /// How long the head of a request, and then its body, may take.
    pub request: Duration,
    /// How long the resource policy may take for one decision.
    pub policy: Duration,
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes of a secret.
    pub secret: usize,
    /// Verifications at the same time.
    pub verifications: usize,
    /// Releases at the same time.
    pub releases: usize,
    /// Requests that may wait for each kind of work.
    pub queue: usize,
    /// How long a request may wait for its turn.
    pub queue_time: Duration,
    /// Bytes of bodies of `/attest` in memory at the same time.
    pub body_memory: usize,
    /// Requests from one address that show nothing that holds.
    pub auth_per_address: Rate,
    /// Such requests from all addresses.
    pub auth: Rate,
    /// Seconds by which the clock may differ from the store's, and lie before what the store has on record.
    pub clock_skew: i64,
    /// Connections at the same time.
    pub connections: usize,
    /// Of those, from one address.
    pub connections_per_address: usize,
    /// Bytes of the store that records of evidence which was not affirmed may take.
    pub denied_records: u64,
    /// Bytes of the store's file system that such records leave free.
    pub reserve: u64,
}

/// So many a second, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// How long decisions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Records {
    /// The age at which a record is deleted; none: never.
    pub max_age: Option<Duration>,
    /// Bytes of records beyond which the oldest are deleted; none: no limit.
    pub max_bytes: Option<u64>,
}

impl Config {
    /// The whole configuration as TOML, with every default written out, after what it was found to come to.
    pub fn effective(&self) -> String {
        let mut text = String::new();
        for danger in self.dangers() {
            text.push_str(&format!("# DANGER: {danger}\n"));
        }
        for (name, digest) in [
            ("appraisal policy", self.appraisal_digest()),
            ("resource policy", self.resource_policy.digest()),
        ] {
            text.push_str(&format!("# {name}: sha256 {digest}\n"));
        }
        text.push_str(&format!("# reference values: {} entries\n", self.reference_values.entries().len()));
        text.push_str(&self.effective);
        text
    }

    /// What one evaluation of a policy may take.
    pub(crate) fn policy_limits(&self) -> policy::Limits {
        policy::Limits { time: self.limits.policy, ..policy::Limits::default() }
    }

    /// The configured appraisal policy as JSON.
    pub(crate) fn appraisal_json(&self) -> Vec<u8> {
        json_of_policy(&self.appraisal)
    }

    /// What is deleted, and what never is: what a token may rest on, by any replica's clock.
    pub(crate) fn retention(&self) -> Retention {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let life = seconds(self.limits.session.max(self.limits.token));
        Retention {
            max_age: self.records.max_age.map(seconds),
            max_bytes: self.records.max_bytes,
            min_age: life.saturating_add(crate::housekeeping::SLACK_SECONDS),
        }
    }

    fn appraisal_digest(&self) -> Digest {
        Digest::of(&self.appraisal_json())
    }

    /// Every key in force that weakens a check, in words: those named `danger_`, then whatever asks less than the
    /// production profile of the appraisal policy.
    pub fn dangers(&self) -> Vec<String> {
        let mut dangers: Vec<String> =
            self.danger_roots.iter().map(|root| format!("danger_simulated_roots: {}", root.name)).collect();
        if self.danger_plain_http {
            dangers.push("danger_plain_http: no TLS beyond the loopback".to_owned());
        }
        if let StoreAt::Postgres(Postgres { danger_no_tls: true, .. }) = &self.store {
            dangers.push("postgres.danger_no_tls: no TLS to the database beyond this machine".to_owned());
        }
        let simulated = self.resource_policy.dangers().into_iter();
        dangers.extend(
            simulated.map(|rule| format!("resource_policy: danger_allow_simulated in the rule {rule:?}")),
        );
        if self.federation.as_ref().is_some_and(|federation| federation.danger_allow_simulated) {
            let words =
                "federation.danger_allow_simulated: clouds take guests on simulated hardware for real ones";
            dangers.push(words.to_owned());
        }
        dangers.extend(self.root_key.danger().map(|danger| format!("root_key.{danger}")));
        let previous = self.previous_root_keys.iter().filter_map(RootKeySource::danger);
        dangers.extend(previous.map(|danger| format!("previous_root_keys.{danger}")));
        dangers.extend(dangers::of_policy(&self.appraisal));
        dangers
    }
}

/// The most that a broker's clock may be allowed to differ from the store's: all that waits for the clocks of others to pass
/// an instant is reckoned from it.
pub(crate) const MOST_SKEW_SECONDS: u32 = 120;

/// An appraisal policy as JSON, as decisions record it.
pub(crate) fn json_of_policy(policy: &Policy) -> Vec<u8> {
    // Safe: a policy is plain data, which always has a JSON form.
    verifier::result::policy_json(policy).unwrap_or_default()
}

/// The folder that relative paths of a configuration file start from.
fn base_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
