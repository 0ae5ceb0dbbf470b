//! Journeys and data flows that hand accounts to LinkedIn, against a fake that checks every request. What counts is which
//! companies its segments hold at the end: those that the journeys put there and did not take out.

use crate::support::{World, codes, on_both_stores};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::audiences::{AudienceState, endings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::lifecycle;
use caravan_engine::runtime::Deliver;
use caravan_engine::simulate::{SimulateRequest, Simulated, simulate};
use caravan_engine::systems::Systems;
use caravan_testkit::fakes::linkedin::Setup;
use caravan_testkit::fakes::{Fault, LinkedIn};
use jiff::SignedDuration;

const STREAM: &str = "/companies";

/// An installation connected to LinkedIn, with the accounts `a-0` … `a-9`, of which `a-5` … `a-9` are in the list `big`.
struct Installation {
    world: World,
    linkedin: LinkedIn,
    runtime: tokio::runtime::Runtime,
}

impl Installation {
    fn new(world: World) -> Self {
        Self::with(world, 10)
    }

    fn with(world: World, accounts: i64) -> Self {
        Self::serving(world, accounts, Setup::default(), "")
    }

    /// At a LinkedIn that is set up so, through a connection with these further settings.
    fn serving(world: World, accounts: i64, setup: Setup, settings: &str) -> Self {
        let linkedin = LinkedIn::start(Setup { clock: world.clock.clone(), ..setup });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let it = Self { world: world.with_people(accounts, 1), linkedin, runtime: runtime.expect("a runtime") };
        it.world.apply(&format!(
            "{{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: connection, key: linkedin, type: linkedin, settings: {{client_id: caravan, base_url: '{}'{settings}}}, \
               secrets: {{client_secret: {{file: '{}'}}, refresh_token: {{file: '{}'}}}}}}\n---\n\
             {{kind: destination, key: li, type: linkedin, connection: linkedin, settings: {{ad_account: '512345'}}}}",
            it.linkedin.url(),
            secret_file("hush"),
            secret_file(&it.linkedin.refresh_token()),
        ));
        it
    }

    /// Publishes a journey of `big` and lets everybody in.
    fn journey(&self, key: &str, nodes: &str) -> &Self {
        self.world.apply(&format!(
            "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n{nodes}"
        ));
        self.world.publish(key);
        self.world.run();
        self
    }

    /// Everybody of `big` joins *Targets*.
    fn joins(&self) -> &Self {
        self.journey("join", &format!("  act: {{{JOIN}, next: null}}\n"))
    }

    /// Everybody of `big` leaves it.
    fn leaves(&self, key: &str) -> &Self {
        self.journey(key, &format!("  act: {{{LEAVE}, next: null}}\n"))
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.world.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        }
    }

    fn dispatcher(&self) -> Dispatcher {
        let delivery = Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        Dispatcher::new(&self.world.engine, delivery, self.surroundings())
    }

    fn systems(&self) -> Systems {
        Systems::new(&self.world.engine, self.surroundings())
    }

    /// Delivers until nothing is left to try, waiting in virtual time.
    fn deliver_all(&self) {
        let dispatcher = self.dispatcher();
        for _ in 0..80 {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            match dispatcher.next_due().expect("the next") {
                Some(next) => self.world.clock.advance_to(next),
                None => return,
            }
        }
        panic!("it does not come to an end");
    }

    /// Two processes deliver at once, in batches so small that each leaves something for the other, until neither has
    /// anything to do without waiting.
    fn two_workers(&self) {
        let delivery = || Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        let worker = || Delivery { wave: 3, ..delivery() };
        let workers = [(); 2].map(|()| Dispatcher::new(&self.world.engine, worker(), self.surroundings()));
        std::thread::scope(|scope| {
            for worker in &workers {
                scope.spawn(|| while !worker.dispatch_once().expect("delivery").is_idle() {});
            }
        });
    }

    /// Delivers what can go without waiting.
    fn deliver_now(&self, dispatcher: &Dispatcher) {
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
    }

    /// Keeps data flows until LinkedIn has taken everything, waiting in virtual time.
    fn keep(&self) {
        let dispatcher = self.dispatcher();
        for _ in 0..20 {
            dispatcher.keep_audiences().expect("flows are kept");
            self.wait(16 * 60);
        }
    }

    fn wait(&self, seconds: i64) {
        let now = self.world.clock.now();
        self.world.clock.advance_to(now + SignedDuration::from_secs(seconds));
    }

    fn outcome(&self, journey: &str, kind: &str) -> i64 {
        self.world.counts(journey).get(&format!("act {kind}")).copied().unwrap_or_default()
    }

    /// The companies in an audience, as LinkedIn has them.
    fn companies(&self, audience: &str) -> Vec<String> {
        self.linkedin.with(|holdings| holdings.companies(audience))
    }

    fn audience(&self, name: &str, now: bool) -> AudienceState {
        let all = self.systems().audiences("li", now).expect("audiences");
        all.into_iter().find(|audience| audience.name == name).expect("the audience")
    }
}

