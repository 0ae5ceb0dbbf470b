//! Duplicating: a new draft like a journey, or with its map alone.

use caravan_catalog::Actions;
use caravan_model::Finding;
use caravan_model::document::{Body, DocumentKind};
use caravan_model::duration::{Duration, Unit};
use caravan_model::journey::{ActionCatalogue, BoxAction, Branch, Journey, Node, Timeout, Wait};
use caravan_store::documents;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::definitions::{ApplyOptions, DefinitionError, put, stored_document};
use crate::status::journey_row;

/// What the waits of a bare map are set to.
const BARE_WAIT_DAYS: u32 = 5;

/// How much is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateMode {
    /// Everything but the emails and SMS messages that its actions send.
    #[default]
    Partial,
    /// Nodes and paths only: settings are blank, waits last 5 days.
    Structure,
}

/// What the copy is like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// How much is taken over; left out: everything but emails and SMS messages.
    #[serde(default)]
    pub mode: DuplicateMode,
    /// The copy's key; left out: the key and `-copy`, with a number where that is taken.
    pub key: Option<String>,
    /// The copy's name; left out: the name and ` copy`.
    pub name: Option<String>,
}

/// Makes a new draft like a journey. Returns its manifest.
///
/// # Errors
/// There is no such journey; `exists_already` when the key is taken.
pub fn duplicate(engine: &Engine, key: &str, wanted: Duplicate, actor: &str) -> Result<Json, DefinitionError> {
    let (original, copy_key) = engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let original = stored_document(&row).ok_or_else(|| unreadable(key))?;
        let taken: Vec<String> = documents::all(s)?
            .into_iter()
            .filter(|row| row.kind == DocumentKind::Journey.key())
            .map(|row| row.key)
            .collect();
        let copy_key = match &wanted.key {
            Some(key) if taken.contains(key) => return Err(exists(key)),
            Some(key) => key.clone(),
            None => free_key(key, &taken),
        };
        Ok((original, copy_key))
    })?;
    let name = wanted.name.unwrap_or_else(|| format!("{} copy", original.envelope.name));
    let Body::Journey(journey) = original.body.clone() else { return Err(unreadable(key).into()) };
    let mut copy = original.clone();
    copy.body = Body::Journey(Box::new(match wanted.mode {
        DuplicateMode::Partial => without_messages(*journey),
        DuplicateMode::Structure => bare(*journey),
    }));
    let mut manifest = copy
        .to_value()
        .map_err(|error| Finding::error("not_storable", "", format!("The copy cannot be stored: {error}.")))?;
    if let Some(fields) = manifest.as_object_mut() {
        fields.insert("key".to_owned(), copy_key.into());
        fields.insert("name".to_owned(), name.into());
    }
    put(engine, manifest.clone(), actor, ApplyOptions { dry_run: false, incomplete: true }, None)?;
    Ok(manifest)
}

fn unreadable(key: &str) -> Finding {
    Finding::error("unreadable", "", format!("Journey `{key}` cannot be read. Apply it again."))
}

fn exists(key: &str) -> DefinitionError {
    Finding::error("exists_already", "/key", format!("There is a journey `{key}` already. Choose another key.")).into()
}

fn free_key(key: &str, taken: &[String]) -> String {
    let first = format!("{key}-copy");
    let numbered = (2..).map(|n| format!("{first}-{n}"));
    let mut candidates = std::iter::once(first.clone()).chain(numbered);
    candidates.find(|candidate| !taken.contains(candidate)).unwrap_or(first)
}

/// Actions keep their settings but for the content that they send.
fn without_messages(mut journey: Journey) -> Journey {
    for_each_action(&mut journey, &mut |action, settings| {
        let content = [DocumentKind::Email, DocumentKind::SmsMessage];
        let named = Actions.references(action, settings, "");
        for reference in named.iter().filter(|reference| content.contains(&reference.kind)) {
            settings.shift_remove(reference.pointer.trim_start_matches('/'));
        }
    });
    journey
}

/// Nodes and paths only.
fn bare(mut journey: Journey) -> Journey {
    for_each_action(&mut journey, &mut |_, settings| settings.clear());
    for node in journey.nodes.values_mut() {
        match node {
            Node::Wait(wait) => {
                *wait = Wait { duration: bare_wait(), until: None, must_end_on: None, next: wait.next.clone() }
            }
            Node::Listen(listen) => {
                (listen.event, listen.filters) = (None, None);
                listen.events.clear();
                if let Some(timeout) = &mut listen.timeout {
                    let next = timeout.next.take();
                    *timeout = Timeout { duration: bare_wait(), until: None, must_end_on: None, next };
                }
            }
            Node::Split(split) => split.paths.iter_mut().for_each(|path| path.when = None),
            Node::ExternalSplit(split) => {
                split.values.clear();
                split.paths.iter_mut().for_each(|path| path.when = None);
            }
            Node::ExternalAction(action) => action.values.clear(),
            Node::Action(_) | Node::VariantSplit(_) | Node::Merge(_) | Node::NextBestPath(_) => {}
        }
    }
    Journey {
        audience: None,
        start: None,
        end: None,
        reentry: None,
        goal: None,
        hold_out: None,
        deduplicate_email: false,
        ..journey
    }
}

fn bare_wait() -> Option<Duration> {
    Duration::new(BARE_WAIT_DAYS, Unit::Days)
}

fn for_each_action(journey: &mut Journey, change: &mut dyn FnMut(&str, &mut Map<String, Json>)) {
    for node in journey.nodes.values_mut() {
        if let Node::Action(action) = node {
            change(&action.action, &mut action.settings);
        }
        for boxed in boxed_actions(node).into_iter().flatten() {
            change(&boxed.action, &mut boxed.settings);
        }
    }
}

/// The actions on each path of a people box.
fn boxed_actions(node: &mut Node) -> Vec<&mut Vec<BoxAction>> {
    fn of(branch: &mut Option<Branch>) -> Option<&mut Vec<BoxAction>> {
        branch.as_mut()?.actions.as_mut()
    }
    match node {
        Node::Split(split) => {
            split.paths.iter_mut().filter_map(|path| path.actions.as_mut()).chain(of(&mut split.other)).collect()
        }
        Node::VariantSplit(split) => split.paths.iter_mut().filter_map(|path| path.actions.as_mut()).collect(),
        Node::ExternalSplit(split) => {
            let paths = split.paths.iter_mut().filter_map(|path| path.actions.as_mut());
            paths.chain(of(&mut split.other)).chain(of(&mut split.failed)).collect()
        }
        _ => Vec::new(),
    }
}
