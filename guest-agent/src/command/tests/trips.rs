//! Whole commands, from arguments to files, against the transport that the broker's tests have.
#![expect(clippy::disallowed_methods, reason = "tests read what was written")]

use std::fs;
use std::path::Path;

use kbs_protocol::ErrorKind;
use weights::{ChunkSize, Encryptor, Key, OpenError, SealStream};

use super::*;
use crate::attester::Attester;
use crate::broker::tests::transport::Transport;
use crate::broker::tests::{Peer, refusal, serve};
use crate::command::{decrypt, detect, evidence, get, launch};
use crate::system::system_rng;
use crate::testing::Folder;

/// Runs a command as `execute` does, with the failure instead of its number.
fn outcome(args: &[&str]) -> Result<(), Failure> {
    match parse(args).unwrap() {
        Command::Get(args) => get::get(&args, toys),
        Command::Token(args) => get::token(&args, toys),
        Command::Run(args) => launch::run(&args, toys).map(|_| ()),
        Command::Evidence(args) => evidence::evidence(&args, toys),
        Command::Detect(args) => detect::detect(&args),
        Command::DecryptWeights(args) => decrypt::decrypt(&args, toys),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn get_writes_the_secret_to_the_file() {
    let folder = Folder::new("trip-get");
    let transport = serve(Peer::new());
    let out = folder.path().join("key");
    outcome(&["get", "kbs:///default/key/k2", "--kbs-url", &transport.url(), "--out", text(&out)]).unwrap();
    assert_eq!((fs::read(&out).unwrap(), folder.files()), (Peer::new().secret, vec!["key".to_owned()]));
}

#[test]
fn token_writes_what_the_broker_says_of_the_machine_and_asks_for_no_secret() {
    let folder = Folder::new("trip-token");
    let transport = serve(Peer::new());
    let out = folder.path().join("token");
    outcome(&["token", "--kbs-url", &transport.url(), "--out", text(&out)]).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), format!("{}\n", Peer::new().token));
    assert_eq!(transport.lines(), ["POST /kbs/v0/auth", "POST /kbs/v0/attest"]);
}

#[test]
fn a_refused_get_leaves_no_file() {
    let folder = Folder::new("trip-refused");
    let transport = serve(Peer { refusals: vec![refusal(403, ErrorKind::PolicyDeny)], ..Peer::new() });
    let out = folder.path().join("key");
    let failure =
        outcome(&["get", "kbs:///default/key/k2", "--kbs-url", &transport.url(), "--out", text(&out)])
            .unwrap_err();
    assert_eq!((failure.exit(), folder.files()), (Exit::Refused, Vec::new()));
}

#[test]
fn a_file_that_stands_there_is_told_before_anybody_is_asked() {
    let folder = Folder::new("trip-exists");
    let transport = serve(Peer::new());
    let out = folder.path().join("key");
    fs::write(&out, b"old").unwrap();
    let failure =
        outcome(&["get", "kbs:///default/key/k2", "--kbs-url", &transport.url(), "--out", text(&out)])
            .unwrap_err();
    assert!(matches!(failure, Failure::Output(OutputError::Exists { .. })), "{failure}");
    assert_eq!(transport.lines(), Vec::<String>::new());
}

#[test]
fn evidence_is_written_as_json_and_has_no_bytes_where_the_tee_has_none() {
    let folder = Folder::new("trip-evidence");
    let out = folder.path().join("evidence.json");
    let data = "07".repeat(64);
    outcome(&["evidence", "--report-data", &data, "--format", "json", "--out", text(&out)]).unwrap();
    assert_eq!(fs::read(&out).unwrap(), Toy.evidence(&[7; 64]).unwrap().get().as_bytes());
    assert!(matches!(outcome(&["evidence", "--report-data", &data]), Err(Failure::NoRawForm(Tee::Sample))));
}

/// An artefact of this plaintext, and the broker that releases its key.
fn artefact(folder: &Folder, plaintext: &[u8]) -> Transport {
    let mut rng = system_rng();
    let key = Key::generate(&mut rng);
    let chunk = ChunkSize::new(ChunkSize::MIN).unwrap();
    let (mut sealed, encryptor) = Encryptor::new(chunk, b"kbs:///default/key/k2", &key, &mut rng).unwrap();
    let mut stream = SealStream::new(encryptor);
    stream.push(plaintext, &mut sealed).unwrap();
    stream.finish(&mut sealed).unwrap();
    fs::write(folder.path().join("sealed"), sealed).unwrap();
    serve(Peer { secret: key.expose().to_vec(), ..Peer::new() })
}

