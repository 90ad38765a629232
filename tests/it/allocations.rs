//! Parsers of reports and quotes allocate nothing that grows with their input, and a verification nothing that grows with the
//! fleet whose certificates lie beside it.

use allocation_counter::measure;
use sim::SeededRng;
use sim::amd::{Chip, SigningChoice};
use system_tests::fixtures::{self, FixtureTee};
use system_tests::minted::{Amd, NOW, REPORT_DATA};
use verifier::anchors::Anchors;
use verifier::check::Trail;
use verifier::dcap::Quote;
use verifier::endorsements::Endorsements;
use verifier::evidence::{Evidence, EvidenceInput};
use verifier::expected::Expected;
use verifier::snp::Report;
use verifier::time::UnixTime;
use verifier::verify::verify;

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

#[test]
fn a_report_is_verified_without_a_look_at_the_certificates_of_other_chips() {
    let amd = Amd::new();
    let case = amd.case(|_, _| ());
    let mut anchors = Anchors::vendor().unwrap();
    anchors.danger_add("danger_amd", &amd.vendor.ark.certificate).unwrap();
    let input = EvidenceInput::decode(&case.evidence, None).unwrap();
    let others = |count: usize| {
        let rng = &mut SeededRng::new("allocations: a fleet");
        (0..count)
            .map(|_| {
                let chip = Chip::new(amd.chip.product, rng);
                amd.vendor.endorse(&chip, SigningChoice::Vcek, NOW).unwrap()
            })
            .collect::<Vec<_>>()
    };
    let [alone, in_a_fleet] = [0, 200].map(|count| {
        let mut endorsements = Endorsements::new();
        for other in others(count) {
            endorsements.add("other", &other).unwrap();
        }
        for (name, file) in &case.endorsements {
            endorsements.add(name, file).unwrap();
        }
        let once = || {
            let evidence = Evidence::parse(&input).unwrap();
            let expected = Expected::report_data(REPORT_DATA);
            let now = UnixTime::from_secs(NOW);
            verify(&evidence, &endorsements, &anchors, &expected, now, &mut Trail::new()).unwrap();
        };
        once();
        let info = measure(once);
        (info.count_total, info.bytes_total)
    });
    assert_eq!(alone, in_a_fleet);
}
