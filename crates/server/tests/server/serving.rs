//! Processes that stay: the server, the worker and the demo, and the command line beside them.

use crate::support::{Folder, eventually, http, terminate};
use caravan_model::Clock;
use caravan_testkit::fakes::Receiver;
use caravan_testkit::fakes::receiver::Mood;

const JOURNEY: &str = "\
{kind: account_list, key: all, type: dynamic, when: {not: {account: name, is_empty: true}}, state: live}
---
{kind: score, key: interest}
---
kind: journey
key: simple
subject: account
audience: {account_list: all}
end: 2028-06-30T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: \"+5\", next: null}
";

#[test]
fn one_process_runs_journeys_on_a_directory_and_commands_work_beside_it() {
    let folder = Folder::new();
    let (server, url) = folder.serve("serve");
    assert_eq!(http("GET", &format!("{url}/healthz"), &[], "").0, 200);
    assert_eq!(http("GET", &format!("{url}/readyz"), &[], "").0, 200);
    for second in ["serve --listen 127.0.0.1:0", "worker --listen 127.0.0.1:0", "run --until-idle"] {
        let refused = folder.caravan(second).expect_code(1);
        assert!(refused.stderr.contains("already runs on the data directory"), "{second}: {}", refused.stderr);
    }
    folder.file("journey.yaml", JOURNEY).file("accounts.csv", "key,name\nA,Alder\nB,Birch\n");
    folder.done("apply -f journey.yaml");
    folder.done("journey publish simple");
    folder.done("import accounts accounts.csv");
    eventually("both accounts completed the journey", || {
        folder.done("journey status simple --json").json()["travellers"]["completed"] == 2
    });
    let doctor = folder.done("doctor --json").json();
    let checks = doctor.as_array().expect("a list");
    assert!(checks.iter().any(|c| c["check"] == "runtime" && c["ok"] == true), "{doctor:#}");
    terminate(server).expect_code(0);
    folder.done("run --until-idle");
}

