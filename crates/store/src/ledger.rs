//! What became of effects, and what is asked before one leaves: the ledger, recipients, do-not-contact addresses.

use std::collections::BTreeSet;

use caravan_model::clock::to_micros;
use caravan_model::{AccountId, DocumentId, EffectId, EnrollmentId, PersonId, VersionId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::people::found_by_id;
use crate::records::Table;
use crate::search::{LOOKED_AT, Looked, Search, like};
use crate::session::{Row, Session, SessionExt};
use crate::suppressions;

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The id that it had in the outbox.
    pub id: EffectId,
    /// The same at every attempt; unique.
    pub key: String,
    /// What is delivered.
    pub kind: String,
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// The account on whose trip it was sent.
    pub account: Option<AccountId>,
    /// The recipient.
    pub person: Option<PersonId>,
    /// The recipient's address, folded.
    pub address: Option<String>,
    /// `done`, `skipped`, `failed`, `in_doubt`.
    pub outcome: String,
    /// Why it was skipped or failed, stable.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// The other system's id of it.
    pub remote_id: Option<String>,
    /// When the step queued it.
    pub queued_at: Timestamp,
    /// When this was decided.
    pub decided_at: Timestamp,
    /// What is kept of the effect, JSON.
    pub body: Option<String>,
}

pub(crate) const LEDGER: &str = "id, key, kind, enrollment_id, version_id, node, account_id, person_id, address, outcome, reason, \
     message, remote_id, queued_at, decided_at, body";

pub(crate) fn read_ledger(r: &dyn Row) -> Result<LedgerRow, StoreError> {
    Ok(LedgerRow {
        id: EffectId(r.int(0)),
        key: r.string(1),
        kind: r.string(2),
        enrollment: EnrollmentId(r.int(3)),
        version: VersionId(r.int(4)),
        node: r.int(5),
        account: r.opt_int(6).map(AccountId),
        person: r.opt_int(7).map(PersonId),
        address: r.opt_string(8),
        outcome: r.string(9),
        reason: r.opt_string(10),
        message: r.opt_string(11),
        remote_id: r.opt_string(12),
        queued_at: r.instant(13),
        decided_at: r.instant(14),
        body: r.opt_string(15),
    })
}

/// Writes what became of effects. A key that is there already stays as it is: the first outcome holds.
pub fn insert(s: &mut dyn Session, rows: &[LedgerRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<&LedgerRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.id);
    let id: Vec<i64> = rows.iter().map(|l| l.id.0).collect();
    let key: Vec<&str> = rows.iter().map(|l| l.key.as_str()).collect();
    let kind: Vec<&str> = rows.iter().map(|l| l.kind.as_str()).collect();
    let enrollment: Vec<i64> = rows.iter().map(|l| l.enrollment.0).collect();
    let version: Vec<i64> = rows.iter().map(|l| l.version.0).collect();
    let node: Vec<i64> = rows.iter().map(|l| l.node).collect();
    let account: Vec<Option<i64>> = rows.iter().map(|l| l.account.map(|id| id.0)).collect();
    let person: Vec<Option<i64>> = rows.iter().map(|l| l.person.map(|id| id.0)).collect();
    let address: Vec<Option<&str>> = rows.iter().map(|l| l.address.as_deref()).collect();
    let outcome: Vec<&str> = rows.iter().map(|l| l.outcome.as_str()).collect();
    let reason: Vec<Option<&str>> = rows.iter().map(|l| l.reason.as_deref()).collect();
    let message: Vec<Option<&str>> = rows.iter().map(|l| l.message.as_deref()).collect();
    let remote_id: Vec<Option<&str>> = rows.iter().map(|l| l.remote_id.as_deref()).collect();
    let queued_at: Vec<i64> = rows.iter().map(|l| to_micros(l.queued_at)).collect();
    let decided_at: Vec<i64> = rows.iter().map(|l| to_micros(l.decided_at)).collect();
    let body: Vec<Option<&str>> = rows.iter().map(|l| l.body.as_deref()).collect();
    s.bulk(
        &Bulk::insert("ledger")
            .column("id", &id)
            .column("key", &key)
            .column("kind", &kind)
            .column("enrollment_id", &enrollment)
            .column("version_id", &version)
            .column("node", &node)
            .column("account_id", &account)
            .column("person_id", &person)
            .column("address", &address)
            .column("outcome", &outcome)
            .column("reason", &reason)
            .column("message", &message)
            .column("remote_id", &remote_id)
            .column("queued_at", &queued_at)
            .column("decided_at", &decided_at)
            .column("body", &body)
            .on_conflict("(key) DO NOTHING"),
    )?;
    Ok(())
}

