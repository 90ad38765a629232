use sim::x509::{Extension, basic_constraints, key_usage};

use super::super::{Certificate, ObjectIdentifier, X509Error};
use super::{
    CRL_SIGN, DAY, KEY_CERT_SIGN, NOW, authority_extensions, fields, key, leaf_fields, minted, now,
    root_fields,
};
use crate::crypto::{CryptoError, KeyKind, SignatureAlgorithm, signature_checks};
use crate::time::UnixTime;

const PRIVATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");

/// What becomes of a leaf under a root whose fields were changed.
fn under(change: impl FnOnce(&mut sim::x509::CertificateFields)) -> Result<(), X509Error> {
    let mut root = root_fields();
    change(&mut root);
    minted(&leaf_fields()).check_signed_by(&minted(&root))
}

#[test]
fn accepts_a_leaf_under_its_root_and_a_root_under_itself() {
    let root = minted(&root_fields());
    assert_eq!(minted(&leaf_fields()).check_signed_by(&root), Ok(()));
    assert_eq!(root.check_signed_by(&root), Ok(()));
}

#[test]
fn the_issuer_is_known_by_its_whole_name() {
    let outcome = under(|root| root.subject = sim::x509::name(&[(sim::x509::COMMON_NAME, "root")]));
    let (expected, actual) = ("root".to_owned(), "Root".to_owned());
    assert_eq!(outcome, Err(X509Error::Issuer { expected, actual }));
    // The same common name in another encoding of the name is another name.
    let two = [(sim::x509::COMMON_NAME, "Root"), (sim::x509::ORGANIZATION, "x")];
    let outcome = under(|root| root.subject = sim::x509::name(&two));
    let (expected, actual) = ("Root".to_owned(), "Root".to_owned());
    assert_eq!(outcome, Err(X509Error::Issuer { expected, actual }));
}

#[test]
fn an_issuer_must_be_an_authority() {
    let subject = || "Root".to_owned();
    let refused = || Err(X509Error::NotACa { subject: subject() });
    assert_eq!(under(|root| root.extensions[0] = basic_constraints(false, None)), refused());
    assert_eq!(under(|root| drop(root.extensions.remove(0))), refused());
}

#[test]
fn an_issuer_must_be_allowed_to_sign_certificates() {
    let refused = || Err(X509Error::KeyUsage { subject: "Root".to_owned(), wanted: "keyCertSign" });
    assert_eq!(under(|root| root.extensions[1] = key_usage(1, CRL_SIGN)), refused());
    assert_eq!(under(|root| drop(root.extensions.remove(1))), refused());
    assert_eq!(under(|root| root.extensions[1] = key_usage(2, KEY_CERT_SIGN)), Ok(()));
}

#[test]
fn a_path_length_of_zero_allows_end_entities_alone() {
    let limited = |limit| {
        let mut root = root_fields();
        root.extensions[0] = basic_constraints(true, limit);
        minted(&root)
    };
    let authority = minted(&fields("Sub", "Root", &key("sub"), authority_extensions()));
    let refused = X509Error::PathLength { issuer: "Root".to_owned(), limit: 0 };
    assert_eq!(minted(&leaf_fields()).check_signed_by(&limited(Some(0))), Ok(()));
    assert_eq!(authority.check_signed_by(&limited(Some(0))), Err(refused));
    assert_eq!(authority.check_signed_by(&limited(Some(1))), Ok(()));
    assert_eq!(authority.check_signed_by(&limited(None)), Ok(()));
    let root = limited(Some(0));
    assert_eq!(root.check_signed_by(&root), Ok(()));
}

#[test]
fn unknown_critical_extensions_are_refused_on_either_side() {
    let refused = || Err(X509Error::UnknownCritical { structure: "certificate", oid: PRIVATE });
    assert_eq!(under(|root| root.extensions.push(Extension::critical(PRIVATE, vec![]))), refused());
    assert_eq!(under(|root| root.extensions.push(Extension::new(PRIVATE, vec![]))), Ok(()));
    let mut leaf = leaf_fields();
    leaf.extensions.push(Extension::critical(PRIVATE, vec![]));
    assert_eq!(minted(&leaf).check_signed_by(&minted(&root_fields())), refused());
}

