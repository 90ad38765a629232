//! Instants as seconds since 1970-01-01T00:00:00Z.

use core::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

/// The text is not an RFC 3339 instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant such as 2026-03-01T00:00:00Z")]
pub struct NotAnInstant;

impl UnixTime {
    /// The instant `seconds` after 1970-01-01T00:00:00Z.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn secs(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 instant with `Z` or an offset; fractions of a second are dropped.
    pub fn parse_rfc3339(text: &str) -> Result<Self, NotAnInstant> {
        OffsetDateTime::parse(text, &Rfc3339).map(|t| Self(t.unix_timestamp())).map_err(|_| NotAnInstant)
    }

    /// The instant `seconds` later; saturates at the ends of the range.
    pub const fn plus_secs(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|t| t.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "@{}", self.0),
        }
    }
}

impl serde::Serialize for UnixTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The span in which a signed object may be used, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First instant of validity.
    pub not_before: UnixTime,
    /// Last instant of validity.
    pub not_after: UnixTime,
}

impl Validity {
    /// Whether `now` lies inside the span.
    pub fn contains(&self, now: UnixTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

#[cfg(test)]
mod tests;
