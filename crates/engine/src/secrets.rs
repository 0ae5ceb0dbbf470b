//! Secrets of connections, services and webhooks: kept encrypted, or named by the manifest and read where they are.
//!
//! A kept secret comes before the place that the manifest names, until it is forgotten. It is never shown again.

use std::collections::{BTreeMap, HashMap};

use caravan_catalog::Definition;
pub use caravan_connect::vault::Vault;
use caravan_connect::vault::{Sealed, VaultError};
use caravan_connect::{Secret, Secrets};
use caravan_model::document::{self, DocumentKind};
use caravan_model::{DocumentId, Finding};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::secrets::{self as rows, SecretRow};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::Live;

/// The longest secret, in bytes.
const LONGEST: usize = 16 * 1024;
/// What a name that is replaced by another secret is called while both hold.
pub(crate) const FORMER: &str = "former_";

/// The secrets that are kept, decrypted once per revision of the definitions.
#[derive(Default)]
pub struct Kept(HashMap<DocumentId, BTreeMap<String, KeptSecret>>);

struct KeptSecret {
    /// The secret, or why it cannot be read.
    value: Result<Secret, String>,
    set_at: Timestamp,
    set_by: String,
    ends_at: Option<Timestamp>,
}

/// Where a secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// Kept encrypted.
    Stored,
    /// Read from an environment variable that the manifest names.
    Environment,
    /// Read from a file that the manifest names.
    File,
}

/// What may be told of a secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct SecretState {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub help: String,
    /// Whether nothing works without it.
    pub required: bool,
    /// Where it comes from; none: it is not set.
    pub source: Option<SecretSource>,
    /// The environment variable or file that the manifest names.
    pub place: Option<String>,
    /// When it was stored.
    pub set_at: Option<Timestamp>,
    /// By whom.
    pub set_by: Option<String>,
    /// It is replaced and ends then.
    pub ends_at: Option<Timestamp>,
    /// Why it cannot be read, and what to do.
    pub problem: Option<String>,
}

impl Kept {
    /// Reads and decrypts all of them. One that cannot be read says so to whoever needs it.
    pub fn load(s: &mut dyn Session, vault: &Vault) -> Result<Self, StoreError> {
        let mut kept: HashMap<DocumentId, BTreeMap<String, KeptSecret>> = HashMap::new();
        for row in rows::all(s)? {
            let sealed = Sealed { key_id: row.key_id, text: row.sealed };
            let value = vault.open(&place_of(row.document, &row.name), &sealed).map_err(|why| why.to_string());
            let secret = KeptSecret { value, set_at: row.set_at, set_by: row.set_by, ends_at: row.ends_at };
            kept.entry(row.document).or_default().insert(row.name, secret);
        }
        Ok(Self(kept))
    }

    fn of(&self, document: DocumentId) -> impl Iterator<Item = (&String, &KeptSecret)> {
        self.0.get(&document).into_iter().flatten()
    }
}

/// What a secret is bound to.
fn place_of(document: DocumentId, name: &str) -> String {
    format!("document {}/{name}", document.0)
}

/// How a definition is called in sentences.
pub(crate) fn named(definition: &Definition) -> String {
    format!("{} `{}`", definition.kind.label().to_lowercase(), definition.key)
}

/// The secrets of a definition, ready to be used.
///
/// # Errors
/// Which one is missing, for people.
pub(crate) fn secrets_of(live: &Live, definition: &Definition, now: Timestamp) -> Result<Secrets, String> {
    let missing = |why: String| format!("The {} lacks a secret: {why}.", named(definition));
    let mut secrets = Secrets::new();
    for (name, kept) in live.secrets.of(definition.id) {
        if kept.ends_at.is_some_and(|ends| ends <= now) {
            continue;
        }
        let value = kept
            .value
            .clone()
            .map_err(|why| missing(format!("`{name}` is stored, but cannot be read. {}", why.trim_end_matches('.'))))?;
        secrets.insert(name.clone(), value);
    }
    for (name, place) in places(&definition.body).map_err(&missing)? {
        if secrets.contains_key(&name) {
            continue;
        }
        let value = read(&name, &place).map_err(&missing)?;
        secrets.insert(name, value);
    }
    Ok(secrets)
}

/// One secret of a definition, whatever is wrong with others; none where nothing says what it is.
///
/// # Errors
/// It cannot be read, for people.
pub(crate) fn one_of(
    live: &Live,
    definition: &Definition,
    name: &str,
    now: Timestamp,
) -> Result<Option<Secret>, String> {
    let holds = |kept: &KeptSecret| kept.ends_at.is_none_or(|ends| ends > now);
    let kept = live.secrets.of(definition.id).find(|(kept, secret)| kept.as_str() == name && holds(secret));
    if let Some((_, kept)) = kept {
        return kept.value.clone().map(Some);
    }
    let place = places(&definition.body)?.shift_remove(name);
    place.map(|place| read(name, &place)).transpose()
}

