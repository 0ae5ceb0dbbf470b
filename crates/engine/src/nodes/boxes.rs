//! The closed people box: people take its paths and their actions, the account passes whole.

use std::fmt::Write as _;

use caravan_catalog::{PreparedAction, Subject};
use caravan_model::condition::Condition;
use caravan_model::journey::{BoxAction, NodeId};
use serde_json::Value as Json;

use super::Step;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::tallies::Counted;
use crate::walk::{Flow, Here};
use crate::why::{Names, PersonWhy, Tried};

/// A path of a box.
pub(super) struct BoxPath {
    /// Its key: a label, `other` or `failed`.
    pub label: String,
    actions: Vec<(usize, Box<dyn PreparedAction>)>,
}

impl BoxPath {
    /// A path with these actions, which stand at `pointer`; what they look at is added to `looks`.
    pub fn compile(
        c: &mut Compiler<'_>,
        id: &NodeId,
        label: &str,
        pointer: &str,
        actions: Option<&[BoxAction]>,
        looks: &mut Looks,
    ) -> Option<Self> {
        let mut ready = Vec::new();
        for (at, boxed) in actions.unwrap_or_default().iter().enumerate() {
            let action = c.action(id, &format!("{pointer}/actions/{at}"), &boxed.action, &boxed.settings)?;
            looks.needs.extend(&action.needs());
            ready.push((c.boxed(&boxed.id), action));
        }
        Some(Self { label: label.to_owned(), actions: ready })
    }

    /// Each action in order, for all these people.
    pub fn run(&self, here: &mut Here<'_, '_>, people: &[Subject]) {
        if people.is_empty() {
            return;
        }
        here.count(Counted::Path(self.label.clone()), people.len() as i64);
        for (number, action) in &self.actions {
            here.act_boxed(*number, action.as_ref(), people);
        }
    }
}

/// An action inside a box, as a node of the plan: counted under its own number, run by its box. Nothing leads to it.
pub(crate) struct Boxed;

impl Step for Boxed {
    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }

    fn acts(&self) -> bool {
        true
    }

    fn arrive(&self, _here: &mut Here<'_, '_>) -> Flow {
        Flow::End("completed")
    }
}

/// Appends which path a person took, and what its conditions saw: `[person, path, …]`.
pub(super) fn note_person(notes: &mut String, person: Option<i64>, path: usize, saw: &str) {
    let comma = if notes.len() > 1 { "," } else { "" };
    let _ = write!(notes, "{comma}[{},{path}{}{saw}]", person.unwrap_or(0), if saw.is_empty() { "" } else { "," });
}

/// Reads again what [`note_person`] wrote.
pub(super) fn people_of(
    why: Option<&Json>,
    labels: &[&str],
    conditions: &[&Condition],
    names: &dyn Names,
) -> Vec<PersonWhy> {
    let noted = why.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_array);
    noted
        .filter_map(|note| {
            let [person, path, saw @ ..] = note.as_slice() else { return None };
            let path = usize::try_from(path.as_u64()?).ok()?;
            let tried = conditions.iter().zip(labels).zip(saw);
            Some(PersonWhy {
                person: names.person(person.as_i64()?),
                path: labels.get(path).map(|label| (*label).to_owned()),
                tried: tried.map(|((when, label), notes)| Tried::read(label, when, notes)).collect(),
            })
        })
        .collect()
}
