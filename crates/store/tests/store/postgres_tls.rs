//! Encrypted connections to a throw-away PostgreSQL with a certificate of its own making.

use std::path::{Path, PathBuf};
use std::process::Command;

use caravan_store::{OpenOptions, SessionExt, Store, StoreError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A server that speaks TLS, and the authority that signed its certificate.
struct Server {
    url: String,
    directory: String,
    folder: tempfile::TempDir,
}

impl Server {
    /// With a certificate for these names.
    fn with_certificate_for(names: &[&str]) -> Self {
        let started = script().arg("start").output().expect("the script runs");
        let settings = String::from_utf8(started.stdout).expect("text");
        let value = |name: &str| {
            let line = settings.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
            line.unwrap_or_else(|| panic!("{name} in {settings}{}", String::from_utf8_lossy(&started.stderr)))
                .to_owned()
        };
        let server = Self {
            url: value("CARAVAN_TEST_DATABASE_URL"),
            directory: value("CARAVAN_TEST_POSTGRES_DIR"),
            folder: tempfile::tempdir().expect("a folder"),
        };
        let authority = authority("Acme");
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).expect("names").signed_by(&key, &*authority).expect("signed");
        std::fs::write(server.authority(), authority.pem()).expect("the authority's file");
        std::fs::write(server.folder.path().join("other.pem"), self::authority("Other").pem()).expect("a file");
        // The server writes its own files: it refuses keys that others could read.
        for (file, content) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
            let lines = content.trim_end();
            let to = format!("TO PROGRAM 'umask 077; cat > {file}'");
            server.psql(&format!("COPY (SELECT regexp_split_to_table('{lines}', chr(10))) {to}"));
        }
        server.psql("ALTER SYSTEM SET ssl = on");
        server.psql("SELECT pg_reload_conf()");
        for _ in 0..100 {
            if server.psql("SHOW ssl").trim() == "on" {
                return server;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the server does not speak TLS");
    }

    fn psql(&self, sql: &str) -> String {
        let url = self.with("sslmode=disable");
        let done = Command::new("psql").args([&url, "-Atqc", sql]).output().expect("psql runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn with(&self, parameters: &str) -> String {
        format!("{}?{parameters}", self.url)
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    fn other(&self) -> PathBuf {
        self.folder.path().join("other.pem")
    }

    /// Whether a connection with these parameters is encrypted, or why there is none.
    fn encrypted(&self, parameters: &str) -> Result<bool, StoreError> {
        let store = Store::open_postgres(&self.with(parameters), OpenOptions::default())?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        store.read(|s| s.query_one(sql, &[], |r| Ok(r.bool(0))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = script().arg("stop").env("CARAVAN_TEST_POSTGRES_DIR", &self.directory).status();
        assert!(stopped.is_ok_and(|status| status.success()), "the server is stopped");
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres.sh"))
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn refused(outcome: Result<bool, StoreError>) -> String {
    match outcome {
        Err(error @ StoreError::Unreachable(_)) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn each_mode_encrypts_and_checks_what_it_says() {
    let server = Server::with_certificate_for(&["127.0.0.1"]);
    let (own, other) = (server.authority().display().to_string(), server.other().display().to_string());
    assert_eq!(server.encrypted("sslmode=disable"), Ok(false));
    for encrypted in ["sslmode=prefer", "sslmode=require", "connect_timeout=5"] {
        assert_eq!(server.encrypted(encrypted), Ok(true), "{encrypted}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(server.encrypted(&format!("sslmode={mode}&sslrootcert={own}")), Ok(true), "{mode}");
        let why = refused(server.encrypted(&format!("sslmode={mode}&sslrootcert={other}")));
        assert!(why.contains("UnknownIssuer"), "{mode}: {why}");
    }
    let why = refused(server.encrypted("sslmode=verify-full"));
    assert!(why.contains("UnknownIssuer"), "browsers' authorities do not know it: {why}");
}

#[test]
fn a_certificate_for_somebody_else_is_refused_by_verify_full_alone() {
    let server = Server::with_certificate_for(&["db.acme.example"]);
    let own = server.authority().display().to_string();
    assert_eq!(server.encrypted(&format!("sslmode=verify-ca&sslrootcert={own}")), Ok(true));
    let why = refused(server.encrypted(&format!("sslmode=verify-full&sslrootcert={own}")));
    assert!(why.contains("not valid for name"), "{why}");
}

#[test]
fn a_server_that_cannot_encrypt_is_refused_when_it_must() {
    let url = std::env::var("CARAVAN_TEST_DATABASE_URL").expect("a server without TLS; scripts/postgres.sh starts one");
    let open = |mode: &str| Store::open_postgres(&format!("{url}?sslmode={mode}"), OpenOptions::default());
    assert!(open("prefer").is_ok());
    let why = open("require").map(|_| ()).expect_err("it cannot").to_string();
    assert!(why.contains("does not support TLS"), "{why}");
}
