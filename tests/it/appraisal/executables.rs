//! What runs, beside what should run; and CoCo's sample, which shows nothing.

use reference_values::{Key, ReferenceValues, Value, parse_expectation};
use serde_json::json;
use sim::intel::QuoteForm;
use system_tests::minted::REPORT_DATA;
use verifier::policy::{Id, Policy};
use verifier::trust::Tier;

use super::{judge, profile};
use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;
use crate::refused::Case;

/// The claim on executables, the tier and the exit code.
fn told(case: &Case, toml: &str, expectations: &[&str]) -> (i8, Tier, u8) {
    let values =
        if toml.is_empty() { ReferenceValues::default() } else { ReferenceValues::parse_toml(toml).unwrap() };
    let expectations: Vec<(Key, Value)> =
        expectations.iter().map(|text| parse_expectation(text).unwrap()).collect();
    let verdict =
        judge(case, &["executables", "tier", "exit_code"], &profile(|_| ()), &values, &expectations);
    (verdict.trust_vector.executables, verdict.tier, verdict.exit_code())
}

const NONE: (i8, Tier, u8) = (0, Tier::None, 1);
const BOOT: (i8, Tier, u8) = (3, Tier::Affirming, 0);
const RUNTIME: (i8, Tier, u8) = (2, Tier::Affirming, 0);
const DIFFERS: (i8, Tier, u8) = (33, Tier::Warning, 1);

fn entry(tee: &str, pairs: &[(&str, String)]) -> String {
    let pairs: String = pairs.iter().map(|(key, value)| format!("{key} = [\"{value}\"]\n")).collect();
    format!("[[reference]]\ntee = \"{tee}\"\nname = \"a guest\"\n{pairs}")
}

#[test]
fn every_wanted_value_must_be_equal() {
    let case = Snp::good().mint();
    let (digest, other, host) = ("4d".repeat(48), "4e".repeat(48), "00".repeat(32));
    let snp = |pairs: &[(&str, String)]| entry("snp", pairs);
    assert_eq!(told(&case, "", &[]), NONE);
    assert_eq!(told(&case, &snp(&[("launch-digest", digest.clone())]), &[]), BOOT);
    assert_eq!(told(&case, &snp(&[("launch-digest", other.clone())]), &[]), DIFFERS);
    let both = [("launch-digest", digest.clone()), ("host-data", host.clone())];
    assert_eq!(told(&case, &snp(&both), &[]), BOOT);
    let one = [("launch-digest", digest.clone()), ("host-data", "01".repeat(32))];
    assert_eq!(told(&case, &snp(&one), &[]), DIFFERS);
    // Entries are alternatives; those of another TEE are none.
    let alternatives = snp(&[("launch-digest", other.clone())])
        + &snp(&[("launch-digest", digest.clone())]).replace("a guest", "another");
    assert_eq!(told(&case, &alternatives, &[]), BOOT);
    assert_eq!(told(&case, &entry("tdx", &[("mr-td", digest.clone())]), &[]), NONE);
    // Expectations are all asked, beside reference values too.
    let expect = format!("launch-digest={digest}");
    let expect_other = format!("launch-digest={other}");
    assert_eq!(told(&case, "", &[&expect]), BOOT);
    assert_eq!(told(&case, "", &[&expect_other]), DIFFERS);
    assert_eq!(told(&case, &snp(&[("launch-digest", digest.clone())]), &[&expect_other]), DIFFERS);
    assert_eq!(told(&case, &snp(&[("launch-digest", other)]), &[&expect]), DIFFERS);
}

#[test]
fn values_that_the_host_chose_affirm_nothing() {
    let host = entry("snp", &[("host-data", "00".repeat(32))]);
    assert_eq!(told(&Snp::good().mint(), &host, &[]), NONE);
    let config = entry("tdx", &[("mr-config-id", "00".repeat(48))]);
    assert_eq!(told(&Dcap::good().mint(), &config, &[]), NONE);
}

#[test]
fn registers_that_software_extends_affirm_nothing_without_what_extended_them() {
    let case = Dcap::good().mint();
    let rtmr1 = ("rtmr1", "71".repeat(48));
    let entry = |pairs: &[(&str, String)]| entry("tdx", pairs);
    assert_eq!(told(&case, &entry(std::slice::from_ref(&rtmr1)), &[]), NONE);
    assert_eq!(told(&case, &entry(&[("mr-td", "4d".repeat(48)), rtmr1]), &[]), BOOT);
    // Asked for by name in one verification, a register is what was asked for.
    assert_eq!(told(&case, "", &[&format!("rtmr1={}", "71".repeat(48))]), BOOT);
}

#[test]
fn a_signer_affirms_beside_product_and_version_alone() {
    let case = Dcap::of(QuoteForm::Sgx).mint();
    let entry = |rest: &str| {
        let signer = "51".repeat(32);
        format!("[[reference]]\ntee = \"sgx\"\nname = \"an enclave\"\nmr-signer = [\"{signer}\"]\n{rest}")
    };
    for (rest, expected) in [
        ("", NONE),
        ("isv-prod-id = [0]", NONE),
        ("isv-svn = [1]", NONE),
        ("isv-prod-id = [0]\nisv-svn = [1]", BOOT),
        ("isv-prod-id = [0]\nmin-isv-svn = [1]", BOOT),
        ("isv-prod-id = [0]\nmin-isv-svn = [0]", BOOT),
        ("isv-prod-id = [0]\nmin-isv-svn = [2]", DIFFERS),
        ("isv-prod-id = [1]\nmin-isv-svn = [1]", DIFFERS),
    ] {
        assert_eq!(told(&case, &entry(rest), &[]), expected, "{rest}");
    }
    // Asked for by name in one verification, a signer is what was asked for.
    assert_eq!(told(&case, "", &[&format!("mr-signer={}", "51".repeat(32))]), BOOT);
}

