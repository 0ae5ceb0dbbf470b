//! The life of a journey: publish, pause, resume, close, abort, and what the calendar does.

mod checks;
mod duplicate;
mod feeders;
mod review;

use std::collections::BTreeMap;

use caravan_catalog::{Actions, Definitions};
use caravan_model::document::{Body, Document, DocumentKind, Reference};
use caravan_model::journey::Journey;
use caravan_model::{DocumentId, EnrollmentId, Finding, Shard};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::step::{self, NewInbox};
use caravan_store::{Session, StoreError, journeys};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::compile::{Identity, compile};
use crate::definitions::{DefinitionError, add_version, body_of, make_inline, stored_document};
use crate::inbox::Command;
use crate::live::{definitions_of, journey_of};
use crate::walk::Cause;

pub use self::checks::findings_against;
use self::checks::{against_a_new_version, connections_failing, consents_ending, domains_unverified, owners_missing};
pub use self::duplicate::{Duplicate, DuplicateMode, duplicate};
pub use self::feeders::{Feeder, feeders};
use self::feeders::{feeders_of, warnings};
pub use self::review::{Review, Standing, review};

/// How many trips one command ends.
const TRIPS_PER_COMMAND: usize = 500;

/// A journey that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Published {
    /// Its key.
    pub key: String,
    /// The version that new travellers take.
    pub version: i64,
    /// `live`, or `scheduled` until its start.
    pub state: String,
    /// What is allowed but may not be meant.
    pub warnings: Vec<Finding>,
}

/// Publishes drafts together, so that journeys may point at each other; all or none.
///
/// # Errors
/// Every finding that stands against any of them.
pub fn publish(engine: &Engine, keys: &[String], actor: &str) -> Result<Vec<Published>, DefinitionError> {
    publish_where(engine, keys, actor, |_| true)
}

/// Publishes journeys on a copy where nothing is called: their services need not have been registered.
///
/// # Errors
/// As of [`publish`].
pub(crate) fn rehearse(engine: &Engine, keys: &[String], actor: &str) -> Result<Vec<Published>, DefinitionError> {
    publish_where(engine, keys, actor, |finding| finding.code != checks::NOT_REGISTERED)
}

/// Publishes unless an error stands against it that `counts`.
fn publish_where(
    engine: &Engine,
    keys: &[String],
    actor: &str,
    counts: fn(&Finding) -> bool,
) -> Result<Vec<Published>, DefinitionError> {
    make_inline(engine, keys, actor)?;
    let published = engine.store().write(|s| {
        documents::begin_change(s)?;
        let now = s.now()?;
        let drafts = keys.iter().map(|key| draft(s, key)).collect::<Result<Vec<_>, _>>()?;
        let rows = documents::all(s)?;
        let definitions = definitions_of(s, &rows)?.as_if_live(keys);
        let mut findings = Vec::new();
        for (row, document) in &drafts {
            findings.extend(findings_against(document, &definitions, now, engine.public_url()));
            findings.extend(against_a_new_version(s, row, document)?);
            findings.extend(owners_missing(s, document, &definitions)?);
            findings.extend(connections_failing(s, document, &definitions)?);
            findings.extend(domains_unverified(s, document, &definitions)?);
            findings.extend(consents_ending(s, document, &definitions)?);
        }
        findings.retain(counts);
        if findings.iter().any(Finding::is_error) {
            return Err(DefinitionError::Findings(findings));
        }
        let mut published = Vec::new();
        for (row, document) in &drafts {
            published.push(publish_one(s, row, document, &rows, &definitions, now, actor, &findings)?);
        }
        Ok(published)
    })?;
    engine.poke();
    Ok(published)
}

fn draft(s: &mut dyn Session, key: &str) -> Result<(DocumentRow, Document), DefinitionError> {
    let row = journey_row(s, key)?;
    if !matches!(row.state.as_str(), "draft" | "live") {
        let message = format!(
            "Journey `{key}` is {}; only a draft, or a new version of a live one, can be published.",
            row.state
        );
        return Err(Finding::error("wrong_state", "", message).into());
    }
    let Some(document) = stored_document(&row) else {
        return Err(Finding::error("unreadable", "", format!("Journey `{key}` cannot be read. Apply it again.")).into());
    };
    Ok((row, document))
}

