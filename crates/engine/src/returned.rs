//! What comes back about mail becomes facts about messages and people, and activities that journeys hear at once.
//!
//! Reports come late, twice and out of order. Each message keeps the furthest that was heard of it; a report settles what
//! was in doubt. Only a hard bounce says that an address is of no use; a refusal by policy is the sender's trouble and
//! changes nothing about the person.

use caravan_catalog::changes::NewConsent;
use caravan_catalog::{Changes, Definition, effects};
use caravan_connect::Surroundings;
use caravan_connect::returned::dmarc::{self, DmarcReport, NoReport};
use caravan_connect::returned::{
    BounceMailbox, Heard, MailReport, MailboxTokens, Reference, SignedReports, SignedReportsRefused, SnsRefused,
    SnsSays, read_mail,
};
use caravan_connect::smtp::is_message_id_of;
use caravan_connect::tracking::{Purpose, SigningKeys, Token};
use caravan_connect::verp::{self, Returns};
use caravan_model::EffectId;
use caravan_model::attribute::person;
use caravan_model::document::DocumentKind;
use caravan_store::alerts::AlertRecipient;
use caravan_store::ledger::LedgerRow;
use caravan_store::reports::{self, DeliveryReport};
use caravan_store::{Session, StoreError, alerts, intake, ledger, outbox, suppressions, watched};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::deliver::{
    BOUNCED, COMPLAINT, arrived, bounced_softly, folded_address, is_soft, kept_of, raise_flag, take_dmarc_report,
};
use crate::live::Live;
use crate::secrets::secrets_of;
use crate::tracking::{Message, OptOut, Who, write};
use crate::{Engine, consent_history};

/// What it is called on the stream.
pub(crate) const SOURCE: &str = "returned";
/// For how long a message is known by what a report quotes without proof. Servers give up after five days at most.
const LATELY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How many messages to an address are looked at for that, and how many addresses of a report.
const MOST_LATELY: usize = 200;
const MOST_NAMED: usize = 20;

/// Fetches a small file at a public address.
pub type Fetch<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Why a call of a mail server or provider is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such connection, or it takes no reports.
    #[error(
        "there is no connection of that name which takes reports; give it the secret `webhook_secret`, or `sns_topic`"
    )]
    NotWanted,
    /// Nobody can say that it comes from there.
    #[error("the signature does not fit, or is older than five minutes")]
    NotSigned,
    /// Not in the form that was agreed.
    #[error("{0}")]
    Unreadable(String),
    /// Something else is missing; worth another try.
    #[error("{0}")]
    Later(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes in a call about mail that left through a connection: in our own signed form, or from Amazon SNS.
///
/// # Errors
/// It is not taken; nothing was changed.
pub fn received(
    engine: &Engine,
    keys: &SigningKeys,
    connection: &str,
    signature: Option<&str>,
    body: &[u8],
    fetch: Fetch<'_>,
) -> Result<(), ReportError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let definition = live.definitions.get(DocumentKind::Connection, connection).ok_or(ReportError::NotWanted)?;
    let topic = definition.body.pointer("/settings/sns_topic").and_then(Json::as_str);
    let reports = match (signature, topic) {
        (Some(signature), _) => {
            let secrets = secrets_of(&live, definition, engine.clock().now()).map_err(ReportError::Later)?;
            let secret = secrets.get("webhook_secret").ok_or(ReportError::NotWanted)?;
            SignedReports::read(secret, signature, body, engine.clock().now().as_second()).map_err(|refused| {
                match refused {
                    SignedReportsRefused::NotSigned => ReportError::NotSigned,
                    SignedReportsRefused::Unreadable(why) => ReportError::Unreadable(why),
                }
            })?
        }
        (None, Some(topic)) => match SnsSays::read(topic, body, fetch).map_err(|refused| match refused {
            SnsRefused::NotSigned => ReportError::NotSigned,
            SnsRefused::NoCertificate(why) => ReportError::Later(why),
            SnsRefused::Unreadable(why) => ReportError::Unreadable(why),
        })? {
            SnsSays::Confirm(url) => {
                fetch(&url).map_err(ReportError::Later)?;
                Vec::new()
            }
            SnsSays::Reports(reports) => reports,
        },
        (None, None) => return Err(ReportError::NotSigned),
    };
    Ok(heard(engine, keys, &reports)?)
}

