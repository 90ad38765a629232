//! `vouchsafe verify --format`: results that others read, bare, signed and wrapped, and wrapped evidence.
#![expect(clippy::disallowed_methods, reason = "a test that writes keys and wrapped evidence")]

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sim::x509::pem;
use sim::{IssuerKey as _, P256Key};
use system_tests::{binaries, fixtures};
use verifier::cmw::{ATTESTATION_RESULTS, Cmw, EVIDENCE, Record};
use verifier::crypto::{PublicKey, Signature, SignatureAlgorithm, sha256};

const TDX: &str = "tdx/quote-3a3a729320-v4-body2-b0c06f000000";
const MILAN: &str = "snp/snp-120d77b213-milan-v2-vcek";
const IETF: &str = "tag:ietf.org,2026:rats/ear#04";

fn verify(arguments: &[&str]) -> Output {
    let mut command = Command::new(binaries::path("vouchsafe"));
    command.arg("verify").args(arguments).current_dir(fixtures::registry_root());
    command.output().expect("vouchsafe starts")
}

fn tdx(extra: &[&str]) -> Output {
    let (quote, collateral) = (format!("{TDX}/quote.bin"), format!("{TDX}/collateral-0"));
    let mut arguments =
        vec!["--evidence", &quote, "--endorsements", &collateral, "--at", "2025-07-04T10:16:31Z"];
    arguments.extend(extra);
    verify(&arguments)
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap().trim_end()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(text(output)).expect("stdout is one JSON value and nothing else")
}

/// A signing key, and its file.
fn signer(folder: &Path) -> (P256Key, String) {
    let key = P256Key::generate(&mut guest_agent::system_rng());
    let path = folder.join("sign.pem");
    std::fs::write(&path, pem("PRIVATE KEY", &pkcs8(&key))).unwrap();
    (key, path.display().to_string())
}

/// PrivateKeyInfo (RFC 5958) around ECPrivateKey (RFC 5915) with the public key, as OpenSSL writes it.
fn pkcs8(key: &P256Key) -> Vec<u8> {
    let algorithm = hex::decode("301306072a8648ce3d020106082a8648ce3d030107").unwrap();
    let head = [&[0x30, 0x81, 0x87, 2, 1, 0], algorithm.as_slice(), &[4, 0x6d, 0x30, 0x6b, 2, 1, 1, 4, 0x20]]
        .concat();
    [head.as_slice(), &key.to_bytes(), &[0xa1, 0x44, 3, 0x42, 0, 4], &key.public_point()].concat()
}

/// The claims of a compact JWT, after its signature held under `key`.
fn opened(token: &str, key: &P256Key) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let kid = URL_SAFE_NO_PAD.encode(sha256(&key.spki()));
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": kid}));
    let (signature, point) = (decode(signature), key.public_point());
    let public = PublicKey::p256(&point).unwrap();
    let fixed = Signature::EcdsaFixed(&signature);
    assert_eq!(public.verify(SignatureAlgorithm::EcdsaP256Sha256, signed.as_bytes(), fixed), Ok(()));
    serde_json::from_slice(&decode(claims)).unwrap()
}

#[test]
fn the_verdict_format_is_what_json_prints() {
    let (one, other) = (tdx(&["--json"]), tdx(&["--format", "verdict"]));
    assert_eq!((one.status.code(), one.stdout), (other.status.code(), other.stdout));
}

#[test]
fn prints_the_same_verdict_as_an_ear_of_either_profile_and_keeps_the_exit_code() {
    let ear = tdx(&["--format", "ear", "--appraise", "hardware"]);
    let trustee = tdx(&["--format", "ear-trustee", "--appraise", "hardware"]);
    assert_eq!((ear.status.code(), trustee.status.code()), (Some(0), Some(0)));
    let (ear, trustee) = (json_of(&ear), json_of(&trustee));
    assert_eq!((&ear["eat_profile"], &ear["ear_status"]), (&json!(IETF), &json!("affirming")));
    assert_eq!(trustee["eat_profile"], "tag:github.com,2024:confidential-containers/Trustee");
    assert_eq!(ear["iat"], 1_751_624_191);
    let (cpu, trustees) = (&ear["submods"]["cpu0"], &trustee["submods"]["cpu0"]);
    assert_eq!(cpu["ear_trustworthiness_vector"], trustees["ear.trustworthiness-vector"]);
    assert_eq!(cpu["ear_verifier_claims"], trustees["ear.vouchsafe"]);
    assert_eq!(cpu["ear_verifier_claims"]["tcb"]["status"], "UpToDate");
    let rtmr = &trustees["ear.veraison.annotated-evidence"]["tdx"]["quote"]["body"]["rtmr_1"];
    assert_eq!(&cpu["ear_attester_claims"]["tdx"]["rtmr1"], rtmr);
    // Asked of everything, nothing is known of the executables.
    let full = tdx(&["--format", "ear"]);
    assert_eq!((full.status.code(), json_of(&full)["ear_status"].clone()), (Some(1), json!("none")));
}

