//! What accounts and people are ordered by: a column of their lists, or any attribute of theirs.

use caravan_model::attribute::{Attribute, AttributeNo, Schema, account};
use caravan_model::value::ValueType;

use crate::ordered::Key;
use crate::records::Table;
use crate::session::{Dialect, Session};

/// A column that accounts and people are ordered by; one that a table lacks orders by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedBy {
    /// The key. Index: `account_key`, `person_key`.
    Key,
    /// Accounts: the name; people: first and last name.
    Name,
    /// People: the address.
    Email,
    /// Accounts: the industry; people: the job title.
    Title,
    /// The country.
    Country,
    /// Accounts: how many people; people: of how many accounts.
    Related,
    /// Accounts: how many employees.
    Employees,
    /// Accounts: the owner's address.
    Owner,
    /// People: whether they get marketing mail; those who do first.
    Subscribed,
    /// People: the engagement.
    Engagement,
    /// When it was last written.
    Updated,
    /// An attribute, of an installation's own or a standard one. No index: every row is looked at.
    Attribute(AttributeNo),
}

/// The column as SQL.
pub(super) fn key(s: &dyn Session, schema: &Schema, table: Table, by: ListedBy) -> Key {
    match (table, by) {
        (Table::Account, ListedBy::Name) => Key::text(s, "name"),
        (Table::Account, ListedBy::Title) => Key::text(s, "industry"),
        (Table::Account, ListedBy::Employees) => Key::opt_whole("employees"),
        (Table::Account, ListedBy::Owner) => Key::text(s, "owner_email"),
        (Table::Account, ListedBy::Related) => {
            Key::whole("(SELECT COUNT(*) FROM account_person AS r WHERE r.account_id = t.id)")
        }
        (Table::Person, ListedBy::Name) => {
            Key::text(s, "TRIM(COALESCE(first_name, '') || ' ' || COALESCE(last_name, ''))")
        }
        (Table::Person, ListedBy::Email) => Key::text(s, "email"),
        (Table::Person, ListedBy::Title) => Key::text(s, "job_title"),
        (Table::Person, ListedBy::Related) => {
            Key::whole("(SELECT COUNT(*) FROM account_person AS r WHERE r.person_id = t.id)")
        }
        (Table::Person, ListedBy::Subscribed) => Key::whole("(CASE WHEN unsubscribed THEN 1 ELSE 0 END)"),
        (Table::Person, ListedBy::Engagement) => Key::real("engagement"),
        (_, ListedBy::Country) => Key::text(s, "country"),
        (_, ListedBy::Updated) => Key::whole("updated_at"),
        (_, ListedBy::Attribute(no)) => attribute(s, schema, table, no),
        _ => Key::plain_text("key"),
    }
}

fn attribute(s: &dyn Session, schema: &Schema, table: Table, no: AttributeNo) -> Key {
    let set = match table {
        Table::Account => &schema.account,
        Table::Person => &schema.person,
    };
    match set.at(no) {
        None => Key::plain_text("key"),
        Some(attribute) if attribute.custom => of_json(s, attribute),
        Some(_) if table == Table::Account && no == account::PARENT_KEY => {
            Key::text(s, "(SELECT parent.key FROM account AS parent WHERE parent.id = t.parent_id)")
        }
        Some(attribute) => of_column(s, &format!("t.{}", attribute.key), attribute.value_type),
    }
}

fn of_column(s: &dyn Session, sql: &str, holds: ValueType) -> Key {
    match holds {
        ValueType::String | ValueType::Date | ValueType::DateTime => Key::text(s, sql),
        ValueType::Integer => Key::opt_whole(sql),
        ValueType::Number => Key::real(sql),
        ValueType::Boolean => Key::opt_whole(&format!("(CASE WHEN {sql} THEN 1 WHEN NOT {sql} THEN 0 END)")),
    }
}

/// A field of the row's JSON; what does not fit its type any more, after somebody changed that, counts as missing.
fn of_json(s: &dyn Session, attribute: &Attribute) -> Key {
    let field = &attribute.key;
    let value = format!("t.custom ->> '{field}'");
    let of = match s.dialect() {
        Dialect::Sqlite => format!("json_type(t.custom, '$.\"{field}\"')"),
        Dialect::Postgres => format!("jsonb_typeof(t.custom -> '{field}')"),
    };
    match attribute.value_type {
        ValueType::String | ValueType::Date | ValueType::DateTime => {
            Key::text(s, &format!("(CASE WHEN {of} IN ('text', 'string') THEN {value} END)"))
        }
        ValueType::Integer | ValueType::Number => Key::real(&format!(
            "(CASE WHEN {of} IN ('integer', 'real', 'number') THEN CAST({value} AS DOUBLE PRECISION) END)"
        )),
        ValueType::Boolean => {
            let told = match s.dialect() {
                Dialect::Sqlite => of,
                Dialect::Postgres => format!("(CASE WHEN {of} = 'boolean' THEN {value} END)"),
            };
            Key::opt_whole(&format!("(CASE {told} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)"))
        }
    }
}
