//! What a trip did, step by step, and what it waits for.

use std::collections::{BTreeMap, HashMap};

use caravan_model::EnrollmentId;
use caravan_model::clock::told;
use caravan_store::journeys::{self, EffectOutcome, Move, Problem};
use caravan_store::step::EnrollmentRow;
use caravan_store::{Session, StoreError, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::held::{HeldMessages, Sum};
use super::map::titles;
use super::travellers::{SubjectRef, shown};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::deliver::Holds;
use crate::live::Live;
use crate::plan::Plan;
use crate::walk::{Cause, HELD_OUT, StoredVisit, unparked};
use crate::why::{Names, TurnedDown, Why};

/// One stay of a trip at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The node's number.
    pub node: i64,
    /// When it arrived.
    pub arrived: Timestamp,
    /// When it left.
    pub left: Option<Timestamp>,
    /// By which path.
    pub path: Option<String>,
    /// How the trip ended, when it ended here.
    pub ended: Option<String>,
    /// What was done: outcome as counted → people.
    pub outcomes: BTreeMap<String, Vec<i64>>,
    /// What a people box did inside: the box action, and its outcomes.
    pub inside: Vec<(i64, BTreeMap<String, Vec<i64>>)>,
    /// Why it left as it did, in the node's own form.
    pub why: Option<Json>,
    /// What brought it in, or who moved it by hand.
    pub cause: Option<Cause>,
}

impl Visit {
    /// What was done at a node, or by an action of the people box that it is; none where this is another's stay.
    pub(super) fn acted_at(&self, number: i64) -> Option<&BTreeMap<String, Vec<i64>>> {
        let inside = self.inside.iter().find(|(action, _)| *action == number).map(|(_, outcomes)| outcomes);
        inside.or_else(|| Some(&self.outcomes).filter(|_| self.node == number))
    }
}

/// The stays of a trip from its moves, in order.
pub fn visits_of(moves: &[Move]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for step in moves {
        let stored = StoredVisit::read(&step.visits).unwrap_or_default();
        let last = stored.len().saturating_sub(1);
        for (at, visit) in stored.into_iter().enumerate() {
            // The first node of a later step is where the one before came to rest.
            let known = visits.last().is_some_and(|v| at == 0 && v.node == visit.node && v.left.is_none());
            if !known {
                visits.push(Visit {
                    node: visit.node,
                    arrived: step.at,
                    left: None,
                    path: None,
                    ended: None,
                    outcomes: BTreeMap::new(),
                    inside: Vec::new(),
                    why: None,
                    cause: None,
                });
            }
            if let Some(current) = visits.last_mut() {
                current.left = (at < last || visit.ended.is_some()).then_some(step.at);
                current.path = visit.path;
                current.ended = visit.ended;
                settle_pending(&mut current.outcomes, visit.outcomes);
                current.inside.extend(visit.inside.into_iter().map(|inner| (inner.node, inner.outcomes)));
                current.why = visit.why.or(current.why.take());
                current.cause = visit.cause.or(current.cause.take());
            }
        }
    }
    visits
}

/// Outcomes of a later step at the same node: who was pending and has one now is pending no more.
fn settle_pending(known: &mut BTreeMap<String, Vec<i64>>, later: BTreeMap<String, Vec<i64>>) {
    const PENDING: &str = "pending";
    if let Some(pending) = known.get_mut(PENDING).filter(|_| !later.is_empty()) {
        pending.retain(|person| !later.values().any(|settled| settled.contains(person)));
        if pending.is_empty() {
            known.remove(PENDING);
        }
    }
    for (outcome, people) in later {
        known.entry(outcome).or_default().extend(people);
    }
}

