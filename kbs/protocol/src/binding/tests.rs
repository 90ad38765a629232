use proptest::prelude::*;

use super::*;
use crate::testing::{NONCE, key, recorded};
use crate::{Attestation, Challenge};

/// docs/kbs-protocol.md section 19.
const DEVICE_INPUT: &str = r#"{"nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","tee-pubkey":{"alg":"ECDH-ES+A256KW","crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}"#;
const PRIMARY_INPUT: &str = r#"{"additional-evidence":"","nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","tee-pubkey":{"alg":"ECDH-ES+A256KW","crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}"#;
const DEVICE_EVIDENCE: &str = r#"{"sampledevice":{"report_data":"zBK8p4rz5G2d22jrlxIgR6u1JwPxzsNL0K3BLFrIyGCxrabIcp5U8hcpCLd1cjZK","svn":"2"}}"#;
const DEVICE_DIGEST: &str =
    "cc12bca78af3e46d9ddb68eb97122047abb52703f1cec34bd0adc12c5ac8c860b1ada6c8729e54f2172908b77572364a";
const PRIMARY_DIGEST: &str =
    "dfa65d498315212bdaf8857231cf0482172933db271f15856bf30db447227eb5b1dd9e29fcc1fb9076fb00792c3bb7e7";
const PRIMARY_DIGEST_WITH_DEVICE: &str =
    "519c9299c1c80ff516c7f912ca12b113f529f8c5c58422136e9193f3b091ab63dc89cc8eae4daf91847e98850935506c";

#[test]
fn writes_the_worked_inputs() {
    assert_eq!(device_input(NONCE, &key()), Ok(DEVICE_INPUT.to_owned()));
    assert_eq!(primary_input("", NONCE, &key()), Ok(PRIMARY_INPUT.to_owned()));
    let with_device = primary_input(DEVICE_EVIDENCE, NONCE, &key()).unwrap();
    assert_eq!((DEVICE_INPUT.len(), PRIMARY_INPUT.len(), with_device.len()), (219, 244, 363));
    assert!(with_device.starts_with(r#"{"additional-evidence":"{\"sampledevice\":{\"report_data\":"#));
}

#[test]
fn computes_the_worked_digests() {
    let hex = |digest: Result<Digest, BindingError>| digest.map(|digest| hex::encode(digest.as_bytes()));
    assert_eq!(hex(device_digest(HashAlgorithm::Sha384, NONCE, &key())), Ok(DEVICE_DIGEST.to_owned()));
    assert_eq!(hex(primary_digest(HashAlgorithm::Sha384, "", NONCE, &key())), Ok(PRIMARY_DIGEST.to_owned()));
    assert_eq!(
        hex(primary_digest(HashAlgorithm::Sha384, DEVICE_EVIDENCE, NONCE, &key())),
        Ok(PRIMARY_DIGEST_WITH_DEVICE.to_owned())
    );
}

#[test]
fn pads_report_data_with_zero_bytes() {
    let report_data = report_data(HashAlgorithm::Sha384, "", NONCE, &key()).unwrap();
    assert_eq!(hex::encode(report_data), format!("{PRIMARY_DIGEST}{}", "00".repeat(16)));
}

#[test]
fn binds_what_the_recorded_client_bound() {
    for exchange in recorded().chunks(2).filter(|pair| pair[0].head.starts_with("POST /kbs/v0/attest ")) {
        let attestation = Attestation::parse(exchange[0].body).unwrap();
        let digest = primary_digest(
            Challenge::new(String::new()).hash().unwrap(),
            &attestation.tee_evidence.additional_evidence,
            &attestation.runtime_data.nonce,
            &attestation.runtime_data.tee_pubkey,
        );
        let sample = crate::evidence::Sample::parse(&attestation.tee_evidence.primary_evidence).unwrap();
        assert_eq!(digest.map(|digest| digest.as_bytes().to_vec()), Ok(sample.report_data().unwrap()));
    }
}

#[test]
fn covers_members_of_the_key_that_are_not_understood() {
    let with_kid = RawJson::parse(&key().get().replace("\"kty\"", "\"kid\": \"1\", \"kty\"")).unwrap();
    assert_eq!(
        device_input(NONCE, &with_kid),
        Ok(DEVICE_INPUT.replace(r#""kty":"EC""#, r#""kid":"1","kty":"EC""#))
    );
}

#[test]
fn escapes_as_rfc_8785_says() {
    let key = RawJson::parse(r#"{"kty":"\u0041\u001f\u2028\"\\\n/"}"#).unwrap();
    assert_eq!(
        device_input("", &key),
        Ok("{\"nonce\":\"\",\"tee-pubkey\":{\"kty\":\"A\\u001f\u{2028}\\\"\\\\\\n/\"}}".to_owned())
    );
}

#[test]
fn rejects_a_key_that_is_no_object() {
    let key = RawJson::parse("\"EC\"").unwrap();
    assert_eq!(device_digest(HashAlgorithm::Sha384, NONCE, &key), Err(BindingError::NotAnObject));
}

#[test]
fn rejects_sm3_by_name() {
    let refused = device_digest(HashAlgorithm::Sm3, NONCE, &key());
    assert_eq!(refused, Err(BindingError::Hash(UnsupportedHash(HashAlgorithm::Sm3))));
    assert_eq!(refused.unwrap_err().to_string(), "hash algorithm sm3 is not supported");
}

proptest! {
    #[test]
    fn the_canonical_text_is_its_own_canonical_text(nonce in ".*", members in proptest::collection::btree_map(".*", ".*", 0..8)) {
        let key = RawJson::of(&members).unwrap();
        let text = device_input(&nonce, &key).unwrap();
        let tree: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json_canonicalizer::to_string(&tree).unwrap(), text);
        prop_assert_eq!(&tree["nonce"], &nonce);
    }

    #[test]
    fn blanks_and_order_of_the_key_do_not_matter(members in proptest::collection::btree_map("[a-z]{1,8}", "[ -~]*", 0..8)) {
        let sorted = RawJson::of(&members).unwrap();
        let mut reversed = members.iter().rev().map(|(name, value)| format!("\n {} :\t{}", serde_json::json!(name), serde_json::json!(value)));
        let reversed = RawJson::parse(&format!("{{{}}}", reversed.by_ref().collect::<Vec<_>>().join(","))).unwrap();
        prop_assert_eq!(device_input(NONCE, &sorted), device_input(NONCE, &reversed));
    }
}
