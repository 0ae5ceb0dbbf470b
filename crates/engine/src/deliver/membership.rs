//! Accounts that join and leave audiences: what is said of each is written down before it is said, in the order in which it
//! was decided.
//!
//! The other side never tells who is in an audience. So an account's rows hold what stands there for it and what may stand
//! there still; the row's lock keeps two processes from speaking of one account at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::Definition;
use caravan_catalog::effects::MembershipEffect;
use caravan_connect::audiences::{Audience, Audiences, Membership};
use caravan_connect::{Connector, Outcome};
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, EffectId};
use caravan_store::audiences::{self as stored, AudienceRow, MemberRow, NOTHING, Taken};
use caravan_store::outbox::OutboxRow;
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

use super::about::About;
use super::alike::{Alike, elements_of};
use super::doors::Doors;
use super::parcel::{Content, Parcel};
use super::results::{Settled, Verdict};
use crate::audiences::audience_at;
use crate::live::Live;

/// How long a change waits for an earlier one of the same account that is under way.
const EARLIER_ONE: SignedDuration = SignedDuration::from_secs(5);
/// How long it waits for an earlier one that goes with this batch.
const NEXT_BATCH: SignedDuration = SignedDuration::from_secs(1);

/// Decides which changes of membership may be said now, and writes down what will be said. Everything else passes.
pub fn judge(
    s: &mut dyn Session,
    live: &Live,
    doors: &Doors,
    parcels: Vec<Parcel>,
    now: Timestamp,
    settled: &mut Vec<Settled>,
) -> Result<Vec<Parcel>, StoreError> {
    let (mut by_lane, mut pass): (BTreeMap<String, Vec<Parcel>>, Vec<Parcel>) = (BTreeMap::new(), Vec::new());
    for parcel in parcels {
        match &parcel.content {
            Content::Membership { .. } => by_lane.entry(parcel.row.lane.clone()).or_default().push(parcel),
            _ => pass.push(parcel),
        }
    }
    for (lane, parcels) in by_lane {
        pass.extend(judge_lane(s, live, doors, &lane, parcels, now, settled)?);
    }
    Ok(pass)
}

fn judge_lane(
    s: &mut dyn Session,
    live: &Live,
    doors: &Doors,
    lane: &str,
    mut parcels: Vec<Parcel>,
    now: Timestamp,
    settled: &mut Vec<Settled>,
) -> Result<Vec<Parcel>, StoreError> {
    let Some(first) = parcels.first() else { return Ok(parcels) };
    let door = match doors.door(live, &first.way()) {
        Ok(Some(door)) => door,
        Ok(None) => return Ok(parcels.into_iter().map(recorded).collect()),
        // Whoever hands them over finds the door shut too.
        Err(_) => return Ok(parcels),
    };
    let Content::Membership { effect, .. } = &first.content else { return Ok(parcels) };
    let effect = effect.clone();
    let place = match place_of(s, live, &door, &effect, now)? {
        Ok(place) => place,
        Err(verdict) => {
            settled.extend(parcels.into_iter().map(|parcel| parcel.settled(verdict.clone())));
            return Ok(Vec::new());
        }
    };
    parcels.sort_by_key(|parcel| parcel.row.id);
    let mut book = Book::open(s, lane, &place.row, &parcels)?;
    let mut pass = Vec::with_capacity(parcels.len());
    for mut parcel in parcels {
        match book.judge(&parcel.row, |known, member, effect| place.change(known, member, effect, now), now) {
            Ok(membership) => {
                parcel.about.audience = Some(place.row.id);
                parcel.content = with_change(parcel.content, membership);
                pass.push(parcel);
            }
            Err(verdict) => {
                let noted = matches!(verdict, Verdict::Skipped("not_in_audience"));
                parcel.about.audience = noted.then_some(place.row.id);
                settled.push(parcel.settled(verdict));
            }
        }
    }
    book.close(s)?;
    Ok(pass)
}

/// In a simulation nothing is written down: what would be said is that the account joins or leaves.
fn recorded(parcel: Parcel) -> Parcel {
    let Content::Membership { effect, .. } = &parcel.content else { return parcel };
    let audience = Audience { settings: NOTHING.to_owned(), name: effect.audience.clone(), ..Audience::default() };
    let put = effect.joins.then(|| Json::Object(effect.account.clone()));
    let content = with_change(parcel.content.clone(), Membership::new(audience, Vec::new(), put));
    Parcel { content, ..parcel }
}

