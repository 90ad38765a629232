//! `vouchsafe policy`: the appraisal policy that would apply, and the catalogue that it draws on.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use reference_values::{Advisory, Remedy, advisories};
use serde_json::{Value, json};

use crate::{inputs, system};

/// Arguments of `policy show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The appraisal policy, TOML; without it, the production profile
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Arguments of `policy advisories`.
#[derive(Debug, Args)]
pub struct AdvisoriesArgs {
    /// Print one JSON array on stdout
    #[arg(long)]
    json: bool,
}

/// `policy show`.
pub(crate) fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let policy = inputs::policy_file(args.policy.as_deref())?;
    system::print(&toml::to_string(&policy).context("the policy cannot be written as TOML")?)?;
    Ok(ExitCode::SUCCESS)
}

/// `policy advisories`.
pub(crate) fn list(args: &AdvisoriesArgs) -> anyhow::Result<ExitCode> {
    let text = if args.json {
        let list: Vec<Value> = advisories().iter().map(tree).collect();
        format!("{}\n", serde_json::to_string_pretty(&list)?)
    } else {
        format!("{}\n", table(system::width()))
    };
    system::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn tree(advisory: &Advisory) -> Value {
    let remedies: Vec<Value> = advisory
        .remedies
        .iter()
        .map(|remedy| {
            let processor =
                remedy.processor.map(|(model, stepping)| json!({ "model": model, "stepping": stepping }));
            let asks: Vec<String> = remedy.demands.iter().map(ToString::to_string).collect();
            json!({ "product": remedy.product.as_str(), "processor": processor, "asks": asks })
        })
        .collect();
    json!({
        "id": advisory.id,
        "cve": advisory.cve,
        "name": advisory.name,
        "certain": advisory.certain,
        "enforced_by_default": advisory.profile,
        "remedies": remedies,
        "source": advisory.source,
    })
}

fn table(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(["advisory", "name", "enforced", "asks", "source"]);
    for advisory in advisories() {
        let id = advisory.cve.map_or_else(|| advisory.id.to_owned(), |cve| format!("{}\n{cve}", advisory.id));
        let enforced = match (advisory.profile, advisory.certain) {
            (true, _) => "by default",
            (false, true) => "if named",
            (false, false) => "if named (figures unconfirmed)",
        };
        let asks: Vec<String> = advisory.remedies.iter().map(one).collect();
        table.add_row([id.as_str(), advisory.name, enforced, &asks.join("\n"), advisory.source]);
    }
    table
}

fn one(remedy: &Remedy) -> String {
    let processor = remedy
        .processor
        .map(|(model, stepping)| format!(" model {model:#04x} stepping {stepping}"))
        .unwrap_or_default();
    let asks: Vec<String> = remedy.demands.iter().map(ToString::to_string).collect();
    let asks = if asks.is_empty() { "no figure is known".to_owned() } else { asks.join(", ") };
    format!("{}{processor}: {asks}", remedy.product.as_str())
}
