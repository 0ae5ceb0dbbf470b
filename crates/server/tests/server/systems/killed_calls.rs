//! SIGKILL while journeys call external services, and while these answer: every account is called once, every answer counts
//! once, whoever answers to a process that is gone answers again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use caravan_store::SessionExt;
use caravan_testkit::fakes::service::{Accepted, Setup};
use caravan_testkit::fakes::{Fault, Service};
use caravan_testkit::{Process, free_port, http};
use serde_json::{Value as Json, json};

use crate::support::{SOON, eventually, eventually_within, terminate};
use crate::systems::place::{ACCOUNTS, Kind, Place, SETTLED};

const KILLS: usize = 2;
const SLOW: Duration = Duration::from_millis(120);

const NODES: &str = "
  ask: {type: external_action, on: account, service: enrichment, next: route, failed: {next: null}}
  route:
    type: external_split
    by: account
    service: routing
    paths: [{label: Gold, when: {score: {at_least: 50}}, next: gold}]
    other: {next: rest}
    failed: {next: null}
  gold: {type: wait, duration: 90d, next: null}
  rest: {type: wait, duration: 90d, next: null}
";

/// A store whose journey calls two services, which answer to a fixed port.
struct Called {
    place: Place,
    enrichment: Service,
    routing: Service,
    port: u16,
    /// Answers that were taken.
    taken: AtomicUsize,
}

