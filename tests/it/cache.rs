//! What was verified before changes no verdict: random sequences of evidence, endorsements, clocks and evictions before sets of
//! endorsements that live long, and before the same sets parsed anew, of which nothing is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use reference_values::ReferenceValues;
use sim::SeededRng;
use sim::amd::{CertificateTableEntry, SigningChoice, certificate_table, guid};
use sim::intel::{CollateralFields, IntelMachine, IntelVendor, PckCa, QuoteForm};
use sim::x509::{CertificateFields, pem};
use system_tests::minted::{Amd, NOW, REPORT_DATA};
use system_tests::summary::announce;
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::check::Trail;
use verifier::crypto::{sha256, signature_checks};
use verifier::endorsements::{Endorsements, MachineId};
use verifier::evidence::{Evidence, EvidenceInput};
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::snp::{REPORT_SIZE, parse_certificate_table};
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};
use verifier::x509::Certificate;

/// Everything that a sequence draws from.
struct World {
    anchors: Anchors,
    /// The intermediates that come along in quotes.
    issuers: Vec<Vec<u8>>,
    /// The certificates of machines that come along with evidence.
    leaves: Vec<Vec<u8>>,
    /// Evidence of each vendor: good, and changed after it was signed.
    evidence: Vec<Vec<Vec<u8>>>,
    /// Endorsements of each vendor: those that vouch for its evidence, and others that say otherwise.
    endorsements: Vec<Vec<Vec<u8>>>,
}

/// A set of endorsements as an operator keeps it.
struct Kept {
    vendors: Vec<usize>,
    files: Vec<Vec<u8>>,
    parsed: Endorsements,
}

/// Numbers that depend on nothing but the seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 += 1;
        let hash = sha256(&[b"cache", self.0.to_be_bytes().as_slice()].concat());
        usize::try_from(u32::from_be_bytes(hash[..4].try_into().unwrap())).unwrap() % limit
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

#[test]
fn what_was_verified_before_changes_no_verdict() {
    let world = World::new();
    let mut dice = Dice(0);
    let mut sets: Vec<Kept> = (0..SETS).map(|_| world.keep(&mut dice)).collect();
    let (mut hits, mut met, mut replaced) = (0, 0, 0);
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for step in 0..STEPS {
        if dice.below(40) == 0 {
            sets[dice.below(SETS)].parsed.forget_leaves();
        }
        // Endorsements that were replaced: all that was remembered of them is gone.
        if dice.below(300) == 0 {
            let which = dice.below(SETS);
            sets[which] = world.keep(&mut dice);
            replaced += 1;
        }
        let which = dice.below(SETS);
        let set = &sets[which];
        // Mostly of a vendor that the set knows, else of any: their intermediates push one another out.
        let vendor = if dice.below(3) == 0 { dice.below(VENDORS + 1) } else { *dice.of(&set.vendors) };
        let (evidence, now) = (dice.of(&world.evidence[vendor]), *dice.of(&CLOCKS));
        let bound = dice.below(10) > 0;
        let scope = if dice.below(4) == 0 { Scope::Full } else { Scope::Hardware };
        let judge = |endorsements| world.judge(evidence, endorsements, (bound, scope), now);
        met += u32::from(world.leaves.iter().any(|leaf| set.parsed.known_leaf(leaf, AT).is_some()));
        let before = signature_checks();
        let kept = judge(&set.parsed);
        let warm = signature_checks() - before;
        let fresh = judge(&parsed(&set.files));
        let cold = signature_checks() - before - warm;
        assert_eq!(kept, fresh, "step {step}, vendor {vendor}, clock {now}");
        assert!(warm <= cold, "step {step}: what is known costs more");
        hits += u32::from(warm < cold);
        let outcome =
            fresh.error.as_ref().map_or_else(|| format!("{:?}", fresh.tier), |error| error.kind.to_owned());
        *outcomes.entry(outcome).or_default() += 1;
    }
    let known = |set: &Kept| {
        world.issuers.iter().filter(|issuer| set.parsed.known_issuer(issuer, AT).is_some()).count()
    };
    assert!(met > STEPS / 4, "hardly a machine was ever known: {met}");
    let most = sets.iter().map(known).max();
    assert!(most > Some(MOST_KNOWN / 2) && most <= Some(MOST_KNOWN), "{most:?}");
    announce(&format!(
        "cache: {STEPS} verifications with and without what was verified before, {hits} of them with, {replaced} sets \
         replaced, every verdict equal: {outcomes:?}"
    ));
    assert!(hits > STEPS / 4, "{hits}");
    for outcome in ["Affirming", "Warning", "Contraindicated", "None"] {
        assert!(outcomes.contains_key(outcome), "{outcome}: {outcomes:?}");
    }
    assert!(outcomes.len() > 8, "{outcomes:?}");
}

