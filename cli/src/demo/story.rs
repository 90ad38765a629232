//! What the demo tells while it runs: a line for each thing that happened, with the time it took.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::{OwoColorize as _, Style};

use crate::system;

/// The story so far; lines go to standard output, the moving part to standard error if that is a terminal.
pub(crate) struct Story {
    colour: bool,
    began: Instant,
    chapter: u32,
    bar: ProgressBar,
}

/// What a line says about what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As it should be, and good.
    Good,
    /// As it should be, and a refusal.
    No,
    /// As it should be, and in between.
    Doubt,
}

impl Story {
    /// Begins the story.
    pub(crate) fn new(title: &str) -> io::Result<Self> {
        let bar = ProgressBar::new_spinner();
        // Safe to fall back: a template that does not parse costs the look of the spinner alone.
        let style = ProgressStyle::with_template("  {spinner} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        let story = Self { colour: system::colour(), began: system::instant(), chapter: 0, bar };
        story.print(&story.styled(title, Style::new().bold()))?;
        Ok(story)
    }

    /// Begins a chapter.
    pub(crate) fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.chapter = self.chapter.saturating_add(1);
        let title = format!("{}  {title}", self.chapter);
        self.print("")?;
        self.print(&self.styled(&title, Style::new().bold()))
    }

    /// Says what is going on until the next line; seen on a terminal only.
    pub(crate) fn doing(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Tells what happened, how it is to be understood, and how long it took.
    pub(crate) fn tell(&self, mark: Mark, word: &str, text: &str, took: Option<Duration>) -> io::Result<()> {
        let (sign, style) = match mark {
            Mark::Good => ("✓", Style::new().green()),
            Mark::No => ("✗", Style::new().red()),
            Mark::Doubt => ("!", Style::new().yellow()),
        };
        let took = took.map(|took| format!("  ({})", spoken(took))).unwrap_or_default();
        let head = self.styled(&format!("{sign} {word:<13}"), style);
        self.print(&format!("   {head} {text}{}", self.styled(&took, Style::new().dimmed())))
    }

    /// Adds to the line before.
    pub(crate) fn detail(&self, text: &str) -> io::Result<()> {
        self.print(&self.styled(&format!("                   {text}"), Style::new().dimmed()))
    }

    /// Ends the story.
    pub(crate) fn end(self, text: &str) -> io::Result<()> {
        self.bar.finish_and_clear();
        let text = format!("{text} ({})", spoken(self.began.elapsed()));
        self.print("")?;
        self.print(&self.styled(&text, Style::new().bold()))
    }

    /// Takes the moving part away before an error is printed.
    pub(crate) fn break_off(&self) {
        self.bar.finish_and_clear();
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    fn print(&self, line: &str) -> io::Result<()> {
        // Not `println!`: a reader that went away is an error to return, after which the demo still tidies up.
        self.bar.suspend(|| {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{line}")?;
            stdout.flush()
        })
    }
}

/// A duration to three digits or so.
fn spoken(took: Duration) -> String {
    let micros = took.as_micros();
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

#[cfg(test)]
mod tests;
