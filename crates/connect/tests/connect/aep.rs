//! The connector to Adobe Experience Platform against a fake that checks every request, reads the files that were handed over,
//! and misbehaves. What counts is who is in its audiences at the end.

use std::collections::BTreeSet;

use caravan_connect::audiences::{Audience, Membership};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Connector, EffectBody, Outcome, Outgoing, Secret, Secrets, Surroundings, connector};
use caravan_model::Clock;
use caravan_testkit::fakes::aep::Setup;
use caravan_testkit::fakes::s3::Setup as BucketSetup;
use caravan_testkit::fakes::{Aep, Fault, S3};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

struct World {
    platform: Aep,
    bucket: S3,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::manual("2026-11-26T10:00:00Z".parse().expect("a time"));
        let bucket = S3::start(BucketSetup { clock: clock.clone(), ..BucketSetup::default() });
        let mut setup = Setup { clock: clock.clone(), ..Setup::default() };
        change(&mut setup);
        let platform = Aep::start(setup, bucket.shelf());
        Self { platform, bucket, clock, runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn settings(&self) -> Json {
        json!({
            "client_id": "caravan", "org_id": "ACME@AdobeOrg", "base_connection_id": "6b6e0000-bucket",
            "base_url": self.platform.url(), "ims_url": self.platform.url(),
            "files": {"bucket": "caravan", "region": "eu-central-1", "prefix": "activation", "endpoint": self.bucket.url()},
        })
    }

    fn door(&self) -> Box<dyn Connector> {
        self.door_with(self.settings(), "hush")
    }

    fn door_with(&self, settings: Json, client_secret: &str) -> Box<dyn Connector> {
        let keys = BucketSetup::default();
        let secrets = [
            ("client_secret", client_secret),
            ("access_key_id", &keys.access_key_id),
            ("secret_access_key", &keys.secret_access_key),
        ];
        let secrets: Secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        };
        connector::kind("aep").expect("a kind").open(&settings, &secrets, &surroundings).expect("a door")
    }

    fn wait(&self, seconds: u64) {
        let seconds = i64::try_from(seconds).expect("a pause");
        self.clock.advance_to(self.clock.now() + SignedDuration::from_secs(seconds));
    }

    /// Delivers until nothing is to be tried again, waiting as long as it is told to; every code that stood in the way.
    fn deliver_all(&self, door: &dyn Connector, batch: &[Outgoing]) -> BTreeSet<String> {
        let (mut open, mut codes) = (batch.to_vec(), BTreeSet::new());
        for _ in 0..60 {
            if open.is_empty() {
                return codes;
            }
            let (mut pause, mut again) = (0, Vec::new());
            for (item, outcome) in open.iter().zip(door.deliver(&open)) {
                let (after, under_way) = match outcome {
                    Outcome::Delivered { .. } => continue,
                    Outcome::Later { after, under_way } => (Some(after), under_way),
                    Outcome::Retry { after, code, .. } | Outcome::Shut { after, code, .. } => {
                        codes.insert(code);
                        (after, None)
                    }
                    other => panic!("{other:?}"),
                };
                pause = pause.max(after.map_or(1, |after| after.as_secs()));
                again.push(with(item, under_way));
            }
            self.wait(pause);
            open = again;
        }
        panic!("it does not come to an end: {codes:?}");
    }

    fn members(&self) -> Vec<String> {
        self.platform.members("Retarget")
    }

    /// How many readings there were, and of how many rows.
    fn readings(&self) -> (usize, usize) {
        self.platform.with(|holdings| {
            let runs = holdings.named("Retarget").map(|audience| audience.runs.clone()).unwrap_or_default();
            (runs.len(), runs.iter().filter_map(|run| run.found.as_ref().ok()).map(Vec::len).sum())
        })
    }
}

fn audience() -> Audience {
    Audience {
        settings: "{}".to_owned(),
        name: "Retarget".to_owned(),
        key: Some("retarget".to_owned()),
        source_id: "caravan-7f3a".to_owned(),
        ..Audience::default()
    }
}

fn change(key: &str, put: Option<Json>) -> Outgoing {
    let change = Membership::new(audience(), Vec::new(), put);
    Outgoing { key: key.to_owned(), body: EffectBody::Membership(Box::new(change)) }
}

/// The same, as it is asked about again.
fn with(item: &Outgoing, under_way: Option<String>) -> Outgoing {
    let EffectBody::Membership(change) = &item.body else { panic!("{item:?}") };
    let change = Membership { under_way, ..(**change).clone() };
    Outgoing { key: item.key.clone(), body: EffectBody::Membership(Box::new(change)) }
}

/// What was delivered, with what the platform is at for it.
fn told(door: &dyn Connector, batch: &[Outgoing]) -> Vec<Outgoing> {
    let outcomes = door.deliver(batch).into_iter();
    let told = batch.iter().zip(outcomes).map(|(item, outcome)| match outcome {
        Outcome::Later { under_way, .. } => with(item, under_way),
        other => panic!("it is being read: {other:?}"),
    });
    told.collect()
}

