use super::*;
use crate::system::rng;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

fn challenge() -> Challenge {
    Challenge::new(Tee::Snp, HashAlgorithm::Sha384, NOW.plus_secs(300), &mut rng())
}

#[test]
fn a_cookie_gives_back_its_challenge_until_the_last_second() {
    let key = ChallengeKeys::fixed(&[(1, [7; 32])]);
    let challenge = challenge();
    let cookie = challenge.to_cookie(&key, &mut rng()).unwrap();
    assert_eq!(Challenge::from_cookie(&cookie, &key, NOW.plus_secs(299)), Ok(challenge));
}

#[test]
fn rejects_a_cookie_at_its_expiry() {
    let key = ChallengeKeys::fixed(&[(1, [7; 32])]);
    let cookie = challenge().to_cookie(&key, &mut rng()).unwrap();
    let expired = NOW.plus_secs(300);
    assert_eq!(Challenge::from_cookie(&cookie, &key, expired), Err(SessionError::Expired { expired }));
}

#[test]
fn rejects_a_changed_cookie_and_one_of_another_broker() {
    let key = ChallengeKeys::fixed(&[(1, [7; 32])]);
    let cookie = challenge().to_cookie(&key, &mut rng()).unwrap();
    let other = ChallengeKeys::fixed(&[(1, [8; 32])]);
    assert_eq!(Challenge::from_cookie(&cookie, &other, NOW), Err(SessionError::NotOurs));
    let flipped = if cookie.starts_with('A') { "B" } else { "A" };
    let changed = format!("{flipped}{}", &cookie[1..]);
    assert_eq!(Challenge::from_cookie(&changed, &key, NOW), Err(SessionError::NotOurs));
}

#[test]
fn rejects_what_is_no_cookie_of_ours_at_all() {
    let key = ChallengeKeys::fixed(&[(1, [7; 32])]);
    for value in ["", "55acf39d83b54d46ad608d47a03428a9", "%%%", &"A".repeat(COOKIE_LIMIT + 1)] {
        assert_eq!(Challenge::from_cookie(value, &key, NOW), Err(SessionError::NotOurs), "{value:?}");
    }
}

#[test]
fn two_challenges_have_two_nonces_of_44_characters() {
    let (one, two) = (challenge(), challenge());
    assert_ne!(one.nonce().text(), two.nonce().text());
    assert_eq!(one.nonce().text().len(), 44);
}

#[test]
fn a_cookie_opens_under_the_key_of_its_number_alone() {
    let (old, new) = ((1, [7; 32]), (2, [8; 32]));
    let cookie = challenge().to_cookie(&ChallengeKeys::fixed(&[old]), &mut rng()).unwrap();
    let both = ChallengeKeys::fixed(&[old, new]);
    assert!(Challenge::from_cookie(&cookie, &both, NOW).is_ok());
    let renumbered = ChallengeKeys::fixed(&[(1, [8; 32]), (2, [7; 32])]);
    for other in [ChallengeKeys::fixed(&[new]), renumbered] {
        assert_eq!(Challenge::from_cookie(&cookie, &other, NOW), Err(SessionError::NotOurs));
    }
}
