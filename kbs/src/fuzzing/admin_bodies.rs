//! What admins send, and what guests send for a federation token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::limits::REQUEST_BYTES;
use kbs_protocol::{ResourceUri, from_slice};
use policy::Limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

use crate::acts::{Reason, check_reason};
use crate::api::wanted;
use crate::holds::{NewHold, Scope};
use crate::revocations::{NewRevocation, Revoked};
use crate::uploaded::{attestation_policy, check_room, reference_message, resource_policy};

/// A body, read as each of the kinds. What is taken keeps the rules that its kind has, and is read again as the same.
pub fn admin_bodies(bytes: &[u8]) {
    policies(bytes);
    reference_values(bytes);
    if let Ok(hold) = from_slice::<NewHold>("hold", bytes, REQUEST_BYTES) {
        check_hold(&hold);
    }
    if let Ok(new) = from_slice::<NewRevocation>("revocation", bytes, REQUEST_BYTES) {
        check_revocation(&new);
    }
    if let Ok(Reason { reason }) = from_slice::<Reason>("reason", bytes, REQUEST_BYTES)
        && check_reason(&reason).is_ok()
    {
        check_words(&reason);
    }
    if let Ok(audience) = wanted(bytes) {
        let said: Value = serde_json::from_slice(bytes).expect("JSON");
        // A list of its members is a structure's other form in serde.
        let forms = [serde_json::json!({"audience": audience}), serde_json::json!([audience])];
        assert!(forms.contains(&said), "{said}");
    }
}

fn policies(bytes: &[u8]) {
    let limits = Limits { time: Duration::from_millis(20), memory: 1 << 20 };
    let said = |member: &str| -> Option<String> {
        let body: Value = serde_json::from_slice(bytes).ok()?;
        Some(body.get(member)?.as_str()?.to_owned())
    };
    match resource_policy(bytes, limits) {
        Ok(policy) => assert_eq!(Some(URL_SAFE_NO_PAD.encode(policy.text())), said("policy")),
        Err(error) => check_error(&error),
    }
    match attestation_policy(bytes, limits) {
        Ok((id, policy)) => {
            assert_eq!(Some(URL_SAFE_NO_PAD.encode(policy.text())), said("policy"));
            let named = said("policy_id");
            assert!(named.as_deref() == Some(id) || named.as_deref() == Some("default"), "{named:?}");
        }
        Err(error) => check_error(&error),
    }
}

fn reference_values(bytes: &[u8]) {
    match reference_message(bytes) {
        Ok(values) => {
            assert!(values.len() <= 1024 && check_room(&values, &Default::default()).is_ok());
            for (name, value) in &values {
                assert!(!name.is_empty() && !name.chars().any(char::is_control), "{name:?}");
                // The settings keep a value as text and read that again, alone and beside all others.
                let text = serde_json::to_vec(value).expect("JSON");
                assert!(text.len() <= 64 << 10);
                assert_eq!(serde_json::from_slice::<Value>(&text).expect("it was written here"), *value);
            }
            let all = serde_json::to_vec(&values).expect("JSON");
            assert!(serde_json::from_slice::<Value>(&all).is_ok(), "values that are not read again");
        }
        Err(error) => check_error(&error),
    }
}

fn check_hold(hold: &NewHold) {
    if hold.check().is_err() {
        return;
    }
    check_words(&hold.reason);
    check_again(hold);
    match &hold.on {
        Scope::Between { from, until } => assert!(from <= until),
        Scope::Resource(text) => {
            let uri = ResourceUri::parse(text).expect("a resource");
            assert_eq!(*text, format!("kbs:///{}", uri.path()));
        }
        Scope::Decision(_) => {}
    }
    assert!(!hold.on.to_string().chars().any(char::is_control));
}

fn check_revocation(new: &NewRevocation) {
    if new.check().is_err() {
        return;
    }
    check_words(&new.reason);
    check_again(new);
    // It stands in paths.
    let name = new.of.name();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(name.bytes().all(plain), "{name}");
    let digits = match new.of {
        Revoked::Chip(_) => 128,
        Revoked::Ppid(_) | Revoked::PlatformInstance(_) => 32,
        Revoked::LaunchDigest(_) => 96,
        Revoked::MrEnclave(_) => 64,
    };
    assert_eq!(name.rsplit('-').next().map(str::len), Some(digits), "{name}");
}

fn check_words(reason: &str) {
    assert!(!reason.trim().is_empty() && reason.len() <= 1000 && !reason.chars().any(char::is_control));
}

fn check_again<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(taken: &T) {
    let text = serde_json::to_vec(taken).expect("JSON");
    assert_eq!(serde_json::from_slice::<T>(&text).expect("it was written here"), *taken);
}

/// A message goes to whoever sent the body, and into logs.
fn check_error(error: &impl std::error::Error) {
    assert!(error.to_string().len() < 8 << 10, "{error}");
}
