use super::*;

fn entry_error(text: &str) -> (usize, String, EntryError) {
    match ReferenceValues::parse_toml(text) {
        Err(ReferenceError::Entry { index, name, error }) => (index, name, error),
        other => panic!("an error of an entry was wanted: {other:?}"),
    }
}

fn with(line: &str) -> String {
    format!("[[reference]]\ntee = \"snp\"\nname = \"a\"\n{line}\n")
}

#[test]
fn reads_entries_of_every_tee() {
    let text = format!(
        "[[reference]]\ntee = \"snp\"\nname = \"one\"\nlaunch-digest = [\"{}\"]\nhost-data = [\"{}\"]\n\
         [[reference]]\ntee = \"tdx\"\nname = \"one\"\nmr-td = [\"{}\"]\n\
         [[reference]]\ntee = \"sgx\"\nname = \"one\"\nisv-prod-id = [1, 65535]\n",
        "aa".repeat(48),
        "bb".repeat(32),
        "cc".repeat(48),
    );
    let wanted = [
        (
            "snp",
            vec![
                (Key::LaunchDigest, vec![Value::Bytes(vec![0xaa; 48])]),
                (Key::HostData, vec![Value::Bytes(vec![0xbb; 32])]),
            ],
        ),
        ("tdx", vec![(Key::MrTd, vec![Value::Bytes(vec![0xcc; 48])])]),
        ("sgx", vec![(Key::IsvProdId, vec![Value::Number(1), Value::Number(65535)])]),
    ];
    let wanted = wanted.map(|(tee, wanted)| Reference::new(tee, "one", wanted).unwrap());
    assert_eq!(ReferenceValues::parse_toml(&text), ReferenceValues::new(wanted.to_vec()));
}

#[test]
fn refuses_each_broken_entry_by_name_and_key() {
    let short = format!("launch-digest = [\"{}\"]", "aa".repeat(47));
    let twice = format!("launch-digest = [\"{}\", \"{}\"]", "aa".repeat(48), "AA".repeat(48));
    let not_hex = format!("launch-digest = [\"{}\"]", "zz".repeat(48));
    let long_host_data = format!("host-data = [\"{}\"]", "aa".repeat(48));
    let key = Key::LaunchDigest;
    let length = |wanted, digits| ValueError::Length { wanted, digits };
    let cases = [
        ("", EntryError::NoKeys),
        (
            "launch-digests = [\"00\"]",
            EntryError::UnknownKey { key: "launch-digests".to_owned(), tee: "snp" },
        ),
        ("mr-td = [\"00\"]", EntryError::KeyOfAnotherTee { key: Key::MrTd, tee: "snp".to_owned() }),
        (
            "report-data = [\"00\"]",
            EntryError::KeyOfAnotherTee { key: Key::ReportData, tee: "snp".to_owned() },
        ),
        ("launch-digest = \"00\"", EntryError::NotAList { key }),
        ("launch-digest = []", EntryError::NoValues { key }),
        ("launch-digest = [1]", EntryError::Value { key, index: 1, error: ValueError::NotText }),
        (&short, EntryError::Value { key, index: 1, error: length(&[48], 94) }),
        (&not_hex, EntryError::Value { key, index: 1, error: ValueError::NotHex }),
        (&twice, EntryError::DuplicateValue { key, index: 2 }),
        (&long_host_data, EntryError::Value { key: Key::HostData, index: 1, error: length(&[32], 96) }),
        (
            "guest-svn = [\"1\"]",
            EntryError::Value { key: Key::GuestSvn, index: 1, error: ValueError::NotANumber },
        ),
        (
            "guest-svn = [-1]",
            EntryError::Value { key: Key::GuestSvn, index: 1, error: ValueError::NotANumber },
        ),
        (
            "guest-svn = [0, 4294967296]",
            EntryError::Value {
                key: Key::GuestSvn,
                index: 2,
                error: ValueError::TooLarge { max: 0xffff_ffff, actual: 0x1_0000_0000 },
            },
        ),
    ];
    for (line, error) in cases {
        assert_eq!(entry_error(&with(line)), (1, "a".to_owned(), error), "{line}");
    }
}

