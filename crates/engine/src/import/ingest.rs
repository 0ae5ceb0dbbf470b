//! Activities come in: each once, on the stream, and to every shard in which it can matter. Those of people and accounts
//! that are not yet known are parked and replayed when they arrive.

use std::collections::{BTreeMap, HashMap, HashSet};

use caravan_model::{AccountId, ActivityId, PersonId, Shard};
use caravan_store::intake::{self, ParkedRow};
use caravan_store::records::{self, ActivityRow, Table};
use caravan_store::{Session, StoreError, documents, step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::inbox::{Addressee, Command};
use crate::listen::HeardActivity;

use super::book::{Book, Recorded, distinct};

/// An activity as it is received from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncomingActivity {
    /// Who tells: `import`, `segment`, `tracking` …
    pub source: String,
    /// The teller's own id; the same one twice counts once. None: always new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened; one dated later than its receipt is taken at its receipt.
    pub at: Timestamp,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_key: Option<String>,
    /// The account that it is about, or that it carries: then it counts for that account only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_key: Option<String>,
    /// The type's own fields.
    #[serde(default)]
    pub fields: Map<String, Json>,
}

/// What became of a batch of activities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ingested {
    /// On the stream now.
    pub stored: u64,
    /// Received before.
    pub repeated: u64,
    /// Wait for their person or account, for 30 days.
    pub parked: u64,
}

/// Takes a batch in, within the caller's transaction. `heard` is the set of types that anything live listens for, read in
/// the same transaction.
///
/// # Errors
/// The store refuses; [`StoreError::Stale`] when another transaction received one of them at the same time: run the
/// transaction again.
pub fn ingest(
    s: &mut dyn Session,
    batch: &[IncomingActivity],
    now: Timestamp,
    heard: &HashSet<String>,
) -> Result<Ingested, StoreError> {
    let all: Vec<&IncomingActivity> = batch.iter().collect();
    take(s, &all, now, heard)
}

pub(super) fn take(
    s: &mut dyn Session,
    batch: &[&IncomingActivity],
    now: Timestamp,
    heard: &HashSet<String>,
) -> Result<Ingested, StoreError> {
    let fresh = without_repeats(s, batch, now)?;
    let received: Vec<Received> = fresh.into_iter().map(|activity| Received { activity, at: now }).collect();
    let waiting = place(s, &received, heard)?;
    let parked: Vec<ParkedRow> =
        received.iter().zip(&waiting).filter(|(_, waits)| **waits).map(|(r, _)| r.to_park()).collect();
    intake::park(s, &parked)?;
    let (received, parked) = (received.len() as u64, parked.len() as u64);
    Ok(Ingested { stored: received - parked, repeated: batch.len() as u64 - received, parked })
}

/// Those that were not received before, each id once; remembers them.
fn without_repeats<'a>(
    s: &mut dyn Session,
    batch: &[&'a IncomingActivity],
    now: Timestamp,
) -> Result<Vec<&'a IncomingActivity>, StoreError> {
    let mut by_source: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for activity in batch {
        if let Some(id) = &activity.external_id {
            by_source.entry(&activity.source).or_default().push(id);
        }
    }
    let mut repeats: HashSet<(&str, String)> = HashSet::new();
    for (source, ids) in &mut by_source {
        *ids = fresh_ids(s, source, ids, now, &mut repeats)?;
    }
    let mut taken: HashSet<(&str, &str)> = HashSet::new();
    let fresh = |activity: &&&'a IncomingActivity| match &activity.external_id {
        None => true,
        Some(id) => !repeats.contains(&(activity.source.as_str(), id.clone())) && taken.insert((&activity.source, id)),
    };
    Ok(batch.iter().filter(fresh).copied().collect())
}

fn fresh_ids<'a>(
    s: &mut dyn Session,
    source: &'a str,
    ids: &[&'a str],
    now: Timestamp,
    repeats: &mut HashSet<(&'a str, String)>,
) -> Result<Vec<&'a str>, StoreError> {
    let ids = distinct(ids.iter().copied());
    let seen: HashSet<String> = intake::seen(s, source, &ids)?.into_iter().collect();
    let mut fresh: Vec<&str> = ids.into_iter().filter(|id| !seen.contains(*id)).collect();
    fresh.sort_unstable();
    intake::mark_seen(s, source, &fresh, now)?;
    repeats.extend(seen.into_iter().map(|id| (source, id)));
    Ok(fresh)
}

