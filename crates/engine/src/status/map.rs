//! The map as it is drawn: cards with title, facts and settings, and the edges between them. The app never names an
//! action: what a card says comes from here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use caravan_model::VersionId;
use caravan_model::condition::{Condition, Scope, read_fields};
use caravan_model::document::{Document, DocumentKind, read_document};
use caravan_model::journey::{self, ENTRY, Journey, Node, NodeId, Subject};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::facts::{self, Names, fact, in_words};
use super::journey_row;
use crate::Engine;
use crate::definitions::{DefinitionError, stored_document};
use crate::live::Live;

/// Which version is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The version that new travellers take; the draft while there is none.
    Live,
    /// The draft.
    Draft,
    /// Version 1, 2, 3 …
    Number(i64),
}

/// A journey as it is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JourneyMap {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `account` or `person`.
    #[schemars(extend("enum" = ["account", "person"]))]
    pub subject: String,
    /// Where it stands in its life.
    #[schemars(extend("enum" = ["draft", "scheduled", "live", "closed", "finished", "aborted"]))]
    pub state: String,
    /// The version drawn; none: the draft.
    pub version: Option<i64>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// The cards, the audience first.
    pub nodes: Vec<MapNode>,
    /// The connectors.
    pub edges: Vec<MapEdge>,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MapNode {
    /// Its name in the manifest.
    pub id: String,
    /// Its type in the manifest; `audience` for the entry.
    pub kind: String,
    /// `audience`, `action`, `event` or `flow`: the colour.
    #[schemars(extend("enum" = ["audience", "action", "event", "flow"]))]
    pub family: String,
    /// Its icon in the app's set.
    pub icon: String,
    /// In bold.
    pub title: String,
    /// *Action on people*, *Account event* …
    pub subtitle: String,
    /// `account` or `person`.
    #[schemars(extend("enum" = ["account", "person"]))]
    pub subject: String,
    /// Up to three lines.
    pub facts: Vec<MapFact>,
    /// As in the manifest.
    #[schemars(with = "Map<String, Json>")]
    pub settings: Json,
    /// The journey can end here.
    pub ends: bool,
    /// The paths inside a people box.
    #[serde(rename = "box")]
    pub inside: Option<Vec<MapBox>>,
}

/// One line of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapFact {
    /// What.
    pub label: String,
    /// Its value in words.
    pub value: String,
}

/// A path inside a people box.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MapBox {
    /// Its name.
    pub label: String,
    /// Its key in the status's `paths`.
    pub path: String,
    /// Who takes it, in words.
    pub condition: Option<String>,
    /// Its actions.
    pub actions: Vec<MapAction>,
}

/// An action inside a people box.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MapAction {
    /// The name under which it is counted.
    pub id: String,
    /// Its icon in the app's set.
    pub icon: String,
    /// Its label.
    pub title: String,
    /// Its settings in words.
    pub facts: Vec<MapFact>,
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapEdge {
    /// From this card.
    pub from: String,
    /// To this card; none: the journey ends.
    pub to: Option<String>,
    /// Its key in the status's `paths`.
    pub path: Option<String>,
    /// What stands on it.
    pub label: Option<String>,
}

/// The map of a journey.
pub fn map(engine: &Engine, key: &str, which: Which) -> Result<JourneyMap, DefinitionError> {
    engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let (version, document) = version_of(s, &row, which)?;
        let live = engine.live(s)?;
        let mut map = draw(&live, &document)
            .ok_or_else(|| DefinitionError::Unknown { kind: "journey".to_owned(), key: key.to_owned() })?;
        map.state.clone_from(&row.state);
        map.version = version;
        // The end of what runs is moved without a new version.
        if version.is_some() && matches!(row.state.as_str(), "live" | "scheduled" | "closed") {
            map.end = row.ends_at.or(map.end);
        }
        Ok(map)
    })
}

