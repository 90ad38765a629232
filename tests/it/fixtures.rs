//! `fixtures/manifest.json` against the files, both ways, and the index and negatives against both.
#![expect(clippy::disallowed_methods, reason = "walks the fixtures folder")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};
use system_tests::fixtures::{self, ManifestRow};
use system_tests::summary::announce;
use verifier::time::UnixTime;

/// Files that describe fixtures and are none, and folders of data that is written for this project.
const DESCRIPTIONS: &[&str] = &["manifest.json", "index.json", "negatives.json", "README.md"];
const BY_HAND: &[&str] = &["LICENSES", "vectors"];

/// Packages whose data keeps the notice of the Mozilla Public License.
const MPL_PACKAGES: &[&str] = &["pkg:cargo/pcs@", "pkg:cargo/dcap-ql@"];

/// Paths below `root` with their SHA-256.
fn files(root: &Path, folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root.join(folder)).expect("the folder is there") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            if !(folder.is_empty() && BY_HAND.contains(&name.as_str())) {
                found.extend(files(root, &path));
            }
        } else if !(folder.is_empty() && DESCRIPTIONS.contains(&name.as_str())) {
            found.insert(path, hex::encode(Sha256::digest(fixtures::read(&entry.path()))));
        }
    }
    found
}

/// What differs between the rows and the files, in words.
fn differences(rows: &[ManifestRow], files: &BTreeMap<String, String>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut named = BTreeSet::new();
    for row in rows {
        if !named.insert(&row.path) {
            differences.push(format!("{}: two rows", row.path));
        }
        match files.get(&row.path) {
            None => differences.push(format!("{}: a row without a file", row.path)),
            Some(actual) if *actual != row.sha256 => {
                differences.push(format!("{}: sha256 expected {}, actual {actual}", row.path, row.sha256));
            }
            Some(_) => {}
        }
    }
    differences
        .extend(files.keys().filter(|path| !named.contains(path)).map(|path| format!("{path}: no row")));
    differences
}

#[test]
fn manifest_and_files_agree_both_ways() {
    let files = files(&fixtures::registry_root(), "");
    assert_eq!(differences(&fixtures::manifest(), &files), Vec::<String>::new());
    assert!(files.len() > 100, "only {} files were found", files.len());
}

#[test]
fn a_file_without_a_row_a_row_without_a_file_and_a_changed_file_are_found() {
    let mut rows = fixtures::manifest();
    rows.truncate(2);
    let (first, second) = (rows[0].clone(), rows[1].clone());
    let changed = "00".repeat(32);
    let files = BTreeMap::from([
        (first.path.clone(), changed.clone()),
        ("snp/stray.bin".to_owned(), changed.clone()),
    ]);
    let expected = vec![
        format!("{}: sha256 expected {}, actual {changed}", first.path, first.sha256),
        format!("{}: a row without a file", second.path),
        "snp/stray.bin: no row".to_owned(),
    ];
    assert_eq!(differences(&rows, &files), expected);
}

#[test]
fn every_row_names_a_published_package_a_path_in_it_and_its_licence() {
    let mut strangers = Vec::new();
    for row in fixtures::manifest() {
        let published = row.package.starts_with("pkg:cargo/") || row.package.starts_with("pkg:pypi/");
        let recorded = row.package == "recorded" && row.path.starts_with("kbs/");
        let mozilla = MPL_PACKAGES.iter().any(|package| row.package.starts_with(package));
        let licensed =
            if mozilla { row.licence == "MPL-2.0" } else { ["Apache-2.0", "MIT"].contains(&&*row.licence) };
        let cut = row.cut.is_empty() == row.package_sha256.is_none();
        if !(published || recorded) || !licensed || !cut || row.package_path.is_empty() {
            strangers.push(row.path);
        }
    }
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn the_notice_of_the_mozilla_public_licence_is_kept() {
    let notice = fixtures::read(&fixtures::registry_root().join("LICENSES/MPL-2.0.txt"));
    assert!(notice.starts_with(b"Mozilla Public License Version 2.0"), "the licence's text is there");
    let readme = fixtures::read(&fixtures::registry_root().join("README.md"));
    let readme = String::from_utf8(readme).expect("the README is text");
    assert!(readme.contains("LICENSES/MPL-2.0.txt"), "the README points to it");
}

/// What the manifest says of the evidence file of each entry is what the index says of the entry.
#[test]
fn manifest_states_the_instants_and_results_of_the_index() {
    let rows: BTreeMap<String, ManifestRow> =
        fixtures::manifest().into_iter().map(|row| (row.path.clone(), row)).collect();
    let root = fixtures::registry_root();
    let index = fixtures::index(&root);
    assert_eq!(index.len(), 15, "entries of the index");
    for entry in index {
        let path = entry.evidence_path(Path::new(""));
        let row = rows.get(&*path.to_string_lossy()).expect("a row of the evidence");
        let stated: Vec<(UnixTime, Option<String>)> = row
            .verifies
            .iter()
            .map(|verdict| {
                (UnixTime::parse_rfc3339(&verdict.at).expect("an instant"), verdict.tcb_status.clone())
            })
            .collect();
        let indexed: Vec<(UnixTime, Option<String>)> =
            entry.cases().into_iter().map(|case| (case.at, case.tcb.map(|tcb| tcb.merged))).collect();
        assert_eq!((&entry.dir, stated), (&entry.dir, indexed));
        for case in entry.cases() {
            assert!(
                case.collateral.is_none() || entry.endorsements(&root, &case).len() == 5,
                "{}",
                entry.dir
            );
        }
    }
}

#[test]
fn names_the_extra_fixtures_as_skipped_where_they_are_absent() {
    let present = match fixtures::extra_root() {
        None => "absent: everything that reads it is skipped".to_owned(),
        Some(root) => {
            let (evidence, negatives) = (fixtures::index(&root), fixtures::negatives(&root));
            assert!(!evidence.is_empty() && !negatives.is_empty(), "the extra fixtures are complete");
            format!("present: {} entries, {} negatives", evidence.len(), negatives.len())
        }
    };
    announce(&format!("fixtures outside the repository (../shared/fixtures/extra): {present}"));
}

/// Every negative fits its file and changes it; `Negative::mutated` asserts the change.
#[test]
fn every_negative_breaks_something_that_is_there() {
    let root = fixtures::registry_root();
    let negatives = fixtures::negatives(&root);
    let files = negatives.iter().filter(|negative| negative.mutated(&root).is_some()).count();
    let clocks = negatives.iter().filter(|negative| negative.at().is_some()).count();
    assert_eq!((negatives.len(), files, clocks), (250, 218, 32));
}
