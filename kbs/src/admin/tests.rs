use serde_json::{Value, json};

use super::*;
use crate::jwt::tests::Signer;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

/// An admin, for tests of what asks for one.
pub(crate) fn an_admin() -> Admin {
    Admin { name: "test".to_owned(), role: Role::Admin }
}

fn key(signer: &Signer) -> AdminKey {
    AdminKey {
        name: "operations".to_owned(),
        key: signer.public(),
        issuer: Some("https://idp".to_owned()),
        audience: Some("kbs".to_owned()),
        roles: vec![Role::Admin, Role::Reader],
    }
}

fn claims() -> Value {
    json!({"exp": NOW.secs() + 60, "iss": "https://idp", "aud": ["x", "kbs"], "role": "admin"})
}

fn authenticate_with(claims: &Value) -> Result<Admin, AdminError> {
    let signer = Signer::ed25519();
    let token = signer.sign(&json!({"alg": "EdDSA"}), claims);
    authenticate(&[key(&signer)], Some(&token), Permission::WriteSecrets, NOW)
}

fn refused(mismatch: Mismatch) -> Result<Admin, AdminError> {
    Err(AdminError::Mismatch { key: "operations".to_owned(), mismatch })
}

#[test]
fn admits_the_holder_of_a_pinned_keys_token() {
    assert_eq!(authenticate_with(&claims()), Ok(Admin { name: "operations".to_owned(), role: Role::Admin }));
    let mut one_audience = claims();
    one_audience["aud"] = json!("kbs");
    assert_eq!(
        authenticate_with(&one_audience),
        Ok(Admin { name: "operations".to_owned(), role: Role::Admin })
    );
}

#[test]
fn rejects_another_issuer_audience_or_role_and_their_absence() {
    let cases = [
        ("iss", Mismatch::Issuer { expected: "https://idp".to_owned() }),
        ("aud", Mismatch::Audience { expected: "kbs".to_owned() }),
        ("role", Mismatch::Role { expected: "admin, reader".to_owned() }),
    ];
    for (claim, mismatch) in cases {
        let mut other = claims();
        other[claim] = json!("other");
        assert_eq!(authenticate_with(&other), refused(mismatch.clone()), "{claim}");
        other.as_object_mut().unwrap().remove(claim);
        assert_eq!(authenticate_with(&other), refused(mismatch), "no {claim}");
    }
}

#[test]
fn rejects_a_token_without_an_end_or_past_it() {
    let mut endless = claims();
    endless.as_object_mut().unwrap().remove("exp");
    assert_eq!(authenticate_with(&endless), refused(JwtError::Claims.into()));
    let mut over = claims();
    over["exp"] = json!(NOW.secs());
    assert_eq!(authenticate_with(&over), refused(JwtError::Expired { exp: NOW }.into()));
}

#[test]
fn rejects_a_stranger_and_whoever_shows_nothing() {
    let signer = Signer::ed25519();
    let token = Signer::ed25519().sign(&json!({"alg": "EdDSA"}), &claims());
    assert_eq!(
        authenticate(&[key(&signer)], Some(&token), Permission::WriteSecrets, NOW),
        Err(AdminError::Refused(vec![("operations".to_owned(), JwtError::Signature.into())]))
    );
    assert_eq!(authenticate(&[key(&signer)], None, Permission::WriteSecrets, NOW), Err(AdminError::NoToken));
    assert_eq!(authenticate(&[], Some(&token), Permission::WriteSecrets, NOW), Err(AdminError::NoKeys));
}

#[test]
fn a_key_confers_the_roles_it_was_given_and_a_role_reaches_as_far_as_its_permissions() {
    let signer = Signer::ed25519();
    let asked = |role: &str, permission| {
        let mut claims = claims();
        claims["role"] = json!(role);
        let token = signer.sign(&json!({"alg": "EdDSA"}), &claims);
        authenticate(&[key(&signer)], Some(&token), permission, NOW)
    };
    let reader = Admin { name: "operations".to_owned(), role: Role::Reader };
    assert_eq!(asked("reader", Permission::ReadPolicies), Ok(reader));
    let permission = Permission::WriteSecrets;
    assert_eq!(asked("reader", permission), Err(AdminError::Forbidden { role: Role::Reader, permission }));
    // A role that there is, and that this key may not confer.
    let expected = "admin, reader".to_owned();
    assert_eq!(asked("secret-writer", permission), refused(Mismatch::Role { expected }));
}

#[test]
fn the_holder_of_a_key_is_told_why_his_token_does_not_hold_and_a_stranger_is_not() {
    let signer = Signer::ed25519();
    let mut over = claims();
    over["exp"] = json!(NOW.secs());
    let told = |by: &Signer| {
        let token = by.sign(&json!({"alg": "EdDSA"}), &over);
        let stranger = AdminKey { name: "another".to_owned(), ..key(&Signer::ed25519()) };
        let error =
            authenticate(&[stranger, key(&signer)], Some(&token), Permission::WriteSecrets, NOW).unwrap_err();
        (error.to_string(), error.reasons())
    };
    let words = "the admin token is of the key \"operations\", and expired at 2026-03-31T23:33:20Z; `vouchsafe admin token` \
                 makes another";
    assert_eq!(told(&signer), (words.to_owned(), words.to_owned()));
    let (said, logged) = told(&Signer::ed25519());
    assert_eq!(said, "the admin token does not hold under any pinned key");
    assert_eq!(logged, "another: the signature does not verify; operations: the signature does not verify");
}

#[test]
fn a_key_under_two_names_admits_by_either() {
    let signer = Signer::ed25519();
    let reader = AdminKey { name: "reading".to_owned(), roles: vec![Role::Reader], ..key(&signer) };
    let token = signer.sign(&json!({"alg": "EdDSA"}), &claims());
    let admitted = authenticate(&[reader, key(&signer)], Some(&token), Permission::WriteSecrets, NOW);
    assert_eq!(admitted.unwrap().name(), "operations");
}
