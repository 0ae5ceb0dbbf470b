//! The part of the world that one batch of travellers sees while it is decided.
//!
//! The engine fills it once per batch, set-based; actions and conditions read it and change it through its methods,
//! which record every real change in [`Changes`]. So a later traveller of the same batch sees what an earlier one
//! changed, and nothing here waits or does I/O.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use caravan_model::attribute::{self, AttributeNo, Schema};
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, EnrollmentId, GroupId, PersonId, Shard};
use jiff::Timestamp;

use crate::changes::{
    Changes, Command, GroupChange, ListChange, MemberChange, NewActivity, ScoreChange, StageChange, ValueChange,
};

/// Index of an account in the batch.
pub type AccountIx = usize;
/// Index of a person in the batch.
pub type PersonIx = usize;
/// Index of a buying group in the batch.
pub type GroupIx = usize;

/// Who decided a membership. Ordered: the higher one wins, for adding and for removing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A rule: the group's creation or maintenance job.
    System,
    /// A journey's action.
    Journey,
    /// A person's hand.
    Manual,
}

impl Source {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Journey => "journey",
            Self::Manual => "manual",
        }
    }

    /// From its stored form; what is unknown counts as a rule.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "manual" => Self::Manual,
            "journey" => Self::Journey,
            _ => Self::System,
        }
    }
}

/// An account as the batch sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// Its name; an account with an empty one never enters.
    pub name: String,
    /// The loaded attributes, in the order of [`World::account_projection`].
    pub values: Vec<Value>,
    /// Its people.
    pub people: Vec<PersonIx>,
    /// The lists and audiences that it is in, of those asked for.
    pub lists: Vec<DocumentId>,
    /// Its buying groups, of those asked for.
    pub groups: Vec<GroupIx>,
    /// Its records of the custom objects asked for.
    pub records: Vec<ObjectRecord>,
    /// Its enrollments in the journeys asked for.
    pub trips: Vec<Trip>,
}

/// A record of a custom object or an opportunity.
#[derive(Debug, Clone)]
pub struct ObjectRecord {
    /// The object.
    pub object: DocumentId,
    /// Its fields.
    pub fields: Arc<serde_json::Value>,
}

/// A person as the batch sees it.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// Its own shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// It never enters a journey.
    pub test_profile: bool,
    /// The loaded attributes, in the order of [`World::person_projection`].
    pub values: Vec<Value>,
    /// Its named scores, of those asked for.
    pub scores: Vec<(DocumentId, i64)>,
    /// The people lists and audiences that it is in, of those asked for.
    pub lists: Vec<DocumentId>,
    /// Its memberships: group, and the place in that group's members.
    pub memberships: Vec<(GroupIx, usize)>,
    /// Its roles in each account that it belongs to, of those asked for.
    pub roles: Vec<(AccountId, Vec<String>)>,
    /// Its records of the custom objects asked for.
    pub records: Vec<ObjectRecord>,
    /// Its activities of the types asked for, oldest first.
    pub history: Vec<PastActivity>,
    /// Its enrollments in the journeys asked for.
    pub trips: Vec<Trip>,
}

/// A fact that lies in the past of a person.
#[derive(Debug, Clone)]
pub struct PastActivity {
    /// Its type.
    pub kind: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// The account that it carries.
    pub account: Option<AccountId>,
    /// Its own fields.
    pub fields: Arc<serde_json::Value>,
}

/// The latest enrollment of a subject in one journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trip {
    /// The journey.
    pub journey: DocumentId,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// Still inside.
    pub active: bool,
}

/// A buying group with its members, removed ones included.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its account.
    pub account: AccountId,
    /// Its solution interest.
    pub interest: DocumentId,
    /// Its stage.
    pub stage: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its completeness, 0 to 100, exact.
    pub completeness: Option<f64>,
    /// Its engagement, 0 to 100, exact.
    pub engagement: Option<f64>,
    /// Its members, removed ones included.
    pub members: Vec<Member>,
}

/// A person's place in a buying group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: String,
    /// Who decided.
    pub source: Source,
    /// Soft delete.
    pub removed: bool,
    /// The person no longer belongs to the account. Whom a hand or a journey put in stays a member, but fills no role.
    pub left_account: bool,
}

