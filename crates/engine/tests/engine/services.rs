//! Journeys that call an external service: the service is registered from its document, called strictly, and answers when
//! the test wants it to.

use std::collections::BTreeMap;

use crate::support::{World, on_both_stores};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::webhooks::{Headers, Signer};
use caravan_connect::{Secret, Surroundings};
use caravan_engine::connections::{self, Health};
use caravan_engine::definitions::DefinitionError;
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::external::{CallbackError, Posted, callback, inspect, register};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::runtime::Deliver as _;
use caravan_engine::travel;
use caravan_model::EnrollmentId;
use caravan_model::document::DocumentKind;
use caravan_testkit::fakes::service::{Accepted, Login, Setup};
use caravan_testkit::fakes::{Fault, Service};
use jiff::SignedDuration;
use serde_json::{Value, json};

const SIGNING: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// An installation with a service that is registered and called by a journey.
struct Installation {
    world: World,
    service: Service,
    runtime: tokio::runtime::Runtime,
    keys: SigningKeys,
}

impl Installation {
    fn new(world: World, accounts: i64, setup: Setup) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let it = Self {
            world: world.with_people(accounts, 1),
            service: Service::start(setup),
            runtime: runtime.expect("a runtime"),
            keys: SigningKeys::new(1, Secret::new("a secret")),
        };
        it.world.apply(
            "kind: account_list\nkey: everybody\ntype: dynamic\nwhen: {account: employees, at_least: 0}\nstate: live",
        );
        it
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.world.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        }
    }

    /// Applies the action `svc` with these further fields and secrets that it knows.
    fn action(&self, fields: &str, secrets: &[(&str, &str)]) -> &Self {
        let secrets: Vec<String> =
            secrets.iter().map(|(name, value)| format!("{name}: {{file: '{}'}}", secret_file(value))).collect();
        self.world.apply(&format!(
            "{{kind: external_action, key: svc, url: '{}', timeout: 1h, values: {{region: eu}}, {fields}, secrets: {{{}}}}}",
            self.service.document_url(),
            secrets.join(", ")
        ));
        self
    }

    fn registered(&self) -> &Self {
        match register(&self.world.engine, &self.surroundings(), "svc") {
            Ok(_) => self,
            Err(DefinitionError::Findings(findings)) => panic!("{findings:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    fn begin(&self, node: &str) -> &Self {
        self.world.apply(&format!(
            "kind: journey\nkey: j\nname: Enrich all\nsubject: account\naudience: {{account_list: everybody}}\nend: 2027-06-30T00:00:00Z\n\
             entry: call\nnodes:\n  call: {node}\n  well: {{type: wait, duration: 9d, next: null}}\n  badly: {{type: wait, duration: 9d, next: null}}\n"
        ));
        self.world.publish("j");
        self.world.run();
        self
    }

    fn dispatcher(&self) -> Dispatcher {
        let delivery = Delivery::new("https://go.acme.example", self.keys.clone());
        Dispatcher::new(&self.world.engine, delivery, self.surroundings())
    }

    /// Delivers what is due now.
    fn deliver(&self) {
        let dispatcher = self.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        self.world.run();
    }

    /// Delivers until nothing is left, waiting in virtual time.
    fn deliver_all(&self) {
        let dispatcher = self.dispatcher();
        for _ in 0..60 {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            match dispatcher.next_due().expect("the next") {
                Some(next) => self.world.clock.advance_to(next),
                None => {
                    self.world.run();
                    return;
                }
            }
        }
        panic!("it does not come to an end");
    }

    fn post(&self, call: &Accepted, body: &Value) -> Result<(), CallbackError> {
        let posted =
            Posted { token: Some(call.token().to_owned()), body: body.to_string().into_bytes(), ..Posted::default() };
        let taken = callback(&self.world.engine, &self.keys, &posted);
        self.world.run();
        taken
    }

    /// How many stand at `call`, `well` and `badly`.
    fn stand(&self) -> (i64, i64, i64) {
        let nodes = self.world.status("j").nodes;
        (nodes["call"].current, nodes["well"].current, nodes["badly"].current)
    }

    fn late(&self, minutes: i64) {
        self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_mins(minutes));
        self.world.run();
    }
}

fn secret_file(value: &str) -> String {
    let name: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let file = std::env::temp_dir().join(format!("caravan-service-{name}-{}", std::process::id()));
    std::fs::write(&file, value).expect("the secret's file");
    file.to_string_lossy().into_owned()
}

