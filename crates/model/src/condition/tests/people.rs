//! Lists, buying groups, people, scores, objects and pasts.

use serde_json::{Value as Json, json};

use super::world::{Account, Group, Person, condition, document};
use crate::attribute::Subject;
use crate::condition::{NameKind, Needs};

fn person(country: &str) -> Person {
    Person::default().with("country", json!(country))
}

fn record(json: Json) -> serde_json::Map<String, Json> {
    json.as_object().cloned().unwrap()
}

#[test]
fn membership_of_lists() {
    let account = Account { lists: vec!["gold"], ..Account::default() };
    assert!(account.meets(json!({"in_account_list": "gold"})));
    assert!(!account.meets(json!({"in_account_list": "silver"})));
    assert!(account.meets(json!({"in_account_list": ["silver", "gold"]})));
    assert!(!account.meets(json!({"in_account_list": "never-made"})));
    let person = Person { lists: vec!["silver"], ..Person::default() };
    assert!(person.meets(json!({"in_people_list": "silver"})));
    assert!(person.meets(json!({"not": {"in_people_list": "gold"}})));
    assert!(person.meets(json!({"in_external_audience": ["gold", "silver"]})));
    assert!(!person.meets(json!({"in_external_audience": "gold"})));
}

fn group(interest: &'static str, makers: usize, influencers: usize) -> Group {
    let roles = [("Decision Maker", makers), ("Influencer", influencers)];
    let members = roles.iter().flat_map(|(role, n)| std::iter::repeat_n((*role).to_owned(), *n)).collect();
    Group {
        interest,
        stage: Some("Engaged".into()),
        status: Some("Hot".into()),
        completeness: Some(60.0),
        engagement: None,
        members,
    }
}

#[test]
fn one_and_the_same_group_meets_all_of_it() {
    let wanted = json!({"buying_group": {"roles": [
        {"role": "decision maker", "at_least": 3}, {"role": "Influencer", "at_least": 2}
    ]}});
    let with = |groups: Vec<Group>| Account { groups, ..Account::default() };
    assert!(with(vec![group("crm", 3, 2)]).meets(wanted.clone()));
    assert!(!with(vec![group("crm", 3, 1)]).meets(wanted.clone()));
    assert!(with(vec![group("crm", 4, 5)]).meets(wanted.clone()));
    assert!(!with(vec![group("crm", 3, 0), group("erp", 0, 2)]).meets(wanted));
}

#[test]
fn what_a_buying_group_is_like() {
    let account = Account { groups: vec![group("crm", 1, 0)], ..Account::default() };
    let rows = [
        (json!({"solution_interest": "crm"}), true),
        (json!({"solution_interest": "erp"}), false),
        (json!({"solution_interest": ["erp", "crm"]}), true),
        (json!({}), true),
        (json!({"stage": "engaged"}), true),
        (json!({"stage": ["Won", "Lost"]}), false),
        (json!({"stage": {"is_not": ["Won", "Lost"]}}), true),
        (json!({"status": {"starts_with": "h"}}), true),
        (json!({"completeness": {"at_least": 50}}), true),
        (json!({"completeness": {"at_least": 50, "less_than": 60}}), false),
        (json!({"engagement": {"at_least": 0}}), false),
        (json!({"engagement": {"is_empty": true}}), true),
        (json!({"solution_interest": "erp", "stage": "Engaged"}), false),
    ];
    for (test, expected) in rows {
        assert_eq!(account.meets(json!({"buying_group": test})), expected, "{test}");
    }
}

#[test]
fn members_of_a_buying_group() {
    let engaged = group("crm", 1, 0);
    let inside = Person { memberships: vec![(engaged.clone(), "Decision Maker".into(), false)], ..Person::default() };
    let removed = Person { memberships: vec![(engaged, "Decision Maker".into(), true)], ..Person::default() };
    let rows = [
        (json!({}), true, false),
        (json!({"solution_interest": "crm"}), true, false),
        (json!({"solution_interest": "erp"}), false, false),
        (json!({"role": "decision maker"}), true, false),
        (json!({"role": {"is_not": "Decision Maker"}}), false, false),
        (json!({"removed": false}), true, false),
        (json!({"removed": true}), false, true),
        (json!({"removed": true, "stage": "Engaged"}), false, true),
        (json!({"completeness": {"greater_than": 60}}), false, false),
    ];
    for (test, of_inside, of_removed) in rows {
        assert_eq!(inside.meets(json!({"member_of_buying_group": test})), of_inside, "{test}");
        assert_eq!(removed.meets(json!({"member_of_buying_group": test})), of_removed, "removed {test}");
    }
}

#[test]
fn so_many_people() {
    let account = Account { people: vec![person("DE"), person("DE"), person("US")], ..Account::default() };
    let german = json!({"person": "country", "is": "de"});
    let rows = [
        (json!({}), true),
        (json!({"at_least": 2}), true),
        (json!({"at_least": 3}), false),
        (json!({"at_least": 0, "at_most": 2}), true),
        (json!({"at_least": 0, "at_most": 1}), false),
        (json!({"at_most": 2}), true),
        (json!({"at_most": 0}), false),
        (json!({"at_least": 1, "at_most": 1}), false),
    ];
    for (bounds, expected) in rows {
        let mut test = bounds.clone();
        test["has_people"] = german.clone();
        assert_eq!(account.meets(test), expected, "{bounds}");
    }
    assert!(Account::default().meets(json!({"has_people": german, "at_least": 0, "at_most": 0})));
}

