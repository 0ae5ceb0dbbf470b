//! A journey over time and in comparison: entered and completed by day, how long it takes, who became engaged, and how its
//! versions and variants do beside each other.

use std::collections::BTreeMap;

use caravan_model::clock::from_micros;
use caravan_model::journey::{Journey, Node};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::journey_figures::{self as stored, Counts, Entered};
use caravan_store::{Session, StoreError};
use indexmap::IndexMap;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Conversion, Titles, journey_row};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::{Live, journey_of};

/// A journey in numbers, those of its audience who are only counted aside.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JourneyFigures {
    /// Its key.
    pub key: String,
    /// What became of those who entered.
    #[serde(flatten)]
    pub performance: Performance,
    /// How long it took those who completed; none while nobody has.
    pub duration: Option<Took>,
    /// Who became engaged.
    pub engagement: Engagement,
    /// Day by day in the organisation's time zone, without a gap; while the journey runs, up to now.
    pub days: Vec<JourneyDay>,
    /// Each published version by itself, oldest first.
    pub versions: Vec<VersionFigures>,
    /// Each path of each variant split that parts travellers, over all versions.
    pub variants: Vec<VariantFigures>,
}

/// What became of those who entered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Performance {
    /// Trips that began.
    pub entered: i64,
    /// Of these, those that came to an end of the map, whenever.
    pub completed: i64,
    /// Completed of entered.
    pub completion_rate: Option<f64>,
    /// How many of them reached the goal; none without a goal.
    pub goal: Option<Conversion>,
}

impl Performance {
    fn of(counts: Counts, has_goal: bool) -> Self {
        let Counts { entered, completed, before, converted } = counts;
        let goal = has_goal.then(|| {
            let mut goal = Conversion { before, converted, ..Conversion::default() };
            goal.settle(entered);
            goal
        });
        let completion_rate = (entered > 0).then(|| completed as f64 / entered as f64);
        Self { entered, completed, completion_rate, goal }
    }
}

/// How long trips took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Took {
    /// Half of them took no longer, in seconds.
    pub median_seconds: i64,
    /// Nine of ten took no longer, in seconds.
    pub p90_seconds: i64,
}

impl From<(SignedDuration, SignedDuration)> for Took {
    fn from((half, most): (SignedDuration, SignedDuration)) -> Self {
        Self { median_seconds: half.as_secs(), p90_seconds: most.as_secs() }
    }
}

/// Who did something since they entered that counts for engagement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Engagement {
    /// Accounts that entered; in a person journey, accounts of the people who did.
    pub accounts: i64,
    /// Of these, those of whose people somebody did something.
    pub engaged_accounts: i64,
    /// People of the accounts that entered; in a person journey, those who entered.
    pub people: i64,
    /// Of these, those who did something.
    pub engaged_people: i64,
}

/// A journey on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JourneyDay {
    /// The day.
    pub day: String,
    /// Trips that began.
    pub entered: i64,
    /// Trips that came to an end of the map, whenever they began.
    pub completed: i64,
}

/// A version of a journey in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VersionFigures {
    /// 1, 2, 3 …
    pub version: i64,
    /// When it was published.
    pub published_at: Timestamp,
    /// What became of those who took it.
    #[serde(flatten)]
    pub performance: Performance,
}

/// A path of a variant split in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VariantFigures {
    /// The split's name in the manifest.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// The path.
    pub path: String,
    /// What became of those who took it.
    #[serde(flatten)]
    pub performance: Performance,
}

/// The figures of a journey: of those who entered from an instant on and before another; left out, of all.
///
/// # Errors
/// There is no such journey.
pub fn figures(
    engine: &Engine,
    key: &str,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<JourneyFigures, DefinitionError> {
    engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let live = engine.live(s)?;
        let of = Entered {
            journey: row.id,
            from: from.unwrap_or(Timestamp::UNIX_EPOCH),
            until: until.unwrap_or(from_micros(i64::MAX / 2)),
        };
        let published = Published::of(s, row.id)?;
        let versions = published.figures(s, &of)?;
        let mut all = Counts::default();
        versions.iter().for_each(|(counts, _)| all += *counts);
        let of_people = live.journeys.get(&row.id).is_some_and(|journey| journey.of_people);
        let types: Vec<String> = live.weighting.counting().map(str::to_owned).collect();
        let engaged = stored::engaged(s, &of, of_people, &types)?;
        Ok(JourneyFigures {
            key: row.key.clone(),
            performance: Performance::of(all, published.has_goal()),
            duration: stored::durations(s, &of)?.map(Took::from),
            engagement: Engagement {
                accounts: engaged.accounts,
                engaged_accounts: engaged.engaged_accounts,
                people: engaged.people,
                engaged_people: engaged.engaged_people,
            },
            days: days(s, &live, &row, &of)?,
            versions: versions.into_iter().map(|(_, figures)| figures).collect(),
            variants: published.variants(s, &live, &of)?,
        })
    })
}

