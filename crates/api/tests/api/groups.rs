//! Buying groups over HTTP, on both stores.

use caravan_engine::runtime;
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::Api;

const ACCOUNTS: &str = "key,name,employees\nacme,Acme,1200\nbolt,Bolt & Sons,900\ntiny,Tiny,3\n";
const PEOPLE: &str = "key,email,first_name,last_name,job_title,account_key\n\
    ada,ada@acme.example,Ada,Byron,Chief Engineer,acme\nbob,bob@acme.example,Bob,,Clerk,acme\n\
    cy,cy@bolt.example,Cy,Young,Owner,bolt\n";

fn manifests() -> Vec<(&'static str, Value)> {
    vec![
        (
            "account_lists/big",
            json!({"type": "dynamic", "when": {"account": "employees", "at_least": 500}, "state": "live"}),
        ),
        (
            "roles_templates/crm-roles",
            json!({"state": "live", "roles": [
                {"role": "Decision Maker", "required": true, "when": {"person": "job_title", "starts_with": "Chief"}},
                {"role": "Influencer", "required": true, "members_required": 2},
            ]}),
        ),
        (
            "stage_models/pipeline",
            json!({"state": "live", "stages": [
                {"name": "Aware", "entry": true, "to": ["Won"]}, {"name": "Won", "destination": "success"},
            ]}),
        ),
        (
            "solution_interests/crm",
            json!({"name": "CRM", "roles_template": "crm-roles", "stage_model": "pipeline", "update_existing": true,
                "create_for": {"account_list": "big"}}),
        ),
    ]
}

pub fn settle(api: &Api) {
    let done = runtime::run_until_idle(&api.engine, None, Duration::from_secs(60)).expect("a run");
    assert!(done.idle);
}

pub async fn furnished(api: &Api) -> String {
    let token = api.token("administrator");
    for (kind, text) in [("accounts", ACCOUNTS), ("people", PEOPLE)] {
        let import = api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", text);
        assert_eq!(import.send().await.status, 200);
    }
    for (path, body) in manifests() {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&body).send().await;
        assert_eq!(put.status, 201, "{path}: {}", put.text());
    }
    settle(api);
    token
}

async fn members_are_decided_by_hand(api: Api) {
    furnished(&api).await;
    let token = api.token("sales");
    let groups =
        async || api.get("/api/v1/accounts/acme/buying_groups").bearer(&token).send().await.json()["items"].clone();
    let ada = json!({"person": "ada", "name": "Ada Byron", "job_title": "Chief Engineer", "role": "Decision Maker",
        "left_account": false, "source": "system"});
    let group = &groups().await[0];
    assert_eq!((&group["solution_interest"], &group["completeness"]), (&json!("crm"), &json!(50.0)));
    assert_eq!(group["members"], json!([ada]));
    let member = |method: &str, person: &str| {
        api.call(method, &format!("/api/v1/accounts/acme/buying_groups/crm/members/{person}")).bearer(&token)
    };
    let bob = member("PUT", "bob").json(&json!({"role": "Influencer"})).send().await;
    assert_eq!((bob.status.as_u16(), &bob.json()["changed"]), (200, &json!(true)), "{}", bob.text());
    assert_eq!(member("DELETE", "ada").send().await.status, 204);
    settle(&api);
    let group = &groups().await[0];
    let bob = json!({"person": "bob", "name": "Bob", "job_title": "Clerk", "role": "Influencer", "left_account": false,
        "source": "manual"});
    assert_eq!((&group["members"], &group["completeness"]), (&json!([bob]), &json!(25.0)));
    let outsider = member("PUT", "cy").json(&json!({"role": "Influencer"})).send().await;
    assert_eq!((outsider.refusal().0, &outsider.json()["errors"][0]["code"]), (422, &json!("not_of_account")));
    let nowhere = api.call("PUT", "/api/v1/accounts/tiny/buying_groups/crm/stage").bearer(&token);
    let nowhere = nowhere.json(&json!({"stage": "Aware"})).send().await;
    assert_eq!(nowhere.refusal(), (404, "unknown_buying_group".to_owned()));
    let viewer = api.token("viewer");
    let refused =
        api.call("DELETE", "/api/v1/accounts/acme/buying_groups/crm/members/bob").bearer(&viewer).send().await;
    assert_eq!(refused.refusal().0, 403);
}

