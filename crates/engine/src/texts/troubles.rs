//! Failures that a provider reports after it has taken a message, and that are the account's or the sender's: the
//! connection rests for them, in every process, or somebody is told.
//!
//! What rests lets one message through when its time is over. If that one fails too, the connection rests longer; if it
//! arrives, or nothing bad is heard of it, everything goes on.

use std::collections::HashMap;

use caravan_catalog::effects;
use caravan_connect::texts::{self, FailureClass};
use caravan_model::document::DocumentKind;
use caravan_store::text_troubles::{self, TextTrouble};
use caravan_store::{Session, StoreError, health};
use jiff::{SignedDuration, Timestamp};

use crate::Engine;
use crate::deliver::Way;
use crate::live::Live;

/// The first rest for an account that is not set up; each one after it is twice as long.
const FIRST_REST: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_REST: SignedDuration = SignedDuration::from_hours(3);
/// The rest when a new day has brought no new messages yet.
const CAP_REST: SignedDuration = SignedDuration::from_hours(1);
/// For how long it is awaited what becomes of the message that was let through.
const PROBE: SignedDuration = SignedDuration::from_mins(10);
/// For how long it is told what is only told, and after which it counts as new.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How a lane of text messages stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is the matter.
    Free,
    /// Nothing leaves.
    Rests,
    /// One message may leave, to find out whether it is over.
    Probe,
}

/// What is the matter with the account behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTrouble {
    /// Key of the connection.
    pub connection: String,
    /// The provider's code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when nothing leaves through the connection; none: it goes on.
    pub rests_until: Option<Timestamp>,
}

/// A provider reports that a message failed.
pub(super) fn failed(
    s: &mut dyn Session,
    live: &Live,
    (connection, code): (&str, &str),
    class: FailureClass,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !matches!(class, FailureClass::Config | FailureClass::DailyCap | FailureClass::Reputation) {
        return Ok(());
    }
    let known = text_troubles::of_connection(s, connection)?.into_iter().find(|trouble| trouble.code == code);
    let known = known.filter(|known| known.rests_until.is_some() || now.duration_since(known.last_at) < TOLD_FOR);
    let mut trouble = known.unwrap_or_else(|| TextTrouble {
        connection: connection.to_owned(),
        code: code.to_owned(),
        since: now,
        last_at: now,
        messages: 0,
        rests: 0,
        rests_until: None,
        probed: false,
    });
    trouble.last_at = now;
    trouble.messages += 1;
    // What was under way when the rest began fails after it, and says nothing new.
    let says_more = trouble.probed || trouble.rests_until.is_none_or(|until| until <= now);
    let rests = says_more && class != FailureClass::Reputation;
    if rests {
        trouble.rests += 1;
        trouble.probed = false;
        trouble.rests_until = Some(rest(class, trouble.rests, now));
    }
    text_troubles::put(s, &trouble)?;
    if let Some(definition) = live.definitions.get(DocumentKind::Connection, connection).filter(|_| rests) {
        let message = told(live, &trouble);
        health::failed(s, definition.id, now, class.key(), &message)?;
    }
    Ok(())
}

/// Until when a connection rests, for the so manieth time.
fn rest(class: FailureClass, times: i64, now: Timestamp) -> Timestamp {
    match class {
        FailureClass::DailyCap if times == 1 => next_day(now),
        FailureClass::DailyCap => now + CAP_REST,
        _ => now + (FIRST_REST * (1 << (times - 1).clamp(0, 10))).min(LONGEST_REST),
    }
}

/// When the next day begins in UTC.
fn next_day(now: Timestamp) -> Timestamp {
    const DAY: i64 = 24 * 3_600;
    now + SignedDuration::from_secs(DAY - now.as_second().rem_euclid(DAY))
}

/// A message arrived: what was reported before it left is over.
pub(super) fn arrived(s: &mut dyn Session, connection: &str, sent_at: Option<Timestamp>) -> Result<(), StoreError> {
    let Some(sent_at) = sent_at else { return Ok(()) };
    text_troubles::over(s, connection, sent_at).map(|_| ())
}

/// The connection that a lane of text messages leads through.
fn connection_of(lane: &str) -> Option<String> {
    let is_texts = lane.split(':').next() == Some(effects::SMS);
    is_texts.then(|| Way::of_lane(lane).key().to_owned())
}

/// Until when connections of text messages rest.
#[derive(Debug, Default)]
pub(crate) struct Resting(HashMap<String, Timestamp>);

impl Resting {
    /// Until when a lane rests; long ago for one that does not.
    pub fn until(&self, lane: &str) -> Timestamp {
        let connection = if self.0.is_empty() { None } else { connection_of(lane) };
        connection.map_or(Timestamp::MIN, |connection| self.of_connection(&connection))
    }

