//! To whom a hand writes: members of a buying group, people of an account, or one person.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::{AccountId, Finding, GroupId, PersonId, Shard};
use caravan_store::records::{self, Table};
use caravan_store::{Session, groups as stored, intake, people as listed};

use crate::groups::by_hand::{ByHandError, MOST_AT_ONCE, Which, find};
use crate::live::Live;

/// The most people of an account who get an email at once when it goes to all of them; more are what journeys are for.
pub const MOST_OF_ACCOUNT: usize = 1_000;

/// To whom. Those who are chosen are named by key, at most [`MOST_AT_ONCE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressees {
    /// Members of a buying group.
    Members {
        /// The group.
        group: GroupId,
        /// Who of it.
        people: Vec<String>,
    },
    /// People of an account.
    Contacts {
        /// Its key.
        account: String,
        /// Who of it.
        people: Vec<String>,
    },
    /// Everybody of an account, at most [`MOST_OF_ACCOUNT`].
    EveryContact {
        /// Its key.
        account: String,
    },
    /// One person, by key, as somebody of the first of their accounts.
    Person(String),
}

/// Those to whom it goes, each once, and the account that the email speaks of.
pub(super) struct Addressed {
    pub account: Option<AccountId>,
    pub shard: Shard,
    pub people: Vec<(String, PersonId)>,
}

impl Addressed {
    /// All but those who are refused.
    pub fn without(self, refused: impl Fn(PersonId) -> bool) -> Self {
        let people = self.people.into_iter().filter(|(_, person)| !refused(*person)).collect();
        Self { people, ..self }
    }
}

impl Addressees {
    /// Everybody who is meant.
    pub(super) fn find(&self, s: &mut dyn Session, live: &Live) -> Result<Addressed, ByHandError> {
        match self {
            Self::Members { group, people } => {
                let found = find(s, live, &Which::Number(*group))?;
                let members = stored::members(s, &[group.0])?;
                let here = members.iter().filter(|m| !m.removed && !m.left_account).map(|m| m.person).collect();
                let people = self.chosen(s, people, &here)?;
                Ok(Addressed { account: Some(found.account), shard: found.shard, people })
            }
            Self::Contacts { account, people } => {
                let (account, shard) = account_of(s, account)?;
                let here = records::people_of_accounts(s, &[account.0])?.into_iter().map(|tie| tie.person).collect();
                Ok(Addressed { account: Some(account), shard, people: self.chosen(s, people, &here)? })
            }
            Self::EveryContact { account } => {
                let (id, shard) = account_of(s, account)?;
                Ok(Addressed { account: Some(id), shard, people: everybody(s, id)? })
            }
            Self::Person(key) => person(s, key),
        }
    }

    /// Where they stand in what was asked.
    fn list(&self) -> &'static str {
        match self {
            Self::Members { .. } => "/people",
            Self::Contacts { .. } => "/to/people",
            Self::EveryContact { .. } => "/to",
            Self::Person(_) => "",
        }
    }

    /// Where the person of this key stands there.
    pub(super) fn place(&self, key: &str) -> String {
        let among = |keys: &[String]| keys.iter().position(|each| each == key);
        let n = match self {
            Self::Members { people, .. } | Self::Contacts { people, .. } => among(people),
            Self::EveryContact { .. } | Self::Person(_) => None,
        };
        n.map_or_else(|| self.list().to_owned(), |n| format!("{}/{n}", self.list()))
    }

    /// The people of these keys, each once, all of them among those who are here.
    fn chosen(
        &self,
        s: &mut dyn Session,
        keys: &[String],
        here: &BTreeSet<PersonId>,
    ) -> Result<Vec<(String, PersonId)>, ByHandError> {
        let mut seen = BTreeSet::new();
        let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| seen.insert(*key)).collect();
        self.count(keys.len())?;
        let known = intake::ids_of_keys(s, Table::Person, &keys)?;
        let known: BTreeMap<&str, PersonId> = known.iter().map(|(key, id, _)| (key.as_str(), PersonId(*id))).collect();
        let mut findings = Vec::new();
        let mut chosen = Vec::with_capacity(keys.len());
        for key in keys {
            match known.get(key) {
                Some(person) if here.contains(person) => chosen.push((key.to_owned(), *person)),
                Some(_) => findings.push(self.outsider(key)),
                None => {
                    let message = format!("There is no person `{key}`. Correct the key, or import the person first.");
                    findings.push(Finding::error("unknown_person", self.place(key), message));
                }
            }
        }
        if findings.is_empty() { Ok(chosen) } else { Err(ByHandError::Refused(findings)) }
    }

    fn count(&self, n: usize) -> Result<(), ByHandError> {
        let (whom, code) = match self {
            Self::Members { .. } => ("member", "too_many_members"),
            _ => ("contact", "too_many_contacts"),
        };
        if n == 0 {
            return Err(Finding::error("nobody", self.list(), format!("Choose at least one {whom}.")).into());
        }
        if n > MOST_AT_ONCE {
            let message = format!("{n} {whom}s are too many at once. Choose at most {MOST_AT_ONCE}.");
            return Err(Finding::error(code, "", message).into());
        }
        Ok(())
    }

    fn outsider(&self, key: &str) -> Finding {
        let (code, message) = match self {
            Self::Members { .. } => ("not_a_member", format!("`{key}` is no member of this group. Assign them first.")),
            _ => ("not_of_account", format!("`{key}` does not belong to this account. Relate them first.")),
        };
        Finding::error(code, self.place(key), message)
    }
}

fn account_of(s: &mut dyn Session, key: &str) -> Result<(AccountId, Shard), ByHandError> {
    let found = intake::ids_of_keys(s, Table::Account, &[key])?.into_iter().next();
    let found = found.map(|(_, id, shard)| (AccountId(id), shard));
    found.ok_or_else(|| ByHandError::Unknown { code: "unknown_account", what: format!("The account `{key}`") })
}

fn everybody(s: &mut dyn Session, account: AccountId) -> Result<Vec<(String, PersonId)>, ByHandError> {
    let rows = listed::people_of(s, account, "", "", MOST_OF_ACCOUNT + 1)?;
    if rows.is_empty() {
        return Err(Finding::error("nobody", "/to", "The account has no people. Relate some first.").into());
    }
    if rows.len() > MOST_OF_ACCOUNT {
        let message = format!(
            "The account has more than {MOST_OF_ACCOUNT} people. Choose up to {MOST_AT_ONCE} of them, or let a journey send it."
        );
        return Err(Finding::error("too_many_contacts", "/to", message).into());
    }
    Ok(rows.into_iter().map(|row| (row.row.key, PersonId(row.row.id))).collect())
}

/// A person, and the first of their accounts.
fn person(s: &mut dyn Session, key: &str) -> Result<Addressed, ByHandError> {
    let found = intake::ids_of_keys(s, Table::Person, &[key])?.into_iter().next();
    let unknown = || ByHandError::Unknown { code: "unknown_person", what: format!("The person `{key}`") };
    let (key, id, shard) = found.ok_or_else(unknown)?;
    let account = records::accounts_of_people(s, &[id])?.into_iter().next().map(|tie| tie.account);
    Ok(Addressed { account, shard, people: vec![(key, PersonId(id))] })
}
