//! Bytes that built-ins may make in one evaluation. The account is the evaluation's thread's own.

use std::cell::{Cell, RefCell};

use regorus::Value;

use super::References;
use super::names::Growth;

/// Something went over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overrun;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(0) };
    static OVERRUN: Cell<bool> = const { Cell::new(false) };
    static REFERENCES: RefCell<Option<References>> = const { RefCell::new(None) };
}

/// Does `work` with an account of `memory` bytes, and tells whether it went over.
pub(super) fn within<T>(
    memory: usize,
    references: Option<References>,
    work: impl FnOnce() -> T,
) -> (T, Option<Overrun>) {
    LEFT.set(memory);
    OVERRUN.set(false);
    REFERENCES.set(references);
    let result = work();
    (result, OVERRUN.get().then_some(Overrun))
}

/// `query_reference_value(id)`: null for what there is not.
pub(super) fn reference(id: Option<&Value>) -> anyhow::Result<Value> {
    let Some(Value::String(id)) = id else {
        anyhow::bail!("`query_reference_value` expects a string argument");
    };
    let found = REFERENCES.with_borrow(|references| {
        references.as_ref().and_then(|references| references.get(id.as_ref()).cloned())
    });
    let Some(found) = found else { return Ok(Value::Null) };
    spend(weigh_json(&found, LEFT.get()))?;
    Ok(serde_json::from_value(found)?)
}

/// Charges a call for what it may make of its arguments, before it does.
pub(super) fn charge(growth: Growth, arguments: &[Value]) -> anyhow::Result<()> {
    if growth == Growth::Time && mentions_local_zone(arguments) {
        anyhow::bail!("the time zone Local is that of the broker's environment");
    }
    spend(bound(growth, arguments, LEFT.get()))
}

/// Charges for a value that is taken out of the engine.
pub(super) fn charge_value(value: &Value) -> anyhow::Result<()> {
    let mut left = LEFT.get();
    spend(weigh(value, &mut left).map(|()| LEFT.get().saturating_sub(left)))
}

fn spend(bytes: Option<usize>) -> anyhow::Result<()> {
    let left = bytes.and_then(|bytes| LEFT.get().checked_sub(bytes));
    match left {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => {
            // Whatever becomes of this error in the policy, the evaluation is over for the caller.
            LEFT.set(0);
            OVERRUN.set(true);
            anyhow::bail!("the built-in functions of this policy make too much");
        }
    }
}

/// The most bytes that a call makes; none where that is more than `limit`.
fn bound(growth: Growth, arguments: &[Value], limit: usize) -> Option<usize> {
    let deep = |factor: usize| all(arguments, limit)?.checked_mul(factor);
    match growth {
        Growth::Fixed => Some(0),
        Growth::Time => Some(NODE),
        Growth::Deep(factor) => deep(factor),
        Growth::Shallow => {
            let members = arguments.iter().map(members).try_fold(1_usize, usize::checked_add);
            members?.checked_mul(NODE)
        }
        Growth::Range => range(arguments),
        Growth::Shift => integer(arguments.get(1))?.checked_div(8)?.checked_add(deep(1)?),
        Growth::Join => {
            let delimiter = text(arguments.first()).len().checked_mul(arguments.get(1).map_or(0, members))?;
            delimiter.checked_add(deep(1)?)
        }
        Growth::Replace => {
            let [whole, old, new] = [0, 1, 2].map(|at| text(arguments.get(at)).len());
            replaced(whole, old, new)
        }
        Growth::ReplaceEach => replaced_each(arguments),
        Growth::ReplaceMatches => {
            let (whole, new) = (text(arguments.first()).len(), text(arguments.get(2)));
            let groups = new.matches('$').count().checked_mul(whole)?;
            replaced(whole, 0, new.len().checked_add(groups)?)
        }
        Growth::Format => widths(text(arguments.first()))?.checked_add(deep(8)?),
        Growth::Number => exponent(text(arguments.first()))?.checked_add(deep(2)?),
        // Every node stands on a line of its own behind its prefix and as much indentation as it is deep.
        Growth::Indented => {
            let options = all(arguments.get(1..)?, limit)?;
            deep(6)?.checked_mul(options.checked_add(1)?)
        }
    }
}

fn all(values: &[Value], limit: usize) -> Option<usize> {
    let mut left = limit;
    for value in values {
        weigh(value, &mut left)?;
    }
    Some(limit.saturating_sub(left))
}

