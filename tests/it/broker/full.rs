//! A file system that is full under a real broker: nothing is attested and nothing released, nothing is lost, and all goes
//! on by itself when there is room.
#![expect(clippy::disallowed_methods, reason = "the test fills a disk")]

use std::fs::{File, remove_file};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::symlink;
use std::process::Command;

use kbs_protocol::Tee;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use system_tests::binaries;
use system_tests::broker::{Answer, Broker, Draft, Settings, Site, call};
use tempfile::TempDir;

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

const NO_STORE: &str =
    "the broker's store cannot be read or written now: nothing is attested and nothing released until it can";

/// A small file system for the store alone; where none may be mounted, a limit on the size of the broker's files.
struct Small {
    folder: TempDir,
    mounted: bool,
}

impl Small {
    fn under(site: &Site) -> Self {
        let folder = tempfile::Builder::new().prefix("vouchsafe-small-").tempdir().unwrap();
        let made = mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), Some(c"size=8m"));
        if let Err(error) = made {
            eprintln!(
                "NO FILE SYSTEM COULD BE MOUNTED ({error}): the size of the broker's files is limited instead"
            );
        }
        symlink(folder.path().join("store.redb"), site.path("store.redb")).unwrap();
        Self { folder, mounted: made.is_ok() }
    }

    fn fill(&self, broker: &Broker) {
        if !self.mounted {
            return limit_files(broker, Some(4096));
        }
        let mut file = File::create(self.folder.path().join("filling")).unwrap();
        for size in [64 << 10, 4096, 1] {
            let chunk = vec![0x5a; size];
            let full = std::iter::repeat_with(|| file.write_all(&chunk)).find_map(Result::err);
            assert_eq!(full.map(|error| error.kind()), Some(ErrorKind::StorageFull));
        }
    }

    fn make_room(&self, broker: &Broker) {
        if self.mounted {
            remove_file(self.folder.path().join("filling")).unwrap();
        } else {
            limit_files(broker, None);
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        if self.mounted {
            let _ = unmount(self.folder.path(), UnmountFlags::DETACH);
        }
    }
}

fn limit_files(broker: &Broker, bytes: Option<u64>) {
    let process = Pid::from_raw(broker.id().try_into().unwrap());
    prlimit(process, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn get(bench: &Bench, path: &str) -> Answer {
    call(bench.broker.address, "GET", path, &[], None)
}

/// Takes the pages that are free inside of the store's file, larger ones first: what is full then takes no record either.
fn use_up(bench: &Bench) {
    for (size, name) in [(256 << 10, "large"), (16 << 10, "small"), (64, "least")] {
        let stored = |number| {
            let resource = format!("filling/{name}/k{number}");
            bench.site.operator.store(bench.broker.address, &resource, &vec![0x5a; size]).status
        };
        assert!((0..2000).map(stored).any(|status| status != 200), "a full disk takes no secrets");
    }
}

fn assert_stopped(name: &str, answer: &Answer) {
    assert_eq!(answer.refusal(), (503, "PluginInternalError".to_owned(), NO_STORE.to_owned()), "{name}");
    assert_eq!(answer.header("retry-after"), Some("5"), "{name}");
}

#[test]
fn a_full_disk_stops_releases_loses_nothing_and_releases_go_on_when_there_is_room() {
    let site = Site::new();
    let small = Small::under(&site);
    let broker = site.start(Settings { tables: "[limits]\nreserve_mib = 0", ..Settings::default() });
    let mut bench = Bench { site, broker };
    let secrets: Vec<String> = (0..20).map(|number| format!("many/key/k{number}")).collect();
    for resource in secrets.iter().map(String::as_str).chain([RESOURCE]) {
        assert_eq!(bench.site.operator.store(bench.broker.address, resource, SECRET).status, 200);
    }
    let (machine, key) = (bench.site.amd.machine.clone(), new_key());
    let session = bench.auth(Tee::Snp);
    let token = bearer(&token_of(&Draft::honest(&session, &machine, &key).send(bench.broker.address)));
    let release = |bench: &Bench, resource: &str| bench.fetch(resource, ("authorization", &token));
    assert_eq!(opened(&release(&bench, RESOURCE), &key), SECRET);
    let waiting = bench.auth(Tee::Snp);

    small.fill(&bench.broker);
    // What fits into the file as it is may still be recorded; then no release is.
    use_up(&bench);
    let stopped = (0..5000).map(|_| release(&bench, RESOURCE)).find(|answer| answer.status != 200);
    assert_stopped("a release", &stopped.expect("a full disk takes no records"));
    // Pages that a failed write gave back may take another small record: then that release is on record.
    for _ in 0..3 {
        let large = vec![0x5a; 256 << 10];
        assert_stopped("a secret", &bench.site.operator.store(bench.broker.address, "new/key/k", &large));
        let answer = release(&bench, RESOURCE);
        if answer.status != 200 {
            assert_stopped("a release", &answer);
        }
        assert_eq!(get(&bench, "/healthz").status, 200);
    }
    let log = bench.broker.log();
    assert!(log.contains("a write of the store failed") && log.contains("free_mib=0"), "{log}");
    assert!(log.contains("make room on its file system"), "{log}");

    small.make_room(&bench.broker);
    assert_eq!(get(&bench, "/readyz").status, 200);
    assert_eq!(Draft::honest(&waiting, &machine, &key).send(bench.broker.address).status, 200);
    for resource in &secrets {
        assert_eq!(opened(&release(&bench, resource), &key), SECRET);
    }

    // The same after the process is killed while the disk is full.
    small.fill(&bench.broker);
    use_up(&bench);
    let stopped = (0..5000).map(|_| release(&bench, RESOURCE)).find(|answer| answer.status != 200);
    assert_stopped("a release", &stopped.expect("a full disk takes no records"));
    small.make_room(&bench.broker);
    bench.broker = bench.broker.kill_and_restart();
    for resource in &secrets {
        assert_eq!(opened(&release(&bench, resource), &key), SECRET);
    }
    assert_eq!(release(&bench, "new/key/k").status, 404);
    let Bench { site, broker } = bench;
    drop(broker);
    let verify = Command::new(binaries::path("vouchsafe-kbs"))
        .arg("verify-store")
        .arg("--config")
        .arg(site.path("vouchsafe-kbs.toml"))
        .output()
        .unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
}
