//! Work that has a calendar, as people look at it: what there is, when it is due, what it did last, and doing it at once.

use caravan_model::document::DocumentKind;
use caravan_store::chores::{self as stored, NamedChore};
use caravan_store::{StoreError, group_jobs, schedules};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::live::Live;
use crate::{deliver, members, retention};

/// What every installation does by itself: name, title, and what it is for.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        group_jobs::DAILY,
        "Buying groups and scores",
        "Creates and maintains buying groups again, then scores everybody. Once a day, at three in the night.",
    ),
    (
        members::REPAIR,
        "Lists with a condition",
        "Evaluates every live list and audience again for everybody. Once a day.",
    ),
    (
        retention::CHORE,
        "Retention",
        "Deletes activities that are older than the settings keep them, and ids that refuse repeats. Once a day.",
    ),
    (
        deliver::WAY_OUT,
        "Way out of messages",
        "Tries from outside whether the Unsubscribe button of mail programs is answered, at the public address and the hosts of links. Once an hour.",
    ),
    (schedules::JOB, "Files that arrive", "Looks whether a connection has new files to import."),
];

/// What some installations do by themselves beside that, once there is something to do it for.
const ALSO: &[(&str, &str, &str)] = &[
    ("data_flow", "Data flows", "Keeps the accounts of a destination in step with their buying groups."),
    ("audiences", "Audiences of destinations", "Asks destinations how their audiences stand there."),
    ("external_audience", "External audiences", "Hands over who joined and who left an audience in another system."),
    ("consents", "Consents of connections", "Looks how long the consents hold by which connections work. Once a day."),
    (
        "orphans",
        "Trips of deleted travellers",
        "Ends trips whose account or person was deleted from the database by hand.",
    ),
];

/// One job, or one part of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "BackgroundJob")]
pub struct Chore {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// Of work that is done for one definition each: its key.
    pub part: Option<String>,
    /// When it is due; none: as soon as a server runs.
    pub due_at: Option<Timestamp>,
    /// What it remembers of its last run, where it does.
    pub last: Option<Value>,
    /// Why it could not be done last time.
    pub problem: Option<String>,
}

/// What waits for a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "WorkQueues")]
pub struct Queues {
    /// Activities and commands that steps must take in.
    pub inbox: i64,
    /// Travellers whose time has come.
    pub travellers_due: i64,
    /// Messages and calls that have not left.
    pub outbox: i64,
}

/// Every job with a calendar.
///
/// # Errors
/// The store's.
pub fn list(engine: &Engine) -> Result<Vec<Chore>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let planned = stored::all(s)?;
        let mut all = Vec::new();
        for (name, title, about) in KNOWN {
            let before = all.len();
            let parts = planned.iter().filter(|it| it.name == *name);
            all.extend(parts.map(|it| shown(&live, it, title, about)));
            if all.len() == before && *name != schedules::JOB {
                all.push(Chore { title: (*title).to_owned(), ..unplanned(name, about) });
            }
        }
        let unknown = |it: &&NamedChore| KNOWN.iter().all(|(name, ..)| *name != it.name);
        all.extend(planned.iter().filter(unknown).map(|it| {
            let what = it.name.split('/').next();
            let words = ALSO.iter().find(|(name, ..)| what == Some(name));
            let unnamed = it.name.replace('_', " ");
            let (title, about) = words.map_or((unnamed.as_str(), ""), |(_, title, about)| (title, about));
            shown(&live, it, title, about)
        }));
        Ok(all)
    })
}

fn unplanned(name: &str, about: &str) -> Chore {
    let (name, title, about) = (name.to_owned(), String::new(), about.to_owned());
    Chore { name, title, about, part: None, due_at: None, last: None, problem: None }
}

fn shown(live: &Live, chore: &NamedChore, title: &str, about: &str) -> Chore {
    let memory: Option<Value> = chore.memory.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let part = part_of(chore).and_then(|(kind, id)| live.definitions.of_kind(kind).find(|it| it.id.0 == id));
    Chore {
        title: title.to_owned(),
        part: part.map(|it| it.key.clone()),
        due_at: Some(chore.due_at),
        last: memory.and_then(|it| it.get("last").cloned()).filter(|it| !it.is_null()),
        problem: chore.memory.clone().filter(|_| chore.name == schedules::JOB),
        ..unplanned(&chore.name, about)
    }
}

/// Which definition a job is done for, by kind and id.
fn part_of(chore: &NamedChore) -> Option<(DocumentKind, i64)> {
    if chore.name == schedules::JOB {
        return Some((DocumentKind::Connection, chore.slice));
    }
    let flow = chore.name.strip_prefix("data_flow/")?.parse().ok()?;
    Some((DocumentKind::DataFlow, flow))
}

/// What waits for a worker now.
///
/// # Errors
/// The store's.
pub fn queues(engine: &Engine) -> Result<Queues, StoreError> {
    engine.store().read(|s| {
        let now = s.now()?;
        let (inbox, travellers_due) = stored::waiting(s, now)?;
        Ok(Queues { inbox, travellers_due, outbox: caravan_store::outbox::waiting(s)? })
    })
}

/// Has a job done at once, in all its parts. Returns how many parts there are; none: there is no such job.
///
/// # Errors
/// The store's.
pub fn hasten(engine: &Engine, name: &str) -> Result<u64, StoreError> {
    let parts = engine.store().write(|s| {
        let now = s.now()?;
        if KNOWN.iter().any(|(known, ..)| *known == name) && name != schedules::JOB {
            stored::plan(s, name, now)?;
        }
        stored::hasten(s, name, now)
    })?;
    engine.poke();
    Ok(parts)
}
