//! What a VCEK or VLEK certificate says of its key, and whether that fits a report.

use der::Decode;
use der::asn1::Ia5StringRef;

use super::error::{ExtensionError, SnpError};
use super::product::{Product, SigningKey};
use super::report::Report;
use super::tcb::Tcb;
use crate::x509::{Certificate, ObjectIdentifier};

/// The contents of an endorsement certificate (AMD 57230 and 58369, X.509v3 extensions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vek {
    pub(super) kind: SigningKey,
    pub(super) product: Product,
    /// productName, such as `Milan-B0`.
    pub(super) product_name: String,
    /// The TCB that the key was derived for.
    pub(super) tcb: Tcb,
    /// hwID of a VCEK: 64 bytes, or 8 for Turin.
    pub(crate) chip_id: Option<Vec<u8>>,
    /// cspID of a VLEK.
    pub(super) csp_id: Option<String>,
}

/// Whose key a certificate would hold, by its issuer's name; `None` if it is no VCEK or VLEK at all.
pub(crate) fn recognise(certificate: &Certificate) -> Option<(SigningKey, Product)> {
    let (kind, product) = SigningKey::by_issuer(certificate.issuer_common_name()?)?;
    (!certificate.is_ca()).then_some((kind, product))
}

impl Vek {
    /// Reads the extensions, each by its whole identifier and in its exact form. That none stands twice was
    /// checked when the certificate was parsed; who signed it is not checked here.
    pub(crate) fn read(
        certificate: &Certificate,
        (kind, product): (SigningKey, Product),
    ) -> Result<Self, SnpError> {
        let fields = Extensions { certificate };
        if fields.number(&STRUCT_VERSION)? > MAX_STRUCT_VERSION {
            return Err(STRUCT_VERSION.error(ExtensionError::Unknown));
        }
        let product_name = fields.text(&PRODUCT_NAME)?;
        let (stem, _stepping) = product_name.split_once('-').unwrap_or((product_name.as_str(), ""));
        if !product.names().contains(&stem) {
            return Err(PRODUCT_NAME.error(ExtensionError::Unknown));
        }
        let tcb = fields.tcb(product)?;
        let (chip_id, csp_id) = match kind {
            SigningKey::Vcek => {
                fields.absent(&CSP_ID)?;
                (Some(fields.chip_id(product)?), None)
            }
            SigningKey::Vlek => {
                fields.absent(&HW_ID)?;
                (None, Some(fields.text(&CSP_ID)?))
            }
        };
        Ok(Self { kind, product, product_name, tcb, chip_id, csp_id })
    }

    /// Checks that this key could have signed `report`: kind, product, TCB, chip.
    pub(super) fn check_fits(&self, report: &Report<'_>, wanted: SigningKey) -> Result<(), SnpError> {
        self.check_kind(wanted)?;
        self.check_product(report)?;
        self.check_tcb(report)?;
        self.check_chip(report)
    }

    /// SIGNING_KEY names the kind of this key.
    pub(super) fn check_kind(&self, wanted: SigningKey) -> Result<(), SnpError> {
        if self.kind == wanted {
            return Ok(());
        }
        Err(SnpError::KeyKind { expected: wanted, actual: self.kind })
    }

    /// The report's processor, where it names one, is of this product.
    pub(super) fn check_product(&self, report: &Report<'_>) -> Result<(), SnpError> {
        let Some(processor) = report.processor else { return Ok(()) };
        match Product::of(processor) {
            Some(product) if product == self.product => Ok(()),
            Some(product) => Err(SnpError::Product { report: product, certificate: self.product }),
            None => Err(SnpError::Processor { family: processor.family, model: processor.model }),
        }
    }

    /// REPORTED_TCB is the TCB of this key.
    pub(super) fn check_tcb(&self, report: &Report<'_>) -> Result<(), SnpError> {
        let reported = Tcb::decode(self.product, "REPORTED_TCB", report.reported_tcb)?;
        if reported == self.tcb {
            return Ok(());
        }
        Err(SnpError::Tcb { report: reported, certificate: self.tcb })
    }

    /// CHIP_ID, unless it is masked, is the chip of this key: all 64 bytes, or for Turin the eight of its hwID and
    /// zeros behind them. A VLEK belongs to no chip.
    pub(super) fn check_chip(&self, report: &Report<'_>) -> Result<(), SnpError> {
        let Some(chip_id) = &self.chip_id else { return Ok(()) };
        let masked = is_zero(report.chip_id);
        let equal = report
            .chip_id
            .split_at_checked(chip_id.len())
            .is_some_and(|(head, tail)| head == chip_id.as_slice() && is_zero(tail));
        if masked || equal {
            return Ok(());
        }
        Err(SnpError::ChipId { report: Box::new(*report.chip_id), certificate: chip_id.clone() })
    }
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// One known extension.
struct Known {
    name: &'static str,
    oid: ObjectIdentifier,
}

impl Known {
    const fn new(name: &'static str, oid: &'static str) -> Self {
        Self { name, oid: ObjectIdentifier::new_unwrap(oid) }
    }

