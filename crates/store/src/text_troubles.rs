//! What providers of text messages reported about an account or a sender, and until when its connection rests for it.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// What was reported about the account behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTrouble {
    /// Key of the connection.
    pub connection: String,
    /// The provider's code.
    pub code: String,
    /// When it was first reported.
    pub since: Timestamp,
    /// When it was last reported.
    pub last_at: Timestamp,
    /// How many messages failed by it.
    pub messages: i64,
    /// How often the connection has rested for it in a row.
    pub rests: i64,
    /// Until when it rests; none for what is only told.
    pub rests_until: Option<Timestamp>,
    /// One message was let through since, to find out whether it is over.
    pub probed: bool,
}

const COLUMNS: &str = "connection, code, since, last_at, messages, rests, rests_until, probed";

fn read(r: &dyn Row) -> Result<TextTrouble, StoreError> {
    Ok(TextTrouble {
        connection: r.string(0),
        code: r.string(1),
        since: r.instant(2),
        last_at: r.instant(3),
        messages: r.int(4),
        rests: r.int(5),
        rests_until: r.opt_instant(6),
        probed: r.bool(7),
    })
}

/// Everything that was reported about accounts, by connection and code.
pub fn all(s: &mut dyn Session) -> Result<Vec<TextTrouble>, StoreError> {
    s.query_map(&format!("SELECT {COLUMNS} FROM text_trouble ORDER BY connection, code"), &[], read)
}

/// What was reported about the account behind a connection, locked.
pub fn of_connection(s: &mut dyn Session, connection: &str) -> Result<Vec<TextTrouble>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM text_trouble WHERE connection = $1 ORDER BY code {{for_update}}");
    s.query_map(&sql, params![connection], read)
}

/// Until when connections rest that do.
pub fn resting(s: &mut dyn Session) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let sql = "SELECT connection, MAX(rests_until) FROM text_trouble WHERE rests_until IS NOT NULL
         GROUP BY connection ORDER BY connection";
    s.query_map(sql, &[], |r| Ok((r.string(0), r.instant(1))))
}

/// Keeps what was reported, in place of what was known of the same code.
pub fn put(s: &mut dyn Session, trouble: &TextTrouble) -> Result<(), StoreError> {
    let TextTrouble { connection, code, since, last_at, messages, rests, rests_until, probed } = trouble;
    s.execute(
        "INSERT INTO text_trouble (connection, code, since, last_at, messages, rests, rests_until, probed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (connection, code) DO UPDATE SET since = excluded.since, last_at = excluded.last_at,
             messages = excluded.messages, rests = excluded.rests, rests_until = excluded.rests_until,
             probed = excluded.probed",
        params![connection, code, *since, *last_at, *messages, *rests, *rests_until, *probed],
    )?;
    Ok(())
}

/// One message goes through: the connection rests until it is known what became of it.
pub fn probed(s: &mut dyn Session, connection: &str, until: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "UPDATE text_trouble SET rests_until = $2, probed = TRUE WHERE connection = $1 AND rests_until IS NOT NULL",
        params![connection, until],
    )?;
    Ok(())
}

/// What a connection rests for is over, as far as it was last reported before an instant. True where there was something.
pub fn over(s: &mut dyn Session, connection: &str, before: Timestamp) -> Result<bool, StoreError> {
    let sql = "DELETE FROM text_trouble WHERE connection = $1 AND rests_until IS NOT NULL AND last_at < $2";
    Ok(s.execute(sql, params![connection, before])? > 0)
}
