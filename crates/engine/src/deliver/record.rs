//! Where messages go in a simulation: taken at once, counted, the first ones kept to be shown.

use std::collections::BTreeMap;

use caravan_connect::{EffectBody, EmailMessage, Outcome, Outgoing, TextMessage};
use parking_lot::Mutex;

use crate::external::{Call, CallKey};

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// Emails to people.
    Email,
    /// Text messages.
    Text,
    /// Alerts, calls and whatever else leaves.
    Other,
}

/// Takes everything and delivers nothing. The same messages in the same order leave the same record.
#[derive(Debug)]
pub struct Recorder {
    samples: usize,
    calls: Mutex<Vec<(CallKey, Call)>>,
    taken: Mutex<BTreeMap<(Taken, String), Recorded>>,
}

/// What was taken of one email, of one text message, of the sales alerts, or of the calls of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How many messages, or calls.
    pub count: u64,
    /// The first of the emails.
    pub emails: Vec<EmailMessage>,
    /// The first of the texts.
    pub texts: Vec<TextMessage>,
}

impl Recorder {
    /// Keeps this many rendered messages of each email and text message.
    pub fn new(samples: usize) -> Self {
        Self { samples, calls: Mutex::default(), taken: Mutex::default() }
    }

    /// What was taken, by what it is and its key (`sales_alert` for alerts, the operation for calls).
    pub fn taken(&self) -> BTreeMap<(Taken, String), Recorded> {
        self.taken.lock().clone()
    }

    /// Calls of external services that were taken since this was last asked, in their order.
    pub(crate) fn calls(&self) -> Vec<(CallKey, Call)> {
        std::mem::take(&mut *self.calls.lock())
    }

    /// A call of an external service: somebody may answer it.
    pub(super) fn note_call(&self, key: &str, call: &Call) {
        if let Ok(key) = key.parse() {
            self.calls.lock().push((key, call.clone()));
        }
    }

    pub(super) fn take(&self, what: Taken, mailing: &str, item: &Outgoing) -> Outcome {
        let mut taken = self.taken.lock();
        let recorded = taken.entry((what, mailing.to_owned())).or_default();
        recorded.count += 1;
        match &item.body {
            EffectBody::Email(message) if recorded.emails.len() < self.samples => {
                recorded.emails.push((**message).clone());
            }
            EffectBody::Text(message) if recorded.texts.len() < self.samples => {
                recorded.texts.push((**message).clone());
            }
            _ => {}
        }
        Outcome::Delivered { remote_id: None, detail: "recorded".to_owned() }
    }
}