#[test]
fn strangers_fill_no_memory_and_push_nothing_out() {
    let world = World::new();
    let known: Vec<usize> = (0..VENDORS + 1).filter(|vendor| vendor % VENDORS == 0).collect();
    let files: Vec<Vec<u8>> = known.iter().flat_map(|vendor| world.endorsements[*vendor].clone()).collect();
    let endorsements = parsed(&files);
    let good = &world.evidence[0][4];
    assert!(world.judge(good, &endorsements, (true, Scope::Hardware), NOW).error.is_none());
    let remembered = || -> Vec<bool> {
        let issuers = world.issuers.iter().map(|issuer| endorsements.known_issuer(issuer, AT).is_some());
        issuers.chain(world.leaves.iter().map(|leaf| endorsements.known_leaf(leaf, AT).is_some())).collect()
    };
    let before = remembered();
    assert_eq!(before.iter().filter(|known| **known).count(), 2);
    // Chains that are whole, under roots of the vendor's name that nobody pinned.
    for number in 0..2 * MOST_KNOWN {
        let rng = &mut SeededRng::new(&format!("cache: stranger {number}"));
        let vendor = IntelVendor::new(rng, NOW).unwrap();
        let machine = IntelMachine::new(QuoteForm::TdxV4, rng);
        let quote = quotes(&vendor, &machine).pop().unwrap();
        assert!(!world.judge(&quote, &endorsements, (true, Scope::Hardware), NOW).verified);
        assert!(endorsements.known_issuer(&vendor.pck_ca(machine.ca).certificate, AT).is_none(), "{number}");
    }
    assert_eq!(remembered(), before);
    // What is known costs its own signatures alone: quote and QE report, and before the machine is known its leaf.
    for expected in [2, 3] {
        let checks = signature_checks();
        assert!(world.judge(good, &endorsements, (true, Scope::Hardware), NOW).error.is_none());
        assert_eq!(signature_checks() - checks, expected);
        endorsements.forget_leaves();
    }
    // What was remembered ends with what it rests on, whatever was asked before.
    for (at, holds) in [(NOW + 9000 * 24 * HOUR, false), (NOW - 400 * 24 * HOUR, false), (NOW, true)] {
        assert_eq!(world.judge(good, &endorsements, (true, Scope::Hardware), at).verified, holds, "{at}");
    }
}

