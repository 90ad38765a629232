use rand_core::Rng as _;

use super::SeededRng;

#[test]
fn the_same_name_gives_the_same_bytes_and_another_name_others() {
    let first = |name| SeededRng::new(name).next_u64();
    assert_eq!((first("a"), first("a") == first("b")), (first("a"), false));
}

#[test]
fn goes_on_after_the_end_of_a_block() {
    let mut bytes = [0; 96];
    SeededRng::new("blocks").fill_bytes(&mut bytes);
    let blocks: std::collections::BTreeSet<_> = bytes.chunks(32).collect();
    assert_eq!(blocks.len(), 3);
}
