//! The Marketo connector against a fake instance that checks every request and misbehaves as Marketo does. What counts is
//! what the instance holds at the end.

use caravan_connect::call::Call;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Connector, EffectBody, Outcome, Outgoing, Secret, Secrets, Surroundings, connector};
use caravan_model::Clock;
use caravan_testkit::fakes::marketo::Setup;
use caravan_testkit::fakes::{Fault, Marketo};
use serde_json::{Value as Json, json};

const DAY_ONE: &str = "2020-01-01T00:00:00Z";
const DAY_TWO: &str = "2021-01-01T00:00:00Z";

struct World {
    marketo: Marketo,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        Self::with(Setup::default())
    }

    fn with(setup: Setup) -> Self {
        let marketo = Marketo::start(setup);
        marketo.list(7, "VIP");
        marketo.campaign(70, "Welcome");
        Self { marketo, runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn door(&self, more: Json) -> Box<dyn Connector> {
        self.door_with_secret(more, "hush")
    }

    fn door_with_secret(&self, more: Json, secret: &str) -> Box<dyn Connector> {
        let mut settings = json!({
            "munchkin_id": "123-ABC-456", "client_id": "caravan", "base_url": self.marketo.url(),
            "calls_per_20_seconds": 100, "concurrent_calls": 10,
        });
        let more = more.as_object().expect("settings").clone();
        settings.as_object_mut().expect("settings").extend(more);
        let surroundings = Surroundings {
            clock: Clock::System,
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        };
        let secrets = Secrets::from([("client_secret".to_owned(), Secret::new(secret))]);
        let marketo = connector::kind("marketo").expect("a kind");
        marketo.open(&settings, &secrets, &surroundings).expect("a door")
    }

    fn members(&self) -> Vec<i64> {
        self.marketo.with(|holdings| holdings.lists[&7].members.iter().copied().collect())
    }

    fn requested(&self) -> Vec<i64> {
        self.marketo.with(|holdings| holdings.campaigns[&70].requested.iter().map(|(id, _)| *id).collect())
    }
}

fn effects(operation: &str, target: Json, people: &[&str]) -> Vec<Outgoing> {
    let one = |email: &&str| Outgoing {
        key: format!("k.{email}"),
        body: EffectBody::Call(Box::new(Call {
            operation: operation.into(),
            target: target.clone(),
            subject: json!({ "email": email }),
        })),
    };
    people.iter().map(one).collect()
}

fn to_vip(people: &[&str]) -> Vec<Outgoing> {
    effects("marketo_add_to_list", json!({ "list": "VIP" }), people)
}

fn to_welcome(people: &[&str]) -> Vec<Outgoing> {
    effects("marketo_request_campaign", json!({ "workspace": "Default", "campaign": "Welcome" }), people)
}

fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered { .. })
}

#[test]
fn people_are_found_by_address_and_joined_to_the_list_and_nobody_is_created() {
    let world = World::new();
    world.marketo.lead(1, "Ann@Example.com", DAY_ONE);
    world.marketo.lead(2, "bob@example.com", DAY_ONE);
    let outcomes =
        world.door(json!({})).deliver(&to_vip(&["ann@example.com", "nobody@example.com", "bob@example.com"]));
    assert!(is_delivered(&outcomes[0]) && is_delivered(&outcomes[2]), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::skipped("no_match"));
    assert_eq!(world.members(), [1, 2]);
    assert_eq!(world.marketo.with(|holdings| holdings.leads.len()), 2);
}

#[test]
fn the_policy_says_whom_of_several_with_the_same_address_is_meant() {
    for (policy, meant) in [("all", vec![1, 2, 3]), ("oldest", vec![2]), ("newest", vec![3])] {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_TWO);
        world.marketo.lead(2, "ann@example.com", DAY_ONE);
        world.marketo.lead(3, "ANN@example.com", DAY_TWO);
        world.door(json!({ "update_policy": policy })).deliver(&to_vip(&["ann@example.com"]));
        assert_eq!(world.members(), meant, "{policy}");
    }
}

#[test]
fn who_leaves_a_list_is_off_it_however_marketo_tells_of_those_who_were_not_on_it() {
    for tells_non_members in [true, false] {
        let world = World::with(Setup { tells_non_members, ..Setup::default() });
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.lead(2, "bob@example.com", DAY_ONE);
        world.marketo.with(|holdings| holdings.lists.get_mut(&7).unwrap().members.extend([1, 9]));
        let people =
            effects("marketo_remove_from_list", json!({ "list": "7" }), &["ann@example.com", "bob@example.com"]);
        let outcomes = world.door(json!({})).deliver(&people);
        assert!(outcomes.iter().all(is_delivered), "{outcomes:?}");
        assert_eq!(world.members(), [9]);
    }
}

