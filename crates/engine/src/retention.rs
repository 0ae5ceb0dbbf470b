//! Keeping activities for as long as the settings say, by type; what refuses repeats, what waits for somebody unknown and what
//! webhooks were told for thirty days. Once a day, in small pieces, each in a transaction of its own.

use std::collections::BTreeMap;

use caravan_catalog::Definitions;
use caravan_model::document::{DocumentKind, Retention};
use caravan_model::duration::Duration;
use caravan_store::retention::{self as stored, Kept, Size, Types};
use caravan_store::{Session, StoreError, chores, dmarc, import_rejects, machine_events, visitors};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::live::Live;

/// Under which the job is kept.
pub const CHORE: &str = "retention";

/// Rows that one transaction looks at or deletes.
const PIECE: usize = 2_000;
/// How long whoever does it has it alone; afterwards it counts as dead.
const CLAIM: SignedDuration = SignedDuration::from_mins(30);
/// How long a visitor of a web site is recognised who follows no link any more.
const VISITORS: Duration = Duration::days(200);
/// How long the rejects of imports by schedule are kept; the first of them stay with their run.
const REJECTS: Duration = Duration::days(90);
/// How long opens and clicks of machines can be looked at.
const MACHINES: Duration = Duration::days(30);
/// How often it is done.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What the job remembers: how far each rule has got, and what the last run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// By the rule's name, the activity behind which it goes on.
    #[serde(default)]
    cursors: BTreeMap<String, i64>,
    #[serde(default)]
    last: Option<Run>,
}

/// What a run deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetentionRun")]
pub struct Run {
    /// When it ended.
    pub ended_at: Timestamp,
    /// Activities.
    pub activities: u64,
    /// Ids that refused repeats.
    pub seen: u64,
    /// Activities whose person or account never came.
    pub parked: u64,
    /// Settled messages of webhooks.
    #[serde(default)]
    pub messages: u64,
}

/// One rule over activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name: a type, or `*` for every other.
    pub name: String,
    /// How long they are kept.
    pub keep: Duration,
    types: Vec<String>,
}

/// The settings' rules; without a setting activities are kept for ever.
pub fn rules(definitions: &Definitions) -> (Retention, Vec<Rule>) {
    let settings = definitions.of_kind(DocumentKind::Settings).next();
    let setting = settings.and_then(|it| it.body.get("retention").cloned());
    let retention: Retention = setting.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
    let mut rules: Vec<Rule> = retention
        .by_type
        .iter()
        .map(|(kind, keep)| Rule { name: kind.clone(), keep: *keep, types: vec![kind.clone()] })
        .collect();
    let named: Vec<String> = retention.by_type.keys().cloned().collect();
    rules.extend(retention.activities.map(|keep| Rule { name: "*".to_owned(), keep, types: named }));
    (retention, rules)
}

impl Rule {
    fn types(&self) -> Types<'_> {
        if self.name == "*" { Types::But(&self.types) } else { Types::Of(&self.types) }
    }
}

/// Does the job if it is due; whether anything was done.
///
/// # Errors
/// The store's.
pub fn tick(engine: &Engine) -> Result<bool, StoreError> {
    let due = engine.store().read(|s| {
        let now = s.now()?;
        Ok::<_, StoreError>(chores::get(s, CHORE)?.is_none_or(|chore| chore.due_at <= now))
    })?;
    if !due {
        return Ok(false);
    }
    let claimed = engine.store().write(|s| {
        let now = s.now()?;
        chores::claim(s, CHORE, now, now + CLAIM)
    })?;
    let Some(chore) = claimed else { return Ok(false) };
    let memory = chore.memory.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let (memory, done) = run(engine, memory)?;
    engine.store().write(|s| {
        let now = s.now()?;
        let text = serde_json::to_string(&memory).unwrap_or_default();
        // What a process that ends left is done by the next.
        chores::put(s, CHORE, if done { now + EVERY } else { now }, &text)
    })?;
    Ok(true)
}

