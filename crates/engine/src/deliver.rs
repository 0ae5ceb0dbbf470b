//! Delivery: what a step queued leaves the system, each effect once, and what became of it is counted and told.
//!
//! A dispatcher works lane by lane. One transaction writes the results that have come in and claims, judges and marks
//! what is handed to the connector next (`turn.rs`). So a crash leaves in doubt what was truly under way, and a
//! dispatcher that lost its claim meanwhile changes nothing.

mod about;
mod alert;
mod alerted;
mod alike;
mod audience;
mod by_hand;
mod call;
mod copies;
mod destination;
mod dmarc;
mod domain_keys;
mod domains;
mod doors;
mod frozen;
mod gates;
mod gauges;
mod health;
mod held;
mod links;
mod mail_servers;
mod membership;
mod parcel;
mod pauses;
mod proof;
mod record;
mod rests;
mod results;
mod rules;
mod service;
mod soft;
mod spam;
mod text;
mod turn;
pub(crate) mod warm_up;
mod watch;
mod way_out;

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caravan_connect::dns::Dns;
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Connector, Surroundings};
use caravan_model::document::DocumentKind;
use caravan_store::outbox::{self, LaneProblem};
use caravan_store::{Dialect, Session, StoreError, turns};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

pub(crate) use self::about::{Message, kept_of};
pub(crate) use self::alike::Alike;
pub use self::by_hand::{SettleError, Settlement, settle};
pub use caravan_connect::dns::RecordCheck;

pub(crate) use self::by_hand::{arrived, queued_again};
pub(crate) use self::call::through;
pub(crate) use self::doors::{Doors, Way, open_once};
pub use self::frozen::{House, email_content};
pub(crate) use self::frozen::{compile_email, content_of, copies_of, frozen_email, frozen_findings};
pub(crate) use self::gates::{BOUNCED, COMPLAINT, UNSUBSCRIBED, email_refusals, folded_address};
pub(crate) use self::held::{Hold, Holds};
pub(crate) use self::links::{link_base, link_parameters};
pub(crate) use self::membership::{audiences_of, settings_of};
pub use self::proof::{Proofed, TextOf};
pub use self::record::{Recorder, Taken};
pub(crate) use self::results::raise_flag;
pub(crate) use self::text::needs_way_out;

pub use self::dmarc::{
    DmarcCounts, DmarcFigures, DmarcOutcome, DmarcPolicy, DmarcSource, DmarcStep, DmarcTaken, dmarc_figures,
    take_dmarc_file, take_dmarc_report,
};
pub use self::domain_keys::{DomainKey, domain_keys, forget_domain_key, make_domain_key, sign_with};
use self::domains::Domains;
pub(crate) use self::domains::domain_of;
pub use self::domains::{
    DnsRecord, DomainCheck, check_domain, dns_records, domains_not_well, last_check, look_up_again,
};
pub(crate) use self::frozen::Versions;
use self::gauges::Shown;
use self::health::Healths;
use self::links::Bases;
use self::mail_servers::MailServers;
use self::rests::Rests;
use self::results::Results;
pub use self::rules::Rules;
pub use self::soft::wake;
pub(crate) use self::soft::{bounced as bounced_softly, is_soft};
pub use self::spam::{SpamReport, SpamRule};
use self::turn::Turn;
pub use self::way_out::{WAY_OUT, WayOutNews, WayOutTrouble, try_way_out, way_out_troubles};
use crate::{Engine, audiences, import, metrics, returned, texts};
use caravan_connect::returned::MailboxTokens;
pub use caravan_connect::returned::policy_hint;

/// How long a claim holds; while something is under way it is renewed well before.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);
/// Rows of ended claims looked at in one transaction.
const TAKEN_OVER: usize = 500;

/// What delivery needs beside the engine.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where this installation is reached from outside: the links in messages begin with it.
    pub public_url: String,
    /// Somebody said so; false: it is guessed, and nobody outside need get there.
    pub reached: bool,
    /// Sign the links.
    pub signing: SigningKeys,
    /// Lanes under way at the same time.
    pub parallel: usize,
    /// Messages of a lane claimed and judged together. How many of them are under way at the same time says the
    /// connector.
    pub wave: usize,
    /// The pause before results are written again that could not be written, doubling with every try.
    pub result_pause: Duration,
    /// Says who takes mail for a domain, so that what one provider hosts is one destination; none: nobody is asked.
    pub dns: Option<Dns>,
}

