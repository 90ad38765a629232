//! What regorus says, as typed errors with a place. It speaks in text, with a picture of the line.

use regorus::utils::limits::LimitError;

use crate::error::{PolicyError, Position};

/// The name of the one source file.
pub(super) const FILE: &str = "policy.rego";
/// The name of the place that a metered built-in has.
pub(super) const CALL: &str = "call";

/// An error of the parser or the scheduler.
pub(super) fn compile_error(error: &anyhow::Error) -> PolicyError {
    if let Some(LimitError::TimeLimitExceeded { limit, .. }) = error.downcast_ref() {
        return PolicyError::Slow { milliseconds: super::worker::milliseconds(*limit) };
    }
    let text = error.to_string();
    let reason = last_words(&text).to_owned();
    match position(&text) {
        Some(at) => PolicyError::Syntax { at, reason },
        None => PolicyError::Engine { reason },
    }
}

/// An error of an evaluation in one line: place and reason, without the picture.
pub(super) fn short(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let words: String = last_words(&text).chars().take(REASON_CHARS).collect();
    match position(&text) {
        Some(at) => format!("{at}: {words}"),
        None => words,
    }
}

/// The first `--> policy.rego:3:5`.
fn position(text: &str) -> Option<Position> {
    let (_, rest) = text.split_once(&format!("--> {FILE}:"))?;
    let place = rest.lines().next()?;
    let (line, column) = place.split_once(':')?;
    let (line, column): (u32, u32) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
    // The picture: a line of its frame, then the number, a bar and the text.
    let picture = rest.lines().nth(2).and_then(|drawn| drawn.split_once("| ")).map_or("", |(_, text)| text);
    Some(Position { line, column: characters(picture, column) })
}

/// The column in characters of one in which a tab counts four.
fn characters(text: &str, column: u32) -> u32 {
    let mut reached = 1_u32;
    let mut characters = 1_u32;
    for letter in text.chars() {
        if reached >= column {
            return characters;
        }
        reached = reached.saturating_add(if letter == '\t' { 4 } else { 1 });
        characters = characters.saturating_add(1);
    }
    // Behind the end of the line.
    characters.saturating_add(column.saturating_sub(reached))
}

/// What follows the last `error: `, on its line.
fn last_words(text: &str) -> &str {
    let words = text.rsplit_once("error: ").map_or(text, |(_, words)| words);
    words.trim().lines().next().unwrap_or_default()
}

/// A message can hold a value of the claims: this much of it is kept.
const REASON_CHARS: usize = 200;

#[cfg(test)]
mod tests;
