//! One certificate in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::x509::Certificate;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = Certificate::parse(bytes) {
        assert_eq!(certificate.der(), bytes);
        let _ = certificate.check_signed_by(&certificate);
    }
});