fn decrypted(folder: &Folder, transport: &Transport) -> Result<(), Failure> {
    let (sealed, out) = (folder.path().join("sealed"), folder.path().join("opened"));
    let url = transport.url();
    let args =
        ["decrypt-weights", "--key", "kbs:///default/key/k2", "--in", text(&sealed), "--out", text(&out)];
    outcome(&[args.as_slice(), &["--kbs-url", &url]].concat())
}

#[test]
fn decrypts_weights_of_several_pieces_and_of_none() {
    for size in [0, 1, 4096, 3_000_000] {
        let folder = Folder::new(&format!("trip-weights-{size}"));
        let plaintext: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let transport = artefact(&folder, &plaintext);
        decrypted(&folder, &transport).unwrap();
        assert!(fs::read(folder.path().join("opened")).unwrap() == plaintext, "{size} bytes");
        assert_eq!(folder.files(), ["opened", "sealed"]);
    }
}

#[test]
fn weights_that_were_changed_or_cut_off_leave_no_file() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, OpenError); 2] = [
        (|sealed| *sealed.last_mut().unwrap() ^= 1, OpenError::ChunkNotAuthentic { index: 2 }),
        (|sealed| sealed.truncate(sealed.len() - 1808 - 16), OpenError::ChunkNotAuthentic { index: 1 }),
    ];
    for (number, (change, expected)) in changes.into_iter().enumerate() {
        let folder = Folder::new(&format!("trip-changed-{number}"));
        let transport = artefact(&folder, &[7; 10_000]);
        let mut sealed = fs::read(folder.path().join("sealed")).unwrap();
        change(&mut sealed);
        fs::write(folder.path().join("sealed"), sealed).unwrap();
        let failure = decrypted(&folder, &transport).unwrap_err();
        assert!(matches!(&failure, Failure::Artefact(error) if *error == expected), "{failure:?}");
        assert_eq!((failure.exit(), folder.files()), (Exit::Artefact, vec!["sealed".to_owned()]));
    }
}

#[test]
fn a_key_of_another_length_opens_no_weights() {
    let folder = Folder::new("trip-key");
    drop(artefact(&folder, &[7; 100]));
    let transport = serve(Peer { secret: vec![7; 31], ..Peer::new() });
    let failure = decrypted(&folder, &transport).unwrap_err();
    assert!(matches!(failure, Failure::Key(weights::WrongKeyLength { actual: 31 })), "{failure:?}");
}

#[test]
fn a_file_that_is_no_artefact_is_told_before_anybody_is_asked() {
    let folder = Folder::new("trip-header");
    fs::write(folder.path().join("sealed"), [7; 200]).unwrap();
    let transport = serve(Peer::new());
    let failure = decrypted(&folder, &transport).unwrap_err();
    assert!(matches!(failure, Failure::Header(weights::HeaderError::Magic { .. })), "{failure:?}");
    assert_eq!(transport.lines(), Vec::<String>::new());
}

/// What `run` of this command came to, in a folder of its own where secrets may lie.
fn run(name: &str, peer: Peer, args: &[&str], command: &str) -> (Result<u8, Failure>, Vec<String>) {
    let memory = Memory::new(name);
    let transport = serve(peer);
    let fixed = ["run", "--kbs-url", &transport.url(), "--memory", text(memory.path())].map(str::to_owned);
    let rest = ["--", "sh", "-c", command].map(str::to_owned);
    let all: Vec<String> =
        fixed.into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).chain(rest).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let Command::Run(args) = parse(&all).unwrap() else { panic!("{all:?}") };
    let outcome = launch::run(&args, toys);
    (outcome, memory.files())
}

/// A folder in memory, gone with the test.
struct Memory(std::path::PathBuf);

