//! A verdict in the forms in which attestation results are handed on.

use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use verifier::cmw::{ATTESTATION_RESULTS, Cmw, Record};
use verifier::result::{Form, Profile, ResultContext, compact, encode, media_type};
use verifier::verdict::Verdict;
use zeroize::Zeroizing;

use crate::admin::private_der;
use crate::args::Format;
use crate::inputs::Asked;
use crate::system;

/// A P-256 key that signs results.
pub(crate) struct Signer {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Signer {
    /// Reads a private key in PEM (PKCS #8).
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let refused = || format!("--sign-key {}", path.display());
        let pem = Zeroizing::new(system::read_text(path, MAX_KEY).with_context(refused)?);
        let der = private_der(&pem).with_context(refused)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        let pair = pair.ok().context("not a P-256 key in PKCS #8").with_context(refused)?;
        let spki = pair.public_key().as_der().ok().context("the public key cannot be written")?;
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, spki.as_ref()));
        Ok(Self { pair, kid })
    }

    fn sign(&self, claims: &[u8]) -> anyhow::Result<String> {
        compact(&self.kid, claims, |message| {
            let signature = self.pair.sign(&system::signing_rng(), message).ok();
            let signature = signature.and_then(|signature| signature.as_ref().try_into().ok());
            signature.context("the result cannot be signed")
        })
    }
}

/// The verdict as one JSON object.
pub(crate) fn verdict(verdict: &Verdict) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(verdict)?))
}

/// The result in the form that was asked for, signed where there is a key.
pub(crate) fn write(
    judged: &Verdict,
    asked: &Asked,
    format: Format,
    signer: Option<&Signer>,
) -> anyhow::Result<String> {
    let profile = match format {
        Format::Verdict => return verdict(judged),
        Format::EarTrustee => Profile::Trustee,
        Format::Ear | Format::Cmw => Profile::Ietf,
    };
    let canonical = digest(&SHA256, asked.reference_values.canonical().as_bytes());
    let context = ResultContext {
        issuer: None,
        expires: None,
        reference_values: canonical.as_ref().try_into().context("a digest of 32 bytes")?,
        expectations: &asked.expectations,
        session: None,
    };
    let claims = encode(judged, profile, &context)?;
    let token = signer.map(|signer| signer.sign(&claims)).transpose()?;
    let text = match (format, token) {
        (Format::Cmw, token) => {
            let form = if token.is_some() { Form::Jwt } else { Form::Unsigned };
            let value = token.map_or(claims, String::into_bytes);
            let media_type = media_type(profile, form);
            Cmw::Record(Record { media_type, value, indicator: Some(ATTESTATION_RESULTS) }).to_json()
        }
        (_, Some(token)) => token,
        (_, None) => serde_json::to_string_pretty(&serde_json::from_slice::<Value>(&claims)?)?,
    };
    Ok(text + "\n")
}

/// A key in PEM has under 300 bytes.
const MAX_KEY: u64 = 0x4000;
