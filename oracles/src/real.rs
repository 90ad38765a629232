//! Real evidence before `dcap-qvl`, in the form that it takes, and what it says in words that our verdict has too.

use std::path::{Path, PathBuf};

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::policy::{Policy, QuoteClaims};
use dcap_qvl::verify::QuoteVerifier;
use fixtures::{Case, Entry, Negative};
use serde_json::{Value, json};
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy as Appraisal;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use crate::peers::body_and_signature;

/// Endorsements by name.
pub type Files = Vec<(String, Vec<u8>)>;

/// Takes whatever was verified: both are compared before any policy.
struct Anything;

impl Policy for Anything {
    fn validate(&self, _: &QuoteClaims) -> anyhow::Result<()> {
        Ok(())
    }
}

/// `dcap-qvl` and our verifier under the same roots.
pub struct Both {
    theirs: QuoteVerifier,
    anchors: Anchors,
    policy: Appraisal,
}

impl Both {
    /// Under the vendors' roots and our production profile.
    pub fn under_the_vendors() -> Self {
        let anchors = Anchors::vendor().expect("the vendors' roots");
        Self::new(QuoteVerifier::new_prod(), anchors, Appraisal::default())
    }

    /// Under a minted root, which our profile is told to accept.
    pub fn under(root: &[u8]) -> Self {
        let mut anchors = Anchors::vendor().expect("the vendors' roots");
        anchors.danger_add("danger_oracle", root).expect("a minted root");
        let policy = Appraisal { danger_accept_simulated: true, ..Appraisal::default() };
        Self::new(QuoteVerifier::new(root.to_vec()), anchors, policy)
    }

    /// Debug and service TDs are to `dcap-qvl` reasons to refuse, and to us findings of the appraisal: it is told to take both.
    fn new(theirs: QuoteVerifier, anchors: Anchors, policy: Appraisal) -> Self {
        Self { theirs: theirs.allow_debug(true).allow_service_td(true), anchors, policy }
    }

    /// Asks `dcap-qvl`.
    pub fn theirs(
        &self,
        quote: &[u8],
        collateral: &QuoteCollateralV3,
        now: i64,
    ) -> Result<QuoteClaims, String> {
        let now = u64::try_from(now).map_err(|error| error.to_string())?;
        self.theirs
            .verify_with_policy(quote, collateral.clone(), now, &Anything)
            .map_err(|error| format!("{error:#}"))
    }

    /// Asks our verifier; a file that is no endorsement is without effect.
    pub fn ours(&self, evidence: &[u8], files: &Files, now: i64) -> Verdict {
        let mut endorsements = Endorsements::new();
        for (name, bytes) in files {
            endorsements.add(name, bytes).expect("it is within the limits");
        }
        let context = Context {
            endorsements: &endorsements,
            anchors: &self.anchors,
            expected: &Expected::nothing(),
            wanted: Wanted { reference_values: &Default::default(), expectations: &[] },
            policy: &self.policy,
            scope: Scope::Hardware,
        };
        assess(evidence, None, &context, UnixTime::from_secs(now))
    }
}

/// The folders of real evidence, each with its name: `fixtures/`, and what lies beside the repository, if it does.
pub fn fixture_sets() -> Vec<(&'static str, PathBuf)> {
    let extra = fixtures::extra_root();
    if extra.is_none() {
        println!("extra: SKIPPED, ../shared/fixtures/extra is not there");
    }
    std::iter::once(("registry", fixtures::registry_root()))
        .chain(extra.map(|root| ("extra", root)))
        .collect()
}

/// Evidence and endorsements of which one is mutated, with each set of endorsements that it is to be tried with, and the
/// instant.
pub fn mutations(entry: &Entry, negative: &Negative, root: &Path) -> Vec<(Vec<u8>, Files, i64)> {
    let mut cases = entry.cases();
    if let Some(collateral) = &negative.collateral {
        cases.retain(|case| case.collateral.as_ref() == Some(collateral));
    }
    let mutated = negative.mutated(root);
    let mutate = |case: &Case| {
        let (mut evidence, mut files) = (entry.evidence(root), entry.endorsements(root, case));
        if let (Some(file), Some(mutated)) = (&negative.file, &mutated) {
            match files.iter_mut().find(|(name, _)| name == file) {
                Some((_, bytes)) => bytes.clone_from(mutated),
                None => evidence.clone_from(mutated),
            }
        }
        (evidence, files, negative.at().unwrap_or(case.at).secs())
    };
    cases.iter().map(mutate).collect()
}

