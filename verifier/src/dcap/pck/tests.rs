use super::*;

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0A;
const BOOLEAN: u8 = 0x01;

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..=0x7F => vec![tag, length as u8],
        0x80..=0xFF => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, content.to_vec()].concat()
}

fn member(arcs: &[u8], value: Vec<u8>) -> Vec<u8> {
    let oid = [SGX_EXTENSION.as_bytes(), arcs].concat();
    der(SEQUENCE, &[der(0x06, &oid), value].concat())
}

fn oid(arcs: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(&format!("1.2.840.113741.1.13.1.{arcs}")).unwrap()
}

/// The members of the TCB: components 1 to 16, PCESVN 257, CPUSVN.
fn tcb() -> Vec<Vec<u8>> {
    let mut members: Vec<_> = (1..=16).map(|n| member(&[2, n], der(INTEGER, &[n]))).collect();
    members.push(member(&[2, 17], der(INTEGER, &[1, 1])));
    members.push(member(&[2, 18], der(OCTETS, &[9; 16])));
    members
}

fn members_with(tcb: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let flags = [
        member(&[7, 1], der(BOOLEAN, &[0xFF])),
        member(&[7, 2], der(BOOLEAN, &[0])),
        member(&[7, 3], der(BOOLEAN, &[0xFF])),
    ];
    vec![
        member(&[1], der(OCTETS, &[1; 16])),
        member(&[2], der(SEQUENCE, &tcb.concat())),
        member(&[3], der(OCTETS, &[0, 3])),
        member(&[4], der(OCTETS, &[4; 6])),
        member(&[5], der(ENUMERATED, &[1])),
        member(&[6], der(OCTETS, &[6; 16])),
        member(&[7], der(SEQUENCE, &flags.concat())),
    ]
}

fn members() -> Vec<Vec<u8>> {
    members_with(&tcb())
}

fn parse(members: &[Vec<u8>]) -> Result<PckExtension, PckError> {
    PckExtension::parse(&der(SEQUENCE, &members.concat()))
}

#[test]
fn reads_every_member_in_any_order() {
    let expected = PckExtension {
        ppid: [1; 16],
        components: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        pce_svn: 257,
        cpu_svn: [9; 16],
        pce_id: [0, 3],
        fmspc: [4; 6],
        sgx_type: SgxType::Scalable,
        platform_instance_id: Some([6; 16]),
        configuration: Some(Configuration {
            dynamic_platform: Some(true),
            cached_keys: Some(false),
            smt_enabled: Some(true),
        }),
    };
    assert_eq!(parse(&members()), Ok(expected.clone()));
    let mut reversed = members();
    reversed.reverse();
    assert_eq!(parse(&reversed), Ok(expected.clone()));
    let processor = PckExtension { platform_instance_id: None, configuration: None, ..expected };
    assert_eq!(parse(&members()[..5]), Ok(processor));
}

#[test]
fn each_of_the_first_five_members_is_needed() {
    for (index, member) in ["PPID", "TCB", "PCEID", "FMSPC", "SGX type"].into_iter().enumerate() {
        let mut members = members();
        members.remove(index);
        assert_eq!(parse(&members), Err(PckError::Missing { member }));
    }
    for (index, member) in
        [(0, "TCB component SVN"), (15, "TCB component SVN"), (16, "PCESVN"), (17, "CPUSVN")]
    {
        let mut tcb = tcb();
        tcb.remove(index);
        assert_eq!(parse(&members_with(&tcb)), Err(PckError::Missing { member }));
    }
}

#[test]
fn no_member_stands_twice() {
    for (index, arc) in ["1", "2", "3", "4", "5", "6", "7"].into_iter().enumerate() {
        let mut members = members();
        members.push(members[index].clone());
        assert_eq!(parse(&members), Err(PckError::Twice { oid: oid(arc) }));
    }
    for (index, arc) in [(0, "2.1"), (16, "2.17"), (17, "2.18")] {
        let mut tcb = tcb();
        tcb.push(tcb[index].clone());
        assert_eq!(parse(&members_with(&tcb)), Err(PckError::Twice { oid: oid(arc) }));
    }
}

#[test]
fn unknown_members_are_refused() {
    let mut more = members();
    more.push(member(&[8], der(OCTETS, &[0])));
    assert_eq!(parse(&more), Err(PckError::Unknown { oid: oid("8") }));
    let mut more = tcb();
    more.push(member(&[2, 19], der(INTEGER, &[0])));
    assert_eq!(parse(&members_with(&more)), Err(PckError::Unknown { oid: oid("2.19") }));
    // A member of the TCB among the outer members, and one whose OID merely begins like a known one.
    let mut more = members();
    more.push(member(&[2, 1], der(INTEGER, &[0])));
    assert_eq!(parse(&more), Err(PckError::Unknown { oid: oid("2.1") }));
    let mut more = members();
    more[3] = member(&[4, 1], der(OCTETS, &[4; 6]));
    assert_eq!(parse(&more), Err(PckError::Unknown { oid: oid("4.1") }));
}

#[test]
fn values_have_their_exact_type_and_size() {
    for (index, arc, value) in [
        (0, "1", der(OCTETS, &[1; 15])),
        (2, "3", der(OCTETS, &[0; 3])),
        (3, "4", der(INTEGER, &[4; 6])),
        (3, "4", der(OCTETS, &[4; 7])),
        (4, "5", der(ENUMERATED, &[3])),
        (4, "5", der(INTEGER, &[1])),
        (5, "6", der(OCTETS, &[6; 17])),
    ] {
        let mut members = members();
        members[index] = member(&[(index + 1) as u8], value);
        assert_eq!(parse(&members), Err(PckError::Value { oid: oid(arc) }));
    }
    for (index, arc, value) in [
        (0, "2.1", der(INTEGER, &[1, 0])),
        (0, "2.1", der(INTEGER, &[0xFF])),
        (0, "2.1", der(INTEGER, &[0, 1])),
        (16, "2.17", der(INTEGER, &[1, 0, 0])),
        (17, "2.18", der(OCTETS, &[9; 15])),
    ] {
        let mut tcb = tcb();
        tcb[index] = member(&[2, (index + 1) as u8], value);
        assert_eq!(parse(&members_with(&tcb)), Err(PckError::Value { oid: oid(arc) }));
    }
    let mut highest = tcb();
    highest[0] = member(&[2, 1], der(INTEGER, &[0, 0xFF]));
    assert_eq!(parse(&members_with(&highest)).unwrap().components[0], 255);
}

#[test]
fn anything_but_strict_der_is_refused() {
    let whole = der(SEQUENCE, &members().concat());
    assert_eq!(PckExtension::parse(&[&whole[..], &[0]].concat()), Err(PckError::Der));
    assert_eq!(PckExtension::parse(&[]), Err(PckError::Der));
    for length in 0..whole.len() {
        assert_eq!(PckExtension::parse(&whole[..length]), Err(PckError::Der));
    }
    let mut boolean = members();
    boolean[6] = member(&[7], der(SEQUENCE, &member(&[7, 1], der(BOOLEAN, &[1]))));
    assert_eq!(parse(&boolean), Err(PckError::Value { oid: oid("7.1") }));
    let mut longer = members();
    longer[0] = der(SEQUENCE, &[&members()[0][2..], &[5, 0]].concat());
    assert_eq!(parse(&longer), Err(PckError::Der));
}
