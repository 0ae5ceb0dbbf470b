//! Builders for tests: definitions, a world of one account, and a trip that acts in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use caravan_model::attribute::{AttributeNo, AttributeSet, Schema, account as account_no, person};
use caravan_model::condition::Context;
use caravan_model::document::DocumentKind;
use caravan_model::journey::LastTrip;
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, EnrollmentId, GroupId, PersonId, Shard, VersionId};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::action::{Outcome, Subject, Subjects, Visit};
use crate::definitions::{Definition, Definitions, Interest};
use crate::needs::Needs;
use crate::world::{Account, Group, GroupIx, Member, Origin, Person, Source, Trip, World};

/// The journey whose trip acts.
pub const JOURNEY: DocumentId = DocumentId(900);

/// When everything happens.
pub fn now() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().unwrap()
}

/// A definition with a number of its own.
pub fn definition(id: i64, kind: DocumentKind, key: &str, state: &str, body: Json) -> Definition {
    let name = body.get("name").and_then(Json::as_str).unwrap_or(key).to_owned();
    Definition {
        id: DocumentId(id),
        kind,
        key: key.into(),
        name,
        state: state.into(),
        version: None,
        body: body.into(),
    }
}

/// What the examples of all actions name, and a little more.
pub fn definitions() -> Definitions {
    of(all())
}

/// The same, with one of them replaced.
pub fn with_definition(kind: DocumentKind, key: &str, body: Json) -> Definitions {
    let mut all = all();
    let replaced = all.iter_mut().find(|it| it.kind == kind && it.key == key).unwrap();
    replaced.body = body.into();
    of(all)
}

fn of(all: Vec<Definition>) -> Definitions {
    Definitions::new(Arc::new(Schema::standard()), TimeZone::UTC, all)
}

fn all() -> Vec<Definition> {
    use DocumentKind as Kind;
    let template = json!({"roles": [
        {"role": "Decision Maker", "required": true, "when": {"person": "job_title", "starts_with": ["Chief", "VP"]}},
        {"role": "Influencer", "required": true, "members_required": 2},
        {"role": "Champion", "when": {"person": "job_title", "contains": "Officer"}},
    ]});
    let model = json!({"stages": [
        {"name": "Aware", "entry": true, "to": ["Engaged"]},
        {"name": "Engaged", "to": ["Won", "Lost"]},
        {"name": "Won", "destination": "success"},
        {"name": "Lost", "destination": "failure"},
    ]});
    let crm = json!({"name": "CRM", "roles_template": "crm-roles", "stage_model": "pipeline"});
    let welcome = json!({
        "connection": "mail",
        "subject": "Hello {{ person.first_name | default('there') }}",
        "body": {"html": "<p>{{ account.name }} in {{ account.city }}, {{ system.organisation }}</p>"},
    });
    let ping = json!({"connection": "twilio", "type": "marketing", "body": "Hi {{ person.first_name }}"});
    let destination = json!({"type": "linkedin", "connection": "linkedin", "settings": {"ad_account": "512345"}});
    let settings = json!({"organisation": "Caravan Works", "postal_address": "1 Road, Town"});
    vec![
        definition(1, Kind::RolesTemplate, "crm-roles", "live", template),
        definition(2, Kind::StageModel, "pipeline", "live", model),
        definition(3, Kind::SolutionInterest, "crm", "live", crm),
        definition(4, Kind::AccountList, "hand-picked", "live", json!({"type": "static"})),
        definition(5, Kind::AccountList, "enterprise", "live", json!({"type": "dynamic"})),
        definition(6, Kind::Score, "interest", "live", json!({})),
        definition(7, Kind::Journey, "win-back", "live", json!({"subject": "account"})),
        definition(8, Kind::Journey, "onboarding", "live", json!({"subject": "person"})),
        definition(9, Kind::Journey, "old", "closed", json!({"subject": "account"})),
        definition(10, Kind::Connection, "mail", "live", json!({"type": "smtp"})),
        definition(11, Kind::Email, "welcome", "live", welcome),
        definition(17, Kind::ExternalAudience, "retarget", "live", json!({})),
        definition(13, Kind::Connection, "twilio", "live", json!({"type": "twilio"})),
        definition(14, Kind::SmsMessage, "ping", "live", ping),
        definition(12, Kind::Settings, "settings", "live", settings),
        definition(13, Kind::Connection, "mkto", "live", json!({"type": "marketo"})),
        definition(15, Kind::Connection, "linkedin", "live", json!({"type": "linkedin"})),
        definition(16, Kind::Destination, "li", "live", destination),
        definition(JOURNEY.0, Kind::Journey, "nurture", "live", json!({"subject": "account"})),
    ]
}

