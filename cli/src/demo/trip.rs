//! The demo from beginning to end; every step that does not do what it says ends it with an error.
#![expect(clippy::disallowed_methods, reason = "keeps the weights in the demo's folder")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use guest_agent::{Exit, system_rng};
use kbs_protocol::ResourcePath;
use rand_core::Rng as _;
use tempfile::TempDir;
use verifier::time::UnixTime;

use super::broker::{Broker, DANGER_ROOT, GUEST, Operator};
use super::evidence;
use super::guest::{Ended, Guest, make_machine};
use super::interrupt::Interrupt;
use super::material::Material;
use super::story::{Mark, Story};
use crate::admin::{Admin, Client, Operation, TokenClaims};
use crate::system;

/// Tells the whole story: exit code 0 only if every step did what it says, otherwise 1.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let mut story =
        Story::new("Vouchsafe: a key for the machine that proves what it runs, and for no other")?;
    match tell(&mut story, &interrupt) {
        Ok(()) => {
            story.end("Every step did what it says.")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            story.break_off();
            eprintln!("vouchsafe demo: {error:#}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn tell(story: &mut Story, interrupt: &Interrupt) -> anyhow::Result<()> {
    story.chapter("Real evidence, at instants at which its endorsements were in force")?;
    evidence::tell(story)?;
    interrupt.check()?;

    // Dropped on every way out, and with it everything that the demo ever wrote.
    let folder =
        tempfile::Builder::new().prefix("vouchsafe-demo-").tempdir().context("a temporary folder")?;
    let mut demo = Demo::new(story, interrupt, folder.path())?;
    let known = demo.known;
    let machine = demo.machine()?;
    let broker = demo.broker(&machine)?;
    let plaintext = demo.weights(&broker)?;

    demo.story.chapter(&format!("The guest that the operator knows, {GUEST:?}"))?;
    let (ended, took) = demo.guest(&broker, &machine, known, "opened")?;
    demo.released(&ended, took, &plaintext)?;

    demo.story
        .chapter("The same guest with one bit of its launch digest changed, signed by the same machine")?;
    let (other, took) = demo.guest(&broker, &machine, altered(known), "stolen")?;
    demo.refused(&other, took)?;

    leave(story, folder, broker, [ended.id, other.id])
}

/// The second part of the story: where it plays and who takes part.
struct Demo<'a> {
    story: &'a mut Story,
    interrupt: &'a Interrupt,
    folder: &'a Path,
    now: UnixTime,
    admin: Admin,
    path: ResourcePath,
    /// The launch digest that the operator knows.
    known: [u8; 48],
}

impl<'a> Demo<'a> {
    fn new(story: &'a mut Story, interrupt: &'a Interrupt, folder: &'a Path) -> anyhow::Result<Self> {
        let mut known = [0; 48];
        system_rng().fill_bytes(&mut known);
        let path = ResourcePath::new("models", "key", "demo")?;
        Ok(Self { story, interrupt, folder, now: system::now()?, admin: Admin::generate()?, path, known })
    }

    fn machine(&mut self) -> anyhow::Result<PathBuf> {
        self.story.chapter("A simulated SNP machine, and a broker that was told to trust it")?;
        self.story.doing("making a vendor's keys");
        let began = system::instant();
        let machine = make_machine(self.folder, self.now).context("the simulated machine")?;
        let text = "one processor under a simulated vendor root, both made just now";
        self.story.tell(Mark::Good, "machine", text, Some(began.elapsed()))?;
        self.interrupt.check()?;
        Ok(machine)
    }

    fn broker(&mut self, machine: &Path) -> anyhow::Result<Broker> {
        self.story.doing("starting the broker");
        let began = system::instant();
        let operator =
            Operator { admin: &self.admin, path: &self.path, launch_digest: self.known, platform: machine };
        let broker = Broker::start(self.folder, &operator, self.interrupt)?;
        let text = format!("process {} on {}, with an empty store", broker.process.id(), broker.url);
        self.story.tell(Mark::Good, "broker", &text, Some(began.elapsed()))?;
        ensure!(
            broker.dangers.iter().any(|danger| danger.contains(DANGER_ROOT)),
            "the broker does not say that it trusts a simulated root"
        );
        for danger in &broker.dangers {
            self.story.tell(Mark::Doubt, "it warns", danger, None)?;
        }
        Ok(broker)
    }

    /// Seals new weights, stores their key at the broker, and keeps nothing but the plaintext to compare with.
    fn weights(&mut self, broker: &Broker) -> anyhow::Result<Vec<u8>> {
        self.story.chapter("Model weights, sealed for whoever has the key")?;
        self.story.doing("sealing the weights");
        let began = system::instant();
        let Material { plaintext, sealed, key, chunks } = Material::new(&self.uri())?;
        fs::write(self.sealed(), &sealed)?;
        let text =
            format!("{} bytes as {chunks} chunks of AES-256-GCM, each bound to its place", plaintext.len());
        self.story.tell(Mark::Good, "sealed", &text, Some(began.elapsed()))?;

        let began = system::instant();
        let token = self.admin.token(&TokenClaims::REQUEST, self.now)?;
        Client::new(&broker.url, None)?.act(&token, &self.path, &Operation::Put(key.expose()))?;
        let text = format!("the key at the broker, as {}", self.uri());
        self.story.tell(Mark::Good, "stored", &text, Some(began.elapsed()))?;
        self.interrupt.check()?;
        Ok(plaintext)
    }

    fn guest(
        &mut self,
        broker: &Broker,
        machine: &Path,
        launch_digest: [u8; 48],
        out: &str,
    ) -> anyhow::Result<(Ended, Duration)> {
        self.story.doing("the guest asks for the key");
        let began = system::instant();
        let guest = Guest {
            machine,
            launch_digest,
            url: &broker.url,
            key: &self.uri(),
            sealed: &self.sealed(),
            out: &self.folder.join(out),
        };
        let ended = guest.run(&self.folder.join("guest.log"), self.interrupt)?;
        Ok((ended, began.elapsed()))
    }

    fn released(&mut self, ended: &Ended, took: Duration, plaintext: &[u8]) -> anyhow::Result<()> {
        let Ended { id, code, messages } = ended;
        let done = Some(i32::from(Exit::Done.code()));
        ensure!(*code == done, "the guest got no key, exit code {code:?}:\n{messages}");
        let text = format!("process {id} attested, received the key and opened the weights");
        self.story.tell(Mark::Good, "released", &text, Some(took))?;
        let opened = fs::read(self.folder.join("opened")).context("the opened weights")?;
        ensure!(opened == plaintext, "the opened weights are not those that were sealed");
        let text = format!("all {} bytes are those that were sealed", opened.len());
        Ok(self.story.tell(Mark::Good, "the same", &text, None)?)
    }

    fn refused(&mut self, ended: &Ended, took: Duration) -> anyhow::Result<()> {
        let Ended { id, code, messages } = ended;
        let refused = Some(i32::from(Exit::Refused.code()));
        ensure!(*code == refused, "the guest was not refused, exit code {code:?}:\n{messages}");
        ensure!(
            messages.contains(REFERENCE_CHECK),
            "the refusal does not name {REFERENCE_CHECK}:\n{messages}"
        );
        ensure!(!self.folder.join("stolen").exists(), "the refused guest has weights");
        let text = format!("process {id} got nothing, and was told this much:");
        self.story.tell(Mark::No, "refused", &text, Some(took))?;
        for line in after_notice(messages) {
            self.story.detail(line.trim_end())?;
        }
        Ok(())
    }

    fn uri(&self) -> String {
        format!("kbs:///{}", self.path)
    }

    fn sealed(&self) -> PathBuf {
        self.folder.join("weights.sealed")
    }
}

/// Ends the broker, removes the folder, and looks whether both are gone.
fn leave(story: &mut Story, folder: TempDir, broker: Broker, guests: [u32; 2]) -> anyhow::Result<()> {
    story.chapter("What is left")?;
    story.doing("stopping the broker");
    let id = broker.process.id();
    broker.process.stop()?;
    let path = folder.path().to_owned();
    folder.close().with_context(|| format!("{} cannot be removed", path.display()))?;
    ensure!(!path.exists(), "{} is still there", path.display());
    let [one, other] = guests;
    let text = format!("processes {id}, {one} and {other} have ended, {} is gone", path.display());
    Ok(story.tell(Mark::Good, "nothing", &text, None)?)
}

/// What follows the notice that the hardware is simulated, which the story has told already.
fn after_notice(messages: &str) -> impl Iterator<Item = &str> {
    let is_rule = |line: &str| line.len() > 3 && line.bytes().all(|byte| byte == b'=');
    let notice = messages.lines().enumerate().filter(|(_, line)| is_rule(line)).last();
    messages.lines().skip(notice.map_or(0, |(index, _)| index.saturating_add(1)))
}

/// As if one bit of what was booted were another.
fn altered(mut digest: [u8; 48]) -> [u8; 48] {
    if let Some(byte) = digest.first_mut() {
        *byte ^= 1;
    }
    digest
}

/// The check that a guest with an unknown launch digest fails.
const REFERENCE_CHECK: &str = "appraise.reference-values";
