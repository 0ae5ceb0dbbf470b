//! Trips of a journey as lists show them: narrowed by who travels, page by page in any order that is offered.

use caravan_model::{DocumentId, EnrollmentId};

use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::people::{found_by_id, pattern};
use crate::records::Table;
use crate::session::{Param, Session, SessionExt};
use crate::step::{ENROLLMENT, ENROLLMENT_WIDTH, EnrollmentRow, enrollments_where, read_enrollment};

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
    /// `$1` is the journey, `$2` the pattern of the search.
    fn sql(&self) -> String {
        let ended = match self.ended {
            None => "TRUE",
            Some(true) => "e.ended_at IS NOT NULL",
            Some(false) => "e.ended_at IS NULL",
        };
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

/// The next `most` trips behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    filter: TripFilter<'_>,
    sort: Sort<TripBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(EnrollmentRow, Place)>, StoreError> {
    let pattern = pattern(s, filter.search.trim());
    let listing = Listing {
        columns: ENROLLMENT,
        width: ENROLLMENT_WIDTH,
        from: &format!("enrollment AS e WHERE {}", filter.sql()),
        id: "e.id",
        params: vec![Param::Int(filter.journey.0), Param::Text(&pattern)],
    };
    let sort = Sort { by: order(s, filter.of, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, |r| Ok(read_enrollment(r)))
}

/// The next `most` trips behind `after`, by id.
pub fn next(
    s: &mut dyn Session,
    filter: TripFilter<'_>,
    after: EnrollmentId,
    most: usize,
) -> Result<Vec<EnrollmentRow>, StoreError> {
    let pattern = pattern(s, filter.search.trim());
    let condition = format!("{} AND e.id > $3 ORDER BY e.id LIMIT $4", filter.sql());
    let params = [Param::Int(filter.journey.0), Param::Text(&pattern), Param::Int(after.0), Param::Int(most as i64)];
    enrollments_where(s, &condition, &params)
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
