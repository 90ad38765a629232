//! What a module's syntax tree must be before it is asked anything: only functions that exist and decide by their
//! arguments, no recursion, no depth that a stack could not take.

use std::collections::BTreeSet;

use regorus::Engine;
use regorus::unstable::{Expr, Lexer, Rule, RuleHead, Source, Span, TokenKind};

use super::names::{ambient, growth};
use super::{Host, builtins, message};
use crate::error::{PolicyError, Position};
use crate::limits::{LEVELS, RULES};

mod graph;
mod paths;
mod walk;

use graph::Graph;
use paths::Paths;
use walk::Walk;

/// What is known of a module that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    of_package_policy: bool,
    rules: BTreeSet<String>,
    calls: BTreeSet<String>,
}

impl Checked {
    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.of_package_policy && self.rules.contains(name)
    }

    pub(super) fn is_of_package_policy(&self) -> bool {
        self.of_package_policy
    }

    /// The built-in functions that the module names.
    pub(super) fn calls(&self) -> impl Iterator<Item = &String> {
        self.calls.iter()
    }
}

/// Refuses what the parser would take too long for: numbers that it writes out in full (`0e999999999` is one), and
/// brackets within brackets, each of which it reads twice.
pub(super) fn tokens(text: &str) -> Result<(), PolicyError> {
    let source = Source::from_contents(message::FILE.to_owned(), text.to_owned());
    let source = source.map_err(|error| message::compile_error(&error))?;
    let mut lexer = Lexer::new(&source);
    let mut open = 0_usize;
    for _ in 0..=TOKENS {
        // What is no token is the parser's to name.
        let Ok(token) = lexer.next_token() else { return Ok(()) };
        match token.0 {
            TokenKind::Eof => return Ok(()),
            TokenKind::Number if digits(token.1.text()) > DIGITS => {
                return Err(PolicyError::Number { limit: DIGITS, at: place(&token.1) });
            }
            TokenKind::Symbol => {
                match token.1.text() {
                    "[" | "{" | "(" => open = open.saturating_add(1),
                    "]" | "}" | ")" => open = open.saturating_sub(1),
                    _ => {}
                }
                if open > BRACKETS {
                    return Err(PolicyError::Brackets { limit: BRACKETS, at: place(&token.1) });
                }
            }
            _ => {}
        }
    }
    Err(PolicyError::TooManyTokens { limit: TOKENS })
}

/// Checks the one module that the engine holds.
pub(super) fn module(engine: &mut Engine, host: Host) -> Result<Checked, PolicyError> {
    let nothing = || PolicyError::Engine { reason: "no module was parsed".to_owned() };
    let module = engine.get_modules().first().ok_or_else(nothing)?;
    if module.policy.len() > RULES {
        return Err(PolicyError::TooManyRules { limit: RULES, actual: module.policy.len() });
    }
    let paths = Paths::of(module);
    let mut walks = Vec::new();
    for rule in &module.policy {
        let walk = Walk::of(rule, &paths);
        refuse_functions(&walk, &paths, host)?;
        walks.push(walk);
    }
    let graph = Graph::of(&walks);
    graph.refuse_recursion()?;
    graph.refuse_depth(LEVELS)?;
    let named = walks.iter().flat_map(|walk| walk.named.iter());
    let calls = named.map(|(path, _)| path.clone()).filter(|path| growth(path).is_some());
    Ok(Checked {
        of_package_policy: paths.package() == ["policy"],
        rules: paths.rules().map(str::to_owned).collect(),
        calls: calls.collect(),
    })
}

fn refuse_functions(walk: &Walk, paths: &Paths, host: Host) -> Result<(), PolicyError> {
    // Named anywhere: a call, the target or the replacement of a `with`.
    for (builtin, at) in &walk.named {
        if let Some(brings) = ambient(builtin) {
            return Err(PolicyError::Refused { builtin: builtin.clone(), brings, at: *at });
        }
    }
    for (name, at) in &walk.calls {
        let of_host = host == Host::ReferenceValues && name == builtins::QUERY_REFERENCE_VALUE;
        if growth(name).is_none() && !of_host && !paths.is_function(name) {
            return Err(PolicyError::UnknownFunction { name: name.clone(), at: *at });
        }
    }
    Ok(())
}

fn place(span: &Span) -> Position {
    // Not `span.col`, in which a tab counts four.
    let start = usize::try_from(span.start).unwrap_or(usize::MAX);
    Position::of_byte(span.source.contents(), start)
}

/// Decimal digits of a number in full.
fn digits(number: &str) -> usize {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, ""));
    let exponent = exponent.trim_start_matches(['+', '-']);
    let exponent = if exponent.is_empty() { 0 } else { exponent.parse().unwrap_or(usize::MAX) };
    mantissa.len().saturating_add(exponent)
}

/// The name and the head of a rule.
fn head(rule: &Rule) -> &Expr {
    match rule {
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
        },
        Rule::Default { refr, .. } => refr,
    }
}

/// Names, signs, numbers and strings of a policy. Trustee's longest default policy has 2000, a list of a thousand digests
/// has as many again; a stack takes an expression of all of them.
const TOKENS: usize = 32_768;
/// Trustee's longest default policy has 4.
const BRACKETS: usize = 10;
/// The largest float has 309 digits.
const DIGITS: usize = 320;

#[cfg(test)]
mod tests;
