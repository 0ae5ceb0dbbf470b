//! A case on the engine: set up, lived through with crashes on the way, and read back in the reference's terms.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use caravan_engine::batch::Limits;
use caravan_engine::definitions::{ApplyOptions, DefinitionError, apply};
use caravan_engine::import::{FileFormat, ImportError, ImportKind, ImportOptions, import};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::plan::Plan;
use caravan_engine::{Engine, status, travel};
use caravan_model::{Clock, EnrollmentId};
use caravan_store::faults::Faults;
use caravan_store::{OpenOptions, SessionExt, Store, StoreError, params, step};
use jiff::Timestamp;
use serde::Deserialize;

use crate::case::*;
use crate::outcome::{Figures, Final, Stay, Trip};

/// Where a case lives.
pub struct Place {
    store: Store,
    engine: Engine,
    clock: Clock,
    limits: Limits,
    workers: usize,
    /// How often something broke.
    pub crashes: u32,
}

/// How far a case has come; written down by whoever may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Happenings that are over.
    pub happened: usize,
    pub now: Secs,
}

impl Place {
    /// An empty store that was migrated before, seen at `now`.
    pub fn over(store: Store, clock: Clock, limits: Limits) -> Self {
        Self { engine: Engine::new(store.clone()), store, clock, limits, workers: 1, crashes: 0 }
    }

    /// Opens the embedded store of a folder.
    pub fn open(folder: &Path, now: Secs, limits: Limits) -> Self {
        let clock = Clock::manual(instant(now));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        Self::over(Store::open_sqlite(folder, options).expect("a store"), clock, limits)
    }

    /// Makes the tables.
    pub fn migrate(&self) {
        self.store.migrate().expect("migrations");
    }

    /// So many workers step at the same time.
    pub fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// From now on the store breaks when these say so.
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Self {
        let store = self.store.with_faults(faults);
        Self { engine: Engine::new(store.clone()), store, ..self }
    }

    /// Takes in the accounts, people and definitions of a case and publishes its journeys.
    pub fn set_up(&self, case: &Case) {
        for file in case.account_files() {
            self.takes(&ImportKind::Accounts, &file).expect("accounts");
            // The next account gets another shard.
            self.store.write(|s| s.reserve_ids("account", 15).map(|_| ())).expect("ids");
        }
        self.takes(&ImportKind::People, &case.people_file()).expect("people");
        let manifest = [("case.yaml".to_owned(), case.manifest())];
        if let Err(error) = apply(&self.engine, &manifest, "test", ApplyOptions::default()) {
            panic!("case {}: {}", case.seed, words(error));
        }
        while self.engine.step_within(self.limits).expect("a step").is_some() {}
        let keys: Vec<String> = (0..case.journeys.len()).map(journey_key).collect();
        if let Err(error) = lifecycle::publish(&self.engine, &keys, "test") {
            panic!("case {}: {}\n{}", case.seed, words(error), case.manifest());
        }
    }

    fn takes(&self, kind: &ImportKind, file: &str) -> Result<(), StoreError> {
        let format = if file.starts_with('{') { FileFormat::JsonLines } else { FileFormat::Csv };
        match import(&self.engine, kind, file.as_bytes(), format, &ImportOptions::default(), &mut ()) {
            Ok(report) => {
                assert_eq!(report.rejected, 0, "{:?}\n{file}", report.rejects);
                Ok(())
            }
            Err(ImportError::Store(error)) => Err(error),
            Err(error) => panic!("{error}\n{file}"),
        }
    }

