//! Making a version ready to run: see [`Plan`].

use std::collections::{BTreeSet, HashMap};

use caravan_catalog::{Definitions, Needs};
use caravan_model::condition::{Condition, read_fields};
use caravan_model::document::DocumentKind;
use caravan_model::duration::Duration;
use caravan_model::journey::{self, Branch, EventTest, Journey, Next, Node, NodeId, On, SplitPath, Subject};
use caravan_model::wait::Wait;
use caravan_model::{DocumentId, Finding, VersionId};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::listen::Event;
use crate::plan::{BoxPath, Entry, Listen, Plan, PlanNode, Step, Target, reentry_of, spread_needs};

/// Which version of which journey is compiled.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The journey.
    pub journey: DocumentId,
    /// Its key.
    pub key: String,
    /// The version.
    pub version: VersionId,
    /// 1, 2, 3 …
    pub version_no: i64,
}

/// Compiles a journey against the live definitions.
///
/// # Errors
/// Every finding that stands against running it, with its node.
pub fn compile(identity: &Identity, journey: &Journey, definitions: &Definitions) -> Result<Plan, Vec<Finding>> {
    Compiler::new(journey, definitions).compile(identity)
}

struct Compiler<'a> {
    journey: &'a Journey,
    definitions: &'a Definitions,
    numbers: HashMap<String, usize>,
    boxed: Vec<PlanNode>,
    findings: Vec<Finding>,
}

impl<'a> Compiler<'a> {
    fn new(journey: &'a Journey, definitions: &'a Definitions) -> Self {
        let mut numbers = HashMap::from([(journey::ENTRY.to_owned(), 0)]);
        for id in journey.nodes.keys() {
            numbers.insert(id.0.clone(), numbers.len());
        }
        Self { journey, definitions, numbers, boxed: Vec::new(), findings: Vec::new() }
    }

    fn compile(mut self, identity: &Identity) -> Result<Plan, Vec<Finding>> {
        let entry = self.entry();
        let first = self.journey.entry.as_ref().and_then(|id| self.number(id));
        let mut nodes = vec![PlanNode {
            id: journey::ENTRY.to_owned(),
            step: Step::Audience { next: first },
            own_needs: Needs::default(),
            needs: Needs::default(),
        }];
        for (id, node) in &self.journey.nodes {
            if let Some((step, own_needs)) = self.node(id, node) {
                nodes.push(PlanNode { id: id.0.clone(), step, own_needs, needs: Needs::default() });
            }
        }
        if !self.findings.is_empty() {
            return Err(self.findings);
        }
        nodes.append(&mut self.boxed);
        spread_needs(&mut nodes);
        let listens = nodes.iter().filter_map(|node| match &node.step {
            Step::Listen(listen) => Some(listen),
            _ => None,
        });
        // Several nodes may listen for the same.
        let hears: BTreeSet<String> =
            listens.flat_map(|listen| listen.events.iter().map(|event| event.activity.clone())).collect();
        Ok(Plan {
            journey: identity.journey,
            key: identity.key.as_str().into(),
            source: format!("journey:{}", identity.key).into(),
            version: identity.version,
            version_no: identity.version_no,
            of_people: self.journey.subject == Subject::Person,
            entry,
            ends_at: self.journey.end.unwrap_or(Timestamp::MAX),
            again: reentry_of(self.journey.reentry.as_ref()),
            nodes,
            numbers: self.numbers,
            hears: hears.into_iter().collect(),
        })
    }

    fn entry(&mut self) -> Entry {
        let (kind, key, pointer) = match &self.journey.audience {
            Some(journey::Entry::AccountList(key)) => (DocumentKind::AccountList, key, "/audience/account_list"),
            Some(journey::Entry::Audience(key)) => (DocumentKind::Audience, key, "/audience/audience"),
            Some(journey::Entry::PeopleList(key)) => (DocumentKind::PeopleList, key, "/audience/people_list"),
            Some(journey::Entry::Events(_)) | None => return Entry::Commands,
        };
        let found = match kind {
            DocumentKind::Audience => self.definitions.find(kind, key, pointer),
            _ => self.definitions.live(kind, key, pointer),
        };
        match found {
            Ok(list) => Entry::List(list.id),
            Err(finding) => {
                self.findings.push(finding.at_node(journey::ENTRY));
                Entry::Commands
            }
        }
    }

    fn number(&self, id: &NodeId) -> Target {
        self.numbers.get(id.as_str()).copied()
    }

