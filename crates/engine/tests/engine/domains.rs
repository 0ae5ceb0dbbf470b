//! Sending domains looked up in the DNS: what is kept of it, and what publishing says; on both stores.

use crate::support::post::Post;
use crate::support::{World, codes, on_both_stores};
use caravan_connect::dns::{Dns, RecordState};
use caravan_engine::content::{PreviewRequest, preview_email};
use caravan_engine::definitions::{self, DefinitionError};
use caravan_engine::systems::Systems;
use caravan_engine::{deliver, lifecycle};
use caravan_model::Random;
use caravan_model::document::DocumentKind;

impl Post {
    fn systems(&self, dns: &caravan_testkit::Dns) -> Systems {
        let surroundings = self.surroundings();
        let dns = Dns::at(dns.addr, self.runtime.handle()).expect("a DNS");
        Systems::new(&self.world.engine, surroundings).with_dns(dns)
    }

    /// What reviewing the journey says about its sending domain.
    fn said(&self) -> Vec<String> {
        let reviews = lifecycle::review(&self.world.engine, &["hello".to_owned()]).expect("a review");
        let found = reviews.into_iter().flat_map(|review| review.findings);
        found.filter(|f| f.code.contains("domain")).map(|f| format!("{} {:?}", f.code, f.node)).collect()
    }
}

