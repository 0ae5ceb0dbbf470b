//! An email that somebody sends by hand, to members of a buying group or to people of an account: through the outbox, the
//! gates, the ledger and the timeline that a journey's emails go through.

mod addressees;

use std::collections::HashMap;

use caravan_catalog::mailing::Mailing;
use caravan_catalog::snapshot::Recipient;
use caravan_model::document::{Body, Document, DocumentKind, Email};
use caravan_model::{DocumentId, EnrollmentId, Finding, PersonId, VersionId};
use caravan_store::step::{self, EffectRow};
use caravan_store::{Session, StoreError, documents};
use schemars::JsonSchema;
use serde::Serialize;

use crate::definitions::{DefinitionError, add_version, stored_document};
use crate::deliver::{House, compile_email, email_refusals};
use crate::groups::by_hand::ByHandError;
use crate::live::Live;
use crate::load::{Wanted, load};
use crate::{Engine, lifecycle};
use addressees::Addressed;
pub use addressees::{Addressees, MOST_OF_ACCOUNT};

/// What became of a mailing by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mailed {
    /// How many emails are on their way.
    pub queued: usize,
    /// Who gets none.
    pub refused: Vec<Refused>,
}

/// Somebody who may not be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MailRefused")]
pub struct Refused {
    /// Key of the person.
    pub person: String,
    /// Why, stable: as the outcome of an email that a journey skips.
    pub code: String,
    /// Why, for people.
    pub message: String,
}

/// Queues an email. Whoever may not be written to is told, and gets none; the gates judge everybody again when it leaves.
///
/// # Errors
/// There is no such group, account or person; somebody is not in it; the email cannot be sent; nobody may be written to.
pub fn send(engine: &Engine, to: &Addressees, email: &str, actor: &str) -> Result<Mailed, ByHandError> {
    let mailed = engine.store().write(|s| {
        let live = engine.live(s)?;
        let addressed = to.find(s, &live)?;
        let ready = Ready::of(s, &live, email)?;
        let ids: Vec<i64> = addressed.people.iter().map(|(_, id)| id.0).collect();
        let refusals = email_refusals(s, &live, &ids, ready.email.operational)?;
        let refused: Vec<Refused> = refused(&addressed, &refusals);
        let written = addressed.without(|person| refusals.contains_key(&person));
        if written.people.is_empty() {
            let finding = |refused: &Refused| refused.finding(to.place(&refused.person));
            return Err(ByHandError::Refused(refused.iter().map(finding).collect()));
        }
        let version = ready.version(s, &live, actor)?;
        let queued = ready.queue(s, &live, &written, version)?;
        Ok::<_, ByHandError>(Mailed { queued, refused })
    })?;
    engine.poke();
    Ok(mailed)
}

fn refused(addressed: &Addressed, refusals: &HashMap<PersonId, &'static str>) -> Vec<Refused> {
    let refusal = |(key, person): &(String, PersonId)| Some(Refused::of(key, refusals.get(person)?));
    addressed.people.iter().filter_map(refusal).collect()
}

/// An email that can be sent as it is now.
struct Ready {
    id: DocumentId,
    document: Document,
    email: Email,
    mailing: Mailing,
}

impl Ready {
    fn of(s: &mut dyn Session, live: &Live, key: &str) -> Result<Self, ByHandError> {
        let definitions = &live.definitions;
        let mailing = Mailing::of(key, definitions).map_err(ByHandError::Refused)?;
        // Nobody takes it away before what is queued here is written.
        documents::hold(s, DocumentKind::Email.key(), key)?;
        let row = documents::get(s, DocumentKind::Email.key(), key)?;
        let unreadable =
            || Finding::error("unreadable", "/email", format!("The email `{key}` cannot be read. Apply it again."));
        let (id, document) = row.and_then(|row| Some((row.id, stored_document(&row)?))).ok_or_else(unreadable)?;
        let Body::Email(email) = &document.body else { return Err(unreadable().into()) };
        let email = email.whole(&|key: &str| definitions.fragment(key)).map_err(ByHandError::Refused)?;
        let settings = definitions.settings();
        let house = House::of(settings.as_ref());
        compile_email(&email, &house).map_err(ByHandError::Refused)?;
        let paths = email.paths().map_err(ByHandError::Refused)?;
        if let Some(path) = paths.iter().find(|path| path.starts_with("my.")) {
            let message = format!(
                "The email names `{path}`, a value of a journey, and no journey sends it. Take it out, or send another email."
            );
            return Err(Finding::error("my_token_undefined", "/email", message).into());
        }
        Ok(Self { id, document, email, mailing })
    }

