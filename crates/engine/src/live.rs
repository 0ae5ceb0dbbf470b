//! The definitions that run now, compiled once per revision and shared by every step of the process.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::definitions::Interest;
use caravan_catalog::{Definition, Definitions, Needs};
use caravan_connect::vault::Vault;
use caravan_model::attribute::{Declaration, Schema, Subject};
use caravan_model::condition::{self, Condition};
use caravan_model::document::{CustomObject, DocumentKind, FieldSwitches, OPPORTUNITY, OPPORTUNITY_ID};
use caravan_model::journey::Journey;
use caravan_model::{DocumentId, Finding, VersionId};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, services};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde_json::Value as Json;

use crate::compile::{Identity, compile};
use crate::deliver::Rules;
use crate::external_audiences;
use crate::groups::weighting::ActivityWeights;
use crate::machines::Known;
use crate::objects::Object;
use crate::plan::{Entry, Plan};
use crate::secrets;

/// A dynamic list or an audience: a condition whose members are kept.
#[derive(Debug)]
pub struct LiveList {
    /// The document.
    pub id: DocumentId,
    /// Its key.
    pub key: String,
    /// Whether people are in it, not accounts.
    pub of_people: bool,
    /// Who is in it.
    pub condition: Condition,
    /// What the condition looks at.
    pub needs: Needs,
    /// `account.KEY`, `person.KEY` of the attributes it mentions, [`object_tag`] of the objects …
    pub mentions: HashSet<String>,
    /// The answer can change as time passes.
    pub follows_time: bool,
    /// Joining and leaving it is told on the stream (account lists).
    pub told: bool,
}

/// An interest whose members by rule follow people as they change.
#[derive(Debug)]
pub struct KeptGroups {
    /// The solution interest.
    pub interest: DocumentId,
    /// What its role conditions look at, of one person.
    pub needs: Needs,
    /// What they mention, like [`LiveList::mentions`].
    pub mentions: HashSet<String>,
    /// The answer can change as time passes.
    pub follows_time: bool,
}

/// A journey as the runtime sees it.
#[derive(Debug, Clone)]
pub struct LiveJourney {
    /// The document.
    pub id: DocumentId,
    /// Its key.
    pub key: String,
    /// `live`, `closed` …
    pub state: String,
    /// Moves nobody.
    pub paused: bool,
    /// When a scheduled one begins.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// What new travellers take.
    pub version: Option<VersionId>,
    /// Whether people travel.
    pub of_people: bool,
}

impl LiveJourney {
    /// Whether it takes anybody in.
    pub fn takes_in(&self, now: Timestamp) -> bool {
        self.state == "live" && self.version.is_some() && self.ends_at.is_none_or(|end| now < end)
    }

    /// How those inside end when it no longer runs.
    pub fn ends_everybody(&self, now: Timestamp) -> Option<&'static str> {
        match self.state.as_str() {
            "aborted" => Some("aborted"),
            "live" | "closed" if self.ends_at.is_some_and(|end| end <= now) => Some("expired"),
            "finished" => Some("expired"),
            _ => None,
        }
    }
}