#[test]
fn a_result_about_what_is_not_believed_is_contraindicated() {
    let wrong = format!("report-data={}", "00".repeat(64));
    let output = tdx(&["--format", "ear", "--expect", &wrong]);
    let ear = json_of(&output);
    let error = &ear["submods"]["cpu0"]["ear_verifier_claims"]["error"];
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(ear["ear_status"], "contraindicated");
    assert_eq!(error, &json!({"stage": "verify", "kind": "binding-report-data"}));
}

#[test]
fn signs_a_result_and_wraps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (key, path) = signer(folder.path());
    let bare = json_of(&tdx(&["--format", "ear"]));
    let token = tdx(&["--format", "ear", "--sign-key", &path]);
    assert_eq!(opened(text(&token), &key), bare);
    let wrapped = |extra: &[&str]| match Cmw::parse(text(&tdx(extra)).as_bytes()).unwrap() {
        Cmw::Record(record) => record,
        Cmw::Collection(_) => panic!("a collection"),
    };
    let Record { media_type, value, indicator } = wrapped(&["--format", "cmw"]);
    let expected = format!("application/eat-ucs+json; eat_profile=\"{IETF}\"");
    assert_eq!((media_type, indicator), (expected, Some(ATTESTATION_RESULTS)));
    assert_eq!(serde_json::from_slice::<Value>(&value).unwrap(), bare);
    let Record { media_type, value, indicator } = wrapped(&["--format", "cmw", "--sign-key", &path]);
    let expected = format!("application/eat+jwt; eat_profile=\"{IETF}\"");
    assert_eq!((media_type, indicator), (expected, Some(ATTESTATION_RESULTS)));
    assert_eq!(opened(std::str::from_utf8(&value).unwrap(), &key), bare);
}

#[test]
fn exits_2_for_forms_that_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (_, key) = signer(folder.path());
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, pem("PRIVATE KEY", b"no key")).unwrap();
    let broken = broken.display().to_string();
    for arguments in [
        &["--json", "--format", "ear"][..],
        &["--format", "jwt"],
        &["--sign-key", &key],
        &["--json", "--sign-key", &key],
        &["--format", "verdict", "--sign-key", &key],
        &["--format", "ear", "--sign-key", "absent.pem"],
        &["--format", "ear", "--sign-key", &broken],
    ] {
        let output = tdx(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
    }
}

#[test]
fn wrapped_evidence_has_the_verdict_of_the_same_evidence_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = fixtures::registry_root();
    let report = std::fs::read(root.join(MILAN).join("report.bin")).unwrap();
    let vek = format!("{MILAN}/vek.der");
    let judge = |evidence: &str| {
        let at = "2023-05-03T19:23:43Z";
        verify(&["--evidence", evidence, "--endorsements", &vek, "--at", at, "--json"])
    };
    let wrapped = |media_type: &str, value: Vec<u8>, indicator| {
        let record = Record { media_type: media_type.to_owned(), value, indicator };
        let path = folder.path().join("evidence.cmw");
        std::fs::write(&path, Cmw::Record(record).to_json()).unwrap();
        judge(&path.display().to_string())
    };
    let alone = judge(&format!("{MILAN}/report.bin"));
    assert_eq!(json_of(&alone)["verified"], true);
    let snp = "application/vnd.amd.sev-snp.attestation-report";
    let tsm = json!({"provider": "sev_guest\n", "outblob": URL_SAFE_NO_PAD.encode(&report)}).to_string();
    for (media_type, value, indicator) in [
        (snp, report.clone(), Some(EVIDENCE)),
        (snp, report.clone(), None),
        ("application/vnd.veraison.tsm-report+json", tsm.into_bytes(), Some(EVIDENCE)),
    ] {
        let output = wrapped(media_type, value, indicator);
        assert_eq!((output.status.code(), json_of(&output)), (alone.status.code(), json_of(&alone)));
    }
    let unknown = wrapped("application/octet-stream", report.clone(), Some(EVIDENCE));
    let error = json_of(&unknown)["error"].clone();
    assert_eq!((unknown.status.code(), &error["kind"]), (Some(3), &json!("evidence-cmw")));
    assert!(error["message"].as_str().unwrap().contains("application/octet-stream"), "{error}");
    let result = wrapped(snp, report, Some(ATTESTATION_RESULTS));
    assert_eq!((result.status.code(), &json_of(&result)["error"]["kind"]), (Some(3), &json!("evidence-cmw")));
}
