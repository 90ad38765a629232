//! `vouchsafe bench verify`: parse, cold and warm verification on this machine.
//!
//! Cold: nothing is known but the anchors. Warm: the same collateral or certificate chain was verified before, and
//! the report or quote, with whatever new certificate it carries, is new. Known: the machine was verified before too, and
//! the report or quote alone is new.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use endorsements::File;
use serde::Serialize;
use verifier::anchors::Anchors;
use verifier::check::Trail;
use verifier::crypto::signature_checks;
use verifier::endorsements::Endorsements;
use verifier::evidence::{Evidence, EvidenceInput};
use verifier::expected::Expected;
use verifier::time::UnixTime;
use verifier::verify::verify;

use crate::args::BenchVerifyArgs;
use crate::{inputs, system};

/// The figures, all of one run; nanoseconds of wall time for one operation.
#[derive(Debug, Serialize)]
struct Figures {
    cold_ns: u64,
    warm_ns: u64,
    known_ns: u64,
    parse_ns: u64,
    signatures_cold: u64,
    signatures_warm: u64,
    signatures_known: u64,
    threads: u16,
}

/// What every measured verification is given.
struct Subject<'a> {
    input: &'a EvidenceInput,
    anchors: &'a Anchors,
    now: UnixTime,
}

/// Measures and prints.
pub(crate) fn run(args: &BenchVerifyArgs) -> anyhow::Result<ExitCode> {
    let now = UnixTime::parse_rfc3339(&args.at).context("--at")?;
    let input = EvidenceInput::decode(&inputs::evidence(&args.evidence)?, None)?;
    let anchors = Anchors::vendor().context("the pinned roots")?;
    let subject = Subject { input: &input, anchors: &anchors, now };
    let files = inputs::endorsements(&args.endorsements)?.files;
    let endorsements = parsed(&files)?;
    let signatures_cold = count(&subject, &endorsements)?;
    let signatures_known = count(&subject, &endorsements)?;
    endorsements.forget_leaves();
    let signatures_warm = count(&subject, &endorsements)?;
    if signatures_cold <= signatures_warm && input.carried.is_empty() {
        bail!("the endorsements took no part in the verification: give those that belong to the evidence");
    }
    // Cold includes parsing the endorsements' bytes; reading them from the disk is left out.
    let figures = Figures {
        cold_ns: cold(args.seconds, args.threads, &subject, &files)?,
        warm_ns: warm(args.seconds, args.threads, &subject, &files)?,
        known_ns: known(args.seconds, args.threads, &subject, &endorsements)?,
        parse_ns: parse(args.seconds, args.threads, &input)?,
        signatures_cold,
        signatures_warm,
        signatures_known,
        threads: args.threads,
    };
    print(&figures, args.json)?;
    Ok(ExitCode::SUCCESS)
}

fn print(figures: &Figures, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(figures)?);
        return Ok(());
    }
    let micros = |ns: u64| Duration::from_nanos(ns).as_secs_f64() * 1e6;
    println!("parse {:>10.3} µs", micros(figures.parse_ns));
    println!("cold  {:>10.1} µs  {} signatures", micros(figures.cold_ns), figures.signatures_cold);
    println!("warm  {:>10.1} µs  {} signatures", micros(figures.warm_ns), figures.signatures_warm);
    println!("known {:>10.1} µs  {} signatures", micros(figures.known_ns), figures.signatures_known);
    println!("mean wall time of one operation in each of {} thread(s)", figures.threads);
    Ok(())
}

/// Verifies once and counts the signatures that were checked.
fn count(subject: &Subject<'_>, endorsements: &Endorsements) -> anyhow::Result<u64> {
    let before = signature_checks();
    verify_once(subject, endorsements)?;
    Ok(signature_checks() - before)
}

fn verify_once(subject: &Subject<'_>, endorsements: &Endorsements) -> anyhow::Result<()> {
    let evidence = Evidence::parse(subject.input)?;
    // As somebody who asks with a nonce: evidence that answers nobody makes no machine known.
    let data = evidence.report_data().try_into();
    let expected = data.map_or_else(|_| Expected::nothing(), Expected::report_data);
    let mut trail = Trail::new();
    let verified = verify(&evidence, endorsements, subject.anchors, &expected, subject.now, &mut trail);
    std::hint::black_box(verified.context("the evidence does not verify at that instant")?);
    Ok(())
}

fn parsed(files: &[File]) -> anyhow::Result<Endorsements> {
    let mut endorsements = Endorsements::new();
    for file in files {
        endorsements.add(&file.name, &file.bytes)?;
    }
    Ok(endorsements)
}

/// Each thread has endorsements of its own: whoever forgets the machine must not make another thread wait, nor find that the
/// other has just got to know it.
fn warm(seconds: u64, threads: u16, subject: &Subject<'_>, files: &[File]) -> anyhow::Result<u64> {
    in_threads(threads, || {
        let endorsements = parsed(files)?;
        verify_once(subject, &endorsements)?;
        timed(seconds, || {
            endorsements.forget_leaves();
            verify_once(subject, &endorsements)
        })
    })
}

fn known(
    seconds: u64,
    threads: u16,
    subject: &Subject<'_>,
    endorsements: &Endorsements,
) -> anyhow::Result<u64> {
    in_threads(threads, || timed(seconds, || verify_once(subject, endorsements)))
}

/// Each round begins with bytes, of which nothing is proved yet.
fn cold(seconds: u64, threads: u16, subject: &Subject<'_>, files: &[File]) -> anyhow::Result<u64> {
    in_threads(threads, || timed(seconds, || verify_once(subject, &parsed(files)?)))
}

fn parse(seconds: u64, threads: u16, input: &EvidenceInput) -> anyhow::Result<u64> {
    // One parse takes less than a clock reading, so a thousand are timed together.
    let batch = || {
        for _ in 0..BATCH {
            std::hint::black_box(Evidence::parse(std::hint::black_box(input))?);
        }
        Ok(())
    };
    Ok(in_threads(threads, || timed(seconds, batch))? / BATCH)
}

/// The mean time of `work` over `seconds`, in nanoseconds.
fn timed(seconds: u64, work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let limit = Duration::from_secs(seconds);
    let began = system::instant();
    let mut rounds = 0_u32;
    while rounds == 0 || began.elapsed() < limit {
        work()?;
        rounds += 1;
    }
    Ok(u64::try_from((began.elapsed() / rounds).as_nanos())?)
}

/// Runs `work` in every thread at once; the mean of their means.
fn in_threads(threads: u16, work: impl Fn() -> anyhow::Result<u64> + Sync) -> anyhow::Result<u64> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let mut sum = 0;
        for worker in workers {
            match worker.join() {
                Ok(mean) => sum += mean?,
                Err(_) => bail!("a measuring thread ended early"),
            }
        }
        Ok(sum / u64::from(threads))
    })
}

/// Parses timed together.
const BATCH: u64 = 1000;
