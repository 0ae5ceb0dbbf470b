//! Edges, order and reach of a journey map: for the API's picture, the checks and the compiled plan.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::node::pointer_to;
use super::{Branch, ENTRY, FAILED, Journey, Next, Node, NodeId, OTHER, TIMEOUT};

/// How a trip is over when a path leads out of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A written `next: null`.
    Completed,
    /// A split without `other`.
    NoPath,
    /// A listener or a service without a path for silence.
    TimedOut,
}

/// One way from a node to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Where it leaves; [`ENTRY`] for the first edge.
    pub from: NodeId,
    /// Where it leads; none: the trip ends.
    pub to: Option<NodeId>,
    /// Key under which the node's `paths` count it, where the node has several ways out.
    pub path: Option<String>,
    /// What people read on it.
    pub label: Option<String>,
    /// How the trip ends, when it does.
    pub ending: Option<Ending>,
    /// JSON pointer of the place that says so.
    #[serde(skip)]
    pub pointer: String,
}

impl Edge {
    fn along(from: &NodeId, next: &Next, pointer: String) -> Self {
        let to = next.node().cloned();
        let ending = to.is_none().then_some(Ending::Completed);
        Self { from: from.clone(), to, path: None, label: None, ending, pointer }
    }

    fn out(from: &NodeId, ending: Ending, pointer: String) -> Self {
        Self { from: from.clone(), to: None, path: None, label: None, ending: Some(ending), pointer }
    }

    fn on(mut self, path: &str, label: &str) -> Self {
        self.path = Some(path.to_owned());
        self.label = Some(label.to_owned());
        self
    }
}

impl Journey {
    /// Every edge in the order of the map, the entry's first.
    pub fn edges(&self) -> Vec<Edge> {
        let entry = self.entry.iter().map(|to| Edge {
            from: ENTRY.into(),
            to: Some(to.clone()),
            path: None,
            label: None,
            ending: None,
            pointer: "/entry".to_owned(),
        });
        entry.chain(self.nodes.iter().flat_map(|(id, node)| self.edges_from(id, node))).collect()
    }

    /// The edges that leave one node.
    pub fn edges_from(&self, id: &NodeId, node: &Node) -> Vec<Edge> {
        let at = pointer_to(id);
        let along = |next: &Next, place: &str| Edge::along(id, next, format!("{at}{place}"));
        match node {
            Node::Action(it) => vec![along(&it.next, "/next")],
            Node::Wait(it) => vec![along(&it.next, "/next")],
            Node::Merge(it) => vec![along(&it.next, "/next")],
            Node::Listen(it) => {
                let heard = along(&it.next, "/next");
                let silent = it.timeout.as_ref().map(|timeout| match &timeout.next {
                    Some(next) => along(next, "/timeout/next"),
                    None => Edge::out(id, Ending::TimedOut, format!("{at}/timeout")),
                });
                std::iter::once(heard).chain(silent.map(|edge| edge.on(TIMEOUT, "Timeout"))).collect()
            }
            Node::ExternalAction(it) => {
                let failed = branch(id, it.failed.as_ref(), Ending::TimedOut, &at, FAILED);
                vec![along(&it.next, "/next"), failed.on(FAILED, "Timeout or error")]
            }
            // A closed box has one way out, whatever stands inside.
            Node::Split(_) | Node::VariantSplit(_) | Node::ExternalSplit(_) if self.is_box(node) => {
                node.box_next().map(|next| along(next, "/next")).into_iter().collect()
            }
            Node::Split(it) => {
                let rest = branch(id, it.other.as_ref(), Ending::NoPath, &at, OTHER).on(OTHER, "Other");
                labelled(id, &at, it.paths.iter().map(|path| (path.label.as_str(), path.next.as_ref())))
                    .chain([rest])
                    .collect()
            }
            Node::VariantSplit(it) => {
                labelled(id, &at, it.paths.iter().map(|path| (path.label.as_str(), path.next.as_ref()))).collect()
            }
            Node::ExternalSplit(it) => {
                let rest = branch(id, it.other.as_ref(), Ending::NoPath, &at, OTHER).on(OTHER, "Other");
                let failed = branch(id, it.failed.as_ref(), Ending::TimedOut, &at, FAILED);
                labelled(id, &at, it.paths.iter().map(|path| (path.label.as_str(), path.next.as_ref())))
                    .chain([rest, failed.on(FAILED, "Timeout or error")])
                    .collect()
            }
            Node::NextBestPath(it) => {
                let rest = branch(id, Some(&it.other), Ending::NoPath, &at, OTHER).on(OTHER, "Other");
                labelled(id, &at, it.paths.iter().map(|path| (path.label.as_str(), Some(&path.next))))
                    .chain([rest])
                    .collect()
            }
        }
    }

