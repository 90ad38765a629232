//! The part of verification that needs collateral: TCB info and QE identity, found, verified and compared.

use core::cmp::Reverse;

use crate::check::Fact;
use crate::dcap::collateral::Signed;
use crate::dcap::error::DcapError;
use crate::dcap::pck::PckExtension;
use crate::dcap::qe_identity::{QeEnclave, QeIdentity};
use crate::dcap::quote::Body;
use crate::dcap::steps::{self, Found, Step, Steps};
use crate::dcap::tcb::{TcbOutcome, evaluate, module_version};
use crate::dcap::tcb_info::TcbInfo;
use crate::endorsements::{Endorsement, Endorsements};
use crate::error::{Missing, VerifyError};
use crate::evidence::Tee;
use crate::sgx::EnclaveReport;
use crate::tdx::TdReport;
use crate::time::{UnixTime, Validity};
use crate::x509::{Certificate, Revocation, check_revocation};

/// What collateral is asked about; all of it verified before.
pub(super) struct Platform<'a> {
    pub(super) body: &'a Body,
    pub(super) qe: &'a EnclaveReport,
    pub(super) pck: &'a PckExtension,
}

/// Steps 9.1 to 9.5: finds the collateral that fits, verifies it under `root`, and evaluates the platform by it.
///
/// Collateral that was not given makes the TCB unknown; collateral for something else is refused.
pub(super) fn judge(
    platform: &Platform<'_>,
    endorsements: &Endorsements,
    root: &Certificate,
    now: UnixTime,
    steps: &mut Steps<'_>,
) -> Result<(TcbOutcome, Vec<Revocation>), VerifyError> {
    let mut revocations = Vec::new();

    // 9.1 Collateral for this TEE, platform model and PCE.
    let tcb_info = steps.found(&steps::TCB_INFO_FOUND, find_tcb_info(platform, endorsements, now))?;
    let qe_identity =
        steps.found(&steps::QE_IDENTITY_FOUND, find_qe_identity(platform, endorsements, now))?;

    // 9.2 Each inside its validity and signed, as received, by a TCB signing certificate under the root.
    let mut missing = None;
    let mut signers: Vec<&Endorsement<Certificate>> = Vec::new();
    for item in [tcb_info.as_ref().map(Item::of_tcb_info), qe_identity.as_ref().map(Item::of_qe_identity)] {
        match item {
            Ok(item) => match item.verify(endorsements, root, now, steps)? {
                Some(signer) if signers.iter().any(|known| known.id == signer.id) => {}
                Some(signer) => signers.push(signer),
                None => missing = missing.or(Some(Missing::TcbSigner)),
            },
            Err(absent) => missing = missing.or_else(|| Some(absent.clone())),
        }
    }

    // 9.3 No signer is revoked by the root's CRL.
    for signer in signers {
        let crls = endorsements.crls().iter();
        let state = check_revocation("tcb-signer", &signer.value, root, crls, now, steps.trail)
            .map_err(|source| DcapError::Certificate { role: "tcb-signer", source });
        revocations.push(state?);
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
    let tcb = evaluate(&tcb_info.value, qe_level, platform.pck, td);
    Ok((TcbOutcome::Evaluated(Box::new(tcb)), revocations))
}

fn find_tcb_info<'e>(
    platform: &Platform<'_>,
    endorsements: &'e Endorsements,
    now: UnixTime,
) -> Result<Found<'e, TcbInfo>, VerifyError> {
    let (tee, pck) = (tee_of(platform.body), platform.pck);
    let fits = |info: &TcbInfo| (info.tee(), info.fmspc(), info.pce_id()) == (tee, pck.fmspc, pck.pce_id);
    let rank = |info: &TcbInfo| (info.validity(), info.evaluation_number());
    let wanted = || Missing::TcbInfo { tee: tee.as_str(), fmspc: hex::encode(pck.fmspc) };
    let describe =
        |info: &TcbInfo| format!("TCB info for {} and FMSPC {}", info.tee(), hex::encode(info.fmspc()));
    choose(endorsements.tcb_infos(), fits, rank, wanted, describe, now)
}

fn find_qe_identity<'e>(
    platform: &Platform<'_>,
    endorsements: &'e Endorsements,
    now: UnixTime,
) -> Result<Found<'e, QeIdentity>, VerifyError> {
    let tee = tee_of(platform.body);
    let rank = |identity: &QeIdentity| (identity.validity(), identity.evaluation_number());
    let wanted = || Missing::QeIdentity { tee: tee.as_str() };
    let describe = |identity: &QeIdentity| format!("QE identity for {}", identity.tee());
    choose(endorsements.qe_identities(), |identity| identity.tee() == tee, rank, wanted, describe, now)
}