#[test]
fn a_guests_version_has_a_floor_where_one_is_wanted() {
    let launched = |id_key_digest: [u8; 48]| {
        Snp::good()
            .but(|snp| {
                snp.report.id_key_digest = id_key_digest;
                snp.report.guest_svn = 7;
            })
            .mint()
    };
    let entry = |least: u32| {
        let digest = "4d".repeat(48);
        format!(
            "[[reference]]\ntee = \"snp\"\nname = \"a guest\"\nlaunch-digest = [\"{digest}\"]\nmin-guest-svn = [{least}]"
        )
    };
    let case = launched([1; 48]);
    for (least, expected) in [(6, BOOT), (7, BOOT), (8, DIFFERS)] {
        assert_eq!(told(&case, &entry(least), &[]), expected, "{least}");
    }
    // Without an ID block nobody gave the guest a version.
    assert_eq!(told(&launched([0; 48]), &entry(0), &[]), DIFFERS);
}

#[test]
fn the_measurement_of_the_module_is_compared_on_request_alone() {
    let case = Dcap::good().mint();
    let guest = format!("mr-td={}", "4d".repeat(48));
    assert_eq!(told(&case, "", &[&guest, &format!("mr-seam={}", "5e".repeat(48))]), BOOT);
    assert_eq!(told(&case, "", &[&guest, &format!("mr-seam={}", "5f".repeat(48))]), DIFFERS);
}

#[test]
fn the_runtime_is_covered_by_all_of_its_registers() {
    let case = Dcap::good().mint();
    let all = [
        ("mr-td", "4d".repeat(48)),
        ("rtmr0", "70".repeat(48)),
        ("rtmr1", "71".repeat(48)),
        ("rtmr2", "72".repeat(48)),
        ("rtmr3", "00".repeat(48)),
    ];
    assert_eq!(told(&case, &entry("tdx", &all), &[]), RUNTIME);
    assert_eq!(told(&case, &entry("tdx", &all[..4]), &[]), BOOT);
    let mut one = all.clone();
    one[4].1 = "01".repeat(48);
    assert_eq!(told(&case, &entry("tdx", &one), &[]), DIFFERS);
}

#[test]
fn a_sample_is_refused_unless_accepted_and_is_contraindicated_then() {
    // 64 bytes 0x11 in base64.
    let report_data = format!("{}EQ==", "ERER".repeat(REPORT_DATA.len() / 3));
    let mut case = Snp::good().mint();
    case.evidence = json!({ "svn": "1", "report_data": report_data }).to_string().into_bytes();
    case.tee = Some(verifier::evidence::Tee::Sample);
    let judged = |policy: &Policy| {
        let verdict = judge(&case, &[], policy, &ReferenceValues::default(), &[]);
        let kind = verdict.error.as_ref().map(|error| error.kind);
        (verdict.verified, verdict.tier, verdict.trust_vector.hardware, verdict.exit_code(), kind)
    };
    let accepting = profile(|policy| policy.danger_accept_sample = true);
    assert_eq!(judged(&profile(|_| ())), (false, Tier::None, 0, 3, Some("evidence-unsupported")));
    assert_eq!(judged(&accepting), (true, Tier::Contraindicated, 96, 1, None));
}

#[test]
fn a_denied_image_is_contraindicated_whatever_the_reference_values_say() {
    let told = |case: &Case, wanted: &str, change: &dyn Fn(&mut Policy)| {
        let verdict = judge(
            case,
            &["executables", "tier", "failed"],
            &profile(|policy| change(policy)),
            &ReferenceValues::default(),
            &[parse_expectation(wanted).unwrap()],
        );
        let failed: Vec<_> = verdict.failed().map(|check| check.id).collect();
        (verdict.trust_vector.executables, verdict.tier, failed)
    };
    let denied = || (96, Tier::Contraindicated, vec!["appraise.deny.image"]);
    let digest = |byte| hex::encode([byte; 48]);
    let enclave = Dcap::of(QuoteForm::Sgx).enclave().mr_enclave;
    type Deny = fn(&mut Policy, bool);
    let of_machine: Deny =
        |policy, it| policy.deny.launch_digests = vec![Id([0x77; 48]), Id([if it { 0x4d } else { 1 }; 48])];
    let of_enclave: Deny = |policy, it| {
        let mr_enclave = Dcap::of(QuoteForm::Sgx).enclave().mr_enclave;
        policy.deny.mr_enclaves = vec![Id(if it { mr_enclave } else { [1; 32] })];
    };
    let cases: [(Case, String, Deny); 3] = [
        (Snp::good().mint(), format!("launch-digest={}", digest(0x4d)), of_machine),
        (Dcap::good().mint(), format!("mr-td={}", digest(0x4d)), of_machine),
        (Dcap::of(QuoteForm::Sgx).mint(), format!("mr-enclave={}", hex::encode(enclave)), of_enclave),
    ];
    for (case, wanted, deny) in cases {
        let (executables, tier, failed) = told(&case, &wanted, &|policy| deny(policy, false));
        assert!(executables == 3 && tier == Tier::Affirming && failed.is_empty(), "{wanted}");
        assert_eq!(told(&case, &wanted, &|policy| deny(policy, true)), denied(), "{wanted}");
    }
}
