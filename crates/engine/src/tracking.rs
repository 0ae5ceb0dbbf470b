//! What recipients do with a message: they open it, follow a link, opt out. Each becomes an activity of the trip that
//! sent the message.
//!
//! The routes belong to the API; here a token is read and its consequence written. A GET never opts anybody out.

mod message;

use std::collections::BTreeSet;

use caravan_catalog::Changes;
use caravan_catalog::changes::{NewActivity, NewConsent, ValueChange};
pub use caravan_connect::connector::Secret;
pub use caravan_connect::tracking::{BadToken, PREVIEW, Purpose, SigningKeys, Token};
use caravan_connect::tracking::{with_parameters, with_visitor};
use caravan_connect::way_out;
pub use caravan_connect::way_out::PROOF;
use caravan_model::attribute::person;
use caravan_model::value::Value;
use caravan_model::{ActivityId, PersonId, Shard};
use caravan_store::held_clicks::{self};
use caravan_store::step::{self, Claim};
use caravan_store::uses::UseKind;
use caravan_store::{Session, StoreError, ledger, suppressions};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::Engine;
use crate::deliver::{self, UNSUBSCRIBED, folded_address, raise_flag};
use crate::live::Live;
use crate::machines::{self, Request, Visitor};
use crate::{consent_history, returned, save, texts};

pub(crate) use self::message::Message;

/// What tracking calls itself on the stream.
const SOURCE: &str = "tracking";
/// The types of activities that tell of opens and clicks.
const EMAIL_OPENED: &str = held_clicks::OPENED;
const EMAIL_CLICKED: &str = "email_clicked";
pub(crate) const SMS_CLICKED: &str = "sms_clicked";
/// Mail programs fetch the picture several times in a row: within this time it is one open.
const ONE_OPEN: SignedDuration = SignedDuration::from_mins(1);

/// Why a link does nothing.
#[derive(Debug, thiserror::Error)]
pub enum TrackingError {
    /// Not one of ours, changed, or made for something else.
    #[error(transparent)]
    BadToken(#[from] BadToken),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How somebody opted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOut {
    /// The button of a mail program (RFC 8058).
    OneClick,
    /// The button on our page.
    Page,
    /// A mail to the address that opts out.
    Mail,
    /// They called a message spam.
    Complaint,
}

impl OptOut {
    /// As the do-not-contact list has it.
    fn listed(self) -> &'static str {
        if self == Self::Complaint { deliver::COMPLAINT } else { UNSUBSCRIBED }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::OneClick => "header_one_click",
            Self::Page => "body_link",
            Self::Mail => "mailto",
            Self::Complaint => "complaint",
        }
    }
}

/// That somebody opts out, and what shows it.
pub struct OptingOut {
    /// How.
    pub how: OptOut,
    /// Who asked.
    pub visitor: Visitor,
    /// What they were shown, or what their mail program said for them.
    pub words: fn(&OptOutPage) -> String,
}

impl From<OptOut> for OptingOut {
    fn from(how: OptOut) -> Self {
        Self { how, visitor: Visitor::default(), words: |_| String::new() }
    }
}

/// What shows that somebody opted out: name and value.
pub(crate) type Evidence = Vec<(&'static str, String)>;

/// What the page shows on which one opts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutPage {
    /// The address, all but its first letter and its domain hidden; none when it is not known any more.
    pub address: Option<String>,
    /// It is about text messages, not about email.
    pub texts: bool,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// It is done.
    pub opted_out: bool,
}

/// The picture in a message was fetched. Whatever comes of it, the answer is the picture.
pub fn opened(engine: &Engine, keys: &SigningKeys, token: &str, visitor: &Visitor) -> Result<(), TrackingError> {
    let token = keys.verify(token)?;
    if token.purpose != Purpose::Open {
        return Err(BadToken.into());
    }
    let Some(person) = token.person else { return Ok(()) };
    record(engine, |s, live, now| {
        let Some(message) = Message::find(s, live, token.effect)? else { return Ok(Vec::new()) };
        message.opened(s, live, Request { visitor, keys }, person, now)
    })?;
    Ok(())
}