#[test]
fn a_missing_score_is_zero() {
    let nobody = Person::default();
    assert!(nobody.meets(json!({"score": "interest", "is": 0})));
    assert!(nobody.meets(json!({"score": "interest", "less_than": 1})));
    assert!(!nobody.meets(json!({"score": "interest", "is_empty": true})));
    let keen = Person { scores: vec![("interest", 15)], ..Person::default() };
    assert!(keen.meets(json!({"score": "interest", "between": [10, 20]})));
    assert!(!keen.meets(json!({"score": "interest", "at_least": 15.5})));
}

#[test]
fn roles_in_the_account() {
    let owner = Person { roles: vec!["Owner".into(), "Accountant".into()], ..Person::default() };
    assert!(owner.meets(json!({"role_in_account": "accountant"})));
    assert!(owner.meets(json!({"role_in_account": ["Contractor", "Owner"]})));
    assert!(!owner.meets(json!({"role_in_account": "Contractor"})));
}

#[test]
fn a_single_record_meets_every_field_test() {
    let records = vec![
        ("licences", record(json!({"product": "CRM", "seats": 5, "ends": "2026-12-31"}))),
        ("licences", record(json!({"product": "ERP", "seats": 50}))),
    ];
    let account = Account { objects: records.clone(), ..Account::default() };
    let rows = [
        (json!({"has": "licences"}), true),
        (json!({"has": "gold"}), false),
        (json!({"has": "licences", "where": {"product": {"is": "crm"}, "seats": {"at_least": 5}}}), true),
        (json!({"has": "licences", "where": {"product": {"is": "crm"}, "seats": {"at_least": 6}}}), false),
        (json!({"has": "licences", "where": {"ends": {"before": "2027-01-01"}}}), true),
        (json!({"has": "licences", "where": {"ends": {"on": "2026-12-31"}}}), true),
        (json!({"has": "licences", "where": {"ends": {"is_empty": true}, "product": {"is": "ERP"}}}), true),
        (json!({"has": "licences", "where": {"seats": {"is": "5"}}}), false),
        (json!({"has": "licences", "where": {"product": {"at_least": 1}}}), false),
    ];
    for (test, expected) in rows {
        assert_eq!(account.meets(test.clone()), expected, "{test}");
    }
    let person = Person { objects: records, ..Person::default() };
    assert!(person.meets(json!({"has": "licences", "where": {"seats": {"greater_than": 5}}})));
}

#[test]
fn what_a_condition_needs_and_names() {
    let read = condition(
        Subject::Account,
        json!({"all": [
            {"account": "employees", "at_least": 1000},
            {"in_account_list": ["gold", "never-made"]},
            {"buying_group": {"solution_interest": "crm", "stage": ["Won"], "roles": [{"role": "Influencer"}]}},
            {"has_people": {"any": [
                {"person": "country", "is": "DE"},
                {"score": "interest", "at_least": 1},
                {"did": "email_clicked", "where": {"url": {"contains": "pricing"}}, "within": "3d"},
                {"did_not": "email_clicked", "where": {"url": {"contains": "pricing"}}, "within": "3d"}
            ]}}
        ]}),
    );
    let schema = super::world::schema();
    let needs = read.needs();
    assert_eq!(needs.account_attributes, [schema.account.no("employees").unwrap()].into());
    assert_eq!(needs.person_attributes, [schema.person.no("country").unwrap()].into());
    assert_eq!(needs.account_lists, [document("gold").unwrap()].into());
    assert_eq!(needs.interests, [document("crm").unwrap()].into());
    assert_eq!(needs.scores, [document("interest").unwrap()].into());
    assert_eq!(needs.activities(), ["email_clicked"].into());
    assert_eq!(needs.history.len(), 1);
    assert!(needs.people && needs.groups && needs.group_roles && needs.time);
    assert!(!needs.memberships && !needs.roles_in_account && !needs.all_interests);

    let mut twice = Needs::default();
    twice.extend(&needs);
    twice.extend(&needs);
    assert_eq!(twice, needs);

    let names: Vec<String> = read
        .references()
        .iter()
        .map(|r| format!("{:?} {} {} {}", r.kind, r.key, r.within.as_deref().unwrap_or("-"), r.pointer))
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r#"
    AccountList gold - /all/1/in_account_list/0
    AccountList never-made - /all/1/in_account_list/1
    SolutionInterest crm - /all/2/buying_group/solution_interest
    Stage Won crm /all/2/buying_group/stage/0
    Role Influencer crm /all/2/buying_group/roles/0/role
    Score interest - /all/3/has_people/any/1/score
    ActivityType email_clicked - /all/3/has_people/any/2/did
    ActivityField url email_clicked /all/3/has_people/any/2/where/url
    ActivityType email_clicked - /all/3/has_people/any/3/did_not
    ActivityField url email_clicked /all/3/has_people/any/3/where/url
    "#);
    assert!(read.references().iter().all(|reference| reference.kind != NameKind::PeopleList));
}
