//! What external actions and external splits share: calling a service for an account or its people, and waiting for all
//! of them.

use std::collections::BTreeMap;

use caravan_catalog::changes::NewEffect;
use caravan_catalog::{Definition, Outcome, Subject};
use caravan_model::attribute::{AttributeNo, Subject as Owner};
use caravan_model::document::DocumentKind;
use caravan_model::duration::{Duration, Unit};
use caravan_model::journey::NodeId;
use caravan_model::value::Value;
use caravan_model::{Finding, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::compile::Compiler;
use crate::external::{ANSWERED, Answer, Answered, CALL, Call, CallKey, NO_LONGER_AWAITED, TIMED_OUT};
use crate::plan::Looks;
use crate::tallies::Counted;
use crate::walk::{Flow, Here, Kept, Outcomes, PARKED, Stay, is_parked, quoted};

/// How long a service may take when it does not say.
const DEFAULT_HOURS: u32 = 1;

/// A service, ready to be called.
pub(super) struct Service {
    key: String,
    on_people: bool,
    timeout: Duration,
    values: Map<String, Json>,
    /// The service's name for it, and what it is of ours.
    outgoing: Vec<(String, Owner, AttributeNo)>,
    /// What it is of ours, and the service's name for it.
    incoming: Vec<(Owner, AttributeNo, String)>,
    /// The paths of a split as the service reads them.
    paths: Vec<Json>,
}

/// Who was called for: a person by id, or the account.
type Entity = i64;
const ACCOUNT: Entity = 0;

/// What became of whom.
type Settled = BTreeMap<Counted, Vec<Entity>>;

/// What is kept in mind of a traveller whose calls are under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Calls {
    /// Not answered yet.
    pub waiting: Vec<Entity>,
    /// Answered, with the path that the answer chose.
    pub done: Vec<(Entity, usize)>,
    /// Failed, with the code.
    pub failed: Vec<(Entity, String)>,
    /// What was counted while the journey was paused, by what it was counted as: the next move notes it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub untold: BTreeMap<String, Vec<Entity>>,
}

impl Calls {
    pub fn of(memory: Option<&str>) -> Self {
        memory.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How many are under way, and of how many.
    pub fn in_words(&self) -> String {
        let all = self.waiting.len() + self.done.len() + self.failed.len();
        format!("the answers of {} of {all} calls", self.waiting.len())
    }
}

impl Service {
    /// The service with this key, if it can do what the node asks of it.
    pub fn compile(
        c: &mut Compiler<'_>,
        id: &NodeId,
        key: &str,
        on: Owner,
        splits: bool,
        values: &Map<String, Json>,
    ) -> Option<(Self, Looks)> {
        let pointer = format!("{}/service", c.pointer(id));
        let found = c.definitions().find(DocumentKind::ExternalAction, key, &pointer).cloned();
        let found = c.keep(id, "", found.map_err(|finding| vec![finding]))?;
        c.keep(id, "", fits(&found, on, splits, &pointer))?;
        let mut service = Self {
            key: key.to_owned(),
            on_people: on == Owner::Person,
            timeout: found.text("timeout").and_then(|text| text.parse().ok()).unwrap_or_else(default_timeout),
            values: found.body.get("values").and_then(Json::as_object).cloned().unwrap_or_default(),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            paths: Vec::new(),
        };
        service.values.extend(values.clone());
        let mapped = |field: &str| found.body.get(field).and_then(Json::as_object).cloned().unwrap_or_default();
        for (theirs, ours) in mapped("outgoing") {
            let (owner, no) = c.attribute(id, on, ours.as_str().unwrap_or_default(), &pointer)?;
            service.outgoing.push((theirs, owner, no));
        }
        for (ours, theirs) in mapped("incoming") {
            let (owner, no) = c.attribute(id, on, &ours, &pointer)?;
            service.incoming.push((owner, no, theirs.as_str().unwrap_or_default().to_owned()));
        }
        let looks = service.looks(c);
        Some((service, looks))
    }

    /// The service is told of these paths: each with its label and the written conditions on its variables.
    pub fn told_of<'a>(mut self, paths: impl Iterator<Item = (&'a str, &'a Json)>) -> Self {
        self.paths = paths.map(|(label, when)| path_config(label, when)).collect();
        self.paths.push(path_config("default", &Json::Null));
        self
    }

