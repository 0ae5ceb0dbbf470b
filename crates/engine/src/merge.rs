//! Making one account or one person of two: memberships are united, what a higher source decided wins, activities, messages
//! and trips go over to the one that stays. It cannot be undone, so a preview does the same and commits nothing.
//!
//! Only whoever holds a shard moves its trips: the merge locks the shards of both, like a step. Of two trips in one journey
//! the one of the account or person that goes ends as removed, by its own shard's step, before the merge.

mod groups;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::attribute::Subject;
use caravan_model::{AccountId, DocumentId, EnrollmentId, PersonId};
use caravan_store::merge::{self as stored, Pair, TripRow};
use caravan_store::people::{self, DetailRow};
use caravan_store::records::{self, ActivityRow, Relation, Table};
use caravan_store::{Session, StoreError, consent_records, external_audiences, intake, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Engine;
use crate::import::lists_of;
use crate::inbox::Command;
use crate::live::Live;
use crate::objects::Object;

/// How many steps inboxes and trips get to come to an end.
const STEPS: usize = 1_000;

/// What a merge does, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Merged")]
pub struct Merged {
    /// The key that stays.
    pub keep: String,
    /// The key that goes.
    pub gone: String,
    /// Attributes that the one that stays takes from the other, having had no value.
    pub filled: Vec<String>,
    /// Attributes in which the two differ: the value of the one that stays holds.
    pub kept: Vec<String>,
    /// Relations between accounts and people that are new to the one that stays.
    pub relations: u64,
    /// Memberships of lists and audiences that are new to the one that stays.
    pub lists: u64,
    /// Buying groups that go over whole.
    pub groups_moved: u64,
    /// Buying groups that are united with one of the same solution interest.
    pub groups_united: u64,
    /// Places in buying groups that go over.
    pub members_moved: u64,
    /// Places that both had: the higher source decided.
    pub members_decided: u64,
    /// Named scores that are added up.
    pub scores: u64,
    /// Activities that go over.
    pub activities: u64,
    /// Messages and calls that go over, queued and done.
    pub messages: u64,
    /// Records of objects that go over.
    pub records: u64,
    /// Trips that go over, inside or ended.
    pub trips_moved: u64,
    /// Trips that end as removed, because the one that stays is inside the same journey.
    pub trips_ended: u64,
}

/// Why two are not made one.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There is no such account or person.
    #[error("there is no {subject} `{key}`", subject = .0.as_str(), key = .1)]
    Unknown(Subject, String),
    /// Both keys are the same.
    #[error("`{0}` cannot be merged with itself")]
    Same(String),
    /// Somebody is just handing messages over, or the inboxes do not come to rest.
    #[error("`{0}` is busy at this moment: messages are being sent, or much is waiting to be taken in. Try again")]
    Busy(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells what merging `gone` into `keep` would do; nothing is changed.
///
/// # Errors
/// [`MergeError`].
pub fn preview(engine: &Engine, subject: Subject, keep: &str, gone: &str) -> Result<Merged, MergeError> {
    let mut told = None;
    let rolled_back = engine.store().write(|s| -> Result<(), MergeError> {
        let scene = Scene::of(engine, s, subject, keep, gone)?;
        told = Some(scene.unite(s, "preview")?);
        // An error rolls back.
        Err(MergeError::Same(String::new()))
    });
    match (rolled_back, told) {
        (Err(MergeError::Same(key)), Some(merged)) if key.is_empty() => Ok(merged),
        (Err(error), _) => Err(error),
        (Ok(()), _) => Err(StoreError::Corrupt("a preview was committed".to_owned()).into()),
    }
}

/// Merges `gone` into `keep`; `by` says who wants it. It cannot be undone.
///
/// # Errors
/// [`MergeError`].
pub fn merge(engine: &Engine, subject: Subject, keep: &str, gone: &str, by: &str) -> Result<Merged, MergeError> {
    let mut asked = BTreeSet::new();
    for _ in 0..STEPS {
        match engine.store().write(|s| attempt(engine, s, subject, keep, gone, by, &asked))? {
            Attempt::Done(merged) => {
                engine.poke();
                return Ok(Merged { trips_ended: asked.len() as u64, ..*merged });
            }
            Attempt::Travelling(ending) => asked.extend(ending),
            Attempt::Waiting => {}
        }
        engine.step()?;
    }
    Err(MergeError::Busy(gone.to_owned()))
}

enum Attempt {
    Done(Box<Merged>),
    /// These trips were asked to end.
    Travelling(Vec<EnrollmentId>),
    /// Something waits in the inboxes.
    Waiting,
}

fn attempt(
    engine: &Engine,
    s: &mut dyn Session,
    subject: Subject,
    keep: &str,
    gone: &str,
    by: &str,
    asked: &BTreeSet<EnrollmentId>,
) -> Result<Attempt, MergeError> {
    let scene = Scene::of(engine, s, subject, keep, gone)?;
    let ending: Vec<EnrollmentId> = scene.clashing().collect();
    let new: Vec<EnrollmentId> = ending.iter().copied().filter(|trip| !asked.contains(trip)).collect();
    if !new.is_empty() {
        let end = Command::End { trips: new.clone(), outcome: "removed".to_owned(), by: None };
        step::insert_inbox(s, &[end.to(scene.gone.shard, scene.claim.now)])?;
        return Ok(Attempt::Travelling(new));
    }
    // What waits in an inbox may name the one that goes: it is taken in first.
    let shards: Vec<i64> = scene.claim.shards.iter().map(|shard| shard.0).collect();
    if !ending.is_empty() || stored::any_inbox(s, &shards)? {
        return Ok(Attempt::Waiting);
    }
    if stored::in_flight(s, scene.pair, scene.claim.now)? > 0 {
        return Err(MergeError::Busy(gone.to_owned()));
    }
    let merged = scene.unite(s, by)?;
    Ok(Attempt::Done(Box::new(merged)))
}

/// Both of them, with their shards held.
struct Scene {
    live: std::sync::Arc<Live>,
    subject: Subject,
    pair: Pair,
    claim: step::Claim,
    keep: DetailRow,
    gone: DetailRow,
    trips: Vec<TripRow>,
}

impl Scene {
    fn of(engine: &Engine, s: &mut dyn Session, subject: Subject, keep: &str, gone: &str) -> Result<Self, MergeError> {
        if keep == gone {
            return Err(MergeError::Same(keep.to_owned()));
        }
        let live = engine.live(s)?;
        let table = Table::from(subject);
        let schema = std::sync::Arc::clone(&live.definitions.schema);
        let find = |s: &mut dyn Session, key: &str| -> Result<DetailRow, MergeError> {
            let row = people::by_key(s, &schema, table, key)?;
            row.ok_or_else(|| MergeError::Unknown(subject, key.to_owned()))
        };
        let (first, second) = (find(s, keep)?, find(s, gone)?);
        let pair = Pair { table, keep: first.id, shard: first.shard, gone: second.id };
        let shards = stored::shards_of(s, pair)?;
        let claim = step::claim_these(s, &shards)?;
        // Read again: whoever held the shards may have written.
        let (keep, gone) = (find(s, keep)?, find(s, gone)?);
        let of_people = subject == Subject::Person;
        let journeys: Vec<i64> = live.journeys.values().filter(|j| j.of_people == of_people).map(|j| j.id.0).collect();
        let trips = stored::trips(s, pair, &journeys)?;
        Ok(Self { live, subject, pair, claim, keep, gone, trips })
    }

    /// Trips of the one that goes in journeys in which the one that stays is too.
    fn clashing(&self) -> impl Iterator<Item = EnrollmentId> {
        let inside: BTreeSet<DocumentId> = self
            .trips
            .iter()
            .filter(|trip| trip.active && trip.subject == self.pair.keep)
            .map(|trip| trip.journey)
            .collect();
        self.trips
            .iter()
            .filter(move |trip| trip.active && trip.subject == self.pair.gone && inside.contains(&trip.journey))
            .map(|trip| EnrollmentId(trip.id))
    }

    fn unite(&self, s: &mut dyn Session, by: &str) -> Result<Merged, MergeError> {
        let (pair, now) = (self.pair, self.claim.now);
        let trips_ended = self.clashing().count() as u64;
        let (trips, trips_moved) = self.renumbered();
        if trips_moved > 0 {
            stored::move_trips(s, pair, &trips)?;
        }
        let (filled, kept) = self.unite_values(s, by)?;
        let relations = self.unite_relations(s)?;
        let groups = self.unite_groups(s)?;
        let lists = lists_of(&self.live.definitions, self.subject);
        let objects: Vec<i64> =
            Object::all_of(&self.live.definitions, self.subject).iter().map(|object| object.id.0).collect();
        if self.subject == Subject::Person {
            let audiences = crate::external_audiences::all(&self.live);
            external_audiences::mark_people(s, &[pair.keep, pair.gone], &audiences)?;
        }
        let handed = stored::hand_over(s, pair, &lists, &objects)?;
        let scores = match self.subject {
            Subject::Account => {
                stored::drop_account(s, AccountId(pair.keep), AccountId(pair.gone))?;
                0
            }
            Subject::Person => {
                let (keep, gone) = (PersonId(pair.keep), PersonId(pair.gone));
                let scores = stored::unite_scores(s, keep, gone)?;
                stored::unite_opt_out(s, keep, gone)?;
                consent_records::inherit(s, keep, gone)?;
                stored::drop_person(s, keep, gone)?;
                scores
            }
        };
        self.tell(s, by, now, &groups)?;
        step::release(s, &self.claim)?;
        Ok(Merged {
            keep: self.keep.key.clone(),
            gone: self.gone.key.clone(),
            filled,
            kept,
            relations,
            lists: handed.lists,
            groups_moved: groups.moved,
            groups_united: groups.united,
            members_moved: groups.members_moved,
            members_decided: groups.members_decided,
            scores,
            activities: handed.activities,
            messages: handed.messages,
            records: handed.records,
            trips_moved,
            trips_ended,
        })
    }

    /// Every trip with its new entry number, and how many change hands. In a preview, trips that would end first do.
    fn renumbered(&self) -> (Vec<(i64, i64)>, u64) {
        let ending: BTreeSet<i64> = self.clashing().map(|trip| trip.0).collect();
        let mut last: BTreeMap<DocumentId, i64> = BTreeMap::new();
        // Whoever is inside comes last, as the latest trip; whoever would have ended by then before.
        let ended = self.trips.iter().filter(|trip| !trip.active || ending.contains(&trip.id));
        let inside = self.trips.iter().filter(|trip| trip.active && !ending.contains(&trip.id));
        let numbered = ended
            .chain(inside)
            .map(|trip| {
                let entry = last.entry(trip.journey).or_insert(0);
                *entry += 1;
                (trip.id, *entry)
            })
            .collect();
        (numbered, self.trips.iter().filter(|trip| trip.subject == self.pair.gone).count() as u64)
    }

    fn unite_relations(&self, s: &mut dyn Session) -> Result<u64, StoreError> {
        let roles = |text: Option<String>| -> Vec<String> {
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
        };
        let kept: BTreeMap<i64, Vec<String>> = stored::relations(s, self.pair.table, self.pair.keep)?
            .into_iter()
            .map(|(id, text)| (id, roles(text)))
            .collect();
        let mut new = 0;
        let mut rows = Vec::new();
        for (other, text) in stored::relations(s, self.pair.table, self.pair.gone)? {
            let known = kept.get(&other);
            new += u64::from(known.is_none());
            let mut united = known.cloned().unwrap_or_default();
            for role in roles(text) {
                if !united.contains(&role) {
                    united.push(role);
                }
            }
            let (account, person) = match self.subject {
                Subject::Account => (AccountId(self.pair.keep), PersonId(other)),
                Subject::Person => (AccountId(other), PersonId(self.pair.keep)),
            };
            rows.push(Relation { account, person, roles: united });
        }
        if !rows.is_empty() {
            intake::put_relations(s, &rows)?;
        }
        Ok(new)
    }

    /// Everything that asks for anything looks at the one that stays again, and its stream says what happened.
    fn tell(&self, s: &mut dyn Session, by: &str, now: Timestamp, groups: &groups::United) -> Result<(), StoreError> {
        let (account, person) = match self.subject {
            Subject::Account => (Some(AccountId(self.pair.keep)), None),
            Subject::Person => (None, Some(PersonId(self.pair.keep))),
        };
        let kind = if person.is_some() { "person_merged" } else { "account_merged" };
        let fields = serde_json::json!({"gone": self.gone.key}).to_string();
        let activity = ActivityRow {
            kind,
            at: now,
            received_at: now,
            account,
            person,
            enrollment: None,
            node: None,
            source: by,
            fields: &fields,
        };
        records::insert_activities(s, &[activity])?;
        let mut rows = Vec::new();
        for &shard in &self.claim.shards {
            let changed = Command::Changed {
                accounts: account.into_iter().collect(),
                people: person.into_iter().collect(),
                attributes: Vec::new(),
            };
            rows.push(changed.to(shard, now));
        }
        for &(interest, shard) in &groups.touched {
            rows.push(Command::MaintainGroups { interest, reassign: false, after: 0, run: 0 }.to(shard, now));
        }
        step::insert_inbox(s, &rows)
    }
}
