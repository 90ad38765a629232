//! Event logs of trust domains: minted ones with exactly one thing wrong, and real ones.

mod case;
mod claims;
mod cli;
mod form;
mod list;
mod real;
mod replay;
