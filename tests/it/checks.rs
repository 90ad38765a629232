//! The catalogue of checks: complete, true, and the same as the document.
#![expect(clippy::disallowed_methods, reason = "a test that reads sources and documents")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sim::intel::QuoteForm;
use system_tests::binaries;
use verifier::catalogue;
use verifier::policy::Policy;
use verifier::trust::Scope;

use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;

const BEGIN: &str = "<!-- checks: begin -->\n";
const END: &str = "<!-- checks: end -->\n";

/// Every Rust source below a folder of the tree, with its text.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&binaries::root().join(folder), &mut found);
    found
}

/// What looks like the id of a check among the string literals of a source.
fn ids_in(text: &str) -> BTreeSet<&str> {
    let is_id = |literal: &&str| {
        let Some((family, rest)) = literal.split_once('.') else { return false };
        let word =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        matches!(family, "appraise" | "snp" | "tdx" | "sgx" | "sample")
            && !rest.is_empty()
            && rest.bytes().all(word)
    };
    text.split('"').skip(1).step_by(2).filter(is_id).collect()
}

#[test]
fn every_check_of_the_verifier_is_in_the_catalogue() {
    let known: BTreeSet<&str> = catalogue::entries().map(|entry| entry.id).collect();
    let mut found = 0;
    for (path, text) in sources("verifier/src") {
        let name = path.to_string_lossy();
        if name.contains("tests") || name.contains("catalogue") {
            continue;
        }
        for id in ids_in(&text) {
            found += 1;
            assert!(known.contains(id), "{id} of {name} is in no catalogue");
        }
    }
    assert!(found > 40, "{found} ids were found: the search does not work");
    let mut cases = vec![Snp::good().mint()];
    cases.extend(QuoteForm::ALL.map(|form| Dcap::of(form).mint()));
    for case in cases {
        for check in case.verdict(&Policy::default(), Scope::Full).checks {
            assert!(known.contains(check.id), "{} is in no catalogue", check.id);
        }
    }
}

#[test]
fn no_check_stands_twice_and_none_is_made_up() {
    let mut seen = BTreeSet::new();
    let text: String = sources("verifier/src")
        .into_iter()
        .filter(|(path, _)| !path.to_string_lossy().contains("catalogue"))
        .map(|(_, text)| text)
        .collect();
    for entry in catalogue::entries() {
        assert!(seen.insert(entry.id), "{} stands twice", entry.id);
        // A rule of DCAP is written once for both TEEs, without the TEE's name.
        let shared = entry.id.split_once('.').map_or("", |(_, rest)| rest);
        let written = |id: &str| text.contains(&format!("\"{id}\""));
        assert!(written(entry.id) || written(shared), "no source makes {}", entry.id);
    }
}

#[test]
fn the_tests_that_the_catalogue_names_exist() {
    let text: String =
        ["tests/it", "verifier/src"].into_iter().flat_map(sources).map(|(_, text)| text).collect();
    for entry in catalogue::entries() {
        assert!(!entry.tests.is_empty(), "{} is tested by nothing", entry.id);
        for test in entry.tests {
            assert!(text.contains(&format!("fn {test}()")), "{}: there is no test {test}", entry.id);
        }
    }
}

#[test]
fn the_document_has_the_table() {
    let page = std::fs::read_to_string(binaries::root().join("docs/checks.md")).unwrap();
    let table = page.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
    assert!(
        table == Some(catalogue::markdown().as_str()),
        "docs/checks.md is not what `vouchsafe explain --markdown` prints: put that between its two marks"
    );
}
