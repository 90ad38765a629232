//! Declarative rules in TOML, for those who write no Rego.
//!
//! ```toml
//! [[allow]]
//! name = "production models"
//! resource = "models/*/*"      # repository/type/tag; * is one whole segment
//! tee = ["snp", "tdx"]
//! init-data = true
//! claims = { "vouchsafe.launch_digest" = ["…", "…"] }
//! ```
//!
//! Rules are alternatives; of one rule every key must hold. What is absent from the claims holds nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::decision::{Condition, Denied, Outcome, Unmet};
use crate::error::{PolicyError, Position};
use crate::limits::RULES;
use crate::resource::Request;

mod claims;
pub use claims::may_be_simulated;
mod values;

use claims::Claims;
use values::{ClaimPath, Name, OneOrMore, Pattern, Tee, Tier, Wanted};

/// A declarative policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    allow: Vec<toml::Spanned<Rule>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    name: Name,
    resource: OneOrMore<Pattern>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    tier: Tier,
    tee: Option<OneOrMore<Tee>>,
    #[serde(default)]
    init_data: bool,
    #[serde(default, rename = "danger_allow_simulated")]
    danger_allow_simulated: bool,
    #[serde(default)]
    claims: BTreeMap<ClaimPath, Wanted>,
    #[serde(default)]
    init_data_claims: BTreeMap<ClaimPath, Wanted>,
}

impl Rules {
    /// Reads a policy; its size was looked at before.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let raw: Raw = toml::from_str(text).map_err(|error| PolicyError::Syntax {
            at: Position::of_byte(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().trim().replace('\n', " "),
        })?;
        if raw.allow.is_empty() {
            return Err(PolicyError::NoRule { wanted: "[[allow]]" });
        }
        if raw.allow.len() > RULES {
            return Err(PolicyError::TooManyRules { limit: RULES, actual: raw.allow.len() });
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(raw.allow.len());
        let mut names = std::collections::BTreeSet::new();
        for rule in raw.allow {
            let at = rule.span().start;
            let rule = rule.into_inner();
            if !names.insert(rule.name.as_str().to_owned()) {
                let reason = format!("another rule is called {:?}", rule.name.as_str());
                return Err(PolicyError::Syntax { at: Position::of_byte(text, at), reason });
            }
            rules.push(rule);
        }
        Ok(Self(rules))
    }

    /// The first rule of which every condition holds, or every condition that does not.
    pub(crate) fn authorize(&self, claims: &Value, request: &Request<'_>) -> Outcome {
        let claims = Claims::of(claims);
        let mut unmet = Vec::new();
        for rule in &self.0 {
            let conditions = rule.unmet(&claims, request);
            if conditions.is_empty() {
                return Outcome::Allow { rule: rule.name.as_str().to_owned() };
            }
            let named = |condition| Unmet { rule: rule.name.as_str().to_owned(), condition };
            unmet.extend(conditions.into_iter().map(named));
        }
        Outcome::Deny { because: Denied::NoRule { unmet } }
    }

    /// The rules that allow simulated hardware.
    pub(crate) fn dangers(&self) -> Vec<String> {
        let dangerous = self.0.iter().filter(|rule| rule.danger_allow_simulated);
        dangerous.map(|rule| rule.name.as_str().to_owned()).collect()
    }
}

impl Rule {
    /// Every condition that does not hold. A rule about another resource says no more than that.
    fn unmet(&self, claims: &Claims<'_>, request: &Request<'_>) -> Vec<Condition> {
        if !self.resource.iter().any(|pattern| pattern.matches(request.path)) {
            return vec![Condition::Resource];
        }
        let mut unmet = Vec::new();
        if self.query != *request.query {
            unmet.push(Condition::Query);
        }
        if let Err(submodule) = claims.tier(self.tier) {
            unmet.push(Condition::Tier { submodule });
        }
        if !self.tee.as_ref().is_none_or(|tees| tees.iter().any(|tee| claims.is_of(*tee))) {
            unmet.push(Condition::Tee);
        }
        if claims.may_be_simulated() && !self.danger_allow_simulated {
            unmet.push(Condition::DangerAllowSimulated);
        }
        let wants_init_data = self.init_data || !self.init_data_claims.is_empty();
        if wants_init_data && claims.init_data().is_none() {
            unmet.push(Condition::InitData);
        }
        for (path, wanted) in &self.claims {
            if !claims
                .evidence()
                .and_then(|evidence| path.find(evidence))
                .is_some_and(|found| wanted.holds(found))
            {
                unmet.push(Condition::Claims { path: path.as_str().to_owned() });
            }
        }
        for (path, wanted) in &self.init_data_claims {
            if !claims
                .init_data()
                .and_then(|claims| path.find(claims))
                .is_some_and(|found| wanted.holds(found))
            {
                unmet.push(Condition::InitDataClaims { path: path.as_str().to_owned() });
            }
        }
        unmet
    }
}

#[cfg(test)]
mod tests;
