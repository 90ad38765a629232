use std::fs;
use std::os::unix::fs::PermissionsExt;

use cryptoki::context::Function;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::types::Ulong;

use super::*;
use crate::config::{PinSource, RootKeySource};
use crate::root_key::RootKeys;
use crate::root_key::secret_file::SecretFileError;
use softhsm::{PIN, PIN_VARIABLE, on_softhsm, write_pin};

mod softhsm;

#[test]
fn unwraps_what_the_token_wrapped_and_nothing_else() {
    on_softhsm("unwraps_what_the_token_wrapped_and_nothing_else", |softhsm| {
        softhsm.token("one");
        let id = create(&softhsm.source("one")).unwrap();
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        assert_eq!(key.id(), id);
        let wrapped = key.wrap(&[7; 32], b"context").unwrap();
        assert_eq!(wrapped.len(), IV + 32 + TAG);
        assert_ne!(wrapped, key.wrap(&[7; 32], b"context").unwrap());
        assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
        assert_eq!(key.unwrap(&wrapped, b"another"), Err(RootKeyError::NotWrappedHere));
        for position in [0, IV, wrapped.len() - 1] {
            let mut changed = wrapped.clone();
            changed[position] ^= 1;
            assert_eq!(key.unwrap(&changed, b"context"), Err(RootKeyError::NotWrappedHere), "{position}");
        }
        for length in [0, IV, IV + TAG, wrapped.len() - 1] {
            let cut = &wrapped[..length];
            assert_eq!(key.unwrap(cut, b"context"), Err(RootKeyError::NotWrappedHere), "{length}");
        }
        // What was refused left the sessions in order.
        assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
        assert_eq!(format!("{key:?}"), format!("Pkcs11Key({id})"));
    });
}

#[test]
fn makes_a_key_once_and_never_beside_another() {
    on_softhsm("makes_a_key_once_and_never_beside_another", |softhsm| {
        softhsm.token("one");
        let source = softhsm.source("one");
        let (key, token) = ("root".to_owned(), "one".to_owned());
        let absent = Pkcs11Error::NoKey { key: key.clone(), token: token.clone() };
        assert_eq!(Pkcs11Key::open(source.clone()).err(), Some(absent));
        let id = create(&source).unwrap();
        assert_eq!(create(&source), Err(Pkcs11Error::KeyExists { key, token }));
        assert_eq!(Pkcs11Key::open(source).unwrap().id(), id);
    });
}

#[test]
fn rejects_keys_that_the_token_would_give_out_or_that_are_not_for_this_use() {
    on_softhsm("rejects_keys_that_the_token_would_give_out_or_that_are_not_for_this_use", |softhsm| {
        let slot = softhsm.token("one");
        let aes = || Mechanism::AesKeyGen;
        let cases = [
            ("open", aes(), Attribute::Sensitive(false), "CKA_SENSITIVE"),
            ("wrappable", aes(), Attribute::Extractable(true), "CKA_EXTRACTABLE"),
            ("short", aes(), Attribute::ValueLen(Ulong::new(16)), "CKA_VALUE_LEN"),
            ("generic", Mechanism::GenericSecretKeyGen, Attribute::Id(vec![1]), "CKA_KEY_TYPE"),
            ("opening", aes(), Attribute::Encrypt(false), "CKA_ENCRYPT"),
            ("sealing", aes(), Attribute::Decrypt(false), "CKA_DECRYPT"),
            ("nameless", aes(), Attribute::Id(vec![]), "CKA_ID"),
        ];
        for (label, mechanism, instead, expected) in cases {
            softhsm.key(slot, label, &mechanism, instead);
            let source = Pkcs11Source { key: label.to_owned(), ..softhsm.source("one") };
            match Pkcs11Key::open(source).err() {
                Some(Pkcs11Error::Key { attribute, .. }) => assert_eq!(attribute, expected, "{label}"),
                other => panic!("{label}: {other:?}"),
            }
        }
        softhsm.key(slot, "root", &aes(), Attribute::Id(vec![1]));
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        assert!(key.id().ends_with("/root/01"), "{}", key.id());
    });
}

