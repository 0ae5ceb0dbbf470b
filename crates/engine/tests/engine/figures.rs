//! Figures of messages, machines among the visitors, and addresses that bounce softly; on both stores.

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, on_both_stores};
use caravan_connect::connector::Secret;
use caravan_connect::returned::{Heard, MailReport, Reference};
use caravan_engine::deliver::{self, Dispatched};
use caravan_engine::figures::{self, Asked, By, Figures};
use caravan_engine::import::segment;
use caravan_engine::machines::Visitor;
use caravan_engine::tracking::{self, OptOut};
use caravan_engine::{retention, returned};
use caravan_model::PersonId;
use caravan_model::attribute::Schema;
use caravan_store::ledger::{self, Unsettled, UnsettledFilter};
use caravan_store::{machine_events, people};
use caravan_testkit::{Behaviour, Stage};
use serde_json::json;

impl Post {
    fn figures(&self, by: By) -> Vec<Figures> {
        figures::figures(&self.world.engine, &Asked::default(), by).expect("figures")
    }

    /// A report about the message to an address.
    fn reports(&self, to: &str, what: Heard) {
        let messages = self.smtp.messages();
        let message = messages.iter().find(|m| m.rcpt_to == [to]).expect("a message");
        let key = message.header("X-Caravan-Key").expect("a key").to_owned();
        let report = MailReport::new(vec![Reference::Key(key)], what);
        returned::heard(&self.world.engine, &keys(), &[report]).expect("it is taken in");
    }

    fn click(&self, to: &str, agent: Option<&str>) {
        let visitor = Visitor { agent: agent.map(str::to_owned), address: None };
        tracking::clicked(&self.world.engine, &keys(), &self.links(to).click, &visitor).expect("a click");
    }

    /// As many as were told of once what was held is.
    fn told_of_clicks(&self) -> i64 {
        tracking::tell_held_clicks(&self.world.engine).expect("they are told");
        self.told("email_clicked")
    }

    fn open(&self, to: &str) {
        tracking::opened(&self.world.engine, &keys(), &self.links(to).open, &Visitor::default()).expect("an open");
    }
}

fn bounce(code: &'static str) -> Heard {
    Heard::Bounced { code, why: "they said so".to_owned() }
}

