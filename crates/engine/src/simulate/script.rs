//! Scripted activities: they come in at their virtual time, by the same door as all others.

use std::collections::{BTreeSet, HashSet, VecDeque};

use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, intake};
use jiff::Timestamp;

use super::ScriptedActivity;
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::import::{IncomingActivity, ingest};

/// Who tells of them.
const SOURCE: &str = "simulation";

/// What is still to happen, by time; at the same time in the order given.
pub(super) struct Script {
    activities: VecDeque<ScriptedActivity>,
}

impl Script {
    /// Checks who acts and what they do; what would happen after `until` is left out.
    pub fn read(
        engine: &Engine,
        mut activities: Vec<ScriptedActivity>,
        until: Timestamp,
    ) -> Result<Self, DefinitionError> {
        let findings = engine.store().read(|s| findings_against(engine, s, &activities))?;
        if !findings.is_empty() {
            return Err(DefinitionError::Findings(findings));
        }
        activities.retain(|activity| activity.at <= until);
        activities.sort_by_key(|activity| activity.at);
        Ok(Self { activities: activities.into() })
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.activities.front().map(|activity| activity.at)
    }

    /// Lets happen whatever has its time.
    pub fn play(&mut self, engine: &Engine, now: Timestamp) -> Result<(), StoreError> {
        let due = self.activities.partition_point(|activity| activity.at <= now);
        let due: Vec<IncomingActivity> = self.activities.drain(..due).map(incoming).collect();
        hand_in(engine, &due, now)
    }
}

/// Lets activities come in at `now`.
pub(super) fn hand_in(engine: &Engine, activities: &[IncomingActivity], now: Timestamp) -> Result<(), StoreError> {
    if activities.is_empty() {
        return Ok(());
    }
    engine.store().write(|s| {
        let heard = engine.live(s)?.heard.clone();
        ingest(s, activities, now, &heard).map(|_| ())
    })
}

pub(super) fn incoming(activity: ScriptedActivity) -> IncomingActivity {
    let ScriptedActivity { at, kind, person_key, account_key, fields } = activity;
    IncomingActivity { source: SOURCE.to_owned(), external_id: None, kind, at, person_key, account_key, fields }
}

fn findings_against(
    engine: &Engine,
    s: &mut dyn Session,
    activities: &[ScriptedActivity],
) -> Result<Vec<Finding>, StoreError> {
    let live = engine.live(s)?;
    let people = known(s, Table::Person, activities.iter().filter_map(|a| a.person_key.as_deref()))?;
    let accounts = known(s, Table::Account, activities.iter().filter_map(|a| a.account_key.as_deref()))?;
    let mut findings = Vec::new();
    for (at, activity) in activities.iter().enumerate() {
        let kind = activity.kind.as_str();
        if caravan_catalog::events::event(kind).is_none()
            && live.definitions.get(DocumentKind::ActivityType, kind).is_none()
        {
            let message = format!("There is no activity type `{kind}`. Correct it, or declare the type.");
            findings.push(Finding::error("unknown_activity_type", format!("/activities/{at}/type"), message));
        }
        if activity.person_key.is_none() && activity.account_key.is_none() {
            let message = "This activity is about nobody. Give it a `person_key`, an `account_key` or both.";
            findings.push(Finding::error("activity_about_nobody", format!("/activities/{at}"), message));
        }
        let pointer = format!("/activities/{at}");
        findings.extend(unknown(&activity.person_key, &people, "person", &pointer));
        findings.extend(unknown(&activity.account_key, &accounts, "account", &pointer));
    }
    Ok(findings)
}

/// Those of these keys that there are.
pub(super) fn known<'a>(
    s: &mut dyn Session,
    table: Table,
    keys: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>, StoreError> {
    let keys: Vec<&str> = keys.collect::<BTreeSet<_>>().into_iter().collect();
    Ok(intake::ids_of_keys(s, table, &keys)?.into_iter().map(|(key, _, _)| key).collect())
}

/// What stands against a key that is none of the known ones.
pub(super) fn unknown(key: &Option<String>, known: &HashSet<String>, what: &str, pointer: &str) -> Option<Finding> {
    let key = key.as_ref().filter(|key| !known.contains(*key))?;
    let message = format!("There is no {what} `{key}`. Correct the key, or import the {what} first.");
    Some(Finding::error(format!("unknown_{what}"), format!("{pointer}/{what}_key"), message))
}
