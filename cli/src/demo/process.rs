//! This program started again as another process, which never outlives this one.
#![expect(clippy::disallowed_methods, reason = "the other process's standard error goes to a file")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use super::interrupt::Interrupt;
use crate::system;

/// Another process; killed when dropped, and it ends by itself when this process does.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    /// Open as long as the other process shall run.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Process {
    /// Starts this program again with these arguments; its standard error goes to the file `log`.
    pub(crate) fn start(name: &'static str, args: &[&str], log: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program lies")?;
        let stderr = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // Ctrl-C reaches the demo alone, which then ends the others in its own order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the other process has no standard output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let limited = BufReader::new(stdout.take(STDOUT_BYTES_MAX));
            for line in limited.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { name, child, stdin, lines, log: log.to_owned() })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output; an error if it ends or `within` passes first.
    pub(crate) fn line(&mut self, within: Duration, interrupt: &Interrupt) -> anyhow::Result<String> {
        let deadline = system::instant() + within;
        loop {
            interrupt.check()?;
            match self.lines.recv_timeout(TICK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the {} ended early{}", self.name, self.last_words())
                }
                Err(RecvTimeoutError::Timeout) if system::instant() > deadline => {
                    bail!("the {} said nothing for {within:?}{}", self.name, self.last_words())
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits for its end; what it wrote to standard output and has not been read, and to standard error.
    pub(crate) fn finish(
        mut self,
        within: Duration,
        interrupt: &Interrupt,
    ) -> anyhow::Result<(ExitStatus, Vec<String>, String)> {
        let deadline = system::instant() + within;
        let status = loop {
            interrupt.check()?;
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if system::instant() > deadline {
                bail!("the {} did not end within {within:?}{}", self.name, self.last_words());
            }
            thread::sleep(TICK);
        };
        let lines = self.lines.iter().collect();
        Ok((status, lines, self.log_text()))
    }

    /// Tells it to end, waits for it, and fails if it had to be killed or ended badly.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        let deadline = system::instant() + STOP;
        let status = wait_until(&mut self.child, deadline)?
            .ok_or_else(|| anyhow!("the {} did not stop within {STOP:?}", self.name))?;
        if !status.success() {
            bail!("the {} ended with {status}{}", self.name, self.last_words());
        }
        Ok(())
    }

    fn log_text(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(&self.log) {
            // Safe: what cannot be read is only missing from a message.
            let _ = file.take(LOG_BYTES_MAX).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn last_words(&self) -> String {
        let text = self.log_text();
        let lines: Vec<_> = text.lines().rev().take(LINES_SHOWN).collect();
        lines.into_iter().rev().map(|line| format!("\n    {line}")).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill and the wait returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(child: &mut Child, deadline: Instant) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if system::instant() > deadline {
            return Ok(None);
        }
        thread::sleep(TICK);
    }
}

const TICK: Duration = Duration::from_millis(5);
/// How long a process may take to end after it was told to.
const STOP: Duration = Duration::from_secs(10);
/// Standard output of one process: a few lines.
const STDOUT_BYTES_MAX: u64 = 1 << 16;
/// What is read of a log for a message.
const LOG_BYTES_MAX: u64 = 1 << 20;
const LINES_SHOWN: usize = 8;
