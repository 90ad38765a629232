//! The evidence of `fixtures/` and, where it is present, of `../shared/fixtures/extra`, with what it must come to.
//!
//! ```
//! use system_tests::fixtures;
//!
//! let root = fixtures::registry_root();
//! let milan = fixtures::index(&root).into_iter().find(|entry| entry.dir.contains("milan"));
//! assert_eq!(milan.map(|entry| entry.evidence(&root).len()), Some(1184));
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests: reads fixtures"
)]

use std::path::{Path, PathBuf};

use serde::Deserialize;
use verifier::time::UnixTime;

mod negative;

pub use negative::{Negative, Operation, Rejection};

/// One row of `manifest.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestRow {
    /// Path below `fixtures/`.
    pub path: String,
    /// Package URL, or `recorded`.
    pub package: String,
    /// Path in the package.
    pub package_path: String,
    /// How the bytes were cut out of the package's file; empty for the whole file.
    #[serde(default)]
    pub cut: String,
    /// Licence of the package.
    pub licence: String,
    /// SHA-256 of the file here, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 of the package's file, where it is another one.
    pub package_sha256: Option<String>,
    /// When the file takes part in a verification and what that comes to.
    #[serde(default)]
    pub verifies: Vec<ManifestVerdict>,
    /// What a file outside the evidence folders is for.
    pub shows: Option<String>,
}

/// When a file takes part in a verification and what that comes to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestVerdict {
    /// RFC 3339.
    pub at: String,
    /// `accept`, or a sentence that begins with it.
    pub expected: String,
    /// Intel's word for the merged TCB.
    pub tcb_status: Option<String>,
}

/// One folder of evidence and what it must verify to.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Name of the evidence: `snp-120d77b213`.
    pub id: String,
    /// Which hardware signed it.
    pub tee: FixtureTee,
    /// Folder below the root.
    pub dir: String,
    /// What verification must come to.
    pub expected: Expectation,
    /// The instant of an SNP report.
    at: Option<String>,
    /// When the PCK certificate of a quote was issued.
    pck_not_before: Option<String>,
    /// The collateral sets of a quote.
    #[serde(default)]
    cases: Vec<CollateralCase>,
    /// Every other fact of the index: measurements, TCBs, versions.
    #[serde(flatten)]
    pub facts: serde_json::Map<String, serde_json::Value>,
}

/// Hardware of the fixtures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum FixtureTee {
    /// An SNP report.
    #[serde(rename = "SEV-SNP")]
    Snp,
    /// A TDX quote.
    #[serde(rename = "TDX")]
    Tdx,
    /// An SGX quote.
    #[serde(rename = "SGX")]
    Sgx,
}

impl FixtureTee {
    /// The word for `--tee`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snp => "snp",
            Self::Tdx => "tdx",
            Self::Sgx => "sgx",
        }
    }
}

/// What verification must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Expectation {
    /// The bytes are believed: `verified` is true, whatever the tier.
    #[serde(rename = "accept")]
    Accept,
    /// Believed by a verifier that puts the PCK chain in order and pins Intel's root by key, as ours does.
    #[serde(rename = "accept only if the verifier re-orders the chain and trusts the Intel root by key")]
    AcceptOutOfOrder,
    /// The bytes must not be believed.
    #[serde(rename = "reject")]
    Reject,
}

#[derive(Clone, Debug, Deserialize)]
struct CollateralCase {
    collateral: String,
    at: String,
    merged: String,
    tcb_evaluation_data_number: u32,
    #[serde(default)]
    advisories: Vec<String>,
    platform_tcb: Option<String>,
    tdx_module: Option<String>,
    qe: Option<String>,
}

/// One verification to make of an evidence.
#[derive(Clone, Debug)]
pub struct Case {
    /// The collateral folder, such as `collateral-0`; none for SNP and for quotes without collateral.
    pub collateral: Option<String>,
    /// The instant of verification.
    pub at: UnixTime,
    /// What the TCB evaluation must come to; none without collateral.
    pub tcb: Option<ExpectedTcb>,
}

/// What the TCB evaluation of a quote must come to. Statuses are Intel's words, or `NoMatch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedTcb {
    /// The merged status.
    pub merged: String,
    /// Evaluation data number of the TCB info.
    pub evaluation_number: u32,
    /// Advisories, sorted.
    pub advisories: Vec<String>,
    /// Status of the platform.
    pub platform: Option<String>,
    /// Status of the TDX module; none for SGX.
    pub tdx_module: Option<String>,
    /// Status of the quoting enclave.
    pub qe: Option<String>,
}

/// Without collateral a quote is verified this long after its PCK certificate was issued: 30 days in seconds.
const WITHOUT_COLLATERAL_SECS: i64 = 30 * 24 * 60 * 60;

