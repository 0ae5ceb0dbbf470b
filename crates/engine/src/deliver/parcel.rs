//! One effect on its way: judged, addressed, rendered, handed over, and what its answers mean for it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caravan_catalog::effects::{
    self, CallEffect, EmailEffect, MembershipEffect, NoticeEffect, SalesAlertEffect, SmsEffect,
};
use caravan_connect::audiences::Membership;
use caravan_connect::call::Call;
use caravan_connect::email::Compiled;
use caravan_connect::tracking::LinkMaker;
use caravan_connect::verp::Returns;
use caravan_connect::webhooks::WebhookMessage;
use caravan_connect::{Connector, EffectBody, EmailMessage, Mailbox, Outcome, Outgoing, Unsubscribe};
use caravan_model::EffectId;
use caravan_store::Session;
use caravan_store::outbox::OutboxRow;
use caravan_store::subscriptions::WEBHOOK;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::about::About;
use super::call::through;
use super::doors::Way;
use super::frozen::{Mailing, Texting};
use super::links::{host_of, hosts_differ, link_base, link_parameters};
use super::record::{Recorder, Taken};
use super::results::{Settled, Verdict, is_shut};
use super::{Dispatcher, alert, alerted, audience};
use crate::live::Live;
use crate::metrics::Whose;
use crate::{external, notices};

/// Who a `Feedback-ID` says that we are.
const SENDER_ID: &str = "caravan";
/// What stands in its headers for the journey of a message that a hand sent.
const BY_HAND: &str = "by-hand";
/// A carrier begins nothing more after this time: what it holds would be in doubt after a crash.
const ERRAND_ENDS: Duration = Duration::from_secs(1);

/// One effect that may go.
#[derive(Clone)]
pub struct Parcel {
    pub row: OutboxRow,
    pub about: About,
    pub content: Content,
    /// When the gates let it pass.
    pub judged_at: Timestamp,
}

/// What it carries.
#[derive(Clone)]
pub enum Content {
    /// One email to one person.
    Email { effect: Box<EmailEffect>, mailing: Arc<Mailing>, to: Mailbox, cc: Vec<Mailbox> },
    /// One text message to one number.
    Text { effect: Box<SmsEffect>, message: Arc<Texting>, to: String },
    /// One alert to everyone named.
    Alert(Box<SalesAlertEffect>),
    /// One notice to a user of this installation.
    Notice(Box<NoticeEffect>),
    /// One call of another system's operation.
    Call(Box<CallEffect>),
    /// One call of an external service.
    Service(Box<external::Call>),
    /// One account's change in an audience; what is said of it, once that is written down.
    Membership { effect: Box<MembershipEffect>, change: Option<Box<Membership>> },
    /// One person's change in an external audience, once it is decided and written down.
    Person(Option<Box<Membership>>),
    /// One activity, told to a webhook: its key, and the message.
    Webhook { webhook: String, message: Box<WebhookMessage> },
}

impl Parcel {
    /// What it leaves through.
    pub fn way(&self) -> Way {
        Way::connection(match &self.content {
            Content::Email { effect, .. } => &effect.connection,
            Content::Text { effect, .. } => &effect.connection,
            Content::Alert(effect) => &effect.connection,
            Content::Notice(notice) => &notice.connection,
            Content::Call(effect) => &effect.connection,
            Content::Membership { effect, .. } => &effect.connection,
            Content::Person(_) => return Way::connection(connection_of(&self.row)),
            Content::Service(call) => return Way::service(&call.service),
            Content::Webhook { webhook, .. } => return Way::webhook(webhook),
        })
    }

    /// Settled with a verdict that knows nothing of the effect's body.
    fn refused_by(self, verdict: Verdict) -> Settled {
        let body = self.row.body.clone();
        self.settled(match verdict {
            Verdict::Again { after, code, message, .. } => Verdict::Again { after, code, message, body },
            other => other,
        })
    }

    pub fn settled(self, verdict: Verdict) -> Settled {
        Settled { row: self.row, about: self.about, verdict }
    }
}

