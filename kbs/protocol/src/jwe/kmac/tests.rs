use super::*;

/// The key of NIST's samples: 40 to 5f.
fn key() -> Vec<u8> {
    (0x40..0x60).collect()
}

fn mac(input: &[u8], customisation: &[u8]) -> String {
    let mut out = [0; 64];
    kmac256(&key(), input, customisation, &mut out);
    hex::encode(out)
}

#[test]
fn gives_nists_samples() {
    let (short, long) = ([0, 1, 2, 3], (0..200).collect::<Vec<u8>>());
    let samples = [
        (
            &short[..],
            &b"My Tagged Application"[..],
            "20c570c31346f703c9ac36c61c03cb64c3970d0cfc787e9b79599d273a68d2f7\
             f69d4cc3de9d104a351689f27cf6f5951f0103f33f4f24871024d9c27773a8dd",
        ),
        (
            &long,
            b"",
            "75358cf39e41494e949707927cee0af20a3ff553904c86b08f21cc414bcfd691\
             589d27cf5e15369cbbff8b9a4c2eb17800855d0235ff635da82533ec6b759b69",
        ),
        (
            &long,
            b"My Tagged Application",
            "b58618f71f92e1d56c1b8c55ddd7cd188b97b4ca4d99831eb2699a837da2e4d9\
             70fbacfde50033aea585f1a2708510c32d07880801bd182898fe476876fc8965",
        ),
    ];
    for (input, customisation, expected) in samples {
        assert_eq!(mac(input, customisation), expected);
    }
}

#[test]
fn encodes_numbers_as_the_standard_does() {
    for (number, left, right) in [
        (0, &[1, 0][..], &[0, 1][..]),
        (255, &[1, 255], &[255, 1]),
        (256, &[2, 1, 0], &[1, 0, 2]),
        (
            u64::MAX,
            &[8, 255, 255, 255, 255, 255, 255, 255, 255],
            &[255, 255, 255, 255, 255, 255, 255, 255, 8],
        ),
    ] {
        assert_eq!(
            (left_encode(number).as_slice(), right_encode(number).as_slice()),
            (left, right),
            "{number}"
        );
    }
}

#[test]
fn derives_the_wrapping_key_that_another_library_derives() {
    // PyCryptodome 4.4, KMAC256 over the same input.
    let shared: Vec<u8> = (0..32).collect();
    let key = derive(&shared, "ML-KEM-768+A192KW");
    assert_eq!(hex::encode(*key), "3ca895ec8c52f6c90562f607de97f1dd01e5cb9da6c23525");
}
