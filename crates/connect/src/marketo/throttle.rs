//! Staying below what a Marketo instance allows: calls in a sliding window, calls at once, calls a day.
//!
//! One throttle a connection and process, which keeps pace with what the instance says; behind it stand the turns that all
//! processes share. The instance's limits hold for everybody who uses it, so the usual share is half.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// The window in which Marketo counts calls.
pub const WINDOW: Duration = Duration::from_secs(20);
/// Whole windows without a refusal, after which a lowered rate is doubled again.
const CALM_WINDOWS: u32 = 3;
/// Where Marketo's day begins at midnight.
const QUOTA_ZONE: &str = "America/Chicago";
/// Hours after midnight in which the quota may still be that of the day before.
const DOUBTFUL_HOURS: i8 = 2;

/// Lets calls through, at most so many in 20 seconds and so many at once.
pub struct Throttle {
    usual: u32,
    daily: u32,
    at_once: Semaphore,
    state: Mutex<State>,
}

struct State {
    /// When the calls of the last window began.
    begun: VecDeque<Instant>,
    /// Calls allowed in a window now.
    rate: u32,
    /// Nothing begins before this.
    not_before: Option<Instant>,
    /// When the rate was lowered or raised last.
    changed: Option<Instant>,
    day: Option<Date>,
    made_today: u32,
}

impl Throttle {
    /// A throttle for so many calls in 20 seconds, at once, and a day.
    pub fn new(per_window: u32, at_once: u32, daily: u32) -> Self {
        let state = State {
            begun: VecDeque::new(),
            rate: per_window.max(1),
            not_before: None,
            changed: None,
            day: None,
            made_today: 0,
        };
        Self {
            usual: per_window.max(1),
            daily,
            at_once: Semaphore::new(at_once.max(1) as usize),
            state: Mutex::new(state),
        }
    }

    /// Waits for its turn. The call is under way for as long as the permit is kept; none when the day's share is used up.
    pub async fn turn(&self, now: Timestamp) -> Option<SemaphorePermit<'_>> {
        let permit = self.at_once.acquire().await.ok()?;
        if !self.count_today(now) {
            return None;
        }
        loop {
            let wait_until = self.begin_or_wait();
            match wait_until {
                None => return Some(permit),
                Some(until) => sleep_until(until).await,
            }
        }
    }

    fn count_today(&self, now: Timestamp) -> bool {
        let today = now.to_zoned(quota_zone()).date();
        let mut state = self.state.lock();
        if state.day != Some(today) {
            (state.day, state.made_today) = (Some(today), 0);
        }
        let left = state.made_today < self.daily;
        state.made_today += u32::from(left);
        left
    }

    /// Begins a call now, or says when to ask again.
    fn begin_or_wait(&self) -> Option<Instant> {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.calm_down(now, self.usual);
        if let Some(until) = state.not_before.filter(|until| *until > now) {
            return Some(until);
        }
        while state.begun.front().is_some_and(|begun| now.duration_since(*begun) >= WINDOW) {
            state.begun.pop_front();
        }
        if state.begun.len() < state.rate as usize {
            state.begun.push_back(now);
            return None;
        }
        state.begun.front().map(|oldest| *oldest + WINDOW)
    }

    /// The instance said that the rate is exceeded (606): nothing for the rest of the window, then at half the rate.
    /// Answers that come for calls of the same window lower it once.
    pub fn exceeded(&self) {
        let mut state = self.state.lock();
        let now = Instant::now();
        if state.not_before.is_some_and(|until| until > now) {
            return;
        }
        let oldest = state.begun.front().copied().unwrap_or(now);
        state.not_before = Some(oldest + WINDOW);
        state.rate = (state.rate / 2).max(1);
        state.changed = Some(now);
    }

    /// The instance said that too many calls are under way (615): one fewer from now on, at least one.
    pub fn crowded(&self) {
        if self.at_once.available_permits() > 1 {
            self.at_once.forget_permits(1);
        }
    }
}

impl State {
    fn calm_down(&mut self, now: Instant, usual: u32) {
        let calm = |since: Instant| now.duration_since(since) >= WINDOW * CALM_WINDOWS;
        if self.rate < usual && self.changed.is_some_and(calm) {
            self.rate = (self.rate * 2).min(usual);
            self.changed = Some(now);
        }
    }
}

