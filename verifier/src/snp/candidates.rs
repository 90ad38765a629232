//! Which certificates may vouch for a report: picked by what they say, before anything is believed.

use std::borrow::Cow;
use std::iter;
use std::ops::Deref;
use std::sync::Arc;

use super::endorsement::{Vek, recognise};
use super::error::SnpError;
use super::product::SigningKey;
use super::report::Report;
use crate::anchors::{Anchor, Anchors, Vendor};
use crate::endorsements::Endorsements;
use crate::error::{Missing, VerifyError};
use crate::time::UnixTime;
use crate::x509::Certificate;

/// A VCEK or VLEK certificate whose words fit the report. Its signature is not checked yet.
pub(super) struct Candidate<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) vek: Cow<'a, Vek>,
    /// The endorsement's id; `None` if it came with the evidence.
    pub(super) id: Option<usize>,
    pub(super) name: &'a str,
}

/// The certificates that fit the report's key, TCB and chip, those valid at `now` first, at most [`MAX_TRIED`].
///
/// Several can fit: a VLEK is renewed every year, and AMD issues a VCEK anew at each request.
pub(super) fn candidates<'a>(
    report: &Report<'_>,
    wanted: SigningKey,
    carried: &'a [Arc<Certificate>],
    endorsements: &'a Endorsements,
    now: UnixTime,
) -> Result<Vec<Candidate<'a>>, VerifyError> {
    let mut fitting: Vec<Candidate<'a>> = Vec::new();
    // Endorsements first: what they proved before is remembered, what the evidence carries may be new.
    let given = endorsements.veks_of(report.chip_id).into_iter();
    let given = given.map(|(item, vek)| (&item.value, Cow::Borrowed(vek), Some(item.id), item.name.as_str()));
    let carried_veks = carried.iter().filter_map(|certificate| {
        let vek = Vek::read(certificate, recognise(certificate)?).ok()?;
        Some((&**certificate, Cow::Owned(vek), None, CARRIED))
    });
    for (certificate, vek, id, name) in given.chain(carried_veks) {
        let repeated = fitting.iter().any(|other| other.certificate == certificate);
        if !repeated && vek.check_fits(report, wanted).is_ok() {
            fitting.push(Candidate { certificate, vek, id, name });
        }
    }
    if fitting.is_empty() {
        return Err(nothing_fits(report, wanted, carried, endorsements));
    }
    fitting.sort_by_key(|candidate| !candidate.certificate.validity().contains(now));
    fitting.truncate(MAX_TRIED);
    Ok(fitting)
}

/// All that was given, for the words of a refusal.
fn given<'a>(
    carried: &'a [Arc<Certificate>],
    endorsements: &'a Endorsements,
) -> impl Iterator<Item = (&'a Certificate, Option<usize>, &'a str)> {
    let given = endorsements.certificates().iter();
    given.map(|item| (&item.value, Some(item.id), item.name.as_str())).chain(carried_with(carried))
}

fn carried_with(carried: &[Arc<Certificate>]) -> impl Iterator<Item = (&Certificate, Option<usize>, &str)> {
    carried.iter().map(|certificate| (&**certificate, None, CARRIED))
}

/// Nothing of the kind was given, or only for something else: those are two answers.
fn nothing_fits(
    report: &Report<'_>,
    wanted: SigningKey,
    carried: &[Arc<Certificate>],
    endorsements: &Endorsements,
) -> VerifyError {
    let given: Vec<String> = given(carried, endorsements)
        .filter_map(|(certificate, _, name)| {
            let words = recognise(certificate)?;
            let outcome = Vek::read(certificate, words).and_then(|vek| vek.check_fits(report, wanted));
            outcome.err().map(|error| format!("{} ({} certificate): {error}", name.escape_debug(), words.0))
        })
        .take(MAX_NAMED)
        .collect();
    let missing = missing(report, wanted);
    if given.is_empty() {
        VerifyError::Missing(missing)
    } else {
        VerifyError::Unfitting { wanted: missing, given }
    }
}

/// The certificate to ask for.
pub(super) fn missing(report: &Report<'_>, wanted: SigningKey) -> Missing {
    let masked = super::endorsement::is_zero(report.chip_id);
    Missing::Vek {
        kind: wanted.as_str(),
        chip_id: if masked { "masked".to_owned() } else { hex::encode(report.chip_id) },
        tcb: hex::encode(report.reported_tcb),
    }
}

