//! A flood of junk against a real broker, until the room for what is not affirmed is used up: a guest that is affirmed gets
//! its secret every time, and the process stays small.
#![expect(clippy::disallowed_methods, reason = "the test measures the broker")]

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kbs_protocol::{SESSION_COOKIE, Tee};
use sim::platform::Machine;
use system_tests::broker::{Draft, OTHER_LAUNCH_DIGEST, Settings, attest, auth, auth_as, fetch};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

/// Small enough that the flood gets to every bound.
const LIMITS: &str = "[limits]\n\
    denied_records_mib = 1\nreserve_mib = 0\nverifications = 2\nqueue = 1\nqueue_seconds = 2\nbody_memory_mib = 8\n\
    auth_per_address_per_second = 20000\nauth_per_address_burst = 20000\nauth_per_second = 20000\nauth_burst = 20000\n";
const NO_ROOM: &str = "the broker's room for records of such evidence is used up";
/// Releases of each kind that must succeed while the flood lasts.
const RELEASES: usize = 200;
/// What the process may take at its largest: the 8 MiB of bodies that [`LIMITS`] allows, two verifications, some 300
/// connections, the store's cache, and what the allocator keeps.
const MEMORY_MIB: u64 = 192;

/// What the flood was answered.
#[derive(Default)]
struct Seen {
    recorded: AtomicUsize,
    no_room: AtomicUsize,
    unsigned: AtomicUsize,
    junk: AtomicUsize,
    busy: AtomicUsize,
    stop: AtomicBool,
}

impl Seen {
    fn all(&self) -> [usize; 5] {
        [&self.recorded, &self.no_room, &self.unsigned, &self.junk, &self.busy]
            .map(|count| count.load(Ordering::Relaxed))
    }

    fn until_stopped(&self, mut work: impl FnMut()) {
        while !self.stop.load(Ordering::Relaxed) {
            work();
        }
    }
}

fn count(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// As large as evidence may be, by a member that nobody reads.
fn padded(evidence: &str) -> String {
    format!("{{\"padding\":\"{}\",{}", "x".repeat(200 << 10), evidence.strip_prefix('{').unwrap())
}

/// What the hardware did not sign.
fn unsigned(evidence: &str) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(evidence).unwrap();
    let svn = tree.pointer_mut("/attestation_report/guest_svn").unwrap();
    *svn = (svn.as_u64().unwrap() ^ 1).into();
    tree.to_string()
}

/// Evidence of genuine hardware that nobody knows, and evidence that no hardware signed.
fn flood_with_evidence(broker: SocketAddr, machine: &Machine, forged: bool, seen: &Seen) {
    let key = new_key();
    seen.until_stopped(|| {
        let mut draft = Draft::honest(&auth(broker, Tee::Snp), machine, &key);
        draft.guest.launch_digest = OTHER_LAUNCH_DIGEST;
        draft.evidence = if forged { unsigned } else { padded };
        let answer = draft.send(broker);
        if answer.status == 200 {
            // Believed, recorded and not affirmed: a token that opens nothing.
            return count(&seen.recorded);
        }
        let (status, _, detail) = answer.refusal();
        count(match status {
            503 => &seen.busy,
            401 if forged => &seen.unsigned,
            401 if detail.contains(NO_ROOM) => &seen.no_room,
            _ => panic!("{status}: {detail}"),
        });
    });
}

/// Cookies and tokens that are none, large bodies under them, and challenges that nobody answers.
fn flood_with_junk(broker: SocketAddr, seen: &Seen) {
    let body = vec![b'x'; 64 << 10];
    let token = bearer(&format!("{}.e30.{}", "eyJhbGciOiJFUzI1NiJ9", "A".repeat(86)));
    seen.until_stopped(|| {
        let answers = [
            attest(broker, Some("nonsense"), &body),
            fetch(broker, RESOURCE, ("authorization", &token)),
            fetch(broker, RESOURCE, ("cookie", "kbs-session-id=nonsense")),
            auth_as(broker, b"{"),
        ];
        for answer in answers {
            assert!([400, 401, 429].contains(&answer.refusal().0), "{}", answer.status);
            count(&seen.junk);
        }
    });
}

/// Heads that do not end, and bodies of sessions that do not.
fn dawdle(broker: SocketAddr) -> Vec<TcpStream> {
    let heads = (0..200).map(|_| "POST /kbs/v0/attest HTTP/1.1\r\nhost: x\r\n".to_owned());
    let bodies = (0..40).map(|_| {
        let cookie = auth(broker, Tee::Snp).cookie;
        let half = "x".repeat(64 << 10);
        format!(
            "POST /kbs/v0/attest HTTP/1.1\r\nhost: x\r\ncookie: {SESSION_COOKIE}={cookie}\r\ncontent-length: \
             1048576\r\n\r\n{half}"
        )
    });
    heads
        .chain(bodies)
        .map(|begun| {
            let mut stream = TcpStream::connect(broker).unwrap();
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect()
}

/// The largest that the process was, in KiB.
fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap()
}

#[test]
fn a_flood_of_junk_stops_no_release_and_takes_no_more_memory_than_it_may() {
    let bench = Bench::with(Settings { tables: LIMITS, ..Settings::default() });
    let (broker, machine) = (bench.broker.address, &bench.site.amd.machine);
    let (session, key) = (bench.auth(Tee::Snp), new_key());
    let token = bearer(&token_of(&Draft::honest(&session, machine, &key).send(broker)));
    let cookie = session.header().1;
    let slow = dawdle(broker);
    let seen = Seen::default();
    let (mut releases, mut slowest) = (0, Duration::ZERO);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| flood_with_evidence(broker, machine, false, &seen));
        }
        scope.spawn(|| flood_with_evidence(broker, machine, true, &seen));
        scope.spawn(|| flood_with_junk(broker, &seen));
        // Whatever fails in here must end the flood too.
        let stop = StopAtEnd(&seen);
        let began = Instant::now();
        while releases < RELEASES || seen.all().contains(&0) {
            for head in [("authorization", token.as_str()), ("cookie", cookie.as_str())] {
                let asked = Instant::now();
                assert_eq!(opened(&fetch(broker, RESOURCE, head), &key), SECRET);
                slowest = slowest.max(asked.elapsed());
            }
            releases += 1;
            assert!(began.elapsed() < PATIENCE, "the flood did not get to every bound: {:?}", seen.all());
        }
        drop(stop);
    });
    let peak = peak_kib(bench.broker.id());
    println!(
        "{releases} releases of each kind, the slowest in {slowest:?}; flood {:?}; peak {peak} KiB",
        seen.all()
    );
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    assert!(peak < MEMORY_MIB << 10, "{peak} KiB");
    drop(slow);
    bench.honest(machine);
}

struct StopAtEnd<'a>(&'a Seen);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// Far more than the flood takes.
const PATIENCE: Duration = Duration::from_secs(120);
