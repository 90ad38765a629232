//! What may be on a disk that was not told to sync.

use std::collections::BTreeMap;

use super::super::dice::Dice;
use super::{Change, SECTOR};

type Sector = [u8; SECTOR];

/// What each sector held since the last sync: what was durable, then the content after each change of it, with the place
/// of that change.
pub(super) struct History {
    pub(super) sectors: BTreeMap<usize, Vec<(usize, Sector)>>,
    /// Sectors from this one on lie in blocks that no file has: a shrink was lost, and what came after it is lost too.
    end: usize,
}

impl History {
    pub(super) fn of(pending: &[Change], durable: &[u8], mut lengths: usize) -> Self {
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
pub(super) enum Kept {
    /// That of a moment between two changes.
    Until(usize),
    /// Each sector its own.
    Any,
}

impl Kept {
    pub(super) fn choose(changes: usize, dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 => Self::Until(0),
            1 => Self::Until(changes),
            2 | 3 => Self::Until(dice.place(changes + 1)),
            _ => Self::Any,
        }
    }

    pub(super) fn of(&self, contents: &[(usize, Sector)], dice: &mut Dice) -> usize {
        match self {
            Self::Any => dice.place(contents.len()),
            Self::Until(changes) => contents.iter().skip(1).take_while(|(place, _)| place < changes).count(),
        }
    }
}
