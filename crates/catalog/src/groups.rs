//! The rules of buying groups: who is a member in which role, who may decide it, and how complete a group is.
//!
//! Used by journey actions, by the jobs that create and maintain groups, and by the API when a hand decides.

use caravan_model::PersonId;
use caravan_model::condition::Context;
use serde_json::json;

use crate::action::Subject;
use crate::definitions::Interest;
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
    let required: Vec<f64> = interest
        .roles
        .iter()
        .filter(|card| card.required)
        .map(|card| {
            let wanted = card.members_required.max(1) as usize;
            100.0 * members_in(group, &card.role).min(wanted) as f64 / wanted as f64
        })
        .collect();
    (!required.is_empty()).then(|| required.iter().sum::<f64>() / required.len() as f64)
}

/// The required roles that nobody has.
pub fn missing_roles<'a>(group: &Group, interest: &'a Interest) -> Vec<&'a str> {
    let empty = interest.roles.iter().filter(|card| card.required && members_in(group, &card.role) == 0);
    empty.map(|card| card.role.as_str()).collect()
}

fn members_in(group: &Group, role: &str) -> usize {
    group.members.iter().filter(|member| !member.removed && member.role == role).count()
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
    let wanted = Member { person, role: role.to_owned(), source: by, removed: false };
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
    let people = world.account(account).people.clone();
    let mut changed = false;
    for &ix in &people {
        let person = world.person(ix).id;
        let done = match role_by_rule(world, ix, account, interest, context) {
            Some(role) => assign(world, group, interest, person, role, Source::System, origin),
            None => remove(world, group, interest, person, Source::System, origin),
        };
        changed |= done.is_ok();
    }
    let here: std::collections::HashSet<PersonId> = people.iter().map(|&ix| world.person(ix).id).collect();
    let gone: Vec<PersonId> =
        world.group(group).members.iter().map(|member| member.person).filter(|person| !here.contains(person)).collect();
    for person in gone {
        changed |= remove(world, group, interest, person, Source::System, origin).is_ok();
    }
    changed
}

fn role_by_rule<'a>(
    world: &World,
    person: PersonIx,
    account: AccountIx,
    interest: &'a Interest,
    context: &Context<'_>,
) -> Option<&'a str> {
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
