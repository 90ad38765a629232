use std::fs;

use super::*;
use crate::scratch::Scratch;

fn written(scratch: &Scratch, content: &[u8], mode: u32) -> Result<String, SecretFileError> {
    let path = scratch.write("secret", content);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    read(&path).map(|text| text.to_string())
}

#[test]
fn reads_one_line_of_a_file_that_only_its_owner_and_group_read() {
    let scratch = Scratch::new("secret-file-read");
    for (content, mode) in [(&b"hvs.AAAA"[..], 0o600), (b"hvs.AAAA\n", 0o640), (b"  hvs.AAAA \r\n", 0o400)] {
        assert_eq!(written(&scratch, content, mode), Ok("hvs.AAAA".to_owned()));
    }
}

#[test]
fn rejects_a_file_that_others_may_read_or_the_group_may_write() {
    let scratch = Scratch::new("secret-file-open");
    let path = scratch.path.join("secret").display().to_string();
    for mode in [0o604, 0o620] {
        let refusal = SecretFileError::Mode { path: path.clone(), mode };
        assert_eq!(written(&scratch, b"hvs.AAAA", mode), Err(refusal));
    }
}

#[test]
fn rejects_what_is_not_one_line_and_what_is_longer_than_the_limit() {
    let scratch = Scratch::new("secret-file-form");
    let path = scratch.path.join("secret").display().to_string();
    assert_eq!(written(&scratch, &[b'a'; LIMIT], 0o600), Ok("a".repeat(LIMIT)));
    let long = [b'a'; LIMIT + 1];
    for content in [&b""[..], b"\n", b"two\nlines", b"two words", b"\xff\xfe", &long] {
        let refusal = SecretFileError::Form { path: path.clone(), limit: LIMIT };
        assert_eq!(written(&scratch, content, 0o600), Err(refusal));
    }
}
