use std::path::Path;

use super::raw::Raw;
use super::*;
use crate::scratch::Scratch;

const MINIMAL: &str = "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n";

/// What holds where nothing is said.
pub(crate) fn minimal() -> Config {
    parse(MINIMAL, Path::new("")).unwrap()
}

fn refused(text: &str) -> Option<ConfigError> {
    parse(text, Path::new("")).err()
}

#[test]
fn the_example_says_what_holds_without_it() {
    let example = parse(include_str!("../../vouchsafe-kbs.example.toml"), Path::new("")).unwrap();
    let text =
        "listen = \"127.0.0.1:8080\"\nstore = \"vouchsafe-kbs.redb\"\nroot_key = \"vouchsafe-kbs.root-key\"";
    let minimal = parse(text, Path::new("")).unwrap();
    assert_eq!(example.effective(), minimal.effective());
    assert_eq!(example.dangers(), Vec::<String>::new());
}

#[test]
fn every_commented_key_of_the_example_is_a_key() {
    let scratch = Scratch::new("config-example");
    let Some(ConfigError::Read { key, .. }) = parse(&uncommented_example(), &scratch.path).err() else {
        panic!("the files that the example names are not there");
    };
    assert_eq!(key, "reference_values");
}

/// A configuration that denies one of each kind, as it is written.
fn raw_with_denials() -> String {
    let id = |bytes: usize| format!("[\"{}\"]", "ab".repeat(bytes));
    let text = format!(
        "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n[appraisal.deny]\nchip_ids = {}\nppids = {}\n\
         platform_instances = {}\nlaunch_digests = {}\nmr_enclaves = {}\n",
        id(64),
        id(16),
        id(16),
        id(48),
        id(32)
    );
    toml::to_string(&toml::from_str::<Raw>(&text).unwrap()).unwrap()
}

#[test]
fn the_example_shows_every_key() {
    let text = uncommented_example();
    let raw: Raw = toml::from_str(&text).unwrap();
    // What denies nothing is not written, so that the form of a policy without it stays what it was.
    let denied = |path: &String| path.starts_with("appraisal.deny.");
    let shown: std::collections::BTreeSet<_> =
        paths(&text).into_iter().filter(|path| !denied(path)).collect();
    assert_eq!(shown, paths(&toml::to_string(&raw).unwrap()));
    let one = raw_with_denials();
    assert_eq!(
        paths(&text).into_iter().filter(denied).count(),
        paths(&one).into_iter().filter(denied).count()
    );
    // Keys without a default: the parsed form does not know that they could be there.
    let given = paths(&text);
    for key in [
        "endorsements",
        "resource_policy",
        "postgres.password_file",
        "postgres.ca_file",
        "tls.certificate",
        "tls.key",
        "token.certificate_chain",
        "token.key",
        "federation.tenant",
        "foreign_issuer.jwks",
        "foreign_issuer.tee_key_path",
        "foreign_issuer.audience",
        "foreign_issuer.keys.file",
        "foreign_issuer.keys.kid",
        "foreign_issuer.keys.algorithm",
        "admin.issuer",
        "admin.audience",
        "admin.role",
        "admin.roles",
        "danger_simulated_roots.file",
    ] {
        assert!(given.contains(key), "{key}");
    }
}

/// The example with the keys that stand in comments.
fn uncommented_example() -> String {
    let mut text = String::new();
    for line in include_str!("../../vouchsafe-kbs.example.toml").lines() {
        let key = line.strip_prefix("# ").filter(|rest| rest.contains(" = ") || rest.starts_with('['));
        text.push_str(key.unwrap_or(line));
        text.push('\n');
    }
    text
}

/// The path of every key; entries of a list of tables under the list's name.
fn paths(text: &str) -> std::collections::BTreeSet<String> {
    fn walk(path: &str, value: &toml::Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    walk(&path, value, found);
                }
            }
            toml::Value::Array(list) if list.iter().any(toml::Value::is_table) => {
                list.iter().for_each(|entry| walk(path, entry, found));
            }
            _ => {
                found.insert(path.to_owned());
            }
        }
    }
    let mut found = std::collections::BTreeSet::new();
    walk("", &toml::Value::Table(text.parse().unwrap()), &mut found);
    found
}

