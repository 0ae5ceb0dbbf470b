//! Filling a batch's world: everything that its travellers may look at, each kind with one statement.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::world::{Account, Group, ObjectRecord, PastActivity, Person, Trip};
use caravan_catalog::{Needs, World};
use caravan_model::{AccountId, DocumentId, GroupId, PersonId};
use caravan_store::step::EnrollmentRow;
use caravan_store::{Session, StoreError, engagement, groups, objects, records, step};
use jiff::Timestamp;

use crate::groups::loaded::members_of;
use crate::live::Live;

/// Who is loaded, and what of them.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What is looked at, by anybody of the batch.
    pub needs: Needs,
    /// Accounts.
    pub accounts: BTreeSet<AccountId>,
    /// Accounts whose people are loaded too.
    pub with_people: BTreeSet<AccountId>,
    /// People by themselves.
    pub people: BTreeSet<PersonId>,
}

impl Wanted {
    /// Nobody yet; what is looked at of whoever comes.
    pub fn of(needs: &Needs) -> Self {
        Self { needs: needs.clone(), ..Self::default() }
    }

    /// An account, with its people if these needs ask for them.
    pub fn account(&mut self, id: AccountId, needs: &Needs) {
        self.accounts.insert(id);
        if needs.people {
            self.with_people.insert(id);
        }
    }

    /// A person by itself.
    pub fn person(&mut self, id: PersonId) {
        self.people.insert(id);
    }
}

/// Loads a world at `now`.
pub fn load(s: &mut dyn Session, live: &Live, now: Timestamp, wanted: &Wanted) -> Result<World, StoreError> {
    let needs = &wanted.needs;
    let schema = Arc::clone(&live.definitions.schema);
    let account_attributes: Vec<_> = needs.account_attributes.iter().copied().collect();
    let person_attributes: Vec<_> = needs.person_attributes.iter().copied().collect();
    let mut world = World::new(now, Arc::clone(&schema), account_attributes.clone(), person_attributes.clone());

    let accounts: Vec<i64> = wanted.accounts.iter().map(|id| id.0).collect();
    if !accounts.is_empty() {
        for row in records::accounts(s, &schema, &accounts, &account_attributes)? {
            world.add_account(Account {
                id: row.id,
                shard: row.shard,
                key: row.key,
                name: row.name,
                values: row.values,
                people: Vec::new(),
                lists: Vec::new(),
                groups: Vec::new(),
                records: Vec::new(),
                trips: Vec::new(),
            });
        }
    }
    let relations = relations(s, wanted)?;
    let own = wanted.people.iter().map(|id| id.0);
    let mut people: Vec<i64> = own.chain(relations.iter().map(|relation| relation.person.0)).collect();
    people.sort_unstable();
    people.dedup();
    if !people.is_empty() {
        for row in records::people(s, &schema, &people, &person_attributes, needs.writes_people)? {
            world.add_person(Person {
                id: row.id,
                shard: row.shard,
                key: row.key,
                test_profile: row.test_profile,
                values: row.values,
                scores: Vec::new(),
                engagement: None,
                lists: Vec::new(),
                memberships: Vec::new(),
                roles: Vec::new(),
                records: Vec::new(),
                history: Vec::new(),
                trips: Vec::new(),
            });
        }
    }
    for relation in relations {
        let Some(person) = world.person_ix(relation.person) else { continue };
        if let Some(account) =
            world.account_ix(relation.account).filter(|_| wanted.with_people.contains(&relation.account))
        {
            world.account_mut(account).people.push(person);
        }
        if needs.roles {
            world.person_mut(person).roles.push((relation.account, relation.roles));
        }
    }
    load_objects(s, &mut world, live, needs, &accounts, &people)?;
    load_scores(s, &mut world, needs, &people)?;
    load_engagement(s, &mut world, needs, &people)?;
    load_lists(s, &mut world, needs, &accounts, &people)?;
    load_groups(s, &mut world, live, needs, &accounts, &people, &wanted.people)?;
    load_history(s, &mut world, needs, &people)?;
    load_trips(s, &mut world, live, needs, &accounts, &people)?;
    Ok(world)
}

/// People of the accounts that need them; and, for roles, the accounts of the people that came by themselves.
fn relations(s: &mut dyn Session, wanted: &Wanted) -> Result<Vec<records::Relation>, StoreError> {
    let accounts: Vec<i64> = wanted.with_people.iter().map(|id| id.0).collect();
    let mut all = if accounts.is_empty() { Vec::new() } else { records::people_of_accounts(s, &accounts)? };
    if wanted.needs.roles && !wanted.people.is_empty() {
        let people: Vec<i64> = wanted.people.iter().map(|id| id.0).collect();
        let own = records::accounts_of_people(s, &people)?;
        all.extend(own.into_iter().filter(|relation| !wanted.with_people.contains(&relation.account)));
    }
    Ok(all)
}

fn load_objects(
    s: &mut dyn Session,
    world: &mut World,
    live: &Live,
    needs: &Needs,
    accounts: &[i64],
    people: &[i64],
) -> Result<(), StoreError> {
    let (of_accounts, of_people): (Vec<DocumentId>, Vec<DocumentId>) =
        needs.objects.iter().partition(|id| live.objects_of_accounts.contains(id));
    let ids = |objects: &[DocumentId]| -> Vec<i64> { objects.iter().map(|id| id.0).collect() };
    for row in objects::of_subjects(s, &ids(&of_accounts), accounts)? {
        if let Some(ix) = world.account_ix(AccountId(row.subject)) {
            world.account_mut(ix).records.push(record_of(&row));
        }
    }
    for row in objects::of_subjects(s, &ids(&of_people), people)? {
        if let Some(ix) = world.person_ix(PersonId(row.subject)) {
            world.person_mut(ix).records.push(record_of(&row));
        }
    }
    Ok(())
}

