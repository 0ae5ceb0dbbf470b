//! What lists show beside their first columns, on both stores: attributes of accounts and people, travellers of a journey
//! with their search, who made and published definitions.

use std::time::Duration;

use caravan_engine::runtime;
use caravan_store::{Session, StoreError};
use serde_json::{Value, json};

use crate::support::{Api, Reply};

async fn run(api: &Api) {
    let engine = api.engine.clone();
    let run = move || runtime::run_until_idle(&engine, None, Duration::from_secs(60));
    assert!(tokio::task::spawn_blocking(run).await.expect("a thread").expect("a run").idle);
}

pub async fn put(api: &Api, token: &str, path: &str, body: Value) {
    let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(token).json(&body).send().await;
    assert!(put.status.is_success(), "{path}: {}", put.text());
}

async fn import(api: &Api, token: &str, kind: &str, file: &str) {
    let path = format!("/api/v1/import/{kind}?format=csv");
    let done = api.post(&path).bearer(token).text("text/csv", file).send().await;
    assert_eq!(done.json()["rejected"], 0, "{}", done.text());
}

/// What a list holds under `field`, page by page of two rows.
pub async fn walked(api: &Api, token: &str, list: &str, field: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = api.get(&format!("{list}&limit=2{cursor}")).bearer(token).send().await;
        assert_eq!(reply.status, 200, "{list}: {}", reply.text());
        let page = reply.json();
        let rows = page["items"].as_array().expect("items");
        seen.extend(rows.iter().map(|row| row.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
}

/// How many rows each page of a list holds.
pub async fn pages_of(api: &Api, token: &str, list: &str) -> Vec<usize> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = api.get(&format!("{list}{cursor}")).bearer(token).send().await;
        assert_eq!(reply.status, 200, "{list}: {}", reply.text());
        let page = reply.json();
        pages.push(page["items"].as_array().expect("items").len());
        let Some(next) = page["next_cursor"].as_str() else { return pages };
        cursor = format!("&cursor={next}");
    }
}

/// Before anybody else, 5,000 trips of travellers who are no longer there entered the journey of accounts; their ids are lower, too.
pub fn longer_journeys(s: &mut dyn Session) -> Result<(), StoreError> {
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO enrollment (id, shard, journey_id, version_id, subject_id, entry, node, seq, due_at, listening, chain, entered_at,
            node_at)
        SELECT i, 0, e.journey_id, e.version_id, -i, 1, e.node, 1, NULL, FALSE, 1, e.entered_at - 1, e.node_at FROM n
        CROSS JOIN (SELECT e.* FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id WHERE d.key = 'firms'
                    ORDER BY e.id LIMIT 1) AS e";
    for table in ["enrollment SET id = id", "move SET enrollment_id = enrollment_id"] {
        s.execute(&format!("UPDATE {table} + 100000"), &[])?;
    }
    s.execute(sql, &[])?;
    Ok(())
}

/// Five accounts with attributes of each type, own ones and standard ones, and three people.
async fn with_attributes(api: &Api) -> String {
    let token = api.token("administrator");
    for (key, subject, kind) in [
        ("tier", "account", "string"),
        ("seats", "account", "integer"),
        ("ratio", "account", "number"),
        ("renewal", "account", "date"),
        ("vip", "account", "boolean"),
        ("hobby", "person", "string"),
    ] {
        let path = format!("attributes/{key}");
        put(api, &token, &path, json!({"kind": "attribute", "key": key, "subject": subject, "type": kind})).await;
    }
    let accounts = "key,name,tier,seats,ratio,renewal,vip,website,parent_key,employees,annual_revenue\n\
        a,Alder,gold,10,0.5,2027-03-01,true,zoo.org,b,20,2.5\n\
        b,Birch,Ärmel,9,,2026-12-24,false,,,3,\n\
        c,Cedar,Gold,100,-1.5,,true,Ark.org,a,,100\n\
        d,Dogwood,,,2,2027-01-01,,map.org,c,100,10\n\
        e,Elm,silver,9,10,,false,,a,3,2.25\n";
    import(api, &token, "accounts", accounts).await;
    let people = "key,email,hobby,unsubscribed,birth_date\np,p@x.example,chess,true,1990-05-01\nq,q@x.example,,false,\n\
        r,r@y.example,,true,1970-01-31\n";
    import(api, &token, "people", people).await;
    token
}

