//! External audiences: journeys put people into them, and their destinations hold whoever should be there. What counts is
//! what lies in the folder or the bucket at the end.

mod aep;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{World, on_both_stores};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::external_audiences::{DestinationStanding, standing};
use caravan_engine::members::{self, Change, Who};
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_testkit::fakes::s3::Setup;
use caravan_testkit::fakes::{Fault, S3};

/// 5 accounts (`a-5` … `a-9`) of 3 people each are in the list.
const PEOPLE: usize = 15;

struct Installation {
    world: World,
    runtime: tokio::runtime::Runtime,
    root: tempfile::TempDir,
    store: S3,
}

impl Installation {
    fn new(world: World) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (root, store) = (
            tempfile::tempdir().expect("a folder"),
            S3::start(Setup { clock: world.clock.clone(), ..Setup::default() }),
        );
        let it = Self { world: world.with_people(10, 3), runtime: runtime.expect("a runtime"), root, store };
        fs::create_dir(it.root.path().join("keys")).expect("a folder");
        fs::write(it.root.path().join("keys/id"), Setup::default().access_key_id).expect("a key");
        fs::write(it.root.path().join("keys/secret"), Setup::default().secret_access_key).expect("a key");
        it.world.apply(&format!(
            "{{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: connection, key: out, type: folder, settings: {{path: out}}}}\n---\n\
             {{kind: destination, key: files, type: folder, connection: out, settings: {{every: 5m}}}}\n---\n\
             {{kind: connection, key: bucket, type: s3, settings: {{bucket: caravan, region: eu-central-1, prefix: out, \
               endpoint: '{}'}}, secrets: {{access_key_id: {{file: '{keys}/id'}}, secret_access_key: {{file: '{keys}/secret'}}}}}}\n---\n\
             {{kind: destination, key: hashed, type: s3, connection: bucket, settings: {{every: 5m, columns: {{h: {{attribute: email, as: sha256_email}}}}}}}}\n---\n\
             {{kind: external_audience, key: retarget, name: Retarget, destinations: [files, hashed]}}",
            it.store.url(),
            keys = it.root.path().join("keys").display(),
        ));
        it
    }

    /// Publishes a journey of `big` that puts everybody into an audience, and lets them walk through it.
    fn adds(&self, settings: &str) {
        self.world.apply(&format!(
            "kind: journey\nkey: fill\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
             act: {{type: action, on: people, action: add_to_external_audience, {settings}, next: null}}\n"
        ));
        self.world.publish("fill");
        self.world.run();
    }

    fn dispatcher(&self) -> Dispatcher {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]).with_files(Some(self.root.path()));
        let surroundings = Surroundings {
            clock: self.world.clock.clone(),
            runtime: self.runtime.handle().clone(),
            outbound: Outbound::new(guard),
        };
        let delivery = Delivery::new("https://go.acme.example", SigningKeys::new(1, Secret::new("a secret")));
        Dispatcher::new(&self.world.engine, delivery, surroundings)
    }

    /// Looks and delivers until nothing is left to try, waiting in virtual time.
    fn settle(&self) {
        assert!(self.settle_until(|| false).is_none(), "nothing is left");
    }

    /// The same until something is so: then the process ends there, with all that it had in mind.
    fn settle_until(&self, reached: impl Fn() -> bool) -> Option<()> {
        let dispatcher = self.dispatcher();
        for _ in 0..300 {
            if reached() {
                return Some(());
            }
            self.world.run();
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            self.world.run();
            match dispatcher.next_due().expect("the next") {
                Some(next) => self.world.clock.advance_to(next),
                None => return None,
            }
        }
        panic!("it does not come to an end");
    }

    /// Who is in the folder's audience by its files, in the order of their names: person keys; rows are counted too.
    fn in_folder(&self) -> (BTreeSet<String>, usize) {
        let folder = self.root.path().join("out/retarget");
        let names = fs::read_dir(&folder).map(|all| all.map(name_of).collect());
        let mut names: Vec<String> = names.unwrap_or_default();
        names.sort();
        assert!(names.iter().all(|name| !name.ends_with(".part")), "{names:?}");
        let files = names.iter().filter(|name| name.ends_with(".csv"));
        members_of(files.map(|name| {
            assert!(Path::new(&folder).join(format!("{name}.manifest.json")).exists(), "{name} is announced");
            fs::read_to_string(folder.join(name)).expect("a file")
        }))
    }

    /// The same of the bucket: hashes.
    fn in_bucket(&self) -> (BTreeSet<String>, usize) {
        let objects = self.store.objects();
        let announced = |key: &&String| objects.contains_key(&format!("{key}.manifest.json"));
        members_of(
            objects
                .keys()
                .filter(|key| key.ends_with(".csv"))
                .filter(announced)
                .map(|key| String::from_utf8(objects[key].content.clone()).expect("UTF-8")),
        )
    }

    fn at(&self, destination: &str) -> DestinationStanding {
        let all = standing(&self.world.engine, "retarget").expect("a standing").destinations;
        all.into_iter().find(|it| it.destination == destination).expect("a destination")
    }

    fn by_hand(&self, change: Change, keys: &[&str]) {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let kind = DocumentKind::ExternalAudience;
        members::change(&self.world.engine, kind, "retarget", change, Who::Keys(&keys)).expect("a change");
    }

    fn sql(&self, sql: &str) {
        self.world.sql(sql);
    }
}

