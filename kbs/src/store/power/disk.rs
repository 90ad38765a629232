//! A disk in memory whose power fails.
//!
//! redb asks three things of a disk (its docs/design.md, "Assumptions about underlying media"): a byte is written whole or
//! not at all; what was synced stays; a write changes no byte outside its range, even when the power fails in it. This
//! disk keeps those three and nothing else. Of what was not synced, at a cut:
//!
//! * every sector of 512 bytes has any of the contents that it had since the last sync, whatever its neighbours have;
//! * one of them may be torn at any byte between one content and the next;
//! * changes of the file's length survive in their order, up to any of them. What was written beyond an end that did not
//!   survive is gone, and what lay beyond an end that did survive is zero.
//!
//! A sync may also fail while the power stays on. Then the disk has of what was not synced the same it would have after a
//! cut, but the machine still reads what it wrote, and takes it for clean: Linux does so (fsync(2), on EIO).

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::dice::Dice;

/// The disk; a clone is the same disk.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Mutex<State>>);

/// What a sync does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// All that was written before it is durable when it returns.
    Honest,
    /// Only what was written before the sync that came before it: broken.
    Late,
    /// Nothing: broken.
    Never,
}

/// When the power fails. Reads are not counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fuse {
    /// In the operation after so many further ones.
    Operations(u64),
    /// In the sync after so many further ones.
    Syncs(u64),
}

/// Faults that are put off.
#[must_use]
pub(super) struct Held(Option<Fuse>, Option<(u64, Dice)>);

/// In what the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Write,
    Length,
    Sync,
}

#[derive(Debug)]
struct State {
    durable: Vec<u8>,
    /// What the machine reads while it has power.
    cached: Vec<u8>,
    /// What was not synced, in order.
    pending: Vec<Change>,
    /// How much of it the last sync of a [`Sync::Late`] disk saw.
    seen: usize,
    sync: Sync,
    /// None: the power does not fail.
    fuse: Option<Fuse>,
    cut: Option<Cut>,
    /// Syncs until one fails, and what decides then.
    failure: Option<(u64, Dice)>,
    failures: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Length(usize),
}

type Sector = [u8; SECTOR];

impl Disk {
    pub(super) fn new(sync: Sync) -> Self {
        Self(Arc::new(Mutex::new(State {
            durable: Vec::new(),
            cached: Vec::new(),
            pending: Vec::new(),
            seen: 0,
            sync,
            fuse: None,
            cut: None,
            failure: None,
            failures: 0,
        })))
    }

    pub(super) fn fail_after(&self, fuse: Fuse) {
        self.state().fuse = Some(fuse);
    }

    /// After so many syncs one fails, while the power stays on.
    pub(super) fn refuse_after(&self, syncs: u64, dice: Dice) {
        self.state().failure = Some((syncs, dice));
    }

    /// Syncs that failed while the power stayed on.
    pub(super) fn failures(&self) -> u64 {
        self.state().failures
    }

    /// Forgets what is clean: from now on the machine reads it from the disk.
    pub(super) fn drop_clean(&self) {
        let mut state = self.state();
        let mut cached = state.durable.clone();
        for change in &state.pending {
            change.apply(&mut cached);
        }
        state.cached = cached;
    }

    /// Lets the machine work without a fault, until [`Disk::resume`].
    pub(super) fn hold(&self) -> Held {
        let mut state = self.state();
        Held(state.fuse.take(), state.failure.take())
    }

    pub(super) fn resume(&self, held: Held) {
        let mut state = self.state();
        (state.fuse, state.failure) = (held.0, held.1);
    }

    /// In what the power failed, if it has.
    pub(super) fn cut(&self) -> Option<Cut> {
        self.state().cut
    }

    /// The power comes back: only what survived is there.
    pub(super) fn power_on(&self, dice: &mut Dice) {
        self.state().lose(dice);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.state();
        state.powered()?;
        Ok(u64::try_from(state.cached.len()).unwrap())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        state.powered()?;
        let offset = usize::try_from(offset).unwrap();
        let found = state.cached.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.state().change(Change::Length(usize::try_from(len).unwrap()), Cut::Length)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step(Cut::Sync)?;
        match &mut state.failure {
            Some((0, _)) => return Err(state.fail()),
            Some((left, _)) => *left -= 1,
            None => {}
        }
        state.sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.state().change(Change::Write { offset, data: data.to_vec() }, Cut::Write)
    }
}

impl State {
    fn powered(&self) -> io::Result<()> {
        match self.cut {
            None => Ok(()),
            Some(_) => Err(io::Error::other("the power has failed")),
        }
    }

