//! What is heard of messages after they have left; consent to text messages; short links.

use caravan_model::{EffectId, PersonId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// How a message fares with those who carry it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Which message.
    pub effect: EffectId,
    /// A higher rank is nearer to the end.
    pub rank: i64,
    /// `accepted`, `delivered`, `bounced_hard` …
    pub state: String,
    /// The other side's code.
    pub code: Option<String>,
    /// What it said.
    pub message: Option<String>,
    /// When it was received.
    pub at: Timestamp,
}

/// Keeps a report, unless one of the same or a higher rank is there already; `late` ones win over that too. True when
/// it was news.
pub fn put(s: &mut dyn Session, report: &DeliveryReport, late: bool) -> Result<bool, StoreError> {
    let and = if late { "" } else { "AND delivery_report.rank < excluded.rank" };
    let sql = format!(
        "INSERT INTO delivery_report (effect_id, rank, state, code, message, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (effect_id) DO UPDATE SET rank = excluded.rank, state = excluded.state, code = excluded.code,
             message = excluded.message, at = excluded.at
         WHERE delivery_report.state <> excluded.state {and}"
    );
    let DeliveryReport { effect, rank, state, code, message, at } = report;
    Ok(s.execute(&sql, params![*effect, *rank, state, code, message, *at])? > 0)
}

/// The furthest that was heard of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardOf {
    /// Which message.
    pub effect: EffectId,
    /// A higher rank is nearer to the end.
    pub rank: i64,
    /// `accepted`, `delivered`, `bounced_hard` …
    pub state: String,
    /// The other side's code.
    pub code: Option<String>,
}

/// What was heard of these messages, of those of which something was.
pub fn states(s: &mut dyn Session, effects: &[EffectId]) -> Result<Vec<HeardOf>, StoreError> {
    if effects.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = effects.iter().map(|id| id.0).collect();
    let sql = "SELECT effect_id, rank, state, code FROM delivery_report WHERE effect_id {in:1} ORDER BY effect_id";
    s.query_map(sql, params![&ids], |r| {
        Ok(HeardOf { effect: EffectId(r.int(0)), rank: r.int(1), state: r.string(2), code: r.opt_string(3) })
    })
}

/// Messages that were refused because of how they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRefusals {
    /// How many.
    pub count: i64,
    /// When the first of them came back.
    pub since: Timestamp,
    /// What was said of the last one.
    pub said: Option<String>,
}

/// Messages that were refused by policy since an instant, at once or as a report told later; none where there were none.
/// Indexes: `delivery_report_policy`, `ledger_policy`.
pub fn refused_by_policy(s: &mut dyn Session, since: Timestamp) -> Result<Option<PolicyRefusals>, StoreError> {
    let sql = "WITH refused AS (
             SELECT effect_id, at, message FROM delivery_report WHERE state = 'refused_by_policy' AND at >= $1
             UNION ALL
             SELECT id, decided_at, message FROM ledger WHERE reason = 'refused_by_policy' AND decided_at >= $1)
         SELECT COUNT(*), MIN(at), (SELECT message FROM refused ORDER BY at DESC, effect_id DESC LIMIT 1) FROM refused";
    let found = s.query_map(sql, params![since], |r| Ok((r.int(0), r.opt_instant(1), r.opt_string(2))))?;
    let counted = found.into_iter().next();
    Ok(counted.and_then(|(count, since, said)| Some(PolicyRefusals { count, since: since?, said })))
}

/// What a number said to a sender of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The number, as `+` and digits.
    pub phone: String,
    /// A number or a messaging service of ours.
    pub sender: String,
    /// `y` or `n`.
    pub value: String,
    /// Who wrote it down: `keyword` and `provider` for the person's own word, `import` …
    pub source: String,
}

/// What these numbers said to senders of ours; locked until the transaction ends, where it is to be changed.
pub fn consents(s: &mut dyn Session, phones: &[String], lock: bool) -> Result<Vec<ConsentRow>, StoreError> {
    if phones.is_empty() {
        return Ok(Vec::new());
    }
    let lock = if lock { "{for_update}" } else { "" };
    let sql = format!(
        "SELECT phone, sender, value, source FROM text_consent WHERE phone {{in:1}} ORDER BY phone, sender {lock}"
    );
    s.query_map(&sql, params![phones], |r| {
        Ok(ConsentRow { phone: r.string(0), sender: r.string(1), value: r.string(2), source: r.string(3) })
    })
}

