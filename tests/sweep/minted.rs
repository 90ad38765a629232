//! One case of each shape under the simulated vendors: every report version, product, signer, body and way to arrive.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sim::amd::{
    AmdVendor, CertificateTableEntry, Chip, IdBlockFields, OwnerKeys, Product, SigningChoice,
    certificate_table, guid,
};
use sim::intel::{CollateralFields, IntelMachine, IntelVendor, PckCa, QuoteForm};
use sim::{P384Key, SeededRng};
use system_tests::coco;
use system_tests::minted::{NOW, REPORT_DATA};
use verifier::anchors::Anchors;
use verifier::evidence::Tee;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;

use crate::piece::{Asked, File, Piece};

/// A shape of SNP evidence.
struct Snp {
    name: &'static str,
    product: Product,
    version: u32,
    signer: SigningChoice,
    extra: Extra,
}

/// What comes with a report besides its chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    Nothing,
    /// The chain stands behind the report and not among the endorsements.
    CertificateTable,
    /// The same in CoCo's evidence JSON.
    Coco,
    /// The report alone in a conceptual message wrapper.
    Wrapper,
    /// The owner's ID block, by an ID key alone.
    IdBlock,
    /// The same, the ID key certified by an author key.
    AuthoredIdBlock,
}

const SNP: &[Snp] = &[
    snp("snp-milan-v2-vcek", Product::Milan, 2, SigningChoice::Vcek, Extra::Nothing),
    snp("snp-milan-v3-vlek-table", Product::Milan, 3, SigningChoice::Vlek, Extra::CertificateTable),
    snp("snp-genoa-v4-vcek-table", Product::Genoa, 4, SigningChoice::Vcek, Extra::CertificateTable),
    snp("snp-genoa-v5-vcek-id-block", Product::Genoa, 5, SigningChoice::Vcek, Extra::AuthoredIdBlock),
    snp("snp-genoa-v5-vlek-id-block", Product::Genoa, 5, SigningChoice::Vlek, Extra::IdBlock),
    snp("snp-genoa-v5-vcek-coco", Product::Genoa, 5, SigningChoice::Vcek, Extra::Coco),
    snp("snp-genoa-v3-vcek-cmw", Product::Genoa, 3, SigningChoice::Vcek, Extra::Wrapper),
    snp("snp-turin-v5-vcek", Product::Turin, 5, SigningChoice::Vcek, Extra::Nothing),
    snp("snp-turin-v5-vlek", Product::Turin, 5, SigningChoice::Vlek, Extra::Nothing),
];

/// The last says whether the quote comes in CoCo's evidence JSON.
const DCAP: &[(&str, QuoteForm, PckCa, bool)] = &[
    ("sgx-v3-processor", QuoteForm::Sgx, PckCa::Processor, false),
    ("sgx-v3-platform", QuoteForm::Sgx, PckCa::Platform, false),
    ("tdx-v4", QuoteForm::TdxV4, PckCa::Platform, false),
    ("tdx-v4-coco", QuoteForm::TdxV4, PckCa::Platform, true),
    ("tdx-v5-td10", QuoteForm::TdxV5Td10, PckCa::Platform, false),
    ("tdx-v5-td15", QuoteForm::TdxV5Td15, PckCa::Platform, false),
    ("tdx-v5-td15-ex", QuoteForm::TdxV5Td15Ex, PckCa::Platform, false),
];

const fn snp(name: &'static str, product: Product, version: u32, signer: SigningChoice, extra: Extra) -> Snp {
    Snp { name, product, version, signer, extra }
}

/// Every shape whose name is wanted.
pub(crate) fn pieces(wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for product in Product::ALL {
        let named = |shape: &&Snp| shape.product == product && wanted(&full_name(shape.name));
        let shapes: Vec<&Snp> = SNP.iter().filter(named).collect();
        // RSA keys take a while to make.
        if !shapes.is_empty() {
            let vendor = AmdVendor::new(product, NOW)?;
            for shape in shapes {
                pieces.push(mint_snp(shape, &vendor)?);
            }
        }
    }
    for (name, form, ca, coco) in DCAP.iter().filter(|(name, ..)| wanted(&full_name(name))) {
        pieces.push(mint_dcap(name, *form, *ca, *coco)?);
    }
    Ok(pieces)
}

fn full_name(name: &str) -> String {
    format!("minted/{name}")
}

