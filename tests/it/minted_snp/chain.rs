//! The chain ARK → ASK or ASVK → VCEK or VLEK, and the CRL of the root.

use sim::RsaKey;
use sim::asn1 as write;
use sim::x509::{BASIC_CONSTRAINTS, Extension, KEY_USAGE, basic_constraints, key_usage};
use system_tests::minted::NOW;
use verifier::anchors::{AnchorError, Anchors};
use verifier::crypto::{CryptoError, KeyKind, SignatureAlgorithm};
use verifier::error::{Missing, VerifyError};
use verifier::snp::SnpError;
use verifier::time::UnixTime;
use verifier::verify::Verified;
use verifier::x509::{ObjectIdentifier, RevocationState, X509Error};

use super::case::{GENOA, STRANGER, Snp, replaced};
use crate::refused::{self, Case, Refused};

/// What is wrong with one case.
type Change = fn(&mut Snp);

const CERTIFICATE: &str = "certificate";
/// An extension that nobody knows.
const STRANGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.55555.1");

fn chain(role: &'static str, error: X509Error) -> Result<(), Refused> {
    Err(Refused::Verify(VerifyError::Snp(SnpError::Chain { role, error })))
}

fn wrong_signature(structure: &'static str) -> X509Error {
    let algorithm = SignatureAlgorithm::RsaPssSha384;
    X509Error::Signature { structure, reason: CryptoError::SignatureWrong { algorithm } }
}

fn case(
    name: &str,
    expected: Result<(), Refused>,
    change: impl FnOnce(&mut Snp),
) -> (String, Case, Result<(), Refused>) {
    (name.to_owned(), Snp::good().but(change).mint(), expected)
}

#[test]
fn refuses_links_that_another_key_signed() {
    let wrong = |role| chain(role, wrong_signature(CERTIFICATE));
    refused::all([
        case("good", Ok(()), |_| ()),
        case("the ASK by a stranger's root", wrong("ask"), |snp| snp.intermediate_key = &STRANGER.ark.key),
        case("the ASK by itself", wrong("ask"), |snp| snp.intermediate_key = &GENOA.ask.key),
        case("the VCEK by a stranger's ASK", wrong("vek"), |snp| snp.vek_key = &STRANGER.ask.key),
        case("the VCEK by the ASVK", wrong("vek"), |snp| snp.vek_key = &GENOA.asvk.key),
        case("the VCEK by the root", wrong("vek"), |snp| snp.vek_key = &GENOA.ark.key),
    ]);
}

#[test]
fn refuses_a_flipped_bit_in_any_certificate() {
    let flipped = |mut der: Vec<u8>, from_end: usize| {
        let at = der.len() - from_end;
        der[at] ^= 1;
        der
    };
    let snp = Snp::good();
    let wrong = |role| chain(role, wrong_signature(CERTIFICATE));
    // The last byte of the signature, and the low byte of a name inside the signed part.
    let other_name = replaced(&snp.vek(), b"SEV-VCEK", b"SEV-VCEL");
    let other_ask = replaced(&snp.intermediate(), b"Santa Clara", b"Santa Clarb");
    refused::all([
        ("vek".to_owned(), snp.mint().with("vek", flipped(snp.vek(), 1)), wrong("vek")),
        ("vek's subject".to_owned(), snp.mint().with("vek", other_name), wrong("vek")),
        ("ask".to_owned(), snp.mint().with("intermediate", flipped(snp.intermediate(), 1)), wrong("ask")),
        (
            "ask's issuer".to_owned(),
            snp.mint().with("intermediate", other_ask),
            Err(Refused::Verify(VerifyError::Snp(SnpError::UnknownRoot { issuer: "ARK-Genoa".to_owned() }))),
        ),
    ]);
}

