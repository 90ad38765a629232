//! Bits that nobody reads or that mean the same: the only ones whose flip may be accepted, each with its reason.
//!
//! A range is computed from the parsed structure. An accepted flip in it must leave the verdict as it was.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use verifier::dcap::Quote;
use verifier::evidence::Tee;
use verifier::snp::REPORT_SIZE;
use verifier::x509::{Certificate, pem_blocks};

use crate::piece::Piece;

/// One reason to accept a flip.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    /// The bits of a piece's file with this number.
    find: fn(&Piece, usize) -> Vec<Bits>,
}

/// Bits of a range of bytes: those of the mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    range: Range<usize>,
    mask: u8,
}

/// The whole table.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "root in a PEM chain",
        reason: "trust starts at the pinned root; the copy that comes along in a quote's PCK chain or in a TCB \
                 signing chain is never believed, so its content may be anything",
        find: root_in_pem,
    },
    Rule {
        name: "text outside of PEM blocks",
        reason: "RFC 7468 section 2 lets text stand before and after blocks; here it is the final zero of a C string",
        find: outside_pem,
    },
    Rule {
        name: "root given beside a report",
        reason: "trust starts at the pinned ARK; one that is given is never looked at",
        find: given_ark,
    },
    Rule {
        name: "root in a certificate table",
        reason: "an ARK that the host hands over is never looked at; under another GUID its entry is passed over",
        find: carried_ark,
    },
    Rule {
        name: "root in CoCo's JSON",
        reason: "as in a certificate table, with the numbers that write it and the name of its kind",
        find: coco_ark,
    },
    Rule {
        name: "name of a null member in CoCo's JSON",
        reason: "before Turin no TCB has an FMC; `null` under this name and under one that is not known say the same, \
                 and the signature covers the bytes that are written from it",
        find: null_members,
    },
    Rule {
        name: "case of a media type",
        reason: "RFC 2045 section 5.1: media types are equal in either case",
        find: media_type,
    },
    Rule {
        name: "copy of a pinned intermediate",
        reason: "the program carries AMD's ASKs; where the given copy is not a certificate of that name any more, the \
                 carried one is verified in its place",
        find: pinned_intermediate,
    },
    Rule {
        name: "case of hexadecimal",
        reason: "letters of either case write the same signature or CRL; vendors do not say which they use",
        find: hexadecimal,
    },
    Rule {
        name: "bytes after a quote",
        reason: "Linux and clouds hand on a fixed buffer; what follows the quote is counted and never read",
        find: after_quote,
    },
    Rule {
        name: "issuer chain of the PCK CRL",
        reason: "dcap-qvl's file has it; the CRL is verified by the CA of the quote's own chain and the pinned root",
        find: |piece, file| members(piece, file, &["pck_crl_issuer_chain"]),
    },
    Rule {
        name: "issuer chain that is there twice",
        reason: "dcap-qvl's file has Intel's TCB signing chain twice; where one copy is damaged the other serves, and \
                 what it signed is verified by it",
        find: |piece, file| members(piece, file, &["tcb_info_issuer_chain", "qe_identity_issuer_chain"]),
    },
];

/// Which rule exempts each bit of a file.
#[derive(Debug)]
pub(crate) struct Exempt {
    rule_of: Vec<Option<usize>>,
}

impl Exempt {
    /// By every rule of `rules`; where two meet, the first counts.
    pub(crate) fn of(rules: &[Rule], piece: &Piece, file: usize) -> Self {
        let size = piece.files.get(file).map_or(0, |file| file.bytes.len());
        let mut rule_of = vec![None; size.saturating_mul(8)];
        for (number, rule) in rules.iter().enumerate() {
            for Bits { range, mask } in (rule.find)(piece, file) {
                for (byte, bit) in range.flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
                    if let Some(slot) = rule_of.get_mut(byte * 8 + bit).filter(|_| mask >> bit & 1 == 1) {
                        *slot = slot.or(Some(number));
                    }
                }
            }
        }
        Self { rule_of }
    }

    /// The rule that exempts this bit.
    pub(crate) fn rule(&self, byte: usize, bit: u8) -> Option<usize> {
        self.rule_of.get(byte * 8 + usize::from(bit)).copied().flatten()
    }
}

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
enum Line {
    Outside,
    Boundary,
    /// Of the block with this number.
    Body(usize),
}

