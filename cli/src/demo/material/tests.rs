use weights::{Header, OpenStream};

use super::*;

#[test]
fn sealed_weights_open_with_their_key() {
    let material = Material::new("kbs:///models/key/demo").unwrap();
    let (header, rest) = Header::parse(&material.sealed).unwrap();
    assert_eq!(header.key_id(), b"kbs:///models/key/demo");
    let mut stream = OpenStream::new(header.decryptor(&material.key).unwrap());
    let mut opened = Vec::new();
    stream.push(rest, &mut opened).unwrap();
    assert_eq!(stream.finish(&mut opened).unwrap().bytes(), opened.len() as u64);
    assert!(opened == material.plaintext, "other bytes came out");
    assert_eq!((opened.len(), material.chunks), (WEIGHTS_BYTES, 17));
}