/// The project's `fixtures/` folder.
pub fn registry_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// `../shared/fixtures/extra` beside the repository, when it is there. A test that does without must say so aloud.
pub fn extra_root() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/extra");
    root.join("index.json").is_file().then_some(root)
}

/// The SNP, TDX and SGX entries of `index.json` below `root`.
///
/// # Panics
/// The index is absent or not of the form above.
pub fn index(root: &Path) -> Vec<Entry> {
    let all: Vec<serde_json::Value> = json(&root.join("index.json"));
    let ours = all.into_iter().filter(|entry| entry["dir"].as_str().is_some_and(is_supported));
    ours.map(|entry| serde_json::from_value(entry).expect("an entry of the index has the known form"))
        .collect()
}

/// The SNP, TDX and SGX negatives of `negatives.json` below `root`.
///
/// # Panics
/// The list is absent or not of the form of [`Negative`].
pub fn negatives(root: &Path) -> Vec<Negative> {
    let all: Vec<serde_json::Value> = json(&root.join("negatives.json"));
    let ours = all.into_iter().filter(|negative| negative["dir"].as_str().is_some_and(is_supported));
    ours.map(|negative| serde_json::from_value(negative).expect("a negative has the known form")).collect()
}

/// The rows of `fixtures/manifest.json`.
///
/// # Panics
/// The manifest is absent or not of the form of [`ManifestRow`].
pub fn manifest() -> Vec<ManifestRow> {
    json(&registry_root().join("manifest.json"))
}

/// The bytes of a file.
///
/// # Panics
/// The file cannot be read.
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

impl Entry {
    /// The evidence: the report, or the quote without trailing bytes.
    pub fn evidence(&self, root: &Path) -> Vec<u8> {
        read(&self.evidence_path(root))
    }

    /// Path of the evidence.
    pub fn evidence_path(&self, root: &Path) -> PathBuf {
        let name = match self.tee {
            FixtureTee::Snp => "report.bin",
            FixtureTee::Tdx | FixtureTee::Sgx => "quote.bin",
        };
        root.join(&self.dir).join(name)
    }

    /// The verifications to make: one a collateral set, or one without collateral.
    ///
    /// # Panics
    /// The entry states no instant.
    pub fn cases(&self) -> Vec<Case> {
        if self.cases.is_empty() {
            let at = match (&self.at, &self.pck_not_before) {
                (Some(at), _) => instant(at),
                (None, Some(issued)) => instant(issued).plus_secs(WITHOUT_COLLATERAL_SECS),
                (None, None) => panic!("{} states no instant", self.dir),
            };
            return vec![Case { collateral: None, at, tcb: None }];
        }
        self.cases.iter().map(CollateralCase::expected).collect()
    }

    /// The endorsement files of a verification, by name and bytes. `ark.der` is among them for SNP: a verifier must do
    /// without trusting it.
    pub fn endorsements(&self, root: &Path, case: &Case) -> Vec<(String, Vec<u8>)> {
        let folder = root.join(&self.dir);
        match (self.tee, &case.collateral) {
            (FixtureTee::Snp, _) => {
                let names = ["vek.der", "ask.der", "ark.der"];
                names.iter().map(|name| ((*name).to_owned(), read(&folder.join(name)))).collect()
            }
            (FixtureTee::Tdx | FixtureTee::Sgx, None) => Vec::new(),
            (FixtureTee::Tdx | FixtureTee::Sgx, Some(collateral)) => files(&folder.join(collateral)),
        }
    }
}

impl CollateralCase {
    fn expected(&self) -> Case {
        let mut advisories = self.advisories.clone();
        advisories.sort();
        Case {
            collateral: Some(self.collateral.clone()),
            at: instant(&self.at),
            tcb: Some(ExpectedTcb {
                merged: self.merged.clone(),
                evaluation_number: self.tcb_evaluation_data_number,
                advisories,
                platform: self.platform_tcb.clone(),
                // A TDX 1.0 module has no level of its own.
                tdx_module: self.tdx_module.clone().filter(|status| !status.starts_with("n/a")),
                qe: self.qe.clone(),
            }),
        }
    }
}

/// The files of a folder by name and bytes, sorted by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("reading {}: {error}", folder.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("a folder's entry").path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().expect("a file's name").to_string_lossy().into_owned(), read(&path)))
        .collect();
    files.sort();
    files
}

fn is_supported(dir: &str) -> bool {
    ["snp/", "tdx/", "sgx/"].iter().any(|tee| dir.starts_with(tee))
}

fn instant(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("parsing {}: {error}", path.display()))
}