const JOIN: &str =
    "type: action, on: account, action: activate_to_destination, destination: li, audience_name: Targets";
const LEAVE: &str =
    "type: action, on: account, action: deactivate_from_destination, destination: li, audience_name: Targets";
const BIG: [&str; 5] = ["a-5", "a-6", "a-7", "a-8", "a-9"];

fn secret_file(secret: &str) -> String {
    let file = std::env::temp_dir().join(format!("caravan-linkedin-{}-{secret}", std::process::id()));
    std::fs::write(&file, format!("{secret}\n")).expect("the secret's file");
    file.to_string_lossy().into_owned()
}

on_both_stores! {
    whoever_the_journey_put_in_and_did_not_take_out_is_in_the_audience(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.journey("sync", &format!(
            "  act: {{{JOIN}, next: pause}}\n  pause: {{type: wait, duration: 2d, next: size}}\n  \
             size: {{type: split, by: account, paths: [{{label: Small, when: {{account: employees, at_most: 600}}, next: out}}], \
                other: {{next: done}}}}\n  \
             out: {{{LEAVE}, next: done}}\n  done: {{type: merge, next: null}}\n"
        ));
        it.deliver_all();
        assert_eq!(it.companies("Targets"), BIG);
        it.world.run_at("2027-01-07T10:00:00Z");
        it.deliver_all();
        assert_eq!(it.companies("Targets"), ["a-7", "a-8", "a-9"]);
        assert_eq!((it.outcome("sync", "done"), it.outcome("sync", "pending")), (5, 0));
        assert_eq!(it.world.counts("sync")["out done"], 2);
        assert_eq!(it.world.status("sync").travellers.completed, 5);
        let audience = it.audience("Targets", false);
        assert_eq!((audience.accounts, audience.waiting, audience.problem), (3, 0, None));
        assert!(audience.remote_id.is_some());
    }

    storms_lost_answers_ended_tokens_and_partial_batches_lose_and_double_nobody(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.joins();
        it.deliver_all();
        it.leaves("leave");
        let faults = it.linkedin.faults();
        faults.plan(STREAM, 0, 3, Fault::CodeBefore("429"));
        faults.plan(STREAM, 0, 1, Fault::HangUpAfter);
        faults.plan(STREAM, 0, 1, Fault::Short);
        faults.plan(STREAM, 0, 1, Fault::CodeBefore("401"));
        faults.plan(STREAM, 0, 1, Fault::CodeAfter("503"));
        faults.plan(STREAM, 0, 1, Fault::Garbage);
        it.deliver_all();
        assert_eq!(it.companies("Targets"), Vec::<String>::new());
        assert_eq!((it.outcome("leave", "done"), it.outcome("leave", "in_doubt")), (5, 0));
        it.linkedin.with(|holdings| {
            holdings.refused.insert("a-6".to_owned());
            holdings.unlucky.insert("a-7".to_owned());
        });
        it.linkedin.expire_tokens();
        it.journey("again", &format!("  act: {{{JOIN}, next: null}}\n"));
        it.deliver_all();
        assert_eq!(it.companies("Targets"), ["a-5", "a-7", "a-8", "a-9"]);
        assert_eq!((it.outcome("again", "done"), it.outcome("again", "failed:linkedin_400")), (4, 1));
        assert_eq!(it.audience("Targets", false).refused, 1);
    }

    where_linkedin_takes_all_or_nothing_one_company_that_it_refuses_stops_nobody_else(world at "2027-01-04T10:00:00Z") {
        let setup = Setup { versions: (202_401, 202_612), ..Setup::default() };
        let it = Installation::serving(world, 10, setup, ", api_version: '202412'");
        it.linkedin.with(|holdings| holdings.refused.insert("a-6".to_owned()));
        it.joins();
        it.deliver_all();
        assert_eq!(it.companies("Targets"), ["a-5", "a-7", "a-8", "a-9"]);
        assert_eq!((it.outcome("join", "done"), it.outcome("join", "failed:linkedin_400")), (4, 1));
    }

    a_process_that_ends_in_mid_call_leaves_nothing_in_doubt(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.joins();
        let gone = it.world.clock.now() - SignedDuration::from_secs(60);
        let gone = caravan_model::clock::to_micros(gone);
        it.world.sql(&format!("UPDATE outbox SET claim = 'gone-1', claim_until = {gone}, intent = TRUE"));
        it.deliver_all();
        assert_eq!((it.companies("Targets").len(), it.outcome("join", "done")), (5, 5));
    }

    what_was_decided_later_holds_although_something_earlier_is_tried_again_behind_it(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.joins();
        it.deliver_all();
        it.linkedin.with(|holdings| holdings.unlucky.insert("a-5".to_owned()));
        let dispatcher = it.dispatcher();
        it.journey("again", &format!("  act: {{{JOIN}, next: null}}\n"));
        it.deliver_now(&dispatcher);
        assert_eq!(it.outcome("again", "pending"), 1, "a-5 is tried again later");
        it.leaves("leave");
        it.deliver_now(&dispatcher);
        assert_eq!(it.companies("Targets"), Vec::<String>::new());
        it.deliver_all();
        assert_eq!(it.companies("Targets"), Vec::<String>::new());
        assert_eq!((it.outcome("again", "skipped:superseded"), it.outcome("leave", "done")), (1, 5));
    }

    who_joins_and_leaves_at_once_is_out_and_who_was_never_in_has_nothing_to_do(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.journey("both", &format!("  act: {{{JOIN}, next: out}}\n  out: {{{LEAVE}, next: null}}\n"));
        it.deliver_all();
        assert_eq!(it.companies("Targets"), Vec::<String>::new());
        assert_eq!((it.outcome("both", "done"), it.world.counts("both")["out done"]), (5, 5));
        it.leaves("leave");
        it.deliver_all();
        assert_eq!(it.outcome("leave", "skipped:not_in_audience"), 5);
    }

    an_account_leaves_under_the_name_under_which_it_joined(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.joins();
        it.deliver_all();
        it.world.sql("UPDATE account SET name = 'Renamed', website = 'renamed.example' WHERE key = 'a-5'");
        it.leaves("leave");
        it.deliver_all();
        assert_eq!(it.companies("Targets"), Vec::<String>::new());
    }

    accounts_that_are_told_exactly_alike_are_one_company_until_the_last_of_them_leaves(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.world.sql("UPDATE account SET name = 'Same' WHERE key IN ('a-5', 'a-6', 'a-7')");
        let (all, nobody): ([&str; 3], [&str; 0]) = (["Same", "a-8", "a-9"], []);
        it.joins();
        it.deliver_all();
        assert_eq!(it.companies("Targets"), all);
        let small = "  act: {type: split, by: account, paths: [{label: Small, when: {account: employees, at_most: 500}, next: out}], other: {next: null}}\n";
        it.journey("first", &format!("{small}  out: {{{LEAVE}, next: null}}\n"));
        it.deliver_all();
        assert_eq!(it.companies("Targets"), all, "a-6 and a-7 are still in");
        it.world.sql("DELETE FROM account_person WHERE account_id = (SELECT id FROM account WHERE key = 'a-6')");
        it.world.sql("DELETE FROM account WHERE key = 'a-6'");
        it.wait(3_601);
        it.dispatcher().keep_audiences().expect("they are looked at every hour");
        assert_eq!(it.companies("Targets"), all, "a-7 is still in");
        it.leaves("all");
        it.deliver_all();
        assert_eq!(it.companies("Targets"), nobody);
        it.journey("again", &format!("  act: {{{JOIN}, next: null}}\n"));
        it.deliver_all();
        assert_eq!(it.companies("Targets"), all);
        it.leaves("together");
        it.deliver_all();
        assert_eq!(it.companies("Targets"), nobody, "both leave in one call");
    }

    an_account_that_is_no_more_is_taken_out_by_itself(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.joins();
        it.deliver_all();
        it.world.sql("DELETE FROM account_person WHERE account_id = (SELECT id FROM account WHERE key = 'a-5')");
        it.world.sql("DELETE FROM account WHERE key = 'a-5'");
        it.dispatcher().keep_audiences().expect("audiences are kept");
        assert_eq!(it.companies("Targets"), ["a-6", "a-7", "a-8", "a-9"]);
    }

    a_data_flow_keeps_its_audience_in_step_with_buying_groups(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        with_groups(&it);
        it.world.apply(&format!("{FLOW}\n"));
        it.keep();
        let name = "Caravan Missing decision makers";
        assert_eq!(it.companies(name), BIG);
        // One group is complete now, and one account is called something else.
        it.world.sql("UPDATE buying_group SET completeness = 100 WHERE account_id = (SELECT id FROM account WHERE key = 'a-5')");
        it.world.sql("UPDATE account SET name = 'Renamed' WHERE key = 'a-6'");
        it.linkedin.faults().plan(STREAM, 0, 1, Fault::HangUpAfter);
        it.linkedin.faults().plan(STREAM, 0, 1, Fault::Short);
        it.keep();
        assert_eq!(it.companies(name), ["Renamed", "a-7", "a-8", "a-9"]);
        let audience = it.audience(name, false);
        assert_eq!((audience.data_flow.as_deref(), audience.accounts, audience.waiting), (Some("missing-deciders"), 4, 0));
        let calls = it.linkedin.calls().iter().filter(|call| call.ends_with(STREAM)).count();
        it.keep();
        assert_eq!(it.linkedin.calls().iter().filter(|call| call.ends_with(STREAM)).count(), calls, "nothing differs");
    }
}

