//! Whether the operator has withdrawn the machine or the image. Where nothing is denied there is nothing to ask.

use super::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::dcap::{self, Body, PckExtension};
use crate::policy::{DenyPolicy, Id};
use crate::snp;
use crate::trust::value;

/// Called after the claim on executables was set.
pub(super) fn snp(facts: &snp::Facts, deny: &DenyPolicy, findings: &mut Findings) {
    if !deny.chip_ids.is_empty() {
        // Whoever can mask the chip would hide a denied one by that.
        let holds = !facts.chip_id_masked && !deny.chip_ids.contains(&Id(facts.chip_id));
        let actual = if facts.chip_id_masked { Fact::None } else { Fact::hex(&facts.chip_id) };
        machine(holds, format!("a chip, and none of {} denied ones", deny.chip_ids.len()), actual, findings);
    }
    image(&deny.launch_digests, facts.measurement, findings);
}

/// Called after the claim on executables was set.
pub(super) fn dcap(facts: &dcap::Facts, deny: &DenyPolicy, findings: &mut Findings) {
    platform(&facts.pck, deny, findings);
    match &facts.body {
        Body::Tdx(report) => image(&deny.launch_digests, report.mr_td, findings),
        Body::Sgx(report) => image(&deny.mr_enclaves, report.mr_enclave, findings),
    }
}

/// A platform whose certificate names no instance is none of those that a list of instances names.
fn platform(pck: &PckExtension, deny: &DenyPolicy, findings: &mut Findings) {
    let lists = deny.ppids.len().saturating_add(deny.platform_instances.len());
    if lists == 0 {
        return;
    }
    let instance = pck.platform_instance_id;
    let denied = deny.ppids.contains(&Id(pck.ppid))
        || instance.is_some_and(|instance| deny.platform_instances.contains(&Id(instance)));
    let actual = Fact::Map(vec![
        ("ppid", pck.ppid.into()),
        ("platform_instance", instance.map_or(Fact::None, Fact::from)),
    ]);
    machine(!denied, format!("none of {lists} denied platforms"), actual, findings);
}

fn machine(holds: bool, expected: String, actual: Fact, findings: &mut Findings) {
    findings.rule(Claim::Hardware, MACHINE, holds, expected, actual, value::CONTRAINDICATED);
}

fn image<const N: usize>(denied: &[Id<N>], actual: [u8; N], findings: &mut Findings) {
    if denied.is_empty() {
        return;
    }
    let holds = !denied.contains(&Id(actual));
    let outcome = if holds { Outcome::Pass } else { Outcome::Fail };
    let expected = format!("none of {} denied images", denied.len());
    findings.note(IMAGE, outcome, expected, Fact::hex(&actual));
    if !holds {
        findings.executables(value::CONTRAINDICATED);
    }
}

const MACHINE: &str = "appraise.deny.machine";
const IMAGE: &str = "appraise.deny.image";
/// The checks of this module.
pub(crate) const DENIALS: [&str; 2] = [MACHINE, IMAGE];
