//! How fast messages may leave: buckets that fill at a rate, held in the database so that any number of processes look
//! like one to the other side.

use caravan_model::clock::{from_micros, to_micros};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// A bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Whose.
    pub name: String,
    /// How fast it fills.
    pub per_second: f64,
    /// What is in it.
    pub tokens: f64,
    /// As of this instant.
    pub filled_at: Timestamp,
    /// How often the other side asked for less since it last took something.
    pub refusals: i64,
    /// Nothing is sent before this instant.
    pub rests_until: Timestamp,
}

impl Pace {
    /// A full bucket: one second's worth, at least one message.
    pub fn full(name: &str, per_second: f64, now: Timestamp) -> Self {
        let tokens = per_second.max(1.0);
        Self { name: name.to_owned(), per_second, tokens, filled_at: now, refusals: 0, rests_until: now }
    }

    /// What has run in since is in it.
    pub fn fill(&mut self, now: Timestamp) {
        let seconds = now.duration_since(self.filled_at).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + seconds * self.per_second).min(self.per_second.max(1.0));
        self.filled_at = self.filled_at.max(now);
    }

    /// Takes up to `wanted` messages out; returns how many it had.
    pub fn take(&mut self, wanted: usize) -> usize {
        let had = self.tokens.max(0.0).floor() as usize;
        let taken = had.min(wanted);
        self.tokens -= taken as f64;
        taken
    }

    /// When the next message may go.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let missing = (1.0 - self.tokens).max(0.0) / self.per_second.max(0.001);
        let filled = now.checked_add(jiff::SignedDuration::from_secs_f64(missing)).unwrap_or(now);
        filled.max(self.rests_until)
    }
}

fn read(r: &dyn Row) -> Result<Pace, StoreError> {
    Ok(Pace {
        name: r.string(0),
        per_second: r.float(1),
        tokens: r.float(2),
        filled_at: from_micros(r.int(3)),
        refusals: r.int(4),
        rests_until: from_micros(r.int(5)),
    })
}

/// The buckets of these names that there are, locked until the transaction ends.
pub fn locked(s: &mut dyn Session, names: &[String]) -> Result<Vec<Pace>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT name, per_second, tokens, filled_at, refusals, rests_until FROM pace WHERE name {in:1}
         ORDER BY name {for_update}";
    s.query_map(sql, params![names], read)
}

/// The bucket of that name, locked; a full one where there is none yet.
pub fn locked_or_full(s: &mut dyn Session, name: &str, per_second: f64, now: Timestamp) -> Result<Pace, StoreError> {
    put(s, &Pace::full(name, per_second, now), "DO NOTHING")?;
    let found = locked(s, &[name.to_owned()])?.pop();
    Ok(found.unwrap_or_else(|| Pace::full(name, per_second, now)))
}

/// Writes buckets that the caller holds.
pub fn save(s: &mut dyn Session, paces: &[Pace]) -> Result<(), StoreError> {
    let all = "DO UPDATE SET per_second = excluded.per_second, tokens = excluded.tokens, \
         filled_at = excluded.filled_at, refusals = excluded.refusals, rests_until = excluded.rests_until";
    paces.iter().try_for_each(|pace| put(s, pace, all))
}

fn put(s: &mut dyn Session, pace: &Pace, on_conflict: &str) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO pace (name, per_second, tokens, filled_at, refusals, rests_until) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) {on_conflict}"
    );
    let (filled_at, rests_until) = (to_micros(pace.filled_at), to_micros(pace.rests_until));
    s.execute(&sql, params![&pace.name, pace.per_second, pace.tokens, filled_at, pace.refusals, rests_until])?;
    Ok(())
}

/// Takes buckets away: these go at any pace again.
pub fn forget(s: &mut dyn Session, names: &[String]) -> Result<(), StoreError> {
    if !names.is_empty() {
        s.execute("DELETE FROM pace WHERE name {in:1}", params![names])?;
    }
    Ok(())
}
