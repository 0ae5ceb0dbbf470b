//! The catalogue as others read it.

use caravan_model::document::DocumentKind;
use caravan_model::journey::ActionCatalogue;
use serde_json::{Map, Value as Json, json};

use crate::catalogue::{Actions, Catalogue};
use crate::events::{EVENTS, event};
use crate::testing::{account, definition, definitions};

fn settings(settings: Json) -> Map<String, Json> {
    settings.as_object().unwrap().clone()
}

#[test]
fn settings_are_checked_without_a_store_where_they_stand() {
    let wrong = settings(json!({"solution_intrest": "crm", "role": 5}));
    let found = Actions.check("assign_to_buying_group", &wrong, "/nodes/assign");
    insta::assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r"
    error missing_field at /nodes/assign/solution_interest: `solution_interest` is missing. Add it: whose buying group of the account.
    error unknown_field at /nodes/assign/solution_intrest: There is no field `solution_intrest` here. Did you mean `solution_interest`?
    error wrong_type at /nodes/assign/role: `role` must be text, not `5`.
    ");
    let found = Actions.check("change_score", &settings(json!({"score": "s", "change": "5"})), "/nodes/s");
    insta::assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @"error bad_score_change at /nodes/s/change: `5` is no change of a score. Write it like `+5`, `-10` or `=50`.");
    let found = Actions.check("person_interesting_moment", &settings(json!({"moment": "emial"})), "/nodes/m");
    insta::assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @"error not_one_of at /nodes/m/moment: `moment` must be one of `email`, `milestone`, `web`, not `emial`. Did you mean `email`?");
}

#[test]
fn references_of_an_action_stand_at_its_node() {
    let named = settings(json!({"solution_interest": "crm", "role": "Influencer"}));
    let found = Actions.references("assign_to_buying_group", &named, "/nodes/assign");
    let found: Vec<String> = found.iter().map(|r| format!("{} {} {}", r.kind, r.key, r.pointer)).collect();
    assert_eq!(found, ["solution_interest crm /nodes/assign/solution_interest", "role Influencer /nodes/assign/role"]);
}

#[test]
fn the_catalogue_has_what_the_app_draws_from() {
    let catalogue = serde_json::to_value(Catalogue::new(&definitions(), vec![json!({"key": "smtp"})])).unwrap();
    let action = catalogue["actions"].as_array().unwrap().iter().find(|a| a["key"] == "change_score").unwrap();
    assert_eq!(action["schema"]["properties"]["score"]["x-reference"], "score");
    assert_eq!(action["example"], json!({"score": "interest", "change": "+5"}));
    assert_eq!(action["subject"], "people");
    let nodes: Vec<&str> = catalogue["nodes"].as_array().unwrap().iter().filter_map(|n| n["key"].as_str()).collect();
    assert_eq!(nodes[..4], ["audience", "action", "listen", "wait"]);
    let clicked = catalogue["events"].as_array().unwrap().iter().find(|e| e["type"] == "email_clicked").unwrap();
    assert_eq!(clicked["fields"][0], json!({"key": "url", "type": "string"}));
    assert_eq!(catalogue["attributes"]["account"][1]["key"], "name");
    assert_eq!(catalogue["connectors"], json!([{"key": "smtp"}]));
}

#[test]
fn declared_activity_types_come_beside_our_own() {
    let demo = json!({"subject": "person", "fields": {"product": "string", "seats": "integer"}});
    let declared = definition(50, DocumentKind::ActivityType, "demo_requested", "live", demo);
    let mut all = definitions();
    all = crate::Definitions::new(all.schema.clone(), all.zone.clone(), [declared]);
    let last = serde_json::to_value(Catalogue::new(&all, Vec::new()).events.last().unwrap()).unwrap();
    assert_eq!(last["type"], "demo_requested");
    assert_eq!(last["fields"][1], json!({"key": "seats", "type": "integer"}));
}

#[test]
fn what_actions_tell_is_declared_with_its_fields() {
    let mut scene = account("acme").person("VP Sales").group().world();
    for action in crate::ACTIONS {
        scene.run(action.facts().key, action.example());
    }
    for told in &scene.world.changes.activities {
        let facts = event(told.kind).unwrap_or_else(|| panic!("{} is not declared", told.kind));
        let fields: Map<String, Json> = serde_json::from_str(&told.fields).unwrap();
        for name in fields.keys() {
            assert!(facts.fields.iter().any(|(field, _)| field == name), "{}.{name}", told.kind);
        }
    }
}

#[test]
fn events_have_names_of_their_own() {
    for it in EVENTS {
        assert_eq!(
            EVENTS.iter().filter(|other| other.kind == it.kind || other.label == it.label).count(),
            1,
            "{}",
            it.kind
        );
    }
}

#[test]
fn the_reference_page_shows_every_action_with_its_settings() {
    let page = crate::reference_markdown();
    let section = page.split("\n## ").find(|section| section.starts_with("`update_buying_group_status`")).unwrap();
    insta::assert_snapshot!(section, @r#"
    `update_buying_group_status`

    **Update Buying Group Status.** Writes the status of the account's buying group.

    | Setting | Takes | |
    |---|---|---|
    | `solution_interest` | key of kind `solution_interest` | Whose buying group of the account. |
    | `status` | text | The new status, 1 to 50 characters; space around it is dropped. |

    Example settings: `{"solution_interest":"crm","status":"In talks"}`

    Outcome: `done`.

    | `no_op` | Why |
    |---|---|
    | `no_buying_group` | The account has no buying group of this solution interest. |
    | `unchanged` | The group has this status already. |
    "#);
    assert_eq!(page.matches("\n## ").count(), crate::ACTIONS.len());
}
