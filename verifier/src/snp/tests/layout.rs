use super::super::{
    Firmware, Processor, Product, REPORT_SIZE, Report, ReportError, SigningKey, SnpError, Tcb,
};
use super::MILAN_REPORT;
use crate::reader::ReadError;

fn edited(edits: &[(usize, u8)]) -> Vec<u8> {
    let mut report = MILAN_REPORT.to_vec();
    for (offset, value) in edits {
        report[*offset] = *value;
    }
    report
}

fn reserved(offset: usize, end: usize) -> ReportError {
    ReportError::Read(ReadError::Reserved { structure: "SNP report", offset, end })
}

#[test]
fn every_field_lies_where_the_specification_puts_it() {
    // Each byte of the fields gets a value of its own, little endian numbers included.
    let mut bytes: Vec<u8> = (0..REPORT_SIZE).map(|offset| (offset % 251) as u8).collect();
    bytes[..4].copy_from_slice(&5u32.to_le_bytes());
    bytes[0x48..0x4C].copy_from_slice(&0b0_0111_u32.to_le_bytes());
    for (start, end) in [
        (0x4C, 0x50),
        (0x18B, 0x1A0),
        (0x1EB, 0x1EC),
        (0x1EF, 0x1F0),
        (0x208, 0x2A0),
        (0x2D0, 0x2E8),
        (0x318, 0x330),
        (0x330, 0x4A0),
    ] {
        bytes[start..end].fill(0);
    }
    let u32_at = |offset: usize| u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap());
    let u64_at = |offset: usize| u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap());
    let expected = Report {
        signed: bytes[..0x2A0].try_into().unwrap(),
        version: 5,
        guest_svn: u32_at(0x4),
        policy: u64_at(0x8),
        family_id: bytes[0x10..0x20].try_into().unwrap(),
        image_id: bytes[0x20..0x30].try_into().unwrap(),
        vmpl: u32_at(0x30),
        signature_algorithm: u32_at(0x34),
        current_tcb: bytes[0x38..0x40].try_into().unwrap(),
        platform_info: u64_at(0x40),
        author_key_en: true,
        mask_chip_key: true,
        signing_key: 1,
        report_data: bytes[0x50..0x90].try_into().unwrap(),
        measurement: bytes[0x90..0xC0].try_into().unwrap(),
        host_data: bytes[0xC0..0xE0].try_into().unwrap(),
        id_key_digest: bytes[0xE0..0x110].try_into().unwrap(),
        author_key_digest: bytes[0x110..0x140].try_into().unwrap(),
        report_id: bytes[0x140..0x160].try_into().unwrap(),
        report_id_ma: bytes[0x160..0x180].try_into().unwrap(),
        reported_tcb: bytes[0x180..0x188].try_into().unwrap(),
        processor: Some(Processor { family: bytes[0x188], model: bytes[0x189], stepping: bytes[0x18A] }),
        chip_id: bytes[0x1A0..0x1E0].try_into().unwrap(),
        committed_tcb: bytes[0x1E0..0x1E8].try_into().unwrap(),
        current: Firmware { build: bytes[0x1E8], minor: bytes[0x1E9], major: bytes[0x1EA] },
        committed: Firmware { build: bytes[0x1EC], minor: bytes[0x1ED], major: bytes[0x1EE] },
        launch_tcb: bytes[0x1F0..0x1F8].try_into().unwrap(),
        launch_mit_vector: Some(u64_at(0x1F8)),
        current_mit_vector: Some(u64_at(0x200)),
        signature_r: bytes[0x2A0..0x2D0].try_into().unwrap(),
        signature_s: bytes[0x2E8..0x318].try_into().unwrap(),
    };
    assert_eq!(Report::parse(&bytes), Ok(expected));
}

#[test]
fn the_signature_is_big_endian_r_then_s() {
    let report = Report::parse(MILAN_REPORT).unwrap();
    let mut expected: Vec<u8> = MILAN_REPORT[0x2A0..0x2D0].iter().rev().copied().collect();
    expected.extend(MILAN_REPORT[0x2E8..0x318].iter().rev());
    assert_eq!(report.signature().to_vec(), expected);
}

#[test]
fn only_versions_two_to_five_are_read() {
    let version = |version| Report::parse(&edited(&[(0, version)])).map(|report| report.version);
    let refused = |actual| Err(ReportError::Version { actual });
    assert_eq!(version(1), refused(1));
    assert_eq!(version(2), Ok(2));
    assert_eq!(version(3), Ok(3));
    assert_eq!(version(4), Ok(4));
    assert_eq!(version(5), Ok(5));
    assert_eq!(version(6), refused(6));
    assert_eq!(version(0), refused(0));
    assert_eq!(
        Report::parse(&edited(&[(3, 1)])).map(|report| report.version),
        Err(ReportError::Version { actual: 0x0100_0002 })
    );
}

#[test]
fn a_report_has_exactly_its_size() {
    let size = |bytes: &[u8]| Report::parse(bytes).map(|report| report.version);
    let refused = |actual| Err(ReportError::Size { expected: 1184, actual });
    assert_eq!(size(MILAN_REPORT), Ok(2));
    assert_eq!(size(&MILAN_REPORT[..1183]), refused(1183));
    assert_eq!(size(&[MILAN_REPORT, &[0]].concat()), refused(1185));
    assert_eq!(size(&[]), refused(0));
}

