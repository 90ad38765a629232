use regorus::unstable::BUILTINS;

use super::*;
use crate::error::Ambient;
use crate::limits::Limits;
use crate::rego::Compiled;
use crate::rego::names;

fn refused(text: &str) -> Option<PolicyError> {
    Compiled::new(text, Limits::default(), Host::Nothing).err()
}

fn at(line: u32, column: u32) -> Position {
    Position { line, column }
}

fn policy(body: &str) -> String {
    format!("package policy\nimport rego.v1\n{body}\n")
}

#[test]
fn rejects_what_reads_more_than_its_input_by_name_and_place() {
    for (call, builtin, brings, column) in [
        ("time.now_ns() > 1", "time.now_ns", Ambient::Clock, 12),
        ("x := rand.intn(\"a\", 2); x == 1", "rand.intn", Ambient::Randomness, 17),
        ("uuid.rfc4122(\"a\") == \"\"", "uuid.rfc4122", Ambient::Randomness, 12),
        ("opa.runtime().env.HOME == \"\"", "opa.runtime", Ambient::Environment, 12),
        ("http.send({}).status == 200", "http.send", Ambient::Network, 12),
        ("net.lookup_ip_addr(\"a\") == {}", "net.lookup_ip_addr", Ambient::Network, 12),
        ("print(input)", "print", Ambient::Output, 12),
        ("trace(\"a\")", "trace", Ambient::Output, 12),
        ("[1 | [2 | time.now_ns() > 1]] == []", "time.now_ns", Ambient::Clock, 22),
        ("not time.now_ns() > 1", "time.now_ns", Ambient::Clock, 16),
        ("every x in [1] { time.now_ns() > x }", "time.now_ns", Ambient::Clock, 29),
        ("input.x == 1 with time.now_ns as 1", "time.now_ns", Ambient::Clock, 30),
        ("count([]) == 1 with count as time.now_ns", "time.now_ns", Ambient::Clock, 41),
    ] {
        let text = policy(&format!("allow if {{ {call} }}"));
        let expected = PolicyError::Refused { builtin: builtin.to_owned(), brings, at: at(3, column) };
        assert_eq!(refused(&text), Some(expected), "{call}");
    }
}

#[test]
fn no_other_spelling_hides_a_refused_function() {
    for body in [
        "allow if { time[\"now_ns\"]() > 1 }",
        "allow if { time[\"now\\u005fns\"]() > 1 }",
        "f := time.now_ns\nallow if f > 1",
        "allow if { g := time.now_ns; g > 1 }",
        "default allow := false\nallow := x if { x := time.now_ns() }",
        "f(x) := time.now_ns() if x\nallow if f(1) > 1",
        "allow if { input.a } else := true if { time.now_ns() > 1 }",
        "allow contains time.now_ns() if true",
        "import data.policy.x as time\nallow if { time.now_ns() > 1 }",
        "time.now_ns(x) := 1\nallow if { time.now_ns(2) > 1 }",
    ] {
        let Some(PolicyError::Refused { builtin, brings: Ambient::Clock, .. }) = refused(&policy(body))
        else {
            panic!("{body}: {:?}", refused(&policy(body)));
        };
        assert_eq!(builtin, "time.now_ns", "{body}");
    }
}

#[test]
fn comments_strings_and_claims_of_the_same_name_are_nothing_to_refuse() {
    for body in [
        "# time.now_ns()\nallow if true",
        "allow if { input.x == \"time.now_ns()\" }",
        "allow if { input.x == `http.send({})` }",
        "allow if { input.time.now_ns > 1 }",
        "allow if { input[\"opa\"].runtime }",
        "allow if { data.now_ns > 1; time.parse_rfc3339_ns(data.now) > 1 }",
    ] {
        assert_eq!(refused(&policy(body)), None, "{body}");
    }
}

#[test]
fn rejects_a_function_that_there_is_not_when_it_is_compiled() {
    for (call, name) in [
        ("rego.metadata.rule()", "rego.metadata.rule"),
        ("io.jwt.decode(\"a\")", "io.jwt.decode"),
        ("yaml.unmarshal(\"a\")", "yaml.unmarshal"),
        ("query_reference_value(\"a\")", "query_reference_value"),
        ("conut([])", "conut"),
        ("data.policy.f(1)", "data.policy.f"),
    ] {
        let expected = PolicyError::UnknownFunction { name: name.to_owned(), at: at(4, 3) };
        assert_eq!(refused(&policy(&format!("allow if {{\n  {call}\n}}"))), Some(expected), "{call}");
    }
}

#[test]
fn functions_of_the_policy_are_found_by_every_name_that_they_have() {
    for body in [
        "f(x) := x\nallow if f(1) == 1",
        "f(x) := x\nallow if data.policy.f(1) == 1",
        "a.f(x) := x\nallow if a.f(1) == 1",
        "default f(_) := 1\nf(x) := x if x > 3\nallow if f(1) == 1",
    ] {
        assert_eq!(refused(&policy(body)), None, "{body}");
    }
    let host = Compiled::new(
        &policy("allow if query_reference_value(\"a\")"),
        Limits::default(),
        Host::ReferenceValues,
    );
    assert!(host.is_ok());
}

