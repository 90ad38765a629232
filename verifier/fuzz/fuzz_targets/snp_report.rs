//! The 1184 bytes of an SNP report.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::snp::Report;

fuzz_target!(|bytes: &[u8]| {
    let _ = Report::parse(bytes);
});
