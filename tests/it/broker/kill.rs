//! The broker is killed two hundred times while guests and an operator are at work, and keeps all that it acknowledged.
//!
//! ```text
//! each round:  clients at work ─▶ SIGKILL at a random moment ─▶ another process on the same folder ─▶ all of it asked again
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "times how long a killed broker takes to start, and removes its files"
)]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use decision_log::{Body, Digest, Record};
use serde_json::Value;
use system_tests::binaries;
use system_tests::broker::{Draft, Settings, Site, attest, call};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};
use client::{Attested, Client, Seen, put};

mod client;

/// What all rounds add up to.
#[derive(Debug, Default)]
struct Figures {
    kills: u64,
    puts: u64,
    attestations: u64,
    releases: u64,
    tokens_asked_again: u64,
    interrupted_puts_kept: u64,
    interrupted_puts_gone: u64,
    slowest_start: Duration,
    all_starts: Duration,
}

/// Everything that was acknowledged up to now.
struct Kept {
    stored: BTreeMap<String, (u32, Vec<u8>)>,
    attested: Vec<Attested>,
    released: Vec<(String, String)>,
    figures: Figures,
    dice: u64,
}

impl Kept {
    /// A number that the seed gives.
    fn roll(&mut self, below: u64) -> u64 {
        // Knuth's MMIX constants; the high bits are the good ones.
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % below
    }

    /// Clients at work, killed at some moment of it; then the broker that comes after.
    fn round(&mut self, bench: &mut Bench) -> Vec<Seen> {
        let moment = Duration::from_micros(self.roll(60_000));
        let counter = self.figures.kills * 1_000;
        let stop = AtomicBool::new(false);
        let Bench { site, broker } = bench;
        let (operator, machine, address) = (&site.operator, &site.amd.machine, broker.address);
        let seen = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|name| {
                    let client = Client { name, broker: address, operator, machine, seen: Seen::default() };
                    let stop = &stop;
                    scope.spawn(move || client.work(stop, counter))
                })
                .collect();
            std::thread::sleep(moment);
            broker.kill();
            // Another server may get the port.
            stop.store(true, Ordering::Relaxed);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        self.figures.kills += 1;
        seen
    }

    /// Starts a broker over what the killed one left.
    fn start(&mut self, bench: Bench) -> Bench {
        let before = Instant::now();
        let Bench { site, broker } = bench;
        let broker = broker.restart();
        let took = before.elapsed();
        self.figures.slowest_start = self.figures.slowest_start.max(took);
        self.figures.all_starts += took;
        Bench { site, broker }
    }

    /// Asks for everything that one client saw.
    fn check(&mut self, bench: &Bench, seen: Seen) {
        let Seen { stored, storing, puts, attested, open, released } = seen;
        for (resource, (times, secret)) in stored {
            put(&mut self.stored, &resource, times, &secret);
        }
        self.figures.puts += puts;
        self.figures.attestations += u64::try_from(attested.len()).unwrap();
        // A cookie from before the kill takes its answer, or the answer that was recorded is given again.
        if let Some((session, key, body)) = open {
            let token = token_of(&attest(bench.broker.address, Some(&session.cookie), &body));
            self.attested.push(Attested { session, key, body, token, at: Instant::now() });
        }
        for attested in &attested {
            asked_again(bench, attested);
            self.figures.tokens_asked_again += 1;
        }
        self.attested.extend(attested);
        if let Some((resource, secret)) = storing {
            let guest = Attested::new(bench);
            let (name, value) = guest.session.header();
            let found = bench.fetch(&resource, (name, &value));
            if found.status == 200 && opened(&found, &guest.key) == secret {
                self.figures.interrupted_puts_kept += 1;
                put(&mut self.stored, &resource, 1, &secret);
            } else {
                self.figures.interrupted_puts_gone += 1;
            }
        }
        self.figures.releases += u64::try_from(released.len()).unwrap();
        self.released.extend(released);
    }

    /// Every secret is what was stored last, and a session of some round before still stands.
    fn check_all(&mut self, bench: &Bench) {
        self.attested.retain(|attested| attested.at.elapsed() < STANDS);
        if !self.attested.is_empty() {
            let place = self.roll(u64::try_from(self.attested.len()).unwrap());
            asked_again(bench, &self.attested[usize::try_from(place).unwrap()]);
            self.figures.tokens_asked_again += 1;
        }
        let guest = Attested::new(bench);
        let (name, value) = guest.session.header();
        for (resource, (_, secret)) in &self.stored {
            assert_eq!(&opened(&bench.fetch(resource, (name, &value)), &guest.key), secret, "{resource}");
        }
        check_versions(bench, &self.stored);
    }
}

