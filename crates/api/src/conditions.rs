//! Trying a condition out before it is saved: who meets it now, and why somebody does not.

use axum::extract::State;
use caravan_engine::sets::{self, PreviewError, Trial};
use caravan_model::attribute::Subject;
use caravan_model::condition::{Noted, NotedTest};
use caravan_store::{Session, StoreError, journeys};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::Named;
use crate::http::{Answer, Json, Operations, Problem};
use crate::subject;

/// Rows of a sample when nothing is said.
const USUAL: usize = 10;
/// Rows of a sample at most.
const MOST: usize = 100;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Definitions").post(
        "/api/v1/conditions/preview",
        ReadCustomers,
        preview,
        "How many meet a condition now, a sample of them, and why one named subject does or does not",
    )
}

/// A condition to try out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConditionToPreview")]
struct Asked {
    /// Whom it is about.
    subject: Subject,
    /// The condition, as lists and audiences hold it.
    when: Value,
    /// It stands in a journey: what counts from the entry counts as for somebody who enters now.
    #[serde(default)]
    entering: bool,
    /// How many of those who meet it are named, 0 to 100; 10 when left out.
    #[serde(default)]
    #[schemars(range(max = 100))]
    sample: Option<usize>,
    /// Key of an account or a person to explain the answer for.
    #[serde(default)]
    why_not: Option<String>,
}

impl Asked {
    fn trial(&self, sample: usize) -> Trial<'_> {
        let Self { subject, when, entering, why_not, .. } = self;
        Trial { subject: *subject, when, entering: *entering, sample, named: why_not.as_deref() }
    }
}

/// Who meets a condition now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConditionPreview")]
struct Preview {
    /// The condition in words.
    words: String,
    /// How many meet it.
    count: i64,
    /// Some of them.
    sample: Vec<Named>,
    /// What is allowed but cannot be meant, like a range that ends before it starts.
    warnings: Vec<String>,
    /// The answer for the subject that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<Why>,
}

/// Why somebody meets a condition or does not.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WhyNot")]
struct Why {
    /// Whether the condition holds.
    holds: bool,
    /// What would have to be different; none where it holds.
    lacking: Option<String>,
    /// Every test in its order, also those that change nothing any more.
    tests: Vec<Test>,
}

/// One test of a condition.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExplainedTest")]
struct Test {
    /// In words.
    test: String,
    /// Whether it holds.
    holds: bool,
    /// What it saw.
    saw: Option<String>,
}

impl From<Noted> for Why {
    fn from(noted: Noted) -> Self {
        let test = |it: NotedTest| Test { test: it.text, holds: it.held.unwrap_or(false), saw: it.saw };
        Self { holds: noted.held, lacking: noted.lacking, tests: noted.tests.into_iter().map(test).collect() }
    }
}

impl From<PreviewError> for Problem {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Findings(findings) => Self::findings(findings),
            PreviewError::Unknown(kind, key) => subject::unknown(kind, &key),
            PreviewError::Store(error) => error.into(),
        }
    }
}

async fn preview(State(state): State<ApiState>, Json(asked): Json<Asked>) -> Result<Answer<Preview>, Problem> {
    let sample = asked.sample.unwrap_or(USUAL);
    if sample > MOST {
        let detail = format!("`sample` is {sample}. Ask for at most {MOST}; a list of them is a list or an audience.");
        return Err(Problem::bad_request("bad_limit", detail).at("/sample"));
    }
    let read = state.blocking(move |engine| {
        let found = sets::preview(engine, asked.trial(sample))?;
        let sample = engine.store().read(|s| named(s, asked.subject, &found.sample))?;
        Ok(Preview {
            words: found.words,
            count: found.count,
            sample,
            warnings: found.warnings.into_iter().map(|finding| finding.message).collect(),
            why_not: found.why.map(Why::from),
        })
    });
    Ok(Answer::of(read.await?))
}

fn named(s: &mut dyn Session, subject: Subject, ids: &[i64]) -> Result<Vec<Named>, StoreError> {
    let shown = match subject {
        Subject::Account => journeys::shown_accounts(s, ids)?,
        Subject::Person => journeys::shown_people(s, ids)?,
    };
    let named = |it: journeys::Shown| Named { key: it.key, name: Some(it.name).filter(|name| !name.is_empty()) };
    Ok(shown.into_iter().map(named).collect())
}