    /// What it is made from, kept beside the email as a journey's version keeps it; the last one while nothing changed.
    fn version(&self, s: &mut dyn Session, live: &Live, actor: &str) -> Result<VersionId, ByHandError> {
        let frozen = lifecycle::freeze_email(&self.document, &documents::all(s)?, &live.definitions);
        if let Some(last) = documents::versions_of(s, self.id)?.into_iter().last().filter(|last| last.frozen == frozen)
        {
            return Ok(last.id);
        }
        let body = self.document.to_value().map(|value| value.to_string()).unwrap_or_default();
        let now = s.now()?;
        add_version(s, self.id, &body, &frozen, now, actor).map_err(|error| match error {
            DefinitionError::Store(error) => ByHandError::Store(error),
            other => Finding::error("not_storable", "/email", other.to_string()).into(),
        })
    }

    fn queue(&self, s: &mut dyn Session, live: &Live, to: &Addressed, version: VersionId) -> Result<usize, StoreError> {
        let now = s.now()?;
        let needs = self.mailing.needs();
        let mut wanted = Wanted::of(&needs);
        if let Some(account) = to.account {
            wanted.account(account, &needs);
        }
        wanted.people.extend(to.people.iter().map(|(_, person)| *person));
        let world = load(s, live, now, &wanted)?;
        // Of the same outbox as what it numbers: no two mailings share it.
        let mailing = s.reserve_ids("outbox", 1)?.next().unwrap_or_default();
        let lane = self.mailing.lane();
        let account = to.account.and_then(|account| world.account_ix(account));
        let mut queued: Vec<(PersonId, String, String)> = Vec::with_capacity(to.people.len());
        for &(_, person) in &to.people {
            let Some(ix) = world.person_ix(person) else { continue };
            let recipient = Recipient { person: Some(ix), account, entered_at: Some(now) };
            let body = self.mailing.effect(&world, ix, recipient, (String::new(), 0));
            queued.push((
                person,
                format!("hand.{mailing}.{}", person.0),
                serde_json::to_string(&body).unwrap_or_default(),
            ));
        }
        let rows: Vec<EffectRow<'_>> = queued
            .iter()
            .map(|(person, key, body)| EffectRow {
                lane: &lane,
                key,
                kind: caravan_catalog::effects::EMAIL,
                shard: to.shard,
                enrollment: EnrollmentId::NONE,
                version,
                node: 0,
                account: to.account.map(|account| account.0),
                person: Some(person.0),
                body,
            })
            .collect();
        step::insert_effects(s, &rows, now)?;
        Ok(rows.len())
    }
}

impl Refused {
    fn of(person: &str, code: &'static str) -> Self {
        let message = format!("`{person}` may not be written to: {}.", in_words(code));
        Self { person: person.to_owned(), code: code.to_owned(), message }
    }

    fn finding(&self, place: String) -> Finding {
        Finding::error(&self.code, place, self.message.clone())
    }
}

fn in_words(code: &str) -> &str {
    match code {
        "not_on_allow_list" => "only addresses of the allow list get messages here",
        "email_missing" => "there is no address",
        "email_invalid" => "the address takes no mail",
        "suppressed" => "the address is on the do-not-contact list",
        "bounced_before" => "mail to the address has come back for good",
        "email_suspended" => "the address rests after bounces",
        "marketing_suspended" => "marketing is suspended",
        "unsubscribed" => "they have opted out",
        "complained" => "they have reported mail as spam",
        other => other,
    }
}
