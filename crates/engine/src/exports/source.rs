//! Where the rows of an export come from: the list with its columns, read page by page.

use std::collections::{BTreeSet, HashMap};

use caravan_catalog::groups as rules;
use caravan_model::attribute::{AttributeNo, AttributeSet, Subject};
use caravan_model::document::DocumentKind;
use caravan_model::value::Value;
use caravan_model::{DocumentId, Finding};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::exports::{self as stored, ActivityFilter};
use caravan_store::group_pages::{self, GroupBy, GroupFilter, ListedGroup};
use caravan_store::members::{self, MemberBy, Wanted};
use caravan_store::ordered::{Mark, Place, Sort};
use caravan_store::people::{self, ListedBy, ListedRow, PassedOver, Shown};
use caravan_store::records::{self, Table};
use caravan_store::trips::Stretch;
use caravan_store::{Session, StoreError, intake};

use super::cells::{
    Cell, OF_ACCOUNTS, OF_ACTIVITIES, OF_GROUPS, OF_MEMBERS, OF_PEOPLE, OF_TRAVELLERS, own_of_activity, own_of_group,
    own_of_listed, own_of_traveller,
};
use super::request::{
    AccountsPassedOver, ExportOf, ExportRequest, ExportedActivities, ExportedGroups, ExportedMembers, PeoplePassedOver,
};
use crate::groups::loaded;
use crate::live::Live;
use crate::members::{List, MembersError};
use crate::sorting;
use crate::status::{self, AskedTrips};

/// One column of the file.
#[derive(Debug, Clone, PartialEq)]
enum Column {
    /// An attribute, in the order of those that are read.
    Attribute(AttributeNo),
    /// What the list itself tells.
    Own(&'static str),
}

/// Why an export cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// What is asked for has mistakes.
    #[error("{}", .0.first().map(|it| it.message.as_str()).unwrap_or_default())]
    Findings(Vec<Finding>),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an export reads, with names turned into ids.
pub(super) struct Source<'a> {
    live: &'a Live,
    rows: Rows,
    columns: Vec<(String, Column)>,
}

enum Rows {
    Listed { table: Table, search: String, passed_over: Option<PassedOver>, sort: Sort<ListedBy> },
    Members { list: List, search: String, sort: Sort<MemberBy> },
    Groups { filter: GroupFilter, sort: Sort<GroupBy> },
    Travellers { journey: Box<DocumentRow>, asked: AskedTrips },
    Activities(ActivityFilter),
}

/// Attributes of the accounts of buying groups stand behind it.
const OF_ACCOUNT: &str = "account.";

impl<'a> Source<'a> {
    /// Of a request, with everything that is wrong with it.
    pub(super) fn of(s: &mut dyn Session, live: &'a Live, request: &ExportRequest) -> Result<Self, Unwritable> {
        let rows = rows(s, live, &request.of)?;
        let all = all_columns(live, &rows);
        let columns = match &request.columns {
            None => all,
            Some(names) => chosen(&all, names).map_err(Unwritable::Findings)?,
        };
        Ok(Self { live, rows, columns })
    }

