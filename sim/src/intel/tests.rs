use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::vendor::{ca_fields, crl_fields, pck_fields, root_fields, signer_fields};
use super::*;
use crate::testing::{extension_value, spki, to_be_signed};
use crate::x509::{AUTHORITY_KEY_IDENTIFIER, CertificateFields, SUBJECT_KEY_IDENTIFIER};
use crate::{MintError, SeededRng};

macro_rules! quote {
    ($path:literal) => {
        include_bytes!(concat!("../../../fixtures/", $path, "/quote.bin"))
    };
}

const REAL_QUOTES: [&[u8]; 13] = [
    quote!("sgx/quote-9a17aa7a60-v3-body1-00a067110000"),
    quote!("sgx/quote-b26535338f-v3-body1-00906ea10000"),
    quote!("sgx/quote-d805593648-v3-body1-00906ea10000"),
    quote!("tdx/quote-18f5572971-v4-body2-b0c06f000000"),
    quote!("tdx/quote-3a3a729320-v4-body2-b0c06f000000"),
    quote!("tdx/quote-3ff49d025f-v4-body2-b0c06f000000"),
    quote!("tdx/quote-4f4e696823-v4-body2-90c06f000000"),
    quote!("tdx/quote-5225f6d79f-v4-body2-90c06f000000"),
    quote!("tdx/quote-bc7cabb6b3-v4-body2-b0c06f000000"),
    quote!("tdx/quote-cf0680be72-v4-body2-00806f050000"),
    quote!("tdx/quote-e2c4e092a9-v4-body2-00806f050000"),
    quote!("tdx/quote-e53bde55ca-v5-body3-90c06f000000"),
    quote!("tdx/quote-f376c3577a-v5-body4-b0c06f000000"),
];
const PEM_CHAIN: &[u8] = include_bytes!(
    "../../../fixtures/tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_signing_chain.pem"
);
const ROOT_CRL: &[u8] =
    include_bytes!("../../../fixtures/tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/root_crl.der");
const TCB_INFO: &[u8] =
    include_bytes!("../../../fixtures/tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/tcb_info.json");
const QE_IDENTITY: &[u8] = include_bytes!(
    "../../../fixtures/tdx/quote-f376c3577a-v5-body4-b0c06f000000/collateral-0/qe_identity.json"
);

/// id-ce-subjectKeyIdentifier and id-ce-authorityKeyIdentifier with their tag.
const SKI: &[u8] = b"\x06\x03\x55\x1d\x0e";
const AKI: &[u8] = b"\x06\x03\x55\x1d\x23";

#[test]
fn writes_the_signed_bytes_of_real_quotes_again_from_their_fields() {
    for quote in REAL_QUOTES {
        let (fields, length) = QuoteFields::decode(quote).unwrap();
        assert_eq!(fields.encode().unwrap(), quote[..length]);
    }
}

#[test]
fn knows_every_form_of_real_quotes() {
    let kinds: Vec<_> = REAL_QUOTES
        .iter()
        .map(|quote| QuoteFields::decode(quote).unwrap().0)
        .map(|fields| (fields.header.version, fields.body.kind()))
        .collect();
    let mut expected = vec![(3, 1); 3];
    expected.extend([(4, 2); 8]);
    expected.extend([(5, 3), (5, 4)]);
    assert_eq!(kinds, expected);
}

#[test]
fn reads_every_minted_field_back() {
    for form in QuoteForm::ALL {
        let machine = IntelMachine::new(form, &mut SeededRng::new("every field"));
        let fields = machine.quote_fields([0x11; 64]);
        let bytes = fields.encode().unwrap();
        assert_eq!(QuoteFields::decode(&bytes), Ok((fields, bytes.len())));
    }
}

#[test]
fn takes_no_quote_with_an_unknown_body_apart() {
    let mut quote = REAL_QUOTES[12].to_vec();
    quote[48] = 9;
    let structure = "the signed span of a quote";
    assert_eq!(QuoteFields::decode(&quote), Err(MintError::Form { structure, offset: 54 }));
}

