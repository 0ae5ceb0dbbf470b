//! What holds for one node by itself.

use std::collections::HashSet;

use super::ActionFacts;
use super::map::RESERVED_LABELS;
use crate::finding::Finding;
use crate::journey::node::{pointer_to, works_in};
use crate::journey::{Branch, Journey, Listen, Next, Node, NodeId, On, PlacedAction, SplitPath, Subject, VariantSplit};

/// Paths of a split, and of a variant split.
const MAX_PATHS: usize = 25;
const MAX_VARIANTS: usize = 20;

pub(super) fn check(journey: &Journey, id: &NodeId, node: &Node) -> Vec<Finding> {
    let at = pointer_to(id);
    let mut findings: Vec<Finding> = misplaced(journey, id, node, &at).into_iter().collect();
    match node {
        Node::Action(_) | Node::Merge(_) | Node::ExternalAction(_) => {}
        Node::Wait(wait) => findings.extend(wait.rule(&at).err().unwrap_or_default()),
        Node::Listen(listen) => findings.extend(listener(journey, listen, &at)),
        Node::Split(split) => {
            findings.extend(conditions(&split.paths, &at));
            findings.extend(labels(split.paths.iter().map(|path| path.label.as_str()), &at));
            if split.other.is_none() {
                let consequence =
                    if journey.is_box(node) { "skip to the end of the box" } else { "end their trip as `no_path`" };
                let message =
                    format!("Those whom no path takes {consequence}. Add `other` if they should go on differently.");
                findings.push(Finding::warning("split_without_other", &at, message));
            }
            findings.extend(empty_paths(journey, node, &split.paths, split.other.as_ref(), &at));
        }
        Node::VariantSplit(split) => {
            findings.extend(shares(split, &at));
            findings.extend(labels(split.paths.iter().map(|path| path.label.as_str()), &at));
        }
        Node::ExternalSplit(split) => {
            findings.extend(conditions(&split.paths, &at));
            findings.extend(labels(split.paths.iter().map(|path| path.label.as_str()), &at));
        }
        Node::NextBestPath(split) => {
            findings.extend(labels(split.paths.iter().map(|path| path.label.as_str()), &at));
        }
    }
    findings
}

/// A person journey knows no accounts and calls no external services; what is reserved works nowhere.
fn misplaced(journey: &Journey, id: &NodeId, node: &Node, at: &str) -> Option<Finding> {
    match works_in(node.kind()) {
        [] => {
            let message = format!("Nodes of type `{}` do not work in this version. Remove `{id}`.", node.kind());
            Some(Finding::error("not_available", format!("{at}/type"), message))
        }
        subjects if !subjects.contains(&journey.subject) => Some(Finding::error(
            "external_node_in_person_journey",
            at,
            "External nodes stand in account journeys only. Remove this one.",
        )),
        _ if journey.subject == Subject::Person && node.splits_by() == Some(Subject::Account) => Some(Finding::error(
            "account_split_in_person_journey",
            format!("{at}/by"),
            "A person journey splits by person. Write `by: person`.",
        )),
        _ => None,
    }
}

/// The action acts on what it says, and may stand in this journey.
pub(super) fn action_fits(
    journey: &Journey,
    placed: &PlacedAction<'_>,
    facts: ActionFacts,
    pointer: &str,
) -> Option<Finding> {
    let action = placed.action;
    if journey.subject == Subject::Person && !facts.in_person_journeys {
        let message = format!(
            "`{action}` acts on accounts and their buying groups, which a person journey does not have. Remove it."
        );
        return Some(Finding::error("action_not_in_person_journey", format!("{pointer}/action"), message));
    }
    if placed.on == facts.on {
        return None;
    }
    if placed.path.is_some() {
        let message =
            format!("`{action}` acts on the account; a people box holds people actions only. Move it out of the box.");
        return Some(Finding::error("account_action_in_box", format!("{pointer}/action"), message));
    }
    let right = if facts.on == On::Account { "account" } else { "people" };
    let message = format!("`{action}` acts on the {right}. Write `on: {right}`.");
    Some(Finding::error("wrong_on", format!("{pointer}/on"), message))
}