/// Replays the parked activities of people or accounts that have arrived.
pub(super) fn replay(s: &mut dyn Session, table: Table, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() || !intake::any_parked(s)? {
        return Ok(());
    }
    let rows = intake::parked_for(s, table, keys)?;
    if rows.is_empty() {
        return Ok(());
    }
    let heard: HashSet<String> = documents::heard(s)?.into_iter().collect();
    let activities: Vec<IncomingActivity> = rows.iter().map(parked_activity).collect::<Result<_, _>>()?;
    let received: Vec<Received<'_>> =
        activities.iter().zip(&rows).map(|(activity, row)| Received { activity, at: row.received_at }).collect();
    let waiting = place(s, &received, &heard)?;
    let placed: Vec<i64> = rows.iter().zip(waiting).filter(|(_, waits)| !waits).map(|(row, _)| row.id).collect();
    intake::delete_parked(s, &placed)
}

fn parked_activity(row: &ParkedRow) -> Result<IncomingActivity, StoreError> {
    serde_json::from_str(&row.body).map_err(|error| StoreError::corrupt(format!("parked_activity {}: {error}", row.id)))
}

/// An activity and when it was received, which for a parked one is earlier than now.
#[derive(Debug, Clone, Copy)]
struct Received<'a> {
    activity: &'a IncomingActivity,
    at: Timestamp,
}

impl Received<'_> {
    fn to_park(self) -> ParkedRow {
        let body = serde_json::to_string(self.activity).unwrap_or_default();
        ParkedRow {
            id: 0,
            person_key: self.activity.person_key.clone(),
            account_key: self.activity.account_key.clone(),
            received_at: self.at,
            body,
        }
    }
}

/// Writes the activities whose person and account are known; says of each whether it has to wait instead.
fn place(s: &mut dyn Session, received: &[Received<'_>], heard: &HashSet<String>) -> Result<Vec<bool>, StoreError> {
    let people = subjects(s, Table::Person, received.iter().filter_map(|r| r.activity.person_key.as_deref()))?;
    let accounts = subjects(s, Table::Account, received.iter().filter_map(|r| r.activity.account_key.as_deref()))?;
    let mut waiting = Vec::with_capacity(received.len());
    let mut known = Vec::with_capacity(received.len());
    for Received { activity, at } in received {
        let person = resolve(activity.person_key.as_deref(), &people);
        let account = resolve(activity.account_key.as_deref(), &accounts);
        waiting.push(person.is_none() || account.is_none());
        if let (Some(person), Some(account)) = (person, account) {
            known.push(Placed {
                id: ActivityId(0),
                kind: &activity.kind,
                at: activity.at.min(*at),
                received_at: *at,
                account: account.map(|(id, shard)| (AccountId(id), shard)),
                person: person.map(|(id, shard)| (PersonId(id), shard)),
                source: &activity.source,
                fields: activity.fields.clone().into(),
            });
        }
    }
    store(s, &mut known)?;
    known.retain(|activity| heard.contains(activity.kind));
    tell(s, &known)?;
    Ok(waiting)
}

type Subjects = HashMap<String, (i64, Shard)>;

fn subjects<'a>(
    s: &mut dyn Session,
    table: Table,
    keys: impl Iterator<Item = &'a str>,
) -> Result<Subjects, StoreError> {
    let keys = distinct(keys);
    if keys.is_empty() {
        return Ok(Subjects::new());
    }
    let rows = intake::ids_of_keys(s, table, &keys)?;
    Ok(rows.into_iter().map(|(key, id, shard)| (key, (id, shard))).collect())
}

/// None: the key is not known. Some(None): none was given.
fn resolve(key: Option<&str>, known: &Subjects) -> Option<Option<(i64, Shard)>> {
    match key {
        None => Some(None),
        Some(key) => known.get(key).copied().map(Some),
    }
}

/// An activity of subjects that are known.
#[derive(Debug)]
struct Placed<'a> {
    id: ActivityId,
    kind: &'a str,
    at: Timestamp,
    received_at: Timestamp,
    account: Option<(AccountId, Shard)>,
    person: Option<(PersonId, Shard)>,
    source: &'a str,
    fields: Json,
}

