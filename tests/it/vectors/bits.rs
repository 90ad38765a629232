//! Every bit of the words that hardware signs, alone, and what each must come to by the vendors' specifications.

use std::ops::RangeInclusive;

use sim::intel::QuoteForm;
use verifier::trust::Scope;

use super::record;
use crate::minted_dcap::case::Dcap;
use crate::minted_snp::case::Snp;
use crate::refused::{Case, accepting};

/// Bits, and the checks that fail where one of them is not as in the good case; of a refusal its kind first.
type Rule = (RangeInclusive<u32>, &'static [&'static str]);

/// Flips each bit of a word by itself; bits that no rule names change nothing.
fn each_bit(word: &str, bits: u32, rules: &[Rule], mint: impl Fn(u32) -> Case) {
    for bit in 0..bits {
        record::title(&format!("{word}, bit {bit}"));
        let verdict = mint(bit).verdict_stating(&["error", "failed"], &accepting(), Scope::Hardware);
        let kind = verdict.error.as_ref().map(|error| error.kind);
        let told: Vec<&str> = kind.into_iter().chain(verdict.failed().map(|check| check.id)).collect();
        let rule = rules.iter().find(|(bits, _)| bits.contains(&bit));
        assert_eq!(told, rule.map_or(&[][..], |(_, checks)| checks), "{word}, bit {bit}");
    }
}

/// AMD 56860, section 4.3: bits 15:0 are the ABI, 16 SMT, 18 migration, 19 debug, 20 to 25 demands on the platform.
#[test]
fn every_bit_of_snps_policy() {
    let rules: [Rule; 4] = [
        (17..=17, &["appraise.snp.policy-bits"]),
        (18..=18, &["appraise.migration"]),
        (19..=19, &["appraise.debug"]),
        (26..=63, &["appraise.snp.policy-bits"]),
    ];
    each_bit("POLICY", 64, &rules, |bit| Snp::good().but(|snp| snp.report.policy ^= 1 << bit).mint());
}

/// AMD 56860, table 23, PLATFORM_INFO: bit 5 is ALIAS_CHECK_COMPLETE, which the good machine has.
#[test]
fn every_bit_of_snps_platform_information() {
    let rules: [Rule; 2] =
        [(5..=5, &["appraise.snp.alias-check"]), (8..=63, &["appraise.snp.platform-bits"])];
    each_bit("PLATFORM_INFO", 64, &rules, |bit| {
        Snp::good().but(|snp| snp.report.platform_info ^= 1 << bit).mint()
    });
}

/// AMD 56860, table 23: AUTHOR_KEY_EN, MASK_CHIP_KEY, SIGNING_KEY in bits 4:2; the rest is reserved.
#[test]
fn every_bit_of_snps_key_information() {
    let rules: [Rule; 5] = [
        (0..=0, &["appraise.snp.author-key"]),
        (1..=1, &["appraise.snp.mask-chip-key"]),
        (2..=2, &["unfitting-vek", "snp.vek.found"]),
        (3..=4, &["snp-signing-key", "snp.report.signing-key"]),
        (5..=31, &["report-malformed"]),
    ];
    each_bit("KEY_INFO", 32, &rules, |bit| Snp::good().but(|snp| snp.report.key_info ^= 1 << bit).mint());
}

/// Intel TDX Module ABI, ATTRIBUTES: 7:0 are under debug, of them 0 and 6:4 are defined; 16, 27, 30, 31, 62 and 63 are features;
/// 17 is for service TDs, 28 is SEPT_VE_DISABLE, which the good guest has, 29 MIGRATABLE.
#[test]
fn every_bit_of_tdx_attributes() {
    let undefined = &["appraise.tdx.attributes"];
    let rules: [Rule; 10] = [
        (0..=0, &["appraise.debug"]),
        (1..=3, &["appraise.debug", "appraise.tdx.attributes"]),
        (4..=6, &["appraise.debug"]),
        (7..=7, &["appraise.debug", "appraise.tdx.attributes"]),
        (8..=15, undefined),
        (17..=17, &["appraise.tdx.service-td"]),
        (18..=26, undefined),
        (28..=28, &["appraise.tdx.sept-ve-disable"]),
        (29..=29, &["appraise.migration"]),
        (32..=61, undefined),
    ];
    each_bit("TDATTRIBUTES", 64, &rules, |bit| {
        Dcap::good().but(|dcap| dcap.td().td_attributes ^= 1 << bit).mint()
    });
}

