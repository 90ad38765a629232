//! Values of a policy that have a form of their own: identifiers in hexadecimal, and sets of bits.

use core::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes that name something, written in hexadecimal of either case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<const N: usize>(pub [u8; N]);

/// A set of up to 64 bits, written as `"0x…"` or as a number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Mask(pub u64);

/// Bits that must have a value: those under `mask` equal those of `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Masked {
    /// Which bits count.
    pub mask: Mask,
    /// What they must be.
    pub value: Mask,
}

impl Masked {
    /// Whether the bits that count are as they must be.
    pub const fn holds(self, bits: u64) -> bool {
        bits & self.mask.0 == self.value.0 & self.mask.0
    }
}

impl<const N: usize> fmt::Debug for Id<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> Serialize for Id<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Id<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let mut bytes = [0; N];
        match hex::decode_to_slice(text.as_bytes(), &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(D::Error::custom(format!("wanted are {N} bytes in hexadecimal"))),
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl Visitor<'_> for Form {
            type Value = Mask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a set of bits such as \"0x3\" or 3")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Mask, E> {
                Ok(Mask(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Mask, E> {
                u64::try_from(value).map(Mask).map_err(|_| E::custom("a set of bits is not negative"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Mask, E> {
                let digits =
                    text.strip_prefix("0x").ok_or_else(|| E::custom("a set of bits begins with 0x"))?;
                u64::from_str_radix(digits, 16).map(Mask).map_err(|_| E::custom("not 64 bits in hexadecimal"))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[cfg(test)]
mod tests;