/// A trip from beginning to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TripTimeline {
    /// The trip.
    pub id: String,
    /// Who travels.
    pub traveller: SubjectRef,
    /// The journey's key.
    pub journey: String,
    /// The version that it follows.
    pub version: i64,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// `active` or `ended`.
    #[schemars(extend("enum" = ["active", "ended"]))]
    pub state: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it entered.
    pub entered_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it waits for.
    pub waiting: Option<Waiting>,
    /// Why it is where it is, and what would have to change.
    pub here: WhyHere,
    /// Its messages that something holds back, by what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldMessages>,
    /// What happened, oldest first.
    pub items: Vec<TimelineItem>,
}

/// Why a trip is where it is. From what was noted when each node decided, not from today's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WhyHere {
    /// The node at which it stands or ended.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// The version that it follows.
    pub version: i64,
    /// When it arrived there.
    pub arrived_at: Timestamp,
    /// From which node it came; none: it entered here.
    pub from: Option<String>,
    /// By which path it came, or how the trip ended.
    pub path: Option<String>,
    /// Why it came here, or why it ended here: what the node before, or this one, decided.
    pub why: Option<Why>,
    /// What would have to happen, or to have been different, for it to be elsewhere.
    pub to_change: Vec<String>,
    /// At a listener: the latest activities that it heard here and that did not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turned_down: Vec<TurnedDown>,
}

/// What a trip waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// The node.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// For which activities.
    pub event: Option<String>,
}

/// One thing that happened on a trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineItem {
    /// When.
    pub at: Timestamp,
    /// `entered`, `arrived`, `acted`, `moved` or `ended`.
    #[schemars(extend("enum" = ["entered", "arrived", "acted", "moved", "ended", "problem"]))]
    pub kind: String,
    /// The node.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// The path taken, or how the trip ended.
    pub path: Option<String>,
    /// What was done, per person or once for the account.
    pub outcomes: Vec<TimelineOutcome>,
    /// What more there is to say: why the trip stands at a problem.
    pub detail: Option<String>,
    /// Why it entered, left or ended so.
    pub why: Option<Why>,
    /// Who did it by hand.
    pub by: Option<String>,
}

/// What became of one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineOutcome {
    /// For whom; none: for the account.
    pub person: Option<SubjectRef>,
    /// For which colleague, of a sales alert: their address.
    pub address: Option<String>,
    /// `done`, `pending`, `no_op`, `skipped`, `failed`, `in_doubt`, or `bounced` where a sales alert came back from a colleague.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// In words, where there is more to say.
    pub message: Option<String>,
    /// When it was decided, where that was later.
    pub at: Option<Timestamp>,
    /// Until when it is held, where it is pending and that is known; `reason` says by what.
    pub until: Option<Timestamp>,
}

/// The timeline of a trip of a journey.
pub fn timeline(engine: &Engine, key: &str, trip: EnrollmentId) -> Result<TripTimeline, DefinitionError> {
    engine.store().read(|s| {
        let unknown = || DefinitionError::Unknown { kind: "trip".to_owned(), key: trip.to_string() };
        let row = step::enrollments(s, &[trip])?.pop().ok_or_else(unknown)?;
        let live = engine.live(s)?;
        let plan = live.plan(s, row.version)?.filter(|plan| &*plan.key == key).ok_or_else(unknown)?;
        let visits = visits_of(&journeys::moves(s, trip)?);
        let mut effects = journeys::effects_of_trips(s, &[trip.0])?.remove(&trip).unwrap_or_default();
        let paused = live.journeys.get(&plan.journey).is_some_and(|journey| journey.paused);
        let (held, until) = held(s, &live, paused, &mut effects)?;
        let memory = row.memory.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let people = people_named(s, &visits, memory.as_ref())?;
        let titles = titles(s, &live, row.version)?;
        let active = row.ended_at.is_none();
        let problem = journeys::problem_of(s, trip)?.filter(|_| active);
        Ok(TripTimeline {
            id: trip.to_string(),
            traveller: shown(s, plan.of_people, row.subject)?,
            journey: key.to_owned(),
            version: plan.version_no,
            entry: row.entry,
            state: if active { "active" } else { "ended" }.to_owned(),
            outcome: row.outcome.clone(),
            entered_at: row.entered_at,
            ended_at: row.ended_at,
            waiting: active.then(|| waiting(&plan, &titles, &row, problem.as_ref())),
            held,
            here: why_here(&plan, &titles, &people, &visits, &row),
            items: visits
                .iter()
                .flat_map(|visit| items(visit, &plan, &titles, &people, (&effects, &until)))
                .chain(problem.map(|problem| stuck(&plan, &titles, problem)))
                .collect(),
        })
    })
}

