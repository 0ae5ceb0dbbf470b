//! Opens and clicks that a machine made and that do not count. They are kept to be looked at: no figure, score, list or journey
//! reads them.

use caravan_model::{EffectId, PersonId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};
use crate::uses::UseKind;

/// As many are kept of one message; security gateways follow every link, and some do so again and again.
pub const MOST_OF_A_MESSAGE: i64 = 100;

/// An open or a click of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineEvent<'a> {
    /// In which message.
    pub effect: EffectId,
    /// When.
    pub at: Timestamp,
    /// What it did.
    pub kind: UseKind,
    /// Number of the link; 0 for an open.
    pub link: i64,
    /// Where the link leads, without what is personal behind the `?`.
    pub url: &'a str,
    /// How it was told.
    pub pattern: &'a str,
    /// What it calls itself.
    pub user_agent: Option<&'a str>,
    /// The same for the same address.
    pub address_code: Option<&'a str>,
}

/// Keeps what a machine did, unless enough is kept of its message.
pub fn keep(s: &mut dyn Session, event: &MachineEvent<'_>) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*) FROM machine_event WHERE effect_id = $1";
    if s.query_int(sql, params![event.effect])? >= MOST_OF_A_MESSAGE {
        return Ok(());
    }
    s.execute(
        "INSERT INTO machine_event (effect_id, at, kind, link, url, pattern, user_agent, address_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (effect_id, at, kind, link) DO NOTHING",
        params![
            event.effect,
            event.at,
            event.kind.key(),
            event.link,
            event.url,
            event.pattern,
            event.user_agent,
            event.address_code
        ],
    )?;
    Ok(())
}

/// What a machine did with a message to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineEventRow {
    /// In which message.
    pub effect: EffectId,
    /// When.
    pub at: Timestamp,
    /// `opened` or `clicked`.
    pub kind: String,
    /// Number of the link; 0 for an open.
    pub link: i64,
    /// Where the link leads.
    pub url: String,
    /// How it was told.
    pub pattern: String,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// The same for the same address.
    pub address_code: Option<String>,
}

/// What machines did with the messages to a person, the latest first; `most` at once. Index: `ledger_person`.
pub fn of_person(s: &mut dyn Session, person: PersonId, most: usize) -> Result<Vec<MachineEventRow>, StoreError> {
    let sql = "SELECT e.effect_id, e.at, e.kind, e.link, e.url, e.pattern, e.user_agent, e.address_code
         FROM ledger AS l JOIN machine_event AS e ON e.effect_id = l.id
         WHERE l.person_id = $1 ORDER BY e.at DESC, e.effect_id DESC, e.kind, e.link LIMIT $2";
    s.query_map(sql, params![person, most as i64], |r| {
        Ok(MachineEventRow {
            effect: EffectId(r.int(0)),
            at: r.instant(1),
            kind: r.string(2),
            link: r.int(3),
            url: r.string(4),
            pattern: r.string(5),
            user_agent: r.opt_string(6),
            address_code: r.opt_string(7),
        })
    })
}

/// Forgets up to `most` that are older. Index: `machine_event_at`.
pub fn forget(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM machine_event WHERE (effect_id, at, kind, link) IN
         (SELECT effect_id, at, kind, link FROM machine_event WHERE at < $1 ORDER BY at LIMIT $2)",
        params![before, most as i64],
    )
}
