use super::{NotAnInstant, UnixTime, Validity};

#[test]
fn reads_and_writes_rfc_3339() {
    let instant = UnixTime::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
    assert_eq!(instant, UnixTime::from_secs(1_772_323_200));
    assert_eq!(instant.to_string(), "2026-03-01T00:00:00Z");
}

#[test]
fn reads_offsets_and_drops_fractions() {
    let utc = UnixTime::parse_rfc3339("2026-03-01T00:00:00Z");
    assert_eq!(UnixTime::parse_rfc3339("2026-03-01T01:30:00+01:30"), utc);
    assert_eq!(UnixTime::parse_rfc3339("2026-03-01T00:00:00.999Z"), utc);
}

#[test]
fn refuses_what_is_no_instant() {
    for text in ["", "2026-03-01", "2026-02-30T00:00:00Z", "2026-03-01T00:00:00", "yesterday"] {
        assert_eq!(UnixTime::parse_rfc3339(text), Err(NotAnInstant), "{text}");
    }
}

#[test]
fn contains_both_ends_and_nothing_beyond() {
    let validity = Validity { not_before: UnixTime::from_secs(10), not_after: UnixTime::from_secs(20) };
    let inside = [9, 10, 20, 21].map(|at| validity.contains(UnixTime::from_secs(at)));
    assert_eq!(inside, [false, true, true, false]);
}
