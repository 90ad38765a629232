//! What came of the steps, and the closing lines.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It ended well.
    Passed,
    /// It failed, and how.
    Failed(String),
    /// It could not run here, and why.
    Skipped(String),
}

/// Tests counted over all binaries, lines that tests left for the end, and the steps.
#[derive(Debug, Default)]
pub(super) struct Summary {
    passed: u64,
    failed: u64,
    ignored: u64,
    announced: Vec<String>,
    steps: Vec<(&'static str, Outcome, Duration)>,
}

/// What a line begins with that a test leaves for the end (`system_tests::summary::announce`).
const ANNOUNCED: &str = "summary: ";

impl Summary {
    /// Reads one line of a step's output.
    pub(super) fn read(&mut self, line: &str) {
        if line.starts_with(ANNOUNCED) && !self.announced.iter().any(|known| known == line) {
            self.announced.push(line.to_owned());
        }
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// How many tests have passed or failed so far.
    pub(super) fn tests_run(&self) -> u64 {
        self.passed + self.failed
    }

    /// Keeps what came of a step.
    pub(super) fn record(&mut self, step: &'static str, outcome: Outcome, took: Duration) {
        self.steps.push((step, outcome, took));
    }

    /// The table of steps, the lines that tests left, and one line in the form of a test runner's last.
    pub(super) fn closing_lines(&self, took: Duration) -> String {
        let mut lines = String::from("== closing lines ==\n");
        for (step, outcome, took) in &self.steps {
            let word = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(how) => format!("FAILED ({how})"),
                Outcome::Skipped(why) => format!("SKIPPED ({why})"),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{:>7.1}s  {step}: {word}", took.as_secs_f64());
        }
        for line in &self.announced {
            let _ = writeln!(lines, "{line}");
        }
        let word = if self.problems().is_empty() { "ok" } else { "FAILED" };
        let _ = write!(
            lines,
            "test result: {word}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
            self.passed,
            self.failed,
            self.ignored,
            took.as_secs_f64()
        );
        lines
    }

    /// Whether everything that ran ended well.
    ///
    /// # Errors
    /// The steps that did not.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let problems = self.problems();
        if problems.is_empty() {
            return Ok(());
        }
        bail!("not all is well: {}", problems.join(", "))
    }

    fn problems(&self) -> Vec<String> {
        let failed = self.steps.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
        let mut problems: Vec<String> = failed.map(|(step, _, _)| (*step).to_owned()).collect();
        if self.ignored > 0 {
            problems.push(format!("{} ignored tests", self.ignored));
        }
        problems
    }
}

#[cfg(test)]
mod tests;