    /// Names of the columns.
    pub(super) fn header(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the file tells of people.
    pub(super) fn holds_people(&self) -> bool {
        match &self.rows {
            Rows::Listed { table, .. } => *table == Table::Person,
            Rows::Members { list, .. } => list.subject == Subject::Person,
            Rows::Groups { .. } => false,
            Rows::Travellers { journey, .. } => self.live.journeys.get(&journey.id).is_some_and(|j| j.of_people),
            Rows::Activities(_) => true,
        }
    }

    /// How many rows there are, where that is cheap to tell.
    pub(super) fn count(&self, s: &mut dyn Session) -> Result<Option<i64>, StoreError> {
        Ok(match &self.rows {
            Rows::Listed { table, search, passed_over, .. } => {
                Some(people::count(s, Shown { table: *table, search, passed_over: *passed_over })?)
            }
            Rows::Members { list, search, .. } => {
                Some(members::count(s, Wanted { list: list.id, table: list.table(), search })?)
            }
            Rows::Groups { filter, .. } => Some(group_pages::count(s, filter)?),
            Rows::Travellers { journey, asked } => asked.count(s, self.live, journey)?,
            Rows::Activities(_) => None,
        })
    }

    /// The next `most` rows behind `after`, with the place of the last of them where there may be more.
    pub(super) fn page(
        &self,
        s: &mut dyn Session,
        after: Option<&Place>,
        most: usize,
    ) -> Result<(Vec<Vec<Cell>>, Option<Place>), StoreError> {
        match &self.rows {
            Rows::Listed { table, search, passed_over, sort } => {
                let shown = Shown { table: *table, search, passed_over: *passed_over };
                let rows = people::page(s, &self.live.definitions.schema, shown, *sort, after, most)?;
                let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id).collect();
                let accounts = self.accounts_of_each(s, *table, &ids)?;
                let mut values = self.attributes(s, *table, &ids)?;
                Ok(split(rows, most, |row: ListedRow| {
                    let values = values.remove(&row.id)?;
                    Some(self.cells(&values, |name| own_of_listed(name, &row, &accounts)))
                }))
            }
            Rows::Members { list, search, sort } => {
                let wanted = Wanted { list: list.id, table: list.table(), search };
                let rows = members::page(s, wanted, *sort, after, most)?;
                let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id).collect();
                let mut values = self.attributes(s, list.table(), &ids)?;
                Ok(split(rows, most, |row| {
                    let values = values.remove(&row.id)?;
                    Some(self.cells(&values, |name| match name {
                        "member_source" => Cell::plain(&row.source),
                        _ => Cell::plain(row.added_at),
                    }))
                }))
            }
            Rows::Groups { filter, sort } => {
                let rows = group_pages::page(s, filter, *sort, after, most)?;
                self.groups(s, rows, most)
            }
            Rows::Travellers { journey, asked } => {
                let stretch = Stretch { after, end: None };
                let rows = status::trips_of_journey(s, self.live, journey, asked, stretch, most)?;
                Ok(split(rows, most, |row| {
                    let row = row?;
                    Some(self.cells(&[], |name| own_of_traveller(name, &row)))
                }))
            }
            Rows::Activities(filter) => {
                let behind = after.map_or(0, |place| place.id);
                let rows = stored::activities(s, filter, behind, most)?;
                let placed = rows.into_iter().map(|row| {
                    let place = Place { id: row.id.0, mark: Mark::Missing };
                    (row, place)
                });
                Ok(split(placed.collect(), most, |row| Some(self.cells(&[], |name| own_of_activity(name, &row)))))
            }
        }
    }

    /// The attributes that are read, in the order of the columns.
    fn projection(&self) -> Vec<AttributeNo> {
        let of = |(_, column): &(String, Column)| match column {
            Column::Attribute(no) => Some(*no),
            Column::Own(_) => None,
        };
        self.columns.iter().filter_map(of).collect()
    }

    fn attributes(
        &self,
        s: &mut dyn Session,
        table: Table,
        ids: &[i64],
    ) -> Result<HashMap<i64, Vec<Value>>, StoreError> {
        let (schema, columns) = (&self.live.definitions.schema, self.projection());
        Ok(match table {
            Table::Account => {
                records::accounts(s, schema, ids, &columns)?.into_iter().map(|row| (row.id.0, row.values)).collect()
            }
            Table::Person => {
                let rows = records::people(s, schema, ids, &columns, false)?;
                rows.into_iter().map(|row| (row.id.0, row.values)).collect()
            }
        })
    }

    /// A row: the attributes in their order, and what the list itself tells.
    fn cells(&self, values: &[Value], own: impl Fn(&'static str) -> Cell) -> Vec<Cell> {
        let mut values = values.iter();
        let cell = |(_, column): &(String, Column)| match column {
            Column::Attribute(_) => values.next().map_or(Cell::Plain(String::new()), Cell::of),
            Column::Own(name) => own(name),
        };
        self.columns.iter().map(cell).collect()
    }

    /// Keys of the accounts of each of these people, where the file says them.
    fn accounts_of_each(
        &self,
        s: &mut dyn Session,
        table: Table,
        ids: &[i64],
    ) -> Result<HashMap<i64, String>, StoreError> {
        let mut accounts: HashMap<i64, String> = HashMap::new();
        if table == Table::Account || !self.columns.iter().any(|(_, column)| *column == Column::Own("accounts")) {
            return Ok(accounts);
        }
        for (person, key, _) in people::accounts_of_each(s, ids)? {
            let keys = accounts.entry(person).or_default();
            if !keys.is_empty() {
                keys.push(';');
            }
            keys.push_str(&key);
        }
        Ok(accounts)
    }

    fn groups(
        &self,
        s: &mut dyn Session,
        rows: Vec<(ListedGroup, Place)>,
        most: usize,
    ) -> Result<(Vec<Vec<Cell>>, Option<Place>), StoreError> {
        let accounts: BTreeSet<i64> = rows.iter().map(|(row, _)| row.account.0).collect();
        let accounts: Vec<i64> = accounts.into_iter().collect();
        let values = self.attributes(s, Table::Account, &accounts)?;
        let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id.0).collect();
        let mut members = loaded::members_of(s, &ids)?;
        Ok(split(rows, most, |row| {
            let group = loaded::of_listed(&row, members.remove(&row.id).unwrap_or_default());
            let interest = self.live.interests.get(&row.interest);
            let missing = interest.map(|interest| rules::missing_roles(&group, interest).join(";"));
            let values = values.get(&row.account.0)?;
            Some(self.cells(values, |name| own_of_group(name, &row, missing.as_deref().unwrap_or_default())))
        }))
    }
}

