//! The evaluator against a naive reference, on generated conditions and facts.
//!
//! The reference reads the manifest's JSON itself and knows nothing of the tree, of numbers of attributes or of folded
//! constants. Facts are JSON too; the world is built from them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::world::{Account, Group, NOW, Person};
use crate::text::fold;

/// An account as the reference sees it.
#[derive(Debug, Clone)]
struct Plain {
    attributes: BTreeMap<&'static str, Json>,
    lists: Vec<&'static str>,
    groups: Vec<PlainGroup>,
    people: Vec<PlainPerson>,
}

#[derive(Debug, Clone)]
struct PlainGroup {
    interest: &'static str,
    stage: Option<&'static str>,
    completeness: Option<i64>,
    roles: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct PlainPerson {
    attributes: BTreeMap<&'static str, Json>,
    score: Option<i64>,
    roles: Vec<&'static str>,
    /// Days ago and the field `n`.
    opened: Vec<(i64, i64)>,
}

// --- the reference -------------------------------------------------------------------------------------------------

fn account_holds(json: &Json, account: &Plain) -> bool {
    if let Some(parts) = json.get("all") {
        return parts.as_array().unwrap().iter().all(|part| account_holds(part, account));
    }
    if let Some(parts) = json.get("any") {
        return parts.as_array().unwrap().iter().any(|part| account_holds(part, account));
    }
    if let Some(part) = json.get("not") {
        return !account_holds(part, account);
    }
    if let Some(key) = json.get("account") {
        return operators_hold(json, &["account"], account.attributes.get(key.as_str().unwrap()));
    }
    if let Some(list) = json.get("in_account_list") {
        return account.lists.iter().any(|member| list == member);
    }
    if let Some(group) = json.get("buying_group") {
        return account.groups.iter().any(|candidate| group_holds(group, candidate));
    }
    let who = &json["has_people"];
    let found = account.people.iter().filter(|person| person_holds(who, person)).count() as u64;
    let most = json.get("at_most").and_then(Json::as_u64);
    let least = json.get("at_least").and_then(Json::as_u64).unwrap_or(if most.is_some() { 0 } else { 1 });
    found >= least && found <= most.unwrap_or(u64::MAX)
}

fn group_holds(json: &Json, group: &PlainGroup) -> bool {
    let stage = group.stage.map(|stage| json!(stage));
    let completeness = group.completeness.map(|n| json!(n));
    json.get("solution_interest").is_none_or(|wanted| wanted == group.interest)
        && json.get("stage").is_none_or(|wanted| one_operator("is", wanted, stage.as_ref()))
        && json.get("completeness").is_none_or(|wanted| operators_hold(wanted, &[], completeness.as_ref()))
        && json.get("roles").and_then(Json::as_array).is_none_or(|wanted| {
            wanted.iter().all(|w| {
                let members = group.roles.iter().filter(|role| same_text(role, w["role"].as_str().unwrap())).count();
                members as u64 >= w["at_least"].as_u64().unwrap()
            })
        })
}

fn person_holds(json: &Json, person: &PlainPerson) -> bool {
    if let Some(parts) = json.get("all") {
        return parts.as_array().unwrap().iter().all(|part| person_holds(part, person));
    }
    if let Some(part) = json.get("not") {
        return !person_holds(part, person);
    }
    if let Some(key) = json.get("person") {
        return operators_hold(json, &["person"], person.attributes.get(key.as_str().unwrap()));
    }
    if json.get("score").is_some() {
        return operators_hold(json, &["score"], Some(&json!(person.score.unwrap_or(0))));
    }
    if let Some(role) = json.get("role_in_account") {
        return person.roles.iter().any(|held| same_text(held, role.as_str().unwrap()));
    }
    let positive = json.get("did").is_some();
    // Entered ten days ago.
    let days = json.get("within").map(|d| d.as_str().unwrap().trim_end_matches('d').parse::<i64>().unwrap());
    let in_window = |ago: i64| match (days, json.get("since")) {
        (Some(days), _) => (10..=10 + days).contains(&ago),
        (None, Some(_)) => (0..=10).contains(&ago),
        (None, None) => ago >= 0,
    };
    let meets = |n: i64| json.get("where").is_none_or(|fields| operators_hold(&fields["n"], &[], Some(&json!(n))));
    let count = person.opened.iter().filter(|(ago, n)| in_window(*ago) && meets(*n)).count() as u64;
    (count >= json.get("at_least").and_then(Json::as_u64).unwrap_or(1)) == positive
}

fn operators_hold(json: &Json, skip: &[&str], value: Option<&Json>) -> bool {
    json.as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| !skip.contains(&key.as_str()))
        .all(|(op, wanted)| one_operator(op, wanted, value))
}

