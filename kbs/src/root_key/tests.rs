use std::path::Path;

use super::*;
use crate::config::ConfigError;
use crate::scratch::Scratch;

fn file(byte: u8) -> FileKey {
    FileKey::from_bytes([byte; 32])
}

fn former(byte: u8) -> Box<dyn RootKey> {
    Box::new(file(byte))
}

/// A keeper that is wrong in one way.
#[derive(Debug)]
enum Wrong {
    IgnoresContext,
    GivesAnother,
    Unreachable,
}

impl RootKey for Wrong {
    fn id(&self) -> String {
        "wrong".to_owned()
    }

    fn wrap(&self, key: &[u8], _: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        match self {
            Self::IgnoresContext => Ok(Zeroizing::new(wrapped.to_vec())),
            Self::GivesAnother => Ok(Zeroizing::new(vec![0; wrapped.len()])),
            Self::Unreachable if context == PROBE => Ok(Zeroizing::new(wrapped.to_vec())),
            Self::Unreachable => Err(pkcs11::Pkcs11Error::Form { what: "nothing" }.into()),
        }
    }
}

#[test]
fn unwraps_what_it_wrapped_under_the_same_context_alone() {
    let keys = RootKeys::of(file(1), vec![]);
    let wrapped = keys.wrap(&[7; 32], b"context").unwrap();
    assert_eq!(keys.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    assert_eq!(keys.unwrap(&wrapped, b"another"), Err(RootKeyError::NotWrappedHere));
    assert!(!wrapped.windows(32).any(|window| window == [7; 32]));
    assert!(wrapped.len() < 200, "{}", wrapped.len());
}

#[test]
fn a_former_root_key_unwraps_and_the_current_one_wraps() {
    let before = RootKeys::of(file(1), vec![]);
    let old = before.wrap(&[7; 32], b"context").unwrap();
    let keys = RootKeys::of(file(2), vec![former(1)]);
    assert_eq!((keys.is_current(&old), before.is_current(&old)), (false, true));
    assert_eq!(keys.unwrap(&old, b"context").unwrap().as_slice(), [7; 32]);
    let new = keys.rewrap(&old, b"context").unwrap();
    assert_eq!((keys.is_current(&new), before.is_current(&new)), (true, false));
    let after = RootKeys::of(file(2), vec![]);
    assert_eq!(after.unwrap(&new, b"context").unwrap().as_slice(), [7; 32]);
    assert_eq!(keys.rewrap(&old, b"another"), Err(RootKeyError::NotWrappedHere));
}

#[test]
fn rejects_a_key_that_another_root_key_wrapped_and_names_both() {
    let old = RootKeys::of(file(1), vec![]).wrap(&[7; 32], b"context").unwrap();
    let keys = RootKeys::of(file(2), vec![former(3)]);
    let expected = vec![file(2).id(), file(3).id()];
    let refusal = RootKeyError::Another { expected: expected.clone(), actual: file(1).id() };
    assert_eq!(keys.unwrap(&old, b"context"), Err(refusal.clone()));
    assert!(refusal.to_string().contains(&expected.join(", ")), "{refusal}");
    // The id is no more than a signpost: one that is edited leads to a key that does not open it.
    let renamed = Wrapped { id: &file(2).id(), ..Wrapped::decode(&old).unwrap() }.encode().unwrap();
    assert_eq!(keys.unwrap(&renamed, b"context"), Err(RootKeyError::NotWrappedHere));
}

#[test]
fn a_root_key_that_moved_opens_what_it_wrapped_under_its_former_id() {
    #[derive(Debug)]
    struct At(&'static str);
    impl RootKey for At {
        fn id(&self) -> String {
            self.0.to_owned()
        }
        fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, RootKeyError> {
            file(1).wrap(key, context)
        }
        fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
            file(1).unwrap(wrapped, context)
        }
    }
    let old = RootKeys::of(At("transit:old"), vec![]).wrap(&[7; 32], b"context").unwrap();
    let mut keys = RootKeys::of(At("transit:new"), vec![]);
    let (expected, actual) = (vec!["transit:new".to_owned()], "transit:old".to_owned());
    assert_eq!(keys.unwrap(&old, b"context"), Err(RootKeyError::Another { expected, actual }));
    keys.current.formerly.push("transit:old".to_owned());
    assert_eq!(keys.unwrap(&old, b"context").unwrap().as_slice(), [7; 32]);
    assert!(!keys.is_current(&old));
    assert!(keys.is_current(&keys.rewrap(&old, b"context").unwrap()));
}

#[test]
fn rejects_every_cut_of_a_wrapped_key_and_other_formats() {
    let keys = RootKeys::of(file(1), vec![]);
    let wrapped = keys.wrap(&[7; 32], b"context").unwrap();
    for length in 0..wrapped.len() {
        let cut = &wrapped[..length];
        let refusal = keys.unwrap(cut, b"context").unwrap_err();
        let expected = match length {
            0 => RootKeyError::Length { what: "a wrapped key", least: 1, most: WRAPPED_BYTES, actual: 0 },
            1 | 2 => RootKeyError::Malformed { part: "the id's length" },
            3..40 => RootKeyError::Malformed { part: "the id" },
            _ => RootKeyError::NotWrappedHere,
        };
        assert_eq!(refusal, expected, "{length}");
        assert!(!keys.is_current(cut) || length >= 40);
    }
    let mut other = wrapped.clone();
    other[0] = 2;
    assert_eq!(keys.unwrap(&other, b"context"), Err(RootKeyError::Format { expected: 1, actual: 2 }));
    let mut other = wrapped;
    other[3] = b'\n';
    assert_eq!(keys.unwrap(&other, b"context"), Err(RootKeyError::Malformed { part: "the id" }));
}

#[test]
fn keys_contexts_and_wrapped_forms_are_bounded() {
    let keys = RootKeys::of(file(1), vec![]);
    let most = keys.wrap(&[7; KEY_BYTES], &[b'c'; CONTEXT_BYTES]).unwrap();
    assert_eq!(keys.unwrap(&most, &[b'c'; CONTEXT_BYTES]).unwrap().as_slice(), [7; KEY_BYTES]);
    let refused = |what, least, most, actual| Err(RootKeyError::Length { what, least, most, actual });
    let what = "a key to be wrapped";
    assert_eq!(keys.wrap(&[], b""), refused(what, 1, KEY_BYTES, 0));
    assert_eq!(keys.wrap(&[7; KEY_BYTES + 1], b""), refused(what, 1, KEY_BYTES, KEY_BYTES + 1));
    let what = "the context of a wrapped key";
    let long = [b'c'; CONTEXT_BYTES + 1];
    assert_eq!(keys.wrap(&[7; 32], &long), refused(what, 0, CONTEXT_BYTES, CONTEXT_BYTES + 1));
    let what = "a wrapped key";
    let actual = WRAPPED_BYTES + 1;
    let refusal = Err(RootKeyError::Length { what, least: 1, most: WRAPPED_BYTES, actual });
    assert_eq!(keys.unwrap(&vec![1; actual], b""), refusal);
}

#[test]
fn rejects_a_keeper_that_does_not_authenticate_the_context_or_returns_something_else() {
    let id = || "wrong".to_owned();
    assert_eq!(RootKeys::of(file(1), vec![]).check(), Ok(()));
    for (wrong, refusal) in [
        (Wrong::IgnoresContext, RootKeyError::ContextIgnored { id: id() }),
        (Wrong::GivesAnother, RootKeyError::Broken { id: id() }),
        (Wrong::Unreachable, pkcs11::Pkcs11Error::Form { what: "nothing" }.into()),
    ] {
        assert_eq!(RootKeys::of(wrong, vec![]).check(), Err(refusal));
    }
}

#[test]
fn opens_the_configured_files_and_makes_none_but_the_current_one() {
    let scratch = Scratch::new("root-keys-open");
    let source = |name: &str| RootKeySource::File(scratch.path.join(name));
    let first = RootKeys::open(&source("one"), &[], true).unwrap();
    let old = first.wrap(&[7; 32], b"context").unwrap();
    assert_eq!(first.ids(), [first.id()]);
    // The second key is made in a step of its own: a store that is not new was made with another.
    let lost = ConfigError::RootKeyLost { path: scratch.path.join("two").display().to_string() };
    let refusal = RootKeys::open(&source("two"), &[source("one")], false).err();
    assert_eq!(refusal, Some(RootKeyError::File(lost)));
    let made = create(&source("two")).unwrap();
    let path = scratch.path.join("two").display().to_string();
    let exists = ConfigError::Write { key: "root_key", path, kind: std::io::ErrorKind::AlreadyExists };
    assert_eq!(create(&source("two")), Err(RootKeyError::File(exists)));
    let second = RootKeys::open(&source("two"), &[source("one")], false).unwrap();
    assert_eq!(second.id(), made);
    assert_eq!(second.ids(), [second.id(), first.id()]);
    assert_eq!(second.unwrap(&old, b"context").unwrap().as_slice(), [7; 32]);
    let Some(RootKeyError::File(ConfigError::Read { key, .. })) =
        RootKeys::open(&source("two"), &[source("three")], true).err()
    else {
        panic!("a former key was made");
    };
    assert_eq!((key, Path::exists(&scratch.path.join("three"))), ("previous_root_keys", false));
}