async fn attributes_stand_beside_the_columns_of_accounts_and_people(api: Api) {
    let token = with_attributes(&api).await;
    let get = |path: &str| api.get(&format!("/api/v1/{path}")).bearer(&token).send();
    let rows = get("accounts?attributes=tier,seats,%20ratio,renewal,vip,name").await.json();
    let attributes = |row: &Value| row.get("attributes").cloned();
    assert_eq!(
        attributes(&rows["items"][0]),
        Some(json!({"tier": "gold", "seats": 10, "ratio": 0.5, "renewal": "2027-03-01", "vip": true, "name": "Alder"}))
    );
    assert_eq!(
        attributes(&rows["items"][3]),
        Some(json!({"ratio": 2.0, "renewal": "2027-01-01", "name": "Dogwood"})),
        "what is missing is left out"
    );
    let plain = get("accounts").await.json();
    assert_eq!(attributes(&plain["items"][0]), None, "nobody asked");
    let people = get("people?attributes=hobby&sort_attribute=hobby&q=x.example").await.json();
    assert_eq!(people["items"][0]["attributes"], json!({"hobby": "chess"}));
    assert_eq!((&people["items"][1]["key"], &people["total"]), (&json!("q"), &json!(2)));

    for (path, code) in [
        ("accounts?attributes=tear", "unknown_attribute"),
        ("people?attributes=tier", "unknown_attribute"),
        ("accounts?sort_attribute=hobby", "unknown_attribute"),
        ("accounts?sort_attribute=custom%20-%3E%3E%20'x'", "unknown_attribute"),
    ] {
        let refused: Reply = get(path).await;
        assert_eq!(refused.refusal(), (400, code.to_owned()), "{path}");
    }
    let many = vec!["tier"; 21].join(",");
    assert_eq!(get(&format!("accounts?attributes={many}")).await.refusal(), (400, "too_many_attributes".to_owned()));
}

async fn accounts_and_people_are_ordered_by_attributes_of_every_type(api: Api) {
    let token = with_attributes(&api).await;
    for (order, expected) in [
        // Letters alike, in the order of their codes; ties by id; what is missing stands last both ways.
        ("tier", ["a", "c", "e", "b", "d"]),
        ("tier&descending=true", ["b", "e", "c", "a", "d"]),
        ("seats", ["b", "e", "a", "c", "d"]),
        ("seats&descending=true", ["c", "a", "e", "b", "d"]),
        ("ratio", ["c", "a", "d", "e", "b"]),
        ("renewal", ["b", "d", "a", "c", "e"]),
        ("vip", ["b", "e", "a", "c", "d"]),
        // Standard attributes, and one that is kept as another account's id.
        ("website", ["c", "d", "a", "b", "e"]),
        ("website&descending=true", ["a", "d", "c", "e", "b"]),
        ("parent_key", ["c", "e", "a", "d", "b"]),
        ("parent_key&descending=true", ["d", "a", "e", "c", "b"]),
        ("employees", ["b", "e", "a", "d", "c"]),
        ("employees&descending=true", ["d", "a", "e", "b", "c"]),
        ("annual_revenue", ["e", "a", "d", "c", "b"]),
        ("annual_revenue&descending=true", ["c", "d", "a", "e", "b"]),
    ] {
        let list = format!("/api/v1/accounts?sort_attribute={order}");
        assert_eq!(walked(&api, &token, &list, "/key").await, expected, "{order}");
    }
    for (order, expected) in [
        ("unsubscribed", ["q", "p", "r"]),
        ("unsubscribed&descending=true", ["r", "p", "q"]),
        ("birth_date", ["r", "p", "q"]),
        ("birth_date&descending=true", ["p", "r", "q"]),
    ] {
        let list = format!("/api/v1/people?sort_attribute={order}");
        assert_eq!(walked(&api, &token, &list, "/key").await, expected, "{order}");
    }
    let first = api.get("/api/v1/accounts?limit=1&sort_attribute=seats").bearer(&token).send().await.json();
    let cursor = first["next_cursor"].as_str().expect("another page");
    let other = api.get(&format!("/api/v1/accounts?limit=1&sort_attribute=tier&cursor={cursor}"));
    assert_eq!(other.bearer(&token).send().await.refusal(), (400, "bad_cursor".to_owned()));
}

