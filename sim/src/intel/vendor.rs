//! Intel's hierarchy under a root made anew: root → PCK CAs and TCB signing, PCK CAs → PCK certificates.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::asn1 as write;
use crate::error::MintError;
use crate::intel::{IntelMachine, oid};
use crate::keys::{IssuerKey, P256Key};
use crate::x509::{
    Authority, CertificateFields, CrlFields, Extension, authority_key_identifier, basic_constraints,
    crl_distribution_point, crl_number, key_identifier, key_usage, name, pem, subject_key_identifier,
};
use crate::x509::{COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, STATE};

/// Intel's authorities.
#[derive(Debug)]
pub struct IntelVendor {
    /// Intel SGX Root CA, self-signed.
    pub root: Authority<P256Key>,
    /// Intel SGX PCK Platform CA: multi-package platforms.
    pub platform_ca: Authority<P256Key>,
    /// Intel SGX PCK Processor CA: single-package platforms.
    pub processor_ca: Authority<P256Key>,
    /// Intel SGX TCB Signing: TCB info and enclave identities.
    pub tcb_signer: Authority<P256Key>,
}

/// Which authority certifies a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PckCa {
    /// Intel SGX PCK Platform CA.
    Platform,
    /// Intel SGX PCK Processor CA.
    Processor,
}

impl IntelVendor {
    /// New authorities: the root is valid for 32 years, eight of them before `now`.
    pub fn new(rng: &mut impl CryptoRng, now: i64) -> Result<Self, MintError> {
        let [root_key, platform_key, processor_key, signer_key] = [(); 4].map(|()| P256Key::generate(rng));
        let root = Authority::root(root_fields(root_key.spki(), now), root_key)?;
        let platform = ca_fields(&root.fields, PckCa::Platform, platform_key.spki(), now);
        let platform_ca = Authority::under(&root.key, platform, platform_key)?;
        let processor = ca_fields(&root.fields, PckCa::Processor, processor_key.spki(), now);
        let processor_ca = Authority::under(&root.key, processor, processor_key)?;
        let signer = signer_fields(&root.fields, signer_key.spki(), now);
        let tcb_signer = Authority::under(&root.key, signer, signer_key)?;
        Ok(Self { root, platform_ca, processor_ca, tcb_signer })
    }

    /// The authority that certifies platforms of this kind.
    pub const fn pck_ca(&self, ca: PckCa) -> &Authority<P256Key> {
        match ca {
            PckCa::Platform => &self.platform_ca,
            PckCa::Processor => &self.processor_ca,
        }
    }

    /// The fields of a machine's PCK certificate, to be signed with the key of [`Self::pck_ca`].
    pub fn pck_fields(&self, machine: &IntelMachine, now: i64) -> Result<CertificateFields, MintError> {
        pck_fields(&self.pck_ca(machine.ca).fields, machine, machine.pck.spki(), now)
    }

    /// The PEM chain of a machine as its quotes carry it: PCK, CA, root, and a final zero byte.
    pub fn pck_chain(&self, machine: &IntelMachine, now: i64) -> Result<String, MintError> {
        let ca = self.pck_ca(machine.ca);
        let leaf = self.pck_fields(machine, now)?.sign(&ca.key)?;
        Ok(self.pck_chain_with(machine.ca, &leaf))
    }

    /// The PEM chain with this leaf, whatever it is.
    pub fn pck_chain_with(&self, ca: PckCa, leaf: &[u8]) -> String {
        let mut chain = pem_chain(&[leaf, &self.pck_ca(ca).certificate, &self.root.certificate]);
        chain.push('\0');
        chain
    }

    /// The PEM chain of whoever signs the collateral: signer, root.
    pub fn tcb_signing_chain(&self) -> String {
        pem_chain(&[&self.tcb_signer.certificate, &self.root.certificate])
    }

    /// The fields of the root's CRL: made 30 days before `now`, due in 335 days.
    pub fn root_crl_fields(&self, now: i64) -> CrlFields {
        crl_fields(&self.root.fields, now - 30 * DAY, now + 335 * DAY)
    }

    /// The fields of a PCK CA's CRL: made a day before `now`, due in 29 days.
    pub fn pck_crl_fields(&self, ca: PckCa, now: i64) -> CrlFields {
        crl_fields(&self.pck_ca(ca).fields, now - DAY, now + 29 * DAY)
    }
}

