//! The system tests: one binary, one module a subject.

mod agent_binary;
mod allocations;
mod appraisal;
mod broker;
mod cache;
mod checks;
mod cli_formats;
mod cli_policy;
mod cli_verify;
mod demo;
mod dependencies;
mod documents;
mod event_log;
mod evidence;
mod fixtures;
mod minted_dcap;
mod minted_snp;
mod minting;
mod policy_command;
mod real_crl;
mod refused;
mod results;
mod revocation;
mod vectors;