async fn who_covers_a_role_is_counted_and_listed_alike_and_those_who_left_are_not(api: Api) {
    let token = furnished(&api).await;
    let put = |path: &str, body: Value| api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&body).send();
    for person in ["bob", "dan", "eve"] {
        let body = json!({"email": format!("{person}@acme.example"), "account_key": "acme"});
        assert!(put(&format!("people/{person}"), body).await.status.is_success());
        let member = format!("accounts/acme/buying_groups/crm/members/{person}");
        assert_eq!(put(&member, json!({"role": "Influencer"})).await.status, 200);
    }
    let left = "key,account_key,relation\neve,acme,remove\n";
    let visit =
        json!({"id": "1", "type": "page_viewed", "at": "2026-11-30T09:00:00Z", "person_key": "dan"}).to_string();
    for (path, kind, file) in
        [("people?format=csv", "text/csv", left), ("activities?format=jsonl", "application/x-ndjson", visit.as_str())]
    {
        let import = api.post(&format!("/api/v1/import/{path}")).bearer(&token).text(kind, file).send().await;
        assert_eq!((import.status.as_u16(), &import.json()["rejected"]), (200, &json!(0)), "{}", import.text());
    }
    settle(&api);

    let groups = api.get("/api/v1/accounts/acme/buying_groups").bearer(&token).send().await.json();
    let group = &groups["items"][0];
    let counts: Vec<_> =
        group["roles"].as_array().expect("roles").iter().map(|it| (&it["role"], &it["members"])).collect();
    let expected = [(json!("Decision Maker"), json!(1)), (json!("Influencer"), json!(2))];
    assert_eq!(counts, expected.iter().map(|(role, n)| (role, n)).collect::<Vec<_>>(), "{groups}");
    let members = async |query: &str| {
        let path =
            format!("/api/v1/buying_groups/{}/members?role=Influencer{query}", group["id"].as_str().expect("an id"));
        let page = api.get(&path).bearer(&token).send().await.json();
        let rows = page["items"].as_array().cloned().unwrap_or_default();
        rows.into_iter()
            .map(|row| (row["person"].as_str().unwrap_or_default().to_owned(), !row["last_activity_at"].is_null()))
            .collect::<Vec<_>>()
    };
    let dan = ("dan".to_owned(), true);
    assert_eq!(members("&left_account=false").await, [("bob".to_owned(), false), dan.clone()]);
    assert_eq!(members("&left_account=true").await, [("eve".to_owned(), false)]);
    assert_eq!(members("").await.len(), 3);
    assert_eq!(members("&active_days=7").await, [dan], "changes that others make are no activity of theirs");
    api.after(8 * 86_400);
    assert_eq!(members("&active_days=7").await, []);
    assert_eq!(members("&active_days=30").await.len(), 1);
}

async fn a_member_is_shown_with_the_last_interesting_moment(api: Api) {
    let token = furnished(&api).await;
    let moment = |id: &str, at: &str, what: &str| json!({"id": id, "type": "interesting_moment", "at": at, "person_key": "ada", "moment": "milestone", "description": what});
    let file = [
        moment("1", "2026-11-03T09:00:00Z", "Asked for prices"),
        moment("2", "2026-11-02T09:00:00Z", "Came to the fair"),
    ];
    let file: Vec<String> = file.iter().map(Value::to_string).collect();
    let import = api.post("/api/v1/import/activities?format=jsonl").bearer(&token);
    let import = import.text("application/x-ndjson", &file.join("\n")).send().await;
    assert_eq!((import.status.as_u16(), &import.json()["created"]), (200, &json!(2)), "{}", import.text());
    settle(&api);
    let get = |path: &str| api.get(path).bearer(&token).send();
    let groups = get("/api/v1/buying_groups?account=acme").await.json();
    let id = groups["items"][0]["id"].as_str().expect("an id").to_owned();
    let members = get(&format!("/api/v1/buying_groups/{id}/members")).await.json();
    let last = json!({"at": "2026-11-03T09:00:00Z", "moment": "milestone", "description": "Asked for prices"});
    assert_eq!(
        members["items"][0]["last_interesting_moment"], last,
        "the last that happened, not the last that came in"
    );
    let timeline = get("/api/v1/people/ada/timeline").await.text();
    assert!(timeline.contains("Asked for prices") && timeline.contains("Came to the fair"), "{timeline}");
    let timeline = get("/api/v1/accounts/acme/timeline").await.text();
    assert!(timeline.contains("Asked for prices"), "an account's timeline tells of its people: {timeline}");
}

