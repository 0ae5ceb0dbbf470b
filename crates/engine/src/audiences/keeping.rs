//! When audiences are kept and asked: each data flow every quarter of an hour, each audience every hour, each consent once a
//! day. One process does it, whichever comes first.

use caravan_catalog::Definition;
use caravan_connect::audiences::{Audience, Membership};
use caravan_connect::connector::STILL_AT_IT;
use caravan_connect::{Connector, EffectBody, Outcome, Outgoing};
use caravan_model::document::{Destination, DocumentKind};
use caravan_model::{AccountId, EffectId};
use caravan_store::audiences::{self as stored, AudienceRow, MemberRow, Taken};
use caravan_store::{StoreError, chores, outbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{audience_at, consents, flows};
use crate::Engine;
use crate::deliver::{Alike, Doors, Way};
use crate::live::Live;
use crate::metrics::Whose;

/// How long whoever does something has it alone; afterwards it counts as dead.
const CLAIM: SignedDuration = SignedDuration::from_mins(10);
/// How often audiences are asked how they stand.
const ASKED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long a member that has left is remembered, so that nothing older overtakes it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Accounts of which one call speaks.
pub const PIECE: usize = 1_000;

/// The chore under which audiences are asked how they stand.
const STANDING: &str = "audiences";

/// Keeps and asks what is due. Whether anything was said to another system.
pub fn keep(engine: &Engine, doors: &Doors) -> Result<bool, StoreError> {
    let live = engine.store().read(|s| -> Result<_, StoreError> {
        if outbox::on_hold(s)? { Ok(None) } else { engine.live(s).map(Some) }
    })?;
    let Some(live) = live else { return Ok(false) };
    let mut said = false;
    let mut flows: Vec<&Definition> = live
        .definitions
        .of_kind(DocumentKind::DataFlow)
        .map(AsRef::as_ref)
        .filter(|flow| flow.state == "live")
        .collect();
    flows.sort_by_key(|flow| flow.id);
    for flow in flows {
        let chore = format!("data_flow/{}", flow.id.0);
        said |= due(engine, &chore, |_| flows::keep(engine, &live, doors, flow, &chore))?;
    }
    let has = |kind: DocumentKind| live.definitions.of_kind(kind).next().is_some();
    if has(DocumentKind::Destination) {
        due(engine, STANDING, |now| {
            ask_how_all_stand(engine, &live, doors, None)?;
            engine.store().write(|s| stored::forget_left(s, now - REMEMBERED))?;
            Ok((false, ASKED_EVERY))
        })?;
    }
    if has(DocumentKind::Connection) {
        due(engine, consents::CHORE, |_| consents::look_at_all(engine, &live, doors).map(|pause| (false, pause)))?;
    }
    Ok(said)
}

/// Does a chore if it is due and nobody else has it; it says whether it did something and when it is due again.
fn due(
    engine: &Engine,
    chore: &str,
    work: impl FnOnce(Timestamp) -> Result<(bool, SignedDuration), StoreError>,
) -> Result<bool, StoreError> {
    let waits = engine.store().read(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        Ok(chores::get(s, chore)?.is_some_and(|row| now < row.due_at))
    })?;
    if waits {
        return Ok(false);
    }
    let claimed = engine.store().write(|s| -> Result<Option<Timestamp>, StoreError> {
        let now = s.now()?;
        Ok(chores::claim(s, chore, now, now + CLAIM)?.map(|_| now))
    })?;
    let Some(now) = claimed else { return Ok(false) };
    let (did, pause) = work(now)?;
    engine.store().write(|s| -> Result<(), StoreError> {
        let now = s.now()?;
        chores::put(s, chore, now + pause, "{}")
    })?;
    Ok(did)
}

/// Still at it: the chore stays ours.
pub fn go_on(engine: &Engine, chore: &str) -> Result<(), StoreError> {
    engine.store().write(|s| -> Result<(), StoreError> {
        let now = s.now()?;
        chores::put(s, chore, now + CLAIM, "{}")
    })
}

/// Asks audiences how they stand: those of one destination, or of all. What accounts that are no more left behind is taken
/// out.
pub fn ask_how_all_stand(
    engine: &Engine,
    live: &Live,
    doors: &Doors,
    destination: Option<&Definition>,
) -> Result<(), StoreError> {
    let rows = engine.store().read(|s| stored::all(s, destination.map(|it| it.id)))?;
    for (row, _) in rows {
        let destinations = live.definitions.of_kind(DocumentKind::Destination);
        let Some(destination) = destinations.into_iter().find(|it| it.id == row.destination) else { continue };
        let Some(typed) = destination.read::<Destination>() else { continue };
        let door = match doors.door(live, &Way::connection(typed.connection)) {
            Ok(Some(door)) => door,
            Ok(None) => return Ok(()),
            Err(why) => {
                engine.store().write(|s| stored::set_problem(s, row.id, message_of(&why)))?;
                continue;
            }
        };
        let speaker = Speaker::new(engine, destination, row, door.as_ref())?;
        speaker.ask_how_it_stands()?;
        speaker.take_out_the_deleted()?;
    }
    Ok(())
}

/// Speaks of accounts to one audience, writing down before what it says and afterwards how it was taken.
pub struct Speaker<'a> {
    engine: &'a Engine,
    pub row: AudienceRow,
    audience: Audience,
    door: &'a dyn Connector,
    whose: Whose,
}

/// Why nothing more is said for now.
pub struct Pause(pub SignedDuration);

/// The pause when the other side names none.
const USUAL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