/// A link in a message was followed: where it leads; a site that shall know is told who comes. The way is free even when
/// the click cannot be written down.
pub fn clicked(engine: &Engine, keys: &SigningKeys, token: &str, visitor: &Visitor) -> Result<String, BadToken> {
    let Token { effect, person, purpose } = keys.verify(token)?;
    let Purpose::Click { link, target, parameters, visitor: tells } = purpose else { return Err(BadToken) };
    // What is told of a click names the link as its author wrote it, whatever campaign it belongs to.
    let leads_to = with_parameters(&target, &parameters);
    let Some(person) = person else { return Ok(leads_to) };
    let written = record(engine, |s, live, now| {
        let Some(message) = Message::find(s, live, effect)? else { return Ok(Vec::new()) };
        message.clicked(s, live, Request { visitor, keys }, (EMAIL_CLICKED, person), (link, &target), now)
    });
    if let Err(error) = written {
        tracing::error!(%error, %effect, "a click could not be written down");
    }
    if !tells {
        return Ok(leads_to);
    }
    let token = keys.sign(&Token { effect, person: Some(person), purpose: Purpose::Visitor });
    Ok(with_visitor(&leads_to, &token))
}

/// Who came to a web site, by the token that the site was told. A person who became another one by now is the other one.
pub(crate) fn visitor_of(
    s: &mut dyn Session,
    live: &Live,
    keys: &SigningKeys,
    token: &str,
) -> Result<Option<PersonId>, StoreError> {
    let Ok(Token { effect, purpose: Purpose::Visitor, .. }) = keys.verify(token) else { return Ok(None) };
    Ok(Message::find(s, live, effect)?.and_then(|message| message.person))
}

/// Tells of the opens and clicks that were held, and that nothing has shown to be a machine's by now. Returns how many there were.
///
/// # Errors
/// The store's.
pub fn tell_held_clicks(engine: &Engine) -> Result<usize, StoreError> {
    let due = engine.store().read(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        Ok(held_clicks::next_due(s)?.is_some_and(|at| at <= now))
    })?;
    if !due {
        return Ok(0);
    }
    let told = engine.store().write(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        let mut activities = Vec::new();
        for click in held_clicks::take_due(s, now)? {
            let Some(message) = Message::find(s, &live, click.effect)? else { continue };
            let Some(person) = message.person else { continue };
            let kind =
                [EMAIL_OPENED, SMS_CLICKED].into_iter().find(|kind| click.kind == *kind).unwrap_or(EMAIL_CLICKED);
            activities
                .push(NewActivity { fields: click.fields, ..message.activity(kind, person, click.at, Json::Null) });
        }
        let told = activities.len();
        write(s, &live, now, Changes { activities, ..Changes::default() })?;
        Ok::<_, StoreError>(told)
    })?;
    engine.poke();
    Ok(told)
}

/// Where a link leads, without anybody having followed it.
pub fn leads_to(keys: &SigningKeys, token: &str) -> Result<String, BadToken> {
    match keys.verify(token)?.purpose {
        Purpose::Click { target, parameters, .. } => Ok(with_parameters(&target, &parameters)),
        _ => Err(BadToken),
    }
}

/// The page on which one opts out. Looking at it changes nothing.
pub fn opt_out_page(engine: &Engine, keys: &SigningKeys, token: &str) -> Result<OptOutPage, TrackingError> {
    let token = opting_out(keys, token)?;
    Ok(engine.store().read(|s| {
        let live = engine.live(s)?;
        if token.purpose == Purpose::StopTexts {
            let out = texts::Out::find(s, &live, &token)?;
            return Ok(text_page(&live, &out, out.opted_out));
        }
        let who = Who::find(s, &live, &token)?;
        Ok::<_, StoreError>(page(&live, &who, who.opted_out))
    })?)
}