/// Everything that runs, at one revision.
pub struct Live {
    /// Which.
    pub revision: i64,
    /// All definitions.
    pub definitions: Definitions,
    /// Dynamic lists and audiences.
    pub lists: Vec<LiveList>,
    /// Journeys by id.
    pub journeys: HashMap<DocumentId, LiveJourney>,
    /// Interests by id, those that stand on live templates.
    pub interests: HashMap<DocumentId, Interest>,
    /// Those of them whose groups are kept current, by id.
    pub kept_groups: Vec<KeptGroups>,
    /// Whatever a live condition mentions: a change of anything else concerns nobody.
    pub mentioned: HashSet<String>,
    /// What destinations of external audiences are told of people, as conditions mention it.
    pub told_of_people: Vec<String>,
    /// Activity types that anything hears.
    pub heard: HashSet<String>,
    /// What activities weigh in engagement.
    pub weighting: ActivityWeights,
    /// Communication limits.
    pub rules: Rules,
    /// What machines that open and click are known by.
    pub(crate) machines: Known,
    /// Secrets that are kept encrypted.
    pub secrets: secrets::Kept,
    /// Whoever comes to a connection that has enough to send for now is held before the action.
    pub paced: bool,
    /// Connections, services and webhooks through which nothing leaves for now.
    pub paused: HashSet<DocumentId>,
    /// Custom objects whose records belong to accounts; the others belong to people.
    pub objects_of_accounts: BTreeSet<DocumentId>,
    plans: Mutex<HashMap<VersionId, Option<Arc<Plan>>>>,
    entered_by: Mutex<Option<EnteredBy>>,
}

/// Journeys that begin with events, by the type of activity.
type EnteredBy = HashMap<String, Arc<Vec<Arc<Plan>>>>;

impl Live {
    /// Reads all definitions and compiles what is shared; from `before` is taken what costs much and is still the same. Plans
    /// are compiled when they are first asked for.
    pub fn load(s: &mut dyn Session, vault: &Vault, before: Option<&Self>) -> Result<Self, StoreError> {
        let revision = documents::revision(s)?;
        let rows = documents::all(s)?;
        let definitions = definitions_of(s, &rows)?;
        let heard = documents::heard(s)?.into_iter().collect();
        let lists = lists_of(&definitions);
        let interests: HashMap<DocumentId, Interest> = definitions
            .of_kind(DocumentKind::SolutionInterest)
            .filter_map(|d| definitions.interest(&d.key, "").ok())
            .map(|interest| (interest.id, interest))
            .collect();
        let kept_groups = kept_groups_of(&interests, &definitions.schema);
        let mentioned = lists.iter().map(|list| &list.mentions).chain(kept_groups.iter().map(|kept| &kept.mentions));
        let told_of_people = external_audiences::mentions(&definitions);
        Ok(Self {
            revision,
            mentioned: mentioned.flatten().cloned().chain(told_of_people.iter().cloned()).collect(),
            told_of_people,
            kept_groups,
            lists,
            journeys: rows.iter().filter_map(live_journey).map(|j| (j.id, j)).collect(),
            interests,
            rules: Rules::of(&definitions),
            machines: Known::read(s, &definitions, before.map(|before| &before.machines))?,
            secrets: secrets::Kept::load(s, vault)?,
            paced: true,
            paused: paused(&rows),
            weighting: ActivityWeights::in_force(&definitions),
            objects_of_accounts: Object::all_of(&definitions, Subject::Account)
                .iter()
                .map(|object| object.id)
                .collect(),
            definitions,
            heard,
            plans: Mutex::new(HashMap::new()),
            entered_by: Mutex::new(None),
        })
    }

