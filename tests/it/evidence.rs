//! Every piece of real evidence verifies to what its index states, and every mutation of it is refused.

use std::fmt::Write as _;
use std::path::Path;

use reference_values::ReferenceValues;
use system_tests::fixtures::{self, Case, Entry, ExpectedTcb, FixtureTee, Negative, Rejection};
use system_tests::summary::announce;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::{Check, Fact};
use verifier::endorsements::Endorsements;
use verifier::evidence::Tee;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::{Scope, Tier};
use verifier::verdict::{Context, Verdict, assess};

#[test]
fn registry_evidence_verifies_to_what_it_states() {
    accepts_all("registry", &fixtures::registry_root());
}

#[test]
fn registry_mutations_are_refused() {
    refuses_all("registry", &fixtures::registry_root());
}

#[test]
fn extra_evidence_verifies_to_what_it_states() {
    match fixtures::extra_root() {
        Some(root) => accepts_all("extra", &root),
        None => say("extra: SKIPPED, ../shared/fixtures/extra is not there"),
    }
}

#[test]
fn extra_mutations_are_refused() {
    match fixtures::extra_root() {
        Some(root) => refuses_all("extra", &root),
        None => say("extra mutations: SKIPPED, ../shared/fixtures/extra is not there"),
    }
}

fn accepts_all(set: &str, root: &Path) {
    let entries = fixtures::index(root);
    assert!(!entries.is_empty(), "{set} has no entry");
    let (mut tried, mut wrong) = (0, String::new());
    for entry in &entries {
        for case in entry.cases() {
            tried += 1;
            let verdict = judge(entry, &entry.evidence(root), &entry.endorsements(root, &case), case.at);
            if let Err(difference) = compare(entry, &case, &verdict) {
                let _ = writeln!(wrong, "{} {:?}: {difference}", entry.dir, case.collateral);
            }
        }
    }
    assert!(wrong.is_empty(), "{set}:\n{wrong}");
    say(&format!("{set}: {} pieces, {tried} verifications tried, {tried} as stated", entries.len()));
}

