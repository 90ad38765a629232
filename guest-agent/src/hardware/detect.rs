//! What this machine can attest with, and why not with something else.

use std::path::{Path, PathBuf};

use kbs_protocol::Tee;
use serde::Serialize;

use super::files::read_if_present;
use super::{CCEL, TSM_ROOT, Tsm, sev_guest};
use crate::attester::{AttestError, Attester};

/// What was looked for, in the order in which it is used.
#[derive(Debug, Serialize)]
pub struct Detected {
    /// The TEE as which this machine attests, by the protocol's name; none where it cannot.
    pub tee: Option<&'static str>,
    /// The interface that is used.
    pub by: Option<&'static str>,
    /// Every interface that this agent knows of.
    pub interfaces: Vec<Interface>,
}

/// One interface of the kernel's or of a library operating system's.
#[derive(Debug, Serialize)]
pub struct Interface {
    /// What it is called.
    pub name: &'static str,
    /// Where it was looked for.
    pub path: PathBuf,
    /// What it is for.
    pub serves: &'static str,
    /// What was found there.
    pub found: String,
    /// Whether evidence can be had by it.
    pub usable: bool,
}

/// Looks at the file system below `root`, which is `/` but for tests. Only configfs-tsm is asked anything: an entry is made
/// and removed again, since its provider cannot be learned otherwise.
pub fn detect(root: &Path) -> Detected {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let (tsm, provider) = tsm(&below(TSM_ROOT), &below(CCEL));
    let sev = device("sev-guest", below(sev_guest::DEVICE), "SNP, before Linux 6.7", Used::Attester);
    let tee = provider.or_else(|| sev.usable.then_some(Tee::Snp));
    let by = [&tsm, &sev].into_iter().find(|interface| interface.usable).map(|interface| interface.name);
    let interfaces = vec![
        tsm,
        sev,
        device("tdx_guest", below("/dev/tdx_guest"), "TDX, before Linux 6.7", Used::Not),
        device("sgx_enclave", below("/dev/sgx_enclave"), "SGX, for a library operating system", Used::Not),
        device("Gramine", below("/dev/attestation"), "SGX inside Gramine", Used::Not),
        device("Occlum", below("/dev/sgx"), "SGX inside Occlum", Used::Not),
        log(below(CCEL)),
        registers(below(MEASUREMENTS)),
    ];
    Detected { tee: tee.map(Tee::as_str), by, interfaces }
}

/// Whether this version of the agent takes evidence from a device.
#[derive(Clone, Copy)]
enum Used {
    Attester,
    Not,
}

fn tsm(root: &Path, log: &Path) -> (Interface, Option<Tee>) {
    let (found, tee) = match Tsm::detect(root, log) {
        Ok(Some(tsm)) => {
            let tee = tsm.tee();
            let provider = if tee == Tee::Snp { "sev_guest" } else { "tdx_guest" };
            (format!("provider {provider}"), Some(tee))
        }
        Ok(None) if root.is_dir() => {
            ("there, and no provider behind it: the guest's driver is not loaded".to_owned(), None)
        }
        Ok(None) => ("not there (Linux 6.7 and later; is configfs mounted?)".to_owned(), None),
        Err(error) => (reason(&error), None),
    };
    let interface = Interface {
        name: "configfs-tsm",
        path: root.to_owned(),
        serves: "SNP and TDX",
        found,
        usable: tee.is_some(),
    };
    (interface, tee)
}

fn device(name: &'static str, path: PathBuf, serves: &'static str, used: Used) -> Interface {
    let there = path.exists();
    let found = match (there, used) {
        (false, _) => "not there",
        (true, Used::Attester) => "there",
        (true, Used::Not) => "there; this version takes no evidence from it",
    };
    Interface { name, path, serves, found: found.to_owned(), usable: there && matches!(used, Used::Attester) }
}

