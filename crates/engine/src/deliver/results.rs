//! Writing what became of effects: ledger, counts and activities, in the transaction that takes them from the outbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use caravan_catalog::Changes;
use caravan_catalog::changes::{NewActivity, ValueChange};
use caravan_connect::Outcome;
use caravan_connect::texts::FailureClass;
use caravan_model::attribute::{AttributeNo, person};
use caravan_model::value::Value;
use caravan_model::{EffectId, PersonId, Shard};
use caravan_store::ledger::{self, LedgerRow};
use caravan_store::outbox::{self, Again, OutboxRow};
use caravan_store::step::{self, Claim, NewInbox};
use caravan_store::{Session, StoreError, limits, reports};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::frozen::Frozen;
use super::gates::{BOUNCED, COMPLAINT, QUIET_HOURS};
use super::{Dispatched, service, soft};
use crate::external;
use crate::inbox::Command;
use crate::live::Live;
use crate::save;
use crate::tallies::{Counted, Tallies};
use crate::texts;

/// What delivery calls itself on the stream.
pub const SOURCE: &str = "delivery";
/// The first pause before another try.
const FIRST_PAUSE_SECS: i64 = 10;
/// The longest pause.
const LONGEST_PAUSE_SECS: i64 = 3 * 3_600;
/// The longest pause that is granted to the other side.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(24);
/// With these pauses about three days; then it has failed.
const MOST_ATTEMPTS: i64 = 33;

/// An effect and what became of it.
#[derive(Debug, Clone)]
pub struct Settled {
    pub row: OutboxRow,
    pub about: About,
    pub verdict: Verdict,
}

/// What became of an effect.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The next hop took it.
    Done { remote_id: Option<String> },
    /// A rule excludes the recipient.
    Skipped(&'static str),
    /// Refused for good.
    Failed { code: String, message: String },
    /// Nobody knows.
    InDoubt(String),
    /// Worth another try; the attempt counts.
    Again { after: Option<Duration>, code: String, message: String, body: String },
    /// The lane's door is shut; the attempt does not count.
    Shut { after: Option<Duration>, code: String, message: String, body: String },
    /// It may not go before this instant; that is no attempt.
    Later(Timestamp),
    /// It had left before.
    Known(Box<LedgerRow>),
}

impl Verdict {
    pub fn failed(code: &str, message: impl Into<String>) -> Self {
        Self::Failed { code: code.to_owned(), message: message.into() }
    }

    /// The shut door, for others who would stand before it.
    pub fn shut(&self) -> Option<Outcome> {
        let Self::Shut { after, code, message, .. } = self else { return None };
        Some(Outcome::Shut { after: *after, code: code.clone(), message: message.clone() })
    }
}

/// A message to a person of the journey, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Email(String),
    Sms(String),
}

impl Message {
    pub fn of(email: Option<String>, sms: Option<String>) -> Option<Self> {
        email.map(Self::Email).or(sms.map(Self::Sms))
    }

    /// What its activities say of it.
    pub fn fields(&self, journey: &str, node: &str) -> Json {
        match self {
            Self::Email(key) => json!({"email": key, "journey": journey, "node": node}),
            Self::Sms(key) => json!({"sms_message": key, "journey": journey, "node": node}),
        }
    }

    /// The one word or the other.
    pub fn either(&self, email: &'static str, sms: &'static str) -> &'static str {
        match self {
            Self::Email(_) => email,
            Self::Sms(_) => sms,
        }
    }
}

/// What activities say about a message.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Key of the journey.
    pub journey: String,
    /// Name of the node.
    pub node: String,
    /// The message; none for what goes to no person of the journey.
    pub message: Option<Message>,
    /// The folded address, or the number.
    pub address: Option<String>,
    /// Who sends a text message.
    pub sender: Option<String>,
    /// The values of an email that can be looked at as a web page.
    pub values: Option<Map<String, Json>>,
}

