//! One store and the real binary over it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caravan_store::{OpenOptions, SessionExt, Store, StoreError};
use caravan_testkit::{Finished, Program, ScratchDatabase, free_port, scratch_database};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::walk::figures::Figures;

/// Which database.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Embedded,
    Postgres,
}

/// A fresh store, a folder for files, and where links of its messages lead. When a test fails, the folder (with the
/// embedded store in it) stays, and its path is printed.
pub struct Place {
    database: Option<ScratchDatabase>,
    folder: Option<TempDir>,
    /// Where `serve` listens.
    pub port: u16,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = self.folder.take().map(TempDir::keep);
            eprintln!("files and embedded store are kept in {}", kept.unwrap_or_default().display());
        }
    }
}

impl Place {
    pub fn new(kind: Kind) -> Self {
        let database = match kind {
            Kind::Embedded => None,
            Kind::Postgres => Some(scratch_database()),
        };
        Place { database, folder: Some(TempDir::new().expect("a temporary folder")), port: free_port() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.as_ref().expect("the folder lives as long as the place").path().join(name)
    }

    /// Writes a file and says where it is.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("the file is written");
        path
    }

    /// The binary with the options of this store.
    pub fn caravan(&self, args: &[&str]) -> Program {
        let program = Program::new(env!("CARGO_BIN_EXE_caravan")).args(args);
        let program = match &self.database {
            None => program.args(["--data".as_ref(), self.path("store").as_os_str()]),
            Some(database) => program.args(["--database", &database.url]),
        };
        program.args(["--public-url", &format!("http://127.0.0.1:{}", self.port), "--allow-network", "127.0.0.0/8"])
    }

    /// A command that does all it is asked for.
    #[track_caller]
    pub fn does(&self, args: &[&str]) -> Finished {
        let finished = self.caravan(args).run();
        assert_eq!(finished.code, Some(0), "caravan {args:?}\n{}\n{}", finished.stdout, finished.stderr);
        finished
    }

    /// Imports a file without a reject; the report.
    #[track_caller]
    pub fn imports(&self, what: &str, file: &Path, more: &[&str]) -> Json {
        let mut args = vec!["import", what, text(file), "--json"];
        args.extend(more);
        let report = self.does(&args).json();
        assert_eq!(report["rejected"], 0, "{report:#}");
        report
    }

    /// Runs until nothing is due now.
    #[track_caller]
    pub fn runs(&self) -> Json {
        let report = self.does(&["run", "--until-idle", "--timeout", "120s", "--json"]).json();
        assert_eq!(report["idle"], true, "{report:#}");
        report
    }

    /// The figures of a journey, which must close.
    #[track_caller]
    pub fn figures(&self, journey: &str) -> Figures {
        let status = self.does(&["journey", "status", journey, "--json"]).json();
        let status = if status.is_array() { &status[0] } else { &status };
        assert_eq!(status["problems"], 0, "{journey}: {status:#}");
        let figures = Figures::read(status);
        assert_eq!(figures.leaks(), Vec::<String>::new(), "{journey}: {status:#}");
        figures
    }

    /// The store, opened beside whatever runs on it.
    pub fn store(&self) -> Store {
        let opened = match &self.database {
            None => Store::open_sqlite(self.path("store"), OpenOptions::default()),
            Some(database) => Store::open_postgres(&database.url, OpenOptions::default()),
        };
        opened.expect("the store opens")
    }

    /// Rows of texts and numbers: `SELECT text, number …`.
    pub fn pairs(&self, sql: &str) -> Vec<(String, i64)> {
        let read = |s: &mut dyn caravan_store::Session| -> Result<_, StoreError> {
            s.query_map(sql, &[], |row| Ok((row.text(0).to_owned(), row.int(1))))
        };
        self.store().read(read).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

/// An answer's status and headers, the names in small letters.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// One request by hand, as a mail program makes it; `url` leads to this machine.
pub fn request(method: &str, url: &str, more: &[&str], body: &str) -> Answer {
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
    let mut stream = TcpStream::connect(host).unwrap_or_else(|error| panic!("{url}: {error}"));
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let more: String = more.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
    )
    .expect("the request is sent");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("an answer"));
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.by_ref().take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned())));
    let headers = headers.collect();
    Answer { status, headers, body: lines.collect::<Vec<_>>().join("\n") }
}