/// The interest of [`definitions`].
pub fn crm() -> Interest {
    definitions().interest("crm", "").unwrap()
}

/// An account in the making.
#[derive(Debug, Clone)]
pub struct AccountBuilder {
    key: String,
    values: Vec<(AttributeNo, Value)>,
    people: Vec<Vec<(AttributeNo, Value)>>,
    group: Option<Vec<Member>>,
    trips: Vec<Trip>,
}

/// `account("acme").people(3)`
pub fn account(key: &str) -> AccountBuilder {
    AccountBuilder { key: key.into(), values: Vec::new(), people: Vec::new(), group: None, trips: Vec::new() }
}

impl AccountBuilder {
    /// So many people, with names and addresses.
    pub fn people(mut self, count: i64) -> Self {
        for _ in 0..count {
            let no = self.people.len() + 1;
            let text = |text: String| Value::Text(text);
            self.people.push(vec![
                (person::EMAIL, text(format!("p{no}@{}.example", self.key))),
                (person::FIRST_NAME, text(format!("First{no}"))),
                (person::LAST_NAME, text(format!("Last{no}"))),
            ]);
        }
        self
    }

    /// One more person, with this job.
    pub fn person(self, job_title: &str) -> Self {
        let mut built = self.people(1);
        let title = Schema::standard().person.no("job_title").unwrap();
        built.people.last_mut().unwrap().push((title, Value::Text(job_title.into())));
        built
    }

    /// An attribute of the account.
    pub fn with(mut self, attribute: &str, value: &str) -> Self {
        let no = Schema::standard().account.no(attribute).unwrap();
        self.values.push((no, Value::Text(value.into())));
        self
    }

    /// It has a buying group for `crm`.
    pub fn group(mut self) -> Self {
        self.group.get_or_insert_default();
        self
    }

    /// The `no`th person is a member of that group.
    pub fn member(mut self, no: i64, role: &str, source: Source) -> Self {
        let member = Member { person: PersonId(no), role: role.into(), source, removed: false, left_account: false };
        self.group.get_or_insert_default().push(member);
        self
    }

    /// It was or is in a journey.
    pub fn trip(self, journey: i64, active: bool) -> Self {
        let (entered_at, hour) = (now() - SignedDuration::from_hours(2), SignedDuration::from_hours(1));
        self.last_trip(journey, LastTrip { entry: 1, entered_at, ended_at: (!active).then_some(now() - hour) })
    }

    /// Its latest trip in a journey was this one.
    pub fn last_trip(mut self, journey: i64, last: LastTrip) -> Self {
        self.trips.push(Trip { journey: DocumentId(journey), enrollment: EnrollmentId(5_000 + journey), last });
        self
    }

    /// The world with everything of this account, and a trip of it.
    pub fn world(self) -> Scene {
        let schema = Schema::standard();
        let all = |set: &AttributeSet| set.iter().map(|(no, _)| no).collect();
        self.world_of(&Needs {
            account_attributes: all(&schema.account),
            person_attributes: all(&schema.person),
            interests: [crm().id].into(),
            journeys: [JOURNEY, DocumentId(7), DocumentId(8), DocumentId(9)].into(),
            ..Needs::default()
        })
    }

