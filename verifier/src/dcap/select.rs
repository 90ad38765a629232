//! Which of the given collateral is used, and who signed it.

use core::cmp::Reverse;

use crate::check::Fact;
use crate::dcap::collateral::Signed;
use crate::dcap::error::DcapError;
use crate::dcap::pck::PckExtension;
use crate::dcap::qe_identity::QeIdentity;
use crate::dcap::steps::{self, Found, Step, Steps};
use crate::dcap::tcb_info::TcbInfo;
use crate::endorsements::{Endorsement, Endorsements};
use crate::error::{Missing, VerifyError};
use crate::evidence::Tee;
use crate::time::{UnixTime, Validity};
use crate::x509::Certificate;

/// Where collateral is looked for, under which root, and when.
pub(super) struct Search<'e> {
    pub(super) endorsements: &'e Endorsements,
    pub(super) root: &'e Certificate,
    pub(super) now: UnixTime,
}

/// What the two kinds of collateral have in common.
pub(super) struct Dated<'e> {
    what: &'static str,
    validity: Validity,
    evaluation_number: u32,
    signed: &'e Signed,
    validity_step: &'static Step,
    signature_step: &'static Step,
}

/// One of the two kinds of collateral.
pub(super) trait Collateral {
    /// Its dates, its number and its signature.
    fn dated(&self) -> Dated<'_>;
    /// What it is for, in words.
    fn describe(&self) -> String;
}

impl Collateral for TcbInfo {
    fn dated(&self) -> Dated<'_> {
        Dated {
            what: "TCB info",
            validity: self.validity(),
            evaluation_number: self.evaluation_number(),
            signed: self.signed(),
            validity_step: &steps::TCB_INFO_VALIDITY,
            signature_step: &steps::TCB_INFO_SIGNATURE,
        }
    }

    fn describe(&self) -> String {
        format!("TCB info for {} and FMSPC {}", self.tee(), hex::encode(self.fmspc()))
    }
}

impl Collateral for QeIdentity {
    fn dated(&self) -> Dated<'_> {
        Dated {
            what: "QE identity",
            validity: self.validity(),
            evaluation_number: self.evaluation_number(),
            signed: self.signed(),
            validity_step: &steps::QE_IDENTITY_VALIDITY,
            signature_step: &steps::QE_IDENTITY_SIGNATURE,
        }
    }

    fn describe(&self) -> String {
        format!("QE identity for {}", self.tee())
    }
}