const ACCOUNT: &str = "on: account, outgoing: {company: name}, incoming: {industry: sector}";
const KEY: &[(&str, &str)] = &[("api_key", "hush")];
const CALL: &str =
    "{type: external_action, on: account, service: svc, values: {model: v2}, next: well, failed: {next: badly}}";

on_both_stores! {
    each_account_is_called_once_and_goes_the_way_of_its_answer(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 3, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL).deliver();
        let calls = it.service.accepted();
        assert_eq!((calls.len(), it.stand()), (3, (3, 0, 0)));
        let body = &calls[0].body;
        assert_eq!(body["callbackUrl"], "https://go.acme.example/hooks/external/callback");
        assert_eq!(body["context"]["admin"], json!({"region": "eu"}));
        assert_eq!(body["objectData"]["flowStepContext"], json!({"model": "v2"}));
        assert_eq!(body["context"]["journey"], json!({"id": "j", "name": "Enrich all", "status": "Live", "startDate": "2026-12-01T09:00:00Z", "endDate": "2027-06-30T00:00:00Z"}));
        assert_eq!((&body["actionConfig"]["timeout"], &body["customHeaders"]), (&json!(60), &json!({"X-Tenant": "acme"})));
        it.post(&calls[0], &it.service.success(&calls[0], json!({"sector": "Software", "secret": 1}), json!({}))).expect("taken");
        it.post(&calls[1], &it.service.failure(&calls[1], "NOT_FOUND")).expect("taken");
        assert_eq!(it.stand(), (1, 1, 1));
        it.late(61);
        assert_eq!(it.stand(), (0, 1, 2), "who is not answered takes the path for that");
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.done, outcomes.pending), (1, 0));
        assert_eq!(outcomes.failed, BTreeMap::from([("NOT_FOUND".to_owned(), 1), ("timed_out".to_owned(), 1)]));
        assert_eq!(it.world.one("SELECT COUNT(*) FROM account WHERE industry = 'Software'"), 1);
    }

    a_callback_may_come_before_the_call_is_acknowledged(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 1, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        it.service.faults().plan("/submitAsyncAction", 0, 1, Fault::HangUpAfter);
        it.deliver();
        let call = it.service.accepted().remove(0);
        it.post(&call, &it.service.success(&call, json!({}), json!({}))).expect("taken");
        assert_eq!(it.stand(), (0, 1, 0));
        it.deliver_all();
        assert_eq!((it.service.accepted().len(), it.service.repeated(), it.stand()), (1, 0, (0, 1, 0)), "who has answered is not called again");
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.done, outcomes.pending, outcomes.skipped.len()), (1, 0, 0));
    }

    a_service_that_is_called_is_asked_every_minute_whether_it_is_well(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 1, Setup::default());
        it.action(ACCOUNT, KEY).registered();
        let dispatcher = it.dispatcher();
        let health = || {
            let state = connections::state(&it.world.engine, DocumentKind::ExternalAction, "svc").expect("a state");
            (state.health, state.last_error.map(|error| error.message))
        };
        dispatcher.fetch_returned().expect("it looks");
        assert_eq!(health(), (Health::Untested, None), "nobody calls it yet");
        it.begin(CALL);
        dispatcher.fetch_returned().expect("it looks");
        assert_eq!(health(), (Health::Healthy, None));
        it.service.faults().plan("/status", 0, 1, Fault::Status(503));
        dispatcher.fetch_returned().expect("it looks");
        assert_eq!(health().0, Health::Healthy, "it was asked a moment ago");
        it.late(1);
        dispatcher.fetch_returned().expect("it looks");
        assert!(matches!(health(), (Health::Failing, Some(why)) if why.contains("503")));
        it.late(1);
        dispatcher.fetch_returned().expect("it looks");
        assert_eq!(health().0, Health::Healthy);
    }

    repeated_and_late_callbacks_move_and_write_nothing(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 2, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL).deliver();
        let calls = it.service.accepted();
        let answer = it.service.success(&calls[0], json!({"sector": "Software"}), json!({}));
        it.post(&calls[0], &answer).expect("taken");
        it.post(&calls[0], &answer).expect("a repetition is no error");
        it.post(&calls[0], &it.service.failure(&calls[0], "LATER")).expect("nor is another word");
        assert_eq!(it.world.one("SELECT COUNT(*) FROM activity WHERE type = 'external_answered'"), 1);
        it.late(61);
        it.post(&calls[1], &it.service.success(&calls[1], json!({"sector": "Steel"}), json!({}))).expect("late ones are taken");
        assert_eq!((it.stand(), it.world.one("SELECT COUNT(*) FROM account WHERE industry = 'Steel'")), ((0, 1, 1), 0));
        assert_eq!(it.world.one("SELECT COUNT(*) FROM activity WHERE type = 'external_answered'"), 2, "and told of");
    }

    what_is_not_about_the_call_is_refused(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 2, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL).deliver();
        let calls = it.service.accepted();
        let of_the_other = it.service.success(&calls[1], json!({}), json!({}));
        assert!(matches!(it.post(&calls[0], &of_the_other), Err(CallbackError::Unreadable(_))));
        let mut forged = calls[0].clone();
        forged.body["token"] = json!(calls[0].token().replace(|c: char| c.is_ascii_digit(), "z"));
        let own = it.service.success(&calls[0], json!({}), json!({}));
        assert!(matches!(it.post(&forged, &own), Err(CallbackError::BadToken)));
        assert!(matches!(callback(&it.world.engine, &it.keys, &Posted::default()), Err(CallbackError::BadToken)));
        let mut inside = own.clone();
        inside["token"] = json!(calls[0].token());
        let posted = Posted { body: inside.to_string().into_bytes(), ..Posted::default() };
        callback(&it.world.engine, &it.keys, &posted).expect("the token may stand in the body");
    }

    services_in_trouble_are_tried_again_and_lose_and_double_nobody(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 6, Setup { accepts_with: 200, nested_errors: true, ..Setup::default() });
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        for fault in [Fault::Status(500), Fault::Status(429), Fault::HangUpBefore, Fault::HangUpAfter, Fault::Status(503)] {
            it.service.faults().plan("/submitAsyncAction", 0, 1, fault);
        }
        it.deliver_all();
        let calls = it.service.accepted();
        assert_eq!((calls.len(), it.service.repeated()), (6, 1));
        for call in &calls {
            it.post(call, &it.service.success(call, json!({}), json!({}))).expect("taken");
        }
        assert_eq!(it.stand(), (0, 6, 0));
    }

    a_service_that_answers_with_another_address_is_not_followed_and_fails_for_that_account_alone(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 3, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        it.service.faults().plan("/submitAsyncAction", 0, 1, Fault::Status(302));
        it.deliver_all();
        assert_eq!((it.service.accepted().len(), it.stand()), (2, (2, 0, 1)));
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!(outcomes.failed, BTreeMap::from([("redirected".to_owned(), 1)]));
    }

    a_call_that_stays_refused_takes_the_path_for_errors(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 1, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        it.service.faults().plan("/submitAsyncAction", 0, 100, Fault::Status(500));
        it.deliver_all();
        assert_eq!(it.stand(), (0, 0, 1));
        assert!(it.world.clock.now() < crate::support::at("2026-12-01T09:31:00Z"), "half of its time is left");
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!(outcomes.failed, BTreeMap::from([("INTERNAL_ERROR".to_owned(), 1)]));
    }

    its_time_begins_when_the_service_accepts_and_calls_of_the_departed_are_not_made(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 1, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        it.late(30);
        it.deliver();
        it.late(50);
        assert_eq!(it.stand(), (1, 0, 0), "80 minutes after it was queued, 50 after it was accepted");
        it.late(11);
        assert_eq!(it.stand(), (0, 0, 1));

        it.world.sql("DELETE FROM account_person");
        it.world.apply("kind: journey\nkey: k\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nentry: call\nnodes:\n  call: {type: external_action, on: account, service: svc, next: null}\n");
        it.world.publish("k");
        it.world.run();
        it.late(61);
        it.deliver_all();
        assert_eq!(it.service.accepted().len(), 1, "nobody waits for the second call any more");
    }

    calls_of_whoever_has_left_are_not_made_and_count_once(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 3, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        let trips = it.world.rows("SELECT id FROM enrollment ORDER BY id", |r| EnrollmentId(r.int(0)));
        travel::remove(&it.world.engine, "j", trips[0], "ann").expect("taken out");
        travel::skip(&it.world.engine, "j", trips[1], "ann").expect("skipped");
        it.world.run();
        it.deliver_all();
        assert_eq!((it.service.accepted().len(), it.stand()), (1, (1, 1, 0)));
        let ledger = "SELECT COUNT(*) FROM ledger WHERE kind = 'external_call' AND outcome = 'skipped' AND reason = 'no_longer_awaited'";
        assert_eq!(it.world.one(ledger), 2);
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.pending, outcomes.skipped), (1, BTreeMap::from([("no_longer_awaited".to_owned(), 2)])));
    }

    calls_of_an_aborted_journey_are_not_made_and_count_once(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 2, Setup::default());
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        lifecycle::command(&it.world.engine, "j", Verb::Abort, "ann").expect("aborted");
        // Delivery may come before the step that ends the trips.
        it.deliver_all();
        let outcomes = it.world.status("j").nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.pending, outcomes.skipped), (0, BTreeMap::from([("no_longer_awaited".to_owned(), 2)])));
        assert!(it.service.accepted().is_empty());
    }

    a_split_follows_the_variables_and_what_was_not_announced_fails(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 4, Setup { split: true, ..Setup::default() });
        it.action("on: account, split: true, outgoing: {company: name}", KEY).registered();
        it.begin("{type: external_split, by: account, service: svc, paths: [{label: Hot, when: {score: {at_least: 80}}, next: well}], other: {next: null}, failed: {next: badly}}").deliver();
        let calls = it.service.accepted();
        let hot = json!({"pathId": "Hot", "pathDefinition": [{"accessor": "score", "operator": "greaterThanOrEqual", "values": ["80"]}]});
        assert_eq!(calls[0].body["actionConfig"]["pathConfig"], json!([hot, {"pathId": "default", "pathDefinition": []}]));
        for (call, score) in calls.iter().zip([json!(92), json!(12), json!(null), json!(101)]) {
            it.post(call, &it.service.success(call, json!({}), json!({"score": score}))).expect("taken");
        }
        let status = it.world.status("j");
        assert_eq!((it.stand(), status.nodes["call"].paths["other"]), ((0, 1, 1), 2));
        assert_eq!(status.nodes["call"].outcomes.clone().expect("calls").failed, BTreeMap::from([("invalid_answer".to_owned(), 1)]));
    }

    people_of_accounts_are_called_for_with_their_relation(world at "2026-12-01T09:00:00Z") {
        let it = Installation::new(world, 2, Setup { entity: "accountPerson", login: Login::OAuth, ..Setup::default() });
        it.action("on: people, outgoing: {email: email, company: account.name}, incoming: {job_title: title}", &[("client_id", "caravan"), ("client_secret", "hush")]);
        it.registered().begin("{type: external_action, on: people, service: svc, next: well, failed: {next: badly}}");
        it.service.expire_token();
        it.deliver();
        let calls = it.service.accepted();
        assert_eq!((calls.len(), it.service.tokens_granted()), (2, 2), "the token that ended was replaced");
        for call in &calls {
            it.post(call, &it.service.success(call, json!({"title": "CTO"}), json!({}))).expect("taken");
        }
        assert_eq!((it.stand(), it.world.one("SELECT COUNT(*) FROM person WHERE job_title = 'CTO'")), ((0, 2, 0), 2));
    }
}