fn name_of(entry: std::io::Result<fs::DirEntry>) -> String {
    entry.expect("an entry").file_name().into_string().expect("a name")
}

/// What files of changes come to: the second cell of each row joins or leaves.
fn members_of(files: impl Iterator<Item = String>) -> (BTreeSet<String>, usize) {
    let (mut members, mut rows) = (BTreeSet::new(), 0);
    for file in files {
        for line in file.lines().skip(1) {
            rows += 1;
            let mut cells = line.split(',');
            match (cells.next(), cells.next()) {
                (Some("A"), Some(who)) => members.insert(who.to_owned()),
                (Some("D"), Some(who)) => members.remove(who),
                other => panic!("{other:?}"),
            };
        }
    }
    (members, rows)
}

/// SHA-256 of nothing.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

on_both_stores! {
    everybody_is_put_in_once_and_handed_to_every_destination_in_its_own_form(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.adds("audience: retarget");
        it.settle();
        let (people, rows) = it.in_folder();
        assert_eq!((people.len(), rows), (PEOPLE, PEOPLE));
        assert!(people.contains("p-5-0"), "{people:?}");
        let (hashes, rows) = it.in_bucket();
        assert_eq!((hashes.len(), rows), (PEOPLE, PEOPLE));
        assert!(hashes.iter().all(|hash| hash.len() == 64), "{hashes:?}");
        assert_eq!(it.at("files").there, PEOPLE as i64);
        let counts = it.world.counts("fill");
        assert_eq!(counts.get("act done"), Some(&(PEOPLE as i64)));
        let told = |kind: &str| it.world.one(&format!("SELECT COUNT(*) FROM activity WHERE type = '{kind}'"));
        it.by_hand(Change::Add, &["p-5-0", "p-0-0"]);
        it.settle();
        assert_eq!(it.in_folder().1, PEOPLE + 1, "whoever is in already is not told again");
        assert_eq!(told("external_audience_joined"), PEOPLE as i64 + 1);
        it.by_hand(Change::Remove, &["p-0-0", "p-0-1"]);
        it.settle();
        assert_eq!((it.in_folder().0.len(), told("external_audience_left")), (PEOPLE, 1));
    }

    whoever_comes_back_after_leaving_is_handed_over_again(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        for _ in 0..2 {
            it.by_hand(Change::Add, &["p-0-0"]);
            it.settle();
            assert_eq!((it.in_folder().0.len(), it.in_bucket().0.len()), (1, 1));
            assert_eq!((it.at("files").there, it.at("files").pending), (1, 0));
            it.by_hand(Change::Remove, &["p-0-0"]);
            it.settle();
            assert_eq!((it.in_folder().0.len(), it.in_bucket().0.len()), (0, 0));
            assert_eq!((it.at("files").there, it.at("files").pending), (0, 0));
        }
    }

    whoever_objects_or_is_a_test_profile_is_never_handed_over_and_leaves_when_they_object(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.sql("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-5-0'");
        it.sql("UPDATE person SET email = NULL WHERE key = 'p-5-1'");
        it.sql("UPDATE person SET test_profile = TRUE WHERE key = 'p-5-2'");
        it.adds("audience: retarget");
        it.settle();
        let (people, _) = it.in_folder();
        assert_eq!(people.len(), PEOPLE - 3);
        assert!(["p-5-0", "p-5-1", "p-5-2"].iter().all(|key| !people.contains(*key)));
        assert!(!it.in_bucket().0.contains(OF_NOTHING));
        let left_out = it.at("files").left_out;
        assert_eq!((left_out.get("unsubscribed"), left_out.get("email_missing")), (Some(&1), Some(&1)));
        assert_eq!(it.world.counts("fill").get("act skipped:test_profile"), Some(&1));
        it.sql("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-6-0'");
        it.by_hand(Change::Remove, &["p-6-1"]);
        it.world.clock.advance_to(crate::support::at("2027-01-05T11:00:00Z"));
        it.settle();
        let (people, _) = it.in_folder();
        assert!(!people.contains("p-6-0"), "found by the daily look");
        assert!(!people.contains("p-6-1"));
        assert_eq!((people.len(), it.in_bucket().0.len()), (PEOPLE - 5, PEOPLE - 5));
    }

    a_storm_of_refusals_and_lost_answers_loses_and_doubles_nobody(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.store.faults().plan("/out/retarget", 0, 5, Fault::CodeBefore("SlowDown"));
        it.store.faults().plan("/out/retarget", 0, 2, Fault::HangUpAfter);
        it.adds("audience: retarget");
        it.settle();
        let (hashes, rows) = it.in_bucket();
        assert_eq!((hashes.len(), rows), (PEOPLE, PEOPLE));
        assert_eq!((it.at("hashed").there, it.at("hashed").pending), (PEOPLE as i64, 0));
    }

    a_process_that_ends_in_mid_call_leaves_its_people_to_the_next(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.adds("audience: retarget");
        let later = it.world.clock.now() - jiff::SignedDuration::from_secs(60);
        let micros = caravan_model::clock::to_micros(later);
        it.sql(&format!("UPDATE outbox SET claim = 'gone-1', claim_until = {micros}, intent = TRUE"));
        it.settle();
        assert_eq!((it.in_folder().0.len(), it.in_bucket().0.len()), (PEOPLE, PEOPLE));
        assert_eq!(it.at("files").in_doubt, 0);
    }

    another_address_takes_the_place_of_the_old_one_and_the_deleted_are_taken_out(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.adds("audience: retarget");
        it.settle();
        let before = it.in_bucket().0;
        it.sql("UPDATE person SET email = 'new@example.com' WHERE key = 'p-7-0'");
        caravan_engine::import::delete(&it.world.engine, Subject::Person, "p-7-1", None).expect("a deletion");
        it.world.clock.advance_to(crate::support::at("2027-01-05T11:00:00Z"));
        it.settle();
        let after = it.in_bucket().0;
        assert_eq!(after.len(), PEOPLE - 1);
        assert_eq!((before.difference(&after).count(), after.difference(&before).count()), (2, 1));
        assert!(!it.in_folder().0.contains("p-7-1"));
    }

    whoever_is_deleted_leaves_the_lists_of_others_as_they_are(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.world.apply("{kind: people_list, key: friends, type: static, people: [p-7-0, p-7-1, p-7-2], state: live}");
        it.adds("audience: retarget");
        it.settle();
        caravan_engine::import::delete(&it.world.engine, Subject::Person, "p-7-1", None).expect("a deletion");
        it.settle();
        let friends = "SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'friends'";
        assert_eq!(it.world.one(friends), 2);
        assert_eq!((it.in_folder().0.len(), it.in_bucket().0.len()), (PEOPLE - 1, PEOPLE - 1));
    }

    two_people_with_one_address_are_one_there_until_the_last_of_them_leaves(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.sql("UPDATE person SET email = 'same@example.com' WHERE key IN ('p-8-0', 'p-8-1')");
        it.adds("audience: retarget");
        it.settle();
        assert_eq!(it.in_bucket().0.len(), PEOPLE - 1);
        it.by_hand(Change::Remove, &["p-8-0"]);
        it.settle();
        assert_eq!(it.in_bucket().0.len(), PEOPLE - 1);
        it.by_hand(Change::Remove, &["p-8-1"]);
        it.settle();
        assert_eq!(it.in_bucket().0.len(), PEOPLE - 2);
    }

    an_audience_described_in_an_action_is_made_once_and_named_from_then_on(world at "2027-01-04T10:00:00Z") {
        let it = Installation::new(world);
        it.adds("create: {name: Fresh leads, description: From a journey}");
        let count = |key: &str| it.world.one(&format!(
            "SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.kind = 'external_audience' AND d.key = '{key}'"));
        assert_eq!(count("fresh-leads"), PEOPLE as i64);
        let audiences = "SELECT COUNT(*) FROM document WHERE kind = 'external_audience'";
        assert_eq!(it.world.one(audiences), 2);
        it.adds("create: {name: Fresh leads}");
        assert_eq!(it.world.one(audiences), 2, "the same name means the same audience");
    }
}

