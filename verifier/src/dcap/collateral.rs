//! What TCB info and QE identity have in common: a JSON body signed as it stands, and a span of validity.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::crypto::{CryptoError, PublicKey, Signature, SignatureAlgorithm, SignatureMemo};
use crate::dcap::json::{Names, UniqueMembers};
use crate::dcap::status::TcbStatus;
use crate::time::{UnixTime, Validity};

/// Collateral that cannot be read. Its signature is not checked here but where it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollateralError {
    /// Larger than any collateral of Intel's.
    #[error("{size} bytes, at most {limit} are read")]
    TooLarge {
        /// The size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not JSON of the expected shape, or a member appears twice.
    #[error("line {line}, column {column}: {reason}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the JSON reader missed; control characters are escaped.
        reason: String,
    },
    /// A format version that is not understood.
    #[error("format version {actual} is not understood")]
    Version {
        /// The version found.
        actual: u32,
    },
    /// Collateral for something else than it is read for.
    #[error("id `{}` is not understood here", actual.escape_default())]
    Id {
        /// The id found, shortened to 32 characters.
        actual: String,
    },
    /// A member that the version or id demands is absent, or one that it forbids is present.
    #[error("member `{member}` is {} here", if *wanted { "missing and needed" } else { "present and not defined" })]
    Member {
        /// The member's name.
        member: &'static str,
        /// Whether it is needed.
        wanted: bool,
    },
    /// A member in hexadecimal has another size.
    #[error("member `{member}` is not {size} bytes in hexadecimal")]
    Hex {
        /// The member's name.
        member: &'static str,
        /// The size wanted in bytes.
        size: usize,
    },
    /// A member is not an instant.
    #[error("member `{member}` is not an instant of RFC 3339")]
    Instant {
        /// The member's name.
        member: &'static str,
    },
    /// A TCB level has too few or too many components.
    #[error("a TCB level with {actual} components in `{member}`, wanted are {expected}")]
    Components {
        /// The member's name.
        member: &'static str,
        /// The number wanted.
        expected: usize,
        /// The number found.
        actual: usize,
    },
    /// TCB levels are composed in a way that is not understood.
    #[error("tcbType {actual}, understood is 0")]
    TcbType {
        /// The type found.
        actual: u32,
    },
    /// A status that Intel does not define for this kind of collateral.
    #[error("TCB status {actual} is not defined here")]
    Status {
        /// The status found.
        actual: TcbStatus,
    },
    /// No TCB level, more than are read, or two identities of one module version.
    #[error("member `{member}` has {actual} entries, read are 1 to {limit}, each id once")]
    Count {
        /// The member's name.
        member: &'static str,
        /// The most that are read.
        limit: usize,
        /// The number found.
        actual: usize,
    },
    /// Two TCB levels ask for the same security versions, and may say different things.
    #[error("two TCB levels in `{member}` have the same security versions")]
    LevelTwice {
        /// The member's name.
        member: &'static str,
    },
    /// An advisory's id is not a short word of letters, digits and hyphens.
    #[error("an advisory id is not a word of at most {MAX_ADVISORY} letters, digits and hyphens")]
    Advisory,
}

/// A signed body, kept as received, and the memory of whose signature it carries.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    body: Box<[u8]>,
    signature: [u8; 64],
    memo: SignatureMemo,
}

impl Signed {
    /// Takes a body and its signature in hexadecimal: r and s, 32 bytes each, big-endian.
    pub(super) fn new(body: &[u8], signature: &str) -> Result<Self, CollateralError> {
        size(body)?;
        let signature = bytes("signature", signature)?;
        Ok(Self { body: body.into(), signature, memo: SignatureMemo::default() })
    }

    /// The body as received.
    pub(super) const fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the signature was verified with this key before.
    pub(super) fn is_proved_by(&self, key: &PublicKey) -> bool {
        self.memo.is_proved_by(key)
    }

    /// Checks the signature over the received bytes; once for each key that holds.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), CryptoError> {
        self.memo.check(key, || {
            let signature = Signature::EcdsaFixed(&self.signature);
            key.verify(SignatureAlgorithm::EcdsaP256Sha256, &self.body, signature)
        })
    }
}

/// What PCS answers: `{"tcbInfo":{…},"signature":"…"}` or `{"enclaveIdentity":{…},"signature":"…"}`.
#[derive(Default)]
struct Envelope<'a> {
    tcb_info: Option<&'a RawValue>,
    enclave_identity: Option<&'a RawValue>,
    signature: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a body and its signature")
    }

    /// Members of the bodies are looked at when these are read.
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        Names::default().of_object(members, |names, name, members| {
            match name {
                "tcbInfo" => envelope.tcb_info = Some(members.next_value()?),
                "enclaveIdentity" => envelope.enclave_identity = Some(members.next_value()?),
                "signature" => envelope.signature = Some(members.next_value::<Text<'_>>()?.0),
                _ => members.next_value_seed(UniqueMembers(names))?,
            }
            Ok(())
        })?;
        Ok(envelope)
    }
}

