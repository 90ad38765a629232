//! Where the exempt bits of a file stand, by its parsed structure.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use verifier::dcap::Quote;
use verifier::evidence::Tee;
use verifier::snp::REPORT_SIZE;
use verifier::x509::{Certificate, pem_blocks};

use super::Bits;
use crate::piece::Piece;

fn whole(range: Range<usize>) -> Bits {
    Bits { range, mask: 0xff }
}

fn bytes(piece: &Piece, file: usize) -> &[u8] {
    piece.files.get(file).map_or(&[], |file| &file.bytes)
}

/// The PEM text of a file: a quote's PCK chain, or a whole file of blocks.
struct Pem {
    text: Vec<u8>,
    /// Where it starts in the quote or file.
    start: usize,
    /// Where the base64 of the quote starts, if it comes in CoCo's JSON.
    base64: Option<usize>,
}

impl Pem {
    fn of(piece: &Piece, file: usize) -> Option<Self> {
        let bytes = bytes(piece, file);
        if file > 0 {
            let is_pem = bytes.starts_with(b"-----BEGIN ");
            return is_pem.then(|| Self { text: bytes.to_vec(), start: 0, base64: None });
        }
        let base64 = bytes.starts_with(COCO_QUOTE).then_some(COCO_QUOTE.len());
        let quote = match base64 {
            Some(start) => STANDARD.decode(&bytes[start..bytes.len() - COCO_END]).ok()?,
            None => bytes.to_vec(),
        };
        let chain = Quote::parse(&quote).ok()?.certification.pck_chain;
        Some(Self { text: chain.to_vec(), start: position(&quote, chain)?, base64 })
    }

    /// The bits of the file that write this range of the text.
    fn bits(&self, range: &Range<usize>) -> Bits {
        let Range { start, end } = self.start + range.start..self.start + range.end;
        match self.base64 {
            None => whole(start..end),
            // A character that writes bits of its neighbours too is among them: both are compared with the verdict.
            Some(at) => whole(at + start * 8 / 6..at + (end * 8).div_ceil(6)),
        }
    }
}

/// A line of a PEM text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Outside,
    Boundary,
    /// Of the block with this number.
    Body(usize),
}

/// Each line with its range, its line break included.
pub(super) fn lines(text: &[u8]) -> Vec<(Line, Range<usize>)> {
    let (mut lines, mut at, mut block, mut open) = (Vec::new(), 0, 0, false);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let range = at..at + line.len();
        at = range.end;
        let kind = if line.starts_with(b"-----BEGIN ") {
            open = true;
            Line::Boundary
        } else if line.starts_with(b"-----END ") {
            open = false;
            block += 1;
            Line::Boundary
        } else if open {
            Line::Body(block)
        } else {
            Line::Outside
        };
        lines.push((kind, range));
    }
    lines
}

pub(super) fn root_in_pem(piece: &Piece, file: usize) -> Vec<Bits> {
    let Some(pem) = Pem::of(piece, file) else { return Vec::new() };
    let end = pem.text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let blocks = pem_blocks(&pem.text[..end], 8).expect("an accepted chain");
    let is_root = |line: Line| matches!(line, Line::Body(block) if is_self_issued(&blocks[block].1));
    let bodies = lines(&pem.text).into_iter().filter(|(line, _)| is_root(*line));
    bodies.map(|(_, range)| pem.bits(&range)).collect()
}

pub(super) fn outside_pem(piece: &Piece, file: usize) -> Vec<Bits> {
    let Some(pem) = Pem::of(piece, file) else { return Vec::new() };
    let outside = lines(&pem.text).into_iter().filter(|(line, _)| *line == Line::Outside);
    outside.map(|(_, range)| pem.bits(&range)).collect()
}

pub(super) fn given_ark(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_ark = piece.tee == Tee::Snp && file > 0 && is_self_issued(bytes);
    if is_ark { vec![whole(0..bytes.len())] } else { Vec::new() }
}

/// The GUID of the entry and the certificate; where the entry points is not exempt.
pub(super) fn carried_ark(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_table = piece.tee == Tee::Snp && file == 0 && bytes.len() > REPORT_SIZE;
    if !is_table || is_text(bytes) {
        return Vec::new();
    }
    let table = &bytes[REPORT_SIZE..];
    let carried = verifier::snp::parse_certificate_table(table).expect("an accepted table");
    let arks = carried.iter().enumerate().filter(|(_, der)| is_self_issued(der));
    arks.flat_map(|(number, der)| {
        let entry = REPORT_SIZE + number * TABLE_ENTRY;
        let content = REPORT_SIZE + position(table, der).expect("a part of the table");
        [whole(entry..entry + GUID), whole(content..content + der.len())]
    })
    .collect()
}

pub(super) fn coco_ark(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if piece.tee != Tee::Snp || file > 0 || !is_text(bytes) {
        return Vec::new();
    }
    let roots = piece.asked.anchors.iter().filter(|anchor| anchor.danger);
    let entries = roots.map(|root| json!({"cert_type": "ARK", "data": root.certificate.der()}).to_string());
    let found = entries.filter_map(|entry| position(bytes, entry.as_bytes()).map(|at| at..at + entry.len()));
    found.map(whole).collect()
}

