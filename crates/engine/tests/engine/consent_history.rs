//! The history of consent: whatever changes it writes one record, nothing takes one away; on both stores.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, on_both_stores};
use caravan_connect::returned::{Heard, MailReport, Reference};
use caravan_engine::consent_history::forms_of;
use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, Writer, delete, import, put, put_row};
use caravan_engine::machines::Visitor;
use caravan_engine::tracking::{self, OptOut, OptingOut};
use caravan_engine::{merge, retention, returned};
use caravan_model::attribute::Subject;
use caravan_store::consent_records::{self as stored, ConsentRecord};
use serde_json::{Value as Json, json};

const IP: &str = "203.0.113.77";

/// All records, oldest first: whose, address, channel, sender, value, source.
fn records(world: &World) -> Vec<String> {
    let sql = "SELECT COALESCE(p.key, '-') || ' ' || COALESCE(c.address, '-') || ' ' || c.channel || ' ' || COALESCE(c.sender, '-')
                   || ' ' || COALESCE(c.value, '-') || ' ' || c.source
               FROM consent_record AS c LEFT JOIN person AS p ON p.id = c.person_id ORDER BY c.id";
    world.rows(sql, |row| row.string(0))
}

fn evidence(world: &World) -> Json {
    let sql = "SELECT CAST(evidence AS TEXT) FROM consent_record ORDER BY id DESC LIMIT 1";
    serde_json::from_str(&world.text(sql)).unwrap()
}

fn take(world: &World, kind: ImportKind, file: &str) {
    let options = ImportOptions { by: Some("ann@acme.example".to_owned()), ..ImportOptions::default() };
    let report = import(&world.engine, &kind, file.as_bytes(), FileFormat::Csv, &options, &mut ()).unwrap();
    assert_eq!(report.rejects, []);
}

fn of_person(world: &World, key: &str, addresses: &[&str]) -> Vec<ConsentRecord> {
    let id = world.one(&format!("SELECT id FROM person WHERE key = '{key}'"));
    let addresses: Vec<String> = addresses.iter().map(|it| (*it).to_owned()).collect();
    let read =
        |s: &mut dyn caravan_store::Session| stored::of_person(s, caravan_model::PersonId(id), &addresses, None, 100);
    world.engine.store().read(read).unwrap()
}

fn people(world: &World) {
    take(world, ImportKind::People, "key,email,mobile_phone\nada,Ada@X.example,+1 555 900 0001\nbob,bob@x.example,\n");
    assert_eq!(records(world), Vec::<String>::new(), "new people have said nothing");
}

fn clicked(post: &Post, to: &str, how: OptOut) {
    let visitor = Visitor { agent: Some("Mozilla/5.0 ".repeat(100)), address: Some(IP.parse().unwrap()) };
    let going =
        OptingOut { how, visitor, words: |page| format!("Shall {} go?", page.address.clone().unwrap_or_default()) };
    tracking::opt_out(&post.world.engine, &keys(), &post.links(to).way_out, going).unwrap();
}

