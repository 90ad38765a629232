//! Evidence to verified evidence: what the bytes truly say, whoever may like it.

use subtle::ConstantTimeEq;

use crate::anchors::Anchors;
use crate::check::{Check, Fact, Outcome, Trail};
use crate::dcap::{self, TcbOutcome, VerifiedQuote};
use crate::endorsements::{Endorsements, Form};
use crate::error::{BindingError, Missing, VerifyError};
use crate::evidence::{Evidence, Tee};
use crate::expected::{Expect, Expected};
use crate::snp::{self, VerifiedSnp};
use crate::time::UnixTime;

/// Evidence whose signatures, chains and bindings held. Made by [`verify`] alone.
#[derive(Clone, Debug)]
pub struct VerifiedEvidence {
    facts: Verified,
    host_data_bound: bool,
}

/// The verified facts of each TEE.
#[derive(Clone, Debug)]
pub enum Verified {
    /// SEV-SNP.
    Snp(VerifiedSnp),
    /// TDX or SGX.
    Dcap(VerifiedQuote),
    /// CoCo's sample: nothing is verified but the report data it claims.
    Sample(Sample),
}

/// What sample evidence says; nobody vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// A TEE or a device.
    pub tee: Tee,
    /// The report data.
    pub report_data: Vec<u8>,
    /// The security version.
    pub svn: Option<String>,
}

impl VerifiedEvidence {
    /// Whose evidence it is.
    pub fn tee(&self) -> Tee {
        match &self.facts {
            Verified::Snp(_) => Tee::Snp,
            Verified::Dcap(quote) => quote.facts().tee(),
            Verified::Sample(sample) => sample.tee,
        }
    }

    /// The verified facts.
    pub fn facts(&self) -> &Verified {
        &self.facts
    }

    /// Whether the host data was compared with an expectation, which it then equals.
    pub const fn host_data_bound(&self) -> bool {
        self.host_data_bound
    }

    /// Collateral that a verdict on the TCB would need and that was not given.
    pub fn missing_collateral(&self) -> Option<&Missing> {
        match &self.facts {
            Verified::Dcap(quote) => match quote.tcb() {
                TcbOutcome::Absent(missing) => Some(missing),
                TcbOutcome::Evaluated(_) => None,
            },
            Verified::Snp(_) | Verified::Sample(_) => None,
        }
    }
}