/// One version of a journey with its number; the draft has none.
pub(super) fn version_of(
    s: &mut dyn Session,
    row: &DocumentRow,
    which: Which,
) -> Result<(Option<i64>, Document), DefinitionError> {
    let versions = documents::versions_of(s, row.id)?;
    let version = match which {
        Which::Draft => None,
        Which::Live => versions.iter().find(|v| Some(v.id) == row.live_version),
        Which::Number(no) => {
            let unknown = || DefinitionError::Unknown { kind: "version".to_owned(), key: format!("{} {no}", row.key) };
            Some(versions.iter().find(|v| v.no == no).ok_or_else(unknown)?)
        }
    };
    let body = version.map_or(&row.body, |v| &v.body);
    let document = stored_document(&DocumentRow { body: body.clone(), ..row.clone() })
        .ok_or_else(|| DefinitionError::Unknown { kind: "readable journey".to_owned(), key: row.key.clone() })?;
    Ok((version.map(|v| v.no), document))
}

fn draw(live: &Live, document: &Document) -> Option<JourneyMap> {
    let journey = document.body.journey()?;
    let artist = Artist { live, journey };
    let mut nodes = vec![artist.audience()];
    nodes.extend(journey.nodes.iter().map(|(id, node)| artist.node(id, node)));
    // Whoever enters a journey that goes nowhere ends at once.
    let nowhere =
        journey.entry.is_none().then(|| MapEdge { from: ENTRY.to_owned(), to: None, path: None, label: None });
    let onward = journey.edges().into_iter().map(|edge| MapEdge {
        from: edge.from.0,
        to: edge.to.map(|id| id.0),
        path: edge.path,
        label: edge.label,
    });
    let edges: Vec<MapEdge> = nowhere.into_iter().chain(onward).collect();
    for node in &mut nodes {
        node.ends = edges.iter().any(|edge| edge.from == node.id && edge.to.is_none());
    }
    Some(JourneyMap {
        key: document.key().to_owned(),
        name: document.envelope.name.clone(),
        subject: journey.subject.as_str().to_owned(),
        state: String::new(),
        version: None,
        end: journey.end,
        nodes,
        edges,
    })
}

struct Artist<'a> {
    live: &'a Live,
    journey: &'a Journey,
}