impl Member {
    /// Whether it fills its role.
    pub fn counts(&self) -> bool {
        !self.removed && !self.left_account
    }
}

/// Who writes a change, for the activities that tell of it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `journey:KEY`, `system`, `manual:EMAIL` …
    pub source: Arc<str>,
    /// The trip, when it is one.
    pub enrollment: Option<EnrollmentId>,
    /// The node, when it is one.
    pub node: Option<i64>,
}

/// The batch's world. See the module's words.
#[derive(Debug)]
pub struct World {
    /// Step time: every deciding instant comes from it.
    pub now: Timestamp,
    /// All attributes, standard and declared.
    pub schema: Arc<Schema>,
    /// What is to be written.
    pub changes: Changes,
    accounts: Vec<Account>,
    account_ix: HashMap<AccountId, AccountIx>,
    account_slots: Slots,
    people: Vec<Person>,
    person_ix: HashMap<PersonId, PersonIx>,
    person_slots: Slots,
    groups: Vec<Group>,
    asked: HashMap<(AccountId, DocumentId), bool>,
}

/// Which attributes were loaded, and where each stands in a row.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    attributes: Vec<AttributeNo>,
    slot: Vec<Option<u16>>,
}

impl Slots {
    /// The attributes in this order.
    pub fn new(attributes: Vec<AttributeNo>) -> Self {
        let longest = attributes.iter().map(|a| usize::from(a.0) + 1).max().unwrap_or(0);
        let mut slot = vec![None; longest];
        for (at, attribute) in (0u16..).zip(&attributes) {
            slot[usize::from(attribute.0)] = Some(at);
        }
        Self { attributes, slot }
    }

    /// The attributes in the order in which rows hold them.
    pub fn attributes(&self) -> &[AttributeNo] {
        &self.attributes
    }

    fn of(&self, attribute: AttributeNo) -> Option<usize> {
        self.slot.get(usize::from(attribute.0)).copied().flatten().map(usize::from)
    }
}

impl World {
    /// An empty world at `now` that will hold these attributes.
    pub fn new(now: Timestamp, schema: Arc<Schema>, account: Vec<AttributeNo>, person: Vec<AttributeNo>) -> Self {
        Self {
            now,
            schema,
            changes: Changes::default(),
            accounts: Vec::new(),
            account_ix: HashMap::new(),
            account_slots: Slots::new(account),
            people: Vec::new(),
            person_ix: HashMap::new(),
            person_slots: Slots::new(person),
            groups: Vec::new(),
            asked: HashMap::new(),
        }
    }

    // Filling, by the engine.

    /// Attributes that account rows hold, in order.
    pub fn account_projection(&self) -> &[AttributeNo] {
        self.account_slots.attributes()
    }

    /// Attributes that person rows hold, in order.
    pub fn person_projection(&self) -> &[AttributeNo] {
        self.person_slots.attributes()
    }

    /// Adds an account; a second one with the same id replaces nothing and returns the first.
    pub fn add_account(&mut self, account: Account) -> AccountIx {
        *self.account_ix.entry(account.id).or_insert_with(|| {
            self.accounts.push(account);
            self.accounts.len() - 1
        })
    }

    /// Adds a person; a second one with the same id replaces nothing and returns the first.
    pub fn add_person(&mut self, person: Person) -> PersonIx {
        *self.person_ix.entry(person.id).or_insert_with(|| {
            self.people.push(person);
            self.people.len() - 1
        })
    }

    /// Adds a group and ties it to its account and its members, where they are loaded.
    pub fn add_group(&mut self, group: Group) -> GroupIx {
        let ix = self.groups.len();
        if let Some(&account) = self.account_ix.get(&group.account) {
            self.accounts[account].groups.push(ix);
        }
        for (place, member) in group.members.iter().enumerate() {
            if let Some(&person) = self.person_ix.get(&member.person) {
                self.people[person].memberships.push((ix, place));
            }
        }
        self.groups.push(group);
        ix
    }

    /// An account to complete while loading.
    pub fn account_mut(&mut self, ix: AccountIx) -> &mut Account {
        &mut self.accounts[ix]
    }

