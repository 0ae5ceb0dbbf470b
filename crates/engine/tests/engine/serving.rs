//! The loops of a process: while there is nothing to do they look seldom, and miss nothing.

use std::time::{Duration, Instant};

use crate::support::{World, at, on_both_stores};
use caravan_engine::{Engine, runtime, travel};
use caravan_model::EnrollmentId;

/// Far longer than the pause between two looks, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

on_both_stores! {
    steppers_at_rest_notice_what_other_processes_leave_and_what_comes_due(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(6, 1);
        world.apply("{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}\n---\nkind: journey\nkey: j\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: rest}\n  rest: {type: wait, duration: 9d, next: null}\n");
        world.publish("j");
        world.run();
        let rests = |n: i64| world.one("SELECT COUNT(*) FROM enrollment WHERE node = 2") == n;
        let running = runtime::serve(&world.engine, None, 4).expect("loops");
        // Another process over the same store: nobody here is called.
        let other = Engine::new(world.engine.store().clone());
        for (n, trip) in world.rows("SELECT id FROM enrollment ORDER BY id LIMIT 3", |r| r.int(0)).into_iter().enumerate() {
            travel::skip(&other, "j", EnrollmentId(trip), "ann").expect("skipped");
            wait_for("one is moved on from elsewhere", || rests(n as i64 + 1));
        }
        world.clock.advance_to(at("2026-12-02T09:00:00Z"));
        wait_for("the others come due", || rests(6));
        drop(running);
        assert_eq!(world.status("j").nodes["rest"].current, 6);
    }
}