#[test]
fn three_hundred_travel_in_one_change_of_a_list_and_a_hundred_in_one_request() {
    let world = World::new();
    let people: Vec<String> = (0..300).map(|n| format!("p{n}@example.com")).collect();
    for (n, email) in people.iter().enumerate() {
        world.marketo.lead(1_000 + n as i64, email, DAY_ONE);
    }
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let door = world.door(json!({}));
    assert!(door.deliver(&to_vip(&people)).iter().all(is_delivered));
    assert_eq!((world.members().len(), world.marketo.calls()), (300, 3), "names, people, the list");
    assert!(door.deliver(&to_welcome(&people)).iter().all(is_delivered));
    assert_eq!(world.requested().len(), 300);
    assert_eq!(world.marketo.calls(), 3 + 1 + 1 + 3, "names, people, three requests");
}

#[test]
fn tokens_hold_for_a_call_so_each_set_of_them_gets_its_own() {
    let world = World::new();
    let mut effects = to_welcome(&["a@example.com", "b@example.com", "c@example.com"]);
    for (n, (effect, word)) in effects.iter_mut().zip(["x", "y", "x"]).enumerate() {
        world.marketo.lead(n as i64, &format!("{}@example.com", ["a", "b", "c"][n]), DAY_ONE);
        let EffectBody::Call(call) = &mut effect.body else { unreachable!() };
        call.subject["tokens"] = json!({ "my.word": word });
    }
    assert!(world.door(json!({})).deliver(&effects).iter().all(is_delivered));
    let mut requested = world.marketo.with(|holdings| holdings.campaigns[&70].requested.clone());
    requested.sort();
    let words: Vec<&str> = requested.iter().map(|(_, tokens)| tokens["{{my.word}}"].as_str()).collect();
    assert_eq!(words, ["x", "y", "x"]);
}

#[test]
fn a_token_that_ends_in_mid_work_is_replaced_once_and_nothing_is_done_twice() {
    let world = World::new();
    let people: Vec<String> = (0..250).map(|n| format!("p{n}@example.com")).collect();
    for (n, email) in people.iter().enumerate() {
        world.marketo.lead(n as i64, email, DAY_ONE);
    }
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let door = world.door(json!({}));
    door.deliver(&to_vip(&people[..1]));
    world.marketo.expire_token();
    assert!(door.deliver(&to_welcome(&people)).iter().all(is_delivered));
    let mut requested = world.requested();
    requested.sort_unstable();
    assert_eq!(requested, (0..250).collect::<Vec<i64>>());
    assert_eq!(world.marketo.tokens_granted(), 2);
}

#[test]
fn many_workers_that_find_the_token_ended_ask_for_one_new_token() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let door = world.door(json!({}));
    door.deliver(&to_vip(&["ann@example.com"]));
    world.marketo.expire_token();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert!(door.deliver(&to_vip(&["ann@example.com"])).iter().all(is_delivered)));
        }
    });
    assert_eq!(world.marketo.tokens_granted(), 2);
}

#[test]
fn a_wrong_secret_shuts_the_door_and_says_where_to_look() {
    let world = World::new();
    let door = world.door_with_secret(json!({}), "wrong");
    let outcomes = door.deliver(&to_vip(&["ann@example.com"]));
    assert!(matches!(&outcomes[0], Outcome::Shut { code, .. } if code == "sign_in_refused"), "{outcomes:?}");
    assert!(door.check().unwrap_err().contains("LaunchPoint"));
}

