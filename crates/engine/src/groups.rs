//! Buying groups in a step: created for whoever joins a list, kept current as people change, written.

pub mod by_hand;
pub mod daily;
pub mod engagement;
pub mod explain;
pub mod jobs;
pub mod loaded;
pub mod personas;
mod upkeep;
pub mod weighting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use caravan_catalog::definitions::Interest;
use caravan_catalog::engagement::scaled;
use caravan_catalog::world::Group;
use caravan_catalog::{Changes, Needs};
use caravan_model::condition::Context;
use caravan_model::document::{Body, Document, DocumentKind};
use caravan_model::{AccountId, DocumentId, GroupId, PersonId, Shard};
use caravan_store::groups::{self as stored, AcquiredRow, GroupRow, GroupUpdate, MemberUpdate, StageChangeRow};
use caravan_store::step::{Claim, NewInbox};
use caravan_store::{Session, StoreError, documents, engagement as scores, records};
use jiff::Timestamp;

use crate::batch::{Batch, StepError};
use crate::definitions::stored_document;
use crate::live::Live;
use jobs::JobKind;

pub(crate) use upkeep::Upkeep;

/// How news and conditions call groups and memberships.
pub(crate) const MENTIONED: &str = "groups";

/// What deciding everybody's role looks at.
fn needs_of(interest: &Interest) -> Needs {
    let mut needs = Needs { people: true, interests: [interest.id].into(), ..Needs::default() };
    for condition in interest.roles.iter().filter_map(|card| card.when.as_ref()) {
        needs.extend(&Needs::from(&condition.needs()));
    }
    needs
}

impl Batch<'_> {
    /// Creates the groups that are missing for the marked accounts and gives their people roles.
    pub(crate) fn create_groups(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let live = Arc::clone(self.live);
        for (interest, accounts) in std::mem::take(&mut self.grouped) {
            let Some(interest) = live.interests.get(&interest) else { continue };
            let accounts: Vec<i64> = accounts.into_iter().collect();
            for (_, shard) in records::shards_of_accounts(s, &accounts)? {
                self.jobs_done.of(interest.id, JobKind::Create, shard).looked_at += 1;
            }
            let have: BTreeSet<AccountId> =
                stored::accounts_with_group(s, &accounts, interest.id)?.into_iter().collect();
            let missing: Vec<i64> = accounts.into_iter().filter(|&id| !have.contains(&AccountId(id))).collect();
            if !missing.is_empty() {
                self.create(s, interest, &missing)?;
            }
        }
        Ok(())
    }

    /// Creates a group for each of these accounts, none of which has one, and gives its people the roles that rules
    /// decide. An account without a name gets none.
    fn create(&mut self, s: &mut dyn Session, interest: &Interest, accounts: &[i64]) -> Result<(), StepError> {
        let mut world = self.world_of(s, accounts, &needs_of(interest))?;
        let named: Vec<(AccountId, Shard)> =
            world.accounts().iter().filter(|a| !a.name.trim().is_empty()).map(|a| (a.id, a.shard)).collect();
        for account in world.accounts() {
            let done = self.jobs_done.of(interest.id, JobKind::Create, account.shard);
            match account.name.trim().is_empty() {
                true => done.skipped += 1,
                false => done.created += 1,
            }
        }
        let ids: Vec<GroupId> = s.reserve_ids("buying_group", named.len())?.map(GroupId).collect();
        let rows: Vec<GroupRow> =
            named.iter().zip(&ids).map(|(&(account, shard), &id)| new_group(id, shard, account, interest.id)).collect();
        stored::insert(s, &rows, self.now())?;
        let live = Arc::clone(self.live);
        let context = Context { now: self.now(), entry: None, zone: live.zone() };
        let origin = crate::lists::by_rule();
        for row in rows {
            let group = world.add_group(Group {
                id: row.id,
                account: row.account,
                interest: row.interest,
                stage: None,
                status: None,
                completeness: None,
                engagement: None,
                members: Vec::new(),
            });
            caravan_catalog::groups::assign_roles(&mut world, group, interest, &context, &origin);
            caravan_catalog::groups::settle_completeness(&mut world, group, interest, &origin);
        }
        self.recheck_later(s, &world, interest, &context)?;
        self.write_groups(s, world.changes)?;
        self.score_first(s, interest, &ids)?;
        self.inbox_out.extend(marks(s, self.live, &ids, self.now())?);
        Ok(())
    }

    /// What new groups are engaged by the latest run's measure; the next run measures anew.
    fn score_first(&mut self, s: &mut dyn Session, interest: &Interest, groups: &[GroupId]) -> Result<(), StoreError> {
        let largest = scores::latest_run(s)?.map_or(0.0, |run| run.largest_group);
        let ids: Vec<i64> = groups.iter().map(|id| id.0).collect();
        let members = scores::members_of(s, &ids)?;
        let score = |&id: &GroupId| {
            let own: Vec<_> = members.iter().filter(|member| member.group == id).cloned().collect();
            (id, scaled(engagement::sum_of(&own, interest).raw, largest))
        };
        let scored: Vec<(GroupId, f64)> = groups.iter().map(score).collect();
        scores::set_group_scores(s, &scored, self.now())
    }

    fn write_groups(&mut self, s: &mut dyn Session, changes: Changes) -> Result<(), StepError> {
        let written = crate::save::changes(s, self.live, self.claim, changes)?;
        self.inbox_out.extend(written.inbox);
        Ok(())
    }
}

