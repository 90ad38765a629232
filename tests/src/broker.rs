//! A real `vouchsafe-kbs` process with everything around it: its folder, its operator, simulated machines, guests.
//!
//! ```text
//! Site ─ config, endorsements, pinned roots ─▶ Broker (a process) ◀─ http ─ Draft (a guest's answer, one thing changed)
//!   └─ Operator: admin keys                        kill -9 ─▶ restart on the same folder
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests: writes a broker's folder, runs its program"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use sim::intel::QuoteForm;
use sim::platform::{GuestConfig, Machine, Platform};
use tempfile::TempDir;

use crate::binaries;
use crate::minted::Amd;

mod coco;
mod dev;
mod guest;
mod http;
mod operator;

pub use coco::{CocoKey, CocoKeyKind, auth_body, sample_body, sample_device};
pub use dev::Dev;
pub use guest::{Draft, Session, Signed, attest, auth, auth_as, fetch, tee_key, tee_of};
pub use http::{Answer, Connection, call, try_call};
pub use operator::{Operator, compact, p256_spki, sec1_pem};

/// A broker's folder, the machines that it knows, and who may store secrets at it. Gone when dropped.
pub struct Site {
    folder: TempDir,
    /// Who stores secrets.
    pub operator: Operator,
    /// An AMD machine whose endorsements are in the folder.
    pub amd: Platform,
    /// An Intel machine whose endorsements are in the folder.
    pub intel: Platform,
}

/// A running broker; killed when dropped.
pub struct Broker {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    config: PathBuf,
    log: PathBuf,
}

/// What the broker must be told besides what every site says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// Keys at the top of the configuration.
    pub keys: &'a str,
    /// Tables at its end.
    pub tables: &'a str,
    /// Where the store is, as keys and tables; nothing: a file.
    pub store: Store<'a>,
    /// Leaves the roots of the simulated machines out.
    pub unpinned: bool,
}

/// Where a broker's store is.
#[derive(Clone, Copy, Debug, Default)]
pub enum Store<'a> {
    /// In a file of the folder.
    #[default]
    File,
    /// In a database: the keys of `[postgres]`.
    Postgres(&'a str),
}

impl Site {
    /// A new folder with new machines.
    pub fn new() -> Self {
        let now = sim_agent::now();
        let rng = &mut guest_agent::system_rng();
        let signer = sim::amd::SigningChoice::Vcek;
        let site = Self {
            folder: tempfile::Builder::new().prefix("vouchsafe-kbs-").tempdir().expect("a folder"),
            operator: Operator::new(),
            amd: Platform::under_amd(Amd::new().vendor, signer, rng, now).expect("an AMD machine"),
            intel: Platform::intel(QuoteForm::TdxV4, rng, now).expect("an Intel machine"),
        };
        for (name, platform) in [("amd", &site.amd), ("intel", &site.intel)] {
            site.write(&format!("{name}.der"), &platform.root);
            site.endorse(name, platform);
        }
        site.write("ed25519.pem", site.operator.ed25519_pem().as_bytes());
        site.write("p256.pem", site.operator.p256_pem().as_bytes());
        site.write("reference-values.toml", reference_values().as_bytes());
        site
    }

    /// Another AMD machine under the same root; its endorsements are not in the folder.
    pub fn another_amd() -> Platform {
        let signer = sim::amd::SigningChoice::Vcek;
        Platform::under_amd(Amd::new().vendor, signer, &mut guest_agent::system_rng(), sim_agent::now())
            .expect("an AMD machine")
    }

    /// Puts a machine's endorsements where the broker looks.
    pub fn endorse(&self, name: &str, platform: &Platform) {
        for file in &platform.endorsements {
            let (_, file_name) = file.path.rsplit_once('/').expect("a file of a folder");
            self.write(&format!("endorsements/{name}-{file_name}"), &file.content);
        }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder; its name appears when it is complete.
    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a path with a folder")).expect("a folder");
        let unfinished = self.path("unfinished");
        fs::write(&unfinished, content).expect("a file");
        fs::rename(unfinished, &path).expect("a name");
        path
    }

    /// The content of a file in the folder.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// Takes a file out of the folder; its content.
    pub fn take(&self, name: &str) -> Vec<u8> {
        let content = fs::read(self.path(name)).expect("a file");
        fs::remove_file(self.path(name)).expect("a file that can be removed");
        content
    }

    /// Writes the configuration and starts the broker.
    pub fn start(&self, settings: Settings<'_>) -> Broker {
        let text = config(settings);
        Broker::run(self.write("vouchsafe-kbs.toml", text.as_bytes()), self.path("vouchsafe-kbs.log"))
    }

