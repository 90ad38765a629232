//! The whole trip in one call, and the verdict that people, scripts and records read.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::anchors::Anchors;
use crate::appraise::{AttestationResult, TcbReport, Wanted, appraise};
use crate::check::{Check, Fact, Trail};
use crate::endorsements::Endorsements;
use crate::error::{ParseError, VerifyError};
use crate::evidence::{Evidence, EvidenceInput, Tee};
use crate::expected::Expected;
use crate::policy::Policy;
use crate::result::trustee_claims;
use crate::time::UnixTime;
use crate::trust::{Scope, Tier, TrustVector};
use crate::verify::{VerifiedEvidence, verify};

/// Everything that a verdict depends on, but the evidence and the time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What vendors say, as far as it was given.
    pub endorsements: &'a Endorsements,
    /// Where trust starts.
    pub anchors: &'a Anchors,
    /// What the evidence must be bound to.
    pub expected: &'a Expected,
    /// What good executables look like.
    pub wanted: Wanted<'a>,
    /// What is acceptable.
    pub policy: &'a Policy,
    /// What the tier is asked of.
    pub scope: Scope,
}

/// The verdict on one piece of evidence; serialises as `vouchsafe.verify/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The name and version of this form.
    pub schema: &'static str,
    /// The instant of verification.
    pub at: UnixTime,
    /// Whose evidence it is; absent where the bytes do not tell.
    pub tee: Option<Tee>,
    /// Whether the bytes are believed.
    pub verified: bool,
    /// The tier in the asked scope.
    pub tier: Tier,
    /// The AR4SI vector.
    pub trust_vector: TrustVector,
    /// What is known of the platform's TCB.
    pub tcb: TcbReport,
    /// What the evidence says of its guest: names common to all TEEs, then the TEE's own.
    pub claims: Fact,
    /// The same facts under the names that CoCo's Trustee gives them: for attestation results, not part of this form.
    #[serde(skip)]
    pub trustee: Fact,
    /// Every check in order: verification first, then appraisal.
    pub checks: Vec<Check>,
    /// Why the evidence is not believed or could not be judged.
    pub error: Option<Failure>,
    /// The simulated root or setting under which the evidence was believed: its name begins with `danger_`.
    pub danger_anchor: Option<String>,
    /// Given, and without effect on this verdict.
    pub unused_endorsements: Vec<String>,
    /// What was asked for.
    pub enforced: Enforced,
    /// Who judged, by which roots.
    pub verifier: VerifierInfo,
}

/// The rules that a verdict followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enforced {
    /// What the tier was asked of.
    pub scope: Scope,
    /// The appraisal policy, whole.
    pub policy: Policy,
}

/// The stage and rule that ended a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where it ended.
    pub stage: Stage,
    /// The rule, in kebab-case.
    pub kind: &'static str,
    /// What a person needs to know, causes included.
    pub message: String,
}

/// The stage of the trip at which it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The bytes do not have the form of evidence.
    Parse,
    /// An endorsement is missing or none fits.
    Endorsements,
    /// A rule of verification failed.
    Verify,
}

/// Who judged, and by which roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierInfo {
    /// The version of this crate.
    pub version: &'static str,
    /// Every pinned root: name and SHA-256 of the certificate.
    pub anchors: Vec<(String, [u8; 32])>,
}

impl Serialize for VerifierInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Names<'a>(&'a [(String, [u8; 32])]);
        impl Serialize for Names<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, digest)| (name, hex::encode(digest))))
            }
        }
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("version", self.version)?;
        map.serialize_entry("anchors", &Names(&self.anchors))?;
        map.end()
    }
}

/// Parses, verifies and appraises `input` at the instant `now`. A pure function of its arguments.
pub fn assess(input: &[u8], tee: Option<Tee>, context: &Context<'_>, now: UnixTime) -> Verdict {
    assess_decoded(EvidenceInput::decode(input, tee), tee, context, now)
}

/// Parses, verifies and appraises evidence that was decoded before, or could not be. A pure function of its arguments.
pub fn assess_decoded(
    decoded: Result<EvidenceInput, ParseError>,
    tee: Option<Tee>,
    context: &Context<'_>,
    now: UnixTime,
) -> Verdict {
    let evidence = match decoded.as_ref().map_err(Clone::clone).and_then(Evidence::parse) {
        Ok(evidence) => evidence,
        Err(error) => return unparsed(&error, decoded.ok().map(|input| input.tee).or(tee), context, now),
    };
    if matches!(evidence, Evidence::Sample { .. }) && !context.policy.danger_accept_sample {
        let tee = evidence.tee();
        return unparsed(&ParseError::Unsupported(tee), Some(tee), context, now);
    }
    let mut trail = Trail::new();
    match verify(&evidence, context.endorsements, context.anchors, context.expected, now, &mut trail) {
        Err(error) => unbelieved(&error, evidence.tee(), trail, context, now),
        Ok(verified) => believed(&verified, trail, context, now),
    }
}

