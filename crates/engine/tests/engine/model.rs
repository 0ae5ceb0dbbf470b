//! What holds whatever happens: random journeys over random people with random events, crashes at random statements,
//! compared with a reference that knows nothing of batches, stores or crashes.
//!
//! `CARAVAN_MODEL_SEED=N` runs one case and tells everything about it; `CARAVAN_MODEL_CASES=N` runs so many in each test.

mod case;
mod clock;
mod far;
mod generate;
mod outcome;
mod place;
mod reference;

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use caravan_engine::batch::Limits;
use caravan_model::Clock;
use caravan_model::sample::SplitMix64;
use caravan_store::faults::{Faults, Moment};
use caravan_store::{OpenOptions, Store};

use crate::model::case::{Case, START, instant};
use crate::model::far::Far;
use crate::model::place::{Place, Progress, WHOLE};

/// What breaks a store, as the death of its process does: nothing works any more until another takes over.
pub trait Mortal: Faults {
    /// Another has taken over.
    fn revive(&self);
    /// It dies here and now.
    fn kill(&self);
}

/// Breaks a few times, each after a random number of moments.
struct Crashes {
    dead: AtomicBool,
    random: AtomicU64,
    moments_left: AtomicI64,
    crashes_left: AtomicI64,
}

impl Crashes {
    fn new(seed: u64, crashes: i64) -> Arc<Self> {
        let random = AtomicU64::new(seed);
        let (moments_left, crashes_left) = (AtomicI64::new(0), AtomicI64::new(crashes));
        let made = Self { dead: AtomicBool::new(false), random, moments_left, crashes_left };
        made.draw();
        Arc::new(made)
    }

    fn draw(&self) {
        let mut random = SplitMix64::new(self.random.fetch_add(1, Ordering::SeqCst));
        self.moments_left.store(random.between(1, 400) as i64, Ordering::SeqCst);
    }
}

impl Faults for Crashes {
    fn breaks(&self, _: Moment) -> bool {
        if self.dead.load(Ordering::SeqCst) {
            return true;
        }
        if self.crashes_left.load(Ordering::SeqCst) == 0 || self.moments_left.fetch_sub(1, Ordering::SeqCst) > 1 {
            return false;
        }
        self.crashes_left.fetch_sub(1, Ordering::SeqCst);
        self.draw();
        self.dead.store(true, Ordering::SeqCst);
        true
    }
}

impl Mortal for Crashes {
    fn revive(&self) {
        self.dead.store(false, Ordering::SeqCst);
    }

    fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }
}

/// How batches are cut: every third case into pieces as small as they come. Between an account and its people no order is
/// promised, so that where the one asks for the others all that is due moves together.
fn limits(case: &Case) -> Limits {
    let mut random = SplitMix64::new(case.seed);
    match random.percent(33) && !case.asks_for_people() {
        true => Limits { shards: random.between(1, 8) as usize, travellers: random.between(1, 6) as usize },
        false => WHOLE,
    }
}

/// Runs a case on a store and returns what differs, and how often somebody died over mail that may not be sent again.
fn differences(case: &Case, store: Store, clock: Clock, workers: usize) -> (Vec<String>, u64) {
    let far = Far::of(case, &clock);
    let place = Place::over(store, clock, limits(case)).with_workers(workers).with_far(Arc::clone(&far));
    place.set_up(case);
    let crashes = Crashes::new(case.seed, 6);
    far.kills(Arc::clone(&crashes) as Arc<dyn Mortal>, case.seed, 4);
    let mut place = place.with_faults(Arc::clone(&crashes) as Arc<dyn Mortal>);
    place.live_through(case, Progress { happened: 0, now: START }, |_| {});
    // What has come of it is read in peace.
    crashes.crashes_left.store(0, Ordering::SeqCst);
    (differences_at(case, &place), far.deaths_over_new_mail())
}