async fn what_no_longer_fits_the_type_of_an_attribute_stands_last_and_breaks_no_order(api: Api) {
    let token = with_attributes(&api).await;
    api.store()
        .write(|s| {
            s.execute(
                "UPDATE account SET custom = '{\"seats\": \"many\", \"tier\": 5, \"vip\": \"yes\"}' WHERE key = 'a'",
                &[],
            )
        })
        .expect("written");
    for (order, expected) in
        [("seats", ["b", "e", "c", "a", "d"]), ("tier", ["c", "e", "b", "a", "d"]), ("vip", ["b", "e", "c", "a", "d"])]
    {
        let list = format!("/api/v1/accounts?sort_attribute={order}");
        assert_eq!(walked(&api, &token, &list, "/key").await, expected, "{order}");
    }
}

async fn exported(api: &Api, token: &str, request: Value) -> String {
    let asked = api.post("/api/v1/exports").bearer(token).json(&request).send().await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    run(api).await;
    let id = asked.json()["id"].as_str().expect("an id").to_owned();
    api.get(&format!("/api/v1/exports/{id}/file")).bearer(token).send().await.text()
}

async fn an_export_holds_attributes_in_the_order_of_one(api: Api) {
    let token = with_attributes(&api).await;
    let of = json!({"accounts": {"sort_attribute": "seats", "descending": true, "q": "e"}});
    let file = exported(&api, &token, json!({"of": of, "columns": ["name", "seats", "vip"]})).await;
    assert_eq!(file, "name,seats,vip\nCedar,100,true\nAlder,10,true\nElm,9,false\n");
    let wrong = json!({"of": {"people": {"sort_attribute": "seats"}}});
    let refused = api.post("/api/v1/exports").bearer(&token).json(&wrong).send().await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/of/people/sort_attribute", "{}", refused.text());
}

/// A journey of accounts and one of people, both under way.
pub async fn travelling(api: &Api) -> String {
    let token = api.token("administrator");
    import(api, &token, "accounts", "key,name\na-1,Zebra\na-2,Öl\na-3,alder\na-4,Birch 100%\n").await;
    import(
        api,
        &token,
        "people",
        "key,email,first_name,last_name,account_key\np-1,ann@x.example,Ann,Falk,a-1\np-2,bob@y.example,,,a-1\n",
    )
    .await;
    let accounts = json!(["a-1", "a-2", "a-3", "a-4"]);
    put(api, &token, "account_lists/all", json!({"type": "static", "accounts": accounts, "state": "live"})).await;
    put(api, &token, "people_lists/all", json!({"type": "static", "people": ["p-1", "p-2"], "state": "live"})).await;
    for (key, subject, audience) in
        [("firms", "account", json!({"account_list": "all"})), ("folk", "person", json!({"people_list": "all"}))]
    {
        let journey = json!({
            "name": key, "subject": subject, "end": "2027-06-30T00:00:00Z", "audience": audience, "entry": "pause",
            "nodes": {"pause": {"type": "wait", "duration": "3d", "next": "rest"}, "rest": {"type": "wait", "duration": "9d", "next": null}},
        });
        put(api, &token, &format!("journeys/{key}"), journey).await;
        let published = api.post(&format!("/api/v1/journeys/{key}/publish")).bearer(&token).send().await;
        assert_eq!(published.status, 200, "{}", published.text());
    }
    run(api).await;
    token
}