#[test]
fn rejects_an_unknown_key_at_every_level() {
    for line in ["extra = 1", "[limits]\nextra = 1", "[appraisal]\nextra = 1", "[tls]\nextra = 1"] {
        let Some(ConfigError::Form { reason }) = refused(&format!("{MINIMAL}{line}")) else {
            panic!("{line} was taken");
        };
        assert!(reason.contains("unknown field `extra`"), "{reason}");
    }
}

#[test]
fn plain_http_stays_on_the_loopback_unless_the_danger_is_named() {
    let beyond = MINIMAL.replace("127.0.0.1", "0.0.0.0");
    assert_eq!(refused(&beyond), Some(ConfigError::PlainHttp { listen: "0.0.0.0:0".to_owned() }));
    let config = parse(&format!("{beyond}danger_plain_http = true"), Path::new("")).unwrap();
    assert_eq!(config.dangers(), ["danger_plain_http: no TLS beyond the loopback"]);
    let config = parse(&format!("{MINIMAL}danger_plain_http = true"), Path::new("")).unwrap();
    assert_eq!(config.dangers(), Vec::<String>::new());
}

#[test]
fn sample_evidence_is_taken_only_under_its_danger() {
    assert_eq!(parse(MINIMAL, Path::new("")).unwrap().tees, [Tee::Snp, Tee::Tdx, Tee::Sgx]);
    assert_eq!(refused(&format!("{MINIMAL}tees = [\"sample\"]")), Some(ConfigError::Sample));
    let config =
        parse(&format!("{MINIMAL}danger_accept_sample = true\ntees = [\"snp\"]"), Path::new("")).unwrap();
    assert_eq!(config.tees, [Tee::Snp, Tee::Sample]);
    assert_eq!(config.dangers(), ["appraisal.danger_accept_sample"]);
}

#[test]
fn rejects_a_tee_that_is_not_verified_here() {
    let wanted = "one of snp, tdx, sgx";
    let actual = "nvidia".to_owned();
    let expected = ConfigError::Value { key: "tees", wanted, actual };
    assert_eq!(refused(&format!("{MINIMAL}tees = [\"nvidia\"]")), Some(expected));
}

#[test]
fn takes_limits_at_their_bounds_and_none_beyond() {
    let with = |value: u32| format!("{MINIMAL}[limits]\nsession_seconds = {value}");
    for seconds in [1, 3600] {
        let config = parse(&with(seconds), Path::new("")).unwrap();
        assert_eq!(config.limits.session, Duration::from_secs(u64::from(seconds)));
    }
    for actual in [0, 3601] {
        let key = "limits.session_seconds";
        assert_eq!(refused(&with(actual)), Some(ConfigError::Range { key, least: 1, most: 3600, actual }));
    }
    // Nonces are kept for as long as two clocks may differ.
    let skew = |value: u32| format!("{MINIMAL}[limits]\nclock_skew_seconds = {value}");
    assert_eq!(parse(&skew(120), Path::new("")).unwrap().limits.clock_skew, 120);
    let key = "limits.clock_skew_seconds";
    assert_eq!(refused(&skew(121)), Some(ConfigError::Range { key, least: 1, most: 120, actual: 121 }));
}

#[test]
fn a_token_lives_five_minutes_at_most() {
    let with = |seconds: u32| {
        let text = format!("{MINIMAL}[limits]\ntoken_seconds = {seconds}");
        parse(&text, Path::new("")).map(|config| config.limits.token)
    };
    assert_eq!(with(1), Ok(Duration::from_secs(1)));
    assert_eq!(with(300), Ok(Duration::from_secs(300)));
    for actual in [0, 301] {
        let key = "limits.token_seconds";
        assert_eq!(with(actual), Err(ConfigError::Range { key, least: 1, most: 300, actual }));
    }
}

#[test]
fn names_the_key_whose_file_is_not_there_or_not_what_it_should_be() {
    let scratch = Scratch::new("config-admin");
    let path = scratch.write("key.pem", b"no key").display().to_string();
    let text = format!("{MINIMAL}[[admin]]\nname = \"a\"\npublic_key = \"key.pem\"");
    let wanted = "an Ed25519 or P-256 public key in PEM (-----BEGIN PUBLIC KEY-----)";
    let expected = ConfigError::Content { key: "admin.public_key", path, wanted };
    assert_eq!(parse(&text, &scratch.path).err(), Some(expected));
    let text = format!("{MINIMAL}resource_policy = \"no-such.rego\"");
    let Some(ConfigError::Read { key, .. }) = refused(&text) else { panic!("a missing file was read") };
    assert_eq!(key, "resource_policy");
}

