//! What is measured: one function a contender, each from bytes in memory to a verdict.

use std::hint::black_box;
use std::sync::Mutex;

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::config::Config;
use dcap_qvl::configs::RustCryptoConfig;
use dcap_qvl::verify::QuoteVerifier;
use sev::certs::snp::{Chain, Verifiable as _};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser as _;
use verifier::anchors::{Anchors, Vendor};
use verifier::check::Trail;
use verifier::crypto::{CryptoError, Signature, SignatureAlgorithm};
use verifier::endorsements::Endorsements;
use verifier::evidence::{Evidence, EvidenceInput};
use verifier::expected::Expected;
use verifier::time::UnixTime;
use verifier::verify::verify;
use verifier::x509::{Certificate, pem_blocks};

use crate::peers::body_and_signature;
use crate::real_collateral;

/// One verifier doing one thing.
pub struct Contender {
    /// Which evidence.
    pub evidence: &'static str,
    /// Who, with which library for the signatures, and what of it.
    pub name: &'static str,
    /// What it does.
    pub work: Box<dyn Fn() + Sync>,
}

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../fixtures/", $path)).as_slice()
    };
}

const REPORT: &[u8] = fixture!("snp/snp-120d77b213-milan-v2-vcek/report.bin");
const VCEK: &[u8] = fixture!("snp/snp-120d77b213-milan-v2-vcek/vek.der");
const ASK: &[u8] = fixture!("snp/snp-120d77b213-milan-v2-vcek/ask.der");
const REPORT_AT: &str = "2023-05-03T19:23:43Z";

const QUOTE: &[u8] = fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin");
const TCB_INFO: &[u8] = fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/tcb_info.json");
const QE_IDENTITY: &[u8] =
    fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/qe_identity.json");
const SIGNING_CHAIN: &[u8] =
    fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/tcb_signing_chain.pem");
const ROOT_CRL: &[u8] = fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/root_crl.der");
const PCK_CRL: &[u8] = fixture!("tdx/quote-3a3a729320-v4-body2-b0c06f000000/collateral-0/pck_crl.der");
const QUOTE_AT: &str = "2025-07-04T10:16:31Z";

/// Every contender of this build; each has verified once when this returns.
pub fn contenders() -> Vec<Contender> {
    let mut all = Vec::new();
    all.extend(limits());
    all.extend(ours("TDX quote v4", QUOTE, QUOTE_AT, tdx_endorsements));
    all.push(dcap_qvl::<RustCryptoConfig>("dcap-qvl, RustCrypto"));
    #[cfg(feature = "ring")]
    all.push(dcap_qvl::<dcap_qvl::configs::RingConfig>("dcap-qvl, ring"));
    all.extend(ours("SNP report v2", REPORT, REPORT_AT, snp_endorsements));
    all.extend(sev());
    for contender in &all {
        (contender.work)();
    }
    all
}

/// One verification of each kind with the library that our verifier uses, key and signature ready: what a verification of
/// evidence cannot do without.
fn limits() -> [Contender; 3] {
    let signer = Certificate::parse(&first_block(SIGNING_CHAIN)).expect("Intel's TCB signer");
    let (body, signature) = body_and_signature(QE_IDENTITY, "enclaveIdentity").expect("real collateral");
    let p256 = move || {
        let signature = Signature::EcdsaFixed(black_box(&signature));
        signer.public_key().verify(SignatureAlgorithm::EcdsaP256Sha256, body.as_bytes(), signature)
    };
    // AMD SEV-SNP ABI, tables 23 and 139: signed are the first 672 bytes; r and s are little-endian in 72 bytes each.
    let (vek, signed) = (Certificate::parse(VCEK).expect("a VCEK"), &REPORT[..672]);
    let scalar = |at: usize| REPORT[at..at + 48].iter().rev().copied();
    let report_signature: Vec<u8> = scalar(672).chain(scalar(672 + 72)).collect();
    let p384 = move || {
        let signature = Signature::EcdsaFixed(black_box(&report_signature));
        vek.public_key().verify(SignatureAlgorithm::EcdsaP384Sha384, signed, signature)
    };
    let (issuer, vek) = (Certificate::parse(ASK).expect("an ASK"), Certificate::parse(VCEK).expect("a VCEK"));
    let rsa = move || {
        // The signature of RSA-4096 is the certificate's last 512 bytes.
        let signature = Signature::Rsa(black_box(&VCEK[VCEK.len() - 512..]));
        issuer.public_key().verify(SignatureAlgorithm::RsaPssSha384, vek.tbs(), signature)
    };
    let contender = |name, work: Box<dyn Fn() -> Result<(), CryptoError> + Sync>| {
        let work = Box::new(move || work().expect("a real signature"));
        Contender { evidence: "one signature", name, work }
    };
    [
        contender("aws-lc-rs, P-256", Box::new(p256)),
        contender("aws-lc-rs, P-384", Box::new(p384)),
        contender("aws-lc-rs, RSA-4096-PSS", Box::new(rsa)),
    ]
}

fn first_block(pem: &[u8]) -> Vec<u8> {
    pem_blocks(pem, 4).expect("PEM").swap_remove(0).1
}

fn tdx_endorsements() -> Endorsements {
    parsed(&[TCB_INFO, QE_IDENTITY, SIGNING_CHAIN, ROOT_CRL, PCK_CRL])
}

fn snp_endorsements() -> Endorsements {
    parsed(&[VCEK, ASK])
}

