//! The power fails, ten thousand times, and nothing that was acknowledged is lost.
//!
//! ```text
//! Dice ─▶ Call ─▶ Store ─▶ Redb ─▶ Disk ── power fails at an operation that the dice chose ─▶ what survived
//!           └─▶ World: what was acknowledged        Redb, opened anew ─▶ World as it stands ◀── equal? ──┘
//! ```
//!
//! A call whose answer did not come may have happened whole, or not at all. What happens depends on the seed alone where
//! one thread writes; the system's randomness is in what is sealed and in nonces, and decides nothing. A line of cuts goes
//! on with what the cut before it left, so that repairs are cut off too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::redb::Database;

use super::backend::Backend;
use super::redb::Redb;
use super::tests::key;
use super::{Concluded, Reserve, Store, StoreError};

mod broken;
mod dice;
mod disk;
mod work;
mod world;

use dice::Dice;
use disk::{Cut, Disk, Fuse, Sync};
use work::{Call, Decided, Lane};
use world::World;

/// What happened in a line of cuts.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    cuts: u64,
    in_sync: u64,
    /// While the store was being opened or repaired.
    in_opening: u64,
    /// Syncs that failed with the power on.
    failed_syncs: u64,
    acknowledged: u64,
    /// Calls whose answer did not come, and that had happened.
    unanswered_done: u64,
    unanswered_undone: u64,
}

/// A store that is cut off again and again.
struct Line {
    seed: u64,
    dice: Dice,
    sync: Sync,
    /// Whether the machine forgets what it read before it opens the store again, as [`super::redb`] has it.
    forgets: bool,
    disk: Disk,
    wrap: fn(Redb) -> Arc<dyn Backend>,
    lanes: Vec<Lane>,
    /// Whether the store was ever made whole.
    made: Arc<AtomicBool>,
    /// What each lane did last, where no answer came.
    unanswered: Vec<Option<Call>>,
    /// An attestation that was acknowledged.
    concluded: Option<Box<Decided>>,
    figures: Figures,
}

impl Line {
    fn new(seed: u64, sync: Sync, wrap: fn(Redb) -> Arc<dyn Backend>) -> Self {
        let mut dice = Dice::new(seed);
        // Several threads share transactions; one alone repeats exactly.
        let count = if dice.once_in(4) { 3 } else { 1 };
        let lane = |name| Lane { name, alone: count == 1, made: 0, world: World::default() };
        Self {
            seed,
            sync,
            forgets: true,
            disk: Disk::new(sync),
            wrap,
            lanes: (0..count).map(lane).collect(),
            made: Arc::default(),
            unanswered: vec![None; count],
            concluded: None,
            figures: Figures::default(),
            dice,
        }
    }

    /// Cuts the power so many times; what happened, or what was lost.
    fn run(mut self, cuts: u64) -> Result<Figures, String> {
        while self.figures.cuts < cuts {
            let fuse = match self.dice.below(8) {
                // In the first operations: then a repair is cut off.
                0 => Fuse::Operations(self.dice.below(25)),
                1..=3 => Fuse::Operations(self.dice.below(400)),
                _ => Fuse::Syncs(self.dice.below(25)),
            };
            self.disk.fail_after(fuse);
            if self.dice.once_in(4) {
                self.disk.refuse_after(self.dice.below(12), Dice::new(self.dice.roll()));
            }
            let failures = self.disk.failures();
            let result = match self.open() {
                Ok(store) => self.write(store),
                Err(_) if self.disk.cut().is_some() => {
                    self.figures.in_opening += 1;
                    Ok(())
                }
                // A broker that does not start is started again.
                Err(_) if self.disk.failures() > failures => Ok(()),
                Err(error) => Err(format!("the store does not open: {error}")),
            };
            result.map_err(|lost| format!("seed {}, after {} cuts: {lost}", self.seed, self.figures.cuts))?;
            if let Some(cut) = self.disk.cut() {
                self.figures.cuts += 1;
                self.figures.in_sync += u64::from(cut == Cut::Sync);
                self.disk.power_on(&mut self.dice);
            }
            if !self.made.load(Ordering::Relaxed) {
                // A file gets its name when the store in it is whole: what is there before is made anew.
                self.disk = Disk::new(self.sync);
            }
        }
        Ok(self.figures)
    }

