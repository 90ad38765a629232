//! SNP: every product, report version and signer before `sev`.

use oracles::sev;
use sim::SeededRng;
use sim::amd::{AmdVendor, Chip, Product, SigningChoice};

const NOW: i64 = 1_772_323_200;

#[test]
fn sev_accepts_every_minted_report_and_refuses_it_with_one_bit_flipped() {
    for product in Product::ALL {
        let vendor = AmdVendor::new(product, NOW).unwrap();
        let chip = Chip::new(product, &mut SeededRng::new(product.name()));
        for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
            let (ark, ask) = (&vendor.ark.certificate, &vendor.issuer(signer).certificate);
            let vek = vendor.endorse(&chip, signer, NOW).unwrap();
            for version in [2, 3, 5] {
                // `sev` reads the TCB layout of a version 2 report from its chip id, and refuses one that is hidden.
                if version == 2 && signer == SigningChoice::Vlek {
                    continue;
                }
                let fields = chip.report(version, signer, [0x11; 64]);
                let good = chip.sign(&fields, signer).unwrap();
                assert_eq!(sev(&good, ark, ask, &vek), Ok(()), "{product:?} {signer:?} v{version}");
                for offset in [0x50, 0x90, 0x1a0, 0x2a0] {
                    let mut bad = good;
                    bad[offset] ^= 1;
                    assert!(
                        sev(&bad, ark, ask, &vek).is_err(),
                        "{product:?} {signer:?} v{version} {offset:#x}"
                    );
                }
            }
        }
    }
}

#[test]
fn sev_refuses_a_chain_under_another_root() {
    let [vendor, stranger] = [(); 2].map(|()| AmdVendor::new(Product::Milan, NOW).unwrap());
    let chip = Chip::new(Product::Milan, &mut SeededRng::new("another root"));
    let vek = vendor.endorse(&chip, SigningChoice::Vcek, NOW).unwrap();
    let report = chip.report(3, SigningChoice::Vcek, [0x11; 64]).sign(&chip.vcek).unwrap();
    let under = |ark: &[u8]| sev(&report, ark, &vendor.ask.certificate, &vek);
    assert_eq!(under(&vendor.ark.certificate), Ok(()));
    assert!(under(&stranger.ark.certificate).is_err());
}
