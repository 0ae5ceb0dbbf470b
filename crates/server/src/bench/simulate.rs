//! Scenario `simulate`: ninety virtual days of a journey of twelve nodes, for accounts with ten people each, of which every
//! third has somebody who clicks in the second week.
//!
//! A simulation runs on an embedded copy, whatever the store; copying is part of the time.

use std::time::Duration;

use anyhow::ensure;
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::simulate::{ScriptedActivity, SimulateRequest, Simulated, simulate};
use caravan_engine::{Engine, runtime};
use caravan_model::Clock;
use jiff::{SignedDuration, Timestamp};

use super::meter::{Meter, peak_memory_bytes};
use super::{Measured, Scratch, book};

const MANIFEST: &str = r#"
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
body: {html: "<p>Welcome, {{ person.first_name | default('you') }} of {{ account.name }}.</p><p><a href='https://acme.example/tour'>The tour</a></p>"}
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
      - {label: Large, when: {account: employees, at_least: 2500}, next: warm}
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

/// When it begins.
const BEGIN: &str = "2026-12-01T09:00:00Z";
/// Virtual time.
const DAYS: i64 = 90;

/// Simulates the journey for `accounts` accounts.
pub fn measure(database: Option<&str>, accounts: u64) -> anyhow::Result<Measured> {
    let from: Timestamp = BEGIN.parse()?;
    let scratch = Scratch::make(database, Clock::manual(from))?;
    let engine = Engine::new(scratch.store().clone());
    book::fill(scratch.store(), accounts)?;
    apply(&engine, &[("bench".to_owned(), MANIFEST.to_owned())], "bench", ApplyOptions::default())?;
    ensure!(runtime::run_until_idle(&engine, None, Duration::from_secs(600))?.idle, "the list was not filled in time");
    scratch.settle()?;

    let meter = Meter::start();
    let until = from + SignedDuration::from_hours(24 * DAYS);
    let journey = Simulated::Stored("nurture".to_owned());
    let request = SimulateRequest { activities: clicks(from, accounts), ..SimulateRequest::new(journey, from, until) };
    let report = simulate(&engine, request)?;
    let (seconds, cpu) = (meter.seconds(), meter.cpu());
    let (entered, completed) = (report.travellers.entered, report.travellers.completed);
    ensure!(entered as u64 == accounts && completed == entered, "{completed} of {entered} came to the end");
    let transitions: i64 = report.nodes.values().map(|node| node.left).sum();
    let messages: i64 = report.messages.email.values().sum();
    Ok(Measured {
        scenario: "simulate",
        store: scratch.kind(),
        travellers: accounts,
        simulated_days: Some(DAYS as f64),
        transitions_per_s: Some(transitions as f64 / seconds),
        messages_per_s: Some(messages as f64 / seconds),
        cpu_share: Some(cpu / seconds),
        peak_memory_bytes: peak_memory_bytes(),
        seconds,
        ..Measured::default()
    })
}

/// In every third account somebody clicks, a minute after the one before, from the eighth day on.
fn clicks(from: Timestamp, accounts: u64) -> Vec<ScriptedActivity> {
    let click = |n: u64| ScriptedActivity {
        at: from + SignedDuration::from_hours(24 * 7) + SignedDuration::from_mins((n % 10_000) as i64),
        kind: "email_clicked".to_owned(),
        person_key: Some(format!("person-{}", n * book::PEOPLE + 3)),
        account_key: None,
        fields: serde_json::Map::new(),
    };
    (0..accounts).step_by(3).map(click).collect()
}