on_both_stores! {
    a_sending_domain_is_looked_up_and_publishing_says_what_was_found(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, caravan_testkit::keys::RSA_2048).expect("a file");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], return_path: bounce.acme.example, \
               secrets: {{dkim_private_key: {{file: '{}'}}}}}}\n---\n\
             {{kind: journey, key: hello, subject: account, audience: {{account_list: big}}, end: 2027-06-30T00:00:00Z, entry: mail, \
               nodes: {{mail: {{type: action, on: people, action: send_email, email: welcome, next: null}}}}}}",
            key.display()
        ));
        let unverified = ["sending_domain_unverified Some(\"mail\")".to_owned()];
        assert_eq!(post.said(), unverified, "nobody has looked");

        let dns = caravan_testkit::Dns::start(&[]);
        let systems = post.systems(&dns);
        let checked = systems.check_domain("acme").expect("it is looked up");
        assert!(!checked.well && checked.records.iter().any(|record| record.state == RecordState::Missing), "{checked:#?}");
        assert_eq!(deliver::last_check(&post.world.engine, "acme").expect("the store"), Some(checked));
        assert_eq!(post.said(), unverified);

        let records = deliver::dns_records(&post.world.engine, "acme").expect("the store").expect("the domain").expect("its keys");
        let pieces: Vec<char> = records[0].value.chars().collect();
        let pieces: Vec<String> = pieces.chunks(200).map(|piece| format!("\"{}\"", piece.iter().collect::<String>())).collect();
        dns.holds(&[
            &format!("{} TXT {}", records[0].name, pieces.join(" ")),
            "bounce.acme.example MX 10 mx.acme.example.",
            "bounce.acme.example TXT \"v=spf1 ip4:192.0.2.0/24 -all\"",
            "_dmarc.acme.example TXT \"v=DMARC1; p=none; rua=mailto:d@acme.example\"",
        ]);
        post.advance(60);
        let checked = systems.check_domain("acme").expect("it is looked up");
        assert!(checked.well, "what only could be better does not count: {checked:#?}");
        assert_eq!(checked.checked_at, post.world.clock.now());
        assert_eq!(post.said(), [""; 0]);
        assert!(matches!(systems.check_domain("nowhere"), Err(DefinitionError::Unknown { .. })));
    }

    a_sending_domain_is_looked_up_again_every_day_and_told_when_it_is_not_well(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, caravan_testkit::keys::RSA_2048).expect("a file");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], secrets: {{dkim_private_key: {{file: '{}'}}}}}}",
            key.display()
        ));
        let engine = &post.world.engine;
        let dns = caravan_testkit::Dns::start(&[]);
        let asked = || Dns::at(dns.addr, post.runtime.handle()).map_err(|why| why.to_string());
        assert_eq!(deliver::look_up_again(engine, asked), Ok(0), "nobody has ever looked it up");
        post.systems(&dns).check_domain("acme").expect("it is looked up");
        post.advance(86_399);
        assert_eq!(deliver::look_up_again(engine, asked), Ok(0));
        post.advance(1);
        assert_eq!(deliver::look_up_again(engine, || Err("no DNS".to_owned())), Ok(0), "then later");
        assert_eq!(deliver::look_up_again(engine, asked), Ok(1));
        let [check] = deliver::domains_not_well(engine).expect("the store").try_into().expect("one domain");
        assert_eq!((check.key.as_str(), check.checked_at), ("acme", post.world.clock.now()));
    }

    a_key_that_is_made_here_signs_once_it_stands_in_the_dns_and_gives_way_to_the_next(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply("{kind: sending_domain, key: acme, domain: acme.example}");
        let (engine, random) = (&post.world.engine, Random::seeded(3));
        let dns = caravan_testkit::Dns::start(&[]);
        let systems = post.systems(&dns);
        let unsigned = systems.check_domain("acme").expect("it is looked up");
        assert_eq!((unsigned.well, unsigned.records[0].purpose.as_str()), (false, "dkim"), "no key signs");
        let make = |selector: Option<&str>| deliver::make_domain_key(engine, &random, "acme", selector, "ada");
        let (first, second) = (make(None).expect("a key"), make(Some("winter-27")).expect("a key"));
        assert_eq!((first.selector.as_str(), first.signs, first.name.as_str()), ("c1", false, "c1._domainkey.acme.example"));
        assert_eq!(codes(make(Some("c1"))), ["selector_taken"]);
        assert_eq!(codes(make(Some("No_selector"))), ["bad_selector"]);
        assert!(matches!(deliver::make_domain_key(engine, &random, "none", None, "ada"), Err(DefinitionError::Unknown { .. })));
        let sealed = post.world.rows("SELECT sealed FROM secret", |row| row.string(0));
        assert!(sealed.len() == 2 && sealed.iter().all(|text| !text.contains("PRIVATE KEY")), "sealed as every secret is");

        let txt = |key: &deliver::DomainKey| {
            let value = key.value.as_deref().expect("a record");
            let (one, other) = value.split_at(200);
            format!("{} TXT \"{one}\" \"{other}\"", key.name)
        };
        assert_eq!(codes(systems.sign_with("acme", "c1", "ada")), ["key_not_in_dns"]);
        dns.holds(&[&txt(&second).replace("winter-27", "c1")]);
        assert_eq!(codes(systems.sign_with("acme", "c1", "ada")), ["key_not_in_dns"], "another key stands there");
        dns.holds(&[&txt(&first), &txt(&second)]);
        assert_eq!(codes(systems.sign_with("acme", "c9", "ada")), ["unknown_key"]);

        let signed_by = |after: usize| {
            let messages = post.smtp.messages();
            let signature = messages[after].header("DKIM-Signature").unwrap_or_default().to_owned();
            signature.split(" s=").nth(1).and_then(|rest| rest.split(';').next()).map(str::to_owned)
        };
        let made = preview_email(engine, "invoice", &PreviewRequest::default(), "https://go.acme.example").expect("a preview");
        let proof = || post.dispatcher().proof("mail", &made.rendered, "boss@acme.example").expect("an answer").outcome;
        assert_eq!((proof(), signed_by(0)), ("sent", None), "a key that waits signs nothing, and holds nothing up");
        systems.sign_with("acme", "c1", "ada").expect("it signs");
        assert_eq!((proof(), signed_by(1).as_deref()), ("sent", Some("c1")));
        assert_eq!(codes(deliver::forget_domain_key(engine, "acme", "c1")), ["key_signs"]);

        systems.sign_with("acme", "winter-27", "ada").expect("the next one signs");
        assert_eq!((proof(), signed_by(2).as_deref()), ("sent", Some("winter-27")));
        let all = deliver::domain_keys(engine, "acme").expect("keys");
        let states: Vec<_> = all.iter().map(|key| (key.selector.as_str(), key.signs, key.made_here, key.problem.is_none())).collect();
        assert_eq!(states, [("winter-27", true, true, true), ("c1", false, true, true)], "the former one is kept to go back to");
        systems.sign_with("acme", "winter-27", "ada").expect("it does already");
        // Mail that it signed is still under way: neither the key nor its record may go.
        let former = || deliver::domain_keys(engine, "acme").expect("keys").into_iter().find(|key| key.selector == "c1").expect("kept");
        let (now, week) = (post.world.clock.now(), jiff::SignedDuration::from_hours(7 * 24));
        assert_eq!((former().signed_until, former().needed_until), (Some(now), Some(now + week)));
        assert_eq!(codes(deliver::forget_domain_key(engine, "acme", "c1")), ["key_still_needed"]);
        let looked_up = || {
            let check = systems.check_domain("acme").expect("it is looked up");
            check.records.into_iter().filter(|record| record.purpose == "dkim").map(|record| (record.name, record.state, record.message)).collect::<Vec<_>>()
        };
        let [(_, RecordState::Good, _), (name, RecordState::Good, message)] = &looked_up()[..] else { panic!("{:?}", looked_up()) };
        assert!(name == "c1._domainkey.acme.example" && message.contains("until 2026-12-08T09:00:00Z"), "{name}: {message}");
        let listed = || {
            let records = deliver::dns_records(engine, "acme").expect("the store").expect("a domain").expect("records");
            records.iter().filter(|record| record.name == "c1._domainkey.acme.example").count()
        };
        assert_eq!(listed(), 1);
        dns.holds(&[&txt(&second)]);
        let [_, (_, RecordState::Missing, message)] = &looked_up()[..] else { panic!("{:?}", looked_up()) };
        assert!(message.contains("receivers need the record until 2026-12-08"), "{message}");
        dns.holds(&[&txt(&first), &txt(&second)]);
        // Back and forth: what signs again is not former, and then its week begins anew.
        post.advance(86_400);
        systems.sign_with("acme", "c1", "ada").expect("back");
        assert_eq!((former().signed_until, former().needed_until), (None, None));
        systems.sign_with("acme", "winter-27", "ada").expect("and forth");
        post.advance(7 * 86_400 - 1);
        assert_eq!(codes(deliver::forget_domain_key(engine, "acme", "c1")), ["key_still_needed"]);
        post.advance(1);
        assert_eq!((former().needed_until, looked_up().len(), listed()), (None, 1, 0), "then both may go");
        deliver::forget_domain_key(engine, "acme", "c1").expect("forgotten");
        assert_eq!(codes(deliver::forget_domain_key(engine, "acme", "c1")), ["unknown_key"]);
        let manifest = definitions::export(engine, Some(DocumentKind::SendingDomain), Some("acme")).expect("an export");
        assert!(!manifest[0].to_yaml().expect("YAML").contains("PRIVATE"), "a private key never leaves");
    }

    a_key_that_left_the_manifest_is_looked_up_for_a_week_though_nobody_has_it_any_more(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, caravan_testkit::keys::RSA_2048).expect("a file");
        let signs_with = |selector: &str| {
            let secret = key.display();
            post.world.apply(&format!(
                "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: {selector}}}], secrets: {{dkim_private_key: {{file: '{secret}'}}}}}}"
            ));
        };
        signs_with("old");
        signs_with("new");
        let dns = caravan_testkit::Dns::start(&[]);
        let systems = post.systems(&dns);
        let state = || {
            let check = systems.check_domain("acme").expect("it is looked up");
            check.records.into_iter().find(|record| record.name == "old._domainkey.acme.example").map(|record| record.state)
        };
        assert_eq!(state(), Some(RecordState::Missing));
        dns.holds(&["old._domainkey.acme.example TXT \"v=DKIM1; k=rsa; p=\""]);
        assert_eq!(state(), Some(RecordState::Missing), "revoked is as good as gone");
        dns.holds(&["old._domainkey.acme.example TXT \"v=DKIM1; k=rsa; p=MIIB\""]);
        assert_eq!(state(), Some(RecordState::Good), "whichever it was");
        let keys = deliver::domain_keys(&post.world.engine, "acme").expect("keys");
        let shown: Vec<_> = keys.iter().map(|key| (key.selector.as_str(), key.signs, key.value.is_some(), key.needed_until.is_some())).collect();
        assert_eq!(shown, [("new", true, true, false), ("old", false, false, true)]);
        post.advance(7 * 86_400);
        assert_eq!((state(), deliver::domain_keys(&post.world.engine, "acme").expect("keys").len()), (None, 1));
    }

    a_sender_outside_of_every_sending_domain_cannot_be_published(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, caravan_testkit::keys::RSA_2048).expect("a file");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: other, domain: other.example, dkim: [{{selector: c1}}], secrets: {{dkim_private_key: {{file: '{}'}}}}}}",
            key.display()
        ));
        let refused = post.world.refused("hello");
        assert_eq!(refused, [("from_domain_unverified".to_owned(), Some("mail".to_owned()))], "the connection's sender");
        let email = |from: &str| format!("{{kind: email, key: welcome, connection: mail, from: {{email: {from}}}, subject: Hi, body: {{html: <p>Hi</p>}}}}");
        assert_eq!(crate::support::codes(post.world.try_apply(&email("a@acme.example"))), ["from_domain_unverified"]);
        post.world.apply(&email("a@news.other.example"));
        post.world.publish("hello");
    }
}
