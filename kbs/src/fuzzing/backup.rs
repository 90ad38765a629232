//! Backups.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use kbs_protocol::ResourcePath;
use zeroize::Zeroizing;

use super::full_store::{FULL, alterations, open};
use super::memory::Memory;
use super::{NOW, altered, tokens};
use crate::store::backend::Table;
use crate::store::export::check;
use crate::store::{Secret, Store};

/// A file that the bytes describe: a backup that was altered, as it is or with the hash that it must have (anybody can write
/// that, who knows no key), a backup with further rows, or any rows at all.
pub fn backup(bytes: &[u8]) -> Vec<u8> {
    let Some((how, rest)) = bytes.split_first() else { return FULL.backup.clone() };
    match how % 4 {
        0 => altered(&FULL.backup, rest),
        1 => {
            let mut file = altered(&FULL.backup, rest);
            file.truncate(file.len().saturating_sub(HASH));
            hashed(file)
        }
        2 => with_rows(rest),
        _ => [BEGINNING, rest].concat(),
    }
}

/// Reads a file without keeping anything of it.
pub fn check_backup(file: &[u8]) {
    if check(&mut &*file).is_ok() {
        assert!(is_whole(file), "a backup that was altered is taken as whole");
    }
}

/// Takes a file into a new store.
pub fn import_backup(file: &[u8]) {
    drop(imported(file));
}

/// Takes a file into a new store, and looks at all that came out of it.
pub fn verify_backup(file: &[u8]) {
    let (store, taken) = imported(file);
    if !taken {
        return;
    }
    assert!(is_whole(file), "a backup that was altered is taken in");
    let verified = store.verify();
    FULL.check_secrets(&store);
    if let Ok(settings) = store.settings() {
        assert!(settings.epoch() > LEAST, "tokens from before the backup hold");
        FULL.check_contents(&settings);
    }
    if file == FULL.backup {
        let verified = verified.expect("a backup that nobody altered");
        assert!(verified.secrets == 3 && verified.keys == 4, "{verified:?}");
        let path = ResourcePath::parse("a/b/4").expect("a path");
        let secret = Secret::new(Zeroizing::new(b"new".to_vec()));
        store.put(&tokens::an_admin(), &path, &secret, "text/plain", NOW).expect("it takes a secret");
    }
}

fn imported(file: &[u8]) -> (Store, bool) {
    let backend = Arc::new(Memory::default());
    let store = open(Arc::<Memory>::clone(&backend)).expect("a new store");
    let taken = store.import(&mut &*file, LEAST, NOW).map_err(|error| error.to_string()).is_ok();
    assert!(taken || open(backend).is_err(), "a store that took half a backup in opens");
    (store, taken)
}

/// Whether its last bytes are the hash of all before them.
fn is_whole(file: &[u8]) -> bool {
    file.split_last_chunk::<HASH>().is_some_and(|(said, hash)| digest(&SHA256, said).as_ref() == hash)
}

fn hashed(mut file: Vec<u8>) -> Vec<u8> {
    let hash = digest(&SHA256, &file);
    file.extend(hash.as_ref());
    file
}

/// The backup with further rows, which stand in the place of earlier ones.
fn with_rows(bytes: &[u8]) -> Vec<u8> {
    let (before, end) = FULL.backup.split_at(FULL.backup.len() - END);
    let mut file = before.to_vec();
    let mut rows = u64::from_be_bytes(end[1..9].try_into().expect("eight bytes"));
    for ((table, key), value) in alterations(bytes) {
        let (Some(place), Some(value)) = (EXPORTED.iter().position(|known| *known == table), value) else {
            continue;
        };
        file.push(u8::try_from(place + 1).expect("ten tables"));
        for part in [key, value] {
            file.extend(u32::try_from(part.len()).expect("small").to_be_bytes());
            file.extend(part);
        }
        rows += 1;
    }
    file.push(0);
    file.extend(rows.to_be_bytes());
    hashed(file)
}

/// The tables of an export, in their order.
const EXPORTED: [Table; 10] = [
    Table::Meta,
    Table::Keys,
    Table::Settings,
    Table::Secrets,
    Table::SecretVersions,
    Table::Records,
    Table::RecordTimes,
    Table::Blobs,
    Table::BlobUses,
    Table::Counters,
];
const BEGINNING: &[u8] = b"vouchsafe export 1\n{\"format\":2,\"at\":0,\"software\":\"\",\"store\":\"\"}\n";
const HASH: usize = 32;
/// The mark, the number of rows and the hash.
const END: usize = 1 + 8 + HASH;
/// An epoch that a broker saw before.
const LEAST: u64 = 7;