fn puts(names: &[&str]) -> Vec<Outgoing> {
    let person = |name: &&str| json!({"person_key": name, "email": format!("{name}@example.com")});
    names.iter().map(|name| change(name, Some(person(name)))).collect()
}

const ANN_AND_BEN: [&str; 2] = ["ann@example.com", "ben@example.com"];

#[test]
fn an_audience_is_made_its_file_read_and_nobody_counts_as_there_before_that() {
    for plural in [true, false] {
        let world = World::with(|setup| setup.plural = plural);
        let door = world.door();
        let batch = puts(&["ann", "ben"]);
        let first = door.deliver(&batch);
        assert!(first.iter().all(|it| matches!(it, Outcome::Later { .. })), "it is being made: {first:?}");
        world.wait(90);
        let reading = told(door.as_ref(), &batch);
        assert_eq!(world.members(), Vec::<String>::new());
        assert_eq!(world.deliver_all(door.as_ref(), &reading), BTreeSet::new());
        assert_eq!(world.members(), ANN_AND_BEN);
        assert_eq!(world.readings(), (1, 2));
        assert!(world.platform.refused().iter().all(|why| why.starts_with("100940-404")), "the other spelling alone");
        let files: Vec<String> = world.bucket.objects().into_keys().collect();
        assert!(files.len() == 1 && files[0].starts_with("activation/retarget/retarget_differential_"), "{files:?}");
    }
}

#[test]
fn whoever_comes_while_it_reads_waits_for_the_next_file() {
    let world = World::new();
    let door = world.door();
    let (ann, ben) = (puts(&["ann"]), puts(&["ben"]));
    door.deliver(&ann);
    world.wait(90);
    let both = [told(door.as_ref(), &ann), ben].concat();
    assert!(door.deliver(&both).iter().all(|it| matches!(it, Outcome::Later { .. })));
    assert_eq!(world.readings(), (1, 1), "nothing is put into a folder that is being read");
    world.deliver_all(door.as_ref(), &both);
    assert_eq!((world.members(), world.readings()), (ANN_AND_BEN.map(str::to_owned).to_vec(), (2, 2)));
}

#[test]
fn tokens_that_end_throttles_and_outages_lose_and_double_nobody() {
    let world = World::with(|setup| setup.retry_after = Some(7));
    let faults = world.platform.faults();
    faults.plan("/ims/token", 1, 1, Fault::Status(503));
    faults.plan("/external-audience/", 0, 2, Fault::CodeBefore("100930-429"));
    faults.plan("/operations/", 0, 1, Fault::Garbage);
    faults.plan("/run", 0, 1, Fault::CodeBefore("100970-502"));
    world.bucket.faults().plan("/caravan/activation", 0, 4, Fault::CodeBefore("SlowDown"));
    let door = world.door();
    door.deliver(&puts(&["ann"]));
    world.platform.expire_tokens();
    let codes = world.deliver_all(door.as_ref(), &puts(&["ann", "ben"]));
    assert!(codes.contains("throttled") && codes.contains("aep_unexpected"), "{codes:?}");
    assert!(world.platform.tokens_granted() >= 2);
    assert_eq!((world.members(), world.readings()), (ANN_AND_BEN.map(str::to_owned).to_vec(), (1, 2)));
}

#[test]
fn answers_that_are_lost_after_the_platform_acted_make_nothing_twice() {
    let world = World::new();
    world.platform.faults().plan("/external-audience/", 0, 1, Fault::HangUpAfter);
    let door = world.door();
    world.deliver_all(door.as_ref(), &puts(&["ann"]));
    assert_eq!(world.platform.with(|holdings| holdings.audiences.len()), 1, "found by its name");
    world.platform.faults().plan("/run", 1, 1, Fault::HangUpAfter);
    world.bucket.faults().plan("/caravan/activation", 0, 1, Fault::HangUpAfter);
    world.deliver_all(door.as_ref(), &puts(&["ben"]));
    assert_eq!((world.members(), world.readings()), (ANN_AND_BEN.map(str::to_owned).to_vec(), (2, 2)));
}

#[test]
fn a_reading_that_fails_is_said_and_its_people_are_handed_over_again() {
    let world = World::new();
    world.platform.with(|holdings| holdings.unlucky = 1);
    world.platform.faults().plan("/runs/", 0, 1, Fault::HangUpBefore);
    let door = world.door();
    let codes = world.deliver_all(door.as_ref(), &puts(&["ann", "ben"]));
    assert_eq!(codes, BTreeSet::from(["reading_failed".to_owned()]));
    assert_eq!((world.members(), world.readings()), (ANN_AND_BEN.map(str::to_owned).to_vec(), (2, 2)));
}

