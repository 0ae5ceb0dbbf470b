//! What comes back about text messages: reports of the provider, and what people write.
//!
//! A report may come before the answer to the sending, twice, or after a later one; the highest rank holds. Whoever
//! writes STOP is out for the sender, and for text messages in general, whoever else has the number.

mod answers;
mod troubles;
mod unheard;
mod way_out;

use self::answers::wrote;
pub(crate) use self::answers::{after_failure, is_own_word};
pub use self::troubles::{AccountTrouble, go_on, troubles};
pub(crate) use self::troubles::{Resting, Standing, probe_leaves, resting, standing};
pub(crate) use self::unheard::{ASKED_EVERY, LOST_FOR, ask_unheard};
pub(crate) use self::way_out::Out;
use caravan_catalog::Changes;
use caravan_connect::texts::{self, FailureClass, Report, Returned, State};
pub use caravan_connect::texts::{Call, CallRefused, Reply};
use caravan_connect::tracking::{OPT_OUT_LINK, Purpose, SigningKeys, Token, with_parameters, with_visitor};
use caravan_model::document::DocumentKind;
use caravan_model::{EffectId, PersonId};
use caravan_store::reports::{self, DeliveryReport};
use caravan_store::watched;
use caravan_store::{Session, StoreError, ledger, outbox};

use crate::Engine;
use crate::deliver::arrived;
use crate::live::Live;
use crate::machines::{Request, Visitor};
use crate::secrets::secrets_of;
use crate::tracking::{Message, SMS_CLICKED, write};

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
                let reply = engine.store().write(|s| wrote(s, engine, provider.key(), &inbound))?;
                answer = answer.or(reply);
            }
        }
    }
    engine.poke();
    Ok(provider.reply(answer.as_deref()))
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
    match report.state.is_final() {
        true => watched::heard_out(s, &[effect])?,
        false => watched::found(s, effect, &report.remote_id)?,
    }
    // A late "delivered" wins over "undelivered": the carrier has thought better of it.
    let known = reports::states(s, &[effect])?.pop().map(|heard| heard.state);
    let late = report.state == State::Delivered && known.as_deref() == Some(State::Undelivered.key());
    if !reports::put(s, &kept, late)? {
        return Ok(());
    }
    if let Some(row) = row.as_ref().filter(|row| row.outcome == "in_doubt") {
        arrived(s, &live, row, now)?;
        // So that it is not taken for another one whose answer was lost.
        ledger::found(s, effect, &report.remote_id)?;
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
        after_failure(s, &live, report.class, (phone, sender), Some(effect), &mut changes, now)?;
    }
    write(s, &live, now, changes)
}

/// What a code is about that a report of a connection's provider carries.
pub(crate) fn class_of(live: &Live, connection: &str, code: &str) -> Option<FailureClass> {
    let definition = live.definitions.get(DocumentKind::Connection, connection)?;
    definition.text("type").and_then(texts::provider)?.class_of(code)
}

/// A short link was followed: where it leads; none for one that is not ours. Without a visitor somebody only looks where
/// it leads. A link by which one opts out leads to its page, and is no click.
pub fn followed(
    engine: &Engine,
    keys: &SigningKeys,
    code: &str,
    visitor: Option<&Visitor>,
) -> Result<Option<String>, StoreError> {
    let Some(link) = engine.store().read(|s| reports::link(s, code))? else { return Ok(None) };
    let leads_to = with_parameters(&link.target, &link.parameters);
    let Some(visitor) = visitor.filter(|_| link.link != i64::from(OPT_OUT_LINK)) else { return Ok(Some(leads_to)) };
    let written = engine.store().write(|s| -> Result<Option<PersonId>, StoreError> {
        let live = engine.live(s)?;
        let now = s.now()?;
        let Some(message) = Message::find(s, &live, link.effect)? else { return Ok(None) };
        let Some(person) = message.person else { return Ok(None) };
        let number = u16::try_from(link.link).unwrap_or(u16::MAX);
        let activities =
            message.clicked(s, &live, Request { visitor, keys }, (SMS_CLICKED, person), (number, &link.target), now)?;
        write(s, &live, now, Changes { activities, ..Changes::default() })?;
        Ok(Some(person))
    });
    let person = written.unwrap_or_else(|error| {
        tracing::error!(%error, code, "a click could not be written down");
        None
    });
    engine.poke();
    let Some(person) = person.filter(|_| link.visitor) else { return Ok(Some(leads_to)) };
    let token = keys.sign(&Token { effect: link.effect, person: Some(person), purpose: Purpose::Visitor });
    Ok(Some(with_visitor(&leads_to, &token)))
}