#[test]
fn a_machine_is_known_once_it_answered_and_nobody_pushes_it_out() {
    let world = World::new();
    let endorsements = parsed(&world.endorsements[0]);
    let is_known = |leaf: &[u8]| endorsements.known_leaf(leaf, AT).is_some();
    // Genuine evidence that somebody has recorded answers nobody; its certificate is genuine too.
    let (quote, leaf) = (&world.evidence[0][4], &world.leaves[0]);
    let judge = |bound| world.judge(quote, &endorsements, (bound, Scope::Hardware), NOW);
    assert!(judge(false).error.is_some() && !is_known(leaf));
    assert!(judge(true).error.is_none() && is_known(leaf));
    // A certificate that a host hands over beside a report.
    let (reports, vek) = (&world.evidence[VENDORS], world.leaves.last().unwrap());
    let report = |bound| world.judge(&reports[AS_HANDED_OVER], &endorsements, (bound, Scope::Hardware), NOW);
    assert!(report(false).error.is_some() && !is_known(vek));
    assert!(report(true).error.is_none() && is_known(vek));
    // The vendor's own ASK and ARK have the names of the simulated ones and are tried too: what the certificate costs is the
    // difference.
    let checks = || {
        let before = signature_checks();
        assert!(report(true).error.is_none());
        signature_checks() - before
    };
    let known = checks();
    endorsements.forget_leaves();
    assert_eq!([checks(), checks()], [known + 1, known]);
    assert!(judge(true).error.is_none() && is_known(leaf));

    // As many machines as there is room for, one of them with a certificate that ends soon.
    let rng = &mut SeededRng::new("cache: machines");
    let vendor = IntelVendor::new(rng, NOW).unwrap();
    let machine = IntelMachine::new(QuoteForm::TdxV4, rng);
    let new_leaf = |not_after: i64, serial: u16| {
        let mut fields = vendor.pck_fields(&machine, NOW).unwrap();
        fields.serial = [&[1_u8][..], &serial.to_be_bytes()].concat();
        fields.not_after = not_after;
        Arc::new(Certificate::parse(&fields.sign(&vendor.pck_ca(machine.ca).key).unwrap()).unwrap())
    };
    let remember = |number: u16, leaf: &Arc<Certificate>, now: i64| {
        let chip = MachineId::Chip(number.to_be_bytes().to_vec());
        endorsements.remember_leaf(chip, leaf, UnixTime::from_secs(now));
    };
    let year = NOW + 365 * 24 * HOUR;
    let mut leaves = vec![new_leaf(NOW + HOUR, 0)];
    leaves.extend((3..MACHINES_KNOWN).map(|number| new_leaf(year, number)));
    for (number, leaf) in (0..).zip(&leaves) {
        remember(number, leaf, NOW);
    }
    let late = [new_leaf(year, MACHINES_KNOWN), new_leaf(year, MACHINES_KNOWN + 1)];
    for (number, leaf) in (MACHINES_KNOWN..).zip(&late) {
        remember(number, leaf, NOW + HOUR);
        assert!(!is_known(leaf.der()));
    }
    assert!(is_known(vek) && leaves.iter().all(|leaf| is_known(leaf.der())));
    // Another certificate of a machine takes its own place, and nobody else's.
    let renewed = new_leaf(year, MACHINES_KNOWN + 2);
    remember(1, &renewed, NOW);
    assert_eq!([&renewed, &leaves[1]].map(|leaf| is_known(leaf.der())), [true, false]);
    leaves[1] = renewed;
    // Only one that is over makes room, and for one.
    for (number, leaf) in (MACHINES_KNOWN..).zip(&late) {
        remember(number, leaf, NOW + HOUR + 1);
    }
    assert_eq!([&leaves[0], &late[0], &late[1]].map(|leaf| is_known(leaf.der())), [false, true, false]);
    assert!(is_known(vek) && leaves[1..].iter().all(|leaf| is_known(leaf.der())));
    // What is over is not known any more, nor the intermediates.
    let over = UnixTime::from_secs(year + 1);
    assert!(leaves.iter().all(|leaf| endorsements.known_leaf(leaf.der(), over).is_none()));
    assert!(leaves.iter().all(|leaf| !is_known(leaf.der())));
    // Of intermediates, which only the vendor can make, the oldest goes first.
    for issuer in &world.issuers {
        endorsements.remember_issuer(&Arc::new(Certificate::parse(issuer).unwrap()), AT);
    }
    let known = |issuer: &Vec<u8>| endorsements.known_issuer(issuer, AT).is_some();
    let places: Vec<bool> = world.issuers.iter().map(known).collect();
    assert_eq!(places.iter().filter(|known| **known).count(), MOST_KNOWN);
    assert!(places[places.len() - MOST_KNOWN..].iter().all(|known| *known));
    let (issuer, end) = (&world.issuers[places.len() - 1], UnixTime::from_secs(NOW + 9000 * 24 * HOUR));
    assert_eq!([AT, end, AT].map(|at| endorsements.known_issuer(issuer, at).is_some()), [true, false, false]);
}

