//! Scenarios: given these accounts and people, and what they do at which time, a journey does this. They run on the
//! simulator with nothing but their manifests, so that a team can check its journeys before anything is applied.

mod expectation;
mod file;
mod given;

use std::collections::BTreeMap;

use caravan_model::document::{Document, DocumentKind, read_documents};
use caravan_model::{Clock, Finding};
use caravan_store::{OpenOptions, Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

pub use file::{Expect, Given, Scenario, Step, WantedText, Wrong, read_scenarios};

use crate::definitions::{ApplyOptions, DefinitionError, apply};
use crate::simulate::{Sample, SimulateRequest, Simulated, SimulationReport, TimelineLine, simulate};
use crate::{Engine, lifecycle, runtime};

/// Who acts where a person would.
const ACTOR: &str = "scenario";

/// What a scenario expected and what came instead.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Failure {
    /// JSON pointer of the expectation in its scenario.
    pub pointer: String,
    /// Its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was expected.
    pub expected: Json,
    /// What came.
    pub found: Json,
    /// For people, on one line.
    pub message: String,
}

/// What became of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScenarioReport {
    /// Its name.
    pub scenario: String,
    /// Where it stands.
    pub file: String,
    /// On which line it begins.
    pub line: u32,
    /// Key of the journey.
    pub journey: String,
    /// Everything came as expected.
    pub passed: bool,
    /// What did not.
    pub failures: Vec<Failure>,
    /// What the simulator reported.
    pub report: SimulationReport,
}

/// What came of a scenario, as expectations look at it.
struct Came {
    report: SimulationReport,
    /// Every step of every trip, by traveller.
    timelines: BTreeMap<String, Vec<TimelineLine>>,
    /// Every message, by email.
    messages: BTreeMap<String, Vec<Sample>>,
}

/// Runs a scenario with these manifests (file, text) on a store of its own.
///
/// # Errors
/// What is wrong with its manifests, accounts, people or activities.
pub fn run_scenario(scenario: &Scenario, manifests: &[(String, String)]) -> Result<ScenarioReport, DefinitionError> {
    let directory = tempfile::Builder::new().prefix("caravan-scenario-").tempdir().map_err(no_directory)?;
    let options = OpenOptions { clock: Clock::manual(scenario.from), scratch: true, ..OpenOptions::default() };
    let store = Store::open_sqlite(directory.path(), options)?;
    store.migrate()?;
    let engine = Engine::new(store);
    let journey = set_up(&engine, scenario, manifests)?;
    let mut timelines: BTreeMap<String, Vec<TimelineLine>> = BTreeMap::new();
    let mut take = |line: TimelineLine| timelines.entry(line.traveller.clone()).or_default().push(line);
    let request = SimulateRequest {
        journey: Simulated::Stored(journey.clone()),
        from: scenario.from,
        until: scenario.until,
        seed: 1,
        activities: scenario.activities()?,
        reactions: scenario.given.reactions.clone(),
        answers: scenario.given.answers.clone(),
        timelines: Some(&mut take),
        samples: usize::MAX,
    };
    let mut report = simulate(&engine, request).map_err(|error| given::located(scenario, error))?;
    let messages = std::mem::take(&mut report.samples);
    let came = Came { report, timelines, messages };
    let failures = expectation::failures(scenario, &came);
    Ok(ScenarioReport {
        scenario: scenario.name.clone(),
        file: scenario.file.clone(),
        line: scenario.line(""),
        journey,
        passed: failures.is_empty(),
        failures,
        report: came.report,
    })
}

/// Brings everything in as it would come in in truth; returns the journey.
fn set_up(engine: &Engine, scenario: &Scenario, manifests: &[(String, String)]) -> Result<String, DefinitionError> {
    // Rows may have declared attributes and be records of declared objects, and static lists name accounts: what rows are
    // made of first, then rows, then the rest.
    let forms = forms_of_rows(manifests)?;
    if !forms.is_empty() {
        apply(engine, &forms, ACTOR, ApplyOptions::default())?;
    }
    given::take_in(engine, scenario)?;
    apply(engine, manifests, ACTOR, ApplyOptions::default())?;
    runtime::run_until_idle(engine, None, std::time::Duration::from_secs(60))?;
    let journey = journey_of(scenario, manifests)?;
    let others = named_journeys(manifests, &journey);
    if !others.is_empty() {
        lifecycle::rehearse(engine, &others, ACTOR)?;
    }
    Ok(journey)
}

fn no_directory(error: std::io::Error) -> StoreError {
    let path = std::env::temp_dir().display().to_string();
    StoreError::Files { path, message: format!("the scenario's store cannot be made: {error}") }
}

/// Declared attributes and custom objects.
fn forms_of_rows(manifests: &[(String, String)]) -> Result<Vec<(String, String)>, DefinitionError> {
    let is_form =
        |document: &&Document| matches!(document.kind(), DocumentKind::Attribute | DocumentKind::CustomObject);
    let mut forms = Vec::new();
    for (file, text) in manifests {
        let (documents, findings) = read_documents(text, file);
        if findings.iter().any(Finding::is_error) {
            return Err(DefinitionError::Findings(findings));
        }
        for document in documents.iter().filter(is_form) {
            let text = document.to_yaml().map_err(|error| Finding::error("not_storable", "", error.to_string()))?;
            forms.push((file.clone(), text));
        }
    }
    Ok(forms)
}

/// The journey that the scenario is about.
fn journey_of(scenario: &Scenario, manifests: &[(String, String)]) -> Result<String, DefinitionError> {
    let documents = manifests.iter().flat_map(|(file, text)| read_documents(text, file).0);
    let mut keys = documents.filter(|d| d.kind() == DocumentKind::Journey).map(|d| d.key().to_owned());
    if let Some(key) = &scenario.journey {
        let message = || format!("There is no journey `{key}` in the manifests. Correct the key, or name its file.");
        let known = keys.any(|known| known == *key);
        return if known {
            Ok(key.clone())
        } else {
            Err(scenario.finding("unknown_journey", "/journey", message()).into())
        };
    }
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => {
            let message = "There is no journey in the manifests. Name the file that holds it under `manifests`.";
            Err(scenario.finding("no_journey", "/manifests", message).into())
        }
        (Some(_), Some(_)) => {
            let message = "There are several journeys in the manifests. Say under `journey` which one this is about.";
            Err(scenario.finding("several_journeys", "/manifests", message).into())
        }
    }
}

/// The other journeys that this one leads to: they are live, so that what it does to them counts, but do not move.
fn named_journeys(manifests: &[(String, String)], journey: &str) -> Vec<String> {
    let documents: Vec<_> = manifests.iter().flat_map(|(file, text)| read_documents(text, file).0).collect();
    let map = documents.iter().filter_map(|d| d.body.journey().filter(|_| d.key() == journey));
    let named = map.flat_map(|map| map.action_references(&caravan_catalog::Actions));
    let mut keys: Vec<String> = named
        .filter(|reference| reference.kind == DocumentKind::Journey && reference.key != journey)
        .map(|reference| reference.key)
        .filter(|key| documents.iter().any(|d| d.kind() == DocumentKind::Journey && d.key() == *key))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}
