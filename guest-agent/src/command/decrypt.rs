//! `decrypt-weights`: a key by attestation, then a file of any size with memory of a few chunks.
#![expect(clippy::disallowed_methods, reason = "reads the encrypted file")]

use std::fs::File;
use std::io::{self, Read};

use weights::{Complete, Header, Key, OpenStream};
use zeroize::Zeroizing;

use super::args::DecryptArgs;
use super::failure::Failure;
use super::run::{broker, choose};
use crate::attester::Attesters;
use crate::output::{self, Output};
use crate::system::system_rng;

pub(super) fn decrypt<A>(args: &DecryptArgs, attesters: A) -> Result<(), Failure>
where
    A: FnOnce() -> Attesters,
{
    // 1. What can fail without a key fails before anybody is asked for one.
    let unreadable = |source| Failure::Input { path: args.input.clone(), source };
    let mut broker = broker(&args.broker)?;
    let mut input = File::open(&args.input).map_err(unreadable)?;
    let mut start = Vec::with_capacity(Header::MAX_BYTES);
    let limit = u64::try_from(Header::MAX_BYTES).unwrap_or(u64::MAX);
    (&mut input).take(limit).read_to_end(&mut start).map_err(unreadable)?;
    let (header, rest) = Header::parse(&start)?;
    let mut rng = system_rng();
    let out = output::prepare(Some(&args.out), args.force, &mut rng)?;

    // 2. The key.
    let attester = choose(args.broker.tee.tee, attesters)?;
    let secret = broker.get(&args.key, attester.as_ref(), &mut rng)?;
    let key = Key::from_slice(&secret)?;

    // 3. The file, piece by piece; its name appears after the last piece was authenticated.
    let chunk = header.chunk_size().bytes();
    let stream = OpenStream::new(header.decryptor(&key)?);
    open(stream, rest, &mut input, chunk, out, unreadable)
}

fn open(
    mut stream: OpenStream,
    rest: &[u8],
    input: &mut File,
    chunk: usize,
    mut out: Output,
    unreadable: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE_BYTES];
    // Room for all that one piece can complete, so that plaintext is never left behind by a growing buffer.
    let mut opened = Zeroizing::new(Vec::with_capacity(chunk + PIECE_BYTES));
    stream.push(rest, &mut opened)?;
    loop {
        let count = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        stream.push(piece.get(..count).unwrap_or_default(), &mut opened)?;
        out.append(&opened)?;
        opened.clear();
    }
    let _authentic_to_its_end: Complete = stream.finish(&mut opened)?;
    Ok(out.write_all(&opened)?)
}

/// How much is read at a time.
const PIECE_BYTES: usize = 1 << 20;
