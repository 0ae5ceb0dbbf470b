//! Making a version ready to run: see [`Plan`]. What each kind of node becomes stands in [`crate::nodes`]; here is what
//! they share.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_catalog::{Definition, Definitions, Needs};
use caravan_model::attribute::AttributeNo;
use caravan_model::condition::{Condition, read_fields};
use caravan_model::document::DocumentKind;
use caravan_model::journey::{self, Branch, EventTest, Journey, Next, Node, NodeId, Subject};
use caravan_model::wait::Wait;
use caravan_model::{DocumentId, Finding, VersionId};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::listen::Event;
use crate::live::LiveJourney;
use crate::nodes::{self, Audience, Boxed, Step};
use crate::plan::{Entry, Looks, Plan, PlanNode, Target, spread_looks};

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
    let definitions = definitions.with_tokens(journey.tokens.clone());
    Compiler::new(journey, &definitions).compile(identity)
}

/// Stands in for the plan of a version that cannot run: its travellers can do nothing but end.
pub(crate) fn only_to_end(journey: &LiveJourney, version: VersionId) -> Plan {
    Plan {
        journey: journey.id,
        key: journey.key.as_str().into(),
        source: format!("journey:{}", journey.key).into(),
        version,
        version_no: 0,
        of_people: journey.of_people,
        hears: Vec::new(),
        entry: Entry::Commands,
        ends_at: Timestamp::MAX,
        again: None,
        hold_out: 0,
        goal: None,
        nodes: vec![plan_node(journey::ENTRY, Box::new(Audience { next: None }), Looks::default())],
        numbers: HashMap::new(),
    }
}