impl About {
    pub fn of(row: &OutboxRow, frozen: Option<&Frozen>) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            #[serde(default)]
            journey: String,
            email: Option<String>,
            sms_message: Option<String>,
            #[serde(default)]
            values: Map<String, Json>,
        }
        let body: Body = serde_json::from_str(&row.body).unwrap_or_default();
        let node = frozen.map_or_else(|| row.node.to_string(), |frozen| frozen.node_name(row.node));
        let mailing = body.email.as_deref().and_then(|key| frozen?.email(key).ok());
        let viewed = mailing.is_some_and(|mailing| mailing.email.view_as_web_page);
        Self {
            journey: body.journey,
            node,
            values: viewed.then_some(body.values),
            message: Message::of(body.email, body.sms_message),
            address: None,
            sender: None,
        }
    }
}

/// What the ledger keeps of an effect: enough to tell what a click was about, and to send it again where that may be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Key of the journey.
    pub journey: String,
    /// Name of the node.
    pub node: String,
    /// Key of the email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Key of the text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms_message: Option<String>,
    /// Who sent it, when it was a text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The values that it was made from, while its recipient may look at it as a web page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Map<String, Json>>,
    /// The effect itself, while somebody may want it sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<KeptEffect>,
}

impl Kept {
    /// The message, where it was one to a person.
    pub fn message(&self) -> Option<Message> {
        Message::of(self.email.clone(), self.sms_message.clone())
    }
}

/// What the outbox needs to have an effect back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptEffect {
    pub lane: String,
    pub shard: Shard,
    pub body: String,
}

/// What the ledger kept of an effect.
pub fn kept_of(row: &LedgerRow) -> Kept {
    let kept = row.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    kept.unwrap_or_else(|| Kept {
        journey: String::new(),
        node: row.node.to_string(),
        email: None,
        sms_message: None,
        sender: None,
        values: None,
        effect: None,
    })
}

/// Whether the lane's door was shut for any of these and open for none.
pub fn is_shut(settled: &[Settled]) -> bool {
    let shut = settled.iter().any(|settled| matches!(settled.verdict, Verdict::Shut { .. }));
    shut && !settled.iter().any(|settled| matches!(settled.verdict, Verdict::Done { .. }))
}

/// The longest pause that the other side asked for at a shut door.
pub fn rest_asked_for(settled: &[Settled]) -> SignedDuration {
    let asked = settled.iter().filter_map(|settled| match settled.verdict {
        Verdict::Shut { after, .. } => after.and_then(|after| SignedDuration::try_from(after).ok()),
        _ => None,
    });
    asked.max().unwrap_or_default().min(LONGEST_ASKED)
}

/// Where and when results are written.
pub struct Results<'a> {
    pub live: &'a Live,
    pub now: Timestamp,
    pub slot: i64,
    pub lane_rests_until: Timestamp,
}

/// Results added up before they are written, each kind with one statement.
#[derive(Default)]
struct Sheet {
    done: Dispatched,
    gone: Vec<EffectId>,
    again: Vec<Again>,
    ledger: Vec<LedgerRow>,
    tallies: Tallies,
    changes: Changes,
    bounced: Vec<String>,
    /// Addresses whose owner reported the message before we knew that it had left.
    complained: Vec<String>,
    /// Addresses that bounced for a reason that may pass.
    bounced_softly: Vec<String>,
    /// What holds places under caps and addresses that it does not need any more.
    gives_back: Vec<EffectId>,
    inbox: Vec<NewInbox>,
    /// Numbers that were refused, with their senders and why.
    refused_numbers: Vec<(String, String, FailureClass)>,
}

