//! What a guest is launched with, and the evidence that the machine signs for it.

use rand_core::CryptoRng;

use crate::amd::{ReportFields, SigningChoice};
use crate::error::MintError;
use crate::intel::{QuoteBody, QuoteFields};
use crate::platform::machine::{AmdHardware, IntelHardware, Machine, Tee};

/// How a guest is launched; the default is a production guest with nothing of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestConfig {
    /// SNP's launch digest, TDX's MRTD.
    pub launch_digest: [u8; 48],
    /// SNP's HOST_DATA (32 bytes), TDX's MRCONFIGID (48 bytes); shorter is filled with zeros, longer refused.
    pub host_data: Vec<u8>,
    /// TDX's RTMR0 to RTMR3; SNP has none.
    pub rtmrs: [[u8; 48]; 4],
    /// Whether the host may debug the guest.
    pub debug: bool,
    /// SNP's privilege level of the requester, 0 to 3; TDX has none.
    pub vmpl: u32,
    /// Whether the host hands the endorsement certificates to the guest with a report; SNP alone.
    pub host_certificates: bool,
}

/// What the machine signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Which kind of evidence it is.
    pub tee: Tee,
    /// The report or the quote.
    pub bytes: Vec<u8>,
    /// What the host handed over with it.
    pub certificates: Vec<HostCertificate>,
}

/// A certificate that came with a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCertificate {
    /// `VCEK`, `VLEK` or `ASK`.
    pub kind: &'static str,
    /// The certificate, DER.
    pub der: Vec<u8>,
}

impl Default for GuestConfig {
    fn default() -> Self {
        Self {
            launch_digest: [0x4d; 48],
            host_data: Vec::new(),
            rtmrs: [[0x70; 48], [0x71; 48], [0x72; 48], [0; 48]],
            debug: false,
            vmpl: 0,
            host_certificates: false,
        }
    }
}

impl Machine {
    /// The evidence of a guest launched like this that asks to have `report_data` signed.
    pub fn attest(
        &self,
        report_data: [u8; 64],
        guest: &GuestConfig,
        rng: &mut impl CryptoRng,
    ) -> Result<Evidence, MintError> {
        match self {
            Self::Amd(hardware) => {
                let report = hardware.report_fields(report_data, guest, rng)?;
                hardware.evidence(&report, guest)
            }
            Self::Intel(hardware) => hardware.evidence(&hardware.quote_fields(report_data, guest)?),
        }
    }
}

impl AmdHardware {
    /// The fields of the guest's report before it is signed.
    pub fn report_fields(
        &self,
        report_data: [u8; 64],
        guest: &GuestConfig,
        rng: &mut impl CryptoRng,
    ) -> Result<ReportFields, MintError> {
        let mut fields = self.chip.report(self.report_version, self.signer, report_data);
        fields.measurement = guest.launch_digest;
        fields.host_data = padded("HOST_DATA", &guest.host_data)?;
        fields.vmpl = guest.vmpl;
        if guest.debug {
            fields.policy |= SNP_DEBUG;
        }
        rng.fill_bytes(&mut fields.report_id);
        Ok(fields)
    }

    /// Signs the fields.
    pub fn evidence(&self, fields: &ReportFields, guest: &GuestConfig) -> Result<Evidence, MintError> {
        let kind = match self.signer {
            SigningChoice::Vcek => "VCEK",
            SigningChoice::Vlek => "VLEK",
        };
        let certificates = if guest.host_certificates {
            let (vek, ask) = (self.endorsement.clone(), self.intermediate.clone());
            vec![HostCertificate { kind, der: vek }, HostCertificate { kind: "ASK", der: ask }]
        } else {
            Vec::new()
        };
        let bytes = self.chip.sign(fields, self.signer)?.to_vec();
        Ok(Evidence { tee: Tee::Snp, bytes, certificates })
    }
}

impl IntelHardware {
    /// The fields of the guest's quote before it is signed.
    pub fn quote_fields(&self, report_data: [u8; 64], guest: &GuestConfig) -> Result<QuoteFields, MintError> {
        let mut fields = self.machine.quote_fields(report_data);
        let QuoteBody::Td(td) = &mut fields.body else {
            return Err(MintError::OtherKind { wanted: "a guest's quote", actual: "sgx" });
        };
        td.mr_td = guest.launch_digest;
        td.mr_config_id = padded("MRCONFIGID", &guest.host_data)?;
        td.rtmrs = guest.rtmrs;
        if guest.debug {
            td.td_attributes |= TDX_DEBUG;
        }
        Ok(fields)
    }

    /// Signs the fields.
    pub fn evidence(&self, fields: &QuoteFields) -> Result<Evidence, MintError> {
        let bytes = self.machine.quote(fields, self.chain.as_bytes())?;
        Ok(Evidence { tee: Tee::Tdx, bytes, certificates: Vec::new() })
    }
}

fn padded<const N: usize>(field: &'static str, data: &[u8]) -> Result<[u8; N], MintError> {
    let mut bytes = [0; N];
    bytes
        .get_mut(..data.len())
        .ok_or(MintError::TooLong { field, length: data.len() })?
        .copy_from_slice(data);
    Ok(bytes)
}

/// POLICY.DEBUG (56860 table 9).
const SNP_DEBUG: u64 = 1 << 19;
/// TDATTRIBUTES.TUD.DEBUG.
const TDX_DEBUG: u64 = 1;