const FLOW: &str = "{kind: data_flow, key: missing-deciders, name: Missing decision makers, destination: li, \
                    when: {buying_group: {solution_interest: crm, completeness: {less_than: 50}}}, state: live}";

/// Every account of `big` gets a group that nobody is in.
fn with_groups(it: &Installation) {
    it.world.apply(
        "{kind: roles_template, key: crm-roles, roles: [{role: Decision Maker, required: true}], state: live}\n---\n\
         {kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, create_for: {account_list: big}}",
    );
    it.world.run();
    assert_eq!(it.world.one("SELECT COUNT(*) FROM buying_group WHERE completeness = 0"), 5);
}

/// Of each two accounts that are told alike one leaves while the other joins, and two workers speak of them at once: whoever
/// was decided to be in at last is in, whichever worker said what first.
#[test]
fn two_workers_that_take_out_and_put_in_accounts_told_alike_leave_in_whoever_joined() {
    const PAIRS: usize = 12;
    const ROUNDS: usize = 4;
    let it = Installation::with(World::postgres("2027-01-04T10:00:00Z"), 2 * PAIRS as i64);
    it.world.sql("UPDATE account SET name = 'Pair ' || (CAST(substr(key, 3) AS BIGINT) / 2)");
    let keys = |odd: usize| (0..PAIRS).map(|n| format!("a-{}", 2 * n + odd)).collect::<Vec<_>>().join(", ");
    it.world.apply(&format!(
        "{{kind: account_list, key: even, type: static, state: live, accounts: [{}]}}\n---\n\
         {{kind: account_list, key: odd, type: static, state: live, accounts: [{}]}}",
        keys(0),
        keys(1)
    ));
    let act = |key: String, list: &str, what: &str| {
        it.world.apply(&format!(
            "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: {list}}}\nend: 2027-06-30T00:00:00Z\nentry: act\n\
             nodes:\n  act: {{{what}, next: null}}\n"
        ));
        it.world.publish(&key);
    };
    let all: Vec<String> = {
        let mut names: Vec<String> = (0..PAIRS).map(|n| format!("Pair {n}")).collect();
        names.sort();
        names
    };
    act("begin".to_owned(), "even", JOIN);
    it.world.run();
    it.deliver_all();
    assert_eq!(it.companies("Targets"), all);
    for round in 0..ROUNDS {
        let (leaves, joins) = if round % 2 == 0 { ("even", "odd") } else { ("odd", "even") };
        act(format!("out-{round}"), leaves, LEAVE);
        act(format!("in-{round}"), joins, JOIN);
        it.world.run();
        it.linkedin.faults().plan(STREAM, 0, 100, Fault::Slow(std::time::Duration::from_millis(15)));
        it.two_workers();
        it.linkedin.faults().clear();
        it.deliver_all();
        assert_eq!(it.companies("Targets"), all, "round {round}");
    }
}

