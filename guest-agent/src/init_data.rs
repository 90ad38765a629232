//! Init-data: the document that the host gave this guest at launch. The hardware carries its digest, so that a host cannot
//! give a guest another document than it was launched with.

use kbs_protocol::evidence::{EvidenceError, host_data, host_data_of};
use kbs_protocol::{Digest, HashAlgorithm, InitData, InitDataError, Tee};
use serde::Deserialize;

use crate::attester::EvidenceJson;

/// Init-data with the digest that it asks for.
#[derive(Clone, Debug)]
pub(crate) struct ReadInitData {
    document: InitData,
    digest: Digest,
}

/// Why init-data is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitDataRefusal {
    /// The text is not the TOML document that init-data is.
    #[error("it is not TOML with version, algorithm and [data]")]
    Form,
    /// The document names an algorithm that the protocol does not know.
    #[error("its algorithm is none of sha256, sha384 and sha512")]
    Algorithm,
    /// It cannot be hashed.
    #[error(transparent)]
    Digest(#[from] InitDataError),
    /// The evidence cannot be looked into.
    #[error("the evidence cannot be read")]
    Evidence(#[from] EvidenceError),
    /// The hardware carries the digest of another document, or of none.
    #[error(
        "this guest was launched with {}: {field} is {actual}, and the document's digest makes it {expected}",
        if actual.bytes().all(|digit| digit == b'0') { "no init-data" } else { "other init-data" }
    )]
    Other {
        /// The field by its vendor's name.
        field: &'static str,
        /// What it must hold, in hexadecimal.
        expected: String,
        /// What it holds.
        actual: String,
    },
}

#[derive(Deserialize)]
struct Document {
    #[expect(dead_code, reason = "must be there; one version is known")]
    version: String,
    algorithm: String,
    #[expect(dead_code, reason = "must be there; the broker makes claims of it")]
    data: toml::Table,
}

impl ReadInitData {
    /// Reads the document and hashes its raw text with the algorithm that it names.
    pub(crate) fn read(document: InitData) -> Result<Self, InitDataRefusal> {
        let Document { algorithm, .. } = toml::from_str(&document.body).map_err(|_| InitDataRefusal::Form)?;
        let algorithm = HashAlgorithm::parse(&algorithm).ok_or(InitDataRefusal::Algorithm)?;
        let digest = document.digest(algorithm)?;
        Ok(Self { document, digest })
    }

    /// The document as it came.
    pub(crate) fn document(&self) -> &InitData {
        &self.document
    }

    /// Whether this guest was launched with it, by its own evidence. Evidence without such a field says nothing.
    pub(crate) fn check(&self, tee: Tee, evidence: &EvidenceJson) -> Result<(), InitDataRefusal> {
        let found = host_data(tee, evidence)?.zip(host_data_of(tee, &self.digest));
        match found {
            Some(((field, actual), expected)) if actual != expected => Err(InitDataRefusal::Other {
                field,
                expected: hex::encode(expected),
                actual: hex::encode(actual),
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use kbs_protocol::evidence::{Sgx, Snp, Tdx};

    use super::*;

    const DOCUMENT: &str = "version = \"0.1.0\"\nalgorithm = \"sha384\"\n[data]\n\"aa.toml\" = \"\"\n";

    fn init_data(body: &str) -> InitData {
        InitData { format: "toml".to_owned(), body: body.to_owned() }
    }

    fn evidence(tee: Tee, at: usize, field: &[u8]) -> EvidenceJson {
        let mut bytes = vec![0; 1184];
        bytes[at..at + field.len()].copy_from_slice(field);
        match tee {
            Tee::Snp => {
                bytes[0] = 2;
                Snp::new(&bytes, Vec::new()).unwrap().to_json().unwrap()
            }
            Tee::Sgx => Sgx::new(&bytes).to_json().unwrap(),
            _ => {
                bytes[0] = if at == 232 { 4 } else { 5 };
                Tdx::new(&bytes, None).to_json().unwrap()
            }
        }
    }

    #[test]
    fn every_tee_carries_the_digest_in_its_own_field_cut_or_filled() {
        let read = ReadInitData::read(init_data(DOCUMENT)).unwrap();
        let digest = HashAlgorithm::Sha384.digest(DOCUMENT.as_bytes()).unwrap();
        for (tee, at, width, name) in [
            (Tee::Snp, 0xC0, 32, "HOST_DATA"),
            (Tee::Tdx, 232, 48, "MRCONFIGID"),
            (Tee::Tdx, 238, 48, "MRCONFIGID"),
            (Tee::Sgx, 240, 64, "CONFIGID"),
        ] {
            let mut field = digest.as_bytes().to_vec();
            field.resize(width, 0);
            assert_eq!(read.check(tee, &evidence(tee, at, &field)), Ok(()), "{name}");
            // One bit, one place, and nothing at all.
            let mut other = field.clone();
            other[width / 2] ^= 1;
            let refused = |actual: &[u8]| {
                let (expected, actual) = (hex::encode(&field), hex::encode(actual));
                Err(InitDataRefusal::Other { field: name, expected, actual })
            };
            assert_eq!(read.check(tee, &evidence(tee, at, &other)), refused(&other));
            assert_eq!(read.check(tee, &evidence(tee, at, &vec![0; width])), refused(&vec![0; width]));
            assert!(read.check(tee, &evidence(tee, at + 1, &field)).is_err());
        }
    }

    #[test]
    fn says_whether_there_was_another_document_or_none() {
        let read = ReadInitData::read(init_data(DOCUMENT)).unwrap();
        let said =
            |field: &[u8]| read.check(Tee::Snp, &evidence(Tee::Snp, 0xC0, field)).unwrap_err().to_string();
        assert!(said(&[0; 32]).starts_with("this guest was launched with no init-data: HOST_DATA is 0000"));
        assert!(
            said(&[1; 32]).starts_with("this guest was launched with other init-data: HOST_DATA is 0101")
        );
    }

    #[test]
    fn a_document_without_its_members_or_with_an_algorithm_of_its_own_is_refused() {
        for (from, to, refused) in [
            ("version", "vision", InitDataRefusal::Form),
            ("[data]", "[date]", InitDataRefusal::Form),
            ("[data]", "[data", InitDataRefusal::Form),
            ("sha384", "md5", InitDataRefusal::Algorithm),
        ] {
            assert_eq!(
                ReadInitData::read(init_data(&DOCUMENT.replace(from, to))).err(),
                Some(refused),
                "{to}"
            );
        }
        let sm3 = ReadInitData::read(init_data(&DOCUMENT.replace("sha384", "sm3")));
        assert!(matches!(sm3, Err(InitDataRefusal::Digest(_))));
    }

    #[test]
    fn evidence_that_is_cut_says_so() {
        let read = ReadInitData::read(init_data(DOCUMENT)).unwrap();
        let cut = Tdx::new(&[4, 0, 2], None).to_json().unwrap();
        let short = EvidenceError::Short { expected: 280, actual: 3 };
        assert_eq!(read.check(Tee::Tdx, &cut), Err(short.into()));
    }
}
