//! Logs of real guests: they replay to the registers that real hardware signed.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reference_values::ReferenceValues;
use serde_json::{Value, json};
use system_tests::fixtures;
use system_tests::summary::announce;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::Outcome;
use verifier::endorsements::Endorsements;
use verifier::evidence::{EvidenceInput, Tee};
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess, assess_decoded};

const GATEWAY: &str = "tdx-eventlog/near-gateway/event_log.json";
const MODEL: &str = "tdx-eventlog/near-model/event_log.json";

fn context<'a>(
    endorsements: &'a Endorsements,
    anchors: &'a Anchors,
    policy: &'a Policy,
    values: &'a ReferenceValues,
) -> Context<'a> {
    static NOTHING: Expected = Expected::nothing();
    Context {
        endorsements,
        anchors,
        expected: &NOTHING,
        wanted: Wanted { reference_values: values, expectations: &[] },
        policy,
        scope: Scope::Hardware,
    }
}

/// The verdict on a quote of the fixtures below `root` with this log beside it.
fn judge(root: &Path, quote: &str, log: &[u8]) -> Verdict {
    let entries = fixtures::index(root);
    let entry = entries.iter().find(|entry| entry.id == quote).expect("an entry of the index");
    let case = entry.cases().remove(0);
    let (anchors, policy) = (Anchors::vendor().unwrap(), Policy::default());
    let (endorsements, values) = (Endorsements::new(), ReferenceValues::default());
    let context = context(&endorsements, &anchors, &policy, &values);
    let quote = entry.evidence(root);
    let decoded = EvidenceInput::decode(&quote, None).and_then(|input| input.with_event_log(log.to_vec()));
    let verdict = assess_decoded(decoded, None, &context, case.at);
    // The same in the form that CoCo's guests send.
    let sent =
        format!("{{\"quote\":\"{}\",\"cc_eventlog\":\"{}\"}}", STANDARD.encode(&quote), STANDARD.encode(log));
    assert_eq!(assess(sent.as_bytes(), Some(Tee::Tdx), &context, case.at), verdict);
    verdict
}

fn outcomes(verdict: &Verdict) -> Vec<Outcome> {
    let ours = verdict.checks.iter().filter(|check| check.id.starts_with("tdx.event-log"));
    ours.map(|check| check.outcome).collect()
}

fn log_claims(verdict: &Verdict) -> Value {
    serde_json::to_value(&verdict.claims).unwrap()["tdx"]["event_log"].clone()
}

fn read(path: &str) -> Vec<u8> {
    fixtures::read(&fixtures::registry_root().join(path))
}

