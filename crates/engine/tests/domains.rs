//! Sending domains looked up in the DNS: what is kept of it, and what publishing says; on both stores.

mod support;

use caravan_connect::Surroundings;
use caravan_connect::dns::{Dns, RecordState};
use caravan_engine::definitions::DefinitionError;
use caravan_engine::systems::Systems;
use caravan_engine::{deliver, lifecycle};
use support::post::Post;
use support::{World, on_both_stores};

impl Post {
    fn systems(&self, dns: &caravan_testkit::Dns) -> Systems {
        let surroundings = Surroundings::guarded(self.world.clock.clone(), self.runtime.handle().clone());
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
        std::fs::write(&key, include_str!("../../connect/tests/keys/rsa2048.pem")).expect("a file");
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
        std::fs::write(&key, include_str!("../../connect/tests/keys/rsa2048.pem")).expect("a file");
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

    a_sender_outside_of_every_sending_domain_cannot_be_published(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let key = post.folder.path().join("key.pem");
        std::fs::write(&key, include_str!("../../connect/tests/keys/rsa2048.pem")).expect("a file");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: other, domain: other.example, dkim: [{{selector: c1}}], secrets: {{dkim_private_key: {{file: '{}'}}}}}}",
            key.display()
        ));
        let refused = post.world.refused("hello");
        assert_eq!(refused, [("from_domain_unverified".to_owned(), Some("mail".to_owned()))], "the connection's sender");
        let email = |from: &str| format!("{{kind: email, key: welcome, connection: mail, from: {{email: {from}}}, subject: Hi, body: {{html: <p>Hi</p>}}}}");
        assert_eq!(support::codes(post.world.try_apply(&email("a@acme.example"))), ["from_domain_unverified"]);
        post.world.apply(&email("a@news.other.example"));
        post.world.publish("hello");
    }
}
