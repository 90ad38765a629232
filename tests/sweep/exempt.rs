//! Bits that nobody reads or that mean the same: the only ones whose flip may be accepted, each with its reason.
//!
//! A range is computed from the parsed structure. An accepted flip in it must leave the verdict as it was.

use std::ops::Range;

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

/// The PEM text of a file, and where it starts: a quote's PCK chain, or a whole file of blocks.
fn pem(piece: &Piece, file: usize) -> Option<(usize, &[u8])> {
    let bytes = bytes(piece, file);
    if file > 0 {
        return bytes.starts_with(b"-----BEGIN ").then_some((0, bytes));
    }
    let chain = Quote::parse(bytes).ok()?.certification.pck_chain;
    position(bytes, chain).map(|start| (start, chain))
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
    let Some((start, text)) = pem(piece, file) else { return Vec::new() };
    let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let blocks = pem_blocks(&text[..end], 8).expect("an accepted chain");
    let is_root = |line: Line| matches!(line, Line::Body(block) if is_self_issued(&blocks[block].1));
    let bodies = lines(text).into_iter().filter(|(line, _)| is_root(*line));
    bodies.map(|(_, range)| whole(start + range.start..start + range.end)).collect()
}

fn outside_pem(piece: &Piece, file: usize) -> Vec<Bits> {
    let Some((start, text)) = pem(piece, file) else { return Vec::new() };
    let outside = lines(text).into_iter().filter(|(line, _)| *line == Line::Outside);
    outside.map(|(_, range)| whole(start + range.start..start + range.end)).collect()
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
    if !is_table {
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

fn is_self_issued(der: &[u8]) -> bool {
    Certificate::parse(der).is_ok_and(|certificate| certificate.subject() == certificate.issuer())
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

/// An entry of a certificate table (AMD 56421): GUID, offset, length.
const TABLE_ENTRY: usize = 24;
const GUID: usize = 16;

#[cfg(test)]
mod tests;
