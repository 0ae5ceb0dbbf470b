//! A folder to work in, the real binary, and short ways to say what a test does with it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caravan_testkit::{Finished, Process, Program};
use tempfile::TempDir;

pub const SOON: Duration = Duration::from_secs(60);

/// A folder of its own, with the data directory `caravan-data` in it as soon as a command made it.
pub struct Folder {
    dir: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
        self
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    pub fn program(&self, line: &str) -> Program {
        caravan().args(line.split_whitespace()).dir(self.dir.path())
    }

    /// Runs `caravan` with these words.
    pub fn caravan(&self, line: &str) -> Finished {
        self.program(line).run()
    }

    /// Runs `caravan` with these words; it must end with 0.
    #[track_caller]
    pub fn done(&self, line: &str) -> Finished {
        self.caravan(line).expect_code(0)
    }

    /// Starts a server and waits until it serves; where it is.
    pub fn serve(&self, line: &str) -> (Process, String) {
        let process = self.program(&format!("{line} --json --listen 127.0.0.1:0")).start();
        let line = process.wait_for_line("\"url\"", SOON);
        let told: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        (process, told["url"].as_str().expect("an address").to_owned())
    }
}

pub fn caravan() -> Program {
    Program::new(env!("CARGO_BIN_EXE_caravan"))
}

/// SIGTERM; what was left when it ended.
pub fn terminate(process: Process) -> Finished {
    let sent = std::process::Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the signal was sent");
    process.finish(SOON)
}

/// Status and body of an answer.
pub fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("an address");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream.set_read_timeout(Some(SOON)).expect("a limit");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// Waits until something holds.
#[track_caller]
pub fn eventually(what: &str, holds: impl FnMut() -> bool) {
    eventually_within(SOON, what, holds);
}

/// The same with another patience: where other systems ask for pauses.
#[track_caller]
pub fn eventually_within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < patience, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
