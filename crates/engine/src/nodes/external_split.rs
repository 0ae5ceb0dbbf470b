//! *External split*: a service is called, and its answer chooses the path. By people it is a closed box: each person takes
//! the path of its own answer, or `failed`.

use caravan_catalog::Subject;
use caravan_model::PersonId;
use caravan_model::condition::{FieldTest, read_fields};
use caravan_model::journey::{self, Branch, FAILED, NodeId, OTHER};
use serde_json::{Map, Value as Json};

use super::Step;
use super::boxes::{BoxPath, note_person, people_of};
use super::calls::{Calls, Service, pass_over};
use super::external_action::answers_in_words;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Kept, Stay};
use crate::why::{Names, Why};

struct ExternalSplit {
    service: Service,
    /// What the answer must be like, in order.
    paths: Vec<(String, Vec<FieldTest>)>,
    ways: Ways,
}

/// Where the paths lead.
enum Ways {
    /// Each goes on by itself: those of the answers, `other`, `failed`.
    Open { paths: Vec<Target>, other: Option<Target>, failed: Option<Target> },
    /// People take them, the account passes whole.
    Box { paths: Vec<BoxPath>, other: Option<BoxPath>, failed: Option<BoxPath>, next: Target },
}

pub(super) fn compile(
    c: &mut Compiler<'_>,
    id: &NodeId,
    it: &journey::ExternalSplit,
) -> Option<(Box<dyn Step>, Looks)> {
    let at = c.pointer(id);
    let (service, mut looks) = Service::compile(c, id, &it.service, it.by, true, &it.values)?;
    let service =
        service.told_of(it.paths.iter().map(|path| (path.label.as_str(), path.when.as_ref().unwrap_or(&Json::Null))));
    let mut paths = Vec::new();
    for (n, path) in it.paths.iter().enumerate() {
        let when = path.when.clone().unwrap_or_default();
        let read = read_fields(&when, &format!("{at}/paths/{n}/when"), &it.service);
        paths.push((path.label.clone(), c.keep(id, "", read)?.0));
    }
    let ways = if it.by == journey::Subject::Person {
        let mut boxed = Vec::new();
        for (n, path) in it.paths.iter().enumerate() {
            let place = format!("{at}/paths/{n}");
            boxed.push(BoxPath::compile(c, id, &path.label, &place, path.actions.as_deref(), &mut looks)?);
        }
        let other = box_branch(c, id, OTHER, it.other.as_ref(), &mut looks)?;
        let failed = box_branch(c, id, FAILED, it.failed.as_ref(), &mut looks)?;
        Ways::Box { paths: boxed, other, failed, next: it.next.as_ref().and_then(|next| c.target(next)) }
    } else {
        Ways::Open {
            paths: it.paths.iter().map(|path| path.next.as_ref().and_then(|next| c.target(next))).collect(),
            other: it.other.as_ref().map(|branch| c.branch(branch)),
            failed: it.failed.as_ref().map(|branch| c.branch(branch)),
        }
    };
    Some((Box::new(ExternalSplit { service, paths, ways }), looks))
}

/// A branch that was left out is none; the outer option says whether it could be compiled.
fn box_branch(
    c: &mut Compiler<'_>,
    id: &NodeId,
    key: &str,
    branch: Option<&Branch>,
    looks: &mut Looks,
) -> Option<Option<BoxPath>> {
    let Some(branch) = branch else { return Some(None) };
    let place = format!("{}/{key}", c.pointer(id));
    BoxPath::compile(c, id, key, &place, branch.actions.as_deref(), looks).map(Some)
}

impl Step for ExternalSplit {
    fn targets(&self) -> Vec<Target> {
        match &self.ways {
            Ways::Open { paths, other, failed } => paths.iter().copied().chain(*other).chain(*failed).collect(),
            Ways::Box { next, .. } => vec![*next],
        }
    }

    fn waits(&self) -> bool {
        true
    }

    fn acts(&self) -> bool {
        true
    }

