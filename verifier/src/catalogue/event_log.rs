//! Checks of a firmware event log.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "tdx.event-log",
        asks: "Did the evidence come with an event log?",
        input: "the CoCo evidence, or a file beside the quote",
        policy: "",
        source: "UEFI 2.10, section 38.4; ACPI 6.5, table CCEL",
        threat: "claims without an origin (dstack #1294)",
        mend: "send the guest's CCEL with the quote, or give it with --event-log",
        tests: &["without_a_log_there_is_nothing_to_check_or_claim", "accepts_the_log_of_the_registers"],
    },
    Entry {
        id: "tdx.event-log.format",
        asks: "Is the event log one that this version reads?",
        input: "the event log",
        policy: "",
        source: "TCG PC Client Platform Firmware Profile 1.06, section 10.2",
        threat: "parsers that fail or run on hostile logs (Keylime #1725, #1411)",
        mend: "read the log from /sys/firmware/acpi/tables/data/CCEL again, whole",
        tests: &["accepts_every_end_that_firmware_and_agents_write", "refuses_records_that_are_cut_short"],
    },
    register(
        "tdx.event-log.rtmr0",
        "Do the log's events come to RTMR0, the firmware's configuration?",
        "other ACPI tables or variables than the log shows (BadAML)",
    ),
    register(
        "tdx.event-log.rtmr1",
        "Do the log's events come to RTMR1, what the firmware started?",
        "another boot loader than the log shows",
    ),
    register(
        "tdx.event-log.rtmr2",
        "Do the log's events come to RTMR2, the boot loader's commands, kernel and initrd?",
        "another kernel or command line than the log shows",
    ),
    register(
        "tdx.event-log.rtmr3",
        "Do the log's events come to RTMR3, what the system measured at run time?",
        "a claim read from another event list than the one that was extended (dstack #1294, #706)",
    ),
    Entry {
        id: "appraise.tdx.event-log",
        asks: "Did an event log come with the evidence, and replay to the registers?",
        input: "the event log",
        policy: "tdx.require_event_log",
        source: "UEFI 2.10, section 38.4",
        threat: "a guest whose boot nobody can read",
        mend: "send the guest's CCEL with the quote",
        tests: &["an_event_log_is_demanded_where_the_policy_asks_for_one"],
    },
];

const fn register(id: &'static str, asks: &'static str, threat: &'static str) -> Entry {
    Entry {
        id,
        asks,
        input: "the event log and the register of the verified quote",
        policy: "",
        source: "UEFI 2.10, section 38.4.1; Intel TDX Module ABI, TDG.MR.RTMR.EXTEND",
        threat,
        mend: "take quote and log from the same boot, the log no earlier than the quote and nothing extended between",
        tests: &[
            "accepts_the_log_of_the_registers",
            "refuses_a_log_that_was_not_extended",
            "does_not_check_a_register_without_events_and_needs_none_for_one_that_was_never_extended",
        ],
    }
}
