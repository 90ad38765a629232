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
use crate::command::{decrypt, evidence, get};
use crate::system::system_rng;
use crate::testing::Folder;

/// Runs a command as `execute` does, with the failure instead of its number.
fn outcome(args: &[&str]) -> Result<(), Failure> {
    match parse(args).unwrap() {
        Command::Get(args) => get::get(&args, toys),
        Command::Token(args) => get::token(&args, toys),
        Command::Evidence(args) => evidence::evidence(&args, toys),
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
