//! What the published vectors cover, so that none of it is lost unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use system_tests::summary::announce;

use super::contract::Vector;
use super::{published, published_blobs, read};
use crate::checks::sources;

/// How many cases there are: who adds or takes away one says so here.
const CASES: usize = 1827;

#[test]
fn published_vectors_cover_every_status_product_form_and_rule() {
    let vectors = published();
    let failed: BTreeSet<&String> = vectors.iter().flat_map(|one| &one.expect.failed).collect();
    let kinds: BTreeSet<&String> = vectors.iter().filter_map(|one| one.expect.error.as_ref()).collect();
    announce(&format!(
        "vectors: {} checks fail in one or more, {} kinds of refusal",
        failed.len(),
        kinds.len()
    ));
    assert_eq!((vectors.len(), failed.len(), kinds.len()), (CASES, 86, 46));
    for tee in ["tdx", "sgx"] {
        let statuses: BTreeSet<&str> = vectors
            .iter()
            .filter(|one| one.tee == tee)
            .filter_map(|one| one.expect.tcb_status.as_deref())
            .collect();
        let known = STATUSES.into_iter().filter(|status| tee == "tdx" || !status.starts_with("TDRelaunch"));
        assert_eq!(statuses, known.collect(), "{tee}");
    }
    let most = vectors.iter().map(|one| one.expect.advisories.len()).max();
    assert!(most >= Some(4), "at most {most:?} advisories");
    let instants: BTreeSet<&String> = vectors.iter().map(|one| &one.at).collect();
    let policies: BTreeSet<String> = vectors.iter().map(|one| one.policy.to_string()).collect();
    assert!(instants.len() >= 9 && policies.len() >= 190, "{} {}", instants.len(), policies.len());
    for vector in &vectors {
        assert!(!vector.title.is_empty(), "{} has no title", vector.id);
    }
}

#[test]
fn published_vectors_cover_each_product_version_and_key_of_snp() {
    let (vectors, blobs) = (published(), published_blobs());
    let mut found = BTreeSet::new();
    let raw = |one: &&Vector| one.form == "snp-report" && one.expect.verified;
    for vector in vectors.iter().filter(raw) {
        let (report, root) = (&blobs[&vector.evidence], &blobs[&vector.roots[0]]);
        let names = |product: &&str| has(root, format!("ARK-{product}").as_bytes());
        // A root of another name endorses nobody's product.
        let Some(product) = PRODUCTS.into_iter().find(names) else { continue };
        let key = if report[0x48] >> 2 & 7 == 1 { "VLEK" } else { "VCEK" };
        found.insert((product, report[0], key));
    }
    let keys = |version: u8| ["VCEK", "VLEK"].map(|key| (version, key));
    let each = |product| (2..=5).flat_map(keys).map(move |(version, key)| (product, version, key));
    assert_eq!(found, PRODUCTS.into_iter().flat_map(each).collect());
}

#[test]
fn published_vectors_cover_each_form_of_quote_and_each_way_in() {
    let (vectors, blobs) = (published(), published_blobs());
    let believed = || vectors.iter().filter(|one| one.expect.verified);
    let mut quotes = BTreeSet::new();
    for quote in believed().filter(|one| one.form == "quote").map(|one| &blobs[&one.evidence]) {
        // From version 5 on the body's type follows the header of 48 bytes.
        quotes.insert((quote[0], quote[4], if quote[0] == 5 { quote[48] } else { 0 }));
    }
    assert_eq!(quotes, QUOTES.into());
    let forms: BTreeSet<(&str, &str)> = believed().map(|one| (&*one.tee, &*one.form)).collect();
    assert_eq!(forms, FORMS.into());
    let roles: BTreeSet<&str> =
        vectors.iter().flat_map(|one| &one.endorsements).map(|given| &*given.role).collect();
    assert_eq!(roles, ROLES.into());
}

