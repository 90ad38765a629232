//! What a replayed log may say: the words that digests are of, bounded.

use serde_json::{Value, json};
use sim::intel::event_log::{EventFields, EventLogFields, GLOBAL, tagged, utf16, variable};
use verifier::event_log::{Details, Proof};
use verifier::policy::Policy;
use verifier::trust::Scope;

use super::case::{
    BOOT_LOADER, BOOT_OPTION, COMMAND_LINE, FIRST_AAEL, ORDER, SECURE_BOOT, changed, facts, logged,
};
use crate::refused::Case;

fn claims(case: &Case) -> Value {
    let verdict = case.verdict(&Policy::default(), Scope::Full);
    assert!(verdict.verified, "{:?}", verdict.error);
    serde_json::to_value(&verdict.claims).unwrap()["tdx"]["event_log"].clone()
}

fn claim(name: &str, change: impl FnOnce(&mut EventLogFields)) -> Value {
    claims(&logged(change))[name].clone()
}

/// A record of which the text is changed after the digest was made.
fn reworded(log: &mut EventLogFields, place: usize, data: &[u8]) {
    log.events[place].data = data.to_vec();
}

#[test]
fn claims_what_the_digests_are_of() {
    let log = EventLogFields::booted();
    let digest = |place: usize| hex::encode(&log.events[place].digests[0].1);
    let expected = json!({
        "form": "ccel", "events": 17, "events_of": {"rtmr0": 6, "rtmr1": 4, "rtmr2": 5, "rtmr3": 2},
        "secure_boot": true, "boot_order": ["0001", "0000"],
        "boot_variables": [{"name": "Boot0001", "name_measured": false, "description": "Linux", "path": "",
                            "digest": digest(BOOT_OPTION)}],
        "boot_applications": [digest(BOOT_LOADER)],
        "kernel_command_line": ["/boot/vmlinuz root=/dev/vda1 ro"],
        "kernel_load_options": [digest(12)], "initrd": [digest(13)],
        "aael": [
            {"register": "rtmr3", "domain": "example.com", "operation": "load-policy", "content": "sha384:00"},
            {"register": "rtmr3", "domain": "github.com/confidential-containers", "operation": "PullImage",
             "content": "{\"image\": \"alpine\"}"},
        ],
        "runtime": [], "truncated": false,
    });
    assert_eq!(claims(&logged(|_| ())), expected);
}

#[test]
fn says_nothing_in_words_that_the_digest_is_not_of() {
    let other = variable(GLOBAL, "BootOrder", &[0, 0, 1, 0]);
    let aael = tagged(0x4141_454C, b"example.com load-policy sha384:01");
    let line = b"kernel_cmdline: /boot/vmlinuz root=/dev/vda2 ro\0";
    let named = variable(GLOBAL, "Boot0001", &[0; 4]);
    assert_eq!(claim("boot_order", |log| reworded(log, ORDER, &other)), Value::Null);
    assert_eq!(claim("boot_variables", |log| reworded(log, BOOT_OPTION, &named)), json!([]));
    assert_eq!(claim("kernel_command_line", |log| reworded(log, COMMAND_LINE, line)), json!([]));
    let kept = claim("aael", |log| reworded(log, FIRST_AAEL, &aael));
    assert_eq!(kept.as_array().unwrap().len(), 1);
    let off = variable(GLOBAL, "SecureBoot", &[0]);
    assert_eq!(claim("secure_boot", |log| reworded(log, SECURE_BOOT, &off)), Value::Null);
}

#[test]
fn a_listed_event_shows_its_details_where_they_are_proved_and_a_label_elsewhere() {
    let log = facts(&logged(|_| ())).event_log.unwrap();
    let (line, loader) = (&log.events()[COMMAND_LINE], &log.events()[BOOT_LOADER]);
    let words = Details::KernelCommandLine("/boot/vmlinuz root=/dev/vda1 ro".to_owned());
    assert_eq!((line.type_name(), line.details()), ("EV_IPL", Some(&words)));
    assert_eq!((line.proof(), line.digest_matches_event()), (Proof::Value, true));
    let path = Details::Application(vec!["File(\\EFI\\BOOT\\BOOTX64.EFI)".to_owned()]);
    assert_eq!((loader.type_name(), loader.label()), ("EV_EFI_BOOT_SERVICES_APPLICATION", &path));
    assert_eq!((loader.details(), loader.digest_matches_event()), (None, false));
}