impl Called {
    fn new(kind: Kind) -> Self {
        let place = Place::new(kind);
        let enrichment = Service::start(Setup::default());
        let routing = Service::start(Setup { split: true, title: "Routing", ..Setup::default() });
        let service = |key: &str, service: &Service, more: &str| {
            format!(
                "{{kind: external_action, key: {key}, url: '{}', on: account, timeout: 1h, outgoing: {{company: name}}, \
                 incoming: {{industry: sector}}, values: {{region: eu}}, secrets: {{api_key: {{file: '{}'}}}}{more}}}\n",
                service.document_url(),
                place.secret("hush"),
            )
        };
        place.apply(&format!(
            "{}---\n{}",
            service("enrichment", &enrichment, ""),
            service("routing", &routing, ", split: true")
        ));
        place.does(&["connection", "register", "enrichment", "routing"]);
        let journey = format!(
            "kind: journey\nkey: call\nsubject: account\naudience: {{account_list: all}}\nend: 2028-06-30T00:00:00Z\nentry: ask\nnodes:{NODES}"
        );
        place.apply(&journey);
        place.does(&["journey", "publish", "call"]);
        Self { place, enrichment, routing, port: free_port(), taken: AtomicUsize::new(0) }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn server(&self) -> Process {
        let (address, url) = (self.address(), format!("http://{}", self.address()));
        let server = self.place.caravan(&["serve", "--json", "--listen", &address, "--public-url", &url]).start();
        server.wait_for_line("\"url\"", SOON);
        server
    }

    /// Lets servers begin and kills each of them as soon as `moved` has grown, in the middle of what comes next.
    fn kill_servers(&self, times: usize, moved: impl Fn() -> usize) {
        for _ in 0..times {
            let mut server = self.server();
            let before = moved();
            eventually("something to move", || moved() > before);
            std::thread::sleep(Duration::from_millis(20));
            server.kill();
            self.place.forget_claims();
        }
    }

    /// Posts every answer until it is taken, as long as nobody says that it ends.
    fn answer(&self, ends: &AtomicBool) {
        let mut done = BTreeSet::new();
        while !ends.load(Ordering::SeqCst) {
            for (service, call) in self.calls() {
                let known = (call.token().to_owned(), call.body["objectData"].to_string());
                if !done.contains(&known) && self.post(service, &call) {
                    done.insert(known);
                    self.taken.fetch_add(1, Ordering::SeqCst);
                }
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn calls(&self) -> Vec<(&Service, Accepted)> {
        let of = |service| Service::accepted(service).into_iter().map(move |call| (service, call));
        of(&self.enrichment).chain(of(&self.routing)).collect()
    }

    fn post(&self, service: &Service, call: &Accepted) -> bool {
        let n = number_of(call);
        let score = if n.is_multiple_of(2) { 80 } else { 20 };
        let body =
            service.success(call, json!({"sector": format!("Sector {n}")}), json!({"score": score, "tier": "gold"}));
        let url = call.body["callbackUrl"].as_str().expect("where answers go");
        let path = url.strip_prefix(&format!("http://{}", self.address())).expect("our public address");
        let posted = http::post_json(&self.address(), path, &[("X-Callback-Token", call.token())], &body.to_string());
        posted.is_ok_and(|(status, _)| status == 200)
    }

    fn status(&self) -> Json {
        let status = self.place.does(&["journey", "status", "call", "--json"]).json();
        if status.is_array() { status[0].clone() } else { status }
    }

    /// Rows of two texts.
    fn texts(&self, sql: &str) -> Vec<(String, String)> {
        let rows = self.place.store().read(|s| s.query_map(sql, &[], |r| Ok((r.string(0), r.string(1)))));
        rows.expect("rows")
    }
}

/// `Company 7` is number 7.
fn number_of(call: &Accepted) -> usize {
    let name = call.body["objectData"]["objectContext"]["accountData"]["company"].as_str().expect("a name");
    name.trim_start_matches("Company ").parse().expect("a number")
}

#[test]
fn killed_in_the_middle_of_calls_and_answers_every_account_is_called_and_answered_once_embedded() {
    every_account_is_called_and_answered_once(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_of_calls_and_answers_every_account_is_called_and_answered_once_postgres() {
    every_account_is_called_and_answered_once(Kind::Postgres);
}

fn every_account_is_called_and_answered_once(kind: Kind) {
    let it = Called::new(kind);
    it.enrichment.faults().plan("/submitAsyncAction", 0, 8, Fault::Slow(SLOW));
    it.routing.faults().plan("/submitAsyncAction", 0, 8, Fault::Slow(SLOW));
    // First nobody answers, and those who call are killed.
    it.kill_servers(KILLS, || it.enrichment.accepted().len());
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| it.answer(&ends));
        // Then those who take answers, and call the second service.
        it.kill_servers(KILLS, || it.taken.load(Ordering::SeqCst));
        it.kill_servers(1, || it.routing.accepted().len());
        let server = it.server();
        eventually_within(SETTLED, "all to have taken their paths", || {
            let nodes = &it.status()["nodes"];
            (&nodes["gold"]["current"], &nodes["rest"]["current"]) == (&(ACCOUNTS / 2).into(), &(ACCOUNTS / 2).into())
        });
        ends.store(true, Ordering::SeqCst);
        terminate(server).expect_code(0);
    });
    let nodes = &it.status()["nodes"];
    for node in ["ask", "route"] {
        let outcomes = &nodes[node]["outcomes"];
        assert_eq!((&outcomes["done"], &outcomes["pending"]), (&ACCOUNTS.into(), &0.into()), "{node}: {outcomes}");
    }
    for service in [&it.enrichment, &it.routing] {
        let called: Vec<usize> = service.accepted().iter().map(number_of).collect();
        let once: BTreeSet<usize> = called.iter().copied().collect();
        assert_eq!((called.len(), once.len()), (ACCOUNTS, ACCOUNTS), "each account has one call, with one token");
    }
    let industries: BTreeMap<String, String> =
        it.texts("SELECT key, COALESCE(industry, '') FROM account").into_iter().collect();
    assert_eq!(industries, (0..ACCOUNTS).map(|n| (format!("a-{n}"), format!("Sector {n}"))).collect());
    let told = it.texts("SELECT a.key, v.fields FROM activity AS v JOIN account AS a ON a.id = v.account_id WHERE v.type = 'external_answered'");
    assert_eq!(told.len(), 2 * ACCOUNTS, "each answer is told once");
    assert!(told.iter().all(|(_, fields)| !fields.contains("\"late\":true")), "{told:?}");
}
