use std::path::Path;

use super::*;
use crate::config::parse;

const REST: &str = "listen = \"127.0.0.1:0\"\nstore = \"s\"\n";
const TOKEN: &str = "module = \"/lib/p11.so\"\ntoken = \"vouchsafe\"\nkey = \"root\"\n";
const VAULT: &str = "address = \"https://vault.example:8200\"\nkey = \"root\"\ntoken_file = \"token\"\n";

fn read(text: &str) -> Result<(RootKeySource, Vec<RootKeySource>), ConfigError> {
    parse(&format!("{REST}{text}"), Path::new("/base"))
        .map(|config| (config.root_key, config.previous_root_keys))
}

fn current(text: &str) -> Result<RootKeySource, ConfigError> {
    read(text).map(|(current, _)| current)
}

fn token() -> Pkcs11Source {
    Pkcs11Source {
        module: PathBuf::from("/lib/p11.so"),
        token: "vouchsafe".to_owned(),
        key: "root".to_owned(),
        pin: PinSource::File(PathBuf::from("/base/pin")),
        formerly: Vec::new(),
    }
}

fn vault() -> TransitSource {
    TransitSource {
        address: "https://vault.example:8200".to_owned(),
        mount: "transit".to_owned(),
        key: "root".to_owned(),
        token_file: PathBuf::from("/base/token"),
        namespace: None,
        ca_certificate: None,
        danger_plain_http: false,
        formerly: Vec::new(),
    }
}

#[test]
fn reads_a_path_and_each_kind_of_table() {
    let file = RootKeySource::File(PathBuf::from("/base/k"));
    assert_eq!(current("root_key = \"k\""), Ok(file.clone()));
    assert_eq!(current("root_key = { file = \"k\" }"), Ok(file));
    let text = format!("[root_key.pkcs11]\n{TOKEN}pin_file = \"pin\"");
    assert_eq!(current(&text), Ok(RootKeySource::Pkcs11(token())));
    let text = format!("[root_key.pkcs11]\n{TOKEN}pin_variable = \"PIN\"");
    let variable = Pkcs11Source { pin: PinSource::Variable("PIN".to_owned()), ..token() };
    assert_eq!(current(&text), Ok(RootKeySource::Pkcs11(variable)));
    assert_eq!(current(&format!("[root_key.transit]\n{VAULT}")), Ok(RootKeySource::Transit(vault())));
    let more = "mount = \"team/keys\"\nnamespace = \"one/two\"\nca_certificate = \"ca.pem\"\nformerly = [\"transit:x\"]";
    let whole = TransitSource {
        mount: "team/keys".to_owned(),
        namespace: Some("one/two".to_owned()),
        ca_certificate: Some(PathBuf::from("/base/ca.pem")),
        formerly: vec!["transit:x".to_owned()],
        ..vault()
    };
    assert_eq!(current(&format!("[root_key.transit]\n{VAULT}{more}")), Ok(RootKeySource::Transit(whole)));
}

#[test]
fn reads_former_root_keys_of_every_kind_in_one_list() {
    let inline = format!(
        "root_key = \"k\"\nprevious_root_keys = [\"old\", {{ transit = {{ {} }} }}]",
        VAULT.trim_end().replace('\n', ", ")
    );
    let old = RootKeySource::File(PathBuf::from("/base/old"));
    let expected = vec![old.clone(), RootKeySource::Transit(vault())];
    assert_eq!(read(&inline).map(|(_, previous)| previous), Ok(expected));
    let tables = format!(
        "root_key = \"k\"\n[[previous_root_keys]]\nfile = \"old\"\n[[previous_root_keys]]\n\
         [previous_root_keys.pkcs11]\n{TOKEN}pin_file = \"pin\""
    );
    let expected = vec![old, RootKeySource::Pkcs11(token())];
    assert_eq!(read(&tables).map(|(_, previous)| previous), Ok(expected));
}

#[test]
fn what_is_in_force_is_printed_as_it_can_be_read_again() {
    for text in [
        "root_key = \"k\"\nprevious_root_keys = [\"old\"]".to_owned(),
        format!("previous_root_keys = [\"old\", {{ file = \"older\" }}]\n[root_key.transit]\n{VAULT}"),
        format!("[root_key.pkcs11]\n{TOKEN}pin_file = \"pin\"\n[[previous_root_keys]]\nfile = \"old\""),
    ] {
        let config = parse(&format!("{REST}{text}"), Path::new("/base")).unwrap();
        let again = parse(&config.effective(), Path::new("/base")).unwrap();
        assert_eq!(
            (again.root_key, again.previous_root_keys, again.effective),
            (config.root_key, config.previous_root_keys, config.effective)
        );
    }
}

