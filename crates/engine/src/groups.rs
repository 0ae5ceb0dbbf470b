//! Creation of buying groups: a standing subscription of a solution interest to a list or audience.

use caravan_catalog::Needs;
use caravan_catalog::definitions::Interest;
use caravan_catalog::world::Group;
use caravan_model::condition::Context;
use caravan_model::{AccountId, GroupId};
use caravan_store::records::{self, GroupRow};
use caravan_store::{Session, StoreError};

use crate::batch::{Batch, StepError};

/// What assigning roles looks at.
fn needs_of(interest: &Interest) -> Needs {
    let mut needs = Needs { people: true, interests: [interest.id].into(), ..Needs::default() };
    for condition in interest.roles.iter().filter_map(|card| card.when.as_ref()) {
        needs.extend(&Needs::from(&condition.needs()));
    }
    needs
}

/// Creates a group for each of these accounts, none of which has one, and gives its people the roles that rules decide.
/// An account without a name gets none.
pub(crate) fn create(
    s: &mut dyn Session,
    batch: &mut Batch<'_>,
    interest: &Interest,
    accounts: &[i64],
) -> Result<(), StepError> {
    let mut world = batch.world_of(s, accounts, &needs_of(interest))?;
    let named: Vec<(AccountId, caravan_model::Shard)> =
        world.accounts().iter().filter(|a| !a.name.trim().is_empty()).map(|a| (a.id, a.shard)).collect();
    let ids: Vec<GroupId> = s.reserve_ids("buying_group", named.len())?.map(GroupId).collect();
    let rows: Vec<GroupRow> = named
        .iter()
        .zip(&ids)
        .map(|(&(account, shard), &id)| GroupRow {
            id,
            shard,
            account,
            interest: interest.id,
            stage: None,
            status: None,
            completeness: None,
            engagement: None,
        })
        .collect();
    records::insert_groups(s, &rows, batch.now())?;
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
        let context = Context { now: batch.now(), entry: None, zone: batch.live.zone() };
        caravan_catalog::groups::assign_roles(&mut world, group, interest, &context, &origin);
        caravan_catalog::groups::settle_completeness(&mut world, group, interest, &origin);
    }
    write(s, batch, world.changes).map_err(StepError::from)
}

fn write(s: &mut dyn Session, batch: &mut Batch<'_>, changes: caravan_catalog::Changes) -> Result<(), StoreError> {
    let written = crate::save::changes(s, batch.live, batch.claim, changes)?;
    batch.inbox_out.extend(written.inbox);
    Ok(())
}
