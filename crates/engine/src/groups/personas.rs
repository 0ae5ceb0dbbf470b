//! Personas where they decide: who is of one, and what is looked at again when one changes.

use caravan_catalog::personas::Personas;
use caravan_catalog::{Needs, Subject};
use caravan_model::PersonId;
use caravan_model::condition::Context;
use caravan_model::document::{Body, DocumentKind};
use caravan_store::{Session, StoreError, documents, step};
use jiff::Timestamp;
use serde_json::json;

use super::jobs::{self, JobKind};
use crate::definitions::stored_document;
use crate::inbox::Command;
use crate::live::Live;
use crate::load::{Wanted, load};

/// Key of the persona that fits a person best: of those that fit, the one that asks for most, then the oldest.
///
/// # Errors
/// The store's.
pub fn of_person(s: &mut dyn Session, live: &Live, person: PersonId) -> Result<Option<String>, StoreError> {
    let personas = Personas::of(&live.definitions);
    let like = |key: &str| {
        let condition = live.definitions.person_condition(&json!({ "persona": key }), "").ok()?;
        Some((key.to_owned(), condition))
    };
    let conditions: Vec<_> = personas.keys().filter_map(like).collect();
    if conditions.is_empty() {
        return Ok(None);
    }
    let mut needs = Needs::default();
    conditions.iter().for_each(|(_, condition)| needs.extend(&Needs::from(&condition.needs())));
    let now = s.now()?;
    let mut wanted = Wanted::of(&needs);
    wanted.person(person);
    let world = load(s, live, now, &wanted)?;
    let Some(ix) = world.person_ix(person) else { return Ok(None) };
    let context = Context { now, entry: None, zone: live.zone() };
    let fits = conditions.into_iter().find(|(_, like)| world.holds(like, Subject::Person(ix), None, &context));
    Ok(fits.map(|(key, _)| key))
}

/// Personas changed: lists and groups whose conditions ask for any are looked at again.
pub(crate) fn follow(s: &mut dyn Session, users: &[(DocumentKind, &str)], now: Timestamp) -> Result<(), StoreError> {
    if users.is_empty() {
        return Ok(());
    }
    for row in documents::all(s)? {
        let Some(kind) = DocumentKind::from_key(&row.kind) else { continue };
        let asks = |kind: DocumentKind, key: &str| users.contains(&(kind, key));
        match kind {
            DocumentKind::AccountList | DocumentKind::PeopleList | DocumentKind::Audience if asks(kind, &row.key) => {
                step::insert_inbox(s, &Command::Evaluate { list: row.id, after: 0 }.to_all(now))?;
            }
            DocumentKind::SolutionInterest => {
                let Some(document) = stored_document(&row) else { continue };
                let Body::SolutionInterest(interest) = &document.body else { continue };
                if asks(DocumentKind::RolesTemplate, &interest.roles_template) {
                    jobs::ask(s, row.id, JobKind::Maintain, interest.update_existing, super::DEFINITIONS, now)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
