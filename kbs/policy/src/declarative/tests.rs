use kbs_protocol::ResourcePath;
use serde_json::json;

use super::*;

const EVIDENCE: &str = "ear.veraison.annotated-evidence";

/// One rule with these keys besides its name.
fn rule(keys: &str) -> String {
    format!("[[allow]]\nname = \"models\"\nresource = \"models/*/*\"\n{keys}\n")
}

fn ask_with(text: &str, claims: &Value, path: &str, query: &[(&str, &str)]) -> Outcome {
    let path = ResourcePath::parse(path).unwrap();
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Rules::parse(text).unwrap().authorize(claims, &Request { path: &path, query: &query })
}

fn ask(keys: &str, claims: &Value) -> Outcome {
    ask_with(&rule(keys), claims, "models/key/llama", &[])
}

fn refused(text: &str) -> Option<PolicyError> {
    Rules::parse(text).err()
}

fn allowed() -> Outcome {
    Outcome::Allow { rule: "models".to_owned() }
}

fn denied(condition: Condition) -> Outcome {
    let unmet = vec![Unmet { rule: "models".to_owned(), condition }];
    Outcome::Deny { because: Denied::NoRule { unmet } }
}

/// The claims of an affirmed guest with init-data.
fn claims() -> Value {
    json!({"submods": {"cpu0": {
        "ear.status": "affirming",
        EVIDENCE: {
            "snp": {"launch-digest": "ab", "svn": 3, "debug": false, "list": ["ab"]},
            "init_data": "00ff",
            "init_data_claims": {"aa.toml": {"url": "https://a"}, "team": "red"},
        },
        "ear.vouchsafe": {"danger_root": null},
    }}})
}

/// The same with one thing changed.
fn but(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims();
    change(&mut claims["submods"]);
    claims
}

#[test]
fn a_rule_asks_every_submodule_to_be_affirming_unless_it_says_otherwise() {
    let at = |status: &str| but(|submods| submods["cpu0"]["ear.status"] = json!(status));
    let tier = |submodule: &str| denied(Condition::Tier { submodule: submodule.to_owned() });
    assert_eq!(ask("", &claims()), allowed());
    assert_eq!(ask("tier = \"warning\"", &at("warning")), allowed());
    assert_eq!(ask("", &at("warning")), tier("cpu0"));
    for status in ["contraindicated", "none", "Affirming", ""] {
        assert_eq!(ask("tier = \"warning\"", &at(status)), tier("cpu0"), "{status}");
    }
    let device = |status: &str| but(|submods| submods["gpu0"] = json!({"ear.status": status, EVIDENCE: {}}));
    assert_eq!(ask("", &device("affirming")), allowed());
    assert_eq!(ask("", &device("warning")), tier("gpu0"));
    let no_cpu = json!({"submods": {"gpu0": {"ear.status": "affirming", EVIDENCE: {}}}});
    assert_eq!(ask("", &no_cpu), tier("cpu0"));
}

#[test]
fn missing_data_denies() {
    for claims in
        [json!(null), json!({}), json!({"submods": {}}), json!({"submods": {"cpu0": {}}}), json!([1])]
    {
        let Outcome::Deny { because: Denied::NoRule { unmet } } = ask("", &claims) else {
            panic!("{claims} is allowed");
        };
        let tier = Condition::Tier { submodule: "cpu0".to_owned() };
        assert!(unmet.iter().any(|unmet| unmet.condition == tier), "{claims}");
    }
}

#[test]
fn a_star_is_one_whole_segment_and_everything_else_is_exact() {
    let named = |resource: &str| format!("[[allow]]\nname = \"models\"\nresource = {resource}\n");
    for (resource, path, expected) in [
        ("\"models/*/*\"", "models/key/llama", true),
        ("\"models/key/llama\"", "models/key/llama", true),
        ("\"*/*/*\"", "models/key/llama", true),
        ("[\"a/b/c\", \"models/key/*\"]", "models/key/llama", true),
        ("\"models/key/llama\"", "models/key/llama2", false),
        ("\"models/key/llama\"", "models/key/Llama", false),
        ("\"model/*/*\"", "models/key/llama", false),
        ("\"models/key/l.ama\"", "models/key/llama", false),
        ("[]", "models/key/llama", false),
    ] {
        let found = ask_with(&named(resource), &claims(), path, &[]);
        let other = denied(Condition::Resource);
        assert_eq!(found, if expected { allowed() } else { other }, "{resource}");
    }
    for resource in
        ["models/*", "models/**/x", "models/k*/x", "models/key/llama/x", "models//x", "../key/x", "m/k/x?y"]
    {
        let Some(PolicyError::Syntax { at, .. }) = refused(&named(&format!("\"{resource}\""))) else {
            panic!("{resource} is taken");
        };
        assert_eq!(at, Position { line: 3, column: 12 }, "{resource}");
    }
}

