//! A CRL whose structure is altered before its CA signs it: where revocation is no finding, the list is of now, of this CA, and
//! does not name the certificate, to a reader who shares no code with the verifier.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::IssuerKey;
use sim::asn1;
use sim::intel::{Collateral, PckCa};
use vouchsafe_fuzz::Script;
use vouchsafe_fuzz::der::Node;
use vouchsafe_fuzz::intel::{Machine, NOW, WORLD, judge};

fuzz_target!(|bytes: &[u8]| {
    let mut script = Script(bytes);
    let machine = &WORLD.machines[script.below(WORLD.machines.len())];
    let unaltered = script.is_over();
    let mut fields = machine.fields.pck_crl.clone();
    fields.revoked = vec![(vec![7; 20], NOW - 60), (vec![8; 3], NOW - 120), (vec![9; 19], NOW - 60)];
    let mut tree = Node::parse(&fields.to_be_signed().expect("a CRL")).expect("DER");
    let serial = WORLD.vendor.pck_fields(&machine.machine, NOW).expect("fields").serial;
    let serial = asn1::integer(&serial)[2..].to_vec();
    tree.alter(&mut script, &words(&serial));
    let tbs = tree.write();
    let signature = asn1::bit_string(&WORLD.vendor.pck_ca(PckCa::Platform).key.sign(&tbs).expect("it signs"));
    let pck_crl = asn1::sequence([tbs, fields.algorithm.clone(), signature]);
    let verdict = judge(&machine.quote, &Collateral { pck_crl, ..machine.good.clone() });
    let found = verdict.failed().any(|check| check.id == "appraise.revocation");
    if verdict.verified && !found {
        assert_eq!(fault(&tree, machine, &serial), None, "{tree:?}");
    }
    assert!(!unaltered || verdict.exit_code() == 0, "{:?}", verdict.error);
});

/// What is wrong with a list that was taken.
fn fault(tree: &Node, machine: &Machine, serial: &[u8]) -> Option<&'static str> {
    let [version, algorithm, issuer, this_update, next_update, rest @ ..] = tree.parts() else {
        return Some("five parts");
    };
    let revoked = rest.iter().find(|part| part.tag == 0x30).map_or(&[][..], Node::parts);
    let extensions = rest.iter().find(|part| part.tag == 0xa0).and_then(|part| part.parts().first());
    let lists = |entry: &Node| entry.parts().first().is_some_and(|number| number.bytes() == serial);
    let critical =
        |one: &Node| one.parts().get(1).is_some_and(|part| part.tag == 1 && part.bytes() == [0xff]);
    let checks = [
        (version.write() == [2, 1, 1], "version 2"),
        (algorithm.write() == machine.fields.pck_crl.tbs_algorithm, "the algorithm of the signature"),
        (issuer.write() == machine.fields.pck_crl.issuer, "the issuer's name"),
        (compare(this_update).is_le(), "thisUpdate"),
        (compare(next_update).is_ge(), "nextUpdate"),
        (!revoked.iter().any(lists), "the certificate is listed"),
        (!extensions.is_some_and(|list| list.parts().iter().any(critical)), "a critical extension"),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, what)| what)
}

/// A time beside the instant of the run; UTCTime from 50 on is of the last century.
fn compare(time: &Node) -> std::cmp::Ordering {
    match (time.tag, time.bytes()) {
        (0x17, [b'5'..=b'9', ..]) => std::cmp::Ordering::Less,
        (0x17, bytes) => bytes.cmp(b"260301000000Z"),
        (_, bytes) => bytes.cmp(b"20260301000000Z"),
    }
}

fn words(serial: &[u8]) -> Vec<Vec<u8>> {
    let oid = asn1::oid(&"2.5.29.27".parse().expect("an OID"));
    vec![
        serial.to_vec(),
        b"260301000000Z".to_vec(),
        b"260228235959Z".to_vec(),
        b"20260301000001Z".to_vec(),
        b"20260228235959Z".to_vec(),
        b"500101000000Z".to_vec(),
        oid[2..].to_vec(),
        vec![0xff],
        Vec::new(),
    ]
}
