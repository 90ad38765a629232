//! Believed and not liked: a token, and a policy that says no before anybody looks whether there is a secret.

use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kbs_protocol::{InitData, Tee};
use serde_json::{Value, json};
use sim::platform::GuestConfig;
use system_tests::binaries;
use system_tests::broker::{Draft, KNOWN, OTHER_LAUNCH_DIGEST, Settings, Site, call, fetch};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

type Row = (&'static str, Tee, fn(&mut GuestConfig), &'static str);

const ROWS: &[Row] = &[
    (
        "SNP launch digest",
        Tee::Snp,
        |guest| guest.launch_digest = OTHER_LAUNCH_DIGEST,
        "appraise.reference-values",
    ),
    (
        "TDX launch digest",
        Tee::Tdx,
        |guest| guest.launch_digest = OTHER_LAUNCH_DIGEST,
        "appraise.reference-values",
    ),
    ("SNP debug", Tee::Snp, |guest| guest.debug = true, "appraise.debug"),
    ("TDX debug", Tee::Tdx, |guest| guest.debug = true, "appraise.debug"),
    ("VMPL 1", Tee::Snp, |guest| guest.vmpl = 1, "appraise.snp.vmpl"),
];

#[test]
fn guests_that_are_not_liked_get_a_token_and_neither_a_secret_nor_whether_there_is_one() {
    let bench = Bench::new();
    for (name, tee, change, check) in ROWS {
        let [amd, intel] = bench.machines();
        let machine = if *tee == Tee::Snp { amd } else { intel };
        let session = bench.auth(*tee);
        let mut draft = Draft::honest(&session, machine, &new_key());
        change(&mut draft.guest);
        let token = bearer(&token_of(&draft.send(bench.broker.address)));
        let (header, value) = session.header();
        let by_cookie = bench.fetch(RESOURCE, (header, &value));
        let denied = (403, "PolicyDeny", &["Access denied by policy", "[decision: "][..]);
        let refusal = bench.refused(name, &by_cookie, denied);
        assert_eq!(refusal.checks, [*check], "{name}");
        // By the token, and for what does not exist: the same answer to the letter.
        for (resource, header) in [
            (RESOURCE, ("authorization", token.as_str())),
            ("models/key/absent", (header, value.as_str())),
            ("absent/absent/absent", ("authorization", token.as_str())),
        ] {
            let answer = bench.fetch(resource, header);
            assert_eq!((answer.status, &answer.body), (by_cookie.status, &by_cookie.body), "{name}");
        }
        bench.honest(machine);
    }
}

#[test]
fn absence_shows_after_a_grant_alone() {
    let bench = Bench::new();
    let token = bearer(&bench.honest(&bench.site.amd.machine));
    let answer = bench.fetch("models/key/absent", ("authorization", &token));
    let parts = &["there is no resource kbs:///models/key/absent"];
    bench.refused("absent", &answer, (404, "PluginInternalError", parts));
}

#[test]
fn a_guest_opens_nothing_under_a_policy_that_names_another_root_and_its_former_token_is_over() {
    let bench = Bench::new();
    let keys = "resource_policy = \"policy.rego\"";
    let policy = "package policy\nimport rego.v1\ndefault allow := false\n\
                  allow if { input.submods.cpu0[\"ear.vouchsafe\"].danger_root == \"danger_other\" }\n";
    bench.site.write("policy.rego", policy.as_bytes());
    let token = bench.honest(&bench.site.amd.machine);
    let Bench { site, broker } = bench;
    drop(broker);
    // The same store and keys under another policy: the guest is told to attest again, and that opens nothing.
    let broker = site.start(Settings { keys, ..Settings::default() });
    let answer = fetch(broker.address, RESOURCE, ("authorization", &bearer(&token)));
    assert_eq!((answer.refusal().0, answer.refusal().1.as_str()), (401, "TokenVerifierError"));
    let bench = Bench { site, broker };
    let (token, _) = token_with(&bench, |_| {});
    let answer = bench.fetch(RESOURCE, ("authorization", &token));
    assert_eq!((answer.refusal().0, answer.refusal().1.as_str()), (403, "PolicyDeny"));
}

