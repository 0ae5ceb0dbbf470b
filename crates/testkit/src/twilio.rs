//! Twilio beside a test: a strict double in a process of its own, see `python/fake_twilio.py`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

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
    _process: Process,
}

impl Twilio {
    /// Starts one. `routes` lead public addresses to where a test listens: `https://go.acme.example=http://127.0.0.1:1234`.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(routes: &[String]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/fake_twilio.py");
        let arguments = [script.display().to_string(), "0".to_owned()].into_iter().chain(routes.iter().cloned());
        let process = Program::new(python()).args(arguments).start();
        let line = process.wait_for_line("", Duration::from_secs(20));
        let port = line.parse().unwrap_or_else(|_| panic!("Twilio's double said {line:?} instead of its port"));
        Self { port, _process: process }
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

    /// Changes the account: `{"status": "suspended"}`.
    ///
    /// # Panics
    /// When the double does not answer.
    pub fn account(&self, account: &serde_json::Value) {
        self.post("/_account", account);
    }

    fn post(&self, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Twilio's double listens");
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).expect("it is asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}
