//! Who may store secrets at a broker: an Ed25519 key, and the short-lived tokens that it signs.

use anyhow::Context as _;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs::Role;
use verifier::time::UnixTime;
use zeroize::Zeroizing;

/// Somebody who may store and delete secrets.
pub(crate) struct Admin {
    key: Ed25519KeyPair,
}

impl Admin {
    /// An admin with a new key.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let key = Ed25519KeyPair::generate().ok().context("an Ed25519 key cannot be made")?;
        Ok(Self { key })
    }

    /// The admin of a private key in PEM (PKCS #8), as [`Admin::private_pem`] writes it.
    pub(crate) fn from_private_pem(pem: &str) -> anyhow::Result<Self> {
        let der = private_der(pem)?;
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok().context("not an Ed25519 key")?;
        Ok(Self { key })
    }

    /// The private key in PEM (PKCS #8).
    pub(crate) fn private_pem(&self) -> anyhow::Result<Zeroizing<String>> {
        let der: Pkcs8V1Der<'_> = self.key.as_der().ok().context("the key cannot be written")?;
        let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
        Ok(Zeroizing::new(format!("{PRIVATE_BEGIN}\n{}\n{PRIVATE_END}\n", body.as_str())))
    }

    /// The public key in PEM, as the broker's configuration wants it.
    pub(crate) fn public_pem(&self) -> String {
        let spki = [ED25519_SPKI, self.key.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(spki))
    }

    /// A JWT of a role (RFC 7519, RFC 8037) that holds for `seconds` from `now`.
    pub(crate) fn token(&self, claims: &TokenClaims<'_>, now: UnixTime) -> anyhow::Result<String> {
        let claims = serde_json::to_string(&Claims {
            role: claims.role.as_str(),
            iss: claims.issuer,
            aud: claims.audience,
            iat: now.secs(),
            exp: now.plus_secs(i64::from(claims.seconds)).secs(),
        })?;
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"EdDSA","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// The content of a PEM block of a private key (PKCS #8).
pub(crate) fn private_der(pem: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let body = pem.trim().strip_prefix(PRIVATE_BEGIN).and_then(|rest| rest.strip_suffix(PRIVATE_END));
    let body = body.context("no PEM block PRIVATE KEY")?;
    let text: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    Ok(Zeroizing::new(STANDARD.decode(text.as_bytes()).ok().context("not base64")?))
}

/// What a token says.
#[derive(Clone, Copy)]
pub(crate) struct TokenClaims<'a> {
    /// The role that the broker's configuration gives this key.
    pub(crate) role: Role,
    /// `iss`, where the broker checks it.
    pub(crate) issuer: Option<&'a str>,
    /// `aud`, where the broker checks it.
    pub(crate) audience: Option<&'a str>,
    /// How long it holds.
    pub(crate) seconds: u32,
}

impl TokenClaims<'_> {
    /// The role `admin` for a minute: long enough for one request.
    pub(crate) const REQUEST: Self = Self { role: Role::Admin, issuer: None, audience: None, seconds: 60 };
}

#[derive(serde::Serialize)]
struct Claims<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: i64,
    exp: i64,
}

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
pub(super) const ED25519_SPKI: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PRIVATE_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PRIVATE_END: &str = "-----END PRIVATE KEY-----";
