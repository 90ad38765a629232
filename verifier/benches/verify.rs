//! Parse, cold and warm verification beside their limit: the signatures that must be checked, times the cost of one
//! in the same run with the same library.
//!
//! `cargo bench -p verifier` prints criterion's figures and then the ratios. Cold begins with the bytes of evidence
//! and endorsements and nothing but the anchors; warm has verified the same chain or collateral before, and the
//! report, or the quote with its PCK certificate, is new; known has verified that certificate before too.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads criterion's estimates and makes keys")]

use std::hint::black_box;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    RSA_PSS_SHA384, RsaKeyPair,
};
use criterion::Criterion;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Encode as _, Sequence};
use verifier::anchors::Anchors;
use verifier::check::Trail;
use verifier::crypto::{PublicKey, Signature, SignatureAlgorithm, signature_checks};
use verifier::endorsements::Endorsements;
use verifier::evidence::{Evidence, EvidenceInput};
use verifier::expected::Expected;
use verifier::time::UnixTime;
use verifier::verify::verify;

/// One piece of real evidence with what vouches for it.
struct Subject {
    name: &'static str,
    evidence: &'static [u8],
    endorsements: &'static [(&'static str, &'static [u8])],
    at: &'static str,
    /// Signatures of each kind, cold: P-256, P-384, RSA-4096.
    cold: [u64; 3],
    /// Signatures of each kind, warm.
    warm: [u64; 3],
    /// Signatures of each kind, of a machine that is known.
    known: [u64; 3],
}

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../fixtures/", $path))
    };
}

