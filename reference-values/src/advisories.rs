//! The catalogue of attacks and advisories on AMD SEV-SNP: what a report must show for a platform not to be open to each.
//!
//! A figure is marked certain where the advisory's own text, or two sources that do not copy each other, give it. Others are
//! listed with their source and enforced only where a policy names the entry.
//!
//! Not here: attacks on SGX alone (WireTap) and those that a guest's own kernel mends (Heckler, WeSee): they
//! show in no field of a report.

/// One attack or advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// The vendor's number, or the paper's where the vendor has given none.
    pub id: &'static str,
    /// The CVE, if there is one.
    pub cve: Option<&'static str>,
    /// The name that people use.
    pub name: &'static str,
    /// What a report must show, for each product that is affected. Empty demands: affected, and no figure is known.
    pub remedies: &'static [Remedy],
    /// Who says so.
    pub source: &'static str,
    /// Whether the demands are confirmed.
    pub certain: bool,
    /// Whether the production profile demands it.
    pub profile: bool,
}

/// What one product must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The product.
    pub product: AmdProduct,
    /// CPUID model and stepping, where the figures are of one processor.
    pub processor: Option<(u8, u8)>,
    /// All of these.
    pub demands: &'static [Demand],
}

/// A generation of processors that share a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmdProduct {
    /// Third generation EPYC.
    Milan,
    /// Fourth generation EPYC: Genoa, Bergamo and Siena.
    Genoa,
    /// Fifth generation EPYC.
    Turin,
}

/// One thing that a report must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// REPORTED_TCB's security version of a part.
    Tcb(TcbPart, u8),
    /// A bit of PLATFORM_INFO is set.
    PlatformInfo(u8),
    /// A bit of PLATFORM_INFO is clear.
    NoPlatformInfo(u8),
    /// A bit of the guest policy is set.
    GuestPolicy(u8),
    /// A bit of both mitigation vectors is set.
    Mitigation(u8),
    /// No report of the product helps.
    AnotherProduct,
    /// No field of a report helps: the chip must be one whose place and owner are known.
    ListedChip,
}

/// A part of the platform's TCB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcbPart {
    /// The SNP firmware.
    Snp,
    /// The microcode.
    Microcode,
}

/// Every entry, in the order of the advisories' numbers.
pub const fn advisories() -> &'static [Advisory] {
    ADVISORIES
}

/// The entry of this id.
pub fn advisory(id: &str) -> Option<&'static Advisory> {
    ADVISORIES.iter().find(|advisory| advisory.id == id)
}

impl Advisory {
    /// Whether the product is affected.
    pub fn affects(&self, product: AmdProduct) -> bool {
        self.remedies.iter().any(|remedy| remedy.product == product)
    }

    /// What a processor of the product must show, where it is known: the figures of that processor before those of the
    /// product.
    pub fn demands(&self, product: AmdProduct, processor: Option<(u8, u8)>) -> Option<&'static [Demand]> {
        let of_product = || self.remedies.iter().filter(|remedy| remedy.product == product);
        let exact = of_product().find(|remedy| remedy.processor.is_some() && remedy.processor == processor);
        let found = exact.or_else(|| of_product().find(|remedy| remedy.processor.is_none()))?;
        (!found.demands.is_empty()).then_some(found.demands)
    }

    /// Whether there is anything to enforce.
    pub fn has_demands(&self) -> bool {
        self.remedies.iter().any(|remedy| !remedy.demands.is_empty())
    }
}

impl AmdProduct {
    /// The name in policies and claims.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Milan => "milan",
            Self::Genoa => "genoa",
            Self::Turin => "turin",
        }
    }
}

impl TcbPart {
    /// The name in policies and claims.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snp => "snp",
            Self::Microcode => "microcode",
        }
    }
}

impl core::fmt::Display for Demand {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Tcb(part, least) => write!(f, "{} at least {least:#04x}", part.as_str()),
            Self::PlatformInfo(bit) => write!(f, "PLATFORM_INFO bit {bit}"),
            Self::NoPlatformInfo(bit) => write!(f, "no PLATFORM_INFO bit {bit}"),
            Self::GuestPolicy(bit) => write!(f, "guest policy bit {bit}"),
            Self::Mitigation(bit) => write!(f, "bit {bit} of both mitigation vectors"),
            Self::AnotherProduct => f.write_str("another product"),
            Self::ListedChip => f.write_str("a chip of the policy's list"),
        }
    }
}

const fn product(product: AmdProduct, demands: &'static [Demand]) -> Remedy {
    Remedy { product, processor: None, demands }
}

const fn processor(product: AmdProduct, model: u8, stepping: u8, demands: &'static [Demand]) -> Remedy {
    Remedy { product, processor: Some((model, stepping)), demands }
}

use AmdProduct::{Genoa, Milan, Turin};
use TcbPart::{Microcode, Snp};

