//! The shape of the map: where it begins, that everything is reached, joined and free of circles.

use std::collections::{HashMap, HashSet};

use crate::finding::Finding;
use crate::journey::node::pointer_to;
use crate::journey::{ENTRY, Edge, FAILED, Journey, Node, NodeId, OTHER, TIMEOUT};
use crate::suggest::did_you_mean;

/// Longest id of a node or of an action in a people box.
const MAX_ID: usize = 63;

pub(super) fn check(journey: &Journey) -> Vec<Finding> {
    if journey.nodes.is_empty() {
        return vec![Finding::error(
            "no_nodes",
            "/nodes",
            "The journey has no nodes. Add at least one and name it in `entry`.",
        )];
    }
    let edges = journey.edges();
    let mut findings = ids(journey);
    findings.extend(entry(journey));
    findings.extend(targets(journey, &edges));
    findings.extend(ways_in(journey, &edges));
    findings.extend(circles(journey));
    findings.extend(unreachable(journey));
    findings
}

fn entry(journey: &Journey) -> Option<Finding> {
    let message = "The journey does not say where it begins. Name its first node in `entry`.";
    journey.entry.is_none().then(|| Finding::error("no_entry", "/entry", message))
}

/// Ids are well formed, none is reserved, none stands twice.
fn ids(journey: &Journey) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: HashSet<&NodeId> = journey.nodes.keys().collect();
    for (id, node) in &journey.nodes {
        findings.extend(id_form(id, &pointer_to(id)).map(|it| it.at_node(id.as_str())));
        for inner in node.actions(id).into_iter().filter(|placed| placed.path.is_some()) {
            let pointer = format!("{}/id", inner.pointer());
            findings.extend(id_form(inner.id, &pointer).map(|it| it.at_node(id.as_str())));
            if !seen.insert(inner.id) {
                let message =
                    format!("The id `{}` is taken by another node or action. Choose one of its own.", inner.id);
                findings.push(Finding::error("duplicate_id", pointer, message).at_node(id.as_str()));
            }
        }
    }
    findings
}

fn id_form(id: &NodeId, pointer: &str) -> Option<Finding> {
    let id = id.as_str();
    if id == ENTRY {
        let message = "The id `audience` is reserved for the entry. Choose another.";
        return Some(Finding::error("reserved_id", pointer, message));
    }
    let well_formed = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.len() <= MAX_ID;
    (!well_formed).then(|| {
        let message = format!(
            "`{id}` is no id: take letters, digits, `-` and `_`, beginning with a letter or digit, {MAX_ID} at most."
        );
        Finding::error("bad_id", pointer, message)
    })
}

/// Every path leads to a node that exists.
fn targets(journey: &Journey, edges: &[Edge]) -> Vec<Finding> {
    let unknown = edges.iter().filter_map(|edge| {
        let to = edge.to.as_ref().filter(|to| !journey.nodes.contains_key(*to))?;
        let hint = did_you_mean(to.as_str(), journey.nodes.keys().map(NodeId::as_str));
        let message = format!("There is no node `{to}`. Name an existing node, or null where the journey ends.{hint}");
        Some(Finding::error("unknown_node", &edge.pointer, message).at_node(edge.from.as_str()))
    });
    unknown.collect()
}

/// Only a merge has several ways in, and a merge has at least two.
fn ways_in(journey: &Journey, edges: &[Edge]) -> Vec<Finding> {
    let mut incoming: HashMap<&NodeId, usize> = HashMap::new();
    for to in edges.iter().filter_map(|edge| edge.to.as_ref()) {
        *incoming.entry(to).or_default() += 1;
    }
    let mut findings = Vec::new();
    for (id, node) in &journey.nodes {
        let ways = incoming.get(id).copied().unwrap_or(0);
        let found = match node {
            Node::Merge(_) if ways < 2 => Some((
                "merge_with_one_path",
                format!("The merge `{id}` joins {ways} paths. Lead at least two to it, or remove it."),
            )),
            Node::Merge(_) => None,
            _ if ways > 1 => Some((
                "several_ways_in",
                format!("{ways} paths lead to `{id}`. Put a merge before it: only a merge may have several ways in."),
            )),
            _ => None,
        };
        findings.extend(found.map(|(code, text)| Finding::error(code, pointer_to(id), text).at_node(id.as_str())));
    }
    findings
}

fn circles(journey: &Journey) -> Option<Finding> {
    let circle = journey.topological_order().err()?;
    let first = circle.first()?;
    let names = circle.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let message = format!("Travellers would go round in a circle through {names}. Lead one of these paths elsewhere.");
    Some(Finding::error("cycle", pointer_to(first), message).at_node(first.as_str()))
}

/// Nodes that nobody can come to. Without an entry there is nothing to say beyond that.
fn unreachable(journey: &Journey) -> Vec<Finding> {
    if journey.entry.as_ref().is_none_or(|id| !journey.nodes.contains_key(id)) {
        return Vec::new();
    }
    let reachable = journey.reachable();
    let lost = journey.nodes.keys().filter(|id| !reachable.contains(id));
    let message = |id| format!("No path leads to `{id}`. Lead one to it, or remove it.");
    lost.map(|id| Finding::error("unreachable", pointer_to(id), message(id)).at_node(id.as_str())).collect()
}

/// Labels under which Caravan itself counts.
pub(super) const RESERVED_LABELS: [&str; 3] = [OTHER, TIMEOUT, FAILED];
