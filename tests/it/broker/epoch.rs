//! A token lives as long as what it was judged by.
#![expect(clippy::disallowed_methods, reason = "a test that reads a list of the fixtures")]

use system_tests::broker::{Draft, Settings, Site, tee_of};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

const CHANGED: (u16, &str, &[&str]) = (
    401,
    "TokenVerifierError",
    &["the policy, a reference value or a revocation has changed since the token was issued", "attest again"],
);

/// A CRL that no evidence of these machines needs.
const ANOTHER_CRL: &str = "fixtures/tdx/quote-4f4e696823-v4-body2-90c06f000000/collateral-0/root_crl.der";

/// A guest's cookie and token, and its key.
struct Guest {
    cookie: String,
    token: String,
    key: kbs_protocol::TeeKeyPair,
}

fn attested(bench: &Bench) -> Guest {
    let machine = &bench.site.amd.machine;
    let (session, key) = (bench.auth(tee_of(machine)), new_key());
    let token = token_of(&Draft::honest(&session, machine, &key).send(bench.broker.address));
    Guest { cookie: session.header().1, token: bearer(&token), key }
}

fn heads(guest: &Guest) -> [(&str, &str); 2] {
    [("cookie", &guest.cookie), ("authorization", &guest.token)]
}

fn restarted(bench: Bench, settings: Settings<'_>) -> Bench {
    let Bench { site, broker } = bench;
    drop(broker);
    let broker = site.start(settings);
    Bench { site, broker }
}

fn holds(name: &str, bench: &Bench, guest: &Guest) {
    for head in heads(guest) {
        let answer = bench.fetch(RESOURCE, head);
        assert_eq!(answer.status, 200, "{name}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(opened(&answer, &guest.key), SECRET, "{name}");
    }
}

fn is_over(name: &str, bench: &Bench, guest: &Guest) {
    for head in heads(guest) {
        bench.refused(name, &bench.fetch(RESOURCE, head), CHANGED);
    }
}

#[test]
fn a_changed_policy_or_reference_value_ends_tokens_and_sessions_and_nothing_else_does() {
    let mut bench = Bench::new();
    bench.site.write("policy", policy::ALLOW_ALL.as_bytes());
    let values = String::from_utf8(bench.site.read("reference-values.toml")).unwrap();
    let mut guest = attested(&bench);
    let policy = Settings { keys: "resource_policy = \"policy\"", ..Settings::default() };
    let life = Settings { tables: "[limits]\ntoken_seconds = 200", ..policy };
    let more = values + "[[reference]]\ntee = \"snp\"\nname = \"more\"\nlaunch-digest = [\"4e\"]\n";
    let more = more.replace("[\"4e\"]", &format!("[\"{}\"]", "4f".repeat(48)));
    let steps: [(&str, Settings<'_>, Option<&str>, bool); 4] = [
        ("nothing changed", Settings::default(), None, false),
        ("the resource policy", policy, None, true),
        ("a limit", life, None, false),
        ("a reference value", life, Some(&more), true),
    ];
    for (name, settings, values, ends) in steps {
        if let Some(values) = values {
            bench.site.write("reference-values.toml", values.as_bytes());
        }
        bench = restarted(bench, settings);
        if ends {
            is_over(name, &bench, &guest);
            guest = attested(&bench);
        }
        holds(name, &bench, &guest);
    }
}

mod policy {
    /// Rego that every token satisfies.
    pub(super) const ALLOW_ALL: &str = "package policy\nallow := true";
}

#[test]
fn a_new_revocation_list_ends_the_tokens_of_a_running_broker() {
    let bench = Bench::new();
    let guest = attested(&bench);
    holds("before", &bench, &guest);
    // A certificate revokes nothing.
    let other = Site::another_amd();
    let (_, certificate) = other.endorsements.iter().map(|file| (&file.path, &file.content)).next().unwrap();
    bench.site.write("endorsements/more.der", certificate);
    wait_for_a_look();
    holds("a certificate", &bench, &guest);
    let crl = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(ANOTHER_CRL);
    bench.site.write("endorsements/more.crl", &std::fs::read(crl).unwrap());
    wait_for_a_look();
    is_over("a CRL", &bench, &guest);
    holds("attested again", &bench, &attested(&bench));
}

/// The folder is looked at once in a second.
fn wait_for_a_look() {
    std::thread::sleep(std::time::Duration::from_millis(1100));
}
