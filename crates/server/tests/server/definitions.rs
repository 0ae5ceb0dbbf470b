//! Manifests through the command line: checked, applied, exported; mistakes change nothing.

use crate::support::Folder;

const GOOD: &str = "\
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
kind: journey
key: first
subject: account
audience: {account_list: big}
end: 2028-06-30T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: \"+5\", next: pause}
  pause: {type: wait, duration: 3d, next: null}
";

/// Ten mistakes.
const TEN_MISTAKES: &str = "\
{kind: scoer, key: a}
---
{kind: score, key: Not a key}
---
{kind: account_list, key: b, type: dynamic, state: live}
---
{kind: account_list, key: c, type: dynamic, when: {account: employes, at_least: 5}, state: live}
---
{kind: score, key: d, colour: red}
---
{kind: attribute, key: e, subject: acount, type: string}
---
kind: journey
key: f
subject: account
audience: {account_list: big}
end: 2028-06-30T00:00:00Z
entry: one
nodes:
  one: {type: action, on: people, action: chnge_score, score: interest, change: \"+5\", next: two}
  two: {type: wait, duration: 3d, next: three}
---
kind: journey
key: g
subject: account
audience: {account_list: big}
end: 2028-06-30T00:00:00Z
entry: one
nodes:
  one: {type: wait, duration: 3 days, next: null}
---
kind: settings
organisation: Acme
time_zone: Europe/Berlinn
";

#[test]
fn ten_mistakes_are_ten_findings_with_their_lines_and_nothing_is_applied() {
    let folder = Folder::new();
    folder.file("good.yaml", GOOD).file("bad.yaml", TEN_MISTAKES);
    let refused = folder.caravan("apply -f good.yaml -f bad.yaml").expect_code(2);
    let findings: Vec<&str> = refused.stderr.lines().filter(|line| line.starts_with("bad.yaml:")).collect();
    let shape = |line: &str| {
        let mut parts = line.splitn(3, ": ");
        let place = parts.next().unwrap_or_default().strip_prefix("bad.yaml:").and_then(|n| n.parse::<u32>().ok());
        let code = parts.next().and_then(|code| code.strip_prefix("error ")).map(str::to_owned);
        let sentence = parts.next().is_some_and(|text| text.ends_with(['.', '?']));
        (place, code, sentence)
    };
    let shapes: Vec<_> = findings.iter().map(|line| shape(line)).collect();
    assert!(shapes.iter().all(|(line, code, sentence)| line.is_some() && code.is_some() && *sentence), "{shapes:#?}");
    let told: Vec<String> =
        shapes.iter().map(|(line, code, _)| format!("{} {}", line.unwrap(), code.clone().unwrap())).collect();
    insta::assert_debug_snapshot!(told, @r#"
    [
        "1 unknown_kind",
        "3 bad_key",
        "5 missing_field",
        "9 unknown_field",
        "11 not_one_of",
        "30 bad_duration",
        "34 unknown_time_zone",
        "7 unknown_attribute",
        "21 unknown_node",
        "20 unknown_action",
    ]
    "#);
    assert_eq!(folder.done("export").stdout, "", "nothing was applied");

    let json = folder.caravan("apply -f bad.yaml --json").expect_code(2).json();
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(findings.len()));
    assert_eq!(json["findings"][0]["file"], "bad.yaml");
    let validated = folder.caravan("validate -f bad.yaml").expect_code(2);
    assert!(validated.stderr.contains("bad.yaml:"), "{}", validated.stderr);
}

#[test]
fn what_is_exported_applies_without_a_change() {
    let folder = Folder::new();
    folder.file("manifests/a/good.yaml", GOOD).file("manifests/notes.txt", "no manifest");
    folder.done("validate -f manifests");
    let dry = folder.done("apply -f manifests --dry-run --json").json();
    assert_eq!(dry["created"].as_array().map(Vec::len), Some(3));
    assert_eq!(folder.done("export").stdout, "", "a dry run changes nothing");
    let applied = folder.done("apply -f manifests");
    assert!(applied.stdout.contains("created  journey first\n"), "{}", applied.stdout);
    folder.file("exported.yaml", folder.done("export").stdout);
    folder.file("exported.json", folder.done("export --json").stdout);
    for again in ["exported.yaml", "exported.json", "manifests"] {
        let report = folder.done(&format!("apply -f {again} --json")).json();
        assert_eq!(report["unchanged"].as_array().map(Vec::len), Some(3), "{again}");
        assert_eq!((&report["created"], &report["changed"]), (&serde_json::json!([]), &serde_json::json!([])));
    }
    let one = folder.done("export score interest").stdout;
    assert!(one.starts_with("kind: score\nkey: interest\n"), "{one}");
    folder.caravan("export score nothing").expect_code(1);
    let unknown = folder.caravan("export scoer").expect_code(2);
    assert!(unknown.stderr.contains("Did you mean `score`?"), "{}", unknown.stderr);
}

#[test]
fn manifests_come_from_standard_input_too_and_must_be_text() {
    let folder = Folder::new();
    folder.program("apply -f -").run_with_input(GOOD.as_bytes()).expect_code(0);
    let refused = folder.program("apply -f -").run_with_input(b"kind: score\nkey: \xff\n").expect_code(2);
    assert!(refused.stderr.contains("-:2: error not_utf8"), "{}", refused.stderr);
    folder.caravan("apply -f missing.yaml").expect_code(2);
    folder.file("empty/readme.txt", "");
    folder.caravan("apply -f empty").expect_code(2);
}

#[test]
fn a_journey_is_published_moved_and_counted() {
    let folder = Folder::new();
    folder.file("good.yaml", GOOD);
    folder.file("accounts.csv", "key,name,employees\nA,Alder,900\nB,Birch,20\nC,Cedar,700\n");
    folder.file("people.csv", "key,email,account_key\np1,p1@a.example,A\np2,p2@a.example,A\np3,p3@b.example,B\n");
    folder.done("import accounts accounts.csv");
    folder.done("import people people.csv");
    folder.done("apply -f good.yaml");
    folder.caravan("journey pause first").expect_code(1);
    folder.caravan("journey publish nowhere").expect_code(1);
    let published = folder.done("journey publish first --json").json();
    assert_eq!((&published[0]["version"], &published[0]["state"]), (&1.into(), &"live".into()));
    let ran = folder.done("run --until-idle --json").json();
    assert_eq!(ran["idle"], true);
    let status = folder.done("journey status first --json").json();
    insta::assert_json_snapshot!(status, @r#"
    {
      "key": "first",
      "state": "live",
      "version": 1,
      "paused": false,
      "problems": 0,
      "travellers": {
        "entered": 2,
        "active": 2,
        "completed": 0,
        "no_path": 0,
        "timed_out": 0,
        "removed": 0,
        "aborted": 0,
        "expired": 0,
        "held_out": 0
      },
      "not_entered": {},
      "goal": null,
      "nodes": {
        "audience": {
          "reached": 2,
          "current": 0,
          "left": 2,
          "ended": 0,
          "paths": {}
        },
        "score": {
          "reached": 2,
          "current": 0,
          "left": 2,
          "ended": 0,
          "paths": {},
          "outcomes": {
            "pending": 0,
            "done": 2,
            "no_op": {},
            "skipped": {},
            "failed": {},
            "in_doubt": 0
          }
        },
        "pause": {
          "reached": 2,
          "current": 2,
          "left": 0,
          "ended": 0,
          "paths": {}
        }
      }
    }
    "#);
    let shown = folder.done("journey status first").stdout;
    insta::assert_snapshot!(shown, @r#"
    first version 1 is live
    2 entered, 2 active
    node      reached  current  left  ended  what happened
    audience        2        0     2      0
    score           2        0     2      0  done 2
    pause           2        2     0      0
    "#);
    for (verb, code) in [("pause", 0), ("pause", 1), ("resume", 0), ("close", 0), ("close", 1), ("abort", 0)] {
        folder.caravan(&format!("journey {verb} first")).expect_code(code);
    }
    folder.done("run --until-idle");
    let status = folder.done("journey status first --json").json();
    assert_eq!((&status["state"], &status["travellers"]["aborted"]), (&"aborted".into(), &2.into()));
    assert_eq!(folder.done("journey status first first --json").json().as_array().map(Vec::len), Some(2));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = Folder::new();
    for line in [
        "",
        "fly",
        "run",
        "run --until-idle --timeout soon",
        "apply",
        "journey publish",
        "export --data a --database postgres://b/c",
        "export --database mysql://b/c",
        "export --public-url nowhere",
        "export --allow-network 10.0.0.0/99",
        "export --allow-mail-network 10.0.0.0/99",
        "export --config missing.toml",
        "serve --listen nowhere",
        "sample --accounts 10 --people-per-account 99999999999",
    ] {
        let refused = folder.caravan(line).expect_code(2);
        assert!(!refused.stderr.is_empty(), "{line}");
    }
    assert!(!folder.path("caravan-data").exists(), "nothing was touched");
}

#[test]
fn settings_come_from_flags_then_variables_then_the_file() {
    let folder = Folder::new();
    folder.file("caravan.toml", "data = 'from-file'\n").file("bad.toml", "dta = 'x'\n");
    folder.done("export --config caravan.toml");
    assert!(folder.path("from-file").exists());
    folder.program("export --config caravan.toml").env("CARAVAN_DATA", "from-variable").run().expect_code(0);
    assert!(folder.path("from-variable").exists());
    let variables =
        folder.program("export --data from-flag").env("CARAVAN_DATABASE_URL", "postgres://nowhere.invalid/x");
    variables.run().expect_code(0);
    assert!(folder.path("from-flag").exists());
    let refused = folder.caravan("export --config bad.toml").expect_code(2);
    assert!(refused.stderr.contains("dta"), "{}", refused.stderr);
}
