//! What comes back about text messages: reports of the provider, and what people write.
//!
//! A report may come before the answer to the sending, twice, or after a later one; the highest rank holds. Whoever
//! writes STOP is out for the sender, and for text messages in general, whoever else has the number.

mod troubles;

use std::sync::Arc;

use caravan_catalog::Changes;
use caravan_catalog::changes::{NewActivity, ValueChange};
use caravan_connect::texts::{self, FailureClass, Inbound, Keyword, Report, Returned, State, e164, sender_key};
pub use caravan_connect::texts::{Call, CallRefused, Reply};
pub use self::troubles::{AccountTrouble, go_on, troubles};
pub(crate) use self::troubles::{Standing, probe_leaves, resting, standing};
use caravan_model::document::DocumentKind;
use caravan_model::value::Value;
use caravan_model::{EffectId, PersonId};
use caravan_store::reports::{self, DeliveryReport};
use caravan_store::watched::{self, Unheard};
use caravan_store::{Session, StoreError, intake, ledger, outbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::Engine;
use crate::deliver::{Doors, Way, arrived};
use crate::live::Live;
use crate::machines::Visitor;
use crate::secrets::secrets_of;
use crate::tracking::{Message, SMS_CLICKED, write};

/// How long nothing is heard of a message before its provider is asked; each time so much longer than the last. Some
/// carriers never report, so it is not asked for ever: eight times, over three days.
pub(crate) const ASKED_EVERY: SignedDuration = SignedDuration::from_hours(2);
const MOST_ASKED: i64 = 8;
/// Messages asked about in one go.
const ASKED_AT_ONCE: usize = 100;

/// Why a call is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// There is no such connection, or it sends no text messages.
    #[error("there is no connection of that name which sends text messages")]
    UnknownConnection,
    /// Not signed by the provider, or not readable.
    #[error(transparent)]
    Refused(#[from] CallRefused),
    /// The connection's secrets cannot be read.
    #[error("{0}")]
    NotSetUp(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes in a call of the provider behind a connection, and says what it is answered with.
///
/// # Errors
/// It is not taken; nothing was changed.
pub fn received(engine: &Engine, connection: &str, call: &Call<'_>) -> Result<Reply, CallbackError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let definition = live.definitions.get(DocumentKind::Connection, connection);
    let definition = definition.ok_or(CallbackError::UnknownConnection)?;
    let provider = definition.text("type").and_then(texts::provider).ok_or(CallbackError::UnknownConnection)?;
    let secrets = secrets_of(&live, definition, engine.clock().now()).map_err(CallbackError::NotSetUp)?;
    let settings = definition.body.get("settings").cloned().unwrap_or_default();
    let mut answer = None;
    for returned in provider.read(&settings, &secrets, call)? {
        match returned {
            Returned::Report(report) => engine.store().write(|s| reported(s, engine, connection, &report))?,
            Returned::Inbound(inbound) => {
                let keyword = engine.store().write(|s| wrote(s, engine, provider.key(), &inbound))?;
                let keyword = keyword.filter(|_| !inbound.answered);
                answer = answer.or(keyword.and_then(|keyword| answer_to(&settings, keyword)));
            }
        }
    }
    engine.poke();
    Ok(provider.reply(answer.as_deref()))
}

fn answer_to(settings: &Json, keyword: Keyword) -> Option<String> {
    let field = match keyword {
        Keyword::Stop => "stop_text",
        Keyword::Start => "start_text",
        Keyword::Help => "help_text",
    };
    settings.get(field).and_then(Json::as_str).map(str::to_owned)
}

/// How a message fares. One of which nobody knows yet that it left is not settled here: what the report says about its
/// number is done when it is, for the number that it really went to.
fn reported(s: &mut dyn Session, engine: &Engine, connection: &str, report: &Report) -> Result<(), StoreError> {
    let Some(effect) = report.message.map(EffectId) else { return Ok(()) };
    let live = engine.live(s)?;
    let now = s.now()?;
    outbox::lock(s, effect)?;
    let row = ledger::get(s, effect, true)?;
    let Some(message) = Message::find(s, &live, effect)? else { return watched::heard_out(s, &[effect]) };
    let kept = DeliveryReport {
        effect,
        rank: report.state.rank(),
        state: report.state.key().to_owned(),
        code: report.code.clone(),
        message: None,
        at: now,
    };
    if report.state.is_final() {
        watched::heard_out(s, &[effect])?;
    }
    // A late "delivered" wins over "undelivered": the carrier has thought better of it.
    let known = reports::states(s, &[effect])?.pop().map(|heard| heard.state);
    let late = report.state == State::Delivered && known.as_deref() == Some(State::Undelivered.key());
    if !reports::put(s, &kept, late)? {
        return Ok(());
    }
    if let Some(row) = row.as_ref().filter(|row| row.outcome == "in_doubt") {
        arrived(s, &live, row, now)?;
    }
    if report.state == State::Delivered {
        troubles::arrived(s, connection, message.sent_at)?;
    } else if let (Some(class), Some(code)) = (report.class, &report.code) {
        troubles::failed(s, &live, (connection, code), class, now)?;
    }
    let mut changes = Changes::default();
    let told = match report.state {
        State::Delivered => Some("sms_delivered"),
        State::Undelivered | State::Failed | State::Cancelled => Some("sms_failed"),
        State::Accepted | State::Sent => None,
    };
    let mut fields = message.fields();
    if let (Some(fields), Some(code)) = (fields.as_object_mut(), &report.code) {
        fields.insert("code".to_owned(), code.clone().into());
    }
    if let (Some(kind), Some(person)) = (told, message.person) {
        changes.activities.push(message.activity(kind, person, now, fields));
    }
    if let Some(phone) = message.address.as_ref().filter(|_| row.is_some()) {
        let sender = message.sender.as_deref().unwrap_or_default();
        after_failure(s, &live, report.class, (phone, sender), &mut changes, now)?;
    }
    write(s, &live, now, changes)
}

/// What a code is about that a report of a connection's provider carries.
pub(crate) fn class_of(live: &Live, connection: &str, code: &str) -> Option<FailureClass> {
    let definition = live.definitions.get(DocumentKind::Connection, connection)?;
    definition.text("type").and_then(texts::provider)?.class_of(code)
}

/// Asks providers about messages whose end was never reported. Returns about how many.
///
/// # Errors
/// The store's.
pub(crate) fn ask_unheard(engine: &Engine, doors: &Doors) -> Result<usize, StoreError> {
    let due = engine.store().read(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        Ok(watched::next_unheard(s)?.is_some_and(|at| at <= now))
    })?;
    if !due {
        return Ok(0);
    }
    let (live, unheard) = engine.store().write(|s| -> Result<_, StoreError> {
        let now = s.now()?;
        let taken = watched::take_unheard(s, now, ASKED_EVERY, ASKED_AT_ONCE)?;
        let (given_up, asked): (Vec<_>, Vec<_>) = taken.into_iter().partition(|message| message.asked >= MOST_ASKED);
        watched::heard_out(s, &given_up.into_iter().map(|message| message.effect).collect::<Vec<_>>())?;
        Ok((engine.live(s)?, asked))
    })?;
    for Unheard { effect, connection, remote_id, .. } in &unheard {
        let Ok(Some(door)) = doors.door(&live, &Way::connection(connection.clone())) else { continue };
        match door.fares(remote_id) {
            Ok(Some(report)) => {
                let report = Report { message: Some(effect.0), ..report };
                engine.store().write(|s| reported(s, engine, connection, &report))?;
            }
            Ok(None) => {}
            Err(why) => tracing::warn!(connection, why, "a provider does not say how a text message fares"),
        }
    }
    Ok(unheard.len())
}

/// What a failure says about the number.
pub(crate) fn after_failure(
    s: &mut dyn Session,
    live: &Live,
    class: Option<FailureClass>,
    (phone, sender): (&str, &str),
    changes: &mut Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    match class {
        Some(FailureClass::BadNumber) => ledger::suppress(s, &[phone.to_owned()], FailureClass::BadNumber.key(), now),
        Some(FailureClass::Consent) => says(s, live, ("n", OF_PROVIDER), (phone, &[sender]), changes, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// Somebody wrote. Returns the keyword that is to be answered; none when it was taken in before.
fn wrote(
    s: &mut dyn Session,
    engine: &Engine,
    provider: &str,
    inbound: &Inbound,
) -> Result<Option<Keyword>, StoreError> {
    let live = engine.live(s)?;
    let now = s.now()?;
    let ids = [inbound.remote_id.as_str()];
    if !intake::seen(s, provider, &ids)?.is_empty() {
        return Ok(None);
    }
    intake::mark_seen(s, provider, &ids, now)?;
    let phone = e164(&inbound.from).unwrap_or_else(|_| inbound.from.clone());
    let mut changes = Changes::default();
    let senders: Vec<&str> = inbound.to.iter().map(String::as_str).collect();
    let people = match inbound.keyword {
        Some(Keyword::Stop) => says(s, &live, ("n", OF_KEYWORD), (&phone, &senders), &mut changes, now)?,
        Some(Keyword::Start) => says(s, &live, ("y", OF_KEYWORD), (&phone, &senders), &mut changes, now)?,
        Some(Keyword::Help) | None => people_at(s, &phone)?.into_iter().map(|(person, _)| person).collect(),
    };
    let keyword = inbound.keyword.map(|keyword| format!("{keyword:?}").to_lowercase());
    for person in people {
        changes.activities.push(NewActivity {
            kind: "sms_received",
            at: now,
            account: None,
            person: Some(person),
            enrollment: None,
            node: None,
            source: Arc::from(provider),
            fields: json!({"text": inbound.text, "keyword": keyword, "to": inbound.to.first()}).to_string(),
        });
    }
    write(s, &live, now, changes)?;
    Ok(inbound.keyword)
}

/// Who wrote consent down: the number answered with a word that starts or stops texts.
const OF_KEYWORD: &str = "keyword";
/// … the provider refused, since the number had said so to it.
const OF_PROVIDER: &str = "provider";

/// Whether consent from this source is the word of whoever has the number, which no file takes back.
pub(crate) fn is_own_word(source: &str) -> bool {
    [OF_KEYWORD, OF_PROVIDER].contains(&source)
}

/// A number says yes or no: to the senders, and as everybody's word who has it. Returns who they are.
fn says(
    s: &mut dyn Session,
    live: &Live,
    (value, source): (&str, &str),
    (phone, senders): (&str, &[&str]),
    changes: &mut Changes,
    now: Timestamp,
) -> Result<Vec<PersonId>, StoreError> {
    for sender in senders {
        reports::set_consent(s, phone, &sender_key(sender), value, source, now)?;
    }
    let people = people_at(s, phone)?;
    let attribute = live.definitions.schema.person.no("sms_consent");
    for (person, before) in people.iter().filter(|(_, before)| before.as_deref() != Some(value)) {
        let Some(attribute) = attribute else { continue };
        changes.person_values.push(ValueChange { id: *person, attribute, value: Value::Text(value.to_owned()) });
        let fields = json!({"attribute": "sms_consent", "old": before, "new": value, "source": source});
        changes.activities.push(NewActivity {
            kind: "person_changed",
            at: now,
            account: None,
            person: Some(*person),
            enrollment: None,
            node: None,
            source: Arc::from("texts"),
            fields: fields.to_string(),
        });
    }
    Ok(people.into_iter().map(|(person, _)| person).collect())
}

/// Who has a number now, and what each said about text messages.
fn people_at(s: &mut dyn Session, phone: &str) -> Result<Vec<(PersonId, Option<String>)>, StoreError> {
    let digits = phone.trim_start_matches('+');
    let written = [phone.to_owned(), digits.to_owned(), format!("00{digits}")];
    let found = reports::people_at(s, phone, &written)?.into_iter();
    let has_it = |number: &Option<String>| number.as_deref().is_some_and(|number| e164(number).as_deref() == Ok(phone));
    let exactly = |number: &Option<String>| number.as_ref().is_some_and(|number| written.contains(number));
    Ok(found
        .filter(|(_, number, _)| has_it(number) || exactly(number))
        .map(|(person, _, said)| (person, said))
        .collect())
}

/// A short link was followed: where it leads; none for one that is not ours. Without a visitor somebody only looks where
/// it leads.
pub fn followed(engine: &Engine, code: &str, visitor: Option<&Visitor>) -> Result<Option<String>, StoreError> {
    let Some(link) = engine.store().read(|s| reports::link(s, code))? else { return Ok(None) };
    if let Some(visitor) = visitor {
        let written = engine.store().write(|s| -> Result<(), StoreError> {
            let live = engine.live(s)?;
            let now = s.now()?;
            let Some(message) = Message::find(s, &live, link.effect)? else { return Ok(()) };
            let Some(person) = message.person else { return Ok(()) };
            let number = u16::try_from(link.link).unwrap_or(u16::MAX);
            let activities = message.clicked(s, &live, visitor, (SMS_CLICKED, person), (number, &link.target), now)?;
            write(s, &live, now, Changes { activities, ..Changes::default() })
        });
        if let Err(error) = written {
            tracing::error!(%error, code, "a click could not be written down");
        }
        engine.poke();
    }
    Ok(Some(link.target))
}
