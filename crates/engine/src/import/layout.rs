//! What the columns of an import file mean.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use caravan_model::attribute::{AttributeNo, AttributeSet, Schema};
use caravan_model::suggest::did_you_mean;

use super::activities::ActivityTypes;
use super::{ImportError, ImportKind};

/// Where the cells of a column go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// An attribute of the account or person.
    Attribute(AttributeNo),
    /// People: the account of the relation; activities: the account that the activity is about or carries.
    AccountKey,
    /// The person's roles in that account.
    AccountRoles,
    /// What to do with the relation.
    Relation,
    /// The activity's id.
    Id,
    /// The activity's type.
    Type,
    /// When it happened.
    At,
    /// Who acted.
    PersonKey,
    /// A field of the activity's type.
    Field(String),
    /// Nobody asked for it.
    Nothing,
}

/// The columns of one file.
pub(super) struct Layout<'a> {
    kind: ImportKind,
    attributes: Option<&'a AttributeSet>,
    fields: BTreeSet<&'a str>,
    map: HashMap<&'a str, &'a str>,
    claimed: BTreeSet<&'a str>,
    known: RefCell<HashMap<String, Target>>,
    unused: RefCell<BTreeSet<String>>,
}

const RELATION_COLUMNS: [(&str, Target); 3] =
    [("account_key", Target::AccountKey), ("account_roles", Target::AccountRoles), ("relation", Target::Relation)];

const ACTIVITY_COLUMNS: [(&str, Target); 5] = [
    ("id", Target::Id),
    ("type", Target::Type),
    ("at", Target::At),
    ("person_key", Target::PersonKey),
    ("account_key", Target::AccountKey),
];

impl<'a> Layout<'a> {
    /// The layout of a kind of file; `map` renames columns.
    ///
    /// # Errors
    /// The map names something that is no column of this kind of file, or one twice.
    pub(super) fn new(
        kind: ImportKind,
        schema: &'a Schema,
        types: &'a ActivityTypes,
        map: &'a [(String, String)],
    ) -> Result<Self, ImportError> {
        let attributes = match kind {
            ImportKind::Accounts => Some(&schema.account),
            ImportKind::People => Some(&schema.person),
            ImportKind::Activities => None,
        };
        let fields = if kind == ImportKind::Activities { types.field_names() } else { BTreeSet::new() };
        let mut layout = Self {
            kind,
            attributes,
            fields,
            map: HashMap::new(),
            claimed: BTreeSet::new(),
            known: RefCell::default(),
            unused: RefCell::default(),
        };
        for (column, name) in map {
            layout.own(name).ok_or_else(|| layout.unknown(name))?;
            if layout.map.insert(column, name).is_some() || !layout.claimed.insert(name) {
                let message = format!("`{column}={name}` maps something twice. Map every column and attribute once.");
                return Err(ImportError::file("duplicate_column", message));
            }
        }
        Ok(layout)
    }

    /// What `name` is called in files of this kind.
    fn own(&self, name: &str) -> Option<Target> {
        let among = |columns: &[(&str, Target)]| columns.iter().find(|(own, _)| *own == name).map(|(_, t)| t.clone());
        match self.kind {
            ImportKind::Accounts => None,
            ImportKind::People => among(&RELATION_COLUMNS),
            ImportKind::Activities => {
                among(&ACTIVITY_COLUMNS).or_else(|| self.fields.contains(name).then(|| Target::Field(name.to_owned())))
            }
        }
        .or_else(|| self.attributes.and_then(|set| set.no(name)).map(Target::Attribute))
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
        let own = name.or_else(|| (!self.claimed.contains(column)).then_some(column)).and_then(|name| self.own(name));
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
        let has = |name: &str| self.own(name).is_some_and(|target| targets.contains(&target));
        let missing = match self.kind {
            ImportKind::Accounts | ImportKind::People if !has("key") => "key",
            ImportKind::Activities if !has("type") => "type",
            ImportKind::Activities if !has("at") => "at",
            ImportKind::Activities if !has("person_key") && !has("account_key") => "person_key",
            _ => return Ok(()),
        };
        let message = format!(
            "The file has no column `{missing}`. Add it, or say which of its columns it is by mapping COLUMN={missing}."
        );
        Err(ImportError::file("missing_column", message))
    }

    fn unknown(&self, column: &str) -> ImportError {
        let attributes = self.attributes.into_iter().flat_map(|set| set.iter().map(|(_, a)| a.key.as_str()));
        let relation = RELATION_COLUMNS.iter().map(|(name, _)| *name).filter(|_| self.kind == ImportKind::People);
        let activity = ACTIVITY_COLUMNS.iter().map(|(name, _)| *name).filter(|_| self.kind == ImportKind::Activities);
        let hint = did_you_mean(column, attributes.chain(relation).chain(activity).chain(self.fields.iter().copied()));
        let hint = match hint.as_str() {
            "" if column.contains([';', '\t']) => " Columns are separated by commas.",
            "" => " Rename it, map it with COLUMN=ATTRIBUTE, or declare it first.",
            hint => hint,
        };
        let shown: String = column.chars().take(80).collect();
        ImportError::file("unknown_column", format!("{} have no column `{shown}`.{hint}", self.kind.title()))
    }

    /// The columns that were ignored, as a note lists them.
    pub(super) fn unused(&self) -> Vec<String> {
        self.unused.borrow().iter().cloned().collect()
    }
}