/// The collateral of a fixture in the form that `dcap-qvl` takes. It wants the chain of the PCK CRL's issuer, which is the CA of
/// the quote's own chain: `None` where a file is not there or the quote carries no chain.
pub fn real_collateral(quote: &[u8], files: &Files) -> Option<QuoteCollateralV3> {
    let file = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.as_slice());
    let (tcb_info, tcb_info_signature) = body_and_signature(file("tcb_info.json")?, "tcbInfo")?;
    let (qe_identity, qe_identity_signature) =
        body_and_signature(file("qe_identity.json")?, "enclaveIdentity")?;
    let signing_chain = String::from_utf8(file("tcb_signing_chain.pem")?.to_vec()).ok()?;
    Some(QuoteCollateralV3 {
        pck_crl_issuer_chain: issuers(quote)?,
        root_ca_crl: file("root_crl.der")?.to_vec(),
        pck_crl: file("pck_crl.der")?.to_vec(),
        tcb_info_issuer_chain: signing_chain.clone(),
        tcb_info,
        tcb_info_signature,
        qe_identity_issuer_chain: signing_chain,
        qe_identity,
        qe_identity_signature,
        pck_certificate_chain: None,
    })
}

/// The certificates of the chain in a quote after the first, as PEM.
fn issuers(quote: &[u8]) -> Option<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let text = String::from_utf8_lossy(quote);
    let (_, chain) = text.split_once(BEGIN)?;
    let (_, others) = chain.split_once(BEGIN)?;
    Some(format!("{BEGIN}{}", others.trim_end_matches(['\0', '\u{fffd}'])))
}

/// What `dcap-qvl` found, in the words of [`said_by_us`].
pub fn said_by_dcap_qvl(claims: &QuoteClaims) -> Value {
    let pck = &claims.platform.pck;
    // A part that nothing is known of has no date in a level; of TDX 1.5 the module is in the platform's.
    let oldest = (&claims.platform.tcb_level.tcb_date).min(&claims.qe.tcb_level.tcb_date);
    let mut advisories = claims.tcb.advisory_ids.clone();
    advisories.sort();
    advisories.dedup();
    json!({
        "status": claims.tcb.status.to_string(),
        "advisories": advisories,
        "date": oldest,
        "qe": claims.qe.tcb_level.tcb_status.to_string(),
        "fmspc": hex(&pck.fmspc),
        "ppid": hex(&pck.ppid),
        "cpu_svn": hex(&pck.cpu_svn),
        "pce_svn": pck.pce_svn,
        "pce_id": hex(&pck.pce_id),
        "platform_instance_id": pck.platform_instance_id.map(|id| hex(&id)),
        "qe_mr_enclave": hex(&claims.qe.report.mr_enclave),
        "qe_isv_svn": claims.qe.report.isv_svn,
    })
}

/// What our verdict says of the same things.
pub fn said_by_us(verdict: &Verdict) -> Value {
    let claims = serde_json::to_value(&verdict.claims).expect("claims are JSON");
    let own = &claims[verdict.tee.map_or("", |tee| tee.as_str())];
    let platform = &own["platform"];
    json!({
        "status": verdict.tcb.status,
        "advisories": verdict.tcb.advisories,
        "date": verdict.tcb.date,
        "qe": own["qe_tcb"],
        "fmspc": platform["fmspc"],
        "ppid": platform["ppid"],
        "cpu_svn": platform["cpu_svn"],
        "pce_svn": platform["pce_svn"],
        "pce_id": platform["pce_id"],
        "platform_instance_id": platform["platform_instance_id"],
        "qe_mr_enclave": own["qe"]["mr_enclave"],
        "qe_isv_svn": own["qe"]["isv_svn"],
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
