//! Segment's calls, as what they mean here: `identify` is a person, `group` an account and the person's relation to it,
//! `track` and `page` are activities.
//!
//! Names are turned from `camelCase` into `snake_case`. Traits that are no attribute, or hold what the attribute cannot
//! take, are passed over: whoever sends them cannot read our answer.

use std::collections::{HashMap, HashSet};

use caravan_connect::tracking::{SigningKeys, without_visitor};
use caravan_model::attribute::{Attribute, AttributeSet, Schema, Subject};
use caravan_model::value::{Value, ValueType, read_instant};
use caravan_store::{Session, StoreError, documents, intake, visitors};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::live::Live;
use crate::tracking::visitor_of;

use super::draft::Draft;
use super::ingest::{self, IncomingActivity};
use super::run::committed;
use super::single::{apply, draft_of};
use super::{ImportError, Reject};

/// What activities and changes from Segment calls name as their source.
const SOURCE: &str = "segment";

/// The longest key and message id, in characters.
const MAX_KEY_CHARS: usize = 255;

/// The kind of a call: the last part of its address, or `type` in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// Who somebody is.
    Identify,
    /// Which account somebody belongs to.
    Group,
    /// Something somebody did.
    Track,
    /// A page somebody looked at.
    Page,
    /// `screen`, `alias`: accepted, and without meaning here.
    Other,
}

impl CallKind {
    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "identify" => Some(Self::Identify),
            "group" => Some(Self::Group),
            "track" => Some(Self::Track),
            "page" => Some(Self::Page),
            "screen" | "alias" => Some(Self::Other),
            _ => None,
        }
    }
}

/// A visitor of a web site who has not said who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The id that the site gave their browser.
    pub anonymous_id: Option<String>,
    /// What the address of the page told, where they came by a link of a message.
    pub token: Option<String>,
}

/// What a call means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// A row of people.
    Person(Map<String, Json>),
    /// A row of accounts, and one of people when the call names a person.
    Account(Map<String, Json>, Option<Map<String, Json>>),
    /// An activity.
    Activity(IncomingActivity),
    /// What a visitor did who may have been recognised.
    Visit(IncomingActivity, Visitor),
    /// Nothing that is kept: nobody is known by it.
    Nothing,
}

/// One call with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `messageId`: counts once.
    pub message_id: Option<String>,
    /// What it means.
    pub meaning: Meaning,
}

/// What became of calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SegmentReport {
    /// Taken in.
    pub accepted: u64,
    /// Received before.
    pub repeated: u64,
    /// Of somebody who is not yet known; kept for 30 days.
    pub parked: u64,
    /// Anonymous, or of a kind without meaning here.
    pub ignored: u64,
    /// Not taken; the line is the call's place in the batch, counted from 1.
    pub rejects: Vec<Reject>,
}

/// Reads the body of `/v1/batch`.
///
/// # Errors
/// It holds no batch.
pub fn batch(body: &Json, schema: &Schema, now: Timestamp) -> Result<Vec<Call>, ImportError> {
    let calls = body.get("batch").and_then(Json::as_array).ok_or_else(|| {
        let message = "A batch is an object with a list `batch` of calls. Send that.";
        ImportError::file("invalid_batch", message.to_owned())
    })?;
    let read = |call: &Json| {
        let kind = call.get("type").and_then(Json::as_str).and_then(CallKind::parse).unwrap_or(CallKind::Other);
        read(kind, call, schema, now)
    };
    Ok(calls.iter().map(read).collect())
}

/// Reads one call.
pub fn read(kind: CallKind, body: &Json, schema: &Schema, now: Timestamp) -> Call {
    let message_id = text(body, "messageId").filter(|id| id.chars().count() <= MAX_KEY_CHARS);
    let meaning = match kind {
        CallKind::Identify => identify(body, schema),
        CallKind::Group => group(body, schema),
        CallKind::Track => track(body, message_id.clone(), now),
        CallKind::Page => page(body, message_id.clone(), now),
        CallKind::Other => Meaning::Nothing,
    };
    Call { message_id, meaning }
}

fn identify(body: &Json, schema: &Schema) -> Meaning {
    let Some(key) = text(body, "userId") else { return Meaning::Nothing };
    let mut row = traits_of(body, &schema.person, PERSON_NAMES);
    row.insert("key".to_owned(), key.into());
    Meaning::Person(row)
}

