use super::*;

#[test]
fn every_name_reads_back() {
    assert_eq!(Tee::ALL.map(|tee| Tee::parse(tee.as_str())), Tee::ALL.map(Ok));
}

#[test]
fn accepts_the_second_name_of_the_dpu() {
    assert_eq!(Tee::parse("nvidiadpu"), Ok(Tee::NvidiaDpu));
}

#[test]
fn rejects_a_name_in_capitals() {
    assert_eq!(Tee::parse("SNP"), Err(UnknownTee));
}