fn log(path: PathBuf) -> Interface {
    let found = match read_if_present(&path, LOG_BYTES) {
        Ok(Some(log)) => format!("{} bytes", log.len()),
        Ok(None) => "not there: a quote is sent without its event log".to_owned(),
        Err(error) => reason(&error),
    };
    Interface { name: "CCEL", path, serves: "the event log of a TDX guest", found, usable: false }
}

fn registers(path: PathBuf) -> Interface {
    let there = (0..REGISTERS).filter(|number| path.join(format!("rtmr{number}:sha384")).exists()).count();
    let found = match there {
        0 => "not there: runtime registers cannot be extended".to_owned(),
        count => format!("{count} of {REGISTERS} registers"),
    };
    Interface { name: "RTMRs", path, serves: "extending a TDX guest's registers", found, usable: false }
}

fn reason(error: &AttestError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Linux, Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest.
const MEASUREMENTS: &str = "/sys/devices/virtual/misc/tdx_guest/measurements";
/// RTMR0 to RTMR3.
const REGISTERS: usize = 4;
/// As much as is read of a log elsewhere.
const LOG_BYTES: usize = 512 << 10;

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make a tree of devices")]

    use std::fs;

    use super::*;
    use crate::testing::Folder;

    fn found<'a>(detected: &'a Detected, name: &str) -> &'a str {
        &detected.interfaces.iter().find(|interface| interface.name == name).unwrap().found
    }

    fn put(folder: &Folder, path: &str, content: &[u8]) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn an_ordinary_machine_has_nothing_and_says_of_each_why() {
        let folder = Folder::new("detect-nothing");
        let detected = detect(folder.path());
        assert_eq!((detected.tee, detected.by), (None, None));
        for interface in &detected.interfaces {
            assert!(!interface.usable && interface.found.starts_with("not there"), "{interface:?}");
            assert!(interface.path.starts_with(folder.path()));
        }
    }

    #[test]
    fn a_guest_of_an_older_kernel_attests_by_its_device() {
        let folder = Folder::new("detect-sev");
        put(&folder, "dev/sev-guest", b"");
        let detected = detect(folder.path());
        assert_eq!(
            (detected.tee, detected.by, found(&detected, "sev-guest")),
            (Some("snp"), Some("sev-guest"), "there")
        );
    }

    #[test]
    fn what_is_there_and_not_used_is_named_and_attests_nothing() {
        let folder = Folder::new("detect-others");
        for device in ["dev/tdx_guest", "dev/sgx_enclave", "dev/sgx"] {
            put(&folder, device, b"");
        }
        put(&folder, "sys/firmware/acpi/tables/data/CCEL", &[7; 100]);
        for register in [0, 2, 3] {
            put(
                &folder,
                &format!("sys/devices/virtual/misc/tdx_guest/measurements/rtmr{register}:sha384"),
                b"",
            );
        }
        let detected = detect(folder.path());
        assert_eq!(detected.tee, None);
        for name in ["tdx_guest", "sgx_enclave", "Occlum"] {
            assert_eq!(found(&detected, name), "there; this version takes no evidence from it");
        }
        assert_eq!([found(&detected, "CCEL"), found(&detected, "RTMRs")], ["100 bytes", "3 of 4 registers"]);
    }

    #[test]
    fn an_interface_that_cannot_be_asked_says_why() {
        // A folder like the kernel's, whose entries have no attributes.
        let folder = Folder::new("detect-tsm");
        fs::create_dir_all(folder.path().join("sys/kernel/config/tsm/report")).unwrap();
        let detected = detect(folder.path());
        assert_eq!(detected.tee, None);
        assert!(
            found(&detected, "configfs-tsm").contains("provider holds something else than"),
            "{detected:?}"
        );
        // What was made there to ask is gone.
        let left = fs::read_dir(folder.path().join("sys/kernel/config/tsm/report")).unwrap().count();
        assert_eq!(left, 0);
    }
}
