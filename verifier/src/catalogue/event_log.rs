//! Checks of a firmware event log.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "tdx.event-log",
        asks: "Whether an event log came with the evidence; without one the registers are opaque.",
        input: "cc_eventlog of the CoCo evidence, or --event-log",
        policy: "tdx.require_event_log",
        source: "UEFI 2.10 section 38.4; ACPI 6.5, table CCEL",
        threat: "claims from a log that nobody replayed (R6)",
        mend: "send the event log with the evidence",
        tests: &["without_a_log_there_is_nothing_to_check_or_claim"],
    },
    Entry {
        id: "tdx.event-log.format",
        asks: "The log is a CCEL or a list of events, within limits, each event with one SHA-384 digest.",
        input: "the event log",
        policy: "",
        source: "TCG PC Client Platform Firmware Profile 1.06 section 10.2",
        threat: "sizes near 2^32, cut records, two meanings of one log (R6)",
        mend: "send the log as the firmware gave it",
        tests: &[
            "accepts_every_end_that_firmware_and_agents_write",
            "refuses_sizes_near_the_end_of_the_number",
            "refuses_what_follows_the_end",
        ],
    },
    Entry {
        id: "tdx.event-log.rtmr0",
        asks: "The events of the register come to its value in the quote; without events it is not checked, or not applicable \
               where it was never extended.",
        input: "the event log's SHA-384 digests, and RTMR0",
        policy: "",
        source: "UEFI 2.10 section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
        threat: "a log of another boot, events added, dropped or changed, ACPI tables changed (R6, P8)",
        mend: "send the log of this boot, read before the quote was made",
        tests: &[
            "accepts_the_log_of_the_registers",
            "refuses_a_log_that_was_not_extended",
            "refuses_an_event_that_only_another_list_has",
        ],
    },
    Entry {
        id: "tdx.event-log.rtmr1",
        asks: "The events of the register come to its value in the quote; without events it is not checked, or not applicable \
               where it was never extended.",
        input: "the event log's SHA-384 digests, and RTMR1",
        policy: "",
        source: "UEFI 2.10 section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
        threat: "a log of another boot, events added, dropped or changed, ACPI tables changed (R6, P8)",
        mend: "send the log of this boot, read before the quote was made",
        tests: &[
            "accepts_the_log_of_the_registers",
            "refuses_a_log_that_was_not_extended",
            "refuses_an_event_that_only_another_list_has",
        ],
    },
    Entry {
        id: "tdx.event-log.rtmr2",
        asks: "The events of the register come to its value in the quote; without events it is not checked, or not applicable \
               where it was never extended.",
        input: "the event log's SHA-384 digests, and RTMR2",
        policy: "",
        source: "UEFI 2.10 section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
        threat: "a log of another boot, events added, dropped or changed, ACPI tables changed (R6, P8)",
        mend: "send the log of this boot, read before the quote was made",
        tests: &[
            "accepts_the_log_of_the_registers",
            "refuses_a_log_that_was_not_extended",
            "refuses_an_event_that_only_another_list_has",
        ],
    },
    Entry {
        id: "tdx.event-log.rtmr3",
        asks: "The events of the register come to its value in the quote; without events it is not checked, or not applicable \
               where it was never extended.",
        input: "the event log's SHA-384 digests, and RTMR3",
        policy: "",
        source: "UEFI 2.10 section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
        threat: "a log of another boot, events added, dropped or changed, ACPI tables changed (R6, P8)",
        mend: "send the log of this boot, read before the quote was made",
        tests: &[
            "accepts_the_log_of_the_registers",
            "refuses_a_log_that_was_not_extended",
            "refuses_an_event_that_only_another_list_has",
        ],
    },
    Entry {
        id: "appraise.tdx.event-log",
        asks: "An event log came with the evidence and replayed to the registers.",
        input: "the event log",
        policy: "tdx.require_event_log",
        source: "UEFI 2.10 section 38.4",
        threat: "claims from a log that nobody replayed (R6)",
        mend: "let the guest send its event log",
        tests: &["an_event_log_is_demanded_where_the_policy_asks_for_one"],
    },
];
