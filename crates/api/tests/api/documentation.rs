//! The OpenAPI document and its page.

use std::collections::HashSet;

use caravan_api::openapi_document;
use serde_json::Value;

use crate::support::Api;

#[tokio::test]
async fn the_document_and_its_page_are_served_without_signing_in_or_asking_anybody_else() {
    let api = Api::new();
    let served = api.get("/api/v1/openapi.json").send().await.json();
    assert_eq!(served, openapi_document());
    assert_eq!(served["openapi"], "3.1.0");
    let page = api.get("/api/docs").send().await;
    assert!(page.header("content-type").starts_with("text/html"));
    let script = api.get("/api/docs/page.js").send().await;
    assert!(script.header("content-type").starts_with("text/javascript"));
    for text in [page.text(), script.text()] {
        assert!(!text.contains("http://") && !text.contains("https://"), "the page needs no other host");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_summary_a_tag_and_an_id_of_its_own() {
    let document = openapi_document();
    check_references(&document, &document);
    let tags: HashSet<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(operation["summary"].as_str().is_some_and(|it| !it.is_empty()), "{method} {path}");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap_or_default()), "{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().expect("an id").to_owned()), "{method} {path}");
        }
    }
}

fn check_references(document: &Value, at: &Value) {
    match at {
        Value::Object(fields) => {
            for (key, value) in fields {
                if let (true, Some(target)) = (key == "$ref", value.as_str()) {
                    let pointer = target.strip_prefix('#').expect("a reference inside the document");
                    assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
                }
                check_references(document, value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(document, item)),
        _ => {}
    }
}

#[test]
fn the_manifest_of_every_kind_is_described_where_it_is_read_and_written() {
    let document = openapi_document();
    for kind in caravan_model::document::KINDS {
        let path = &document["paths"][format!("/api/v1/{}/{{key}}", kind.plural())];
        let body = &path["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = body.as_str().and_then(|it| it.strip_prefix("#/components/schemas/")).expect("a schema");
        assert_eq!(document["components"]["schemas"][name]["properties"]["kind"]["const"], kind.key());
        assert_eq!(&path["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"], body);
    }
}
