//! `caravan diff`, and that exports are applied without a difference.

use crate::support::{Folder, repository};

const JOURNEY: &str = "\
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
kind: journey
key: first
subject: account
audience: {account_list: big}
end: 2028-06-30T00:00:00Z
entry: pause
nodes:
  pause: {type: wait, duration: 3d, next: null}
";

#[test]
fn what_would_change_is_told_and_nothing_is_changed() {
    let folder = Folder::new();
    folder.file("old.yaml", JOURNEY);
    folder.done("apply -f old.yaml");
    assert_eq!(folder.done("diff -f old.yaml --exit-code").stdout, "0 new, 0 changed, 2 unchanged\n");
    let new = JOURNEY.replace("at_least: 500", "at_least: 900").replace(
        "next: null}",
        "next: again}\n  again: {type: wait, duration: 1d, next: null}\n---\n{kind: score, key: interest}",
    );
    folder.file("new.yaml", &new);
    let told = folder.done("diff -f new.yaml").stdout;
    insta::assert_snapshot!(told, @r"
    new      score interest
    changed  account_list big
      ~ when: Employees is at least 500 → Employees is at least 900
    changed  journey first
      + node again: wait 1 day, after pause
    1 new, 2 changed, 0 unchanged
    ");
    let json = folder.done("diff -f new.yaml --json").json();
    assert_eq!(json["changed"][1]["differences"][0]["fate"], "added");
    assert_eq!(json["changed"][1]["differences"][0]["pointer"], "/nodes/again");
    folder.caravan("diff -f new.yaml --exit-code").expect_code(1);
    assert_eq!(folder.done("diff -f old.yaml --exit-code").stdout, "0 new, 0 changed, 2 unchanged\n");
    folder.file("broken.yaml", "{kind: scoer, key: a}");
    folder.caravan("diff -f broken.yaml").expect_code(2);
}

/// Every kind is in there.
#[test]
fn an_export_of_everything_is_applied_without_a_difference() {
    let folder = Folder::new();
    let everything = std::fs::read_to_string(repository("docs/examples/everything.yaml")).expect("the example");
    folder.file("accounts.csv", "key,name\nMMM,3M\nAOS,A. O. Smith\n");
    folder.file("people.csv", "key,email,account_key\np-1,p1@mail.example,MMM\np-2,p2@mail.example,AOS\n");
    folder.done("import accounts accounts.csv");
    folder.done("import people people.csv");
    folder.file("everything.yaml", &everything);
    folder.done("apply -f everything.yaml");
    for form in ["", " --json"] {
        let exported = folder.done(&format!("export{form}")).stdout;
        let file = if form.is_empty() { "export.yaml" } else { "export.json" };
        folder.file(file, &exported);
        let compared = folder.done(&format!("diff -f {file} --json")).json();
        assert_eq!((&compared["created"], &compared["changed"]), (&serde_json::json!([]), &serde_json::json!([])));
        let applied = folder.done(&format!("apply -f {file} --json")).json();
        assert_eq!((&applied["created"], &applied["changed"]), (&serde_json::json!([]), &serde_json::json!([])));
        let kinds: std::collections::BTreeSet<String> = applied["unchanged"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|named| named["kind"].as_str().unwrap_or_default().to_owned())
            .collect();
        let all = caravan_model::document::KINDS.iter().map(|kind| kind.key().to_owned()).collect();
        assert_eq!(kinds, all, "every kind");
        assert_eq!(exported, folder.done(&format!("export{form}")).stdout, "and the export stays the same");
    }
}