#[test]
fn rejects_an_advisory_that_nobody_knows() {
    let named = |id: &str| format!("{MINIMAL}[appraisal.snp]\nenforce_advisories = [\"{id}\"]");
    assert_eq!(refused(&named("AMD-SB-3020")), None);
    let Some(ConfigError::Form { reason }) = refused(&named("AMD-SB-302")) else {
        panic!("an unknown advisory was taken");
    };
    assert!(reason.contains("no advisory \"AMD-SB-302\" in the catalogue"), "{reason}");
}

#[test]
fn announces_every_danger_of_the_appraisal_policy() {
    let text = format!(
        "{MINIMAL}[appraisal]\ndanger_accept_simulated = true\n[appraisal.snp]\ndanger_allow_debug = true"
    );
    let config = parse(&text, Path::new("")).unwrap();
    assert_eq!(config.dangers(), ["appraisal.danger_accept_simulated", "appraisal.snp.danger_allow_debug"]);
    assert!(config.effective().starts_with("# DANGER: appraisal.danger_accept_simulated\n"));
}

#[test]
fn announces_every_value_that_is_weaker_than_the_production_profile() {
    let announced = |text: &str| parse(&format!("{MINIMAL}{text}"), Path::new("")).unwrap().dangers();
    for (weaker, expected) in [
        (
            "[appraisal]\nrevocation = \"if-available\"",
            "appraisal.revocation = \"if-available\": hardware is affirmed without a CRL",
        ),
        (
            "[appraisal.tcb]\naccept = [\"UpToDate\", \"OutOfDate\"]",
            "appraisal.tcb.accept: OutOfDate besides UpToDate",
        ),
        (
            "[appraisal.tcb]\nout_of_date_grace_days = 1",
            "appraisal.tcb.out_of_date_grace_days = 1: OutOfDate is accepted for so long",
        ),
        (
            "[appraisal.tcb]\naccept_advisories = [\"INTEL-SA-00615\"]",
            "appraisal.tcb.accept_advisories: INTEL-SA-00615, which the guest must mitigate",
        ),
        (
            "[appraisal.snp]\nmax_vmpl = 1",
            "appraisal.snp.max_vmpl = 1: less privileged software of a guest is accepted",
        ),
        (
            "[appraisal.snp]\nrequire_alias_check = false",
            "appraisal.snp.require_alias_check = false: memory may be aliased (AMD-SB-3015)",
        ),
        ("[appraisal.snp.floors.milan]\nsnp = 0x17", "appraisal.snp.floors.milan.snp = 23: below 24"),
        (
            "[appraisal.snp.launch_floors.genoa]\nsnp = 0x16",
            "appraisal.snp.launch_floors.genoa.snp = 22: below 23",
        ),
        (
            "[appraisal.snp.current_floors.milan]\nsnp = 0",
            "appraisal.snp.current_floors.milan.snp = 0: below 24",
        ),
        (
            "[appraisal.snp.committed_floors.milan]\nsnp = 0",
            "appraisal.snp.committed_floors.milan.snp = 0: below 24",
        ),
        ("[appraisal.snp]\ndanger_allow_policy_bits = [26]", "appraisal.snp.danger_allow_policy_bits"),
        (
            "[appraisal.snp]\ndanger_allow_platform_info_bits = [8]",
            "appraisal.snp.danger_allow_platform_info_bits",
        ),
        (
            "[appraisal.tdx]\nrequire_sept_ve_disable = false",
            "appraisal.tdx.require_sept_ve_disable = false: the host can inject #VE",
        ),
        (
            "[appraisal.tcb.fmspc.b0c06f000000]\naccept = [\"OutOfDate\"]",
            "appraisal.tcb.fmspc.b0c06f000000.accept: OutOfDate besides UpToDate",
        ),
        (
            "[appraisal.tcb]\nmin_evaluation_number = 18\n[appraisal.tcb.fmspc.b0c06f000000]\nmin_evaluation_number = 17",
            "appraisal.tcb.fmspc.b0c06f000000.min_evaluation_number: below 18, which holds for other models",
        ),
        (
            "[appraisal.tdx]\nxfam_allowed = \"0x16dbe7\"",
            "appraisal.tdx.xfam_allowed: 0x100000 besides the features that are defined",
        ),
        (
            "[appraisal.tdx]\nxfam_required = 1",
            "appraisal.tdx.xfam_required: less than the features that every TD has",
        ),
        ("[appraisal.tdx]\ndanger_allow_attribute_bits = [32]", "appraisal.tdx.danger_allow_attribute_bits"),
    ] {
        assert_eq!(announced(weaker), [expected]);
    }
    for stricter in [
        "[appraisal.tcb]\naccept = []\nmin_evaluation_number = 17",
        "[appraisal.snp]\ndeny_products = [\"milan\"]\n[appraisal.snp.floors.turin]\nsnp = 1",
        "[appraisal.snp.floors.genoa]\nsnp = 0x17",
        "[appraisal.snp]\nenforce_advisories = [\"AMD-SB-3020\"]\nrequire_id_block = true",
        "[appraisal.snp.firmware_floors]\nmilan = \"1.55.22\"",
    ] {
        assert_eq!(announced(stricter), Vec::<String>::new(), "{stricter}");
    }
}