#[test]
fn every_function_of_this_build_is_either_callable_or_refused() {
    let known: BTreeSet<&str> = names::callable().chain(names::refused()).collect();
    let all = BUILTINS.keys().copied().filter(|name| !name.starts_with("__builtin_"));
    assert_eq!(all.filter(|name| !known.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
    let missing: Vec<&str> = names::callable().filter(|name| !BUILTINS.contains_key(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(names::callable().all(|name| ambient(name).is_none()));
}

#[test]
fn rejects_a_rule_or_function_that_needs_itself() {
    for (body, rule, line) in [
        ("allow if { allow }", "allow", 3),
        ("a := b\nb := a\nallow if a", "a", 3),
        ("f(x) := f(x + 1)\nallow if f(1) == 2", "f", 3),
        ("f(x) := g(x)\ng(x) := f(x)\nallow if f(1) == 2", "f", 3),
        ("allow if { data.policy.allow }", "allow", 3),
        ("allow if { data.policy[input.x] }", "allow", 3),
        ("allow if { data[input.x].y }", "allow", 3),
        ("import data.policy as me\nallow if { me.allow }", "allow", 4),
    ] {
        let expected = PolicyError::Recursion { rule: rule.to_owned(), at: at(line, 1) };
        assert_eq!(refused(&policy(body)), Some(expected), "{body}");
    }
}

#[test]
fn a_variable_with_the_name_of_a_rule_is_no_recursion() {
    for body in [
        "x := f(1)\nf(x) := x\nallow if x == 1",
        "x if { y := 1; y == 1 }\ny if { x := 1; x == 1 }\nallow if x",
        "x if { every y in [1] { y == 1 } }\ny if { every x in [1] { x == 1 } }\nallow if x",
        "x := [y | y := 1]\ny := [x | x := 1]\nallow if x",
        "allow if { data.query.allow; data.plugin; input.allow }",
    ] {
        assert_eq!(refused(&policy(body)), None, "{body}");
    }
}

fn chain(rules: usize) -> String {
    let links: String = (0..rules).map(|link| format!("x{} := x{link} + 1\n", link + 1)).collect();
    policy(&format!("x0 := 1\n{links}allow if x{rules} == 1"))
}

#[test]
fn rules_nest_as_deep_as_the_limit_and_no_deeper() {
    assert_eq!(refused(&chain(168)), None);
    let Some(PolicyError::TooDeep { rule, limit, actual, .. }) = refused(&chain(169)) else {
        panic!("a chain of 169 rules was taken");
    };
    assert_eq!((rule.as_str(), limit, actual), ("allow", LEVELS, LEVELS + 1));
}

#[test]
fn rejects_numbers_and_texts_that_would_take_the_parser_too_long() {
    assert_eq!(refused(&policy("x := 1e300\nallow if x > 1")), None);
    let number = PolicyError::Number { limit: DIGITS, at: at(3, 6) };
    assert_eq!(refused(&policy("x := 0e999999999\nallow if x > 1")), Some(number));
    let nested =
        |depth: usize| policy(&format!("x := {}1{}\nallow if x", "[".repeat(depth), "]".repeat(depth)));
    assert_eq!(refused(&nested(BRACKETS)), None);
    let brackets = PolicyError::Brackets { limit: BRACKETS, at: at(3, 16) };
    assert_eq!(refused(&nested(BRACKETS + 1)), Some(brackets));
    let sums = policy(&format!("allow if 1{} == 1", "+\n1".repeat(TOKENS / 2)));
    assert_eq!(refused(&sums), Some(PolicyError::TooManyTokens { limit: TOKENS }));
    let rules: String = (0..=RULES).map(|rule| format!("r{rule} := 1\n")).collect();
    assert_eq!(refused(&policy(&rules)), Some(PolicyError::TooManyRules { limit: RULES, actual: RULES + 1 }));
}

#[test]
fn the_longest_expression_that_is_read_is_refused_and_not_crashed_on() {
    let sums = policy(&format!("allow if 1{} == 1", "+\n1".repeat(TOKENS / 2 - 20)));
    let Some(PolicyError::TooDeep { .. }) = refused(&sums) else { panic!("{:?}", refused(&sums)) };
}

#[test]
fn errors_of_the_parser_and_of_the_scheduler_have_their_place() {
    for (body, place) in [
        ("allow if {", at(4, 1)),
        ("allow if { x == 1 }", at(3, 12)),
        ("allow if { input.x == \"a }", at(3, 27)),
        ("allow { true }", at(3, 7)),
        ("allow if {\n\t\tx == 1\n}", at(4, 3)),
    ] {
        let Some(PolicyError::Syntax { at, .. }) = refused(&policy(body)) else {
            panic!("{body}: {:?}", refused(&policy(body)));
        };
        assert_eq!(at, place, "{body}");
    }
}
