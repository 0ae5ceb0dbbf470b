//! Files that arrive at a folder are taken in by schedule.

use std::fs;
use std::path::Path;
use std::time::Duration;

use caravan_engine::definitions::{ApplyOptions, DefinitionError, apply};
use caravan_engine::import::{has_rejects, write_rejects};
use caravan_engine::retention;
use caravan_model::DocumentId;
use caravan_testkit::fakes::s3::Setup;
use caravan_testkit::fakes::{Fault, S3};

use crate::imports::place::Place;
use crate::imports::place::on_both_databases;

on_both_databases! {
    each_version_of_a_file_is_taken_once_and_people_after_their_accounts
    what_is_wrong_with_a_file_is_kept
    every_row_that_is_not_taken_is_kept_with_its_reason_for_ninety_days
    a_folder_that_is_not_there_is_told_and_looked_for_again
    a_file_that_was_left_in_the_middle_is_taken_again
    a_schedule_that_makes_no_sense_is_refused
    files_in_a_bucket_are_taken_like_those_in_a_folder
    an_object_that_breaks_off_is_taken_whole_at_the_next_look
    a_bucket_that_refuses_is_told_and_looked_for_again
}

fn schedule(place: &Place, folder: &Path) {
    place.apply(&format!(
        "{{kind: connection, key: crm, type: folder, settings: {{path: {}, imports: {{every: 15m, files: [
          {{name: 'accounts-*.csv', kind: accounts, map: {{Id: key, Company: name}}}},
          {{name: 'people-*.csv', kind: people}}, {{name: 'odd*', kind: people}}]}}}}}}",
        folder.display()
    ));
}

fn a_quarter_passes(place: &Place) {
    place.clock.advance_to(place.clock.now() + Duration::from_secs(15 * 60));
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

/// `file state created rejected` of every run, in their order.
fn runs(place: &Place) -> Vec<String> {
    let mut rows = Vec::new();
    for row in place.texts("SELECT name || '|' || state || '|' || COALESCE(report, '{}') FROM import_run ORDER BY id") {
        let mut parts = row.splitn(3, '|');
        let (name, state, report) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let report: serde_json::Value = serde_json::from_str(report).unwrap();
        let told = match report.get("code") {
            Some(code) => code.to_string(),
            None => format!("{} {}", report["created"], report["rejected"]),
        };
        rows.push(format!("{name} {state} {told}"));
    }
    rows
}

fn each_version_of_a_file_is_taken_once_and_people_after_their_accounts(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "people-1.csv", "key,email,account_key\nP,p@a.example,A\nQ,q@a.example,Z\n");
    put(folder.path(), "accounts-1.csv", "Id,Company,Extra\nA,Alder,x\n");
    put(folder.path(), "other.txt", "not ours");
    schedule(place, folder.path());
    place.run();
    assert_eq!(runs(place), ["accounts-1.csv done 1 0", "people-1.csv done 1 1"]);
    place.run();
    put(folder.path(), "accounts-2.csv", "Id,Company\nB,Birch\n");
    place.run();
    assert_eq!(runs(place).len(), 2, "the next look is in a quarter of an hour");
    a_quarter_passes(place);
    place.run();
    assert_eq!(runs(place)[2..], ["accounts-2.csv done 1 0"]);
    put(folder.path(), "accounts-1.csv", "Id,Company\nA,Alder\nC,Cedar\n");
    a_quarter_passes(place);
    place.run();
    assert_eq!(runs(place)[3..], ["accounts-1.csv done 1 0"]);
    assert_eq!(place.texts("SELECT key FROM account ORDER BY key"), ["A", "B", "C"]);
}

fn what_is_wrong_with_a_file_is_kept(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "people-1.csv", "key,nonsense\nP,x\n");
    put(folder.path(), "odd", "key\nP\n");
    schedule(place, folder.path());
    place.run();
    assert_eq!(runs(place), ["people-1.csv failed \"unknown_column\"", "odd failed \"unknown_format\""]);
}

