//! How large each message may be, in bytes.

/// `POST /auth`: three short members; the hash algorithms are the only list.
pub const REQUEST_BYTES: usize = 16 << 10;

/// The answer to `/auth`: a nonce of 44 characters, or for IBM SE a document with two images' keys in it.
pub const CHALLENGE_BYTES: usize = 64 << 10;

/// `POST /attest`: Trustee's `payload_request_size` default, 2 MB (kbs/src/config.rs).
pub const ATTESTATION_BYTES: usize = 2 << 20;

/// The answer to `/attest`: a token; with eight GPUs Trustee's is about 170 KiB (confidential-containers/trustee#1563).
pub const TOKEN_BYTES: usize = 512 << 10;

/// A secret: Trustee takes uploads up to 2 MB.
pub const SECRET_BYTES: usize = 2 << 20;

/// The answer to a resource request: a secret in base64url, with the header and the wrapped key.
pub const RESPONSE_BYTES: usize = SECRET_BYTES / 3 * 4 + (16 << 10);

/// An error body: a type and a few lines of detail.
pub const ERROR_BYTES: usize = 64 << 10;

/// A `tee-pubkey` object: the largest is ML-KEM-768 with 1,579 characters; RSA with 8,192 bits has 1,366.
pub const TEE_PUBKEY_BYTES: usize = 8 << 10;

/// The protected header of a JWE, decoded: ML-KEM-768 carries 1,452 characters in it.
pub const PROTECTED_HEADER_BYTES: usize = 8 << 10;

/// One segment of a resource path: what file systems take as one name.
pub const SEGMENT_BYTES: usize = 255;

/// A resource URI: host (255), three segments and a query.
pub const URI_BYTES: usize = 4 << 10;
