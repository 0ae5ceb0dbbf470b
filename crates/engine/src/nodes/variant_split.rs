//! *Variant split*: accounts by quota, the people of an account in one batch as a closed box, people in person journeys
//! by their key. How shares are counted stands in [`shares`].

use caravan_catalog::Subject;
use caravan_model::journey::shares::{batch_counts, bucket, path_of_key, quota_sequence};
use caravan_model::journey::{self, NodeId, VariantPath};
use serde_json::Value as Json;

use super::Step;
use super::boxes::{BoxPath, note_person, people_of};
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here};
use crate::why::{Names, Why};

/// Accounts: each gets the next number of the node.
struct Quota {
    paths: Vec<(String, Target)>,
    /// The path of every number modulo a hundred.
    sequence: Vec<usize>,
}

/// People in person journeys: the same person always takes the same path.
struct ByKey {
    paths: Vec<(String, Target)>,
    percents: Vec<i64>,
}

/// The people of an account.
struct VariantBox {
    paths: Vec<BoxPath>,
    percents: Vec<i64>,
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::VariantSplit) -> Option<(Box<dyn Step>, Looks)> {
    let percents: Vec<i64> = it.paths.iter().map(|path| path.percent).collect();
    if c.subject() == journey::Subject::Account && it.by == journey::Subject::Person {
        return compile_box(c, id, it, percents);
    }
    let target = |path: &VariantPath| (path.label.clone(), path.next.as_ref().and_then(|next| c.target(next)));
    let paths: Vec<(String, Target)> = it.paths.iter().map(target).collect();
    if c.subject() == journey::Subject::Person {
        return Some((Box::new(ByKey { paths, percents }), Looks::default()));
    }
    let looks = Looks { counters: c.number(id).into_iter().collect(), ..Looks::default() };
    Some((Box::new(Quota { paths, sequence: quota_sequence(&percents) }), looks))
}

fn compile_box(
    c: &mut Compiler<'_>,
    id: &NodeId,
    it: &journey::VariantSplit,
    percents: Vec<i64>,
) -> Option<(Box<dyn Step>, Looks)> {
    let at = c.pointer(id);
    let mut looks = c.with_people(Looks::default(), true);
    let mut paths = Vec::new();
    for (n, path) in it.paths.iter().enumerate() {
        let place = format!("{at}/paths/{n}");
        paths.push(BoxPath::compile(c, id, &path.label, &place, path.actions.as_deref(), &mut looks)?);
    }
    let next = it.next.as_ref().and_then(|next| c.target(next));
    Some((Box::new(VariantBox { paths, percents, next }), looks))
}

impl Step for Quota {
    fn targets(&self) -> Vec<Target> {
        self.paths.iter().map(|(_, next)| *next).collect()
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let number = here.walker.counters.take(here.plan.version, here.node as i64);
        here.visits.why(&number.to_string());
        let place = usize::try_from(number.rem_euclid(100)).unwrap_or(0);
        let (label, next) = &self.paths[self.sequence.get(place).copied().unwrap_or(0)];
        Flow::Go(Some(label.clone()), *next)
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        let number = why?.as_i64()? + 1;
        Some(Why::said(format!("It was traveller number {number} here, and the quota gave `{}` its turn.", path?)))
    }
}

impl Step for ByKey {
    fn targets(&self) -> Vec<Target> {
        self.paths.iter().map(|(_, next)| *next).collect()
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let Subject::Person(ix) = here.t.subject else { return Flow::End("no_path") };
        let key = here.walker.world.person(ix).key.clone();
        here.visits.why(&bucket(&key, &here.plan.key).to_string());
        let (label, next) = &self.paths[path_of_key(&self.percents, &key, &here.plan.key)];
        Flow::Go(Some(label.clone()), *next)
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        let bucket = why?.as_i64()?;
        Some(Why::said(format!("Its key falls into bucket {bucket} of 10000, which is in the range of `{}`.", path?)))
    }
}

impl Step for VariantBox {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let people = here.subjects(true);
        let mut rest = people.as_slice();
        let mut notes = String::from("[");
        for (at, (path, count)) in self.paths.iter().zip(batch_counts(&self.percents, people.len())).enumerate() {
            let (own, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            own.iter().for_each(|&person| note_person(&mut notes, here.person_id(person), at, ""));
            path.run(here, own);
        }
        notes.push(']');
        here.visits.why(&notes);
        Flow::Go(None, self.next)
    }

    fn explain(&self, why: Option<&Json>, _path: Option<&str>, names: &dyn Names) -> Option<Why> {
        let labels: Vec<&str> = self.paths.iter().map(|path| path.label.as_str()).collect();
        let people = people_of(why, &labels, &[], names);
        Some(Why {
            people,
            ..Why::said("The account passed whole; its people were shared out over the paths in order.")
        })
    }
}
