//! What pages read, and single accounts and people written and taken away by hand.

use caravan_engine::import::{Put, delete, put};
use caravan_engine::lifecycle;
use caravan_model::attribute::{Schema, Subject, account, person};
use caravan_model::value::Value;
use caravan_model::{AccountId, PersonId};
use caravan_store::ordered::{self, Mark, Sort};
use caravan_store::people::{ListedBy, Shown};
use caravan_store::records::Table;
use caravan_store::{StoreError, people};
use serde_json::{Map, Value as Json, json};

use crate::imports::place::Place;
use crate::imports::place::on_both_databases;

on_both_databases! {
    lists_go_on_behind_the_last_key_and_find_what_people_type
    one_is_read_with_everything
    timelines_hold_what_concerns_them
    one_is_written_like_a_row
    whoever_is_deleted_leaves_journeys_first
    whoever_is_deleted_takes_along_what_is_known_of_them
}

fn filled(place: &Place) {
    place.accounts("key,name,parent_key,industry\nA,Alder 100%,,Software\nB,Birch_1,A,\nC,Cedar,A,\n");
    place.people(
        "key,email,first_name,last_name,job_title,account_key,account_roles\np,ann@x.example,Ann,Falk,Chief,A,owner\n\
         p,,,,,B,\nq,bob@y.example,Bob,,Clerk,A,\n",
    );
}

fn read<T>(place: &Place, work: impl Fn(&mut dyn caravan_store::Session) -> Result<T, StoreError>) -> T {
    place.engine.store().read(|s| work(s)).unwrap()
}

fn lists_go_on_behind_the_last_key_and_find_what_people_type(place: &Place) {
    filled(place);
    let schema = Schema::standard();
    let keys = |table, search: &str, after: &str, most| -> Vec<String> {
        let behind = Some(after).filter(|key| !key.is_empty());
        let behind = behind.map(|key| ordered::Place { mark: Mark::Text(key.to_owned()), id: i64::MAX });
        let by_key = Sort::up(ListedBy::Key);
        let rows =
            read(place, |s| people::page(s, &schema, Shown::found(table, search), by_key, behind.as_ref(), most));
        rows.into_iter().map(|(row, _)| row.key).collect()
    };
    assert_eq!(keys(Table::Account, "", "", 2), ["A", "B"]);
    assert_eq!(keys(Table::Account, "", "B", 2), ["C"]);
    assert_eq!(keys(Table::Account, "aLDer", "", 9), ["A"]);
    assert_eq!(keys(Table::Account, "%", "", 9), ["A"], "wildcards are text");
    assert_eq!(keys(Table::Account, "_", "", 9), ["B"]);
    assert_eq!(keys(Table::Account, "\\", "", 9).len(), 0);
    assert_eq!(keys(Table::Person, "ann falk", "", 9), ["p"]);
    assert_eq!(keys(Table::Person, "Y.EXAMPLE", "", 9), ["q"]);
    assert_eq!(keys(Table::Person, "chi", "", 9), ["p"]);
    assert_eq!(read(place, |s| people::count(s, Shown::found(Table::Person, "example"))), 2);
    assert_eq!(read(place, |s| people::count(s, Shown::all(Table::Account))), 3);
    let by_key = Sort::up(ListedBy::Key);
    let (row, _) = read(place, |s| people::page(s, &schema, Shown::all(Table::Person), by_key, None, 1)).remove(0);
    assert_eq!((row.name.as_str(), row.title.as_deref(), row.related), ("Ann Falk", Some("Chief"), 2));
}

fn one_is_read_with_everything(place: &Place) {
    filled(place);
    let schema = Schema::standard();
    let birch = read(place, |s| people::by_key(s, &schema, Table::Account, "B")).unwrap();
    assert_eq!(birch.values[account::PARENT_KEY.index()], Value::Text("A".to_owned()));
    let ann = read(place, |s| people::by_key(s, &schema, Table::Person, "p")).unwrap();
    assert_eq!(ann.values[person::UNSUBSCRIBED.index()], Value::Boolean(false));
    assert_eq!(read(place, |s| people::by_id(s, &schema, Table::Person, ann.id)).as_ref(), Some(&ann));
    assert_eq!(read(place, |s| people::by_key(s, &schema, Table::Person, "nobody")), None);
    let of = read(place, |s| people::accounts_of(s, PersonId(ann.id), "", 9));
    let of: Vec<(&str, &[String])> = of.iter().map(|r| (r.row.key.as_str(), &r.roles[..])).collect();
    assert_eq!(of, [("A", &["owner".to_owned()][..]), ("B", &[])]);
    let alder = read(place, |s| people::by_key(s, &schema, Table::Account, "A")).unwrap();
    let first = read(place, |s| people::people_of(s, AccountId(alder.id), "", "", 1));
    assert_eq!(first[0].row.key, "p");
    let rest = read(place, |s| people::people_of(s, AccountId(alder.id), "", "p", 9));
    assert_eq!(rest.iter().map(|r| r.row.key.as_str()).collect::<Vec<_>>(), ["q"]);
}