fn refuses_all(set: &str, root: &Path) {
    let entries = fixtures::index(root);
    let negatives = fixtures::negatives(root);
    assert!(!negatives.is_empty(), "{set} has no mutation");
    let (mut refused, mut flagged, mut early, mut wrong) = (0, 0, 0, String::new());
    for negative in &negatives {
        let entry = entries.iter().find(|entry| entry.dir == negative.dir).expect("the index has the folder");
        for verdict in broken(entry, negative, root) {
            match (verdict.verified, negative.expected) {
                (false, _) => refused += 1,
                (true, Rejection::RejectOrFlag) if verdict.tier != Tier::Affirming => flagged += 1,
                // Where the CRL alone is too young for the clock, the contract of `verify` asks for "believed, and
                // not affirming" (exit 1), which is narrower than the index's "reject".
                (true, Rejection::Reject) if negative.at().is_some() && future_crl_alone(&verdict) => {
                    early += 1;
                }
                (true, _) => {
                    let _ = writeln!(wrong, "{}: {} is believed", negative.dir, negative.what);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{set}:\n{wrong}");
    let tried = refused + flagged + early;
    let count = negatives.len();
    say(&format!(
        "{set}: {count} mutations, {tried} verifications tried, {refused} rejected, {flagged} believed and flagged, \
         {early} flagged for a CRL not yet issued, 0 accepted"
    ));
}

/// The verdicts on one mutation: with the collateral it names, else with every set that the entry has and with none.
fn broken(entry: &Entry, negative: &Negative, root: &Path) -> Vec<Verdict> {
    let mut cases = entry.cases();
    if let Some(collateral) = &negative.collateral {
        cases.retain(|case| case.collateral.as_ref() == Some(collateral));
        assert!(!cases.is_empty(), "{}: no case with {collateral}", negative.dir);
    } else if entry.tee != FixtureTee::Snp && cases.iter().any(|case| case.collateral.is_some()) {
        cases.push(Case { collateral: None, at: cases[0].at, tcb: None });
    }
    let mutated = negative.mutated(root);
    cases
        .iter()
        .map(|case| {
            let mut evidence = entry.evidence(root);
            let mut endorsements = entry.endorsements(root, case);
            if let (Some(file), Some(mutated)) = (&negative.file, &mutated) {
                match endorsements.iter_mut().find(|(name, _)| name == file) {
                    Some((_, bytes)) => bytes.clone_from(mutated),
                    None => evidence.clone_from(mutated),
                }
            }
            judge(entry, &evidence, &endorsements, negative.at().unwrap_or(case.at))
        })
        .collect()
}

/// Whether the verdict is not affirming for CRLs that are not issued yet, and for nothing else.
fn future_crl_alone(verdict: &Verdict) -> bool {
    let is_future = |check: &Check| {
        let state = claim(&check.actual, "state");
        check.id == "appraise.revocation"
            && matches!(state, Some(Fact::Text(state)) if state.starts_with("not issued before"))
    };
    let hardware = |check: &&Check| ["appraise.revocation", "appraise.anchor"].contains(&check.id);
    verdict.exit_code() == 1
        && verdict.failed().any(is_future)
        && verdict.failed().filter(hardware).all(is_future)
}

fn judge(entry: &Entry, evidence: &[u8], files: &[(String, Vec<u8>)], now: UnixTime) -> Verdict {
    let mut endorsements = Endorsements::new();
    for (name, bytes) in files {
        endorsements.add(name, bytes).expect("a fixture is within the limits");
    }
    let context = Context {
        endorsements: &endorsements,
        anchors: &Anchors::vendor().expect("the pinned roots parse"),
        expected: &Expected::nothing(),
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy::default(),
        scope: Scope::Hardware,
    };
    let tee: Tee = entry.tee.as_str().parse().expect("a TEE's name");
    let named = assess(evidence, Some(tee), &context, now);
    let unnamed = assess(evidence, None, &context, now);
    assert_eq!(
        (named.verified, named.tier, &named.tcb),
        (unnamed.verified, unnamed.tier, &unnamed.tcb),
        "{}: the form of the bytes chooses a parser and nothing else",
        entry.dir
    );
    named
}

fn compare(entry: &Entry, case: &Case, verdict: &Verdict) -> Result<(), String> {
    if !verdict.verified {
        return Err(format!("not believed: {:?}", verdict.error));
    }
    let digest =
        entry.facts.iter().find(|(name, _)| ["measurement", "mrtd", "mrenclave"].contains(&name.as_str()));
    let stated = digest.and_then(|(_, value)| value.as_str()).map(str::to_owned);
    let found = launch_digest(verdict);
    if stated != found {
        return Err(format!("launch digest {found:?}, stated {stated:?}"));
    }
    let Some(stated) = &case.tcb else {
        let without_tcb = (verdict.tcb.status, verdict.exit_code());
        let as_stated = match entry.tee {
            FixtureTee::Snp => matches!(without_tcb, (None, 0 | 1)),
            FixtureTee::Tdx | FixtureTee::Sgx => without_tcb == (None, 4),
        };
        return if as_stated { Ok(()) } else { Err(format!("without collateral: {without_tcb:?}")) };
    };
    let found = ExpectedTcb {
        merged: verdict.tcb.status.unwrap_or_default().to_owned(),
        evaluation_number: verdict.tcb.evaluation_number.unwrap_or_default(),
        advisories: verdict.tcb.advisories.clone(),
        platform: part(verdict, "platform_tcb"),
        tdx_module: part(verdict, "tdx_module_tcb"),
        qe: part(verdict, "qe_tcb"),
    };
    if &found != stated {
        return Err(format!("found {found:?}, stated {stated:?}"));
    }
    let affirming = stated.merged == "UpToDate";
    let tier_fits = (verdict.tier == Tier::Affirming) == affirming;
    if tier_fits { Ok(()) } else { Err(format!("tier {:?} for {}", verdict.tier, stated.merged)) }
}

fn claim<'a>(claims: &'a Fact, name: &str) -> Option<&'a Fact> {
    match claims {
        Fact::Map(entries) => entries.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
        _ => None,
    }
}

fn launch_digest(verdict: &Verdict) -> Option<String> {
    match claim(&verdict.claims, "launch_digest") {
        Some(Fact::Hex(bytes)) => Some(hex::encode(bytes)),
        _ => None,
    }
}

/// The status of one part of a DCAP platform, as the claims have it.
fn part(verdict: &Verdict, name: &str) -> Option<String> {
    let tee = claim(&verdict.claims, verdict.tee?.as_str())?;
    match claim(tee, name)? {
        Fact::Text(status) => Some(status.clone().into_owned()),
        _ => None,
    }
}

/// Left for the closing lines of the test command, and shown in every log.
fn say(line: &str) {
    announce(&format!("evidence: {line}"));
}
