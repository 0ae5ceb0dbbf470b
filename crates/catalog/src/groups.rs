//! The rules of buying groups: who is a member in which role, who may decide it, and how complete a group is.
//!
//! Used by journey actions, by the jobs that create and maintain groups, and by the API when a hand decides.

use std::collections::BTreeSet;

use caravan_model::PersonId;
use caravan_model::condition::Context;
use serde_json::json;

use crate::action::Subject;
use crate::definitions::{Interest, RoleCard};
use crate::world::{AccountIx, Group, GroupIx, Member, Origin, PersonIx, Source, World};

/// A smaller change of completeness is none.
pub const SMALLEST_CHANGE: f64 = 0.005;

/// Why a membership stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is what was asked for.
    AsAsked,
    /// Somebody with more say decided it.
    DecidedBy(Source),
}

/// `CRM for Acme`; made whenever it is shown, so that it follows both names.
pub fn name(interest: &str, account: &str) -> String {
    format!("{interest} for {account}")
}

/// How complete a group is, 0 to 100, exact: the mean over the required roles of how far each is filled. None when no
/// role is required.
pub fn completeness(group: &Group, interest: &Interest) -> Option<f64> {
    let required = interest.roles.iter().filter(|card| card.required);
    let required: Vec<f64> = required.map(|card| role_completeness(group, card)).collect();
    (!required.is_empty()).then(|| required.iter().sum::<f64>() / required.len() as f64)
}

/// How far a role is filled, 0 to 100, exact.
pub fn role_completeness(group: &Group, card: &RoleCard) -> f64 {
    filled(members_in(group, &card.role), card.members_required)
}

/// How far `members` fill a role that needs `required`, 0 to 100, exact.
pub fn filled(members: usize, required: u32) -> f64 {
    let wanted = required.max(1) as usize;
    100.0 * members.min(wanted) as f64 / wanted as f64
}

/// The required roles that nobody has.
pub fn missing_roles<'a>(group: &Group, interest: &'a Interest) -> Vec<&'a str> {
    let empty = interest.roles.iter().filter(|card| card.required && members_in(group, &card.role) == 0);
    empty.map(|card| card.role.as_str()).collect()
}

/// How many members fill a role.
pub fn members_in(group: &Group, role: &str) -> usize {
    group.members.iter().filter(|member| member.counts() && member.role == role).count()
}

/// Gives a person a role in a group, unless somebody with more say decided otherwise.
///
/// # Errors
/// Why it stays as it is. Whoever asks for what is there already still takes it over from somebody with less say, so
/// that a later rule does not undo it.
pub fn assign(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    person: PersonId,
    role: &str,
    by: Source,
    origin: &Origin,
) -> Result<(), Kept> {
    let wanted = Member { person, role: role.to_owned(), source: by, removed: false, left_account: false };
    if let Some(stored) = member(world, group, person) {
        if stored.source > by {
            return Err(Kept::DecidedBy(stored.source));
        }
        if !stored.removed && stored.role == role {
            if stored.source < by {
                world.set_member(group, wanted);
            }
            return Err(Kept::AsAsked);
        }
    }
    world.set_member(group, wanted);
    tell(world, "assigned_to_buying_group", group, interest, person, role, by, origin);
    Ok(())
}

/// Takes a person out of a group, unless somebody with more say decided otherwise.
///
/// # Errors
/// Why it stays as it is.
pub fn remove(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    person: PersonId,
    by: Source,
    origin: &Origin,
) -> Result<(), Kept> {
    let stored = member(world, group, person).filter(|member| !member.removed).ok_or(Kept::AsAsked)?;
    if stored.source > by {
        return Err(Kept::DecidedBy(stored.source));
    }
    let role = stored.role.clone();
    world.set_member(group, Member { source: by, removed: true, ..stored });
    tell(world, "removed_from_buying_group", group, interest, person, &role, by, origin);
    Ok(())
}

/// Gives every person of the account the first role whose condition holds, and takes out whom a rule put in and no
/// condition takes any more. Hands and journeys keep their say. Returns whether anything changed; then settle the
/// group's completeness.
pub fn assign_roles(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    context: &Context<'_>,
    origin: &Origin,
) -> bool {
    let Some(account) = world.account_ix(world.group(group).account) else { return false };
    let here = world.account(account).people.iter().map(|&ix| world.person(ix).id);
    let members = world.group(group).members.iter().map(|member| member.person);
    let concerned: BTreeSet<PersonId> = here.chain(members).collect();
    let mut changed = false;
    for person in concerned {
        changed |= assign_role(world, group, interest, person, context, origin);
    }
    changed
}