#[test]
fn refuses_authorities_without_the_rights_of_one() {
    let not_a_ca = || chain("vek", X509Error::NotACa { subject: "SEV-Genoa".to_owned() });
    let usage = || {
        let subject = "SEV-Genoa".to_owned();
        chain("vek", X509Error::KeyUsage { subject, wanted: "keyCertSign" })
    };
    let replace = |snp: &mut Snp, extension: Extension| {
        let place = extension.oid;
        *snp.intermediate.extension_mut(&place).unwrap() = extension;
    };
    refused::all([
        case("no CA", not_a_ca(), |snp| replace(snp, basic_constraints(false, None))),
        case("no word of a CA", not_a_ca(), |snp| {
            snp.intermediate.remove_extension(&BASIC_CONSTRAINTS).unwrap();
        }),
        case("may sign CRLs alone", usage(), |snp| replace(snp, key_usage(1, 0x02))),
        case("no word of its use", usage(), |snp| {
            snp.intermediate.remove_extension(&KEY_USAGE).unwrap();
        }),
    ]);
}

#[test]
fn refuses_an_authority_below_a_root_that_may_have_none() {
    // Under a name that no vendor's root has, so that the simulated root alone is asked.
    let with = |path_length| {
        Snp::good().but(|snp| {
            let name = replaced(&snp.root.subject, b"ARK-Genoa", b"ARK-Genob");
            (snp.root.subject, snp.root.issuer, snp.intermediate.issuer) = (name.clone(), name.clone(), name);
            *snp.root.extension_mut(&BASIC_CONSTRAINTS).unwrap() = basic_constraints(true, path_length);
        })
    };
    let error = X509Error::PathLength { issuer: "ARK-Genob".to_owned(), limit: 0 };
    refused::all([
        ("no limit".to_owned(), with(None).mint(), Ok(())),
        ("one".to_owned(), with(Some(1)).mint(), Ok(())),
        ("none".to_owned(), with(Some(0)).mint(), chain("ask", error)),
    ]);
}

#[test]
fn refuses_a_key_that_may_not_sign_reports() {
    let error = X509Error::KeyUsage { subject: "SEV-VCEK".to_owned(), wanted: "digitalSignature" };
    refused::all([
        case("key agreement", chain("vek", error), |snp| snp.vek.extensions.push(key_usage(3, 0x08))),
        case("signing", Ok(()), |snp| snp.vek.extensions.push(key_usage(7, 0x80))),
    ]);
}

#[test]
fn refuses_critical_extensions_that_nobody_understands() {
    let unknown = |role| chain(role, X509Error::UnknownCritical { structure: CERTIFICATE, oid: STRANGE });
    let critical = || Extension::critical(STRANGE, write::null());
    let harmless = || Extension::new(STRANGE, write::null());
    refused::all([
        case("vek", unknown("vek"), |snp| snp.vek.extensions.push(critical())),
        case("ask", unknown("ask"), |snp| snp.intermediate.extensions.push(critical())),
        case("vek, not critical", Ok(()), |snp| snp.vek.extensions.push(harmless())),
        case("ask, not critical", Ok(()), |snp| snp.intermediate.extensions.push(harmless())),
    ]);
}

#[test]
fn refuses_signature_algorithms_that_amd_does_not_use() {
    let named = |oid: &str| write::sequence([write::oid(&ObjectIdentifier::new_unwrap(oid))]);
    let both = |snp: &mut Snp, algorithm: Vec<u8>| {
        (snp.vek.tbs_algorithm, snp.vek.algorithm) = (algorithm.clone(), algorithm);
    };
    let unknown =
        |oid: &str| chain("vek", X509Error::UnknownAlgorithm { structure: CERTIFICATE, oid: oid.to_owned() });
    let (pkcs1, pss, ecdsa) = ("1.2.840.113549.1.1.12", "1.2.840.113549.1.1.10", "1.2.840.10045.4.3.2");
    let wrong_key = CryptoError::WrongKey {
        algorithm: SignatureAlgorithm::EcdsaP256Sha256,
        key: KeyKind::Rsa { bytes: 512 },
    };
    refused::all([
        case("PKCS #1 with SHA-384", unknown(pkcs1), |snp| both(snp, named(pkcs1))),
        case("PSS without its parameters", unknown(pss), |snp| both(snp, named(pss))),
        case(
            "ECDSA by an RSA key",
            chain("vek", X509Error::Signature { structure: CERTIFICATE, reason: wrong_key }),
            |snp| both(snp, named(ecdsa)),
        ),
    ]);
}

