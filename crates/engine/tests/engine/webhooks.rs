//! Activities that others asked for, told to a receiver that checks every message.

use crate::support::{World, on_both_stores};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::connections::{self, Health};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::members;
use caravan_engine::systems::Systems;
use caravan_engine::webhooks::{self, MessageState};
use caravan_model::Random;
use caravan_model::document::DocumentKind;
use caravan_testkit::fakes::Receiver;
use caravan_testkit::fakes::receiver::Mood;
use jiff::SignedDuration;

/// A secret that nobody signs with.
const ANOTHER: &str = "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

struct Installation {
    world: World,
    receiver: Receiver,
    runtime: tokio::runtime::Runtime,
}

impl Installation {
    /// With a webhook `crm` that asks for these types (all: empty).
    fn new(world: World, activities: &str) -> Self {
        let receiver = Receiver::start(ANOTHER, world.clock.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let world = world.with_people(10, 3);
        world.apply(&format!(
            "{{kind: account_list, key: big, type: static}}\n---\n\
             {{kind: webhook, key: crm, name: CRM, url: '{}', activities: {activities}}}",
            receiver.url()
        ));
        let made = webhooks::rotate_secret(&world.engine, "crm", &Random::seeded(1), "test").expect("a secret");
        assert_eq!(made.former_ends_at, None);
        receiver.trusts(&made.secret);
        Self { world, receiver, runtime: runtime.expect("a runtime") }
    }

    /// These accounts join the list by hand: one activity for each.
    fn join(&self, accounts: std::ops::Range<i64>) {
        let keys: Vec<String> = accounts.map(|n| format!("a-{n}")).collect();
        let who = members::Who::Keys(&keys);
        members::change(&self.world.engine, DocumentKind::AccountList, "big", members::Change::Add, who)
            .expect("members");
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

    /// Delivers until nothing is left to try before `until`, in virtual time.
    fn deliver_until(&self, until: &str) {
        let dispatcher = self.dispatcher();
        loop {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            match dispatcher.next_due().expect("the next").filter(|next| *next <= crate::support::at(until)) {
                Some(next) => self.world.clock.advance_to(next),
                None => return,
            }
        }
    }

    /// The same for a receiver that is away for days, with fewer tries.
    fn looks_in_every_hour_until(&self, until: &str) {
        let dispatcher = self.dispatcher();
        while self.world.clock.now() < crate::support::at(until) {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_hours(1));
        }
    }

    fn log(&self) -> Vec<webhooks::LoggedMessage> {
        let (waiting, settled) = self.world.engine.store().read(|s| webhooks::log(s, "crm", None, 100)).expect("a log");
        waiting.into_iter().chain(settled).collect()
    }

    fn state(&self) -> connections::SystemState {
        connections::state(&self.world.engine, DocumentKind::Webhook, "crm").expect("a state")
    }
}

on_both_stores! {
    what_was_asked_for_is_told_once_signed_and_with_the_keys_of_whom_it_is_about(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..3);
        it.world.apply("{kind: account_list, key: other, type: static}");
        it.deliver_until("2027-01-05T10:00:00Z");
        let taken = it.receiver.taken();
        assert_eq!((taken.len(), it.receiver.refused()), (3, Vec::new()));
        let first = &taken[0].body;
        assert_eq!((&first["type"], &first["timestamp"]), (&"account_list_joined".into(), &"2027-01-04T10:00:00.000Z".into()));
        let mut accounts: Vec<&str> = taken.iter().filter_map(|one| one.body["data"]["account"].as_str()).collect();
        accounts.sort_unstable();
        assert_eq!(accounts, ["a-0", "a-1", "a-2"]);
        assert_eq!(first["data"]["fields"]["list"], "big");
        assert_eq!(first["data"]["person"], serde_json::Value::Null);
        assert_eq!(it.state().health, Health::Healthy);
        let log = it.log();
        assert!(log.len() == 3 && log.iter().all(|one| one.state == MessageState::Delivered), "{log:?}");
        assert_eq!(log[0].code.as_deref(), Some("http_204"));
    }

