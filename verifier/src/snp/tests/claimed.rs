use super::super::endorsement::{Vek, recognise};
use super::super::{GuestPolicy, PlatformInfo, Product, SigningKey, Tcb};
use super::{GENOA_VCEK, MILAN_ASK, MILAN_VCEK, TURIN_VCEK};
use crate::x509::Certificate;

fn read(der: &[u8]) -> Vek {
    let certificate = Certificate::parse(der).unwrap();
    Vek::read(&certificate, recognise(&certificate).unwrap()).unwrap()
}

#[test]
fn real_vceks_say_what_they_are_for() {
    let milan = read(MILAN_VCEK);
    let chip_id = "d49554ec717f4e5b0fe6b143bcf0405bd7ae304727edf46603f2a76aef6a3abc\
                   15d7af38db757039029f0efacfd08e244324884738c72b082e2f87a44d541eb6";
    let expected = Vek {
        kind: SigningKey::Vcek,
        product: Product::Milan,
        product_name: "Milan-B0".to_owned(),
        tcb: Tcb { fmc: None, bootloader: 3, tee: 0, snp: 8, microcode: 115 },
        chip_id: Some(hex::decode(chip_id).unwrap()),
        csp_id: None,
    };
    assert_eq!(milan, expected);

    let genoa = read(GENOA_VCEK);
    let tcb = Tcb { fmc: None, bootloader: 7, tee: 0, snp: 11, microcode: 62 };
    assert_eq!((genoa.product, genoa.product_name.as_str(), genoa.tcb), (Product::Genoa, "Genoa", tcb));
}

#[test]
fn a_turin_vcek_has_an_fmc_and_an_eight_byte_chip_id() {
    let turin = read(TURIN_VCEK);
    assert_eq!(turin.product, Product::Turin);
    assert_eq!(turin.chip_id.map(|chip_id| chip_id.len()), Some(8));
    assert!(turin.tcb.fmc.is_some());
}

#[test]
fn an_authority_is_no_endorsement_of_a_report() {
    assert_eq!(recognise(&Certificate::parse(MILAN_ASK).unwrap()), None);
}

#[test]
fn policy_bits_have_their_names() {
    let policy = GuestPolicy(0x0009_011F | 1 << 17);
    assert_eq!((policy.abi_major(), policy.abi_minor()), (1, 0x1F));
    assert_eq!((policy.smt(), policy.migrate_ma(), policy.debug()), (true, false, true));
    assert_eq!(policy.unknown_bits(), 0);
    let single = |bit: u32| GuestPolicy(1 << bit | 1 << 17);
    assert!(single(18).migrate_ma());
    assert!(single(20).single_socket());
    assert!(single(21).cxl_allowed());
    assert!(single(22).mem_aes_256_xts());
    assert!(single(23).rapl_disabled());
    assert!(single(24).ciphertext_hiding());
    assert!(single(25).page_swap_disabled());
    assert_eq!(single(25).unknown_bits(), 0);
    assert_eq!(single(26).unknown_bits(), 1 << 26);
    assert_eq!(GuestPolicy(0).unknown_bits(), 1 << 17);
}

#[test]
fn platform_bits_have_their_names() {
    let info = PlatformInfo(0b0010_0101);
    assert_eq!((info.smt_enabled(), info.tsme_enabled(), info.ecc_enabled()), (true, false, true));
    assert_eq!((info.alias_check_complete(), info.unknown_bits()), (true, 0));
    assert!(PlatformInfo(1 << 1).tsme_enabled());
    assert!(PlatformInfo(1 << 3).rapl_disabled());
    assert!(PlatformInfo(1 << 4).ciphertext_hiding_enabled());
    assert!(PlatformInfo(1 << 7).tio_enabled());
    assert_eq!(PlatformInfo(1 << 6).unknown_bits(), 1 << 6);
}
