//! Accounts, people and everything around them by chance: missing values, letters of many scripts, the edges of numbers and
//! days.

use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, import};
use caravan_store::{Bulk, SessionExt, StoreError};
use serde_json::{Map, Value as Json, json};

use super::conditions::{DAYS, Dice, INSTANTS, NUMBERS, ROLES, TEXTS, WHOLES};
use crate::support::World;

const ACCOUNTS: u64 = 40;
const PEOPLE: u64 = 90;

const MANIFEST: &str = "
{kind: settings, organisation: Acme, time_zone: Europe/Berlin}
---
{kind: attribute, key: a_string, subject: account, type: string}
---
{kind: attribute, key: a_integer, subject: account, type: integer}
---
{kind: attribute, key: a_number, subject: account, type: number}
---
{kind: attribute, key: a_boolean, subject: account, type: boolean}
---
{kind: attribute, key: a_date, subject: account, type: date}
---
{kind: attribute, key: a_date_time, subject: account, type: date_time}
---
{kind: attribute, key: p_string, subject: person, type: string}
---
{kind: attribute, key: p_number, subject: person, type: number}
---
{kind: attribute, key: p_boolean, subject: person, type: boolean}
---
{kind: score, key: heat}
---
{kind: custom_object, key: licence, subject: person, primary_key: no, fields: {no: string, plan: string, seats: integer, until: date_time, weight: number}}
---
{kind: account_list, key: gold, type: static, state: live}
---
{kind: account_list, key: silver, type: static, state: live}
---
{kind: people_list, key: friends, type: static, state: live}
---
{kind: people_list, key: foes, type: static, state: live}
---
{kind: external_audience, key: retarget}
---
{kind: external_audience, key: lookalike}
---
{kind: role, key: owner, name: Owner}
---
{kind: roles_template, key: buyers, roles: [{role: Owner}], state: live}
---
{kind: solution_interest, key: crm, roles_template: buyers}
---
{kind: solution_interest, key: erp, roles_template: buyers}
";

/// Fills an empty store; the same seed gives the same data.
pub fn furnish(world: &World, seed: u64) {
    world.apply(MANIFEST);
    let mut dice = Dice::new(seed ^ 0x5EED);
    let accounts: Vec<Json> = (0..ACCOUNTS).map(|n| account(&mut dice, n)).collect();
    take(world, ImportKind::Accounts, &accounts);
    let people: Vec<Json> = (0..PEOPLE).map(|n| person(&mut dice, n)).collect();
    take(world, ImportKind::People, &people);
    let ties: Vec<Json> = (0..PEOPLE).filter_map(|n| tie(&mut dice, n)).collect();
    take(world, ImportKind::People, &ties);
    let deals: Vec<Json> = (0..60).map(|n| deal(&mut dice, n)).collect();
    take(world, ImportKind::Records("opportunity".to_owned()), &deals);
    let licences: Vec<Json> = (0..120).map(|n| licence(&mut dice, n)).collect();
    take(world, ImportKind::Records("licence".to_owned()), &licences);
    rows(world, &mut dice);
}

fn take(world: &World, kind: ImportKind, rows: &[Json]) {
    let file: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let report =
        import(&world.engine, &kind, file.as_bytes(), FileFormat::JsonLines, &ImportOptions::default(), &mut ())
            .unwrap();
    assert_eq!(report.rejects, [], "of {kind:?}");
}

/// Sets a field, often.
fn maybe(dice: &mut Dice, row: &mut Map<String, Json>, key: &str, value: impl FnOnce(&mut Dice) -> Json) {
    if dice.chance(75) {
        let value = value(dice);
        row.insert(key.to_owned(), value);
    }
}

fn text(dice: &mut Dice) -> Json {
    match *dice.pick(TEXTS) {
        "" => Json::Null,
        text => json!(text),
    }
}

fn account(dice: &mut Dice, n: u64) -> Json {
    let mut row = json!({"key": format!("a-{n}"), "name": format!("Account {n}")}).as_object().cloned().unwrap();
    maybe(dice, &mut row, "industry", text);
    maybe(dice, &mut row, "employees", |dice| json!(dice.pick(WHOLES)));
    maybe(dice, &mut row, "annual_revenue", |dice| json!(dice.pick(NUMBERS)));
    maybe(dice, &mut row, "a_string", text);
    maybe(dice, &mut row, "a_integer", |dice| json!(dice.pick(WHOLES)));
    maybe(dice, &mut row, "a_number", |dice| json!(dice.pick(NUMBERS)));
    maybe(dice, &mut row, "a_boolean", |dice| json!(dice.chance(50)));
    maybe(dice, &mut row, "a_date", |dice| json!(dice.pick(DAYS)));
    maybe(dice, &mut row, "a_date_time", |dice| json!(dice.pick(INSTANTS)));
    if n > 0 && dice.chance(30) {
        row.insert("parent_key".to_owned(), json!(format!("a-{}", dice.below(n))));
    }
    Json::Object(row)
}

