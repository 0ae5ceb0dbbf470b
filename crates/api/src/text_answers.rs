//! Answers to text messages that somebody shall look at: whether a *stop* that was understood from a sentence was meant.

use axum::extract::State;
use caravan_model::ActivityId;
use caravan_store::ordered::Place;
use caravan_store::text_answers::{self as rows, AnswerFilter, AnswerRow};
use caravan_store::{Session, StoreError, journeys};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadCustomers, WriteCustomers};
use crate::history::Named;
use crate::http::page::{Page, SearchQuery, behind};
use crate::http::{Answer, Json, Operations, Problem, Query};

/// Answers that are settled at once.
const MOST: usize = 200;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Problems")
        .get(
            "/api/v1/text_answers",
            ReadCustomers,
            list,
            "Answers to text messages that somebody shall look at, newest first",
        )
        .post("/api/v1/text_answers/done", WriteCustomers, done, "You have looked at answers to text messages")
        .post(
            "/api/v1/text_answers/open",
            WriteCustomers,
            reopen,
            "Answers to text messages wait for somebody again who looks at them",
        )
}

/// Whether somebody has looked at an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TextAnswerState")]
enum Standing {
    /// It waits for somebody.
    #[default]
    Open,
    /// Somebody has.
    Done,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct AnswerQuery {
    /// `open` when left out.
    #[serde(default)]
    state: Standing,
    /// Only those of the person with this key.
    person: Option<String>,
}

/// The text that was answered: the last one that the number had got from the sender.
#[derive(Debug, Serialize, JsonSchema)]
struct AnsweredText {
    /// Key of the text message.
    sms_message: String,
    /// Key of the journey that sent it; none: a hand did.
    journey: Option<String>,
    /// The node of that journey.
    node: Option<String>,
    /// When it left.
    sent_at: Timestamp,
}

/// An answer to a text message that is marked.
#[derive(Debug, Serialize, JsonSchema)]
struct TextAnswer {
    /// The activity that it is, `act_…`; where several people have the number, each has one.
    id: String,
    /// Whether somebody has looked at it.
    state: Standing,
    /// Whose number it came from.
    person: Named,
    /// What they wrote.
    text: String,
    /// What it was understood as: `stop`.
    keyword: Option<String>,
    /// When it came.
    at: Timestamp,
    /// The provider that told us.
    source: String,
    /// The text before it; none where that is not known.
    answered: Option<AnsweredText>,
    /// Who has looked at it.
    done_by: Option<String>,
    /// When they did.
    done_at: Option<Timestamp>,
    #[serde(skip)]
    place: Place,
}

async fn list(
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(of): Query<AnswerQuery>,
) -> Result<Page<TextAnswer>, Problem> {
    let (limit, after) = (query.page().limit()?, query.page().behind()?);
    let filter = AnswerFilter {
        done: of.state == Standing::Done,
        text: query.text().map(str::to_owned),
        person: of.person.filter(|key| !key.is_empty()),
    };
    let read = state.read(move |s| {
        let found = behind(rows::page(s, &filter, after.as_ref(), limit + 1))?;
        Ok((shown(s, found)?, rows::count(s, &filter)?))
    });
    let (answers, total) = read.await?;
    Ok(Page::of(answers, limit, |answer| answer.place.clone()).with_total(total))
}

fn shown(s: &mut dyn Session, found: Vec<(AnswerRow, Place)>) -> Result<Vec<TextAnswer>, StoreError> {
    let people: Vec<i64> = found.iter().map(|(row, _)| row.person.0).collect();
    let names: HashMap<i64, String> =
        journeys::shown_people(s, &people)?.into_iter().map(|it| (it.id, it.name)).collect();
    let answer = |(row, place): (AnswerRow, Place)| {
        let fields: Map<String, Value> = serde_json::from_str(&row.fields).unwrap_or_default();
        let said = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
        let (id, key) = row.person;
        let (done_by, done_at) = row.done.unzip();
        TextAnswer {
            id: row.id.to_string(),
            state: if done_by.is_some() { Standing::Done } else { Standing::Open },
            person: Named { key, name: names.get(&id).filter(|name| !name.is_empty()).cloned() },
            text: said("text").unwrap_or_default(),
            keyword: said("keyword"),
            at: row.at,
            source: row.source,
            answered: row.answered.map(|it| AnsweredText {
                sms_message: it.sms_message,
                journey: it.journey,
                node: it.node,
                sent_at: it.sent_at,
            }),
            done_by,
            done_at,
            place,
        }
    };
    Ok(found.into_iter().map(answer).collect())
}

/// Which answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Their ids, at most 200.
    #[schemars(length(min = 1, max = 200))]
    ids: Vec<String>,
}

impl Which {
    fn numbers(&self) -> Result<Vec<i64>, Problem> {
        if self.ids.is_empty() || self.ids.len() > MOST {
            let detail = format!("Name one to {MOST} answers at once.");
            return Err(Problem::bad_request("invalid_field", detail).at("/ids"));
        }
        let number = |id: &String| {
            let unknown = |_| Problem::not_found("unknown_answer", format!("The answer `{id}`"));
            id.parse::<ActivityId>().map(|id| id.0).map_err(unknown)
        };
        self.ids.iter().map(number).collect()
    }
}

/// What was changed.
#[derive(Debug, Serialize, JsonSchema)]
struct Changed {
    /// Ids of those that were not so before; others had been settled by somebody else, or are gone.
    ids: Vec<String>,
}

impl Changed {
    fn answer(ids: Vec<ActivityId>) -> Answer<Self> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let detail = json!({"answers": ids});
        Answer::of(Self { ids }).written_down(detail)
    }
}

async fn done(
    State(state): State<ApiState>,
    caller: Caller,
    Json(which): Json<Which>,
) -> Result<Answer<Changed>, Problem> {
    let numbers = which.numbers()?;
    let work = state.blocking(move |engine| {
        Ok(engine.store().write(|s| {
            let now = s.now()?;
            rows::close(s, &numbers, &caller.actor, now)
        })?)
    });
    Ok(Changed::answer(work.await?))
}

async fn reopen(State(state): State<ApiState>, Json(which): Json<Which>) -> Result<Answer<Changed>, Problem> {
    let numbers = which.numbers()?;
    let work = state.blocking(move |engine| Ok(engine.store().write(|s| rows::reopen(s, &numbers))?));
    Ok(Changed::answer(work.await?))
}
