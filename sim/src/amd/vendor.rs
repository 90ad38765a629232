//! AMD's hierarchy of one product line, under a root made anew.

use crate::amd::{Chip, Product, SigningChoice};
use crate::asn1 as write;
use crate::error::MintError;
use crate::keys::IssuerKey;
use crate::rsa::RsaKey;
use crate::x509::{
    Authority, CertificateFields, CrlFields, Extension, authority_key_identifier, basic_constraints,
    crl_distribution_point, crl_number, key_identifier, key_usage, name, subject_key_identifier,
};
use crate::x509::{COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, ORGANIZATIONAL_UNIT, STATE};

/// The authorities of one product line.
///
/// Making one takes three RSA-4096 keys, a few seconds: make it once and certify many chips with it.
#[derive(Debug)]
pub struct AmdVendor {
    /// The product line.
    pub product: Product,
    /// The AMD root key, self-signed.
    pub ark: Authority<RsaKey>,
    /// The AMD SEV key, which certifies VCEKs.
    pub ask: Authority<RsaKey>,
    /// The AMD SEV VLEK key, which certifies VLEKs.
    pub asvk: Authority<RsaKey>,
}

/// How the parameters of RSASSA-PSS are written; both forms are found in AMD's certificates and mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PssEncoding {
    /// 0x39 bytes: the trailer field is written although it has its default value, which DER forbids.
    /// ARK, ASK, ASVK and older VCEKs.
    ExplicitTrailer,
    /// 0x34 bytes: the trailer field is left to its default. VLEKs, CRLs and newer VCEKs.
    DefaultTrailer,
}

impl AmdVendor {
    /// New authorities, valid from a year before `now` for 25 years.
    pub fn new(product: Product, now: i64) -> Result<Self, MintError> {
        let (ark_key, ask_key, asvk_key) = (RsaKey::generate()?, RsaKey::generate()?, RsaKey::generate()?);
        let ark = Authority::root(ark_fields(product, ark_key.spki(), now), ark_key)?;
        let ask = intermediate_fields(&ark.fields, product, "SEV", 1, ask_key.spki(), now);
        let ask = Authority::under(&ark.key, ask, ask_key)?;
        let asvk = intermediate_fields(&ark.fields, product, "SEV-VLEK", 2, asvk_key.spki(), now);
        let asvk = Authority::under(&ark.key, asvk, asvk_key)?;
        Ok(Self { product, ark, ask, asvk })
    }

    /// The authority that certifies this kind of endorsement key.
    pub const fn issuer(&self, signer: SigningChoice) -> &Authority<RsaKey> {
        match signer {
            SigningChoice::Vcek => &self.ask,
            SigningChoice::Vlek => &self.asvk,
        }
    }

    /// The fields of a chip's endorsement certificate, to be signed with the key of [`Self::issuer`].
    pub fn endorsement_fields(&self, chip: &Chip, signer: SigningChoice, now: i64) -> CertificateFields {
        endorsement_fields(self.issuer(signer).fields.subject.clone(), chip, signer, now)
    }

    /// A chip's endorsement certificate, DER.
    pub fn endorse(&self, chip: &Chip, signer: SigningChoice, now: i64) -> Result<Vec<u8>, MintError> {
        self.endorsement_fields(chip, signer, now).sign(&self.issuer(signer).key)
    }

    /// The fields of the root's CRL, made a day before `now` and due in 45 days, to be signed with the root's key.
    ///
    /// AMD revokes its intermediates there; endorsement certificates are not revoked but superseded.
    pub fn crl_fields(&self, now: i64) -> CrlFields {
        let algorithm = pss_algorithm(PssEncoding::DefaultTrailer);
        CrlFields {
            tbs_algorithm: algorithm.clone(),
            algorithm,
            issuer: self.ark.fields.subject.clone(),
            this_update: now - DAY,
            next_update: Some(now + 45 * DAY),
            revoked: Vec::new(),
            extensions: vec![authority_key_identifier(&key_identifier(&self.ark.fields.spki)), crl_number(1)],
        }
    }

    /// The root's CRL, DER.
    pub fn crl(&self, now: i64) -> Result<Vec<u8>, MintError> {
        self.crl_fields(now).sign(&self.ark.key)
    }
}

/// The AlgorithmIdentifier of RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 bytes of salt (RFC 4055 section 3.1).
pub fn pss_algorithm(encoding: PssEncoding) -> Vec<u8> {
    let sha384 = write::sequence([write::oid(&oid::SHA384), write::null()]);
    let mgf1 = write::sequence([write::oid(&oid::MGF1), sha384.clone()]);
    let mut parameters =
        vec![write::explicit(0, sha384), write::explicit(1, mgf1), write::explicit(2, write::integer(&[48]))];
    if encoding == PssEncoding::ExplicitTrailer {
        parameters.push(write::explicit(3, write::integer(&[1])));
    }
    write::sequence([write::oid(&oid::RSASSA_PSS), write::sequence(parameters)])
}

pub(super) fn endorsement_fields(
    issuer: Vec<u8>,
    chip: &Chip,
    signer: SigningChoice,
    now: i64,
) -> CertificateFields {
    let (common_name, spki, years) = match signer {
        SigningChoice::Vcek => ("SEV-VCEK", chip.vcek.spki(), 7),
        SigningChoice::Vlek => ("SEV-VLEK", chip.vlek.spki(), 1),
    };
    let algorithm = pss_algorithm(match signer {
        SigningChoice::Vcek => PssEncoding::ExplicitTrailer,
        SigningChoice::Vlek => PssEncoding::DefaultTrailer,
    });
    CertificateFields {
        serial: Vec::new(),
        tbs_algorithm: algorithm.clone(),
        algorithm,
        issuer,
        not_before: now - DAY,
        not_after: now - DAY + years * YEAR,
        subject: amd_name(common_name),
        spki,
        extensions: endorsement_extensions(chip, signer),
    }
}