fn with_change(content: Content, change: Membership) -> Content {
    match content {
        Content::Membership { effect, .. } => Content::Membership { effect, change: Some(Box::new(change)) },
        other => other,
    }
}

/// Where changes take place.
struct Place {
    row: AudienceRow,
    audience: Audience,
    settings: Json,
    door: Arc<dyn Connector>,
}

fn place_of(
    s: &mut dyn Session,
    live: &Live,
    door: &Arc<dyn Connector>,
    effect: &MembershipEffect,
    now: Timestamp,
) -> Result<Result<Place, Verdict>, StoreError> {
    let Some(destination) = live.definitions.get(DocumentKind::Destination, &effect.destination) else {
        let message = format!("There is no destination `{}` any more.", effect.destination);
        return Ok(Err(Verdict::failed("no_destination", message)));
    };
    let row = stored::ensure(s, destination.id, &effect.audience, None, now)?;
    if row.flow.is_some() {
        let message = format!("The audience `{}` is kept by a data flow. Name another one.", effect.audience);
        return Ok(Err(Verdict::failed("audience_of_data_flow", message)));
    }
    if door.audiences().is_none() {
        let message = format!("The connection `{}` takes no accounts.", effect.connection);
        return Ok(Err(Verdict::failed("wrong_destination_type", message)));
    }
    let audience = audience_at(s, destination, &row)?;
    Ok(Ok(Place { row, audience, settings: settings_of(destination), door: Arc::clone(door) }))
}

/// The settings of a destination, an object.
pub fn settings_of(destination: &Definition) -> Json {
    destination.body.get("settings").cloned().unwrap_or_else(|| Json::Object(Map::new()))
}

impl Place {
    /// What is said of an account, unless that has to wait: what is being taken out for another one is not put in meanwhile.
    fn change(
        &self,
        known: &mut Known,
        member: &mut MemberRow,
        effect: &MembershipEffect,
        now: Timestamp,
    ) -> Result<Membership, Verdict> {
        let refuses = |outcome: Outcome| match outcome {
            Outcome::Skipped { reason } => Verdict::Skipped(reason),
            Outcome::Failed { code, message } => Verdict::Failed { code, message },
            other => Verdict::failed("no_element", format!("{other:?}")),
        };
        let put = match (effect.joins, self.door.audiences()) {
            (true, Some(audiences)) => Some(audiences.element(&self.settings, &effect.account).map_err(refuses)?),
            _ => None,
        };
        if put.is_none() && member.element.is_none() && member.stale == NOTHING {
            return Err(Verdict::Skipped("not_in_audience"));
        }
        if put.as_ref().is_some_and(|put| known.leaving.contains(&put.to_string())) {
            return Err(Verdict::Later(now + EARLIER_ONE));
        }
        Ok(known.alike.changed(member, &self.audience, put))
    }
}

/// What is known of the accounts of one batch in one audience, while their rows are locked.
struct Book {
    audience: i64,
    members: HashMap<AccountId, MemberRow>,
    /// Effects of the same accounts in the lane that are not of this batch, and whether they are under way.
    others: HashMap<AccountId, Vec<(EffectId, bool)>>,
    changed: HashSet<AccountId>,
    known: Known,
}

/// What is known of other accounts of the audience.
struct Known {
    alike: Alike,
    /// What is being taken out for accounts that are not of this batch.
    leaving: HashSet<String>,
}

