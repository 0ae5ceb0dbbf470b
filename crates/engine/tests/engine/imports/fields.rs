//! What may be done with fields once something stands on them.

use caravan_engine::definitions::{ApplyOptions, DefinitionError, apply, delete};
use caravan_engine::lifecycle::publish;
use caravan_model::document::DocumentKind;

use crate::imports::place::Place;
use crate::imports::place::on_both_databases;

on_both_databases! {
    tv_d2_twenty_objects_and_fifty_activity_types_are_taken
    what_a_published_journey_uses_may_only_be_added_to
    stored_values_keep_the_type_of_their_attribute
    standard_attributes_are_switched_in_the_settings
    an_attribute_in_use_is_not_taken_away
    what_texts_of_messages_name_is_in_use
}

const JOURNEY: &str = "
{kind: audience, key: big, subject: account, when: {account: name, is_not_empty: true}}
---
kind: journey
key: tiers
subject: account
audience: {audience: big}
end: 2027-12-01T00:00:00Z
entry: size
nodes:
  size:
    type: split
    by: account
    paths: [{label: Gold, when: {all: [{account: tier, is: gold}, {has: licence, where: {plan: {is: x}}}]}, next: set}]
  set: {type: action, on: account, action: update_account, attribute: industry, value: Gold, next: null}
";

const FIELDS: &str = "
{kind: attribute, key: tier, subject: account, type: string, updatable: true}
---
{kind: custom_object, key: licence, subject: account, primary_key: id, fields: {id: string, plan: string}}
---
{kind: settings, organisation: Acme}
";

