//! Limits of other systems that hold for all processes of a store.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{World, on_both_stores};
use caravan_connect::outbound::{Allowed, Guard, Outbound, SharedTurns, Turn};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::turns::StoreTurns;
use caravan_engine::{members, webhooks};
use caravan_model::Random;
use caravan_model::document::DocumentKind;
use caravan_store::{Dialect, SessionExt};
use caravan_testkit::fakes::marketo::Setup;
use caravan_testkit::fakes::receiver::Mood;
use caravan_testkit::fakes::{Fault, Marketo, Receiver};
use jiff::SignedDuration;

fn allowed(per_window: u32, at_once: u32, per_day: u32) -> Allowed {
    Allowed {
        per_window,
        window: Duration::from_secs(20),
        at_once,
        per_day,
        day: "2027-01-04".to_owned(),
        patience: Duration::from_secs(180),
    }
}

fn granted(turn: Result<Turn, String>) -> i64 {
    match turn {
        Ok(Turn::Granted(turn)) => turn,
        other => panic!("not granted: {other:?}"),
    }
}

fn after(world: &World, seconds: i64) {
    world.clock.advance_to(world.clock.now() + SignedDuration::from_secs(seconds));
}

on_both_stores! {
    the_next_process_of_an_embedded_store_knows_that_nobody_is_at_a_call_any_more(world at "2027-01-04T10:00:00Z") {
        let (turns, rule) = (StoreTurns::new(world.engine.store()), allowed(10, 1, 1_000));
        granted(turns.begin("m", &rule));
        assert!(matches!(turns.begin("m", &rule), Ok(Turn::Wait(_))), "whoever had it was killed");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let surroundings = Surroundings {
            clock: world.clock.clone(),
            runtime: runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(Vec::new())),
        };
        let delivery = Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        Dispatcher::new(&world.engine, delivery, surroundings).dispatch_once().expect("delivery");
        let asked = turns.begin("m", &rule);
        match world.engine.store().dialect() {
            Dialect::Sqlite => {
                granted(asked);
            }
            Dialect::Postgres => assert!(matches!(asked, Ok(Turn::Wait(_))), "another process may be at it"),
        }
    }

    calls_of_two_processes_count_towards_one_window(world at "2027-01-04T10:00:00Z") {
        let processes = [StoreTurns::new(world.engine.store()), StoreTurns::new(world.engine.store())];
        let rule = allowed(4, 10, 1_000);
        for n in 0..4 {
            let turn = granted(processes[n % 2].begin("m", &rule));
            processes[n % 2].end("m", turn);
            after(&world, 1);
        }
        for process in &processes {
            assert_eq!(process.begin("m", &rule), Ok(Turn::Wait(Duration::from_secs(16))));
        }
        assert!(matches!(processes[0].begin("other", &rule), Ok(Turn::Granted(_))), "each door by itself");
        after(&world, 16);
        granted(processes[1].begin("m", &rule));
        assert!(matches!(processes[0].begin("m", &rule), Ok(Turn::Wait(_))));
    }

    calls_under_way_are_counted_together_and_those_of_a_dead_process_end(world at "2027-01-04T10:00:00Z") {
        let (one, two) = (StoreTurns::new(world.engine.store()), StoreTurns::new(world.engine.store()));
        let rule = allowed(100, 2, 1_000);
        let (first, _lost) = (granted(one.begin("m", &rule)), granted(two.begin("m", &rule)));
        assert!(matches!(two.begin("m", &rule), Ok(Turn::Wait(_))));
        one.end("m", first);
        let third = granted(two.begin("m", &rule));
        after(&world, 60);
        assert!(matches!(one.begin("m", &rule), Ok(Turn::Wait(_))), "a long call still counts");
        two.end("m", third);
        after(&world, 121);
        let (fourth, fifth) = (granted(one.begin("m", &rule)), granted(one.begin("m", &rule)));
        assert!(fifth > fourth);
    }

    the_day_s_calls_are_shared_and_begin_anew_with_the_day_and_a_rest_holds_for_all(world at "2027-01-04T10:00:00Z") {
        let (one, two) = (StoreTurns::new(world.engine.store()), StoreTurns::new(world.engine.store()));
        let rule = allowed(100, 10, 2);
        granted(one.begin("m", &rule));
        granted(two.begin("m", &rule));
        assert_eq!(one.begin("m", &rule), Ok(Turn::UsedUp));
        let tomorrow = Allowed { day: "2027-01-05".to_owned(), ..rule };
        granted(two.begin("m", &tomorrow));
        two.rest("m", Duration::from_secs(20));
        assert_eq!(one.begin("m", &tomorrow), Ok(Turn::Wait(Duration::from_secs(20))));
        after(&world, 20);
        granted(one.begin("m", &tomorrow));
    }
}

