//! What several test modules share.

use rand_core::{Infallible, TryCryptoRng, TryRng};
use sha2::Digest as _;

use crate::json::RawJson;

/// The bytes that an unmodified CoCo client and a Trustee exchanged (fixtures/manifest.json says where from).
const RECORDED: &[u8] = include_bytes!("../../../fixtures/kbs/coco-client-with-trustee.txt");

/// The nonce of the worked values (docs/kbs-protocol.md section 19): bytes 00 to 1f.
pub(crate) const NONCE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The key of the worked values: the point of RFC 7515 appendix A.3, with blanks and another order of members.
pub(crate) fn key() -> RawJson {
    RawJson::parse(
        r#"{ "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "kty": "EC", "crv": "P-256",
             "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "alg": "ECDH-ES+A256KW" }"#,
    )
    .unwrap()
}

/// SHA-256 of a seed and a counter: the same bytes at every run.
pub(crate) struct Repeatable {
    seed: u64,
    block: u64,
}

impl Repeatable {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, block: 0 }
    }
}

impl TryRng for Repeatable {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let input = [self.seed.to_le_bytes(), self.block.to_le_bytes()].concat();
            self.block += 1;
            for (to, from) in chunk.iter_mut().zip(sha2::Sha256::digest(input)) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Repeatable {}

/// One message of the recorded exchange.
pub(crate) struct Recorded {
    pub(crate) head: String,
    pub(crate) body: &'static [u8],
}

/// The recorded messages of both sides, in order.
pub(crate) fn recorded() -> Vec<Recorded> {
    let mut messages = Vec::new();
    let mut rest = RECORDED;
    while let Some(start) = find(rest, b"\n##### ") {
        let message = &rest[start + b"\n##### C->S\n".len()..];
        let end = find(message, b"\n##### ").unwrap_or(message.len());
        let blank = find(message, b"\r\n\r\n").unwrap();
        let body = &message[blank + 4..end];
        messages.push(Recorded { head: String::from_utf8(message[..blank].to_vec()).unwrap(), body });
        rest = &message[end..];
    }
    messages
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
