//! The operator of the demo's broker: a key made for the run, and one upload.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::ResourcePath;
use verifier::time::UnixTime;

/// Somebody who may store secrets.
pub(crate) struct Admin {
    key: Ed25519KeyPair,
}

impl Admin {
    /// An admin with a new key.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let key = Ed25519KeyPair::generate().ok().context("an Ed25519 key cannot be made")?;
        Ok(Self { key })
    }

    /// The public key in PEM, as the broker's configuration wants it.
    pub(crate) fn public_pem(&self) -> String {
        let spki = [ED25519_SPKI, self.key.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(spki))
    }

    /// Stores a secret at a broker.
    pub(crate) fn upload(
        &self,
        url: &str,
        path: &ResourcePath,
        secret: &[u8],
        now: UnixTime,
    ) -> anyhow::Result<()> {
        // Without a proxy: the broker is on the loopback, whatever the environment says.
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .build()
            .into();
        let mut answer = agent
            .post(format!("{url}/kbs/v0/resource/{path}"))
            .header("authorization", format!("Bearer {}", self.token(now)))
            .header("content-type", "application/octet-stream")
            .send(secret)
            .context("the broker cannot be reached")?;
        if answer.status().is_success() {
            return Ok(());
        }
        let body =
            answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().unwrap_or_default();
        bail!("the broker refused the upload: {} {body}", answer.status())
    }

    /// A JWT of the role `admin` (RFC 7519, RFC 8037) that holds for a minute.
    fn token(&self, now: UnixTime) -> String {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"EdDSA","typ":"JWT"}"#);
        let claims = format!(r#"{{"role":"admin","iat":{},"exp":{}}}"#, now.secs(), now.plus_secs(60).secs());
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const ED25519_SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: u64 = 1 << 16;

#[cfg(test)]
mod tests;