/// The ledger rows of these keys: such an effect has left already and never leaves again. Constraint: `ledger_key`.
pub fn known(s: &mut dyn Session, keys: &[String]) -> Result<Vec<LedgerRow>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    s.query_map(&format!("SELECT {LEDGER} FROM ledger WHERE key {{in:1}} ORDER BY id"), params![keys], read_ledger)
}

/// One ledger row; `lock` holds it until the transaction ends.
pub fn get(s: &mut dyn Session, id: EffectId, lock: bool) -> Result<Option<LedgerRow>, StoreError> {
    let lock = if lock { "{for_update}" } else { "" };
    s.query_opt(&format!("SELECT {LEDGER} FROM ledger WHERE id = $1 {lock}"), params![id], read_ledger)
}

/// The other system's id of an effect has come to light.
pub fn found(s: &mut dyn Session, id: EffectId, remote_id: &str) -> Result<(), StoreError> {
    s.execute("UPDATE ledger SET remote_id = $2 WHERE id = $1 AND remote_id IS NULL", params![id, remote_id])?;
    Ok(())
}

/// The last texts that left to a number since an instant, newest first, `most` at most. Index: `ledger_address`.
pub fn texts_to(s: &mut dyn Session, phone: &str, since: Timestamp, most: usize) -> Result<Vec<LedgerRow>, StoreError> {
    let sql = format!(
        "SELECT {LEDGER} FROM ledger WHERE address = $1 AND kind = 'sms' AND outcome = 'done' AND decided_at >= $2
         ORDER BY decided_at DESC, id DESC LIMIT $3"
    );
    s.query_map(&sql, params![phone, since, most as i64], read_ledger)
}

/// The last emails that were handed on to a folded address, or may have been, since an instant, newest first, `most` at
/// most. Index: `ledger_address`.
pub fn emails_to(
    s: &mut dyn Session,
    address: &str,
    since: Timestamp,
    most: usize,
) -> Result<Vec<LedgerRow>, StoreError> {
    let sql = format!(
        "SELECT {LEDGER} FROM ledger WHERE address = $1 AND kind = 'email' AND outcome IN ('done', 'in_doubt')
           AND decided_at >= $2 ORDER BY decided_at DESC, id DESC LIMIT $3"
    );
    s.query_map(&sql, params![address, since, most as i64], read_ledger)
}

/// What somebody has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// Nobody knows whether they arrived.
    InDoubt,
    /// They were refused for good.
    Failed,
}

/// Which effects are looked for.
#[derive(Debug, Clone, Copy)]
pub struct UnsettledFilter<'a> {
    /// Those in doubt, or those that failed.
    pub which: Unsettled,
    /// Only those of this journey.
    pub journey: Option<DocumentId>,
    /// Only those in whose words this occurs, or, where it looks at customers, in whose recipient.
    pub search: Search<'a>,
}

impl UnsettledFilter<'_> {
    /// All of them.
    pub fn all(which: Unsettled) -> Self {
        Self { which, journey: None, search: Search::default() }
    }
}

