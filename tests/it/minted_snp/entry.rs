//! Every way in which certificates can come in: none of them makes a root of what came.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sim::amd::{CertificateTableEntry, Product, SigningChoice, certificate_table, guid};
use sim::x509::pem;
use system_tests::coco::snp_evidence;
use verifier::crypto::{CryptoError, SignatureAlgorithm};
use verifier::error::{ParseError, VerifyError};
use verifier::evidence::Tee;
use verifier::reader::ReadError;
use verifier::snp::{ReportError, SnpError};
use verifier::x509::X509Error;

use super::case::{STRANGER, Snp};
use crate::refused::{self, Case, Refused};

/// The same evidence and certificates through every entry point.
fn entries(snp: &Snp) -> Vec<(String, Case)> {
    let (vek, intermediate, root) = (snp.vek(), snp.intermediate(), snp.root());
    let good = snp.mint();
    let mut entries = vec![("one file each".to_owned(), good.clone())];
    let mut add = |name: &str, change: &dyn Fn(&mut Case)| {
        let mut case = good.clone();
        case.endorsements.retain(|(name, _)| *name == "crl");
        change(&mut case);
        entries.push((name.to_owned(), case));
    };
    add("all in one PEM file, root first", &|case| {
        let chain: String = [&root, &intermediate, &vek].map(|der| pem("CERTIFICATE", der)).concat();
        case.endorsements.push(("chain", chain.into_bytes()));
    });
    add("the host's table", &|case| {
        let table = [(guid::VCEK, &vek), (guid::ASK, &intermediate), (guid::ARK, &root)];
        case.evidence.extend(table_of(&table));
    });
    add("the host's table, out of order and with a stranger among them", &|case| {
        let other = STRANGER.ask.certificate.clone();
        let table =
            [(guid::ARK, &root), (guid::ASK, &other), (guid::VLEK, &intermediate), (guid::VCEK, &vek)];
        case.evidence.extend(table_of(&table));
    });
    add("CoCo's JSON", &|case| {
        let chain = [("VCEK", &vek), ("ASK", &intermediate), ("ARK", &root)];
        let chain = chain.map(|(kind, der)| json!({ "cert_type": kind, "data": der }));
        case.evidence = snp_evidence(&snp.report, &case.evidence, &json!(chain));
        case.tee = Some(Tee::Snp);
    });
    add("CoCo's JSON, nobody says of what TEE", &|case| {
        let chain = [("VCEK", &vek), ("ASK", &intermediate), ("ARK", &root)];
        let chain = chain
            .map(|(kind, der)| json!({ "cert_type": kind, "data": pem("CERTIFICATE", der).into_bytes() }));
        case.evidence = snp_evidence(&snp.report, &case.evidence, &json!(chain));
    });
    entries
}

fn table_of(certificates: &[([u8; 16], &Vec<u8>)]) -> Vec<u8> {
    let entry = |(guid, der): &([u8; 16], &Vec<u8>)| {
        let certificate = (*der).clone();
        CertificateTableEntry { guid: *guid, certificate }
    };
    certificate_table(&certificates.iter().map(entry).collect::<Vec<_>>()).unwrap()
}

#[test]
fn accepts_certificates_by_every_entry() {
    for snp in [Snp::good(), Snp::vlek(), Snp::of(Product::Turin, SigningChoice::Vcek)] {
        refused::all(entries(&snp).into_iter().map(|(name, case)| (name, case, Ok(()))));
    }
}

/// RFC 9999, a conceptual message wrapper: a record of type and value, and a collection of one.
#[test]
fn accepts_a_report_in_a_wrapper() {
    let snp = Snp::good();
    let good = snp.mint();
    let report = URL_SAFE_NO_PAD.encode(&good.evidence);
    let table =
        URL_SAFE_NO_PAD.encode(table_of(&[(guid::VCEK, &snp.vek()), (guid::ASK, &snp.intermediate())]));
    let record = json!(["application/vnd.amd.sev-snp.attestation-report", report]);
    let tsm = json!({ "provider": "sev_guest\n", "outblob": report, "auxblob": table }).to_string();
    let tsm = json!(["application/vnd.veraison.tsm-report+json", URL_SAFE_NO_PAD.encode(tsm), 4]);
    let collection = json!({ "__cmwc_t": "tag:example.org,2026:set", "report": record });
    let wrapped = |name: &str, wrapper: &serde_json::Value, endorsements| {
        let case = Case { evidence: wrapper.to_string().into_bytes(), endorsements, ..good.clone() };
        (name.to_owned(), case, Ok(()))
    };
    let crl = good.clone().without("vek").without("intermediate").endorsements;
    refused::all([
        wrapped("a record", &record, good.endorsements.clone()),
        wrapped("a collection of one", &collection, good.endorsements.clone()),
        wrapped("what Linux's TSM writes, with its certificates", &tsm, crl),
    ]);
}

