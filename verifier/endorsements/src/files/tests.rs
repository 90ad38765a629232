use super::*;
use crate::scratch::Scratch;

#[test]
fn reads_a_folder_in_the_order_of_names_and_passes_over_hidden_entries() {
    let folder = Scratch::new("order");
    folder.write("b/crl", b"later");
    folder.write("a", b"first");
    folder.write(".hidden", b"never");
    let loaded = load(std::slice::from_ref(&folder.path)).unwrap();
    let found: Vec<_> = loaded.files.iter().map(|file| file.bytes.as_slice()).collect();
    assert_eq!(found, [b"first".as_slice(), b"later"]);
}

#[test]
fn reads_a_file_of_exactly_the_limit_and_no_larger() {
    let folder = Scratch::new("limit");
    let path = folder.write("file", &[7; 10]);
    assert_eq!(read_file(&path, 10), Ok(vec![7; 10]));
    let path = path.as_path();
    assert_eq!(
        read_file(path, 9),
        Err(FetchError::FileTooLarge { path: path.display().to_string(), limit: 9 })
    );
}

#[test]
fn passes_over_a_too_large_file_of_a_folder_and_says_so() {
    let folder = Scratch::new("large");
    let path = folder.write("large", &vec![0; usize::try_from(MAX_FILE).unwrap() + 1]);
    let loaded = load(std::slice::from_ref(&folder.path)).unwrap();
    assert_eq!(loaded.files, []);
    let reason = format!("more than the {MAX_FILE} bytes that are read of one file");
    assert_eq!(loaded.skipped, [Skipped { name: path.display().to_string(), reason }]);
}

#[test]
fn passes_over_folders_nested_too_deep_and_broken_links() {
    let folder = Scratch::new("deep");
    folder.write("1/2/3/4/5/file", b"x");
    let good = folder.write("1/good", b"y");
    let link = folder.path.join("broken");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let loaded = load(std::slice::from_ref(&folder.path)).unwrap();
    let names: Vec<_> = loaded.files.iter().map(|file| file.name.clone()).collect();
    assert_eq!(names, [good.display().to_string()]);
    let deep = folder.path.join("1/2/3/4/5").display().to_string();
    let mut skipped = loaded.skipped;
    skipped.sort_by(|a, b| a.name.cmp(&b.name));
    let expected = [
        Skipped { name: deep, reason: format!("folders nested deeper than {MAX_DEPTH}") },
        Skipped { name: link.display().to_string(), reason: "no such file or folder".to_owned() },
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn names_the_path_that_is_not_there() {
    let path = PathBuf::from("no-such-folder");
    let expected = FetchError::Io { path: "no-such-folder".to_owned(), kind: io::ErrorKind::NotFound };
    assert_eq!(expected.to_string(), "no-such-folder: no such file or folder");
    assert_eq!(load(&[path]).unwrap_err(), expected);
}
