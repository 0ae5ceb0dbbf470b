//! One lane's turn: a clerk owns the transactions, carriers talk to the other system.
//!
//! The clerk's transaction (a *page*) writes the results that have come in, claims and judges more when few are left,
//! and marks as intended exactly what is handed over next. Carriers get it after the commit, so a crash leaves in doubt
//! what carriers had in their hands or had just brought back, and nothing else. A carrier takes as many parcels along as
//! it delivers in a moment: one where the other side is slow, several where it is quick, so that a transaction is not
//! the price of every message.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use caravan_catalog::Definition;
use caravan_connect::Outcome;
use caravan_connect::webhooks::GONE;
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, EffectId};
use caravan_store::outbox::{self, Again};
use caravan_store::pace::{self, Pace};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::destination::Destinations;
use super::doors::Way;
use super::health::{self, Noted};
use super::held::DESTINATION_RESTS;
use super::parcel::Parcel;
use super::pauses::rest_asked_for;
use super::results::{Results, Settled, Verdict, is_shut};
use super::warm_up::WarmDay;
use super::{CLAIM, Dispatched, Dispatcher, gates};
use crate::live::Live;
use crate::texts::{self, Standing};
use crate::webhooks;

/// How often claims are renewed while something is under way.
const RENEWAL: Duration = Duration::from_secs(10);
/// How often writing results is tried again, the pauses doubling: as long as a claim holds.
const RESULT_TRIES: u32 = 5;
/// Messages of one lane before the other lanes get their turn; one call's worth where that is more.
const MOST_PER_TURN: usize = 1_024;
/// The most parcels of one call, whatever the other side takes.
const MOST_PER_CALL: usize = 10_000;
/// What was judged longer ago is judged again before it leaves.
const JUDGEMENT_HOLDS: SignedDuration = SignedDuration::from_secs(60);
/// How soon it is looked again whether more may leave, where as many left as a plan lets on a day: it may be changed.
const PLAN_HOLDS: SignedDuration = SignedDuration::from_mins(1);
/// A carrier takes along what it delivers in this time.
const MOMENT: Duration = Duration::from_millis(50);
/// … and never more than this.
const MOST_PER_ERRAND: usize = 32;

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
    /// Carriers under way.
    carriers: usize,
    handed: usize,
    /// What the door takes: one parcel and one carrier at a time, until it has said it.
    door: Width,
    /// How many parcels a carrier takes along where a call takes fewer.
    depth: usize,
    renewed: Instant,
    /// Set when the door was found shut: until when the lane rests.
    shut: Option<Timestamp>,
    done: Dispatched,
}

/// How much fits through a door.
#[derive(Debug, Clone, Copy)]
struct Width {
    /// Parcels of one call.
    per_call: usize,
    /// Calls at the same time.
    calls: usize,
}