    /// Which nodes each node leads to, without repeats, in the order of its paths. Unknown ids are left out.
    pub fn successors(&self) -> HashMap<&NodeId, Vec<&NodeId>> {
        let mut found = HashMap::new();
        for (id, node) in &self.nodes {
            let mut next: Vec<&NodeId> = Vec::new();
            for edge in self.edges_from(id, node) {
                let known = edge.to.as_ref().and_then(|to| self.nodes.get_key_value(to));
                if let Some((to, _)) = known
                    && !next.contains(&to)
                {
                    next.push(to);
                }
            }
            found.insert(id, next);
        }
        found
    }

    /// The nodes so that each comes before those it leads to, ties in the order of the map.
    ///
    /// # Errors
    /// The nodes that stand on a cycle, in the order of the map.
    pub fn topological_order(&self) -> Result<Vec<&NodeId>, Vec<&NodeId>> {
        let successors = self.successors();
        let (order, rest) = peel(self.nodes.keys().collect(), &successors);
        if rest.is_empty() {
            return Ok(order);
        }
        // What is left lies on a cycle or behind one; peeling from the other end leaves the cycles.
        let mut backwards: HashMap<&NodeId, Vec<&NodeId>> = HashMap::new();
        for &from in &rest {
            for &to in successors.get(from).into_iter().flatten() {
                backwards.entry(to).or_default().push(from);
            }
        }
        Err(peel(rest, &backwards).1)
    }

    /// The nodes that a traveller can come to.
    pub fn reachable(&self) -> HashSet<&NodeId> {
        let successors = self.successors();
        let entry = self.entry.as_ref().and_then(|id| self.nodes.get_key_value(id)).map(|(id, _)| id);
        let mut open: Vec<&NodeId> = entry.into_iter().collect();
        let mut seen: HashSet<&NodeId> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            for &to in successors.get(id).into_iter().flatten() {
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        seen
    }
}

impl Node {
    /// Where a closed box goes on.
    pub fn box_next(&self) -> Option<&Next> {
        match self {
            Self::Split(node) => node.next.as_ref(),
            Self::VariantSplit(node) => node.next.as_ref(),
            Self::ExternalSplit(node) => node.next.as_ref(),
            _ => None,
        }
    }
}

/// The edge of `other` or `failed`: as written, or out of the journey when it was left out.
fn branch(id: &NodeId, written: Option<&Branch>, left_out: Ending, at: &str, key: &str) -> Edge {
    match written.and_then(|it| it.next.as_ref()) {
        Some(next) => Edge::along(id, next, format!("{at}/{key}/next")),
        None => Edge::out(id, left_out, at.to_owned()),
    }
}

/// Edges of labelled paths; a path without `next` has none, which the checks report.
fn labelled<'a>(
    id: &'a NodeId,
    at: &'a str,
    paths: impl Iterator<Item = (&'a str, Option<&'a Next>)> + 'a,
) -> impl Iterator<Item = Edge> + 'a {
    paths.enumerate().filter_map(move |(n, (label, next))| {
        Some(Edge::along(id, next?, format!("{at}/paths/{n}/next")).on(label, label))
    })
}

/// Takes away what nothing leads to, again and again: what was taken, in order, and what cannot be.
fn peel<'a>(
    nodes: Vec<&'a NodeId>,
    leads_to: &HashMap<&'a NodeId, Vec<&'a NodeId>>,
) -> (Vec<&'a NodeId>, Vec<&'a NodeId>) {
    let mut incoming: HashMap<&NodeId, usize> = nodes.iter().map(|&id| (id, 0)).collect();
    for id in &nodes {
        for to in leads_to.get(id).into_iter().flatten() {
            incoming.entry(to).and_modify(|n| *n += 1);
        }
    }
    let mut order: Vec<&NodeId> = nodes.iter().copied().filter(|id| incoming.get(id) == Some(&0)).collect();
    let mut at = 0;
    while let Some(&id) = order.get(at) {
        at += 1;
        for &to in leads_to.get(id).into_iter().flatten() {
            if let Some(n) = incoming.get_mut(to) {
                *n = n.saturating_sub(1);
                if *n == 0 {
                    order.push(to);
                }
            }
        }
    }
    let taken: HashSet<&NodeId> = order.iter().copied().collect();
    let rest = nodes.into_iter().filter(|id| !taken.contains(id)).collect();
    (order, rest)
}
