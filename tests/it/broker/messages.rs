//! Requests that are not what the protocol has, on every path.

use system_tests::broker::{auth_as, call};

use super::bench::{Bench, Expected};

const MALFORMED: u16 = 400;
const SERDE: &str = "SerdeError";
const PATH: &str = "InvalidRequestPath";

#[test]
fn auth_takes_one_version_of_known_tees_in_whole_json() {
    let bench = Bench::new();
    let good = r#"{"version":"0.4.0","tee":"snp","extra-params":""}"#;
    let with = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let tee: Expected<'_> = (MALFORMED, "AttestationError", &["it takes snp, tdx, sgx"]);
    let version: Expected<'_> =
        (MALFORMED, "AttestationError", &["KBS Client Protocol Version Mismatch: expect =0.4.0"]);
    let mut large = good.as_bytes().to_vec();
    large.resize(16 << 10, b' ');
    assert_eq!(auth_as(bench.broker.address, &large).status, 200);
    large.push(b' ');
    let mut huge = good.as_bytes().to_vec();
    huge.resize((2 << 20) + 1, b' ');
    let rows: &[(&str, Vec<u8>, Expected<'_>)] = &[
        ("an older version", with("0.4.0", "0.3.0"), version),
        ("a newer version", with("0.4.0", "0.4.1"), version),
        ("no version", with("0.4.0", ""), version),
        ("a version with markup", with("0.4.0", "<b>"), version),
        ("an unknown TEE", with("snp", "abacus"), tee),
        ("a TEE that is not taken", with("snp", "nvidia"), tee),
        ("sample where it is not taken", with("snp", "sample"), tee),
        ("sample devices", with("snp", "sampledevice"), tee),
        ("a TEE in capitals", with("snp", "SNP"), tee),
        ("a version that is a number", with("\"0.4.0\"", "4"), (MALFORMED, SERDE, &["wrong type"])),
        ("a TEE that is a list", with("\"snp\"", "[\"snp\"]"), (MALFORMED, SERDE, &["wrong type"])),
        ("no extra-params", with(",\"extra-params\":\"\"", ""), (MALFORMED, SERDE, &["missing"])),
        ("a member twice", with("{", "{\"tee\":\"tdx\","), (MALFORMED, SERDE, &["stands twice"])),
        (
            "a truncated body",
            good.as_bytes()[..good.len() - 1].to_vec(),
            (MALFORMED, SERDE, &["ends too early"]),
        ),
        ("no body", Vec::new(), (MALFORMED, SERDE, &[])),
        ("another encoding", vec![0xff, 0xfe, b'{'], (MALFORMED, SERDE, &["not JSON"])),
        ("deep nesting", "[".repeat(10_000).into_bytes(), (MALFORMED, SERDE, &[])),
        ("more than a request has", large, (413, SERDE, &["16384"])),
        ("more than any body has", huge, (413, SERDE, &["16384"])),
    ];
    for (name, body, expected) in rows {
        let answer = auth_as(bench.broker.address, body);
        let refusal = bench.refused(name, &answer, *expected);
        assert!(!refusal.summary.contains(['<', '\u{fffd}']), "{name}: {}", refusal.summary);
        assert_eq!(answer.cookie(), None, "{name}");
    }
    bench.honest(&bench.site.amd.machine);
}

#[test]
fn every_other_path_and_method_has_the_protocols_body() {
    let bench = Bench::new();
    let token = super::bench::bearer(&bench.honest(&bench.site.amd.machine));
    let rows: &[(&str, &str, Expected<'_>)] = &[
        ("GET", "/kbs/v0/auth", (405, PATH, &[])),
        ("PUT", "/kbs/v0/attest", (405, PATH, &[])),
        ("DELETE", "/kbs/v0/attest", (405, PATH, &[])),
        ("PUT", "/kbs/v0/resource/models/key/demo", (405, PATH, &[])),
        ("PATCH", "/kbs/v0/resource/models/key/demo", (405, PATH, &[])),
        ("GET", "/", (404, PATH, &[])),
        ("GET", "/kbs", (404, PATH, &[])),
        ("GET", "/kbs/v0", (404, PATH, &[])),
        ("GET", "/kbs/v0/", (404, PATH, &[])),
        ("GET", "/kbs/v1/auth", (404, PATH, &[])),
        ("POST", "/kbs/v0/resource-policies", (404, PATH, &[])),
        ("GET", "/kbs/v0/sample/a", (404, "PluginNotFound", &["resource"])),
        ("GET", "/kbs/v0/pkcs11/resource/a", (404, "PluginNotFound", &["resource"])),
        ("GET", "/kbs/v0/resource/models/key", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models/key/demo/more", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models/../demo", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models//demo", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models/%2e%2e/demo", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models/key%2fdemo", (400, PATH, &[])),
        ("GET", "/kbs/v0/resource/models/key/d%00mo", (400, PATH, &[])),
    ];
    for (method, path, expected) in rows {
        let answer = call(bench.broker.address, method, path, &[("authorization", &token)], None);
        bench.refused(&format!("{method} {path}"), &answer, *expected);
    }
    bench.honest(&bench.site.amd.machine);
}