fn one_operator(op: &str, wanted: &Json, value: Option<&Json>) -> bool {
    let Some(value) = value else { return op == "is_empty" };
    let list: Vec<&Json> = match wanted {
        Json::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let text = |json: &Json| fold(json.as_str().unwrap()).into_owned();
    let number = |json: &Json| json.as_f64().unwrap();
    let same = |one: &Json| match (value, one) {
        (Json::String(a), Json::String(b)) => same_text(a, b),
        (Json::Number(_), Json::Number(_)) => number(value) == number(one),
        (a, b) => a == b,
    };
    match op {
        "is" => list.into_iter().any(same),
        "is_not" => !list.into_iter().any(same),
        "starts_with" => list.into_iter().any(|one| text(value).starts_with(&text(one))),
        "not_starts_with" => !list.into_iter().any(|one| text(value).starts_with(&text(one))),
        "contains" => list.into_iter().any(|one| text(value).contains(&text(one))),
        "not_contains" => !list.into_iter().any(|one| text(value).contains(&text(one))),
        "is_empty" => false,
        "is_not_empty" => true,
        "at_least" => number(value) >= number(wanted),
        "greater_than" => number(value) > number(wanted),
        "at_most" => number(value) <= number(wanted),
        "less_than" => number(value) < number(wanted),
        "between" => number(list[0]) <= number(value) && number(value) <= number(list[1]),
        other => panic!("{other}"),
    }
}

fn same_text(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}

// --- the world of the evaluator -------------------------------------------------------------------------------------

impl Plain {
    fn build(&self) -> Account {
        let mut account = Account {
            lists: self.lists.clone(),
            groups: self.groups.iter().map(PlainGroup::build).collect(),
            people: self.people.iter().map(PlainPerson::build).collect(),
            ..Account::default()
        };
        for (key, value) in &self.attributes {
            account = account.with(key, value.clone());
        }
        account
    }
}

impl PlainGroup {
    fn build(&self) -> Group {
        Group {
            interest: self.interest,
            stage: self.stage.map(str::to_owned),
            completeness: self.completeness.map(|n| n as f64),
            members: self.roles.iter().map(|role| (*role).to_owned()).collect(),
            ..Group::default()
        }
    }
}

impl PlainPerson {
    fn build(&self) -> Person {
        let mut person = Person {
            scores: self.score.map(|score| ("interest", score)).into_iter().collect(),
            roles: self.roles.iter().map(|role| (*role).to_owned()).collect(),
            ..Person::default()
        };
        for (key, value) in &self.attributes {
            person = person.with(key, value.clone());
        }
        let now = super::world::at(NOW);
        for (ago, n) in &self.opened {
            let when = now - jiff::SignedDuration::from_hours(24 * ago);
            person = person.did("email_opened", &when.to_string(), json!({"n": n}));
        }
        person
    }
}

// --- what is generated ----------------------------------------------------------------------------------------------

const TEXTS: [&str; 8] = ["Retail", "RETAIL", "retailer", "Straße", "STRASSE", "Cafe\u{301}", "café", "r%"];
const ROLES: [&str; 3] = ["Owner", "owner", "Buyer"];

fn a_text() -> impl Strategy<Value = Json> {
    prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text))
}

fn a_number() -> impl Strategy<Value = Json> {
    prop_oneof![(-3i64..4).prop_map(|n| json!(n)), (-3i64..4).prop_map(|n| json!(n as f64 + 0.5))]
}

fn one_or_several(one: impl Strategy<Value = Json> + Clone) -> impl Strategy<Value = Json> {
    prop_oneof![one.clone(), prop::collection::vec(one, 1..4).prop_map(Json::from)]
}

fn text_operator() -> impl Strategy<Value = (&'static str, Json)> {
    let ops = vec!["is", "is_not", "starts_with", "not_starts_with", "contains", "not_contains"];
    prop_oneof![
        5 => (prop::sample::select(ops), one_or_several(a_text().boxed())),
        1 => prop::sample::select(vec!["is_empty", "is_not_empty"]).prop_map(|op| (op, json!(true))),
    ]
}

fn number_operator() -> impl Strategy<Value = (&'static str, Json)> {
    let ops = vec!["at_least", "greater_than", "at_most", "less_than"];
    prop_oneof![
        4 => (prop::sample::select(ops), a_number()),
        2 => (prop::sample::select(vec!["is", "is_not"]), one_or_several(a_number().boxed())),
        1 => (a_number(), a_number()).prop_map(|(a, b)| ("between", json!([a, b]))),
        1 => prop::sample::select(vec!["is_empty", "is_not_empty"]).prop_map(|op| (op, json!(true))),
    ]
}