async fn travellers_are_searched_ordered_and_counted(api: Api) {
    let token = travelling(&api).await;
    let list = |journey: &str, query: &str| format!("/api/v1/journeys/{journey}/travellers?{query}");
    for (journey, query, expected) in [
        ("firms", "sort=name", &["a-3", "a-4", "a-1", "a-2"] as &[&str]),
        ("firms", "sort=name&descending=true", &["a-2", "a-1", "a-4", "a-3"]),
        ("firms", "descending=true", &["a-4", "a-3", "a-2", "a-1"]),
        ("firms", "q=A-2", &["a-2"]),
        ("firms", "q=ebr", &["a-1"]),
        ("firms", "q=%25", &["a-4"]),
        ("firms", "q=ann", &[]),
        ("folk", "sort=name", &["p-1", "p-2"]),
        ("folk", "q=Y.example", &["p-2"]),
        ("folk", "q=ann%20fa", &["p-1"]),
        ("folk", "q=a-1", &[]),
        ("folk", "state=ended", &[]),
    ] {
        let found = walked(&api, &token, &list(journey, query), "/traveller/key").await;
        assert_eq!(found, expected, "{journey} {query}");
    }
    let get = |path: String| api.get(&path).bearer(&token).send();
    let found = get(list("folk", "q=example&limit=1")).await.json();
    assert_eq!((&found["total"], &found["items"][0]["email"]), (&json!(2), &json!("ann@x.example")));
    let at_node = get("/api/v1/journeys/firms/nodes/pause/travellers?q=bir".to_owned()).await.json();
    assert_eq!(at_node["items"].as_array().map(Vec::len), Some(1), "{at_node}");
    assert_eq!(at_node["items"][0]["traveller"]["name"], "Birch 100%");
    assert_eq!(get(list("nowhere", "q=x")).await.status, 404);
    assert_eq!(get(list("firms", "sort=node")).await.refusal(), (400, "bad_query".to_owned()));
}

async fn a_search_among_travellers_looks_at_so_many_and_says_where_it_goes_on(api: Api) {
    let token = travelling(&api).await;
    api.store().write(|s| longer_journeys(s)).expect("written");
    for (query, expected) in [
        ("travellers?q=zebra", &[0_usize, 1] as &[usize]),
        ("travellers?q=nobody", &[0, 0]),
        ("travellers?q=zebra&descending=true", &[1, 0]),
        ("travellers?q=nobody&state=ended", &[0]),
        // To put them in another order, each is looked at anyway.
        ("travellers?q=zebra&sort=name", &[1]),
        ("nodes/pause/travellers?q=birch", &[0, 1]),
        ("nodes/rest/travellers?state=reached", &[0, 0]),
    ] {
        let pages = pages_of(&api, &token, &format!("/api/v1/journeys/firms/{query}&limit=200")).await;
        assert_eq!(pages, expected, "{query}");
    }
    let page =
        async |query: &str| api.get(&format!("/api/v1/journeys/firms/{query}")).bearer(&token).send().await.json();
    assert_eq!(page("travellers?q=zebra").await["total"], Value::Null, "not all was looked at");
    assert_eq!(page("travellers").await["total"], 5004, "nothing is searched for");
    assert_eq!(page("travellers?q=zebra&sort=name").await["total"], 1, "all was looked at");
    let cursor = page("nodes/pause/travellers?q=birch").await["next_cursor"].as_str().expect("more").to_owned();
    let other = format!("/api/v1/journeys/firms/travellers?sort=name&cursor={cursor}");
    assert_eq!(api.get(&other).bearer(&token).send().await.refusal(), (400, "bad_cursor".to_owned()));
    // Those who ended are not between whoever looks and those who stand somewhere.
    let ended = "UPDATE enrollment SET ended_at = node_at WHERE subject_id < 0";
    api.store().write(|s| s.execute(ended, &[])).expect("written");
    for (query, expected) in [
        ("nodes/pause/travellers?q=birch", &[1_usize] as &[usize]),
        ("travellers?q=zebra", &[1]),
        ("travellers?q=nobody&state=ended", &[0, 0]),
    ] {
        let pages = pages_of(&api, &token, &format!("/api/v1/journeys/firms/{query}&limit=200")).await;
        assert_eq!(pages, expected, "{query}, when most have ended");
    }
}