    /// A person to complete while loading.
    pub fn person_mut(&mut self, ix: PersonIx) -> &mut Person {
        &mut self.people[ix]
    }

    // Reading.

    /// The account at `ix`.
    pub fn account(&self, ix: AccountIx) -> &Account {
        &self.accounts[ix]
    }

    /// All accounts of the batch.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The index of an account, when it is loaded.
    pub fn account_ix(&self, id: AccountId) -> Option<AccountIx> {
        self.account_ix.get(&id).copied()
    }

    /// The person at `ix`.
    pub fn person(&self, ix: PersonIx) -> &Person {
        &self.people[ix]
    }

    /// All people of the batch.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The index of a person, when it is loaded.
    pub fn person_ix(&self, id: PersonId) -> Option<PersonIx> {
        self.person_ix.get(&id).copied()
    }

    /// The group at `ix`.
    pub fn group(&self, ix: GroupIx) -> &Group {
        &self.groups[ix]
    }

    /// The account's group for a solution interest.
    pub fn group_of(&self, account: AccountIx, interest: DocumentId) -> Option<GroupIx> {
        self.accounts[account].groups.iter().copied().find(|&g| self.groups[g].interest == interest)
    }

    /// The value of an account's attribute; null when it was not asked for.
    pub fn account_value(&self, ix: AccountIx, attribute: AttributeNo) -> &Value {
        self.account_slots.of(attribute).and_then(|s| self.accounts[ix].values.get(s)).unwrap_or(&Value::Null)
    }

    /// The value of a person's attribute; null when it was not asked for.
    pub fn person_value(&self, ix: PersonIx, attribute: AttributeNo) -> &Value {
        self.person_slots.of(attribute).and_then(|s| self.people[ix].values.get(s)).unwrap_or(&Value::Null)
    }

    /// A named score of a person; a missing one is 0.
    pub fn score(&self, ix: PersonIx, score: DocumentId) -> i64 {
        self.people[ix].scores.iter().find(|(id, _)| *id == score).map_or(0, |(_, value)| *value)
    }

    /// The name of a subject's own time zone, when it has one and it was asked for.
    pub fn time_zone(&self, subject: crate::action::Subject) -> Option<&str> {
        match subject {
            crate::action::Subject::Account(ix) => {
                self.account_value(ix, self.schema.account.no("time_zone")?).as_text()
            }
            crate::action::Subject::Person(ix) => self.person_value(ix, self.schema.person.no("time_zone")?).as_text(),
        }
    }

    /// The latest enrollment of an account in a journey.
    pub fn account_trip(&self, ix: AccountIx, journey: DocumentId) -> Option<Trip> {
        self.accounts[ix].trips.iter().find(|t| t.journey == journey).copied()
    }

    /// A trip begins in this batch.
    pub fn trip_began(&mut self, subject: crate::action::Subject, trip: Trip) {
        let trips = self.trips_mut(subject);
        trips.retain(|known| known.journey != trip.journey);
        trips.push(trip);
        self.forget_asked(subject, trip.journey);
    }

    /// The trip that a subject is on in a journey ends in this batch.
    pub fn trip_ended(&mut self, subject: crate::action::Subject, journey: DocumentId) {
        if let Some(trip) = self.trips_mut(subject).iter_mut().find(|trip| trip.journey == journey) {
            trip.active = false;
        }
        self.forget_asked(subject, journey);
    }

    fn trips_mut(&mut self, subject: crate::action::Subject) -> &mut Vec<Trip> {
        match subject {
            crate::action::Subject::Account(ix) => &mut self.accounts[ix].trips,
            crate::action::Subject::Person(ix) => &mut self.people[ix].trips,
        }
    }

    /// What was asked has happened.
    fn forget_asked(&mut self, subject: crate::action::Subject, journey: DocumentId) {
        if let crate::action::Subject::Account(ix) = subject {
            self.asked.remove(&(self.accounts[ix].id, journey));
        }
    }

