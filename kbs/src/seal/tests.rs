use super::*;
use crate::system::rng;

#[test]
fn opens_what_it_sealed() {
    let key = SealingKey::generate(&mut rng());
    let sealed = key.seal(Purpose::Secret, b"a/b/c", b"secret", &mut rng()).unwrap();
    assert_eq!(sealed.len(), SALT + 6 + 16);
    assert_eq!(key.open(Purpose::Secret, b"a/b/c", &sealed).unwrap().as_slice(), b"secret");
}

#[test]
fn rejects_another_key_purpose_context_or_byte() {
    let key = SealingKey::generate(&mut rng());
    let sealed = key.seal(Purpose::Secret, b"a/b/c", b"secret", &mut rng()).unwrap();
    let other = SealingKey::generate(&mut rng());
    assert_eq!(other.open(Purpose::Secret, b"a/b/c", &sealed), Err(NotSealedHere));
    assert_eq!(key.open(Purpose::Cookie, b"a/b/c", &sealed), Err(NotSealedHere));
    assert_eq!(key.open(Purpose::Secret, b"a/b/d", &sealed), Err(NotSealedHere));
    assert_eq!(key.open(Purpose::Secret, b"a/b/c", &sealed[..SALT - 1]), Err(NotSealedHere));
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert_eq!(key.open(Purpose::Secret, b"a/b/c", &changed), Err(NotSealedHere), "byte {position}");
    }
}

#[test]
fn seals_the_same_message_differently_each_time() {
    let key = SealingKey::generate(&mut rng());
    let seal = || key.seal(Purpose::Cookie, b"", b"same", &mut rng()).unwrap();
    assert_ne!(seal(), seal());
}
