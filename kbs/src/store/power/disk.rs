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

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::dice::Dice;
use history::{History, Kept};

mod history;

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

#[cfg(test)]
mod tests;
