//! Reads the tests, one function each; the visible list says what each is about and what it takes.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Object, Reader, at};
use crate::attribute::Subject;
use crate::condition::{
    AttributeTest, Checks, FieldTest, GroupTest, HasObject, HasPeople, HistoryQuery, HistoryTest, InList, MemberTest,
    NameKind, PersonaTest, RoleCount, ScoreTest, Test, Window,
};
use crate::text::Folded;
use crate::value::{ValueType, shown};

/// A test, as conditions begin it.
pub(super) struct TestKind {
    pub key: &'static str,
    /// Whom it is about; none for both.
    pub subject: Option<Subject>,
    read: Read,
}

/// Where a test stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    key: &'static str,
    depth: usize,
}

type Read = fn(&mut Reader<'_>, &Object, &str, Place) -> Option<Test>;

const fn about(subject: Subject, key: &'static str, read: Read) -> TestKind {
    TestKind { key, subject: Some(subject), read }
}

/// Every test.
pub(super) const TESTS: &[TestKind] = &[
    about(Subject::Account, "account", |r, o, p, place| r.attribute(o, p, place)),
    about(Subject::Account, "in_account_list", |r, o, p, place| r.in_list(o, p, place)),
    about(Subject::Account, "buying_group", |r, o, p, place| r.buying_group(o, p, place)),
    about(Subject::Account, "has_people", |r, o, p, place| r.has_people(o, p, place)),
    TestKind { key: "has", subject: None, read: |r, o, p, place| r.has_object(o, p, place) },
    about(Subject::Person, "person", |r, o, p, place| r.attribute(o, p, place)),
    about(Subject::Person, "score", |r, o, p, place| r.score(o, p, place)),
    about(Subject::Person, "member_of_buying_group", |r, o, p, place| r.member_of_group(o, p, place)),
    about(Subject::Person, "role_in_account", |r, o, p, place| r.role_in_account(o, p, place)),
    about(Subject::Person, "in_people_list", |r, o, p, place| r.in_list(o, p, place)),
    about(Subject::Person, "in_external_audience", |r, o, p, place| r.in_list(o, p, place)),
    about(Subject::Person, "persona", |r, o, p, place| r.persona(o, p, place)),
    about(Subject::Person, "derived_persona", |r, o, p, place| r.persona(o, p, place)),
    about(Subject::Person, "did", |r, o, p, place| r.did(o, p, place)),
    about(Subject::Person, "did_not", |r, o, p, place| r.did(o, p, place)),
];

/// The tests that a condition about `subject` may hold.
pub(super) fn keys_for(subject: Subject) -> impl Iterator<Item = &'static str> {
    TESTS.iter().filter(move |test| test.subject.is_none_or(|of| of == subject)).map(|test| test.key)
}

fn subject_of(key: &str) -> Subject {
    let test = TESTS.iter().find(|test| test.key == key);
    test.and_then(|test| test.subject).unwrap_or(Subject::Account)
}

