//! Believed and not liked: a token, and a policy that says no before anybody looks whether there is a secret.

use kbs_protocol::Tee;
use sim::platform::GuestConfig;
use system_tests::broker::{Draft, OTHER_LAUNCH_DIGEST, Settings, fetch};

use super::bench::{Bench, RESOURCE, bearer, new_key, token_of};

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
fn a_token_that_still_holds_opens_nothing_under_a_policy_that_names_another_root() {
    let bench = Bench::new();
    let keys = "resource_policy = \"policy.rego\"";
    let policy = "package policy\nimport rego.v1\ndefault allow := false\n\
                  allow if { input.submods.cpu0[\"ear.vouchsafe\"].danger_root == \"danger_other\" }\n";
    bench.site.write("policy.rego", policy.as_bytes());
    let token = bench.honest(&bench.site.amd.machine);
    let Bench { site, broker } = bench;
    drop(broker);
    // The same store and keys under another policy: the token still holds, and opens nothing.
    let broker = site.start(Settings { keys, ..Settings::default() });
    let answer = fetch(broker.address, RESOURCE, ("authorization", &bearer(&token)));
    assert_eq!((answer.refusal().0, answer.refusal().1.as_str()), (403, "PolicyDeny"));
}