    fn asks_of_answer(&self, path: &str) -> Option<&[FieldTest]> {
        self.paths.iter().find(|(label, _)| label == path).map(|(_, tests)| tests.as_slice())
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        self.service
            .call(here)
            .unwrap_or(Flow::Stay(Stay { memory: Some(Calls::default().stored()), ..Stay::until(here.now()) }))
    }

    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        let (calls, due_at) = self.service.take(here, &|here, variables| self.path_of(here, variables));
        if !calls.waiting.is_empty() {
            return Flow::Stay(Stay { due_at, listening: false, memory: Some(calls.stored()) });
        }
        self.go(here, &calls)
    }

    /// Nobody is waited for any more. An open split has no answer then: it takes `other`, or goes as if the time were over. In
    /// a box people take the paths of the answers that have come, the others none.
    fn skip(&self, here: &mut Here<'_, '_>) -> Flow {
        let (calls, _) = self.service.take(here, &|here, variables| self.path_of(here, variables));
        pass_over(here, &calls.waiting);
        match &self.ways {
            Ways::Open { other: Some(other), .. } if !calls.waiting.is_empty() => {
                Flow::Go(Some(OTHER.to_owned()), *other)
            }
            _ => self.go(here, &calls),
        }
    }

    fn mind(&self, here: &mut Here<'_, '_>) -> Option<Kept> {
        self.service.mind(here, &|here, variables| self.path_of(here, variables))
    }

    fn awaits(&self, memory: Option<&str>) -> Option<String> {
        Some(Calls::of(memory).in_words())
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, names: &dyn Names) -> Option<Why> {
        if let Ways::Box { .. } = self.ways {
            let paths = self.paths.iter().map(|(label, _)| label.as_str());
            let labels: Vec<&str> = paths.chain([OTHER, FAILED]).collect();
            let people = people_of(why, &labels, &[], names);
            let said = "The account passed whole; each of its people took the path that the service's answer chose.";
            return Some(Why { people, ..Why::said(said) });
        }
        let answers = answers_in_words(why)?;
        Some(Why::said(match path {
            Some(path) => format!("{answers} It took `{path}`."),
            None => answers,
        }))
    }

    fn goes_on(&self) -> Vec<String> {
        vec!["The service answers for everybody, or its time is over.".to_owned()]
    }
}

impl ExternalSplit {
    /// The first path that the variables meet; one past the last when none does.
    fn path_of(&self, here: &Here<'_, '_>, variables: &Map<String, Json>) -> usize {
        let context = here.context();
        let met = self.paths.iter().position(|(_, tests)| FieldTest::all_hold(tests, variables, &context));
        met.unwrap_or(self.paths.len())
    }

    fn go(&self, here: &mut Here<'_, '_>, calls: &Calls) -> Flow {
        match &self.ways {
            Ways::Open { paths, other, failed } => {
                here.visits.why(&calls.stored());
                self.choose(calls, paths, *other, *failed)
            }
            Ways::Box { paths, other, failed, next } => {
                run_box(here, calls, paths, other.as_ref(), failed.as_ref());
                Flow::Go(None, *next)
            }
        }
    }

    fn choose(&self, calls: &Calls, paths: &[Target], other: Option<Target>, failed: Option<Target>) -> Flow {
        match calls.done.first() {
            Some(&(_, at)) if at < paths.len() => Flow::Go(Some(self.paths[at].0.clone()), paths[at]),
            Some(_) => match other {
                Some(target) => Flow::Go(Some(OTHER.to_owned()), target),
                None => Flow::End("no_path"),
            },
            None => match failed {
                Some(target) => Flow::Go(Some(FAILED.to_owned()), target),
                None => Flow::End("timed_out"),
            },
        }
    }
}

/// Everybody takes the path of its answer; people who have left the account meanwhile take none.
fn run_box(
    here: &mut Here<'_, '_>,
    calls: &Calls,
    paths: &[BoxPath],
    other: Option<&BoxPath>,
    failed: Option<&BoxPath>,
) {
    let failed_lane = paths.len() + 1;
    let mut lanes: Vec<Vec<Subject>> = vec![Vec::new(); paths.len() + 2];
    let mut notes = String::from("[");
    let failures = calls.failed.iter().map(|(person, _)| (*person, failed_lane));
    for (person, lane) in calls.done.iter().copied().chain(failures) {
        if let Some(ix) = here.walker.world.person_ix(PersonId(person)) {
            lanes[lane].push(Subject::Person(ix));
            note_person(&mut notes, Some(person), lane, "");
        }
    }
    notes.push(']');
    here.visits.why(&notes);
    let boxes = paths.iter().map(Some).chain([other, failed]);
    for (path, people) in boxes.zip(&lanes) {
        if let Some(path) = path {
            path.run(here, people);
        }
    }
}
