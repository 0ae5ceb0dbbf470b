//! How two maps of a journey differ: which nodes came, went, or stand at another place.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::node::pointer_to;
use super::{Edge, Journey, Node, NodeId};
use crate::document::{Difference, Fate};

/// What leads to a node: the node before it, and by which of its paths.
type Way = (String, Option<String>);

impl Journey {
    /// Nodes that are added, removed or moved when `new` takes the place of this map. A node has moved when other nodes
    /// than before lead to it, added and removed ones aside: what is put before it or taken away there does not move it.
    /// Times of day are the organisation's, in `zone`.
    pub(crate) fn map_differences(&self, new: &Self, zone: &TimeZone) -> Vec<Difference> {
        let mut found = Vec::new();
        let (before, after) = (self.ways_in(new), new.ways_in(self));
        for (id, node) in &new.nodes {
            let Some(old) = self.nodes.get(id) else {
                let words = format!("node {id}: {}, {}", node.in_words(zone), after_words(&new.ways_to(id)));
                found.push(Difference { new: whole(node), ..difference(Fate::Added, id, words) });
                continue;
            };
            let place = Some(id.to_string());
            let (was, is) = (ways(&before, &place), ways(&after, &place));
            if was != is {
                let words = format!("node {id}: {}, was {}", after_words(&is), after_words(&was));
                found.push(Difference {
                    old: Some(as_json(&was)),
                    new: Some(as_json(&is)),
                    ..difference(Fate::Moved, id, words)
                });
            }
            if old.kind() != node.kind() {
                let words = format!("node {id}: is a {}, was a {}", node.kind(), old.kind());
                found.push(Difference { old: whole(old), new: whole(node), ..difference(Fate::Changed, id, words) });
            }
        }
        for (id, node) in self.nodes.iter().filter(|(id, _)| !new.nodes.contains_key(*id)) {
            let words = format!("node {id}: {}, {}", node.in_words(zone), after_words(&self.ways_to(id)));
            found.push(Difference { old: whole(node), ..difference(Fate::Removed, id, words) });
        }
        found.extend(self.ends_differ(new, &ways(&before, &None), &ways(&after, &None)));
        found
    }

    /// Paths of both maps that end the journey now and did not, or the other way round.
    fn ends_differ(&self, new: &Self, was: &BTreeSet<Way>, is: &BTreeSet<Way>) -> Vec<Difference> {
        let (old_ways, new_ways) = (self.all_ways(), new.all_ways());
        let tell = |way: &Way, what: &str| {
            let words = format!("{}: {what}", after_words(&BTreeSet::from([way.clone()])));
            difference(Fate::Changed, &NodeId(way.0.clone()), words)
        };
        let in_both = |way: &&Way| old_ways.contains(way) && new_ways.contains(way);
        let ends = is.difference(was).filter(in_both).map(|way| tell(way, "the trip ends here now"));
        let goes_on = was.difference(is).filter(in_both).map(|way| tell(way, "the trip goes on here now"));
        ends.chain(goes_on).collect()
    }

    fn all_ways(&self) -> BTreeSet<Way> {
        self.edges().into_iter().map(|edge| (edge.from.to_string(), edge.path)).collect()
    }

    /// What leads to each node that `other` has too (none: out of the journey), through whatever only this map has.
    fn ways_in(&self, other: &Self) -> BTreeMap<Option<String>, BTreeSet<Way>> {
        let common = |id: &NodeId| other.nodes.contains_key(id);
        let mut found: BTreeMap<Option<String>, BTreeSet<Way>> = BTreeMap::new();
        for edge in self.edges() {
            if self.nodes.contains_key(&edge.from) && !common(&edge.from) {
                continue;
            }
            let way = (edge.from.to_string(), edge.path.clone());
            for end in self.common_ends(&edge, &common) {
                found.entry(end).or_default().insert(way.clone());
            }
        }
        found
    }

