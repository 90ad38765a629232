//! Real evidence, signed by real hardware, at the instants at which its endorsements were in force.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reference_values::ReferenceValues;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::{Check, Outcome as CheckOutcome};
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Verdict, assess};

use super::story::{Mark, Story};
use crate::{report, system};

/// One piece of evidence and what must become of it.
struct Case {
    name: &'static str,
    tee: Tee,
    /// RFC 3339.
    at: &'static str,
    bytes: &'static [u8],
    endorsements: &'static [(&'static str, &'static [u8])],
    outcome: Outcome,
}

/// What must become of evidence; anything else fails the demo.
enum Outcome {
    /// Affirmed: hardware, configuration and what runs.
    Accepted,
    /// Genuine, and not affirmed because of these checks and no others: each id, in order, with what it is about.
    NotAccepted(&'static [(&'static str, &'static str)]),
    /// Not believed after the bit was flipped: the byte's offset, and the kind of the error.
    NotBelieved { flip: usize, kind: &'static str },
}

/// Verifies each case and tells what became of it.
pub(crate) fn tell(story: &Story) -> anyhow::Result<()> {
    let anchors = Anchors::vendor().context("the pinned roots")?;
    let reference_values = ReferenceValues::parse_toml(include_str!("known.toml")).context("known.toml")?;
    for case in CASES {
        story.doing(case.name);
        let (verdict, took) = judge(case, &anchors, &reference_values)?;
        check(case, &verdict)?;
        let when = case.at.get(..10).unwrap_or(case.at);
        let text = format!("{}, {when}", case.name);
        match &case.outcome {
            Outcome::Accepted => {
                story.tell(Mark::Good, "accepted", &text, Some(took))?;
                story.detail(&good(&verdict))?;
            }
            Outcome::NotAccepted(about) => {
                story.tell(Mark::Doubt, "not accepted", &format!("{text}: genuine, but"), Some(took))?;
                for check in verdict.failed() {
                    story.detail(&reason(check, about))?;
                }
            }
            Outcome::NotBelieved { .. } => {
                story.tell(Mark::No, "refused", &text, Some(took))?;
                let failure = verdict.error.as_ref().map(|failure| failure.message.clone());
                story.detail(&failure.unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

fn judge(case: &Case, anchors: &Anchors, known: &ReferenceValues) -> anyhow::Result<(Verdict, Duration)> {
    let mut bytes = case.bytes.to_vec();
    if let Outcome::NotBelieved { flip, .. } = case.outcome {
        *bytes.get_mut(flip).context("the byte to change")? ^= 1;
    }
    let mut endorsements = Endorsements::new();
    for (name, bytes) in case.endorsements {
        endorsements.add(name, bytes)?;
    }
    let expected = Expected::nothing();
    let policy = Policy::default();
    let wanted = Wanted { reference_values: known, expectations: &[] };
    let context = Context {
        endorsements: &endorsements,
        anchors,
        expected: &expected,
        wanted,
        policy: &policy,
        scope: Scope::Full,
    };
    let at = UnixTime::parse_rfc3339(case.at)?;
    let began = system::instant();
    let verdict = assess(&bytes, Some(case.tee), &context, at);
    Ok((verdict, began.elapsed()))
}

fn check(case: &Case, verdict: &Verdict) -> anyhow::Result<()> {
    let mut failed: Vec<_> = verdict.failed().map(|check| check.id).collect();
    failed.sort_unstable();
    failed.dedup();
    let kind = verdict.error.as_ref().map(|failure| failure.kind);
    let as_told = match &case.outcome {
        Outcome::Accepted => verdict.tier == Tier::Affirming && failed.is_empty(),
        Outcome::NotAccepted(checks) => {
            verdict.verified && verdict.exit_code() == 1 && failed.iter().eq(checks.iter().map(|(id, _)| id))
        }
        Outcome::NotBelieved { kind: wanted, .. } => !verdict.verified && kind == Some(*wanted),
    };
    ensure!(
        as_told,
        "{}: not what was expected of it: tier {}, failed {failed:?}, error {kind:?}",
        case.name,
        verdict.tier.as_str()
    );
    Ok(())
}

/// What was asked and held, and what nobody could ask of evidence that was made for somebody else.
fn good(verdict: &Verdict) -> String {
    let passed = verdict.checks.iter().filter(|check| check.outcome == CheckOutcome::Pass).count();
    let unasked = verdict.checks.iter().filter(|check| check.outcome == CheckOutcome::NotChecked);
    let unasked: Vec<_> = unasked.map(|check| check.id).collect();
    let status = verdict.tcb.status.map(|status| format!("TCB {status}, ")).unwrap_or_default();
    format!("{status}{passed} checks passed; not asked: {}", unasked.join(", "))
}

fn reason(check: &Check, about: &[(&str, &str)]) -> String {
    let about = about.iter().find(|(id, _)| *id == check.id).map_or("", |(_, about)| about);
    let (found, wanted) = (report::brief(&check.actual), report::brief(&check.expected));
    format!("{about} ({}): found {found}; wanted {wanted}", check.id)
}

/// A file of the folder `fixtures/`, inside this program.
macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/", $path))
    };
}

/// Reports of 2023, and no CRL beside them.
const OLD_SNP: &[(&str, &str)] = &[
    ("appraise.revocation", "no CRL at hand"),
    ("appraise.snp.alias-check", "no check for memory aliases, AMD-SB-3015"),
    ("appraise.snp.tcb.committed", "old firmware, which the machine may go back to"),
    ("appraise.snp.tcb.current", "old firmware, running"),
    ("appraise.snp.tcb.launch", "old firmware, when the guest was launched"),
    ("appraise.tcb", "old firmware, AMD-SB-3019"),
];

const CASES: &[Case] = &[
    Case {
        name: "TDX quote v4",
        tee: Tee::Tdx,
        at: "2026-03-15T14:23:53Z",
        bytes: fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/quote.bin"),
        endorsements: &[
            (
                "tcb_info.json",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/tcb_info.json"),
            ),
            (
                "qe_identity.json",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/qe_identity.json"),
            ),
            (
                "tcb_signing_chain.pem",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("pck_crl.der", fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/pck_crl.der")),
            (
                "root_crl.der",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/root_crl.der"),
            ),
        ],
        outcome: Outcome::Accepted,
    },
    Case {
        name: "TDX quote v5",
        tee: Tee::Tdx,
        at: "2026-10-23T00:06:48Z",
        bytes: fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/quote.bin"),
        endorsements: &[
            (
                "tcb_info.json",
                fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_info.json"),
            ),
            (
                "qe_identity.json",
                fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/qe_identity.json"),
            ),
            (
                "tcb_signing_chain.pem",
                fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("pck_crl.der", fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/pck_crl.der")),
            (
                "root_crl.der",
                fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/root_crl.der"),
            ),
        ],
        outcome: Outcome::Accepted,
    },
    Case {
        name: "TDX quote v4 of a platform with old microcode",
        tee: Tee::Tdx,
        at: "2026-10-23T00:06:48Z",
        bytes: fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/quote.bin"),
        endorsements: &[
            (
                "tcb_info.json",
                fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-1/tcb_info.json"),
            ),
            (
                "qe_identity.json",
                fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-1/qe_identity.json"),
            ),
            (
                "tcb_signing_chain.pem",
                fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-1/tcb_signing_chain.pem"),
            ),
            ("pck_crl.der", fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-1/pck_crl.der")),
            (
                "root_crl.der",
                fixture!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000/collateral-1/root_crl.der"),
            ),
        ],
        outcome: Outcome::NotAccepted(&[("appraise.tcb", "old microcode")]),
    },
    Case {
        name: "SGX quote v3",
        tee: Tee::Sgx,
        at: "2025-07-04T10:28:44Z",
        bytes: fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/quote.bin"),
        endorsements: &[
            (
                "tcb_info.json",
                fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/tcb_info.json"),
            ),
            (
                "qe_identity.json",
                fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/qe_identity.json"),
            ),
            (
                "tcb_signing_chain.pem",
                fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("pck_crl.der", fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/pck_crl.der")),
            (
                "root_crl.der",
                fixture!("sgx/quote-9a17aa7a60-v3-body1-00a067110000/collateral-0/root_crl.der"),
            ),
        ],
        outcome: Outcome::NotAccepted(&[("appraise.tcb", "the platform is not set up as Intel advises")]),
    },
    Case {
        name: "SNP report, Milan",
        tee: Tee::Snp,
        at: "2023-05-03T19:23:43Z",
        bytes: fixture!("snp/snp-120d77b213-milan-v2-vcek/report.bin"),
        endorsements: &[
            ("vek.der", fixture!("snp/snp-120d77b213-milan-v2-vcek/vek.der")),
            ("ask.der", fixture!("snp/snp-120d77b213-milan-v2-vcek/ask.der")),
        ],
        outcome: Outcome::NotAccepted(OLD_SNP),
    },
    Case {
        name: "SNP report, Genoa, from VMPL 1",
        tee: Tee::Snp,
        at: "2023-10-19T00:51:30Z",
        bytes: fixture!("snp/snp-8253e98e04-genoa-v2-vcek/report.bin"),
        endorsements: &[
            ("vek.der", fixture!("snp/snp-8253e98e04-genoa-v2-vcek/vek.der")),
            ("ask.der", fixture!("snp/snp-8253e98e04-genoa-v2-vcek/ask.der")),
        ],
        outcome: Outcome::NotAccepted(&[
            OLD_SNP[0],
            OLD_SNP[1],
            OLD_SNP[2],
            OLD_SNP[3],
            OLD_SNP[4],
            ("appraise.snp.vmpl", "a report from VMPL 1"),
            OLD_SNP[5],
        ]),
    },
    Case {
        name: "the first TDX quote with one bit of MRTD changed",
        tee: Tee::Tdx,
        at: "2026-03-15T14:23:53Z",
        bytes: fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/quote.bin"),
        endorsements: &[
            (
                "tcb_info.json",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/tcb_info.json"),
            ),
            (
                "qe_identity.json",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/qe_identity.json"),
            ),
            (
                "tcb_signing_chain.pem",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("pck_crl.der", fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/pck_crl.der")),
            (
                "root_crl.der",
                fixture!("tdx/quote-5225f6d79f-v4-body2-90c06f000000/collateral-0/root_crl.der"),
            ),
        ],
        outcome: Outcome::NotBelieved { flip: 48 + 136, kind: "quote-signature" },
    },
];
