//! SEV-SNP as Trustee has it: a flat form that older policies read, and `evidence`, the whole report.
//!
//! Both come from `parse_tee_evidence` in Trustee's `deps/verifier/src/snp/mod.rs`. Numbers are numbers, bits are
//! truth values, bytes are hexadecimal in the report's order.

use crate::check::Fact;
use crate::snp::{Facts, Firmware, PlatformBit, PolicyBit, SigningKey, Tcb};

pub(super) fn claims(facts: &Facts) -> Fact {
    let (policy, platform, tcb) = (facts.policy, facts.platform_info, facts.reported_tcb);
    Fact::Map(vec![
        ("measurement", facts.measurement.into()),
        ("policy_abi_major", policy.abi_major().into()),
        ("policy_abi_minor", policy.abi_minor().into()),
        ("policy_smt_allowed", policy.has(PolicyBit::Smt).into()),
        ("policy_migrate_ma", policy.has(PolicyBit::MigrateMa).into()),
        ("policy_debug_allowed", policy.has(PolicyBit::Debug).into()),
        ("policy_single_socket", policy.has(PolicyBit::SingleSocket).into()),
        ("reported_tcb_bootloader", tcb.bootloader.into()),
        ("reported_tcb_tee", tcb.tee.into()),
        ("reported_tcb_snp", tcb.snp.into()),
        ("reported_tcb_microcode", tcb.microcode.into()),
        ("platform_tsme_enabled", platform.has(PlatformBit::Tsme).into()),
        ("platform_smt_enabled", platform.has(PlatformBit::Smt).into()),
        ("generation", facts.product.as_str().into()),
        ("evidence", report(facts)),
    ])
}

fn report(facts: &Facts) -> Fact {
    let processor = facts.processor;
    let cpuid = |part: Option<u8>| part.map_or(Fact::None, Fact::from);
    let mitigation = |vector: Option<u64>| vector.map_or(Fact::None, Fact::from);
    Fact::Map(vec![
        ("version", facts.version.into()),
        ("guest_svn", facts.guest_svn.into()),
        ("policy", policy(facts)),
        ("family_id", facts.family_id.into()),
        ("image_id", facts.image_id.into()),
        ("vmpl", facts.vmpl.into()),
        ("sig_algo", ECDSA_P384_SHA384.into()),
        ("current_tcb", tcb(&facts.current_tcb)),
        ("plat_info", platform(facts)),
        ("key_info", key_info(facts)),
        ("measurement", facts.measurement.into()),
        ("report_data", facts.report_data.into()),
        ("host_data", facts.host_data.into()),
        ("id_key_digest", facts.id_key_digest.into()),
        ("author_key_digest", facts.author_key_digest.into()),
        ("report_id", facts.report_id.into()),
        ("report_id_ma", facts.report_id_ma.into()),
        ("reported_tcb", tcb(&facts.reported_tcb)),
        ("cpu_id_fam_id", cpuid(processor.map(|processor| processor.family))),
        ("cpu_id_mod_id", cpuid(processor.map(|processor| processor.model))),
        ("cpu_id_step", cpuid(processor.map(|processor| processor.stepping))),
        ("chip_id", facts.chip_id.into()),
        ("committed_tcb", tcb(&facts.committed_tcb)),
        ("current", firmware(facts.current)),
        ("committed", firmware(facts.committed)),
        ("launch_tcb", tcb(&facts.launch_tcb)),
        ("launch_mit_vector", mitigation(facts.mitigation.map(|vectors| vectors.launch))),
        ("current_mit_vector", mitigation(facts.mitigation.map(|vectors| vectors.current))),
    ])
}

fn policy(facts: &Facts) -> Fact {
    let policy = facts.policy;
    Fact::Map(vec![
        ("abi_major", policy.abi_major().into()),
        ("abi_minor", policy.abi_minor().into()),
        ("smt_allowed", policy.has(PolicyBit::Smt).into()),
        ("migrate_ma_allowed", policy.has(PolicyBit::MigrateMa).into()),
        ("debug_allowed", policy.has(PolicyBit::Debug).into()),
        ("single_socket_required", policy.has(PolicyBit::SingleSocket).into()),
        ("cxl_allowed", policy.has(PolicyBit::Cxl).into()),
        ("mem_aes_256_xts", policy.has(PolicyBit::Aes256Xts).into()),
        ("rapl_dis", policy.has(PolicyBit::RaplDisabled).into()),
        ("ciphertext_hiding", policy.has(PolicyBit::CiphertextHiding).into()),
        ("page_swap_disabled", policy.has(PolicyBit::PageSwapDisabled).into()),
    ])
}

fn platform(facts: &Facts) -> Fact {
    let info = facts.platform_info;
    Fact::Map(vec![
        ("smt_enabled", info.has(PlatformBit::Smt).into()),
        ("tsme_enabled", info.has(PlatformBit::Tsme).into()),
        ("ecc_enabled", info.has(PlatformBit::Ecc).into()),
        ("rapl_disabled", info.has(PlatformBit::RaplDisabled).into()),
        ("ciphertext_hiding_enabled", info.has(PlatformBit::CiphertextHiding).into()),
        ("alias_check_complete", info.has(PlatformBit::AliasCheck).into()),
        ("tio_enabled", info.has(PlatformBit::Tio).into()),
    ])
}

fn key_info(facts: &Facts) -> Fact {
    // 0x048 bits 4:2, SIGNING_KEY (AMD 56860 section 7.3).
    let signing_key: u32 = match facts.signing_key {
        SigningKey::Vcek => 0,
        SigningKey::Vlek => 1,
    };
    Fact::Map(vec![
        ("author_key_en", facts.author_key_en.into()),
        ("mask_chip_key", facts.mask_chip_key.into()),
        ("signing_key", signing_key.into()),
    ])
}

fn tcb(tcb: &Tcb) -> Fact {
    Fact::Map(vec![
        ("fmc", tcb.fmc.map_or(Fact::None, Fact::from)),
        ("bootloader", tcb.bootloader.into()),
        ("tee", tcb.tee.into()),
        ("snp", tcb.snp.into()),
        ("microcode", tcb.microcode.into()),
    ])
}

fn firmware(version: Firmware) -> Fact {
    Fact::Map(vec![
        ("major", version.major.into()),
        ("minor", version.minor.into()),
        ("build", version.build.into()),
    ])
}

/// SIGNATURE_ALGO of every report that verifies.
const ECDSA_P384_SHA384: u32 = 1;
