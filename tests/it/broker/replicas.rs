//! Three replicas on one PostgreSQL, under load, while replicas are killed, PostgreSQL is restarted and the line
//! between them is cut: no wrong answer, nothing acknowledged is lost, no nonce is spent twice, and nobody helps.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kbs_protocol::{Challenge, Request, SESSION_COOKIE, Tee, TeeKeyPair};
use sim::platform::Machine;
use system_tests::broker::{Answer, Broker, Draft, Session, Settings, Site, Store, try_call};
use system_tests::proxy::{Line, Proxy};

use super::bench::{new_key, opened, token_of};
use super::postgres::Shared;

/// Where the replicas listen now.
type Addresses = [Mutex<SocketAddr>; REPLICAS];

/// What a client knows to be true: it was told so.
#[derive(Default)]
struct Ledger {
    /// Resource and secret, acknowledged.
    stored: Vec<(String, Vec<u8>)>,
    /// Resources that were released.
    released: BTreeSet<String>,
    /// Nonces that became a token.
    attested: u64,
    /// Answers that were 503, or none.
    unanswered: u64,
    /// Other bodies for a spent nonce that were refused.
    second_bodies: u64,
    /// A session that is not over, with its key.
    session: Option<(Session, TeeKeyPair)>,
}

/// A sequence that looks random and is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's linear congruence (The Art of Computer Programming, 3.3.4); the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

struct Client<'a> {
    number: usize,
    site: &'a Site,
    addresses: &'a Addresses,
    dice: Dice,
    ledger: Ledger,
}

impl Client<'_> {
    fn any(&mut self) -> SocketAddr {
        *self.addresses[self.dice.below(REPLICAS)].lock().unwrap()
    }

    /// An answer that says something: 503 and silence say that nothing is known.
    fn told(&mut self, answer: Option<Answer>) -> Option<Answer> {
        let answer = answer.filter(|answer| answer.status != 503);
        self.ledger.unanswered += u64::from(answer.is_none());
        answer
    }

    /// One secret stored, one nonce spent at two replicas at once, the secret fetched at any.
    fn round(&mut self, round: u64) {
        let resource = format!("many/key/c{}-{round}", self.number);
        let secret = format!("secret of {resource}").into_bytes();
        let to = self.any();
        let stored = store(self.site, to, &resource, &secret);
        let Some(stored) = self.told(stored) else { return };
        assert_eq!(stored.status, 200, "{}", String::from_utf8_lossy(&stored.body));
        self.ledger.stored.push((resource.clone(), secret.clone()));
        let to = self.any();
        let Some(session) = self.auth(to) else { return };
        let key = new_key();
        if !self.attest(&session, &key) {
            return;
        }
        let to = self.any();
        let fetched = get(to, &resource, &session);
        if let Some(fetched) = self.told(fetched) {
            assert_eq!(opened(&fetched, &key), secret);
            self.ledger.released.insert(resource);
        }
        self.ledger.session = Some((session, key));
    }

    fn auth(&mut self, to: SocketAddr) -> Option<Session> {
        let body = serde_json::to_vec(&Request::new(Tee::Snp)).unwrap();
        let answer = try_call(to, "POST", "/kbs/v0/auth", &[JSON], Some(&body));
        let answer = self.told(answer)?;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let nonce = Challenge::parse(&answer.body).unwrap().nonce;
        Some(Session { cookie: answer.cookie().unwrap(), nonce })
    }

    /// The same body to two replicas at once gives the same token, and another body none on any. Whether it was given.
    fn attest(&mut self, session: &Session, key: &TeeKeyPair) -> bool {
        let machine = &self.site.amd.machine;
        let body = Draft::honest(session, machine, key).finish();
        let (one, two) = (self.any(), self.any());
        let answers = std::thread::scope(|scope| {
            let other = scope.spawn(|| attest(two, session, &body));
            [attest(one, session, &body), other.join().unwrap()]
        });
        let told: Vec<Answer> = answers.into_iter().filter_map(|answer| self.told(answer)).collect();
        let mut tokens: Vec<String> = told.iter().map(token_of).collect();
        // Whoever was not answered asks again, and learns the same.
        let again = self.any();
        let again = attest(again, session, &body);
        tokens.extend(self.told(again).as_ref().map(token_of));
        let Some(first) = tokens.first() else { return false };
        assert!(tokens.iter().all(|token| token == first), "one nonce became two tokens");
        self.ledger.attested += 1;
        let other = Draft::honest(session, machine, &new_key()).finish();
        for place in 0..REPLICAS {
            let to = *self.addresses[place].lock().unwrap();
            let answer = attest(to, session, &other);
            if let Some(answer) = self.told(answer) {
                let (status, kind, detail) = answer.refusal();
                assert_eq!((status, kind.as_str(), detail.as_str()), (401, "AttestationError", SPENT));
                self.ledger.second_bodies += 1;
            }
        }
        true
    }
}