    /// Whether an account is inside a journey, as far as this batch knows: what it has asked for counts as done.
    pub fn inside(&self, ix: AccountIx, journey: DocumentId) -> bool {
        let asked = self.asked.get(&(self.accounts[ix].id, journey)).copied();
        asked.unwrap_or_else(|| self.account_trip(ix, journey).is_some_and(|trip| trip.active))
    }

    // Changing. Each returns whether anything really changed; only then is it recorded and told.

    /// Sets an account's attribute.
    pub fn set_account_value(&mut self, ix: AccountIx, attribute: AttributeNo, value: Value, origin: &Origin) -> bool {
        let Some(slot) = self.account_slots.of(attribute) else { return false };
        let Some(key) = self.schema.account.at(attribute).map(|a| a.key.clone()) else { return false };
        let account = &mut self.accounts[ix];
        let Some(stored) = account.values.get_mut(slot) else { return false };
        if *stored == value {
            return false;
        }
        let old = std::mem::replace(stored, value.clone());
        if attribute == attribute::account::NAME {
            account.name = value.to_string();
        }
        let id = account.id;
        let fields = change_fields(&key, &old, &value, origin);
        self.changes.account_values.push(ValueChange { id, attribute, value });
        self.tell("account_changed", Some(id), None, fields, origin);
        true
    }

    /// Sets a person's attribute.
    pub fn set_person_value(&mut self, ix: PersonIx, attribute: AttributeNo, value: Value, origin: &Origin) -> bool {
        let Some(slot) = self.person_slots.of(attribute) else { return false };
        let Some(key) = self.schema.person.at(attribute).map(|a| a.key.clone()) else { return false };
        let person = &mut self.people[ix];
        let Some(stored) = person.values.get_mut(slot) else { return false };
        if *stored == value {
            return false;
        }
        let old = std::mem::replace(stored, value.clone());
        let id = person.id;
        let fields = change_fields(&key, &old, &value, origin);
        self.changes.person_values.push(ValueChange { id, attribute, value });
        self.tell("person_changed", None, Some(id), fields, origin);
        true
    }

    /// Sets a named score of a person.
    pub fn set_score(&mut self, ix: PersonIx, score: DocumentId, key: &str, value: i64, origin: &Origin) -> bool {
        let old = self.score(ix, score);
        if old == value {
            return false;
        }
        let person = &mut self.people[ix];
        match person.scores.iter_mut().find(|(id, _)| *id == score) {
            Some((_, stored)) => *stored = value,
            None => person.scores.push((score, value)),
        }
        let id = person.id;
        self.changes.scores.push(ScoreChange { person: id, score, value });
        let mut fields = String::with_capacity(48 + key.len());
        fields.push_str("{\"score\":");
        push_quoted(&mut fields, key);
        // Writing to a string cannot fail.
        let _ = write!(fields, ",\"old\":{old},\"new\":{value}}}");
        self.tell("score_changed", None, Some(id), fields, origin);
        true
    }

    /// Puts an account into a list or takes it out.
    pub fn set_account_list(
        &mut self,
        ix: AccountIx,
        list: DocumentId,
        key: &str,
        member: bool,
        origin: &Origin,
    ) -> bool {
        let account = &mut self.accounts[ix];
        let place = account.lists.iter().position(|&l| l == list);
        match (place, member) {
            (None, true) => account.lists.push(list),
            (Some(at), false) => {
                account.lists.swap_remove(at);
            }
            _ => return false,
        }
        let id = account.id;
        self.changes.lists.push(ListChange { list, subject: id.0, joined: member, source: origin.source.clone() });
        let kind = if member { "account_list_joined" } else { "account_list_left" };
        self.tell(kind, Some(id), None, serde_json::json!({"list": key}).to_string(), origin);
        true
    }

    /// Gives a person a place in a group, or changes it. Precedence is the caller's; this records.
    pub fn set_member(&mut self, group: GroupIx, member: Member) {
        let Group { id, interest, ref mut members, .. } = self.groups[group];
        let stored = members.iter().find(|m| m.person == member.person);
        self.changes.members.push(MemberChange {
            group: id,
            interest,
            person: member.person,
            role: member.role.clone(),
            source: member.source,
            removed: member.removed,
            acquired: !member.removed && stored.is_none_or(|old| old.removed || old.role != member.role),
        });
        if let Some(stored) = members.iter_mut().find(|m| m.person == member.person) {
            *stored = member;
            return;
        }
        members.push(member);
        let place = members.len() - 1;
        let person = members[place].person;
        if let Some(&ix) = self.person_ix.get(&person) {
            self.people[ix].memberships.push((group, place));
        }
    }

