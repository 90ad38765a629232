//! One rule: what it names, what it calls, which rules it needs, and how deep it nests.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Rule, RuleAssign, RuleHead};

use super::paths::{self, Paths};
use super::{head, place};
use crate::error::Position;

/// What one rule was found to hold.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// The rule's first name.
    pub(super) name: String,
    /// Where it begins.
    pub(super) at: Position,
    /// Every path that is named and where, and each beginning of it.
    pub(super) named: Vec<(String, Position)>,
    /// The paths that are called.
    pub(super) calls: Vec<(String, Position)>,
    /// The rules that it may need.
    pub(super) needs: BTreeSet<String>,
    /// Levels of expressions and loops on its longest path.
    pub(super) levels: usize,
}

struct Walker<'a> {
    paths: &'a Paths,
    walk: Walk,
    /// Names bound in the queries around: they hide rules.
    locals: Vec<String>,
}

impl Walk {
    pub(super) fn of(rule: &Rule, paths: &Paths) -> Self {
        let at = place(rule.span());
        let name = paths::path(head(rule)).and_then(|path| path.names.into_iter().next()).unwrap_or_default();
        let (named, calls, needs) = (Vec::new(), Vec::new(), BTreeSet::new());
        let walk = Self { name, at, named, calls, needs, levels: 0 };
        let mut walker = Walker { paths, walk, locals: Vec::new() };
        walker.walk.levels = walker.rule(rule);
        walker.walk
    }
}

