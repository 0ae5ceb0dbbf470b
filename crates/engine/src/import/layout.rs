//! What the columns of an import file mean.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use caravan_model::attribute::{AttributeNo, AttributeSet, Schema};
use caravan_model::suggest::did_you_mean;

use super::ImportError;
use super::activities::ActivityTypes;
use crate::objects::Object;

/// Where the cells of a column go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// An attribute of the account or person.
    Attribute(AttributeNo),
    /// People: the account of the relation; activities: the account that the activity is about or carries.
    AccountKey,
    /// The person's roles in that account.
    AccountRoles,
    /// Whether what the row speaks of is taken away: the relation, the record, the suppression.
    Removal,
    /// Records: the account or person that they belong to.
    Owner,
    /// Suppressions: the address.
    Address,
    /// Suppressions: why.
    Reason,
    /// Consents: who said it.
    Phone,
    /// Consents: to whom.
    Sender,
    /// Consents: what.
    Consent,
    /// The activity's id.
    Id,
    /// The activity's type.
    Type,
    /// When it happened.
    At,
    /// Who acted.
    PersonKey,
    /// A field of the activity's type or of the object.
    Field(String),
    /// Nobody asked for it.
    Nothing,
}

/// What the columns of one kind of file are called.
pub(super) struct Columns<'a> {
    /// What the file holds, in sentences.
    title: &'a str,
    attributes: Option<&'a AttributeSet>,
    fields: BTreeSet<&'a str>,
    own: Vec<(&'a str, Target)>,
    /// Without one of each no row can be taken.
    required: Vec<Vec<&'a str>>,
}

const RELATION_COLUMNS: [(&str, Target); 3] =
    [("account_key", Target::AccountKey), ("account_roles", Target::AccountRoles), ("relation", Target::Removal)];

const ACTIVITY_COLUMNS: [(&str, Target); 5] = [
    ("id", Target::Id),
    ("type", Target::Type),
    ("at", Target::At),
    ("person_key", Target::PersonKey),
    ("account_key", Target::AccountKey),
];

const SUPPRESSION_COLUMNS: [(&str, Target); 3] =
    [("address", Target::Address), ("reason", Target::Reason), ("suppression", Target::Removal)];

const CONSENT_COLUMNS: [(&str, Target); 3] =
    [("phone", Target::Phone), ("sender", Target::Sender), ("consent", Target::Consent)];

impl<'a> Columns<'a> {
    /// Of accounts.
    pub(super) fn accounts(schema: &'a Schema) -> Self {
        Self::new("Accounts", &[], &[&["key"]]).with_attributes(&schema.account)
    }

    /// Of people.
    pub(super) fn people(schema: &'a Schema) -> Self {
        Self::new("People", &RELATION_COLUMNS, &[&["key"]]).with_attributes(&schema.person)
    }

    /// Of activities.
    pub(super) fn activities(types: &'a ActivityTypes) -> Self {
        let required: &[&[&str]] = &[&["type"], &["at"], &["person_key", "account_key"]];
        Self { fields: types.field_names(), ..Self::new("Activities", &ACTIVITY_COLUMNS, required) }
    }

    /// Of do-not-contact addresses.
    pub(super) fn suppressions() -> Self {
        Self::new("Suppressions", &SUPPRESSION_COLUMNS, &[&["address"]])
    }

    /// Of consent to text messages.
    pub(super) fn consents() -> Self {
        Self::new("Consents", &CONSENT_COLUMNS, &[&["phone"], &["sender"], &["consent"]])
    }

    /// Of records.
    pub(super) fn records(object: &'a Object) -> Self {
        Self {
            title: &object.name,
            attributes: None,
            fields: object.shape.fields.keys().map(String::as_str).collect(),
            own: vec![(object.shape.subject_column(), Target::Owner), ("record", Target::Removal)],
            required: vec![vec![&object.shape.primary_key]],
        }
    }

    fn new(title: &'a str, own: &[(&'a str, Target)], required: &[&'a [&'a str]]) -> Self {
        let required = required.iter().map(|names| names.to_vec()).collect();
        Self { title, attributes: None, fields: BTreeSet::new(), own: own.to_vec(), required }
    }

    fn with_attributes(self, set: &'a AttributeSet) -> Self {
        Self { attributes: Some(set), ..self }
    }

    /// What `name` is called in files of this kind.
    fn target(&self, name: &str) -> Option<Target> {
        let own = self.own.iter().find(|(own, _)| *own == name).map(|(_, target)| target.clone());
        own.or_else(|| self.fields.contains(name).then(|| Target::Field(name.to_owned())))
            .or_else(|| self.written(name).map(Target::Attribute))
    }

    /// The attribute of that name, unless nobody may write it.
    fn written(&self, name: &str) -> Option<AttributeNo> {
        let set = self.attributes?;
        set.no(name).filter(|&no| set.at(no).is_some_and(|attribute| !attribute.computed))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let attributes = self
            .attributes
            .into_iter()
            .flat_map(|set| set.iter().filter(|(_, a)| !a.computed).map(|(_, a)| a.key.as_str()));
        attributes.chain(self.own.iter().map(|(name, _)| *name)).chain(self.fields.iter().copied())
    }
}