#[test]
fn a_recorded_quote_that_nobody_asked_for_takes_no_place() {
    let world = World::new();
    let endorsements = parsed(&world.endorsements[0]);
    let evidence = EvidenceInput::decode(&world.evidence[0][4], None).unwrap();
    let evidence = Evidence::parse(&evidence).unwrap();
    let verify = |expected: &Expected| {
        verifier::verify::verify(&evidence, &endorsements, &world.anchors, expected, AT, &mut Trail::new())
    };
    assert!(verify(&Expected::nothing()).is_ok());
    assert!(endorsements.known_leaf(&world.leaves[0], AT).is_none());
    assert!(verify(&Expected::report_data(REPORT_DATA)).is_ok());
    assert!(endorsements.known_leaf(&world.leaves[0], AT).is_some());
    // Nor does a report whose host handed its certificate over.
    let (report, vek) = (&world.evidence[VENDORS][AS_HANDED_OVER], world.leaves.last().unwrap());
    let report = EvidenceInput::decode(report, None).unwrap();
    let report = Evidence::parse(&report).unwrap();
    for (expected, known) in [(Expected::nothing(), false), (Expected::report_data(REPORT_DATA), true)] {
        verifier::verify::verify(&report, &endorsements, &world.anchors, &expected, AT, &mut Trail::new())
            .unwrap();
        assert_eq!(endorsements.known_leaf(vek, AT).is_some(), known);
    }
}

/// Intel has issued two certificates for its root's key. Whichever came along is the one that is named, known or not.
#[test]
fn of_two_roots_with_one_key_the_one_that_came_along_is_named_again() {
    let rng = &mut SeededRng::new("cache: two roots");
    let vendor = IntelVendor::new(rng, NOW).unwrap();
    let machine = IntelMachine::new(QuoteForm::TdxV4, rng);
    let mut renewed = vendor.root.fields.clone();
    renewed.serial = vec![0x42];
    let renewed = renewed.sign(&vendor.root.key).unwrap();
    let mut anchors = Anchors::vendor().unwrap();
    anchors.danger_add("danger_first", &vendor.root.certificate).unwrap();
    anchors.danger_add("danger_second", &renewed).unwrap();
    let leaf = vendor.pck_fields(&machine, NOW).unwrap().sign(&vendor.pck_ca(machine.ca).key).unwrap();
    let quote = |root: &[u8]| {
        let chain = [&leaf, &vendor.pck_ca(machine.ca).certificate, root].map(|der| pem("CERTIFICATE", der));
        machine.quote(&machine.quote_fields(REPORT_DATA), chain.concat().as_bytes()).unwrap()
    };
    let quotes = [("danger_second", quote(&renewed)), ("danger_first", quote(&vendor.root.certificate))];
    let files = collateral(&vendor, &IntelMachine { ca: PckCa::Platform, ..machine.clone() });
    let kept = parsed(&files);
    for round in 0..3 {
        for (name, quote) in &quotes {
            let judge = |endorsements| judge(&anchors, quote, endorsements, (true, Scope::Hardware), NOW);
            let (warm, cold) = (judge(&kept), judge(&parsed(&files)));
            assert_eq!(warm, cold, "round {round}");
            assert_eq!(warm.danger_anchor.as_deref(), Some(*name), "round {round}");
        }
    }
}

impl World {
    fn new() -> Self {
        let mut anchors = Anchors::vendor().unwrap();
        let (mut issuers, mut leaves) = (Vec::new(), Vec::new());
        let (mut evidence, mut endorsements) = (Vec::new(), Vec::new());
        for number in 0..VENDORS {
            let rng = &mut SeededRng::new(&format!("cache: intel {number}"));
            let vendor = IntelVendor::new(rng, NOW).unwrap();
            anchors.danger_add(&format!("danger_intel_{number}"), &vendor.root.certificate).unwrap();
            let form = QuoteForm::ALL[number % QuoteForm::ALL.len()];
            let machines = [PckCa::Platform, PckCa::Processor]
                .map(|ca| IntelMachine { ca, ..IntelMachine::new(form, rng) });
            issuers.extend([&vendor.platform_ca, &vendor.processor_ca].map(|ca| ca.certificate.clone()));
            let fields = machines.iter().map(|machine| (machine, vendor.pck_fields(machine, NOW).unwrap()));
            leaves
                .extend(fields.map(|(machine, fields)| fields.sign(&vendor.pck_ca(machine.ca).key).unwrap()));
            evidence.push(machines.iter().flat_map(|machine| quotes(&vendor, machine)).collect());
            endorsements.push(machines.iter().flat_map(|machine| collateral(&vendor, machine)).collect());
        }
        let amd = Amd::new();
        anchors.danger_add("danger_amd", &amd.vendor.ark.certificate).unwrap();
        let reports = reports(&amd);
        let table = reports[AS_HANDED_OVER].split_at(REPORT_SIZE).1;
        leaves.push(parse_certificate_table(table).unwrap().swap_remove(0).to_vec());
        evidence.push(reports);
        endorsements.push(vouching(&amd));
        Self { anchors, issuers, leaves, evidence, endorsements }
    }