/// When a kept secret of a definition ends by itself.
pub(crate) fn end_of(live: &Live, definition: &Definition, name: &str) -> Option<Timestamp> {
    live.secrets.of(definition.id).find(|(kept, _)| kept.as_str() == name).and_then(|(_, kept)| kept.ends_at)
}

/// Where the manifest says that secrets are.
fn places(body: &Json) -> Result<document::Secrets, String> {
    let Some(named) = body.get("secrets") else { return Ok(document::Secrets::default()) };
    serde_json::from_value(named.clone()).map_err(|error| format!("its secrets cannot be read ({error})"))
}

fn read(name: &str, place: &document::Secret) -> Result<Secret, String> {
    let value = match place {
        document::Secret::Env(variable) => std::env::var(variable)
            .map_err(|_| format!("`{name}` is to come from the environment variable `{variable}`, which is not set")),
        document::Secret::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| format!("`{name}` is to come from the file `{path}`: {error}")),
    };
    value.map(Secret::new)
}

/// What may be told of the secrets of a definition: those that it takes, then whatever else it has.
pub(crate) fn states(live: &Live, definition: &Definition, takes: &[(&str, &str, bool)]) -> Vec<SecretState> {
    let empty = |name: &str, help: &str, required: bool| SecretState {
        name: name.to_owned(),
        help: help.to_owned(),
        required,
        source: None,
        place: None,
        set_at: None,
        set_by: None,
        ends_at: None,
        problem: None,
    };
    let mut states: Vec<SecretState> =
        takes.iter().map(|(name, help, required)| empty(name, help, *required)).collect();
    let at = |states: &mut Vec<SecretState>, name: &str| match states.iter().position(|state| state.name == name) {
        Some(at) => at,
        None => {
            states.push(empty(name, "", false));
            states.len() - 1
        }
    };
    for (name, place) in places(&definition.body).unwrap_or_default() {
        let at = at(&mut states, &name);
        states[at].problem = read(&name, &place).err().map(|why| format!("{}.", capital(&why)));
        let (source, place) = match place {
            document::Secret::Env(variable) => (SecretSource::Environment, variable),
            document::Secret::File(path) => (SecretSource::File, path),
        };
        (states[at].source, states[at].place) = (Some(source), Some(place));
    }
    for (name, kept) in live.secrets.of(definition.id) {
        let at = at(&mut states, name);
        let SecretState { help, required, .. } = states[at].clone();
        states[at] = SecretState {
            source: Some(SecretSource::Stored),
            set_at: Some(kept.set_at),
            set_by: Some(kept.set_by.clone()),
            ends_at: kept.ends_at,
            problem: kept.value.as_ref().err().cloned(),
            ..empty(name, &help, required)
        };
    }
    states
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Keeps a secret of a definition, in place of the one that it had.
///
/// # Errors
/// There is no such definition, no key to encrypt with, or the secret is empty or too long.
pub fn set(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    name: &str,
    value: String,
    actor: &str,
) -> Result<(), DefinitionError> {
    let value = Secret::new(value);
    check(name, &value)?;
    change(engine, kind, key, |s, row| {
        let now = s.now()?;
        put(s, engine.vault(), row.id, name, &value, actor, (now, None))
    })
}

/// Forgets a kept secret; the place that the manifest names holds again.
///
/// # Errors
/// There is no such definition, or it has no such secret.
pub fn forget(engine: &Engine, kind: DocumentKind, key: &str, name: &str) -> Result<(), DefinitionError> {
    change(engine, kind, key, |s, row| match rows::delete(s, row.id, name)? {
        true => Ok(()),
        false => {
            let message = format!("No secret `{name}` is stored for {} `{key}`.", kind.label().to_lowercase());
            Err(Finding::error("no_such_secret", "", message).into())
        }
    })
}

/// Keeps a secret, which may end by itself, and forgets another that it stands in for.
///
/// # Errors
/// There is no such definition, no key to encrypt with, or it is too long.
pub(crate) fn replace(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    (name, value, ends_at): (&str, &Secret, Option<Timestamp>),
    forgotten: &str,
    actor: &str,
) -> Result<(), DefinitionError> {
    check(name, value)?;
    change(engine, kind, key, |s, row| {
        let now = s.now()?;
        rows::delete(s, row.id, forgotten)?;
        put(s, engine.vault(), row.id, name, value, actor, (now, ends_at))
    })
}

/// Replaces a kept secret by another; the former one holds beside it for `overlap`.
///
/// # Errors
/// There is no such definition, or no key to encrypt with.
pub fn rotate(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    (name, value): (&str, Secret),
    overlap: SignedDuration,
    actor: &str,
) -> Result<Option<Timestamp>, DefinitionError> {
    check(name, &value)?;
    change(engine, kind, key, |s, row| {
        let now = s.now()?;
        let (vault, ends) = (engine.vault(), now + overlap);
        let former = former(s, vault, row, name)?;
        if let Some(former) = &former {
            put(s, vault, row.id, &format!("{FORMER}{name}"), former, actor, (now, Some(ends)))?;
        }
        put(s, vault, row.id, name, &value, actor, (now, None))?;
        Ok(former.map(|_| ends))
    })
}

/// The secret as it is now: kept, or where the manifest names it.
fn former(
    s: &mut dyn Session,
    vault: &Vault,
    row: &DocumentRow,
    name: &str,
) -> Result<Option<Secret>, DefinitionError> {
    if let Some(had) = rows::get(s, row.id, name)? {
        let sealed = Sealed { key_id: had.key_id, text: had.sealed };
        return vault.open(&place_of(row.id, name), &sealed).map(Some).map_err(refused);
    }
    let body: Json = serde_json::from_str(&row.body).unwrap_or_default();
    let place = places(&body).unwrap_or_default().shift_remove(name);
    Ok(place.and_then(|place| read(name, &place).ok()))
}

/// What came of encrypting everything anew.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Rekeyed {
    /// Id of the key that holds now.
    pub key: Option<String>,
    /// Secrets that were encrypted anew.
    pub secrets: usize,
    /// Secrets that no key here opens: they must be set anew.
    pub unreadable: Vec<String>,
}

