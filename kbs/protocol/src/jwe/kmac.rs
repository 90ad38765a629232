//! KMAC256 (NIST SP 800-185 section 4) over the cSHAKE256 of a library, and the key that ML-KEM-768+A192KW derives
//! with it (draft-ietf-jose-pqc-kem-05 section 5.1).

use cshake::CShake256;
use cshake::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use zeroize::Zeroizing;

/// The key-wrapping key of 192 bits: the shared secret keys the function, the algorithm's name and the length are its
/// input. The draft leaves the names of the parties out, and so do both sides of CoCo.
pub(super) fn derive(shared: &[u8], algorithm: &str) -> Zeroizing<[u8; 24]> {
    let mut input = Vec::new();
    // Safe: the name of an algorithm is far below 4 GiB.
    input.extend(u32::try_from(algorithm.len()).unwrap_or(u32::MAX).to_be_bytes());
    input.extend(algorithm.as_bytes());
    input.extend(KEY_BITS.to_be_bytes());
    let mut key = Zeroizing::new([0; 24]);
    kmac256(shared, &input, b"", key.as_mut());
    key
}

/// KMAC256(`key`, `input`, the bits of `out`, `customisation`).
fn kmac256(key: &[u8], input: &[u8], customisation: &[u8], out: &mut [u8]) {
    let mut mac = CShake256::new_with_function_name(b"KMAC", customisation);
    // bytepad(encode_string(key), 136): the key fills whole blocks.
    let mut absorbed = 0;
    let mut absorb = |bytes: &[u8]| {
        mac.update(bytes);
        absorbed += bytes.len();
    };
    absorb(&left_encode(RATE));
    absorb(&left_encode(bits(key.len())));
    absorb(key);
    let padding = vec![0; absorbed.next_multiple_of(136) - absorbed];
    mac.update(&padding);
    mac.update(input);
    mac.update(&right_encode(bits(out.len())));
    mac.finalize_xof().read(out);
}

/// SP 800-185 section 2.3.1: the number of bytes, then the number without leading zeros.
fn left_encode(number: u64) -> Vec<u8> {
    let (bytes, count) = significant(number);
    [&[count], bytes.as_slice()].concat()
}

/// The same with the number of bytes last.
fn right_encode(number: u64) -> Vec<u8> {
    let (bytes, count) = significant(number);
    [bytes.as_slice(), &[count]].concat()
}

/// The bytes of a number without leading zeros, at least one, and how many they are.
fn significant(number: u64) -> (Vec<u8>, u8) {
    let zeros = number.to_be_bytes().iter().take(7).take_while(|byte| **byte == 0).count();
    let bytes: Vec<u8> = number.to_be_bytes().into_iter().skip(zeros).collect();
    // Safe: from one to eight.
    let count = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    (bytes, count)
}

/// Safe: keys and outputs here have at most some hundred bytes.
fn bits(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8)
}

/// Bytes of a block of KMAC256.
const RATE: u64 = 136;
/// Of the wrapping key.
const KEY_BITS: u32 = 192;

#[cfg(test)]
mod tests;
