//! The LinkedIn connector against a fake that checks every request and misbehaves as LinkedIn does. What counts is which
//! companies its segments hold at the end.

use std::time::Duration;

use caravan_connect::audiences::{Audience, Membership};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Connector, EffectBody, Outcome, Outgoing, Secret, Secrets, Surroundings, connector};
use caravan_model::Clock;
use caravan_testkit::fakes::linkedin::Setup;
use caravan_testkit::fakes::{Fault, LinkedIn};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

const STREAM: &str = "/companies";

struct World {
    linkedin: LinkedIn,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::manual("2026-11-26T10:00:00Z".parse().expect("a time"));
        let mut setup = Setup { clock: clock.clone(), ..Setup::default() };
        change(&mut setup);
        let linkedin = LinkedIn::start(setup);
        Self { linkedin, clock, runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn door(&self) -> Box<dyn Connector> {
        self.door_with(json!({}), &[("client_secret", "hush"), ("refresh_token", &self.linkedin.refresh_token())])
    }

    fn door_with(&self, more: Json, secrets: &[(&str, &str)]) -> Box<dyn Connector> {
        let mut settings = json!({"client_id": "caravan", "base_url": self.linkedin.url()});
        settings.as_object_mut().expect("settings").extend(more.as_object().expect("settings").clone());
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        };
        let secrets: Secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        let kind = connector::kind("linkedin").expect("a kind");
        kind.open(&settings, &secrets, &surroundings).expect("a door")
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance_to(self.clock.now() + SignedDuration::from_secs(seconds));
    }

    /// Delivers until nothing is to be tried again, waiting as long as it is told to.
    fn deliver_all(&self, door: &dyn Connector, batch: &[Outgoing]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
        for _ in 0..40 {
            let open: Vec<usize> = (0..batch.len()).filter(|n| outcomes[*n].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let asked: Vec<Outgoing> = open.iter().map(|n| batch[*n].clone()).collect();
            let mut pause = 0;
            for (n, outcome) in open.into_iter().zip(door.deliver(&asked)) {
                match outcome {
                    Outcome::Retry { after, .. } | Outcome::Shut { after, .. } => {
                        pause = pause.max(after.map_or(1, |after| after.as_secs()));
                    }
                    settled => outcomes[n] = Some(settled),
                }
            }
            self.wait(i64::try_from(pause).expect("a pause"));
        }
        outcomes.into_iter().map(|outcome| outcome.expect("it comes to an end")).collect()
    }

    fn companies(&self) -> Vec<String> {
        self.linkedin.with(|holdings| holdings.companies("Targets"))
    }

    /// The segment is there and can be filled.
    fn ready(self) -> Self {
        self.deliver_all(self.door().as_ref(), &puts(&["First"]));
        self
    }
}

fn audience() -> Audience {
    Audience {
        settings: json!({"ad_account": "512345"}).to_string(),
        name: "Targets".to_owned(),
        source_id: "caravan-7f3a".to_owned(),
        ..Audience::default()
    }
}

fn company(name: &str) -> Json {
    json!({"companyName": name})
}

fn change(take: Vec<Json>, put: Option<Json>) -> Outgoing {
    let key = format!("{take:?}{put:?}");
    Outgoing { key, body: EffectBody::Membership(Box::new(Membership::new(audience(), take, put))) }
}

fn puts(names: &[&str]) -> Vec<Outgoing> {
    names.iter().map(|name| change(Vec::new(), Some(company(name)))).collect()
}

fn takes(names: &[&str]) -> Vec<Outgoing> {
    names.iter().map(|name| change(vec![company(name)], None)).collect()
}

fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered { .. })
}

fn shut_by(outcomes: &[Outcome]) -> (String, Option<Duration>) {
    match &outcomes[0] {
        Outcome::Shut { code, after, .. } => (code.clone(), *after),
        other => panic!("not shut: {other:?}"),
    }
}

