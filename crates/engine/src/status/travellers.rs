//! Who stands where, and which trips a subject made.

use std::collections::{BTreeSet, HashMap};

use caravan_model::EnrollmentId;
use caravan_store::documents::DocumentRow;
use caravan_store::journeys::{EffectOutcome, Shown};
use caravan_store::ordered::{Place, Sort};
use caravan_store::records::Table;
use caravan_store::search::Looked;
use caravan_store::step::EnrollmentRow;
use caravan_store::trips::{self, Stretch, TripBy, TripFilter};
use caravan_store::{Session, StoreError, journeys};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::held::{self, HeldMessages};
use super::journey_row;
use super::map::Titles;
use super::timeline::{TimelineOutcome, Visit, outcomes_of, people_named, visits_of};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::Live;
use crate::plan::Plan;
use crate::walk::unparked;

/// Trips read at once.
const CHUNK: usize = 500;
/// Up to how many trips are counted while one waits.
const COUNTED: usize = 10_000;

/// Which travellers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Those who stand there now.
    #[default]
    Current,
    /// Everybody who ever arrived.
    Reached,
    /// Those whose trip ended there.
    Ended,
    /// Those of whose messages some are held there.
    Held,
}

/// Which travellers of a journey are asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Those of this node, or action of a people box; all of the journey where there is none.
    pub node: Option<String>,
    /// Where they stand.
    pub stand: Stand,
    /// Only those who left the node by this path, as the journey's status calls it.
    pub path: Option<String>,
    /// Only those for whom, or for one of whose people, the node's action came out so, with the reason where one is given.
    pub outcome: Option<(String, Option<String>)>,
    /// Only those in whom this text occurs; all when it is blank.
    pub search: String,
}

/// An account or a person, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubjectRef {
    /// `account` or `person`.
    #[schemars(extend("enum" = ["account", "person"]))]
    pub subject: String,
    /// Its natural key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A trip, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TravellerRow {
    /// The trip.
    pub id: String,
    /// The journey's key.
    pub journey: String,
    /// Who travels.
    pub traveller: SubjectRef,
    /// A person's address.
    pub email: Option<String>,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// `active` or `ended`.
    #[schemars(extend("enum" = ["active", "ended"]))]
    pub state: String,
    /// The node asked about, else where it stands.
    pub node: String,
    /// What the node's card is called.
    pub node_title: String,
    /// When it entered the journey.
    pub entered_at: Timestamp,
    /// When it arrived at the node.
    pub arrived_at: Timestamp,
    /// When it left the node.
    pub left_at: Option<Timestamp>,
    /// The path by which it left.
    pub path: Option<String>,
    /// How the trip ended.
    pub outcome: Option<String>,
    /// When the trip ended.
    pub ended_at: Option<Timestamp>,
    /// When it moves next by itself.
    pub due_at: Option<Timestamp>,
    /// For whom the action came out as it was asked for; left out where nothing was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<TimelineOutcome>,
    /// Its messages of the node asked about, else of all nodes, that something holds back, by what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldMessages>,
}

/// Travellers of a node of a journey, as they entered it, of the next trips behind `after` that one look goes through: a node that
/// few pass must not make a request endless.
///
/// # Errors
/// There is no such journey; the store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn travellers(
    engine: &Engine,
    key: &str,
    asked: &Asked,
    after: Option<&Place>,
    most: usize,
) -> Result<Looked<(TravellerRow, Place), Place>, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let journey = journey_row(s, key)?;
        let filter = filter_of(&live, &journey, asked.stand, &asked.search);
        let end = trips::end_of_look(s, filter, false, after)?;
        let mut after = after.cloned();
        let mut found = Vec::new();
        while found.len() < most {
            let stretch = Stretch { after: after.as_ref(), end: end.as_ref() };
            let part = trips::page(s, filter, Sort::up(TripBy::Entered), stretch, CHUNK)?;
            let last = part.len() < CHUNK;
            let (trips, places): (Vec<_>, Vec<_>) = part.into_iter().unzip();
            after = places.last().cloned();
            let rows = stands(s, &live, &journey, &trips, asked)?;
            found.extend(rows.into_iter().zip(places).filter_map(|(row, place)| Some((row?, place))));
            if last {
                break;
            }
        }
        found.truncate(most);
        Ok(Looked { found, end })
    })
}

