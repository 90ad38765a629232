//! Metered built-ins: the engine finds an extension of a built-in's name first, so that each call is weighed before
//! regorus' own function makes anything.

use regorus::unstable::{BUILTINS, Expr, Ref, Source, Span};
use regorus::{Engine, Value};

use super::check::Checked;
use super::meter;
use super::names::{Growth, growth};
use super::{Host, message};

/// Puts a meter before every built-in that the module names and that makes something, and adds the host's functions.
pub(super) fn install(engine: &mut Engine, checked: &Checked, host: Host) -> anyhow::Result<()> {
    for name in checked.calls() {
        let Some(growth) = growth(name).filter(|growth| *growth != Growth::Fixed) else { continue };
        let Some((function, arguments)) = BUILTINS.get(name.as_str()) else { continue };
        let (place, function) = (place()?, *function);
        let call = move |values: Vec<Value>| {
            meter::charge(growth, &values)?;
            let expressions: Vec<Ref<Expr>> = values.iter().map(|_| place.1.clone()).collect();
            function(&place.0, &expressions, &values, true)
        };
        engine.add_extension(name.clone(), *arguments, Box::new(call))?;
    }
    if host == Host::ReferenceValues {
        let call = |values: Vec<Value>| meter::reference(values.first());
        engine.add_extension(QUERY_REFERENCE_VALUE.to_owned(), 1, Box::new(call))?;
    }
    Ok(())
}

/// What Trustee's attestation service calls the function that asks it for reference values.
pub(super) const QUERY_REFERENCE_VALUE: &str = "query_reference_value";

/// A place for regorus' messages; the engine adds that of the call itself.
fn place() -> anyhow::Result<(Span, Ref<Expr>)> {
    let source = Source::from_contents(message::CALL.to_owned(), String::new())?;
    let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
    let expression = Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
    Ok((span, expression))
}
