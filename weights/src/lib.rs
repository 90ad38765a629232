//! The encrypted artefact format: header, chunks bound to their position and to the end; pure.