impl Book {
    fn open(s: &mut dyn Session, lane: &str, audience: &AudienceRow, parcels: &[Parcel]) -> Result<Self, StoreError> {
        let mut accounts: Vec<i64> = parcels.iter().filter_map(|parcel| parcel.row.account).map(|id| id.0).collect();
        accounts.sort_unstable();
        accounts.dedup();
        stored::lock(s, audience.id)?;
        let members = stored::lock_members(s, audience.id, &accounts)?;
        // Read behind the locks: whoever had them before has said what it claimed.
        let own: HashSet<EffectId> = parcels.iter().map(|parcel| parcel.row.id).collect();
        let mut others: HashMap<AccountId, Vec<(EffectId, bool)>> = HashMap::new();
        for (effect, account, claimed) in stored::queued(s, lane, &accounts)? {
            if !own.contains(&effect) {
                others.entry(account).or_default().push((effect, claimed));
            }
        }
        let leaving = stored::leaving(s, audience.id, lane, &accounts)?;
        let known = Known {
            alike: Alike::read(s, audience.id, &members)?,
            leaving: leaving.iter().flat_map(|stale| elements_of(stale)).collect(),
        };
        let members = members.into_iter().map(|member| (member.account, member)).collect();
        Ok(Self { audience: audience.id, members, others, changed: HashSet::new(), known })
    }

    fn judge(
        &mut self,
        row: &OutboxRow,
        change: impl Fn(&mut Known, &mut MemberRow, &MembershipEffect) -> Result<Membership, Verdict>,
        now: Timestamp,
    ) -> Result<Membership, Verdict> {
        let account = row.account.ok_or_else(|| Verdict::failed("no_account", "The effect is about no account."))?;
        let member =
            self.members.get_mut(&account).ok_or_else(|| Verdict::failed("no_account", "The account has no row."))?;
        if row.id <= member.last_effect {
            return Err(Verdict::Skipped("superseded"));
        }
        let others = self.others.get(&account).map(Vec::as_slice).unwrap_or_default();
        if others.iter().any(|(_, under_way)| *under_way) {
            return Err(Verdict::Later(now + EARLIER_ONE));
        }
        if self.changed.contains(&account) {
            return Err(Verdict::Later(now + NEXT_BATCH));
        }
        let effect: MembershipEffect = serde_json::from_str(&row.body).map_err(|error| {
            Verdict::failed("effect_unreadable", format!("The queued effect cannot be read: {error}."))
        })?;
        let membership = change(&mut self.known, member, &effect)?;
        self.changed.insert(account);
        Ok(membership)
    }

    fn close(mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        let mut rows: Vec<(AccountId, Option<String>, String)> = self
            .changed
            .iter()
            .filter_map(|account| self.members.remove(account))
            .map(|member| (member.account, member.element, member.stale))
            .collect();
        rows.sort();
        stored::intend(s, self.audience, &rows)
    }
}

/// How changes of membership were taken, added up before it is written.
#[derive(Default)]
pub struct Memberships {
    taken: Vec<Taken>,
    /// By audience, its id at the other side.
    remote: BTreeMap<i64, String>,
    /// By audience, why it is not reached.
    problems: BTreeMap<i64, String>,
}

impl Memberships {
    /// A change that is settled for good.
    pub fn note(&mut self, row: &OutboxRow, about: &About, verdict: &Verdict) {
        let (Some(audience), Some(account)) = (about.audience, row.account) else { return };
        let (effect, refused) = match verdict {
            Verdict::Done { remote_id } => {
                self.remote.extend(remote_id.clone().map(|id| (audience, id)));
                (row.id, None)
            }
            Verdict::Skipped(_) => (row.id, None),
            // It may be sent again by hand, and is then not too late.
            Verdict::Failed { message, .. } => (EffectId(0), Some(message.clone())),
            _ => return,
        };
        self.taken.push(Taken { audience, account, effect, refused });
    }

    /// A change that has to wait because the audience is not reached.
    pub fn trouble(&mut self, about: &About, verdict: &Verdict) {
        if let (Some(audience), Verdict::Shut { message, .. }) = (about.audience, verdict) {
            self.problems.insert(audience, message.clone());
        }
    }

    pub fn write(&self, s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
        // Audiences before their members, as whoever decides locks them.
        for (audience, problem) in &self.problems {
            stored::set_problem(s, *audience, Some(problem))?;
        }
        for (audience, remote_id) in &self.remote {
            stored::set_remote_id(s, *audience, remote_id)?;
        }
        stored::taken(s, &self.taken, now)
    }
}

/// The audiences of a door, or that it has none.
pub fn audiences_of<'a>(door: &'a dyn Connector, connection: &str) -> Result<&'a dyn Audiences, String> {
    door.audiences().ok_or_else(|| format!("The connection `{connection}` takes no accounts."))
}
