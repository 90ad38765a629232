//! What several test modules share.
#![expect(clippy::disallowed_methods, reason = "tests use folders of their own")]

use std::path::{Path, PathBuf};

use crate::attester::{AttestError, Attester, EvidenceJson};
use kbs_protocol::Tee;
use kbs_protocol::evidence::Sample;

/// A folder below the system's temporary one, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vouchsafe-agent-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Evidence without hardware.
pub(crate) struct Toy;

impl Attester for Toy {
    fn tee(&self) -> Tee {
        Tee::Sample
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        Ok(Sample::new(report_data, "1").to_json()?)
    }
}
