//! Every way to be refused of SEV-SNP, under a simulated AMD: each case breaks exactly one thing.

pub(crate) mod case;
mod certificate;
mod chain;
mod entry;
mod report;
