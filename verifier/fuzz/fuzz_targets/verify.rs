//! The whole trip on hostile evidence, and on hostile endorsements for real evidence: nothing is believed that the
//! vendors' hardware did not say.
#![no_main]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reference_values::ReferenceValues;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::Fact;
use verifier::endorsements::Endorsements;
use verifier::evidence::{Evidence, EvidenceInput, Tee};
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Verdict, assess};

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| Anchors::vendor().expect("the pinned roots parse"));

/// What each genuine report or quote says: its measurement and its report data, read from the bytes that are signed.
static GENUINE: LazyLock<BTreeSet<(Vec<u8>, Vec<u8>)>> =
    LazyLock::new(|| evidence_files().iter().map(|path| said(&read(path))).collect());

/// Two real pieces that every run verifies under the endorsements that the fuzzer makes up.
static REAL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    vec![
        read(&fixtures().join("snp/snp-120d77b213-milan-v2-vcek/report.bin")),
        read(&fixtures().join("tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin")),
    ]
});

/// What Intel's own documents, of any date and in any pair, make of the quote's TCB.
static EVALUATED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let inside = |folder: &PathBuf| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder of fixtures");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let quotes = inside(&fixtures().join("tdx"));
    let sets: Vec<PathBuf> = quotes.iter().flat_map(inside).filter(|path| path.is_dir()).collect();
    let mut outcomes = BTreeSet::new();
    for info in &sets {
        for identity in &sets {
            let mut endorsements = Endorsements::new();
            for path in [
                info.join("tcb_info.json"),
                info.join("tcb_signing_chain.pem"),
                identity.join("qe_identity.json"),
                identity.join("tcb_signing_chain.pem"),
            ] {
                endorsements.add(&path.display().to_string(), &read(&path)).expect("within the limits");
            }
            outcomes.insert(evaluated(&judge(&REAL[1], &endorsements)));
        }
    }
    outcomes
});

fn evaluated(verdict: &Verdict) -> String {
    format!("{:?}", verdict.tcb)
}

static ENDORSEMENTS: LazyLock<Endorsements> = LazyLock::new(|| {
    let mut endorsements = Endorsements::new();
    for folder in
        ["snp/snp-120d77b213-milan-v2-vcek", "tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0"]
    {
        for entry in std::fs::read_dir(fixtures().join(folder)).expect("a folder of fixtures") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                endorsements.add(&path.display().to_string(), &read(&path)).expect("within the limits");
            }
        }
    }
    endorsements
});

fuzz_target!(|bytes: &[u8]| {
    let verdict = judge(bytes, &ENDORSEMENTS);
    if verdict.verified {
        let said = (claim(&verdict, "launch_digest"), claim(&verdict, "report_data"));
        assert!(GENUINE.contains(&said), "believed what no hardware said");
    }
    let mut hostile = Endorsements::new();
    if hostile.add("fuzz", bytes).is_ok() {
        for evidence in REAL.iter() {
            let verdict = judge(evidence, &hostile);
            assert!(verdict.tier != Tier::Affirming, "affirmed without a reference value");
            let judged = verdict.tee == Some(Tee::Tdx) && verdict.tcb.status.is_some();
            assert!(
                !judged || EVALUATED.contains(&evaluated(&verdict)),
                "a TCB was judged by what Intel did not sign"
            );
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

/// Measurement and report data at their offsets, without the verifier's help.
fn said(evidence: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let input = EvidenceInput::decode(evidence, None).expect("a genuine piece");
    match Evidence::parse(&input).expect("a genuine piece") {
        Evidence::Snp { .. } => (evidence[0x90..0xc0].to_vec(), evidence[0x50..0x90].to_vec()),
        Evidence::Dcap { .. } => {
            let sgx = evidence[4..8] == [0; 4];
            // Version 5 has a descriptor of six bytes before the body.
            let body = if evidence[0] == 5 { 54 } else { 48 };
            let (digest, data) = if sgx { (64..96, 320..384) } else { (136..184, 520..584) };
            let at = |range: std::ops::Range<usize>| evidence[body + range.start..body + range.end].to_vec();
            (at(digest), at(data))
        }
        Evidence::Sample { .. } => panic!("no fixture is sample evidence"),
    }
}

fn claim(verdict: &Verdict, name: &str) -> Vec<u8> {
    let Fact::Map(claims) = &verdict.claims else { panic!("claims are a map") };
    match claims.iter().find(|(key, _)| *key == name) {
        Some((_, Fact::Hex(bytes))) => bytes.clone(),
        other => panic!("{name} is bytes, found {other:?}"),
    }
}

fn evidence_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for tee in ["snp", "tdx", "sgx"] {
        for entry in std::fs::read_dir(fixtures().join(tee)).expect("a folder of fixtures") {
            let folder = entry.expect("an entry").path();
            files.extend(
                ["report.bin", "quote.bin"]
                    .map(|name| folder.join(name))
                    .into_iter()
                    .filter(|path| path.is_file()),
            );
        }
    }
    files
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