/// The same for one person. Whoever is not among the loaded people of the account no longer belongs to it.
pub fn assign_role(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    person: PersonId,
    context: &Context<'_>,
    origin: &Origin,
) -> bool {
    let role = world.account_ix(world.group(group).account).and_then(|account| {
        let ix = world.person_ix(person).filter(|ix| world.account(account).people.contains(ix))?;
        role_by_rule(world, ix, account, interest, context)
    });
    let done = match role {
        Some(role) => assign(world, group, interest, person, role, Source::System, origin),
        None => remove(world, group, interest, person, Source::System, origin),
    };
    done.is_ok()
}

fn role_by_rule<'a>(
    world: &World,
    person: PersonIx,
    account: AccountIx,
    interest: &'a Interest,
    context: &Context<'_>,
) -> Option<&'a str> {
    if world.person(person).test_profile {
        return None;
    }
    let fits = |when| world.holds(when, Subject::Person(person), Some(account), context);
    interest.roles.iter().find(|card| card.when.as_ref().is_some_and(fits)).map(|card| card.role.as_str())
}

/// Works a group's completeness out again; records and tells a change of at least [`SMALLEST_CHANGE`]. Returns whether
/// there was one.
pub fn settle_completeness(world: &mut World, group: GroupIx, interest: &Interest, origin: &Origin) -> bool {
    let old = world.group(group).completeness;
    let new = completeness(world.group(group), interest);
    let same = match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => (new - old).abs() < SMALLEST_CHANGE,
        _ => false,
    };
    if same {
        return false;
    }
    world.change_group(group, |group| group.completeness = new);
    let account = world.group(group).account;
    let fields = json!({"solution_interest": interest.key, "old": old, "new": new}).to_string();
    world.tell("completeness_changed", Some(account), None, fields, origin);
    true
}

/// Moves a group to another stage, where its interest's stage model allows it.
///
/// # Errors
/// Why it stays: one of the reasons of *Update Buying Group Stage*.
pub fn move_to_stage(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    stage: &str,
    origin: &Origin,
) -> Result<(), &'static str> {
    let stages = interest.stages.as_ref().ok_or("no_stage_model")?;
    let old = world.group(group).stage.clone();
    if old.as_deref() == Some(stage) {
        return Err("already_in_stage");
    }
    if !stages.allows(old.as_deref(), stage) {
        return Err("transition_not_allowed");
    }
    world.set_stage(group, Some(stage.to_owned()), origin);
    tell_text(world, "buying_group_stage_changed", group, interest, old, Some(stage), origin);
    Ok(())
}

/// A group stands nowhere when its interest has no stage model any more, or one that does not know its stage. Where it
/// stood stays in its history. Returns whether it stood somewhere.
pub fn settle_stage(world: &mut World, group: GroupIx, interest: &Interest, origin: &Origin) -> bool {
    let Some(old) = world.group(group).stage.clone() else { return false };
    if interest.stages.as_ref().is_some_and(|stages| stages.has(&old)) {
        return false;
    }
    world.set_stage(group, None, origin);
    tell_text(world, "buying_group_stage_changed", group, interest, Some(old), None, origin);
    true
}

/// Gives a group a status, or takes it away.
///
/// # Errors
/// It has this status already.
pub fn set_status(
    world: &mut World,
    group: GroupIx,
    interest: &Interest,
    status: Option<&str>,
    origin: &Origin,
) -> Result<(), &'static str> {
    let old = world.group(group).status.clone();
    if old.as_deref() == status {
        return Err("unchanged");
    }
    world.change_group(group, |group| group.status = status.map(str::to_owned));
    tell_text(world, "buying_group_status_changed", group, interest, old, status, origin);
    Ok(())
}

fn tell_text(
    world: &mut World,
    kind: &'static str,
    group: GroupIx,
    interest: &Interest,
    old: Option<String>,
    new: Option<&str>,
    origin: &Origin,
) {
    let account = world.group(group).account;
    let fields = json!({"solution_interest": interest.key, "old": old, "new": new}).to_string();
    world.tell(kind, Some(account), None, fields, origin);
}

fn member(world: &World, group: GroupIx, person: PersonId) -> Option<Member> {
    world.group(group).members.iter().find(|member| member.person == person).cloned()
}

#[expect(clippy::too_many_arguments, reason = "one fact has as many parts")]
fn tell(
    world: &mut World,
    kind: &'static str,
    group: GroupIx,
    interest: &Interest,
    person: PersonId,
    role: &str,
    by: Source,
    origin: &Origin,
) {
    let account = world.group(group).account;
    let fields = json!({"solution_interest": interest.key, "role": role, "source": by.as_str()}).to_string();
    world.tell(kind, Some(account), Some(person), fields, origin);
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
