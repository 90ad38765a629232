//! What the VCEK or VLEK certificate says: each word must fit the report.

use sim::amd::{Product, SigningChoice, oid};
use sim::asn1 as write;
use sim::x509::Extension;
use system_tests::minted::NOW;
use verifier::check::{Fact, Outcome};
use verifier::error::{Missing, VerifyError};
use verifier::snp::SnpError;
use verifier::x509::ObjectIdentifier;

use super::case::Snp;
use crate::refused::{self, Refused};

/// Nothing that was given fits; the words say why.
fn unfitting(snp: &Snp, words: &str) -> Result<(), Refused> {
    let kind = if snp.report.key_info >> 2 == 1 { "VLEK" } else { "VCEK" };
    let masked = snp.report.chip_id == [0; 64];
    let wanted = Missing::Vek {
        kind,
        chip_id: if masked { "masked".to_owned() } else { hex::encode(snp.report.chip_id) },
        tcb: hex::encode(snp.report.reported_tcb),
    };
    Err(Refused::Verify(VerifyError::Unfitting { wanted, given: vec![words.to_owned()] }))
}

/// Each change leaves a well-signed certificate that says something else; the words follow `vek (KIND certificate): `.
fn refuses(cases: Vec<(&str, Snp, String)>) {
    refused::all(cases.into_iter().map(|(name, snp, words)| {
        let kind =
            if snp.vek_key.to_pkcs8().ok() == snp.vendor.ask.key.to_pkcs8().ok() { "VCEK" } else { "VLEK" };
        let expected = unfitting(&snp, &format!("vek ({kind} certificate): {words}"));
        (name.to_owned(), snp.mint(), expected)
    }));
}

fn extension(snp: Snp, oid: &ObjectIdentifier, value: Vec<u8>) -> Snp {
    snp.but(|snp| snp.vek.extension_mut(oid).unwrap().value = value)
}

fn added(snp: Snp, oid: ObjectIdentifier, value: Vec<u8>) -> Snp {
    snp.but(|snp| snp.vek.extensions.push(Extension::new(oid, value)))
}

fn problem(name: &str, problem: &str) -> String {
    format!("certificate extension {name}: {problem}")
}

const MISSING: &str = "is missing";
const OUT_OF_PLACE: &str = "has no place in this kind of certificate";
const MALFORMED: &str = "is not of its form";
const UNKNOWN: &str = "has a value that is not known";

#[test]
fn refuses_a_certificate_that_lacks_an_extension() {
    let lacking = |snp: Snp, oid: &ObjectIdentifier| {
        snp.but(|snp| {
            snp.vek.remove_extension(oid).unwrap();
        })
    };
    let named = [
        ("structVersion", oid::STRUCTURE_VERSION),
        ("productName", oid::PRODUCT_NAME),
        ("blSPL", oid::SPL_BOOTLOADER),
        ("teeSPL", oid::SPL_TEE),
        ("snpSPL", oid::SPL_SNP),
        ("ucodeSPL", oid::SPL_MICROCODE),
    ];
    let mut cases = Vec::new();
    for (name, oid) in named {
        for snp in [Snp::good(), Snp::vlek()] {
            cases.push((name, lacking(snp, &oid), problem(name, MISSING)));
        }
    }
    cases.push(("hwID", lacking(Snp::good(), &oid::HARDWARE_ID), problem("hwID", MISSING)));
    cases.push(("cspID", lacking(Snp::vlek(), &oid::CSP_ID), problem("cspID", MISSING)));
    let turin = Snp::of(Product::Turin, SigningChoice::Vcek);
    cases.push(("fmcSPL", lacking(turin, &oid::SPL_FMC), problem("fmcSPL", MISSING)));
    refuses(cases);
}

#[test]
fn refuses_an_extension_under_an_identifier_that_only_resembles_its_own() {
    let twin = |oid: &ObjectIdentifier, twin: &str| {
        Snp::good().but(|snp| {
            snp.vek.extension_mut(oid).unwrap().oid = ObjectIdentifier::new_unwrap(twin);
        })
    };
    refuses(vec![
        // One arc more: the right identifier is a prefix.
        ("longer", twin(&oid::HARDWARE_ID, "1.3.6.1.4.1.3704.1.4.1"), problem("hwID", MISSING)),
        ("longer", twin(&oid::SPL_BOOTLOADER, "1.3.6.1.4.1.3704.1.3.1.0"), problem("blSPL", MISSING)),
        // The last byte is the same, the company is another.
        ("stranger", twin(&oid::SPL_SNP, "1.3.6.1.4.1.3705.1.3.3"), problem("snpSPL", MISSING)),
        ("shorter", twin(&oid::SPL_MICROCODE, "1.3.6.1.4.1.3704.1.8"), problem("ucodeSPL", MISSING)),
    ]);
}