    fn looks(&self, c: &Compiler<'_>) -> Looks {
        let mut looks = c.with_people(Looks::default(), self.on_people);
        let ours = self.outgoing.iter().map(|(_, owner, no)| (owner, no));
        for (owner, no) in ours.chain(self.incoming.iter().map(|(owner, no, _)| (owner, no))) {
            match owner {
                Owner::Account => looks.needs.account_attributes.insert(*no),
                Owner::Person => looks.needs.person_attributes.insert(*no),
            };
        }
        looks.needs.writes_people |= self.incoming.iter().any(|(owner, ..)| *owner == Owner::Person);
        looks
    }

    /// Calls for everybody; nobody to call for: nothing.
    pub fn call(&self, here: &mut Here<'_, '_>) -> Option<Flow> {
        let subjects = here.subjects(self.on_people);
        if subjects.is_empty() {
            return None;
        }
        let people: Vec<i64> = subjects.iter().filter_map(|&subject| here.person_id(subject)).collect();
        let due_at = self.timeout.after(here.now(), here.walker.zone);
        for &subject in &subjects {
            let effect = self.effect(here, subject, due_at);
            here.world().changes.effects.push(effect);
        }
        let n = subjects.len() as i64;
        here.count(Counted::Pending, n);
        here.visits.outcomes(&[Outcomes { outcome: Outcome::Pending, times: n, people: people.clone() }]);
        let calls = Calls { waiting: if self.on_people { people } else { vec![ACCOUNT] }, ..Calls::default() };
        Some(Flow::Stay(Stay { due_at: Some(due_at), listening: false, memory: Some(calls.stored()) }))
    }

    fn effect(&self, here: &Here<'_, '_>, subject: Subject, answer_by: Timestamp) -> NewEffect {
        let world = &here.walker.world;
        let visit = here.visit(here.node);
        let person = match subject {
            Subject::Person(ix) => Some(world.person(ix)),
            Subject::Account(_) => None,
        };
        let account = visit.account.map(|ix| world.account(ix));
        let value = |owner: Owner, no: AttributeNo| match (owner, subject, visit.account) {
            (Owner::Person, Subject::Person(ix), _) => world.person_value(ix, no).to_json(),
            (Owner::Account, _, Some(ix)) => world.account_value(ix, no).to_json(),
            _ => Json::Null,
        };
        let call = Call {
            service: self.key.clone(),
            journey: here.plan.key.to_string(),
            node: here.plan.nodes[here.node].id.clone(),
            account: account.map(|account| account.key.clone()).unwrap_or_default(),
            person: person.map(|person| person.key.clone()),
            values: self.values.clone(),
            attributes: self.outgoing.iter().map(|(theirs, owner, no)| (theirs.clone(), value(*owner, *no))).collect(),
            paths: self.paths.clone(),
            answer_by,
        };
        NewEffect {
            lane: format!("{CALL}:{}", self.key),
            kind: CALL,
            key: CallKey { trip: visit.enrollment, node: visit.node, person: person.map(|p| p.id) }.to_string(),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: account.map(|account| account.id),
            person: person.map(|person| person.id),
            body: serde_json::to_string(&call).unwrap_or_default(),
        }
    }

    /// Takes in what was answered, as [`take_in`](Self::take_in) does. Everybody who has not answered when the time is over
    /// has failed.
    pub fn take(
        &self,
        here: &mut Here<'_, '_>,
        path: &dyn Fn(&Here<'_, '_>, &Map<String, Json>) -> usize,
    ) -> (Calls, Option<Timestamp>) {
        let (mut calls, due_at, mut settled) = self.take_in(here, path);
        if due_at.is_some_and(|due| due <= here.now()) && !calls.waiting.is_empty() {
            let silent = std::mem::take(&mut calls.waiting);
            calls.failed.extend(silent.iter().map(|&entity| (entity, TIMED_OUT.to_owned())));
            settled.entry(Counted::Failed(TIMED_OUT.to_owned())).or_default().extend(silent);
        }
        let untold = std::mem::take(&mut calls.untold);
        tell_settled(here, untold, settled);
        (calls, due_at)
    }

