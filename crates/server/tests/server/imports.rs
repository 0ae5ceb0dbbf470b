//! Import files through the command line: good rows in, bad rows listed, nothing lost and nothing guessed.

use crate::support::Folder;

#[test]
fn an_unknown_header_imports_nothing_unless_columns_are_mapped() {
    let folder = Folder::new();
    folder.file("a.csv", "Symbol,name,Headquarters\nMMM,3M,Saint Paul\n");
    let refused = folder.caravan("import accounts a.csv").expect_code(2);
    assert!(refused.stderr.contains("Symbol"), "{}", refused.stderr);
    let done = folder.done("import accounts a.csv --map Symbol=key");
    assert!(done.stdout.starts_with("1 read: 1 created"), "{}", done.stdout);
    assert!(done.stderr.contains("Headquarters"), "the ignored column is noted: {}", done.stderr);
    folder.caravan("import accounts a.csv --map Symbol").expect_code(2);
    folder.caravan("import accounts a.csv --map Symbol=ky").expect_code(2);
}

#[test]
fn bad_rows_are_listed_with_their_lines_and_the_rest_is_imported() {
    let folder = Folder::new();
    let mut file = b"key,name,employees\nA,Alder,10\n".to_vec();
    file.extend(b",no key,10\n");
    file.extend(format!("B,{},10\n", "x".repeat(300)).bytes());
    file.extend(b"C,\"open quote\"x,10\n");
    file.extend(b"D,\xff\xfe,10\n");
    file.extend(b"E,Elm,many\n");
    file.extend(b"F,Fir,20\n");
    folder.file("a.csv", file);
    let done = folder.caravan("import accounts a.csv --rejects rejects.csv").expect_code(3);
    assert!(done.stdout.starts_with("7 read: 2 created, 0 updated, 0 unchanged, 5 rejected"), "{}", done.stdout);
    insta::assert_snapshot!(folder.read("rejects.csv"), @r#"
    line,code,reason
    3,missing_key,The row has no `key`. Give the natural key that the source system uses.
    4,text_too_long,`name` takes at most 255 characters; shorten the text.
    5,wrong_quoting,"The quotes of this row do not fit. Put a cell that contains a comma, a quote or a line break between quotes, and write a quote inside it twice."
    6,not_utf8,The row is not UTF-8. Save the file with that encoding.
    7,wrong_value_type,"`employees` expects a whole number, not ""many""."
    "#);
    let again = folder.caravan("import accounts a.csv --json").expect_code(3).json();
    assert_eq!((&again["read"], &again["unchanged"], &again["rejected"]), (&7.into(), &2.into(), &5.into()));
    let shown = folder.caravan("import accounts a.csv").expect_code(3).stderr;
    assert!(shown.contains("a.csv:3: error missing_key"), "{shown}");
}

#[test]
fn lines_of_json_come_from_standard_input_and_a_dry_run_changes_nothing() {
    let folder = Folder::new();
    let lines = b"{\"key\": \"A\", \"name\": \"Alder\"}\n{\"key\": \"B\", \"name\": \"Birch\"}\n";
    folder.program("import accounts -").run_with_input(lines).expect_code(2);
    let dry = folder.program("import accounts - --format jsonl --dry-run").run_with_input(lines).expect_code(0);
    assert!(dry.stdout.contains("2 created") && dry.stdout.contains("nothing was changed"), "{}", dry.stdout);
    for expected in ["2 read: 2 created", "2 read: 0 created, 0 updated, 2 unchanged"] {
        let done = folder.program("import accounts - --format jsonl").run_with_input(lines).expect_code(0);
        assert!(done.stdout.starts_with(expected), "{}", done.stdout);
    }
    folder.caravan("import accounts missing.csv").expect_code(2);
    folder.caravan("import planets a.csv").expect_code(2);
}

#[test]
fn a_sample_is_imported_whole_and_is_the_same_for_the_same_seed() {
    let folder = Folder::new();
    let told = folder.done("sample --accounts 30 --people-per-account 4 --seed 5 --out one --json").json();
    folder.done("sample --accounts 30 --people-per-account 4 --seed 5 --out two");
    assert_eq!(folder.read("one/people.csv"), folder.read("two/people.csv"));
    let accounts = folder.done("import accounts one/accounts.csv --json").json();
    let people = folder.done("import people one/people.csv --json").json();
    assert_eq!((&accounts["created"], &accounts["rejected"]), (&30.into(), &0.into()));
    assert_eq!((&people["read"], &people["rejected"]), (&told["people"]["rows"], &0.into()));
    assert_eq!(folder.read("one/opportunities.csv"), folder.read("two/opportunities.csv"));
    let opportunities = folder.done("import opportunities one/opportunities.csv --json").json();
    assert_eq!((&opportunities["created"], &opportunities["rejected"]), (&told["opportunities"]["rows"], &0.into()));
    let applied = folder.done("apply -f one/manifests --json").json();
    assert!(applied["created"].as_array().is_some_and(|created| created.len() > 5), "{applied}");
}
