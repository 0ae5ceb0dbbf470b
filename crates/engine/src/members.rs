//! Members of lists by hand: added and taken out by key or by a condition that is evaluated once, and read page by page.
//!
//! Static lists and external audiences take hands; a dynamic list and an audience find their members themselves. Whoever joins enters the
//! journeys that follow the list, like whoever a journey puts in.

mod export;
pub(crate) mod moves;
mod repair;

use std::collections::BTreeSet;

use caravan_catalog::Definition;
use caravan_model::attribute::Subject;
use caravan_model::document::{Body, Document, DocumentKind, ListType};
use caravan_model::{DocumentId, Finding, Shard};
use caravan_store::members::{self, MemberBy, MemberRow, Wanted};
use caravan_store::ordered::{Place, Sort};
use caravan_store::records::{self, Table};
use caravan_store::{Session, StoreError, intake};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

pub use self::export::{ExportError, export};
pub(crate) use self::repair::repair_all;
pub use self::repair::{REPAIR, repair, repair_daily};
use crate::Engine;
use crate::live::Live;
use crate::sets::Set;

/// Members that one transaction adds or takes out.
const AT_ONCE: usize = 2_000;

/// Who wrote a membership by hand.
pub const BY_HAND: &str = "manual";

/// A list or an audience.
#[derive(Debug, Clone)]
pub struct List {
    /// The document.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Its key.
    pub key: String,
    /// Whose list it is.
    pub subject: Subject,
    /// Hands may change it.
    pub by_hand: bool,
}

/// Why members are not changed or read.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// There is no such list.
    #[error("there is no {kind} `{key}`", kind = .0.label().to_lowercase(), key = .1)]
    Unknown(DocumentKind, String),
    /// A condition decides who is in it.
    #[error("`{0}` finds its members by its condition. Change that, or make a static list")]
    NotStatic(String),
    /// No condition decides who is in it, or not yet.
    #[error("`{0}` has no live condition to find its members by. Publish it, or change its members by hand")]
    NoCondition(String),
    /// The condition has mistakes.
    #[error("the condition has mistakes")]
    Findings(Vec<Finding>),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The kinds whose documents have members, in the order in which a key is looked for.
pub const KINDS: [DocumentKind; 4] =
    [DocumentKind::AccountList, DocumentKind::PeopleList, DocumentKind::Audience, DocumentKind::ExternalAudience];

impl List {
    /// A list by kind and key.
    ///
    /// # Errors
    /// [`MembersError::Unknown`].
    pub fn find(live: &Live, kind: DocumentKind, key: &str) -> Result<Self, MembersError> {
        let found = live.definitions.get(kind, key).map(|definition| Self::of(definition));
        found.ok_or_else(|| MembersError::Unknown(kind, key.to_owned()))
    }

    fn of(definition: &Definition) -> Self {
        let subject = match definition.kind {
            DocumentKind::PeopleList | DocumentKind::ExternalAudience => Subject::Person,
            DocumentKind::Audience if definition.text("subject") == Some("person") => Subject::Person,
            _ => Subject::Account,
        };
        Self {
            id: definition.id,
            kind: definition.kind,
            key: definition.key.clone(),
            subject,
            by_hand: definition.kind == DocumentKind::ExternalAudience || definition.text("type") == Some("static"),
        }
    }

    /// The list that a manifest describes; none where it describes something else.
    pub(crate) fn named_by(document: &Document, id: DocumentId) -> Option<Self> {
        let (subject, list_type) = match &document.body {
            Body::AccountList(list) => (Subject::Account, list.list_type),
            Body::PeopleList(list) => (Subject::Person, list.list_type),
            _ => return None,
        };
        let by_hand = list_type == ListType::Static;
        Some(Self { id, kind: document.kind(), key: document.key().to_owned(), subject, by_hand })
    }

    /// Those of these accounts or people that there are, with their shards.
    pub(crate) fn places(&self, s: &mut dyn Session, ids: &[i64]) -> Result<Vec<(i64, Shard)>, StoreError> {
        Ok(match (ids.is_empty(), self.subject) {
            (true, _) => Vec::new(),
            (false, Subject::Account) => {
                records::shards_of_accounts(s, ids)?.into_iter().map(|(id, shard)| (id.0, shard)).collect()
            }
            (false, Subject::Person) => {
                records::shards_of_people(s, ids)?.into_iter().map(|(id, shard)| (id.0, shard)).collect()
            }
        })
    }

    /// The table of its members.
    pub fn table(&self) -> Table {
        self.subject.into()
    }

