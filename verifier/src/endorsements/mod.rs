//! What vendors say about their hardware, and owners about their images: certificates, CRLs, TCB info, identities, ID blocks. Recognised by content, never
//! by name, and never trusted for having been given: every one is verified up to a pinned anchor when it is used.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::check::Trail;
use crate::dcap::{QeIdentity, TcbInfo};
use crate::snp::{IdBlock, Vek};
use crate::time::UnixTime;
use crate::x509::{Certificate, Crl, pem_blocks};

mod given;
mod known;

use given::Given;
use known::Known;
pub use known::MachineId;

/// One endorsement and the name under which it was given.
#[derive(Clone, Debug)]
pub struct Endorsement<T> {
    /// Its number within one [`Endorsements`], for [`crate::check::Trail::used`].
    pub id: usize,
    /// The file or field that it came from.
    pub name: String,
    /// What it says.
    pub value: T,
}

/// What a file that is not a usable endorsement looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// DER or PEM: it may have been meant as a certificate or a CRL.
    Certificate,
    /// JSON: it may have been meant as TCB info, an identity or a collateral set.
    Json,
    /// Something else.
    Other,
}

/// Given, and not readable as an endorsement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What it looked like.
    pub form: Form,
    /// Whether it was meant as an endorsement: a broken TCB info was, another program's settings file was not.
    pub meant: bool,
    /// Why it could not be read.
    pub reason: String,
}

/// A set of endorsements, parsed once and usable for any number of verifications.
///
/// Signatures that verified are remembered beside the objects, since a signature does not depend on the time;
/// validity and revocation are asked anew at every use, so that a warm verdict equals a cold one.
#[derive(Debug, Default)]
pub struct Endorsements {
    next_id: usize,
    certificates: Given,
    crls: Vec<Endorsement<Crl>>,
    tcb_infos: Vec<Endorsement<TcbInfo>>,
    qe_identities: Vec<Endorsement<QeIdentity>>,
    id_blocks: Vec<Endorsement<IdBlock>>,
    malformed: Vec<Endorsement<Malformed>>,
    known: Known,
}

