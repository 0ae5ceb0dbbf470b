//! Once an hour the way out of messages is tried from outside, at every address that their links begin with. A button that
//! nobody hears makes people call the next message spam; it shows under *Problems*, and administrators are told once.
//!
//! A single failure tells nothing, a proxy may have been restarted: the address is tried again a little later, and told of when
//! it fails then as well.

use caravan_catalog::Definitions;
use caravan_connect::Surroundings;
use caravan_connect::way_out::{self, Tried};
use caravan_model::document::{ADMINISTRATOR, AccessRole, DocumentKind};
use caravan_model::permission::Permission;
use caravan_store::{Session, StoreError, access, chores, notifications};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Delivery, links};
use crate::Engine;

/// Name of the chore, and what notices of it are about.
pub const WAY_OUT: &str = "way_out";
/// How often it is tried.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How soon again what has just failed for the first time.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// As often in a row it has failed when it is told of.
const TOLD_FROM: u32 = 2;
/// Users looked through for those who are told.
const MOST_USERS: usize = 1_000;

/// An address at which the way out is not answered as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOutTrouble {
    /// What links begin with there.
    pub address: String,
    /// Stable code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// When it failed first.
    pub since: Timestamp,
    /// How often it has failed since.
    times: u32,
}

impl WayOutTrouble {
    fn is_told(&self) -> bool {
        self.times >= TOLD_FROM
    }
}

/// What administrators are told when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WayOutNews {
    /// What links begin with there.
    pub address: String,
    /// Whether it is answered again.
    pub answers: bool,
    /// What is wrong; empty where it is answered again.
    pub message: String,
}

/// What is remembered until the next time.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// For whoever looks at background work.
    last: Option<Last>,
    #[serde(default)]
    troubles: Vec<WayOutTrouble>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Last {
    ended_at: Timestamp,
    addresses: usize,
    answered: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_tried: Option<String>,
}

/// Where the way out was not answered when it was last tried.
///
/// # Errors
/// The store's.
pub fn way_out_troubles(s: &mut dyn Session) -> Result<Vec<WayOutTrouble>, StoreError> {
    let memory = memory(chores::get(s, WAY_OUT)?);
    Ok(memory.troubles.into_iter().filter(WayOutTrouble::is_told).collect())
}

fn memory(row: Option<chores::ChoreRow>) -> Memory {
    row.and_then(|row| serde_json::from_str(&row.memory?).ok()).unwrap_or_default()
}

/// Tries the way out where that is due. False: it is not.
///
/// # Errors
/// The store's.
pub fn try_way_out(engine: &Engine, delivery: &Delivery, surroundings: &Surroundings) -> Result<bool, StoreError> {
    let store = engine.store();
    let due = store.read(|s| {
        let now = s.now()?;
        Ok::<_, StoreError>(chores::get(s, WAY_OUT)?.is_none_or(|row| row.due_at <= now))
    })?;
    if !due {
        return Ok(false);
    }
    let claimed = store.write(|s| {
        let now = s.now()?;
        let Some(row) = chores::claim(s, WAY_OUT, now, now + EVERY)? else { return Ok(None) };
        let live = engine.live(s)?;
        let bases = links::bases_in_use(s, &live.definitions, &delivery.public_url)?;
        Ok::<_, StoreError>(Some((memory(Some(row)), bases, now)))
    })?;
    let Some((before, bases, now)) = claimed else { return Ok(false) };
    let round = match delivery.reached {
        true => Round::try_all(bases, delivery, surroundings, now),
        false => Round::not_tried("no public address is set (`--public-url`)"),
    };
    let (after, news) = round.compared(before, now);
    let next = if after.troubles.iter().all(WayOutTrouble::is_told) { EVERY } else { AGAIN };
    let written = serde_json::to_string(&after).unwrap_or_default();
    store.write(|s| {
        let live = engine.live(s)?;
        chores::put(s, WAY_OUT, now + next, &written)?;
        tell(s, &live.definitions, &news, now)
    })?;
    Ok(true)
}

/// How every address was found.
struct Round {
    found: Vec<(String, Tried)>,
    /// Why nothing was tried, or not all.
    not_tried: Option<String>,
}

impl Round {
    fn not_tried(why: &str) -> Self {
        Self { found: Vec::new(), not_tried: Some(why.to_owned()) }
    }

    fn try_all(bases: Vec<String>, delivery: &Delivery, surroundings: &Surroundings, now: Timestamp) -> Self {
        let Surroundings { runtime, outbound, .. } = surroundings;
        let found = runtime.block_on(way_out::try_all(outbound, &delivery.signing, bases, now));
        let not_tried = found.iter().find_map(|(_, tried)| match tried {
            Tried::NotAllowed(why) => Some(why.clone()),
            _ => None,
        });
        Self { found, not_tried }
    }

    /// What is to be remembered, and what is new of it.
    fn compared(self, before: Memory, now: Timestamp) -> (Memory, Vec<WayOutNews>) {
        let mut news = Vec::new();
        let mut troubles = Vec::new();
        let answered = self.found.iter().filter(|(_, tried)| *tried == Tried::Answered).count();
        let last = Last { ended_at: now, addresses: self.found.len(), answered, not_tried: self.not_tried };
        for (address, tried) in self.found {
            let known = before.troubles.iter().find(|trouble| trouble.address == address);
            let was_told = known.is_some_and(WayOutTrouble::is_told);
            match tried {
                Tried::Answered if was_told => {
                    news.push(WayOutNews { address, answers: true, message: String::new() });
                }
                Tried::Answered => {}
                // Nobody knows any more than before.
                Tried::NotAllowed(_) => troubles.extend(known.cloned()),
                Tried::Failed { code, message } => {
                    let since = known.map_or(now, |known| known.since);
                    let times = known.map_or(0, |known| known.times).saturating_add(1);
                    let trouble = WayOutTrouble { address, code: code.to_owned(), message, since, times };
                    if trouble.is_told() && !was_told {
                        let (address, message) = (trouble.address.clone(), trouble.message.clone());
                        news.push(WayOutNews { address, answers: false, message });
                    }
                    troubles.push(trouble);
                }
            }
        }
        (Memory { last: Some(last), troubles }, news)
    }
}

/// Tells those who look after the installation.
fn tell(s: &mut dyn Session, definitions: &Definitions, news: &[WayOutNews], now: Timestamp) -> Result<(), StoreError> {
    if news.is_empty() {
        return Ok(());
    }
    let looks_after = |role: &str| {
        let own = definitions.get(DocumentKind::AccessRole, role).and_then(|role| role.read::<AccessRole>());
        role == ADMINISTRATOR || own.is_some_and(|own| own.permissions.contains(&Permission::WriteSettings))
    };
    let users = access::users(s, "", MOST_USERS)?.into_iter().filter(|user| !user.disabled && looks_after(&user.role));
    for user in users {
        for item in news {
            let detail = serde_json::to_string(item).unwrap_or_default();
            notifications::tell(s, &user.email, WAY_OUT, &detail, now)?;
        }
    }
    Ok(())
}
