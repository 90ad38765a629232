//! Who may depend on whom, and what a crate must not contain: the tables of ARCHITECTURE.md, held against
//! `cargo metadata`.

mod graph;
mod rules;
mod sources;

use std::collections::BTreeSet;

use graph::Graph;
use rules::{Breach, TESTS, breaches};

/// The ten packages that the design names.
const DESIGN_CARD: &[&str] = &[
    "sev",
    "tdx-quote",
    "p384",
    "sha2",
    "x509-cert",
    "aes-gcm",
    "actix-web",
    "tokio",
    "rustls",
    "serde_cbor",
];

const DOCUMENT: &str = include_str!("../../docs/dependencies.md");

fn breaches_of(edges: &[(&str, &[&str])]) -> Vec<Breach> {
    breaches(&Graph::synthetic(edges))
}

fn breach(package: &str, rule: &'static str, found: &str) -> Breach {
    Breach { package: package.to_owned(), rule, found: found.to_owned() }
}

#[test]
fn the_workspace_keeps_to_the_table() {
    let graph = Graph::of_the_workspace();
    assert!(graph.ours().count() >= 14, "the members are there");
    assert!(
        graph.closure("kbs").contains("tokio"),
        "the server's runtime is seen, so a missing edge would be too"
    );
    assert_eq!(breaches(&graph), Vec::<Breach>::new());
}

/// docs/dependencies.md tells users where each package of the design is used; the second column is held to the truth.
#[test]
fn the_documentation_names_who_uses_each_package_of_the_design() {
    let graph = Graph::of_the_workspace();
    let mut wrong = Vec::new();
    for package in DESIGN_CARD {
        let start = format!("| `{package}` | ");
        let row = DOCUMENT.lines().find_map(|line| line.strip_prefix(&start)).expect("a row of the package");
        let users = row.split(" | ").next().unwrap_or_default();
        let documented: BTreeSet<&str> = users.split('`').skip(1).step_by(2).collect();
        let actual: BTreeSet<&str> =
            graph.ours().filter(|ours| !TESTS.contains(ours) && graph.declares(ours, package)).collect();
        if documented != actual {
            wrong.push(format!("{package}: documented {documented:?}, actual {actual:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_synthetic_workspace_that_keeps_to_the_table_has_no_breach() {
    let edges: &[(&str, &[&str])] =
        &[("verifier", &["vendor-certs", "sha2"]), ("kbs", &["verifier", "tokio"]), ("vendor-certs", &[])];
    assert_eq!(breaches_of(edges), Vec::<Breach>::new());
}

#[test]
fn rejects_an_arrow_that_points_outward() {
    let expected = vec![breach("verifier", "may depend on", "kbs-protocol")];
    assert_eq!(breaches_of(&[("verifier", &["kbs-protocol"]), ("kbs-protocol", &[])]), expected);
}

#[test]
fn rejects_a_dependency_on_the_tests_even_for_development() {
    let mut graph = Graph::synthetic(&[("kbs", &[]), ("system-tests", &["kbs"])]);
    graph.add_development("kbs", "system-tests");
    assert_eq!(breaches(&graph), vec![breach("kbs", "nobody depends on", "system-tests")]);
}

#[test]
fn rejects_a_member_without_a_row() {
    let mut graph = Graph::synthetic(&[("kbs", &[])]);
    graph.add_member("newcomer");
    assert_eq!(breaches(&graph), vec![breach("newcomer", "has a row", "no row")]);
}

#[test]
fn rejects_a_runtime_deep_below_a_pure_crate() {
    let edges: &[(&str, &[&str])] = &[("weights", &["innocent"]), ("innocent", &["tokio"])];
    assert_eq!(breaches_of(edges), vec![breach("weights", "pure crates do not contain", "tokio")]);
}

#[test]
fn rejects_the_systems_randomness_in_a_pure_crate() {
    let expected = vec![breach("kbs-protocol", "pure crates do not use", "getrandom")];
    assert_eq!(breaches_of(&[("kbs-protocol", &["getrandom"])]), expected);
}

#[test]
fn rejects_the_verifier_in_the_measured_agent() {
    let edges: &[(&str, &[&str])] =
        &[("guest-agent", &["innocent"]), ("innocent", &["verifier"]), ("verifier", &[])];
    assert_eq!(
        breaches_of(edges),
        vec![breach("guest-agent", "the measured agent does not contain", "verifier")]
    );
}

#[test]
fn rejects_a_minter_in_the_broker() {
    let edges: &[(&str, &[&str])] = &[("kbs", &["innocent"]), ("innocent", &["sim"]), ("sim", &[])];
    assert_eq!(breaches_of(edges), vec![breach("kbs", "the broker does not contain", "sim")]);
}

#[test]
fn rejects_a_peer_and_a_replaced_package_in_a_product() {
    let expected = vec![
        breach("endorsements", "products do not contain", "dcap-qvl"),
        breach("kbs", "products do not contain", "serde_cbor"),
    ];
    assert_eq!(breaches_of(&[("endorsements", &["dcap-qvl"]), ("kbs", &["serde_cbor"])]), expected);
}

#[test]
fn rejects_the_policy_engine_below_the_core_and_rego_outside_the_engine() {
    let edges: &[(&str, &[&str])] =
        &[("verifier", &["reference-values"]), ("reference-values", &["innocent"])];
    let below: &[(&str, &[&str])] = &[("innocent", &["regorus"])];
    let expected = vec![
        breach("reference-values", "the core does not contain", "regorus"),
        breach("verifier", "the core does not contain", "regorus"),
    ];
    assert_eq!(breaches_of(&[edges, below].concat()), expected);
    let expected = vec![breach("kbs", "only the policy engine uses", "regorus")];
    assert_eq!(breaches_of(&[("kbs", &["policy", "regorus"]), ("policy", &["regorus"])]), expected);
}

#[test]
fn rejects_the_sev_package_outside_the_guest_agent() {
    let expected = vec![breach("endorsements", "only the guest agent uses", "sev")];
    assert_eq!(breaches_of(&[("guest-agent", &["sev"]), ("endorsements", &["sev"])]), expected);
}

#[test]
fn rejects_certificate_parsing_in_the_broker() {
    assert_eq!(
        breaches_of(&[("kbs", &["x509-cert"])]),
        vec![breach("kbs", "leaves parsing to the verifier", "x509-cert")]
    );
}