/// What holds a trip's messages: added up, and for each of them until when. What holds one is its reason.
fn held(
    s: &mut dyn Session,
    live: &Live,
    paused: bool,
    effects: &mut [EffectOutcome],
) -> Result<(Vec<HeldMessages>, Vec<Option<Timestamp>>), StoreError> {
    if effects.iter().all(|effect| effect.waits.is_none()) {
        return Ok((Vec::new(), Vec::new()));
    }
    let holds = Holds::load(s, live)?;
    let mut sum = Sum::default();
    let mut until = Vec::with_capacity(effects.len());
    for effect in effects {
        let hold = effect.waits.as_ref().and_then(|waits| holds.of(waits, paused));
        until.push(hold.as_ref().and_then(|(_, until)| *until));
        if let Some((reason, until)) = hold {
            effect.reason = Some(reason.clone());
            sum.add((reason, until), 1);
        }
    }
    Ok((sum.all(), until))
}

fn stuck(plan: &Plan, titles: &HashMap<String, String>, problem: Problem) -> TimelineItem {
    let node = plan.node(problem.node).id.clone();
    TimelineItem {
        at: problem.since,
        kind: "problem".to_owned(),
        title: title_of(titles, &node),
        node,
        path: None,
        outcomes: Vec::new(),
        detail: Some(problem.message),
        why: None,
        by: None,
    }
}

fn title_of(titles: &HashMap<String, String>, node: &str) -> String {
    titles.get(node).map_or(node, String::as_str).to_owned()
}

/// What it waits for. While it stands at a problem its row holds the next try; how long its node waits is kept beside.
fn waiting(plan: &Plan, titles: &HashMap<String, String>, row: &EnrollmentRow, problem: Option<&Problem>) -> Waiting {
    let node = plan.node(row.node);
    // Before its first step the memory says why it entered.
    let paced = row.seq > 0 && problem.is_none() && !node.step.waits() && row.due_at.is_some();
    let event = match row.seq > 0 {
        true if paced => Some("its turn: the connection has enough to send for now".to_owned()),
        true => node.step.awaits(row.memory.as_deref()),
        false => None,
    };
    let due_at = problem.map_or(row.due_at, |problem| problem.due_at);
    Waiting { node: node.id.clone(), title: title_of(titles, &node.id), until: due_at.map(unparked), event }
}

fn why_here(
    plan: &Plan,
    titles: &HashMap<String, String>,
    people: &People,
    visits: &[Visit],
    row: &EnrollmentRow,
) -> WhyHere {
    let node = plan.node(row.node);
    let ended = visits.last().filter(|visit| visit.ended.is_some());
    let before = visits.len().checked_sub(2).map(|at| &visits[at]);
    // Whoever ended was sent away by the node at which it stands; whoever waits was sent here by the one before.
    let decided = ended.or(before).or(visits.last());
    let why = decided.and_then(|visit| explain(plan, people, visit));
    let mut to_change: Vec<String> = Vec::new();
    if row.ended_at.is_none() {
        to_change.extend(node.step.goes_on());
    }
    for tried in why.iter().flat_map(|why| &why.tried) {
        to_change.extend(
            tried.to_change.as_ref().map(|lacking| format!("It would have taken `{}` with: {lacking}.", tried.path)),
        );
    }
    WhyHere {
        node: node.id.clone(),
        title: title_of(titles, &node.id),
        version: plan.version_no,
        arrived_at: visits.last().map_or(row.entered_at, |visit| visit.arrived),
        from: before.map(|visit| plan.node(visit.node).id.clone()),
        path: match ended {
            Some(visit) => visit.ended.clone(),
            None => before.and_then(|visit| visit.path.clone()),
        },
        why,
        to_change,
        turned_down: match row.ended_at {
            None if row.seq > 0 => node.step.turned_down(row.memory.as_deref(), people),
            _ => Vec::new(),
        },
    }
}