/// Which trips of a journey are looked through for a stand.
fn filter_of<'a>(live: &Live, journey: &DocumentRow, stand: Stand, search: &'a str) -> TripFilter<'a> {
    let of_people = live.journeys.get(&journey.id).is_some_and(|j| j.of_people);
    TripFilter {
        journey: journey.id,
        of: if of_people { Table::Person } else { Table::Account },
        ended: match stand {
            Stand::Current => Some(false),
            Stand::Ended => Some(true),
            Stand::Reached | Stand::Held => None,
        },
        search,
    }
}

/// The next `most` trips of a stretch of a journey that are under way, or that have ended, each with its place; what no version
/// knows any more is none.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where the stretch begins at a place in another order.
pub fn trips_of_journey(
    s: &mut dyn Session,
    live: &Live,
    journey: &DocumentRow,
    asked: &AskedTrips,
    stretch: Stretch<'_>,
    most: usize,
) -> Result<Vec<(Option<TravellerRow>, Place)>, StoreError> {
    let found = trips::page(s, asked.filter(live, journey), asked.sort, stretch, most)?;
    let (mut found, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    // Steps are read by trip.
    found.sort_by_key(|trip| trip.id);
    let rows = stands(s, live, journey, &found, &Asked { stand: asked.stand(), ..Asked::default() })?;
    let mut rows: HashMap<i64, TravellerRow> =
        found.iter().zip(rows).filter_map(|(trip, row)| Some((trip.id.0, row?))).collect();
    Ok(places.into_iter().map(|place| (rows.remove(&place.id), place)).collect())
}

/// The same behind `after`; a search in the order in which they entered goes as far as one look.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn look_for_trips(
    s: &mut dyn Session,
    live: &Live,
    journey: &DocumentRow,
    asked: &AskedTrips,
    after: Option<&Place>,
    most: usize,
) -> Result<Looked<(Option<TravellerRow>, Place), Place>, StoreError> {
    let end = match asked.is_search() && asked.sort.by == TripBy::Entered {
        true => trips::end_of_look(s, asked.filter(live, journey), asked.sort.descending, after)?,
        false => None,
    };
    let stretch = Stretch { after, end: end.as_ref() };
    let found = trips_of_journey(s, live, journey, asked, stretch, most)?;
    Ok(Looked { found, end })
}

/// Which trips of a journey are asked for, and in which order.
#[derive(Debug, Clone)]
pub struct AskedTrips {
    /// Those that have ended; else those under way.
    pub ended: bool,
    /// Only those of travellers in whom this text occurs; all when it is blank.
    pub search: String,
    /// What they are ordered by.
    pub sort: Sort<TripBy>,
}

impl AskedTrips {
    fn stand(&self) -> Stand {
        if self.ended { Stand::Ended } else { Stand::Current }
    }

    /// Whether a text is searched for.
    pub fn is_search(&self) -> bool {
        !self.search.trim().is_empty()
    }

    /// How many they are; none where they are too many to count while one waits.
    pub fn count(&self, s: &mut dyn Session, live: &Live, journey: &DocumentRow) -> Result<Option<i64>, StoreError> {
        trips::count(s, self.filter(live, journey), COUNTED)
    }

    fn filter(&self, live: &Live, journey: &DocumentRow) -> TripFilter<'_> {
        filter_of(live, journey, self.stand(), &self.search)
    }
}

/// Names of accounts and people, read at once.
pub struct Names(HashMap<(bool, i64), Shown>);