fn every_row_that_is_not_taken_is_kept_with_its_reason_for_ninety_days(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    let bad: String = (0..9_000).map(|n| format!("P{n},\n")).collect();
    put(folder.path(), "people-1.csv", &format!("key,email\nA,a@a.example\n{bad}"));
    put(folder.path(), "people-2.csv", "key,email\nB,b@a.example\n");
    schedule(place, folder.path());
    place.run();
    assert_eq!(runs(place), ["people-1.csv done 1 9000", "people-2.csv done 1 0"]);
    let connection = DocumentId(place.texts("SELECT CAST(connection_id AS TEXT) FROM import_run")[0].parse().unwrap());
    let numbers: Vec<i64> = place.ids("SELECT CAST(id AS TEXT) FROM import_run ORDER BY id");
    let kept = |connection, run| {
        let mut file = Vec::new();
        write_rejects(&place.engine, connection, run, &mut file).unwrap();
        String::from_utf8(file).unwrap()
    };
    let file = kept(connection, numbers[0]);
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[0]), (9_001, "line,code,reason"));
    assert!(lines[1].starts_with("3,email_required,") && lines[9_000].starts_with("9002,email_required,"), "{file}");
    assert!(place.ids("SELECT CAST(COUNT(*) AS TEXT) FROM import_reject")[0] > 1, "it is kept piece by piece");
    assert!(!has_rejects(&place.engine, connection, numbers[1]).unwrap());
    assert_eq!(kept(DocumentId(connection.0 + 1), numbers[0]), "", "they belong to their connection");
    // The same file once more: what an attempt that broke off left is forgotten.
    place
        .execute("UPDATE import_run SET state = 'running', report = NULL, ended_at = NULL WHERE name = 'people-1.csv'");
    a_quarter_passes(place);
    place.run();
    assert_eq!(kept(connection, numbers[0]), file);
    let days = |n: u64| Duration::from_secs(n * 24 * 3600);
    for (after, there) in [(days(89), true), (days(2), false)] {
        place.clock.advance_to(place.clock.now() + after);
        while retention::tick(&place.engine).unwrap() {}
        assert_eq!(has_rejects(&place.engine, connection, numbers[0]).unwrap(), there);
    }
}

fn a_folder_that_is_not_there_is_told_and_looked_for_again(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    let later = folder.path().join("later");
    schedule(place, &later);
    place.run();
    let problem = || place.texts("SELECT body FROM job WHERE name = 'imports'").remove(0);
    assert!(problem().starts_with("The connection `crm` cannot be looked into"), "{}", problem());
    fs::create_dir(&later).unwrap();
    put(&later, "accounts-1.csv", "Id,Company\nA,Alder\n");
    a_quarter_passes(place);
    place.run();
    assert_eq!((runs(place).len(), problem().as_str()), (1, "-"));
}

fn a_file_that_was_left_in_the_middle_is_taken_again(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "accounts-1.csv", "Id,Company\nA,Alder\n");
    schedule(place, folder.path());
    place.run();
    place.execute("UPDATE import_run SET state = 'running', report = NULL, ended_at = NULL");
    a_quarter_passes(place);
    place.run();
    assert_eq!(runs(place), ["accounts-1.csv done 0 0"]);
}

fn a_schedule_that_makes_no_sense_is_refused(place: &Place) {
    let codes = |settings: &str, of: &str| {
        let manifest = format!("{{kind: connection, key: x, type: {of}, settings: {{{settings}}}}}");
        match apply(&place.engine, &[("x.yaml".to_owned(), manifest)], "test", ApplyOptions::default()) {
            Err(DefinitionError::Findings(found)) => found.iter().map(|f| f.code.to_string()).collect(),
            other => vec![format!("{other:?}")],
        }
    };
    let imports = "imports: {every: 1h, files: [{name: '*.csv', kind: accounts}]}";
    assert_eq!(codes(imports, "webhook"), ["no_imports_here"]);
    assert_eq!(codes("path: x, imports: {every: often, files: []}", "folder"), ["invalid_schedule"]);
    assert_eq!(codes("path: x, imports: {every: 1h, files: []}", "folder"), ["invalid_schedule"]);
}