#[test]
fn a_service_is_left_alone_for_as_long_as_it_asks_for_in_the_head_or_in_the_body() {
    for (pause_in_head, asked) in [(true, 70), (false, 3)] {
        let world = World::embedded("2026-12-01T09:00:00Z");
        let it = Installation::new(world, 1, Setup { pause_in_head, ..Setup::default() });
        it.action(ACCOUNT, KEY).registered().begin(CALL);
        it.service.faults().plan("/submitAsyncAction", 0, 1, Fault::Status(429));
        let dispatcher = it.dispatcher();
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        let next = dispatcher.next_due().expect("the next").expect("it waits");
        let pause = next.duration_since(it.world.clock.now());
        assert!(pause >= SignedDuration::from_secs(asked) && pause < SignedDuration::from_secs(2 * asked), "{pause:?}");
        it.deliver_all();
        assert_eq!(it.service.accepted().len(), 1);
    }
}

#[test]
fn every_way_of_signing_in_is_spoken() {
    for (login, secrets) in [
        (Login::Header, KEY),
        (Login::Query, KEY),
        (Login::Basic, &[("user", "caravan"), ("password", "hush")]),
        (Login::OAuth, &[("client_id", "caravan"), ("client_secret", "hush")]),
    ] {
        let it = Installation::new(World::embedded("2026-12-01T09:00:00Z"), 1, Setup { login, ..Setup::default() });
        it.action(ACCOUNT, secrets).registered().begin(CALL).deliver();
        assert_eq!(it.service.accepted().len(), 1, "{login:?}");
    }
}

