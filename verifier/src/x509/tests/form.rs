use sim::x509::{Extension, basic_constraints};

use super::super::{Certificate, ObjectIdentifier, X509Error};
use super::{DAY, ECDSA_SHA256, NOW, key, leaf_fields, minted};
use crate::crypto;
use crate::time::{UnixTime, Validity};

const ASK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/ask.der");
const VCEK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/vek.der");

fn encoding(field: &'static str) -> Result<Certificate, X509Error> {
    Err(X509Error::Encoding { structure: "certificate", field })
}

fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = der.windows(from.len()).position(|window| window == from).unwrap();
    let mut edited = der.to_vec();
    edited[at..at + to.len()].copy_from_slice(to);
    edited
}

#[test]
fn a_real_vcek_is_read_field_by_field() {
    let vcek = Certificate::parse(VCEK).unwrap();
    let at = |text| UnixTime::parse_rfc3339(text).unwrap();
    assert_eq!(vcek.subject_common_name(), Some("SEV-VCEK"));
    assert_eq!(vcek.issuer_common_name(), Some("SEV-Milan"));
    assert_eq!(vcek.serial(), [0]);
    let validity = Validity { not_before: at("2023-04-03T19:23:43Z"), not_after: at("2030-04-03T19:23:43Z") };
    assert_eq!(vcek.validity(), validity);
    assert_eq!(vcek.public_key().id().as_bytes(), &crypto::sha256(vcek.spki()));
    assert_eq!((vcek.der(), vcek.fingerprint()), (VCEK, crypto::sha256(VCEK)));
    let product_name = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
    assert_eq!(vcek.extension(&product_name), Some(&b"\x16\x08Milan-B0"[..]));
    assert_eq!(vcek.extension(&ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1")), None);
    assert_eq!(vcek.extension_ids().count(), 11);
    assert!(!vcek.is_ca());
    assert!(Certificate::parse(ASK).unwrap().is_ca());
    let tbs = vcek.tbs();
    assert!(VCEK.windows(tbs.len()).any(|window| window == tbs) && tbs.len() + 50 < VCEK.len());
}

#[test]
fn nothing_may_follow_and_nothing_may_be_missing() {
    assert_eq!(Certificate::parse(&[VCEK, &[0]].concat()), encoding("certificate"));
    assert_eq!(Certificate::parse(&VCEK[..VCEK.len() - 1]), encoding("certificate"));
    assert_eq!(Certificate::parse(&[]), encoding("certificate"));
    let large = vec![0x30; 0x4001];
    let refused = X509Error::TooLarge { structure: "certificate", size: 0x4001, limit: 0x4000 };
    assert_eq!(Certificate::parse(&large), Err(refused));
    assert_eq!(Certificate::parse(&large[1..]), encoding("tbsCertificate"));
}

#[test]
fn no_cut_of_a_certificate_is_a_certificate() {
    for length in 0..VCEK.len() {
        assert_eq!(Certificate::parse(&VCEK[..length]), encoding("certificate"), "{length} bytes");
    }
}

#[test]
fn only_version_three_is_read() {
    let version = |to: &[u8]| Certificate::parse(&replaced(VCEK, b"\xa0\x03\x02\x01\x02", to)).err();
    let refused = |actual| Some(X509Error::Version { structure: "certificate", expected: 3, actual });
    assert_eq!(version(b"\xa0\x03\x02\x01\x00"), refused(1));
    assert_eq!(version(b"\xa0\x03\x02\x01\x01"), refused(2));
    assert_eq!(version(b"\xa0\x03\x02\x01\x03"), refused(4));
    assert_eq!(version(b"\xa1\x03\x02\x01\x02"), refused(1));
    assert_eq!(version(b"\xa0\x03\x02\x01\x02"), None);
}

#[test]
fn the_algorithm_must_be_the_same_inside_and_outside() {
    let mut fields = leaf_fields();
    fields.tbs_algorithm = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03".to_vec();
    let der = fields.sign(&key("root")).unwrap();
    assert_eq!(Certificate::parse(&der), Err(X509Error::AlgorithmMismatch { structure: "certificate" }));
    fields.tbs_algorithm = ECDSA_SHA256.to_vec();
    let der = fields.sign(&key("root")).unwrap();
    assert_eq!(Certificate::parse(&der).map(|read| read.serial().to_vec()), Ok(vec![0x10, 0x01]));
}

#[test]
fn an_extension_may_not_stand_twice() {
    let mut fields = leaf_fields();
    let oid = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
    let (first, second) = (Extension::new(oid, vec![1]), Extension::new(oid, vec![2]));
    fields.extensions.push(first);
    assert_eq!(minted(&fields).extension(&oid), Some(&[1][..]));
    fields.extensions.push(second);
    let der = fields.sign(&key("root")).unwrap();
    let refused = X509Error::DuplicateExtension { structure: "certificate", oid };
    assert_eq!(Certificate::parse(&der), Err(refused));
}

#[test]
fn at_most_thirty_two_extensions_are_read() {
    let mut fields = leaf_fields();
    fields.extensions = (0..32)
        .map(|last| Extension::new(ObjectIdentifier::from_arcs([1, 3, 6, 1, last]).unwrap(), vec![]))
        .collect();
    assert_eq!(minted(&fields).extension_ids().count(), 32);
    fields.extensions.push(basic_constraints(false, None));
    let der = fields.sign(&key("root")).unwrap();
    let refused = X509Error::TooMany { structure: "certificate", part: "extensions", limit: 32 };
    assert_eq!(Certificate::parse(&der), Err(refused));
}

#[test]
fn a_default_may_not_be_written_out() {
    // critical FALSE: 01 01 00.
    let good = minted(&leaf_fields()).der().to_vec();
    assert_eq!(
        Certificate::parse(&replaced(&good, b"\x01\x01\xff", b"\x01\x01\x00")),
        encoding("criticality")
    );
    // basicConstraints cA FALSE, and a path length of something that is no authority.
    for value in [&b"\x30\x03\x01\x01\x00"[..], b"\x30\x03\x02\x01\x00"] {
        let mut fields = leaf_fields();
        fields.extensions[0].value = value.to_vec();
        let der = fields.sign(&key("root")).unwrap();
        assert_eq!(Certificate::parse(&der), encoding("basicConstraints"), "{value:x?}");
    }
}

#[test]
fn serial_numbers_and_lengths_are_in_their_shortest_form() {
    let der = minted(&leaf_fields()).der().to_vec();
    let serial = replaced(&der, b"\x02\x02\x10\x01", b"\x02\x02\x00\x01");
    assert_eq!(Certificate::parse(&serial), encoding("serialNumber"));
    // A long form of length with a leading zero.
    let mut padded = vec![0x30, 0x83, 0x00];
    padded.extend(&der[2..]);
    assert_eq!(Certificate::parse(&padded), encoding("certificate"));
}

#[test]
fn dates_before_2050_are_utc_times_and_others_generalized() {
    let mut fields = leaf_fields();
    fields.not_after = 2_524_608_000;
    let validity = Validity {
        not_before: UnixTime::from_secs(NOW - DAY),
        not_after: UnixTime::from_secs(2_524_608_000),
    };
    assert_eq!(minted(&fields).validity(), validity);
    // The year 2050 as GeneralizedTime becomes 2049: it should have been a UTCTime.
    let der = replaced(minted(&fields).der(), b"20500101", b"20491231");
    assert_eq!(Certificate::parse(&der), encoding("notAfter"));
}

#[test]
fn a_key_of_an_unknown_kind_is_refused() {
    let mut fields = leaf_fields();
    let at = fields.spki.len() - 1;
    fields.spki[at] ^= 1;
    let der = fields.sign(&key("root")).unwrap();
    let kind = crypto::KeyKind::P256;
    let refused = X509Error::Key(crypto::CryptoError::KeyPoint { kind });
    assert_eq!(Certificate::parse(&der), Err(refused));
}
