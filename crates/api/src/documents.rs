//! Definitions of every kind: one implementation, registered once per kind under its plural.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::definitions::{self, ApplyOptions, DefinitionError};
use caravan_engine::sorting::DefinitionOrder;
use caravan_model::document::{DocumentKind, KINDS};
use caravan_store::documents::{self as rows, DefinitionFilter, DocumentRow};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::{Caller, Giver, Permission, Rights, granted_by, must_cover};
use crate::http::page::{Page, SearchQuery, behind, place_of};
use crate::http::problem::Versions;
use crate::http::{Answer, Done, IfMatch, Json, Operations, Path, Problem, Query};

/// The operations of this file. Journeys have a list of their own, with their counts.
pub fn operations() -> Operations {
    KINDS.iter().fold(Operations::of("Definitions"), |operations, &kind| operations.and(of_kind(kind)))
}

fn of_kind(kind: DocumentKind) -> Operations {
    let (one, all) = (kind.label().to_lowercase(), format!("/api/v1/{}", kind.plural()));
    let path = format!("{all}/{{key}}");
    let mut operations = Operations::of("Definitions");
    if kind != DocumentKind::Journey {
        operations = operations.get(
            &all,
            Permission::ReadDefinitions,
            move |state, query, order| list(kind, state, query, order),
            &format!("Definitions of kind {kind}, by key or in another order"),
        );
    }
    operations
        .get(
            &path,
            Permission::ReadDefinitions,
            move |state, path| show(kind, state, path),
            &format!("The manifest of a definition of kind {kind} ({one})"),
        )
        .put(
            &path,
            permission_to_write(kind),
            move |state, caller, path, query, seen, body| put(kind, state, caller, path, query, seen, body),
            &format!("Apply one manifest of kind {kind}: create it or change it"),
        )
        .delete(
            &path,
            permission_to_write(kind),
            move |state, caller, path, seen| delete(kind, state, caller, path, seen),
            &format!("Take a definition of kind {kind} away, unless it runs or something names it"),
        )
}

/// What one must be allowed to do to change definitions of a kind.
pub(crate) fn permission_to_write(kind: DocumentKind) -> Permission {
    use DocumentKind::*;
    match kind {
        Connection | SendingDomain | Destination | DataFlow | ExternalAction | Webhook | RuleSet => {
            Permission::WriteChannels
        }
        Settings | AccessRole => Permission::WriteSettings,
        Journey | AccountList | Audience | PeopleList | Role | RolesTemplate | SolutionInterest | StageModel
        | Attribute | Score | CustomObject | ActivityType | SmsMessage | ExternalAudience | WeightingModel
        | Persona => Permission::WriteDefinitions,
        Email => Permission::WriteEmails,
        EmailTemplate => Permission::WriteTemplates,
        Fragment => Permission::WriteFragments,
    }
}

/// What one must be allowed to do besides to publish definitions of a kind, where others write them.
pub(crate) fn permission_to_publish(kind: DocumentKind) -> Option<Permission> {
    (kind == DocumentKind::Fragment).then_some(Permission::PublishFragments)
}

/// A manifest as its caller may apply it. One that says nothing of its state would stay published with what it changes: from
/// whoever may not publish, it is a draft.
///
/// # Errors
/// They may not write definitions of this kind, or not publish this one, or not change this role.
pub(crate) fn allowed(
    engine: &Engine,
    caller: &Caller,
    kind: DocumentKind,
    key: &str,
    mut manifest: Value,
) -> Result<Value, Problem> {
    caller.must(permission_to_write(kind))?;
    may_change_role(engine, caller, kind, key, Some(&manifest))?;
    let Some(publishing) = permission_to_publish(kind).filter(|it| !caller.rights.may(*it)) else {
        return Ok(manifest);
    };
    let Some(fields) = manifest.as_object_mut() else { return Ok(manifest) };
    match fields.get("state").filter(|state| !state.is_null()) {
        None => drop(fields.insert("state".to_owned(), "draft".into())),
        Some(state) if state == "draft" => {}
        Some(_) => caller.must(publishing)?,
    }
    Ok(manifest)
}