/// Rows as cells, and the place of the last unless there are fewer than `most`; who was deleted between two statements is left out.
fn split<T>(
    rows: Vec<(T, Place)>,
    most: usize,
    mut cells: impl FnMut(T) -> Option<Vec<Cell>>,
) -> (Vec<Vec<Cell>>, Option<Place>) {
    let last = rows.last().filter(|_| rows.len() == most).map(|(_, place)| place.clone());
    (rows.into_iter().filter_map(|(row, _)| cells(row)).collect(), last)
}

fn all_columns(live: &Live, rows: &Rows) -> Vec<(String, Column)> {
    let (schema, own) = (&live.definitions.schema, |names: &[&'static str]| {
        names.iter().map(|name| ((*name).to_owned(), Column::Own(name))).collect::<Vec<_>>()
    });
    let of = |set: &AttributeSet, before: &str| {
        let visible = set.iter().filter(|(_, attribute)| attribute.visible);
        visible.map(|(no, attribute)| (format!("{before}{}", attribute.key), Column::Attribute(no))).collect::<Vec<_>>()
    };
    match rows {
        Rows::Listed { table: Table::Account, .. } => [of(&schema.account, ""), own(OF_ACCOUNTS)].concat(),
        Rows::Listed { table: Table::Person, .. } => [of(&schema.person, ""), own(OF_PEOPLE)].concat(),
        Rows::Members { list, .. } => [of(schema.of(list.subject), ""), own(OF_MEMBERS)].concat(),
        Rows::Groups { .. } => [own(OF_GROUPS), of(&schema.account, OF_ACCOUNT)].concat(),
        Rows::Travellers { .. } => own(OF_TRAVELLERS),
        Rows::Activities(_) => own(OF_ACTIVITIES),
    }
}

fn chosen(all: &[(String, Column)], names: &[String]) -> Result<Vec<(String, Column)>, Vec<Finding>> {
    let mut findings = Vec::new();
    if names.is_empty() {
        let message = "`columns` is empty. Name at least one, or leave it out for all there are.";
        findings.push(Finding::error("no_columns", "/columns", message));
    }
    let mut columns: Vec<(String, Column)> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let at = format!("/columns/{i}");
        match all.iter().find(|(known, _)| known == name) {
            _ if columns.iter().any(|(known, _)| known == name) => {
                findings.push(Finding::error("repeated_column", at, format!("`{name}` is named twice. Name it once.")));
            }
            Some(column) => columns.push(column.clone()),
            None => {
                let known: Vec<&str> = all.iter().map(|(known, _)| known.as_str()).collect();
                let message = format!("There is no column `{name}`. There are: {}.", known.join(", "));
                findings.push(Finding::error("unknown_column", at, message));
            }
        }
    }
    if findings.is_empty() { Ok(columns) } else { Err(findings) }
}