#[test]
fn a_data_flow_is_about_buying_groups_is_frozen_once_live_and_there_are_ten_of_them() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    with_groups(&it);
    it.world.apply(FLOW);
    let changed = FLOW.replace("less_than: 50", "less_than: 60");
    assert_eq!(codes(it.world.try_apply(&changed)), ["data_flow_is_live"]);
    it.world.apply(FLOW);
    let another =
        |n: usize| FLOW.replace("missing-deciders", &format!("flow-{n}")).replace("Missing", &format!("Missing {n}"));
    for n in 2..=10 {
        it.world.apply(&another(n));
    }
    assert_eq!(codes(it.world.try_apply(&another(11))), ["too_many_data_flows"]);
    let about_nothing = another(2).replace(
        "buying_group: {solution_interest: crm, completeness: {less_than: 50}}",
        "account: employees, at_least: 1",
    );
    assert!(codes(it.world.try_apply(&about_nothing)).contains(&"no_buying_group_test".to_owned()));
    let same_name = another(2).replace("Missing 2", "Missing 3");
    assert!(codes(it.world.try_apply(&same_name)).iter().any(|code| code == "duplicate_data_flow"));
}

#[test]
fn a_destination_is_checked_when_it_is_applied_and_stays_where_its_audiences_are() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    let moved = "{kind: destination, key: li, type: linkedin, connection: linkedin, settings: {ad_account: '7'}}";
    let mapped = "{kind: destination, key: li, type: linkedin, connection: linkedin, settings: {ad_account: '512345', fields: {stock_symbol: sic_code}}}";
    assert_eq!(codes(it.world.try_apply(&moved.replace("'7'", "Acme"))), ["bad_destination_settings"]);
    it.joins();
    it.deliver_all();
    assert_eq!(codes(it.world.try_apply(moved)), ["destination_has_audiences"]);
    it.world.apply(mapped);
}

