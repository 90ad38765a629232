//! Making a machine under a vendor, and the folder that it is kept in.

use rand_core::CryptoRng;

use crate::amd::{AmdVendor, Chip, Product, SigningChoice};
use crate::error::MintError;
use crate::intel::{CollateralFields, IntelMachine, IntelVendor, QuoteForm};
use crate::platform::machine::{AmdHardware, IntelHardware, Machine};
use crate::x509::pem;

/// A simulated machine, its vendor's root and its endorsements.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The hardware.
    pub machine: Machine,
    /// The vendor's simulated root, DER: what a verifier pins under a `danger_` name.
    pub root: Vec<u8>,
    /// What a verifier is given besides; the names are without meaning.
    pub endorsements: Vec<PlatformFile>,
}

/// One file of a platform's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformFile {
    /// Where it lies in the folder, with `/` between parts.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
    /// Whether it holds private keys.
    pub private: bool,
}

impl Platform {
    /// A new AMD machine under a vendor made for it alone; this takes a few seconds.
    pub fn amd(product: Product, rng: &mut impl CryptoRng, now: i64) -> Result<Self, MintError> {
        Self::under_amd(&AmdVendor::new(product, now)?, SigningChoice::Vcek, rng, now)
    }

    /// A new AMD machine under this vendor.
    pub fn under_amd(
        vendor: &AmdVendor,
        signer: SigningChoice,
        rng: &mut impl CryptoRng,
        now: i64,
    ) -> Result<Self, MintError> {
        let chip = Chip::new(vendor.product, rng);
        let endorsement = vendor.endorse(&chip, signer, now)?;
        let intermediate = vendor.issuer(signer).certificate.clone();
        let endorsements = vec![
            endorsement_file("vek.der", endorsement.clone()),
            endorsement_file("ask.der", intermediate.clone()),
            endorsement_file("ark-crl.der", vendor.crl(now)?),
        ];
        let report_version = vendor.product.report_version();
        let hardware = AmdHardware { chip, signer, report_version, endorsement, intermediate };
        let root = vendor.ark.certificate.clone();
        Ok(Self { machine: Machine::Amd(Box::new(hardware)), root, endorsements })
    }

    /// A new TDX machine under a vendor made for it alone.
    pub fn intel(form: QuoteForm, rng: &mut impl CryptoRng, now: i64) -> Result<Self, MintError> {
        let vendor = IntelVendor::new(rng, now)?;
        Self::under_intel(&vendor, IntelMachine::new(form, rng), now)
    }

    /// This machine under this vendor, up to date at `now` and for 29 days.
    pub fn under_intel(vendor: &IntelVendor, machine: IntelMachine, now: i64) -> Result<Self, MintError> {
        let collateral = CollateralFields::new(vendor, &machine, now)?.sign(vendor)?;
        let chain = vendor.pck_chain(&machine, now)?;
        let endorsements = vec![
            endorsement_file("tcb_info.json", collateral.tcb_info),
            endorsement_file("qe_identity.json", collateral.qe_identity),
            endorsement_file("tcb_signing_chain.pem", collateral.tcb_signing_chain.into_bytes()),
            endorsement_file("root_crl.der", collateral.root_crl),
            endorsement_file("pck_crl.der", collateral.pck_crl),
        ];
        let root = vendor.root.certificate.clone();
        let hardware = IntelHardware { machine, chain };
        Ok(Self { machine: Machine::Intel(Box::new(hardware)), root, endorsements })
    }

    /// The folder: `root.pem`, `root.der`, `endorsements/…` and `platform.json`, which is the hardware.
    pub fn files(&self) -> Result<Vec<PlatformFile>, MintError> {
        let mut files = vec![
            public("root.pem", pem("CERTIFICATE", &self.root).into_bytes()),
            public("root.der", self.root.clone()),
        ];
        files.extend(self.endorsements.iter().cloned());
        let content = self.machine.to_json()?;
        files.push(PlatformFile { path: MACHINE_FILE.to_owned(), content, private: true });
        Ok(files)
    }
}

/// The file of a platform's folder that is the hardware.
pub const MACHINE_FILE: &str = "platform.json";

fn endorsement_file(name: &str, content: Vec<u8>) -> PlatformFile {
    public(&format!("endorsements/{name}"), content)
}

fn public(path: &str, content: Vec<u8>) -> PlatformFile {
    PlatformFile { path: path.to_owned(), content, private: false }
}
