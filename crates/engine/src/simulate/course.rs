//! The course of a simulation: whatever is due is done, then the clock goes on to what is due next.

use std::collections::BTreeMap;

use caravan_store::{StoreError, step};
use jiff::Timestamp;

use super::Messages;
use super::script::Script;
use super::stage::Stage;
use crate::Engine;
use crate::batch::Limits;
use crate::definitions::DefinitionError;
use crate::lifecycle;

/// Batches are always cut the same way: how they are cut decides the order in which messages are queued.
const LIMITS: Limits = Limits { shards: 256, travellers: 2_048 };

/// Where messages go.
pub(super) struct Post {}

impl Post {
    pub fn new(_engine: &Engine, _samples: usize) -> Result<Self, StoreError> {
        Ok(Self {})
    }

    /// Delivers what is queued. True when there was anything.
    fn deliver(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// When something that was deferred may go.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// What was sent: messages, and other effects by kind.
    pub fn sent(&self) -> (Messages, BTreeMap<String, i64>) {
        (Messages::default(), BTreeMap::new())
    }
}

/// Runs until the journey has finished, nothing is due any more before `until`, or `until` itself. Returns when it
/// finished, else `until`.
pub(super) fn run(
    stage: &Stage,
    mut script: Script,
    post: &Post,
    until: Timestamp,
) -> Result<Timestamp, DefinitionError> {
    let engine = &stage.engine;
    loop {
        let now = engine.clock().now();
        script.play(engine, now)?;
        settle(engine, post)?;
        if stage.row()?.state == "finished" {
            return Ok(now);
        }
        match next_instant(engine, &script, post, now)? {
            Some(next) if next <= until => engine.clock().advance_to(next),
            _ => return Ok(until),
        }
    }
}

/// Does everything that is due now.
fn settle(engine: &Engine, post: &Post) -> Result<(), StoreError> {
    loop {
        let mut worked = lifecycle::tick(engine)?;
        while engine.step_within(LIMITS)?.is_some() {
            worked = true;
        }
        worked |= post.deliver()?;
        if !worked {
            return Ok(());
        }
    }
}

/// The first instant after `now` at which anything happens by itself.
fn next_instant(
    engine: &Engine,
    script: &Script,
    post: &Post,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (due, _) = engine.store().read(step::next_due)?;
    let all = [due, lifecycle::next_tick(engine)?, script.next_at(), post.next_due()?];
    Ok(all.into_iter().flatten().filter(|at| *at > now).min())
}
