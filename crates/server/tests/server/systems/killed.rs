//! SIGKILL in the middle of batches.

use std::collections::BTreeSet;
use std::time::Duration;

use caravan_store::SessionExt;
use caravan_testkit::fakes::Fault;

use crate::support::{eventually, eventually_within, terminate};
use crate::systems::place::{ACCOUNTS, Kind, PEOPLE, Place};

const KILLS: usize = 3;
const SLOW: Duration = Duration::from_millis(120);
const EVERYBODY: usize = ACCOUNTS * PEOPLE;

#[test]
fn killed_in_the_middle_linkedin_has_exactly_who_was_activated_embedded() {
    linkedin_has_exactly_who_was_activated(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_linkedin_has_exactly_who_was_activated_postgres() {
    linkedin_has_exactly_who_was_activated(Kind::Postgres);
}

fn linkedin_has_exactly_who_was_activated(kind: Kind) {
    let place = Place::new(kind);
    const JOIN: &str =
        "type: action, on: account, action: activate_to_destination, destination: li, audience_name: Targets";
    const LEAVE: &str =
        "type: action, on: account, action: deactivate_from_destination, destination: li, audience_name: Targets";
    let calls = || place.linkedin.calls().len();
    place.linkedin.faults().plan("/dmpSegments", 0, 8, Fault::Slow(SLOW));
    place.linkedin.faults().plan("/companies", 0, 4, Fault::Slow(SLOW));
    place.linkedin.faults().plan("/companies", 0, 2, Fault::CodeBefore("429"));
    place.publish("join", &format!("  act: {{{JOIN}, next: null}}\n"));
    place.kill_workers(KILLS, calls);
    let outcomes = place.work_to_the_end("join", "act");
    assert_eq!((&outcomes["done"], &outcomes["in_doubt"]), (&ACCOUNTS.into(), &0.into()), "{outcomes}");
    assert_eq!(place.linkedin.with(|holdings| holdings.companies("Targets")).len(), ACCOUNTS);

    // Small ones leave again, while answers are lost and workers are killed.
    place.linkedin.faults().plan("/companies", 0, 3, Fault::Slow(SLOW));
    place.linkedin.faults().plan("/companies", 0, 1, Fault::HangUpAfter);
    place.publish(
        "leave",
        &format!(
            "  act: {{type: split, by: account, paths: [{{label: Small, when: {{account: employees, at_most: 900}}, next: out}}], \
             other: {{next: done}}}}\n  out: {{{LEAVE}, next: done}}\n  done: {{type: merge, next: null}}\n"
        ),
    );
    place.kill_workers(KILLS - 1, calls);
    place.work_to_the_end("leave", "out");
    let stay = |n: usize| n * 100 > 900;
    let mut expected: Vec<String> = (0..ACCOUNTS).filter(|n| stay(*n)).map(|n| format!("Company {n}")).collect();
    expected.sort();
    assert_eq!(place.linkedin.with(|holdings| holdings.companies("Targets")), expected);
    assert_eq!(
        place.linkedin.with(|holdings| holdings.segments.len()),
        1,
        "one audience, however often it was asked for"
    );
}

#[test]
fn killed_in_the_middle_marketo_s_list_has_everybody_and_nobody_is_in_doubt_embedded() {
    marketo_s_list_has_everybody(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_marketo_s_list_has_everybody_and_nobody_is_in_doubt_postgres() {
    marketo_s_list_has_everybody(Kind::Postgres);
}

fn marketo_s_list_has_everybody(kind: Kind) {
    let place = Place::new(kind);
    place.marketo.faults().plan("/lists/7/", 0, 6, Fault::Slow(SLOW));
    place.marketo.faults().plan("/leads.json", 1, 1, Fault::CodeBefore("606"));
    place.publish(
        "join",
        "  act: {type: action, on: people, action: marketo_add_to_list, connection: mkto, list: VIP, next: null}\n",
    );
    place.kill_workers(KILLS, || place.marketo.calls());
    let outcomes = place.work_to_the_end("join", "act");
    assert_eq!((&outcomes["done"], &outcomes["in_doubt"]), (&EVERYBODY.into(), &0.into()), "{outcomes}");
    assert_eq!(place.marketo.with(|holdings| holdings.lists[&7].members.len()), EVERYBODY);
    assert_eq!(place.marketo.with(|holdings| holdings.leads.len()), EVERYBODY, "nobody was created");
}

/// One call at a time is allowed, and whoever has it is killed in its middle. Nobody would know for 200 seconds that it is
/// over, if processes did not show that they are there.
#[test]
fn the_place_of_a_call_whose_process_was_killed_is_free_for_the_next_process_at_once_postgres() {
    let place = Place::new(Kind::Postgres);
    place.apply(&format!(
        "{{kind: connection, key: mkto, type: marketo, settings: {{munchkin_id: 123-ABC-456, client_id: caravan, base_url: '{}', \
           calls_per_20_seconds: 100, concurrent_calls: 1}}, secrets: {{client_secret: {{file: '{}'}}}}}}\n",
        place.marketo.url(),
        place.secret("hush"),
    ));
    place.marketo.faults().plan("/lists/7/", 0, 1, Fault::Slow(Duration::from_secs(600)));
    place.publish(
        "join",
        "  act: {type: action, on: people, action: marketo_add_to_list, connection: mkto, list: VIP, next: null}\n",
    );
    let under_way = || {
        let sql = "SELECT COUNT(*) FROM call_turn WHERE NOT ended";
        place.store().read(|s| s.query_int(sql, &[])).expect("a count")
    };
    let mut killed = place.worker();
    eventually("its call to be under way at the list", || {
        place.marketo.with(|holdings| !holdings.lists[&7].members.is_empty())
    });
    assert_eq!(under_way(), 1);
    killed.kill();
    place.forget_claims();
    let next = place.worker();
    eventually_within(Duration::from_secs(120), "the next process to have added everybody", || {
        place.marketo.with(|holdings| holdings.lists[&7].members.len()) == EVERYBODY
    });
    eventually("all calls to be over", || under_way() == 0);
    terminate(next).expect_code(0);
}

#[test]
fn killed_in_the_middle_nobody_is_requested_twice_and_who_is_in_doubt_is_told_embedded() {
    nobody_is_requested_twice(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_nobody_is_requested_twice_and_who_is_in_doubt_is_told_postgres() {
    nobody_is_requested_twice(Kind::Postgres);
}

/// A request of a campaign cannot be taken back and is not recognised when it comes again: whatever was under way at a kill
/// is in doubt, and nothing else.
fn nobody_is_requested_twice(kind: Kind) {
    let place = Place::new(kind);
    place.marketo.faults().plan("/trigger.json", 0, 6, Fault::Slow(SLOW));
    place.publish(
        "ask",
        "  act: {type: action, on: people, action: marketo_request_campaign, connection: mkto, workspace: Default, campaign: Welcome, next: null}\n",
    );
    let requested = || -> Vec<i64> {
        place.marketo.with(|holdings| holdings.campaigns[&70].requested.iter().map(|(lead, _)| *lead).collect())
    };
    // As soon as somebody was requested, before the answer comes.
    place.kill_workers(1, || requested().len());
    let outcomes = place.work_to_the_end("ask", "act");
    let requested = requested();
    let once: BTreeSet<i64> = requested.iter().copied().collect();
    assert_eq!(requested.len(), once.len(), "nobody is requested twice");
    let (done, in_doubt) = (outcomes["done"].as_u64().unwrap_or(0), outcomes["in_doubt"].as_u64().unwrap_or(0));
    assert!(in_doubt > 0, "{outcomes}");
    assert_eq!(done + in_doubt, EVERYBODY as u64, "{outcomes}");
    let lost = EVERYBODY as u64 - once.len() as u64;
    assert!(lost <= in_doubt, "{lost} were not requested, {in_doubt} are in doubt");
    assert!(once.len() as u64 >= done);
}
