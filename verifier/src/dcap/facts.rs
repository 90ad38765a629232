//! What a verified quote says, owned and unjudged.

use crate::check::Fact;
use crate::dcap::pck::PckExtension;
use crate::dcap::quote::Body;
use crate::event_log::ReplayedLog;
use crate::evidence::Tee;
use crate::sgx::{self, EnclaveReport};
use crate::tdx;

/// The facts of a verified quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The quote's version: 3, 4 or 5.
    pub quote_version: u16,
    /// The quoting enclave's security version, as the header has it (version 3; zero in later ones).
    pub qe_svn: u16,
    /// The provisioning certification enclave's, as the header has it (version 3; zero in later ones).
    pub pce_svn: u16,
    /// The header's 20 bytes of the quoting enclave's own.
    pub user_data: [u8; 20],
    /// The TD or enclave.
    pub body: Body,
    /// The quoting enclave.
    pub qe: EnclaveReport,
    /// The platform.
    pub pck: PckExtension,
    /// Who certified the platform.
    pub pck_ca: PckCa,
    /// The serial number of the PCK certificate.
    pub pck_serial: Vec<u8>,
    /// Bytes after the quote, which nothing covers.
    pub trailing: usize,
    /// What a TD's registers were extended with, if a log came along.
    pub event_log: Option<ReplayedLog>,
}

/// Intel's two authorities for PCK certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PckCa {
    /// For platforms with one package.
    Processor,
    /// For platforms with several packages, which register with Intel.
    Platform,
}

impl Facts {
    /// SGX or TDX.
    pub const fn tee(&self) -> Tee {
        self.body.tee()
    }

    /// The 64 bytes that the TD or enclave chose.
    pub const fn report_data(&self) -> &[u8; 64] {
        self.body.report_data()
    }

    /// What the host gave at launch: MRCONFIGID (48 bytes) or CONFIGID (64).
    pub const fn host_data(&self) -> &[u8] {
        self.body.host_data()
    }
}

impl Body {
    /// SGX or TDX.
    pub const fn tee(&self) -> Tee {
        match self {
            Self::Sgx(_) => Tee::Sgx,
            Self::Tdx(_) => Tee::Tdx,
        }
    }

    /// The 64 bytes that the TD or enclave chose.
    pub const fn report_data(&self) -> &[u8; 64] {
        match self {
            Self::Sgx(report) => &report.report_data,
            Self::Tdx(report) => &report.report_data,
        }
    }

    /// What the host gave at launch: MRCONFIGID (48 bytes) or CONFIGID (64).
    pub const fn host_data(&self) -> &[u8] {
        match self {
            Self::Sgx(report) => &report.config_id,
            Self::Tdx(report) => &report.mr_config_id,
        }
    }
}

impl PckCa {
    /// By the common name of its certificate.
    pub(super) fn from_common_name(name: &str) -> Option<Self> {
        match name {
            "Intel SGX PCK Processor CA" => Some(Self::Processor),
            "Intel SGX PCK Platform CA" => Some(Self::Platform),
            _ => None,
        }
    }

    /// Its name in verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Platform => "platform",
        }
    }
}

/// The TEE's own claims: the report's fields, and under `quote`, `platform` and `qe` what surrounds it.
pub fn claims(facts: &Facts) -> Fact {
    let body = match &facts.body {
        Body::Sgx(report) => sgx::claims(report),
        Body::Tdx(report) => tdx::claims(report),
    };
    let mut claims = match body {
        Fact::Map(claims) => claims,
        other => vec![("report", other)],
    };
    let quote = vec![
        ("version", facts.quote_version.into()),
        ("user_data", facts.user_data.into()),
        ("trailing_bytes", u64::try_from(facts.trailing).unwrap_or(u64::MAX).into()),
    ];
    claims.push(("quote", Fact::Map(quote)));
    claims.push(("platform", facts.pck.claims()));
    claims.push(("pck_ca", facts.pck_ca.as_str().into()));
    claims.push(("pck_serial", Fact::hex(&facts.pck_serial)));
    claims.push(("qe", sgx::claims(&facts.qe)));
    if let Some(log) = &facts.event_log {
        claims.push(("event_log", log.claims()));
    }
    Fact::Map(claims)
}
