//! DCAP: every form of quote before `dcap-qvl`.

use dcap_qvl::QuoteCollateralV3;
use oracles::{collateral_for_dcap_qvl, dcap_qvl};
use sim::SeededRng;
use sim::intel::{CollateralFields, IntelMachine, IntelVendor, PckCa, QuoteForm};

const NOW: i64 = 1_772_323_200;

struct Case {
    vendor: IntelVendor,
    machine: IntelMachine,
    quote: Vec<u8>,
}

fn case(form: QuoteForm, ca: PckCa) -> Case {
    let rng = &mut SeededRng::new("dcap");
    let vendor = IntelVendor::new(rng, NOW).unwrap();
    let machine = IntelMachine { ca, ..IntelMachine::new(form, rng) };
    let chain = vendor.pck_chain(&machine, NOW).unwrap();
    let quote = machine.quote(&machine.quote_fields([0x11; 64]), chain.as_bytes()).unwrap();
    Case { vendor, machine, quote }
}

impl Case {
    fn collateral(&self, change: impl FnOnce(&mut CollateralFields)) -> QuoteCollateralV3 {
        let mut fields = CollateralFields::new(&self.vendor, &self.machine, NOW).unwrap();
        change(&mut fields);
        collateral_for_dcap_qvl(&fields.sign(&self.vendor).unwrap(), &self.vendor, self.machine.ca)
    }

    fn ask(&self, collateral: &QuoteCollateralV3) -> Result<(String, Vec<String>), String> {
        dcap_qvl(&self.quote, collateral, &self.vendor.root.certificate, NOW)
    }
}

fn up_to_date() -> Result<(String, Vec<String>), String> {
    Ok(("UpToDate".to_owned(), Vec::new()))
}

#[test]
fn dcap_qvl_accepts_every_minted_quote_and_refuses_it_with_one_bit_flipped() {
    for form in QuoteForm::ALL {
        for ca in [PckCa::Platform, PckCa::Processor] {
            let mut case = case(form, ca);
            let collateral = case.collateral(|_| ());
            assert_eq!(case.ask(&collateral), up_to_date(), "{form:?} {ca:?}");
            // The user data, the report data's place in the body, the start of the signature data.
            for offset in [30, 300, 420, case.quote.len() - 1200] {
                case.quote[offset] ^= 1;
                assert!(case.ask(&collateral).is_err(), "{form:?} {ca:?} {offset}");
                case.quote[offset] ^= 1;
            }
        }
    }
}

#[test]
fn dcap_qvl_sees_a_lower_level_as_out_of_date() {
    let case = case(QuoteForm::TdxV4, PckCa::Platform);
    let collateral = case.collateral(|fields| {
        fields.tcb_info.tcb_levels[0].tcb.pce_svn += 1;
    });
    assert_eq!(case.ask(&collateral), Ok(("OutOfDate".to_owned(), vec!["INTEL-SA-01245".to_owned()])));
}

#[test]
fn dcap_qvl_refuses_each_piece_of_collateral_signed_by_another() {
    let case = case(QuoteForm::TdxV5Td15, PckCa::Platform);
    let stranger = IntelVendor::new(&mut SeededRng::new("stranger"), NOW).unwrap();
    let fields = CollateralFields::new(&case.vendor, &case.machine, NOW).unwrap();
    let signed_by = |vendor: &IntelVendor| {
        collateral_for_dcap_qvl(&fields.sign(vendor).unwrap(), &case.vendor, case.machine.ca)
    };
    let (good, bad) = (signed_by(&case.vendor), signed_by(&stranger));
    assert_eq!(case.ask(&good), up_to_date());
    for broken in [
        QuoteCollateralV3 { tcb_info_signature: bad.tcb_info_signature, ..good.clone() },
        QuoteCollateralV3 { qe_identity_signature: bad.qe_identity_signature, ..good.clone() },
        QuoteCollateralV3 { root_ca_crl: bad.root_ca_crl, ..good.clone() },
        QuoteCollateralV3 { pck_crl: bad.pck_crl, ..good.clone() },
    ] {
        assert!(case.ask(&broken).is_err());
    }
}

#[test]
fn dcap_qvl_refuses_a_revoked_platform() {
    let case = case(QuoteForm::TdxV4, PckCa::Processor);
    let serial = case.vendor.pck_fields(&case.machine, NOW).unwrap().serial;
    let collateral = case.collateral(|fields| fields.pck_crl.revoked.push((serial, NOW - 1)));
    assert!(case.ask(&collateral).is_err());
}