/// Writes down what numbers said; one row for each number and sender, in their order.
pub fn put_consents(s: &mut dyn Session, rows: &[ConsentRow], now: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&ConsentRow) -> &str| rows.iter().map(of).collect::<Vec<&str>>();
    let (phones, senders) = (column(|row| &row.phone), column(|row| &row.sender));
    let (values, sources) = (column(|row| &row.value), column(|row| &row.source));
    s.bulk(
        &Bulk::insert("text_consent")
            .column("phone", &phones)
            .column("sender", &senders)
            .column("value", &values)
            .column("source", &sources)
            .same("changed_at", now)
            .on_conflict(
                "(phone, sender) DO UPDATE SET value = excluded.value, source = excluded.source,
                 changed_at = excluded.changed_at",
            ),
    )?;
    Ok(())
}

/// Forgets what these numbers said to these senders.
pub fn forget_consents(s: &mut dyn Session, places: &[(&str, &str)]) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    let phones: Vec<&str> = places.iter().map(|place| place.0).collect();
    let senders: Vec<&str> = places.iter().map(|place| place.1).collect();
    s.bulk(
        &Bulk::delete("text_consent")
            .column("phone", &phones)
            .column("sender", &senders)
            .matching("phone = {phone} AND sender = {sender}"),
    )?;
    Ok(())
}

/// A number says `y` or `n` to a sender.
pub fn set_consent(
    s: &mut dyn Session,
    phone: &str,
    sender: &str,
    value: &str,
    source: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO text_consent (phone, sender, value, source, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (phone, sender) DO UPDATE SET value = excluded.value, source = excluded.source,
             changed_at = excluded.changed_at",
        params![phone, sender, value, source, now],
    )?;
    Ok(())
}

/// A person, the number as their record has it, and what they said to text messages in general.
pub type Holder = (PersonId, Option<String>, Option<String>);

/// Everyone who has one of these numbers, written exactly so, or was texted at `phone`; and what they said to text
/// messages in general. Locked. Indexes: `person_mobile_phone`, `ledger_address`.
pub fn people_at(s: &mut dyn Session, phone: &str, written: &[String]) -> Result<Vec<Holder>, StoreError> {
    let sql = "SELECT id, mobile_phone, sms_consent FROM person WHERE mobile_phone {in:1}
             OR id IN (SELECT person_id FROM ledger WHERE address = $2 AND kind = 'sms')
         ORDER BY id {for_update}";
    s.query_map(sql, params![written, phone], |r| Ok((PersonId(r.int(0)), r.opt_string(1), r.opt_string(2))))
}

/// A short link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortLinkRow {
    /// What stands in the address.
    pub code: String,
    /// The message in which it stands.
    pub effect: EffectId,
    /// Its number in the text.
    pub link: i64,
    /// Where it leads.
    pub target: String,
    /// Campaign parameters that are added to that (`utm_source=…&…`), encoded; empty: none.
    pub parameters: String,
    /// Whether the site is told who comes.
    pub visitor: bool,
}

/// Keeps short links; one that is there stays.
pub fn put_links(s: &mut dyn Session, links: &[ShortLinkRow], now: Timestamp) -> Result<(), StoreError> {
    if links.is_empty() {
        return Ok(());
    }
    let code: Vec<&str> = links.iter().map(|link| link.code.as_str()).collect();
    let effect: Vec<i64> = links.iter().map(|link| link.effect.0).collect();
    let number: Vec<i64> = links.iter().map(|link| link.link).collect();
    let target: Vec<&str> = links.iter().map(|link| link.target.as_str()).collect();
    let parameters: Vec<&str> = links.iter().map(|link| link.parameters.as_str()).collect();
    let visitor: Vec<bool> = links.iter().map(|link| link.visitor).collect();
    s.bulk(
        &Bulk::insert("short_link")
            .column("code", &code)
            .column("effect_id", &effect)
            .column("link", &number)
            .column("target", &target)
            .column("parameters", &parameters)
            .column("visitor", &visitor)
            .same("made_at", now)
            .on_conflict("(code) DO NOTHING"),
    )?;
    Ok(())
}

/// The link behind a code.
pub fn link(s: &mut dyn Session, code: &str) -> Result<Option<ShortLinkRow>, StoreError> {
    let sql = "SELECT code, effect_id, link, target, parameters, visitor FROM short_link WHERE code = $1";
    s.query_opt(sql, params![code], |r| {
        Ok(ShortLinkRow {
            code: r.string(0),
            effect: EffectId(r.int(1)),
            link: r.int(2),
            target: r.string(3),
            parameters: r.string(4),
            visitor: r.bool(5),
        })
    })
}
