//! The tables as data, and the check.

use super::graph::Graph;

/// One thing that the tables forbid and the graph contains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Breach {
    /// Our package.
    pub(super) package: String,
    /// The rule that it breaks.
    pub(super) rule: &'static str,
    /// What was found.
    pub(super) found: String,
}

enum May {
    /// On these of ours and no others.
    DependOn(&'static [&'static str]),
    /// On everything of ours but the tests.
    DependOnAnything,
}

struct Row {
    package: &'static str,
    pure: bool,
    may: May,
}

const fn pure(package: &'static str, may: &'static [&'static str]) -> Row {
    Row { package, pure: true, may: May::DependOn(may) }
}

const fn shell(package: &'static str, may: May) -> Row {
    Row { package, pure: false, may }
}

/// ARCHITECTURE.md, "Who may depend on whom".
const TABLE: &[Row] = &[
    pure("vendor-certs", &[]),
    pure("reference-values", &[]),
    pure("kbs-protocol", &[]),
    pure("decision-log", &[]),
    pure("weights", &[]),
    pure("verifier", &["vendor-certs", "reference-values"]),
    pure("sim", &["kbs-protocol"]),
    shell("endorsements", May::DependOn(&["verifier"])),
    shell("policy", May::DependOn(&["decision-log", "kbs-protocol"])),
    shell(
        "kbs",
        May::DependOn(&[
            "verifier",
            "endorsements",
            "reference-values",
            "vendor-certs",
            "kbs-protocol",
            "decision-log",
            "policy",
        ]),
    ),
    shell("guest-agent", May::DependOn(&["kbs-protocol", "weights"])),
    shell("sim-agent", May::DependOn(&["sim", "guest-agent", "kbs-protocol"])),
    shell("fixtures", May::DependOn(&["verifier"])),
    shell("vouchsafe-cli", May::DependOnAnything),
    shell("system-tests", May::DependOnAnything),
    shell("xtask", May::DependOnAnything),
];

/// Nobody depends on these, for development neither.
pub(super) const TESTS: &[&str] = &["system-tests", "xtask"];

/// Runtimes, servers, clients and stores: I/O by the packages that bring it. The standard library's is clippy's.
const IMPURE: &[&str] = &[
    "actix-web",
    "async-std",
    "futures",
    "h2",
    "hyper",
    "mio",
    "redb",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-postgres",
    "ureq",
    "walkdir",
];

/// Randomness and clocks. Only named directly: cargo joins the features of all members, so a library below a pure
/// crate may list the system's randomness on a shell's behalf; using it needs a name.
const DIRECTLY_IMPURE: &[&str] = &["chrono", "fastrand", "getrandom", "rand", "web-time"];

/// What the measured agent must stay free of: the verifier with its trust anchors, and everything that mints.
const NOT_IN_THE_AGENT: &[&str] =
    &["verifier", "vendor-certs", "reference-values", "endorsements", "decision-log", "kbs", "sim", "tokio"];

/// What the core must stay free of, so that it builds for wasm: the policy engine and everything that brings one.
const NOT_IN_THE_CORE: &[&str] = &["policy", "regorus", "cel-interpreter", "wasmtime"];

/// What the broker must stay free of.
const NOT_IN_THE_BROKER: &[&str] = &["sim", "sim-agent", "guest-agent"];

/// Parsing of evidence and certificates, which is the verifier's.
const NOT_DIRECTLY_IN_THE_BROKER: &[&str] = &["x509-cert", "der", "x509-parser", "rustls-webpki", "sev"];

/// Peers and oracles (they live in `oracles/`), packages that were replaced, and second TLS or crypto stacks.
const NOT_IN_ANY_PRODUCT: &[&str] = &[
    "actix-governor",
    "configfs-tsm",
    "dcap-qvl",
    "kbs-types",
    "native-tls",
    "openssl-sys",
    "ring",
    "serde_cbor",
    "sled",
    "tdx-quote",
];

/// Everything in `graph` that the tables forbid, sorted.
pub(super) fn breaches(graph: &Graph) -> Vec<Breach> {
    let mut found = Vec::new();
    for package in graph.ours() {
        let mut add = |rule, what: &str| {
            found.push(Breach { package: package.to_owned(), rule, found: what.to_owned() });
        };
        let Some(row) = TABLE.iter().find(|row| row.package == package) else {
            add("has a row", "no row");
            continue;
        };
        for dependency in graph.direct(package).filter(|name| graph.is_ours(name)) {
            if let May::DependOn(allowed) = row.may
                && !allowed.contains(&dependency)
                && !TESTS.contains(&dependency)
            {
                add("may depend on", dependency);
            }
        }
        for tests in
            graph.direct(package).chain(graph.development(package)).filter(|name| TESTS.contains(name))
        {
            add("nobody depends on", tests);
        }
        let closure = graph.closure(package);
        let mut forbid = |rule, names: &[&str]| {
            for name in names.iter().filter(|name| closure.contains(**name)) {
                add(rule, name);
            }
        };
        if row.pure {
            forbid("pure crates do not contain", IMPURE);
        }
        forbid("products do not contain", NOT_IN_ANY_PRODUCT);
        match package {
            "guest-agent" => forbid("the measured agent does not contain", NOT_IN_THE_AGENT),
            "kbs" => forbid("the broker does not contain", NOT_IN_THE_BROKER),
            "verifier" | "reference-values" => forbid("the core does not contain", NOT_IN_THE_CORE),
            _ => {}
        }
        for dependency in graph.direct(package) {
            if row.pure && DIRECTLY_IMPURE.contains(&dependency) {
                add("pure crates do not use", dependency);
            }
            if dependency == "regorus" && package != "policy" {
                add("only the policy engine uses", dependency);
            }
            if package == "kbs" && NOT_DIRECTLY_IN_THE_BROKER.contains(&dependency) {
                add("leaves parsing to the verifier", dependency);
            }
            if dependency == "sev" && package != "guest-agent" && package != "kbs" {
                add("only the guest agent uses", dependency);
            }
        }
    }
    found.sort();
    found
}
