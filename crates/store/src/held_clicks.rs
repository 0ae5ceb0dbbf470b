//! Clicks that nobody is told of yet, because what is followed next may show that a machine made them.

use caravan_model::EffectId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Clicks that are told in one go.
const TOLD_AT_ONCE: i64 = 500;

/// A click that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldClick {
    /// In which message.
    pub effect: EffectId,
    /// Number of the link.
    pub link: i64,
    /// When it was made.
    pub at: Timestamp,
    /// When it is told, if nothing speaks against it by then.
    pub due_at: Timestamp,
    /// Type of the activity that tells it.
    pub kind: String,
    /// Fields of the activity, JSON.
    pub fields: String,
}

/// Holds a click.
pub fn hold(s: &mut dyn Session, click: &HeldClick) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO held_click (effect_id, link, at, due_at, type, fields) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (effect_id, link, at) DO NOTHING",
        params![click.effect, click.link, click.at, click.due_at, &click.kind, &click.fields],
    )?;
    Ok(())
}

/// A machine made them: the clicks of a message that are held and were made since `since` go, and count as a machine's.
pub fn take_back(s: &mut dyn Session, effect: EffectId, since: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM held_click WHERE effect_id = $1 AND at >= $2 RETURNING link";
    let links = s.query_map(sql, params![effect, since], |r| Ok(r.int(0)))?;
    for link in links {
        let sql = "UPDATE message_use SET counted = counted - 1, machines = machines + 1
             WHERE effect_id = $1 AND kind = 'clicked' AND link = $2 AND counted > 0";
        s.execute(sql, params![effect, link])?;
    }
    Ok(())
}

/// When the first of them is told. Index: `held_click_due`.
pub fn next_due(s: &mut dyn Session) -> Result<Option<Timestamp>, StoreError> {
    s.query_one("SELECT MIN(due_at) FROM held_click", &[], |r| Ok(r.opt_instant(0)))
}

/// Takes out those that are told by now, the earliest first; whoever else asks gets others.
pub fn take_due(s: &mut dyn Session, now: Timestamp) -> Result<Vec<HeldClick>, StoreError> {
    let sql = "DELETE FROM held_click WHERE due_at <= (
             SELECT MAX(due_at) FROM (SELECT due_at FROM held_click WHERE due_at <= $1 ORDER BY due_at LIMIT $2) AS due)
         RETURNING effect_id, link, at, due_at, type, fields";
    let mut due = s.query_map(sql, params![now, TOLD_AT_ONCE], |r| {
        Ok(HeldClick {
            effect: EffectId(r.int(0)),
            link: r.int(1),
            at: r.instant(2),
            due_at: r.instant(3),
            kind: r.string(4),
            fields: r.string(5),
        })
    })?;
    due.sort_by_key(|click| (click.at, click.effect, click.link));
    Ok(due)
}