/// How long it is to Marketo's next midnight, when the daily quota begins anew.
pub fn until_quota_resets(now: Timestamp) -> Duration {
    let here = now.to_zoned(quota_zone());
    let midnight = here.date().saturating_add(Span::new().days(1)).to_zoned(quota_zone());
    let left = midnight.map(|midnight| midnight.timestamp().duration_since(now));
    left.ok().and_then(|left| left.try_into().ok()).unwrap_or(Duration::from_secs(3_600))
}

/// Marketo's day, as turns name it.
pub fn quota_day(now: Timestamp) -> String {
    now.to_zoned(quota_zone()).date().to_string()
}

/// How long nobody asks an instance that said that its day's quota is used up: until midnight. Marketo writes "CST" and does
/// not say whether that is so in summer too, so what it says in the first hours of a day is believed for an hour.
pub fn until_quota_is_asked_for(now: Timestamp) -> Duration {
    match now.to_zoned(quota_zone()).hour() {
        ..DOUBTFUL_HOURS => Duration::from_secs(3_600),
        _ => until_quota_resets(now),
    }
}

fn quota_zone() -> TimeZone {
    TimeZone::get(QUOTA_ZONE).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-26T12:00:00Z";

    async fn begun_within(throttle: &Throttle, calls: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            drop(throttle.turn(NOON.parse().unwrap()).await.expect("a turn"));
        }
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_beyond_the_rate_wait_for_the_window() {
        let throttle = Throttle::new(3, 5, 1_000);
        assert_eq!(begun_within(&throttle, 3).await, Duration::ZERO);
        let took = begun_within(&throttle, 3).await;
        assert!(took >= WINDOW && took < WINDOW + Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_pauses_and_halves_the_rate_once_and_calm_restores_it() {
        let throttle = Throttle::new(8, 5, 1_000);
        begun_within(&throttle, 2).await;
        throttle.exceeded();
        throttle.exceeded();
        assert!(begun_within(&throttle, 4).await >= WINDOW);
        assert!(begun_within(&throttle, 1).await >= WINDOW - Duration::from_secs(1), "the rate is four");
        tokio::time::sleep(WINDOW * CALM_WINDOWS).await;
        assert_eq!(begun_within(&throttle, 8).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_under_way_than_allowed_and_one_fewer_after_a_refusal() {
        let throttle = Throttle::new(100, 2, 1_000);
        let now = NOON.parse().unwrap();
        let first = throttle.turn(now).await;
        let second = throttle.turn(now).await;
        assert!(tokio::time::timeout(Duration::from_secs(1), throttle.turn(now)).await.is_err());
        drop((first, second));
        throttle.crowded();
        throttle.crowded();
        let _only = throttle.turn(now).await;
        assert!(tokio::time::timeout(Duration::from_secs(1), throttle.turn(now)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_day_s_share_is_not_exceeded_and_begins_anew_at_midnight_in_chicago() {
        let throttle = Throttle::new(100, 2, 2);
        begun_within(&throttle, 2).await;
        assert!(throttle.turn(NOON.parse().unwrap()).await.is_none());
        assert!(throttle.turn("2026-11-27T05:59:59Z".parse().unwrap()).await.is_none());
        assert!(throttle.turn("2026-11-27T06:00:00Z".parse().unwrap()).await.is_some());
        assert_eq!(until_quota_resets("2026-11-27T05:59:00Z".parse().unwrap()), Duration::from_secs(60));
    }

    #[test]
    fn a_refusal_soon_after_midnight_is_believed_for_an_hour() {
        let hours = |now: &str| until_quota_is_asked_for(now.parse().unwrap()).as_secs() / 3_600;
        assert_eq!(hours("2026-11-26T12:00:00Z"), 18, "until midnight");
        assert_eq!(hours("2026-11-26T06:00:00Z"), 1, "midnight");
        assert_eq!(hours("2026-07-26T05:30:00Z"), 1, "half past midnight in summer");
        assert_eq!(hours("2026-07-26T07:00:00Z"), 22);
    }
}
