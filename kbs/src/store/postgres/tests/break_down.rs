//! The server or the line breaks: what was acknowledged stays, and work goes on by itself.
#![expect(clippy::disallowed_methods, reason = "how long a recovery takes is what is asked")]

use super::*;

/// A store behind a proxy.
fn behind(bench: &Bench, proxy: &Proxy) -> (Postgres, String) {
    let database = bench.server.database();
    (Postgres::open(&bench.settings(&database, proxy.port)).unwrap(), database)
}

fn waited_for(what: &str, bound: Duration, mut done: impl FnMut() -> bool) {
    let since = Stopwatch::now();
    while !done() {
        assert!(since.elapsed() < bound, "{what} takes longer than {bound:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_ends_at_once_or_is_killed_loses_nothing_and_the_store_goes_on() {
    let Some(bench) = Bench::new("pg-restart") else { return };
    let store = bench.store();
    for (round, end) in [Server::stop_immediately as fn(&Server), Server::kill].into_iter().enumerate() {
        let round = u8::try_from(round).unwrap();
        let acknowledged = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4_u8)
                .map(|writer| {
                    let store = &store;
                    scope.spawn(move || {
                        let mut done = Vec::new();
                        for number in 0..60_u8 {
                            let key = [round, writer, number];
                            match store.commit(put(&key)) {
                                Ok(commit) => {
                                    assert_eq!(commit, Commit::Done);
                                    done.push(key.to_vec());
                                }
                                Err(StoreError::Unavailable { .. }) => {}
                                Err(other) => panic!("{other}"),
                            }
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        done
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(100));
            end(&bench.server);
            bench.server.start();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
        });
        waited_for("recovery", Duration::from_secs(5), || store.check().is_ok());
        assert!(acknowledged.len() > 100, "{} writes", acknowledged.len());
        for key in acknowledged {
            assert_eq!(store.get(Table::Secrets, &key), Ok(Some(b"value".to_vec())), "{key:?}");
        }
    }
}

#[test]
fn a_line_that_is_cut_is_told_in_time_and_used_again_by_itself() {
    let Some(bench) = Bench::new("pg-cut") else { return };
    let proxy = Proxy::to(bench.server.port);
    let (store, _) = behind(&bench, &proxy);
    assert_eq!(store.commit(put(b"before")), Ok(Commit::Done));
    for line in [Line::Cut, Line::Silent] {
        proxy.set(line);
        let since = Stopwatch::now();
        let Err(StoreError::Unavailable { .. }) = store.commit(put(b"meanwhile")) else {
            panic!("a batch was acknowledged over a line that is {line:?}");
        };
        let Err(StoreError::Unavailable { .. }) = store.get(Table::Secrets, b"before") else {
            panic!("a row was read over a line that is {line:?}");
        };
        // Two calls, each with its patience and one last attempt.
        assert!(since.elapsed() < Duration::from_secs(18), "{:?}", since.elapsed());
        assert!(store.check().is_err());
        proxy.set(Line::Through);
        waited_for("recovery", Duration::from_secs(5), || store.check() == Ok(()));
        assert_eq!(store.commit(put(b"after")), Ok(Commit::Done));
    }
}

#[test]
fn a_short_break_is_waited_out() {
    let Some(bench) = Bench::new("pg-short") else { return };
    let proxy = Proxy::to(bench.server.port);
    let (store, _) = behind(&bench, &proxy);
    proxy.set(Line::Cut);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            proxy.set(Line::Through);
        });
        assert_eq!(store.commit(put(b"patient")), Ok(Commit::Done));
    });
    assert_eq!(store.get(Table::Secrets, b"patient"), Ok(Some(b"value".to_vec())));
}

#[test]
fn a_replica_that_falls_silent_in_a_transaction_does_not_hold_up_the_others() {
    let Some(bench) = Bench::new("pg-silent") else { return };
    let proxy = Proxy::to(bench.server.port);
    let (silent, database) = behind(&bench, &proxy);
    let other = Postgres::open(&bench.settings(&database, bench.server.port)).unwrap();
    assert_eq!(other.commit(put(b"row")), Ok(Commit::Done));
    // The transaction stands between its statements and its end when the line falls silent.
    let pool = Arc::clone(&silent.pool);
    let lease = silent
        .wait(async move {
            let lease = pool.take(Instant::now() + PATIENCE).await?;
            let steps = plan::steps(put(b"row"));
            lease.session().pipeline("BEGIN", &steps).await.map(|_| lease)
        })
        .unwrap();
    proxy.set(Line::Silent);
    assert_eq!(other.commit(put(b"row")), Ok(Commit::Done));
    drop(lease);
}