    /// Until when a connection rests; long ago for one that does not.
    pub fn of_connection(&self, connection: &str) -> Timestamp {
        self.0.get(connection).copied().unwrap_or(Timestamp::MIN)
    }
}

/// Which connections rest.
pub(crate) fn resting(s: &mut dyn Session) -> Result<Resting, StoreError> {
    Ok(Resting(text_troubles::resting(s)?.into_iter().collect()))
}

/// How a lane stands now. What was let through long enough ago without bad news is good news.
pub(crate) fn standing(s: &mut dyn Session, lane: &str, now: Timestamp) -> Result<Standing, StoreError> {
    let Some(connection) = connection_of(lane) else { return Ok(Standing::Free) };
    let rests: Vec<TextTrouble> = text_troubles::of_connection(s, &connection)?
        .into_iter()
        .filter(|trouble| trouble.rests_until.is_some())
        .collect();
    if rests.is_empty() {
        return Ok(Standing::Free);
    }
    if rests.iter().any(|trouble| trouble.rests_until.is_some_and(|until| until > now)) {
        return Ok(Standing::Rests);
    }
    if rests.iter().all(|trouble| trouble.probed) {
        text_troubles::over(s, &connection, now)?;
        return Ok(Standing::Free);
    }
    Ok(Standing::Probe)
}

/// The one message of a [`Standing::Probe`] leaves.
pub(crate) fn probe_leaves(s: &mut dyn Session, lane: &str, now: Timestamp) -> Result<(), StoreError> {
    let Some(connection) = connection_of(lane) else { return Ok(()) };
    text_troubles::probed(s, &connection, now + PROBE)
}

/// What is the matter with accounts behind connections that there are.
///
/// # Errors
/// The store's.
pub fn troubles(s: &mut dyn Session, live: &Live, now: Timestamp) -> Result<Vec<AccountTrouble>, StoreError> {
    let stands =
        |trouble: &TextTrouble| trouble.rests_until.is_some() || now.duration_since(trouble.last_at) < TOLD_FOR;
    let there = |trouble: &TextTrouble| live.definitions.get(DocumentKind::Connection, &trouble.connection).is_some();
    let all = text_troubles::all(s)?.into_iter().filter(|trouble| stands(trouble) && there(trouble));
    Ok(all
        .map(|trouble| AccountTrouble {
            message: told(live, &trouble),
            connection: trouble.connection,
            code: trouble.code,
            since: trouble.since,
            rests_until: trouble.rests_until,
        })
        .collect())
}

/// What happened and what to do, for people.
fn told(live: &Live, trouble: &TextTrouble) -> String {
    let TextTrouble { connection, code, messages, rests_until, .. } = trouble;
    let definition = live.definitions.get(DocumentKind::Connection, connection);
    let provider = definition.and_then(|it| it.text("type")).and_then(texts::provider);
    let advice = provider.and_then(|provider| provider.advice(code));
    let advice = advice.unwrap_or("Look up the code in the provider's documentation.");
    let (texts, failed) = if *messages == 1 { ("text message", "has") } else { ("text messages", "have") };
    let goes_on = match rests_until {
        Some(_) => {
            " Nothing leaves through it until then, but for one message now and then that finds out whether it is over; `Retry` goes on at once."
        }
        None => " The connection goes on.",
    };
    format!(
        "{messages} {texts} of the connection `{connection}` {failed} failed after they were taken, code {code}. {advice}{goes_on}"
    )
}

/// Somebody has set the account right: the connection goes on at once. True where it rested.
///
/// # Errors
/// The store's.
pub fn go_on(engine: &Engine, connection: &str) -> Result<bool, StoreError> {
    let rested = engine.store().write(|s| text_troubles::over(s, connection, Timestamp::MAX))?;
    engine.poke();
    Ok(rested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_three_hours_and_a_cap_rests_until_the_next_day() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().expect("an instant");
        let minutes = |class, times| rest(class, times, now).duration_since(now).as_mins();
        let config: Vec<i64> = (1..=7).map(|times| minutes(FailureClass::Config, times)).collect();
        assert_eq!(config, [10, 20, 40, 80, 160, 180, 180]);
        assert_eq!(minutes(FailureClass::Config, i64::MAX), 180);
        assert_eq!((minutes(FailureClass::DailyCap, 1), minutes(FailureClass::DailyCap, 2)), (15 * 60, 60));
        assert_eq!(next_day("2026-12-01T00:00:00Z".parse().expect("an instant")).to_string(), "2026-12-02T00:00:00Z");
    }
}