#[test]
fn a_user_signs_in_and_a_token_opens_the_api() {
    let folder = Folder::new();
    let added = folder.done("user add Ann@Acme.example --role administrator --json").json();
    let first = added["password"].as_str().expect("a password").to_owned();
    folder.caravan("user add ann@acme.example --role viewer").expect_code(1);
    folder.caravan("user add nobody --role viewer").expect_code(2);
    folder.caravan("user add bob@acme.example --role king").expect_code(2);
    let reset = folder.done("user reset ann@acme.example").stdout;
    let second = reset.trim().rsplit(' ').next().expect("a password").to_owned();
    assert_ne!(first, second);
    folder.caravan("user reset bob@acme.example").expect_code(1);
    let token = folder.done("token create ci --role viewer --json").json();
    assert_eq!(token["name"], "ci");
    folder.caravan("token create ci --role viewer").expect_code(1);

    let (server, url) = folder.serve("serve");
    let sign_in = |password: &str| {
        let body = format!(r#"{{"email": "ann@acme.example", "password": "{password}"}}"#);
        http("POST", &format!("{url}/api/v1/session"), &[("Content-Type", "application/json")], &body).0
    };
    assert_eq!((sign_in(&first), sign_in(&second)), (401, 200));
    let journeys = |token: &str| {
        http("GET", &format!("{url}/api/v1/journeys"), &[("Authorization", &format!("Bearer {token}"))], "")
    };
    assert_eq!(journeys(token["token"].as_str().expect("a token")).0, 200);
    let (status, problem) = journeys("wrong");
    assert_eq!(status, 401);
    let problem: serde_json::Value = serde_json::from_str(&problem).expect("problem JSON");
    assert!(problem["code"].is_string(), "{problem}");
    terminate(server).expect_code(0);
}

#[test]
fn a_worker_shows_its_health_and_counts() {
    let folder = Folder::new();
    let (worker, url) = folder.serve("worker --public-url https://caravan.example");
    for path in ["healthz", "readyz", "metrics"] {
        assert_eq!(http("GET", &format!("{url}/{path}"), &[], "").0, 200, "{path}");
    }
    assert_eq!(http("GET", &format!("{url}/api/v1/journeys"), &[], "").0, 404);
    terminate(worker).expect_code(0);
}

#[test]
fn the_demo_is_alive_from_the_start_and_keeps_moving() {
    let folder = Folder::new();
    let demo = folder.program("demo --json --data demo --listen 127.0.0.1:0").start();
    let line = demo.wait_for_line("\"password\"", crate::support::SOON);
    let told: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    let text = |key: &str| told[key].as_str().expect("a text").to_owned();
    let (url, email, password) = (text("url"), text("email"), text("password"));
    let body = format!(r#"{{"email": "{email}", "password": "{password}"}}"#);
    let json = [("Content-Type", "application/json")];
    assert_eq!(http("POST", &format!("{url}/api/v1/session"), &json, &body).0, 200);

    let token = folder.done("--data demo token create test --role administrator --json").json();
    let bearer = format!("Bearer {}", token["token"].as_str().expect("a token"));
    let (status, mail) = http("GET", &format!("{url}/api/v1/mail?limit=5"), &[("Authorization", &bearer)], "");
    let mail: serde_json::Value = serde_json::from_str(&mail).expect("JSON");
    assert_eq!((status, mail["items"].as_array().map(Vec::is_empty)), (200, Some(false)));
    let id = mail["items"][0]["id"].as_str().expect("an id");
    let (_, mail) = http("GET", &format!("{url}/api/v1/mail/{id}"), &[("Authorization", &bearer)], "");
    let mail: serde_json::Value = serde_json::from_str(&mail).expect("JSON");
    let html = mail["html"].as_str().expect("an HTML part");
    let link = html.split('"').find(|text| text.starts_with(&format!("{url}/t/u/"))).expect("a way out");
    assert_eq!(http("GET", link, &[], "").0, 200, "links in mail lead to this server");

    let status = |journey: &str| folder.done(&format!("--data demo journey status {journey} --json")).json();
    for journey in ["enterprise-nurture", "growing-companies", "small-companies-digest"] {
        let status = status(journey);
        assert_eq!(status["state"], "live");
        assert!(status["travellers"]["active"].as_i64() > Some(20), "{journey}: {}", status["travellers"]);
    }
    eventually("a visitor moved an account on", || {
        status("small-companies-digest")["nodes"]["noticed"]["reached"].as_i64() > Some(0)
    });
    for counted in [
        "caravan_steps_total",
        "caravan_transitions_total",
        "caravan_effects_queued_total",
        "caravan_effects_total{outcome=\"delivered\"}",
        "caravan_http_answers_total{method=\"POST\",status=\"200\"}",
    ] {
        eventually(&format!("{counted} counts"), || {
            let (_, counts) = http("GET", &format!("{url}/metrics"), &[], "");
            counts.lines().find_map(|line| line.strip_prefix(counted)?.trim().parse::<u64>().ok()) > Some(0)
        });
    }
    let stopped = terminate(demo).expect_code(0);
    assert!(!stopped.stderr.contains("WARN") && !stopped.stderr.contains("ERROR"), "{}", stopped.stderr);
    let refused = folder.caravan("demo --data demo --listen 127.0.0.1:0").expect_code(2);
    assert!(refused.stderr.contains("fresh store"), "{}", refused.stderr);
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = Folder::new();
    let fine = folder.done("doctor");
    assert!(fine.stdout.lines().all(|line| line.starts_with("ok") || line.starts_with("note")), "{}", fine.stdout);
    let ill = folder.caravan("doctor --database postgres://nobody@127.0.0.1:1/none").expect_code(1);
    assert!(ill.stdout.contains("BAD   store"), "{}", ill.stdout);
    folder.file("data-is-a-file", "");
    folder.caravan("doctor --data data-is-a-file").expect_code(1);
}

/// The value of a series whose line begins with this name and holds all of these labels.
fn series(counts: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let fits = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
    counts.lines().find(fits)?.rsplit(' ').next()?.parse().ok()
}

#[test]
fn metrics_tell_connections_apart_their_calls_failures_queue_and_circuit() {
    let folder = Folder::new();
    let receiver = Receiver::start("whsec_AAAA", Clock::System);
    folder.file(
        "hook.yaml",
        format!("{{kind: account_list, key: vip, type: static}}\n---\n{{kind: webhook, key: crm, url: '{}', activities: [account_list_joined]}}\n", receiver.url()),
    );
    folder.file("accounts.csv", "key,name\nacme,Acme\nbeta,Beta\ngamma,Gamma\n");
    folder.done("apply -f hook.yaml");
    folder.done("import accounts accounts.csv");
    let secret = folder.done("webhook secret crm").stdout.trim().to_owned();
    receiver.trusts(&secret);
    let token = folder.done("token create test --role administrator --json").json();
    let bearer = format!("Bearer {}", token["token"].as_str().expect("a token"));
    let (server, url) = folder.serve("serve --allow-network 127.0.0.0/8");
    let joins = |keys: &[&str]| {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = serde_json::json!({ "keys": keys }).to_string();
        let (status, said) = http("POST", &format!("{url}/api/v1/account_lists/vip/members"), &headers, &body);
        assert!(status == 200, "{status} {said}");
    };
    let eventually_is = |name: &str, more: &[&str], holds: &dyn Fn(f64) -> bool| {
        let labels = [&["connection=\"crm\"", "kind=\"webhook\""], more].concat();
        eventually(&format!("{name} {more:?}"), || {
            series(&http("GET", &format!("{url}/metrics"), &[], "").1, name, &labels).is_some_and(holds)
        });
    };
    joins(&["acme"]);
    eventually_is("caravan_call_items_total", &["outcome=\"delivered\""], &|n| n == 1.0);
    eventually_is("caravan_call_seconds_count", &[], &|n| n == 1.0);
    eventually_is("caravan_call_seconds_bucket", &["le=\"+Inf\""], &|n| n == 1.0);
    eventually_is("caravan_connection_circuit", &[], &|state| state == 0.0);
    receiver.mood(Mood::Refuses(503));
    joins(&["beta", "gamma"]);
    eventually_is("caravan_call_items_total", &["outcome=\"shut\""], &|n| n >= 1.0);
    eventually_is("caravan_connection_circuit", &[], &|state| state > 0.0);
    eventually_is("caravan_connection_waiting", &[], &|n| n == 2.0);
    receiver.mood(Mood::Takes);
    eventually_is("caravan_call_items_total", &["outcome=\"delivered\""], &|n| n == 3.0);
    eventually_is("caravan_connection_waiting", &[], &|n| n == 0.0);
    eventually_is("caravan_connection_circuit", &[], &|state| state == 0.0);
    assert_eq!((receiver.taken().len(), receiver.refused()), (3, Vec::new()));
    terminate(server).expect_code(0);
}

#[test]
fn a_private_mail_server_is_reached_when_its_range_is_opened_and_every_command_says_so() {
    let folder = Folder::new();
    // Nobody listens there: how far a call came shows in what is said.
    let port = caravan_testkit::free_port();
    folder.file(
        "mail.yaml",
        format!("{{kind: connection, key: mail, type: smtp, settings: {{host: localhost, port: {port}, security: none, from: {{name: Acme, email: a@acme.example}}}}}}\n"),
    );
    folder.done("apply -f mail.yaml");
    for command in ["connection test mail", "doctor"] {
        let refused = folder.caravan(command).expect_code(1).stdout;
        assert!(refused.contains("`localhost` leads to ") && refused.contains("--allow-mail-network"), "{refused}");
        for open in ["--allow-mail-network", "--allow-network"] {
            let reached = folder.caravan(&format!("{command} {open} 127.0.0.0/8")).expect_code(1).stdout;
            assert!(reached.contains(&format!("Nothing answers at localhost port {port}")), "{reached}");
        }
        let reached = folder.program(command).env("CARAVAN_ALLOW_MAIL_NETWORK", "10.0.0.0/8, 127.0.0.0/8").run();
        assert!(reached.stdout.contains("Nothing answers at localhost"), "{}", reached.stdout);
    }
    folder.file("caravan.toml", "allow_mail_network = ['127.0.0.0/8']\n");
    let told = folder.caravan("doctor --config caravan.toml").stdout;
    assert!(told.contains("mail servers may stand in the private ranges 127.0.0.0/8"), "{told}");
    assert!(told.contains("Nothing answers at localhost"), "{told}");
}
