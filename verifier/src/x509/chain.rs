//! The steps of a walk from a leaf to its anchor.

use super::algorithm;
use super::certificate::{CERTIFICATE, Certificate};
use super::error::X509Error;
use super::name;
use crate::time::UnixTime;

impl Certificate {
    /// Checks that `issuer` issued this certificate: names, the issuer's rights, and the signature over the bytes
    /// as received (RFC 5280 section 6.1.3 (a)(1) and (4), and 6.1.4 (k) to (n)).
    ///
    /// Not checked here: validity ([`Self::check_valid_at`]), revocation ([`super::check_revocation`]), and whether
    /// `issuer` is itself to be trusted. The signature is computed once for each issuer's key.
    pub fn check_signed_by(&self, issuer: &Certificate) -> Result<(), X509Error> {
        if self.issuer() != issuer.subject() {
            let expected = name::printable(issuer.subject());
            return Err(X509Error::Issuer { expected, actual: name::printable(self.issuer()) });
        }
        for certificate in [self, issuer] {
            if let Some(oid) = certificate.unknown_critical() {
                return Err(X509Error::UnknownCritical { structure: CERTIFICATE, oid });
            }
        }
        issuer.check_issues_certificates()?;
        self.check_path_length(issuer)?;
        let algorithm = algorithm::signature_algorithm(CERTIFICATE, self.algorithm.of(&self.der))?;
        self.memo.check(issuer.public_key(), || {
            let signature = algorithm::signature(algorithm, self.signature.of(&self.der));
            issuer
                .public_key()
                .verify(algorithm, self.tbs(), signature)
                .map_err(|reason| X509Error::Signature { structure: CERTIFICATE, reason })
        })
    }

    /// Whether the signature was verified with the key of `issuer` before: among several issuers it is the one to begin
    /// with. Says nothing else about it.
    pub fn is_proved_by(&self, issuer: &Certificate) -> bool {
        self.memo.is_proved_by(issuer.public_key())
    }

    /// Checks that `now` lies in the validity period, both ends included (RFC 5280 section 4.1.2.5).
    pub fn check_valid_at(&self, now: UnixTime) -> Result<(), X509Error> {
        let validity = self.validity();
        if now < validity.not_before {
            return Err(X509Error::NotYetValid { not_before: validity.not_before, now });
        }
        if now > validity.not_after {
            return Err(X509Error::Expired { not_after: validity.not_after, now });
        }
        Ok(())
    }

    /// Checks that this is no authority's certificate and that its key may sign data: keyUsage, where it is
    /// present, has digitalSignature. AMD's VCEKs and VLEKs have no keyUsage.
    pub fn check_end_entity(&self) -> Result<(), X509Error> {
        let subject = || name::printable(self.subject());
        if self.is_ca() {
            return Err(X509Error::IsACa { subject: subject() });
        }
        match &self.key_usage {
            Some(usage) if !usage.digital_signature() => {
                Err(X509Error::KeyUsage { subject: subject(), wanted: "digitalSignature" })
            }
            _ => Ok(()),
        }
    }

    /// An authority that may sign certificates. RFC 5280 section 4.2.1.3 makes keyUsage a duty of authorities, and
    /// every vendor's authority has it: an absent one is refused.
    fn check_issues_certificates(&self) -> Result<(), X509Error> {
        let subject = || name::printable(self.subject());
        if !self.is_ca() {
            return Err(X509Error::NotACa { subject: subject() });
        }
        match &self.key_usage {
            Some(usage) if usage.key_cert_sign() => Ok(()),
            _ => Err(X509Error::KeyUsage { subject: subject(), wanted: "keyCertSign" }),
        }
    }

    /// An authority that may sign CRLs.
    pub(super) fn check_issues_crls(&self) -> Result<(), X509Error> {
        let subject = || name::printable(self.subject());
        if let Some(oid) = self.unknown_critical() {
            return Err(X509Error::UnknownCritical { structure: CERTIFICATE, oid });
        }
        if !self.is_ca() {
            return Err(X509Error::NotACa { subject: subject() });
        }
        match &self.key_usage {
            Some(usage) if usage.crl_sign() => Ok(()),
            _ => Err(X509Error::KeyUsage { subject: subject(), wanted: "cRLSign" }),
        }
    }

    /// pathLenConstraint counts the authorities below the issuer that are not self-issued (RFC 5280 section
    /// 4.2.1.9). One step sees one of them, so 0 is what it can break; an authority passes its own limit on.
    fn check_path_length(&self, issuer: &Certificate) -> Result<(), X509Error> {
        let limit = issuer.constraints.as_ref().and_then(|constraints| constraints.path_len_constraint);
        let self_issued = self.subject() == self.issuer();
        match limit {
            Some(limit @ 0) if self.is_ca() && !self_issued => {
                Err(X509Error::PathLength { issuer: name::printable(issuer.subject()), limit })
            }
            _ => Ok(()),
        }
    }
}
