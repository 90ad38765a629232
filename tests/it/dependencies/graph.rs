//! Packages and their dependencies, from `cargo metadata` or made up.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package};

/// Packages by name; several versions of one count as one.
#[derive(Default)]
pub(super) struct Graph {
    ours: BTreeSet<String>,
    direct: BTreeMap<String, BTreeSet<String>>,
    development: BTreeMap<String, BTreeSet<String>>,
    declared: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// The workspace with its default features, on the platform that builds the test.
    pub(super) fn of_the_workspace() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let options = ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned);
        let metadata = MetadataCommand::new().manifest_path(manifest).other_options(options).exec();
        Self::of(&metadata.expect("cargo metadata describes the workspace"))
    }

    fn of(metadata: &Metadata) -> Self {
        let packages: BTreeMap<_, &Package> =
            metadata.packages.iter().map(|package| (&package.id, package)).collect();
        let mut graph = Self::default();
        graph.ours.extend(metadata.workspace_packages().iter().map(|package| package.name.to_string()));
        for package in metadata.workspace_packages() {
            let normal =
                package.dependencies.iter().filter(|declared| declared.kind == DependencyKind::Normal);
            graph
                .declared
                .insert(package.name.to_string(), normal.map(|declared| declared.name.clone()).collect());
        }
        let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves");
        for node in &resolve.nodes {
            let package = packages[&node.id];
            for dependency in &node.deps {
                let name = packages[&dependency.pkg].name.to_string();
                if !is_activated(package, node, &name) {
                    continue;
                }
                let kinds: Vec<DependencyKind> = dependency.dep_kinds.iter().map(|kind| kind.kind).collect();
                let edges = if kinds.iter().all(|kind| *kind == DependencyKind::Development) {
                    &mut graph.development
                } else {
                    &mut graph.direct
                };
                edges.entry(package.name.to_string()).or_default().insert(name);
            }
        }
        graph
    }

    /// A made-up workspace: what stands on the left is ours, with its dependencies; so is every name of the table.
    pub(super) fn synthetic(edges: &[(&str, &[&str])]) -> Self {
        const STRANGERS: &[&str] = &["innocent"];
        let mut graph = Self::default();
        for (package, dependencies) in edges {
            if !STRANGERS.contains(package) {
                graph.ours.insert((*package).to_owned());
            }
            let names = dependencies.iter().map(|name| (*name).to_owned());
            graph.direct.entry((*package).to_owned()).or_default().extend(names);
        }
        graph
    }

    /// Adds a member without dependencies.
    pub(super) fn add_member(&mut self, package: &str) {
        self.ours.insert(package.to_owned());
    }

    /// Adds a development dependency.
    pub(super) fn add_development(&mut self, package: &str, dependency: &str) {
        self.development.entry(package.to_owned()).or_default().insert(dependency.to_owned());
    }

    /// Our packages.
    pub(super) fn ours(&self) -> impl Iterator<Item = &str> {
        self.ours.iter().map(String::as_str)
    }

    /// Whether the package is ours.
    pub(super) fn is_ours(&self, package: &str) -> bool {
        self.ours.contains(package)
    }

    /// What the package is built from, without development dependencies.
    pub(super) fn direct(&self, package: &str) -> impl Iterator<Item = &str> {
        self.direct.get(package).into_iter().flatten().map(String::as_str)
    }

    /// What the package needs for its own tests alone.
    pub(super) fn development(&self, package: &str) -> impl Iterator<Item = &str> {
        self.development.get(package).into_iter().flatten().map(String::as_str)
    }

    /// Whether our package's manifest names the dependency, optional ones included.
    pub(super) fn declares(&self, package: &str, dependency: &str) -> bool {
        self.declared.get(package).is_some_and(|names| names.contains(dependency))
    }

    /// Everything below the package, itself not included.
    pub(super) fn closure<'a>(&'a self, package: &'a str) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![package];
        while let Some(next) = open.pop() {
            open.extend(self.direct(next).filter(|name| seen.insert(*name)));
        }
        seen
    }
}

/// Whether a dependency takes part. Cargo also lists optional ones that only a weak feature (`name?/feature`) mentions,
/// which are never built.
fn is_activated(package: &Package, node: &Node, dependency: &str) -> bool {
    let declared: Vec<_> =
        package.dependencies.iter().filter(|declared| declared.name == dependency).collect();
    if declared.is_empty() || declared.iter().any(|declared| !declared.optional) {
        return true;
    }
    let names: Vec<&str> =
        declared.iter().map(|declared| declared.rename.as_deref().unwrap_or(&declared.name)).collect();
    node.features.iter().any(|feature| {
        let feature: &str = feature;
        let enables = package.features.get(feature).into_iter().flatten();
        names.contains(&feature)
            || enables.into_iter().any(|enabled| {
                let strong =
                    enabled.strip_prefix("dep:").or_else(|| enabled.split_once('/').map(|(name, _)| name));
                strong.is_some_and(|name| names.contains(&name))
            })
    })
}
