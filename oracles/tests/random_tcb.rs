//! Levels, statuses, dates and advisories drawn at random, and what `dcap-qvl` and we make of them for one machine.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use oracles::{Both, collateral_for_dcap_qvl, said_by_dcap_qvl, said_by_us};
use serde_json::Value;
use sim::SeededRng;
use sim::intel::{
    CollateralFields, IntelMachine, IntelVendor, PckCa, QeTcb, QuoteBody, QuoteForm, TcbComponent, TcbLevel,
    TcbSvns,
};

const NOW: i64 = 1_772_323_200;
const ROUNDS: u32 = 3000;
const STATUSES: [&str; 9] = [
    "UpToDate",
    "UpToDate",
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
];
/// Those that a module or a quoting enclave has (Intel PCS API, version 4).
const OF_ENCLAVES: [&str; 5] = ["UpToDate", "UpToDate", "OutOfDate", "OutOfDate", "Revoked"];
/// Those of a TD that was launched on less than what it runs on now.
const OF_LAUNCHED: [&str; 2] = ["TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded"];

/// Numbers that depend on nothing but the seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).expect("small")]
    }

    /// A little above or below, mostly equal.
    fn near(&mut self, number: u8) -> u8 {
        match self.below(24) {
            0..=2 => number.saturating_add(1),
            3..=6 => number.saturating_sub(1),
            _ => number,
        }
    }

    fn level<T>(&mut self, tcb: T, statuses: &[&str]) -> TcbLevel<T> {
        TcbLevel {
            tcb,
            tcb_date: format!("20{}-0{}-13T00:00:00Z", 18 + self.below(8), 1 + self.below(9)),
            tcb_status: self.of(statuses).to_owned(),
            advisory_ids: (0..self.below(4)).map(|_| format!("INTEL-SA-0{}", 1000 + self.below(6))).collect(),
        }
    }
}

#[test]
fn random_levels_come_to_the_same_status_date_and_advisories() {
    let rng = &mut SeededRng::new("random TCBs");
    let vendor = IntelVendor::new(rng, NOW).unwrap();
    let both = Both::under(&vendor.root.certificate);
    let machines = machines(&vendor, rng);
    let (mut dice, mut counts) = (Dice(1), BTreeMap::<String, u32>::new());
    for round in 0..ROUNDS {
        let (quote, good, machine) = &machines[usize::try_from(dice.below(machines.len() as u64)).unwrap()];
        let fields = drawn(&mut dice, good);
        let (collateral, sorted) =
            (fields.sign(&vendor).unwrap(), best_first(&fields).sign(&vendor).unwrap());
        let theirs = both.theirs(quote, &collateral_for_dcap_qvl(&sorted, &vendor, machine.ca), NOW);
        let files = Vec::from(
            [
                ("tcb_info.json", collateral.tcb_info),
                ("qe_identity.json", collateral.qe_identity),
                ("tcb_signing_chain.pem", collateral.tcb_signing_chain.into_bytes()),
                ("root_crl.der", collateral.root_crl),
                ("pck_crl.der", collateral.pck_crl),
            ]
            .map(|(name, bytes)| (name.to_owned(), bytes)),
        );
        let ours = both.ours(quote, &files, NOW);
        assert!(ours.verified, "round {round}: {:?}", ours.error);
        let said = said_by_us(&ours);
        let status = said["status"].as_str().expect("a status").to_owned();
        match &theirs {
            Ok(claims) => assert_eq!(said_by_dcap_qvl(claims), said, "round {round}, {:?}", machine.form),
            // A revoked one is to `dcap-qvl` no verified one, whatever is asked; nor is what is below every level.
            Err(error) if status == "Revoked" => {
                assert!(error.contains("TCB status is invalid: Revoked"), "{error}")
            }
            Err(error) => assert!(
                status == "NoMatch"
                    && said["date"] == Value::Null
                    && ["No matching", "is below minimum required"].iter().any(|words| error.contains(words)),
                "round {round}, {:?}: {error}; ours {said}",
                machine.form
            ),
        }
        *counts.entry(status).or_default() += 1;
    }
    println!("summary: {ROUNDS} random TCBs, the same in both: {counts:?}");
    let words = STATUSES.into_iter().chain(OF_LAUNCHED).chain(["NoMatch"]);
    assert_eq!(
        words.filter(|status| !counts.contains_key(*status)).collect::<Vec<_>>(),
        [""; 0],
        "{counts:?}"
    );
}

