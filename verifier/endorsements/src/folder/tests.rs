use super::*;
use crate::scratch::Scratch;

#[test]
fn reads_the_folder_anew_only_when_it_changed() {
    let scratch = Scratch::new("reload");
    scratch.write("one", b"1");
    let folder = Folder::open(&scratch.path).unwrap();
    let first = folder.current();
    assert!(Arc::ptr_eq(&first, &folder.refresh_now().unwrap()));
    scratch.write("two", b"2");
    let second = folder.refresh_now().unwrap();
    let found: Vec<_> = second.files.iter().map(|file| file.bytes.as_slice()).collect();
    assert_eq!(found, [b"1", b"2"]);
}

#[test]
fn keeps_what_it_has_when_the_folder_goes_away() {
    let scratch = Scratch::new("gone");
    scratch.write("one", b"1");
    let folder = Folder::open(&scratch.path).unwrap();
    let first = folder.current();
    fs::remove_dir_all(&scratch.path).unwrap();
    let expected =
        FetchError::Io { path: scratch.path.display().to_string(), kind: std::io::ErrorKind::NotFound };
    assert_eq!(folder.refresh_now().unwrap_err(), expected);
    assert!(Arc::ptr_eq(&first, &folder.current()));
}
