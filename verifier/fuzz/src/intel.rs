//! A simulated Intel, and what a TCB info and an identity say of its machines to a reader who shares no code with the verifier.

use std::sync::LazyLock;

use reference_values::ReferenceValues;
use sim::intel::{Collateral, CollateralFields, IntelMachine, IntelVendor, PckCa, QuoteForm};
use sim::{P256Key, SeededRng};
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::endorsements::Endorsements;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess};

use crate::json::Tree;

/// The instant of every run: 2026-03-01T00:00:00Z.
pub const NOW: i64 = 1_772_323_200;

/// The authorities, and one machine of each form with what judges it.
pub struct World {
    /// The authorities.
    pub vendor: IntelVendor,
    /// The vendors' roots and the simulated one.
    pub anchors: Anchors,
    /// The machines.
    pub machines: Vec<Machine>,
}

/// A machine, a quote of it, and good collateral.
pub struct Machine {
    /// Its levels and keys.
    pub machine: IntelMachine,
    /// A good quote.
    pub quote: Vec<u8>,
    /// The collateral before it is signed.
    pub fields: CollateralFields,
    /// The collateral.
    pub good: Collateral,
}

/// The world of every run.
pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let rng = &mut SeededRng::new("fuzz: Intel");
    let vendor = IntelVendor::new(rng, NOW).expect("authorities");
    let mut anchors = Anchors::vendor().expect("the pinned roots parse");
    anchors.danger_add("danger_fuzz", &vendor.root.certificate).expect("a root");
    let machines = QuoteForm::ALL.map(|form| {
        let machine = IntelMachine { ca: PckCa::Platform, ..IntelMachine::new(form, rng) };
        let chain = vendor.pck_chain(&machine, NOW).expect("a chain");
        let quote = machine.quote(&machine.quote_fields([0x11; 64]), chain.as_bytes()).expect("a quote");
        let fields = CollateralFields::new(&vendor, &machine, NOW).expect("collateral");
        let good = fields.sign(&vendor).expect("signed collateral");
        Machine { machine, quote, fields, good }
    });
    World { vendor, anchors, machines: machines.into() }
});

/// The verdict on a quote under this collateral.
pub fn judge(quote: &[u8], collateral: &Collateral) -> Verdict {
    let mut endorsements = Endorsements::new();
    let files = [
        &collateral.tcb_info,
        &collateral.qe_identity,
        collateral.tcb_signing_chain.as_bytes(),
        &collateral.root_crl,
        &collateral.pck_crl,
    ];
    for (number, file) in files.into_iter().enumerate() {
        // What is too large is not there.
        let _ = endorsements.add(&number.to_string(), file);
    }
    let context = Context {
        endorsements: &endorsements,
        anchors: &WORLD.anchors,
        expected: &Expected::nothing(),
        wanted: Wanted { reference_values: &ReferenceValues::default(), expectations: &[] },
        policy: &Policy { danger_accept_simulated: true, ..Policy::default() },
        scope: Scope::Hardware,
    };
    assess(quote, None, &context, UnixTime::from_secs(NOW))
}

/// A body as Intel's service answers it, with the signature over its bytes.
pub fn signed(member: &str, body: &str, key: &P256Key) -> Vec<u8> {
    let signature: String =
        key.sign_fixed(body.as_bytes()).expect("it signs").iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{\"{member}\":{body},\"signature\":\"{signature}\"}}").into_bytes()
}

impl Machine {
    /// The merged status that these documents give it (Intel's QVL, EvaluateTcb.cpp); `None` where they do not belong to it, are
    /// not of now, or cannot be read.
    pub fn status(&self, info: &Tree, identity: &Tree) -> Option<String> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let same = |name, bytes| Some(info.member(name)?.text()?.eq_ignore_ascii_case(&hex(bytes)));
        let mine =
            same("fmspc", &self.machine.extension.fmspc)? && same("pceId", &self.machine.extension.pce_id)?;
        if !mine || !is_of_now(info)? || !is_of_now(identity)? {
            return None;
        }
        let tdx = self.machine.form != QuoteForm::Sgx;
        let svn = self.machine.tee_tcb_svn;
        let platform = self.platform(info, tdx)?;
        let mut whole = platform;
        if tdx && svn[1] != 0 {
            let named =
                |tree: &&Tree| tree.member("id").and_then(Tree::text) == Some(&format!("TDX_{:02X}", svn[1]));
            let module = info.member("tdxModuleIdentities")?.values()?.iter().find(named)?;
            whole = converge(whole, &enclave(module, svn[0].into())?);
        }
        Some(converge(whole, &enclave(identity, self.machine.quoting_enclave.report.isv_svn.into())?))
    }

    fn platform(&self, info: &Tree, tdx: bool) -> Option<String> {
        let mut levels = Vec::new();
        for level in info.member("tcbLevels")?.values()? {
            let tcb = level.member("tcb")?;
            let tdx_part = if tdx { components(tcb.member("tdxtcbcomponents")?)? } else { Vec::new() };
            let sgx = components(tcb.member("sgxtcbcomponents")?)?;
            levels.push((sgx, tcb.member("pcesvn")?.number()?, tdx_part, level.member("tcbStatus")?.text()?));
        }
        levels.sort_by(|one, two| two.cmp(one));
        let own: Vec<u64> = self.machine.extension.components.map(u64::from).into();
        let svn: Vec<u64> = self.machine.tee_tcb_svn.map(u64::from).into();
        let skip = if svn[1] == 0 { 0 } else { 2 };
        let at_least = |found: &[u64], wanted: &[u64], skip| {
            found.iter().zip(wanted).skip(skip).all(|(found, wanted)| found >= wanted)
        };
        let reached = levels.iter().find(|(sgx, pce_svn, tdx, _)| {
            at_least(&own, sgx, 0)
                && u64::from(self.machine.extension.pce_svn) >= *pce_svn
                && at_least(&svn, tdx, skip)
        });
        Some(reached.map_or("NoMatch", |(.., status)| status).to_owned())
    }
}

fn is_of_now(document: &Tree) -> Option<bool> {
    let at = |name| Some(UnixTime::parse_rfc3339(document.member(name)?.text()?).ok()?.secs());
    Some((at("issueDate")?..=at("nextUpdate")?).contains(&NOW))
}

fn components(tree: &Tree) -> Option<Vec<u64>> {
    let values = tree.values().filter(|values| values.len() == 16)?;
    values.iter().map(|value| value.member("svn")?.number().filter(|svn| *svn < 256)).collect()
}

/// The status of a module or a quoting enclave by its own levels.
fn enclave(document: &Tree, isv_svn: u64) -> Option<String> {
    let mut levels = Vec::new();
    for level in document.member("tcbLevels")?.values()? {
        levels.push((level.member("tcb")?.member("isvsvn")?.number()?, level.member("tcbStatus")?.text()?));
    }
    levels.sort_by(|one, two| two.cmp(one));
    let reached = levels.iter().find(|(wanted, _)| isv_svn >= *wanted);
    Some(reached.map_or("NoMatch", |(_, status)| status).to_owned())
}

fn converge(whole: String, part: &str) -> String {
    let word = match (whole.as_str(), part) {
        ("NoMatch", _) | (_, "NoMatch") => "NoMatch",
        ("Revoked", _) | (_, "Revoked") => "Revoked",
        ("UpToDate" | "SWHardeningNeeded", "OutOfDate") => "OutOfDate",
        ("ConfigurationNeeded" | "ConfigurationAndSWHardeningNeeded", "OutOfDate") => {
            "OutOfDateConfigurationNeeded"
        }
        (whole, _) => whole,
    };
    word.to_owned()
}
