//! The broker over HTTP: the whole trip with real processes, and everything that must be refused.

mod admin;
mod backup;
mod bench;
mod cli_admin;
mod coco_client;
mod epoch;
mod evidence;
mod federation;
mod flood;
mod foreign;
mod full;
mod keys;
mod kill;
mod messages;
mod missing;
mod policy;
mod postgres;
mod recorded;
mod replay;
mod replicas;
mod restart;
mod revocation;
mod room;
mod tls;
mod tokens;
mod trip;
