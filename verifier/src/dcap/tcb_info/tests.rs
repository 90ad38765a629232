use super::*;

const PCS_TDX: &[u8] = include_bytes!(
    "../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-2/tcb_info.json"
);
const PCS_SGX: &[u8] = include_bytes!(
    "../../../../fixtures/sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/tcb_info.json"
);

fn body(pcs: &'static [u8]) -> String {
    let text = core::str::from_utf8(pcs).unwrap();
    let end = text.rfind(",\"signature\"").unwrap();
    text["{\"tcbInfo\":".len()..end].to_owned()
}

fn parse(body: &str) -> Result<TcbInfo, CollateralError> {
    TcbInfo::from_parts(body.as_bytes(), &"00".repeat(64))
}

/// The TDX body with one text replaced, which must stand in it.
fn edited(from: &str, to: &str) -> Result<TcbInfo, CollateralError> {
    let body = body(PCS_TDX);
    assert!(body.contains(from), "{from}");
    parse(&body.replacen(from, to, 1))
}

fn error(result: Result<TcbInfo, CollateralError>) -> CollateralError {
    result.unwrap_err()
}

#[test]
fn reads_tdx_with_its_modules_and_levels() {
    let info = TcbInfo::parse(PCS_TDX).unwrap();
    assert_eq!((info.tee(), info.fmspc(), info.pce_id()), (Tee::Tdx, [0xB0, 0xC0, 0x6F, 0, 0, 0], [0, 0]));
    assert_eq!(info.evaluation_number(), 20);
    assert_eq!(info.validity().not_before, UnixTime::parse_rfc3339("2026-10-08T00:09:46Z").unwrap());
    assert_eq!(info.validity().not_after, UnixTime::parse_rfc3339("2026-11-07T00:09:46Z").unwrap());
    assert_eq!(
        info.levels()[0],
        PlatformLevel {
            sgx: [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
            tdx: Some([5, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            pce_svn: 11,
            date: UnixTime::parse_rfc3339("2025-08-13T00:00:00Z").unwrap(),
            status: TcbStatus::UpToDate,
            advisories: Vec::new(),
        }
    );
    let versions: Vec<_> = (0..=255).filter(|version| info.module_version(*version).is_some()).collect();
    assert_eq!(versions, [1, 3]);
    assert_eq!(info.module_version(3).unwrap().level(4).unwrap().isv_svn, 3);
    assert_eq!(info.module_version(3).unwrap().level(2), None);
}

#[test]
fn reads_sgx() {
    let info = TcbInfo::parse(PCS_SGX).unwrap();
    assert_eq!((info.tee(), info.module(), info.levels()[0].tdx), (Tee::Sgx, None, None));
}

#[test]
fn keeps_the_body_as_received() {
    let spaced =
        format!("{{ \"signature\" : \"{}\",\n \"tcbInfo\" :  {}  }}", "00".repeat(64), body(PCS_TDX));
    assert_eq!(TcbInfo::parse(spaced.as_bytes()).unwrap().signed().body(), body(PCS_TDX).as_bytes());
}

#[test]
fn reads_version_2_with_numbered_components() {
    let components: String = (1..=16).map(|i| format!("\"sgxtcbcomp{i:02}svn\":{i},")).collect();
    let v2 = |components: &str| {
        parse(&format!(
            "{{\"version\":2,\"issueDate\":\"2025-06-04T09:25:11Z\",\"nextUpdate\":\"2025-07-04T09:25:11Z\",\
             \"fmspc\":\"00606a000000\",\"pceId\":\"0000\",\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\
             \"tcbLevels\":[{{\"tcb\":{{{components}\"pcesvn\":13}},\"tcbDate\":\"2024-03-13T00:00:00Z\",\
             \"tcbStatus\":\"SWHardeningNeeded\"}}]}}"
        ))
    };
    let info = v2(&components).unwrap();
    assert_eq!(info.levels()[0].sgx, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    let missing = components.replace("\"sgxtcbcomp16svn\":16,", "");
    assert_eq!(error(v2(&missing)), CollateralError::Member { member: "sgxtcbcomp16svn", wanted: true });
    let extra = format!("{components}\"sgxtcbcomp17svn\":1,");
    assert_eq!(error(v2(&extra)), CollateralError::Member { member: "tcb", wanted: false });
}

#[test]
fn refuses_fifteen_and_seventeen_components() {
    let wrong = |member, actual| CollateralError::Components { member, expected: 16, actual };
    let end = "{\"svn\":0}],\"pcesvn\"";
    assert_eq!(error(edited(&format!(",{end}"), "],\"pcesvn\"")), wrong("sgxtcbcomponents", 15));
    assert_eq!(error(edited(end, &format!("{{\"svn\":0}},{end}"))), wrong("sgxtcbcomponents", 17));
    let end = "{\"svn\":0}]},\"tcbDate\"";
    assert_eq!(error(edited(&format!(",{end}"), "]},\"tcbDate\"")), wrong("tdxtcbcomponents", 15));
}

#[test]
fn refuses_duplicate_members_anywhere() {
    for (from, to) in [
        ("\"id\":\"TDX\"", "\"id\":\"TDX\",\"id\":\"TDX\""),
        ("\"id\":\"TDX\"", "\"id\":\"TDX\",\"\\u0069d\":\"TDX\""),
        ("\"id\":\"TDX\"", "\"id\":\"TDX\",\"unknown\":{\"a\":1,\"a\":2}"),
        ("\"pcesvn\":11", "\"pcesvn\":11,\"pcesvn\":0"),
    ] {
        match error(edited(from, to)) {
            CollateralError::Json { reason, .. } => {
                assert!(reason.starts_with("duplicate member"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn tolerates_members_that_it_does_not_know() {
    assert!(edited("\"id\":\"TDX\"", "\"id\":\"TDX\",\"comment\":\"new\"").is_ok());
}

#[test]
fn refuses_other_ids_versions_and_types() {
    let id = |actual: &str| CollateralError::Id { actual: actual.to_owned() };
    assert_eq!(error(edited("\"id\":\"TDX\"", "\"id\":\"tdx\"")), id("tdx"));
    assert_eq!(error(edited("\"id\":\"TDX\",", "")), CollateralError::Member { member: "id", wanted: true });
    assert_eq!(error(edited("\"version\":3", "\"version\":4")), CollateralError::Version { actual: 4 });
    assert_eq!(error(edited("\"version\":3", "\"version\":2")), id("TDX"));
    assert_eq!(error(edited("\"tcbType\":0", "\"tcbType\":1")), CollateralError::TcbType { actual: 1 });
}

#[test]
fn refuses_one_tees_members_in_the_others() {
    assert_eq!(
        error(edited("\"id\":\"TDX\"", "\"id\":\"SGX\"")),
        CollateralError::Member { member: "tdxModule", wanted: false }
    );
    assert_eq!(
        error(edited("\"tdxModule\":", "\"otherModule\":")),
        CollateralError::Member { member: "tdxModule", wanted: true }
    );
}

#[test]
fn refuses_fmspc_of_another_size() {
    let hex = CollateralError::Hex { member: "fmspc", size: 6 };
    assert_eq!(error(edited("B0C06F000000", "B0C06F0000")), hex);
    assert_eq!(error(edited("B0C06F000000", "B0C06F00000000")), hex);
    assert_eq!(error(edited("B0C06F000000", "B0C06F00000G")), hex);
    assert_eq!(edited("B0C06F000000", "b0c06f000000").unwrap().fmspc(), [0xB0, 0xC0, 0x6F, 0, 0, 0]);
}

#[test]
fn refuses_one_module_version_twice_and_other_names() {
    assert_eq!(
        error(edited("\"id\":\"TDX_03\"", "\"id\":\"TDX_01\"")),
        CollateralError::Count { member: "tdxModuleIdentities", limit: 256, actual: 2 }
    );
    assert_eq!(
        error(edited("\"id\":\"TDX_03\"", "\"id\":\"TDX_3\"")),
        CollateralError::Hex { member: "id", size: 1 }
    );
}

#[test]
fn refuses_statuses_that_only_a_verifier_gives() {
    for status in [TcbStatus::NoMatch, TcbStatus::TDRelaunchAdvised] {
        let to = format!("\"tcbStatus\":\"{status}\"");
        let body = body(PCS_SGX).replacen("\"tcbStatus\":\"SWHardeningNeeded\"", &to, 1);
        assert_eq!(error(parse(&body)), CollateralError::Status { actual: status });
    }
}

#[test]
fn refuses_a_body_beyond_the_limit() {
    let padded = |size: usize| format!("{}{}", body(PCS_TDX), " ".repeat(size - body(PCS_TDX).len()));
    assert!(parse(&padded(0x4_0000)).is_ok());
    assert_eq!(
        error(parse(&padded(0x4_0001))),
        CollateralError::TooLarge { size: 0x4_0001, limit: 0x4_0000 }
    );
}

#[test]
fn refuses_one_signature_for_two_bodies() {
    let both = format!("{{\"tcbInfo\":{{}},\"enclaveIdentity\":{{}},\"signature\":\"{}\"}}", "00".repeat(64));
    assert_eq!(
        error(TcbInfo::parse(both.as_bytes())),
        CollateralError::Member { member: "enclaveIdentity", wanted: false }
    );
}

/// Many names are compared another way than few.
#[test]
fn refuses_a_duplicate_among_many_members() {
    let many = |last: &str| {
        let names: String = (0..100).map(|i| format!("\"n{i}\":{{\"n{i}\":1}},")).collect();
        edited("\"id\":\"TDX\"", &format!("{names}\"{last}\":1,\"id\":\"TDX\""))
    };
    assert!(many("another").is_ok());
    for twice in ["n0", "n31", "n32", "n99", "\\u006e50"] {
        match error(many(twice)) {
            CollateralError::Json { reason, .. } => {
                assert!(reason.starts_with("duplicate member"), "{twice}: {reason}");
            }
            other => panic!("{twice}: {other:?}"),
        }
    }
}

/// What surrounds the body is not signed, and must not mean two things either.
#[test]
fn refuses_duplicate_members_around_the_body() {
    let (body, signature) = (body(PCS_TDX), "00".repeat(64));
    let around = |more: &str| {
        TcbInfo::parse(format!("{{{more}\"tcbInfo\":{body},\"signature\":\"{signature}\"}}").as_bytes())
    };
    assert!(around("\"more\":{\"a\":1},").is_ok());
    for more in [
        "\"signature\":\"00\",",
        "\"tcbInfo\":{},",
        "\"more\":1,\"more\":2,",
        "\"more\":{\"a\":1,\"a\":2},",
        "\"more\":[{\"a\":1,\"a\":2}],",
    ] {
        assert!(matches!(error(around(more)), CollateralError::Json { .. }), "{more}");
    }
    let without = TcbInfo::parse(format!("{{\"tcbInfo\":{body}}}").as_bytes());
    assert_eq!(error(without), CollateralError::Member { member: "signature", wanted: true });
}

/// Components of another version or TEE are a demand that nobody compares.
#[test]
fn refuses_components_that_do_not_belong_here() {
    let refused = CollateralError::Member { member: "tcb", wanted: false };
    let pce = "\"pcesvn\":11";
    assert_eq!(error(edited(pce, &format!("{pce},\"sgxtcbcomp01svn\":1"))), refused);
    assert_eq!(error(edited(pce, &format!("{pce},\"SgxTcbComponents\":[]"))), refused);
    let body = body(PCS_SGX);
    let with_tdx = body.replacen("\"pcesvn\"", "\"tdxtcbcomponents\":[],\"pcesvn\"", 1);
    assert_ne!(body, with_tdx);
    assert_eq!(error(parse(&with_tdx)), refused);
}