impl Verdict {
    /// The process exit code of `vouchsafe verify`: 0 affirming, 1 believed and not affirming, 3 not believed,
    /// 4 a needed endorsement is missing.
    pub fn exit_code(&self) -> u8 {
        match &self.error {
            Some(_) if self.endorsement_missing() => 4,
            Some(_) => 3,
            None if self.tier == Tier::Affirming => 0,
            None => 1,
        }
    }

    /// Whether the evidence may be good, and only an endorsement is wanting.
    pub fn endorsement_missing(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind.starts_with(MISSING))
    }

    /// The name of the reference values' entry that the evidence matches as a whole, where one does.
    pub fn matched_reference(&self) -> Option<&str> {
        let check = self.checks.iter().find(|check| check.id == crate::appraise::REFERENCE_VALUES)?;
        match &check.actual {
            Fact::Text(name) if check.outcome == crate::check::Outcome::Pass => Some(name),
            _ => None,
        }
    }

    /// Whether the operator has withdrawn the machine or the image ([`crate::policy::DenyPolicy`]).
    pub fn withdrawn(&self) -> bool {
        self.failed().any(|check| crate::appraise::DENIALS.contains(&check.id))
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == crate::check::Outcome::Fail)
    }
}

fn unparsed(error: &ParseError, tee: Option<Tee>, context: &Context<'_>, now: UnixTime) -> Verdict {
    let failure = Failure { stage: Stage::Parse, kind: error.kind(), message: chain(error) };
    refused(failure, tee, Trail::new(), context, now)
}

fn unbelieved(error: &VerifyError, tee: Tee, trail: Trail, context: &Context<'_>, now: UnixTime) -> Verdict {
    let stage = match error {
        VerifyError::Missing(_) | VerifyError::Unfitting { .. } => Stage::Endorsements,
        VerifyError::Snp(_) | VerifyError::Dcap(_) | VerifyError::Binding(_) | VerifyError::EventLog(_) => {
            Stage::Verify
        }
    };
    refused(Failure { stage, kind: error.kind(), message: chain(error) }, Some(tee), trail, context, now)
}

fn refused(
    failure: Failure,
    tee: Option<Tee>,
    trail: Trail,
    context: &Context<'_>,
    now: UnixTime,
) -> Verdict {
    Verdict {
        schema: SCHEMA,
        at: now,
        tee,
        verified: false,
        tier: Tier::None,
        trust_vector: TrustVector::default(),
        tcb: TcbReport::default(),
        claims: Fact::Map(Vec::new()),
        trustee: Fact::Map(Vec::new()),
        danger_anchor: None,
        unused_endorsements: context.endorsements.unused(&trail, MAX_LISTED),
        checks: trail.into_checks(),
        error: Some(failure),
        enforced: Enforced { scope: context.scope, policy: context.policy.clone() },
        verifier: verifier_info(context.anchors),
    }
}

fn believed(verified: &VerifiedEvidence, trail: Trail, context: &Context<'_>, now: UnixTime) -> Verdict {
    let result = appraise(verified, &context.wanted, context.policy, now);
    let AttestationResult { trust_vector, tcb, claims, checks: appraisal, danger_anchor } = result;
    let error = verified.missing_collateral().map(|missing| Failure {
        stage: Stage::Endorsements,
        kind: missing.missing_kind(),
        message: format!("needed and not given: {missing}"),
    });
    // Without collateral nothing is known of the TCB, and so nothing is said of the whole.
    let tier = if error.is_some() { Tier::None } else { trust_vector.tier(context.scope) };
    let unused_endorsements = context.endorsements.unused(&trail, MAX_LISTED);
    let mut checks = trail.into_checks();
    checks.extend(appraisal);
    Verdict {
        schema: SCHEMA,
        at: now,
        tee: Some(verified.tee()),
        verified: true,
        tier,
        trust_vector,
        tcb,
        claims,
        trustee: trustee_claims(verified),
        checks,
        error,
        danger_anchor,
        unused_endorsements,
        enforced: Enforced { scope: context.scope, policy: context.policy.clone() },
        verifier: verifier_info(context.anchors),
    }
}

fn verifier_info(anchors: &Anchors) -> VerifierInfo {
    let anchors =
        anchors.iter().map(|anchor| (anchor.name.clone(), anchor.certificate.fingerprint())).collect();
    VerifierInfo { version: env!("CARGO_PKG_VERSION"), anchors }
}

/// An error and its causes, joined.
fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}

const SCHEMA: &str = "vouchsafe.verify/1";
const MISSING: &str = "missing-";
/// Names of unused endorsements in one verdict; a fleet's folder holds thousands.
const MAX_LISTED: usize = 64;
