//! Calls of systems whose limits hold for all processes together: how many began lately, how many are under way, how many
//! were made today. The row of a door is the lock under which its calls are counted.

use jiff::{SignedDuration, Timestamp};

use crate::error::StoreError;
use crate::params;
use crate::postgres::PRESENCE;
use crate::session::{Dialect, Session, SessionExt};

/// What a door allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed<'a> {
    /// Calls that may begin within a window.
    pub per_window: i64,
    /// How long the window is.
    pub window: SignedDuration,
    /// Calls that may be under way at once.
    pub at_once: i64,
    /// Calls a day.
    pub per_day: i64,
    /// The day, as the other side counts it.
    pub day: &'a str,
    /// A call that was never ended counts as under way for this long, where nobody knows sooner that its process is gone.
    pub lost_after: SignedDuration,
}

/// Whether a call may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It began; its number.
    Granted(i64),
    /// Not before this instant.
    Wait(Timestamp),
    /// Not today.
    UsedUp,
}

/// How soon it is asked again when as many calls are under way as may be.
const CROWDED: SignedDuration = SignedDuration::from_millis(200);

/// Begins a call of `process` (the number of its [`Presence`](crate::Presence)) at the door `whose`, if it may.
pub fn begin(
    s: &mut dyn Session,
    whose: &str,
    allowed: &Allowed<'_>,
    process: Option<i64>,
    now: Timestamp,
) -> Result<Turn, StoreError> {
    s.execute(
        "INSERT INTO call_door (whose, next_turn, day, made, rests_until) VALUES ($1, 1, $2, 0, 0)
         ON CONFLICT (whose) DO NOTHING",
        params![whose, allowed.day],
    )?;
    let sql = "SELECT next_turn, day, made, rests_until FROM call_door WHERE whose = $1 {for_update}";
    let (turn, day, made, rests_until) =
        s.query_one(sql, params![whose], |r| Ok((r.int(0), r.string(1), r.int(2), r.instant(3))))?;
    let made = if day == allowed.day { made } else { 0 };
    if made >= allowed.per_day {
        return Ok(Turn::UsedUp);
    }
    if rests_until > now {
        return Ok(Turn::Wait(rests_until));
    }
    let window_began = now - allowed.window;
    s.execute(
        "DELETE FROM call_turn WHERE whose = $1 AND begun_at <= $2 AND (ended OR begun_at <= $3)",
        params![whose, window_began, now - allowed.lost_after],
    )?;
    let (in_window, under_way) = s.query_one(
        "SELECT COALESCE(CAST(SUM(CASE WHEN begun_at > $2 THEN 1 ELSE 0 END) AS BIGINT), 0),
             COALESCE(CAST(SUM(CASE WHEN ended THEN 0 ELSE 1 END) AS BIGINT), 0)
         FROM call_turn WHERE whose = $1",
        params![whose, window_began],
        |r| Ok((r.int(0), r.int(1))),
    )?;
    if under_way >= allowed.at_once && under_way - end_of_the_dead(s, whose, process)? >= allowed.at_once {
        return Ok(Turn::Wait(now + CROWDED));
    }
    if in_window >= allowed.per_window {
        let sql = "SELECT MIN(begun_at) FROM call_turn WHERE whose = $1 AND begun_at > $2";
        let oldest = s.query_one(sql, params![whose, window_began], |r| Ok(r.opt_instant(0)))?;
        return Ok(Turn::Wait(oldest.unwrap_or(now) + allowed.window));
    }
    s.execute(
        "INSERT INTO call_turn (whose, turn, begun_at, ended, process) VALUES ($1, $2, $3, FALSE, $4)",
        params![whose, turn, now, process],
    )?;
    s.execute(
        "UPDATE call_door SET next_turn = next_turn + 1, day = $2, made = $3 WHERE whose = $1",
        params![whose, allowed.day, made + 1],
    )?;
    Ok(Turn::Granted(turn))
}

/// Calls at a door whose process is not there any more are over; how many there were. Whoever asks is there.
fn end_of_the_dead(s: &mut dyn Session, whose: &str, process: Option<i64>) -> Result<i64, StoreError> {
    if s.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE call_turn SET ended = TRUE WHERE whose = $1 AND NOT ended AND process <> $2 AND process NOT IN (
             SELECT CAST(l.objid AS BIGINT) FROM pg_locks AS l
             WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND CAST(l.classid AS BIGINT) = {PRESENCE} AND l.granted
                 AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))"
    );
    Ok(s.execute(&sql, params![whose, process.unwrap_or_default()])?.cast_signed())
}

/// A process shows itself by another number from now on: its calls under way are still its own.
pub fn renumbered(s: &mut dyn Session, former: i64, process: i64) -> Result<(), StoreError> {
    s.execute("UPDATE call_turn SET process = $2 WHERE process = $1 AND NOT ended", params![former, process])?;
    Ok(())
}

/// The call of a turn is over.
pub fn end(s: &mut dyn Session, whose: &str, turn: i64) -> Result<(), StoreError> {
    s.execute("UPDATE call_turn SET ended = TRUE WHERE whose = $1 AND turn = $2", params![whose, turn])?;
    Ok(())
}

/// Every call is over: for the one runtime of an embedded store, whose former process is gone.
pub fn end_all(s: &mut dyn Session) -> Result<(), StoreError> {
    s.execute("UPDATE call_turn SET ended = TRUE WHERE NOT ended", &[])?;
    Ok(())
}

/// Nobody begins a call before this instant.
pub fn rest(s: &mut dyn Session, whose: &str, until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE call_door SET rests_until = $2 WHERE whose = $1 AND rests_until < $2";
    s.execute(sql, params![whose, until])?;
    Ok(())
}