/// Takes the bytes of a value, shared parts as often as they are reached, from `left`; none where they are more. Looks
/// at no more nodes than fit.
fn weigh(value: &Value, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(NODE)?;
    match value {
        Value::Null | Value::Bool(_) | Value::Undefined => {}
        Value::Number(number) if number.as_i128().is_none() => {
            let bits = number.as_big().map_or(0, |big| big.bits());
            let bits = usize::try_from(bits).ok().filter(|bits| *bits <= BITS)?;
            *left = left.checked_sub(bits)?;
        }
        Value::Number(_) => {}
        Value::String(text) => *left = left.checked_sub(text.len())?,
        Value::Array(items) => items.iter().try_for_each(|item| weigh(item, left))?,
        Value::Set(items) => items.iter().try_for_each(|item| weigh(item, left))?,
        Value::Object(members) => {
            for (key, value) in members.iter() {
                weigh(key, left)?;
                weigh(value, left)?;
            }
        }
    }
    Some(())
}

/// The bytes of a JSON value as the engine holds it; none where they are more than `limit`.
pub(super) fn weigh_json(value: &serde_json::Value, limit: usize) -> Option<usize> {
    fn take(value: &serde_json::Value, left: &mut usize) -> Option<()> {
        *left = left.checked_sub(NODE)?;
        match value {
            serde_json::Value::String(text) => *left = left.checked_sub(text.len())?,
            serde_json::Value::Array(items) => items.iter().try_for_each(|item| take(item, left))?,
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    *left = left.checked_sub(name.len())?.checked_sub(NODE)?;
                    take(value, left)?;
                }
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
        Some(())
    }
    let mut left = limit;
    take(value, &mut left)?;
    Some(limit.saturating_sub(left))
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

fn text(value: Option<&Value>) -> &str {
    match value {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

/// A number as a length; whatever is not one is refused by the function itself.
fn integer(value: Option<&Value>) -> Option<usize> {
    match value {
        Some(Value::Number(number)) if number.as_i128().is_some() => {
            usize::try_from(number.as_i128()?.max(0)).ok()
        }
        Some(Value::Number(_)) => None,
        _ => Some(0),
    }
}

fn range(arguments: &[Value]) -> Option<usize> {
    let bounds = [0, 1, 2].map(|at| match arguments.get(at) {
        Some(Value::Number(number)) => number.as_i128(),
        _ => Some(1),
    });
    let [first, last, step] = bounds;
    let length = last?.checked_sub(first?)?.unsigned_abs().checked_div(step?.unsigned_abs())?;
    usize::try_from(length).ok()?.checked_add(1)?.checked_mul(NODE)
}

/// What becomes of `whole` bytes where every `old` bytes may become `new`; an empty pattern is between all of them.
fn replaced(whole: usize, old: usize, new: usize) -> Option<usize> {
    let places = if old == 0 { whole } else { whole.checked_div(old)? }.checked_add(1)?;
    places.checked_mul(new)?.checked_add(whole)
}

fn replaced_each(arguments: &[Value]) -> Option<usize> {
    let mut whole = text(arguments.get(1)).len();
    let Some(Value::Object(pairs)) = arguments.first() else { return Some(whole) };
    for (old, new) in pairs.iter() {
        whole = replaced(whole, text(Some(old)).len(), text(Some(new)).len())?;
    }
    Some(whole)
}

/// Every number in a format may be a width.
fn widths(format: &str) -> Option<usize> {
    let numbers = format.split(|letter: char| !letter.is_numeric()).filter(|digits| !digits.is_empty());
    numbers
        .map(|digits| digits.parse().ok())
        .try_fold(0_usize, |sum, width: Option<usize>| sum.checked_add(width?))
}

/// The number after an `e`, which is how many digits the whole has.
fn exponent(number: &str) -> Option<usize> {
    let (_, exponent) = number.split_once(['e', 'E']).unwrap_or_default();
    let digits: String = exponent.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

/// `["…", "Local"]` is the time zone that the environment names.
fn mentions_local_zone(arguments: &[Value]) -> bool {
    arguments.iter().any(|argument| match argument {
        Value::Array(items) => {
            items.iter().any(|item| matches!(item, Value::String(zone) if &**zone == "Local"))
        }
        _ => false,
    })
}

/// A value of regorus and its place in what holds it.
const NODE: usize = 32;
/// Bits of the largest number that a built-in is given: to write one out takes the square of its length.
const BITS: usize = 0x1_0000;

#[cfg(test)]
mod tests;
