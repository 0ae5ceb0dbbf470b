//! Records of consent are appended and never changed, on both databases.

use crate::support::{Scratch, on_both_databases};
use caravan_model::PersonId;
use caravan_store::SessionExt as _;
use caravan_store::consent_records::{self, ConsentRecord};

on_both_databases! {
    records_are_neither_deleted_nor_rewritten
    pages_go_back_in_time
}

fn said(person: i64, value: &str) -> ConsentRecord {
    ConsentRecord {
        person: Some(PersonId(person)),
        address: Some("ada@x.example".to_owned()),
        channel: "email".to_owned(),
        value: Some(value.to_owned()),
        source: "import".to_owned(),
        evidence: Some("{\"by\":\"ann\"}".to_owned()),
        ..ConsentRecord::default()
    }
}

fn records_are_neither_deleted_nor_rewritten(scratch: &Scratch) {
    let append = scratch.store.write(|s| consent_records::append(s, &[said(1, "n"), said(1, "y")]));
    append.expect("appended");
    for sql in [
        "DELETE FROM consent_record",
        "UPDATE consent_record SET value = 'y'",
        "UPDATE consent_record SET person_id = 2",
        "UPDATE consent_record SET address = 'x@x.example', person_id = NULL, evidence = NULL",
        "UPDATE consent_record SET person_id = NULL, evidence = NULL, address = NULL, at = 7",
    ] {
        let done = scratch.store.write(|s| s.execute(sql, &[]));
        let refused = done.expect_err(sql).to_string();
        assert!(refused.contains("records of consent are not"), "{sql}: {refused}");
    }
    let read = scratch.store.read(|s| consent_records::of_person(s, PersonId(1), &[], None, 10)).expect("read");
    assert_eq!(read.iter().filter_map(|row| row.value.as_deref()).collect::<Vec<_>>(), ["y", "n"]);
    let prints = [("ada@x.example".to_owned(), "#print".to_owned())];
    scratch.store.write(|s| consent_records::erase(s, PersonId(1), &prints)).expect("erased");
    let kept = "SELECT COUNT(*) FROM consent_record WHERE address = '#print' AND value = 'n' AND person_id IS NULL";
    let count = |sql: &str| scratch.store.read(|s| s.query_int(sql, &[])).expect("counted");
    assert_eq!((count(kept), count("SELECT COUNT(*) FROM consent_record")), (1, 2));
}

fn pages_go_back_in_time(scratch: &Scratch) {
    let rows: Vec<ConsentRecord> = (0..5).map(|_| said(3, "n")).collect();
    scratch.store.write(|s| consent_records::append(s, &rows)).expect("appended");
    let page =
        |before| scratch.store.read(|s| consent_records::of_person(s, PersonId(3), &[], before, 2)).expect("a page");
    let ids = |before| page(before).iter().map(|row| row.id).collect::<Vec<_>>();
    let first = ids(None);
    let second = ids(first.last().copied());
    assert!(first[0] > first[1] && first[1] > second[0] && second[0] > second[1], "{first:?} {second:?}");
    let addresses = ["ada@x.example".to_owned()];
    let by_address = scratch.store.read(|s| consent_records::of_addresses(s, &addresses, Some(second[1]), 9));
    assert_eq!(by_address.expect("a page").len(), 1);
}
