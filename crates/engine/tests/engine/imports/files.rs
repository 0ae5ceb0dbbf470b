//! Files: headers, rows that are refused, values that are set, left alone and cleared.

use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, import};
use caravan_testkit::companies_csv;

use crate::imports::place::on_both_databases;
use crate::imports::place::{Heard, Place, counts, rejected};

on_both_databases! {
    rows_are_added_then_changed_where_they_differ
    bad_rows_are_refused_alone
    the_header_is_checked_before_anything_is_imported
    columns_of_foreign_files_are_mapped
    later_rows_of_a_key_apply_after_earlier_ones
    parents_are_found_wherever_they_stand
    a_row_whose_parent_never_comes_is_refused_whole
    a_dry_run_counts_and_changes_nothing
    json_lines_set_leave_and_clear
    declared_attributes_are_columns
    changes_are_told_to_who_mentions_them_and_to_nobody_else
    whole_chunks_go_in_and_ids_are_dense
}

fn rows_are_added_then_changed_where_they_differ(place: &Place) {
    let first = place.accounts("key,name,industry,employees\nA,Alder,Software,10\nB,Birch,,\n");
    assert_eq!(counts(&first), (2, 2, 0, 0, 0, 0));
    let second = place.accounts("key,name,industry,employees\nA,,\\N,20\nB,Birch,,\n");
    assert_eq!(counts(&second), (2, 0, 1, 1, 0, 0));
    assert_eq!(
        place.texts("SELECT name || ' ' || COALESCE(industry, '-') || ' ' || COALESCE(CAST(employees AS TEXT), '-') FROM account ORDER BY key"),
        ["Alder - 20", "Birch - -"]
    );
    // New rows tell nothing, changed ones what differs.
    let told = place.texts("SELECT type || ' ' || source || ' ' || CAST(fields AS TEXT) FROM activity ORDER BY id");
    let told: Vec<String> = told.iter().map(|line| line.replace(": ", ":").replace(", ", ",")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|line| line.starts_with("account_changed import")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("\"industry\"") && line.contains("\"old\":\"Software\"")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("\"employees\"") && line.contains("\"new\":20")), "{told:?}");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 0, "nothing live, nobody told");
}

fn bad_rows_are_refused_alone(place: &Place) {
    let mut file = b"key,name,employees,time_zone,owner_email\n".to_vec();
    file.extend(b"A,Alder,10,Europe/Berlin,o@x.example\n");
    file.extend(b"B,\"Birch, 10,,\n");
    file.extend(b",Cedar,10,,\n");
    file.extend(format!("D,{},10,,\n", "x".repeat(300)).bytes());
    file.extend(b"E,Elm \xff,10,,\n");
    file.extend(b"F,Fir,many,,\n");
    file.extend(b"G,Gorse,10\n");
    file.extend(b"H,,10,,\n");
    file.extend(b"I,Ivy,10,Berlin,\n");
    file.extend(b"J,Juniper,10,,nobody\n");
    file.extend(b"K,\\N,,,\n");
    file.extend(b"L,Nul\0,,,\n");
    file.extend(b"Z,\"Zelkova, Inc\",\"12\",,\n");
    let mut heard = Heard::default();
    let report =
        import(&place.engine, &ImportKind::Accounts, &file[..], FileFormat::Csv, &ImportOptions::default(), &mut heard)
            .unwrap();
    assert_eq!(
        rejected(&report),
        [
            "3 wrong_quoting",
            "4 missing_key",
            "5 text_too_long",
            "6 not_utf8",
            "7 wrong_value_type",
            "8 wrong_cell_count",
            "9 required",
            "10 unknown_time_zone",
            "11 invalid_email",
            "12 required",
            "13 invalid_character"
        ]
    );
    assert_eq!(heard.rejects, report.rejects);
    assert_eq!(heard.rows, 13);
    assert_eq!(counts(&report), (13, 2, 0, 0, 0, 11));
    assert_eq!(place.texts("SELECT name FROM account ORDER BY key"), ["Alder", "Zelkova, Inc"]);
}

