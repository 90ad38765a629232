//! Everything that judges a machine's quotes, as fields and as signed objects.

use crate::error::MintError;
use crate::intel::{IntelMachine, IntelVendor, PckCa, QeIdentityFields, TcbInfoFields};
use crate::x509::CrlFields;

/// The collateral of one machine before it is signed; a test changes one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralFields {
    /// Which CA's CRL is among it.
    pub ca: PckCa,
    /// The TCB info.
    pub tcb_info: TcbInfoFields,
    /// The quoting enclave's identity.
    pub qe_identity: QeIdentityFields,
    /// The root's CRL.
    pub root_crl: CrlFields,
    /// The PCK CA's CRL.
    pub pck_crl: CrlFields,
}

/// The collateral of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// The TCB info, JSON as the service answers.
    pub tcb_info: Vec<u8>,
    /// The quoting enclave's identity, JSON as the service answers.
    pub qe_identity: Vec<u8>,
    /// Who signed them, and the root, PEM.
    pub tcb_signing_chain: String,
    /// The root's CRL, DER.
    pub root_crl: Vec<u8>,
    /// The PCK CA's CRL, DER.
    pub pck_crl: Vec<u8>,
}

impl CollateralFields {
    /// The collateral under which this machine is up to date at `now`.
    pub fn new(vendor: &IntelVendor, machine: &IntelMachine, now: i64) -> Result<Self, MintError> {
        Ok(Self {
            ca: machine.ca,
            tcb_info: TcbInfoFields::new(machine, now)?,
            qe_identity: QeIdentityFields::new(machine, now)?,
            root_crl: vendor.root_crl_fields(now),
            pck_crl: vendor.pck_crl_fields(machine.ca, now),
        })
    }

    /// Signs each object with the key of its authority.
    pub fn sign(&self, vendor: &IntelVendor) -> Result<Collateral, MintError> {
        Ok(Collateral {
            tcb_info: self.tcb_info.sign(&vendor.tcb_signer.key)?,
            qe_identity: self.qe_identity.sign(&vendor.tcb_signer.key)?,
            tcb_signing_chain: vendor.tcb_signing_chain(),
            root_crl: self.root_crl.sign(&vendor.root.key)?,
            pck_crl: self.pck_crl.sign(&vendor.pck_ca(self.ca).key)?,
        })
    }
}
