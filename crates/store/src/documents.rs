//! Definitions: one table for everything a person designs, one for its published versions.

use std::collections::HashMap;

use caravan_model::clock::{from_micros, to_micros};
use caravan_model::{DocumentId, VersionId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::group_pages::Where;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::params;
use crate::people::pattern;
use crate::session::{Param, Row, Session, SessionExt};

/// A definition as stored; `body` is the draft, as JSON text in the order in which it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its id.
    pub id: DocumentId,
    /// `journey`, `account_list` …
    pub kind: String,
    /// Unique in its kind.
    pub key: String,
    /// Shown.
    pub name: String,
    /// `draft`, `live`, and for journeys also `scheduled`, `closed`, `aborted`, `finished`.
    pub state: String,
    /// Counts its changes; stale writes are refused by it.
    pub revision: i64,
    /// The version that new travellers take, and that others read.
    pub live_version: Option<VersionId>,
    /// A paused journey moves nobody.
    pub paused: bool,
    /// When a scheduled journey begins.
    pub starts_at: Option<Timestamp>,
    /// When a journey ends.
    pub ends_at: Option<Timestamp>,
    /// The draft.
    pub body: String,
    /// When and by whom.
    pub created_at: Timestamp,
    /// By whom it was made.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// When it was last published.
    pub published_at: Option<Timestamp>,
    /// By whom.
    pub published_by: Option<String>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Its id.
    pub id: VersionId,
    /// Whose.
    pub document: DocumentId,
    /// 1, 2, 3 …
    pub no: i64,
    /// As it was published, JSON text.
    pub body: String,
    /// The emails, texts and fragments it uses, JSON text.
    pub frozen: String,
    /// When.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: String,
}

const DOCUMENT: &str = "id, kind, key, name, state, revision, live_version_id, paused, starts_at, ends_at, body, \
     created_at, created_by, updated_at, updated_by, published_at, published_by";
const DOCUMENT_WIDTH: usize = 17;
const VERSION: &str = "id, document_id, no, body, frozen, published_at, published_by";

fn read_document(r: &dyn Row) -> DocumentRow {
    DocumentRow {
        id: DocumentId(r.int(0)),
        kind: r.text(1).to_owned(),
        key: r.text(2).to_owned(),
        name: r.text(3).to_owned(),
        state: r.text(4).to_owned(),
        revision: r.int(5),
        live_version: r.opt_int(6).map(VersionId),
        paused: r.bool(7),
        starts_at: r.opt_int(8).map(from_micros),
        ends_at: r.opt_int(9).map(from_micros),
        body: r.text(10).to_owned(),
        created_at: from_micros(r.int(11)),
        created_by: r.text(12).to_owned(),
        updated_at: from_micros(r.int(13)),
        updated_by: r.text(14).to_owned(),
        published_at: r.opt_int(15).map(from_micros),
        published_by: r.opt_text(16).map(str::to_owned),
    }
}

fn read_version(r: &dyn Row) -> VersionRow {
    VersionRow {
        id: VersionId(r.int(0)),
        document: DocumentId(r.int(1)),
        no: r.int(2),
        body: r.text(3).to_owned(),
        frozen: r.text(4).to_owned(),
        published_at: from_micros(r.int(5)),
        published_by: r.text(6).to_owned(),
    }
}

fn documents(s: &mut dyn Session, sql: &str, params: &[Param]) -> Result<Vec<DocumentRow>, StoreError> {
    let mut rows = Vec::new();
    s.query(sql, params, &mut |r| {
        rows.push(read_document(r));
        Ok(())
    })?;
    Ok(rows)
}

/// How often definitions have changed: compiled plans look again when it moved.
pub fn revision(s: &mut dyn Session) -> Result<i64, StoreError> {
    let mut revision = 0;
    s.query("SELECT revision FROM definitions_revision", &[], &mut |r| {
        revision = r.int(0);
        Ok(())
    })?;
    Ok(revision)
}

/// Takes the one lock under which definitions are changed, and counts the change. First statement of such a change.
pub fn begin_change(s: &mut dyn Session) -> Result<(), StoreError> {
    s.execute("UPDATE definitions_revision SET revision = revision + 1", &[])?;
    Ok(())
}

/// Every definition.
pub fn all(s: &mut dyn Session) -> Result<Vec<DocumentRow>, StoreError> {
    documents(s, &format!("SELECT {DOCUMENT} FROM document ORDER BY id"), &[])
}

/// One definition.
pub fn get(s: &mut dyn Session, kind: &str, key: &str) -> Result<Option<DocumentRow>, StoreError> {
    let sql = format!("SELECT {DOCUMENT} FROM document WHERE kind = $1 AND key = $2");
    Ok(documents(s, &sql, &[Param::Text(kind), Param::Text(key)])?.pop())
}

