use super::*;
use crate::dcap::CertificationType;

const SGX_V3: &[u8] =
    include_bytes!("../../../../fixtures/sgx/quote-9a17aa7a60-v3-body1-00a067110000/quote.bin");
const TDX_V4: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-3a3a729320-v4-body2-b0c06f000000/quote.bin");
const TDX_V5_15: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-e53bde55ca-v5-body3-90c06f000000/quote.bin");
const TDX_V5_15_EX: &[u8] =
    include_bytes!("../../../../fixtures/tdx/quote-f376c3577a-v5-body4-b0c06f000000/quote.bin");

/// Where the signature data of a version 4 TDX quote begins, its length included.
const V4_SIGNATURE_DATA: usize = 48 + 584;

fn edited(quote: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut quote = quote.to_vec();
    quote[offset..offset + bytes.len()].copy_from_slice(bytes);
    quote
}

fn error(quote: &[u8]) -> QuoteError {
    Quote::parse(quote).unwrap_err()
}

#[test]
fn parses_each_version_with_its_signed_span() {
    let spans: Vec<_> = [SGX_V3, TDX_V4, TDX_V5_15, TDX_V5_15_EX]
        .iter()
        .map(|bytes| {
            let quote = Quote::parse(bytes).unwrap();
            assert_eq!(quote.signed, &bytes[..quote.signed.len()]);
            (quote.tee(), quote.header.version, quote.signed.len(), quote.trailing())
        })
        .collect();
    assert_eq!(
        spans,
        [
            (Tee::Sgx, 3, 48 + 384, 0),
            (Tee::Tdx, 4, 48 + 584, 0),
            (Tee::Tdx, 5, 48 + 6 + 648, 0),
            (Tee::Tdx, 5, 48 + 6 + 885, 0),
        ]
    );
}

#[test]
fn reads_the_extension_of_each_td_report() {
    let extension = |bytes| match Quote::parse(bytes).unwrap().body {
        Body::Tdx(report) => {
            (report.v15.map(|v| v.tee_tcb_svn2[0]), report.v15_ex.map(|v| v.td_id[..4].to_vec()))
        }
        Body::Sgx(_) => panic!("a TDX quote"),
    };
    assert_eq!(extension(TDX_V4), (None, None));
    assert_eq!(extension(TDX_V5_15), (Some(0x0D), None));
    assert_eq!(extension(TDX_V5_15_EX), (Some(0x0F), Some(vec![0xE1, 0xF3, 0xEE, 0x82])));
}

#[test]
fn reads_key_signature_and_chain_where_they_stand() {
    let quote = Quote::parse(TDX_V4).unwrap();
    let data = &TDX_V4[V4_SIGNATURE_DATA + 4..];
    assert_eq!(quote.signature, &data[..64]);
    assert_eq!(quote.attestation_key, &data[64..128]);
    assert_eq!(quote.certification.qe_report_bytes, &data[134..134 + 384]);
    assert_eq!(quote.certification.qe_report_signature, &data[518..518 + 64]);
    assert_eq!(quote.certification.qe_auth_data, &data[584..584 + 32]);
    assert_eq!(quote.certification.pck_chain, &data[622..]);
}

#[test]
fn every_shorter_prefix_is_refused() {
    for bytes in [SGX_V3, TDX_V4, TDX_V5_15, TDX_V5_15_EX] {
        for length in 0..bytes.len() {
            assert!(
                matches!(error(&bytes[..length]), QuoteError::Read(ReadError::Truncated { .. })),
                "{length}"
            );
        }
    }
}

#[test]
fn trailing_bytes_are_counted_up_to_the_limit() {
    let with = |count: usize| [TDX_V4, &vec![0xAA; count]].concat();
    let longest = with(MAX_TRAILING);
    let quote = Quote::parse(&longest).unwrap();
    assert_eq!((quote.trailing(), quote.signed), (MAX_TRAILING, &TDX_V4[..V4_SIGNATURE_DATA]));
    assert_eq!(
        error(&with(MAX_TRAILING + 1)),
        QuoteError::TooLong { what: "bytes after the quote", limit: MAX_TRAILING, actual: MAX_TRAILING + 1 }
    );
}

#[test]
fn refuses_other_versions() {
    assert_eq!(error(&edited(TDX_V4, 0, &[2, 0])), QuoteError::Version { actual: 2 });
    assert_eq!(error(&edited(TDX_V4, 0, &[6, 0])), QuoteError::Version { actual: 6 });
}

#[test]
fn refuses_other_attestation_keys() {
    assert_eq!(error(&edited(TDX_V4, 2, &[3, 0])), QuoteError::AttestationKeyType { actual: 3 });
}

#[test]
fn refuses_tdx_in_version_3_and_unknown_tees() {
    assert_eq!(error(&edited(SGX_V3, 4, &[0x81])), QuoteError::TeeType { version: 3, actual: 0x81 });
    assert_eq!(error(&edited(TDX_V4, 4, &[0x82])), QuoteError::TeeType { version: 4, actual: 0x82 });
}

