//! The names of a module: its package, its rules, its functions and what its imports call things.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{Expr, Module, Rule, RuleHead};

use super::head;

/// A reference such as `data.policy["allow"].x[i]`: its names up to the first that only the evaluation knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) names: Vec<String>,
    /// Whether more follows that only the evaluation knows.
    pub(super) open: bool,
}

/// What names mean in a module.
#[derive(Debug)]
pub(super) struct Paths {
    package: Vec<String>,
    rules: BTreeSet<String>,
    functions: BTreeSet<String>,
    aliases: BTreeMap<String, Vec<String>>,
}

impl Paths {
    pub(super) fn of(module: &Module) -> Self {
        let package = path(&module.package.refr).map(|path| path.names).unwrap_or_default();
        let (mut rules, mut functions) = (BTreeSet::new(), BTreeSet::new());
        for rule in &module.policy {
            let Some(path) = path(head(rule)) else { continue };
            if is_function(rule) {
                functions.insert(path.names.join("."));
            }
            rules.extend(path.names.into_iter().next());
        }
        let mut aliases = BTreeMap::new();
        for import in &module.imports {
            let Some(path) = path(&import.refr) else { continue };
            let last = path.names.last().cloned();
            let alias = import.r#as.as_ref().map(|alias| alias.text().to_owned()).or(last);
            aliases.extend(alias.map(|alias| (alias, path.names)));
        }
        Self { package, rules, functions, aliases }
    }

    pub(super) fn package(&self) -> &[String] {
        &self.package
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(String::as_str)
    }

    /// Whether a call of this name is one of the module's own functions.
    pub(super) fn is_function(&self, name: &str) -> bool {
        let names = self.resolved(&name.split('.').map(str::to_owned).collect::<Vec<_>>());
        self.within(&names).is_some_and(|names| self.functions.contains(&names.join(".")))
    }

    /// The rules that a reference may need: one, or all where only the evaluation knows which.
    pub(super) fn needs(&self, reference: &Path) -> Vec<&str> {
        let names = self.resolved(&reference.names);
        match self.within(&names) {
            Some([name, ..]) => self.rules.get(name).map(String::as_str).into_iter().collect(),
            Some([]) => self.rules().collect(),
            // `data` or the beginning of the package, followed by nothing or by something unknown.
            None if names.first().is_some_and(|root| root == "data") && self.is_above(&names) => {
                self.rules().collect()
            }
            None => Vec::new(),
        }
    }

    fn resolved(&self, names: &[String]) -> Vec<String> {
        match names.split_first().and_then(|(first, rest)| Some((self.aliases.get(first)?, rest))) {
            Some((target, rest)) => target.iter().chain(rest).cloned().collect(),
            None => names.to_vec(),
        }
    }

    /// The part of a path within the module's package: whole paths begin with `data`, others are within it.
    fn within<'a>(&self, names: &'a [String]) -> Option<&'a [String]> {
        match names.split_first() {
            Some((root, rest)) if root == "data" => rest.strip_prefix(self.package.as_slice()),
            Some((root, _)) if root != "input" => Some(names),
            _ => None,
        }
    }

    fn is_above(&self, names: &[String]) -> bool {
        names.get(1..).is_some_and(|names| self.package.starts_with(names))
    }
}

/// The path of a reference; none for what is no reference.
pub(super) fn path(mut expression: &Expr) -> Option<Path> {
    let mut names = Vec::new();
    let mut open = false;
    // From the end to the root: a part that is not known makes all after it unknown.
    loop {
        let (next, name) = match expression {
            Expr::Var { span, .. } => {
                names.push(span.text().to_owned());
                names.reverse();
                return Some(Path { names, open });
            }
            Expr::RefDot { refr, field, .. } => (refr, Some(field.0.text().to_owned())),
            Expr::RefBrack { refr, index, .. } => match index.as_ref() {
                Expr::String { value: Value::String(name), .. }
                | Expr::RawString { value: Value::String(name), .. } => (refr, Some(name.to_string())),
                _ => (refr, None),
            },
            _ => return None,
        };
        match name {
            Some(name) => names.push(name),
            None => {
                names.clear();
                open = true;
            }
        }
        expression = next;
    }
}

/// What a reference is a reference into: where it begins.
pub(super) fn root(mut expression: &Expr) -> &Expr {
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = expression {
        expression = refr;
    }
    expression
}

fn is_function(rule: &Rule) -> bool {
    match rule {
        Rule::Spec { head, .. } => matches!(head, RuleHead::Func { .. }),
        Rule::Default { args, .. } => !args.is_empty(),
    }
}
