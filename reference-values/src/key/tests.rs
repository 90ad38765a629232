use super::*;

#[test]
fn every_key_is_read_back_from_its_name() {
    assert_eq!(Key::ALL.map(|key| key.as_str().parse()), Key::ALL.map(Ok));
}

#[test]
fn all_lists_the_keys_in_order_and_once() {
    assert!(Key::ALL.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn every_key_but_report_data_belongs_to_one_tee() {
    let homeless: Vec<Key> = Key::ALL
        .into_iter()
        .filter(|key| TEES.iter().filter(|tee| key.form_in(tee).is_some()).count() != 1)
        .collect();
    assert_eq!(homeless, [Key::ReportData]);
}

#[test]
fn names_are_exact() {
    assert_eq!(
        ["Launch-Digest", "launch_digest", " rtmr0", "rtmr4", ""].map(Key::from_str),
        [Err(NoSuchKey); 5]
    );
}

#[test]
fn only_report_data_and_host_data_are_binding() {
    let binding: Vec<Key> = Key::ALL.into_iter().filter(|key| key.is_binding()).collect();
    assert_eq!(binding, [Key::HostData, Key::ReportData]);
}
