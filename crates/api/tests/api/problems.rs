//! What could not be done, listed and searched over HTTP, on both stores.

use caravan_store::{Session, StoreError};
use serde_json::json;

use crate::columns::{put, travelling, walked};
use crate::support::Api;

crate::on_both_stores! {
    problems_are_searched_by_traveller_and_by_their_words
    who_may_not_read_customers_finds_problems_by_their_words_alone
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
        ("no%20room", 2, 2),
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