#[test]
fn a_signature_by_another_key_of_the_same_name_is_refused() {
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let reason = CryptoError::SignatureWrong { algorithm };
    let outcome = under(|root| root.spki = sim::IssuerKey::spki(&key("stranger")));
    assert_eq!(outcome, Err(X509Error::Signature { structure: "certificate", reason }));
}

#[test]
fn every_byte_of_the_signed_part_counts() {
    let root = minted(&root_fields());
    let leaf = minted(&leaf_fields());
    let start = leaf.der().len() - leaf.tbs().len();
    // Flips one bit of every byte of the certificate: it must no longer parse or no longer verify.
    for offset in 0..leaf.der().len() {
        let mut der = leaf.der().to_vec();
        der[offset] ^= 0x04;
        let accepted = Certificate::parse(&der).and_then(|read| read.check_signed_by(&root)).is_ok();
        assert!(!accepted, "offset {offset}, signed part ends near {start}");
    }
}

#[test]
fn an_unknown_algorithm_and_one_for_another_curve_are_refused() {
    let signed_as = |last: u8| {
        let mut leaf = leaf_fields();
        for algorithm in [&mut leaf.tbs_algorithm, &mut leaf.algorithm] {
            *algorithm.last_mut().unwrap() = last;
        }
        minted(&leaf).check_signed_by(&minted(&root_fields()))
    };
    let oid = "1.2.840.10045.4.3.4".to_owned();
    assert_eq!(signed_as(4), Err(X509Error::UnknownAlgorithm { structure: "certificate", oid }));
    let (algorithm, key) = (SignatureAlgorithm::EcdsaP384Sha384, KeyKind::P256);
    let reason = CryptoError::WrongKey { algorithm, key };
    assert_eq!(signed_as(3), Err(X509Error::Signature { structure: "certificate", reason }));
    assert_eq!(signed_as(2), Ok(()));
}

#[test]
fn both_ends_of_the_validity_are_inside() {
    let leaf = minted(&leaf_fields());
    let at = |seconds| leaf.check_valid_at(UnixTime::from_secs(seconds));
    let (first, last) = (NOW - DAY, NOW + DAY);
    let time = UnixTime::from_secs;
    assert_eq!([at(first), at(last)], [Ok(()), Ok(())]);
    let early = X509Error::NotYetValid { not_before: time(first), now: time(first - 1) };
    assert_eq!(at(first - 1), Err(early));
    let late = X509Error::Expired { not_after: time(last), now: time(last + 1) };
    assert_eq!(at(last + 1), Err(late));
    assert_eq!(leaf.check_valid_at(now()), Ok(()));
}

#[test]
fn an_end_entity_is_no_authority_and_may_sign_where_it_says_so() {
    let with = |extensions| minted(&fields("Leaf", "Root", &key("leaf"), extensions)).check_end_entity();
    assert_eq!(with(vec![Extension::new(PRIVATE, vec![])]), Ok(()));
    assert_eq!(with(vec![basic_constraints(false, None), key_usage(7, 0x80)]), Ok(()));
    let subject = || "Leaf".to_owned();
    assert_eq!(with(authority_extensions()), Err(X509Error::IsACa { subject: subject() }));
    let refused = X509Error::KeyUsage { subject: subject(), wanted: "digitalSignature" };
    assert_eq!(with(vec![key_usage(5, 0x20)]), Err(refused));
}

#[test]
fn a_signature_is_computed_once_and_the_rules_are_asked_each_time() {
    let root = minted(&root_fields());
    let leaf = minted(&leaf_fields());
    let before = signature_checks();
    assert_eq!([leaf.check_signed_by(&root), leaf.check_signed_by(&root)], [Ok(()), Ok(())]);
    assert_eq!(signature_checks() - before, 1);
    // The same key in a certificate that is no authority's: the proof is kept, the right is not.
    let mut demoted = root_fields();
    demoted.extensions.remove(0);
    let refused = X509Error::NotACa { subject: "Root".to_owned() };
    assert_eq!(leaf.check_signed_by(&minted(&demoted)), Err(refused));
    // Another key must prove itself.
    let mut stranger = root_fields();
    stranger.spki = sim::IssuerKey::spki(&key("stranger"));
    let reason = CryptoError::SignatureWrong { algorithm: SignatureAlgorithm::EcdsaP256Sha256 };
    let refused = X509Error::Signature { structure: "certificate", reason };
    assert_eq!(leaf.check_signed_by(&minted(&stranger)), Err(refused));
}