#[test]
fn a_broker_says_at_start_that_an_uploaded_policy_decides_and_what_it_dares() {
    let bench = Bench::new();
    let Bench { site, broker } = bench;
    assert!(!broker.log().contains("uploaded"), "{}", broker.log());
    let rules = "[[allow]]\nname = \"lax\"\nresource = \"*/*/*\"\ntier = \"affirming\"\ndanger_allow_simulated = true\n";
    let body = json!({"policy": URL_SAFE_NO_PAD.encode(rules)}).to_string();
    let token = format!("Bearer {}", site.operator.token());
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let answer = call(broker.address, "POST", "/kbs/v0/resource-policy", &headers, Some(body.as_bytes()));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    drop(broker);
    let log = site.start(Settings::default()).log();
    let started = log.rsplit_once("an uploaded resource policy decides, and not the configured one");
    let (_, after) = started.unwrap_or_else(|| panic!("{log}"));
    assert!(after.contains("DANGER: the uploaded resource policy allows simulated hardware"), "{after}");
    assert!(after.contains("lax"), "{after}");
}

/// A bench whose broker runs under this policy.
fn under(policy: &str, tables: &str) -> Bench {
    let site = Site::new();
    site.write("policy", policy.as_bytes());
    let broker = site.start(Settings { keys: "resource_policy = \"policy\"", tables, ..Settings::default() });
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    Bench { site, broker }
}

/// A token of the AMD machine's known guest, with one thing changed, and its key.
fn token_with(bench: &Bench, change: impl FnOnce(&mut Draft)) -> (String, kbs_protocol::TeeKeyPair) {
    let (session, key) = (bench.auth(Tee::Snp), new_key());
    let mut draft = Draft::honest(&session, &bench.site.amd.machine, &key);
    change(&mut draft);
    (bearer(&token_of(&draft.send(bench.broker.address))), key)
}

/// The newest denial that the broker logged, as it recorded it.
fn recorded_denial(bench: &Bench) -> Value {
    let log = bench.broker.log();
    let line = log.lines().rfind(|line| line.contains("denied by policy")).expect("a denial in the log");
    let (_, rest) = line.split_once(" denial=").expect("the denial's id");
    let id = rest.split(' ').next().unwrap();
    let authorization = bearer(&bench.site.operator.token());
    let path = format!("/v1/decisions/{id}");
    let answer = call(bench.broker.address, "GET", &path, &[("authorization", &authorization)], None);
    assert_eq!(answer.status, 200, "{id}");
    serde_json::from_slice::<Value>(&answer.body).unwrap()["decision"]["denial"].clone()
}

#[test]
fn declarative_rules_release_to_whom_they_name_and_deny_everybody_else() {
    let known = hex::encode(KNOWN.launch_digest);
    let policy = format!(
        "[[allow]]\nname = \"models\"\nresource = \"models/*/*\"\ntee = [\"snp\"]\ninit-data = true\n\
         danger_allow_simulated = true\nclaims = {{ \"vouchsafe.launch_digest\" = \"{known}\" }}\n"
    );
    let bench = under(&policy, "");
    let init_data = |draft: &mut Draft| {
        let body = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"team\" = \"red\"\n";
        let init_data = InitData { format: "toml".to_owned(), body: body.to_owned() };
        draft.guest.host_data =
            init_data.digest(kbs_protocol::HashAlgorithm::Sha256).unwrap().as_bytes().to_vec();
        draft.init_data = Some(init_data);
    };
    let (token, key) = token_with(&bench, init_data);
    assert_eq!(opened(&bench.fetch(RESOURCE, ("authorization", &token)), &key), SECRET);
    // Another resource, and a guest whose init-data was not sent.
    let denied = (403, "PolicyDeny", &["Access denied by policy"][..]);
    bench.refused("resource", &bench.fetch("other/key/demo", ("authorization", &token)), denied);
    assert_eq!(recorded_denial(&bench)["detail"], json!(["models: resource: another was asked for"]));
    let (without, _) = token_with(&bench, |_| {});
    bench.refused("init-data", &bench.fetch(RESOURCE, ("authorization", &without)), denied);
    let denial = recorded_denial(&bench);
    assert_eq!(denial["reason"], "no-rule");
    assert_eq!(denial["detail"], json!(["models: init-data: none was sent and bound"]));
}