/// Effects in doubt or failed before `before` (none: from the newest), newest first, of the next ones that one look goes through.
/// Indexes: `ledger_in_doubt`, `ledger_failed`.
pub fn look_for_unsettled(
    s: &mut dyn Session,
    filter: UnsettledFilter<'_>,
    before: Option<EffectId>,
    most: usize,
) -> Result<Looked<LedgerRow, EffectId>, StoreError> {
    let UnsettledFilter { which, journey, search } = filter;
    let outcome = match which {
        Unsettled::InDoubt => "in_doubt",
        Unsettled::Failed => "failed",
    };
    let before = before.map_or(i64::MAX, |id| id.0);
    let sql =
        format!("SELECT id FROM ledger WHERE outcome = '{outcome}' AND id < $1 ORDER BY id DESC LIMIT 1 OFFSET $2");
    let end = s.query_opt(&sql, params![before, LOOKED_AT as i64 - 1], |r| Ok(EffectId(r.int(0))))?;
    let last = end.map_or(i64::MIN, |id| id.0);
    // Not by an index of the version, which would lead through all that it sent.
    let of_journey = match journey {
        Some(_) => "+version_id IN (SELECT v.id FROM document_version AS v WHERE v.document_id = $5)",
        None => "$5 = 0",
    };
    let pattern = search.pattern(s);
    let found = match search.is_blank() {
        true => "CAST($3 AS TEXT) IS NOT NULL".to_owned(),
        false => {
            let account = found_by_id(Table::Account, "ledger.account_id", 3);
            let recipient = [
                like("address", 3),
                found_by_id(Table::Person, "ledger.person_id", 3),
                format!("(person_id IS NULL AND {account})"),
            ];
            // What the other side said may name whom it is about.
            let said: &[&str] = if search.in_customers { &["message", "reason"] } else { &["reason"] };
            search.found(said, &recipient, 3)
        }
    };
    let sql = format!(
        "SELECT {LEDGER} FROM ledger WHERE outcome = '{outcome}' AND id < $1 AND id >= $4 AND {of_journey} AND {found}
         ORDER BY id DESC LIMIT $2"
    );
    let journey = journey.map_or(0, |id| id.0);
    let found = s.query_map(&sql, params![before, most as i64, &pattern, last, journey], read_ledger)?;
    Ok(Looked { found, end })
}

/// An effect in doubt was delivered after all, when it was handed over.
pub fn settle_delivered(s: &mut dyn Session, id: EffectId) -> Result<(), StoreError> {
    let sql = "UPDATE ledger SET outcome = 'done', reason = NULL, message = NULL WHERE id = $1";
    s.execute(sql, params![id])?;
    Ok(())
}

/// An effect is not sent any more.
pub fn give_up(s: &mut dyn Session, id: EffectId, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "UPDATE ledger SET outcome = 'skipped', reason = $2, decided_at = $3 WHERE id = $1",
        params![id, reason, now],
    )?;
    Ok(())
}

/// What is looked at, at the last moment, to decide whether a person may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub person: PersonId,
    /// The address now.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Opted out.
    pub unsubscribed: bool,
    /// The address takes no mail.
    pub email_invalid: bool,
    /// The address rests after bounces.
    pub email_suspended: bool,
    /// No marketing for now.
    pub marketing_suspended: bool,
    /// The number now.
    pub mobile_phone: Option<String>,
    /// `y` or `n`, when it was ever said.
    pub sms_consent: Option<String>,
    /// Their time zone.
    pub time_zone: Option<String>,
    /// Their country, as a name or a code.
    pub country: Option<String>,
}

