//! Writing what a batch decided, each kind with as few statements as its tables allow, in key order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caravan_catalog::Changes;
use caravan_catalog::changes::NewActivity;
use caravan_model::{AccountId, ActivityId, DocumentId, PersonId, Shard};
use caravan_store::records::{self, ActivityRow, Table};
use caravan_store::step::{self, Claim, EffectRow, NewInbox};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use crate::inbox::{Addressee, Command};
use crate::listen::HeardActivity;
use crate::live::Live;

/// What follows from what was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The activities, in the order in which they were given.
    pub activities: Vec<ActivityId>,
    /// Rows for inboxes.
    pub inbox: Vec<NewInbox>,
    /// Effects queued.
    pub effects: usize,
}

/// Writes all changes of a batch.
pub(crate) fn changes(
    s: &mut dyn Session,
    live: &Live,
    claim: &Claim,
    changes: Changes,
) -> Result<Written, StoreError> {
    let now = claim.now;
    let schema = &live.definitions.schema;
    let accounts = changes.account_values.iter().map(|c| (c.attribute, c.id.0, &c.value)).collect();
    records::set_values(s, schema, Table::Account, &last_of_each(accounts, |c| (c.0, c.1)), now)?;
    let people = changes.person_values.iter().map(|c| (c.attribute, c.id.0, &c.value)).collect();
    records::set_values(s, schema, Table::Person, &last_of_each(people, |c| (c.0, c.1)), now)?;
    crate::consent_history::keep(s, &changes.consents, now)?;
    let scores = changes.scores.iter().map(|c| (c.person, c.score, c.value)).collect();
    records::put_scores(s, &last_of_each(scores, |c| (c.0, c.1)))?;
    crate::groups::save(s, live, claim, &changes)?;
    let mut written = Written::default();
    written.inbox.extend(lists(s, &changes, claim)?);
    external_audiences(s, &changes, claim)?;
    let (ids, heard) = appended(s, live, claim, &changes.activities)?;
    written.activities = ids;
    written.inbox.extend(heard);
    written.inbox.extend(marks(s, live, claim, &changes)?);
    written.effects = effects(s, &changes, claim)?;
    Ok(written)
}

/// The last change of each key, in key order.
fn last_of_each<T, K: Ord>(mut changes: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    // Stable: of equal keys the one decided last stays last.
    changes.sort_by_key(&key);
    changes.reverse();
    changes.dedup_by_key(|change| key(change));
    changes.reverse();
    changes
}

/// Memberships of static lists; whoever joined is told to the journeys that follow the list.
fn lists(s: &mut dyn Session, changes: &Changes, claim: &Claim) -> Result<Vec<NewInbox>, StoreError> {
    let last: BTreeMap<_, _> = changes.lists.iter().map(|c| ((c.list, c.subject), c)).collect();
    let mut joined: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    let mut by_source: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    let mut left = Vec::new();
    for ((list, subject), change) in last {
        if change.joined {
            joined.entry(list).or_default().push(subject);
            by_source.entry(&change.source).or_default().push((list, subject));
        } else {
            left.push((list, subject));
        }
    }
    for (source, rows) in by_source {
        records::join_lists(s, &rows, source, claim.now)?;
    }
    records::leave_lists(s, &left)?;
    let mut rows = Vec::new();
    for (list, accounts) in joined {
        for (shard, subjects) in by_shard(s, &accounts)? {
            rows.push(Command::Joined { list, subjects }.to(shard, claim.now));
        }
    }
    Ok(rows)
}