    /// The endorsements of a few vendors, some of them left out.
    fn keep(&self, dice: &mut Dice) -> Kept {
        // AMD's is the last, and in every set.
        let vendors: Vec<usize> =
            std::iter::once(VENDORS).chain((1..IN_A_SET).map(|_| dice.below(VENDORS))).collect();
        let all = vendors.iter().flat_map(|vendor| &self.endorsements[*vendor]);
        let files: Vec<Vec<u8>> = all.filter(|_| dice.below(8) > 0).cloned().collect();
        Kept { parsed: parsed(&files), files, vendors }
    }

    fn judge(&self, evidence: &[u8], endorsements: &Endorsements, asked: (bool, Scope), now: i64) -> Verdict {
        judge(&self.anchors, evidence, endorsements, asked, now)
    }
}

fn judge(
    anchors: &Anchors,
    evidence: &[u8],
    endorsements: &Endorsements,
    (bound, scope): (bool, Scope),
    now: i64,
) -> Verdict {
    let report_data = if bound { REPORT_DATA } else { [0x22; 64] };
    let context = Context {
        endorsements,
        anchors,
        expected: &Expected::report_data(report_data),
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy { danger_accept_simulated: true, ..Policy::default() },
        scope,
    };
    assess(evidence, None, &context, UnixTime::from_secs(now))
}

fn parsed(files: &[Vec<u8>]) -> Endorsements {
    let mut endorsements = Endorsements::new();
    for (number, file) in files.iter().enumerate() {
        endorsements.add(&number.to_string(), file).unwrap();
    }
    endorsements
}

/// A good quote, one whose signature or body was changed, one with a PCK certificate whose time is short, and one with a leaf
/// that another CA of the same name signed.
fn quotes(vendor: &IntelVendor, machine: &IntelMachine) -> Vec<Vec<u8>> {
    let fields = machine.quote_fields(REPORT_DATA);
    let quote = |chain: &str| machine.quote(&fields, chain.as_bytes()).unwrap();
    let good = quote(&vendor.pck_chain(machine, NOW).unwrap());
    let changed = |at: usize| {
        let mut quote = good.clone();
        quote[at] ^= 1;
        quote
    };
    let mut short = vendor.pck_fields(machine, NOW).unwrap();
    short.not_after = NOW + HOUR;
    let short = short.sign(&vendor.pck_ca(machine.ca).key).unwrap();
    let forged = vendor.pck_fields(machine, NOW).unwrap().sign(&machine.pck).unwrap();
    let with = |leaf: &[u8]| quote(&vendor.pck_chain_with(machine.ca, leaf));
    let (header, body_end) = (40, if machine.form == QuoteForm::Sgx { 48 + 384 } else { 48 + 584 });
    vec![changed(header), changed(body_end - 64), with(&short), with(&forged), good.clone(), good]
}