    /// The organisation's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.definitions.zone
    }

    /// A version's plan. None: the version is gone, or something that it names is no longer what it was.
    pub fn plan(&self, s: &mut dyn Session, version: VersionId) -> Result<Option<Arc<Plan>>, StoreError> {
        if let Some(known) = self.plans.lock().get(&version) {
            return Ok(known.clone());
        }
        let plan = self.compile(s, version)?.map(Arc::new);
        self.plans.lock().insert(version, plan.clone());
        Ok(plan)
    }

    fn compile(&self, s: &mut dyn Session, version: VersionId) -> Result<Option<Plan>, StoreError> {
        let Some(row) = documents::version(s, version)? else { return Ok(None) };
        let Some(journey) = self.journeys.get(&row.document) else { return Ok(None) };
        let Ok(map) = journey_of(&row.body) else { return Ok(None) };
        let identity = Identity { journey: journey.id, key: journey.key.clone(), version, version_no: row.no };
        let frozen = self.definitions.with_frozen(&row.frozen);
        match compile(&identity, &map, &frozen) {
            Ok(plan) => Ok(Some(plan)),
            Err(findings) => {
                let why: Vec<String> = findings.iter().map(Finding::to_string).collect();
                tracing::error!(journey = %journey.key, version = row.no, ?why, "a published version cannot run");
                Ok(None)
            }
        }
    }

    /// Journeys that follow a list.
    pub fn journeys_of(
        &self,
        s: &mut dyn Session,
        list: DocumentId,
    ) -> Result<Vec<(DocumentId, Arc<Plan>)>, StoreError> {
        let mut ids: Vec<&LiveJourney> = self.journeys.values().filter(|j| j.state == "live").collect();
        ids.sort_by_key(|j| j.id);
        let mut found = Vec::new();
        for journey in ids {
            let Some(version) = journey.version else { continue };
            if let Some(plan) = self.plan(s, version)?.filter(|plan| plan.entry == Entry::List(list)) {
                found.push((journey.id, plan));
            }
        }
        Ok(found)
    }

    /// Live journeys that an activity of this type may let people into.
    pub fn entered_by(&self, s: &mut dyn Session, activity: &str) -> Result<Arc<Vec<Arc<Plan>>>, StoreError> {
        if let Some(known) = self.entered_by.lock().as_ref() {
            return Ok(known.get(activity).cloned().unwrap_or_default());
        }
        let mut found: HashMap<String, Vec<Arc<Plan>>> = HashMap::new();
        let mut journeys: Vec<&LiveJourney> =
            self.journeys.values().filter(|j| j.of_people && j.state == "live").collect();
        journeys.sort_by_key(|journey| journey.id);
        for journey in journeys {
            let Some(version) = journey.version else { continue };
            let Some(plan) = self.plan(s, version)? else { continue };
            let Entry::Events(events) = &plan.entry else { continue };
            let types: HashSet<&str> = events.iter().map(|event| event.activity.as_str()).collect();
            for kind in types {
                found.entry(kind.to_owned()).or_default().push(Arc::clone(&plan));
            }
        }
        let found: EnteredBy = found.into_iter().map(|(kind, plans)| (kind, Arc::new(plans))).collect();
        let of_type = found.get(activity).cloned().unwrap_or_default();
        *self.entered_by.lock() = Some(found);
        Ok(of_type)
    }

    /// Whether anybody's arrival, or a change of account, concerns a list or a group.
    pub fn follows_arrivals(&self) -> bool {
        !self.lists.is_empty() || !self.kept_groups.is_empty()
    }

    /// A dynamic list or audience by id.
    pub fn list(&self, id: DocumentId) -> Option<&LiveList> {
        self.lists.iter().find(|list| list.id == id)
    }
}

/// The journey in a document's body.
pub fn journey_of(body: &str) -> Result<Journey, serde_json::Error> {
    let mut body: Json = serde_json::from_str(body)?;
    if let Some(map) = body.as_object_mut() {
        for envelope in ["kind", "key", "name", "description", "state"] {
            map.shift_remove(envelope);
        }
    }
    serde_json::from_value(body)
}

/// All definitions, each with its live version's body where it has one.
pub fn definitions_of(s: &mut dyn Session, rows: &[DocumentRow]) -> Result<Definitions, StoreError> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(kind) = DocumentKind::from_key(&row.kind) else { continue };
        let body = match row.live_version {
            Some(version) => documents::version(s, version)?.map_or_else(|| row.body.clone(), |v| v.body),
            None => row.body.clone(),
        };
        all.push(Definition {
            id: row.id,
            kind,
            key: row.key.clone(),
            name: row.name.clone(),
            state: row.state.clone(),
            version: row.live_version,
            body: Arc::new(serde_json::from_str(&body).unwrap_or(Json::Null)),
        });
    }
    let registered = registered_of(s, &all)?;
    Ok(assemble(all).with_registered(registered))
}