    fn open(&mut self) -> Result<Store, StoreError> {
        let disk = self.disk.clone();
        // With little cache, pages go to the disk before the commit.
        let cache = [0, 64 << 10, 1 << 20][self.dice.place(3)];
        let (made, forgets) = (Arc::clone(&self.made), self.forgets);
        let open = move || {
            if forgets {
                disk.drop_clean();
            }
            let database = Database::builder().set_cache_size(cache).create_with_backend(disk.clone());
            made.fetch_or(database.is_ok(), Ordering::Relaxed);
            database.map_err(|error| StoreError::Database { reason: error.to_string() })
        };
        let redb = Redb::opened_by(Box::new(open))?;
        Store::over((self.wrap)(redb), key(), u64::MAX, Reserve::none())
    }

    /// Compares the store with what was acknowledged, then writes until the power fails or the store is closed; again
    /// after a sync that failed.
    #[expect(clippy::needless_pass_by_value, reason = "it is closed at the end")]
    fn write(&mut self, store: Store) -> Result<(), String> {
        let calls = if self.dice.once_in(8) { self.dice.below(6) + 1 } else { u64::MAX };
        loop {
            let held = self.disk.hold();
            self.compare(&store)?;
            self.disk.resume(held);
            let failures = self.disk.failures();
            self.write_until(&store, calls)?;
            let failed = self.disk.failures() - failures;
            self.figures.failed_syncs += failed;
            if self.disk.cut().is_some() || failed == 0 {
                // Closing writes too, and may be cut off.
                return Ok(());
            }
        }
    }

