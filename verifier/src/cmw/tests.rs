use serde_json::json;

use super::evidence::Unwrapped;
use super::*;
use crate::evidence::{EvidenceInput, MAX_EVIDENCE, Tee};
use crate::snp::REPORT_SIZE;

const JWT: &str = "application/eat+jwt";
const SNP: &str = "application/vnd.amd.sev-snp.attestation-report";
const TSM: &str = "application/vnd.veraison.tsm-report+json";

fn parse(json: &serde_json::Value) -> Result<Cmw, CmwError> {
    Cmw::parse(json.to_string().as_bytes())
}

fn record(media_type: &str, value: &[u8], indicator: Option<u8>) -> Cmw {
    Cmw::Record(Record { media_type: media_type.to_owned(), value: value.to_vec(), indicator })
}

fn b64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn evidence(media_type: &str, value: &[u8]) -> Result<Unwrapped, CmwError> {
    unwrap_evidence(&record(media_type, value, Some(EVIDENCE)))
}

#[test]
fn writes_a_record_and_reads_it_back() {
    let result = record(JWT, b"a.b.c", Some(ATTESTATION_RESULTS));
    assert_eq!(result.to_json(), r#"["application/eat+jwt","YS5iLmM",8]"#);
    assert_eq!(Cmw::parse(result.to_json().as_bytes()), Ok(result));
    assert_eq!(parse(&json!([JWT, "YQ"])), Ok(record(JWT, b"a", None)));
}

#[test]
fn writes_a_collection_and_reads_it_back() {
    let inner = Collection { kind: None, items: [("b".to_owned(), record(JWT, b"b", None))].into() };
    let items =
        [("a".to_owned(), record(JWT, b"a", Some(4))), ("c".to_owned(), Cmw::Collection(inner))].into();
    let both = Cmw::Collection(Collection { kind: Some("tag:example.org,2026:set".to_owned()), items });
    let json = both.to_json();
    assert_eq!(
        json,
        r#"{"__cmwc_t":"tag:example.org,2026:set","a":["application/eat+jwt","YQ",4],"c":{"b":["application/eat+jwt","Yg"]}}"#
    );
    assert_eq!(Cmw::parse(json.as_bytes()), Ok(both));
}

#[test]
fn the_order_of_a_collection_means_nothing() {
    let (one, other) = (r#"{"b":["a/b","YQ"],"!":["a/b","Yg"]}"#, r#"{"!":["a/b","Yg"],"b":["a/b","YQ"]}"#);
    let parsed = Cmw::parse(one.as_bytes()).unwrap();
    assert_eq!(Cmw::parse(other.as_bytes()), Ok(parsed.clone()));
    assert_eq!(parsed.to_json(), other);
}

#[test]
fn rejects_what_is_no_record() {
    for wrong in ["", "[", "null", "7", "\"x\"", "[]", "[1,\"YQ\"]", r#"["a/b"]"#, r#"["a/b","YQ",4,4]"#] {
        assert!(matches!(Cmw::parse(wrong.as_bytes()), Err(CmwError::Form { .. })), "{wrong}");
    }
    let followed = Cmw::parse(br#"["a/b","YQ"] ["a/b","YQ"]"#);
    assert_eq!(followed, Err(CmwError::Form { line: 1, column: 14 }));
    for (wrong, indicator) in [("-1", None), ("4.0", None), ("\"4\"", None), ("0", Some(0)), ("32", Some(32))]
    {
        let outcome = Cmw::parse(format!(r#"["a/b","YQ",{wrong}]"#).as_bytes());
        match indicator {
            None => assert!(matches!(outcome, Err(CmwError::Form { .. })), "{wrong}: {outcome:?}"),
            Some(actual) => assert_eq!(outcome, Err(CmwError::Indicator { most: 31, actual }), "{wrong}"),
        }
    }
    assert_eq!(parse(&json!(["a/b", "YQ", 31])), Ok(record("a/b", b"a", Some(31))));
}

#[test]
fn rejects_a_value_that_is_not_base64url_in_its_one_form() {
    // Standard alphabet, padding, bits after the end, white space, nothing.
    for wrong in ["-_+/", "YQ==", "YR", "Y Q", "YQ\n", "Y", ""] {
        assert_eq!(parse(&json!(["a/b", wrong])), Err(CmwError::Value), "{wrong:?}");
    }
}

#[test]
fn rejects_a_type_that_is_no_media_type() {
    for wrong in ["", "jwt", "a/\u{e9}", "a/b\n", &format!("a/{}", "b".repeat(254))] {
        assert_eq!(parse(&json!([wrong, "YQ"])), Err(CmwError::MediaType { limit: 255 }), "{wrong:?}");
    }
    assert!(parse(&json!([format!("a/{}", "b".repeat(253)), "YQ"])).is_ok());
}

#[test]
fn rejects_collections_that_are_empty_ambiguous_or_unnamed() {
    assert_eq!(Cmw::parse(b"{}"), Err(CmwError::Empty));
    assert_eq!(parse(&json!({"__cmwc_t": "urn:x"})), Err(CmwError::Empty));
    let twice = Cmw::parse(br#"{"a":["a/b","YQ"],"a":["a/b","YQ"]}"#);
    assert_eq!(twice, Err(CmwError::LabelTwice));
    let kinds = Cmw::parse(br#"{"__cmwc_t":"urn:x","__cmwc_t":"urn:x","a":["a/b","YQ"]}"#);
    assert_eq!(kinds, Err(CmwError::LabelTwice));
    for wrong in
        [json!("relative"), json!("3.1"), json!("1.02"), json!("1."), json!(1), json!("x:"), json!("")]
    {
        let outcome = parse(&json!({"__cmwc_t": wrong, "a": ["a/b", "YQ"]}));
        assert_eq!(outcome, Err(CmwError::CollectionType), "{wrong}");
    }
    for right in ["1.3.6.1.4.1.3704", "https://example.org/set", "2.5"] {
        assert!(parse(&json!({"__cmwc_t": right, "a": ["a/b", "YQ"]})).is_ok(), "{right}");
    }
    let label = |label: &str| parse(&json!({label: ["a/b", "YQ"]}));
    assert!(label(&"l".repeat(255)).is_ok());
    for wrong in ["", "a\u{7}", &"l".repeat(256)] {
        assert_eq!(label(wrong), Err(CmwError::Label { limit: 255 }), "{wrong:?}");
    }
}

#[test]
fn members_depth_and_size_have_limits() {
    let members = |count: usize| {
        let members: serde_json::Map<_, _> =
            (0..count).map(|number| (number.to_string(), json!(["a/b", "YQ"]))).collect();
        parse(&serde_json::Value::Object(members))
    };
    assert!(members(32).is_ok());
    assert_eq!(members(33), Err(CmwError::TooMany { limit: 32, actual: 33 }));
    let nested = |levels: usize| {
        let leaf = json!(["a/b", "YQ"]);
        parse(&(0..levels).fold(leaf, |inner, _| json!({"a": inner})))
    };
    assert!(nested(3).is_ok());
    assert_eq!(nested(4), Err(CmwError::TooDeep { limit: 4 }));
    let large = vec![b' '; MAX_EVIDENCE + 1];
    let refused = CmwError::TooLarge { size: MAX_EVIDENCE + 1, limit: MAX_EVIDENCE };
    assert_eq!(Cmw::parse(&large), Err(refused));
}

#[test]
fn the_media_type_names_the_tee_and_nothing_else_does() {
    let report = [7; REPORT_SIZE];
    let snp = Unwrapped { tee: Tee::Snp, bytes: report.to_vec() };
    assert_eq!(evidence(SNP, &report), Ok(snp.clone()));
    assert_eq!(unwrap_evidence(&record(SNP, &report, None)), Ok(snp.clone()));
    assert_eq!(evidence(&SNP.to_ascii_uppercase(), &report), Ok(snp));
    // A report under a type that is not known stays unread.
    let unknown = CmwError::UnknownType { media_type: "application/octet-stream".to_owned() };
    assert_eq!(evidence("application/octet-stream", &report), Err(unknown));
    let parameter = CmwError::UnknownType { media_type: format!("{TSM}; provider=sev_guest") };
    assert_eq!(evidence(&format!("{TSM}; provider=sev_guest"), &report), Err(parameter));
    let size = |actual| CmwError::Size { tee: Tee::Snp, expected: REPORT_SIZE, actual };
    assert_eq!(evidence(SNP, &report[1..]), Err(size(REPORT_SIZE - 1)));
    assert_eq!(evidence(SNP, &[7; REPORT_SIZE + 1]), Err(size(REPORT_SIZE + 1)));
}

#[test]
fn reads_a_report_as_linux_gives_it() {
    let report = [7; REPORT_SIZE];
    let json = |json: serde_json::Value| evidence(TSM, json.to_string().as_bytes());
    let snp = json(json!({"provider": "sev_guest\n", "outblob": b64(&report), "auxblob": b64(&[1, 2])}));
    let bytes = [report.as_slice(), &[1, 2]].concat();
    assert_eq!(snp, Ok(Unwrapped { tee: Tee::Snp, bytes }));
    let tdx = json(json!({"provider": "tdx_guest", "outblob": b64(b"quote")}));
    assert_eq!(tdx, Ok(Unwrapped { tee: Tee::Tdx, bytes: b"quote".to_vec() }));
    let short = json(json!({"provider": "sev_guest", "outblob": b64(&[7; 8]), "auxblob": b64(&report)}));
    assert_eq!(short, Err(CmwError::Size { tee: Tee::Snp, expected: REPORT_SIZE, actual: 8 }));
    for wrong in [
        json!({"provider": "arm_cca_guest", "outblob": "YQ"}),
        json!({"provider": "tdx_guest", "outblob": "YQ", "auxblob": "YQ"}),
        json!({"provider": "tdx_guest", "outblob": "YQ=="}),
        json!({"provider": "tdx_guest", "outblob": "YQ", "manifestblob": "YQ", "service_provider": "svsm"}),
        json!({"outblob": "YQ"}),
        json!({"provider": "tdx_guest"}),
    ] {
        assert!(matches!(json(wrong.clone()), Err(CmwError::Tsm { .. })), "{wrong}");
    }
}

#[test]
fn one_piece_of_evidence_at_a_time() {
    let report = json!([SNP, b64(&[7; REPORT_SIZE]), 4]);
    let unwrap = |json: serde_json::Value| unwrap_evidence(&parse(&json).unwrap()).map(|found| found.tee);
    assert_eq!(unwrap(json!({"cpu": report})), Ok(Tee::Snp));
    assert_eq!(unwrap(json!({"cpu": report, "gpu": ["a/b", "YQ", 4]})), Err(CmwError::Several { actual: 2 }));
    let nested = json!({"machine": {"cpu": report, "other": report}});
    assert_eq!(unwrap(nested), Err(CmwError::Several { actual: 2 }));
    for actual in [1, 2, 8, 12] {
        let result = json!([SNP, b64(&[7; REPORT_SIZE]), actual]);
        assert_eq!(unwrap(result), Err(CmwError::NotEvidence { actual }));
    }
}

#[test]
fn wrapped_evidence_is_decoded_as_what_its_type_says() {
    let wrapped = json!([SNP, b64(&[0; REPORT_SIZE]), 4]).to_string();
    let decoded = EvidenceInput::decode(wrapped.as_bytes(), None).unwrap();
    assert_eq!((decoded.tee, decoded.bytes, decoded.carried), (Tee::Snp, vec![0; REPORT_SIZE], Vec::new()));
    let other = EvidenceInput::decode(wrapped.as_bytes(), Some(Tee::Tdx)).unwrap_err();
    assert_eq!(other, crate::error::ParseError::OtherTee { asked: Tee::Tdx, found: Tee::Snp });
    let collection = json!({"cpu": [SNP, b64(&[0; REPORT_SIZE])]}).to_string();
    assert_eq!(EvidenceInput::decode(collection.as_bytes(), None).unwrap().tee, Tee::Snp);
    let unknown = EvidenceInput::decode(br#" ["application/x","YQ"]"#, None).unwrap_err();
    assert_eq!(unknown.kind(), "evidence-cmw");
    assert_eq!(
        unknown.to_string(),
        "conceptual message wrapper: wrapped evidence of type application/x is not verified by this version"
    );
}
