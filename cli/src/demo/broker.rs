//! The demo's broker: its folder, its configuration, its process.
#![expect(clippy::disallowed_methods, reason = "writes the broker's files into the demo's folder")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use kbs_protocol::ResourcePath;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::process::Process;
use super::roles::{DANGER, LISTENING};
use crate::admin::Admin;

/// A broker that takes requests.
pub(crate) struct Broker {
    /// Its process.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) url: String,
    /// The settings that weaken it, in its own words.
    pub(crate) dangers: Vec<String>,
}

/// What the operator decided.
pub(crate) struct Operator<'a> {
    /// The admin whose uploads are taken.
    pub(crate) admin: &'a Admin,
    /// The only resource that is released.
    pub(crate) path: &'a ResourcePath,
    /// The only launch digest that is known.
    pub(crate) launch_digest: [u8; 48],
    /// The folder of the simulated machine: its root is pinned, its endorsements are loaded.
    pub(crate) platform: &'a Path,
}

impl Broker {
    /// Writes the configuration below `folder`, starts the broker and waits until it takes requests.
    pub(crate) fn start(
        folder: &Path,
        operator: &Operator<'_>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let home = folder.join("broker");
        fs::create_dir(&home)?;
        fs::write(home.join("admin.pem"), operator.admin.public_pem())?;
        fs::write(home.join("reference-values.toml"), reference_values(&operator.launch_digest))?;
        fs::write(home.join("resource-policy.rego"), resource_policy(operator.path))?;
        let config = home.join("vouchsafe-kbs.toml");
        fs::write(&config, toml::to_string(&Config::of(operator.platform))?)?;
        let config = config.to_str().context("the temporary folder's name is not UTF-8")?;

        let args = ["demo-broker", "--config", config];
        let mut process = Process::start("broker", &args, &folder.join("broker.log"))?;
        let mut dangers = Vec::new();
        loop {
            let line = process.line(START, interrupt)?;
            if let Some(danger) = line.strip_prefix(DANGER) {
                dangers.push(danger.to_owned());
            }
            if let Some(address) = line.strip_prefix(LISTENING) {
                return Ok(Self { process, url: format!("http://{address}"), dangers });
            }
        }
    }
}

/// The keys of the broker's configuration that the demo sets; every other keeps its default.
#[derive(Serialize)]
struct Config<'a> {
    listen: &'static str,
    store: &'static str,
    root_key: &'static str,
    endorsements: std::path::PathBuf,
    reference_values: [&'static str; 1],
    resource_policy: &'static str,
    tees: [&'static str; 1],
    appraisal: Appraisal,
    admin: [AdminEntry; 1],
    danger_simulated_roots: [Root<'a>; 1],
}

#[derive(Serialize)]
struct Appraisal {
    danger_accept_simulated: bool,
}

#[derive(Serialize)]
struct AdminEntry {
    name: &'static str,
    public_key: &'static str,
}

#[derive(Serialize)]
struct Root<'a> {
    name: &'a str,
    file: std::path::PathBuf,
}

impl Config<'_> {
    fn of(platform: &Path) -> Self {
        Self {
            listen: "127.0.0.1:0",
            store: "store.redb",
            root_key: "root.key",
            endorsements: platform.join("endorsements"),
            reference_values: ["reference-values.toml"],
            resource_policy: "resource-policy.rego",
            tees: ["snp"],
            appraisal: Appraisal { danger_accept_simulated: true },
            admin: [AdminEntry { name: "operator", public_key: "admin.pem" }],
            danger_simulated_roots: [Root { name: DANGER_ROOT, file: platform.join("root.pem") }],
        }
    }
}

fn reference_values(launch_digest: &[u8; 48]) -> String {
    let digest = hex::encode(launch_digest);
    format!("[[reference]]\ntee = \"snp\"\nname = \"{GUEST}\"\nlaunch-digest = [\"{digest}\"]\n")
}

/// Affirming in every part, under the one simulated root of this run, for the one resource.
fn resource_policy(path: &ResourcePath) -> String {
    format!(
        r#"package policy

import rego.v1

default allow := false

allow if {{
	data["resource-path"] == ["{}", "{}", "{}"]
	count(input.submods) > 0
	every submod in input.submods {{
		submod["ear.status"] == "affirming"
		submod["ear.vouchsafe"].danger_root == "{DANGER_ROOT}"
	}}
}}
"#,
        path.repo(),
        path.kind(),
        path.tag()
    )
}

/// The name under which the simulated root is pinned.
pub(crate) const DANGER_ROOT: &str = "danger_demo";
/// What the reference values call the guest.
pub(crate) const GUEST: &str = "model-server 1.0";
/// How long the broker may take to start: it makes its keys and its store first.
const START: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
