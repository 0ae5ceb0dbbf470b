//! The same journeys, while the process that runs them is killed ten times without warning.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use caravan_engine::Engine;
use caravan_engine::deliver::{Settlement, settle};
use caravan_model::EffectId;
use caravan_model::sample::SplitMix64;
use caravan_testkit::{Behaviour, Process, Received, Smtp, free_port};

use crate::walk::expected::Expected;
use crate::walk::figures::Figures;
use crate::walk::input::World;
use crate::walk::mail;
use crate::walk::place::{Kind, Place};
use crate::walk::stage::{self, JOURNEYS, Times};

/// Enough for mail to be under way at most kills.
const COMPANIES: u64 = 150;
const KILLS: usize = 10;
/// Another seed kills at other moments: `WALK_SEED=5 cargo nextest run …`.
const SEED: u64 = 20;

#[test]
fn killed_ten_times_embedded() {
    killed_ten_times(Kind::Embedded);
}

#[test]
fn killed_ten_times_postgres() {
    killed_ten_times(Kind::Postgres);
}

fn killed_ten_times(kind: Kind) {
    let seed = std::env::var("WALK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("WALK_SEED={seed}");
    let (world, place, smtp) = (World::new(COMPANIES).without_links(), Place::new(kind), Smtp::start());
    let expected = Expected::of(&world);
    let times = Times::from_now();
    stage::set(&place, &world, smtp.port, &times);
    smtp.behave(&Behaviour::Slow { millis: 15 });
    place.does(&[&["journey", "publish"], JOURNEYS.as_slice()].concat());
    let began = times.now();
    let mut random = SplitMix64::new(seed);
    let mut in_flight = BTreeSet::new();
    for kill in 1..=KILLS {
        let worker = begin_work(&place);
        if kill == KILLS * 6 / 10 {
            stage::poll(Duration::from_secs(60), "everybody to listen", || everybody_listens(&place, &world));
        } else {
            wait_a_while(&smtp, &mut random);
        }
        kill_it(worker);
        in_flight.extend(place.pairs("SELECT key, id FROM outbox WHERE intent").into_iter().map(|(key, _)| key));
        if kill == KILLS * 6 / 10 {
            stage::let_things_happen(&place, &world, &times, began);
        }
    }
    smtp.behave(&Behaviour::Accept);
    stage::run_to(&place, &expected, |expected, found| expected.undoubted().differences(&found.undoubted()));

    let in_doubt: Vec<(String, i64)> = place.pairs("SELECT key, id FROM ledger WHERE outcome = 'in_doubt'");
    println!(
        "{} messages, {} were in flight at kills, {} in doubt",
        smtp.messages().len(),
        in_flight.len(),
        in_doubt.len()
    );
    assert!(!in_flight.is_empty(), "no kill hit a delivery; choose another WALK_SEED");
    let doubted: BTreeSet<String> = in_doubt.iter().map(|(key, _)| key.clone()).collect();
    assert!(doubted.is_subset(&in_flight), "in doubt, but not in flight: {:?}", doubted.difference(&in_flight));
    nothing_came_twice(&smtp.messages());
    let missing = mail::beyond(&expected.mails, &mail::sorted(&smtp.messages(), &world, place.port).mails);
    assert!(missing.len() <= doubted.len(), "lost, although not in doubt: {missing:?}");

    settle_all(&place, &in_doubt, &smtp.messages());
    stage::run_to(&place, &expected, Figures::differences);
    nothing_came_twice(&smtp.messages());
    let arrived = mail::sorted(&smtp.messages(), &world, place.port);
    assert_eq!(arrived.mails, expected.mails, "{:?}", mail::beyond(&expected.mails, &arrived.mails));
    assert_eq!(mail::beyond(&arrived.alerts, &expected.alerts), [], "should not have arrived");
    stage::check_data(&place, &world, &expected);
}

fn begin_work(place: &Place) -> Process {
    let listen = format!("127.0.0.1:{}", free_port());
    let worker = place.caravan(&["worker", "--listen", &listen]).start();
    worker.wait_for_line("works on", Duration::from_secs(30));
    worker
}

/// Until a few more messages have come (or none came for two seconds), and a moment longer.
fn wait_a_while(smtp: &Smtp, random: &mut SplitMix64) {
    let wanted = smtp.messages().len() + random.below(60) as usize;
    let start = Instant::now();
    while smtp.messages().len() < wanted && start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(2));
    }
    thread::sleep(Duration::from_millis(random.below(60)));
}

fn kill_it(mut worker: Process) {
    assert!(worker.is_running(), "it ended by itself:\n{}", worker.stderr());
    worker.kill();
}

fn everybody_listens(place: &Place, world: &World) -> bool {
    let reached = |journey: &str, node: &str| place.figures(journey).get(&format!("{node} reached"));
    reached("nurture", "heard") == world.large().len() as i64
        && reached("clock", "way") == world.regulated().len() as i64
        && reached("onboarding", "country") == world.speakers.len() as i64 - 1
}

fn nothing_came_twice(messages: &[Received]) {
    for header in ["X-Caravan-Key", "Message-ID"] {
        let mut seen = BTreeSet::new();
        let twice: Vec<&str> =
            messages.iter().filter_map(|message| message.header(header)).filter(|value| !seen.insert(*value)).collect();
        assert_eq!(twice, Vec::<&str>::new(), "{header} came twice");
    }
}

/// Somebody looks at the mailbox and says what is so. An alert that one of its recipients has counts as delivered, since
/// sending it again would reach that one twice.
fn settle_all(place: &Place, in_doubt: &[(String, i64)], messages: &[Received]) {
    let keys: BTreeSet<&str> = messages.iter().filter_map(|message| message.header("X-Caravan-Key")).collect();
    let engine = Engine::new(place.store());
    for (key, id) in in_doubt {
        // An alert's messages carry its key and the address.
        let belongs = |rest: &str| rest.is_empty() || (rest.starts_with('.') && rest.contains('@'));
        let arrived = keys.iter().any(|seen| seen.strip_prefix(key.as_str()).is_some_and(belongs));
        let settlement = if arrived { Settlement::Delivered } else { Settlement::Resend };
        settle(&engine, EffectId(*id), settlement).unwrap_or_else(|error| panic!("{key}: {error}"));
    }
}