fn timelines_hold_what_concerns_them(place: &Place) {
    filled(place);
    place.activities(
        "id,type,at,person_key,account_key,url\n1,page_viewed,2026-11-01,p,,/1\n2,page_viewed,2026-11-02,p,B,/2\n\
         3,page_viewed,2026-11-03,q,,/3\n4,account_interesting_moment,2026-11-04,,A,\n",
    );
    let schema = Schema::standard();
    let id = |table, key: &str| read(place, |s| people::by_key(s, &schema, table, key)).unwrap().id;
    let (alder, ann) = (AccountId(id(Table::Account, "A")), PersonId(id(Table::Person, "p")));
    let short = |rows: Vec<people::TimelineRow>| -> Vec<String> {
        let name = |row: &people::TimelineRow| {
            let who = row.person.as_ref().map_or("-", |(_, key)| key.as_str());
            format!("{who} {}", row.account.as_ref().map_or("-", |(_, key)| key.as_str()))
        };
        rows.iter().map(name).collect()
    };
    let all = read(place, |s| people::timeline_of_account(s, alder, None, 9));
    assert_eq!(short(all.clone()), ["- A", "q -", "p -"], "what carries another account is not here");
    let page = read(place, |s| people::timeline_of_account(s, alder, Some(all[0].id), 1));
    assert_eq!(short(page), ["q -"]);
    assert_eq!(short(read(place, |s| people::timeline_of_person(s, ann, &[], None, 9))), ["p B", "p -"]);
}

fn fields(json: Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap()
}

fn one_is_written_like_a_row(place: &Place) {
    let account = |key: &str, json: Json| {
        put(&place.engine, Subject::Account, key, &fields(json), "api", None).map_err(|error| error.code())
    };
    assert_eq!(account("A", json!({"name": "Alder"})), Ok(Put::Created));
    assert_eq!(account("A", json!({"name": "Alder"})), Ok(Put::Unchanged));
    assert_eq!(account("A", json!({"city": "Ulm"})), Ok(Put::Updated));
    assert_eq!(account("A", json!({"town": "Ulm"})), Err("unknown_column"));
    assert_eq!(account("A", json!({"employees": "many"})), Err("wrong_value_type"));
    assert_eq!(account("B", json!({})), Err("required"));
    assert_eq!(account("B", json!({"name": "Birch", "parent_key": "nowhere"})), Err("unknown_parent"));
    assert_eq!(account("B", json!({"name": "Birch", "parent_key": "A"})), Ok(Put::Created));
    let ann = fields(json!({"email": "a@x.example", "account_key": "A"}));
    assert_eq!(put(&place.engine, Subject::Person, "p", &ann, "api", None).unwrap(), Put::Created);
    assert_eq!(place.texts("SELECT source FROM activity"), ["api"]);
}

const WAITING: &str = "
{kind: account_list, key: all, type: dynamic, when: {account: name, is_not_empty: true}, state: live}
---
kind: journey
key: waits
subject: account
audience: {account_list: all}
end: 2027-06-30T00:00:00Z
entry: pause
nodes:
  pause: {type: wait, duration: 3d, next: null}
";

fn whoever_is_deleted_leaves_journeys_first(place: &Place) {
    filled(place);
    place.apply(WAITING);
    place.run();
    lifecycle::publish(&place.engine, &["waits".to_owned()], "test").unwrap();
    place.run();
    assert_eq!(place.one("SELECT COUNT(*) FROM enrollment WHERE ended_at IS NULL"), 3);
    assert!(delete(&place.engine, Subject::Account, "A", None).unwrap());
    assert!(!delete(&place.engine, Subject::Account, "A", None).unwrap(), "it is gone");
    assert_eq!(place.texts("SELECT outcome FROM enrollment WHERE ended_at IS NOT NULL"), ["removed"]);
    assert_eq!(place.texts("SELECT key FROM account ORDER BY key"), ["B", "C"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM account WHERE parent_id IS NOT NULL"), 0);
    assert_eq!(place.one("SELECT COUNT(*) FROM list_member"), 2);
    assert_eq!(place.one("SELECT COUNT(*) FROM account_person"), 1);
    assert!(delete(&place.engine, Subject::Person, "p", None).unwrap());
    assert_eq!(place.one("SELECT COUNT(*) FROM account_person"), 0);
    assert_eq!(place.one("SELECT COUNT(*) FROM list_member"), 2, "ids of people are not those of accounts");
    place.run();
}

fn whoever_is_deleted_takes_along_what_is_known_of_them(place: &Place) {
    place.accounts("key,name\nA,Alder\n");
    place.people("key,email,account_key\nada,ada@a.example,A\nbob,bob@a.example,A\n");
    place.activities(
        "type,at,person_key,account_key,url\npage_viewed,2026-11-01,ada,A,/one\npage_viewed,2026-11-02,bob,,/two\n",
    );
    place.people("key,job_title\nada,CEO\n");
    place.accounts("key,industry\nA,Tools\n");
    place.execute(
        "INSERT INTO ledger (id, key, kind, enrollment_id, version_id, node, person_id, address, outcome, message, body,
                             queued_at, decided_at)
         SELECT 1, 'k', 'email', 1, 1, 1, id, email, 'done', 'to ada', '{}', 0, 0 FROM person WHERE key = 'ada'",
    );
    assert_eq!(place.one("SELECT COUNT(*) FROM activity"), 4);
    assert!(delete(&place.engine, Subject::Person, "ada", None).unwrap());
    assert_eq!(place.texts("SELECT type FROM activity ORDER BY id"), ["page_viewed", "account_changed"]);
    let told = "SELECT outcome || COALESCE(address, '') || COALESCE(message, '') || COALESCE(body, '') FROM ledger";
    assert_eq!(place.texts(&told.replace("body", "CAST(body AS TEXT)")), ["done"]);
    assert!(delete(&place.engine, Subject::Account, "A", None).unwrap());
    assert_eq!(place.texts("SELECT type FROM activity"), ["page_viewed"], "what bob did is his");
}
