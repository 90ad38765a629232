use serde_json::{Value, json};

use super::*;

fn read(json: Value) -> Result<Revoked, serde_json::Error> {
    serde_json::from_value(json)
}

/// One of each kind: as it is sent, its name, and the list of the policy that it belongs to.
fn kinds() -> [(Value, String, &'static str); 5] {
    let hex = |bytes: usize| "Ab".repeat(bytes);
    let row = |kind: &str, bytes: usize, list: &'static str| {
        (json!({ kind: hex(bytes) }), format!("{kind}-{}", "ab".repeat(bytes)), list)
    };
    [
        row("chip", 64, "chip_ids"),
        row("ppid", 16, "ppids"),
        row("platform-instance", 16, "platform_instances"),
        row("launch-digest", 48, "launch_digests"),
        row("mr-enclave", 32, "mr_enclaves"),
    ]
}

#[test]
fn each_kind_has_a_name_and_a_list_of_the_policy() {
    for (sent, name, list) in kinds() {
        let revoked = read(sent).unwrap();
        assert_eq!(revoked.name(), name);
        let policy = serde_json::to_value(effective(&Policy::default(), [&revoked])).unwrap();
        let hex = name.rsplit('-').next().unwrap();
        assert_eq!(policy["deny"], json!({ list: [hex] }), "{name}");
    }
}

#[test]
fn what_is_revoked_is_denied_beside_what_the_configuration_denies() {
    let mut configured = Policy::default();
    configured.deny.ppids = vec![Id([1; 16])];
    configured.snp.max_vmpl = 2;
    let revoked = [Revoked::Ppid(Id([2; 16])), Revoked::Chip(Id([3; 64]))];
    let policy = effective(&configured, &revoked);
    assert_eq!(policy.deny.ppids, [Id([1; 16]), Id([2; 16])]);
    assert_eq!(policy.deny.chip_ids, [Id([3; 64])]);
    configured.deny = policy.deny.clone();
    assert_eq!(policy, configured);
    assert_eq!(effective(&Policy::default(), []), Policy::default());
}

#[test]
fn what_is_no_name_of_anything_is_not_revoked() {
    for sent in [
        json!({}),
        json!({ "chip": "ab" }),
        json!({ "chip": "zz".repeat(64) }),
        json!({ "serial": "ab" }),
        json!({ "ppid": "ab".repeat(16), "chip": "ab".repeat(64) }),
        json!("chip"),
    ] {
        assert!(read(sent.clone()).is_err(), "{sent}");
    }
}