#[test]
fn simulated_hardware_is_not_for_declarative_rules_that_do_not_name_it() {
    let bench = under("[[allow]]\nname = \"all\"\nresource = \"*/*/*\"\n", "");
    let (token, _) = token_with(&bench, |_| {});
    let denied = (403, "PolicyDeny", &["Access denied by policy"][..]);
    bench.refused("simulated", &bench.fetch(RESOURCE, ("authorization", &token)), denied);
    let expected = json!(["all: simulated hardware, without danger_allow_simulated = true"]);
    assert_eq!(recorded_denial(&bench)["detail"], expected);
}

const ENDLESS: &str = "package policy\nimport rego.v1\nallow if {\n  n := numbers.range(1, 3000)\n  some a in n\n\
                       \x20 some b in n\n  some c in n\n  a + b + c == -1\n}\n";

#[test]
fn a_policy_that_is_stopped_denies_in_time_and_the_stop_is_on_record() {
    let bench = under(ENDLESS, "[limits]\npolicy_milliseconds = 50");
    let (token, _) = token_with(&bench, |_| {});
    let denied = (403, "PolicyDeny", &["Access denied by policy: the evidence is affirming"][..]);
    bench.refused("timer", &bench.fetch(RESOURCE, ("authorization", &token)), denied);
    let denial = recorded_denial(&bench);
    assert_eq!(denial["resource"], format!("kbs:///{RESOURCE}"));
    assert_eq!(denial["reason"], "timed-out");
    assert_eq!(denial["detail"], json!(["the policy was stopped after 50 ms"]));
    assert_eq!(denial["resource_policy"], decision_log::Digest::of(ENDLESS.as_bytes()).to_string());
    // The policy that said so is kept, and the record survives the loss of power.
    let Bench { site, broker } = bench;
    let bench = Bench { site, broker: broker.kill_and_restart() };
    assert_eq!(recorded_denial(&bench), denial);
}

#[test]
fn denials_without_room_for_records_leave_an_entry_in_the_ring() {
    let bench = under("package policy\nallow := false", "[limits]\ndenied_records_mib = 0");
    let (token, _) = token_with(&bench, |_| {});
    let denied = (403, "PolicyDeny", &["Access denied by policy"][..]);
    bench.refused("no room", &bench.fetch(RESOURCE, ("authorization", &token)), denied);
    let authorization = bearer(&bench.site.operator.token());
    let answer =
        call(bench.broker.address, "GET", "/v1/refusals", &[("authorization", &authorization)], None);
    let summary: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(summary["newest"][0]["rule"], "not-allowed", "{summary}");
    let line = bench.broker.log();
    let line = line.lines().rfind(|line| line.contains("denied by policy")).unwrap();
    assert!(!line.contains(" denial="), "{line}");
}

fn start_with(policy: &str) -> Output {
    let site = Site::new();
    site.write("policy.rego", policy.as_bytes());
    let text =
        "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\nresource_policy = \"policy.rego\"\n";
    let config = site.write("config.toml", text.as_bytes());
    let mut command = Command::new(binaries::path("vouchsafe-kbs"));
    command.arg("serve").arg("--config").arg(config).output().expect("the broker starts")
}

#[test]
fn a_broker_does_not_start_under_a_policy_that_could_not_decide_by_its_input() {
    for (policy, message) in [
        (
            "package policy\nimport rego.v1\nallow if {\n  time.now_ns() < 1\n}\n",
            "line 4, column 3: time.now_ns is refused: it reads a clock",
        ),
        (
            "package policy\nimport rego.v1\nallow if rand.intn(\"a\", 2) == 1\n",
            "line 3, column 10: rand.intn is refused: it is random",
        ),
        (
            "package policy\nimport rego.v1\nallow if http.send({}).status == 200\n",
            "line 3, column 10: http.send is refused: it asks another machine",
        ),
        ("package policy\nimport rego.v1\nallow if {\n", "line 4, column 1: "),
        ("package policy\n", "the policy has no rule data.policy.allow"),
        ("", "the policy has no rule [[allow]]"),
        (
            "[[allow]]\nname = \"a\"\nresource = \"a/*\"\n",
            "line 3, column 12: a resource is repository/type/tag",
        ),
    ] {
        let output = start_with(policy);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{policy}: {errors}");
        assert!(errors.contains("policy.rego: ") && errors.contains(message), "{policy}: {errors}");
    }
}