#[test]
fn passes_over_a_twin_beside_the_right_extension() {
    let twin = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3.1");
    assert_eq!(added(Snp::good(), twin, write::integer(&[255])).mint().outcome(), Ok(()));
}

#[test]
fn refuses_a_certificate_with_an_extension_twice() {
    let snp = added(Snp::good(), oid::HARDWARE_ID, vec![9; 64]);
    let words = "vek (malformed: neither a certificate (certificate: extension 1.3.6.1.4.1.3704.1.4 occurs more \
                 than once) nor a CRL (CRL: version is not strict DER of the expected form))";
    let Err(Refused::Verify(VerifyError::Unfitting { wanted, given })) = snp.mint().outcome() else {
        panic!("believed");
    };
    let expected = unfitting(&snp, &given[0]);
    assert_eq!(Err(Refused::Verify(VerifyError::Unfitting { wanted, given: given.clone() })), expected);
    let start = words.split(" nor ").next().unwrap();
    assert!(given[0].starts_with(start), "{}", given[0]);
}

#[test]
fn refuses_values_that_are_not_the_strict_form() {
    let number = |value: &[u8]| extension(Snp::good(), &oid::SPL_SNP, value.to_vec());
    let malformed = |name: &str| problem(name, MALFORMED);
    refuses(vec![
        ("padded number", number(&[2, 2, 0, 29]), malformed("snpSPL")),
        ("long length", number(&[2, 0x81, 1, 29]), malformed("snpSPL")),
        ("negative", number(&[2, 1, 0x9d]), malformed("snpSPL")),
        ("256", number(&write::integer(&[1, 0])), malformed("snpSPL")),
        ("an octet string", number(&write::octet_string([29])), malformed("snpSPL")),
        ("something behind it", number(&[2, 1, 29, 0]), malformed("snpSPL")),
        ("empty", number(&[]), malformed("snpSPL")),
        (
            "UTF-8 for IA5",
            extension(Snp::good(), &oid::PRODUCT_NAME, write::tlv(0x0c, "Genoa")),
            malformed("productName"),
        ),
        ("an empty name", extension(Snp::vlek(), &oid::CSP_ID, write::tlv(0x16, "")), malformed("cspID")),
        (
            "a name of 65 characters",
            extension(Snp::vlek(), &oid::CSP_ID, write::tlv(0x16, "c".repeat(65))),
            malformed("cspID"),
        ),
        (
            "a control character",
            extension(Snp::vlek(), &oid::CSP_ID, write::tlv(0x16, "cloud\n")),
            malformed("cspID"),
        ),
    ]);
}

#[test]
fn accepts_a_provider_name_of_64_characters() {
    let snp = extension(Snp::vlek(), &oid::CSP_ID, write::tlv(0x16, "c".repeat(64)));
    assert_eq!(snp.mint().outcome(), Ok(()));
}

#[test]
fn refuses_a_hardware_id_of_another_form() {
    let id = Snp::good().report.chip_id.to_vec();
    let with = |value: Vec<u8>| extension(Snp::good(), &oid::HARDWARE_ID, value);
    let turin = Snp::of(Product::Turin, SigningChoice::Vcek);
    let wide = turin.report.chip_id.to_vec();
    let malformed = || problem("hwID", MALFORMED);
    refuses(vec![
        ("a byte short", with(id[..63].to_vec()), malformed()),
        ("a byte long", with([&id[..], &[0]].concat()), malformed()),
        ("a Turin's length", with(id[..8].to_vec()), malformed()),
        ("wrapped", with(write::octet_string(&id)), malformed()),
        ("zeros", with(vec![0; 64]), malformed()),
        ("empty", with(Vec::new()), malformed()),
        ("a Genoa's length for Turin", extension(turin, &oid::HARDWARE_ID, wide), malformed()),
    ]);
}

#[test]
fn refuses_values_that_are_not_known() {
    let unknown = |name: &str| problem(name, UNKNOWN);
    let product = |name: &str| extension(Snp::good(), &oid::PRODUCT_NAME, write::tlv(0x16, name));
    refuses(vec![
        (
            "structure",
            extension(Snp::good(), &oid::STRUCTURE_VERSION, write::integer(&[2])),
            unknown("structVersion"),
        ),
        ("another product", product("Turin"), unknown("productName")),
        ("a product's prefix", product("GenoaX"), unknown("productName")),
        ("another case", product("genoa"), unknown("productName")),
        ("spl_4", extension(Snp::good(), &oid::SPL_4, write::integer(&[1])), unknown("spl_4")),
        ("spl_7", extension(Snp::good(), &oid::SPL_7, write::integer(&[1])), unknown("spl_7")),
    ]);
}

