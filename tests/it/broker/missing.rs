//! Collateral that the operator still has to find.

use kbs_protocol::Tee;
use system_tests::broker::{Draft, Settings, Site};

use super::bench::{Bench, RESOURCE, SECRET, new_key};

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

#[test]
fn a_quote_waits_for_its_collateral_and_passes_once_it_is_there() {
    let site = Site::new();
    let names = ["tcb_info.json", "qe_identity.json", "tcb_signing_chain.pem"];
    let path = |name: &str| format!("endorsements/intel-{name}");
    let taken = names.map(|name| site.take(&path(name)));
    let broker = site.start(Settings::default());
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    let bench = Bench { site, broker };
    let session = bench.auth(Tee::Tdx);
    let body = Draft::honest(&session, &bench.site.intel.machine, &new_key()).finish();
    for (name, content) in names.into_iter().zip(&taken) {
        let answer = bench.repeat(&session, &body);
        bench.refused(name, &answer, (503, "endorsement-missing", &["needed and not given"]));
        bench.site.write(&path(name), content);
    }
    assert_eq!(bench.repeat(&session, &body).status, 200);
    bench.honest(&bench.site.intel.machine);
}
