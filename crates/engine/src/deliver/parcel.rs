//! One effect on its way: judged, addressed, rendered, handed over, and what its answers mean for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use caravan_catalog::effects::{EmailEffect, SalesAlertEffect};
use caravan_connect::tracking::LinkMaker;
use caravan_connect::{Connector, EffectBody, EmailMessage, Mailbox, Outcome, Outgoing, Unsubscribe};
use caravan_store::StoreError;
use caravan_store::outbox::{self, OutboxRow};
use serde::Deserialize;
use serde_json::Value as Json;

use super::frozen::Mailing;
use super::record::Recorder;
use super::results::{About, Settled, Verdict};
use super::{CLAIM, Dispatcher, RENEWAL, Wave, alert};

/// Who a `Feedback-ID` says that we are.
const SENDER_ID: &str = "caravan";

/// One effect that may go.
#[derive(Clone)]
pub struct Parcel {
    pub row: OutboxRow,
    pub about: About,
    pub content: Content,
}

/// What it carries.
#[derive(Clone)]
pub enum Content {
    /// One email to one person.
    Email { effect: Box<EmailEffect>, mailing: Arc<Mailing>, to: Mailbox },
    /// One alert to everyone named.
    Alert(Box<SalesAlertEffect>),
}

impl Parcel {
    fn connection(&self) -> &str {
        match &self.content {
            Content::Email { effect, .. } => &effect.connection,
            Content::Alert(effect) => &effect.connection,
        }
    }

    fn settled(self, verdict: Verdict) -> Settled {
        Settled { row: self.row, about: self.about, verdict }
    }
}

/// The connection of an effect of any kind.
pub fn connection_of(row: &OutboxRow) -> String {
    #[derive(Deserialize)]
    struct Through {
        connection: String,
    }
    serde_json::from_str::<Through>(&row.body).map(|through| through.connection).unwrap_or_default()
}

impl Dispatcher {
    /// Hands a wave over; the claim is renewed for as long as that takes.
    pub(super) fn send(&self, wave: Wave) -> Vec<Settled> {
        let ids: Vec<_> = wave.parcels.iter().map(|parcel| parcel.row.id).collect();
        let mut settled = Vec::with_capacity(ids.len());
        let mut by_connection: BTreeMap<String, Vec<(Parcel, Vec<Outgoing>)>> = BTreeMap::new();
        for parcel in wave.parcels {
            match self.compose(&parcel) {
                Ok(items) => by_connection.entry(parcel.connection().to_owned()).or_default().push((parcel, items)),
                Err(verdict) => settled.push(parcel.settled(verdict)),
            }
        }
        for (connection, parcels) in by_connection {
            let door = match self.doors.door(&wave.live, &connection) {
                Ok(door) => door,
                Err(shut) => {
                    settled.extend(
                        parcels.into_iter().map(|(parcel, items)| answered(parcel, &vec![shut.clone(); items.len()])),
                    );
                    continue;
                }
            };
            let outcomes = match (door, &self.doors) {
                (Some(door), _) => self.through(door.as_ref(), &parcels, || self.renew(&wave.token, &ids)),
                (None, super::Doors::Recording(recorder)) => recorded(recorder, &parcels),
                (None, super::Doors::Real { .. }) => Vec::new(),
            };
            let mut outcomes = outcomes.into_iter();
            for (parcel, items) in parcels {
                let answers: Vec<Outcome> = outcomes.by_ref().take(items.len()).collect();
                settled.push(answered(parcel, &answers));
            }
        }
        settled
    }

    fn through(&self, door: &dyn Connector, parcels: &[(Parcel, Vec<Outgoing>)], renew: impl Fn()) -> Vec<Outcome> {
        let items: Vec<Outgoing> = parcels.iter().flat_map(|(_, items)| items.iter().cloned()).collect();
        let batches = items.chunks(door.facts().max_batch.max(1));
        batches.flat_map(|batch| deliver(door, batch, RENEWAL, &renew)).collect()
    }

    fn renew(&self, token: &str, ids: &[caravan_model::EffectId]) {
        let renewed = self.engine.store().write(|s| -> Result<u64, StoreError> {
            let until = s.now()? + CLAIM;
            outbox::extend_claim(s, token, ids, until)
        });
        if let Err(error) = renewed {
            tracing::warn!(%error, "a claim could not be renewed");
        }
    }

