//! Import files of opportunities and custom objects: one record a row, each belonging to an account or a person.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caravan_model::attribute::Subject;
use caravan_model::text::fold;
use caravan_model::value::{Value, ValueType};
use caravan_model::{AccountId, PersonId, Shard};
use caravan_store::objects::{self as stored, RecordRow, WrittenRow};
use caravan_store::{Session, StoreError, intake, records};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::book::distinct;
use super::draft::{read_key, read_removal, refuse_nul};
use super::ingest;
use super::layout::Target;
use super::news::{Interest, News};
use super::reader::Cell;
use super::{Chunk, Outcome, Reject};
use crate::live::object_tag;
use crate::objects::Object;

/// What a row says about one record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RecordDraft {
    line: u64,
    key: String,
    /// Key of the account or person that it belongs to, when the row says so.
    subject: Option<String>,
    /// The fields that it sets or clears.
    values: Vec<(String, Value)>,
    /// The record goes.
    remove: bool,
}

impl RecordDraft {
    fn refuse(&self, code: &'static str, message: String) -> Reject {
        Reject::new(self.line, code, message)
    }

    fn value(&self, field: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }
}

/// Why a cell was refused: code and sentence.
type Refusal = (&'static str, String);

/// Reads the cells of one row.
pub(super) fn read<'c>(
    line: u64,
    cells: impl Iterator<Item = (&'c Target, Cell<'c>)>,
    object: &Object,
) -> Result<RecordDraft, Reject> {
    let mut draft = RecordDraft { line, ..RecordDraft::default() };
    for (target, cell) in cells {
        take(&mut draft, target, cell, object).map_err(|(code, message)| Reject::new(line, code, message))?;
    }
    if draft.key.is_empty() {
        let message = format!("The row has no `{}`. Give the key of the record.", object.shape.primary_key);
        return Err(draft.refuse("missing_key", message));
    }
    if let Some(version) = &object.shape.version
        && draft.value(version).is_none_or(Value::is_missing)
    {
        let message = format!("The row has no `{version}`, by which a later record replaces an earlier one. Give it.");
        return Err(draft.refuse("missing_version", message));
    }
    Ok(draft)
}

fn take(draft: &mut RecordDraft, target: &Target, cell: Cell<'_>, object: &Object) -> Result<(), Refusal> {
    let column = object.shape.subject_column();
    match target {
        Target::Owner if matches!(cell, Cell::Clear) => {
            let message = format!("`{column}` cannot be cleared. Name another, or take the record away.");
            return Err(("required", message));
        }
        Target::Owner => draft.subject = read_key(column, cell)?,
        Target::Removal => draft.remove = read_removal("record", cell)?,
        Target::Field(name) => {
            let Some(value) = read_field(name, cell, object)? else { return Ok(()) };
            if *name == object.shape.primary_key {
                draft.key = read_key(name, Cell::Text(&value.to_string()))?.unwrap_or_default();
            }
            draft.values.push((name.clone(), value));
        }
        _ => {}
    }
    Ok(())
}

fn read_field(name: &str, cell: Cell<'_>, object: &Object) -> Result<Option<Value>, Refusal> {
    let value_type = object.shape.fields.get(name).copied().unwrap_or(ValueType::String);
    let is_key = name == object.shape.primary_key;
    let value = match cell {
        Cell::Empty => return Ok(None),
        Cell::Clear if is_key => return Ok(None),
        Cell::Clear => Ok(Value::Null),
        Cell::Text(text) if is_key => value_type.read_text(text.trim()),
        Cell::Text(text) => value_type.read_text(text),
        Cell::Json(json) => value_type.read_json(json),
    };
    let value = value.map_err(|error| (error.code, format!("`{name}` {}.", error.message)))?;
    if let Some(text) = value.as_text() {
        refuse_nul(name, text)?;
    }
    Ok(Some(value))
}

/// The fields of a record, in the order of their names.
type Fields = BTreeMap<String, Value>;

/// A record as it is stored, or as it will be.
#[derive(Debug, Clone, PartialEq)]
struct State {
    subject: i64,
    fields: Fields,
}

/// One record of the chunk.
struct Slot {
    /// Its id, when it is stored.
    id: Option<i64>,
    before: Option<State>,
    now: Option<State>,
}

/// The accounts or people that rows name: id and shard.
type Owners = HashMap<String, (i64, Shard)>;