fn the_header_is_checked_before_anything_is_imported(place: &Place) {
    let refused = |file: &str| {
        let error = place.file(ImportKind::Accounts, file.as_bytes()).unwrap_err();
        (error.code(), error.to_string())
    };
    let (code, message) = refused("key,name,employes\nA,Alder,1\n");
    assert_eq!(
        (code, message.as_str()),
        ("unknown_column", "Accounts have no column `employes`. Did you mean `employees`?")
    );
    assert_eq!(refused("name\nA\n").0, "missing_column");
    assert_eq!(refused("key,name,key\nA,Alder,B\n").0, "duplicate_column");
    assert_eq!(refused("key;name\nA;Alder\n").0, "unknown_column");
    assert_eq!(refused("").0, "empty_file");
    assert_eq!(refused("{\"key\": \"A\", \"nome\": \"Alder\"}\n").0, "unknown_column");
    assert_eq!(place.one("SELECT COUNT(*) FROM account"), 0);
}

fn columns_of_foreign_files_are_mapped(place: &Place) {
    let map = [("Symbol", "key"), ("Security", "name"), ("GICS Sector", "industry")];
    let map: Vec<(String, String)> = map.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let options = ImportOptions { map, ..ImportOptions::default() };
    let report = place.with(ImportKind::Accounts, &companies_csv(120, 1), &options).unwrap();
    assert!(report.created > 100 && report.rejected == 0, "{report:?}");
    let note = &report.notes[0];
    assert_eq!(note.code, "columns_ignored");
    assert!(note.message.contains("Headquarters Location") && !note.message.contains("Security,"), "{}", note.message);
    assert_eq!(place.one("SELECT COUNT(*) FROM account WHERE industry IS NULL"), 0);
    let wrong = |column: &str, to: &str| {
        let map = vec![(column.to_owned(), to.to_owned())];
        place.with(ImportKind::Accounts, "Symbol\nA\n", &ImportOptions { map, ..options.clone() }).unwrap_err().code()
    };
    assert_eq!((wrong("Symbol", "kee"), wrong("Symbl", "key")), ("unknown_column", "unknown_column"));
}

fn later_rows_of_a_key_apply_after_earlier_ones(place: &Place) {
    let report = place.accounts("key,name,city\nA,One,\nA,Two,Ulm\nA,Two,\nA,,Bonn\nB,,\nB,Birch,\n");
    assert_eq!(counts(&report), (6, 2, 2, 1, 0, 1));
    assert_eq!(rejected(&report), ["6 required"]);
    assert_eq!(
        place.texts("SELECT name || ' ' || COALESCE(city, '-') FROM account ORDER BY key"),
        ["Two Bonn", "Birch -"]
    );
    assert_eq!(place.one("SELECT COUNT(*) FROM activity"), 0);
}

