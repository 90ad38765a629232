//! The log against the registers of the quote: what was not extended may say nothing.

use sim::intel::QuoteForm;
use sim::intel::event_log::{EventFields, EventLogFields};
use verifier::check::{Check, Fact, Outcome};
use verifier::error::ParseError;
use verifier::event_log::Register;
use verifier::evidence::Tee;

use super::case::{ACPI, FIRST_AAEL, beside, changed, evidence_json, facts, mismatch, sent};
use crate::minted_dcap::case::Dcap;
use crate::refused::{self, Case, Refused};

fn checks(case: &Case) -> Vec<(&'static str, Outcome)> {
    let (_, checks) = case.verified();
    let ours = |check: &Check| check.id.starts_with("tdx.event-log");
    checks.into_iter().filter(ours).map(|check| (check.id, check.outcome)).collect()
}

/// A TD that booted as the good log says and sends another one.
fn other(
    name: &str,
    register: Register,
    change: impl FnOnce(&mut EventLogFields),
) -> (String, Case, Result<(), Refused>) {
    let (booted, log) = (EventLogFields::booted(), changed(change));
    let place = Register::ALL.iter().position(|other| *other == register).unwrap();
    let expected = mismatch(register, booted.rtmrs()[place], log.rtmrs()[place]);
    (name.to_owned(), beside(&booted, &log), expected)
}

#[test]
fn accepts_the_log_of_the_registers() {
    let log = EventLogFields::booted();
    let case = beside(&log, &log);
    let expected = [
        ("tdx.event-log.format", Outcome::Pass),
        ("tdx.event-log.rtmr0", Outcome::Pass),
        ("tdx.event-log.rtmr1", Outcome::Pass),
        ("tdx.event-log.rtmr2", Outcome::Pass),
        ("tdx.event-log.rtmr3", Outcome::Pass),
    ];
    assert_eq!((case.outcome(), checks(&case)), (Ok(()), expected.to_vec()));
    assert_eq!(facts(&case).event_log.unwrap().events().len(), log.events.len());
}

#[test]
fn refuses_a_log_that_was_not_extended() {
    let acpi = EventFields::of(1, 10, b"other ACPI tables", b"ACPI DATA");
    let pulled = EventFields::aael("github.com/confidential-containers PullImage {\"image\": \"other\"}");
    refused::all([
        other("the ACPI tables", Register::Rtmr0, |log| log.events[ACPI] = acpi),
        other("an event less", Register::Rtmr3, |log| drop(log.events.remove(FIRST_AAEL))),
        other("an event more", Register::Rtmr3, |log| log.events.push(pulled)),
        other("an event twice", Register::Rtmr3, |log| {
            let again = log.events[FIRST_AAEL].clone();
            log.events.push(again);
        }),
        other("another order", Register::Rtmr3, |log| log.events.swap(FIRST_AAEL, FIRST_AAEL + 1)),
        other("an event of another register", Register::Rtmr2, |log| log.events[FIRST_AAEL].index = 3),
        other("a measured event as an unmeasured one", Register::Rtmr0, |log| log.events[1].event_type = 3),
        other("a digest", Register::Rtmr0, |log| log.events[0].digests[0].1[47] ^= 1),
        other("a digest of RTMR1", Register::Rtmr1, |log| log.events[6].digests[0].1[0] ^= 1),
    ]);
}

/// An event that log A has and log B has not: A is refused for a guest of B, and B for a guest of A.
#[test]
fn refuses_an_event_that_only_another_list_has() {
    let a = EventLogFields::booted();
    let b = changed(|log| drop(log.events.remove(FIRST_AAEL)));
    let case = |name: &str, booted: &EventLogFields, log: &EventLogFields| {
        let expected = mismatch(Register::Rtmr3, booted.rtmrs()[3], log.rtmrs()[3]);
        (name.to_owned(), beside(booted, log), expected)
    };
    refused::all([
        case("present in the log, absent in the guest", &b, &a),
        case("absent in the log, present in the guest", &a, &b),
        ("present in both".to_owned(), beside(&a, &a), Ok(())),
        ("absent in both".to_owned(), beside(&b, &b), Ok(())),
    ]);
}

#[test]
fn names_the_register_and_both_values_in_the_check() {
    let booted = EventLogFields::booted();
    let log = changed(|log| drop(log.events.remove(FIRST_AAEL)));
    let (_, checks) = beside(&booted, &log).verified();
    let expected = Check {
        id: "tdx.event-log.rtmr3",
        outcome: Outcome::Fail,
        expected: Fact::hex(&booted.rtmrs()[3]),
        actual: Fact::hex(&log.rtmrs()[3]),
        source: "UEFI 2.10, section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
    };
    assert_eq!(checks.last(), Some(&expected));
}

#[test]
fn does_not_check_a_register_without_events_and_needs_none_for_one_that_was_never_extended() {
    let booted = EventLogFields::booted();
    let firmware_alone = changed(|log| log.events.retain(|event| event.index < 4));
    let outcome = |case: &Case| checks(case)[4];
    assert_eq!(outcome(&beside(&booted, &firmware_alone)), ("tdx.event-log.rtmr3", Outcome::NotChecked));
    let never = beside(&firmware_alone, &firmware_alone);
    assert_eq!(outcome(&never), ("tdx.event-log.rtmr3", Outcome::NotApplicable));
    let nothing = beside(&booted, &EventLogFields::empty());
    assert_eq!(facts(&nothing).event_log.unwrap().events(), []);
}

#[test]
fn without_a_log_there_is_nothing_to_check_or_claim() {
    let case = Dcap::good().mint();
    assert_eq!(checks(&case), [("tdx.event-log", Outcome::NotChecked)]);
    assert_eq!(facts(&case).event_log, None);
    let enclave = Dcap::of(QuoteForm::Sgx).mint();
    assert_eq!(checks(&enclave), []);
}

#[test]
fn refuses_a_log_beside_evidence_without_registers() {
    let log = EventLogFields::booted().encode().unwrap();
    let mut enclave = Dcap::of(QuoteForm::Sgx).mint();
    enclave.evidence = evidence_json(&enclave.evidence, &log);
    let error = ParseError::EventLogOfOther { tee: Tee::Sgx };
    assert_eq!(enclave.outcome(), Err(Refused::Parse(error)));
}

/// A log is judged after the signatures: one that fits a forged register proves nothing.
#[test]
fn a_quote_with_changed_registers_is_refused_for_its_signature() {
    let log = EventLogFields::booted();
    let mut case = Dcap::good().mint();
    for (number, register) in log.rtmrs().iter().enumerate() {
        let at = 48 + 328 + number * 48;
        case.evidence[at..at + 48].copy_from_slice(register);
    }
    case.evidence = evidence_json(&case.evidence, &log.encode().unwrap());
    let Err(Refused::Verify(error)) = case.outcome() else { panic!("believed") };
    assert_eq!(error.kind(), "quote-signature");
    assert_eq!(sent(log.rtmrs(), &log.encode().unwrap()).outcome(), Ok(()));
}
