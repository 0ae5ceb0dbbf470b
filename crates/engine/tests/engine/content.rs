//! Content on real stores: fragments, conditions and values of the journey; what is said about a draft; and that a preview,
//! a proof, what is sent, what is sent again and what is looked at in a browser are one and the same.

mod alerts;
mod texts;

use std::collections::BTreeMap;

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, codes, on_both_stores};
use alerts::told;
use caravan_connect::email::packed;
use caravan_connect::tracking::{Purpose, with_parameters};
use caravan_engine::content::{self, MailKind, PreviewRequest, preview_email, preview_mail};
use caravan_engine::definitions::{self, ApplyOptions, DefinitionError};
use caravan_engine::import;
use caravan_model::document::DocumentKind;
use serde_json::json;

const URL: &str = "https://go.acme.example";

/// A fragment, an email that takes it in, and what both depend on.
const NEWS: &str = r#"
kind: fragment
key: legal
state: live
body: {html: '<p>Terms apply{% if condition.chief %}, boss{% endif %}.</p>'}
text: Terms apply.
conditions:
  chief: {subject: person, when: {person: job_title, starts_with: [Chief]}}
---
kind: email
key: news
connection: mail
subject: "{{ my.topic }} for {{ person.key }}"
preheader: "About {{ my.topic }}"
view_as_web_page: true
conditions:
  big: {subject: account, when: {account: employees, at_least: 700}}
body:
  mjml: |
    <mjml><mj-body><mj-section><mj-column>
      <mj-text>Hello {{ person.first_name | default("there") }} of {{ account.name }} on {{ system.date | format_date("full") }}</mj-text>
      <mj-raw>{% if condition.big %}</mj-raw><mj-text>A plan for large companies</mj-text>
      <mj-raw>{% else %}</mj-raw><mj-text>A plan for all</mj-text><mj-raw>{% endif %}</mj-raw>
      <mj-button href="https://acme.example/start?topic={{ my.topic }}">Start</mj-button>
      <mj-text>{% include "legal" %}</mj-text>
    </mj-column></mj-section></mj-body></mjml>
"#;

/// A template without a subject, a fragment with a field and a condition before its first element, and one that takes it in.
const LETTER: &str = r#"
kind: email_template
key: letter
body:
  mjml: <mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ person.first_name }}, {% include "legal" %}</mj-text></mj-column></mj-section></mj-body></mjml>
---
kind: fragment
key: offer
state: live
conditions:
  small: {subject: account, when: {account: employees, less_than: 700}}
fields: {words: {default: Read on}}
body:
  mjml: '{% if condition.small %}<mj-text>Small</mj-text>{% endif %}<mj-button href="https://acme.example/offer">{{ field.words }}</mj-button>'
---
kind: fragment
key: offers
state: live
body:
  mjml: '<mj-section><mj-column>{% include "offer" %}</mj-column></mj-section>'
"#;

fn as_nobody() -> PreviewRequest {
    PreviewRequest::default()
}

fn as_person(person: &str) -> PreviewRequest {
    PreviewRequest { person: Some(person.into()), journey: Some("hello".into()), ..PreviewRequest::default() }
}

/// A mail with its own addresses led back to where the preview has them, and without the picture that counts opens.
fn bare(html: &str) -> String {
    let mut out = String::new();
    let html = html.replace("\r\n", "\n");
    let mut rest = html.as_str();
    while let Some((before, after)) = rest.split_once(&format!("{URL}/t/")) {
        let (route, after) = after.split_once('/').expect("a route");
        let end = after.find(['"', '\'', '<', '&', '\n', ' ', ')']).unwrap_or(after.len());
        let (token, after) = after.split_at(end);
        out.push_str(before);
        match route {
            "o" => {
                let picture = out.rfind("<img").expect("the picture");
                out.truncate(picture);
                rest = after.split_once('>').expect("its end").1;
                continue;
            }
            "c" => match keys().verify(token).expect("a token of ours").purpose {
                Purpose::Click { target, parameters, .. } => {
                    out.push_str(&with_parameters(&target, &parameters).replace('&', "&amp;"))
                }
                other => panic!("{other:?} is no click"),
            },
            route => out.push_str(&format!("{URL}/t/{route}/preview")),
        }
        rest = after;
    }
    out.push_str(rest);
    out.trim_end().to_owned()
}

