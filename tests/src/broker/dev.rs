//! A real `vouchsafe-kbs dev` process, and what a newcomer's client finds beside it.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests: runs the program"
)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use super::http::{Answer, call};
use crate::binaries;

/// A development broker; killed when dropped.
pub struct Dev {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it said on its standard output after that.
    pub announced: Vec<String>,
    /// The file of the admin's token.
    pub token_file: PathBuf,
    /// Where it makes its temporary folder.
    pub temporary: TempDir,
}

impl Dev {
    /// Starts one on a free port of the loopback, with these arguments besides.
    pub fn start(arguments: &[&OsStr]) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let token_file = temporary.path().join("admin.jwt");
        let mut child = Command::new(binaries::path("vouchsafe-kbs"))
            .args(["dev", "--listen", "127.0.0.1:0", "--admin-token-file"])
            .arg(&token_file)
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the broker starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        let mut line = || lines.next().and_then(Result::ok);
        let first = line();
        let address =
            first.as_deref().and_then(|line| line.strip_prefix("listening on http://")?.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the broker says {first:?}")
        };
        let mut announced = Vec::new();
        while let Some(line) = line() {
            let last = line.starts_with("kbs-client ");
            announced.push(line);
            if last {
                break;
            }
        }
        Self { child, address, announced, token_file, temporary }
    }

    /// One request with the token as it stands in the file.
    pub fn admin(&self, method: &str, path: &str, content_type: &str, body: Option<&[u8]>) -> Answer {
        let token = fs::read_to_string(&self.token_file).expect("the admin's token");
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("content-type", content_type)];
        call(self.address, method, &format!("/kbs/v0/{path}"), &headers, body)
    }

    /// Ends it as a service manager does (SIGTERM).
    pub fn stop(mut self) -> (ExitStatus, TempDir) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill starts");
        assert!(sent.success(), "the broker is there");
        let ended = self.child.wait().expect("the broker's end");
        let empty = tempfile::tempdir().expect("a folder");
        (ended, std::mem::replace(&mut self.temporary, empty))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
