//! A real SMTP server beside a test: aiosmtpd in a process of its own. It keeps every message and can misbehave on
//! demand.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::process::{Process, Program};

/// Where in the conversation an answer is given.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// When a recipient is named.
    Rcpt,
    /// After the message.
    Data,
}

/// How the server treats messages.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "behaviour", rename_all = "snake_case")]
pub enum Behaviour {
    /// Takes everything.
    Accept,
    /// Answers with this line, say `451 4.3.0 later` or `550 5.1.1 unknown`.
    Reply {
        /// Where in the conversation.
        stage: Stage,
        /// Code and text.
        reply: String,
    },
    /// Takes the message, then hangs up without an answer: the sender cannot know.
    DropAfterData,
    /// Answers the message after this time.
    Slow {
        /// Milliseconds.
        millis: u64,
    },
}

/// A message as the server got it.
#[derive(Clone, Debug, Deserialize)]
pub struct Received {
    /// What the server answered; nothing when it hung up.
    pub reply: Option<String>,
    /// Sender of the envelope.
    pub mail_from: String,
    /// Recipients of the envelope.
    pub rcpt_to: Vec<String>,
    /// Headers in their order, decoded.
    pub headers: Vec<(String, String)>,
    /// The plain text part, decoded.
    pub text: Option<String>,
    /// The HTML part, decoded.
    pub html: Option<String>,
    /// The whole message as it came over the wire.
    pub raw: String,
}

impl Received {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// True when the server took responsibility for it.
    pub fn was_accepted(&self) -> bool {
        self.reply.as_deref().is_some_and(|reply| reply.starts_with('2'))
    }
}

/// The server. Its messages go with it.
#[derive(Debug)]
pub struct Smtp {
    /// Where it listens on 127.0.0.1; stays the same over `stop` and `restart`.
    pub port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl Smtp {
    /// Starts a server on a free port; it accepts everything at first.
    ///
    /// # Panics
    /// When `.venv` with aiosmtpd is missing or the server does not come up.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut smtp = Smtp { port: 0, folder, process: None };
        smtp.restart();
        smtp
    }

    /// Ends the server: connections are refused from here on. Messages stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts the server again after `stop`, on the same port.
    ///
    /// # Panics
    /// As `start`.
    pub fn restart(&mut self) {
        self.stop();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/smtp_sink.py");
        let (port, messages, control) = (self.port.to_string(), self.messages_path(), self.control_path());
        let process = Program::new(python()).args([script, port.into(), messages, control]).start();
        let line = process.wait_for_line("", Duration::from_secs(20));
        self.port = line.parse().unwrap_or_else(|_| panic!("the SMTP server said {line:?} instead of its port"));
        self.process = Some(process);
    }

    /// Treats every message from here on like this.
    pub fn behave(&self, behaviour: &Behaviour) {
        self.write_control(&serde_json::json!(behaviour));
    }

    /// Treats messages to recipients whose address ends so like this, and accepts others.
    pub fn behave_to(&self, address_end: &str, behaviour: &Behaviour) {
        let mut control = serde_json::json!(behaviour);
        control["only_to"] = address_end.into();
        self.write_control(&control);
    }