impl<'a> Speaker<'a> {
    pub fn new(
        engine: &'a Engine,
        destination: &Definition,
        row: AudienceRow,
        door: &'a dyn Connector,
    ) -> Result<Self, StoreError> {
        let audience = engine.store().read(|s| audience_at(s, destination, &row))?;
        let whose = Whose::named(destination.text("connection").unwrap_or_default(), door.facts().kind);
        Ok(Self { engine, row, audience, door, whose })
    }

    fn ask_how_it_stands(&self) -> Result<(), StoreError> {
        let Some(audiences) = self.door.audiences() else { return Ok(()) };
        let told = audiences.standing(&self.audience);
        self.engine.store().write(|s| {
            let now = s.now()?;
            match &told {
                Ok(Some(it)) => {
                    stored::set_remote_id(s, self.row.id, &it.remote_id)?;
                    stored::set_standing(s, self.row.id, (&it.status, it.usable, it.size, &it.note), now)
                }
                Ok(None) => Ok(()),
                Err(why) => stored::set_problem(s, self.row.id, Some(why)),
            }
        })
    }

    /// Accounts that are no more cannot leave by themselves.
    fn take_out_the_deleted(&self) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let (rows, gone) = self.engine.store().read(|s| -> Result<_, StoreError> {
                let rows = stored::members_after(s, self.row.id, after, PIECE)?;
                let ids: Vec<i64> = rows.iter().map(|row| row.account.0).collect();
                let gone = stored::deleted(s, &ids)?;
                Ok((rows, gone))
            })?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.account.0;
            let out: Vec<(AccountId, Option<Json>)> = gone.into_iter().map(|id| (AccountId(id), None)).collect();
            if self.say(&out)?.is_err() {
                return Ok(());
            }
        }
    }

    /// Says what shall stand there of each account: an element, or nothing. Accounts in order, each once.
    pub fn say(&self, wanted: &[(AccountId, Option<Json>)]) -> Result<Result<(), Pause>, StoreError> {
        if wanted.is_empty() {
            return Ok(Ok(()));
        }
        let changes = self.write_down(wanted)?;
        let item = |(account, membership): &(AccountId, Membership)| Outgoing {
            key: format!("audience.{}.{account}", self.row.id),
            body: EffectBody::Membership(Box::new(membership.clone())),
        };
        let batch: Vec<Outgoing> = changes.iter().map(item).collect();
        let outcomes = crate::deliver::through(self.door, &batch, &|outcomes, took| self.whose.called(outcomes, took));
        let (mut taken, mut remote, mut pause): (Vec<Taken>, Option<String>, Option<(SignedDuration, String)>) =
            (Vec::new(), None, None);
        for ((account, _), outcome) in changes.iter().zip(&outcomes) {
            let said = |refused| Taken { audience: self.row.id, account: *account, effect: EffectId(0), refused };
            match outcome {
                Outcome::Delivered { remote_id, .. } => {
                    taken.push(said(None));
                    remote = remote.or_else(|| remote_id.clone());
                }
                Outcome::Skipped { .. } => taken.push(said(None)),
                Outcome::Failed { message, .. } => taken.push(said(Some(message.clone()))),
                Outcome::Retry { after, message, .. } | Outcome::Shut { after, message, .. } => {
                    let asked = after.and_then(|after| SignedDuration::try_from(after).ok()).unwrap_or(USUAL_PAUSE);
                    pause = pause.max(Some((asked, message.clone())));
                }
                Outcome::Unknown { message } => pause = pause.max(Some((USUAL_PAUSE, message.clone()))),
                Outcome::Later { after, .. } => {
                    let asked = SignedDuration::try_from(*after).unwrap_or(USUAL_PAUSE);
                    pause = pause.max(Some((asked, STILL_AT_IT.to_owned())));
                }
            }
        }
        self.engine.store().write(|s| -> Result<(), StoreError> {
            let now = s.now()?;
            if let Some(remote_id) = &remote {
                stored::set_remote_id(s, self.row.id, remote_id)?;
            }
            if let Some((_, why)) = &pause {
                stored::set_problem(s, self.row.id, Some(why))?;
            }
            stored::taken(s, &taken, now)
        })?;
        Ok(pause.map_or(Ok(()), |(pause, _)| Err(Pause(pause))))
    }

    fn write_down(&self, wanted: &[(AccountId, Option<Json>)]) -> Result<Vec<(AccountId, Membership)>, StoreError> {
        self.engine.store().write(|s| {
            let accounts: Vec<i64> = wanted.iter().map(|(account, _)| account.0).collect();
            stored::lock(s, self.row.id)?;
            let mut members: Vec<MemberRow> = stored::lock_members(s, self.row.id, &accounts)?;
            let mut alike = Alike::read(s, self.row.id, &members)?;
            let changes: Vec<(AccountId, Membership)> = members
                .iter_mut()
                .zip(wanted)
                .map(|(member, (account, put))| (*account, alike.changed(member, &self.audience, put.clone())))
                .collect();
            let rows: Vec<_> = members.into_iter().map(|it| (it.account, it.element, it.stale)).collect();
            stored::intend(s, self.row.id, &rows)?;
            Ok(changes)
        })
    }
}

pub fn message_of(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Shut { message, .. }
        | Outcome::Retry { message, .. }
        | Outcome::Failed { message, .. }
        | Outcome::Unknown { message } => Some(message),
        Outcome::Later { .. } => Some(STILL_AT_IT),
        Outcome::Delivered { .. } | Outcome::Skipped { .. } => None,
    }
}