fn mint_snp(shape: &Snp, vendor: &AmdVendor) -> anyhow::Result<Piece> {
    let rng = &mut SeededRng::new("sweep: amd");
    let chip = Chip::new(shape.product, rng);
    let mut report = chip.report(shape.version, shape.signer, REPORT_DATA);
    let owner = match shape.extra {
        Extra::IdBlock => Some(OwnerKeys { id: P384Key::generate(rng), author: None }),
        Extra::AuthoredIdBlock => {
            Some(OwnerKeys { id: P384Key::generate(rng), author: Some(P384Key::generate(rng)) })
        }
        Extra::Nothing | Extra::CertificateTable | Extra::Coco | Extra::Wrapper => None,
    };
    if let Some(owner) = &owner {
        owner.name_in(&mut report);
    }
    let (vek, issuer) = (vendor.endorse(&chip, shape.signer, NOW)?, vendor.issuer(shape.signer));
    let mut evidence = chip.sign(&report, shape.signer)?.to_vec();
    let ark = &vendor.ark.certificate;
    let mut files = Vec::new();
    match shape.extra {
        Extra::CertificateTable => {
            let kind = if shape.signer == SigningChoice::Vcek { guid::VCEK } else { guid::VLEK };
            let certificates = [(kind, &vek), (guid::ASK, &issuer.certificate), (guid::ARK, ark)];
            let entry = |(guid, der): (_, &Vec<u8>)| CertificateTableEntry { guid, certificate: der.clone() };
            evidence.extend(certificate_table(&certificates.map(entry))?);
        }
        Extra::Coco => {
            let chain = [("VCEK", &vek), ("ASK", &issuer.certificate), ("ARK", ark)];
            let chain = chain.map(|(kind, der)| json!({ "cert_type": kind, "data": der }));
            evidence = coco::snp_evidence(&report, &evidence, &json!(chain));
        }
        Extra::Nothing | Extra::Wrapper | Extra::IdBlock | Extra::AuthoredIdBlock => {
            files.push(File::new("vek", vek));
            files.push(File::new("ask", issuer.certificate.clone()));
        }
    }
    if shape.extra == Extra::Wrapper {
        evidence = json!([SNP_REPORT, URL_SAFE_NO_PAD.encode(&evidence)]).to_string().into_bytes();
    }
    files.push(File::new("ark-crl", vendor.crl(NOW)?));
    if let Some(owner) = &owner {
        files.push(File::new("id-block", owner.sign(&IdBlockFields::of(&report))?));
    }
    files.insert(0, File::new("report", evidence));
    let mut asked = asked(&vendor.ark.certificate)?;
    asked.policy.snp.require_id_block = owner.is_some();
    Ok(Piece { name: full_name(shape.name), tee: Tee::Snp, files, asked })
}

fn mint_dcap(name: &str, form: QuoteForm, ca: PckCa, coco: bool) -> anyhow::Result<Piece> {
    let rng = &mut SeededRng::new("sweep: intel");
    let vendor = IntelVendor::new(rng, NOW)?;
    let machine = IntelMachine { ca, ..IntelMachine::new(form, rng) };
    let chain = vendor.pck_chain(&machine, NOW)?;
    let quote = machine.quote(&machine.quote_fields(REPORT_DATA), chain.as_bytes())?;
    let quote = if coco { coco::quote_evidence(&quote) } else { quote };
    let collateral = CollateralFields::new(&vendor, &machine, NOW)?.sign(&vendor)?;
    let files = vec![
        File::new("quote", quote),
        File::new("tcb-info", collateral.tcb_info),
        File::new("qe-identity", collateral.qe_identity),
        File::new("tcb-signer", collateral.tcb_signing_chain),
        File::new("root-crl", collateral.root_crl),
        File::new("pck-crl", collateral.pck_crl),
    ];
    let tee = if form == QuoteForm::Sgx { Tee::Sgx } else { Tee::Tdx };
    Ok(Piece { name: full_name(name), tee, files, asked: asked(&vendor.root.certificate)? })
}

/// The simulated root pinned and accepted, the report data compared.
fn asked(root: &[u8]) -> anyhow::Result<Asked> {
    let mut anchors = Anchors::vendor()?;
    anchors.danger_add("danger_minted", root)?;
    Ok(Asked {
        anchors: Arc::new(anchors),
        expected: Expected::report_data(REPORT_DATA),
        policy: Policy { danger_accept_simulated: true, ..Policy::default() },
        at: UnixTime::from_secs(NOW),
    })
}

/// The media type of a report alone (draft-deeglaze-amd-sev-snp-corim-profile).
const SNP_REPORT: &str = "application/vnd.amd.sev-snp.attestation-report";
