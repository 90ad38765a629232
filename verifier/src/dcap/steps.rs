//! The names under which the steps of verification appear in a verdict, and who asks for them.

use crate::check::{Fact, Outcome, Trail};
use crate::dcap::error::DcapError;
use crate::endorsements::Endorsement;
use crate::error::{Missing, VerifyError};
use crate::evidence::Tee;
use crate::verify::BindingIds;

/// One step: the same rule under each TEE's name.
pub(super) struct Step {
    tdx: &'static str,
    sgx: &'static str,
    source: &'static str,
}

macro_rules! steps {
    ($($name:ident = $id:literal, $source:expr;)*) => {
        $(pub(super) const $name: Step =
            Step { tdx: concat!("tdx.", $id), sgx: concat!("sgx.", $id), source: $source };)*
    };
}

const PCK_PROFILE: &str = "Intel SGX PCK Certificate and CRL Profile, section 1.3";
const QUOTE: &str =
    "Intel TDX DCAP Quoting Library API, appendix A.3; SGX ECDSA Quote Library API, appendix A.4";
const PCS: &str = "Intel PCS API, TCB Info and Enclave Identity";

steps! {
    PCK_CHAIN = "pck.chain", PCK_PROFILE;
    PCK_ANCHOR = "pck.anchor", "Intel SGX root key, pinned";
    PCK_SIGNATURE = "pck.signature", PCK_PROFILE;
    PCK_VALIDITY = "pck.validity", "RFC 5280, section 4.1.2.5";
    PCK_EXTENSION = "pck.extension", PCK_PROFILE;
    QE_SIGNATURE = "qe.report.signature", QUOTE;
    QE_BINDING = "qe.report.binding", QUOTE;
    QUOTE_SIGNATURE = "quote.signature", QUOTE;
    TCB_INFO_FOUND = "tcb-info.found", PCS;
    TCB_INFO_VALIDITY = "tcb-info.validity", PCS;
    TCB_INFO_SIGNATURE = "tcb-info.signature", PCS;
    QE_IDENTITY_FOUND = "qe-identity.found", PCS;
    QE_IDENTITY_VALIDITY = "qe-identity.validity", PCS;
    QE_IDENTITY_SIGNATURE = "qe-identity.signature", PCS;
    QE_IDENTITY = "qe.identity", "Intel PCS API, Enclave Identity V2: verification of the enclave's report";
    TDX_MODULE = "module.identity", "Intel PCS API, TCB Info V3: tdxModule and tdxModuleIdentities";
}

pub(super) const TDX_BINDINGS: BindingIds =
    BindingIds { report_data: "tdx.binding.report-data", host_data: "tdx.binding.host-data" };
pub(super) const SGX_BINDINGS: BindingIds =
    BindingIds { report_data: "sgx.binding.report-data", host_data: "sgx.binding.host-data" };

/// An endorsement that fits, or the one that nobody gave.
pub(super) type Found<'e, T> = Result<&'e Endorsement<T>, Missing>;

/// Writes the steps of one verification into its trail.
pub(super) struct Steps<'t> {
    tee: Tee,
    pub(super) trail: &'t mut Trail,
}

impl<'t> Steps<'t> {
    pub(super) const fn new(tee: Tee, trail: &'t mut Trail) -> Self {
        Self { tee, trail }
    }

    /// Notes a comparison that was made, and passes its failure on.
    pub(super) fn compare(
        &mut self,
        step: &Step,
        expected: impl Into<Fact>,
        actual: impl Into<Fact>,
        outcome: Result<(), DcapError>,
    ) -> Result<(), DcapError> {
        self.trail.note(self.id(step), step.source, Self::outcome(&outcome), expected, actual);
        outcome
    }

    /// Notes a rule that holds or does not, in words, and passes its result on.
    pub(super) fn rule<T>(
        &mut self,
        step: &Step,
        expected: &'static str,
        result: Result<T, DcapError>,
    ) -> Result<T, DcapError> {
        let actual = match &result {
            Ok(_) => Fact::text("holds"),
            Err(error) => Fact::from(words(error)),
        };
        self.trail.note(self.id(step), step.source, Self::outcome(&result), expected, actual);
        result
    }

    /// Notes which collateral is used, that none was given, or that none fits; the last is an error.
    pub(super) fn found<'e, T>(
        &mut self,
        step: &Step,
        found: Result<Found<'e, T>, VerifyError>,
    ) -> Result<Found<'e, T>, VerifyError> {
        let (outcome, expected, actual) = match &found {
            Ok(Ok(item)) => {
                self.trail.used(item.id);
                (Outcome::Pass, Fact::None, Fact::from(item.name.clone()))
            }
            Ok(Err(missing)) => (Outcome::NotChecked, Fact::from(missing.to_string()), Fact::None),
            Err(error) => (Outcome::Fail, Fact::None, Fact::from(error.to_string())),
        };
        self.trail.note(self.id(step), step.source, outcome, expected, actual);
        found
    }

    const fn outcome<T>(result: &Result<T, DcapError>) -> Outcome {
        if result.is_ok() { Outcome::Pass } else { Outcome::Fail }
    }

    const fn id(&self, step: &Step) -> &'static str {
        match self.tee {
            Tee::Tdx => step.tdx,
            _ => step.sgx,
        }
    }
}

/// An error with its causes, on the failing path only.
fn words(error: &DcapError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
