//! What libFuzzer says of a run.

use std::fmt;
use std::time::Duration;

/// What was seen of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watch {
    /// When it began to run inputs, the seeds first.
    begun: Option<Duration>,
    /// When an input crashed.
    crashed: Option<Duration>,
    /// Where, in the words of whoever noticed.
    place: Option<String>,
    executions: Option<u64>,
}

impl Watch {
    /// Reads one line, which came so long after the start of the command.
    pub(super) fn read(&mut self, line: &str, at: Duration) {
        if line.starts_with("INFO: Seed: ") {
            self.begun.get_or_insert(at);
        }
        // The first word on it: afterwards the input is run again to be shown.
        if let Some((_, place)) = line.split_once(" panicked at ") {
            let place = place.trim_end_matches(':');
            // As the compiler was given it: below the tree, or absolute.
            let place = place.split_once("planted/tree/").map_or(place, |(_, below)| below);
            self.place.get_or_insert_with(|| place.to_owned());
        }
        if let Some((_, error)) = line.split_once("ERROR: AddressSanitizer: ") {
            self.place.get_or_insert_with(|| error.to_owned());
        }
        if line.contains("ERROR: libFuzzer: deadly signal") || line.contains("ERROR: AddressSanitizer: ") {
            self.crashed.get_or_insert(at);
        }
        if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = self.executions.or(number.trim().parse().ok());
        }
    }

    /// Takes the crash back unless what else is known of it agrees.
    pub(super) fn keep_if(&mut self, agrees: bool) {
        self.crashed = self.crashed.filter(|_| agrees);
    }

    /// Whether an input crashed.
    pub(super) fn is_found(&self) -> bool {
        self.crashed.is_some()
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.crashed {
            Some(crashed) => {
                let took = crashed.saturating_sub(self.begun.unwrap_or_default());
                write!(f, "found in {:.1} s", took.as_secs_f64())?;
            }
            None => f.write_str("NOT FOUND")?,
        }
        if let Some(executions) = self.executions {
            write!(f, ", {executions} executions")?;
        }
        match &self.place {
            Some(place) if self.is_found() => write!(f, ", {place}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(lines: &[(&str, u64)]) -> Watch {
        let mut watch = Watch::default();
        for (line, at) in lines {
            watch.read(line, Duration::from_secs(*at));
        }
        watch
    }

    #[test]
    fn a_crash_is_told_with_its_time_its_executions_and_its_first_place() {
        let watch = watch(&[
            ("INFO: Seed: 1", 2),
            ("thread '<unnamed>' (7) panicked at /a/target/planted/tree/verifier/src/x509/pem.rs:49:62:", 9),
            ("==7== ERROR: libFuzzer: deadly signal", 9),
            ("stat::number_of_executed_units: 5120", 9),
            ("INFO: Seed: 2", 10),
            ("thread '<unnamed>' (8) panicked at elsewhere.rs:1:1:", 11),
        ]);
        assert!(watch.is_found());
        assert_eq!(watch.to_string(), "found in 7.0 s, 5120 executions, verifier/src/x509/pem.rs:49:62");
    }

    #[test]
    fn what_the_sanitiser_stops_is_a_crash() {
        let stopped = "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1";
        let watch = watch(&[("INFO: Seed: 1", 0), (stopped, 1)]);
        assert_eq!(watch.to_string(), "found in 1.0 s, heap-buffer-overflow on address 0x1");
    }

    #[test]
    fn a_run_to_its_end_finds_nothing() {
        let watch = watch(&[("INFO: Seed: 1", 0), ("stat::number_of_executed_units: 9", 300)]);
        assert!(!watch.is_found());
        assert_eq!(watch.to_string(), "NOT FOUND, 9 executions");
    }

    #[test]
    fn a_crash_that_left_no_input_is_none() {
        let mut watch = watch(&[("INFO: Seed: 1", 0), ("==7== ERROR: libFuzzer: deadly signal", 1)]);
        watch.keep_if(false);
        assert!(!watch.is_found());
    }
}
