//! The operator's files: appraisal policy and reference values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_values::{ReferenceValues, parse_expectation};
use verifier::policy::Policy;

fuzz_target!(|text: &str| {
    let _ = ReferenceValues::parse_toml(text);
    let _ = toml::from_str::<Policy>(text);
    let _ = parse_expectation(text);
});
