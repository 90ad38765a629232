use sim::x509::{CrlFields, Extension, key_usage};

use super::super::{Crl, ObjectIdentifier, Revocation, RevocationState, X509Error, check_revocation};
use super::{DAY, KEY_CERT_SIGN, NOW, crl_fields, key, leaf_fields, minted, root_fields};
use crate::check::{Outcome, Trail};
use crate::crypto::signature_checks;
use crate::endorsements::Endorsement;
use crate::time::UnixTime;

const REAL: &[u8] = include_bytes!(
    "../../../../fixtures/tdx/quote-18f5572971-v4-body2-b0c06f000000/collateral-0/pck_crl.der"
);

fn list(change: impl FnOnce(&mut CrlFields)) -> Crl {
    let mut fields = crl_fields();
    change(&mut fields);
    Crl::parse(&fields.sign(&key("root")).unwrap()).unwrap()
}

/// Asks these lists about the leaf at `now`.
fn ask(lists: Vec<Crl>, now: i64) -> (Result<Revocation, X509Error>, Trail) {
    let lists: Vec<_> = lists
        .into_iter()
        .enumerate()
        .map(|(id, value)| Endorsement { id, name: format!("list {id}"), value })
        .collect();
    let (leaf, root) = (minted(&leaf_fields()), minted(&root_fields()));
    let mut trail = Trail::new();
    let now = UnixTime::from_secs(now);
    (check_revocation("leaf", &leaf, &root, lists.iter(), now, &mut trail), trail)
}

fn state(lists: Vec<Crl>, now: i64) -> Result<RevocationState, X509Error> {
    ask(lists, now).0.map(|revocation| revocation.state)
}

fn revoke_leaf(fields: &mut CrlFields) {
    fields.revoked = vec![(vec![0x10, 0x01], NOW - 2 * DAY)];
}

fn revoked() -> X509Error {
    X509Error::Revoked { serial: "1001".to_owned(), at: UnixTime::from_secs(NOW - 2 * DAY) }
}

#[test]
fn a_current_list_without_the_certificate_is_good_up_to_both_ends() {
    let good = || vec![list(|_| {})];
    for now in [NOW - DAY, NOW, NOW + DAY] {
        assert_eq!(state(good(), now), Ok(RevocationState::Good), "{now}");
    }
    let stale = RevocationState::Stale { next_update: UnixTime::from_secs(NOW + DAY) };
    assert_eq!(state(good(), NOW + DAY + 1), Ok(stale));
    let future = RevocationState::Future { this_update: UnixTime::from_secs(NOW - DAY) };
    assert_eq!(state(good(), NOW - DAY - 1), Ok(future));
}

#[test]
fn a_listed_certificate_is_revoked_by_a_current_a_stale_a_future_and_an_endless_list() {
    for now in [NOW, NOW + 2 * DAY, NOW - 2 * DAY] {
        assert_eq!(state(vec![list(revoke_leaf)], now), Err(revoked()), "{now}");
    }
    let endless = list(|fields| {
        revoke_leaf(fields);
        fields.next_update = None;
    });
    assert_eq!(state(vec![endless], NOW), Err(revoked()));
    // A newer list that no longer names it does not help.
    assert_eq!(state(vec![list(|_| {}), list(revoke_leaf)], NOW), Err(revoked()));
}

#[test]
fn revocation_leaves_a_failed_check() {
    let (outcome, trail) = ask(vec![list(revoke_leaf)], NOW);
    assert_eq!(outcome, Err(revoked()));
    let last: Vec<_> = trail.checks().iter().map(|check| (check.id, check.outcome)).collect();
    assert_eq!(last, [("revocation", Outcome::Fail)]);
    assert!(trail.was_used(0));
}

#[test]
fn a_list_without_next_update_is_not_good() {
    let endless = list(|fields| fields.next_update = None);
    assert_eq!(state(vec![endless], NOW), Ok(RevocationState::NoNextUpdate));
}

#[test]
fn lists_of_others_do_not_count() {
    assert_eq!(state(vec![], NOW), Ok(RevocationState::Absent));
    let stranger = list(|fields| {
        revoke_leaf(fields);
        fields.issuer = sim::x509::name(&[(sim::x509::COMMON_NAME, "Stranger")]);
    });
    let (outcome, trail) = ask(vec![stranger], NOW);
    assert_eq!(outcome.map(|revocation| revocation.state), Ok(RevocationState::Absent));
    assert!(!trail.was_used(0));
}

#[test]
fn a_list_that_the_issuer_did_not_sign_is_unverifiable() {
    let mut fields = crl_fields();
    revoke_leaf(&mut fields);
    let forged = Crl::parse(&fields.sign(&key("stranger")).unwrap()).unwrap();
    assert_eq!(state(vec![forged.clone()], NOW), Ok(RevocationState::Unverifiable));
    assert_eq!(state(vec![forged, list(|_| {})], NOW), Ok(RevocationState::Good));
}

