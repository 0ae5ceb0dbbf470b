//! External audiences: what a destination is told of a person is decided when it is told, from what is so then, and written
//! down before it is said.

use std::collections::{BTreeMap, BTreeSet};

use caravan_connect::Outcome;
use caravan_connect::audiences::{self, Membership};
use caravan_model::{DocumentId, PersonId};
use caravan_store::external_audiences::{self as stored, FAILED, IN_DOUBT, PENDING, Standing, THERE};
use caravan_store::outbox::OutboxRow;
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::doors::Doors;
use super::parcel::{Content, Parcel};
use super::results::{Settled, Verdict};
use crate::external_audiences::{Audience, EFFECT, NO_MEMBER, People, Place, Telling, UnderWay};
use crate::live::Live;

/// Why an effect has nothing to say any more.
const NOTHING_TO_TELL: &str = "nothing_to_tell";
/// Why nobody is taken out whose element stands for another member too.
const STANDS_FOR_ANOTHER: &str = "stands_for_another";
/// Why nothing is told: simulations tell nobody.
const SIMULATED: &str = "simulated";
/// Why nothing is told: the audience or the destination is gone.
const GONE: &str = "destination_gone";

/// What an effect is about, once it has been judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    audience: DocumentId,
    destination: DocumentId,
    /// The element that stands there when it is done.
    put: Option<String>,
}

/// Decides what destinations are told of people, and writes down what may stand there from now on. Everything else passes.
pub fn judge(
    s: &mut dyn Session,
    live: &Live,
    doors: &Doors,
    parcels: Vec<Parcel>,
    now: Timestamp,
    settled: &mut Vec<Settled>,
) -> Result<Vec<Parcel>, StoreError> {
    let (ours, mut pass): (Vec<Parcel>, Vec<Parcel>) = parcels.into_iter().partition(|it| it.row.kind == EFFECT);
    let mut by_audience: BTreeMap<DocumentId, Vec<(Telling, PersonId, Parcel)>> = BTreeMap::new();
    for parcel in ours {
        let telling = serde_json::from_str::<Telling>(&parcel.row.body).ok();
        match (telling, parcel.row.person) {
            (Some(_), Some(_)) if doors.surroundings().is_none() => {
                settled.push(parcel.settled(Verdict::Skipped(SIMULATED)))
            }
            (Some(telling), Some(person)) => {
                by_audience.entry(telling.audience).or_default().push((telling, person, parcel));
            }
            _ => {
                settled.push(parcel.settled(Verdict::failed("effect_unreadable", "The queued effect cannot be read.")))
            }
        }
    }
    for (audience, told) in by_audience {
        pass.extend(judge_audience(s, live, audience, told, now, settled)?);
    }
    Ok(pass)
}

