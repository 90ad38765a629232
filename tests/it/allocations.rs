//! Parsers of reports and quotes allocate nothing that grows with their input.

use allocation_counter::measure;
use system_tests::fixtures::{self, FixtureTee};
use verifier::dcap::Quote;
use verifier::snp::Report;

#[test]
fn parsing_a_report_allocates_nothing() {
    let root = fixtures::registry_root();
    for entry in fixtures::index(&root).iter().filter(|entry| entry.tee == FixtureTee::Snp) {
        let report = entry.evidence(&root);
        let info = measure(|| {
            std::hint::black_box(Report::parse(&report)).expect("a real report");
        });
        assert_eq!(info.bytes_total, 0, "{}", entry.dir);
    }
}

#[test]
fn parsing_a_quote_allocates_its_two_reports_however_much_follows_them() {
    let root = fixtures::registry_root();
    for entry in fixtures::index(&root).iter().filter(|entry| entry.tee != FixtureTee::Snp) {
        let quote = entry.evidence(&root);
        let longer = [quote.as_slice(), &[0; 4096]].concat();
        let [short, long] = [&quote, &longer].map(|bytes| {
            let info = measure(|| {
                std::hint::black_box(Quote::parse(bytes)).expect("a real quote");
            });
            (info.count_total, info.bytes_total)
        });
        assert_eq!(short, long, "{}", entry.dir);
        assert!(short.0 <= 2 && short.1 <= 2048, "{}: {short:?}", entry.dir);
    }
}