#[test]
fn a_paused_server_is_not_believed_and_used_again_when_it_goes_on() {
    let Some(bench) = Bench::new("pg-pause") else { return };
    let store = bench.store();
    assert_eq!(store.commit(put(b"before")), Ok(Commit::Done));
    bench.server.pause();
    let outcome = store.commit(put(b"meanwhile"));
    bench.server.resume();
    assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    waited_for("recovery", Duration::from_secs(5), || store.check() == Ok(()));
    assert_eq!(store.commit(put(b"after")), Ok(Commit::Done));
}

#[test]
fn a_commit_that_no_standby_confirmed_is_not_acknowledged() {
    let Some(bench) = Bench::new("pg-standby") else { return };
    let store = bench.store();
    bench.server.set("synchronous_standby_names", "nobody");
    let unknown = |outcome: Result<Commit, StoreError>| match outcome {
        Err(StoreError::Unavailable { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let late = unknown(store.commit(put(b"late")));
    assert_eq!(late, "whether the change was made is not known: the server does not answer in time");
    // An administrator who ends the waiting makes the server say that it committed, with a warning.
    let cancelled = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.commit(put(b"cancelled")));
        let sql = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        waited_for("the wait", Duration::from_secs(5), || {
            bench.server.sql("postgres", sql);
            waiting.is_finished()
        });
        waiting.join().unwrap()
    });
    assert_eq!(
        unknown(cancelled),
        "whether the change was made is not known: the server warned while it committed"
    );
    // It can be read all the same, by whoever tries again; what was read is not durable yet.
    assert_eq!(store.get(Table::Secrets, b"cancelled"), Ok(Some(b"value".to_vec())));
    assert!(store.confirm().is_err());
    bench.server.set("synchronous_standby_names", "");
    waited_for("recovery", Duration::from_secs(5), || store.check() == Ok(()));
    assert_eq!(store.confirm(), Ok(()));
}

#[test]
fn batches_that_lock_in_opposite_orders_all_succeed() {
    let Some(bench) = Bench::new("pg-deadlock") else { return };
    let store = bench.store();
    assert_eq!(store.commit(put(b"a")), Ok(Commit::Done));
    assert_eq!(store.commit(put(b"b")), Ok(Commit::Done));
    let one = |looks: &'static [u8], writes: &'static [u8]| {
        let store = &store;
        move || {
            for _ in 0..30 {
                let conditions = vec![Condition::Equals {
                    table: Table::Secrets,
                    key: looks.to_vec(),
                    value: b"value".to_vec(),
                }];
                assert_eq!(store.commit(Batch { conditions, ..put(writes) }), Ok(Commit::Done));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(one(b"a", b"b"));
            scope.spawn(one(b"b", b"a"));
        }
    });
    let deadlocks = bench.server.sql("postgres", "SELECT sum(deadlocks) FROM pg_stat_database");
    assert_eq!(deadlocks, "0");
}

/// Makes the server refuse the first `times` writes of secrets with this SQLSTATE.
fn refuse_writes(bench: &Bench, database: &str, state: &str, times: u32) {
    // A sequence is not rolled back with its transaction.
    bench.server.sql(
        database,
        &format!(
            "DROP SEQUENCE IF EXISTS attempts; CREATE SEQUENCE attempts; \
             CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN \
             IF nextval('public.attempts') <= {times} THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; \
             END IF; RETURN NEW; END $$; \
             CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON vouchsafe.secrets \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        ),
    );
}

#[test]
fn what_the_server_rolled_back_for_anothers_sake_is_tried_again_and_nothing_else_is() {
    let Some(bench) = Bench::new("pg-again") else { return };
    let database = bench.server.database();
    let store = Postgres::open(&bench.settings(&database, bench.server.port)).unwrap();
    let attempts = || bench.server.sql(&database, "SELECT last_value FROM attempts");
    // Appendix A of PostgreSQL's manual: a deadlock, a serialization failure, a lock that is not free.
    for state in ["40P01", "40001", "55P03"] {
        refuse_writes(&bench, &database, state, 3);
        assert_eq!(store.commit(put(b"a")), Ok(Commit::Done), "{state}");
        assert_eq!(attempts(), "4", "{state}");
    }
    refuse_writes(&bench, &database, "XX001", 3);
    let reason = "ERROR XX001: not now".to_owned();
    assert_eq!(store.commit(put(b"a")), Err(StoreError::Database { reason }));
    assert_eq!(attempts(), "1");
    refuse_writes(&bench, &database, "40001", u32::MAX);
    let since = Stopwatch::now();
    let reason = "ERROR 40001: not now".to_owned();
    assert_eq!(store.commit(put(b"a")), Err(StoreError::Unavailable { reason }));
    assert!((PATIENCE / 2..PATIENCE * 2).contains(&since.elapsed()), "{:?}", since.elapsed());
}
