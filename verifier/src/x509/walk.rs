//! A cursor over DER that knows where each element lies in the whole.

use der::asn1::{GeneralizedTime, UtcTime};
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

use super::error::X509Error;
use crate::time::UnixTime;

/// A range of the bytes of one certificate or CRL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The bytes of the span. Spans are made from the very bytes they are used with, so the fallback is never taken.
    pub(super) fn of(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start..self.end).unwrap_or_default()
    }
}

/// One element: tag, length and value as they stand in the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    /// The element with its header.
    pub(super) span: Span,
    /// The element without its header.
    pub(super) value_span: Span,
    /// The bytes of `span`.
    pub(super) der: &'a [u8],
    /// The bytes of `value_span`.
    pub(super) value: &'a [u8],
}

/// Walks the elements of one constructed value in order. Lengths are strict DER by the `der` crate.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    structure: &'static str,
    reader: SliceReader<'a>,
    bytes: &'a [u8],
    /// Where `bytes` starts in the whole.
    base: usize,
}

impl<'a> Walk<'a> {
    /// Walks the top level of a whole certificate or CRL.
    pub(super) fn new(structure: &'static str, whole: &'a [u8]) -> Result<Self, X509Error> {
        Self::over(structure, whole, 0)
    }

    fn over(structure: &'static str, bytes: &'a [u8], base: usize) -> Result<Self, X509Error> {
        let reader =
            SliceReader::new(bytes).map_err(|_| X509Error::Encoding { structure, field: "length" })?;
        Ok(Self { structure, reader, bytes, base })
    }

    /// Walks the inside of an element of this walk.
    pub(super) fn inside(&self, element: &Element<'a>) -> Result<Self, X509Error> {
        Self::over(self.structure, element.value, element.value_span.start)
    }

    /// Walks an element of this walk, header included.
    pub(super) fn at(&self, element: &Element<'a>) -> Result<Self, X509Error> {
        Self::over(self.structure, element.der, element.span.start)
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.reader.is_finished()
    }

    /// The next element, which must have this tag.
    pub(super) fn element(&mut self, field: &'static str, tag: Tag) -> Result<Element<'a>, X509Error> {
        let element = self.any(field)?;
        if element.tag == tag { Ok(element) } else { Err(self.encoding(field)) }
    }

    /// The next element if it has this tag.
    pub(super) fn optional(
        &mut self,
        field: &'static str,
        tag: Tag,
    ) -> Result<Option<Element<'a>>, X509Error> {
        match self.peek(field)? {
            Some(next) if next == tag => self.any(field).map(Some),
            _ => Ok(None),
        }
    }

    /// The content of the next element, `tag`, walked in full by `read`.
    pub(super) fn nested<T>(
        &mut self,
        field: &'static str,
        tag: Tag,
        read: impl FnOnce(&mut Self) -> Result<T, X509Error>,
    ) -> Result<T, X509Error> {
        let element = self.element(field, tag)?;
        let mut inner = self.inside(&element)?;
        let value = read(&mut inner)?;
        inner.finish(field)?;
        Ok(value)
    }

    /// Ends the walk: nothing may follow.
    pub(super) fn finish(&self, field: &'static str) -> Result<(), X509Error> {
        if self.is_done() { Ok(()) } else { Err(self.encoding(field)) }
    }

    /// The tag of the next element; `None` at the end.
    pub(super) fn peek(&self, field: &'static str) -> Result<Option<Tag>, X509Error> {
        if self.is_done() {
            return Ok(None);
        }
        Tag::peek(&self.reader).map(Some).map_err(|_| self.encoding(field))
    }

    /// A Time of RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, both to the second
    /// and in UTC.
    pub(super) fn time(&mut self, field: &'static str) -> Result<UnixTime, X509Error> {
        let element = self.any(field)?;
        let duration = match element.tag {
            Tag::UtcTime => UtcTime::from_der(element.der).map(|time| time.to_unix_duration()),
            Tag::GeneralizedTime => {
                GeneralizedTime::from_der(element.der).map(|time| time.to_unix_duration())
            }
            _ => return Err(self.encoding(field)),
        };
        let seconds = duration.ok().and_then(|duration| i64::try_from(duration.as_secs()).ok());
        let time = UnixTime::from_secs(seconds.ok_or_else(|| self.encoding(field))?);
        if element.tag == Tag::GeneralizedTime && time < YEAR_2050 {
            return Err(self.encoding(field));
        }
        Ok(time)
    }

    /// The error for a field of this structure.
    pub(super) const fn encoding(&self, field: &'static str) -> X509Error {
        X509Error::Encoding { structure: self.structure, field }
    }

    fn any(&mut self, field: &'static str) -> Result<Element<'a>, X509Error> {
        let start = self.position(field)?;
        let header = Header::decode(&mut self.reader).map_err(|_| self.encoding(field))?;
        let middle = self.position(field)?;
        let value = self.reader.read_slice(header.length()).map_err(|_| self.encoding(field))?;
        let end = self.position(field)?;
        let whole = |offset: usize| self.base.saturating_add(offset);
        Ok(Element {
            tag: header.tag(),
            span: Span { start: whole(start), end: whole(end) },
            value_span: Span { start: whole(middle), end: whole(end) },
            der: self.bytes.get(start..end).unwrap_or_default(),
            value,
        })
    }

    fn position(&self, field: &'static str) -> Result<usize, X509Error> {
        usize::try_from(self.reader.position()).map_err(|_| self.encoding(field))
    }
}

/// The tag [number] of an explicitly tagged field.
pub(super) const fn explicit(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The octets of a BIT STRING whose last octet is used in full, and where they lie.
pub(super) fn whole_octets(element: &Element<'_>) -> Option<Span> {
    let (unused, _) = element.value.split_first()?;
    let Span { start, end } = element.value_span;
    (*unused == 0).then_some(Span { start: start.checked_add(1)?, end })
}

/// 2050-01-01T00:00:00Z.
const YEAR_2050: UnixTime = UnixTime::from_secs(2_524_608_000);
