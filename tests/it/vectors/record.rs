//! Writes down the minted cases of this run's tests, for `cargo xtask vectors`: what a test states of a case is then in its
//! vector, since a run in which one fails makes none.
#![expect(clippy::disallowed_methods, reason = "writes into the folder that the caller names")]

use std::cell::{Cell, RefCell};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use verifier::expected::Expect;
use verifier::policy::Policy;
use verifier::time::UnixTime;
use verifier::trust::Scope;

use super::{Blob, Endorsement, Outcome, Vector, changed};
use crate::refused::Case;

thread_local! {
    static TITLE: RefCell<String> = const { RefCell::new(String::new()) };
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// Names the cases that follow in this test.
pub(crate) fn title(name: &str) {
    TITLE.replace(name.to_owned());
}

/// Writes down a case that a test judges, if the run is asked to: as it is, and under simulated roots that are accepted.
pub(crate) fn record(case: &Case, policy: &Policy, scope: Scope) {
    let Some(folder) = std::env::var_os("VOUCHSAFE_VECTORS") else { return };
    let policy = Policy { danger_accept_simulated: true, ..policy.clone() };
    let number = NUMBER.replace(NUMBER.get() + 1);
    let thread = std::thread::current();
    let test = thread.name().expect("a test has a name");
    let mut blobs = Vec::new();
    let mut blob = |bytes: &[u8]| {
        let sha256 = hex::encode(Sha256::digest(bytes));
        blobs.push(Blob { sha256: sha256.clone(), base64: STANDARD.encode(bytes) });
        sha256
    };
    let expected = |expect: &Expect<Vec<u8>>| match expect {
        Expect::Equals(bytes) => Some(hex::encode(bytes)),
        Expect::NotChecked => None,
    };
    let report_data = match &case.expected.report_data {
        Expect::Equals(bytes) => Some(hex::encode(bytes)),
        Expect::NotChecked => None,
    };
    let vector = Vector {
        id: format!("{test}/{number:03}"),
        title: TITLE.with_borrow(Clone::clone),
        at: UnixTime::from_secs(case.now).to_string(),
        tee: case.tee.map(|tee| tee.as_str().to_owned()),
        evidence: blob(&case.evidence),
        endorsements: case
            .endorsements
            .iter()
            .map(|(name, content)| Endorsement { name: (*name).to_owned(), sha256: blob(content) })
            .collect(),
        roots: case.roots.iter().map(|root| blob(root)).collect(),
        report_data,
        host_data: expected(&case.expected.host_data),
        appraise: if scope == Scope::Hardware { "hardware" } else { "full" }.to_owned(),
        policy: changed(&policy),
        expect: Outcome::of(&case.judged(&policy, scope)),
    };
    let line = serde_json::to_vec(&(vector, blobs)).expect("JSON");
    let name = hex::encode(Sha256::digest(format!("{test}/{number:03}")));
    std::fs::write(Path::new(&folder).join(name), line).expect("the folder takes a file");
}
