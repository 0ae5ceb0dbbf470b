//! Activities: each once, to whom they concern, and those of strangers when they arrive.

use std::collections::HashSet;

use caravan_engine::import::{ImportKind, IncomingActivity, Ingested, ingest};
use caravan_model::{DocumentId, VersionId};
use caravan_store::{StoreError, documents};
use serde_json::Map;

use crate::imports::place::on_both_databases;
use crate::imports::place::{NOW, Place, counts, rejected};

on_both_databases! {
    an_activity_counts_once
    rows_that_are_no_activity_are_refused
    activities_of_strangers_wait_for_them
    an_activity_dated_ahead_is_taken_at_its_receipt
    who_listens_hears_in_every_shard_that_matters
    changes_by_import_are_heard
}

fn known(place: &Place) {
    let mut file = "key,name\n".to_owned();
    (0..40).for_each(|n| file.push_str(&format!("f{n},Filler\n")));
    place.accounts(&format!("{file}A,Alder\n"));
    place.people("key,email,account_key\np,p@x.example,A\np,,f0\nq,q@x.example,\n");
}

/// As publishing a journey that listens for it would say.
fn listen_for(place: &Place, kind: &str) {
    place
        .engine
        .store()
        .write(|s| -> Result<(), StoreError> {
            documents::begin_change(s)?;
            documents::set_heard(s, DocumentId(1), VersionId(1), &[kind.to_owned()])
        })
        .unwrap();
}

fn an_activity_counts_once(place: &Place) {
    known(place);
    let file = "id,type,at,person_key,url\n1,page_viewed,2026-11-30T08:00:00Z,p,/a\n2,page_viewed,2026-11-30,p,/b\n\
                1,page_viewed,2026-11-30T08:00:00Z,p,/a\n,page_viewed,2026-11-30,p,\n";
    assert_eq!(counts(&place.activities(file)), (4, 3, 0, 1, 0, 0));
    assert_eq!(counts(&place.activities(file)), (4, 1, 0, 3, 0, 0));
    assert_eq!(place.texts("SELECT fields ->> 'url' FROM activity ORDER BY id"), ["/a", "/b", "-", "-"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 0, "nobody listens");
}

fn rows_that_are_no_activity_are_refused(place: &Place) {
    known(place);
    place.apply("{kind: activity_type, key: demo_requested, subject: person, fields: {seats: integer}}");
    let report = place.activities(
        "type,at,person_key,account_key,seats,url\npage_viewd,2026-11-30,p,,,\npage_viewed,yesterday,p,,,\n\
         page_viewed,,p,,,\npage_viewed,2026-11-30,,,,\ndemo_requested,2026-11-30,p,,many,\n\
         demo_requested,2026-11-30,p,,3,/a\ndemo_requested,2026-11-30,p,A,3,\n,2026-11-30,p,,,\n",
    );
    let expected = [
        "2 unknown_activity_type",
        "3 wrong_value_type",
        "4 missing_value",
        "5 missing_value",
        "6 wrong_value_type",
        "7 unknown_field",
        "9 missing_value",
    ];
    assert_eq!(rejected(&report), expected);
    assert_eq!(report.rejects[0].message, "There is no activity type `page_viewd`. Did you mean `page_viewed`?");
    assert_eq!(counts(&report), (8, 1, 0, 0, 0, 7));
    let unknown = place.file(ImportKind::Activities, b"type,at,person_key,colour\n").unwrap_err();
    assert_eq!(unknown.code(), "unknown_column");
    assert_eq!(place.file(ImportKind::Activities, b"type,at\n").unwrap_err().code(), "missing_column");
}

fn activities_of_strangers_wait_for_them(place: &Place) {
    known(place);
    listen_for(place, "form_filled");
    let file = "id,type,at,person_key,account_key,form\n1,form_filled,2026-11-30,new,,f1\n2,form_filled,2026-11-30,p,N,f2\n\
                3,form_filled,2026-11-30,new,N,f3\n4,form_filled,2026-11-30,q,,f4\n";
    assert_eq!(counts(&place.activities(file)), (4, 1, 0, 0, 3, 0));
    assert_eq!(counts(&place.activities(file)), (4, 0, 0, 4, 0, 0), "parked ones count once too");
    place.clock.advance_to("2026-12-10T00:00:00Z".parse().unwrap());
    place.people("key,email\nnew,new@x.example\n");
    assert_eq!(place.texts("SELECT fields ->> 'form' FROM activity ORDER BY id"), ["f4", "f1"]);
    place.accounts("key,name\nN,New\n");
    assert_eq!(place.texts("SELECT fields ->> 'form' FROM activity ORDER BY id"), ["f4", "f1", "f2", "f3"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM parked_activity"), 0);
    // q alone; new alone; then account and person, twice.
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 6);
    let received = place.one("SELECT COUNT(DISTINCT received_at) FROM activity");
    assert_eq!(received, 1, "received when it was parked");
}

fn an_activity_dated_ahead_is_taken_at_its_receipt(place: &Place) {
    known(place);
    place.activities("type,at,person_key\npage_viewed,2030-01-01,p\npage_viewed,2020-01-01,p\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM activity WHERE at = received_at"), 1);
    assert_eq!(place.one("SELECT COUNT(*) FROM activity WHERE at < received_at"), 1);
}

fn who_listens_hears_in_every_shard_that_matters(place: &Place) {
    known(place);
    let heard: HashSet<String> = ["page_viewed".to_owned()].into();
    let activity = |person: Option<&str>, account: Option<&str>, kind: &str| IncomingActivity {
        source: "test".to_owned(),
        external_id: None,
        kind: kind.to_owned(),
        at: NOW.parse().unwrap(),
        person_key: person.map(str::to_owned),
        account_key: account.map(str::to_owned),
        fields: Map::new(),
    };
    let tell = |activity: IncomingActivity| {
        place
            .engine
            .store()
            .write(|s| {
                let now = s.now()?;
                s.execute("DELETE FROM inbox", &[])?;
                ingest(s, std::slice::from_ref(&activity), now, &heard)
            })
            .unwrap()
    };
    let addressed = || {
        place.texts(
            "SELECT COALESCE((SELECT a.key FROM account AS a WHERE a.id = i.subject_id AND a.shard = i.shard AND a.key IN ('A', 'f0')),
             (SELECT p.key FROM person AS p WHERE p.id = i.subject_id AND p.shard = i.shard)) FROM inbox AS i ORDER BY id",
        )
    };
    assert_eq!(tell(activity(Some("p"), None, "page_viewed")), Ingested { stored: 1, repeated: 0, parked: 0 });
    let mut all = addressed();
    all.sort();
    assert_eq!(all.len(), 3, "{all:?}");
    tell(activity(Some("p"), Some("A"), "page_viewed"));
    assert_eq!(addressed()[0], "A");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 2);
    tell(activity(None, Some("A"), "page_viewed"));
    assert_eq!(addressed(), ["A"]);
    tell(activity(Some("p"), None, "form_filled"));
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 0);
}

fn changes_by_import_are_heard(place: &Place) {
    known(place);
    listen_for(place, "person_changed");
    place.people("key,job_title\np,Chief\nq,Clerk\nq,\\N\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM activity WHERE type = 'person_changed'"), 1, "q is as it was");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox WHERE kind = 'heard'"), 3, "two accounts and the person");
}
