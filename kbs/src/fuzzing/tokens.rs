//! Tokens.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision_log::Digest;
use kbs_protocol::TeeKeyPair;
use serde_json::{Value, json};

use super::full_store::store_over;
use super::memory::Memory;
use super::{Counter, NOW, altered, p256, p256_der};
use crate::admin::{Admin, AdminKey, authenticate};
use crate::foreign::{ForeignIssuer, Pattern};
use crate::jwt::{PinnedKey, claimed_issuer};
use crate::roles::{Permission, Role};
use crate::signing::{SigningAlgorithm, SigningKey};
use crate::signing_keys::{Rules, SigningKeys};
use crate::store::KeyPurpose;
use crate::system::signing_rng;
use crate::token::{OwnToken, VerifiedToken};

/// Those who take tokens, each from one signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verifier {
    Own,
    /// An issuer with key ids, and one without.
    Foreign(usize),
    Admin,
}

struct Parties {
    own: SigningKeys,
    foreign: Vec<ForeignIssuer>,
    admins: Vec<AdminKey>,
    signers: Vec<(Verifier, Signer)>,
    /// Tokens that hold, with who takes them.
    signed: Vec<(Verifier, String)>,
    /// The result that the own token is about.
    kept: Vec<u8>,
}

enum Signer {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

static PARTIES: LazyLock<Parties> = LazyLock::new(make);

/// A token: one that holds, altered as the bytes say; text; three parts in base64; or header and claims that a key which is
/// trusted signs, or claims that hold, altered before they are signed. The verifiers take what their signers signed and nothing else.
pub fn tokens(bytes: &[u8]) {
    let Some(([how, which], rest)) = bytes.split_first_chunk::<2>() else { return };
    let parties = &*PARTIES;
    match how % 4 {
        0 => {
            let (_, valid) = &parties.signed[usize::from(*which) % parties.signed.len()];
            if let Ok(text) = String::from_utf8(altered(valid.as_bytes(), rest)) {
                show(&text);
            }
        }
        1 => {
            if let Ok(text) = str::from_utf8(rest) {
                show(text);
            }
        }
        2 => {
            let parts: Vec<String> =
                rest.split(|byte| *byte == b'\n').map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
            show(&parts.join("."));
        }
        _ => {
            let (whose, signer) = &parties.signers[usize::from(*which) % parties.signers.len()];
            let (header, claims) = if how & 4 == 0 { split_line(rest) } else { altered_claims(*whose, rest) };
            show_signed(*whose, &signer.sign(&header, &claims), &claims);
        }
    }
}

/// An admin, for what asks for one.
pub(super) fn an_admin() -> Admin {
    let token = PARTIES.signed.iter().find(|(verifier, _)| *verifier == Verifier::Admin);
    let token = token.map(|(_, token)| token.as_str());
    authenticate(&PARTIES.admins, token, Permission::WriteSecrets, NOW).expect("an admin")
}

/// A verified token, for what asks for one.
pub(super) fn a_foreign_token() -> VerifiedToken {
    let token = PARTIES.signed.iter().find(|(verifier, _)| *verifier == Verifier::Foreign(0));
    PARTIES.foreign[0].verify(&token.expect("there is one").1, NOW).expect("a token that holds")
}

pub(super) fn tee_jwk() -> Value {
    let key = TeeKeyPair::generate(&mut Counter(0)).public().to_json().expect("a key");
    serde_json::from_str(key.get()).expect("JSON")
}

/// Shows a token to everybody who takes tokens.
fn show(token: &str) {
    for verifier in VERIFIERS {
        if takes(verifier, token).is_some() {
            assert!(was_signed(verifier, token), "{verifier:?} takes a token that nobody signed: {token}");
        }
    }
}

/// Shows a token of hostile content that is signed: he whose signer it is may take it, and then it says what it must.
fn show_signed(whose: Verifier, token: &str, claims: &[u8]) {
    for verifier in VERIFIERS {
        let Some(issuer) = takes(verifier, token) else { continue };
        assert!(verifier == whose || was_signed(verifier, token), "{verifier:?} takes a token of {whose:?}");
        let claims: Value = serde_json::from_slice(claims).expect("claims are JSON");
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        assert!(number("exp").is_some_and(|exp| exp > NOW.secs()), "{claims}");
        assert!(claims.get("iss").and_then(Value::as_str) == Some(&issuer), "{claims}");
        if verifier != Verifier::Admin {
            assert!(number("iat").is_some_and(|iat| iat <= NOW.secs()), "{claims}");
        }
    }
}

/// Who issued the token, where the verifier takes it. Why it takes none is written out: that goes to strangers and logs.
fn takes(verifier: Verifier, token: &str) -> Option<String> {
    let parties = &*PARTIES;
    let claimed = claimed_issuer(token);
    let issuer = match verifier {
        Verifier::Own => {
            let own = OwnToken::verify(&parties.own, token, ISSUER, EPOCH, NOW)
                .map_err(|error| error.to_string())
                .ok()?;
            // The record may be another's; then it opens nothing.
            let _ = own.with_result(&parties.kept).map_err(|error| error.to_string());
            ISSUER
        }
        Verifier::Foreign(place) => {
            let issuer = &parties.foreign[place];
            issuer.verify(token, NOW).map_err(|error| error.to_string()).ok()?;
            &issuer.issuer
        }
        Verifier::Admin => {
            let admin = authenticate(&parties.admins, Some(token), Permission::ReadPolicies, NOW);
            let admin = admin.map_err(|error| format!("{error} {error:?}")).ok()?;
            assert!(admin.role().may(Permission::ReadPolicies) && admin.role() != Role::Auditor);
            ADMIN_ISSUER
        }
    };
    assert_eq!(
        claimed,
        Ok(Some(issuer.to_owned())),
        "another issuer is claimed than the one that is believed"
    );
    Some(issuer.to_owned())
}

/// Whether it is a token that holds, byte for byte. Of a signature of ECDSA anybody can make the twin, so that there the first half
/// must be that of the signature, in the one base64 that there is.
fn was_signed(verifier: Verifier, token: &str) -> bool {
    let Some((said, signature)) = token.rsplit_once('.') else { return false };
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let one_encoding = URL_SAFE_NO_PAD.encode(&bytes) == signature;
    let known = |(whose, known): &(Verifier, String)| {
        let Some((known_said, known_signature)) = known.rsplit_once('.') else { return false };
        let twin = bytes.len() == 64
            && URL_SAFE_NO_PAD.decode(known_signature).is_ok_and(|known| known.get(..32) == bytes.get(..32));
        let ecdsa = matches!(verifier, Verifier::Own | Verifier::Foreign(0));
        *whose == verifier && known_said == said && (signature == known_signature || (ecdsa && twin))
    };
    one_encoding && PARTIES.signed.iter().any(known)
}

/// Header and claims, each on its line.
fn split_line(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, rest) = bytes.split_at(line);
    (header.to_vec(), rest.get(1..).unwrap_or_default().to_vec())
}

