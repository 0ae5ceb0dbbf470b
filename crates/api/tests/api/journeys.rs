//! Journeys over HTTP: from the draft to the timelines of their travellers.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use caravan_engine::runtime;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::Api;

fn journey() -> Value {
    json!({
        "name": "Nurture", "subject": "account", "end": "2027-06-30T00:00:00Z", "audience": {"account_list": "all"}, "entry": "pause",
        "nodes": {
            "pause": {"type": "wait", "duration": "3d", "next": "mark"},
            "mark": {"type": "action", "on": "account", "action": "add_to_account_list", "list": "seen", "next": null},
        },
    })
}

/// Three accounts in a live list, and a journey in draft that takes them in.
async fn drafted() -> (Api, String) {
    let api = Api::new();
    let token = api.token("administrator");
    let csv = "key,name\na,Alder\nb,Birch\nc,Cedar\n";
    let imported = api.post("/api/v1/import/accounts").bearer(&token).text("text/csv", csv).send().await;
    assert_eq!(imported.json()["created"], 3);
    for (path, body) in [
        ("account_lists/all", json!({"type": "static", "accounts": ["a", "b", "c"], "state": "live"})),
        ("account_lists/seen", json!({"type": "static", "accounts": [], "state": "live"})),
        ("journeys/nurture", journey()),
    ] {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&body).send().await;
        assert_eq!(put.status, 201, "{path}: {}", put.text());
    }
    (api, token)
}

async fn run(api: &Api) {
    let engine = api.engine.clone();
    let run = move || runtime::run_until_idle(&engine, None, Duration::from_secs(30)).expect("a run");
    assert!(tokio::task::spawn_blocking(run).await.expect("it ends").idle);
}