#[test]
fn an_audience_is_made_once_and_filled_as_soon_as_linkedin_knows_it() {
    let world = World::new();
    let door = world.door();
    let (code, after) = shut_by(&door.deliver(&puts(&["Acme"])));
    assert_eq!((code.as_str(), after), ("linkedin_preparing", Some(Duration::from_secs(5))));
    world.wait(5);
    let (code, _) = shut_by(&door.deliver(&puts(&["Acme"])));
    assert_eq!(code, "linkedin_preparing", "404 until it can be filled");
    assert!(world.deliver_all(door.as_ref(), &puts(&["Acme", "Beta"])).iter().all(is_delivered));
    assert_eq!(world.companies(), ["Acme", "Beta"]);
    assert!(world.deliver_all(door.as_ref(), &takes(&["Acme"])).iter().all(is_delivered));
    assert_eq!(world.companies(), ["Beta"]);
    assert_eq!(world.linkedin.with(|holdings| holdings.segments.len()), 1);
}

#[test]
fn a_second_process_finds_the_audience_that_the_first_made_and_takes_no_people_s_segment_for_it() {
    let world = World::new().ready();
    world.linkedin.with(|holdings| {
        let mut people = holdings.segments[&10_804].clone();
        people.kind = "USER".to_owned();
        // In front of the other one.
        holdings.segments.insert(1, people);
    });
    assert!(world.deliver_all(world.door().as_ref(), &puts(&["Acme"])).iter().all(is_delivered));
    assert_eq!(world.linkedin.with(|holdings| holdings.segments.len()), 2);
    assert_eq!(world.linkedin.with(|holdings| holdings.segments[&10_804].members.len()), 2);
}

#[test]
fn an_audience_that_was_made_but_whose_answer_was_lost_is_found() {
    for fault in [Fault::HangUpAfter, Fault::CodeAfter("503"), Fault::CodeAfter("409")] {
        let world = World::new();
        world.linkedin.faults().plan("/dmpSegments", 1, 1, fault);
        assert!(world.deliver_all(world.door().as_ref(), &puts(&["Acme"])).iter().all(is_delivered));
        assert_eq!(world.linkedin.with(|holdings| holdings.segments.len()), 1);
        assert_eq!(world.companies(), ["Acme"]);
    }
}

#[test]
fn whoever_leaves_an_audience_that_never_was_has_nothing_to_do() {
    let world = World::new();
    assert_eq!(world.door().deliver(&takes(&["Acme"])), [Outcome::skipped("not_in_audience")]);
    assert_eq!(world.linkedin.with(|holdings| holdings.segments.len()), 0);
}

