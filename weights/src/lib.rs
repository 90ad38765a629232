//! The encrypted artefact format: header, chunks bound to their position and to the end; pure.
//!
//! Model weights lie encrypted where anybody can read or change them, and are opened inside the attested guest with
//! the one key that the broker released. A guest that opens them gets exactly the bytes that were sealed, or an error.
//!
//! ```text
//!  artefact = header ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//!
//!  header     0  8  magic "VOUCHWTS"
//!             8  2  version, 1                     all numbers little-endian
//!            10  2  algorithm, 1
//!            12  4  chunk size in bytes: a power of two from 4 KiB to 16 MiB
//!            16 32  salt: random, new for each artefact
//!            48  2  n, length of the key id: 0 to 1024
//!            50  n  key id: tells the guest which key to ask for, such as kbs:///repo/type/tag
//!          50+n 32  header tag
//!
//!  chunk      ciphertext, as long as its plaintext ‖ 16 bytes of tag
//!             every chunk but the last has exactly one chunk size of plaintext;
//!             the last has 1 byte to one chunk size, or nothing if the artefact is empty
//!
//!  algorithm 1
//!    h          = SHA-256(header without its tag)
//!    prk        = HKDF-Extract-SHA-256(salt = header's salt, ikm = the 32-byte key)
//!    header tag = HKDF-Expand(prk, "vouchsafe weights/1 header tag" ‖ h, 32)
//!    chunk key  = HKDF-Expand(prk, "vouchsafe weights/1 chunk key" ‖ h, 32)
//!    chunk i    = AES-256-GCM(chunk key,
//!                   nonce = 3 zero bytes ‖ i as 64 bits big-endian ‖ 1 if last, else 0
//!                   associated data = h ‖ i as 64 bits big-endian ‖ 1 if last, else 0)
//! ```
//!
//! This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its
//! Nonce-Reuse Misuse-Resistance", CRYPTO 2015) with a key of its own for each artefact (HKDF, RFC 5869).
//!
//! # Example: from any reader to any writer
//!
//! ```
//! use weights::{ChunkSize, Encryptor, Header, Key, OpenStream, SealStream};
//! # struct Fixed(u8);
//! # impl rand_core::TryRng for Fixed {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
//! #     fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> { dst.fill(self.0); self.0 += 1; Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Fixed {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = Fixed(0);
//! let key = Key::generate(&mut rng);
//! let plaintext = vec![7; 10_000];
//!
//! // Seal: push what was read, write `artefact` out and clear it whenever it is convenient.
//! let (mut artefact, encryptor) =
//!     Encryptor::new(ChunkSize::new(4096)?, b"kbs:///models/key/tiny", &key, &mut rng)?;
//! let mut stream = SealStream::new(encryptor);
//! for piece in plaintext.chunks(1000) {
//!     stream.push(piece, &mut artefact)?;
//! }
//! stream.finish(&mut artefact)?;
//!
//! // Open: the first Header::MAX_BYTES (or all, if there are fewer) hold the header.
//! let (header, rest) = Header::parse(&artefact)?;
//! assert_eq!(header.key_id(), b"kbs:///models/key/tiny");
//! let mut stream = OpenStream::new(header.decryptor(&key)?);
//! let mut opened = Vec::new();
//! for piece in rest.chunks(1000) {
//!     stream.push(piece, &mut opened)?;
//! }
//! let complete = stream.finish(&mut opened)?; // without this the artefact may have been cut off
//! assert_eq!(complete.bytes(), 10_000);
//! assert_eq!(opened, plaintext);
//! # Ok(())
//! # }
//! ```
//!
//! Callers that hold whole chunks use [`Encryptor::seal_chunk`] and [`Decryptor::open_chunk`] instead.
//!
//! # Invariants
//!
//! * Nothing of a chunk comes out before its tag was checked, and nothing of a header is used for more than to choose
//!   the key before the header tag was checked.
//! * A changed bit, a chunk moved, doubled, left out or taken from another artefact, an artefact cut off or continued:
//!   each is an error at the latest in `finish`. Whoever writes a file from the pieces must not give it its final name
//!   before [`OpenStream::finish`] or [`Decryptor::open_last`] returned [`Complete`].
//! * The header tag commits to the key: one artefact opens under one key only.
//! * No two artefacts share a chunk key unless their salts do (256 random bits), and no two chunks of an artefact share
//!   a nonce, so no pair of key and nonce is used twice.
//! * The length of the plaintext is not hidden.
//! * No clock, files or randomness of its own: `rng` is an argument, streaming from and to files is the shell's.

mod error;
mod header;
mod key;
mod open;
mod seal;
mod stream;
mod suite;

pub use error::{HeaderError, OpenError, SealError};
pub use header::{ChunkSize, Header, KEY_ID_BYTES_MAX};
pub use key::{Key, WrongKeyLength};
pub use open::{Complete, Decryptor};
pub use seal::Encryptor;
pub use stream::{OpenStream, SealStream};
pub use suite::{CHUNKS_MAX, TAG_BYTES};

#[cfg(test)]
mod tests;
