use serde_json::{Value, json};
use verifier::time::UnixTime;

use super::testing::{AUTHORITY, Request, STRANGER, TOKEN, Vault, closed_port, errors};
use super::*;
use crate::config::RootKeySource;
use crate::root_key::secret_file::SecretFileError;
use crate::root_key::{CONTEXT_BYTES, ID_BYTES, KEY_BYTES, RootKeys, WRAPPED_BYTES};
use crate::seal::SealingKey;
use crate::store::{KeyPurpose, Store};

fn open(vault: &Vault) -> TransitKey {
    TransitKey::open(vault.source()).unwrap()
}

fn refused(vault: &Vault) -> Option<TransitError> {
    TransitKey::open(vault.source()).err()
}

#[test]
fn wraps_and_unwraps_over_the_documented_calls() {
    let vault = Vault::start("transit-calls");
    let source = TransitSource { namespace: Some("one/two".to_owned()), ..vault.source() };
    let key = TransitKey::open(source).unwrap();
    let wrapped = key.wrap(&[7; 32], b"context").unwrap();
    assert!(wrapped.starts_with(b"vault:v1:"));
    assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    let headers: Vec<(String, String)> =
        [("x-vault-namespace", "one/two"), ("x-vault-request", "true"), ("x-vault-token", TOKEN)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    let associated_data = BASE64_STANDARD.encode(b"vouchsafe wrapped key v1\0context");
    let plaintext = BASE64_STANDARD.encode([7; 32]);
    let ciphertext = String::from_utf8(wrapped).unwrap();
    let expected: Vec<Request> = [
        ("GET /v1/transit/keys/root", Value::Null),
        (
            "POST /v1/transit/encrypt/root",
            json!({"plaintext": plaintext, "associated_data": associated_data}),
        ),
        (
            "POST /v1/transit/decrypt/root",
            json!({"ciphertext": ciphertext, "associated_data": associated_data}),
        ),
    ]
    .map(|(line, body)| Request { line: line.to_owned(), headers: headers.clone(), body })
    .to_vec();
    assert_eq!(vault.state().requests, expected);
    let id = format!("transit:http://{}/v1/one/two/transit/keys/root", vault.address);
    assert_eq!((key.id(), format!("{key:?}")), (id.clone(), format!("TransitKey({id})")));
}

#[test]
fn the_longest_key_fits_under_the_longest_context() {
    let vault = Vault::start("transit-longest");
    let keys = RootKeys::open(&RootKeySource::Transit(vault.source()), &[], false).unwrap();
    let (key, context) = ([7; KEY_BYTES], [b'c'; CONTEXT_BYTES]);
    let wrapped = keys.wrap(&key, &context).unwrap();
    assert_eq!(keys.unwrap(&wrapped, &context).unwrap().as_slice(), key);
    // What an id may have besides is left.
    assert!(wrapped.len() + ID_BYTES <= WRAPPED_BYTES, "{}", wrapped.len());
}

#[test]
fn rejects_what_was_wrapped_for_another_context_or_was_changed() {
    let vault = Vault::start("transit-changed");
    let key = open(&vault);
    let wrapped = key.wrap(&[7; 32], b"context").unwrap();
    assert_eq!(key.unwrap(&wrapped, b"another"), Err(RootKeyError::NotWrappedHere));
    let mut changed = wrapped.clone();
    changed[60] = if changed[60] == b'A' { b'B' } else { b'A' };
    let cut = &wrapped[..wrapped.len() - 3];
    for changed in
        [changed.as_slice(), cut, b"", b"vault:v1:", b"vault:vx:AAAA", b"vault:v1:\xff", b"v1:AAAA"]
    {
        assert_eq!(key.unwrap(changed, b"context"), Err(RootKeyError::NotWrappedHere));
    }
    assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
}

#[test]
fn names_what_a_status_means() {
    let vault = Vault::start("transit-status");
    let key = open(&vault);
    let address = vault.source().address;
    let path = "transit/encrypt/root".to_owned();
    for (answer, expected) in [
        (errors(503, "Vault is sealed"), TransitError::Sealed { address: address.clone() }),
        (
            errors(403, "permission denied"),
            TransitError::Denied { address: address.clone(), path: path.clone() },
        ),
        (
            (404, br#"{"errors":[]}"#.to_vec()),
            TransitError::NoKey { address: address.clone(), path: path.clone() },
        ),
        (
            errors(400, "encryption key not found"),
            TransitError::NoKey { address: address.clone(), path: path.clone() },
        ),
        (
            errors(400, "something new"),
            TransitError::Status { address: address.clone(), path: path.clone(), status: 400 },
        ),
        (
            (502, b"<html>".to_vec()),
            TransitError::Status { address: address.clone(), path: path.clone(), status: 502 },
        ),
        ((307, vec![]), TransitError::Status { address: address.clone(), path: path.clone(), status: 307 }),
        ((200, b"{}".to_vec()), TransitError::Answer { what: "the body" }),
        (
            (200, br#"{"data":{"ciphertext":"vault:1:AAAA"}}"#.to_vec()),
            TransitError::Answer { what: "the ciphertext" },
        ),
    ] {
        vault.state().answers = Some(answer);
        assert_eq!(key.wrap(&[7; 32], b"context"), Err(RootKeyError::Transit(expected)));
    }
    // The redirect was not followed: the token goes to the configured address alone.
    assert!(vault.state().requests.iter().all(|request| !request.line.contains("/v1/other")));
    vault.state().answers = None;
    assert_eq!(key.wrap(&[7; 32], b"context").map(|_| ()), Ok(()));
}

#[test]
fn an_answer_is_read_up_to_its_limit() {
    let vault = Vault::start("transit-limit");
    let limit = 64 << 10;
    let answer = |length: usize| {
        let start = r#"{"errors":[""#;
        let text = format!("{start}{}\"]}}", "a".repeat(length - start.len() - 3));
        assert_eq!(text.len(), length);
        Some((503, text.into_bytes()))
    };
    vault.state().answers = answer(limit);
    assert_eq!(refused(&vault), Some(TransitError::Sealed { address: vault.source().address }));
    vault.state().answers = answer(limit + 1);
    assert_eq!(refused(&vault), Some(TransitError::TooLarge { limit: 65_536 }));
}

#[test]
fn says_that_nothing_listens_at_the_address() {
    let vault = Vault::start("transit-unreachable");
    let address = format!("http://{}", closed_port());
    let source = TransitSource { address: address.clone(), ..vault.source() };
    let Some(TransitError::Unreachable { address: found, .. }) = TransitKey::open(source).err() else {
        panic!("something listens there");
    };
    assert_eq!(found, address);
}

#[test]
fn rejects_a_key_that_could_be_taken_out_or_is_of_another_kind() {
    let vault = Vault::start("transit-key");
    for (attribute, value) in [
        ("exportable", json!(true)),
        ("allow_plaintext_backup", json!(true)),
        ("derived", json!(true)),
        ("soft_deleted", json!(true)),
        ("type", json!("rsa-4096")),
        ("type", json!("aes128-gcm96")),
    ] {
        let kept = vault.state().info.clone();
        vault.state().info[attribute] = value.clone();
        let Some(TransitError::Key { attribute: found, actual, .. }) = refused(&vault) else {
            panic!("{attribute} {value} was taken");
        };
        assert_eq!((found, actual.as_str()), (attribute, value.as_str().unwrap_or("true")));
        vault.state().info = kept;
    }
    for kind in KINDS {
        vault.state().info["type"] = json!(kind);
        assert_eq!(refused(&vault), None, "{kind}");
    }
    // What is not told counts against the key.
    for attribute in ["type", "latest_version", "derived", "exportable", "allow_plaintext_backup"] {
        let kept = vault.state().info.clone();
        vault.state().info.as_object_mut().unwrap().remove(attribute);
        assert_eq!(refused(&vault), Some(TransitError::Answer { what: "the body" }), "{attribute}");
        vault.state().info = kept;
    }
    let other = TransitSource { key: "other".to_owned(), ..vault.source() };
    vault.state().answers = Some((404, br#"{"errors":[]}"#.to_vec()));
    let (address, path) = (other.address.clone(), "transit/keys/other".to_owned());
    assert_eq!(TransitKey::open(other).err(), Some(TransitError::NoKey { address, path }));
}

#[test]
fn rejects_a_server_that_ignores_associated_data() {
    let vault = Vault::start("transit-old-server");
    let source = RootKeySource::Transit(vault.source());
    let id = RootKeys::open(&source, &[], false).unwrap().id();
    vault.state().ignores_associated_data = true;
    assert_eq!(RootKeys::open(&source, &[], false).err(), Some(RootKeyError::ContextIgnored { id }));
}

#[test]
fn a_token_that_was_renewed_is_used_at_the_next_call() {
    let vault = Vault::start("transit-token");
    let key = open(&vault);
    vault.state().token = "hvs.renewed".to_owned();
    let (address, path) = (vault.source().address, "transit/encrypt/root".to_owned());
    let denied = RootKeyError::Transit(TransitError::Denied { address, path });
    assert_eq!(key.wrap(&[7; 32], b"context"), Err(denied));
    vault.write_token("hvs.renewed");
    assert_eq!(key.wrap(&[7; 32], b"context").map(|_| ()), Ok(()));
    vault.write_token("");
    let path = vault.source().token_file.display().to_string();
    let form = TransitError::Token(SecretFileError::Form { path, limit: 4096 });
    assert_eq!(key.wrap(&[7; 32], b"context"), Err(RootKeyError::Transit(form)));
}

#[test]
fn no_message_repeats_the_token_or_a_key() {
    let vault = Vault::start("transit-echo");
    let key = open(&vault);
    let wrapped = key.wrap(&[7; 32], b"context").unwrap();
    let plaintext = BASE64_STANDARD.encode([7; 32]);
    for status in [400, 403, 404, 500, 503] {
        vault.state().echoes = Some(status);
        for error in
            [key.wrap(&[7; 32], b"context").unwrap_err(), key.unwrap(&wrapped, b"context").unwrap_err()]
        {
            let said = format!("{error} {error:?}");
            assert!(!said.contains(TOKEN) && !said.contains(&plaintext), "{said}");
        }
    }
    // The server did repeat them.
    let sent = format!("{:?}", vault.state().requests);
    assert!(sent.contains(TOKEN) && sent.contains(&plaintext));
}

#[test]
fn what_an_older_version_wrapped_is_not_current_once_a_newer_one_was_seen() {
    let vault = Vault::start("transit-versions");
    let keys = RootKeys::open(&RootKeySource::Transit(vault.source()), &[], false).unwrap();
    let old = keys.wrap(&[7; 32], b"context").unwrap();
    assert!(keys.is_current(&old));
    vault.state().versions.push(SealingKey::from_bytes(&[2; 32]).unwrap());
    assert_eq!(keys.check(), Ok(()));
    assert!(!keys.is_current(&old));
    let new = keys.rewrap(&old, b"context").unwrap();
    assert!(keys.is_current(&new));
    // A process that starts now knows it from the key's own description.
    vault.state().info["latest_version"] = json!(2);
    let key = open(&vault);
    assert_eq!((key.is_newest(b"vault:v1:AAAA"), key.is_newest(b"vault:v2:AAAA")), (false, true));

    let path = "transit/decrypt/root".to_owned();
    vault.state().min_decryption_version = 2;
    let too_old = RootKeyError::Transit(TransitError::TooOld { path: path.clone() });
    assert_eq!(keys.unwrap(&old, b"context"), Err(too_old));
    assert_eq!(keys.unwrap(&new, b"context").unwrap().as_slice(), [7; 32]);
    vault.state().min_decryption_version = 1;
    vault.state().versions.pop();
    let too_new = RootKeyError::Transit(TransitError::TooNew { path });
    assert_eq!(keys.unwrap(&new, b"context"), Err(too_new));
}

#[test]
fn a_store_is_wrapped_anew_when_the_vault_has_rotated_its_key() {
    let vault = Vault::start("transit-store");
    let keys = RootKeys::open(&RootKeySource::Transit(vault.source()), &[], false).unwrap();
    let store = Store::in_memory(keys, 0);
    let now = UnixTime::from_secs(1_775_000_000);
    let make = || Ok(Zeroizing::new(vec![7; 32]));
    store.own_keys(KeyPurpose::Token, now, make).unwrap();
    assert_eq!((store.root_version(), store.rewrap()), (1, Ok(0)));
    vault.state().versions.push(SealingKey::from_bytes(&[2; 32]).unwrap());
    store.rotate(KeyPurpose::Token, now, make).unwrap();
    assert_eq!((store.root_version(), store.rewrap()), (2, Ok(1)));
    vault.state().min_decryption_version = 2;
    assert_eq!(store.kept_keys(KeyPurpose::Token).unwrap().len(), 2);
    assert_eq!(store.rewrap(), Ok(0));
}

#[test]
fn speaks_tls_to_a_server_that_the_configured_authority_vouches_for_alone() {
    let vault = Vault::start_tls("transit-tls");
    let under = |ca: Option<&[u8]>| {
        let ca_certificate = ca.map(|pem| vault.scratch.write("ca.pem", pem));
        TransitKey::open(TransitSource { ca_certificate, ..vault.source() })
    };
    let key = under(Some(AUTHORITY)).unwrap();
    let wrapped = key.wrap(&[7; 32], b"context").unwrap();
    assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    let served = vault.state().requests.len();
    match under(Some(STRANGER)).err() {
        Some(TransitError::Unreachable { reason, .. }) => assert!(reason.contains("certificate"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let Some(TransitError::Unreachable { .. } | TransitError::NoSystemCertificates) = under(None).err()
    else {
        panic!("the system's authorities vouched for a test");
    };
    assert_eq!(vault.state().requests.len(), served, "no token was sent");
    let Some(TransitError::CaCertificate { reason, .. }) = under(Some(b"no certificate")).err() else {
        panic!("nothing vouched for the server");
    };
    assert_eq!(reason, "no certificate in it");
}
