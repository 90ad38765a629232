//! A disk that fails: nothing is released and no token given.

use std::sync::atomic::AtomicBool;

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;

/// A disk that can be made to fail, or to wait. Opened again, it has what was written.
#[derive(Clone, Debug)]
struct Disk {
    memory: Arc<InMemoryBackend>,
    failing: Arc<AtomicBool>,
    stuck: Arc<AtomicBool>,
}

impl Disk {
    fn written(&self) -> std::io::Result<()> {
        while self.stuck.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.failing.load(Ordering::SeqCst) { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.written()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.written()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.written()?;
        self.memory.write(offset, data)
    }
}

fn failing_bench(name: &str) -> (Bench, Arc<AtomicBool>) {
    let (bench, failing, _) = bench_on_disk(name);
    (bench, failing)
}

/// A bench, and what makes its disk fail and wait.
fn bench_on_disk(name: &str) -> (Bench, Arc<AtomicBool>, Arc<AtomicBool>) {
    let switch = || Arc::new(AtomicBool::new(false));
    let (failing, stuck) = (switch(), switch());
    let memory = Arc::new(InMemoryBackend::new());
    let disk = Disk { memory, failing: Arc::clone(&failing), stuck: Arc::clone(&stuck) };
    let store = Store::on(move || Box::new(disk.clone()), root_key(), 1 << 20);
    (Bench::with_store(name, ALLOW_ALL, store), failing, stuck)
}

#[actix_web::test]
async fn a_request_that_is_given_up_makes_no_room_for_more_before_its_work_ends() {
    let (bench, _, stuck) = bench_on_disk("disk-stuck");
    let (cookie, nonce) = bench.auth().await;
    stuck.store(true, Ordering::SeqCst);
    let attempt = bench.attest(&cookie, good(&nonce, &new_key()));
    let given_up = tokio::time::timeout(Duration::from_millis(300), attempt).await;
    let (slots, flights) = (&bench.broker.gate.attestations, &bench.broker.flights);
    let held = (slots.free(), flights.count());
    // Let go before anything can panic: the runtime waits for its threads.
    stuck.store(false, Ordering::SeqCst);
    assert!(given_up.is_err());
    assert_eq!(held, (0, 1));
    for _ in 0..1000 {
        if (slots.free(), flights.count()) == (1, 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the work did not end");
}

#[actix_web::test]
async fn a_release_that_cannot_be_recorded_does_not_happen() {
    let (bench, failing) = failing_bench("disk-release");
    bench.store_secret().await;
    let (cookie, nonce) = bench.auth().await;
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
    failing.store(true, Ordering::SeqCst);
    let answer = bench.get(cookie_header(&cookie)).await;
    assert_eq!(answer.error(), (503, "PluginInternalError".to_owned(), NO_STORE.to_owned()));
    assert_eq!(answer.retry_after.as_deref(), Some("5"));
    // As soon as the disk takes writes again, so does the broker.
    failing.store(false, Ordering::SeqCst);
    assert_eq!(bench.get(cookie_header(&cookie)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_decision_that_cannot_be_recorded_gives_no_token() {
    let (bench, failing) = failing_bench("disk-attest");
    let (cookie, nonce) = bench.auth().await;
    failing.store(true, Ordering::SeqCst);
    let answer = bench.attest(&cookie, good(&nonce, &new_key())).await;
    assert_eq!(answer.error(), (503, "PluginInternalError".to_owned(), NO_STORE.to_owned()));
    // The process is well, and not ready.
    assert_eq!(bench.send(TestRequest::get().uri("/healthz")).await.status, StatusCode::OK);
    let ready = async || bench.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(ready().await.error(), (503, "PluginInternalError".to_owned(), NO_STORE.to_owned()));
    failing.store(false, Ordering::SeqCst);
    assert_eq!(ready().await.status, StatusCode::OK);
    bench.attest(&cookie, good(&nonce, &new_key())).await.token();
}

const NO_STORE: &str =
    "the broker's store cannot be read or written now: nothing is attested and nothing released until it can";
