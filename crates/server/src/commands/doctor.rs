//! `caravan doctor`: is everything in order, and if not, what to do.

use std::time::Duration;

use caravan_connect::dns::{RecordCheck, RecordState};
use caravan_connect::outbound::Network;
use caravan_engine::Engine;
use caravan_engine::systems::Systems;
use caravan_model::Clock;
use caravan_model::document::DocumentKind;
use caravan_store::{Dialect, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Context;
use crate::config::{SecretKey, Settings};
use crate::failure::{Done, Failure, Outcome};
use crate::{report, wiring};

/// How far the machine's clock may be from the database's; beyond it, logs and the database tell different times.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at.
    check: &'static str,
    /// Whether it is in order; none: nothing wrong, but worth knowing.
    ok: Option<bool>,
    /// What was seen, and what to do.
    message: String,
}

impl Check {
    fn good(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: Some(true), message: message.into() }
    }

    fn note(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: None, message: message.into() }
    }

    fn bad(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, ok: Some(false), message: message.into() }
    }
}

pub fn run(context: &Context) -> Outcome {
    let checks = checks(&context.settings);
    if context.json {
        report::json(&checks)?;
    } else {
        for Check { check, ok, message } in &checks {
            let mark = match ok {
                Some(true) => "ok  ",
                None => "note",
                Some(false) => "BAD ",
            };
            report::line(format!("{mark}  {check:<15}{message}"))?;
        }
    }
    if checks.iter().any(|check| check.ok == Some(false)) { Err(Failure::Reported) } else { Ok(Done::All) }
}

fn checks(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![configuration(settings), public_url(settings)];
    let store = match wiring::open(&settings.place).and_then(|store| store.ping().map(|()| store)) {
        Ok(store) => store,
        Err(error) => {
            checks.push(Check::bad("store", sentence(&error)));
            return checks;
        }
    };
    checks.push(reachable(settings, &store));
    if let Err(error) = store.migrate() {
        checks.push(Check::bad("migrations", sentence(&error)));
        return checks;
    }
    checks.push(Check::good("migrations", "the tables are up to date"));
    checks.push(clock(&store));
    checks.push(runtime_lock(&store));
    checks.push(secret_key(settings));
    checks.extend(connections(settings, store));
    checks
}

fn configuration(settings: &Settings) -> Check {
    let file = match &settings.file {
        Some(file) => format!("settings from {}", file.display()),
        None => "no settings file; flags and variables hold".to_owned(),
    };
    let opened = |what: &str, ranges: &[Network]| match ranges.is_empty() {
        true => String::new(),
        false => format!("; {what} {}", ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    let every = opened("connections may reach the private ranges", &settings.allow_network);
    let mail = opened("mail servers may stand in the private ranges", &settings.allow_mail_network);
    Check::good("configuration", file + &every + &mail)
}

fn public_url(settings: &Settings) -> Check {
    match &settings.public_url {
        Some(url) if url.starts_with("https://") => Check::good("public url", url),
        Some(url) => {
            Check::note("public url", format!("{url} is not encrypted; recipients on the Internet need https"))
        }
        None => Check::note(
            "public url",
            format!(
                "not set: links in messages lead to http://{}; set --public-url before real mail leaves",
                settings.listen
            ),
        ),
    }
}

fn reachable(settings: &Settings, store: &Store) -> Check {
    let kind = match store.dialect() {
        Dialect::Sqlite => "embedded",
        Dialect::Postgres => "PostgreSQL",
    };
    match store.size_bytes() {
        Ok(bytes) => Check::good("store", format!("{kind}, {}, {:.1} MB", settings.place, bytes as f64 / 1e6)),
        Err(error) => Check::bad("store", sentence(&error)),
    }
}

fn clock(store: &Store) -> Check {
    let database: Result<Timestamp, StoreError> = store.read(|s| s.now());
    let machine = Clock::System.now();
    match database {
        Err(error) => Check::bad("clock", sentence(&error)),
        Ok(database) => {
            let apart: SignedDuration = machine.duration_since(database);
            if apart.unsigned_abs() > CLOCK_TOLERANCE {
                let by = apart.as_secs_f64();
                Check::bad(
                    "clock",
                    format!("this machine is {by:.1} s ahead of the database (negative: behind); set both by NTP"),
                )
            } else {
                Check::good("clock", format!("{machine:.0}, UTC"))
            }
        }
    }
}

fn runtime_lock(store: &Store) -> Check {
    match store.try_lock_runtime() {
        Ok(_) if store.dialect() == Dialect::Postgres => Check::good("runtime", "any number of processes may run"),
        Ok(_) => Check::note("runtime", "nobody runs journeys now; `caravan serve` does"),
        Err(StoreError::RuntimeActive(_)) => Check::good("runtime", "a Caravan runs journeys on this store"),
        Err(error) => Check::bad("runtime", sentence(&error)),
    }
}

/// Whether secrets can be kept encrypted.
fn secret_key(settings: &Settings) -> Check {
    match wiring::vault(&settings.secret_key).and_then(|vault| vault.current_id()) {
        Err(why) => Check::bad("secret key", why.to_string()),
        Ok(Some(id)) => {
            Check::good("secret key", format!("the key {id} encrypts stored secrets; keep a copy of it apart"))
        }
        Ok(None) => match &settings.secret_key {
            SecretKey::File(path) => Check::good(
                "secret key",
                format!("none yet; {} is made when the first secret is stored", path.display()),
            ),
            _ => Check::note("secret key", "none: secrets cannot be stored, only named; set CARAVAN_SECRET_KEY"),
        },
    }
}

/// Every connection is tried, without sending anything, and every sending domain looked up.
fn connections(settings: &Settings, store: Store) -> Vec<Check> {
    let engine = match wiring::vault(&settings.secret_key) {
        Ok(vault) => Engine::with_vault(store, vault),
        Err(_) => Engine::new(store),
    };
    let tried = || -> anyhow::Result<Vec<Check>> {
        let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let systems = Systems::new(&engine, wiring::surroundings(&engine, &sockets, settings));
        let mut checks = Vec::new();
        for key in systems.keys(DocumentKind::Connection.key())? {
            checks.push(match systems.check(DocumentKind::Connection, &key)? {
                Ok(said) => Check::good("connection", format!("{key}: {said}")),
                Err(why) => Check::bad("connection", format!("{key}: {why}")),
            });
        }
        for key in systems.keys(DocumentKind::SendingDomain.key())? {
            checks.push(sending_domain(&systems, &key));
        }
        Ok(checks)
    };
    tried().unwrap_or_else(|error| vec![Check::bad("connection", error.to_string())])
}

/// What stands in the DNS about a sending domain, the worst of it in a sentence.
fn sending_domain(systems: &Systems, key: &str) -> Check {
    const CHECK: &str = "sending domain";
    let checked = match systems.check_domain(key) {
        Ok(checked) => checked,
        Err(error) => return Check::bad(CHECK, format!("{key}: {error}")),
    };
    let wrong = |record: &&RecordCheck| !matches!(record.state, RecordState::Good | RecordState::Note);
    match checked.records.iter().find(wrong) {
        None => Check::good(CHECK, format!("{key}: the DNS holds what it must")),
        Some(record) => Check::bad(CHECK, format!("{key}, {}: {}", record.name, record.message)),
    }
}

fn sentence(error: &StoreError) -> String {
    error.to_string()
}