/// People who join external audiences: their destinations are told when they are looked at.
fn external_audiences(s: &mut dyn Session, changes: &Changes, claim: &Claim) -> Result<(), StoreError> {
    let mut by_source: BTreeMap<&str, BTreeSet<(DocumentId, i64)>> = BTreeMap::new();
    let mut marked: BTreeMap<DocumentId, BTreeSet<i64>> = BTreeMap::new();
    for change in &changes.external_audiences {
        by_source.entry(&change.source).or_default().insert((change.audience, change.person.0));
        marked.entry(change.audience).or_default().insert(change.person.0);
    }
    for (source, rows) in by_source {
        records::join_lists(s, &rows.into_iter().collect::<Vec<_>>(), source, claim.now)?;
    }
    for (audience, people) in marked {
        caravan_store::external_audiences::mark(s, audience, &people.into_iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Accounts by the shard that moves them.
pub(crate) fn by_shard(s: &mut dyn Session, accounts: &[i64]) -> Result<BTreeMap<Shard, Vec<i64>>, StoreError> {
    let mut shards: BTreeMap<Shard, Vec<i64>> = BTreeMap::new();
    for (account, shard) in records::shards_of_accounts(s, accounts)? {
        shards.entry(shard).or_default().push(account.0);
    }
    Ok(shards)
}

fn effects(s: &mut dyn Session, changes: &Changes, claim: &Claim) -> Result<usize, StoreError> {
    let rows: Vec<EffectRow<'_>> = changes
        .effects
        .iter()
        .map(|e| EffectRow {
            lane: &e.lane,
            key: &e.key,
            kind: e.kind,
            shard: e.shard,
            enrollment: e.enrollment,
            version: e.version,
            node: e.node,
            account: e.account.map(|id| id.0),
            person: e.person.map(|id| id.0),
            body: &e.body,
        })
        .collect();
    step::insert_effects(s, &rows, claim.now)?;
    Ok(rows.len())
}

/// Appends to the stream and addresses what is heard to everyone whom it may concern.
pub(crate) fn activities(
    s: &mut dyn Session,
    live: &Live,
    claim: &Claim,
    new: &[NewActivity],
) -> Result<Vec<NewInbox>, StoreError> {
    appended(s, live, claim, new).map(|(_, heard)| heard)
}

/// The same, with the ids under which they stand in the stream.
fn appended(
    s: &mut dyn Session,
    live: &Live,
    claim: &Claim,
    new: &[NewActivity],
) -> Result<(Vec<ActivityId>, Vec<NewInbox>), StoreError> {
    let rows: Vec<ActivityRow<'_>> = new
        .iter()
        .map(|a| ActivityRow {
            kind: a.kind,
            at: a.at,
            received_at: claim.now,
            account: a.account,
            person: a.person,
            enrollment: a.enrollment,
            node: a.node,
            source: &a.source,
            fields: &a.fields,
        })
        .collect();
    let ids = records::insert_activities(s, &rows)?;
    let heard: Vec<HeardActivity> = new
        .iter()
        .zip(&ids)
        .filter(|(a, _)| live.heard.contains(a.kind))
        .map(|(a, id)| HeardActivity {
            id: *id,
            kind: a.kind.to_owned(),
            at: a.at,
            received_at: claim.now,
            account: a.account,
            person: a.person,
            enrollment: a.enrollment,
            source: a.source.to_string(),
            fields: serde_json::from_str(&a.fields).unwrap_or_default(),
        })
        .collect();
    Ok((ids, address(s, heard)?))
}

/// One inbox row for each subject that an activity may concern: the account that it carries, else every account of the
/// person; and the person itself.
pub fn address(s: &mut dyn Session, heard: Vec<HeardActivity>) -> Result<Vec<NewInbox>, StoreError> {
    if heard.is_empty() {
        return Ok(Vec::new());
    }
    let people: BTreeSet<i64> = heard.iter().filter_map(|a| a.person.map(|id| id.0)).collect();
    let people: Vec<i64> = people.into_iter().collect();
    let mut accounts_of: HashMap<PersonId, Vec<AccountId>> = HashMap::new();
    if !people.is_empty() {
        for relation in records::accounts_of_people(s, &people)? {
            accounts_of.entry(relation.person).or_default().push(relation.account);
        }
    }
    let accounts: BTreeSet<i64> =
        heard.iter().filter_map(|a| a.account).chain(accounts_of.values().flatten().copied()).map(|id| id.0).collect();
    let accounts: Vec<i64> = accounts.into_iter().collect();
    let shards: HashMap<AccountId, Shard> = match accounts.is_empty() {
        true => HashMap::new(),
        false => records::shards_of_accounts(s, &accounts)?.into_iter().collect(),
    };
    let own: HashMap<PersonId, Shard> = match people.is_empty() {
        true => HashMap::new(),
        false => records::shards_of_people(s, &people)?.into_iter().collect(),
    };
    let mut rows = Vec::new();
    for activity in heard {
        let of_person = activity.person.and_then(|person| accounts_of.get(&person));
        let to: Vec<AccountId> = match activity.account {
            Some(account) => vec![account],
            None => of_person.cloned().unwrap_or_default(),
        };
        for account in to {
            if let Some(&shard) = shards.get(&account) {
                rows.push(Command::heard(activity.clone(), shard, Addressee::Account(account)));
            }
        }
        if let Some((person, &shard)) = activity.person.and_then(|person| own.get_key_value(&person)) {
            let to = Addressee::Person(*person);
            rows.push(Command::heard(activity, shard, to));
        }
    }
    Ok(rows)
}

/// Conditions that mention what changed are looked at again, in every related account's shard.
fn marks(s: &mut dyn Session, live: &Live, claim: &Claim, changes: &Changes) -> Result<Vec<NewInbox>, StoreError> {
    let schema = &live.definitions.schema;
    let mut accounts = Marks::new(live);
    let mut people = Marks::new(live);
    for change in &changes.account_values {
        let tag = || schema.account.at(change.attribute).map(|attribute| format!("account.{}", attribute.key));
        accounts.mark(i64::from(change.attribute.0), tag, change.id);
    }
    let mut lists = Marks::new(live);
    for change in &changes.lists {
        lists.mark(change.list.0, || Some(crate::live::list_tag(change.list)), AccountId(change.subject));
    }
    for change in &changes.person_values {
        let tag = || schema.person.at(change.attribute).map(|attribute| format!("person.{}", attribute.key));
        people.mark(i64::from(change.attribute.0), tag, change.id);
    }
    let mut audiences = Marks::new(live);
    for change in &changes.external_audiences {
        audiences.mark(change.audience.0, || Some(crate::live::list_tag(change.audience)), change.person);
    }
    let mut scores = Marks::new(live);
    for change in &changes.scores {
        scores.mark(change.score.0, || Some(format!("score.{}", change.score.0)), change.person);
    }
    let of_groups = changes.members.iter().map(|change| change.group);
    let of_groups: BTreeSet<_> = of_groups.chain(changes.groups.iter().map(|change| change.group)).collect();
    let of_groups: Vec<_> = of_groups.into_iter().collect();
    let mut rows = crate::groups::marks(s, live, &of_groups, claim.now)?;
    for (tag, ids) in accounts.into_marked().chain(lists.into_marked()) {
        let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
        rows.extend(mark_accounts(s, &tag, &ids, claim.now)?);
    }
    for (tag, ids) in people.into_marked().chain(scores.into_marked()).chain(audiences.into_marked()) {
        rows.extend(mark_people(s, &tag, ids, claim.now)?);
    }
    Ok(rows)
}

/// An account's change concerns its own shard.
pub(crate) fn mark_accounts(
    s: &mut dyn Session,
    tag: &str,
    accounts: &[i64],
    now: Timestamp,
) -> Result<Vec<NewInbox>, StoreError> {
    Ok(by_shard(s, accounts)?
        .into_iter()
        .map(|(shard, accounts)| {
            let accounts = accounts.into_iter().map(AccountId).collect();
            let attributes = vec![tag.to_owned()];
            Command::Changed { accounts, people: Vec::new(), attributes }.to(shard, now)
        })
        .collect())
}

/// Who changed in what, kept only where a live condition mentions it: most changes concern none.
struct Marks<'a, Id> {
    live: &'a Live,
    marked: BTreeMap<i64, Option<(String, BTreeSet<Id>)>>,
}

impl<'a, Id: Ord> Marks<'a, Id> {
    fn new(live: &'a Live) -> Self {
        Self { live, marked: BTreeMap::new() }
    }

    /// Notes a change in what `number` stands for; `tag` is how conditions mention it.
    fn mark(&mut self, number: i64, tag: impl FnOnce() -> Option<String>, id: Id) {
        let live = self.live;
        let mentioned = |tag: &String| live.mentioned.contains(tag);
        let known =
            self.marked.entry(number).or_insert_with(|| tag().filter(mentioned).map(|tag| (tag, BTreeSet::new())));
        if let Some((_, ids)) = known {
            ids.insert(id);
        }
    }

    fn into_marked(self) -> impl Iterator<Item = (String, BTreeSet<Id>)> {
        self.marked.into_values().flatten()
    }
}

/// Conditions that mention `tag` are looked at again for these people, if there are any.
pub(crate) fn marks_of_people(
    s: &mut dyn Session,
    live: &Live,
    tag: &str,
    people: BTreeSet<PersonId>,
    now: Timestamp,
) -> Result<Vec<NewInbox>, StoreError> {
    match people.is_empty() || !live.mentioned.contains(tag) {
        true => Ok(Vec::new()),
        false => mark_people(s, tag, people, now),
    }
}

/// A person's change concerns the shard of each of its accounts, and its own.
pub(crate) fn mark_people(
    s: &mut dyn Session,
    tag: &str,
    people: BTreeSet<PersonId>,
    now: Timestamp,
) -> Result<Vec<NewInbox>, StoreError> {
    let ids: Vec<i64> = people.iter().map(|id| id.0).collect();
    let relations = records::accounts_of_people(s, &ids)?;
    let accounts: BTreeSet<i64> = relations.iter().map(|r| r.account.0).collect();
    let accounts: Vec<i64> = accounts.into_iter().collect();
    let mut shards: BTreeMap<Shard, BTreeSet<PersonId>> = BTreeMap::new();
    if !accounts.is_empty() {
        let at: HashMap<AccountId, Shard> = records::shards_of_accounts(s, &accounts)?.into_iter().collect();
        for relation in &relations {
            if let Some(&shard) = at.get(&relation.account) {
                shards.entry(shard).or_default().insert(relation.person);
            }
        }
    }
    for (person, shard) in records::shards_of_people(s, &ids)? {
        shards.entry(shard).or_default().insert(person);
    }
    Ok(shards
        .into_iter()
        .map(|(shard, people)| {
            let people = people.into_iter().collect();
            Command::Changed { accounts: Vec::new(), people, attributes: vec![tag.to_owned()] }.to(shard, now)
        })
        .collect())
}
