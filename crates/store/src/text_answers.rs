//! Answers to text messages that somebody shall look at, and who has.
//!
//! What was written, when and by whom stands in the activity; whatever takes that away (an erased person, the time for which
//! activities are kept) takes its row here along, and whoever is merged brings theirs.

use caravan_model::ActivityId;
use caravan_model::clock::to_micros;
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::params;
use crate::people::pattern;
use crate::session::{Row, Session, SessionExt};

/// The text that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Key of the text message.
    pub sms_message: String,
    /// Key of the journey that sent it; none: a hand did.
    pub journey: Option<String>,
    /// Name of its node.
    pub node: Option<String>,
    /// When it left.
    pub sent_at: Timestamp,
}

/// An answer that is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// The activity that it is.
    pub id: ActivityId,
    /// When it came.
    pub at: Timestamp,
    /// Who told us: the provider.
    pub source: String,
    /// The activity's own fields, JSON.
    pub fields: String,
    /// Whose number it came from: id and key.
    pub person: (i64, String),
    /// The text before it; none where that is not known.
    pub answered: Option<Answered>,
    /// Who has looked at it, and when.
    pub done: Option<(String, Timestamp)>,
}

/// Which answers are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerFilter {
    /// Those that somebody has looked at, instead of those that wait.
    pub done: bool,
    /// Only those in whose words, or in whose person's key, name or address, this occurs.
    pub text: Option<String>,
    /// Only those of the person with this key.
    pub person: Option<String>,
}

/// Marks answers, all to the same text.
pub fn mark(s: &mut dyn Session, answers: &[ActivityId], answered: Option<&Answered>) -> Result<(), StoreError> {
    if answers.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = answers.iter().map(|id| id.0).collect();
    let text = |of: fn(&Answered) -> Option<&str>| vec![answered.and_then(of); ids.len()];
    let sms_message = text(|it| Some(&it.sms_message));
    let (journey, node) = (text(|it| it.journey.as_deref()), text(|it| it.node.as_deref()));
    let sent_at = vec![answered.map(|it| to_micros(it.sent_at)); ids.len()];
    s.bulk(
        &Bulk::insert("text_answer")
            .column("activity_id", &ids)
            .column("sms_message", &sms_message)
            .column("journey", &journey)
            .column("node", &node)
            .column("sent_at", &sent_at),
    )?;
    Ok(())
}

/// From where rows are read, and which: `$1` is the pattern of a search, `$2` a person's key.
fn listed(filter: &AnswerFilter) -> String {
    let done = if filter.done { "t.done_at IS NOT NULL" } else { "t.done_at IS NULL" };
    let text = match filter.text {
        None => "CAST($1 AS TEXT) IS NOT NULL",
        Some(_) => {
            "(LOWER(a.fields ->> 'text') LIKE $1 ESCAPE '\\' OR LOWER(p.key) LIKE $1 ESCAPE '\\'
                OR LOWER(p.email) LIKE $1 ESCAPE '\\'
                OR LOWER(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')) LIKE $1 ESCAPE '\\')"
        }
    };
    let person = if filter.person.is_some() { "p.key = $2" } else { "CAST($2 AS TEXT) IS NOT NULL" };
    format!(
        "text_answer AS t JOIN activity AS a ON a.id = t.activity_id JOIN person AS p ON p.id = a.person_id
         WHERE {done} AND {text} AND {person}"
    )
}

/// The next `most` answers behind `after`, newest first by when they came, each with its place. Ids would not do: each process
/// takes its own from blocks.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    filter: &AnswerFilter,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(AnswerRow, Place)>, StoreError> {
    let (text, person) = sought(s, filter);
    let listing = Listing {
        columns: "t.activity_id, a.at, a.source, a.fields, p.id, p.key, t.sms_message, t.journey, t.node, t.sent_at,
             t.done_by, t.done_at",
        width: 12,
        from: &listed(filter),
        id: "t.activity_id",
        params: params![&text, &person].to_vec(),
    };
    ordered::page(s, &listing, &Sort::down(Key::whole("a.at")), after, most, read)
}

/// How many there are.
pub fn count(s: &mut dyn Session, filter: &AnswerFilter) -> Result<i64, StoreError> {
    let (text, person) = sought(s, filter);
    s.query_int(&format!("SELECT COUNT(*) FROM {}", listed(filter)), params![&text, &person])
}

fn sought(s: &dyn Session, filter: &AnswerFilter) -> (String, String) {
    (pattern(s, filter.text.as_deref().unwrap_or_default()), filter.person.clone().unwrap_or_default())
}

fn read(r: &dyn Row) -> Result<AnswerRow, StoreError> {
    let (journey, node, sent_at) = (r.opt_string(7), r.opt_string(8), r.opt_instant(9));
    Ok(AnswerRow {
        id: ActivityId(r.int(0)),
        at: r.instant(1),
        source: r.string(2),
        fields: r.opt_string(3).unwrap_or_default(),
        person: (r.int(4), r.string(5)),
        answered: r.opt_string(6).zip(sent_at).map(|(sms_message, sent_at)| Answered {
            sms_message,
            journey,
            node,
            sent_at,
        }),
        done: r.opt_string(10).zip(r.opt_instant(11)),
    })
}

/// Somebody has looked at those of these that wait. Which: whoever did so first stays the one who did.
pub fn close(s: &mut dyn Session, ids: &[i64], by: &str, now: Timestamp) -> Result<Vec<ActivityId>, StoreError> {
    let waiting = locked(s, ids, "done_at IS NULL")?;
    s.execute(
        "UPDATE text_answer SET done_at = $2, done_by = $3 WHERE activity_id {in:1}",
        params![&waiting, now, by],
    )?;
    Ok(waiting.into_iter().map(ActivityId).collect())
}

/// Those of these that somebody has looked at wait again. Which.
pub fn reopen(s: &mut dyn Session, ids: &[i64]) -> Result<Vec<ActivityId>, StoreError> {
    let done = locked(s, ids, "done_at IS NOT NULL")?;
    s.execute("UPDATE text_answer SET done_at = NULL, done_by = NULL WHERE activity_id {in:1}", params![&done])?;
    Ok(done.into_iter().map(ActivityId).collect())
}

fn locked(s: &mut dyn Session, ids: &[i64], which: &str) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT activity_id FROM text_answer WHERE activity_id {{in:1}} AND {which} ORDER BY activity_id {{for_update}}"
    );
    s.query_map(&sql, params![ids], |r| Ok(r.int(0)))
}
