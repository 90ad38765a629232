//! `vouchsafe policy check` and `try`: a policy file compiled, and one decision asked of it, without a broker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use decision_log::Digest;
use kbs_protocol::ResourcePath;
use policy::{
    AttestationPolicy, Decision, Denied, Language, Limits, Outcome, PolicyError, Position, Request,
    ResourcePolicy,
};
use serde_json::{Value, json};

use crate::{inputs, system};

/// Arguments of `policy check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub struct CheckArgs {
    /// The policy: Rego or TOML, recognised by content
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `policy try`.
#[derive(Debug, Args)]
#[command(after_help = TRY_HELP)]
pub struct TryArgs {
    /// The resource policy: Rego or TOML, recognised by content
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The claims of a token, as JSON
    #[arg(long, value_name = "FILE")]
    pub claims: PathBuf,
    /// What is asked for: repository/type/tag
    #[arg(long, value_name = "PATH", value_parser = ResourcePath::parse)]
    pub resource: ResourcePath,
    /// A part of the request's query (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub query: Vec<(String, String)>,
    /// The instant of the decision, such as 2026-03-01T00:00:00Z; without it, now
    #[arg(long, value_name = "RFC3339")]
    pub at: Option<String>,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// A policy that may be used.
struct Checked {
    kind: &'static str,
    language: &'static str,
    digest: Digest,
    dangers: Vec<String>,
}

/// A policy that may not.
struct Refused {
    at: Option<Position>,
    message: String,
}

/// Compiles a policy and says what it is.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let text = system::read_text(&args.file, MAX_FILE)?;
    let checked = checked(&text);
    if args.json {
        system::print(&format!("{}\n", json_of(&checked)))?;
    }
    match checked {
        Ok(checked) => {
            if !args.json {
                system::print(&lines_of(&checked))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => {
            eprintln!("vouchsafe: {}: {}", args.file.display(), refused.message);
            Ok(ExitCode::from(USAGE))
        }
    }
}

/// Asks a resource policy for one decision.
pub(crate) fn try_out(args: &TryArgs) -> anyhow::Result<ExitCode> {
    let text = system::read_text(&args.file, MAX_FILE)?;
    let policy = compiled(&text, &args.file)?;
    let claims = system::read(&args.claims, MAX_FILE)?;
    let claims: Value =
        serde_json::from_slice(&claims).with_context(|| format!("--claims {}", args.claims.display()))?;
    let query: BTreeMap<String, String> = args.query.iter().cloned().collect();
    let now = inputs::instant(args.at.as_deref())?;
    let request = Request { path: &args.resource, query: &query };
    let decision = policy.authorize(&claims, &request, now.secs());
    if args.json {
        let mut object = json!({"schema": "vouchsafe.policy-decision/1", "at": now, "resource": args.resource.to_string()});
        if let (Some(object), Value::Object(members)) =
            (object.as_object_mut(), serde_json::to_value(&decision)?)
        {
            object.extend(members);
        }
        system::print(&format!("{object}\n"))?;
    } else {
        system::print(&told(&decision))?;
    }
    Ok(match decision.outcome {
        Outcome::Allow { .. } => ExitCode::SUCCESS,
        Outcome::Deny { .. } => ExitCode::from(DENIED),
    })
}

fn compiled(text: &str, file: &Path) -> anyhow::Result<ResourcePolicy> {
    match ResourcePolicy::compile(text, Limits::default()) {
        Ok(policy) => Ok(policy),
        Err(error) => {
            if matches!(checked(text), Ok(Checked { kind, .. }) if kind != RESOURCE) {
                bail!("{} is no resource policy; see `vouchsafe policy check`", file.display());
            }
            Err(error).with_context(|| file.display().to_string())
        }
    }
}

fn checked(text: &str) -> Result<Checked, Refused> {
    match Language::of(text) {
        Language::Rego => rego(text),
        Language::Toml => toml(text),
    }
}

/// An attestation policy may ask for reference values; a resource policy may not, and is tried last.
fn rego(text: &str) -> Result<Checked, Refused> {
    match AttestationPolicy::compile(text, Limits::default()) {
        Ok(policy) if policy.has_trust_claims() => {
            Ok(Checked { kind: "attestation", language: "rego", digest: policy.digest(), dangers: Vec::new() })
        }
        Ok(_) | Err(PolicyError::NoRule { .. }) => resource(text, "rego").map_err(|refused| match refused.at {
            None if refused.message.contains("data.policy.allow") => {
                let message = "neither data.policy.allow (a resource policy) nor data.policy.trust_claims (an \
                               attestation policy) is a rule of it";
                Refused { at: None, message: message.to_owned() }
            }
            _ => refused,
        }),
        Err(error) => Err(error.into()),
    }
}

fn toml(text: &str) -> Result<Checked, Refused> {
    let refused = |error: toml::de::Error| {
        let at = Position::of_byte(text, error.span().map_or(0, |span| span.start));
        Refused { at: Some(at), message: format!("{at}: {}", error.message().trim().replace('\n', " ")) }
    };
    if toml::from_str::<toml::Table>(text).map_err(refused)?.contains_key("allow") {
        return resource(text, "toml");
    }
    let policy: verifier::policy::Policy = toml::from_str(text).map_err(refused)?;
    let effective =
        serde_json::to_vec(&policy).map_err(|error| Refused { at: None, message: error.to_string() })?;
    // The broker's configuration has the policy under a table of this name.
    let bare = |danger: &String| danger.strip_prefix("appraisal.").unwrap_or(danger).to_owned();
    let dangers = kbs::config::dangers_of(&policy).iter().map(bare).collect();
    Ok(Checked { kind: "appraisal", language: "toml", digest: Digest::of(&effective), dangers })
}

fn resource(text: &str, language: &'static str) -> Result<Checked, Refused> {
    let policy = ResourcePolicy::compile(text, Limits::default())?;
    Ok(Checked { kind: RESOURCE, language, digest: policy.digest(), dangers: policy.dangers() })
}

impl From<PolicyError> for Refused {
    fn from(error: PolicyError) -> Self {
        Self { at: error.position(), message: error.to_string() }
    }
}

fn json_of(checked: &Result<Checked, Refused>) -> Value {
    let schema = "vouchsafe.policy-check/1";
    match checked {
        Ok(Checked { kind, language, digest, dangers }) => json!({
            "schema": schema, "kind": kind, "language": language, "sha256": digest, "dangers": dangers, "error": null,
        }),
        Err(Refused { at, message }) => json!({
            "schema": schema, "kind": null, "language": null, "sha256": null, "dangers": [],
            "error": {"line": at.map(|at| at.line), "column": at.map(|at| at.column), "message": message},
        }),
    }
}

fn lines_of(checked: &Checked) -> String {
    let Checked { kind, language, digest, dangers } = checked;
    let mut lines = format!("{kind} policy ({language}), sha256 {digest}\n");
    for danger in dangers {
        lines.push_str(&match *kind {
            RESOURCE => format!("DANGER: the rule {danger:?} allows simulated hardware\n"),
            _ => format!("DANGER: {danger}\n"),
        });
    }
    lines
}

fn told(decision: &Decision) -> String {
    let because = match &decision.outcome {
        Outcome::Allow { rule } => return format!("allow: {rule}\npolicy: sha256 {}\n", decision.policy),
        Outcome::Deny { because } => because,
    };
    let mut lines = format!("deny: {because}\n");
    if let Denied::NoRule { unmet } = because {
        for condition in unmet {
            lines.push_str(&format!("  {condition}\n"));
        }
    }
    lines.push_str(&format!("policy: sha256 {}\n", decision.policy));
    lines
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.to_owned(), value.to_owned()))
}

const RESOURCE: &str = "resource";
/// The policy denies.
const DENIED: u8 = 1;
/// The policy cannot be used, as wrong arguments cannot.
const USAGE: u8 = 2;
/// More than any policy and any token; the policy engine's own limit is below.
const MAX_FILE: u64 = 0x100_0000;

const CHECK_HELP: &str = "\
Recognises a resource policy (Rego with data.policy.allow, or TOML with [[allow]]), an attestation policy (Rego with
data.policy.trust_claims) and an appraisal policy (TOML).

Exit codes:
  0  the policy may be used
  2  it may not: standard error names line and column";

const TRY_HELP: &str = "\
Exit codes:
  0  the policy allows it
  1  the policy denies it
  2  usage, or a policy that may not be used";