    /// Every message so far, in the order of arrival, whatever it was answered.
    ///
    /// # Panics
    /// When the server wrote something else than messages.
    pub fn messages(&self) -> Vec<Received> {
        let written = fs::read_to_string(self.messages_path()).unwrap_or_default();
        // The last line may be half written while we read.
        let whole = written.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).expect("a message as JSON")).collect()
    }

    /// Waits for this many messages and returns all there are.
    ///
    /// # Panics
    /// When there are fewer at the end of the time.
    #[track_caller]
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Received> {
        let start = Instant::now();
        loop {
            let messages = self.messages();
            if messages.len() >= count {
                return messages;
            }
            assert!(start.elapsed() < limit, "{} of {count} messages within {limit:?}", messages.len());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn messages_path(&self) -> PathBuf {
        self.folder.path().join("messages.jsonl")
    }

    fn control_path(&self) -> PathBuf {
        self.folder.path().join("control.json")
    }

    /// Whole or not at all, since the server may read at any moment.
    fn write_control(&self, control: &serde_json::Value) {
        let draft = self.folder.path().join("control.new");
        fs::write(&draft, control.to_string()).expect("the control file is written");
        fs::rename(draft, self.control_path()).expect("the control file is put in place");
    }
}

/// The Python of the project's own environment.
pub(crate) fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    assert!(python.exists(), "this test needs aiosmtpd in .venv: run scripts/setup.sh test");
    python
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::transport::smtp::{Error, SmtpTransport, response::Response};
    use lettre::{Message, Transport};

    fn send(smtp: &Smtp, to: &str) -> Result<Response, Error> {
        let message = Message::builder()
            .from("Anna Müller <anna@a.example>".parse().unwrap())
            .to(to.parse().unwrap())
            .subject("Grüße")
            .body("Guten Tag, wie geht es?".to_owned())
            .unwrap();
        let limit = Some(Duration::from_secs(5));
        SmtpTransport::builder_dangerous("127.0.0.1").port(smtp.port).timeout(limit).build().send(&message)
    }

    #[test]
    fn a_message_is_kept_with_envelope_headers_and_text() {
        let smtp = Smtp::start();
        send(&smtp, "ben@b.example").unwrap();
        let messages = smtp.wait_for(1, Duration::from_secs(5));
        let [message] = messages.as_slice() else { panic!("{messages:?}") };
        assert!(message.was_accepted());
        assert_eq!(message.mail_from, "anna@a.example");
        assert_eq!(message.rcpt_to, ["ben@b.example"]);
        assert_eq!(message.header("subject"), Some("Grüße"));
        assert_eq!(message.text.as_deref().map(str::trim), Some("Guten Tag, wie geht es?"));
        assert!(message.html.is_none() && message.raw.contains("Subject: =?utf-8?"));
    }

    #[test]
    fn refusals_come_at_the_stage_and_for_the_recipients_asked_for() {
        let smtp = Smtp::start();
        smtp.behave_to("@b.example", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 unknown".into() });
        assert!(send(&smtp, "ben@b.example").unwrap_err().is_permanent());
        send(&smtp, "cleo@c.example").unwrap();
        smtp.behave(&Behaviour::Reply { stage: Stage::Data, reply: "451 4.3.0 later".into() });
        assert!(send(&smtp, "cleo@c.example").unwrap_err().is_transient());
        smtp.behave(&Behaviour::Accept);
        send(&smtp, "ben@b.example").unwrap();
        let accepted: Vec<bool> = smtp.messages().iter().map(Received::was_accepted).collect();
        assert_eq!(accepted, [true, false, true]);
    }

    #[test]
    fn a_dropped_connection_leaves_the_sender_in_doubt() {
        let smtp = Smtp::start();
        smtp.behave(&Behaviour::DropAfterData);
        let error = send(&smtp, "ben@b.example").unwrap_err();
        assert!(!error.is_permanent() && !error.is_transient(), "{error:?}");
        let messages = smtp.messages();
        assert_eq!((messages.len(), &messages[0].reply), (1, &None));
    }

    #[test]
    fn a_slow_server_answers_late() {
        let smtp = Smtp::start();
        smtp.behave(&Behaviour::Slow { millis: 300 });
        let start = Instant::now();
        send(&smtp, "ben@b.example").unwrap();
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn it_can_be_away_and_come_back() {
        let mut smtp = Smtp::start();
        send(&smtp, "ben@b.example").unwrap();
        smtp.stop();
        assert!(send(&smtp, "ben@b.example").is_err());
        smtp.restart();
        send(&smtp, "ben@b.example").unwrap();
        assert_eq!(smtp.messages().len(), 2);
    }
}