#[test]
fn a_second_process_finds_the_audience_and_waits_for_the_reading_of_the_first() {
    for busy in [409, 422] {
        let world = World::with(|setup| setup.busy = busy);
        let (first, second) = (world.door(), world.door());
        first.deliver(&puts(&["ann"]));
        world.wait(90);
        let ann = told(first.as_ref(), &puts(&["ann"]));
        assert!(matches!(second.deliver(&puts(&["ben"]))[0], Outcome::Later { .. }), "the list shows it");
        world.platform.faults().plan("/runs", 0, 1, Fault::Short);
        assert!(matches!(second.deliver(&puts(&["ben"]))[0], Outcome::Later { .. }), "the platform says so");
        // The first one is gone: the second hears how its reading ended.
        drop(first);
        world.deliver_all(second.as_ref(), &[ann, puts(&["ben"])].concat());
        assert_eq!((world.members(), world.readings()), (ANN_AND_BEN.map(str::to_owned).to_vec(), (2, 2)));
        assert_eq!(world.platform.with(|holdings| holdings.audiences.len()), 1);
    }
}

#[test]
fn what_cannot_be_done_is_said_for_people() {
    let world = World::new();
    let shut = |outcomes: Vec<Outcome>| match &outcomes[0] {
        Outcome::Shut { code, message, .. } => (code.clone(), message.clone()),
        other => panic!("{other:?}"),
    };
    let (code, _) = shut(world.door_with(world.settings(), "wrong").deliver(&puts(&["ann"])));
    assert_eq!(code, "sign_in_refused");
    let mut elsewhere = world.settings();
    elsewhere["sandbox"] = "dev".into();
    let (code, message) = shut(world.door_with(elsewhere.clone(), "hush").deliver(&puts(&["ann"])));
    assert!(code == "aep_forbidden" && message.contains("permission"), "{code}: {message}");
    assert!(world.door_with(elsewhere, "hush").check().is_err());
    assert!(world.door().check().expect("it works").contains("`prod`"));
    world.platform.with(|holdings| holdings.unmade = 1);
    let door = world.door();
    door.deliver(&puts(&["ann"]));
    world.wait(90);
    assert_eq!(shut(door.deliver(&puts(&["ann"]))).0, "audience_refused");
    world.deliver_all(door.as_ref(), &puts(&["ann"]));
    world
        .platform
        .with(|holdings| holdings.audiences.values_mut().for_each(|it| it.custom_id = Some("theirs".to_owned())));
    assert_eq!(shut(world.door().deliver(&puts(&["ben"]))).0, "audience_name_taken");
}

#[test]
fn an_audience_that_somebody_deleted_is_made_again_and_said() {
    let world = World::new();
    let door = world.door();
    world.deliver_all(door.as_ref(), &puts(&["ann"]));
    world.platform.with(|holdings| holdings.audiences.clear());
    let codes = world.deliver_all(door.as_ref(), &puts(&["ben"]));
    assert!(codes.contains("aep_audience_gone"), "{codes:?}");
    assert_eq!(world.members(), ["ben@example.com"]);
}

#[test]
fn nobody_without_an_identity_has_an_element_and_who_leaves_is_left_to_lapse() {
    let takes = connector::kind("aep").and_then(|kind| kind.takes_people()).expect("it takes people");
    let element = |settings: Json, person: Json| takes.element(&settings, person.as_object().expect("a person"));
    assert_eq!(element(json!({}), json!({"key": "p", "email": " "})), Err("no_identity"));
    let hashed = json!({"identity": "h", "identity_namespace": "Email_LC_SHA256",
        "columns": {"h": {"attribute": "email", "as": "sha256_email"}, "key": {"attribute": "key"}}});
    assert_eq!(element(hashed.clone(), json!({"key": "p", "email": ""})), Err("no_identity"));
    let found = element(hashed, json!({"key": "p", "email": " JohnDoe@Example.com "})).expect("an element");
    assert_eq!(found["h"], "55e79200c1635b37ad31a378c39feb12f120f116625093a19bc32fff15041149");
    let manner = takes.manner(&json!({"ttl_days": 10}));
    assert!(!manner.takes_out && manner.lapses_after == Some(std::time::Duration::from_secs(10 * 86_400)));
    let world = World::new();
    let left = world.door().deliver(&[change("gone", None)]);
    assert!(matches!(left[0], Outcome::Delivered { .. }), "{left:?}");
    assert!(world.platform.calls().is_empty());
}

#[test]
fn settings_that_cannot_work_are_named() {
    let kind = connector::kind("aep").expect("a kind");
    let pointers = |settings: Json| -> Vec<String> {
        kind.check_destination(&settings).into_iter().map(|finding| finding.pointer).collect()
    };
    assert_eq!(pointers(json!({})), Vec::<String>::new());
    assert_eq!(pointers(json!({"ttl_days": 91})), ["/settings/ttl_days"]);
    assert_eq!(pointers(json!({"identity": "crm_id"})), ["/settings/identity"]);
    assert_eq!(pointers(json!({"columns": {}})), ["/settings/columns", "/settings/identity"]);
    let connection = kind
        .check_settings(&json!({"client_id": "c", "org_id": "o", "base_connection_id": "b", "files": {"bucket": ""}}));
    assert_eq!(connection[0].pointer, "/settings/files/bucket");
}