#[test]
fn accepts_every_name_of_genoas_line_with_and_without_a_stepping() {
    refused::all(["Genoa", "Genoa-B2", "Bergamo", "Siena", "Siena-A1"].map(|name| {
        let snp = extension(Snp::good(), &oid::PRODUCT_NAME, write::tlv(0x16, name));
        (name.to_owned(), snp.mint(), Ok(()))
    }));
}

#[test]
fn refuses_extensions_of_another_kind_of_certificate() {
    let out = |name: &str| problem(name, OUT_OF_PLACE);
    refuses(vec![
        ("fmcSPL", added(Snp::good(), oid::SPL_FMC, write::integer(&[1])), out("fmcSPL")),
        ("cspID", added(Snp::good(), oid::CSP_ID, write::tlv(0x16, "cloud")), out("cspID")),
        ("hwID", added(Snp::vlek(), oid::HARDWARE_ID, vec![1; 64]), out("hwID")),
    ]);
}

#[test]
fn refuses_a_certificate_for_another_tcb_and_takes_the_reports_word_for_nothing() {
    let mut cases = Vec::new();
    for oid in [oid::SPL_BOOTLOADER, oid::SPL_TEE, oid::SPL_SNP, oid::SPL_MICROCODE] {
        let good = Snp::good();
        let mut other = good.clone();
        let extension = other.vek.extension_mut(&oid).unwrap();
        let [2, 1, value] = extension.value[..] else { panic!("a number of one byte") };
        // A certificate of a lower level: the report claims more than its key proves.
        let lower = value.saturating_sub(1);
        let lower = if lower == value { value + 1 } else { lower };
        extension.value = write::integer(&[lower]);
        let mut words = [10, 0, 29, 88];
        let place = [oid::SPL_BOOTLOADER, oid::SPL_TEE, oid::SPL_SNP, oid::SPL_MICROCODE];
        words[place.iter().position(|one| *one == oid).unwrap()] = lower;
        let [bootloader, tee, snp, microcode] = words;
        let words = format!(
            "REPORTED_TCB is bootloader 10 tee 0 snp 29 microcode 88, the certificate's bootloader {bootloader} tee \
             {tee} snp {snp} microcode {microcode}"
        );
        cases.push(("level", other, words));
    }
    refuses(cases);
}

#[test]
fn accepts_a_running_tcb_above_and_a_committed_one_below_the_reported() {
    let snp = Snp::good().but(|snp| {
        snp.report.current_tcb[6] += 1;
        snp.report.committed_tcb[6] -= 1;
        snp.report.launch_tcb[6] -= 1;
    });
    assert_eq!(snp.mint().outcome(), Ok(()));
}

#[test]
fn refuses_the_tcb_layout_of_another_product() {
    let genoa = Snp::good().but(|snp| snp.report.reported_tcb = [1, 10, 0, 29, 0, 0, 0, 88]);
    let turin = Snp::of(Product::Turin, SigningChoice::Vcek);
    let turin = turin.but(|snp| snp.report.reported_tcb = [1, 1, 0, 0, 0, 0, 5, 80]);
    refuses(vec![
        (
            "Turin's in Genoa",
            genoa,
            "REPORTED_TCB 010a001d00000058: reserved bytes of the genoa layout are not zero".to_owned(),
        ),
        (
            "Genoa's in Turin",
            turin,
            "REPORTED_TCB 0101000000000550: reserved bytes of the turin layout are not zero".to_owned(),
        ),
    ]);
}

#[test]
fn refuses_reserved_bytes_of_the_tcbs_that_no_certificate_covers() {
    let product = verifier::snp::Product::Genoa;
    let field = |field, change: fn(&mut Snp) -> &mut [u8; 8]| {
        let mut snp = Snp::good();
        let bytes = change(&mut snp);
        bytes[2] = 1;
        let error = SnpError::TcbReserved { product, field, actual: *bytes };
        (field.to_owned(), snp.mint(), Err(Refused::Verify(VerifyError::Snp(error))))
    };
    refused::all([
        field("CURRENT_TCB", |snp| &mut snp.report.current_tcb),
        field("COMMITTED_TCB", |snp| &mut snp.report.committed_tcb),
        field("LAUNCH_TCB", |snp| &mut snp.report.launch_tcb),
    ]);
}