fn store(site: &Site, to: SocketAddr, resource: &str, secret: &[u8]) -> Option<Answer> {
    let authorization = format!("Bearer {}", site.operator.token());
    let path = format!("/kbs/v0/resource/{resource}");
    try_call(to, "POST", &path, &[("authorization", &authorization)], Some(secret))
}

fn attest(to: SocketAddr, session: &Session, body: &[u8]) -> Option<Answer> {
    let cookie = format!("{SESSION_COOKIE}={}", session.cookie);
    try_call(to, "POST", "/kbs/v0/attest", &[JSON, ("cookie", &cookie)], Some(body))
}

fn get(to: SocketAddr, resource: &str, session: &Session) -> Option<Answer> {
    let (name, value) = session.header();
    try_call(to, "GET", &format!("/kbs/v0/resource/{resource}"), &[(name, &value)], None)
}

/// Everything that goes wrong, in an order that the dice fix.
fn disturb(shared: &Shared, proxy: &Proxy, brokers: Vec<Broker>, addresses: &Addresses) -> Vec<Broker> {
    let mut dice = Dice(SEED);
    let mut brokers: Vec<Option<Broker>> = brokers.into_iter().map(Some).collect();
    for trouble in
        [Trouble::Kill, Trouble::Restart, Trouble::Cut, Trouble::Kill, Trouble::Silence, Trouble::Crash]
    {
        std::thread::sleep(BETWEEN);
        match trouble {
            Trouble::Kill => {
                let place = dice.below(REPLICAS);
                let again = brokers[place].take().unwrap().kill_and_restart();
                *addresses[place].lock().unwrap() = again.address;
                brokers[place] = Some(again);
            }
            Trouble::Restart => {
                shared.server.stop_immediately();
                std::thread::sleep(OUTAGE);
                shared.server.start();
            }
            Trouble::Crash => {
                shared.server.kill();
                shared.server.start();
            }
            Trouble::Cut | Trouble::Silence => {
                proxy.set(if trouble == Trouble::Cut { Line::Cut } else { Line::Silent });
                std::thread::sleep(OUTAGE);
                proxy.set(Line::Through);
            }
        }
        eprintln!("{trouble:?}: at work again after {:?}", recovery(shared, addresses));
    }
    brokers.into_iter().flatten().collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// A replica, and it is started again.
    Kill,
    /// PostgreSQL, at once.
    Restart,
    /// PostgreSQL, by SIGKILL.
    Crash,
    /// The line of all replicas.
    Cut,
    /// The same, and nobody is told.
    Silence,
}

