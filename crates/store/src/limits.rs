//! What limits messages as they leave: communication caps and the address locks of deduplication.
//!
//! Both are reserved in the transaction that judges, by row locks on their keys, so that any number of dispatchers
//! together never exceed a limit. An effect that asks again gets what it holds. What did not leave gives back.

use std::collections::{HashMap, HashSet};

use caravan_model::clock::to_micros;
use caravan_model::{AccountId, EffectId, EnrollmentId, PersonId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Windows that have ended and are swept away at once.
const SWEPT: i64 = 200;

/// An effect asks to be counted under a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapAsk {
    /// The cap, whom it protects and the window, in one text.
    pub key: String,
    /// What is counted: the same unit counts once.
    pub unit: String,
    /// The most units.
    pub at_most: i64,
    /// When the window ends.
    pub ends_at: Timestamp,
}

/// One effect and all caps that it falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapClaim {
    /// Who asks.
    pub effect: EffectId,
    /// Under all of these; it is counted under all or none.
    pub asks: Vec<CapAsk>,
    /// Only looks: nothing is counted even if there is room (the message waits for another reason).
    pub look_only: bool,
}

/// The accounts to which these people belong. Index: `account_person_person`.
pub fn accounts_of(s: &mut dyn Session, people: &[i64]) -> Result<Vec<(AccountId, PersonId)>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT account_id, person_id FROM account_person WHERE person_id {in:1} ORDER BY person_id, account_id";
    s.query_map(sql, params![people], |r| Ok((AccountId(r.int(0)), PersonId(r.int(1)))))
}

/// Counts effects under their caps in the given order. Returns those for which there is no room.
pub fn reserve_caps(s: &mut dyn Session, claims: &[CapClaim], now: Timestamp) -> Result<HashSet<EffectId>, StoreError> {
    let asks = || claims.iter().flat_map(|claim| &claim.asks);
    if asks().next().is_none() {
        return Ok(HashSet::new());
    }
    sweep(s, now)?;
    let ends: HashMap<&str, Timestamp> = asks().map(|ask| (ask.key.as_str(), ask.ends_at)).collect();
    let mut keys: Vec<&str> = ends.keys().copied().collect();
    keys.sort_unstable();
    let ends_at: Vec<i64> = keys.iter().map(|key| ends.get(key).copied().map_or(0, to_micros)).collect();
    s.bulk(
        &Bulk::insert("cap_window")
            .column("key", &keys)
            .column("ends_at", &ends_at)
            .same("used", 0)
            .on_conflict("(key) DO NOTHING"),
    )?;
    let sql = "SELECT key, used FROM cap_window WHERE key {in:1} ORDER BY key {for_update}";
    let mut used: HashMap<String, i64> =
        s.query_map(sql, params![&keys], |r| Ok((r.string(0), r.int(1))))?.into_iter().collect();
    let before = used.clone();
    let units: Vec<&str> = asks().map(|ask| ask.unit.as_str()).collect::<HashSet<_>>().into_iter().collect();
    let sql = "SELECT key, unit, effect_id FROM cap_use WHERE key {in:1} AND unit {in:2}";
    let held = s.query_map(sql, params![&keys, &units], |r| Ok((r.string(0), r.string(1), r.int(2))))?;
    let mut counted: HashSet<(String, String)> =
        held.iter().map(|(key, unit, _)| (key.clone(), unit.clone())).collect();
    let held: HashSet<(String, String, i64)> = held.into_iter().collect();

    let mut refused = HashSet::new();
    let mut fresh: Vec<(&str, &str, i64)> = Vec::new();
    for claim in claims {
        let has =
            |counted: &HashSet<(String, String)>, ask: &CapAsk| counted.contains(&(ask.key.clone(), ask.unit.clone()));
        let room = claim
            .asks
            .iter()
            .all(|ask| has(&counted, ask) || used.get(&ask.key).copied().unwrap_or_default() < ask.at_most);
        if !room {
            refused.insert(claim.effect);
            continue;
        }
        for ask in claim.asks.iter().filter(|_| !claim.look_only) {
            if counted.insert((ask.key.clone(), ask.unit.clone())) {
                *used.entry(ask.key.clone()).or_default() += 1;
            }
            if !held.contains(&(ask.key.clone(), ask.unit.clone(), claim.effect.0)) {
                fresh.push((&ask.key, &ask.unit, claim.effect.0));
            }
        }
    }
    fresh.sort_unstable();
    fresh.dedup();
    insert_uses(s, &fresh)?;
    let mut changed: Vec<(&str, i64)> =
        used.iter().filter(|(key, n)| before.get(*key) != Some(n)).map(|(key, n)| (key.as_str(), *n)).collect();
    changed.sort_unstable();
    set_used(s, &changed)?;
    Ok(refused)
}

/// Counts one more in a window, unless as many are counted there already. Whether there was room.
pub fn count_one(
    s: &mut dyn Session,
    key: &str,
    at_most: i64,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sweep(s, now)?;
    let sql = "INSERT INTO cap_window (key, used, ends_at) VALUES ($1, 0, $2) ON CONFLICT (key) DO NOTHING";
    s.execute(sql, params![key, ends_at])?;
    let sql = "UPDATE cap_window SET used = used + 1 WHERE key = $1 AND used < $2";
    Ok(s.execute(sql, params![key, at_most])? == 1)
}

