use super::*;

fn begun(on: Scope, reason: &str) -> Result<(), HoldError> {
    NewHold { on, reason: reason.to_owned() }.check()
}

#[test]
fn covers_what_it_names_and_nothing_beside_it() {
    let (id, other) = (Digest::of(b"a"), Digest::of(b"b"));
    let resource = Some("kbs:///a/b/c");
    let rows = [
        (Scope::Decision(id), [true, false, true, true]),
        (Scope::Between { from: 10, until: 20 }, [true, true, true, false]),
        (Scope::Between { from: 11, until: 20 }, [false, false, true, false]),
        (Scope::Resource("kbs:///a/b/c".to_owned()), [true, true, false, true]),
    ];
    for (scope, wanted) in rows {
        let found = [
            scope.covers(&id, 10, resource),
            scope.covers(&other, 10, resource),
            scope.covers(&id, 20, None),
            scope.covers(&id, 21, resource),
        ];
        assert_eq!(found, wanted, "{scope}");
    }
}

#[test]
fn a_hold_has_a_reason() {
    let on = || Scope::Decision(Digest::of(b"a"));
    assert_eq!(begun(on(), "case 7"), Ok(()));
    assert_eq!(begun(on(), " "), Err(ReasonError.into()));
}

#[test]
fn a_hold_is_on_something_that_can_be() {
    assert_eq!(begun(Scope::Between { from: 10, until: 10 }, "r"), Ok(()));
    let order = HoldError::Order { from: 11, until: 10 };
    let words = "the hold ends at 1970-01-01T00:00:10Z, before it begins at 1970-01-01T00:00:11Z";
    assert_eq!(order.to_string(), words);
    assert_eq!(begun(Scope::Between { from: 11, until: 10 }, "r"), Err(order));
    for (text, wanted) in [
        ("kbs:///a/b/c", Ok(())),
        ("a/b/c", Err(HoldError::Resource)),
        ("kbs://host/a/b/c", Err(HoldError::Resource)),
        ("kbs:///a/b/c?x=y", Err(HoldError::Resource)),
    ] {
        assert_eq!(begun(Scope::Resource(text.to_owned()), "r"), wanted, "{text}");
    }
}
