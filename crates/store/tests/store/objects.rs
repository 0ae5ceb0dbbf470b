//! Records of objects and do-not-contact addresses, on both databases.

use crate::support::{Scratch, on_both_databases};
use caravan_model::DocumentId;
use caravan_store::objects::{self, RecordRow, WrittenRow};
use caravan_store::{Session, StoreError, ledger, suppressions};

on_both_databases! {
    records_are_found_by_key_and_by_whom_they_belong_to
    a_second_record_with_the_same_key_is_refused
    suppressed_addresses_keep_their_first_date_the_hardest_reason_and_the_persons_own_word
}

const LICENCE: DocumentId = DocumentId(7);

fn row(id: i64, subject: i64, key: &str) -> WrittenRow<'_> {
    let fields = format!(r#"{{"id":"{key}","Plan":"Gold"}}"#);
    WrittenRow { id, subject, key, fields, folded: r#"{"Plan":"gold"}"#.to_owned() }
}

fn keys(rows: &[RecordRow]) -> Vec<(i64, &str)> {
    rows.iter().map(|row| (row.subject, row.key.as_str())).collect()
}

fn records_are_found_by_key_and_by_whom_they_belong_to(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let now = s.now()?;
        let ids: Vec<i64> = s.reserve_ids("object_record", 3)?.collect();
        objects::insert(s, LICENCE, &[row(ids[0], 1, "a"), row(ids[1], 1, "b"), row(ids[2], 2, "c")], now)?;
        objects::insert(s, DocumentId(0), &[row(ids[2] + 100, 1, "a")], now)?;
        assert_eq!(keys(&objects::of_subjects(s, &[LICENCE.0, 0], &[1])?), [(1, "a"), (1, "b"), (1, "a")]);
        assert_eq!(keys(&objects::of_subjects(s, &[LICENCE.0], &[1, 2])?), [(1, "a"), (1, "b"), (2, "c")]);
        let known = objects::known(s, LICENCE, &["c", "z"])?;
        assert_eq!(keys(&known), [(2, "c")]);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&known[0].fields).ok(),
            Some(serde_json::json!({"id": "c", "Plan": "Gold"}))
        );
        objects::update(s, &[row(ids[2], 1, "c")], now)?;
        assert_eq!(keys(&objects::page_of_subject(s, LICENCE, 1, "a", 10)?), [(1, "b"), (1, "c")]);
        assert_eq!(keys(&objects::page(s, LICENCE, "", 2)?), [(1, "a"), (1, "b")]);
        objects::delete(s, &[ids[0]])?;
        assert_eq!((objects::count(s, LICENCE)?, objects::any(s, DocumentId(0))?), (2, true));
        objects::delete_of_subject(s, &[LICENCE.0], 1)?;
        assert_eq!((objects::count(s, LICENCE)?, objects::get(s, DocumentId(0), "a")?.is_some()), (0, true));
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("records are written and read");
}

fn a_second_record_with_the_same_key_is_refused(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let now = s.now()?;
        objects::insert(s, LICENCE, &[row(1, 1, "a")], now)?;
        objects::insert(s, LICENCE, &[row(2, 2, "a")], now)
    };
    let refused = scratch.store.write(write).expect_err("the key is taken");
    assert_eq!(refused.constraint(), Some("object_record_key"));
}

fn suppressed_addresses_keep_their_first_date_the_hardest_reason_and_the_persons_own_word(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let first = s.now()?;
        suppressions::put(s, &[("a@x.example", "manual"), ("b%@x.example", "manual")], "import", first)?;
        suppressions::put(s, &[("a@x.example", "complained")], "api", first + std::time::Duration::from_secs(60))?;
        let known = suppressions::known(s, &["a@x.example"])?;
        let it = &known[0];
        assert_eq!(
            (it.reason.as_str(), it.source.as_str(), it.own_word.as_deref()),
            ("manual", "import", Some("complained"))
        );
        assert_eq!(known[0].added_at.as_second(), first.as_second());
        let found = suppressions::page(s, "b%", "", 5)?;
        assert_eq!(found.iter().map(|row| row.address.as_str()).collect::<Vec<_>>(), ["b%@x.example"]);
        assert_eq!(suppressions::page(s, "", "a@x.example", 5)?.len(), 1);
        suppressions::put(s, &[("@y.example", "rival"), ("c@y.example", "unsubscribed")], "import", first)?;
        let asked = ["a@x.example", "c@y.example", "d@y.example", "e@z.y.example", "+49301234567"].map(str::to_owned);
        let told = |address: &str, reason: &str| (address.to_owned(), reason.to_owned());
        let listed = [told("a@x.example", "manual"), told("c@y.example", "unsubscribed")];
        let by_domain = [told("c@y.example", "rival"), told("d@y.example", "rival")];
        assert_eq!(
            ledger::suppressed(s, &asked)?,
            [listed, by_domain].concat(),
            "a domain is the stronger reason, and it alone"
        );
        suppressions::lift(s, &["@y.example", "c@y.example"])?;
        suppressions::lift(s, &["a@x.example", "nobody@x.example"])?;
        assert_eq!(suppressions::count(s)?, 3, "what the person said stays");
        let left = suppressions::known(s, &["a@x.example"])?;
        assert_eq!(left[0].reason, "complained", "and stands alone once the harder reason is lifted");
        assert_eq!(left[0].source, "person", "as their own word, not as that of whoever put down the harder reason");
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("addresses are written and read");
}