    fn step(&mut self, cut: Cut) -> io::Result<()> {
        self.powered()?;
        match &mut self.fuse {
            None => {}
            Some(Fuse::Syncs(_)) if cut != Cut::Sync => {}
            Some(Fuse::Operations(0) | Fuse::Syncs(0)) => self.cut = Some(cut),
            Some(Fuse::Operations(left) | Fuse::Syncs(left)) => *left -= 1,
        }
        self.powered()
    }

    /// A write in which the power fails may be on the disk, like every other that was not synced.
    fn change(&mut self, change: Change, cut: Cut) -> io::Result<()> {
        self.powered()?;
        let result = self.step(cut);
        change.apply(&mut self.cached);
        self.pending.push(change);
        result
    }

    fn sync(&mut self) {
        let durable = match self.sync {
            Sync::Honest => self.pending.len(),
            Sync::Late => std::mem::replace(&mut self.seen, self.pending.len()),
            Sync::Never => 0,
        };
        for change in self.pending.drain(..durable) {
            change.apply(&mut self.durable);
        }
        self.seen = self.seen.min(self.pending.len());
    }

    /// A sync fails: of the data each sector may be on the disk or not, and is never written again.
    fn fail(&mut self) -> io::Error {
        if let Some((_, mut dice)) = self.failure.take() {
            let pending = std::mem::take(&mut self.pending);
            self.settle(&pending, usize::MAX, &mut dice);
        }
        self.failures += 1;
        self.seen = 0;
        io::Error::other("the disk did not take it")
    }

    fn lose(&mut self, dice: &mut Dice) {
        let pending = std::mem::take(&mut self.pending);
        let lengths = pending.iter().filter(|change| matches!(change, Change::Length(_))).count();
        let survived = dice.place(lengths + 1);
        self.settle(&pending, survived, dice);
        self.cached.clone_from(&self.durable);
        (self.seen, self.fuse, self.cut, self.failure) = (0, None, None, None);
    }

    /// Lets so many changes of the length survive, and of the data what the dice say.
    fn settle(&mut self, pending: &[Change], lengths: usize, dice: &mut Dice) {
        let history = History::of(pending, &self.durable, lengths);
        let kept = Kept::choose(pending.len(), dice);
        for change in pending.iter().filter(|change| matches!(change, Change::Length(_))).take(lengths) {
            change.apply(&mut self.durable);
        }
        let torn = dice.once_in(4).then(|| dice.place(history.sectors.len().max(1)));
        for (place, (sector, contents)) in history.sectors.iter().enumerate() {
            let chosen = kept.of(contents, dice);
            let mut content = contents[chosen].1;
            if torn == Some(place) && chosen + 1 < contents.len() {
                let at = dice.place(SECTOR);
                content[..at].copy_from_slice(&contents[chosen + 1].1[..at]);
            }
            let start = (sector * SECTOR).min(self.durable.len());
            let end = (start + SECTOR).min(self.durable.len());
            self.durable[start..end].copy_from_slice(&content[..end - start]);
        }
    }
}

/// What each sector held since the last sync: what was durable, then the content after each change of it, with the place
/// of that change.
struct History {
    sectors: BTreeMap<usize, Vec<(usize, Sector)>>,
    /// Sectors from this one on lie in blocks that no file has: a shrink was lost, and what came after it is lost too.
    end: usize,
}

impl History {
    fn of(pending: &[Change], durable: &[u8], mut lengths: usize) -> Self {
        let mut history = Self { sectors: BTreeMap::new(), end: usize::MAX };
        let mut length = durable.len();
        for (place, change) in pending.iter().enumerate() {
            match change {
                Change::Write { offset, data } => {
                    history.write(place, *offset, data, durable);
                    length = length.max(offset + data.len());
                }
                Change::Length(next) => {
                    if *next < length && lengths > 0 {
                        history.shrink(place, *next, durable);
                    } else if *next < length {
                        history.end = history.end.min(*next / SECTOR);
                    }
                    length = *next;
                    lengths = lengths.saturating_sub(1);
                }
            }
        }
        history
    }

    fn contents(&mut self, sector: usize, durable: &[u8]) -> &mut Vec<(usize, Sector)> {
        self.sectors.entry(sector).or_insert_with(|| {
            let mut content = [0; SECTOR];
            let old = durable.get(sector * SECTOR..).unwrap_or_default();
            let old = &old[..old.len().min(SECTOR)];
            content[..old.len()].copy_from_slice(old);
            vec![(0, content)]
        })
    }

