//! Explanations: why a traveller left a node as it did, from what was noted when it was decided, never from today's data.

use caravan_model::condition::Condition;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::status::SubjectRef;

/// Why a node decided as it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Why {
    /// In a sentence.
    pub text: String,
    /// The conditions that were tried for the traveller, in order; the first that held decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// In a people box: which path each person took, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonWhy>,
    /// At a listener: the latest activities of a kind that it hears which did not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turned_down: Vec<TurnedDown>,
}

/// An activity that was heard and did not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TurnedDown {
    /// Its type.
    pub event: String,
    /// What people call its type.
    pub title: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who acted.
    pub person: Option<SubjectRef>,
    /// Why it did not count.
    pub reason: String,
}

/// A path's condition, as it was evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tried {
    /// Key of the path in the status's `paths`.
    pub path: String,
    /// Whether the condition held.
    pub held: bool,
    /// Its tests, in order, with what each saw.
    pub tests: Vec<SeenTest>,
    /// What would have had to be different for this path to be taken; none: it held.
    pub to_change: Option<String>,
}

/// A test, as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeenTest {
    /// The test in words.
    pub text: String,
    /// Whether it held; none: it was not looked at, since it could not change the answer any more.
    pub held: Option<bool>,
    /// What it saw, in words.
    pub saw: Option<String>,
}

/// Which path of a box a person took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PersonWhy {
    /// Who.
    pub person: SubjectRef,
    /// The path; none: it skipped to the end of the box.
    pub path: Option<String>,
    /// The conditions that were tried, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
}

/// How people are named in explanations.
pub trait Names {
    /// A person by id.
    fn person(&self, id: i64) -> SubjectRef;
}

impl Why {
    /// A sentence alone.
    pub fn said(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Tried {
    /// A condition with the notes of its evaluation.
    pub fn read(path: &str, when: &Condition, notes: &Json) -> Self {
        let noted = when.read_notes(notes.as_array().map_or(&[], Vec::as_slice));
        let tests = noted.tests.into_iter();
        Self {
            path: path.to_owned(),
            held: noted.held,
            tests: tests.map(|test| SeenTest { text: test.text, held: test.held, saw: test.saw }).collect(),
            to_change: noted.lacking,
        }
    }
}
