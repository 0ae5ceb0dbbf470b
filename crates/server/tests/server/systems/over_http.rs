//! Other systems over the API of the real server: trying connections and destinations, pickers, audiences, external audiences
//! and their members, consents that end.

use caravan_testkit::Process;
use caravan_testkit::fakes::Fault;
use serde_json::{Value as Json, json};

use crate::support::{eventually, http, terminate};
use crate::systems::place::{ACCOUNTS, Kind, PEOPLE, Place};

/// A server over a furnished place, with a token of an administrator and one of a viewer.
struct Served {
    place: Place,
    server: Process,
    url: String,
    administrator: String,
    viewer: String,
}

impl Served {
    fn new(place: Place) -> Self {
        let token = |role: &str| {
            let made = place.does(&["token", "create", role, "--role", role, "--json"]).json();
            format!("Bearer {}", made["token"].as_str().expect("a token"))
        };
        let (administrator, viewer) = (token("administrator"), token("viewer"));
        let server = place.caravan(&["serve", "--json", "--listen", "127.0.0.1:0"]).start();
        let told: Json = serde_json::from_str(&server.wait_for_line("\"url\"", crate::support::SOON)).expect("JSON");
        let url = told["url"].as_str().expect("an address").to_owned();
        Self { place, server, url, administrator, viewer }
    }