impl Names {
    /// Of these, each a person or an account.
    ///
    /// # Errors
    /// The store's.
    pub fn of(s: &mut dyn Session, subjects: impl Iterator<Item = (bool, i64)>) -> Result<Self, StoreError> {
        let (people, accounts): (Vec<_>, Vec<_>) = subjects.partition(|(of_people, _)| *of_people);
        let ids = |of: Vec<(bool, i64)>| {
            let ids: BTreeSet<i64> = of.into_iter().map(|(_, id)| id).collect();
            ids.into_iter().collect::<Vec<_>>()
        };
        let people = journeys::shown_people(s, &ids(people))?.into_iter().map(|shown| ((true, shown.id), shown));
        let accounts = journeys::shown_accounts(s, &ids(accounts))?.into_iter().map(|shown| ((false, shown.id), shown));
        Ok(Self(people.chain(accounts).collect()))
    }

    /// As shown; one that is gone keeps its number.
    pub fn subject(&self, of_people: bool, id: i64) -> SubjectRef {
        let subject = if of_people { "person" } else { "account" }.to_owned();
        match self.0.get(&(of_people, id)) {
            Some(shown) => SubjectRef { subject, key: shown.key.clone(), name: shown.name.clone() },
            None => SubjectRef { subject, key: String::new(), name: format!("(deleted, {id})") },
        }
    }

    fn email(&self, of_people: bool, id: i64) -> Option<String> {
        self.0.get(&(of_people, id)).and_then(|shown| shown.email.clone())
    }
}

/// Each trip's stand at the node, or nothing where it has none.
fn stands(
    s: &mut dyn Session,
    live: &Live,
    journey: &DocumentRow,
    trips: &[EnrollmentRow],
    asked: &Asked,
) -> Result<Vec<Option<TravellerRow>>, StoreError> {
    let key = journey.key.as_str();
    let mut numbers = Vec::with_capacity(trips.len());
    let mut wanted: Vec<i64> = Vec::new();
    for trip in trips {
        let plan = live.plan(s, trip.version)?;
        let number = match (asked.node.as_deref(), &plan) {
            (None, _) => Some(trip.node),
            (Some(node), Some(plan)) => plan.numbers.get(node).map(|&n| n as i64),
            (Some(_), None) => None,
        };
        let here = number == Some(trip.node);
        let matters = number.is_some() && (here || matches!(asked.stand, Stand::Reached | Stand::Held));
        if matters {
            wanted.push(trip.id.0);
        }
        numbers.push((plan, if matters { number } else { None }));
    }
    let at_node = |(trip, (_, number)): (&EnrollmentRow, &(_, Option<i64>))| {
        number.map(|number| (trip.id, asked.node.as_ref().map(|_| number)))
    };
    let of: Vec<_> = trips.iter().zip(&numbers).filter_map(at_node).collect();
    let mut held = held::of_trips(s, live, &of, journey.paused)?;
    if asked.stand == Stand::Held {
        wanted.retain(|trip| held.contains_key(&EnrollmentId(*trip)));
    }
    let mut moves = journeys::moves_of(s, &wanted)?.into_iter().peekable();
    let effects = match asked.outcome {
        Some(_) => journeys::effects_of_trips(s, &wanted)?,
        None => HashMap::new(),
    };
    let mut titles = Titles::default();
    let mut rows = Vec::with_capacity(trips.len());
    let travelling = trips.iter().zip(&numbers).filter(|(_, (_, number))| number.is_some());
    let names =
        Names::of(s, travelling.filter_map(|(trip, (plan, _))| Some((plan.as_ref()?.of_people, trip.subject))))?;
    for (trip, (plan, number)) in trips.iter().zip(numbers) {
        let (Some(number), Some(plan)) = (number, plan) else {
            rows.push(None);
            continue;
        };
        let mut own = Vec::new();
        while let Some((_, step)) = moves.next_if(|(id, _)| *id == trip.id) {
            own.push(step);
        }
        let visits = visits_of(&own);
        let held = held.remove(&trip.id).unwrap_or_default();
        let visit = visits.iter().find(|visit| visit.acted_at(number).is_some());
        let stands = match asked.stand {
            Stand::Held => !held.is_empty(),
            _ => visit.is_some() || number == trip.node,
        };
        let by_path = asked.path.is_none() || visit.is_some_and(|visit| visit.path == asked.path);
        let own = effects.get(&trip.id).map_or(&[][..], Vec::as_slice);
        let outcomes = match (&asked.outcome, visit) {
            (Some(wanted), Some(visit)) => outcomes_like(s, visit, number, own, wanted)?,
            _ => Vec::new(),
        };
        if !stands || !by_path || (asked.outcome.is_some() && outcomes.is_empty()) {
            rows.push(None);
            continue;
        }
        let title = titles.of(s, live, trip.version, &plan.node(number).id)?;
        let row = row_of(&names, key, trip, (&plan, number, title), (visit, held));
        rows.push(Some(TravellerRow { outcomes, ..row }));
    }
    Ok(rows)
}

