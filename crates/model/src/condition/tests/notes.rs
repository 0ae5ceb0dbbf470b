//! What a condition saw, written and read again.

use serde_json::{Value as Json, json};

use super::world::{Account, Group, Person, berlin, condition, context};
use crate::attribute::Subject;
use crate::condition::{AccountFacts, PersonFacts};

/// The tests as they were looked at, and what was lacking.
fn told(account: &Account, json: Json) -> (bool, Vec<String>, Option<String>) {
    let condition = condition(Subject::Account, json);
    let zone = berlin();
    let mut notes = String::new();
    let held = condition.holds_noting(account as &dyn AccountFacts, &context(&zone), &mut notes);
    assert_eq!(held, condition.holds(account as &dyn AccountFacts, &context(&zone)), "noting changes no answer");
    let notes: Vec<Json> = serde_json::from_str(&format!("[{notes}]")).expect("notes are JSON");
    let noted = condition.read_notes(&notes);
    assert_eq!(noted.held, held);
    let tests = noted.tests.into_iter().map(|test| {
        let held = match test.held {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        format!("{held}: {} [{}]", test.text, test.saw.unwrap_or_default())
    });
    (held, tests.collect(), noted.lacking)
}

#[test]
fn every_test_that_was_looked_at_tells_what_it_saw() {
    let account = Account::default().with("employees", json!(250)).with("country", json!("US"));
    let (held, tests, lacking) = told(
        &account,
        json!({"all": [{"account": "country", "is": "US"}, {"account": "employees", "at_least": 1000}, {"account": "city", "is": "Paris"}]}),
    );
    assert!(!held);
    assert_eq!(tests, ["yes: Country is US [US]", "no: Employees is at least 1000 [250]", "-: City is Paris []"]);
    assert_eq!(lacking.as_deref(), Some("Employees is at least 1000 (it was 250) and City is Paris (not looked at)"));
}

#[test]
fn any_of_several_lacks_one_of_them_and_what_holds_lacks_nothing() {
    let account = Account::default().with("employees", json!(250));
    let wanted = json!({"any": [{"account": "employees", "at_least": 1000}, {"account": "country", "is": "DE"}]});
    let (_, _, lacking) = told(&account, wanted.clone());
    assert_eq!(lacking.as_deref(), Some("Employees is at least 1000 (it was 250) or Country is DE (it was empty)"));
    let (held, tests, lacking) = told(&account.with("employees", json!(1000)), wanted);
    assert_eq!((held, tests.len(), lacking), (true, 2, None));
}

#[test]
fn what_must_not_hold_is_said_so() {
    let account = Account { lists: vec!["gold"], ..Account::default() };
    let (held, tests, lacking) = told(&account, json!({"not": {"in_account_list": "gold"}}));
    assert!(!held);
    assert_eq!(tests, ["yes: in list gold []"]);
    assert_eq!(lacking.as_deref(), Some("not (in list gold)"));
}

#[test]
fn groups_people_and_pasts_are_seen_as_they_were() {
    let group = Group { interest: "crm", stage: Some("Aware".into()), completeness: Some(40.0), ..Group::default() };
    let clerk = Person::default().with("job_title", json!("Clerk"));
    let account = Account { groups: vec![group], people: vec![clerk], ..Account::default() };
    let (_, tests, _) = told(
        &account,
        json!({"any": [
            {"buying_group": {"solution_interest": "crm", "stage": "Engaged"}},
            {"has_people": {"person": "job_title", "starts_with": "Chief"}}
        ]}),
    );
    assert_eq!(tests[0], "no: has a buying group for crm whose stage is Engaged [stage Aware, completeness 40.0]");
    assert_eq!(tests[1], "no: has somebody where Job title starts with Chief [0 people]");
    let zone = berlin();
    let opened = condition(Subject::Person, json!({"did": "email_opened", "at_least": 2}));
    let person = Person::default().did("email_opened", "2026-11-01T00:00:00Z", json!({}));
    let mut notes = String::new();
    assert!(!opened.holds_noting(&person as &dyn PersonFacts, &context(&zone), &mut notes));
    assert_eq!(notes, "[0,1]");
    let lacking = opened.read_notes(&[json!([0, 1])]).lacking;
    assert_eq!(lacking.as_deref(), Some("did Email opened at least 2 times (it was 1 times)"));
}
