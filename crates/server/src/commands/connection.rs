//! `caravan connection …`: how connections, services and webhooks are, their secrets, pausing, trying, registering.

use std::io::Read as _;

use caravan_engine::connections::{self, Health, SYSTEMS, SystemState};
use caravan_engine::secrets::{self, SecretSource};
use caravan_engine::systems::Systems;
use caravan_model::document::DocumentKind;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::wiring::ACTOR;
use crate::{report, wiring};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Show how connections, services and webhooks are, and since when
    List,
    /// Show everything about one: health, secrets that are set, who uses it
    Show(Which),
    /// Try connections, services or webhooks without a real effect; without keys all of them
    Test {
        /// Their keys
        keys: Vec<String>,
        /// What they are: connection, external_action or webhook
        #[arg(long, default_value = "connection", value_parser = kind)]
        kind: DocumentKind,
    },
    /// Let nothing leave through one; what is to leave waits
    Pause(Which),
    /// Let it go on, also one that was switched off after failing for long
    Resume(Which),
    /// Keep a secret, encrypted; its value is read from standard input
    SetSecret(WhichSecret),
    /// Forget a kept secret; the place that the manifest names holds again
    ForgetSecret(WhichSecret),
    /// Encrypt every kept secret with a new key
    ChangeKey,
    /// Read the OpenAPI documents of external actions, so that journeys can call them; without keys all of them
    Register {
        /// Keys of external actions
        keys: Vec<String>,
    },
}

/// One connection, service or webhook.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Its key
    key: String,
    /// What it is: connection, external_action or webhook
    #[arg(long, default_value = "connection", value_parser = kind)]
    kind: DocumentKind,
}

/// A secret of one of them.
#[derive(Debug, clap::Args)]
pub struct WhichSecret {
    #[command(flatten)]
    of: Which,
    /// Name of the secret
    name: String,
}

fn kind(written: &str) -> Result<DocumentKind, String> {
    let found = SYSTEMS.into_iter().find(|kind| kind.key() == written);
    found.ok_or_else(|| "write connection, external_action or webhook".to_owned())
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let engine = context.engine()?;
    match verb {
        Verb::List => return list(context, &engine),
        Verb::Show(Which { key, kind }) => {
            show(context, &connections::state(&engine, *kind, key).map_err(Failure::refused)?)?;
        }
        Verb::Pause(Which { key, kind }) => {
            connections::set_paused(&engine, *kind, key, true).map_err(Failure::refused)?;
            said(context, key, "paused; what is to leave waits")?;
        }
        Verb::Resume(Which { key, kind }) => {
            connections::set_paused(&engine, *kind, key, false).map_err(Failure::refused)?;
            said(context, key, "goes on")?;
        }
        Verb::SetSecret(WhichSecret { of, name }) => {
            let value = from_standard_input()?;
            secrets::set(&engine, of.kind, &of.key, name, value, ACTOR).map_err(Failure::refused)?;
            said(context, &of.key, &format!("`{name}` is stored, encrypted"))?;
        }
        Verb::ForgetSecret(WhichSecret { of, name }) => {
            secrets::forget(&engine, of.kind, &of.key, name).map_err(Failure::refused)?;
            said(context, &of.key, &format!("`{name}` is stored no more"))?;
        }
        Verb::ChangeKey => return change_key(context, &engine),
        Verb::Test { keys, kind } => {
            return each(context, &engine, *kind, keys, |systems, key| Ok(systems.check(*kind, key)?));
        }
        Verb::Register { keys } => {
            let register = |systems: &Systems, key: &str| Ok(Ok(format!("registered as {}", systems.register(key)?)));
            return each(context, &engine, DocumentKind::ExternalAction, keys, register);
        }
    }
    Ok(Done::All)
}

