//! `detect`: what this machine can attest with.

use std::fmt::Write as _;

use super::args::DetectArgs;
use super::failure::{Failure, NoAttester};
use crate::hardware::{self, Detected};
use crate::output::Output;

/// Writes what was found; a machine without hardware is a failure too.
pub(super) fn detect(args: &DetectArgs) -> Result<(), Failure> {
    let detected = hardware::detect(&args.root);
    let text = if args.json { json(&detected)? } else { table(&detected) };
    Output::Stdout.write_all(text.as_bytes())?;
    match detected.tee {
        Some(_) => Ok(()),
        None => Err(Failure::NoAttester(NoAttester { wanted: None, present: Vec::new() })),
    }
}

fn json(detected: &Detected) -> Result<String, Failure> {
    serde_json::to_string(detected)
        .map(|text| text + "\n")
        .map_err(|error| Failure::Broker(crate::BrokerError::Write(error)))
}

fn table(detected: &Detected) -> String {
    let mut text = match (detected.tee, detected.by) {
        (Some(tee), Some(by)) => format!("this machine attests as {tee}, by {by}\n\n"),
        _ => "this machine cannot attest\n\n".to_owned(),
    };
    let width = |of: fn(&hardware::Interface) -> usize| detected.interfaces.iter().map(of).max().unwrap_or(0);
    let (name, serves) = (width(|one| one.name.len()), width(|one| one.serves.len()));
    for one in &detected.interfaces {
        // Safe: writing to a string does not fail.
        let _ = writeln!(text, "{:<name$}  {:<serves$}  {}", one.name, one.serves, one.found);
    }
    text
}
