//! Form and signatures of ID blocks: one that another implementation made, and minted ones broken in one thing.

use sim::amd::{Chip, IdBlockFields, OwnerKeys, Product, SigningChoice};
use sim::{P384Key, SeededRng};

use super::super::id_block::{Contents, Launched};
use super::super::{IdBlock, IdBlockError, IdBlockMismatch};
use crate::crypto::CryptoError;
use crate::endorsements::Endorsements;
use crate::reader::ReadError;

/// The test vector of crate `sev` 8.0.0 (Apache-2.0): `tests/id-block.rs` and `tests/measurement/test_auth_block.bin`,
/// written here without its zeros.
fn foreign() -> Vec<u8> {
    let mut bytes = vec![0; 4192];
    for (at, text) in [
        (
            0,
            "a14d638341e5674628fe1e02fbedebe5e5ab4faf1dd72d8966068e615bb99efd13d214b35c231715b38e263dc6059745",
        ),
        (80, "0100000000000000000003"),
        (96, "0100000001"),
        (
            0xa0,
            "e5d3bf7d9bf9e061bd4e8f7c6acae05909a9c3c69f04f318f0135eae71ff7d05ef5c8c6b1bc8c047613a7b6f01b738da",
        ),
        (
            0xe8,
            "d4194dca67de8381ec6d267c032b03dd3c1f5eafa6aa61e92964e5548bef332b1ae921f26de16ac33b642744d197a5d8",
        ),
        (0x2a0, "02000000"),
        (
            0x2a4,
            "1f6d3c80b8fb9ef29ff7dd47e8de3fcb95dd90438768b1932c55233c0c475df54ccab8c82c2ff22c1bcf09264d3e76f6",
        ),
        (
            0x2ec,
            "3ebe939c38350b08cd9bda503c85380dfd7c6012f71966767b3214cbdea837ad1d6dbe0a19b150c7c1cdb947d0a8d7cc",
        ),
        (
            0x6e0,
            "bb887b94557f568689ff4855c3f7ed99810c3d54ecd429651134dc18dd020ecaa771a34cb97666771aa31f0eb462ea99",
        ),
        (
            0x728,
            "f261e8b95da71b2a35425f48a219a77dbb0fee252f64d18ce99888b9fb4f70b104011b7dfea3e0349371a2bfaf6f9133",
        ),
        (0x8e0, "02000000"),
        (
            0x8e4,
            "8c8645dad57349a3c5ffc6c1a5f74a569f0f833c078bb22cd79474f0fe92ce716a73985ba2996233d14c90d68bc77062",
        ),
        (
            0x92c,
            "f5ac8771e0911103c9f2a2fe484377192accb388cc3afdb759b5563ecd08935fa9e2028108107aa74884c9a230793c86",
        ),
    ] {
        let part = hex::decode(text).unwrap();
        bytes[at..at + part.len()].copy_from_slice(&part);
    }
    bytes
}

/// The digests of its two keys, as that crate computes them.
const FOREIGN_ID_KEY: &str =
    "59fb2c686dfa4fef49f38339aa775c90051c28d57383ddc3baf3b5eb4b1496df3b0dbbdcbae5fe27677a644820773fe2";
const FOREIGN_AUTHOR_KEY: &str =
    "eed81169fb0cb5e0ec34794f128fd4e0c4a46f67c65a1adfa81fcb24bcc088c272369b7ffc3eb2b6af6a4284a1b36c5f";

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn keys() -> OwnerKeys {
    let key = |name: &str| P384Key::generate(&mut SeededRng::new(name));
    OwnerKeys { id: key("id key"), author: Some(key("author key")) }
}

fn fields() -> IdBlockFields {
    let chip = Chip::new(Product::Genoa, &mut SeededRng::new("a chip"));
    IdBlockFields::of(&chip.report(5, SigningChoice::Vcek, [7; 64]))
}

fn minted() -> Vec<u8> {
    keys().sign(&fields()).unwrap()
}

fn parsed(bytes: &[u8]) -> Result<[u8; 48], IdBlockError> {
    IdBlock::parse(bytes).map(|block| *block.id_key_digest())
}

/// The block against a report of the minted guest with these key digests.
fn checked(bytes: &[u8], author: Option<&P384Key>) -> Result<(), IdBlockMismatch> {
    let block = IdBlock::parse(bytes).unwrap();
    let digest = author.map(sim::amd::key_digest);
    let fields = fields();
    let contents = Contents {
        launch_digest: fields.launch_digest,
        family_id: fields.family_id,
        image_id: fields.image_id,
        guest_svn: fields.guest_svn,
        policy: fields.policy,
    };
    let id_key_digest = block.id_key_digest();
    block.check(&Launched { contents, id_key_digest, author_key_digest: digest.as_ref() })
}

#[test]
fn another_implementations_block_verifies() {
    let block = IdBlock::parse(&foreign()).unwrap();
    assert_eq!(block.id_key_digest(), &array(FOREIGN_ID_KEY));
    let launch_digest = foreign()[..48].try_into().unwrap();
    let contents =
        Contents { launch_digest, family_id: [0; 16], image_id: [0; 16], guest_svn: 0, policy: 0x3_0000 };
    let author = array(FOREIGN_AUTHOR_KEY);
    let launched =
        Launched { contents, id_key_digest: &array(FOREIGN_ID_KEY), author_key_digest: Some(&author) };
    assert_eq!(block.check(&launched), Ok(()));
}