const ADVISORIES: &[Advisory] = &[
    Advisory {
        id: "AMD-SB-3005",
        cve: Some("CVE-2023-20592"),
        name: "CacheWarp",
        // Microcode 0x0A0011D1 (B1) and 0x0A001234 (B2): the security version is the lowest byte.
        remedies: &[
            processor(Milan, 0x01, 0x01, &[Demand::Tcb(Microcode, 0xd1)]),
            processor(Milan, 0x01, 0x02, &[Demand::Tcb(Microcode, 0x34)]),
            product(Milan, &[]),
        ],
        source: "AMD-SB-3005, microcode versions as others quote them; linux-firmware of July 2023",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3015",
        cve: Some("CVE-2024-21944"),
        name: "BadRAM",
        // The bit exists since firmware 1.55.22 on Milan and 1.55.38 on Genoa.
        remedies: &[
            product(Milan, &[Demand::PlatformInfo(5)]),
            product(Genoa, &[Demand::PlatformInfo(5)]),
            product(Turin, &[Demand::PlatformInfo(5)]),
        ],
        source: "AMD-SB-3015; AMD 56860, PLATFORM_INFO; virtee/sev, platform status",
        certain: true,
        profile: true,
    },
    Advisory {
        id: "AMD-SB-3016",
        cve: Some("CVE-2023-20585"),
        name: "IOMMU write buffer",
        remedies: &[
            product(Milan, &[Demand::Tcb(Snp, 0x1b), Demand::Mitigation(2)]),
            product(Genoa, &[Demand::Tcb(Snp, 0x1b), Demand::Mitigation(2)]),
            product(Turin, &[]),
        ],
        source: "AMD-SB-3016 as agentrust-io/trace-spec quotes it",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3019",
        cve: Some("CVE-2024-56161"),
        name: "EntrySign",
        remedies: &[product(Milan, &[Demand::Tcb(Snp, 0x18)]), product(Genoa, &[Demand::Tcb(Snp, 0x17)])],
        source: "AMD-SB-3019; microsoft/CCF#6812",
        certain: true,
        profile: true,
    },
    Advisory {
        id: "AMD-SB-3020",
        cve: Some("CVE-2025-0033"),
        name: "RMPocalypse",
        remedies: &[
            product(Milan, &[Demand::Mitigation(1)]),
            product(Genoa, &[Demand::Tcb(Snp, 0x1b), Demand::Mitigation(1)]),
            product(Turin, &[Demand::Tcb(Snp, 0x04), Demand::Mitigation(1)]),
        ],
        source: "AMD-SB-3020, figures as others quote them",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3021",
        cve: None,
        name: "Heracles",
        remedies: &[
            product(Milan, &[Demand::GuestPolicy(25)]),
            product(Genoa, &[Demand::GuestPolicy(25)]),
            product(Turin, &[Demand::GuestPolicy(25)]),
        ],
        source: "heracles-attack.github.io; AMD 56860, PAGE_SWAP_DISABLE",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3027",
        cve: Some("CVE-2025-29943"),
        name: "StackWarp",
        remedies: &[
            product(Milan, &[Demand::NoPlatformInfo(0)]),
            processor(Genoa, 0x11, 0x01, &[Demand::Tcb(Microcode, 0x56)]),
            processor(Genoa, 0x11, 0x02, &[Demand::Tcb(Microcode, 0x51)]),
            product(Genoa, &[Demand::NoPlatformInfo(0)]),
            processor(Turin, 0x02, 0x01, &[Demand::Tcb(Microcode, 0x51)]),
            product(Turin, &[Demand::NoPlatformInfo(0)]),
        ],
        source: "AMD-SB-3027, microcode figures as others quote them; stackwarpattack.com: without SMT there is none",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3030",
        cve: Some("CVE-2025-61971"),
        name: "NBIO routing registers",
        remedies: &[product(Milan, &[Demand::Mitigation(4)]), product(Genoa, &[]), product(Turin, &[])],
        source: "AMD-SB-3030, figures as others quote them",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "AMD-SB-3034",
        cve: Some("CVE-2025-54510"),
        name: "Fabricked",
        remedies: &[product(Milan, &[Demand::Mitigation(4)]), product(Genoa, &[]), product(Turin, &[])],
        source: "AMD-SB-3034, figures as others quote them; the bulletin has withdrawn its own",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "arXiv:2605.12990",
        cve: None,
        name: "BadFuse and MilanLaunchy",
        // The root seed of the VCEK is read in software: reports of any TCB can be forged.
        remedies: &[product(Milan, &[Demand::AnotherProduct])],
        source: "arXiv 2605.12990",
        certain: true,
        profile: false,
    },
    Advisory {
        id: "battering-ram",
        cve: None,
        name: "Battering RAM",
        remedies: &[product(Milan, &[Demand::ListedChip]), product(Genoa, &[Demand::ListedChip])],
        source: "batteringram.eu (DDR4; Genoa by the likeness of its memory encryption)",
        certain: false,
        profile: false,
    },
    Advisory {
        id: "tee.fail",
        cve: None,
        name: "TEE.fail",
        remedies: &[product(Genoa, &[Demand::ListedChip]), product(Turin, &[Demand::ListedChip])],
        source: "tee.fail (DDR5)",
        certain: false,
        profile: false,
    },
];

#[cfg(test)]
mod tests;