/// Good collateral, after other certificates of the signer's name; short-lived TCB info, and one that calls the platform out of date; an identity whose signature was altered;
/// a stale CRL, and one that revokes the machine's certificate.
fn collateral(vendor: &IntelVendor, machine: &IntelMachine) -> Vec<Vec<u8>> {
    let fields = CollateralFields::new(vendor, machine, NOW).unwrap();
    let good = fields.sign(vendor).unwrap();
    let changed = |change: &dyn Fn(&mut CollateralFields)| {
        let mut changed = fields.clone();
        change(&mut changed);
        changed.sign(vendor).unwrap()
    };
    let stale = changed(&|fields| fields.pck_crl.next_update = Some(NOW - HOUR));
    let short = changed(&|fields| fields.tcb_info.next_update = "2026-03-01T01:00:00Z".to_owned());
    let mut altered = good.qe_identity.clone();
    let digit = altered.len() - 3;
    altered[digit] = if altered[digit] == b'0' { b'1' } else { b'0' };
    // Signers of the same name that come first: one of another key, and one of this key whose time is short.
    let signer = |change: &dyn Fn(&mut CertificateFields)| {
        let mut fields = vendor.tcb_signer.fields.clone();
        change(&mut fields);
        fields.sign(&vendor.root.key).unwrap()
    };
    let mut files = vec![
        signer(&|fields| fields.spki = vendor.platform_ca.fields.spki.clone()),
        signer(&|fields| fields.not_after = NOW + HOUR),
        good.tcb_info,
        good.qe_identity,
        good.tcb_signing_chain.into_bytes(),
        good.root_crl,
        good.pck_crl,
        stale.pck_crl,
        short.tcb_info,
        altered,
    ];
    // Not with every machine: it would leave no good verdict.
    if machine.ca == PckCa::Processor {
        let newer = changed(&|fields| {
            fields.tcb_info.tcb_evaluation_data_number += 1;
            fields.tcb_info.tcb_levels[0].tcb_status = "SWHardeningNeeded".to_owned();
        });
        let serial = vendor.pck_fields(machine, NOW).unwrap().serial;
        let revoking = changed(&|fields| fields.pck_crl.revoked.push((serial.clone(), NOW - HOUR)));
        files.extend([newer.tcb_info, revoking.pck_crl]);
    }
    files
}

fn reports(amd: &Amd) -> Vec<Vec<u8>> {
    let good = amd.case(|_, _| ()).evidence;
    let mut changed = good.clone();
    changed[0x90] ^= 1;
    let debug = amd.case(|report, _| report.policy |= 1 << 19).evidence;
    let vek = amd.vendor.endorse(&amd.chip, SigningChoice::Vcek, NOW).unwrap();
    let entry = |(guid, certificate): ([u8; 16], &Vec<u8>)| CertificateTableEntry {
        guid,
        certificate: certificate.clone(),
    };
    let table = [(guid::VCEK, &vek), (guid::ASK, &amd.vendor.ask.certificate)].map(entry);
    let handed_over = [good.clone(), certificate_table(&table).unwrap()].concat();
    vec![good.clone(), good, changed, debug, handed_over]
}

fn vouching(amd: &Amd) -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> =
        amd.case(|_, _| ()).endorsements.into_iter().map(|(_, file)| file).collect();
    files.push(amd.vendor.endorse(&amd.chip, SigningChoice::Vlek, NOW).unwrap());
    files.push(amd.case(|_, crl| crl.next_update = Some(NOW - HOUR)).endorsements.pop().unwrap().1);
    files
}

const AT: UnixTime = UnixTime::from_secs(NOW);
const HOUR: i64 = 3600;
/// Before everything, at the beginning, at both sides of every end that is near, and after everything.
const CLOCKS: [i64; 8] = [
    NOW - 400 * 24 * HOUR,
    NOW,
    NOW,
    NOW,
    NOW + HOUR,
    NOW + HOUR + 1,
    NOW + 40 * 24 * HOUR,
    NOW + 9000 * 24 * HOUR,
];
/// Intermediates that one set remembers.
const MOST_KNOWN: usize = 32;
/// Machines that one set remembers.
const MACHINES_KNOWN: u16 = 1024;
/// The place of the report with certificates among [`reports`].
const AS_HANDED_OVER: usize = 4;
/// Each has two CAs: more than the verifier remembers of one set.
const VENDORS: usize = 20;
const SETS: usize = 6;
const IN_A_SET: usize = 4;
const STEPS: u32 = 4000;