    fn compose(&self, parcel: &Parcel) -> Result<Vec<Outgoing>, Verdict> {
        let key = &parcel.row.key;
        let item = |key: String, message| Outgoing { key, body: EffectBody::Email(Box::new(message)) };
        match &parcel.content {
            Content::Email { effect, mailing, to } => {
                Ok(vec![item(key.clone(), self.email(parcel, effect, mailing, to.clone())?)])
            }
            Content::Alert(effect) => {
                let message = alert::message(effect, &self.delivery.public_url)
                    .map_err(|error| Verdict::failed("render_failed", error.to_string()))?;
                let to_each = |to: &String| {
                    let message = EmailMessage { to: Mailbox::bare(to.clone()), ..message.clone() };
                    item(format!("{key}.{to}"), message)
                };
                Ok(effect.to.iter().map(to_each).collect())
            }
        }
    }

    fn email(
        &self,
        parcel: &Parcel,
        effect: &EmailEffect,
        mailing: &Mailing,
        to: Mailbox,
    ) -> Result<EmailMessage, Verdict> {
        let compiled = mailing.compiled().map_err(|why| Verdict::failed("email_invalid_content", why))?;
        let mut links =
            LinkMaker::new(&self.delivery.signing, &self.delivery.public_url, parcel.row.id, parcel.row.person);
        if mailing.email.disable_open_tracking {
            links = links.without_opens();
        }
        let values = Json::Object(effect.values.clone());
        let rendered =
            compiled.render(&values, &links).map_err(|error| Verdict::failed(error.code, error.to_string()))?;
        let list_id = rendered.unsubscribe_url.as_ref().map(|_| self.list_id(&effect.journey));
        Ok(EmailMessage {
            to,
            from: rendered.from,
            reply_to: rendered.reply_to,
            subject: rendered.subject,
            html: Some(rendered.html),
            text: rendered.text,
            unsubscribe: rendered.unsubscribe_url.map(|url| Unsubscribe { url, mailto: None }),
            list_id,
            feedback_id: Some(format!("{}:{}:email:{SENDER_ID}", effect.email, effect.journey)),
            auto_submitted: false,
        })
    }

    fn list_id(&self, journey: &str) -> String {
        let url = &self.delivery.public_url;
        let after_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = after_scheme.split(['/', ':']).next().unwrap_or_default();
        format!("{journey}.{host}")
    }
}

/// Delivers on a thread of its own, so that the claim can be renewed meanwhile. A connector that breaks leaves doubt.
fn deliver(door: &dyn Connector, batch: &[Outgoing], patience: Duration, renew: &impl Fn()) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let (done, answer) = channel();
        let thread = scope.spawn(move || _ = done.send(door.deliver(batch)));
        loop {
            match answer.recv_timeout(patience) {
                Ok(outcomes) if outcomes.len() == batch.len() => return outcomes,
                Err(RecvTimeoutError::Timeout) => renew(),
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                    // Joined here, so that its panic does not become ours.
                    let broke = thread.join().is_err();
                    tracing::error!(broke, "a connector did not answer for every item");
                    let message = "The connector broke before it answered.".to_owned();
                    return vec![Outcome::Unknown { message }; batch.len()];
                }
            }
        }
    })
}

fn recorded(recorder: &Recorder, parcels: &[(Parcel, Vec<Outgoing>)]) -> Vec<Outcome> {
    let take = |(parcel, items): &(Parcel, Vec<Outgoing>)| {
        let mailing = match &parcel.content {
            Content::Email { effect, .. } => effect.email.clone(),
            Content::Alert(_) => caravan_catalog::effects::SALES_ALERT.to_owned(),
        };
        items.iter().map(move |item| recorder.take(&mailing, item)).collect::<Vec<_>>()
    };
    parcels.iter().flat_map(take).collect()
}

/// What the answers for a parcel's items mean for it.
fn answered(parcel: Parcel, answers: &[Outcome]) -> Settled {
    let verdict = match (&parcel.content, answers) {
        (Content::Email { .. }, [answer]) => verdict_of(answer, &parcel.row.body),
        (Content::Alert(effect), answers) if answers.len() == effect.to.len() => together(effect, answers),
        _ => Verdict::InDoubt("The connector did not answer for it.".to_owned()),
    };
    parcel.settled(verdict)
}