    fn target(&self, next: &Next) -> Target {
        next.node().and_then(|id| self.number(id))
    }

    /// Keeps what went well; puts findings under the node.
    fn keep<T>(&mut self, id: &NodeId, pointer: &str, result: Result<T, Vec<Finding>>) -> Option<T> {
        result
            .map_err(|findings| {
                self.findings.extend(findings.into_iter().map(|f| f.under(pointer).at_node(id.as_str())));
            })
            .ok()
    }

    fn node(&mut self, id: &NodeId, node: &Node) -> Option<(Step, Needs)> {
        let pointer = format!("/nodes/{}", id.as_str());
        match node {
            Node::Action(action) => {
                let prepared = self.action(id, &pointer, &action.action, &action.settings)?;
                let needs = self.with_people(prepared.needs(), action.on == On::People);
                let step = Step::Action {
                    action: prepared,
                    on_people: action.on == On::People,
                    next: self.target(&action.next),
                };
                Some((step, needs))
            }
            Node::Wait(wait) => {
                let read = wait_of(wait.duration, wait.until, wait.must_end_on.as_ref(), &pointer);
                let read = self.keep(id, "", read)?;
                let needs = self.zone_needs(Some(&read));
                Some((Step::Wait { wait: read, next: self.target(&wait.next) }, needs))
            }
            Node::Listen(listen) => self.listen(id, &pointer, listen),
            Node::Split(split) if self.journey.is_box(node) => self.people_box(id, &pointer, split),
            Node::Split(split) => self.split(id, &pointer, split),
            Node::Merge(merge) => Some((Step::Merge { next: self.target(&merge.next) }, Needs::default())),
            Node::VariantSplit(_) | Node::ExternalAction(_) | Node::ExternalSplit(_) | Node::NextBestPath(_) => {
                let message = format!(
                    "Nodes of type `{}` cannot run yet in this version of Caravan. Take the node out of the journey.",
                    node.kind()
                );
                self.findings.push(Finding::error("node_not_available", pointer, message).at_node(id.as_str()));
                None
            }
        }
    }

    /// The traveller's own time zone, where a wait asks for it.
    fn zone_needs(&self, wait: Option<&Wait>) -> Needs {
        if !wait.is_some_and(Wait::needs_own_zone) {
            return Needs::default();
        }
        let schema = &self.definitions.schema;
        let mut needs = Needs::default();
        match self.journey.subject {
            Subject::Account => needs.account_attributes.extend(schema.account.no("time_zone")),
            Subject::Person => needs.person_attributes.extend(schema.person.no("time_zone")),
        }
        needs
    }

    /// In an account journey people come from the account.
    fn with_people(&self, mut needs: Needs, on_people: bool) -> Needs {
        needs.people |= on_people && self.journey.subject == Subject::Account;
        needs
    }

    fn action(
        &mut self,
        id: &NodeId,
        pointer: &str,
        key: &str,
        settings: &Map<String, Json>,
    ) -> Option<Box<dyn caravan_catalog::PreparedAction>> {
        let Some(action) = caravan_catalog::action(key) else {
            let message = format!("There is no action `{key}`. Take one of the catalogue.");
            let finding = Finding::error("unknown_action", format!("{pointer}/action"), message);
            self.findings.push(finding.at_node(id.as_str()));
            return None;
        };
        let prepared = action.prepare(&Json::Object(settings.clone()), self.definitions);
        self.keep(id, pointer, prepared)
    }

    fn condition(&mut self, id: &NodeId, pointer: &str, by: Subject, when: Option<&Json>) -> Option<Condition> {
        let Some(when) = when else {
            let message = "This path has no condition. Say who takes it.";
            self.findings.push(Finding::error("path_without_condition", pointer, message).at_node(id.as_str()));
            return None;
        };
        let read = match by {
            Subject::Account => self.definitions.account_condition(when, pointer),
            Subject::Person => self.definitions.person_condition(when, pointer),
        };
        // Conditions say their whole pointer themselves.
        self.keep(id, "", read)
    }

