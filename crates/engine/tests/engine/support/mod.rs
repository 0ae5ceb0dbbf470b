//! A store with accounts and people, a clock moved by hand, and short ways to say what a test is about.

pub mod owed;
pub mod post;

use caravan_connect::Secret;
use caravan_connect::vault::Vault;
use caravan_engine::definitions::{ApplyOptions, ApplyReport, DefinitionError, apply};
use caravan_engine::status::{Asked, ProblemRow, Stand, TravellerRow};
use caravan_engine::{Engine, lifecycle, runtime, status};
use caravan_model::{Clock, EnrollmentId, Random};
use caravan_store::search::Search;
use caravan_store::{Bulk, OpenOptions, SessionExt, Store};
use jiff::Timestamp;
use std::time::Duration;

/// An engine on its own store.
pub struct World {
    pub engine: Engine,
    pub clock: Clock,
    pub(crate) _keep: Keep,
}

/// Every test ends with what must hold at its end.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.holds();
        }
    }
}

/// What must live as long as the store.
pub(crate) enum Keep {
    Directory(#[allow(dead_code)] tempfile::TempDir),
    Database(#[allow(dead_code)] caravan_testkit::ScratchDatabase),
}

/// Runs a test on the embedded store and on PostgreSQL.
macro_rules! on_both_stores {
    ($($name:ident($world:ident at $now:literal) $body:block)*) => {$(
        mod $name {
            use super::*;
            fn tell($world: World) $body
            #[test]
            fn embedded() { tell(World::embedded($now)) }
            #[test]
            fn postgres() { tell(World::postgres($now)) }
        }
    )*};
}
pub(crate) use on_both_stores;

/// The codes of the mistakes for which nothing was applied.
pub fn codes<T>(done: Result<T, DefinitionError>) -> Vec<String> {
    match done {
        Ok(_) => Vec::new(),
        Err(DefinitionError::Findings(findings)) => {
            findings.into_iter().filter(|f| f.is_error()).map(|f| f.code.to_string()).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// An engine that keeps secrets.
fn engine(store: Store) -> Engine {
    let key = Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    Engine::with_vault(store, Vault::given(&key, &[], Random::seeded(7)).expect("a key"))
}

/// Makes the schema of a database that tests get copies of.
fn migrated(url: &str) {
    Store::open_postgres(url, OpenOptions::default()).expect("a store").migrate().expect("migrations");
}

impl World {
    /// A fresh embedded store at `now`.
    pub fn embedded(now: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Clock::manual(at(now));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).expect("a store");
        store.migrate().expect("migrations");
        Self { engine: engine(store), clock, _keep: Keep::Directory(directory) }
    }

    /// A fresh PostgreSQL database at `now`.
    pub fn postgres(now: &str) -> Self {
        let database = caravan_testkit::scratch_copy("caravan_schema", migrated);
        let clock = Clock::manual(at(now));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_postgres(&database.url, options).expect("a store");
        store.migrate().expect("migrations");
        Self { engine: engine(store), clock, _keep: Keep::Database(database) }
    }

    /// `accounts` accounts `a-0` … with `people` people each (`p-0-0` …).
    pub fn with_people(self, accounts: i64, people: i64) -> Self {
        self.engine
            .store()
            .write(|s| -> Result<(), caravan_store::StoreError> {
                let ids: Vec<i64> = s.reserve_ids("account", accounts as usize)?.collect();
                let shard: Vec<i64> = ids.iter().map(|id| (id / 16) % 256).collect();
                let key: Vec<String> = (0..accounts).map(|n| format!("a-{n}")).collect();
                let employees: Vec<i64> = (0..accounts).map(|n| n * 100).collect();
                s.bulk(
                    &Bulk::insert("account")
                        .column("id", &ids)
                        .column("shard", &shard)
                        .column("key", &key)
                        .column("name", &key)
                        .column("employees", &employees)
                        .same("created_at", 0)
                        .same("updated_at", 0),
                )?;
                let total = accounts * people;
                let person: Vec<i64> = s.reserve_ids("person", total as usize)?.collect();
                let account: Vec<i64> = (0..total).map(|n| ids[(n / people) as usize]).collect();
                let shards: Vec<i64> = (0..total).map(|n| shard[(n / people) as usize]).collect();
                let keys: Vec<String> = (0..total).map(|n| format!("p-{}-{}", n / people, n % people)).collect();
                let emails: Vec<String> = keys.iter().map(|key| format!("{key}@example.com")).collect();
                let titles: Vec<&str> =
                    (0..total).map(|n| if n % people == 0 { "Chief Officer" } else { "Clerk" }).collect();
                s.bulk(
                    &Bulk::insert("person")
                        .column("id", &person)
                        .column("shard", &shards)
                        .column("key", &keys)
                        .column("email", &emails)
                        .column("job_title", &titles)
                        .same("created_at", 0)
                        .same("updated_at", 0),
                )?;
                s.bulk(&Bulk::insert("account_person").column("account_id", &account).column("person_id", &person))?;
                Ok(())
            })
            .expect("accounts");
        self
    }

    pub fn try_apply(&self, manifest: &str) -> Result<ApplyReport, DefinitionError> {
        apply(&self.engine, &[("test.yaml".to_owned(), manifest.to_owned())], "test", ApplyOptions::default())
    }

    pub fn apply(&self, manifest: &str) -> ApplyReport {
        match self.try_apply(manifest) {
            Ok(report) => report,
            Err(DefinitionError::Findings(findings)) => {
                panic!("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn publish(&self, key: &str) {
        if let Err(error) = lifecycle::publish(&self.engine, &[key.to_owned()], "test") {
            match error {
                DefinitionError::Findings(findings) => {
                    panic!("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
                }
                other => panic!("{other}"),
            }
        }
    }

    /// The errors for which a journey is not published, each with its node.
    pub fn refused(&self, key: &str) -> Vec<(String, Option<String>)> {
        match lifecycle::publish(&self.engine, &[key.to_owned()], "test") {
            Err(DefinitionError::Findings(findings)) => {
                findings.into_iter().filter(|f| f.is_error()).map(|f| (f.code.to_string(), f.node)).collect()
            }
            other => panic!("it was not refused: {other:?}"),
        }
    }

    /// Runs until nothing is due now.
    pub fn run(&self) -> runtime::IdleReport {
        let report = runtime::run_until_idle(&self.engine, None, Duration::from_secs(60)).expect("a run");
        assert!(report.idle, "it came to rest");
        self.holds();
        report
    }

    /// Nobody would stand for ever, and what is pending is under way.
    fn holds(&self) {
        assert_eq!(caravan_engine::sweep::sweep(&self.engine).expect("a sweep"), 0, "nobody would stand for ever");
        assert_eq!(owed::wrongly_pending(&self.engine), [""; 0], "what is pending is under way");
    }

    /// Moves the clock and runs.
    pub fn run_at(&self, time: &str) -> runtime::IdleReport {
        self.clock.advance_to(at(time));
        self.run()
    }

    /// Counters of a journey, `node kind` → n, by the names of the nodes.
    pub fn counts(&self, journey: &str) -> std::collections::BTreeMap<String, i64> {
        self.engine
            .store()
            .read(|s| {
                let row = caravan_store::documents::get(s, "journey", journey)?.expect("the journey");
                let live = self.engine.live(s)?;
                let mut counts = std::collections::BTreeMap::new();
                for tally in caravan_store::journeys::tallies(s, row.id)? {
                    let plan = live.plan(s, tally.version)?.expect("a plan");
                    let name = if tally.node < 0 { "trips" } else { &plan.node(tally.node).id };
                    *counts.entry(format!("{name} {}", tally.kind)).or_default() += tally.n;
                }
                Ok::<_, caravan_store::StoreError>(counts)
            })
            .expect("counts")
    }

    /// The rows of a statement, each made into something.
    pub fn rows<T>(&self, sql: &str, mut make: impl FnMut(&dyn caravan_store::Row) -> T) -> Vec<T> {
        self.engine.store().read(|s| s.query_map(sql, &[], |r| Ok(make(r)))).expect("rows")
    }

    /// The one text that a statement finds.
    pub fn text(&self, sql: &str) -> String {
        let found = self.rows(sql, |r| r.string(0));
        let [text] = found.as_slice() else { panic!("{sql}: {found:?}") };
        text.clone()
    }

    pub fn one(&self, sql: &str) -> i64 {
        self.engine.store().read(|s| s.query_int(sql, &[])).expect("a number")
    }
}

impl World {
    /// Something that a person did, received now.
    pub fn happens(&self, kind: &str, person: &str, fields: &str) {
        self.happened(kind, person, fields, self.clock.now());
    }

    /// Something that a person did at `when`, received now.
    pub fn happened(&self, kind: &str, person: &str, fields: &str, when: Timestamp) {
        self.received(kind, person, fields, when);
        self.run();
    }

    /// The same, and nothing runs yet.
    pub fn received(&self, kind: &str, person: &str, fields: &str, when: Timestamp) {
        use caravan_engine::listen::HeardActivity;
        use caravan_store::records::{ActivityRow, insert_activities};
        let now = self.clock.now();
        self.engine
            .store()
            .write(|s| -> Result<(), caravan_store::StoreError> {
                let id = s.query_int("SELECT id FROM person WHERE key = $1", caravan_store::params![person])?;
                let person = Some(caravan_model::PersonId(id));
                let row = ActivityRow {
                    kind,
                    at: when,
                    received_at: now,
                    account: None,
                    person,
                    enrollment: None,
                    node: None,
                    source: "test",
                    fields,
                };
                let ids = insert_activities(s, &[row])?;
                let heard = HeardActivity {
                    id: ids[0],
                    kind: kind.to_owned(),
                    at: when,
                    received_at: now,
                    account: None,
                    person,
                    enrollment: None,
                    source: "test".to_owned(),
                    fields: serde_json::from_str(fields).expect("fields"),
                };
                let rows = caravan_engine::save::address(s, vec![heard])?;
                caravan_store::step::insert_inbox(s, &rows)
            })
            .expect("an activity");
    }

    /// Who stands so at a node of a journey.
    pub fn travellers(&self, journey: &str, node: &str, stand: Stand) -> Vec<TravellerRow> {
        self.travellers_as_asked(journey, &Asked { node: Some(node.to_owned()), stand, ..Asked::default() })
    }

    /// The travellers of a journey that are asked for.
    pub fn travellers_as_asked(&self, journey: &str, asked: &Asked) -> Vec<TravellerRow> {
        let looked = status::travellers(&self.engine, journey, asked, None, 100).expect("travellers");
        looked.found.into_iter().map(|(row, _)| row).collect()
    }

    /// The trips that could not go on.
    pub fn problems(&self) -> Vec<ProblemRow> {
        let first = EnrollmentId(0);
        status::problems(&self.engine, None, Search::default(), first, 100).expect("problems").found
    }

    /// The status of a journey, checked: every node's figures close, and so do the journey's.
    pub fn status(&self, journey: &str) -> caravan_engine::status::JourneyStatus {
        let status = caravan_engine::status::status(&self.engine, journey).expect("a status");
        for (id, node) in &status.nodes {
            assert_eq!(node.reached, node.left + node.current + node.ended, "{journey} {id}: {node:?}");
            assert!(node.current >= 0, "{journey} {id}: {node:?}");
        }
        let inside: i64 = status.nodes.values().map(|node| node.current).sum();
        assert_eq!(inside, status.travellers.active, "{journey}: who is inside stands at some node");
        status
    }

    /// Runs `sql`, for what a test changes behind the runtime's back.
    pub fn sql(&self, sql: &str) {
        self.engine.store().write(|s| s.execute(sql, &[])).expect("a statement");
    }
}
