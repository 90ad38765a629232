//! An SNP ID block with its authentication information, as bytes and as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier::endorsements::Endorsements;
use verifier::snp::IdBlock;

fuzz_target!(|bytes: &[u8]| {
    let parsed = IdBlock::parse(bytes);
    let mut endorsements = Endorsements::new();
    let _ = endorsements.add("fuzz", bytes);
    // What the parser takes is recognised by its content, and what is not of its size is taken as JSON alone.
    let json = bytes.trim_ascii_start().first() == Some(&b'{');
    assert!(parsed.is_err() || endorsements.id_blocks().len() == 1);
    assert!(parsed.is_ok() || json || endorsements.id_blocks().is_empty());
});