/// Does something with each of these, or with all of the kind, and says what came of it or what is wrong.
fn each(
    context: &Context,
    engine: &caravan_engine::Engine,
    kind: DocumentKind,
    keys: &[String],
    does: impl Fn(&Systems, &str) -> Result<Result<String, String>, Failure>,
) -> Outcome {
    let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let systems = Systems::new(engine, wiring::surroundings(engine, &sockets, &context.settings));
    let keys = if keys.is_empty() { systems.keys(kind.key())? } else { keys.to_vec() };
    let mut all_well = true;
    for key in keys {
        let done = does(&systems, &key)?;
        let (ok, message) = (done.is_ok(), done.unwrap_or_else(|why| why));
        all_well &= ok;
        match context.json {
            true => report::compact(&json!({"key": key, "ok": ok, "message": message}))?,
            false => report::line(format!("{}  {key:<20}{message}", if ok { "ok  " } else { "BAD " }))?,
        }
    }
    if all_well { Ok(Done::All) } else { Err(Failure::Reported) }
}

/// A secret is never an argument: arguments are seen by everybody on the machine.
fn from_standard_input() -> Result<String, Failure> {
    let mut value = String::new();
    std::io::stdin().read_to_string(&mut value).map_err(anyhow::Error::from)?;
    let bare = value.trim_end_matches(['\r', '\n']).len();
    value.truncate(bare);
    Ok(value)
}

fn said(context: &Context, key: &str, message: &str) -> Result<(), Failure> {
    match context.json {
        true => report::compact(&json!({"key": key, "message": message}))?,
        false => report::line(format!("{key}: {message}"))?,
    }
    Ok(())
}

fn list(context: &Context, engine: &caravan_engine::Engine) -> Outcome {
    let mut all = Vec::new();
    for kind in SYSTEMS {
        all.extend(connections::states(engine, kind)?);
    }
    if context.json {
        report::json(&all)?;
        return Ok(Done::All);
    }
    for state in &all {
        let SystemState { key, label, .. } = state;
        report::line(format!("{:<10}{key:<20}{label:<16}{}", word(state), sentence(state)))?;
    }
    Ok(Done::All)
}

/// How it is, in one word.
fn word(state: &SystemState) -> &'static str {
    match state.health {
        _ if state.paused => "paused",
        _ if state.disabled_at.is_some() => "disabled",
        Health::Untested => "untested",
        Health::Healthy => "healthy",
        Health::Failing => "failing",
    }
}

fn sentence(state: &SystemState) -> String {
    let since = state.since.map(|since| format!("since {since:.0}")).unwrap_or_default();
    let waiting = match state.waiting {
        0 => String::new(),
        waiting => format!(", {waiting} waiting"),
    };
    let why = match (&state.last_error, state.health) {
        (Some(error), Health::Failing) => format!(": {}", error.message),
        _ => String::new(),
    };
    format!("{since}{waiting}{why}")
}

fn show(context: &Context, state: &SystemState) -> Result<(), Failure> {
    if context.json {
        report::json(state)?;
        return Ok(());
    }
    report::line(format!("{} `{}`, {}: {} {}", state.name, state.key, state.label, word(state), sentence(state)))?;
    for secret in &state.secrets {
        let place = secret.place.as_deref().unwrap_or_default();
        let set = match (secret.source, &secret.problem) {
            (_, Some(problem)) => problem.clone(),
            (Some(SecretSource::Stored), None) => {
                let by = secret.set_by.as_deref().unwrap_or_default();
                format!("set, stored{} by {by}", secret.set_at.map(|at| format!(" {at:.0}")).unwrap_or_default())
            }
            (Some(SecretSource::Environment), None) => format!("set, from the environment variable {place}"),
            (Some(SecretSource::File), None) => format!("set, from the file {place}"),
            (None, None) if secret.required => "MISSING".to_owned(),
            (None, None) => "not set".to_owned(),
        };
        report::line(format!("  secret {:<26}{set}", secret.name))?;
    }
    for user in &state.used_by {
        report::line(format!("  used by {} `{}`", user.kind, user.key))?;
    }
    Ok(())
}

fn change_key(context: &Context, engine: &caravan_engine::Engine) -> Outcome {
    let done = secrets::change_key(engine).map_err(Failure::refused)?;
    if context.json {
        report::json(&done)?;
    } else {
        let key = done.key.as_deref().unwrap_or("none");
        report::line(format!("{} secrets are encrypted with the key {key}", done.secrets))?;
        for unreadable in &done.unreadable {
            report::line(format!("UNREADABLE  {unreadable}"))?;
        }
    }
    if done.unreadable.is_empty() { Ok(Done::All) } else { Err(Failure::Reported) }
}
