//! Links in emails: the campaign parameters that a connection gives them, on the way that messages really take; on both
//! stores.

mod support;

use caravan_connect::tracking::{Purpose, with_parameters};
use caravan_engine::content::{PreviewRequest, preview_email, web_view};
use caravan_engine::machines::Visitor;
use caravan_engine::tracking;
use support::post::{Post, delivered, keys};
use support::{World, codes, on_both_stores};

const URL: &str = "https://go.acme.example";

/// A connection whose links say which journey, node and email they come from.
fn with_parameters_of(post: &Post, parameters: &str) -> String {
    format!(
        "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
           from: {{name: Acme, email: news@acme.example}}, link_parameters: {{{parameters}}}}}}}",
        post.smtp.port
    )
}

const NEWS: &str = r#"
kind: email
key: news
name: News & more
connection: mail
subject: News
view_as_web_page: true
body: {html: '<p><a href="https://acme.example/start?a=1#top">Start</a> <a href="https://acme.example/plain" data-track="no">Plain</a>
  <a href="https://acme.example/own?utm_source=own">Own</a> <a href="mailto:desk@acme.example">Write</a></p>'}
"#;

const PARAMETERS: &str = "utm_source: caravan, utm_campaign: '{{ journey.name }}', utm_content: '{{ email.name }}/{{ node.key }}'";
const START: &str = "https://acme.example/start?a=1&utm_campaign=Spring%20fair&utm_content=News%20%26%20more%2Fmail&utm_source=caravan#top";
const OWN: &str = "https://acme.example/own?utm_source=own&utm_campaign=Spring%20fair&utm_content=News%20%26%20more%2Fmail";

/// Where the links of a mail lead, ours resolved.
fn led(html: &str) -> Vec<String> {
    let hrefs = html.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&")));
    hrefs
        .map(|href| {
            let Some((route, token)) = href.strip_prefix(&format!("{URL}/t/")).and_then(|rest| rest.split_once('/'))
            else {
                return href;
            };
            match keys().verify(token).map(|token| token.purpose) {
                Ok(Purpose::Click { target, parameters, .. }) => with_parameters(&target, &parameters),
                _ => route.to_owned(),
            }
        })
        .collect()
}

on_both_stores! {
    campaign_parameters_are_the_same_in_what_is_shown_sent_tried_again_and_looked_at(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        post.world.apply(&with_parameters_of(&post, PARAMETERS));
        post.world.apply(NEWS);
        post.sends("news", "name: Spring fair");
        let expected = ["v", START, "https://acme.example/plain", OWN, "mailto:desk@acme.example", "u"];

        // The first try finds nobody.
        post.smtp.stop();
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once().expect("a round").delivered, 0);
        post.smtp.restart();
        post.advance(3_600);
        assert_eq!(post.dispatcher().dispatch_once().expect("a round"), delivered(15));
        let messages = post.smtp.messages();
        for message in &messages {
            assert_eq!(led(message.html.as_deref().expect("an HTML part")), expected);
            assert!(!message.header("List-Unsubscribe").unwrap_or_default().contains("utm_"));
            assert!(!message.text.as_deref().unwrap_or_default().contains("utm_"), "links of the text part are not tracked");
        }
        let html = messages[0].html.clone().expect("an HTML part");
        let view = html.split(&format!("{URL}/t/v/")).nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
        let viewed = web_view(&post.world.engine, &keys(), URL, view).expect("the store").expect("a page");
        assert_eq!(led(&viewed), expected);

        let request = PreviewRequest { journey: Some("hello".into()), node: Some("mail".into()), ..PreviewRequest::default() };
        let made = preview_email(&post.world.engine, "news", &request, URL).expect("a preview");
        assert_eq!(led(&made.shown.html), expected);
        post.dispatcher().proof("mail", &made.rendered, "boss@acme.example").expect("a proof");
        let proof = post.smtp.messages().pop().expect("a proof");
        assert_eq!(led(proof.html.as_deref().expect("an HTML part")), expected);

        // Whoever follows it comes there; journeys and figures know the link as its author wrote it.
        let to = messages[0].rcpt_to[0].clone();
        let [start, ..] = post.clicks_of(&to).try_into().map(|all: [String; 2]| all).expect("two links");
        let person = Visitor { agent: None, address: None };
        assert_eq!(tracking::clicked(&post.world.engine, &keys(), &start, &person).as_deref(), Ok(START));
        assert_eq!(tracking::leads_to(&keys(), &start).as_deref(), Ok(START));
        post.advance(10);
        tracking::tell_held_clicks(&post.world.engine).expect("the store");
        assert_eq!(post.told("email_clicked"), 1);
        let fields = post.world.rows("SELECT fields FROM activity WHERE type = 'email_clicked'", |row| row.string(0));
        assert!(fields[0].contains("https://acme.example/start?a=1#top"), "{fields:?}");
    }

    campaign_parameters_are_checked_when_the_connection_is_applied(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let tried = |parameters: &str| codes(post.world.try_apply(&with_parameters_of(&post, parameters)));
        assert_eq!(tried("'utm source': x"), ["link_parameter_invalid"]);
        assert_eq!(tried("utm_source: '{{ person.email }}'"), ["link_parameter_invalid"]);
        post.world.apply(&with_parameters_of(&post, PARAMETERS));
    }
}