/// Folds the drafts over what is stored and writes what differs.
pub(super) fn apply(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    object: &Object,
    drafts: &[RecordDraft],
) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let keys = distinct(drafts.iter().map(|draft| draft.key.as_str()));
    let mut slots: BTreeMap<&str, Slot> = keys.iter().map(|key| (*key, Slot::absent())).collect();
    for row in stored::known(s, object.id, &keys)? {
        if let Some(slot) = slots.get_mut(row.key.as_str()) {
            *slot = Slot::stored(&row, object);
        }
    }
    let owners = owners_of(s, object, drafts)?;
    let mut outcome = Outcome::default();
    for draft in drafts {
        let Some(slot) = slots.get_mut(draft.key.as_str()) else { continue };
        let pretended = chunk.pretended.contains(&draft.key);
        match fold_draft(slot, draft, object, &owners, pretended) {
            Ok(Fate::Created) => outcome.created += 1,
            Ok(Fate::Updated) => outcome.updated += 1,
            Ok(Fate::Unchanged) => outcome.unchanged += 1,
            Ok(Fate::Older) => {
                outcome.unchanged += 1;
                outcome.older_versions += 1;
            }
            Err(reject) => outcome.rejects.push(reject),
        }
    }
    outcome.new_keys = slots.iter().filter(|(_, slot)| slot.is_new()).map(|(key, _)| (*key).to_owned()).collect();
    write(s, object, &slots, now)?;
    tell(s, chunk, object, &slots, now)?;
    Ok(outcome)
}

/// Takes one record away whatever its version.
pub(super) fn remove(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    object: &Object,
    key: &str,
) -> Result<Outcome, StoreError> {
    let draft = RecordDraft { line: 1, key: key.to_owned(), remove: true, ..RecordDraft::default() };
    apply(s, chunk, object, &[draft])
}

fn owners_of(s: &mut dyn Session, object: &Object, drafts: &[RecordDraft]) -> Result<Owners, StoreError> {
    let keys = distinct(drafts.iter().filter_map(|draft| draft.subject.as_deref()));
    if keys.is_empty() {
        return Ok(Owners::new());
    }
    let known = intake::ids_of_keys(s, object.table(), &keys)?;
    Ok(known.into_iter().map(|(key, id, shard)| (key, (id, shard))).collect())
}

impl Slot {
    fn absent() -> Self {
        Self { id: None, before: None, now: None }
    }

    fn stored(row: &RecordRow, object: &Object) -> Self {
        let written: Map<String, Json> = serde_json::from_str(&row.fields).unwrap_or_default();
        let value = |(name, json): (&String, &Json)| {
            let value = object.shape.fields.get(name)?.read_json(json).ok()?;
            Some((name.clone(), value))
        };
        let state = State { subject: row.subject, fields: written.iter().filter_map(value).collect() };
        Self { id: Some(row.id), before: Some(state.clone()), now: Some(state) }
    }

    fn is_new(&self) -> bool {
        self.before.is_none() && self.now.is_some()
    }
}

/// What became of a row.
enum Fate {
    Created,
    Updated,
    Unchanged,
    /// The stored record is as new or newer.
    Older,
}

fn fold_draft(
    slot: &mut Slot,
    draft: &RecordDraft,
    object: &Object,
    owners: &Owners,
    pretended: bool,
) -> Result<Fate, Reject> {
    let owner = owner_of(draft, object, owners)?;
    let Some(now) = &mut slot.now else {
        return match owner {
            // A dry run's earlier chunk would have stored it.
            _ if pretended => Ok(Fate::Updated),
            _ if draft.remove => Err(draft.refuse("unknown_record", unknown_record(draft, object))),
            None => Err(draft.refuse("required", no_owner(object))),
            Some(subject) => {
                let mut state = State { subject, fields: Fields::new() };
                state.take(draft);
                slot.now = Some(state);
                Ok(Fate::Created)
            }
        };
    };
    if object.shape.version.as_ref().is_some_and(|version| !is_later(draft, now, version)) {
        return Ok(Fate::Older);
    }
    if draft.remove {
        slot.now = None;
        return Ok(Fate::Updated);
    }
    let was = now.clone();
    now.subject = owner.unwrap_or(now.subject);
    now.take(draft);
    Ok(if *now == was { Fate::Unchanged } else { Fate::Updated })
}

