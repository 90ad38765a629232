use policy::{Limits, ResourcePolicy};
use reference_values::ReferenceValues;

use super::*;

#[test]
fn the_policy_and_the_reference_values_can_be_read() {
    let path = ResourcePath::new("models", "key", "demo").unwrap();
    let policy = resource_policy(&path);
    assert_eq!(
        ResourcePolicy::compile(&policy, Limits::default()).map(|compiled| compiled.text() == policy),
        Ok(true)
    );
    let known = ReferenceValues::parse_toml(&reference_values(&[0xab; 48])).unwrap();
    assert_eq!(known.entries().iter().map(|entry| entry.name()).collect::<Vec<_>>(), [GUEST]);
}
