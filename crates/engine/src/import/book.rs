//! The accounts or people of one chunk: as they are stored, with the chunk's rows folded over them in order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use caravan_model::attribute::{AttributeNo, AttributeSet};
use caravan_model::value::Value;
use caravan_model::{AccountId, PersonId, Shard};
use caravan_store::intake::{self, KnownRow, NewRow};
use caravan_store::records::{self, ActivityRow, Table};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use serde_json::json;

use super::Chunk;
use super::draft::Draft;

/// One account or person of the chunk.
#[derive(Debug, Default)]
pub(super) struct Slot<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its id; given by [`Book::number`] to new ones.
    pub id: i64,
    /// Its shard; decided by the caller for new ones.
    pub shard: Option<Shard>,
    /// It was not stored.
    pub is_new: bool,
    /// A dry run's earlier chunk would have stored it: it is neither added nor compared.
    pub pretended: bool,
    /// A person who opted out themselves.
    pub opted_out: bool,
    values: Vec<Value>,
    /// What was stored in the places that have changed.
    before: BTreeMap<usize, Value>,
}

/// Where a slot stands in its book.
pub(super) type SlotNo = usize;

/// All accounts or all people of one chunk.
pub(super) struct Book<'a> {
    table: Table,
    set: &'a AttributeSet,
    columns: Vec<AttributeNo>,
    places: Vec<Option<usize>>,
    /// In the order in which their keys came.
    pub slots: Vec<Slot<'a>>,
    by_key: HashMap<&'a str, SlotNo>,
}

impl<'a> Book<'a> {
    /// Looks up all keys of the drafts at once.
    pub(super) fn open(
        s: &mut dyn Session,
        chunk: &Chunk<'a>,
        table: Table,
        drafts: &'a [Draft],
        also: impl Iterator<Item = AttributeNo>,
    ) -> Result<Self, StoreError> {
        let set = match table {
            Table::Account => &chunk.schema.account,
            Table::Person => &chunk.schema.person,
        };
        let given: BTreeSet<AttributeNo> =
            drafts.iter().flat_map(|draft| draft.values.iter().map(|(no, _)| *no)).chain(also).collect();
        let columns: Vec<AttributeNo> = given.into_iter().collect();
        let mut places = vec![None; set.len()];
        for (place, no) in columns.iter().enumerate() {
            if let Some(entry) = places.get_mut(no.index()) {
                *entry = Some(place);
            }
        }
        let mut book = Self { table, set, columns, places, slots: Vec::new(), by_key: HashMap::new() };
        let keys: Vec<&'a str> = distinct(drafts.iter().map(|draft| draft.key.as_str()));
        let known = intake::known(s, chunk.schema, table, &keys, &book.columns)?;
        book.enter(&keys, known, chunk.pretended);
        Ok(book)
    }

    fn enter(&mut self, keys: &[&'a str], known: Vec<KnownRow>, pretended: &HashSet<String>) {
        let mut known: HashMap<String, KnownRow> = known.into_iter().map(|row| (row.key.clone(), row)).collect();
        for &key in keys {
            let Some(row) = known.remove(key) else {
                if pretended.contains(key) {
                    self.push(Slot { key, pretended: true, ..Slot::default() });
                }
                continue;
            };
            let KnownRow { id, shard, opted_out, values, .. } = row;
            self.push(Slot { key, id, shard: Some(shard), opted_out, values, ..Slot::default() });
        }
    }

    fn push(&mut self, slot: Slot<'a>) -> SlotNo {
        let no = self.slots.len();
        self.by_key.insert(slot.key, no);
        self.slots.push(slot);
        no
    }

    /// The slot of a key, if it is stored or was added.
    pub(super) fn find(&self, key: &str) -> Option<SlotNo> {
        self.by_key.get(key).copied()
    }

    /// Adds a slot for a key that is not stored.
    pub(super) fn add(&mut self, key: &'a str) -> SlotNo {
        let values = vec![Value::Null; self.columns.len()];
        self.push(Slot { key, is_new: true, values, ..Slot::default() })
    }

    pub(super) fn slot(&self, no: SlotNo) -> Option<&Slot<'a>> {
        self.slots.get(no)
    }

    /// Sets one attribute; whether that is a difference.
    pub(super) fn set(&mut self, slot: SlotNo, no: AttributeNo, value: &Value) -> bool {
        let place = self.places.get(no.index()).copied().flatten();
        let (Some(slot), Some(place)) = (self.slots.get_mut(slot), place) else { return false };
        if slot.pretended {
            return true;
        }
        let Some(stored) = slot.values.get_mut(place) else { return false };
        if same(stored, value) {
            return false;
        }
        let old = std::mem::replace(stored, value.clone());
        if !slot.is_new {
            slot.before.entry(place).or_insert(old);
        }
        true
    }

    /// The value of an attribute as it is now.
    pub(super) fn value(&self, slot: &Slot<'_>, no: AttributeNo) -> Value {
        let place = self.places.get(no.index()).copied().flatten();
        place.and_then(|place| slot.values.get(place)).cloned().unwrap_or_default()
    }