fn person(dice: &mut Dice, n: u64) -> Json {
    let mut row = json!({"key": format!("p-{n}"), "email": format!("p{n}@x.example")}).as_object().cloned().unwrap();
    maybe(dice, &mut row, "job_title", text);
    maybe(dice, &mut row, "birth_date", |dice| json!(dice.pick(DAYS)));
    maybe(dice, &mut row, "unsubscribed", |dice| json!(dice.chance(30)));
    maybe(dice, &mut row, "sms_consent", |dice| json!(*dice.pick(&["y", "n"])));
    maybe(dice, &mut row, "p_string", text);
    maybe(dice, &mut row, "p_number", |dice| json!(dice.pick(NUMBERS)));
    maybe(dice, &mut row, "p_boolean", |dice| json!(dice.chance(50)));
    maybe(dice, &mut row, "test_profile", |dice| json!(dice.chance(20)));
    if dice.chance(85) {
        relate(dice, &mut row);
    }
    Json::Object(row)
}

fn relate(dice: &mut Dice, row: &mut Map<String, Json>) {
    row.insert("account_key".to_owned(), json!(format!("a-{}", dice.below(ACCOUNTS / 2))));
    if dice.chance(60) {
        let roles: Vec<&str> = (0..=dice.below(2)).map(|_| *dice.pick(ROLES)).collect();
        row.insert("account_roles".to_owned(), json!(roles));
    }
}

/// Some belong to a second account.
fn tie(dice: &mut Dice, n: u64) -> Option<Json> {
    let mut row = json!({"key": format!("p-{n}")}).as_object().cloned().unwrap();
    let second = dice.chance(30);
    relate(dice, &mut row);
    second.then_some(Json::Object(row))
}

fn deal(dice: &mut Dice, n: u64) -> Json {
    let account = format!("a-{}", dice.below(ACCOUNTS));
    let mut row = json!({"key": format!("o-{n}"), "account_key": account}).as_object().cloned().unwrap();
    maybe(dice, &mut row, "name", text);
    maybe(dice, &mut row, "amount", |dice| json!(dice.pick(NUMBERS)));
    maybe(dice, &mut row, "is_closed", |dice| json!(dice.chance(50)));
    maybe(dice, &mut row, "expected_close_date", |dice| json!(dice.pick(DAYS)));
    maybe(dice, &mut row, "fiscal_year", |dice| json!(dice.pick(WHOLES)));
    maybe(dice, &mut row, "created_date", |dice| json!(dice.pick(INSTANTS)));
    Json::Object(row)
}

fn licence(dice: &mut Dice, n: u64) -> Json {
    let person = format!("p-{}", dice.below(PEOPLE));
    let mut row = json!({"no": format!("l-{n}"), "person_key": person}).as_object().cloned().unwrap();
    maybe(dice, &mut row, "plan", text);
    maybe(dice, &mut row, "seats", |dice| json!(dice.pick(WHOLES)));
    maybe(dice, &mut row, "until", |dice| json!(dice.pick(INSTANTS)));
    maybe(dice, &mut row, "weight", |dice| json!(dice.pick(NUMBERS)));
    Json::Object(row)
}

/// What has no import: scores, lists, groups, and activities in their own words.
fn rows(world: &World, dice: &mut Dice) {
    let seed = dice.next();
    let fill = |s: &mut dyn caravan_store::Session| -> Result<(), StoreError> {
        let mut dice = Dice::new(seed);
        let ids = |s: &mut dyn caravan_store::Session, table: &str| {
            s.query_map(&format!("SELECT id FROM {table} ORDER BY id"), &[], |row| Ok(row.int(0)))
        };
        let (accounts, people) = (ids(s, "account")?, ids(s, "person")?);
        let documents: Vec<(String, i64)> =
            s.query_map("SELECT key, id FROM document ORDER BY id", &[], |row| Ok((row.string(0), row.int(1))))?;
        let document = |key: &str| documents.iter().find(|(known, _)| known == key).unwrap().1;
        for &id in people.iter().filter(|_| dice.chance(70)).collect::<Vec<_>>() {
            let value = dice.below(6) as i64 - 2;
            let score = Bulk::insert("person_score").column("person_id", std::slice::from_ref(&id));
            s.bulk(&score.same("score_id", document("heat")).same("value", value))?;
        }
        for (lists, subjects) in
            [(["gold", "silver"], &accounts), (["friends", "foes"], &people), (["retarget", "lookalike"], &people)]
        {
            for key in lists {
                let members: Vec<i64> = subjects.iter().copied().filter(|_| dice.chance(40)).collect();
                let rows = Bulk::insert("list_member").same("list_id", document(key)).column("subject_id", &members);
                s.bulk(&rows.same("source", "test").same("added_at", 0))?;
            }
        }
        groups(s, &mut dice, &accounts, &people, [document("crm"), document("erp")])?;
        activities(s, &mut dice, &people)
    };
    world.engine.store().write(fill).unwrap();
}

