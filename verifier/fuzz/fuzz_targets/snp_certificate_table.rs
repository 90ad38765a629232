//! The certificate table of SNP's extended guest request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::snp::parse_certificate_table;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificates) = parse_certificate_table(bytes) {
        let total: usize = certificates.iter().map(|der| der.len()).sum();
        assert!(total <= bytes.len().saturating_mul(certificates.len().max(1)));
    }
});
