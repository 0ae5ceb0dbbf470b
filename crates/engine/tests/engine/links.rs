//! Links in emails: the host that they begin with and the campaign parameters that a connection gives them, on the way that messages really take; on both
//! stores.

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, codes, on_both_stores};
use caravan_connect::Surroundings;
use caravan_connect::dns::Dns;
use caravan_connect::tracking::{Purpose, with_parameters};
use caravan_engine::content::{PreviewRequest, preview_email, web_view};
use caravan_engine::machines::Visitor;
use caravan_engine::systems::Systems;
use caravan_engine::tracking;

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

const PARAMETERS: &str =
    "utm_source: caravan, utm_campaign: '{{ journey.name }}', utm_content: '{{ email.name }}/{{ node.key }}'";
const START: &str = "https://acme.example/start?a=1&utm_campaign=Spring%20fair&utm_content=News%20%26%20more%2Fmail&utm_source=caravan#top";
const OWN: &str =
    "https://acme.example/own?utm_source=own&utm_campaign=Spring%20fair&utm_content=News%20%26%20more%2Fmail";

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
            assert!(!message.text.as_deref().unwrap_or_default().contains("utm_campaign"), "links of the text part are not tracked");
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
        let told = |parameters: &str| {
            let warnings = post.world.apply(&with_parameters_of(&post, parameters)).warnings.into_iter();
            warnings.map(|finding| (finding.code.to_string(), finding.pointer)).collect::<Vec<_>>()
        };
        let wrong = |name: &str| ("link_parameter_invalid".to_owned(), format!("/settings/link_parameters/{name}"));
        assert_eq!(told("'utm source': x"), [wrong("utm source")]);
        assert_eq!(told("utm_source: '{{ person.email }}'"), [wrong("utm_source")]);
        assert_eq!(told(PARAMETERS), []);
    }

    each_mail_has_the_host_of_its_sending_domain_once_that_leads_here(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let engine = &post.world.engine;
        engine.reached_at(URL);
        post.world.apply(
            "{kind: sending_domain, key: acme, domain: acme.example, tracking: Links.acme.example}\n---\n\
             {kind: sending_domain, key: other, domain: other.example, tracking: links.other.example}\n---\n\
             {kind: email, key: news, connection: mail, subject: News, view_as_web_page: true, \
               from: {email: news@other.example}, body: {html: '<p><a href=\"https://acme.example/start\">Start</a></p>'}}",
        );
        let taken = post.world.try_apply("{kind: sending_domain, key: third, domain: third.example, tracking: LINKS.acme.example}");
        assert_eq!(codes(taken), ["tracking_host_taken"]);

        let dns = caravan_testkit::Dns::start(&[]);
        let surroundings = Surroundings::guarded(post.world.clock.clone(), post.runtime.handle().clone());
        let asked = Dns::at(dns.addr, post.runtime.handle()).expect("a DNS");
        let systems = Systems::new(engine, surroundings).with_dns(asked);
        let begins = |email: &str| {
            let made = preview_email(engine, email, &PreviewRequest::default(), URL).expect("a preview");
            made.rendered.unsubscribe_url.expect("a way out").split("/t/").next().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(begins("news"), URL, "nobody has looked whether the host leads here");
        dns.holds(&["go.acme.example A 192.0.2.1", "links.acme.example CNAME go.acme.example.", "links.other.example A 192.0.2.9"]);
        for domain in ["acme", "other"] {
            systems.check_domain(domain).expect("it is looked up");
        }
        assert_eq!((begins("welcome").as_str(), begins("news").as_str()), ("https://links.acme.example", URL), "one leads elsewhere");
        dns.holds(&["go.acme.example A 192.0.2.1", "links.acme.example CNAME go.acme.example.", "links.other.example A 192.0.2.1"]);
        systems.check_domain("other").expect("it is looked up");
        assert_eq!(begins("news"), "https://links.other.example");

        post.sends("news", "");
        post.world.apply(
            "kind: journey\nkey: greets\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: welcome, next: null}\n",
        );
        post.world.publish("greets");
        post.world.run();
        while post.dispatcher().dispatch_once().expect("a round").delivered > 0 {}
        let messages = post.smtp.messages();
        assert_eq!(messages.len(), 30);
        let person = Visitor { agent: None, address: None };
        for (subject, host, routes) in [("News", "links.other.example", "vcuo"), ("Hello", "links.acme.example", "cuo")] {
            let message = messages.iter().find(|m| m.header("Subject").is_some_and(|it| it.starts_with(subject))).expect("a message");
            let html = message.html.as_deref().expect("an HTML part");
            let ours: Vec<&str> = html.split("https://").skip(1).filter(|rest| rest.contains("/t/")).collect();
            let begun: String = html.split(&format!("https://{host}/t/")).skip(1).filter_map(|rest| rest.chars().next()).collect();
            assert_eq!((begun.as_str(), html.matches("/t/").count()), (routes, routes.len()), "{subject}: {ours:?}");
            assert!(message.header("List-Unsubscribe").is_some_and(|it| it.contains(&format!("https://{host}/t/u/"))));
            let token = html.split("/t/c/").nth(1).and_then(|rest| rest.split('"').next()).expect("a click");
            assert_eq!(tracking::clicked(engine, &keys(), token, &person).as_deref(), Ok("https://acme.example/start"));
            let view = html.split("/t/v/").nth(1).and_then(|rest| rest.split('"').next());
            if let Some(view) = view {
                let page = web_view(engine, &keys(), URL, view).expect("the store").expect("a page");
                assert!(page.contains(&format!("https://{host}/t/u/")) && !page.contains(URL), "as it was sent");
            }
        }
        post.advance(10);
        tracking::tell_held_clicks(engine).expect("the store");
        assert_eq!(post.told("email_clicked"), 2, "clicks of both hosts count");
    }
}