    /// The value of an attribute that rows gave before and after them; new ones had none. None where no row gave any.
    pub(super) fn change<'s>(&'s self, slot: &'s Slot<'_>, no: AttributeNo) -> Option<(&'s Value, &'s Value)> {
        let place = self.places.get(no.index()).copied().flatten()?;
        let new = slot.values.get(place)?;
        let old = if slot.is_new { &Value::Null } else { slot.before.get(&place).unwrap_or(new) };
        Some((old, new))
    }

    /// Gives new slots their ids.
    pub(super) fn number(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        let family = match self.table {
            Table::Account => "account",
            Table::Person => "person",
        };
        let new = self.slots.iter().filter(|slot| slot.is_new).count();
        let ids = s.reserve_ids(family, new)?;
        for (slot, id) in self.slots.iter_mut().filter(|slot| slot.is_new).zip(ids) {
            slot.id = id;
        }
        Ok(())
    }

    /// What of a stored slot really differs now: attribute, old value, new value.
    pub(super) fn differences<'s>(
        &'s self,
        slot: &'s Slot<'a>,
    ) -> impl Iterator<Item = (AttributeNo, &'s Value, &'s Value)> {
        slot.before.iter().filter_map(|(place, old)| {
            let new = slot.values.get(*place)?;
            let no = self.columns.get(*place)?;
            (!same(old, new)).then_some((*no, old, new))
        })
    }

    /// Adds the new ones and writes the differences of the others. `parent` says the parent of a new account; a column
    /// that is `skipped` is written by the caller.
    pub(super) fn write(
        &self,
        s: &mut dyn Session,
        chunk: &Chunk<'_>,
        skipped: Option<AttributeNo>,
        parent: &dyn Fn(&Slot<'_>) -> Option<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let new: Vec<NewRow<'_>> = self
            .slots
            .iter()
            .filter(|slot| slot.is_new)
            .map(|slot| NewRow {
                id: slot.id,
                shard: slot.shard.unwrap_or(Shard::of_number(slot.id)),
                key: slot.key,
                parent: parent(slot),
                values: &slot.values,
            })
            .collect();
        // Places of columns that are not the table's own stay, so that values keep theirs.
        intake::insert_rows(s, chunk.schema, self.table, &self.columns, &new, now)?;
        let mut changes: BTreeMap<(AttributeNo, i64), Value> = BTreeMap::new();
        for slot in self.slots.iter().filter(|slot| !slot.before.is_empty()) {
            let differences = self.differences(slot).filter(|(no, ..)| Some(*no) != skipped);
            changes.extend(differences.map(|(no, _, value)| ((no, slot.id), value.clone())));
        }
        records::put_values(s, chunk.schema, self.table, &changes, now)
    }

    /// The attributes of a slot that differ and that somebody asked to hear of.
    pub(super) fn mentioned(&self, slot: &Slot<'a>, mentions: &HashSet<String>) -> BTreeSet<String> {
        let subject = self.set.subject().as_str();
        let names = self.differences(slot).filter_map(|(no, ..)| self.set.at(no));
        names.map(|attribute| format!("{subject}.{}", attribute.key)).filter(|name| mentions.contains(name)).collect()
    }

    /// Writes one change activity per difference; returns them as they were written.
    pub(super) fn record(
        &self,
        s: &mut dyn Session,
        source: &str,
        now: Timestamp,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut recorded = Vec::new();
        for slot in self.slots.iter().filter(|slot| !slot.before.is_empty()) {
            for (no, old, new) in self.differences(slot) {
                let Some(attribute) = self.set.at(no) else { continue };
                let fields = json!({
                    "attribute": attribute.key, "old": old.to_json(), "new": new.to_json(), "source": source,
                });
                recorded.push(Recorded { id: 0, subject: slot.id, shard: slot.shard, fields });
            }
        }
        let texts: Vec<String> = recorded.iter().map(|change| change.fields.to_string()).collect();
        let (kind, of_people) = self.change_type();
        let rows: Vec<ActivityRow<'_>> = recorded
            .iter()
            .zip(&texts)
            .map(|(change, fields)| ActivityRow {
                kind,
                at: now,
                received_at: now,
                account: (!of_people).then_some(AccountId(change.subject)),
                person: of_people.then_some(PersonId(change.subject)),
                enrollment: None,
                node: None,
                source,
                fields,
            })
            .collect();
        let ids = records::insert_activities(s, &rows)?;
        for (change, id) in recorded.iter_mut().zip(ids) {
            change.id = id.0;
        }
        Ok(recorded)
    }

    /// The type of its change activities, and whether they are about people.
    pub(super) fn change_type(&self) -> (&'static str, bool) {
        match self.table {
            Table::Account => ("account_changed", false),
            Table::Person => ("person_changed", true),
        }
    }
}

/// A change that was written to the stream.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The activity.
    pub id: i64,
    /// The account or person.
    pub subject: i64,
    /// Its shard.
    pub shard: Option<Shard>,
    /// The activity's fields.
    pub fields: serde_json::Value,
}

/// An empty text is a missing value.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_missing() && b.is_missing())
}

/// Each key once, in order of first appearance.
pub(super) fn distinct<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    keys.filter(|key| seen.insert(*key)).collect()
}
