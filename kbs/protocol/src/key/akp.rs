//! Encapsulation keys of ML-KEM-768 (FIPS 203), in the JWK of draft-ietf-jose-pqc-kem-05 section 10.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ml_kem::MlKem768;

use super::KeyError;

/// A key that passed the check of FIPS 203 section 7.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlKem768Key(pub(crate) ml_kem::EncapsulationKey<MlKem768>);

impl MlKem768Key {
    /// The key of 1184 bytes in base64url without padding.
    pub(crate) fn from_text(text: &str) -> Result<Self, KeyError> {
        let width = KeyError::Width { member: "pub", bytes: KEY_BYTES };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| width)?;
        let bytes = bytes.as_slice().try_into().map_err(|_| width)?;
        ml_kem::EncapsulationKey::new(bytes).map(Self).map_err(|_| KeyError::EncapsulationKey)
    }

    /// The key in base64url without padding.
    pub(crate) fn text(&self) -> String {
        use ml_kem::KeyExport as _;
        BASE64_URL_SAFE_NO_PAD.encode(self.0.to_bytes())
    }
}

/// FIPS 203 section 8, table 3: encapsulation keys of ML-KEM-768.
const KEY_BYTES: usize = 1184;
