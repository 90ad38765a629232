//! All flips over all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use verifier::endorsements::Endorsements;

use crate::exempt::{Exempt, RULES};
use crate::piece::{Piece, repeats};
use crate::sample::Sample;
use crate::tally::{Failure, Tally};
use crate::trial::{Base, keep_panics};

/// What became of all flips: numbers by piece and file, and what must not be.
#[derive(Debug)]
pub(crate) struct Swept {
    pub(crate) files: Vec<Vec<Tally>>,
    pub(crate) failures: Vec<Failure>,
}

impl Swept {
    /// All flips that were tried.
    pub(crate) fn tried(&self) -> u64 {
        self.files.iter().flatten().map(|tally| tally.tried).sum()
    }
}

/// A piece with what all its flips share.
struct Prepared<'a> {
    piece: &'a Piece,
    base: Base,
    /// Parsed and verified once, for flips in the evidence alone. A flipped endorsement is parsed and verified anew.
    warm: Endorsements,
    exempt: Vec<Exempt>,
}

/// Some bytes of one file.
#[derive(Clone, Copy)]
struct Part {
    piece: usize,
    file: usize,
    start: usize,
}

/// Tries every bit that `sample` takes.
pub(crate) fn run(pieces: &[Piece], sample: Sample, threads: usize) -> anyhow::Result<Swept> {
    keep_panics();
    let prepared = pieces.iter().map(prepare).collect::<anyhow::Result<Vec<_>>>()?;
    let parts = parts(pieces);
    let next = AtomicUsize::new(0);
    let files = pieces.iter().map(|piece| vec![Tally::default(); piece.files.len()]).collect();
    let mut swept = Swept { files, failures: Vec::new() };
    std::thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        for _ in 0..threads {
            let (sender, prepared, parts, next) = (sender.clone(), &prepared, &parts, &next);
            scope.spawn(move || {
                while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = try_part(&prepared[part.piece], *part, sample);
                    sender.send((*part, outcome)).expect("the receiver outlives the threads");
                }
            });
        }
        drop(sender);
        let mut progress = Progress::new(parts.len());
        for (part, (tally, failures)) in done {
            progress.add(&tally);
            swept.files[part.piece][part.file].add(&tally);
            for failure in failures {
                let piece = &pieces[failure.piece];
                let (file, what) = (&piece.files[failure.file].name, &failure.what);
                eprintln!("FAILED {} {file} byte {} bit {}: {what}", piece.name, failure.byte, failure.bit);
                swept.failures.push(failure);
            }
        }
    });
    // Panics are shown again.
    drop(std::panic::take_hook());
    Ok(swept)
}

fn prepare(piece: &Piece) -> anyhow::Result<Prepared<'_>> {
    let warm = piece.endorsements();
    let base = Base::new(piece.judge(piece.evidence(), &warm)).with_context(|| piece.name.clone())?;
    let exempt = (0..piece.files.len()).map(|file| Exempt::of(RULES, piece, file)).collect();
    Ok(Prepared { piece, base, warm, exempt })
}

fn parts(pieces: &[Piece]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, (piece, repeats)) in pieces.iter().zip(repeats(pieces)).enumerate() {
        let files = piece.files.iter().zip(repeats).enumerate();
        for (file, (content, _)) in files.filter(|(_, (_, repeated))| !repeated) {
            let starts = (0..content.bytes.len()).step_by(PART);
            parts.extend(starts.map(|start| Part { piece: number, file, start }));
        }
    }
    parts
}

fn try_part(prepared: &Prepared<'_>, part: Part, sample: Sample) -> (Tally, Vec<Failure>) {
    let Prepared { piece, base, warm, exempt } = prepared;
    let file = &piece.files[part.file];
    let sample = sample.of(&piece.name, &file.name);
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    let mut bytes = file.bytes.clone();
    let end = (part.start + PART).min(bytes.len());
    for (byte, bit) in (part.start..end).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        if !sample.takes(byte, bit) {
            continue;
        }
        bytes[byte] ^= 1 << bit;
        let outcome = base.compare(|| {
            if part.file == 0 {
                piece.judge(&bytes, warm)
            } else {
                piece.judge(piece.evidence(), &piece.endorsements_with(part.file, &bytes))
            }
        });
        bytes[byte] ^= 1 << bit;
        if let Some(what) = tally.count(exempt[part.file].rule(byte, bit), &outcome) {
            failures.push(Failure { piece: part.piece, file: part.file, byte, bit, what });
        }
    }
    (tally, failures)
}

/// A line now and then.
struct Progress {
    started: Instant,
    said: Instant,
    parts: usize,
    done: usize,
    tried: u64,
}

impl Progress {
    fn new(parts: usize) -> Self {
        let now = Instant::now();
        Self { started: now, said: now, parts, done: 0, tried: 0 }
    }

    fn add(&mut self, tally: &Tally) {
        self.done += 1;
        self.tried += tally.tried;
        if self.said.elapsed() >= PROGRESS {
            self.said = Instant::now();
            let seconds = self.started.elapsed().as_secs().max(1);
            let (per_cent, rate) = (self.done * 100 / self.parts, self.tried / seconds);
            eprintln!("sweep: {per_cent} %, {} flips in {seconds} s, {rate} a second", self.tried);
        }
    }
}

/// Bytes that one thread takes at a time.
const PART: usize = 128;
/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
