//! Collects hardware evidence, asks a key broker for secrets, opens weights.
