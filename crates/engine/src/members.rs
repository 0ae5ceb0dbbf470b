//! Members of lists by hand: added and taken out by key or by a condition that is evaluated once, and read page by page.
//!
//! Static lists alone take hands; a dynamic list and an audience find their members themselves. Whoever joins enters the
//! journeys that follow the list, like whoever a journey puts in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;

use caravan_catalog::Definition;
use caravan_model::attribute::{AttributeNo, Subject};
use caravan_model::document::DocumentKind;
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, Finding, PersonId, Shard};
use caravan_store::members::{self, MemberRow, Order, Place, Wanted};
use caravan_store::records::{self, ActivityRow, Table};
use caravan_store::{Session, StoreError, chores, intake, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::Engine;
use crate::inbox::Command;
use crate::listen::HeardActivity;
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
pub const KINDS: [DocumentKind; 3] = [DocumentKind::AccountList, DocumentKind::PeopleList, DocumentKind::Audience];

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
            DocumentKind::PeopleList => Subject::Person,
            DocumentKind::Audience if definition.text("subject") == Some("person") => Subject::Person,
            _ => Subject::Account,
        };
        Self {
            id: definition.id,
            kind: definition.kind,
            key: definition.key.clone(),
            subject,
            by_hand: definition.text("type") == Some("static"),
        }
    }

    /// The table of its members.
    pub fn table(&self) -> Table {
        match self.subject {
            Subject::Account => Table::Account,
            Subject::Person => Table::Person,
        }
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
    let mut done = write(s, &live, &list, change, &subjects)?;
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
    let subjects: Vec<(i64, Shard)> = match list.subject {
        Subject::Account => {
            records::shards_of_accounts(s, &ids)?.into_iter().map(|(id, shard)| (id.0, shard)).collect()
        }
        Subject::Person => records::shards_of_people(s, &ids)?.into_iter().map(|(id, shard)| (id.0, shard)).collect(),
    };
    Ok(Some((write(s, &live, &list, change, &subjects)?, last)))
}

fn write(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    change: Change,
    subjects: &[(i64, Shard)],
) -> Result<Changed, StoreError> {
    let ids: Vec<i64> = subjects.iter().map(|(id, _)| *id).collect();
    let inside: BTreeSet<i64> =
        records::memberships(s, &ids, &[list.id.0])?.into_iter().map(|(subject, _)| subject).collect();
    let differs = |id: &i64| inside.contains(id) == (change == Change::Remove);
    let mut moved: Vec<(i64, Shard)> = subjects.iter().copied().filter(|(id, _)| differs(id)).collect();
    moved.sort_unstable();
    let rows: Vec<(DocumentId, i64)> = moved.iter().map(|(id, _)| (list.id, *id)).collect();
    let now = s.now()?;
    match change {
        Change::Add => records::join_lists(s, &rows, BY_HAND, now)?,
        Change::Remove => records::leave_lists(s, &rows)?,
    };
    follow(s, live, list, change, &moved, now)?;
    let changed = moved.len() as u64;
    Ok(Changed { changed, unchanged: subjects.len() as u64 - changed, ..Changed::default() })
}

