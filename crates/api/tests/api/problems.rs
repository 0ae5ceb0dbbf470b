//! What could not be done, listed and searched over HTTP, on both stores.

use caravan_store::{Session, StoreError};
use serde_json::{Value, json};

use crate::columns::{longer_journeys, pages_of, put, travelling, walked};
use crate::support::Api;

crate::on_both_stores! {
    problems_are_searched_by_traveller_and_by_their_words
    who_may_not_read_customers_finds_problems_by_their_words_alone
    who_may_not_read_customers_is_told_of_nobody_in_problems
    a_search_among_problems_looks_at_so_many_and_says_where_it_goes_on
}

/// Every trip stands at a problem, and two messages failed.
fn troubled(s: &mut dyn Session) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO problem (enrollment_id, node, code, message, since, attempts)
         SELECT id, node, 'internal_error', 'It broke.', entered_at, 1 FROM enrollment",
        &[],
    )?;
    s.execute(
        "INSERT INTO ledger (id, key, kind, enrollment_id, version_id, node, account_id, person_id, address, outcome, reason,
             message, queued_at, decided_at)
         SELECT e.id + 1000, CAST(e.id AS TEXT), 'email', e.id, e.version_id, e.node, NULL, p.id, p.email, 'failed',
             'mailbox_full', 'No room left.', e.entered_at, e.entered_at
         FROM enrollment AS e JOIN person AS p ON p.id = e.subject_id
         JOIN document AS d ON d.id = e.journey_id WHERE d.key = 'folk'",
        &[],
    )?;
    Ok(())
}

async fn problems_are_searched_by_traveller_and_by_their_words(api: Api) {
    let token = travelling(&api).await;
    api.store().write(|s| troubled(s)).expect("written");
    for (query, expected) in [
        ("q=zebra", &["a-1"] as &[&str]),
        ("q=A-3", &["a-3"]),
        ("q=ann", &["p-1", "p-1"]),
        ("q=no%20ROOM", &["p-2", "p-1"]),
        ("q=mailbox_full&journey=folk", &["p-2", "p-1"]),
        ("q=mailbox_full&journey=firms", &[]),
        ("q=internal&journey=firms", &["a-1", "a-2", "a-3", "a-4"]),
        ("q=bob@y&journey=firms", &[]),
        ("q=nobody", &[]),
    ] {
        let found = walked(&api, &token, &format!("/api/v1/problems?{query}"), "/traveller/key").await;
        assert_eq!(found, expected, "{query}");
    }
    let all = walked(&api, &token, "/api/v1/problems?", "/traveller/key").await;
    assert_eq!(all.len(), 8, "{all:?}");
}

async fn who_may_not_read_customers_finds_problems_by_their_words_alone(api: Api) {
    let admin = travelling(&api).await;
    api.store().write(|s| troubled(s)).expect("written");
    put(&api, &admin, "access_roles/planner", json!({"name": "Planner", "permissions": ["definitions:read"]})).await;
    let planner = api.token("planner");
    let found = async |token: &str, q: &str| {
        walked(&api, token, &format!("/api/v1/problems?q={q}"), "/traveller/key").await.len()
    };
    for (q, by_all, by_planner) in [
        ("no%20room", 2, 0),
        ("mailbox_full", 2, 2),
        ("broke", 6, 6),
        ("internal_error", 6, 6),
        ("zebra", 1, 0),
        ("ann", 2, 0),
        ("b@x.example", 0, 0),
        ("n@x.example", 2, 0),
        ("p-2", 2, 0),
    ] {
        assert_eq!((found(&admin, q).await, found(&planner, q).await), (by_all, by_planner), "{q}");
    }
}

async fn who_may_not_read_customers_is_told_of_nobody_in_problems(api: Api) {
    let admin = travelling(&api).await;
    api.store().write(|s| troubled(s)).expect("written");
    let refusal =
        "UPDATE ledger SET message = 'No <ANN@x.example> here. Ask ann@x.example.' WHERE address = 'ann@x.example'";
    api.store().write(|s| s.execute(refusal, &[])).expect("written");
    put(&api, &admin, "access_roles/planner", json!({"name": "Planner", "permissions": ["definitions:read"]})).await;
    let planner = api.token("planner");
    let told =
        async |token: &str, query: &str| api.get(&format!("/api/v1/problems{query}")).bearer(token).send().await.json();
    let all = told(&admin, "").await;
    let names =
        |page: &Value| page["items"].as_array().expect("items").iter().filter(|it| !it["traveller"].is_null()).count();
    assert_eq!((names(&all), all["items"].as_array().map(Vec::len)), (8, Some(8)));
    let page = told(&planner, "").await;
    assert_eq!((names(&page), page["items"].as_array().map(Vec::len)), (0, Some(8)), "{page}");
    for secret in ["p-1", "Ann", "Zebra", "a-1", "x.example", "Ask"] {
        assert!(!page.to_string().to_lowercase().contains(&secret.to_lowercase()), "{secret}: {page}");
    }
    // What the other side said is not told, and not searched through.
    for q in ["ann@", "ask"] {
        assert_eq!(told(&planner, &format!("?q={q}")).await["items"], json!([]), "{q}");
    }
    assert_eq!(told(&planner, "?q=mailbox_full").await["items"].as_array().map(Vec::len), Some(2), "by its code");
}

async fn a_search_among_problems_looks_at_so_many_and_says_where_it_goes_on(api: Api) {
    let token = travelling(&api).await;
    api.store()
        .write(|s| {
            longer_journeys(s)?;
            troubled(s)
        })
        .expect("written");
    // 5,006 trips failed, those of Zebra and Ann behind 5,000 of nobody's; as many messages, newest first.
    let more = "INSERT INTO ledger (id, key, kind, enrollment_id, version_id, node, outcome, reason, message, queued_at, decided_at)
        SELECT e.id + 10000000000000, 'more' || CAST(e.id AS TEXT), 'email', e.id, e.version_id, e.node, 'failed', 'refused',
            'Refused.', e.entered_at, e.entered_at FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id WHERE d.key = 'firms'";
    api.store()
        .write(|s| s.execute("UPDATE ledger SET id = -id", &[]).and_then(|_| s.execute(more, &[])))
        .expect("written");
    for (query, expected) in [
        ("q=zebra", &[0_usize, 1, 0] as &[usize]),
        ("q=ann", &[0, 1, 1]),
        ("q=nobody", &[0, 0, 0]),
        ("q=mailbox_full&journey=folk", &[0, 0, 2]),
        ("journey=folk", &[0, 2, 2]),
    ] {
        let pages = pages_of(&api, &token, &format!("/api/v1/problems?limit=200&{query}")).await;
        assert_eq!(pages, expected, "{query}");
    }
}
