//! Rows of `fixtures/manifest.json`: where each file comes from and what it verifies to.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::pieces::Origin;

/// One file of `fixtures/`.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Path below `fixtures/`.
    pub(crate) path: String,
    /// Package URL, or `recorded` for what was made for this project.
    pub(crate) package: String,
    /// Path of the file in the package; for a recording, what was recorded.
    pub(crate) package_path: String,
    /// How the bytes were cut out of that file; empty for the whole file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) cut: String,
    /// Licence of the package.
    pub(crate) licence: String,
    /// SHA-256 of the file here.
    pub(crate) sha256: String,
    /// SHA-256 of the file in the package, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package_sha256: Option<String>,
    /// When the file takes part in a verification, and what that comes to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) verifies: Vec<Verdict>,
    /// What a file outside the evidence folders is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shows: Option<String>,
}

/// What a verification at an instant comes to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// RFC 3339.
    pub(crate) at: String,
    /// `accept` means that the bytes are believed, whatever the tier.
    pub(crate) expected: String,
    /// Intel's word for the merged TCB; absent without collateral and for SNP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tcb_status: Option<String>,
}

impl Row {
    /// The row of a file whose bytes lie in a package.
    pub(crate) fn new(
        path: &str,
        bytes: &[u8],
        origin: Origin,
        verifies: Vec<Verdict>,
        shows: Option<&str>,
    ) -> Self {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let published = origin.published;
        let package_sha256 = Some(published.sha256).filter(|package| *package != sha256);
        Self {
            path: path.to_owned(),
            package: published.package,
            package_path: published.path,
            cut: origin.cut,
            licence: published.licence,
            sha256,
            package_sha256,
            verifies,
            shows: shows.map(str::to_owned),
        }
    }

    /// The row of the recorded conversation.
    pub(crate) fn recorded(path: &str, bytes: &[u8]) -> Self {
        Self {
            path: path.to_owned(),
            package: "recorded".to_owned(),
            package_path: "an unmodified CoCo kbs-client (kbs_protocol, 0.4.0) and a Trustee KBS on loopback"
                .to_owned(),
            cut: String::new(),
            licence: "Apache-2.0".to_owned(),
            sha256: hex::encode(Sha256::digest(bytes)),
            package_sha256: None,
            verifies: Vec::new(),
            shows: Some("form and order of the CoCo handshake; no private key is in it".to_owned()),
        }
    }
}

/// A JSON array with one item a line, so that a change shows as one line of a diff.
pub(crate) fn lines<T: Serialize>(items: &[T]) -> anyhow::Result<Vec<u8>> {
    let lines = items.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")).into_bytes())
}