/// Of every secret the last sixteen versions are kept, and each put made one.
fn check_versions(bench: &Bench, stored: &BTreeMap<String, (u32, Vec<u8>)>) {
    let admin = bearer(&bench.site.operator.token());
    let header = [("authorization", admin.as_str())];
    let answer = call(bench.broker.address, "GET", "/v1/secrets?prefix=client", &header, None);
    let listed: Value = serde_json::from_slice(&answer.body).unwrap();
    let mut found = BTreeMap::new();
    for secret in listed["secrets"].as_array().unwrap() {
        let versions = secret["versions"].as_array().unwrap();
        let numbers: Vec<u64> = versions.iter().map(|info| info["version"].as_u64().unwrap()).collect();
        found.insert(secret["path"].as_str().unwrap().to_owned(), numbers);
    }
    let mut expected = BTreeMap::new();
    for (path, (times, _)) in stored {
        let newest = u64::from(*times);
        expected.insert(path.clone(), (newest.saturating_sub(15).max(1)..=newest).collect::<Vec<_>>());
    }
    assert_eq!(found, expected);
}

/// The same body gets the same token; another body, under a nonce that is spent, nothing; and the token holds.
fn asked_again(bench: &Bench, attested: &Attested) {
    let Attested { session, key, body, token, .. } = attested;
    assert_eq!(&token_of(&bench.repeat(session, body)), token);
    let other = Draft::honest(session, &bench.site.amd.machine, &new_key()).finish();
    let (status, _, detail) = bench.repeat(session, &other).refusal();
    assert_eq!((status, detail.as_str()), (401, "the nonce of this session is spent: begin with /auth"));
    assert_eq!(opened(&bench.fetch(RESOURCE, ("authorization", &bearer(token))), key), SECRET);
}

/// Every release has its record: the log names it, and the store has it.
fn check_releases(bench: &Bench, released: &[(String, String)]) {
    let mut decisions = BTreeMap::new();
    for line in bench.broker.log().lines().filter(|line| line.contains("released ")) {
        let field = |name: &str| {
            let from = line.split_once(&format!("{name}="))?.1;
            Some(from.split(' ').next()?.trim_matches('"').to_owned())
        };
        if let (Some(id), Some(attestation), Some(resource)) =
            (field("decision"), field("attestation"), field("resource"))
        {
            decisions.insert((attestation, resource), id);
        }
    }
    let admin = bearer(&bench.site.operator.token());
    for (attestation, resource) in released {
        let id = decisions.get(&(attestation.clone(), resource.clone())).expect("a release in the log");
        let path = format!("/v1/decisions/{id}");
        let answer = call(bench.broker.address, "GET", &path, &[("authorization", &admin)], None);
        assert_eq!(answer.status, 200, "no record of the release of {resource} for {attestation}");
        assert_eq!(&Digest::of(&answer.body).to_string(), id);
        let Body::Release(release) = Record::decode(&answer.body).unwrap().decision else {
            panic!("{id} is no release")
        };
        assert_eq!(
            (release.attestation.unwrap().to_string(), release.resource),
            (attestation.clone(), resource.clone())
        );
    }
}

/// Opens every key, version of a secret and setting, and compares every record with its digest, without a broker.
fn verify_store(bench: &Bench) {
    let output = Command::new(binaries::path("vouchsafe-kbs"))
        .args(["verify-store", "--config"])
        .arg(bench.site.path("vouchsafe-kbs.toml"))
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the first start makes: it is made anew where it is taken away.
const MADE: [&str; 4] = ["root.key", "store.redb", "store.redb.unfinished", "vouchsafe-kbs.epoch"];

#[test]
fn a_broker_that_is_killed_in_its_first_start_starts_again() {
    let site = Site::new();
    drop(site.start(Settings::default()));
    for moment in 0..FIRST_STARTS {
        for name in MADE {
            // Not all of them are there.
            let _ = std::fs::remove_file(site.path(name));
        }
        let mut child = Command::new(binaries::path("vouchsafe-kbs"))
            .args(["serve", "--config"])
            .arg(site.path("vouchsafe-kbs.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(2 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        let broker = site.start(Settings::default());
        assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200, "{moment}");
    }
}

/// Moments at which a first start is killed, two milliseconds apart.
const FIRST_STARTS: u64 = 24;

#[test]
fn two_hundred_kills_lose_nothing_acknowledged() {
    let mut bench = Bench::new();
    let (stored, attested, released) = Default::default();
    let mut kept = Kept { stored, attested, released, figures: Figures::default(), dice: SEED };
    let mut checked = 0;
    for round in 1..=KILLS {
        let seen = kept.round(&mut bench);
        if round % 10 == 0 {
            // Its own repair of what the kill left, before the broker's.
            verify_store(&bench);
        }
        bench = kept.start(bench);
        for seen in seen {
            kept.check(&bench, seen);
        }
        kept.check_all(&bench);
        if round % 20 == 0 {
            check_releases(&bench, &kept.released[checked..]);
            checked = kept.released.len();
        }
    }
    // All of them once more, after all kills.
    check_releases(&bench, &kept.released);
    bench.broker.kill();
    verify_store(&bench);
    let figures = kept.figures;
    println!("seed {SEED}: {figures:?}");
    assert_eq!(figures.kills, KILLS);
    for hit in [figures.puts, figures.attestations, figures.releases] {
        assert!(hit > KILLS, "the clients did too little: {figures:?}");
    }
}

const KILLS: u64 = 200;
const CLIENTS: usize = 3;
/// How long a session is sure to stand: a broker's last five minutes.
const STANDS: Duration = Duration::from_secs(150);
const SEED: u64 = 20_261_125;
