//! The rows of one chunk: what each kind of file reads a row into, and how a chunk of them is applied.

use caravan_store::{Session, StoreError};

use super::activities;
use super::consents::{self, ConsentDraft};
use super::draft::{self, Draft};
use super::layout::{Columns, Target};
use super::reader::Cell;
use super::records::{self, RecordDraft};
use super::suppressions::{self, SuppressionDraft};
use super::{
    ActivityTypes, Chunk, ImportError, ImportKind, IncomingActivity, Observer, Outcome, Reject, accounts, people,
};
use crate::live::Live;
use crate::objects::Object;

/// What a file holds, with everything that its rows are read by.
pub(super) enum Kind {
    Accounts,
    People,
    Activities(ActivityTypes),
    Suppressions,
    Consents,
    Records(Object),
}

impl Kind {
    /// The kind that is asked for.
    ///
    /// # Errors
    /// It is an object that there is not.
    pub(super) fn of(asked: &ImportKind, live: &Live) -> Result<Self, ImportError> {
        Ok(match asked {
            ImportKind::Accounts => Self::Accounts,
            ImportKind::People => Self::People,
            ImportKind::Activities => Self::Activities(ActivityTypes::of(&live.definitions)),
            ImportKind::Suppressions => Self::Suppressions,
            ImportKind::Consents => Self::Consents,
            ImportKind::Records(key) => {
                let found = Object::find(&live.definitions, key);
                let unknown = || ImportError::file("unknown_object", Object::unknown(&live.definitions, key));
                Self::Records(found.ok_or_else(unknown)?)
            }
        })
    }

    /// What its columns are called.
    pub(super) fn columns<'a>(&'a self, live: &'a Live) -> Columns<'a> {
        match self {
            Self::Accounts => Columns::accounts(&live.definitions.schema),
            Self::People => Columns::people(&live.definitions.schema),
            Self::Activities(types) => Columns::activities(types),
            Self::Suppressions => Columns::suppressions(),
            Self::Consents => Columns::consents(),
            Self::Records(object) => Columns::records(object),
        }
    }

    /// No rows of it.
    pub(super) fn no_rows(&self) -> Rows<'_> {
        match self {
            Self::Accounts => Rows::Accounts(Vec::new()),
            Self::People => Rows::People(Vec::new()),
            Self::Activities(types) => Rows::Activities(types, Vec::new()),
            Self::Suppressions => Rows::Suppressions(Vec::new()),
            Self::Consents => Rows::Consents(Vec::new()),
            Self::Records(object) => Rows::Records(object, Vec::new()),
        }
    }
}

/// Rows of one kind that were read and wait to be applied.
pub(super) enum Rows<'k> {
    Accounts(Vec<Draft>),
    People(Vec<Draft>),
    Activities(&'k ActivityTypes, Vec<(u64, IncomingActivity)>),
    Suppressions(Vec<SuppressionDraft>),
    Consents(Vec<ConsentDraft>),
    Records(&'k Object, Vec<RecordDraft>),
}

impl Rows<'_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Accounts(rows) | Self::People(rows) => rows.len(),
            Self::Activities(_, rows) => rows.len(),
            Self::Suppressions(rows) => rows.len(),
            Self::Consents(rows) => rows.len(),
            Self::Records(_, rows) => rows.len(),
        }
    }

    /// Reads one row.
    pub(super) fn read<'c>(
        &mut self,
        line: u64,
        cells: impl Iterator<Item = (&'c Target, Cell<'c>)>,
        live: &Live,
        source: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), Reject> {
        let schema = &live.definitions.schema;
        match self {
            Self::Accounts(rows) => rows.push(draft::read(line, cells, &schema.account)?),
            Self::People(rows) => rows.push(draft::read(line, cells, &schema.person)?),
            Self::Activities(types, rows) => {
                let activity = activities::read(line, cells, types, source)?;
                observer.activity(&activity);
                rows.push((line, activity));
            }
            Self::Suppressions(rows) => rows.push(suppressions::read(line, cells)?),
            Self::Consents(rows) => rows.push(consents::read(line, cells)?),
            Self::Records(object, rows) => rows.push(records::read(line, cells, object)?),
        }
        Ok(())
    }

    /// Accounts may wait for their parents, and people come several times: those rows are drafts of profiles.
    pub(super) fn profiles(&mut self) -> Option<&mut Vec<Draft>> {
        match self {
            Self::Accounts(rows) | Self::People(rows) => Some(rows),
            _ => None,
        }
    }

    /// Folds them over what is stored and writes what differs.
    pub(super) fn apply(&self, s: &mut dyn Session, chunk: &Chunk<'_>) -> Result<Outcome, StoreError> {
        match self {
            Self::Accounts(rows) => accounts::apply(s, chunk, rows),
            Self::People(rows) => people::apply(s, chunk, rows),
            Self::Activities(_, rows) => activities::apply(s, rows),
            Self::Suppressions(rows) => suppressions::apply(s, chunk, rows),
            Self::Consents(rows) => consents::apply(s, chunk, rows),
            Self::Records(object, rows) => records::apply(s, chunk, object, rows),
        }
    }
}
