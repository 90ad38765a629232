//! Decision records: what was decided, on which inputs; pure.
