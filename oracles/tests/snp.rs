//! SNP: every product, report version and signer before `sev` and before our verifier.

use std::sync::OnceLock;

use oracles::{Answer, ask, sev};
use sim::SeededRng;
use sim::amd::{AmdVendor, Chip, Product, SigningChoice, oid};
use sim::x509::{CertificateFields, Extension};

const NOW: i64 = 1_772_323_200;

/// A machine under a vendor; RSA keys are slow to make, so each product's vendor is made once.
struct Case {
    vendor: &'static AmdVendor,
    chip: Chip,
    signer: SigningChoice,
    vek: Vec<u8>,
}

impl Case {
    fn new(product: Product, signer: SigningChoice) -> Self {
        static VENDORS: [OnceLock<AmdVendor>; 3] = [const { OnceLock::new() }; 3];
        let vendor = VENDORS[product as usize].get_or_init(|| AmdVendor::new(product, NOW).unwrap());
        let chip = Chip::new(product, &mut SeededRng::new(product.name()));
        let vek = vendor.endorse(&chip, signer, NOW).unwrap();
        Self { vendor, chip, signer, vek }
    }

    /// The same machine with another endorsement certificate, signed by the right authority.
    fn with_vek(
        product: Product,
        signer: SigningChoice,
        change: impl FnOnce(&mut CertificateFields),
    ) -> Self {
        let case = Self::new(product, signer);
        let mut fields = case.vendor.endorsement_fields(&case.chip, signer, NOW);
        change(&mut fields);
        let vek = fields.sign(&case.vendor.issuer(signer).key).unwrap();
        Self { vek, ..case }
    }

    fn report(&self, version: u32) -> Vec<u8> {
        let fields = self.chip.report(version, self.signer, [0x11; 64]);
        self.chip.sign(&fields, self.signer).unwrap().to_vec()
    }

    fn sev(&self, report: &[u8]) -> Result<(), String> {
        let ask = &self.vendor.issuer(self.signer).certificate;
        sev(report, &self.vendor.ark.certificate, ask, &self.vek)
    }

    fn ours(&self, report: &[u8]) -> Answer {
        let crl = self.vendor.crl(NOW).unwrap();
        let ask_certificate = &self.vendor.issuer(self.signer).certificate;
        ask(report, &[&self.vek, ask_certificate, &crl], &self.vendor.ark.certificate, NOW)
    }
}

#[test]
fn both_accept_every_minted_report_and_refuse_it_with_one_bit_flipped() {
    for product in Product::ALL {
        for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
            let case = Case::new(product, signer);
            for version in [2, 3, 4, 5] {
                let good = case.report(version);
                assert_eq!(case.ours(&good), Answer::good(None), "{product:?} {signer:?} v{version}");
                // `sev` reads the TCB layout of a version 2 report from its chip id, and refuses one that is hidden.
                if version > 2 || signer == SigningChoice::Vcek {
                    assert_eq!(case.sev(&good), Ok(()), "{product:?} {signer:?} v{version}");
                }
                for offset in [0x04, 0x90, 0x140, 0x2a0] {
                    let mut bad = good.clone();
                    bad[offset] ^= 1;
                    let refused = (case.sev(&bad).is_err(), case.ours(&bad).exit_code);
                    assert_eq!(refused, (true, 3), "{product:?} {signer:?} v{version} {offset:#x}");
                }
            }
        }
    }
}

#[test]
fn both_refuse_a_chain_under_another_root() {
    let case = Case::new(Product::Milan, SigningChoice::Vcek);
    let report = case.report(3);
    let stranger = AmdVendor::new(Product::Milan, NOW).unwrap();
    let crl = case.vendor.crl(NOW).unwrap();
    let (root, intermediate) = (&stranger.ark.certificate, &case.vendor.ask.certificate);
    assert!(sev(&report, root, intermediate, &case.vek).is_err());
    assert_eq!(ask(&report, &[&case.vek, intermediate, &crl], root, NOW).exit_code, 3);
}

/// Its name, the rule that refuses it, and what it changes.
type Change<'a> = (&'static str, &'static str, &'a dyn Fn(&mut CertificateFields));

#[test]
fn we_refuse_an_endorsement_certificate_that_sev_does_not_compare_with_the_report() {
    let set = |fields: &mut CertificateFields, oid, value: &[u8]| {
        fields.extension_mut(&oid).unwrap().value = value.to_vec();
    };
    let unfitting = "unfitting-vek";
    let changes: [Change<'_>; 7] = [
        ("another level", unfitting, &|fields| set(fields, oid::SPL_SNP, &[2, 1, 1])),
        ("another microcode", unfitting, &|fields| set(fields, oid::SPL_MICROCODE, &[2, 1, 1])),
        ("another chip", unfitting, &|fields| set(fields, oid::HARDWARE_ID, &[7; 64])),
        ("no chip", unfitting, &|fields| drop(fields.remove_extension(&oid::HARDWARE_ID))),
        ("no level", unfitting, &|fields| drop(fields.remove_extension(&oid::SPL_TEE))),
        ("another product", unfitting, &|fields| set(fields, oid::PRODUCT_NAME, b"\x16\x08Milan-B0")),
        ("over", "x509-expired", &|fields| fields.not_after = NOW - 1),
    ];
    for (name, error, change) in changes {
        let case = Case::with_vek(Product::Genoa, SigningChoice::Vcek, change);
        let report = case.report(5);
        let ours = case.ours(&report);
        assert_eq!((case.sev(&report), ours.exit_code, ours.error), (Ok(()), 3, Some(error)), "{name}");
    }
}

#[test]
fn we_refuse_an_extension_that_stands_twice_or_is_critical_and_unknown() {
    let twice = Case::with_vek(Product::Genoa, SigningChoice::Vcek, |fields| {
        let again = fields.extension_mut(&oid::SPL_SNP).unwrap().clone();
        fields.extensions.push(again);
    });
    let critical = Case::with_vek(Product::Genoa, SigningChoice::Vcek, |fields| {
        let unknown = "1.3.6.1.4.1.3704.1.99".parse().unwrap();
        fields.extensions.push(Extension::critical(unknown, vec![5, 0]));
    });
    assert_eq!([twice, critical].map(|case| case.ours(&case.report(5)).exit_code), [3, 3]);
}

#[test]
fn we_refuse_a_report_whose_flag_names_the_other_key() {
    for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
        let case = Case::new(Product::Genoa, signer);
        let mut fields = case.chip.report(5, signer, [0x11; 64]);
        fields.key_info ^= 1 << 2;
        let report = case.chip.sign(&fields, signer).unwrap();
        assert_eq!((case.sev(&report), case.ours(&report).exit_code), (Ok(()), 3), "{signer:?}");
    }
}
