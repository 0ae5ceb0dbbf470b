//! Clicking through the app without the real systems: what the how-to promises holds.

use std::time::Duration;

use caravan_testkit::by_hand::{ByHand, Options};
use caravan_testkit::{free_port, http};
use serde_json::Value as Json;

use crate::support::{Folder, eventually, eventually_within, terminate};

/// Changes are gathered for a minute before a file is handed over.
const ROUND: Duration = Duration::from_secs(150);

const JOURNEY: &str = "\
kind: account_list
key: all
type: dynamic
when: {not: {account: name, is_empty: true}}
state: live
---
kind: journey
key: try
subject: account
audience: {account_list: all}
end: 2028-06-30T00:00:00Z
entry: ask
nodes:
  ask: {type: external_action, on: account, service: fake-enrichment, next: route, failed: {next: null}}
  route:
    type: external_split
    by: account
    service: fake-routing
    paths: [{label: Gold, when: {score: {at_least: 80}}, next: list}]
    other: {next: null}
    failed: {next: null}
  list: {type: action, on: people, action: marketo_add_to_list, connection: fake-marketo, list: Customers, next: fill}
  fill: {type: action, on: people, action: add_to_external_audience, audience: fake-audience, next: ad}
  ad: {type: action, on: account, action: activate_to_destination, destination: fake-linkedin-ads, audience_name: Targets, next: null}
";

#[test]
fn a_journey_through_all_fakes_ends_with_what_it_should_have_caused_in_each() {
    let (folder, port) = (Folder::new(), free_port());
    let caravan = format!("127.0.0.1:{port}");
    let fakes =
        ByHand::start(&Options { caravan: caravan.clone(), public_url: format!("http://{caravan}"), first_port: 0 });
    let settings = fakes.write_settings(&folder.path("fakes")).expect("settings");
    let network = "--allow-network 127.0.0.0/8";
    folder.done(&format!("apply -f {}", settings.display()));
    let tested = folder.done(&format!("connection test {network}")).stdout;
    assert_eq!(tested.lines().filter(|line| line.starts_with("ok")).count(), 5, "{tested}");
    folder.done(&format!("destination test {network}"));
    let desk = fakes.addresses()[0].1.trim_start_matches("http://").to_owned();
    let secret = folder.done("webhook secret fake-receiver").stdout;
    assert_eq!(http::post_json(&desk, "/webhook_secret", &[], &secret).expect("an answer").0, 200);
    folder.done(&format!("connection test fake-receiver --kind webhook {network}"));
    folder.done(&format!("connection register fake-enrichment fake-routing {network}"));

    folder.file("accounts.csv", "key,name,website\na,Acme,acme.example\n");
    folder.file("people.csv", "key,email,account_key\np,ann@acme.example,a\nq,nobody@acme.example,a\n");
    folder.file("journey.yaml", JOURNEY);
    folder.done("import accounts accounts.csv");
    folder.done("import people people.csv");
    folder.done("apply -f journey.yaml");
    folder.done("journey publish try");
    let served = folder.program(&format!("serve {network} --listen {caravan} --public-url http://{caravan}")).start();
    let held = || -> Json { serde_json::from_str(&http::get(&desk, "/").expect("an answer").1).expect("JSON") };
    eventually("the company to be in its audience", || held()["linkedin"][0]["companies"][0]["companyName"] == "Acme");
    let people = serde_json::json!(["ann@acme.example", "nobody@acme.example"]);
    eventually_within(ROUND, "the platform to have read both people", || held()["platform"][0]["people"] == people);
    let of = |held: &Json, kind: &str| -> usize {
        held["receiver"]["taken"].as_array().into_iter().flatten().filter(|it| it["type"] == kind).count()
    };
    eventually("the receiver to be told of both", || of(&held(), "external_audience_joined") == 2);
    let is_of = |folder: &'static str| move |key: &Json| key.as_str().is_some_and(|key| key.starts_with(folder));
    let lie =
        |folder: &'static str| held()["s3"].as_array().into_iter().flatten().filter(|key| is_of(folder)(key)).count();
    eventually_within(ROUND, "the file and its manifest to lie in the bucket", || lie("fake-audience/") == 2);
    assert_eq!(lie("platform/"), 1);
    let held = held();
    assert_eq!(held["receiver"]["refused"], serde_json::json!([]), "{held}");
    assert_eq!(held["marketo"]["people"].as_array().map(Vec::len), Some(1), "nobody is not known: {held}");
    assert_eq!(held["marketo"]["lists"][1]["members"][0], held["marketo"]["people"][0]["id"], "{held}");
    assert_eq!(held["routing"].as_array().map(Vec::len), Some(1), "{held}");
    let industries = &held["linkedin"][0]["companies"][0]["industries"];
    assert_eq!(industries, &serde_json::json!(["Software"]), "what the service found out");
    terminate(served).expect_code(0);
}