/// The bit that tells `ASK` from `ARK`.
pub(super) fn coco_kind(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let entry = b"\"cert_type\":\"ASK\"";
    if piece.tee != Tee::Snp || file > 0 || !is_text(bytes) {
        return Vec::new();
    }
    let letter = position(bytes, entry).map(|at| at + entry.len() - 3);
    letter.map(|at| Bits { range: at..at + 1, mask: b'S' ^ b'R' }).into_iter().collect()
}

pub(super) fn null_members(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if file > 0 || !is_text(bytes) {
        return Vec::new();
    }
    let (name, member) = (b"fmc".len(), b"\"fmc\":null");
    let windows = bytes.windows(member.len()).enumerate().filter(|(_, window)| window == member);
    windows.map(|(at, _)| whole(at + 1..at + 1 + name)).collect()
}

pub(super) fn media_type(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if file > 0 || !bytes.starts_with(b"[\"") {
        return Vec::new();
    }
    let name = bytes[2..].iter().take_while(|byte| **byte != b'"').enumerate();
    let letters = name.filter(|(_, byte)| byte.is_ascii_alphabetic());
    letters.map(|(at, _)| Bits { range: at + 2..at + 3, mask: 0x20 }).collect()
}

pub(super) fn pinned_intermediate(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_pinned = file > 0 && vendor_certs::INTERMEDIATES.iter().any(|pinned| pinned.der == bytes);
    if is_pinned { vec![whole(0..bytes.len())] } else { Vec::new() }
}

/// The letters of a PCS answer's signature, and of the signatures and CRLs in dcap-qvl's file.
pub(super) fn hexadecimal(piece: &Piece, file: usize) -> Vec<Bits> {
    let names = ["signature", "tcb_info_signature", "qe_identity_signature", "root_ca_crl", "pck_crl"];
    let text = bytes(piece, file);
    let values = names.iter().filter_map(|name| member(piece, file, name)).map(|(_, value)| value);
    let letters = values.flatten().filter(|at| text[*at].is_ascii_alphabetic());
    letters.map(|at| Bits { range: at..at + 1, mask: 0x20 }).collect()
}

pub(super) fn after_quote(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    match Quote::parse(bytes) {
        Ok(quote) if file == 0 => vec![whole(bytes.len() - quote.trailing()..bytes.len())],
        _ => Vec::new(),
    }
}

/// Name and value of each of these members: under another name it is none that is read.
pub(super) fn members(piece: &Piece, file: usize, names: &[&str]) -> Vec<Bits> {
    let found = names.iter().filter_map(|name| member(piece, file, name));
    found.flat_map(|(name, value)| [whole(name), whole(value)]).collect()
}

/// Where name and string value of a member of a JSON object stand, without their quotes.
fn member(piece: &Piece, file: usize, name: &str) -> Option<(Range<usize>, Range<usize>)> {
    let text = bytes(piece, file);
    if file == 0 || text.first() != Some(&b'{') {
        return None;
    }
    let start = position(text, format!("\"{name}\"").as_bytes())? + 1;
    let name = start..start + name.len();
    let value = name.end + 1 + text[name.end + 1..].iter().position(|byte| *byte == b'"')? + 1;
    let mut end = value;
    while text.get(end)? != &b'"' {
        end += if text[end] == b'\\' { 2 } else { 1 };
    }
    Some((name, value..end))
}

/// The lowest bit of AUTH_KEY_ALGO where the author's signature and key are zero.
pub(super) fn author_algorithm(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_block = piece.tee == Tee::Snp && file > 0 && bytes.len() == ID_BLOCK_AND_AUTH;
    let has_no_author = is_block && bytes[AUTHOR].iter().all(|byte| *byte == 0);
    let bits = Bits { range: AUTHOR_ALGORITHM..AUTHOR_ALGORITHM + 1, mask: 1 };
    if has_no_author { vec![bits] } else { Vec::new() }
}

pub(super) fn quote_padding(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if file > 0 || !bytes.starts_with(COCO_QUOTE) {
        return Vec::new();
    }
    let end = bytes.len() - COCO_END;
    let padding = bytes[..end].iter().rev().take_while(|byte| **byte == b'=').count();
    vec![whole(end - padding..end)]
}

fn is_text(evidence: &[u8]) -> bool {
    matches!(evidence.first(), Some(b'{' | b'['))
}

fn is_self_issued(der: &[u8]) -> bool {
    Certificate::parse(der).is_ok_and(|certificate| certificate.subject() == certificate.issuer())
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

/// An entry of a certificate table (AMD 56421): GUID, offset, length.
const TABLE_ENTRY: usize = 24;
const GUID: usize = 16;
/// CoCo's evidence JSON around a quote, as it is minted.
const COCO_QUOTE: &[u8] = b"{\"quote\":\"";
const COCO_END: usize = 2;
/// An ID block and its authentication information (AMD 56860, ID_BLOCK and ID_AUTH), in bytes.
const ID_BLOCK_AND_AUTH: usize = 96 + 4096;
/// AUTH_KEY_ALGO, behind ID_KEY_ALGO.
const AUTHOR_ALGORITHM: usize = 96 + 4;
/// The author's signature of the ID key, and the author's key.
const AUTHOR: Range<usize> = 96 + 0x680..96 + 0xC84;