/// Endorsements that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementError {
    /// The file is larger than any endorsement.
    #[error("{name}: {size} bytes, at most {limit} are read")]
    TooLarge {
        /// The file's name.
        name: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// More endorsements than one set may hold.
    #[error("more than {limit} endorsements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl Endorsements {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what one file or field holds: certificates or CRLs (DER, or PEM with any number of blocks), Intel's
    /// TCB info or QE identity as PCS returns them, the collateral JSON that dcap-qvl writes, or an SNP guest's ID block
    /// with its authentication information (4192 bytes, or JSON with `id_block` and `id_auth` in base64).
    ///
    /// What is none of these is kept by name, so that a verdict can list it.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), EndorsementError> {
        if bytes.len() > MAX_FILE {
            return Err(EndorsementError::TooLarge {
                name: name.to_owned(),
                size: bytes.len(),
                limit: MAX_FILE,
            });
        }
        let text = bytes.trim_ascii_start();
        if IdBlock::is_meant(bytes) {
            self.add_id_block(name, Form::Other, IdBlock::parse(bytes))
        } else if text.first() == Some(&b'{') {
            self.add_json(name, text)
        } else if bytes.first() == Some(&DER_SEQUENCE) {
            self.add_der(name, bytes)
        } else if text.windows(PEM_BEGIN.len()).take(PEM_SEARCH).any(|window| window == PEM_BEGIN) {
            self.add_pem(name, text)
        } else {
            let reason = "neither DER, PEM nor JSON".to_owned();
            self.add_unread(name, Malformed { form: Form::Other, meant: false, reason })
        }
    }

    /// All certificates.
    pub fn certificates(&self) -> &[Endorsement<Certificate>] {
        &self.certificates.all
    }

    /// All certificate revocation lists.
    pub fn crls(&self) -> &[Endorsement<Crl>] {
        &self.crls
    }

    /// All of Intel's TCB infos.
    pub fn tcb_infos(&self) -> &[Endorsement<TcbInfo>] {
        &self.tcb_infos
    }

    /// All of Intel's identities of quoting enclaves.
    pub fn qe_identities(&self) -> &[Endorsement<QeIdentity>] {
        &self.qe_identities
    }

    /// All ID blocks of SNP guests.
    pub fn id_blocks(&self) -> &[Endorsement<IdBlock>] {
        &self.id_blocks
    }

    /// What was given and could not be read as an endorsement.
    pub fn malformed(&self) -> &[Endorsement<Malformed>] {
        &self.malformed
    }

    /// Names of what was given and took no part in the verification that left `trail`, at most `limit`.
    pub fn unused(&self, trail: &Trail, limit: usize) -> Vec<String> {
        let used: Vec<&str> =
            self.names().filter(|(id, _)| trail.was_used(*id)).map(|(_, name)| name).collect();
        let mut unused: Vec<String> = Vec::new();
        // A file of several endorsements is unused only if none of them was used; its parts stand side by side.
        for (_, name) in self.names() {
            if unused.len() >= limit {
                break;
            }
            if !used.contains(&name) && !unused.iter().any(|other| other == name) {
                unused.push(name.to_owned());
            }
        }
        // One that was meant and cannot be read says why; a settings file in the same folder needs no excuse.
        for name in &mut unused {
            if let Some(item) = self.malformed.iter().find(|item| item.value.meant && &item.name == name) {
                name.push_str(&format!(" (cannot be read: {})", item.value.reason));
            }
        }
        unused
    }

    /// The VCEKs of this chip and all VLEKs, with what they say; where the chip is masked, those of every chip.
    pub(crate) fn veks_of(&self, chip: &[u8; 64]) -> Vec<(&Endorsement<Certificate>, &Vek)> {
        self.certificates.veks_of(chip)
    }

    /// The certificates that may be an authority's: all that are neither VCEK nor VLEK.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = &Endorsement<Certificate>> + Clone {
        self.certificates.others()
    }

    /// The certificates by whose name Intel signs TCB info and identities.
    pub(crate) fn tcb_signers(&self) -> impl Iterator<Item = &Endorsement<Certificate>> + Clone {
        self.certificates.tcb_signers()
    }

    /// An intermediate that came inside evidence before, was verified under an anchor then, and is not over at `now`.
    pub fn known_issuer(&self, der: &[u8], now: UnixTime) -> Option<Arc<Certificate>> {
        self.known.issuer(der, now)
    }

    /// Remembers an intermediate. Call it only after an anchor's key verified the certificate: then nobody but
    /// the vendor can fill this memory, which holds 32 and drops the oldest beyond.
    pub fn remember_issuer(&self, certificate: &Arc<Certificate>, now: UnixTime) {
        self.known.remember_issuer(certificate, now);
    }

    /// A PCK, VCEK or VLEK certificate that came inside evidence before, all of which held then, and that is not over at
    /// `now`.
    pub fn known_leaf(&self, der: &[u8], now: UnixTime) -> Option<Arc<Certificate>> {
        self.known.leaf(der, now)
    }

    /// Remembers a machine's own certificate. Call it only after everything held at the instant `now`: signatures up to an
    /// anchor, and report data that the caller demanded. Then a place costs whoever wants one a machine of the vendor's
    /// making that answers him now, and a machine has one place. Nobody is pushed out of this memory, which holds 1024:
    /// certificates that are over make room, and where there is none, the newcomer's is verified anew each time.
    pub fn remember_leaf(&self, machine: MachineId, certificate: &Arc<Certificate>, now: UnixTime) {
        self.known.remember_leaf(machine, certificate, now);
    }

    /// Forgets the certificates of all machines, so that the next evidence of each is of a machine that was never seen.
    pub fn forget_leaves(&self) {
        self.known.forget_leaves();
    }

    fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        let certificates = self.certificates.all.iter().map(|item| (item.id, item.name.as_str()));
        let crls = self.crls.iter().map(|item| (item.id, item.name.as_str()));
        let tcb_infos = self.tcb_infos.iter().map(|item| (item.id, item.name.as_str()));
        let identities = self.qe_identities.iter().map(|item| (item.id, item.name.as_str()));
        let id_blocks = self.id_blocks.iter().map(|item| (item.id, item.name.as_str()));
        let malformed = self.malformed.iter().map(|item| (item.id, item.name.as_str()));
        certificates.chain(crls).chain(tcb_infos).chain(identities).chain(id_blocks).chain(malformed)
    }

    fn add_pem(&mut self, name: &str, text: &[u8]) -> Result<(), EndorsementError> {
        let blocks = match pem_blocks(text, MAX_BLOCKS) {
            Ok(blocks) => blocks,
            Err(error) => return self.add_malformed(name, Form::Certificate, error.to_string()),
        };
        for (_label, der) in blocks {
            self.add_der(name, &der)?;
        }
        Ok(())
    }

    fn add_der(&mut self, name: &str, der: &[u8]) -> Result<(), EndorsementError> {
        let id = self.new_id()?;
        let name = name.to_owned();
        let certificate = match Certificate::parse(der) {
            Ok(value) => {
                self.certificates.push(Endorsement { id, name, value });
                return Ok(());
            }
            Err(error) => error,
        };
        match Crl::parse(der) {
            Ok(value) => self.crls.push(Endorsement { id, name, value }),
            Err(crl) => {
                let reason = format!("neither a certificate ({certificate}) nor a CRL ({crl})");
                let value = Malformed { form: Form::Certificate, meant: true, reason };
                self.malformed.push(Endorsement { id, name, value });
            }
        }
        Ok(())
    }

    fn add_json(&mut self, name: &str, text: &[u8]) -> Result<(), EndorsementError> {
        let probe: Probe<'_> = match serde_json::from_slice(text) {
            Ok(probe) => probe,
            Err(error) => return self.add_malformed(name, Form::Json, error.to_string()),
        };
        let mut known = false;
        if probe.tcb_info_body.is_some() {
            known = true;
            self.add_tcb_info(name, TcbInfo::parse(text))?;
        }
        if probe.enclave_identity.is_some() {
            known = true;
            self.add_qe_identity(name, QeIdentity::parse(text))?;
        }
        if let (Some(body), Some(signature)) = (&probe.tcb_info, &probe.tcb_info_signature) {
            known = true;
            self.add_tcb_info(name, TcbInfo::from_parts(body.as_bytes(), signature))?;
        }
        if let (Some(body), Some(signature)) = (&probe.qe_identity, &probe.qe_identity_signature) {
            known = true;
            self.add_qe_identity(name, QeIdentity::from_parts(body.as_bytes(), signature))?;
        }
        if probe.id_block.is_some() && probe.id_auth.is_some() {
            known = true;
            self.add_id_block(name, Form::Json, IdBlock::parse_json(text))?;
        }
        if !known {
            let reason = "JSON without TCB info, QE identity or ID block".to_owned();
            return self.add_unread(name, Malformed { form: Form::Json, meant: false, reason });
        }
        let chains =
            [&probe.tcb_info_issuer_chain, &probe.qe_identity_issuer_chain, &probe.pck_crl_issuer_chain];
        for chain in chains.into_iter().flatten() {
            self.add_pem(name, chain.as_bytes())?;
        }
        for crl in [&probe.root_ca_crl, &probe.pck_crl].into_iter().flatten() {
            match hex::decode(crl.as_bytes()) {
                Ok(der) => self.add_der(name, &der)?,
                Err(error) => self.add_malformed(name, Form::Certificate, format!("CRL in hex: {error}"))?,
            }
        }
        Ok(())
    }

    fn add_tcb_info<E: ToString>(
        &mut self,
        name: &str,
        parsed: Result<TcbInfo, E>,
    ) -> Result<(), EndorsementError> {
        match parsed {
            Ok(value) => {
                let id = self.new_id()?;
                self.tcb_infos.push(Endorsement { id, name: name.to_owned(), value });
                Ok(())
            }
            Err(error) => self.add_malformed(name, Form::Json, error.to_string()),
        }
    }

    fn add_qe_identity<E: ToString>(
        &mut self,
        name: &str,
        parsed: Result<QeIdentity, E>,
    ) -> Result<(), EndorsementError> {
        match parsed {
            Ok(value) => {
                let id = self.new_id()?;
                self.qe_identities.push(Endorsement { id, name: name.to_owned(), value });
                Ok(())
            }
            Err(error) => self.add_malformed(name, Form::Json, error.to_string()),
        }
    }

    fn add_id_block<E: ToString>(
        &mut self,
        name: &str,
        form: Form,
        parsed: Result<IdBlock, E>,
    ) -> Result<(), EndorsementError> {
        match parsed {
            Ok(value) => {
                let id = self.new_id()?;
                self.id_blocks.push(Endorsement { id, name: name.to_owned(), value });
                Ok(())
            }
            Err(error) => self.add_malformed(name, form, error.to_string()),
        }
    }

    fn add_malformed(&mut self, name: &str, form: Form, reason: String) -> Result<(), EndorsementError> {
        self.add_unread(name, Malformed { form, meant: true, reason })
    }

    fn add_unread(&mut self, name: &str, value: Malformed) -> Result<(), EndorsementError> {
        let id = self.new_id()?;
        self.malformed.push(Endorsement { id, name: name.to_owned(), value });
        Ok(())
    }

    fn new_id(&mut self) -> Result<usize, EndorsementError> {
        if self.next_id >= MAX_ENDORSEMENTS {
            return Err(EndorsementError::TooMany { limit: MAX_ENDORSEMENTS });
        }
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        Ok(id)
    }
}

