use super::*;
use crate::policy::Policy;

fn read<T: for<'de> Deserialize<'de>>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string().split(" at line").next().unwrap().to_owned())
}

#[test]
fn bits_are_written_as_their_numbers() {
    assert_eq!(read("[0, 63, 5, 5]"), Ok(Bits::from_mask(1 << 63 | 1 << 5 | 1)));
    assert_eq!(read::<Bits>("[64]"), Err("there is no bit 64, only 0 to 63".to_owned()));
    assert_eq!(serde_json::to_string(&Bits::from_mask(1 << 63 | 0b10)).unwrap(), "[1,63]");
}

#[test]
fn versions_have_all_their_parts_and_one_spelling() {
    assert_eq!(read("\"1.55.22\""), Ok(Firmware { major: 1, minor: 55, build: 22 }));
    assert_eq!(read("\"1.55\""), Ok(AbiVersion { major: 1, minor: 55 }));
    for wrong in ["\"1\"", "\"1.55.22\"", "\"1.256\"", "\"1.+5\"", "\"1. 5\"", "\"1.05\"", "\"\"", "\"1.5.\""]
    {
        assert_eq!(
            read::<AbiVersion>(wrong),
            Err("a version is written \"major.minor\", each from 0 to 255".to_owned()),
            "{wrong}"
        );
    }
    assert_eq!(
        read::<Firmware>("\"1.55\""),
        Err("a firmware version is written \"major.minor.build\", each from 0 to 255".to_owned())
    );
}

#[test]
fn versions_are_compared_part_by_part() {
    let version = |text: &str| read::<Firmware>(&format!("\"{text}\"")).unwrap();
    assert!(version("1.55.22") < version("1.55.100") && version("1.55.100") < version("1.56.0"));
    assert!(version("2.0.0") > version("1.255.255"));
}

#[test]
fn refuses_an_advisory_that_the_catalogue_does_not_have() {
    assert_eq!("AMD-SB-3020".parse::<AdvisoryName>().map(|name| name.entry().name), Ok("RMPocalypse"));
    let unknown = AdvisoryError::Unknown { id: "AMD-SB-302".to_owned() };
    assert_eq!("AMD-SB-302".parse::<AdvisoryName>(), Err(unknown.clone()));
    let policy = "{\"snp\": {\"enforce_advisories\": [\"AMD-SB-302\"]}}";
    assert_eq!(read::<Policy>(policy), Err(unknown.to_string()));
}

#[test]
fn a_policy_is_read_back_as_it_was_written() {
    let text = "{\"snp\": {\"enforce_advisories\": [\"AMD-SB-3020\"], \"danger_allow_policy_bits\": [26],
        \"firmware_floors\": {\"milan\": \"1.55.22\"}, \"launch_mitigations\": {\"genoa\": [1, 2]},
        \"require_platform_info\": [\"iommu-write-safe\"], \"forbid_guest_policy\": [\"smt\"],
        \"signing_keys\": [\"vlek\"], \"min_policy_abi\": \"1.51\"}}";
    let policy: Policy = read(text).unwrap();
    assert_eq!(read(&serde_json::to_string(&policy).unwrap()), Ok(policy));
}