fn listener(journey: &Journey, listen: &Listen, at: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (&listen.event, listen.events.len()) {
        (None, 0) => {
            findings.push(Finding::error("no_event", at, "The node listens for nothing. Name an activity in `event`."));
        }
        (Some(_), 1..) => {
            let message = "The node has both `event` and `events`. Keep one of them.";
            findings.push(Finding::error("event_and_events", format!("{at}/events"), message));
        }
        (None, 2..) if journey.subject == Subject::Account => {
            let message = "In an account journey a node listens for one event. Keep one, or use several nodes.";
            findings.push(Finding::error("several_events", format!("{at}/events"), message));
        }
        _ => {}
    }
    if let Some(timeout) = &listen.timeout {
        findings.extend(timeout.rule(&format!("{at}/timeout")).err().unwrap_or_default());
    }
    findings
}

/// At least one path, 25 at most, each with a condition.
fn conditions(paths: &[SplitPath], at: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if paths.is_empty() {
        let message = "The split has no paths. Add one with a condition.";
        findings.push(Finding::error("no_paths", format!("{at}/paths"), message));
    }
    if paths.len() > MAX_PATHS {
        let message =
            format!("The split has {} paths; {MAX_PATHS} are allowed. Split again behind `other`.", paths.len());
        findings.push(Finding::error("too_many_paths", format!("{at}/paths"), message));
    }
    for (n, path) in paths.iter().enumerate().filter(|(_, path)| path.when.is_none()) {
        let message = format!("The path `{}` has no condition. Give it one in `when`, or make it `other`.", path.label);
        findings.push(Finding::error("no_condition", format!("{at}/paths/{n}"), message));
    }
    findings
}

/// 2 to 20 variants of 1 to 99 percent that add up to 100.
fn shares(split: &VariantSplit, at: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !(2..=MAX_VARIANTS).contains(&split.paths.len()) {
        let message = format!("A variant split has 2 to {MAX_VARIANTS} paths; this one has {}.", split.paths.len());
        findings.push(Finding::error("variant_count", format!("{at}/paths"), message));
    }
    for (n, path) in split.paths.iter().enumerate().filter(|(_, path)| !(1..=99).contains(&path.percent)) {
        let message = format!("`{}` has {} percent. Give it a whole number from 1 to 99.", path.label, path.percent);
        findings.push(Finding::error("bad_percent", format!("{at}/paths/{n}/percent"), message));
    }
    let sum: i128 = split.paths.iter().map(|path| i128::from(path.percent)).sum();
    if sum != 100 && !split.paths.is_empty() {
        let message = format!("The percentages add up to {sum}. Make them add up to 100.");
        findings.push(Finding::error("percent_sum", format!("{at}/paths"), message));
    }
    findings
}

/// Counts are kept under the label: one each, none empty, none that Caravan itself uses.
fn labels<'a>(labels: impl Iterator<Item = &'a str>, at: &str) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for (n, label) in labels.enumerate() {
        let pointer = format!("{at}/paths/{n}/label");
        if label.trim().is_empty() {
            findings.push(Finding::error("no_label", pointer, "The path has no label. Give it one."));
        } else if RESERVED_LABELS.contains(&label) {
            let message = format!("`{label}` is the name of a path that Caravan counts itself. Choose another label.");
            findings.push(Finding::error("reserved_label", pointer, message));
        } else if !seen.insert(label) {
            let message = format!("Two paths are labelled `{label}`. Give each its own label.");
            findings.push(Finding::error("duplicate_label", pointer, message));
        }
    }
    findings
}

/// Warns of paths on which nothing happens.
fn empty_paths(journey: &Journey, node: &Node, paths: &[SplitPath], other: Option<&Branch>, at: &str) -> Vec<Finding> {
    let in_box = journey.is_box(node);
    let empty = |next: Option<&Next>, actions: Option<usize>| {
        if in_box { actions == Some(0) } else { next.is_some_and(|next| leads_nowhere(journey, next)) }
    };
    let mut findings = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        if empty(path.next.as_ref(), path.actions.as_ref().map(Vec::len)) {
            let message = format!("Nothing happens on the path `{}`. Add a node, or leave it so.", path.label);
            findings.push(Finding::warning("empty_path", format!("{at}/paths/{n}"), message));
        }
    }
    if other.is_some_and(|it| in_box && it.actions.as_ref().is_some_and(Vec::is_empty)) {
        findings.push(Finding::warning("empty_path", format!("{at}/other"), "Nothing happens on the path `other`."));
    }
    findings
}

/// A path without nodes: it leaves the journey, or goes straight to a merge.
fn leads_nowhere(journey: &Journey, next: &Next) -> bool {
    next.node().is_none_or(|id| matches!(journey.node(id.as_str()), Some(Node::Merge(_))))
}