#[test]
fn rejects_what_is_no_form_of_a_root_key_and_says_what_is() {
    for (text, said) in [
        ("root_key = 7", "the path of a key file, or a table with one of file, pkcs11, transit"),
        ("[root_key.hsm]\nx = 1", "unknown variant `hsm`, expected one of `file`, `pkcs11`, `transit`"),
        ("[root_key.transit]\nextra = 1", "unknown field `extra`"),
        ("[root_key.pkcs11]\nmodule = \"m\"\ntoken = \"t\"", "missing field `key`"),
        ("[[previous_root_keys]]\nfiles = \"x\"", "unknown variant `files`"),
    ] {
        let text = if text.starts_with("[[") { format!("root_key = \"k\"\n{text}") } else { text.to_owned() };
        match current(&text) {
            Err(ConfigError::Form { reason }) => assert!(reason.contains(said), "{text}: {reason}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn asks_for_the_pin_in_exactly_one_place() {
    for pin in ["", "pin_file = \"pin\"\npin_variable = \"PIN\""] {
        assert_eq!(current(&format!("[root_key.pkcs11]\n{TOKEN}{pin}")), Err(ConfigError::RootKeyPin));
    }
}

#[test]
fn plain_http_to_a_vault_stays_on_the_loopback_unless_the_danger_is_named() {
    let at = |address: &str, more: &str| {
        let text = VAULT.replace("https://vault.example:8200", address);
        current(&format!("[root_key.transit]\n{text}{more}"))
    };
    for address in ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"] {
        let expected = TransitSource { address: address.to_owned(), ..vault() };
        assert_eq!(at(address, "danger_plain_http = true"), Ok(RootKeySource::Transit(expected.clone())));
        assert_eq!(at(&format!("{address}/"), ""), Ok(RootKeySource::Transit(expected)));
    }
    let address = "http://vault.example:8200".to_owned();
    let refusal = ConfigError::RootKeyPlainHttp { address: address.clone() };
    assert_eq!(at(&address, ""), Err(refusal));
    let text =
        format!("{REST}[root_key.transit]\n{}danger_plain_http = true", VAULT.replace("https://", "http://"));
    let danger = "root_key.transit.danger_plain_http: keys travel to http://vault.example:8200 without TLS";
    assert_eq!(parse(&text, Path::new("")).unwrap().dangers(), [danger]);
}

#[test]
fn rejects_addresses_and_names_that_would_change_a_url() {
    for address in
        ["vault.example", "ftp://vault.example", "https://me@vault.example", "https://v/?a", "https://v/#a"]
    {
        let text = VAULT.replace("https://vault.example:8200", address);
        let Err(ConfigError::Value { key, .. }) = current(&format!("[root_key.transit]\n{text}")) else {
            panic!("{address} was taken");
        };
        assert_eq!(key, "root_key.transit.address");
    }
    for (name, key) in [
        ("mount = \"a//b\"", "root_key.transit.mount"),
        ("mount = \"../sys\"", "root_key.transit.mount"),
        ("mount = \"a?b\"", "root_key.transit.mount"),
        ("namespace = \"\"", "root_key.transit.namespace"),
        ("namespace = \"a b\"", "root_key.transit.namespace"),
    ] {
        let Err(ConfigError::Value { key: found, .. }) =
            current(&format!("[root_key.transit]\n{VAULT}{name}"))
        else {
            panic!("{name} was taken");
        };
        assert_eq!(found, key, "{name}");
    }
    for key in ["a/b", "", ".", "a.", "a%2f"] {
        let text = VAULT.replace("key = \"root\"", &format!("key = {key:?}"));
        let Err(ConfigError::Value { key: found, .. }) = current(&format!("[root_key.transit]\n{text}"))
        else {
            panic!("{key} was taken");
        };
        assert_eq!(found, "root_key.transit.key", "{key}");
    }
}

#[test]
fn labels_have_the_lengths_that_tokens_have_room_for() {
    let with = |token: &str| {
        let text = TOKEN.replace("vouchsafe", token);
        current(&format!("[root_key.pkcs11]\n{text}pin_file = \"pin\""))
    };
    let exact = "t".repeat(TOKEN_LABEL);
    let expected = Pkcs11Source { token: exact.clone(), ..token() };
    assert_eq!(with(&exact), Ok(RootKeySource::Pkcs11(expected)));
    for refused in [String::new(), "t".repeat(TOKEN_LABEL + 1)] {
        let wanted = "a label of 1 to 32 bytes";
        let key = "root_key.pkcs11.token";
        assert_eq!(with(&refused), Err(ConfigError::Value { key, wanted, actual: refused.clone() }));
    }
}

#[test]
fn former_ids_are_those_of_keepers_that_can_move() {
    let with = |id: &str| current(&format!("[root_key.transit]\n{VAULT}formerly = [{id:?}]"));
    let expected = TransitSource { formerly: vec!["transit:https://old".to_owned()], ..vault() };
    assert_eq!(with("transit:https://old"), Ok(RootKeySource::Transit(expected)));
    let Err(ConfigError::Value { key, actual, .. }) = with("file:00") else {
        panic!("a file's id was taken")
    };
    assert_eq!((key, actual.as_str()), ("root_key.formerly", "file:00"));
}
