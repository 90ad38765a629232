//! Which rules need which, over the whole module.

use std::collections::BTreeMap;

use super::walk::Walk;
use crate::error::{PolicyError, Position};

/// Rules by name; one of several bodies is one node.
pub(super) struct Graph<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
    /// Every node after all that it needs; none where there is a circle.
    order: Result<Vec<&'a str>, (&'a str, Position)>,
}

struct Node<'a> {
    at: Position,
    levels: usize,
    needs: Vec<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open,
    Done,
}

impl<'a> Graph<'a> {
    pub(super) fn of(walks: &'a [Walk]) -> Self {
        let mut nodes: BTreeMap<&str, Node<'_>> = BTreeMap::new();
        for walk in walks {
            let empty = || Node { at: walk.at, levels: 0, needs: Vec::new() };
            let node = nodes.entry(&walk.name).or_insert_with(empty);
            node.levels = node.levels.max(walk.levels);
            node.needs.extend(walk.needs.iter().map(String::as_str));
        }
        let order = order(&nodes);
        Self { nodes, order }
    }

    pub(super) fn refuse_recursion(&self) -> Result<(), PolicyError> {
        match &self.order {
            Ok(_) => Ok(()),
            Err((rule, at)) => Err(PolicyError::Recursion { rule: (*rule).to_owned(), at: *at }),
        }
    }

    pub(super) fn refuse_depth(&self, limit: usize) -> Result<(), PolicyError> {
        let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.order.iter().flatten() {
            let Some(node) = self.nodes.get(name) else { continue };
            let below = node.needs.iter().filter_map(|needed| depths.get(needed)).max().copied();
            let actual = node.levels.saturating_add(below.unwrap_or(0));
            if actual > limit {
                return Err(PolicyError::TooDeep { rule: (*name).to_owned(), limit, actual, at: node.at });
            }
            depths.insert(name, actual);
        }
        Ok(())
    }
}

/// Depth first, without recursion of its own.
fn order<'a>(nodes: &BTreeMap<&'a str, Node<'a>>) -> Result<Vec<&'a str>, (&'a str, Position)> {
    let mut marks: BTreeMap<&str, Mark> = BTreeMap::new();
    let mut order = Vec::new();
    for start in nodes.keys().copied() {
        let mut open = vec![start];
        while let Some(name) = open.last().copied() {
            let Some(node) = nodes.get(name) else {
                open.pop();
                continue;
            };
            match marks.get(name) {
                None => {
                    marks.insert(name, Mark::Open);
                    for needed in node.needs.iter().copied() {
                        match marks.get(needed) {
                            Some(Mark::Open) => {
                                return Err((needed, nodes.get(needed).map_or(node.at, |n| n.at)));
                            }
                            Some(Mark::Done) => {}
                            None => open.push(needed),
                        }
                    }
                }
                Some(Mark::Open) => {
                    marks.insert(name, Mark::Done);
                    order.push(name);
                    open.pop();
                }
                Some(Mark::Done) => {
                    open.pop();
                }
            }
        }
    }
    Ok(order)
}