#[test]
fn reads_a_resource_policy_of_either_language_and_announces_its_dangers() {
    let scratch = Scratch::new("config-policy");
    let rule = "[[allow]]\nname = \"all\"\nresource = \"*/*/*\"\n";
    let under = |policy: &str| {
        // The content tells, whatever the name says.
        scratch.write("policy.rego", policy.as_bytes());
        parse(&format!("{MINIMAL}resource_policy = \"policy.rego\""), &scratch.path)
            .map(|config| config.dangers())
    };
    assert_eq!(under("package policy\nallow := true"), Ok(vec![]));
    assert_eq!(under(rule), Ok(vec![]));
    let announced = "resource_policy: danger_allow_simulated in the rule \"all\"".to_owned();
    assert_eq!(under(&format!("{rule}danger_allow_simulated = true")), Ok(vec![announced]));
    let Err(error @ ConfigError::Policy { .. }) = under(&format!("{rule}teir = 1")) else {
        panic!("an unknown key was taken");
    };
    assert!(error.to_string().contains("policy.rego: line 4, column 1: unknown field `teir`"), "{error}");
}

#[test]
fn a_policy_may_take_a_millisecond_to_ten_seconds() {
    let with = |milliseconds: u32| {
        let text = format!("{MINIMAL}[limits]\npolicy_milliseconds = {milliseconds}");
        parse(&text, Path::new("")).map(|config| config.limits.policy)
    };
    assert_eq!(with(1), Ok(Duration::from_millis(1)));
    assert_eq!(with(10_000), Ok(Duration::from_secs(10)));
    for actual in [0, 10_001] {
        let key = "limits.policy_milliseconds";
        assert_eq!(with(actual), Err(ConfigError::Range { key, least: 1, most: 10_000, actual }));
    }
}

#[test]
fn an_admin_key_confers_the_roles_that_are_named_and_admin_where_none_is() {
    let scratch = Scratch::new("config-roles");
    let spki = crate::jwt::tests::Signer::ed25519().spki();
    let pem = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, spki);
    scratch.write(
        "key.pem",
        format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n").as_bytes(),
    );
    let with = |keys: &str| {
        let text = format!("{MINIMAL}[[admin]]\nname = \"a\"\npublic_key = \"key.pem\"\n{keys}");
        parse(&text, &scratch.path).map(|config| config.admins[0].roles.clone())
    };
    use crate::roles::Role;
    assert_eq!(with(""), Ok(vec![Role::Admin]));
    assert_eq!(with("role = \"reader\""), Ok(vec![Role::Reader]));
    assert_eq!(with("roles = [\"reader\", \"secret-writer\"]"), Ok(vec![Role::Reader, Role::SecretWriter]));
    let wanted = "one of admin, secret-writer, policy-author, reader, auditor";
    let unknown = ConfigError::Value { key: "admin.roles", wanted, actual: "root".to_owned() };
    assert_eq!(with("roles = [\"root\"]"), Err(unknown));
    let wanted = "alone: role and roles say the same thing";
    let both = ConfigError::Value { key: "admin.roles", wanted, actual: "both".to_owned() };
    assert_eq!(with("role = \"admin\"\nroles = [\"admin\"]"), Err(both));
}

