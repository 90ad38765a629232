//! Attesters without hardware.

use guest_agent::{AttestError, Attester, EvidenceJson, system_rng};
use kbs_protocol::Tee;
use kbs_protocol::evidence::{CertificateEntry, Sample, Snp, Tdx};
use sim::MintError;
use sim::platform::{self, Evidence, GuestConfig, Machine};

/// A guest on a simulated machine.
#[derive(Clone, Debug)]
pub struct SimulatedAttester {
    machine: Machine,
    guest: GuestConfig,
}

/// The protocol's test evidence, which proves nothing.
#[derive(Clone, Copy, Debug)]
pub struct SampleAttester;

impl SimulatedAttester {
    /// A guest launched like this on this machine.
    pub const fn new(machine: Machine, guest: GuestConfig) -> Self {
        Self { machine, guest }
    }
}

impl Attester for SimulatedAttester {
    fn tee(&self) -> Tee {
        match self.machine.tee() {
            platform::Tee::Snp => Tee::Snp,
            platform::Tee::Tdx => Tee::Tdx,
        }
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        let evidence = self.machine.attest(*report_data, &self.guest, &mut system_rng()).map_err(foreign)?;
        match evidence.tee {
            platform::Tee::Snp => Ok(snp(evidence)?.to_json()?),
            platform::Tee::Tdx => Ok(Tdx::new(&evidence.bytes, None).to_json()?),
        }
    }
}

impl Attester for SampleAttester {
    fn tee(&self) -> Tee {
        Tee::Sample
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        Ok(Sample::new(report_data, "1").to_json()?)
    }
}

fn snp(evidence: Evidence) -> Result<Snp, AttestError> {
    let certificates = evidence.certificates.into_iter();
    let entries =
        certificates.map(|host| CertificateEntry { cert_type: host.kind.to_owned(), data: host.der });
    Ok(Snp::new(&evidence.bytes, entries.collect())?)
}

fn foreign(error: MintError) -> AttestError {
    AttestError::Foreign(Box::new(error))
}
