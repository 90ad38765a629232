//! `vouchsafe.verify/1` over all TEEs, as docs/verdict.md has it: the same member means, and is, the same everywhere.
#![expect(clippy::disallowed_methods, reason = "a test that reads the document")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use system_tests::binaries;
use verifier::policy::Policy;
use verifier::trust::Scope;
use verifier::verdict::Verdict;

use super::{every_tee, judge};
use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;

const TEES: [&str; 3] = ["snp", "tdx", "sgx"];

/// Path to types: the rows of the page's tables.
type Schema = BTreeMap<String, BTreeSet<String>>;

/// Rows `| member | type | … |` of a section; `*` stands for every member of a map or list.
fn schema(section: &str) -> Schema {
    let page = std::fs::read_to_string(binaries::root().join("docs/verdict.md")).unwrap();
    let heading = format!("## {section}\n");
    let text = page.split_once(&heading).map(|(_, rest)| rest.split("\n## ").next().unwrap()).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| {
        let (path, rest) = row.split_once("` | ").unwrap();
        let types = rest.split(" | ").next().unwrap().split(" or ");
        (path.to_owned(), types.map(str::to_owned).collect())
    });
    rows.collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// Every member on every level, by its path as the page writes it.
fn walk(path: &str, value: &Value, schema: &Schema, seen: &mut BTreeMap<String, BTreeSet<String>>) {
    if !path.is_empty() {
        seen.entry(path.to_owned()).or_default().insert(type_of(value).to_owned());
    }
    // What is of no fixed form is not walked into.
    if schema.get(path).is_some_and(|types| types.contains("any")) {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let star = below("*");
                let path = if schema.contains_key(&star) { star } else { below(name) };
                walk(&path, member, schema, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(&below("*"), item, schema, seen)),
        _ => {}
    }
}

/// That the verdict has every member that the page names, of the types that it names, and no other.
fn conforms(name: &str, verdict: &Verdict, schema: &Schema) {
    let json = serde_json::to_value(verdict).unwrap();
    let mut seen = BTreeMap::new();
    walk("", &json, schema, &mut seen);
    for (path, types) in &seen {
        let Some(known) = schema.get(path) else { panic!("{name}: {path} is not on the page") };
        let ok = known.contains("any") || types.is_subset(known);
        assert!(ok, "{name}: {path} is {types:?}, the page says {known:?}");
    }
    // A member below a list or a map that is empty here, or below null, cannot be seen.
    let tee = verdict.tee.map_or("", |tee| tee.as_str());
    let others = |path: &str| {
        let own = path.strip_prefix("claims.").filter(|name| TEES.contains(name));
        own.is_some_and(|name| name != tee)
    };
    for path in schema.keys().filter(|path| !seen.contains_key(*path) && !others(path)) {
        let parents = path.match_indices('.').map(|(at, _)| &path[..at]);
        let hidden = parents.clone().any(|parent| match json_at(&json, parent) {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(members)) => members.is_empty(),
            Some(_) => false,
        });
        assert!(hidden, "{name}: {path} is on the page and not in the verdict");
    }
}

fn json_at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(json, |value, name| match (name, value) {
        ("*", Value::Array(items)) => items.first(),
        ("*", Value::Object(members)) => members.values().next(),
        (name, Value::Object(members)) => members.get(name),
        _ => None,
    })
}

#[test]
fn the_verdict_of_every_tee_has_the_members_and_types_of_the_page() {
    let mut schema = schema("Every member");
    schema.extend(self::schema("Claims that mean the same on every TEE"));
    assert!(schema.len() > 40, "{} rows were read", schema.len());
    for (name, case) in every_tee() {
        let verdict = judge(&case, &Policy::default());
        assert_eq!(verdict.exit_code(), 0, "{name}: {:?}", verdict.failed().collect::<Vec<_>>());
        conforms(&name, &verdict, &schema);
        // Believed and not liked; genuine without collateral; forged; no evidence at all.
        conforms(&name, &case.verdict(&Policy::default(), Scope::Hardware), &schema);
        let mut forged = case.clone();
        let last = forged.evidence.len() / 3;
        forged.evidence[last] ^= 1;
        let verdict = forged.verdict(&Policy::default(), Scope::Full);
        assert_eq!(verdict.exit_code(), 3, "{name}");
        conforms(&name, &verdict, &schema);
        forged.evidence = b"nothing".to_vec();
        conforms(&name, &forged.verdict(&Policy::default(), Scope::Full), &schema);
    }
    let without = Dcap::good().mint().without("tcb-info").verdict(&Policy::default(), Scope::Full);
    assert_eq!((without.exit_code(), without.verified), (4, true));
    conforms("without collateral", &without, &schema);
    let without = Snp::good().mint().without("vek").verdict(&Policy::default(), Scope::Full);
    assert_eq!((without.exit_code(), without.verified), (4, false));
    conforms("without VCEK", &without, &schema);
}