impl Walker<'_> {
    /// Each of these gives the levels of what it walked.
    fn rule(&mut self, rule: &Rule) -> usize {
        match rule {
            Rule::Default { value, args, .. } => {
                self.expressions(args).max(self.expression(value)).saturating_add(1)
            }
            Rule::Spec { head, bodies, .. } => {
                let mut levels = 0;
                if let RuleHead::Func { args, .. } = head {
                    args.iter().for_each(|argument| self.bind(argument));
                    levels = self.expressions(args);
                }
                let arguments = self.locals.len();
                for body in bodies {
                    levels = levels.max(self.query(&body.query, &[], body.assign.as_ref()));
                    self.locals.truncate(arguments);
                }
                let (refr, assign, key) = match head {
                    RuleHead::Compr { refr, assign, .. } | RuleHead::Func { refr, assign, .. } => {
                        (refr, assign.as_ref(), None)
                    }
                    RuleHead::Set { refr, key, .. } => (refr, None, key.as_ref()),
                };
                // What bodies bind is known in the head. A name that is a rule in one body and bound in another is
                // taken for a rule.
                self.bind_all(bodies.iter().map(|body| body.query.as_ref()));
                let own = self.brackets(refr).max(assign.map_or(0, |assign| self.expression(&assign.value)));
                let own = own.max(key.map_or(0, |key| self.expression(key)));
                levels.max(own).saturating_add(1)
            }
        }
    }

    fn query(&mut self, query: &Query, terms: &[&Expr], assign: Option<&RuleAssign>) -> usize {
        let outside = self.locals.len();
        self.bind_all([query].into_iter());
        let mut loops = 0_usize;
        let mut deepest = 0;
        for statement in &query.stmts {
            let (own, levels) = self.statement(statement);
            loops = loops.saturating_add(own);
            deepest = deepest.max(levels);
        }
        let terms = terms.iter().copied().chain(assign.map(|assign| assign.value.as_ref()));
        for term in terms {
            loops = loops.saturating_add(brackets(term));
            deepest = deepest.max(self.expression(term));
        }
        self.locals.truncate(outside);
        loops.saturating_add(deepest).saturating_add(1)
    }

    /// Loops that go around what follows, and the levels within.
    fn statement(&mut self, statement: &LiteralStmt) -> (usize, usize) {
        let mut loops = 0_usize;
        let mut levels = 0;
        for modifier in &statement.with_mods {
            levels = levels.max(self.expression(&modifier.refr)).max(self.expression(&modifier.r#as));
        }
        let mut walk = |walker: &mut Self, expression: &Expr| {
            loops = loops.saturating_add(brackets(expression));
            levels = levels.max(walker.expression(expression));
        };
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().for_each(|key| walk(self, key));
                walk(self, value);
                walk(self, collection);
                loops = loops.saturating_add(1);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => walk(self, expr),
            Literal::Every { key, value, domain, query, .. } => {
                walk(self, domain);
                let outside = self.locals.len();
                self.locals.extend(key.iter().chain([value]).map(|name| name.text().to_owned()));
                levels = levels.max(self.query(query, &[], None));
                self.locals.truncate(outside);
                loops = loops.saturating_add(1);
            }
        }
        (loops, levels)
    }

    fn expressions<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e (impl AsRef<Expr> + 'e)>,
    ) -> usize {
        expressions.into_iter().map(|expression| self.expression(expression.as_ref())).max().unwrap_or(0)
    }

    fn expression(&mut self, expression: &Expr) -> usize {
        let levels = match expression {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => 0,
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                self.mention(expression);
                self.brackets(expression)
            }
            Expr::Call { fcn, params, .. } => {
                self.call(fcn);
                self.expressions(params).max(self.brackets(fcn))
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.expressions(items),
            Expr::Object { fields, .. } => {
                let pairs = fields.iter().flat_map(|(_, key, value)| [key, value]);
                self.expressions(pairs)
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query, &[term], None)
            }
            Expr::ObjectCompr { key, value, query, .. } => self.query(query, &[key, value], None),
            Expr::UnaryExpr { expr, .. } => self.expression(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => self.expressions([lhs, rhs]),
            Expr::Membership { key, value, collection, .. } => {
                self.expressions(key.iter().chain([value, collection]))
            }
        };
        levels.saturating_add(1)
    }

    /// What stands in the brackets of a reference, and what it is a reference into.
    fn brackets(&mut self, mut expression: &Expr) -> usize {
        let mut levels = 0_usize;
        loop {
            match expression {
                Expr::RefDot { refr, .. } => expression = refr,
                Expr::RefBrack { refr, index, .. } => {
                    levels = levels.max(self.expression(index));
                    expression = refr;
                }
                Expr::Var { .. } => return levels,
                other => return levels.max(self.expression(other)),
            }
        }
    }

    /// A reference that is not called.
    fn mention(&mut self, expression: &Expr) {
        let Some(path) = paths::path(expression) else { return };
        let at = place(paths::root(expression).span());
        for length in 2..=path.names.len() {
            let beginning = path.names.get(..length).unwrap_or_default();
            self.walk.named.push((beginning.join("."), at));
        }
        let is_local = path.names.first().is_some_and(|root| self.locals.contains(root));
        if !is_local {
            self.walk.needs.extend(self.paths.needs(&path).into_iter().map(str::to_owned));
        }
    }

    /// A function that is called; no local name hides one.
    fn call(&mut self, function: &Expr) {
        let Some(path) = paths::path(function) else { return };
        let name = path.names.join(".");
        let at = place(paths::root(function).span());
        self.walk.named.push((name.clone(), at));
        self.walk.calls.push((name, at));
        self.walk.needs.extend(self.paths.needs(&path).into_iter().map(str::to_owned));
    }

    fn bind_all<'q>(&mut self, queries: impl Iterator<Item = &'q Query>) {
        for statement in queries.flat_map(|query| &query.stmts) {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => {
                    self.locals.extend(vars.iter().map(|name| name.text().to_owned()));
                }
                Literal::SomeIn { key, value, .. } => {
                    key.iter().chain([value]).for_each(|name| self.bind(name));
                }
                Literal::Expr { expr, .. } => {
                    if let Expr::AssignExpr { op: regorus::unstable::AssignOp::ColEq, lhs, .. } =
                        expr.as_ref()
                    {
                        self.bind(lhs);
                    }
                }
                Literal::NotExpr { .. } | Literal::Every { .. } => {}
            }
        }
    }

    /// The variables of a pattern.
    fn bind(&mut self, pattern: &Expr) {
        match pattern {
            Expr::Var { span, .. } => self.locals.push(span.text().to_owned()),
            Expr::Array { items, .. } => items.iter().for_each(|item| self.bind(item)),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| self.bind(value)),
            _ => {}
        }
    }
}

/// Loops that the engine draws out of an expression: one for each bracket that it may have to try out.
fn brackets(expression: &Expr) -> usize {
    let both = |one: &Expr, other: &Expr| brackets(one).saturating_add(brackets(other));
    let all = |items: &[regorus::unstable::ExprRef]| {
        items.iter().fold(0_usize, |sum, item| sum.saturating_add(brackets(item)))
    };
    match expression {
        Expr::RefDot { refr, .. } => brackets(refr),
        Expr::RefBrack { refr, index, .. } => match index.as_ref() {
            Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } => brackets(refr),
            index => both(refr, index).saturating_add(1),
        },
        Expr::Call { params, .. } => all(params),
        Expr::Array { items, .. } | Expr::Set { items, .. } => all(items),
        Expr::Object { fields, .. } => {
            fields.iter().fold(0, |sum, (_, key, value)| sum.saturating_add(both(key, value)))
        }
        Expr::UnaryExpr { expr, .. } => brackets(expr),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => both(lhs, rhs),
        Expr::Membership { key, value, collection, .. } => {
            both(value, collection).saturating_add(key.as_ref().map_or(0, |key| brackets(key)))
        }
        // These have queries of their own, and the rest has no brackets.
        Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. }
        | Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => 0,
    }
}
