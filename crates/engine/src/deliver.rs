//! Delivery: what a step queued leaves the system, each effect once, and what became of it is counted and told.
//!
//! A dispatcher works lane by lane in small waves. One transaction writes the results of the wave before and claims,
//! judges and marks the next; then the wave is handed to its connector. So a crash leaves at most one wave of a lane in
//! doubt, and a dispatcher that lost its claim meanwhile changes nothing.

mod alert;
mod by_hand;
mod doors;
mod frozen;
mod gates;
mod parcel;
mod record;
mod rests;
mod results;

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caravan_connect::Surroundings;
use caravan_connect::tracking::SigningKeys;
use caravan_store::outbox::{self, LaneProblem};
use caravan_store::{Dialect, Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

pub use self::by_hand::{SettleError, Settlement, settle};
pub use self::frozen::email_content;
pub(crate) use self::gates::{UNSUBSCRIBED, folded_address};
pub use self::record::Recorder;
pub(crate) use self::results::{kept_of, raise_flag};

use self::doors::Doors;
use self::frozen::Versions;
use self::parcel::Parcel;
use self::rests::Rests;
use self::results::{Results, Settled};
use crate::Engine;
use crate::live::Live;

/// How long a claim holds; while a wave is out it is renewed well before.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);
/// How often a claim is renewed while its wave is out.
const RENEWAL: Duration = Duration::from_secs(10);
/// How often writing results is tried again, the pauses doubling: as long as a claim holds.
const RESULT_TRIES: u32 = 5;
/// The first of these pauses.
const FIRST_RESULT_PAUSE: Duration = Duration::from_millis(500);
/// Waves of one lane before the other lanes get their turn.
const WAVES_PER_TURN: usize = 32;
/// Rows of ended claims looked at in one transaction.
const TAKEN_OVER: usize = 500;

/// What delivery needs beside the engine.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where this installation is reached from outside: the links in messages begin with it.
    pub public_url: String,
    /// Sign the links.
    pub signing: SigningKeys,
    /// Lanes under way at the same time.
    pub parallel: usize,
    /// Messages of a lane under way at the same time: the most that a crash leaves in doubt.
    pub wave: usize,
}

impl Delivery {
    /// Four lanes at a time, waves of 32.
    pub fn new(public_url: impl Into<String>, signing: SigningKeys) -> Self {
        Self { public_url: public_url.into(), signing, parallel: 4, wave: 32 }
    }
}

/// What one round of delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Taken by the next hop.
    pub delivered: usize,
    /// Excluded by a rule.
    pub skipped: usize,
    /// Refused for good.
    pub failed: usize,
    /// Waiting for another try.
    pub retried: usize,
    /// Nobody knows.
    pub in_doubt: usize,
}

impl Dispatched {
    /// Whether anything happened at all.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Dispatched {
    fn add_assign(&mut self, more: Self) {
        self.delivered += more.delivered;
        self.skipped += more.skipped;
        self.failed += more.failed;
        self.retried += more.retried;
        self.in_doubt += more.in_doubt;
    }
}

/// Takes effects out of the outbox and through their connectors. Shared by threads; several processes may each have one.
pub struct Dispatcher {
    engine: Engine,
    delivery: Delivery,
    doors: Doors,
    versions: Versions,
    rests: Rests,
    /// Taken from the store's id counter, so that no two dispatchers of any process share a token.
    number: Mutex<Option<i64>>,
    waves: AtomicU64,
}

/// The messages of one lane that are under way.
struct Wave {
    token: String,
    live: Arc<Live>,
    parcels: Vec<Parcel>,
}

impl Dispatcher {
    /// Delivers through the real connectors.
    pub fn new(engine: &Engine, delivery: Delivery, surroundings: Surroundings) -> Self {
        Self::with_doors(engine, delivery, Doors::real(surroundings))
    }

    /// Delivers everything at once into `recorder`: for simulations.
    pub fn recording(engine: &Engine, delivery: Delivery, recorder: Arc<Recorder>) -> Self {
        Self::with_doors(engine, delivery, Doors::Recording(recorder))
    }

    fn with_doors(engine: &Engine, delivery: Delivery, doors: Doors) -> Self {
        Self {
            engine: engine.clone(),
            delivery,
            doors,
            versions: Versions::default(),
            rests: Rests::default(),
            number: Mutex::new(None),
            waves: AtomicU64::new(0),
        }
    }

