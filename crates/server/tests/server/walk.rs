//! The walk: real input comes in, journeys with every node and every action are published and run by the real binary
//! against a real mail server, and everything that can be counted is held against a calculation of its own.

mod bad_input;
mod expected;
mod figures;
mod input;
mod killed;
mod mail;
mod place;
mod stage;

use std::process::Command;
use std::time::Duration;

use caravan_testkit::{Received, Smtp, wait_for_http};
use jiff::SignedDuration;

use expected::Expected;
use figures::Figures;
use input::World;
use place::{Kind, Place, request, text};
use stage::{JOURNEYS, Times};

#[test]
fn the_walk_embedded() {
    the_walk(Kind::Embedded);
}

#[test]
fn the_walk_postgres() {
    the_walk(Kind::Postgres);
}

fn the_walk(kind: Kind) {
    let (world, place, smtp) = (World::new(60), Place::new(kind), Smtp::start());
    let expected = Expected::of(&world);
    every_node_is_reached_in(&expected);
    let times = Times::from_now();
    stage::set(&place, &world, smtp.port, &times);
    place.does(&[&["journey", "publish"], JOURNEYS.as_slice()].concat());
    let began = times.now();
    place.runs();
    assert_eq!(place.figures("nurture").get("heard current"), world.large().len() as i64, "all of them listen");
    follow_links(&place, &world, &smtp.messages());
    let activities = stage::let_things_happen(&place, &world, &times, began);
    stage::run_to(&place, &expected, Figures::differences);

    let arrived = mail::sorted(&smtp.messages(), &world, place.port);
    assert_eq!(mail::beyond(&expected.mails, &arrived.mails), [], "did not arrive");
    assert_eq!(mail::beyond(&arrived.mails, &expected.mails), [], "should not have arrived");
    assert_eq!(arrived.alerts, expected.alerts);
    assert!(arrived.keys.values().all(|times| *times == 1), "{:?}", arrived.keys);
    stage::check_data(&place, &world, &expected);
    an_export_changes_nothing(&place);
    the_simulation_says_the_same(kind, &world, &smtp, &times, began, &activities);
}

/// Otherwise the walk would prove less than it says.
fn every_node_is_reached_in(expected: &Expected) {
    let manifest: Vec<&str> = stage::MANIFEST.split("---\n").filter(|d| d.contains("kind: journey")).collect();
    assert_eq!(manifest.len(), JOURNEYS.len());
    for (document, journey) in manifest.iter().zip(JOURNEYS) {
        let figures = &expected.journeys[journey];
        let nodes = document.lines().skip_while(|line| *line != "nodes:").skip(1);
        let nodes = nodes.filter_map(|line| line.strip_prefix("  ")?.split_once(':').map(|(id, _)| id));
        let nodes = nodes.filter(|id| !id.starts_with([' ', '#']) && *id != "late");
        let idle: Vec<&str> = nodes.filter(|id| figures.get(&format!("{id} reached")) == 0).collect();
        assert_eq!(idle, Vec::<&str>::new(), "nobody comes to these nodes of {journey}");
    }
}

/// A click in a mail moves its account, and the one-click way out takes its person out.
fn follow_links(place: &Place, world: &World, messages: &[Received]) {
    let listen = format!("127.0.0.1:{}", place.port);
    let serve = place.caravan(&["serve", "--listen", &listen]).start();
    wait_for_http(place.port, "/readyz", Duration::from_secs(30));
    let (_, clicker) = world.clicker.expect("somebody clicks");
    let mail_to = |person: usize, email: &str| {
        let address = world.people[person].email.as_deref().expect("an address");
        let fits =
            |m: &&Received| m.rcpt_to == [address] && m.header("Feedback-ID").is_some_and(|id| id.starts_with(email));
        messages.iter().find(fits).unwrap_or_else(|| panic!("no {email} for {address}"))
    };
    let html = mail_to(clicker, "welcome").html.clone().expect("a design");
    let links = html.split('"').filter(|part| part.contains("/t/c/"));
    // Whoever only looks where links lead has not followed them; several followed at once would be a machine's.
    let mut links = links.filter(|link| {
        let answer = request("HEAD", link, &[], "");
        (300..400).contains(&answer.status) && answer.header("location") == Some("https://acme.example/tour?from=mail")
    });
    let tour = links.next().unwrap_or_else(|| panic!("no link leads to the tour:\n{html}"));
    assert_eq!(request("GET", tour, &[], "").status, 302);
    let leaver = world.leaver.expect("somebody leaves");
    let way_out = mail_to(leaver, "greeting").header("List-Unsubscribe").expect("a way out").trim_matches(['<', '>']);
    let form = "Content-Type: application/x-www-form-urlencoded";
    let answer = request("POST", way_out, &[form], "List-Unsubscribe=One-Click");
    assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.body);
    stage::poll(Duration::from_secs(20), "the click to be heard", || {
        place.figures("nurture").get("engaged reached") == 1
    });
    let term = Command::new("kill").args(["-TERM", &serve.id().to_string()]).status();
    assert!(term.is_ok_and(|status| status.success()));
    serve.finish(Duration::from_secs(30)).expect_code(0);
}

fn an_export_changes_nothing(place: &Place) {
    let export = place.file("export.yaml", place.does(&["export"]).stdout);
    let report = place.does(&["apply", "-f", text(&export), "--json"]).json();
    assert_eq!(
        (report["created"].as_array(), report["changed"].as_array()),
        (Some(&vec![]), Some(&vec![])),
        "{report:#}"
    );
}

/// The journeys whose trips no other journey ends give the same paths in virtual time, on a store of their own.
fn the_simulation_says_the_same(
    kind: Kind,
    world: &World,
    smtp: &Smtp,
    times: &Times,
    began: jiff::Timestamp,
    activities: &std::path::Path,
) {
    let (place, sent) = (Place::new(kind), smtp.messages().len());
    stage::set(&place, world, smtp.port, times);
    place.does(&["journey", "publish", "follow-up", "handed", "onboarding"]);
    let (account, person) = world.clicker.expect("somebody clicks");
    let click = serde_json::json!({
        "type": "email_clicked", "at": began + SignedDuration::from_secs(5), "email": "welcome",
        "person_key": world.people[person].key, "account_key": world.accounts[account].key,
    });
    let script = std::fs::read_to_string(activities).expect("the activities") + &format!("{click}\n");
    let script = place.file("script.jsonl", script);
    let (from, until) = (began.to_string(), (began + SignedDuration::from_mins(10)).to_string());
    for journey in ["nurture", "clock"] {
        let args = ["simulate", journey, "--from", &from, "--until", &until, "--activities", text(&script), "--json"];
        let said = Figures::read(&place.does(&args).json());
        let expected = Expected::of(world);
        // What an action says of another journey depends on that journey, which stands still here.
        let elsewhere =
            |what: &str| ["leave ", "handover ", "invite ", "uninvite "].iter().any(|node| what.starts_with(node));
        let outcome = |what: &str| !["reached", "left", "ended"].contains(&what.rsplit(' ').next().unwrap_or_default());
        let comparable = |figures: Figures| figures.without(|what| elsewhere(what) && outcome(what));
        let expected = comparable(expected.journeys[journey].clone());
        assert_eq!(expected.differences(&comparable(said)), Vec::<String>::new(), "simulated {journey}");
    }
    assert_eq!(smtp.messages().len(), sent, "a simulation sends nothing");
}