#[test]
fn refuses_a_self_made_chain_with_amds_names_by_every_entry() {
    let algorithm = SignatureAlgorithm::RsaPssSha384;
    let reason = CryptoError::SignatureWrong { algorithm };
    let error = || X509Error::Signature { structure: "certificate", reason: reason.clone() };
    let refusal = || Err(Refused::Verify(VerifyError::Snp(SnpError::Chain { role: "ask", error: error() })));
    for signer in [SigningChoice::Vcek, SigningChoice::Vlek] {
        let stranger = Snp::under(&STRANGER, Product::Genoa, signer);
        // Under its own root it is good, so that nothing else is wrong with it.
        refused::all(entries(&stranger).into_iter().map(|(name, case)| (name, case, Ok(()))));
        for roots in [vec![], vec![Snp::good().root()]] {
            refused::all(entries(&stranger).into_iter().map(|(name, mut case)| {
                case.roots.clone_from(&roots);
                (name, case, refusal())
            }));
        }
    }
}

#[test]
fn refuses_certificates_that_came_along_and_are_malformed() {
    let snp = Snp::good();
    let mut table = snp.mint();
    table.evidence.extend(table_of(&[(guid::VCEK, &vec![0x30, 0x01])]));
    let expected = X509Error::Encoding { structure: "certificate", field: "certificate" };
    assert_eq!(table.outcome(), Err(Refused::Parse(ParseError::Carried(expected))));
}

#[test]
fn refuses_tables_that_point_outside_or_into_their_own_list() {
    let good = table_of(&[(guid::VCEK, &Snp::good().vek())]);
    let size = good.len();
    let length = u32::try_from(size - 48).unwrap();
    let with = |offset: u32, length: u32| {
        let mut case = Snp::good().mint();
        let mut table = good.clone();
        table[16..20].copy_from_slice(&offset.to_le_bytes());
        table[20..24].copy_from_slice(&length.to_le_bytes());
        case.evidence.extend(table);
        let error = ReportError::TableRange { offset, length, size };
        (format!("{offset}+{length}"), case, Err(Refused::Parse(ParseError::Report(error))))
    };
    let mut untouched = Snp::good().mint().without("vek");
    untouched.evidence.extend(&good);
    assert_eq!(untouched.outcome(), Ok(()));
    refused::all([
        with(48, length + 1),
        with(49, length),
        with(47, length),
        with(0, length),
        with(u32::MAX, length),
        with(48, u32::MAX),
        with(u32::MAX, u32::MAX),
    ]);
}

#[test]
fn refuses_a_table_without_its_end_and_one_of_too_many_entries() {
    let mut endless = Snp::good().mint();
    endless.evidence.extend([0xff; 24]);
    let left = ReadError::Truncated { structure: "SNP certificate table", offset: 24, wanted: 16, left: 0 };
    let other = [0xff; 16];
    let entries = |count: usize| {
        let mut case = Snp::good().mint();
        case.evidence.extend(table_of(&vec![(other, &vec![]); count]));
        case
    };
    refused::all([
        ("endless".to_owned(), endless, Err(Refused::Parse(ParseError::Report(ReportError::Read(left))))),
        ("16".to_owned(), entries(16), Ok(())),
        (
            "17".to_owned(),
            entries(17),
            Err(Refused::Parse(ParseError::Report(ReportError::TableEntries { limit: 16 }))),
        ),
    ]);
}

#[test]
fn refuses_coco_json_that_says_a_member_twice_or_leaves_one_out() {
    let snp = Snp::good();
    let case = snp.mint();
    let text = String::from_utf8(snp_evidence(&snp.report, &case.evidence, &json!(null))).unwrap();
    let with = |text: String| {
        let mut case = case.clone();
        case.evidence = text.into_bytes();
        case.tee = Some(Tee::Snp);
        case
    };
    assert_eq!(with(text.clone()).outcome(), Ok(()));
    let twice = text.replacen("\"vmpl\":0", "\"vmpl\":1,\"vmpl\":0", 1);
    let absent = text.replacen(",\"vmpl\":0", "", 1);
    let long = text.replacen("\"host_data\":[", "\"host_data\":[0,", 1);
    let large = text.replacen("\"vmpl\":0", "\"vmpl\":4294967296", 1);
    for (name, changed) in [("twice", twice), ("absent", absent), ("long", long), ("large", large)] {
        let Err(Refused::Parse(ParseError::Coco { tee: Tee::Snp, reason })) = with(changed.clone()).outcome()
        else {
            panic!("{name}: read, or refused for another reason");
        };
        assert_ne!(changed, text, "{name}");
        assert!(reason.starts_with("Data error at line 1 column "), "{name}: {reason}");
    }
}

#[test]
fn a_field_of_coco_json_that_lies_breaks_the_signature() {
    let snp = Snp::good();
    let mut case = snp.mint();
    let text = String::from_utf8(snp_evidence(&snp.report, &case.evidence, &json!(null))).unwrap();
    case.evidence = text.replacen("\"guest_svn\":0", "\"guest_svn\":1", 1).into_bytes();
    let algorithm = SignatureAlgorithm::EcdsaP384Sha384;
    let error = SnpError::Signature(CryptoError::SignatureWrong { algorithm });
    assert_eq!(case.outcome(), Err(Refused::Verify(VerifyError::Snp(error))));
}