fn journey_row(s: &mut dyn Session, key: &str) -> Result<DocumentRow, DefinitionError> {
    documents::get(s, DocumentKind::Journey.key(), key)?
        .ok_or_else(|| DefinitionError::Unknown { kind: "journey".to_owned(), key: key.to_owned() })
}

#[expect(clippy::too_many_arguments, reason = "one publish, spelled out")]
fn publish_one(
    s: &mut dyn Session,
    row: &DocumentRow,
    document: &Document,
    rows: &[DocumentRow],
    definitions: &Definitions,
    now: Timestamp,
    actor: &str,
    findings: &[Finding],
) -> Result<Published, DefinitionError> {
    let Some(journey) = document.body.journey() else {
        return Err(Finding::error("not_a_journey", "", "Only journeys are published.").into());
    };
    let frozen = freeze(document, rows, definitions);
    let version = add_version(s, row.id, &row.body, &frozen, now, actor)?;
    let starts_at = journey.start.filter(|start| *start > now && row.state == "draft");
    let state = if starts_at.is_some() { "scheduled" } else { "live" };
    let identity = Identity { journey: row.id, key: row.key.clone(), version, version_no: 0 };
    let hears = compile(&identity, journey, definitions).map(|plan| plan.hears).unwrap_or_default();
    documents::set_heard(s, row.id, version, &hears)?;
    let changed = DocumentRow {
        state: state.to_owned(),
        live_version: Some(version),
        starts_at: Some(starts_at.unwrap_or(row.starts_at.unwrap_or(now))),
        ends_at: journey.end,
        published_at: Some(now),
        published_by: Some(actor.to_owned()),
        ..row.clone()
    };
    documents::put(s, &changed)?;
    if state == "live" {
        open(s, row.id, journey.goal.is_some(), now)?;
    }
    let no = documents::versions_of(s, row.id)?.last().map_or(1, |v| v.no);
    let warnings = findings.to_vec();
    Ok(Published { key: row.key.clone(), version: no, state: state.to_owned(), warnings })
}

/// The audience is let in; who meets the goal already is noted first.
fn open(s: &mut dyn Session, journey: DocumentId, has_goal: bool, now: Timestamp) -> Result<(), StoreError> {
    if has_goal {
        step::insert_inbox(s, &Command::Evaluate { list: journey, after: 0 }.to_all(now))?;
    }
    step::insert_inbox(s, &Command::Open { journey, after: 0 }.to_all(now))
}

/// The content that a version uses, as it is now: `{KIND: {KEY: body}}`. A later change of an email, or of a saved
/// condition that it names, does not reach a version that was published before.
fn freeze(document: &Document, rows: &[DocumentRow], definitions: &Definitions) -> String {
    freeze_named(document.references(&definitions.schema, &Actions), rows, definitions)
}

/// The same for an email that no journey sends.
pub(crate) fn freeze_email(email: &Document, rows: &[DocumentRow], definitions: &Definitions) -> String {
    freeze_named(vec![Reference::new(DocumentKind::Email, email.key(), "")], rows, definitions)
}

fn freeze_named(mut todo: Vec<Reference>, rows: &[DocumentRow], definitions: &Definitions) -> String {
    let content = [DocumentKind::Email, DocumentKind::SmsMessage, DocumentKind::Fragment, DocumentKind::EmailTemplate];
    let mut frozen: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    while let Some(reference) = todo.pop() {
        if !content.contains(&reference.kind) {
            continue;
        }
        let of_kind = frozen.entry(reference.kind.key()).or_default();
        if of_kind.contains_key(&reference.key) {
            continue;
        }
        let Some(definition) = definitions.get(reference.kind, &reference.key) else { continue };
        of_kind.insert(reference.key.clone(), definitions.with_saved_conditions(&definition.body));
        let named = rows.iter().find(|row| row.id == definition.id).and_then(stored_document);
        todo.extend(named.map(|d| d.references(&definitions.schema, &Actions)).unwrap_or_default());
    }
    if frozen.contains_key(DocumentKind::Email.key()) {
        frozen.extend(around_emails(definitions));
    }
    serde_json::to_string(&frozen).unwrap_or_else(|_| "{}".to_owned())
}