#[test]
fn whoever_publishes_is_warned_of_an_audience_without_a_destination() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    let applied = it.world.apply("{kind: external_audience, key: nowhere}");
    assert!(applied.warnings.iter().any(|finding| finding.code == "no_destination"), "{:?}", applied.warnings);
    it.world.apply(
        "kind: journey\nkey: fill\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: act\nnodes:\n  \
         act: {type: action, on: people, action: add_to_external_audience, audience: nowhere, next: null}\n",
    );
    let published =
        caravan_engine::lifecycle::publish(&it.world.engine, &["fill".to_owned()], "test").expect("published");
    assert!(published[0].warnings.iter().any(|finding| finding.code == "no_destination"), "{published:?}");
}

#[test]
fn a_destination_goes_by_a_connection_of_its_type_and_by_settings_that_fit() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    let codes = |manifest: &str| crate::support::codes(it.world.try_apply(manifest));
    assert_eq!(codes("{kind: destination, key: x, type: s3, connection: out}"), ["wrong_connection_type"]);
    let odd = "{kind: destination, key: x, type: folder, connection: out, settings: {folder: ../..}}";
    assert_eq!(codes(odd), ["bad_destination_settings"]);
    it.world.apply(
        "{kind: connection, key: li, type: linkedin, settings: {client_id: c}}\n---\n\
                    {kind: destination, key: li, type: linkedin, connection: li, settings: {ad_account: '1'}}",
    );
    let to_companies = "{kind: external_audience, key: x, destinations: [li]}";
    assert_eq!(codes(to_companies), ["wrong_destination_type"], "it takes accounts");
}

#[test]
fn a_destination_stays_where_people_stand_and_may_change_how_often_it_is_told() {
    let it = Installation::new(World::embedded("2027-01-04T10:00:00Z"));
    let with = |settings: &str| {
        let manifest =
            format!("{{kind: destination, key: files, type: folder, connection: out, settings: {{{settings}}}}}");
        crate::support::codes(it.world.try_apply(&manifest))
    };
    assert_eq!(with("every: 5m, folder: first"), Vec::<String>::new(), "nobody stands there yet");
    it.adds("audience: retarget");
    it.settle();
    assert_eq!(with("every: 5m, folder: second"), ["destination_has_audiences"]);
    assert_eq!(with("every: 1h, folder: first"), Vec::<String>::new());
}
