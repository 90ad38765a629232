use super::*;

fn entry(size: usize) -> Entry {
    Entry { at: UnixTime::from_secs(0), rule: "quote-malformed", body: Digest::of(b""), size, source: None }
}

#[test]
fn keeps_the_newest_and_counts_all() {
    let refusals = Refusals::default();
    for size in 0..=ENTRIES {
        refusals.note(entry(size));
    }
    refusals.count_without_session();
    let newest = (1..=ENTRIES).map(entry).collect();
    let refused = u64::try_from(ENTRIES).unwrap() + 1;
    assert_eq!(refusals.summary(), Summary { refused, without_session: 1, newest });
}