/// Of several that fit: one inside its validity before one that is not, then the highest evaluation number, the
/// latest issue, the first given. The outcome depends on what was given and `now` alone, never on an order of use.
fn choose<'e, T>(
    given: &'e [Endorsement<T>],
    fits: impl Fn(&T) -> bool,
    rank: impl Fn(&T) -> (Validity, u32),
    wanted: impl Fn() -> Missing,
    describe: impl Fn(&T) -> String,
    now: UnixTime,
) -> Result<Found<'e, T>, VerifyError> {
    let best = given.iter().filter(|item| fits(&item.value)).max_by_key(|item| {
        let (validity, number) = rank(&item.value);
        (validity.contains(now), number, validity.not_before, Reverse(item.id))
    });
    match best {
        Some(item) => Ok(Ok(item)),
        None if given.is_empty() => Ok(Err(wanted())),
        None => {
            let name = |item: &Endorsement<T>| format!("{} ({})", item.name, describe(&item.value));
            let given = given.iter().take(MAX_NAMED).map(name).collect();
            Err(VerifyError::Unfitting { wanted: wanted(), given })
        }
    }
}

const fn tee_of(body: &Body) -> Tee {
    match body {
        Body::Sgx(_) => Tee::Sgx,
        Body::Tdx(_) => Tee::Tdx,
    }
}

/// What the two kinds of collateral have in common.
struct Item<'e> {
    what: &'static str,
    id: usize,
    validity: Validity,
    validity_step: &'static Step,
    signature_step: &'static Step,
    signed: &'e Signed,
}

impl<'e> Item<'e> {
    fn of_tcb_info(item: &&'e Endorsement<TcbInfo>) -> Self {
        let value = &item.value;
        Self {
            what: "TCB info",
            id: item.id,
            validity: value.validity(),
            validity_step: &steps::TCB_INFO_VALIDITY,
            signature_step: &steps::TCB_INFO_SIGNATURE,
            signed: value.signed(),
        }
    }

    fn of_qe_identity(item: &&'e Endorsement<QeIdentity>) -> Self {
        let value = &item.value;
        Self {
            what: "QE identity",
            id: item.id,
            validity: value.validity(),
            validity_step: &steps::QE_IDENTITY_VALIDITY,
            signature_step: &steps::QE_IDENTITY_SIGNATURE,
            signed: value.signed(),
        }
    }

    /// Validity and signature. `None` where no TCB signing certificate was given.
    fn verify<'s>(
        &self,
        endorsements: &'s Endorsements,
        root: &Certificate,
        now: UnixTime,
        steps: &mut Steps<'_>,
    ) -> Result<Option<&'s Endorsement<Certificate>>, DcapError> {
        let (what, validity) = (self.what, self.validity);
        steps.trail.used(self.id);
        let span = Fact::List(vec![validity.not_before.into(), validity.not_after.into()]);
        let inside = if validity.contains(now) {
            Ok(())
        } else {
            Err(DcapError::CollateralValidity { what, validity, now })
        };
        steps.compare(self.validity_step, span, now, inside)?;

        let Some(signer) = self.signer(endorsements, root, now) else { return Ok(None) };
        let expected = "signed, as received, by Intel's TCB signing certificate under the pinned root";
        let signer = steps.rule(self.signature_step, expected, signer)?;
        steps.trail.used(signer.id);
        Ok(Some(signer))
    }

    /// The first TCB signing certificate under `root`, inside its validity, whose key signed this; else the last
    /// failure; `None` if none was given.
    fn signer<'s>(
        &self,
        endorsements: &'s Endorsements,
        root: &Certificate,
        now: UnixTime,
    ) -> Option<Result<&'s Endorsement<Certificate>, DcapError>> {
        let mut failure = None;
        for signer in endorsements.certificates() {
            let certificate = &signer.value;
            if certificate.subject_common_name() != Some(TCB_SIGNER_NAME) {
                continue;
            }
            let outcome = certificate
                .check_valid_at(now)
                .and_then(|()| certificate.check_end_entity())
                .and_then(|()| certificate.check_signed_by(root))
                .map_err(|source| DcapError::Certificate { role: "tcb-signer", source })
                .and_then(|()| {
                    self.signed
                        .check(certificate.public_key())
                        .map_err(|source| DcapError::CollateralSignature { what: self.what, source })
                });
            match outcome {
                Ok(()) => return Some(Ok(signer)),
                Err(error) => failure = Some(Err(error)),
            }
        }
        failure
    }
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
    let fields: [(&'static str, &[u8], &[u8]); 2] = [
        ("mr_signer_seam", &wanted.mr_signer, &td.mr_signer_seam),
        ("seam_attributes", &wanted.attributes, &attributes),
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

/// Common name of the certificate that signs TCB info and identities (Intel PCS API, "TCB-Info-Issuer-Chain").
const TCB_SIGNER_NAME: &str = "Intel SGX TCB Signing";
/// Names of unfitting endorsements in one error.
const MAX_NAMED: usize = 8;
