//! Keeping groups current: a change to one person re-evaluates that person, in the groups where it may matter; the
//! maintenance of an interest re-evaluates everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use caravan_catalog::definitions::Interest;
use caravan_catalog::world::GroupIx;
use caravan_catalog::{Needs, Subject, World, groups};
use caravan_model::condition::Context;
use caravan_model::{AccountId, DocumentId, GroupId, PersonId, Shard};
use caravan_store::records::{self, Relation};
use caravan_store::step::InboxRow;
use caravan_store::{Session, StoreError, groups as stored};
use jiff::Timestamp;

use super::jobs::JobKind;
use super::needs_of;
use crate::batch::{Batch, StepError};
use crate::inbox::Command;
use crate::listen::HeardActivity;
use crate::live::KeptGroups;
use crate::load::{Wanted, load};

/// What of an interest's groups is looked at again in this step.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    /// People whose roles are decided anew, by interest.
    people: BTreeMap<DocumentId, BTreeSet<PersonId>>,
    /// Accounts whose whole groups are looked at, by interest and whether roles are decided anew.
    whole: BTreeMap<(DocumentId, bool), BTreeSet<i64>>,
}

impl Upkeep {
    /// The role of one person is decided anew.
    pub(crate) fn person(&mut self, interest: DocumentId, person: PersonId) {
        self.people.entry(interest).or_default().insert(person);
    }
}

