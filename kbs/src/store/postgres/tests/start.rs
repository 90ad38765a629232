//! What a store asks of a server before it believes it, and how it comes by its tables.

use super::*;

fn refusal(settings: &config::Postgres) -> String {
    match Postgres::open(settings) {
        Err(StoreError::Database { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn refuses_a_server_that_would_lose_what_it_acknowledged() {
    let Some(bench) = Bench::new("pg-facts") else { return };
    let database = bench.server.database();
    let settings = bench.settings(&database, bench.server.port);
    bench.server.sql("postgres", &format!("ALTER ROLE {ROLE} SET synchronous_commit = off"));
    assert_eq!(
        refusal(&settings),
        "synchronous_commit is off for this role and database: a crash would lose what was acknowledged; set it to on"
    );
    bench.server.sql("postgres", &format!("ALTER ROLE {ROLE} RESET synchronous_commit"));
    for (setting, words) in [
        ("fsync", "fsync is off: a loss of power would lose what was acknowledged"),
        ("full_page_writes", "full_page_writes is off: a loss of power could break the database"),
    ] {
        bench.server.set(setting, "off");
        assert_eq!(refusal(&settings), words);
        bench.server.set(setting, "on");
    }
    let store = Postgres::open(&settings).unwrap();
    // Every connection commits in full whatever its role is set to later.
    let shown = store.rows("SHOW synchronous_commit".to_owned(), vec![]).unwrap();
    assert_eq!(shown[0].get::<_, String>(0), "on");
}

#[test]
fn refuses_a_database_of_another_encoding_and_a_wrong_password() {
    let Some(bench) = Bench::new("pg-encoding") else { return };
    let sql = format!("CREATE DATABASE latin OWNER {ROLE} ENCODING 'LATIN1' TEMPLATE template0");
    bench.server.sql("postgres", &sql);
    let settings = bench.settings("latin", bench.server.port);
    assert_eq!(refusal(&settings), "the database has the encoding LATIN1, not UTF8");
    let file = bench.scratch.write("password", b"another");
    let said = refusal(&settings);
    assert_eq!(said, format!("FATAL 28P01: password authentication failed for user \"{ROLE}\""));
    set_mode(&file, 0o644);
    let target = Target::new(&settings).unwrap();
    let refused = target.with_password().unwrap_err().into_error().to_string();
    assert!(refused.contains("mode 644"), "{refused}");
}

#[test]
fn replicas_that_start_together_make_the_tables_once() {
    let Some(bench) = Bench::new("pg-migrate") else { return };
    let database = bench.server.database();
    let settings = bench.settings(&database, bench.server.port);
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..6).map(|_| scope.spawn(|| Postgres::open(&settings).map(|_| ()))).collect();
        for opened in opened {
            assert_eq!(opened.join().unwrap(), Ok(()));
        }
    });
    let sql = "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' \
               AND relnamespace = 'vouchsafe'::regnamespace";
    let mut wanted: Vec<&str> = Table::ALL.map(Table::name).to_vec();
    wanted.push("schema_version");
    wanted.sort_unstable();
    assert_eq!(bench.server.sql(&database, sql), wanted.join(","));
    assert_eq!(bench.server.sql(&database, "SELECT version FROM vouchsafe.schema_version"), "1");
}

#[test]
fn refuses_tables_of_a_newer_version() {
    let Some(bench) = Bench::new("pg-newer") else { return };
    let database = bench.server.database();
    let settings = bench.settings(&database, bench.server.port);
    drop(Postgres::open(&settings).unwrap());
    bench.server.sql(&database, "UPDATE vouchsafe.schema_version SET version = 2");
    let opened = Postgres::open(&settings).map(|_| ());
    assert_eq!(opened, Err(StoreError::Format { expected: 1, actual: 2 }));
}

#[test]
fn takes_a_schema_that_was_made_for_it() {
    let Some(bench) = Bench::new("pg-schema") else { return };
    let database = bench.server.database();
    bench.server.sql("postgres", &format!("ALTER DATABASE {database} OWNER TO postgres"));
    bench.server.sql(&database, &format!("CREATE SCHEMA vouchsafe AUTHORIZATION {ROLE}"));
    let store = Postgres::open(&bench.settings(&database, bench.server.port)).unwrap();
    assert_eq!(store.commit(put(b"a")), Ok(Commit::Done));
}

#[test]
fn speaks_over_the_unix_socket_and_tells_no_password() {
    let Some(bench) = Bench::new("pg-socket") else { return };
    let database = bench.server.database();
    let (folder, port) = (bench.server.folder().display(), bench.server.port);
    let url = format!("host={folder} port={port} user={ROLE} dbname={database}");
    let settings = config::Postgres { url, ..bench.settings(&database, 1) };
    let store = Postgres::open(&settings).unwrap();
    assert_eq!(store.check(), Ok(()));
    assert!(!format!("{store:?} {settings:?}").contains(PASSWORD));
}
