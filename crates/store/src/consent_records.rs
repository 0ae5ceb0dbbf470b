//! The history of consent: what people and addresses said to messages of a channel, how it came in and what shows it.
//!
//! It is appended to. Retention leaves it alone, merging leaves it where it is and remembers the heir, and the database refuses
//! to delete or rewrite any of it; [`erase`] alone takes away whose a record is, and keeps of an objection that there was one.

use caravan_model::PersonId;
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// One thing that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentRecord {
    /// Its id; given when it is appended.
    pub id: i64,
    /// Who; none where only an address is known.
    pub person: Option<PersonId>,
    /// The address or number as it was: folded, a domain as `@acme.example`, a number as `+` and digits.
    pub address: Option<String>,
    /// `email` or `sms`.
    pub channel: String,
    /// The sender of ours that it was said to; none: to all.
    pub sender: Option<String>,
    /// `y` or `n`; none: what was said before is taken back.
    pub value: Option<String>,
    /// Why, in a word or a sentence.
    pub reason: Option<String>,
    /// How it came in: `header_one_click`, `keyword`, `import`, `journey:KEY` …
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// What shows it, a JSON object.
    pub evidence: Option<String>,
}

/// Appends records, in their order.
pub fn append(s: &mut dyn Session, rows: &[ConsentRecord]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("consent_record", rows.len())?.collect();
    let people: Vec<Option<i64>> = rows.iter().map(|row| row.person.map(|id| id.0)).collect();
    let at: Vec<i64> = rows.iter().map(|row| caravan_model::clock::to_micros(row.at)).collect();
    let texts = |of: fn(&ConsentRecord) -> &str| rows.iter().map(of).collect::<Vec<&str>>();
    let optional = |of: fn(&ConsentRecord) -> Option<&str>| rows.iter().map(of).collect::<Vec<Option<&str>>>();
    s.bulk(
        &Bulk::insert("consent_record")
            .column("id", &ids)
            .column("person_id", &people)
            .column("address", &optional(|row| row.address.as_deref()))
            .column("channel", &texts(|row| &row.channel))
            .column("sender", &optional(|row| row.sender.as_deref()))
            .column("value", &optional(|row| row.value.as_deref()))
            .column("reason", &optional(|row| row.reason.as_deref()))
            .column("source", &texts(|row| &row.source))
            .column("at", &at)
            .json("evidence", &optional(|row| row.evidence.as_deref())),
    )?;
    Ok(())
}

const RECORD: &str =
    "SELECT id, person_id, address, channel, sender, value, reason, source, at, evidence FROM consent_record";

/// Records of a person and of whoever became them; `$1` is the person.
const OF_PERSON: &str =
    "person_id IN (SELECT CAST($1 AS BIGINT) UNION ALL SELECT gone_id FROM consent_heir WHERE person_id = $1)";

fn read(r: &dyn Row) -> ConsentRecord {
    ConsentRecord {
        id: r.int(0),
        person: r.opt_int(1).map(PersonId),
        address: r.opt_string(2),
        channel: r.string(3),
        sender: r.opt_string(4),
        value: r.opt_string(5),
        reason: r.opt_string(6),
        source: r.string(7),
        at: r.instant(8),
        evidence: r.opt_string(9),
    }
}

/// Records of a person, newest first: their own, and what these addresses, which are theirs, said where nobody knew whose they
/// are. Those before `before`, `most` at once. Indexes: `consent_record_person`, `consent_record_address`.
pub fn of_person(
    s: &mut dyn Session,
    person: PersonId,
    addresses: &[String],
    before: Option<i64>,
    most: usize,
) -> Result<Vec<ConsentRecord>, StoreError> {
    let sql = format!(
        "{RECORD} WHERE ({OF_PERSON} OR (person_id IS NULL AND address {{in:2}})) AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    let before = before.unwrap_or(i64::MAX);
    s.query_map(&sql, params![person, addresses, before, most as i64], |r| Ok(read(r)))
}

/// Records of any of these forms of one address, newest first. Index: `consent_record_address`.
pub fn of_addresses(
    s: &mut dyn Session,
    addresses: &[String],
    before: Option<i64>,
    most: usize,
) -> Result<Vec<ConsentRecord>, StoreError> {
    let sql = format!("{RECORD} WHERE address {{in:1}} AND id < $2 ORDER BY id DESC LIMIT $3");
    let before = before.unwrap_or(i64::MAX);
    s.query_map(&sql, params![addresses, before, most as i64], |r| Ok(read(r)))
}

/// Records of whoever goes are those of the one who stays, wherever they came from.
pub fn inherit(s: &mut dyn Session, keep: PersonId, gone: PersonId) -> Result<(), StoreError> {
    s.execute("UPDATE consent_heir SET person_id = $1 WHERE person_id = $2", params![keep, gone])?;
    s.execute("INSERT INTO consent_heir (gone_id, person_id) VALUES ($2, $1)", params![keep, gone])?;
    Ok(())
}

/// The addresses in the records of a person, and which of `addresses` have records of nobody; each once.
pub fn addresses_of(s: &mut dyn Session, person: PersonId, addresses: &[String]) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT address FROM consent_record
         WHERE address IS NOT NULL AND ({OF_PERSON} OR (person_id IS NULL AND address {{in:2}})) ORDER BY address"
    );
    s.query_map(&sql, params![person, addresses], |r| Ok(r.string(0)))
}

/// Takes away whose records these are, and what shows them. An objection stays under the fingerprint of its address, so that
/// it can be shown to have been there; of anything else remains that it was said. `fingerprints` has one for each address.
pub fn erase(s: &mut dyn Session, person: PersonId, fingerprints: &[(String, String)]) -> Result<(), StoreError> {
    let addresses: Vec<String> = fingerprints.iter().map(|(address, _)| address.clone()).collect();
    let mine = format!("({OF_PERSON} OR (person_id IS NULL AND address {{in:2}}))");
    let forget = "person_id = NULL, reason = NULL, evidence = NULL";
    for (address, fingerprint) in fingerprints {
        let sql =
            format!("UPDATE consent_record SET address = $4, {forget} WHERE {mine} AND address = $3 AND value = 'n'");
        s.execute(&sql, params![person, &addresses, address, fingerprint])?;
    }
    let sql = format!("UPDATE consent_record SET address = NULL, {forget} WHERE {mine}");
    s.execute(&sql, params![person, &addresses])?;
    s.execute("DELETE FROM consent_heir WHERE person_id = $1", params![person])?;
    Ok(())
}