/// In what a place differs from the reference, and from what the other side took.
fn differences_at(case: &Case, place: &Place) -> Vec<String> {
    let expected = reference::outcome(case);
    let mut lines = expected.differences(&place.outcome(case, &expected.fates));
    lines.extend(place.lost_or_doubled(case));
    lines
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Runs the cases from `first` on, each on a fresh copy of one migrated store.
fn embedded(first: u64, cases: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = OpenOptions { scratch: true, ..OpenOptions::default() };
    let template = Store::open_sqlite(folder.path().join("template"), options).expect("a store");
    template.migrate().expect("migrations");
    let (mut failed, mut doubts) = (0, 0);
    let seeds = seeds(first, cases);
    let cases = seeds.len() as u64;
    for seed in seeds {
        let case = generate::case(seed);
        let clock = Clock::manual(instant(START));
        let own = folder.path().join(seed.to_string());
        let store = template.copy_to(&own, clock.clone()).expect("a copy");
        let (differences, deaths) = differences(&case, store, clock, 1);
        doubts += deaths;
        std::fs::remove_dir_all(own).ok();
        if !differences.is_empty() {
            failed += 1;
            eprintln!("case {seed}: CARAVAN_MODEL_SEED={seed} repeats it\n  {}", differences.join("\n  "));
            if number("CARAVAN_MODEL_SEED").is_some() {
                eprintln!("{case:#?}\n{}", case.manifest());
            }
        }
        assert!(failed < 3, "enough cases failed");
    }
    assert_eq!(failed, 0, "of {cases} cases from {first} on");
    println!("{doubts} deaths over mail that may not be sent again");
    assert!(doubts >= cases / 20, "too few to prove anything: {doubts}");
}

fn seeds(first: u64, cases: u64) -> Vec<u64> {
    match (number("CARAVAN_MODEL_SEED"), number("CARAVAN_MODEL_CASES")) {
        (Some(seed), _) => vec![seed],
        (None, cases_wanted) => {
            let cases = cases_wanted.unwrap_or(cases);
            println!("seeds {first} to {}", first + cases - 1);
            (first..first + cases).collect()
        }
    }
}

/// Kills its own process, as `kill -9` would, at the n-th moment.
struct Killer(AtomicI64);

impl Mortal for Killer {
    fn revive(&self) {
        unreachable!("its process is gone");
    }

    fn kill(&self) {
        // Nothing is unwound, flushed or said.
        std::process::abort();
    }
}

impl Faults for Killer {
    fn breaks(&self, _: Moment) -> bool {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.kill();
        }
        false
    }
}

/// What the processes of a case share: a folder with the store, and how far they came.
struct Relay {
    folder: PathBuf,
    seed: u64,
}

impl Relay {
    /// The place of the case, with the other side and its books.
    fn place(&self, case: &Case, now: crate::model::case::Secs) -> (Place, Arc<Far>) {
        let place = Place::open(&self.folder, now, limits(case));
        let far = Far::with_books(case, place.clock(), &self.folder);
        (place.with_far(Arc::clone(&far)), far)
    }

    fn progress_file(&self) -> PathBuf {
        self.folder.join("progress")
    }

    fn note(&self, progress: Progress) {
        let next = self.folder.join("progress.next");
        std::fs::write(&next, format!("{} {}", progress.happened, progress.now)).expect("a note");
        std::fs::rename(next, self.progress_file()).expect("a note");
    }

    fn progress(&self) -> Progress {
        let text = std::fs::read_to_string(self.progress_file()).expect("a note");
        let (happened, now) = text.split_once(' ').expect("two numbers");
        Progress { happened: happened.parse().expect("a number"), now: now.parse().expect("a number") }
    }