/// Each line with its range, its line break included.
fn lines(text: &[u8]) -> Vec<(Line, Range<usize>)> {
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

fn root_in_pem(piece: &Piece, file: usize) -> Vec<Bits> {
    let Some(pem) = Pem::of(piece, file) else { return Vec::new() };
    let end = pem.text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let blocks = pem_blocks(&pem.text[..end], 8).expect("an accepted chain");
    let is_root = |line: Line| matches!(line, Line::Body(block) if is_self_issued(&blocks[block].1));
    let bodies = lines(&pem.text).into_iter().filter(|(line, _)| is_root(*line));
    bodies.map(|(_, range)| pem.bits(&range)).collect()
}

fn outside_pem(piece: &Piece, file: usize) -> Vec<Bits> {
    let Some(pem) = Pem::of(piece, file) else { return Vec::new() };
    let outside = lines(&pem.text).into_iter().filter(|(line, _)| *line == Line::Outside);
    outside.map(|(_, range)| pem.bits(&range)).collect()
}

fn given_ark(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_ark = piece.tee == Tee::Snp && file > 0 && is_self_issued(bytes);
    if is_ark { vec![whole(0..bytes.len())] } else { Vec::new() }
}

/// The GUID of the entry and the certificate; where the entry points is not exempt.
fn carried_ark(piece: &Piece, file: usize) -> Vec<Bits> {
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

fn coco_ark(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if piece.tee != Tee::Snp || file > 0 || !is_text(bytes) {
        return Vec::new();
    }
    let roots = piece.asked.anchors.iter().filter(|anchor| anchor.danger);
    let entries = roots.map(|root| json!({"cert_type": "ARK", "data": root.certificate.der()}).to_string());
    let found = entries.filter_map(|entry| position(bytes, entry.as_bytes()).map(|at| at..at + entry.len()));
    found.map(whole).collect()
}

fn null_members(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if file > 0 || !is_text(bytes) {
        return Vec::new();
    }
    let (name, member) = (b"fmc".len(), b"\"fmc\":null");
    let windows = bytes.windows(member.len()).enumerate().filter(|(_, window)| window == member);
    windows.map(|(at, _)| whole(at + 1..at + 1 + name)).collect()
}

fn media_type(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    if file > 0 || !bytes.starts_with(b"[\"") {
        return Vec::new();
    }
    let name = bytes[2..].iter().take_while(|byte| **byte != b'"').enumerate();
    let letters = name.filter(|(_, byte)| byte.is_ascii_alphabetic());
    letters.map(|(at, _)| Bits { range: at + 2..at + 3, mask: 0x20 }).collect()
}

fn pinned_intermediate(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    let is_pinned = file > 0 && vendor_certs::INTERMEDIATES.iter().any(|pinned| pinned.der == bytes);
    if is_pinned { vec![whole(0..bytes.len())] } else { Vec::new() }
}

/// The letters of a PCS answer's signature, and of the signatures and CRLs in dcap-qvl's file.
fn hexadecimal(piece: &Piece, file: usize) -> Vec<Bits> {
    let names = ["signature", "tcb_info_signature", "qe_identity_signature", "root_ca_crl", "pck_crl"];
    let text = bytes(piece, file);
    let values = names.iter().filter_map(|name| member(piece, file, name)).map(|(_, value)| value);
    let letters = values.flatten().filter(|at| text[*at].is_ascii_alphabetic());
    letters.map(|at| Bits { range: at..at + 1, mask: 0x20 }).collect()
}

fn after_quote(piece: &Piece, file: usize) -> Vec<Bits> {
    let bytes = bytes(piece, file);
    match Quote::parse(bytes) {
        Ok(quote) if file == 0 => vec![whole(bytes.len() - quote.trailing()..bytes.len())],
        _ => Vec::new(),
    }
}

/// Name and value of each of these members: under another name it is none that is read.
fn members(piece: &Piece, file: usize, names: &[&str]) -> Vec<Bits> {
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

#[cfg(test)]
mod tests;
