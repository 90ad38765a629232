//! Pinned vendor root certificates as bytes, with fingerprints and provenance.
