//! The parts of one SNP case before they are signed: a test changes one of them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use sim::amd::{AmdVendor, Chip, Product, ReportFields, SigningChoice};
use sim::x509::{Authority, CertificateFields, CrlFields};
use sim::{IssuerKey, P384Key, RsaKey, SeededRng};
use system_tests::minted::{Amd, NOW, REPORT_DATA};

use crate::refused::Case;

/// Everything that makes up one case, and who signs each part.
#[derive(Clone)]
pub(crate) struct Snp {
    pub(crate) vendor: &'static AmdVendor,
    pub(crate) report: ReportFields,
    pub(crate) report_key: P384Key,
    pub(crate) vek: CertificateFields,
    pub(crate) vek_key: &'static RsaKey,
    pub(crate) intermediate: CertificateFields,
    pub(crate) intermediate_key: &'static RsaKey,
    pub(crate) root: CertificateFields,
    pub(crate) crl: CrlFields,
    pub(crate) crl_key: &'static RsaKey,
}

/// The authorities of Genoa.
pub(crate) static GENOA: LazyLock<&'static AmdVendor> = LazyLock::new(|| Amd::new().vendor);
/// The same keys under the names of Turin: a product is told by names, and keys take seconds to make.
static TURIN: LazyLock<AmdVendor> = LazyLock::new(|| renamed(Product::Turin));
static MILAN: LazyLock<AmdVendor> = LazyLock::new(|| renamed(Product::Milan));
/// Somebody who gives himself AMD's names, with one key for all of them: keys take seconds to make.
pub(crate) static STRANGER: LazyLock<AmdVendor> = LazyLock::new(|| {
    let key = RsaKey::generate().unwrap();
    let again = |authority: &Authority<RsaKey>| {
        let mut fields = authority.fields.clone();
        fields.spki = key.spki();
        let own = RsaKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        Authority::under(&key, fields, own).unwrap()
    };
    let AmdVendor { product, ark, ask, asvk } = &**GENOA;
    AmdVendor { product: *product, ark: again(ark), ask: again(ask), asvk: again(asvk) }
});

impl Snp {
    /// A good report of a chip of this product, signed by this kind of key.
    pub(crate) fn of(product: Product, signer: SigningChoice) -> Self {
        let vendor = match product {
            Product::Milan => &MILAN,
            Product::Genoa => *GENOA,
            Product::Turin => &TURIN,
        };
        Self::under(vendor, product, signer)
    }

    /// The same under other authorities.
    pub(crate) fn under(vendor: &'static AmdVendor, product: Product, signer: SigningChoice) -> Self {
        let chip = Chip::new(product, &mut SeededRng::new("a chip"));
        let issuer = vendor.issuer(signer);
        Self {
            vendor,
            report: chip.report(product.report_version(), signer, REPORT_DATA),
            vek: vendor.endorsement_fields(&chip, signer, NOW),
            vek_key: &issuer.key,
            intermediate: issuer.fields.clone(),
            intermediate_key: &vendor.ark.key,
            root: vendor.ark.fields.clone(),
            crl: vendor.crl_fields(NOW),
            crl_key: &vendor.ark.key,
            report_key: match signer {
                SigningChoice::Vcek => chip.vcek,
                SigningChoice::Vlek => chip.vlek,
            },
        }
    }

    /// A good Genoa report, version 5, signed by a VCEK.
    pub(crate) fn good() -> Self {
        Self::of(Product::Genoa, SigningChoice::Vcek)
    }

    /// A good Genoa report signed by a VLEK.
    pub(crate) fn vlek() -> Self {
        Self::of(Product::Genoa, SigningChoice::Vlek)
    }

    /// The same with one change.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Signs everything.
    pub(crate) fn mint(&self) -> Case {
        let report = self.report.sign(&self.report_key).unwrap().to_vec();
        Case::new(report, self.endorsements(), self.root())
    }

    /// The endorsements: `vek`, `intermediate`, `crl`.
    pub(crate) fn endorsements(&self) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("vek", self.vek()),
            ("intermediate", self.intermediate()),
            (
                "crl",
                once(self.crl.to_be_signed().unwrap(), &self.crl.algorithm, self.crl_key, || {
                    self.crl.sign(self.crl_key).unwrap()
                }),
            ),
        ]
    }

    /// The endorsement certificate.
    pub(crate) fn vek(&self) -> Vec<u8> {
        certified(&self.vek, self.vek_key)
    }

    /// ASK or ASVK.
    pub(crate) fn intermediate(&self) -> Vec<u8> {
        certified(&self.intermediate, self.intermediate_key)
    }

    /// The root to pin, self-signed.
    pub(crate) fn root(&self) -> Vec<u8> {
        certified(&self.root, &self.vendor.ark.key)
    }
}

fn certified(fields: &CertificateFields, key: &RsaKey) -> Vec<u8> {
    once(fields.to_be_signed().unwrap(), &fields.algorithm, key, || fields.sign(key).unwrap())
}

/// What the same key signed before in the same words: RSA-4096 takes its time, and PSS gives other bytes each time.
fn once(to_be_signed: Vec<u8>, algorithm: &[u8], key: &RsaKey, sign: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    static SIGNED: Mutex<BTreeMap<[Vec<u8>; 3], Vec<u8>>> = Mutex::new(BTreeMap::new());
    let what = [to_be_signed, algorithm.to_vec(), key.spki()];
    SIGNED.lock().unwrap().entry(what).or_insert_with(sign).clone()
}

/// The authorities of Genoa under another product's names.
fn renamed(product: Product) -> AmdVendor {
    let again = |authority: &Authority<RsaKey>, issuer: &RsaKey| {
        let mut fields = authority.fields.clone();
        for name in [&mut fields.issuer, &mut fields.subject] {
            *name = replaced(name, Product::Genoa.name().as_bytes(), product.name().as_bytes());
        }
        let key = RsaKey::from_pkcs8(&authority.key.to_pkcs8().unwrap()).unwrap();
        let certificate = fields.sign(issuer).unwrap();
        Authority { fields, key, certificate }
    };
    let ark = &GENOA.ark;
    AmdVendor {
        product,
        ark: again(ark, &ark.key),
        ask: again(&GENOA.ask, &ark.key),
        asvk: again(&GENOA.asvk, &ark.key),
    }
}

/// `bytes` with `from`, which must stand in it, replaced by `to` of the same length.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