/// What follows: journeys and groups take in who joined, conditions that ask for the list are looked at again, and the
/// accounts' streams tell of it.
fn follow(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    change: Change,
    moved: &[(i64, Shard)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_shard: BTreeMap<Shard, Vec<i64>> = BTreeMap::new();
    for &(id, shard) in moved {
        by_shard.entry(shard).or_default().push(id);
    }
    let tag = format!("list.{}", list.id.0);
    let mut rows = Vec::new();
    for (shard, ids) in by_shard {
        if live.mentioned.contains(&tag) {
            let attributes = vec![tag.clone()];
            let changed = match list.subject {
                Subject::Account => {
                    let accounts = ids.iter().copied().map(AccountId).collect();
                    Command::Changed { accounts, people: Vec::new(), attributes }
                }
                Subject::Person => {
                    let people = ids.iter().copied().map(PersonId).collect();
                    Command::Changed { accounts: Vec::new(), people, attributes }
                }
            };
            rows.push(changed.to(shard, now));
        }
        if change == Change::Add {
            rows.push(Command::Joined { list: list.id, subjects: ids }.to(shard, now));
        }
    }
    if list.kind == DocumentKind::AccountList {
        rows.extend(tell(s, live, list, change, moved, now)?);
    }
    step::insert_inbox(s, &rows)
}

fn tell(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    change: Change,
    moved: &[(i64, Shard)],
    now: Timestamp,
) -> Result<Vec<step::NewInbox>, StoreError> {
    let kind = match change {
        Change::Add => "account_list_joined",
        Change::Remove => "account_list_left",
    };
    let fields = serde_json::json!({"list": list.key});
    let text = fields.to_string();
    let row = |id: i64| ActivityRow {
        kind,
        at: now,
        received_at: now,
        account: Some(AccountId(id)),
        person: None,
        enrollment: None,
        node: None,
        source: BY_HAND,
        fields: &text,
    };
    let activities: Vec<ActivityRow<'_>> = moved.iter().map(|(id, _)| row(*id)).collect();
    let ids = records::insert_activities(s, &activities)?;
    if !live.heard.contains(kind) {
        return Ok(Vec::new());
    }
    let heard = moved.iter().zip(ids).map(|((account, _), id)| HeardActivity {
        id,
        kind: kind.to_owned(),
        at: now,
        received_at: now,
        account: Some(AccountId(*account)),
        person: None,
        enrollment: None,
        source: BY_HAND.to_owned(),
        fields: fields.clone(),
    });
    crate::save::address(s, heard.collect())
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
    order: Order,
    after: Option<&Place>,
    most: usize,
) -> Result<(Vec<MemberRow>, i64), MembersError> {
    engine.store().read(|s| {
        let list = List::find(&*engine.live(s)?, kind, key)?;
        let wanted = Wanted { list: list.id, table: list.table(), search };
        Ok((members::page(s, wanted, order, after, most)?, members::count(s, wanted)?))
    })
}

/// Members that an export reads at once.
const EXPORTED_AT_ONCE: usize = 1_000;

/// Writes the members of a list as CSV, by key: every managed attribute, then who put them in and since when. It reads page
/// by page, so that a list of any size needs the memory of a page; who joins or leaves meanwhile may or may not be in it.
///
/// # Errors
/// [`MembersError`], or the writer's.
pub fn export(engine: &Engine, kind: DocumentKind, key: &str, out: &mut dyn Write) -> Result<u64, ExportError> {
    let (live, list) = engine.store().read(|s| -> Result<_, MembersError> {
        let live = engine.live(s)?;
        let list = List::find(&live, kind, key)?;
        Ok((live, list))
    })?;
    let attributes: Vec<_> =
        live.definitions.schema.of(list.subject).iter().filter(|(_, attribute)| attribute.visible).collect();
    let columns: Vec<AttributeNo> = attributes.iter().map(|(no, _)| *no).collect();
    let mut csv = csv::Writer::from_writer(out);
    let names = attributes.iter().map(|(_, attribute)| attribute.key.as_str());
    csv.write_record(names.chain(["member_source", "member_since"]))?;
    let (mut after, mut n) = (None, 0);
    loop {
        let (page, rows) = engine.store().read(|s| {
            let wanted = Wanted { list: list.id, table: list.table(), search: "" };
            let page = members::page(s, wanted, Order::Key, after.as_ref(), EXPORTED_AT_ONCE)?;
            let ids: Vec<i64> = page.iter().map(|member| member.id).collect();
            Ok::<_, StoreError>((page, values_of(s, &live, &list, &ids, &columns)?))
        })?;
        let Some(last) = page.last() else { break };
        after = Some(Order::Key.place(last));
        for member in page {
            let Some(values) = rows.get(&member.id) else { continue };
            let since = member.added_at.to_string();
            let values = values.iter().map(ToString::to_string);
            csv.write_record(values.chain([member.source, since]))?;
            n += 1;
        }
    }
    csv.flush().map_err(csv::Error::from)?;
    Ok(n)
}

fn values_of(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    ids: &[i64],
    columns: &[AttributeNo],
) -> Result<HashMap<i64, Vec<Value>>, StoreError> {
    let schema = &live.definitions.schema;
    Ok(match list.subject {
        Subject::Account => {
            records::accounts(s, schema, ids, columns)?.into_iter().map(|row| (row.id.0, row.values)).collect()
        }
        Subject::Person => {
            records::people(s, schema, ids, columns, false)?.into_iter().map(|row| (row.id.0, row.values)).collect()
        }
    })
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The list cannot be read.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody takes what is written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] csv::Error),
}

/// Evaluates a dynamic list or an audience for everybody again. Lists follow what changes by themselves; this repairs one
/// that somebody changed the data behind.
///
/// # Errors
/// [`MembersError`].
pub fn repair(engine: &Engine, kind: DocumentKind, key: &str) -> Result<(), MembersError> {
    engine.store().write(|s| {
        let live = engine.live(s)?;
        let list = List::find(&live, kind, key)?;
        if live.list(list.id).is_none() {
            return Err(MembersError::NoCondition(key.to_owned()));
        }
        let now = s.now()?;
        step::insert_inbox(s, &Command::Evaluate { list: list.id, after: 0 }.to_all(now))?;
        Ok(())
    })?;
    engine.poke();
    Ok(())
}

/// Under which the daily repair is kept.
pub const REPAIR: &str = "repair_lists";
/// How often every list with a condition is evaluated again.
const REPAIR_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Once a day, every live dynamic list and audience is evaluated for everybody again: what changed behind our back, and what
/// retention took from under a condition, is found. Returns whether it was done now.
///
/// # Errors
/// The store's.
pub fn repair_daily(engine: &Engine) -> Result<bool, StoreError> {
    let (now, chore) = engine.store().read(|s| Ok::<_, StoreError>((s.now()?, chores::get(s, REPAIR)?)))?;
    match chore {
        None => {
            engine.store().write(|s| chores::plan(s, REPAIR, now + REPAIR_EVERY))?;
            Ok(false)
        }
        Some(chore) if chore.due_at > now => Ok(false),
        Some(_) => {
            let done = engine.store().write(|s| {
                let now = s.now()?;
                if chores::claim(s, REPAIR, now, now + REPAIR_EVERY)?.is_none() {
                    return Ok(false);
                }
                let live = engine.live(s)?;
                let lists = live.lists.iter();
                let rows: Vec<_> =
                    lists.flat_map(|list| Command::Evaluate { list: list.id, after: 0 }.to_all(now)).collect();
                step::insert_inbox(s, &rows)?;
                Ok::<_, StoreError>(true)
            })?;
            engine.poke();
            Ok(done)
        }
    }
}