#[test]
fn the_common_claims_are_there_with_one_type_on_every_tee() {
    let common = schema("Claims that mean the same on every TEE");
    let names: BTreeSet<&str> = common.keys().filter_map(|path| path.strip_prefix("claims.")).collect();
    let expected = ["debug", "host_data", "launch_digest", "platform_id", "report_data"];
    assert_eq!(names, BTreeSet::from(expected));
    let mut tees = BTreeSet::new();
    for (name, case) in every_tee() {
        let verdict = judge(&case, &Policy::default());
        let tee = verdict.tee.unwrap().as_str();
        tees.insert(tee);
        let claims = serde_json::to_value(&verdict.claims).unwrap();
        let mut found: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(found.remove(tee), "{name}: the TEE's own claims");
        assert_eq!(found, BTreeSet::from(expected), "{name}");
        assert_eq!((type_of(&claims["debug"]), &claims["debug"]), ("boolean", &Value::Bool(false)), "{name}");
        let length = |name: &str| claims[name].as_str().map(|text| hex::decode(text).unwrap().len());
        let measurement = if tee == "sgx" { 32 } else { 48 };
        assert_eq!(length("launch_digest"), Some(measurement), "{name}");
        assert_eq!(length("report_data"), Some(64), "{name}");
        let host_data = [("snp", 32), ("tdx", 48), ("sgx", 64)].into_iter().find(|(known, _)| *known == tee);
        assert_eq!(length("host_data"), host_data.map(|(_, length)| length), "{name}");
        let expected = if tee == "snp" { 64 } else { 16 };
        // A VLEK is of a provider and names no chip in its certificate; the report may still name one.
        assert!(
            matches!(length("platform_id"), None | Some(_))
                && length("platform_id").unwrap_or(expected) == expected
        );
    }
    assert_eq!(tees, BTreeSet::from(TEES));
}

#[test]
fn a_debug_guest_says_so_in_the_same_words_on_every_tee() {
    let snp = Snp::good().but(|snp| snp.report.policy |= 1 << 19).mint();
    let tdx = Dcap::good().but(|dcap| dcap.td().td_attributes |= 1).mint();
    let sgx = Dcap::of(sim::intel::QuoteForm::Sgx).but(|dcap| dcap.enclave().attributes[0] |= 2).mint();
    for case in [snp, tdx, sgx] {
        let verdict = judge(&case, &Policy::default());
        let claims = serde_json::to_value(&verdict.claims).unwrap();
        let failed: Vec<&str> = verdict.failed().map(|check| check.id).collect();
        let found = (&claims["debug"], failed, verdict.trust_vector.configuration);
        assert_eq!(found, (&Value::Bool(true), vec!["appraise.debug"], 96), "{:?}", verdict.tee);
    }
}

#[test]
fn what_was_enforced_is_in_every_verdict_whatever_became_of_it() {
    let policy = Policy { danger_accept_sample: true, ..Policy::default() };
    for (name, mut case) in every_tee() {
        for evidence in [case.evidence.clone(), b"nothing".to_vec()] {
            case.evidence = evidence;
            let json = serde_json::to_value(case.verdict(&policy, Scope::Hardware)).unwrap();
            assert_eq!(json["enforced"]["scope"], "hardware", "{name}");
            assert_eq!(json["enforced"]["policy"], serde_json::to_value(&policy).unwrap(), "{name}");
        }
    }
}