    /// The same with no more than was asked for. People are always there, since somebody else may have asked for them.
    pub fn world_of(self, needs: &Needs) -> Scene {
        let schema = Arc::new(Schema::standard());
        let columns = |asked: &BTreeSet<AttributeNo>| asked.iter().copied().collect::<Vec<_>>();
        let (account_columns, person_columns) = (columns(&needs.account_attributes), columns(&needs.person_attributes));
        let mut world = World::new(now(), Arc::clone(&schema), account_columns.clone(), person_columns.clone());
        let name = format!("{}{}", self.key[..1].to_uppercase(), &self.key[1..]);
        let mut values = self.values;
        values.push((account_no::KEY, Value::Text(self.key.clone())));
        values.push((account_no::NAME, Value::Text(name.clone())));
        let account = world.add_account(Account {
            id: AccountId(1),
            shard: Shard::of_key(&self.key),
            key: self.key.clone(),
            name,
            values: row(&account_columns, &values),
            people: Vec::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            records: Vec::new(),
            trips: self.trips.into_iter().filter(|trip| needs.journeys.contains(&trip.journey)).collect(),
        });
        for (no, values) in (1..).zip(&self.people) {
            let key = format!("{}-{no}", self.key);
            let ix = world.add_person(Person {
                id: PersonId(no),
                shard: Shard::of_key(&key),
                key,
                values: row(&person_columns, values),
                scores: Vec::new(),
                engagement: None,
                lists: Vec::new(),
                memberships: Vec::new(),
                roles: Vec::new(),
                records: Vec::new(),
                test_profile: false,
                history: Vec::new(),
                trips: Vec::new(),
            });
            world.account_mut(account).people.push(ix);
        }
        if let Some(members) = self.group.filter(|_| needs.interests.contains(&crm().id)) {
            world.add_group(Group {
                id: GroupId(1),
                account: AccountId(1),
                interest: crm().id,
                stage: None,
                status: None,
                completeness: None,
                engagement: None,
                members,
            });
        }
        Scene { world, chain: 1 }
    }
}

fn row(columns: &[AttributeNo], values: &[(AttributeNo, Value)]) -> Vec<Value> {
    let value = |column| values.iter().find(|(no, _)| no == column).map_or(Value::Null, |(_, value)| value.clone());
    columns.iter().map(value).collect()
}

/// A world of one account on a trip.
#[derive(Debug)]
pub struct Scene {
    pub world: World,
    pub chain: i64,
}

impl Scene {
    /// The account's trip at a node.
    pub fn visit(&self) -> Visit {
        Visit {
            enrollment: EnrollmentId(77),
            shard: self.world.account(0).shard,
            journey: JOURNEY,
            version: VersionId(5),
            node: 3,
            account: Some(0),
            entered_at: "2026-11-30T09:00:00Z".parse().unwrap(),
            chain: self.chain,
            origin: origin(),
        }
    }

    /// Everyone on whom an action acts.
    pub fn subjects(&self, on: Subjects) -> Vec<Subject> {
        match on {
            Subjects::Account => vec![Subject::Account(0)],
            Subjects::People => (0..self.world.people().len()).map(Subject::Person).collect(),
        }
    }

    /// Runs an action on everyone that it acts on.
    pub fn run(&mut self, key: &str, settings: Json) -> Vec<Outcome> {
        self.run_with(key, settings, &definitions())
    }

    /// The same with other definitions.
    pub fn run_with(&mut self, key: &str, settings: Json, definitions: &Definitions) -> Vec<Outcome> {
        let action = crate::action(key).unwrap();
        let prepared = action.prepare(&settings, definitions).map_err(|f| format!("{f:?}")).unwrap();
        let visit = self.visit();
        let subjects = self.subjects(action.facts().subject);
        subjects.into_iter().map(|subject| prepared.decide(&visit, subject, &mut self.world)).collect()
    }

    /// The facts that were told: `kind {fields}`.
    pub fn told(&self) -> Vec<String> {
        self.world.changes.activities.iter().map(|a| format!("{} {}", a.kind, a.fields)).collect()
    }

    /// The account's group.
    pub fn group(&self) -> &Group {
        self.world.group(self.group_ix())
    }

    /// Its index.
    pub fn group_ix(&self) -> GroupIx {
        self.world.account(0).groups[0]
    }

    /// Who is a member: `no role source`.
    pub fn members(&self) -> Vec<String> {
        let members = self.group().members.iter().filter(|m| !m.removed);
        members.map(|m| format!("{} {} {}", m.person.0, m.role, m.source.as_str())).collect()
    }
}

/// Who writes in tests.
pub fn origin() -> Origin {
    Origin { source: "journey:nurture".into(), enrollment: Some(EnrollmentId(77)), node: Some(3) }
}

/// Conditions judged now, outside journeys.
pub fn context(world: &World) -> Context<'static> {
    Context { now: world.now, entry: None, zone: &UTC }
}

static UTC: TimeZone = TimeZone::UTC;

/// The codes of what refuses settings.
pub fn refused(key: &str, settings: Json) -> Vec<String> {
    refused_with(key, settings, &definitions())
}

/// The same with other definitions.
pub fn refused_with(key: &str, settings: Json, definitions: &Definitions) -> Vec<String> {
    let found = crate::action(key).unwrap().prepare(&settings, definitions).err().unwrap_or_default();
    found.iter().map(|f| format!("{} {}", f.code, f.pointer)).collect()
}