fn group(body: &Json, schema: &Schema) -> Meaning {
    let Some(key) = text(body, "groupId") else { return Meaning::Nothing };
    let mut row = traits_of(body, &schema.account, ACCOUNT_NAMES);
    row.insert("key".to_owned(), key.clone().into());
    let person = text(body, "userId").map(|user| {
        Map::from_iter([("key".to_owned(), Json::from(user)), ("account_key".to_owned(), Json::from(key))])
    });
    Meaning::Account(row, person)
}

fn track(body: &Json, message_id: Option<String>, now: Timestamp) -> Meaning {
    let kind = text(body, "event").map(|event| snake_case(&event)).filter(|kind| !kind.is_empty());
    kind.map_or(Meaning::Nothing, |kind| activity(kind, body, message_id, now))
}

fn page(body: &Json, message_id: Option<String>, now: Timestamp) -> Meaning {
    let mut meaning = activity("page_viewed".to_owned(), body, message_id, now);
    let (Meaning::Activity(activity) | Meaning::Visit(activity, _)) = &mut meaning else { return meaning };
    if let Some(name) = text(body, "name") {
        activity.fields.entry("name").or_insert(name.into());
    }
    if !activity.fields.contains_key("url")
        && let Some(url) = body.pointer("/context/page/url").and_then(Json::as_str)
    {
        activity.fields.insert("url".to_owned(), without_visitor(url).0.into());
    }
    meaning
}

fn activity(kind: String, body: &Json, message_id: Option<String>, now: Timestamp) -> Meaning {
    let person_key = text(body, "userId");
    let account_key = body.get("context").and_then(|context| text(context, "groupId"));
    let visitor = Visitor { anonymous_id: text(body, "anonymousId"), token: told_by_address(body) };
    let is_visitor = person_key.is_none() && (visitor.anonymous_id.is_some() || visitor.token.is_some());
    if person_key.is_none() && account_key.is_none() && !is_visitor {
        return Meaning::Nothing;
    }
    let at = text(body, "timestamp").and_then(|at| read_instant(&at)).unwrap_or(now);
    let properties = body.get("properties").and_then(Json::as_object);
    let fields = properties.into_iter().flatten().filter_map(field).collect();
    let (source, external_id) = (SOURCE.to_owned(), message_id);
    let activity = IncomingActivity { source, external_id, kind, at, person_key, account_key, fields };
    if is_visitor { Meaning::Visit(activity, visitor) } else { Meaning::Activity(activity) }
}

/// What the address of the page says about who comes: clients send it along with everything that is done there.
fn told_by_address(body: &Json) -> Option<String> {
    let addresses = ["/context/page/url", "/properties/url"].into_iter().filter_map(|at| body.pointer(at)?.as_str());
    addresses.filter_map(|address| without_visitor(address).1).find(|token| !token.is_empty())
}

/// A property as a field; lists and objects are passed over, conditions could not ask for them.
fn field((name, value): (&String, &Json)) -> Option<(String, Json)> {
    let name = snake_case(name);
    let storable = match value {
        // Who came is kept apart, and not in every address.
        Json::String(text) => Json::String(without_visitor(&text.replace('\0', "")).0),
        Json::Number(_) | Json::Bool(_) => value.clone(),
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    };
    (!name.is_empty()).then_some((name, storable))
}

/// Segment's own names of traits, where they differ from ours.
const PERSON_NAMES: &[(&str, &str)] = &[("title", "job_title"), ("birthday", "birth_date"), ("address", "street")];
const ACCOUNT_NAMES: &[(&str, &str)] = &[("avatar", "logo_url"), ("address", "street")];

/// Attributes that no trait may set: the key is the call's own, and write keys stand in public web pages, from which nobody
/// may lift an opt-out or give consent for another.
const NEVER: &[&str] = &[
    "key",
    "parent_key",
    "unsubscribed",
    "unsubscribed_reason",
    "email_invalid",
    "email_suspended",
    "marketing_suspended",
    "marketing_suspended_cause",
    "sms_consent",
    "test_profile",
];

fn traits_of(body: &Json, set: &AttributeSet, names: &[(&str, &str)]) -> Map<String, Json> {
    let mut row = Map::new();
    for (name, value) in body.get("traits").and_then(Json::as_object).into_iter().flatten() {
        match (name.as_str(), value) {
            ("address", Json::Object(parts)) => {
                parts.iter().for_each(|(part, value)| take(&mut row, part, value, set, names))
            }
            _ => take(&mut row, name, value, set, names),
        }
    }
    row
}