/// The digest tells "off" under any name; "on" counts where the firmware alone could have measured it.
#[test]
fn secure_boot_is_on_only_where_it_cannot_have_been_added_and_off_is_not_hidden() {
    let set = |value: &'static [u8]| {
        move |log: &mut EventLogFields| {
            log.events[SECURE_BOOT] =
                EventFields::measured(1, 0x8000_0001, &variable(GLOBAL, "SecureBoot", value));
        }
    };
    let on = || EventFields::measured(1, 0x8000_0001, &variable(GLOBAL, "SecureBoot", &[1]));
    assert_eq!(claim("secure_boot", set(&[1])), json!(true));
    assert_eq!(claim("secure_boot", set(&[0])), json!(false));
    assert_eq!(claim("secure_boot", set(&[])), json!(false));
    assert_eq!(claim("secure_boot", set(&[2])), Value::Null);
    let hidden = |log: &mut EventLogFields| {
        set(&[0])(log);
        (log.events[SECURE_BOOT].event_type, log.events[SECURE_BOOT].data) = (10, b"ACPI DATA".to_vec());
        log.events.insert(SECURE_BOOT, on());
    };
    assert_eq!(claim("secure_boot", hidden), json!(false));
    let added = |log: &mut EventLogFields| {
        log.events.remove(SECURE_BOOT);
        log.events.push(on());
    };
    assert_eq!(claim("secure_boot", added), Value::Null);
    let separator_renamed = |log: &mut EventLogFields| {
        added(log);
        log.events[1].event_type = 5;
    };
    assert_eq!(claim("secure_boot", separator_renamed), Value::Null);
    assert_eq!(claim("secure_boot", |log| log.events[SECURE_BOOT].index = 4), Value::Null);
    let value_alone = |log: &mut EventLogFields| {
        let data = variable(GLOBAL, "SecureBoot", &[1]);
        log.events[SECURE_BOOT] = EventFields::of(1, 0x8000_0002, &[1], &data);
    };
    assert_eq!(claim("secure_boot", value_alone), Value::Null);
    let another = variable([7; 16], "SecureBoot", &[1]);
    let namespace = |log: &mut EventLogFields| {
        log.events[SECURE_BOOT] = EventFields::measured(1, 0x8000_0001, &another);
    };
    assert_eq!(claim("secure_boot", namespace), Value::Null);
}

#[test]
fn words_of_the_wrong_register_are_not_claimed() {
    let moved = |place: usize, index: u32| move |log: &mut EventLogFields| log.events[place].index = index;
    assert_eq!(claim("kernel_command_line", moved(COMMAND_LINE, 4)), json!([]));
    assert_eq!(claim("boot_applications", moved(BOOT_LOADER, 3)), json!([]));
    assert_eq!(claim("boot_order", moved(ORDER, 3)), Value::Null);
    assert_eq!(claim("boot_order", moved(ORDER, 2)), json!(["0001", "0000"]));
    assert_eq!(claim("aael", moved(FIRST_AAEL, 2)).as_array().unwrap().len(), 1);
    // A boot loader measures the host's files there.
    assert_eq!(claim("aael", moved(FIRST_AAEL, 3)).as_array().unwrap().len(), 1);
}

#[test]
fn content_that_cannot_be_read_is_no_claim_and_no_harm() {
    let whole = |data: Vec<u8>| EventFields::measured(1, 0x8000_000C, &data);
    let good = variable(GLOBAL, "BootOrder", &[1, 0]);
    let mut name_too_long = good.clone();
    name_too_long[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut value_too_long = good.clone();
    value_too_long[24..32].copy_from_slice(&0xFFFF_FFF0_u64.to_le_bytes());
    let mut lone_surrogate = good.clone();
    lone_surrogate[32..34].copy_from_slice(&[0, 0xD8]);
    let odd = [good.as_slice(), &[0]].concat();
    let of_the_order = |data: Vec<u8>| claim("boot_order", |log| log.events[ORDER] = whole(data));
    assert_eq!(of_the_order(good.clone()), json!(["0001"]));
    for data in [name_too_long, value_too_long, lone_surrogate, odd, good[..31].to_vec(), Vec::new()] {
        assert_eq!(of_the_order(data), Value::Null);
    }
    assert_eq!(of_the_order(variable(GLOBAL, "BootOrder", &[1, 0, 2])), Value::Null);
    for text in ["no-spaces", "one space", " operation content", "domain  content", "a b c\nd"] {
        let entries = claim("aael", |log| log.events[FIRST_AAEL] = EventFields::aael(text));
        assert_eq!(entries.as_array().unwrap().len(), 1, "{text}");
    }
    let mut size = tagged(0x4141_454C, b"a b c");
    size[4] = 6;
    let entries = claim("aael", |log| log.events[FIRST_AAEL] = EventFields::measured(4, 6, &size));
    assert_eq!(entries.as_array().unwrap().len(), 1);
}

#[test]
fn reads_the_command_line_of_every_boot_loader() {
    let line = |event: EventFields| claim("kernel_command_line", |log| log.events[COMMAND_LINE] = event);
    let stub = [utf16("root=/dev/vda1 ro"), vec![0, 0]].concat();
    assert_eq!(line(EventFields::measured(3, 13, &stub)), json!(["root=/dev/vda1 ro"]));
    assert_eq!(line(EventFields::measured(3, 13, &stub[..stub.len() - 1])), json!([]));
    assert_eq!(line(EventFields::of(3, 13, b"another", &stub)), json!([]));
    let older = EventFields::labelled(3, "grub_kernel_cmdline ", "(hd0,gpt3)/vmlinuz ro");
    assert_eq!(line(older), json!(["(hd0,gpt3)/vmlinuz ro"]));
    assert_eq!(line(EventFields::labelled(3, "grub_cmd: ", "linux /vmlinuz")), json!([]));
}

#[test]
fn claims_are_bounded_and_say_so() {
    let entries = |count: usize, length: usize| {
        let text = format!("domain operation {}", "x".repeat(length));
        let log = changed(|log| log.events.extend(vec![EventFields::aael(&text); count]));
        let claims = claims(&super::case::beside(&log, &log));
        (claims["aael"].as_array().unwrap().len(), claims["truncated"].clone(), claims.to_string().len())
    };
    let (listed, truncated, _) = entries(62, 1);
    assert_eq!((listed, truncated), (64, json!(false)));
    let (listed, truncated, _) = entries(63, 1);
    assert_eq!((listed, truncated), (64, json!(true)));
    let (listed, truncated, size) = entries(40, 1000);
    assert!(listed < 20 && size < 18 << 10, "{listed} entries, {size} bytes");
    assert_eq!(truncated, json!(true));
}