/// Looks into the mailboxes of connections into which bounces come. Returns how many messages were read; one that cannot
/// be read is no reason to leave the others alone: it stands under *Problems* until it can be.
///
/// # Errors
/// The store's.
pub fn visit_mailboxes(
    engine: &Engine,
    keys: &SigningKeys,
    surroundings: &Surroundings,
    tokens: &MailboxTokens,
) -> Result<usize, StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let (mut read, mut shut) = (0, Vec::new());
    for connection in live.definitions.of_kind(DocumentKind::Connection) {
        let Some(mailbox) = mailbox_of(connection) else { continue };
        match visit(engine, &live, keys, (surroundings, tokens), connection, &mailbox) {
            Ok(messages) => read += messages,
            Err(why) => {
                tracing::warn!(connection = connection.key, why, "bounces cannot be fetched; it is tried again");
                shut.push((connection.key.clone(), why));
            }
        }
    }
    note_troubles(engine, &shut)?;
    Ok(read)
}

/// Where bounces of a connection come in, if they are fetched.
fn mailbox_of(connection: &Definition) -> Option<BounceMailbox> {
    let settings = connection.body.pointer("/settings/bounces").cloned()?;
    serde_json::from_value(settings).ok()
}

fn visit(
    engine: &Engine,
    live: &Live,
    keys: &SigningKeys,
    (surroundings, tokens): (&Surroundings, &MailboxTokens),
    connection: &Definition,
    mailbox: &BounceMailbox,
) -> Result<usize, String> {
    let mut take = |raw: &[u8]| {
        let taken = match dmarc::of_mail(raw) {
            Some(report) => kept(engine, report),
            None => read_mail(raw).map_or(Ok(()), |report| heard(engine, keys, &[report])),
        };
        taken.inspect_err(|error| tracing::warn!(%error, "a report cannot be taken in now")).is_ok()
    };
    let secrets = secrets_of(live, connection, engine.clock().now())?;
    let how = tokens.sign_in(&connection.key, mailbox, &secrets, surroundings)?;
    mailbox.visit(&how, surroundings, &mut take)
}

/// Keeps a report about all mail of a domain; one that cannot be read does not become better by lying there.
fn kept(engine: &Engine, report: Result<DmarcReport, NoReport>) -> Result<(), StoreError> {
    match report {
        Ok(report) => {
            let taken = take_dmarc_report(engine, &report)?;
            tracing::debug!(org = taken.org, report = taken.report_id, outcome = ?taken.outcome, "a DMARC report came");
        }
        Err(why) => tracing::warn!(%why, "a DMARC report is passed over"),
    }
    Ok(())
}

/// Writes down which mailboxes cannot be read; all others are well, or gone. Nothing is written while all is as it was
/// and well.
fn note_troubles(engine: &Engine, shut: &[(String, String)]) -> Result<(), StoreError> {
    let known = engine.store().read(watched::mailbox_troubles)?;
    if known.is_empty() && shut.is_empty() {
        return Ok(());
    }
    let is_shut = |key: &String| shut.iter().any(|(shut, _)| shut == key);
    let well: Vec<String> = known.into_iter().map(|trouble| trouble.connection).filter(|key| !is_shut(key)).collect();
    engine.store().write(|s| {
        let now = s.now()?;
        watched::mailboxes_are_well(s, &well)?;
        for (connection, why) in shut {
            watched::put_mailbox_trouble(s, connection, why, now)?;
        }
        Ok(())
    })
}

/// Takes in what was heard of messages; what is about none of ours is passed over.
pub fn heard(engine: &Engine, keys: &SigningKeys, reports: &[MailReport]) -> Result<(), StoreError> {
    for report in reports {
        engine.store().write(|s| one(s, engine, keys, report))?;
    }
    engine.poke();
    Ok(())
}

