//! What we think of an SNP platform, and of the guest on it.

mod advisories;
mod guest;
mod platform;

use reference_values::{Key, Value};

use super::TcbReport;
use super::finding::Findings;
use crate::check::Fact;
use crate::policy::Policy;
use crate::snp::{self, Facts};

/// Judges the platform's firmware and the guest's configuration.
pub(super) fn appraise(facts: &Facts, policy: &Policy, findings: &mut Findings) -> TcbReport {
    let policy = &policy.snp;
    platform::appraise(facts, policy, findings);
    guest::appraise(facts, policy, findings);
    let advisories = advisories::appraise(facts, policy, findings);
    TcbReport { advisories, ..TcbReport::default() }
}

/// The claims of every TEE first, then the TEE's own under its name.
pub(super) fn claims(facts: &Facts) -> Fact {
    let platform_id = if facts.chip_id_masked { Fact::None } else { facts.chip_id.into() };
    Fact::Map(vec![
        ("launch_digest", facts.measurement.into()),
        ("report_data", facts.report_data.into()),
        ("host_data", facts.host_data.into()),
        ("debug", facts.policy.debug().into()),
        ("platform_id", platform_id),
        ("snp", snp::claims(facts)),
    ])
}

/// The evidence's value of a key, for comparison with reference values and expectations.
///
/// What an ID block says, a guest without one does not have: its fields are zero then, and zeros must not be a value that
/// could be wanted. The same holds of the author key where AUTHOR_KEY_EN is clear.
pub(super) fn value(facts: &Facts, key: Key) -> Option<Value> {
    let of_id_block = matches!(
        key,
        Key::FamilyId
            | Key::ImageId
            | Key::IdKeyDigest
            | Key::GuestSvn
            | Key::MinGuestSvn
            | Key::AuthorKeyDigest
    );
    if of_id_block && !facts.has_id_block() || key == Key::AuthorKeyDigest && !facts.has_author_key() {
        return None;
    }
    let bytes: &[u8] = match key {
        Key::LaunchDigest => &facts.measurement,
        Key::HostData => &facts.host_data,
        Key::ReportData => &facts.report_data,
        Key::FamilyId => &facts.family_id,
        Key::ImageId => &facts.image_id,
        Key::IdKeyDigest => &facts.id_key_digest,
        Key::AuthorKeyDigest => &facts.author_key_digest,
        Key::GuestSvn | Key::MinGuestSvn => return Some(Value::Number(facts.guest_svn.into())),
        _ => return None,
    };
    Some(Value::Bytes(bytes.to_vec()))
}