/// `{key: name, OP: VALUE, OP: VALUE}`
fn test_of(
    key: &'static str,
    name: &'static str,
    operator: impl Strategy<Value = (&'static str, Json)>,
) -> impl Strategy<Value = Json> {
    prop::collection::vec(operator, 1..3).prop_map(move |operators| {
        let mut test = json!({});
        for (op, value) in operators {
            test[op] = value;
        }
        if !key.is_empty() {
            test[key] = json!(name);
        }
        test
    })
}

fn person_condition() -> impl Strategy<Value = Json> {
    let past = (
        any::<bool>(),
        prop_oneof![
            Just(json!({})),
            (1i64..20).prop_map(|n| json!({"within": format!("{n}d")})),
            Just(json!({"since": "entry"}))
        ],
        prop::option::of(1u64..3),
        prop::option::of(test_of("", "", number_operator())),
    )
        .prop_map(|(positive, mut test, at_least, fields)| {
            test[if positive { "did" } else { "did_not" }] = json!("email_opened");
            if let Some(n) = at_least {
                test["at_least"] = json!(n);
            }
            if let Some(fields) = fields {
                test["where"] = json!({"n": fields});
            }
            test
        });
    let test = prop_oneof![
        test_of("person", "job_title", text_operator()),
        test_of("score", "interest", number_operator()),
        prop::sample::select(&ROLES[..]).prop_map(|role| json!({"role_in_account": role})),
        past,
    ];
    test.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"all": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn account_condition() -> impl Strategy<Value = Json> {
    let group = (
        prop::option::of(prop::sample::select(vec!["crm", "erp"])),
        prop::option::of(one_or_several(a_text().boxed())),
        prop::option::of(test_of("", "", number_operator())),
        prop::option::of((prop::sample::select(&ROLES[..]), 0u64..3)),
    )
        .prop_map(|(interest, stage, completeness, role)| {
            let mut group = json!({});
            if let Some(interest) = interest {
                group["solution_interest"] = json!(interest);
            }
            if let Some(stage) = stage {
                group["stage"] = stage;
            }
            if let Some(completeness) = completeness {
                group["completeness"] = completeness;
            }
            if let Some((role, at_least)) = role {
                group["roles"] = json!([{"role": role, "at_least": at_least}]);
            }
            json!({"buying_group": group})
        });
    let people =
        (person_condition(), prop::option::of(1u64..3), prop::option::of(0u64..3)).prop_map(|(who, least, most)| {
            let mut test = json!({"has_people": who});
            if let Some(least) = least {
                test["at_least"] = json!(least);
            }
            if let Some(most) = most {
                test["at_most"] = json!(most);
            }
            test
        });
    let test = prop_oneof![
        test_of("account", "a_string", text_operator()),
        test_of("account", "a_integer", number_operator()),
        test_of("account", "a_number", number_operator()),
        prop::sample::select(vec!["gold", "silver"]).prop_map(|list| json!({"in_account_list": list})),
        group,
        people,
    ];
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"all": parts})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"any": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn attributes(keys: Vec<(&'static str, BoxedStrategy<Json>)>) -> impl Strategy<Value = BTreeMap<&'static str, Json>> {
    let each: Vec<_> = keys
        .into_iter()
        .map(|(key, value)| prop::option::of(value).prop_map(move |value| value.map(|v| (key, v))))
        .collect();
    each.prop_map(|values| values.into_iter().flatten().collect())
}

fn a_person() -> impl Strategy<Value = PlainPerson> {
    (
        attributes(vec![("job_title", a_text().boxed())]),
        prop::option::of(-3i64..4),
        prop::collection::vec(prop::sample::select(&ROLES[..]), 0..3),
        prop::collection::vec((0i64..35, -3i64..4), 0..4),
    )
        .prop_map(|(attributes, score, roles, opened)| PlainPerson { attributes, score, roles, opened })
}

fn a_group() -> impl Strategy<Value = PlainGroup> {
    (
        prop::sample::select(vec!["crm", "erp"]),
        prop::option::of(prop::sample::select(&TEXTS[..])),
        prop::option::of(-3i64..4),
        prop::collection::vec(prop::sample::select(&ROLES[..]), 0..4),
    )
        .prop_map(|(interest, stage, completeness, roles)| PlainGroup { interest, stage, completeness, roles })
}

fn an_account() -> impl Strategy<Value = Plain> {
    (
        attributes(vec![
            ("a_string", a_text().boxed()),
            ("a_integer", (-3i64..4).prop_map(|n| json!(n)).boxed()),
            ("a_number", a_number().boxed()),
        ]),
        prop::sample::subsequence(vec!["gold", "silver"], 0..3),
        prop::collection::vec(a_group(), 0..3),
        prop::collection::vec(a_person(), 0..4),
    )
        .prop_map(|(attributes, lists, groups, people)| Plain { attributes, lists, groups, people })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_evaluator_agrees_with_the_reference(json in account_condition(), account in an_account()) {
        prop_assert_eq!(account.build().meets(json.clone()), account_holds(&json, &account));
    }

    #[test]
    fn a_condition_is_stored_as_it_was_written(json in account_condition()) {
        let read = super::world::condition(crate::attribute::Subject::Account, json.clone());
        prop_assert_eq!(read.source(), &json);
        prop_assert!(!read.describe().is_empty());
    }
}