impl Placed<'_> {
    fn as_heard(&self) -> HeardActivity {
        HeardActivity {
            id: self.id,
            kind: self.kind.to_owned(),
            at: self.at,
            received_at: self.received_at,
            account: self.account.map(|(id, _)| id),
            person: self.person.map(|(id, _)| id),
            enrollment: None,
            source: self.source.to_owned(),
            fields: self.fields.clone(),
        }
    }
}

fn store(s: &mut dyn Session, activities: &mut [Placed<'_>]) -> Result<(), StoreError> {
    let fields: Vec<String> = activities.iter().map(|activity| activity.fields.to_string()).collect();
    let rows: Vec<ActivityRow<'_>> = activities
        .iter()
        .zip(&fields)
        .map(|(activity, fields)| ActivityRow {
            kind: activity.kind,
            at: activity.at,
            received_at: activity.received_at,
            account: activity.account.map(|(id, _)| id),
            person: activity.person.map(|(id, _)| id),
            enrollment: None,
            node: None,
            source: activity.source,
            fields,
        })
        .collect();
    let ids = records::insert_activities(s, &rows)?;
    for (activity, id) in activities.iter_mut().zip(ids) {
        activity.id = id;
    }
    Ok(())
}

/// One inbox row per shard in which an activity can matter: its account's, or else those of all accounts of its person,
/// and the person's own.
fn tell(s: &mut dyn Session, activities: &[Placed<'_>]) -> Result<(), StoreError> {
    if activities.is_empty() {
        return Ok(());
    }
    let roaming: Vec<i64> =
        activities.iter().filter(|a| a.account.is_none()).filter_map(|a| Some(a.person?.0.0)).collect();
    let mut homes: HashMap<PersonId, Vec<(AccountId, Shard)>> = HashMap::new();
    for (person, account, shard) in accounts_of(s, &roaming)? {
        homes.entry(person).or_default().push((account, shard));
    }
    let mut rows = Vec::new();
    for activity in activities {
        let mut to = |shard, whom| rows.push(Command::heard(activity.as_heard(), shard, whom));
        match (activity.account, activity.person) {
            (Some((account, shard)), _) => to(shard, Addressee::Account(account)),
            (None, Some((person, _))) => {
                homes
                    .get(&person)
                    .into_iter()
                    .flatten()
                    .for_each(|(account, shard)| to(*shard, Addressee::Account(*account)));
            }
            (None, None) => {}
        }
        if let Some((person, shard)) = activity.person {
            to(shard, Addressee::Person(person));
        }
    }
    step::insert_inbox(s, &rows)
}

/// All accounts of these people, with their shards.
pub(super) fn accounts_of(
    s: &mut dyn Session,
    people: &[i64],
) -> Result<Vec<(PersonId, AccountId, Shard)>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let relations = records::accounts_of_people(s, people)?;
    let accounts: Vec<i64> = relations.iter().map(|relation| relation.account.0).collect();
    let shards: HashMap<AccountId, Shard> = records::shards_of_accounts(s, &accounts)?.into_iter().collect();
    let with_shard = |relation: &records::Relation| {
        shards.get(&relation.account).map(|shard| (relation.person, relation.account, *shard))
    };
    Ok(relations.iter().filter_map(with_shard).collect())
}

/// Tells who listens for changes of attributes what an import changed.
pub(super) fn tell_changes(
    s: &mut dyn Session,
    book: &Book<'_>,
    changes: &[Recorded],
    source: &str,
    heard: &HashSet<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (kind, of_people) = book.change_type();
    if !heard.contains(kind) {
        return Ok(());
    }
    let placed = |change: &Recorded| {
        let shard = change.shard?;
        Some(Placed {
            id: ActivityId(change.id),
            kind,
            at: now,
            received_at: now,
            account: (!of_people).then_some((AccountId(change.subject), shard)),
            person: of_people.then_some((PersonId(change.subject), shard)),
            source,
            fields: change.fields.clone(),
        })
    };
    let activities: Vec<Placed<'_>> = changes.iter().filter_map(placed).collect();
    tell(s, &activities)
}