#[test]
fn refuses_a_certificate_of_another_product_than_the_processor() {
    let genoa = Snp::good().but(|snp| snp.report.cpuid = [0x1a, 0x02, 0x01]);
    let milan = Snp::of(Product::Milan, SigningChoice::Vcek).but(|snp| snp.report.cpuid = [0x19, 0x11, 0x01]);
    refuses(vec![
        ("genoa", genoa, "the report's processor is turin, the certificate's product genoa".to_owned()),
        ("milan", milan, "the report's processor is genoa, the certificate's product milan".to_owned()),
    ]);
}

#[test]
fn refuses_a_vlek_where_the_report_says_vcek_and_the_other_way_round() {
    // The chains are good, and the right keys signed.
    let vlek = Snp::vlek().but(|snp| snp.report.key_info = 0);
    let vcek = Snp::good().but(|snp| snp.report.key_info = 1 << 2);
    refuses(vec![
        ("a VLEK", vlek, "SIGNING_KEY names a VCEK, the certificate is a VLEK".to_owned()),
        ("a VCEK", vcek, "SIGNING_KEY names a VLEK, the certificate is a VCEK".to_owned()),
    ]);
}

#[test]
fn refuses_the_certificate_of_another_chip_down_to_the_last_bit() {
    let turin = || Snp::of(Product::Turin, SigningChoice::Vcek);
    let mut cases = Vec::new();
    for (snp, at) in [(Snp::good(), 0), (Snp::good(), 63), (turin(), 7), (turin(), 8), (turin(), 63)] {
        let certified = snp.vek.clone().extension_mut(&oid::HARDWARE_ID).unwrap().value.clone();
        let snp = snp.but(|snp| snp.report.chip_id[at] ^= 1);
        let words = format!(
            "CHIP_ID is {}, the certificate's {}",
            hex::encode(snp.report.chip_id),
            hex::encode(certified)
        );
        cases.push(("chip", snp, words));
    }
    refuses(cases);
}

#[test]
fn says_of_a_masked_chip_id_that_it_was_not_checked() {
    let outcome_and_words = |snp: Snp| {
        let (verified, checks) = snp.mint().verified();
        assert!(verified.is_ok(), "{:?}", verified.err());
        let check = checks.into_iter().find(|check| check.id == "snp.vek.chip-id").unwrap();
        (check.outcome, check.actual)
    };
    let chip_id = Fact::hex(&Snp::good().report.chip_id);
    let masked = Snp::good().but(|snp| snp.report.chip_id = [0; 64]);
    assert_eq!(outcome_and_words(Snp::good()), (Outcome::Pass, chip_id));
    assert_eq!(outcome_and_words(masked), (Outcome::NotChecked, Fact::hex(&[0; 64])));
    assert_eq!(outcome_and_words(Snp::vlek()), (Outcome::NotApplicable, Fact::hex(&[0; 64])));
}

#[test]
fn asks_for_the_certificate_of_this_chip_and_tcb_when_none_was_given() {
    let missing = |kind, chip_id: String, snp: &Snp| {
        let tcb = hex::encode(snp.report.reported_tcb);
        Err(Refused::Verify(VerifyError::Missing(Missing::Vek { kind, chip_id, tcb })))
    };
    let (vcek, vlek) = (Snp::good(), Snp::vlek());
    let chip_id = hex::encode(vcek.report.chip_id);
    refused::all([
        ("VCEK".to_owned(), vcek.mint().without("vek"), missing("VCEK", chip_id, &vcek)),
        ("VLEK".to_owned(), vlek.mint().without("vek"), missing("VLEK", "masked".to_owned(), &vlek)),
    ]);
}

#[test]
fn takes_no_authority_for_an_endorsement_certificate() {
    let snp = Snp::good().but(|snp| snp.vek.extensions.push(sim::x509::basic_constraints(true, None)));
    let chip_id = hex::encode(snp.report.chip_id);
    let tcb = hex::encode(snp.report.reported_tcb);
    let missing = Missing::Vek { kind: "VCEK", chip_id, tcb };
    assert_eq!(snp.mint().outcome(), Err(Refused::Verify(VerifyError::Missing(missing))));
}

#[test]
fn prefers_of_several_certificates_for_the_same_key_the_one_that_is_valid() {
    let over = Snp::good().but(|snp| snp.vek.not_after = NOW - 1);
    let good = Snp::good();
    let mut case = over.mint();
    case.endorsements.push(("renewed", good.vek()));
    assert_eq!(case.outcome(), Ok(()));
}
