//! Times of contenders that take turns, so that whatever else the machine does meets all of them.

use std::thread;
use std::time::{Duration, Instant};

use super::Contender;

/// What one contender took.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Nanoseconds of one operation: the median of the rounds.
    pub median_ns: f64,
    /// That of the quickest round.
    pub least_ns: f64,
}

/// A contender's figures: latency with one thread at work, operations a second with one and with two.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// One thread.
    pub one: Figure,
    /// Operations a second of two threads together.
    pub two_per_second: f64,
}

/// Measures all, `rounds` times `turn` each, one after the other in every round.
pub fn interleaved(contenders: &[Contender], rounds: usize, turn: Duration) -> Vec<Measured> {
    let mut one: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    let mut two: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for ((contender, one), two) in contenders.iter().zip(&mut one).zip(&mut two) {
            one.push(nanoseconds(contender, turn));
            two.push(per_second_of_two(contender, turn));
        }
    }
    let figures = one.into_iter().zip(two);
    figures.map(|(one, two)| Measured { one: figure(one), two_per_second: median(two) }).collect()
}

/// The mean of one operation over `turn`.
fn nanoseconds(contender: &Contender, turn: Duration) -> f64 {
    // Reading the clock must not weigh: as many operations between two readings as take a tenth of a millisecond.
    let mut batch = 1_u32;
    loop {
        let began = Instant::now();
        (0..batch).for_each(|_| (contender.work)());
        if began.elapsed() >= Duration::from_micros(100) || batch >= 1 << 20 {
            break;
        }
        batch *= 2;
    }
    let (began, mut operations) = (Instant::now(), 0.0);
    loop {
        (0..batch).for_each(|_| (contender.work)());
        operations += f64::from(batch);
        let elapsed = began.elapsed();
        if elapsed >= turn {
            return elapsed.as_secs_f64() * 1e9 / operations;
        }
    }
}

fn per_second_of_two(contender: &Contender, turn: Duration) -> f64 {
    thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(|| 1e9 / nanoseconds(contender, turn)));
        workers.map(|worker| worker.join().expect("a measuring thread")).iter().sum()
    })
}

fn figure(rounds: Vec<f64>) -> Figure {
    let least_ns = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    Figure { median_ns: median(rounds), least_ns }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