impl Reader<'_> {
    pub(super) fn test(
        &mut self,
        key: &'static str,
        object: &Object,
        pointer: &str,
        subject: Subject,
        depth: usize,
    ) -> Option<Test> {
        self.tests += 1;
        if self.tests > super::MAX_TESTS {
            // Said once.
            if self.tests == super::MAX_TESTS + 1 {
                let message = format!("The condition has more than {} tests. Simplify it.", super::MAX_TESTS);
                self.error::<()>("too_many_tests", pointer, message);
            }
            return None;
        }
        let kind = TESTS.iter().find(|test| test.key == key)?;
        match (kind.subject, subject) {
            (Some(Subject::Person), Subject::Account) => {
                let message = format!(
                    "`{key}` is a test of people, and this condition is about accounts. Put it inside `has_people`."
                );
                self.error("wrong_subject", &at(pointer, key), message)
            }
            (Some(Subject::Account), Subject::Person) => {
                let message = format!(
                    "`{key}` is a test of accounts, and this condition is about people. Use one of: {}.",
                    keys_for(Subject::Person).collect::<Vec<_>>().join(", ")
                );
                self.error("wrong_subject", &at(pointer, key), message)
            }
            _ => (kind.read)(self, object, pointer, Place { key: kind.key, depth }),
        }
    }

    fn attribute(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        let subject = subject_of(place.key);
        let key_pointer = at(pointer, place.key);
        let json = object.get(place.key)?;
        let Some(key) = json.as_str() else {
            let message = format!("`{}` expects the key of an attribute, not {}.", place.key, shown(json));
            return self.error("wrong_value_type", &key_pointer, message);
        };
        let schema = self.scope.schema;
        match schema.of(subject).find(key, &key_pointer) {
            Ok((no, attribute)) => {
                let checks = self.checks(object, &[place.key], Some(attribute.value_type), pointer)?;
                let label = attribute.label.clone();
                Some(Test::Attribute(AttributeTest { subject, no, label, checks }))
            }
            Err(finding) => {
                self.findings.push(finding);
                None
            }
        }
    }

    fn in_list(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key], pointer);
        let subject = subject_of(place.key);
        let (kind, what) = match (subject, place.key) {
            (Subject::Account, _) => (NameKind::AccountList, "key of a list"),
            (Subject::Person, "in_external_audience") => (NameKind::ExternalAudience, "key of an external audience"),
            (Subject::Person, _) => (NameKind::PeopleList, "key of a list"),
        };
        let lists = self.names(kind, object.get(place.key)?, &at(pointer, place.key), what)?;
        Some(Test::InList(InList { subject, kind, lists }))
    }

    fn persona(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key], pointer);
        let json = object.get(place.key)?;
        let personas = self.names(NameKind::Persona, json, &at(pointer, place.key), "key of a persona")?;
        Some(Test::Persona(PersonaTest { personas, derived: place.key == "derived_persona", who: None }))
    }

    fn buying_group(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key], pointer);
        let pointer = at(pointer, place.key);
        let inner = self.object(object.get(place.key)?, &pointer, "an object like {solution_interest: KEY}")?;
        let takes = ["solution_interest", "stage", "status", "completeness", "engagement", "roles"];
        self.only(inner, &takes, &pointer);
        let group = self.group(inner, &pointer);
        let roles = self.role_counts(inner, &pointer);
        Some(Test::BuyingGroup(GroupTest { roles: roles?, ..group? }))
    }

    /// What buying groups and memberships have in common.
    fn group(&mut self, object: &Object, pointer: &str) -> Option<GroupTest> {
        let interests = match object.get("solution_interest") {
            Some(json) => self.names(
                NameKind::SolutionInterest,
                json,
                &at(pointer, "solution_interest"),
                "key of a solution interest",
            ),
            None => Some(Vec::new()),
        };
        let stage = self.label_checks(object, "stage", Some(NameKind::Stage), pointer);
        let status = self.label_checks(object, "status", None, pointer);
        let completeness = self.number_checks(object, "completeness", pointer);
        let engagement = self.number_checks(object, "engagement", pointer);
        Some(GroupTest {
            interests: interests?,
            stage: stage?,
            status: status?,
            completeness: completeness?,
            engagement: engagement?,
            roles: Vec::new(),
        })
    }

    /// `stage: Engaged`, `stage: [A, B]` or `stage: {is_not: Won}`.
    fn label_checks(&mut self, object: &Object, key: &str, kind: Option<NameKind>, pointer: &str) -> Option<Checks> {
        let Some(json) = object.get(key) else { return Some(Checks::default()) };
        let pointer = at(pointer, key);
        if let Some(kind) = kind {
            self.refer_to_labels(kind, json, interest_of(object), &pointer);
        }
        match json {
            Json::Object(inner) => self.checks(inner, &[], Some(ValueType::String), &pointer),
            _ => self.is_any_of(json, &pointer),
        }
    }

    /// The labels that a stage or a role must be, noted as references.
    fn refer_to_labels(&mut self, kind: NameKind, json: &Json, within: Option<&str>, pointer: &str) {
        match json {
            Json::String(label) => self.refer(kind, label, within, pointer),
            Json::Array(list) => {
                list.iter().enumerate().for_each(|(n, one)| self.refer_to_labels(kind, one, within, &at(pointer, n)));
            }
            Json::Object(inner) => {
                for key in ["is", "is_not"] {
                    let Some(json) = inner.get(key) else { continue };
                    if !json.is_object() {
                        self.refer_to_labels(kind, json, within, &at(pointer, key));
                    }
                }
            }
            _ => {}
        }
    }

    fn number_checks(&mut self, object: &Object, key: &str, pointer: &str) -> Option<Checks> {
        let Some(json) = object.get(key) else { return Some(Checks::default()) };
        let pointer = at(pointer, key);
        let inner = self.object(json, &pointer, "an operator with a number, like {at_least: 50}")?;
        self.checks(inner, &[], Some(ValueType::Number), &pointer)
    }

    fn role_counts(&mut self, object: &Object, pointer: &str) -> Option<Vec<RoleCount>> {
        let Some(json) = object.get("roles") else { return Some(Vec::new()) };
        let pointer = at(pointer, "roles");
        let Json::Array(list) = json else {
            let message =
                format!("`roles` expects a list like [{{role: Influencer, at_least: 2}}], not {}.", shown(json));
            return self.error("wrong_value_type", &pointer, message);
        };
        self.check_length(list.len(), &pointer)?;
        let interest = interest_of(object);
        let read: Vec<_> =
            list.iter().enumerate().map(|(n, one)| self.role_count(one, interest, &at(&pointer, n))).collect();
        read.into_iter().collect()
    }

    fn role_count(&mut self, json: &Json, interest: Option<&str>, pointer: &str) -> Option<RoleCount> {
        let object = self.object(json, pointer, "a role and a number, like {role: Influencer, at_least: 2}")?;
        self.only(object, &["role", "at_least"], pointer);
        let at_least = self.count(object, "at_least", pointer)?.unwrap_or(1);
        let Some(role) = object.get("role").and_then(Json::as_str).filter(|role| !role.is_empty()) else {
            return self.error(
                "required",
                &at(pointer, "role"),
                "`role` is missing. Name the buying-group role to count.",
            );
        };
        self.refer(NameKind::Role, role, interest, &at(pointer, "role"));
        Some(RoleCount { role: Folded::new(role), at_least })
    }

    fn has_people(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key, "at_least", "at_most"], pointer);
        let inner = object.get(place.key)?;
        let who = self.expr(inner, &at(pointer, place.key), Subject::Person, place.depth + 1);
        let at_least = self.count(object, "at_least", pointer);
        let at_most = self.count(object, "at_most", pointer)?;
        // "At most two" includes nobody; without any number it takes somebody.
        let at_least = at_least?.unwrap_or(u64::from(at_most.is_none()));
        if at_least == 0 && at_most.is_none() {
            let message = "`at_least: 0` always holds. Write a higher number, or add `at_most`.";
            return self.error("always_matches", &at(pointer, "at_least"), message);
        }
        if at_most.is_some_and(|most| most < at_least) {
            self.warn("never_matches", &at(pointer, "at_most"), "`at_most` is below `at_least`: this never matches.");
        }
        Some(Test::HasPeople(HasPeople { who: Box::new(who?), at_least, at_most }))
    }

    fn has_object(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key, "where"], pointer);
        let name = self.name(
            NameKind::CustomObject,
            object.get(place.key)?,
            &at(pointer, place.key),
            "key of a custom object",
        );
        let within = object.get(place.key).and_then(Json::as_str).unwrap_or_default();
        let fields = match object.get("where") {
            Some(json) => self.fields(json, &at(pointer, "where"), NameKind::ObjectField, within),
            None => Vec::new(),
        };
        Some(Test::HasObject(HasObject { object: name?, fields }))
    }

    fn score(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        let score = self.name(NameKind::Score, object.get(place.key)?, &at(pointer, place.key), "key of a score");
        let checks = self.checks(object, &[place.key], Some(ValueType::Number), pointer);
        Some(Test::Score(ScoreTest { score: score?, checks: checks? }))
    }

    fn member_of_group(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key], pointer);
        let pointer = at(pointer, place.key);
        let inner = self.object(object.get(place.key)?, &pointer, "an object like {solution_interest: KEY}")?;
        let takes = ["solution_interest", "role", "stage", "status", "completeness", "engagement", "removed"];
        self.only(inner, &takes, &pointer);
        let group = self.group(inner, &pointer);
        let role = self.label_checks(inner, "role", Some(NameKind::Role), &pointer);
        let removed = match inner.get("removed") {
            None => Some(false),
            Some(Json::Bool(removed)) => Some(*removed),
            Some(other) => {
                let message = format!("`removed` expects true or false, not {}.", shown(other));
                self.error("wrong_value_type", &at(&pointer, "removed"), message)
            }
        };
        Some(Test::MemberOfGroup(MemberTest { group: group?, role: role?, removed: removed? }))
    }

    fn role_in_account(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key], pointer);
        let roles = self.texts(object.get(place.key)?, &at(pointer, place.key), "role of a person in an account")?;
        Some(Test::RoleInAccount(roles.iter().map(|role| Folded::new(role)).collect()))
    }

    fn did(&mut self, object: &Object, pointer: &str, place: Place) -> Option<Test> {
        self.only(object, &[place.key, "where", "within", "since", "at_least"], pointer);
        let name =
            self.name(NameKind::ActivityType, object.get(place.key)?, &at(pointer, place.key), "type of an activity");
        let within = object.get(place.key).and_then(Json::as_str).unwrap_or_default();
        let fields = match object.get("where") {
            Some(json) => self.past_fields(json, &at(pointer, "where"), within),
            None => Vec::new(),
        };
        let window = self.window(object, pointer);
        let at_least = self.count(object, "at_least", pointer)?.unwrap_or(1);
        if at_least == 0 {
            let message = "`at_least: 0` holds whatever happened. Write 1 or more, or use `did_not`.";
            return self.error("always_matches", &at(pointer, "at_least"), message);
        }
        let query = Arc::new(HistoryQuery { activity: name?.key, fields, window: window? });
        let title = self.scope.schema.activity_title(&query.activity);
        Some(Test::Did(HistoryTest { negated: place.key == "did_not", at_least, title, query }))
    }

    /// Field tests of a past: they must not follow the clock, the window does.
    fn past_fields(&mut self, json: &Json, pointer: &str, within: &str) -> Vec<FieldTest> {
        for (field, tests) in json.as_object().into_iter().flatten() {
            if tests.get("in_past").is_some() {
                let message = "`in_past` is not for the fields of activities. Use `within` beside `did` instead.";
                self.error::<()>("operator_not_allowed", &at(&at(pointer, field), "in_past"), message);
            }
        }
        self.fields(json, pointer, NameKind::ActivityField, within)
    }

    fn window(&mut self, object: &Object, pointer: &str) -> Option<Window> {
        match (object.get("within"), object.get("since")) {
            (None, None) => Some(Window::AllTime),
            (Some(json), None) => self.duration(json, &at(pointer, "within")).map(Window::Within),
            (None, Some(since)) if since == "entry" && self.scope.in_journey => Some(Window::SinceEntry),
            (None, Some(since)) if since == "entry" => {
                let message =
                    "`since: entry` counts from the entry into a journey, and there is none here. Use `within`.";
                self.error("no_journey_entry", &at(pointer, "since"), message)
            }
            (None, Some(other)) => {
                let message = format!("`since` takes `entry`, not {}.", shown(other));
                self.error("wrong_value_type", &at(pointer, "since"), message)
            }
            (Some(_), Some(_)) => {
                let message = "`within` and `since` do not go together. Keep one of them.";
                self.error("within_and_since", &at(pointer, "since"), message)
            }
        }
    }
}

/// The interest that stages and roles belong to, when there is exactly one.
fn interest_of(object: &Object) -> Option<&str> {
    object.get("solution_interest").and_then(Json::as_str)
}
