//! What people say who get text messages: they write back, or have said it to the provider.
//!
//! Whoever opts out is out for the sender, and for text messages in general, whoever else has the number. It counts for
//! the last text that the number got from that sender.

use std::sync::Arc;

use caravan_catalog::Changes;
use caravan_catalog::changes::{NewActivity, NewConsent, ValueChange};
use caravan_connect::texts::{FailureClass, Inbound, Keyword, e164, sender_key};
use caravan_model::value::Value;
use caravan_model::{ActivityId, EffectId, PersonId};
use caravan_store::ledger::LedgerRow;
use caravan_store::text_answers::{self, Answered};
use caravan_store::{Session, StoreError, intake, ledger, reports};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::deliver::kept_of;
use crate::live::Live;
use crate::tracking::{Evidence, Message, written};
use crate::{Engine, consent_history};

/// For how long an opt-out counts for the last text.
const COUNTS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What says of an activity that somebody should look whether it was understood.
const FOR_REVIEW: &str = "for_review";
/// Under which it is remembered whom an answer to anything was sent to today.
const ANSWERED: &str = "texts.default_reply";
/// Texts to one number that are looked through for the last one of a sender.
const LOOKED_THROUGH: usize = 100;

/// What a failure says about the number.
pub(crate) fn after_failure(
    s: &mut dyn Session,
    live: &Live,
    class: Option<FailureClass>,
    (phone, sender): (&str, &str),
    effect: Option<EffectId>,
    changes: &mut Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    match class {
        Some(FailureClass::BadNumber) => ledger::suppress(s, &[phone.to_owned()], FailureClass::BadNumber.key(), now),
        Some(FailureClass::Consent) => {
            opts_out(s, live, (phone, &[sender]), OF_PROVIDER, effect, changes, now)?;
            let evidence = effect.map(|effect| ("message", effect.to_string())).into_iter().collect();
            let said = Said { value: "n", source: OF_PROVIDER, reason: class.map(FailureClass::key), evidence };
            says(s, live, said, (phone, &[sender]), None, changes, now).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// A number that has not done so yet opts out from these senders: that counts for the last text that it got from one of
/// them, which is not the one that was refused for it.
fn opts_out(
    s: &mut dyn Session,
    live: &Live,
    (phone, senders): (&str, &[&str]),
    how: &str,
    refused: Option<EffectId>,
    changes: &mut Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ours: Vec<String> = senders.iter().map(|sender| sender_key(sender)).collect();
    let said = reports::consents(s, &[phone.to_owned()], true)?;
    let is_out = |sender: &String| said.iter().any(|row| row.sender == *sender && row.value == "n");
    if ours.iter().all(is_out) {
        return Ok(());
    }
    let Some(last) = last_text(s, phone, &ours, refused, now)? else { return Ok(()) };
    let Some(message) = Message::find(s, live, last.id)? else { return Ok(()) };
    changes.activities.extend(message.opted_out_of_texts(s, how, now)?);
    Ok(())
}

/// The last text that a number got from one of these senders, but for one that was refused.
fn last_text(
    s: &mut dyn Session,
    phone: &str,
    senders: &[String],
    refused: Option<EffectId>,
    now: Timestamp,
) -> Result<Option<LedgerRow>, StoreError> {
    let texts = ledger::texts_to(s, phone, now - COUNTS_FOR, LOOKED_THROUGH)?;
    let from_us = |text: &LedgerRow| kept_of(text).sender.is_some_and(|sender| senders.contains(&sender_key(&sender)));
    Ok(texts.into_iter().filter(|text| Some(text.id) != refused).find(from_us))
}

/// What an answer answers: the last text that its number got from the sender.
fn answered(
    s: &mut dyn Session,
    (phone, senders): (&str, &[&str]),
    now: Timestamp,
) -> Result<Option<Answered>, StoreError> {
    let ours: Vec<String> = senders.iter().map(|sender| sender_key(sender)).collect();
    let last = last_text(s, phone, &ours, None, now)?;
    Ok(last.and_then(|text| {
        let kept = kept_of(&text);
        let named = |name: String| Some(name).filter(|name| !name.is_empty());
        Some(Answered {
            sms_message: kept.sms_message?,
            journey: named(kept.journey),
            node: named(kept.node),
            sent_at: text.decided_at,
        })
    }))
}

/// Somebody wrote. Returns what they are answered; nothing when it was taken in before.
pub(super) fn wrote(
    s: &mut dyn Session,
    engine: &Engine,
    provider: &str,
    inbound: &Inbound,
) -> Result<Option<String>, StoreError> {
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
    if inbound.keyword == Some(Keyword::Stop) {
        opts_out(s, &live, (&phone, &senders), OF_KEYWORD, None, &mut changes, now)?;
    }
    let keyword = inbound.keyword.map(|keyword| format!("{keyword:?}").to_lowercase());
    let evidence = vec![
        ("words", inbound.text.clone()),
        ("to", senders.join(", ")),
        ("provider", provider.to_owned()),
        ("provider_id", inbound.remote_id.clone()),
        (FOR_REVIEW, if inbound.guessed { "true".to_owned() } else { String::new() }),
    ];
    let said = |value| Said { value, source: OF_KEYWORD, reason: keyword.as_deref(), evidence };
    let people = match inbound.keyword {
        Some(Keyword::Stop) => says(s, &live, said("n"), (&phone, &senders), None, &mut changes, now)?,
        Some(Keyword::Start) => says(s, &live, said("y"), (&phone, &senders), None, &mut changes, now)?,
        Some(Keyword::Help) | None => people_at(s, &phone)?.into_iter().map(|(person, _)| person).collect(),
    };
    let mut fields = json!({"text": inbound.text, "keyword": keyword, "to": inbound.to.first()});
    if let Some(fields) = fields.as_object_mut().filter(|_| inbound.guessed) {
        fields.insert(FOR_REVIEW.to_owned(), true.into());
    }
    for &person in &people {
        changes.activities.push(NewActivity {
            kind: "sms_received",
            at: now,
            account: None,
            person: Some(person),
            enrollment: None,
            node: None,
            source: Arc::from(provider),
            fields: fields.to_string(),
        });
    }
    let written = written(s, &live, now, changes)?;
    if inbound.guessed {
        let answered = answered(s, (&phone, &senders), now)?;
        // What they wrote was told last.
        let answers: Vec<ActivityId> = written.into_iter().rev().take(people.len()).collect();
        text_answers::mark(s, &answers, answered.as_ref())?;
    }
    let Some(reply) = inbound.reply.clone() else { return Ok(None) };
    let answers = inbound.keyword.is_some() || answers_today(s, &phone, &senders, now)?;
    Ok(answers.then_some(reply))
}

/// Whether what is no keyword is answered: once a day for a number and a sender, so that two machines do not talk to each
/// other for ever.
fn answers_today(s: &mut dyn Session, phone: &str, senders: &[&str], now: Timestamp) -> Result<bool, StoreError> {
    let day = now.to_zoned(TimeZone::UTC).date();
    let once = format!("{phone} {} {day}", senders.first().copied().unwrap_or_default());
    let ids = [once.as_str()];
    if !intake::seen(s, ANSWERED, &ids)?.is_empty() {
        return Ok(false);
    }
    intake::mark_seen(s, ANSWERED, &ids, now)?;
    Ok(true)
}

/// Who wrote consent down: the number answered with a word that starts or stops texts.
const OF_KEYWORD: &str = "keyword";
/// … the provider refused, since the number had said so to it.
const OF_PROVIDER: &str = "provider";
/// … the number's owner pressed the button behind the link in a text.
pub(super) const OF_LINK: &str = "link";

/// Whether consent from this source is the word of whoever has the number, which no file takes back.
pub(crate) fn is_own_word(source: &str) -> bool {
    [OF_KEYWORD, OF_PROVIDER, OF_LINK].contains(&source)
}

/// What is said of text messages, how it came in and what shows it.
pub(super) struct Said<'a> {
    /// `y` or `n`.
    pub value: &'a str,
    /// How.
    pub source: &'a str,
    /// The keyword, or what the provider said.
    pub reason: Option<&'a str>,
    /// What shows it.
    pub evidence: Evidence,
}

/// A person, and what they said to text messages in general.
pub(super) type Speaker = (PersonId, Option<String>);

/// A number says yes or no: to the senders, and as everybody's word who has it, and of `also`, however their record writes the
/// number by now. Returns who they are.
pub(super) fn says(
    s: &mut dyn Session,
    live: &Live,
    said: Said<'_>,
    (phone, senders): (&str, &[&str]),
    also: Option<&Speaker>,
    changes: &mut Changes,
    now: Timestamp,
) -> Result<Vec<PersonId>, StoreError> {
    let keys: Vec<String> = senders.iter().map(|sender| sender_key(sender)).collect();
    let before = reports::consents(s, &[phone.to_owned()], true)?;
    let knew = |key: &String| {
        before.iter().any(|row| row.sender == *key && row.value == said.value && is_own_word(&row.source))
    };
    let is_news = !keys.iter().all(knew);
    for key in &keys {
        reports::set_consent(s, phone, key, said.value, said.source, now)?;
    }
    let mut people = people_at(s, phone)?;
    let missing = also.filter(|(person, _)| !people.iter().any(|(id, _)| id == person));
    people.extend(missing.cloned());
    let news = people.iter().filter(|(_, before)| is_news || before.as_deref() != Some(said.value));
    let mut whose: Vec<Option<PersonId>> = news.map(|(person, _)| Some(*person)).collect();
    if people.is_empty() && is_news {
        whose.push(None);
    }
    for (person, before) in &people {
        writes_down(live, (*person, before.as_deref()), (said.value, said.source), changes, now);
    }
    changes.consents.extend(whose.into_iter().map(|person| NewConsent {
        person,
        address: Some(phone.to_owned()),
        channel: consent_history::SMS,
        sender: keys.first().cloned(),
        value: Some(said.value.to_owned()),
        reason: said.reason.map(str::to_owned),
        source: said.source.to_owned(),
        evidence: said.evidence.clone(),
        node: None,
    }));
    Ok(people.into_iter().map(|(person, _)| person).collect())
}

/// What a person says to text messages in general, unless they have said it before.
fn writes_down(
    live: &Live,
    (person, before): (PersonId, Option<&str>),
    (value, source): (&str, &str),
    changes: &mut Changes,
    now: Timestamp,
) {
    let Some(attribute) = live.definitions.schema.person.no("sms_consent").filter(|_| before != Some(value)) else {
        return;
    };
    changes.person_values.push(ValueChange { id: person, attribute, value: Value::Text(value.to_owned()) });
    let fields = json!({"attribute": "sms_consent", "old": before, "new": value, "source": source});
    changes.activities.push(NewActivity {
        kind: "person_changed",
        at: now,
        account: None,
        person: Some(person),
        enrollment: None,
        node: None,
        source: Arc::from("texts"),
        fields: fields.to_string(),
    });
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