fn rows(s: &mut dyn Session, live: &Live, of: &ExportOf) -> Result<Rows, Unwritable> {
    let search = |q: &Option<String>| q.clone().unwrap_or_default();
    Ok(match of {
        ExportOf::Accounts(it) => Rows::Listed {
            table: Table::Account,
            search: search(&it.q),
            passed_over: it.passed_over.map(|AccountsPassedOver::NoName| PassedOver::NoName),
            sort: ordered(
                &live.definitions.schema.account,
                it.sort.sort(it.descending),
                it.sort_attribute.as_deref(),
                "accounts",
            )?,
        },
        ExportOf::People(it) => Rows::Listed {
            table: Table::Person,
            search: search(&it.q),
            passed_over: it.passed_over.map(|why| match why {
                PeoplePassedOver::NoEmail => PassedOver::NoEmail,
                PeoplePassedOver::TestProfile => PassedOver::TestProfile,
            }),
            sort: ordered(
                &live.definitions.schema.person,
                it.sort.sort(it.descending),
                it.sort_attribute.as_deref(),
                "people",
            )?,
        },
        ExportOf::Members(it) => {
            Rows::Members { list: list(live, it)?, search: search(&it.q), sort: it.sort.sort(it.descending) }
        }
        ExportOf::BuyingGroups(it) => {
            Rows::Groups { filter: groups_of(s, live, it)?, sort: sorting::GroupOrder::sort(it.sort, it.descending) }
        }
        ExportOf::Travellers(it) => Rows::Travellers {
            journey: Box::new(journey_of(s, &it.journey)?),
            asked: AskedTrips { ended: it.ended, search: search(&it.q), sort: it.sort.sort(it.descending) },
        },
        ExportOf::Activities(it) => Rows::Activities(activities_of(s, it)?),
    })
}

fn ordered(
    set: &AttributeSet,
    own: Sort<ListedBy>,
    attribute: Option<&str>,
    of: &str,
) -> Result<Sort<ListedBy>, Unwritable> {
    let found = sorting::by_attribute(own, set, attribute, &format!("/of/{of}/sort_attribute"));
    found.map_err(|finding| Unwritable::Findings(vec![finding]))
}

fn list(live: &Live, wanted: &ExportedMembers) -> Result<List, Unwritable> {
    List::find(live, wanted.kind.into(), &wanted.key).map_err(|error| match error {
        MembersError::Store(error) => Unwritable::Store(error),
        other => unknown("/of/members/key", &other.to_string()),
    })
}

fn unknown(pointer: &str, what: &str) -> Unwritable {
    let mut letters = what.chars();
    let what: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    Unwritable::Findings(vec![Finding::error("unknown_reference", pointer, format!("{what}."))])
}

fn groups_of(s: &mut dyn Session, live: &Live, wanted: &ExportedGroups) -> Result<GroupFilter, Unwritable> {
    let interest = wanted.solution_interest.as_ref().map(|key| interest_of(live, key)).transpose()?;
    let account = id_of(s, Table::Account, wanted.account.as_deref(), "/of/buying_groups/account")?;
    Ok(GroupFilter {
        search: wanted.q.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
        interest,
        account: account.map(caravan_model::AccountId),
        stage: wanted.stage.clone(),
        status: wanted.status.clone(),
        completeness: (wanted.completeness_from, wanted.completeness_to),
        engagement: (wanted.engagement_from, wanted.engagement_to),
        missing_role: wanted.missing_role.clone(),
        present_role: wanted.present_role.clone(),
    })
}

fn interest_of(live: &Live, key: &str) -> Result<DocumentId, Unwritable> {
    let found = live.definitions.get(DocumentKind::SolutionInterest, key).map(|definition| definition.id);
    found.ok_or_else(|| {
        unknown("/of/buying_groups/solution_interest", &format!("there is no solution interest `{key}`"))
    })
}

fn journey_of(s: &mut dyn Session, key: &str) -> Result<DocumentRow, Unwritable> {
    let found = documents::get(s, DocumentKind::Journey.key(), key)?;
    found.ok_or_else(|| unknown("/of/travellers/journey", &format!("there is no journey `{key}`")))
}

fn activities_of(s: &mut dyn Session, wanted: &ExportedActivities) -> Result<ActivityFilter, Unwritable> {
    let account = id_of(s, Table::Account, wanted.account.as_deref(), "/of/activities/account")?;
    let person = id_of(s, Table::Person, wanted.person.as_deref(), "/of/activities/person")?;
    Ok(ActivityFilter {
        account: account.map(caravan_model::AccountId),
        person: person.map(caravan_model::PersonId),
        types: wanted.types.clone(),
        from: wanted.from,
        until: wanted.until,
    })
}

fn id_of(s: &mut dyn Session, table: Table, key: Option<&str>, pointer: &str) -> Result<Option<i64>, Unwritable> {
    let Some(key) = key else { return Ok(None) };
    let what = if table == Table::Account { "account" } else { "person" };
    match intake::ids_of_keys(s, table, &[key])?.first() {
        Some((_, id, _)) => Ok(Some(*id)),
        None => Err(unknown(pointer, &format!("there is no {what} with the key `{key}`"))),
    }
}