/// Changes the key: makes a new one where it lies in a file, and encrypts every secret with the current one.
///
/// # Errors
/// There is no key, or no former one beside a given one.
pub fn change_key(engine: &Engine) -> Result<Rekeyed, DefinitionError> {
    let vault = engine.vault();
    vault.change_key().map_err(refused)?;
    let done = engine.store().write(|s| -> Result<Rekeyed, DefinitionError> {
        documents::begin_change(s)?;
        let mut done = Rekeyed { key: vault.current_id().map_err(refused)?, secrets: 0, unreadable: Vec::new() };
        for row in rows::all(s)? {
            let place = place_of(row.document, &row.name);
            let sealed = Sealed { key_id: row.key_id.clone(), text: row.sealed.clone() };
            match vault.open(&place, &sealed) {
                Ok(secret) => {
                    let Sealed { key_id, text } = vault.seal(&place, &secret).map_err(refused)?;
                    rows::put(s, &SecretRow { key_id, sealed: text, ..row })?;
                    done.secrets += 1;
                }
                Err(why) => done.unreadable.push(format!("{place}: {why}")),
            }
        }
        Ok(done)
    })?;
    if done.unreadable.is_empty() {
        vault.forget_former().map_err(refused)?;
    }
    engine.poke();
    Ok(done)
}

fn check(name: &str, value: &Secret) -> Result<(), DefinitionError> {
    let fits = (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        let message = format!("`{name}` is no name of a secret: lower-case letters, digits and _ make one.");
        return Err(Finding::error("bad_secret_name", "", message).into());
    }
    let length = value.reveal().len();
    if length == 0 || length > LONGEST || value.reveal().contains('\0') {
        let message = format!("A secret has 1 to {LONGEST} bytes of text; this one has {length}.");
        return Err(Finding::error("bad_secret", "/value", message).into());
    }
    Ok(())
}

/// A change of secrets is a change of definitions: every process opens its doors anew.
fn change<T>(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    work: impl Fn(&mut dyn Session, &DocumentRow) -> Result<T, DefinitionError>,
) -> Result<T, DefinitionError> {
    let done = engine.store().write(|s| {
        documents::begin_change(s)?;
        let row = documents::get(s, kind.key(), key)?;
        let row =
            row.ok_or_else(|| DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() })?;
        work(s, &row)
    })?;
    engine.poke();
    Ok(done)
}

fn put(
    s: &mut dyn Session,
    vault: &Vault,
    document: DocumentId,
    name: &str,
    value: &Secret,
    actor: &str,
    (set_at, ends_at): (Timestamp, Option<Timestamp>),
) -> Result<(), DefinitionError> {
    let Sealed { key_id, text } = vault.seal(&place_of(document, name), value).map_err(refused)?;
    let (name, set_by) = (name.to_owned(), actor.to_owned());
    rows::put(s, &SecretRow { document, name, key_id, sealed: text, set_at, set_by, ends_at })?;
    Ok(())
}

fn refused(why: VaultError) -> DefinitionError {
    let code = match why {
        VaultError::NoKey => "no_secret_key",
        VaultError::GivenByHand => "key_given_by_hand",
        VaultError::BadKey(_) | VaultError::File { .. } => "secret_key_unusable",
        VaultError::UnknownKey(_) | VaultError::Damaged => "secret_unreadable",
    };
    Finding::error(code, "", why.to_string()).into()
}