#[test]
fn refuses_an_entry_without_tee_or_name() {
    let digest = format!("launch-digest = [\"{}\"]\n", "aa".repeat(48));
    let cases = [
        ("name = \"a\"\n", "a", EntryError::Missing("tee")),
        ("tee = \"snp\"\n", "", EntryError::Missing("name")),
        ("tee = \"snp\"\nname = 1\n", "", EntryError::NotText("name")),
        ("tee = \"SNP\"\nname = \"a\"\n", "a", EntryError::UnknownTee { actual: "SNP".to_owned() }),
        ("tee = \"nitro\"\nname = \"a\"\n", "a", EntryError::UnknownTee { actual: "nitro".to_owned() }),
        ("tee = \"snp\"\nname = \"\"\n", "", EntryError::BadName { max: 128 }),
    ];
    for (head, name, error) in cases {
        let text = format!("{}guest-svn = [1]\n[[reference]]\n{head}{digest}", with(""));
        assert_eq!(entry_error(&text), (2, name.to_owned(), error), "{head}");
    }
}

#[test]
fn refuses_text_that_is_no_reference_file() {
    for text in [
        "",
        "reference = 1",
        "[[references]]",
        "[[reference]]\ntee = \"snp\"\n[other]\n",
        "\u{0}",
        "[[reference",
    ] {
        assert!(matches!(ReferenceValues::parse_toml(text), Err(ReferenceError::Toml(_))), "{text:?}");
    }
    assert_eq!(ReferenceValues::parse_toml("reference = []"), Err(ReferenceError::NoEntries));
}

#[test]
fn refuses_text_above_the_limit_before_it_is_parsed() {
    let text = "#".repeat(TEXT_BYTES_MAX + 1);
    let error = ReferenceError::TooLong { max: TEXT_BYTES_MAX, actual: TEXT_BYTES_MAX + 1 };
    assert_eq!(ReferenceValues::parse_toml(&text), Err(error));
    let text = format!("{}guest-svn = [1]\n", with(""));
    let padded = format!("{text}{}", "#".repeat(TEXT_BYTES_MAX - text.len()));
    assert_eq!(ReferenceValues::parse_toml(&padded), ReferenceValues::parse_toml(&text));
    assert_eq!(ReferenceValues::parse_toml(&text).map(|set| set.entries().len()), Ok(1));
}

#[test]
fn refuses_more_entries_than_the_limit() {
    let text = |count: usize| -> String {
        (0..count).map(|i| format!("[[reference]]\ntee='sgx'\nname='{i}'\nisv-svn=[1]\n")).collect()
    };
    assert_eq!(
        ReferenceValues::parse_toml(&text(ENTRIES_MAX)).map(|set| set.entries().len()),
        Ok(ENTRIES_MAX)
    );
    assert_eq!(
        ReferenceValues::parse_toml(&text(ENTRIES_MAX + 1)),
        Err(ReferenceError::TooManyEntries { max: ENTRIES_MAX, actual: ENTRIES_MAX + 1 })
    );
}

#[test]
fn refuses_two_entries_of_one_name() {
    let entry = with("guest-svn = [1]");
    assert_eq!(
        ReferenceValues::parse_toml(&format!("{entry}{entry}")),
        Err(ReferenceError::DuplicateName { tee: "snp".to_owned(), name: "a".to_owned() })
    );
}

#[test]
fn an_error_says_its_cause_in_one_line_and_no_chain_says_it_twice() {
    let keys = "launch-digest, host-data, family-id, image-id, id-key-digest, author-key-digest, guest-svn, min-guest-svn";
    let cases = [
        ("lunch-digest = [\"00\"]", format!("unknown key \"lunch-digest\"; keys of snp: {keys}")),
        ("mr-td = [\"00\"]", format!("mr-td is no reference value of snp; keys of snp: {keys}")),
        (
            "launch-digest = [\"00\"]",
            "launch-digest: value 1: 2 characters, wanted 48 bytes in hexadecimal".to_owned(),
        ),
    ];
    for (line, cause) in cases {
        let error = ReferenceValues::parse_toml(&with(line)).unwrap_err();
        assert_eq!(error.to_string(), format!("reference values: entry 1 (\"a\"): {cause}"));
        assert!(std::error::Error::source(&error).is_none(), "{error}");
    }
    let error = ReferenceValues::parse_toml("[[references]]").unwrap_err().to_string();
    assert!(error.contains("unknown field `references`, expected `reference`"), "{error}");
}