#[test]
fn calls_and_callbacks_are_signed_where_a_secret_is_set() {
    let it = Installation::new(World::embedded("2026-12-01T09:00:00Z"), 1, Setup::default());
    let secrets = [
        ("api_key", "hush"),
        ("signing_secret", SIGNING),
        ("callback_signing_secret", SIGNING),
        ("callback_key", "key"),
    ];
    it.action(ACCOUNT, &secrets).registered().begin(CALL).deliver();
    let call = it.service.accepted().remove(0);
    let header = |name: &str| call.headers[name].clone();
    let headers = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let signer = Signer::new(&Secret::new(SIGNING), None).expect("a signer");
    assert_eq!(signer.check(&headers, it.world.clock.now(), call.body.to_string().as_bytes()), Ok(()));

    let body = it.service.success(&call, json!({}), json!({})).to_string().into_bytes();
    let posted = |key: Option<&str>, signature| Posted {
        token: Some(call.token().to_owned()),
        key: key.map(str::to_owned),
        signature,
        body: body.clone(),
    };
    let signature = signer.sign("msg_1", it.world.clock.now(), &body);
    for (key, signature) in
        [(None, Some(signature.clone())), (Some("other"), Some(signature.clone())), (Some("key"), None)]
    {
        let refused = callback(&it.world.engine, &it.keys, &posted(key, signature));
        assert!(matches!(refused, Err(CallbackError::NotAllowed(_))), "{refused:?}");
    }
    callback(&it.world.engine, &it.keys, &posted(Some("key"), Some(signature))).expect("taken");
}