    const fn error(&self, problem: ExtensionError) -> SnpError {
        SnpError::Extension { name: self.name, problem }
    }
}

struct Extensions<'a> {
    certificate: &'a Certificate,
}

impl<'a> Extensions<'a> {
    fn value(&self, known: &Known) -> Result<&'a [u8], SnpError> {
        self.certificate.extension(&known.oid).ok_or_else(|| known.error(ExtensionError::Missing))
    }

    fn absent(&self, known: &Known) -> Result<(), SnpError> {
        match self.certificate.extension(&known.oid) {
            None => Ok(()),
            Some(_) => Err(known.error(ExtensionError::OutOfPlace)),
        }
    }

    /// A DER INTEGER from 0 to 255.
    fn number(&self, known: &Known) -> Result<u8, SnpError> {
        u8::from_der(self.value(known)?).map_err(|_| known.error(ExtensionError::Malformed))
    }

    /// A DER IA5String, not empty, of at most [`MAX_TEXT`] characters.
    fn text(&self, known: &Known) -> Result<String, SnpError> {
        let malformed = || known.error(ExtensionError::Malformed);
        let text = Ia5StringRef::from_der(self.value(known)?).map_err(|_| malformed())?;
        let text = text.as_str();
        if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(malformed());
        }
        Ok(text.to_owned())
    }

    /// The security versions; the reserved ones must be 0 where they are written.
    fn tcb(&self, product: Product) -> Result<Tcb, SnpError> {
        for reserved in &RESERVED_SPLS {
            if self.certificate.extension(&reserved.oid).is_some() && self.number(reserved)? != 0 {
                return Err(reserved.error(ExtensionError::Unknown));
            }
        }
        let fmc = match product {
            Product::Turin => Some(self.number(&FMC_SPL)?),
            Product::Milan | Product::Genoa => {
                self.absent(&FMC_SPL)?;
                None
            }
        };
        Ok(Tcb {
            fmc,
            bootloader: self.number(&BL_SPL)?,
            tee: self.number(&TEE_SPL)?,
            snp: self.number(&SNP_SPL)?,
            microcode: self.number(&UCODE_SPL)?,
        })
    }

    /// hwID: AMD puts the chip's id into the extension as it is, without an inner OCTET STRING.
    fn chip_id(&self, product: Product) -> Result<Vec<u8>, SnpError> {
        let expected = match product {
            Product::Turin => TURIN_HW_ID,
            Product::Milan | Product::Genoa => FULL_HW_ID,
        };
        let value = self.value(&HW_ID)?;
        if value.len() != expected || is_zero(value) {
            return Err(HW_ID.error(ExtensionError::Malformed));
        }
        Ok(value.to_vec())
    }
}

const STRUCT_VERSION: Known = Known::new("structVersion", "1.3.6.1.4.1.3704.1.1");
const PRODUCT_NAME: Known = Known::new("productName", "1.3.6.1.4.1.3704.1.2");
const BL_SPL: Known = Known::new("blSPL", "1.3.6.1.4.1.3704.1.3.1");
const TEE_SPL: Known = Known::new("teeSPL", "1.3.6.1.4.1.3704.1.3.2");
const SNP_SPL: Known = Known::new("snpSPL", "1.3.6.1.4.1.3704.1.3.3");
const RESERVED_SPLS: [Known; 4] = [
    Known::new("spl_4", "1.3.6.1.4.1.3704.1.3.4"),
    Known::new("spl_5", "1.3.6.1.4.1.3704.1.3.5"),
    Known::new("spl_6", "1.3.6.1.4.1.3704.1.3.6"),
    Known::new("spl_7", "1.3.6.1.4.1.3704.1.3.7"),
];
const UCODE_SPL: Known = Known::new("ucodeSPL", "1.3.6.1.4.1.3704.1.3.8");
const FMC_SPL: Known = Known::new("fmcSPL", "1.3.6.1.4.1.3704.1.3.9");
const HW_ID: Known = Known::new("hwID", "1.3.6.1.4.1.3704.1.4");
const CSP_ID: Known = Known::new("cspID", "1.3.6.1.4.1.3704.1.5");

/// Turin's certificates have structVersion 1, earlier ones 0.
const MAX_STRUCT_VERSION: u8 = 1;
const FULL_HW_ID: usize = 64;
const TURIN_HW_ID: usize = 8;
/// cspID is the common name of a provider's certificate (RFC 5280 allows 64 characters); productName is shorter.
const MAX_TEXT: usize = 64;