pub(super) fn ark_fields(product: Product, spki: Vec<u8>, now: i64) -> CertificateFields {
    let subject = amd_name(&format!("ARK-{}", product.name()));
    let extensions = vec![
        key_usage(1, 0x06),
        subject_key_identifier(&key_identifier(&spki)),
        basic_constraints(true, None),
        crl_url(product),
    ];
    authority_fields(product, 0, subject.clone(), subject, spki, extensions, now)
}

pub(super) fn intermediate_fields(
    ark: &CertificateFields,
    product: Product,
    role: &str,
    serial: u8,
    spki: Vec<u8>,
    now: i64,
) -> CertificateFields {
    let extensions = vec![
        subject_key_identifier(&key_identifier(&spki)),
        authority_key_identifier(&key_identifier(&ark.spki)),
        basic_constraints(true, Some(0)),
        // Two bits are unused in fact, one is said to be: real ASKs are written so, against DER (X.690 section 11.2.2).
        key_usage(1, 0x04),
        crl_url(product),
    ];
    let subject = amd_name(&format!("{role}-{}", product.name()));
    authority_fields(product, serial, ark.subject.clone(), subject, spki, extensions, now)
}

fn authority_fields(
    product: Product,
    serial: u8,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    extensions: Vec<Extension>,
    now: i64,
) -> CertificateFields {
    // AMD numbers the authorities 01 00 00, 01 00 01, … for Milan, 02 …, 03 … for Genoa and Turin.
    let line = match product {
        Product::Milan => 1,
        Product::Genoa => 2,
        Product::Turin => 3,
    };
    let algorithm = pss_algorithm(PssEncoding::ExplicitTrailer);
    CertificateFields {
        serial: vec![line, 0, serial],
        tbs_algorithm: algorithm.clone(),
        algorithm,
        issuer,
        not_before: now - YEAR,
        not_after: now + 24 * YEAR,
        subject,
        spki,
        extensions,
    }
}

/// The extensions in the order of current certificates (57230 table 8, 58369 table 6).
fn endorsement_extensions(chip: &Chip, signer: SigningChoice) -> Vec<Extension> {
    let (product, tcb) = (chip.product, chip.tcb);
    let product_name = match signer {
        SigningChoice::Vcek => product.vcek_product_name(),
        SigningChoice::Vlek => product.name(),
    };
    let structure_version = if product == Product::Turin { 1 } else { 0 };
    let mut extensions = vec![
        number(oid::STRUCTURE_VERSION, structure_version),
        Extension::new(oid::PRODUCT_NAME, write::tlv(0x16, product_name)),
    ];
    if product == Product::Turin {
        extensions.push(number(oid::SPL_FMC, tcb.fmc));
    }
    extensions.push(number(oid::SPL_BOOTLOADER, tcb.bootloader));
    extensions.push(number(oid::SPL_TEE, tcb.tee));
    extensions.push(number(oid::SPL_SNP, tcb.snp));
    if product != Product::Turin {
        extensions.push(number(oid::SPL_4, 0));
    }
    extensions.extend([number(oid::SPL_5, 0), number(oid::SPL_6, 0), number(oid::SPL_7, 0)]);
    extensions.push(number(oid::SPL_MICROCODE, tcb.microcode));
    // The hardware id stands in extnValue as it is, without a tag of its own: so it does in real VCEKs.
    extensions.push(match signer {
        SigningChoice::Vcek => Extension::new(oid::HARDWARE_ID, chip.hardware_id().to_vec()),
        SigningChoice::Vlek => Extension::new(oid::CSP_ID, write::tlv(0x16, &chip.csp_id)),
    });
    extensions
}

fn number(oid: der::oid::ObjectIdentifier, value: u8) -> Extension {
    Extension::new(oid, write::integer(&[value]))
}

pub(super) fn amd_name(common_name: &str) -> Vec<u8> {
    name(&[
        (ORGANIZATIONAL_UNIT, "Engineering"),
        (COUNTRY, "US"),
        (LOCALITY, "Santa Clara"),
        (STATE, "CA"),
        (ORGANIZATION, "Advanced Micro Devices"),
        (COMMON_NAME, common_name),
    ])
}

fn crl_url(product: Product) -> Extension {
    crl_distribution_point(&format!("https://kdsintf.amd.com/vcek/v1/{}/crl", product.name()))
}

/// OIDs of AMD's certificates.
pub mod oid {
    use der::oid::ObjectIdentifier;

    /// structVersion.
    pub const STRUCTURE_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.1");
    /// productName.
    pub const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
    /// blSPL.
    pub const SPL_BOOTLOADER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
    /// teeSPL.
    pub const SPL_TEE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
    /// snpSPL.
    pub const SPL_SNP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
    /// spl4, zero.
    pub const SPL_4: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.4");
    /// spl5, zero.
    pub const SPL_5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.5");
    /// spl6, zero.
    pub const SPL_6: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.6");
    /// spl7, zero.
    pub const SPL_7: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.7");
    /// ucodeSPL.
    pub const SPL_MICROCODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
    /// fmcSPL, Turin only.
    pub const SPL_FMC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
    /// hwID.
    pub const HARDWARE_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
    /// cspID.
    pub const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");
    /// id-RSASSA-PSS.
    pub(super) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
    /// id-mgf1.
    pub(super) const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
    /// id-sha384.
    pub(super) const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds of a year of 365 days.
const YEAR: i64 = 365 * DAY;
