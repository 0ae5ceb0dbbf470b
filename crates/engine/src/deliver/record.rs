//! Where messages go in a simulation: taken at once, counted, the first ones kept to be shown.

use std::collections::BTreeMap;

use caravan_connect::{EffectBody, EmailMessage, Outcome, Outgoing};
use parking_lot::Mutex;

use crate::external::{Call, CallKey};

/// Takes everything and delivers nothing. The same messages in the same order leave the same record.
#[derive(Debug)]
pub struct Recorder {
    samples: usize,
    calls: Mutex<Vec<(CallKey, Call)>>,
    taken: Mutex<BTreeMap<String, Recorded>>,
}

/// What was taken of one email (or of the sales alerts).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether it is an email to people, not an alert or a call.
    pub is_email: bool,
    /// How many messages, or calls.
    pub count: u64,
    /// The first of them.
    pub samples: Vec<EmailMessage>,
}

impl Recorder {
    /// Keeps this many rendered messages of each email.
    pub fn new(samples: usize) -> Self {
        Self { samples, calls: Mutex::default(), taken: Mutex::default() }
    }

    /// What was taken, by key of the email (`sales_alert` for alerts, the operation for calls).
    pub fn taken(&self) -> BTreeMap<String, Recorded> {
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

    pub(super) fn take(&self, mailing: &str, is_email: bool, item: &Outgoing) -> Outcome {
        let mut taken = self.taken.lock();
        let recorded = taken.entry(mailing.to_owned()).or_default();
        recorded.count += 1;
        recorded.is_email = is_email;
        if let EffectBody::Email(message) = &item.body
            && recorded.samples.len() < self.samples
        {
            recorded.samples.push((**message).clone());
        }
        Outcome::Delivered { remote_id: None, detail: "recorded".to_owned() }
    }
}
