use std::time::Duration;

use serde_json::json;

use super::*;

const NOW: i64 = 1_775_000_000;

fn evaluate(text: &str, limits: Limits) -> Result<Value, Stopped> {
    let compiled = Compiled::new(text, limits, Host::Nothing).unwrap();
    let rule = Some("data.policy.allow");
    compiled.evaluate([rule], &json!({"text": "abc"}), json!({}), NOW, None).map(|[allow]| allow)
}

fn policy(body: &str) -> String {
    format!("package policy\nimport rego.v1\n{body}\n")
}

/// `x0`, then 60 rules of which each makes the one before it twice as large.
fn doubling(first: &str, step: &str, last: &str) -> String {
    let steps = (0..60).map(|at| format!("x{} := {}\n", at + 1, step.replace('X', &format!("x{at}"))));
    policy(&format!("x0 := {first}\n{}{last}", steps.collect::<String>()))
}

#[test]
fn what_built_in_functions_make_ends_at_the_memory_limit() {
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    for text in [
        doubling("[1]", "array.concat(X, X)", "allow if count(x60) == 1"),
        doubling("\"aaaa\"", "concat(\"\", [X, X])", "allow if x60 == \"\""),
        doubling("\"aaaa\"", "sprintf(\"%s%s\", [X, X])", "allow if x60 == \"\""),
        doubling("\"aaaa\"", "replace(X, \"a\", \"aa\")", "allow if x60 == \"\""),
        doubling("\"aaaa\"", "regex.replace(X, \"a\", \"aa\")", "allow if x60 == \"\""),
        doubling("\"aaaa\"", "strings.replace_n({\"a\": \"aa\"}, X)", "allow if x60 == \"\""),
        doubling("[1]", "[X, X]", "allow if json.marshal(x60) == \"\""),
        doubling("[1]", "[X, X]", "allow if sprintf(\"%v\", [x60]) == \"\""),
        doubling("[1]", "[X, X]", "allow := x60"),
        policy("allow if count(numbers.range(1, 1000000000000)) == 1"),
        policy("allow if count(numbers.range_step(1, 1000000000000, 2)) == 1"),
        policy("allow if count([x | some i in numbers.range(1, 10000); x := numbers.range(1, 10000)]) == 1"),
        policy("allow if sprintf(\"%1000000000d\", [1]) == \"\""),
        policy("allow if bits.lsh(1, 100000000000) == 1"),
        policy("allow if units.parse(\"0e999999999\") == 1"),
        policy("allow if replace(sprintf(\"%9999d\", [1]), \"\", sprintf(\"%9999d\", [1])) == \"\""),
    ] {
        assert_eq!(evaluate(&text, limits), Err(Stopped::Memory { limit: 1 << 20 }), "{text}");
    }
}

#[test]
fn a_policy_cannot_go_on_after_its_memory_limit() {
    let text = policy("default allow := true\nallow if count(numbers.range(1, 1000000000000)) == 1");
    assert_eq!(evaluate(&text, Limits::default()), Err(Stopped::Memory { limit: Limits::default().memory }));
}

#[test]
fn metered_functions_answer_what_they_did_without_a_meter() {
    for (call, value) in [
        ("concat(\"-\", [\"a\", \"b\"])", json!("a-b")),
        ("concat(\"-\", {\"b\", \"a\"})", json!("a-b")),
        ("numbers.range(3, 1)", json!([3, 2, 1])),
        ("numbers.range_step(1, 7, 3)", json!([1, 4, 7])),
        ("sprintf(\"%s %05d %v\", [\"a\", 7, {\"b\": 1}])", json!("a 00007 {\"b\": 1}")),
        ("replace(\"aba\", \"a\", \"xy\")", json!("xybxy")),
        ("strings.replace_n({\"a\": \"b\"}, \"aa\")", json!("bb")),
        ("regex.replace(\"a1b22\", \"[0-9]+\", \"#\")", json!("a#b#")),
        ("split(\"a,b\", \",\")", json!(["a", "b"])),
        ("array.concat([1], [2])", json!([1, 2])),
        ("json.unmarshal(json.marshal({\"a\": [1, null]}))", json!({"a": [1, null]})),
        ("upper(lower(trim(\" Ab \", \" \")))", json!("AB")),
        ("bits.lsh(1, 70)", json!("1180591620717411303424")),
        ("units.parse_bytes(\"2Ki\")", json!(2048)),
        ("object.union_n([{\"a\": 1}, {\"b\": 2}])", json!({"a": 1, "b": 2})),
        ("time.format([0, \"UTC\", \"RFC3339\"])", json!("1970-01-01T00:00:00Z")),
        ("base64.decode(base64.encode(\"a\"))", json!("a")),
    ] {
        let value = match &value {
            // The one number here that JSON has no integer for.
            serde_json::Value::String(digits) if digits.len() > 20 => digits.clone(),
            value => value.to_string(),
        };
        let text = policy(&format!("allow if {call} == {value}"));
        assert_eq!(evaluate(&text, Limits::default()), Ok(Value::Bool(true)), "{call}");
    }
}