fn judge_audience(
    s: &mut dyn Session,
    live: &Live,
    id: DocumentId,
    told: Vec<(Telling, PersonId, Parcel)>,
    now: Timestamp,
    settled: &mut Vec<Settled>,
) -> Result<Vec<Parcel>, StoreError> {
    let Some(audience) = Audience::find(s, live, id)? else {
        settled.extend(told.into_iter().map(|(.., parcel)| parcel.settled(Verdict::Skipped(GONE))));
        return Ok(Vec::new());
    };
    let ids: BTreeSet<i64> = told.iter().map(|(_, person, _)| person.0).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let people = People::load(s, live, &audience, &ids)?;
    let mut standings: BTreeMap<(DocumentId, PersonId), Standing> =
        stored::standings(s, id, &ids)?.into_iter().map(|it| ((it.destination, it.person), it)).collect();
    let (mut pass, mut intended) = (Vec::with_capacity(told.len()), Vec::new());
    for (telling, person, mut parcel) in told {
        let destination = telling.destination;
        let former = || {
            let kind = caravan_model::document::DocumentKind::Destination;
            live.definitions.of_kind(kind).find(|it| it.id == destination).and_then(|it| Place::of(it))
        };
        let current = audience.places.get(&destination);
        let (former, is_current) = (if current.is_none() { former() } else { None }, current.is_some());
        let Some(place) = current.or(former.as_ref()) else {
            parcel.about.told = Some(Note { audience: id, destination, put: None });
            settled.push(parcel.settled(Verdict::Skipped(GONE)));
            continue;
        };
        let standing = standings
            .remove(&(destination, person))
            .unwrap_or_else(|| Standing { state: PENDING.to_owned(), ..Standing::new(id, destination, person) });
        let wanted = if is_current { people.wanted(person, place) } else { Err(NO_MEMBER) };
        let (mut change, standing) = change(s, place, audience.at(place), standing, wanted.ok())?;
        // What the other side is at is this change only as long as it is to say the same.
        let same = telling.under_way.filter(|it| change.put.as_ref() == Some(&it.put));
        change.under_way = same.map(|it| it.called);
        parcel.about.told = Some(Note { audience: id, destination, put: change.put.as_ref().map(Json::to_string) });
        if change.take.is_empty() && change.put.is_none() {
            let had = standing.element.is_some() || standing.maybe.is_some();
            let reason = if had && place.manner().takes_out { STANDS_FOR_ANOTHER } else { NOTHING_TO_TELL };
            settled.push(parcel.settled(Verdict::Skipped(reason)));
            continue;
        }
        intended.push(standing);
        parcel.content = Content::Person(Some(Box::new(change)));
        pass.push(parcel);
    }
    stored::put(s, &intended, now)?;
    Ok(pass)
}

/// What an effect that is not settled yet says from now on: what the other side is at for it outlives this process.
pub fn body_after(body: &str, change: &Membership, answer: &Outcome) -> String {
    let under_way = match answer {
        Outcome::Later { under_way, .. } => under_way.clone(),
        Outcome::Retry { .. } => None,
        _ => return body.to_owned(),
    };
    let Ok(telling) = serde_json::from_str::<Telling>(body) else { return body.to_owned() };
    let under_way = under_way.zip(change.put.clone()).map(|(called, put)| UnderWay { called, put });
    serde_json::to_string(&Telling { under_way, ..telling }).unwrap_or_else(|_| body.to_owned())
}

/// What is said to get from what stands to what shall, and how the person stands while it is said. What stands for somebody
/// else too is not taken out: two people with one address are one over there.
fn change(
    s: &mut dyn Session,
    place: &Place,
    audience: audiences::Audience,
    mut standing: Standing,
    put: Option<Json>,
) -> Result<(Membership, Standing), StoreError> {
    let wanted = put.as_ref().map(Json::to_string);
    let mut take: Vec<String> = Vec::new();
    if place.manner().takes_out {
        let stand = standing.element.iter().cloned().chain(standing.maybes());
        take.extend(stand.filter(|element| Some(element) != wanted.as_ref()));
        take.sort();
        take.dedup();
        let elements: Vec<&str> = take.iter().map(String::as_str).collect();
        let of = (standing.audience, standing.destination);
        let shared = stored::shared_elements(s, of, &elements, standing.person)?;
        take.retain(|element| !shared.contains(element));
    }
    if let Some(wanted) = &wanted {
        standing.may_hold(wanted);
    }
    let take = take.iter().filter_map(|element| serde_json::from_str(element).ok()).collect();
    Ok((Membership::new(audience, take, put), standing))
}

/// How changes were taken, added up before it is written.
#[derive(Default)]
pub struct Notes(Vec<(Note, PersonId, Verdict)>);

impl Notes {
    /// A change that is settled for good.
    pub fn take(&mut self, row: &OutboxRow, note: Option<&Note>, verdict: &Verdict) {
        if row.kind != EFFECT {
            return;
        }
        let unjudged = || {
            let Telling { audience, destination, .. } = serde_json::from_str(&row.body).ok()?;
            Some(Note { audience, destination, put: None })
        };
        if let (Some(note), Some(person)) = (note.cloned().or_else(unjudged), row.person) {
            self.0.push((note, person, verdict.clone()));
        }
    }