impl State {
    fn take(&mut self, draft: &RecordDraft) {
        for (name, value) in &draft.values {
            if value.is_missing() {
                self.fields.remove(name);
            } else {
                self.fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Whether a row's version comes after the stored one; without a stored one it does.
fn is_later(draft: &RecordDraft, stored: &State, version: &str) -> bool {
    match (draft.value(version), stored.fields.get(version)) {
        (Some(Value::Integer(mine)), Some(Value::Integer(theirs))) => mine > theirs,
        (Some(Value::Number(mine)), Some(Value::Number(theirs))) => mine > theirs,
        (Some(Value::Date(mine)), Some(Value::Date(theirs))) => mine > theirs,
        (Some(Value::Instant(mine)), Some(Value::Instant(theirs))) => mine > theirs,
        (Some(Value::Text(mine)), Some(Value::Text(theirs))) => mine > theirs,
        _ => true,
    }
}

fn owner_of(draft: &RecordDraft, object: &Object, owners: &Owners) -> Result<Option<i64>, Reject> {
    let Some(key) = &draft.subject else { return Ok(None) };
    let found = owners.get(key).map(|(id, _)| *id);
    found.map(Some).ok_or_else(|| {
        let column = object.shape.subject_column();
        let (code, message) = match object.shape.subject {
            Subject::Account => (
                "unknown_account",
                format!("`{column}` names the account \"{key}\", which is not known. Import accounts first."),
            ),
            Subject::Person => (
                "unknown_person",
                format!("`{column}` names the person \"{key}\", who is not known. Import people first."),
            ),
        };
        draft.refuse(code, message)
    })
}

fn unknown_record(draft: &RecordDraft, object: &Object) -> String {
    format!("{} has no record \"{}\" to take away. Remove the row.", object.name, draft.key)
}

fn no_owner(object: &Object) -> String {
    let whose = object.shape.subject.as_str();
    format!("The record is new and names no {whose}. Give its `{}`.", object.shape.subject_column())
}

fn write(s: &mut dyn Session, object: &Object, slots: &BTreeMap<&str, Slot>, now: Timestamp) -> Result<(), StoreError> {
    let mut added = Vec::new();
    let mut changed = Vec::new();
    let mut gone = Vec::new();
    for (key, slot) in slots {
        match (slot.id, &slot.now) {
            (None, Some(state)) => added.push(state.row(0, key)),
            (Some(id), Some(state)) if slot.before.as_ref() != Some(state) => changed.push(state.row(id, key)),
            (Some(id), None) => gone.push(id),
            _ => {}
        }
    }
    if !added.is_empty() {
        let ids = s.reserve_ids("object_record", added.len())?;
        added.iter_mut().zip(ids).for_each(|(row, id)| row.id = id);
        stored::insert(s, object.id, &added, now)?;
    }
    if !changed.is_empty() {
        changed.sort_by_key(|row| row.id);
        stored::update(s, &changed, now)?;
    }
    if !gone.is_empty() {
        gone.sort_unstable();
        stored::delete(s, &gone)?;
    }
    Ok(())
}

impl State {
    fn row<'k>(&self, id: i64, key: &'k str) -> WrittenRow<'k> {
        let fields: Map<String, Json> =
            self.fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
        let texts = self.fields.iter().filter_map(|(name, value)| Some((name.clone(), fold(value.as_text()?).into())));
        let folded: Map<String, Json> = texts.collect();
        let (fields, folded) = (Json::Object(fields).to_string(), Json::Object(folded).to_string());
        WrittenRow { id, subject: self.subject, key, fields, folded }
    }
}

/// Tells the shards of those whose records changed, where anything live asks for such records.
fn tell(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    object: &Object,
    slots: &BTreeMap<&str, Slot>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tag = object_tag(object.id);
    let interest = Interest::of(&*chunk.engine.live(s)?);
    if !interest.attributes.contains(&tag) {
        return Ok(());
    }
    let changed = slots.values().filter(|slot| slot.before != slot.now);
    let owners: BTreeSet<i64> =
        changed.flat_map(|slot| [&slot.before, &slot.now]).flatten().map(|s| s.subject).collect();
    if owners.is_empty() {
        return Ok(());
    }
    let owners: Vec<i64> = owners.into_iter().collect();
    let tags = BTreeSet::from([tag]);
    let mut news = News::default();
    match object.shape.subject {
        Subject::Account => {
            for (account, shard) in records::shards_of_accounts(s, &owners)? {
                news.account_changed(shard, AccountId(account.0), &tags);
            }
        }
        Subject::Person => {
            for (person, shard) in records::shards_of_people(s, &owners)? {
                news.person_changed(shard, PersonId(person.0), &tags);
            }
            for (person, _, shard) in ingest::accounts_of(s, &owners)? {
                news.person_changed(shard, person, &tags);
            }
        }
    }
    news.tell(s, now)
}