#[test]
fn refuses_a_certificate_whose_two_algorithms_differ() {
    let named = write::sequence([write::oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"))]);
    let snp = Snp::good().but(|snp| snp.vek.algorithm = named);
    let Err(Refused::Verify(VerifyError::Unfitting { wanted: Missing::Vek { .. }, given })) =
        snp.mint().outcome()
    else {
        panic!("believed, or for another reason");
    };
    let reason = "vek (malformed: neither a certificate (certificate: the signature algorithm inside the signed part \
                  differs from the one outside)";
    assert!(given[0].starts_with(reason), "{}", given[0]);
}

#[test]
fn asks_for_every_certificate_inside_its_validity_to_the_second() {
    let now = UnixTime::from_secs(NOW);
    let early = |role| {
        let not_before = now.plus_secs(1);
        chain(role, X509Error::NotYetValid { not_before, now })
    };
    let late = |role| chain(role, X509Error::Expired { not_after: now.plus_secs(-1), now });
    refused::all([
        case("vek at its first second", Ok(()), |snp| snp.vek.not_before = NOW),
        case("vek before it", early("vek"), |snp| snp.vek.not_before = NOW + 1),
        case("vek at its last second", Ok(()), |snp| snp.vek.not_after = NOW),
        case("vek after it", late("vek"), |snp| snp.vek.not_after = NOW - 1),
        case("ask at its first second", Ok(()), |snp| snp.intermediate.not_before = NOW),
        case("ask before it", early("ask"), |snp| snp.intermediate.not_before = NOW + 1),
        case("ask at its last second", Ok(()), |snp| snp.intermediate.not_after = NOW),
        case("ask after it", late("ask"), |snp| snp.intermediate.not_after = NOW - 1),
        case("ark at its first second", Ok(()), |snp| snp.root.not_before = NOW),
        case("ark before it", early("ark"), |snp| snp.root.not_before = NOW + 1),
        case("ark at its last second", Ok(()), |snp| snp.root.not_after = NOW),
        case("ark after it", late("ark"), |snp| snp.root.not_after = NOW - 1),
    ]);
}

/// Nothing of the bytes changes, only the clock.
#[test]
fn judges_the_same_bytes_at_the_instant_that_is_asked() {
    let (first, last) = (NOW - 3600, NOW + 3600);
    let good = Snp::good().but(|snp| (snp.vek.not_before, snp.vek.not_after) = (first, last)).mint();
    let at = |name: &str, instant: i64, expected| {
        (name.to_owned(), Case { now: instant, ..good.clone() }, expected)
    };
    let (not_before, not_after) = (UnixTime::from_secs(first), UnixTime::from_secs(last));
    let early = X509Error::NotYetValid { not_before, now: not_before.plus_secs(-1) };
    let late = X509Error::Expired { not_after, now: not_after.plus_secs(1) };
    refused::all([
        at("the second before its first", first - 1, chain("vek", early)),
        at("its first second", first, Ok(())),
        at("its last second", last, Ok(())),
        at("the second after it", last + 1, chain("vek", late)),
    ]);
}

#[test]
fn refuses_a_chain_whose_root_is_not_pinned_by_key() {
    let mut case = Snp::good().mint();
    case.roots.clear();
    assert_eq!(case.outcome(), chain("ask", wrong_signature(CERTIFICATE)));
}

#[test]
fn refuses_a_chain_that_ends_at_an_intermediate_or_at_an_unknown_root() {
    let unknown = |issuer: &str| {
        let issuer = issuer.to_owned();
        Err(Refused::Verify(VerifyError::Snp(SnpError::UnknownRoot { issuer })))
    };
    refused::all([
        case("an ASK that is its own issuer", unknown("SEV-Genoa"), |snp| {
            snp.intermediate.issuer = snp.intermediate.subject.clone();
            snp.intermediate_key = &GENOA.ask.key;
        }),
        case("an ASK of another root", unknown("ARK-Genob"), |snp| {
            snp.intermediate.issuer = replaced(&snp.intermediate.issuer, b"ARK-Genoa", b"ARK-Genob");
        }),
    ]);
}

#[test]
fn pins_no_intermediate_and_no_root_that_did_not_sign_itself() {
    let pin = |name: &str, der: &[u8]| Anchors::vendor().unwrap().danger_add(name, der);
    let snp = Snp::good();
    let issuer = X509Error::Issuer { expected: "SEV-Genoa".to_owned(), actual: "ARK-Genoa".to_owned() };
    assert_eq!(pin("danger_test", &snp.intermediate()), Err(AnchorError::NotARoot(issuer)));
    let stranger = snp.root.sign(&STRANGER.ark.key).unwrap();
    assert_eq!(pin("danger_test", &stranger), Err(AnchorError::NotARoot(wrong_signature(CERTIFICATE))));
    let mut no_ca = snp.root.clone();
    *no_ca.extension_mut(&BASIC_CONSTRAINTS).unwrap() = basic_constraints(false, None);
    let error = X509Error::NotACa { subject: "ARK-Genoa".to_owned() };
    assert_eq!(pin("danger_test", &no_ca.sign(&GENOA.ark.key).unwrap()), Err(AnchorError::NotARoot(error)));
    assert_eq!(pin("test", &snp.root()), Err(AnchorError::NameWithoutDanger));
    assert_eq!(pin("danger_test", &snp.root()), Ok(()));
}

#[test]
fn asks_for_the_intermediate_that_issued_the_certificate() {
    // A full name that is nobody's, with the common name of an ASK.
    let snp =
        Snp::good().but(|snp| snp.vek.issuer = replaced(&snp.vek.issuer, b"Santa Clara", b"Santa Clarb"));
    let missing = Missing::Ask { issuer: "SEV-Genoa".to_owned() };
    assert_eq!(snp.mint().outcome(), Err(Refused::Verify(VerifyError::Missing(missing))));
}

#[test]
fn knows_every_state_of_the_roots_crl() {
    let state = |change: fn(&mut Snp)| {
        let (verified, _) = Snp::good().but(change).mint().verified();
        let verified = verified.unwrap();
        let Verified::Snp(verified) = verified.facts() else { panic!("SNP") };
        let [ask, vek] = verified.revocations() else { panic!("two certificates") };
        assert_eq!((ask.certificate, vek.certificate), ("ask", "vek"));
        assert_eq!(vek.state, RevocationState::NotApplicable);
        ask.state
    };
    let (next_update, this_update) = (UnixTime::from_secs(NOW - 1), UnixTime::from_secs(NOW + 1));
    let states: [(&str, Change, RevocationState); 14] = [
        ("good", |_| (), RevocationState::Good),
        ("last second", |snp| snp.crl.next_update = Some(NOW), RevocationState::Good),
        ("stale", |snp| snp.crl.next_update = Some(NOW - 1), RevocationState::Stale { next_update }),
        ("first second", |snp| snp.crl.this_update = NOW, RevocationState::Good),
        ("future", |snp| snp.crl.this_update = NOW + 1, RevocationState::Future { this_update }),
        ("no next update", |snp| snp.crl.next_update = None, RevocationState::NoNextUpdate),
        ("a stranger's", |snp| snp.crl_key = &STRANGER.ark.key, RevocationState::Unverifiable),
        ("the ASK's", |snp| snp.crl_key = &GENOA.ask.key, RevocationState::Unverifiable),
        ("another issuer", |snp| snp.crl.issuer = snp.intermediate.subject.clone(), RevocationState::Absent),
        (
            "not the root's right",
            |snp| {
                *snp.root.extension_mut(&KEY_USAGE).unwrap() = key_usage(2, 0x04);
            },
            RevocationState::Unverifiable,
        ),
        (
            "a part of the certificates",
            |snp| {
                snp.crl.extensions.push(Extension::new(ISSUING_DISTRIBUTION_POINT, vec![0x30, 0]));
            },
            RevocationState::Unverifiable,
        ),
        (
            "a difference",
            |snp| {
                snp.crl.extensions.push(Extension::new(DELTA_CRL_INDICATOR, write::integer(&[1])));
            },
            RevocationState::Unverifiable,
        ),
        (
            "not understood",
            |snp| {
                snp.crl.extensions.push(Extension::critical(STRANGE, write::null()));
            },
            RevocationState::Unverifiable,
        ),
        (
            "another certificate's number",
            |snp| snp.crl.revoked.push((vec![3, 0, 9], NOW - 1)),
            RevocationState::Good,
        ),
    ];
    for (name, change, expected) in states {
        assert_eq!(state(change), expected, "{name}");
    }
}

#[test]
fn refuses_a_revoked_intermediate_whatever_the_age_of_the_list() {
    let revoked = |at: i64| {
        let serial = hex::encode(&Snp::good().intermediate.serial);
        chain("ask", X509Error::Revoked { serial, at: UnixTime::from_secs(at) })
    };
    let list = |snp: &mut Snp, at: i64| snp.crl.revoked.push((snp.intermediate.serial.clone(), at));
    refused::all([
        case("current", revoked(NOW - 1), |snp| list(snp, NOW - 1)),
        case("stale", revoked(NOW - 9), |snp| {
            list(snp, NOW - 9);
            snp.crl.next_update = Some(NOW - 1);
        }),
        case("future", revoked(NOW - 9), |snp| {
            list(snp, NOW - 9);
            snp.crl.this_update = NOW + 1;
        }),
        case("without next update", revoked(NOW - 9), |snp| {
            list(snp, NOW - 9);
            snp.crl.next_update = None;
        }),
        case("from tomorrow on", revoked(NOW + 86_400), |snp| list(snp, NOW + 86_400)),
        case("twice, the earlier counts", revoked(NOW - 9), |snp| {
            list(snp, NOW - 1);
            list(snp, NOW - 9);
        }),
        case("by a stranger", Ok(()), |snp| {
            list(snp, NOW - 1);
            snp.crl_key = &STRANGER.ark.key;
        }),
    ]);
    let vlek = Snp::vlek().but(|snp| list(snp, NOW - 1));
    let serial = hex::encode(&vlek.intermediate.serial);
    let error = X509Error::Revoked { serial, at: UnixTime::from_secs(NOW - 1) };
    assert_eq!(vlek.mint().outcome(), chain("ask", error));
}

#[test]
fn a_newer_list_that_is_silent_does_not_take_a_revocation_back() {
    let good = Snp::good();
    let listed = good.clone().but(|snp| {
        snp.crl.revoked.push((snp.intermediate.serial.clone(), NOW - 9));
        snp.crl.next_update = Some(NOW - 1);
    });
    let mut case = good.mint();
    case.endorsements.push(("older-crl", listed.crl.sign(listed.crl_key).unwrap()));
    let serial = hex::encode(&good.intermediate.serial);
    assert_eq!(case.outcome(), chain("ask", X509Error::Revoked { serial, at: UnixTime::from_secs(NOW - 9) }));
}

#[test]
fn keys_of_the_two_simulated_vendors_differ() {
    let spki = |key: &RsaKey| sim::IssuerKey::spki(key);
    assert_ne!(spki(&GENOA.ark.key), spki(&STRANGER.ark.key));
}

/// RFC 5280 sections 5.2.5 and 5.2.4.
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
