//! Bad input and a bad world through the real binary. Mistakes in manifests, import files and tokens are proved where
//! the command line is; here stands what takes a whole walk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caravan_engine::deliver::lane_problems;
use caravan_testkit::Smtp;

use crate::walk::place::{Kind, Place, text};
use crate::walk::stage::poll;

/// A few people of one account get one mail.
const MANIFEST: &str = "
{kind: settings, organisation: Acme, time_zone: UTC}
---
{kind: connection, key: mail, type: smtp, settings: {host: 127.0.0.1, port: @PORT@, security: none, from: {name: Acme, email: news@acme.example}}}
---
{kind: email, key: hello, connection: mail, subject: \"Hello {{ person.first_name }}\", body: {html: \"<p>Hello.</p>\"}}
---
{kind: account_list, key: all, type: static, accounts: [A], state: live}
---
{kind: journey, key: greet, subject: account, audience: {account_list: all}, end: @END@, entry: hello, nodes: {hello: {type: action, on: people, action: send_email, email: hello, next: null}}}
";

#[test]
fn nothing_is_lost_while_the_mail_server_is_away_embedded() {
    nothing_is_lost_while_the_mail_server_is_away(Kind::Embedded);
}

#[test]
fn nothing_is_lost_while_the_mail_server_is_away_postgres() {
    nothing_is_lost_while_the_mail_server_is_away(Kind::Postgres);
}

fn nothing_is_lost_while_the_mail_server_is_away(kind: Kind) {
    let (place, mut smtp) = (Place::new(kind), Smtp::start());
    smtp.stop();
    let people: Vec<String> = (0..40).map(|n| format!("p-{n},p{n}@mail.example,Person {n},A\n")).collect();
    place.imports("accounts", &place.file("accounts.csv", "key,name\nA,Alder\n"), &[]);
    let people = format!("key,email,first_name,account_key\n{}", people.concat());
    place.imports("people", &place.file("people.csv", people), &[]);
    let end = caravan_model::Clock::System.now() + jiff::SignedDuration::from_hours(24);
    let manifest = MANIFEST.replace("@PORT@", &smtp.port.to_string()).replace("@END@", &end.to_string());
    place.does(&["apply", "-f", text(&place.file("manifest.yaml", manifest))]);
    place.does(&["journey", "publish", "greet"]);

    let report = place.runs();
    assert_eq!((&report["effects"], &report["retried_later"]), (&0.into(), &40.into()), "{report:#}");
    let figures = place.figures("greet");
    assert_eq!(
        (figures.get("trips completed"), figures.get("hello pending")),
        (1, 40),
        "the trip does not wait for it"
    );
    let problems = place.store().read(lane_problems).expect("problems");
    let [problem] = problems.as_slice() else { panic!("one lane cannot get out: {problems:?}") };
    assert!(problem.pending == 40 && problem.message.contains("127.0.0.1"), "{problem:?}");

    smtp.restart();
    poll(Duration::from_secs(90), "the mail to get out", || {
        place.runs();
        place.figures("greet").get("hello pending") == 0
    });
    assert_eq!(place.figures("greet").get("hello done"), 40);
    let messages = smtp.messages();
    let reached: BTreeSet<&str> = messages.iter().flat_map(|m| &m.rcpt_to).map(String::as_str).collect();
    assert_eq!((messages.len(), reached.len()), (40, 40));
    assert!(place.store().read(lane_problems).expect("problems").is_empty(), "the problem is over");
}

/// The list of companies that the project was asked to take; it is not part of the project.
#[test]
fn the_real_list_of_companies_is_taken_whole() {
    let Some(list) = real_list() else { return };
    let place = Place::new(Kind::Embedded);
    let map = ["--map", "Symbol=key", "--map", "Security=name", "--map", "GICS Sector=industry"];
    let more =
        ["--map", "Headquarters Location=city", "--map", "GICS Sub-Industry=description", "--map", "CIK=sic_code"];
    let report = place.imports("accounts", &list, &[map.as_slice(), more.as_slice()].concat());
    let rows = csv::Reader::from_path(&list).expect("the list").records().count();
    assert_eq!((&report["read"], &report["created"]), (&rows.into(), &rows.into()), "{report:#}");
    let names = place.pairs("SELECT name, id FROM account WHERE key = 'AOS'");
    assert_eq!(names[0].0, "A. O. Smith");
}

fn real_list() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.map(|folder| folder.join("shared/data/sp500-accounts.csv")).find(|list| list.exists())
}
