//! A hostile broker's answer, opened by the guest's key: one of any form, and one that was sealed to the key and altered since.
#![no_main]

use std::sync::LazyLock;

use kbs_protocol::jwe::{self, Response};
use kbs_protocol::{TeeKeyPair, TeePublicKey};
use libfuzzer_sys::fuzz_target;
use vouchsafe_fuzz::json::Tree;
use vouchsafe_fuzz::{Counter, Script};

/// What is sealed to another one must not open under it.
static KEY: LazyLock<TeeKeyPair> = LazyLock::new(|| TeeKeyPair::generate(&mut Counter(1)));

static SEALED: LazyLock<Response> = LazyLock::new(|| {
    let key: TeePublicKey = KEY.public();
    jwe::seal(SECRET, &key, jwe::no_rsa, &mut Counter(2)).expect("it seals")
});

const SECRET: &[u8] = b"a secret";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(response) = Response::parse(bytes) {
        opens(&response);
    }
    let mut tree = Tree::of(serde_json::to_value(&*SEALED).expect("JSON"));
    tree.alter(
        &mut Script(bytes),
        &["protected", "encrypted_key", "iv", "ciphertext", "tag", "aad", "", "AA", "AAAA"],
    );
    if let Ok(response) = Response::parse(tree.write().as_bytes()) {
        opens(&response);
    }
});

/// Opens it, if it is in every member what was sealed.
fn opens(response: &Response) {
    if let Ok(secret) = jwe::open(response, &KEY) {
        assert!(*secret == *SECRET && same(response), "opened an answer that was not sealed to this key");
    }
}

fn same(response: &Response) -> bool {
    let members = |of: &Response| {
        [&of.protected, &of.encrypted_key, &of.iv, &of.ciphertext, &of.tag].map(String::clone)
    };
    members(response) == members(&SEALED)
}
