use super::{integer, rfc3339, time, tlv};
use crate::error::MintError;

#[test]
fn writes_the_shortest_form_of_a_length() {
    let heads: Vec<Vec<u8>> = [0, 1, 0x7f, 0x80, 0xff, 0x100]
        .map(|length| {
            let element = tlv(0x04, vec![0u8; length]);
            element[..element.len() - length].to_vec()
        })
        .to_vec();
    assert_eq!(
        heads,
        [
            vec![0x04, 0x00],
            vec![0x04, 0x01],
            vec![0x04, 0x7f],
            vec![0x04, 0x81, 0x80],
            vec![0x04, 0x81, 0xff],
            vec![0x04, 0x82, 0x01, 0x00],
        ]
    );
}

#[test]
fn writes_integers_in_the_shortest_form() {
    let written = [&[][..], &[0, 0], &[0x7f], &[0, 0x80]].map(integer);
    assert_eq!(written, [vec![2, 1, 0], vec![2, 1, 0], vec![2, 1, 0x7f], vec![2, 2, 0, 0x80]]);
}

#[test]
fn writes_generalized_time_from_2050_on() {
    let written = [2_524_607_999, 2_524_608_000].map(|at| time(at).unwrap());
    assert_eq!(written, [tlv(0x17, "491231235959Z"), tlv(0x18, "20500101000000Z")]);
}

#[test]
fn refuses_an_instant_beyond_four_digit_years() {
    assert_eq!(rfc3339(i64::MAX), Err(MintError::Instant { seconds: i64::MAX }));
    assert_eq!(rfc3339(1_772_323_200).as_deref(), Ok("2026-03-01T00:00:00Z"));
}
