//! A small world that conditions are asked about.
//!
//! Documents are bound by a fixed rule: the id of a name is its position in [`DOCUMENTS`].

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::attribute::{AttributeNo, Schema, Subject};
use crate::condition::{
    AccountFacts, Asked, Condition, Context, Fields, GroupFacts, Membership, Name, PersonFacts, Scope,
};
use crate::id::DocumentId;
use crate::value::{Value, ValueRef};

/// The documents that exist.
pub const DOCUMENTS: [&str; 6] = ["gold", "silver", "crm", "erp", "interest", "licences"];

/// The id of a document.
pub fn document(key: &str) -> Option<DocumentId> {
    DOCUMENTS.iter().position(|known| *known == key).map(|at| DocumentId(at as i64))
}

#[derive(Debug, Clone, Default)]
pub struct Account {
    pub values: HashMap<AttributeNo, Value>,
    pub lists: Vec<&'static str>,
    pub groups: Vec<Group>,
    pub people: Vec<Person>,
    pub objects: Vec<(&'static str, Map<String, Json>)>,
}

#[derive(Debug, Clone, Default)]
pub struct Person {
    pub values: HashMap<AttributeNo, Value>,
    pub lists: Vec<&'static str>,
    pub scores: Vec<(&'static str, i64)>,
    pub memberships: Vec<(Group, String, bool)>,
    pub roles: Vec<String>,
    pub objects: Vec<(&'static str, Map<String, Json>)>,
    pub past: Vec<Past>,
}

#[derive(Debug, Clone)]
pub struct Past {
    pub activity: &'static str,
    pub at: Timestamp,
    pub fields: Map<String, Json>,
}

#[derive(Debug, Clone, Default)]
pub struct Group {
    pub interest: &'static str,
    pub stage: Option<String>,
    pub status: Option<String>,
    pub completeness: Option<f64>,
    pub engagement: Option<f64>,
    pub members: Vec<String>,
}

fn value(values: &HashMap<AttributeNo, Value>, no: AttributeNo) -> ValueRef<'_> {
    values.get(&no).map_or(ValueRef::Null, Value::as_ref)
}

fn any_object(
    objects: &[(&'static str, Map<String, Json>)],
    wanted: &Name,
    test: &mut dyn FnMut(&dyn Fields) -> bool,
) -> bool {
    objects.iter().any(|(object, record)| document(object).is_some_and(|id| wanted.is(id)) && test(record))
}

impl AccountFacts for Account {
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_> {
        value(&self.values, no)
    }

    fn in_list(&self, list: &Name) -> bool {
        self.lists.iter().any(|key| document(key).is_some_and(|id| list.is(id)))
    }

    fn any_group(&self, test: &mut dyn FnMut(&dyn GroupFacts) -> bool) -> bool {
        self.groups.iter().any(|group| test(group))
    }

    fn any_person(&self, test: &mut dyn FnMut(&dyn PersonFacts) -> bool) -> bool {
        self.people.iter().any(|person| test(person))
    }

    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool {
        any_object(&self.objects, object, test)
    }
}

impl PersonFacts for Person {
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_> {
        value(&self.values, no)
    }

    fn in_list(&self, list: &Name) -> bool {
        self.lists.iter().any(|key| document(key).is_some_and(|id| list.is(id)))
    }

    fn score(&self, score: &Name) -> Option<i64> {
        self.scores.iter().find(|(key, _)| document(key).is_some_and(|id| score.is(id))).map(|(_, value)| *value)
    }

    fn any_membership(&self, test: &mut dyn FnMut(&Membership<'_>) -> bool) -> bool {
        self.memberships.iter().any(|(group, role, removed)| test(&Membership { group, role, removed: *removed }))
    }

    fn any_role_in_account(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.roles.iter().any(|role| test(role))
    }

    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool {
        any_object(&self.objects, object, test)
    }

    fn count_activities(&self, asked: &Asked<'_>, enough: u64) -> u64 {
        let counted = self.past.iter().filter(|past| asked.counts(past.activity, past.at, &past.fields));
        counted.take(enough as usize).count() as u64
    }

    fn nth_newest_activity(&self, asked: &Asked<'_>, nth: u64) -> Option<Timestamp> {
        let mut times: Vec<_> =
            self.past.iter().filter(|past| asked.counts(past.activity, past.at, &past.fields)).map(|p| p.at).collect();
        times.sort_by(|a, b| b.cmp(a));
        times.get(nth as usize - 1).copied()
    }
}

impl GroupFacts for Group {
    fn interest(&self) -> DocumentId {
        document(self.interest).unwrap_or(DocumentId(-1))
    }

    fn stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }

    fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    fn completeness(&self) -> Option<f64> {
        self.completeness
    }

    fn engagement(&self) -> Option<f64> {
        self.engagement
    }

    fn count_members(&self, test: &mut dyn FnMut(&str) -> bool) -> u64 {
        self.members.iter().filter(|role| test(role)).count() as u64
    }
}

/// The schema of the world: the standard one and a declared attribute of each type.
pub fn schema() -> Schema {
    let declared = ["string", "integer", "number", "boolean", "date", "date_time"].map(|of| {
        serde_json::from_value(serde_json::json!({"key": format!("a_{of}"), "subject": "account", "type": of})).unwrap()
    });
    Schema::with(declared).unwrap()
}

/// Reads and binds a condition that has no mistakes.
pub fn condition(subject: Subject, json: Json) -> Condition {
    let schema = schema();
    let mut read = Condition::read(&json, "", Scope { subject, schema: &schema, in_journey: true })
        .unwrap_or_else(|findings| panic!("{json}: {findings:?}"));
    read.bind(|_, key| document(key));
    read
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon in Berlin on 1 December 2026; entered ten days before.
pub const NOW: &str = "2026-12-01T11:00:00Z";

pub fn context(zone: &TimeZone) -> Context<'_> {
    Context { now: at(NOW), entry: Some(at("2026-11-21T11:00:00Z")), zone }
}

pub fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

impl Account {
    /// Sets an attribute by its key.
    pub fn with(mut self, key: &str, json: Json) -> Self {
        let schema = schema();
        let (no, attribute) = schema.account.find(key, "").unwrap();
        self.values.insert(no, attribute.read_json(&json).unwrap());
        self
    }

    pub fn meets(&self, json: Json) -> bool {
        let zone = berlin();
        condition(Subject::Account, json).holds(self as &dyn AccountFacts, &context(&zone))
    }
}

impl Person {
    /// Sets an attribute by its key.
    pub fn with(mut self, key: &str, json: Json) -> Self {
        let schema = schema();
        let (no, attribute) = schema.person.find(key, "").unwrap();
        self.values.insert(no, attribute.read_json(&json).unwrap());
        self
    }

    pub fn did(mut self, activity: &'static str, when: &str, fields: Json) -> Self {
        let fields = fields.as_object().cloned().unwrap_or_default();
        self.past.push(Past { activity, at: at(when), fields });
        self
    }

    pub fn meets(&self, json: Json) -> bool {
        let zone = berlin();
        condition(Subject::Person, json).holds(self as &dyn PersonFacts, &context(&zone))
    }
}
