use super::*;

fn refusal(checks: &[&str], decision: Option<&str>) -> Refusal {
    Refusal {
        summary: "the evidence was refused".to_owned(),
        checks: checks.iter().map(|id| (*id).to_owned()).collect(),
        decision: decision.map(str::to_owned),
    }
}

#[test]
fn writes_checks_and_decision() {
    assert_eq!(
        refusal(&["snp.policy.debug", "snp.tcb.floor"], Some("01hzy")).to_string(),
        "the evidence was refused [checks: snp.policy.debug, snp.tcb.floor] [decision: 01hzy]"
    );
}

#[test]
fn reads_back_what_it_writes() {
    let cases = [
        refusal(&[], None),
        refusal(&["a.b"], None),
        refusal(&[], Some("7")),
        refusal(&["a.b", "c-d_e"], Some("7")),
    ];
    assert_eq!(cases.clone().map(|case| Refusal::parse(&case.to_string())), cases);
}

#[test]
fn takes_a_foreign_detail_as_the_summary() {
    let detail = "Access denied by policy [because: of it]";
    assert_eq!(Refusal::parse(detail), Refusal { summary: detail.to_owned(), ..Refusal::default() });
}

#[test]
fn takes_no_control_characters_for_an_id() {
    let detail = "no [checks: \u{1b}[31m]";
    assert_eq!(Refusal::parse(detail), Refusal { summary: detail.to_owned(), ..Refusal::default() });
}