/// A queued call as connectors take it.
fn body_of(effect: &CallEffect) -> EffectBody {
    let CallEffect { operation, target, subject, .. } = effect.clone();
    EffectBody::Call(Box::new(Call { operation, target, subject }))
}

/// The call that a queued effect is, if it is one.
pub fn call_of(row: &OutboxRow) -> Option<EffectBody> {
    let effect = [effects::CALL, effects::MIRROR]
        .contains(&row.kind.as_str())
        .then(|| serde_json::from_str::<CallEffect>(&row.body).ok());
    effect.flatten().map(|effect| body_of(&effect))
}

/// The connection of an effect of any kind.
pub fn connection_of(row: &OutboxRow) -> String {
    #[derive(Deserialize)]
    struct Through {
        connection: String,
    }
    serde_json::from_str::<Through>(&row.body).map(|through| through.connection).unwrap_or_default()
}

/// What an effect of any kind leaves through.
pub fn way_of(row: &OutboxRow) -> Way {
    match row.kind.as_str() {
        external::CALL => {
            let call = serde_json::from_str::<external::Call>(&row.body);
            Way::service(call.map(|call| call.service).unwrap_or_default())
        }
        WEBHOOK => Way::of_lane(&row.lane),
        _ => Way::connection(connection_of(row)),
    }
}

impl Dispatcher {
    /// Takes parcels of one way to the other side, call by call, and says what became of each.
    ///
    /// After a shut door the others need not try it; what an errand does not get to in time goes back as it was.
    pub(super) fn carry(&self, live: &Live, parcels: Vec<Parcel>) -> Vec<Settled> {
        let Some(first) = parcels.first() else { return Vec::new() };
        let door = match self.doors.door(live, &first.way()) {
            Ok(door) => door,
            Err(shut) => return parcels.into_iter().map(|parcel| refused(parcel, &shut)).collect(),
        };
        let per_call = door.as_ref().map_or(usize::MAX, |door| door.facts().max_batch.max(1));
        let began = Instant::now();
        let mut settled: Vec<Settled> = Vec::with_capacity(parcels.len());
        let mut parcels = parcels.into_iter();
        while settled.is_empty() || began.elapsed() < ERRAND_ENDS {
            let call: Vec<Parcel> = parcels.by_ref().take(per_call).collect();
            if call.is_empty() {
                return settled;
            }
            let back = self.call(live, door.as_deref(), call);
            let shut = back.last().and_then(|last| last.verdict.shut()).filter(|_| is_shut(&back));
            settled.extend(back);
            if let Some(shut) = shut {
                settled.extend(parcels.by_ref().map(|parcel| refused(parcel, &shut)));
            }
        }
        let now = self.engine.clock().now();
        settled.extend(parcels.map(|parcel| parcel.settled(Verdict::Later(now))));
        settled
    }