/// For whom the action of a node came out as it is asked for.
fn outcomes_like(
    s: &mut dyn Session,
    visit: &Visit,
    number: i64,
    effects: &[EffectOutcome],
    (outcome, reason): &(String, Option<String>),
) -> Result<Vec<TimelineOutcome>, StoreError> {
    let Some(counted) = visit.acted_at(number).filter(|counted| !counted.is_empty()) else { return Ok(Vec::new()) };
    let people = people_named(s, std::slice::from_ref(visit), None)?;
    let mut found = outcomes_of(number, counted, &people, (effects, &[]));
    found.retain(|it| it.outcome == *outcome && (reason.is_none() || it.reason == *reason));
    Ok(found)
}

fn row_of(
    names: &Names,
    key: &str,
    trip: &EnrollmentRow,
    (plan, number, node_title): (&Plan, i64, String),
    (visit, held): (Option<&Visit>, Vec<HeldMessages>),
) -> TravellerRow {
    let here = number == trip.node;
    TravellerRow {
        id: trip.id.to_string(),
        journey: key.to_owned(),
        traveller: names.subject(plan.of_people, trip.subject),
        email: names.email(plan.of_people, trip.subject),
        entry: trip.entry,
        state: if trip.ended_at.is_some() { "ended" } else { "active" }.to_owned(),
        node: plan.node(number).id.clone(),
        node_title,
        entered_at: trip.entered_at,
        arrived_at: visit.map_or(trip.node_at, |visit| visit.arrived),
        left_at: visit.and_then(|visit| visit.left),
        path: visit.and_then(|visit| visit.path.clone()),
        outcome: trip.outcome.clone(),
        ended_at: trip.ended_at,
        due_at: trip.due_at.filter(|_| here && trip.ended_at.is_none()).map(unparked),
        outcomes: Vec::new(),
        held,
    }
}

/// A subject as shown; one that is gone keeps its number.
pub(crate) fn shown(s: &mut dyn Session, of_people: bool, id: i64) -> Result<SubjectRef, StoreError> {
    Ok(Names::of(s, std::iter::once((of_people, id)))?.subject(of_people, id))
}

/// The latest trips of an account.
pub fn trips_of_account(engine: &Engine, s: &mut dyn Session, account: i64) -> Result<Vec<TravellerRow>, StoreError> {
    trips_of(engine, s, account, false)
}

/// The latest trips of a person by itself.
pub fn trips_of_person(engine: &Engine, s: &mut dyn Session, person: i64) -> Result<Vec<TravellerRow>, StoreError> {
    trips_of(engine, s, person, true)
}

fn trips_of(
    engine: &Engine,
    s: &mut dyn Session,
    subject: i64,
    of_people: bool,
) -> Result<Vec<TravellerRow>, StoreError> {
    let live = engine.live(s)?;
    let mut rows = Vec::new();
    let mut titles = Titles::default();
    let names = Names::of(s, std::iter::once((of_people, subject)))?;
    for trip in journeys::trips_of_subject(s, subject, 50)? {
        let Some(plan) = live.plan(s, trip.version)?.filter(|plan| plan.of_people == of_people) else { continue };
        let title = titles.of(s, &live, trip.version, &plan.node(trip.node).id)?;
        rows.push(row_of(&names, &plan.key, &trip, (&plan, trip.node, title), (None, Vec::new())));
    }
    Ok(rows)
}