fn run(engine: &Engine, mut memory: Memory) -> Result<(Memory, bool), StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let (retention, rules) = rules(&live.definitions);
    memory.cursors.retain(|name, _| rules.iter().any(|rule| rule.name == *name));
    let (mut run, mut done) = (Run::default(), true);
    for rule in &rules {
        let cursor = memory.cursors.entry(rule.name.clone()).or_default();
        let (deleted, ended) = sweep(engine, &live, rule, cursor)?;
        run.activities += deleted;
        done &= ended;
    }
    let (seen, ended) = forget(engine, &live, retention.repeats(), stored::forget_seen)?;
    done &= ended;
    let (parked, ended) = forget(engine, &live, retention.unknown(), stored::forget_parked)?;
    done &= ended;
    let (messages, ended) = forget(engine, &live, retention.messages(), stored::forget_messages)?;
    done &= ended;
    let (_, ended) = forget(engine, &live, VISITORS, visitors::forget)?;
    done &= ended;
    let (_, ended) = forget(engine, &live, REJECTS, import_rejects::forget)?;
    done &= ended;
    let (_, ended) = forget(engine, &live, MACHINES, machine_events::forget)?;
    done &= ended;
    let old = retention.mail_reports();
    let (_, ended) = forget(engine, &live, old, dmarc::forget_rows)?;
    done &= ended;
    let (_, ended) = forget(engine, &live, old, dmarc::forget_reports)?;
    done &= ended;
    memory.last = Some(Run { ended_at: engine.clock().now(), seen, parked, messages, ..run });
    Ok((memory, done))
}

/// Deletes what a rule no longer keeps, piece by piece; false when the process ends before it is done.
fn sweep(engine: &Engine, live: &Live, rule: &Rule, cursor: &mut i64) -> Result<(u64, bool), StoreError> {
    let mut deleted = 0;
    while !engine.stopping() {
        let from = *cursor;
        let swept = engine.store().write(|s| {
            let before = rule.keep.before(s.now()?, live.zone());
            stored::sweep_activities(s, rule.types(), before, from, PIECE)
        })?;
        deleted += swept.deleted;
        *cursor = swept.cursor;
        if !swept.more {
            return Ok((deleted, true));
        }
    }
    Ok((deleted, false))
}

/// Forgets what is older, up to so many rows at once.
type Forget = fn(&mut dyn Session, Timestamp, usize) -> Result<u64, StoreError>;

fn forget(engine: &Engine, live: &Live, keep: Duration, piece: Forget) -> Result<(u64, bool), StoreError> {
    let mut deleted = 0;
    while !engine.stopping() {
        let now = engine.store().write(|s| {
            let before = keep.before(s.now()?, live.zone());
            piece(s, before, PIECE)
        })?;
        deleted += now;
        if now < PIECE as u64 {
            return Ok((deleted, true));
        }
    }
    Ok((deleted, false))
}

/// What is kept for a time, how much of it there is, and what the last run deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The rules over activities; without one they are kept for ever.
    pub rules: Vec<Rule>,
    /// The settings.
    pub retention: Retention,
    /// Each table with its size.
    pub sizes: Vec<(Kept, Size)>,
    /// What the last run did; none: there was none yet.
    pub last: Option<Run>,
    /// When the next run is due; none: as soon as a server runs.
    pub next_at: Option<Timestamp>,
}

/// Tells how things stand.
///
/// # Errors
/// The store's.
pub fn report(engine: &Engine) -> Result<Report, StoreError> {
    engine.store().read(|s| {
        let (retention, rules) = rules(&engine.live(s)?.definitions);
        let mut sizes = Vec::new();
        for table in Kept::ALL {
            sizes.push((table, stored::size(s, table)?));
        }
        let chore = chores::get(s, CHORE)?;
        let next_at = chore.as_ref().map(|chore| chore.due_at);
        let memory: Memory =
            chore.and_then(|it| it.memory).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Report { rules, retention, sizes, last: memory.last, next_at })
    })
}