#[test]
fn registering_reads_the_document_and_says_what_does_not_fit() {
    let it = Installation::new(World::embedded("2026-12-01T09:00:00Z"), 1, Setup::default());
    let secrets = [("api_key".to_owned(), Secret::new("hush"))].into();
    let found = inspect(&it.service.document_url(), &secrets, &it.surroundings()).expect("found");
    assert_eq!(found.manifest["on"], "account");
    assert_eq!(found.manifest["outgoing"], json!({"company": ""}));
    let codes = |fields: &str, secrets: &[(&str, &str)]| {
        it.action(fields, secrets);
        match register(&it.world.engine, &it.surroundings(), "svc") {
            Err(DefinitionError::Findings(findings)) => {
                findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(codes("on: people, outgoing: {company: account.name}", KEY), ["service_wrong_subject"]);
    assert_eq!(codes("on: account, split: true, outgoing: {company: name}", KEY), ["service_wrong_use"]);
    assert_eq!(codes("on: account", KEY), ["mapping_missing"]);
    assert_eq!(codes("on: account, outgoing: {company: name, size: employees}", KEY), ["mapping_unknown"]);
    assert_eq!(codes(ACCOUNT, &[("api_key", "wrong")]), ["service_unreachable"]);
    assert_eq!(codes(ACCOUNT, &[]), ["secret_missing"]);
    it.action(ACCOUNT, KEY).registered();
    let twin = it.service.document_url();
    it.world.apply(&format!("{{kind: external_action, key: twin, url: '{twin}', values: {{region: eu}}, {ACCOUNT}, secrets: {{api_key: {{file: '{}'}}}}}}", secret_file("hush")));
    let Err(DefinitionError::Findings(findings)) = register(&it.world.engine, &it.surroundings(), "twin") else {
        panic!("refused")
    };
    assert_eq!(findings[0].code, "url_taken");
    let namesake = Service::start(Setup::default());
    it.world.apply(&format!("{{kind: external_action, key: twin, url: '{}', values: {{region: eu}}, {ACCOUNT}, secrets: {{api_key: {{file: '{}'}}}}}}", namesake.document_url(), secret_file("hush")));
    let Err(DefinitionError::Findings(findings)) = register(&it.world.engine, &it.surroundings(), "twin") else {
        panic!("refused")
    };
    assert_eq!(findings[0].code, "title_taken");
    namesake.faults().plan("/openapi.json", 0, 1, Fault::Status(302));
    let Err(DefinitionError::Findings(findings)) = register(&it.world.engine, &it.surroundings(), "twin") else {
        panic!("refused")
    };
    assert_eq!(findings[0].code, "document_unreachable", "no other address is followed");
}