#[test]
fn lists_of_real_guests_replay_to_all_four_registers() {
    let root = fixtures::registry_root();
    for (quote, log, names) in [("quote-bc7cabb6b3", GATEWAY, 9), ("quote-5225f6d79f", MODEL, 10)] {
        let verdict = judge(&root, quote, &read(log));
        assert_eq!(outcomes(&verdict), [Outcome::Pass; 5], "{:?}", verdict.error);
        let claims = log_claims(&verdict);
        assert_eq!(claims["runtime"].as_array().unwrap().len(), names, "{claims:#}");
        assert_eq!((&claims["secure_boot"], &claims["boot_order"]), (&json!(false), &json!(["0000"])));
        assert_eq!(claims["boot_applications"].as_array().unwrap().len(), 1);
        assert_eq!(claims["kernel_load_options"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn the_names_and_payloads_of_a_real_guest_are_claimed() {
    let verdict = judge(&fixtures::registry_root(), "quote-bc7cabb6b3", &read(GATEWAY));
    let runtime = log_claims(&verdict)["runtime"].clone();
    let compose = json!({"name": "compose-hash",
        "payload": "749f0c39826f472b060134c607b0c4f801a5751c4a30e3706b0a892d84853334"});
    assert_eq!((&runtime[0]["name"], &runtime[2]), (&json!("system-preparing"), &compose));
}

#[test]
fn the_log_of_another_real_guest_is_refused() {
    let verdict = judge(&fixtures::registry_root(), "quote-bc7cabb6b3", &read(MODEL));
    let error = verdict.error.as_ref().unwrap();
    assert_eq!((verdict.verified, error.kind, verdict.exit_code()), (false, "event-log-replay", 3));
    let failed: Vec<_> = verdict.failed().map(|check| check.id).collect();
    assert_eq!(failed, ["tdx.event-log.rtmr0"]);
}

#[test]
fn a_changed_payload_of_a_real_guest_is_not_claimed_and_a_changed_digest_refused() {
    let root = fixtures::registry_root();
    let mut list: Vec<Value> = serde_json::from_slice(&read(GATEWAY)).unwrap();
    let place = list.iter().position(|event| event["event"] == "compose-hash").unwrap();
    list[place]["event_payload"] = json!("00");
    let verdict = judge(&root, "quote-bc7cabb6b3", Value::Array(list.clone()).to_string().as_bytes());
    assert_eq!((verdict.verified, log_claims(&verdict)["runtime"].as_array().unwrap().len()), (true, 8));
    list[place]["digest"] = json!("00".repeat(48));
    let verdict = judge(&root, "quote-bc7cabb6b3", Value::Array(list).to_string().as_bytes());
    assert_eq!(verdict.failed().map(|check| check.id).collect::<Vec<_>>(), ["tdx.event-log.rtmr3"]);
}

#[test]
fn the_area_of_a_real_firmware_replays_to_three_registers_and_tells_how_it_booted() {
    let Some(root) = fixtures::extra_root() else {
        announce("event log: SKIPPED the CCEL of a real guest, ../shared/fixtures/extra is not there");
        return;
    };
    let folder = root.join("tdx-eventlog/cos-113");
    let quote = String::from_utf8(fixtures::read(&folder.join("quote_ref.txt"))).unwrap();
    let verdict = judge(&root, quote.trim(), &fixtures::read(&folder.join("ccel.bin")));
    let pass = Outcome::Pass;
    assert_eq!(outcomes(&verdict), [pass, pass, pass, pass, Outcome::NotApplicable], "{:?}", verdict.error);
    let claims = log_claims(&verdict);
    let events = json!({"rtmr0": 16, "rtmr1": 7, "rtmr2": 20, "rtmr3": 0});
    assert_eq!((&claims["form"], claims["events"].as_u64()), (&json!("ccel"), Some(43)));
    assert_eq!(claims["events_of"], events);
    assert_eq!((&claims["secure_boot"], &claims["boot_order"]), (&json!(false), &json!(["0001", "0000"])));
    assert_eq!(claims["boot_variables"][0]["description"], "UEFI nvme_card-pd");
    assert_eq!(claims["boot_applications"].as_array().unwrap().len(), 2);
    let line = claims["kernel_command_line"][0].as_str().unwrap();
    assert!(line.starts_with("/syslinux/vmlinuz.A init=/usr/lib/systemd/systemd"), "{line}");
    announce("event log: the CCEL of a real guest replays to RTMR0, RTMR1 and RTMR2");
}

#[test]
fn the_fixtures_name_the_quote_of_each_log() {
    let index: Vec<Value> = serde_json::from_slice(&read("index.json")).unwrap();
    let logs: Vec<_> = index
        .iter()
        .filter(|entry| entry["dir"].as_str().is_some_and(|dir| dir.starts_with("tdx-eventlog/")))
        .map(|entry| (entry["dir"].as_str().unwrap(), entry["quote"].as_str().unwrap()))
        .collect();
    let expected =
        [("tdx-eventlog/near-gateway", "quote-bc7cabb6b3"), ("tdx-eventlog/near-model", "quote-5225f6d79f")];
    assert_eq!(logs, expected);
}
