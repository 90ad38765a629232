//! The model weights of the demo: made up, sealed, compared.

use guest_agent::system_rng;
use rand_core::Rng as _;
use weights::{ChunkSize, Encryptor, Key, SealStream};

/// Weights before and after they were sealed.
pub(crate) struct Material {
    /// The plaintext.
    pub(crate) plaintext: Vec<u8>,
    /// The artefact.
    pub(crate) sealed: Vec<u8>,
    /// What opens it.
    pub(crate) key: Key,
    /// How many chunks the artefact has.
    pub(crate) chunks: usize,
}

impl Material {
    /// New random weights, sealed under a new key that `key_id` names.
    pub(crate) fn new(key_id: &str) -> anyhow::Result<Self> {
        let mut rng = system_rng();
        let mut plaintext = vec![0; WEIGHTS_BYTES];
        rng.fill_bytes(&mut plaintext);
        let key = Key::generate(&mut rng);
        let (mut sealed, encryptor) = Encryptor::new(ChunkSize::DEFAULT, key_id.as_bytes(), &key, &mut rng)?;
        let mut stream = SealStream::new(encryptor);
        stream.push(&plaintext, &mut sealed)?;
        stream.finish(&mut sealed)?;
        let chunks = plaintext.len().div_ceil(ChunkSize::DEFAULT.bytes());
        Ok(Self { plaintext, sealed, key, chunks })
    }
}

/// 16 MiB and a bit, so that the last chunk is not a full one.
const WEIGHTS_BYTES: usize = (16 << 20) + 12_345;

#[cfg(test)]
mod tests;