/// These people as they are now.
pub fn recipients(s: &mut dyn Session, people: &[i64]) -> Result<Vec<Recipient>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    s.query_map(
        "SELECT id, email, first_name, last_name, unsubscribed, email_invalid, email_suspended, marketing_suspended,
             mobile_phone, sms_consent, time_zone, country
         FROM person WHERE id {in:1} ORDER BY id",
        params![people],
        |r| {
            Ok(Recipient {
                person: PersonId(r.int(0)),
                email: r.opt_string(1),
                first_name: r.opt_string(2),
                last_name: r.opt_string(3),
                unsubscribed: r.bool(4),
                email_invalid: r.bool(5),
                email_suspended: r.bool(6),
                marketing_suspended: r.bool(7),
                mobile_phone: r.opt_string(8),
                sms_consent: r.opt_string(9),
                time_zone: r.opt_string(10),
                country: r.opt_string(11),
            })
        },
    )
}

/// Which of these folded addresses are on the do-not-contact list, and why: by themselves, then by their domain, which
/// stands there as `@acme.example`. An address may be told of twice; the later reason is the stronger.
pub fn suppressed(s: &mut dyn Session, addresses: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let domains: BTreeSet<&str> = addresses.iter().filter_map(|address| domain_of(address)).collect();
    let asked: Vec<&str> = addresses.iter().map(String::as_str).chain(domains).collect();
    let sql = "SELECT address, reason FROM suppression WHERE address {in:1} ORDER BY address";
    let listed = s.query_map(sql, params![&asked], |r| Ok((r.string(0), r.string(1))))?;
    let (domains, mut found): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(listed, _)| listed.starts_with('@'));
    for (domain, reason) in domains {
        let of_it = addresses.iter().filter(|address| domain_of(address) == Some(domain.as_str()));
        found.extend(of_it.map(|address| (address.clone(), reason.clone())));
    }
    Ok(found)
}

/// `@acme.example` of `ann@acme.example`; a phone number has none.
fn domain_of(address: &str) -> Option<&str> {
    address.rfind('@').and_then(|at| address.get(at..))
}

/// Puts folded addresses on the do-not-contact list.
pub fn suppress(s: &mut dyn Session, addresses: &[String], reason: &str, now: Timestamp) -> Result<(), StoreError> {
    let addresses: BTreeSet<&str> = addresses.iter().map(String::as_str).collect();
    let rows: Vec<(&str, &str)> = addresses.into_iter().map(|address| (address, reason)).collect();
    suppressions::put(s, &rows, "delivery", now)
}

/// The people who have one of these addresses, written exactly so, and whether each has opted out; locked.
/// Index: `person_email`.
pub fn people_at(s: &mut dyn Session, addresses: &[String]) -> Result<Vec<(PersonId, bool)>, StoreError> {
    let sql = "SELECT id, unsubscribed FROM person WHERE email {in:1} ORDER BY id {for_update}";
    s.query_map(sql, params![addresses], |r| Ok((PersonId(r.int(0)), r.bool(1))))
}

/// Which of these addresses, written exactly so, belong to somebody who has opted out. Index: `person_email`.
pub fn opted_out_addresses(s: &mut dyn Session, addresses: &[String]) -> Result<Vec<String>, StoreError> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT email FROM person WHERE email {in:1} AND unsubscribed = TRUE";
    s.query_map(sql, params![addresses], |r| Ok(r.string(0)))
}

/// Remembers that these people opted out themselves: no import lifts it.
pub fn opted_out_themselves(s: &mut dyn Session, people: &[i64]) -> Result<(), StoreError> {
    s.execute("UPDATE person SET unsubscribed_by_person = TRUE WHERE id {in:1}", params![people])?;
    Ok(())
}

/// Whether a person did something with one message of a trip since `since`. Index: `activity_person`.
pub fn has_done(
    s: &mut dyn Session,
    person: PersonId,
    activity: &str,
    trip: EnrollmentId,
    node: i64,
    since: Timestamp,
) -> Result<bool, StoreError> {
    s.exists(
        "SELECT 1 FROM activity WHERE person_id = $1 AND type = $2 AND enrollment_id = $3 AND node = $4 AND at >= $5 LIMIT 1",
        params![person, activity, trip, node, since],
    )
}
