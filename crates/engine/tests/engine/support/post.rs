//! An installation with a mail server and a journey that sends mail.

use std::collections::BTreeMap;

use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatched, Dispatcher};
use caravan_testkit::{Received, Smtp};

use super::World;

/// 5 accounts (`a-5` … `a-9`) of 3 people each are in the list.
pub const EXECUTIONS: i64 = 15;

/// An installation with a mail server.
pub struct Post {
    pub world: World,
    pub smtp: Smtp,
    pub runtime: tokio::runtime::Runtime,
    pub folder: tempfile::TempDir,
}

pub fn keys() -> SigningKeys {
    SigningKeys::new(1, Secret::new("a secret of this installation"))
}

pub fn delivery() -> Delivery {
    Delivery::new("https://go.acme.example", keys())
}

impl Post {
    pub fn new(world: World) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let post = Self {
            world: world.with_people(10, 3),
            smtp: Smtp::start(),
            runtime: runtime.expect("a runtime"),
            folder: tempfile::tempdir().expect("a folder"),
        };
        post.world.apply(&format!(
            "{{kind: settings, key: settings, organisation: Acme, postal_address: 'Hauptstr. 1, Berlin'}}\n---\n\
             {{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               from: {{name: Acme, email: news@acme.example}}}}}}\n---\n\
             {{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: email, key: welcome, connection: mail, subject: 'Hello {{{{ person.job_title }}}}', \
               body: {{html: '<p>Hi {{{{ person.key }}}}, <a href=\"https://acme.example/start\">start</a></p>'}}}}\n---\n\
             {{kind: email, key: invoice, connection: mail, subject: Your invoice, operational: true, body: {{html: <p>Due</p>}}}}",
            post.smtp.port
        ));
        post
    }

    /// Publishes a journey of `big` that sends an email and then listens for a click on it, and lets everybody in.
    pub fn sends(&self, email: &str, more: &str) -> &Self {
        self.world.apply(&format!(
            "kind: journey\nkey: hello\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\n{more}\nentry: mail\nnodes:\n  \
             mail: {{type: action, on: people, action: send_email, email: {email}, next: ear}}\n  \
             ear: {{type: listen, event: {{activity: email_clicked, where: {{email: {{is: {email}}}}}}}, timeout: {{duration: 30d}}, next: null}}\n"
        ));
        self.world.publish("hello");
        self.world.run();
        self
    }

    /// A second journey that sends operational mail to the same people.
    pub fn sends_operational(&self) {
        self.world.apply(
            "kind: journey\nkey: bills\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: invoice, next: null}\n",
        );
        self.world.publish("bills");
        self.world.run();
    }

    pub fn dispatcher(&self) -> Dispatcher {
        Dispatcher::new(&self.world.engine, delivery(), self.surroundings())
    }

    /// Those of a process to whose mail servers this machine is open.
    pub fn surroundings(&self) -> Surroundings {
        self.guarded().with_mail_networks(vec!["127.0.0.0/8".parse().expect("a range")])
    }

    /// Those of a process whose administrator opened nothing.
    pub fn guarded(&self) -> Surroundings {
        Surroundings::guarded(self.world.clock.clone(), self.runtime.handle().clone())
    }

    pub fn advance(&self, seconds: i64) {
        let now = self.world.clock.now();
        self.world.clock.advance_to(now + jiff::SignedDuration::from_secs(seconds));
    }

    /// Outcomes at the node `mail`. They always add up to the executions.
    pub fn outcomes(&self) -> BTreeMap<String, i64> {
        let arrivals = ["reached", "left", "ended"];
        let counts = self.world.counts("hello").into_iter().filter_map(|(name, n)| {
            let kind = name.strip_prefix("mail ")?.to_owned();
            (!arrivals.contains(&kind.as_str()) && !kind.starts_with("path:") && n != 0).then_some((kind, n))
        });
        let counts: BTreeMap<String, i64> = counts.collect();
        assert_eq!(counts.values().sum::<i64>(), EXECUTIONS, "{counts:?}");
        counts
    }

    pub fn is(&self, wanted: &[(&str, i64)]) {
        let wanted: BTreeMap<String, i64> = wanted.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
        assert_eq!(self.outcomes(), wanted);
    }

    pub fn told(&self, activity: &str) -> i64 {
        self.world.one(&format!("SELECT COUNT(*) FROM activity WHERE type = '{activity}'"))
    }

    pub fn execute(&self, sql: &str) {
        let done = self.world.engine.store().write(|s| s.execute(sql, &[]));
        done.expect("it is executed");
    }

    /// Each accepted message's key, and that none came twice.
    pub fn accepted(&self) -> Vec<String> {
        let accepted = self.smtp.messages().into_iter().filter(Received::was_accepted);
        let mut keys: Vec<String> = accepted.map(|m| m.header("X-Caravan-Key").expect("a key").to_owned()).collect();
        keys.sort();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all, "nothing is accepted twice");
        keys
    }

    /// Tokens of all tracked links of the message to an address.
    pub fn clicks_of(&self, to: &str) -> Vec<String> {
        let messages = self.smtp.messages();
        let message = messages.iter().find(|m| m.rcpt_to == [to]).expect("a message to them");
        let html = message.html.clone().expect("an HTML part");
        let tokens = html.split("https://go.acme.example/t/c/").skip(1);
        tokens.filter_map(|rest| rest.split(['"', '&', '<']).next()).map(str::to_owned).collect()
    }

    pub fn links(&self, to: &str) -> Links {
        let messages = self.smtp.messages();
        let message = messages.iter().find(|m| m.rcpt_to == [to]).expect("a message to them");
        let html = message.html.clone().expect("an HTML part");
        let token = |route: &str| {
            let begin = html.split(&format!("https://go.acme.example/t/{route}/")).nth(1).expect("a link");
            begin.split(['"', '&', '<']).next().expect("a token").to_owned()
        };
        Links { open: token("o"), click: token("c"), way_out: token("u") }
    }
}

pub struct Links {
    pub open: String,
    pub click: String,
    pub way_out: String,
}

pub fn delivered(n: usize) -> Dispatched {
    Dispatched { delivered: n, ..Dispatched::default() }
}