/// Why a visit ended as it did: by hand, by what brought the traveller in, or by what the node decided.
fn explain(plan: &Plan, people: &People, visit: &Visit) -> Option<Why> {
    match &visit.cause {
        Some(Cause::Hand { by, deed }) => return Some(Why::said(by_hand(deed, by))),
        Some(Cause::Gone) => return Some(Why::said(GONE)),
        _ => {}
    }
    if visit.ended.as_deref() == Some(HELD_OUT) {
        let said = "It belongs to the part of the audience that is held out: it enters and is only counted.";
        return Some(Why::said(said));
    }
    if visit.node == 0 {
        return Some(Why::said(entered(visit.cause.as_ref())));
    }
    plan.node(visit.node).step.explain(visit.why.as_ref(), visit.path.as_deref(), people)
}

fn by_hand(deed: &str, by: &str) -> String {
    let did = match deed {
        "enter" => "let it in",
        "skip" => "ended its wait",
        "remove" => "took it out",
        "leave_out" => "left out the node that had failed",
        other => other,
    };
    format!("{by} {did} by hand.")
}

/// Why a trip ended whose traveller was deleted from the tables by hand.
const GONE: &str = "Its account or person is no longer there.";

fn entered(cause: Option<&Cause>) -> String {
    match cause {
        None | Some(Cause::Audience) => "It belongs to the audience.".to_owned(),
        Some(Cause::Again) => "It still belonged to the audience when the delay before re-entry was over.".to_owned(),
        Some(Cause::Event { kind, at, .. }) => {
            format!("`{kind}` happened at {}, which the journey begins with.", told(*at))
        }
        Some(Cause::Journey { journey }) => format!("The journey `{journey}` sent it here."),
        Some(Cause::Hand { by, deed }) => by_hand(deed, by),
        Some(Cause::Gone) => GONE.to_owned(),
    }
}

/// The people that a trip's moves name.
pub(super) struct People(HashMap<i64, SubjectRef>);

impl Names for People {
    fn person(&self, id: i64) -> SubjectRef {
        let gone = || SubjectRef { subject: "person".to_owned(), key: String::new(), name: format!("(deleted, {id})") };
        self.0.get(&id).cloned().unwrap_or_else(gone)
    }
}

/// The people whom stays name.
pub(super) fn people_named(s: &mut dyn Session, visits: &[Visit], memory: Option<&Json>) -> Result<People, StoreError> {
    let mut ids: Vec<i64> = visits
        .iter()
        .flat_map(|visit| visit.outcomes.values().chain(visit.inside.iter().flat_map(|(_, o)| o.values())))
        .flatten()
        .copied()
        .chain(visits.iter().filter_map(|visit| visit.why.as_ref()).chain(memory).flat_map(people_in_notes))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(People(HashMap::new()));
    }
    let shown = journeys::shown_people(s, &ids)?.into_iter();
    let named = shown.map(|p| (p.id, SubjectRef { subject: "person".to_owned(), key: p.key, name: p.name }));
    Ok(People(named.collect()))
}

/// People whom a node's own notes name: those of a box, and whoever was heard.
fn people_in_notes(notes: &Json) -> Vec<i64> {
    match notes {
        Json::Array(notes) => notes.iter().filter_map(|note| note.get(0)?.as_i64()).collect(),
        Json::Object(note) => {
            let heard = [Some(notes), note.get("enough")].into_iter().flatten();
            let turned_down = note.get("turned_down").and_then(Json::as_array).into_iter().flatten();
            heard.chain(turned_down).filter_map(|activity| activity.get("person")?.as_i64()).collect()
        }
        _ => Vec::new(),
    }
}

