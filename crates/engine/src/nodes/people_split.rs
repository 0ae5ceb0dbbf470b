//! *Split paths* by people in an account journey: a closed box. People are assigned to its paths once, when the account
//! enters it.

use caravan_catalog::Subject;
use caravan_model::condition::Condition;
use caravan_model::journey::{self, NodeId, OTHER};
use serde_json::Value as Json;

use super::Step;
use super::boxes::{BoxPath, note_person, people_of};
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here};
use crate::why::{Names, Why};

struct PeopleSplit {
    paths: Vec<(Condition, BoxPath)>,
    /// For the rest; none: they skip to the end of the box.
    other: Option<BoxPath>,
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::Split) -> Option<(Box<dyn Step>, Looks)> {
    let at = c.pointer(id);
    let mut looks = c.with_people(Looks::default(), true);
    let mut paths = Vec::new();
    for (n, path) in it.paths.iter().enumerate() {
        let when = c.when(id, it.by, n, path.when.as_ref())?;
        looks.at(&when);
        let place = format!("{at}/paths/{n}");
        let boxed = BoxPath::compile(c, id, &path.label, &place, path.actions.as_deref(), &mut looks)?;
        paths.push((when, boxed));
    }
    let other = match &it.other {
        Some(branch) => {
            let place = format!("{at}/other");
            Some(BoxPath::compile(c, id, OTHER, &place, branch.actions.as_deref(), &mut looks)?)
        }
        None => None,
    };
    let next = it.next.as_ref().and_then(|next| c.target(next));
    Some((Box::new(PeopleSplit { paths, other, next }), looks))
}

impl Step for PeopleSplit {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let mut lanes: Vec<Vec<Subject>> = vec![Vec::new(); self.paths.len() + 1];
        let mut notes = String::from("[");
        for person in here.subjects(true) {
            let mut saw = String::new();
            let lane = self.paths.iter().position(|(when, _)| self.tries(here, when, person, &mut saw));
            let lane = lane.unwrap_or(self.paths.len());
            note_person(&mut notes, here.person_id(person), lane, &saw);
            lanes[lane].push(person);
        }
        notes.push(']');
        here.visits.why(&notes);
        let boxes = self.paths.iter().map(|(_, path)| path).chain(&self.other);
        for (path, people) in boxes.zip(&lanes) {
            path.run(here, people);
        }
        Flow::Go(None, self.next)
    }

    fn explain(&self, why: Option<&Json>, _path: Option<&str>, names: &dyn Names) -> Option<Why> {
        let conditions: Vec<&Condition> = self.paths.iter().map(|(when, _)| when).collect();
        let rest = self.other.as_ref().map(|path| path.label.as_str());
        let labels: Vec<&str> = self.paths.iter().map(|(_, path)| path.label.as_str()).chain(rest).collect();
        let people = people_of(why, &labels, &conditions, names);
        let said = "The account passed whole; each of its people took the first path whose condition held.";
        Some(Why { people, ..Why::said(said) })
    }
}

impl PeopleSplit {
    fn tries(&self, here: &Here<'_, '_>, when: &Condition, person: Subject, saw: &mut String) -> bool {
        let mut notes = String::new();
        let held = here.holds_noting(when, person, &mut notes);
        if !saw.is_empty() {
            saw.push(',');
        }
        saw.push('[');
        saw.push_str(&notes);
        saw.push(']');
        held
    }
}