fn take(row: &mut Map<String, Json>, name: &str, value: &Json, set: &AttributeSet, names: &[(&str, &str)]) {
    let written = snake_case(name);
    let key = names.iter().find(|(theirs, _)| *theirs == written).map_or(written.as_str(), |(_, ours)| ours);
    let Some(attribute) = set.get(key).filter(|attribute| !NEVER.contains(&attribute.key.as_str())) else { return };
    if let Some(value) = fitted(attribute, value) {
        row.insert(attribute.key.clone(), value);
    }
}

/// The trait as the attribute takes it: numbers written as texts, texts as numbers, an instant for a day.
fn fitted(attribute: &Attribute, value: &Json) -> Option<Json> {
    let read = match value {
        Json::Null if attribute.required => return None,
        Json::String(text) if attribute.value_type == ValueType::Date => attribute.read_text(text.get(..10)?),
        Json::String(text) if text.trim().is_empty() => return None,
        Json::String(text) => attribute.read_text(&text.replace('\0', "")),
        Json::Number(_) | Json::Bool(_) if attribute.value_type == ValueType::String => {
            attribute.read_text(&value.to_string())
        }
        Json::Array(_) | Json::Object(_) => return None,
        value => attribute.read_json(value),
    };
    read.ok().map(|value: Value| value.to_json())
}

fn text(body: &Json, name: &str) -> Option<String> {
    let text = match body.get(name)? {
        Json::String(text) => text.replace('\0', "").trim().to_owned(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.chars().count() <= MAX_KEY_CHARS).then_some(text)
}

/// `orderCompleted`, `Order Completed` and `order-completed` → `order_completed`.
pub fn snake_case(name: &str) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    let mut letters = name.trim().chars().peekable();
    while let Some(c) = letters.next() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
        } else {
            let word_ends = c.is_uppercase()
                && (previous.is_lowercase()
                    || previous.is_ascii_digit()
                    || (previous.is_uppercase() && letters.peek().is_some_and(|next| next.is_lowercase())));
            if word_ends && !out.ends_with('_') {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        }
        previous = c;
    }
    out.trim_end_matches('_').chars().take(MAX_KEY_CHARS).collect()
}

/// Takes calls in, all in one transaction: accounts first, then people, then what they did. With `keys` whoever came by a
/// link of a message is recognised.
///
/// # Errors
/// The store refuses. What is wrong with single calls is in the report.
pub fn receive(engine: &Engine, keys: Option<&SigningKeys>, calls: &[Call]) -> Result<SegmentReport, StoreError> {
    committed(engine.store(), &|s| take_calls(s, engine, keys, calls))
}

fn take_calls(
    s: &mut dyn Session,
    engine: &Engine,
    keys: Option<&SigningKeys>,
    calls: &[Call],
) -> Result<SegmentReport, StoreError> {
    let live = engine.live(s)?;
    let now = s.now()?;
    let mut report = SegmentReport::default();
    let recognised = recognised(s, &live, keys, calls, now)?;
    let calls = recognised.as_deref().unwrap_or(calls);
    let fresh = fresh_profiles(s, calls, now, &mut report)?;
    let mut rows = Profiles::default();
    for (line, call) in (1..).zip(calls) {
        rows.add(line, call, &fresh, &live, &mut report);
    }
    let told = [(Subject::Account, &rows.accounts), (Subject::Person, &rows.people)];
    for (subject, drafts) in told.into_iter().filter(|(_, drafts)| !drafts.is_empty()) {
        let outcome = apply(s, engine, &live, subject, drafts, SOURCE)?;
        report.rejects.extend(outcome.rejects);
    }
    let heard: HashSet<String> = documents::heard(s)?.into_iter().collect();
    let done = ingest::ingest(s, &rows.activities, now, &heard)?;
    report.rejects.sort_by_key(|reject| reject.line);
    report.rejects.dedup_by_key(|reject| reject.line);
    let rejected = report.rejects.len() as u64;
    report.accepted = done.stored + rows.profiles.saturating_sub(rejected);
    report.repeated += done.repeated;
    report.parked = done.parked;
    Ok(report)
}

