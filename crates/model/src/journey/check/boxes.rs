//! The closed people box of account journeys, and what must not look like one elsewhere.

use serde_json::{Map, Value};

use crate::finding::Finding;
use crate::journey::node::pointer_to;
use crate::journey::{BoxAction, Branch, Journey, Next, Node, NodeId, Subject};

/// One path, whatever kind of split it belongs to.
struct Way<'a> {
    pointer: String,
    label: &'a str,
    next: Option<&'a Next>,
    actions: Option<&'a [BoxAction]>,
}

pub(super) fn check(journey: &Journey, id: &NodeId, node: &Node) -> Vec<Finding> {
    let at = pointer_to(id);
    let ways = ways(node, &at);
    let mode = one_mode(journey, node, &at);
    if journey.is_box(node) {
        let mut findings: Vec<Finding> = ways.iter().flat_map(inside_box).chain(mode).collect();
        if node.box_next().is_none() {
            let message =
                "The box does not say where the account goes on. Write `next`, or `next: null` where the journey ends.";
            findings.push(Finding::error("box_without_next", &at, message));
        }
        return findings;
    }
    let mut findings: Vec<Finding> = ways.iter().flat_map(open_path).chain(mode).collect();
    if node.box_next().is_some() {
        let message =
            "Only a people box of an account journey has one `next`; here each path carries its own. Remove it.";
        findings.push(Finding::error("next_outside_box", format!("{at}/next"), message));
    }
    findings
}

fn ways<'a>(node: &'a Node, at: &str) -> Vec<Way<'a>> {
    let way = |place: String, label, next, actions| Way { pointer: format!("{at}/{place}"), label, next, actions };
    let branch = |key: &'static str, it: &'a Option<Branch>| {
        it.as_ref().map(|it| way(key.to_owned(), key, it.next.as_ref(), it.actions.as_deref()))
    };
    let conditions = |paths: &'a [crate::journey::SplitPath]| -> Vec<Way<'a>> {
        let each = paths.iter().enumerate();
        each.map(|(n, it)| way(format!("paths/{n}"), &it.label, it.next.as_ref(), it.actions.as_deref())).collect()
    };
    match node {
        Node::Split(it) => conditions(&it.paths).into_iter().chain(branch("other", &it.other)).collect(),
        Node::ExternalSplit(it) => {
            let rest = branch("other", &it.other).into_iter().chain(branch("failed", &it.failed));
            conditions(&it.paths).into_iter().chain(rest).collect()
        }
        Node::VariantSplit(it) => {
            let each = it.paths.iter().enumerate();
            each.map(|(n, it)| way(format!("paths/{n}"), &it.label, it.next.as_ref(), it.actions.as_deref())).collect()
        }
        Node::ExternalAction(it) => branch("failed", &it.failed).into_iter().collect(),
        Node::NextBestPath(it) => {
            vec![way("other".to_owned(), "other", it.other.next.as_ref(), it.other.actions.as_deref())]
        }
        Node::Action(_) | Node::Wait(_) | Node::Listen(_) | Node::Merge(_) => Vec::new(),
    }
}

/// The test that asks about a person's relation to the account; all others ask about the person.
const ABOUT_RELATION: &str = "role_in_account";

/// A split by people asks about the people, or about their relation to the account, but not about both; and in a person
/// journey there is no account to be related to.
fn one_mode(journey: &Journey, node: &Node, at: &str) -> Option<Finding> {
    let Node::Split(split) = node else { return None };
    if split.by != Subject::Person {
        return None;
    }
    let (mut relation, mut person) = (false, false);
    for when in split.paths.iter().filter_map(|path| path.when.as_ref()) {
        for_each_test(when, &mut |test| {
            let about_relation = test.contains_key(ABOUT_RELATION);
            relation |= about_relation;
            person |= !about_relation;
        });
    }
    let pointer = format!("{at}/paths");
    if relation && journey.subject == Subject::Person {
        let message = "A person journey has no account of which a role could be asked. Ask about the person.";
        return Some(Finding::error("account_mode_in_person_journey", pointer, message));
    }
    (relation && person).then(|| {
        let message = "This split asks about people and about their roles in the account. Ask about one of the two, and \
                       split again for the other.";
        Finding::error("mixed_split_modes", pointer, message)
    })
}

/// The tests of a condition as it is written.
fn for_each_test(when: &Value, visit: &mut dyn FnMut(&Map<String, Value>)) {
    let Some(object) = when.as_object() else { return };
    let parts = ["all", "any"].iter().filter_map(|key| object.get(*key)?.as_array()).flatten();
    let parts: Vec<&Value> = parts.chain(object.get("not")).collect();
    match parts.is_empty() {
        true => visit(object),
        false => parts.into_iter().for_each(|part| for_each_test(part, visit)),
    }
}

fn inside_box(way: &Way<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if way.next.is_some() {
        let message = format!(
            "The path `{}` is inside a people box, so it leads nowhere by itself. Remove its `next`.",
            way.label
        );
        findings.push(Finding::error("next_inside_box", format!("{}/next", way.pointer), message));
    }
    let Some(actions) = way.actions else {
        let message = format!(
            "The path `{}` of this people box has no `actions`. Add them (an empty list does nothing).",
            way.label
        );
        findings.push(Finding::error("box_without_actions", &way.pointer, message));
        return findings;
    };
    for (n, inner) in actions.iter().enumerate() {
        findings.extend(only_an_action(inner, &format!("{}/actions/{n}", way.pointer)));
    }
    findings
}

/// People boxes are not nested and hold neither listeners nor waits nor paths.
fn only_an_action(inner: &BoxAction, pointer: &str) -> Option<Finding> {
    let field = ["type", "next", "on", "paths"].into_iter().find(|field| inner.settings.contains_key(*field))?;
    let message = match inner.settings.get("type").and_then(|it| it.as_str()) {
        Some(kind) if kind != "action" => {
            format!("A people box holds people actions only, no `{kind}`. Move it out of the box.")
        }
        _ => format!("An action in a people box has no `{field}`: people take the actions in order. Remove it."),
    };
    Some(Finding::error("box_holds_only_actions", format!("{pointer}/{field}"), message))
}

fn open_path(way: &Way<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if way.actions.is_some() {
        let message = format!(
            "Only the paths of a people box hold `actions`. Let the path `{}` lead to nodes with `next`.",
            way.label
        );
        findings.push(Finding::error("actions_outside_box", format!("{}/actions", way.pointer), message));
    }
    if way.next.is_none() {
        let message = format!(
            "The path `{}` does not say where it leads. Write `next`, or `next: null` where the journey ends.",
            way.label
        );
        findings.push(Finding::error("path_without_next", &way.pointer, message));
    }
    findings
}
