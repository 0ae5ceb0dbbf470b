//! Data flows: an audience kept in step with a condition about buying groups. What shall stand there is compared with what
//! was last taken, and the difference is said.

use std::collections::HashMap;

use caravan_catalog::Definition;
use caravan_catalog::memberships::Told;
use caravan_connect::audiences::Audiences;
use caravan_model::AccountId;
use caravan_model::attribute::Subject;
use caravan_model::condition::Condition;
use caravan_model::document::{DataFlow, Destination, DocumentKind};
use caravan_store::audiences::{self as stored, MemberRow, NOTHING};
use caravan_store::{Session, StoreError};
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::keeping::{PIECE, Pause, Speaker, go_on, message_of};
use super::name_of;
use crate::Engine;
use crate::deliver::{Doors, Way, audiences_of, settings_of};
use crate::live::Live;
use crate::load::{Wanted, load};
use crate::sets::Set;

/// How often a flow is kept.
const EVERY: SignedDuration = SignedDuration::from_mins(15);

/// A flow and what it needs, found.
struct Flow<'a> {
    live: &'a Live,
    condition: Condition,
    told: Told,
    settings: Json,
}

/// Keeps one flow. Whether something was said, and when it is due again.
pub fn keep(
    engine: &Engine,
    live: &Live,
    doors: &Doors,
    definition: &Definition,
    chore: &str,
) -> Result<(bool, SignedDuration), StoreError> {
    let found = find(live, definition);
    let (flow, destination, connection) = match found {
        Ok(found) => found,
        Err(why) => {
            tracing::warn!(flow = definition.key, why, "a data flow cannot be kept");
            return Ok((false, EVERY));
        }
    };
    let row = engine.store().write(|s| -> Result<_, StoreError> {
        let now = s.now()?;
        stored::ensure(s, destination.id, &name_of(definition), Some(definition.id), now)
    })?;
    let flow_of = row.flow;
    let troubled = |why: Option<&str>| engine.store().write(|s| stored::set_problem(s, row.id, why));
    if flow_of.is_none() {
        troubled(Some("Journeys fill an audience of this name. Delete the data flow and apply another one."))?;
        return Ok((false, EVERY));
    }
    let door = match doors.door(live, &Way::connection(connection.clone())) {
        Ok(Some(door)) => door,
        Ok(None) => return Ok((false, EVERY)),
        Err(why) => {
            troubled(message_of(&why))?;
            return Ok((false, EVERY));
        }
    };
    let audiences = match audiences_of(door.as_ref(), &connection) {
        Ok(audiences) => audiences,
        Err(why) => {
            troubled(Some(&why))?;
            return Ok((false, EVERY));
        }
    };
    let speaker = Speaker::new(engine, destination, row, door.as_ref())?;
    let (mut said, mut pause): (bool, Option<SignedDuration>) = (false, None);
    for step in [Step::In, Step::Out] {
        let mut after = 0;
        while let (Some(last), wanted) = flow.next(engine, audiences, speaker.row.id, step, after)? {
            after = last;
            said |= !wanted.is_empty();
            if let Err(Pause(asked)) = speaker.say(&wanted)? {
                // What else there is to say may be possible; what was not taken is said again.
                pause = Some(pause.unwrap_or_default().max(asked));
                break;
            }
            go_on(engine, chore)?;
        }
    }
    Ok((said && pause.is_none(), pause.unwrap_or(EVERY)))
}

fn find<'a>(live: &'a Live, definition: &Definition) -> Result<(Flow<'a>, &'a Definition, String), String> {
    let told = |findings: Vec<caravan_model::Finding>| {
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join(" ")
    };
    let flow: DataFlow = definition.read().ok_or("It cannot be read.")?;
    let destination =
        live.definitions.get(DocumentKind::Destination, &flow.destination).ok_or("Its destination is gone.")?;
    let typed: Destination = destination.read().ok_or("Its destination cannot be read.")?;
    let condition = live.definitions.account_condition(&flow.when, "/when").map_err(told)?;
    let accounts = live.definitions.schema.of(Subject::Account);
    let attributes = Told::of(&typed, accounts, "/settings/fields").map_err(|finding| finding.message)?;
    let flow = Flow { live, condition, told: attributes, settings: settings_of(destination) };
    Ok((flow, destination, typed.connection))
}