fn new_group(id: GroupId, shard: Shard, account: AccountId, interest: DocumentId) -> GroupRow {
    GroupRow { id, shard, account, interest, stage: None, status: None, completeness: None, engagement: None }
}

/// Writes what was decided of groups and members, and counts who was added to which role.
pub(crate) fn save(s: &mut dyn Session, live: &Live, claim: &Claim, changes: &Changes) -> Result<(), StoreError> {
    let last: BTreeMap<_, _> = changes.groups.iter().map(|c| (c.group, c)).collect();
    let rows: Vec<GroupUpdate<'_>> = last
        .into_values()
        .map(|c| GroupUpdate {
            id: c.group,
            stage: c.stage.as_deref(),
            status: c.status.as_deref(),
            completeness: c.completeness,
        })
        .collect();
    stored::update(s, &rows, claim.now)?;
    let moves = changes.stages.iter();
    let moves: Vec<StageChangeRow<'_>> = moves
        .map(|c| StageChangeRow { group: c.group, old: c.old.as_deref(), new: c.new.as_deref(), source: &c.source })
        .collect();
    stored::insert_stage_changes(s, &moves, claim.now)?;
    let last: BTreeMap<_, _> = changes.members.iter().map(|c| ((c.group, c.person), c)).collect();
    let rows: Vec<MemberUpdate<'_>> = last
        .into_values()
        .map(|c| MemberUpdate {
            group: c.group,
            person: c.person,
            role: &c.role,
            source: c.source.as_str(),
            removed: c.removed,
        })
        .collect();
    stored::put_members(s, &rows, claim.now)?;
    let mut acquired: BTreeMap<(DocumentId, &str), i64> = BTreeMap::new();
    for change in changes.members.iter().filter(|change| change.acquired) {
        *acquired.entry((change.interest, &change.role)).or_default() += 1;
    }
    let rows: Vec<AcquiredRow<'_>> =
        acquired.into_iter().map(|((interest, role), n)| AcquiredRow { interest, role, n }).collect();
    let slot = claim.shards.iter().min().copied().unwrap_or(Shard(0));
    stored::count_acquired(s, &rows, month_of(claim.now, live), slot)
}

/// Conditions that ask for groups or memberships are looked at again, for the accounts and the people of these groups.
pub(crate) fn marks(
    s: &mut dyn Session,
    live: &Live,
    groups: &[GroupId],
    now: Timestamp,
) -> Result<Vec<NewInbox>, StoreError> {
    if groups.is_empty() || !live.mentioned.contains(MENTIONED) {
        return Ok(Vec::new());
    }
    let accounts: Vec<i64> = stored::accounts_of(s, groups)?.into_iter().map(|id| id.0).collect();
    let mut rows = crate::save::mark_accounts(s, MENTIONED, &accounts, now)?;
    let people: BTreeSet<PersonId> = stored::people_of(s, groups)?.into_iter().collect();
    if !people.is_empty() {
        rows.extend(crate::save::mark_people(s, MENTIONED, people, now)?);
    }
    Ok(rows)
}

/// The organisation's month of an instant, in months since 1970.
fn month_of(at: Timestamp, live: &Live) -> i64 {
    let date = live.zone().to_datetime(at).date();
    (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1
}

/// Definitions that groups stand on changed: missing groups are created, the others are looked at again.
pub(crate) fn follow(
    s: &mut dyn Session,
    written: &[(&Document, DocumentId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = |kind: DocumentKind, key: &str| written.iter().any(|(d, _)| d.kind() == kind && d.key() == key);
    if !written.iter().any(|(d, _)| matters(d.kind())) {
        return Ok(());
    }
    for row in documents::all(s)?.iter().filter(|row| row.kind == DocumentKind::SolutionInterest.key()) {
        let Some(document) = stored_document(row) else { continue };
        let Body::SolutionInterest(interest) = &document.body else { continue };
        let own = changed(DocumentKind::SolutionInterest, &row.key);
        if own || changed(DocumentKind::RolesTemplate, &interest.roles_template) {
            jobs::ask(s, row.id, JobKind::Maintain, interest.update_existing, DEFINITIONS, now)?;
        }
        if own && interest.create_for.is_some() {
            jobs::ask(s, row.id, JobKind::Create, false, DEFINITIONS, now)?;
        }
    }
    Ok(())
}

/// Puts the groups of an interest away that is taken away itself: they are kept for reports, under its key.
pub(crate) fn archive_all(s: &mut dyn Session, interest: DocumentId, key: &str) -> Result<(), StoreError> {
    let now = s.now()?;
    stored::archive_all(s, interest, key, now)?;
    caravan_store::group_jobs::forget(s, interest)
}

/// Who asks for jobs when definitions change.
pub(crate) const DEFINITIONS: &str = "definitions";

fn matters(kind: DocumentKind) -> bool {
    matches!(kind, DocumentKind::SolutionInterest | DocumentKind::RolesTemplate)
}
