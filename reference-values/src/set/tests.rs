use super::*;

fn bytes(byte: u8, length: usize) -> Value {
    Value::Bytes(vec![byte; length])
}

fn snp(name: &str) -> Reference {
    let wanted =
        vec![(Key::GuestSvn, vec![Value::Number(3)]), (Key::LaunchDigest, vec![bytes(1, 48), bytes(2, 48)])];
    Reference::new("snp", name, wanted).unwrap()
}

#[test]
fn matches_when_every_key_has_one_of_its_values() {
    let actual = |key| match key {
        Key::LaunchDigest => Some(bytes(2, 48)),
        Key::GuestSvn => Some(Value::Number(3)),
        _ => None,
    };
    assert_eq!(snp("a").compare(actual), Ok(()));
}

#[test]
fn lists_every_difference_in_the_order_of_keys() {
    let reference = snp("a");
    let differences = reference.compare(|key| (key == Key::LaunchDigest).then(|| bytes(3, 48)));
    assert_eq!(
        differences,
        Err(vec![
            Mismatch {
                key: Key::LaunchDigest,
                wanted: &[bytes(1, 48), bytes(2, 48)],
                actual: Some(bytes(3, 48))
            },
            Mismatch { key: Key::GuestSvn, wanted: &[Value::Number(3)], actual: None },
        ])
    );
}

#[test]
fn evidence_without_the_field_does_not_match() {
    let reference = Reference::new("snp", "a", vec![(Key::LaunchDigest, vec![bytes(0, 48)])]).unwrap();
    let wanted = [bytes(0, 48)];
    assert_eq!(
        reference.compare(|_| None),
        Err(vec![Mismatch { key: Key::LaunchDigest, wanted: &wanted, actual: None }])
    );
}

#[test]
fn a_prefix_of_a_digest_does_not_match() {
    let reference = snp("a");
    let actual = |key| match key {
        Key::GuestSvn => Some(Value::Number(3)),
        _ => Some(bytes(1, 47)),
    };
    assert_eq!(reference.compare(actual).map_err(|found| found.len()), Err(1));
}

#[test]
fn refuses_an_entry_that_would_match_everything() {
    assert_eq!(Reference::new("snp", "a", vec![]), Err(EntryError::NoKeys));
}

#[test]
fn refuses_a_key_given_twice() {
    let wanted = vec![(Key::GuestSvn, vec![Value::Number(1)]), (Key::GuestSvn, vec![Value::Number(2)])];
    assert_eq!(Reference::new("snp", "a", wanted), Err(EntryError::DuplicateKey { key: Key::GuestSvn }));
}

#[test]
fn refuses_a_value_of_another_form() {
    let wanted = vec![(Key::GuestSvn, vec![bytes(1, 4)])];
    let error = ValueError::Form;
    assert_eq!(
        Reference::new("snp", "a", wanted),
        Err(EntryError::Value { key: Key::GuestSvn, index: 1, error })
    );
}

#[test]
fn names_end_at_the_limit() {
    let named = |name: String| {
        Reference::new("snp", &name, vec![(Key::GuestSvn, vec![Value::Number(1)])]).map(|entry| entry.name)
    };
    let longest = "n".repeat(NAME_BYTES_MAX);
    let bad = || Err(EntryError::BadName { max: NAME_BYTES_MAX });
    assert_eq!(
        [
            named(longest.clone()),
            named(format!("{longest}n")),
            named(String::new()),
            named("a\nb".to_owned())
        ],
        [Ok(longest), bad(), bad(), bad()]
    );
}

#[test]
fn lists_end_at_the_limit() {
    let of = |count: usize| {
        let values = (0..).map(Value::Number).take(count).collect();
        Reference::new("snp", "a", vec![(Key::GuestSvn, values)]).map(|entry| entry.wanted[0].1.len())
    };
    assert_eq!(
        [of(VALUES_MAX), of(VALUES_MAX + 1)],
        [
            Ok(VALUES_MAX),
            Err(EntryError::TooManyValues { key: Key::GuestSvn, max: VALUES_MAX, actual: VALUES_MAX + 1 })
        ]
    );
}

#[test]
fn merging_keeps_names_apart() {
    let set = |name: &str| ReferenceValues::new(vec![snp(name)]).unwrap();
    assert_eq!(set("a").merge(set("b")), ReferenceValues::new(vec![snp("a"), snp("b")]));
    assert_eq!(
        set("a").merge(set("a")),
        Err(ReferenceError::DuplicateName { tee: "snp".to_owned(), name: "a".to_owned() })
    );
}