/// Sees to it that nobody takes a definition away before this transaction ends.
pub fn hold(s: &mut dyn Session, kind: &str, key: &str) -> Result<(), StoreError> {
    let sql = "SELECT id FROM document WHERE kind = $1 AND key = $2 {for_update}";
    s.query(sql, &[Param::Text(kind), Param::Text(key)], &mut |_| Ok(()))
}

/// One definition by id.
pub fn get_by_id(s: &mut dyn Session, id: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
    Ok(documents(s, &format!("SELECT {DOCUMENT} FROM document WHERE id = $1"), &[Param::Int(id.0)])?.pop())
}

/// The definitions of a kind, by key, at most `most`.
pub fn all_of(s: &mut dyn Session, kind: &str, most: usize) -> Result<Vec<DocumentRow>, StoreError> {
    let sql = format!("SELECT {DOCUMENT} FROM document WHERE kind = $1 ORDER BY key LIMIT $2");
    documents(s, &sql, &[Param::Text(kind), Param::Int(most as i64)])
}

/// What a list of definitions may be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionBy {
    /// The key. Index: `document_key`.
    Key,
    /// The name.
    Name,
    /// The state.
    State,
    /// When it was made.
    Created,
    /// When it was last changed. Index: `document_updated`.
    Updated,
    /// By whom it was last changed.
    UpdatedBy,
    /// When it was last published.
    Published,
    /// By whom it was last published.
    PublishedBy,
}

fn order(s: &dyn Session, by: DefinitionBy) -> Key {
    match by {
        DefinitionBy::Key => Key::plain_text("key"),
        DefinitionBy::Name => Key::text(s, "COALESCE(NULLIF(name, ''), key)"),
        DefinitionBy::State => Key::text(s, "state"),
        DefinitionBy::Created => Key::whole("created_at"),
        DefinitionBy::Updated => Key::whole("updated_at"),
        DefinitionBy::UpdatedBy => Key::text(s, "updated_by"),
        DefinitionBy::Published => Key::opt_whole("published_at"),
        DefinitionBy::PublishedBy => Key::text(s, "published_by"),
    }
}

/// Which definitions a list shows.
#[derive(Debug, Clone, Default)]
pub struct DefinitionFilter {
    /// Their kind.
    pub kind: &'static str,
    /// A text that occurs in their key or name, small and capital letters alike.
    pub text: Option<String>,
    /// The states that they are in; any where there is none. What pauses while it is under way is `paused`, not `live` or `closed`.
    pub states: Vec<String>,
}