/// The columns of one file.
pub(super) struct Layout<'a> {
    columns: Columns<'a>,
    map: HashMap<&'a str, &'a str>,
    claimed: BTreeSet<&'a str>,
    known: RefCell<HashMap<String, Target>>,
    unused: RefCell<BTreeSet<String>>,
}

impl<'a> Layout<'a> {
    /// The layout of a kind of file; `map` renames columns, and leaves out those that it gives no name.
    ///
    /// # Errors
    /// The map names something that is no column of this kind of file, or one twice.
    pub(super) fn new(columns: Columns<'a>, map: &'a [(String, String)]) -> Result<Self, ImportError> {
        let mut layout = Self {
            columns,
            map: HashMap::new(),
            claimed: BTreeSet::new(),
            known: RefCell::default(),
            unused: RefCell::default(),
        };
        for (column, name) in map {
            let left_out = name.is_empty();
            if !left_out {
                layout.columns.target(name).ok_or_else(|| layout.unknown(name))?;
            }
            if layout.map.insert(column, name).is_some() || !(left_out || layout.claimed.insert(name)) {
                let message = format!("`{column}={name}` maps something twice. Map every column and attribute once.");
                return Err(ImportError::file("duplicate_column", message));
            }
        }
        Ok(layout)
    }

    /// Where a column goes.
    ///
    /// # Errors
    /// It is unknown, and no map says which columns matter.
    pub(super) fn target(&self, column: &str) -> Result<Target, ImportError> {
        if let Some(target) = self.known.borrow().get(column) {
            return Ok(target.clone());
        }
        let name = self.map.get(column).copied();
        let own = name
            .or_else(|| (!self.claimed.contains(column)).then_some(column))
            .and_then(|name| self.columns.target(name));
        let target = match own {
            Some(target) => target,
            None if self.map.is_empty() => return Err(self.unknown(column)),
            None => {
                self.unused.borrow_mut().insert(column.to_owned());
                Target::Nothing
            }
        };
        self.known.borrow_mut().insert(column.to_owned(), target.clone());
        Ok(target)
    }

    /// The targets of a CSV header.
    ///
    /// # Errors
    /// A column is unknown or comes twice, or one is missing without which no row can be taken.
    pub(super) fn header<'h>(&self, columns: impl Iterator<Item = &'h str>) -> Result<Vec<Target>, ImportError> {
        let columns: Vec<&str> = columns.map(str::trim).collect();
        let mut targets = Vec::with_capacity(columns.len());
        for column in &columns {
            let target = self.target(column)?;
            if target != Target::Nothing && targets.contains(&target) {
                let message = format!("The column `{column}` comes twice. Remove one of them.");
                return Err(ImportError::file("duplicate_column", message));
            }
            targets.push(target);
        }
        if let Some(column) = self.map.keys().find(|column| !columns.contains(column)) {
            let hint = did_you_mean(column, columns.iter().copied());
            let message = format!("The file has no column `{column}`, which is to be mapped.{hint}");
            return Err(ImportError::file("unknown_column", message));
        }
        self.check_required(&targets)?;
        Ok(targets)
    }

    fn check_required(&self, targets: &[Target]) -> Result<(), ImportError> {
        let has = |name: &&str| self.columns.target(name).is_some_and(|target| targets.contains(&target));
        let missing = self.columns.required.iter().find(|names| !names.iter().any(has));
        let Some(missing) = missing.and_then(|names| names.first()) else { return Ok(()) };
        let message = format!(
            "The file has no column `{missing}`. Add it, or say which of its columns it is by mapping COLUMN={missing}."
        );
        Err(ImportError::file("missing_column", message))
    }

    fn unknown(&self, column: &str) -> ImportError {
        let hint = did_you_mean(column, self.columns.names());
        let hint = match hint.as_str() {
            "" if column.contains([';', '\t']) => " Columns are separated by commas.",
            "" => " Rename it, map it with COLUMN=ATTRIBUTE, or declare it first.",
            hint => hint,
        };
        let shown: String = column.chars().take(80).collect();
        ImportError::file("unknown_column", format!("{} have no column `{shown}`.{hint}", self.columns.title))
    }

    /// The columns that were ignored, as a note lists them.
    pub(super) fn unused(&self) -> Vec<String> {
        self.unused.borrow().iter().cloned().collect()
    }
}
