//! Opens and clicks that nobody is told of yet, because what is done next may show that a machine made them.

use caravan_model::EffectId;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::error::StoreError;
use crate::machine_events::{self, MachineEvent};
use crate::params;
use crate::session::{Session, SessionExt};
use crate::uses::{self, UseKind};

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
    /// The same for the same address that it came from.
    pub address_code: Option<String>,
}

/// Holds a click or an open.
pub fn hold(s: &mut dyn Session, click: &HeldClick) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO held_click (effect_id, link, at, due_at, type, fields, address_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (effect_id, link, at) DO NOTHING",
        params![
            click.effect,
            click.link,
            click.at,
            click.due_at,
            &click.kind,
            &click.fields,
            click.address_code.as_deref()
        ],
    )?;
    Ok(())
}

/// A machine made them: the opens, or the clicks, of a message that are held and were made since `since` go, and count as
/// a machine's, told by `pattern`.
pub fn take_back(
    s: &mut dyn Session,
    effect: EffectId,
    (what, pattern): (UseKind, &str),
    since: Timestamp,
) -> Result<(), StoreError> {
    let of_kind = if what == UseKind::Opened { "=" } else { "<>" };
    let sql = format!(
        "DELETE FROM held_click WHERE effect_id = $1 AND at >= $2 AND type {of_kind} $3
         RETURNING link, at, fields, address_code"
    );
    let taken = s.query_map(&sql, params![effect, since, OPENED], |r| {
        Ok((r.int(0).max(0), r.instant(1), r.string(2), r.opt_string(3)))
    })?;
    for (link, at, fields, address_code) in taken {
        let sql = "UPDATE message_use SET counted = counted - 1, machines = machines + 1
             WHERE effect_id = $1 AND kind = $2 AND link = $3 AND counted > 0";
        s.execute(sql, params![effect, what.key(), link])?;
        let fields: Map<String, Json> = serde_json::from_str(&fields).unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(Json::as_str);
        let url = uses::without_what_is_personal(text("url").unwrap_or_default());
        let (user_agent, address_code) = (text("user_agent"), address_code.as_deref());
        let event = MachineEvent { effect, at, kind: what, link, url, pattern, user_agent, address_code };
        machine_events::keep(s, &event)?;
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
         RETURNING effect_id, link, at, due_at, type, fields, address_code";
    let mut due = s.query_map(sql, params![now, TOLD_AT_ONCE], |r| {
        Ok(HeldClick {
            effect: EffectId(r.int(0)),
            link: r.int(1),
            at: r.instant(2),
            due_at: r.instant(3),
            kind: r.string(4),
            fields: r.string(5),
            address_code: r.opt_string(6),
        })
    })?;
    due.sort_by_key(|click| (click.at, click.effect, click.link));
    Ok(due)
}