fn groups(
    s: &mut dyn caravan_store::Session,
    dice: &mut Dice,
    accounts: &[i64],
    people: &[i64],
    interests: [i64; 2],
) -> Result<(), StoreError> {
    for &account in accounts {
        for interest in interests {
            if dice.chance(50) {
                continue;
            }
            let id = s.reserve_ids("buying_group", 1)?.next().unwrap();
            let stage = [dice.chance(70).then(|| *dice.pick(TEXTS))];
            let status = [dice.chance(50).then(|| *dice.pick(TEXTS))];
            let exact = [dice.chance(80).then(|| dice.below(5) as f64 * 0.5)];
            let archived = [dice.chance(15).then_some(1_i64)];
            s.bulk(
                &Bulk::insert("buying_group")
                    .column("id", &[id])
                    .same("shard", 0)
                    .same("account_id", account)
                    .same("interest_id", interest)
                    .column("stage", &stage)
                    .column("status", &status)
                    .column("completeness", &exact)
                    .column("engagement", &exact)
                    .column("archived_at", &archived)
                    .same("created_at", 0)
                    .same("updated_at", 0),
            )?;
            let members: Vec<i64> = people.iter().copied().filter(|_| dice.chance(6)).collect();
            let roles: Vec<&str> = members.iter().map(|_| *dice.pick(ROLES)).collect();
            let removed: Vec<bool> = members.iter().map(|_| dice.chance(30)).collect();
            s.bulk(
                &Bulk::insert("group_member")
                    .same("group_id", id)
                    .column("person_id", &members)
                    .column("role", &roles)
                    .same("source", "system")
                    .column("removed", &removed)
                    .same("changed_at", 0),
            )?;
        }
    }
    Ok(())
}

fn activities(s: &mut dyn caravan_store::Session, dice: &mut Dice, people: &[i64]) -> Result<(), StoreError> {
    let now = s.now()?.as_microsecond();
    let n = 300;
    let ids: Vec<i64> = s.reserve_ids("activity", n)?.collect();
    let whose: Vec<i64> = (0..n).map(|_| *dice.pick(people)).collect();
    let kinds: Vec<&str> = (0..n).map(|_| *dice.pick(&["email_clicked", "email_clicked", "email_opened"])).collect();
    let hour = 3_600_000_000;
    let at: Vec<i64> = (0..n).map(|_| now - dice.below(24 * 40) as i64 * hour + dice.below(3) as i64 * hour).collect();
    let fields: Vec<Option<String>> = (0..n).map(|_| dice.chance(90).then(|| told(dice).to_string())).collect();
    let fields: Vec<Option<&str>> = fields.iter().map(Option::as_deref).collect();
    s.bulk(
        &Bulk::insert("activity")
            .column("id", &ids)
            .column("type", &kinds)
            .column("at", &at)
            .column("received_at", &at)
            .column("person_id", &whose)
            .same("source", "test")
            .json("fields", &fields),
    )?;
    Ok(())
}

/// Fields whose values are of any type.
fn told(dice: &mut Dice) -> Json {
    let mut fields = Map::new();
    for name in ["n", "word", "yes", "when", "odd name"] {
        maybe(dice, &mut fields, name, |dice| match dice.below(8) {
            0 => json!(dice.pick(WHOLES)),
            1 => json!(dice.pick(NUMBERS)),
            2 => json!(dice.chance(50)),
            3 => json!(dice.pick(DAYS)),
            4 => json!(dice.pick(INSTANTS)),
            5 => json!([1, "Retail"]),
            6 => Json::Null,
            _ => json!(dice.pick(TEXTS)),
        });
    }
    Json::Object(fields)
}
