//! Every body and every name that the broker protocol takes from the other side.
#![no_main]

use kbs_protocol::{
    Attestation, Challenge, ErrorInformation, Refusal, Request, ResourceUri, TeePublicKey, TokenResponse,
    evidence, jwe,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Request::parse(bytes);
    let _ = Challenge::parse(bytes);
    let _ = TokenResponse::parse(bytes);
    let _ = jwe::Response::parse(bytes);
    let _ = ErrorInformation::parse(bytes);
    if let Ok(attestation) = Attestation::parse(bytes) {
        let key = &attestation.runtime_data.tee_pubkey;
        let _ = TeePublicKey::parse(key);
        let evidence = &attestation.tee_evidence.primary_evidence;
        let _ = evidence::Snp::parse(evidence).map(|snp| snp.report());
        let _ = evidence::Tdx::parse(evidence).map(|tdx| tdx.quote());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Refusal::parse(text);
        let _ = ResourceUri::parse(text);
    }
});
