//! A PCK certificate whose structure is altered before its CA signs it, in a quote that holds: what is believed says what RFC 5280
//! and Intel's profile ask, to a reader who shares no code with the verifier.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use sim::IssuerKey;
use sim::asn1;
use sim::intel::PckCa;
use vouchsafe_fuzz::Script;
use vouchsafe_fuzz::der::Node;
use vouchsafe_fuzz::intel::{Machine, NOW, WORLD, judge};

fuzz_target!(|bytes: &[u8]| {
    let mut script = Script(bytes);
    let machine = &WORLD.machines[script.below(WORLD.machines.len())];
    let unaltered = script.is_over();
    let fields = WORLD.vendor.pck_fields(&machine.machine, NOW).expect("fields");
    let mut tree = Node::parse(&fields.to_be_signed().expect("a certificate")).expect("DER");
    tree.alter(&mut script, &words(machine));
    let tbs = tree.write();
    let ca = WORLD.vendor.pck_ca(PckCa::Platform);
    let signature = asn1::bit_string(&ca.key.sign(&tbs).expect("it signs"));
    let leaf = asn1::sequence([tbs, fields.algorithm.clone(), signature]);
    let chain = WORLD.vendor.pck_chain_with(PckCa::Platform, &leaf);
    let quote = machine.machine.quote(&machine.machine.quote_fields([0x11; 64]), chain.as_bytes());
    let verdict = judge(&quote.expect("a quote"), &machine.good);
    if verdict.verified {
        assert_eq!(fault(&tree, machine), None, "{tree:?}");
    }
    assert!(!unaltered || verdict.exit_code() == 0, "{:?}", verdict.error);
});

/// What is wrong with a certificate that was believed.
fn fault(tree: &Node, machine: &Machine) -> Option<&'static str> {
    let [version, _serial, algorithm, issuer, validity, _subject, spki, extensions] = tree.parts() else {
        return Some("eight parts");
    };
    let fields = WORLD.vendor.pck_fields(&machine.machine, NOW).expect("fields");
    let [not_before, not_after] = validity.parts() else { return Some("two times") };
    let [list] = extensions.parts() else { return Some("one list of extensions") };
    let known = |oid: &str| asn1::oid(&oid.parse().expect("an OID"));
    let (usage, constraints, sgx) = (known("2.5.29.15"), known("2.5.29.19"), known("1.2.840.113741.1.13.1"));
    let oids: Vec<Vec<u8>> =
        list.parts().iter().filter_map(|one| Some(one.parts().first()?.write())).collect();
    let understood = |one: &Node| {
        let critical = one.parts().get(1).is_some_and(|part| part.tag == 1 && part.bytes() == [0xff]);
        !critical || one.parts().first().is_some_and(|oid| [&usage, &constraints].contains(&&oid.write()))
    };
    let platform = list.write();
    let has = |bytes: &[u8]| platform.windows(bytes.len()).any(|window| window == bytes);
    let checks = [
        (version.write() == [0xa0, 3, 2, 1, 2], "version 3"),
        (algorithm.write() == fields.tbs_algorithm, "the algorithm of the signature"),
        (issuer.write() == fields.issuer, "the issuer's name"),
        (is_before(not_before) && !is_before_strictly(not_after), "its time"),
        (spki.write() == machine.machine.pck.spki(), "the key that signed the enclave's report"),
        (extensions.tag == 0xa3, "extensions"),
        (oids.iter().collect::<BTreeSet<_>>().len() == oids.len(), "an extension that stands twice"),
        (list.parts().iter().all(understood), "a critical extension that nobody knows"),
        (oids.contains(&sgx), "the SGX extension"),
        (has(&machine.machine.extension.fmspc), "the FMSPC"),
        (has(&machine.machine.extension.pce_id), "the PCE id"),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, what)| what)
}

/// The instant of the run, as a time of this kind is written.
fn now(time: &Node) -> &'static [u8] {
    if time.tag == 0x17 { b"260301000000Z" } else { b"20260301000000Z" }
}

fn is_before(time: &Node) -> bool {
    // UTCTime from 50 on is of the last century.
    (time.tag == 0x17 && time.bytes().first().is_some_and(|digit| *digit >= b'5'))
        || time.bytes() <= now(time)
}

fn is_before_strictly(time: &Node) -> bool {
    is_before(time) && time.bytes() != now(time)
}

fn words(machine: &Machine) -> Vec<Vec<u8>> {
    let oid = |oid: &str| {
        let der = asn1::oid(&oid.parse().expect("an OID"));
        der[2..].to_vec()
    };
    vec![
        b"260301000000Z".to_vec(),
        b"260228235959Z".to_vec(),
        b"20260301000001Z".to_vec(),
        b"500101000000Z".to_vec(),
        oid("2.5.29.15"),
        oid("2.5.29.19"),
        oid("2.5.29.17"),
        oid("1.2.840.113741.1.13.1"),
        oid("1.2.840.10045.4.3.3"),
        machine.machine.extension.fmspc.to_vec(),
        vec![0xff],
        vec![0],
        Vec::new(),
    ]
}