fn parents_are_found_wherever_they_stand(place: &Place) {
    let report = place.accounts("key,name,parent_key\nC,Child,P\nC,Renamed,\nP,Parent,G\nG,Grand,\nD,Direct,G\n");
    assert_eq!(counts(&report), (5, 4, 1, 0, 0, 0));
    let parents = "SELECT c.key || c.name || '>' || COALESCE(p.key, '') FROM account AS c
                   LEFT JOIN account AS p ON p.id = c.parent_id ORDER BY c.key";
    assert_eq!(place.texts(parents), ["CRenamed>P", "DDirect>G", "GGrand>", "PParent>G"]);
    let again = place.accounts("key,parent_key\nC,G\nD,\\N\nP,G\n");
    assert_eq!(counts(&again), (3, 0, 2, 1, 0, 0));
    assert_eq!(place.texts(parents), ["CRenamed>G", "DDirect>", "GGrand>", "PParent>G"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM activity WHERE type = 'account_changed'"), 2);
}

fn a_row_whose_parent_never_comes_is_refused_whole(place: &Place) {
    let report = place.accounts("key,name,parent_key\nA,Alder,nowhere\nB,Birch,A\nC,Cedar,C\nD,Dogwood,\n");
    assert_eq!(rejected(&report), ["4 unknown_parent", "2 unknown_parent", "3 unknown_parent"]);
    assert_eq!(counts(&report), (4, 1, 0, 0, 0, 3));
    assert_eq!(place.texts("SELECT key FROM account"), ["D"]);
}

fn a_dry_run_counts_and_changes_nothing(place: &Place) {
    place.accounts("key,name\nA,Alder\n");
    let file = "key,name,parent_key\nA,Aspen,B\nB,Birch,\nC,,\n";
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let pretended = place.with(ImportKind::Accounts, file, &dry).unwrap();
    assert_eq!(place.texts("SELECT name FROM account"), ["Alder"]);
    assert_eq!(place.one("SELECT COUNT(*) FROM activity"), 0);
    let real = place.with(ImportKind::Accounts, file, &ImportOptions::default()).unwrap();
    assert_eq!(pretended, real);
    assert_eq!(counts(&real), (3, 1, 1, 0, 0, 1));
}

fn json_lines_set_leave_and_clear(place: &Place) {
    let file = r#"{"key": "A", "name": "Alder", "employees": 5, "city": "Ulm"}
{"key": "B", "name": 5}
{"key": "C", "name": "Cedar", "nome": "x"}
not json

{"key": "A", "city": null, "employees": 6}
"#;
    let report = place.accounts(file);
    assert_eq!(rejected(&report), ["2 wrong_value_type", "3 unknown_column", "4 invalid_json"]);
    assert_eq!(counts(&report), (5, 1, 1, 0, 0, 3));
    assert_eq!(place.texts("SELECT name || COALESCE(city, '-') || employees FROM account"), ["Alder-6"]);
}

fn declared_attributes_are_columns(place: &Place) {
    place.apply("{kind: attribute, key: crm-tier, subject: account, type: string, updatable: true}\n---\n{kind: attribute, key: strategic, subject: account, type: boolean}");
    assert_eq!(counts(&place.accounts("key,name,crm-tier,strategic\nA,Alder,gold,yes\nB,Birch,,\n")).1, 2);
    let report = place.accounts("key,name,crm-tier,strategic\nA,Alder,silver,true\nB,Birch,gold,no\n");
    assert_eq!(counts(&report), (2, 0, 2, 0, 0, 0));
    assert_eq!(counts(&place.accounts("key,crm-tier,strategic\nA,silver,1\nB,gold,0\n")), (2, 0, 0, 2, 0, 0));
    assert_eq!(counts(&place.accounts("key,crm-tier,strategic\nA,\\N,\nB,,\\N\n")), (2, 0, 2, 0, 0, 0));
    assert_eq!(counts(&place.accounts("key,crm-tier,strategic\nA,\\N,1\nB,gold,\\N\n")), (2, 0, 0, 2, 0, 0));
    assert_eq!(place.texts("SELECT custom ->> 'crm-tier' FROM account ORDER BY key"), ["-", "gold"]);
}

fn changes_are_told_to_who_mentions_them_and_to_nobody_else(place: &Place) {
    place
        .apply("{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}");
    place.run();
    let members =
        || place.texts("SELECT a.key FROM list_member AS m JOIN account AS a ON a.id = m.subject_id ORDER BY a.key");
    place.accounts("key,name,employees,city\nA,Alder,900,\nB,Birch,20,\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 1, "one row a chunk and shard");
    place.run();
    assert_eq!(members(), ["A"]);
    place.accounts("key,employees,city\nA,10,Ulm\nB,600,\n");
    place.run();
    assert_eq!(members(), ["B"]);
    place.accounts("key,employees,city\nA,,Bonn\nB,600,Jena\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM inbox"), 0, "no condition asks for cities");
}

fn whole_chunks_go_in_and_ids_are_dense(place: &Place) {
    let mut file = "key,name\n".to_owned();
    (0..25_000).for_each(|n| file.push_str(&format!("k{n},Name {n}\n")));
    assert_eq!(counts(&place.accounts(&file)), (25_000, 25_000, 0, 0, 0, 0));
    assert_eq!(place.one("SELECT MAX(id) - MIN(id) + 1 FROM account"), 25_000);
    assert_eq!(place.one("SELECT COUNT(*) FROM account WHERE shard <> (id / 16) % 256"), 0);
    assert_eq!(counts(&place.accounts(&file)), (25_000, 0, 0, 25_000, 0, 0));
}
