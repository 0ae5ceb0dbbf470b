//! A file of scenarios, read with the line of every expectation. `docs/reference/scenarios.md` tells of each field.

use std::collections::BTreeMap;

use caravan_model::Finding;
use caravan_model::source::{Positioned, attach_lines, read};
use caravan_model::value::read_instant;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use crate::simulate::{ScriptedAnswer, ScriptedReaction};

/// One scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows.
    pub name: String,
    /// Manifests, relative to its file.
    pub manifests: Vec<String>,
    /// Which journey, where the manifests hold several.
    pub journey: Option<String>,
    /// Where virtual time begins.
    pub from: Timestamp,
    /// Where it stops.
    pub until: Timestamp,
    /// What there is, and what happens.
    pub given: Given,
    /// What must come of it.
    pub expect: Expect,
    /// Where it was read from.
    pub file: String,
    source: Positioned,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    scenario: String,
    manifests: Vec<String>,
    #[serde(default)]
    journey: Option<String>,
    #[serde(deserialize_with = "instant")]
    from: Timestamp,
    #[serde(deserialize_with = "instant")]
    until: Timestamp,
    #[serde(default)]
    given: Given,
    expect: Expect,
}

/// What there is, and what happens.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Rows of an import file.
    #[serde(default)]
    pub accounts: Vec<Map<String, Json>>,
    /// Rows of an import file.
    #[serde(default)]
    pub people: Vec<Map<String, Json>>,
    /// By opportunity or custom object, rows of an import file.
    #[serde(default)]
    pub records: BTreeMap<String, Vec<Map<String, Json>>>,
    /// Rows of an import file, at their virtual times.
    #[serde(default)]
    pub activities: Vec<Map<String, Json>>,
    /// What those do who come to listen nodes: each the first that takes them.
    #[serde(default)]
    pub reactions: Vec<ScriptedReaction>,
    /// What external services answer: to each call the first that fits.
    #[serde(default)]
    pub answers: Vec<ScriptedAnswer>,
}

/// What must come of it. What is not named is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Trips, by how they stand.
    #[serde(default)]
    pub travellers: BTreeMap<String, i64>,
    /// Who may not enter, by reason.
    #[serde(default)]
    pub not_entered: BTreeMap<String, i64>,
    /// Figures of nodes, as a status shows them.
    #[serde(default)]
    pub nodes: BTreeMap<String, Map<String, Json>>,
    /// By traveller, its whole way: the nodes in order, with the path where one is named.
    #[serde(default)]
    pub paths: BTreeMap<String, Vec<Step>>,
    /// By traveller, how its last trip stands: an outcome, or `active`.
    #[serde(default)]
    pub outcomes: BTreeMap<String, String>,
    /// By traveller and node, when it arrived there first.
    #[serde(default)]
    pub arrivals: BTreeMap<String, BTreeMap<String, String>>,
    /// By email, the addresses that it goes to, each as often as it does.
    #[serde(default)]
    pub messages: BTreeMap<String, Vec<String>>,
    /// What single messages say.
    #[serde(default)]
    pub texts: Vec<WantedText>,
    /// What else leaves, or is done to other journeys.
    #[serde(default)]
    pub effects: BTreeMap<String, i64>,
    /// Trips that fail by a fault of Caravan; none when left out.
    #[serde(default)]
    pub problems: usize,
}

/// A node that a traveller comes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The node.
    pub node: String,
    /// The path by which it leaves, where that is said.
    pub path: Option<String>,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("expected a node, or a node with its path like `size: Large`");
        match Json::deserialize(deserializer)? {
            Json::String(node) => Ok(Self { node, path: None }),
            Json::Object(fields) => match fields.into_iter().collect::<Vec<_>>().as_slice() {
                [(node, Json::String(path))] => Ok(Self { node: node.clone(), path: Some(path.clone()) }),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedText {
    /// The email.
    pub email: String,
    /// To whom.
    pub to: String,
    /// Its whole subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Parts of its text.
    #[serde(default)]
    pub contains: Vec<String>,
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_instant(&text).ok_or_else(|| serde::de::Error::custom("expected a time like 2026-12-01T09:00:00Z, or a date"))
}

/// A file that holds no valid scenarios.
pub type Wrong = Vec<Finding>;

/// Reads every scenario of a file.
///
/// # Errors
/// Everything that is wrong with it, with its lines.
pub fn read_scenarios(text: &str, file: &str) -> Result<Vec<Scenario>, Wrong> {
    let (documents, mut findings) = read(text, file);
    let mut scenarios = Vec::new();
    for document in documents {
        match scenario(document, file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(finding) => findings.push(finding),
        }
    }
    if scenarios.is_empty() && findings.is_empty() {
        let message = "There is no scenario in this file. Write `scenario:` with what it shows.";
        findings.push(Finding { file: Some(file.to_owned()), ..Finding::error("no_scenario", "", message) });
    }
    if findings.iter().any(Finding::is_error) { Err(findings) } else { Ok(scenarios) }
}

fn scenario(source: Positioned, file: &str) -> Result<Scenario, Finding> {
    let written: Written = serde_path_to_error::deserialize(source.value.clone()).map_err(|error| {
        let pointer = pointer_of(error.path());
        let message = format!("This is no scenario as it stands: {}.", error.inner());
        let mut found = [Finding::error("invalid_scenario", pointer, message)];
        attach_lines(&mut found, &source, file);
        let [found] = found;
        found
    })?;
    let Written { scenario: name, manifests, journey, from, until, given, expect } = written;
    Ok(Scenario { name, manifests, journey, from, until, given, expect, file: file.to_owned(), source })
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

impl Scenario {
    /// The line of one of its parts.
    pub fn line(&self, pointer: &str) -> u32 {
        self.source.line(pointer).unwrap_or(1)
    }

    /// A mistake in it.
    pub(super) fn finding(&self, code: &str, pointer: &str, message: impl Into<String>) -> Finding {
        let place = (Some(self.file.clone()), Some(self.line(pointer)));
        Finding { file: place.0, line: place.1, ..Finding::error(code, pointer, message) }
    }
}