/// What was found of the services, where their addresses are still those that were registered.
fn registered_of(s: &mut dyn Session, all: &[Definition]) -> Result<HashMap<String, Arc<Json>>, StoreError> {
    let mut registered = HashMap::new();
    for row in services::all(s)? {
        let of = all.iter().find(|d| d.id == row.document && d.text("url") == Some(row.url.as_str()));
        if let (Some(definition), Ok(found)) = (of, serde_json::from_str(&row.body)) {
            registered.insert(definition.key.clone(), Arc::new(found));
        }
    }
    Ok(registered)
}

/// Definitions from their documents: attributes declared, the organisation's zone read, the built-in object added.
pub fn assemble(mut all: Vec<Definition>) -> Definitions {
    let mut schema = Schema::standard();
    let switches = all.iter().find(|d| d.kind == DocumentKind::Settings).and_then(|d| d.body.get("fields").cloned());
    if let Some(Ok(switches)) = switches.map(serde_json::from_value::<FieldSwitches>) {
        switches.apply(&mut schema);
    }
    let mut declared: Vec<&Definition> = all.iter().filter(|d| d.kind == DocumentKind::Attribute).collect();
    declared.sort_by(|a, b| a.key.cmp(&b.key));
    for declaration in declared {
        if let Ok(declaration) = declaration_of(declaration) {
            let _ = schema.declare(&declaration);
        }
    }
    let zone = all
        .iter()
        .find(|d| d.kind == DocumentKind::Settings)
        .and_then(|d| TimeZone::get(d.text("time_zone")?).ok())
        .unwrap_or(TimeZone::UTC);
    all.push(opportunity());
    Definitions::new(Arc::new(schema), zone, all)
}

/// The object that needs no declaration. It is not a stored document: nobody changes or deletes it.
fn opportunity() -> Definition {
    Definition {
        id: OPPORTUNITY_ID,
        kind: DocumentKind::CustomObject,
        key: OPPORTUNITY.to_owned(),
        name: "Opportunity".to_owned(),
        state: "live".to_owned(),
        version: None,
        body: Arc::new(serde_json::to_value(CustomObject::opportunity()).unwrap_or_default()),
    }
}

/// How news and conditions call the members of a list.
pub fn list_tag(list: DocumentId) -> String {
    format!("list.{}", list.0)
}

/// How news and conditions call the records of an object.
pub fn object_tag(object: DocumentId) -> String {
    format!("object.{}", object.0)
}

fn declaration_of(d: &Definition) -> Result<Declaration, serde_json::Error> {
    let field = |name: &str| d.body.get(name).cloned().unwrap_or(Json::Null);
    serde_json::from_value(serde_json::json!({
        "key": d.key,
        "subject": field("subject"),
        "type": field("type"),
        "updatable": d.body.get("updatable").and_then(Json::as_bool).unwrap_or(false),
        "managed": d.body.get("managed").and_then(Json::as_bool).unwrap_or(true),
        "label": Some(&d.name).filter(|name| **name != d.key),
    }))
}

fn live_journey(row: &DocumentRow) -> Option<LiveJourney> {
    if row.kind != DocumentKind::Journey.key() {
        return None;
    }
    let of_people = journey_of(&row.body).is_ok_and(|j| j.subject == caravan_model::journey::Subject::Person);
    Some(LiveJourney {
        id: row.id,
        key: row.key.clone(),
        state: row.state.clone(),
        paused: row.paused,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        version: row.live_version,
        of_people,
    })
}

/// What is paused by hand, journeys aside.
fn paused(rows: &[DocumentRow]) -> HashSet<DocumentId> {
    let held = rows.iter().filter(|row| row.paused && row.kind != DocumentKind::Journey.key());
    held.map(|row| row.id).collect()
}