#[test]
fn the_whole_query_is_the_rules() {
    let ask =
        |keys: &str, query: &[(&str, &str)]| ask_with(&rule(keys), &claims(), "models/key/llama", query);
    assert_eq!(ask("query = { version = \"1\" }", &[("version", "1")]), allowed());
    for (keys, query) in [
        ("query = { version = \"1\" }", &[][..]),
        ("query = { version = \"1\" }", &[("version", "2")][..]),
        ("query = { version = \"1\" }", &[("version", "1"), ("more", "")][..]),
        ("", &[("version", "1")][..]),
    ] {
        assert_eq!(ask(keys, query), denied(Condition::Query), "{keys} {query:?}");
    }
}

#[test]
fn a_rule_may_ask_for_a_tee() {
    assert_eq!(ask("tee = \"snp\"", &claims()), allowed());
    assert_eq!(ask("tee = [\"tdx\", \"snp\"]", &claims()), allowed());
    assert_eq!(ask("tee = [\"tdx\"]", &claims()), denied(Condition::Tee));
    assert_eq!(ask("tee = []", &claims()), denied(Condition::Tee));
}

#[test]
fn simulated_and_sample_hardware_is_never_allowed_without_its_danger() {
    for (name, claims) in [
        ("root", but(|submods| submods["cpu0"]["ear.vouchsafe"]["danger_root"] = json!("danger_x"))),
        ("sample", but(|submods| submods["cpu0"][EVIDENCE]["sample"] = json!({}))),
        (
            "device",
            but(|submods| {
                submods["gpu0"] = json!({"ear.status": "affirming", EVIDENCE: {"sampledevice": {}}});
            }),
        ),
        ("no evidence", but(|submods| submods["gpu0"] = json!({"ear.status": "affirming"}))),
    ] {
        assert_eq!(ask("", &claims), denied(Condition::DangerAllowSimulated), "{name}");
        assert_eq!(
            ask("danger_allow_simulated = false", &claims),
            denied(Condition::DangerAllowSimulated),
            "{name}"
        );
        assert_eq!(ask("danger_allow_simulated = true", &claims), allowed(), "{name}");
    }
    let rules = Rules::parse(&rule("danger_allow_simulated = true")).unwrap();
    assert_eq!(rules.dangers(), ["models"]);
    assert_eq!(Rules::parse(&rule("")).unwrap().dangers(), Vec::<String>::new());
}

#[test]
fn init_data_that_a_rule_wants_and_that_is_absent_or_not_bound_denies() {
    assert_eq!(ask("init-data = true", &claims()), allowed());
    for (name, claims) in [
        ("no claims", but(|submods| submods["cpu0"][EVIDENCE]["init_data_claims"] = json!(null))),
        (
            "no digest",
            but(|submods| drop(submods["cpu0"][EVIDENCE].as_object_mut().unwrap().remove("init_data"))),
        ),
        ("empty digest", but(|submods| submods["cpu0"][EVIDENCE]["init_data"] = json!(""))),
    ] {
        assert_eq!(ask("init-data = true", &claims), denied(Condition::InitData), "{name}");
        assert_eq!(ask("init-data = false", &claims), allowed(), "{name}");
        let Outcome::Deny { because: Denied::NoRule { unmet } } =
            ask("init-data-claims = { team = \"red\" }", &claims)
        else {
            panic!("{name}: a claim of init-data that is not there holds");
        };
        let wanted = [Condition::InitData, Condition::InitDataClaims { path: "team".to_owned() }];
        assert_eq!(unmet.into_iter().map(|unmet| unmet.condition).collect::<Vec<_>>(), wanted, "{name}");
    }
}

