//! `cargo xtask import-fixtures`: copies the evidence that tests use into `fixtures/`, with its provenance.
//!
//! ```text
//! MANIFEST.tsv ─▶ packages as published ─▶ every piece that lies in them ─┐
//! index.json, evidence folders ──────────────────────────────────────────┴▶ file + manifest row, or an error
//! ```
//!
//! A file is taken only if its bytes lie in a published package whose SHA-256 the source's manifest states. That is
//! also why nothing of the folder `extra` can be imported: it has no package.

mod evidence;
mod manifest;
mod pieces;
mod sources;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use evidence::Evidence;
use manifest::{Row, Verdict};
use pieces::Pieces;
use sources::Sources;

/// Whole files of packages that tests read besides the evidence: where they go, where they come from, what they show.
const SINGLE_FILES: &[(&str, &str, &str)] = &[
    (
        "sgx-root/root-2018-2033.der",
        "registry/packages/crate-pcs-0.8.4/sgx-collateral/tests/data/root_SGX_CA_der.cert",
        "an earlier issue of Intel's root, over the key that is pinned",
    ),
    (
        "certificates/vcek-turin.der",
        "registry/packages/crate-sev-8.0.0/snp/tests/certs_data/vcek_turin.der",
        "a VCEK in the Turin form: FMC in the TCB, a hardware id of 8 bytes",
    ),
    (
        "certificates/chain-turin.pem",
        "registry/packages/crate-sev-8.0.0/snp/tests/certs_data/cert_chain_turin",
        "ASK and ARK in one PEM file, as AMD serves them",
    ),
    (
        "crls/pck-platform.pem",
        "registry/packages/crate-dcap-rs-0.1.0/tdx/data/pck_platform_crl.pem",
        "a CRL in PEM",
    ),
    (
        "untrimmed/tdx-quote.bin",
        "registry/packages/crate-dcap-qvl-0.7.1/tdx-sgx/sample/tdx_quote",
        "a quote with the bytes that followed it in the wild",
    ),
    (
        "untrimmed/tdx-collateral.json",
        "registry/packages/crate-dcap-qvl-0.7.1/tdx-sgx/sample/tdx_quote_collateral.json",
        "collateral in the one JSON file that dcap-qvl writes, for untrimmed/tdx-quote.bin",
    ),
    (
        "untrimmed/sgx-quote.bin",
        "registry/packages/crate-dcap-qvl-0.7.1/tdx-sgx/sample/sgx_quote",
        "an SGX quote as published",
    ),
    (
        "untrimmed/sgx-collateral.json",
        "registry/packages/crate-dcap-qvl-0.7.1/tdx-sgx/sample/sgx_quote_collateral.json",
        "collateral in the one JSON file that dcap-qvl writes, for untrimmed/sgx-quote.bin",
    ),
];

/// The recorded conversation of the unmodified CoCo client: made for this project, so in no package.
const RECORDING: (&str, &str) =
    ("kbs/coco-client-with-trustee.txt", "a796b8f3e5b51585570861e2930f86d7ee9d8fbf7aa35ea3dd4c19242739c0b7");

/// Writes `to` (the project's `fixtures/`) from `from`; running it again changes nothing.
///
/// # Errors
/// A source that is not what its manifest says, a file whose bytes lie in no package, or an I/O error.
pub(crate) fn import(from: &Path, to: &Path) -> anyhow::Result<()> {
    let sources = Sources::open(from)?;
    let pieces = Pieces::of(&sources)?;
    let evidence = Evidence::read_index(&sources)?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut rows = Vec::new();
    for entry in &evidence {
        for path in sources.evidence_files(&entry.dir)? {
            let bytes = sources.evidence_file(&path)?;
            let origin = pieces.origin(&bytes).with_context(|| format!("{path} lies in no package"))?;
            rows.push(Row::new(&path, &bytes, origin, entry.verdicts_of(&path)?, None));
            files.insert(path, bytes);
        }
    }
    let logs = Evidence::read_event_logs(&sources)?;
    for log in &logs {
        for path in sources.evidence_files(&log.dir)? {
            let bytes = sources.evidence_file(&path)?;
            let origin =
                pieces.origin_of_json(&bytes).with_context(|| format!("{path} lies in no package"))?;
            rows.push(Row::new(&path, &bytes, origin, Vec::new(), Some(&log.log_of()?)));
            files.insert(path, bytes);
        }
    }
    for &(path, source, shows) in SINGLE_FILES {
        let bytes = sources.package_file(source)?;
        rows.push(Row::new(
            path,
            &bytes,
            pieces.origin_in(source, &bytes)?,
            Vec::<Verdict>::new(),
            Some(shows),
        ));
        files.insert(path.to_owned(), bytes);
    }
    let recorded = sources.recording(RECORDING.0, RECORDING.1)?;
    rows.push(Row::recorded(RECORDING.0, &recorded));
    files.insert(RECORDING.0.to_owned(), recorded);
    rows.sort_by(|a, b| a.path.cmp(&b.path));

    files.insert("manifest.json".to_owned(), manifest::lines(&rows)?);
    let index: Vec<Evidence> = evidence.into_iter().chain(logs).collect();
    files.insert("index.json".to_owned(), manifest::lines(&evidence::as_committed(&index))?);
    files.insert("negatives.json".to_owned(), manifest::lines(&evidence::negatives(&sources)?)?);
    let changes = tree::write(to, &files)?;
    println!("{} files of evidence and endorsements, {changes}", rows.len());
    Ok(())
}
