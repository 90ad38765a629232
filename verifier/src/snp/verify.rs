//! From a report to verified facts: one numbered walk.

use std::sync::Arc;

use super::candidates::{self, Candidate, Intermediate};
use super::endorsed;
use super::endorsement::is_zero;
use super::error::SnpError;
use super::facts::{Endorsed, Facts, Tcbs, VerifiedSnp};
use super::product::{Product, SigningKey};
use super::report::Report;
use super::tcb::Tcb;
use crate::anchors::{Anchor, Anchors};
use crate::check::{Fact, Outcome, Trail};
use crate::crypto::{Signature, SignatureAlgorithm};
use crate::endorsements::{Endorsements, MachineId};
use crate::error::VerifyError;
use crate::expected::{Expect, Expected};
use crate::time::UnixTime;
use crate::verify::{BindingIds, check_bindings};
use crate::x509::{Certificate, Revocation, RevocationState, X509Error, check_revocation};

/// Verifies a report: who signed it, by which chain, for which chip and TCB, and what it is bound to.
///
/// `carried` came with the evidence: endorsements from an untrusted courier, never anchors; an ARK among them is
/// not looked at. Nothing is judged here: debug, VMPL, policy and platform bits become facts.
///
/// Which certificate to verify with is picked by what certificates say (step 5); steps 6 to 15 then prove it.
pub fn verify(
    report: &Report<'_>,
    carried: &[Arc<Certificate>],
    endorsements: &Endorsements,
    anchors: &Anchors,
    expected: &Expected,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<VerifiedSnp, VerifyError> {
    // 1. A version whose layout is known; the parser refuses others.
    trail.pass("snp.report.version", REPORT, "2 to 5", report.version);

    // 2. ECDSA P-384 with SHA-384 is the only algorithm there is.
    let actual = report.signature_algorithm;
    trail
        .step("snp.report.signature-algorithm", REPORT, ECDSA_P384, actual, actual == ECDSA_P384, || {
            SnpError::SignatureAlgorithm { expected: ECDSA_P384, actual }
        })
        .map_err(VerifyError::Snp)?;

    // 3. Signed at all, and by a kind of key that is known.
    let signing_key = SigningKey::from_field(report.signing_key);
    let expected_keys = "0 (VCEK) or 1 (VLEK)";
    let (actual, known) = (report.signing_key, signing_key.is_some());
    let unknown_key = || VerifyError::Snp(SnpError::SigningKey { actual });
    trail.step("snp.report.signing-key", REPORT, expected_keys, actual, known, unknown_key)?;
    let signing_key = signing_key.ok_or_else(unknown_key)?;

    // 4. A processor that is known, where the report names it.
    check_processor(report, trail)?;

    // What came along and was verified before need not be verified again.
    let known =
        |one: &Arc<Certificate>| endorsements.known_leaf(one.der(), now).unwrap_or_else(|| Arc::clone(one));
    let carried: &[Arc<Certificate>] = &carried.iter().map(known).collect::<Vec<_>>();

    // 5. A VCEK or VLEK certificate that says it is for this chip and TCB.
    let found = candidates::candidates(report, signing_key, carried, endorsements, now);
    let wanted = candidates::missing(report, signing_key).to_string();
    let names = match &found {
        Ok(found) => Fact::List(found.iter().map(|one| Fact::from(one.name.to_owned())).collect()),
        Err(VerifyError::Unfitting { given, .. }) => {
            Fact::List(given.iter().map(|one| Fact::from(one.clone())).collect())
        }
        Err(_) => Fact::None,
    };
    let outcome = if found.is_ok() { Outcome::Pass } else { Outcome::Fail };
    trail.note("snp.vek.found", VCEK_SPEC, outcome, wanted, names);

    // 6 to 15 with the first certificate that passes; if none does, the first one's reason stands.
    let mut refused = None;
    for candidate in found? {
        let mut attempt = trail.clone();
        let proof = Proof { report, candidate, carried, endorsements, anchors, expected, now };
        match proof.verify(&mut attempt) {
            Ok(verified) => {
                *trail = attempt;
                return Ok(verified);
            }
            Err(error) => refused = refused.or(Some((attempt, error))),
        }
    }
    match refused {
        Some((attempt, error)) => {
            *trail = attempt;
            Err(error)
        }
        // Never: step 5 gives at least one.
        None => Err(VerifyError::Missing(candidates::missing(report, signing_key))),
    }
}

/// Everything that the proof of one report by one certificate needs.
struct Proof<'a, 'r> {
    report: &'a Report<'r>,
    candidate: Candidate<'a>,
    carried: &'a [Arc<Certificate>],
    endorsements: &'a Endorsements,
    anchors: &'a Anchors,
    expected: &'a Expected,
    now: UnixTime,
}

impl Proof<'_, '_> {
    fn verify(self, trail: &mut Trail) -> Result<VerifiedSnp, VerifyError> {
        let Self { report, candidate, carried, endorsements, anchors, expected, now } = self;
        let Candidate { certificate: vek_certificate, vek, id, .. } = &candidate;
        if let Some(id) = id {
            trail.used(*id);
        }

        // 6. The chain ends at a pinned root: found by name, proved by its key in step 7.
        let intermediate = candidates::intermediate(&candidate, carried, endorsements, now)?;
        if let Intermediate::Given(_, id) = intermediate {
            trail.used(id);
        }
        let issuer = intermediate.issuer_common_name().unwrap_or_default().to_owned();
        let anchor = candidates::root(&intermediate, anchors);
        let found = anchor.as_ref().map_or(Fact::None, |anchor| Fact::from(anchor.name.clone()));
        let outcome = if anchor.is_ok() { Outcome::Pass } else { Outcome::Fail };
        trail.note("snp.chain.ark", PINNED, outcome, issuer, found);
        let anchor = anchor.map_err(VerifyError::Snp)?;
        let ark = &anchor.certificate;

        // 7. The root signed the intermediate (RSASSA-PSS, RFC 5280 rights of the issuer).
        let signed = intermediate.check_signed_by(ark);
        chain_step(trail, "snp.chain.ask", "ask", &intermediate, signed)?;

        // 8. The intermediate signed the VCEK or VLEK, which is no authority itself.
        let signed = vek_certificate.check_end_entity();
        let signed = signed.and_then(|()| vek_certificate.check_signed_by(&intermediate));
        chain_step(trail, "snp.chain.vek", "vek", vek_certificate, signed)?;

        // 9. All three are valid now.
        check_validity(ark, &intermediate, vek_certificate, now, trail)?;
        remember(&intermediate, endorsements, now);

        // 10. The root's CRL does not list the intermediate; AMD revokes no VCEK or VLEK by list.
        let revocations = check_revocations(&intermediate, anchor, endorsements, now, trail)?;

        // 11. The certificate is for this product, this TCB and this chip.
        check_endorsement(report, &candidate, trail)?;
        let tcbs = tcbs(report, vek.product, trail)?;

        // 12. The key of the certificate signed the report, byte for byte as received.
        let signature = report.signature();
        let key = vek_certificate.public_key();
        let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
        let signed = key.verify(algorithm, report.signed, Signature::EcdsaFixed(&signature));
        let actual = signed.as_ref().map_or_else(ToString::to_string, |()| "a valid signature".to_owned());
        let wanted = "ECDSA P-384 with SHA-384 over the first 0x2A0 bytes";
        let outcome = if signed.is_ok() { Outcome::Pass } else { Outcome::Fail };
        trail.note("snp.report.signature", REPORT, outcome, wanted, actual);
        signed.map_err(|error| VerifyError::Snp(SnpError::Signature(error)))?;

        // 13. The report is bound to what the caller expects.
        check_bindings(&BINDINGS, report.report_data, report.host_data, expected, trail)?;

        // 14. An ID block that was given beside it is about this guest, or is not: a fact, judged in the appraisal.
        let id_block = endorsed::id_block(report, endorsements, trail);

        // 15. Everything held: the machine is known from now on, and these are facts.
        let answers = id.is_none() && matches!(expected.report_data, Expect::Equals(_));
        let came_along = carried.iter().find(|one| answers && one.der() == vek_certificate.der());
        if let Some(leaf) = came_along {
            let key = || MachineId::Key(*leaf.public_key().id());
            let machine = vek.chip_id.clone().map_or_else(key, MachineId::Chip);
            endorsements.remember_leaf(machine, leaf, now);
        }
        let endorsed = Endorsed {
            product: vek.product,
            product_name: vek.product_name.clone(),
            csp_id: vek.csp_id.clone(),
            signing_key: vek.kind,
            vek_fingerprint: vek_certificate.fingerprint(),
            tcbs,
            id_block,
        };
        Ok(VerifiedSnp::new(Facts::new(report, endorsed), anchor.used(), revocations))
    }
}

/// Step 4. Version 2 does not name the processor: there the certificate's product decides alone.
fn check_processor(report: &Report<'_>, trail: &mut Trail) -> Result<(), VerifyError> {
    let id = "snp.report.processor";
    let Some(processor) = report.processor else {
        trail.note(id, VCEK_SPEC, Outcome::NotApplicable, Fact::None, Fact::None);
        return Ok(());
    };
    let product = Product::of(processor);
    let actual = product.map_or_else(
        || format!("family {:#04x} model {:#04x}", processor.family, processor.model),
        |product| product.to_string(),
    );
    trail.step(id, VCEK_SPEC, "milan, genoa or turin", actual, product.is_some(), || {
        VerifyError::Snp(SnpError::Processor { family: processor.family, model: processor.model })
    })
}

/// Notes one link of the chain.
fn chain_step(
    trail: &mut Trail,
    id: &'static str,
    role: &'static str,
    certificate: &Certificate,
    result: Result<(), X509Error>,
) -> Result<(), VerifyError> {
    let name = certificate.subject_common_name().unwrap_or_default().to_owned();
    let actual = match &result {
        Ok(()) => format!("{name}: issued and signed"),
        Err(error) => error.to_string(),
    };
    let wanted = certificate.issuer_common_name().unwrap_or_default().to_owned();
    let outcome = if result.is_ok() { Outcome::Pass } else { Outcome::Fail };
    trail.note(id, CHAIN, outcome, format!("issued and signed by {wanted}"), actual);
    result.map_err(|error| VerifyError::Snp(SnpError::Chain { role, error }))
}

/// Keeps an intermediate that a pinned root has just vouched for, so that its signature need not be checked again.
fn remember(intermediate: &Intermediate<'_>, endorsements: &Endorsements, now: UnixTime) {
    if let Intermediate::Known(certificate) = intermediate {
        endorsements.remember_issuer(certificate, now);
    }
}

/// Step 9.
fn check_validity(
    ark: &Certificate,
    intermediate: &Certificate,
    vek: &Certificate,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<(), VerifyError> {
    let mut windows = Vec::with_capacity(3);
    let mut outcome = Ok(());
    for (role, certificate) in [("ark", ark), ("ask", intermediate), ("vek", vek)] {
        let validity = certificate.validity();
        let window = vec![Fact::Time(validity.not_before), Fact::Time(validity.not_after)];
        windows.push((role, Fact::List(window)));
        let valid = certificate.check_valid_at(now);
        outcome = outcome.and(valid.map_err(|error| SnpError::Chain { role, error }));
    }
    let passed = if outcome.is_ok() { Outcome::Pass } else { Outcome::Fail };
    trail.note("snp.chain.validity", "RFC 5280 section 4.1.2.5", passed, Fact::Map(windows), now);
    outcome.map_err(VerifyError::Snp)
}

/// Step 10.
fn check_revocations(
    intermediate: &Certificate,
    anchor: &Anchor,
    endorsements: &Endorsements,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<Vec<Revocation>, VerifyError> {
    let crls = endorsements.crls().iter();
    let ask = check_revocation("ask", intermediate, &anchor.certificate, crls, now, trail)
        .map_err(|error| VerifyError::Snp(SnpError::Chain { role: "ask", error }))?;
    let outcome = match ask.state {
        RevocationState::Good => Outcome::Pass,
        _ => Outcome::NotChecked,
    };
    trail.note(
        "snp.revocation.ask",
        KDS_CRL,
        outcome,
        RevocationState::Good.to_string(),
        ask.state.to_string(),
    );
    Ok(vec![ask, Revocation::not_applicable("vek", "AMD supersedes VCEKs and VLEKs by TCB and revokes none")])
}

/// Step 11: what step 5 picked by, now under signatures.
fn check_endorsement(
    report: &Report<'_>,
    candidate: &Candidate<'_>,
    trail: &mut Trail,
) -> Result<(), VerifyError> {
    let vek = &candidate.vek;
    let kind = vek.kind;

    let product = vek.check_product(report);
    let reported = report.processor.and_then(Product::of);
    let actual = reported.map_or(Fact::None, |product| Fact::text(product.as_str()));
    let outcome = match (&product, report.processor) {
        (Ok(()), Some(_)) => Outcome::Pass,
        (Ok(()), None) => Outcome::NotApplicable,
        (Err(_), _) => Outcome::Fail,
    };
    trail.note("snp.vek.product", VCEK_SPEC, outcome, vek.product.as_str(), actual);
    product.map_err(VerifyError::Snp)?;

    let tcb = vek.check_tcb(report);
    let actual = Tcb::decode(vek.product, "REPORTED_TCB", report.reported_tcb)
        .map_or_else(|_| Fact::hex(report.reported_tcb), |tcb| tcb.to_string().into());
    let outcome = if tcb.is_ok() { Outcome::Pass } else { Outcome::Fail };
    trail.note("snp.vek.tcb", VCEK_SPEC, outcome, vek.tcb.to_string(), actual);
    tcb.map_err(VerifyError::Snp)?;

    let chip = vek.check_chip(report);
    let wanted = vek.chip_id.as_deref().map_or(Fact::None, Fact::hex);
    let outcome = match (&chip, kind) {
        (Err(_), _) => Outcome::Fail,
        (Ok(()), SigningKey::Vlek) => Outcome::NotApplicable,
        (Ok(()), SigningKey::Vcek) if is_zero(report.chip_id) => Outcome::NotChecked,
        (Ok(()), SigningKey::Vcek) => Outcome::Pass,
    };
    trail.note("snp.vek.chip-id", VCEK_SPEC, outcome, wanted, Fact::hex(report.chip_id));
    chip.map_err(VerifyError::Snp)
}

/// Step 11, end: all four TCB versions have the product's layout, reserved bytes zero.
fn tcbs(report: &Report<'_>, product: Product, trail: &mut Trail) -> Result<Tcbs, VerifyError> {
    let decoded = Tcb::decode(product, "REPORTED_TCB", report.reported_tcb).and_then(|reported| {
        Ok(Tcbs {
            reported,
            current: Tcb::decode(product, "CURRENT_TCB", report.current_tcb)?,
            committed: Tcb::decode(product, "COMMITTED_TCB", report.committed_tcb)?,
            launch: Tcb::decode(product, "LAUNCH_TCB", report.launch_tcb)?,
        })
    });
    let actual = decoded.as_ref().map_or_else(ToString::to_string, |_| "as laid out".to_owned());
    let outcome = if decoded.is_ok() { Outcome::Pass } else { Outcome::Fail };
    let wanted = format!("the TCB layout of {product}, reserved bytes zero");
    trail.note("snp.report.tcb-layout", "AMD 56860 section 2.2", outcome, wanted, actual);
    decoded.map_err(VerifyError::Snp)
}

const ECDSA_P384: u32 = 1;
const BINDINGS: BindingIds =
    BindingIds { report_data: "snp.binding.report-data", host_data: "snp.binding.host-data" };

const REPORT: &str = "AMD 56860 section 7.3, ATTESTATION_REPORT";
const VCEK_SPEC: &str = "AMD 57230 and 58369, VCEK and VLEK certificates";
const CHAIN: &str = "RFC 5280 section 6.1; AMD 57230, certificate chain";
const KDS_CRL: &str = "AMD 57230, CRL of the ARK; RFC 5280 section 6.3.3";
const PINNED: &str = "pinned vendor roots";
