//! Every mistake is reported at once, with its place and what to do.

use serde_json::{Value as Json, json};

use super::world;
use crate::attribute::Subject;
use crate::condition::{Condition, Scope};

fn errors(subject: Subject, json: &Json) -> String {
    let schema = world::schema();
    match Condition::read(json, "/when", Scope { subject, schema: &schema, in_journey: false }) {
        Ok(read) => {
            read.warnings().iter().map(|f| format!("{} {} {}", f.code, f.pointer, f.message)).collect::<Vec<_>>()
        }
        Err(findings) => findings.iter().map(|f| format!("{} {} {}", f.code, f.pointer, f.message)).collect(),
    }
    .join("\n")
}

#[test]
fn everything_wrong_with_an_account_condition() {
    let json = json!({"all": [
        {"account": "employes", "at_least": 1000},
        {"account": "employees", "at_lest": 1000},
        {"account": "employees", "at_least": "many"},
        {"account": "employees", "starts_with": "1"},
        {"account": "industry"},
        {"account": "industry", "is": []},
        {"account": "industry", "is": ""},
        {"account": "industry", "is": ["Retail", 5]},
        {"account": "a_date", "in_past": "3 days"},
        {"account": "a_date", "on": "yesterday"},
        {"account": "employees", "between": [1]},
        {"account": 5, "is": 1},
        {"acount": "industry", "is": "Retail"},
        {"account": "industry", "is": "Retail", "in_account_list": "gold"},
        {"person": "country", "is": "DE"},
        {"buying_group": {"solution_interest": "crm", "completness": {"at_least": 5}, "engagement": 50}},
        {"buying_group": {"roles": [{"at_least": 2}]}},
        {"has_people": {"account": "industry", "is": "Retail"}},
        {"has_people": {"person": "contry", "is": "DE"}, "at_least": 0},
        {"in_account_list": 7},
        {"a/b~c": 1},
        {},
        "Retail"
    ]});
    insta::assert_snapshot!(errors(Subject::Account, &json), @r#"
    unknown_attribute /when/all/0/account Accounts have no attribute `employes`. Did you mean `employees`?
    unknown_operator /when/all/1/at_lest There is no operator `at_lest`. Did you mean `at_least`?
    wrong_value_type /when/all/2/at_least This expects a whole number, not "many".
    operator_not_allowed /when/all/3/starts_with `starts_with` is not for a whole number. Use one of: is, is_not, is_empty, is_not_empty, at_least, greater_than, at_most, less_than, between.
    missing_operator /when/all/4 An operator is missing. Use one of: is, is_not, starts_with, not_starts_with, contains, not_contains, is_empty, is_not_empty.
    empty_list /when/all/5/is The list is empty. Put at least one value in it, or remove the test.
    empty_value /when/all/6/is This is empty; to test for a missing value, use `is_empty: true`.
    wrong_value_type /when/all/7/is/1 This expects text, not the number 5.
    invalid_duration /when/all/8/in_past "3 days" is not a duration; write a number and m, h, d, w or mo, like 30m, 4h, 3d, 2w or 1mo, up to ten years.
    wrong_value_type /when/all/9/on This expects a date like 2026-12-01, not "yesterday".
    wrong_value_type /when/all/10/between `between` takes exactly two values, [from, to].
    wrong_value_type /when/all/11/account `account` expects the key of an attribute, not the number 5.
    unknown_test /when/all/12/acount There is no test `acount`. Did you mean `account`?
    several_tests /when/all/13 `account` and `in_account_list` stand in one condition. Write each as its own and join them with `all` or `any`.
    wrong_subject /when/all/14/person `person` is a test of people, and this condition is about accounts. Put it inside `has_people`.
    unknown_field /when/all/15/buying_group/completness `completness` is not known here; this takes solution_interest, stage, status, completeness, engagement, roles. Did you mean `completeness`?
    wrong_value_type /when/all/15/buying_group/engagement Expected an operator with a number, like {at_least: 50}, not the number 50.
    required /when/all/16/buying_group/roles/0/role `role` is missing. Name the buying-group role to count.
    wrong_subject /when/all/17/has_people/account `account` is a test of accounts, and this condition is about people. Use one of: has, person, score, member_of_buying_group, role_in_account, in_people_list, in_external_audience, persona, derived_persona, did, did_not.
    unknown_attribute /when/all/18/has_people/person People have no attribute `contry`. Did you mean `country`?
    always_matches /when/all/18/at_least `at_least: 0` always holds. Write a higher number, or add `at_most`.
    wrong_value_type /when/all/19/in_account_list Expected the key of a list, as text, not the number 7.
    unknown_test /when/all/20/a~1b~0c There is no test `a/b~c`. Use one of: all, any, not, account, in_account_list, buying_group, has_people, has.
    invalid_condition /when/all/21 The condition is empty. Start it with one of: all, any, not, account, in_account_list, buying_group, has_people, has.
    invalid_condition /when/all/22 Expected a condition like {all: […]} or {account: industry, is: Retail}, not "Retail".
    "#);
}

#[test]
fn everything_wrong_with_a_person_condition() {
    let json = json!({"any": [
        {"account": "industry", "is": "Retail"},
        {"score": "interest"},
        {"score": "interest", "contains": 5},
        {"member_of_buying_group": {"removed": "no", "role": {"at_least": 2}}},
        {"did": "email_opened", "since": "entry"},
        {"did": "email_opened", "since": "yesterday"},
        {"did": "email_opened", "within": "30 days", "at_least": 0},
        {"did": "email_opened", "within": "30d", "since": "entry"},
        {"did": "email_opened", "at_least": 0},
        {"did": "email_opened", "where": {"email": "welcome", "at": {"in_past": "3d"}}},
        {"did_not": "email_opened", "wher": {}},
        {"not": [], "also": 1}
    ]});
    insta::assert_snapshot!(errors(Subject::Person, &json), @r#"
    wrong_subject /when/any/0/account `account` is a test of accounts, and this condition is about people. Use one of: has, person, score, member_of_buying_group, role_in_account, in_people_list, in_external_audience, persona, derived_persona, did, did_not.
    missing_operator /when/any/1 An operator is missing. Use one of: is, is_not, is_empty, is_not_empty, at_least, greater_than, at_most, less_than, between.
    operator_not_allowed /when/any/2/contains `contains` is not for a number. Use one of: is, is_not, is_empty, is_not_empty, at_least, greater_than, at_most, less_than, between.
    operator_not_allowed /when/any/3/member_of_buying_group/role/at_least `at_least` is not for text. Use one of: is, is_not, starts_with, not_starts_with, contains, not_contains, is_empty, is_not_empty.
    wrong_value_type /when/any/3/member_of_buying_group/removed `removed` expects true or false, not "no".
    no_journey_entry /when/any/4/since `since: entry` counts from the entry into a journey, and there is none here. Use `within`.
    wrong_value_type /when/any/5/since `since` takes `entry`, not "yesterday".
    invalid_duration /when/any/6/within "30 days" is not a duration; write a number and m, h, d, w or mo, like 30m, 4h, 3d, 2w or 1mo, up to ten years.
    always_matches /when/any/6/at_least `at_least: 0` holds whatever happened. Write 1 or more, or use `did_not`.
    within_and_since /when/any/7/since `within` and `since` do not go together. Keep one of them.
    always_matches /when/any/8/at_least `at_least: 0` holds whatever happened. Write 1 or more, or use `did_not`.
    operator_not_allowed /when/any/9/where/at/in_past `in_past` is not for the fields of activities. Use `within` beside `did` instead.
    wrong_value_type /when/any/9/where/email Expected an operator with a value, like {is: …}, not "welcome".
    unknown_field /when/any/10/wher `wher` is not known here; this takes did_not, where, within, since, at_least. Did you mean `where`?
    unknown_field /when/any/11/also `also` is not known here; this takes not.
    invalid_condition /when/any/11/not Expected a condition like {all: […]} or {person: country, is: DE}, not a list.
    "#);
}

#[test]
fn what_can_never_match_is_a_warning() {
    let json = json!({"all": [
        {"any": []},
        {"account": "employees", "between": [10, 1]},
        {"has_people": {"person": "country", "is": "DE"}, "at_least": 3, "at_most": 2}
    ]});
    insta::assert_snapshot!(errors(Subject::Account, &json), @r#"
    never_matches /when/all/0/any An empty `any` never matches. Put a condition in it, or remove it.
    never_matches /when/all/1/between The range ends before it starts: this never matches. Swap its ends.
    never_matches /when/all/2/at_most `at_most` is below `at_least`: this never matches.
    "#);
}

#[test]
fn bounds_keep_a_condition_readable() {
    let mut deep = json!({"account": "industry", "is": "Retail"});
    for _ in 0..21 {
        deep = json!({"not": deep});
    }
    assert!(errors(Subject::Account, &deep).starts_with("condition_too_deep /when/not/not/"));
    let many = json!({"all": vec![json!({"account": "industry", "is": "Retail"}); 1_001]});
    assert!(errors(Subject::Account, &many).starts_with("too_many_tests /when/all/1000 "));
    let long = json!({"account": "industry", "is": vec!["a"; 1_001]});
    assert!(errors(Subject::Account, &long).starts_with("list_too_long /when/is "));
}