    /// One call: composed, handed over, answered.
    fn call(&self, live: &Live, door: Option<&dyn Connector>, parcels: Vec<Parcel>) -> Vec<Settled> {
        let mut settled = Vec::with_capacity(parcels.len());
        let mut composed: Vec<(Parcel, Vec<Outgoing>)> = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            match self.compose(live, door, &parcel) {
                Ok(items) => composed.push((parcel, items)),
                Err(verdict) => settled.push(parcel.refused_by(verdict)),
            }
        }
        let whose = composed.first().and_then(|(first, _)| first.way().definition(live).map(Whose::of));
        let watch = |outcomes: &[Outcome], took: Duration| {
            if let Some(whose) = &whose {
                whose.called(outcomes, took);
            }
        };
        let outcomes = match (door, &self.doors) {
            (Some(door), _) => through(door, composed.iter().flat_map(|(_, items)| items), &watch),
            (None, super::Doors::Recording(recorder)) => recorded(recorder, &composed),
            (None, super::Doors::Real { .. } | super::Doors::Given(_)) => Vec::new(),
        };
        let mut outcomes = outcomes.into_iter();
        for (parcel, items) in composed {
            let answers: Vec<Outcome> = outcomes.by_ref().take(items.len()).collect();
            settled.push(answered(parcel, &answers));
        }
        settled
    }

    fn compose(&self, live: &Live, door: Option<&dyn Connector>, parcel: &Parcel) -> Result<Vec<Outgoing>, Verdict> {
        let key = &parcel.row.key;
        let item = |key: String, message| Outgoing { key, body: EffectBody::Email(Box::new(message)) };
        match &parcel.content {
            Content::Email { effect, mailing, to, cc } => {
                let message = self.email(live, parcel, effect, mailing)?;
                let message = EmailMessage { to: to.clone(), cc: cc.clone(), ..message };
                Ok(vec![item(key.clone(), self.sealed(live, door, parcel.row.id, message)?)])
            }
            Content::Text { effect, message, to } => {
                let message = self.text(live, parcel, (effect, message), to, door.is_some())?;
                let body = EffectBody::Text(Box::new(message));
                Ok(vec![Outgoing { key: key.clone(), body }])
            }
            Content::Alert(effect) => {
                let message = alert::message(effect, &self.delivery.public_url)
                    .map_err(|error| Verdict::failed("render_failed", error.to_string()))?;
                let message = self.sealed(live, door, parcel.row.id, message)?;
                let to_each = |to: &String| {
                    let message = EmailMessage { to: Mailbox::bare(to.clone()), ..message.clone() };
                    item(alerted::key_for(key, to), message)
                };
                Ok(effect.to.iter().map(to_each).collect())
            }
            Content::Notice(notice) => {
                let message = self.sealed(live, door, parcel.row.id, notices::message(notice))?;
                Ok(vec![item(key.clone(), message)])
            }
            Content::Call(effect) => Ok(vec![Outgoing { key: key.clone(), body: body_of(effect) }]),
            Content::Service(call) => {
                let call = self.service_call(live, &parcel.row, call)?;
                Ok(vec![Outgoing { key: key.clone(), body: EffectBody::Service(Box::new(call)) }])
            }
            Content::Membership { change, .. } | Content::Person(change) => {
                // Its door was shut when it was judged: it is judged again.
                let change = change.clone().ok_or(Verdict::Later(parcel.judged_at))?;
                Ok(vec![Outgoing { key: key.clone(), body: EffectBody::Membership(change) }])
            }
            Content::Webhook { message, .. } => {
                Ok(vec![Outgoing { key: key.clone(), body: EffectBody::Webhook(message.clone()) }])
            }
        }
    }

    /// With the signature and the return path of its sending domain. What is only recorded has neither.
    pub(super) fn sealed(
        &self,
        live: &Live,
        door: Option<&dyn Connector>,
        id: EffectId,
        message: EmailMessage,
    ) -> Result<EmailMessage, Verdict> {
        let Some(door) = door else { return Ok(message) };
        let sender = message.from.as_ref().map(|from| from.email.clone()).or(door.facts().sender).unwrap_or_default();
        let Some(sealed) = self.domains.of(live, &sender, self.engine.clock().now())? else { return Ok(message) };
        let keys = &self.delivery.signing;
        let address = |returns: Returns| sealed.return_path.as_ref().map(|domain| returns.address(keys, id, domain));
        let unsubscribe = message.unsubscribe.map(|way| Unsubscribe { mailto: address(Returns::OptOut), ..way });
        Ok(EmailMessage { unsubscribe, return_path: address(Returns::Bounce), signer: Some(sealed.signer), ..message })
    }

    fn email(
        &self,
        live: &Live,
        parcel: &Parcel,
        effect: &EmailEffect,
        mailing: &Mailing,
    ) -> Result<EmailMessage, Verdict> {
        let compiled = mailing.compiled().map_err(|why| Verdict::failed("email_invalid_content", why))?;
        let campaign = mailing.campaign(&effect.email, &effect.journey, &parcel.about.node);
        let parameters = link_parameters(&live.definitions, &effect.connection, &campaign);
        let values = Json::Object(effect.values.clone());
        let base = self.link_base(live, (&effect.connection, &compiled, &values))?;
        let mut links = LinkMaker::new(&self.delivery.signing, &base, parcel.row.id, parcel.row.person)
            .with_parameters(&parameters);
        if mailing.email.disable_open_tracking || parcel.about.untracked {
            links = links.without_opens();
        }
        if live.rules.hides_a_link {
            links = links.with_hidden_link();
        }
        let rendered =
            compiled.render(&values, &links).map_err(|error| Verdict::failed(error.code, error.to_string()))?;
        let stream = if effect.journey.is_empty() { BY_HAND } else { &effect.journey };
        let list_id = rendered.unsubscribe_url.as_ref().map(|_| self.list_id(stream));
        let feedback_id = Some(format!("{}:{stream}:email:{SENDER_ID}", effect.email));
        Ok(EmailMessage { list_id, feedback_id, ..rendered.into_message(Mailbox::bare("")) })
    }

    /// What the links of an email begin with.
    fn link_base(
        &self,
        live: &Live,
        (connection, compiled, values): (&str, &Compiled, &Json),
    ) -> Result<Cow<'_, str>, Verdict> {
        let public_url = self.delivery.public_url.as_str();
        if !hosts_differ(&live.definitions) {
            return Ok(public_url.into());
        }
        let from = compiled.sender(values).map_err(|error| Verdict::failed(error.code, error.to_string()))?;
        let from = from.as_ref().map(|from| from.email.as_str());
        let read = |s: &mut dyn Session| link_base(s, &live.definitions, (connection, from), public_url);
        let host = from.and_then(|from| from.rsplit_once('@')).map_or("", |(_, host)| host);
        let look = || self.engine.store().read(read).map(Cow::into_owned);
        // A store that cannot be read does not hold mail up: links with the public address work as well.
        let base = self.bases.of(live.revision, (connection, host), look);
        Ok(base.map_or(Cow::Borrowed(public_url), Cow::Owned))
    }

    fn list_id(&self, stream: &str) -> String {
        format!("{stream}.{}", host_of(&self.delivery.public_url))
    }
}