#[test]
fn published_vectors_cover_each_state_of_each_vendors_crls() {
    let ids = ids();
    let tests = [
        "amds_intermediate_is_asked_of_the_roots_crl/",
        "amds_authority_for_loaded_keys_is_asked_of_the_roots_crl/",
        "intels_platform_is_asked_of_its_cas_crl/platform-",
        "intels_platform_is_asked_of_its_cas_crl/processor-",
        "intels_intermediates_are_asked_of_the_roots_crl/platform-ca-",
        "intels_intermediates_are_asked_of_the_roots_crl/processor-ca-",
    ];
    for test in tests {
        for state in CRL_STATES {
            for rule in ["required", "if-available"] {
                let id = format!("revocation::{test}{state}-{rule}");
                assert!(ids.contains(&id), "{id} is not published");
            }
        }
    }
    for state in ["revoked", "revoked-and-stale"] {
        let id = format!("revocation::intels_intermediates_are_asked_of_the_roots_crl/tcb-signer-{state}");
        assert!(ids.contains(&format!("{id}-required")), "{id} is not published");
    }
}

/// A case whose test is gone is stated by nobody. What a test judges that is not published fails in that test.
#[test]
fn published_vectors_have_tests_that_exist() {
    let text: String = sources("tests/it").into_iter().map(|(_, text)| text).collect();
    for id in ids() {
        let (test, _) = id.split_once('/').unwrap();
        let name = test.rsplit("::").next().unwrap();
        assert!(text.contains(&format!("fn {name}()")), "{id}: there is no test {name}");
    }
}

/// Each kind and scope of the refusals has one line in the README, and each line a case.
#[test]
fn published_vectors_have_every_kind_of_refusal_in_the_readme() {
    let page = String::from_utf8(read("README.md")).unwrap();
    let table = page.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).unwrap().0;
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, kind, scope, rule, _] = cells[..] else { panic!("{row}") };
        assert!(!rule.is_empty(), "{row}");
        *told.entry((kind.trim_matches('`').to_owned(), scope.trim_matches('`').to_owned())).or_default() +=
            1;
    }
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for vector in published() {
        assert_eq!(vector.scope.is_some(), !vector.expect.verified, "{}", vector.id);
        if let Some(kind) = vector.expect.error {
            found.insert((kind, vector.scope.unwrap_or_else(|| "none".to_owned())), 1);
        }
    }
    assert_eq!(told, found);
}

/// All ids, those of cases that several tests state too.
fn ids() -> BTreeSet<String> {
    published().into_iter().flat_map(|one| [vec![one.id], one.also].concat()).collect()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

const BEGIN: &str = "<!-- refusals: begin -->\n";
const END: &str = "<!-- refusals: end -->\n";
const PRODUCTS: [&str; 3] = ["Milan", "Genoa", "Turin"];

/// Version, type of the TEE (0 SGX, 0x81 TDX), and from version 5 on type of the body: 1 SGX, 2 TD 1.0, 3 TD 1.5, 4 extended.
const QUOTES: [(u8, u8, u8); 7] =
    [(3, 0, 0), (4, 0, 0), (4, 0x81, 0), (5, 0, 1), (5, 0x81, 2), (5, 0x81, 3), (5, 0x81, 4)];

const FORMS: [(&str, &str); 8] = [
    ("sgx", "quote"),
    ("snp", "cmw"),
    ("snp", "coco-json"),
    ("snp", "snp-report"),
    ("snp", "snp-report-with-certificates"),
    ("tdx", "cmw"),
    ("tdx", "coco-json"),
    ("tdx", "quote"),
];

const ROLES: [&str; 10] = [
    "vek",
    "ask",
    "ark-crl",
    "id-block",
    "tcb-info",
    "qe-identity",
    "tcb-signing-chain",
    "root-ca-crl",
    "pck-crl",
    "other",
];

/// Of `tests/it/revocation.rs`.
const CRL_STATES: [&str; 10] = [
    "good",
    "absent",
    "stale",
    "at-its-end",
    "future",
    "at-its-start",
    "no-next-update",
    "stranger",
    "revoked",
    "revoked-and-stale",
];

/// Intel PCS API version 4, tcbStatus; what a TD's launch adds (Intel's QVL); and what matches no level.
const STATUSES: [&str; 10] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
    "Revoked",
    "NoMatch",
];
