//! The only certificates that trust starts from.

use crate::x509::{Certificate, X509Error};

/// Who makes the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// AMD: SEV-SNP.
    Amd,
    /// Intel: SGX and TDX.
    Intel,
    /// NVIDIA: confidential GPUs.
    Nvidia,
    /// Amazon: Nitro Enclaves.
    Aws,
}

/// One pinned root.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its name in verdicts: `amd-ark-milan`, or `danger_…`.
    pub name: String,
    /// The vendor whose evidence it anchors.
    pub vendor: Vendor,
    /// The root certificate; trusted for its key and name.
    pub certificate: Certificate,
    /// Whether it is a simulated root, taken in by a setting whose name says so.
    pub danger: bool,
}

/// The root at which a verified chain ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorUse {
    /// The anchor's name.
    pub name: String,
    /// SHA-256 of the root certificate as pinned.
    pub fingerprint: [u8; 32],
    /// Whether it is a simulated root.
    pub danger: bool,
}

impl AnchorUse {
    /// The name, if it is a simulated root's.
    pub fn danger_name(&self) -> Option<String> {
        self.danger.then(|| self.name.clone())
    }
}

impl Anchor {
    /// What a verified chain that ends here keeps.
    pub fn used(&self) -> AnchorUse {
        AnchorUse {
            name: self.name.clone(),
            fingerprint: self.certificate.fingerprint(),
            danger: self.danger,
        }
    }
}

/// The set of pinned roots.
#[derive(Clone, Debug)]
pub struct Anchors {
    anchors: Vec<Anchor>,
}

/// A certificate that cannot become an anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// A root that is not a vendor's must carry the danger in its name.
    #[error("the name of an added root must begin with danger_")]
    NameWithoutDanger,
    /// The name is taken.
    #[error("an anchor of that name is pinned already")]
    NameTaken,
    /// Neither AMD's nor Intel's naming.
    #[error("the root's subject names no vendor whose evidence it could anchor")]
    UnknownVendor,
    /// Not self-signed, not a certificate authority, or malformed.
    #[error("not a root certificate: {0}")]
    NotARoot(#[from] X509Error),
}

impl Anchors {
    /// The vendors' roots as pinned in `vendor-certs`: the only set outside tests and `danger_` configuration.
    pub fn vendor() -> Result<Self, AnchorError> {
        let mut anchors = Vec::with_capacity(vendor_certs::ROOTS.len());
        for root in vendor_certs::ROOTS {
            anchors.push(Anchor {
                name: root.name.to_owned(),
                vendor: Vendor::from(root.vendor),
                certificate: Certificate::parse(root.der)?,
                danger: false,
            });
        }
        Ok(Self { anchors })
    }

    /// Adds a simulated root. Its name begins with `danger_` and appears in every result that ends at it.
    pub fn danger_add(&mut self, name: &str, der: &[u8]) -> Result<(), AnchorError> {
        if !name.starts_with(DANGER) {
            return Err(AnchorError::NameWithoutDanger);
        }
        if self.anchors.iter().any(|anchor| anchor.name == name) {
            return Err(AnchorError::NameTaken);
        }
        let certificate = Certificate::parse(der)?;
        certificate.check_signed_by(&certificate)?;
        let vendor = vendor_by_subject(&certificate).ok_or(AnchorError::UnknownVendor)?;
        self.anchors.push(Anchor { name: name.to_owned(), vendor, certificate, danger: true });
        Ok(())
    }

    /// The roots of one vendor.
    pub fn of(&self, vendor: Vendor) -> impl Iterator<Item = &Anchor> {
        self.anchors.iter().filter(move |anchor| anchor.vendor == vendor)
    }

    /// All roots.
    pub fn iter(&self) -> impl Iterator<Item = &Anchor> {
        self.anchors.iter()
    }
}

impl From<vendor_certs::Vendor> for Vendor {
    fn from(vendor: vendor_certs::Vendor) -> Self {
        match vendor {
            vendor_certs::Vendor::Amd => Self::Amd,
            vendor_certs::Vendor::Intel => Self::Intel,
            vendor_certs::Vendor::Nvidia => Self::Nvidia,
            vendor_certs::Vendor::Aws => Self::Aws,
        }
    }
}

fn vendor_by_subject(certificate: &Certificate) -> Option<Vendor> {
    let name = certificate.subject_common_name()?;
    if name.starts_with("ARK-") {
        Some(Vendor::Amd)
    } else if name.starts_with("Intel SGX Root CA") {
        Some(Vendor::Intel)
    } else {
        None
    }
}

const DANGER: &str = "danger_";