#[test]
fn a_process_that_is_gone_has_no_calls_under_way_and_one_that_is_there_keeps_its_own() {
    let world = World::postgres("2027-01-04T10:00:00Z");
    let (gone, there) = (StoreTurns::new(world.engine.store()), StoreTurns::new(world.engine.store()));
    let rule = allowed(100, 2, 1_000);
    granted(gone.begin("m", &rule));
    granted(there.begin("m", &rule));
    assert!(matches!(there.begin("m", &rule), Ok(Turn::Wait(_))));
    drop(gone);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while !matches!(there.begin("m", &rule), Ok(Turn::Granted(_))) {
        assert!(std::time::Instant::now() < until, "the database notices that its connection has ended");
        std::thread::yield_now();
    }
    assert!(matches!(there.begin("m", &rule), Ok(Turn::Wait(_))), "its own two count");
    // The database cuts the connection by which it shows itself: it shows itself anew, and its calls stay its own.
    let of_locks = |what: &str| {
        let sql = format!(
            "SELECT COUNT({what}) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
             WHERE l.locktype = 'advisory' AND d.datname = current_database()"
        );
        world.engine.store().write(|s| s.query_int(&sql, &[])).expect("a count")
    };
    assert_eq!(of_locks("pg_terminate_backend(l.pid)"), 1);
    let soon = |what: &str, so: &dyn Fn() -> bool| {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while !so() {
            assert!(std::time::Instant::now() < until, "{what}");
            std::thread::yield_now();
        }
    };
    soon("it is cut", &|| of_locks("*") == 0);
    soon("it shows itself anew", &|| {
        assert!(matches!(there.begin("m", &rule), Ok(Turn::Wait(_))), "its own two count");
        of_locks("*") == 1
    });
    let other = StoreTurns::new(world.engine.store());
    assert!(matches!(other.begin("m", &rule), Ok(Turn::Wait(_))));
}

#[test]
fn two_processes_that_ask_at_the_same_instant_never_get_more_than_there_is() {
    let world = World::postgres("2027-01-04T10:00:00Z");
    let turns = StoreTurns::new(world.engine.store());
    let rule = allowed(25, 100, 1_000);
    let granted: usize = std::thread::scope(|scope| {
        let ask = || (0..20).filter(|_| matches!(turns.begin("m", &rule), Ok(Turn::Granted(_)))).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    assert_eq!(granted, 25);
}

/// Two processes with clients of their own deliver until nothing is left, in waves so small that each leaves something for the other.
fn two_processes(world: &World, wave: usize, shared: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("threads");
    let process = || {
        let outbound = Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]));
        let turns = Arc::new(StoreTurns::new(world.engine.store()));
        let surroundings = Surroundings {
            clock: world.clock.clone(),
            runtime: runtime.handle().clone(),
            outbound: if shared { outbound.sharing(turns) } else { outbound },
        };
        let delivery = Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        Dispatcher::new(&world.engine, Delivery { wave, ..delivery }, surroundings)
    };
    let processes = [process(), process()];
    std::thread::scope(|scope| {
        for dispatcher in &processes {
            scope.spawn(|| while !dispatcher.dispatch_once().expect("delivery").is_idle() {});
        }
    });
}