/// What the settings say about every email (what goes around it, the language of those that do not say theirs), where they say
/// anything.
pub(crate) fn around_emails(definitions: &Definitions) -> Option<(&'static str, Map<String, Json>)> {
    let settings = definitions.of_kind(DocumentKind::Settings).next()?;
    let mut kept = Map::new();
    kept.extend(settings.body.get("emails").map(|around| ("emails".to_owned(), around.clone())));
    let language = settings.body.pointer("/languages/0");
    kept.extend(language.map(|first| ("languages".to_owned(), Json::Array(vec![first.clone()]))));
    let kept = Some(kept).filter(|kept| !kept.is_empty())?;
    Some((DocumentKind::Settings.key(), Map::from_iter([(settings.key.clone(), Json::Object(kept))])))
}

/// Moves the end date of a journey that is live or scheduled, in its draft too.
///
/// # Errors
/// It is neither; the date has passed, or lies more than three years after the start.
pub fn move_end(engine: &Engine, key: &str, end: Timestamp, actor: &str) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        documents::begin_change(s)?;
        let now = s.now()?;
        let row = journey_row(s, key)?;
        if !matches!(row.state.as_str(), "live" | "scheduled") {
            let message =
                format!("Journey `{key}` is {}; only the end of a live or scheduled one is moved.", row.state);
            return Err(Finding::error("wrong_state", "", message).into());
        }
        let unreadable =
            || Finding::error("unreadable", "", format!("Journey `{key}` cannot be read. Apply it again."));
        let mut document = stored_document(&row).ok_or_else(unreadable)?;
        let Body::Journey(journey) = &mut document.body else { return Err(unreadable().into()) };
        journey.end = Some(end);
        // The start of a journey that runs is when it began.
        let begun = journey.start.or(row.starts_at);
        let dated = Journey { start: begun, ..journey.as_ref().clone() };
        let findings: Vec<Finding> = dated
            .check(now, &Actions)
            .into_iter()
            .filter(|finding| finding.pointer == "/end" && finding.is_error())
            .collect();
        if !findings.is_empty() {
            return Err(DefinitionError::Findings(findings));
        }
        let changed = DocumentRow {
            body: body_of(&document)?,
            ends_at: Some(end),
            revision: row.revision + 1,
            updated_at: now,
            updated_by: actor.to_owned(),
            ..row
        };
        Ok::<_, DefinitionError>(documents::put(s, &changed)?)
    })?;
    engine.poke();
    Ok(())
}

/// What a person does to a journey that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Moves nobody and sends nothing; events keep arriving and count.
    Pause,
    /// Goes on; due times that passed are due now.
    Resume,
    /// Takes nobody in any more.
    Close,
    /// Every traveller stops where it stands.
    Abort,
}

/// Pauses, resumes, closes or aborts a journey. Returns warnings: what others do that does nothing from now on.
///
/// # Errors
/// `wrong_state` with what may be done instead.
pub fn command(engine: &Engine, key: &str, verb: Verb, actor: &str) -> Result<Vec<Finding>, DefinitionError> {
    let warnings = engine.store().write(|s| {
        documents::begin_change(s)?;
        let now = s.now()?;
        let row = journey_row(s, key)?;
        let state = row.state.as_str();
        let refuse = |what: &str| -> DefinitionError {
            let message = format!("Journey `{key}` is {state}{}; {what}", if row.paused { " and paused" } else { "" });
            Finding::error("wrong_state", "", message).into()
        };
        match verb {
            Verb::Pause if matches!(state, "live" | "closed") && !row.paused => {
                documents::put(s, &DocumentRow { paused: true, ..row })?;
            }
            Verb::Pause => return Err(refuse("only a live or closed journey that is not paused can be paused.")),
            Verb::Resume if row.paused => {
                let id = row.id;
                documents::put(s, &DocumentRow { paused: false, ..row })?;
                step::insert_inbox(s, &Command::Resume { journey: id }.to_all(now))?;
            }
            Verb::Resume => return Err(refuse("only a paused journey can be resumed.")),
            Verb::Close if state == "live" => documents::set_state(s, row.id, "closed")?,
            Verb::Close => return Err(refuse("only a live journey can be closed to new entries.")),
            Verb::Abort if matches!(state, "live" | "closed" | "scheduled") => {
                documents::put(s, &DocumentRow { paused: false, state: "aborted".to_owned(), ..row.clone() })?;
                end_everybody(s, row.id, "aborted", Some(&Cause::hand(actor, "abort")), now)?;
            }
            Verb::Abort => return Err(refuse("only a live, closed or scheduled journey can be aborted.")),
        }
        Ok(warnings(verb, &feeders_of(s, key)?))
    })?;
    engine.poke();
    Ok(warnings)
}