fn verdict_of(answer: &Outcome, body: &str) -> Verdict {
    match answer.clone() {
        Outcome::Delivered { remote_id, .. } => Verdict::Done { remote_id },
        Outcome::Failed { code, message } => Verdict::Failed { code, message },
        Outcome::Unknown { message } => Verdict::InDoubt(message),
        Outcome::Retry { after, code, message } => Verdict::Again { after, code, message, body: body.to_owned() },
        Outcome::Shut { code, message } => Verdict::Shut { code, message, body: body.to_owned() },
    }
}

/// An alert to several: in doubt when one of them is; tried again for those who have not got it; done when all have.
fn together(effect: &SalesAlertEffect, answers: &[Outcome]) -> Verdict {
    let unserved = |(_, answer): &(&String, &Outcome)| !matches!(answer, Outcome::Delivered { .. });
    let rest: Vec<(&String, &Outcome)> = effect.to.iter().zip(answers).filter(unserved).collect();
    let Some((_, first)) = rest.first() else {
        let ids = answers
            .iter()
            .find_map(|a| if let Outcome::Delivered { remote_id, .. } = a { remote_id.clone() } else { None });
        return Verdict::Done { remote_id: ids };
    };
    let worst =
        |wanted: fn(&Outcome) -> bool| rest.iter().find(|(_, answer)| wanted(answer)).map(|(_, answer)| *answer);
    let decisive = worst(|a| matches!(a, Outcome::Unknown { .. }))
        .or_else(|| worst(|a| matches!(a, Outcome::Shut { .. })))
        .or_else(|| worst(|a| matches!(a, Outcome::Retry { .. })))
        .unwrap_or(first);
    let to = rest.iter().map(|(to, _)| (*to).clone()).collect();
    let body = serde_json::to_string(&SalesAlertEffect { to, ..effect.clone() }).unwrap_or_default();
    verdict_of(decisive, &body)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use caravan_connect::ConnectorFacts;

    use super::*;

    /// Answers after a while, or breaks.
    struct Slow(Option<Duration>);

    impl Connector for Slow {
        fn facts(&self) -> ConnectorFacts {
            ConnectorFacts { kind: "slow", deduplicates: false, max_batch: 10, patience: Duration::from_secs(1) }
        }

        fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
            match self.0 {
                Some(time) => std::thread::sleep(time),
                None => panic!("a defect"),
            }
            batch.iter().map(|item| Outcome::failed("refused", item.key.clone())).collect()
        }

        fn check(&self) -> Result<String, String> {
            Ok(String::new())
        }
    }

    fn batch() -> Vec<Outgoing> {
        let message = alert::message(&alert::tests::effect(), "https://go.acme.example").expect("a message");
        vec![Outgoing { key: "k".to_owned(), body: EffectBody::Email(Box::new(message)) }; 2]
    }

    #[test]
    fn a_claim_is_renewed_while_its_wave_is_out() {
        let renewals = AtomicUsize::new(0);
        let renew = || _ = renewals.fetch_add(1, Ordering::Relaxed);
        let outcomes = deliver(&Slow(Some(Duration::from_millis(200))), &batch(), Duration::from_millis(20), &renew);
        assert_eq!(outcomes, vec![Outcome::failed("refused", "k"); 2]);
        assert!(renewals.load(Ordering::Relaxed) >= 2);
    }

    #[test]
    fn a_connector_that_breaks_leaves_doubt() {
        let outcomes = deliver(&Slow(None), &batch(), Duration::from_secs(1), &|| ());
        assert!(matches!(outcomes.as_slice(), [Outcome::Unknown { .. }, Outcome::Unknown { .. }]), "{outcomes:?}");
    }

    #[test]
    fn an_alert_is_tried_again_for_those_who_have_not_got_it() {
        let effect = alert::tests::effect();
        let delivered = Outcome::Delivered { remote_id: None, detail: String::new() };
        let verdict = |second: Outcome| together(&effect, &[delivered.clone(), second]);
        assert!(matches!(verdict(delivered.clone()), Verdict::Done { .. }));
        assert!(matches!(verdict(Outcome::failed("bounced_hard", "")), Verdict::Failed { .. }));
        assert!(matches!(verdict(Outcome::Unknown { message: String::new() }), Verdict::InDoubt(_)));
        let Verdict::Again { body, .. } = verdict(Outcome::retry("later", "")) else { panic!("tried again") };
        let rest: SalesAlertEffect = serde_json::from_str(&body).expect("an effect");
        assert_eq!(rest.to, ["two@example.com"]);
    }
}