#[test]
fn a_label_names_one_token_and_one_key() {
    on_softhsm("a_label_names_one_token_and_one_key", |softhsm| {
        let token = "one".to_owned();
        let none = Pkcs11Error::NoToken { token: token.clone(), others: vec![] };
        assert_eq!(Pkcs11Key::open(softhsm.source("one")).err(), Some(none));
        softhsm.token("other");
        let none = Pkcs11Error::NoToken { token: token.clone(), others: vec!["other".to_owned()] };
        assert!(none.to_string().contains("there are other"), "{none}");
        assert_eq!(Pkcs11Key::open(softhsm.source("one")).err(), Some(none));
        let slot = softhsm.token("one");
        for _ in 0..2 {
            softhsm.key(slot, "root", &Mechanism::AesKeyGen, Attribute::Id(vec![1]));
        }
        let several = Pkcs11Error::SeveralKeys { key: "root".to_owned(), count: 2 };
        assert_eq!(Pkcs11Key::open(softhsm.source("one")).err(), Some(several));
        softhsm.token("one");
        let several = Pkcs11Error::SeveralTokens { token, count: 2 };
        assert_eq!(Pkcs11Key::open(softhsm.source("one")).err(), Some(several));
    });
}

#[test]
fn a_wrong_pin_is_tried_once_and_another_one_again() {
    on_softhsm("a_wrong_pin_is_tried_once_and_another_one_again", |softhsm| {
        softhsm.token("one");
        create(&softhsm.source("one")).unwrap();
        let source = softhsm.source("one");
        let PinSource::File(pin) = source.pin.clone() else { panic!("a file holds the PIN") };
        let login = Login::new(source).unwrap();
        let refused = |reason| Some(Pkcs11Error::PinRefused { token: "one".to_owned(), reason });
        write_pin(&pin, "4321");
        assert_eq!(login.connect().err(), refused("it is wrong"));
        assert_eq!(login.connect().err(), refused("it was refused before, and is not tried again"));
        write_pin(&pin, PIN);
        assert_eq!(login.connect().err(), None);
    });
}

