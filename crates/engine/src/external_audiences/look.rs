//! Looking at whom was marked: effects are queued for destinations that should be told something else.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::clock::to_micros;
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, EnrollmentId, PersonId, Shard, VersionId};
use caravan_store::external_audiences::{self as stored, Mark, PENDING, Standing};
use caravan_store::step::{self, EffectRow};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Audience, Due, EFFECT, People, Place, due, is_stale};
use crate::Engine;
use crate::live::Live;

/// Marks looked at in one transaction.
const AT_ONCE: usize = 1_000;
/// People that a sweep marks in one transaction.
const SWEPT: usize = 5_000;
/// How often everybody of an audience is looked at, whatever was marked.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// The effect that tells a destination about a person of an audience.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Telling {
    /// The connection that it leaves through.
    pub connection: String,
    /// The external audience.
    pub audience: DocumentId,
    /// The destination.
    pub destination: DocumentId,
    /// No journey's.
    #[serde(default)]
    pub journey: String,
    /// What the other side is at for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<UnderWay>,
}

/// What the other side is at, and still will be when another process asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnderWay {
    /// What it calls that.
    pub called: String,
    /// The element that it was told.
    pub put: Json,
}

/// Looks at some of those who are marked, and marks everybody of audiences whose time has come. Whether there was anything.
pub(crate) fn keep(engine: &Engine) -> Result<bool, StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let audiences: Vec<DocumentId> = live.definitions.of_kind(DocumentKind::ExternalAudience).map(|it| it.id).collect();
    let mut any = false;
    for audience in audiences {
        any |= sweep(engine, &live, audience)?;
    }
    if !engine.store().read(stored::any_marks)? {
        return Ok(any);
    }
    let looked = engine.store().write(|s| {
        let live = engine.live(s)?;
        let marks = stored::marks(s, AT_ONCE)?;
        look(s, &live, &marks)?;
        Ok::<_, StoreError>(marks.len())
    })?;
    if looked > 0 {
        engine.poke();
    }
    Ok(any || looked > 0)
}

/// Where a sweep is, and for what destinations it was last done.
#[derive(Default, Serialize, Deserialize)]
struct Sweep {
    destinations: String,
    after: Option<i64>,
}

/// Marks the next people of an audience whose destinations changed, or that was not swept for a day.
fn sweep(engine: &Engine, live: &Live, audience: DocumentId) -> Result<bool, StoreError> {
    let destinations = fingerprint(live, audience);
    let known = engine.store().read(|s| stored::sweep_of(s, audience))?;
    let now = engine.store().read(|s| s.now())?;
    let is_due =
        known.as_ref().is_none_or(|(due, body)| *due <= now || read(body.as_deref()).destinations != destinations);
    if !is_due {
        return Ok(false);
    }
    engine.store().write(|s| {
        let now = s.now()?;
        let mut at = read(stored::lock_sweep(s, audience, now)?.as_deref());
        if at.destinations != destinations {
            at = Sweep { destinations: destinations.clone(), after: None };
        }
        let last = stored::mark_next(s, audience, at.after.unwrap_or_default(), SWEPT)?;
        let due = if last.is_some() { now } else { now + SWEEP_EVERY };
        let body = serde_json::to_string(&Sweep { after: last, ..at }).unwrap_or_default();
        stored::put_sweep(s, audience, due, &body)?;
        Ok(last.is_some())
    })
}

fn read(body: Option<&str>) -> Sweep {
    body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
}

/// Differs whenever what destinations are told may.
fn fingerprint(live: &Live, audience: DocumentId) -> String {
    let found = live.definitions.of_kind(DocumentKind::ExternalAudience).find(|it| it.id == audience);
    let places = found.into_iter().flat_map(|it| super::destinations_of(&live.definitions, it));
    let told: Vec<String> =
        places.map(|it| format!("{}:{}", it.id.0, it.body.get("settings").unwrap_or(&Json::Null))).collect();
    told.join("|")
}

fn look(s: &mut dyn Session, live: &Live, marks: &[Mark]) -> Result<(), StoreError> {
    let mut by_audience: BTreeMap<DocumentId, BTreeSet<i64>> = BTreeMap::new();
    for mark in marks {
        by_audience.entry(mark.audience).or_default().insert(mark.person.0);
    }
    for (audience, people) in by_audience {
        let people: Vec<i64> = people.into_iter().collect();
        match Audience::find(s, live, audience)? {
            Some(audience) => look_at(s, live, &audience, &people)?,
            None => stored::forget_told(s, audience)?,
        }
    }
    stored::unmark(s, marks)
}

