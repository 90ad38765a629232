use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

use super::*;

/// JSON of a few dozen nodes.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn both_scales_agree(json in json()) {
        let value: Value = serde_json::from_value(json.clone()).unwrap();
        let mut left = 1 << 20;
        weigh(&value, &mut left).unwrap();
        assert_eq!(weigh_json(&json, 1 << 20), Some((1 << 20) - left));
    }

    #[test]
    fn no_more_is_weighed_than_fits(json in json(), limit in 0_usize..2000) {
        let exact = weigh_json(&json, usize::MAX).unwrap();
        assert_eq!(weigh_json(&json, limit).is_some(), exact <= limit);
    }

    #[test]
    fn replacing_makes_no_more_than_was_charged(text in "[ab]{0,40}", old in "[ab]{0,3}", new in "[ab]{0,9}") {
        let made = text.replace(&old, &new);
        assert!(made.len() <= replaced(text.len(), old.len(), new.len()).unwrap());
    }
}

#[test]
fn a_value_whose_parts_are_shared_is_weighed_as_often_as_they_are_reached() {
    let mut value = Value::from(1_u64);
    for _ in 0..60 {
        value = Value::from(vec![value.clone(), value]);
    }
    let mut left = 1 << 20;
    assert_eq!(weigh(&value, &mut left), None);
}

#[test]
fn an_account_is_spent_to_the_byte() {
    let text = Value::from("a".repeat(10));
    let call = || charge(Growth::Deep(1), std::slice::from_ref(&text)).is_ok();
    assert_eq!(within(10 + NODE, None, call), (true, None));
    assert_eq!(within(9 + NODE, None, call), (false, Some(Overrun)));
}

#[test]
fn an_account_is_over_for_good() {
    let ended = within(1000, None, || {
        let large = Value::from("a".repeat(2000));
        let small = Value::from("a");
        [large, small].map(|text| charge(Growth::Deep(1), &[text]).is_ok())
    });
    assert_eq!(ended, ([false, false], Some(Overrun)));
}
