//! Do-not-contact addresses, for people who look at the list or write it. Delivery asks and adds through
//! [`ledger`](crate::ledger).
//!
//! An address has one reason, the hardest that there is: whatever the softer ones bar, it bars too. What the person said
//! stays beneath it, and stands alone again once the harder reason is lifted.

use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// One address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    /// An email address, folded, a domain as `@acme.example`, or a phone number as `+` and digits.
    pub address: String,
    /// Why: `manual`, `unsubscribed`, `bounced_hard`, `complained` …
    pub reason: String,
    /// What the person said, which nobody else lifts: `unsubscribed` or `complained`.
    pub own_word: Option<String>,
    /// What put it there: `import`, `delivery`, `admin` for a hand in the app, `person` for what they said themselves …
    pub source: String,
    /// Who did: a user's address, or `token:NAME`.
    pub added_by: Option<String>,
    /// When.
    pub added_at: Timestamp,
}

fn read(r: &dyn Row) -> Result<SuppressionRow, StoreError> {
    Ok(SuppressionRow {
        address: r.string(0),
        reason: r.string(1),
        own_word: r.opt_string(2),
        source: r.string(3),
        added_by: r.opt_string(4),
        added_at: r.instant(5),
    })
}

const COLUMNS: &str = "address, reason, own_word, source, added_by, added_at";

/// Whence an entry comes.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// What puts it there.
    pub source: &'a str,
    /// Who does, where somebody does.
    pub by: Option<&'a str>,
}

impl<'a> From<&'a str> for Origin<'a> {
    fn from(source: &'a str) -> Self {
        Self { source, by: None }
    }
}

/// How much a reason bars: an opt-out lets operational messages pass, a complaint none; an address of no use is barred whatever
/// its owner says, and what an administrator put down stands above all.
pub fn hardness(reason: &str) -> u8 {
    match reason {
        "unsubscribed" => 1,
        "complained" => 2,
        "bounced_hard" => 3,
        _ => 4,
    }
}

/// Whether a reason is the person's own word.
pub fn is_own_word(reason: &str) -> bool {
    hardness(reason) < 3
}

/// Those of these addresses that are on the list, locked until the transaction ends.
pub fn known(s: &mut dyn Session, addresses: &[&str]) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE address {{in:1}} ORDER BY address {{for_update}}");
    s.query_map(&sql, params![addresses], read)
}

/// One address, if it is on the list.
pub fn get(s: &mut dyn Session, address: &str) -> Result<Option<SuppressionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE address = $1");
    s.query_opt(&sql, params![address], read)
}

/// Puts addresses on the list; one row per address, in their order. A harder reason takes the place of a softer one, never
/// the other way; what the person said is kept with either.
pub fn put<'a>(
    s: &mut dyn Session,
    rows: &[(&str, &str)],
    origin: impl Into<Origin<'a>>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Origin { source, by } = origin.into();
    let addresses: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let reasons: Vec<&str> = rows.iter().map(|row| row.1).collect();
    let own: Vec<Option<&str>> = reasons.iter().map(|reason| Some(*reason).filter(|it| is_own_word(it))).collect();
    let harder = format!(
        "{} >= {}",
        HARDNESS.replace("REASON", "excluded.reason"),
        HARDNESS.replace("REASON", "suppression.reason")
    );
    let conflict = format!(
        "(address) DO UPDATE SET
             reason = CASE WHEN {harder} THEN excluded.reason ELSE suppression.reason END,
             source = CASE WHEN {harder} THEN excluded.source ELSE suppression.source END,
             added_by = CASE WHEN {harder} THEN excluded.added_by ELSE suppression.added_by END,
             own_word = CASE WHEN 'complained' IN (suppression.own_word, excluded.own_word) THEN 'complained'
                             ELSE COALESCE(suppression.own_word, excluded.own_word) END"
    );
    s.bulk(
        &Bulk::insert("suppression")
            .column("address", &addresses)
            .column("reason", &reasons)
            .column("own_word", &own)
            .same("source", source)
            .column("added_by", &vec![by; rows.len()])
            .same("added_at", at)
            .on_conflict(&conflict),
    )?;
    Ok(())
}

/// [`hardness`] as SQL.
const HARDNESS: &str =
    "CASE REASON WHEN 'unsubscribed' THEN 1 WHEN 'complained' THEN 2 WHEN 'bounced_hard' THEN 3 ELSE 4 END";

/// Lifts what others than the person said of addresses: they leave the list, or stay there for what the person said.
pub fn lift(s: &mut dyn Session, addresses: &[&str]) -> Result<(), StoreError> {
    s.execute("DELETE FROM suppression WHERE address {in:1} AND own_word IS NULL", params![addresses])?;
    let kept = "UPDATE suppression SET reason = own_word, source = 'person', added_by = NULL
                WHERE address {in:1} AND reason <> own_word";
    s.execute(kept, params![addresses])?;
    Ok(())
}

/// The next `most` addresses behind `after` that begin with `prefix`, in their order; all when it is blank.
pub fn page(s: &mut dyn Session, prefix: &str, after: &str, most: usize) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suppression
         WHERE address > $1 AND SUBSTR(address, 1, LENGTH(CAST($2 AS TEXT))) = $2 ORDER BY address LIMIT $3"
    );
    s.query_map(&sql, params![after, prefix, most as i64], read)
}

/// How many addresses are on the list.
pub fn count(s: &mut dyn Session) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM suppression", &[])
}
