//! A trust domain that booted as its log says, and the log that is sent along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sim::intel::event_log::EventLogFields;
use verifier::dcap::Facts;
use verifier::error::{ParseError, VerifyError};
use verifier::event_log::{EventLogError, Register, ReplayError};
use verifier::evidence::Tee;
use verifier::verify::Verified;

use crate::minted_dcap::case::Dcap;
use crate::refused::{Case, Refused};

/// CoCo's evidence JSON of a quote and a log.
pub(super) fn evidence_json(quote: &[u8], log: &[u8]) -> Vec<u8> {
    let (quote, log) = (STANDARD.encode(quote), STANDARD.encode(log));
    format!("{{\"quote\":\"{quote}\",\"cc_eventlog\":\"{log}\"}}").into_bytes()
}

/// A TD with these registers that sends these bytes as its log.
pub(super) fn sent(rtmrs: [[u8; 48]; 4], log: &[u8]) -> Case {
    let mut case = Dcap::good().but(|dcap| dcap.td().rtmrs = rtmrs).mint();
    case.evidence = evidence_json(&case.evidence, log);
    case.tee = Some(Tee::Tdx);
    case
}

/// A TD that booted as `booted` says and sends `log`.
pub(super) fn beside(booted: &EventLogFields, log: &EventLogFields) -> Case {
    sent(booted.rtmrs(), &log.encode().unwrap())
}

/// A TD that sends the log of its own boot, which is changed first.
pub(super) fn logged(change: impl FnOnce(&mut EventLogFields)) -> Case {
    let log = changed(change);
    beside(&log, &log)
}

/// The good log with one change.
pub(super) fn changed(change: impl FnOnce(&mut EventLogFields)) -> EventLogFields {
    let mut log = EventLogFields::booted();
    change(&mut log);
    log
}

pub(super) fn malformed(error: EventLogError) -> Result<(), Refused> {
    Err(Refused::Parse(ParseError::EventLog(error)))
}

/// The refusal for a register that a log does not come to.
pub(super) fn mismatch(register: Register, expected: [u8; 48], actual: [u8; 48]) -> Result<(), Refused> {
    Err(Refused::Verify(VerifyError::EventLog(ReplayError { register, expected, actual })))
}

/// The facts of a case that is believed.
pub(super) fn facts(case: &Case) -> Facts {
    match case.verified().0.unwrap().facts() {
        Verified::Dcap(quote) => quote.facts().clone(),
        other => panic!("not a quote: {other:?}"),
    }
}

/// Places in the good log.
pub(super) const SECURE_BOOT: usize = 1;
pub(super) const ACPI: usize = 3;
pub(super) const ORDER: usize = 4;
pub(super) const BOOT_OPTION: usize = 5;
pub(super) const BOOT_LOADER: usize = 8;
pub(super) const COMMAND_LINE: usize = 11;
pub(super) const FIRST_AAEL: usize = 15;
