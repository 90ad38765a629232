//! Event logs, a CCEL or a list: parsed, and replayed into a real quote's registers through the whole trip.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reference_values::ReferenceValues;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::Fact;
use verifier::crypto::sha384;
use verifier::endorsements::Endorsements;
use verifier::event_log::{EventLog, MAX_EVENT_DATA, MAX_EVENTS, Register};
use verifier::evidence::EvidenceInput;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, assess_decoded};

/// Two quotes whose logs are among the seeds: what the fuzzer keeps of those still replays.
static QUOTES: LazyLock<Vec<EvidenceInput>> = LazyLock::new(|| {
    ["tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000", "tdx/quote-5225f6d79f-v4-body2-90c06f000000"]
        .map(|folder| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder);
            let quote = std::fs::read(path.join("quote.bin")).expect("a fixture");
            EvidenceInput::decode(&quote, None).expect("a genuine quote")
        })
        .to_vec()
});
static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| Anchors::vendor().expect("the pinned roots parse"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(log) = EventLog::parse(bytes) else { return };
    assert!(log.events.len() + log.unmeasured <= MAX_EVENTS);
    assert!(log.events.iter().all(|event| event.data.len() <= MAX_EVENT_DATA));
    for quote in QUOTES.iter() {
        let context = Context {
            endorsements: &Endorsements::new(),
            anchors: &ANCHORS,
            expected: &Expected::nothing(),
            wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
            policy: &Policy::default(),
            scope: Scope::Full,
        };
        let decoded = quote.clone().with_event_log(bytes.to_vec());
        let verdict = assess_decoded(decoded, None, &context, UnixTime::from_secs(1_773_584_633));
        let Fact::Map(claims) = &verdict.claims else { panic!("claims are a map") };
        let claimed = format!("{claims:?}").contains("kernel_command_line");
        assert_eq!(
            claimed, verdict.verified,
            "claims of a log that does not replay, or none of one that does"
        );
        assert!(!claimed || replays(&log, &quote.bytes), "claims of a log that does not replay");
        assert!(serde_json::to_vec(&verdict.claims).expect("claims are JSON").len() < 32 << 10);
    }
});

/// Whether the events of each register come to what the quote says of it, counted without the verifier's help.
fn replays(log: &EventLog<'_>, quote: &[u8]) -> bool {
    let registers = [Register::Rtmr0, Register::Rtmr1, Register::Rtmr2, Register::Rtmr3];
    registers.into_iter().zip(0..).all(|(register, number): (Register, usize)| {
        let mut events = log.events.iter().filter(|event| event.register == register).peekable();
        if events.peek().is_none() {
            return true;
        }
        let value = events.fold([0; 48], |value, event| sha384(&[value, event.digest].concat()));
        // RTMR0 of a quote of version 4: 48 bytes of header, 328 of the body before it.
        let at = 48 + 328 + 48 * number;
        quote[at..at + 48] == value
    })
}
