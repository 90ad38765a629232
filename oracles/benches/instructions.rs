//! Instructions of one operation of each contender, counted by valgrind: `cargo xtask bench-peers --instructions`.
#![allow(missing_docs, reason = "the macros make items without any")]

use gungraun::{library_benchmark, library_benchmark_group, main};
use oracles::bench::{Contender, contenders};

/// The contender whose evidence and name are these; it has verified once.
fn contender((evidence, name): (&str, &str)) -> Contender {
    let is_meant = |contender: &Contender| contender.evidence == evidence && contender.name == name;
    contenders().into_iter().find(is_meant).expect("a contender of this build")
}

#[library_benchmark(setup = contender)]
#[bench::tdx_cold(("TDX quote v4", "vouchsafe, cold"))]
#[bench::tdx_warm(("TDX quote v4", "vouchsafe, warm"))]
#[bench::tdx_known(("TDX quote v4", "vouchsafe, known"))]
#[bench::tdx_parse(("TDX quote v4", "vouchsafe, parse"))]
#[bench::tdx_dcap_qvl_ring(("TDX quote v4", "dcap-qvl, ring"))]
#[bench::tdx_dcap_qvl_rustcrypto(("TDX quote v4", "dcap-qvl, RustCrypto"))]
#[bench::snp_cold(("SNP report v2", "vouchsafe, cold"))]
#[bench::snp_warm(("SNP report v2", "vouchsafe, warm"))]
#[bench::snp_known(("SNP report v2", "vouchsafe, known"))]
#[bench::snp_parse(("SNP report v2", "vouchsafe, parse"))]
#[bench::snp_sev_chain_and_report(("SNP report v2", "sev, RustCrypto, chain and report"))]
#[bench::snp_sev_report_alone(("SNP report v2", "sev, RustCrypto, report alone"))]
fn once(contender: Contender) -> Contender {
    (contender.work)();
    contender
}

library_benchmark_group!(name = instructions, benchmarks = once);
main!(library_benchmark_groups = instructions);
