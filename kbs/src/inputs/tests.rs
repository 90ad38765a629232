use std::path::Path;

use super::*;
use crate::config::parse;
use crate::scratch::Scratch;
use crate::system::Clock;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);
const MINIMAL: &str = "listen = \"127.0.0.1:0\"\nstore = \"s\"\nroot_key = \"k\"\n";
/// A CRL of Intel's root.
const CRL: &[u8] =
    include_bytes!("../../../fixtures/tdx/quote-4f4e696823-v4-body2-90c06f000000/collateral-0/root_crl.der");

fn store() -> Store {
    Store::in_memory(crate::store::tests::key(), 1 << 20)
}

fn outside(text: &str, folder: &Path, loaded: &Loaded) -> Outside {
    Outside::of(&parse(&format!("{MINIMAL}{text}"), folder).unwrap(), loaded)
}

#[test]
fn inputs_begin_an_epoch_when_they_change_and_at_no_other_time() {
    let store = store();
    let put = |outside: &Outside| {
        outside.put_in_force(&store, NOW).unwrap();
        store.settings().unwrap().epoch()
    };
    let scratch = Scratch::new("inputs-epoch");
    scratch.write("policy.rego", b"package policy\nallow := true");
    let digest = format!("\"{}\"", "ab".repeat(48));
    let entry = format!("[[reference]]\ntee = \"snp\"\nname = \"a\"\nlaunch-digest = [{digest}]\n");
    scratch.write("values.toml", entry.as_bytes());
    let nothing = Loaded::default();
    let of = |text: &str| outside(text, &scratch.path, &nothing);
    let first = put(&of(""));
    assert_eq!(put(&of("")), first);
    // What the policies and reference values say is what counts, not that there is a file.
    assert_eq!(put(&of("[limits]\ntoken_seconds = 60")), first);
    let mut last = first;
    for text in [
        "resource_policy = \"policy.rego\"",
        "reference_values = [\"values.toml\"]",
        "[appraisal.snp]\nmax_vmpl = 1",
        "danger_accept_sample = true",
    ] {
        let epoch = put(&of(text));
        assert!(epoch > last, "{text}");
        assert_eq!(put(&of(text)), epoch, "{text}");
        last = epoch;
    }
}

#[test]
fn a_revocation_list_counts_and_a_certificate_does_not() {
    let scratch = Scratch::new("inputs-revocation");
    let loaded = || endorsements::load(std::slice::from_ref(&scratch.path)).unwrap();
    let of = |loaded: &Loaded| outside("", Path::new(""), loaded);
    let empty = of(&loaded());
    scratch.write("a-certificate.pem", vendor_root().as_slice());
    assert_eq!(loaded().endorsements.certificates().len(), 1);
    assert_eq!(of(&loaded()), empty);
    scratch.write("b.crl", CRL);
    assert_eq!(loaded().endorsements.crls().len(), 1);
    let with_list = of(&loaded());
    assert_ne!(with_list, empty);
    // Under another name, and twice, it says the same.
    scratch.write("c.crl", CRL);
    assert_eq!(of(&loaded()), with_list);
}

#[test]
fn inputs_other_than_those_in_force_decide_nothing() {
    let store = store();
    let nothing = Loaded::default();
    let one = outside("", Path::new(""), &nothing);
    let other = outside("[appraisal.snp]\nmax_vmpl = 1", Path::new(""), &nothing);
    one.put_in_force(&store, NOW).unwrap();
    assert_eq!(one.check(&store.settings().unwrap()), Ok(()));
    other.put_in_force(&store, NOW).unwrap();
    let kinds = "appraisal-policy".to_owned();
    assert_eq!(one.check(&store.settings().unwrap()), Err(InputsError::NotInForce { kinds }));
    assert_eq!(other.check(&store.settings().unwrap()), Ok(()));
}

fn vendor_root() -> Vec<u8> {
    let anchors = verifier::anchors::Anchors::vendor().unwrap();
    let first = anchors.iter().next().unwrap();
    first.certificate.der().to_vec()
}

#[test]
fn what_was_read_before_a_change_is_not_stamped_with_the_epoch_after_it() {
    // The file of the highest epoch is of this run alone.
    let scratch = Scratch::new("inputs-one-epoch");
    let config = parse(MINIMAL, &scratch.path).unwrap();
    let broker = Broker::with_store(config, Clock::system(), store()).unwrap();
    let revoke = |id| {
        let of = crate::revocations::Revoked::Ppid(verifier::policy::Id([id; 16]));
        let new = crate::revocations::NewRevocation { of, reason: "stolen".to_owned() };
        broker.store.revoke(&new, "admin", NOW).unwrap();
    };
    // Somebody revokes a machine after the first two times that the uploads were read.
    let reads = std::cell::Cell::new(0);
    let (snapshot, settings) = broker
        .of_one_epoch(|| {
            let snapshot = broker.snapshot(NOW)?;
            reads.set(reads.get() + 1);
            if reads.get() <= 2 {
                revoke(reads.get());
            }
            Ok(snapshot)
        })
        .unwrap();
    assert_eq!((reads.get(), snapshot.appraisal.deny.ppids.len()), (3, 2));
    assert_eq!(snapshot.uploaded.epoch(), settings.epoch());
    // Whoever changes them without end lets nothing be decided.
    let endless = broker.of_one_epoch(|| {
        let snapshot = broker.snapshot(NOW)?;
        reads.set(reads.get() + 1);
        revoke(reads.get());
        Ok(snapshot)
    });
    assert!(matches!(endless, Err(StoreError::Contended { .. })));
}
