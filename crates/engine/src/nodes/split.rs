//! *Split paths*: the traveller takes the first path whose condition holds.

use caravan_model::condition::Condition;
use caravan_model::journey::{self, NodeId, OTHER};
use serde_json::Value as Json;

use super::Step;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here};
use crate::why::{Names, Tried, Why};

struct Split {
    paths: Vec<Path>,
    /// For the rest; none: the trip ends as `no_path`.
    other: Option<Target>,
}

struct Path {
    label: String,
    when: Condition,
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::Split) -> Option<(Box<dyn Step>, Looks)> {
    let mut looks = Looks::default();
    let mut paths = Vec::new();
    for (at, path) in it.paths.iter().enumerate() {
        let when = c.when(id, it.by, at, path.when.as_ref())?;
        looks.at(&when);
        paths.push(Path { label: path.label.clone(), when, next: path.next.as_ref().and_then(|next| c.target(next)) });
    }
    let other = it.other.as_ref().map(|branch| c.branch(branch));
    Some((Box::new(Split { paths, other }), looks))
}

impl Step for Split {
    fn targets(&self) -> Vec<Target> {
        self.paths.iter().map(|path| path.next).chain(self.other).collect()
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let subject = here.t.subject;
        let mut notes = String::from("[");
        let chosen = self.paths.iter().position(|path| tries(here, &path.when, subject, &mut notes));
        notes.push(']');
        here.visits.why(&notes);
        match (chosen, self.other) {
            (Some(at), _) => Flow::Go(Some(self.paths[at].label.clone()), self.paths[at].next),
            (None, Some(target)) => Flow::Go(Some(OTHER.to_owned()), target),
            (None, None) => Flow::End("no_path"),
        }
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        let tried = self.paths.iter().zip(why?.as_array()?);
        let tried: Vec<Tried> = tried.map(|(path, notes)| Tried::read(&path.label, &path.when, notes)).collect();
        Some(Why { tried, ..Why::said(which_path(path)) })
    }
}

/// Tries one condition; what it saw is appended as one list to `notes`.
pub(super) fn tries(
    here: &Here<'_, '_>,
    when: &Condition,
    subject: caravan_catalog::Subject,
    notes: &mut String,
) -> bool {
    let mut saw = String::new();
    let held = here.holds_noting(when, subject, &mut saw);
    if notes.len() > 1 {
        notes.push(',');
    }
    notes.push('[');
    notes.push_str(&saw);
    notes.push(']');
    held
}

/// What a split decided, in a sentence.
pub(super) fn which_path(path: Option<&str>) -> String {
    match path {
        Some(OTHER) => "No path's condition held, so it took `other`.".to_owned(),
        Some(label) => format!("It took `{label}`, the first path whose condition held."),
        None => "No path's condition held, and the split has no `other`.".to_owned(),
    }
}
