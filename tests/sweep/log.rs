//! The log: a JSON line for each file and for each failure, and a summary for people.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::exempt::RULES;
use crate::piece::{File, Piece, repeats};
use crate::run::Swept;
use crate::sample::Sample;
use crate::tally::Tally;
use crate::trial::Stage;

/// Writes `log.jsonl` and `summary.md` into `folder`; gives the summary.
pub(crate) fn write(
    folder: &Path,
    pieces: &[Piece],
    swept: &Swept,
    sample: Sample,
    threads: usize,
    took: Duration,
) -> anyhow::Result<String> {
    let mut lines = String::new();
    for (piece, file, tally) in files(pieces, swept) {
        writeln!(lines, "{}", file_line(&piece.name, &file.name, file.bytes.len(), tally))?;
    }
    for failure in &swept.failures {
        let piece = &pieces[failure.piece];
        let file = &piece.files[failure.file].name;
        let (byte, bit, what) = (failure.byte, failure.bit, &failure.what);
        let line = json!({"failure": what, "piece": piece.name, "file": file, "byte": byte, "bit": bit});
        writeln!(lines, "{line}")?;
    }
    let total = total(swept);
    let (seconds, rate) = (took.as_secs(), per_second(&total, took));
    let end = json!({
        "sample": sample.describe(), "threads": threads, "seconds": seconds, "per_second": rate,
        "pieces": pieces.len(), "tried": total.tried, "refused": refused(&total),
        "exempt": total.exempt_accepted(), "accepted": total.accepted, "panicked": total.panicked,
    });
    writeln!(lines, "{end}")?;
    let summary = summary(pieces, swept, &total)?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("log.jsonl"), lines)?;
    std::fs::write(folder.join("summary.md"), &summary)?;
    Ok(summary)
}

/// The whole in one line.
pub(crate) fn line(swept: &Swept, sample: Sample, took: Duration) -> String {
    let total = total(swept);
    format!(
        "{} of {} pieces tried, one at a time: {} flips, {} refused, {} exempt and without effect, {} accepted, \
         {} panics; {} s, {} flips a second",
        sample.describe(),
        swept.files.len(),
        total.tried,
        total.all_refused(),
        total.exempt_accepted(),
        total.accepted,
        total.panicked,
        took.as_secs(),
        per_second(&total, took)
    )
}

/// A row for each set and kind of file, and one for each rule.
fn summary(pieces: &[Piece], swept: &Swept, total: &Tally) -> anyhow::Result<String> {
    let mut rows: Vec<(String, Tally, u64)> = Vec::new();
    for (piece, file, tally) in files(pieces, swept) {
        let set = piece.name.split('/').next().unwrap_or_default();
        let name = format!("{set}: {} {}", piece.tee, file.name);
        match rows.iter_mut().find(|(known, _, _)| *known == name) {
            Some((_, sum, count)) => {
                sum.add(tally);
                *count += 1;
            }
            None => rows.push((name, tally.clone(), 1)),
        }
    }
    let count = rows.iter().map(|(_, _, count)| count).sum();
    rows.push(("all".to_owned(), total.clone(), count));
    let mut text = String::from(
        "| what | files | flips | parse | endorsements | verify | appraise | exempt | accepted | panics |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, tally, count) in rows {
        let stages = tally.refused.map(|count| count.to_string()).join(" | ");
        let (exempt, accepted) = (tally.exempt_accepted(), tally.accepted);
        writeln!(
            text,
            "| {name} | {count} | {} | {stages} | {exempt} | {accepted} | {} |",
            tally.tried, tally.panicked
        )?;
    }
    text.push_str("\n| exempt | flips | without effect | why |\n|---|---|---|---|\n");
    for (rule, (tried, accepted)) in RULES.iter().zip(&total.exempt) {
        writeln!(text, "| {} | {tried} | {accepted} | {} |", rule.name, rule.reason)?;
    }
    Ok(text)
}

/// Every file that was swept, once.
fn files<'a>(
    pieces: &'a [Piece],
    swept: &'a Swept,
) -> impl Iterator<Item = (&'a Piece, &'a File, &'a Tally)> {
    let pieces = pieces.iter().zip(&swept.files).zip(repeats(pieces));
    pieces.flat_map(|((piece, tallies), repeats)| {
        let files = piece.files.iter().zip(tallies).zip(repeats).filter(|(_, repeated)| !repeated);
        files.map(move |((file, tally), _)| (piece, file, tally))
    })
}

fn file_line(piece: &str, file: &str, size: usize, tally: &Tally) -> Value {
    let exempt = RULES.iter().zip(&tally.exempt).filter(|(_, (tried, _))| *tried > 0);
    let exempt: Vec<Value> = exempt
        .map(|(rule, (tried, accepted))| json!({"rule": rule.name, "tried": tried, "without_effect": accepted}))
        .collect();
    json!({
        "piece": piece, "file": file, "bits": size * 8, "tried": tally.tried, "refused": refused(tally),
        "exempt": exempt, "accepted": tally.accepted, "panicked": tally.panicked,
    })
}

fn refused(tally: &Tally) -> Value {
    let stages = Stage::ALL.iter().zip(tally.refused);
    stages.map(|(stage, count)| (stage.as_str().to_owned(), Value::from(count))).collect()
}

fn total(swept: &Swept) -> Tally {
    let mut total = Tally::default();
    swept.files.iter().flatten().for_each(|tally| total.add(tally));
    total
}

fn per_second(total: &Tally, took: Duration) -> u128 {
    u128::from(total.tried) * 1_000 / took.as_millis().max(1)
}
