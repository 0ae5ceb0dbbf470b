//! A `spamd` that trusts nobody: it takes `REPORT` alone, demands the announced length to the byte and a whole message, and
//! judges by what stands in it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpamdMood {
    /// Judges what comes.
    Judges,
    /// Hangs up as soon as it has read the message.
    HangsUp,
    /// Answers that it has no time.
    Busy,
    /// Speaks another protocol.
    IsAnother,
    /// Answers without end.
    NeverEnds,
}

/// A running `spamd`; its thread ends with the process.
pub struct Spamd {
    /// Where it listens.
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    mood: SpamdMood,
    messages: Vec<String>,
    refused: Vec<String>,
}

impl Spamd {
    /// On a port of its own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Mutex::new(Inner { mood: SpamdMood::Judges, messages: Vec::new(), refused: Vec::new() }));
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &inner));
            }
        });
        Self { address, inner }
    }

    /// How it answers from now on.
    pub fn mood(&self, mood: SpamdMood) {
        self.inner.lock().mood = mood;
    }

    /// The messages that it judged, as they came.
    pub fn messages(&self) -> Vec<String> {
        self.inner.lock().messages.clone()
    }

    /// What was wrong with questions.
    pub fn refused(&self) -> Vec<String> {
        self.inner.lock().refused.clone()
    }
}

fn answer(mut stream: TcpStream, inner: &Mutex<Inner>) {
    let asked = read(&mut stream);
    let mood = inner.lock().mood;
    let said = match (asked, mood) {
        (_, SpamdMood::IsAnother) => "220 mx.example ESMTP\r\n\r\n".to_owned(),
        (Err(why), _) => {
            inner.lock().refused.push(why);
            "SPAMD/1.0 76 Bad header line: (EX_PROTOCOL)\r\n\r\n".to_owned()
        }
        (Ok(message), SpamdMood::Judges) => {
            let said = judged(&message);
            inner.lock().messages.push(message);
            said
        }
        (Ok(_), SpamdMood::Busy) => "SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n".to_owned(),
        (Ok(_), SpamdMood::NeverEnds) => "SPAMD/1.1 0 EX_OK\r\n".to_owned() + &"x".repeat(2 * 1024 * 1024),
        (Ok(_), SpamdMood::HangsUp) => return,
    };
    // Who asked may be gone.
    _ = stream.write_all(said.as_bytes());
}

/// The message of a question; why it is none.
fn read(stream: &mut TcpStream) -> Result<String, String> {
    let mut reader = BufReader::new(stream);
    let mut line = || -> Result<String, String> {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|error| error.to_string())?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| format!("`{line}` does not end as lines do"))
    };
    let first = line()?;
    let version = first.strip_prefix("REPORT SPAMC/1.").ok_or_else(|| format!("`{first}` is no question"))?;
    version.parse::<u8>().map_err(|_| format!("`{first}` names no version"))?;
    let mut length = None;
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ").ok_or_else(|| format!("`{header}` is no header"))?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        }
    }
    let length = length.ok_or("no length")?;
    let mut message = Vec::new();
    // The asker ends its half, so that what goes beyond the length is seen.
    reader.read_to_end(&mut message).map_err(|error| error.to_string())?;
    if message.len() != length {
        return Err(format!("{length} bytes were announced and {} came", message.len()));
    }
    let message = String::from_utf8(message).map_err(|_| "the message is no text".to_owned())?;
    let head = message.split_once("\r\n\r\n").map(|(head, _)| head).ok_or("a message has a head and a body")?;
    for name in ["From: ", "Date: ", "Message-ID: "] {
        if !head.lines().any(|line| line.starts_with(name)) {
            return Err(format!("the message has no `{name}`"));
        }
    }
    Ok(message)
}

/// Its verdict: `GTUBE` as everybody's test, and two rules about the head.
fn judged(message: &str) -> String {
    let rules = [
        (
            message.contains("XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE"),
            1000.0,
            "GTUBE",
            "BODY: Generic Test for Unsolicited Bulk Email",
        ),
        (
            !message.contains("\r\nList-Unsubscribe: "),
            0.8,
            "NO_WAY_OUT",
            "Nobody gets out of it by\n                            one click",
        ),
        (message.contains("DKIM-Signature: "), -0.1, "DKIM_SIGNED", "Message has a DKIM or DK signature"),
    ];
    let spoke = || rules.iter().filter(|(speaks, ..)| *speaks);
    let score: f64 = spoke().map(|(_, points, ..)| points).sum();
    let table: String = spoke().map(|(_, points, name, text)| format!("{points:4.1} {name:<22} {text}\n")).collect();
    let report = format!(
        "Spam detection software, running on the system \"mx.example\".\n\nContent analysis details:   ({score:.1} points, 5.0 required)\n\n \
         pts rule name              description\n---- ---------------------- --------------------------------------------------\n{table}\n"
    );
    let spam = if score >= 5.0 { "True" } else { "False" };
    format!("SPAMD/1.1 0 EX_OK\r\nContent-length: {}\r\nSpam: {spam} ; {score:.1} / 5.0\r\n\r\n{report}", report.len())
}
