//! The actions of a map, each with where it stands: a node of its own, or a path of a people box.

use serde_json::{Map, Value};

use super::node::{Action, BoxAction, Node, On, SplitPath, VariantPath, pointer_to};
use super::{FAILED, NodeId, OTHER};

/// An action together with where it stands.
#[derive(Debug, Clone, Copy)]
pub struct PlacedAction<'a> {
    /// The node it stands in: its own, or the people box.
    pub node: &'a NodeId,
    /// The id it is counted under.
    pub id: &'a NodeId,
    /// Whom it acts on.
    pub on: On,
    /// Key in the catalogue.
    pub action: &'a str,
    /// Its own fields.
    pub settings: &'a Map<String, Value>,
    /// Label (or `other`, `failed`) of its path when it stands in a box.
    pub path: Option<&'a str>,
    /// Where in the box: path and index; used for the pointer.
    place: Option<(Place, usize)>,
}

/// Which path of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path(usize),
    Other,
    Failed,
}

impl PlacedAction<'_> {
    /// JSON pointer of the action inside the journey.
    pub fn pointer(&self) -> String {
        let node = pointer_to(self.node);
        match self.place {
            None => node,
            Some((Place::Path(path), index)) => format!("{node}/paths/{path}/actions/{index}"),
            Some((Place::Other, index)) => format!("{node}/other/actions/{index}"),
            Some((Place::Failed, index)) => format!("{node}/failed/actions/{index}"),
        }
    }
}

impl Node {
    /// The actions it holds: itself when it is an action, else those of its people box.
    pub fn actions<'a>(&'a self, id: &'a NodeId) -> Vec<PlacedAction<'a>> {
        if let Self::Action(Action { on, action, settings, .. }) = self {
            return vec![PlacedAction { node: id, id, on: *on, action, settings, path: None, place: None }];
        }
        let mut found = Vec::new();
        for (place, label, actions) in self.boxes() {
            found.extend(actions.iter().enumerate().map(|(index, inner)| PlacedAction {
                node: id,
                id: &inner.id,
                on: On::People,
                action: &inner.action,
                settings: &inner.settings,
                path: Some(label),
                place: Some((place, index)),
            }));
        }
        found
    }

    /// The paths that hold people actions, in order.
    fn boxes(&self) -> Vec<(Place, &str, &[BoxAction])> {
        let (mut found, other, failed) = match self {
            Self::Split(node) => (split_boxes(&node.paths), node.other.as_ref(), None),
            Self::ExternalSplit(node) => (split_boxes(&node.paths), node.other.as_ref(), node.failed.as_ref()),
            Self::VariantSplit(node) => (variant_boxes(&node.paths), None, None),
            _ => return Vec::new(),
        };
        found.extend(other.and_then(|it| it.actions.as_deref()).map(|it| (Place::Other, OTHER, it)));
        found.extend(failed.and_then(|it| it.actions.as_deref()).map(|it| (Place::Failed, FAILED, it)));
        found
    }
}

fn split_boxes(paths: &[SplitPath]) -> Vec<(Place, &str, &[BoxAction])> {
    paths
        .iter()
        .enumerate()
        .filter_map(|(n, path)| Some((Place::Path(n), path.label.as_str(), path.actions.as_deref()?)))
        .collect()
}

fn variant_boxes(paths: &[VariantPath]) -> Vec<(Place, &str, &[BoxAction])> {
    paths
        .iter()
        .enumerate()
        .filter_map(|(n, path)| Some((Place::Path(n), path.label.as_str(), path.actions.as_deref()?)))
        .collect()
}