/// A machine of each form with a quote and good collateral, twice: a TD of 1.5 says what it runs on now, which may be more than
/// what it was launched on.
fn machines(vendor: &IntelVendor, rng: &mut SeededRng) -> Vec<(Vec<u8>, CollateralFields, IntelMachine)> {
    let mut machines = Vec::new();
    for (form, since_launch) in QuoteForm::ALL.into_iter().flat_map(|form| [(form, 0), (form, 1)]) {
        let machine = IntelMachine { ca: PckCa::Platform, ..IntelMachine::new(form, rng) };
        let chain = vendor.pck_chain(&machine, NOW).unwrap();
        let mut fields = machine.quote_fields([0x11; 64]);
        if let QuoteBody::Td(td) = &mut fields.body
            && let Some(td15) = &mut td.td15
        {
            td15.tee_tcb_svn2[0] += since_launch;
            td15.tee_tcb_svn2[2] += since_launch;
        }
        let quote = machine.quote(&fields, chain.as_bytes()).unwrap();
        machines.push((quote, CollateralFields::new(vendor, &machine, NOW).unwrap(), machine));
    }
    machines
}

/// The same with all levels from the best down, as Intel writes them. The order of the document is nothing to us and to Intel's
/// QVL, which sort them (`std::set<TcbLevel, std::greater<TcbLevel>>`); `dcap-qvl` takes the first that fits.
fn best_first(fields: &CollateralFields) -> CollateralFields {
    let mut sorted = fields.clone();
    let svn = |level: &TcbLevel<QeTcb>| Reverse(level.tcb.isv_svn);
    sorted.qe_identity.tcb_levels.sort_by_key(svn);
    for identity in sorted.tcb_info.tdx_module_identities.iter_mut().flatten() {
        identity.tcb_levels.sort_by_key(svn);
    }
    sorted.tcb_info.tcb_levels.sort_by_key(|level| {
        let numbers = |components: &[TcbComponent]| components.iter().map(|one| one.svn).collect::<Vec<_>>();
        let tcb = &level.tcb;
        Reverse((numbers(&tcb.sgx_components), tcb.pce_svn, tcb.tdx_components.as_deref().map(numbers)))
    });
    sorted
}

/// Collateral with levels drawn anew: those of the platform, of the module and of the quoting enclave.
fn drawn(dice: &mut Dice, good: &CollateralFields) -> CollateralFields {
    let mut fields = good.clone();
    let first = good.tcb_info.tcb_levels[0].tcb.clone();
    let tcbs = (0..1 + dice.below(5)).map(|_| svns(dice, &first)).collect();
    fields.tcb_info.tcb_levels = levels(dice, tcbs, &STATUSES);
    let enclave = |dice: &mut Dice, svn: u16| -> Vec<TcbLevel<QeTcb>> {
        let svn = u8::try_from(svn).expect("small");
        let tcbs = (0..1 + dice.below(3)).map(|_| QeTcb { isv_svn: dice.near(svn).into() }).collect();
        levels(dice, tcbs, &OF_ENCLAVES)
    };
    for identity in fields.tcb_info.tdx_module_identities.iter_mut().flatten() {
        identity.tcb_levels = enclave(dice, identity.tcb_levels[0].tcb.isv_svn);
    }
    fields.qe_identity.tcb_levels = enclave(dice, good.qe_identity.tcb_levels[0].tcb.isv_svn);
    fields
}

/// A level for each TCB; a TCB that stands twice is malformed to us, and drawn once.
fn levels<T: PartialEq>(dice: &mut Dice, tcbs: Vec<T>, statuses: &[&str]) -> Vec<TcbLevel<T>> {
    let mut levels: Vec<TcbLevel<T>> = Vec::new();
    for tcb in tcbs {
        if levels.iter().all(|level| level.tcb != tcb) {
            levels.push(dice.level(tcb, statuses));
        }
    }
    levels
}

fn svns(dice: &mut Dice, first: &TcbSvns) -> TcbSvns {
    let mut svns = first.clone();
    // One component of three or so differs.
    if dice.below(3) > 0 {
        let components = svns.sgx_components.iter_mut().chain(svns.tdx_components.iter_mut().flatten());
        for component in components {
            if dice.below(12) == 0 {
                component.svn = dice.near(component.svn);
            }
        }
        svns.pce_svn = u16::from(dice.near(u8::try_from(svns.pce_svn).expect("small")));
    }
    svns
}
