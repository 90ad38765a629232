//! `get`: one secret. `token`: what the broker says of this machine.
#![expect(clippy::disallowed_methods, reason = "reads the init-data document")]

use std::fs::File;
use std::io::Read;
use std::path::Path;

use kbs_protocol::InitData;
use kbs_protocol::limits::ATTESTATION_BYTES;

use super::args::{GetArgs, TokenArgs};
use super::failure::Failure;
use super::run::{broker, choose};
use crate::attester::Attesters;
use crate::output;
use crate::system::system_rng;

pub(super) fn get<A>(args: &GetArgs, attesters: A) -> Result<(), Failure>
where
    A: FnOnce() -> Attesters,
{
    let mut broker = broker(&args.broker)?;
    let mut rng = system_rng();
    let out = output::prepare(args.out.out.as_deref(), args.out.force, &mut rng)?;
    let attester = choose(args.broker.tee.tee, attesters)?;
    let secret = broker.get(&args.uri, attester.as_ref(), &mut rng)?;
    Ok(out.write_all(&secret)?)
}

pub(super) fn token<A>(args: &TokenArgs, attesters: A) -> Result<(), Failure>
where
    A: FnOnce() -> Attesters,
{
    let mut broker = broker(&args.broker)?;
    let mut rng = system_rng();
    let out = output::prepare(args.out.out.as_deref(), args.out.force, &mut rng)?;
    let attester = choose(args.broker.tee.tee, attesters)?;
    let mut token = broker.token(attester.as_ref(), &mut rng)?;
    token.push('\n');
    Ok(out.write_all(token.as_bytes())?)
}

/// The init-data document of a file.
pub(super) fn init_data(path: &Path) -> Result<InitData, Failure> {
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let limit = u64::try_from(ATTESTATION_BYTES).unwrap_or(u64::MAX);
    let mut body = String::new();
    File::open(path).and_then(|file| file.take(limit).read_to_string(&mut body)).map_err(failed)?;
    Ok(InitData { format: "toml".to_owned(), body })
}
