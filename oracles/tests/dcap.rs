//! DCAP: every form of quote before `dcap-qvl` and before our verifier.

use oracles::{Answer, ask, collateral_for_dcap_qvl, dcap_qvl};
use sim::SeededRng;
use sim::intel::{Collateral, CollateralFields, IntelMachine, IntelVendor, PckCa, QuoteForm};
use sim::x509::pem;

const NOW: i64 = 1_772_323_200;

struct Case {
    vendor: IntelVendor,
    machine: IntelMachine,
    quote: Vec<u8>,
}

impl Case {
    fn new(form: QuoteForm, ca: PckCa) -> Self {
        let rng = &mut SeededRng::new("dcap");
        let vendor = IntelVendor::new(rng, NOW).unwrap();
        let machine = IntelMachine { ca, ..IntelMachine::new(form, rng) };
        let chain = vendor.pck_chain(&machine, NOW).unwrap();
        let quote = machine.quote(&machine.quote_fields([0x11; 64]), chain.as_bytes()).unwrap();
        Self { vendor, machine, quote }
    }

    /// Collateral with one thing changed, signed by the right authorities.
    fn collateral(&self, change: impl FnOnce(&mut CollateralFields)) -> Collateral {
        let mut fields = CollateralFields::new(&self.vendor, &self.machine, NOW).unwrap();
        change(&mut fields);
        fields.sign(&self.vendor).unwrap()
    }

    fn peer(&self, collateral: &Collateral) -> Result<(String, Vec<String>), String> {
        let theirs = collateral_for_dcap_qvl(collateral, &self.vendor, self.machine.ca);
        dcap_qvl(&self.quote, &theirs, &self.vendor.root.certificate, NOW)
    }

    fn ours(&self, collateral: &Collateral) -> Answer {
        let endorsements: [&[u8]; 5] = [
            &collateral.tcb_info,
            &collateral.qe_identity,
            collateral.tcb_signing_chain.as_bytes(),
            &collateral.root_crl,
            &collateral.pck_crl,
        ];
        ask(&self.quote, &endorsements, &self.vendor.root.certificate, NOW)
    }
}

fn up_to_date() -> (Result<(String, Vec<String>), String>, Answer) {
    (Ok(("UpToDate".to_owned(), Vec::new())), Answer::good(Some("UpToDate")))
}

#[test]
fn both_accept_every_minted_quote_and_refuse_it_with_one_bit_flipped() {
    for form in QuoteForm::ALL {
        for ca in [PckCa::Platform, PckCa::Processor] {
            let mut case = Case::new(form, ca);
            let collateral = case.collateral(|_| ());
            assert_eq!((case.peer(&collateral), case.ours(&collateral)), up_to_date(), "{form:?} {ca:?}");
            // The user data, two places of the body, the PEM of the CA.
            for offset in [30, 300, 420, case.quote.len() - 1200] {
                case.quote[offset] ^= 1;
                let refused = (case.peer(&collateral).is_err(), case.ours(&collateral).exit_code);
                assert_eq!(refused, (true, 3), "{form:?} {ca:?} {offset}");
                case.quote[offset] ^= 1;
            }
        }
    }
}

#[test]
fn both_see_a_lower_level_as_out_of_date() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Platform);
    let changes: [fn(&mut CollateralFields); 4] = [
        |fields| fields.tcb_info.tcb_levels[0].tcb.pce_svn += 1,
        |fields| fields.tcb_info.tcb_levels[0].tcb.sgx_components[0].svn += 1,
        |fields| fields.tcb_info.tcb_levels[0].tcb.tdx_components.as_mut().unwrap()[2].svn += 1,
        |fields| fields.qe_identity.tcb_levels[0].tcb.isv_svn += 1,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let collateral = case.collateral(change);
        let ours = case.ours(&collateral);
        assert_eq!(
            (case.peer(&collateral), ours.verified, ours.tcb, ours.exit_code),
            (Ok(("OutOfDate".to_owned(), vec!["INTEL-SA-01245".to_owned()])), true, Some("OutOfDate"), 1),
            "{number}"
        );
    }
}

