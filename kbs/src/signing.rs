//! A key that signs tokens, and what others need to verify them.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use decision_log::Digest;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::jwt::{HeaderKeys, JwtError, PinnedKey, rsa_components};
use crate::system::signing_rng;

/// The algorithm of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum SigningAlgorithm {
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

/// A key pair with its id: base64url of the SHA-256 of its SubjectPublicKeyInfo.
pub(crate) struct SigningKey {
    pair: Pair,
    public: PinnedKey,
    kid: String,
    /// The public half's own members of a JWK.
    jwk: Value,
    /// Certificates in standard base64, leaf first; none for keys that the broker made.
    chain: Vec<String>,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// A signing key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token signing key cannot be used")]
pub struct UnusableKey;

impl SigningAlgorithm {
    /// Its name in a header (RFC 7518, section 3.1).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

impl SigningKey {
    /// A new key, in the form in which it is kept (PKCS #8).
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
        let kept = match algorithm {
            SigningAlgorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| UnusableKey)?;
                pair.to_pkcs8v1().map_err(|_| UnusableKey)?.as_ref().to_vec()
            }
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| UnusableKey)?;
                pair.as_der().map_err(|_| UnusableKey)?.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(kept))
    }

    /// A key that was kept, or that an operator has: PKCS #8, or SEC 1 for P-256.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        match EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            Ok(pair) => Self::of_ec(pair),
            Err(_) => Self::of_rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| UnusableKey)?),
        }
    }

    /// The same key with certificates for it, in DER, leaf first.
    pub(crate) fn with_chain(self, certificates: &[Vec<u8>]) -> Self {
        Self { chain: certificates.iter().map(|der| STANDARD.encode(der)).collect(), ..self }
    }

    /// Its algorithm.
    pub(crate) const fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Es256(_) => SigningAlgorithm::Es256,
            Pair::Rs256(_) => SigningAlgorithm::Rs256,
        }
    }

    /// Its id.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK (RFC 7517, section 4).
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = self.jwk.clone();
        if let Some(members) = jwk.as_object_mut() {
            let common = [("use", "sig"), ("alg", self.algorithm().name()), ("kid", self.kid.as_str())];
            members.extend(common.map(|(name, value)| (name.to_owned(), value.into())));
            if !self.chain.is_empty() {
                members.insert("x5c".to_owned(), self.chain.clone().into());
            }
        }
        jwk
    }

    /// A compact JWT of these claims (RFC 7515, section 7.1).
    pub(crate) fn issue(&self, claims: &[u8]) -> Result<String, UnusableKey> {
        let mut token = self.header();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Bytes of claims that a token of this key has room for where it may have `limit` bytes in all.
    pub(crate) fn room(&self, limit: usize) -> usize {
        let signature = match &self.pair {
            Pair::Es256(_) => 64,
            Pair::Rs256(pair) => pair.public_modulus_len(),
        };
        let dots_and_signature = (signature * 8).div_ceil(6).saturating_add(2);
        // Six bits a character.
        limit.saturating_sub(self.header().len()).saturating_sub(dots_and_signature) / 4 * 3
    }

    /// The claims of a token that this key signed. A certificate chain in its header is passed over where this key has one.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, JwtError> {
        let header_keys =
            if self.chain.is_empty() { HeaderKeys::Refused } else { HeaderKeys::ChainPassedOver };
        self.public.verify_with(token, header_keys)
    }

    fn header(&self) -> String {
        let mut header = json!({"alg": self.algorithm().name(), "kid": self.kid, "typ": "JWT"});
        if let Some(members) = header.as_object_mut().filter(|_| !self.chain.is_empty()) {
            members.insert("x5c".to_owned(), self.chain.clone().into());
        }
        URL_SAFE_NO_PAD.encode(header.to_string())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        match &self.pair {
            Pair::Es256(pair) => {
                let signature = pair.sign(&signing_rng(), message).map_err(|_| UnusableKey)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &signing_rng(), message, &mut signature);
                signed.map(|()| signature).map_err(|_| UnusableKey)
            }
        }
    }

    fn of_ec(pair: EcdsaKeyPair) -> Result<Self, UnusableKey> {
        let point: [u8; 65] = pair.public_key().as_ref().try_into().map_err(|_| UnusableKey)?;
        let spki = pair.public_key().as_der().map_err(|_| UnusableKey)?;
        let kid = kid_of(spki.as_ref());
        let (x, y) = point.split_at_checked(33).ok_or(UnusableKey)?;
        let x = x.strip_prefix(&[0x04]).ok_or(UnusableKey)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
        Ok(Self { public: PinnedKey::es256(&point), pair: Pair::Es256(pair), kid, jwk, chain: Vec::new() })
    }

    fn of_rsa(pair: RsaKeyPair) -> Result<Self, UnusableKey> {
        let spki = pair.public_key().as_der().map_err(|_| UnusableKey)?;
        let kid = kid_of(spki.as_ref());
        let (n, e) = rsa_components(pair.public_key().as_ref()).ok_or(UnusableKey)?;
        let public = PinnedKey::rs256(n, e).map_err(|_| UnusableKey)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "RSA", "n": encode(n), "e": encode(e)});
        Ok(Self { public, pair: Pair::Rs256(pair), kid, jwk, chain: Vec::new() })
    }
}

fn kid_of(spki: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(spki).as_bytes())
}

#[cfg(test)]
mod tests;
