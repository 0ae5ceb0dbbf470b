//! Text messages as content: what is said against them, and how long they are.

use caravan_engine::content::{PreviewRequest, preview_text};
use caravan_engine::{definitions, lifecycle};

use crate::content::URL;
use crate::content::alerts::told;
use crate::support::World;
use crate::support::post::Post;

#[test]
fn a_text_message_from_letters_needs_a_way_out() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let said = |sender: &str, kind: &str, body: &str| {
        let manifest = format!(
            "{{kind: connection, key: twilio, type: twilio, settings: {{account_sid: AC00000000000000000000000000000001, from: '{sender}'}}, secrets: {{auth_token: {{env: PATH}}}}}}\n---\n\
             {{kind: sms_message, key: ping, connection: twilio, type: {kind}, body: '{body}'}}"
        );
        told(definitions::validate(&[("x.yaml".into(), manifest)], post.world.clock.now(), None))
    };
    let (loud, out) = ("quiet_hours_missing /rule_set".to_owned(), "opt_out_link_missing /body".to_owned());
    assert_eq!(said("Acme", "marketing", "Hello"), [out.clone(), loud.clone()]);
    assert_eq!(said("Acme", "marketing", "See https://acme.example/"), [out, loud.clone()]);
    assert_eq!(said("Acme", "marketing", "Leave: {{ system.unsubscribe_url }}"), std::slice::from_ref(&loud));
    assert_eq!(said("Acme", "transactional", "Hello"), [""; 0]);
    assert_eq!(said("+15005550006", "marketing", "Hello"), [loud]);
    assert_eq!(said("Acme", "transactional", "{{ system.web_view_url }}"), ["!attribute_unknown /body"]);
}

#[test]
fn a_marketing_text_needs_quiet_hours_that_are_in_force_and_a_node_may_name_another_sender() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let quiet = "quiet_hours: [{from: '21:00', to: '08:00', zone: own, then: queue}]";
    let said = |rules: &str, message: &str, sender: &str| {
        let manifest = format!(
            "{{kind: connection, key: twilio, type: twilio, settings: {{account_sid: AC00000000000000000000000000000001, from: '+15005550006'}}, secrets: {{auth_token: {{env: PATH}}}}}}\n---\n\
             {{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: rule_set, key: nights, {rules}}}\n---\n\
             {{kind: sms_message, key: ping, connection: twilio, type: marketing, body: Hello, {message}}}\n---\n\
             {{kind: journey, key: hello, subject: account, audience: {{account_list: big}}, end: 2027-06-30T00:00:00Z, entry: it, nodes: {{it: {{type: action, on: people, action: send_sms, sms_message: ping, {sender}, next: null}}}}}}"
        );
        let told = told(definitions::validate(&[("x.yaml".into(), manifest.clone())], post.world.clock.now(), None));
        post.world.apply(&manifest);
        let review = lifecycle::review(&post.world.engine, &["hello".to_owned()]).expect("a review").remove(0);
        let warned = review
            .findings
            .into_iter()
            .filter(|finding| ["opt_out_link_missing", "quiet_hours_missing"].contains(&finding.code.as_str()));
        (
            told,
            warned.map(|finding| format!("{}@{}", finding.code, finding.node.unwrap_or_default())).collect::<Vec<_>>(),
        )
    };
    let number = "sender: '+15005550007'";
    let missing = vec!["quiet_hours_missing /rule_set".to_owned()];
    let at_node = vec!["quiet_hours_missing@it".to_owned()];
    assert_eq!(
        said(&format!("{quiet}, state: live"), "shorten_links: true", number),
        (missing.clone(), at_node.clone()),
        "nobody names it"
    );
    assert_eq!(said(&format!("{quiet}, state: live"), "rule_set: nights", number), (vec![], vec![]));
    assert_eq!(
        said(quiet, "rule_set: nights", number),
        (missing, vec![]),
        "it is live already, which files do not know"
    );
    assert_eq!(said(&format!("{quiet}, global: true, state: live"), "shorten_links: true", number), (vec![], vec![]));
    let (told, journey) = said(&format!("{quiet}, global: true, state: live"), "shorten_links: true", "sender: Acme");
    assert_eq!(told, ["opt_out_link_missing /nodes/it/sms_message"]);
    assert_eq!(journey, ["opt_out_link_missing@it"]);
}

#[test]
fn a_text_message_is_shown_with_its_length() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    post.world.apply(
        "{kind: connection, key: twilio, type: twilio, settings: {account_sid: AC00000000000000000000000000000001, from: '+15005550006'}, secrets: {auth_token: {env: PATH}}}\n---\n\
         {kind: sms_message, key: ping, connection: twilio, type: marketing, body: 'Hi {{ person.key }} – https://acme.example/a/very/long/address', shorten_links: true}",
    );
    let shown = preview_text(
        &post.world.engine,
        "ping",
        &PreviewRequest { person: Some("p-5-1".into()), ..PreviewRequest::default() },
        URL,
    );
    let shown = shown.expect("a preview");
    assert_eq!(shown.text, "Hi p-5-1 – https://go.acme.example/s/preview000");
    assert_eq!((shown.length.units, shown.length.parts, shown.length.outside), (47, 1, Some('–')));
}