/// An intermediate: one of the endorsements, or one that came along or is known by the program.
pub(super) enum Intermediate<'a> {
    Given(&'a Certificate, usize),
    Known(Arc<Certificate>),
}

impl Deref for Intermediate<'_> {
    type Target = Certificate;

    fn deref(&self) -> &Certificate {
        match self {
            Self::Given(certificate, _) => certificate,
            Self::Known(certificate) => certificate,
        }
    }
}

/// The ASK or ASVK that issued the candidate: among all certificates of the issuer's name the one whose key signed
/// it, or else the first, so that the chain fails with a reason. None of them is trusted for having been found.
pub(super) fn intermediate<'a>(
    candidate: &Candidate<'_>,
    carried: &[Arc<Certificate>],
    endorsements: &'a Endorsements,
    now: UnixTime,
) -> Result<Intermediate<'a>, VerifyError> {
    let vek = candidate.certificate;
    let named = |certificate: &Certificate| certificate.subject() == vek.issuer();
    let signed = |issuer: &Intermediate<'_>| vek.check_signed_by(issuer).is_ok();
    let given = endorsements.authorities().filter(|item| named(&item.value)).take(MAX_TRIED);
    let given = given.map(|item| Intermediate::Given(&item.value, item.id));
    // What is known to be signed by one of them begins with that one: the others' keys cost a signature that fails.
    if let Some(proved) = given.clone().find(|issuer| vek.is_proved_by(issuer) && signed(issuer)) {
        return Ok(proved);
    }
    let pinned =
        iter::once_with(|| pinned(&candidate.vek, endorsements, now)).flatten().filter(|known| named(known));
    let carried = carried.iter().filter(|certificate| named(certificate)).map(|certificate| {
        endorsements.known_issuer(certificate.der(), now).unwrap_or_else(|| Arc::clone(certificate))
    });
    let known = pinned.chain(carried).map(Intermediate::Known);
    let mut first = None;
    for issuer in given.chain(known).take(MAX_TRIED) {
        if signed(&issuer) {
            return Ok(issuer);
        }
        first = first.or(Some(issuer));
    }
    let issuer = || vek.issuer_common_name().unwrap_or_default().escape_debug().to_string();
    first.ok_or_else(|| VerifyError::Missing(Missing::Ask { issuer: issuer() }))
}

/// The intermediate that the program carries: no anchor, but it need not be fetched.
fn pinned(vek: &Vek, endorsements: &Endorsements, now: UnixTime) -> Option<Arc<Certificate>> {
    let name = match vek.kind {
        SigningKey::Vcek => vek.product.ask_name(),
        SigningKey::Vlek => vek.product.asvk_name(),
    };
    let der = vendor_certs::INTERMEDIATES.iter().find(|certificate| certificate.name == name)?.der;
    endorsements.known_issuer(der, now).or_else(|| Certificate::parse(der).ok().map(Arc::new))
}

/// The pinned root that issued the intermediate: of those with the issuer's name the one whose key signed it, or
/// else the first, so that the chain fails with a reason.
pub(super) fn root<'a>(intermediate: &Certificate, anchors: &'a Anchors) -> Result<&'a Anchor, SnpError> {
    let named = || {
        let amd = anchors.of(Vendor::Amd);
        amd.filter(|anchor| anchor.certificate.subject() == intermediate.issuer())
    };
    let signed = |anchor: &&Anchor| intermediate.check_signed_by(&anchor.certificate).is_ok();
    let proved = |anchor: &&Anchor| intermediate.is_proved_by(&anchor.certificate) && signed(anchor);
    named().find(proved).or_else(|| named().find(signed)).or_else(|| named().next()).ok_or_else(|| {
        SnpError::UnknownRoot {
            issuer: intermediate.issuer_common_name().unwrap_or_default().escape_debug().to_string(),
        }
    })
}

const CARRIED: &str = "carried with the evidence";
/// Signatures are tried on few certificates, whatever was given.
const MAX_TRIED: usize = 4;
/// Certificates named in one error.
const MAX_NAMED: usize = 8;
