//! What a scenario begins with: rows come in by the door of import files.

use caravan_model::Finding;
use caravan_model::value::read_instant;
use serde_json::{Map, Value as Json};

use super::Scenario;
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::import::{FileFormat, ImportError, ImportKind, ImportOptions, import};
use crate::simulate::ScriptedActivity;

/// Imports the accounts and people, and then the records about them.
pub(super) fn take_in(engine: &Engine, scenario: &Scenario) -> Result<(), DefinitionError> {
    rows(engine, scenario, ImportKind::Accounts, "/given/accounts", &scenario.given.accounts)?;
    rows(engine, scenario, ImportKind::People, "/given/people", &scenario.given.people)?;
    for (object, records) in &scenario.given.records {
        rows(engine, scenario, ImportKind::named(object), &format!("/given/records/{object}"), records)?;
    }
    Ok(())
}

fn rows(
    engine: &Engine,
    scenario: &Scenario,
    kind: ImportKind,
    pointer: &str,
    rows: &[Map<String, Json>],
) -> Result<(), DefinitionError> {
    if rows.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = rows.iter().map(|row| Json::Object(row.clone()).to_string()).collect();
    let text = lines.join("\n");
    let options = ImportOptions { source: "scenario".to_owned(), ..ImportOptions::default() };
    match import(engine, &kind, text.as_bytes(), FileFormat::JsonLines, &options, &mut ()) {
        Ok(report) if report.rejects.is_empty() => Ok(()),
        Ok(report) => {
            let finding = |reject: crate::import::Reject| {
                let pointer = format!("{pointer}/{}", reject.line.saturating_sub(1));
                scenario.finding(reject.code, &pointer, reject.message)
            };
            Err(DefinitionError::Findings(report.rejects.into_iter().map(finding).collect()))
        }
        Err(ImportError::Store(error)) => Err(error.into()),
        Err(error) => Err(scenario.finding(error.code(), pointer, error.to_string()).into()),
    }
}

/// What the simulator found in the activities, reactions and answers, at the place where they are written.
pub(super) fn located(scenario: &Scenario, error: DefinitionError) -> DefinitionError {
    let DefinitionError::Findings(mut findings) = error else { return error };
    let places = ["/activities/", "/reactions/", "/answers/"];
    let given = |finding: &&mut Finding| places.iter().any(|place| finding.pointer.starts_with(place));
    for finding in findings.iter_mut().filter(given) {
        let pointer = format!("/given{}", finding.pointer);
        *finding = scenario.finding(&finding.code, &pointer, std::mem::take(&mut finding.message));
    }
    DefinitionError::Findings(findings)
}

impl Scenario {
    /// What happens meanwhile.
    pub(super) fn activities(&self) -> Result<Vec<ScriptedActivity>, Finding> {
        let given = self.given.activities.iter().enumerate();
        given.map(|(n, row)| self.activity(&format!("/given/activities/{n}"), row.clone())).collect()
    }

    fn activity(&self, pointer: &str, mut row: Map<String, Json>) -> Result<ScriptedActivity, Finding> {
        let mut text = |name: &str| match row.shift_remove(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => {
                let message = format!("`{name}` of an activity is text. Put it in quotes.");
                Err(self.finding("wrong_type", &format!("{pointer}/{name}"), message))
            }
        };
        let (at, kind) = (text("at")?, text("type")?);
        let (person_key, account_key) = (text("person_key")?, text("account_key")?);
        let at = at.as_deref().and_then(read_instant).ok_or_else(|| {
            let message = "An activity says when it happens: `at` with a time like 2026-12-05T10:00:00Z.";
            self.finding("missing_field", &format!("{pointer}/at"), message)
        })?;
        let kind = kind.ok_or_else(|| {
            let message = "An activity says what happens: `type` with a type of activity like `email_clicked`.";
            self.finding("missing_field", &format!("{pointer}/type"), message)
        })?;
        Ok(ScriptedActivity { at, kind, person_key, account_key, fields: row })
    }
}