#[test]
fn a_request_of_a_campaign_whose_answer_was_lost_is_in_doubt_and_a_list_is_tried_again() {
    for fault in [
        Fault::HangUpAfter,
        Fault::HangUpBefore,
        Fault::Truncated,
        Fault::Garbage,
        Fault::Status(502),
        Fault::CodeAfter("604"),
        Fault::CodeBefore("604"),
        Fault::CodeAfter("611"),
        Fault::CodeBefore("500"),
    ] {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        let door = world.door(json!({}));
        world.marketo.faults().plan("/trigger.json", 0, 1, fault.clone());
        let outcomes = door.deliver(&to_welcome(&["ann@example.com"]));
        assert!(matches!(outcomes[0], Outcome::Unknown { .. }), "{fault:?}: {outcomes:?}");
        world.marketo.faults().plan("/lists/7/", 0, 1, fault.clone());
        let outcomes = door.deliver(&to_vip(&["ann@example.com"]));
        assert!(matches!(outcomes[0], Outcome::Retry { .. }), "{fault:?}: {outcomes:?}");
        assert!(is_delivered(&door.deliver(&to_vip(&["ann@example.com"]))[0]));
        assert_eq!(world.members(), [1]);
    }
}

#[test]
fn whether_an_effect_may_be_repeated_after_a_crash_depends_on_the_operation() {
    let world = World::new();
    let door = world.door(json!({}));
    assert!(door.repeats_safely(&to_vip(&["a@example.com"])[0].body));
    assert!(!door.repeats_safely(&to_welcome(&["a@example.com"])[0].body));
}

#[test]
fn people_are_looked_up_afresh_so_a_record_that_was_merged_away_is_not_missed() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let door = world.door(json!({}));
    door.deliver(&to_vip(&["ann@example.com"]));
    let merged = world.marketo.with(|holdings| holdings.leads.remove(&1)).unwrap();
    world.marketo.with(|holdings| holdings.leads.insert(3, merged));
    assert!(door.deliver(&to_vip(&["ann@example.com"])).iter().all(is_delivered));
    assert_eq!(world.members(), [1, 3]);
}

#[test]
fn refusals_that_pass_are_told_apart_from_those_that_stay() {
    let pass = ["500", "502", "604", "606", "608", "611", "614", "615", "713", "719", "1019"];
    let stay = ["605", "609", "610", "612", "701", "702", "703", "709", "1003", "1006", "1008", "1013"];
    let verdicts = pass.map(|code| (code, true)).into_iter().chain(stay.map(|code| (code, false)));
    for (code, passes) in verdicts {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.faults().plan("/lists/7/", 0, 1, Fault::CodeBefore(code));
        let outcome = world.door(json!({})).deliver(&to_vip(&["ann@example.com"])).remove(0);
        assert_eq!(matches!(outcome, Outcome::Retry { .. }), passes, "{code}: {outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Failed { .. }), !passes, "{code}: {outcome:?}");
        assert!(world.members().is_empty());
    }
}

/// What is told of the request as a whole: nothing was done, so a campaign may be requested again.
#[test]
fn a_request_of_a_campaign_that_was_certainly_not_made_is_made_again_and_nobody_is_requested_twice() {
    for fault in ["606", "608", "614", "615", "713", "601", "602"].map(Fault::CodeBefore) {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.faults().plan("/trigger.json", 0, 1, fault.clone());
        let refuses_the_token = matches!(fault, Fault::CodeBefore("601" | "602"));
        let door = world.door(json!({}));
        let outcome = door.deliver(&to_welcome(&["ann@example.com"])).remove(0);
        match refuses_the_token {
            // The same token comes back before its end: that is told, and nothing was requested.
            true => assert!(matches!(outcome, Outcome::Shut { .. }), "{fault:?}: {outcome:?}"),
            false => assert!(matches!(outcome, Outcome::Retry { .. }), "{fault:?}: {outcome:?}"),
        }
        assert!(world.requested().is_empty(), "{fault:?}");
    }
}

#[test]
fn an_identity_service_in_trouble_loses_nobody() {
    for fault in [Fault::Status(503), Fault::HangUpBefore, Fault::HangUpAfter, Fault::Garbage, Fault::Truncated] {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.faults().plan("/identity/", 0, 1, fault.clone());
        let door = world.door(json!({}));
        let outcome = door.deliver(&to_vip(&["ann@example.com"])).remove(0);
        assert!(matches!(outcome, Outcome::Shut { .. } | Outcome::Retry { .. }), "{fault:?}: {outcome:?}");
        assert!(is_delivered(&door.deliver(&to_vip(&["ann@example.com"]))[0]), "{fault:?}");
        assert_eq!(world.members(), [1]);
    }
}

#[test]
fn a_missing_permission_shuts_the_door() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    world.marketo.faults().plan("/lists/7/", 0, 1, Fault::CodeBefore("603"));
    let outcome = world.door(json!({})).deliver(&to_vip(&["ann@example.com"])).remove(0);
    assert!(matches!(outcome, Outcome::Shut { message, .. } if message.contains("allow-list")));
}