/// The members by which a JSON endorsement is recognised: PCS's two answers, dcap-qvl's collateral file,
/// and the two strings that QEMU takes for an SNP guest.
#[derive(Deserialize)]
struct Probe<'a> {
    #[serde(borrow, rename = "tcbInfo")]
    tcb_info_body: Option<&'a RawValue>,
    #[serde(borrow, rename = "enclaveIdentity")]
    enclave_identity: Option<&'a RawValue>,
    #[serde(borrow)]
    tcb_info: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tcb_info_signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    qe_identity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    qe_identity_signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tcb_info_issuer_chain: Option<Cow<'a, str>>,
    #[serde(borrow)]
    qe_identity_issuer_chain: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pck_crl_issuer_chain: Option<Cow<'a, str>>,
    #[serde(borrow)]
    root_ca_crl: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pck_crl: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "id-block")]
    id_block: Option<&'a RawValue>,
    #[serde(borrow, alias = "id-auth")]
    id_auth: Option<&'a RawValue>,
}

const DER_SEQUENCE: u8 = 0x30;
const PEM_BEGIN: &[u8] = b"-----BEGIN ";
/// Text before the first PEM block, in bytes: OpenSSL prints a certificate's fields there.
const PEM_SEARCH: usize = 0x1_0000;
/// Intel's largest PCK CRL is a few kilobytes, its TCB infos about twenty; a thousand times that is refused.
const MAX_FILE: usize = 0x40_0000;
/// Blocks in one PEM file: a chain has three or four, a bundle of all products' a few dozen.
const MAX_BLOCKS: usize = 256;
/// A fleet's VCEKs in one folder.
const MAX_ENDORSEMENTS: usize = 0x1_0000;
