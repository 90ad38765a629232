//! The report's own claims, under its own names.

use super::bits::{PlatformBit, PolicyBit};
use super::facts::Facts;
use super::id_block::{IdBlockMismatch, IdBlockState};
use super::tcb::Tcb;
use crate::check::Fact;

/// Every fact of a verified report as named values, for verdicts, tokens and policies.
pub fn claims(facts: &Facts) -> Fact {
    let policy = facts.policy;
    let mut claims = vec![
        ("report_version", facts.version.into()),
        ("product", facts.product.as_str().into()),
        ("product_name", facts.product_name.clone().into()),
        ("signing_key", facts.signing_key.as_str().into()),
        ("csp_id", facts.csp_id.clone().map_or(Fact::None, Fact::from)),
        ("vmpl", facts.vmpl.into()),
        ("guest_svn", facts.guest_svn.into()),
        ("measurement", facts.measurement.into()),
        ("report_data", facts.report_data.into()),
        ("host_data", facts.host_data.into()),
        ("family_id", facts.family_id.into()),
        ("image_id", facts.image_id.into()),
        ("id_key_digest", facts.id_key_digest.into()),
        ("author_key_digest", facts.author_key_digest.into()),
        ("author_key_en", facts.author_key_en.into()),
        ("mask_chip_key", facts.mask_chip_key.into()),
        ("report_id", facts.report_id.into()),
        ("report_id_ma", facts.report_id_ma.into()),
        ("chip_id", facts.chip_id.into()),
        ("chip_id_masked", facts.chip_id_masked.into()),
        ("policy", guest_policy(facts)),
        ("policy_abi", format!("{}.{}", policy.abi_major(), policy.abi_minor()).into()),
        ("platform_info", platform_info(facts)),
        ("current_tcb", tcb(&facts.current_tcb)),
        ("reported_tcb", tcb(&facts.reported_tcb)),
        ("committed_tcb", tcb(&facts.committed_tcb)),
        ("launch_tcb", tcb(&facts.launch_tcb)),
        ("current_firmware", facts.current.to_string().into()),
        ("committed_firmware", facts.committed.to_string().into()),
        ("vek_sha256", facts.vek_fingerprint.into()),
        ("id_block", id_block(&facts.id_block)),
    ];
    if let Some(processor) = facts.processor {
        claims.push((
            "cpuid",
            Fact::Map(vec![
                ("family", processor.family.into()),
                ("model", processor.model.into()),
                ("stepping", processor.stepping.into()),
            ]),
        ));
    }
    if let Some(mitigation) = facts.mitigation {
        claims.push(("launch_mit_vector", mitigation.launch.into()));
        claims.push(("current_mit_vector", mitigation.current.into()));
    }
    Fact::Map(claims)
}

fn guest_policy(facts: &Facts) -> Fact {
    let policy = facts.policy;
    Fact::Map(vec![
        ("raw", policy.0.into()),
        ("smt", policy.has(PolicyBit::Smt).into()),
        ("migrate_ma", policy.has(PolicyBit::MigrateMa).into()),
        ("debug", policy.has(PolicyBit::Debug).into()),
        ("single_socket", policy.has(PolicyBit::SingleSocket).into()),
        ("cxl_allowed", policy.has(PolicyBit::Cxl).into()),
        ("mem_aes_256_xts", policy.has(PolicyBit::Aes256Xts).into()),
        ("rapl_disabled", policy.has(PolicyBit::RaplDisabled).into()),
        ("ciphertext_hiding", policy.has(PolicyBit::CiphertextHiding).into()),
        ("page_swap_disabled", policy.has(PolicyBit::PageSwapDisabled).into()),
        ("unknown_bits", policy.unknown_bits().into()),
    ])
}

fn platform_info(facts: &Facts) -> Fact {
    let info = facts.platform_info;
    Fact::Map(vec![
        ("raw", info.0.into()),
        ("smt_enabled", info.has(PlatformBit::Smt).into()),
        ("tsme_enabled", info.has(PlatformBit::Tsme).into()),
        ("ecc_enabled", info.has(PlatformBit::Ecc).into()),
        ("rapl_disabled", info.has(PlatformBit::RaplDisabled).into()),
        ("ciphertext_hiding_enabled", info.has(PlatformBit::CiphertextHiding).into()),
        ("alias_check_complete", info.has(PlatformBit::AliasCheck).into()),
        ("iommu_write_safe", info.has(PlatformBit::IommuWriteSafe).into()),
        ("tio_enabled", info.has(PlatformBit::Tio).into()),
        ("unknown_bits", info.unknown_bits().into()),
    ])
}

fn tcb(tcb: &Tcb) -> Fact {
    let mut parts = vec![
        ("bootloader", tcb.bootloader.into()),
        ("tee", tcb.tee.into()),
        ("snp", tcb.snp.into()),
        ("microcode", tcb.microcode.into()),
    ];
    if let Some(fmc) = tcb.fmc {
        parts.insert(0, ("fmc", fmc.into()));
    }
    Fact::Map(parts)
}

fn id_block(state: &IdBlockState) -> Fact {
    match state {
        IdBlockState::Absent => Fact::Map(vec![("state", "absent".into())]),
        IdBlockState::Verified { id_key_digest, author_key_digest, guest_svn } => Fact::Map(vec![
            ("state", "verified".into()),
            ("id_key_digest", (*id_key_digest).into()),
            ("author_key_digest", author_key_digest.map_or(Fact::None, Fact::from)),
            ("guest_svn", (*guest_svn).into()),
        ]),
        IdBlockState::Refuted(IdBlockMismatch { field, expected, actual }) => Fact::Map(vec![
            ("state", "refuted".into()),
            ("field", (*field).into()),
            ("expected", expected.clone().into()),
            ("actual", actual.clone().into()),
        ]),
    }
}