impl DefinitionFilter {
    /// All of a kind.
    pub fn all_of(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    fn conditions<'a>(&'a self, pattern: Option<&'a str>) -> Where<'a> {
        let mut conditions = Where { sql: "document WHERE kind = $1".to_owned(), params: vec![Param::Text(self.kind)] };
        if let Some(pattern) = pattern {
            let either = "(caravan_fold(key) LIKE caravan_fold($) ESCAPE '\\' OR caravan_fold(name) LIKE caravan_fold($) ESCAPE '\\')";
            conditions.and(either, pattern);
        }
        if !self.states.is_empty() {
            let shown = "CASE WHEN paused AND state IN ('scheduled', 'live', 'closed') THEN 'paused' ELSE state END";
            conditions.params.push(Param::Strings(&self.states));
            conditions.sql.push_str(&format!(" AND {shown} {{in:{}}}", conditions.params.len()));
        }
        conditions
    }
}

/// The next `most` definitions of a list behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    filter: &DefinitionFilter,
    sort: Sort<DefinitionBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(DocumentRow, Place)>, StoreError> {
    let pattern = filter.text.as_deref().map(|text| pattern(s, text));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    let listing = Listing { columns: DOCUMENT, width: DOCUMENT_WIDTH, from: &sql, id: "id", params };
    let sort = Sort { by: order(s, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, |r| Ok(read_document(r)))
}

/// How many definitions a list has.
pub fn count(s: &mut dyn Session, filter: &DefinitionFilter) -> Result<i64, StoreError> {
    let pattern = filter.text.as_deref().map(|text| pattern(s, text));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    s.query_int(&format!("SELECT COUNT(*) FROM {sql}"), &params)
}

/// Writes a definition, new or changed, as given.
pub fn put(s: &mut dyn Session, d: &DocumentRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO document (id, kind, key, name, state, revision, live_version_id, paused, starts_at, ends_at, body,
             created_at, created_by, updated_at, updated_by, published_at, published_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state, revision = excluded.revision,
             live_version_id = excluded.live_version_id, paused = excluded.paused, starts_at = excluded.starts_at,
             ends_at = excluded.ends_at, body = excluded.body, updated_at = excluded.updated_at,
             updated_by = excluded.updated_by, published_at = excluded.published_at,
             published_by = excluded.published_by",
        &[
            Param::Int(d.id.0),
            Param::Text(&d.kind),
            Param::Text(&d.key),
            Param::Text(&d.name),
            Param::Text(&d.state),
            Param::Int(d.revision),
            Param::from(d.live_version.map(|v| v.0)),
            Param::Bool(d.paused),
            Param::from(d.starts_at.map(to_micros)),
            Param::from(d.ends_at.map(to_micros)),
            Param::Text(&d.body),
            Param::Int(to_micros(d.created_at)),
            Param::Text(&d.created_by),
            Param::Int(to_micros(d.updated_at)),
            Param::Text(&d.updated_by),
            Param::from(d.published_at.map(to_micros)),
            Param::from(d.published_by.as_deref()),
        ],
    )?;
    Ok(())
}

/// Moves a journey to another state.
pub fn set_state(s: &mut dyn Session, id: DocumentId, state: &str) -> Result<(), StoreError> {
    s.execute("UPDATE document SET state = $2 WHERE id = $1", &[Param::Int(id.0), Param::Text(state)])?;
    Ok(())
}

/// Pauses a definition, or lets it go on.
pub fn set_paused(s: &mut dyn Session, id: DocumentId, paused: bool) -> Result<(), StoreError> {
    s.execute("UPDATE document SET paused = $2 WHERE id = $1", &[Param::Int(id.0), Param::Bool(paused)])?;
    Ok(())
}

/// Takes a definition away, with its versions.
pub fn delete(s: &mut dyn Session, id: DocumentId) -> Result<(), StoreError> {
    s.execute("DELETE FROM document WHERE id = $1", &[Param::Int(id.0)])?;
    Ok(())
}

/// Adds a published version.
pub fn insert_version(s: &mut dyn Session, v: &VersionRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO document_version (id, document_id, no, body, frozen, published_at, published_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            Param::Int(v.id.0),
            Param::Int(v.document.0),
            Param::Int(v.no),
            Param::Text(&v.body),
            Param::Text(&v.frozen),
            Param::Int(to_micros(v.published_at)),
            Param::Text(&v.published_by),
        ],
    )?;
    Ok(())
}

/// A version by id.
pub fn version(s: &mut dyn Session, id: VersionId) -> Result<Option<VersionRow>, StoreError> {
    versions(s, &format!("SELECT {VERSION} FROM document_version WHERE id = $1"), &[Param::Int(id.0)])
        .map(|mut rows| rows.pop())
}

/// The numbers of these versions.
pub fn version_numbers(s: &mut dyn Session, ids: &[i64]) -> Result<HashMap<VersionId, i64>, StoreError> {
    let sql = "SELECT id, no FROM document_version WHERE id {in:1}";
    let found = s.query_map(sql, params![ids], |r| Ok((VersionId(r.int(0)), r.int(1))))?;
    Ok(found.into_iter().collect())
}

/// All versions of a definition, oldest first.
pub fn versions_of(s: &mut dyn Session, id: DocumentId) -> Result<Vec<VersionRow>, StoreError> {
    versions(
        s,
        &format!("SELECT {VERSION} FROM document_version WHERE document_id = $1 ORDER BY no"),
        &[Param::Int(id.0)],
    )
}

fn versions(s: &mut dyn Session, sql: &str, params: &[Param]) -> Result<Vec<VersionRow>, StoreError> {
    let mut rows = Vec::new();
    s.query(sql, params, &mut |r| {
        rows.push(read_version(r));
        Ok(())
    })?;
    Ok(rows)
}

/// Says which activity types a version or a condition hears; replaces what it said before.
pub fn set_heard(
    s: &mut dyn Session,
    document: DocumentId,
    version: VersionId,
    activities: &[String],
) -> Result<(), StoreError> {
    s.execute(
        "DELETE FROM heard WHERE document_id = $1 AND version_id = $2",
        &[Param::Int(document.0), Param::Int(version.0)],
    )?;
    for activity in activities {
        s.execute(
            "INSERT INTO heard (document_id, version_id, activity) VALUES ($1, $2, $3)",
            &[Param::Int(document.0), Param::Int(version.0), Param::Text(activity)],
        )?;
    }
    Ok(())
}

/// Every activity type that anything live hears. Read in the transaction that writes activities, so that no wake-up
/// is lost: whoever begins to listen after it was read counts activities from then on only.
pub fn heard(s: &mut dyn Session) -> Result<Vec<String>, StoreError> {
    let mut rows = Vec::new();
    s.query("SELECT DISTINCT activity FROM heard", &[], &mut |r| {
        rows.push(r.text(0).to_owned());
        Ok(())
    })?;
    Ok(rows)
}