    fn ask(&self, who: &str, method: &str, path: &str, body: &str) -> (u16, Json) {
        let headers = [("authorization", who), ("content-type", "application/json")];
        let (status, text) = http(method, &format!("{}/api/v1{path}", self.url), &headers, body);
        (status, serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    /// An administrator gets it.
    #[track_caller]
    fn get(&self, path: &str) -> Json {
        let (status, answer) = self.ask(&self.administrator, "GET", path, "");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// An administrator does it.
    #[track_caller]
    fn post(&self, path: &str, body: Json) -> Json {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.ask(&self.administrator, "POST", path, &body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Status and code of a refusal.
    fn refusal(&self, who: &str, method: &str, path: &str) -> (u16, Json) {
        let (status, answer) = self.ask(who, method, path, "");
        (status, answer["code"].clone())
    }

    fn ends(self) {
        terminate(self.server).expect_code(0);
    }
}

fn labels(choices: &Json) -> Vec<&str> {
    let data = choices["data"].as_array().expect("choices");
    data.iter().map(|choice| choice["label"].as_str().expect("a label")).collect()
}

fn message(tried: &Json) -> &str {
    tried["message"].as_str().expect("a sentence")
}

#[test]
fn connections_are_tried_and_pickers_offer_what_the_other_side_has_embedded() {
    connections_are_tried_and_pickers_offer_what_the_other_side_has(Kind::Embedded);
}

#[test]
fn connections_are_tried_and_pickers_offer_what_the_other_side_has_postgres() {
    connections_are_tried_and_pickers_offer_what_the_other_side_has(Kind::Postgres);
}

fn connections_are_tried_and_pickers_offer_what_the_other_side_has(kind: Kind) {
    let it = Served::new(Place::new(kind));
    let works = it.post("/connections/mkto/test", Json::Null);
    assert_eq!(works["ok"], true, "{works}");
    assert!(message(&works).contains("workspaces: Default"), "{works}");
    it.place.marketo.faults().plan("/folder/", 0, 1, Fault::CodeBefore("603"));
    let refused = it.post("/connections/mkto/test", Json::Null);
    assert_eq!(refused["ok"], false, "{refused}");
    assert!(message(&refused).contains("IP allow-list"), "{refused}");
    it.place.marketo.faults().clear();
    assert!(message(&it.post("/connections/linkedin/test", Json::Null)).contains("the consent holds until"));
    assert_eq!(it.refusal(&it.administrator, "POST", "/connections/nope/test").0, 404);
    assert_eq!(it.refusal(&it.viewer, "POST", "/connections/mkto/test").0, 403);

    let choices = |what: &str| it.get(&format!("/connections/mkto/choices/{what}"));
    assert_eq!(labels(&choices("lists")), ["VIP"]);
    assert_eq!(labels(&choices("workspaces")), ["Default"]);
    assert_eq!(labels(&choices("campaigns?within=Default")), ["Welcome"]);
    assert!(labels(&choices("campaigns?within=Elsewhere")).is_empty());
    let unknown = it.refusal(&it.administrator, "GET", "/connections/mkto/choices/pigeons");
    assert_eq!(unknown.0, 422, "{}", unknown.1);
    // What was read is kept until somebody asks for the newest, and when the other side is away.
    it.place.marketo.list(8, "Press");
    assert_eq!(labels(&choices("lists")), ["VIP"]);
    assert_eq!(labels(&choices("lists?refresh=true")), ["VIP", "Press"]);
    it.place.marketo.faults().plan("/lists", 0, 99, Fault::CodeBefore("713"));
    let older = choices("lists?refresh=true");
    assert_eq!(labels(&older), ["VIP", "Press"]);
    assert!(older["problem"].is_string(), "{older}");
    it.ends();
}

#[test]
fn destinations_and_their_audiences_are_shown_embedded() {
    destinations_and_their_audiences_are_shown(Kind::Embedded);
}

#[test]
fn destinations_and_their_audiences_are_shown_postgres() {
    destinations_and_their_audiences_are_shown(Kind::Postgres);
}

fn destinations_and_their_audiences_are_shown(kind: Kind) {
    let place = Place::new(kind);
    place.publish(
        "join",
        "  act: {type: action, on: account, action: activate_to_destination, destination: li, audience_name: Targets, next: null}\n",
    );
    let it = Served::new(place);
    let tried = it.post("/destinations/li/test", Json::Null);
    assert!(tried["ok"] == true && message(&tried).starts_with("Reached; "), "{tried}");
    let targets = || it.get("/destinations/li/audiences")["items"][0].clone();
    eventually("all accounts to be in", || targets()["accounts"] == ACCOUNTS && targets()["waiting"] == 0);
    let asked = it.post("/destinations/li/audiences/refresh", Json::Null)["items"][0].clone();
    assert_eq!(
        (&asked["name"], &asked["audience_size"], &asked["below_minimum"]),
        (&"Targets".into(), &880.into(), &false.into())
    );
    assert_eq!(it.refusal(&it.administrator, "GET", "/destinations/nope/audiences").0, 404);
    assert_eq!(it.ask(&it.viewer, "GET", "/destinations/li/audiences", "").0, 200);
    assert_eq!(it.refusal(&it.viewer, "POST", "/destinations/li/test").0, 403);
    assert_eq!(it.refusal(&it.viewer, "POST", "/destinations/li/audiences/refresh").0, 403);
    assert_eq!(it.refusal("Bearer nobody", "GET", "/destinations/li/audiences").0, 401);
    it.place.linkedin.faults().plan("/dmpSegments", 0, 99, Fault::CodeBefore("403"));
    let refused = it.post("/destinations/li/test", Json::Null);
    assert!(refused["ok"] == false && message(&refused).contains("Audiences program"), "{refused}");
    it.ends();
}

#[test]
fn people_are_put_into_an_external_audience_and_taken_out_by_hand_embedded() {
    people_are_put_into_an_external_audience_and_taken_out_by_hand(Kind::Embedded);
}

#[test]
fn people_are_put_into_an_external_audience_and_taken_out_by_hand_postgres() {
    people_are_put_into_an_external_audience_and_taken_out_by_hand(Kind::Postgres);
}

fn people_are_put_into_an_external_audience_and_taken_out_by_hand(kind: Kind) {
    let place = Place::new(kind);
    place.apply(
        "{kind: connection, key: out, type: folder, settings: {path: out}}\n---\n\
         {kind: destination, key: files, type: folder, connection: out, settings: {every: 1m}}\n---\n\
         {kind: external_audience, key: retarget, name: Retarget, destinations: [files]}\n",
    );
    let it = Served::new(place);
    let at_files = |what: &str| {
        it.place.hurry();
        it.get("/external_audiences/retarget/standing")["destinations"][0][what].clone()
    };
    it.post("/external_audiences/retarget/members", json!({"keys": ["p-0-0", "p-0-1", "p-1-0"]}));
    eventually("three to be handed over", || at_files("there") == 3 && at_files("pending") == 0);
    it.post("/external_audiences/retarget/members/removals", json!({"keys": ["p-0-0"]}));
    eventually("one to be taken out", || at_files("there") == 2 && at_files("pending") == 0);
    let held = |person: &str| it.get(&format!("/people/{person}/external_audiences"))["items"].clone();
    let there = held("p-0-1");
    let of = |name: &str| there[0][name].clone();
    assert_eq!((of("audience"), of("audience_name")), (json!("retarget"), json!("Retarget")), "{there}");
    assert_eq!((of("destination"), of("state")), (json!("files"), json!("there")), "{there}");
    assert_eq!(of("holds")["email"], "p-0-1@example.com", "{there}");
    assert!(of("told_at").is_string() && of("may_hold") == json!([]), "{there}");
    assert_eq!(held("p-0-0"), json!([]), "what was taken out is not there");
    let members = it.get("/external_audiences/retarget/members");
    let text = members.to_string();
    assert!(text.contains("p-0-1") && text.contains("p-1-0") && !text.contains("p-0-0"), "{text}");
    let all = json!({"when": {"not": {"person": "email", "is_empty": true}}});
    let added = it.post("/external_audiences/retarget/members", all);
    assert_eq!(added["changed"], ACCOUNTS * PEOPLE - 2, "{added}");
    eventually("everybody to be handed over", || at_files("there") == ACCOUNTS * PEOPLE);
    let (status, _) = it.ask(&it.viewer, "POST", "/external_audiences/retarget/members", r#"{"keys": ["p-0-0"]}"#);
    assert_eq!(status, 403);
    assert_eq!(it.refusal(&it.administrator, "GET", "/external_audiences/nope/standing").0, 404);
    let tried = it.post("/destinations/files/test", Json::Null);
    assert_eq!(tried["ok"], true, "{tried}");
    it.ends();
}

#[test]
fn a_consent_that_ends_soon_or_has_ended_stands_among_the_problems_embedded() {
    a_consent_that_ends_soon_stands_among_the_problems(Kind::Embedded);
}

#[test]
fn a_consent_that_ends_soon_or_has_ended_stands_among_the_problems_postgres() {
    a_consent_that_ends_soon_stands_among_the_problems(Kind::Postgres);
}

fn a_consent_that_ends_soon_stands_among_the_problems(kind: Kind) {
    let it = Served::new(Place::with_consent(kind, jiff::SignedDuration::from_hours(24 * 30)));
    let problem = || it.get("/problems")["items"][0].clone();
    eventually("the consent to be looked at", || problem()["code"] == "consent_ends_soon");
    assert_eq!(problem()["kind"], "consent");
    assert!(message(&problem()).contains("linkedin") || message(&problem()).contains("LinkedIn"), "{}", problem());
    it.place.linkedin.withdraw_consent();
    let tried = it.post("/connections/linkedin/test", Json::Null);
    assert!(tried["ok"] == false && message(&tried).contains("consent again"), "{tried}");
    it.ends();
}