fn parsed(files: &[&[u8]]) -> Endorsements {
    let mut endorsements = Endorsements::new();
    for file in files {
        endorsements.add("file", black_box(file)).expect("real endorsements");
    }
    endorsements
}

/// Cold: everything from bytes. Warm: the endorsements were verified before, and the evidence with the certificate of its
/// machine is new. Known: the machine was verified before too. Parse: the fields of the evidence alone.
fn ours(
    evidence: &'static str,
    bytes: &'static [u8],
    at: &str,
    endorsements: impl Fn() -> Endorsements + Copy + Sync + 'static,
) -> [Contender; 4] {
    let now = UnixTime::parse_rfc3339(at).expect("an instant");
    let judge = move |input: &EvidenceInput, anchors: &Anchors, endorsements: &Endorsements| {
        let parsed = Evidence::parse(black_box(input)).expect("real evidence");
        let mut trail = Trail::new();
        let expected = Expected::report_data(parsed.report_data().try_into().expect("64 bytes"));
        let verified = verify(&parsed, endorsements, anchors, &expected, now, &mut trail);
        black_box(verified.expect("real evidence verifies at its instant"));
    };
    let decode = move || EvidenceInput::decode(black_box(bytes), None).expect("real evidence");
    let anchors = || Anchors::vendor().expect("the pinned roots");
    let (cold_anchors, warm_anchors, known_anchors) = (anchors(), anchors(), anchors());
    let (warm_input, known_input, parse_input) = (decode(), decode(), decode());
    // One for each of two threads: whoever forgets the machine must not find that the other has just got to know it.
    let warm_endorsements = [Mutex::new(endorsements()), Mutex::new(endorsements())];
    for endorsements in &warm_endorsements {
        judge(&warm_input, &warm_anchors, &endorsements.lock().expect("nobody failed"));
    }
    let known_endorsements = endorsements();
    judge(&known_input, &known_anchors, &known_endorsements);
    let warm = move || {
        let free = warm_endorsements.iter().find_map(|one| one.try_lock().ok());
        let endorsements = free.expect("two threads at most");
        endorsements.forget_leaves();
        judge(&warm_input, &warm_anchors, &endorsements);
    };
    let known = move || judge(&known_input, &known_anchors, &known_endorsements);
    let contender = |name, work| Contender { evidence, name, work };
    [
        contender("vouchsafe, cold", Box::new(move || judge(&decode(), &cold_anchors, &endorsements()))),
        contender("vouchsafe, warm", Box::new(warm)),
        contender("vouchsafe, known", Box::new(known)),
        contender(
            "vouchsafe, parse",
            Box::new(move || {
                black_box(Evidence::parse(black_box(&parse_input)).expect("real evidence"));
            }),
        ),
    ]
}

fn dcap_qvl<C: Config + Sync + 'static>(name: &'static str) -> Contender
where
    QuoteVerifier<C>: Sync,
{
    let now =
        u64::try_from(UnixTime::parse_rfc3339(QUOTE_AT).expect("an instant").secs()).expect("after 1970");
    let (collateral, verifier) = (collateral(), QuoteVerifier::<C>::new_with_config(root(Vendor::Intel)));
    let work = move || {
        let verified = verifier.verify(black_box(QUOTE), black_box(&collateral), now);
        black_box(verified.expect("real evidence verifies at its instant"));
    };
    Contender { evidence: "TDX quote v4", name, work: Box::new(work) }
}

fn collateral() -> QuoteCollateralV3 {
    let files = [
        ("tcb_info.json", TCB_INFO),
        ("qe_identity.json", QE_IDENTITY),
        ("tcb_signing_chain.pem", SIGNING_CHAIN),
        ("root_crl.der", ROOT_CRL),
        ("pck_crl.der", PCK_CRL),
    ];
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).to_vec();
    real_collateral(QUOTE, &files).expect("real collateral")
}

fn root(vendor: Vendor) -> Vec<u8> {
    let anchors = Anchors::vendor().expect("the pinned roots");
    let der = |root: &verifier::anchors::Anchor| root.certificate.der().to_vec();
    anchors.of(vendor).map(der).find(|der| meant(der)).expect("a pinned root")
}

/// Of Intel's two certificates for one key the one that the chain has; AMD's for Milan.
fn meant(der: &[u8]) -> bool {
    let root = Certificate::parse(der).expect("a pinned root");
    let milan = root.subject_common_name() == Some("ARK-Milan");
    let carried = pem_blocks(SIGNING_CHAIN, 4).expect("PEM");
    milan || carried.iter().any(|(_, carried)| carried == der)
}

#[cfg(feature = "openssl")]
const SEV: [&str; 2] = ["sev, OpenSSL, chain and report", "sev, OpenSSL, report alone"];
#[cfg(not(feature = "openssl"))]
const SEV: [&str; 2] = ["sev, RustCrypto, chain and report", "sev, RustCrypto, report alone"];

fn sev() -> [Contender; 2] {
    let ark = root(Vendor::Amd);
    let vek = sev::certs::snp::Certificate::from_der(VCEK).expect("a VCEK");
    let report = || AttestationReport::from_bytes(black_box(REPORT)).expect("a report");
    let whole = move || {
        let chain = Chain::from_der(black_box(&ark), black_box(ASK), black_box(VCEK)).expect("a chain");
        (&chain, &report()).verify().expect("real evidence");
    };
    let alone = move || (&vek, &report()).verify().expect("real evidence");
    let [first, second] = SEV;
    let contender = |name, work| Contender { evidence: "SNP report v2", name, work };
    [contender(first, Box::new(whole)), contender(second, Box::new(alone))]
}
