//! Collateral that the operator still has to find.

use kbs_protocol::Tee;
use system_tests::broker::{Draft, Settings, Site, call};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key};

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
    // A stranger's flood shows where the operator looks, and nowhere in the store.
    let authorization = bearer(&bench.site.operator.token());
    let header = [("authorization", authorization.as_str())];
    let noted = call(bench.broker.address, "GET", "/v1/refusals", &header, None);
    let noted: serde_json::Value = serde_json::from_slice(&noted.body).unwrap();
    assert_eq!(noted["refused"], 2);
    // Guests of other machines are served meanwhile.
    bench.honest(&bench.site.amd.machine);
    bench.site.endorse("another", &platform);
    wait_for_a_look();
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
        wait_for_a_look();
    }
    assert_eq!(bench.repeat(&session, &body).status, 200);
    bench.honest(&bench.site.intel.machine);
}

/// The folder is looked at once in a second, however often something is missing.
fn wait_for_a_look() {
    std::thread::sleep(std::time::Duration::from_millis(1100));
}
