//! TCB info and identity whose structure is altered before Intel's key signs them: whatever status the verifier finds is the one
//! that another reader finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::intel::Collateral;
use vouchsafe_fuzz::Script;
use vouchsafe_fuzz::intel::{WORLD, judge, signed};
use vouchsafe_fuzz::json::Tree;

fuzz_target!(|bytes: &[u8]| {
    let mut script = Script(bytes);
    let machine = &WORLD.machines[script.below(WORLD.machines.len())];
    let tree = |body: Vec<u8>| Tree::of(serde_json::from_slice(&body).expect("minted collateral is JSON"));
    let mut info = tree(machine.fields.tcb_info.body().expect("a body"));
    let mut identity = tree(machine.fields.qe_identity.body().expect("a body"));
    let (whole, unaltered) = (script.byte() % 4, script.is_over());
    if whole == 0 {
        identity.alter(&mut script, &WORDS);
    } else {
        info.alter(&mut script, &WORDS);
    }
    let key = &WORLD.vendor.tcb_signer.key;
    let collateral = Collateral {
        tcb_info: signed("tcbInfo", &info.write(), key),
        qe_identity: signed("enclaveIdentity", &identity.write(), key),
        ..machine.good.clone()
    };
    let verdict = judge(&machine.quote, &collateral);
    if let Some(status) = verdict.tcb.status {
        assert_eq!(
            Some(status.to_owned()),
            machine.status(&info, &identity),
            "{} {}",
            info.write(),
            identity.write()
        );
    }
    assert!(!unaltered || verdict.tcb.status == Some("UpToDate"), "{:?}", verdict.error);
});

const WORDS: [&str; 40] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
    "TDRelaunchAdvised",
    "2026-03-01T00:00:00Z",
    "2026-02-28T23:59:59Z",
    "2026-03-01T00:00:01Z",
    "2026-13-01T00:00:00Z",
    "SGX",
    "TDX",
    "QE",
    "TD_QE",
    "TDX_01",
    "TDX_03",
    "tcbLevels",
    "tcb",
    "tcbStatus",
    "tcbDate",
    "advisoryIDs",
    "sgxtcbcomponents",
    "tdxtcbcomponents",
    "pcesvn",
    "isvsvn",
    "svn",
    "fmspc",
    "pceId",
    "issueDate",
    "nextUpdate",
    "version",
    "tdxModule",
    "tdxModuleIdentities",
    "INTEL-SA-00615",
    "true",
    "0",
    "65535",
    "256",
];
