//! What can go wrong while minting or while reading a machine back.

/// Minting failed; nothing was minted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The instant cannot be written in a certificate or in collateral.
    #[error("the instant {seconds} s is outside the years 0 to 9999")]
    Instant {
        /// Seconds since 1970-01-01T00:00:00Z.
        seconds: i64,
    },
    /// The RSA library refused to make, read or use a key.
    #[error("the RSA library failed to {step}")]
    Rsa {
        /// What was asked of it.
        step: &'static str,
    },
    /// The ECDSA library refused to sign.
    #[error("the ECDSA library failed to sign")]
    Ecdsa,
    /// The bytes of a private key are not a valid key.
    #[error("not a valid private key on {curve}")]
    Key {
        /// The curve's name.
        curve: &'static str,
    },
    /// A field is longer than its length prefix can say.
    #[error("{field} has {length} bytes, more than its length prefix can say")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// Bytes that are to be taken apart do not have the form of the structure.
    #[error("not the bytes of {structure}: wrong at offset {offset}")]
    Form {
        /// The structure.
        structure: &'static str,
        /// Offset in bytes at which the form ends.
        offset: usize,
    },
    /// A JSON document cannot be written.
    #[error("the JSON of {document} cannot be written")]
    Json {
        /// The document.
        document: &'static str,
    },
    /// A machine's file does not have the form of one.
    #[error("not the file of a simulated machine: wrong at line {line}, column {column}")]
    Machine {
        /// Line at which the form ends, from 1; 0 where the form holds and a value does not.
        line: usize,
        /// Column in that line.
        column: usize,
    },
    /// Something was asked of a machine of another kind.
    #[error("a simulated machine of kind {actual} cannot mint {wanted}")]
    OtherKind {
        /// What was wanted.
        wanted: &'static str,
        /// The machine's kind.
        actual: &'static str,
    },
}