fn look_at(s: &mut dyn Session, live: &Live, audience: &Audience, people: &[i64]) -> Result<(), StoreError> {
    let now = s.now()?;
    let facts = People::load(s, live, audience, people)?;
    let mut standings: BTreeMap<(DocumentId, PersonId), Standing> =
        stored::standings(s, audience.id, people)?.into_iter().map(|it| ((it.destination, it.person), it)).collect();
    let mut sheet = Sheet::default();
    for (&destination, place) in &audience.places {
        let manner = place.manner();
        for &person in people {
            let person = PersonId(person);
            let standing = standings
                .remove(&(destination, person))
                .unwrap_or_else(|| Standing::new(audience.id, destination, person));
            let wanted = facts.wanted(person, place).map(|element| element.to_string());
            let stale = is_stale(manner, &standing, wanted.is_ok(), now);
            match due(wanted.as_deref().map_err(|reason| *reason), &standing, manner, stale) {
                Due::Nothing(same) if *same == standing => {}
                Due::Nothing(changed) => sheet.put.push(*changed),
                Due::Forget => sheet.forget.push(standing),
                Due::Tell => sheet.tell(audience, place, standing, now),
            }
        }
    }
    // The audience is not handed there any more.
    for (_, standing) in standings {
        let place = live.definitions.of_kind(DocumentKind::Destination).find(|it| it.id == standing.destination);
        match place.and_then(|it| Place::of(it)).filter(|place| place.manner().takes_out && standing.element.is_some())
        {
            Some(place) => sheet.tell(audience, &place, standing, now),
            None => sheet.forget.push(standing),
        }
    }
    sheet.write(s, now)
}

/// What a look comes to, added up before it is written.
#[derive(Default)]
struct Sheet {
    put: Vec<Standing>,
    forget: Vec<Standing>,
    effects: Vec<Queued>,
}

struct Queued {
    lane: String,
    key: String,
    body: String,
    person: i64,
    not_before: Timestamp,
}

impl Sheet {
    fn tell(&mut self, audience: &Audience, place: &Place, standing: Standing, now: Timestamp) {
        // The number never comes twice, also when what is known of the person was forgotten in between.
        let round = to_micros(now).max(standing.round + 1);
        let telling = Telling {
            connection: place.connection.clone(),
            audience: audience.id,
            destination: place.id,
            journey: String::new(),
            under_way: None,
        };
        self.effects.push(Queued {
            lane: format!("{EFFECT}:{}:{}/{}", place.connection, place.key, audience.key),
            key: format!("{EFFECT}.{}.{}.{}.{round}", audience.id.0, place.id.0, standing.person.0),
            body: serde_json::to_string(&telling).unwrap_or_default(),
            person: standing.person.0,
            not_before: next_round(now, place.manner().every),
        });
        self.put.push(Standing { state: PENDING.to_owned(), reason: None, round, ..standing });
    }

    fn write(self, s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
        stored::put(s, &self.put, now)?;
        stored::forget(s, &self.forget)?;
        let mut by_time: BTreeMap<Timestamp, Vec<EffectRow<'_>>> = BTreeMap::new();
        for queued in &self.effects {
            by_time.entry(queued.not_before).or_default().push(EffectRow {
                lane: &queued.lane,
                key: &queued.key,
                kind: EFFECT,
                shard: Shard(0),
                enrollment: EnrollmentId(0),
                version: VersionId(0),
                node: 0,
                account: None,
                person: Some(queued.person),
                body: &queued.body,
            });
        }
        for (not_before, rows) in by_time {
            step::queue_effects(s, &rows, now, not_before)?;
        }
        Ok(())
    }
}

/// When changes gathered now are handed over: at the next of the instants that lie `every` apart, so that they go together.
fn next_round(now: Timestamp, every: std::time::Duration) -> Timestamp {
    let every = i64::try_from(every.as_secs()).unwrap_or(i64::MAX);
    if every <= 0 {
        return now;
    }
    let next = now.as_second().div_euclid(every).saturating_add(1).saturating_mul(every);
    Timestamp::from_second(next).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_while_are_handed_over_together() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let quarter = std::time::Duration::from_secs(900);
        assert_eq!(next_round(at("2027-01-04T10:01:00Z"), quarter), at("2027-01-04T10:15:00Z"));
        assert_eq!(next_round(at("2027-01-04T10:14:59Z"), quarter), at("2027-01-04T10:15:00Z"));
        assert_eq!(next_round(at("2027-01-04T10:15:00Z"), quarter), at("2027-01-04T10:30:00Z"));
        assert_eq!(next_round(at("2027-01-04T10:15:00Z"), std::time::Duration::ZERO), at("2027-01-04T10:15:00Z"));
    }
}
