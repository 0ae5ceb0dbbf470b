//! Twilio beside a test: a strict double in a process of its own, see `python/fake_twilio.py`.

use std::path::Path;
use std::time::Duration;

use crate::http::post_json;
use crate::process::{Process, Program};
use crate::smtp::python;

/// The double's account.
pub const ACCOUNT_SID: &str = "AC00000000000000000000000000000001";
/// Its token.
pub const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Its number.
pub const NUMBER: &str = "+15005550006";

/// A running double.
#[derive(Debug)]
pub struct Twilio {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    process: Process,
}

impl Twilio {
    /// Starts one. `routes` lead public addresses to where a test listens: `https://go.acme.example=http://127.0.0.1:1234`.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(routes: &[String]) -> Self {
        Self::start_on(0, routes)
    }

    /// The same on this port.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_on(port: u16, routes: &[String]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/fake_twilio.py");
        let arguments = [script.display().to_string(), port.to_string()].into_iter().chain(routes.iter().cloned());
        let process = Program::new(python()).args(arguments).start();
        let line = process.wait_for_line("", Duration::from_secs(20));
        let port = line.parse().unwrap_or_else(|_| panic!("Twilio's double said {line:?} instead of its port"));
        Self { port, process }
    }

    /// Makes somebody write to a sender of ours; what we answered: status and text.
    ///
    /// # Panics
    /// When the double does not answer.
    pub fn writes(&self, said: &serde_json::Value) -> (u64, String) {
        let answer = self.post("/_write", said);
        (answer["status"].as_u64().expect("a status"), answer["text"].as_str().expect("a text").to_owned())
    }

    /// Reports about a message, sent or not: `{"url", "sid", "status", "code"}`; the status of our answer.
    ///
    /// # Panics
    /// When the double does not answer.
    pub fn reports(&self, said: &serde_json::Value) -> u64 {
        self.post("/_report", said)["status"].as_u64().expect("a status")
    }

    /// The messages that it took, each a line of JSON.
    pub fn messages(&self) -> Vec<serde_json::Value> {
        self.process
            .stdout()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(serde_json::Value::is_object)
            .collect()
    }

    /// Sets the clock by which it dates messages.
    ///
    /// # Panics
    /// When the double does not answer.
    pub fn set_clock(&self, now: &str) {
        self.post("/_clock", &serde_json::json!({"now": now}));
    }

    /// Changes the account: `{"status": "suspended"}`.
    ///
    /// # Panics
    /// When the double does not answer.
    pub fn account(&self, account: &serde_json::Value) {
        self.post("/_account", account);
    }

    fn post(&self, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let host = format!("127.0.0.1:{}", self.port);
        let (_, body) = post_json(&host, path, &[], &body.to_string()).expect("Twilio's double answers");
        serde_json::from_str(&body).expect("JSON")
    }
}