    /// Starts a broker with a configuration of the folder.
    pub fn run(&self, config: &Path) -> Broker {
        Broker::run(config.to_owned(), self.path("vouchsafe-kbs.log"))
    }

    /// Writes the configuration and starts one replica of several, each with a configuration and a log of its name.
    pub fn start_replica(&self, name: &str, settings: Settings<'_>) -> Broker {
        let text = config(settings);
        Broker::run(self.write(&format!("{name}.toml"), text.as_bytes()), self.path(&format!("{name}.log")))
    }

    /// Writes the root key that all replicas have.
    pub fn share_root_key(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        // Any 32 secret bytes.
        let key = sim::P256Key::generate(&mut guest_agent::system_rng());
        let path = self.write("root.key", hex::encode(key.to_bytes()).as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    /// What no guest may be told: the launch digests that are wanted, and the machines' names for themselves.
    pub fn operators_alone(&self) -> Vec<String> {
        let mut secrets = vec![hex::encode(KNOWN.launch_digest)];
        for platform in [&self.amd, &self.intel] {
            match &platform.machine {
                Machine::Amd(hardware) => secrets.push(hex::encode(hardware.chip.id)),
                Machine::Intel(hardware) => secrets.push(hex::encode(hardware.machine.extension.ppid)),
            }
        }
        secrets
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Broker {
    fn run(config: PathBuf, log: PathBuf) -> Self {
        let errors = fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        let mut child = Command::new(binaries::path("vouchsafe-kbs"))
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the broker starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the broker's first line");
        let address = line.trim_end().rsplit_once("//").and_then(|(_, address)| address.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the broker says {line:?}:\n{}", fs::read_to_string(&log).unwrap_or_default())
        };
        Self { child, address, config, log }
    }

    /// Ends the process as a loss of power would (SIGKILL) and starts another on the same folder.
    #[must_use]
    pub fn kill_and_restart(mut self) -> Self {
        self.kill();
        self.restart()
    }

    /// Starts another process on the folder of one that has ended.
    #[must_use]
    pub fn restart(self) -> Self {
        Self::run(self.config.clone(), self.log.clone())
    }

    /// Ends the process as a loss of power would (SIGKILL).
    pub fn end(&mut self) {
        self.kill();
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("the broker's end")
    }

    /// Everything that was logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log")
    }

    /// Its URL without TLS.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends the process by SIGKILL.
    pub fn kill(&mut self) {
        // SIGKILL; an error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How the guest is launched that the operator knows, on either machine.
pub static KNOWN: std::sync::LazyLock<GuestConfig> =
    std::sync::LazyLock::new(|| GuestConfig { launch_digest: [0x4d; 48], ..GuestConfig::default() });

/// Another guest than the operator knows.
pub const OTHER_LAUNCH_DIGEST: [u8; 48] = [0x4e; 48];

/// The program of the agent on simulated hardware.
pub fn agent() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| binaries::path("vouchsafe-agent-sim"))
}

fn config(settings: Settings<'_>) -> String {
    let Settings { keys, tables, unpinned, store } = settings;
    let (file, database) = match store {
        Store::File => ("store = \"store.redb\"", String::new()),
        Store::Postgres(keys) => ("", format!("[postgres]\n{keys}\n")),
    };
    let mut text = format!(
        "listen = \"127.0.0.1:0\"\n\
         {file}\n\
         root_key = \"root.key\"\n\
         endorsements = \"endorsements\"\n\
         reference_values = [\"reference-values.toml\"]\n\
         {keys}\n\
         {database}\
         [appraisal]\n\
         danger_accept_simulated = true\n\
         [[admin]]\n\
         name = \"ed25519\"\n\
         public_key = \"ed25519.pem\"\n\
         [[admin]]\n\
         name = \"p256\"\n\
         public_key = \"p256.pem\"\n\
         {tables}\n"
    );
    if !unpinned {
        for name in ["amd", "intel"] {
            text.push_str(&format!(
                "[[danger_simulated_roots]]\nname = \"danger_{name}\"\nfile = \"{name}.der\"\n"
            ));
        }
    }
    text
}

fn reference_values() -> String {
    let digest = hex::encode(KNOWN.launch_digest);
    format!(
        "[[reference]]\ntee = \"snp\"\nname = \"known\"\nlaunch-digest = [\"{digest}\"]\n\
         [[reference]]\ntee = \"tdx\"\nname = \"known\"\nmr-td = [\"{digest}\"]\n"
    )
}