impl Artist<'_> {
    fn event(&self, kind: &str) -> String {
        self.live.definitions.schema.activity_title(kind)
    }

    fn audience(&self) -> MapNode {
        let fact = match &self.journey.audience {
            Some(journey::Entry::AccountList(key)) => {
                Some(fact("Account list", self.name_of(DocumentKind::AccountList, key)))
            }
            Some(journey::Entry::Audience(key)) => Some(fact("Audience", self.name_of(DocumentKind::Audience, key))),
            Some(journey::Entry::PeopleList(key)) => {
                Some(fact("People list", self.name_of(DocumentKind::PeopleList, key)))
            }
            Some(journey::Entry::Events(events)) => {
                Some(fact("Events", events.iter().map(|e| self.event(&e.activity)).collect::<Vec<_>>().join(", ")))
            }
            None => None,
        };
        let subject = self.journey.subject;
        MapNode {
            id: ENTRY.to_owned(),
            kind: ENTRY.to_owned(),
            family: "audience".to_owned(),
            icon: if subject == Subject::Account { "building" } else { "users" }.to_owned(),
            title: if subject == Subject::Account { "Account audience" } else { "People audience" }.to_owned(),
            subtitle: "Who enters".to_owned(),
            subject: subject.as_str().to_owned(),
            facts: fact_list(fact),
            settings: self
                .journey
                .audience
                .as_ref()
                .and_then(|it| serde_json::to_value(it).ok())
                .unwrap_or_else(|| Map::new().into()),
            ends: false,
            inside: None,
        }
    }

    fn node(&self, id: &NodeId, node: &Node) -> MapNode {
        let (family, title, subtitle, subject, facts) = self.words(node);
        MapNode {
            id: id.0.clone(),
            kind: node.kind().to_owned(),
            family: family.to_owned(),
            icon: icon_of(node).to_owned(),
            title,
            subtitle,
            subject: subject.as_str().to_owned(),
            facts: facts.into_iter().take(3).collect(),
            settings: serde_json::to_value(node).unwrap_or(Json::Null),
            ends: false,
            inside: self.journey.is_box(node).then(|| self.inside(node)),
        }
    }

    fn words(&self, node: &Node) -> (&'static str, String, String, Subject, Vec<MapFact>) {
        let own = self.journey.subject;
        match node {
            Node::Action(action) => {
                let on_people = action.on == journey::On::People;
                let subject = if on_people { Subject::Person } else { Subject::Account };
                let subtitle = if on_people { "Action on people" } else { "Action on accounts" };
                (
                    "action",
                    action_label(&action.action),
                    subtitle.to_owned(),
                    subject,
                    facts::of_action(&action.action, &action.settings, self),
                )
            }
            Node::Wait(wait) => {
                let facts =
                    wait.rule("").map(|rule| vec![fact("Wait", rule.describe(self.live.zone()))]).unwrap_or_default();
                ("flow", "Wait".to_owned(), "Time".to_owned(), own, facts)
            }
            Node::Listen(listen) => {
                let events: Vec<String> = listen.tests().map(|test| self.event(&test.activity)).collect();
                let mut facts = Vec::new();
                if let Some(rule) = listen.timeout.as_ref().and_then(|timeout| timeout.rule("").ok()) {
                    facts.push(fact("Timeout", rule.describe(self.live.zone())));
                }
                if let Some(filters) = &listen.filters {
                    facts.extend(self.condition(filters, Subject::Person).map(|text| fact("Only", text)));
                }
                ("event", events.join(" or "), "Listen for an event".to_owned(), own, facts)
            }
            Node::Split(split) => {
                let by = if split.by == Subject::Account { "Split by accounts" } else { "Split by people" };
                // A closed box says itself how many it has.
                let ways = split.paths.len() + usize::from(split.other.is_some());
                let facts = if self.journey.is_box(node) { Vec::new() } else { vec![fact("Paths", ways.to_string())] };
                ("flow", "Split paths".to_owned(), by.to_owned(), split.by, facts)
            }
            Node::VariantSplit(split) => {
                let shares: Vec<String> = split.paths.iter().map(|p| format!("{} {} %", p.label, p.percent)).collect();
                (
                    "flow",
                    "Variant split paths".to_owned(),
                    "By share".to_owned(),
                    split.by,
                    vec![fact("Shares", shares.join(", "))],
                )
            }
            Node::Merge(_) => ("flow", "Merge paths".to_owned(), "Travellers pass through".to_owned(), own, Vec::new()),
            Node::ExternalAction(call) => (
                "action",
                "External action".to_owned(),
                "A call and its answer".to_owned(),
                own,
                vec![fact("Service", self.name_of(DocumentKind::ExternalAction, &call.service))],
            ),
            Node::ExternalSplit(call) => (
                "flow",
                "External split paths".to_owned(),
                "A call decides".to_owned(),
                own,
                vec![fact("Service", self.name_of(DocumentKind::ExternalAction, &call.service))],
            ),
            Node::NextBestPath(_) => ("flow", "Next best path".to_owned(), "Reserved".to_owned(), own, Vec::new()),
        }
    }

    fn condition(&self, json: &Json, subject: Subject) -> Option<String> {
        let scope = Scope { subject, schema: &self.live.definitions.schema, in_journey: true };
        Condition::read(json, "", scope).ok().map(|condition| condition.describe())
    }

    fn inside(&self, node: &Node) -> Vec<MapBox> {
        let actions = |actions: Option<&[journey::BoxAction]>| -> Vec<MapAction> {
            actions
                .unwrap_or_default()
                .iter()
                .map(|action| MapAction {
                    id: action.id.0.clone(),
                    icon: action_icon(&action.action).to_owned(),
                    title: action_label(&action.action),
                    facts: facts::of_action(&action.action, &action.settings, self),
                })
                .collect()
        };
        let path = |label: &str, condition: Option<String>, inside: Option<&[journey::BoxAction]>| MapBox {
            label: label.to_owned(),
            path: label.to_owned(),
            condition,
            actions: actions(inside),
        };
        let branch = |label: &str, branch: Option<&journey::Branch>| {
            branch.map(|branch| path(label, None, branch.actions.as_deref()))
        };
        match node {
            Node::Split(split) => {
                let each = split.paths.iter().map(|it| {
                    let when = it.when.as_ref().and_then(|when| self.condition(when, Subject::Person));
                    path(&it.label, when, it.actions.as_deref())
                });
                each.chain(branch(journey::OTHER, split.other.as_ref())).collect()
            }
            Node::VariantSplit(split) => {
                let each = split.paths.iter();
                each.map(|it| path(&it.label, Some(format!("{} %", it.percent)), it.actions.as_deref())).collect()
            }
            Node::ExternalSplit(split) => {
                let each = split.paths.iter().map(|it| {
                    let tests = it.when.as_ref().and_then(|when| read_fields(when, "", &split.service).ok());
                    let words = tests.map(|(tests, _)| {
                        tests.iter().map(|test| test.checks.describe(&test.field)).collect::<Vec<_>>().join(" and ")
                    });
                    path(&it.label, words, it.actions.as_deref())
                });
                let rest = branch(journey::OTHER, split.other.as_ref());
                each.chain(rest).chain(branch(journey::FAILED, split.failed.as_ref())).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Names for Artist<'_> {
    fn name_of(&self, kind: DocumentKind, key: &str) -> String {
        self.live.definitions.get(kind, key).map_or_else(|| key.to_owned(), |d| d.name.clone())
    }
}

fn action_icon(key: &str) -> &'static str {
    caravan_catalog::action(key).map_or("bolt", |action| action.facts().icon)
}

/// By the kind of node; an action's own.
fn icon_of(node: &Node) -> &'static str {
    match node {
        Node::Action(action) => action_icon(&action.action),
        Node::Wait(_) => "clock",
        Node::Listen(_) => "ear",
        Node::Split(_) => "split",
        Node::VariantSplit(_) => "percentage",
        Node::Merge(_) => "merge",
        Node::ExternalAction(_) => "plug",
        Node::ExternalSplit(_) => "plug-split",
        Node::NextBestPath(_) => "sparkles",
    }
}

