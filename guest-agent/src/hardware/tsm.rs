//! SNP and TDX through configfs-tsm (Linux 6.7 and later, Documentation/ABI/testing/configfs-tsm-report).
//!
//! Each report has an entry of its own, made and removed here. The kernel counts writes to an entry in `generation`:
//! if there were more than ours, somebody else used the entry and the report may carry their data, so it is thrown
//! away and asked for again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kbs_protocol::Tee;
use kbs_protocol::evidence::{Snp, Tdx};

use super::certificates;
use super::event_log;
use super::files::{read, read_if_present, write};
use crate::attester::{AttestError, Attester, EvidenceJson};

/// SNP or TDX through configfs-tsm.
#[derive(Debug)]
pub struct Tsm {
    root: PathBuf,
    event_log: PathBuf,
    provider: Provider,
    observer: Observer,
}

/// Who answers behind the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    SevGuest,
    TdxGuest,
}

/// Told of each step; the kernel needs nothing of the kind, tests play it from there.
type Observer = fn(Stage, &Path);

/// The steps at which a kernel acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The entry was made.
    Made,
    /// Everything was written.
    Asked,
    /// The entry will be removed.
    Leaving,
}

impl Tsm {
    /// Asks who answers at `root`; none where there is no such interface or nobody behind it.
    ///
    /// `event_log` is where the log of a TDX guest's firmware lies.
    pub fn detect(root: &Path, event_log: &Path) -> Result<Option<Self>, AttestError> {
        Self::detect_observed(root, event_log, |_, _| {})
    }

    fn detect_observed(
        root: &Path,
        event_log: &Path,
        observer: Observer,
    ) -> Result<Option<Self>, AttestError> {
        if !root.is_dir() {
            return Ok(None);
        }
        let entry = match Entry::make(root, observer) {
            Ok(entry) => entry,
            // Without a provider behind it the kernel refuses to make entries (ENXIO).
            Err(AttestError::Kernel { source, .. }) if source.raw_os_error() == Some(ENXIO) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let provider = entry.provider()?;
        Ok(Some(Self { root: root.to_owned(), event_log: event_log.to_owned(), provider, observer }))
    }

    /// A report and what came with it, from an entry that nobody else wrote to.
    fn report(&self, report_data: &[u8; 64]) -> Result<Blobs, AttestError> {
        for _ in 0..ATTEMPTS {
            let entry = Entry::make(&self.root, self.observer)?;
            if entry.provider()? != self.provider {
                return Err(entry.unexpected("provider", "the provider that was found before"));
            }
            if let Some(answer) = entry.ask(report_data)? {
                return Ok(answer);
            }
        }
        Err(AttestError::Raced { attempts: ATTEMPTS })
    }
}

impl Attester for Tsm {
    fn tee(&self) -> Tee {
        match self.provider {
            Provider::SevGuest => Tee::Snp,
            Provider::TdxGuest => Tee::Tdx,
        }
    }

    fn evidence(&self, report_data: &[u8; 64]) -> Result<EvidenceJson, AttestError> {
        let Blobs { report, auxiliary } = self.report(report_data)?;
        match self.provider {
            Provider::SevGuest => {
                let snp = Snp::new(&report, certificates::parse(&auxiliary)?)?;
                check_report_data(&report, report_data)?;
                Ok(snp.to_json()?)
            }
            Provider::TdxGuest => {
                let log = event_log::read(&self.event_log)?;
                Ok(Tdx::new(&report, log.as_deref()).to_json()?)
            }
        }
    }
}

/// Whether an SNP report carries what was asked for, at 0x50; a broker would refuse another with less to go by.
pub(super) fn check_report_data(report: &[u8], report_data: &[u8; 64]) -> Result<(), AttestError> {
    match report.get(0x50..0x90) {
        Some(carried) if carried == report_data => Ok(()),
        _ => Err(AttestError::ReportData),
    }
}

/// What an entry answers.
struct Blobs {
    /// The report or the quote.
    report: Vec<u8>,
    /// For SNP the host's table of certificates; often empty.
    auxiliary: Vec<u8>,
}

/// An entry of the interface, removed when dropped.
struct Entry {
    path: PathBuf,
    observer: Observer,
}

impl Entry {
    fn make(root: &Path, observer: Observer) -> Result<Self, AttestError> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = root.join(format!("vouchsafe-{}-{number}", std::process::id()));
        fs::create_dir(&path).map_err(|source| AttestError::Kernel {
            action: "create",
            path: path.clone(),
            source,
        })?;
        observer(Stage::Made, &path);
        Ok(Self { path, observer })
    }

    /// Writes the request and reads the answer; none if somebody else wrote meanwhile.
    fn ask(&self, report_data: &[u8; 64]) -> Result<Option<Blobs>, AttestError> {
        let before = self.generation()?;
        let mut writes = 1;
        // The lowest privilege level is the default; under an SVSM it is not to be had, and the floor says so.
        let floor = self.number("privlevel_floor")?.unwrap_or(0);
        if floor > 0 {
            write(&self.path.join("privlevel"), floor.to_string().as_bytes())?;
            writes += 1;
        }
        write(&self.path.join("inblob"), report_data)?;
        (self.observer)(Stage::Asked, &self.path);
        let report = read(&self.path.join("outblob"), BLOB_BYTES)?;
        let auxiliary = read_if_present(&self.path.join("auxblob"), BLOB_BYTES)?.unwrap_or_default();
        let after = self.generation()?;
        Ok((after == before.wrapping_add(writes)).then_some(Blobs { report, auxiliary }))
    }

    fn provider(&self) -> Result<Provider, AttestError> {
        match self.text("provider")?.as_deref() {
            Some("sev_guest") => Ok(Provider::SevGuest),
            Some("tdx_guest") => Ok(Provider::TdxGuest),
            _ => Err(self.unexpected("provider", "sev_guest or tdx_guest")),
        }
    }

    fn generation(&self) -> Result<u64, AttestError> {
        self.number("generation")?.ok_or_else(|| self.unexpected("generation", "a number"))
    }

    fn number(&self, attribute: &str) -> Result<Option<u64>, AttestError> {
        let Some(text) = self.text(attribute)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.unexpected(attribute, "a number"))
    }

    fn text(&self, attribute: &str) -> Result<Option<String>, AttestError> {
        let bytes = read_if_present(&self.path.join(attribute), TEXT_BYTES)?;
        let text =
            bytes.map(String::from_utf8).transpose().map_err(|_| self.unexpected(attribute, "text"))?;
        Ok(text.map(|text| text.trim_end().to_owned()))
    }

    fn unexpected(&self, attribute: &str, expected: &'static str) -> AttestError {
        AttestError::Unexpected { path: self.path.join(attribute), expected }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        (self.observer)(Stage::Leaving, &self.path);
        // An entry that stays behind harms nothing and is not ours to fail over.
        drop(fs::remove_dir(&self.path));
    }
}

/// Tells apart the entries of one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// How often a report is asked for when others interfere.
const ATTEMPTS: u32 = 3;

/// Linux: a report has at most 32 KiB (TSM_REPORT_OUTBLOB_MAX), later kernels allow more; certificates count alike.
const BLOB_BYTES: usize = 128 << 10;

/// One page, as every attribute of text.
const TEXT_BYTES: usize = 4096;

/// Linux, errno 6: nobody is registered behind the interface.
const ENXIO: i32 = 6;

#[cfg(test)]
mod tests;
