//! Backups: none that was altered is whole, and none takes memory out of proportion, whatever lengths it announces.
#![no_main]

use kbs::fuzzing::{backup, check_backup, import_backup, verify_backup};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = backup(bytes);
    // The hash, a row of the batch and its copy in the store's map: for rows without content many times their bytes.
    let bounded = |most: usize, work: &dyn Fn()| {
        let taken = allocation_counter::measure(work).bytes_max;
        assert!(taken <= most as u64, "{taken} bytes for a file of {}", file.len());
    };
    bounded(4 * file.len() + (64 << 10), &|| check_backup(&file));
    bounded(64 * file.len() + (1 << 20), &|| import_backup(&file));
    verify_backup(&file);
});
