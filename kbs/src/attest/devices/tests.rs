use super::*;

const NONCE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY: &str = r#"{"alg":"ECDH-ES+A256KW","crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// The SHA-384 of the worked values (docs of the CoCo protocol, section 19).
const DIGEST: &str =
    "cc12bca78af3e46d9ddb68eb97122047abb52703f1cec34bd0adc12c5ac8c860b1ada6c8729e54f2172908b77572364a";

fn runtime() -> RuntimeData {
    RuntimeData { nonce: NONCE.to_owned(), tee_pubkey: RawJson::parse(KEY).unwrap() }
}

fn read_as(text: &str, accept: bool) -> Result<Vec<Device>, String> {
    read(text, &runtime(), HashAlgorithm::Sha384, accept).map_err(|error| match error {
        DeviceError::Refused(refusal) => refusal.to_string(),
        DeviceError::Binding(error) => error.to_string(),
    })
}

#[test]
fn a_device_is_bound_to_the_worked_digest() {
    let devices = read_as(r#"{"sampledevice":{"svn":"2","report_data":"AA=="}}"#, true).unwrap();
    let [device] = devices.as_slice() else { panic!("{devices:?}") };
    assert_eq!(hex::encode(device.report_data), format!("{DIGEST}{}", "00".repeat(16)));
    assert_eq!((device.name, device.class, device.tee), ("gpu0", "gpu", Tee::SampleDevice));
    assert_eq!(device.evidence.get(), r#"{"svn":"2","report_data":"AA=="}"#);
    assert_eq!(device.runtime_data, format!(r#"{{"nonce":"{NONCE}","tee-pubkey":{KEY}}}"#));
    assert!(read_as("", false).unwrap().is_empty());
}

#[test]
fn names_the_classes_that_are_not_taken_and_repeats_no_others() {
    let checks = "[checks: devices.supported]";
    for (text, accept, expected) in [
        (r#"{"nvidia":{}}"#, true, "device evidence of nvidia is not verified by this broker"),
        (r#"{"sampledevice":{}}"#, false, "device evidence of sampledevice is not verified by this broker"),
        (
            r#"{"sampledevice":{},"nvidia-dpu":{}}"#,
            true,
            "device evidence of nvidia-dpu is not verified by this broker",
        ),
        (r#"{"<script>":{}}"#, true, "device evidence of an unknown class is not verified by this broker"),
        (r#"{"sample":{}}"#, true, "device evidence of sample is not verified by this broker"),
        ("{}", true, "device evidence of an unknown class is not verified by this broker"),
        ("[]", true, "device evidence is not a JSON object with each class once"),
        ("x", true, "device evidence is not a JSON object with each class once"),
        (
            r#"{"sampledevice":{},"sampledevice":{}}"#,
            true,
            "device evidence is not a JSON object with each class once",
        ),
    ] {
        let refused = read_as(text, accept).map(|devices| devices.len());
        assert_eq!(refused, Err(format!("{expected} {checks}")), "{text}");
    }
}

#[test]
fn the_evidence_of_a_device_has_its_limit() {
    let of = |bytes: usize| format!(r#"{{"sampledevice":"{}"}}"#, "x".repeat(bytes - 2));
    assert_eq!(read_as(&of(4096), true).map(|devices| devices.len()), Ok(1));
    let refused = "device evidence of sampledevice has at most 4096 bytes [checks: devices.supported]";
    assert_eq!(read_as(&of(4097), true).map(|devices| devices.len()), Err(refused.to_owned()));
}