impl Batch<'_> {
    /// Marks the groups whose role conditions mention what changed of these people. `attributes` empty: everything.
    pub(crate) fn regroup_changed(&mut self, people: &[PersonId], attributes: &[String]) {
        let concerns = |kept: &&KeptGroups| {
            attributes.is_empty() || attributes.iter().any(|attribute| kept.mentions.contains(attribute))
        };
        for kept in self.live.kept_groups.iter().filter(concerns) {
            people.iter().for_each(|&person| self.upkeep.person(kept.interest, person));
        }
    }

    /// Marks the groups whose role conditions ask for such an activity.
    pub(crate) fn regroup_for_activity(&mut self, activity: &HeardActivity) {
        let Some(person) = activity.person else { return };
        for kept in self.live.kept_groups.iter().filter(|kept| kept.needs.history.contains(&activity.kind)) {
            self.upkeep.person(kept.interest, person);
        }
    }

    /// The next groups of an interest are maintained. True when there are no more.
    pub(crate) fn maintain_groups(
        &mut self,
        s: &mut dyn Session,
        row: &InboxRow,
        interest: DocumentId,
        reassign: bool,
        (after, run): (i64, i64),
    ) -> Result<bool, StepError> {
        let most = self.most();
        let groups = stored::of_interest_in_shard(s, interest, row.shard, GroupId(after), most)?;
        let done = groups.len() < most;
        if let (false, Some(last)) = (done, groups.last()) {
            let rest = Command::MaintainGroups { interest, reassign, after: last.id.0, run };
            self.continued.push((row.id, rest.to_json()));
        }
        let progress = self.jobs_done.of(interest, JobKind::Maintain, row.shard);
        progress.run = progress.run.max(run);
        progress.looked_at += groups.len() as i64;
        progress.done |= done;
        self.upkeep.whole.entry((interest, reassign)).or_default().extend(groups.iter().map(|group| group.account.0));
        Ok(done)
    }

    /// Looks at the marked groups again.
    pub(crate) fn keep_groups(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let live = Arc::clone(self.live);
        let Upkeep { people, whole } = std::mem::take(&mut self.upkeep);
        for ((interest, reassign), accounts) in whole {
            if let Some(interest) = live.interests.get(&interest) {
                self.keep_whole(s, interest, reassign, &accounts)?;
            }
        }
        for (interest, people) in people {
            let kept = live.kept_groups.iter().find(|kept| kept.interest == interest);
            if let (Some(kept), Some(interest)) = (kept, live.interests.get(&interest)) {
                self.keep_people(s, interest, kept, &people)?;
            }
        }
        Ok(())
    }

    fn keep_whole(
        &mut self,
        s: &mut dyn Session,
        interest: &Interest,
        reassign: bool,
        accounts: &BTreeSet<i64>,
    ) -> Result<(), StepError> {
        let accounts: Vec<i64> = accounts.iter().copied().collect();
        let members_only = Needs { interests: [interest.id].into(), ..Needs::default() };
        let mut world = self.world_of(s, &accounts, &if reassign { needs_of(interest) } else { members_only })?;
        let live = Arc::clone(self.live);
        let context = Context { now: self.now(), entry: None, zone: live.zone() };
        let origin = crate::lists::by_rule();
        for group in groups_in(&world, interest.id) {
            if reassign && groups::assign_roles(&mut world, group, interest, &context, &origin) {
                let account = world.account_ix(world.group(group).account);
                if let Some(shard) = account.map(|account| world.account(account).shard) {
                    self.jobs_done.of(interest.id, JobKind::Maintain, shard).changed += 1;
                }
            }
            groups::settle_stage(&mut world, group, interest, &origin);
            groups::settle_completeness(&mut world, group, interest, &origin);
        }
        if reassign {
            self.recheck_later(s, &world, interest, &context)?;
        }
        self.write_groups(s, world.changes)
    }

    /// Remembers when the role conditions of an interest that is kept current flip by themselves.
    pub(super) fn recheck_later(
        &self,
        s: &mut dyn Session,
        world: &World,
        interest: &Interest,
        context: &Context<'_>,
    ) -> Result<(), StoreError> {
        if !self.live.kept_groups.iter().any(|kept| kept.interest == interest.id && kept.follows_time) {
            return Ok(());
        }
        let rechecks: Vec<_> =
            world.people().iter().filter_map(|person| flips(world, interest, person.id, context)).collect();
        records::put_rechecks(s, &rechecks)
    }

    fn keep_people(
        &mut self,
        s: &mut dyn Session,
        interest: &Interest,
        kept: &KeptGroups,
        people: &BTreeSet<PersonId>,
    ) -> Result<(), StepError> {
        let ids: Vec<i64> = people.iter().map(|id| id.0).collect();
        let relations = records::accounts_of_people(s, &ids)?;
        let members = stored::of_people(s, &ids, &[interest.id.0])?;
        let accounts = relations.iter().map(|r| r.account.0).chain(members.iter().map(|group| group.account.0));
        let accounts = self.accounts_held(s, accounts.collect())?;
        if accounts.is_empty() {
            return Ok(());
        }
        let mut wanted = Wanted::of(&kept.needs);
        accounts.iter().for_each(|&id| wanted.account(AccountId(id), &kept.needs));
        people.iter().for_each(|&id| wanted.person(id));
        let mut world = load(s, self.live, self.now(), &wanted)?;
        relate(&mut world, relations);
        let live = Arc::clone(self.live);
        let context = Context { now: self.now(), entry: None, zone: live.zone() };
        let origin = crate::lists::by_rule();
        for group in groups_in(&world, interest.id) {
            for &person in people {
                groups::assign_role(&mut world, group, interest, person, &context, &origin);
            }
            // Who left the account fills no role any more, whoever put them in.
            groups::settle_completeness(&mut world, group, interest, &origin);
        }
        self.recheck_later(s, &world, interest, &context)?;
        self.write_groups(s, world.changes)
    }
}

fn groups_in(world: &World, interest: DocumentId) -> Vec<GroupIx> {
    (0..world.accounts().len()).filter_map(|account| world.group_of(account, interest)).collect()
}

/// Ties the loaded people to the loaded accounts: only whoever is looked at, not everybody of the account.
fn relate(world: &mut World, relations: Vec<Relation>) {
    for relation in relations {
        let (Some(account), Some(person)) = (world.account_ix(relation.account), world.person_ix(relation.person))
        else {
            continue;
        };
        world.account_mut(account).people.push(person);
    }
}

/// When the first of an interest's role conditions may flip by itself for a person.
fn flips(
    world: &World,
    interest: &Interest,
    person: PersonId,
    context: &Context<'_>,
) -> Option<(Shard, Timestamp, DocumentId, i64)> {
    let ix = world.person_ix(person)?;
    let conditions = interest.roles.iter().filter_map(|card| card.when.as_ref());
    let at = conditions.filter_map(|when| world.flips_at(when, Subject::Person(ix), context)).min()?;
    // The step of any of its accounts may have looked; the one that holds the first account looks again.
    let shard = world.accounts().iter().find(|account| account.people.contains(&ix)).map(|account| account.shard)?;
    Some((shard, at, interest.id, person.0))
}