/// The header of a token that holds, and its claims, altered.
fn altered_claims(whose: Verifier, script: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let valid = PARTIES.signed.iter().find(|(verifier, _)| *verifier == whose);
    let mut parts = valid.into_iter().flat_map(|(_, token)| token.split('.'));
    let mut next = || URL_SAFE_NO_PAD.decode(parts.next().unwrap_or_default()).expect("it was written here");
    let (header, claims) = (next(), next());
    (header, altered(&claims, script))
}

impl Signer {
    fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = match self {
            Self::P256(pair) => {
                pair.sign(&signing_rng(), message.as_bytes()).expect("it signs").as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn public(&self) -> PinnedKey {
        match self {
            Self::P256(pair) => PinnedKey::es256(pair.public_key().as_ref().try_into().expect("65 bytes")),
            Self::Ed25519(pair) => {
                PinnedKey::ed25519(pair.public_key().as_ref().try_into().expect("32 bytes"))
            }
        }
    }
}

fn make() -> Parties {
    let ed25519 = |seed: u8| {
        Signer::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key of Ed25519"))
    };
    let key = Arc::new(SigningKey::from_der(&p256_der(7)).expect("a key"));
    let (with_id, without_id, admin) = (Signer::P256(p256(8)), ed25519(9), ed25519(10));
    let foreign = vec![
        foreign("trustee", vec![(Some("1".to_owned()), with_id.public())]),
        foreign("another", vec![(None, without_id.public())]),
    ];
    let admins = vec![AdminKey {
        name: "operations".to_owned(),
        key: admin.public(),
        issuer: Some(ADMIN_ISSUER.to_owned()),
        audience: Some("kbs".to_owned()),
        roles: vec![Role::Admin, Role::Reader],
    }];
    let kept = result();
    let mut own = result_claims();
    own["submods"]["cpu0"]["ear.vouchsafe"]["decision"] = json!(Digest::of(b"d").to_string());
    let signed = vec![
        (Verifier::Own, key.issue(own.to_string().as_bytes()).expect("it signs")),
        (Verifier::Foreign(0), with_id.sign(br#"{"alg":"ES256","kid":"1"}"#, &foreign_claims("trustee"))),
        (
            Verifier::Foreign(1),
            without_id.sign(br#"{"alg":"EdDSA","jwk":{"kty":"OKP"}}"#, &foreign_claims("another")),
        ),
        (Verifier::Admin, admin.sign(br#"{"alg":"EdDSA"}"#, &admin_claims("admin"))),
        (Verifier::Admin, admin.sign(br#"{"alg":"EdDSA"}"#, &admin_claims("reader"))),
    ];
    let signers = vec![
        (Verifier::Own, Signer::P256(p256(7))),
        (Verifier::Foreign(0), with_id),
        (Verifier::Foreign(1), without_id),
        (Verifier::Admin, admin),
    ];
    let store = Arc::new(store_over(Arc::new(Memory::default())));
    let own = SigningKeys::provided(store, RULES, key, NOW);
    let made = Parties { own, foreign, admins, signers, signed, kept };
    assert!(made.signed.len() > made.signers.len());
    made
}

fn foreign(issuer: &str, keys: Vec<(Option<String>, PinnedKey)>) -> ForeignIssuer {
    ForeignIssuer {
        name: issuer.to_owned(),
        issuer: issuer.to_owned(),
        keys,
        resources: vec![Pattern::parse("*/*/*").expect("a pattern")],
        tee_key: None,
        audience: Some("us".to_owned()),
        max_seconds: 300,
    }
}

fn foreign_claims(issuer: &str) -> Vec<u8> {
    let claims = json!({
        "iss": issuer, "iat": NOW.secs(), "nbf": NOW.secs(), "exp": NOW.secs() + 300, "aud": ["us"],
        "tee-pubkey": tee_jwk(),
    });
    claims.to_string().into_bytes()
}

fn admin_claims(role: &str) -> Vec<u8> {
    let claims = json!({"iss": ADMIN_ISSUER, "aud": "kbs", "exp": NOW.secs() + 300, "role": role});
    claims.to_string().into_bytes()
}

fn result_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ISSUER, "iat": NOW.secs(), "exp": NOW.secs() + 300, "eat_profile": "p",
        "eat_nonce": "n", "cnf": {"jwk": tee_jwk()},
        "submods": {"cpu0": {
            "ear.status": "affirming",
            "ear.trustworthiness-vector": {"hardware": 2},
            "ear.veraison.annotated-evidence": {"runtime_data_claims": {"nonce": "n", "tee-pubkey": tee_jwk()}},
            "ear.vouchsafe": {"epoch": EPOCH, "failed": []},
        }},
    })
}

fn result() -> Vec<u8> {
    result_claims().to_string().into_bytes()
}

pub(super) const ISSUER: &str = "vouchsafe-kbs";
pub(super) const EPOCH: u64 = 7;
pub(super) const RULES: Rules = Rules {
    purpose: KeyPurpose::Token,
    algorithm: SigningAlgorithm::Es256,
    life: 30 * 24 * 3600,
    token: 300,
};
const ADMIN_ISSUER: &str = "https://idp";
const VERIFIERS: [Verifier; 4] = [Verifier::Own, Verifier::Foreign(0), Verifier::Foreign(1), Verifier::Admin];