#[test]
fn structures_have_exactly_their_size_and_reserved_bytes_are_zero() {
    let good = minted();
    assert_eq!(parsed(&good), Ok(sim::amd::key_digest(&keys().id)));
    assert_eq!(parsed(&good[..4191]), Err(IdBlockError::Size { actual: 4191 }));
    assert_eq!(parsed(&[&good[..], &[0]].concat()), Err(IdBlockError::Size { actual: 4193 }));
    let (auth, signature, key) =
        ("SNP ID authentication information", "SNP ECDSA signature", "SNP ECDSA public key");
    for (structure, base, offset, end) in [
        (auth, 96, 8, 64),
        (signature, 96 + 0x40, 48, 72),
        (signature, 96 + 0x40, 120, 144),
        (signature, 96 + 0x40, 144, 512),
        (key, 96 + 0x240, 52, 76),
        (key, 96 + 0x240, 124, 148),
        (key, 96 + 0x240, 148, 1028),
        (auth, 96, 0x644, 0x680),
        (signature, 96 + 0x680, 144, 512),
        (key, 96 + 0x880, 148, 1028),
        (auth, 96, 0xc84, 0x1000),
    ] {
        for at in [offset, end - 1] {
            let mut bytes = good.clone();
            bytes[base + at] = 1;
            let expected = IdBlockError::Read(ReadError::Reserved { structure, offset, end });
            assert_eq!(parsed(&bytes), Err(expected), "{structure} at {at:#x}");
        }
    }
}

#[test]
fn versions_algorithms_and_curves_that_are_not_known_are_refused() {
    let with = |at: usize, value: u8| {
        let mut bytes = minted();
        bytes[at] = value;
        parsed(&bytes)
    };
    assert_eq!(with(80, 0), Err(IdBlockError::Version { actual: 0 }));
    assert_eq!(with(80, 2), Err(IdBlockError::Version { actual: 2 }));
    assert_eq!(with(96, 0), Err(IdBlockError::Algorithm { key: "ID", actual: 0 }));
    assert_eq!(with(96, 2), Err(IdBlockError::Algorithm { key: "ID", actual: 2 }));
    assert_eq!(with(100, 2), Err(IdBlockError::Algorithm { key: "author", actual: 2 }));
    // An author key whose algorithm says that there is none.
    assert_eq!(with(100, 0), Err(IdBlockError::Algorithm { key: "author", actual: 0 }));
    assert_eq!(with(96 + 0x240, 1), Err(IdBlockError::Curve { actual: 1 }));
    assert_eq!(with(96 + 0x880, 3), Err(IdBlockError::Curve { actual: 3 }));
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_refused() {
    let mut bytes = minted();
    bytes[96 + 0x244] ^= 1;
    let error = CryptoError::KeyPoint { kind: crate::crypto::KeyKind::P384 };
    assert_eq!(parsed(&bytes), Err(IdBlockError::Key(error)));
}

#[test]
fn both_signatures_must_hold() {
    let author = keys().author;
    assert_eq!(checked(&minted(), author.as_ref()), Ok(()));
    let with = |at: usize| {
        let mut bytes = minted();
        bytes[at] ^= 1;
        checked(&bytes, author.as_ref()).map_err(|mismatch| mismatch.field)
    };
    assert_eq!(with(96 + 0x40), Err("ID_BLOCK_SIG"));
    assert_eq!(with(96 + 0x680), Err("ID_KEY_SIG"));
}

#[test]
fn the_author_key_is_asked_where_the_report_has_one() {
    let without = OwnerKeys { author: None, ..keys() }.sign(&fields()).unwrap();
    assert_eq!(checked(&without, None), Ok(()));
    // The block may name an author that the launch did not use; the report decides.
    assert_eq!(checked(&minted(), None), Ok(()));
    let other = P384Key::generate(&mut SeededRng::new("another author"));
    let field = |bytes: &[u8], author| checked(bytes, author).map_err(|mismatch| mismatch.field);
    assert_eq!(field(&minted(), Some(&other)), Err("AUTHOR_KEY_DIGEST"));
    assert_eq!(field(&without, keys().author.as_ref()), Err("AUTHOR_KEY_DIGEST"));
}

#[test]
fn id_blocks_are_recognised_by_content_in_both_forms() {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let good = minted();
    let (block, auth) = (encode(&good[..96]), encode(&good[96..]));
    let added = |bytes: &[u8]| {
        let mut endorsements = Endorsements::new();
        endorsements.add("owner", bytes).unwrap();
        let malformed: Vec<String> =
            endorsements.malformed().iter().map(|item| item.value.reason.clone()).collect();
        (endorsements.id_blocks().len(), malformed)
    };
    assert_eq!(added(&good), (1, vec![]));
    assert_eq!(added(format!(r#"{{"id_block": "{block}", "id_auth": "{auth}"}}"#).as_bytes()), (1, vec![]));
    // As QEMU spells them, beside what else a launch script keeps there.
    let qemu = format!(r#"{{"qom-type": "sev-snp-guest", "id-block": "{block}", "id-auth": "{auth}"}}"#);
    assert_eq!(added(qemu.as_bytes()), (1, vec![]));
    let short = format!(r#"{{"id_block": "{}", "id_auth": "{auth}"}}"#, &block[4..]);
    let wrong = IdBlockError::Base64 { name: "id_block", size: 96 }.to_string();
    assert_eq!(added(short.as_bytes()), (0, vec![wrong]));
    let mut reserved = good;
    reserved[96 + 0x1000 - 1] = 1;
    let (count, malformed) = added(&reserved);
    assert_eq!((count, malformed.len()), (0, 1));
}