async fn tv_f2_tv_f11_groups_are_found_by_what_they_lack(api: Api) {
    let token = furnished(&api).await;
    let list = async |query: &str| {
        let found = api.get(&format!("/api/v1/buying_groups{query}")).bearer(&token).send().await.json();
        let names = found["items"].as_array().expect("items").iter().map(|g| g["name"].clone()).collect::<Vec<_>>();
        assert!(found["total"].as_i64().is_some_and(|total| total >= names.len() as i64));
        let mut names: Vec<String> = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        names.sort();
        names
    };
    assert_eq!(list("").await, ["CRM for Acme", "CRM for Bolt & Sons"], "TV-F2: no condition is any");
    assert_eq!(list("?q=for%20bolt").await, ["CRM for Bolt & Sons"]);
    assert_eq!(
        list("?missing_role=Decision%20Maker&completeness_to=50").await,
        ["CRM for Bolt & Sons"],
        "TV-F11: whose role nobody has"
    );
    assert_eq!(list("?completeness_from=50&completeness_to=50").await, ["CRM for Acme"], "both ends are included");
    assert_eq!(list("?stage=").await.len(), 2);
    assert_eq!(list("?solution_interest=crm&account=acme").await, ["CRM for Acme"]);
    assert!(list("?solution_interest=other").await.is_empty());
    let first = api.get("/api/v1/buying_groups?limit=1").bearer(&token).send().await.json();
    let next = first["next_cursor"].as_str().expect("another page").to_owned();
    let second = api.get(&format!("/api/v1/buying_groups?limit=1&cursor={next}")).bearer(&token).send().await.json();
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!((&second["next_cursor"], &second["total"]), (&json!(null), &json!(2)));
}

async fn a_group_is_shown_in_full(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    let id =
        get("/api/v1/buying_groups?account=acme").await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    let put = |what: &str, body: Value| {
        api.call("PUT", &format!("/api/v1/accounts/acme/buying_groups/crm/{what}")).bearer(&token).json(&body).send()
    };
    assert_eq!(put("stage", json!({"stage": "Won"})).await.json()["errors"][0]["code"], "transition_not_allowed");
    assert_eq!(put("stage", json!({"stage": "Aware"})).await.json()["changed"], true);
    assert_eq!(put("status", json!({"status": "Hot"})).await.json()["changed"], true);
    let group = get(&format!("/api/v1/buying_groups/{id}")).await.json();
    assert_eq!(
        (&group["name"], &group["stage"], &group["status"]),
        (&json!("CRM for Acme"), &json!("Aware"), &json!("Hot"))
    );
    assert_eq!(group["missing_roles"], json!(["Influencer"]));
    assert_eq!(
        (&group["roles"][0]["completeness"], &group["roles"][1]["members_required"]),
        (&json!(100.0), &json!(2))
    );
    assert_eq!((&group["stages"][0]["old"], &group["stages"][0]["new"]), (&json!(null), &json!("Aware")));
    let many = |body: Value| api.post(&format!("/api/v1/buying_groups/{id}/members")).bearer(&token).json(&body).send();
    let people: Vec<String> = (0..51).map(|n| format!("p{n}")).collect();
    assert_eq!(many(json!({"remove": people})).await.json()["errors"][0]["code"], "too_many_members", "TV-M10");
    let assigned = many(json!({"assign": [{"person": "bob", "role": "Influencer"}]})).await;
    assert_eq!(assigned.json()["changed"], true, "{}", assigned.text());
    assert_eq!(many(json!({"remove": ["ada"]})).await.json()["changed"], true);
    let members = get(&format!("/api/v1/buying_groups/{id}/members")).await.json();
    assert_eq!((&members["items"][0]["person"], &members["items"][0]["source"]), (&json!("bob"), &json!("manual")));
    let removed = get(&format!("/api/v1/buying_groups/{id}/members?removed=true")).await.json();
    assert_eq!((&removed["items"][0]["person"], &removed["items"][0]["removed"]), (&json!("ada"), &json!(true)));
    assert_eq!(api.call("DELETE", &format!("/api/v1/buying_groups/{id}")).bearer(&token).send().await.status, 204);
    assert_eq!(get(&format!("/api/v1/buying_groups/{id}")).await.refusal().0, 404);
    assert_eq!(get("/api/v1/accounts/acme/buying_groups").await.json()["items"], json!([]));
}

