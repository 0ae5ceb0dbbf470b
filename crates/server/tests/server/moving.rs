//! Whole stores: backed up beside a running server, restored, copied to PostgreSQL and back. What arrives is what was there,
//! and it goes on from there.

use crate::support::{Folder, terminate};
use caravan_testkit::scratch_database;
use serde_json::Value;

const JOURNEY: &str = "\
{kind: score, key: interest}
---
{kind: attribute, key: crm_tier, subject: account, type: string, updatable: true}
---
{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 1}, state: live}
---
kind: journey
key: first
subject: account
audience: {account_list: everybody}
end: 2028-06-30T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: \"+5\", next: pause}
  pause: {type: wait, duration: 3d, next: null}
";

/// A store with people who travel, attributes of their own and a user.
fn lived_in() -> Folder {
    let folder = Folder::new();
    folder.file("journey.yaml", JOURNEY);
    folder.file(
        "accounts.csv",
        "key,name,employees,crm_tier\nA,Älder,10,gold\nB,Birch,20,\nC,Cedar,30,\"a \"\"quoted\"\" one\"\n",
    );
    folder.file(
        "people.csv",
        "key,email,account_key,account_roles\nP1,p1@a.example,A,Buyer;User\nP2,p2@b.example,B,\nP3,,C,\n",
    );
    folder.done("apply -f journey.yaml");
    folder.done("import accounts accounts.csv");
    folder.caravan("import people people.csv --rejects rejected.csv").expect_code(3);
    folder.done("journey publish first");
    folder.done("run --until-idle");
    folder.done("user add ann@acme.example --role administrator");
    folder
}

/// What can be asked of a store: its definitions, and who stands where.
fn told(folder: &Folder, place: &str) -> (Value, Value) {
    let status = folder.done(&format!("journey status first --json {place}")).json();
    assert_eq!(status["nodes"]["pause"]["current"], 3, "{status}");
    (folder.done(&format!("export --json {place}")).json(), status)
}

/// New accounts get new numbers and travel.
fn goes_on(folder: &Folder, place: &str) {
    folder.file("more.csv", "key,name,employees\nD,Dogwood,40\n");
    folder.done(&format!("import accounts more.csv {place}"));
    folder.done(&format!("run --until-idle {place}"));
    let status = folder.done(&format!("journey status first --json {place}")).json();
    assert_eq!(status["nodes"]["pause"]["current"], 4, "{status}");
}

#[test]
fn a_backup_beside_a_running_server_is_restored_as_it_was_and_goes_on() {
    let folder = lived_in();
    let (server, _) = folder.serve("serve");
    folder.done("backup monday.backup");
    folder.caravan("backup monday.backup").expect_code(2);
    terminate(server).expect_code(0);
    folder.done("restore monday.backup --data restored");
    assert_eq!(told(&folder, "--data restored"), told(&folder, ""));
    goes_on(&folder, "--data restored");
    told(&folder, "");
    let there = folder.caravan("restore monday.backup --data restored --json").expect_code(2);
    assert_eq!(there.json()["error"]["code"], "exists_already");
}

#[test]
fn what_is_no_backup_is_not_restored() {
    let folder = lived_in();
    folder.done("backup whole.backup");
    let mut damaged = std::fs::read(folder.path("whole.backup")).expect("a file");
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0x5a);
    folder.file("damaged.backup", damaged).file("text.backup", "key,name\nA,Alder\n");
    for file in ["damaged.backup", "text.backup", "missing.backup"] {
        let refused = folder.caravan(&format!("restore {file} --data new --json")).expect_code(2);
        assert_eq!(refused.json()["error"]["code"], "not_a_backup", "{file}: {}", refused.stderr);
        assert!(!folder.path("new").join("caravan.db").exists(), "{file}");
    }
}

#[test]
fn a_whole_store_goes_to_postgresql_and_back_and_stays_the_same() {
    let folder = lived_in();
    let database = scratch_database();
    let copied = folder.done(&format!("copy --from caravan-data --to {} --json", database.url)).json();
    let rows = |table: &str| {
        let all = copied["tables"].as_array().expect("tables");
        all.iter().find(|t| t["table"] == table).map(|t| t["rows"].clone())
    };
    assert_eq!((rows("account"), rows("person"), rows("app_user")), (Some(3.into()), Some(2.into()), Some(1.into())));
    let there = format!("--database {}", database.url);
    assert_eq!(told(&folder, &there), told(&folder, ""));
    goes_on(&folder, &there);
    let full = folder.caravan(&format!("copy --from caravan-data --to {} --json", database.url)).expect_code(2);
    assert_eq!(full.json()["error"]["code"], "not_empty");

    folder.done(&format!("copy --from {} --to back", database.url));
    let status = |place: &str| folder.done(&format!("journey status first --json {place}")).json();
    assert_eq!(status("--data back"), status(&there));
    folder.caravan(&format!("copy --from {0} --to {0}", database.url)).expect_code(2);
    folder.caravan("copy --from nowhere --to new").expect_code(2);
}

#[test]
fn a_store_whose_journeys_run_is_not_copied() {
    let folder = lived_in();
    let (server, _) = folder.serve("serve");
    let refused = folder.caravan("copy --from caravan-data --to new --json").expect_code(1);
    assert_eq!(refused.json()["error"]["code"], "store_runtime_active", "{}", refused.stderr);
    terminate(server).expect_code(0);
    folder.done("copy --from caravan-data --to new");
    told(&folder, "--data new");
}