impl<'e> Search<'e> {
    /// TCB info for this TEE, platform model and PCE.
    pub(super) fn tcb_info(&self, tee: Tee, pck: &PckExtension) -> Result<Found<'e, TcbInfo>, VerifyError> {
        let wanted = (tee, pck.fmspc, pck.pce_id);
        let fits = |info: &TcbInfo| (info.tee(), info.fmspc(), info.pce_id()) == wanted;
        let missing = || Missing::TcbInfo { tee: tee.as_str(), fmspc: hex::encode(pck.fmspc) };
        self.choose(self.endorsements.tcb_infos(), fits, missing)
    }

    /// The identity of the enclave that signs this TEE's quotes.
    pub(super) fn qe_identity(&self, tee: Tee) -> Result<Found<'e, QeIdentity>, VerifyError> {
        let fits = |identity: &QeIdentity| identity.tee() == tee;
        let missing = || Missing::QeIdentity { tee: tee.as_str() };
        self.choose(self.endorsements.qe_identities(), fits, missing)
    }

    /// Of several that fit: one inside its validity before one that is not, then the highest evaluation number, the
    /// latest issue, the first given; and of these the first that is signed under this root, since one set may
    /// serve several roots. What is chosen depends on what was given and on the time, never on earlier choices.
    fn choose<T: Collateral>(
        &self,
        given: &'e [Endorsement<T>],
        fits: impl Fn(&T) -> bool,
        wanted: impl Fn() -> Missing,
    ) -> Result<Found<'e, T>, VerifyError> {
        let mut fitting: Vec<_> = given.iter().filter(|item| fits(&item.value)).collect();
        fitting.sort_by_key(|item| {
            let Dated { validity, evaluation_number, .. } = item.value.dated();
            Reverse((validity.contains(self.now), evaluation_number, validity.not_before, Reverse(item.id)))
        });
        match fitting.as_slice() {
            [] if given.is_empty() => Ok(Err(wanted())),
            [] => {
                let name = |item: &Endorsement<T>| format!("{} ({})", item.name, item.value.describe());
                let given = given.iter().take(MAX_NAMED).map(name).collect();
                Err(VerifyError::Unfitting { wanted: wanted(), given })
            }
            [only] => Ok(Ok(only)),
            [best, ..] => {
                let signed =
                    |item: &&&Endorsement<T>| matches!(self.signer(&item.value.dated()), Some(Ok(_)));
                Ok(Ok(fitting.iter().find(signed).unwrap_or(best)))
            }
        }
    }

    /// Validity and signature. `None` where no TCB signing certificate was given.
    pub(super) fn verify(
        &self,
        item: &Dated<'_>,
        steps: &mut Steps<'_>,
    ) -> Result<Option<&'e Endorsement<Certificate>>, DcapError> {
        let (what, validity, now) = (item.what, item.validity, self.now);
        let span = Fact::List(vec![validity.not_before.into(), validity.not_after.into()]);
        let inside = if validity.contains(now) {
            Ok(())
        } else {
            Err(DcapError::CollateralValidity { what, validity, now })
        };
        steps.compare(item.validity_step, span, now, inside)?;

        let Some(signer) = self.signer(item) else { return Ok(None) };
        let expected = "signed, as received, by Intel's TCB signing certificate under the pinned root";
        let signer = steps.rule(item.signature_step, expected, signer)?;
        steps.trail.used(signer.id);
        Ok(Some(signer))
    }

    /// The first TCB signing certificate under the root, inside its validity, whose key signed this; else the last
    /// failure; `None` if none was given.
    fn signer(&self, item: &Dated<'_>) -> Option<Result<&'e Endorsement<Certificate>, DcapError>> {
        let check = |signer: &Endorsement<Certificate>| {
            let certificate = &signer.value;
            certificate
                .check_valid_at(self.now)
                .and_then(|()| certificate.check_end_entity())
                .and_then(|()| certificate.check_signed_by(self.root))
                .map_err(|source| DcapError::Certificate { role: "tcb-signer", source })
                .and_then(|()| {
                    let signed = item.signed.check(certificate.public_key());
                    signed.map_err(|source| DcapError::CollateralSignature { what: item.what, source })
                })
        };
        // In the same order those whose key is known to have signed it: the others' cost a signature that fails. What is
        // found, and how it fails, is the same as without.
        let proved = |signer: &&Endorsement<Certificate>| item.signed.is_proved_by(signer.value.public_key());
        let mut failed = Vec::new();
        for signer in self.endorsements.tcb_signers().filter(proved) {
            match check(signer) {
                Ok(()) => return Some(Ok(signer)),
                Err(error) => failed.push((signer.id, error)),
            }
        }
        let mut failure = None;
        for signer in self.endorsements.tcb_signers() {
            let known = failed.iter().find(|(id, _)| *id == signer.id).map(|(_, error)| Err(error.clone()));
            match known.unwrap_or_else(|| check(signer)) {
                Ok(()) => return Some(Ok(signer)),
                Err(error) => failure = Some(Err(error)),
            }
        }
        failure
    }
}

/// Common name of the certificate that signs TCB info and identities (Intel PCS API, "TCB-Info-Issuer-Chain").
pub(crate) const TCB_SIGNER_NAME: &str = "Intel SGX TCB Signing";
/// Names of unfitting endorsements in one error.
const MAX_NAMED: usize = 8;
