use super::*;
use crate::scratch::Scratch;

#[test]
fn keeps_the_highest_epoch_over_a_restart() {
    let scratch = Scratch::new("epoch-file");
    let path = scratch.path.join("epoch");
    let file = EpochFile::open(&path).unwrap();
    assert_eq!(file.highest(), 0);
    for epoch in [3, 2, 7, 5] {
        file.keep(epoch).unwrap();
    }
    assert_eq!((file.highest(), EpochFile::open(&path).unwrap().highest()), (7, 7));
}

#[test]
fn rejects_a_file_that_is_no_number_and_one_that_cannot_be_written() {
    let scratch = Scratch::new("epoch-file-bad");
    let path = scratch.path.join("epoch");
    fs::write(&path, "seven").unwrap();
    assert!(matches!(EpochFile::open(&path), Err(ConfigError::Content { key: "epoch_file", .. })));
    let nowhere = scratch.path.join("no/such/folder/epoch");
    assert!(matches!(EpochFile::open(&nowhere), Err(ConfigError::Write { key: "epoch_file", .. })));
}