/// Which accounts are looked at.
#[derive(Clone, Copy)]
enum Step {
    /// Those who meet the condition.
    In,
    /// Those of whom something stands there.
    Out,
}

/// What shall stand there of accounts.
type Wanted_ = Vec<(AccountId, Option<Json>)>;

impl Flow<'_> {
    /// The next accounts behind `after` (the last of them, none where there are no more), and what is to be said of those
    /// of whom something else is known than what shall be.
    fn next(
        &self,
        engine: &Engine,
        audiences: &dyn Audiences,
        audience: i64,
        step: Step,
        after: i64,
    ) -> Result<(Option<i64>, Wanted_), StoreError> {
        engine.store().read(|s| {
            let now = s.now()?;
            let set = Set::new(self.live, &self.condition, now);
            let (all, members, belong) = match step {
                Step::In => {
                    let all = set.next(s, after, PIECE)?;
                    let members = stored::members(s, audience, &all)?;
                    (all.clone(), members, all)
                }
                Step::Out => {
                    let members = stored::members_after(s, audience, after, PIECE)?;
                    let all: Vec<i64> = members.iter().map(|member| member.account.0).collect();
                    let belong = set.among(s, &all)?;
                    (all, members, belong)
                }
            };
            let elements = self.elements(s, audiences, &belong)?;
            let members: HashMap<AccountId, MemberRow> = members.into_iter().map(|it| (it.account, it)).collect();
            let wanted = all.iter().map(|id| AccountId(*id)).filter_map(|account| {
                let element = elements.get(&account).cloned();
                differs(members.get(&account), element.as_ref()).then_some((account, element))
            });
            Ok((all.last().copied(), wanted.collect()))
        })
    }

    /// What shall stand there of accounts that meet the condition; those who cannot stand there are left out.
    fn elements(
        &self,
        s: &mut dyn Session,
        audiences: &dyn Audiences,
        accounts: &[i64],
    ) -> Result<HashMap<AccountId, Json>, StoreError> {
        let needs = self.told.needs();
        let mut wanted = Wanted::of(&needs);
        accounts.iter().for_each(|id| wanted.account(AccountId(*id), &needs));
        let now = s.now()?;
        let world = load(s, self.live, now, &wanted)?;
        let element = |id: &i64| {
            let account = AccountId(*id);
            let told = self.told.about(world.account_ix(account)?, &world);
            Some((account, audiences.element(&self.settings, &told).ok()?))
        };
        Ok(accounts.iter().filter_map(element).collect())
    }
}

/// Whether something has to be said: what shall stand there was not taken yet, or something else stands there. What was
/// refused for good is not said again until it changes.
fn differs(member: Option<&MemberRow>, element: Option<&Json>) -> bool {
    let Some(member) = member else { return element.is_some() };
    let same = member.element.as_deref() == element.map(Json::to_string).as_deref();
    let done = member.taken_at.is_some() && member.stale == NOTHING;
    !(same && (done || member.problem.is_some()))
}

#[cfg(test)]
mod tests {
    use caravan_model::EffectId;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_not_taken_as_it_shall_be_is_said() {
        let (one, other) = (json!({"companyName": "One"}), json!({"companyName": "Other"}));
        let member = |element: Option<&Json>, taken: bool, problem: Option<&str>| MemberRow {
            account: AccountId(1),
            element: element.map(Json::to_string),
            stale: NOTHING.to_owned(),
            last_effect: EffectId(0),
            taken_at: taken.then_some(jiff::Timestamp::UNIX_EPOCH),
            problem: problem.map(str::to_owned),
        };
        assert!(differs(None, Some(&one)) && !differs(None, None));
        assert!(!differs(Some(&member(Some(&one), true, None)), Some(&one)));
        assert!(differs(Some(&member(Some(&one), true, None)), Some(&other)));
        assert!(differs(Some(&member(Some(&one), false, None)), Some(&one)), "its answer was lost");
        assert!(differs(Some(&member(Some(&one), true, None)), None), "it belongs there no longer");
        assert!(!differs(Some(&member(None, true, None)), None));
        assert!(!differs(Some(&member(Some(&one), false, Some("refused"))), Some(&one)));
        assert!(differs(Some(&member(Some(&one), false, Some("refused"))), Some(&other)));
    }
}
