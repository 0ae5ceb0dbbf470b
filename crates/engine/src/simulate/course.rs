//! The course of a simulation: whatever is due is done, then the clock goes on to what is due next.

use std::collections::BTreeMap;
use std::sync::Arc;

use caravan_connect::Secret;
use caravan_connect::tracking::SigningKeys;
use caravan_store::{StoreError, step};
use jiff::Timestamp;

use super::answers::Answers;
use super::nights::Nights;
use super::reactions::Reactions;
use super::script::Script;
use super::stage::Stage;
use super::{Messages, Sample, SmsSample};
use crate::Engine;
use crate::batch::Limits;
use crate::definitions::DefinitionError;
use crate::deliver::{Delivery, Dispatcher, Recorder, Taken};
use crate::external::{Call, CallKey};
use crate::lifecycle;

/// Batches are always cut the same way: how they are cut decides the order in which messages are queued.
const LIMITS: Limits = Limits { shards: 256, travellers: 2_048 };

/// Messages that are judged and taken in one transaction.
const WAVE: usize = 1_000;

/// Where links in sample messages lead: nowhere.
const PUBLIC_URL: &str = "https://simulation.invalid";

/// Where messages go: through the dispatcher with all its gates, into a record.
pub(super) struct Post {
    dispatcher: Dispatcher,
    recorder: Arc<Recorder>,
}

impl Post {
    /// Keeps this many rendered messages of each email.
    pub fn new(engine: &Engine, samples: usize) -> Self {
        let recorder = Arc::new(Recorder::new(samples));
        let signing = SigningKeys::new(0, Secret::new("simulation"));
        // One lane after the other, so that everything happens in one order.
        let delivery = Delivery { parallel: 1, wave: WAVE, ..Delivery::new(PUBLIC_URL, signing) };
        Self { dispatcher: Dispatcher::recording(engine, delivery, Arc::clone(&recorder)), recorder }
    }

    /// Delivers what is queued. True when there was anything.
    fn deliver(&self) -> Result<bool, StoreError> {
        Ok(!self.dispatcher.dispatch_once()?.is_idle())
    }

    /// Calls of external services that were taken since this was last asked.
    fn calls(&self) -> Vec<(CallKey, Call)> {
        self.recorder.calls()
    }

    /// When something that was deferred may go.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.dispatcher.next_due()
    }

    /// What was taken.
    pub fn sent(&self) -> Sent {
        let mut sent = Sent::default();
        for ((what, key), taken) in self.recorder.taken() {
            let count = i64::try_from(taken.count).unwrap_or(i64::MAX);
            match what {
                Taken::Email => sent.messages.email.insert(key.clone(), count),
                Taken::Text => sent.messages.sms.insert(key.clone(), count),
                Taken::Other => sent.effects.insert(key.clone(), count),
            };
            if !taken.texts.is_empty() {
                sent.sms_samples.insert(key.clone(), taken.texts.into_iter().map(SmsSample::from).collect());
            }
            if what == Taken::Email && !taken.emails.is_empty() {
                sent.samples.insert(key, taken.emails.into_iter().map(Sample::from).collect());
            }
        }
        sent
    }
}

/// What left, or would have.
#[derive(Default)]
pub(super) struct Sent {
    pub messages: Messages,
    pub effects: BTreeMap<String, i64>,
    pub samples: BTreeMap<String, Vec<Sample>>,
    pub sms_samples: BTreeMap<String, Vec<SmsSample>>,
}

/// What comes from outside: what happens, what travellers do on their way, what services answer.
pub(super) struct Outside {
    pub script: Script,
    pub reactions: Reactions,
    pub answers: Answers,
}

/// Runs until the journey has finished, nothing is due any more before `until`, or `until` itself. Returns when it
/// finished, else `until`.
pub(super) fn run(
    stage: &Stage,
    mut outside: Outside,
    post: &Post,
    until: Timestamp,
) -> Result<Timestamp, DefinitionError> {
    let engine = &stage.engine;
    let mut nights = Nights::new(engine)?;
    loop {
        let now = engine.clock().now();
        outside.script.play(engine, now)?;
        settle(engine, post, &mut outside, &mut nights)?;
        if stage.row()?.state == "finished" {
            return Ok(now);
        }
        let Outside { script, reactions, answers } = &outside;
        let others =
            [script.next_at(), reactions.next_at(), answers.next_at(), post.next_due()?, nights.next_at(engine)?];
        match next_instant(engine, others, now)? {
            Some(next) if next <= until => engine.clock().advance_to(next),
            _ => return Ok(until),
        }
    }
}

/// Does everything that is due now.
fn settle(engine: &Engine, post: &Post, outside: &mut Outside, nights: &mut Nights) -> Result<(), DefinitionError> {
    let now = engine.clock().now();
    loop {
        let mut worked = lifecycle::tick(engine)?;
        while engine.step_within(LIMITS)?.is_some() {
            worked = true;
        }
        worked |= post.deliver()?;
        outside.answers.expect(post.calls(), now);
        worked |= outside.answers.play(engine, now)?;
        outside.reactions.expect(engine, now)?;
        worked |= outside.reactions.play(engine, now)?;
        if !worked {
            worked = nights.work(engine)?;
        }
        if !worked {
            return Ok(());
        }
    }
}

/// The first instant after `now` at which anything happens by itself, or from outside at one of `others`.
fn next_instant(
    engine: &Engine,
    others: [Option<Timestamp>; 5],
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (due, _) = engine.store().read(step::next_due)?;
    let own = [due, lifecycle::next_tick(engine)?];
    Ok(own.into_iter().chain(others).flatten().filter(|at| *at > now).min())
}
