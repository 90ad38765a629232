//! The value of a key.

use core::fmt;

use crate::error::ValueError;
use crate::key::Form;

/// A value as the hardware reports it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Bytes, in the order in which the evidence carries them.
    Bytes(Vec<u8>),
    /// A number.
    Number(u64),
}

impl Value {
    /// Reads a value of a form from text: hexadecimal of either case without a prefix, or a decimal number.
    pub fn parse(text: &str, form: Form) -> Result<Self, ValueError> {
        match form {
            Form::Bytes(lengths) => {
                // Decoded only after the length is known to fit, so that a huge text costs nothing.
                if !lengths.iter().any(|length| length.saturating_mul(2) == text.len()) {
                    return Err(ValueError::Length { wanted: lengths, digits: text.len() });
                }
                hex::decode(text).map(Self::Bytes).map_err(|_| ValueError::NotHex)
            }
            Form::Number(max) => {
                if text.is_empty()
                    || text.len() > NUMBER_DIGITS_MAX
                    || !text.bytes().all(|c| c.is_ascii_digit())
                {
                    return Err(ValueError::NotANumber);
                }
                let number = text.parse().map_err(|_| ValueError::NotANumber)?;
                Self::number(number, max)
            }
        }
    }

    /// A number that a key with this largest number can have.
    pub(crate) fn number(number: u64, max: u64) -> Result<Self, ValueError> {
        if number > max {
            return Err(ValueError::TooLarge { max, actual: number });
        }
        Ok(Self::Number(number))
    }

    /// Whether a key of this form can have this value.
    pub(crate) fn has(&self, form: Form) -> bool {
        match (self, form) {
            (Self::Bytes(bytes), Form::Bytes(lengths)) => lengths.contains(&bytes.len()),
            (Self::Number(number), Form::Number(max)) => *number <= max,
            (Self::Bytes(_), Form::Number(_)) | (Self::Number(_), Form::Bytes(_)) => false,
        }
    }
}

/// Lower-case hexadecimal, or decimal.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// The digits of the largest 64-bit number.
const NUMBER_DIGITS_MAX: usize = 20;
