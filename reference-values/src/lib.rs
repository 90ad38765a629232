//! Reference values: what good looks like, as types.
//!
//! A reference value is what the operator knows in advance of a machine that may have the key: the launch digest of
//! an SNP guest, the MRTD and RTMRs of a TDX guest, the MRENCLAVE of an enclave. The verifier compares them with what
//! the hardware signed; this crate reads them, names them and holds the rule of comparison.
//!
//! ```text
//!  TOML text ──parse_toml──▶ ReferenceValues ──of("snp")──▶ Reference ──compare(|key| evidence's value)──▶ Ok
//!                                   │                                                                      or every
//!  "launch-digest=HEX" ──parse_expectation──▶ (Key, Value)                                                 difference
//!                                   │
//!                                   └──canonical──▶ text whose hash a decision record keeps
//! ```
//!
//! ```
//! use reference_values::{Key, ReferenceValues, Value};
//!
//! let text = format!(
//!     "[[reference]]\ntee = \"snp\"\nname = \"model-server 1.2\"\nlaunch-digest = [\"{}\", \"{}\"]\n",
//!     "ab".repeat(48),
//!     "cd".repeat(48),
//! );
//! let values = ReferenceValues::parse_toml(&text).unwrap();
//! let reference = values.of("snp").next().unwrap();
//! assert_eq!(reference.name(), "model-server 1.2");
//!
//! let evidence = |key| (key == Key::LaunchDigest).then(|| Value::Bytes(vec![0xcd; 48]));
//! assert_eq!(reference.compare(evidence), Ok(()));
//! let another = |key| (key == Key::LaunchDigest).then(|| Value::Bytes(vec![0xef; 48]));
//! assert_eq!(reference.compare(another).unwrap_err()[0].key, Key::LaunchDigest);
//! ```
//!
//! # The file
//!
//! ```toml
//! [[reference]]
//! tee = "snp"
//! name = "model-server 1.2"
//! launch-digest = ["<96 hex digits>", "<96 hex digits>"]   # one of these
//! host-data = ["<64 hex digits>"]                          # and this
//!
//! [[reference]]
//! tee = "sgx"
//! name = "tokeniser"
//! mr-signer = ["<64 hex digits>"]
//! isv-prod-id = [1]
//! min-isv-svn = [3]                                        # 3 or higher
//! ```
//!
//! # Advisories
//!
//! [`advisories()`] is the catalogue of what is known against SEV-SNP platforms and what a report must show for each; the
//! verifier's appraisal reads it.
//!
//! # Invariants
//!
//! * Entries of one TEE are alternatives. Within an entry every key must fit, and a key fits when the evidence's value
//!   is among the listed ones. What the evidence does not have does not fit.
//! * An entry names at least one key and every key at least one value: nothing here can match everything.
//! * A key that the TEE does not have, an unknown TEE, a value of another length or a value given twice is an error
//!   that names the entry and the key.
//! * The crate is pure: text in, values out; who reads the file, and who signed it, is the caller's business.

mod advisories;
mod canonical;
mod error;
mod expectation;
mod key;
mod parse;
mod set;
mod value;

pub use advisories::{Advisory, AmdProduct, Demand, Remedy, TcbPart, advisories, advisory};
pub use error::{EntryError, ReferenceError, ValueError};
pub use expectation::{ExpectationError, parse_expectation};
pub use key::{Form, Key, NoSuchKey, TEES};
pub use parse::{ENTRIES_MAX, TEXT_BYTES_MAX};
pub use set::{Mismatch, NAME_BYTES_MAX, Reference, ReferenceValues, VALUES_MAX};
pub use value::Value;