    /// One round over all lanes with due work. Idle: nothing is due now; [`next_due`](Self::next_due) says when.
    pub fn dispatch_once(&self) -> Result<Dispatched, StoreError> {
        let number = self.number()?;
        let mut done = self.take_over(number)?;
        let due = self.engine.store().read(|s| -> Result<_, StoreError> {
            let now = s.now()?;
            let lanes = if outbox::on_hold(s)? { Vec::new() } else { outbox::lanes(s)? };
            let due = |(lane, next): &(String, Option<Timestamp>)| {
                next.is_some_and(|next| next <= now) && !self.rests.rests(lane, now)
            };
            Ok(lanes.into_iter().filter(due).map(|(lane, _)| lane).collect::<VecDeque<_>>())
        })?;
        done += self.all_lanes(number, due)?;
        if !done.is_idle() {
            self.engine.poke();
        }
        Ok(done)
    }

    /// When there is something to do again: now or in the past when it is due; none when nothing can come by itself.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.engine.store().read(|s| {
            let (_, claimed_until) = outbox::waiting(s)?;
            if outbox::on_hold(s)? {
                return Ok(claimed_until);
            }
            let lanes = outbox::lanes(s)?.into_iter();
            let free = lanes.filter_map(|(lane, next)| next.map(|next| next.max(self.rests.until(&lane))));
            Ok(free.chain(claimed_until).min())
        })
    }

    fn number(&self) -> Result<i64, StoreError> {
        let mut known = self.number.lock();
        if let Some(number) = *known {
            return Ok(number);
        }
        let store = self.engine.store();
        let number = store.write(|s| -> Result<i64, StoreError> {
            if s.dialect() == Dialect::Sqlite {
                // An embedded store has one runtime: whoever made these claims is gone.
                outbox::end_all_claims(s)?;
            }
            Ok(s.reserve_ids("ledger", 1)?.next().unwrap_or_default())
        })?;
        *known = Some(number);
        Ok(number)
    }

    fn token(&self, number: i64) -> String {
        format!("{number}-{}", self.waves.fetch_add(1, Ordering::Relaxed))
    }

    /// What others had under way when they went silent is in doubt, unless the other side recognises repetitions.
    fn take_over(&self, number: i64) -> Result<Dispatched, StoreError> {
        let ended = self.engine.store().read(|s| -> Result<bool, StoreError> {
            let now = s.now()?;
            Ok(outbox::waiting(s)?.1.is_some_and(|until| until < now))
        })?;
        if !ended {
            return Ok(Dispatched::default());
        }
        let token = self.token(number);
        self.engine.store().write(|s| {
            let now = s.now()?;
            let live = self.engine.live(s)?;
            let rows = outbox::take_over(s, &token, now, now + CLAIM, TAKEN_OVER)?;
            let (again, lost): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| self.doors.deduplicates(&live, &parcel::connection_of(row)));
            outbox::release(s, &again.into_iter().map(|row| row.id).collect::<Vec<_>>())?;
            let lost = gates::in_doubt(s, &live, &self.versions, lost)?;
            Results { live: &live, now, slot: self.slot(s, number), lane_rests_until: now }.write(s, lost)
        })
    }

    fn all_lanes(&self, number: i64, due: VecDeque<String>) -> Result<Dispatched, StoreError> {
        let workers = self.delivery.parallel.clamp(1, 64).min(due.len());
        let queue = Mutex::new(due);
        let work = || {
            let mut done = Dispatched::default();
            while let Some(lane) = { queue.lock().pop_front() } {
                done += self.lane(number, &lane)?;
            }
            Ok(done)
        };
        if workers <= 1 {
            return work();
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let mut all = Ok(Dispatched::default());
            for thread in threads {
                match thread.join() {
                    Ok(Ok(done)) => {
                        all = all.map(|mut sum| {
                            sum += done;
                            sum
                        })
                    }
                    Ok(Err(error)) => all = Err(error),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }

    /// One lane's turn: wave after wave, until it is empty, rests, or others have waited long enough.
    fn lane(&self, number: i64, lane: &str) -> Result<Dispatched, StoreError> {
        let mut done = Dispatched::default();
        let mut results = (String::new(), Vec::new());
        for turn in 0..=WAVES_PER_TURN {
            let goes_on = turn < WAVES_PER_TURN && !self.engine.stopping();
            let (more, wave) = self.next_wave_at_last(number, lane, &results, goes_on)?;
            done += more;
            let Some(wave) = wave else { break };
            results = (wave.token.clone(), self.send(wave));
        }
        Ok(done)
    }

    /// What was sent must be written down: a store that is away for a moment shall leave no doubt.
    fn next_wave_at_last(
        &self,
        number: i64,
        lane: &str,
        results: &(String, Vec<Settled>),
        goes_on: bool,
    ) -> Result<(Dispatched, Option<Wave>), StoreError> {
        let mut tries = 0;
        loop {
            match self.next_wave(number, lane, results, goes_on) {
                Err(error) if !results.1.is_empty() && tries < RESULT_TRIES => {
                    tracing::warn!(lane, %error, "results cannot be written; they are tried again");
                    std::thread::sleep(FIRST_RESULT_PAUSE * 2_u32.pow(tries));
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The one transaction between two waves: writes the results of the one, claims and judges the other.
    fn next_wave(
        &self,
        number: i64,
        lane: &str,
        (former, results): &(String, Vec<Settled>),
        goes_on: bool,
    ) -> Result<(Dispatched, Option<Wave>), StoreError> {
        let token = self.token(number);
        let shut = results::is_shut(results);
        let (done, wave, rest) = self.engine.store().write(|s| -> Result<_, StoreError> {
            let now = s.now()?;
            let live = self.engine.live(s)?;
            let rest = now + self.rests.next(lane);
            let write = Results { live: &live, now, slot: self.slot(s, number), lane_rests_until: rest };
            let ours = still_held(s, lane, former, results)?;
            let mut done = write.write(s, ours)?;
            if !goes_on || shut || outbox::on_hold(s)? {
                return Ok((done, None, rest));
            }
            let rows = outbox::claim(s, lane, &token, now, now + CLAIM, self.delivery.wave.max(1))?;
            if rows.is_empty() {
                return Ok((done, None, rest));
            }
            let judged = gates::judge(s, &live, &self.versions, rows)?;
            done += write.write(s, judged.settled)?;
            outbox::mark_intents(s, &token, &judged.parcels.iter().map(|p| p.row.id).collect::<Vec<_>>())?;
            Ok((done, Some(Wave { token: token.clone(), live, parcels: judged.parcels }), rest))
        })?;
        if shut {
            self.rests.shut(lane, rest);
        } else if !results.is_empty() {
            self.rests.open(lane);
        }
        Ok((done, wave))
    }

    /// Delivery's own tally slots, apart from those of steps; SQLite has one writer and one slot.
    fn slot(&self, s: &dyn Session, number: i64) -> i64 {
        match s.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => 256 + number.rem_euclid(16),
        }
    }
}

impl crate::runtime::Deliver for Dispatcher {
    fn deliver_once(&self) -> Result<u64, StoreError> {
        let done = self.dispatch_once()?;
        Ok((done.delivered + done.skipped + done.failed + done.in_doubt) as u64)
    }

    fn waiting(&self) -> Result<u64, StoreError> {
        let (waiting, _) = self.engine.store().read(outbox::waiting)?;
        Ok(u64::try_from(waiting).unwrap_or_default())
    }

    fn claimed_elsewhere(&self) -> Result<bool, StoreError> {
        let (_, claimed_until) = self.engine.store().read(outbox::waiting)?;
        Ok(claimed_until.is_some())
    }
}

/// Results of rows that the claim still holds; those of the others are another dispatcher's business by now.
fn still_held(s: &mut dyn Session, lane: &str, token: &str, results: &[Settled]) -> Result<Vec<Settled>, StoreError> {
    let held = outbox::held(s, token, &results.iter().map(|settled| settled.row.id).collect::<Vec<_>>())?;
    if held.len() < results.len() {
        let lost = results.len() - held.len();
        tracing::warn!(lane, lost, "a claim ran out before its results came; they are not written");
    }
    Ok(results.iter().filter(|settled| held.contains(&settled.row.id)).cloned().collect())
}

/// Lanes in which something does not get out.
pub fn lane_problems(s: &mut dyn Session) -> Result<Vec<LaneProblem>, StoreError> {
    outbox::lane_problems(s)
}

/// Holds everything that would leave, or lets it go again.
pub fn hold_all(engine: &Engine, hold: bool) -> Result<(), StoreError> {
    engine.store().write(|s| outbox::set_hold(s, hold))?;
    engine.poke();
    Ok(())
}