fn record_of(row: &objects::RecordRow) -> ObjectRecord {
    ObjectRecord { object: row.object, fields: Arc::new(serde_json::from_str(&row.fields).unwrap_or_default()) }
}

fn load_scores(s: &mut dyn Session, world: &mut World, needs: &Needs, people: &[i64]) -> Result<(), StoreError> {
    if needs.scores.is_empty() || people.is_empty() {
        return Ok(());
    }
    let scores: Vec<i64> = needs.scores.iter().map(|id| id.0).collect();
    for (person, score, value) in records::scores(s, people, &scores)? {
        if let Some(ix) = world.person_ix(person) {
            world.person_mut(ix).scores.push((score, value));
        }
    }
    Ok(())
}

fn load_engagement(s: &mut dyn Session, world: &mut World, needs: &Needs, people: &[i64]) -> Result<(), StoreError> {
    if !needs.engagement || people.is_empty() {
        return Ok(());
    }
    for score in engagement::scores_of(s, people)? {
        if let Some(ix) = world.person_ix(score.person) {
            world.person_mut(ix).engagement = Some(score.engagement);
        }
    }
    Ok(())
}

fn load_lists(
    s: &mut dyn Session,
    world: &mut World,
    needs: &Needs,
    accounts: &[i64],
    people: &[i64],
) -> Result<(), StoreError> {
    if needs.lists.is_empty() {
        return Ok(());
    }
    let lists: Vec<i64> = needs.lists.iter().map(|id| id.0).collect();
    if !accounts.is_empty() {
        for (subject, list) in records::memberships(s, accounts, &lists)? {
            if let Some(ix) = world.account_ix(AccountId(subject)) {
                world.account_mut(ix).lists.push(list);
            }
        }
    }
    if !people.is_empty() {
        for (subject, list) in records::memberships(s, people, &lists)? {
            if let Some(ix) = world.person_ix(PersonId(subject)) {
                world.person_mut(ix).lists.push(list);
            }
        }
    }
    Ok(())
}

fn load_groups(
    s: &mut dyn Session,
    world: &mut World,
    live: &Live,
    needs: &Needs,
    accounts: &[i64],
    people: &[i64],
    alone: &BTreeSet<PersonId>,
) -> Result<(), StoreError> {
    let interests: Vec<i64> = match needs.all_interests {
        true => live.interests.keys().map(|id| id.0).collect(),
        false => needs.interests.iter().map(|id| id.0).collect(),
    };
    if interests.is_empty() {
        return Ok(());
    }
    // Groups of the batch's accounts; people who travel by themselves bring those that they are members of.
    let mut rows = if accounts.is_empty() { Vec::new() } else { groups::of_accounts(s, accounts, &interests)? };
    let alone: Vec<i64> = if accounts.is_empty() { people.to_vec() } else { alone.iter().map(|id| id.0).collect() };
    if !alone.is_empty() {
        let known: HashSet<GroupId> = rows.iter().map(|group| group.id).collect();
        rows.extend(groups::of_people(s, &alone, &interests)?.into_iter().filter(|group| !known.contains(&group.id)));
    }
    let ids: Vec<i64> = rows.iter().map(|g| g.id.0).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut members = members_of(s, &ids)?;
    for g in rows {
        world.add_group(Group {
            id: g.id,
            account: g.account,
            interest: g.interest,
            stage: g.stage,
            status: g.status,
            completeness: g.completeness,
            engagement: g.engagement,
            members: members.remove(&g.id).unwrap_or_default(),
        });
    }
    Ok(())
}

fn load_history(s: &mut dyn Session, world: &mut World, needs: &Needs, people: &[i64]) -> Result<(), StoreError> {
    if needs.history.is_empty() || people.is_empty() {
        return Ok(());
    }
    let types: Vec<String> = needs.history.iter().cloned().collect();
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    for row in records::history(s, people, &types)? {
        let Some(ix) = world.person_ix(row.person) else { continue };
        let kind = Arc::clone(names.entry(row.kind).or_insert_with_key(|kind| kind.as_str().into()));
        let fields = row.fields.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        world.person_mut(ix).history.push(PastActivity {
            kind,
            at: row.at,
            account: row.account,
            fields: Arc::new(fields),
        });
    }
    Ok(())
}

fn load_trips(
    s: &mut dyn Session,
    world: &mut World,
    live: &Live,
    needs: &Needs,
    accounts: &[i64],
    people: &[i64],
) -> Result<(), StoreError> {
    let (of_people, of_accounts): (Vec<DocumentId>, Vec<DocumentId>) =
        needs.journeys.iter().partition(|id| live.journeys.get(id).is_some_and(|j| j.of_people));
    for row in trips(s, &of_accounts, accounts)? {
        if let Some(ix) = world.account_ix(AccountId(row.subject)) {
            world.account_mut(ix).trips.push(trip_of(&row));
        }
    }
    for row in trips(s, &of_people, people)? {
        if let Some(ix) = world.person_ix(PersonId(row.subject)) {
            world.person_mut(ix).trips.push(trip_of(&row));
        }
    }
    Ok(())
}

fn trips(s: &mut dyn Session, journeys: &[DocumentId], subjects: &[i64]) -> Result<Vec<EnrollmentRow>, StoreError> {
    if journeys.is_empty() || subjects.is_empty() { Ok(Vec::new()) } else { step::latest_trips(s, journeys, subjects) }
}

fn trip_of(row: &EnrollmentRow) -> Trip {
    Trip { journey: row.journey, enrollment: row.id, last: row.last_trip() }
}
