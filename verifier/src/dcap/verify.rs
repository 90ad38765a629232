//! The one function that makes a [`VerifiedQuote`].

use crate::anchors::{AnchorUse, Anchors};
use crate::check::{Fact, Trail};
use crate::crypto::{PublicKey, Signature, SignatureAlgorithm, sha256};
use crate::dcap::chain::PckChain;
use crate::dcap::error::DcapError;
use crate::dcap::facts::Facts;
use crate::dcap::judge::{Platform, judge};
use crate::dcap::pck::{PckExtension, SGX_EXTENSION};
use crate::dcap::quote::{Body, Quote};
use crate::dcap::select::Search;
use crate::dcap::steps::{self, Steps};
use crate::dcap::tcb::TcbOutcome;
use crate::endorsements::{Endorsements, MachineId};
use crate::error::VerifyError;
use crate::event_log::{self, EventLog};
use crate::expected::{Expect, Expected};
use crate::time::UnixTime;
use crate::verify::check_bindings;
use crate::x509::{Revocation, check_revocation};

/// A quote whose chain, signatures and bindings held. Made by [`verify`] alone.
#[derive(Clone, Debug)]
pub struct VerifiedQuote {
    facts: Facts,
    tcb: TcbOutcome,
    anchor: AnchorUse,
    revocations: Vec<Revocation>,
}

impl VerifiedQuote {
    /// What the quote says.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The TCB as Intel's collateral judges it, or which collateral is missing.
    pub const fn tcb(&self) -> &TcbOutcome {
        &self.tcb
    }

    /// The pinned root at which the chains end.
    pub const fn anchor(&self) -> &AnchorUse {
        &self.anchor
    }

    /// What is known of the revocation of each certificate that was relied on.
    pub fn revocations(&self) -> &[Revocation] {
        &self.revocations
    }
}