#[test]
fn takes_the_pin_from_a_file_for_its_owner_or_from_the_environment() {
    on_softhsm("takes_the_pin_from_a_file_for_its_owner_or_from_the_environment", |softhsm| {
        softhsm.token("one");
        let file = softhsm.source("one");
        let variable =
            |name: &str| Pkcs11Source { pin: PinSource::Variable(name.to_owned()), ..file.clone() };
        create(&variable(PIN_VARIABLE)).unwrap();
        assert_eq!(Pkcs11Key::open(variable(PIN_VARIABLE)).err(), None);
        let name = "VOUCHSAFE_TEST_NO_PIN".to_owned();
        assert_eq!(Pkcs11Key::open(variable(&name)).err(), Some(Pkcs11Error::PinVariable { name }));
        let PinSource::File(pin) = &file.pin else { panic!("a file holds the PIN") };
        fs::set_permissions(pin, fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = SecretFileError::Mode { path: pin.display().to_string(), mode: 0o644 };
        assert_eq!(Pkcs11Key::open(file.clone()).err(), Some(Pkcs11Error::PinFile(refusal)));
    });
}

#[test]
fn logs_in_again_when_the_token_lost_the_login() {
    on_softhsm("logs_in_again_when_the_token_lost_the_login", |softhsm| {
        let slot = softhsm.token("one");
        create(&softhsm.source("one")).unwrap();
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        let wrapped = key.wrap(&[7; 32], b"context").unwrap();
        softhsm.session(slot).logout().unwrap();
        assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
        softhsm.session(slot).logout().unwrap();
        assert_eq!(key.wrap(&[7; 32], b"context").unwrap().len(), wrapped.len());
    });
}

#[test]
fn a_session_that_failed_is_replaced_once_and_a_token_that_is_gone_is_told() {
    on_softhsm("a_session_that_failed_is_replaced_once_and_a_token_that_is_gone_is_told", |softhsm| {
        softhsm.token("one");
        create(&softhsm.source("one")).unwrap();
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        let sessions = Mutex::new(Vec::new());
        let fails = |times: usize| {
            sessions.lock().unwrap().clear();
            key.with(|connection| {
                let mut sessions = sessions.lock().unwrap();
                sessions.push(connection.session.handle());
                if sessions.len() > times {
                    return Ok(());
                }
                Err(Error::Pkcs11(RvError::DeviceRemoved, Function::Encrypt))
            })
        };
        assert_eq!(fails(1), Ok(()));
        let seen = sessions.lock().unwrap().clone();
        assert!(seen.len() == 2 && seen[0] != seen[1], "{seen:?}");
        let reason = "Encrypt failed with DeviceRemoved".to_owned();
        assert_eq!(fails(2), Err(Pkcs11Error::Call { reason }));
        assert_eq!(sessions.lock().unwrap().len(), 2);
        // It goes on by itself once the token is back.
        let wrapped = key.wrap(&[7; 32], b"context").unwrap();
        assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    });
}

#[test]
fn a_key_that_was_replaced_is_refused_by_both_ids() {
    on_softhsm("a_key_that_was_replaced_is_refused_by_both_ids", |softhsm| {
        let slot = softhsm.token("one");
        let source = softhsm.source("one");
        let expected = create(&source).unwrap();
        let key = Pkcs11Key::open(source.clone()).unwrap();
        let wrapped = key.wrap(&[7; 32], b"context").unwrap();
        let session = softhsm.session(slot);
        let old = connection::keys(&session, "root").unwrap();
        session.destroy_object(old[0]).unwrap();
        let (name, token) = ("root".to_owned(), "one".to_owned());
        let gone = Pkcs11Error::NoKey { key: name, token };
        assert_eq!(key.unwrap(&wrapped, b"context"), Err(RootKeyError::Pkcs11(gone)));
        let actual = create(&source).unwrap();
        let changed = Pkcs11Error::Changed { expected, actual };
        assert_eq!(key.unwrap(&wrapped, b"context"), Err(RootKeyError::Pkcs11(changed)));
    });
}

#[test]
fn a_process_stops_at_the_number_of_wraps_that_random_ivs_allow() {
    on_softhsm("a_process_stops_at_the_number_of_wraps_that_random_ivs_allow", |softhsm| {
        softhsm.token("one");
        let id = create(&softhsm.source("one")).unwrap();
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        key.wraps.store(MOST_WRAPS - 1, Ordering::Relaxed);
        let wrapped = key.wrap(&[7; 32], b"context").unwrap();
        let spent = RootKeyError::Pkcs11(Pkcs11Error::Spent { id, most: MOST_WRAPS });
        assert_eq!(key.wrap(&[7; 32], b"context"), Err(spent));
        assert_eq!(key.unwrap(&wrapped, b"context").unwrap().as_slice(), [7; 32]);
    });
}

#[test]
fn many_threads_wrap_and_unwrap_at_once() {
    on_softhsm("many_threads_wrap_and_unwrap_at_once", |softhsm| {
        softhsm.token("one");
        create(&softhsm.source("one")).unwrap();
        let key = Pkcs11Key::open(softhsm.source("one")).unwrap();
        assert_eq!(key.more.len(), 7);
        std::thread::scope(|scope| {
            for byte in 0..24 {
                let key = &key;
                scope.spawn(move || {
                    for _ in 0..20 {
                        let wrapped = key.wrap(&[byte; 32], &[byte]).unwrap();
                        assert_eq!(key.unwrap(&wrapped, &[byte]).unwrap().as_slice(), [byte; 32]);
                    }
                });
            }
        });
    });
}

#[test]
fn moves_keys_from_one_token_to_another_in_the_same_library() {
    on_softhsm("moves_keys_from_one_token_to_another_in_the_same_library", |softhsm| {
        let source = |label: &str| RootKeySource::Pkcs11(softhsm.source(label));
        for label in ["old", "new"] {
            softhsm.token(label);
            create(&softhsm.source(label)).unwrap();
        }
        let before = RootKeys::open(&source("old"), &[], false).unwrap();
        let old = before.wrap(&[7; 32], b"context").unwrap();
        let keys = RootKeys::open(&source("new"), &[source("old")], false).unwrap();
        assert!(!keys.is_current(&old));
        let new = keys.rewrap(&old, b"context").unwrap();
        let after = RootKeys::open(&source("new"), &[], false).unwrap();
        assert_eq!(after.unwrap(&new, b"context").unwrap().as_slice(), [7; 32]);
        let another = RootKeyError::Another { expected: vec![after.id()], actual: before.id() };
        assert_eq!(after.unwrap(&old, b"context"), Err(another));
    });
}

#[test]
fn rejects_a_library_that_is_none() {
    on_softhsm("rejects_a_library_that_is_none", |softhsm| {
        let module = softhsm.folder.join("none.so");
        let path = module.display().to_string();
        let source = Pkcs11Source { module, ..softhsm.source("one") };
        let Some(Pkcs11Error::Module { path: found, .. }) = Pkcs11Key::open(source).err() else {
            panic!("there is no such library");
        };
        assert_eq!(found, path);
    });
}
