//! From the raw form to the checked one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use endorsements::read_file;
use kbs_protocol::limits as protocol;
use policy::ResourcePolicy;
use reference_values::ReferenceValues;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use verifier::anchors::Anchors;
use verifier::evidence::Tee;

use super::postgres::store_at;
use super::raw::{Raw, RawAdmin, RawLimits, RawRecords, RawRoot};
use super::{Config, ConfigError, Input, Limits, MOST_SKEW_SECONDS, Rate, Records, Tls, base_of, tokens};
use crate::admin::AdminKey;
use crate::jwt::PinnedKey;
use crate::roles::Role;

/// Reads and checks a configuration file; relative paths in it start from its own folder.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    let text = text_of("--config", file)?;
    parse(&text, &base_of(file))
}

/// Checks a configuration; relative paths in it start from `base`.
pub fn parse(text: &str, base: &Path) -> Result<Config, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|error| ConfigError::Form { reason: error.to_string() })?;
    let effective = toml::to_string(&raw).map_err(|error| ConfigError::Form { reason: error.to_string() })?;
    let listen = address(&raw.listen)?;
    if raw.tls.is_none() && !listen.ip().is_loopback() && !raw.danger_plain_http {
        return Err(ConfigError::PlainHttp { listen: raw.listen });
    }
    let tees = tees(&raw)?;
    let mut appraisal = raw.appraisal;
    appraisal.danger_accept_sample |= raw.danger_accept_sample;
    let (reference_values, reference_files) = reference_values(&raw.reference_values, base)?;
    let (anchors, danger_roots) = anchors(&raw.danger_simulated_roots, base)?;
    let limits = limits(&raw.limits)?;
    let resource_policy = resource_policy(raw.resource_policy.as_deref(), &limits, base)?;
    Ok(Config {
        token: tokens::token(&raw.token, base)?,
        federation: raw.federation.as_ref().map(tokens::federation).transpose()?,
        foreign_issuers: tokens::foreign_issuers(&raw.foreign_issuer, &raw.issuer, base)?,
        tls: raw.tls.map(|tls| Tls { certificate: base.join(tls.certificate), key: base.join(tls.key) }),
        store: store_at(raw.store.as_deref(), raw.postgres.as_ref(), base)?,
        root_key: raw.root_key.check(base)?,
        previous_root_keys: raw
            .previous_root_keys
            .iter()
            .map(|key| key.check(base))
            .collect::<Result<_, _>>()?,
        epoch_file: base.join(raw.epoch_file),
        endorsements: raw.endorsements.map(|folder| base.join(folder)),
        admins: raw.admin.iter().map(|admin| admin_key(admin, base)).collect::<Result<_, _>>()?,
        limits,
        records: records(&raw.records)?,
        issuer: raw.issuer,
        danger_plain_http: raw.danger_plain_http && !listen.ip().is_loopback(),
        listen,
        tees,
        reference_values,
        reference_files,
        appraisal,
        resource_policy,
        anchors,
        danger_roots,
        effective,
    })
}

fn address(text: &str) -> Result<std::net::SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::Value {
        key: "listen",
        wanted: "an address and port such as 127.0.0.1:8080",
        actual: text.to_owned(),
    })
}

fn tees(raw: &Raw) -> Result<Vec<Tee>, ConfigError> {
    let mut tees = Vec::new();
    for name in &raw.tees {
        match name.parse() {
            Ok(tee @ (Tee::Snp | Tee::Tdx | Tee::Sgx)) => tees.push(tee),
            Ok(Tee::Sample) if !raw.danger_accept_sample => return Err(ConfigError::Sample),
            Ok(Tee::Sample) => {}
            _ => {
                let wanted = "one of snp, tdx, sgx";
                return Err(ConfigError::Value { key: "tees", wanted, actual: name.clone() });
            }
        }
    }
    if raw.danger_accept_sample {
        tees.push(Tee::Sample);
    }
    Ok(tees)
}