on_both_stores! {
    preview_proof_send_retry_and_web_view_agree_byte_for_byte(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        post.world.apply(NEWS);
        post.sends("news", "tokens: {topic: Widgets}");
        let engine = &post.world.engine.clone();
        let decided = post.world.clock.now();
        // The first try finds nobody.
        post.smtp.stop();
        assert_eq!(post.dispatcher().dispatch_once().expect("a try").delivered, 0);
        post.smtp.restart();
        post.advance(120);
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));

        let request = PreviewRequest { at: Some(decided), ..as_person("p-5-0") };
        let made = preview_email(engine, "news", &request, URL).expect("a preview");
        let messages = post.smtp.messages();
        let sent = messages.iter().find(|m| m.rcpt_to == ["p-5-0@example.com"]).expect("a message");
        let sent_html = sent.html.as_deref().expect("an HTML part");
        assert!(sent_html.contains("/t/o/") && sent_html.contains("/t/c/"), "what is sent is tracked");
        assert_eq!(bare(sent_html), bare(&made.shown.html));
        assert_eq!(sent.header("Subject"), Some(made.shown.subject.as_str()));
        assert_eq!(bare(sent.text.as_deref().expect("a text part")), bare(&made.shown.text));
        for part in ["Hello there of a-5", "A plan for all", "Terms apply, boss.", "Tuesday, December 1, 2026", "topic=Widgets"] {
            assert!(made.shown.html.contains(part), "{part}: {}", made.shown.html);
        }

        let token = sent_html.split(&format!("{URL}/t/v/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a way to the web view");
        let view = content::web_view(engine, &keys(), URL, token).expect("a view").expect("the page");
        assert!(!view.contains("/t/o/"), "looking at it there is no open");
        assert_eq!(bare(&view), bare(sent_html));
        assert_eq!(content::web_view(engine, &keys(), URL, "forged").expect("an answer"), None);

        let traces = "SELECT (SELECT COUNT(*) FROM activity) + (SELECT COUNT(*) FROM ledger) + (SELECT COUNT(*) FROM suppression) + (SELECT COUNT(*) FROM cap_window WHERE key NOT LIKE 'proofs|%')";
        let before = post.world.one(traces);
        let proofed = post.dispatcher().proof("mail", &made.rendered, "boss@acme.example").expect("a proof");
        assert_eq!(proofed.outcome, "sent", "{proofed:?}");
        let messages = post.smtp.messages();
        let proof = messages.iter().find(|m| m.rcpt_to == ["boss@acme.example"]).expect("the proof");
        assert_eq!(bare(proof.html.as_deref().expect("an HTML part")), bare(&made.shown.html));
        assert_eq!(proof.header("Subject"), Some("[Proof] Widgets for p-5-0"));
        assert_eq!(proof.header("List-Unsubscribe"), None);
        assert_eq!(post.world.one(traces), before, "a proof leaves no trace");
        post.execute("INSERT INTO suppression (address, reason, added_at) VALUES ('boss@acme.example', 'manual', 0)");
        let refused = post.dispatcher().proof("mail", &made.rendered, "boss@acme.example").expect("an answer");
        assert_eq!(refused.outcome, "refused");
    }

    so_many_proofs_leave_in_an_hour_under_the_prefix_of_the_settings(world at "2026-12-01T09:58:00Z") {
        let post = Post::new(world);
        let settings = |proofs: &str| format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x, proofs: {{{proofs}}}}}");
        post.world.apply(NEWS);
        assert_eq!(crate::support::codes(post.world.try_apply(&settings("per_hour: 0"))), ["out_of_range"]);
        assert_eq!(crate::support::codes(post.world.try_apply(&settings("subject_prefix: \"two\\nlines\""))), ["bad_prefix"]);
        post.world.apply(&settings("per_hour: 3, subject_prefix: 'Bitte lesen:'"));
        let request = PreviewRequest { person: Some("p-5-0".to_owned()), ..PreviewRequest::default() };
        let made = preview_email(&post.world.engine, "welcome", &request, URL).expect("a preview");
        let proof = |to: &str| post.dispatcher().proof("mail", &made.rendered, to).expect("an answer");
        assert_eq!(proof("no address").outcome, "refused", "what does not leave is not counted");
        for to in ["one@acme.example", "two@acme.example", "three@acme.example"] {
            assert_eq!(proof(to).outcome, "sent", "{to}");
        }
        let refused = proof("four@acme.example");
        assert_eq!(refused.message.as_deref(), Some("No more than 3 proofs leave in an hour. Send it again after 2026-12-01T10:00:00Z, or change the settings."));
        assert_eq!(post.smtp.messages().len(), 3);
        assert_eq!(post.smtp.messages()[0].header("Subject"), Some("Bitte lesen: Hello Chief Officer"));
        post.advance(120);
        post.world.apply(&settings("per_hour: 3, subject_prefix: ''"));
        assert_eq!(proof("four@acme.example").outcome, "sent", "the next hour");
        assert_eq!(post.smtp.messages()[3].header("Subject"), Some("Hello Chief Officer"));
    }

    a_saved_condition_is_asked_as_it_was_when_the_journey_was_published(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let chiefs = |title: &str| format!("{{kind: audience, key: chiefs, subject: person, when: {{person: job_title, starts_with: [{title}]}}}}");
        let email = |key: &str, condition: &str| {
            let body = "<p>{% if condition.chief %}For chiefs{% else %}For all{% endif %}</p>";
            format!("{{kind: email, key: {key}, connection: mail, subject: Hello, conditions: {{chief: {condition}}}, body: {{html: '{body}'}}}}")
        };
        post.world.apply(&chiefs("Chief"));
        assert!(crate::support::codes(post.world.try_apply(&email("both", "{audience: chief}"))).contains(&"unknown_reference".to_owned()));
        let twice = "{audience: chiefs, subject: person, when: {person: country, is: DE}}";
        assert!(crate::support::codes(post.world.try_apply(&email("both", twice))).contains(&"not_exactly_one".to_owned()));
        // Two emails use the same one.
        post.world.apply(&email("both", "{audience: chiefs}"));
        post.world.apply(&email("another", "{audience: chiefs}"));
        post.world.apply(
            "{kind: journey, key: hello, subject: account, audience: {account_list: big}, end: 2027-06-30T00:00:00Z, entry: mail, \
             nodes: {mail: {type: action, on: people, action: send_email, email: both, next: null}}}",
        );
        post.world.publish("hello");
        post.world.apply(&chiefs("Nobody"));
        post.world.run();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let messages = post.smtp.messages();
        let to = |to: &str| messages.iter().find(|m| m.rcpt_to == [to]).and_then(|m| m.html.clone()).expect("a message");
        assert!(to("p-5-0@example.com").contains("For chiefs") && to("p-5-1@example.com").contains("For all"));
        let shown = |key: &str| preview_email(&post.world.engine, key, &as_person("p-5-0"), URL).expect("a preview").shown.html;
        assert!(shown("both").contains("For all") && shown("another").contains("For all"), "drafts ask what is saved now");
        let renewed = content::propagate(&post.world.engine, DocumentKind::Email, "both", "ada", false).expect("propagated");
        assert_eq!(renewed.iter().map(|it| (it.journey.as_str(), it.to)).collect::<Vec<_>>(), [("hello", 2)]);
        let again = content::propagate(&post.world.engine, DocumentKind::Email, "both", "ada", false);
        assert_eq!(again.expect("nothing to do"), [], "it is as it is now");
    }

    changed_words_around_emails_reach_live_journeys_when_asked_to(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let engine = &post.world.engine;
        let propagated = |dry_run: bool| {
            let done = content::propagate(engine, DocumentKind::Settings, "settings", "ada", dry_run).expect("propagated");
            done.into_iter().map(|it| (it.journey, it.to)).collect::<Vec<_>>()
        };
        assert_eq!(propagated(false), [], "nothing has changed");
        let settings = |emails: &str| format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x{emails}}}");
        post.world.apply(&settings(", emails: {opt_out: {html: '<a href=\"{{ system.unsubscribe_url }}\">Abmelden</a>', text: 'Abmelden: {{ system.unsubscribe_url }}'}}"));
        let hello = |no: i64| vec![("hello".to_owned(), no)];
        assert_eq!((propagated(true), propagated(false), propagated(false)), (hello(2), hello(2), vec![]));
        let frozen = |no: i64| {
            let sql = format!("SELECT COUNT(*) FROM document_version AS v JOIN document AS d ON d.id = v.document_id WHERE d.key = 'hello' AND v.no = {no} AND CAST(v.frozen AS TEXT) LIKE '%Abmelden%'");
            post.world.one(&sql)
        };
        assert_eq!((frozen(1), frozen(2)), (0, 1), "a published version never changes");
        post.world.apply(&settings(""));
        assert_eq!(propagated(false), hello(3));
        assert_eq!(frozen(3), 0, "the plain ones again");
    }

    a_number_is_drawn_for_each_message_and_its_preview_shows_it(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply("{kind: email, key: dice, connection: mail, subject: 'Your number is {{ system.random }}', body: {html: <p>Hi</p>}}");
        post.sends("dice", "");
        let decided = post.world.clock.now();
        post.advance(7);
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let drawn: std::collections::BTreeSet<String> =
            post.smtp.messages().iter().map(|m| m.header("Subject").expect("a subject").to_owned()).collect();
        assert!(drawn.len() > 10, "{drawn:?}");
        let request = PreviewRequest { at: Some(decided), ..as_person("p-5-0") };
        let shown = preview_email(&post.world.engine, "dice", &request, URL).expect("a preview").shown.subject;
        assert!(drawn.contains(&shown), "{shown}: {drawn:?}");
        for subject in &drawn {
            let number: f64 = subject.trim_start_matches("Your number is ").parse().expect("a number");
            assert!((0.0..1.0).contains(&number), "{number}");
        }
    }

    content_depends_on_the_recipient_and_can_be_forced(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(NEWS);
        post.sends("news", "tokens: {topic: Widgets}");
        let shown = |request: &PreviewRequest| preview_email(&post.world.engine, "news", request, URL).expect("a preview").shown;
        let chief = shown(&as_person("p-9-0"));
        assert_eq!(chief.conditions, BTreeMap::from([("big".into(), true), ("chief".into(), true)]));
        let clerk = shown(&as_person("p-5-1"));
        assert_eq!(clerk.conditions, BTreeMap::from([("big".into(), false), ("chief".into(), false)]));
        assert!(clerk.html.contains("A plan for all") && clerk.html.contains("Terms apply."));
        assert!(clerk.text.contains("A plan for all") && !clerk.text.contains("large companies"), "the text part too: {}", clerk.text);
        let forced = shown(&PreviewRequest { conditions: BTreeMap::from([("big".to_owned(), true)]), ..as_person("p-5-1") });
        assert!(forced.html.contains("A plan for large companies"));
        let links: Vec<_> = clerk.links.iter().map(|link| (link.label.as_str(), serde_json::to_value(link.tracking).expect("a word"))).collect();
        assert_eq!(links, [("Start", "tracked".into())]);
        assert!(matches!(preview_email(&post.world.engine, "news", &as_person("nobody"), URL), Err(DefinitionError::Unknown { .. })));
    }

    a_template_and_a_fragment_are_looked_at_as_the_mail_that_they_make(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(NEWS);
        post.world.apply(LETTER);
        let shown = |kind: MailKind, key: &str, request: &PreviewRequest| {
            preview_mail(&post.world.engine, kind, key, request, URL).expect("a preview").shown
        };
        let letter = shown(MailKind::Template, "letter", &as_nobody());
        assert_eq!(letter.subject, "-", "a template may leave it to its emails");
        assert!(letter.html.contains("Dear ,") && letter.html.contains("Terms apply."), "{}", letter.html);
        assert_eq!(letter.missing, ["person.first_name"]);
        let to_chief = PreviewRequest { person: Some("p-9-0".into()), ..as_nobody() };
        assert!(shown(MailKind::Template, "letter", &to_chief).html.contains("Terms apply, boss."));
        for fragment in ["offer", "offers"] {
            let offer = shown(MailKind::Fragment, fragment, &as_nobody());
            assert!(offer.html.contains("Read on") && offer.html.contains("https://acme.example/offer"), "{}", offer.html);
            assert!(!offer.html.contains("nsubscribe"), "only an email has a way out: {}", offer.html);
        }
        let none = preview_mail(&post.world.engine, MailKind::Fragment, "letter", &as_nobody(), URL);
        assert!(matches!(none, Err(DefinitionError::Unknown { .. })), "a template is no fragment");
    }

    values_that_would_be_empty_are_shown_by_their_names_where_that_is_asked(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let shown = |written: &str, named: bool| {
            let draft = json!({"connection": "mail", "subject": "x", "operational": true, "body": {"html": format!("<p>{written}</p>")}});
            let request = PreviewRequest { draft: Some(draft), named, ..as_nobody() };
            let html = preview_email(&post.world.engine, "drawn", &request, URL).expect("a preview").shown.html;
            html.split("<p>").nth(1).and_then(|rest| rest.split("</p>").next()).expect("a paragraph").to_owned()
        };
        let written = "{{ person.first_name }}, {{ person.last_name | default('friend') }}{% if person.job_title %}, {{ person.job_title }}{% endif %}";
        assert_eq!(shown(written, true), "{{ person.first_name }}, friend");
        assert_eq!(shown(written, false), ", friend");
        let filtered = "{{ person.first_name | upper }}{{ account.industry | format_date }}";
        assert_eq!(shown(filtered, true), "{{ PERSON.FIRST_NAME }}", "no name is a date");
    }

    records_of_objects_are_shown_newest_first_and_are_copied_with_the_message(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        post.world.apply(
            "{kind: custom_object, key: licence, subject: person, primary_key: no, fields: {no: string, plan: string, seats: integer, until: date}}",
        );
        let engine = &post.world.engine.clone();
        let put = |object: &str, row: serde_json::Value| {
            let row = row.as_object().cloned().expect("a row");
            import::put_row(engine, &import::ImportKind::Records(object.to_owned()), &row, "test").expect("written");
        };
        for (no, plan, seats) in [("l-1", "<Old>", 1), ("l-2", "Team", 7), ("l-3", "Firm", 30)] {
            put("licence", json!({"no": no, "person_key": "p-5-0", "plan": plan, "seats": seats, "until": "2027-01-31"}));
        }
        put("opportunity", json!({"key": "o-1", "account_key": "a-5", "name": "Renewal", "amount": 1200.5}));
        let email = r#"
kind: email
key: licences
connection: mail
subject: "{{ objects.licence | length }} licences, {{ (objects.licence | first).plan | default('none') }}"
view_as_web_page: true
body:
  mjml: |
    <mjml><mj-body><mj-section><mj-column>
      <mj-raw>{% for one in objects.licence %}</mj-raw>
      <mj-text>{{ loop.index }}: {{ one.plan }}, {{ one.seats }} until {{ one.until | format_date("full") }}</mj-text>
      <mj-raw>{% else %}</mj-raw><mj-text>No licence</mj-text><mj-raw>{% endfor %}</mj-raw>
      <mj-text>{{ objects.opportunity | map(attribute="name") | join(", ") }}: {{ objects.opportunity | map(attribute="amount") | total }}</mj-text>
    </mj-column></mj-section></mj-body></mjml>
"#;
        post.world.apply(email);
        post.sends("licences", "");
        let decided = post.world.clock.now();
        // Whatever becomes of the records afterwards, the message is as it was decided; the first try finds nobody.
        put("licence", json!({"no": "l-3", "person_key": "p-5-0", "plan": "Changed", "seats": 31}));
        post.smtp.stop();
        assert_eq!(post.dispatcher().dispatch_once().expect("a try").delivered, 0);
        post.smtp.restart();
        post.advance(120);
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let messages = post.smtp.messages();
        let to = |to: &str| messages.iter().find(|m| m.rcpt_to == [to]).expect("a message");
        let (ada, other) = (to("p-5-0@example.com"), to("p-5-1@example.com"));
        assert_eq!((ada.header("Subject"), other.header("Subject")), (Some("3 licences, Firm"), Some("0 licences, none")));
        let html = ada.html.as_deref().expect("an HTML part");
        let places: Vec<usize> = ["1: Firm, 30 until Sunday, January 31, 2027", "2: Team, 7", "3: &lt;Old&gt;, 1", "Renewal: 1200.5"]
            .iter()
            .map(|part| html.find(part).unwrap_or_else(|| panic!("{part}: {html}")))
            .collect();
        assert!(places.is_sorted(), "the newest first: {html}");
        assert!(ada.text.as_deref().is_some_and(|text| text.contains("3: <Old>, 1")), "the text part too: {:?}", ada.text);
        assert!(other.html.as_deref().is_some_and(|html| html.contains("No licence") && html.contains("Renewal")));
        let token = html.split(&format!("{URL}/t/v/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a way to the web view");
        let view = content::web_view(engine, &keys(), URL, token).expect("a view").expect("the page");
        assert_eq!(bare(&view), bare(html), "what is looked at in a browser is what was sent");

        // A preview is made from what is so now; so many records as the settings say.
        let request = PreviewRequest { at: Some(decided), ..as_person("p-5-0") };
        let shown = || preview_email(engine, "licences", &request, URL).expect("a preview").shown;
        assert_eq!(shown().subject, "3 licences, Changed");
        let settings = |n: i32| format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x, records_in_messages: {n}}}");
        assert_eq!(codes(post.world.try_apply(&settings(101))), ["out_of_range"]);
        post.world.apply(&settings(2));
        assert_eq!(shown().subject, "2 licences, Changed");
        assert!(!shown().html.contains("Old"));

        let refused = |subject: &str| codes(post.world.try_apply(&email.replace("{{ objects.licence | length }}", subject)));
        assert_eq!(refused("{{ (objects.licence | first).seat }}"), ["attribute_unknown"]);
        assert_eq!(refused("{{ objects.licence }}"), ["record_as_value"]);
        assert_eq!(refused("{{ objects.licences | length }}"), ["unknown_reference"]);
        assert_eq!(refused("{{ (objects.licence | first).seats | format_date }}"), ["token_type_mismatch"]);
        let deleted = definitions::delete(engine, DocumentKind::CustomObject, "licence", None);
        assert_eq!(codes(deleted), ["in_use"]);
        let text = "{kind: sms_message, key: ping, connection: sms, type: transactional, body: '{{ objects.opportunity | length }} {{ (objects.opportunity | first).nam }}'}";
        let connection = "{kind: connection, key: sms, type: twilio, settings: {account_sid: AC00000000000000000000000000000001, from: '+15005550006'}}";
        assert!(codes(post.world.try_apply(&format!("{connection}\n---\n{text}"))).contains(&"attribute_unknown".to_owned()));
    }

    html_is_made_smaller_the_same_wherever_it_is_made(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        let email = |optimize: bool| json!({"kind": "email", "key": "welcome", "connection": "mail", "subject": "Hello", "view_as_web_page": true,
            "optimize_html": optimize, "body": {"html": "<table>\n   <tr>\n   <td>\n  Hello   {{ person.key }}\n  </td></tr></table>\n<!-- ours -->\n\
                <!--[if mso]>\n  <p>Outlook</p> <![endif]-->\n<p>See  <a href=\"https://acme.example/x?y=1\">more of it</a></p>\n"}});
        let shown = |optimize: bool| {
            let request = PreviewRequest { draft: Some(email(optimize)), ..as_person("p-5-0") };
            preview_email(&post.world.engine, "welcome", &request, URL).expect("a preview").shown
        };
        post.world.apply(&email(true).to_string());
        post.sends("welcome", "");
        let (before, after) = (shown(false), shown(true));
        assert!(after.html.contains("<table><tr><td> Hello p-5-0 </td></tr></table> <!--[if mso]>\n  <p>Outlook</p> <![endif]--> <p>"), "{}", after.html);
        assert_eq!((after.text.as_str(), before.bytes_unoptimized), (before.text.as_str(), None));
        assert_eq!(after.bytes_unoptimized, Some(before.bytes));
        assert!(after.bytes < before.bytes, "{} of {}", after.bytes, before.bytes);
        // The first try finds nobody; the second is made again from what was kept.
        post.smtp.stop();
        assert_eq!(post.dispatcher().dispatch_once().expect("a try").delivered, 0);
        post.smtp.restart();
        post.advance(120);
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let sent = post.smtp.messages().into_iter().find(|m| m.rcpt_to == ["p-5-0@example.com"]).expect("a message");
        let html = sent.html.expect("an HTML part");
        assert_eq!(bare(&html), bare(&after.html), "what is sent is what was shown");
        let token = html.split(&format!("{URL}/t/v/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a way to the web view");
        let view = content::web_view(&post.world.engine, &keys(), URL, token).expect("a view").expect("the page");
        assert_eq!(bare(&view), bare(&html));
    }

    an_email_keeps_what_its_template_locked_when_it_was_made(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let engine = &post.world.engine;
        let template = |foot: &str| {
            json!({"kind": "email_template", "key": "brand", "subject": "News", "lock": "marked", "body": {"mjml": format!(
                r#"<mjml><mj-body><mj-section><mj-column><mj-text>Yours</mj-text></mj-column></mj-section>
                   <mj-section data-lock="locked"><mj-column><mj-text>{foot}</mj-text></mj-column></mj-section></mj-body></mjml>"#)}})
        };
        let put = |manifest: serde_json::Value, incomplete| {
            let options = ApplyOptions { incomplete, ..ApplyOptions::default() };
            definitions::put(engine, manifest, "test", options, None)
        };
        put(template("Acme Ltd"), false).expect("a template");
        let stored = definitions::export(engine, Some(DocumentKind::EmailTemplate), Some("brand")).expect("an export");
        let caravan_model::document::Body::EmailTemplate(stored) = &stored[0].body else { panic!("a template") };
        let mut email = serde_json::to_value(stored.begun("brand", "mail")).expect("an email");
        (email["kind"], email["key"]) = ("email".into(), "news".into());
        put(email.clone(), false).expect("an email");
        let with = |from: &str, to: &str| {
            let mut changed = email.clone();
            let mjml = changed["body"]["mjml"].as_str().expect("MJML").replace(from, to);
            changed["body"]["mjml"] = mjml.into();
            changed
        };
        put(with("Yours", "Mine, <b>all</b> mine"), false).expect("what is open may change");
        for incomplete in [false, true] {
            assert_eq!(codes(put(with("Acme Ltd", "Evil Ltd"), incomplete)), ["template_locked"], "for later neither");
        }
        let said = definitions::content_findings(engine, with("Acme Ltd", "Evil Ltd")).expect("findings");
        let said = said.iter().find(|finding| finding.code == "template_locked").expect("it is said in the editor too");
        assert!(said.message.contains("`brand` locks <mj-text> \u{201c}Acme Ltd\u{201d}") && said.line == Some(2), "{said:?}");
        let mut freed = email.clone();
        freed.as_object_mut().expect("a manifest").remove("lock");
        assert_eq!(codes(put(freed.clone(), false)), ["lock_changed"]);
        freed["lock"] = json!({"template": "brand", "lock": "marked", "body": {"html": "x"}});
        assert!(codes(put(freed, false)).contains(&"lock_changed".to_owned()));
        // Later changes of the template do not reach the email, and its end does it no harm.
        let mut other = email.clone();
        (other["key"], other["made_of"]) = ("other".into(), "another".into());
        other.as_object_mut().expect("a manifest").remove("lock");
        put(other, false).expect("made of a template that there never was");
        let made = content::made_of(engine, "brand").expect("what was made of it");
        assert_eq!(made.iter().map(|made| made.key.as_str()).collect::<Vec<_>>(), ["news"]);
        assert!(matches!(content::made_of(engine, "another"), Err(DefinitionError::Unknown { .. })));
        put(template("Acme Inc"), false).expect("a template");
        put(with("Yours", "Still mine"), false).expect("as it was made");
        definitions::delete(engine, DocumentKind::EmailTemplate, "brand", None).expect("deleted");
        put(with("Yours", "Mine for good"), false).expect("as it was made");
        let shown = preview_email(engine, "news", &PreviewRequest::default(), URL).expect("a preview").shown.html;
        assert!(shown.contains("Mine for good") && !shown.contains("data-lock"), "{shown}");
    }

    a_template_leaves_as_an_archive_and_comes_back_as_it_was(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let engine = &post.world.engine;
        let picture = b"\x89PNG pretended";
        let page = json!({"kind": "email_template", "body": {"html": "<p>Hi <img src=\"pictures/a.png\" alt=\"x\"></p><script>x</script>"}});
        let design = packed::pack(&page, "nowhere", &[("a.png".to_owned(), picture.to_vec())]).expect("an archive");
        content::import_template(engine, "autumn", &design, URL, "test").expect("a template");
        let manifest = |key: &str| {
            let found = definitions::export(engine, Some(DocumentKind::EmailTemplate), Some(key)).expect("an export");
            found[0].to_value().expect("JSON")
        };
        let mut told = manifest("autumn");
        for (field, value) in [("name", json!("Leaves fall")), ("subject", json!("News")), ("text", json!("Hi")), ("lock", json!("all"))] {
            told[field] = value;
        }
        definitions::put(engine, told.clone(), "test", ApplyOptions::default(), None).expect("a template");
        let archive = content::export_template(engine, "autumn", URL).expect("an archive");
        // Another installation, at another address.
        post.execute("DELETE FROM picture");
        let elsewhere = "https://mail.other.example";
        let made = content::import_template(engine, "winter", &archive, elsewhere, "test").expect("a template");
        assert_eq!((made.key.as_str(), made.pictures), ("winter", 1));
        told["key"] = "winter".into();
        let moved: serde_json::Value = serde_json::from_str(&told.to_string().replace(URL, elsewhere)).expect("JSON");
        assert_eq!(manifest("winter"), moved);
        assert!(!told.to_string().contains("<script"), "what no mail program runs does not come in this way either");
        let html = manifest("winter")["body"]["html"].as_str().expect("HTML").to_owned();
        let name = html.split("/p/").nth(1).and_then(|rest| rest.split('"').next()).expect("a picture").to_owned();
        let kept = engine.store().read(|s| content::picture(s, &name)).expect("the store").expect("the picture");
        assert_eq!((kept.content_type.as_str(), kept.bytes.as_slice()), ("image/png", picture.as_slice()));
        assert!(matches!(content::export_template(engine, "none", URL), Err(DefinitionError::Unknown { .. })));
    }

    a_published_version_keeps_its_fragments_until_they_are_propagated(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(NEWS);
        post.sends("news", "tokens: {topic: Widgets}");
        let world = &post.world;
        let fragment = |state: &str, text: &str| {
            world.apply(&format!("{{kind: fragment, key: legal, {state} body: {{html: '<p>{text}</p>'}}}}"))
        };
        let shown = || preview_email(&world.engine, "news", &as_person("p-5-1"), URL).expect("a preview").shown.html;
        fragment("state: draft,", "In work");
        assert!(shown().contains("Terms apply"), "a draft over a published fragment changes nothing of it");
        let export = definitions::export(&world.engine, Some(DocumentKind::Fragment), Some("legal")).expect("an export");
        assert_eq!(world.apply(&export[0].to_yaml().expect("YAML")).unchanged.len(), 1, "applying an export changes nothing");
        fragment("", "In work still");
        assert!(shown().contains("Terms apply"), "a draft stays one unless it is told otherwise");
        fragment("state: live,", "In work still");
        assert!(shown().contains("In work still"));

        let frozen = || world.one("SELECT COUNT(*) FROM document_version WHERE CAST(frozen AS TEXT) LIKE '%In work still%'");
        assert_eq!(frozen(), 0, "what was published is as it was published");
        let propagate = |dry_run| content::propagate(&world.engine, DocumentKind::Fragment, "legal", "test", dry_run).expect("propagated");
        let concerned = propagate(true);
        assert_eq!((concerned.len(), concerned[0].journey.as_str(), concerned[0].from, concerned[0].to), (1, "hello", 1, 2));
        assert_eq!(frozen(), 0, "asking changes nothing");
        assert_eq!(propagate(false), concerned);
        assert_eq!((frozen(), propagate(false).len()), (1, 0), "once");
        // Whoever is inside stays on the version that it has.
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let messages = post.smtp.messages();
        assert!(messages.iter().all(|m| m.html.as_deref().is_some_and(|html| html.contains("Terms apply"))));

        let deleted = definitions::delete(&world.engine, DocumentKind::Fragment, "legal", None);
        assert_eq!(codes(deleted), ["in_use"]);
    }
}

on_both_stores! {
    what_goes_around_emails_is_the_organisations_own_and_is_kept_by_what_is_published(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let around = |way_out: &str| format!(
            "kind: settings\nkey: settings\norganisation: Acme & Sons\nlanguages: [he, en]\nemails:\n  \
             opt_out: {{html: '<p>{way_out} {{{{ system.organisation }}}}: <a href=\"{{{{ system.unsubscribe_url }}}}\">Abmelden</a></p>', \
                        text: '{way_out} {{{{ system.organisation }}}}: {{{{ system.unsubscribe_url }}}}'}}\n  \
             view_as_web_page: {{html: '<a href=\"{{{{ system.web_view_url }}}}\">Im Browser</a>', text: 'Im Browser: {{{{ system.web_view_url }}}}'}}\n"
        );
        post.world.apply(&around("Weg von"));
        post.world.apply("{kind: email, key: welcome, connection: mail, subject: Hello, view_as_web_page: true, body: {html: <p>Hi</p>}}");
        post.sends("welcome", "");
        post.world.apply(&around("Later words of"));
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let message = post.smtp.messages().remove(0);
        let html = message.html.expect("an HTML part");
        for part in ["Weg von Acme &amp; Sons: <a href=\"https://go.acme.example/t/u/", ">Im Browser</a>"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let text = message.text.expect("a text part").replace("\r\n", "\n");
        assert!(text.starts_with("Im Browser: https://go.acme.example/t/v/"), "{text}");
        assert!(text.contains("\nHi\n\nWeg von Acme & Sons: https://go.acme.example/t/u/"), "{text}");
        assert!(!html.contains("caravan:"), "no marks of ours are left");
        assert!(html.contains("<html lang=\"he\" dir=\"rtl\">") && html.contains("<body lang=\"he\" dir=\"rtl\">"), "{html}");
        let token = html.split(&format!("{URL}/t/v/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a way to the web view");
        let view = content::web_view(&post.world.engine, &keys(), URL, token).expect("a view").expect("the page");
        assert!(view.contains("<html lang=\"he\" dir=\"rtl\">"), "{view}");
        assert_eq!(codes(post.world.try_apply("{kind: settings, key: settings, organisation: Acme, languages: [en, English]}")), ["language_invalid"]);
        assert_eq!(codes(post.world.try_apply("{kind: email, key: welcome, connection: mail, subject: Hi, language: de_AT, body: {html: x}}")), ["language_invalid"]);
        let shown = preview_email(&post.world.engine, "welcome", &PreviewRequest::default(), URL).expect("a preview").shown;
        assert!(shown.text.contains("Later words of Acme & Sons"), "{}", shown.text);
    }
}

#[test]
fn what_goes_around_emails_must_show_the_way() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let settings = |emails: &str| {
        let manifest = format!("{{kind: settings, key: settings, organisation: Acme, emails: {emails}}}");
        let Err(DefinitionError::Findings(found)) = post.world.try_apply(&manifest) else {
            panic!("{emails} is refused")
        };
        told(found)
    };
    assert_eq!(
        settings("{opt_out: {html: <p>Bye</p>, text: 'x {{ system.unsubscribe_url }}'}}"),
        ["!opt_out_link_missing /emails/opt_out/html"]
    );
    assert_eq!(
        settings("{view_as_web_page: {html: '<a href=\"{{ system.web_view_url }}\">x</a>', text: View}}"),
        ["!web_view_link_missing /emails/view_as_web_page/text"]
    );
    assert_eq!(
        settings(
            "{opt_out: {html: '<a href={{ system.unsubscribe_url }}>x</a>', text: '{{ system.unsubscribe_url }} {{ person.first_name }}'}}"
        ),
        ["!attribute_unknown /emails/opt_out/text", "!value_misplaced /emails/opt_out/html"]
    );
}

#[test]
fn values_of_the_journey_must_be_there_when_it_is_published() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    post.world.apply(NEWS);
    post.world.apply(
        "{kind: journey, key: hello, subject: account, audience: {account_list: big}, end: 2027-06-30T00:00:00Z, tokens: {topik: x}, entry: mail, nodes: {mail: {type: action, on: people, action: send_email, email: news, next: null}}}",
    );
    let refused = post.world.refused("hello");
    assert_eq!(refused, [("my_token_undefined".to_owned(), Some("mail".to_owned()))]);
    let nested = post.world.try_apply("{kind: journey, key: hi, subject: account, tokens: {A: [1]}}");
    assert!(codes(nested).iter().any(|code| code == "bad_name"));
}