/// The calls with the names of the visitors who are known; none where nobody visits.
fn recognised(
    s: &mut dyn Session,
    live: &Live,
    keys: Option<&SigningKeys>,
    calls: &[Call],
    now: Timestamp,
) -> Result<Option<Vec<Call>>, StoreError> {
    let unnamed = || {
        calls
            .iter()
            .filter_map(|call| if let Meaning::Visit(_, visitor) = &call.meaning { Some(visitor) } else { None })
    };
    if unnamed().next().is_none() {
        return Ok(None);
    }
    let mut by_token: HashMap<&str, String> = HashMap::new();
    for visitor in unnamed() {
        let (Some(token), Some(keys)) = (visitor.token.as_deref(), keys) else { continue };
        if by_token.contains_key(token) {
            continue;
        }
        let Some(person) = visitor_of(s, live, keys, token)? else { continue };
        if let Some(id) = &visitor.anonymous_id {
            visitors::recognise(s, id, person, now)?;
        }
        by_token.extend(visitors::key_of(s, person)?.map(|key| (token, key)));
    }
    let mut ids: Vec<&str> = unnamed().filter_map(|visitor| visitor.anonymous_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let by_id: HashMap<String, String> = visitors::known(s, &ids)?.into_iter().collect();
    let named = |call: &Call| {
        let Meaning::Visit(activity, visitor) = &call.meaning else { return call.clone() };
        let told = visitor.token.as_deref().and_then(|token| by_token.get(token));
        let person_key = told.or_else(|| by_id.get(visitor.anonymous_id.as_deref()?)).cloned();
        let meaning = match person_key.is_none() && activity.account_key.is_none() {
            true => Meaning::Nothing,
            false => Meaning::Activity(IncomingActivity { person_key, ..activity.clone() }),
        };
        Call { meaning, ..call.clone() }
    };
    Ok(Some(calls.iter().map(named).collect()))
}

/// Ids of the identify and group calls that were not received before; remembered from now on.
fn fresh_profiles<'c>(
    s: &mut dyn Session,
    calls: &'c [Call],
    now: Timestamp,
    report: &mut SegmentReport,
) -> Result<HashSet<&'c str>, StoreError> {
    let profiles = calls.iter().filter(|call| matches!(call.meaning, Meaning::Person(_) | Meaning::Account(..)));
    let ids: Vec<&str> = profiles.filter_map(|call| call.message_id.as_deref()).collect();
    let mut fresh: HashSet<&str> = ids.iter().copied().collect();
    if ids.is_empty() {
        return Ok(fresh);
    }
    let mut unseen: Vec<&str> = fresh.iter().copied().collect();
    unseen.sort_unstable();
    let seen = intake::seen(s, SOURCE, &unseen)?;
    unseen.retain(|id| !seen.iter().any(|seen| seen == id));
    intake::mark_seen(s, SOURCE, &unseen, now)?;
    fresh.retain(|id| unseen.contains(id));
    report.repeated += (ids.len() - fresh.len()) as u64;
    Ok(fresh)
}

/// Calls sorted by what they write.
#[derive(Default)]
struct Profiles {
    accounts: Vec<Draft>,
    people: Vec<Draft>,
    activities: Vec<IncomingActivity>,
    /// How many identify and group calls are among them.
    profiles: u64,
    taken: HashSet<String>,
}

impl Profiles {
    fn add(&mut self, line: u64, call: &Call, fresh: &HashSet<&str>, live: &Live, report: &mut SegmentReport) {
        let mut draft = |subject, row| match draft_of(live, subject, line, row) {
            Ok(Ok(draft)) => Some(draft),
            Ok(Err(reject)) => {
                report.rejects.push(reject);
                None
            }
            Err(error) => {
                report.rejects.push(Reject::new(line, error.code(), error.to_string()));
                None
            }
        };
        match &call.meaning {
            Meaning::Nothing | Meaning::Visit(..) => report.ignored += 1,
            Meaning::Activity(activity) => self.activities.push(activity.clone()),
            Meaning::Person(_) | Meaning::Account(..) if !self.is_fresh(call, fresh) => {}
            Meaning::Person(row) => {
                self.profiles += 1;
                self.people.extend(draft(Subject::Person, row));
            }
            Meaning::Account(row, person) => {
                self.profiles += 1;
                self.accounts.extend(draft(Subject::Account, row));
                self.people.extend(person.as_ref().and_then(|row| draft(Subject::Person, row)));
            }
        }
    }

    /// A call without an id is always fresh, one with an id once.
    fn is_fresh(&mut self, call: &Call, fresh: &HashSet<&str>) -> bool {
        call.message_id.as_ref().is_none_or(|id| fresh.contains(id.as_str()) && self.taken.insert(id.clone()))
    }
}
