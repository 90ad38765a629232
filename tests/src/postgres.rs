//! PostgreSQL as Debian packages it, in a temporary folder: started, killed, paused and cut off by tests.
//!
//! ```text
//! Server ─ postgres -D folder ◀─ unix socket, TCP ◀─ Proxy (passes, drops or swallows what goes through)
//!   └─ watcher: ends the server and removes the folder when the test's process is gone, however that ended
//! ```
//!
//! The tests of the broker's own package read this file too; so it needs the standard library alone.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a helper of tests: writes a folder, runs programs; each of its two readers uses a part"
)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The name of the role that the broker logs in as, and of its password.
pub const ROLE: &str = "broker";
/// Its password.
pub const PASSWORD: &str = "a password of tests";

/// A certificate and its key, both PEM.
pub struct Certificate<'a> {
    pub certificate: &'a str,
    pub key: &'a str,
}

/// A server with a folder of its own; both are gone when it is dropped.
pub struct Server {
    folder: PathBuf,
    /// Where it listens on the loopback.
    pub port: u16,
    /// Ends with its standard input.
    watcher: Child,
}

impl Server {
    /// A new server that runs; none where PostgreSQL is not installed, which is said out loud and fails in CI.
    pub fn start_new(tls: Option<&Certificate<'_>>) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: apt-get install postgresql");
            eprintln!("SKIPPED: PostgreSQL is missing: apt-get install postgresql");
            return None;
        };
        let folder = new_folder();
        let watcher = watch(&folder);
        let server = Self { folder, port: free_port(), watcher };
        server.write("password", "postgres");
        let data = server.data();
        let made = as_owner(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--auth=scram-sha-256",
                "--username=postgres",
            ])
            .arg("--pwfile")
            .arg(server.folder.join("password"))
            .arg(&data)
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.configure(tls);
        server.start();
        server.sql("postgres", &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"));
        Some(server)
    }

    fn configure(&self, tls: Option<&Certificate<'_>>) {
        let folder = self.folder.display();
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{folder}'\n\
             max_connections = 100\nshared_buffers = 32MB\ndeadlock_timeout = 200ms\nlog_line_prefix = '%m %p '\n",
            self.port
        );
        if let Some(tls) = tls {
            self.write("server.crt", tls.certificate);
            self.write("server.key", tls.key);
            text.push_str(&format!(
                "ssl = on\nssl_cert_file = '{folder}/server.crt'\nssl_key_file = '{folder}/server.key'\n"
            ));
        }
        let path = self.data().join("postgresql.conf");
        let mut whole = fs::read_to_string(&path).expect("the configuration");
        whole.push_str(&text);
        fs::write(&path, whole).expect("the configuration");
        let hosts = if tls.is_some() { "hostssl" } else { "host" };
        let rules = format!(
            "local all postgres trust\nlocal all all scram-sha-256\n{hosts} all all 127.0.0.1/32 scram-sha-256\n"
        );
        fs::write(self.data().join("pg_hba.conf"), rules).expect("the rules of access");
    }

    /// Starts the server where it is not running; returns when it takes connections.
    pub fn start(&self) {
        let programs = programs().expect("PostgreSQL is there");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
        let log = log.expect("a log");
        let until = Instant::now() + PATIENCE;
        loop {
            // After a kill the last of the old processes may still be on its way out.
            let mut child = as_owner(&programs.join("postgres"))
                .arg("-D")
                .arg(self.data())
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("the log"))
                .stderr(log.try_clone().expect("the log"))
                .process_group(0)
                .spawn()
                .expect("postgres starts");
            while matches!(child.try_wait(), Ok(None)) {
                if self.answers(&programs) {
                    // Whoever waits for it keeps no zombie behind.
                    std::thread::spawn(move || child.wait());
                    return;
                }
                assert!(Instant::now() < until, "postgres does not start:\n{}", self.log());
                std::thread::sleep(PAUSE);
            }
            assert!(Instant::now() < until, "postgres does not start:\n{}", self.log());
            std::thread::sleep(PAUSE);
        }
    }

    fn answers(&self, programs: &Path) -> bool {
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args(["-q", "-h"]).arg(&self.folder).args(["-p", &self.port.to_string()]);
        ready.status().is_ok_and(|status| status.success())
    }

    /// Ends it at once, as `pg_ctl stop -m immediate` does: nothing is written any more.
    pub fn stop_immediately(&self) {
        self.signal("QUIT");
        self.wait_for_end();
    }

    /// Ends its first process as a loss of power would; the others notice and end.
    pub fn kill(&self) {
        self.signal("KILL");
        self.wait_for_end();
    }

    /// Stops all its processes where they stand.
    pub fn pause(&self) {
        for process in self.processes() {
            signal(process, "STOP");
        }
    }

    /// Lets them go on.
    pub fn resume(&self) {
        for process in self.processes() {
            signal(process, "CONT");
        }
    }

    /// Makes an empty database that belongs to the role; its name.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("of_test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {ROLE}"));
        name
    }

    /// Statements of the superuser; the first column of the answer, a row a line.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(programs().expect("PostgreSQL is there").join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"])
            .arg(&self.folder);
        psql.args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        let said = psql.output().expect("psql starts");
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    /// Changes a setting of the whole server, at once.
    pub fn set(&self, setting: &str, value: &str) {
        self.sql("postgres", &format!("ALTER SYSTEM SET {setting} = '{value}'"));
        self.sql("postgres", "SELECT pg_reload_conf()");
        let until = Instant::now() + PATIENCE;
        while self.sql("postgres", &format!("SHOW {setting}")) != value {
            assert!(Instant::now() < until, "{setting} does not become {value}");
            std::thread::sleep(PAUSE);
        }
    }

    /// Everything that it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its folder, with the unix socket in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
        give_to_owner(&path);
    }

    fn signal(&self, name: &str) {
        if let Some(process) = self.first_process() {
            signal(process, name);
        }
    }

    fn first_process(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    fn processes(&self) -> Vec<u32> {
        let Some(first) = self.first_process() else { return Vec::new() };
        let parent = |process: u32| -> Option<u32> {
            let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            // The name in brackets may hold spaces; the state and the parent follow it.
            line.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
        };
        let all = fs::read_dir("/proc").expect("/proc").flatten();
        let mut found: Vec<u32> = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        found.retain(|process| *process == first || parent(*process) == Some(first));
        found
    }

    fn wait_for_end(&self) {
        let until = Instant::now() + PATIENCE;
        let Some(first) = self.first_process() else { return };
        while is_running(first) {
            assert!(Instant::now() < until, "postgres does not end");
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.resume();
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// A process that does what is to be done at the end: it reads until the test's process lets go of the pipe, or dies.
fn watch(folder: &Path) -> Child {
    const SCRIPT: &str = "cat > /dev/null; \
        pid=$(head -n 1 \"$1/data/postmaster.pid\" 2> /dev/null); \
        if [ -n \"$pid\" ]; then kill -CONT \"$pid\"; kill -QUIT \"$pid\"; \
        while kill -0 \"$pid\" 2> /dev/null && [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.05; done; fi; \
        rm -rf \"$1\"";
    Command::new("sh")
        .args(["-c", SCRIPT, "watcher"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh starts")
}

fn is_running(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|line| line.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z')))
}

fn signal(process: u32, name: &str) {
    // A process that is gone already is no error here.
    let mut kill = Command::new("sh");
    let _ = kill.args(["-c", &format!("kill -{name} {process} 2> /dev/null")]).status();
}

/// The newest version that is installed, as Debian lays it out.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered =
        versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let (_, newest) = numbered.max()?;
    Some(newest.join("bin")).filter(|folder| folder.join("initdb").is_file())
}

/// PostgreSQL refuses to run as root: there it runs as the user that Debian's package made for it.
fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn give_to_owner(path: &Path) {
    if is_root() {
        let owner = Command::new("chown").arg("postgres:postgres").arg(path).status();
        assert!(owner.is_ok_and(|status| status.success()), "chown {}", path.display());
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("vouchsafe-pg-{}-{number}", std::process::id()));
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode");
    give_to_owner(&folder);
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Far more than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);