/// What a carrier brings back.
struct Back {
    settled: Vec<Settled>,
    took: Duration,
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
    door: Width,
    /// Why the door could not be opened at all.
    unopened: Option<Outcome>,
    /// What was written down about how the other side is.
    noted: Option<Noted>,
    /// A webhook whose receiver is given up.
    given_up: Option<DocumentId>,
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
            carriers: 0,
            handed: 0,
            door: Width { per_call: 1, calls: 1 },
            depth: 1,
            renewed: Instant::now(),
            shut: None,
            done: Dispatched::default(),
        }
    }

    /// Goes on until the lane is empty, rests, or others have waited long enough.
    pub fn run(mut self) -> Result<Dispatched, StoreError> {
        let (tell, told) = channel::<Back>();
        thread::scope(|scope| {
            let mut answered = Vec::new();
            loop {
                let page = self.page_at_last(&answered)?;
                if let Some(webhook) = page.given_up {
                    webhooks::switch_off(&self.dispatcher.engine, webhook)?;
                }
                for (live, parcels) in self.turn_over(page, &answered) {
                    let (tell, dispatcher) = (tell.clone(), self.dispatcher);
                    scope.spawn(move || {
                        let began = Instant::now();
                        let settled = dispatcher.carry(&live, parcels);
                        // The clerk listens until everybody is back; if it fails, nobody is interested any more.
                        _ = tell.send(Back { settled, took: began.elapsed() });
                    });
                }
                if self.out.is_empty() {
                    return Ok(self.done);
                }
                answered = self.wait(&told);
            }
        })
    }

    /// What has come back: at least one answer, or none for as long as claims hold without being renewed.
    fn wait(&mut self, told: &Receiver<Back>) -> Vec<Settled> {
        let first = told.recv_timeout(RENEWAL).ok();
        let backs: Vec<Back> = first.into_iter().chain(told.try_iter()).collect();
        self.carriers = self.carriers.saturating_sub(backs.len());
        self.depth = backs.iter().fold(self.depth, |depth, back| depth_after(depth, back.settled.len(), back.took));
        backs.into_iter().flat_map(|back| back.settled).collect()
    }

    /// What was sent must be written down: a store that is away for a moment shall leave no doubt.
    fn page_at_last(&self, answered: &[Settled]) -> Result<Page, StoreError> {
        let mut tries = 0;
        loop {
            match self.page(answered) {
                Err(error) if !self.out.is_empty() && tries < RESULT_TRIES => {
                    tracing::warn!(lane = self.lane, %error, "results cannot be written; they are tried again");
                    thread::sleep(self.dispatcher.delivery.result_pause * 2_u32.pow(tries));
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The one transaction between two hand-overs.
    fn page(&self, answered: &[Settled]) -> Result<Page, StoreError> {
        let Dispatcher { engine, delivery, versions, rests, doors, healths, servers, .. } = self.dispatcher;
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
                door: self.door,
                unopened: None,
                noted: None,
                given_up: None,
            };
            let mut destinations = Destinations::load(s, servers, answered, &self.ready, now)?;
            destinations.learn(answered, now);
            if page.renewed {
                let ours = self.out.iter().chain(self.ready.iter().map(|parcel| &parcel.row.id));
                outbox::extend_claim(s, &self.token, &ours.copied().collect::<Vec<_>>(), now + CLAIM)?;
            }
            let way = Way::of_lane(self.lane);
            let standing = texts::standing(s, self.lane, now)?;
            let over = page.shut.is_some()
                || standing == Standing::Rests
                || self.handed >= MOST_PER_TURN.max(self.door.per_call.min(MOST_PER_CALL))
                || engine.stopping()
                || way.is_paused(&live)
                || outbox::on_hold(s)?;
            let wave = delivery.wave.max(self.hunger(&live, &way)).max(1);
            if !over && self.ready.len() < wave.div_ceil(2) {
                let rows = outbox::claim(s, self.lane, &self.token, now, now + CLAIM, wave)?;
                let judged = gates::judge(s, &live, versions, doors, rows, now)?;
                page.done += write.write(s, judged.settled)?;
                destinations.more(s, &judged.parcels)?;
                page.fresh = judged.parcels;
            }
            let most = if standing == Standing::Probe { 1 } else { usize::MAX };
            self.choose(s, &write, &mut page, &mut destinations, (over, most))?;
            if standing == Standing::Probe && !page.hand.is_empty() {
                texts::probe_leaves(s, self.lane, now)?;
            }
            destinations.save(s)?;
            // What was taken while the connection rests says nothing about what becomes of it.
            if doors.surroundings().is_some() && standing == Standing::Free {
                let found = health::of(answered, page.unopened.as_ref());
                page.noted = healths.note(s, way.definition(&live), found, now)?;
                page.given_up = given_up(s, way.definition(&live), answered, now)?;
            }
            Ok(page)
        })
    }

    /// Decides what is handed over now, what waits, and what the lane gives back.
    fn choose(
        &self,
        s: &mut dyn Session,
        write: &Results<'_>,
        page: &mut Page,
        destinations: &mut Destinations<'_>,
        (over, most): (bool, usize),
    ) -> Result<(), StoreError> {
        let now = write.now;
        let held: Vec<&Parcel> = self.ready.iter().chain(&page.fresh).collect();
        let Some(first) = held.first() else { return Ok(()) };
        let door = self.dispatcher.doors.facts(write.live, &first.way());
        let (mut give_back, mut later): (Vec<EffectId>, Vec<Again>) = (Vec::new(), Vec::new());
        let mut hand: Vec<EffectId> = Vec::new();
        match door {
            _ if over => give_back.extend(held.iter().map(|parcel| parcel.row.id)),
            Err(shut) => {
                page.unopened = Some(shut.clone());
                let Outcome::Shut { after, code, message } = shut else { return Ok(()) };
                let body = first.row.body.clone();
                let verdict = Verdict::Shut { after, code, message, body };
                page.done += write.write(s, vec![(*first).clone().settled(verdict)])?;
                page.gone.insert(first.row.id);
                page.shut = Some(write.lane_rests_until);
                give_back.extend(held.iter().skip(1).map(|parcel| parcel.row.id));
            }
            Ok(door) => {
                page.door = Width { per_call: door.max_batch.max(1), calls: door.parallel.max(1) };
                let free = match self.dispatcher.rests.were_needed(self.lane) {
                    // It was shut the last time: one call finds out whether it is open again.
                    true if self.carriers > 0 => 0,
                    true => page.door.per_call,
                    false => page.door.calls.saturating_sub(self.carriers).saturating_mul(self.errand(page.door)),
                };
                let mut pace = match door.per_second {
                    Some(rate) => Some(own_pace(s, self.lane, rate, now)?),
                    None => None,
                };
                let mut day = match &door.warm_up {
                    Some(plan) => WarmDay::locked(s, self.lane, plan, now, write.live.zone())?,
                    None => None,
                };
                let mut may = pace.as_ref().map_or(free, |pace| free.min(pace.tokens.max(0.0) as usize)).min(most);
                may = day.as_ref().map_or(may, |day| may.min(day.left()));
                let wanted = free.min(held.len());
                for parcel in &held {
                    if now.duration_since(parcel.judged_at) > JUDGEMENT_HOLDS {
                        give_back.push(parcel.row.id);
                    } else if let Some(until) = destinations.holds_back(parcel, now) {
                        later.push(put_off(parcel, until, DESTINATION_RESTS));
                    } else if may > 0 {
                        may -= 1;
                        destinations.takes(parcel);
                        hand.push(parcel.row.id);
                    } else if hand.len() >= free {
                        break;
                    }
                }
                let starved = hand.is_empty() && wanted > 0 && self.carriers == 0;
                if let Some(pace) = &mut pace {
                    pace.take(hand.len());
                    page.paced_until = starved.then(|| pace.next(now));
                    pace::save(s, std::slice::from_ref(pace))?;
                }
                if let Some(day) = &mut day {
                    if starved && day.left() == 0 {
                        page.paced_until = Some(day.ends.min(now + PLAN_HOLDS));
                    }
                    day.take(s, self.lane, hand.len())?;
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
        self.dispatcher.healths.remember(page.noted);
        match (self.shut, page.shut) {
            (None, Some(until)) => rests.shut(self.lane, until),
            (None, None) if !answered.is_empty() => rests.open(self.lane),
            _ => {}
        }
        self.shut = page.shut;
        self.door = page.door;
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
        let errands = self.errands(&page.live, handed);
        self.carriers += errands.len();
        errands
    }

    /// What each carrier takes along: a call's worth, or a fair share of what it delivers in a moment.
    fn errands(&self, live: &Arc<Live>, handed: Vec<Parcel>) -> Vec<(Arc<Live>, Vec<Parcel>)> {
        let free = self.door.calls.saturating_sub(self.carriers).max(1);
        let most = match self.door.per_call {
            1 => handed.len().div_ceil(free).clamp(1, self.depth),
            per_call => self.errand(Width { per_call, ..self.door }),
        };
        let mut errands: Vec<(Arc<Live>, Vec<Parcel>)> = Vec::new();
        for parcel in handed {
            match errands.last_mut() {
                Some((_, same)) if same.len() < most && same[0].way() == parcel.way() => {
                    same.push(parcel);
                }
                _ => errands.push((Arc::clone(live), vec![parcel])),
            }
        }
        errands
    }

    /// The most parcels that a carrier takes along.
    fn errand(&self, door: Width) -> usize {
        door.per_call.max(self.depth)
    }

    /// How many parcels are claimed together: at least one call's worth, so that what travels together is not taken apart.
    fn hunger(&self, live: &Live, way: &Way) -> usize {
        let doors = &self.dispatcher.doors;
        let first = self.handed == 0 && doors.surroundings().is_some();
        let door = if first { doors.facts(live, way).ok() } else { None };
        let per_call = door.map_or(self.door.per_call, |door| door.max_batch).min(MOST_PER_CALL);
        self.appetite().max(per_call).min(MOST_PER_TURN.max(per_call))
    }

    /// How many parcels keep all carriers busy until the next transaction and the one after it.
    fn appetite(&self) -> usize {
        match self.depth {
            1 => self.door.per_call,
            _ => self.errand(self.door).saturating_mul(self.door.calls).saturating_mul(2),
        }
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

/// The webhook whose receiver wants nothing more, or has failed for so long that nobody believes in it.
fn given_up(
    s: &mut dyn Session,
    definition: Option<&Definition>,
    answered: &[Settled],
    now: Timestamp,
) -> Result<Option<DocumentId>, StoreError> {
    let Some(webhook) = definition.filter(|it| it.kind == DocumentKind::Webhook && !answered.is_empty()) else {
        return Ok(None);
    };
    let gone = |settled: &Settled| matches!(&settled.verdict, Verdict::Failed { code, .. } if code == GONE);
    let given_up = answered.iter().any(gone) || webhooks::is_given_up(s, webhook.id, now)?;
    Ok(given_up.then_some(webhook.id))
}

/// How many parcels a carrier takes along after one that brought so many back in that time: what fits into a moment, at
/// most twice as many as before.
fn depth_after(depth: usize, parcels: usize, took: Duration) -> usize {
    let Some(each) = took.checked_div(u32::try_from(parcels).unwrap_or(u32::MAX)) else { return depth };
    let fit = MOMENT.as_nanos() / each.as_nanos().max(1);
    usize::try_from(fit).unwrap_or(usize::MAX).clamp(1, (depth * 2).min(MOST_PER_ERRAND))
}

/// The lane's bucket, filled up to now and at the rate that is set now.
fn own_pace(s: &mut dyn Session, lane: &str, per_second: f64, now: Timestamp) -> Result<Pace, StoreError> {
    let mut pace = pace::locked_or_full(s, &format!("lane/{lane}"), per_second, now)?;
    pace.per_second = per_second;
    pace.fill(now);
    Ok(pace)
}

fn put_off(parcel: &Parcel, until: Timestamp, held: &'static str) -> Again {
    let row = &parcel.row;
    Again {
        id: row.id,
        attempt: row.attempt,
        not_before: until,
        held: Some(held),
        quiet_for: row.quiet_for,
        code: None,
        message: None,
        body: row.body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_takes_along_what_it_delivers_in_a_moment() {
        let ms = Duration::from_millis;
        assert_eq!(depth_after(1, 1, ms(400)), 1, "one where the other side is slow");
        assert_eq!(depth_after(1, 1, ms(2)), 2, "twice as many, not all at once");
        assert_eq!(depth_after(16, 16, ms(32)), 25);
        assert_eq!(depth_after(32, 32, Duration::ZERO), 32, "never more than that");
        assert_eq!(depth_after(32, 32, ms(3_200)), 1, "it became slow");
        assert_eq!(depth_after(8, 0, ms(5)), 8, "nothing was brought back");
    }
}