fn one(s: &mut dyn Session, engine: &Engine, keys: &SigningKeys, report: &MailReport) -> Result<(), StoreError> {
    let now = s.now()?;
    let Some((effect, returns)) = find(s, keys, report, now)? else { return Ok(()) };
    let live = engine.live(s)?;
    outbox::lock(s, effect)?;
    let row = ledger::get(s, effect, true)?;
    if row.as_ref().is_none_or(|row| row.kind == effects::SALES_ALERT) {
        let colleagues = alerts::of(s, &[effect])?;
        if !colleagues.is_empty() {
            return of_alert(s, report, colleagues, now);
        }
    }
    let report = &of_recipient(report, row.as_ref().and_then(|row| row.address.as_deref()));
    let copies = row.as_ref().map(|row| kept_of(row).copies).unwrap_or_default();
    if !of_copies(s, report, &copies, now)? {
        return Ok(());
    }
    match &report.what {
        // Whoever writes to the address of a bounce has not opted out.
        Heard::OptedOut if returns == Some(Returns::OptOut) => {
            opt_out(s, &live, effect, row.as_ref(), now, OptOut::Mail)
        }
        Heard::OptedOut | Heard::Delayed => Ok(()),
        Heard::AutoReply => answered_by_machine(s, &live, effect, now),
        Heard::Delivered => fares(s, &live, effect, row.as_ref(), (2, "delivered", None), now).map(|_| ()),
        Heard::Bounced { code, why } => {
            let news = fares(s, &live, effect, row.as_ref(), (3, code, Some(why)), now)?;
            match row {
                Some(row) if news && *code == BOUNCED => of_no_use(s, &live, &row, now),
                Some(row) if news && is_soft(code) => for_a_while(s, &live, &row, now),
                _ => Ok(()),
            }
        }
        Heard::Complained => {
            fares(s, &live, effect, row.as_ref(), (4, "complained", None), now)?;
            opt_out(s, &live, effect, row.as_ref(), now, OptOut::Complaint)
        }
    }
}

/// What a report says of a sales alert: it is kept of whichever colleague it is about, and an address that takes no mail gets
/// none any more. Where it does not say, it is about whom the key names, or about the only one.
fn of_alert(
    s: &mut dyn Session,
    report: &MailReport,
    colleagues: Vec<AlertRecipient>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let names = |colleague: &AlertRecipient| {
        report.about.iter().any(|reference| match reference {
            Reference::Key(key) | Reference::Quoted(key) => *key == colleague.key,
            Reference::MessageId(id) => is_message_id_of(&colleague.key, id),
            Reference::Address(_) => false,
        })
    };
    let named = colleagues.iter().find(|colleague| names(colleague) || colleagues.len() == 1);
    let first = report.recipient.as_deref().and_then(folded_address).or_else(|| named.map(|it| it.address.clone()));
    let others = report.others.iter().map(|(address, heard)| (folded_address(address), heard));
    let heard: Vec<_> = std::iter::once((first, &report.what)).chain(others).collect();
    let mut news = Vec::new();
    for colleague in colleagues {
        let said =
            heard.iter().find(|(address, _)| address.as_ref() == Some(&colleague.address)).map(|(_, heard)| *heard);
        match said {
            Some(Heard::Bounced { code, why }) => {
                if *code == BOUNCED {
                    ledger::suppress(s, std::slice::from_ref(&colleague.address), BOUNCED, now)?;
                }
                let (outcome, reason, message) = ("bounced".to_owned(), Some((*code).to_owned()), Some(why.clone()));
                news.push(AlertRecipient { outcome, reason, message, at: now, ..colleague });
            }
            Some(Heard::Complained) => suppressions::put(s, &[(&colleague.address, COMPLAINT)], SOURCE, now)?,
            Some(Heard::Delivered) if colleague.outcome == "in_doubt" => {
                news.push(AlertRecipient { outcome: "done".to_owned(), message: None, at: now, ..colleague });
            }
            _ => {}
        }
    }
    alerts::put(s, &news)
}

