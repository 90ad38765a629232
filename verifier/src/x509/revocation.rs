//! One rule of revocation for all vendors.

use core::fmt;

use super::certificate::Certificate;
use super::crl::Crl;
use super::error::X509Error;
use crate::check::{Fact, Outcome, Trail};
use crate::endorsements::Endorsement;
use crate::time::UnixTime;

/// What is known about the revocation of one certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The certificate's role in its chain: `ask`, `pck`, `pck-ca`, `tcb-signer`, …
    pub certificate: &'static str,
    /// Who was asked.
    pub source: &'static str,
    /// The answer.
    pub state: RevocationState,
}

/// The state of the best CRL at hand. Revoked is not among them: it is an error, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// An authentic CRL inside its time does not list the certificate.
    Good,
    /// No CRL of the certificate's issuer was given.
    Absent,
    /// The newest authentic CRL is over.
    Stale {
        /// When the next one was due.
        next_update: UnixTime,
    },
    /// The authentic CRL is not issued yet.
    Future {
        /// When it will be issued.
        this_update: UnixTime,
    },
    /// The authentic CRL does not say when it is over.
    NoNextUpdate,
    /// CRLs with the issuer's name were given, and none could be verified with the issuer's key.
    Unverifiable,
    /// Nobody revokes certificates of this kind.
    NotApplicable,
}

impl Revocation {
    /// For a certificate of a kind that its vendor never revokes by list.
    pub const fn not_applicable(certificate: &'static str, source: &'static str) -> Self {
        Self { certificate, source, state: RevocationState::NotApplicable }
    }
}

impl fmt::Display for RevocationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("good"),
            Self::Absent => f.write_str("absent"),
            Self::Stale { next_update } => write!(f, "stale since {next_update}"),
            Self::Future { this_update } => write!(f, "not issued before {this_update}"),
            Self::NoNextUpdate => f.write_str("without nextUpdate"),
            Self::Unverifiable => f.write_str("unverifiable"),
            Self::NotApplicable => f.write_str("not applicable"),
        }
    }
}

/// Asks all `crls` of `issuer` about `certificate`, which `issuer` must have issued (RFC 5280 section 6.3.3).
///
/// A CRL counts if it names the issuer; it speaks if the issuer's key signed it. A certificate that any authentic
/// CRL lists is revoked, whether that CRL is stale, current or future: an unlisting does not exist. Otherwise the
/// best state of the authentic CRLs is the answer, and the appraisal decides whether it suffices.
/// `trail` learns which endorsements took part, and receives the failed check of a revoked certificate.
pub fn check_revocation<'a>(
    role: &'static str,
    certificate: &Certificate,
    issuer: &Certificate,
    crls: impl Iterator<Item = &'a Endorsement<Crl>>,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<Revocation, X509Error> {
    let mut best = RevocationState::Absent;
    for endorsement in crls.filter(|endorsement| endorsement.value.issuer() == issuer.subject()) {
        let crl = &endorsement.value;
        trail.used(endorsement.id);
        let state = match crl.check_signed_by(issuer) {
            Ok(()) => {
                if let Some(at) = crl.revoked(certificate.serial()) {
                    let error = X509Error::Revoked { serial: hex::encode(certificate.serial()), at };
                    let actual = vec![
                        ("certificate", Fact::text(role)),
                        ("serial", Fact::hex(certificate.serial())),
                        ("revoked", Fact::Time(at)),
                    ];
                    trail.note(CHECK, RULE, Outcome::Fail, "not listed", Fact::Map(actual));
                    return Err(error);
                }
                state_at(crl, now)
            }
            Err(_) => RevocationState::Unverifiable,
        };
        if rank(state) > rank(best) {
            best = state;
        }
    }
    Ok(Revocation { certificate: role, source: SOURCE, state: best })
}

/// Where `now` lies in the CRL's time, both ends included.
fn state_at(crl: &Crl, now: UnixTime) -> RevocationState {
    let this_update = crl.this_update();
    match crl.next_update() {
        _ if now < this_update => RevocationState::Future { this_update },
        None => RevocationState::NoNextUpdate,
        Some(next_update) if now > next_update => RevocationState::Stale { next_update },
        Some(_) => RevocationState::Good,
    }
}

/// Orders states by how much they say; of several stale lists the latest counts.
const fn rank(state: RevocationState) -> (u8, i64) {
    match state {
        RevocationState::Absent | RevocationState::NotApplicable => (0, 0),
        RevocationState::Unverifiable => (1, 0),
        RevocationState::Future { this_update } => (2, this_update.secs().saturating_neg()),
        RevocationState::NoNextUpdate => (3, 0),
        RevocationState::Stale { next_update } => (4, next_update.secs()),
        RevocationState::Good => (5, 0),
    }
}

const CHECK: &str = "revocation";
const RULE: &str = "RFC 5280 section 6.3.3";
const SOURCE: &str = "the CRL of its issuer";
