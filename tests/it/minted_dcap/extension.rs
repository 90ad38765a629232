//! The SGX extension of a PCK certificate (Intel's PCK certificate and CRL profile, section 1.3.5): each of its members left out,
//! and each twice.

use sim::asn1 as write;
use verifier::dcap::{DcapError, PckError, SGX_EXTENSION};
use verifier::error::VerifyError;
use verifier::x509::ObjectIdentifier;

use super::case::Dcap;
use crate::refused::{self, Case, Refused};

/// What follows the extension's own identifier, the name of the member in an error, and whether every certificate has it.
fn members() -> Vec<(Vec<u8>, &'static str, bool)> {
    let mut members = vec![
        (vec![1], "PPID", true),
        (vec![2], "TCB", true),
        (vec![3], "PCEID", true),
        (vec![4], "FMSPC", true),
        (vec![5], "SGX type", true),
        (vec![6], "platform instance id", false),
        (vec![7], "configuration", false),
        (vec![2, 17], "PCESVN", true),
        (vec![2, 18], "CPUSVN", true),
    ];
    members.extend((1..=16).map(|number| (vec![2, number], "TCB component SVN", true)));
    members.extend((1..=3).map(|number| (vec![7, number], "a flag of the configuration", false)));
    members
}

/// The parts of a DER sequence, each whole.
fn parts(sequence: &[u8]) -> Vec<Vec<u8>> {
    let mut left = body(sequence);
    let mut parts = Vec::new();
    while !left.is_empty() {
        let (head, length) = header(left);
        let (part, rest) = left.split_at(head + length);
        parts.push(part.to_vec());
        left = rest;
    }
    parts
}

fn body(der: &[u8]) -> &[u8] {
    let (head, length) = header(der);
    &der[head..head + length]
}

/// Size of tag and length, and the length.
fn header(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
        short => (2, usize::from(short)),
    }
}

/// The sequence of members with so many copies of the one at this path.
fn copied(sequence: &[u8], path: &[u8], copies: usize) -> Vec<u8> {
    let (arc, below) = path.split_first().unwrap();
    let members = parts(sequence).into_iter().flat_map(|member| {
        let [oid, value] = parts(&member).try_into().unwrap();
        match (oid.last() == Some(arc), below) {
            (false, _) => vec![member],
            (true, []) => vec![member; copies],
            (true, _) => vec![write::sequence([oid, copied(&value, below, copies)])],
        }
    });
    write::sequence(members)
}

fn with(path: &[u8], copies: usize) -> Case {
    let change = |dcap: &mut Dcap| {
        let value = &mut dcap.pck.extension_mut(&SGX_EXTENSION).unwrap().value;
        *value = copied(value, path, copies);
    };
    Dcap::good().but(change).mint()
}

fn refuses(error: PckError) -> Result<(), Refused> {
    Err(Refused::Verify(VerifyError::Dcap(DcapError::PckExtension(error))))
}

fn dotted(path: &[u8]) -> String {
    path.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

#[test]
fn refuses_a_member_that_is_left_out_but_those_of_registered_platforms() {
    refused::all(members().into_iter().map(|(path, member, needed)| {
        let expected = if needed { refuses(PckError::Missing { member }) } else { Ok(()) };
        (format!("without {member} ({})", dotted(&path)), with(&path, 0), expected)
    }));
}

#[test]
fn refuses_each_member_that_stands_twice() {
    refused::all(members().into_iter().map(|(path, member, _)| {
        let oid = ObjectIdentifier::new_unwrap(&format!("1.2.840.113741.1.13.1.{}", dotted(&path)));
        (format!("{member} twice ({})", dotted(&path)), with(&path, 2), refuses(PckError::Twice { oid }))
    }));
}
