//! A case on the engine: set up, lived through with crashes on the way, and read back in the reference's terms.

mod post;
mod reading;

use std::path::Path;
use std::sync::Arc;

use caravan_engine::batch::Limits;
use caravan_engine::definitions::{ApplyOptions, DefinitionError, apply, export};
use caravan_engine::deliver::Dispatcher;
use caravan_engine::import::{FileFormat, ImportError, ImportKind, ImportOptions, import};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::{Engine, status, travel};
use caravan_model::{Clock, EnrollmentId};
use caravan_store::faults::Faults;
use caravan_store::{OpenOptions, SessionExt, Store, StoreError, params, step};
use jiff::Timestamp;

use crate::model::Mortal;
use crate::model::case::*;
use crate::model::far::Far;

/// Batches that take everything there is.
pub const WHOLE: Limits = Limits { shards: 256, travellers: 2_048 };

/// Where a case lives.
pub struct Place {
    store: Store,
    engine: Engine,
    /// What is done by hand is done once: nothing breaks over it, since whoever repeats it does it twice.
    by_hand: Engine,
    clock: Clock,
    limits: Limits,
    workers: usize,
    /// Whom effects are delivered to; none: they stay queued.
    far: Option<Arc<Far>>,
    dispatcher: Option<Dispatcher>,
    /// What breaks the store.
    faults: Option<Arc<dyn Mortal>>,
    /// How often something broke.
    pub crashes: u32,
    /// Where its store lies, if that is to go with it.
    _folder: Option<tempfile::TempDir>,
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
        let engine = Engine::new(store.clone());
        Self {
            by_hand: engine.clone(),
            engine,
            store,
            clock,
            limits,
            workers: 1,
            far: None,
            dispatcher: None,
            faults: None,
            crashes: 0,
            _folder: None,
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Opens the embedded store of a folder.
    pub fn open(folder: &Path, now: Secs, limits: Limits) -> Self {
        let clock = Clock::manual(instant(now));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        Self::over(Store::open_sqlite(folder, options).expect("a store"), clock, limits)
    }

    /// A store that is gone with it.
    pub fn passing(now: Secs) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(instant(now));
        let options = OpenOptions { clock: clock.clone(), scratch: true, ..OpenOptions::default() };
        let store = Store::open_sqlite(folder.path(), options).expect("a store");
        let place = Self { _folder: Some(folder), ..Self::over(store, clock, WHOLE) };
        place.migrate();
        place
    }

    /// Everything that is defined, as manifests.
    pub fn exported(&self) -> String {
        let documents = export(&self.engine, None, None).expect("an export");
        documents.iter().map(|document| document.to_yaml().expect("a manifest")).collect::<Vec<_>>().join("---\n")
    }

    /// What applying these manifests would change.
    pub fn changed_by(&self, manifests: &str) -> Vec<String> {
        let manifest = [("exported.yaml".to_owned(), manifests.to_owned())];
        let options = ApplyOptions { dry_run: true, ..ApplyOptions::default() };
        let report = apply(&self.engine, &manifest, "test", options).unwrap_or_else(|error| panic!("{}", words(error)));
        report.created.iter().chain(&report.changed).map(|named| format!("{} {}", named.kind, named.key)).collect()
    }

    /// Makes the tables.
    pub fn migrate(&self) {
        self.store.migrate().expect("migrations");
    }

    /// So many workers step at the same time.
    pub fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Its effects are delivered there.
    pub fn with_far(self, far: Arc<Far>) -> Self {
        Self { far: Some(far), ..self }
    }

    /// From now on the store breaks when these say so.
    pub fn with_faults(self, faults: Arc<dyn Mortal>) -> Self {
        let store = self.store.with_faults(Arc::clone(&faults) as Arc<dyn Faults>);
        Self { engine: Engine::new(store.clone()), store, faults: Some(faults), ..self }
    }

    /// Somebody takes over who remembers nothing, as a new process would. What the dead one had in its hands is known to be
    /// nobody's when its claims are over, which nobody waits for here.
    fn died(&mut self) {
        self.crashes += 1;
        self.dispatcher = None;
        self.engine = Engine::new(self.store.clone());
        if let Some(faults) = &self.faults {
            faults.revive();
        }
        let over = "UPDATE outbox SET claim_until = 1 WHERE claim IS NOT NULL";
        self.by_hand.store().write(|s| s.execute(over, &[])).map_err(|error: StoreError| error).expect("claims");
    }

    /// Takes in the accounts, people and definitions of a case and publishes its journeys.
    pub fn set_up(&self, case: &Case) {
        self.takes_rows(case);
        self.takes_manifests(&case.manifest());
        self.registers_services();
        while self.engine.step_within(WHOLE).expect("a step").is_some() {}
        let keys: Vec<String> = (0..case.journeys.len()).map(journey_key).collect();
        if let Err(error) = lifecycle::publish(&self.engine, &keys, "test") {
            panic!("case {}: {}\n{}", case.seed, words(error), case.manifest());
        }
    }