    /// Lets every lane write until the power or a sync fails, or it has made so many calls.
    fn write_until(&mut self, store: &Store, calls: u64) -> Result<(), String> {
        // Before any lane begins: one that begins later may meet what a sync that failed for another left behind.
        let (disk, failures) = (&self.disk, self.disk.failures());
        let seeds: Vec<Dice> = self.lanes.iter().map(|_| Dice::new(self.dice.roll())).collect();
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let lanes = self.lanes.iter_mut().zip(seeds);
            let threads: Vec<_> = lanes
                .map(|(lane, dice)| scope.spawn(move || write(lane, dice, store, (disk, failures), calls)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (place, outcome) in outcomes.into_iter().enumerate() {
            let Wrote { acknowledged, unanswered, concluded } = outcome?;
            self.figures.acknowledged += acknowledged;
            self.unanswered[place] = unanswered;
            self.concluded = concluded.or(self.concluded.take());
        }
        Ok(())
    }

    /// Holds the store to what was acknowledged: of what was not answered, every call happened whole or not at all.
    fn compare(&mut self, store: &Store) -> Result<(), String> {
        let found = World::read(store)?;
        let doubtful = self.unanswered.iter().flatten().count();
        for happened in 0..1_u32 << doubtful {
            let mut bits = happened;
            let mut lanes = self.lanes.clone();
            for (lane, call) in lanes.iter_mut().zip(&self.unanswered) {
                let Some(call) = call else { continue };
                if bits & 1 == 1 {
                    call.apply(&mut lane.world);
                }
                bits >>= 1;
            }
            if World::of_all(lanes.iter().map(|lane| &lane.world)).shown() == found {
                self.lanes = lanes;
                self.unanswered.fill(None);
                let done = u64::from(happened.count_ones());
                self.figures.unanswered_done += done;
                self.figures.unanswered_undone += u64::try_from(doubtful).unwrap() - done;
                return self.spend_again(store);
            }
        }
        let acknowledged = World::of_all(self.lanes.iter().map(|lane| &lane.world)).shown();
        Err(format!("the store is not what was acknowledged:\n{}", acknowledged.difference(&found)))
    }

    /// A nonce that was spent takes no other body.
    fn spend_again(&self, store: &Store) -> Result<(), String> {
        let Some(decided) = &self.concluded else { return Ok(()) };
        let nonce = decided.nonce.as_bytes().as_slice();
        let worlds = self.lanes.iter().map(|lane| &lane.world);
        // Its time may be over.
        let Some(spent) = worlds.filter_map(|world| world.sessions.get(nonce)).next() else { return Ok(()) };
        match decided.conclude(store, b"another body") {
            Ok(Concluded::SpentBefore(session)) if session.body == spent.body => Ok(()),
            other => Err(format!("a nonce was spent twice: {other:?}")),
        }
    }
}

/// What a lane did.
struct Wrote {
    acknowledged: u64,
    unanswered: Option<Call>,
    concluded: Option<Box<Decided>>,
}

/// Calls the store until the power or a sync fails, at most so many times. `failures` is how many syncs failed before.
fn write(
    lane: &mut Lane,
    mut dice: Dice,
    store: &Store,
    (disk, failures): (&Disk, u64),
    calls: u64,
) -> Result<Wrote, String> {
    let mut wrote = Wrote { acknowledged: 0, unanswered: None, concluded: None };
    for _ in 0..calls {
        let call = lane.call(&mut dice);
        match call.make(store, &lane.world) {
            Ok(()) => {
                call.apply(&mut lane.world);
                wrote.acknowledged += 1;
                if let Call::Conclude(decided) = call {
                    wrote.concluded = Some(decided);
                }
            }
            Err(_) if disk.cut().is_some() || disk.failures() > failures => {
                wrote.unanswered = Some(call);
                break;
            }
            Err(error) => return Err(format!("refused with the power on: {error}")),
        }
    }
    Ok(wrote)
}

fn as_it_is(redb: Redb) -> Arc<dyn Backend> {
    Arc::new(redb)
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.in_sync += other.in_sync;
        self.in_opening += other.in_opening;
        self.failed_syncs += other.failed_syncs;
        self.acknowledged += other.acknowledged;
        self.unanswered_done += other.unanswered_done;
        self.unanswered_undone += other.unanswered_undone;
    }
}

/// Cuts the power `cuts` times, in lines of `LINE`, on two threads; the seeds are 0, 1, 2, ….
fn cut_off(cuts: u64) -> Figures {
    let (next, lines) = (AtomicU64::new(0), cuts.div_ceil(LINE));
    let work = || {
        let mut figures = Figures::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= lines {
                return figures;
            }
            let line = std::panic::AssertUnwindSafe(|| Line::new(seed, Sync::Honest, as_it_is).run(LINE));
            match std::panic::catch_unwind(line) {
                Ok(Ok(found)) => figures.add(found),
                Ok(Err(lost)) => panic!("{lost}"),
                Err(_) => panic!("seed {seed}: a panic, above"),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let mut figures = Figures::default();
        for thread in threads {
            figures.add(thread.join().unwrap());
        }
        figures
    })
}

#[test]
fn ten_thousand_power_cuts_lose_nothing_acknowledged() {
    let figures = cut_off(CUTS);
    println!("{figures:?}");
    assert!(figures.cuts >= CUTS, "{figures:?}");
    // The cuts hit what they are meant to hit.
    let Figures { in_sync, in_opening, failed_syncs, unanswered_done, unanswered_undone, .. } = figures;
    for hit in [in_sync, in_opening, failed_syncs, unanswered_done, unanswered_undone] {
        assert!(hit >= CUTS / 20, "{figures:?}");
    }
    assert!(figures.acknowledged >= CUTS, "{figures:?}");
}

const CUTS: u64 = 10_000;
/// Cuts of one store: it grows, and each takes longer.
const LINE: u64 = 25;