    pub fn write(self, s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
        let mut by_audience: BTreeMap<DocumentId, Vec<(Note, PersonId, Verdict)>> = BTreeMap::new();
        for noted in self.0 {
            by_audience.entry(noted.0.audience).or_default().push(noted);
        }
        for (audience, noted) in by_audience {
            let people: BTreeSet<i64> = noted.iter().map(|(_, person, _)| person.0).collect();
            let people: Vec<i64> = people.into_iter().collect();
            let mut standings: BTreeMap<(DocumentId, PersonId), Standing> = stored::standings(s, audience, &people)?
                .into_iter()
                .map(|it| ((it.destination, it.person), it))
                .collect();
            let (mut put, mut again) = (Vec::new(), BTreeSet::new());
            for (note, person, verdict) in noted {
                let Some(standing) = standings.remove(&(note.destination, person)) else { continue };
                let settled = after(standing, note.put, &verdict, now);
                if settled.state.is_empty() {
                    again.insert(person.0);
                }
                put.push(settled);
            }
            stored::put(s, &put, now)?;
            // How they stand without it, if they stand at all, is for the next look to say.
            stored::mark(s, audience, &again.into_iter().collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

/// How a person stands after an effect. Without a state: nothing stands there, and it is looked at again.
fn after(standing: Standing, put: Option<String>, verdict: &Verdict, now: Timestamp) -> Standing {
    let with = |state: &str, reason: Option<&str>, standing: Standing| Standing {
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        ..standing
    };
    match verdict {
        Verdict::Done { .. } if put.is_some() => {
            with(THERE, None, Standing { element: put, maybe: None, told_at: Some(now), ..standing })
        }
        Verdict::Skipped(NOTHING_TO_TELL | SIMULATED) => with("", None, standing),
        Verdict::Done { .. } | Verdict::Skipped(_) => {
            with("", None, Standing { element: None, maybe: None, told_at: None, ..standing })
        }
        Verdict::Failed { code, .. } => with(FAILED, Some(code), standing),
        _ => with(IN_DOUBT, None, standing),
    }
}

/// An effect is sent again by hand: nothing else is told of its person meanwhile.
pub fn queued_again(s: &mut dyn Session, row: &OutboxRow, now: Timestamp) -> Result<(), StoreError> {
    let telling = (row.kind == EFFECT).then(|| serde_json::from_str::<Telling>(&row.body).ok()).flatten();
    let (Some(telling), Some(person)) = (telling, row.person) else { return Ok(()) };
    let standings = stored::standings(s, telling.audience, &[person.0])?;
    let there = standings.into_iter().filter(|it| it.destination == telling.destination);
    let again: Vec<Standing> = there.map(|it| Standing { state: PENDING.to_owned(), reason: None, ..it }).collect();
    stored::put(s, &again, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Standing {
        let new = Standing::new(DocumentId(1), DocumentId(2), PersonId(3));
        Standing { state: PENDING.to_owned(), element: Some("old".into()), maybe: Some("[\"new\"]".into()), ..new }
    }

    #[test]
    fn what_stands_there_follows_what_became_of_the_effect() {
        let now = Timestamp::UNIX_EPOCH;
        let of = |put: Option<&str>, verdict| after(pending(), put.map(str::to_owned), &verdict, now);
        let done = of(Some("new"), Verdict::Done { remote_id: None });
        assert_eq!(
            (done.state.as_str(), done.element.as_deref(), done.maybe, done.told_at),
            (THERE, Some("new"), None, Some(now))
        );
        let out = of(None, Verdict::Done { remote_id: None });
        assert_eq!((out.state.as_str(), out.element, out.maybe), ("", None, None));
        let failed = of(Some("new"), Verdict::failed("bad", ""));
        assert_eq!(
            (failed.state.as_str(), failed.reason.as_deref(), failed.element.as_deref()),
            (FAILED, Some("bad"), Some("old"))
        );
        assert_eq!(failed.maybes(), ["new"], "what was said may still stand there");
        assert_eq!(of(Some("new"), Verdict::InDoubt(String::new())).state, IN_DOUBT);
    }
}