fn items(
    visit: &Visit,
    plan: &Plan,
    titles: &HashMap<String, String>,
    people: &People,
    effects: (&[EffectOutcome], &[Option<Timestamp>]),
) -> Vec<TimelineItem> {
    let why = explain(plan, people, visit);
    let by = visit.cause.as_ref().and_then(|cause| match cause {
        Cause::Hand { by, .. } => Some(by.clone()),
        _ => None,
    });
    let item = |at, kind: &str, node: i64, path: Option<String>, outcomes| TimelineItem {
        at,
        kind: kind.to_owned(),
        node: plan.node(node).id.clone(),
        title: title_of(titles, &plan.node(node).id),
        path,
        outcomes,
        detail: None,
        why: None,
        by: None,
    };
    let arrived = if visit.node == 0 { "entered" } else { "arrived" };
    let mut items = vec![item(visit.arrived, arrived, visit.node, None, Vec::new())];
    if visit.node == 0 {
        items[0].why.clone_from(&why);
        items[0].by.clone_from(&by);
    }
    let done = |node: i64, outcomes: &BTreeMap<String, Vec<i64>>| outcomes_of(node, outcomes, people, effects);
    if !visit.outcomes.is_empty() {
        items.push(item(visit.arrived, "acted", visit.node, None, done(visit.node, &visit.outcomes)));
    }
    for (boxed, outcomes) in &visit.inside {
        items.push(item(visit.arrived, "acted", *boxed, None, done(*boxed, outcomes)));
    }
    match (&visit.ended, visit.left) {
        (Some(outcome), Some(at)) => {
            let path = Some(outcome.clone());
            items.push(TimelineItem { why, by, ..item(at, "ended", visit.node, path, Vec::new()) });
        }
        (None, Some(at)) => {
            let path = visit.path.clone();
            items.push(TimelineItem { why, by, ..item(at, "moved", visit.node, path, Vec::new()) });
        }
        _ => {}
    }
    items
}

/// Each execution's outcome; one that was queued is told by its effect.
pub(super) fn outcomes_of(
    node: i64,
    outcomes: &BTreeMap<String, Vec<i64>>,
    people: &People,
    (effects, until): (&[EffectOutcome], &[Option<Timestamp>]),
) -> Vec<TimelineOutcome> {
    let mut all = Vec::new();
    for (counted, ids) in outcomes {
        let (outcome, reason) = match counted.split_once(':') {
            Some((outcome, reason)) => (outcome, Some(reason.to_owned())),
            None => (counted.as_str(), None),
        };
        let persons: Vec<Option<i64>> =
            if ids.is_empty() { vec![None] } else { ids.iter().copied().map(Some).collect() };
        for person in persons {
            let told = effects.iter().position(|e| outcome == "pending" && e.node == node && e.person == person);
            let effect = told.and_then(|n| effects.get(n));
            let recipients = effect.map(|effect| effect.recipients.as_slice()).unwrap_or_default();
            all.extend(recipients.iter().map(|recipient| TimelineOutcome {
                person: None,
                address: Some(recipient.address.clone()),
                outcome: recipient.outcome.clone(),
                reason: recipient.reason.clone(),
                message: recipient.message.clone(),
                at: Some(recipient.at),
                until: None,
            }));
            if !recipients.is_empty() {
                continue;
            }
            all.push(TimelineOutcome {
                address: None,
                person: person.map(|id| people.person(id)),
                outcome: effect.map_or(outcome, |e| e.outcome.as_str()).to_owned(),
                reason: effect.map_or_else(|| reason.clone(), |e| e.reason.clone()),
                message: effect.and_then(|e| e.message.clone()),
                at: effect.map(|e| e.at),
                until: told.and_then(|n| until.get(n).copied().flatten()),
            });
        }
    }
    all
}
