//! Conditions in words.

use serde_json::json;

use super::world::condition;
use crate::attribute::Subject;

#[test]
fn conditions_read_as_sentences() {
    let accounts = [
        json!({"all": [
            {"account": "employees", "at_least": 1000},
            {"any": [{"account": "country", "is": ["US", "DE", "FR"]}, {"account": "city", "is_not": "Paris"}]}
        ]}),
        json!({"not": {"in_account_list": "gold"}}),
        json!({"buying_group": {"solution_interest": "crm", "stage": "Engaged", "completeness": {"at_least": 50}, "roles": [{"role": "Influencer", "at_least": 2}]}}),
        json!({"has_people": {"person": "job_title", "starts_with": ["Chief", "VP"]}, "at_least": 2}),
        json!({"has_people": {"person": "unsubscribed", "is": true}, "at_most": 0}),
        json!({"has": "licences", "where": {"seats": {"between": [1, 5]}}}),
        json!({"account": "a_date", "in_past": "1mo"}),
        json!({"account": "a_string", "is": ["a", "b", "c", "d", "e", "f", "g", "h"]}),
        json!({"all": []}),
    ];
    let people = [
        json!({"score": "interest", "greater_than": 10}),
        json!({"member_of_buying_group": {"role": "Influencer", "solution_interest": "crm"}}),
        json!({"did_not": "email_opened", "where": {"email": {"is": "welcome"}}, "since": "entry"}),
        json!({"did": "page_viewed", "within": "30d", "at_least": 3}),
        json!({"role_in_account": "Owner"}),
    ];
    let words = accounts.map(|json| condition(Subject::Account, json).describe()).into_iter();
    let words = words.chain(people.map(|json| condition(Subject::Person, json).describe()));
    insta::assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @r#"
    Employees is at least 1000 and (Country is US, DE or FR or City is not Paris)
    not (in list gold)
    has a buying group for crm whose stage is Engaged and completeness is at least 50 and at least 2 × Influencer
    has at least 2 people where Job title starts with Chief or VP
    has no person where Unsubscribed is true
    has licences where seats is between 1 and 5
    A date is in the past 1 month
    A string is a, b, c, d, e or 3 more
    everything
    Score interest is greater than 10
    is in a buying group for crm, role is Influencer
    did not Email opened where email is welcome since journey entry
    did Page viewed at least 3 times within 30 days
    role in the account is Owner
    "#);
}