    /// What is kept in mind of a traveller whose journey is paused: what was answered counts, and it moves later.
    pub fn mind(
        &self,
        here: &mut Here<'_, '_>,
        path: &dyn Fn(&Here<'_, '_>, &Map<String, Json>) -> usize,
    ) -> Option<Kept> {
        let (mut calls, due_at, settled) = self.take_in(here, path);
        for (counted, entities) in settled {
            count_settled(here, &counted, &entities);
            calls.untold.entry(counted.stored()).or_default().extend(entities);
        }
        Some(Kept { memory: Some(calls.stored()), due_at, moves: calls.waiting.is_empty() })
    }

    /// Takes in what was answered in time; `path` chooses by the answer's variables. Returns the calls, until when they may
    /// still be answered, and what became of whom.
    fn take_in(
        &self,
        here: &mut Here<'_, '_>,
        path: &dyn Fn(&Here<'_, '_>, &Map<String, Json>) -> usize,
    ) -> (Calls, Option<Timestamp>, Settled) {
        let mut calls = Calls::of(here.t.row.memory.as_deref());
        let mut due_at = here.t.row.due_at;
        let mut settled = Settled::new();
        let (t, node) = (here.t, here.node as i64);
        for answered in t.answers.iter().filter(|answered| answered.call.node == node) {
            let entity = answered.call.person.map_or(ACCOUNT, |person| person.0);
            let Some(place) = calls.waiting.iter().position(|waiting| *waiting == entity) else { continue };
            if !t.is_in_time(answered.at) {
                self.tell(here, answered, true);
                continue;
            }
            match &answered.answer {
                Answer::Accepted => {
                    let until = self.timeout.after(answered.at, here.walker.zone);
                    due_at = due_at.map(|due| if is_parked(due) { due.max(until + PARKED) } else { due.max(until) });
                    continue;
                }
                Answer::Succeeded { variables, attributes } => {
                    self.write(here, entity, attributes);
                    calls.done.push((entity, path(here, variables)));
                    settled.entry(Counted::Done).or_default().push(entity);
                }
                Answer::Failed { code, .. } => {
                    calls.failed.push((entity, code.clone()));
                    settled.entry(Counted::Failed(code.clone())).or_default().push(entity);
                }
            }
            calls.waiting.remove(place);
            self.tell(here, answered, false);
        }
        (calls, due_at, settled)
    }

    /// Attributes that the answer carries are written like any other change; what does not fit is left out.
    fn write(&self, here: &mut Here<'_, '_>, entity: Entity, answered: &Map<String, Json>) {
        let origin = here.origin(here.node);
        let account = here.visit(here.node).account;
        let person = here.walker.world.person_ix(PersonId(entity));
        for (owner, no, theirs) in &self.incoming {
            let Some(json) = answered.get(theirs) else { continue };
            let world = here.world();
            let attribute = world.schema.of(*owner).at(*no);
            let Some(value) = attribute.and_then(|attribute| read(attribute, json)) else { continue };
            match (owner, account, person) {
                (Owner::Account, Some(ix), _) => world.set_account_value(ix, *no, value, &origin),
                (Owner::Person, _, Some(ix)) => world.set_person_value(ix, *no, value, &origin),
                _ => false,
            };
        }
    }

    fn tell(&self, here: &mut Here<'_, '_>, answered: &Answered, late: bool) {
        tell(here, answered, Some(&self.key), late);
    }
}

/// The traveller leaves its node before everybody has been answered: whoever is still waited for is waited for no more. What
/// was answered in this very step comes too late.
pub(crate) fn give_up(here: &mut Here<'_, '_>) {
    let Calls { waiting, untold, .. } = Calls::of(here.t.row.memory.as_deref());
    let (t, node) = (here.t, here.node as i64);
    for &entity in waiting.iter().filter(|_| !t.is_gone()) {
        let own = |answered: &&Answered| {
            answered.call.node == node && answered.call.person.map_or(ACCOUNT, |person| person.0) == entity
        };
        if let Some(answered) = t.answers.iter().filter(own).find(|answered| answered.answer != Answer::Accepted) {
            tell(here, answered, None, true);
        }
    }
    tell_settled(here, untold, Settled::new());
    pass_over(here, &waiting);
}

/// Calls that nobody waits for any more.
pub(super) fn pass_over(here: &mut Here<'_, '_>, waiting: &[Entity]) {
    if !waiting.is_empty() {
        let passed = (Counted::Skipped(NO_LONGER_AWAITED.to_owned()), waiting.to_vec());
        tell_settled(here, BTreeMap::new(), Settled::from([passed]));
    }
}

