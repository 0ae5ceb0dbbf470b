//! `caravan test`: scenarios pass, fail with file and line, and need no store.

use crate::support::{Folder, repository};

/// A copy of the example, to be changed.
fn example() -> Folder {
    let folder = Folder::new();
    for file in ["nurture.yaml", "manifests/nurture.yaml"] {
        let text = std::fs::read(repository(&format!("docs/examples/scenarios/{file}"))).expect("the example");
        folder.file(file, text);
    }
    folder
}

#[test]
fn the_example_passes_without_a_store() {
    let folder = example();
    let told = folder.done("test nurture.yaml").stdout;
    insta::assert_snapshot!(told, @r"
    ok      A gold account that clicks is warm  (nurture.yaml:3)
    ok      Whoever is silent is reminded after two weeks  (nurture.yaml:33)
    ok      Half of those who listen click two hours later  (nurture.yaml:51)
    3 passed, 0 failed
    ");
    assert!(!folder.path("caravan-data").exists(), "nothing is left behind");
    let json = folder.done("test nurture.yaml --json --only silent").json();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &0.into()));
    assert_eq!(json["scenarios"][0]["report"]["messages"]["email"]["reminder"], 1);
}

#[test]
fn what_came_otherwise_is_told_with_its_line() {
    let folder = example();
    let changed = folder
        .read("nurture.yaml")
        .replace("{entered: 1, completed: 1}", "{entered: 2, completed: 1}")
        .replace("tier: Gold, warm]", "tier: other]")
        .replace("small: never entered", "small: completed")
        .replace("heard: 2026-12-04T08:00:00Z", "heard: 2026-12-04T09:00:00Z")
        .replace("unsubscribed: 1", "unsubscribed: 0")
        .replace("reminder: []", "reminder: [ada@acme.example]")
        .replace("subject: Hello Ada, contains: [Ada of Acme Works]", "subject: Hello, contains: [Ben]");
    folder.file("nurture.yaml", changed);
    let told = folder.caravan("test nurture.yaml --only gold").expect_code(1).stdout;
    // Behind the text stands the way out, with a token.
    let told: Vec<&str> = told.lines().map(|line| line.split(" Unsubscribe").next().unwrap_or_default()).collect();
    let told = told.join("\n");
    insta::assert_snapshot!(told, @r#"
    FAILED  A gold account that clicks is warm  (nurture.yaml:3)
      nurture.yaml:18: travellers entered: expected 2, found 1
      nurture.yaml:25: nodes hello outcomes skipped unsubscribed: expected 0, found 1
      nurture.yaml:20: the way of acme: expected hello → pause → heard → tier (other), found hello → pause → heard → tier (Gold) → warm
      nurture.yaml:21: the trip of small: expected completed, found never entered
      nurture.yaml:23: acme at heard: expected to arrive 2026-12-04T09:00:00Z, found 2026-12-04T08:00:00Z
      nurture.yaml:29: reminder goes to: expected ada@acme.example, found nobody
      nurture.yaml:31: the subject of welcome to ada@acme.example: expected "Hello", found "Hello Ada"
      nurture.yaml:31: welcome to ada@acme.example does not say "Ben"; it says: Welcome, Ada of Acme Works. --
    0 passed, 1 failed
    "#);
    let json = folder.caravan("test nurture.yaml --json").expect_code(1).json();
    assert_eq!((&json["passed"], &json["failed"]), (&2.into(), &1.into()));
    let first = &json["scenarios"][0]["failures"][0];
    assert_eq!(
        (&first["pointer"], &first["expected"], &first["found"]),
        (&"/expect/travellers/entered".into(), &2.into(), &1.into())
    );
}

#[test]
fn records_and_answers_of_services_are_given() {
    let folder = Folder::new();
    for file in ["routing.yaml", "manifests/routing.yaml"] {
        let text = std::fs::read(repository(&format!("docs/examples/scenarios/services/{file}"))).expect("the example");
        folder.file(file, text);
    }
    let told = folder.done("test routing.yaml").stdout;
    insta::assert_snapshot!(told, @r"
    ok      A renewed contract of a gold account goes to its owner  (routing.yaml:3)
    1 passed, 0 failed
    ");
    let text = folder.read("routing.yaml");
    let refused = |from: &str, to: &str| {
        folder.file("wrong.yaml", text.replacen(from, to, 1));
        folder.caravan("test wrong.yaml").expect_code(2).stderr.lines().next().unwrap_or_default().to_owned()
    };
    let all = [
        refused("service: tier, account_key: acme", "service: tear, account_key: acme"),
        refused("service: tier, account_key: acme", "service: tier, account_key: nobody"),
        refused("after: 5m", "after: soon"),
        refused("value: 90000", "value: much"),
        refused("    contract:", "    contact:"),
    ];
    let expected = [
        "wrong.yaml:17: error unknown_service",
        "wrong.yaml:17: error unknown_account",
        "wrong.yaml:17: error invalid_scenario",
        "wrong.yaml:14: error",
        "wrong.yaml:13: error",
    ];
    for (told, expected) in all.iter().zip(expected) {
        assert!(told.starts_with(expected), "{expected}: {told}");
    }
}

#[test]
fn a_scenario_that_cannot_be_is_refused_with_its_place() {
    let folder = example();
    let text = folder.read("nurture.yaml");
    let refused = |name: &str, from: &str, to: &str| {
        folder.file("wrong.yaml", text.replacen(from, to, 1));
        let told = folder.caravan("test wrong.yaml").expect_code(2).stderr;
        let line = told.lines().next().unwrap_or_default();
        format!("{name}: {line}")
    };
    let all = [
        refused("field", "expect:", "expects:"),
        refused("row", "employees: 1200", "employees: many"),
        refused("person", "person_key: ada, email: welcome", "person_key: adam, email: welcome"),
        refused("time", "from: 2026-12-01T07:30:00Z", "from: yesterday"),
        refused("manifest", "manifests: [manifests]", "manifests: [nowhere.yaml]"),
        refused("journey", "manifests: [manifests]", "manifests: [manifests]\njourney: nobody"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    field: wrong.yaml:17: error invalid_scenario: This is no scenario as it stands: unknown field `expects`, expected one of `scenario`, `manifests`, `journey`, `from`, `until`, `given`, `expect`.
    row: wrong.yaml:9: error wrong_value_type: `employees` expects a whole number, not "many".
    person: wrong.yaml:16: error unknown_person: There is no person `adam`. Correct the key, or import the person first.
    time: wrong.yaml:5: error invalid_scenario: This is no scenario as it stands: expected a time like 2026-12-01T09:00:00Z, or a date.
    manifest: caravan: nowhere.yaml cannot be read: No such file or directory (os error 2). Check the path.
    journey: wrong.yaml:5: error unknown_journey: There is no journey `nobody` in the manifests. Correct the key, or name its file.
    "#);
}