#[test]
fn states_of_audiences_are_shown_with_the_minimum_that_a_campaign_needs() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    it.joins();
    it.deliver_all();
    assert_eq!(it.audience("Targets", false).status, None, "nobody has asked yet");
    let asked = it.audience("Targets", true);
    assert_eq!((asked.status.as_deref(), asked.audience_size), (Some("BUILDING"), Some(120)));
    assert_eq!((asked.minimum_size, asked.below_minimum, asked.usable), (300, Some(true), Some(true)));
    assert!(asked.note.expect("a note").contains("at least 300"));
    it.wait(3_601);
    it.linkedin.with(|holdings| {
        let segment = holdings.segments.values_mut().next().expect("a segment");
        segment.destinations[0].status = Some("EXPIRED".to_owned());
    });
    it.dispatcher().keep_audiences().expect("they are asked every hour");
    assert_eq!(it.audience("Targets", false).usable, Some(false));
    assert_eq!(
        it.systems().check_destination("li").expect("a destination"),
        Ok("Reached; 1 audience is there.".to_owned())
    );
}

#[test]
fn a_consent_that_ends_is_told_weeks_before_on_the_problems_page_and_when_a_journey_is_published() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    let told = || {
        let engine = &it.world.engine;
        let read = engine.store().read(|s| -> Result<_, caravan_store::StoreError> {
            let live = engine.live(s)?;
            endings(s, &live.definitions)
        });
        read.expect("endings").into_iter().map(|ending| (ending.over, ending.message)).collect::<Vec<_>>()
    };
    let findings = || -> Vec<String> {
        let review = lifecycle::review(&it.world.engine, &["join".to_owned()]).expect("a review").remove(0);
        review.findings.into_iter().map(|finding| finding.code.to_string()).collect()
    };
    it.world.apply(&format!(
        "kind: journey\nkey: join\nsubject: account\naudience: {{account_list: big}}\nend: 2029-06-30T00:00:00Z\nentry: act\nnodes:\n  act: {{{JOIN}, next: null}}\n"
    ));
    let dispatcher = it.dispatcher();
    dispatcher.keep_audiences().expect("consents are looked at");
    assert_eq!(told(), [], "it holds for a year");
    assert!(!findings().iter().any(|code| code.starts_with("consent")));
    it.wait(325 * 24 * 3_600);
    dispatcher.keep_audiences().expect("consents are looked at every day");
    let (over, message) = told().remove(0);
    assert!(!over && message.contains("ends on 4 January 2028"), "{message}");
    assert!(findings().contains(&"consent_ends_soon".to_owned()), "{:?}", findings());
    it.wait(41 * 24 * 3_600);
    assert!(told()[0].0, "it has ended, and nobody had to ask");
    dispatcher.keep_audiences().expect("consents are looked at every day");
    assert!(told()[0].1.contains("consent again"), "{:?}", told());
    assert!(findings().contains(&"consent_ended".to_owned()));
}

#[test]
fn a_simulation_counts_who_would_join_and_tells_nobody() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    it.world.apply(&format!(
        "kind: journey\nkey: join\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  act: {{{JOIN}, next: null}}\n"
    ));
    let request = SimulateRequest {
        journey: Simulated::Stored("join".to_owned()),
        from: crate::support::at("2027-01-04T10:00:00Z"),
        until: crate::support::at("2027-01-05T10:00:00Z"),
        seed: 1,
        activities: Vec::new(),
        answers: Vec::new(),
        reactions: Vec::new(),
        timelines: None,
        samples: 0,
    };
    let report = simulate(&it.world.engine, request).expect("a simulation");
    assert_eq!(report.effects.get("activate_to_destination"), Some(&5));
    assert_eq!(it.linkedin.calls(), Vec::<String>::new());
}
