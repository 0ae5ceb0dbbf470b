//! Scoring everybody: what people did in the last thirty days, what it makes of them, and of their groups.
//!
//! Scores compare with the most engaged of the installation, so a run looks at everybody; it writes only what became
//! another. It goes shard by shard in short transactions and may be begun again at any point: nobody else writes scores.

use std::collections::{BTreeMap, BTreeSet};

use caravan_catalog::changes::NewActivity;
use caravan_catalog::definitions::Interest;
use caravan_catalog::engagement::{self as formulas, Engaged, GroupSum, PersonSum, WINDOW_DAYS, Weights};
use caravan_catalog::groups::SMALLEST_CHANGE;
use caravan_model::{GroupId, PersonId, SHARDS, Shard};
use caravan_store::engagement::{self as stored, CountRow, PersonScore, QuarterCount, RunRow, ScoreDay, ScoredGroup};
use caravan_store::step;
use caravan_store::{Session, StoreError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::Engine;
use crate::live::Live;

/// People or groups per transaction.
const CHUNK: usize = 2_000;
/// Days for which scores are kept.
const KEPT_DAYS: i64 = 800;
/// The type of activity that tells of a group's new score.
const CHANGED: &str = "engagement_changed";

/// What a person did, and what others did not do to them: email, web, forms and interesting moments. `*` stands for anything.
pub const DEEDS: &[&str] = &[
    "email_opened",
    "email_clicked",
    "email_unsubscribed",
    "sms_opted_out",
    "sms_clicked*",
    "sms_received*",
    "interesting_moment",
    "page_*",
    "form_*",
    "link_*",
];

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Scored {
    /// People whose score is above 0.
    pub people: u64,
    /// People whose score became another.
    pub people_changed: u64,
    /// Groups.
    pub groups: u64,
    /// Groups whose score became another.
    pub groups_changed: u64,
}

/// From when to when activities count for a day, and the day as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Days since 1970-01-01.
    pub day: i64,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Window {
    /// The thirty days that end with the organisation's day of an instant.
    pub fn at(now: Timestamp, live: &Live) -> Self {
        Self::ending(live.zone().to_datetime(now).date(), live)
    }

    /// The thirty days that end with a day.
    pub fn ending(last: Date, live: &Live) -> Self {
        let begins = |day: Date| live.zone().to_zoned(day.at(0, 0, 0, 0)).map_or(Timestamp::MIN, |at| at.timestamp());
        let first = last.saturating_sub((WINDOW_DAYS - 1).days());
        Self { day: number_of(last), from: begins(first), to: begins(last.saturating_add(1.day())) }
    }

    /// The window of a stored run.
    pub fn of_run(run: &RunRow, live: &Live) -> Self {
        Self::ending(date_of(run.day), live)
    }
}

/// Days since 1970-01-01.
pub fn number_of(day: Date) -> i64 {
    i64::from(Date::constant(1970, 1, 1).until(day).map_or(0, |span| span.get_days()))
}

/// The day of such a number.
pub fn date_of(number: i64) -> Date {
    Date::constant(1970, 1, 1).saturating_add(number.days())
}

/// Scores everybody as of now.
///
/// # Errors
/// The store's; beginning again is safe.
pub fn run(engine: &Engine) -> Result<Scored, StoreError> {
    let (live, now) = engine.store().read(|s| Ok::<_, StoreError>((engine.live(s)?, s.now()?)))?;
    let window = Window::at(now, &live);
    let run = Run { engine, live: &live, window, now };
    run.count_everybody()?;
    let (weights, largest_person) = run.weigh()?;
    let mut done = Scored::default();
    run.score_people(&weights, largest_person, &mut done)?;
    let largest_group = run.sum_groups()?;
    run.score_groups(largest_group, &mut done)?;
    engine.store().write(|s| {
        let finished_at = Some(s.now()?);
        let row = RunRow {
            day: window.day,
            norm: formulas::NORM.to_owned(),
            model: Some(live.weighting.key.clone()),
            weights: json!(weights).to_string(),
            largest_person,
            largest_group,
            started_at: now,
            finished_at,
        };
        stored::put_run(s, &row)
    })?;
    engine.poke();
    Ok(done)
}

struct Run<'a> {
    engine: &'a Engine,
    live: &'a Live,
    window: Window,
    now: Timestamp,
}

