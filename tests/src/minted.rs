//! Minted evidence for cases in which exactly one thing is wrong, and our verdict on it.
//!
//! ```
//! use system_tests::minted::{Intel, NOW};
//! use verifier::policy::Policy;
//!
//! let intel = Intel::new();
//! let good = intel.case(|_| ());
//! assert_eq!(good.judge(&Policy::default()).exit_code(), 0);
//!
//! let over = intel.case(|collateral| collateral.pck_crl.next_update = Some(NOW - 1));
//! assert_eq!(over.judge(&Policy::default()).exit_code(), 1);
//! ```
#![expect(clippy::expect_used, reason = "a helper of tests")]

use std::sync::OnceLock;

use reference_values::ReferenceValues;
use sim::SeededRng;
use sim::amd::{AmdVendor, Chip, Product, ReportFields, SigningChoice};
use sim::intel::{CollateralFields, IntelMachine, IntelVendor, QuoteForm};
use sim::x509::CrlFields;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

/// The instant of minting and of verification, seconds since 1970: 2026-03-01T00:00:00Z.
pub const NOW: i64 = 1_772_323_200;

/// The report data of all minted evidence.
pub const REPORT_DATA: [u8; 64] = [0x11; 64];

/// Evidence, what was given beside it, and the root to pin.
#[derive(Clone, Debug)]
pub struct Minted {
    /// A report or a quote.
    pub evidence: Vec<u8>,
    /// Name and content of each endorsement.
    pub endorsements: Vec<(&'static str, Vec<u8>)>,
    /// The simulated vendor root, DER.
    pub root: Vec<u8>,
}

/// A Genoa machine under a simulated AMD.
#[derive(Debug)]
pub struct Amd {
    /// The authorities, made once for all tests of the process.
    pub vendor: &'static AmdVendor,
    /// The processor.
    pub chip: Chip,
}

/// A TDX machine under a simulated Intel.
#[derive(Debug)]
pub struct Intel {
    /// The authorities.
    pub vendor: IntelVendor,
    /// The platform.
    pub machine: IntelMachine,
}

impl Minted {
    /// The same without the endorsement of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.endorsements.retain(|(given, _)| *given != name);
        self
    }

    /// The same with another endorsement of this name.
    pub fn with(self, name: &'static str, content: Vec<u8>) -> Self {
        let mut changed = self.without(name);
        changed.endorsements.push((name, content));
        changed
    }

    /// The verdict on the hardware under `policy`, with the simulated root pinned and accepted.
    pub fn judge(&self, policy: &Policy) -> Verdict {
        let mut anchors = Anchors::vendor().expect("the vendors' roots are certificates");
        anchors.danger_add("danger_minted", &self.root).expect("a minted root is a root");
        let mut endorsements = Endorsements::new();
        for (name, content) in &self.endorsements {
            endorsements.add(name, content).expect("a minted endorsement is recognised");
        }
        let context = Context {
            endorsements: &endorsements,
            anchors: &anchors,
            expected: &Expected::report_data(REPORT_DATA),
            wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
            policy: &Policy { danger_accept_simulated: true, ..policy.clone() },
            scope: Scope::Hardware,
        };
        assess(&self.evidence, None, &context, UnixTime::from_secs(NOW))
    }
}

impl Amd {
    /// The machine.
    pub fn new() -> Self {
        static VENDOR: OnceLock<AmdVendor> = OnceLock::new();
        let vendor = VENDOR.get_or_init(|| AmdVendor::new(Product::Genoa, NOW).expect("authorities"));
        Self { vendor, chip: Chip::new(Product::Genoa, &mut SeededRng::new("minted: amd")) }
    }

    /// A report with its VCEK, its ASK and the root's CRL, changed before they are signed by the right keys.
    pub fn case(&self, change: impl FnOnce(&mut ReportFields, &mut CrlFields)) -> Minted {
        let mut report = self.chip.report(5, SigningChoice::Vcek, REPORT_DATA);
        let mut crl = self.vendor.crl_fields(NOW);
        change(&mut report, &mut crl);
        let vcek = self.vendor.endorse(&self.chip, SigningChoice::Vcek, NOW).expect("a VCEK");
        Minted {
            evidence: report.sign(&self.chip.vcek).expect("a report").to_vec(),
            endorsements: vec![
                ("vcek", vcek),
                ("ask", self.vendor.ask.certificate.clone()),
                ("ark-crl", crl.sign(&self.vendor.ark.key).expect("a CRL")),
            ],
            root: self.vendor.ark.certificate.clone(),
        }
    }
}

impl Default for Amd {
    fn default() -> Self {
        Self::new()
    }
}

impl Intel {
    /// The machine.
    pub fn new() -> Self {
        let rng = &mut SeededRng::new("minted: intel");
        let vendor = IntelVendor::new(rng, NOW).expect("authorities");
        Self { vendor, machine: IntelMachine::new(QuoteForm::TdxV4, rng) }
    }

    /// A quote with its collateral, which is changed before it is signed by the right keys.
    pub fn case(&self, change: impl FnOnce(&mut CollateralFields)) -> Minted {
        let chain = self.vendor.pck_chain(&self.machine, NOW).expect("a chain");
        let quote = self.machine.quote(&self.machine.quote_fields(REPORT_DATA), chain.as_bytes());
        let mut fields = CollateralFields::new(&self.vendor, &self.machine, NOW).expect("collateral");
        change(&mut fields);
        let collateral = fields.sign(&self.vendor).expect("signed collateral");
        Minted {
            evidence: quote.expect("a quote"),
            endorsements: vec![
                ("tcb-info", collateral.tcb_info),
                ("qe-identity", collateral.qe_identity),
                ("tcb-signer", collateral.tcb_signing_chain.into_bytes()),
                ("root-crl", collateral.root_crl),
                ("pck-crl", collateral.pck_crl),
            ],
            root: self.vendor.root.certificate.clone(),
        }
    }
}

impl Default for Intel {
    fn default() -> Self {
        Self::new()
    }
}