#[test]
fn a_metered_function_refuses_what_its_own_kind_refuses_and_says_where() {
    let text = policy("allow if {\n  lower(1) == \"\"\n}");
    let Err(Stopped::Engine { reason }) = evaluate(&text, Limits::default()) else {
        panic!("lower took a number")
    };
    assert!(reason.starts_with("line 4, column "), "{reason}");
    assert!(reason.contains("`lower` expects string argument"), "{reason}");
}

#[test]
fn the_time_zone_of_the_machine_is_not_read() {
    let text = policy("allow if time.clock([0, \"Local\"])[0] == 0");
    let Err(Stopped::Engine { reason }) = evaluate(&text, Limits::default()) else {
        panic!("Local was taken")
    };
    assert!(reason.contains("the time zone Local is that of the broker's environment"), "{reason}");
}

#[test]
fn comprehensions_and_arithmetic_end_at_the_time_limit() {
    let limits = Limits { time: Duration::from_millis(100), ..Limits::default() };
    let all = "some a in n; some b in n; some c in n; some d in n; some e in n; some f in n; some g in n; some h in n";
    let n = "n := [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    for text in [
        policy(&format!("allow if {{ {n}; x := [[a, b, c, d, e, f, g, h] | {all}]; count(x) == 1 }}")),
        policy(&format!("allow if {{ {n}; x := {{[a, b, c, d, e, f, g, h] | {all}}}; count(x) == 1 }}")),
        policy(&format!("allow if {{ {n}; {all}; a + b + c + d + e + f + g + h == 1 }}")),
        doubling("123456789123456789", "X * X", "allow if x60 == 1"),
    ] {
        assert_eq!(evaluate(&text, limits), Err(Stopped::Time { limit_ms: 100 }), "{text}");
    }
}

/// Two values that share their parts: the comparison is one step of the engine, of 2^30 looks. Nobody waits for it.
#[test]
fn a_step_that_does_not_end_is_not_waited_for() {
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let steps = (0..30).map(|at| format!("x{0} := [x{at}, x{at}]\ny{0} := [y{at}, y{at}]\n", at + 1));
    let text = policy(&format!("x0 := [1]\ny0 := [1]\n{}allow if x30 == y30", steps.collect::<String>()));
    assert_eq!(evaluate(&text, limits), Err(Stopped::Time { limit_ms: 50 }));
}

/// The deepest nesting that the checks let through runs on the worker's stack.
#[test]
fn the_deepest_policies_that_are_taken_do_not_exhaust_the_stack() {
    let loops: String = (0..480).map(|at| format!("some a{at} in [1]\n")).collect();
    let brackets: String = (0..460).map(|at| format!("x{at} := {{\"a\": 1}}[_]\n")).collect();
    let nested: String =
        (0..30).map(|at| format!("x{} := {}x{at}{}\n", at + 1, "[".repeat(9), "]".repeat(9))).collect();
    let comprehensions: String =
        (0..12).map(|at| format!("x{} := {}x{at}{}\n", at + 1, "[1 | ".repeat(9), "]".repeat(9))).collect();
    for text in [
        policy(&format!("allow if {{\n{loops}a1 == 1\n}}")),
        policy(&format!("allow if {{\n{brackets}x1 == 1\n}}")),
        policy(&format!("x0 := 1\n{nested}allow if x30")),
        policy(&format!("x0 := 1\n{comprehensions}allow if x12")),
    ] {
        let limits = Limits { time: Duration::from_secs(20), ..Limits::default() };
        assert_eq!(evaluate(&text, limits), Ok(Value::Bool(true)), "{text}");
    }
}