#[test]
fn every_reserved_range_must_be_zero_in_its_first_and_last_byte() {
    for (version, start, end) in [
        (2, 0x4C, 0x50),
        (2, 0x188, 0x1A0),
        (2, 0x1EB, 0x1EC),
        (2, 0x1EF, 0x1F0),
        (2, 0x1F8, 0x2A0),
        (3, 0x18B, 0x1A0),
        (3, 0x1F8, 0x2A0),
        (4, 0x18B, 0x1A0),
        (4, 0x1F8, 0x2A0),
        (5, 0x18B, 0x1A0),
        (5, 0x208, 0x2A0),
        (2, 0x2D0, 0x2E8),
        (2, 0x318, 0x330),
        (2, 0x330, 0x4A0),
    ] {
        for offset in [start, end - 1] {
            let report = edited(&[(0, version), (offset, 1)]);
            assert_eq!(Report::parse(&report), Err(reserved(start, end)), "version {version}, {offset:#x}");
        }
    }
}

#[test]
fn the_processor_appears_with_version_three_and_mitigations_with_five() {
    let processor = Processor { family: 0x19, model: 1, stepping: 2 };
    let cpuid = [(0x188, 0x19), (0x189, 1), (0x18A, 2)];
    let fields = |version, more: &[(usize, u8)]| {
        let edits = [&[(0, version)][..], &cpuid, more].concat();
        Report::parse(&edited(&edits))
            .map(|report| (report.processor, report.launch_mit_vector, report.current_mit_vector))
    };
    assert_eq!(fields(2, &[]), Err(reserved(0x188, 0x1A0)));
    assert_eq!(fields(3, &[]), Ok((Some(processor), None, None)));
    assert_eq!(fields(4, &[]), Ok((Some(processor), None, None)));
    assert_eq!(fields(4, &[(0x1F8, 7)]), Err(reserved(0x1F8, 0x2A0)));
    assert_eq!(fields(5, &[(0x1F8, 7), (0x200, 3)]), Ok((Some(processor), Some(7), Some(3))));
}

#[test]
fn key_information_beyond_its_five_bits_is_refused() {
    let parsed = |value| Report::parse(&edited(&[(0x48, value)])).map(|report| report.signing_key);
    assert_eq!(parsed(0b1_1111), Ok(7));
    assert_eq!(parsed(0b10_0000), Err(ReportError::KeyInfo { actual: 0x20 }));
    let high = edited(&[(0x4B, 0x80)]);
    assert_eq!(Report::parse(&high), Err(ReportError::KeyInfo { actual: 0x8000_0000 }));
}

#[test]
fn each_product_lays_its_tcb_out_differently() {
    let raw = [1, 2, 0, 0, 0, 0, 7, 8];
    let early = Tcb { fmc: None, bootloader: 1, tee: 2, snp: 7, microcode: 8 };
    assert_eq!(Tcb::decode(Product::Milan, "REPORTED_TCB", &raw), Ok(early));
    assert_eq!(Tcb::decode(Product::Genoa, "REPORTED_TCB", &raw), Ok(early));
    let refused = |product, actual| Err(SnpError::TcbReserved { product, field: "REPORTED_TCB", actual });
    assert_eq!(Tcb::decode(Product::Turin, "REPORTED_TCB", &raw), refused(Product::Turin, raw));

    let raw = [1, 2, 3, 4, 0, 0, 0, 8];
    let turin = Tcb { fmc: Some(1), bootloader: 2, tee: 3, snp: 4, microcode: 8 };
    assert_eq!(Tcb::decode(Product::Turin, "REPORTED_TCB", &raw), Ok(turin));
    assert_eq!(Tcb::decode(Product::Milan, "REPORTED_TCB", &raw), refused(Product::Milan, raw));

    for index in 2..6 {
        let mut raw = [0; 8];
        raw[index] = 1;
        assert_eq!(Tcb::decode(Product::Genoa, "REPORTED_TCB", &raw), refused(Product::Genoa, raw));
    }
    for index in 4..7 {
        let mut raw = [0; 8];
        raw[index] = 1;
        assert_eq!(Tcb::decode(Product::Turin, "REPORTED_TCB", &raw), refused(Product::Turin, raw));
    }
}

#[test]
fn processors_belong_to_products_up_to_the_edges_of_their_models() {
    let product = |family, model| Product::of(Processor { family, model, stepping: 0 });
    assert_eq!([0x00, 0x0F].map(|model| product(0x19, model)), [Some(Product::Milan); 2]);
    assert_eq!([0x10, 0x1F, 0xA0, 0xAF].map(|model| product(0x19, model)), [Some(Product::Genoa); 4]);
    assert_eq!([0x00, 0x11].map(|model| product(0x1A, model)), [Some(Product::Turin); 2]);
    assert_eq!([0x20, 0x9F, 0xB0].map(|model| product(0x19, model)), [None; 3]);
    assert_eq!([0x12, 0x50].map(|model| product(0x1A, model)), [None; 2]);
    assert_eq!([0x17, 0x1B].map(|family| product(family, 0)), [None; 2]);
}

#[test]
fn two_signing_keys_are_known() {
    let known: Vec<_> = (0..8).map(SigningKey::from_field).collect();
    let mut expected = vec![None; 8];
    expected[0] = Some(SigningKey::Vcek);
    expected[1] = Some(SigningKey::Vlek);
    assert_eq!(known, expected);
}
