//! Every real quote, with all collateral that there is and at the edges of its time, before `dcap-qvl` and before our verifier:
//! the same status, advisories, dates and platform, and every mutation refused by both. Each disagreement has a name.

use std::collections::BTreeMap;
use std::path::Path;

use dcap_qvl::policy::QuoteClaims;
use fixtures::{Entry, FixtureTee};
use oracles::{Both, fixture_sets, mutations, real_collateral, said_by_dcap_qvl, said_by_us};
use verifier::verdict::Verdict;

/// How two answers stand to one another; anything else fails the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// Both believe, and say the same in every word.
    Same,
    /// Both refuse.
    BothRefuse,
    /// At the very second of a CRL's nextUpdate, `dcap-qvl` holds it to be over; RFC 5280 section 6.3.3 asks for a new one after.
    CrlAtItsEnd,
    /// A CRL that is over is to us a finding, which does not affirm.
    CrlOver,
    /// `dcap-qvl` does not look at a CRL's thisUpdate (RFC 5280 section 5.1.2.4); one of the future is to us a finding.
    CrlNotBegun,
    /// Another fault of a CRL is to us a finding too.
    CrlUnverified,
    /// A platform below every level is to us `NoMatch`, contraindicated (Intel's QVL: STATUS_TCB_NOT_SUPPORTED).
    NoMatch,
    /// `dcap-qvl` refuses a guest without SEPT_VE_DISABLE; to us it is a finding, contraindicated.
    SeptVe,
    /// A TCB info of version 2 (Intel PCS API version 3), which `dcap-qvl` does not read.
    TcbInfoVersion2,
    /// `dcap-qvl` takes more than one thing that we refuse: see the mutation's words.
    Laxer,
}

#[test]
fn every_real_quote_has_the_same_status_advisories_dates_and_platform() {
    let mut rows = Rows::default();
    for (set, root) in fixture_sets() {
        for entry in quotes(&root) {
            for case in entry.cases() {
                let (quote, files) = (entry.evidence(&root), entry.endorsements(&root, &case));
                let Some(collateral) = real_collateral(&quote, &files) else {
                    assert!(files.is_empty(), "{}", entry.dir);
                    rows.without_collateral += 1;
                    continue;
                };
                let both = Both::under_the_vendors();
                let ask = |at| (both.theirs(&quote, &collateral, at), both.ours(&quote, &files, at));
                let mut instants = vec![case.at.secs()];
                if let (Ok(claims), _) = ask(case.at.secs()) {
                    instants.extend(edges(&claims));
                }
                for at in instants {
                    let (theirs, ours) = ask(at);
                    rows.add(&format!("{set} {} {:?} at {at}", entry.dir, case.collateral), &theirs, &ours);
                }
            }
        }
    }
    rows.show("real quotes");
    // The registry's alone have these many.
    assert!(rows.count(Row::Same) >= 22 && rows.count(Row::BothRefuse) >= 10, "{rows:?}");
    assert_eq!(rows.count(Row::Laxer), 0, "{rows:?}");
    assert_eq!(rows.wrong, Vec::<String>::new());
}

#[test]
fn every_mutation_of_a_real_quote_or_its_collateral_is_refused_by_both() {
    let mut rows = Rows::default();
    for (set, root) in fixture_sets() {
        let entries = quotes(&root);
        for negative in fixtures::negatives(&root) {
            let Some(entry) = entries.iter().find(|entry| entry.dir == negative.dir) else { continue };
            for (quote, files, at) in mutations(entry, &negative, &root) {
                let Some(collateral) = real_collateral(&quote, &files) else {
                    rows.without_collateral += 1;
                    continue;
                };
                let both = Both::under_the_vendors();
                let (theirs, ours) = (both.theirs(&quote, &collateral, at), both.ours(&quote, &files, at));
                assert_ne!(ours.exit_code(), 0, "{set} {} {}", negative.dir, negative.what);
                rows.add(&format!("{set} {} {}", negative.dir, negative.what), &theirs, &ours);
            }
        }
    }
    rows.show("mutations of real quotes");
    assert!(rows.count(Row::BothRefuse) >= 250, "{rows:?}");
    assert_eq!(rows.count(Row::Same), 0, "{rows:?}");
    assert_eq!(rows.wrong, Vec::<String>::new());
}