    /// Where an edge leads, through nodes that are not common.
    fn common_ends(&self, edge: &Edge, common: &impl Fn(&NodeId) -> bool) -> BTreeSet<Option<String>> {
        let mut ends = BTreeSet::new();
        let mut open = vec![edge.to.clone()];
        let mut seen = BTreeSet::new();
        while let Some(to) = open.pop() {
            match to {
                Some(id) if !common(&id) && self.nodes.contains_key(&id) => {
                    if seen.insert(id.clone()) {
                        open.extend(self.edges_from(&id, &self.nodes[&id]).into_iter().map(|edge| edge.to));
                    }
                }
                end => _ = ends.insert(end.map(|id| id.to_string())),
            }
        }
        ends
    }

    fn ways_to(&self, id: &NodeId) -> BTreeSet<Way> {
        let edges = self.edges().into_iter().filter(|edge| edge.to.as_ref() == Some(id));
        edges.map(|edge| (edge.from.to_string(), edge.path)).collect()
    }

    /// The manifest of this journey without its ways from node to node, which are compared as a map, and without nodes
    /// that the comparison tells of as a whole.
    pub(crate) fn without_ways(&self, mut manifest: Value, other: &Self) -> Value {
        if let Some(fields) = manifest.as_object_mut() {
            fields.shift_remove("entry");
        }
        let Some(nodes) = manifest.get_mut("nodes").and_then(Value::as_object_mut) else { return manifest };
        nodes.retain(|id, _| {
            let both = self.nodes.get(id.as_str()).zip(other.nodes.get(id.as_str()));
            both.is_some_and(|(one, other)| one.kind() == other.kind())
        });
        for node in nodes.values_mut() {
            without_next(node);
            for branch in ["timeout", "other", "failed"] {
                node.get_mut(branch).map(without_next);
            }
            node.get_mut("paths").and_then(Value::as_array_mut).into_iter().flatten().for_each(without_next);
        }
        manifest
    }
}

fn without_next(part: &mut Value) {
    if let Some(fields) = part.as_object_mut() {
        fields.shift_remove("next");
    }
}

fn ways(all: &BTreeMap<Option<String>, BTreeSet<Way>>, to: &Option<String>) -> BTreeSet<Way> {
    all.get(to).cloned().unwrap_or_default()
}

fn difference(fate: Fate, node: &NodeId, words: String) -> Difference {
    Difference { fate, pointer: pointer_to(node), old: None, new: None, words }
}

fn whole(node: &Node) -> Option<Value> {
    serde_json::to_value(node).ok()
}

/// `after hello`, `after size (Large), after people`.
fn after_words(ways: &BTreeSet<Way>) -> String {
    let one = |(node, path): &Way| match path {
        Some(path) => format!("after {node} ({path})"),
        None => format!("after {node}"),
    };
    if ways.is_empty() { "after nothing".to_owned() } else { ways.iter().map(one).collect::<Vec<_>>().join(", ") }
}

fn as_json(ways: &BTreeSet<Way>) -> Value {
    ways.iter().map(|(node, path)| serde_json::json!({"node": node, "path": path})).collect()
}

impl Node {
    /// What it does, in a few words.
    fn in_words(&self, zone: &TimeZone) -> String {
        let labels = |labels: Vec<&str>| labels.join(", ");
        match self {
            Self::Action(it) => {
                let settings = Value::Object(it.settings.clone());
                format!("{} {}", it.action, crate::document::shown(&settings))
            }
            Self::Wait(it) => {
                it.rule("").map_or_else(|_| "wait".to_owned(), |rule| format!("wait {}", rule.describe(zone)))
            }
            Self::Listen(it) => {
                format!("listen for {}", labels(it.tests().map(|event| event.activity.as_str()).collect()))
            }
            Self::Split(it) => {
                format!("split into {}", labels(it.paths.iter().map(|path| path.label.as_str()).collect()))
            }
            Self::VariantSplit(it) => {
                format!("variant split into {}", labels(it.paths.iter().map(|path| path.label.as_str()).collect()))
            }
            Self::Merge(_) => "merge".to_owned(),
            Self::ExternalAction(it) => format!("call {}", it.service),
            Self::ExternalSplit(it) => format!("split by {}", it.service),
            Self::NextBestPath(it) => {
                format!("next best path of {}", labels(it.paths.iter().map(|path| path.label.as_str()).collect()))
            }
        }
    }
}