fn insert_uses(s: &mut dyn Session, fresh: &[(&str, &str, i64)]) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let key: Vec<&str> = fresh.iter().map(|(key, _, _)| *key).collect();
    let unit: Vec<&str> = fresh.iter().map(|(_, unit, _)| *unit).collect();
    let effect: Vec<i64> = fresh.iter().map(|(_, _, effect)| *effect).collect();
    s.bulk(&Bulk::insert("cap_use").column("key", &key).column("unit", &unit).column("effect_id", &effect))?;
    Ok(())
}

fn set_used(s: &mut dyn Session, changed: &[(&str, i64)]) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let key: Vec<&str> = changed.iter().map(|(key, _)| *key).collect();
    let used: Vec<i64> = changed.iter().map(|(_, used)| *used).collect();
    s.bulk(
        &Bulk::update("cap_window")
            .column("key", &key)
            .column("used", &used)
            .set("used = {used}")
            .matching("key = {key}"),
    )?;
    Ok(())
}

/// Windows that have ended count nothing any more.
fn sweep(s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT key FROM cap_window WHERE ends_at <= $1 ORDER BY ends_at, key LIMIT $2 {skip_locked}";
    let ended = s.query_map(sql, params![now, SWEPT], |r| Ok(r.string(0)))?;
    if !ended.is_empty() {
        s.execute("DELETE FROM cap_use WHERE key {in:1}", params![&ended])?;
        s.execute("DELETE FROM cap_window WHERE key {in:1}", params![&ended])?;
    }
    Ok(())
}

/// Takes address locks for `(key, effect, trip)` in the given order; a lock whose trip has ended is free. Returns
/// those that another trip or effect holds.
pub fn lock_addresses(
    s: &mut dyn Session,
    wanted: &[(String, EffectId, EnrollmentId)],
) -> Result<HashSet<EffectId>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let mut first: HashMap<&str, (EffectId, EnrollmentId)> = HashMap::new();
    for (key, effect, trip) in wanted {
        first.entry(key).or_insert((*effect, *trip));
    }
    let mut rows: Vec<(&str, (EffectId, EnrollmentId))> = first.into_iter().collect();
    rows.sort_unstable_by_key(|(key, _)| *key);
    let key: Vec<&str> = rows.iter().map(|(key, _)| *key).collect();
    let effect: Vec<i64> = rows.iter().map(|(_, (effect, _))| effect.0).collect();
    let trip: Vec<i64> = rows.iter().map(|(_, (_, trip))| trip.0).collect();
    s.bulk(
        &Bulk::insert("address_lock")
            .column("key", &key)
            .column("enrollment_id", &trip)
            .column("effect_id", &effect)
            .on_conflict("(key) DO NOTHING"),
    )?;
    let sql = "SELECT key, effect_id, enrollment_id FROM address_lock WHERE key {in:1} ORDER BY key {for_update}";
    let mut holders: HashMap<String, (i64, i64)> =
        s.query_map(sql, params![&key], |r| Ok((r.string(0), (r.int(1), r.int(2)))))?.into_iter().collect();
    let mut trips: Vec<i64> = holders.values().map(|(_, trip)| *trip).collect();
    trips.sort_unstable();
    trips.dedup();
    let sql = "SELECT id FROM enrollment WHERE id {in:1} AND ended_at IS NULL";
    let under_way: HashSet<i64> = s.query_map(sql, params![&trips], |r| Ok(r.int(0)))?.into_iter().collect();
    let mut held_by_others = HashSet::new();
    for (key, effect, trip) in wanted {
        let Some(holder) = holders.get_mut(key.as_str()) else { continue };
        if holder.0 == effect.0 {
            continue;
        }
        if under_way.contains(&holder.1) || holder.1 == trip.0 {
            held_by_others.insert(*effect);
            continue;
        }
        *holder = (effect.0, trip.0);
        let sql = "UPDATE address_lock SET effect_id = $2, enrollment_id = $3 WHERE key = $1";
        s.execute(sql, params![key.as_str(), *effect, *trip])?;
    }
    Ok(held_by_others)
}

/// Gives back what effects hold that did not leave after all.
pub fn release(s: &mut dyn Session, effects: &[EffectId]) -> Result<(), StoreError> {
    if effects.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<i64> = effects.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    s.execute("DELETE FROM address_lock WHERE effect_id {in:1}", params![&ids])?;
    let sql = "SELECT DISTINCT key FROM cap_use WHERE effect_id {in:1}";
    let keys = s.query_map(sql, params![&ids], |r| Ok(r.string(0)))?;
    if keys.is_empty() {
        return Ok(());
    }
    s.query_map("SELECT key FROM cap_window WHERE key {in:1} ORDER BY key {for_update}", params![&keys], |_| Ok(()))?;
    s.execute("DELETE FROM cap_use WHERE effect_id {in:1}", params![&ids])?;
    s.execute(
        "UPDATE cap_window SET used = (SELECT COUNT(DISTINCT u.unit) FROM cap_use AS u WHERE u.key = cap_window.key)
         WHERE key {in:1}",
        params![&keys],
    )?;
    Ok(())
}
