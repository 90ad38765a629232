//! PEM armour (RFC 7468), several blocks in one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::X509Error;

/// The blocks of a PEM text in order: label and content.
///
/// Text outside of the blocks is passed over. Inside, line breaks may stand anywhere, everything else is strict.
/// More than `limit` blocks are an error.
pub fn pem_blocks(text: &[u8], limit: usize) -> Result<Vec<(&str, Vec<u8>)>, X509Error> {
    if text.len() > MAX_TEXT {
        return Err(X509Error::TooLarge { structure: "PEM", size: text.len(), limit: MAX_TEXT });
    }
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<u8>)> = None;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        match (&mut open, boundary(line, BEGIN), boundary(line, END)) {
            (None, Some(label), _) => {
                if blocks.len() >= limit {
                    return Err(X509Error::TooMany { structure: "PEM", part: "blocks", limit });
                }
                open = Some((label, Vec::new()));
            }
            (None, None, Some(_)) => return Err(X509Error::Pem("an END line without its BEGIN line")),
            (None, None, None) => {}
            (Some(_), Some(_), _) => return Err(X509Error::Pem("a BEGIN line inside a block")),
            (Some((label, body)), None, Some(end)) => {
                if *label != end {
                    return Err(X509Error::Pem("the labels of BEGIN and END differ"));
                }
                let content =
                    STANDARD.decode(&body).map_err(|_| X509Error::Pem("the content is not base64"))?;
                blocks.push((*label, content));
                open = None;
            }
            (Some((_, body)), None, None) => body.extend_from_slice(line),
        }
    }
    match open {
        Some(_) => Err(X509Error::Pem("a block without its END line")),
        None => Ok(blocks),
    }
}

fn boundary<'a>(line: &'a [u8], kind: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(kind)?.strip_suffix(DASHES)?;
    core::str::from_utf8(label).ok()
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// A CRL of the largest accepted size with its armour.
const MAX_TEXT: usize = 0x60_0000;