/// What node kinds are compiled with.
pub(crate) struct Compiler<'a> {
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
        let goal = self.goal();
        let first = self.journey.entry.as_ref().and_then(|id| self.number(id));
        let mut looks = Looks::default();
        if let Some(goal) = &goal {
            looks.at(goal);
        }
        let mut nodes = vec![plan_node(journey::ENTRY, Box::new(Audience { next: first }), looks)];
        for (id, node) in &self.journey.nodes {
            if let Some((step, own)) = nodes::compile(&mut self, id, node) {
                nodes.push(plan_node(id.as_str(), step, own));
            }
        }
        if !self.findings.is_empty() {
            return Err(self.findings);
        }
        nodes.append(&mut self.boxed);
        spread_looks(&mut nodes);
        Ok(Plan {
            journey: identity.journey,
            key: identity.key.as_str().into(),
            source: format!("journey:{}", identity.key).into(),
            version: identity.version,
            version_no: identity.version_no,
            of_people: self.journey.subject == Subject::Person,
            hears: hears(&entry, goal.as_ref(), &nodes),
            entry,
            ends_at: self.journey.end.unwrap_or(Timestamp::MAX),
            again: self.journey.reentry.clone(),
            hold_out: self.journey.hold_out.unwrap_or(0),
            goal,
            nodes,
            numbers: self.numbers,
        })
    }

    fn entry(&mut self) -> Entry {
        let (kind, key, pointer) = match &self.journey.audience {
            Some(journey::Entry::AccountList(key)) => (DocumentKind::AccountList, key, "/audience/account_list"),
            Some(journey::Entry::Audience(key)) => (DocumentKind::Audience, key, "/audience/audience"),
            Some(journey::Entry::PeopleList(key)) => (DocumentKind::PeopleList, key, "/audience/people_list"),
            Some(journey::Entry::Events(events)) => {
                let events = events.iter().enumerate();
                let id = NodeId::from(journey::ENTRY);
                let read = events.filter_map(|(n, test)| self.event(&id, &format!("/audience/events/{n}"), test));
                return Entry::Events(read.collect());
            }
            None => return Entry::Commands,
        };
        let found = match kind {
            DocumentKind::Audience => self.definitions.find(kind, key, pointer),
            _ => self.definitions.live(kind, key, pointer),
        };
        let found = found.and_then(|list| self.of_this_subject(list, pointer));
        match found {
            Ok(list) => Entry::List(list.id),
            Err(finding) => {
                self.findings.push(finding.at_node(journey::ENTRY));
                Entry::Commands
            }
        }
    }

    /// An audience says whom it is about; a journey takes one of its own kind.
    fn of_this_subject(&self, list: &'a Arc<Definition>, pointer: &str) -> Result<&'a Arc<Definition>, Finding> {
        let wanted = self.journey.subject.as_str();
        if list.kind == DocumentKind::Audience && list.text("subject") != Some(wanted) {
            let message =
                format!("The audience `{}` is not about {wanted}s. Take one whose subject is {wanted}.", list.key);
            return Err(Finding::error("audience_wrong_subject", pointer, message));
        }
        Ok(list)
    }

    fn goal(&mut self) -> Option<Condition> {
        let goal = self.journey.goal.as_ref()?;
        self.condition(&NodeId::from(journey::ENTRY), "/goal", self.journey.subject, Some(goal))
    }

    // For the kinds of nodes.

    /// Whether this split is a closed box.
    pub fn is_box(&self, node: &Node) -> bool {
        self.journey.is_box(node)
    }

    /// Who travels.
    pub fn subject(&self) -> Subject {
        self.journey.subject
    }

    /// Everything that is live.
    pub fn definitions(&self) -> &'a Definitions {
        self.definitions
    }

    /// Where a node stands in the document.
    pub fn pointer(&self, id: &NodeId) -> String {
        format!("/nodes/{}", id.as_str())
    }

    /// The number of a node.
    pub fn number(&self, id: &NodeId) -> Target {
        self.numbers.get(id.as_str()).copied()
    }

    /// Where a path leads.
    pub fn target(&self, next: &Next) -> Target {
        next.node().and_then(|id| self.number(id))
    }

    /// Where a branch leads.
    pub fn branch(&self, branch: &Branch) -> Target {
        branch.next.as_ref().and_then(|next| self.target(next))
    }

    /// Keeps what went well; puts findings under the node.
    pub fn keep<T>(&mut self, id: &NodeId, pointer: &str, result: Result<T, Vec<Finding>>) -> Option<T> {
        result
            .map_err(|findings| {
                self.findings.extend(findings.into_iter().map(|f| f.under(pointer).at_node(id.as_str())));
            })
            .ok()
    }

    /// A kind of node that this version of Caravan keeps but cannot run.
    pub fn not_available(&mut self, id: &NodeId, node: &Node) -> Option<(Box<dyn Step>, Looks)> {
        let message = format!(
            "Nodes of type `{}` cannot run yet in this version of Caravan. Take the node out of the journey.",
            node.kind()
        );
        let finding = Finding::error("node_not_available", self.pointer(id), message);
        self.findings.push(finding.at_node(id.as_str()));
        None
    }

    /// What reading the traveller's own time zone looks at, where a wait asks for it.
    pub fn zone_looks(&self, wait: Option<&Wait>) -> Looks {
        let mut needs = Needs::default();
        if wait.is_some_and(Wait::needs_own_zone) {
            let schema = &self.definitions.schema;
            match self.journey.subject {
                Subject::Account => needs.account_attributes.extend(schema.account.no("time_zone")),
                Subject::Person => needs.person_attributes.extend(schema.person.no("time_zone")),
            }
        }
        needs.into()
    }

    /// In an account journey people come from the account.
    pub fn with_people(&self, mut looks: Looks, on_people: bool) -> Looks {
        looks.needs.people |= on_people && self.journey.subject == Subject::Account;
        looks
    }

    /// An action, ready to decide.
    pub fn action(
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

    /// The number under which an action inside a box is counted: behind all nodes, in the order of the document.
    pub fn boxed(&mut self, id: &NodeId) -> usize {
        let number = 1 + self.journey.nodes.len() + self.boxed.len();
        self.numbers.insert(id.0.clone(), number);
        self.boxed.push(plan_node(id.as_str(), Box::new(Boxed), Looks::default()));
        number
    }

    /// A condition about accounts or about people.
    pub fn condition(&mut self, id: &NodeId, pointer: &str, by: Subject, when: Option<&Json>) -> Option<Condition> {
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

    /// The condition of a split's path.
    pub fn when(&mut self, id: &NodeId, by: Subject, at: usize, when: Option<&Json>) -> Option<Condition> {
        let pointer = format!("{}/paths/{at}/when", self.pointer(id));
        self.condition(id, &pointer, by, when)
    }

    /// An event that is listened for, or that a journey begins with.
    pub fn event(&mut self, id: &NodeId, pointer: &str, test: &EventTest) -> Option<Event> {
        let fields = match &test.fields {
            Some(fields) => {
                let read = read_fields(fields, &format!("{pointer}/where"), &test.activity);
                self.keep(id, "", read)?.0
            }
            None => Vec::new(),
        };
        let title = self.definitions.schema.activity_title(&test.activity);
        Some(Event { activity: test.activity.clone(), title, fields, at_least: i64::from(test.at_least.unwrap_or(1)) })
    }

    /// An attribute by its name: `account.KEY`, `person.KEY`, or KEY alone for one of `on`.
    pub fn attribute(&mut self, id: &NodeId, on: Subject, name: &str, pointer: &str) -> Option<(Subject, AttributeNo)> {
        let (owner, key) = match name.split_once('.') {
            Some(("account", key)) => (Subject::Account, key),
            Some(("person", key)) => (Subject::Person, key),
            _ => (on, name),
        };
        let found = self.definitions.schema.of(owner).find(key, pointer).map(|(no, _)| (owner, no));
        self.keep(id, "", found.map_err(|finding| vec![finding]))
    }
}

fn plan_node(id: &str, step: Box<dyn Step>, own: Looks) -> PlanNode {
    PlanNode { id: id.to_owned(), step, own, looks: Looks::default() }
}

/// Every type of activity that a version waits for in any way.
fn hears(entry: &Entry, goal: Option<&Condition>, nodes: &[PlanNode]) -> Vec<String> {
    let mut types: Vec<String> = nodes.iter().flat_map(|node| node.step.hears()).map(str::to_owned).collect();
    if let Entry::Events(events) = entry {
        types.extend(events.iter().map(|event| event.activity.clone()));
    }
    types.extend(
        goal.into_iter().flat_map(|goal| goal.needs().activities().into_iter().map(str::to_owned).collect::<Vec<_>>()),
    );
    types.sort();
    types.dedup();
    types
}
