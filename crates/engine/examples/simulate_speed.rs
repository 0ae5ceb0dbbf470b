//! How long a simulation takes: 90 days, 10,000 accounts with ten people each, a journey of twelve nodes.
//!
//! `cargo run --release -p caravan-engine --example simulate_speed [ACCOUNTS]`
#![allow(clippy::unwrap_used, reason = "a measurement ends where it cannot go on")]

use std::time::Instant;

use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::simulate::{ScriptedActivity, SimulateRequest, Simulated, simulate};
use caravan_engine::{Engine, runtime};
use caravan_model::{Clock, Shard};
use caravan_store::{Bulk, OpenOptions, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

const PEOPLE: usize = 10;

const JOURNEY: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
{kind: account_list, key: warm, type: static, state: live}
---
{kind: connection, key: mail, type: smtp, settings: {host: mail.example, port: 587, security: starttls, from: {email: desk@acme.example}}}
---
kind: email
key: welcome
connection: mail
subject: "Hello {{ person.first_name | default('there') }}"
body: {html: "<p>Welcome, {{ person.first_name }} of {{ account.name }}.</p><p><a href='https://acme.example/tour'>The tour</a></p>"}
---
{kind: email, key: reminder, connection: mail, subject: Still there, body: {html: "<p>Still there?</p>"}}
---
kind: journey
key: nurture
subject: account
audience: {account_list: everybody}
end: 2027-06-30T00:00:00Z
entry: hello
nodes:
  hello: {type: action, on: people, action: send_email, email: welcome, next: score}
  score: {type: action, on: people, action: change_score, score: interest, change: "+5", next: settle}
  settle: {type: wait, duration: 3d, next: click}
  click:
    type: listen
    event: {activity: email_clicked}
    timeout: {duration: 14d, next: remind}
    next: size
  remind: {type: action, on: people, action: send_email, email: reminder, next: patience}
  patience: {type: wait, duration: 20d, next: size-2}
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 5000}, next: warm}
    other: {next: meet}
  warm: {type: action, on: account, action: add_to_account_list, list: warm, next: meet}
  meet: {type: merge, next: later}
  later: {type: wait, duration: 10d, next: join}
  size-2:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: chief, action: change_score, score: interest, change: "=50"}]}
    other: {actions: [{id: rest, action: change_score, score: interest, change: "-1"}]}
    next: join
  join: {type: merge, next: null}
"#;

fn main() {
    let accounts = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let from: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let options = OpenOptions { clock: Clock::manual(from), scratch: true, ..OpenOptions::default() };
    let store = Store::open_sqlite(directory.path(), options).unwrap();
    store.migrate().unwrap();
    store.write(|s| fill(s, accounts)).unwrap();
    let engine = Engine::new(store);
    apply(&engine, &[("speed.yaml".to_owned(), JOURNEY.to_owned())], "speed", ApplyOptions::default()).unwrap();
    runtime::run_until_idle(&engine, None, std::time::Duration::from_secs(600)).unwrap();

    let started = Instant::now();
    let request = SimulateRequest {
        journey: Simulated::Stored("nurture".to_owned()),
        from,
        until: from + SignedDuration::from_hours(24 * 90),
        seed: 1,
        activities: clicks(from, accounts),
        timelines: None,
        samples: 1,
    };
    let report = simulate(&engine, request).unwrap();
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    println!("{accounts} accounts, {} people: {:.1} s", accounts * PEOPLE, started.elapsed().as_secs_f64());
}

fn fill(s: &mut dyn caravan_store::Session, accounts: usize) -> Result<(), StoreError> {
    let ids: Vec<i64> = s.reserve_ids("account", accounts)?.collect();
    let keys: Vec<String> = (0..accounts).map(|n| format!("a-{n}")).collect();
    let shards: Vec<i64> = keys.iter().map(|key| Shard::of_key(key).0).collect();
    let employees: Vec<i64> = (0..accounts as i64).map(|n| n % 10_000).collect();
    let account = Bulk::insert("account").column("id", &ids).column("shard", &shards).column("key", &keys);
    let account = account.column("name", &keys).column("employees", &employees);
    s.bulk(&account.same("created_at", 0).same("updated_at", 0))?;
    let people: Vec<i64> = s.reserve_ids("person", accounts * PEOPLE)?.collect();
    let homes: Vec<i64> = (0..people.len()).map(|n| ids[n / PEOPLE]).collect();
    let keys: Vec<String> = (0..people.len()).map(|n| format!("p-{n}")).collect();
    let shards: Vec<i64> = keys.iter().map(|key| Shard::of_key(key).0).collect();
    let emails: Vec<String> = keys.iter().map(|key| format!("{key}@example.com")).collect();
    let titles: Vec<&str> =
        (0..people.len()).map(|n| if n % PEOPLE == 0 { "Chief Officer" } else { "Clerk" }).collect();
    let person = Bulk::insert("person").column("id", &people).column("shard", &shards).column("key", &keys);
    let person = person.column("email", &emails).column("first_name", &keys).column("job_title", &titles);
    s.bulk(&person.same("created_at", 0).same("updated_at", 0))?;
    s.bulk(&Bulk::insert("account_person").column("account_id", &homes).column("person_id", &people))?;
    Ok(())
}

/// Every third account has a person who clicks, spread over the second week.
fn clicks(from: Timestamp, accounts: usize) -> Vec<ScriptedActivity> {
    (0..accounts)
        .step_by(3)
        .map(|n| ScriptedActivity {
            at: from + SignedDuration::from_hours(24 * 7) + SignedDuration::from_mins((n % 10_000) as i64),
            kind: "email_clicked".to_owned(),
            person_key: Some(format!("p-{}", n * PEOPLE + 3)),
            account_key: None,
            fields: serde_json::Map::new(),
        })
        .collect()
}