    /// Changes a group's own columns through `change` and records it as it is then.
    pub fn change_group(&mut self, ix: GroupIx, change: impl FnOnce(&mut Group)) {
        let group = &mut self.groups[ix];
        change(group);
        self.changes.groups.push(GroupChange {
            group: group.id,
            stage: group.stage.clone(),
            status: group.status.clone(),
            completeness: group.completeness,
        });
    }

    /// Moves a group to a stage and keeps that it did. Whether the model allows it is the caller's to ask.
    pub fn set_stage(&mut self, ix: GroupIx, stage: Option<String>, origin: &Origin) {
        let group = &self.groups[ix];
        let (id, old) = (group.id, group.stage.clone());
        self.changes.stages.push(StageChange { group: id, old, new: stage.clone(), source: origin.source.clone() });
        self.change_group(ix, |group| group.stage = stage);
    }

    /// Asks for an account to enter a journey as the `chain`th of a row of journeys.
    pub fn enter_account(&mut self, ix: AccountIx, journey: DocumentId, chain: i64) {
        let account = self.accounts[ix].id;
        self.asked.insert((account, journey), true);
        self.changes.commands.push(Command::EnterAccount { journey, account, chain });
    }

    /// Asks for an account's trip through a journey to end.
    pub fn remove_account(&mut self, ix: AccountIx, journey: DocumentId) {
        let account = self.accounts[ix].id;
        self.asked.insert((account, journey), false);
        self.changes.commands.push(Command::RemoveAccount { journey, account });
    }

    /// Writes a fact to the stream.
    pub fn tell(
        &mut self,
        kind: &'static str,
        account: Option<AccountId>,
        person: Option<PersonId>,
        fields: String,
        origin: &Origin,
    ) {
        self.changes.activities.push(NewActivity {
            kind,
            at: self.now,
            account,
            person,
            enrollment: origin.enrollment,
            node: origin.node,
            source: origin.source.clone(),
            fields,
        });
    }
}

/// Built by hand: a step tells of hundreds of thousands of changes, and a tree for each costs more than the change.
fn change_fields(key: &str, old: &Value, new: &Value, origin: &Origin) -> String {
    let mut fields = String::with_capacity(64 + key.len() + origin.source.len());
    fields.push_str("{\"attribute\":");
    push_quoted(&mut fields, key);
    fields.push_str(",\"old\":");
    push_value(&mut fields, old);
    fields.push_str(",\"new\":");
    push_value(&mut fields, new);
    fields.push_str(",\"source\":");
    push_quoted(&mut fields, &origin.source);
    fields.push('}');
    fields
}

fn push_value(json: &mut String, value: &Value) {
    match value {
        Value::Text(text) => push_quoted(json, text),
        other => {
            let _ = write!(json, "{}", other.to_json());
        }
    }
}

/// A JSON string; the escaping of `serde_json` where anything needs it.
fn push_quoted(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let _ = write!(json, "{}", serde_json::Value::from(text));
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_changes_are_json_whatever_the_values_hold() {
        let origin = Origin { source: "journey:\"q\"".into(), enrollment: None, node: None };
        for text in ["plain", "a \"quoted\" \\ one", "line\nbreak\u{1}", "é ✓ \u{7f}", ""] {
            let (old, new) = (Value::Text(text.to_owned()), Value::Integer(-7));
            let expected = serde_json::json!({"attribute": text, "old": text, "new": -7, "source": "journey:\"q\""});
            assert_eq!(change_fields(text, &old, &new, &origin), expected.to_string());
            let expected = serde_json::json!({"attribute": "x", "old": null, "new": 1.5, "source": origin.source});
            assert_eq!(change_fields("x", &Value::Null, &Value::Number(1.5), &origin), expected.to_string());
        }
    }
}
