//! The minter writes the signed bytes of every real report and quote again from nothing but their fields.

use std::path::Path;

use sim::amd::ReportFields;
use sim::intel::QuoteFields;
use system_tests::fixtures::{self, Entry, FixtureTee};
use system_tests::summary::announce;

#[test]
fn writes_registry_evidence_again() {
    writes_all_again("registry", &fixtures::registry_root());
}

#[test]
fn writes_extra_evidence_again() {
    match fixtures::extra_root() {
        Some(root) => writes_all_again("extra", &root),
        None => announce("minted again: extra SKIPPED, ../shared/fixtures/extra is not there"),
    }
}

fn writes_all_again(set: &str, root: &Path) {
    let entries = fixtures::index(root);
    let wrong: Vec<_> = entries.iter().filter_map(|entry| difference(entry, root)).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(!entries.is_empty(), "{set} has no entry");
    announce(&format!("minted again: {set}: {} pieces, every signed byte the same", entries.len()));
}

/// What differs between a real piece and the one that is written from its fields.
fn difference(entry: &Entry, root: &Path) -> Option<String> {
    let real = entry.evidence(root);
    let again = match entry.tee {
        FixtureTee::Snp => ReportFields::decode(&real).map(|fields| fields.encode().to_vec()),
        FixtureTee::Tdx | FixtureTee::Sgx => {
            QuoteFields::decode(&real).and_then(|(fields, _)| fields.encode())
        }
    };
    match again {
        Err(error) => Some(format!("{}: {error}", entry.dir)),
        Ok(again) if !real.starts_with(&again) => Some(format!("{}: other bytes", entry.dir)),
        Ok(_) => None,
    }
}