/// The published versions of a journey, oldest first, and what each says.
struct Published(Vec<(documents::VersionRow, Option<Journey>)>);

impl Published {
    fn of(s: &mut dyn Session, journey: caravan_model::DocumentId) -> Result<Self, StoreError> {
        let rows = documents::versions_of(s, journey)?;
        // A version that another release cannot read any more still counts, without its goal and variants.
        Ok(Self(rows.into_iter().map(|row| (journey_of(&row.body).ok(), row)).map(|(it, row)| (row, it)).collect()))
    }

    /// Whether the newest version has a goal.
    fn has_goal(&self) -> bool {
        self.0.last().is_some_and(|(_, journey)| has_goal(journey.as_ref()))
    }

    fn figures(&self, s: &mut dyn Session, of: &Entered) -> Result<Vec<(Counts, VersionFigures)>, StoreError> {
        let counted: BTreeMap<_, _> = stored::by_version(s, of)?.into_iter().collect();
        let figures = self.0.iter().map(|(row, journey)| {
            let counts = counted.get(&row.id).copied().unwrap_or_default();
            let performance = Performance::of(counts, has_goal(journey.as_ref()));
            (counts, VersionFigures { version: row.no, published_at: row.published_at, performance })
        });
        Ok(figures.collect())
    }

    /// The paths of variant splits in the order of the newest version, then those that only older ones have.
    fn variants(&self, s: &mut dyn Session, live: &Live, of: &Entered) -> Result<Vec<VariantFigures>, StoreError> {
        let mut titles = Titles::default();
        let mut numbers: BTreeMap<(i64, i64), String> = BTreeMap::new();
        let mut paths: IndexMap<(String, String), (String, Counts, bool)> = IndexMap::new();
        for (row, journey) in self.0.iter().rev() {
            let Some(journey) = journey else { continue };
            for (number, (node, labels)) in splits(journey) {
                numbers.insert((row.id.0, number), node.to_owned());
                for label in labels {
                    let path = paths.entry((node.to_owned(), label.to_owned()));
                    let title = titles.of(s, live, row.id, node)?;
                    path.or_insert((title, Counts::default(), false)).2 |= journey.goal.is_some();
                }
            }
        }
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let (versions, nodes): (Vec<i64>, Vec<i64>) = numbers.keys().copied().unzip();
        for counted in stored::by_path(s, of, &versions, &nodes)? {
            // Another version may have something else under the same number.
            let Some(node) = numbers.get(&(counted.version.0, counted.node)) else { continue };
            if let Some((_, counts, _)) = paths.get_mut(&(node.clone(), counted.path)) {
                *counts += counted.counts;
            }
        }
        let figures = paths.into_iter().map(|((node, path), (title, counts, has_goal))| VariantFigures {
            node,
            title,
            path,
            performance: Performance::of(counts, has_goal),
        });
        Ok(figures.collect())
    }
}

fn has_goal(journey: Option<&Journey>) -> bool {
    journey.is_some_and(|journey| journey.goal.is_some())
}

/// The variant splits that part travellers, by number, with their paths. A closed box parts only the people of an account.
fn splits(journey: &Journey) -> impl Iterator<Item = (i64, (&str, Vec<&str>))> {
    // 0 is the audience.
    (1..).zip(&journey.nodes).filter_map(|(number, (id, node))| match node {
        Node::VariantSplit(split) if split.by == journey.subject => {
            Some((number, (id.as_str(), split.paths.iter().map(|path| path.label.as_str()).collect())))
        }
        _ => None,
    })
}

/// Entered and completed day by day.
fn days(s: &mut dyn Session, live: &Live, row: &DocumentRow, of: &Entered) -> Result<Vec<JourneyDay>, StoreError> {
    let day_of = |at: Timestamp| live.zone().to_datetime(at).date();
    let mut days: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for quarter in stored::by_quarter(s, of)? {
        let (entered, completed) = days.entry(day_of(quarter.from)).or_default();
        *entered += quarter.entered;
        *completed += quarter.completed;
    }
    let (Some((&first, _)), Some((&last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Ok(Vec::new());
    };
    let runs = matches!(row.state.as_str(), "live" | "closed");
    // `until` itself is no part of the time.
    let latest = of.until.checked_sub(1.microsecond()).unwrap_or(of.until);
    let last = if runs { last.max(day_of(s.now()?.min(latest))) } else { last };
    let all = first.series(1.day()).take_while(|day| *day <= last);
    let figures = all.map(|day| {
        let (entered, completed) = days.get(&day).copied().unwrap_or_default();
        JourneyDay { day: day.to_string(), entered, completed }
    });
    Ok(figures.collect())
}