fn reference_values(paths: &[PathBuf], base: &Path) -> Result<(ReferenceValues, Vec<Input>), ConfigError> {
    let mut values = ReferenceValues::default();
    let mut files = Vec::new();
    for path in paths {
        let path = base.join(path);
        let name = path.display().to_string();
        let text = text_of("reference_values", &path)?;
        let refused = |reason: String| ConfigError::ReferenceValues { path: name.clone(), reason };
        let read = ReferenceValues::parse_toml(&text).map_err(|error| refused(error.to_string()))?;
        values = values.merge(read).map_err(|error| refused(error.to_string()))?;
        files.push(Input { name, bytes: text.into_bytes() });
    }
    Ok((values, files))
}

fn anchors(roots: &[RawRoot], base: &Path) -> Result<(Anchors, Vec<Input>), ConfigError> {
    let mut anchors = Anchors::vendor().map_err(ConfigError::VendorRoots)?;
    let mut inputs = Vec::new();
    for root in roots {
        let bytes = bytes_of("danger_simulated_roots", &base.join(&root.file))?;
        let der = match CertificateDer::from_pem_slice(&bytes) {
            Ok(der) => der.to_vec(),
            Err(_) => bytes,
        };
        let name = root.name.clone();
        anchors.danger_add(&name, &der).map_err(|source| ConfigError::Root { name: name.clone(), source })?;
        inputs.push(Input { name, bytes: der });
    }
    Ok((anchors, inputs))
}

fn resource_policy(path: Option<&Path>, limits: &Limits, base: &Path) -> Result<ResourcePolicy, ConfigError> {
    let limits = policy::Limits { time: limits.policy, ..policy::Limits::default() };
    let Some(path) = path else {
        return ResourcePolicy::compile(ResourcePolicy::DEFAULT, limits)
            .map_err(|error| ConfigError::Policy { path: "the default".to_owned(), error });
    };
    let path = base.join(path);
    let text = text_of("resource_policy", &path)?;
    ResourcePolicy::compile(&text, limits)
        .map_err(|error| ConfigError::Policy { path: path.display().to_string(), error })
}

fn admin_key(raw: &RawAdmin, base: &Path) -> Result<AdminKey, ConfigError> {
    let path = base.join(&raw.public_key);
    let pem = bytes_of("admin.public_key", &path)?;
    let wanted = "an Ed25519 or P-256 public key in PEM (-----BEGIN PUBLIC KEY-----)";
    let refused =
        || ConfigError::Content { key: "admin.public_key", path: path.display().to_string(), wanted };
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(&pem).map_err(|_| refused())?;
    Ok(AdminKey {
        name: raw.name.clone(),
        key: PinnedKey::from_spki(&spki).ok_or_else(refused)?,
        issuer: raw.issuer.clone(),
        audience: raw.audience.clone(),
        roles: roles(raw)?,
    })
}

/// `role` is `roles` with one name; with neither, the key confers `admin`.
fn roles(raw: &RawAdmin) -> Result<Vec<Role>, ConfigError> {
    let names = match (&raw.role, &raw.roles) {
        (None, None) => vec![Role::Admin.as_str().to_owned()],
        (Some(role), None) => vec![role.clone()],
        (None, Some(roles)) => roles.clone(),
        (Some(_), Some(_)) => {
            let (wanted, actual) = ("alone: role and roles say the same thing", "both".to_owned());
            return Err(ConfigError::Value { key: "admin.roles", wanted, actual });
        }
    };
    let wanted = "one of admin, secret-writer, policy-author, reader, auditor";
    let parse = |name: &String| {
        Role::parse(name).ok_or_else(|| ConfigError::Value {
            key: "admin.roles",
            wanted,
            actual: name.clone(),
        })
    };
    names.iter().map(parse).collect()
}

