//! The history of consent: what a person or an address said to messages, how it came in and what shows it.

use axum::extract::State;
use caravan_engine::Engine;
use caravan_engine::consent_history::{self, addresses_of, forms_of};
use caravan_engine::import::listed;
use caravan_model::PersonId;
use caravan_model::attribute::{Subject, person};
use caravan_store::Session;
use caravan_store::consent_records::{self as stored, ConsentRecord};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::SubjectPath;
use crate::http::file::CsvFile;
use crate::http::page::{Page, PageQuery};
use crate::http::{Operations, Path, Problem, Query};
use crate::subject;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Consent")
        .get(
            "/api/v1/people/{key}/consent_records",
            ReadCustomers,
            of_person,
            "What a person said to messages, how it came in and what shows it, newest first",
        )
        .get("/api/v1/people/{key}/consent_records.csv", ReadCustomers, export, "The same as a CSV file")
        .get(
            "/api/v1/consent_records",
            ReadCustomers,
            of_address,
            "What an address or a number said to messages, newest first, also after its owner was erased",
        )
}

/// Something that was said to messages. It is kept as it was, whatever happens later.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConsentRecord")]
struct Said {
    /// Its number.
    id: i64,
    /// When.
    at: Timestamp,
    /// `email` or `sms`.
    channel: String,
    /// `y` or `n`; none: what was said before was taken back.
    value: Option<String>,
    /// The address or number as it was; `#` and a fingerprint where its owner was erased.
    address: Option<String>,
    /// The sender of ours that it was said to; none: to all.
    sender: Option<String>,
    /// Why, in a word or a sentence.
    reason: Option<String>,
    /// How it came in: `header_one_click`, `body_link`, `mailto`, `complaint`, `keyword`, `link`, `provider`, `import`, `api`,
    /// `admin`, `merge`, `journey:KEY` …
    source: String,
    /// What shows it: words that were shown or received, the message, who wrote it; a network address as a fingerprint only.
    evidence: Map<String, Value>,
}

impl From<ConsentRecord> for Said {
    fn from(row: ConsentRecord) -> Self {
        let evidence = row.evidence.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self {
            id: row.id,
            at: row.at,
            channel: row.channel,
            value: row.value,
            address: row.address,
            sender: row.sender,
            reason: row.reason,
            source: row.source,
            evidence,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct AddressQuery {
    /// An email address, a domain (`@acme.example`), or a phone number with its country code.
    address: String,
}

/// A person, and the addresses that are theirs now.
fn speaker(engine: &Engine, s: &mut dyn Session, key: &str) -> Result<(PersonId, Vec<String>), Problem> {
    let live = engine.live(s)?;
    let row = subject::found(s, &live, Subject::Person, key)?;
    let set = &live.definitions.schema.person;
    let text = |no: caravan_model::attribute::AttributeNo| row.values.get(no.index()).and_then(|value| value.as_text());
    let phone = set.no("mobile_phone").and_then(text);
    Ok((PersonId(row.id), addresses_of(text(person::EMAIL), phone)))
}

async fn of_person(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Query(query): Query<PageQuery>,
) -> Result<Page<Said>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?);
    let read = state.blocking(move |engine| {
        engine.store().read(|s| -> Result<_, Problem> {
            let (person, addresses) = speaker(engine, s, &path.key)?;
            Ok(stored::of_person(s, person, &addresses, before, limit + 1)?)
        })
    });
    Ok(Page::of(read.await?, limit, |row| row.id).map(Said::from))
}

async fn of_address(
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
    Query(of): Query<AddressQuery>,
) -> Result<Page<Said>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?);
    let Some(address) = listed(&of.address) else {
        let detail = "`address` is no email address, domain (`@acme.example`) or phone number with its country code.";
        return Err(Problem::bad_request("invalid_address", detail));
    };
    let read = state.read(move |s| {
        let forms = forms_of(s, &address)?;
        Ok(stored::of_addresses(s, &forms, before, limit + 1)?)
    });
    Ok(Page::of(read.await?, limit, |row| row.id).map(Said::from))
}

async fn export(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<CsvFile, Problem> {
    let (name, engine) = (format!("consent-{}.csv", file_name(&path.key)), state.engine.clone());
    // Whether there is such a person is answered before the first byte.
    let read = state.blocking(move |engine| engine.store().read(|s| speaker(engine, s, &path.key)));
    let (person, addresses) = read.await?;
    CsvFile::stream(&name, move |out| consent_history::export(&engine, person, &addresses, out))
}

/// Keys may hold what a header may not.
fn file_name(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.@".contains(c) { c } else { '-' }).collect()
}