on_both_stores! {
    figures_count_messages_and_events_by_the_day_of_sending(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 no such user".into() });
        assert_eq!(post.dispatcher().dispatch_once(), Ok(Dispatched { delivered: 14, failed: 1, ..Dispatched::default() }));
        // Opened twice; clicked without an open; opened, and bounced afterwards all the same; opted out; complained.
        post.advance(3_600);
        post.open("p-6-0@example.com");
        post.advance(120);
        post.open("p-6-0@example.com");
        post.click("p-6-1@example.com", None);
        post.open("p-6-2@example.com");
        post.reports("p-6-2@example.com", bounce("bounced_soft"));
        let way_out = post.links("p-7-0@example.com").way_out;
        for _ in 0..2 {
            tracking::opt_out(&post.world.engine, &keys(), &way_out, OptOut::Page).expect("opted out");
        }
        post.reports("p-7-1@example.com", Heard::Complained);

        let figures = post.figures(By::Node);
        let [node] = figures.as_slice() else { panic!("{figures:?}") };
        let place = (node.place.journey.as_deref(), node.place.node.as_deref(), node.place.message.as_deref());
        assert_eq!(place, (Some("hello"), Some("mail"), Some("welcome")));
        assert_eq!((node.sent, node.bounced, node.bounced_hard, node.bounced_soft, node.delivered), (15, 2, 1, 1, 13));
        assert_eq!((node.opened, node.opens), (2, 3), "a click is an open; a message that bounced is not opened, its open stays an event");
        assert_eq!((node.clicked, node.clicks, node.unsubscribes, node.complaints), (1, 1, 2, 1), "a complaint opts out too");
        let near = |rate: Option<f64>, wanted: f64| assert!((rate.expect("a rate") - wanted).abs() < 1e-9, "{rate:?} {wanted}");
        near(node.delivery_rate, 13.0 / 15.0);
        near(node.open_rate, 2.0 / 13.0);
        near(node.click_rate, 1.0 / 13.0);
        near(node.bounce_rate, 2.0 / 15.0);
        near(node.click_to_open_rate, 0.5);
        near(node.unsubscribe_rate, 2.0 / 13.0);
        assert_eq!(node.first_activity.to_string(), "2026-12-01T09:00:00Z");
        assert_eq!(node.last_activity, post.world.clock.now());

        let total = post.figures(By::Total);
        assert_eq!((total.len(), total[0].sent, &total[0].place.journey), (1, 15, &None));
        let sent_later = Asked { from: Some(post.world.clock.now()), ..Asked::default() };
        assert_eq!(figures::figures(&post.world.engine, &sent_later, By::Node), Ok(vec![]), "by when it was sent, not by when it was opened");
        let elsewhere = Asked { journey: Some("nowhere".to_owned()), ..Asked::default() };
        assert_eq!(figures::figures(&post.world.engine, &elsewhere, By::Node), Ok(vec![]));
        let links = figures::links(&post.world.engine, &Asked::default()).expect("links");
        let [link] = links.as_slice() else { panic!("{links:?}") };
        assert_eq!((link.url.as_str(), link.clicked, link.clicks), ("https://acme.example/start", 1, 1));
    }

    the_table_has_every_figure_under_its_name(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 no such user".into() });
        post.dispatcher().dispatch_once().expect("a round");
        post.advance(3_600);
        post.open("p-6-0@example.com");
        post.click("p-6-1@example.com", None);
        let rows = post.figures(By::Node);
        assert_eq!(rows.len(), 1);
        let table = String::from_utf8(figures::csv(&rows).expect("a table")).expect("text");
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
        let [names, cells] = lines.as_slice() else { panic!("{table}") };
        let told = serde_json::to_value(&rows[0]).expect("JSON");
        let told = told.as_object().expect("an object");
        let mut known: Vec<&str> = told.keys().map(String::as_str).collect();
        let mut listed = names.clone();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, known, "a figure has a column");
        for (name, cell) in names.iter().zip(cells) {
            let expected = match &told[*name] {
                value if value.is_f64() => format!("{:.4}", value.as_f64().unwrap_or_default()),
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => String::new(),
                value => value.to_string(),
            };
            assert_eq!(*cell, expected, "{name}");
        }
        assert_eq!((told["sent"].as_i64(), told["delivered"].as_i64(), told["bounced_hard"].as_i64()), (Some(15), Some(14), Some(1)));
    }

    tv_r1_tv_r2_rates_of_a_thousand_messages(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        // As many more like one of them as make a thousand, and what became of them by their numbers.
        let world = &post.world;
        world.sql(
            "INSERT INTO ledger (id, key, kind, enrollment_id, version_id, node, account_id, person_id, address, outcome, reason, message, remote_id, queued_at, decided_at, body)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 985)
             SELECT 1000000 + n.i, 'copy-' || n.i, l.kind, l.enrollment_id, l.version_id, l.node, l.account_id, l.person_id, l.address, l.outcome, l.reason, l.message, l.remote_id, l.queued_at, l.decided_at, l.body
             FROM n, (SELECT * FROM ledger ORDER BY id LIMIT 1) AS l",
        );
        world.sql("INSERT INTO delivery_report (effect_id, rank, state, at) SELECT id, 9, CASE WHEN id > 1000030 THEN 'bounced_hard' ELSE 'bounced_soft' END, 0 FROM ledger WHERE id > 1000000 AND id <= 1000050");
        let used = |kind: &str, from: i64, to: i64, times: &str| {
            world.sql(&format!(
                "INSERT INTO message_use (effect_id, kind, link, url, counted, machines, first_at, last_at)
                 SELECT id, '{kind}', 1, '', {times}, 0, 0, 0 FROM ledger WHERE id > {} AND id <= {}",
                1_000_000 + from, 1_000_000 + to
            ));
        };
        // 380 opened, 220 of them twice; of these 95 clicked and 19 opted out.
        used("opened", 50, 430, "CASE WHEN id > 1000210 THEN 2 ELSE 1 END");
        used("clicked", 50, 145, "1");
        used("opted_out", 50, 69, "1");
        let all = post.figures(By::Message);
        let [it] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((it.sent, it.delivered, it.bounced, it.opened, it.clicked, it.unsubscribes), (1000, 950, 50, 380, 95, 19));
        assert_eq!((it.opens, it.clicks), (600, 95));
        let percent = |rate: Option<f64>| format!("{:.2}", 100.0 * rate.expect("a rate"));
        let unique = [it.delivery_rate, it.open_rate, it.click_rate, it.bounce_rate, it.click_to_open_rate, it.unsubscribe_rate];
        assert_eq!(unique.map(percent), ["95.00", "40.00", "10.00", "5.00", "25.00", "2.00"], "TV-R1");
        assert_eq!([it.open_rate, it.total_open_rate].map(percent), ["40.00", "63.16"], "TV-R2: messages, and events");
        assert_eq!([it.total_click_rate, it.total_click_to_open_rate].map(percent), ["10.00", "15.83"]);
    }

    machines_are_counted_apart_and_set_nothing_off(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: email, key: several, connection: mail, subject: Hello, body: {html: '<p><a href=\"https://acme.example/one?p=1\">one</a> \
             <a href=\"https://acme.example/two\">two</a> <a href=\"https://acme.example/three\">three</a></p>'}}",
        );
        post.sends("several", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(60);
        let engine = &post.world.engine;
        post.click("p-5-0@example.com", Some("Mozilla/5.0 (compatible; AcmeMailScanner/2.0)"));
        assert_eq!(post.told_of_clicks(), 0);
        // A gateway follows all links within a second, and does not say what it is; journeys hear nothing of it.
        let all = post.clicks_of("p-5-1@example.com");
        assert_eq!(all.len(), 3);
        for token in &all {
            tracking::clicked(engine, &keys(), token, &Visitor::default()).expect("a click");
        }
        post.advance(60);
        assert_eq!(post.told_of_clicks(), 0, "not even the first one, which could not be told at once");
        // The person comes a minute later, and clicks twice.
        for told in 0..2 {
            tracking::clicked(engine, &keys(), &all[1], &Visitor::default()).expect("a click");
            assert_eq!(post.told_of_clicks(), told, "until its second is over");
            post.advance(1);
            assert_eq!(post.told_of_clicks(), told + 1);
        }
        // Another machine comes and takes nothing of theirs away.
        post.advance(60);
        for token in &all {
            tracking::clicked(engine, &keys(), token, &Visitor::default()).expect("a click");
        }
        post.advance(1);
        assert_eq!(post.told_of_clicks(), 2);
        let figures = post.figures(By::Message);
        assert_eq!((figures[0].clicked, figures[0].clicks, figures[0].machines), (1, 2, 7), "{figures:?}");
        let links = figures::links(engine, &Asked::default()).expect("links");
        let counted: Vec<_> = links.iter().map(|link| (link.url.as_str(), link.clicks, link.machines)).collect();
        assert_eq!(counted, [("https://acme.example/one", 0, 3), ("https://acme.example/two", 2, 2), ("https://acme.example/three", 0, 2)]);

        post.world.apply("{kind: settings, key: settings, organisation: Acme, postal_address: 'Hauptstr. 1, Berlin', machines: {known: log, bursts: off}}");
        post.click("p-6-0@example.com", Some("curl/8.5.0"));
        assert_eq!(post.told("email_clicked"), 3, "nothing is held where nothing is filtered");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM activity WHERE type = 'email_clicked' AND CAST(fields AS TEXT) LIKE '%\"pattern\"%agent%'"), 1);
    }

    what_machines_did_is_kept_to_be_looked_at_and_seen_by_nothing_else(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: email, key: several, connection: mail, subject: Hello, body: {html: '<p><a href=\"https://acme.example/one?p=1\">one</a> \
             <a href=\"https://acme.example/two\">two</a></p>'}}",
        );
        post.sends("several", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(60);
        let engine = &post.world.engine;
        let came_from = |address: &str| Visitor { agent: Some("AcmeMailScanner/2.0".to_owned()), address: address.parse().ok() };
        let links = post.links("p-5-0@example.com");
        tracking::clicked(engine, &keys(), &links.click, &came_from("192.0.2.1")).expect("a click");
        tracking::opened(engine, &keys(), &links.open, &came_from("192.0.2.2")).expect("an open");
        // Nobody could know of the first of these before the second.
        let gateway = Visitor { agent: Some("Mozilla/5.0 (X11; Linux)".to_owned()), address: "192.0.2.1".parse().ok() };
        post.advance(60);
        for token in &post.clicks_of("p-5-1@example.com") {
            tracking::clicked(engine, &keys(), token, &gateway).expect("a click");
        }
        post.advance(60);
        let kept = |of: &str| {
            let sql = format!("SELECT id FROM person WHERE email = '{of}'");
            let person = PersonId(post.world.one(&sql));
            engine.store().read(|s| machine_events::of_person(s, person, 1_000)).expect("the store")
        };
        let of_one = kept("p-5-0@example.com");
        let told: Vec<_> = of_one.iter().map(|it| (it.kind.as_str(), it.link, it.url.as_str(), it.pattern.as_str(), it.user_agent.as_deref())).collect();
        let agent = Some("AcmeMailScanner/2.0");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&("clicked", 0, "https://acme.example/one", "agent", agent)), "without what is personal: {told:?}");
        assert!(told.contains(&("opened", 0, "", "agent", agent)), "{told:?}");
        let of_other = kept("p-5-1@example.com");
        let told: Vec<_> = of_other.iter().map(|it| (it.url.as_str(), it.pattern.as_str(), it.user_agent.as_deref())).collect();
        let agent = gateway.agent.as_deref();
        assert_eq!(told, [("https://acme.example/one", "burst", agent), ("https://acme.example/two", "burst", agent)], "the one that was held too");
        let code = |kind: &str| of_one.iter().find(|it| it.kind == kind).and_then(|it| it.address_code.clone()).expect("a code");
        assert!(of_other.iter().all(|it| it.address_code.as_deref() == Some(code("clicked").as_str())), "the same address: {of_other:?}");
        assert_ne!(code("clicked"), code("opened"));
        assert!(!code("clicked").contains("192"));

        // Nothing else sees them.
        post.world.run();
        assert_eq!((post.told_of_clicks(), post.told("email_opened")), (0, 0));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM activity WHERE CAST(fields AS TEXT) LIKE '%AcmeMailScanner%'"), 0);
        let [figures] = post.figures(By::Message).try_into().expect("one message");
        assert_eq!((figures.opened, figures.opens, figures.clicked, figures.clicks, figures.machines), (0, 0, 0, 0, 4));

        // However often it comes, a hundred are kept of a message; after a month none.
        for _ in 0..120 {
            post.advance(1);
            tracking::clicked(engine, &keys(), &links.click, &came_from("192.0.2.1")).expect("a click");
        }
        assert_eq!(kept("p-5-0@example.com").len(), 100);
        post.advance(31 * 24 * 3_600);
        assert_eq!(retention::tick(engine), Ok(true));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM machine_event"), 0);
    }

    whoever_follows_what_nobody_sees_or_reads_in_no_time_is_a_machine(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let machines = |how: &str| post.world.apply(&format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x, machines: {{{how}}}}}"));
        machines("hidden_link: filter, quick: filter, bursts: off, networks: [203.0.113.0/24], blocked_networks: [198.51.100.0/24]");
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let engine = &post.world.engine;
        let follow = |token: &str, address: &str| {
            let visitor = Visitor { agent: None, address: address.parse().ok() };
            tracking::clicked(engine, &keys(), token, &visitor).expect("a click");
        };
        let tokens = |to: &str| {
            let [link, hidden] = post.clicks_of(to).try_into().expect("the link of the design, and the one that nobody sees");
            (link, hidden)
        };
        // Before anybody can have read it.
        post.advance(1);
        let (link, hidden) = tokens("p-5-0@example.com");
        follow(&link, "192.0.2.1");
        assert_eq!(post.told("email_clicked"), 0);
        // Later, but with the link that nobody sees: what it followed before and follows after does not count.
        post.advance(60);
        follow(&link, "192.0.2.1");
        post.advance(10);
        follow(&hidden, "192.0.2.1");
        post.advance(10);
        follow(&link, "192.0.2.1");
        post.advance(60);
        assert_eq!(post.told_of_clicks(), 0);
        follow(&link, "192.0.2.1");
        post.advance(30);
        assert_eq!(post.told_of_clicks(), 0, "the link that nobody sees may still be followed");
        post.advance(1);
        assert_eq!(post.told_of_clicks(), 1, "the person comes later");
        // Where it comes from.
        follow(&tokens("p-5-1@example.com").0, "203.0.113.9");
        follow(&tokens("p-5-2@example.com").0, "198.51.100.9");
        post.advance(60);
        assert_eq!(post.told_of_clicks(), 1);
        let [figures] = post.figures(By::Message).try_into().expect("one message");
        assert_eq!((figures.clicked, figures.clicks, figures.machines), (1, 1, 5), "nothing is kept of a blocked network");
        let links = figures::links(engine, &Asked::default()).expect("links");
        assert_eq!(links.len(), 1, "the link that nobody sees is none of the message's: {links:?}");
        // A picture that Apple's proxy fetches tells nothing.
        let prefetch = Visitor { agent: Some("Mozilla/5.0".to_owned()), address: None };
        tracking::opened(engine, &keys(), &post.links("p-6-0@example.com").open, &prefetch).expect("an open");
        assert_eq!(post.told("email_opened"), 0);

        machines("hidden_link: log, quick: log");
        follow(&tokens("p-6-1@example.com").0, "192.0.2.1");
        post.sends_operational();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(1);
        assert_eq!(post.told_of_clicks(), 2);
    }

    what_a_machine_does_in_no_time_is_a_burst_too(world at "2026-12-01T09:00:00.5Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: email, key: several, connection: mail, subject: Hello, body: {html: '<p><a href=\"https://acme.example/one\">one</a> \
             <a href=\"https://acme.example/two\">two</a></p>'}}",
        );
        post.sends("several", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        for token in post.clicks_of("p-5-1@example.com") {
            tracking::clicked(&post.world.engine, &keys(), &token, &Visitor::default()).expect("a click");
        }
        post.advance(1);
        assert_eq!(post.told_of_clicks(), 0, "quick clicks are only logged, a burst is filtered");
        let [figures] = post.figures(By::Message).try_into().expect("one message");
        assert_eq!((figures.clicks, figures.machines), (0, 2));
    }

    a_picture_fetched_in_no_time_beside_something_else_is_a_machines(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let machines = |how: &str| post.world.apply(&format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x, machines: {{bursts: off, {how}}}}}"));
        machines("open_bursts: filter");
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(60);
        let open = |to: &str| tracking::opened(&post.world.engine, &keys(), &post.links(to).open, &Visitor::default()).expect("an open");
        let told = || (post.told_of_clicks(), post.told("email_opened"));
        open("p-5-0@example.com");
        open("p-5-0@example.com");
        open("p-5-1@example.com");
        post.click("p-5-1@example.com", None);
        post.click("p-5-2@example.com", None);
        open("p-5-2@example.com");
        post.advance(1);
        assert_eq!(told(), (2, 0), "what is fetched beside a click tells nothing; the clicks are judged by clicks alone");
        // The person looks later; what their program fetches again is the same open.
        post.advance(60);
        open("p-5-0@example.com");
        assert_eq!(told(), (2, 0), "until its second is over");
        post.advance(1);
        assert_eq!(told(), (2, 1));
        open("p-5-0@example.com");
        post.advance(1);
        assert_eq!(told(), (2, 1));
        let [figures] = post.figures(By::Message).try_into().expect("one message");
        assert_eq!((figures.opens, figures.machines), (1, 4));

        machines("open_bursts: log");
        open("p-6-0@example.com");
        post.click("p-6-0@example.com", None);
        open("p-6-1@example.com");
        post.advance(1);
        assert_eq!(told(), (3, 3), "it counts, and says what it was");
        let logged = "SELECT COUNT(*) FROM activity WHERE type = 'email_opened' AND CAST(fields AS TEXT) LIKE '%\"bot\"%true%\"pattern\"%burst%'";
        assert_eq!(post.world.one(logged), 1);
    }

    a_visitor_who_came_by_a_link_is_recognised_from_then_on(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: email, key: known, connection: mail, subject: Hello, links: {'https://acme.example/start#top': with_token}, \
             body: {html: '<p><a href=\"https://acme.example/start#top\">start</a> <a href=\"https://acme.example/other\">other</a></p>'}}",
        );
        post.sends("known", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(60);
        let engine = &post.world.engine;
        let [known, other] = post.clicks_of("p-5-1@example.com").try_into().expect("two links");
        let follow = |token: &str| tracking::clicked(engine, &keys(), token, &Visitor::default()).expect("a click");
        assert_eq!(follow(&other), "https://acme.example/other");
        assert_eq!(tracking::leads_to(&keys(), &known).as_deref(), Ok("https://acme.example/start#top"), "who only looks is nobody");
        let arrived = follow(&known);
        assert!(arrived.starts_with("https://acme.example/start?caravan_visitor=") && arrived.ends_with("#top"), "{arrived}");

        let send = |call: serde_json::Value| {
            let calls = segment::batch(&json!({"batch": [call]}), &Schema::standard(), post.world.clock.now()).expect("a batch");
            let report = segment::receive(engine, Some(&keys()), &calls).expect("it is taken");
            (report.accepted, report.ignored)
        };
        let page = |browser: &str, url: &str| send(json!({"type": "page", "anonymousId": browser, "context": {"page": {"url": url}}}));
        assert_eq!(page("b-1", "https://acme.example/"), (0, 1), "a stranger");
        assert_eq!(page("b-1", &arrived), (1, 0));
        assert_eq!(page("b-1", "https://acme.example/prices"), (1, 0), "from then on by the browser's id");
        assert_eq!(send(json!({"type": "track", "event": "Ping", "properties": {"url": arrived}})), (1, 0), "without an id by the token alone");
        assert_eq!(send(json!({"type": "track", "event": "Ping", "anonymousId": "b-1", "userId": "p-6-0"})), (1, 0));
        let of = |person: &str| post.world.one(&format!(
            "SELECT COUNT(*) FROM activity AS a JOIN person AS p ON p.id = a.person_id WHERE p.key = '{person}' AND a.type IN ('page_viewed', 'ping')"
        ));
        assert_eq!((of("p-5-1"), of("p-6-0")), (3, 1), "who says who they are is who they say");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM activity WHERE source = 'segment' AND CAST(fields AS TEXT) LIKE '%caravan_visitor%'"), 0);
        let open = post.links("p-5-2@example.com").open;
        for forged in ["forged".to_owned(), open] {
            assert_eq!(page("b-2", &format!("https://acme.example/?caravan_visitor={forged}")), (0, 1), "{forged}");
        }
        let person = post.world.one("SELECT id FROM person WHERE key = 'p-5-1'");
        engine.store().write(|s| people::delete_person(s, PersonId(person), &[])).expect("they are deleted");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM visitor"), 0);
        assert_eq!((page("b-1", "https://acme.example/"), page("b-1", &arrived)), ((0, 1), (0, 1)));
    }

    opens_are_seen_of_those_alone_who_agreed(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply("{kind: attribute, key: may_be_seen, subject: person, type: boolean, updatable: true}");
        let settings = |consent: &str| format!("{{kind: settings, key: settings, organisation: Acme, postal_address: x, open_tracking_consent: {consent}}}");
        assert_eq!(crate::support::codes(post.world.try_apply(&settings("job_title"))), ["unknown_attribute"], "it must be true or false");
        post.world.apply(&settings("may_be_seen"));
        for (person, value) in [("p-5-0", true), ("p-5-1", true), ("p-5-2", false)] {
            post.execute(&format!("UPDATE person SET custom = '{{\"may_be_seen\": {value}}}' WHERE key = '{person}'"));
        }
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let pictured = |to: &str| {
            let messages = post.smtp.messages();
            let message = messages.iter().find(|m| m.rcpt_to == [to]).expect("a message");
            message.html.as_ref().expect("an HTML part").contains("/t/o/")
        };
        assert!(pictured("p-5-0@example.com") && pictured("p-5-1@example.com"));
        assert!(!pictured("p-5-2@example.com") && !pictured("p-6-0@example.com"), "who said nothing has not agreed");
        post.advance(60);
        post.open("p-5-0@example.com");
        let [link] = post.clicks_of("p-6-0@example.com").try_into().expect("one link");
        tracking::clicked(&post.world.engine, &keys(), &link, &Visitor::default()).expect("a click");
        let [figures] = post.figures(By::Message).try_into().expect("one message");
        assert_eq!((figures.delivered, figures.opened, figures.clicked), (15, 2, 1), "a click is an open");
        assert_eq!(figures.open_rate, Some(0.5), "of the two whose opens can be seen");
    }

    an_address_that_bounces_softly_again_and_again_rests_for_a_month(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let suspended = |key: &str| post.world.one(&format!("SELECT COUNT(*) FROM person WHERE key = '{key}' AND email_suspended")) == 1;
        let bounces = |day: i64| {
            post.execute("DELETE FROM delivery_report");
            post.reports("p-5-0@example.com", bounce("mailbox_full"));
            post.reports("p-5-1@example.com", bounce("refused_by_policy"));
            post.advance(day * 86_400);
        };
        for days in [2, 2, 2, 5] {
            bounces(days);
            assert!(!suspended("p-5-0"), "a bad week is no reason");
        }
        bounces(0);
        assert!(suspended("p-5-0") && !suspended("p-5-1"), "what policies refuse says nothing about the mailbox");
        post.sends_operational();
        assert_eq!(post.dispatcher().dispatch_once().map(|done| done.skipped), Ok(1));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM ledger WHERE reason = 'email_suspended'"), 1);
        // Written otherwise meanwhile, by hand or by an import: it is the same address, and wakes with it.
        post.execute("UPDATE person SET email = 'P-5-0@Example.com' WHERE key = 'p-5-0'");
        post.advance(29 * 86_400);
        assert_eq!(deliver::wake(&post.world.engine), Ok(0));
        post.advance(86_400);
        assert_eq!((deliver::wake(&post.world.engine), suspended("p-5-0")), (Ok(1), false));
        let told = "SELECT COUNT(*) FROM activity WHERE type = 'person_changed' AND CAST(fields AS TEXT) LIKE '%email_suspended%'";
        assert_eq!(post.world.one(told), 2, "journeys hear both");
    }

    whoever_writes_a_resting_address_otherwise_carries_the_flag_too(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = 'P-5-0@Example.com ' WHERE key = 'p-5-0'");
        post.execute("UPDATE person SET email = 'P-5-1@EXAMPLE.com' WHERE key = 'p-5-1'");
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        // Has another address by now: what bounces at the old one says nothing about them.
        post.execute("UPDATE person SET email = 'new@example.com' WHERE key = 'p-5-1'");
        let suspended = || post.world.rows("SELECT key FROM person WHERE email_suspended ORDER BY key", |row| row.string(0));
        for _ in 0..3 {
            post.execute("DELETE FROM delivery_report");
            post.reports("P-5-0@example.com", bounce("mailbox_full"));
            post.reports("P-5-1@example.com", bounce("mailbox_full"));
            post.advance(6 * 86_400);
        }
        assert_eq!(suspended(), ["p-5-0"]);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM soft_bounce WHERE rests_until IS NOT NULL"), 2);
        post.advance(30 * 86_400);
        assert_eq!((deliver::wake(&post.world.engine), suspended()), (Ok(2), Vec::<String>::new()));
    }

    a_report_that_comes_before_its_message_is_known_to_have_left_is_not_lost(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, caravan_testkit::keys::RSA_2048).expect("a file");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], return_path: bounce.acme.example, \
               secrets: {{dkim_private_key: {{file: '{}'}}}}}}",
            key.display()
        ));
        post.sends("welcome", "");
        let effect = |person: &str| {
            post.world.one(&format!("SELECT o.id FROM outbox AS o JOIN person AS p ON p.id = o.person_id WHERE p.key = '{person}'"))
        };
        let address = |effect: i64| {
            let secret = caravan_connect::tracking::SigningKeys::new(1, Secret::new("a secret of this installation"));
            caravan_connect::verp::Returns::Bounce.address(&secret, caravan_model::EffectId(effect), "bounce.acme.example")
        };
        for (person, what) in [("p-5-0", bounce("bounced_hard")), ("p-5-1", Heard::Complained)] {
            let report = MailReport::new(vec![Reference::Address(address(effect(person)))], what);
            returned::heard(&post.world.engine, &keys(), &[report]).expect("it is taken in");
        }
        post.execute("UPDATE person SET unsubscribed = FALSE WHERE key = 'p-5-1'");
        post.execute("DELETE FROM suppression");
        post.dispatcher().dispatch_once().expect("a round");
        let listed = |reason: &str| post.world.one(&format!("SELECT COUNT(*) FROM suppression WHERE reason = '{reason}'"));
        assert_eq!((listed("bounced_hard"), listed("complained")), (1, 1));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM person WHERE email_invalid AND key = 'p-5-0'"), 1);
    }

    a_failed_message_is_given_up_or_sent_again(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave(&Behaviour::Reply { stage: Stage::Data, reply: "554 5.6.0 we do not like it".into() });
        assert_eq!(post.dispatcher().dispatch_once(), Ok(Dispatched { failed: 15, ..Dispatched::default() }));
        post.smtp.behave(&Behaviour::Accept);
        let failed = post.world.engine.store().read(|s| {
            ledger::look_for_unsettled(s, UnsettledFilter::all(Unsettled::Failed), None, 20)
        }).expect("a list").found;
        let code = failed[0].reason.clone().expect("a reason");
        deliver::settle(&post.world.engine, failed[0].id, deliver::Settlement::GiveUp).expect("given up");
        deliver::settle(&post.world.engine, failed[1].id, deliver::Settlement::Resend).expect("sent again");
        assert!(deliver::settle(&post.world.engine, failed[0].id, deliver::Settlement::Resend).is_err(), "it is given up");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(1)));
        post.is(&[("done", 1), (&format!("failed:{code}"), 13), ("skipped:given_up", 1)]);
    }
}
