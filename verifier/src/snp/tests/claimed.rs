use super::super::endorsement::{Vek, recognise};
use super::super::{GuestPolicy, PlatformBit, PlatformInfo, PolicyBit, Product, SigningKey, Tcb};
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
    assert_eq!((policy.debug(), policy.migrate_ma(), policy.reserved_one()), (true, false, true));
    assert_eq!(policy.unknown_bits(), 0);
    let set = |policy: GuestPolicy| PolicyBit::ALL.into_iter().filter(move |bit| policy.has(*bit));
    let names = (16..26).map(|bit| set(GuestPolicy(1 << bit)).map(PolicyBit::as_str).collect::<String>());
    let expected = [
        "smt",
        "",
        "migrate-ma",
        "debug",
        "single-socket",
        "cxl",
        "aes-256-xts",
        "rapl-disabled",
        "ciphertext-hiding",
        "page-swap-disabled",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert_eq!(GuestPolicy(0x03ff_ffff).unknown_bits(), 0);
    assert_eq!(GuestPolicy(1 << 26 | 1 << 17).unknown_bits(), 1 << 26);
    assert_eq!((GuestPolicy(0).unknown_bits(), GuestPolicy(0).reserved_one()), (1 << 17, false));
}

#[test]
fn platform_bits_have_their_names() {
    let set = |info: PlatformInfo| PlatformBit::ALL.into_iter().filter(move |bit| info.has(*bit));
    let names = (0..9).map(|bit| set(PlatformInfo(1 << bit)).map(PlatformBit::as_str).collect::<String>());
    let expected = [
        "smt",
        "tsme",
        "ecc",
        "rapl-disabled",
        "ciphertext-hiding",
        "alias-check",
        "iommu-write-safe",
        "tio",
        "",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    // A real Turin machine: SMT, TSME, ECC, alias check, IOMMU write safe.
    assert_eq!((PlatformInfo(0x67).unknown_bits(), PlatformInfo(0x1ff).unknown_bits()), (0, 0x100));
}

#[test]
fn names_of_bits_in_policies_are_those_of_messages() {
    for bit in PolicyBit::ALL {
        assert_eq!(serde_json::to_value(bit).unwrap(), bit.as_str());
    }
    for bit in PlatformBit::ALL {
        assert_eq!(serde_json::to_value(bit).unwrap(), bit.as_str());
    }
}
