//! A broker on PostgreSQL over TLS: whom it believes, and what it asks for before it starts.

use std::process::{Command, Output};

use kbs_protocol::Tee;
use sim::x509::pem;
use system_tests::binaries;
use system_tests::broker::{Draft, Settings, Site, Store, fetch};
use system_tests::postgres::{Certificate, PASSWORD, ROLE, Server};

use super::bench::{RESOURCE, SECRET, new_key, opened};
use super::tls::{authority, server};

/// A site whose store is a database of a server that speaks TLS.
pub(super) struct Shared {
    pub(super) site: Site,
    pub(super) server: Server,
    pub(super) database: String,
}

impl Shared {
    /// None where PostgreSQL is not installed.
    pub(super) fn new() -> Option<Self> {
        let (ours, stranger) = (authority(), authority());
        let (certificate, key) = server(&ours);
        let server = Server::start_new(Some(&Certificate { certificate: &certificate, key: &key }))?;
        let site = Site::new();
        site.share_root_key();
        site.write("ca.pem", pem("CERTIFICATE", &ours.certificate).as_bytes());
        site.write("stranger.pem", pem("CERTIFICATE", &stranger.certificate).as_bytes());
        site.write("password", PASSWORD.as_bytes());
        mode(&site, "password", 0o600);
        let database = server.database();
        Some(Self { site, server, database })
    }

    /// The keys of `[postgres]`, for the server's port or a proxy's.
    pub(super) fn keys(&self, port: u16) -> String {
        let database = &self.database;
        format!(
            "url = \"postgresql://{ROLE}@127.0.0.1:{port}/{database}?channel_binding=require\"\n\
             password_file = \"password\"\nca_file = \"ca.pem\"\n\
             connections = 6\nconnect_seconds = 2\nstatement_seconds = 3\n"
        )
    }
}

fn mode(site: &Site, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(site.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs the program once on a configuration with these keys of `[postgres]`.
fn run(site: &Site, command: &str, keys: &str) -> Output {
    let text = format!("listen = \"127.0.0.1:0\"\nroot_key = \"root.key\"\n[postgres]\n{keys}");
    let config = site.write("once.toml", text.as_bytes());
    let program = binaries::path("vouchsafe-kbs");
    Command::new(program).arg(command).arg("--config").arg(config).output().unwrap()
}

fn refused(site: &Site, keys: &str) -> String {
    let output = run(site, "serve", keys);
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{messages}");
    assert!(!messages.contains(PASSWORD), "{messages}");
    messages
}

#[test]
fn a_broker_keeps_everything_in_a_database_over_tls_with_channel_binding() {
    let Some(shared) = Shared::new() else { return };
    let Shared { site, server, database } = &shared;
    let keys = shared.keys(server.port);
    let settings = Settings { store: Store::Postgres(&keys), ..Settings::default() };
    let broker = site.start_replica("one", settings);
    assert_eq!(site.operator.store(broker.address, RESOURCE, SECRET).status, 200);
    let broker = broker.kill_and_restart();
    let (session, key) = (system_tests::broker::auth(broker.address, Tee::Snp), new_key());
    assert_eq!(Draft::honest(&session, &site.amd.machine, &key).send(broker.address).status, 200);
    let (name, value) = session.header();
    assert_eq!(opened(&fetch(broker.address, RESOURCE, (name, &value)), &key), SECRET);
    let tls = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE application_name = 'vouchsafe-kbs'";
    assert_eq!(server.sql(database, tls), "t");
    assert!(!site.path("store.redb").exists());
    assert!(!broker.log().contains(PASSWORD));
    // Nothing that the database holds is the secret.
    let dump =
        server.sql(database, "SELECT string_agg(encode(value, 'hex'), '') FROM vouchsafe.secret_versions");
    assert!(!dump.is_empty() && !dump.contains(&hex::encode(SECRET)));
}

#[test]
fn an_answer_that_no_standby_has_is_not_given_to_whoever_asks_again() {
    let Some(shared) = Shared::new() else { return };
    let Shared { site, server, .. } = &shared;
    let keys = shared.keys(server.port);
    let broker = site.start_replica("one", Settings { store: Store::Postgres(&keys), ..Settings::default() });
    let machine = &site.amd.machine;
    let new = || (system_tests::broker::auth(broker.address, Tee::Snp), new_key());
    // The operator's inputs are kept with the first decision.
    let (first, key) = new();
    assert_eq!(Draft::honest(&first, machine, &key).send(broker.address).status, 200);
    let (session, key) = new();
    let body = Draft::honest(&session, machine, &key).finish();
    let ask = || system_tests::broker::attest(broker.address, Some(&session.cookie), &body).status;
    server.set("synchronous_standby_names", "nobody");
    // It waits for a standby that is not there, and somebody ends the waiting: the primary alone has the decision then.
    assert_eq!(ask(), 503);
    let waiting = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let kept = "SELECT count(*) FROM vouchsafe.sessions";
    let pause = || std::thread::sleep(std::time::Duration::from_millis(100));
    let can_be_read = (0..100).any(|_| {
        server.sql("postgres", waiting);
        pause();
        server.sql(&shared.database, kept) == "2"
    });
    assert!(can_be_read);
    assert_eq!(ask(), 503);
    server.set("synchronous_standby_names", "");
    let goes_on = (0..100).any(|_| {
        pause();
        ask() == 200
    });
    assert!(goes_on);
}

#[test]
fn a_broker_does_not_start_on_a_database_that_it_cannot_believe() {
    let Some(shared) = Shared::new() else { return };
    let Shared { site, server, .. } = &shared;
    let keys = shared.keys(server.port);
    let stranger = refused(site, &keys.replace("ca.pem", "stranger.pem"));
    assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    let named = refused(site, &keys.replace("127.0.0.1:", "localhost:"));
    assert!(named.contains("invalid peer certificate"), "{named}");
    server.sql("postgres", &format!("ALTER ROLE {ROLE} SET synchronous_commit = off"));
    let lax = refused(site, &keys);
    assert!(lax.contains("synchronous_commit is off for this role and database"), "{lax}");
    server.sql("postgres", &format!("ALTER ROLE {ROLE} RESET synchronous_commit"));
    mode(site, "password", 0o644);
    let open = refused(site, &keys);
    assert!(open.contains("has mode 644; others may read it or the group may write it"), "{open}");
    mode(site, "password", 0o600);
    site.take("root.key");
    let rootless = refused(site, &keys);
    assert!(rootless.contains("root_key"), "{rootless}");
    assert!(!site.path("root.key").exists(), "a replica made a root key of its own");
}

#[test]
fn check_config_shows_how_the_database_is_reached_and_no_password() {
    let site = Site::new();
    site.write("password", PASSWORD.as_bytes());
    mode(&site, "password", 0o600);
    let keys =
        "url = \"postgresql://broker@db.example/kbs\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
    let output = run(&site, "check-config", keys);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in ["url = \"postgresql://broker@db.example/kbs\"", "connections = 8", "statement_seconds = 5"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains(PASSWORD));
}
