//! The catalogue's advisories, held against one platform.

use reference_values::{Advisory, AmdProduct, Demand, TcbPart, advisories};

use super::platform::on_chip_list;
use crate::appraise::finding::{Claim, Findings};
use crate::check::{Fact, Outcome};
use crate::policy::SnpPolicy;
use crate::snp::{Facts, Product, Tcb, is_set};
use crate::trust::value;

/// Lists every entry that concerns the platform, and returns the ids of those that it is open to: of the production
/// profile's entries, and of those that the policy enforces. What is neither is shown as not checked, never dropped.
pub(super) fn appraise(facts: &Facts, policy: &SnpPolicy, findings: &mut Findings) -> Vec<String> {
    let product = product(facts.product);
    let mut open = Vec::new();
    for advisory in advisories().iter().filter(|advisory| advisory.affects(product)) {
        let processor = facts.processor.map(|processor| (processor.model, processor.stepping));
        let demands = advisory.demands(product, processor);
        let met = demands.is_some_and(|demands| demands.iter().all(|demand| met(*demand, facts, policy)));
        let named = policy.enforce_advisories.iter().any(|name| name.entry().id == advisory.id);
        if named {
            let denies = demands.is_some_and(|demands| demands.contains(&Demand::AnotherProduct));
            let found = if denies { value::CONTRAINDICATED } else { value::UNSAFE_HARDWARE };
            let (expected, actual) = (expected(advisory, demands), shown(demands, facts));
            findings.rule(Claim::Hardware, ID, met, expected, actual, found);
        } else if !advisory.profile {
            // Those of the profile are the floors' and the alias check's to enforce.
            findings.note(ID, Outcome::NotChecked, expected(advisory, demands), shown(demands, facts));
        }
        if (named || advisory.profile) && !met {
            open.push(advisory.id.to_owned());
        }
    }
    open
}

const fn product(product: Product) -> AmdProduct {
    match product {
        Product::Milan => AmdProduct::Milan,
        Product::Genoa => AmdProduct::Genoa,
        Product::Turin => AmdProduct::Turin,
    }
}

fn met(demand: Demand, facts: &Facts, policy: &SnpPolicy) -> bool {
    match demand {
        Demand::Tcb(part, least) => level(part, facts) >= least,
        Demand::PlatformInfo(bit) => is_set(facts.platform_info.0, bit),
        Demand::NoPlatformInfo(bit) => !is_set(facts.platform_info.0, bit),
        Demand::GuestPolicy(bit) => is_set(facts.policy.0, bit),
        Demand::Mitigation(bit) => {
            facts.mitigation.is_some_and(|vectors| is_set(vectors.launch & vectors.current, bit))
        }
        Demand::AnotherProduct => false,
        Demand::ListedChip => on_chip_list(facts, policy),
    }
}

/// The older of the TCB that the certificate proves and the one that the guest was launched under: what attacked the launch
/// is not undone by an update.
fn level(part: TcbPart, facts: &Facts) -> u8 {
    let of = |tcb: &Tcb| match part {
        TcbPart::Snp => tcb.snp,
        TcbPart::Microcode => tcb.microcode,
    };
    of(&facts.reported_tcb).min(of(&facts.launch_tcb))
}

fn expected(advisory: &Advisory, demands: Option<&[Demand]>) -> Fact {
    let asked = demands.map_or_else(
        || "nothing that a report of this processor is known to show".to_owned(),
        |demands| demands.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    );
    Fact::Map(vec![
        ("advisory", advisory.id.into()),
        ("name", advisory.name.into()),
        ("asks", asked.into()),
        ("certain", advisory.certain.into()),
        ("source", advisory.source.into()),
    ])
}

/// What the report shows of what is asked.
fn shown(demands: Option<&[Demand]>, facts: &Facts) -> Fact {
    let one = |demand: &Demand| match demand {
        Demand::Tcb(part, _) => format!("{} {:#04x}", part.as_str(), level(*part, facts)),
        Demand::PlatformInfo(_) | Demand::NoPlatformInfo(_) => {
            format!("PLATFORM_INFO {:#x}", facts.platform_info.0)
        }
        Demand::GuestPolicy(_) => format!("guest policy {:#x}", facts.policy.0),
        Demand::Mitigation(_) => facts.mitigation.map_or_else(
            || "no mitigation vectors".to_owned(),
            |vectors| format!("mitigation vectors {:#x} and {:#x}", vectors.launch, vectors.current),
        ),
        Demand::AnotherProduct => facts.product.to_string(),
        Demand::ListedChip if facts.chip_id_masked => "a masked chip".to_owned(),
        Demand::ListedChip => "a chip".to_owned(),
    };
    demands.map_or(Fact::None, |demands| demands.iter().map(one).collect::<Vec<_>>().join(", ").into())
}

const ID: &str = "appraise.snp.advisory";