    fn listen(&mut self, id: &NodeId, pointer: &str, listen: &journey::Listen) -> Option<(Step, Needs)> {
        let events: Vec<Event> = listen.tests().filter_map(|test| self.event(id, pointer, test)).collect();
        let filters = match &listen.filters {
            Some(filters) => Some(self.condition(id, &format!("{pointer}/filters"), Subject::Person, Some(filters))?),
            None => None,
        };
        let timeout = match &listen.timeout {
            Some(t) => {
                let place = format!("{pointer}/timeout");
                let read = wait_of(t.duration, t.until, t.must_end_on.as_ref(), &place);
                let wait = self.keep(id, "", read)?;
                Some((wait, t.next.as_ref().map(|next| self.target(next))))
            }
            None => None,
        };
        let mut needs = self.zone_needs(timeout.as_ref().map(|(wait, _)| wait));
        if let Some(filters) = &filters {
            needs.extend(&Needs::from(&filters.needs()));
        }
        let listen = Listen { events, filters, timeout, next: self.target(&listen.next) };
        Some((Step::Listen(Box::new(listen)), needs))
    }

    fn event(&mut self, id: &NodeId, pointer: &str, test: &EventTest) -> Option<Event> {
        let fields = match &test.fields {
            Some(fields) => {
                let read = read_fields(fields, &format!("{pointer}/event/where"), &test.activity);
                self.keep(id, "", read)?.0
            }
            None => Vec::new(),
        };
        Some(Event { activity: test.activity.clone(), fields, at_least: i64::from(test.at_least.unwrap_or(1)) })
    }

    fn split(&mut self, id: &NodeId, pointer: &str, split: &journey::Split) -> Option<(Step, Needs)> {
        let mut needs = Needs::default();
        let mut paths = Vec::new();
        for (at, path) in split.paths.iter().enumerate() {
            let when = self.when(id, pointer, split.by, at, path)?;
            needs.extend(&Needs::from(&when.needs()));
            paths.push((path.label.clone(), when, path.next.as_ref().and_then(|next| self.target(next))));
        }
        let other = split.other.as_ref().map(|branch| self.branch(branch));
        Some((Step::Split { paths, other }, needs))
    }

    fn branch(&self, branch: &Branch) -> Target {
        branch.next.as_ref().and_then(|next| self.target(next))
    }

    fn when(&mut self, id: &NodeId, pointer: &str, by: Subject, at: usize, path: &SplitPath) -> Option<Condition> {
        self.condition(id, &format!("{pointer}/paths/{at}/when"), by, path.when.as_ref())
    }

    fn people_box(&mut self, id: &NodeId, pointer: &str, split: &journey::Split) -> Option<(Step, Needs)> {
        let mut needs = Needs { people: true, ..Needs::default() };
        let mut paths = Vec::new();
        for (at, path) in split.paths.iter().enumerate() {
            let when = self.when(id, pointer, Subject::Person, at, path)?;
            needs.extend(&Needs::from(&when.needs()));
            let actions = path.actions.as_deref().unwrap_or_default();
            let actions = self.boxed_actions(id, &format!("{pointer}/paths/{at}/actions"), actions, &mut needs)?;
            paths.push(BoxPath { label: path.label.clone(), when, actions });
        }
        let other = match split.other.as_ref().and_then(|branch| branch.actions.as_deref()) {
            Some(actions) => Some(self.boxed_actions(id, &format!("{pointer}/other/actions"), actions, &mut needs)?),
            None => None,
        };
        let next = split.next.as_ref().and_then(|next| self.target(next));
        Some((Step::People { paths, other, next }, needs))
    }

    fn boxed_actions(
        &mut self,
        id: &NodeId,
        pointer: &str,
        actions: &[journey::BoxAction],
        needs: &mut Needs,
    ) -> Option<Vec<usize>> {
        let mut numbers = Vec::new();
        for (at, boxed) in actions.iter().enumerate() {
            let action = self.action(id, &format!("{pointer}/{at}"), &boxed.action, &boxed.settings)?;
            needs.extend(&action.needs());
            // Boxed actions are numbered behind all nodes, in the order of the document.
            let number = 1 + self.journey.nodes.len() + self.boxed.len();
            self.numbers.insert(boxed.id.0.clone(), number);
            self.boxed.push(PlanNode {
                id: boxed.id.0.clone(),
                step: Step::Boxed { action },
                own_needs: Needs::default(),
                needs: Needs::default(),
            });
            numbers.push(number);
        }
        Some(numbers)
    }
}

fn wait_of(
    duration: Option<Duration>,
    until: Option<Timestamp>,
    must_end_on: Option<&Json>,
    pointer: &str,
) -> Result<Wait, Vec<Finding>> {
    let duration = duration.map(|d| d.to_string());
    Wait::read(duration.as_deref(), until, must_end_on, pointer)
}