impl Run<'_> {
    /// Counts what everybody did within the window; writes what is not as it was counted last.
    fn count_everybody(&self) -> Result<(), StoreError> {
        let types: Vec<String> = self.live.weighting.counting().map(str::to_owned).collect();
        for shard in (0..SHARDS).map(Shard) {
            let mut after = PersonId(0);
            loop {
                let (last, news) = self.engine.store().read(|s| self.count(s, shard, after, &types))?;
                if !news.is_empty() {
                    self.engine.store().write(|s| {
                        stored::delete_counts(s, &news.gone)?;
                        stored::put_counts(s, &news.new)
                    })?;
                }
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// What of the next people's counts is not as stored, and the last of them; none: nobody is left behind them.
    fn count(
        &self,
        s: &mut dyn Session,
        shard: Shard,
        after: PersonId,
        types: &[String],
    ) -> Result<(Option<PersonId>, News), StoreError> {
        let people = stored::people_in_shard(s, shard, after, CHUNK)?;
        let more = people.len() == CHUNK;
        let last = people.last().copied().filter(|_| more);
        let ids: Vec<i64> = people.iter().map(|id| id.0).collect();
        let window = (self.window.from, self.window.to);
        let quarters = match ids.is_empty() || types.is_empty() {
            true => Vec::new(),
            false => stored::quarters(s, &ids, types, window, self.now)?,
        };
        let counts = by_type(shard, &quarters, self.live);
        // Those behind the last of the shard's people are of people who are gone.
        let known = stored::counts(s, shard, after, last.unwrap_or(PersonId(i64::MAX)))?;
        Ok((last, News::between(known, counts)))
    }

    /// The weights of this run, and the largest sum of a person.
    fn weigh(&self) -> Result<(Weights, f64), StoreError> {
        self.engine.store().read(|s| {
            let occurred: BTreeSet<String> = stored::counted_types(s)?.into_iter().collect();
            let weights = formulas::normalised(&self.live.weighting.points, &occurred);
            let mut largest = 0.0_f64;
            for shard in (0..SHARDS).map(Shard) {
                let mut sum = (PersonId(0), 0.0);
                stored::each_count(s, shard, &mut |row| {
                    if row.person != sum.0 {
                        sum = (row.person, 0.0);
                    }
                    sum.1 += row.counted as f64 * weights.get(&row.kind).copied().unwrap_or(0.0);
                    largest = largest.max(sum.1);
                    Ok(())
                })?;
            }
            Ok((weights, largest))
        })
    }

    fn score_people(&self, weights: &Weights, largest: f64, done: &mut Scored) -> Result<(), StoreError> {
        for shard in (0..SHARDS).map(Shard) {
            let mut after = PersonId(0);
            loop {
                let (old, counts) = self.engine.store().read(|s| {
                    let old = stored::scored_in_shard(s, shard, after, CHUNK)?;
                    let last = old.last().map_or(after, |row| row.person);
                    let counts = stored::counts(s, shard, after, last)?;
                    Ok::<_, StoreError>((old, counts))
                })?;
                let Some(last) = old.last() else { break };
                after = last.person;
                let new = scores_of(&old, &counts, weights, largest);
                self.write_people(shard, &old, &new, done)?;
                if old.len() < CHUNK {
                    break;
                }
            }
        }
        Ok(())
    }

    fn write_people(
        &self,
        shard: Shard,
        old: &[PersonScore],
        new: &[PersonScore],
        done: &mut Scored,
    ) -> Result<(), StoreError> {
        let changed: Vec<PersonScore> =
            old.iter().zip(new).filter(|(old, new)| old.engagement != new.engagement).map(|(_, new)| *new).collect();
        let day = |row: &&PersonScore| row.engagement > 0.0;
        let days: Vec<ScoreDay> = new.iter().filter(day).map(person_day).collect();
        done.people += days.len() as u64;
        done.people_changed += changed.len() as u64;
        self.engine.store().write(|s| {
            stored::set_scores(s, &changed)?;
            stored::put_score_days(s, (shard, self.window.day, true), formulas::NORM, &days)?;
            let people = changed.iter().map(|row| row.person).collect();
            let marks = crate::save::marks_of_people(s, self.live, "person.engagement", people, self.now)?;
            step::insert_inbox(s, &marks)
        })
    }

    /// Sums every group up; returns the largest sum.
    fn sum_groups(&self) -> Result<f64, StoreError> {
        let mut largest = 0.0_f64;
        self.each_chunk_of_groups(|_, groups| {
            let sums = self.engine.store().read(|s| self.sums(s, groups))?;
            largest = sums.iter().map(|(_, raw)| *raw).fold(largest, f64::max);
            let known: BTreeMap<GroupId, Option<f64>> = groups.iter().map(|group| (group.id, group.raw)).collect();
            let changed: Vec<(GroupId, f64)> =
                sums.into_iter().filter(|(id, raw)| known.get(id) != Some(&Some(*raw))).collect();
            match changed.is_empty() {
                true => Ok(()),
                false => self.engine.store().write(|s| stored::set_group_sums(s, &changed)),
            }
        })?;
        Ok(largest)
    }

    fn sums(&self, s: &mut dyn Session, groups: &[ScoredGroup]) -> Result<Vec<(GroupId, f64)>, StoreError> {
        let ids: Vec<i64> = groups.iter().map(|group| group.id.0).collect();
        let mut members: BTreeMap<GroupId, Vec<stored::ScoredMember>> = BTreeMap::new();
        for member in stored::members_of(s, &ids)? {
            members.entry(member.group).or_default().push(member);
        }
        let sum = |group: &ScoredGroup| {
            let interest = self.live.interests.get(&group.interest)?;
            let members = members.get(&group.id).map(Vec::as_slice).unwrap_or_default();
            Some((group.id, sum_of(members, interest).raw))
        };
        Ok(groups.iter().filter_map(sum).collect())
    }

    fn score_groups(&self, largest: f64, done: &mut Scored) -> Result<(), StoreError> {
        self.each_chunk_of_groups(|shard, groups| {
            done.groups += groups.len() as u64;
            done.groups_changed += self.engine.store().write(|s| self.write_groups(s, shard, groups, largest))?;
            Ok(())
        })?;
        self.engine.store().write(|s| {
            for shard in (0..SHARDS).map(Shard) {
                stored::forget_score_days(s, shard, self.window.day - KEPT_DAYS)?;
            }
            Ok(())
        })
    }

    /// Writes the scores of a shard's groups that became another, and tells of them. Returns how many.
    fn write_groups(
        &self,
        s: &mut dyn Session,
        shard: Shard,
        groups: &[ScoredGroup],
        largest: f64,
    ) -> Result<u64, StoreError> {
        let claim = step::claim_these(s, &[shard])?;
        let mut changed = Vec::new();
        let mut days = Vec::with_capacity(groups.len());
        let mut told = Vec::new();
        for group in groups {
            let new = group.raw.map(|raw| formulas::scaled(raw, largest));
            let day = ScoreDay { subject: group.id.0, completeness: group.completeness, engagement: new };
            days.push(day);
            let Some(new) = new.filter(|new| group.engagement != Some(*new)) else { continue };
            changed.push((group.id, new));
            if group.engagement.is_none_or(|old| (new - old).abs() >= SMALLEST_CHANGE) {
                told.extend(self.news(group, new, claim.now));
            }
        }
        stored::set_group_scores(s, &changed, claim.now)?;
        stored::put_score_days(s, (shard, self.window.day, false), formulas::NORM, &days)?;
        let mut inbox = crate::save::activities(s, self.live, &claim, &told)?;
        let changed: Vec<GroupId> = changed.into_iter().map(|(id, _)| id).collect();
        inbox.extend(crate::groups::marks(s, self.live, &changed, claim.now)?);
        step::insert_inbox(s, &inbox)?;
        step::release(s, &claim)?;
        Ok(changed.len() as u64)
    }

    fn news(&self, group: &ScoredGroup, new: f64, at: Timestamp) -> Option<NewActivity> {
        let interest = self.live.interests.get(&group.interest)?;
        let fields = json!({"solution_interest": interest.key, "old": group.engagement, "new": new});
        Some(NewActivity {
            kind: CHANGED,
            at,
            account: Some(group.account),
            person: None,
            enrollment: None,
            node: None,
            source: "system".into(),
            fields: fields.to_string(),
        })
    }

    fn each_chunk_of_groups(
        &self,
        mut each: impl FnMut(Shard, &[ScoredGroup]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for shard in (0..SHARDS).map(Shard) {
            let mut after = GroupId(0);
            loop {
                let groups = self.engine.store().read(|s| stored::groups_in_shard(s, shard, after, CHUNK))?;
                let Some(last) = groups.last() else { break };
                after = last.id;
                each(shard, &groups)?;
                if groups.len() < CHUNK {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// A group's sum over its members.
pub(crate) fn sum_of(members: &[stored::ScoredMember], interest: &Interest) -> GroupSum {
    let engaged: Vec<Engaged<'_>> =
        members.iter().map(|member| Engaged { role: &member.role, score: member.engagement }).collect();
    let cards: Vec<(&str, u32)> = interest.roles.iter().map(|card| (card.role.as_str(), card.weight)).collect();
    GroupSum::of(&engaged, &cards)
}

fn person_day(row: &PersonScore) -> ScoreDay {
    ScoreDay { subject: row.person.0, completeness: None, engagement: Some(row.engagement) }
}

/// The score of each of these people; their counts are in the same order.
fn scores_of(people: &[PersonScore], counts: &[CountRow], weights: &Weights, largest: f64) -> Vec<PersonScore> {
    let mut of_person: BTreeMap<PersonId, Vec<(&str, i64)>> = BTreeMap::new();
    for row in counts {
        of_person.entry(row.person).or_default().push((&row.kind, row.counted));
    }
    let score = |row: &PersonScore| {
        let counts = of_person.get(&row.person).map(Vec::as_slice).unwrap_or_default();
        let sum = PersonSum::of(counts.iter().copied(), weights);
        PersonScore { person: row.person, engagement: formulas::scaled(sum.raw, largest) }
    };
    people.iter().map(score).collect()
}

/// What a person did of one type on one of the organisation's days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayCount {
    pub person: PersonId,
    pub kind: String,
    pub day: Date,
    pub n: i64,
    pub last_at: Timestamp,
}

/// Quarters of hours as days; they come by person, type and time.
pub(crate) fn by_day(quarters: &[QuarterCount], live: &Live) -> Vec<DayCount> {
    let mut days: Vec<DayCount> = Vec::new();
    for quarter in quarters {
        let day = live.zone().to_datetime(quarter.from).date();
        match days.last_mut() {
            Some(last) if last.person == quarter.person && last.kind == quarter.kind && last.day == day => {
                last.n += quarter.n;
                last.last_at = last.last_at.max(quarter.last_at);
            }
            _ => days.push(DayCount {
                person: quarter.person,
                kind: quarter.kind.clone(),
                day,
                n: quarter.n,
                last_at: quarter.last_at,
            }),
        }
    }
    days
}

fn by_type(shard: Shard, quarters: &[QuarterCount], live: &Live) -> Vec<CountRow> {
    let mut counts: Vec<CountRow> = Vec::new();
    for day in by_day(quarters, live) {
        let counted = formulas::counted(day.n);
        match counts.last_mut() {
            Some(last) if last.person == day.person && last.kind == day.kind => {
                last.counted += counted;
                last.total += day.n;
                last.last_at = last.last_at.max(day.last_at);
            }
            _ => counts.push(CountRow {
                shard,
                person: day.person,
                kind: day.kind,
                counted,
                total: day.n,
                last_at: day.last_at,
            }),
        }
    }
    counts
}

/// Counts that are not as they are stored.
#[derive(Debug, Default)]
struct News {
    new: Vec<CountRow>,
    gone: Vec<CountRow>,
}

impl News {
    fn between(stored: Vec<CountRow>, counted: Vec<CountRow>) -> Self {
        let known: BTreeSet<&CountRow> = stored.iter().collect();
        let kept: BTreeSet<(PersonId, String)> = counted.iter().map(|row| (row.person, row.kind.clone())).collect();
        let new = counted.iter().filter(|row| !known.contains(row)).cloned().collect();
        let gone = stored.into_iter().filter(|row| !kept.contains(&(row.person, row.kind.clone()))).collect();
        Self { new, gone }
    }

    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty()
    }
}
