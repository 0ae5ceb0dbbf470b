//! Writing what became of effects: ledger, counts and activities, in the transaction that takes them from the outbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use caravan_catalog::Changes;
use caravan_catalog::changes::{NewActivity, ValueChange};
use caravan_catalog::effects;
use caravan_connect::Outcome;
use caravan_connect::connector::THROTTLED;
use caravan_connect::returned::given_up;
use caravan_connect::texts::{FailureClass, State};
use caravan_model::attribute::{AttributeNo, person};
use caravan_model::value::Value;
use caravan_model::{EffectId, PersonId, Shard};
use caravan_store::alerts::{self, AlertRecipient};
use caravan_store::ledger::{self, LedgerRow};
use caravan_store::outbox::{self, Again, OutboxRow};
use caravan_store::reports::{self, HeardOf};
use caravan_store::step::{self, Claim, NewInbox};
use caravan_store::subscriptions::WEBHOOK;
use caravan_store::watched::{self, Unheard};
use caravan_store::{Session, StoreError, limits, uses};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::about::{About, Message, kept, ledger_row, told};
use super::gates::{BOUNCED, COMPLAINT, QUIET_HOURS};
use super::membership::Memberships;
use super::parcel::connection_of;
use super::pauses::before_try;
use super::{Dispatched, alerted, audience, service, soft};
use crate::inbox::Command;
use crate::live::Live;
use crate::save;
use crate::tallies::{Counted, Tallies};
use crate::texts;
use crate::{external, external_audiences};

/// What delivery calls itself on the stream.
pub const SOURCE: &str = "delivery";
/// The code of a message that its server asks for again later.
const DEFERRED: &str = "smtp_deferred";
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
    /// Quiet hours hold it until this instant; that is no attempt.
    Quiet(Timestamp),
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

/// Whether the lane's door was shut for any of these and open for none.
pub fn is_shut(settled: &[Settled]) -> bool {
    let shut = settled.iter().any(|settled| matches!(settled.verdict, Verdict::Shut { .. }));
    shut && !settled.iter().any(|settled| matches!(settled.verdict, Verdict::Done { .. }))
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
    refused_numbers: Vec<(EffectId, String, String, FailureClass)>,
    /// Text messages of which the provider is to report.
    unheard: Vec<Unheard>,
    /// … and those of which nobody knows whether it has them.
    lost: Vec<Unheard>,
    /// … and those of which it has.
    heard_out: Vec<EffectId>,
    /// What became of sales alerts, by colleague.
    recipients: Vec<AlertRecipient>,
    /// Emails whose opens nobody can see.
    untracked: Vec<EffectId>,
    /// How changes of membership were taken.
    memberships: Memberships,
    /// … and changes of external audiences.
    audiences: audience::Notes,
}

impl Sheet {
    /// A row is put back until it may be tried again.
    fn again(
        &mut self,
        row: &OutboxRow,
        (attempt, not_before): (i64, Timestamp),
        (code, message): (Option<String>, Option<String>),
        body: String,
    ) {
        let OutboxRow { id, quiet_for, .. } = *row;
        self.done.retried += 1;
        self.again.push(Again { id, attempt, not_before, held: None, quiet_for, code, message, body });
    }
}