/// Verifies `evidence` at the instant `now`: signatures, chains to `anchors`, revocation, bindings to `expected`.
///
/// `trail` receives every check in order; on an error the failed one is the last. Nothing is judged here: a debug
/// guest verifies, an old TCB verifies; [`crate::appraise()`] says whether we like them.
pub fn verify(
    evidence: &Evidence<'_>,
    endorsements: &Endorsements,
    anchors: &Anchors,
    expected: &Expected,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<VerifiedEvidence, VerifyError> {
    let verified = match evidence {
        Evidence::Snp { report, carried } => {
            snp::verify(report, carried, endorsements, anchors, expected, now, trail).map(Verified::Snp)
        }
        Evidence::Dcap { quote, event_log } => {
            let log = event_log.as_ref();
            dcap::verify(quote, log, endorsements, anchors, expected, now, trail).map(Verified::Dcap)
        }
        Evidence::Sample { tee, report_data, svn } => {
            sample_binding(report_data, expected, trail).map(|()| {
                let (report_data, svn) = (report_data.to_vec(), svn.map(str::to_owned));
                Verified::Sample(Sample { tee: *tee, report_data, svn })
            })
        }
    };
    let facts = verified.map_err(|error| name_what_came_instead(error, endorsements))?;
    // CoCo's sample has no such register, so nothing was compared.
    let host_data_bound =
        matches!(expected.host_data, Expect::Equals(_)) && !matches!(facts, Verified::Sample(_));
    let verified = VerifiedEvidence { facts, host_data_bound };
    if let Some(missing) = verified.missing_collateral() {
        let given = unreadable(endorsements, missing);
        if !given.is_empty() {
            return Err(VerifyError::Unfitting { wanted: missing.clone(), given });
        }
    }
    Ok(verified)
}

/// Compares the report data and host data that evidence carries with what the caller expects.
pub(crate) fn check_bindings(
    ids: &BindingIds,
    report_data: &[u8; 64],
    host_data: &[u8],
    expected: &Expected,
    trail: &mut Trail,
) -> Result<(), VerifyError> {
    match &expected.report_data {
        Expect::NotChecked => {
            trail.note(ids.report_data, CALLER, Outcome::NotChecked, Fact::None, Fact::hex(report_data));
        }
        Expect::Equals(wanted) => {
            let equal = bool::from(wanted.ct_eq(report_data));
            trail.step(ids.report_data, CALLER, Fact::hex(wanted), Fact::hex(report_data), equal, || {
                let (expected, actual) = (wanted.to_vec(), report_data.to_vec());
                VerifyError::Binding(BindingError::ReportData { expected, actual })
            })?;
        }
    }
    match &expected.host_data {
        Expect::NotChecked => {
            trail.note(ids.host_data, CALLER, Outcome::NotChecked, Fact::None, Fact::hex(host_data));
            Ok(())
        }
        Expect::Equals(wanted) => {
            let equal = bool::from(wanted.as_slice().ct_eq(host_data));
            trail.step(ids.host_data, CALLER, Fact::hex(wanted), Fact::hex(host_data), equal, || {
                let (expected, actual) = (wanted.clone(), host_data.to_vec());
                VerifyError::Binding(BindingError::HostData { expected, actual })
            })
        }
    }
}

/// The check ids of one TEE's two bindings.
pub(crate) struct BindingIds {
    /// For the guest's 64 bytes.
    pub(crate) report_data: &'static str,
    /// For the host's bytes at launch.
    pub(crate) host_data: &'static str,
}

/// CoCo's sample evidence has a report data and no signature; the broker reads it only under a `danger_` setting.
fn sample_binding(report_data: &[u8], expected: &Expected, trail: &mut Trail) -> Result<(), VerifyError> {
    trail.note(
        "sample.signature",
        "CoCo sample attester",
        Outcome::NotChecked,
        "a hardware signature",
        Fact::None,
    );
    let wanted = match &expected.report_data {
        Expect::Equals(wanted) => wanted,
        Expect::NotChecked => {
            trail.note(
                "sample.binding.report-data",
                CALLER,
                Outcome::NotChecked,
                Fact::None,
                Fact::hex(report_data),
            );
            return Ok(());
        }
    };
    // CoCo's sample carries the digest alone, without the zeros that fill a hardware field.
    let (head, tail) = wanted.split_at_checked(report_data.len()).unwrap_or((wanted, &[]));
    let long_enough = report_data.len() >= SHORTEST_DIGEST;
    let equal = long_enough && bool::from(head.ct_eq(report_data)) && tail.iter().all(|byte| *byte == 0);
    let (want, have) = (Fact::hex(wanted), Fact::hex(report_data));
    trail.step("sample.binding.report-data", CALLER, want, have, equal, || {
        let (expected, actual) = (wanted.to_vec(), report_data.to_vec());
        VerifyError::Binding(BindingError::ReportData { expected, actual })
    })
}

fn name_what_came_instead(error: VerifyError, endorsements: &Endorsements) -> VerifyError {
    match error {
        VerifyError::Missing(wanted) => {
            let given = unreadable(endorsements, &wanted);
            if given.is_empty() {
                VerifyError::Missing(wanted)
            } else {
                VerifyError::Unfitting { wanted, given }
            }
        }
        other => other,
    }
}

/// A file that may have been meant as the missing endorsement and cannot be read is not the same as no file.
fn unreadable(endorsements: &Endorsements, missing: &Missing) -> Vec<String> {
    let form = match missing {
        Missing::Vek { .. } | Missing::Ask { .. } | Missing::TcbSigner => Form::Certificate,
        Missing::TcbInfo { .. } | Missing::QeIdentity { .. } => Form::Json,
    };
    let malformed =
        endorsements.malformed().iter().filter(|item| item.value.form == form && item.value.meant);
    malformed
        .take(MAX_NAMED)
        .map(|item| format!("{} (malformed: {})", item.name, item.value.reason))
        .collect()
}

/// The failed check at the end of a trail, if the last one failed.
pub fn failed(checks: &[Check]) -> Option<&Check> {
    checks.last().filter(|check| check.outcome == Outcome::Fail)
}

const CALLER: &str = "the caller's expectation (RFC 9334, section 10: freshness and binding)";
/// Names of unfitting endorsements in one error.
const MAX_NAMED: usize = 8;
/// SHA-256, the shortest digest that the protocol knows, in bytes.
const SHORTEST_DIGEST: usize = 32;
