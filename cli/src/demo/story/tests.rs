use super::*;

#[test]
fn durations_have_few_digits() {
    let micros = [0, 49, 950, 9_999, 10_000, 1_234_567, 9_999_999, 10_000_000];
    assert_eq!(
        micros.map(|micros| spoken(Duration::from_micros(micros))),
        ["0.0 ms", "0.0 ms", "0.9 ms", "9.9 ms", "10 ms", "1234 ms", "9999 ms", "10 s"]
    );
}