#[test]
fn both_refuse_each_piece_of_collateral_signed_by_another() {
    let case = Case::new(QuoteForm::TdxV5Td15, PckCa::Platform);
    let stranger = IntelVendor::new(&mut SeededRng::new("stranger"), NOW).unwrap();
    let fields = CollateralFields::new(&case.vendor, &case.machine, NOW).unwrap();
    let (good, bad) = (fields.sign(&case.vendor).unwrap(), fields.sign(&stranger).unwrap());
    for broken in [
        Collateral { tcb_info: bad.tcb_info.clone(), ..good.clone() },
        Collateral { qe_identity: bad.qe_identity.clone(), ..good.clone() },
    ] {
        assert_eq!((case.peer(&broken).is_err(), case.ours(&broken).exit_code), (true, 3));
    }
    // A CRL that cannot be verified is to us as one that is missing: believed, and not affirmed.
    for broken in [
        Collateral { root_crl: bad.root_crl.clone(), ..good.clone() },
        Collateral { pck_crl: bad.pck_crl.clone(), ..good.clone() },
    ] {
        assert_eq!((case.peer(&broken).is_err(), case.ours(&broken).exit_code), (true, 1));
    }
    assert_eq!((case.peer(&good), case.ours(&good)), up_to_date());
}

#[test]
fn both_refuse_what_is_revoked() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Processor);
    let pck = case.vendor.pck_fields(&case.machine, NOW).unwrap().serial;
    let [ca, signer] =
        [&case.vendor.processor_ca, &case.vendor.tcb_signer].map(|authority| authority.fields.serial.clone());
    for collateral in [
        case.collateral(|fields| fields.pck_crl.revoked.push((pck, NOW - 1))),
        case.collateral(|fields| fields.root_crl.revoked.push((ca, NOW - 1))),
        case.collateral(|fields| fields.root_crl.revoked.push((signer, NOW - 1))),
    ] {
        assert_eq!((case.peer(&collateral).is_err(), case.ours(&collateral).exit_code), (true, 3));
    }
}

#[test]
fn both_refuse_collateral_that_is_over_or_for_another_model() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Platform);
    let over = "2026-02-28T23:59:59Z";
    let changes: [fn(&mut CollateralFields, &str); 4] = [
        |fields, over| fields.tcb_info.next_update = over.to_owned(),
        |fields, over| fields.qe_identity.next_update = over.to_owned(),
        |fields, _| fields.tcb_info.fmspc = "00906ED50000".to_owned(),
        |fields, _| fields.qe_identity.mrsigner = "00".repeat(32),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let collateral = case.collateral(|fields| change(fields, over));
        assert_eq!(
            (case.peer(&collateral).is_err(), case.ours(&collateral).exit_code),
            (true, 3),
            "{number}"
        );
    }
}

#[test]
fn we_refuse_a_tcb_info_for_another_pce_id_which_dcap_qvl_does_not_compare() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Platform);
    let collateral = case.collateral(|fields| fields.tcb_info.pce_id = "0100".to_owned());
    assert_eq!((case.peer(&collateral).is_ok(), case.ours(&collateral).exit_code), (true, 3));
}

#[test]
fn both_refuse_a_signature_part_that_another_made() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Platform);
    let other = IntelMachine::new(QuoteForm::TdxV4, &mut SeededRng::new("other"));
    let chain = case.vendor.pck_chain(&case.machine, NOW).unwrap();
    let fields = case.machine.quote_fields([0x11; 64]);
    let sign = |machine: &IntelMachine| {
        machine.quoting_enclave.sign(&fields, &machine.pck, chain.as_bytes()).unwrap()
    };
    let (good, bad) = (sign(&case.machine), sign(&other));
    let mut broken = vec![good.clone(); 5];
    broken[0].signature = bad.signature;
    broken[1].attestation_key = bad.attestation_key;
    broken[2].qe_report_signature = bad.qe_report_signature;
    broken[3].auth_data = vec![0; 32];
    let stranger = IntelVendor::new(&mut SeededRng::new("stranger"), NOW).unwrap();
    broken[4].certification = stranger.pck_chain(&case.machine, NOW).unwrap().into_bytes();
    let collateral = case.collateral(|_| ());
    for (number, signature) in broken.into_iter().enumerate() {
        let quote = signature.assemble(&fields).unwrap();
        let case = Case { quote, ..Case::new(QuoteForm::TdxV4, PckCa::Platform) };
        let refused = (case.peer(&collateral).is_err(), case.ours(&collateral).exit_code);
        assert_eq!(refused, (true, 3), "{number}");
    }
}

#[test]
fn a_chain_may_carry_its_root_and_is_judged_by_the_pinned_one() {
    let case = Case::new(QuoteForm::TdxV4, PckCa::Platform);
    let mut collateral = case.collateral(|_| ());
    collateral.tcb_signing_chain = pem("CERTIFICATE", &case.vendor.tcb_signer.certificate);
    assert_eq!(case.ours(&collateral), Answer::good(Some("UpToDate")));
}
