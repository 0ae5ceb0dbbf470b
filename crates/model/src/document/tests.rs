use std::collections::HashSet;

use serde_json::json;

use super::*;

const EVERYTHING: &str = include_str!("../../../../docs/examples/everything.yaml");

fn everything() -> Vec<Document> {
    let (documents, findings) = read_documents(EVERYTHING, "everything.yaml");
    assert_eq!(told(&findings), "");
    documents
}

fn told(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is wrong with one document, told as a person reads it.
fn mistakes(text: &str) -> String {
    told(&read_documents(text, "a.yaml").1)
}

#[test]
fn the_example_holds_a_valid_document_of_every_kind() {
    let kinds: HashSet<DocumentKind> = everything().iter().map(Document::kind).collect();
    let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(KINDS.len(), 28);
}

#[test]
fn the_conditions_of_the_example_are_right_with_the_declared_attributes() {
    let documents = everything();
    let (schema, findings) = declared_attributes(&documents);
    assert_eq!(told(&findings), "");
    for document in &documents {
        assert_eq!(told(&document.check_conditions(&schema)), "");
    }
}

#[test]
fn an_export_reads_back_as_the_same_documents_and_is_the_same_again() {
    for document in everything() {
        let yaml = document.to_yaml().unwrap();
        let (again, findings) = read_documents(&yaml, "export.yaml");
        assert_eq!(told(&findings), "", "{yaml}");
        assert_eq!(again, [document], "{yaml}");
        assert_eq!(again[0].to_yaml().unwrap(), yaml);
    }
}

#[test]
fn an_export_looks_like_the_manifest_it_came_from() {
    let documents = everything();
    let shown: Vec<String> = documents
        .iter()
        .filter(|it| ["roles_template", "email", "journey"].contains(&it.kind().key()))
        .map(|it| it.to_yaml().unwrap())
        .collect();
    insta::assert_snapshot!(shown.join("---\n"));
}

#[test]
fn every_mistake_in_a_manifest_is_told_at_once_with_its_line() {
    let text = r#"kind: journey
key: Spring_Campaign
subject: acount
audiense: {account_list: enterprise}
end: tomorrow
reentry: {after: end, delay: 3 days, limit: 0}
nodes:
  hello: {type: action, on: people, action: send_email, email: welcome}
  pause:
    type: wait
    duration: 5
    nex: hello
  split: {type: splt, by: account}
  ab:
    type: variant_split
    by: account
    paths: {label: A}
---
kind: connection
key: mail
type: smtp
settings: {password: hunter2}
secrets:
  password: hunter2
---
kind: emial
---
- not a document
"#;
    insta::assert_snapshot!(mistakes(text));
}

#[test]
fn a_secret_is_never_repeated_in_what_is_told_about_it() {
    let told = mistakes(
        "{kind: connection, key: m, type: smtp, secrets: {a: hunter2, b: {env: 1}, c: {text: hunter2}, d: {env: A, file: hunter2}}}",
    );
    assert!(told.contains("literal_secret at /secrets/a"), "{told}");
    assert_eq!(told.matches("bad_secret").count(), 3);
    assert!(!told.contains("hunter2"));
}

#[test]
fn a_document_with_a_million_mistakes_tells_some_of_them() {
    let fields: serde_json::Map<String, Value> = (0..100_000).map(|n| (format!("f{n}"), json!(1))).collect();
    let mut whole = json!({"kind": "role", "key": "a"});
    whole.as_object_mut().unwrap().extend(fields);
    let (document, findings) = read_document(whole);
    assert!(document.is_none());
    assert_eq!(findings.len(), 500);
}

#[test]
fn states_stand_only_where_there_are_some() {
    assert!(
        mistakes("{kind: audience, key: a, subject: person, when: {person: country, is: DE}, state: live}")
            .contains("error no_such_state")
    );
    assert!(
        mistakes("{kind: journey, key: a, subject: person, nodes: {}, state: live}").contains("error no_such_state")
    );
    assert_eq!(mistakes("{kind: journey, key: a, subject: person, nodes: {}, state: draft}"), "");
    assert!(mistakes("{kind: fragment, key: a, body: {html: x}, state: open}").contains("error not_one_of at /state"));
}

#[test]
fn keys_are_kebab_case_and_names_in_conditions_may_carry_underscores() {
    let key = |kind: &str, key: &str| mistakes(&format!("{{kind: {kind}, key: \"{key}\"}}")).contains("bad_key");
    for bad in ["Welcome", "a_b", "a--b", "-a", "a-", "a b", "ä"] {
        assert!(key("role", bad), "{bad}");
    }
    assert!(!key("role", "a-1"));
    assert!(!key("score", "crm_tier"));
    assert!(key("score", "1st"));
}

#[test]
fn the_same_document_twice_in_a_file_is_refused() {
    let twice = "{kind: role, key: a}\n---\n{kind: role, key: a}\n";
    assert_eq!(
        mistakes(twice),
        "a.yaml:3: error duplicate_document at /key: The role `a` stands in this file before, on line 1. Keep one of them."
    );
}

#[test]
fn static_lists_have_no_condition_and_dynamic_ones_nothing_else() {
    let list = |rest: &str| mistakes(&format!("{{kind: account_list, key: a, {rest}}}"));
    assert_eq!(list("type: static"), "");
    assert!(list("type: static, when: {account: employees, at_least: 1}").contains("condition_of_static_list"));
    assert!(list("type: dynamic").contains("missing_field at /when"));
    assert!(
        list("type: dynamic, when: {account: employees, at_least: 1}, accounts: [a]")
            .contains("members_of_dynamic_list")
    );
}

#[test]
fn a_template_needs_roles_each_once_with_a_threshold_from_1_to_999() {
    let template = |roles: &str| mistakes(&format!("{{kind: roles_template, key: a, roles: {roles}}}"));
    assert!(template("[]").contains("no_roles"));
    assert!(template("[{role: Champion}, {role: champion}]").contains("duplicate_role at /roles/1/role"));
    assert!(template("[{role: Champion, members_required: 0}]").contains("out_of_range"));
    assert!(template("[{role: Champion, members_required: 1000}]").contains("out_of_range"));
    assert_eq!(template("[{role: Champion, members_required: 999}]"), "");
}

#[test]
fn built_in_roles_cannot_be_written_again() {
    assert!(mistakes("{kind: role, key: c, name: champion}").contains("built_in_role"));
}

fn stages(stages: &str) -> Vec<String> {
    let (_, findings) = read_documents(&format!("{{kind: stage_model, key: m, stages: {stages}}}"), "a.yaml");
    findings.iter().map(|it| format!("{}@{}", it.code, it.pointer)).collect()
}

#[test]
fn a_stage_model_that_comes_back_from_failure_is_valid() {
    let found = stages(
        "[{name: A, entry: true, to: [B, C, D]}, {name: B, to: [C]}, {name: C, to: [No response]}, {name: D, destination: success}, {name: No response, destination: failure, to: [Resurgence]}, {name: Resurgence, to: [D]}]",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_stage_that_is_no_destination_leads_on() {
    assert_eq!(
        stages("[{name: A, entry: true, to: [B, C]}, {name: B}, {name: C, destination: success}]"),
        ["stage_without_next@/stages/1"]
    );
}

#[test]
fn a_stage_model_has_an_entry_and_exactly_one_success() {
    assert_eq!(stages("[{name: A, to: [B]}, {name: B, destination: success}]"), ["no_entry_stage@/stages"]);
    assert_eq!(
        stages("[{name: A, entry: true, to: [B]}, {name: B, destination: failure}]"),
        ["success_stage_count@/stages"]
    );
    let two = "[{name: A, entry: true, to: [B, C]}, {name: B, destination: success}, {name: C, destination: success}]";
    assert_eq!(stages(two), ["success_stage_count@/stages"]);
}

#[test]
fn success_is_final_and_no_entry_and_stages_are_named_once() {
    let found = stages(
        "[{name: A, entry: true, to: [A, Bb, C]}, {name: B, entry: true, destination: success, to: [A]}, {name: b, to: [B]}]",
    );
    let expected = [
        "stage_to_itself@/stages/0/to/0",
        "unknown_stage@/stages/0/to/1",
        "unknown_stage@/stages/0/to/2",
        "success_with_next@/stages/1/to",
        "success_is_entry@/stages/1/entry",
        "duplicate_stage@/stages/2/name",
    ];
    assert_eq!(found, expected);
}

#[test]
fn lost_stages_are_warned_of() {
    let found = stages(
        "[{name: A, entry: true, to: [B, X]}, {name: B, destination: success}, {name: X, to: [Y]}, {name: Y, to: [X]}, {name: Z, to: [B]}]",
    );
    assert_eq!(found, ["endless_stage@/stages/2", "endless_stage@/stages/3", "unreachable_stage@/stages/4"]);
}

#[test]
fn moves_between_stages_follow_the_model() {
    let documents = everything();
    let Some(Body::StageModel(model)) =
        documents.iter().map(|it| &it.body).find(|it| it.kind() == DocumentKind::StageModel)
    else {
        panic!("a stage model")
    };
    assert!(model.allows(None, "Aware"));
    assert!(!model.allows(None, "Engaged"));
    assert!(model.allows(Some("Engaged"), "Won"));
    assert!(!model.allows(Some("Engaged"), "Aware"));
    assert!(!model.allows(Some("Nowhere"), "Aware"));
}

#[test]
fn an_email_has_either_mjml_or_html() {
    let email = |body: &str| mistakes(&format!("{{kind: email, key: a, connection: m, subject: s, body: {body}}}"));
    assert_eq!(email("{html: x}"), "");
    assert!(email("{html: x, mjml: y}").contains("not_exactly_one at /body"));
    assert!(email("{}").contains("not_exactly_one at /body"));
    assert!(email("{markdown: x}").contains("unknown_field at /body/markdown"));
    assert!(email("x").contains("wrong_type at /body"));
}

#[test]
fn texts_have_their_longest_length() {
    let sms = |n: usize| {
        mistakes(&format!("{{kind: sms_message, key: a, connection: t, type: marketing, body: {}}}", "x".repeat(n)))
    };
    assert_eq!(sms(1600), "");
    assert!(sms(1601).contains("too_long at /body: `body` is 1601 characters long; 1600 are allowed."));
}

/// A catalogue without actions: the references of actions are its own matter.
struct NoActions;

impl crate::journey::ActionCatalogue for NoActions {
    fn actions(&self) -> Vec<&'static str> {
        Vec::new()
    }
    fn facts(&self, _: &str) -> Option<crate::journey::ActionFacts> {
        None
    }
    fn check(&self, _: &str, _: &serde_json::Map<String, Value>, _: &str) -> Vec<Finding> {
        Vec::new()
    }
    fn references(&self, _: &str, _: &serde_json::Map<String, Value>, _: &str) -> Vec<Reference> {
        Vec::new()
    }
}

#[test]
fn documents_name_each_other() {
    let documents = everything();
    let schema = declared_attributes(&documents).0;
    let named = |key: &str| -> Vec<String> {
        let document = documents.iter().find(|it| it.key() == key).unwrap();
        let found = document.references(&schema, &NoActions);
        found.iter().map(|it| format!("{} {} {}", it.kind, it.key, it.pointer)).collect()
    };
    assert_eq!(
        named("crm"),
        [
            "roles_template crm-roles /roles_template",
            "stage_model pipeline /stage_model",
            "account_list enterprise /create_for/account_list"
        ]
    );
    assert_eq!(named("welcome"), ["connection mail /connection", "rule_set weekly /rule_set"]);
    assert_eq!(named("retarget"), ["destination to-folder /destinations/0"]);
    let journey = named("enterprise-nurture");
    assert!(journey.contains(&"account_list enterprise /audience/account_list".to_owned()), "{journey:?}");
    assert!(journey.contains(&"activity_type email_clicked /nodes/heard/event/activity".to_owned()), "{journey:?}");
    assert!(journey.iter().any(|it| it.starts_with("solution_interest crm /nodes/size/paths/0/when")), "{journey:?}");
    assert_eq!(
        named("services")[..3],
        [
            "audience big-ones /audience/audience",
            "activity_type demo_requested /nodes/silent/event/activity",
            "activity_type demo_requested /nodes/last/event/activity"
        ]
    );
}

#[test]
fn lists_that_ask_for_each_other_are_refused_and_those_that_ask_them_are_not() {
    let list = |key: &str, asks: &str| {
        format!("{{kind: account_list, key: {key}, type: dynamic, when: {{in_account_list: {asks}}}}}\n---\n")
    };
    let text = [list("a", "b"), list("b", "a"), list("c", "a"), list("d", "d"), list("e", "gone")].concat();
    let (documents, findings) = read_documents(&text, "a.yaml");
    assert_eq!(told(&findings), "");
    let all: Vec<&Document> = documents.iter().collect();
    let schema = crate::attribute::Schema::standard();
    assert_eq!(list_circles(&all, &all[2..3], &schema, &NoActions), [], "it only asks one that is in a circle");
    let found = list_circles(&all, &all, &schema, &NoActions);
    let lines: Vec<_> = found.iter().map(|it| (it.code.as_str(), it.line)).collect();
    assert_eq!(lines, [("list_circle", Some(1)), ("list_circle", Some(3)), ("list_circle", Some(7))]);
}

#[test]
fn an_access_role_allows_what_there_is_and_has_a_key_of_its_own() {
    let read = |text: &str| {
        let (_, findings) = read_documents(text, "a.yaml");
        findings.into_iter().map(|it| (it.code, it.pointer)).collect::<Vec<_>>()
    };
    let found = |code: &str, pointer: &str| vec![(code.to_owned(), pointer.to_owned())];
    assert_eq!(read("{kind: access_role, key: author, permissions: ['definitions:read', 'definitions:write']}"), []);
    let unknown = read("{kind: access_role, key: author, permissions: ['definitions:read', 'definitions:rite']}");
    assert_eq!(unknown, found("not_one_of", "/permissions/1"));
    let built_in = read("{kind: access_role, key: viewer, permissions: ['definitions:read']}");
    assert_eq!(built_in, found("built_in_access_role", "/key"));
    let alike = read("{kind: access_role, key: journey-manager, permissions: ['definitions:read']}");
    assert_eq!(alike, found("built_in_access_role", "/key"), "people would take one for the other");
    let twice = read("{kind: access_role, key: a, permissions: ['mail:read', 'mail:delete', 'mail:read']}");
    assert_eq!(twice, found("duplicate_permission", "/permissions/2"));
    assert_eq!(read("{kind: access_role, key: a, permissions: []}"), found("too_few", "/permissions"));
}

#[test]
fn a_listener_waits_for_no_more_than_a_thousand_times() {
    let listener = |times: u32| {
        mistakes(&format!(
            "{{kind: journey, key: a, subject: account, nodes: {{n: {{type: listen, event: {{activity: page_viewed, at_least: {times}}}, next: null}}}}}}"
        ))
    };
    assert_eq!(listener(1_000), "");
    for wrong in [0, 1_001, u32::MAX] {
        assert!(listener(wrong).contains("out_of_range at /nodes/n/event/at_least"), "{}", listener(wrong));
    }
}

#[test]
fn mistakes_in_conditions_carry_node_and_line() {
    let text = "kind: journey\nkey: a\nsubject: account\nnodes:\n  s:\n    type: split\n    by: account\n    paths:\n      - label: A\n        when:\n          account: emploees\n          at_least: 5\n        next: null\n";
    let (documents, findings) = read_documents(text, "a.yaml");
    assert_eq!(told(&findings), "");
    let found = documents[0].check_conditions(&crate::attribute::Schema::standard());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].node.as_deref(), found[0].line, found[0].file.as_deref()),
        (Some("s"), Some(11), Some("a.yaml"))
    );
}

