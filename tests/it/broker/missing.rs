//! Collateral that the operator still has to find.

use kbs_protocol::Tee;
use system_tests::broker::{Draft, Site};

use super::bench::{Bench, new_key};

#[test]
fn missing_endorsement_is_the_operators_business_and_the_same_guest_passes_once_it_is_there() {
    let bench = Bench::new();
    let platform = Site::another_amd();
    let session = bench.auth(Tee::Snp);
    let body = Draft::honest(&session, &platform.machine, &new_key()).finish();
    for _ in 0..2 {
        let answer = bench.repeat(&session, &body);
        bench.refused("no VCEK", &answer, (503, "endorsement-missing", &[]));
        assert!(answer.header("retry-after").is_some());
    }
    // Guests of other machines are served meanwhile.
    bench.honest(&bench.site.amd.machine);
    bench.site.endorse("another", &platform);
    assert_eq!(bench.repeat(&session, &body).status, 200);
    let other = Draft::honest(&session, &platform.machine, &new_key()).finish();
    let spent = (401, "AttestationError", &["spent"][..]);
    bench.refused("another body", &bench.repeat(&session, &other), spent);
    bench.honest(&platform.machine);
}
