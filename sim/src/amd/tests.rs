use super::vendor::{amd_name, ark_fields, endorsement_fields, intermediate_fields};
use super::*;
use crate::testing::{extension_value, spki, to_be_signed};
use crate::x509::{AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER};
use crate::{MintError, SeededRng};

const REAL_REPORTS: [&[u8]; 2] = [
    include_bytes!("../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/report.bin"),
    include_bytes!("../../../fixtures/snp/snp-8253e98e04-genoa-v2-vcek/report.bin"),
];
const MILAN_ARK: &[u8] = include_bytes!("../../../vendor-certs/amd/milan/ark.der");
const MILAN_ASK: &[u8] = include_bytes!("../../../vendor-certs/amd/milan/ask.der");
const TURIN_VCEK: &[u8] = include_bytes!("../../../fixtures/certificates/vcek-turin.der");

/// id-ce-subjectKeyIdentifier and id-ce-authorityKeyIdentifier with their tag.
const SKI: &[u8] = b"\x06\x03\x55\x1d\x0e";
const AKI: &[u8] = b"\x06\x03\x55\x1d\x23";

#[test]
fn writes_the_signed_bytes_of_real_reports_again_from_their_fields() {
    for report in REAL_REPORTS {
        assert_eq!(ReportFields::decode(report).unwrap().encode()[..], report[..0x2a0]);
    }
}

#[test]
fn reads_every_minted_field_back() {
    let chip = Chip::new(Product::Genoa, &mut SeededRng::new("every field"));
    for version in [2, 3, 5] {
        let mut fields = chip.report(version, SigningChoice::Vcek, [0x11; 64]);
        fields.guest_svn = 0x0102_0304;
        fields.family_id = [0xfa; 16];
        fields.image_id = [0x1a; 16];
        fields.vmpl = 3;
        fields.host_data = [0xd0; 32];
        fields.id_key_digest = [0x1d; 48];
        fields.author_key_digest = [0xa0; 48];
        assert_eq!(ReportFields::decode(&fields.encode()).unwrap(), fields);
    }
}

#[test]
fn takes_no_report_with_a_reserved_byte_apart() {
    let mut report = REAL_REPORTS[0].to_vec();
    report[0x29f] = 1;
    let structure = "the signed part of an SNP report";
    assert_eq!(ReportFields::decode(&report), Err(MintError::Form { structure, offset: 0x2a0 }));
}

#[test]
fn lays_the_levels_out_as_the_product_does() {
    let tcb = Tcb { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 5 };
    let layouts = Product::ALL.map(|product| tcb.encode(product));
    assert_eq!(layouts, [[2, 3, 0, 0, 0, 0, 4, 5], [2, 3, 0, 0, 0, 0, 4, 5], [1, 2, 3, 4, 0, 0, 0, 5]]);
}

#[test]
fn writes_amds_root_again() {
    let mut fields = ark_fields(Product::Milan, spki(MILAN_ARK), 0);
    (fields.not_before, fields.not_after) = (1_603_387_385, 2_392_305_785);
    fields.extension_mut(&SUBJECT_KEY_IDENTIFIER).unwrap().value = extension_value(MILAN_ARK, SKI);
    assert_eq!(fields.to_be_signed().unwrap(), to_be_signed(MILAN_ARK));
}

#[test]
fn writes_amds_intermediate_again() {
    let ark = ark_fields(Product::Milan, spki(MILAN_ARK), 0);
    let mut fields = intermediate_fields(&ark, Product::Milan, "SEV", 1, spki(MILAN_ASK), 0);
    (fields.not_before, fields.not_after) = (1_603_391_060, 2_392_309_460);
    fields.extension_mut(&SUBJECT_KEY_IDENTIFIER).unwrap().value = extension_value(MILAN_ASK, SKI);
    fields.extension_mut(&AUTHORITY_KEY_IDENTIFIER).unwrap().value = extension_value(MILAN_ASK, AKI);
    assert_eq!(fields.to_be_signed().unwrap(), to_be_signed(MILAN_ASK));
}

#[test]
fn writes_amds_endorsement_certificate_again() {
    let mut chip = Chip::new(Product::Turin, &mut SeededRng::new("turin"));
    chip.tcb = Tcb { fmc: 0, bootloader: 0, tee: 0, snp: 0, microcode: 9 };
    chip.id[..8].copy_from_slice(&[0x1e, 0x55, 0x0a, 0x8e, 0xe5, 0xcf, 0x9f, 0x4d]);
    let mut fields = endorsement_fields(amd_name("SEV-Turin"), &chip, SigningChoice::Vcek, 0);
    fields.spki = spki(TURIN_VCEK);
    fields.tbs_algorithm = pss_algorithm(PssEncoding::DefaultTrailer);
    (fields.not_before, fields.not_after) = (1_730_927_640, 1_951_766_040);
    assert_eq!(fields.to_be_signed().unwrap(), to_be_signed(TURIN_VCEK));
}

#[test]
fn writes_a_table_of_certificates() {
    let entry = |guid, byte| CertificateTableEntry { guid, certificate: vec![byte; 3] };
    let table = certificate_table(&[entry(guid::VCEK, 1), entry(guid::ASK, 2)]).unwrap();
    let expected = [
        &guid::VCEK[..],
        &[72, 0, 0, 0, 3, 0, 0, 0],
        &guid::ASK,
        &[75, 0, 0, 0, 3, 0, 0, 0],
        &[0; 24],
        &[1; 3],
        &[2; 3],
    ]
    .concat();
    assert_eq!(table, expected);
}