impl Results<'_> {
    /// Writes results of rows that the caller's claim still holds.
    pub fn write(&self, s: &mut dyn Session, settled: Vec<Settled>) -> Result<Dispatched, StoreError> {
        if settled.is_empty() {
            return Ok(Dispatched::default());
        }
        let mut sheet = Sheet::default();
        let mut settled = settled;
        alerted::with_earlier_tries(s, &mut settled)?;
        for one in self.settled_by_reports(s, &mut sheet, settled)? {
            self.enter(&mut sheet, one);
        }
        limits::release(s, &sheet.gives_back)?;
        outbox::put_back(s, &sheet.again)?;
        outbox::delete(s, &sheet.gone)?;
        ledger::insert(s, &sheet.ledger)?;
        alerts::put(s, &sheet.recipients)?;
        // People before addresses, as opting out does; counters last, as steps do.
        for address in &sheet.bounced_softly {
            soft::bounced(s, address, &mut sheet.changes, self.now)?;
        }
        for (effect, phone, sender, class) in &sheet.refused_numbers {
            let number = (phone.as_str(), sender.as_str());
            texts::after_failure(s, self.live, Some(*class), number, Some(*effect), &mut sheet.changes, self.now)?;
        }
        sheet.memberships.write(s, self.now)?;
        sheet.audiences.write(s, self.now)?;
        let claim = Claim { shards: vec![Shard(0)], now: self.now };
        let written = save::changes(s, self.live, &claim, sheet.changes)?;
        sheet.bounced.sort_unstable();
        ledger::suppress(s, &sheet.bounced, BOUNCED, self.now)?;
        ledger::suppress(s, &sheet.complained, COMPLAINT, self.now)?;
        sheet.inbox.extend(written.inbox);
        step::insert_inbox(s, &sheet.inbox)?;
        watched::expect_reports(s, &sheet.unheard, self.now + texts::ASKED_EVERY)?;
        watched::expect_reports(s, &sheet.lost, self.now + texts::LOST_FOR)?;
        watched::heard_out(s, &sheet.heard_out)?;
        uses::untracked(s, &sheet.untracked, self.now)?;
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
        let heard: HashMap<EffectId, HeardOf> =
            reports::states(s, &ids)?.into_iter().map(|heard| (heard.effect, heard)).collect();
        for one in &mut settled {
            let Some(heard) = heard.get(&one.row.id) else { continue };
            if matches!(one.verdict, Verdict::InDoubt(_)) {
                one.verdict = Verdict::Done { remote_id: None };
            }
            let Some(address) = one.about.address.clone() else { continue };
            match (&one.about.message, heard.state.as_str()) {
                (Some(Message::Sms(_)), _) => self.text_reported(sheet, one, address, heard),
                (_, COMPLAINT) => sheet.complained.push(address),
                (_, code) => self.bounced(sheet, &one.row, address, code),
            }
        }
        Ok(settled)
    }

    /// What a report about a text message said about its number.
    fn text_reported(&self, sheet: &mut Sheet, one: &Settled, number: String, heard: &HeardOf) {
        let class = heard.code.as_deref().and_then(|code| texts::class_of(self.live, &connection_of(&one.row), code));
        if let Some(class) = class.filter(|_| heard.state != State::Delivered.key()) {
            sheet.refused_numbers.push((one.row.id, number, one.about.sender.clone().unwrap_or_default(), class));
        }
        if heard.rank >= State::Delivered.rank() {
            sheet.heard_out.push(one.row.id);
        }
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
        sheet.memberships.trouble(&about, &verdict);
        let left = match verdict {
            Verdict::Known(ledger) => {
                sheet.gone.push(row.id);
                return count(sheet, &row, counted_as(&ledger));
            }
            Verdict::Shut { code, message, body, .. } => {
                sheet.recipients.extend(about.recipients);
                let why = (Some(code), Some(message));
                return sheet.again(&row, (row.attempt, self.lane_rests_until), why, body);
            }
            Verdict::Later(not_before) => {
                let body = row.body.clone();
                return sheet.again(&row, (row.attempt, not_before), (None, None), body);
            }
            Verdict::Quiet(until) => {
                let body = row.body.clone();
                sheet.again(&row, (row.attempt, until), (None, None), body);
                let Some(again) = sheet.again.last_mut() else { return };
                again.held = Some(QUIET_HOURS);
                again.quiet_for += until.duration_since(self.now);
                return;
            }
            Verdict::Again { after, code, message, body }
                if row.attempt + 1 < MOST_ATTEMPTS
                    && service::still_worth_it(&row, self.now + before_try(&row.key, row.attempt + 1, after)) =>
            {
                let attempt = row.attempt + 1;
                let not_before = self.now + before_try(&row.key, attempt, after);
                sheet.recipients.extend(about.recipients);
                return sheet.again(&row, (attempt, not_before), (Some(code), Some(message)), body);
            }
            // An email that was deferred for days has bounced: softly, or because of how it is sent.
            Verdict::Again { code, message, .. }
                if matches!(about.message, Some(Message::Email(_)))
                    && matches!(code.as_str(), DEFERRED | THROTTLED) =>
            {
                Verdict::Failed { code: given_up(&message).to_owned(), message }
            }
            Verdict::Again { code, message, .. } => Verdict::Failed { code, message },
            final_one => final_one,
        };
        self.finish(sheet, row, &about, left);
    }

    fn finish(&self, sheet: &mut Sheet, row: OutboxRow, about: &About, verdict: Verdict) {
        let mut ledger = ledger_row(&row, about, self.now);
        sheet.memberships.note(&row, about, &verdict);
        sheet.recipients.extend(alerted::settled(&row, &about.recipients, &verdict, self.now));
        sheet.audiences.take(&row, about.told.as_ref(), &verdict);
        sheet.inbox.extend(service::heard(&row, &verdict, self.now));
        let (outcome, counted, told) = match verdict {
            Verdict::Done { remote_id } => {
                sheet.done.delivered += 1;
                if about.untracked {
                    sheet.untracked.push(row.id);
                }
                if let (Some(Message::Sms(_)), Some(remote_id)) = (&about.message, &remote_id) {
                    let (effect, connection, remote_id) = (row.id, connection_of(&row), remote_id.clone());
                    sheet.unheard.push(Unheard { effect, connection, remote_id, asked: 0 });
                }
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
                    let sender = about.sender.clone().unwrap_or_default();
                    sheet.refused_numbers.push((row.id, phone.clone(), sender, class));
                }
                let told = self.failure(sheet, &row, about, &code);
                ("failed", Counted::Failed(code), told)
            }
            Verdict::InDoubt(message) => {
                sheet.done.in_doubt += 1;
                if let Some(Message::Sms(_)) = &about.message {
                    let (effect, connection) = (row.id, connection_of(&row));
                    sheet.lost.push(Unheard { effect, connection, remote_id: String::new(), asked: 0 });
                }
                ledger.message = Some(message);
                ledger.body = kept(about, sent_again(&row));
                ("in_doubt", Counted::InDoubt, None)
            }
            // Dealt with by the caller.
            Verdict::Again { .. }
            | Verdict::Shut { .. }
            | Verdict::Later(_)
            | Verdict::Quiet(_)
            | Verdict::Known(_) => return,
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
            enrollment: row.enrollment.some(),
            node: row.enrollment.some().map(|_| row.node),
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

/// Pending becomes what it turned out to be; the sum stays. What webhooks are told and what hands send belongs to no node. Calls of services are
/// pending until they are answered or their traveller leaves, and their nodes count that. A score that is told elsewhere was
/// counted when it changed here, and who is in an external audience when they joined it.
fn count(sheet: &mut Sheet, row: &OutboxRow, counted: Counted) {
    let not_here = [WEBHOOK, effects::MIRROR, external_audiences::EFFECT, external::CALL];
    if not_here.contains(&row.kind.as_str()) || row.enrollment.some().is_none() {
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

/// A call of a service is not sent again by hand: its traveller has gone on.
fn sent_again(row: &OutboxRow) -> Option<&OutboxRow> {
    (row.kind != external::CALL).then_some(row)
}