on_both_stores! {
    each_way_out_of_an_email_is_recorded_once(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        for _ in 0..2 {
            clicked(&post, "p-5-0@example.com", OptOut::OneClick);
        }
        assert_eq!(records(&post.world), ["p-5-0 p-5-0@example.com email - n header_one_click"]);
        let shows = evidence(&post.world);
        assert_eq!(shows["words"], "Shall p•••@example.com go?");
        assert!(shows["message"].as_str().is_some_and(|id| !id.is_empty()), "{shows}");
        assert_eq!((&shows["journey"], &shows["email"]), (&json!("hello"), &json!("welcome")), "{shows}");
        assert_eq!(shows["agent"].as_str().map(|agent| agent.chars().count()), Some(300), "bounded");
        let hash = shows["ip_hash"].as_str().unwrap().to_owned();
        assert_eq!(hash.len(), 43);
        let plain = format!("SELECT COUNT(*) FROM consent_record WHERE CAST(evidence AS TEXT) LIKE '%{IP}%'");
        assert_eq!(post.world.one(&plain), 0, "nothing but the hash of an address is kept");
        clicked(&post, "p-5-1@example.com", OptOut::Page);
        assert_eq!(evidence(&post.world)["ip_hash"], json!(hash), "the same network has the same");
        assert_eq!(records(&post.world)[1..], ["p-5-1 p-5-1@example.com email - n body_link"]);
    }

    a_complaint_after_an_opt_out_is_more_and_is_recorded_once(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        clicked(&post, "p-5-0@example.com", OptOut::OneClick);
        let key = post.world.text("SELECT l.key FROM ledger AS l JOIN person AS p ON p.id = l.person_id WHERE p.key = 'p-5-0'");
        for _ in 0..2 {
            let report = MailReport::new(vec![Reference::Key(key.clone())], Heard::Complained);
            returned::heard(&post.world.engine, &keys(), &[report]).unwrap();
        }
        assert_eq!(records(&post.world)[1..], ["p-5-0 p-5-0@example.com email - n complaint"]);
        assert_eq!(post.world.text("SELECT reason FROM suppression"), "complained");
    }

    imports_and_requests_record_what_really_changes(world at "2026-12-01T09:00:00Z") {
        people(&world);
        let file = "key,unsubscribed,unsubscribed_reason,sms_consent\nada,yes,asked by phone,y\nbob,no,,\n";
        for _ in 0..2 {
            take(&world, ImportKind::People, file);
        }
        let imported = ["ada ada@x.example email - n import", "ada +15559000001 sms - y import"];
        assert_eq!(records(&world), imported);
        assert_eq!(world.text("SELECT reason FROM consent_record ORDER BY id LIMIT 1"), "asked by phone");
        assert_eq!(evidence(&world), json!({"by": "ann@acme.example"}));
        let fields = |value: Json| value.as_object().cloned().unwrap();
        let write = |person: &str, value: Json, by: &str| {
            put(&world.engine, Subject::Person, person, &fields(value), Writer::asking(by), None).unwrap();
        };
        write("ada", json!({"unsubscribed": false}), "ann@acme.example");
        write("ada", json!({"sms_consent": null}), "token:crm");
        write("ada", json!({"city": "Ulm", "unsubscribed": false}), "token:crm");
        assert_eq!(records(&world)[2..], ["ada ada@x.example email - y admin", "ada +15559000001 sms - - api"]);
        assert_eq!(evidence(&world), json!({"by": "token:crm"}));
    }

    lists_of_addresses_and_of_numbers_are_recorded_by_address(world at "2026-12-01T09:00:00Z") {
        people(&world);
        let list = "address,reason\nada@x.example,\n@y.example,legal\nbob@x.example,bounced_hard\n";
        for _ in 0..2 {
            take(&world, ImportKind::Suppressions, list);
        }
        let listed = ["- @y.example email - n import", "- ada@x.example email - n import"];
        assert_eq!(records(&world), listed, "a bounce says nothing of consent");
        let row = json!({"address": "@y.example", "suppression": "remove"}).as_object().cloned().unwrap();
        put_row(&world.engine, &ImportKind::Suppressions, &row, Writer::asking("ann@acme.example")).unwrap();
        take(&world, ImportKind::Consents, "phone,sender,consent\n+15559000001,+15550000000,y\n");
        let more = ["- @y.example email - - admin", "- +15559000001 sms +15550000000 y import"];
        assert_eq!(records(&world)[2..], more);
        assert_eq!(of_person(&world, "ada", &["ada@x.example", "+15559000001"]).len(), 2, "those of their addresses too");
    }

    merging_carries_records_over_and_erasing_keeps_that_there_was_an_objection(world at "2026-12-01T09:00:00Z") {
        people(&world);
        take(&world, ImportKind::People, "key,email\ncarl,carl@x.example\n");
        take(&world, ImportKind::People, "key,unsubscribed,sms_consent\nada,yes,y\ncarl,yes,\n");
        merge::merge(&world.engine, Subject::Person, "carl", "ada", "ann@acme.example").unwrap();
        merge::merge(&world.engine, Subject::Person, "bob", "carl", "ann@acme.example").unwrap();
        let told: Vec<String> = of_person(&world, "bob", &[]).into_iter().map(|row| format!("{} {}", row.channel, row.source)).collect();
        assert_eq!(told, ["sms merge", "email merge", "sms merge", "email import", "sms import", "email import"]);
        let before = world.one("SELECT COUNT(*) FROM consent_record");
        assert!(delete(&world.engine, Subject::Person, "bob", None).unwrap());
        assert_eq!(world.one("SELECT COUNT(*) FROM consent_record"), before, "nothing is taken out");
        assert_eq!(world.one("SELECT COUNT(*) FROM consent_record WHERE person_id IS NOT NULL OR evidence IS NOT NULL OR reason IS NOT NULL"), 0);
        assert_eq!(world.one("SELECT COUNT(*) FROM consent_record WHERE value = 'y' AND address IS NOT NULL"), 0);
        assert_eq!(world.one("SELECT COUNT(*) FROM consent_record WHERE address LIKE '%@%' OR address LIKE '+%'"), 0);
        let objections = |address: &str| {
            world.engine.store().read(|s| {
                let forms = forms_of(s, address)?;
                stored::of_addresses(s, &forms, None, 10)
            })
        };
        assert_eq!(objections("ada@x.example").unwrap().len(), 1, "the objection is found by its address");
        assert_eq!(objections("nobody@x.example").unwrap(), []);
    }

    retention_leaves_records_alone(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: settings, organisation: Acme, retention: {activities: 1mo}}");
        people(&world);
        take(&world, ImportKind::People, "key,unsubscribed\nada,yes\n");
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'person_changed'"), 1);
        world.clock.advance_to(crate::support::at("2036-12-01T09:00:00Z"));
        assert!(retention::tick(&world.engine).unwrap());
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'person_changed'"), 0);
        assert_eq!(records(&world), ["ada ada@x.example email - n import"]);
    }
}
