//! Our verifier behind one call.