#[test]
fn addresses_that_match_too_many_people_are_asked_for_in_halves() {
    let world = World::new();
    for n in 0..1_200 {
        world.marketo.lead(n, if n % 2 == 0 { "even@example.com" } else { "odd@example.com" }, DAY_ONE);
    }
    let outcomes = world.door(json!({})).deliver(&to_vip(&["even@example.com", "odd@example.com"]));
    assert!(outcomes.iter().all(is_delivered), "{outcomes:?}");
    assert_eq!(world.members().len(), 1_200);
}

#[test]
fn a_long_query_travels_in_the_body() {
    let world = World::new();
    let people: Vec<String> = (0..300).map(|n| format!("somebody.with.a.long.name.{n}@example.com")).collect();
    world.marketo.lead(5, &people[123], DAY_ONE);
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let outcomes = world.door(json!({})).deliver(&to_vip(&people));
    assert_eq!(outcomes.iter().filter(|outcome| is_delivered(outcome)).count(), 1);
    assert_eq!(world.members(), [5]);
}

#[test]
fn a_name_that_several_lists_have_must_be_an_id_and_an_unknown_one_is_said() {
    let world = World::new();
    world.marketo.list(8, "VIP");
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let door = world.door(json!({}));
    let outcome = door.deliver(&to_vip(&["ann@example.com"])).remove(0);
    assert!(matches!(&outcome, Outcome::Failed { message, .. } if message.contains("7 or 8")), "{outcome:?}");
    let nowhere = effects("marketo_add_to_list", json!({ "list": "Nope" }), &["ann@example.com"]);
    let outcome = door.deliver(&nowhere).remove(0);
    assert!(matches!(&outcome, Outcome::Failed { code, .. } if code == "marketo_1013"), "{outcome:?}");
}

#[test]
fn an_email_of_marketo_is_sent_by_the_campaign_that_the_connection_names_for_it() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let send = effects("marketo_send_email", json!({ "workspace": "Default", "email": "Hello" }), &["ann@example.com"]);
    let outcome = world.door(json!({})).deliver(&send).remove(0);
    assert!(matches!(&outcome, Outcome::Shut { code, .. } if code == "no_email_campaign"), "{outcome:?}");
    let door = world.door(json!({ "email_campaigns": { "Hello": "Welcome" } }));
    assert!(is_delivered(&door.deliver(&send)[0]));
    assert_eq!(world.requested(), [1]);
}

#[test]
fn a_score_is_set_to_the_value_that_the_journey_gave_it() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let mut set = effects("marketo_set_score", json!({ "field": "leadScore" }), &["ann@example.com"]);
    let EffectBody::Call(call) = &mut set[0].body else { unreachable!() };
    call.subject["value"] = 45.into();
    assert!(is_delivered(&world.door(json!({})).deliver(&set)[0]));
    assert_eq!(world.marketo.with(|holdings| holdings.leads[&1].fields["leadScore"].clone()), 45);
}

#[test]
fn pickers_offer_what_the_service_may_see() {
    let world = World::with(Setup { workspaces: vec!["Default".into(), "EU".into()], ..Setup::default() });
    world.marketo.with(|holdings| holdings.lists.get_mut(&7).unwrap().workspace = "Secret".into());
    world.marketo.list(8, "Visible");
    world.marketo.with(|holdings| holdings.campaigns.get_mut(&70).unwrap().requestable = false);
    world.marketo.campaign(71, "Requestable");
    let door = world.door(json!({}));
    let labels = |what: &str| -> Vec<String> {
        door.choices(what, None).unwrap().into_iter().map(|choice| choice.label).collect()
    };
    assert_eq!(labels("workspaces"), ["Default", "EU"]);
    assert_eq!(labels("lists"), ["Visible"]);
    assert_eq!(labels("campaigns"), ["Requestable"]);
    assert!(labels("emails").is_empty());
    assert!(door.choices("pigeons", None).is_err());
    assert!(door.check().unwrap().contains("Default, EU"));
}

