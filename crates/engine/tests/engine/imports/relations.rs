//! People and their accounts, consent, and what new people mean to lists.

use caravan_store::StoreError;

use crate::imports::place::on_both_databases;
use crate::imports::place::{Place, counts, rejected};

on_both_databases! {
    a_new_person_needs_an_address_and_a_known_one_may_lose_it
    people_belong_to_several_accounts_by_several_rows
    relations_that_make_no_sense_are_refused
    a_person_is_at_home_with_the_first_account
    an_opt_out_that_the_person_made_stays
    flags_are_cleared_to_false
    lists_follow_people_as_they_come_and_change
}

fn three_accounts(place: &Place) {
    let mut file = "key,name\n".to_owned();
    (0..40).for_each(|n| file.push_str(&format!("f{n},Filler\n")));
    place.accounts(&format!("{file}A,Alder\nB,Birch\nC,Cedar\n"));
}

const TIES: &str = "SELECT p.key || '@' || a.key || ' ' || COALESCE(CAST(t.roles AS TEXT), '')
                    FROM account_person AS t JOIN account AS a ON a.id = t.account_id
                    JOIN person AS p ON p.id = t.person_id ORDER BY p.key, a.key";

fn ties(place: &Place) -> Vec<String> {
    place.texts(TIES).into_iter().map(|line| line.replace("\", \"", "\",\"")).collect()
}

fn a_new_person_needs_an_address_and_a_known_one_may_lose_it(place: &Place) {
    let report = place.people("key,email,first_name\np,p@x.example,Ann\nq,,Bob\nr,\\N,Cid\ns,wrong,Dee\n");
    assert_eq!(rejected(&report), ["3 email_required", "4 email_required", "5 invalid_email"]);
    assert_eq!(counts(&place.people("key,email\np,\\N\n")), (1, 0, 1, 0, 0, 0));
    assert_eq!(place.texts("SELECT email FROM person"), ["-"]);
    assert_eq!(counts(&place.people("key,first_name\np,Anna\nq,Bob\n")), (2, 0, 1, 0, 0, 1));
}

fn people_belong_to_several_accounts_by_several_rows(place: &Place) {
    three_accounts(place);
    let file = "key,email,account_key,account_roles,relation\n\
                p,p@x.example,A,owner; accountant;owner,\np,,B,,\nq,q@x.example,A,,add\nr,r@x.example,,,\n";
    assert_eq!(counts(&place.people(file)), (4, 3, 1, 0, 0, 0));
    assert_eq!(ties(place), ["p@A [\"owner\",\"accountant\"]", "p@B ", "q@A "]);
    assert_eq!(counts(&place.people(file)), (4, 0, 0, 4, 0, 0));
    // Nothing said about roles leaves them; other relations are never touched.
    let again = place.people("key,account_key,account_roles,relation\np,A,,\np,B,lead,\nq,A,,remove\nq,C,,remove\n");
    assert_eq!(counts(&again), (4, 0, 2, 2, 0, 0));
    assert_eq!(ties(place), ["p@A [\"owner\",\"accountant\"]", "p@B [\"lead\"]"]);
    let json = r#"{"key": "p", "account_key": "A", "account_roles": null}
{"key": "p", "account_key": "C", "account_roles": ["a", "b"]}"#;
    assert_eq!(counts(&place.people(json)), (2, 0, 2, 0, 0, 0));
    assert_eq!(ties(place), ["p@A ", "p@B [\"lead\"]", "p@C [\"a\",\"b\"]"]);
}

fn relations_that_make_no_sense_are_refused(place: &Place) {
    three_accounts(place);
    let report = place.people(
        "key,email,account_key,account_roles,relation\np,p@x.example,nowhere,,\np,p@x.example,,owner,\n\
         p,p@x.example,A,,leave\np,p@x.example,A,,remove\np,p@x.example,\\N,,\nq,q@x.example,B,,\n",
    );
    let expected =
        ["2 unknown_account", "3 missing_account_key", "4 value_not_allowed", "5 unknown_person", "6 required"];
    assert_eq!(rejected(&report), expected);
    assert_eq!(place.texts("SELECT key FROM person"), ["q"]);
}