#[tokio::test]
async fn a_journey_is_published_travelled_and_looked_at() {
    let (api, token) = drafted().await;
    let get = |path: &str| api.get(&format!("/api/v1/journeys{path}")).bearer(&token).send();
    let draft = get("/nurture/map").await.json();
    assert_eq!((&draft["version"], &draft["state"]), (&json!(null), &json!("draft")));
    let from_audience = draft["edges"].as_array().into_iter().flatten().filter(|edge| edge["from"] == "audience");
    assert_eq!(from_audience.count(), 1, "one way in is drawn once: {}", draft["edges"]);
    let published = api.post("/api/v1/journeys/nurture/publish").bearer(&token).send().await;
    assert_eq!(published.status, 200, "{}", published.text());
    run(&api).await;

    let status = get("/nurture/status").await.json();
    assert_eq!((&status["state"], &status["travellers"]["active"]), (&json!("live"), &json!(3)), "{status}");
    assert_eq!(status["nodes"]["pause"]["current"], 3);
    let row = &get("?q=NURT").await.json()["items"][0];
    assert_eq!((&row["version"], &row["travellers"]["entered"]), (&json!(1), &json!(3)));
    assert!(row["published_by"].as_str().is_some_and(|by| by.starts_with("token:")));
    assert_eq!(get("?q=other").await.json()["items"], json!([]));

    let page = get("/nurture/nodes/pause/travellers?limit=2").await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    let cursor = page["next_cursor"].as_str().expect("a third").to_owned();
    let rest = get(&format!("/nurture/nodes/pause/travellers?limit=2&cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));

    let id = page["items"][0]["id"].as_str().expect("a trip").to_owned();
    let skipped = api.post(&format!("/api/v1/journeys/nurture/travellers/{id}/skip")).bearer(&token).send().await;
    assert_eq!(skipped.status, 204, "{}", skipped.text());
    run(&api).await;
    let timeline = get(&format!("/nurture/travellers/{id}/timeline")).await.json();
    assert_eq!((&timeline["state"], &timeline["outcome"]), (&json!("ended"), &json!("completed")), "{timeline}");
    let acted = timeline["items"].as_array().expect("items").iter().find(|it| it["kind"] == "acted").expect("it acted");
    assert_ne!(acted["title"], acted["node"], "the card's title, not its name in the manifest");
    let ended = get("/nurture/travellers?state=ended").await.json();
    assert_eq!(ended["items"][0]["id"], id.as_str());
    assert!(ended["items"][0]["ended_at"].is_string());
    let account = api.get("/api/v1/accounts/a").bearer(&token).send().await.json();
    assert_eq!((&account["lists"], &account["journeys"][0]["name"]), (&json!(["all", "seen"]), &json!("Nurture")));
}

#[tokio::test]
async fn figures_tell_a_journey_day_by_day_and_of_a_time() {
    let (api, token) = drafted().await;
    let get = |path: &str| api.get(&format!("/api/v1/journeys{path}")).bearer(&token).send();
    let draft = get("/nurture/figures").await.json();
    assert_eq!((&draft["entered"], &draft["days"], &draft["versions"]), (&json!(0), &json!([]), &json!([])), "{draft}");
    assert_eq!(
        (&draft["completion_rate"], &draft["duration"], &draft["goal"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    api.post("/api/v1/journeys/nurture/publish").bearer(&token).send().await;
    run(&api).await;
    api.clock.advance_to("2026-12-04T09:00:00Z".parse().expect("a time"));
    run(&api).await;

    let all = get("/nurture/figures").await.json();
    assert_eq!(
        (&all["entered"], &all["completed"], &all["completion_rate"]),
        (&json!(3), &json!(3), &json!(1.0)),
        "{all}"
    );
    let three_days = 3 * 86_400;
    assert_eq!(all["duration"], json!({"median_seconds": three_days, "p90_seconds": three_days}));
    let day = |day: &str, entered: i64, completed: i64| json!({"day": day, "entered": entered, "completed": completed});
    let days = [day("2026-12-01", 3, 0), day("2026-12-02", 0, 0), day("2026-12-03", 0, 0), day("2026-12-04", 0, 3)];
    assert_eq!(all["days"], json!(days));
    assert_eq!((&all["versions"][0]["version"], &all["versions"][0]["completed"]), (&json!(1), &json!(3)));
    let engagement = json!({"accounts": 3, "engaged_accounts": 0, "people": 0, "engaged_people": 0});
    assert_eq!((&all["engagement"], &all["variants"]), (&engagement, &json!([])));

    let later = get("/nurture/figures?from=2026-12-02T00:00:00Z").await.json();
    assert_eq!((&later["entered"], &later["days"]), (&json!(0), &json!([day("2026-12-04", 0, 3)])), "{later}");
    let earlier = get("/nurture/figures?until=2026-12-02T00:00:00Z").await.json();
    assert_eq!((&earlier["completed"], &earlier["days"]), (&json!(3), &json!([day("2026-12-01", 3, 0)])), "{earlier}");
    assert_eq!(get("/nurture/figures?from=yesterday").await.refusal().0, 400);
    assert_eq!(get("/nowhere/figures").await.refusal().0, 404);
    assert_eq!(api.get("/api/v1/journeys/nurture/figures").send().await.refusal().0, 401);
}

#[tokio::test]
async fn travellers_enter_and_leave_by_hand_and_states_refuse_what_they_cannot_do() {
    let (api, token) = drafted().await;
    let post = |path: &str| api.post(&format!("/api/v1/journeys/nurture/{path}")).bearer(&token);
    let early = post("travellers").json(&json!({"account": "a"})).send().await;
    assert_eq!(early.refusal(), (422, "invalid_input".to_owned()));
    assert_eq!(early.json()["errors"][0]["code"], "wrong_state");
    assert_eq!(post("close").send().await.json()["errors"][0]["code"], "wrong_state");
    post("publish").send().await;
    run(&api).await;
    assert_eq!(post("travellers").json(&json!({"account": "zz"})).send().await.refusal().0, 404);
    assert_eq!(post("travellers").json(&json!({})).send().await.refusal(), (400, "invalid_field".to_owned()));
    let put = api.call("PUT", "/api/v1/accounts/d").bearer(&token).json(&json!({"name": "Dogwood"})).send().await;
    assert_eq!(put.status, 201);
    assert_eq!(post("travellers").json(&json!({"account": "d"})).send().await.status, 204);
    run(&api).await;
    let all = api.get("/api/v1/journeys/nurture/travellers").bearer(&token).send().await.json();
    let dogwood = all["items"].as_array().expect("items").iter().find(|it| it["traveller"]["key"] == "d");
    let id = dogwood.expect("it entered")["id"].as_str().expect("an id").to_owned();
    let removed = api.call("DELETE", &format!("/api/v1/journeys/nurture/travellers/{id}")).bearer(&token).send().await;
    assert_eq!(removed.status, 204);
    run(&api).await;
    let status = api.get("/api/v1/journeys/nurture/status").bearer(&token).send().await.json();
    assert_eq!((&status["travellers"]["removed"], &status["travellers"]["active"]), (&json!(1), &json!(3)));
    assert_eq!(post("pause").send().await.json()["paused"], true);
    assert_eq!(post("resume").send().await.json()["paused"], false);
    assert_eq!(post("abort").send().await.json()["state"], "aborted");
}

#[tokio::test]
async fn a_draft_that_cannot_be_published_says_why_and_at_which_node() {
    let (api, token) = drafted().await;
    let mut broken = journey();
    broken["nodes"]["pause"]["next"] = json!("nowhere");
    let put = api.call("PUT", "/api/v1/journeys/nurture?incomplete=true").bearer(&token).json(&broken).send().await;
    assert_eq!(put.status, 200, "{}", put.text());
    let refused = api.post("/api/v1/journeys/nurture/publish").bearer(&token).send().await;
    assert_eq!(refused.refusal(), (422, "invalid_input".to_owned()));
    let errors = refused.json()["errors"].clone();
    assert!(errors.as_array().is_some_and(|all| all.iter().any(|it| it["node"] == "pause")), "{errors}");
}

#[tokio::test]
async fn an_unfinished_draft_is_kept_and_told_what_it_lacks_without_publishing() {
    let (api, token) = drafted().await;
    let mut unfinished = journey();
    unfinished["nodes"]["pause"]["next"] = json!("what");
    unfinished["nodes"]["what"] = json!({"type": "action", "on": "people", "action": "", "next": "mail"});
    unfinished["nodes"]["mail"] =
        json!({"type": "action", "on": "people", "action": "send_email", "email": "unwritten", "next": null});
    let put = api.call("PUT", "/api/v1/journeys/nurture?incomplete=true").bearer(&token).json(&unfinished);
    let kept = put.send().await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    let found = api.get("/api/v1/journeys/nurture/findings").bearer(&token).send().await.json();
    let told: Vec<_> = found["items"].as_array().expect("items").iter().map(|it| (&it["node"], &it["code"])).collect();
    assert!(told.contains(&(&json!("what"), &json!("missing_field"))), "{told:?}");
    let manifest = api.get("/api/v1/journeys/nurture").bearer(&token).send().await.json();
    assert_eq!(manifest["nodes"]["mail"]["email"], "unwritten");
    let unknown = api.get("/api/v1/journeys/none/findings").bearer(&token).send().await;
    assert_eq!(unknown.refusal().0, 404);
}

#[tokio::test]
async fn versions_are_listed_and_each_tells_what_it_said() {
    let (api, token) = drafted().await;
    let none = api.get("/api/v1/journeys/nurture/versions").bearer(&token).send().await.json();
    assert_eq!(none["items"], json!([]));
    let published = api.post("/api/v1/journeys/nurture/publish").bearer(&token).send().await;
    assert_eq!(published.status, 200, "{}", published.text());
    let mut next = journey();
    next["nodes"]["pause"]["duration"] = json!("9d");
    let put = api.call("PUT", "/api/v1/journeys/nurture").bearer(&token).json(&next).send().await;
    assert_eq!(put.status, 200, "{}", put.text());
    let versions = api.get("/api/v1/journeys/nurture/versions").bearer(&token).send().await.json();
    let first = &versions["items"][0];
    assert_eq!((&first["number"], &first["live"]), (&json!(1), &json!(true)), "{versions}");
    let duration = async |version: &str| {
        let path = format!("/api/v1/journeys/nurture/versions/{version}");
        api.get(&path).bearer(&token).send().await.json()["nodes"]["pause"]["duration"].clone()
    };
    assert_eq!(
        (duration("1").await, duration("draft").await),
        (journey()["nodes"]["pause"]["duration"].clone(), json!("9d"))
    );
    let unknown = api.get("/api/v1/journeys/nurture/versions/7").bearer(&token).send().await;
    assert_eq!(unknown.refusal().0, 404);
    let bad = api.get("/api/v1/journeys/nurture/versions/first").bearer(&token).send().await;
    assert_eq!(bad.refusal(), (400, "bad_version".to_owned()));
}

#[tokio::test]
async fn a_wait_tells_when_somebody_arriving_now_would_leave() {
    let (api, token) = drafted().await;
    let ask = async |wait: serde_json::Value| api.post("/api/v1/waits/preview").bearer(&token).json(&wait).send().await;
    // Tuesday, 1 December 2026, 09:00 UTC.
    let weekdays = json!({"days": ["mon", "tue", "wed", "thu", "fri"], "time": "09:00", "zone": "Europe/Berlin"});
    let told = ask(json!({"duration": "4d", "must_end_on": weekdays})).await.json();
    assert_eq!((&told["ends_at"], &told["own_zone"]), (&json!("2026-12-07T08:00:00Z"), &json!(false)), "{told}");
    let own = ask(json!({"duration": "1h", "must_end_on": {"time": "09:00", "zone": "own"}})).await.json();
    assert_eq!(own["own_zone"], true, "{own}");
    let past = ask(json!({"until": "2020-01-01T00:00:00Z"})).await.json();
    assert_eq!(past["ends_at"], past["now"]);
    let wrong = ask(json!({"duration": "soon"})).await;
    assert_eq!(wrong.refusal().0, 422);
}

#[tokio::test]
async fn a_copy_is_a_draft_of_its_own_and_a_simulation_leaves_the_store_alone() {
    let (api, token) = drafted().await;
    let copy = json!({"key": "second", "name": "Second"});
    let made = api.post("/api/v1/journeys/nurture/duplicate").bearer(&token).json(&copy).send().await;
    assert_eq!((made.status.as_u16(), &made.json()["name"]), (201, &json!("Second")), "{}", made.text());
    let twice = api.post("/api/v1/journeys/nurture/duplicate").bearer(&token).json(&copy).send().await;
    assert_eq!(twice.refusal(), (409, "exists_already".to_owned()));
    let span = json!({"from": "2026-12-01T09:00:00Z", "until": "2026-12-31T00:00:00Z"});
    let report = api.post("/api/v1/journeys/second/simulate").bearer(&token).json(&span).send().await;
    assert_eq!(
        (report.status.as_u16(), &report.json()["travellers"]["completed"]),
        (200, &json!(3)),
        "{}",
        report.text()
    );
    let followed = json!({"from": span["from"], "until": span["until"], "follow": "a", "samples": 1});
    let followed = api.post("/api/v1/journeys/second/simulate").bearer(&token).json(&followed).send().await.json();
    let steps = followed["timeline"].as_array().expect("steps");
    assert!(!steps.is_empty() && steps.iter().all(|it| it["traveller"] == "a"), "{steps:?}");
    let status = api.get("/api/v1/journeys/second/status").bearer(&token).send().await.json();
    assert_eq!((&status["state"], &status["travellers"]["entered"]), (&json!("draft"), &json!(0)));
}

#[tokio::test]
async fn the_stream_tells_the_counts_at_once_and_each_change() {
    let (api, token) = drafted().await;
    let request =
        Request::get("/api/v1/events/stream?journey=nurture").header("authorization", format!("Bearer {token}"));
    let response = api.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("a reply");
    assert!(response.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/event-stream")));
    let mut pieces = response.into_body().into_data_stream();
    let first = String::from_utf8(pieces.next().await.expect("an event").expect("bytes").to_vec()).expect("text");
    assert!(first.starts_with("event: status\ndata: {") && first.contains("\"state\":\"draft\""), "{first}");
    api.post("/api/v1/journeys/nurture/publish").bearer(&token).send().await;
    let next = tokio::time::timeout(Duration::from_secs(10), pieces.next()).await.expect("a change in time");
    let next = String::from_utf8(next.expect("an event").expect("bytes").to_vec()).expect("text");
    assert!(next.contains("\"state\":\"live\""), "{next}");
    let unknown = api.get("/api/v1/events/stream?journey=none").bearer(&token).send().await;
    assert_eq!(unknown.refusal().0, 404);
}

#[tokio::test]
async fn whoever_stops_a_journey_is_told_who_sends_travellers_there() {
    let (api, token) = drafted().await;
    let send = |verb: &str| api.post(&format!("/api/v1/journeys/{verb}")).bearer(&token).send();
    assert_eq!(send("nurture/publish").await.status, 200);
    let mut feeding = journey();
    feeding["nodes"]["mark"] =
        json!({"type": "action", "on": "account", "action": "add_to_journey", "journey": "nurture", "next": null});
    let put = api.call("PUT", "/api/v1/journeys/feeding").bearer(&token).json(&feeding).send().await;
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(send("feeding/publish").await.status, 200);
    let fed_by = json!([{"journey": "feeding", "nodes": ["mark"]}]);
    let before = api.get("/api/v1/journeys/nurture/feeders").bearer(&token).send().await.json();
    assert_eq!(before["items"], fed_by);
    let review = api.get("/api/v1/journeys/nurture/review").bearer(&token).send().await.json();
    assert_eq!(review["fed_by"], fed_by);
    let closed = send("nurture/close").await.json();
    assert_eq!((&closed["state"], &closed["warnings"][0]["code"]), (&json!("closed"), &json!("journey_is_fed")));
    let aborted = send("feeding/abort").await.json();
    assert_eq!((&aborted["state"], &aborted["warnings"]), (&json!("aborted"), &json!([])));
    assert_eq!(send("nurture/abort").await.json()["warnings"], json!([]), "nobody sends any more");
    let unknown = api.get("/api/v1/journeys/none/feeders").bearer(&token).send().await;
    assert_eq!(unknown.refusal().0, 404);
}

#[tokio::test]
async fn without_problems_there_is_nothing_to_settle() {
    let (api, token) = drafted().await;
    let list = api.get("/api/v1/problems?journey=nurture").bearer(&token).send().await.json();
    assert_eq!(list["items"], json!([]));
    for path in ["enr_1/retry", "enr_1/skip", "eff_1/retry", "eff_1/skip", "nonsense/retry"] {
        let reply = api.post(&format!("/api/v1/problems/{path}")).bearer(&token).send().await;
        assert_eq!(reply.refusal().0, 404, "{path}");
    }
}