/// Text as it stands in the document, unless it is written with escapes.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The body of a PCS answer as the exact span that was received, and the signature in hexadecimal.
pub(super) fn open(json: &[u8], member: Member) -> Result<(&[u8], Cow<'_, str>), CollateralError> {
    size(json)?;
    let envelope: Envelope<'_> = serde_json::from_slice(json).map_err(|error| json_error(&error))?;
    let (body, other) = match member {
        Member::TcbInfo => (envelope.tcb_info, envelope.enclave_identity),
        Member::EnclaveIdentity => (envelope.enclave_identity, envelope.tcb_info),
    };
    // One signature cannot belong to two bodies.
    if other.is_some() {
        return Err(CollateralError::Member { member: member.other().name(), wanted: false });
    }
    let body = body.ok_or(CollateralError::Member { member: member.name(), wanted: true })?;
    let signature =
        envelope.signature.ok_or(CollateralError::Member { member: "signature", wanted: true })?;
    Ok((body.get().as_bytes(), signature))
}

/// The two bodies that PCS signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// `tcbInfo`
    TcbInfo,
    /// `enclaveIdentity`
    EnclaveIdentity,
}

impl Member {
    const fn name(self) -> &'static str {
        match self {
            Self::TcbInfo => "tcbInfo",
            Self::EnclaveIdentity => "enclaveIdentity",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::TcbInfo => Self::EnclaveIdentity,
            Self::EnclaveIdentity => Self::TcbInfo,
        }
    }
}

/// Reads JSON without duplicate members.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, CollateralError> {
    crate::dcap::json::read(text).map_err(|error| json_error(&error))
}

pub(super) fn json_error(error: &serde_json::Error) -> CollateralError {
    let (line, column) = (error.line(), error.column());
    let reason = error.to_string().chars().take(MAX_REASON).flat_map(char::escape_debug).collect();
    CollateralError::Json { line, column, reason }
}

/// `N` bytes in hexadecimal of either case.
pub(super) fn bytes<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], CollateralError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| CollateralError::Hex { member, size: N })?;
    Ok(bytes)
}

pub(super) fn instant(member: &'static str, text: &str) -> Result<UnixTime, CollateralError> {
    UnixTime::parse_rfc3339(text).map_err(|_| CollateralError::Instant { member })
}

pub(super) fn validity(issue_date: &str, next_update: &str) -> Result<Validity, CollateralError> {
    Ok(Validity {
        not_before: instant("issueDate", issue_date)?,
        not_after: instant("nextUpdate", next_update)?,
    })
}

pub(super) fn id_error(actual: &str) -> CollateralError {
    CollateralError::Id { actual: actual.chars().take(32).collect() }
}

/// Between one and `limit` entries.
pub(super) const fn count(member: &'static str, limit: usize, actual: usize) -> Result<(), CollateralError> {
    if actual == 0 || actual > limit {
        return Err(CollateralError::Count { member, limit, actual });
    }
    Ok(())
}

/// Orders levels from the best down, as Intel's QVL keeps them: the first that is reached counts, so that the order of
/// the document must not matter.
pub(super) fn ordered<T, K: Ord>(
    member: &'static str,
    mut levels: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, CollateralError> {
    levels.sort_by_cached_key(|level| core::cmp::Reverse(key(level)));
    let twice = levels.windows(2).any(|pair| matches!(pair, [one, next] if key(one) == key(next)));
    if twice { Err(CollateralError::LevelTwice { member }) } else { Ok(levels) }
}

/// Advisory ids go into verdicts and policies word for word.
pub(super) fn advisories(ids: Option<Vec<String>>) -> Result<Vec<String>, CollateralError> {
    let ids = ids.unwrap_or_default();
    let is_word = |id: &String| {
        (1..=MAX_ADVISORY).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if ids.iter().all(is_word) { Ok(ids) } else { Err(CollateralError::Advisory) }
}

const fn size(text: &[u8]) -> Result<(), CollateralError> {
    if text.len() > MAX_COLLATERAL {
        return Err(CollateralError::TooLarge { size: text.len(), limit: MAX_COLLATERAL });
    }
    Ok(())
}

/// Intel's largest TCB info has about 30 KiB; eight times that.
const MAX_COLLATERAL: usize = 0x4_0000;
/// Intel's ids have 14 characters, `INTEL-SA-00615`.
const MAX_ADVISORY: usize = 32;
/// Characters of the JSON reader's explanation that are kept.
const MAX_REASON: usize = 160;