impl Results<'_> {
    /// Writes results of rows that the caller's claim still holds.
    pub fn write(&self, s: &mut dyn Session, settled: Vec<Settled>) -> Result<Dispatched, StoreError> {
        if settled.is_empty() {
            return Ok(Dispatched::default());
        }
        let mut sheet = Sheet::default();
        for one in self.settled_by_reports(s, &mut sheet, settled)? {
            self.enter(&mut sheet, one);
        }
        limits::release(s, &sheet.gives_back)?;
        outbox::put_back(s, &sheet.again)?;
        outbox::delete(s, &sheet.gone)?;
        ledger::insert(s, &sheet.ledger)?;
        // People before addresses, as opting out does; counters last, as steps do.
        for address in &sheet.bounced_softly {
            soft::bounced(s, address, &mut sheet.changes, self.now)?;
        }
        for (phone, sender, class) in &sheet.refused_numbers {
            texts::after_failure(s, self.live, Some(*class), (phone, sender), &mut sheet.changes, self.now)?;
        }
        let claim = Claim { shards: vec![Shard(0)], now: self.now };
        let written = save::changes(s, self.live, &claim, sheet.changes)?;
        sheet.bounced.sort_unstable();
        ledger::suppress(s, &sheet.bounced, BOUNCED, self.now)?;
        ledger::suppress(s, &sheet.complained, COMPLAINT, self.now)?;
        sheet.inbox.extend(written.inbox);
        step::insert_inbox(s, &sheet.inbox)?;
        step::add_tallies(s, self.slot, &sheet.tallies.into_rows())?;
        Ok(sheet.done)
    }

    /// What is in doubt but was heard of meanwhile has left. A report may also be here before its message is known to
    /// have left: what it says about the address is done now.
    fn settled_by_reports(
        &self,
        s: &mut dyn Session,
        sheet: &mut Sheet,
        mut settled: Vec<Settled>,
    ) -> Result<Vec<Settled>, StoreError> {
        let left = |one: &&Settled| matches!(one.verdict, Verdict::InDoubt(_) | Verdict::Done { .. });
        let mut ids: Vec<EffectId> = settled.iter().filter(left).map(|one| one.row.id).collect();
        ids.sort_unstable();
        let heard: HashMap<EffectId, String> = reports::states(s, &ids)?.into_iter().collect();
        for one in &mut settled {
            let Some(state) = heard.get(&one.row.id) else { continue };
            if matches!(one.verdict, Verdict::InDoubt(_)) {
                one.verdict = Verdict::Done { remote_id: None };
            }
            let Some(address) = one.about.address.clone() else { continue };
            match state.as_str() {
                COMPLAINT => sheet.complained.push(address),
                code => self.bounced(sheet, &one.row, address, code),
            }
        }
        Ok(settled)
    }

    /// What a bounce says about the address.
    fn bounced(&self, sheet: &mut Sheet, row: &OutboxRow, address: String, code: &str) {
        if soft::is_soft(code) {
            sheet.bounced_softly.push(address);
        } else if code == BOUNCED {
            sheet.bounced.push(address);
            if let Some(id) = row.person {
                raise_flag(&mut sheet.changes, id, person::EMAIL_INVALID, "email_invalid", SOURCE, self.now);
            }
        }
    }

    fn enter(&self, sheet: &mut Sheet, settled: Settled) {
        let Settled { row, about, verdict } = settled;
        let left = match verdict {
            Verdict::Known(ledger) => {
                sheet.gone.push(row.id);
                return count(sheet, &row, counted_as(&ledger));
            }
            Verdict::Shut { code, message, body, .. } => {
                let again = Again {
                    id: row.id,
                    attempt: row.attempt,
                    not_before: self.lane_rests_until,
                    code: Some(code),
                    message: Some(message),
                    body,
                };
                sheet.done.retried += 1;
                return sheet.again.push(again);
            }
            Verdict::Later(not_before) => {
                sheet.done.retried += 1;
                let OutboxRow { id, attempt, body, .. } = row;
                return sheet.again.push(Again { id, attempt, not_before, code: None, message: None, body });
            }
            Verdict::Again { after, code, message, body }
                if row.attempt + 1 < MOST_ATTEMPTS
                    && service::still_worth_it(&row, self.now + pause(&row.key, row.attempt + 1, after)) =>
            {
                let attempt = row.attempt + 1;
                let not_before = self.now + pause(&row.key, attempt, after);
                sheet.done.retried += 1;
                let (code, message) = (Some(code), Some(message));
                return sheet.again.push(Again { id: row.id, attempt, not_before, code, message, body });
            }
            Verdict::Again { code, message, .. } => Verdict::Failed { code, message },
            final_one => final_one,
        };
        self.finish(sheet, row, &about, left);
    }

    fn finish(&self, sheet: &mut Sheet, row: OutboxRow, about: &About, verdict: Verdict) {
        let mut ledger = ledger_row(&row, about, self.now);
        sheet.inbox.extend(service::heard(&row, &verdict, self.now));
        let (outcome, counted, told) = match verdict {
            Verdict::Done { remote_id } => {
                sheet.done.delivered += 1;
                ledger.remote_id = remote_id;
                ("done", Counted::Done, told(about, "email_sent", "sms_sent", json!({})))
            }
            Verdict::Skipped(reason) => {
                sheet.done.skipped += 1;
                sheet.gives_back.push(row.id);
                ledger.reason = Some(reason.to_owned());
                if reason == QUIET_HOURS && row.account.is_none() {
                    // Whoever travels alone leaves with the message that was dropped.
                    let leaves = Command::End { trips: vec![row.enrollment], outcome: "removed".to_owned(), by: None };
                    sheet.inbox.push(leaves.to(row.shard, self.now));
                }
                let told = told(about, "email_skipped", "sms_skipped", json!({"reason": reason}));
                ("skipped", Counted::Skipped(reason.to_owned()), told)
            }
            Verdict::Failed { code, message } => {
                sheet.done.failed += 1;
                sheet.gives_back.push(row.id);
                ledger.message = Some(message);
                ledger.reason = Some(code.clone());
                ledger.body = kept(about, sent_again(&row));
                let class =
                    [FailureClass::BadNumber, FailureClass::Consent].into_iter().find(|class| class.key() == code);
                if let (Some(Message::Sms(_)), Some(phone), Some(class)) = (&about.message, &about.address, class) {
                    sheet.refused_numbers.push((phone.clone(), about.sender.clone().unwrap_or_default(), class));
                }
                let told = self.failure(sheet, &row, about, &code);
                ("failed", Counted::Failed(code), told)
            }
            Verdict::InDoubt(message) => {
                sheet.done.in_doubt += 1;
                ledger.message = Some(message);
                ledger.body = kept(about, sent_again(&row));
                ("in_doubt", Counted::InDoubt, None)
            }
            // Dealt with by the caller.
            Verdict::Again { .. } | Verdict::Shut { .. } | Verdict::Later(_) | Verdict::Known(_) => return,
        };
        ledger.outcome = outcome.to_owned();
        sheet.gone.push(row.id);
        count(sheet, &row, counted);
        if let Some((kind, fields)) = told {
            sheet.changes.activities.push(self.activity(&row, kind, fields));
        }
        sheet.ledger.push(ledger);
    }

    /// A bounce is told as one. Only a hard one says that the address is of no use.
    fn failure(&self, sheet: &mut Sheet, row: &OutboxRow, about: &About, code: &str) -> Option<(&'static str, Json)> {
        let hard = code == BOUNCED;
        if !hard && !soft::is_soft(code) {
            return told(about, "email_failed", "sms_failed", json!({"code": code}));
        }
        if let Some(address) = about.address.clone() {
            self.bounced(sheet, row, address, code);
        }
        told(about, "email_bounced", "sms_failed", json!({"hard": hard, "code": code}))
    }

    fn activity(&self, row: &OutboxRow, kind: &'static str, fields: Json) -> NewActivity {
        NewActivity {
            kind,
            at: self.now,
            account: row.account,
            person: row.person,
            enrollment: Some(row.enrollment),
            node: Some(row.node),
            source: Arc::from(SOURCE),
            fields: fields.to_string(),
        }
    }
}