    /// Lives on from `progress` to the end of the case; `note` is called before each instant is dealt with.
    pub fn live_through(&mut self, case: &Case, from: Progress, mut note: impl FnMut(Progress)) {
        let Progress { mut happened, now } = from;
        self.clock.advance_to(instant(now));
        if self.awake(case, now) {
            self.settle();
        }
        loop {
            let happens = case.script.get(happened).map(|happening| happening.at);
            let Some(next) = [happens, self.next_due(case)].into_iter().flatten().min() else { return };
            if next > case.until {
                return;
            }
            note(Progress { happened, now: next });
            self.clock.advance_to(instant(next));
            while let Some(happening) = case.script.get(happened).filter(|happening| happening.at <= next) {
                self.happen(case, happened, &happening.what, next);
                happened += 1;
            }
            if self.awake(case, next) {
                self.settle();
            }
        }
    }

    fn awake(&self, case: &Case, at: Secs) -> bool {
        !case.away.iter().any(|(from, to)| *from <= at && at < *to)
    }

    fn next_due(&mut self, case: &Case) -> Option<Secs> {
        let now = seconds(self.clock.now());
        let due = self.surely(|engine| {
            let (due, _) = engine.store().read(step::next_due)?;
            Ok([due, lifecycle::next_tick(engine)?])
        });
        let back = case.away.iter().map(|(_, to)| *to);
        let awake = |at: &Secs| !case.away.iter().any(|(from, to)| *from <= *at && *at < *to);
        let due = due.into_iter().flatten().map(seconds).filter(awake);
        due.chain(back).filter(|at| *at > now).min()
    }

    /// Does everything that is due now, whatever breaks meanwhile.
    fn settle(&mut self) {
        let limits = self.limits;
        loop {
            let mut worked = self.surely(lifecycle::tick) | self.step_together();
            while self.surely(|engine| engine.step_within(limits)).is_some() {
                worked = true;
            }
            if !worked {
                return;
            }
        }
    }

