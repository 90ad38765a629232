//! Extensions of certificates, CRLs and CRL entries.

use der::asn1::ObjectIdentifier;
use der::{Decode, Tag};

use super::error::X509Error;
use super::walk::{Span, Walk};

/// One extension, undecoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension {
    pub(super) oid: ObjectIdentifier,
    pub(super) critical: bool,
    /// The octets of extnValue.
    pub(super) value: Span,
}

/// Reads `Extensions` (RFC 5280 section 4.1.2.9): at least one, at most [`MAX_EXTENSIONS`], none twice.
pub(super) fn extensions(structure: &'static str, walk: &mut Walk<'_>) -> Result<Vec<Extension>, X509Error> {
    walk.nested("extensions", Tag::Sequence, |list| {
        let mut extensions: Vec<Extension> = Vec::with_capacity(TYPICAL_EXTENSIONS);
        while extensions.is_empty() || !list.is_done() {
            let extension = extension(list)?;
            if extensions.len() >= MAX_EXTENSIONS {
                return Err(X509Error::TooMany { structure, part: "extensions", limit: MAX_EXTENSIONS });
            }
            if extensions.iter().any(|other| other.oid == extension.oid) {
                return Err(X509Error::DuplicateExtension { structure, oid: extension.oid });
            }
            extensions.push(extension);
        }
        Ok(extensions)
    })
}

fn extension(list: &mut Walk<'_>) -> Result<Extension, X509Error> {
    list.nested("extension", Tag::Sequence, |fields| {
        let oid = fields.element("extension identifier", Tag::ObjectIdentifier)?;
        let oid = ObjectIdentifier::from_der(oid.der).map_err(|_| fields.encoding("extension identifier"))?;
        let critical = match fields.optional("criticality", Tag::Boolean)? {
            None => false,
            // DER has one TRUE, and forbids to write out the default FALSE.
            Some(flag) if flag.value == [0xff] => true,
            Some(_) => return Err(fields.encoding("criticality")),
        };
        let value = fields.element("extension value", Tag::OctetString)?;
        Ok(Extension { oid, critical, value: value.value_span })
    })
}

/// AMD's VCEK has the most that are known, eleven; NVIDIA's and TPM vendors' have fewer.
const MAX_EXTENSIONS: usize = 32;
const TYPICAL_EXTENSIONS: usize = 12;