/// What a report says of those who got a copy: their addresses are kept from now on like anybody's, and nothing follows for
/// the recipient or the figures. True where it is about the recipient too.
fn of_copies(s: &mut dyn Session, report: &MailReport, copies: &[String], now: Timestamp) -> Result<bool, StoreError> {
    if copies.is_empty() {
        return Ok(true);
    }
    let is_copy = |address: &Option<String>| address.as_ref().is_some_and(|address| copies.contains(address));
    let recipient = report.recipient.as_deref().and_then(folded_address);
    let others = report.others.iter().map(|(address, heard)| (folded_address(address), heard));
    let all: Vec<_> = std::iter::once((recipient.clone(), &report.what)).chain(others).collect();
    for (address, heard) in all.iter().filter(|(address, _)| is_copy(address)) {
        let Some(address) = address else { continue };
        match heard {
            Heard::Bounced { code, .. } if *code == BOUNCED => {
                ledger::suppress(s, std::slice::from_ref(address), BOUNCED, now)?;
            }
            Heard::Complained => complained(s, address, now)?,
            _ => {}
        }
    }
    // Nobody knows whose address bounced: it is not held against the recipient.
    let nobodys = recipient.is_none() && matches!(report.what, Heard::Bounced { .. });
    Ok(!is_copy(&recipient) && !nobodys)
}

/// An address that got a copy complained.
fn complained(s: &mut dyn Session, address: &str, now: Timestamp) -> Result<(), StoreError> {
    if suppressions::get(s, address)?.is_some_and(|row| row.own_word.as_deref() == Some(COMPLAINT)) {
        return Ok(());
    }
    let said = NewConsent {
        address: Some(address.to_owned()),
        channel: consent_history::EMAIL,
        value: Some("n".to_owned()),
        reason: Some(COMPLAINT.to_owned()),
        source: OptOut::Complaint.reason().to_owned(),
        ..NewConsent::default()
    };
    consent_history::keep(s, &[said], now)?;
    suppressions::put(s, &[(address, COMPLAINT)], SOURCE, now)
}

