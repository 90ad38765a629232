//! Rego by regorus: checked before it is compiled, evaluated on a thread of its own with limits.
//!
//! ```text
//! text ─ lexer: numbers ─▶ parser ─ check: built-ins, functions, recursion, depth ─▶ Compiled
//! Compiled + input + data ─ worker thread: regorus' timer, metered built-ins, a deadline outside ─▶ value or Stopped
//! ```
//!
//! The syntax tree is read through `regorus::unstable`, which regorus keeps for such tools and does not document; the
//! version is pinned by the lock file, and a change of the tree does not compile here.

mod builtins;
mod check;
mod message;
mod meter;
mod names;
mod worker;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::utils::limits::{ExecutionTimerConfig, LimitError};
use regorus::{Engine, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::PolicyError;
use crate::limits::{INPUT_BYTES, Limits};
use check::Checked;
use meter::Overrun;
use worker::{Ended, Worker};

/// Reference values by their id.
pub(crate) type References = Arc<BTreeMap<String, serde_json::Value>>;

/// What a policy may ask of its host besides its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// Nothing.
    Nothing,
    /// `query_reference_value(id)`.
    ReferenceValues,
}

/// A policy of one module, parsed, checked and scheduled.
pub(crate) struct Compiled {
    engine: Engine,
    checked: Checked,
    limits: Limits,
    worker: Worker,
}

/// An evaluation that gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Time { limit_ms: u64 },
    Memory { limit: usize },
    InputTooLarge { limit: usize },
    Engine { reason: String },
}

impl Compiled {
    /// Compiles a module.
    pub(crate) fn new(text: &str, limits: Limits, host: Host) -> Result<Self, PolicyError> {
        let worker = Worker::default();
        let text = text.to_owned();
        let ended = worker.run(COMPILE_TIME, move || compile(text, limits, host));
        let (engine, checked) = match ended {
            Ended::Done(done) => done?,
            Ended::Late => {
                return Err(PolicyError::Slow { milliseconds: worker::milliseconds(COMPILE_TIME) });
            }
            Ended::Failed { reason } => return Err(PolicyError::Engine { reason: reason.to_owned() }),
        };
        Ok(Self { engine, checked, limits, worker })
    }

    /// Whether the package is `policy` and has a rule of this name.
    pub(crate) fn has_rule(&self, name: &str) -> bool {
        self.checked.has_rule(name)
    }

    /// Whether the package is `policy`.
    pub(crate) fn is_of_package_policy(&self) -> bool {
        self.checked.is_of_package_policy()
    }

    /// The values of `rules`, paths such as `data.policy.allow`, in one evaluation; undefined is a value here, and that
    /// of no rule.
    pub(crate) fn evaluate<const N: usize>(
        &self,
        rules: [Option<&'static str>; N],
        input: &serde_json::Value,
        mut data: serde_json::Value,
        now: i64,
        references: Option<References>,
    ) -> Result<[Value; N], Stopped> {
        if meter::weigh_json(input, INPUT_BYTES).is_none() {
            return Err(Stopped::InputTooLarge { limit: INPUT_BYTES });
        }
        let (now_text, now_ns) = instant(now)?;
        if let Some(data) = data.as_object_mut() {
            data.insert("now".to_owned(), now_text.into());
            data.insert("now_ns".to_owned(), now_ns.into());
        }
        let engine = self.engine.clone();
        let (input, memory) = (input.clone(), self.limits.memory);
        let ended = self.worker.run(self.limits.time, move || {
            meter::within(memory, references, || ask(engine, rules, input, data))
        });
        match ended {
            Ended::Done((result, overrun)) => self.judged(result, overrun),
            Ended::Late => Err(Stopped::Time { limit_ms: worker::milliseconds(self.limits.time) }),
            Ended::Failed { reason } => Err(Stopped::Engine { reason: reason.to_owned() }),
        }
    }

    fn judged<T>(&self, result: Result<T, Failure>, overrun: Option<Overrun>) -> Result<T, Stopped> {
        match (result, overrun) {
            // Whatever became of a call that went over the limit: the evaluation is over.
            (_, Some(Overrun)) => Err(Stopped::Memory { limit: self.limits.memory }),
            (Err(Failure::Time), None) => {
                Err(Stopped::Time { limit_ms: worker::milliseconds(self.limits.time) })
            }
            (Err(Failure::Other(reason)), None) => Err(Stopped::Engine { reason }),
            (Ok(value), None) => Ok(value),
        }
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("checked", &self.checked).finish_non_exhaustive()
    }
}

enum Failure {
    Time,
    Other(String),
}

fn compile(text: String, limits: Limits, host: Host) -> Result<(Engine, Checked), PolicyError> {
    check::tokens(&text)?;
    let mut engine = Engine::new();
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: limits.time, check_interval: STEP });
    let added = engine.add_policy(message::FILE.to_owned(), text);
    added.map_err(|error| message::compile_error(&error))?;
    let checked = check::module(&mut engine, host)?;
    builtins::install(&mut engine, &checked, host).map_err(|error| message::compile_error(&error))?;
    // A query that asks nothing makes the engine order every statement, and finds variables that are never bound.
    let ordered = engine.eval_query("true".to_owned(), false);
    ordered.map_err(|error| message::compile_error(&error))?;
    Ok((engine, checked))
}

/// On the worker's thread.
fn ask<const N: usize>(
    mut engine: Engine,
    rules: [Option<&'static str>; N],
    input: serde_json::Value,
    data: serde_json::Value,
) -> Result<[Value; N], Failure> {
    let failure = |error: anyhow::Error| match error.downcast_ref::<LimitError>() {
        Some(LimitError::TimeLimitExceeded { .. }) => Failure::Time,
        _ => Failure::Other(message::short(&error)),
    };
    let read = |json: serde_json::Value| {
        serde_json::from_value::<Value>(json).map_err(|error| Failure::Other(error.to_string()))
    };
    engine.set_input(read(input)?);
    engine.add_data(read(data)?).map_err(failure)?;
    let mut values = [const { Value::Undefined }; N];
    for (rule, value) in rules.into_iter().zip(&mut values) {
        let Some(rule) = rule else { continue };
        *value = engine.eval_rule(rule.to_owned()).map_err(failure)?;
        // Who takes the value walks all of it, however often its parts are shared.
        meter::charge_value(value).map_err(failure)?;
    }
    Ok(values)
}

/// The instant as a policy sees it: RFC 3339, and nanoseconds since 1970 as OPA's `time` functions take them.
fn instant(now: i64) -> Result<(String, i64), Stopped> {
    let text = OffsetDateTime::from_unix_timestamp(now).ok().and_then(|now| now.format(&Rfc3339).ok());
    let nanoseconds = now.checked_mul(1_000_000_000);
    text.zip(nanoseconds).ok_or_else(|| Stopped::Engine { reason: "the clock is out of range".to_owned() })
}

/// Steps of the engine between two looks at its timer.
// Safe: computed by the compiler, which would refuse a zero.
const STEP: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// What compiling may take; the largest text that is taken needs a tenth of it.
const COMPILE_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