fn action_label(key: &str) -> String {
    caravan_catalog::action(key).map_or_else(|| in_words(key), |action| action.facts().label.to_owned())
}

/// What the cards of a version are called, box actions too.
pub(super) fn titles(
    s: &mut dyn Session,
    live: &Live,
    version: VersionId,
) -> Result<HashMap<String, String>, StoreError> {
    let Some(version) = documents::version(s, version)? else { return Ok(HashMap::new()) };
    let value = serde_json::from_str(&version.body).unwrap_or(Json::Null);
    let map = read_document(value).0.and_then(|document| draw(live, &document));
    let mut titles = HashMap::new();
    for node in map.into_iter().flat_map(|map| map.nodes) {
        let inside = node.inside.into_iter().flatten().flat_map(|path| path.actions);
        titles.extend(inside.map(|action| (action.id, action.title)));
        titles.insert(node.id, node.title);
    }
    Ok(titles)
}

/// What the cards of several versions are called; each is drawn once.
#[derive(Default)]
pub struct Titles(HashMap<VersionId, HashMap<String, String>>);

impl Titles {
    /// What the card of a node is called; its name where there is no card.
    ///
    /// # Errors
    /// The store's.
    pub fn of(
        &mut self,
        s: &mut dyn Session,
        live: &Live,
        version: VersionId,
        node: &str,
    ) -> Result<String, StoreError> {
        let known = match self.0.entry(version) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(titles(s, live, version)?),
        };
        Ok(known.get(node).map_or(node, String::as_str).to_owned())
    }
}

fn fact_list(fact: Option<MapFact>) -> Vec<MapFact> {
    fact.into_iter().collect()
}