fn recorded(recorder: &Recorder, parcels: &[(Parcel, Vec<Outgoing>)]) -> Vec<Outcome> {
    let take = |(parcel, items): &(Parcel, Vec<Outgoing>)| {
        let mailing = match &parcel.content {
            Content::Email { effect, .. } => effect.email.clone(),
            Content::Text { effect, .. } => effect.sms_message.clone(),
            Content::Alert(_) => effects::SALES_ALERT.to_owned(),
            Content::Notice(_) => effects::NOTICE.to_owned(),
            Content::Call(effect) => effect.operation.clone(),
            Content::Service(call) => call.service.clone(),
            Content::Membership { effect, .. } => effect.operation.clone(),
            Content::Person(_) => crate::external_audiences::EFFECT.to_owned(),
            Content::Webhook { webhook, .. } => webhook.clone(),
        };
        if let Content::Service(call) = &parcel.content {
            recorder.note_call(&parcel.row.key, call);
        }
        let what = match parcel.content {
            Content::Email { .. } => Taken::Email,
            Content::Text { .. } => Taken::Text,
            _ => Taken::Other,
        };
        items.iter().map(move |item| recorder.take(what, &mailing, item)).collect::<Vec<_>>()
    };
    parcels.iter().flat_map(take).collect()
}

/// What the answers for a parcel's items mean for it.
fn answered(mut parcel: Parcel, answers: &[Outcome]) -> Settled {
    if let (Content::Person(Some(change)), [answer]) = (&parcel.content, answers) {
        parcel.row.body = audience::body_after(&parcel.row.body, change, answer);
    }
    let verdict = match (&parcel.content, answers) {
        (Content::Alert(effect), answers) if answers.len() == effect.to.len() => {
            let answers_to = effect.to.iter().zip(answers);
            let tried = answers_to.map(|(to, answer)| alerted::answered(&parcel.row, to, answer, parcel.judged_at));
            parcel.about.recipients.extend(tried.collect::<Vec<_>>());
            together(effect, answers, parcel.judged_at)
        }
        (content, [answer]) if !matches!(content, Content::Alert(_)) => {
            verdict_of(answer, &parcel.row.body, parcel.judged_at)
        }
        _ => Verdict::InDoubt("The connector did not answer for it.".to_owned()),
    };
    parcel.settled(verdict)
}