const SUBJECTS: [Subject; 3] = [
    Subject {
        name: "snp-milan-v2",
        evidence: fixture!("snp/snp-120d77b213-milan-v2-vcek/report.bin"),
        endorsements: &[
            ("vek", fixture!("snp/snp-120d77b213-milan-v2-vcek/vek.der")),
            ("ask", fixture!("snp/snp-120d77b213-milan-v2-vcek/ask.der")),
        ],
        at: "2023-05-03T19:23:43Z",
        cold: [0, 1, 2],
        warm: [0, 1, 0],
        known: [0, 1, 0],
    },
    Subject {
        name: "tdx-v4",
        evidence: fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin"),
        endorsements: &[
            ("tcb", fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/tcb_info.json")),
            ("qe", fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/qe_identity.json")),
            (
                "signer",
                fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("root crl", fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/root_crl.der")),
            ("pck crl", fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/pck_crl.der")),
        ],
        at: "2025-07-04T10:16:31Z",
        cold: [9, 0, 0],
        warm: [3, 0, 0],
        known: [2, 0, 0],
    },
    Subject {
        name: "tdx-v5",
        evidence: fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/quote.bin"),
        endorsements: &[
            ("tcb", fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_info.json")),
            ("qe", fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/qe_identity.json")),
            (
                "signer",
                fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_signing_chain.pem"),
            ),
            ("root crl", fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/root_crl.der")),
            ("pck crl", fixture!("tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/pck_crl.der")),
        ],
        at: "2026-10-23T00:06:48Z",
        cold: [9, 0, 0],
        warm: [3, 0, 0],
        known: [2, 0, 0],
    },
];

/// The kinds of signature that the limit is made of, in the order of [`Subject::cold`].
const KINDS: [&str; 3] = ["p256", "p384", "rsa4096"];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    limits(&mut criterion);
    let anchors = Anchors::vendor().expect("the pinned roots parse");
    for subject in &SUBJECTS {
        measure(&mut criterion, subject, &anchors);
    }
    criterion.final_summary();
    report();
}

fn measure(criterion: &mut Criterion, subject: &Subject, anchors: &Anchors) {
    let input = EvidenceInput::decode(subject.evidence, None).expect("real evidence");
    let now = UnixTime::parse_rfc3339(subject.at).expect("an instant");
    let warm = endorsements(subject);
    assert_eq!(
        signatures(&input, &warm, anchors, now),
        subject.cold.iter().sum::<u64>(),
        "{} cold",
        subject.name
    );
    assert_eq!(
        signatures(&input, &warm, anchors, now),
        subject.known.iter().sum::<u64>(),
        "{} known",
        subject.name
    );
    warm.forget_leaves();
    assert_eq!(
        signatures(&input, &warm, anchors, now),
        subject.warm.iter().sum::<u64>(),
        "{} warm",
        subject.name
    );

    let mut group = criterion.benchmark_group(subject.name);
    group.bench_function("parse", |bench| {
        bench.iter(|| Evidence::parse(black_box(&input)).expect("real evidence"));
    });
    group.bench_function("known", |bench| bench.iter(|| once(&input, &warm, anchors, now)));
    group.bench_function("warm", |bench| {
        bench.iter(|| {
            warm.forget_leaves();
            once(&input, &warm, anchors, now);
        });
    });
    group.bench_function("cold", |bench| {
        bench.iter(|| {
            let input = EvidenceInput::decode(black_box(subject.evidence), None).expect("real evidence");
            once(&input, &endorsements(subject), anchors, now);
        });
    });
    group.finish();
}

fn endorsements(subject: &Subject) -> Endorsements {
    let mut endorsements = Endorsements::new();
    for (name, bytes) in subject.endorsements {
        endorsements.add(name, bytes).expect("real endorsements");
    }
    endorsements
}

fn once(input: &EvidenceInput, endorsements: &Endorsements, anchors: &Anchors, now: UnixTime) {
    let evidence = Evidence::parse(black_box(input)).expect("real evidence");
    let mut trail = Trail::new();
    let expected = Expected::report_data(evidence.report_data().try_into().expect("64 bytes"));
    let verified = verify(&evidence, endorsements, anchors, &expected, now, &mut trail);
    black_box(verified.expect("real evidence verifies at its instant"));
}

fn signatures(input: &EvidenceInput, endorsements: &Endorsements, anchors: &Anchors, now: UnixTime) -> u64 {
    let before = signature_checks();
    once(input, endorsements, anchors, now);
    signature_checks() - before
}

/// One verification of each kind, key decoded beforehand, over a message of a quote's size.
fn limits(criterion: &mut Criterion) {
    let message = [0x5a; 632];
    let mut group = criterion.benchmark_group("limit");
    let p256 = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, P256, &message);
    let p384 = ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, P384, &message);
    let (rsa, rsa_signature) = rsa4096(&message);
    for (name, key, algorithm, signature) in [
        ("p256", &p256.0, SignatureAlgorithm::EcdsaP256Sha256, Signature::EcdsaFixed(&p256.1)),
        ("p384", &p384.0, SignatureAlgorithm::EcdsaP384Sha384, Signature::EcdsaFixed(&p384.1)),
        ("rsa4096", &rsa, SignatureAlgorithm::RsaPssSha384, Signature::Rsa(&rsa_signature)),
    ] {
        group.bench_function(name, |bench| {
            bench.iter(|| key.verify(algorithm, black_box(&message), signature).expect("a good signature"));
        });
    }
    group.finish();
}

fn ecdsa(
    algorithm: &'static EcdsaSigningAlgorithm,
    curve: ObjectIdentifier,
    message: &[u8],
) -> (PublicKey, Vec<u8>) {
    use aws_lc_rs::signature::KeyPair as _;
    let pair = EcdsaKeyPair::generate(algorithm).expect("a key");
    let spki = spki(EC, Some((&curve).into()), pair.public_key().as_ref());
    let signature = pair.sign(&SystemRandom::new(), message).expect("a signature");
    (PublicKey::from_spki(&spki).expect("a public key"), signature.as_ref().to_vec())
}

fn rsa4096(message: &[u8]) -> (PublicKey, Vec<u8>) {
    use aws_lc_rs::signature::KeyPair as _;
    let pair = RsaKeyPair::generate(KeySize::Rsa4096).expect("a key");
    let spki = spki(RSA, Some(AnyRef::NULL), pair.public_key().as_ref());
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PSS_SHA384, &SystemRandom::new(), message, &mut signature).expect("a signature");
    (PublicKey::from_spki(&spki).expect("a public key"), signature)
}

#[derive(Sequence)]
struct Spki<'a> {
    algorithm: Algorithm<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

fn spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Vec<u8> {
    let key = BitStringRef::from_bytes(key).expect("whole bytes");
    Spki { algorithm: Algorithm { oid, parameters }, key }.to_der().expect("DER")
}

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The ratios, from the estimates that criterion has just written; silent where a filter left some out.
fn report() {
    let one: Vec<Option<f64>> = KINDS.iter().map(|kind| estimate("limit", kind)).collect();
    println!("\n{:<14} {:>6} {:>12} {:>12} {:>7}", "evidence", "", "measured µs", "limit µs", "ratio");
    for subject in &SUBJECTS {
        for (name, counts) in [("cold", subject.cold), ("warm", subject.warm), ("known", subject.known)] {
            let limit: Option<f64> =
                counts.iter().zip(&one).map(|(count, cost)| cost.map(|cost| cost * *count as f64)).sum();
            if let (Some(measured), Some(limit)) = (estimate(subject.name, name), limit) {
                let (measured, limit) = (measured / 1e3, limit / 1e3);
                println!(
                    "{:<14} {name:>6} {measured:>12.1} {limit:>12.1} {:>7.2}",
                    subject.name,
                    measured / limit
                );
            }
        }
        if let Some(parse) = estimate(subject.name, "parse") {
            println!("{:<14} {:>6} {:>12.3}", subject.name, "parse", parse / 1e3);
        }
    }
}

/// Criterion's mean of a benchmark in nanoseconds.
fn estimate(group: &str, name: &str) -> Option<f64> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "../target".into());
    let path = Path::new(&target).join("criterion").join(group).join(name).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    estimates["mean"]["point_estimate"].as_f64()
}