#[test]
fn claims_are_equal_or_deny() {
    for keys in [
        "claims = { \"snp.launch-digest\" = \"ab\" }",
        "claims = { \"snp.launch-digest\" = [\"cd\", \"ab\"] }",
        "claims = { \"/snp/launch-digest\" = \"ab\", \"snp.svn\" = 3, \"snp.debug\" = false }",
        "[allow.claims]\n\"snp.launch-digest\" = [\"ab\"]\n\"snp.svn\" = [2, 3]",
        "init-data-claims = { \"/aa.toml/url\" = \"https://a\", team = [\"blue\", \"red\"] }",
    ] {
        assert_eq!(ask(keys, &claims()), allowed(), "{keys}");
    }
    for (path, wanted) in [
        ("snp.launch-digest", "\"AB\""),
        ("snp.launch-digest", "[]"),
        ("snp.launch-digest", "true"),
        ("snp.svn", "\"3\""),
        ("snp.svn", "4"),
        ("snp.debug", "true"),
        ("snp.list", "\"ab\""),
        ("snp", "\"ab\""),
        ("snp.absent", "\"\""),
        ("tdx.launch-digest", "\"ab\""),
        ("/snp/list/1", "\"ab\""),
    ] {
        let found = ask(&format!("claims = {{ \"{path}\" = {wanted} }}"), &claims());
        assert_eq!(found, denied(Condition::Claims { path: path.to_owned() }), "{path} = {wanted}");
    }
    let other = denied(Condition::InitDataClaims { path: "aa.toml.url".to_owned() });
    assert_eq!(ask("init-data-claims = { \"aa.toml.url\" = \"https://a\" }", &claims()), other);
}

#[test]
fn rules_are_alternatives_and_every_key_of_one_must_hold() {
    let text = "[[allow]]\nname = \"tdx\"\nresource = \"*/*/*\"\ntee = \"tdx\"\ninit-data = true\n\
                [[allow]]\nname = \"other\"\nresource = \"other/*/*\"\n\
                [[allow]]\nname = \"snp\"\nresource = \"*/*/*\"\ntee = \"snp\"\nclaims = { \"snp.svn\" = 3 }\n";
    let ask = |claims: &Value| ask_with(text, claims, "models/key/llama", &[]);
    assert_eq!(ask(&claims()), Outcome::Allow { rule: "snp".to_owned() });
    let older = but(|submods| submods["cpu0"][EVIDENCE]["snp"]["svn"] = json!(2));
    let Outcome::Deny { because } = ask(&older) else { panic!("an older platform is allowed") };
    let Denied::NoRule { unmet } = &because else { panic!("{because:?}") };
    let lines: Vec<String> = unmet.iter().map(ToString::to_string).collect();
    let expected = [
        "tdx: tee: another, or none",
        "other: resource: another was asked for",
        "snp: claims: \"snp.svn\" is absent or another",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn rejects_unknown_keys_and_values_with_their_place() {
    for (keys, line, column) in [
        ("teir = \"affirming\"", 4, 1),
        ("tier = \"contraindicated\"", 4, 8),
        ("tee = \"sample\"", 4, 7),
        ("init-data = 1", 4, 13),
        ("init_data = true", 4, 1),
        ("danger-allow-simulated = true", 4, 1),
        ("claims = { \"a..b\" = 1 }", 4, 12),
        ("claims = { \"a\" = 1.5 }", 4, 18),
        ("query = { a = 1 }", 4, 15),
        ("tier =", 4, 7),
    ] {
        let Some(PolicyError::Syntax { at, reason }) = refused(&rule(keys)) else {
            panic!("{keys} is taken")
        };
        assert_eq!((at.line, at.column), (line, column), "{keys}: {reason}");
    }
    let same = format!("{}{}", rule(""), rule(""));
    let expected = "another rule is called \"models\"".to_owned();
    let Some(PolicyError::Syntax { at, reason }) = refused(&same) else { panic!("one name twice is taken") };
    assert_eq!((at.line, reason), (5, expected));
    for name in ["", "a\\nb"] {
        let text = format!("[[allow]]\nname = \"{name}\"\nresource = \"*/*/*\"\n");
        let Some(PolicyError::Syntax { at, .. }) = refused(&text) else { panic!("{name:?} is taken") };
        assert_eq!(at, Position { line: 2, column: 8 }, "{name:?}");
    }
}

#[test]
fn rejects_a_policy_without_rules_and_one_with_too_many() {
    assert_eq!(refused(""), Some(PolicyError::NoRule { wanted: "[[allow]]" }));
    assert_eq!(refused("allow = []"), Some(PolicyError::NoRule { wanted: "[[allow]]" }));
    let rules = |count: usize| -> String {
        (0..count).map(|at| format!("[[allow]]\nname = \"{at}\"\nresource = \"*/*/*\"\n")).collect()
    };
    assert_eq!(refused(&rules(RULES)), None);
    let expected = PolicyError::TooManyRules { limit: RULES, actual: RULES + 1 };
    assert_eq!(refused(&rules(RULES + 1)), Some(expected));
}
