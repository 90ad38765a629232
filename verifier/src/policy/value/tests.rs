use super::*;

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct File {
    id: Id<2>,
    bits: Mask,
}

fn read(id: &str, bits: &str) -> Result<File, String> {
    serde_json::from_str(&format!(r#"{{"id":{id},"bits":{bits}}}"#)).map_err(|error| error.to_string())
}

#[test]
fn ids_are_read_in_either_case_and_written_in_lower() {
    let file = read(r#""aBcD""#, "3").unwrap();
    assert_eq!(file, File { id: Id([0xab, 0xcd]), bits: Mask(3) });
    assert_eq!(serde_json::to_string(&file).unwrap(), r#"{"id":"abcd","bits":"0x3"}"#);
}

#[test]
fn bits_reach_to_the_highest_in_hexadecimal() {
    assert_eq!(read(r#""0000""#, r#""0x8000000000000000""#).unwrap().bits, Mask(1 << 63));
}

#[test]
fn rejects_other_lengths_and_forms() {
    let at = |error: String| error.split(" at line").next().unwrap().to_owned();
    assert_eq!(at(read(r#""ab""#, "3").unwrap_err()), "wanted are 2 bytes in hexadecimal");
    assert_eq!(at(read(r#""abcg""#, "3").unwrap_err()), "wanted are 2 bytes in hexadecimal");
    assert_eq!(at(read(r#""abcd""#, "-1").unwrap_err()), "a set of bits is not negative");
    assert_eq!(at(read(r#""abcd""#, r#""12""#).unwrap_err()), "a set of bits begins with 0x");
    assert_eq!(at(read(r#""abcd""#, r#""0x10000000000000000""#).unwrap_err()), "not 64 bits in hexadecimal");
}

#[test]
fn a_mask_leaves_the_other_bits_alone() {
    let masked = Masked { mask: Mask(0b110), value: Mask(0b011) };
    assert!(masked.holds(0b1010));
    assert!(!masked.holds(0b1000));
}