/// Ends every trip of a journey through the inboxes of its travellers' shards.
fn end_everybody(
    s: &mut dyn Session,
    journey: DocumentId,
    outcome: &str,
    by: Option<&Cause>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_shard: BTreeMap<Shard, Vec<EnrollmentId>> = BTreeMap::new();
    for (trip, shard) in journeys::active_trips(s, journey)? {
        by_shard.entry(shard).or_default().push(trip);
    }
    let mut rows: Vec<NewInbox> = Vec::new();
    for (shard, trips) in by_shard {
        for part in trips.chunks(TRIPS_PER_COMMAND) {
            rows.push(
                Command::End { trips: part.to_vec(), outcome: outcome.to_owned(), by: by.cloned() }.to(shard, now),
            );
        }
    }
    step::insert_inbox(s, &rows)
}

/// Does what the calendar asks for: scheduled journeys begin, those whose end has come end everybody, closed ones
/// without travellers finish. Returns whether anything happened.
pub fn tick(engine: &Engine) -> Result<bool, StoreError> {
    let due = engine.store().read(|s| {
        let now = s.now()?;
        let live = engine.live(s)?;
        let mut due = false;
        for journey in live.journeys.values() {
            due |= match journey.state.as_str() {
                "scheduled" => journey.starts_at.is_none_or(|at| at <= now),
                "live" => journey.ends_at.is_some_and(|at| at <= now),
                "closed" => journey.ends_at.is_some_and(|at| at <= now) || journeys::active(s, journey.id)? == 0,
                _ => false,
            };
        }
        Ok::<_, StoreError>(due)
    })?;
    if !due {
        return Ok(false);
    }
    engine.store().write(|s| {
        documents::begin_change(s)?;
        let now = s.now()?;
        let mut happened = false;
        for row in documents::all(s)?.into_iter().filter(|row| row.kind == DocumentKind::Journey.key()) {
            happened |= tick_one(s, &row, now)?;
        }
        Ok::<_, StoreError>(happened)
    })
}

fn tick_one(s: &mut dyn Session, row: &DocumentRow, now: Timestamp) -> Result<bool, StoreError> {
    let over = row.ends_at.is_some_and(|at| at <= now);
    match row.state.as_str() {
        "scheduled" if row.starts_at.is_none_or(|at| at <= now) => {
            documents::set_state(s, row.id, "live")?;
            let has_goal = journey_of(&row.body).is_ok_and(|journey| journey.goal.is_some());
            open(s, row.id, has_goal, now)?;
        }
        "live" | "closed" if over => {
            documents::put(s, &DocumentRow { state: "finished".to_owned(), paused: false, ..row.clone() })?;
            end_everybody(s, row.id, "expired", None, now)?;
        }
        "closed" if journeys::active(s, row.id)? == 0 => documents::set_state(s, row.id, "finished")?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The next instant at which the calendar asks for something.
pub fn next_tick(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let next = live.journeys.values().filter_map(|journey| match journey.state.as_str() {
            "scheduled" => journey.starts_at,
            "live" | "closed" => journey.ends_at,
            _ => None,
        });
        Ok(next.min())
    })
}
