//! Membership by condition: dynamic lists and audiences follow their subjects as they change.
//!
//! A change re-evaluates only the conditions that mention what changed, for the subjects that changed; publishing
//! evaluates every subject once; a condition about time leaves the instant at which it flips as a due row.

use std::collections::BTreeSet;
use std::sync::Arc;

use caravan_catalog::world::Origin;
use caravan_catalog::{Subject, World};
use caravan_model::condition::Context;
use caravan_model::{AccountId, DocumentId, PersonId, Shard};
use caravan_store::{Session, StoreError, records};
use jiff::Timestamp;

use crate::batch::{Batch, StepError};
use crate::external_audiences;
use crate::listen::HeardActivity;
use crate::live::{LiveList, list_tag};
use crate::load::{Wanted, load};
use crate::sets::Set;

impl Batch<'_> {
    /// The next subjects of a shard that a list is evaluated for.
    pub(crate) fn next_subjects(
        &self,
        s: &mut dyn Session,
        list: DocumentId,
        shard: Shard,
        after: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let Some(list) = self.live.list(list) else { return Ok(Vec::new()) };
        let schema = &self.live.definitions.schema;
        let most = self.most();
        Ok(match list.of_people {
            false => records::accounts_of_shard(s, schema, shard, AccountId(after), most, &[])?
                .into_iter()
                .map(|row| row.id.0)
                .collect(),
            true => records::people_of_shard(s, schema, shard, PersonId(after), most, &[])?
                .into_iter()
                .map(|row| row.id.0)
                .collect(),
        })
    }

    /// Marks the lists that mention what changed. `attributes` empty: everything.
    pub(crate) fn relist_changed(
        &mut self,
        s: &mut dyn Session,
        accounts: &[AccountId],
        people: &[PersonId],
        attributes: &[String],
    ) -> Result<(), StepError> {
        let live = Arc::clone(self.live);
        let told = |tag: &String| live.told_of_people.contains(tag);
        if !people.is_empty()
            && !live.told_of_people.is_empty()
            && (attributes.is_empty() || attributes.iter().any(told))
        {
            let people: Vec<i64> = people.iter().map(|id| id.0).collect();
            caravan_store::external_audiences::mark_people(s, &people, &external_audiences::all(&live))?;
        }
        let concerned: Vec<&LiveList> = live
            .lists
            .iter()
            .filter(|list| attributes.is_empty() || attributes.iter().any(|key| list.mentions.contains(key)))
            .collect();
        if concerned.is_empty() {
            return Ok(());
        }
        let mut of_accounts: BTreeSet<i64> = accounts.iter().map(|id| id.0).collect();
        let of_people: Vec<i64> = people.iter().map(|id| id.0).collect();
        if !of_people.is_empty() && concerned.iter().any(|list| !list.of_people && list.needs.people) {
            of_accounts.extend(records::accounts_of_people(s, &of_people)?.into_iter().map(|r| r.account.0));
        }
        let here = self.accounts_held(s, of_accounts)?;
        for list in concerned {
            let subjects = self.evaluate.entry(list.id).or_default();
            match list.of_people {
                true => subjects.extend(&of_people),
                false => subjects.extend(&here),
            }
        }
        Ok(())
    }

    /// An activity re-evaluates the lists whose conditions ask for its type.
    pub(crate) fn relist_for_activity(
        &mut self,
        s: &mut dyn Session,
        activity: &HeardActivity,
    ) -> Result<(), StepError> {
        let live = Arc::clone(self.live);
        let concerned = live.lists.iter().filter(|list| list.needs.history.contains(&activity.kind));
        for list in concerned {
            let Some(person) = activity.person else { continue };
            let subjects: Vec<i64> = match list.of_people {
                true => vec![person.0],
                false => {
                    let accounts = records::accounts_of_people(s, &[person.0])?;
                    self.accounts_held(s, accounts.into_iter().map(|r| r.account.0).collect())?
                }
            };
            self.evaluate.entry(list.id).or_default().extend(subjects);
        }
        Ok(())
    }

    /// Of these accounts, those whose shard this step holds: another shard's step does the others.
    pub(crate) fn accounts_held(&self, s: &mut dyn Session, accounts: BTreeSet<i64>) -> Result<Vec<i64>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let accounts: Vec<i64> = accounts.into_iter().collect();
        let shards = records::shards_of_accounts(s, &accounts)?;
        Ok(shards.into_iter().filter(|(_, shard)| self.claim.shards.contains(shard)).map(|(id, _)| id.0).collect())
    }

    /// Evaluates what was marked, writes who joined and who left, and remembers who joined.
    pub(crate) fn evaluate_lists(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let live = Arc::clone(self.live);
        for (list, subjects) in std::mem::take(&mut self.evaluate) {
            let Some(list) = live.list(list).filter(|_| !subjects.is_empty()) else { continue };
            let subjects: Vec<i64> = subjects.into_iter().collect();
            let judged = judge(s, self, list, &subjects)?;
            self.keep_membership(s, list, &subjects, &judged)?;
        }
        Ok(())
    }

    fn keep_membership(
        &mut self,
        s: &mut dyn Session,
        list: &LiveList,
        subjects: &[i64],
        judged: &Judged,
    ) -> Result<(), StepError> {
        let inside: BTreeSet<i64> =
            records::memberships(s, subjects, &[list.id.0])?.into_iter().map(|(subject, _)| subject).collect();
        let joined: Vec<i64> = judged.belong.difference(&inside).copied().collect();
        let left: Vec<i64> = inside.difference(&judged.belong).copied().collect();
        let pairs = |ids: &[i64]| -> Vec<(DocumentId, i64)> { ids.iter().map(|&id| (list.id, id)).collect() };
        records::join_lists(s, &pairs(&joined), "rule", self.now())?;
        records::leave_lists(s, &pairs(&left))?;
        records::put_rechecks(s, &judged.rechecks)?;
        if list.told {
            self.tell(s, list, &joined, "account_list_joined")?;
            self.tell(s, list, &left, "account_list_left")?;
        }
        if joined.is_empty() && left.is_empty() {
            return Ok(());
        }
        self.relist_members(s, list, &joined, &left)?;
        if !joined.is_empty() {
            self.joined.push((list.id, joined));
        }
        Ok(())
    }

    /// Other lists, and role conditions of groups, may ask for membership of this one.
    fn relist_members(
        &mut self,
        s: &mut dyn Session,
        list: &LiveList,
        joined: &[i64],
        left: &[i64],
    ) -> Result<(), StoreError> {
        let tag = list_tag(list.id);
        if !self.live.mentioned.contains(&tag) {
            return Ok(());
        }
        let moved = joined.iter().chain(left).copied();
        let rows = match list.of_people {
            true => crate::save::mark_people(s, &tag, moved.map(PersonId).collect(), self.now())?,
            false => crate::save::mark_accounts(s, &tag, &moved.collect::<Vec<_>>(), self.now())?,
        };
        self.inbox_out.extend(rows);
        Ok(())
    }

    fn tell(
        &mut self,
        s: &mut dyn Session,
        list: &LiveList,
        accounts: &[i64],
        kind: &'static str,
    ) -> Result<(), StepError> {
        if accounts.is_empty() {
            return Ok(());
        }
        let fields = serde_json::json!({"list": list.key}).to_string();
        let told: Vec<caravan_catalog::changes::NewActivity> = accounts
            .iter()
            .map(|&id| caravan_catalog::changes::NewActivity {
                kind,
                at: self.now(),
                account: Some(AccountId(id)),
                person: None,
                enrollment: None,
                node: None,
                source: "rule".into(),
                fields: fields.clone(),
            })
            .collect();
        let inbox = crate::save::activities(s, self.live, self.claim, &told)?;
        self.inbox_out.extend(inbox);
        Ok(())
    }

    /// The world of these accounts for one purpose.
    pub(crate) fn world_of(
        &self,
        s: &mut dyn Session,
        accounts: &[i64],
        needs: &caravan_catalog::Needs,
    ) -> Result<World, StoreError> {
        let mut wanted = Wanted::of(needs);
        for &id in accounts {
            wanted.account(AccountId(id), needs);
        }
        load(s, self.live, self.now(), &wanted)
    }
}

