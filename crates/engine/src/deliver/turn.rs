//! One lane's turn: a clerk owns the transactions, carriers talk to the other system.
//!
//! The clerk's transaction (a *page*) writes the results that have come in, claims and judges more when few are left,
//! and marks as intended exactly what is handed over next. Carriers get it after the commit, so a crash leaves in doubt
//! what carriers had in their hands or had just brought back, and nothing else.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use caravan_connect::Outcome;
use caravan_model::EffectId;
use caravan_store::outbox::{self, Again};
use caravan_store::pace::{self, Pace};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::destination::Destinations;
use super::parcel::Parcel;
use super::results::{Results, Settled, Verdict, is_shut, rest_asked_for};
use super::{CLAIM, Dispatched, Dispatcher, gates};
use crate::live::Live;

/// How often claims are renewed while something is under way.
const RENEWAL: Duration = Duration::from_secs(10);
/// How often writing results is tried again, the pauses doubling: as long as a claim holds.
const RESULT_TRIES: u32 = 5;
/// The first of these pauses.
const FIRST_RESULT_PAUSE: Duration = Duration::from_millis(500);
/// Messages of one lane before the other lanes get their turn.
const MOST_PER_TURN: usize = 1_024;
/// What was judged longer ago is judged again before it leaves.
const JUDGEMENT_HOLDS: SignedDuration = SignedDuration::from_secs(60);

/// A lane's turn under way.
pub struct Turn<'a> {
    dispatcher: &'a Dispatcher,
    number: i64,
    lane: &'a str,
    token: String,
    /// Judged, and not handed over yet.
    ready: VecDeque<Parcel>,
    /// With carriers.
    out: HashSet<EffectId>,
    handed: usize,
    /// How many parcels make one call: one, until the door has said it.
    batch: usize,
    renewed: Instant,
    /// Set when the door was found shut: until when the lane rests.
    shut: Option<Timestamp>,
    done: Dispatched,
}

/// What one transaction decided.
struct Page {
    live: Arc<Live>,
    done: Dispatched,
    /// Judged in it.
    fresh: Vec<Parcel>,
    /// What is handed over now.
    hand: HashSet<EffectId>,
    /// What the lane holds no longer.
    gone: HashSet<EffectId>,
    renewed: bool,
    shut: Option<Timestamp>,
    /// The lane's own pace lets nothing through before this instant.
    paced_until: Option<Timestamp>,
    /// How many parcels make one call.
    batch: usize,
}

impl<'a> Turn<'a> {
    pub fn new(dispatcher: &'a Dispatcher, number: i64, lane: &'a str) -> Self {
        Self {
            dispatcher,
            number,
            lane,
            token: dispatcher.token(number),
            ready: VecDeque::new(),
            out: HashSet::new(),
            handed: 0,
            batch: 1,
            renewed: Instant::now(),
            shut: None,
            done: Dispatched::default(),
        }
    }

    /// Goes on until the lane is empty, rests, or others have waited long enough.
    pub fn run(mut self) -> Result<Dispatched, StoreError> {
        let (tell, told) = channel::<Vec<Settled>>();
        thread::scope(|scope| {
            let mut answered = Vec::new();
            loop {
                let page = self.page_at_last(&answered)?;
                for (live, parcels) in self.turn_over(page, &answered) {
                    let (tell, dispatcher) = (tell.clone(), self.dispatcher);
                    // The clerk listens until everybody is back; if it fails, nobody is interested any more.
                    scope.spawn(move || _ = tell.send(dispatcher.carry(&live, parcels)));
                }
                if self.out.is_empty() {
                    return Ok(self.done);
                }
                answered = self.wait(&told);
            }
        })
    }

    /// What has come back: at least one answer, or none for as long as claims hold without being renewed.
    fn wait(&self, told: &Receiver<Vec<Settled>>) -> Vec<Settled> {
        let mut answered = told.recv_timeout(RENEWAL).unwrap_or_default();
        answered.extend(told.try_iter().flatten());
        answered
    }