/// Intel SDM volume 1, section 13.1 and TDX Module ABI, XFAM: x87 and SSE are always there, AVX-512 needs AVX, CET and AMX come in
/// pairs, PT, PKRU, UINTR and LBR may be there; nothing else exists in a TD.
#[test]
fn every_bit_of_tdx_xfam() {
    let rules: [Rule; 3] = [
        (0..=7, &["appraise.tdx.xfam"]),
        (10..=13, &["appraise.tdx.xfam"]),
        (16..=63, &["appraise.tdx.xfam"]),
    ];
    each_bit("XFAM", 64, &rules, |bit| Dcap::good().but(|dcap| dcap.td().xfam ^= 1 << bit).mint());
}

/// Intel PCS API version 4, tdxModuleIdentities: the attributes of the module are zeros under its whole mask.
#[test]
fn every_bit_of_the_tdx_modules_attributes() {
    let rules: [Rule; 1] = [(0..=63, &["tdx-module", "tdx.module.identity"])];
    each_bit("SEAMATTRIBUTES", 64, &rules, |bit| {
        Dcap::good().but(|dcap| flip(&mut dcap.td().seam_attributes, bit)).mint()
    });
}

/// Intel SDM volume 3D, section 34.7.1: INIT and MODE64BIT are always set, 1 is DEBUG; PROVISIONKEY, EINITTOKEN_KEY, CET, KSS and
/// AEXNOTIFY may be; the upper half is XFRM.
#[test]
fn every_bit_of_an_enclaves_attributes() {
    let flags = &["appraise.sgx.flags"];
    let rules: [Rule; 5] =
        [(0..=0, flags), (1..=1, &["appraise.debug"]), (2..=3, flags), (8..=9, flags), (11..=63, flags)];
    each_bit("ATTRIBUTES", 128, &rules, |bit| {
        Dcap::of(QuoteForm::Sgx).but(|dcap| flip(&mut dcap.enclave().attributes, bit)).mint()
    });
}

/// Each component of the platform's TCB one below its level (Intel PCS API version 4, tcbLevels).
#[test]
fn every_component_below_its_level_is_out_of_date() {
    for number in 0..16 {
        record::title(&format!("SGX component {number} of the level is one higher"));
        let higher = |dcap: &mut Dcap| {
            dcap.collateral.tcb_info.tcb_levels[0].tcb.sgx_components[number].svn += 1;
        };
        assert_eq!(status(&Dcap::good().but(higher).mint()), Some("OutOfDate"), "SGX component {number}");
    }
    // The first two are the module's own, which its identity judges.
    for number in 0..16 {
        record::title(&format!("TDX component {number} of the level is one higher"));
        let higher = |dcap: &mut Dcap| {
            let tcb = &mut dcap.collateral.tcb_info.tcb_levels[0].tcb;
            tcb.tdx_components.as_mut().unwrap()[number].svn += 1;
        };
        let expected = if number < 2 { "UpToDate" } else { "OutOfDate" };
        assert_eq!(status(&Dcap::good().but(higher).mint()), Some(expected), "TDX component {number}");
    }
}

fn status(case: &Case) -> Option<&'static str> {
    case.verdict_stating(&["tcb_status"], &accepting(), Scope::Hardware).tcb.status
}

fn flip(bytes: &mut [u8], bit: u32) {
    bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
}
