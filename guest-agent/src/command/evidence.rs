//! `evidence`: what the hardware says, without a broker.

use kbs_protocol::Tee;
use kbs_protocol::evidence::{Sgx, Snp, Tdx};

use super::args::{EvidenceArgs, Format};
use super::failure::Failure;
use super::run::choose;
use crate::attester::{Attesters, EvidenceJson};
use crate::output;
use crate::system::system_rng;

pub(super) fn evidence<A>(args: &EvidenceArgs, attesters: A) -> Result<(), Failure>
where
    A: FnOnce() -> Attesters,
{
    let out = output::prepare(args.out.out.as_deref(), args.out.force, &mut system_rng())?;
    let attester = choose(args.tee.tee, attesters)?;
    let json = attester.evidence(&args.report_data)?;
    match args.format {
        Format::Json => Ok(out.write_all(json.get().as_bytes())?),
        Format::Raw => Ok(out.write_all(&raw(attester.tee(), &json)?)?),
    }
}

/// The hardware's own bytes.
fn raw(tee: Tee, json: &EvidenceJson) -> Result<Vec<u8>, Failure> {
    match tee {
        Tee::Snp => Ok(Snp::parse(json)?.report()?.to_vec()),
        Tee::Tdx => Ok(Tdx::parse(json)?.quote()?),
        Tee::Sgx => Ok(Sgx::parse(json)?.quote()?),
        other => Err(Failure::NoRawForm(other)),
    }
}
