use super::*;

#[test]
fn reads_the_three_segments() {
    let uri = ResourceUri::parse("kbs:///default/key/k2").unwrap();
    assert_eq!(
        (uri.host(), uri.path(), uri.query()),
        ("", &ResourcePath::new("default", "key", "k2").unwrap(), None)
    );
}

#[test]
fn carries_host_and_query() {
    let uri = ResourceUri::parse("kbs://kbs.example:8080/a/b/c?x=1").unwrap();
    assert_eq!(
        (uri.host(), uri.query(), uri.to_string()),
        ("kbs.example:8080", Some("x=1"), "kbs://kbs.example:8080/a/b/c?x=1".to_owned())
    );
}

#[test]
fn rejects_what_is_no_resource_uri() {
    let cases = [
        ("http:///a/b/c", ResourceError::Scheme),
        ("kbs:/a/b/c", ResourceError::Scheme),
        ("KBS:///a/b/c", ResourceError::Scheme),
        ("kbs+pkcs11:///a/b/c", ResourceError::Plugin),
        ("kbs://a b/a/b/c", ResourceError::Host),
        ("kbs://host", ResourceError::Segments { actual: 0 }),
        ("kbs:///a/b", ResourceError::Segments { actual: 2 }),
        ("kbs:///a/b/c/d", ResourceError::Segments { actual: 4 }),
        ("kbs:///a/b/c?\r\n", ResourceError::Query),
        ("kbs:///a/b/c#d", ResourceError::Segment { segment: "tag" }),
    ];
    assert_eq!(cases.map(|(text, _)| ResourceUri::parse(text)), cases.map(|(_, error)| Err(error)));
}

#[test]
fn accepts_every_kind_of_character_that_a_segment_may_hold() {
    let path = ResourcePath::parse("-A.z/_0../9").unwrap();
    assert_eq!((path.repo(), path.kind(), path.tag()), ("-A.z", "_0..", "9"));
}

#[test]
fn rejects_malformed_segments() {
    let cases = ["", ".", "..", ".a", "a b", "a%2f", "a\\b", "ä", "a\0"];
    assert_eq!(
        cases.map(|text| ResourcePath::new("a", text, "c")),
        cases.map(|_| Err(ResourceError::Segment { segment: "type" }))
    );
}

#[test]
fn accepts_a_segment_at_its_limit_and_rejects_one_byte_more() {
    let long = "a".repeat(SEGMENT_BYTES);
    assert_eq!(ResourcePath::new("a", "b", &long).map(|path| path.tag().len()), Ok(SEGMENT_BYTES));
    assert_eq!(
        ResourcePath::new("a", "b", &format!("{long}a")),
        Err(ResourceError::SegmentTooLong {
            segment: "tag",
            limit: SEGMENT_BYTES,
            actual: SEGMENT_BYTES + 1
        })
    );
}

#[test]
fn rejects_a_uri_over_its_limit() {
    let uri = format!("kbs:///a/b/c?{}", "x".repeat(URI_BYTES - 12));
    assert_eq!(
        ResourceUri::parse(&uri),
        Err(ResourceError::TooLong { limit: URI_BYTES, actual: URI_BYTES + 1 })
    );
}
