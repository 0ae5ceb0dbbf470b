//! A real IMAP server (pymap) for tests, with one mailbox into which they put messages.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::free_port;
use crate::smtp::python;

/// User of the mailbox.
pub const USER: &str = "reports";
/// Their password.
pub const PASSWORD: &str = "let me in";

/// The server. Its mailbox goes with it.
#[derive(Debug)]
pub struct Imap {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    server: Child,
}

impl Imap {
    /// Starts a server without encryption, its mailbox empty.
    ///
    /// # Panics
    /// When `.venv` with pymap is missing or the server does not come up.
    pub fn start() -> Self {
        Self::with(&["--no-tls"])
    }

    /// Starts a server that wants STARTTLS before anybody signs in.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn encrypted(certificate: &Path, key: &Path) -> Self {
        Self::with(&["--cert", &certificate.to_string_lossy(), "--key", &key.to_string_lossy()])
    }

    fn with(options: &[&str]) -> Self {
        let port = free_port();
        let server = Command::new(python())
            .args(["-c", "import sys; from pymap.main import main; sys.exit(main())"])
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(options)
            .args(["dict", "--demo-user", USER, "--demo-password", PASSWORD])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("pymap does not start: {error}; run scripts/setup.sh test"));
        let imap = Self { port, server };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "pymap does not come up; run scripts/setup.sh test");
            std::thread::sleep(Duration::from_millis(20));
        }
        imap
    }

    /// Puts a message into the mailbox of a server without encryption.
    ///
    /// # Panics
    /// When the server does not take it.
    pub fn append(&self, raw: &str) {
        self.run("assert m.append('INBOX', '', '', sys.stdin.buffer.read())[0] == 'OK'", raw);
    }

    /// How many messages lie in the mailbox, and how many of them are unread.
    ///
    /// # Panics
    /// When the server does not say.
    pub fn counts(&self) -> (usize, usize) {
        let said = self
            .run("print(len(m.search(None, 'ALL')[1][0].split()), len(m.search(None, 'UNSEEN')[1][0].split()))", "");
        let mut numbers = said.split_whitespace().map(|number| number.parse().expect("a number"));
        (numbers.next().expect("all"), numbers.next().expect("unread"))
    }

    fn run(&self, what: &str, input: &str) -> String {
        let script = format!(
            "import imaplib, sys\nm = imaplib.IMAP4('127.0.0.1', {})\nm.login('{USER}', '{PASSWORD}')\nm.select('INBOX')\n{what}\nm.logout()",
            self.port
        );
        let mut python = Command::new(python())
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        python.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
        let done = python.wait_with_output().expect("it ends");
        assert!(done.status.success(), "the IMAP server did not do it");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for Imap {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
