//! How many effects of a lane were handed over on a day, where only so many may be. The row of a lane is the lock under which
//! they are counted.

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// How many were handed over on that day; the lane's row is locked until the transaction ends.
pub fn locked(s: &mut dyn Session, lane: &str, day: &str) -> Result<i64, StoreError> {
    let sql = "INSERT INTO lane_day (lane, day, handed) VALUES ($1, $2, 0) ON CONFLICT (lane) DO NOTHING";
    s.execute(sql, params![lane, day])?;
    let sql = "SELECT day, handed FROM lane_day WHERE lane = $1 {for_update}";
    let (of, handed) = s.query_one(sql, params![lane], |r| Ok((r.string(0), r.int(1))))?;
    Ok(if of == day { handed } else { 0 })
}

/// Writes how many there are now, while the row is locked.
pub fn save(s: &mut dyn Session, lane: &str, day: &str, handed: i64) -> Result<(), StoreError> {
    s.execute("UPDATE lane_day SET day = $2, handed = $3 WHERE lane = $1", params![lane, day, handed])?;
    Ok(())
}

/// How many of each lane were handed over on that day.
pub fn handed_on(s: &mut dyn Session, day: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT lane, handed FROM lane_day WHERE day = $1 ORDER BY lane";
    s.query_map(sql, params![day], |r| Ok((r.string(0), r.int(1))))
}
