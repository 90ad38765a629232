use super::*;
use crate::scratch::Scratch;

#[test]
fn writes_once_removes_what_is_no_longer_imported_and_leaves_hand_written_files() {
    let scratch = Scratch::new("tree");
    scratch.write("README.md", b"by hand");
    scratch.write("snp/stale/report.bin", b"stale");
    let files = BTreeMap::from([("snp/a/report.bin".to_owned(), b"report".to_vec())]);
    let first = write(scratch.path(), &files).expect("the first run");
    assert_eq!(first, Changes { written: 1, removed: 1 });
    let second = write(scratch.path(), &files).expect("the second run");
    assert_eq!(second, Changes { written: 0, removed: 0 });
    let present = |path: &str| std::fs::read(scratch.path().join(path)).ok();
    assert_eq!(present("README.md"), Some(b"by hand".to_vec()));
    assert_eq!(present("snp/a/report.bin"), Some(b"report".to_vec()));
    assert_eq!(present("snp/stale/report.bin"), None);
}
