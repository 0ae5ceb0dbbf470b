//! Programs under test: started with arguments and environment, watched line by line, killed without warning.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How to start a program. The settings of whoever runs the tests (`CARAVAN_…`) do not reach it.
#[derive(Debug)]
pub struct Program {
    command: Command,
}

impl Program {
    /// A program by its path; for ours `env!("CARGO_BIN_EXE_caravan")`.
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(path);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARAVAN_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Program { command }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The folder it runs in.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Starts it and returns while it runs.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(mut self) -> Process {
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("{:?} did not start: {error}", self.command));
        let (stdout, stderr) = (Output::default(), Output::default());
        let readers = vec![
            stdout.follow(child.stdout.take().expect("standard output is piped")),
            stderr.follow(child.stderr.take().expect("standard error is piped")),
        ];
        Process { child, stdout, stderr, readers }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started, or runs longer than five minutes.
    pub fn run(self) -> Finished {
        self.start().finish(Duration::from_secs(300))
    }

    /// Runs it to its end with this as standard input.
    ///
    /// # Panics
    /// As `run`.
    pub fn run_with_input(mut self, input: &[u8]) -> Finished {
        self.command.stdin(Stdio::piped());
        let mut process = self.start();
        let mut stdin = process.child.stdin.take().expect("standard input is piped");
        thread::scope(|scope| {
            // A program that ends before it has read everything breaks the pipe; its exit code tells the test.
            scope.spawn(move || stdin.write_all(input).ok());
            process.finish(Duration::from_secs(300))
        })
    }
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl Finished {
    /// Itself, when the program ended with this code.
    ///
    /// # Panics
    /// With all output, when it did not.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        let Finished { stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "exit code\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }

    /// Standard output read as JSON.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}):\n{}", self.stdout))
    }
}

/// A running program; killed when this value goes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until standard output has a line with this text, and returns the line; also one that came before the call.
    ///
    /// # Panics
    /// With all output, when the program ends or the time is over first.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str, limit: Duration) -> String {
        let found = self.stdout.wait_for(text, limit);
        found.unwrap_or_else(|| {
            let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
            panic!("no line with {text:?} within {limit:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
        })
    }

    /// Everything on standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Everything on standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// SIGKILL: no warning, no last words. Returns when it is gone.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// True until it has ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// With all output, when it has not ended within the limit.
    #[track_caller]
    pub fn finish(mut self, limit: Duration) -> Finished {
        let status = self.wait_for_end(limit);
        for reader in self.readers.drain(..) {
            reader.join().ok();
        }
        let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
        let Some(status) = status else {
            panic!("still running after {limit:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        };
        Finished { code: status.code(), stdout, stderr }
    }

    /// Kills it when the limit is over.
    fn wait_for_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if start.elapsed() > limit {
                self.kill();
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The lines a program has written, as they come.
#[derive(Clone, Debug, Default)]
struct Output {
    shared: Arc<(Mutex<Lines>, Condvar)>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        thread::spawn(move || {
            let mut reader = BufReader::new(from);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
                output.lock().lines.push(String::from_utf8_lossy(&line).into_owned());
                output.shared.1.notify_all();
                line.clear();
            }
            output.lock().ended = true;
            output.shared.1.notify_all();
        })
    }

    fn text(&self) -> String {
        self.lock().lines.concat()
    }

    fn wait_for(&self, text: &str, limit: Duration) -> Option<String> {
        let start = Instant::now();
        let mut lines = self.lock();
        loop {
            if let Some(line) = lines.lines.iter().find(|line| line.contains(text)) {
                return Some(line.trim_end().to_owned());
            }
            let rest = limit.checked_sub(start.elapsed()).filter(|_| !lines.ended)?;
            lines = self.shared.1.wait_timeout(lines, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A port on this machine that nobody listens on right now.
///
/// # Panics
/// When the machine has none left.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Waits until a GET of this path on 127.0.0.1 is answered with 200.
///
/// # Panics
/// With the last answer, when the time is over first.
#[track_caller]
pub fn wait_for_http(port: u16, path: &str, limit: Duration) {
    let start = Instant::now();
    loop {
        let answer = http_status(port, path).unwrap_or_else(|error| error.to_string());
        if answer.split(' ').nth(1) == Some("200") {
            return;
        }
        assert!(start.elapsed() < limit, "port {port} did not answer {path} within {limit:?}: {answer}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The first line of the answer.
fn http_status(port: u16, path: &str) -> std::io::Result<String> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Program {
        Program::new("sh").args(["-c", script])
    }

    #[test]
    fn a_run_has_its_code_and_both_outputs() {
        let finished = shell("echo out; echo err >&2; exit 3").run();
        assert_eq!((finished.code, &*finished.stdout, &*finished.stderr), (Some(3), "out\n", "err\n"));
    }

    #[test]
    fn input_reaches_the_program() {
        let finished = Program::new("cat").run_with_input(b"{\"n\": 1}").expect_code(0);
        assert_eq!(finished.json()["n"], 1);
    }

    #[test]
    fn a_line_is_seen_while_the_program_runs_and_a_kill_ends_it() {
        let mut process = shell("echo ready on 4711; exec sleep 60").start();
        assert_eq!(process.wait_for_line("ready", SOON), "ready on 4711");
        assert!(process.is_running());
        process.kill();
        assert_eq!(process.finish(SOON).code, None);
    }

    #[test]
    #[should_panic(expected = "cannot open the store")]
    fn waiting_for_a_line_of_a_program_that_failed_says_why() {
        shell("echo cannot open the store >&2; sleep 0.1").start().wait_for_line("ready", SOON);
    }

    #[test]
    fn an_answer_is_waited_for() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            for status in ["503 Service Unavailable", "200 OK"] {
                let (mut stream, _) = listener.accept().unwrap();
                // The whole request is read: closing with something unread would reset the connection under the answer.
                let lines = BufReader::new(&stream).lines().map(Result::unwrap);
                let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                assert_eq!(request[0], "GET /health HTTP/1.1");
                write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
            }
        });
        wait_for_http(port, "/health", SOON);
        server.join().unwrap();
    }
}