/// A connection to a fake store's bucket, its keys in files.
fn bucket(place: &Place, keys: &Path) -> S3 {
    let store = S3::start(Setup { page: 2, ..Setup::default() });
    let Setup { access_key_id, secret_access_key, .. } = Setup::default();
    put(keys, "id", &access_key_id);
    put(keys, "secret", &secret_access_key);
    place.apply(&format!(
        "{{kind: connection, key: crm, type: s3, settings: {{bucket: caravan, region: eu-central-1, endpoint: '{}',
          prefix: export, imports: {{every: 15m, files: [
          {{name: 'accounts-*.csv', kind: accounts, map: {{Id: key, Company: name}}}},
          {{name: 'people-*.csv', kind: people}}]}}}},
          secrets: {{access_key_id: {{file: {keys}/id}}, secret_access_key: {{file: {keys}/secret}}}}}}",
        store.url(),
        keys = keys.display(),
    ));
    store
}

fn files_in_a_bucket_are_taken_like_those_in_a_folder(place: &Place) {
    let keys = tempfile::tempdir().unwrap();
    let store = bucket(place, keys.path());
    store.put("export/people-1.csv", "key,email,account_key\nP,p@a.example,A\nQ,q@a.example,Z\n");
    store.put("export/accounts-1.csv", "Id,Company,Extra\nA,Alder,x\n");
    store.put("export/accounts-2.csv", "nonsense\n");
    store.put("export/old/accounts-0.csv", "Id,Company\nO,Oak\n");
    place.run();
    assert_eq!(
        runs(place),
        ["accounts-1.csv done 1 0", "accounts-2.csv failed \"unknown_column\"", "people-1.csv done 1 1"]
    );
    store.put("export/accounts-1.csv", "Id,Company\nA,Alder\nC,Cedar\n");
    a_quarter_passes(place);
    place.run();
    assert_eq!(runs(place)[3..], ["accounts-1.csv done 1 0"]);
    assert_eq!(place.texts("SELECT key FROM account ORDER BY key"), ["A", "C"]);
    assert_eq!(store.refused(), Vec::<String>::new());
}

fn an_object_that_breaks_off_is_taken_whole_at_the_next_look(place: &Place) {
    let keys = tempfile::tempdir().unwrap();
    let store = bucket(place, keys.path());
    store.put("export/accounts-1.csv", "Id,Company\nA,Alder\nB,Birch\n");
    store.put("export/people-1.csv", "key,email,account_key\nP,p@a.example,B\n");
    store.faults().plan("accounts-1.csv", 0, 50, Fault::Truncated);
    place.run();
    let problem = || place.texts("SELECT body FROM job WHERE name = 'imports'").remove(0);
    assert!(problem().contains("accounts-1.csv") && problem().contains("broke off"), "{}", problem());
    assert_eq!(runs(place), ["accounts-1.csv running null null"], "who belongs to its accounts waits for them");
    store.faults().clear();
    a_quarter_passes(place);
    place.run();
    assert_eq!(runs(place)[1..], ["people-1.csv done 1 0"]);
    assert_eq!(place.texts("SELECT key FROM account ORDER BY key"), ["A", "B"]);
    assert_eq!(problem(), "-");
}

fn a_bucket_that_refuses_is_told_and_looked_for_again(place: &Place) {
    let keys = tempfile::tempdir().unwrap();
    let store = bucket(place, keys.path());
    store.put("export/accounts-1.csv", "Id,Company\nA,Alder\n");
    store.faults().plan("/caravan", 0, 1, Fault::CodeBefore("AccessDenied"));
    place.run();
    let problem = || place.texts("SELECT body FROM job WHERE name = 'imports'").remove(0);
    assert!(problem().contains("s3:ListBucket"), "{}", problem());
    a_quarter_passes(place);
    place.run();
    assert_eq!((runs(place), problem().as_str()), (vec!["accounts-1.csv done 1 0".to_owned()], "-"));
}