/// Two processes deliver to one instance that takes one call at a time and says so when it gets more. How many people join the list, and how often the instance had to refuse.
fn two_processes_deliver(shared: bool) -> (usize, usize) {
    let world = World::postgres("2027-01-04T10:00:00Z").with_people(150, 10);
    let marketo = Marketo::start(Setup { at_once: 1, rate: 10_000, ..Setup::default() });
    for n in 0..1_500 {
        marketo.lead(n, &format!("p-{}-{}@example.com", n / 10, n % 10), "2020-01-01T00:00:00Z");
    }
    for list in 0..4 {
        marketo.list(list, &format!("L{list}"));
    }
    marketo.faults().plan("/rest/", 0, 1_000, Fault::Slow(Duration::from_millis(40)));
    world.apply(&format!(
        "{{kind: account_list, key: all, type: dynamic, when: {{account: employees, at_least: 0}}, state: live}}\n---\n\
         {{kind: connection, key: mkto, type: marketo, settings: {{munchkin_id: 123-ABC-456, client_id: caravan, base_url: '{}', \
           calls_per_20_seconds: 100, concurrent_calls: 1}}}}",
        marketo.url()
    ));
    let secret = "hush".to_owned();
    caravan_engine::secrets::set(&world.engine, DocumentKind::Connection, "mkto", "client_secret", secret, "test")
        .expect("a secret");
    let node = |n: usize, next: &str| {
        format!(
            "  n{n}: {{type: action, on: people, action: marketo_add_to_list, connection: mkto, list: L{n}, next: {next}}}\n"
        )
    };
    let nodes = [node(0, "n1"), node(1, "n2"), node(2, "n3"), node(3, "null")].concat();
    world.apply(&format!(
        "kind: journey\nkey: sync\nsubject: account\naudience: {{account_list: all}}\nend: 2027-06-30T00:00:00Z\nentry: n0\nnodes:\n{nodes}"
    ));
    world.publish("sync");
    world.run();
    two_processes(&world, 64, shared);
    let members = marketo.with(|holdings| holdings.lists.values().map(|list| list.members.len()).sum());
    (members, marketo.refusals("615"))
}

#[test]
fn two_processes_together_never_make_more_calls_at_once_than_an_instance_takes() {
    assert_eq!(two_processes_deliver(true), (6_000, 0));
    let (_, refused) = two_processes_deliver(false);
    assert!(refused > 0, "without turns they would");
}

/// Two processes tell a slow receiver of 60 activities. How many it took, and the most that it had at once.
fn two_processes_tell(shared: bool) -> (usize, usize) {
    let world = World::postgres("2027-01-04T10:00:00Z").with_people(60, 1);
    let receiver = Receiver::start("whsec_AAAA", world.clock.clone());
    world.apply(&format!(
        "{{kind: account_list, key: big, type: static}}\n---\n{{kind: webhook, key: crm, url: '{}', activities: [account_list_joined]}}",
        receiver.url()
    ));
    let made = webhooks::rotate_secret(&world.engine, "crm", &Random::seeded(1), "test").expect("a secret");
    receiver.trusts(&made.secret);
    receiver.mood(Mood::TakesSlowly(Duration::from_millis(40)));
    let keys: Vec<String> = (0..60).map(|n| format!("a-{n}")).collect();
    let who = members::Who::Keys(&keys);
    members::change(&world.engine, DocumentKind::AccountList, "big", members::Change::Add, who).expect("members");
    two_processes(&world, 8, shared);
    (receiver.taken().len(), receiver.most_at_once())
}

#[test]
fn a_receiver_never_gets_more_messages_at_once_however_many_processes_there_are() {
    let (taken, at_once) = two_processes_tell(true);
    assert!(taken == 60 && at_once <= 4, "{taken} {at_once}");
    let (taken, at_once) = two_processes_tell(false);
    assert!(taken == 60 && at_once > 4, "without turns there would be more: {at_once}");
}