#[test]
fn refuses_reserved_header_bytes_from_version_4_on() {
    let reserved = ReadError::Reserved { structure: "DCAP quote", offset: 8, end: 12 };
    assert_eq!(error(&edited(TDX_V4, 11, &[1])), QuoteError::Read(reserved));
    let sgx = edited(SGX_V3, 8, &[7, 0, 9, 0]);
    let header = Quote::parse(&sgx).unwrap().header;
    assert_eq!((header.qe_svn, header.pce_svn), (7, 9));
}

#[test]
fn refuses_a_quoting_enclave_of_another_vendor() {
    let mut actual = INTEL_QE_VENDOR;
    actual[15] ^= 1;
    assert_eq!(error(&edited(TDX_V4, 27, &actual[15..])), QuoteError::QeVendor { actual });
}

#[test]
fn refuses_a_body_that_contradicts_the_header() {
    assert_eq!(error(&edited(TDX_V5_15, 48, &[1])), QuoteError::BodyType { tee_type: 0x81, actual: 1 });
    assert_eq!(error(&edited(TDX_V5_15, 48, &[5])), QuoteError::BodyType { tee_type: 0x81, actual: 5 });
    assert_eq!(error(&edited(TDX_V5_15, 4, &[0])), QuoteError::BodyType { tee_type: 0, actual: 3 });
}

#[test]
fn refuses_a_body_size_that_is_not_its_types() {
    let size = |size: u32| edited(TDX_V5_15, 50, &size.to_le_bytes());
    let wrong = |actual| QuoteError::BodySize { body_type: 3, expected: 648, actual };
    assert_eq!(error(&size(647)), wrong(647));
    assert_eq!(error(&size(649)), wrong(649));
    assert_eq!(error(&size(u32::MAX)), wrong(u32::MAX));
    assert_eq!(
        error(&edited(TDX_V5_15, 48, &[2])),
        QuoteError::BodySize { body_type: 2, expected: 584, actual: 648 }
    );
}

#[test]
fn refuses_every_certification_type_but_the_one_of_its_place() {
    let outer = V4_SIGNATURE_DATA + 4 + 128;
    let inner = outer + 6 + 384 + 64 + 2 + 32;
    let refused = |offset, number: u16| match error(&edited(TDX_V4, offset, &number.to_le_bytes())) {
        QuoteError::CertificationType { expected, actual } => (expected, actual),
        other => panic!("{other:?}"),
    };
    use CertificationType::*;
    for (number, actual) in
        [(0, Unknown(0)), (1, PpidClear), (2, PpidRsa2048), (3, PpidRsa3072), (4, PckLeaf), (7, Unknown(7))]
    {
        assert_eq!(refused(outer, number), (QeReport, actual));
        assert_eq!(refused(inner, number), (PckChain, actual));
    }
    assert_eq!(refused(outer, 5), (QeReport, PckChain));
    assert_eq!(refused(inner, 6), (PckChain, QeReport));
}

#[test]
fn refuses_lengths_beyond_their_limits() {
    let length = V4_SIGNATURE_DATA;
    assert_eq!(
        error(&edited(TDX_V4, length, &u32::MAX.to_le_bytes())),
        QuoteError::TooLong { what: "signature data", limit: 0x8000, actual: 0xFFFF_FFFF }
    );
    let auth = length + 4 + 128 + 6 + 384 + 64;
    assert_eq!(
        error(&edited(TDX_V4, auth, &1025u16.to_le_bytes())),
        QuoteError::TooLong { what: "authentication data of the quoting enclave", limit: 1024, actual: 1025 }
    );
    let chain = auth + 2 + 32 + 2;
    assert_eq!(
        error(&edited(TDX_V4, chain, &0x4001u32.to_le_bytes())),
        QuoteError::TooLong { what: "PCK certificate chain", limit: 0x4000, actual: 0x4001 }
    );
}

#[test]
fn refuses_bytes_that_the_signature_data_does_not_use() {
    let length = u32::from_le_bytes(TDX_V4[V4_SIGNATURE_DATA..V4_SIGNATURE_DATA + 4].try_into().unwrap());
    let mut longer = edited(TDX_V4, V4_SIGNATURE_DATA, &(length + 1).to_le_bytes());
    longer.push(0);
    assert_eq!(
        error(&longer),
        QuoteError::Read(ReadError::Trailing {
            structure: "signature data of the quote",
            offset: length as usize,
            count: 1
        })
    );
}

#[test]
fn refuses_reserved_bytes_of_an_enclave_report() {
    let reserved =
        |offset, end| QuoteError::Read(ReadError::Reserved { structure: "SGX enclave report", offset, end });
    assert_eq!(error(&edited(SGX_V3, 48 + 31, &[1])), reserved(21, 32));
    assert_eq!(error(&edited(SGX_V3, 48 + 96, &[1])), reserved(96, 128));
    assert_eq!(error(&edited(SGX_V3, 48 + 191, &[1])), reserved(160, 192));
    assert_eq!(error(&edited(SGX_V3, 48 + 262, &[1])), reserved(262, 304));
}