fn refused(parcel: Parcel, shut: &Outcome) -> Settled {
    let verdict = verdict_of(shut, &parcel.row.body, parcel.judged_at);
    parcel.settled(verdict)
}

fn verdict_of(answer: &Outcome, body: &str, judged_at: Timestamp) -> Verdict {
    match answer.clone() {
        Outcome::Delivered { remote_id, .. } => Verdict::Done { remote_id },
        Outcome::Skipped { reason } => Verdict::Skipped(reason),
        Outcome::Failed { code, message } => Verdict::Failed { code, message },
        Outcome::Unknown { message } => Verdict::InDoubt(message),
        Outcome::Later { after, .. } => Verdict::Later(together_again(judged_at, after)),
        Outcome::Retry { after, code, message } => Verdict::Again { after, code, message, body: body.to_owned() },
        Outcome::Shut { after, code, message } => Verdict::Shut { after, code, message, body: body.to_owned() },
    }
}

/// The next of the instants that lie `pause` apart: whoever waits for the same thing comes back together.
fn together_again(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = i64::try_from(pause.as_secs()).unwrap_or(i64::MAX).max(1);
    let next = now.as_second().div_euclid(pause).saturating_add(1).saturating_mul(pause);
    Timestamp::from_second(next).unwrap_or(now)
}

/// An alert to several: tried again for those to whom it may yet go; then in doubt when it is for one of them, failed when it
/// has for one, and done when all have it.
fn together(effect: &SalesAlertEffect, answers: &[Outcome], judged_at: Timestamp) -> Verdict {
    let waits =
        |answer: &&Outcome| matches!(answer, Outcome::Shut { .. } | Outcome::Retry { .. } | Outcome::Later { .. });
    let first = |wanted: fn(&Outcome) -> bool| answers.iter().find(|answer| wanted(answer));
    let decisive = first(|a| matches!(a, Outcome::Shut { .. }))
        .or_else(|| first(|a| matches!(a, Outcome::Retry { .. })))
        .or_else(|| first(|a| matches!(a, Outcome::Later { .. })))
        .or_else(|| first(|a| matches!(a, Outcome::Unknown { .. })))
        .or_else(|| first(|a| matches!(a, Outcome::Failed { .. })))
        .or_else(|| answers.first());
    let Some(decisive) = decisive else { return Verdict::Done { remote_id: None } };
    let to = effect.to.iter().zip(answers).filter(|(_, answer)| waits(answer)).map(|(to, _)| to.clone()).collect();
    let body = serde_json::to_string(&SalesAlertEffect { to, ..effect.clone() }).unwrap_or_default();
    verdict_of(decisive, &body, judged_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_tried_again_for_those_who_have_not_got_it() {
        let effect = alert::tests::effect();
        let delivered = Outcome::Delivered { remote_id: None, detail: String::new() };
        let verdict = |second: Outcome| together(&effect, &[delivered.clone(), second], Timestamp::UNIX_EPOCH);
        assert!(matches!(verdict(delivered.clone()), Verdict::Done { .. }));
        assert!(matches!(verdict(Outcome::failed("bounced_hard", "")), Verdict::Failed { .. }));
        assert!(matches!(verdict(Outcome::Unknown { message: String::new() }), Verdict::InDoubt(_)));
        for first in
            [delivered.clone(), Outcome::failed("bounced_hard", ""), Outcome::Unknown { message: String::new() }]
        {
            let verdict = together(&effect, &[first, Outcome::retry("later", "")], Timestamp::UNIX_EPOCH);
            let Verdict::Again { body, .. } = verdict else { panic!("tried again") };
            let rest: SalesAlertEffect = serde_json::from_str(&body).expect("an effect");
            assert_eq!(rest.to, ["two@example.com"], "for nobody else");
        }
    }
}
