use std::time::Instant as Stopwatch;

use super::super::suite;
use super::*;
use crate::scratch::Scratch;
use crate::store::backend::Condition;

#[path = "../../../../tests/src/proxy.rs"]
mod proxy;
#[path = "../../../../tests/src/postgres.rs"]
mod server;

use proxy::{Line, Proxy};
use server::{PASSWORD, ROLE, Server};

mod break_down;
mod judgement;
mod start;
mod statements;

/// A server, and the file of its role's password.
struct Bench {
    server: Server,
    scratch: Scratch,
}

impl Bench {
    fn new(name: &str) -> Option<Self> {
        let server = Server::start_new(None)?;
        let scratch = Scratch::new(name);
        let file = scratch.write("password", format!("{PASSWORD}\n").as_bytes());
        set_mode(&file, 0o600);
        Some(Self { server, scratch })
    }

    /// What the broker is told of this database, at the server's own port or a proxy's.
    fn settings(&self, database: &str, port: u16) -> config::Postgres {
        config::Postgres {
            url: format!("postgresql://{ROLE}@127.0.0.1:{port}/{database}"),
            password_file: Some(self.scratch.path.join("password")),
            ca_file: None,
            connections: 8,
            connect: Duration::from_secs(2),
            statement: Duration::from_secs(2),
            danger_no_tls: false,
        }
    }

    fn store(&self) -> Postgres {
        Postgres::open(&self.settings(&self.server.database(), self.server.port)).unwrap()
    }
}

fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn put(key: &[u8]) -> Batch {
    let change = Change::Put { table: Table::Secrets, key: key.to_vec(), value: b"value".to_vec() };
    Batch { changes: vec![change], ..Batch::default() }
}

#[test]
fn postgresql_keeps_every_promise_of_a_store() {
    let Some(bench) = Bench::new("pg-suite") else { return };
    suite::holds(|| bench.store());
}

#[test]
fn the_clock_is_the_databases() {
    let Some(bench) = Bench::new("pg-clock") else { return };
    let store = bench.store();
    let told = || bench.server.sql("postgres", "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint");
    let before: i64 = told().parse().unwrap();
    let clock = store.clock().unwrap().unwrap().secs();
    let after: i64 = told().parse().unwrap();
    assert!((before..=after).contains(&clock), "{before} {clock} {after}");
}

#[test]
fn it_may_be_used_and_dropped_on_any_thread() {
    let Some(bench) = Bench::new("pg-threads") else { return };
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = bench.store();
        assert_eq!(store.commit(put(b"a")), Ok(Commit::Done));
        drop(store);
    });
}