#[test]
fn three_replicas_give_no_wrong_answer_and_lose_nothing_whatever_breaks() {
    let Some(shared) = Shared::new() else { return };
    let proxy = Proxy::to(shared.server.port);
    let keys = shared.keys(proxy.port);
    let settings = Settings { store: Store::Postgres(&keys), ..Settings::default() };
    let names = ["a", "b", "c"];
    let brokers: Vec<Broker> = names.iter().map(|name| shared.site.start_replica(name, settings)).collect();
    let addresses: Addresses = std::array::from_fn(|place| Mutex::new(brokers[place].address));
    let over = AtomicBool::new(false);
    let rounds = AtomicU64::new(0);
    let (brokers, ledgers) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (site, addresses, over, rounds) = (&shared.site, &addresses, &over, &rounds);
                scope.spawn(move || {
                    let dice = Dice(SEED.wrapping_add(u64::try_from(number).unwrap()));
                    let mut client = Client { number, site, addresses, dice, ledger: Ledger::default() };
                    while !over.load(Ordering::SeqCst) {
                        client.round(rounds.fetch_add(1, Ordering::SeqCst));
                    }
                    client.ledger
                })
            })
            .collect();
        let brokers = disturb(&shared, &proxy, brokers, &addresses);
        over.store(true, Ordering::SeqCst);
        let ledgers: Vec<Ledger> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        (brokers, ledgers)
    });
    let machine = &shared.site.amd.machine;
    for ledger in &ledgers {
        holds_what_was_told(&shared, &brokers, machine, ledger);
    }
    let sum = |of: fn(&Ledger) -> u64| ledgers.iter().map(of).sum::<u64>();
    let (stored, released) = (sum(|one| one.stored.len() as u64), sum(|one| one.released.len() as u64));
    let (attested, unanswered) = (sum(|one| one.attested), sum(|one| one.unanswered));
    let second = sum(|one| one.second_bodies);
    eprintln!(
        "seed {SEED}: {stored} stored, {attested} nonces spent, {released} released, {second} second bodies refused, \
         {unanswered} without an answer"
    );
    assert!(
        stored > 20 && attested > 20 && released > 20 && second > 20,
        "too little was done to show anything"
    );
    assert!(unanswered > 0, "nothing was disturbed");
}

/// How long it takes, without hands, until every replica has durably stored something again.
fn recovery(shared: &Shared, addresses: &Addresses) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "how long the recovery takes is what is asked")]
    let since = Instant::now();
    for address in addresses {
        let to = *address.lock().unwrap();
        while store(&shared.site, to, "many/key/after", b"after").is_none_or(|answer| answer.status != 200) {
            assert!(since.elapsed() < RECOVERY, "{to} does not recover");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    since.elapsed()
}

fn holds_what_was_told(shared: &Shared, brokers: &[Broker], machine: &Machine, ledger: &Ledger) {
    // A session that began before a kill or an outage is one at every replica.
    if let (Some((session, key)), Some((resource, secret))) = (&ledger.session, ledger.stored.last()) {
        for broker in brokers {
            assert_eq!(opened(&get(broker.address, resource, session).unwrap(), key), *secret);
        }
    }
    let first = brokers.first().unwrap();
    let (session, key) = (system_tests::broker::auth(first.address, Tee::Snp), new_key());
    token_of(&Draft::honest(&session, machine, &key).send(first.address));
    for (place, (resource, secret)) in ledger.stored.iter().enumerate() {
        let broker = &brokers[place % brokers.len()];
        let fetched = get(broker.address, resource, &session).unwrap();
        assert_eq!(opened(&fetched, &key), *secret, "{resource}");
    }
    let sql = "SELECT DISTINCT convert_from(value, 'UTF8')::json #>> '{decision,release,resource}' \
               FROM vouchsafe.records WHERE convert_from(value, 'UTF8')::json #> '{decision,release}' IS NOT NULL";
    let recorded = shared.server.sql(&shared.database, sql);
    let recorded: BTreeSet<&str> = recorded.lines().collect();
    for resource in &ledger.released {
        assert!(recorded.contains(format!("kbs:///{resource}").as_str()), "{resource} left without a record");
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const SPENT: &str = "the nonce of this session is spent: begin with /auth";
const REPLICAS: usize = 3;
const CLIENTS: usize = 4;
/// Another number is another order of troubles and of replicas that are asked.
const SEED: u64 = 20_261_125;
/// Between two troubles.
const BETWEEN: Duration = Duration::from_millis(2500);
/// How long PostgreSQL or the line is away.
const OUTAGE: Duration = Duration::from_secs(2);
/// From the end of each trouble to the first success at every replica: what is being tried again, and two attempts.
const RECOVERY: Duration = Duration::from_secs(10);