#[test]
fn what_stands_against_publishing_carries_node_and_line() {
    let text = "kind: journey\nkey: a\nsubject: account\naudience: {audience: b}\nend: 2027-06-30T00:00:00Z\nentry: w\nnodes:\n  w:\n    type: wait\n    duration: 1d\n    next: gone\n";
    let (documents, findings) = read_documents(text, "a.yaml");
    assert_eq!(told(&findings), "");
    let found =
        documents[0].check(&crate::attribute::Schema::standard(), &NoActions, "2026-11-23T00:00:00Z".parse().unwrap());
    assert_eq!(
        told(&found),
        "a.yaml:11: error unknown_node at /nodes/w/next: There is no node `gone`. Name an existing node, or null where the journey ends."
    );
    assert_eq!(found[0].node.as_deref(), Some("w"));
}

#[test]
fn the_schema_of_a_manifest_names_envelope_and_body() {
    for kind in KINDS {
        let schema = schema(*kind);
        assert_eq!(schema["properties"]["kind"]["const"], kind.key());
        assert_eq!(schema["additionalProperties"], json!(false), "{kind}");
        assert_eq!(schema["properties"].get("state").is_some(), kind.life_cycle() == LifeCycle::Publish);
    }
}

mod arbitrary {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "[ \\-:#'\"\\\\\n\tab0-9~.]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((".{0,8}", inner), 0..5)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn yaml_reads_back_as_what_was_written(inner in value()) {
            let value = json!({"a": inner});
            let (documents, findings) = crate::source::read(&to_yaml(&value), "a.yaml");
            prop_assert_eq!(findings, Vec::new(), "{}", to_yaml(&value));
            prop_assert_eq!(&documents[0].value, &value, "{}", to_yaml(&value));
        }

        #[test]
        fn any_value_in_any_field_of_any_kind_is_told_and_never_panics(kind in 0..KINDS.len(), field in any::<prop::sample::Index>(), inner in value()) {
            let kind = KINDS[kind];
            let schema = schema(kind);
            let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let field = fields[field.index(fields.len())].clone();
            let mut whole = json!({"kind": kind.key(), "key": "a"});
            whole[field] = inner;
            let (document, findings) = read_document(whole);
            prop_assert!(document.is_some() || findings.iter().any(Finding::is_error));
            prop_assert!(findings.iter().all(|it| it.code != "invalid"), "{:?}", findings);
        }

        #[test]
        fn any_change_to_the_example_is_told_in_words(at in 0..1000usize, inner in value()) {
            static VALUES: LazyLock<Vec<Value>> = LazyLock::new(|| everything().iter().map(|it| it.to_value().unwrap()).collect());
            let mut whole = VALUES[at % VALUES.len()].clone();
            replace(&mut whole, at / VALUES.len(), &inner);
            let (document, findings) = read_document(whole);
            prop_assert!(document.is_some() || findings.iter().any(Finding::is_error));
            prop_assert!(findings.iter().all(|it| it.code != "invalid"), "{:?}", findings);
        }
    }

    /// Puts `new` in place of the part that comes `n`th, and tells how many parts were passed.
    fn replace(value: &mut Value, n: usize, new: &Value) -> usize {
        if n == 0 {
            *value = new.clone();
            return 0;
        }
        let mut left = n - 1;
        let parts: Vec<&mut Value> = match value {
            Value::Object(fields) => fields.values_mut().collect(),
            Value::Array(items) => items.iter_mut().collect(),
            _ => Vec::new(),
        };
        for part in parts {
            if left == 0 {
                *part = new.clone();
                return 0;
            }
            left = replace(part, left, new);
            if left == 0 {
                return 0;
            }
        }
        left
    }
}

#[test]
fn a_list_of_documents_is_read_like_the_documents() {
    let text = "[\n{\"kind\": \"score\", \"key\": \"a\"},\n{\"kind\": \"score\",\n\"key\": \"b\", \"colour\": 1}\n]";
    let (documents, findings) = read_documents(text, "x.json");
    assert_eq!(documents.iter().map(Document::key).collect::<Vec<_>>(), ["a"]);
    let found: Vec<_> = findings.iter().map(|f| (f.code.as_str(), f.pointer.as_str(), f.line)).collect();
    assert_eq!(found, [("unknown_field", "/colour", Some(4))]);
    assert_eq!(read_documents("[]", "x.json"), (Vec::new(), Vec::new()));
}
