//! Opportunities and custom objects from files.

use caravan_engine::import::{self, FileFormat, ImportKind, ImportOptions, ImportReport};
use caravan_model::attribute::Subject;

use crate::imports::place::on_both_databases;
use crate::imports::place::{Place, counts, rejected};

on_both_databases! {
    whoever_comes_second_is_told_in_the_transaction
    opportunities_belong_to_accounts_and_change_by_key
    rows_that_cannot_be_placed_are_refused_alone
    a_record_is_replaced_by_later_versions_only
    records_of_people_are_read_with_their_types
    a_record_moves_and_goes
    a_dry_run_of_records_changes_nothing_and_counts_alike
    lists_that_ask_for_records_look_again
    an_account_takes_its_records_with_it
    an_object_that_there_is_not_is_no_file
}

const LICENCE: &str = "
kind: custom_object
key: licence
subject: account
primary_key: id
version: changed_at
fields: {id: integer, plan: string, seats: integer, active: boolean, changed_at: date_time}
---
kind: custom_object
key: registration
subject: person
primary_key: code
fields: {code: string, event: string, day: date, price: number}
";

fn kind(name: &str) -> ImportKind {
    ImportKind::named(name)
}

fn take(place: &Place, name: &str, file: &str) -> ImportReport {
    place.file(kind(name), file.as_bytes()).unwrap()
}

/// `key owner fields` of every record, by key.
fn records(place: &Place) -> Vec<String> {
    let fields = |name: &str| format!("COALESCE(fields ->> '{name}', '-')");
    let sql = format!(
        "SELECT r.key || ' ' || a.key || ' ' || {} || ' ' || {} || ' ' || {} FROM object_record AS r
         JOIN account AS a ON a.id = r.subject_id ORDER BY r.key",
        fields("stage"),
        fields("amount"),
        fields("plan"),
    );
    place.texts(&sql)
}

fn opportunities_belong_to_accounts_and_change_by_key(place: &Place) {
    place.accounts("key,name\nA,Alder\nB,Birch\n");
    let file = "key,account_key,name,stage,amount,is_closed,expected_close_date\n\
                O1,A,Größe,Aware,12.5,no,2027-01-31\nO2,B,Two,,,,\nO2,,,Won,,,\nO2,,,Won,,,\n";
    let report = take(place, "opportunities", file);
    assert_eq!(counts(&report), (4, 2, 1, 1, 0, 0));
    assert_eq!(records(place), ["O1 A Aware 12.5 -", "O2 B Won - -"]);
    let report = take(place, "opportunities", "key,stage,amount\nO1,Lost,\nO2,,\\N\n");
    assert_eq!(counts(&report), (2, 0, 1, 1, 0, 0));
    assert_eq!(records(place), ["O1 A Lost 12.5 -", "O2 B Won - -"]);
    take(place, "opportunities", "key,amount\nO1,\\N\n");
    assert_eq!(records(place), ["O1 A Lost - -", "O2 B Won - -"]);
    let stored = "SELECT fields ->> 'name' || ' ' || (folded ->> 'name') || ' ' || (fields ->> 'expected_close_date')
                  FROM object_record WHERE key = 'O1'";
    assert_eq!(place.texts(stored), ["Größe grösse 2027-01-31"]);
}

fn rows_that_cannot_be_placed_are_refused_alone(place: &Place) {
    place.accounts("key,name\nA,Alder\n");
    let file = "key,account_key,amount,record\nO1,Z,,\nO2,,,\n,A,,\nO3,A,much,\nO4,A,2.5,\nO5,,,remove\nO6,A,1,maybe\nO4,\\N,,\n";
    let report = take(place, "opportunities", file);
    assert_eq!(counts(&report), (8, 1, 0, 0, 0, 7));
    let codes = [
        "2 unknown_account",
        "3 required",
        "4 missing_key",
        "5 wrong_value_type",
        "7 unknown_record",
        "8 value_not_allowed",
        "9 required",
    ];
    assert_eq!(rejected(&report), codes);
    assert_eq!(records(place), ["O4 A - 2.5 -"]);
}

fn a_record_is_replaced_by_later_versions_only(place: &Place) {
    place.apply(LICENCE);
    place.accounts("key,name\nA,Alder\n");
    let file = "id,account_key,plan,changed_at\n\
                1,A,Old,2026-01-01T00:00:00Z\n 01,A,New,2026-03-01T00:00:00Z\n1,A,Late,2026-02-01T00:00:00Z\n2,A,None,\n";
    let report = take(place, "licence", file);
    assert_eq!(counts(&report), (4, 1, 1, 1, 0, 1));
    assert_eq!((report.older_versions, report.notes[0].code), (1, "older_versions"));
    assert_eq!(rejected(&report), ["5 missing_version"]);
    assert_eq!(records(place), ["1 A - - New"]);
    let same = take(place, "licence", "id,plan,changed_at\n1,Same,2026-03-01T01:00:00+01:00\n");
    assert_eq!((counts(&same), same.older_versions), ((1, 0, 0, 1, 0, 0), 1));
    let file = "{\"id\":1,\"record\":\"remove\",\"changed_at\":\"2026-02-01\"}\n";
    assert_eq!(take(place, "licence", file).older_versions, 1, "an older removal is passed over too");
}