fn on_postgres(keys: &str) -> Result<Config, ConfigError> {
    let text = format!("listen = \"127.0.0.1:0\"\nroot_key = \"k\"\n[postgres]\n{keys}");
    parse(&text, Path::new("base"))
}

#[test]
fn the_store_is_a_file_or_a_database_and_not_both() {
    assert_eq!(parse(MINIMAL, Path::new("base")).map(|it| it.store), Ok(StoreAt::File("base/s".into())));
    let url = "postgresql://broker@localhost/kbs";
    let database = Postgres {
        url: url.to_owned(),
        password_file: None,
        ca_file: Some("base/ca.pem".into()),
        connections: 8,
        connect: Duration::from_secs(3),
        statement: Duration::from_secs(5),
        danger_no_tls: false,
    };
    let keys = format!("url = \"{url}\"\nca_file = \"ca.pem\"");
    assert_eq!(on_postgres(&keys).map(|it| it.store), Ok(StoreAt::Postgres(database)));
    assert_eq!(refused(&format!("{MINIMAL}[postgres]\n{keys}")), Some(ConfigError::OneStore));
    assert_eq!(refused("listen = \"127.0.0.1:0\"\nroot_key = \"k\""), Some(ConfigError::OneStore));
}

#[test]
fn a_database_beyond_this_machine_is_reached_over_tls_unless_the_danger_is_named() {
    let dangers = |keys: &str| on_postgres(keys).map(|config| config.dangers());
    for here in [
        "postgresql://broker@localhost/kbs",
        "postgresql://broker@127.0.0.1,[::1]:5433/kbs",
        "host=/run/postgresql user=broker",
    ] {
        assert_eq!(dangers(&format!("url = \"{here}\"\ndanger_no_tls = true")), Ok(vec![]), "{here}");
    }
    for elsewhere in [
        "postgresql://broker@db.example/kbs",
        "postgresql://broker@localhost,10.0.0.1/kbs",
        "host=localhost hostaddr=10.0.0.1 user=broker",
    ] {
        let keys = format!("url = \"{elsewhere}\"");
        assert_eq!(dangers(&keys), Err(ConfigError::PostgresPlain), "{elsewhere}");
        assert_eq!(dangers(&format!("{keys}\nca_file = \"ca.pem\"")), Ok(vec![]));
        let announced = "postgres.danger_no_tls: no TLS to the database beyond this machine".to_owned();
        assert_eq!(dangers(&format!("{keys}\ndanger_no_tls = true")), Ok(vec![announced]));
    }
}

#[test]
fn a_database_has_a_host_and_no_password_in_sight() {
    for (url, error) in [
        ("postgresql://broker:secret@localhost/kbs", ConfigError::PostgresPassword),
        ("host=localhost password=secret", ConfigError::PostgresPassword),
        ("mysql://broker:secret@localhost", ConfigError::PostgresUrl),
        ("user=broker", ConfigError::PostgresUrl),
    ] {
        assert!(!error.to_string().contains("secret"));
        assert_eq!(on_postgres(&format!("url = \"{url}\"")).err(), Some(error), "{url}");
    }
    let scratch = Scratch::new("config-postgres");
    let file = scratch.write("password", b"secret");
    let path = file.display().to_string();
    let url = format!("url = \"postgresql://broker@localhost/kbs\"\npassword_file = \"{path}\"");
    for (mode, accepted) in [(0o600, true), (0o640, true), (0o660, false), (0o604, false)] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let key = "postgres.password_file";
        let wanted = Some(ConfigError::FileMode { key, path: path.clone(), mode }).filter(|_| !accepted);
        assert_eq!(on_postgres(&url).err(), wanted, "{mode:o}");
    }
}

#[test]
fn connections_and_times_of_a_database_have_their_ranges() {
    for (name, most) in [("connections", 256), ("connect_seconds", 60), ("statement_seconds", 60)] {
        let with = |value: u32| {
            on_postgres(&format!("url = \"postgresql://broker@localhost/kbs\"\n{name} = {value}")).err()
        };
        assert_eq!((with(1), with(most)), (None, None), "{name}");
        for actual in [0, most + 1] {
            let Some(ConfigError::Range { key, least: 1, most: found, actual: said }) = with(actual) else {
                panic!("{name} = {actual} was taken");
            };
            assert_eq!((key, found, said), (format!("postgres.{name}").as_str(), most, actual));
        }
    }
}