/// What was pending is counted as what became of it, and noted with the move, as is what was counted before a move could be.
fn tell_settled(here: &mut Here<'_, '_>, mut told: BTreeMap<String, Vec<Entity>>, settled: Settled) {
    for (counted, entities) in settled {
        count_settled(here, &counted, &entities);
        told.entry(counted.stored()).or_default().extend(entities);
    }
    for (counted, entities) in told {
        let people: Vec<i64> = entities.into_iter().filter(|entity| *entity != ACCOUNT).collect();
        here.visits.settled(&counted, &people);
    }
}

fn count_settled(here: &mut Here<'_, '_>, counted: &Counted, entities: &[Entity]) {
    here.count(Counted::Pending, -(entities.len() as i64));
    here.count(counted.clone(), entities.len() as i64);
}

fn tell(here: &mut Here<'_, '_>, answered: &Answered, service: Option<&str>, late: bool) {
    let account = here.visit(here.node).account.map(|ix| here.walker.world.account(ix).id);
    let origin = here.origin(here.node);
    let fields = answer_fields(service, &answered.answer, late);
    here.world().tell(ANSWERED, account, answered.call.person, fields, &origin);
}

/// What the stream says of an answer.
pub(crate) fn answer_fields(service: Option<&str>, answer: &Answer, late: bool) -> String {
    let code = match answer {
        Answer::Failed { code, .. } => quoted(code),
        _ => "null".to_owned(),
    };
    let success = matches!(answer, Answer::Succeeded { .. });
    let service = service.map_or_else(|| "null".to_owned(), quoted);
    format!("{{\"service\":{service},\"success\":{success},\"code\":{code},\"late\":{late}}}")
}

fn read(attribute: &caravan_model::attribute::Attribute, json: &Json) -> Option<Value> {
    if json.is_null() {
        return (!attribute.required).then_some(Value::Null);
    }
    attribute.read_json(json).ok()
}

/// The service is about what the node is about, and answers with paths where the node splits.
fn fits(found: &Definition, on: Owner, splits: bool, pointer: &str) -> Result<(), Vec<Finding>> {
    let about = if on == Owner::Person { "people" } else { "account" };
    if found.text("on") != Some(about) {
        let message = format!(
            "The service `{}` is about {}; this node is about {about}. Choose another service.",
            found.key,
            found.text("on").unwrap_or_default()
        );
        return Err(vec![Finding::error("service_wrong_subject", pointer, message)]);
    }
    let answers_with_paths = found.body.get("split").and_then(Json::as_bool).unwrap_or(false);
    if answers_with_paths != splits {
        let message = if splits {
            format!("The service `{}` answers without a choice of paths. Take a service with `split: true`.", found.key)
        } else {
            format!("The service `{}` chooses paths. Use it in an external split, or take another.", found.key)
        };
        return Err(vec![Finding::error("service_wrong_use", pointer, message)]);
    }
    Ok(())
}

/// A path and its conditions in the words of the wire. What those words cannot say is left out: services get it for their
/// information alone.
fn path_config(label: &str, when: &Json) -> Json {
    const WORDS: [(&str, &str); 8] = [
        ("is", "is"),
        ("is_not", "isNot"),
        ("greater_than", "greaterThan"),
        ("at_least", "greaterThanOrEqual"),
        ("less_than", "lessThan"),
        ("at_most", "lessThanOrEqual"),
        ("contains", "contains"),
        ("not_contains", "notContains"),
    ];
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut definition = Vec::new();
    for (accessor, tests) in when.as_object().into_iter().flatten() {
        for (test, value) in tests.as_object().into_iter().flatten() {
            let Some((_, operator)) = WORDS.iter().find(|(ours, _)| ours == test) else { continue };
            let values: Vec<String> =
                value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect());
            definition.push(json!({"accessor": accessor, "operator": operator, "values": values}));
        }
    }
    json!({"pathId": label, "pathDefinition": definition})
}

fn default_timeout() -> Duration {
    // One hour is a duration.
    Duration::new(DEFAULT_HOURS, Unit::Hours).unwrap_or_else(|| unreachable!("an hour is a duration"))
}
