//! The certificates inside a quote: found in any order, believed only under a pinned root.

use std::sync::Arc;

use crate::anchors::{Anchor, Anchors, Vendor};
use crate::dcap::error::DcapError;
use crate::dcap::facts::PckCa;
use crate::dcap::pck::SGX_EXTENSION;
use crate::endorsements::Endorsements;
use crate::time::UnixTime;
use crate::x509::{Certificate, pem_blocks};

/// A PCK certificate and its issuer as they came in a quote. Finding them believes nothing.
pub(super) struct PckChain {
    pub(super) leaf: Arc<Certificate>,
    pub(super) ca: Arc<Certificate>,
    pub(super) ca_kind: PckCa,
    /// All certificates of the chain, to guess the root that is meant.
    carried: Vec<Vec<u8>>,
}

impl PckChain {
    /// Finds the one certificate with an SGX extension, and its issuer; the order does not matter, and further
    /// certificates are ignored: one real chain is out of order, and the root that comes along is never trusted.
    pub(super) fn find(
        pem: &[u8],
        endorsements: &Endorsements,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<Self, DcapError> {
        // Some quoting libraries count the C string's final zero, and some pad with more.
        let end = pem.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let pem = pem.get(..end).unwrap_or(pem);
        let blocks = pem_blocks(pem, MAX_CERTIFICATES).map_err(DcapError::PckChain)?;
        let (mut leaves, mut issuers) = (Vec::new(), Vec::new());
        let mut carried = Vec::with_capacity(blocks.len());
        // What cannot be read may be one of the certificates that nobody needs.
        let mut unread = None;
        for (label, der) in blocks {
            if label != "CERTIFICATE" {
                return Err(DcapError::PckChainBlock);
            }
            // A copy of a pinned root and what was verified before need no parsing.
            if !anchors.of(Vendor::Intel).any(|anchor| anchor.certificate.der() == der) {
                if let Some(known) = endorsements.known_issuer(&der, now) {
                    issuers.push(known);
                } else {
                    let known = endorsements.known_leaf(&der, now).map(Ok);
                    match known.unwrap_or_else(|| Certificate::parse(&der).map(Arc::new)) {
                        Ok(certificate) if certificate.extension(&SGX_EXTENSION).is_some() => {
                            leaves.push(certificate);
                        }
                        Ok(certificate) => issuers.push(certificate),
                        Err(error) => unread = unread.or(Some(DcapError::PckChain(error))),
                    }
                }
            }
            carried.push(der);
        }
        let found = leaves.len();
        let (Some(leaf), 1) = (leaves.pop(), found) else {
            return Err(unread.unwrap_or(DcapError::PckLeaves { actual: found }));
        };
        let ca = issuer_of(&leaf, issuers).ok_or_else(|| unread.unwrap_or(DcapError::PckCaAbsent))?;
        if leaf.subject_common_name() != Some(PCK_NAME) {
            return Err(DcapError::CommonName { role: "pck" });
        }
        let ca_kind = ca.subject_common_name().and_then(PckCa::from_common_name);
        let ca_kind = ca_kind.ok_or(DcapError::CommonName { role: "pck-ca" })?;
        Ok(Self { leaf, ca, ca_kind, carried })
    }

    /// The pinned root whose key signed the CA. Pinned is the key: Intel has issued two certificates for it.
    pub(super) fn anchor<'a>(&self, anchors: &'a Anchors) -> Result<&'a Anchor, DcapError> {
        let named =
            || anchors.of(Vendor::Intel).filter(|root| root.certificate.subject() == self.ca.issuer());
        // Simulated roots bear the same name. The root that came along says which one to try first, no more.
        let meant = |root: &&Anchor| self.carried.iter().any(|der| der == root.certificate.der());
        let in_order = || named().filter(meant).chain(named().filter(|root| !meant(root)));
        let signed = |root: &Anchor| self.ca.check_signed_by(&root.certificate);
        // In the same order those whose key is known to have signed it: the others' cost a signature that fails.
        let proved = |root: &&Anchor| self.ca.is_proved_by(&root.certificate) && signed(root).is_ok();
        if let Some(root) = in_order().find(proved) {
            return Ok(root);
        }
        let mut failure = DcapError::NotAnchored;
        for root in in_order() {
            match signed(root) {
                Ok(()) => return Ok(root),
                Err(source) => failure = DcapError::Certificate { role: "pck-ca", source },
            }
        }
        Err(failure)
    }

    /// The leaf is an end entity's and signed by the CA.
    pub(super) fn check_leaf(&self) -> Result<(), DcapError> {
        let signed = self.leaf.check_end_entity().and_then(|()| self.leaf.check_signed_by(&self.ca));
        signed.map_err(|source| DcapError::Certificate { role: "pck", source })
    }

    /// Root, CA and leaf inside their validity.
    pub(super) fn check_valid_at(&self, root: &Certificate, now: UnixTime) -> Result<(), DcapError> {
        for (role, certificate) in [("root", root), ("pck-ca", &*self.ca), ("pck", &*self.leaf)] {
            let valid = certificate.check_valid_at(now);
            valid.map_err(|source| DcapError::Certificate { role, source })?;
        }
        Ok(())
    }
}

/// The certificate of the issuer's name; of several the one whose key signed the leaf, or else the first, so that the
/// chain fails with a reason.
fn issuer_of(leaf: &Certificate, mut issuers: Vec<Arc<Certificate>>) -> Option<Arc<Certificate>> {
    issuers.retain(|issuer| issuer.subject() == leaf.issuer());
    let signed = |issuer: &&Arc<Certificate>| leaf.check_signed_by(issuer).is_ok();
    let signer = if issuers.len() > 1 { issuers.iter().find(signed).cloned() } else { None };
    signer.or_else(|| issuers.into_iter().next())
}

/// Common name of every PCK certificate (Intel SGX PCK Certificate and CRL Profile, section 1.3.5).
const PCK_NAME: &str = "Intel SGX PCK Certificate";
/// Leaf, CA and root; some room for a second root.
const MAX_CERTIFICATES: usize = 6;
