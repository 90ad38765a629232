use system_tests::fixtures::registry_root;

use super::find::{Line, lines};
use super::{Exempt, RULES};
use crate::piece::Piece;

fn registry(part: &str) -> Piece {
    let named = |name: &str| name.contains(part);
    crate::real::pieces("fixtures", &registry_root(), &named).unwrap().remove(0)
}

/// How many bits of a file each rule exempts, by the rule's name.
fn exempted(piece: &Piece, file: usize) -> Vec<(&'static str, usize)> {
    let exempt = Exempt::of(RULES, piece, file);
    let count = |number: usize| exempt.rule_of.iter().filter(|rule| **rule == Some(number)).count();
    let counts = RULES.iter().enumerate().map(|(number, rule)| (rule.name, count(number)));
    counts.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn tells_the_lines_of_a_pem_text() {
    let text =
        b"note\n-----BEGIN X-----\nAAAA\n-----END X-----\n-----BEGIN X-----\nBB==\n-----END X-----\n\0";
    let kinds: Vec<_> = lines(text).into_iter().map(|(kind, range)| (kind, range.len())).collect();
    let (boundary, body) = (Line::Boundary, Line::Body);
    let expected = [
        (Line::Outside, 5),
        (boundary, 17 + 1),
        (body(0), 5),
        (boundary, 15 + 1),
        (boundary, 17 + 1),
        (body(1), 5),
        (boundary, 15 + 1),
        (Line::Outside, 1),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn exempts_of_a_quote_its_root_and_the_final_zero_alone() {
    let piece = registry("9a17aa7a60");
    let root = vendor_certs::ROOTS.iter().find(|root| root.name == "intel-sgx-root").unwrap().der.len();
    let base64 = root.div_ceil(3) * 4;
    let line_breaks = base64.div_ceil(64);
    let expected = [("root in a PEM chain", (base64 + line_breaks) * 8), ("text outside of PEM blocks", 8)];
    assert_eq!(exempted(&piece, 0), expected);
}

#[test]
fn exempts_nothing_of_a_report_its_vcek_and_a_crl() {
    let (snp, tdx) = (registry("milan"), registry("tdx/quote-5225f6d79f"));
    let crls = tdx.files.iter().enumerate().filter(|(_, file)| file.name.ends_with("crl.der"));
    let crls: Vec<_> = crls.map(|(number, _)| exempted(&tdx, number)).collect();
    assert_eq!((exempted(&snp, 0), exempted(&snp, 1), crls), (vec![], vec![], vec![vec![], vec![]]));
}

#[test]
fn exempts_of_collateral_the_case_of_the_signatures_letters() {
    let piece = registry("tdx/quote-5225f6d79f");
    let number = piece.files.iter().position(|file| file.name == "tcb_info.json").unwrap();
    let json: serde_json::Value = serde_json::from_slice(&piece.files[number].bytes).unwrap();
    let letters = json["signature"].as_str().unwrap().bytes().filter(u8::is_ascii_alphabetic).count();
    assert_eq!(exempted(&piece, number), [("case of hexadecimal", letters)]);
}

#[test]
fn exempts_of_an_id_block_the_algorithm_of_an_author_who_is_not_there() {
    let pieces = crate::minted::pieces(&|minted| minted.ends_with("id-block")).unwrap();
    let of = |name: &str| {
        let piece = pieces.iter().find(|piece| piece.name == name).unwrap();
        let block = piece.files.iter().position(|file| file.name == "id-block").unwrap();
        exempted(piece, block)
    };
    let exempt = vec![("algorithm of an author key that is not there", 1)];
    assert_eq!(of("minted/snp-genoa-v5-vlek-id-block"), exempt);
    assert_eq!(of("minted/snp-genoa-v5-vcek-id-block"), vec![]);
}
