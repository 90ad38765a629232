use std::sync::Barrier;

use ::redb::StorageBackend;

use super::*;

/// A store on a disk of the test's own; `disk` gives the same content each time.
pub(crate) fn on_disk(
    disk: impl Fn() -> Box<dyn StorageBackend> + Send + Sync + 'static,
) -> Result<Redb, StoreError> {
    Redb::opened_by(Box::new(move || Database::builder().create_with_backend(Boxed(disk())).map_err(refused)))
}

/// The database takes a type, tests have a trait object.
#[derive(Debug)]
struct Boxed(Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> std::io::Result<()> {
        self.0.close()
    }
}

fn put(key: &[u8]) -> Batch {
    let change = Change::Put { table: Table::Secrets, key: key.to_vec(), value: b"value".to_vec() };
    Batch { changes: vec![change], ..Batch::default() }
}

#[test]
fn batches_that_wait_together_are_one_transaction_and_each_gets_its_own_outcome() {
    let store = Redb::in_memory().unwrap();
    let refused = Batch {
        conditions: vec![Condition::Present { table: Table::Secrets, key: b"nothing".to_vec() }],
        ..put(b"refused")
    };
    let group: Vec<Job> = [put(b"a"), refused, put(b"b")]
        .into_iter()
        .map(|batch| Job { batch, answer: sync_channel(1).0 })
        .collect();
    let outcomes = store.shared.read(|database| apply(database, &group)).unwrap();
    assert_eq!(outcomes, [Commit::Done, Commit::Refused(0), Commit::Done]);
    let rows = store.scan(Table::Secrets, b"", None, 10).unwrap();
    assert_eq!(rows.into_iter().map(|row| row.key).collect::<Vec<_>>(), [b"a", b"b"]);
}

#[test]
fn a_condition_sees_the_batches_before_it_in_the_same_transaction() {
    let store = Redb::in_memory().unwrap();
    let absent = || Batch {
        conditions: vec![Condition::Absent { table: Table::Secrets, key: b"a".to_vec() }],
        ..put(b"a")
    };
    let group: Vec<Job> =
        [absent(), absent()].into_iter().map(|batch| Job { batch, answer: sync_channel(1).0 }).collect();
    let outcomes = store.shared.read(|database| apply(database, &group)).unwrap();
    assert_eq!(outcomes, [Commit::Done, Commit::Refused(0)]);
}

#[test]
fn many_threads_write_at_once_and_all_of_it_is_there() {
    let store = Redb::in_memory().unwrap();
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for number in 0..50_u8 {
                    assert_eq!(store.commit(put(&[thread, number])), Ok(Commit::Done));
                }
            });
        }
    });
    assert_eq!(store.scan(Table::Secrets, b"", None, 1000).unwrap().len(), 400);
}

#[test]
fn redb_keeps_every_promise_of_a_store() {
    super::super::suite::holds(|| Redb::in_memory().unwrap());
}