/// Skips the wait of an account's trip, or takes it out.
async fn told(api: &Api, token: &str, account: &str, skip: bool) {
    let list = format!("/api/v1/journeys/firms/travellers?q={account}");
    let found = api.get(&list).bearer(token).send().await.json();
    let trip = found["items"][0]["id"].as_str().expect("a trip");
    let path = format!("/api/v1/journeys/firms/travellers/{trip}");
    let call = if skip { api.post(&format!("{path}/skip")) } else { api.call("DELETE", &path) };
    let told = call.bearer(token).send().await;
    assert!(told.status.is_success(), "{account}: {}", told.text());
    run(api).await;
}

async fn travellers_are_ordered_by_when_they_move_next_and_by_how_and_when_they_ended(api: Api) {
    let token = travelling(&api).await;
    let listed = async |query: &str| {
        walked(&api, &token, &format!("/api/v1/journeys/firms/travellers?{query}"), "/traveller/key").await
    };
    told(&api, &token, "a-2", true).await;
    assert_eq!(listed("sort=due_at").await, ["a-1", "a-3", "a-4", "a-2"], "who waits nine days comes last");
    assert_eq!(listed("sort=due_at&descending=true").await, ["a-2", "a-4", "a-3", "a-1"]);

    told(&api, &token, "a-3", true).await;
    for (account, skip) in [("a-2", false), ("a-3", true), ("a-1", false)] {
        api.after(60);
        told(&api, &token, account, skip).await;
    }
    for (sort, expected) in [
        ("ended_at", ["a-2", "a-3", "a-1"]),
        ("ended_at&descending=true", ["a-1", "a-3", "a-2"]),
        // One has completed, two were taken out.
        ("outcome", ["a-3", "a-1", "a-2"]),
        ("outcome&descending=true", ["a-2", "a-1", "a-3"]),
    ] {
        assert_eq!(listed(&format!("state=ended&sort={sort}")).await, expected, "{sort}");
    }
    assert_eq!(listed("sort=due_at").await, ["a-4"], "the others have ended");
}

/// Several processes take ids from blocks of their own: who entered last may have the lowest.
async fn travellers_stand_by_when_they_entered_whatever_their_ids(api: Api) {
    let token = travelling(&api).await;
    let later = "UPDATE enrollment SET entered_at = entered_at + 1000000 * (SELECT CASE a.key WHEN 'a-1' THEN 3 WHEN 'a-3' THEN 1 ELSE 2 END
         FROM account AS a WHERE a.id = enrollment.subject_id) WHERE journey_id = (SELECT id FROM document WHERE key = 'firms')";
    api.store().write(|s| s.execute(later, &[])).expect("written");
    let list = |query: &str| format!("/api/v1/journeys/firms/travellers?{query}");
    let entered = ["a-3", "a-2", "a-4", "a-1"];
    assert_eq!(walked(&api, &token, &list(""), "/traveller/key").await, entered);
    let latest = walked(&api, &token, &list("descending=true"), "/traveller/key").await;
    assert_eq!(latest, ["a-1", "a-4", "a-2", "a-3"], "who entered at once stands by id");
    let of = json!({"travellers": {"journey": "firms"}});
    let file = exported(&api, &token, json!({"of": of, "columns": ["key"]})).await;
    assert_eq!(file, "key\na-3\na-2\na-4\na-1\n");
}