    fn takes_hands(&self) -> Result<(), MembersError> {
        if self.by_hand { Ok(()) } else { Err(MembersError::NotStatic(self.key.clone())) }
    }
}

/// Whether members are added or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// They join.
    Add,
    /// They leave.
    Remove,
}

/// Who is added or taken out.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// These accounts or people.
    Keys(&'a [String]),
    /// Whoever meets this condition now.
    When(&'a Json),
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MembersChanged")]
pub struct Changed {
    /// How many joined or left.
    pub changed: u64,
    /// How many were in, or out, already.
    pub unchanged: u64,
    /// Keys that name nobody; the first hundred.
    pub unknown: Vec<String>,
    /// How many keys name nobody.
    pub unknown_count: u64,
}

/// Unknown keys that are named.
const NAMED_UNKNOWN: usize = 100;

/// Adds members to a static list, or takes them out; who is in (or out) already stays as it is. Large sets are changed in
/// several transactions: what was done before an error stays.
///
/// # Errors
/// [`MembersError`].
pub fn change(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    change: Change,
    who: Who<'_>,
) -> Result<Changed, MembersError> {
    let live = engine.store().read(|s| engine.live(s))?;
    List::find(&live, kind, key)?.takes_hands()?;
    let mut done = Changed::default();
    match who {
        Who::Keys(keys) => {
            for keys in keys.chunks(AT_ONCE) {
                let part = engine.store().write(|s| change_keys(engine, s, kind, key, change, keys))?;
                done.add(part);
            }
        }
        Who::When(when) => {
            let mut after = 0;
            while let Some((part, last)) =
                engine.store().write(|s| change_next(engine, s, kind, key, change, when, after))?
            {
                done.add(part);
                after = last;
            }
        }
    }
    engine.poke();
    Ok(done)
}

impl Changed {
    fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.unknown_count += other.unknown_count;
        self.unknown.extend(other.unknown);
        self.unknown.truncate(NAMED_UNKNOWN);
    }
}

fn change_keys(
    engine: &Engine,
    s: &mut dyn Session,
    kind: DocumentKind,
    key: &str,
    change: Change,
    keys: &[String],
) -> Result<Changed, MembersError> {
    let live = engine.live(s)?;
    let list = List::find(&live, kind, key)?;
    list.takes_hands()?;
    let wanted: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let known = intake::ids_of_keys(s, list.table(), &wanted)?;
    let found: BTreeSet<&str> = known.iter().map(|(key, ..)| key.as_str()).collect();
    let unknown: Vec<String> = wanted.iter().filter(|key| !found.contains(*key)).map(|key| (*key).to_owned()).collect();
    let subjects: Vec<(i64, Shard)> = known.iter().map(|&(_, id, shard)| (id, shard)).collect();
    let mut done = moves::write(s, &live, &list, (change, BY_HAND), &subjects)?;
    done.unknown_count = unknown.len() as u64;
    done.unknown = unknown;
    Ok(done)
}

/// The next whom the condition finds behind `after`, with the last of them; none when there are no more.
fn change_next(
    engine: &Engine,
    s: &mut dyn Session,
    kind: DocumentKind,
    key: &str,
    change: Change,
    when: &Json,
    after: i64,
) -> Result<Option<(Changed, i64)>, MembersError> {
    let live = engine.live(s)?;
    let list = List::find(&live, kind, key)?;
    list.takes_hands()?;
    let condition = match list.subject {
        Subject::Account => live.definitions.account_condition(when, "/when"),
        Subject::Person => live.definitions.person_condition(when, "/when"),
    };
    let condition = condition.map_err(MembersError::Findings)?;
    let ids = Set::new(&live, &condition, s.now()?).next(s, after, AT_ONCE)?;
    let Some(&last) = ids.last() else { return Ok(None) };
    let subjects = list.places(s, &ids)?;
    Ok(Some((moves::write(s, &live, &list, (change, BY_HAND), &subjects)?, last)))
}

/// The members of a list, page by page, with their number.
///
/// # Errors
/// [`MembersError`].
pub fn page(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    search: &str,
    sort: Sort<MemberBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<(Vec<(MemberRow, Place)>, i64), MembersError> {
    engine.store().read(|s| {
        let list = List::find(&*engine.live(s)?, kind, key)?;
        let wanted = Wanted { list: list.id, table: list.table(), search };
        Ok((members::page(s, wanted, sort, after, most)?, members::count(s, wanted)?))
    })
}