    other_types_are_not_told_and_a_webhook_without_types_hears_everything(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[email_clicked]");
        it.join(0..2);
        it.deliver_until("2027-01-05T10:00:00Z");
        assert_eq!(it.receiver.taken().len(), 0);
        it.world.apply(&format!("{{kind: webhook, key: crm, name: CRM, url: '{}'}}", it.receiver.url()));
        it.join(2..4);
        it.deliver_until("2027-01-05T10:00:00Z");
        assert_eq!(it.receiver.taken().len(), 2);
    }

    a_lost_answer_is_repeated_with_the_same_id_and_body(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..1);
        it.receiver.mood(Mood::LosesAnswer(500));
        let dispatcher = it.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        let waiting = it.log();
        assert_eq!((waiting[0].state, waiting[0].attempts), (MessageState::Waiting, Some(1)));
        assert_eq!(waiting[0].code.as_deref(), Some("http_500"));
        it.receiver.mood(Mood::Takes);
        it.deliver_until("2027-01-05T10:00:00Z");
        assert_eq!(it.receiver.attempts().into_values().collect::<Vec<_>>(), [2]);
        assert_eq!((it.receiver.taken().len(), it.log()[0].state), (1, MessageState::Delivered));
    }

    a_receiver_that_asks_for_a_pause_gets_one_and_a_redirect_is_not_followed(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..2);
        it.receiver.mood(Mood::AsksForPause(429, 90));
        let dispatcher = it.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        let next = dispatcher.next_due().expect("the next").expect("something waits");
        assert!(next >= crate::support::at("2027-01-04T10:01:30Z"), "{next}");
        it.world.clock.advance_to(next);
        let elsewhere = Receiver::start(ANOTHER, it.world.clock.clone());
        it.receiver.mood(Mood::Redirects(elsewhere.url()));
        let dispatcher = it.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        assert!(it.log().iter().all(|one| one.code.as_deref() == Some("redirected")), "{:?}", it.log());
        assert_eq!(elsewhere.attempts().len(), 0);
    }

    a_receiver_that_is_away_is_asked_by_one_call_at_a_time_until_it_is_back(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..10);
        it.receiver.mood(Mood::Refuses(503));
        let dispatcher = it.dispatcher();
        let asked = || it.receiver.attempts().into_values().sum::<usize>();
        let round = || while !dispatcher.dispatch_once().expect("delivery").is_idle() {};
        round();
        let first = asked();
        assert!(first <= 4, "no more than are under way at once: {first}");
        for tries in 1..=5 {
            it.world.clock.advance_to(dispatcher.next_due().expect("the next").expect("something waits"));
            round();
            assert_eq!(asked(), first + tries, "one finds out whether it is back");
        }
        it.receiver.mood(Mood::Takes);
        it.world.clock.advance_to(dispatcher.next_due().expect("the next").expect("something waits"));
        round();
        assert_eq!((it.receiver.taken().len(), it.state().waiting), (10, 0), "and then all the others go");
    }

    the_log_forgets_what_was_settled_a_month_ago(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..2);
        it.deliver_until("2027-01-04T11:00:00Z");
        it.world.clock.advance_to(crate::support::at("2027-01-20T10:00:00Z"));
        it.join(2..3);
        it.deliver_until("2027-01-20T11:00:00Z");
        let sent = it.world.one("SELECT COUNT(*) FROM ledger");
        it.world.clock.advance_to(crate::support::at("2027-02-04T10:00:00Z"));
        assert!(caravan_engine::retention::tick(&it.world.engine).expect("it forgets"));
        let last = caravan_engine::retention::report(&it.world.engine).expect("a report").last.expect("a run");
        assert_eq!((last.messages, it.log().len(), sent), (2, 1, 3));
    }

    while_a_secret_is_replaced_both_sign_and_a_day_later_the_new_one_alone(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        let made = webhooks::rotate_secret(&it.world.engine, "crm", &Random::seeded(2), "test").expect("a secret");
        assert_eq!(made.former_ends_at, Some(crate::support::at("2027-01-05T10:00:00Z")));
        it.join(0..1);
        it.deliver_until("2027-01-04T11:00:00Z");
        it.receiver.trusts(&made.secret);
        it.join(1..2);
        it.deliver_until("2027-01-04T11:00:00Z");
        it.world.clock.advance_to(crate::support::at("2027-01-05T10:00:01Z"));
        it.join(2..3);
        it.deliver_until("2027-01-05T11:00:00Z");
        let signatures: Vec<usize> = it.receiver.taken().iter().map(|one| one.signatures).collect();
        assert_eq!((signatures, it.receiver.refused()), (vec![2, 2, 1], Vec::new()));
    }

    a_receiver_that_is_gone_or_fails_for_days_is_switched_off_and_resumed_by_hand(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        it.join(0..1);
        it.receiver.mood(Mood::Refuses(503));
        it.looks_in_every_hour_until("2027-01-08T10:00:00Z");
        assert_eq!((it.state().disabled_at, it.state().health), (None, Health::Failing));
        it.looks_in_every_hour_until("2027-01-12T10:00:00Z");
        let off = it.state();
        assert!(off.paused && off.disabled_at.is_some_and(|at| at >= crate::support::at("2027-01-09T10:00:00Z")), "{off:?}");
        let asked = it.receiver.attempts().into_values().sum::<usize>();
        it.join(1..2);
        it.deliver_until("2027-01-13T10:00:00Z");
        assert_eq!(it.state().waiting, 1, "nothing more is queued, what waited stays");
        assert_eq!(it.receiver.attempts().into_values().sum::<usize>(), asked);

        it.receiver.mood(Mood::Takes);
        connections::set_paused(&it.world.engine, DocumentKind::Webhook, "crm", false).expect("it goes on");
        it.join(2..3);
        it.deliver_until("2027-01-13T10:00:00Z");
        assert_eq!((it.receiver.taken().len(), it.state().disabled_at, it.state().waiting), (2, None, 0));

        it.receiver.mood(Mood::Refuses(410));
        it.join(3..4);
        it.deliver_until("2027-01-13T10:00:00Z");
        assert!(it.state().disabled_at.is_some());
        let failed = it.log().into_iter().find(|one| one.state == MessageState::Failed).expect("a failed message");
        assert_eq!(failed.code.as_deref(), Some("endpoint_gone"));
        it.receiver.mood(Mood::Takes);
        connections::set_paused(&it.world.engine, DocumentKind::Webhook, "crm", false).expect("it goes on");
        webhooks::send_again(&it.world.engine, "crm", failed.id.parse().expect("an id")).expect("sent again");
        it.deliver_until("2027-01-13T10:00:00Z");
        assert_eq!(it.receiver.taken().len(), 3, "replayed by hand");
    }

    a_ping_says_whether_the_receiver_takes_what_is_signed(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world, "[account_list_joined]");
        let systems = Systems::new(&it.world.engine, it.surroundings());
        let said = systems.check(DocumentKind::Webhook, "crm").expect("a webhook");
        assert!(said.as_ref().is_ok_and(|said| said.contains("ping")), "{said:?}");
        assert_eq!(it.receiver.taken()[0].body["type"], "ping");
        it.receiver.trusts(ANOTHER);
        let said = systems.check(DocumentKind::Webhook, "crm").expect("a webhook");
        assert!(said.as_ref().is_err_and(|why| why.contains("401")), "{said:?}");
        let error = it.state().last_error.expect("an error");
        assert!(it.state().health == Health::Failing && error.message.contains("401"));
    }
}

#[test]
fn a_process_that_ends_in_mid_call_tells_again_and_the_receiver_takes_it_once() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"), "[account_list_joined]");
    it.join(0..5);
    let ended = it.world.clock.now() - SignedDuration::from_secs(60);
    it.world.sql(&format!(
        "UPDATE outbox SET claim = 'gone-1', claim_until = {}, intent = TRUE",
        caravan_model::clock::to_micros(ended)
    ));
    it.deliver_until("2027-01-05T10:00:00Z");
    assert_eq!(it.receiver.taken().len(), 5);
    assert!(it.log().iter().all(|one| one.state == MessageState::Delivered));
}