async fn travellers_are_exported_as_they_are_searched(api: Api) {
    let token = travelling(&api).await;
    let of = json!({"travellers": {"journey": "folk", "q": "example", "sort": "name", "descending": true}});
    let columns = json!(["key", "name", "email", "node", "entered_at", "outcome"]);
    let file = exported(&api, &token, json!({"of": of, "columns": columns})).await;
    let expected = "key,name,email,node,entered_at,outcome\np-2,bob@y.example,bob@y.example,pause,2026-12-01T09:00:00Z,\n\
        p-1,Ann Falk,ann@x.example,pause,2026-12-01T09:00:00Z,\n";
    assert_eq!(file, expected);
    let all = exported(&api, &token, json!({"of": {"travellers": {"journey": "firms"}}, "columns": ["key"]})).await;
    assert_eq!(all, "key\na-1\na-2\na-3\na-4\n");
    let unknown = json!({"of": {"travellers": {"journey": "nowhere"}}});
    let refused = api.post("/api/v1/exports").bearer(&token).json(&unknown).send().await;
    assert_eq!(refused.json()["errors"][0]["code"], "unknown_reference", "{}", refused.text());
}

async fn definitions_tell_who_made_and_published_them_and_what_they_are_for(api: Api) {
    let (ann, bob) = (api.token("administrator"), api.token("administrator"));
    let list = |state: &str| json!({"type": "static", "accounts": [], "description": "Whom we met.", "state": state});
    put(&api, &ann, "account_lists/met", list("draft")).await;
    put(&api, &ann, "account_lists/bare", json!({"type": "static", "accounts": []})).await;
    api.after(3600);
    put(&api, &bob, "account_lists/met", list("live")).await;
    let row = async |key: &str| {
        let page = api.get(&format!("/api/v1/account_lists?q={key}")).bearer(&ann).send().await.json();
        page["items"][0].clone()
    };
    let met = row("met").await;
    assert_eq!(
        (&met["created_at"], &met["published_at"]),
        (&json!("2026-12-01T09:00:00Z"), &json!("2026-12-01T10:00:00Z"))
    );
    assert_eq!((&met["description"], &met["version"]), (&json!("Whom we met."), &json!(1)));
    let names: Vec<&str> =
        ["created_by", "updated_by", "published_by"].map(|by| met[by].as_str().unwrap_or_default()).into();
    assert!(names[0] != names[1] && names[1] == names[2] && names[0].starts_with("token:"), "{names:?}");
    let bare = row("bare").await;
    assert_eq!(
        (&bare["description"], &bare["published_at"], &bare["published_by"], &bare["version"]),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    put(&api, &ann, "journeys/draft?incomplete=true", json!({"name": "Draft", "subject": "account"})).await;
    let journeys = api.get("/api/v1/journeys").bearer(&ann).send().await.json();
    assert_eq!(journeys["items"][0]["created_by"], names[0], "{journeys}");
}

crate::on_both_stores! {
    attributes_stand_beside_the_columns_of_accounts_and_people
    accounts_and_people_are_ordered_by_attributes_of_every_type
    what_no_longer_fits_the_type_of_an_attribute_stands_last_and_breaks_no_order
    an_export_holds_attributes_in_the_order_of_one
    travellers_are_searched_ordered_and_counted
    a_search_among_travellers_looks_at_so_many_and_says_where_it_goes_on
    travellers_are_ordered_by_when_they_move_next_and_by_how_and_when_they_ended
    travellers_stand_by_when_they_entered_whatever_their_ids
    travellers_are_exported_as_they_are_searched
    definitions_tell_who_made_and_published_them_and_what_they_are_for
}
