//! Why a policy cannot be used.

use std::fmt;

use serde::Serialize;

/// A place in a policy's text; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// What a built-in function brings in besides the policy's own input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ambient {
    /// The time of the machine; a policy has `data.now` and `data.now_ns` instead.
    Clock,
    /// Randomness.
    Randomness,
    /// The process's environment and build.
    Environment,
    /// Another machine.
    Network,
    /// Nothing, but it writes into the broker's log.
    Output,
}

/// The policy cannot be used. Nothing that this refuses was ever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Larger than any policy.
    #[error("a policy of {actual} bytes, at most {limit} are read")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The size in bytes.
        actual: usize,
    },
    /// It is not of its language.
    #[error("{at}: {reason}")]
    Syntax {
        /// Where.
        at: Position,
        /// What the parser says.
        reason: String,
    },
    /// It calls what would make its decision depend on more than its input.
    #[error("{at}: {builtin} is refused: it {what}", what = .brings.words())]
    Refused {
        /// The built-in function.
        builtin: String,
        /// What it brings in.
        brings: Ambient,
        /// Where.
        at: Position,
    },
    /// It calls a function that there is not.
    #[error("{at}: there is no function {name}")]
    UnknownFunction {
        /// The name.
        name: String,
        /// Where.
        at: Position,
    },
    /// A number so large that reading it would take all memory.
    #[error("{at}: a number with more than {limit} digits")]
    Number {
        /// The limit in decimal digits.
        limit: usize,
        /// Where.
        at: Position,
    },
    /// More brackets within brackets than any policy has.
    #[error("{at}: brackets nest more than {limit} deep")]
    Brackets {
        /// The limit.
        limit: usize,
        /// The first bracket beyond it.
        at: Position,
    },
    /// A rule or function needs itself.
    #[error("{at}: {rule} depends on itself")]
    Recursion {
        /// The rule.
        rule: String,
        /// Where it begins.
        at: Position,
    },
    /// Rules nest in one another deeper than an evaluation may go.
    #[error("{at}: {rule} nests {actual} levels deep, at most {limit} are taken")]
    TooDeep {
        /// The rule.
        rule: String,
        /// The limit in levels.
        limit: usize,
        /// The levels.
        actual: usize,
        /// Where the rule begins.
        at: Position,
    },
    /// More rules than any policy has.
    #[error("{actual} rules, at most {limit} are taken")]
    TooManyRules {
        /// The limit.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// More text than any policy has.
    #[error("more than {limit} names, signs, numbers and strings")]
    TooManyTokens {
        /// The limit.
        limit: usize,
    },
    /// It has no rule that could ever allow anything: another package, another name, or an empty text.
    #[error("the policy has no rule {wanted}")]
    NoRule {
        /// What is wanted.
        wanted: &'static str,
    },
    /// The time for compiling it is over.
    #[error("the policy could not be compiled in {milliseconds} ms")]
    Slow {
        /// The limit.
        milliseconds: u64,
    },
    /// The engine gave up on it.
    #[error("the engine cannot compile the policy: {reason}")]
    Engine {
        /// What the engine says.
        reason: String,
    },
}

impl PolicyError {
    /// Where in the text, if it is one place.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { at, .. }
            | Self::Refused { at, .. }
            | Self::UnknownFunction { at, .. }
            | Self::Number { at, .. }
            | Self::Brackets { at, .. }
            | Self::Recursion { at, .. }
            | Self::TooDeep { at, .. } => Some(*at),
            Self::TooLarge { .. }
            | Self::TooManyRules { .. }
            | Self::TooManyTokens { .. }
            | Self::NoRule { .. }
            | Self::Slow { .. }
            | Self::Engine { .. } => None,
        }
    }
}

impl Ambient {
    const fn words(self) -> &'static str {
        match self {
            Self::Clock => "reads a clock; the instant of the decision is data.now and data.now_ns",
            Self::Randomness => "is random",
            Self::Environment => "reads the broker's environment",
            Self::Network => "asks another machine",
            Self::Output => "writes into the broker's log",
        }
    }
}

impl Position {
    /// The place of a byte of a text.
    pub fn of_byte(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { line: number(line), column: number(column) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
