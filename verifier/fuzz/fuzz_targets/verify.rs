//! The whole trip on hostile evidence, and on hostile endorsements for real evidence: nothing verifies that the
//! vendors did not sign.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reference_values::ReferenceValues;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

const FOLDER: &str = "../../fixtures";
static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| Anchors::vendor().expect("the pinned roots parse"));
static GENUINE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let read = |path: &str| std::fs::read(format!("{FOLDER}/{path}")).expect("run from verifier/fuzz");
    vec![
        read("snp/snp-120d77b213-milan-v2-vcek/report.bin"),
        read("tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin"),
    ]
});
static ENDORSEMENTS: LazyLock<Endorsements> = LazyLock::new(|| {
    let mut endorsements = Endorsements::new();
    for folder in [
        "snp/snp-120d77b213-milan-v2-vcek",
        "tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0",
    ] {
        for entry in std::fs::read_dir(format!("{FOLDER}/{folder}")).expect("run from verifier/fuzz") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let bytes = std::fs::read(&path).expect("a fixture");
                endorsements.add(&path.display().to_string(), &bytes).expect("within the limits");
            }
        }
    }
    endorsements
});

fuzz_target!(|bytes: &[u8]| {
    let verdict = judge(bytes, &ENDORSEMENTS);
    // Only what follows the signed quote may differ from genuine evidence and still be believed.
    let genuine = GENUINE.iter().any(|genuine| bytes.starts_with(genuine));
    assert!(!verdict.verified || genuine || bytes.starts_with(b"{"), "believed evidence that nobody signed");
    let mut hostile = Endorsements::new();
    if hostile.add("fuzz", bytes).is_ok() {
        for evidence in GENUINE.iter() {
            let _ = judge(evidence, &hostile);
        }
    }
});

fn judge(evidence: &[u8], endorsements: &Endorsements) -> Verdict {
    let context = Context {
        endorsements,
        anchors: &ANCHORS,
        expected: &Expected::nothing(),
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy::default(),
        scope: Scope::Full,
    };
    assess(evidence, None, &context, UnixTime::from_secs(1_751_624_191))
}
