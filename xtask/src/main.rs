//! Development tasks: test, import-fixtures.

fn main() {}