#[test]
fn a_list_by_a_key_that_may_not_sign_lists_is_unverifiable() {
    let mut root = root_fields();
    root.extensions[1] = key_usage(2, KEY_CERT_SIGN);
    let refused = X509Error::KeyUsage { subject: "Root".to_owned(), wanted: "cRLSign" };
    assert_eq!(list(|_| {}).check_signed_by(&minted(&root)), Err(refused));
}

#[test]
fn partial_lists_and_unknown_critical_extensions_are_unverifiable() {
    // issuingDistributionPoint, deltaCRLIndicator; then something private.
    for (oid, critical, refused) in [
        ("2.5.29.28", true, true),
        ("2.5.29.28", false, true),
        ("2.5.29.27", true, true),
        ("1.3.6.1.4.1.99999.1", true, true),
        ("1.3.6.1.4.1.99999.1", false, false),
    ] {
        let oid = ObjectIdentifier::new_unwrap(oid);
        let partial =
            list(|fields| fields.extensions.push(Extension { oid, critical, value: vec![0x30, 0] }));
        let expected =
            if refused { Err(X509Error::UnknownCritical { structure: "CRL", oid }) } else { Ok(()) };
        assert_eq!(partial.check_signed_by(&minted(&root_fields())), expected, "{oid} {critical}");
    }
}

#[test]
fn the_best_list_answers() {
    let stale = || {
        list(|fields| {
            fields.this_update = NOW - 3 * DAY;
            fields.next_update = Some(NOW - DAY);
        })
    };
    let staler = list(|fields| {
        fields.this_update = NOW - 4 * DAY;
        fields.next_update = Some(NOW - 2 * DAY);
    });
    let latest = RevocationState::Stale { next_update: UnixTime::from_secs(NOW - DAY) };
    assert_eq!(state(vec![stale(), staler], NOW), Ok(latest));
    assert_eq!(state(vec![stale(), list(|_| {})], NOW), Ok(RevocationState::Good));
}

#[test]
fn serial_numbers_are_looked_up_whole_in_unsorted_lists() {
    let many = list(|fields| {
        // Not in order, one twice with another date.
        fields.revoked = (0..500u16)
            .map(|number| ((number.wrapping_mul(7919) % 997 + 256).to_be_bytes().to_vec(), NOW))
            .collect();
        fields.revoked.push((vec![0x7f, 0xff], NOW - 5));
        fields.revoked.push((vec![0x7f, 0xff], NOW - 9));
    });
    assert_eq!((many.len(), many.is_empty()), (502, false));
    assert_eq!(many.revoked(&[0x7f, 0xff]), Some(UnixTime::from_secs(NOW - 9)));
    assert_eq!(many.revoked(&[0x7f]), None);
    assert_eq!(many.revoked(&[0x7f, 0xff, 0x00]), None);
    assert_eq!(many.revoked(&[]), None);
    for number in 0..500u16 {
        let serial = (number.wrapping_mul(7919) % 997 + 256).to_be_bytes();
        assert_eq!(many.revoked(&serial), Some(UnixTime::from_secs(NOW)));
    }
}

#[test]
fn a_real_list_is_read() {
    let at = |text| UnixTime::parse_rfc3339(text).unwrap();
    let crl = Crl::parse(REAL).unwrap();
    assert_eq!(crl.number(), Some(&[1][..]));
    assert!(!crl.is_empty() && crl.this_update() > at("2023-01-01T00:00:00Z"));
    let refused = |field| X509Error::Encoding { structure: "CRL", field };
    assert_eq!(Crl::parse(&REAL[..REAL.len() - 1]).unwrap_err(), refused("CRL"));
    assert_eq!(Crl::parse(&[REAL, &[0]].concat()).unwrap_err(), refused("CRL"));
}

#[test]
fn a_list_is_of_version_two() {
    let der = crl_fields().sign(&key("root")).unwrap();
    let at = der.windows(3).position(|window| window == [0x02, 0x01, 0x01]).unwrap();
    let mut edited = der.clone();
    edited[at + 2] = 0;
    let refused = X509Error::Version { structure: "CRL", expected: 2, actual: 1 };
    assert_eq!(Crl::parse(&edited).unwrap_err(), refused);
}

#[test]
fn a_lists_signature_is_computed_once() {
    let (crl, root) = (list(|_| {}), minted(&root_fields()));
    let before = signature_checks();
    assert_eq!([crl.check_signed_by(&root), crl.check_signed_by(&root)], [Ok(()), Ok(())]);
    assert_eq!(signature_checks() - before, 1);
}