fn lists_of(definitions: &Definitions) -> Vec<LiveList> {
    let kinds = [DocumentKind::AccountList, DocumentKind::Audience, DocumentKind::PeopleList, DocumentKind::Journey];
    let mut lists: Vec<LiveList> =
        kinds.iter().flat_map(|&kind| definitions.of_kind(kind)).filter_map(|d| live_list(d, definitions)).collect();
    lists.sort_by_key(|list| list.id);
    lists
}

/// A list that a condition fills: live dynamic lists, all audiences, and the goals of journeys that run.
fn live_list(d: &Definition, definitions: &Definitions) -> Option<LiveList> {
    let (when, lives) = match d.kind {
        DocumentKind::Audience => (d.body.get("when")?, true),
        DocumentKind::Journey => (d.body.get("goal")?, matches!(d.state.as_str(), "live" | "closed")),
        _ => (d.body.get("when")?, d.state == "live" && d.text("type") == Some("dynamic")),
    };
    if !lives || when.is_null() {
        return None;
    }
    let of_people = match d.kind {
        DocumentKind::Audience | DocumentKind::Journey => d.text("subject") == Some("person"),
        kind => kind == DocumentKind::PeopleList,
    };
    let read = match of_people {
        true => definitions.person_condition(when, "/when"),
        false => definitions.account_condition(when, "/when"),
    };
    let condition = read
        .inspect_err(|findings| tracing::error!(list = %d.key, ?findings, "a live list cannot be evaluated"))
        .ok()?;
    let asked = condition.needs();
    let mut mentions = mentions_of(&asked, &definitions.schema);
    if of_people {
        mentions.insert(test_profile_tag());
    }
    Some(LiveList {
        id: d.id,
        key: d.key.clone(),
        of_people,
        needs: Needs::from(&asked),
        follows_time: asked.time,
        mentions,
        condition,
        told: d.kind == DocumentKind::AccountList,
    })
}

/// What a condition mentions: `account.KEY`, `person.KEY`, `list.ID`, `score.ID`, tags of objects, `groups`.
fn mentions_of(asked: &condition::Needs, schema: &Schema) -> HashSet<String> {
    let name = |subject: Subject, key: &str| format!("{}.{key}", subject.as_str());
    let of_accounts = asked.account_attributes.iter().filter_map(|&no| schema.account.at(no));
    let of_people = asked.person_attributes.iter().filter_map(|&no| schema.person.at(no));
    of_accounts
        .map(|attribute| name(Subject::Account, &attribute.key))
        .chain(of_people.map(|attribute| name(Subject::Person, &attribute.key)))
        .chain(asked.account_lists.iter().chain(&asked.people_lists).map(|&id| list_tag(id)))
        .chain(asked.scores.iter().map(|id| format!("score.{}", id.0)))
        .chain(asked.objects.iter().map(|&id| object_tag(id)))
        .chain((asked.groups || asked.memberships).then(|| crate::groups::MENTIONED.to_owned()))
        .chain(asked.people.then(test_profile_tag))
        .collect()
}

/// How changes of the flag are told by which test profiles are left out.
fn test_profile_tag() -> String {
    format!("{}.test_profile", Subject::Person.as_str())
}

fn kept_groups_of(interests: &HashMap<DocumentId, Interest>, schema: &Schema) -> Vec<KeptGroups> {
    let mut kept: Vec<KeptGroups> = interests
        .values()
        .filter(|interest| interest.update_existing)
        .map(|interest| {
            let mut asked = condition::Needs::default();
            for condition in interest.roles.iter().filter_map(|card| card.when.as_ref()) {
                asked.extend(&condition.needs());
            }
            let mut needs = Needs::from(&asked);
            needs.interests.insert(interest.id);
            let mut mentions = mentions_of(&asked, schema);
            mentions.insert(test_profile_tag());
            KeptGroups { interest: interest.id, needs, mentions, follows_time: asked.time }
        })
        .collect();
    kept.sort_by_key(|kept| kept.interest);
    kept
}
