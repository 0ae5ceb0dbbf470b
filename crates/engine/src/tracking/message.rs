//! A message as its links and reports know it: which trip sent it, to whom, and what is written of it.

use std::sync::Arc;

use caravan_catalog::changes::NewActivity;
use caravan_connect::texts::e164;
use caravan_model::{AccountId, EffectId, EnrollmentId, PersonId, VersionId};
use caravan_store::held_clicks::{self, HeldClick};
use caravan_store::machine_events::{self, MachineEvent};
use caravan_store::uses::{self, MessageUse, UseKind};
use caravan_store::{Session, StoreError, ledger, outbox};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{EMAIL_OPENED, Evidence, ONE_OPEN, SOURCE};
use crate::deliver::{self, folded_address, kept_of};
use crate::device;
use crate::live::Live;
use crate::machines::{self, Followed, Judged, Request};

/// The message that a token belongs to.
pub(crate) struct Message {
    effect: EffectId,
    enrollment: EnrollmentId,
    account: Option<AccountId>,
    /// The recipient.
    pub person: Option<PersonId>,
    /// The folded address, or the number.
    pub address: Option<String>,
    /// Who sent a text message.
    pub sender: Option<String>,
    /// When it was handed over; none: its results are still on their way.
    pub sent_at: Option<Timestamp>,
    node_number: i64,
    journey: String,
    node: String,
    message: Option<deliver::Message>,
}

impl Message {
    /// From the ledger; from the outbox while its results are still on their way.
    pub fn find(s: &mut dyn Session, live: &Live, id: EffectId) -> Result<Option<Self>, StoreError> {
        if let Some(row) = ledger::get(s, id, false)? {
            let kept = kept_of(&row);
            return Ok(Some(Self {
                effect: id,
                enrollment: row.enrollment,
                account: row.account,
                person: row.person,
                address: row.address,
                sender: kept.sender.clone(),
                sent_at: Some(row.decided_at),
                node_number: row.node,
                message: kept.message(),
                journey: kept.journey,
                node: kept.node,
            }));
        }
        let Some(row) = outbox::queued(s, id)? else { return Ok(None) };
        let body: Json = serde_json::from_str(&row.body).unwrap_or_default();
        let text = |field: &str| body.get(field).and_then(Json::as_str).map(str::to_owned);
        Ok(Some(Self {
            effect: id,
            enrollment: row.enrollment,
            account: row.account,
            person: row.person,
            address: text("to").and_then(|to| folded_address(&to).or_else(|| e164(&to).ok())),
            sender: text("sender"),
            sent_at: None,
            node_number: row.node,
            journey: text("journey").unwrap_or_default(),
            node: node_name(s, live, row.version, row.node)?,
            message: deliver::Message::of(text("email"), text("sms_message")),
        }))
    }

    /// Whether it was opened just now. What was sent by hand has no place on a trip that tells it from other messages.
    fn was_opened(&self, s: &mut dyn Session, person: PersonId, since: Timestamp) -> Result<bool, StoreError> {
        match self.enrollment.some() {
            Some(trip) => Ok(held_clicks::holds_open(s, self.effect)?
                || ledger::has_done(s, person, EMAIL_OPENED, trip, self.node_number, since)?),
            None => uses::was_opened(s, self.effect, since),
        }
    }

    /// Which message something was said to.
    pub fn as_evidence(&self) -> Evidence {
        let text = |name: &str| self.fields().get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        vec![
            ("message", self.effect.to_string()),
            ("email", text("email")),
            ("sms_message", text("sms_message")),
            ("journey", self.journey.clone()),
            ("node", self.node.clone()),
        ]
    }

    pub fn fields(&self) -> Json {
        let plain = || json!({"journey": self.journey, "node": self.node});
        self.message.as_ref().map_or_else(plain, |message| message.fields(&self.journey, &self.node))
    }