fn a_person_is_at_home_with_the_first_account(place: &Place) {
    three_accounts(place);
    place.people("key,email,account_key\np,p@x.example,C\np,,A\nq,q@x.example,\n");
    let home =
        "SELECT COUNT(*) FROM person AS p JOIN account AS a ON a.key = 'C' AND a.shard = p.shard WHERE p.key = 'p'";
    assert_eq!(place.one(home), 1);
    assert_eq!(place.one("SELECT COUNT(*) FROM person WHERE key = 'q' AND shard = (id / 16) % 256"), 1);
    place.people("key,account_key,relation\np,C,remove\n");
    assert_eq!(place.one(home), 1, "stored at creation and never recomputed");
}

fn an_opt_out_that_the_person_made_stays(place: &Place) {
    place.people("key,email,unsubscribed,unsubscribed_reason\np,p@x.example,yes,said so\nq,q@x.example,yes,said so\n");
    place
        .engine
        .store()
        .write(|s| -> Result<u64, StoreError> {
            s.execute("UPDATE person SET unsubscribed_by_person = TRUE WHERE key = 'p'", &[])
        })
        .unwrap();
    let report = place.people("key,unsubscribed,unsubscribed_reason,city\np,false,\\N,Ulm\nq,false,\\N,\np,\\N,,\n");
    assert_eq!((report.opt_outs_kept, report.notes[0].code), (2, "opt_outs_kept"));
    assert_eq!(counts(&report), (3, 0, 2, 1, 0, 0));
    let stored =
        "SELECT key || CASE WHEN unsubscribed THEN ' out ' ELSE ' in ' END || COALESCE(unsubscribed_reason, '-')
                  || COALESCE(city, '-') FROM person ORDER BY key";
    assert_eq!(place.texts(stored), ["p out said soUlm", "q in --"]);
}

fn flags_are_cleared_to_false(place: &Place) {
    place.people("key,email,email_invalid,sms_consent,birth_date\np,p@x.example,1,y,1990-02-03\n");
    let report = place.people("key,email_invalid,sms_consent,birth_date\np,\\N,n,1990-02-03\n");
    assert_eq!(counts(&report), (1, 0, 1, 0, 0, 0));
    assert_eq!(place.one("SELECT COUNT(*) FROM person WHERE NOT email_invalid AND sms_consent = 'n'"), 1);
    assert_eq!(rejected(&place.people("key,sms_consent\np,maybe\n")), ["2 value_not_allowed"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM activity WHERE type = 'person_changed'"), 2);
}

fn lists_follow_people_as_they_come_and_change(place: &Place) {
    three_accounts(place);
    place.apply(
        "{kind: account_list, key: led, type: dynamic, when: {has_people: {person: job_title, is: Chief}, at_least: 1}, state: live}\n---\n\
         {kind: audience, key: germans, subject: person, when: {person: country, is: DE}}",
    );
    place.run();
    let led = || {
        place.texts(
            "SELECT a.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id AND d.key = 'led'
             JOIN account AS a ON a.id = m.subject_id ORDER BY a.key",
        )
    };
    let germans = || {
        place.texts(
            "SELECT p.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id AND d.key = 'germans'
             JOIN person AS p ON p.id = m.subject_id ORDER BY p.key",
        )
    };
    place.people("key,email,job_title,country,account_key\np,p@x.example,Chief,DE,A\nq,q@x.example,Clerk,US,B\n");
    place.run();
    assert_eq!((led(), germans()), (vec!["A".to_owned()], vec!["p".to_owned()]));
    // A change reaches every account of the person, a new relation its account, a removed one the account it left.
    place.people("key,account_key,job_title,country\nq,C,Chief,DE\n");
    place.run();
    assert_eq!((led(), germans().len()), (vec!["A".to_owned(), "B".to_owned(), "C".to_owned()], 2));
    place.people("key,account_key,relation\nq,B,remove\n");
    place.run();
    assert_eq!(led(), ["A", "C"]);
    place.people("key,city\nq,Ulm\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 0);
}
