//! `cargo xtask planted`: shows that the fuzz targets find bugs. For each there is a patch in `verifier/fuzz/planted/` that plants one
//! in the code that the target reads; a run of the target must end with it.
//!
//! ```text
//! HEAD in target/planted/tree ─▶ seeds ─▶ for each target: patch ─▶ build ─▶ run until it crashes ─▶ patch off ─▶ one line
//! ```

mod watch;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::cargo::cargo;
use watch::Watch;

/// Which targets, and for how long.
#[derive(Args)]
pub(crate) struct PlantedArgs {
    /// Targets of verifier/fuzz; all of them where none is named.
    targets: Vec<String>,
    /// The longest that a target may look for its bug, in seconds.
    #[arg(long, default_value_t = 300)]
    seconds: u32,
}

/// Plants each target's bug and runs the target until it is found.
///
/// # Errors
/// A tool is missing, something cannot be built or started, or bugs were not found: the names of their targets.
pub(crate) fn planted(root: &Path, args: &PlantedArgs) -> anyhow::Result<()> {
    let known = targets(root)?;
    if let Some(unknown) = args.targets.iter().find(|target| !known.contains(target)) {
        bail!("no fuzz target {unknown}; known: {}", known.join(", "));
    }
    let chosen = if args.targets.is_empty() { &known } else { &args.targets };
    let field = Field::prepare(root)?;
    let mut missed = Vec::new();
    for target in chosen {
        let watch = field.try_target(target, args.seconds).with_context(|| target.clone())?;
        println!("{target}: {watch}");
        if !watch.is_found() {
            missed.push(target.as_str());
        }
    }
    ensure!(missed.is_empty(), "planted and not found: {}", missed.join(", "));
    println!("{} of {} planted bugs found", chosen.len(), known.len());
    Ok(())
}

/// Where bugs are planted: a tree of its own, so that none ever stands in the one that is worked in.
struct Field {
    /// The patches, as they lie in the tree that is worked in.
    patches: PathBuf,
    /// A git worktree of HEAD.
    tree: PathBuf,
    /// Shared by all targets: of most crates nothing is built twice.
    build: PathBuf,
    logs: PathBuf,
}

impl Field {
    /// Lays out the tree at HEAD without any bug, and the seeds without what earlier runs added to them.
    fn prepare(root: &Path) -> anyhow::Result<Self> {
        let mut version = cargo(root);
        let version =
            version.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(
            version.is_ok_and(|status| status.success()),
            "no cargo-fuzz: `cargo install cargo-fuzz --locked` gets it"
        );
        let (patches, target) = (root.join(PATCHES), root.join("target"));
        let field = Self {
            patches,
            tree: target.join("planted/tree"),
            build: target.join("planted/build"),
            logs: target.join("planted/logs"),
        };
        fs::create_dir_all(&field.logs)?;
        let head = head(root)?;
        if field.tree.join(".git").exists() {
            field.git(&["checkout", "--quiet", "--force", "--detach", &head])?;
        } else {
            let mut git = Command::new("git");
            git.args(["worktree", "add", "--quiet", "--force", "--detach"]).arg(&field.tree).arg(&head);
            run(git.current_dir(root), "laying out a tree of HEAD")?;
        }
        let corpus = field.fuzz().join("corpus");
        if corpus.exists() {
            fs::remove_dir_all(&corpus)?;
        }
        let mut seed = Command::new("sh");
        // It runs a program of the workspace, most of which is built already.
        seed.arg("verifier/fuzz/seed.sh").current_dir(&field.tree).env("CARGO_TARGET_DIR", target);
        run(&mut seed, "writing the seeds")?;
        Ok(field)
    }

    /// Runs one target with its bug in the code.
    fn try_target(&self, target: &str, seconds: u32) -> anyhow::Result<Watch> {
        let artifacts = self.fuzz().join("artifacts").join(target);
        if artifacts.exists() {
            fs::remove_dir_all(&artifacts)?;
        }
        let mut apply = Command::new("git");
        apply.arg("apply").arg(self.patches.join(target).with_extension("patch")).current_dir(&self.tree);
        run(&mut apply, "planting")?;
        let watch = self.find(target, seconds);
        self.git(&["checkout", "--quiet", "--", "."])?;
        let mut watch = watch?;
        watch.keep_if(is_crash_among(&artifacts));
        Ok(watch)
    }

    fn find(&self, target: &str, seconds: u32) -> anyhow::Result<Watch> {
        let log = self.logs.join(target).with_extension("log");
        let mut log = fs::File::create(&log).with_context(|| log.display().to_string())?;
        let errors = log.try_clone()?;
        let built = self.cargo_fuzz("build", target).stdout(Stdio::null()).stderr(errors).status();
        let built = built.context("starting cargo fuzz")?;
        ensure!(built.success(), "building with the bug: {built}; target/planted/logs/{target}.log says why");

        let mut fuzz = self.cargo_fuzz("run", target);
        fuzz.args(["--", "-seed=1", "-print_final_stats=1", &format!("-max_total_time={seconds}")]);
        let mut fuzz =
            fuzz.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("starting cargo fuzz")?;
        let (started, mut watch) = (Instant::now(), Watch::default());
        let stderr = fuzz.stderr.take().context("cargo fuzz has an output")?;
        for line in BufReader::new(stderr).split(b'\n') {
            let mut line = line.context("reading what the target says")?;
            watch.read(&String::from_utf8_lossy(&line), started.elapsed());
            line.push(b'\n');
            log.write_all(&line)?;
        }
        let status = fuzz.wait().context("waiting for cargo fuzz")?;
        watch.keep_if(!status.success());
        Ok(watch)
    }

    fn cargo_fuzz(&self, what: &str, target: &str) -> Command {
        let mut command = cargo(&self.tree);
        command.args(["fuzz", what, "--fuzz-dir", "verifier/fuzz", "--target-dir"]).arg(&self.build);
        // The broker takes longest to build, and would be built again with every bug in the verifier.
        if !target.starts_with(OF_BROKER) {
            command.arg("--no-default-features");
        }
        command.arg(target);
        // The flags of cargo-fuzz are unstable; the pinned compiler takes them so.
        command.env("RUSTC_BOOTSTRAP", "1").stdin(Stdio::null());
        command
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<()> {
        run(Command::new("git").args(arguments).current_dir(&self.tree), "git in target/planted/tree")
    }

    fn fuzz(&self) -> PathBuf {
        self.tree.join("verifier/fuzz")
    }
}

/// The names of all fuzz targets, in the order of their manifest.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let manifest =
        fs::read_to_string(root.join("verifier/fuzz/Cargo.toml")).context("verifier/fuzz/Cargo.toml")?;
    let bins = manifest.split("[[bin]]").skip(1);
    let name = |bin: &str| {
        bin.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).map(str::to_owned)
    };
    bins.map(|bin| name(bin).context("a fuzz target without a name")).collect()
}

/// The commit that is worked on: in another worktree HEAD is another.
fn head(root: &Path) -> anyhow::Result<String> {
    let output =
        Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root).output().context("starting git")?;
    ensure!(
        output.status.success(),
        "not a git repository: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether libFuzzer left an input that crashes; one that is slow or takes memory is no bug that was planted.
fn is_crash_among(artifacts: &Path) -> bool {
    let files = artifacts.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("crash-"))
}

fn run(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{what}: starting {command:?}"))?;
    ensure!(status.success(), "{what}: {status}");
    Ok(())
}

const PATCHES: &str = "verifier/fuzz/planted";
/// What the targets are called that need the broker.
const OF_BROKER: &str = "broker_";

#[cfg(test)]
mod tests;