#[test]
fn writes_intels_pck_certificate_again() {
    let [leaf, ca, _] = quote_chain();
    let root = root_fields(Vec::new(), 0);
    let ca_name = ca_fields(&root, PckCa::Platform, spki(&ca), 0);
    let machine = IntelMachine {
        extension: SgxExtension {
            ppid: *b"\xd6\xfb\xe6\x2f\xef\xe5\x90\xc4\x5a\x33\xaf\xa4\xad\xaa\xd1\x11",
            platform_instance_id: Some(*b"\x5d\x9b\xfc\x28\x2b\xfc\x50\xfa\xa9\x99\x12\x1a\xa7\xcc\x41\xd7"),
            configuration: Some(PckConfiguration {
                dynamic_platform: true,
                cached_keys: true,
                smt_enabled: true,
            }),
            ..IntelMachine::new(QuoteForm::TdxV4, &mut SeededRng::new("pck")).extension
        },
        ..IntelMachine::new(QuoteForm::TdxV4, &mut SeededRng::new("pck"))
    };
    let fields = pck_fields(&ca_name, &machine, spki(&leaf), 0).unwrap();
    assert_eq!(again(fields, &leaf, 1_786_617_937, 2_007_542_737), to_be_signed(&leaf));
}

#[test]
fn writes_intels_authorities_again() {
    let [_, ca, root] = quote_chain();
    let [signer, _] = certificates(PEM_CHAIN);
    let root_again = root_fields(spki(&root), 0);
    let ca_again = ca_fields(&root_again, PckCa::Platform, spki(&ca), 0);
    let signer_again = signer_fields(&root_again, spki(&signer), 0);
    let minted = [
        again(root_again, &root, 1_526_899_510, 2_524_607_999),
        again(ca_again, &ca, 1_526_899_810, 2_000_285_410),
        again(signer_again, &signer, 1_746_523_500, 1_967_448_300),
    ];
    assert_eq!(minted, [&root, &ca, &signer].map(|der| to_be_signed(der).to_vec()));
}

#[test]
fn writes_intels_root_crl_again() {
    let mut fields = crl_fields(&root_fields(Vec::new(), 0), 1_772_111_040, 1_803_647_040);
    let identifier = fields.extensions.iter_mut().find(|e| e.oid == AUTHORITY_KEY_IDENTIFIER).unwrap();
    identifier.value = extension_value(ROOT_CRL, AKI);
    assert_eq!(fields.to_be_signed().unwrap(), to_be_signed(ROOT_CRL));
}

#[test]
fn writes_collateral_with_the_members_of_intels_in_their_order() {
    let machine = IntelMachine::new(QuoteForm::TdxV4, &mut SeededRng::new("collateral"));
    let (key, now) = (crate::P256Key::generate(&mut SeededRng::new("signer")), 1_772_323_200);
    let tcb_info = TcbInfoFields::new(&machine, now).unwrap().sign(&key).unwrap();
    let qe_identity = QeIdentityFields::new(&machine, now).unwrap().sign(&key).unwrap();
    assert_eq!(
        (first_members(&tcb_info), first_members(&qe_identity)),
        (first_members(TCB_INFO), first_members(QE_IDENTITY))
    );
}

/// The names of a JSON document's members, each at its first occurrence, without the optional ones.
fn first_members(json: &[u8]) -> Vec<String> {
    let text = core::str::from_utf8(json).unwrap();
    let mut members = Vec::new();
    for part in text.split("\":").map(|part| part.rsplit('"').next().unwrap().to_owned()) {
        if !members.contains(&part) && !["category", "type", "advisoryIDs"].contains(&part.as_str()) {
            members.push(part);
        }
    }
    // After the last name comes the signature's value.
    members.pop();
    members
}

/// The signed part with the validity and the key identifiers of the real certificate.
fn again(mut fields: CertificateFields, real: &[u8], not_before: i64, not_after: i64) -> Vec<u8> {
    (fields.not_before, fields.not_after) = (not_before, not_after);
    let identifier = extension_value(real, SKI);
    fields.serial = identifier[2..].to_vec();
    fields.extension_mut(&SUBJECT_KEY_IDENTIFIER).unwrap().value = identifier;
    fields.extension_mut(&AUTHORITY_KEY_IDENTIFIER).unwrap().value = extension_value(real, AKI);
    // A PCK certificate's serial number is not its key identifier.
    if fields.extension_mut(&oid::SGX).is_some() {
        fields.serial = to_be_signed(real)[11..32].to_vec();
    }
    fields.to_be_signed().unwrap()
}

fn quote_chain() -> [Vec<u8>; 3] {
    let quote = REAL_QUOTES[12];
    let begin = b"-----BEGIN CERTIFICATE-----";
    let at = quote.windows(27).position(|window| window == begin).unwrap();
    certificates(&quote[at..])
}

fn certificates<const N: usize>(chain: &[u8]) -> [Vec<u8>; N] {
    let text = core::str::from_utf8(chain).unwrap().trim_end_matches('\0');
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let ders: Vec<_> = blocks
        .map(|block| block.split("-----END").next().unwrap())
        .map(|body| BASE64_STANDARD.decode(body.replace('\n', "")).unwrap())
        .collect();
    ders.try_into().unwrap()
}