/// The message that a report is about, and through which kind of address it was found.
///
/// An address of ours is signed and proves itself, and so does whoever signs a call. What a mail merely quotes (envelope id,
/// `Message-ID`, our header) anybody can write: it counts only where the report names the very address that the message was
/// handed on to lately. So nobody can make up a report about an address that was not written to, nor one without naming it.
fn find(
    s: &mut dyn Session,
    keys: &SigningKeys,
    report: &MailReport,
    now: Timestamp,
) -> Result<Option<(EffectId, Option<Returns>)>, StoreError> {
    for reference in &report.about {
        let found = match reference {
            Reference::Address(address) => verp::read(keys, address).map(|(returns, effect)| (effect, Some(returns))),
            Reference::Key(key) => match ledger::known(s, std::slice::from_ref(key))?.pop() {
                Some(row) => Some((row.id, None)),
                None => alerts::by_key(s, key)?.map(|recipient| (recipient.effect, None)),
            },
            Reference::Quoted(key) => unproven(s, report, now, |known| known == key)?,
            Reference::MessageId(id) => unproven(s, report, now, |known| is_message_id_of(known, id))?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The message that fits among those that were handed on lately to one of the addresses of which a report tells.
fn unproven(
    s: &mut dyn Session,
    report: &MailReport,
    now: Timestamp,
    fits: impl Fn(&str) -> bool,
) -> Result<Option<(EffectId, Option<Returns>)>, StoreError> {
    let named = report.recipient.iter().chain(report.others.iter().map(|(address, _)| address));
    for address in named.take(MOST_NAMED).filter_map(|address| folded_address(address)) {
        let rows = ledger::emails_to(s, &address, now - LATELY, MOST_LATELY)?;
        if let Some(row) = rows.into_iter().find(|row| fits(&row.key)) {
            return Ok(Some((row.id, None)));
        }
        let alerts = alerts::to(s, &address, now - LATELY, MOST_LATELY)?;
        if let Some(alert) = alerts.into_iter().find(|alert| fits(&alert.key)) {
            return Ok(Some((alert.effect, None)));
        }
    }
    Ok(None)
}

/// The same report with what it says of the message's own recipient first, where it tells of several.
fn of_recipient(report: &MailReport, address: Option<&str>) -> MailReport {
    let is_it = |written: &str| address.is_some() && folded_address(written).as_deref() == address;
    let mut sorted = report.clone();
    let Some(at) = sorted.others.iter().position(|(written, _)| is_it(written)) else { return sorted };
    if sorted.recipient.as_deref().is_some_and(is_it) {
        return sorted;
    }
    let (its, heard) = sorted.others.swap_remove(at);
    let first = (sorted.recipient.replace(its), std::mem::replace(&mut sorted.what, heard));
    if let (Some(recipient), heard) = first {
        sorted.others.push((recipient, heard));
    }
    sorted
}

/// Keeps how a message fares and tells it. True when it was news.
fn fares(
    s: &mut dyn Session,
    live: &Live,
    effect: EffectId,
    row: Option<&LedgerRow>,
    (rank, state, why): (i64, &str, Option<&String>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(message) = Message::find(s, live, effect)? else { return Ok(false) };
    let report = DeliveryReport { effect, rank, state: state.to_owned(), code: None, message: why.cloned(), at: now };
    if !reports::put(s, &report, false)? {
        return Ok(false);
    }
    if let Some(row) = row.filter(|row| row.outcome == "in_doubt") {
        arrived(s, live, row, now)?;
    }
    let mut fields = message.fields();
    let kind = match state {
        "delivered" => "email_delivered",
        "complained" => "email_complained",
        code => {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("hard".to_owned(), json!(code == BOUNCED));
                fields.insert("code".to_owned(), code.into());
            }
            "email_bounced"
        }
    };
    let Some(person) = message.person else { return Ok(true) };
    let activities = vec![message.activity(kind, person, now, fields)];
    write(s, live, now, Changes { activities, ..Changes::default() })?;
    Ok(true)
}

/// A machine answered for the recipient, who is away perhaps: told once of each message, and nothing follows from it.
fn answered_by_machine(s: &mut dyn Session, live: &Live, effect: EffectId, now: Timestamp) -> Result<(), StoreError> {
    let Some(message) = Message::find(s, live, effect)? else { return Ok(()) };
    let Some(person) = message.person else { return Ok(()) };
    let told = format!("auto_reply.{}", effect.0);
    if !intake::seen(s, SOURCE, &[&told])?.is_empty() {
        return Ok(());
    }
    intake::mark_seen(s, SOURCE, &[&told], now)?;
    let activities = vec![message.activity("email_auto_replied", person, now, message.fields())];
    write(s, live, now, Changes { activities, ..Changes::default() })
}

/// The address takes no mail: nobody who has it is written to again.
fn of_no_use(s: &mut dyn Session, live: &Live, row: &LedgerRow, now: Timestamp) -> Result<(), StoreError> {
    let Some(address) = &row.address else { return Ok(()) };
    let person =
        row.person.map(|person| ledger::recipients(s, &[person.0])).transpose()?.and_then(|mut found| found.pop());
    let mut changes = Changes::default();
    // A person who has a new address by now keeps it.
    let has_it = |written: &Option<String>| written.as_deref().and_then(folded_address).as_ref() == Some(address);
    if let Some(person) = person.filter(|person| has_it(&person.email) && !person.email_invalid) {
        raise_flag(&mut changes, person.person, person::EMAIL_INVALID, "email_invalid", SOURCE, now);
    }
    ledger::suppress(s, std::slice::from_ref(address), BOUNCED, now)?;
    write(s, live, now, changes)
}

/// The address takes no mail for now.
fn for_a_while(s: &mut dyn Session, live: &Live, row: &LedgerRow, now: Timestamp) -> Result<(), StoreError> {
    let Some(address) = &row.address else { return Ok(()) };
    let mut changes = Changes::default();
    bounced_softly(s, address, &mut changes, now)?;
    write(s, live, now, changes)
}

fn opt_out(
    s: &mut dyn Session,
    live: &Live,
    effect: EffectId,
    row: Option<&LedgerRow>,
    now: Timestamp,
    how: OptOut,
) -> Result<(), StoreError> {
    let token = Token { effect, person: row.and_then(|row| row.person), purpose: Purpose::Unsubscribe };
    Who::find(s, live, &token)?.opt_out(s, live, now, (how, Vec::new()))
}
