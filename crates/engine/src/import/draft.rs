//! One row of accounts or people, read and checked by itself: what it wants to be stored.

use caravan_model::attribute::{Attribute, AttributeNo, AttributeSet, Subject, account, person};
use caravan_model::value::{Value, ValueType};
use serde_json::Value as Json;

use super::Reject;
use super::layout::Target;
use super::reader::Cell;

/// The longest key and role, in characters.
const MAX_KEY_CHARS: usize = 255;

/// What a row says about one account or person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draft {
    /// Where it came from.
    pub line: u64,
    /// Whom it is about.
    pub key: String,
    /// The attributes that it sets or clears.
    pub values: Vec<(AttributeNo, Value)>,
    /// Accounts: sets or clears the parent.
    pub parent: Option<Option<String>>,
    /// People: the account of this row.
    pub relation: Option<RelationDraft>,
}

impl Draft {
    /// The value that it sets an attribute to.
    pub(super) fn value(&self, no: AttributeNo) -> Option<&Value> {
        self.values.iter().find(|(other, _)| *other == no).map(|(_, value)| value)
    }

    pub(super) fn refuse(&self, code: &'static str, message: String) -> Reject {
        Reject::new(self.line, code, message)
    }
}

/// What a row says about one account of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RelationDraft {
    /// The account's key.
    pub account_key: String,
    /// The roles there, when it says something about them.
    pub roles: Option<Vec<String>>,
    /// The relation ends.
    pub remove: bool,
}

/// Why a cell was refused: code and sentence.
type Refusal = (&'static str, String);

/// The cells of a relation, which may come in any order.
#[derive(Default)]
struct RelationCells {
    account_key: Option<String>,
    roles: Option<Vec<String>>,
    remove: bool,
}

/// Reads the cells of one row.
pub(super) fn read<'c>(
    line: u64,
    cells: impl Iterator<Item = (&'c Target, Cell<'c>)>,
    set: &AttributeSet,
) -> Result<Draft, Reject> {
    let mut draft = Draft { line, ..Draft::default() };
    let mut relation = RelationCells::default();
    for (target, cell) in cells {
        take(&mut draft, &mut relation, target, cell, set)
            .map_err(|(code, message)| Reject::new(line, code, message))?;
    }
    if draft.key.is_empty() {
        let message = "The row has no `key`. Give the natural key that the source system uses.";
        return Err(draft.refuse("missing_key", message.to_owned()));
    }
    draft.relation = relation.whole().map_err(|(code, message)| Reject::new(line, code, message))?;
    Ok(draft)
}