#[test]
fn a_storm_of_refusals_neither_loses_nor_doubles_anybody() {
    let world = World::with(Setup { rate: 1_000, at_once: 2, ..Setup::default() });
    for n in 0..60 {
        world.marketo.lead(n, &format!("p{n}@example.com"), DAY_ONE);
    }
    world.marketo.faults().plan("/leads.json", 3, 5, Fault::CodeBefore("615"));
    world.marketo.faults().plan("/lists/7/", 1, 3, Fault::CodeAfter("604"));
    let door = world.door(json!({ "concurrent_calls": 4 }));
    std::thread::scope(|scope| {
        for n in 0..6 {
            let door = door.as_ref();
            scope.spawn(move || until_delivered(door, to_vip(&ten(n).iter().map(String::as_str).collect::<Vec<_>>())));
        }
    });
    assert_eq!(world.members(), (0..60).collect::<Vec<i64>>());
}

/// Ten of sixty addresses.
fn ten(n: usize) -> Vec<String> {
    (n * 10..n * 10 + 10).map(|n| format!("p{n}@example.com")).collect()
}

/// Delivers again whatever is to be tried again.
fn until_delivered(door: &dyn Connector, mut left: Vec<Outgoing>) {
    while !left.is_empty() {
        let outcomes = door.deliver(&left);
        let goes_on = |outcome: &Outcome| matches!(outcome, Outcome::Delivered { .. } | Outcome::Retry { .. });
        assert!(outcomes.iter().all(goes_on), "{outcomes:?}");
        let mut outcomes = outcomes.into_iter();
        left.retain(|_| !outcomes.next().is_some_and(|outcome| is_delivered(&outcome)));
    }
}

/// The instance's own limit, far below what the connection believes: as when others use up what all share.
#[test]
fn when_the_rate_of_the_instance_is_exceeded_everybody_pauses_and_nobody_is_requested_twice() {
    let world = World::with(Setup { rate: 12, ..Setup::default() });
    for n in 0..60 {
        world.marketo.lead(n, &format!("p{n}@example.com"), DAY_ONE);
    }
    let door = world.door(json!({}));
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let door = door.as_ref();
            scope.spawn(move || {
                until_delivered(door, to_welcome(&ten(n).iter().map(String::as_str).collect::<Vec<_>>()))
            });
        }
    });
    assert!(started.elapsed().as_secs() >= 15, "it waited for the window");
    let mut requested = world.requested();
    requested.sort_unstable();
    assert_eq!(requested, (0..60).collect::<Vec<i64>>(), "each once");
    assert!(world.marketo.calls() < 60, "nobody hammers: {} calls", world.marketo.calls());
}

#[test]
fn the_reserve_of_the_day_s_quota_is_left_to_others() {
    let world = World::new();
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let door = world.door(json!({ "daily_quota": 105, "daily_reserve": 100 }));
    assert!(
        is_delivered(&door.deliver(&to_vip(&["ann@example.com"]))[0]),
        "three calls: its name, the person, the list"
    );
    assert!(is_delivered(&door.deliver(&to_vip(&["ann@example.com"]))[0]), "two calls: the person, the list");
    let outcome = door.deliver(&to_vip(&["ann@example.com"])).remove(0);
    assert!(matches!(&outcome, Outcome::Shut { code, after: Some(_), .. } if code == "marketo_607"), "{outcome:?}");
    assert_eq!(world.marketo.calls(), 5);
}

#[test]
fn a_day_s_quota_that_is_used_up_shuts_the_door_for_everything_and_nobody_asks_again() {
    let world = World::with(Setup { daily: 1, ..Setup::default() });
    world.marketo.lead(1, "ann@example.com", DAY_ONE);
    let door = world.door(json!({}));
    let outcome = door.deliver(&to_vip(&["ann@example.com"])).remove(0);
    let Outcome::Shut { after: Some(after), code, message } = &outcome else { panic!("{outcome:?}") };
    assert!(code == "marketo_607" && after.as_secs() <= 25 * 3_600, "{outcome:?}");
    assert!(message.contains("midnight in Chicago"), "{message}");
    let calls = world.marketo.calls();
    let outcome = door.deliver(&to_welcome(&["ann@example.com"])).remove(0);
    assert!(matches!(&outcome, Outcome::Shut { code, .. } if code == "marketo_607"), "{outcome:?}");
    assert_eq!(world.marketo.calls(), calls);
}

#[test]
fn who_is_merged_into_another_after_being_found_is_found_again() {
    for people in [to_vip(&["ann@example.com", "bob@example.com"]), to_welcome(&["ann@example.com", "bob@example.com"])]
    {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.lead(2, "bob@example.com", DAY_ONE);
        world.marketo.with(|holdings| holdings.going.insert(1, Some(9)));
        let outcomes = world.door(json!({})).deliver(&people);
        assert!(outcomes.iter().all(is_delivered), "{outcomes:?}");
        let mut reached = [world.members(), world.requested()].concat();
        reached.sort_unstable();
        assert_eq!(reached, [2, 9], "each once");
    }
}

