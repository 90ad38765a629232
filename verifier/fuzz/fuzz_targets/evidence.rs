//! Evidence in any form: raw bytes, or the CoCo JSON of a TEE.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::evidence::{Evidence, EvidenceInput, Tee};

fuzz_target!(|bytes: &[u8]| {
    for tee in
        [None, Some(Tee::Snp), Some(Tee::Tdx), Some(Tee::Sgx), Some(Tee::Sample), Some(Tee::SampleDevice)]
    {
        if let Ok(input) = EvidenceInput::decode(bytes, tee) {
            let _ = Evidence::parse(&input);
        }
    }
});
