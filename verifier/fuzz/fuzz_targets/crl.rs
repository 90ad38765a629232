//! One CRL in DER, and a look-up in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::x509::Crl;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(crl) = Crl::parse(bytes) {
        let _ = crl.revoked(&[1]);
    }
});