    /// Starts a process that takes over and is killed at its n-th moment, or before that over something that it hands over;
    /// whether it came to the end before.
    fn runs(&self, nth: u64, handing_over: bool) -> bool {
        let test = std::env::current_exe().expect("this program");
        let status = Command::new(test)
            .args(["--exact", "model::a_process_of_a_case", "--ignored", "--nocapture"])
            .env("CARAVAN_MODEL_RELAY", &self.folder)
            .env("CARAVAN_MODEL_RELAY_SEED", self.seed.to_string())
            .env("CARAVAN_MODEL_RELAY_KILL", nth.to_string())
            .env("CARAVAN_MODEL_RELAY_HANDING", u8::from(handing_over).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("a process");
        assert!(status.success() || status.signal() == Some(SIGABRT), "it ends or is killed: {status}");
        status.success()
    }
}

const SIGABRT: i32 = 6;
const NEVER: u64 = u64::MAX >> 1;

/// Only ever started by the test below it.
#[test]
#[ignore = "is one process of a case, started and killed by another test"]
fn a_process_of_a_case() {
    let folder = PathBuf::from(std::env::var("CARAVAN_MODEL_RELAY").expect("a folder"));
    let relay = Relay { folder, seed: number("CARAVAN_MODEL_RELAY_SEED").expect("a seed") };
    let nth = number("CARAVAN_MODEL_RELAY_KILL").expect("a number");
    let progress = relay.progress();
    let case = generate::case(relay.seed);
    let (place, far) = relay.place(&case, progress.now);
    let killer = Arc::new(Killer(AtomicI64::new(nth as i64)));
    if number("CARAVAN_MODEL_RELAY_HANDING") == Some(1) {
        far.kills(Arc::clone(&killer) as Arc<dyn Mortal>, relay.seed, 1);
    }
    let mut place = place.with_faults(killer);
    place.live_through(&case, progress, |progress| relay.note(progress));
}

#[test]
fn processes_that_are_killed_leave_what_the_reference_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kills = 0;
    for seed in seeds(2_000_000, 20) {
        let case = generate::case(seed);
        let relay = Relay { folder: folder.path().join(seed.to_string()), seed };
        let (place, _) = relay.place(&case, START);
        place.migrate();
        place.set_up(&case);
        drop(place);
        relay.note(Progress { happened: 0, now: START });
        let mut random = SplitMix64::new(seed);
        for process in 0.. {
            // The last one is left alone.
            let nth = if process < 5 { random.between(1, 600) } else { NEVER };
            if relay.runs(nth, process < 5 && process % 2 == 1) {
                break;
            }
            kills += 1;
        }
        let differences = differences_at(&case, &relay.place(&case, relay.progress().now).0);
        assert!(differences.is_empty(), "case {seed}\n  {}", differences.join("\n  "));
    }
    assert!(kills > 20, "most processes were killed: {kills}");
}

/// Makes the schema of a database that tests get copies of.
fn migrated(url: &str) {
    Store::open_postgres(url, OpenOptions::default()).expect("a store").migrate().expect("migrations");
}

#[test]
fn every_case_ends_as_the_reference_says_1() {
    embedded(0, 500);
}

#[test]
fn every_case_ends_as_the_reference_says_2() {
    embedded(1_000_000, 500);
}

#[test]
fn every_case_ends_as_the_reference_says_with_many_workers_on_postgres() {
    for seed in seeds(3_000_000, 6) {
        let case = generate::case(seed);
        let database = caravan_testkit::scratch_copy("caravan_schema", migrated);
        let clock = Clock::manual(instant(START));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_postgres(&database.url, options).expect("a store");
        store.migrate().expect("migrations");
        let (differences, _) = differences(&case, store, clock, 3);
        assert!(differences.is_empty(), "case {seed}\n  {}", differences.join("\n  "));
    }
}

#[test]
fn what_is_exported_of_any_case_is_what_was_applied() {
    for seed in seeds(4_000_000, 40) {
        let case = generate::case(seed);
        let place = Place::passing(START);
        place.set_up(&case);
        let once = place.exported();
        assert_eq!(place.changed_by(&once), Vec::<String>::new(), "case {seed}: applying an export changes nothing");
        let other = Place::passing(START);
        other.takes_rows(&case);
        other.takes_manifests(&once);
        assert_eq!(other.exported(), once, "case {seed}: another installation has the same definitions");
    }
}
