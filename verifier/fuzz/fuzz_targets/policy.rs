//! The operator's policies in both languages: compiled, and asked once if they may be used.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kbs_protocol::ResourcePath;
use libfuzzer_sys::fuzz_target;
use policy::{AttestationPolicy, Limits, Outcome, Request, ResourcePolicy};
use serde_json::{Value, json};

static CLAIMS: LazyLock<Value> = LazyLock::new(|| {
    let evidence =
        json!({"snp": {"launch_digest": "ab", "svn": 3}, "init_data": "00", "init_data_claims": {"a": "b"}});
    json!({"submods": {"cpu0": {"ear.status": "affirming", "ear.veraison.annotated-evidence": evidence}}})
});

fuzz_target!(|text: &str| {
    let limits = Limits { time: Duration::from_millis(20), memory: 1 << 20 };
    if let Ok(policy) = ResourcePolicy::compile(text, limits) {
        let (path, query) = (ResourcePath::parse("models/key/llama").unwrap(), BTreeMap::new());
        let request = Request { path: &path, query: &query };
        let decision = policy.authorize(&CLAIMS, &request, 1_775_000_000);
        // Whoever has no claims is allowed nothing by declarative rules.
        if policy.language() == policy::Language::Toml {
            let nobody = policy.authorize(&Value::Null, &request, 1_775_000_000);
            assert!(matches!(nobody.outcome, Outcome::Deny { .. }), "{text}: {decision:?}");
        }
    }
    if let Ok(policy) = AttestationPolicy::compile(text, limits) {
        let _ = policy.evaluate(&CLAIMS, &Arc::new(BTreeMap::new()), 1_775_000_000);
    }
});
