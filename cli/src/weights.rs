//! `vouchsafe encrypt-weights`: a file of any size into the encrypted artefact that `vouchsafe-agent` opens.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use guest_agent::system_rng;
use kbs_protocol::ResourceUri;
use weights::{ChunkSize, Encryptor, Key, SealStream};
use zeroize::Zeroizing;

use crate::system;

/// Arguments of `encrypt-weights`.
#[derive(Debug, Args)]
pub struct EncryptArgs {
    /// The file to encrypt
    #[arg(long = "in", value_name = "FILE")]
    input: PathBuf,
    /// The artefact; appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the new 32-byte key goes (mode 0600): store it at the broker, then delete it here
    #[arg(long, value_name = "FILE")]
    key_out: PathBuf,
    /// Under which name the guest will ask the broker for the key; it stands in the artefact's header
    #[arg(long, value_name = "URI", value_parser = ResourceUri::parse)]
    key_uri: ResourceUri,
}

/// Encrypts under a new key; every artefact has a key of its own.
pub(crate) fn encrypt(args: &EncryptArgs) -> anyhow::Result<ExitCode> {
    let mut rng = system_rng();
    let key = Key::generate(&mut rng);
    let mut source = system::open(&args.input)?;
    let mut target = system::Whole::begin(&args.out)?;
    let name = format!("kbs:///{}", args.key_uri.path());
    let (header, encryptor) = Encryptor::new(ChunkSize::DEFAULT, name.as_bytes(), &key, &mut rng)?;
    let mut stream = SealStream::new(encryptor);
    let mut sealed = header;
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut total = 0_u64;
    loop {
        let count = source.read(&mut piece).with_context(|| args.input.display().to_string())?;
        if count == 0 {
            break;
        }
        total += u64::try_from(count)?;
        stream.push(&piece[..count], &mut sealed)?;
        target.write_all(&sealed)?;
        sealed.clear();
    }
    stream.finish(&mut sealed)?;
    target.write_all(&sealed)?;
    // The key first: an artefact without its key is lost, a key without its artefact is not.
    system::write_new_private(&args.key_out, key.expose())?;
    target.finish()?;
    eprintln!(
        "encrypted {total} bytes into {}; its key is in {}",
        args.out.display(),
        args.key_out.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Bytes read at once.
const PIECE: usize = 1 << 20;
