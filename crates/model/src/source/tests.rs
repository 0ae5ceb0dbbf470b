use proptest::prelude::*;
use serde_json::json;

use super::*;

fn one(text: &str) -> Positioned {
    let (mut documents, findings) = read(text, "a.yaml");
    assert_eq!(findings, Vec::new());
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn refusal(text: &str) -> String {
    let (_, findings) = read(text, "a.yaml");
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_booleans_null_and_numbers_are_not_text() {
    let read = one(
        "a: 09:00\nb: 2027-01-15T09:00:00Z\nc: no\nd: true\ne: ~\nf: -3\ng: 1.5\nh: \"5\"\ni: 1_000\nj: .nan\nk: 0x1f\nl: 1mo\n",
    );
    let expected = json!({"a": "09:00", "b": "2027-01-15T09:00:00Z", "c": "no", "d": true, "e": null, "f": -3, "g": 1.5,
        "h": "5", "i": "1_000", "j": ".nan", "k": 31, "l": "1mo"});
    assert_eq!(read.value, expected);
}

#[test]
fn every_part_knows_its_line_and_a_missing_one_the_line_around_it() {
    let read =
        one("# a comment\nkind: journey\nnodes:\n  hello:\n    type: wait\n  bye: {type: merge,\n    next: null}\n");
    assert_eq!(read.line(""), Some(2));
    assert_eq!(read.line("/nodes/hello/type"), Some(5));
    assert_eq!(read.line("/nodes/bye/next"), Some(7));
    assert_eq!(read.line("/nodes/hello/duration/x"), Some(4));
}

#[test]
fn a_file_holds_many_documents_and_empty_ones_are_none() {
    let (documents, findings) = read("---\na: 1\n---\n# nothing\n---\nb: 2\n---\n", "a.yaml");
    assert_eq!(findings, Vec::new());
    let values: Vec<_> = documents.iter().map(|it| (it.value.clone(), it.line(""))).collect();
    assert_eq!(values, [(json!({"a": 1}), Some(2)), (json!({"b": 2}), Some(6))]);
}

#[test]
fn json_is_read_with_tabs_surrogates_and_lines() {
    let read = one("{\n\t\"a\": \"\\ud83d\\ude00\",\n\t\"b/c\": [1,\n\t\t{\"d\": {}}]\n}\n");
    assert_eq!(read.value, json!({"a": "😀", "b/c": [1, {"d": {}}]}));
    assert_eq!(read.line("/b~1c/1/d"), Some(4));
}

#[test]
fn a_key_written_twice_is_refused_with_its_line() {
    assert_eq!(
        refusal("a: 1\nb:\n  c: 1\n  c: 2\n"),
        "a.yaml:4: error duplicate_key at /b/c: `c` stands here twice. Keep one of them."
    );
    assert_eq!(
        refusal("{\"a\": 1,\n\"a\": 2}"),
        "a.yaml:2: error duplicate_key at /a: `a` stands here twice. Keep one of them."
    );
}

#[test]
fn aliases_tags_depth_and_broken_text_are_refused_with_their_line() {
    assert!(refusal("a: &x [1]\nb: *x\n").starts_with("a.yaml:2: error yaml_alias"));
    assert!(refusal("a: !secret x\n").starts_with("a.yaml:1: error yaml_tag"));
    assert!(
        refusal(&format!("a: 1\nb: {}1{}", "[".repeat(100), "]".repeat(100))).starts_with("a.yaml:2: error too_deep")
    );
    assert!(refusal(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).starts_with("a.yaml:1: error too_deep"));
    assert!(refusal("a: 1\nb: [1\nc: 2\n").contains("error bad_yaml"));
    assert!(refusal("a: 1\n\tb: 2\n").contains("error bad_yaml"));
    let (_, findings) = read("{\"a\": 1,\n}", "a.json");
    assert_eq!(findings.iter().map(|it| (it.code.as_str(), it.line)).collect::<Vec<_>>(), [("bad_json", Some(2))]);
}

proptest! {
    #[test]
    fn reading_arbitrary_text_never_panics(text in "\\PC*", json in any::<bool>()) {
        let _ = read(&text, if json { "a.json" } else { "a.yaml" });
    }

    #[test]
    fn reading_arbitrary_yaml_like_text_never_panics(text in "[a-c:\\-{}\\[\\],&*!?|>'\"#%@ \t\n0-9~.]{0,80}") {
        let _ = read(&text, "a.yaml");
    }

    #[test]
    fn json_reads_the_same_both_ways(numbers in proptest::collection::vec(any::<i64>(), 0..9), text in "\\PC*") {
        let value = json!({"numbers": numbers, "text": text, "inner": {"x/y~z": [null, true, {}]}});
        let (documents, findings) = read(&serde_json::to_string_pretty(&value).unwrap(), "a.json");
        prop_assert_eq!(findings, Vec::new());
        prop_assert_eq!(&documents[0].value, &value);
    }
}
