//! What follows from changed definitions: lists are filled, groups created, activity types heard.

use std::collections::HashSet;

use caravan_catalog::Actions;
use caravan_connect::vault::Vault;
use caravan_model::attribute::Schema;
use caravan_model::condition::{Condition, Scope};
use caravan_model::document::{Body, Document, DocumentKind, declared_attributes};
use caravan_model::{DocumentId, Finding, Shard, VersionId};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, accounts, documents, intake, step};
use jiff::Timestamp;

use super::DefinitionError;
use crate::inbox::Command;
use crate::live::Live;
use crate::members::{Change, List, moves};
use crate::webhooks;

/// Who put the members into a list that its manifest names.
const BY_MANIFEST: &str = "manifest";

/// The members that the manifest of a list names: which table holds them, the field, what one is called, their keys.
fn named_members(body: &Body) -> Option<(Table, &'static str, &'static str, &[String])> {
    match body {
        Body::AccountList(list) => Some((Table::Account, "accounts", "account", &list.accounts)),
        Body::PeopleList(list) => Some((Table::Person, "people", "person", &list.people)),
        _ => None,
    }
}

/// Members of a static list that are not known.
pub(super) fn unknown_members(s: &mut dyn Session, document: &Document) -> Result<Vec<Finding>, StoreError> {
    let Some((table, field, one, keys)) = named_members(&document.body) else { return Ok(Vec::new()) };
    let known: HashSet<String> = members_of_keys(s, table, keys)?.into_iter().map(|(key, ..)| key).collect();
    Ok(keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !known.contains(*key))
        .map(|(at, key)| {
            let message = format!("There is no {one} `{key}`. Import it first, or take it out of the list.");
            Finding::error(format!("unknown_{one}"), format!("/{field}/{at}"), message)
        })
        .collect())
}

fn members_of_keys(
    s: &mut dyn Session,
    table: Table,
    keys: &[String],
) -> Result<Vec<(String, i64, Shard)>, StoreError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    if keys.is_empty() { Ok(Vec::new()) } else { intake::ids_of_keys(s, table, &keys) }
}

/// What follows from changed definitions: lists are filled, groups created, activity types heard.
pub(super) fn follow(
    s: &mut dyn Session,
    written: &[(&Document, DocumentId)],
    all: &[&Document],
    now: Timestamp,
) -> Result<(), DefinitionError> {
    let (schema, _) = declared_attributes(all.iter().copied());
    let mut rows = Vec::new();
    for (document, id) in written {
        if let (Some(list), Some((.., keys))) = (List::named_by(document, *id), named_members(&document.body)) {
            fill_static(s, &list, keys)?;
        }
        match &document.body {
            Body::AccountList(_) | Body::Audience(_) | Body::PeopleList(_) => {
                rows.extend(Command::Evaluate { list: *id, after: 0 }.to_all(now));
            }
            Body::Webhook(webhook) => webhooks::follow(s, *id, document.key(), webhook)?,
            _ => {}
        }
        if matches!(
            document.kind(),
            DocumentKind::AccountList | DocumentKind::Audience | DocumentKind::PeopleList | DocumentKind::RolesTemplate
        ) {
            documents::set_heard(s, *id, VersionId(0), &heard_by(document, &schema))?;
        }
    }
    step::insert_inbox(s, &rows)?;
    let personas: HashSet<&str> =
        written.iter().filter(|(d, _)| d.kind() == DocumentKind::Persona).map(|(d, _)| d.key()).collect();
    if !personas.is_empty() {
        // Which persona fits best depends on all of them.
        let asks = |d: &&&Document| d.references(&schema, &Actions).iter().any(|r| r.kind == DocumentKind::Persona);
        let users: Vec<(DocumentKind, &str)> = all.iter().filter(asks).map(|d| (d.kind(), d.key())).collect();
        crate::groups::personas::follow(s, &users, now)?;
    }
    Ok(crate::groups::follow(s, written, now)?)
}

/// Activity types that the conditions of a list or a roles template ask for.
fn heard_by(document: &Document, schema: &Schema) -> Vec<String> {
    let mut types: Vec<String> = document
        .body
        .conditions()
        .iter()
        .filter_map(|placed| {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            Condition::read(placed.json, &placed.pointer, scope).ok()
        })
        .flat_map(|condition| condition.needs().activities().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    types.sort();
    types.dedup();
    types
}

/// The manifest's members of a static list: who is named joins; whom an earlier manifest named and this does not leaves.
fn fill_static(s: &mut dyn Session, list: &List, keys: &[String]) -> Result<(), DefinitionError> {
    let named = members_of_keys(s, list.table(), keys)?;
    let named: Vec<(i64, Shard)> = named.into_iter().map(|(_, id, shard)| (id, shard)).collect();
    let ids: HashSet<i64> = named.iter().map(|(id, _)| *id).collect();
    let gone = accounts::members_by_source(s, list.id, BY_MANIFEST)?.into_iter().filter(|id| !ids.contains(id));
    let gone = list.places(s, &gone.collect::<Vec<_>>())?;
    if named.is_empty() && gone.is_empty() {
        return Ok(());
    }
    // Not the engine's: this one may be rolled back. Members need no secrets.
    let live = Live::load(s, &Vault::nowhere(), None)?;
    moves::write(s, &live, list, (Change::Remove, BY_MANIFEST), &gone)?;
    moves::write(s, &live, list, (Change::Add, BY_MANIFEST), &named)?;
    Ok(())
}
