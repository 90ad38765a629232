//! The peers' verifiers behind one call each.

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::verify::QuoteVerifier;
use serde_json::value::RawValue;
use sev::certs::snp::{Chain, Verifiable};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser;
use sim::intel::{Collateral, IntelVendor, PckCa};
use sim::x509::pem;

/// Asks `sev`: does the report parse, does the chain hold from this ARK to this VCEK or VLEK, does it sign the report?
pub fn sev(report: &[u8], ark: &[u8], ask: &[u8], vek: &[u8]) -> Result<(), String> {
    let report = AttestationReport::from_bytes(report).map_err(|error| error.to_string())?;
    let chain = Chain::from_der(ark, ask, vek).map_err(|error| error.to_string())?;
    (&chain, &report).verify().map_err(|error| error.to_string())
}

/// Asks `dcap-qvl` with this root: the merged TCB status and the advisories.
pub fn dcap_qvl(
    quote: &[u8],
    collateral: &QuoteCollateralV3,
    root: &[u8],
    now: i64,
) -> Result<(String, Vec<String>), String> {
    let now = u64::try_from(now).map_err(|error| error.to_string())?;
    QuoteVerifier::new(root.to_vec())
        .verify(quote, collateral, now)
        .map(|report| (report.status, report.advisory_ids))
        .map_err(|error| format!("{error:#}"))
}

/// Minted collateral in the form that `dcap-qvl` takes: bodies and signatures apart, each with its chain.
pub fn collateral_for_dcap_qvl(
    collateral: &Collateral,
    vendor: &IntelVendor,
    ca: PckCa,
) -> QuoteCollateralV3 {
    let (tcb_info, tcb_info_signature) = body_and_signature(&collateral.tcb_info, "tcbInfo").expect(MINTED);
    let (qe_identity, qe_identity_signature) =
        body_and_signature(&collateral.qe_identity, "enclaveIdentity").expect(MINTED);
    let ca_chain = [&vendor.pck_ca(ca).certificate, &vendor.root.certificate];
    QuoteCollateralV3 {
        pck_crl_issuer_chain: ca_chain.map(|der| pem("CERTIFICATE", der)).concat(),
        root_ca_crl: collateral.root_crl.clone(),
        pck_crl: collateral.pck_crl.clone(),
        tcb_info_issuer_chain: collateral.tcb_signing_chain.clone(),
        tcb_info,
        tcb_info_signature,
        qe_identity_issuer_chain: collateral.tcb_signing_chain.clone(),
        qe_identity,
        qe_identity_signature,
        pck_certificate_chain: None,
    }
}

/// The exact bytes of the signed member, and the signature's 64 bytes; `None` where the JSON has no such form.
pub(crate) fn body_and_signature(json: &[u8], member: &str) -> Option<(String, Vec<u8>)> {
    let mut members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_slice(json).ok()?;
    let signature: String = serde_json::from_str(members.remove("signature")?.get()).ok()?;
    let digits: Option<Vec<u8>> = signature
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes = digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    Some((members.remove(member)?.get().to_owned(), bytes))
}

const MINTED: &str = "minted collateral has Intel's form";