/// Verifies `quote` at the instant `now`, up to one of `anchors`.
///
/// Nothing inside the quote is trusted for being there; what it carries is believed step by step. Collateral is
/// judged where it was given: without it the quote is genuine and its TCB unknown. Debug bits, attributes and
/// measurements are reported and not judged. An event log of a TD must be the one of its registers.
pub fn verify(
    quote: &Quote<'_>,
    event_log: Option<&EventLog<'_>>,
    endorsements: &Endorsements,
    anchors: &Anchors,
    expected: &Expected,
    now: UnixTime,
    trail: &mut Trail,
) -> Result<VerifiedQuote, VerifyError> {
    let mut steps = Steps::new(quote.tee(), trail);
    let certification = &quote.certification;

    // 1. PCK certificate and CA, as the quote brings them.
    let found = PckChain::find(certification.pck_chain, endorsements, anchors, now);
    let chain =
        steps.rule(&steps::PCK_CHAIN, "one PCK certificate and its Processor or Platform CA", found)?;

    // 2. The CA under a pinned root, the PCK under the CA, all three inside their validity.
    let root = steps.rule(&steps::PCK_ANCHOR, "PCK CA signed by a pinned root", chain.anchor(anchors))?;
    steps.rule(&steps::PCK_SIGNATURE, "PCK certificate signed by the PCK CA", chain.check_leaf())?;
    let validity = chain.leaf.validity();
    let span = Fact::List(vec![validity.not_before.into(), validity.not_after.into()]);
    steps.compare(&steps::PCK_VALIDITY, span, now, chain.check_valid_at(&root.certificate, now))?;

    endorsements.remember_issuer(&chain.ca, now);

    // 3. Which platform the PCK certificate speaks of.
    let pck = steps.rule(&steps::PCK_EXTENSION, "one well-formed SGX extension", extension(&chain))?;

    // 4. Neither is revoked by a CRL at hand. What the CRLs cannot say is kept for the appraisal.
    let (ca, leaf) = (&chain.ca, &chain.leaf);
    let mut revocations = Vec::with_capacity(3);
    for (role, certificate, issuer) in [("pck-ca", &**ca, &root.certificate), ("pck", &**leaf, &**ca)] {
        let crls = endorsements.crls().iter();
        let state = check_revocation(role, certificate, issuer, crls, now, steps.trail);
        revocations.push(state.map_err(|source| DcapError::Certificate { role, source })?);
    }

    // 5. The PCK vouches for the quoting enclave.
    let signature = Signature::EcdsaFixed(certification.qe_report_signature);
    let signed = leaf.public_key().verify(ALGORITHM, certification.qe_report_bytes, signature);
    steps.rule(
        &steps::QE_SIGNATURE,
        "QE report signed by the PCK",
        signed.map_err(DcapError::QeReportSignature),
    )?;

    // 6. The quoting enclave vouches for the attestation key.
    check_qe_binding(quote, &mut steps)?;

    // 7. The attestation key vouches for header and body, as received.
    let signed = PublicKey::p256(quote.attestation_key)
        .and_then(|key| key.verify(ALGORITHM, quote.signed, Signature::EcdsaFixed(quote.signature)))
        .map_err(DcapError::QuoteSignature);
    steps.rule(&steps::QUOTE_SIGNATURE, "header and body signed by the attestation key", signed)?;

    // 8. The body is bound to what the caller expects.
    let (report_data, host_data) = (quote.body.report_data(), quote.body.host_data());
    let ids = match quote.body {
        Body::Sgx(_) => &steps::SGX_BINDINGS,
        Body::Tdx(_) => &steps::TDX_BINDINGS,
    };
    check_bindings(ids, report_data, host_data, expected, steps.trail)?;

    // 9. The event log is what the registers were extended with. An enclave has none.
    let event_log = match &quote.body {
        Body::Tdx(report) => event_log::replay(event_log, &report.rtmr, steps.trail),
        Body::Sgx(_) => Ok(None),
    };
    let event_log = event_log.map_err(VerifyError::EventLog)?;

    // 10. Intel's collateral, verified under the same root, judges platform, TDX module and quoting enclave.
    let platform = Platform { body: &quote.body, qe: &certification.qe_report, pck: &pck };
    let search = Search { endorsements, root: &root.certificate, now };
    let (tcb, signers) = judge(&platform, &search, &mut steps)?;
    revocations.extend(signers);

    // 11. Everything held, and answers the caller: the machine is known from now on, and its certificate need not be
    //     verified again.
    if matches!(expected.report_data, Expect::Equals(_)) {
        endorsements.remember_leaf(MachineId::Platform(pck.ppid), leaf, now);
    }

    let facts = Facts {
        quote_version: quote.header.version,
        qe_svn: quote.header.qe_svn,
        pce_svn: quote.header.pce_svn,
        user_data: quote.header.user_data,
        body: quote.body.clone(),
        qe: (*certification.qe_report).clone(),
        pck,
        pck_ca: chain.ca_kind,
        pck_serial: leaf.serial().to_vec(),
        trailing: quote.trailing(),
        event_log,
    };
    Ok(VerifiedQuote { facts, tcb, anchor: root.used(), revocations })
}

fn extension(chain: &PckChain) -> Result<PckExtension, DcapError> {
    let value = chain.leaf.extension(&SGX_EXTENSION).ok_or(DcapError::PckLeaves { actual: 0 })?;
    PckExtension::parse(value).map_err(DcapError::PckExtension)
}

/// The QE report's data is SHA-256 of the attestation key and the authentication data, then 32 zeros.
fn check_qe_binding(quote: &Quote<'_>, steps: &mut Steps<'_>) -> Result<(), DcapError> {
    let auth_data = quote.certification.qe_auth_data;
    let digest = sha256(&[quote.attestation_key.as_slice(), auth_data].concat());
    let mut expected = [0; 64];
    for (byte, digest) in expected.iter_mut().zip(digest) {
        *byte = digest;
    }
    let actual = quote.certification.qe_report.report_data;
    let outcome = if expected == actual {
        Ok(())
    } else {
        Err(DcapError::QeReportData { expected: Box::new(expected), actual: Box::new(actual) })
    };
    steps.compare(&steps::QE_BINDING, expected, actual, outcome)
}

const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::EcdsaP256Sha256;

#[cfg(test)]
mod tests;
