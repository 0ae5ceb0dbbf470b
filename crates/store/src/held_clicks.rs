//! Opens and clicks that nobody is told of yet, because what is done next may show that a machine made them.

use caravan_model::EffectId;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};
use crate::uses::UseKind;

/// Type of the activity that tells of an open.
pub const OPENED: &str = "email_opened";
/// The link of an open.
pub const NO_LINK: i64 = -1;
/// Those that are told in one go.
const TOLD_AT_ONCE: i64 = 500;

/// A click that is held, or an open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldClick {
    /// In which message.
    pub effect: EffectId,
    /// Number of the link; [`NO_LINK`] for an open.
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

/// Holds a click or an open.
pub fn hold(s: &mut dyn Session, click: &HeldClick) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO held_click (effect_id, link, at, due_at, type, fields) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (effect_id, link, at) DO NOTHING",
        params![click.effect, click.link, click.at, click.due_at, &click.kind, &click.fields],
    )?;
    Ok(())
}

/// A machine made them: the opens, or the clicks, of a message that are held and were made since `since` go, and count as
/// a machine's.
pub fn take_back(s: &mut dyn Session, effect: EffectId, what: UseKind, since: Timestamp) -> Result<(), StoreError> {
    let of_kind = if what == UseKind::Opened { "=" } else { "<>" };
    let sql = format!("DELETE FROM held_click WHERE effect_id = $1 AND at >= $2 AND type {of_kind} $3 RETURNING link");
    let links = s.query_map(&sql, params![effect, since, OPENED], |r| Ok(r.int(0)))?;
    for link in links {
        let sql = "UPDATE message_use SET counted = counted - 1, machines = machines + 1
             WHERE effect_id = $1 AND kind = $2 AND link = $3 AND counted > 0";
        s.execute(sql, params![effect, what.key(), link.max(0)])?;
    }
    Ok(())
}

/// Whether an open of a message is held.
pub fn holds_open(s: &mut dyn Session, effect: EffectId) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM held_click WHERE effect_id = $1 AND type = $2", params![effect, OPENED])
}

/// Changes what will be told of the opens of a message that are held and were made since `since`.
pub fn rewrite_opens(
    s: &mut dyn Session,
    effect: EffectId,
    since: Timestamp,
    change: impl Fn(&mut Map<String, Json>),
) -> Result<(), StoreError> {
    let sql = "SELECT at, fields FROM held_click WHERE effect_id = $1 AND at >= $2 AND type = $3";
    let held = s.query_map(sql, params![effect, since, OPENED], |r| Ok((r.instant(0), r.string(1))))?;
    for (at, fields) in held {
        let mut fields: Map<String, Json> = serde_json::from_str(&fields).unwrap_or_default();
        change(&mut fields);
        let sql = "UPDATE held_click SET fields = $4 WHERE effect_id = $1 AND at = $2 AND type = $3";
        let fields = Json::Object(fields).to_string();
        s.execute(sql, params![effect, at, OPENED, &fields])?;
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