fn records_of_people_are_read_with_their_types(place: &Place) {
    place.apply(LICENCE);
    place.accounts("key,name\nA,Alder\n");
    place.people("key,email,account_key\nP,p@a.example,A\n");
    let file = "{\"code\":\"R1\",\"person_key\":\"P\",\"event\":\"Messe\",\"day\":\"2026-05-01\",\"price\":99.5}\n\
                {\"code\":\"R2\",\"person_key\":\"P\",\"day\":5}\n{\"code\":\"R3\",\"person_key\":\"Q\"}\n\
                {\"code\":\"R1\",\"event\":null}\n{\"code\":7,\"person_key\":\"P\"}\n";
    let report = take(place, "registration", file);
    assert_eq!(counts(&report), (5, 1, 1, 0, 0, 3));
    assert_eq!(rejected(&report), ["2 wrong_value_type", "3 unknown_person", "5 wrong_value_type"]);
    let stored = "SELECT p.key || ' ' || (r.fields ->> 'day') || ' ' || COALESCE(r.fields ->> 'event', '-')
                  FROM object_record AS r JOIN person AS p ON p.id = r.subject_id";
    assert_eq!(place.texts(stored), ["P 2026-05-01 -"]);
}

fn a_record_moves_and_goes(place: &Place) {
    place.accounts("key,name\nA,Alder\nB,Birch\n");
    take(place, "opportunities", "key,account_key\nO1,A\nO2,A\n");
    let report =
        take(place, "opportunities", "key,account_key,record\nO1,B,\nO2,,remove\nO2,B,add\nO3,A,\nO3,,remove\n");
    assert_eq!(counts(&report), (5, 2, 3, 0, 0, 0));
    assert_eq!(records(place), ["O1 B - - -", "O2 B - - -"]);
}

fn a_dry_run_of_records_changes_nothing_and_counts_alike(place: &Place) {
    place.accounts("key,name\nA,Alder\n");
    let file = "key,account_key,stage\nO1,A,One\nO1,,Two\nO2,Z,\n";
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let tried = place.with(kind("opportunities"), file, &options).unwrap();
    assert_eq!(place.one("SELECT COUNT(*) FROM object_record"), 0);
    let done = place.with(kind("opportunities"), file, &ImportOptions::default()).unwrap();
    assert_eq!((counts(&tried), &tried.rejects), (counts(&done), &done.rejects));
}

fn lists_that_ask_for_records_look_again(place: &Place) {
    place.apply(LICENCE);
    place.apply("{kind: audience, key: buyers, subject: account, when: {has: licence, where: {plan: {is: Gold}}}}");
    place.accounts("key,name\nA,Alder\nB,Birch\n");
    place.run();
    let news = || place.one("SELECT COUNT(*) FROM inbox");
    assert_eq!(news(), 0);
    take(place, "opportunities", "key,account_key\nO1,A\n");
    assert_eq!(news(), 0, "nothing asks for opportunities");
    take(place, "licence", "id,account_key,plan,changed_at\n1,A,Gold,2026-01-01\n");
    assert_eq!(news(), 1);
    place.run();
    take(place, "licence", "id,account_key,plan,changed_at\n1,B,Gold,2026-01-01\n");
    assert_eq!(news(), 0, "an older version changes nothing");
    take(place, "licence", "id,account_key,plan,changed_at\n1,B,Gold,2026-01-02\n");
    assert_eq!(place.texts("SELECT CAST(COUNT(*) AS TEXT) FROM inbox"), ["1"], "both accounts lie in one shard");
}

fn an_account_takes_its_records_with_it(place: &Place) {
    place.apply(LICENCE);
    place.accounts("key,name\nA,Alder\nB,Birch\n");
    place.people("key,email,account_key\nP,p@a.example,A\n");
    take(place, "opportunities", "key,account_key\nO1,A\nO2,B\n");
    take(place, "registration", "code,person_key\nR1,P\n");
    assert!(import::delete(&place.engine, Subject::Account, "A", None).unwrap());
    assert_eq!(place.texts("SELECT key FROM object_record ORDER BY key"), ["O2", "R1"]);
    assert!(import::delete(&place.engine, Subject::Person, "P", None).unwrap());
    assert_eq!(place.texts("SELECT key FROM object_record ORDER BY key"), ["O2"]);
}

fn an_object_that_there_is_not_is_no_file(place: &Place) {
    let read = |name: &str| {
        let file: &[u8] = b"key\n1\n";
        import::import(&place.engine, &kind(name), file, FileFormat::Csv, &ImportOptions::default(), &mut ())
    };
    let error = read("opportunity2").unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("unknown_object", "There is no object `opportunity2`. Did you mean `opportunity`?")
    );
}

fn whoever_comes_second_is_told_in_the_transaction(place: &Place) {
    place.accounts("key,name\nA,Alder\n");
    let seen = place.clock.now();
    let put = |city: &str, seen| {
        let fields = serde_json::json!({"city": city}).as_object().cloned().unwrap();
        import::put(&place.engine, Subject::Account, "A", &fields, "test", seen)
            .map_err(|error| error.code().to_owned())
    };
    place.clock.advance_to(seen + jiff::SignedDuration::from_secs(1));
    assert!(put("Ulm", Some(seen)).is_ok(), "nobody else has written");
    assert_eq!(put("Bonn", Some(seen)), Err("stale_write".to_owned()));
    let deleted = import::delete(&place.engine, Subject::Account, "A", Some(seen));
    assert_eq!(deleted.map_err(|error| error.code().to_owned()), Err("stale_write".to_owned()));
    assert_eq!(place.texts("SELECT city FROM account"), ["Ulm"]);
    assert!(put("Bonn", None).is_ok() && put("Bonn", Some(place.clock.now())).is_ok());
    assert!(import::delete(&place.engine, Subject::Account, "A", Some(place.clock.now())).unwrap());
}