    /// Several workers, each with an engine of its own as if it were another process, step until none finds anything.
    fn step_together(&mut self) -> bool {
        let (store, limits) = (&self.store, self.limits);
        let work = || {
            let (mut engine, mut steps, mut crashes) = (Engine::new(store.clone()), 0_u32, 0_u32);
            loop {
                match engine.step_within(limits) {
                    Ok(Some(_)) => steps += 1,
                    Ok(None) => return (steps, crashes),
                    Err(StoreError::Unreachable(_)) => {
                        crashes += 1;
                        engine = Engine::new(store.clone());
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let done: Vec<(u32, u32)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (1..self.workers).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
        });
        self.crashes += done.iter().map(|(_, crashes)| crashes).sum::<u32>();
        done.iter().any(|(steps, _)| *steps > 0)
    }

    /// Repeats it until it works; after a break with an engine that remembers nothing, as a new process would.
    fn surely<T>(&mut self, work: impl Fn(&Engine) -> Result<T, StoreError>) -> T {
        loop {
            match work(&self.engine) {
                Ok(done) => return done,
                Err(StoreError::Unreachable(_)) => {
                    self.crashes += 1;
                    self.engine = Engine::new(self.store.clone());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn happen(&mut self, case: &Case, number: usize, what: &What, now: Secs) {
        let of_account = |account: usize, column: &str, value: String| {
            (ImportKind::Accounts, format!("key,{column}\n{},{value}\n", account_key(account)))
        };
        let of_person = |person: usize, column: &str, value: String| {
            (ImportKind::People, format!("key,{column}\n{},{value}\n", person_key(person)))
        };
        let (kind, file) = match *what {
            What::Filled { person, form, ago, account } => {
                let mut row = serde_json::json!({
                    "id": format!("event-{number}"), "type": "form_filled", "at": instant(now - ago).to_string(),
                    "person_key": person_key(person), "form": form,
                });
                if let Some(account) = account {
                    row["account_key"] = account_key(account).into();
                }
                (ImportKind::Activities, row.to_string())
            }
            What::Employees { account, value } => of_account(account, "employees", value.to_string()),
            What::Industry { account, value } => of_account(account, "industry", value.to_owned()),
            What::Zone { account, value } => of_account(account, "time_zone", ZONES[value].0.to_owned()),
            What::Title { person, value } => of_person(person, "job_title", value.to_owned()),
            What::Department { person, value } => of_person(person, "department", value.to_owned()),
            What::Joins { person, account } => of_person(person, "account_key", account_key(account)),
            What::Renew(n) => return self.renew(case, n),
            _ => return self.by_hand(what),
        };
        // Whoever imports does not know either whether a commit took place, and tries again.
        while let Err(error) = self.takes(&kind, &file) {
            assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
            self.crashes += 1;
        }
    }

    fn by_hand(&mut self, what: &What) {
        let done = match *what {
            What::Pause(n) => self.command(n, Verb::Pause),
            What::Resume(n) => self.command(n, Verb::Resume),
            What::Close(n) => self.command(n, Verb::Close),
            What::Abort(n) => self.command(n, Verb::Abort),
            What::Remove(n) => self.to_first(n, |engine, key, trip| travel::remove(engine, key, trip, "test")),
            What::Skip(n) => self.to_first(n, |engine, key, trip| travel::skip(engine, key, trip, "test")),
            _ => Ok(()),
        };
        // What a person does by hand is refused where it makes no sense; the reference knows where.
        match done {
            Ok(()) | Err(DefinitionError::Findings(_)) => {}
            Err(DefinitionError::Store(StoreError::Unreachable(_))) => {
                self.crashes += 1;
                self.by_hand(what);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Publishes a journey's second version, unless it no longer runs; whoever does not know whether it was, looks.
    fn renew(&mut self, case: &Case, n: usize) {
        let manifest = [("renewed.yaml".to_owned(), case.renewed(n))];
        let key = journey_key(n);
        loop {
            let published = apply(&self.engine, &manifest, "test", ApplyOptions::default())
                .and_then(|_| status::status(&self.engine, &key))
                .and_then(|status| match status.version {
                    1 => lifecycle::publish(&self.engine, std::slice::from_ref(&key), "test").map(|_| ()),
                    _ => Ok(()),
                });
            match published {
                Ok(()) => return,
                Err(DefinitionError::Store(StoreError::Unreachable(_))) => self.crashes += 1,
                Err(DefinitionError::Findings(found))
                    if found
                        .iter()
                        .filter(|f| f.is_error())
                        .all(|f| matches!(f.code.as_str(), "journey_not_editable" | "end_past" | "not_live")) =>
                {
                    return;
                }
                Err(error) => panic!("{}", words(error)),
            }
        }
    }

    fn command(&self, journey: usize, verb: Verb) -> Result<(), DefinitionError> {
        lifecycle::command(&self.engine, &journey_key(journey), verb, "test")
    }

    /// Does it to the first traveller, by key, that is under way in a journey.
    fn to_first(
        &self,
        journey: usize,
        act: fn(&Engine, &str, EnrollmentId) -> Result<(), DefinitionError>,
    ) -> Result<(), DefinitionError> {
        let key = journey_key(journey);
        let first = self.store.read(|s| {
            s.query_opt(
                "SELECT e.id FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id
                 WHERE d.kind = 'journey' AND d.key = $1 AND e.ended_at IS NULL ORDER BY e.subject_id LIMIT 1",
                params![&key],
                |r| Ok(r.int(0)),
            )
        })?;
        first.map_or(Ok(()), |trip| act(&self.engine, &key, EnrollmentId(trip)))
    }

    // Reading back.

    /// What has come of the case.
    pub fn outcome(&self, case: &Case) -> Final {
        let mut end = Final { trips: self.trips(), ..Final::default() };
        for n in 0..case.journeys.len() {
            end.figures.insert(journey_key(n), self.figures(n));
        }
        end.mails = self.counted(
            "SELECT d.key || ' ' || COALESCE(CASE WHEN d.body LIKE '%\"subject\":\"person\"%' THEN p.key END, a.key)
                    || '/' || e.entry, o.node, ' ' || p.key, o.version_id
             FROM outbox AS o JOIN enrollment AS e ON e.id = o.enrollment_id JOIN document AS d ON d.id = e.journey_id
             JOIN person AS p ON p.id = o.person_id LEFT JOIN account AS a ON a.id = o.account_id",
        );
        end.told = self.counted(
            "SELECT t.type || ' by ' || t.source || ' of ' || COALESCE(p.key, a.key), -1, '', 0
             FROM activity AS t LEFT JOIN person AS p ON p.id = t.person_id LEFT JOIN account AS a ON a.id = t.account_id
             WHERE t.source LIKE 'journey:%'",
        );
        end.accounts = self.accounts();
        end.people = self.people();
        end
    }

    fn trips(&self) -> std::collections::BTreeMap<(String, String, i64), Trip> {
        let sql =
            "SELECT e.id, d.key, COALESCE(CASE WHEN d.body LIKE '%\"subject\":\"person\"%' THEN p.key END, a.key),
                          e.entry, e.entered_at, e.node, e.node_at, e.ended_at, e.outcome, e.version_id
                   FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id
                   LEFT JOIN account AS a ON a.id = e.subject_id LEFT JOIN person AS p ON p.id = e.subject_id
                   ORDER BY e.id";
        self.store
            .read(|s| {
                let live = self.engine.live(s)?;
                let rows = s.query_map(sql, &[], |r| {
                    let ended = r.opt_instant(7).map(|at| (seconds(at), r.opt_string(8).unwrap_or_default()));
                    let key = (r.string(1), r.string(2), r.int(3));
                    let entered_at = seconds(r.instant(4));
                    let trip = Trip {
                        entered_at,
                        node: String::new(),
                        node_at: seconds(r.instant(6)),
                        ended,
                        stays: Vec::new(),
                    };
                    Ok((r.int(0), key, r.int(5), caravan_model::VersionId(r.int(9)), trip))
                })?;
                let mut moves: HashMap<i64, Vec<(Timestamp, String)>> = HashMap::new();
                s.query("SELECT enrollment_id, at, visits FROM move ORDER BY enrollment_id, seq", &[], &mut |r| {
                    moves.entry(r.int(0)).or_default().push((r.instant(1), r.string(2)));
                    Ok(())
                })?;
                let mut trips = std::collections::BTreeMap::new();
                for (id, key, node, version, mut trip) in rows {
                    let plan = live.plan(s, version)?.expect("a plan");
                    trip.node = plan.node(node).id.clone();
                    for (at, visits) in moves.remove(&id).unwrap_or_default() {
                        trip.stays.extend(stays(at, &visits, &plan));
                    }
                    trips.insert(key, trip);
                }
                Ok::<_, StoreError>(trips)
            })
            .expect("trips")
    }

    fn figures(&self, n: usize) -> Figures {
        let status = status::status(&self.engine, &journey_key(n)).expect("a status");
        let mut figures = Figures::default();
        let trips = serde_json::to_value(&status.travellers).expect("figures");
        for (what, n) in trips.as_object().into_iter().flatten() {
            if what != "active" {
                figures.add(&format!("trips {what}"), n.as_i64().unwrap_or_default());
            }
        }
        for (group, goal) in status.goal.iter().flat_map(|goal| [("", &goal.travellers), (" held out", &goal.held_out)])
        {
            figures.add(&format!("goal{group} before"), goal.before);
            figures.add(&format!("goal{group} converted"), goal.converted);
        }
        for (reason, n) in &status.not_entered {
            figures.add(&format!("not_entered {reason}"), *n);
        }
        let mut inside = 0;
        for (node, counts) in &status.nodes {
            assert_eq!(counts.reached, counts.left + counts.current + counts.ended, "{node}: {counts:?}");
            inside += counts.current;
            figures.add(&format!("{node} reached"), counts.reached);
            figures.add(&format!("{node} left"), counts.left);
            figures.add(&format!("{node} ended"), counts.ended);
            for (path, n) in &counts.paths {
                figures.add(&format!("{node} path {path}"), *n);
            }
            let Some(outcomes) = &counts.outcomes else { continue };
            figures.add(&format!("{node} pending"), outcomes.pending);
            figures.add(&format!("{node} done"), outcomes.done);
            for (reason, n) in &outcomes.no_op {
                figures.add(&format!("{node} no_op {reason}"), *n);
            }
        }
        assert_eq!(inside, status.travellers.active, "whoever is inside stands at some node");
        assert_eq!(status.problems, 0);
        figures.without_zeros()
    }

    fn counted(&self, sql: &str) -> std::collections::BTreeMap<String, i64> {
        self.store
            .read(|s| {
                let live = self.engine.live(s)?;
                let rows = s.query_map(sql, &[], |r| {
                    Ok((r.string(0), r.int(1), r.string(2), caravan_model::VersionId(r.int(3))))
                })?;
                let mut counts = std::collections::BTreeMap::new();
                for (before, node, after, version) in rows {
                    let node = match node {
                        -1 => String::new(),
                        node => format!(" {}", live.plan(s, version)?.expect("a plan").node(node).id),
                    };
                    *counts.entry(format!("{before}{node}{after}")).or_default() += 1;
                }
                Ok::<_, StoreError>(counts)
            })
            .expect("counts")
    }

    fn accounts(&self) -> std::collections::BTreeMap<String, String> {
        let on = |n: usize| {
            format!(
                "EXISTS (SELECT 1 FROM list_member AS m JOIN document AS d ON d.id = m.list_id
                         WHERE d.kind = 'account_list' AND d.key = '{}' AND m.subject_id = account.id)",
                SHELVES[n]
            )
        };
        let sql = format!("SELECT key, employees, industry, {}, {} FROM account", on(0), on(1));
        let rows = self.store.read(|s| {
            s.query_map(&sql, &[], |r| {
                let shelved = [r.bool(3), r.bool(4)];
                Ok((r.string(0), format!("{:?} {:?} {shelved:?}", r.opt_int(1), r.opt_text(2))))
            })
        });
        rows.map_err(|error: StoreError| error).expect("accounts").into_iter().collect()
    }

    fn people(&self) -> std::collections::BTreeMap<String, String> {
        let sql = "SELECT p.key, p.department, COALESCE((SELECT value FROM person_score WHERE person_id = p.id), 0)
                   FROM person AS p";
        let rows = self
            .store
            .read(|s| s.query_map(sql, &[], |r| Ok((r.string(0), format!("{:?} {}", r.opt_text(1), r.int(2))))));
        rows.map_err(|error: StoreError| error).expect("people").into_iter().collect()
    }
}

/// The nodes that one walk left.
fn stays(at: Timestamp, visits: &str, plan: &Plan) -> Vec<Stay> {
    #[derive(Deserialize)]
    struct Visit {
        n: i64,
        p: Option<String>,
        e: Option<String>,
    }
    let mut visits: Vec<Visit> = serde_json::from_str(visits).expect("visits");
    // The last one is where it stands from then on, unless its trip ended there.
    if visits.last().is_some_and(|last| last.e.is_none()) {
        visits.pop();
    }
    visits
        .into_iter()
        .map(|v| {
            // Which account took which share is not promised.
            let path = v.p.filter(|path| plan.of_people || !path.starts_with("Share"));
            Stay { node: plan.node(v.n).id.clone(), left: seconds(at), path, outcome: v.e }
        })
        .collect()
}

fn seconds(at: Timestamp) -> Secs {
    let base: Timestamp = BASE.parse().expect("a time");
    at.duration_since(base).as_secs()
}

fn words(error: DefinitionError) -> String {
    match error {
        DefinitionError::Findings(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        error => error.to_string(),
    }
}
