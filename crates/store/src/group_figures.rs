//! Buying groups counted: by stage, by score, by role, and day by day. Every figure is that of the list with the same filter.

use caravan_model::DocumentId;

use crate::error::StoreError;
use crate::group_pages::{GroupFilter, Where};
use crate::params;
use crate::people::pattern;
use crate::session::{Row, Session, SessionExt};

const OF: &str =
    "FROM buying_group AS g JOIN account AS a ON a.id = g.account_id JOIN document AS d ON d.id = g.interest_id";

/// The bands of a score: each begins where the one before ends; the last holds 100.
pub const BANDS: [(f64, f64); 4] = [(0.0, 25.0), (25.0, 50.0), (50.0, 75.0), (75.0, 100.0)];

/// Groups in each of [`BANDS`], and those without the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Banded {
    /// In the order of the bands.
    pub groups: [i64; 4],
    /// Without the score.
    pub none: i64,
}

/// Groups as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// How many.
    pub groups: i64,
    /// By completeness.
    pub completeness: Banded,
    /// By engagement.
    pub engagement: Banded,
    /// Mean of those that have it.
    pub mean_completeness: Option<f64>,
    /// Mean of those that have it.
    pub mean_engagement: Option<f64>,
}

/// A role over groups.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleFigures {
    /// Its name.
    pub role: String,
    /// Members that have it, each in each of their groups.
    pub members: i64,
    /// Groups in which somebody has it.
    pub groups: i64,
    /// Mean engagement of those members.
    pub mean_engagement: Option<f64>,
}

/// Scores of one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayFigures {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Groups that were scored.
    pub groups: i64,
    /// Their mean completeness.
    pub mean_completeness: Option<f64>,
    /// Their mean engagement.
    pub mean_engagement: Option<f64>,
}

/// Counts the groups that a filter finds, with their scores.
pub fn totals(s: &mut dyn Session, filter: &GroupFilter) -> Result<Totals, StoreError> {
    let counted = |column: &str| {
        let bands = BANDS.iter().map(|(from, to)| {
            let end = if *to >= 100.0 { "<=" } else { "<" };
            format!("COUNT(CASE WHEN {column} >= {from:.1} AND {column} {end} {to:.1} THEN 1 END)")
        });
        let bands: Vec<String> = bands.collect();
        format!("{}, COUNT(CASE WHEN {column} IS NULL THEN 1 END)", bands.join(", "))
    };
    let select = format!(
        "COUNT(*), {}, {}, AVG(g.completeness), AVG(g.engagement)",
        counted("g.completeness"),
        counted("g.engagement")
    );
    over(s, filter, &select, "", |r| {
        let banded = |at: usize| Banded {
            groups: [r.int(at), r.int(at + 1), r.int(at + 2), r.int(at + 3)],
            none: r.int(at + 4),
        };
        Ok(Totals {
            groups: r.int(0),
            completeness: banded(1),
            engagement: banded(6),
            mean_completeness: r.opt_float(11),
            mean_engagement: r.opt_float(12),
        })
    })
    .map(|rows| rows.into_iter().next().unwrap_or_default())
}

/// How many groups stand at each stage; none: at no stage yet.
pub fn by_stage(s: &mut dyn Session, filter: &GroupFilter) -> Result<Vec<(Option<String>, i64)>, StoreError> {
    over(s, filter, "g.stage, COUNT(*)", " GROUP BY g.stage ORDER BY g.stage", |r| Ok((r.opt_string(0), r.int(1))))
}

/// Every role that somebody has in the groups that a filter finds, by name.
pub fn by_role(s: &mut dyn Session, filter: &GroupFilter) -> Result<Vec<RoleFigures>, StoreError> {
    let pattern = filter.search.as_deref().map(|search| pattern(s, search));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    let sql = format!(
        "SELECT m.role, COUNT(*), COUNT(DISTINCT m.group_id), AVG(p.engagement) {OF}
         JOIN group_member AS m ON m.group_id = g.id AND NOT m.removed JOIN person AS p ON p.id = m.person_id
         WHERE g.archived_at IS NULL{sql} GROUP BY m.role ORDER BY m.role"
    );
    s.query_map(&sql, &params, |r| {
        Ok(RoleFigures { role: r.string(0), members: r.int(1), groups: r.int(2), mean_engagement: r.opt_float(3) })
    })
}

/// The scores of groups day by day from a day on, of one interest or of all; groups that were put away among them.
pub fn by_day(s: &mut dyn Session, interest: Option<DocumentId>, from: i64) -> Result<Vec<DayFigures>, StoreError> {
    let of_interest = match interest {
        Some(_) => "AND g.interest_id = $2",
        None => "AND $2 = 0",
    };
    let sql = format!(
        "SELECT d.day, COUNT(*), AVG(d.completeness), AVG(d.engagement)
         FROM score_day AS d JOIN buying_group AS g ON g.id = d.subject_id
         WHERE NOT d.of_people AND d.day >= $1 {of_interest} GROUP BY d.day ORDER BY d.day"
    );
    s.query_map(&sql, params![from, interest.map_or(0, |id| id.0)], |r| {
        Ok(DayFigures {
            day: r.int(0),
            groups: r.int(1),
            mean_completeness: r.opt_float(2),
            mean_engagement: r.opt_float(3),
        })
    })
}

fn over<T>(
    s: &mut dyn Session,
    filter: &GroupFilter,
    select: &str,
    behind: &str,
    make: impl FnMut(&dyn Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let pattern = filter.search.as_deref().map(|search| pattern(s, search));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    s.query_map(&format!("SELECT {select} {OF} WHERE g.archived_at IS NULL{sql}{behind}"), &params, make)
}
