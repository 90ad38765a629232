//! The command line, as its contract has it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::admin::{AdminCommand, EXIT_CODES as EXIT_CODES_OF_ADMIN};
use crate::demo::{BrokerArgs, GuestArgs};
use crate::policy_check::{CheckArgs, TryArgs};
use crate::policy_show::{AdvisoriesArgs, ShowArgs};
use crate::replay::ReplayArgs;
use crate::weights::EncryptArgs;

/// Verify confidential-computing evidence, and see why.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify one piece of evidence and print the verdict
    Verify(VerifyArgs),
    /// Make a recorded decision again from its record and what it names, and compare the whole result
    Replay(ReplayArgs),
    /// Tell what a check asks, of which input, who says so, against which threat, and what mends a failure
    Explain(ExplainArgs),
    /// Measure this build on this machine
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Watch the main job: real evidence judged, a key released to a simulated guest and refused to another
    Demo,
    /// Store secrets at a broker, as its operator
    #[command(subcommand, after_help = EXIT_CODES_OF_ADMIN)]
    Admin(AdminCommand),
    /// See the policy that applies and the advisories that it can enforce; check policies, and try them out
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Encrypt model weights under a new key that a broker will release
    EncryptWeights(EncryptArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of `vouchsafe`, or write the pages of all commands into a folder
    Man(ManArgs),
    /// The broker's process of `demo`
    #[command(hide = true)]
    DemoBroker(BrokerArgs),
    /// The guest's process of `demo`
    #[command(hide = true)]
    DemoGuest(GuestArgs),
}

/// What `policy` does.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Compile a policy of any kind: kind, digest, or what is wrong with it, with line and column
    Check(CheckArgs),
    /// Ask a resource policy for one decision
    Try(TryArgs),
    /// Print the effective appraisal policy as TOML: the file's values, and the production profile's for the rest
    Show(ShowArgs),
    /// List the advisories on SEV-SNP that a policy can enforce, and what each asks of a report
    Advisories(AdvisoriesArgs),
}

/// What `bench` measures.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Parse, cold and warm verification of one piece of evidence, and of a machine that is known
    Verify(BenchVerifyArgs),
}

/// Exit codes: 0 affirming · 1 genuine, not affirming · 2 usage · 3 not believed · 4 an endorsement is missing.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct VerifyArgs {
    /// What the hardware gave (SNP report, TDX or SGX quote), the CoCo evidence JSON of that TEE, or a CMW of one
    #[arg(long, value_name = "FILE")]
    pub evidence: PathBuf,
    /// The event log of a TDX guest (CCEL, or a JSON list): replayed into the quote's RTMR0 to RTMR3
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// Whose evidence it is; without it the form of the bytes chooses the parser
    #[arg(long, value_name = "TEE")]
    pub tee: Option<String>,
    /// Certificates, CRLs, TCB info, identities, SNP ID blocks: a file or a folder, recognised by content (repeatable)
    #[arg(long, value_name = "PATH")]
    pub endorsements: Vec<PathBuf>,
    /// The instant of verification, such as 2026-03-01T00:00:00Z; without it, now
    #[arg(long, value_name = "RFC3339")]
    pub at: Option<String>,
    /// What exit code 0 asks to be affirming
    #[arg(long, value_enum, default_value_t = Appraise::Full)]
    pub appraise: Appraise,
    /// Whether a missing, stale or wrong CRL keeps the hardware from being affirmed
    #[arg(long, value_enum)]
    pub revocation: Option<Revocation>,
    /// Reference values, TOML (repeatable; entries are alternatives)
    #[arg(long, value_name = "FILE")]
    pub reference_values: Vec<PathBuf>,
    /// The appraisal policy, TOML; without it, the production profile
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A value the evidence must carry: launch-digest=HEX, report-data=HEX, mr-td=HEX, … (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub expect: Vec<String>,
    /// Fetch from the vendors what is missing (this build cannot)
    #[arg(long)]
    pub online: bool,
    /// Print the verdict as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// After the report, say of each check that did not pass which rule and which input it is about, and what mends it
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub explain: bool,
    /// Print the result on stdout in this form: the verdict, an EAT attestation result, or one in a CMW
    #[arg(long, value_enum, conflicts_with = "json")]
    pub format: Option<Format>,
    /// Sign the EAR as a JWT (ES256) with this private key, PEM (PKCS #8); needs --format
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Ids of checks, such as appraise.tcb, or what they begin with; without any, all
    #[arg(value_name = "CHECK")]
    pub checks: Vec<String>,
    /// Print a JSON array on stdout
    #[arg(long)]
    pub json: bool,
    /// Print the table of docs/checks.md
    #[arg(long, conflicts_with_all = ["json", "checks"])]
    pub markdown: bool,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As --json: vouchsafe.verify/1
    Verdict,
    /// EAR of the IETF draft (draft-ietf-rats-ear-04)
    Ear,
    /// EAR in the profile of CoCo's Trustee
    EarTrustee,
    /// The EAR of the IETF draft in a conceptual message wrapper (RFC 9999)
    Cmw,
}

/// What the exit code asks for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Appraise {
    /// Hardware, TCB and revocation
    Hardware,
    /// Executables and configuration too
    Full,
}

/// What a missing CRL means.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Revocation {
    /// Not affirming
    Required,
    /// Shown as not checked
    IfAvailable,
}

/// Arguments of `bench verify`.
#[derive(Debug, Args)]
pub struct BenchVerifyArgs {
    /// The evidence to verify over and over
    #[arg(long, value_name = "FILE")]
    pub evidence: PathBuf,
    /// Its endorsements: a file or a folder (repeatable)
    #[arg(long, value_name = "PATH", required = true)]
    pub endorsements: Vec<PathBuf>,
    /// The instant of verification
    #[arg(long, value_name = "RFC3339")]
    pub at: String,
    /// How long to measure each figure
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// How many threads verify at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write one page a command into this folder, which must exist
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  affirming
  1  genuine, and not affirming: the report says why
  2  usage
  3  not believed: malformed, or a signature, chain, binding or validity failed
  4  a needed endorsement was not given

Example:
  vouchsafe verify --evidence report.bin --endorsements certs/ --appraise hardware";