fn take(
    draft: &mut Draft,
    relation: &mut RelationCells,
    target: &Target,
    cell: Cell<'_>,
    set: &AttributeSet,
) -> Result<(), Refusal> {
    match target {
        Target::Attribute(no) => take_attribute(draft, *no, cell, set),
        Target::AccountKey => {
            relation.account_key = read_key("account_key", cell)?;
            Ok(())
        }
        Target::AccountRoles => {
            relation.roles = read_roles(cell)?;
            Ok(())
        }
        Target::Removal => {
            relation.remove = read_removal("relation", cell)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn take_attribute(draft: &mut Draft, no: AttributeNo, cell: Cell<'_>, set: &AttributeSet) -> Result<(), Refusal> {
    let Some(attribute) = set.at(no) else { return Ok(()) };
    let whose = set.subject();
    // Standard attributes come first and both subjects begin with their key.
    if no == account::KEY {
        draft.key = read_key("key", cell)?.unwrap_or_default();
        return Ok(());
    }
    if whose == Subject::Account && no == account::PARENT_KEY {
        draft.parent = match cell {
            Cell::Empty => None,
            Cell::Clear => Some(None),
            cell => read_key("parent_key", cell)?.map(Some),
        };
        return Ok(());
    }
    let value = match cell {
        Cell::Empty => return Ok(()),
        Cell::Clear => attribute.read_json(&Json::Null).map(|_| cleared(attribute)),
        Cell::Text(text) => attribute.read_text(text),
        Cell::Json(json) => {
            attribute.read_json(json).map(|value| if value == Value::Null { cleared(attribute) } else { value })
        }
    };
    let mut value = value.map_err(|error| (error.code, error.message))?;
    if let Value::Text(text) = &mut value {
        refuse_nul(&attribute.key, text)?;
        let address = (whose == Subject::Person && no == person::EMAIL)
            || (whose == Subject::Account && no == account::OWNER_EMAIL);
        if address {
            *text = text.trim().to_owned();
            check_address(&attribute.key, text)?;
        }
    }
    draft.values.push((no, value));
    Ok(())
}

/// Flags that stand in columns of their own are false when they are cleared.
fn cleared(attribute: &Attribute) -> Value {
    if attribute.value_type == ValueType::Boolean && !attribute.custom { Value::Boolean(false) } else { Value::Null }
}

pub(super) fn refuse_nul(name: &str, text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(("invalid_character", format!("`{name}` contains a NUL character. Remove it.")));
    }
    Ok(())
}

/// Whether a text can be an address at all; whether it takes mail, only the mail says.
fn check_address(name: &str, text: &str) -> Result<(), Refusal> {
    let parts = text.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if parts.is_none() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let shown: String = text.chars().take(40).collect();
        return Err(("invalid_email", format!("`{name}` expects an address like ann@acme.example, not \"{shown}\".")));
    }
    Ok(())
}

/// A key, without the blanks around it; none when the cell is empty.
pub(super) fn read_key(name: &str, cell: Cell<'_>) -> Result<Option<String>, Refusal> {
    let text = match cell {
        Cell::Empty => return Ok(None),
        Cell::Text(text) => text,
        Cell::Json(Json::String(text)) => text,
        Cell::Json(other) => {
            let shown = caravan_model::value::shown(other);
            return Err(("wrong_value_type", format!("`{name}` expects text, not {shown}.")));
        }
        Cell::Clear if name == "key" => return Ok(None),
        Cell::Clear if name == "account_key" => {
            let message = "`account_key` cannot be cleared. Name the account and set `relation` to remove.";
            return Err(("required", message.to_owned()));
        }
        Cell::Clear => return Ok(None),
    };
    let key = text.trim();
    refuse_nul(name, key)?;
    if key.chars().nth(MAX_KEY_CHARS).is_some() {
        return Err(("text_too_long", format!("`{name}` takes at most {MAX_KEY_CHARS} characters; shorten the text.")));
    }
    Ok((!key.is_empty()).then(|| key.to_owned()))
}

/// `owner; accountant`, or a JSON list.
fn read_roles(cell: Cell<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let wrong = || {
        let message = "`account_roles` expects texts with ; between them, or a list of texts.";
        ("wrong_value_type", message.to_owned())
    };
    let written: Vec<&str> = match cell {
        Cell::Empty => return Ok(None),
        Cell::Clear => Vec::new(),
        Cell::Text(text) => text.split(';').collect(),
        Cell::Json(Json::String(text)) => text.split(';').collect(),
        Cell::Json(Json::Array(all)) => all.iter().map(Json::as_str).collect::<Option<_>>().ok_or_else(wrong)?,
        Cell::Json(_) => return Err(wrong()),
    };
    let mut roles: Vec<String> = Vec::new();
    for role in written.into_iter().map(str::trim).filter(|role| !role.is_empty()) {
        refuse_nul("account_roles", role)?;
        if role.chars().nth(MAX_KEY_CHARS).is_some() {
            let message = format!("A role of `account_roles` takes at most {MAX_KEY_CHARS} characters; shorten it.");
            return Err(("text_too_long", message));
        }
        if !roles.iter().any(|known| known == role) {
            roles.push(role.to_owned());
        }
    }
    Ok(Some(roles))
}

/// Whether what a row speaks of goes: `remove`, or `add`.
pub(super) fn read_removal(column: &str, cell: Cell<'_>) -> Result<bool, Refusal> {
    let text = match cell {
        Cell::Empty | Cell::Clear => return Ok(false),
        Cell::Text(text) => text.trim(),
        Cell::Json(json) => json.as_str().unwrap_or_default().trim(),
    };
    match text {
        "remove" => Ok(true),
        "add" => Ok(false),
        _ => Err(("value_not_allowed", format!("`{column}` takes add or remove; leave it empty to add."))),
    }
}

impl RelationCells {
    fn whole(self) -> Result<Option<RelationDraft>, Refusal> {
        match self.account_key {
            Some(account_key) => Ok(Some(RelationDraft { account_key, roles: self.roles, remove: self.remove })),
            None if self.remove || self.roles.as_ref().is_some_and(|roles| !roles.is_empty()) => {
                let message = "The row speaks of an account without naming it. Give its `account_key`.";
                Err(("missing_account_key", message.to_owned()))
            }
            None => Ok(None),
        }
    }
}