/// Refuses whoever would change an access role that grants more than their own, or make one: they could give it to
/// themselves. Nothing stands against other kinds.
fn may_change_role(
    engine: &Engine,
    caller: &Caller,
    kind: DocumentKind,
    key: &str,
    becomes: Option<&Value>,
) -> Result<(), Problem> {
    if kind != DocumentKind::AccessRole {
        return Ok(());
    }
    let stored = engine.store().read(|s| Rights::of(s, key))?;
    // What cannot be read is refused for its mistakes.
    let written = becomes.and_then(|body| granted_by(&body.to_string())).map(|granted| Rights::new(key, &granted));
    for rights in stored.iter().chain(&written) {
        must_cover(Giver::Caller(&caller.rights), rights)?;
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
struct DocumentPath {
    /// The definition's key.
    key: String,
}

/// A definition in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct DefinitionRow {
    /// Unique in its kind.
    key: String,
    /// What people read.
    name: String,
    /// Its kind.
    kind: String,
    /// `draft` or `live`.
    state: String,
    /// Whom it is about, where its manifest says so: `account` or `person`.
    subject: Option<String>,
    /// Its type, where its kind has several: of a connection, a list, a text message.
    #[serde(rename = "type")]
    variant: Option<String>,
    /// What its manifest says of it.
    description: Option<String>,
    /// Counts its changes; also its ETag.
    revision: i64,
    /// Number of the version that others read; none before it was published.
    version: Option<i64>,
    /// When it was made.
    created_at: Timestamp,
    /// By whom.
    created_by: String,
    /// When it was last changed.
    updated_at: Timestamp,
    /// By whom.
    updated_by: String,
    /// When it was last published; none before that.
    published_at: Option<Timestamp>,
    /// By whom.
    published_by: Option<String>,
}

/// What lists tell of a manifest beside its envelope.
#[derive(Default, Deserialize)]
struct Told {
    subject: Option<String>,
    #[serde(rename = "type")]
    variant: Option<String>,
    description: Option<String>,
}

/// Which definitions are listed, and in which order.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ListQuery {
    /// Only those in one of these states, separated by commas: `draft`, `live`, `archived`; of journeys also `scheduled`, `closed`,
    /// `finished`, `aborted`, and `paused` for what pauses while it is under way (which then is not found as `live` or `closed`).
    state: Option<String>,
    /// What they are ordered by; by key when left out, which is the order to walk through all of them: no change moves what
    /// is still to come. What is missing stands last.
    #[serde(default)]
    sort: DefinitionOrder,
    /// The highest, or what is latest, first.
    #[serde(default)]
    descending: bool,
}

/// What a list of definitions may be narrowed to.
const STATES: [&str; 8] = ["draft", "scheduled", "live", "paused", "closed", "finished", "aborted", "archived"];

impl ListQuery {
    fn states(&self) -> Result<Vec<String>, Problem> {
        let said =
            self.state.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|state| !state.is_empty());
        said.map(|state| match STATES.contains(&state) {
            true => Ok(state.to_owned()),
            false => {
                let detail =
                    format!("`state` names `{state}`. Name one or more of {}, separated by commas.", STATES.join(", "));
                Err(Problem::bad_request("bad_state", detail))
            }
        })
        .collect()
    }
}