/// What evaluating a list for some subjects found.
struct Judged {
    belong: BTreeSet<i64>,
    rechecks: Vec<(Shard, Timestamp, DocumentId, i64)>,
}

/// From how many subjects on a set is judged by one statement instead of being loaded.
const A_SET: usize = 32;

fn judge(s: &mut dyn Session, batch: &Batch<'_>, list: &LiveList, subjects: &[i64]) -> Result<Judged, StoreError> {
    if subjects.len() >= A_SET && !list.follows_time {
        let set = Set::new(batch.live, &list.condition, batch.now());
        let belong = set.among(s, subjects)?.into_iter().collect();
        return Ok(Judged { belong, rechecks: Vec::new() });
    }
    let mut wanted = Wanted::of(&list.needs);
    for &id in subjects {
        match list.of_people {
            true => wanted.person(PersonId(id)),
            false => wanted.account(AccountId(id), &list.needs),
        }
    }
    let world = load(s, batch.live, batch.now(), &wanted)?;
    let context = Context { now: batch.now(), entry: None, zone: batch.live.zone() };
    let mut judged = Judged { belong: BTreeSet::new(), rechecks: Vec::new() };
    for &id in subjects {
        let found = match list.of_people {
            true => world.person_ix(PersonId(id)).map(|ix| (Subject::Person(ix), world.person(ix).shard)),
            false => world.account_ix(AccountId(id)).map(|ix| (Subject::Account(ix), world.account(ix).shard)),
        };
        let Some((subject, shard)) = found else { continue };
        if world.belongs(&list.condition, subject, &context) {
            judged.belong.insert(id);
        }
        if list.follows_time
            && let Some(at) = world.flips_at(&list.condition, subject, &context)
        {
            judged.rechecks.push((shard, at, list.id, id));
        }
    }
    Ok(judged)
}

/// Who writes when a rule decides.
pub(crate) fn by_rule() -> Origin {
    Origin { source: "rule".into(), enrollment: None, node: None }
}
