//! The part of verification that needs collateral: TCB info and QE identity, verified and compared.

use crate::check::Fact;
use crate::dcap::error::DcapError;
use crate::dcap::pck::PckExtension;
use crate::dcap::qe_identity::QeEnclave;
use crate::dcap::quote::Body;
use crate::dcap::select::{Collateral, Search};
use crate::dcap::steps::{self, Step, Steps};
use crate::dcap::tcb::{TcbOutcome, evaluate, module_version};
use crate::dcap::tcb_info::TcbInfo;
use crate::endorsements::Endorsement;
use crate::error::{Missing, VerifyError};
use crate::sgx::EnclaveReport;
use crate::tdx::TdReport;
use crate::x509::{Certificate, Revocation, check_revocation};

/// What collateral is asked about; all of it verified before.
pub(super) struct Platform<'a> {
    pub(super) body: &'a Body,
    pub(super) qe: &'a EnclaveReport,
    pub(super) pck: &'a PckExtension,
}

/// Steps 9.1 to 9.5: finds the collateral that fits, verifies it under the root, and evaluates the platform by it.
///
/// Collateral that was not given makes the TCB unknown; collateral for something else is refused.
pub(super) fn judge(
    platform: &Platform<'_>,
    search: &Search<'_>,
    steps: &mut Steps<'_>,
) -> Result<(TcbOutcome, Vec<Revocation>), VerifyError> {
    // 9.1 Collateral for this TEE, platform model and PCE.
    let tee = platform.body.tee();
    let tcb_info = steps.found(&steps::TCB_INFO_FOUND, search.tcb_info(tee, platform.pck))?;
    let qe_identity = steps.found(&steps::QE_IDENTITY_FOUND, search.qe_identity(tee))?;

    // 9.2 Each inside its validity and signed, as received, by a TCB signing certificate under the root.
    let mut missing = None;
    let mut signers: Vec<&Endorsement<Certificate>> = Vec::new();
    let dated = [
        tcb_info.as_ref().map(|item| item.value.dated()),
        qe_identity.as_ref().map(|item| item.value.dated()),
    ];
    for item in dated {
        match item.map(|dated| search.verify(&dated, steps)) {
            Ok(signer) => match signer? {
                Some(signer) if signers.iter().any(|known| known.id == signer.id) => {}
                Some(signer) => signers.push(signer),
                None => missing = missing.or(Some(Missing::TcbSigner)),
            },
            Err(absent) => missing = missing.or_else(|| Some(absent.clone())),
        }
    }

    // 9.3 No signer is revoked by the root's CRL.
    let mut revocations = Vec::with_capacity(signers.len());
    for signer in signers {
        let (role, crls) = ("tcb-signer", search.endorsements.crls().iter());
        let state = check_revocation(role, &signer.value, search.root, crls, search.now, steps.trail);
        revocations.push(state.map_err(|source| DcapError::Certificate { role, source })?);
    }
    let (Ok(tcb_info), Ok(qe_identity), None) = (&tcb_info, &qe_identity, &missing) else {
        let missing = missing.unwrap_or(Missing::TcbSigner);
        return Ok((TcbOutcome::Absent(missing), revocations));
    };

    // 9.4 The quoting enclave is Intel's, and so is the TDX module.
    check_qe(platform.qe, qe_identity.value.enclave(), steps)?;
    let td = match platform.body {
        Body::Sgx(_) => None,
        Body::Tdx(report) => Some(&**report),
    };
    if let Some(td) = td {
        check_tdx_module(td, &tcb_info.value, steps)?;
    }

    // 9.5 The levels that platform, module and enclave reach, and what they make together.
    let qe_level = qe_identity.value.level(platform.qe.isv_svn);
    let tcb = evaluate(&tcb_info.value, qe_identity.value.evaluation_number(), qe_level, platform.pck, td);
    Ok((TcbOutcome::Evaluated(Box::new(tcb)), revocations))
}

/// The quoting enclave's report against its identity, each field under its mask.
fn check_qe(report: &EnclaveReport, wanted: &QeEnclave, steps: &mut Steps<'_>) -> Result<(), DcapError> {
    let misc_select = masked(report.misc_select, wanted.misc_select_mask);
    let attributes = masked(report.attributes, wanted.attributes_mask);
    let fields: [(&'static str, &[u8], &[u8]); 4] = [
        ("mr_signer", &wanted.mr_signer, &report.mr_signer),
        ("isv_prod_id", &wanted.isv_prod_id.to_be_bytes(), &report.isv_prod_id.to_be_bytes()),
        ("misc_select", &wanted.misc_select, &misc_select),
        ("attributes", &wanted.attributes, &attributes),
    ];
    compare_fields(&steps::QE_IDENTITY, &fields, steps, |field, expected, actual| DcapError::QeIdentity {
        field,
        expected,
        actual,
    })
}

/// The TDX module's signer and attributes, by the identity of its major version.
fn check_tdx_module(td: &TdReport, info: &TcbInfo, steps: &mut Steps<'_>) -> Result<(), DcapError> {
    let version = module_version(&td.tee_tcb_svn);
    let module = match version {
        0 => info.module(),
        version => info.module_version(version).map(|identity| &identity.module),
    };
    let known = module.ok_or(DcapError::TdxModuleUnknown { version });
    let Ok(wanted) = known else {
        return steps.rule(&steps::TDX_MODULE, "a TDX module that the TCB info knows", known.map(|_| ()));
    };
    let attributes = masked(td.seam_attributes, wanted.attributes_mask);
    // Intel's QVL asks for zeros, whatever the mask: what the mask leaves out has no meaning yet.
    let beyond = masked(td.seam_attributes, wanted.attributes_mask.map(|byte| !byte));
    let fields: [(&'static str, &[u8], &[u8]); 3] = [
        ("mr_signer_seam", &wanted.mr_signer, &td.mr_signer_seam),
        ("seam_attributes", &wanted.attributes, &attributes),
        ("seam_attributes_beyond_mask", &[0; 8], &beyond),
    ];
    compare_fields(&steps::TDX_MODULE, &fields, steps, |field, expected, actual| DcapError::TdxModule {
        field,
        expected,
        actual,
    })
}

/// Compares named fields, notes them all as one check, and fails with the first that differs.
fn compare_fields(
    step: &Step,
    fields: &[(&'static str, &[u8], &[u8])],
    steps: &mut Steps<'_>,
    error: impl FnOnce(&'static str, Vec<u8>, Vec<u8>) -> DcapError,
) -> Result<(), DcapError> {
    let wanted = fields.iter().map(|(name, wanted, _)| (*name, Fact::hex(wanted))).collect();
    let found = fields.iter().map(|(name, _, found)| (*name, Fact::hex(found))).collect();
    let differing = fields.iter().find(|(_, wanted, found)| wanted != found);
    let outcome =
        differing.map_or(Ok(()), |(name, wanted, found)| Err(error(name, wanted.to_vec(), found.to_vec())));
    steps.compare(step, Fact::Map(wanted), Fact::Map(found), outcome)
}

fn masked<const N: usize>(mut value: [u8; N], mask: [u8; N]) -> [u8; N] {
    for (byte, mask) in value.iter_mut().zip(mask) {
        *byte &= mask;
    }
    value
}
