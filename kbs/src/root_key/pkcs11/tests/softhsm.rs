//! SoftHSM for tests: each test is run again in a process of its own, with a folder of tokens of its own.
//!
//! SoftHSM reads where its tokens are from the environment, once in a process, and the environment of a running
//! process is not changed here.
#![expect(clippy::disallowed_methods, reason = "these tests write files and look into the environment")]

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::{AuthPin, Ulong};

use crate::config::{PinSource, Pkcs11Source};
use crate::root_key::pkcs11::module::load;
use crate::scratch::Scratch;

/// A process with tokens of its own.
pub(super) struct Softhsm {
    pub(super) folder: PathBuf,
    pub(super) library: PathBuf,
}

/// The PIN of every token's user.
pub(super) const PIN: &str = "1234";
/// An environment variable that holds it.
pub(super) const PIN_VARIABLE: &str = "VOUCHSAFE_TEST_PIN";
const OFFICER: &str = "officer-pin";
/// Set in the process of a test, to its name.
const CASE: &str = "VOUCHSAFE_TEST_SOFTHSM";
const LIBRARIES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// Runs `case` of the test with this name, in a process of its own.
///
/// # Panics
/// SoftHSM is not installed, or the case fails.
pub(super) fn on_softhsm(test: &str, case: impl FnOnce(&Softhsm)) {
    let library = LIBRARIES.into_iter().map(PathBuf::from).find(|path| path.is_file());
    let library = library.expect("SoftHSM is missing: apt-get install softhsm2");
    if env::var_os(CASE).is_some_and(|running| running == test) {
        let configuration = PathBuf::from(env::var_os("SOFTHSM2_CONF").unwrap());
        let folder = configuration.parent().unwrap().to_owned();
        case(&Softhsm { folder, library });
        return;
    }
    let scratch = Scratch::new(&format!("softhsm-{test}"));
    let tokens = scratch.path.join("tokens");
    fs::create_dir_all(&tokens).unwrap();
    let configuration = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    let configuration = scratch.write("softhsm2.conf", configuration.as_bytes());
    let name = format!("root_key::pkcs11::tests::{test}");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env("SOFTHSM2_CONF", configuration)
        .env(CASE, test)
        .env(PIN_VARIABLE, PIN)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said[0].contains("1 passed"), "{name}: {}", said.join("\n"));
}

impl Softhsm {
    pub(super) fn module(&self) -> Pkcs11 {
        load(&self.library).unwrap()
    }

    /// A new token of that label.
    pub(super) fn token(&self, label: &str) -> Slot {
        let module = self.module();
        let free = |slot: &Slot| !module.get_token_info(*slot).unwrap().token_initialized();
        let slot = module.get_slots_with_token().unwrap().into_iter().find(free).unwrap();
        module.init_token(slot, &AuthPin::new(OFFICER.into()), label).unwrap();
        let session = module.open_rw_session(slot).unwrap();
        session.login(UserType::So, Some(&AuthPin::new(OFFICER.into()))).unwrap();
        session.init_pin(&AuthPin::new(PIN.into())).unwrap();
        session.logout().unwrap();
        slot
    }

    /// A session of the user, beside those of the key.
    pub(super) fn session(&self, slot: Slot) -> Session {
        let session = self.module().open_rw_session(slot).unwrap();
        // The login is the process's; whoever comes second is told that it is done.
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        session
    }

    /// Makes a key as one must be, but for `instead`.
    pub(super) fn key(&self, slot: Slot, label: &str, mechanism: &Mechanism<'_>, instead: Attribute) {
        let mut template = vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen(Ulong::new(32)),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(vec![1]),
        ];
        template.retain(|attribute| attribute.attribute_type() != instead.attribute_type());
        template.push(instead);
        self.session(slot).generate_key(mechanism, &template).unwrap();
    }

    /// The key `root` of the token `label`.
    pub(super) fn source(&self, label: &str) -> Pkcs11Source {
        let pin = self.folder.join("pin");
        write_pin(&pin, PIN);
        Pkcs11Source {
            module: self.library.clone(),
            token: label.to_owned(),
            key: "root".to_owned(),
            pin: PinSource::File(pin),
            formerly: Vec::new(),
        }
    }
}

pub(super) fn write_pin(path: &Path, pin: &str) {
    fs::write(path, pin).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