#[test]
fn what_is_taken_out_goes_before_what_is_put_in() {
    let world = World::new().ready();
    let renamed = change(vec![company("First")], Some(company("Second")));
    assert!(world.deliver_all(world.door().as_ref(), &[renamed]).iter().all(is_delivered));
    assert_eq!(world.companies(), ["Second"]);
    let actions = world.linkedin.with(|holdings| {
        holdings
            .streamed
            .iter()
            .map(|(_, element)| element["action"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    });
    assert_eq!(actions, ["ADD", "REMOVE", "ADD"]);
}

#[test]
fn one_company_that_is_refused_stops_nobody_else() {
    let world = World::new().ready();
    world.linkedin.with(|holdings| {
        holdings.refused.insert("Bad".to_owned());
        holdings.unlucky.insert("Unlucky".to_owned());
    });
    let outcomes = world.door().deliver(&puts(&["Acme", "Bad", "Unlucky", "Beta"]));
    assert!(is_delivered(&outcomes[0]) && is_delivered(&outcomes[3]), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Outcome::Failed { code, .. } if code == "linkedin_400"), "{outcomes:?}");
    assert!(matches!(&outcomes[2], Outcome::Retry { .. }), "{outcomes:?}");
    assert_eq!(world.companies(), ["Acme", "Beta", "First"]);
}

#[test]
fn six_thousand_companies_travel_in_two_calls_and_the_same_company_once() {
    let world = World::new().ready();
    let names: Vec<String> = (0..6_000).map(|n| format!("Company {n}")).collect();
    let mut batch = puts(&names.iter().map(String::as_str).collect::<Vec<_>>());
    batch.extend(puts(&["Company 7", "Company 7"]));
    let before = world.linkedin.calls().iter().filter(|call| call.ends_with(STREAM)).count();
    assert!(world.door().deliver(&batch).iter().all(is_delivered));
    assert_eq!(world.linkedin.calls().iter().filter(|call| call.ends_with(STREAM)).count() - before, 2);
    assert_eq!(world.linkedin.with(|holdings| holdings.streamed.len()), 6_001);
}

#[test]
fn of_whom_a_short_answer_says_nothing_is_said_again_and_nobody_is_lost() {
    for fault in [Fault::Short, Fault::Garbage, Fault::HangUpAfter, Fault::HangUpBefore, Fault::Status(502)] {
        let world = World::new().ready();
        world.linkedin.faults().plan(STREAM, 0, 2, fault.clone());
        let outcomes = world.deliver_all(world.door().as_ref(), &puts(&["Acme", "Beta", "Gamma"]));
        assert!(outcomes.iter().all(is_delivered), "{fault:?}");
        assert_eq!(world.companies(), ["Acme", "Beta", "First", "Gamma"], "{fault:?}");
    }
}

#[test]
fn a_token_that_ends_is_replaced_once_and_the_call_made_again() {
    let world = World::new().ready();
    let door = world.door();
    door.deliver(&puts(&["Acme"]));
    let granted = world.linkedin.tokens_granted();
    world.linkedin.expire_tokens();
    assert!(door.deliver(&puts(&["Beta"])).iter().all(is_delivered));
    assert_eq!(world.linkedin.tokens_granted(), granted + 1);
    assert_eq!(world.companies(), ["Acme", "Beta", "First"]);
}

#[test]
fn a_consent_that_was_withdrawn_or_has_ended_shuts_the_door_and_says_who_can_mend_it() {
    let world = World::new().ready();
    let door = world.door();
    world.linkedin.withdraw_consent();
    let outcomes = door.deliver(&puts(&["Acme"]));
    assert_eq!(shut_by(&outcomes).0, "consent_ended");
    let Outcome::Shut { message, .. } = &outcomes[0] else { unreachable!() };
    assert!(message.contains("consent again"), "{message}");
    assert!(door.check().unwrap_err().contains("consent again"));
}

#[test]
fn refreshing_does_not_make_the_consent_longer() {
    let world = World::new();
    let door = world.door();
    let ends = door.consent_ends().expect("an answer").expect("it ends");
    world.wait(100 * 24 * 3_600);
    let later = door.consent_ends().expect("an answer").expect("it ends");
    assert_eq!(ends, later);
    assert!(door.check().expect("it works").contains("holds until 26 November 2027"));
}

#[test]
fn an_access_token_alone_serves_until_it_ends() {
    let world = World::new().ready();
    let token = world.linkedin.access_token();
    let door = world.door_with(json!({"access_token_ends": "2027-01-25T00:00:00Z"}), &[("access_token", &token)]);
    assert!(door.deliver(&puts(&["Acme"])).iter().all(is_delivered));
    assert_eq!(door.consent_ends(), Ok(Some("2027-01-25T00:00:00Z".parse().expect("a time"))));
    world.linkedin.expire_tokens();
    assert_eq!(shut_by(&door.deliver(&puts(&["Beta"]))).0, "consent_ended");
}

#[test]
fn after_a_refusal_nobody_calls_before_the_minute_is_over_and_after_two_before_the_hour() {
    let world = World::new().ready();
    let door = world.door();
    world.linkedin.faults().plan(STREAM, 0, 2, Fault::CodeBefore("429"));
    world.clock.advance_to("2026-11-26T12:00:30Z".parse().expect("a time"));
    let (code, after) = shut_by(&door.deliver(&puts(&["Acme"])));
    let pause = after.expect("a pause").as_secs();
    assert_eq!(code, "linkedin_429");
    assert!((30..40).contains(&pause), "{pause}");
    let calls = world.linkedin.calls().len();
    assert_eq!(shut_by(&door.deliver(&puts(&["Acme"]))).0, "linkedin_429");
    assert_eq!(world.linkedin.calls().len(), calls, "no call is made while it rests");
    world.wait(i64::try_from(pause).expect("a pause"));
    assert_eq!(shut_by(&door.deliver(&puts(&["Acme"]))).1, Some(Duration::from_secs(3_600)));
    world.wait(3_600);
    assert!(door.deliver(&puts(&["Acme"])).iter().all(is_delivered));
}

#[test]
fn a_pause_that_linkedin_names_is_kept_to() {
    let world = World::with(|setup| {
        setup.retry_after = Some(7);
        setup.per_minute = (3, 600);
    })
    .ready();
    let door = world.door();
    let shut =
        (0..4).map(|n| door.deliver(&puts(&[&format!("Company {n}")]))).find(|outcomes| !is_delivered(&outcomes[0]));
    assert_eq!(shut_by(&shut.expect("a limit")), ("linkedin_429".to_owned(), Some(Duration::from_secs(7))));
}

#[test]
fn what_only_an_administrator_can_mend_shuts_the_door_and_says_what_it_is() {
    type Change = fn(&mut Setup);
    let cases: [(Change, &str, &str); 4] = [
        (|setup| setup.permitted = false, "linkedin_403", "rw_dmp_segments"),
        (|setup| setup.role = "VIEWER".to_owned(), "linkedin_403", "view"),
        (|setup| setup.platforms.clear(), "linkedin_403", "source platform"),
        (|setup| setup.versions = (202_605, 202_611), "linkedin_version", "api_version"),
    ];
    for (spoil, code, says) in cases {
        let world = World::with(spoil);
        let outcomes = world.door().deliver(&puts(&["Acme"]));
        assert_eq!(shut_by(&outcomes).0, code);
        let Outcome::Shut { message, .. } = &outcomes[0] else { unreachable!() };
        assert!(message.contains(says), "{message}");
    }
    let world = World::with(|setup| setup.ad_account = "1".to_owned());
    assert_eq!(shut_by(&world.door().deliver(&puts(&["Acme"]))).0, "linkedin_ad_account");
}

#[test]
fn an_audience_that_was_deleted_is_not_made_again_behind_the_user_s_back() {
    let world = World::new().ready();
    let door = world.door();
    assert!(door.deliver(&puts(&["Acme"])).iter().all(is_delivered));
    world.wait(3_600);
    world.linkedin.with(|holdings| holdings.segments.clear());
    let outcomes = door.deliver(&puts(&["Beta"]));
    assert!(matches!(&outcomes[0], Outcome::Failed { code, .. } if code == "linkedin_audience_gone"), "{outcomes:?}");
    let known = Audience { remote_id: Some("10804".to_owned()), ..audience() };
    let known = Membership::new(known, Vec::new(), Some(company("Beta")));
    let known = Outgoing { key: "k".to_owned(), body: EffectBody::Membership(Box::new(known)) };
    let outcomes = world.door().deliver(&[known]);
    assert!(matches!(&outcomes[0], Outcome::Failed { code, .. } if code == "linkedin_audience_gone"), "{outcomes:?}");
    assert!(world.linkedin.with(|holdings| holdings.segments.is_empty()));
}

#[test]
fn how_an_audience_stands_is_told_with_the_minimum_of_a_campaign() {
    let world = World::new();
    let door = world.door();
    let audiences = door.audiences().expect("it has audiences");
    assert_eq!(audiences.standing(&audience()), Ok(None));
    world.deliver_all(door.as_ref(), &puts(&["A", "B", "C", "D"]));
    let standing = audiences.standing(&audience()).expect("an answer").expect("it is there");
    assert_eq!((standing.status.as_str(), standing.size, standing.usable), ("BUILDING", Some(120), true));
    assert!(standing.note.contains("at least 300"), "{}", standing.note);
    let names: Vec<String> = (0..40).map(|n| format!("Company {n}")).collect();
    world.wait(49 * 3_600);
    world.deliver_all(door.as_ref(), &puts(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let standing = audiences.standing(&audience()).expect("an answer").expect("it is there");
    assert_eq!((standing.status.as_str(), standing.size), ("UPDATING", Some(1_320)));
    let existing = audiences.existing(&json!({"ad_account": "512345"})).expect("an answer");
    assert_eq!(existing.iter().map(|it| it.label.as_str()).collect::<Vec<_>>(), ["Targets"]);
}