    /// What was sent must be written down: a store that is away for a moment shall leave no doubt.
    fn page_at_last(&self, answered: &[Settled]) -> Result<Page, StoreError> {
        let mut tries = 0;
        loop {
            match self.page(answered) {
                Err(error) if !self.out.is_empty() && tries < RESULT_TRIES => {
                    tracing::warn!(lane = self.lane, %error, "results cannot be written; they are tried again");
                    thread::sleep(FIRST_RESULT_PAUSE * 2_u32.pow(tries));
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The one transaction between two hand-overs.
    fn page(&self, answered: &[Settled]) -> Result<Page, StoreError> {
        let Dispatcher { engine, delivery, versions, rests, doors, .. } = self.dispatcher;
        let newly_shut = is_shut(answered);
        engine.store().write(|s| {
            let now = s.now()?;
            let live = engine.live(s)?;
            let rest = self.shut.unwrap_or_else(|| now + rests.next(self.lane).max(rest_asked_for(answered)));
            let slot = self.dispatcher.slot(s, self.number);
            let write = Results { live: &live, now, slot, lane_rests_until: rest };
            let ours = self.still_held(s, answered)?;
            let mut page = Page {
                live: Arc::clone(&live),
                done: write.write(s, ours)?,
                fresh: Vec::new(),
                hand: HashSet::new(),
                gone: HashSet::new(),
                renewed: self.renewed.elapsed() >= RENEWAL,
                shut: self.shut.or(newly_shut.then_some(rest)),
                paced_until: None,
                batch: self.batch,
            };
            let mut destinations = Destinations::load(s, answered, &self.ready, now)?;
            destinations.learn(answered, now);
            if page.renewed {
                let ours = self.out.iter().chain(self.ready.iter().map(|parcel| &parcel.row.id));
                outbox::extend_claim(s, &self.token, &ours.copied().collect::<Vec<_>>(), now + CLAIM)?;
            }
            let over = page.shut.is_some() || self.handed >= MOST_PER_TURN || engine.stopping() || outbox::on_hold(s)?;
            let wave = delivery.wave.max(self.batch.min(MOST_PER_TURN)).max(1);
            if !over && self.ready.len() < wave.div_ceil(2) {
                let rows = outbox::claim(s, self.lane, &self.token, now, now + CLAIM, wave)?;
                let judged = gates::judge(s, &live, versions, doors, rows, now)?;
                page.done += write.write(s, judged.settled)?;
                destinations.more(s, &judged.parcels)?;
                page.fresh = judged.parcels;
            }
            let under_way = self.out.len().saturating_sub(answered.len());
            self.choose(s, &write, &mut page, &mut destinations, (under_way, over))?;
            destinations.save(s)?;
            Ok(page)
        })
    }

    /// Decides what is handed over now, what waits, and what the lane gives back.
    fn choose(
        &self,
        s: &mut dyn Session,
        write: &Results<'_>,
        page: &mut Page,
        destinations: &mut Destinations,
        (under_way, over): (usize, bool),
    ) -> Result<(), StoreError> {
        let now = write.now;
        let held: Vec<&Parcel> = self.ready.iter().chain(&page.fresh).collect();
        let Some(first) = held.first() else { return Ok(()) };
        let door = self.dispatcher.doors.facts(write.live, first.connection());
        let (mut give_back, mut later): (Vec<EffectId>, Vec<Again>) = (Vec::new(), Vec::new());
        let mut hand: Vec<EffectId> = Vec::new();
        match door {
            _ if over => give_back.extend(held.iter().map(|parcel| parcel.row.id)),
            Err(shut) => {
                let Outcome::Shut { after, code, message } = shut else { return Ok(()) };
                let body = first.row.body.clone();
                let verdict = Verdict::Shut { after, code, message, body };
                page.done += write.write(s, vec![(*first).clone().settled(verdict)])?;
                page.gone.insert(first.row.id);
                page.shut = Some(write.lane_rests_until);
                give_back.extend(held.iter().skip(1).map(|parcel| parcel.row.id));
            }
            Ok(door) => {
                page.batch = door.max_batch.max(1);
                let free = (page.batch.saturating_mul(door.parallel.max(1))).saturating_sub(under_way);
                let mut pace = match door.per_second {
                    Some(rate) => Some(own_pace(s, self.lane, rate, now)?),
                    None => None,
                };
                let mut may = pace.as_ref().map_or(free, |pace| free.min(pace.tokens.max(0.0) as usize));
                let wanted = free.min(held.len());
                for parcel in &held {
                    if now.duration_since(parcel.judged_at) > JUDGEMENT_HOLDS {
                        give_back.push(parcel.row.id);
                    } else if let Some(until) = destinations.holds_back(parcel, now) {
                        later.push(put_off(parcel, until));
                    } else if may > 0 {
                        may -= 1;
                        destinations.takes(parcel);
                        hand.push(parcel.row.id);
                    } else if hand.len() >= free {
                        break;
                    }
                }
                if let Some(pace) = &mut pace {
                    pace.take(hand.len());
                    let starved = hand.is_empty() && wanted > 0 && under_way == 0;
                    page.paced_until = starved.then(|| pace.next(now));
                    pace::save(s, std::slice::from_ref(pace))?;
                }
                if page.paced_until.is_some() {
                    let put_back: HashSet<EffectId> = later.iter().map(|again| again.id).collect();
                    give_back = held.iter().map(|parcel| parcel.row.id).filter(|id| !put_back.contains(id)).collect();
                }
            }
        }
        outbox::release(s, &give_back)?;
        outbox::put_back(s, &later)?;
        outbox::mark_intents(s, &self.token, &hand)?;
        page.gone.extend(give_back.into_iter().chain(later.into_iter().map(|again| again.id)));
        page.hand = hand.into_iter().collect();
        Ok(())
    }

    /// The page is committed: brings our own books up to it. Returns what each carrier takes along.
    fn turn_over(&mut self, page: Page, answered: &[Settled]) -> Vec<(Arc<Live>, Vec<Parcel>)> {
        for settled in answered {
            self.out.remove(&settled.row.id);
        }
        self.done += page.done;
        if page.renewed {
            self.renewed = Instant::now();
        }
        let rests = &self.dispatcher.rests;
        match (self.shut, page.shut) {
            (None, Some(until)) => rests.shut(self.lane, until),
            (None, None) if !answered.is_empty() => rests.open(self.lane),
            _ => {}
        }
        self.shut = page.shut;
        self.batch = page.batch;
        if let Some(until) = page.paced_until {
            rests.pause(self.lane, until);
        }
        let mut handed: Vec<Parcel> = Vec::new();
        for parcel in std::mem::take(&mut self.ready).into_iter().chain(page.fresh) {
            let id = parcel.row.id;
            if page.hand.contains(&id) {
                self.out.insert(id);
                handed.push(parcel);
            } else if !page.gone.contains(&id) {
                self.ready.push_back(parcel);
            }
        }
        self.handed += handed.len();
        let mut errands: Vec<(Arc<Live>, Vec<Parcel>)> = Vec::new();
        for parcel in handed {
            match errands.last_mut() {
                Some((_, same)) if same.len() < page.batch && same[0].connection() == parcel.connection() => {
                    same.push(parcel);
                }
                _ => errands.push((Arc::clone(&page.live), vec![parcel])),
            }
        }
        errands
    }

    /// Results of rows that the claim still holds; those of the others are another dispatcher's business by now.
    fn still_held(&self, s: &mut dyn Session, answered: &[Settled]) -> Result<Vec<Settled>, StoreError> {
        let ids: Vec<EffectId> = answered.iter().map(|settled| settled.row.id).collect();
        let held = outbox::held(s, &self.token, &ids)?;
        if held.len() < ids.len() {
            let lost = ids.len() - held.len();
            tracing::warn!(lane = self.lane, lost, "a claim ran out before its results came; they are not written");
        }
        Ok(answered.iter().filter(|settled| held.contains(&settled.row.id)).cloned().collect())
    }
}

/// The lane's bucket, filled up to now and at the rate that is set now.
fn own_pace(s: &mut dyn Session, lane: &str, per_second: f64, now: Timestamp) -> Result<Pace, StoreError> {
    let mut pace = pace::locked_or_full(s, &format!("lane/{lane}"), per_second, now)?;
    pace.per_second = per_second;
    pace.fill(now);
    Ok(pace)
}

fn put_off(parcel: &Parcel, until: Timestamp) -> Again {
    let row = &parcel.row;
    Again { id: row.id, attempt: row.attempt, not_before: until, code: None, message: None, body: row.body.clone() }
}
