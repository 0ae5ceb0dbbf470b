//! One row of an import file, and how it is written as CSV. The columns are those of the import format for accounts,
//! people and opportunities; an empty cell says nothing.

use std::borrow::Cow;
use std::io::{self, Write};

/// The text of one cell. Much of a sample comes from tables and is not copied.
pub type Cell = Cow<'static, str>;

/// A row type whose fields are its columns, so that header and cells cannot drift apart.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident { $($column:ident $(as $written:literal)?),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each field is the import column of the same name")]
        pub struct $name {
            $(pub $column: Cell),+
        }

        impl $name {
            /// The columns, in the order of `cells`.
            pub const HEADER: &[&str] = &[$(row!(@header $column $($written)?)),+];

            /// The cells, in the order of the header.
            pub fn cells(&self) -> [&str; Self::HEADER.len()] {
                [$(&self.$column),+]
            }

            /// Writes the rows as a CSV import file, header first.
            ///
            /// # Errors
            /// What the writer says.
            pub fn write_csv(rows: impl IntoIterator<Item = Self>, to: &mut impl Write) -> io::Result<()> {
                write_record(Self::HEADER, to)?;
                rows.into_iter().try_for_each(|row| write_record(&row.cells(), to))
            }
        }
    };
    (@header $column:ident) => { stringify!($column) };
    (@header $column:ident $written:literal) => { $written };
}

row! {
    /// A row of the accounts file.
    AccountRow {
        key, name, industry, annual_revenue, employees, sic_code, website, phone, street, city, region, state,
        postal_code, country, country_code, source_type, description, time_zone, owner_email, parent_key,
    }
}

row! {
    /// A row of the people file: one person in one account.
    PersonRow {
        key, email, salutation, first_name, middle_name, last_name, birth_date, job_title, department, phone,
        mobile_phone, street, city, state, postal_code, country, status, time_zone, locale, unsubscribed,
        unsubscribed_reason, email_invalid, sms_consent, account_key, account_roles,
    }
}

row! {
    /// A row of the opportunities file.
    OpportunityRow {
        key, account_key, name, stage, kind as "type", amount, probability, forecast_category, is_closed, is_won,
        expected_close_date, actual_close_date, fiscal_year, fiscal_quarter, lead_source, next_step,
    }
}

fn write_record(cells: &[&str], to: &mut impl Write) -> io::Result<()> {
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            to.write_all(b",")?;
        }
        write_cell(cell, to)?;
    }
    to.write_all(b"\n")
}

fn write_cell(cell: &str, to: &mut impl Write) -> io::Result<()> {
    if cell.contains([',', '"', '\n', '\r']) {
        write!(to, "\"{}\"", cell.replace('"', "\"\""))
    } else {
        to.write_all(cell.as_bytes())
    }
}
