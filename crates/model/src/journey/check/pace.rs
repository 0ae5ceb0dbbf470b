//! Warns of two emails within a day on one path.

use std::collections::HashMap;

use crate::duration::{Duration, Unit};
use crate::finding::Finding;
use crate::journey::node::pointer_to;
use crate::journey::{Journey, Node, NodeId};

/// The one action that is known here by name, since the rule is about it.
const SEND_EMAIL: &str = "send_email";
const DAY_SECS: i64 = 24 * 60 * 60;

/// Walks the map once in order, carrying for each node the shortest time since an email.
pub(super) fn check(journey: &Journey) -> Vec<Finding> {
    let Ok(order) = journey.topological_order() else { return Vec::new() };
    let successors = journey.successors();
    let mut since: HashMap<&NodeId, i64> = HashMap::new();
    let mut findings = Vec::new();
    for id in order {
        let Some(node) = journey.nodes.get(id) else { continue };
        let sends = most_emails_on_one_path(node, id);
        let before = since.get(id).copied();
        if sends > 1 || (sends == 1 && before.is_some_and(|secs| secs < DAY_SECS)) {
            let message = "Someone may get two emails within 24 hours here. Put a wait of a day or more between them.";
            findings.push(Finding::warning("emails_within_a_day", pointer_to(id), message).at_node(id.as_str()));
        }
        let after = if sends > 0 { Some(0) } else { before }.map(|secs| secs.saturating_add(least_stay_secs(node)));
        for &to in successors.get(id).into_iter().flatten() {
            if let Some(secs) = after {
                since.entry(to).and_modify(|known| *known = secs.min(*known)).or_insert(secs);
            }
        }
    }
    findings
}

fn most_emails_on_one_path(node: &Node, id: &NodeId) -> usize {
    let mut by_path: HashMap<Option<&str>, usize> = HashMap::new();
    for placed in node.actions(id).iter().filter(|placed| placed.action == SEND_EMAIL) {
        *by_path.entry(placed.path).or_default() += 1;
    }
    by_path.into_values().max().unwrap_or(0)
}

/// The shortest time a traveller spends here. A date may lie anywhere, so it counts as long enough.
pub(in crate::journey) fn least_stay_secs(node: &Node) -> i64 {
    match node {
        Node::Wait(wait) if wait.until.is_some() => DAY_SECS,
        Node::Wait(wait) => wait.duration.map_or(0, least_secs),
        _ => 0,
    }
}

/// A day that is 23 hours long is meant as a day, so it counts as 24.
fn least_secs(duration: Duration) -> i64 {
    let unit = match duration.unit() {
        Unit::Minutes => 60,
        Unit::Hours => 60 * 60,
        Unit::Days => DAY_SECS,
        Unit::Weeks => 7 * DAY_SECS,
        Unit::Months => 28 * DAY_SECS,
    };
    i64::from(duration.amount()).saturating_mul(unit)
}