impl PckCa {
    /// The name in PCS addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Processor => "processor",
        }
    }

    const fn common_name(self) -> &'static str {
        match self {
            Self::Platform => "Intel SGX PCK Platform CA",
            Self::Processor => "Intel SGX PCK Processor CA",
        }
    }
}

pub(super) fn pck_fields(
    ca: &CertificateFields,
    machine: &IntelMachine,
    spki: Vec<u8>,
    now: i64,
) -> Result<CertificateFields, MintError> {
    let url = format!(
        "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca={}&encoding=der",
        machine.ca.id()
    );
    let extensions = vec![
        authority_key_identifier(&key_identifier(&ca.spki)),
        crl_distribution_point(&url),
        subject_key_identifier(&key_identifier(&spki)),
        key_usage(6, 0xc0),
        basic_constraints(false, None),
        machine.extension.encode()?,
    ];
    let subject = intel_name("Intel SGX PCK Certificate");
    Ok(fields(ca.subject.clone(), subject, spki, extensions, now - 30 * DAY, now + 7 * YEAR))
}

pub(super) fn root_fields(spki: Vec<u8>, now: i64) -> CertificateFields {
    let subject = intel_name("Intel SGX Root CA");
    let extensions = root_extensions(&spki, &spki, key_usage(1, 0x06), basic_constraints(true, Some(1)));
    fields(subject.clone(), subject, spki, extensions, now - 8 * YEAR, now + 24 * YEAR)
}

pub(super) fn ca_fields(root: &CertificateFields, ca: PckCa, spki: Vec<u8>, now: i64) -> CertificateFields {
    let constraints = basic_constraints(true, Some(0));
    let extensions = root_extensions(&spki, &root.spki, key_usage(1, 0x06), constraints);
    let (issuer, subject) = (root.subject.clone(), intel_name(ca.common_name()));
    fields(issuer, subject, spki, extensions, now - 8 * YEAR, now + 7 * YEAR)
}

pub(super) fn signer_fields(root: &CertificateFields, spki: Vec<u8>, now: i64) -> CertificateFields {
    let extensions = root_extensions(&spki, &root.spki, key_usage(6, 0xc0), basic_constraints(false, None));
    let (issuer, subject) = (root.subject.clone(), intel_name("Intel SGX TCB Signing"));
    fields(issuer, subject, spki, extensions, now - YEAR, now + 6 * YEAR)
}

/// The extensions of what the root signs, in the order of Intel's certificates.
fn root_extensions(spki: &[u8], issuer_spki: &[u8], usage: Extension, ca: Extension) -> Vec<Extension> {
    vec![
        authority_key_identifier(&key_identifier(issuer_spki)),
        crl_distribution_point("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"),
        subject_key_identifier(&key_identifier(spki)),
        usage,
        ca,
    ]
}

fn fields(
    issuer: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    extensions: Vec<Extension>,
    not_before: i64,
    not_after: i64,
) -> CertificateFields {
    CertificateFields {
        // Intel's serial numbers are the key identifiers.
        serial: key_identifier(&spki).to_vec(),
        tbs_algorithm: ecdsa_algorithm(),
        algorithm: ecdsa_algorithm(),
        issuer,
        not_before,
        not_after,
        subject,
        spki,
        extensions,
    }
}

pub(super) fn crl_fields(issuer: &CertificateFields, this_update: i64, next_update: i64) -> CrlFields {
    CrlFields {
        tbs_algorithm: ecdsa_algorithm(),
        algorithm: ecdsa_algorithm(),
        issuer: issuer.subject.clone(),
        this_update,
        next_update: Some(next_update),
        revoked: Vec::new(),
        extensions: vec![crl_number(1), authority_key_identifier(&key_identifier(&issuer.spki))],
    }
}

fn ecdsa_algorithm() -> Vec<u8> {
    write::sequence([write::oid(&oid::ECDSA_SHA256)])
}

fn intel_name(common_name: &str) -> Vec<u8> {
    name(&[
        (COMMON_NAME, common_name),
        (ORGANIZATION, "Intel Corporation"),
        (LOCALITY, "Santa Clara"),
        (STATE, "CA"),
        (COUNTRY, "US"),
    ])
}

fn pem_chain(certificates: &[&[u8]]) -> String {
    certificates.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds of a year of 365 days.
const YEAR: i64 = 365 * DAY;