fn limits(raw: &RawLimits) -> Result<Limits, ConfigError> {
    let seconds = |key, value, most| {
        in_range(key, value, 1, most).map(|seconds| Duration::from_secs(u64::from(seconds)))
    };
    let count = |key, value, least, most| {
        in_range(key, value, least, most).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    };
    let rate = |key, value| in_range(key, value, 1, 1_000_000);
    // Beyond these the protocol's own reader refuses the message.
    let most_body = u32::try_from(protocol::ATTESTATION_BYTES).unwrap_or(u32::MAX);
    let most_secret = u32::try_from(protocol::SECRET_BYTES).unwrap_or(u32::MAX);
    Ok(Limits {
        session: seconds("limits.session_seconds", raw.session_seconds, 3600)?,
        token: seconds("limits.token_seconds", raw.token_seconds, TOKEN_SECONDS)?,
        request: seconds("limits.request_seconds", raw.request_seconds, 600)?,
        policy: in_range("limits.policy_milliseconds", raw.policy_milliseconds, 1, 10_000)
            .map(|milliseconds| Duration::from_millis(u64::from(milliseconds)))?,
        body: count("limits.body_bytes", raw.body_bytes, 64 << 10, most_body)?,
        secret: count("limits.secret_bytes", raw.secret_bytes, 32, most_secret)?,
        verifications: count("limits.verifications", raw.verifications, 1, 4096)?,
        releases: count("limits.releases", raw.releases, 1, 4096)?,
        queue: count("limits.queue", raw.queue, 1, 65_536)?,
        queue_time: seconds("limits.queue_seconds", raw.queue_seconds, 10)?,
        // The least holds two of the largest bodies.
        body_memory: count("limits.body_memory_mib", raw.body_memory_mib, 4, 65_536)? << 20,
        auth_per_address: Rate {
            per_second: rate("limits.auth_per_address_per_second", raw.auth_per_address_per_second)?,
            burst: rate("limits.auth_per_address_burst", raw.auth_per_address_burst)?,
        },
        auth: Rate {
            per_second: rate("limits.auth_per_second", raw.auth_per_second)?,
            burst: rate("limits.auth_burst", raw.auth_burst)?,
        },
        clock_skew: in_range("limits.clock_skew_seconds", raw.clock_skew_seconds, 1, MOST_SKEW_SECONDS)
            .map(i64::from)?,
        connections: count("limits.connections", raw.connections, 1, 1 << 20)?,
        connections_per_address: count(
            "limits.connections_per_address",
            raw.connections_per_address,
            1,
            1 << 20,
        )?,
        denied_records: u64::from(in_range("limits.denied_records_mib", raw.denied_records_mib, 0, 1 << 20)?)
            << 20,
        reserve: u64::from(in_range("limits.reserve_mib", raw.reserve_mib, 0, 1 << 30)?) << 20,
    })
}

fn records(raw: &RawRecords) -> Result<Records, ConfigError> {
    let days = in_range("records.max_age_days", raw.max_age_days, 0, 100_000)?;
    let gib = in_range("records.max_gib", raw.max_gib, 0, 1 << 20)?;
    Ok(Records {
        max_age: (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400)),
        max_bytes: (gib > 0).then(|| u64::from(gib) << 30),
    })
}

pub(super) fn in_range(key: &'static str, actual: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
    if (least..=most).contains(&actual) {
        Ok(actual)
    } else {
        Err(ConfigError::Range { key, least, most, actual })
    }
}

pub(super) fn bytes_of(key: &'static str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    read_file(path, FILE_LIMIT).map_err(|source| ConfigError::Read { key, source })
}

fn text_of(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    String::from_utf8(bytes_of(key, path)?).map_err(|_| ConfigError::Content {
        key,
        path: path.display().to_string(),
        wanted: "UTF-8 text",
    })
}

/// The longest life of a token: whoever took one away from a guest has it for no longer.
const TOKEN_SECONDS: u32 = 300;
/// Bytes of one configured file: reference values of a large fleet take a few hundred kilobytes.
const FILE_LIMIT: u64 = 4 << 20;