impl Memory {
    fn new(name: &str) -> Self {
        let path = Path::new("/dev/shm").join(format!("vouchsafe-test-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const K2: &str = "kbs:///default/key/k2";

#[test]
fn run_hands_secrets_to_a_command_and_takes_them_away() {
    let folder = Folder::new("trip-run");
    let (seen, template) = (folder.path().join("seen"), folder.path().join("template"));
    fs::write(&template, format!("key = \"{{{{ {K2} }}}}\"\n")).unwrap();
    let command = format!(
        "{{ echo \"$KEY\"; cat \"$VOUCHSAFE_SECRETS/key\" \"$VOUCHSAFE_SECRETS/conf\"; \
         stat -c %a \"$VOUCHSAFE_SECRETS\" \"$VOUCHSAFE_SECRETS/key\"; }} >{}; exit 7",
        text(&seen)
    );
    let args = ["--env", &format!("KEY={K2}"), "--file", &format!("key={K2}")].map(str::to_owned);
    let template = format!("conf={}", text(&template));
    let args = [args[0].as_str(), &args[1], &args[2], &args[3], "--template", &template];
    let (outcome, left) = run("run", Peer::new(), &args, &command);
    assert_eq!((outcome.unwrap(), left), (7, Vec::new()));
    let secret = String::from_utf8(Peer::new().secret).unwrap();
    let expected = format!("{secret}\n{secret}key = \"{secret}\"\n700\n400\n");
    assert_eq!(fs::read_to_string(&seen).unwrap(), expected);
}

#[test]
fn run_says_how_the_command_ended() {
    for (command, code) in [("exit 0", 0), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    {
        let (outcome, left) = run("ended", Peer::new(), &["--file", &format!("key={K2}")], command);
        assert_eq!((outcome.unwrap(), left), (code, Vec::new()), "{command}");
    }
}

#[test]
fn run_fetches_each_secret_once_and_attests_once() {
    let transport = serve(Peer::new());
    let memory = Memory::new("once");
    let (one, two) = (format!("A={K2}"), format!("b={K2}"));
    let args = ["run", "--kbs-url", &transport.url(), "--memory", text(memory.path())];
    let args = [&args[..], &["--env", &one, "--file", &two, "--", "true"]].concat();
    outcome(&args).unwrap();
    assert_eq!(transport.lines(), ["POST /kbs/v0/auth", "POST /kbs/v0/attest", crate::broker::tests::GET]);
}

#[test]
fn run_starts_nothing_without_all_of_its_secrets() {
    let folder = Folder::new("trip-run-refused");
    let started = folder.path().join("started");
    let command = format!("touch {}", text(&started));
    let denied = Peer { refusals: vec![refusal(403, ErrorKind::PolicyDeny)], ..Peer::new() };
    let (outcome, left) = run("denied", denied, &["--file", &format!("key={K2}")], &command);
    assert_eq!((outcome.unwrap_err().exit(), left), (Exit::Refused, Vec::new()));
    let binary = Peer { secret: vec![0xFF, 0], ..Peer::new() };
    let (outcome, left) = run("binary", binary, &["--env", &format!("KEY={K2}")], &command);
    assert!(outcome.unwrap_err().report().contains("KEY is no text without zero bytes: give it as a file"));
    assert_eq!((left, folder.files()), (Vec::new(), Vec::new()));
}

#[test]
fn run_says_what_is_wrong_before_anybody_is_asked() {
    let folder = Folder::new("trip-run-early");
    let (transport, memory) = (serve(Peer::new()), Memory::new("early"));
    let broken = folder.path().join("broken");
    fs::write(&broken, "x\n{{ nothing").unwrap();
    let (key, broken) = (format!("key={K2}"), format!("conf={}", text(&broken)));
    let url = transport.url();
    for (args, said) in [
        (vec!["--memory", text(folder.path()), "--file", &key], "is not memory (tmpfs)"),
        (vec!["--memory", text(memory.path()), "--file", &key, "--file", &key], "key is given twice"),
        (vec!["--memory", text(memory.path()), "--template", &broken], "has {{ without }} at line 2"),
        (vec!["--memory", "/nowhere", "--file", &key], "cannot look at /nowhere"),
    ] {
        let args = [&["run", "--kbs-url", &url][..], &args, &["--", "true"]].concat();
        let report = outcome(&args).unwrap_err().report();
        assert!(report.contains(said), "{report}");
    }
    assert_eq!((transport.lines(), memory.files()), (Vec::new(), Vec::new()));
}

#[test]
fn run_says_when_the_command_cannot_be_started() {
    let transport = serve(Peer::new());
    let memory = Memory::new("absent");
    let key = format!("key={K2}");
    for (program, code) in [("/nowhere/at/all", 127), ("/dev/null", 126)] {
        let url = transport.url();
        let args = ["run", "--kbs-url", &url, "--memory", text(memory.path()), "--file", &key, "--", program];
        let Command::Run(args) = parse(&args).unwrap() else { panic!() };
        assert_eq!(launch::run(&args, toys).unwrap(), code);
        assert_eq!(memory.files(), Vec::<String>::new());
    }
}

#[test]
fn detect_says_what_this_machine_is_and_ends_with_4_where_it_is_nothing() {
    let folder = Folder::new("trip-detect");
    for json in [&[][..], &["--json"]] {
        let args = [&["detect", "--root", text(folder.path())], json].concat();
        assert_eq!(outcome(&args).unwrap_err().exit(), Exit::NoEvidence);
    }
    fs::create_dir(folder.path().join("dev")).unwrap();
    fs::write(folder.path().join("dev/sev-guest"), b"").unwrap();
    outcome(&["detect", "--root", text(folder.path())]).unwrap();
}
