//! The commands that people set other systems up with.

use crate::systems::place::{Kind, Place};

#[test]
fn connections_and_destinations_are_tried_by_command_and_each_says_what_is_wrong() {
    let place = Place::new(Kind::Embedded);
    let tested = place.does(&["connection", "test", "--json"]).stdout;
    let lines: Vec<serde_json::Value> = tested.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let says = |key: &str| {
        let line = lines.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("{key}: {tested}"));
        assert_eq!(line["ok"], true, "{line}");
        line["message"].as_str().expect("a sentence").to_owned()
    };
    assert!(says("mkto").contains("workspaces: Default"));
    assert!(says("linkedin").contains("the consent holds until"));
    assert!(place.does(&["destination", "test"]).stdout.contains("Reached; 0 audiences are there."));

    place.linkedin.withdraw_consent();
    let refused = place.caravan(&["connection", "test", "linkedin"]).run().expect_code(1);
    assert!(refused.stdout.starts_with("BAD") && refused.stdout.contains("consent again"), "{}", refused.stdout);
    let refused = place.caravan(&["destination", "test", "li"]).run().expect_code(1);
    assert!(refused.stdout.contains("consent again"), "{}", refused.stdout);
    place.caravan(&["destination", "audiences", "nope"]).run().expect_code(1);
}

#[test]
fn audiences_of_a_destination_are_shown_by_command_with_what_a_campaign_lacks() {
    let place = Place::new(Kind::Embedded);
    place.publish(
        "join",
        "  act: {type: action, on: account, action: activate_to_destination, destination: li, audience_name: Targets, next: null}\n",
    );
    place.work_to_the_end("join", "act");
    let shown = place.does(&["destination", "audiences", "li"]).stdout;
    assert!(shown.contains("Targets: 30 accounts, 0 waiting, 0 refused"), "{shown}");
    let asked = place.does(&["destination", "audiences", "li", "--refresh", "--json"]).json();
    assert_eq!((&asked["audience_size"], &asked["below_minimum"]), (&880.into(), &false.into()), "{asked}");
    assert_eq!(asked["status"], "BUILDING");
}
