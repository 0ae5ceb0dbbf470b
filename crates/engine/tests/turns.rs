//! Limits of other systems that hold for all processes of a store.

mod support;

use std::time::Duration;

use caravan_connect::outbound::{Allowed, SharedTurns, Turn};
use caravan_engine::turns::StoreTurns;
use jiff::SignedDuration;
use support::{World, on_both_stores};

fn allowed(per_window: u32, at_once: u32, per_day: u32) -> Allowed {
    Allowed { per_window, window: Duration::from_secs(20), at_once, per_day, day: "2027-01-04".to_owned() }
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