/// Opts the recipient out: the address for good, and everyone who has it. Again changes nothing more.
pub fn opt_out(
    engine: &Engine,
    keys: &SigningKeys,
    token: &str,
    how: impl Into<OptingOut>,
) -> Result<OptOutPage, TrackingError> {
    let token = opting_out(keys, token)?;
    let OptingOut { how, visitor, words } = how.into();
    let shows = |shown: &OptOutPage| {
        let mut evidence = consent_history::of_visitor(keys, &visitor);
        evidence.push(("words", words(shown)));
        evidence
    };
    let page = engine.store().write(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        if token.purpose == Purpose::StopTexts {
            let out = texts::Out::find(s, &live, &token)?;
            let evidence = shows(&text_page(&live, &out, false));
            out.opt_out(s, &live, evidence, now)?;
            return Ok(text_page(&live, &out, true));
        }
        let who = Who::find(s, &live, &token)?;
        let evidence = shows(&page(&live, &who, false));
        who.opt_out(s, &live, now, (how, evidence))?;
        Ok::<_, StoreError>(page(&live, &who, true))
    })?;
    engine.poke();
    Ok(page)
}

/// The way out was tried with a token that is nobody's: what shows that we answered; none for tokens of messages. It goes as
/// far as whoever opts out would get, to a transaction that could be written, and changes nothing.
pub fn tried(engine: &Engine, keys: &SigningKeys, token: &str) -> Result<Option<String>, TrackingError> {
    let Some(proof) = way_out::proof(keys, token) else { return Ok(None) };
    engine.store().write(|s| s.now())?;
    Ok(Some(proof))
}

fn opting_out(keys: &SigningKeys, token: &str) -> Result<Token, BadToken> {
    let token = keys.verify(token)?;
    if matches!(token.purpose, Purpose::Unsubscribe | Purpose::StopTexts) { Ok(token) } else { Err(BadToken) }
}

fn page(live: &Live, who: &Who, opted_out: bool) -> OptOutPage {
    let address = who.address.as_deref().map(masked);
    OptOutPage { address, texts: false, organisation: organisation(live), opted_out }
}

fn text_page(live: &Live, out: &texts::Out, opted_out: bool) -> OptOutPage {
    OptOutPage { address: out.masked(), texts: true, organisation: organisation(live), opted_out }
}

fn organisation(live: &Live) -> Option<String> {
    let settings = live.definitions.of_kind(caravan_model::document::DocumentKind::Settings).next();
    settings.and_then(|settings| settings.text("organisation")).map(str::to_owned)
}

/// `ada@acme.example` → `a•••@acme.example`.
fn masked(address: &str) -> String {
    let (name, domain) = address.split_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}•••@{domain}")
}

/// Writes activities and tells whom they may concern.
fn record(
    engine: &Engine,
    activities: impl Fn(&mut dyn Session, &Live, Timestamp) -> Result<Vec<NewActivity>, StoreError>,
) -> Result<(), StoreError> {
    engine.store().write(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        let activities = activities(s, &live, now)?;
        write(s, &live, now, Changes { activities, ..Changes::default() })
    })?;
    engine.poke();
    Ok(())
}

pub(crate) fn write(s: &mut dyn Session, live: &Live, now: Timestamp, changes: Changes) -> Result<(), StoreError> {
    written(s, live, now, changes).map(|_| ())
}

/// The same; the ids of the activities, in the order in which they were given.
pub(crate) fn written(
    s: &mut dyn Session,
    live: &Live,
    now: Timestamp,
    changes: Changes,
) -> Result<Vec<ActivityId>, StoreError> {
    let written = save::changes(s, live, &Claim { shards: vec![Shard(0)], now }, changes)?;
    step::insert_inbox(s, &written.inbox)?;
    Ok(written.activities)
}

/// Who opts out.
pub(crate) struct Who {
    person: Option<PersonId>,
    message: Option<Message>,
    /// The address that the message went to, folded; else the person's.
    address: Option<String>,
    /// As the person's record has it.
    written: Option<String>,
    /// What the address said before, as the do-not-contact list has it.
    said: Option<String>,
    opted_out: bool,
}

