use super::super::{Certificate, X509Error, pem_blocks};
use super::{leaf_fields, minted};

const TURIN: &[u8] = include_bytes!("../../../../fixtures/certificates/chain-turin.pem");

fn block(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn pem(text: &str) -> Result<Vec<(&str, Vec<u8>)>, X509Error> {
    pem_blocks(text.as_bytes(), 4)
}

#[test]
fn blocks_are_read_in_order_with_their_labels() {
    let text = format!("text before\n{}between\r\n{}\0", block("A", "YWFh"), block("B B", "Yg=="));
    assert_eq!(pem(&text), Ok(vec![("A", b"aaa".to_vec()), ("B B", b"b".to_vec())]));
    assert_eq!(pem(""), Ok(Vec::new()));
    let wrapped = block("A", "YW\r\n Fh\n");
    assert_eq!(pem(&wrapped), Ok(vec![("A", b"aaa".to_vec())]));
}

#[test]
fn broken_armour_is_named() {
    let refused = |why| Err(X509Error::Pem(why));
    assert_eq!(pem("-----BEGIN A-----\nYWFh\n"), refused("a block without its END line"));
    assert_eq!(pem("-----END A-----\n"), refused("an END line without its BEGIN line"));
    let nested = "-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----\n";
    assert_eq!(pem(nested), refused("a BEGIN line inside a block"));
    let mixed = "-----BEGIN A-----\nYWFh\n-----END B-----\n";
    assert_eq!(pem(mixed), refused("the labels of BEGIN and END differ"));
    for body in ["YW.h", "YWF", "YWFh=", "YWFh\nYW==\nYWFh", "Yh=="] {
        assert_eq!(pem(&block("A", body)), refused("the content is not base64"), "{body}");
    }
}

#[test]
fn the_number_of_blocks_is_limited() {
    let text = block("A", "YWFh").repeat(4);
    assert_eq!(pem(&text).map(|blocks| blocks.len()), Ok(4));
    let text = block("A", "YWFh").repeat(5);
    assert_eq!(pem(&text), Err(X509Error::TooMany { structure: "PEM", part: "blocks", limit: 4 }));
}

#[test]
fn one_certificate_is_one_block() {
    let leaf = minted(&leaf_fields());
    let text = sim::x509::pem("CERTIFICATE", leaf.der());
    assert_eq!(Certificate::parse_pem(text.as_bytes()), Ok(leaf.clone()));
    let refused = Err(X509Error::Pem("expected one CERTIFICATE block"));
    assert_eq!(Certificate::parse_pem(b""), refused);
    let other = sim::x509::pem("X509 CRL", leaf.der());
    assert_eq!(Certificate::parse_pem(other.as_bytes()), refused);
    let two = TURIN;
    let refused = X509Error::TooMany { structure: "PEM", part: "blocks", limit: 1 };
    assert_eq!(Certificate::parse_pem(two), Err(refused));
}