/// `code pointer` of everything that refuses a manifest.
fn refused(place: &Place, manifest: &str) -> Vec<String> {
    let files = [("test.yaml".to_owned(), manifest.to_owned())];
    match apply(&place.engine, &files, "test", ApplyOptions::default()) {
        Ok(_) => Vec::new(),
        Err(DefinitionError::Findings(all)) => {
            all.iter().filter(|f| f.is_error()).map(|f| format!("{} {}", f.code, f.pointer)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

fn numbered(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect::<Vec<_>>().join("\n---\n")
}

fn tv_d2_twenty_objects_and_fifty_activity_types_are_taken(place: &Place) {
    let object =
        |n| format!("{{kind: custom_object, key: o{n}, subject: account, primary_key: id, fields: {{id: string}}}}");
    place.apply(&numbered(20, object));
    assert_eq!(refused(place, &object(20)), ["too_many /key"]);
    let event = |n| format!("{{kind: activity_type, key: e{n}, subject: person}}");
    place.apply(&numbered(50, event));
    assert_eq!(refused(place, &event(50)), ["too_many /key"]);
    let fields: Vec<String> = (0..101).map(|n| format!("f{n}: string")).collect();
    let wide = format!("{{kind: activity_type, key: e0, subject: person, fields: {{{}}}}}", fields.join(", "));
    assert_eq!(refused(place, &wide), ["too_many /fields"]);
}

fn what_a_published_journey_uses_may_only_be_added_to(place: &Place) {
    place.apply(FIELDS);
    place.apply(JOURNEY);
    let tier = |rest: &str| format!("{{kind: attribute, key: tier, subject: account, {rest}}}");
    let licence = |fields: &str| {
        format!("{{kind: custom_object, key: licence, subject: account, primary_key: id, fields: {{{fields}}}}}")
    };
    place.apply(&tier("type: string"));
    place.apply(&tier("type: string, updatable: true"));
    publish(&place.engine, &["tiers".to_owned()], "test").unwrap();
    assert_eq!(refused(place, &tier("type: integer, updatable: true")), ["structure_locked /type"]);
    assert_eq!(refused(place, &tier("type: string, managed: false")), ["structure_locked /managed"]);
    assert_eq!(
        refused(place, "{kind: attribute, key: tier, subject: person, type: string}"),
        ["structure_locked /subject"]
    );
    assert_eq!(refused(place, &licence("id: string")), ["structure_locked /fields"]);
    assert_eq!(refused(place, &licence("id: string, plan: integer")), ["structure_locked /fields"]);
    let locked = "{kind: settings, organisation: Acme, fields: {account: {industry: {updatable: false}}}}";
    assert_eq!(refused(place, locked), ["structure_locked /fields/account/industry"]);
    place.apply(&licence("id: string, plan: string, seats: integer"));
    place.apply("{kind: attribute, key: tier, name: Level, subject: account, type: string, updatable: true}");
}

fn stored_values_keep_the_type_of_their_attribute(place: &Place) {
    place.apply(FIELDS);
    let retyped = "{kind: attribute, key: tier, subject: account, type: integer}";
    place.apply(retyped);
    place.apply(FIELDS);
    place.accounts("key,name,tier\nA,Alder,gold\n");
    assert_eq!(refused(place, retyped), ["attribute_has_values /type"]);
    place.accounts("key,tier\nA,\\N\n");
    place.file(caravan_engine::import::ImportKind::named("licence"), b"id,account_key,plan\n1,A,x\n").unwrap();
    let object =
        "{kind: custom_object, key: licence, subject: account, primary_key: plan, fields: {id: integer, plan: string}}";
    assert_eq!(refused(place, object), ["object_has_records /primary_key", "object_has_records /fields/id"]);
}

fn standard_attributes_are_switched_in_the_settings(place: &Place) {
    place.apply(
        "{kind: settings, organisation: Acme, fields: {person: {department: {managed: false}, fax: {label: Telefax}}}}",
    );
    let asks = "{kind: audience, key: it, subject: person, when: {person: department, is: IT}}";
    assert!(refused(place, asks)[0].starts_with("not_managed"), "{:?}", refused(place, asks));
    place.people("key,email,department\nP,p@a.example,IT\n");
    assert_eq!(place.texts("SELECT department FROM person"), ["IT"]);
    let wrong =
        "{kind: settings, organisation: Acme, fields: {person: {email: {updatable: true}, nope: {managed: true}}}}";
    assert_eq!(
        refused(place, wrong),
        ["attribute_fixed /fields/person/email/updatable", "unknown_attribute /fields/person/nope"]
    );
}

fn an_attribute_in_use_is_not_taken_away(place: &Place) {
    place.apply(FIELDS);
    place.apply(JOURNEY);
    let error = delete(&place.engine, DocumentKind::Attribute, "tier", None).unwrap_err();
    let DefinitionError::Findings(found) = error else { panic!("{error}") };
    assert_eq!(found[0].code, "in_use");
    assert!(found[0].message.contains("journey `tiers`"), "{}", found[0].message);
}

const MESSAGES: &str = "
{kind: attribute, key: tier, subject: account, type: string}
---
{kind: attribute, key: seat, subject: person, type: string}
---
{kind: settings, organisation: Acme, postal_address: Mill Street 1}
---
{kind: connection, key: mail, type: smtp, settings: {host: 127.0.0.1, port: 2525, security: none, from: {email: news@acme.example}}}
---
kind: email
key: hello
connection: mail
subject: Hello
body: {html: '<p>{{ account.tier }} {{ person.salutation | default(\"\") }}</p>'}
---
{kind: fragment, key: seats, body: {html: '<p>{{ person.seat }}</p>'}, state: live}
---
{kind: sms_message, key: ping, connection: mail, type: marketing, body: 'Hi {{ person.middle_name }}'}
";

fn what_texts_of_messages_name_is_in_use(place: &Place) {
    place.apply(MESSAGES);
    assert_eq!(
        refused(place, "{kind: attribute, key: tier, subject: account, type: string, managed: false}"),
        ["structure_locked /managed"]
    );
    for (key, user) in [("tier", "email `hello`"), ("seat", "fragment `seats`")] {
        let Err(DefinitionError::Findings(found)) = delete(&place.engine, DocumentKind::Attribute, key, None) else {
            panic!("`{key}` was taken away")
        };
        assert!(found[0].code == "in_use" && found[0].message.contains(user), "{found:?}");
    }
    for (field, user) in [("salutation", "email `hello`"), ("middle_name", "sms message `ping`")] {
        let off = format!(
            "{{kind: settings, organisation: Acme, postal_address: Mill Street 1, fields: {{person: {{{field}: {{managed: false}}}}}}}}"
        );
        let files = [("test.yaml".to_owned(), off)];
        let Err(DefinitionError::Findings(found)) = apply(&place.engine, &files, "test", ApplyOptions::default())
        else {
            panic!("`{field}` was switched off")
        };
        assert!(found.iter().any(|f| f.code == "structure_locked" && f.message.contains(user)), "{found:?}");
    }
    // A journey goes on with the email as it was when it was published.
    place.apply("{kind: audience, key: all, subject: account, when: {account: name, is_not_empty: true}}\n---\n\
        kind: journey\nkey: greet\nsubject: account\naudience: {audience: all}\nend: 2027-12-01T00:00:00Z\nentry: mail\nnodes:\n  \
        mail: {type: action, on: people, action: send_email, email: hello, next: null}\n");
    publish(&place.engine, &["greet".to_owned()], "test").unwrap();
    place.apply("{kind: email, key: hello, connection: mail, subject: Hello, body: {html: '<p>Hi</p>'}}");
    let off = "{kind: attribute, key: tier, subject: account, type: string, managed: false}";
    let files = [("test.yaml".to_owned(), off.to_owned())];
    let Err(DefinitionError::Findings(found)) = apply(&place.engine, &files, "test", ApplyOptions::default()) else {
        panic!("what a running journey's email names was switched off")
    };
    assert!(found.iter().any(|f| f.code == "structure_locked" && f.message.contains("journey `greet`")), "{found:?}");
}
