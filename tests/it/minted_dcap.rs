//! Every way to be refused of TDX and SGX, under a simulated Intel: each case breaks exactly one thing.

pub(crate) mod case;
mod chain;
mod collateral;
mod extension;
mod quote;
mod status;