#[derive(Debug, Default)]
struct Rows {
    counts: BTreeMap<Row, usize>,
    without_collateral: usize,
    wrong: Vec<String>,
}

impl Rows {
    fn add(&mut self, what: &str, theirs: &Result<QuoteClaims, String>, ours: &Verdict) {
        match row(theirs, ours) {
            Some(row) => {
                if matches!(row, Row::Laxer | Row::CrlUnverified) {
                    println!("{row:?}: {what}: ours {:?}, theirs {:?}", ours.error, theirs.as_ref().err());
                }
                *self.counts.entry(row).or_default() += 1;
            }
            None => self.wrong.push(format!(
                "{what}: theirs {:?}, ours {} {} {:?}",
                theirs.as_ref().map(said_by_dcap_qvl),
                ours.verified,
                said_by_us(ours),
                failed(ours)
            )),
        }
    }

    fn count(&self, row: Row) -> usize {
        self.counts.get(&row).copied().unwrap_or_default()
    }

    fn show(&self, what: &str) {
        println!("summary: {what}: {:?}, without collateral {}", self.counts, self.without_collateral);
    }
}

fn failed(ours: &Verdict) -> Vec<&'static str> {
    ours.failed().map(|check| check.id).collect()
}

fn row(theirs: &Result<QuoteClaims, String>, ours: &Verdict) -> Option<Row> {
    let flagged = |check| ours.verified && failed(ours).contains(&check);
    let believed = ours.verified && ours.error.is_none();
    match theirs {
        Ok(claims) if believed => {
            let row = if flagged("appraise.revocation") { Row::CrlNotBegun } else { Row::Same };
            let same = said_by_dcap_qvl(claims) == said_by_us(ours);
            (same && (row == Row::Same || not_begun(ours))).then_some(row)
        }
        Ok(_) => (!ours.verified).then_some(Row::Laxer),
        Err(_) if !ours.verified => Some(Row::BothRefuse),
        Err(error) => {
            let at_its_end = |error: &str| {
                let (_, times) = error.split_once("CrlExpired { time: UnixTime(")?;
                let (now, rest) = times.split_once(')')?;
                Some(rest.contains(&format!("next_update: UnixTime({now})")))
            };
            let says = |words| error.contains(words);
            match at_its_end(error) {
                Some(true) => (believed && !flagged("appraise.revocation")).then_some(Row::CrlAtItsEnd),
                Some(false) => flagged("appraise.revocation").then_some(Row::CrlOver),
                None if says("No matching TCB level found") => {
                    (flagged("appraise.tcb") && ours.tcb.status == Some("NoMatch")).then_some(Row::NoMatch)
                }
                None if says("SEPT_VE_DISABLE is not enabled") => {
                    flagged("appraise.tdx.sept-ve-disable").then_some(Row::SeptVe)
                }
                None if says("missing field `sgxtcbcomponents`") => believed.then_some(Row::TcbInfoVersion2),
                None if says("CRL") || says("Crl") || says("crl") => {
                    flagged("appraise.revocation").then_some(Row::CrlUnverified)
                }
                None => None,
            }
        }
    }
}

/// Whether every finding on revocation is that a CRL is not issued yet.
fn not_begun(ours: &Verdict) -> bool {
    let mut findings = ours.failed().filter(|check| check.id == "appraise.revocation");
    findings.all(|check| {
        serde_json::to_string(&check.actual).is_ok_and(|actual| actual.contains("not issued before"))
    })
}

/// The last second of refusal and the first of belief, and the other way round, as `dcap-qvl` reckons them from every part.
fn edges(claims: &QuoteClaims) -> [i64; 4] {
    let [from, to] = [claims.latest_issue_date, claims.earliest_expiration_date]
        .map(|at| i64::try_from(at).expect("an instant of this century"));
    [from - 1, from, to, to + 1]
}

fn quotes(root: &Path) -> Vec<Entry> {
    fixtures::index(root).into_iter().filter(|entry| entry.tee != FixtureTee::Snp).collect()
}
