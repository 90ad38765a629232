//! Bits that nobody reads or that mean the same: the only ones whose flip may be accepted, each with its reason.
//!
//! A range is computed from the parsed structure. An accepted flip in it must leave the verdict as it was,
//! but for what the rule names.

use std::ops::Range;

use find::{
    after_quote, author_algorithm, carried_ark, coco_ark, coco_kind, given_ark, hexadecimal, media_type,
    members, null_members, outside_pem, pinned_intermediate, quote_padding, root_in_pem,
};

use crate::piece::Piece;
use crate::trial::LONGER;

mod find;

/// One reason to accept a flip.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    /// What may differ in the verdict of an accepted flip; nothing, but for one rule.
    pub(crate) differs: Option<&'static str>,
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
    rule(
        "root in a PEM chain",
        "trust starts at the pinned root; the copy that comes along in a quote's PCK chain or in a TCB \
                 signing chain is never believed, so its content may be anything",
        root_in_pem,
    ),
    rule(
        "text outside of PEM blocks",
        "RFC 7468 section 2 lets text stand before and after blocks; here it is the final zero of a C string",
        outside_pem,
    ),
    rule(
        "root given beside a report",
        "trust starts at the pinned ARK; one that is given is never looked at",
        given_ark,
    ),
    rule(
        "root in a certificate table",
        "an ARK that the host hands over is never looked at; under another GUID its entry is passed over",
        carried_ark,
    ),
    rule(
        "root in CoCo's JSON",
        "as in a certificate table, with the numbers that write it and the name of its kind",
        coco_ark,
    ),
    rule(
        "ASK or ARK in CoCo's JSON",
        "one bit lies between the two words; what an entry says of its certificate is not believed, which is \
         recognised by its content",
        coco_kind,
    ),
    rule(
        "name of a null member in CoCo's JSON",
        "before Turin no TCB has an FMC; `null` under this name and under one that is not known say the same, \
                 and the signature covers the bytes that are written from it",
        null_members,
    ),
    rule("case of a media type", "RFC 2045 section 5.1: media types are equal in either case", media_type),
    rule(
        "copy of a pinned intermediate",
        "the program carries AMD's ASKs; where the given copy lost the name or key by which it is found, the \
                 program's own is verified in its place",
        pinned_intermediate,
    ),
    rule(
        "case of hexadecimal",
        "letters of either case write the same signature or CRL; vendors do not say which they use",
        hexadecimal,
    ),
    rule(
        "bytes after a quote",
        "Linux and clouds hand on a fixed buffer; what follows the quote is counted and never read",
        after_quote,
    ),
    rule(
        "issuer chain of the PCK CRL",
        "dcap-qvl's file has it; the CRL is verified by the CA of the quote's own chain and the pinned root",
        |piece, file| members(piece, file, &["pck_crl_issuer_chain"]),
    ),
    rule(
        "issuer chain that is there twice",
        "dcap-qvl's file has Intel's TCB signing chain twice; where one copy is damaged the other serves, and \
                 what it signed is verified by it",
        |piece, file| members(piece, file, &["tcb_info_issuer_chain", "qe_identity_issuer_chain"]),
    ),
    rule(
        "algorithm of an author key that is not there",
        "AUTH_KEY_ALGO beside an author key of zeros; tools write 0 or 1 (the sev package 1)",
        author_algorithm,
    ),
    Rule {
        differs: Some(LONGER),
        ..rule(
            "padding of a quote's base64",
            "a character in the place of `=` writes one byte more after the quote, and the verdict counts it",
            quote_padding,
        )
    },
];

const fn rule(name: &'static str, reason: &'static str, find: fn(&Piece, usize) -> Vec<Bits>) -> Rule {
    Rule { name, reason, differs: None, find }
}

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

#[cfg(test)]
mod tests;