#[test]
fn a_record_that_is_refused_fails_alone_and_one_that_was_deleted_is_no_match() {
    let world = World::new();
    for (id, email) in [(1, "ann@example.com"), (2, "bob@example.com"), (4, "cy@example.com")] {
        world.marketo.lead(id, email, DAY_ONE);
    }
    // Ann is deleted after being found; Bob is merged and merged again, faster than anybody can follow.
    world.marketo.with(|holdings| holdings.going.extend([(1, None), (2, Some(3)), (3, Some(5))]));
    let outcomes = world.door(json!({})).deliver(&to_vip(&["ann@example.com", "bob@example.com", "cy@example.com"]));
    assert_eq!(outcomes[0], Outcome::skipped("no_match"));
    let Outcome::Failed { code, message } = &outcomes[1] else { panic!("{outcomes:?}") };
    assert!(code == "marketo_1004" && message.contains("Lead not found"), "{message}");
    assert!(is_delivered(&outcomes[2]), "{outcomes:?}");
    assert_eq!(world.members(), [4]);
}

#[test]
fn of_several_records_of_a_person_one_that_is_gone_stops_nothing_and_nobody_is_requested_twice() {
    for refuses_unknown in [true, false] {
        let world = World::with(Setup { refuses_unknown, ..Setup::default() });
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.lead(2, "ann@example.com", DAY_TWO);
        world.marketo.lead(3, "bob@example.com", DAY_ONE);
        world.marketo.with(|holdings| holdings.going.insert(1, None));
        let outcomes = world.door(json!({})).deliver(&to_welcome(&["ann@example.com", "bob@example.com"]));
        assert!(outcomes.iter().all(is_delivered), "{outcomes:?}");
        let mut requested = world.requested();
        requested.sort_unstable();
        assert_eq!(requested, [2, 3]);
    }
}

#[test]
fn a_token_that_marketo_gives_and_refuses_shuts_the_door_after_one_repetition() {
    for code in ["601", "602"] {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.faults().plan("/rest/", 0, 100, Fault::CodeBefore(code));
        let outcome = world.door(json!({})).deliver(&to_vip(&["ann@example.com"])).remove(0);
        assert!(matches!(&outcome, Outcome::Shut { code, .. } if code == "sign_in_refused"), "{outcome:?}");
        assert_eq!(world.marketo.tokens_granted(), 1, "asked again before its end, Marketo gives the same token");
    }
}

#[test]
fn refusals_of_http_of_the_request_and_of_a_record_are_told_apart() {
    let outcome_of = |fault: Fault| {
        let world = World::new();
        world.marketo.lead(1, "ann@example.com", DAY_ONE);
        world.marketo.faults().plan("/lists/7/", 0, 1, fault);
        world.door(json!({})).deliver(&to_vip(&["ann@example.com"])).remove(0)
    };
    let too_long = outcome_of(Fault::Status(413));
    assert!(matches!(&too_long, Outcome::Failed { code, .. } if code == "marketo_413"), "{too_long:?}");
    let gateway = outcome_of(Fault::Status(502));
    assert!(matches!(&gateway, Outcome::Retry { code, .. } if code == "marketo_unavailable"), "{gateway:?}");
    let request = outcome_of(Fault::CodeBefore("1003"));
    assert!(matches!(&request, Outcome::Failed { code, .. } if code == "marketo_1003"), "{request:?}");
    // A record that is refused fails alone: here one who is not on the list, which is what was wanted.
    let world = World::new();
    for (id, email) in [(1, "ann@example.com"), (2, "bob@example.com")] {
        world.marketo.lead(id, email, DAY_ONE);
    }
    world.marketo.with(|holdings| holdings.lists.get_mut(&7).expect("the list").members.insert(2));
    let leave = effects("marketo_remove_from_list", json!({ "list": "VIP" }), &["ann@example.com", "bob@example.com"]);
    let outcomes = world.door(json!({})).deliver(&leave);
    assert!(matches!(&outcomes[0], Outcome::Delivered { detail, .. } if detail == "not on the list"), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Outcome::Delivered { detail, .. } if detail == "removed"), "{outcomes:?}");
}