async fn scores_explain_themselves_and_jobs_are_done_again(api: Api) {
    let token = furnished(&api).await;
    let get = async |path: String| api.get(&path).bearer(&token).send().await;
    let groups = get("/api/v1/buying_groups?q=acme".to_owned()).await.json();
    let id = groups["items"][0]["id"].as_str().expect("an id").to_owned();
    let scored = api.post("/api/v1/engagement/score").bearer(&token).send().await;
    assert_eq!(scored.status, 202, "{}", scored.text());
    settle(&api);
    let explained = get(format!("/api/v1/buying_groups/{id}/explain")).await.json();
    assert_eq!(explained["completeness"]["sum"], json!(50.0));
    let adds: Vec<&Value> =
        explained["completeness"]["roles"].as_array().expect("roles").iter().map(|r| &r["adds"]).collect();
    assert_eq!(adds, [&json!(50.0), &json!(0.0)]);
    assert_eq!(
        (&explained["engagement"]["score"], &explained["engagement"]["members"][0]["person"]),
        (&json!(0.0), &json!("ada"))
    );
    assert_eq!(get(format!("/api/v1/buying-groups/{id}/explain")).await.json(), explained, "the other spelling");
    let days = get(format!("/api/v1/buying_groups/{id}/scores")).await.json();
    assert_eq!(days["items"][0]["completeness"], json!(50.0));
    assert_eq!(get("/api/v1/buying_groups/grp_99999/explain".to_owned()).await.status, 404);
    let weights = get("/api/v1/engagement".to_owned()).await.json();
    assert_eq!((&weights["first"], &weights["activities"]["email_clicked"]), (&json!(true), &json!(30)));
    assert!(weights["latest_run"]["finished_at"].is_string());
    let again = api.post("/api/v1/solution_interests/crm/create_groups").bearer(&token).send().await;
    assert_eq!((again.status.as_u16(), &again.json()["state"]), (202, &json!("queued")), "{}", again.text());
    settle(&api);
    let jobs = get("/api/v1/group_jobs?solution_interest=crm".to_owned()).await.json();
    let states: Vec<&Value> = jobs["items"].as_array().expect("jobs").iter().map(|job| &job["state"]).collect();
    assert_eq!(states, [&json!("idle"), &json!("idle")], "{jobs}");
    let copy =
        api.post("/api/v1/roles_templates/crm-roles/duplicate").bearer(&token).json(&json!({"key": "crm-roles-2"}));
    assert_eq!(copy.send().await.status, 201);
}

async fn figures_are_those_of_the_lists_with_the_same_filters(api: Api) {
    let token = furnished(&api).await;
    let get = async |path: &str| api.get(&format!("/api/v1/buying_groups{path}")).bearer(&token).send().await.json();
    let total = async |query: &str| get(&format!("?{query}")).await["total"].clone();
    let scored = api.post("/api/v1/engagement/score").bearer(&token).send().await;
    assert_eq!(scored.status, 202, "{}", scored.text());
    settle(&api);
    let stage = api.call("PUT", "/api/v1/accounts/acme/buying_groups/crm/stage").bearer(&token);
    assert_eq!(stage.json(&json!({"stage": "Aware"})).send().await.status, 200);
    settle(&api);

    let figures = get("/figures").await;
    assert_eq!((&figures["groups"], &figures["mean_completeness"]), (&total("").await, &json!(25.0)), "{figures}");
    for row in figures["stages"].as_array().expect("stages") {
        let name = row["stage"].as_str().unwrap_or_default();
        assert_eq!(row["groups"], total(&format!("stage={name}")).await, "{name}");
    }
    let halves = figures["completeness"].as_array().expect("bands");
    let counts: Vec<&Value> = halves.iter().map(|band| &band["groups"]).collect();
    assert_eq!(counts, [&json!(1), &json!(0), &json!(1), &json!(0), &json!(0)]);
    assert_eq!(halves[2]["groups"], total("completeness_from=50&completeness_to=74.9").await);
    assert_eq!(figures["roles"].as_array().map(Vec::len), Some(1), "{figures}");
    let role = &figures["roles"][0];
    assert_eq!((&role["role"], &role["members"], &role["filled"]), (&json!("Decision Maker"), &json!(1), &json!(1)));
    assert_eq!(role["missing"], total("missing_role=Decision%20Maker").await);

    let aware = get("/figures?stage=Aware").await;
    assert_eq!((&aware["groups"], &aware["mean_completeness"]), (&json!(1), &json!(50.0)));
    assert_eq!(get("/figures?solution_interest=none").await["groups"], 0);

    let days = get("/days?solution_interest=crm").await;
    assert_eq!(days["items"].as_array().map(Vec::len), Some(1), "{days}");
    let day = &days["items"][0];
    assert_eq!(
        (&day["day"], &day["groups"], &day["mean_completeness"]),
        (&json!("2026-12-01"), &json!(2), &json!(25.0))
    );
    assert_eq!(get("/days?solution_interest=none").await["items"], json!([]));
    let viewer = api.token("viewer");
    assert_eq!(
        api.get("/api/v1/buying_groups/figures").bearer(&viewer).send().await.status,
        200,
        "numbers name nobody"
    );
}

crate::on_both_stores! {
    figures_are_those_of_the_lists_with_the_same_filters
    members_are_decided_by_hand
    who_covers_a_role_is_counted_and_listed_alike_and_those_who_left_are_not
    scores_explain_themselves_and_jobs_are_done_again
    a_member_is_shown_with_the_last_interesting_moment
    tv_f2_tv_f11_groups_are_found_by_what_they_lack
    a_group_is_shown_in_full
}
