use super::*;

fn report() -> TdReport {
    let mut bytes = [0; TD_REPORT_15_EX_SIZE];
    for (byte, value) in bytes.iter_mut().zip((1..=251).cycle()) {
        *byte = value;
    }
    TdReport::parse_15_ex(&bytes).unwrap()
}

#[test]
fn every_field_stands_at_its_offset() {
    let report = report();
    // The byte at offset n is n mod 251, plus 1.
    let first = |offset: usize| (offset % 251) as u8 + 1;
    let found = [
        report.tee_tcb_svn[0],
        report.mr_seam[0],
        report.mr_signer_seam[0],
        report.seam_attributes[0],
        report.td_attributes[0],
        report.xfam[0],
        report.mr_td[0],
        report.mr_config_id[0],
        report.mr_owner[0],
        report.mr_owner_config[0],
        report.rtmr[0][0],
        report.rtmr[1][0],
        report.rtmr[2][0],
        report.rtmr[3][0],
        report.report_data[0],
    ];
    // Intel TDX DCAP Quoting Library API, section A.3.2.
    let offsets = [0, 16, 64, 112, 120, 128, 136, 184, 232, 280, 328, 376, 424, 472, 520];
    assert_eq!(found, offsets.map(first));

    let v15 = report.v15.unwrap();
    assert_eq!([v15.tee_tcb_svn2[0], v15.mr_service_td[0]], [584, 600].map(first));
    let ex = report.v15_ex.unwrap();
    let found = [
        ex.vm_id,
        ex.td_id[0],
        ex.dev_info[0],
        ex.init_service_td_hash[0],
        ex.init_service_td_attributes[0],
        ex.init_cpu_svn[0],
        ex.init_tee_tcb_svn[0],
        ex.init_tee_fmspc[0],
        ex.current_service_td_hash[0],
        ex.current_service_td_attributes[0],
    ];
    assert_eq!(found, [648, 649, 681, 729, 777, 785, 801, 817, 829, 877].map(first));
}

#[test]
fn each_bit_under_debug_makes_a_debug_td() {
    let mut report = report();
    for bit in 0..64 {
        report.td_attributes = (1u64 << bit).to_le_bytes();
        assert_eq!(report.debug(), bit < 8, "bit {bit}");
    }
}

#[test]
fn a_service_td_shows_wherever_it_is_bound() {
    let mut report = report();
    let clear = [0; 48];
    let (v15, ex) = (report.v15.as_mut().unwrap(), report.v15_ex.as_mut().unwrap());
    v15.mr_service_td = clear;
    ex.init_service_td_hash = clear;
    ex.current_service_td_hash = [7; 48];
    assert_eq!(report.mr_service_td(), [7; 48]);
    report.v15_ex.as_mut().unwrap().init_service_td_hash = [6; 48];
    assert_eq!(report.mr_service_td(), [6; 48]);
    report.v15.as_mut().unwrap().mr_service_td = [5; 48];
    assert_eq!(report.mr_service_td(), [5; 48]);
    (report.v15, report.v15_ex) = (None, None);
    assert_eq!(report.mr_service_td(), clear);
}