impl Delivery {
    /// Four lanes at a time, 64 messages judged together; the first pause of results is half a second.
    pub fn new(public_url: impl Into<String>, signing: SigningKeys) -> Self {
        let result_pause = Duration::from_millis(500);
        Self { public_url: public_url.into(), reached: true, signing, parallel: 4, wave: 64, result_pause, dns: None }
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

/// What a look at the outbox found.
struct Seen {
    /// A claim has run out: whoever made it has gone silent.
    abandoned: bool,
    /// Lanes with something that may leave now.
    due: VecDeque<String>,
}

/// Takes effects out of the outbox and through their connectors. Shared by threads; several processes may each have one.
pub struct Dispatcher {
    engine: Engine,
    delivery: Delivery,
    doors: Doors,
    domains: Domains,
    bases: Bases,
    versions: Versions,
    rests: Rests,
    healths: Healths,
    servers: MailServers,
    /// Of mailboxes into which bounces come.
    tokens: MailboxTokens,
    /// Taken from the store's id counter, so that no two dispatchers of any process share a token.
    number: Mutex<Option<i64>>,
    waves: AtomicU64,
    shown: Mutex<Shown>,
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

    /// Delivers through the doors that the caller brings, by the kind and key of what an effect leaves through.
    pub fn through(
        engine: &Engine,
        delivery: Delivery,
        door: impl Fn(DocumentKind, &str) -> Arc<dyn Connector> + Send + Sync + 'static,
    ) -> Self {
        Self::with_doors(engine, delivery, Doors::Given(Box::new(door)))
    }

    fn with_doors(engine: &Engine, delivery: Delivery, doors: Doors) -> Self {
        Self {
            engine: engine.clone(),
            servers: MailServers::new(delivery.dns.clone()),
            delivery,
            doors,
            domains: Domains::default(),
            bases: Bases::default(),
            versions: Versions::default(),
            rests: Rests::default(),
            healths: Healths::default(),
            tokens: MailboxTokens::default(),
            number: Mutex::new(None),
            waves: AtomicU64::new(0),
            shown: Mutex::default(),
        }
    }

    /// One round over all lanes with due work. Idle: nothing is due now; [`next_due`](Self::next_due) says when.
    pub fn dispatch_once(&self) -> Result<Dispatched, StoreError> {
        let number = self.number()?;
        let mut done = Dispatched::default();
        let mut seen = self.look()?;
        if seen.abandoned {
            done += self.take_over(number)?;
            seen = self.look()?;
        }
        done += self.all_lanes(number, seen.due)?;
        if !done.is_idle() {
            self.engine.poke();
        }
        Ok(done)
    }

    /// Looks at everything that a round needs to know, in one transaction: a round that finds nothing costs one.
    fn look(&self) -> Result<Seen, StoreError> {
        self.engine.store().read(|s| {
            let now = s.now()?;
            let live = self.engine.live(s)?;
            let abandoned = outbox::claims_end(s)?.is_some_and(|until| until < now);
            let resting = texts::resting(s)?;
            let lanes = if outbox::on_hold(s)? { Vec::new() } else { outbox::lanes(s)? };
            let due = |(lane, next): &(String, Option<Timestamp>)| {
                next.is_some_and(|next| next <= now)
                    && !self.rests.rests(lane, now)
                    && resting.until(lane) <= now
                    && !Way::of_lane(lane).is_paused(&live)
            };
            Ok(Seen { abandoned, due: lanes.into_iter().filter(due).map(|(lane, _)| lane).collect() })
        })
    }

    /// When there is something to do again: now or in the past when it is due; none when nothing can come by itself.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.engine.store().read(|s| {
            let claimed_until = outbox::claims_end(s)?;
            if outbox::on_hold(s)? {
                return Ok(claimed_until);
            }
            let live = self.engine.live(s)?;
            let resting = texts::resting(s)?;
            let lanes = outbox::lanes(s)?.into_iter().filter(|(lane, _)| !Way::of_lane(lane).is_paused(&live));
            let rests = |lane: &str| self.rests.until(lane).max(resting.until(lane));
            let free = lanes.filter_map(|(lane, next)| next.map(|next| next.max(rests(&lane))));
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
                // An embedded store has one runtime: whoever made these claims, and was at these calls, is gone.
                outbox::end_all_claims(s)?;
                turns::end_all(s)?;
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
        let token = self.token(number);
        self.engine.store().write(|s| {
            let now = s.now()?;
            let live = self.engine.live(s)?;
            let rows = outbox::take_over(s, &token, now, now + CLAIM, TAKEN_OVER)?;
            let (again, lost): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| self.doors.repeats_safely(&live, row));
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
                done += Turn::new(self, number, &lane).run()?;
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
        metrics::delivered(&done);
        self.show_gauges()?;
        Ok((done.delivered + done.skipped + done.failed + done.in_doubt) as u64)
    }

    fn take_in_files(&self) -> Result<bool, StoreError> {
        let Some(surroundings) = self.doors.surroundings() else { return Ok(false) };
        import::take_in_arrived(&self.engine, surroundings)
    }

    fn keep_audiences(&self) -> Result<bool, StoreError> {
        audiences::keep(&self.engine, &self.doors)
    }

    fn fetch_returned(&self) -> Result<usize, StoreError> {
        let Some(surroundings) = self.doors.surroundings() else { return Ok(0) };
        self.watch_services()?;
        let asked = texts::ask_unheard(&self.engine, &self.doors, &|effect| self.lost_text(effect))?;
        look_up_again(&self.engine, || Dns::of_machine(&surroundings.runtime).map_err(|why| why.to_string()))?;
        Ok(asked + returned::visit_mailboxes(&self.engine, &self.delivery.signing, surroundings, &self.tokens)?)
    }

    fn try_way_out(&self) -> Result<bool, StoreError> {
        let Some(surroundings) = self.doors.surroundings() else { return Ok(false) };
        try_way_out(&self.engine, &self.delivery, surroundings)
    }

    fn waiting(&self) -> Result<u64, StoreError> {
        let waiting = self.engine.store().read(outbox::waiting)?;
        Ok(u64::try_from(waiting).unwrap_or_default())
    }

    fn claimed_elsewhere(&self) -> Result<bool, StoreError> {
        Ok(self.engine.store().read(outbox::claims_end)?.is_some())
    }
}

/// Lanes in which something does not get out.
pub fn lane_problems(s: &mut dyn Session) -> Result<Vec<LaneProblem>, StoreError> {
    outbox::lane_problems(s)
}

/// Whether everything that would leave is held.
pub fn is_held(s: &mut dyn Session) -> Result<bool, StoreError> {
    outbox::on_hold(s)
}

/// Holds everything that would leave, or lets it go again.
pub fn hold_all(engine: &Engine, hold: bool) -> Result<(), StoreError> {
    engine.store().write(|s| outbox::set_hold(s, hold))?;
    engine.poke();
    Ok(())
}
