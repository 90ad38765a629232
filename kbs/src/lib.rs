//! The key broker: releases secrets to attested guests over the CoCo protocol.
//!
//! ```text
//! POST /kbs/v0/auth      ─▶ session::Challenge in a sealed cookie; nothing is stored
//! POST /kbs/v0/attest    ─▶ attest::attest: verifier::assess ─▶ one durable transaction ─▶ token
//! GET  /kbs/v0/resource  ─▶ release::release: token ─▶ policy ─▶ grant::Grant ─▶ store ─▶ record ─▶ JWE
//! POST, DELETE           ─▶ admin::Admin ─▶ store: secrets; uploaded::Uploaded: policies, reference values
//! POST, DELETE           ─▶ admin::Admin ─▶ store
//! POST /v1/federation-token ─▶ federation::issue: token ─▶ audience, workload ─▶ record ─▶ token for a cloud
//! ```
//!
//! ```no_run
//! let config = kbs::config::load("vouchsafe-kbs.toml".as_ref())?;
//! let running = kbs::Running::start(config, kbs::Clock::system())?;
//! println!("{}", running.address());
//! running.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! * No evidence byte is parsed here; the verifier does that.
//! * The store gives a secret for a grant alone, and nothing but the policy's yes makes one.
//! * A nonce is spent, a decision recorded and a session made in one transaction, durable before the answer.
//! * A request goes by one reading of the settings, and what it records names their epoch; a token of an older epoch opens
//!   nothing.
//! * A release is on record before the secret leaves; one that cannot be recorded does not happen. A denial is on record
//!   while there is room for what was not affirmed, and in the ring of refusals after that.
//! * What a stranger may ask is limited, and what waits or works is bounded, before anything is read or verified for him.
//!   A release never waits for an attestation.
//! * By a clock that is wrong nothing is attested and nothing released.
//! * Every answer that is not 200 has a body in the protocol's form, and nothing from outside leads to 500. The HTTP
//!   parser below the routes gives no hook for three answers, which have no body: 400 for bytes that are not HTTP,
//!   431 for a head larger than 128 KiB, 408 for a head that does not come in time.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::as_conversions
    )
)]

pub mod acts;
mod admin;
mod api;
mod attest;
mod broker;
mod challenge_key;
mod cli;
mod clock_guard;
pub mod config;
mod dev;
mod epoch_file;
mod federation;
mod flight;
mod foreign;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
pub mod grant;
pub mod holds;
mod housekeeping;
mod init_data;
mod inputs;
mod jwt;
mod oaep;
mod refusals;
mod release;
pub mod replay;
pub mod revocations;
mod roles;
mod root_key;
#[cfg(test)]
mod scratch;
mod seal;
mod server;
mod session;
mod shown;
mod signing;
mod signing_keys;
mod store;
mod system;
mod token;
mod uploaded;
mod whole_file;

pub use broker::StartError;
pub use cli::run;
pub use roles::Role;
pub use server::{Running, serve};
pub use system::Clock;