    /// Somebody followed a link: counted, and told where it was a person.
    pub fn clicked(
        &self,
        s: &mut dyn Session,
        live: &Live,
        request: Request<'_>,
        (kind, person): (&'static str, PersonId),
        (link, target): (u16, &str),
        now: Timestamp,
    ) -> Result<Vec<NewActivity>, StoreError> {
        let followed = Followed { effect: self.effect, link, sent_at: self.sent_at };
        let Judged { verdict, held_until } = machines::clicks(s, live, request.visitor, followed, now)?;
        if verdict == machines::Verdict::Blocked {
            return Ok(Vec::new());
        }
        self.used(s, UseKind::Clicked, (link, target), verdict, now)?;
        if let machines::Verdict::Machine(pattern) = verdict {
            return self.keep_apart(s, request, (UseKind::Clicked, pattern), (link, target), now);
        }
        let mut fields = self.fields();
        if let Some(fields) = fields.as_object_mut() {
            machines::with_pattern(fields, verdict.pattern());
            fields.insert("url".to_owned(), target.into());
            fields.insert("link".to_owned(), link.into());
            device::described(fields, request.agent());
        }
        self.tell(s, request, (kind, person), (link.into(), fields), (held_until, now))
    }

    /// The picture was fetched: counted, and told where it was a person.
    pub(super) fn opened(
        &self,
        s: &mut dyn Session,
        live: &Live,
        request: Request<'_>,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<NewActivity>, StoreError> {
        let Judged { verdict, held_until } =
            machines::opens(s, live, request.visitor, (self.effect, self.sent_at), now)?;
        let is_the_same = self.was_opened(s, person, now - ONE_OPEN)?;
        if verdict == machines::Verdict::Blocked || is_the_same {
            return Ok(Vec::new());
        }
        self.used(s, UseKind::Opened, (0, ""), verdict, now)?;
        if let machines::Verdict::Machine(pattern) = verdict {
            return self.keep_apart(s, request, (UseKind::Opened, pattern), (0, ""), now);
        }
        let mut fields = self.fields();
        if let Some(fields) = fields.as_object_mut() {
            machines::with_pattern(fields, verdict.pattern());
            device::described(fields, request.agent());
        }
        self.tell(s, request, (EMAIL_OPENED, person), (held_clicks::NO_LINK, fields), (held_until, now))
    }

    /// What is told now; what the next thing that is done may give away is held instead.
    fn tell(
        &self,
        s: &mut dyn Session,
        request: Request<'_>,
        (kind, person): (&'static str, PersonId),
        (link, fields): (i64, Json),
        (held_until, now): (Option<Timestamp>, Timestamp),
    ) -> Result<Vec<NewActivity>, StoreError> {
        let Some(due_at) = held_until else { return Ok(vec![self.activity(kind, person, now, fields)]) };
        let (effect, kind, fields) = (self.effect, kind.to_owned(), fields.to_string());
        held_clicks::hold(
            s,
            &HeldClick { effect, link, at: now, due_at, kind, fields, address_code: request.address_code() },
        )?;
        Ok(Vec::new())
    }

    /// What a machine did is kept to be looked at, and told to nobody.
    fn keep_apart(
        &self,
        s: &mut dyn Session,
        request: Request<'_>,
        (kind, pattern): (UseKind, &str),
        (link, target): (u16, &str),
        at: Timestamp,
    ) -> Result<Vec<NewActivity>, StoreError> {
        let (agent, address_code) = (request.agent().and_then(device::program), request.address_code());
        let (user_agent, address_code) = (agent.as_deref(), address_code.as_deref());
        let (effect, link, url) = (self.effect, link.into(), uses::without_what_is_personal(target));
        machine_events::keep(s, &MachineEvent { effect, at, kind, link, url, pattern, user_agent, address_code })?;
        Ok(Vec::new())
    }

    pub(super) fn used(
        &self,
        s: &mut dyn Session,
        kind: UseKind,
        (link, target): (u16, &str),
        verdict: machines::Verdict,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let url = uses::without_what_is_personal(target);
        let used = MessageUse { effect: self.effect, kind, link: link.into(), url, counts: verdict.counts(), at };
        uses::count(s, &used)
    }

    /// The number that it went to opted out from its sender: counted, and told where it went to a person.
    pub fn opted_out_of_texts(
        &self,
        s: &mut dyn Session,
        how: &str,
        now: Timestamp,
    ) -> Result<Option<NewActivity>, StoreError> {
        self.used(s, UseKind::OptedOut, (0, ""), machines::Verdict::Person, now)?;
        let mut fields = self.fields();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("how".to_owned(), how.into());
        }
        Ok(self.person.map(|person| self.activity("sms_opted_out", person, now, fields)))
    }

    pub fn activity(&self, kind: &'static str, person: PersonId, now: Timestamp, fields: Json) -> NewActivity {
        NewActivity {
            kind,
            at: now,
            account: self.account,
            person: Some(person),
            enrollment: self.enrollment.some(),
            node: self.enrollment.some().map(|_| self.node_number),
            source: Arc::from(SOURCE),
            fields: fields.to_string(),
        }
    }
}

fn node_name(s: &mut dyn Session, live: &Live, version: VersionId, node: i64) -> Result<String, StoreError> {
    let plan = live.plan(s, version)?;
    Ok(plan.map_or_else(|| node.to_string(), |plan| plan.node(node).id.clone()))
}
