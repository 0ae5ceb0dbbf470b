//! A DNS server beside a test, see `python/fake_dns.py`: its wire is dnspython's, its zone the test's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use crate::smtp::python;

/// The server. It answers from what it was told, and knows nothing else.
#[derive(Debug)]
pub struct Dns {
    /// Where it listens, over UDP and TCP.
    pub addr: SocketAddr,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    process: Child,
}

impl Dns {
    /// Starts one with these records (`acme.example MX 10 mx.acme.example.`).
    ///
    /// # Panics
    /// When `.venv` with dnspython is missing or it does not come up.
    pub fn start(records: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/fake_dns.py");
        let mut process = Command::new(python())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the DNS double does not start: {error}; run scripts/setup.sh test"));
        let input = process.stdin.take().expect("its input");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let port = line(&mut output);
        let port: u16 = port.parse().unwrap_or_else(|_| panic!("the DNS double said {port:?} instead of its port"));
        let dns = Self { addr: ([127, 0, 0, 1], port).into(), talk: Mutex::new((input, output)), process };
        records.iter().for_each(|record| dns.tell(record));
        dns
    }

    /// Takes all records away and puts these in their place.
    pub fn holds(&self, records: &[&str]) {
        self.tell("clear");
        records.iter().for_each(|record| self.tell(record));
    }

    /// Says nothing any more.
    pub fn falls_silent(&self) {
        self.tell("silent");
    }

    fn tell(&self, what: &str) {
        let mut talk = self.talk.lock().expect("nobody broke while talking");
        writeln!(talk.0, "{what}").expect("it listens");
        talk.0.flush().expect("it listens");
        assert_eq!(line(&mut talk.1), "ok", "{what}");
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("it answers");
    line.trim().to_owned()
}

impl Drop for Dns {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