    pub fn takes_manifests(&self, manifests: &str) {
        let manifest = [("case.yaml".to_owned(), manifests.to_owned())];
        if let Err(error) = apply(&self.engine, &manifest, "test", ApplyOptions::default()) {
            panic!("{}\n{manifests}", words(error));
        }
    }

    pub fn takes_rows(&self, case: &Case) {
        for file in case.account_files() {
            self.takes(&ImportKind::Accounts, &file).expect("accounts");
            // The next account gets another shard.
            self.store.write(|s| s.reserve_ids("account", 15).map(|_| ())).expect("ids");
        }
        self.takes(&ImportKind::People, &case.people_file()).expect("people");
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
        // Whoever takes over cannot know which answers the one before has heard.
        self.receives(case, now);
        if self.awake(case, now) {
            self.settle();
        }
        loop {
            let happens = case.script.get(happened).map(|happening| happening.at);
            let comes = self.coming(case, seconds(self.clock.now()) + 1).first().map(|coming| coming.at);
            let Some(next) = [happens, self.next_due(case), comes].into_iter().flatten().min() else { return };
            if next > case.until {
                return;
            }
            note(Progress { happened, now: next });
            self.clock.advance_to(instant(next));
            while let Some(happening) = case.script.get(happened).filter(|happening| happening.at <= next) {
                self.happen(case, happened, &happening.what, next);
                happened += 1;
                note(Progress { happened, now: next });
            }
            self.receives(case, next);
            if self.awake(case, next) {
                self.settle();
            }
        }
    }

    fn awake(&self, case: &Case, at: Secs) -> bool {
        !case.is_away(at)
    }

    fn next_due(&mut self, case: &Case) -> Option<Secs> {
        let now = seconds(self.clock.now());
        let leaves = self.next_delivery();
        let due = self.surely(|engine| {
            let (due, _) = engine.store().read(step::next_due)?;
            Ok([due, lifecycle::next_tick(engine)?])
        });
        let back = case.away.iter().map(|(_, to)| *to);
        let awake = |at: &Secs| !case.is_away(*at);
        let due = due.into_iter().chain([leaves]).flatten().map(seconds).filter(awake);
        due.chain(back).filter(|at| *at > now).min()
    }

    /// How batches are cut now. Journeys open in one piece: which of two that open together an account enters first, and so
    /// what the one may do to its trip in the other, is not promised.
    fn cut(&self) -> Limits {
        let opening = seconds(self.clock.now()) == START;
        if opening { WHOLE } else { self.limits }
    }

    /// Does everything that is due now, whatever breaks meanwhile.
    fn settle(&mut self) {
        let limits = self.cut();
        loop {
            let mut worked = self.surely(lifecycle::tick) | self.step_together();
            while self.surely(|engine| engine.step_within(limits)).is_some() {
                worked = true;
            }
            worked |= self.deliver();
            if !worked {
                return;
            }
        }
    }

    /// Several workers, each with an engine of its own as if it were another process, step until none finds anything.
    fn step_together(&mut self) -> bool {
        let (store, limits, faults) = (&self.store, self.cut(), &self.faults);
        let work = || {
            let (mut engine, mut steps, mut crashes) = (Engine::new(store.clone()), 0_u32, 0_u32);
            loop {
                match engine.step_within(limits) {
                    Ok(Some(_)) => steps += 1,
                    Ok(None) => return (steps, crashes),
                    Err(StoreError::Unreachable(_)) => {
                        crashes += 1;
                        engine = Engine::new(store.clone());
                        faults.iter().for_each(|faults| faults.revive());
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
                Err(StoreError::Unreachable(_)) => self.died(),
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
            _ => return self.do_by_hand(what),
        };
        // Whoever imports does not know either whether a commit took place, and tries again.
        while let Err(error) = self.takes(&kind, &file) {
            assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
            self.died();
        }
    }

    fn do_by_hand(&mut self, what: &What) {
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
                Err(DefinitionError::Store(StoreError::Unreachable(_))) => self.died(),
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
        lifecycle::command(&self.by_hand, &journey_key(journey), verb, "test").map(drop)
    }

    /// Does it to the first traveller, by key, that is under way in a journey.
    fn to_first(
        &self,
        journey: usize,
        act: fn(&Engine, &str, EnrollmentId) -> Result<(), DefinitionError>,
    ) -> Result<(), DefinitionError> {
        let key = journey_key(journey);
        let first = self.by_hand.store().read(|s| {
            s.query_opt(
                "SELECT e.id FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id
                 WHERE d.kind = 'journey' AND d.key = $1 AND e.ended_at IS NULL ORDER BY e.subject_id LIMIT 1",
                params![&key],
                |r| Ok(r.int(0)),
            )
        })?;
        first.map_or(Ok(()), |trip| act(&self.by_hand, &key, EnrollmentId(trip)))
    }
}

pub fn seconds(at: Timestamp) -> Secs {
    let base: Timestamp = BASE.parse().expect("a time");
    at.duration_since(base).as_secs()
}

fn words(error: DefinitionError) -> String {
    match error {
        DefinitionError::Findings(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        error => error.to_string(),
    }
}