impl Who {
    pub fn find(s: &mut dyn Session, live: &Live, token: &Token) -> Result<Self, StoreError> {
        let message = Message::find(s, live, token.effect)?;
        let recipient = match token.person {
            Some(person) => ledger::recipients(s, &[person.0])?.pop(),
            None => None,
        };
        let written = recipient.as_ref().and_then(|recipient| recipient.email.clone());
        let sent_to = message.as_ref().and_then(|message| message.address.clone());
        let address = sent_to.or_else(|| written.as_deref().and_then(folded_address));
        let said = match &address {
            Some(address) => suppressions::get(s, address)?.and_then(|row| row.own_word),
            None => None,
        };
        let opted_out = said.is_some() && recipient.as_ref().is_none_or(|recipient| recipient.unsubscribed);
        Ok(Self { person: recipient.map(|recipient| recipient.person), message, address, written, said, opted_out })
    }

    pub fn opt_out(
        &self,
        s: &mut dyn Session,
        live: &Live,
        now: Timestamp,
        (how, evidence): (OptOut, Evidence),
    ) -> Result<(), StoreError> {
        let addresses: BTreeSet<String> = self.address.iter().chain(&self.written).cloned().collect();
        let addresses: Vec<String> = addresses.into_iter().collect();
        let mut people = ledger::people_at(s, &addresses)?;
        if let Some(person) = self.person.filter(|person| !people.iter().any(|(id, _)| id == person)) {
            let unsubscribed = ledger::recipients(s, &[person.0])?.iter().any(|recipient| recipient.unsubscribed);
            people.push((person, unsubscribed));
        }
        let mut changes = Changes { consents: self.consents(&people, (how, evidence)), ..Changes::default() };
        for &(person, _) in people.iter().filter(|(_, unsubscribed)| !unsubscribed) {
            raise_flag(&mut changes, person, person::UNSUBSCRIBED, "unsubscribed", SOURCE, now);
            if let Some(attribute) = live.definitions.schema.person.no("unsubscribed_reason") {
                let value = Value::Text(how.reason().to_owned());
                changes.person_values.push(ValueChange { id: person, attribute, value });
            }
        }
        if let (Some(person), Some(message), false) = (self.person, &self.message, self.opted_out) {
            changes.activities.push(message.activity("email_unsubscribed", person, now, message.fields()));
            message.used(s, UseKind::OptedOut, (0, ""), machines::Verdict::Person, now)?;
        }
        let ids: Vec<i64> = people.iter().map(|(person, _)| person.0).collect();
        ledger::opted_out_themselves(s, &ids)?;
        let address: Vec<String> = self.address.iter().cloned().collect();
        let source = if how == OptOut::Complaint { returned::SOURCE } else { "delivery" };
        let rows: Vec<(&str, &str)> = address.iter().map(|address| (address.as_str(), how.listed())).collect();
        suppressions::put(s, &rows, source, now)?;
        write(s, live, now, changes)
    }

    /// What is new of it: of everyone who had not opted out before; where nobody had yet to, of the address that had not.
    fn consents(&self, people: &[(PersonId, bool)], (how, evidence): (OptOut, Evidence)) -> Vec<NewConsent> {
        let mut whose: Vec<Option<PersonId>> =
            people.iter().filter(|(_, unsubscribed)| !unsubscribed).map(|(person, _)| Some(*person)).collect();
        let knew = self
            .said
            .as_deref()
            .is_some_and(|said| suppressions::hardness(said) >= suppressions::hardness(how.listed()));
        if whose.is_empty() && !knew && (self.address.is_some() || self.person.is_some()) {
            whose.push(self.person.or_else(|| Some(people.first()?.0)));
        }
        let mut all = evidence;
        all.extend(self.message.iter().flat_map(Message::as_evidence));
        let said = |person| NewConsent {
            person,
            address: self.address.clone(),
            channel: consent_history::EMAIL,
            value: Some("n".to_owned()),
            reason: Some(how.listed().to_owned()),
            source: how.reason().to_owned(),
            evidence: all.clone(),
            ..NewConsent::default()
        };
        whose.into_iter().map(said).collect()
    }
}