/// Sets a flag of a person that is not set yet, and tells so.
pub(crate) fn raise_flag(
    changes: &mut Changes,
    person: PersonId,
    attribute: AttributeNo,
    key: &str,
    source: &str,
    at: Timestamp,
) {
    set_flag(changes, person, (attribute, key), true, source, at);
}

/// Sets a flag of a person to what it is not yet, and tells so.
pub(crate) fn set_flag(
    changes: &mut Changes,
    person: PersonId,
    (attribute, key): (AttributeNo, &str),
    value: bool,
    source: &str,
    at: Timestamp,
) {
    changes.person_values.push(ValueChange { id: person, attribute, value: Value::Boolean(value) });
    changes.activities.push(NewActivity {
        kind: "person_changed",
        at,
        account: None,
        person: Some(person),
        enrollment: None,
        node: None,
        source: Arc::from(source),
        fields: json!({"attribute": key, "old": !value, "new": value, "source": source}).to_string(),
    });
}

/// What is told of a message to a person, and its fields.
fn told(about: &About, email: &'static str, sms: &'static str, more: Json) -> Option<(&'static str, Json)> {
    let message = about.message.as_ref()?;
    let mut fields = message.fields(&about.journey, &about.node);
    if let (Some(fields), Json::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    Some((message.either(email, sms), fields))
}

/// Pending becomes what it turned out to be; the sum stays. Calls of services are pending until they are answered, and
/// their nodes count the answers; but nobody is there any more to be answered when the journey was aborted.
fn count(sheet: &mut Sheet, row: &OutboxRow, counted: Counted) {
    let aborted = matches!(&counted, Counted::Skipped(reason) if reason == "journey_aborted");
    if row.kind == external::CALL && !aborted {
        return;
    }
    sheet.tallies.add(row.version, row.node, Counted::Pending, -1);
    sheet.tallies.add(row.version, row.node, counted, 1);
}

/// How an effect is counted that the ledger knows.
pub fn counted_as(ledger: &LedgerRow) -> Counted {
    let reason = || ledger.reason.clone().unwrap_or_default();
    match ledger.outcome.as_str() {
        "skipped" => Counted::Skipped(reason()),
        "failed" => Counted::Failed(reason()),
        "in_doubt" => Counted::InDoubt,
        _ => Counted::Done,
    }
}

fn ledger_row(row: &OutboxRow, about: &About, now: Timestamp) -> LedgerRow {
    LedgerRow {
        id: row.id,
        key: row.key.clone(),
        kind: row.kind.clone(),
        enrollment: row.enrollment,
        version: row.version,
        node: row.node,
        account: row.account,
        person: row.person,
        address: about.address.clone(),
        outcome: String::new(),
        reason: None,
        message: None,
        remote_id: None,
        queued_at: row.queued_at,
        decided_at: now,
        body: kept(about, None),
    }
}

/// A call of a service is not sent again by hand: its traveller has gone on.
fn sent_again(row: &OutboxRow) -> Option<&OutboxRow> {
    (row.kind != external::CALL).then_some(row)
}

fn kept(about: &About, row: Option<&OutboxRow>) -> Option<String> {
    let (email, sms_message) = match about.message.clone() {
        Some(Message::Email(key)) => (Some(key), None),
        Some(Message::Sms(key)) => (None, Some(key)),
        None => (None, None),
    };
    let kept = Kept {
        journey: about.journey.clone(),
        node: about.node.clone(),
        email,
        sms_message,
        sender: about.sender.clone(),
        values: about.values.clone(),
        effect: row.map(|row| KeptEffect { lane: row.lane.clone(), shard: row.shard, body: row.body.clone() }),
    };
    serde_json::to_string(&kept).ok()
}

/// Doubled with every attempt, spread by a quarter to either side so that messages do not come back together; never
/// shorter than the other side asked for. The same key and attempt always pause equally long.
fn pause(key: &str, attempt: i64, asked: Option<Duration>) -> SignedDuration {
    let doublings = u32::try_from(attempt.clamp(1, 20) - 1).unwrap_or(0);
    let base = (FIRST_PAUSE_SECS * 2_i64.pow(doublings)).min(LONGEST_PAUSE_SECS);
    let spread = Shard::of_key(&format!("{key}/{attempt}")).0 - 128;
    let pause = SignedDuration::from_millis(base * 1_000 + base * 1_000 * spread / 512);
    let asked = asked.and_then(|asked| SignedDuration::try_from(asked).ok()).unwrap_or_default();
    pause.max(asked.min(LONGEST_ASKED))
}
