//! Trips of a journey as lists show them: narrowed by who travels, page by page in any order that is offered.
//!
//! In the order in which they entered, a search goes on as far as one look. Any other order looks at each trip of the journey to
//! find the next ones, so that nothing is spared by looking less far.

use caravan_model::DocumentId;

use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Mark, Place, Sort};
use crate::params;
use crate::people::{found_by_id, pattern};
use crate::records::Table;
use crate::search::LOOKED_AT;
use crate::session::{Param, Session, SessionExt};
use crate::step::{ENROLLMENT, ENROLLMENT_WIDTH, EnrollmentRow, read_enrollment};

/// Which trips of a journey a list shows.
#[derive(Debug, Clone, Copy)]
pub struct TripFilter<'a> {
    /// The journey.
    pub journey: DocumentId,
    /// Who travels in it.
    pub of: Table,
    /// Only those that have, or have not, ended.
    pub ended: Option<bool>,
    /// Only those of travellers in whom this text occurs; all when it is blank.
    pub search: &'a str,
}

impl TripFilter<'_> {
    fn ended_sql(&self) -> &'static str {
        match self.ended {
            None => "TRUE",
            Some(true) => "e.ended_at IS NOT NULL",
            Some(false) => "e.ended_at IS NULL",
        }
    }

    /// `$1` is the journey, `$2` the pattern of the search.
    fn sql(&self) -> String {
        let ended = self.ended_sql();
        let found = match self.search.trim().is_empty() {
            true => "CAST($2 AS TEXT) IS NOT NULL".to_owned(),
            false => found_by_id(self.of, "e.subject_id", 2),
        };
        format!("e.journey_id = $1 AND {ended} AND {found}")
    }
}

/// What a list of trips is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripBy {
    /// Who entered first.
    Entered,
    /// The name of who travels.
    Name,
    /// When they move next by themselves.
    Due,
    /// When they ended.
    Ended,
    /// How they ended.
    Outcome,
}

/// The part of a list that one page is taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stretch<'a> {
    /// It begins behind this place; at the first trip where there is none.
    pub after: Option<&'a Place>,
    /// It ends with this place, of the order in which they entered; with the last trip where there is none.
    pub end: Option<&'a Place>,
}

fn order(s: &dyn Session, of: Table, by: TripBy) -> Key {
    match (by, of) {
        // Not by id: each process takes its ids from blocks of its own.
        (TripBy::Entered, _) => Key::whole("e.entered_at"),
        (TripBy::Name, Table::Account) => Key::text(s, "(SELECT t.name FROM account AS t WHERE t.id = e.subject_id)"),
        (TripBy::Name, Table::Person) => Key::text(
            s,
            "(SELECT COALESCE(NULLIF(TRIM(COALESCE(t.first_name, '') || ' ' || COALESCE(t.last_name, '')), ''), t.email)
              FROM person AS t WHERE t.id = e.subject_id)",
        ),
        (TripBy::Due, _) => Key::opt_whole("(CASE WHEN e.ended_at IS NULL THEN e.due_at END)"),
        (TripBy::Ended, _) => Key::opt_whole("e.ended_at"),
        (TripBy::Outcome, _) => Key::text(s, "e.outcome"),
    }
}

/// Where a look ends that begins behind `after`, whoever is found; none where no more trips than that have, or have not, ended.
/// Index: `enrollment_entered`.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn end_of_look(
    s: &mut dyn Session,
    filter: TripFilter<'_>,
    descending: bool,
    after: Option<&Place>,
) -> Result<Option<Place>, StoreError> {
    let (than, direction, first) = if descending { ("<", "DESC", i64::MAX) } else { (">", "ASC", i64::MIN) };
    let (entered, id) = match after {
        None => (first, first),
        Some(Place { mark: Mark::Whole(entered), id }) => (*entered, *id),
        Some(_) => return Err(StoreError::Stale("the order of the list".to_owned())),
    };
    let ended = filter.ended_sql();
    let sql = format!(
        "SELECT e.entered_at, e.id FROM enrollment AS e
         WHERE e.journey_id = $1 AND {ended} AND (e.entered_at, e.id) {than} ($2, $3)
         ORDER BY e.entered_at {direction}, e.id {direction} LIMIT 1 OFFSET $4"
    );
    s.query_opt(&sql, params![filter.journey, entered, id, LOOKED_AT as i64 - 1], |r| {
        Ok(Place { mark: Mark::Whole(r.int(0)), id: r.int(1) })
    })
}

/// The next `most` trips of a stretch, each with its place. Index: `enrollment_entered`.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where the stretch begins at a place in another order.
pub fn page(
    s: &mut dyn Session,
    filter: TripFilter<'_>,
    sort: Sort<TripBy>,
    stretch: Stretch<'_>,
    most: usize,
) -> Result<Vec<(EnrollmentRow, Place)>, StoreError> {
    let pattern = pattern(s, filter.search.trim());
    let mut from = format!("enrollment AS e WHERE {}", filter.sql());
    let mut params = vec![Param::Int(filter.journey.0), Param::Text(&pattern)];
    if let Some(Place { mark: Mark::Whole(entered), id }) = stretch.end {
        let than = if sort.descending { ">=" } else { "<=" };
        from.push_str(&format!(" AND (e.entered_at, e.id) {than} ($3, $4)"));
        params.extend([Param::Int(*entered), Param::Int(*id)]);
    }
    let listing = Listing { columns: ENROLLMENT, width: ENROLLMENT_WIDTH, from: &from, id: "e.id", params };
    let sort = Sort { by: order(s, filter.of, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, stretch.after, most, |r| Ok(read_enrollment(r)))
}

/// How many trips there are; none where they are more than `most`, which are then not counted.
pub fn count(s: &mut dyn Session, filter: TripFilter<'_>, most: usize) -> Result<Option<i64>, StoreError> {
    let pattern = pattern(s, filter.search.trim());
    let sql = format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM enrollment AS e WHERE {} LIMIT $3) AS counted",
        filter.sql()
    );
    let params = [Param::Int(filter.journey.0), Param::Text(&pattern), Param::Int(most as i64 + 1)];
    Ok(Some(s.query_int(&sql, &params)?).filter(|count| *count <= most as i64))
}
