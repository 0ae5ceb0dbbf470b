//! Buckets against a fake store that checks every signature and misbehaves as stores do.

use std::io::Read as _;

use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::s3::{Bucket, S3Settings};
use caravan_connect::{Connector, Secret, Secrets, Surroundings, connector};
use caravan_model::Clock;
use caravan_testkit::fakes::s3::Setup;
use caravan_testkit::fakes::{Fault, S3};
use serde_json::{Value as Json, json};

struct World {
    store: S3,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        Self::with(Setup::default())
    }

    fn with(setup: Setup) -> Self {
        Self { store: S3::start(setup), runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn settings(&self, more: Json) -> Json {
        let mut settings =
            json!({"bucket": "caravan", "region": "eu-central-1", "endpoint": self.store.url(), "prefix": "crm/out"});
        settings.as_object_mut().expect("settings").extend(more.as_object().expect("settings").clone());
        settings
    }

    fn surroundings(&self, opened: &[&str]) -> Surroundings {
        let opened = opened.iter().map(|range| range.parse().expect("a range")).collect();
        Surroundings {
            clock: Clock::System,
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(Guard::new(opened)),
        }
    }

    fn door(&self, more: Json, secret: &str) -> Box<dyn Connector> {
        let secrets = secrets(secret);
        let s3 = connector::kind("s3").expect("a kind");
        s3.open(&self.settings(more), &secrets, &self.surroundings(&["127.0.0.0/8"])).expect("a door")
    }

    fn ours(&self) -> Box<dyn Connector> {
        self.door(json!({}), &Setup::default().secret_access_key)
    }

    fn bucket(&self) -> Bucket {
        let settings = S3Settings::read(&self.settings(json!({}))).expect("settings");
        let secrets = secrets(&Setup::default().secret_access_key);
        Bucket::open(&settings, &secrets, &self.surroundings(&["127.0.0.0/8"])).expect("a bucket")
    }
}

fn secrets(secret: &str) -> Secrets {
    let key = Setup::default().access_key_id;
    Secrets::from([
        ("access_key_id".to_owned(), Secret::new(key)),
        ("secret_access_key".to_owned(), Secret::new(secret)),
    ])
}

fn names(door: &dyn Connector) -> Result<Vec<String>, String> {
    let found = door.inlet().expect("an inlet").list();
    found.map(|files| files.into_iter().map(|file| file.name).collect()).map_err(|error| error.to_string())
}

fn read(door: &dyn Connector, name: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut object = door.inlet().expect("an inlet").open(name).map_err(|error| error.to_string())?;
    object.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[test]
fn what_lies_in_the_folder_is_listed_page_by_page_and_nothing_beside_or_below_it() {
    let world = World::with(Setup { page: 2, ..Setup::default() });
    for key in [
        "crm/out/",
        "crm/out/b.csv",
        "crm/out/a é+=&.csv",
        "crm/out/c.csv",
        "crm/out/old/d.csv",
        "crm/output.csv",
        "e.csv",
    ] {
        world.store.put(key, "key\n");
    }
    let door = world.ours();
    assert_eq!(names(&*door).unwrap(), ["a é+=&.csv", "b.csv", "c.csv"]);
    assert_eq!(read(&*door, "a é+=&.csv").unwrap(), "key\n");
    assert_eq!(world.store.refused(), Vec::<String>::new(), "every request was signed as the store expects it");
    assert!(door.check().unwrap().contains("caravan/crm/out"));
}

#[test]
fn another_content_is_another_version_and_the_same_is_not() {
    let world = World::new();
    let version = || world.ours().inlet().unwrap().list().unwrap().remove(0).version;
    world.store.put("crm/out/a.csv", "one");
    let one = version();
    world.store.put("crm/out/a.csv", "two");
    assert_ne!(version(), one);
    world.store.put("crm/out/a.csv", "one");
    assert_eq!(version(), one);
}

#[test]
fn what_stands_in_the_way_is_said_in_a_sentence() {
    let world = World::new();
    let why = |door: Box<dyn Connector>| door.check().unwrap_err();
    assert!(why(world.door(json!({}), "wrong")).contains("does not take the keys"));
    assert!(
        why(world.door(json!({"bucket": "nope"}), &Setup::default().secret_access_key)).contains("no bucket `nope`")
    );
    assert!(why(world.door(json!({"region": "us-east-1"}), &Setup::default().secret_access_key)).contains("region"));
    for (code, said) in [("AccessDenied", "s3:ListBucket"), ("RequestTimeTooSkewed", "clock")] {
        world.store.faults().plan("/caravan", 0, 1, Fault::CodeBefore(code));
        let why = why(world.ours());
        assert!(why.contains(said), "{code}: {why}");
    }
}

#[test]
fn a_store_that_is_slowed_down_or_away_for_a_moment_is_asked_again() {
    for fault in [Fault::CodeBefore("SlowDown"), Fault::Status(500), Fault::HangUpBefore] {
        let world = World::new();
        world.store.put("crm/out/a.csv", "text");
        world.store.faults().plan("/caravan", 0, 1, fault.clone());
        assert_eq!(names(&*world.ours()), Ok(vec!["a.csv".to_owned()]), "{fault:?}");
        world.store.faults().plan("a.csv", 0, 1, fault.clone());
        assert_eq!(read(&*world.ours(), "a.csv"), Ok("text".to_owned()), "{fault:?}");
    }
}

#[test]
fn an_object_that_breaks_off_is_read_on_and_never_taken_for_whole() {
    let world = World::new();
    let content: String = (0..50_000).map(|n| format!("row {n}\n")).collect();
    world.store.put("crm/out/a.csv", content.clone());
    world.store.faults().plan("a.csv", 0, 2, Fault::Truncated);
    assert!(read(&*world.ours(), "a.csv").unwrap() == content);
    world.store.faults().plan("a.csv", 0, 50, Fault::Truncated);
    let why = read(&*world.ours(), "a.csv").unwrap_err();
    assert!(why.contains("broke off"), "{why}");
}

#[test]
fn what_is_put_is_put_once_and_over_nothing() {
    let world = World::new();
    let bucket = world.bucket();
    let put = |name: &str, content: &str| world.runtime.block_on(bucket.put(name, content.into()));
    assert_eq!(put("a.csv", "one"), Ok(()));
    assert_eq!(put("a.csv", "one"), Ok(()), "the same again");
    world.store.faults().plan("b.csv", 0, 1, Fault::HangUpAfter);
    assert_eq!(put("b.csv", "two"), Ok(()), "the answer was lost, the object is there");
    world.store.faults().plan("c.csv", 0, 20, Fault::CodeBefore("SlowDown"));
    assert!(put("c.csv", "three").is_err_and(|trouble| trouble.message().contains("SlowDown")));
    let held = world.store.objects();
    let held: Vec<(&str, &[u8])> = held.iter().map(|(key, object)| (key.as_str(), &object.content[..])).collect();
    assert_eq!(held, [("crm/out/a.csv", &b"one"[..]), ("crm/out/b.csv", &b"two"[..])]);
}

#[test]
fn a_store_at_a_private_address_is_reached_only_where_that_is_allowed() {
    let world = World::new();
    let s3 = connector::kind("s3").expect("a kind");
    let door = s3.open(&world.settings(json!({})), &secrets("x"), &world.surroundings(&[])).expect("a door");
    assert!(door.check().unwrap_err().contains("--allow-network"));
    assert_eq!(world.store.requests(), 0);
}
