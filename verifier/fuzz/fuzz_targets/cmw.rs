//! A conceptual message wrapper: what is read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::cmw::Cmw;
use verifier::evidence::EvidenceInput;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(cmw) = Cmw::parse(bytes) {
        assert_eq!(Cmw::parse(cmw.to_json().as_bytes()), Ok(cmw));
        let _ = EvidenceInput::decode(bytes, None);
    }
});
