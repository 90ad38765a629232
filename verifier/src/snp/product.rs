//! Which processors and which keys there are.

use core::fmt;

/// A generation of processors with one ARK and one TCB layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Third generation EPYC.
    Milan,
    /// Fourth generation EPYC: Genoa, Bergamo and Siena.
    Genoa,
    /// Fifth generation EPYC.
    Turin,
}

/// CPUID family, model and stepping, extended parts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Family.
    pub family: u8,
    /// Model.
    pub model: u8,
    /// Stepping.
    pub stepping: u8,
}

/// The kinds of key that may sign a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SigningKey {
    /// Versioned chip endorsement key, of one chip at one TCB.
    Vcek,
    /// Versioned loaded endorsement key, of one cloud provider at one TCB.
    Vlek,
}

impl Product {
    /// The name in claims and policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Milan => "milan",
            Self::Genoa => "genoa",
            Self::Turin => "turin",
        }
    }

    /// The product of a processor, if it is known (AMD 57230, Determining the Product Name). Bergamo and
    /// Siena (models A0h to AFh) are endorsed as Genoa.
    pub const fn of(processor: Processor) -> Option<Self> {
        match (processor.family, processor.model) {
            (0x19, 0x00..=0x0F) => Some(Self::Milan),
            (0x19, 0x10..=0x1F | 0xA0..=0xAF) => Some(Self::Genoa),
            (0x1A, 0x00..=0x11) => Some(Self::Turin),
            _ => None,
        }
    }

    /// The names that productName may begin with; a stepping may follow after a dash.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Milan => &["Milan"],
            Self::Genoa => &["Genoa", "Bergamo", "Siena"],
            Self::Turin => &["Turin"],
        }
    }

    /// The name of the pinned intermediate that signs this product's VCEKs.
    pub(super) const fn ask_name(self) -> &'static str {
        match self {
            Self::Milan => "amd-ask-milan",
            Self::Genoa => "amd-ask-genoa",
            Self::Turin => "amd-ask-turin",
        }
    }

    /// The name of the pinned intermediate that signs VLEKs for this product.
    pub(super) const fn asvk_name(self) -> &'static str {
        match self {
            Self::Milan => "amd-asvk-milan",
            Self::Genoa => "amd-asvk-genoa",
            Self::Turin => "amd-asvk-turin",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SigningKey {
    /// The kind that SIGNING_KEY names; `None` for 7, which leaves the report unsigned, and reserved values.
    pub const fn from_field(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Vcek),
            1 => Some(Self::Vlek),
            _ => None,
        }
    }

    /// The name in claims and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vcek => "VCEK",
            Self::Vlek => "VLEK",
        }
    }

    /// Whose key a certificate holds, by the common name of its issuer: an ASK issues VCEKs, an ASVK VLEKs, each
    /// for one product.
    pub(super) fn by_issuer(common_name: &str) -> Option<(Self, Product)> {
        match common_name {
            "SEV-Milan" => Some((Self::Vcek, Product::Milan)),
            "SEV-Genoa" => Some((Self::Vcek, Product::Genoa)),
            "SEV-Turin" => Some((Self::Vcek, Product::Turin)),
            "SEV-VLEK-Milan" => Some((Self::Vlek, Product::Milan)),
            "SEV-VLEK-Genoa" => Some((Self::Vlek, Product::Genoa)),
            "SEV-VLEK-Turin" => Some((Self::Vlek, Product::Turin)),
            _ => None,
        }
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