    fn write(&mut self, place: usize, offset: usize, data: &[u8], durable: &[u8]) {
        let mut done = 0;
        while done < data.len() {
            let at = offset + done;
            let (sector, from) = (at / SECTOR, at % SECTOR);
            let take = (SECTOR - from).min(data.len() - done);
            done += take;
            if sector >= self.end {
                continue;
            }
            let contents = self.contents(sector, durable);
            let mut next = contents.last().unwrap().1;
            next[from..from + take].copy_from_slice(&data[at - offset..at - offset + take]);
            contents.push((place, next));
        }
    }

    /// A shrink that survived: nothing is left of what lay there.
    fn shrink(&mut self, place: usize, end: usize, durable: &[u8]) {
        let first = end / SECTOR;
        for sector in first..durable.len().div_ceil(SECTOR) {
            self.contents(sector, durable);
        }
        for (sector, contents) in self.sectors.range_mut(first..) {
            let mut rest = contents.last().unwrap().1;
            rest[end.saturating_sub(sector * SECTOR).min(SECTOR)..].fill(0);
            *contents = vec![(place, rest)];
        }
    }
}

/// Which of a sector's contents survives.
enum Kept {
    /// That of a moment between two changes.
    Until(usize),
    /// Each sector its own.
    Any,
}

impl Kept {
    fn choose(changes: usize, dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 => Self::Until(0),
            1 => Self::Until(changes),
            2 | 3 => Self::Until(dice.place(changes + 1)),
            _ => Self::Any,
        }
    }

    fn of(&self, contents: &[(usize, Sector)], dice: &mut Dice) -> usize {
        match self {
            Self::Any => dice.place(contents.len()),
            Self::Until(changes) => contents.iter().skip(1).take_while(|(place, _)| place < changes).count(),
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write { offset, data } => {
                if bytes.len() < offset + data.len() {
                    bytes.resize(offset + data.len(), 0);
                }
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }
}

/// What a disk writes at once.
const SECTOR: usize = 512;

#[test]
fn what_was_synced_survives_and_of_the_rest_any_sector() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let disk = Disk::new(Sync::Honest);
        disk.set_len(1024).unwrap();
        disk.write(0, &[1; 1024]).unwrap();
        disk.sync_data().unwrap();
        disk.fail_after(Fuse::Operations(1));
        disk.write(0, &[2; 1024]).unwrap();
        assert!(disk.write(512, &[3; 512]).is_err());
        assert_eq!(disk.cut(), Some(Cut::Write));
        assert!(disk.read(0, &mut [0]).is_err());
        disk.power_on(&mut Dice::new(seed));
        let mut found = [0; 1024];
        disk.read(0, &mut found).unwrap();
        seen.insert((found[0], found[1023]));
        // Nothing but what stood there at some time.
        assert!(found[..512].iter().all(|byte| [1, 2].contains(byte)), "{seed}");
        assert!(found[512..].iter().all(|byte| [1, 2, 3].contains(byte)), "{seed}");
    }
    let all = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)];
    assert_eq!(seen, all.into_iter().collect());
}

#[test]
fn a_length_survives_with_zeros_or_not_at_all() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = Disk::new(Sync::Honest);
        disk.write(0, &[1; 1536]).unwrap();
        disk.sync_data().unwrap();
        disk.set_len(512).unwrap();
        disk.set_len(1024).unwrap();
        disk.power_on(&mut Dice::new(seed));
        let length = usize::try_from(disk.len().unwrap()).unwrap();
        let mut found = vec![9; length];
        disk.read(0, &mut found).unwrap();
        let expected = match length {
            1536 => vec![1; 1536],
            512 => vec![1; 512],
            _ => [[1; 512], [0; 512]].concat(),
        };
        assert_eq!(found, expected, "{seed}");
        lengths.insert(length);
    }
    assert_eq!(lengths, [512, 1024, 1536].into_iter().collect());
}

#[test]
fn what_a_failed_sync_did_not_write_is_read_until_it_is_forgotten() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = Disk::new(Sync::Honest);
        disk.write(0, &[1; 512]).unwrap();
        disk.sync_data().unwrap();
        disk.refuse_after(0, Dice::new(seed));
        disk.write(0, &[2; 512]).unwrap();
        assert!(disk.sync_data().is_err());
        // The next one has nothing to write any more.
        disk.sync_data().unwrap();
        let first = || {
            let mut found = [0];
            disk.read(511, &mut found).map(|()| found[0]).unwrap()
        };
        assert_eq!(first(), 2);
        disk.drop_clean();
        seen.insert(first());
    }
    assert_eq!(seen, [1, 2].into_iter().collect());
}
