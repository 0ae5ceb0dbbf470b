//! Journeys that act in other systems, against fakes of those that check every request. What counts is what the other
//! system holds at the end, and that the node's figures say the same.

use crate::support::{World, on_both_stores};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::simulate::{SimulateRequest, Simulated, simulate};
use caravan_store::health::HealthRow;
use caravan_testkit::fakes::marketo::Setup;
use caravan_testkit::fakes::{Fault, Marketo};

/// 5 accounts (`a-5` … `a-9`) of 3 people each are in the list.
const PEOPLE: i64 = 15;

/// An installation connected to a Marketo instance that knows everybody of `a-5` to `a-8`.
struct Installation {
    world: World,
    marketo: Marketo,
    runtime: tokio::runtime::Runtime,
}

impl Installation {
    fn new(world: World) -> Self {
        Self::with(world, Setup::default())
    }

    fn with(world: World, setup: Setup) -> Self {
        Self::with_people(world, setup, 3)
    }

    /// So many people of each account.
    fn with_people(world: World, setup: Setup, people: i64) -> Self {
        let marketo = Marketo::start(setup);
        marketo.list(7, "VIP");
        marketo.campaign(70, "Welcome");
        for account in 5..9 {
            for person in 0..people {
                let email = format!("P-{account}-{person}@example.com");
                marketo.lead(account * 1_000 + person, &email, "2020-01-01T00:00:00Z");
            }
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let it = Self { world: world.with_people(10, people), marketo, runtime: runtime.expect("a runtime") };
        it.world.apply(&format!(
            "{{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: connection, key: mkto, type: marketo, settings: {{munchkin_id: 123-ABC-456, client_id: caravan, \
               base_url: '{}'}}, secrets: {{client_secret: {{file: '{}'}}}}}}",
            it.marketo.url(),
            secret_file()
        ));
        it
    }

    /// Publishes a journey of `big` with one action at the node `act`, and lets everybody in.
    fn acts(&self, action: &str) -> &Self {
        self.world.apply(&format!(
            "kind: journey\nkey: sync\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
             act: {{type: action, on: people, {action}, next: null}}\n"
        ));
        self.world.publish("sync");
        self.world.run();
        self
    }

    fn dispatcher(&self) -> Dispatcher {
        let surroundings = Surroundings {
            clock: self.world.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        };
        let delivery = Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        Dispatcher::new(&self.world.engine, delivery, surroundings)
    }

    /// Delivers until nothing is left to try, waiting in virtual time.
    fn deliver_all(&self) {
        let dispatcher = self.dispatcher();
        for _ in 0..50 {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            match dispatcher.next_due().expect("the next") {
                Some(next) => self.world.clock.advance_to(next),
                None => return,
            }
        }
        panic!("it does not come to an end");
    }

    fn outcome(&self, kind: &str) -> i64 {
        self.world.counts("sync").get(&format!("act {kind}")).copied().unwrap_or_default()
    }

    /// How the connection is, as its page shows it.
    fn health(&self) -> HealthRow {
        let all = self.world.engine.store().read(caravan_store::health::all).expect("health");
        all.into_iter().next().expect("the connection was used")
    }

    fn members(&self) -> usize {
        self.marketo.with(|holdings| holdings.lists[&7].members.len())
    }

    fn requested(&self) -> Vec<i64> {
        let mut all: Vec<i64> =
            self.marketo.with(|holdings| holdings.campaigns[&70].requested.iter().map(|(id, _)| *id).collect());
        all.sort_unstable();
        all
    }
}

fn secret_file() -> String {
    let file = std::env::temp_dir().join(format!("caravan-marketo-secret-{}", std::process::id()));
    std::fs::write(&file, "hush\n").expect("the secret's file");
    file.to_string_lossy().into_owned()
}

const ADD: &str = "action: marketo_add_to_list, connection: mkto, list: VIP";
const REQUEST: &str = "action: marketo_request_campaign, connection: mkto, workspace: Default, campaign: Welcome";

on_both_stores! {
    people_join_the_list_and_whom_marketo_does_not_know_is_skipped_and_goes_on(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.acts(ADD).deliver_all();
        assert_eq!(it.members(), 12);
        assert_eq!((it.outcome("done"), it.outcome("skipped:no_match"), it.outcome("pending")), (12, 3, 0));
        let status = it.world.status("sync");
        assert_eq!(status.travellers.completed, 5);
        assert_eq!(it.marketo.with(|holdings| holdings.leads.len()), 12, "nobody was created");
    }

    a_storm_of_refusals_and_lost_answers_loses_and_doubles_nobody_on_a_list(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.marketo.faults().plan("/lists/7/", 0, 1, Fault::CodeAfter("604"));
        it.marketo.faults().plan("/rest/v1/leads.json", 0, 2, Fault::CodeBefore("608"));
        it.marketo.faults().plan("/rest/v1/lists.json", 0, 1, Fault::Status(502));
        it.acts(ADD).deliver_all();
        assert_eq!((it.members(), it.outcome("done")), (12, 12));
    }

    a_request_whose_answer_was_lost_is_in_doubt_and_never_made_again(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.marketo.faults().plan("/trigger.json", 0, 1, Fault::HangUpAfter);
        it.acts(REQUEST).deliver_all();
        let requested = it.requested();
        let mut once = requested.clone();
        once.dedup();
        assert_eq!(requested, once, "nobody is requested twice");
        assert_eq!(requested.len(), 12);
        assert_eq!(it.outcome("done") + it.outcome("in_doubt"), 12);
        assert!(it.outcome("in_doubt") > 0);
    }

    a_token_that_ends_between_batches_is_replaced_unnoticed(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.acts(REQUEST);
        it.marketo.faults().plan("/rest/v1/leads.json", 0, 1, Fault::CodeBefore("602"));
        it.deliver_all();
        assert_eq!((it.requested().len(), it.outcome("done")), (12, 12));
    }

    a_token_that_ends_in_the_middle_of_a_batch_is_replaced_and_nobody_is_requested_twice(world at "2027-01-04T10:00:00Z") {
        let it = Installation::with_people(world, Setup::default(), 60);
        it.acts(REQUEST);
        it.marketo.expire_token_after(2);
        it.deliver_all();
        let mut requested = it.requested();
        requested.dedup();
        assert_eq!((requested.len(), it.requested().len()), (240, 240), "everybody once");
        assert_eq!((it.outcome("done"), it.outcome("in_doubt"), it.marketo.tokens_granted()), (240, 0, 2));
    }

    a_batch_that_is_taken_in_part_tells_each_apart(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        // One is deleted after being found, one merged away, one merged away faster than anybody can follow.
        it.marketo.with(|holdings| {
            holdings.going.extend([(5_000, None), (6_000, Some(1)), (7_000, Some(2)), (2, Some(3))]);
        });
        it.acts(ADD).deliver_all();
        let known: Vec<i64> = it.marketo.with(|holdings| holdings.lists[&7].members.iter().copied().collect());
        assert_eq!((known.len(), known[0]), (10, 1), "{known:?}");
        assert_eq!(it.outcome("done"), 10);
        assert_eq!((it.outcome("skipped:no_match"), it.outcome("failed:marketo_1004")), (4, 1));
    }

    a_day_s_quota_that_is_used_up_rests_until_midnight_in_chicago_and_the_connection_says_why(world at "2027-01-04T10:00:00Z") {
        let it = Installation::with(world, Setup { daily: 2, ..Setup::default() });
        it.acts(ADD);
        let dispatcher = it.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        assert_eq!((it.members(), it.marketo.calls()), (0, 3), "names, people, and the list's refusal");
        let midnight = crate::support::at("2027-01-05T06:00:00Z");
        assert_eq!(dispatcher.next_due().expect("the next"), Some(midnight));
        let health = it.health();
        assert_eq!((health.well, health.code.as_deref()), (false, Some("marketo_607")));
        assert!(health.message.expect("a sentence").contains("midnight in Chicago"));
        it.world.clock.advance_to(midnight - jiff::SignedDuration::from_secs(1));
        assert!(dispatcher.dispatch_once().expect("delivery").is_idle());
        it.marketo.new_day();
        it.world.clock.advance_to(midnight);
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        assert_eq!((it.members(), it.outcome("done"), it.outcome("pending")), (12, 12, 0));
        assert!(it.health().well);
    }

    a_process_that_ends_in_mid_call_leaves_requests_in_doubt_and_lists_to_the_next(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.acts(ADD);
        // Claimed and marked as intended by a process that is gone.
        let later = it.world.clock.now() - jiff::SignedDuration::from_secs(60);
        it.world.sql(&format!(
            "UPDATE outbox SET claim = 'gone-1', claim_until = {}, intent = {}",
            caravan_model::clock::to_micros(later),
            "TRUE"
        ));
        it.deliver_all();
        assert_eq!((it.members(), it.outcome("done"), it.outcome("in_doubt")), (12, 12, 0));
    }

    a_mirrored_score_is_in_marketo_what_it_is_here_through_a_storm_and_its_node_counts_it_once(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.world.apply("{kind: score, key: fit, mirror: {connection: mkto, field: leadScore}}");
        it.marketo.faults().plan("/rest/v1/leads.json", 0, 1, Fault::CodeBefore("608"));
        it.marketo.faults().plan("/rest/v1/leads.json", 1, 1, Fault::HangUpAfter);
        it.world.apply(
            "kind: journey\nkey: sync\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
             act: {type: action, on: people, action: change_score, score: fit, change: \"+50\", next: less}\n  \
             less: {type: action, on: people, action: change_score, score: fit, change: \"-8\", next: null}\n",
        );
        it.world.publish("sync");
        it.world.run();
        it.deliver_all();
        let scores: Vec<i64> = it.marketo.with(|holdings| {
            holdings.leads.values().filter_map(|lead| lead.fields.get("leadScore")?.as_i64()).collect()
        });
        assert_eq!(scores, [42; 12], "all whom Marketo knows");
        assert_eq!((it.outcome("done"), it.outcome("pending"), it.outcome("skipped:no_match")), (PEOPLE, 0, 0));
        assert_eq!(it.marketo.with(|holdings| holdings.leads.len()), 12, "nobody was created");
    }

    a_score_mirrored_by_a_campaign_is_told_by_its_differences(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.world.apply("{kind: score, key: fit, mirror: {connection: mkto, campaign: {workspace: Default, campaign: Welcome}}}");
        it.acts("action: change_score, score: fit, change: \"+5\"").deliver_all();
        let told = it.marketo.with(|holdings| holdings.campaigns[&70].requested.clone());
        assert_eq!(told.len(), 12);
        assert!(told.iter().all(|(_, tokens)| tokens["{{my.scoreDelta}}"] == "+5"), "{told:?}");
    }

    a_request_that_is_too_long_is_halved_until_it_fits(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.marketo.faults().plan("/lists/7/", 0, 1, Fault::Status(413));
        it.acts(ADD).deliver_all();
        assert_eq!((it.members(), it.outcome("done"), it.outcome("failed:marketo_413")), (12, 12, 0));
    }

    what_an_action_would_do_in_another_system_is_counted_by_a_simulation_and_not_done(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.world.apply(&format!(
            "kind: journey\nkey: sync\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
             act: {{type: action, on: people, {ADD}, next: null}}\n"
        ));
        let request = SimulateRequest::new(Simulated::Stored("sync".to_owned()), crate::support::at("2027-01-04T10:00:00Z"), crate::support::at("2027-01-05T10:00:00Z"));
        let report = simulate(&it.world.engine, request).expect("a simulation");
        assert_eq!(report.effects.get("marketo_add_to_list"), Some(&PEOPLE));
        assert_eq!((it.members(), it.marketo.calls()), (0, 0));
    }
}

#[test]
fn a_connection_of_another_type_is_refused_before_publishing() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    it.world.apply(
        "kind: connection\nkey: mail\ntype: smtp\nsettings: {host: 127.0.0.1, port: 2525, security: none, from: {name: A, email: a@b.example}}",
    );
    it.world.apply(
        "kind: journey\nkey: sync\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
         act: {type: action, on: people, action: marketo_add_to_list, connection: mail, list: VIP, next: null}\n",
    );
    let refused = caravan_engine::lifecycle::publish(&it.world.engine, &["sync".to_owned()], "test");
    let Err(caravan_engine::definitions::DefinitionError::Findings(findings)) = refused else { panic!("refused") };
    assert!(findings.iter().any(|finding| finding.code == "wrong_connection_type"), "{findings:?}");
}