/// A page of definitions of one kind, as `read` tells of them, in their order.
pub(crate) async fn page_of<T: Send + 'static>(
    state: &ApiState,
    kind: DocumentKind,
    query: &SearchQuery,
    list: &ListQuery,
    read: impl Fn(&Engine, &mut dyn Session, Vec<DocumentRow>) -> Result<Vec<T>, Problem> + Send + 'static,
) -> Result<Page<T>, Problem> {
    let sort = list.sort.sort(list.descending);
    let filter = DefinitionFilter { kind: kind.key(), text: query.text().map(str::to_owned), states: list.states()? };
    let (limit, after) = (query.page().limit()?, place_of(query.cursor(), &sort)?);
    let found = state.blocking(move |engine| {
        engine.store().read(|s| {
            let found = behind(rows::page(s, &filter, sort, after.as_ref(), limit + 1))?;
            let (found, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            let found = read(engine, s, found)?.into_iter().zip(places).collect();
            Ok::<_, Problem>((found, rows::count(s, &filter)?))
        })
    });
    let (found, total) = found.await?;
    Ok(Page::ordered(found, limit, &sort).with_total(total))
}

async fn list(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(list): Query<ListQuery>,
) -> Result<Page<DefinitionRow>, Problem> {
    page_of(&state, kind, &query, &list, |_, s, found| Ok(listed(s, found)?)).await
}

fn listed(s: &mut dyn Session, found: Vec<DocumentRow>) -> Result<Vec<DefinitionRow>, StoreError> {
    let live: Vec<i64> = found.iter().filter_map(|row| row.live_version).map(|version| version.0).collect();
    let numbers = rows::version_numbers(s, &live)?;
    let number = |row: &DocumentRow| row.live_version.and_then(|version| numbers.get(&version).copied());
    Ok(found.into_iter().map(|row| in_list(number(&row), row)).collect())
}

fn in_list(version: Option<i64>, row: DocumentRow) -> DefinitionRow {
    let told: Told = serde_json::from_str(&row.body).unwrap_or_default();
    DefinitionRow {
        subject: told.subject,
        variant: told.variant,
        description: told.description.filter(|text| !text.is_empty()),
        key: row.key,
        name: row.name,
        kind: row.kind,
        state: row.state,
        revision: row.revision,
        version,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        published_at: row.published_at,
        published_by: row.published_by,
    }
}

async fn show(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Path(path): Path<DocumentPath>,
) -> Result<Answer<Value>, Problem> {
    state.blocking(move |engine| manifest(engine, kind, &path.key)).await
}

/// The manifest with its revision. The revision is read first: at worst it is older than the manifest, and a write that
/// names it is refused.
fn manifest(engine: &Engine, kind: DocumentKind, key: &str) -> Result<Answer<Value>, Problem> {
    let revision = revision(engine, kind, key)?.ok_or_else(|| unknown(kind, key))?;
    let document = definitions::export(engine, Some(kind), Some(key))?.into_iter().next();
    let document = document.ok_or_else(|| unknown(kind, key))?;
    Ok(Answer::of(document.to_value().map_err(Problem::internal)?).revision(revision))
}

fn revision(engine: &Engine, kind: DocumentKind, key: &str) -> Result<Option<i64>, Problem> {
    let row = engine.store().read(|s| rows::get(s, kind.key(), key))?;
    Ok(row.map(|row| row.revision))
}

fn unknown(kind: DocumentKind, key: &str) -> Problem {
    Problem::not_found("unknown_definition", format!("{} `{key}`", kind.label()))
}

/// How a manifest is applied.
#[derive(Default, Deserialize, JsonSchema)]
struct PutQuery {
    /// Check and say what is wrong, but change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Keep a journey's draft although it cannot be published as it is.
    #[serde(default)]
    incomplete: bool,
}

async fn put(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<DocumentPath>,
    Query(query): Query<PutQuery>,
    seen: Option<IfMatch>,
    Json(body): Json<Value>,
) -> Result<Answer<Value>, Problem> {
    let options = ApplyOptions { dry_run: query.dry_run, incomplete: query.incomplete };
    state
        .blocking(move |engine| {
            let body = named(kind, &path.key, body)?;
            let body = allowed(engine, &caller, kind, &path.key, body)?;
            let stored = revision(engine, kind, &path.key)?;
            let seen = seen_revision(seen.as_ref(), stored)?;
            let report = definitions::put(engine, body.clone(), &caller.actor, options, seen)?;
            if options.dry_run {
                return Ok(Answer::of(body));
            }
            let answer = manifest(engine, kind, &path.key)?;
            Ok(if report.created.is_empty() { answer } else { answer.status(StatusCode::CREATED) })
        })
        .await
}

/// The revision that a write must find; the check here is for a definition that is gone.
fn seen_revision(seen: Option<&IfMatch>, stored: Option<i64>) -> Result<Option<i64>, Problem> {
    IfMatch::check(seen, stored)?;
    Ok(seen.and(stored))
}

/// The manifest with the kind and key of its address, which it may leave out.
fn named(kind: DocumentKind, key: &str, body: Value) -> Result<Value, Problem> {
    let Value::Object(mut fields) = body else {
        return Err(Problem::bad_request("invalid_field", "A manifest is a JSON object.").at(""));
    };
    for (field, expected) in [("kind", kind.key()), ("key", key)] {
        let given = fields.entry(field).or_insert_with(|| expected.into());
        if given != expected {
            let detail = format!("`{field}` is {given}, but the address says `{expected}`. Make them the same.");
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "other_address", detail);
            return Err(problem.at(format!("/{field}")));
        }
    }
    Ok(Value::Object(fields))
}

async fn delete(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<DocumentPath>,
    seen: Option<IfMatch>,
) -> Result<Done, Problem> {
    state
        .blocking(move |engine| {
            may_change_role(engine, &caller, kind, &path.key, None)?;
            let stored = engine.store().read(|s| rows::get(s, kind.key(), &path.key))?;
            // What is published goes with it.
            if stored.as_ref().is_some_and(|row| row.live_version.is_some()) {
                permission_to_publish(kind).map_or(Ok(()), |it| caller.must(it))?;
            }
            let seen = seen_revision(seen.as_ref(), stored.map(|row| row.revision))?;
            definitions::delete(engine, kind, &path.key, seen)?;
            Ok(Done::default())
        })
        .await
}

impl From<DefinitionError> for Problem {
    fn from(error: DefinitionError) -> Self {
        match error {
            DefinitionError::Findings(findings) => Self::findings(findings),
            DefinitionError::Unknown { .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown_definition", error.to_string())
            }
            DefinitionError::Stale { yours, stored } => {
                Self::stale(Versions { yours: yours.to_string(), current: Some(stored.to_string()) })
            }
            DefinitionError::Store(error) => error.into(),
        }
    }
}
